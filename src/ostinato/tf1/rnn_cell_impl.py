"""Cells (TF1 module: `tf.nn.rnn_cell`): shells that own variables and say which core cell they stand for."""

from __future__ import annotations

from typing import Any

from ostinato import steps
from ostinato._state import LSTMStateTuple as _CoreStateTuple
from ostinato._state import leaves

from .activations import activation_function, core_activation
from .body import BodyFunction
from .cell_description import Description, Flat, Leaf
from .dtypes import as_dtype
from .graph import get_default_graph
from .initializers import Constant, Zeros
from .layers_base import InputSpec, StaticInput
from .ops.core import convert_to_tensor
from .partitioned import fixed_size_partitioner
from .rnn_cell_base import Described, LayerRNNCell, LSTMStateTuple, RNNCell, bare_step, is_plain
from .shapes import TensorShape, as_shape

__all__ = [
    "BasicLSTMCell",
    "BasicRNNCell",
    "GRUCell",
    "LSTMCell",
    "LSTMStateTuple",
    "LayerRNNCell",
    "RNNCell",
]


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
            setattr(self, self._attributes[parameter.name], self._add_parameter(parameter))
        self.built = True

    def _add_parameter(self, parameter: steps.Parameter) -> Any:
        return self.add_variable(
            parameter.name, shape=parameter.shape, initializer=self._initializer_of(parameter)
        )

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


class BasicRNNCell(_FamilyCell):
    """h' = activation([x, h] @ kernel + bias) (TF1 symbol: `tf.nn.rnn_cell.BasicRNNCell`).

    Args:
        num_units: units n, the size of output and state.
        activation: a name, a function of tensors, or None for tanh.
        reuse: whether the variables are shared with those that the scope has.
        name, dtype: of the layer and of its variables; None is the class's name and the type of the inputs.

    Variables: `kernel` `[depth + n, n]`, `bias` `[n]`.
    """

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
    """Gated recurrent unit (TF1 symbol: `tf.nn.rnn_cell.GRUCell`; Cho et al. 2014).

    The reset gate acts before the candidate's matmul. Variables: `gates/kernel` `[depth + n, 2 n]`,
    `gates/bias`, which starts at 1, `candidate/kernel` `[depth + n, n]`, `candidate/bias`.
    """

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
    """LSTM without options (TF1 symbol: `tf.nn.rnn_cell.BasicLSTMCell`); Hochreiter and Schmidhuber 1997.

    `kernel` `[depth + num_units, 4 * num_units]` has the gates i, j, f, o side by side; `forget_bias` is
    added at run time and never stored. The state is an LSTMStateTuple, or with `state_is_tuple=False` one
    tensor of c and h.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     cell = tf.nn.rnn_cell.BasicLSTMCell(64)
    ...     output, state = cell(tf.zeros([2, 12]), cell.zero_state(2, tf.float32))
    ...     print([(variable.name, variable.shape.as_list()) for variable in cell.variables])
    [('basic_lstm_cell/kernel:0', [76, 256]), ('basic_lstm_cell/bias:0', [256])]
    """

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
    """LSTM with peepholes, clipping and projection (TF1 symbol: `tf.nn.rnn_cell.LSTMCell`; Sak et al. 2014).

    `cell_clip` bounds c before it is output, `num_proj` projects the output, `proj_clip` bounds the
    projection; `num_unit_shards` and `num_proj_shards` keep a matrix in that many variables.
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
        self._shards = {"kernel": num_unit_shards or 1, "projection/kernel": num_proj_shards or 1}
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

    def _add_parameter(self, parameter: steps.Parameter) -> Any:
        count = self._shards.get(parameter.name, 1)
        if count == 1:
            return super()._add_parameter(parameter)
        return self.add_variable(
            parameter.name,
            shape=parameter.shape,
            initializer=self._initializer_of(parameter),
            partitioner=fixed_size_partitioner(count),
        )
