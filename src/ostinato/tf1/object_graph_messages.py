"""The message that says which objects a checkpoint of `tf.train.Checkpoint` is of."""

from __future__ import annotations

from typing import ClassVar

from .messages import Message


class TrackableObjectGraph(Message):
    """Objects, with what each holds and which values it has in the checkpoint."""

    class TrackableObject(Message):
        """One object."""

        class ObjectReference(Message):
            """What an object holds under a name."""

            _fields: ClassVar[dict[str, str]] = {"node_id": "1 int32", "local_name": "2 string"}

        class SerializedTensor(Message):
            """A value of an object, and where it is."""

            _fields: ClassVar[dict[str, str]] = {
                "name": "1 string",
                "full_name": "2 string",
                "checkpoint_key": "3 string",
                "optional_restore": "4 bool",
            }

        class SlotVariableReference(Message):
            """What an optimizer keeps for a variable."""

            _fields: ClassVar[dict[str, str]] = {
                "original_variable_node_id": "1 int32",
                "slot_name": "2 string",
                "slot_variable_node_id": "3 int32",
            }

        _fields: ClassVar[dict[str, str]] = {
            "children": "1 repeated ObjectReference",
            "attributes": "2 repeated SerializedTensor",
            "slot_variables": "3 repeated SlotVariableReference",
        }

    _fields: ClassVar[dict[str, str]] = {"nodes": "1 repeated TrackableObject"}
