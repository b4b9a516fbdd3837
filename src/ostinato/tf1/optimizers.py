"""The optimisers that recurrent networks are mostly trained with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from ostinato.kernels.native import adam_step

from .graph import control_dependencies, get_default_graph
from .ops.control import group
from .optimizer import Optimizer
from .tensor import Operation, Tensor
from .updates import register_update
from .variables import Variable


class GradientDescentOptimizer(Optimizer):
    """variable -= learning_rate * gradient (TF1 symbol: `tf.train.GradientDescentOptimizer`).

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     variable = tf.Variable(3.0)
    ...     train = tf.train.GradientDescentOptimizer(0.5).minimize(tf.square(variable - 1.0))
    ...     session.run(tf.global_variables_initializer())
    ...     session.run(train)
    ...     session.run(variable).item()
    1.0
    """

    _rows_as_whole = False

    def __init__(self, learning_rate: Any, use_locking: bool = False, name: str = "GradientDescent") -> None:
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate

    def _prepare(self) -> None:
        self._rate = self._node(self._learning_rate, "learning_rate")

    def _apply_dense(self, grad: Tensor, var: Variable) -> Operation:
        return self._apply("ApplyGradientDescent", var, [], [self._rate, grad])


def _descended(value: torch.Tensor, rate: torch.Tensor, grad: torch.Tensor) -> list[torch.Tensor]:
    return [torch.sub(value, grad, alpha=rate.item())]


def _descended_together(
    shared: Sequence[torch.Tensor], rows: Sequence[tuple[torch.Tensor, ...]]
) -> list[list[torch.Tensor]]:
    rate = shared[0].item()
    return [[torch.sub(value, grad, alpha=rate)] for value, grad in rows]


register_update("ApplyGradientDescent", 0, _descended, by_rows=True, together=_descended_together)


class MomentumOptimizer(Optimizer):
    """accumulation = momentum * accumulation + gradient; variable -= learning_rate * accumulation.

    TF1 symbol: `tf.train.MomentumOptimizer`; `use_nesterov` takes the step that the next accumulation would
    make.
    """

    _rows_as_whole = False

    def __init__(
        self,
        learning_rate: Any,
        momentum: Any,
        use_locking: bool = False,
        name: str = "Momentum",
        use_nesterov: bool = False,
    ) -> None:
        super().__init__(use_locking, name)
        self._learning_rate, self._momentum, self._use_nesterov = learning_rate, momentum, use_nesterov

    def _create_slots(self, var_list: Sequence[Variable]) -> None:
        for variable in var_list:
            self._zeros_slot(variable, "momentum", self._name)

    def _prepare(self) -> None:
        self._rate = self._node(self._learning_rate, "learning_rate")
        self._share = self._node(self._momentum, "momentum")

    def _apply_dense(self, grad: Tensor, var: Variable) -> Operation:
        inputs = [self._rate, grad, self._share]
        return self._apply("ApplyMomentum", var, ["momentum"], inputs, use_nesterov=self._use_nesterov)


def _with_momentum(
    value: torch.Tensor, accumulation: Any, rate: Any, grad: Any, share: Any, use_nesterov: bool
) -> list[torch.Tensor]:
    rate, share = rate.item(), share.item()
    accumulation = torch.add(grad, accumulation, alpha=share)
    if use_nesterov:
        step = torch.add(grad, accumulation, alpha=share)
        return [torch.sub(value, step, alpha=rate), accumulation]
    return [torch.sub(value, accumulation, alpha=rate), accumulation]


register_update("ApplyMomentum", 1, _with_momentum, grad=3, by_rows=True)


class AdamOptimizer(Optimizer):
    """Adam (Kingma and Ba 2015) in TensorFlow's form (TF1 symbol: `tf.train.AdamOptimizer`).

    rate = learning_rate * sqrt(1 - beta2^t) / (1 - beta1^t); variable -= rate * m / (sqrt(v) + epsilon), so
    epsilon is what the paper calls epsilon hat.

    Args:
        learning_rate, beta1, beta2, epsilon: numbers or tensors, such as a schedule's.
        use_locking: taken, and of no effect: updates never mix here.
        name: of the updates, and of the slots `m` and `v` (`NAME/Adam` and `NAME/Adam_1` in a checkpoint).
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        epsilon: Any = 1e-8,
        use_locking: bool = False,
        name: str = "Adam",
    ) -> None:
        super().__init__(use_locking, name)
        self._learning_rate, self._beta1, self._beta2, self._epsilon = learning_rate, beta1, beta2, epsilon

    def _create_slots(self, var_list: Sequence[Variable]) -> None:
        first = min(var_list, key=lambda variable: variable.name)
        for name, value in [("beta1_power", self._beta1), ("beta2_power", self._beta2)]:
            self._create_non_slot_variable(self._call_if_callable(value), name, first)
        for variable in var_list:
            self._zeros_slot(variable, "m", self._name)
            self._zeros_slot(variable, "v", self._name)

    def _get_beta_accumulators(self) -> list[Variable]:
        graph = get_default_graph().outermost
        return [self._non_slots[name, graph] for name in ("beta1_power", "beta2_power")]

    def _prepare(self) -> None:
        named = [("learning_rate", self._learning_rate), ("beta1", self._beta1), ("beta2", self._beta2)]
        self._numbers = [self._node(value, name) for name, value in [*named, ("epsilon", self._epsilon)]]

    def _apply_dense(self, grad: Tensor, var: Variable) -> Operation:
        powers = [power.value() for power in self._get_beta_accumulators()]
        return self._apply("ApplyAdam", var, ["m", "v"], [*powers, *self._numbers, grad])

    def _finish(self, update_ops: Sequence[Any], name_scope: str) -> Operation:
        with control_dependencies(update_ops):
            powers = zip(self._get_beta_accumulators(), self._numbers[1:3], strict=True)
            advanced = [power.assign(power * beta).op for power, beta in powers]
        return group(*update_ops, *advanced, name=name_scope)


def _adam(value: torch.Tensor, *others: torch.Tensor) -> list[torch.Tensor]:
    m, v, *shared, grad = others
    return _adam_together(shared, [(value, m, v, grad)])[0]


def _adam_together(
    shared: Sequence[torch.Tensor], rows: Sequence[tuple[torch.Tensor, ...]]
) -> list[list[torch.Tensor]]:
    """The new value, m and v of each variable's (value, m, v, gradient)."""
    power1, power2, rate, beta1, beta2, epsilon = [number.item() for number in shared]
    rest1, rest2, step = 1 - beta1, 1 - beta2, rate * math.sqrt(1 - power2) / (1 - power1)
    native = [adam_step.runs(row) for row in rows]
    taken = [row for row, runs in zip(rows, native, strict=True) if runs]
    stepped = iter(adam_step.steps(taken, rest1, rest2, step, epsilon) if taken else [])
    made = []
    for (value, m, v, grad), runs in zip(rows, native, strict=True):
        if runs:
            made.append(next(stepped))
            continue
        m = torch.lerp(m, grad, rest1)
        v = torch.mul(v, 1 - rest2).addcmul_(grad, grad, value=rest2)
        made.append([torch.addcdiv(value, m, torch.sqrt(v).add_(epsilon), value=-step), m, v])
    return made


register_update("ApplyAdam", 2, _adam, by_rows=True, together=_adam_together)
