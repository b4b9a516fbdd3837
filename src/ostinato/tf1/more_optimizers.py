"""Optimisers of `tf.contrib.opt`: Adam's kin, and those that go by signs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from .graph import control_dependencies, name_scope
from .indexed_slices import IndexedSlices
from .ops.control import group
from .optimizer import Optimizer, rows_of
from .optimizers import AdamOptimizer
from .tensor import Operation, Tensor
from .updates import register_update
from .variables import Variable


class LazyAdamOptimizer(AdamOptimizer):
    """Adam that leaves alone the rows that a gradient is not of (TF1 symbol:
    `tf.contrib.opt.LazyAdamOptimizer`).
    """

    _rows_as_whole = False


LazyAdamGSOptimizer = LazyAdamOptimizer
AdamGSOptimizer = AdamOptimizer


def _nadam(
    value: torch.Tensor,
    m: Any,
    v: Any,
    power1: Any,
    power2: Any,
    rate: Any,
    beta1: Any,
    beta2: Any,
    epsilon: Any,
    grad: Any,
) -> list[torch.Tensor]:
    first, second = beta1.item(), beta2.item()
    m = torch.lerp(m, grad, 1 - first)
    v = torch.mul(v, second).addcmul_(grad, grad, value=1 - second)
    step = rate * torch.sqrt(1 - power2) / (1 - power1)
    ahead = torch.mul(m, first).add_(grad, alpha=1 - first)
    return [value - step * ahead / (torch.sqrt(v) + epsilon), m, v]


def _adamax(
    value: torch.Tensor,
    m: Any,
    v: Any,
    power1: Any,
    rate: Any,
    beta1: Any,
    beta2: Any,
    epsilon: Any,
    grad: Any,
) -> list[torch.Tensor]:
    m = torch.lerp(m, grad, 1 - beta1.item())
    v = torch.maximum(v * beta2, grad.abs())
    return [value - rate / (1 - power1) * m / (v + epsilon), m, v]


def _by_sign(
    value: torch.Tensor, m: Any, rate: Any, beta: Any, decay: Any, base: Any, grad: Any, adds: bool
) -> list[torch.Tensor]:
    m = m * beta + grad * (1 - beta)
    signs = decay * torch.sign(grad) * torch.sign(m)
    scale = base + signs if adds else torch.exp(base * signs)
    return [value - rate * scale * grad, m]


register_update("ApplyNadam", 2, _nadam)
register_update("ApplyAdaMax", 2, _adamax, by_rows=True)
register_update("ApplyBySign", 1, _by_sign)


class NadamOptimizer(AdamOptimizer):
    """Adam with Nesterov's momentum (TF1 symbol: `tf.contrib.opt.NadamOptimizer`)."""

    def _updated(self, grad: Any, variable: Variable) -> Any:
        if not isinstance(grad, IndexedSlices):
            return super()._updated(grad, variable)
        # The averages of all rows go on, and the rows of the gradient alone move by them.
        numbers = self._numbers
        self._numbers = [numbers[0] * rows_of(grad, variable), *numbers[1:]]
        try:
            return super()._updated(grad, variable)
        finally:
            self._numbers = numbers

    def _apply_dense(self, grad: Tensor, var: Variable) -> Operation:
        powers = [power.value() for power in self._get_beta_accumulators()]
        return self._apply("ApplyNadam", var, ["m", "v"], [*powers, *self._numbers, grad])


class AdaMaxOptimizer(AdamOptimizer):
    """Adam with the largest gradient in the place of the squares (TF1: `tf.contrib.opt.AdaMaxOptimizer`)."""

    _rows_as_whole = False

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        epsilon: Any = 1e-8,
        use_locking: bool = False,
        name: str = "AdaMax",
    ) -> None:
        super().__init__(learning_rate, beta1, beta2, epsilon, use_locking, name)

    def _create_slots(self, var_list: Sequence[Variable]) -> None:
        first = min(var_list, key=lambda variable: variable.name)
        self._create_non_slot_variable(self._call_if_callable(self._beta1), "beta1_power", first)
        for variable in var_list:
            self._zeros_slot(variable, "m", self._name)
            self._zeros_slot(variable, "v", self._name)

    def _get_beta_accumulators(self) -> list[Variable]:
        return [item for (name, _), item in self._non_slots.items() if name == "beta1_power"][-1:]

    def _apply_dense(self, grad: Tensor, var: Variable) -> Operation:
        power = self._get_beta_accumulators()[0].value()
        return self._apply("ApplyAdaMax", var, ["m", "v"], [power, *self._numbers, grad])

    def _finish(self, update_ops: Sequence[Any], name_scope: str) -> Operation:
        with control_dependencies(update_ops):
            power = self._get_beta_accumulators()[0]
            advanced = power.assign(power * self._numbers[1]).op
        return group(*update_ops, advanced, name=name_scope)


class _BySign(Optimizer):
    _adds = True

    def __init__(
        self, learning_rate: Any, base: Any, beta: Any, decay_fn: Any, use_locking: bool, name: str
    ) -> None:
        super().__init__(use_locking, name)
        self._learning_rate, self._base, self._beta, self._decay_fn = learning_rate, base, beta, decay_fn

    def apply_gradients(
        self, grads_and_vars: Any, global_step: Any = None, name: str | None = None
    ) -> Operation:
        if self._decay_fn is not None:
            with name_scope(None):
                self._decay = self._decay_fn(global_step)
        return super().apply_gradients(grads_and_vars, global_step, name)

    def _create_slots(self, var_list: Sequence[Variable]) -> None:
        for variable in var_list:
            self._zeros_slot(variable, "m", self._name)

    def _apply_dense(self, grad: Tensor, var: Variable) -> Operation:
        decay = self._decay if self._decay_fn is not None else 1.0
        given = [self._node(item, "number") for item in (self._learning_rate, self._beta, decay, self._base)]
        return self._apply("ApplyBySign", var, ["m"], [*given, grad], adds=self._adds)


class AddSignOptimizer(_BySign):
    """Steps scaled by alpha + sign(g) sign(m) (TF1 symbol: `tf.contrib.opt.AddSignOptimizer`).

    Source: Bello et al., "Neural optimizer search" (2017).
    """

    def __init__(
        self,
        learning_rate: Any = 0.1,
        alpha: Any = 1.0,
        beta: Any = 0.9,
        sign_decay_fn: Any = None,
        use_locking: bool = False,
        name: str = "AddSignOptimizer",
    ) -> None:
        super().__init__(learning_rate, alpha, beta, sign_decay_fn, use_locking, name)


class PowerSignOptimizer(_BySign):
    """Steps scaled by base ** (sign(g) sign(m)) (TF1 symbol: `tf.contrib.opt.PowerSignOptimizer`).

    Source: Bello et al., "Neural optimizer search" (2017).
    """

    _adds = False

    def __init__(
        self,
        learning_rate: Any = 0.1,
        base: Any = 2.718281828459045,
        beta: Any = 0.9,
        sign_decay_fn: Any = None,
        use_locking: bool = False,
        name: str = "PowerSignOptimizer",
    ) -> None:
        import math

        super().__init__(learning_rate, math.log(base), beta, sign_decay_fn, use_locking, name)
