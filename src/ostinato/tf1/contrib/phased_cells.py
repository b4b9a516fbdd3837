"""The phased LSTM (TF1 module: `tf.contrib.rnn`)."""

from __future__ import annotations

from typing import Any

from ostinato import steps

from ..family_cell import FamilyCell
from ..ops.random import random_uniform
from ..shapes import as_shape
from ..tensor import Tensor

__all__ = ["PhasedLSTMCell"]


class PhasedLSTMCell(FamilyCell):
    """An LSTM whose units open in a part of a period of their own (TF1 symbol:
    `tf.contrib.rnn.PhasedLSTMCell`; Neil, Pfeiffer and Liu 2016).

    The inputs of a step are (time `[batch, 1]` of any floating type, x `[batch, depth]` in float32).
    Variables: `mask_gates/kernel`, `mask_gates/bias`, `new_input/kernel`, `new_input/bias`,
    `output_gate/kernel`, `output_gate/bias`, `period`, `phase` and `ratio_on` `[n]`.

    Args:
        use_peepholes: the gates see c too.
        leak: how open a closed unit stays.
        ratio_on: the share of its period in which a unit is open, at first; fixed unless
            `trainable_ratio_on`.
        period_init_min, period_init_max: between them the periods start; their logarithms are uniform.
    """

    def __init__(
        self,
        num_units: int,
        use_peepholes: bool = False,
        leak: float = 0.001,
        ratio_on: float = 0.1,
        trainable_ratio_on: bool = True,
        period_init_min: float = 1.0,
        period_init_max: float = 1000.0,
        reuse: Any = None,
    ) -> None:
        super().__init__(reuse)
        self._trainable_ratio_on = trainable_ratio_on
        self._phased_family = steps.PhasedLSTM(
            num_units, use_peepholes, leak, ratio_on, period_init_min, period_init_max
        )

    _takes_nests = True

    def _family(self) -> Any:
        return self._phased_family

    def _in_scope(self, inputs: Any, scope: Any = None) -> Any:
        if not isinstance(inputs, (tuple, list)) or len(inputs) != 2:
            raise TypeError(f"PhasedLSTMCell takes the inputs (time, x), but got {inputs}.")
        self._dtype = inputs[1].dtype.base_dtype.name  # the time may be of another type
        return super()._in_scope(inputs, scope)

    def _depth(self, inputs_shape: Any) -> int:
        shape = as_shape(inputs_shape[1])
        if shape.ndims != 2:
            raise ValueError(f"linear is expecting 2D arguments: {[shape]}")
        if shape[1].value is None:
            raise ValueError(f"linear expects shape[1] to be provided for shape {shape}, but saw {shape[1]}")
        return int(shape[1].value)

    def _trainable(self, parameter: steps.Parameter) -> bool | None:
        return self._trainable_ratio_on if parameter.name == "ratio_on" else None

    def _initializer_of(self, parameter: steps.Parameter) -> Any:
        if parameter.name != "phase":
            return super()._initializer_of(parameter)
        period = getattr(self, self._attribute("period"))

        def within_the_period(shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
            return random_uniform(shape, dtype=dtype) * period.initial_value

        return within_the_period
