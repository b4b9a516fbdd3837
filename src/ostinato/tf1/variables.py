"""Variables: a handle in the graph, a value in each session."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from . import rewrite
from .dtypes import DType, as_dtype
from .graph import Graph, GraphKeys, control_dependencies, get_default_graph, name_scope
from .ops import state
from .ops.array import identity
from .ops.control import group
from .ops.core import convert_to_tensor, one
from .shapes import TensorShape, as_shape
from .slices import SaveSliceInfo
from .tensor import Operation, Operators, Tensor


class Variable(Operators):
    """A value that a session keeps from run to run (TF1 symbol: `tf.Variable`).

    Its nodes are the handle (`Variable:0`), the value as an operation reads it (`Variable/read:0`) and the
    assignment of the initial value (`Variable/Assign`). A variable may be used wherever a tensor may.

    Args:
        initial_value: a number, array or tensor, or a function of no arguments that makes one.
        trainable: whether optimisers alter it by default.
        collections: the collections it goes to; None is the global variables.
        validate_shape: False lets an assignment change the shape.
        name: its name; `_1`, `_2`, ... is added where that is taken.
        dtype: the type; None is the initial value's.

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
        if initial_value is None:
            raise ValueError("initial_value must be specified.")
        if constraint is not None and not callable(constraint):
            raise ValueError("The `constraint` argument must be a callable.")
        self.constraint = constraint
        self._save_slice_info: SaveSliceInfo | None = None
        self._trainable = trainable is not False
        around = get_default_graph()
        graph = around.outermost  # a loop's body has no variables of its own
        with graph.as_default(), control_dependencies(None), contextlib.ExitStack() as stack:
            if around is not graph:
                inside = around.get_name_scope()
                stack.enter_context(graph.name_scope(inside + "/" if inside else None))
            with name_scope(name, "Variable", [] if callable(initial_value) else [initial_value]) as scope:
                self._initial_value = _initial_tensor(initial_value, dtype)
                sizes = self._initial_value.shape if shape is None else as_shape(shape)
                if validate_shape and not self._initial_value.shape.is_fully_defined():
                    raise ValueError(
                        f"initial_value must have a shape specified: {self._initial_value}. "
                        "Give it a static shape, or pass validate_shape=False."
                    )
                kind = self._initial_value.dtype.base_dtype
                declared = sizes if validate_shape else TensorShape(None)
                self._variable = one("VariableV2", [], scope, dtype=kind.name, shape=declared)
                guarded = rewrite.with_initial_values(self._initial_value)
                self._initializer = state.assign(
                    self._variable, guarded, validate_shape=validate_shape, name="Assign"
                ).op
                self._snapshot = identity(self._variable, name="read")
        graph.add_to_collection(INITIAL_VALUES, (self._variable, self._initial_value))
        keys = [GraphKeys.GLOBAL_VARIABLES] if collections is None else list(collections)
        if not isinstance(keys, list):
            raise ValueError(
                f"collections argument to Variable constructor must be a list of names, not {collections}."
            )
        if self._trainable and GraphKeys.TRAINABLE_VARIABLES not in keys:
            keys = [*keys, GraphKeys.TRAINABLE_VARIABLES]
        graph.add_to_collections(keys, self)

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
        with control_dependencies(None):
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

    def _as_graph_element(self) -> Tensor:
        return self._variable

    def _to_tensor(self, as_ref: bool = False) -> Tensor:
        return self._variable if as_ref else self._snapshot

    def __iter__(self) -> Any:
        raise TypeError("'Variable' object is not iterable.")

    def __getitem__(self, key: Any) -> Tensor:
        return self._snapshot[key]

    def __repr__(self) -> str:
        return f"<tf.Variable '{self.name}' shape={self.shape} dtype={self.dtype.name}>"


Variable.SaveSliceInfo = SaveSliceInfo  # type: ignore[attr-defined]
INITIAL_VALUES = rewrite.INITIAL_VALUES
RefVariable = Variable


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
        return getattr(self._snapshot, method)(*arguments)

    setattr(Variable, method, call)


for _method in ["add", "sub", "mul", "truediv", "div", "floordiv", "mod", "pow", "and", "or", "matmul"]:
    _forward(f"__{_method}__")
    _forward(f"__r{_method}__")
for _method in ["lt", "le", "gt", "ge", "neg", "abs", "invert"]:
    _forward(f"__{_method}__")


# -- collections of variables
def global_variables(scope: str | None = None) -> list[Any]:
    """The graph's variables (TF1 symbol: `tf.global_variables`)."""
    return get_default_graph().get_collection(GraphKeys.GLOBAL_VARIABLES, scope)


def local_variables(scope: str | None = None) -> list[Any]:
    return get_default_graph().get_collection(GraphKeys.LOCAL_VARIABLES, scope)


def trainable_variables(scope: str | None = None) -> list[Any]:
    """The variables that optimisers alter by default (TF1 symbol: `tf.trainable_variables`)."""
    return get_default_graph().get_collection(GraphKeys.TRAINABLE_VARIABLES, scope)


def variables_initializer(var_list: Sequence[Variable], name: str = "init") -> Operation:
    """An operation that gives variables their initial values (TF1 symbol: `tf.variables_initializer`)."""
    return group(*[variable.initializer for variable in var_list], name=name)


def global_variables_initializer() -> Operation:
    """An operation that initialises all variables made so far (TF1 symbol:
    `tf.global_variables_initializer`).
    """
    return variables_initializer(global_variables())


def local_variables_initializer() -> Operation:
    return variables_initializer(local_variables())


def report_uninitialized_variables(
    var_list: Sequence[Variable] | None = None, name: str = "report_uninitialized_variables"
) -> Tensor:
    """The names of the variables that a session has no values of, as strings (TF1 symbol:
    `tf.report_uninitialized_variables`); of the global and local ones where none are given.
    """
    variables = global_variables() + local_variables() if var_list is None else list(var_list)
    return state.uninitialized([variable.op.name for variable in variables], name)
