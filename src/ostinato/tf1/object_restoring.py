"""How the objects of `tf.train.Checkpoint` get their values back. Nothing is restored before a session is to
do it, so that what the objects hold by then is found, whenever it was made.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from .keras.session import get_session
from .object_dependencies import ObjectGraph, children_of, values_of
from .object_graph_messages import TrackableObjectGraph
from .optimizer import Optimizer
from .saveable import saveables_of
from .saver import Saver
from .session import get_default_session
from .variables import Variable

_NONE = "No checkpoint specified (save_path=None); nothing is being restored."


def session_of(session: Any) -> Any:
    """The session that is meant: the default one, or Keras'."""
    return session or get_default_session() or get_session()


def _initialized(session: Any, objects: list[Any]) -> None:
    session.run([item.initializer for item in objects if getattr(item, "initializer", None) is not None])


class _Matched:
    """The objects of a checkpoint that are there: `objects` by number, and what of them has a value."""

    def __init__(self, root: Any, message: TrackableObjectGraph) -> None:
        self.objects: dict[int, Any] = {0: root}
        self.names = {0: "(root)"}
        self._message = message
        waiting = deque([0])
        while waiting:
            number = waiting.popleft()
            held = children_of(self.objects[number])
            for child in message.nodes[number].children:
                path = child.local_name if not number else f"{self.names[number]}.{child.local_name}"
                self.names.setdefault(child.node_id, path)
                if child.local_name in held and child.node_id not in self.objects:
                    self.objects[child.node_id] = held[child.local_name]
                    waiting.append(child.node_id)
        self.slots_missing: list[str] = []
        for number, item in list(self.objects.items()):
            for slot in message.nodes[number].slot_variables:
                self._match_slot(number, item, slot)
        self._find_values()

    def _match_slot(self, number: int, optimizer: Any, slot: Any) -> None:
        name = f"{self.names[number]}'s {slot.slot_name}"
        self.names.setdefault(slot.slot_variable_node_id, name)
        variable = self.objects.get(slot.original_variable_node_id)
        if not isinstance(optimizer, Optimizer) or not isinstance(variable, Variable):
            return
        found = optimizer.get_slot(variable, slot.slot_name)
        if found is None:
            self.slots_missing.append(f"{name} of {variable.name}")
        else:
            self.objects.setdefault(slot.slot_variable_node_id, found)

    def _find_values(self) -> None:
        self.keys: dict[str, Any] = {}
        self.unused: list[str] = []
        for number, item in self.objects.items():
            values = values_of(item)
            for attribute in self._message.nodes[number].attributes:
                if attribute.name in values:
                    self.keys[attribute.checkpoint_key] = values[attribute.name][1]
                elif not attribute.optional_restore:
                    self.unused.append(f"{self.names[number]} ({item}): {attribute.name}")

    def unresolved(self) -> int | None:
        """The first object of the checkpoint that has a value, or holds one, and is not there."""
        for number, node in enumerate(self._message.nodes):
            if number not in self.objects and self._matters(node, set()):
                return number
        return None

    def _matters(self, node: Any, seen: set[int]) -> bool:
        if node.attributes or node.slot_variables:
            return True
        for child in node.children:
            if child.node_id not in seen:
                seen.add(child.node_id)
                if self._matters(self._message.nodes[child.node_id], seen):
                    return True
        return False


class CheckpointLoadStatus:
    """Restores what a checkpoint has of objects, and says whether that is all."""

    def __init__(self, root: Any, path: str, message: TrackableObjectGraph) -> None:
        self._root, self._path, self._message = root, path, message
        self._saver: tuple[Any, Saver] | None = None

    def _matched(self) -> _Matched:
        return _Matched(self._root, self._message)

    def _missing(self, matched: _Matched) -> list[Any]:
        """The objects here that have a value and are not in the checkpoint."""
        there = {id(item) for item in matched.objects.values()}
        return [item for item in ObjectGraph(self._root).objects if id(item) not in there]

    def assert_consumed(self) -> CheckpointLoadStatus:
        """Assert that each object of the checkpoint is here, and each that is here is in the checkpoint.

        Raises:
            AssertionError: it is not so.
        """
        self.assert_existing_objects_matched()
        matched = self._matched()
        number = matched.unresolved()
        if number is not None:
            name = matched.names.get(number, f"number {number}")
            raise AssertionError(f"Unresolved object in checkpoint {name}: {self._message.nodes[number]}")
        if matched.slots_missing:
            raise AssertionError(f"Unresolved slot restorations: {matched.slots_missing}")
        if matched.unused:
            raise AssertionError(
                "Unused attributes in these objects (the attributes exist in the checkpoint but were not "
                "restored):\n" + "\n".join(matched.unused)
            )
        return self

    def assert_existing_objects_matched(self) -> CheckpointLoadStatus:
        """Assert that each object that is here is in the checkpoint.

        Raises:
            AssertionError: it is not so.
        """
        missing = [item for item in self._missing(self._matched()) if values_of(item)]
        if missing:
            raise AssertionError(
                "Some Python objects were not bound to checkpointed values, likely due to changes in the "
                f"Python program: {missing}"
            )
        return self

    def assert_nontrivial_match(self) -> CheckpointLoadStatus:
        """Assert that an object beside the outermost is in the checkpoint.

        Raises:
            AssertionError: none is.
        """
        matched = self._matched()
        if len(matched.objects) <= 1:
            missing = self._missing(matched)
            if not missing:
                raise AssertionError(f"Nothing to load. No dependencies have been added to {self._root} yet.")
            raise AssertionError(
                "Nothing except the root object matched a checkpointed value. Typically this means that the "
                "checkpoint does not match the Python program. The following objects have no matching "
                f"checkpointed value: {missing}"
            )
        return self

    def run_restore_ops(self, session: Any = None) -> None:
        """Restore what the checkpoint has of the objects.

        Raises:
            tf.errors.InvalidArgumentError: a variable has another shape or type there.
        """
        session = session_of(session)
        with session.graph.as_default():
            matched = self._matched()
            if not matched.keys:
                return
            which = {key: make.args[0] for key, make in matched.keys.items()}
            if self._saver is None or self._saver[0] != which:
                saver = Saver([make(key) for key, make in matched.keys.items()], max_to_keep=None)
                self._saver = which, saver
        names = self._saver[1].saver_def
        session.run(names.restore_op_name, {names.filename_tensor_name: self._path})

    def initialize_or_restore(self, session: Any = None) -> None:
        """Restore what the checkpoint has of the objects, and initialise the rest."""
        session = session_of(session)
        self.run_restore_ops(session)
        with session.graph.as_default():
            _initialized(session, self._missing(self._matched()))

    def expect_partial(self) -> CheckpointLoadStatus:
        """Itself: nothing is warned of."""
        return self


class InitializationOnlyStatus:
    """Where there is no checkpoint: `initialize_or_restore` initialises."""

    def __init__(self, root: Any) -> None:
        self._root = root

    def _fail(self) -> Any:
        raise AssertionError(_NONE)

    assert_consumed = assert_existing_objects_matched = assert_nontrivial_match = _fail

    def run_restore_ops(self, session: Any = None) -> None:
        raise AssertionError(
            "No checkpoint specified, so no restore ops are available (save_path=None to Saver.restore)."
        )

    def initialize_or_restore(self, session: Any = None) -> None:
        session = session_of(session)
        with session.graph.as_default():
            _initialized(session, ObjectGraph(self._root).objects)

    def expect_partial(self) -> InitializationOnlyStatus:
        return self


class NameBasedSaverStatus:
    """Restores a checkpoint of a Saver: variables by their names."""

    def __init__(self, root: Any, path: str, reader: Any) -> None:
        self._root, self._path, self._reader = root, path, reader

    def _variables(self) -> list[Any]:
        counter = getattr(self._root, "_save_counter", None)  # a Saver's checkpoint has none
        objects = [item for item in ObjectGraph(self._root).objects if isinstance(item, Variable)]
        return [item for item in objects if item is not counter or self._reader.has_tensor(item.op.name)]

    def assert_consumed(self) -> NameBasedSaverStatus:
        """Assert that each variable is in the checkpoint.

        Raises:
            AssertionError: one is not.
        """
        for saveable in saveables_of(self._variables()):
            if not self._reader.has_tensor(saveable.name):
                raise AssertionError(f"Object not restored: {saveable.name}")
        return self

    assert_existing_objects_matched = assert_nontrivial_match = assert_consumed

    def run_restore_ops(self, session: Any = None) -> None:
        """Restore the variables.

        Raises:
            tf.errors.NotFoundError: one is not in the checkpoint.
        """
        session = session_of(session)
        with session.graph.as_default():
            found = self._variables()
            Saver(found, max_to_keep=None).restore(session, self._path)
            _initialized(session, [item for item in ObjectGraph(self._root).objects if item not in found])

    initialize_or_restore = run_restore_ops

    def expect_partial(self) -> NameBasedSaverStatus:
        return self
