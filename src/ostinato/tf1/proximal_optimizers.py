"""Optimisers that hold variables near zero, or at zero, by a penalty that is solved for exactly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from .adaptive_optimizers import filled_slot
from .initializers import Constant
from .ops.core import constant
from .optimizer import Optimizer
from .tensor import Operation, Tensor
from .updates import register_update
from .variables import Variable


def _shrunk(value: torch.Tensor, rate: Any, l1: Any, l2: Any) -> torch.Tensor:
    """The proximal step: towards zero by rate * l1, as far as zero, and divided by 1 + rate * l2."""
    if float(l1) > 0:
        value = torch.sign(value) * torch.clamp(value.abs() - rate * l1, min=0)
    return value / (1 + l2 * rate)


class ProximalGradientDescentOptimizer(Optimizer):
    """Gradient descent with proximal l1 and l2 penalties (TF1: `tf.train.ProximalGradientDescentOptimizer`;
    Duchi and Singer 2009).
    """

    def __init__(
        self,
        learning_rate: Any,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        use_locking: bool = False,
        name: str = "ProximalGradientDescent",
    ) -> None:
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._l1, self._l2 = l1_regularization_strength, l2_regularization_strength

    _rows_as_whole = False

    def _prepare(self) -> None:
        named = [
            ("learning_rate", self._learning_rate),
            ("l1_regularization_strength", self._l1),
            ("l2_regularization_strength", self._l2),
        ]
        self._numbers = [self._node(value, name) for name, value in named]

    def _apply_dense(self, grad: Tensor, var: Variable) -> Operation:
        return self._apply("ApplyProximalGradientDescent", var, [], [*self._numbers, grad])


def _proximal_descent(value: torch.Tensor, rate: Any, l1: Any, l2: Any, grad: Any) -> list[torch.Tensor]:
    return [_shrunk(value - grad * rate, rate, l1, l2)]


register_update("ApplyProximalGradientDescent", 0, _proximal_descent, by_rows=True)


class ProximalAdagradOptimizer(Optimizer):
    """Adagrad with proximal l1 and l2 penalties (TF1 symbol: `tf.train.ProximalAdagradOptimizer`).

    Raises:
        ValueError: the accumulation would not start above zero.
    """

    _rows_as_whole = False

    def __init__(
        self,
        learning_rate: Any,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        use_locking: bool = False,
        name: str = "ProximalAdagrad",
    ) -> None:
        if initial_accumulator_value <= 0.0:
            raise ValueError(f"initial_accumulator_value must be positive: {initial_accumulator_value}")
        super().__init__(use_locking, name)
        self._learning_rate, self._initial_accumulator_value = learning_rate, initial_accumulator_value
        self._l1, self._l2 = l1_regularization_strength, l2_regularization_strength

    def _create_slots(self, var_list: Sequence[Variable]) -> None:
        value = self._initial_accumulator_value
        for variable in var_list:
            initializer = Constant(value, dtype=variable.dtype.base_dtype)
            filled_slot(self, variable, initializer, value, "accumulator")

    def _prepare(self) -> None:
        named = [
            ("learning_rate", self._learning_rate),
            ("l1_regularization_strength", self._l1),
            ("l2_regularization_strength", self._l2),
        ]
        self._numbers = [self._node(value, name) for name, value in named]

    def _apply_dense(self, grad: Tensor, var: Variable) -> Operation:
        return self._apply("ApplyProximalAdagrad", var, ["accumulator"], [*self._numbers, grad])


def _proximal_adagrad(
    value: torch.Tensor, accumulation: Any, rate: Any, l1: Any, l2: Any, grad: Any
) -> list[torch.Tensor]:
    accumulation = accumulation + grad * grad
    rates = torch.rsqrt(accumulation) * rate
    return [_shrunk(value - grad * rates, rates, l1, l2), accumulation]


register_update("ApplyProximalAdagrad", 1, _proximal_adagrad, by_rows=True)


def check_bounds(
    initial_accumulator_value: float,
    l1_regularization_strength: float,
    l2_regularization_strength: float,
    l2_shrinkage_regularization_strength: float,
    learning_rate_power: float,
) -> None:
    """Hold the numbers of a regularised leader to their bounds.

    Raises:
        ValueError: one of them is beyond.
    """
    for what, value in (
        ("initial_accumulator_value", initial_accumulator_value),
        ("l1_regularization_strength", l1_regularization_strength),
        ("l2_regularization_strength", l2_regularization_strength),
        ("l2_shrinkage_regularization_strength", l2_shrinkage_regularization_strength),
    ):
        if value < 0.0:
            raise ValueError(f"{what} {value} needs to be positive or zero")
    if learning_rate_power > 0.0:
        raise ValueError(f"learning_rate_power {learning_rate_power} needs to be negative or zero")


class FtrlOptimizer(Optimizer):
    """Follow the regularised leader, proximal (TF1 symbol: `tf.train.FtrlOptimizer`; McMahan et al. 2013).

    Args:
        learning_rate: the rate.
        learning_rate_power: the power of the accumulation that divides the rate, at most 0.
        initial_accumulator_value: where the accumulation starts, at least 0.
        l1_regularization_strength, l2_regularization_strength: the penalties, at least 0.
        accum_name, linear_name: names of the slots.
        l2_shrinkage_regularization_strength: a penalty on the size that enters the gradient.

    Raises:
        ValueError: one of the numbers is out of its bounds.
    """

    _rows_as_whole = False

    def __init__(
        self,
        learning_rate: Any,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        use_locking: bool = False,
        name: str = "Ftrl",
        accum_name: str | None = None,
        linear_name: str | None = None,
        l2_shrinkage_regularization_strength: float = 0.0,
    ) -> None:
        super().__init__(use_locking, name)
        check_bounds(
            initial_accumulator_value,
            l1_regularization_strength,
            l2_regularization_strength,
            l2_shrinkage_regularization_strength,
            learning_rate_power,
        )
        self._learning_rate, self._power = learning_rate, learning_rate_power
        self._initial_accumulator_value = initial_accumulator_value
        self._l1, self._l2 = l1_regularization_strength, l2_regularization_strength
        self._shrinkage = l2_shrinkage_regularization_strength
        self._accum_name, self._linear_name = accum_name, linear_name

    def _create_slots(self, var_list: Sequence[Variable]) -> None:
        for variable in var_list:
            start = constant(self._initial_accumulator_value, variable.dtype.base_dtype, shape=variable.shape)
            self._get_or_make_slot(variable, start, "accum", self._accum_name or self._name)
            self._zeros_slot(variable, "linear", self._linear_name or self._name)

    def _prepare(self) -> None:
        named = [
            ("learning_rate", self._learning_rate),
            ("l1_regularization_strength", self._l1),
            ("l2_regularization_strength", self._l2),
            ("l2_shrinkage_regularization_strength", self._shrinkage),
            ("learning_rate_power", self._power),
        ]
        self._numbers = [self._node(value, name) for name, value in named]

    def _apply_dense(self, grad: Tensor, var: Variable) -> Operation:
        rate, l1, l2, shrinkage, power = self._numbers
        if self._shrinkage > 0:
            inputs = [grad, rate, l1, l2, shrinkage, power]
            return self._apply("ApplyFtrlV2", var, ["accum", "linear"], inputs)
        return self._apply("ApplyFtrl", var, ["accum", "linear"], [grad, rate, l1, l2, power])


def _with_shrinkage(
    value: torch.Tensor,
    accumulation: Any,
    linear: Any,
    grad: Any,
    rate: Any,
    l1: Any,
    l2: Any,
    shrinkage: Any,
    power: Any,
) -> list[torch.Tensor]:
    grown = accumulation + grad * grad
    new, old = torch.pow(grown, -power), torch.pow(accumulation, -power)
    linear = linear + (grad + 2 * shrinkage * value) - (new - old) / rate * value
    x = l1 * torch.sign(linear) - linear
    y = new / rate + 2 * l2
    value = torch.where(linear.abs() > l1, x / y, torch.zeros_like(value))
    return [value, grown, linear]


def _without_shrinkage(
    value: torch.Tensor,
    accumulation: Any,
    linear: Any,
    grad: Any,
    rate: Any,
    l1: Any,
    l2: Any,
    power: Any,
) -> list[torch.Tensor]:
    return _with_shrinkage(value, accumulation, linear, grad, rate, l1, l2, 0, power)


register_update("ApplyFtrlV2", 2, _with_shrinkage, grad=3, by_rows=True)
register_update("ApplyFtrl", 2, _without_shrinkage, grad=3, by_rows=True)
