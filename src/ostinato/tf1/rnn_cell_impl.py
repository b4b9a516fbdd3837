"""Cells (TF1 module: `tf.nn.rnn_cell`): shells that own variables and say which cell of the core they stand
for.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from ostinato import steps
from ostinato._state import LSTMStateTuple as _CoreStateTuple
from ostinato._state import leaves

from . import nest
from . import variable_scope as vs
from .activations import activation_function, core_activation
from .body import BodyFunction
from .cell_description import Body, Description, Flat, Leaf, core_sizes
from .dtypes import as_dtype
from .graph import get_default_graph, name_scope
from .initializers import Constant, Zeros
from .layers_base import InputSpec, Layer, StaticInput
from .ops import array, random, rnn
from .ops.core import convert_to_tensor
from .shapes import TensorShape, as_shape
from .tensor import Tensor


class LSTMStateTuple(_CoreStateTuple):
    """An LSTM's state: c and h (TF1 symbol: `tf.nn.rnn_cell.LSTMStateTuple`)."""

    __slots__ = ()

    @property
    def dtype(self) -> Any:
        if self.c.dtype != self.h.dtype:
            raise TypeError(f"Inconsistent internal state: {self.c.dtype} vs {self.h.dtype}")
        return self.c.dtype


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

    # -- what drivers and wrappers ask
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
    return cell._describe(inputs) if known(cell) and not nest.is_sequence(inputs) else None


def traced(cell: Any, inputs: Any, state: Any, scope: str) -> Described:
    """A cell that only calling it tells about, called once: its step as a sub-graph."""
    flat_inputs, flat_state = nest.flatten(inputs), nest.flatten(state)
    names = [*["inputs"] * len(flat_inputs), *["state"] * len(flat_state)]
    states: list[Any] = []

    def function(*values: Tensor) -> list[Tensor]:
        given = nest.pack_sequence_as(inputs, values[: len(flat_inputs)])
        output, new_state = cell(given, nest.pack_sequence_as(state, values[len(flat_inputs) :]))
        nest.assert_same_structure(state, new_state)
        states[:] = [nest.map_structure(lambda leaf: as_shape(leaf.shape)[1:], output)]
        return [*nest.flatten(output), *nest.flatten(new_state)]

    body = BodyFunction(function, [*flat_inputs, *flat_state], scope, names)
    return Described(Body(body, core_sizes(cell.state_size), core_sizes(cell.output_size)), body.captured)


def zero_tensors(sizes: Any, batch_size: Any, dtype: Any) -> Any:
    def zero(size: Any) -> Tensor:
        if batch_size is None:
            raise ValueError(f"Provided a prefix or suffix of None: {batch_size} and {size}")
        rest = size.as_list() if isinstance(size, TensorShape) else [int(size)]
        return array.zeros([batch_size, *rest], dtype)

    return nest.map_structure(zero, sizes)


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


class _FamilyCell(LayerRNNCell):
    """A cell over a family of `ostinato.steps`, which has the names and shapes of its variables and its
    maths.
    """

    _attributes: dict[
        str, str
    ] = {}  # where TensorFlow's classes keep a variable, for code that derives from them

    def __init__(
        self,
        reuse: Any,
        name: str | None,
        dtype: Any,
        activation: Any,
        state_is_tuple: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        self.input_spec = InputSpec(ndim=2)
        self._activation = activation_function(activation)
        self._state_is_tuple = state_is_tuple
        self._bodies: dict[Any, BodyFunction] = {}

    def _family(self) -> Any:
        raise TypeError(f"{type(self).__name__} does not say which family of cells it is.")

    def _initializer_of(self, parameter: steps.Parameter) -> Any:
        if parameter.initial_value is None:
            return None
        return (
            Zeros(self._dtype or "float32")
            if parameter.initial_value == 0
            else Constant(parameter.initial_value)
        )

    @property
    def state_size(self) -> Any:
        size = self._family().state_size
        if isinstance(size, _CoreStateTuple):
            return LSTMStateTuple(size.c, size.h) if self._state_is_tuple else size.c + size.h
        return size

    @property
    def output_size(self) -> Any:
        return self._family().output_size

    def build(self, inputs_shape: Any) -> None:
        depth = as_shape(inputs_shape)[-1].value
        if depth is None:
            raise ValueError(f"Expected inputs.shape[-1] to be known, saw shape: {inputs_shape}")
        self._check_dtype()
        for parameter in self._family().parameters(depth):
            variable = self.add_variable(
                parameter.name, shape=parameter.shape, initializer=self._initializer_of(parameter)
            )
            setattr(self, self._attributes[parameter.name], variable)
        self.built = True

    def _check_dtype(self) -> None:
        if self._dtype is not None and not as_dtype(self._dtype).is_floating:
            raise ValueError(
                f"RNN cell only supports floating point inputs, but saw dtype: {as_dtype(self._dtype)}"
            )

    def _is_known(self) -> bool:
        return is_plain(self, _FamilyCell, "build", "call", "__call__")

    def _describe(self, inputs: Any) -> Described:
        with self._in_scope(inputs):
            return self._described(inputs)

    def _described(self, inputs: Any) -> Described:
        if not inputs.dtype.is_floating:
            raise ValueError(f"RNN cell only supports floating point inputs, but saw dtype: {inputs.dtype}")
        family = self._family()
        names = tuple(parameter.name for parameter in family.parameters(1))
        tensors = [convert_to_tensor(getattr(self, self._attributes[name])) for name in names]
        body = None
        if core_activation(self._activation) is None:
            body = self._activation_body(inputs.dtype.base_dtype)
            tensors += body.captured
        description: Description = Leaf(family, names, body)
        if not self._state_is_tuple and len(leaves(family.state_size)) > 1:
            description = Flat(description)
        return Described(description, tensors)

    def _activation_body(self, dtype: Any) -> BodyFunction:
        key = (get_default_graph(), dtype)
        if key not in self._bodies:
            value = StaticInput(dtype, TensorShape([None, None]))
            scope = get_default_graph().unique_name("activation")
            self._bodies[key] = BodyFunction(lambda x: [self._activation(x)], [value], scope, ["x"])
        return self._bodies[key]

    def _known_activation(self) -> Any:
        return core_activation(self._activation) or "linear"

    def call(self, inputs: Any, state: Any) -> Any:
        """One step, as one node: the output and the new state."""
        inputs = convert_to_tensor(inputs)
        return bare_step(self, self._described(inputs), inputs, state)


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
    check_state(state, state_size)
    flat_inputs = [convert_to_tensor(leaf) for leaf in nest.flatten(inputs)]
    flat_state = [convert_to_tensor(leaf) for leaf in nest.flatten(state)]
    description = described.description
    outputs, new_state = rnn.step(
        description, flat_inputs, flat_state, described.tensors, seed, lengths, index
    )
    packed = outputs[0] if len(outputs) == 1 else nest.pack_sequence_as(description.output_size, outputs)
    return packed, nest.pack_sequence_as(state_size, new_state)


def check_state(state: Any, state_size: Any) -> None:
    """Raise a TypeError where a state has another structure than the cell's."""
    if isinstance(state, Tensor) and nest.is_sequence(state_size):
        raise TypeError(
            f"Expected state to be a {type(state_size).__name__} of tensors like {state_size}, but "
            "received the tensor "
            f"{state}; cell.zero_state(batch_size, dtype) makes one."
        )
    nest.assert_same_structure(state_size, state)


class BasicRNNCell(_FamilyCell):
    """h' = activation([x, h] @ kernel + bias) (TF1 symbol: `tf.nn.rnn_cell.BasicRNNCell`)."""

    _attributes = {"kernel": "_kernel", "bias": "_bias"}

    def __init__(
        self,
        num_units: int,
        activation: Any = None,
        reuse: Any = None,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(reuse, name, dtype, activation, **kwargs)
        self._num_units = num_units

    def _family(self) -> Any:
        return steps.BasicRNN(self._num_units, self._known_activation())


class GRUCell(_FamilyCell):
    """Gated recurrent unit; the reset gate acts before the matmul (TF1 symbol: `tf.nn.rnn_cell.GRUCell`)."""

    _attributes = {
        "gates/kernel": "_gate_kernel",
        "gates/bias": "_gate_bias",
        "candidate/kernel": "_candidate_kernel",
        "candidate/bias": "_candidate_bias",
    }

    def __init__(
        self,
        num_units: int,
        activation: Any = None,
        reuse: Any = None,
        kernel_initializer: Any = None,
        bias_initializer: Any = None,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(reuse, name, dtype, activation, **kwargs)
        self._num_units = num_units
        self._kernel_initializer, self._bias_initializer = kernel_initializer, bias_initializer

    def _family(self) -> Any:
        return steps.GRU(self._num_units, self._known_activation())

    def _initializer_of(self, parameter: steps.Parameter) -> Any:
        if parameter.initial_value is None:
            return self._kernel_initializer
        return (
            super()._initializer_of(parameter) if self._bias_initializer is None else self._bias_initializer
        )


class BasicLSTMCell(_FamilyCell):
    """LSTM without options (TF1 symbol: `tf.nn.rnn_cell.BasicLSTMCell`); forget_bias is added at run time."""

    _attributes = {"kernel": "_kernel", "bias": "_bias"}

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        state_is_tuple: bool = True,
        activation: Any = None,
        reuse: Any = None,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(reuse, name, dtype, activation, state_is_tuple, **kwargs)
        self._num_units, self._forget_bias = num_units, forget_bias

    def _family(self) -> Any:
        return steps.LSTM(self._num_units, self._forget_bias, self._known_activation())


class LSTMCell(_FamilyCell):
    """LSTM with peepholes, clipping and projection (TF1 symbol: `tf.nn.rnn_cell.LSTMCell`).

    `initializer` is for the kernel, the peepholes and the projection; the bias starts at zeros.
    """

    _attributes = {
        "kernel": "_kernel",
        "bias": "_bias",
        "w_f_diag": "_w_f_diag",
        "w_i_diag": "_w_i_diag",
        "w_o_diag": "_w_o_diag",
        "projection/kernel": "_proj_kernel",
    }

    def __init__(
        self,
        num_units: int,
        use_peepholes: bool = False,
        cell_clip: float | None = None,
        initializer: Any = None,
        num_proj: int | None = None,
        proj_clip: float | None = None,
        num_unit_shards: int | None = None,
        num_proj_shards: int | None = None,
        forget_bias: float = 1.0,
        state_is_tuple: bool = True,
        activation: Any = None,
        reuse: Any = None,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(reuse, name, dtype, activation, state_is_tuple, **kwargs)
        for shards, value in [("num_unit_shards", num_unit_shards), ("num_proj_shards", num_proj_shards)]:
            if value is not None and value > 1:
                raise ValueError(
                    f"{shards}={value}: a variable is kept in one piece here; leave {shards} out."
                )
        self._num_units, self._use_peepholes, self._cell_clip = num_units, use_peepholes, cell_clip
        self._initializer, self._num_proj, self._proj_clip = initializer, num_proj, proj_clip
        self._forget_bias = forget_bias

    def _family(self) -> Any:
        return steps.LSTM(
            self._num_units,
            self._forget_bias,
            self._known_activation(),
            self._use_peepholes,
            self._cell_clip,
            self._num_proj,
            None if self._num_proj is None else self._proj_clip,
        )

    def _initializer_of(self, parameter: steps.Parameter) -> Any:
        return self._initializer if parameter.initial_value is None else super()._initializer_of(parameter)


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
