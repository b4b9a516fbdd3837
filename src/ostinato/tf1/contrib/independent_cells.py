"""Cells with a recurrent weight a unit in the place of a matrix (TF1 module: `tf.contrib.rnn`)."""

from __future__ import annotations

from typing import Any

from ostinato import steps
from ostinato._init import Uniform

from ..family_cell import FamilyLayerCell

__all__ = ["IndRNNCell", "IndyGRUCell", "IndyLSTMCell"]


class IndRNNCell(FamilyLayerCell):
    """h' = activation(x @ kernel_w + h * kernel_u + bias) (TF1 symbol: `tf.contrib.rnn.IndRNNCell`; Li et
    al. 2018).

    Variables: `kernel_w` `[depth, n]`, `kernel_u` `[1, n]`, which starts in U(-1, 1), `bias`.
    """

    _attributes = {"kernel_w": "_kernel_w", "kernel_u": "_kernel_u", "bias": "_bias"}

    def __init__(
        self,
        num_units: int,
        activation: Any = None,
        reuse: Any = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reuse, name, dtype, activation)
        self._num_units = num_units

    def _family(self) -> Any:
        return steps.IndRNN(self._num_units, self._known_activation())


class _InitializedCell(FamilyLayerCell):
    """A cell with initialisers for the inputs' kernels and for the biases."""

    def __init__(
        self,
        num_units: int,
        activation: Any,
        reuse: Any,
        kernel_initializer: Any,
        bias_initializer: Any,
        name: str | None,
        dtype: Any,
    ) -> None:
        super().__init__(reuse, name, dtype, activation)
        self._num_units = num_units
        self._kernel_initializer, self._bias_initializer = kernel_initializer, bias_initializer

    def _initializer_of(self, parameter: steps.Parameter) -> Any:
        if parameter.initial_value is None:
            return self._kernel_initializer
        if isinstance(parameter.initial_value, Uniform) or self._bias_initializer is None:
            return super()._initializer_of(parameter)
        return self._bias_initializer


class IndyGRUCell(_InitializedCell):
    """A GRU whose recurrent matrices are diagonal (TF1 symbol: `tf.contrib.rnn.IndyGRUCell`; Li et al. 2018).

    Variables: `gates/kernel_w` `[depth, 2 n]`, `gates/kernel_u` `[1, 2 n]`, `gates/bias`, which starts at 1,
    `candidate/kernel` `[depth, n]`, `candidate/kernel_u` `[1, n]`, `candidate/bias`.
    """

    _attributes = {
        "gates/kernel_w": "_gate_kernel_w",
        "gates/kernel_u": "_gate_kernel_u",
        "gates/bias": "_gate_bias",
        "candidate/kernel": "_candidate_kernel_w",
        "candidate/kernel_u": "_candidate_kernel_u",
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
    ) -> None:
        super().__init__(num_units, activation, reuse, kernel_initializer, bias_initializer, name, dtype)

    def _family(self) -> Any:
        return steps.IndyGRU(self._num_units, self._known_activation())


class IndyLSTMCell(_InitializedCell):
    """An LSTM whose recurrent matrices are diagonal (TF1 symbol: `tf.contrib.rnn.IndyLSTMCell`; Gonnet and
    Deselaers 2019).

    Variables: `kernel_w` `[depth, 4 n]` with the gates i, j, f, o, `kernel_u` `[1, 4 n]`, which starts in
    U(-1, 1), `bias`.
    """

    _attributes = {"kernel_w": "_kernel_w", "kernel_u": "_kernel_u", "bias": "_bias"}

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        activation: Any = None,
        reuse: Any = None,
        kernel_initializer: Any = None,
        bias_initializer: Any = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(num_units, activation, reuse, kernel_initializer, bias_initializer, name, dtype)
        self._forget_bias = forget_bias

    def _family(self) -> Any:
        return steps.IndyLSTM(self._num_units, self._forget_bias, self._known_activation())
