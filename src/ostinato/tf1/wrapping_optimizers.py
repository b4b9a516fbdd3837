"""Optimisers around others, of `tf.contrib.opt`: weight decay, averages of the variables, clipping."""

from __future__ import annotations

from typing import Any

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
from .optimizer import Optimizer
from .optimizers import AdamOptimizer, GradientDescentOptimizer, MomentumOptimizer
from .tensor import Operation
from .variables import Variable


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
