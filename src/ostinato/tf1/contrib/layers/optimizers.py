"""`optimize_loss`: a training operation by the names of its parts."""

from __future__ import annotations

from typing import Any

from ... import summary
from ...adaptive_optimizers import AdagradOptimizer, RMSPropOptimizer
from ...global_step import get_global_step
from ...graph import GraphKeys, control_dependencies, get_collection
from ...indexed_slices import IndexedSlices
from ...initializers import Constant, Zeros
from ...moving_averages import assign_moving_average
from ...ops import array
from ...ops.core import convert_to_tensor
from ...ops.math import cast, exp, less, log, maximum, minimum, sqrt, square
from ...ops.nn import clip_by_global_norm, global_norm
from ...ops.picking import where
from ...ops.random import truncated_normal
from ...optimizer import Optimizer
from ...optimizers import AdamOptimizer, GradientDescentOptimizer, MomentumOptimizer
from ...proximal_optimizers import FtrlOptimizer
from ...tensor import Tensor
from ...variable_lists import trainable_variables
from ...variable_scope import get_variable, variable_scope

OPTIMIZER_CLS_NAMES: dict[str, Any] = {
    "Adagrad": AdagradOptimizer,
    "Adam": AdamOptimizer,
    "Ftrl": FtrlOptimizer,
    "Momentum": lambda learning_rate: MomentumOptimizer(learning_rate, momentum=0.9),
    "RMSProp": RMSPropOptimizer,
    "SGD": GradientDescentOptimizer,
}
OPTIMIZER_SUMMARIES = ["learning_rate", "loss", "gradients", "gradient_norm", "global_gradient_norm"]


def _rate(learning_rate: Any) -> Any:
    if learning_rate is None:
        return None
    if isinstance(learning_rate, Tensor) and learning_rate.shape.ndims == 0:
        return learning_rate
    if isinstance(learning_rate, float):
        if learning_rate < 0.0:
            raise ValueError("Invalid learning_rate %s.", learning_rate)
        return get_variable("learning_rate", [], trainable=False, initializer=Constant(learning_rate))
    raise ValueError(
        f"Learning rate should be 0d Tensor or float. Got {learning_rate} of type {type(learning_rate)}"
    )


def _optimizer(optimizer: Any, rate: Any, learning_rate: Any) -> Optimizer:
    if isinstance(optimizer, str):
        if rate is None:
            raise ValueError(
                f"Learning rate is None, but should be specified if optimizer is string ({optimizer})."
            )
        if optimizer not in OPTIMIZER_CLS_NAMES:
            raise ValueError(
                f"Optimizer name should be one of [{', '.join(OPTIMIZER_CLS_NAMES)}], you provided "
                f"{optimizer}."
            )
        return OPTIMIZER_CLS_NAMES[optimizer](learning_rate=rate)
    if isinstance(optimizer, type) and issubclass(optimizer, Optimizer):
        if rate is None:
            raise ValueError(
                f"Learning rate is None, but should be specified if optimizer is class ({optimizer})."
            )
        return optimizer(learning_rate=rate)  # type: ignore[call-arg]
    if isinstance(optimizer, Optimizer):
        return optimizer
    if callable(optimizer):
        made = optimizer() if learning_rate is None else optimizer(rate)
        if not isinstance(made, Optimizer):
            raise ValueError(
                f"Unrecognized optimizer: function should return subclass of Optimizer. Got {made}."
            )
        return made
    raise ValueError(
        "Unrecognized optimizer: should be string, subclass of Optimizer, instance of subclass of Optimizer "
        f"or function with one argument. Got {optimizer}."
    )


def optimize_loss(
    loss: Any,
    global_step: Any,
    learning_rate: Any,
    optimizer: Any,
    gradient_noise_scale: Any = None,
    gradient_multipliers: Any = None,
    clip_gradients: Any = None,
    learning_rate_decay_fn: Any = None,
    update_ops: Any = None,
    variables: Any = None,
    name: Any = None,
    summaries: Any = None,
    colocate_gradients_with_ops: bool = False,
    increment_global_step: bool = True,
) -> Tensor:
    """The loss, which makes a step of training when it is run (TF1: `tf.contrib.layers.optimize_loss`).

    Args:
        loss: a scalar.
        global_step: is incremented; None is the graph's own.
        learning_rate: a float, a scalar tensor, or None where the optimiser has one.
        optimizer: a name ("SGD", "Adam", ...), a class, an optimiser, or a function of the rate.
        gradient_noise_scale: adds normal draws, times this.
        gradient_multipliers: factors by variable or its name.
        clip_gradients: a float, of the global norm, or a function of the (gradient, variable) pairs.
        learning_rate_decay_fn: a function of the rate and the step.
        update_ops: run before; None is the collection of them.
        variables: what is trained; None is all that can be.
        summaries: which of OPTIMIZER_SUMMARIES to make.

    Raises:
        ValueError: an argument that is none of these.
    """
    loss = convert_to_tensor(loss)
    loss.shape.assert_is_compatible_with([])
    global_step = get_global_step() if global_step is None else global_step
    with variable_scope(name, "OptimizeLoss", [loss, global_step]):
        updates = (
            list(dict.fromkeys(get_collection(GraphKeys.UPDATE_OPS))) if update_ops is None else update_ops
        )
        if updates:
            with control_dependencies(list(updates)):
                loss = array.identity(loss, name="control_dependency")
        rate = _rate(learning_rate)
        shown = ["loss", "learning_rate", "global_gradient_norm"] if summaries is None else summaries
        for item in shown:
            if item not in OPTIMIZER_SUMMARIES:
                raise ValueError(
                    f"Summaries should be one of [{', '.join(OPTIMIZER_SUMMARIES)}], you provided {item}."
                )
        if learning_rate is not None and learning_rate_decay_fn is not None:
            if global_step is None:
                raise ValueError("global_step is required for learning_rate_decay_fn.")
            rate = learning_rate_decay_fn(rate, global_step)
            if "learning_rate" in shown:
                summary.scalar("learning_rate", rate)
        made = _optimizer(optimizer, rate, learning_rate)
        pairs = made.compute_gradients(
            loss,
            trainable_variables() if variables is None else variables,
            colocate_gradients_with_ops=colocate_gradients_with_ops,
        )
        if gradient_noise_scale is not None:
            pairs = _with_noise(pairs, gradient_noise_scale)
        if gradient_multipliers is not None:
            pairs = _multiplied(pairs, gradient_multipliers)
            if not pairs:
                raise ValueError(
                    "Empty list of (gradient, var) pairs encountered. This is most likely to be caused by an "
                    "improper value of gradient_multipliers."
                )
        of_all = "global_gradient_norm" in shown or "gradient_norm" in shown
        if of_all:
            summary.scalar("global_norm/gradient_norm", global_norm([grad for grad, _ in pairs]))
        if isinstance(clip_gradients, float):
            clipped, _ = clip_by_global_norm([grad for grad, _ in pairs], clip_gradients)
            pairs = list(zip(clipped, [variable for _, variable in pairs], strict=True))
        elif callable(clip_gradients):
            pairs = clip_gradients(pairs)
        elif clip_gradients is not None:
            raise ValueError(f"Unknown type {type(clip_gradients)} for clip_gradients")
        _summarize(loss, pairs, shown)
        if clip_gradients is not None and of_all:
            summary.scalar("global_norm/clipped_gradient_norm", global_norm([grad for grad, _ in pairs]))
        step = global_step if increment_global_step else None
        with control_dependencies([made.apply_gradients(pairs, global_step=step, name="train")]):
            return array.identity(loss, name="control_dependency")


def _summarize(loss: Tensor, pairs: Any, shown: Any) -> None:
    if "loss" in shown:
        summary.scalar("loss", loss)
    for grad, variable in pairs:
        values = grad.values if isinstance(grad, IndexedSlices) else grad
        if values is None:
            continue
        name = variable.name.replace(":", "_")
        if "gradients" in shown:
            summary.histogram(f"gradients/{name}", values)
        if "gradient_norm" in shown:
            summary.scalar(f"gradient_norm/{name}", global_norm([values]))


def _scaled(grad: Any, factor: Any) -> Any:
    if grad is None:
        return None
    if isinstance(grad, IndexedSlices):
        return IndexedSlices(grad.values * factor, grad.indices, grad.dense_shape)
    return grad * cast(factor, grad.dtype)


def _with_noise(pairs: Any, scale: Any) -> list[Any]:
    return [
        (
            None if grad is None else convert_to_tensor(grad) + truncated_normal(variable.shape) * scale,
            variable,
        )
        for grad, variable in pairs
    ]


def _multiplied(pairs: Any, multipliers: Any) -> list[Any]:
    return [
        (_scaled(grad, multipliers[variable if variable in multipliers else variable.name]), variable)
        if grad is not None and (variable in multipliers or variable.name in multipliers)
        else (grad, variable)
        for grad, variable in pairs
    ]


def adaptive_clipping_fn(
    std_factor: float = 2.0,
    decay: Any = 0.95,
    static_max_norm: Any = None,
    global_step: Any = None,
    report_summary: bool = False,
    epsilon: float = 1e-8,
    name: Any = None,
) -> Any:
    """A `clip_gradients` that holds the global norm to what it mostly was (TF1 symbol:
    `tf.contrib.layers.adaptive_clipping_fn`).
    """

    def moving_average(own_name: str, value: Tensor, share: Any) -> Tensor:
        average = get_variable(
            own_name, shape=value.shape, dtype=value.dtype, initializer=Zeros(), trainable=False
        )
        return assign_moving_average(average, value, share, zero_debias=False)

    def gradient_clipping(pairs: Any) -> list[Any]:
        norm = global_norm([grad for grad, _ in pairs])
        with variable_scope(name, "AdaptiveMaxNorm", [norm]):
            log_norm, share = log(norm + epsilon), decay
            if global_step is not None:
                steps = cast(global_step, "float32")
                share = minimum(decay, steps / (steps + 1.0))
            mean = moving_average("mean", log_norm, share)
            variance = moving_average("sq_mean", square(log_norm), share) - square(mean)
            highest = exp(mean + std_factor * sqrt(maximum(epsilon, variance)))
        if report_summary:
            summary.scalar("global_norm/adaptive_max_gradient_norm", highest)
        factor = where(less(norm, highest), array.ones_like(norm), exp(mean) / norm)
        if static_max_norm is not None:
            factor = minimum(static_max_norm / norm, factor)
        return [(_scaled(grad, factor), variable) for grad, variable in pairs]

    return gradient_clipping
