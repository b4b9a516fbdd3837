"""Cells (TF1 module: `tf.nn.rnn_cell`): shells that own variables and say which core cell they stand for."""

from __future__ import annotations

from typing import Any

from ostinato import steps

from .family_cell import FamilyLayerCell
from .keras import initializers
from .partitioned import fixed_size_partitioner
from .rnn_cell_base import LayerRNNCell, LSTMStateTuple, RNNCell

__all__ = [
    "BasicLSTMCell",
    "BasicRNNCell",
    "GRUCell",
    "LSTMCell",
    "LSTMStateTuple",
    "LayerRNNCell",
    "RNNCell",
]


class BasicRNNCell(FamilyLayerCell):
    """h' = activation([x, h] @ kernel + bias) (TF1 symbol: `tf.nn.rnn_cell.BasicRNNCell`).

    Args:
        num_units: units n, the size of output and state.
        activation: a name, a function of tensors, or None for tanh.
        reuse: whether the variables are shared with those that the scope has.
        name, dtype: of the layer and of its variables; None is the class's name and the type of the inputs.

    Variables: `kernel` `[depth + n, n]`, `bias` `[n]`.
    """

    _attributes = {"kernel": "_kernel", "bias": "_bias"}
    _configured = ("num_units", "activation", "reuse")

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


class GRUCell(FamilyLayerCell):
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
    _configured = ("num_units", "kernel_initializer", "bias_initializer", "activation", "reuse")

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
        self._kernel_initializer = initializers.get(kernel_initializer)
        self._bias_initializer = initializers.get(bias_initializer)

    def _family(self) -> Any:
        return steps.GRU(self._num_units, self._known_activation())

    def _initializer_of(self, parameter: steps.Parameter) -> Any:
        if parameter.initial_value is None:
            return self._kernel_initializer
        return (
            super()._initializer_of(parameter) if self._bias_initializer is None else self._bias_initializer
        )


class BasicLSTMCell(FamilyLayerCell):
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
    _configured = ("num_units", "forget_bias", "state_is_tuple", "activation", "reuse")

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


class LSTMCell(FamilyLayerCell):
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
    _configured = (
        "num_units",
        "use_peepholes",
        "cell_clip",
        "initializer",
        "num_proj",
        "proj_clip",
        "num_unit_shards",
        "num_proj_shards",
        "forget_bias",
        "state_is_tuple",
        "activation",
        "reuse",
    )

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
        self._num_unit_shards, self._num_proj_shards = num_unit_shards, num_proj_shards
        self._num_units, self._use_peepholes, self._cell_clip = num_units, use_peepholes, cell_clip
        self._initializer = initializers.get(initializer)
        self._num_proj, self._proj_clip = num_proj, proj_clip
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
        shards = {"kernel": self._num_unit_shards, "projection/kernel": self._num_proj_shards}
        count = shards.get(parameter.name)
        if count is None:
            return super()._add_parameter(parameter)
        return self.add_variable(
            parameter.name,
            shape=parameter.shape,
            initializer=self._initializer_of(parameter),
            partitioner=fixed_size_partitioner(count),
        )
