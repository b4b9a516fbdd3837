"""The nodes of a graph and the values that flow between them: handles, holding no numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from .dtypes import DType, as_dtype
from .shapes import TensorShape, as_shape

if TYPE_CHECKING:
    from .graph import Graph


class OperatorNotAllowedInGraphError(TypeError):
    """A tensor of a deferred graph was used where Python needs its value."""


class Operators:
    """Python's operators, which make nodes: ops/math.py puts them on tensors, variables.py on variables."""

    __slots__ = ()

    __add__: Any
    __radd__: Any
    __sub__: Any
    __rsub__: Any
    __mul__: Any
    __rmul__: Any
    __truediv__: Any
    __rtruediv__: Any
    __floordiv__: Any
    __rfloordiv__: Any
    __mod__: Any
    __rmod__: Any
    __pow__: Any
    __rpow__: Any
    __and__: Any
    __rand__: Any
    __or__: Any
    __ror__: Any
    __xor__: Any
    __rxor__: Any
    __lt__: Any
    __le__: Any
    __gt__: Any
    __ge__: Any
    __matmul__: Any
    __rmatmul__: Any
    __neg__: Any
    __abs__: Any
    __invert__: Any


class Tensor(Operators):
    """One output of an operation (TF1 symbol: `tf.Tensor`): a type, a static shape and a name, no value.

    Python's operators make new nodes. `==` compares identities, as in TensorFlow 1; `tf.equal` compares
    values.
    """

    # `__dict__`, for scripts that keep notes on their tensors; it takes no room until then.
    __slots__ = ("__dict__", "__weakref__", "_consumers", "_dtype", "_shape", "op", "value_index")
    __array_priority__ = 100  # numpy lets our reflected operators go first

    __getitem__: Any  # ops/slicing.py puts it here

    def __init__(self, op: Operation, value_index: int, dtype: DType, shape: TensorShape) -> None:
        self.op = op
        self.value_index = value_index
        self._dtype = dtype
        self._shape = shape
        self._consumers: list[Operation] = []

    @property
    def dtype(self) -> DType:
        return self._dtype

    @property
    def graph(self) -> Graph:
        return self.op.graph

    @property
    def name(self) -> str:
        return f"{self.op.name}:{self.value_index}"

    @property
    def device(self) -> str:
        return self.op.device

    @property
    def shape(self) -> TensorShape:
        return self._shape

    def get_shape(self) -> TensorShape:
        return self._shape

    def set_shape(self, shape: Any) -> None:
        """Add what is known about the shape; a contradiction is a ValueError."""
        wanted = as_shape(shape)
        if not self._shape.is_compatible_with(wanted):
            raise ValueError(_contradiction(self._shape, wanted))
        self._shape = self._shape.merge_with(wanted)

    def consumers(self) -> list[Operation]:
        return list(self._consumers)

    def eval(self, feed_dict: Any = None, session: Any = None) -> Any:
        """The value in the given or the default session (TF1 symbol: `tf.Tensor.eval`)."""
        from .session import session_for

        return session_for(self.graph, session, "eval()").run(self, feed_dict)

    def __iter__(self) -> Iterator[Any]:
        raise OperatorNotAllowedInGraphError(
            f"iterating over `tf.Tensor` is not allowed in Graph execution: {self.name} has no value "
            "before a session "
            "runs it. Use tf.unstack to have its slices as tensors."
        )

    def __bool__(self) -> bool:
        raise OperatorNotAllowedInGraphError(
            f"using a `tf.Tensor` as a Python `bool` is not allowed in Graph execution: {self.name} has no "
            "value before "
            "a session runs it. Use `if t is not None:` to test whether there is a tensor."
        )

    def __len__(self) -> int:
        raise TypeError(
            f"len is not well defined for symbolic Tensors. ({self.name}) "
            "Please call `x.shape` rather than `len(x)` for shape information."
        )

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError(f"Cannot convert a symbolic Tensor ({self.name}) to a numpy array.")

    def __array_ufunc__(self, function: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """What numpy asks where one of its functions is given a tensor: an operator, or an error."""
        from .ops.of_numpy import elementwise

        return elementwise(self, function, method, *inputs, **options)

    def __array_function__(self, function: Any, types: Any, inputs: Any, options: Any) -> Any:
        from .ops.of_numpy import other

        return other(function, inputs, options)

    def __repr__(self) -> str:
        return f"<tf.Tensor '{self.name}' shape={self._shape} dtype={self._dtype.name}>"

    def __str__(self) -> str:
        shape = "" if self._shape.ndims is None else f", shape={self._shape}"
        device = f", device={self.device}" if self.device else ""
        return f'Tensor("{self.name}"{shape}, dtype={self._dtype.name}{device})'


class Operation:
    """A node of a graph (TF1 symbol: `tf.Operation`): a type, plain attributes, inputs and outputs."""

    __slots__ = (
        "__dict__",
        "__weakref__",
        "attributes",
        "control_inputs",
        "device",
        "graph",
        "identifier",
        "inputs",
        "name",
        "outputs",
        "type",
    )

    def __init__(
        self,
        graph: Graph,
        op_type: str,
        name: str,
        inputs: Sequence[Tensor],
        control_inputs: Sequence[Operation],
        attributes: dict[str, Any],
        device: str,
        output_types: Sequence[tuple[DType, TensorShape]],
    ) -> None:
        self.graph = graph
        self.type = op_type
        self.name = name
        self.inputs = tuple(inputs)
        self.control_inputs = list(control_inputs)
        self.attributes = attributes
        self.device = device
        self.identifier = graph.next_identifier()
        self.outputs = [Tensor(self, i, dtype, shape) for i, (dtype, shape) in enumerate(output_types)]
        for tensor in self.inputs:
            tensor._consumers.append(self)

    def get_attr(self, name: str) -> Any:
        """An attribute: types as `tf.DType`; `T` is the type of the first input.

        Raises:
            ValueError: there is no such attribute.
        """
        if name in self.attributes:
            value = self.attributes[name]
            return as_dtype(value) if name == "dtype" else value
        if name == "T" and self.inputs:
            return self.inputs[0].dtype.base_dtype
        raise ValueError(f"Operation '{self.name}' has no attr named '{name}'.")

    @property
    def node_def(self) -> Any:
        """The node as a message (TF1 symbol: `tf.Operation.node_def`)."""
        from .graph_def import node_def  # which knows of loops' bodies, and they of nodes

        return node_def(self)

    def colocation_groups(self) -> list[bytes]:
        """The one group that an operation is in: its own, as nothing is placed with anything here."""
        return [f"loc:@{self.name}".encode()]

    def values(self) -> tuple[Tensor, ...]:
        return tuple(self.outputs)

    def run(self, feed_dict: Any = None, session: Any = None) -> None:
        """Run this operation in the given or the default session (TF1 symbol: `tf.Operation.run`)."""
        from .session import session_for

        session_for(self.graph, session, "run()").run(self, feed_dict)

    def __repr__(self) -> str:
        return f"<tf.Operation '{self.name}' type={self.type}>"

    def __str__(self) -> str:
        return str(self.node_def)


def _contradiction(first: TensorShape, second: TensorShape) -> str:
    for index, (a, b) in enumerate(zip(first.known or (), second.known or (), strict=False)):
        if first.ndims == second.ndims and a is not None and b is not None and a != b:
            return (
                f"Dimension {index} in both shapes must be equal, but are {a} and {b}. "
                f"Shapes are {first.bracketed()} and {second.bracketed()}."
            )
    return f"Shapes must be equal rank, but are {first.ndims} and {second.ndims}"
