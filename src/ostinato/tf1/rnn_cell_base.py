"""What all cells share: the protocol, their scopes, and how a driver learns what a cell amounts to."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from ostinato._state import LSTMStateTuple as _CoreStateTuple

from . import nest, node_counts
from . import variable_scope as vs
from .body import BodyFunction
from .cell_description import Body, Description, core_sizes
from .configuration import plain
from .dtypes import as_dtype
from .graph import get_default_graph, name_scope
from .layers_base import Layer, StaticInput
from .ops import array, random, rnn
from .ops.core import convert_to_tensor
from .ops.lists import concat
from .registry import constant_shape, constant_value
from .shapes import TensorShape, as_shape
from .tensor import Tensor
from .tensor_array import flow_of, with_flows


class LSTMStateTuple(_CoreStateTuple):
    """An LSTM's state: c and h (TF1 symbol: `tf.nn.rnn_cell.LSTMStateTuple`)."""

    __slots__ = ()

    @property
    def dtype(self) -> Any:
        if self.c.dtype != self.h.dtype:
            raise TypeError(f"Inconsistent internal state: {self.c.dtype} vs {self.h.dtype}")
        return self.c.dtype


@dataclass(frozen=True)
class StateInput(StaticInput):
    """A stand-in for a part of the state that a loop begins with."""

    name: str


class Described(NamedTuple):
    """What a cell amounts to: its description, and the tensors that this binds."""

    description: Description
    tensors: list[Tensor]


class RNNCell(Layer):
    """Base of the cells (TF1 symbol: `tf.nn.rnn_cell.RNNCell`).

    Derive from it, with `state_size`, `output_size` and either `call(inputs, state)` or, as older code does,
    `__call__(inputs, state, scope=None)`; both return the output and the new state. Variables come from
    `add_variable` in `build`, or from `tf.get_variable` in `call`.
    """

    def __call__(  # type: ignore[override]
        self, inputs: Any, state: Any, scope: Any = None, **kwargs: Any
    ) -> Any:
        with self._in_scope(inputs, scope):
            return self.call(inputs, state, **kwargs)

    @contextlib.contextmanager
    def _in_scope(self, inputs: Any, scope: Any = None) -> Iterator[None]:
        """The scope of this cell's variables. What `call` asks of tf.get_variable in it belongs to the
        cell.
        """
        if scope is None:
            if not hasattr(self, "_rnncell_scope"):
                self._rnncell_scope = vs.get_variable_scope()
            context = vs.variable_scope(
                self._rnncell_scope, custom_getter=self._tracking_getter, auxiliary_name_scope=False
            )
        else:
            context = vs.variable_scope(scope, custom_getter=self._tracking_getter)
        with context as entered, self._entered(inputs, entered if scope is not None else None):
            yield

    def _tracking_getter(self, getter: Any, *args: Any, **kwargs: Any) -> Any:
        variable = getter(*args, **kwargs)
        self._track(variable)
        return variable

    @property
    def state_size(self) -> Any:
        """The size of the state: an int, a TensorShape, or a nest of them."""
        raise NotImplementedError(f"{type(self).__name__} does not say its state_size: define that property.")

    @property
    def output_size(self) -> Any:
        """The size of the output: an int or a TensorShape."""
        raise NotImplementedError(
            f"{type(self).__name__} does not say its output_size: define that property."
        )

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """A state of zeros for `batch_size` rows, a number or a scalar tensor.

        Raises:
            ValueError: the batch size is None.
        """
        with name_scope(type(self).__name__ + "ZeroState", values=[batch_size]):
            return zero_tensors(self.state_size, batch_size, dtype)

    def get_initial_state(self, inputs: Any = None, batch_size: Any = None, dtype: Any = None) -> Any:
        """A state of zeros for the rows and the type of `inputs`, or for `batch_size` and `dtype`."""
        if inputs is not None:
            inputs = convert_to_tensor(inputs, name="inputs")
            static = inputs.shape[0].value
            if batch_size is not None:
                given = batch_size if not isinstance(batch_size, Tensor) else None
                if given is not None and static is not None and given != static:
                    raise ValueError(
                        "batch size from input tensor is different from the input param. "
                        f"Input tensor batch: {static}, batch_size: {batch_size}"
                    )
            if dtype is not None and inputs.dtype.base_dtype is not as_dtype(dtype):
                raise ValueError(
                    "dtype from input tensor is different from the input param. "
                    f"Input tensor dtype: {inputs.dtype}, dtype: {dtype}"
                )
            batch_size = array.shape(inputs)[0] if static is None else static
            dtype = inputs.dtype
        if batch_size is None or dtype is None:
            raise ValueError(
                "batch_size and dtype cannot be None while constructing initial state: "
                f"batch_size={batch_size}, dtype={dtype}"
            )
        return self.zero_state(batch_size, dtype)

    # -- as plain values
    _configured: tuple[str, ...] = ()  # the arguments that it tells, kept by their names with an underscore

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, as plain values: `from_config` makes a cell like this one of them."""
        config = {"name": self.name, "trainable": self.trainable, "dtype": self.dtype}
        return config | {name: plain(getattr(self, f"_{name}")) for name in self._configured}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A cell like the one whose `get_config` gave this."""
        return cls(**config)

    # -- what drivers and wrappers ask
    _takes_nests = False  # whether a known cell describes itself for inputs that are a nest

    def _is_known(self) -> bool:
        """Whether the cell can say what it amounts to; where not, only calling it tells."""
        return False

    def _describe(self, inputs: Any) -> Described:
        """What a known cell amounts to for such inputs; its variables are made by then."""
        raise TypeError(f"{type(self).__name__} says that it is known, and does not define _describe.")


def known(cell: Any) -> bool:
    return isinstance(cell, RNNCell) and cell._is_known()


def describe(cell: Any, inputs: Any) -> Described | None:
    """What a cell amounts to for such inputs; None where only calling it tells."""
    if not known(cell) or (nest.is_sequence(inputs) and not cell._takes_nests):
        return None
    described: Described = cell._describe(inputs)
    return described


def traced(cell: Any, inputs: Any, state: Any, scope: str) -> Described:
    """A cell that only calling it tells about, called once: its step as a sub-graph."""
    flat_inputs, flat_state = nest.flatten(inputs), nest.flatten(state)
    tensors = [flow_of(leaf) for leaf in flat_state]
    names = [*["inputs"] * len(flat_inputs), *["state"] * len(flat_state)]

    def function(*values: Tensor) -> list[Tensor]:
        given = nest.pack_sequence_as(inputs, values[: len(flat_inputs)])
        before = with_flows(flat_state, values[len(flat_inputs) :])
        output, new_state = cell(given, nest.pack_sequence_as(state, before))
        nest.assert_same_structure(state, new_state)
        after = [convert_to_tensor(flow_of(leaf)) for leaf in nest.flatten(new_state)]
        for old, new in zip(tensors, after, strict=True):
            _check_kept(cell, old, new)
        return [*[convert_to_tensor(leaf) for leaf in nest.flatten(output)], *after]

    body = BodyFunction(function, [*flat_inputs, *tensors], scope, names)
    outputs = body.outputs[: len(body.outputs) - len(flat_state)]
    if len(outputs) != len(nest.flatten(cell.output_size)):
        nest.assert_same_structure(cell.output_size, outputs)
    # As the step gives them, which need not be as the cell's properties say.
    output_size = nest.pack_sequence_as(cell.output_size, [leaf.shape[1:] for leaf in outputs])
    state_size = _sizes(tensors, cell.state_size)
    return Described(Body(body, core_sizes(state_size), core_sizes(output_size)), body.captured)


def _sizes(state: list[Any], said: Any) -> tuple[TensorShape, ...]:
    """The sizes of a state's tensors; what their shapes do not tell is as the cell says."""
    shapes = [as_shape(leaf.shape) for leaf in state]
    sizes = [TensorShape(None if shape.known is None else shape.known[1:]) for shape in shapes]
    told = nest.flatten(said)
    if len(told) == len(sizes):
        known = [_told(size) for size in told]
        return tuple(
            a if a.is_fully_defined() else a.merge_with(b) for a, b in zip(sizes, known, strict=True)
        )
    return tuple(sizes)


def _told(size: Any) -> TensorShape:
    """A size that a cell tells, as far as it is known; a cell of one's own may tell a tensor."""
    if not isinstance(size, Tensor):
        return as_shape(size)
    if size.shape.ndims == 1:
        return constant_shape(size)
    value = constant_value(size)
    return TensorShape([None if value is None else int(value)])


def _check_kept(cell: Any, before: Any, after: Tensor) -> None:
    """Raise where a part of the state that a step gives is of another type or shape than the one it took."""
    if after.dtype.base_dtype is not before.dtype.base_dtype:
        raise TypeError(
            f"{type(cell).__name__} takes a state of type {before.dtype.base_dtype.name} and returns one of "
            f"type {after.dtype.base_dtype.name}: a state keeps its type from step to step."
        )
    if not after.shape.is_compatible_with(before.shape):
        raise ValueError(
            f"Input tensor '{before.name}' enters the loop with shape {before.shape}, but has shape "
            f"{after.shape} after one iteration of {type(cell).__name__}: a state keeps its shape."
        )


def zero_tensors(sizes: Any, batch_size: Any, dtype: Any) -> Any:
    def zero(size: Any) -> Tensor:
        if batch_size is None:
            raise ValueError(f"Provided a prefix or suffix of None: {batch_size} and {size}")
        if isinstance(size, Tensor) and size.shape.ndims == 1:
            return array.zeros(concat([array.reshape(batch_size, [-1]), size], 0), dtype)
        if isinstance(size, TensorShape):
            rest: list[Any] = size.as_list()
        else:
            rest = [size if isinstance(size, Tensor) else int(size)]
        node_counts.of_zeros(get_default_graph(), batch_size)
        if isinstance(batch_size, Tensor) and batch_size.shape.ndims == 1:
            return array.zeros(concat([batch_size, rest], 0), dtype)
        return array.zeros([*_leading(batch_size, size), *rest], dtype)

    return nest.map_structure(zero, sizes)


def _leading(batch_size: Any, size: Any) -> list[Any]:
    """A batch size, which may be a list of sizes, as one."""
    if not isinstance(batch_size, (list, tuple, TensorShape)):
        return [batch_size]
    sizes = as_shape(batch_size).as_list()
    if None in sizes:
        raise ValueError(f"Provided a prefix or suffix of None: {batch_size} and {size}")
    return sizes


def like_rnncell(cell: Any) -> bool:
    """Whether something can be stepped by a driver."""
    return (
        _has(cell, "output_size")
        and _has(cell, "state_size")
        and (_has(cell, "zero_state") or _has(cell, "get_initial_state"))
        and callable(cell)
    )


def assert_like_rnncell(cell_name: str, cell: Any) -> None:
    """Raise a TypeError that says what is missing where something is no cell."""
    problems = [
        f"'{name}' property is missing" for name in ("output_size", "state_size") if not _has(cell, name)
    ]
    if not (_has(cell, "zero_state") or _has(cell, "get_initial_state")):
        problems.append("either 'zero_state' or 'get_initial_state' method is required")
    if not callable(cell):
        problems.append("is not callable")
    if problems:
        raise TypeError(f"The argument {cell_name!r} ({cell}) is not an RNNCell: {', '.join(problems)}.")


def _has(cell: Any, name: str) -> bool:
    try:
        return hasattr(cell, name)
    except NotImplementedError:
        return False


class LayerRNNCell(RNNCell):
    """Base of the cells that make their variables in `build` (TF1 symbol: `tf.contrib.rnn.LayerRNNCell`)."""

    def _in_scope(self, inputs: Any, scope: Any = None) -> Any:
        return self._entered(inputs, scope)


def seed_for(described: Described) -> Tensor | None:
    """The node that draws the run's seed for a cell with dropout; None for one without."""
    return random.run_seed() if described.description.uses_seed else None


def bare_step(cell: Any, described: Described, inputs: Any, state: Any) -> Any:
    """One step outside a driver. The steps of one cell share a run's seed and are counted, as a driver's
    are.
    """
    graph = get_default_graph()
    if not described.description.uses_seed:
        return step_node(described, inputs, state, cell.state_size)
    if graph.outer is not None:  # a loop's body: its own step decides the masks
        return step_node(described, inputs, state, cell.state_size, seed_for(described))
    counts = cell.__dict__.setdefault("_bare_steps", {})
    seed, index = counts.get(graph) or (seed_for(described), 0)
    counts[graph] = (seed, index + 1)
    return step_node(described, inputs, state, cell.state_size, seed, index=index)


def is_plain(cell: Any, base: type, *methods: str) -> bool:
    """Whether a cell still has these methods of a class of this module: what derives from it may do anything
    in them.
    """
    return all(getattr(type(cell), method) is getattr(base, method) for method in methods)


def step_node(
    described: Described,
    inputs: Any,
    state: Any,
    state_size: Any,
    seed: Any = None,
    lengths: Any = None,
    index: int = 0,
) -> Any:
    """The node of one step of a described cell: (output, new state)."""
    if nest.is_sequence(state) and nest.is_sequence(state_size):
        # A cell called by hand takes a state apart by position: (c, h) will do for an LSTMStateTuple.
        leaves = nest.flatten(state)
        if len(leaves) == len(nest.flatten(state_size)):
            state = nest.pack_sequence_as(state_size, leaves)
    check_state(state, state_size)
    flat_inputs = [convert_to_tensor(leaf) for leaf in nest.flatten(inputs)]
    likes = nest.flatten(state)
    flat_state = [convert_to_tensor(flow_of(leaf)) for leaf in likes]
    description = described.description
    outputs, new_state = rnn.step(
        description, flat_inputs, flat_state, described.tensors, seed, lengths, index
    )
    packed = outputs[0] if len(outputs) == 1 else nest.pack_sequence_as(description.output_size, outputs)
    return packed, nest.pack_sequence_as(state_size, with_flows(likes, new_state))


def check_state(state: Any, state_size: Any) -> None:
    """Raise a TypeError where a state has another structure than the cell's."""
    if isinstance(state, Tensor) and nest.is_sequence(state_size):
        raise TypeError(
            f"iterating over `tf.Tensor` is not allowed in Graph execution: expected state to be a "
            f"{type(state_size).__name__} of tensors like {state_size}, but received the tensor {state}; "
            "cell.zero_state(batch_size, dtype) makes one."
        )
    nest.assert_same_structure(state_size, state)
