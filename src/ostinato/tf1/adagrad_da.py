"""Adagrad that keeps what gradients add up to, not where it has come (TF1 symbol:
`tf.train.AdagradDAOptimizer`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from .ops.array import identity
from .ops.core import constant
from .ops.math import cast
from .optimizer import Optimizer
from .tensor import Operation, Tensor
from .updates import register_update
from .variables import Variable


class AdagradDAOptimizer(Optimizer):
    """Adagrad dual averaging: a variable follows from the sums of its gradients and of their squares, so that
    the l1 penalty holds at zero what is not needed. Variables begin at zero (TF1 symbol:
    `tf.train.AdagradDAOptimizer`; Duchi, Hazan and Singer 2011).

    Args:
        learning_rate: the rate.
        global_step: the variable of the steps, which `minimize` counts on.
        initial_gradient_squared_accumulator_value: where the sum of squares begins, above 0.
        l1_regularization_strength, l2_regularization_strength: the penalties.

    Raises:
        ValueError: the sum of squares would not begin above zero.
    """

    _rows_as_whole = False

    def __init__(
        self,
        learning_rate: Any,
        global_step: Any,
        initial_gradient_squared_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        use_locking: bool = False,
        name: str = "AdagradDA",
    ) -> None:
        value = initial_gradient_squared_accumulator_value
        if value <= 0.0:
            raise ValueError(f"initial_gradient_squared_accumulator_value must be positive: {value}")
        super().__init__(use_locking, name)
        self._learning_rate, self._global_step, self._initial = learning_rate, global_step, value
        self._l1, self._l2 = l1_regularization_strength, l2_regularization_strength

    def _create_slots(self, var_list: Sequence[Variable]) -> None:
        for variable in var_list:
            kind, shape = variable.dtype.base_dtype, variable.shape
            sums = constant(0.0, kind, shape)
            squares = constant(self._initial, kind, shape)
            self._get_or_make_slot(variable, sums, "gradient_accumulator", self._name)
            self._get_or_make_slot(variable, squares, "gradient_squared_accumulator", self._name)

    def _prepare(self) -> None:
        self._rate = self._node(self._learning_rate, "learning_rate")
        self._steps = identity(self._global_step) + 1

    def _apply_dense(self, grad: Tensor, var: Variable) -> Operation:
        kind = var.dtype.base_dtype
        steps = identity(self._steps)
        numbers = [cast(value, kind) for value in (self._rate, self._l1, self._l2)]
        slots = ["gradient_accumulator", "gradient_squared_accumulator"]
        return self._apply("ApplyAdagradDA", var, slots, [grad, *numbers], [steps])


def _adagrad_da(
    value: torch.Tensor, sums: Any, squares: Any, grad: Any, rate: Any, l1: Any, l2: Any, steps: Any
) -> list[torch.Tensor]:
    sums, squares = sums + grad, squares + grad * grad
    size = sums.abs() - l1 * steps
    if float(l1) > 0:
        size = torch.clamp(size, min=0)
    return [-torch.sign(sums) * rate * size / (l2 * steps * rate + torch.sqrt(squares)), sums, squares]


register_update("ApplyAdagradDA", 2, _adagrad_da, grad=3, by_rows=True)
