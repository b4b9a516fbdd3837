"""Checkpoints of objects rather than of names (TF1 symbol: `tf.train.Checkpoint`).

>>> import tempfile
>>> import ostinato.tf1 as tf
>>> with tf.Graph().as_default(), tf.Session() as session, tempfile.TemporaryDirectory() as folder:
...     weights = tf.get_variable("w", initializer=[1.0, 2.0])
...     checkpoint = tf.train.Checkpoint(model=weights)
...     session.run(weights.initializer)
...     path = checkpoint.save(f"{folder}/ckpt")
...     _ = session.run(weights.assign([0.0, 0.0]))
...     checkpoint.restore(path).assert_consumed().run_restore_ops()
...     print(session.run(weights))
[1. 2.]
"""

from __future__ import annotations

import os
from typing import Any

from . import errors
from .checkpoint_management import update_checkpoint_state
from .checkpoint_reader import NewCheckpointReader
from .dtypes import int64
from .object_dependencies import GRAPH_KEY, ObjectGraph, Trackable, is_trackable
from .object_graph_messages import TrackableObjectGraph
from .object_restoring import CheckpointLoadStatus, InitializationOnlyStatus, NameBasedSaverStatus, session_of
from .ops.control import no_op
from .ops.core import constant
from .ops.state import assign_add
from .saveable import SaveableObject, SaveSpec
from .saver import Saver
from .variables import Variable


class _GraphText(SaveableObject):
    """The text that says which objects there are; nothing is restored from it."""

    def __init__(self, text: bytes) -> None:
        tensor = constant(text)
        super().__init__(tensor.op, [SaveSpec(tensor, "", GRAPH_KEY)], GRAPH_KEY)

    def restore(self, restored_tensors: Any, restored_shapes: Any) -> Any:
        return no_op()


class Checkpoint(Trackable):
    """Saves and restores objects: variables, layers, models, optimizers, and what they hold.

    TF1 symbol: `tf.train.Checkpoint`. A value goes by its path from here: `Checkpoint(model=model)` calls the
    kernel of the model's layer `encoder` "model/encoder/kernel". The files are TensorFlow's.

    Raises:
        ValueError: something that holds no variables.
    """

    def __init__(self, **kwargs: Any) -> None:
        for name, value in sorted(kwargs.items()):
            if not is_trackable(value):
                raise ValueError(
                    "`Checkpoint` was expecting a trackable object (an object derived from `TrackableBase`), "
                    f"got {value}. If you believe this object should be trackable (i.e. it is part of the "
                    "TensorFlow Python API and manages state), give the variables that it has."
                )
            setattr(self, name, value)
        self._save_counter: Variable | None = None
        self._counted: Any = None
        self._saver: tuple[bytes, Saver] | None = None

    def _checkpoint_dependencies(self) -> dict[str, Any]:
        found = super()._checkpoint_dependencies()
        counter = found.pop("_save_counter", None)
        return found if counter is None else {**found, "save_counter": counter}

    @property
    def save_counter(self) -> Variable:
        """How many times was saved: a variable."""
        if self._save_counter is None:
            self._save_counter = Variable(0, trainable=False, name="save_counter", dtype=int64)
        return self._save_counter

    def write(self, file_prefix: str, session: Any = None) -> str:
        """Save under just this prefix, and tell no file `checkpoint` of it."""
        session = session_of(session)
        with session.graph.as_default():
            graph = ObjectGraph(self)
            text = graph.message.SerializeToString()
            if self._saver is None or self._saver[0] != text:
                saver = Saver([*graph.saveables(), _GraphText(text)], max_to_keep=None)
                self._saver = text, saver
        path = os.fsdecode(file_prefix)
        return self._saver[1].save(session, path, write_meta_graph=False, write_state=False) or path

    def save(self, file_prefix: str, session: Any = None) -> str:
        """Save under the prefix and the next number, which the file `checkpoint` beside it then names.

        Args:
            file_prefix: such as "run/ckpt".
            session: None is the default one.

        Returns:
            The path of the checkpoint, for `restore`.

        Raises:
            tf.errors.FailedPreconditionError: a variable is not initialised.
        """
        session = session_of(session)
        prefix = os.fsdecode(file_prefix)
        with session.graph.as_default():
            if self._save_counter is None:
                session.run(self.save_counter.initializer)
            if self._counted is None:
                self._counted = assign_add(self.save_counter, 1)
        path = self.write(f"{prefix}-{int(session.run(self._counted))}", session)
        update_checkpoint_state(os.path.dirname(prefix), path, [path], save_relative_paths=True)
        return path

    def restore(self, save_path: str | None) -> Any:
        """What restores the objects of a checkpoint: its `run_restore_ops()` or `initialize_or_restore()`
        does, for all objects that there are by then.

        Args:
            save_path: what `save` or `tf.train.latest_checkpoint` returned; None: `initialize_or_restore`
                initialises. A checkpoint of a Saver is restored by the variables' names.

        Raises:
            tf.errors.NotFoundError: there is no such checkpoint.
            tf.errors.DataLossError: it is damaged.
        """
        status: Any
        if save_path is None:
            status = InitializationOnlyStatus(self)
        else:
            path = os.fsdecode(save_path)
            reader = NewCheckpointReader(path)
            if reader.has_tensor(GRAPH_KEY):
                status = CheckpointLoadStatus(self, path, _message(path, reader.get_tensor(GRAPH_KEY)))
            else:
                status = NameBasedSaverStatus(self, path, reader)
        assert self.save_counter is not None  # it is there to be restored
        return status


def _message(path: str, text: Any) -> TrackableObjectGraph:
    found = TrackableObjectGraph()
    try:
        found.ParseFromString(text)
    except Exception as problem:
        raise errors.DataLossError(None, None, f"{path}: {GRAPH_KEY} is damaged: {problem}") from problem
    count = len(found.nodes)
    for node in found.nodes:
        numbers = [child.node_id for child in node.children]
        for slot in node.slot_variables:
            numbers += [slot.original_variable_node_id, slot.slot_variable_node_id]
        if not all(0 <= number < count for number in numbers):
            raise errors.DataLossError(None, None, f"{path}: {GRAPH_KEY} names an object that it has not")
    if not count:
        raise errors.DataLossError(None, None, f"{path}: {GRAPH_KEY} has no objects")
    return found
