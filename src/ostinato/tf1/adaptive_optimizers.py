"""Optimisers that scale each element's step by the gradients it has had: Adagrad, Adadelta, RMSProp."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from .initializers import Constant, Ones
from .ops.array import fill
from .ops.array import shape as shape_of
from .ops.math import cast
from .optimizer import Optimizer
from .tensor import Operation, Tensor
from .updates import register_update
from .variables import Variable


def filled_slot(
    optimizer: Optimizer, variable: Variable, initializer: Any, value: float, slot_name: str
) -> None:
    """A slot that starts at one value everywhere, also of a variable whose shape is not known yet."""
    kind = variable.dtype.base_dtype
    if variable.shape.is_fully_defined():
        optimizer._get_or_make_slot_with_initializer(
            variable, initializer, variable.shape, kind, slot_name, optimizer._name
        )
    else:
        whole = fill(shape_of(variable.initialized_value()), cast(value, kind))
        optimizer._get_or_make_slot(variable, whole, slot_name, optimizer._name)


class AdagradOptimizer(Optimizer):
    """accumulation += gradient^2; variable -= learning_rate * gradient / sqrt(accumulation).

    TF1 symbol: `tf.train.AdagradOptimizer`; Duchi, Hazan and Singer 2011.

    Raises:
        ValueError: the accumulation would not start above zero.
    """

    def __init__(
        self,
        learning_rate: Any,
        initial_accumulator_value: float = 0.1,
        use_locking: bool = False,
        name: str = "Adagrad",
    ) -> None:
        if initial_accumulator_value <= 0.0:
            raise ValueError(f"initial_accumulator_value must be positive: {initial_accumulator_value}")
        super().__init__(use_locking, name)
        self._learning_rate, self._initial_accumulator_value = learning_rate, initial_accumulator_value

    def _create_slots(self, var_list: Sequence[Variable]) -> None:
        value = self._initial_accumulator_value
        for variable in var_list:
            initializer = Constant(value, dtype=variable.dtype.base_dtype)
            filled_slot(self, variable, initializer, value, "accumulator")

    def _prepare(self) -> None:
        self._rate = self._node(self._learning_rate, "learning_rate")

    def _apply_dense(self, grad: Tensor, var: Variable) -> Operation:
        return self._apply("ApplyAdagrad", var, ["accumulator"], [self._rate, grad])


def _adagrad(value: torch.Tensor, accumulation: Any, rate: Any, grad: Any) -> list[torch.Tensor]:
    accumulation = torch.addcmul(accumulation, grad, grad)
    return [torch.addcdiv(value, grad, torch.sqrt(accumulation), value=-rate.item()), accumulation]


register_update("ApplyAdagrad", 1, _adagrad, by_rows=True)


class AdadeltaOptimizer(Optimizer):
    """Adadelta (Zeiler 2012; TF1 symbol: `tf.train.AdadeltaOptimizer`).

    The step is the gradient times the root of the ratio of two decayed means: of the squares of past steps
    and of the squares of gradients, each with `epsilon` added.
    """

    _rows_as_whole = False

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: Any = 0.95,
        epsilon: Any = 1e-8,
        use_locking: bool = False,
        name: str = "Adadelta",
    ) -> None:
        super().__init__(use_locking, name)
        self._learning_rate, self._rho, self._epsilon = learning_rate, rho, epsilon

    def _create_slots(self, var_list: Sequence[Variable]) -> None:
        for variable in var_list:
            self._zeros_slot(variable, "accum", self._name)
            self._zeros_slot(variable, "accum_update", self._name)

    def _prepare(self) -> None:
        named = [("lr", self._learning_rate), ("rho", self._rho), ("epsilon", self._epsilon)]
        self._numbers = [self._node(value, name) for name, value in named]

    def _apply_dense(self, grad: Tensor, var: Variable) -> Operation:
        return self._apply("ApplyAdadelta", var, ["accum", "accum_update"], [*self._numbers, grad])


def _adadelta(
    value: torch.Tensor, squares: Any, steps: Any, rate: Any, rho: Any, epsilon: Any, grad: Any
) -> list[torch.Tensor]:
    share, least = rho.item(), epsilon.item()
    squares = torch.mul(squares, share).addcmul_(grad, grad, value=1 - share)
    step = torch.add(steps, least).div_(squares + least).sqrt_().mul_(grad)
    steps = torch.mul(steps, share).addcmul_(step, step, value=1 - share)
    return [torch.sub(value, step, alpha=rate.item()), squares, steps]


register_update("ApplyAdadelta", 2, _adadelta, by_rows=True)


class RMSPropOptimizer(Optimizer):
    """RMSProp (Tieleman and Hinton 2012; TF1 symbol: `tf.train.RMSPropOptimizer`).

    mean_square = decay * mean_square + (1 - decay) * gradient^2, from ones; the step, with momentum, is
    learning_rate * gradient / sqrt(mean_square + epsilon). `centered` subtracts the square of the mean
    gradient from the mean square (Graves 2013).
    """

    _rows_as_whole = False

    def __init__(
        self,
        learning_rate: Any,
        decay: Any = 0.9,
        momentum: Any = 0.0,
        epsilon: Any = 1e-10,
        use_locking: bool = False,
        centered: bool = False,
        name: str = "RMSProp",
    ) -> None:
        super().__init__(use_locking, name)
        self._learning_rate, self._decay, self._momentum = learning_rate, decay, momentum
        self._epsilon, self._centered = epsilon, centered

    def _create_slots(self, var_list: Sequence[Variable]) -> None:
        for variable in var_list:
            filled_slot(self, variable, Ones(dtype=variable.dtype.base_dtype), 1.0, "rms")
            if self._centered:
                self._zeros_slot(variable, "mg", self._name)
            self._zeros_slot(variable, "momentum", self._name)

    def _prepare(self) -> None:
        named = [
            ("learning_rate", self._learning_rate),
            ("decay", self._decay),
            ("momentum", self._momentum),
            ("epsilon", self._epsilon),
        ]
        self._numbers = [self._node(value, name) for name, value in named]

    def _apply_dense(self, grad: Tensor, var: Variable) -> Operation:
        inputs = [*self._numbers, grad]
        if self._centered:
            return self._apply("ApplyCenteredRMSProp", var, ["mg", "rms", "momentum"], inputs)
        return self._apply("ApplyRMSProp", var, ["rms", "momentum"], inputs)


def _rms(
    value: torch.Tensor,
    squares: Any,
    steps: Any,
    rate: Any,
    rho: Any,
    momentum: Any,
    epsilon: Any,
    grad: Any,
) -> list[torch.Tensor]:
    share = rho.item()
    squares = torch.mul(squares, share).addcmul_(grad, grad, value=1 - share)
    root = torch.add(squares, epsilon.item()).sqrt_()
    steps = torch.mul(steps, momentum.item()).addcdiv_(grad, root, value=rate.item())
    return [value - steps, squares, steps]


def _centered_rms(
    value: torch.Tensor,
    mean: Any,
    squares: Any,
    steps: Any,
    rate: Any,
    rho: Any,
    momentum: Any,
    epsilon: Any,
    grad: Any,
) -> list[torch.Tensor]:
    share = rho.item()
    squares = torch.mul(squares, share).addcmul_(grad, grad, value=1 - share)
    mean = torch.lerp(mean, grad, 1 - share)
    root = torch.addcmul(squares, mean, mean, value=-1).add_(epsilon.item()).sqrt_()
    steps = torch.mul(steps, momentum.item()).addcdiv_(grad, root, value=rate.item())
    return [value - steps, mean, squares, steps]


register_update("ApplyRMSProp", 2, _rms, by_rows=True)
register_update("ApplyCenteredRMSProp", 3, _centered_rms, by_rows=True)
