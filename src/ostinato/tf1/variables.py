"""Variables: a handle in the graph, a value in each session."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from . import rewrite, variable_protos
from .dtypes import DType, as_dtype
from .graph import Graph, GraphKeys, control_dependencies, device, get_default_graph, name_scope
from .indexed_slices import IndexedSlices
from .ops import scatter, state
from .ops.array import identity
from .ops.batch_scatter import batch_scatter_update
from .ops.core import convert_to_tensor, one
from .ops.gathering import gather_nd
from .ops.picking import gather
from .ops.slicing import get_item
from .shapes import TensorShape, as_shape
from .slices import SaveSliceInfo
from .tensor import Operation, Operators, Tensor
from .variable_options import checked_options, resource_variables_enabled


def creators() -> list[Any]:
    """The functions that are asked to make variables, the innermost last; see variable_creator_scope."""
    return get_default_graph().get_collection_ref(_CREATORS)


@contextlib.contextmanager
def variable_creator_scope(variable_creator: Any) -> Iterator[None]:
    """Context in which a function makes the variables (TF1 symbol: `tf.variable_creator_scope`).

    It is called as `variable_creator(next_creator, **options)`, with the arguments of `tf.Variable`, and
    returns the variable; `next_creator(**options)` is that of the scope around, and in the end tf.Variable's.
    """
    kept = creators()
    kept.append(variable_creator)
    try:
        yield
    finally:
        kept.pop()


class _MakesVariables(type):
    """What calling tf.Variable does: it asks the creators in force, and chooses the class."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls is not Variable:
            return super().__call__(*args, **kwargs)
        options = {**dict(zip(_ARGUMENTS, args, strict=False)), **kwargs}
        make = partial(_make_variable, super().__call__)
        for creator in creators():
            make = partial(creator, make)
        return make(**options)


def _make_variable(make: Any, use_resource: bool | None = None, **options: Any) -> Any:
    from .variable_scope import get_variable_scope

    if use_resource is None:
        use_resource = get_variable_scope().use_resource
    if use_resource is None:
        use_resource = resource_variables_enabled()
    return ResourceVariable(**options) if use_resource else make(**options)


class Variable(Operators, metaclass=_MakesVariables):
    """A value that a session keeps from run to run (TF1 symbol: `tf.Variable`).

    Its nodes are the handle (`Variable:0`), the value as an operation reads it (`Variable/read:0`) and the
    assignment of the initial value (`Variable/Assign`). A variable may be used wherever a tensor may.

    Args:
        initial_value: a number, array or tensor, or a function of no arguments that makes one.
        trainable: whether optimisers alter it by default.
        collections: the collections it goes to; None is the global variables.
        validate_shape: False lets an assignment change the shape.
        caching_device: a device for the node that reads it.
        name: its name; `_1`, `_2`, ... is added where that is taken.
        dtype: the type; None is the initial value's.
        constraint: a function of its value that an optimiser applies after each update.
        use_resource: True makes a ResourceVariable.
        shape: the shape that assignments are held to; None is the initial value's.

    Raises:
        ValueError: no initial value, or one of unknown shape while `validate_shape`.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     variable = tf.Variable([1.0, 2.0], name="v")
    ...     session.run(tf.global_variables_initializer())
    ...     session.run(variable.assign_add([1.0, 1.0])).tolist()
    [2.0, 3.0]
    """

    __array_priority__ = 100

    def __init__(
        self,
        initial_value: Any = None,
        trainable: bool | None = None,
        collections: Sequence[str] | None = None,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: str | None = None,
        variable_def: Any = None,
        dtype: Any = None,
        expected_shape: Any = None,
        import_scope: Any = None,
        constraint: Any = None,
        use_resource: Any = None,
        synchronization: Any = None,
        aggregation: Any = None,
        shape: Any = None,
    ) -> None:
        if variable_def is not None:
            if initial_value is not None:
                raise ValueError("variable_def and initial_value are mutually exclusive.")
            variable_protos.describe(self, variable_def, import_scope)
            return
        if initial_value is None:
            raise ValueError("initial_value must be specified.")
        keys = [GraphKeys.GLOBAL_VARIABLES] if collections is None else collections
        if not isinstance(keys, (list, tuple, set)):
            raise ValueError(
                "collections argument to Variable constructor must be a list, tuple, or set. Got "
                f"{collections} of type {type(collections)}"
            )
        if constraint is not None and not callable(constraint):
            raise ValueError("The `constraint` argument must be a callable.")
        self.constraint = constraint
        self.synchronization, self.aggregation, self._trainable = checked_options(
            synchronization, aggregation, trainable, name
        )
        self._save_slice_info: SaveSliceInfo | None = None
        if isinstance(initial_value, Tensor) and initial_value.graph.outer is not None:
            raise ValueError(
                f"Initializer for variable {name or 'Variable'}/ is from inside a control-flow construct, "
                "such as a loop or conditional. When creating a variable inside a loop or conditional, use a "
                "lambda as the initializer."
            )
        around = get_default_graph()
        graph = around.outermost  # a loop's body has no variables of its own
        with graph.as_default(), control_dependencies(None), contextlib.ExitStack() as stack:
            if around is not graph:
                inside = around.get_name_scope()
                stack.enter_context(graph.name_scope(inside + "/" if inside else None))
            with name_scope(name, "Variable", [] if callable(initial_value) else [initial_value]) as scope:
                if not scope:
                    raise ValueError(f"'{name}' is not a valid node name. Give the variable a name.")
                self._make_nodes(initial_value, dtype, validate_shape, shape, caching_device, scope)
        graph.add_to_collection(INITIAL_VALUES, (self._variable, self._initial_value))
        if self._trainable and GraphKeys.TRAINABLE_VARIABLES not in keys:
            keys = [*keys, GraphKeys.TRAINABLE_VARIABLES]
        graph.add_to_collections(keys, self)

    def _make_nodes(
        self,
        initial_value: Any,
        dtype: Any,
        validate_shape: bool,
        shape: Any,
        caching_device: Any,
        scope: str,
    ) -> None:
        self._initial_value = _initial_tensor(initial_value, dtype)
        sizes = self._initial_value.shape
        kind = self._initial_value.dtype.base_dtype
        declared = as_shape(shape) if shape is not None else sizes if validate_shape else TensorShape(None)
        self._variable = one("VariableV2", [], scope, dtype=kind.name, shape=declared)
        if validate_shape and not sizes.is_fully_defined():
            raise ValueError(
                f"initial_value must have a shape specified: {self._initial_value}. "
                "Give it a static shape, or pass validate_shape=False."
            )
        guarded = rewrite.with_initial_values(self._initial_value)
        self._initializer = state.assign(
            self._variable, guarded, validate_shape=validate_shape, name="Assign"
        ).op
        with contextlib.nullcontext() if caching_device is None else device(caching_device):
            self._snapshot = identity(self._variable, name="read")

    def _get_save_slice_info(self) -> SaveSliceInfo | None:
        return self._save_slice_info

    def _set_save_slice_info(self, save_slice_info: SaveSliceInfo) -> None:
        """Say which part of a whole this variable is: a Saver then saves it under the whole's name."""
        self._save_slice_info = save_slice_info

    # -- what it is
    @property
    def name(self) -> str:
        return self._variable.name

    @property
    def op(self) -> Operation:
        return self._variable.op

    @property
    def _shared_name(self) -> str:
        return self._variable.op.name

    @property
    def graph(self) -> Graph:
        return self._variable.graph

    @property
    def device(self) -> str:
        return self._variable.device

    @property
    def dtype(self) -> DType:
        return self._variable.dtype

    @property
    def shape(self) -> TensorShape:
        return self._variable.shape

    def get_shape(self) -> TensorShape:
        return self._variable.shape

    @property
    def trainable(self) -> bool:
        return self._trainable

    @property
    def initializer(self) -> Operation:
        return self._initializer

    @property
    def initial_value(self) -> Tensor:
        return self._initial_value

    def set_shape(self, shape: Any) -> None:
        self._variable.set_shape(shape)
        self._snapshot.set_shape(shape)

    # -- its value
    def value(self) -> Tensor:
        return self._snapshot

    def read_value(self) -> Tensor:
        """The value at the time that the control dependencies in force allow."""
        return identity(self._variable, name="read")

    def initialized_value(self) -> Tensor:
        """The value, or the initial value where the variable has none yet; for the initial values of
        others.
        """
        with contextlib.ExitStack() as stack:
            if get_default_graph() is not self.graph:  # within a loop's body, which the other begins before
                stack.enter_context(self.graph.as_default())
            stack.enter_context(control_dependencies(None))
            return rewrite.initialized_or(self._variable, self._initial_value)

    def eval(self, session: Any = None) -> Any:
        return self._variable.eval(session=session)

    def load(self, value: Any, session: Any = None) -> None:
        """Give the variable a value in a session, without a new node."""
        from .session import session_for

        active = session_for(self.graph, session, "run()")
        active.run(self._initializer, {self._initializer.inputs[1]: value})

    def assign(
        self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        return _result(state.assign(self._variable, value, name=name), read_value)

    def assign_add(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        return _result(state.assign_add(self._variable, delta, name=name), read_value)

    def assign_sub(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        return _result(state.assign_sub(self._variable, delta, name=name), read_value)

    def count_up_to(self, limit: int) -> Tensor:
        """Add one, unless that would pass the limit; the result is the value before."""
        return scatter.count_up_to(self._variable, limit)

    def _scattered(self, update: Any, sparse_delta: Any, name: str | None) -> Tensor:
        if not isinstance(sparse_delta, IndexedSlices):
            raise TypeError(f"sparse_delta is not IndexedSlices: {sparse_delta}")
        return update(self._variable, sparse_delta.indices, sparse_delta.values, name=name)

    def scatter_add(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Tensor:
        return self._scattered(scatter.scatter_add, sparse_delta, name)

    def scatter_sub(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Tensor:
        return self._scattered(scatter.scatter_sub, sparse_delta, name)

    def scatter_update(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Tensor:
        return self._scattered(scatter.scatter_update, sparse_delta, name)

    def scatter_mul(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Tensor:
        return self._scattered(scatter.scatter_mul, sparse_delta, name)

    def scatter_div(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Tensor:
        return self._scattered(scatter.scatter_div, sparse_delta, name)

    def scatter_min(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Tensor:
        return self._scattered(scatter.scatter_min, sparse_delta, name)

    def scatter_max(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Tensor:
        return self._scattered(scatter.scatter_max, sparse_delta, name)

    def batch_scatter_update(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Tensor:
        return self._scattered(batch_scatter_update, sparse_delta, name)

    def scatter_nd_add(self, indices: Any, updates: Any, name: str | None = None) -> Tensor:
        return scatter.scatter_nd_add(self._variable, indices, updates, name=name)

    def scatter_nd_sub(self, indices: Any, updates: Any, name: str | None = None) -> Tensor:
        return scatter.scatter_nd_sub(self._variable, indices, updates, name=name)

    def scatter_nd_update(self, indices: Any, updates: Any, name: str | None = None) -> Tensor:
        return scatter.scatter_nd_update(self._variable, indices, updates, name=name)

    def _ref(self) -> Tensor:
        return self._variable

    def _as_graph_element(self) -> Tensor:
        return self._variable

    def _to_tensor(self, as_ref: bool = False) -> Tensor:
        return self._variable if as_ref else self._snapshot

    def to_proto(self, export_scope: str | None = None) -> Any:
        """The names of the variable's nodes, as a VariableDef; None where it is not in the scope."""
        return variable_protos.to_proto(self, export_scope)

    @staticmethod
    def from_proto(variable_def: Any, import_scope: str | None = None) -> Variable:
        """The variable of the default graph that a VariableDef describes."""
        return variable_protos.from_proto(variable_def, import_scope)

    def __iter__(self) -> Any:
        raise TypeError("'Variable' object is not iterable.")

    def __getitem__(self, key: Any) -> Tensor:
        return get_item(self._to_tensor(), key, self)

    def __repr__(self) -> str:
        return f"<tf.Variable '{self.name}' shape={self.shape} dtype={self.dtype.name}>"


class ResourceVariable(Variable):
    """A variable whose reads keep to control dependencies (TF1 symbol: `ResourceVariable`).

    Where there are none in force, a read is the value from the start of the run, as of any variable here;
    inside `tf.control_dependencies([assignment])` it is the value after the assignment.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.graph.skip(1)  # whether it is initialized

    @property
    def dtype(self) -> DType:
        return self._variable.dtype.base_dtype

    @property
    def handle(self) -> Tensor:
        return self._variable

    def value(self) -> Tensor:
        graph = get_default_graph()
        after = graph.control_inputs_in_force
        graph.skip(1)  # in TensorFlow each read is a node
        if not after:
            return self._snapshot
        # One node for all reads after the same operations: steps of a cell share what they read.
        reads = self.__dict__.setdefault("_reads", {})
        if (graph, after) not in reads:
            reads[graph, after] = self.read_value()
        return reads[graph, after]

    def _to_tensor(self, as_ref: bool = False) -> Tensor:
        return self._variable if as_ref else self.value()

    def read_value(self) -> Tensor:
        self.graph.skip(1)
        return super().read_value()

    def sparse_read(self, indices: Any, name: str | None = None) -> Tensor:
        """Some of the rows."""
        return identity(gather(self.value(), indices, name="Gather" if name is None else name))

    def gather_nd(self, indices: Any, name: str | None = None) -> Tensor:
        """The elements or slices at some coordinates."""
        return identity(gather_nd(self.value(), indices, name="GatherNd" if name is None else name))

    def is_initialized(self, name: str | None = None) -> Tensor:
        """Whether the session has a value of it."""
        return state.is_variable_initialized(self._variable, name)


def is_resource_variable(var: Any) -> bool:
    """Whether something is a ResourceVariable (TF1 symbol: `resource_variable_ops.is_resource_variable`)."""
    return isinstance(var, ResourceVariable)


Variable.SaveSliceInfo = SaveSliceInfo  # type: ignore[attr-defined]
INITIAL_VALUES = rewrite.INITIAL_VALUES
RefVariable = VariableV1 = Variable
_CREATORS = ("__variable_creators",)
_ARGUMENTS = [name for name in inspect.signature(Variable.__init__).parameters if name != "self"]


def _result(assigned: Tensor, read_value: bool) -> Any:
    return assigned if read_value else assigned.op


def _initial_tensor(initial_value: Any, dtype: Any) -> Tensor:
    kind = None if dtype is None else as_dtype(dtype).base_dtype
    if callable(initial_value):
        with name_scope("Initializer"):
            return convert_to_tensor(initial_value(), kind, name="initial_value")
    return convert_to_tensor(initial_value, kind, name="initial_value")


def _forward(method: str) -> None:
    def call(self: Variable, *arguments: Any) -> Any:
        return getattr(self._to_tensor(), method)(*arguments)

    setattr(Variable, method, call)


for _method in [
    "add",
    "sub",
    "mul",
    "truediv",
    "div",
    "floordiv",
    "mod",
    "pow",
    "and",
    "or",
    "matmul",
]:
    _forward(f"__{_method}__")
    _forward(f"__r{_method}__")
for _method in ["lt", "le", "gt", "ge", "neg", "abs", "invert"]:
    _forward(f"__{_method}__")
