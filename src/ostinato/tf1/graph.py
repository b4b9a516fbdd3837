"""The deferred graph: nodes with unique names, scopes, collections, and the stack of default graphs.

What a graph must give: names as TensorFlow 1 gives them (they are how scripts feed, fetch and save), nodes
made of plain values so that a graph can be written down, and no evaluation of anything while it is built.
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from . import registry
from .device_spec import DeviceSpec
from .devices import combined, parsed
from .errors import InaccessibleTensorError
from .graph_elements import Elements
from .node_counts import more_than
from .tensor import Operation, Tensor

_OPERATION_NAME = re.compile(r"^[A-Za-z0-9.][A-Za-z0-9_.\-/]*$")
_SCOPE_NAME = re.compile(r"^[A-Za-z0-9_.\-/]*$")


class GraphKeys:
    """Names of the standard collections (TF1 symbol: `tf.GraphKeys`)."""

    GLOBAL_VARIABLES = "variables"
    LOCAL_VARIABLES = "local_variables"
    METRIC_VARIABLES = "metric_variables"
    TRAINABLE_VARIABLES = "trainable_variables"
    MODEL_VARIABLES = "model_variables"
    REGULARIZATION_LOSSES = "regularization_losses"
    LOSSES = "losses"
    UPDATE_OPS = "update_ops"
    SUMMARIES = "summaries"
    GLOBAL_STEP = "global_step"
    SAVERS = "savers"
    SAVEABLE_OBJECTS = "saveable_objects"
    TRAIN_OP = "train_op"
    INIT_OP = "init_op"
    WEIGHTS = "weights"
    BIASES = "biases"
    ACTIVATIONS = "activations"
    MOVING_AVERAGE_VARIABLES = "moving_average_variables"
    CONCATENATED_VARIABLES = "concatenated_variables"
    QUEUE_RUNNERS = "queue_runners"
    TABLE_INITIALIZERS = "table_initializer"
    ASSET_FILEPATHS = "asset_filepaths"
    RESOURCES = "resources"
    LOCAL_RESOURCES = "local_resources"
    TRAINABLE_RESOURCE_VARIABLES = "trainable_resource_variables"
    LOCAL_INIT_OP = "local_init_op"
    READY_OP = "ready_op"
    READY_FOR_LOCAL_INIT_OP = "ready_for_local_init_op"
    SUMMARY_OP = "summary_op"
    EVAL_STEP = "eval_step"
    COND_CONTEXT = "cond_context"
    WHILE_CONTEXT = "while_context"
    VARIABLES = "variables"  # the older name of GLOBAL_VARIABLES


class _Scopes(threading.local):
    """What a thread's `with` blocks have put in force for the nodes that it makes."""

    def __init__(self) -> None:
        self.name = ""
        self.control: tuple[Operation, ...] = ()
        self.devices: tuple[Any, ...] = ()  # names, functions of a node, None


class Graph(Elements):
    """A deferred graph (TF1 symbol: `tf.Graph`).

    >>> graph = Graph()
    >>> with graph.as_default(), graph.name_scope("a"), graph.name_scope("b") as scope:
    ...     scope
    'a/b/'
    """

    outer: Graph | None = None  # the graph around a loop's body; only a BodyGraph has one

    def __init__(self) -> None:
        super().__init__()
        self._names_in_use: dict[str, int] = {}
        self._scopes = _Scopes()
        self._collections: dict[Any, list[Any]] = {}
        self._finalized = False
        self.seed: int | None = None
        self.parts: list[Graph] = []  # bodies that are traced, whose nodes are this graph's in TensorFlow
        self.skipped = 0  # nodes that TensorFlow would have made beside these: node_counts.py
        self.entered: set[Any] | None = None  # by the loop that a cell is described in
        self.overrides: dict[str, str] = {}  # gradients' names by types of operations; custom_gradient.py
        self.lock = threading.RLock()  # held while nodes, names and plans are added
        self.plans: dict[Any, Any] = {}  # the plans of past runs; see plan.py

    # -- nodes
    def next_identifier(self) -> int:
        return len(self._operations)

    def nodes_of_tensorflow(self) -> int:
        """How many nodes TensorFlow's graph would have, as far as that is known."""
        return self.own_nodes()

    def own_nodes(self) -> int:
        """The same without those of the graph around."""
        return len(self._operations) + self.skipped + sum(part.own_nodes() for part in self.parts)

    def skip(self, count: int) -> None:
        """Count nodes that TensorFlow makes and this graph does not: a random operation without a seed of its
        own is seeded with the count, so that it decides a model's initial weights.
        """
        with self.lock:
            self.skipped += count

    def create_operation(
        self, op_type: str, inputs: Sequence[Tensor], attributes: dict[str, Any], name: str | None = None
    ) -> Operation:
        """Add a node. A name that ends in '/' is taken as it is, for a node named after the scope that it
        opened.
        """
        if self._finalized:
            raise RuntimeError("Graph is finalized and cannot be modified.")
        inputs = [self.own(tensor) for tensor in inputs]
        name = name or op_type
        with self.lock:
            if name.endswith("/"):
                name = name[:-1]
            else:
                if not _OPERATION_NAME.match(name):
                    raise ValueError(f"'{name}' is not a valid node name")
                name = self.unique_name(name)
            if op_type in self.overrides:
                return self._overridden(op_type, inputs, attributes, name)
            output_types = registry.infer(op_type, inputs, attributes, name)
            scopes = self._scopes
            operation = Operation(
                self, op_type, name, inputs, list(scopes.control), attributes, "", output_types
            )
            if scopes.devices:
                operation.device = combined(scopes.devices, operation)
            self._operations.append(operation)
            self._by_name[name] = operation
            self.skipped += more_than(operation)
        return operation

    def _overridden(
        self, op_type: str, inputs: Sequence[Tensor], attributes: dict[str, Any], name: str
    ) -> Operation:
        from .custom_gradient import overridden  # which makes nodes itself

        before, self.overrides = self.overrides, {}
        try:
            plain = self.create_operation(op_type, inputs, attributes, f"{name}/plain/")
            return overridden(self, plain, before[op_type], f"{name}/")
        finally:
            self.overrides = before

    def own(self, tensor: Tensor) -> Tensor:
        if tensor.op.graph is not self:
            if tensor.op.graph.outermost is self:
                raise InaccessibleTensorError(
                    f"Cannot use '{tensor.op.name}' as input to an operation outside because "
                    f"'{tensor.op.name}' is in a loop's body, a branch or a cell's step: it has a value for "
                    "each time that runs. Make it an output of what it is in."
                )
            raise ValueError(
                f"{tensor} must be from the same graph as the operation that uses it; it belongs to "
                "another tf.Graph."
            )
        return tensor

    # -- names
    def unique_name(self, name: str, mark_as_used: bool = True) -> str:
        """`name` under the current scope, with `_1`, `_2`, ... where it is taken. Names differ by more than
        case.
        """
        if self._scopes.name:
            name = f"{self._scopes.name}/{name}"
        key = name.lower()
        with self.lock:
            count = self._names_in_use.get(key, 0)
            if mark_as_used:
                self._names_in_use[key] = count + 1
            if count == 0:
                return name
            while f"{key}_{count}" in self._names_in_use:
                count += 1
            if mark_as_used:
                self._names_in_use[f"{key}_{count}"] = 1
        return f"{name}_{count}"

    def unique_name_taken(self, name: str) -> None:
        """A whole name is in use, and so are the scopes that it is in: new ones get other names."""
        with self.lock:
            while name:
                self._names_in_use.setdefault(name.lower(), 1)
                name = name.rpartition("/")[0]

    @contextlib.contextmanager
    def name_scope(self, name: str | None) -> Iterator[str]:
        """Enter a scope: a fresh one for 'a', the very scope 'a' for 'a/', the root for None or ''."""
        if name and not (_SCOPE_NAME if self._scopes.name else _OPERATION_NAME).match(name):
            raise ValueError(f"'{name}' is not a valid scope name")
        before = self._scopes.name
        if not name:
            scope = ""
        elif name.endswith("/"):
            scope = name[:-1]
        else:
            scope = self.unique_name(name)
        self._scopes.name = scope
        try:
            yield scope + "/" if scope else ""
        finally:
            self._scopes.name = before

    def get_name_scope(self) -> str:
        return self._scopes.name

    # -- contexts
    @contextlib.contextmanager
    def as_default(self) -> Iterator[Graph]:
        _stack().append(self)
        try:
            yield self
        finally:
            if _stack()[-1] is not self:
                raise AssertionError(
                    f"Nesting violated for default stack of {type(self)} objects: default graphs must be "
                    "left in the order they were entered."
                )
            _stack().pop()

    @contextlib.contextmanager
    def control_dependencies(self, control_inputs: Sequence[Any] | None) -> Iterator[None]:
        """Nodes made inside run after these; None forgets all that are in force."""
        before = self._scopes.control
        if control_inputs is None:
            self._scopes.control = ()
        else:
            operations = []
            for item in control_inputs:
                element = self.as_graph_element(item)
                operations.append(element.op if isinstance(element, Tensor) else element)
            self._scopes.control = tuple(dict.fromkeys([*before, *operations]))
        try:
            yield
        finally:
            self._scopes.control = before

    def gradient_override_map(self, op_type_map: dict[str, str]) -> Any:
        """Context in which operations of some types get gradients registered with `tf.RegisterGradient`.

        TF1 symbol: `tf.Graph.gradient_override_map`. An operation made inside is a node of its type, under
        its name and `/plain`, and a node `CustomGradient` under its name, with that gradient.
        """
        from .custom_gradient import gradient_override_map

        return gradient_override_map(self, op_type_map)

    @property
    def control_inputs_in_force(self) -> tuple[Operation, ...]:
        """What a node that this thread makes now would run after."""
        return self._scopes.control

    @contextlib.contextmanager
    def device(self, device_name_or_function: Any) -> Iterator[None]:
        """Record a device on the nodes made inside. It is kept with the graph; values stay where torch puts
        them.

        Raises:
            TypeError: neither a name, nor a function from a node to one, nor None.
            ValueError: a name that is none of a device.
        """
        device = device_name_or_function
        if isinstance(device, DeviceSpec):
            device = device.to_string()
        if isinstance(device, str):
            parsed(device)
        elif device is not None and not callable(device):
            raise TypeError(f"A device is a string such as '/cpu:0', or a function, not {device!r}.")
        before = self._scopes.devices
        self._scopes.devices = (*before, device)
        try:
            yield
        finally:
            self._scopes.devices = before

    @contextlib.contextmanager
    def colocate_with(self, op: Any, ignore_existing: bool = False) -> Iterator[None]:
        """Put the nodes made inside where an operation is, whatever `tf.device` says around it (TF1 symbol:
        `tf.Graph.colocate_with`).

        Raises:
            ValueError: there is no operation, and `ignore_existing` does not ask for none.
        """
        if op is None and not ignore_existing:
            raise ValueError("Trying to reset colocation (op is None) but ignore_existing is not True")
        found = None if op is None else self.as_graph_element(op)
        before = self._scopes.devices
        self._scopes.devices = (None, getattr(found, "op", found).device) if found is not None else ()
        try:
            yield
        finally:
            self._scopes.devices = before

    # -- collections
    def get_collection_ref(self, name: Any) -> list[Any]:
        return self._collections.setdefault(name, [])

    def get_collection(self, name: Any, scope: str | None = None) -> list[Any]:
        items = self._collections.get(name, [])
        if scope is None:
            return list(items)
        matches = re.compile(scope).match
        return [item for item in items if hasattr(item, "name") and matches(item.name)]

    def add_to_collection(self, name: Any, value: Any) -> None:
        self.get_collection_ref(name).append(value)

    def add_to_collections(self, names: Any, value: Any) -> None:
        for name in [names] if isinstance(names, str) else list(dict.fromkeys(names)):
            self.add_to_collection(name, value)

    def clear_collection(self, name: Any) -> None:
        self._collections.pop(name, None)

    def get_all_collection_keys(self) -> list[str]:
        return [key for key in self._collections if isinstance(key, str)]

    # -- state
    @property
    def collections(self) -> list[str]:
        return self.get_all_collection_keys()

    @property
    def version(self) -> int:
        """How many nodes there are: it grows with each."""
        return len(self._operations)

    def as_graph_def(self, from_version: int | None = None, add_shapes: bool = False) -> Any:
        """The graph as a GraphDef (TF1 symbol: `tf.Graph.as_graph_def`)."""
        from .graph_def import graph_def  # which knows of loops' bodies, and they of graphs

        return graph_def(self, from_version, add_shapes)

    def finalize(self) -> None:
        self._finalized = True

    def _unsafe_unfinalize(self) -> None:
        """Let nodes be added again."""
        self._finalized = False

    @property
    def finalized(self) -> bool:
        return self._finalized


class _Local(threading.local):
    def __init__(self) -> None:
        self.graphs: list[Graph] = []


_LOCAL = _Local()
_GLOBAL: list[Graph] = []


def _stack() -> list[Graph]:
    return _LOCAL.graphs


def push_default_graph(graph: Graph) -> None:
    """Make a graph the default one of this thread until `pop_default_graph`, in whatever order."""
    _stack().append(graph)


def pop_default_graph(graph: Graph) -> None:
    """Take the graph off the thread's stack of default graphs, if it is there."""
    stack = _stack()
    for place in reversed(range(len(stack))):
        if stack[place] is graph:
            del stack[place]
            return


def get_default_graph() -> Graph:
    """The graph that new nodes go to (TF1 symbol: `tf.get_default_graph`)."""
    if _stack():
        return _stack()[-1]
    if not _GLOBAL:
        _GLOBAL.append(Graph())
    return _GLOBAL[0]


def reset_default_graph() -> None:
    """Start over with an empty default graph (TF1 symbol: `tf.reset_default_graph`)."""
    if _stack():
        raise AssertionError(
            "Do not use tf.reset_default_graph() to clear nested graphs. "
            "If you need a cleared graph, exit the nesting and create a new graph."
        )
    _GLOBAL[:] = [Graph()]


def set_random_seed(seed: int | None) -> None:
    """Set the default graph's seed (TF1 symbol: `tf.set_random_seed`): the same program then draws the same
    numbers.
    """
    get_default_graph().seed = seed


def control_dependencies(control_inputs: Sequence[Any] | None) -> Any:
    """Context in which new nodes run after the given ones (TF1 symbol: `tf.control_dependencies`)."""
    return get_default_graph().control_dependencies(control_inputs)


def device(device_name_or_function: Any) -> Any:
    """Context that records a device on new nodes (TF1 symbol: `tf.device`)."""
    return get_default_graph().device(device_name_or_function)


def colocate_with(op: Any, ignore_existing: bool = False) -> Any:
    """Context that puts new nodes where an operation is (TF1 symbol: `tf.colocate_with`)."""
    return get_default_graph().colocate_with(op, ignore_existing)


def add_to_collection(name: Any, value: Any) -> None:
    get_default_graph().add_to_collection(name, value)


def add_to_collections(names: Any, value: Any) -> None:
    """Add to several collections (TF1 symbol: `tf.add_to_collections`)."""
    get_default_graph().add_to_collections(names, value)


def get_collection(key: Any, scope: str | None = None) -> list[Any]:
    return get_default_graph().get_collection(key, scope)


def get_collection_ref(key: Any) -> list[Any]:
    return get_default_graph().get_collection_ref(key)


@contextlib.contextmanager
def name_scope(name: str | None, default_name: str | None = None, values: Any = None) -> Iterator[str]:
    """Context for a scope of operation names (TF1 symbol: `tf.name_scope`); the graph is that of `values`, if
    any.

    Raises:
        TypeError: `default_name` is no text.
        ValueError: there are values and no name, or values of several graphs.
    """
    if default_name is not None and not isinstance(default_name, str):
        raise TypeError(
            f"`default_name` type ({type(default_name)}) is not a string type. You likely meant to pass this "
            "into the `values` kwarg."
        )
    name = default_name if name is None else name
    if name is None and values is not None:
        raise ValueError(f"At least one of name ({name}) and default_name (None) must be provided.")
    graph = get_default_graph()
    given = [value for value in values or () if isinstance(value, Tensor)]
    if given and graph.outer is None and all(value.graph.outer is None for value in given):
        graph = given[0].graph
        for value in given:
            if value.graph is not graph:
                raise ValueError(f"{value} must be from the same graph as {given[0]}.")
    with contextlib.ExitStack() as stack:
        if graph is not get_default_graph():
            stack.enter_context(graph.as_default())
        yield stack.enter_context(graph.name_scope(name))
