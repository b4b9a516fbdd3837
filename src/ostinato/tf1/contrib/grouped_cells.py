"""The LSTM in groups (TF1 module: `tf.contrib.rnn`)."""

from __future__ import annotations

from typing import Any

from ostinato import steps

from ..family_cell import FamilyCell
from ..ops import math
from ..shapes import as_shape

__all__ = ["GLSTMCell"]


class GLSTMCell(FamilyCell):
    """An LSTM cut into groups of units, each of which sees its own part of the inputs and of the state (TF1
    symbol: `tf.contrib.rnn.GLSTMCell`; Kuchaiev and Ginsburg 2017).

    `activation` is that of c in the output; a candidate's is tanh. `initializer` is that of the groups'
    kernels. Variables: `group0/kernel`
    `[(depth + m) / groups, 4 n / groups]` and so on, `bias_i`, `bias_j`, `bias_f`, `bias_o` `[n]`, and
    `projection/kernel` `[n, m]`.

    Raises:
        ValueError: units, projection or depth cannot be divided into the groups.
    """

    def __init__(
        self,
        num_units: int,
        initializer: Any = None,
        num_proj: int | None = None,
        number_of_groups: int = 1,
        forget_bias: float = 1.0,
        activation: Any = math.tanh,
        reuse: Any = None,
    ) -> None:
        super().__init__(reuse, activation=activation)
        self._num_units, self._initializer, self._num_proj = num_units, initializer, num_proj
        self._number_of_groups, self._forget_bias = number_of_groups, forget_bias
        self._family()  # says what does not divide

    def _family(self) -> Any:
        return steps.GroupLSTM(
            self._num_units,
            self._num_proj or None,
            self._number_of_groups,
            self._forget_bias,
            self._known_activation(),
        )

    def _depth(self, inputs_shape: Any) -> int:
        depth = as_shape(inputs_shape)[1].value
        if depth is None:
            raise ValueError("input size must be statically known")
        self._family().check_input_size(depth)
        return int(depth)

    def _initializer_of(self, parameter: steps.Parameter) -> Any:
        # The projection is the scope's to initialise, as in TensorFlow.
        is_group = parameter.initial_value is None and parameter.name != "projection/kernel"
        return self._initializer if is_group else super()._initializer_of(parameter)
