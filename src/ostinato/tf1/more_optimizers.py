"""Optimisers of `tf.contrib.opt`: Adam's kin, weight decay, averages of the variables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from .arguments import handed_on
from .graph import control_dependencies, name_scope
from .indexed_slices import IndexedSlices
from .moving_averages import ExponentialMovingAverage
from .ops import state
from .ops.control import group
from .ops.core import convert_to_tensor
from .ops.math import cast
from .ops.nn import clip_by_global_norm as clipped_by_global_norm
from .ops.picking import gather
from .ops.scatter import scatter_sub
from .ops.sets import unique
from .optimizer import Optimizer, rows_of
from .optimizers import AdamOptimizer, GradientDescentOptimizer, MomentumOptimizer
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


class DecoupledWeightDecayExtension:
    """Takes a share of each variable away at every step, beside the gradient (TF1 symbol:
    `tf.contrib.opt.DecoupledWeightDecayExtension`).

    Source: Loshchilov and Hutter, "Decoupled weight decay regularization" (2017).
    """

    def __init__(self, weight_decay: Any, **kwargs: Any) -> None:
        self._weight_decay = weight_decay
        self._decayed: set[Any] | None = None
        make: Any = super().__init__
        make(**kwargs)

    def minimize(
        self,
        loss: Any,
        global_step: Any = None,
        var_list: Any = None,
        gate_gradients: int = 1,
        aggregation_method: Any = None,
        colocate_gradients_with_ops: bool = False,
        name: str | None = None,
        grad_loss: Any = None,
        decay_var_list: Any = None,
    ) -> Any:
        """A step down the loss; `decay_var_list` are the variables that decay, or all."""
        self._decayed = {item.op.name for item in decay_var_list} if decay_var_list else None
        inner: Any = super()
        return inner.minimize(
            loss,
            global_step=global_step,
            var_list=var_list,
            gate_gradients=gate_gradients,
            aggregation_method=aggregation_method,
            colocate_gradients_with_ops=colocate_gradients_with_ops,
            name=name,
            grad_loss=grad_loss,
        )

    def apply_gradients(
        self,
        grads_and_vars: Any,
        global_step: Any = None,
        name: str | None = None,
        decay_var_list: Any = None,
    ) -> Any:
        """Apply gradients; `decay_var_list` are the variables that decay, or all."""
        if decay_var_list:
            self._decayed = {item.op.name for item in decay_var_list}
        inner: Any = super()
        return inner.apply_gradients(grads_and_vars, global_step=global_step, name=name)

    def _updated(self, grad: Any, variable: Variable) -> Any:
        inner: Any = super()
        if self._decayed is not None and variable.op.name not in self._decayed:
            return inner._updated(grad, variable)
        if isinstance(grad, IndexedSlices) and isinstance(self, GradientDescentOptimizer):
            return inner._updated(grad, variable)  # TensorFlow's plain steps along rows pass its decay by
        given = self._weight_decay() if callable(self._weight_decay) else self._weight_decay
        share = cast(convert_to_tensor(given), variable.dtype.base_dtype)
        of = grad.values if isinstance(grad, IndexedSlices) else grad
        with control_dependencies([of]):  # the gradient is of the value before
            if isinstance(grad, IndexedSlices):  # rows that were not looked up do not decay
                rows = unique(grad.indices)[0]
                decayed = scatter_sub(variable, rows, share * gather(variable, rows))
            else:
                decayed = state.assign_sub(variable, share * variable)
        with control_dependencies([getattr(decayed, "op", decayed)]):
            return inner._updated(grad, variable)


def extend_with_decoupled_weight_decay(base_optimizer: Any) -> Any:
    """A class of optimisers with weight decay (TF1: `tf.contrib.opt.extend_with_decoupled_weight_decay`)."""

    class OptimizerWithDecoupledWeightDecay(DecoupledWeightDecayExtension, base_optimizer):
        """The optimiser with weight decay, which is its first argument."""

        def __init__(self, weight_decay: Any, *args: Any, **kwargs: Any) -> None:
            self._weight_decay = weight_decay
            self._decayed = None
            base_optimizer.__init__(self, *args, **kwargs)

    return OptimizerWithDecoupledWeightDecay


class MomentumWOptimizer(DecoupledWeightDecayExtension, MomentumOptimizer):
    """Momentum with weight decay (TF1 symbol: `tf.contrib.opt.MomentumWOptimizer`)."""

    def __init__(
        self,
        weight_decay: Any,
        learning_rate: Any,
        momentum: Any,
        use_locking: bool = False,
        name: str = "MomentumW",
        use_nesterov: bool = False,
    ) -> None:
        super().__init__(**handed_on(locals()))


class AdamWOptimizer(DecoupledWeightDecayExtension, AdamOptimizer):
    """Adam with weight decay (TF1 symbol: `tf.contrib.opt.AdamWOptimizer`)."""

    def __init__(
        self,
        weight_decay: Any,
        learning_rate: Any = 0.001,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        epsilon: Any = 1e-8,
        use_locking: bool = False,
        name: str = "AdamW",
    ) -> None:
        super().__init__(**handed_on(locals()))


class _Wrapping(Optimizer):
    """An optimiser around another."""

    def __init__(self, optimizer: Optimizer, use_locking: bool, name: str) -> None:
        super().__init__(use_locking, name)
        self._optimizer = optimizer

    def compute_gradients(self, *args: Any, **kwargs: Any) -> Any:
        return self._optimizer.compute_gradients(*args, **kwargs)

    def get_slot(self, *args: Any, **kwargs: Any) -> Any:
        return self._optimizer.get_slot(*args, **kwargs)

    def get_slot_names(self) -> list[str]:
        return self._optimizer.get_slot_names()

    def variables(self) -> list[Variable]:
        return self._optimizer.variables()


class MovingAverageOptimizer(_Wrapping):
    """Keeps moving averages of what another optimiser trains (TF1: `tf.contrib.opt.MovingAverageOptimizer`).

    `swapping_saver` makes a saver that writes the averages in the place of the variables.
    """

    def __init__(
        self,
        opt: Optimizer,
        average_decay: float = 0.9999,
        num_updates: Any = None,
        sequential_update: bool = True,
    ) -> None:
        super().__init__(opt, False, "MovingAverageOptimizer")
        self._ema = ExponentialMovingAverage(average_decay, num_updates=num_updates)
        self._sequential = sequential_update
        self._swapped: dict[str, Any] | None = None

    def apply_gradients(
        self, grads_and_vars: Any, global_step: Any = None, name: str | None = None
    ) -> Operation:
        pairs = list(grads_and_vars)
        train = self._optimizer.apply_gradients(pairs, global_step=global_step, name=name)
        variables = [variable for _, variable in pairs]
        with control_dependencies([train] if self._sequential else []):
            averages = self._ema.apply(variables)
        self._swapped = {}
        for variable in variables:
            average: Any = self._ema.average(variable)
            self._swapped[variable.op.name], self._swapped[average.op.name] = average, variable
        return group(train, averages, name="train_with_avg")

    def swapping_saver(self, var_list: Any = None, name: str = "swapping_saver", **kwargs: Any) -> Any:
        """A saver that writes each average under its variable's name.

        Raises:
            RuntimeError: no gradients were applied yet.
        """
        from .saver import Saver
        from .variable_lists import global_variables

        if self._swapped is None:
            raise RuntimeError("Must call apply_gradients or minimize before creating the swapping_saver")
        chosen = global_variables() if var_list is None else list(var_list)
        named = var_list if isinstance(var_list, dict) else {item.op.name: item for item in chosen}
        return Saver(
            {key: self._swapped.get(item.op.name, item) for key, item in named.items()}, name=name, **kwargs
        )


class VariableClippingOptimizer(_Wrapping):
    """Holds variables to a norm after each step of another optimiser (TF1 symbol:
    `tf.contrib.opt.VariableClippingOptimizer`).
    """

    def __init__(
        self,
        opt: Optimizer,
        vars_to_clip_dims: dict[Any, Any],
        max_norm: float,
        use_locking: bool = False,
        colocate_clip_ops_with_vars: bool = False,
        name: str = "VariableClipping",
    ) -> None:
        super().__init__(opt, use_locking, name)
        self._clipped, self._max_norm = vars_to_clip_dims, max_norm

    def apply_gradients(
        self, grads_and_vars: Any, global_step: Any = None, name: str | None = None
    ) -> Operation:
        from .ops.nn import clip_by_norm

        with name_scope(name, self._name):
            pairs = list(grads_and_vars)
            updates = [self._optimizer.apply_gradients(pairs, global_step=global_step)]
            with control_dependencies(updates):
                for _, variable in pairs:
                    if variable in self._clipped:
                        held = clip_by_norm(variable.read_value(), self._max_norm, self._clipped[variable])
                        updates.append(variable.assign(held))
            return group(*updates)


class MultitaskOptimizerWrapper:
    """An optimiser whose steps leave alone what a gradient of zeros is of (TF1 symbol:
    `tf.contrib.opt.MultitaskOptimizerWrapper`): not supported.
    """

    def __init__(self, opt: Any) -> None:
        raise NotImplementedError(
            "MultitaskOptimizerWrapper is not supported here: give minimize the var_list of the task instead."
        )


def clip_gradients_by_global_norm(gradients_variables: Any, clip_norm: Any = 20.0) -> list[Any]:
    """(gradient, variable) pairs, clipped by their global norm (TF1:
    `tf.contrib.opt.clip_gradients_by_global_norm`).
    """
    pairs = list(gradients_variables)
    clipped, _ = clipped_by_global_norm([grad for grad, _ in pairs], clip_norm)
    return list(zip(clipped, [variable for _, variable in pairs], strict=True))
