"""`create_train_op` and what it does to gradients, of `tf.contrib.training` and `tf.contrib.slim`."""

from __future__ import annotations

from typing import Any

from .global_step import get_or_create_global_step
from .graph import GraphKeys, add_to_collection, control_dependencies, get_collection
from .indexed_slices import IndexedSlices
from .ops import array
from .ops.core import convert_to_tensor
from .ops.math import cast
from .ops.nn import clip_by_norm
from .tensor import Tensor
from .variable_lists import trainable_variables

_USE_GLOBAL_STEP = 0


def _changed(grad: Any, change: Any) -> Any:
    if isinstance(grad, IndexedSlices):
        return IndexedSlices(change(grad.values), grad.indices, grad.dense_shape)
    return None if grad is None else change(grad)


def clip_gradient_norms(gradients_to_variables: Any, max_norm: float) -> list[Any]:
    """(gradient, variable) pairs, each held to a norm (TF1: `tf.contrib.training.clip_gradient_norms`)."""
    return [
        (_changed(grad, lambda g: clip_by_norm(g, max_norm)), var) for grad, var in gradients_to_variables
    ]


def clip_gradient_norms_fn(max_norm: float) -> Any:
    """`clip_gradient_norms` as a function of pairs (TF1: `tf.contrib.training.clip_gradient_norms_fn`)."""
    return lambda pairs: clip_gradient_norms(pairs, max_norm)


def multiply_gradients(grads_and_vars: Any, gradient_multipliers: dict[Any, Any]) -> list[Any]:
    """(gradient, variable) pairs, some gradients multiplied (TF1: `tf.contrib.training.multiply_gradients`).

    Raises:
        ValueError: there are no multipliers, or there is no gradient to multiply.
    """
    if not isinstance(grads_and_vars, list):
        raise ValueError("`grads_and_vars` must be a list.")
    if not gradient_multipliers:
        raise ValueError("`gradient_multipliers` is empty.")
    if not isinstance(gradient_multipliers, dict):
        raise ValueError("`gradient_multipliers` must be a dict.")
    found = []
    for grad, variable in grads_and_vars:
        key = variable if variable in gradient_multipliers else variable.op.name
        if key in gradient_multipliers:
            if grad is None:
                raise ValueError("Requested multiple of `None` gradient.")
            factor = gradient_multipliers[key]
            grad = _changed(grad, lambda g, factor=factor: g * cast(convert_to_tensor(factor), g.dtype))
        found.append((grad, variable))
    return found


def add_gradients_summaries(grads_and_vars: Any) -> list[Any]:
    """A histogram and a norm of each gradient (TF1: `tf.contrib.training.add_gradients_summaries`)."""
    from . import summary
    from .ops.nn import global_norm

    made = []
    for grad, variable in grads_and_vars:
        if grad is not None:
            values = grad.values if isinstance(grad, IndexedSlices) else grad
            made.append(summary.histogram(variable.op.name + "_gradient", values))
            made.append(summary.scalar(variable.op.name + "_gradient_norm", global_norm([values])))
    return made


def create_train_op(
    total_loss: Any,
    optimizer: Any,
    global_step: Any = _USE_GLOBAL_STEP,
    update_ops: Any = None,
    variables_to_train: Any = None,
    transform_grads_fn: Any = None,
    summarize_gradients: bool = False,
    gate_gradients: int = 1,
    aggregation_method: Any = None,
    colocate_gradients_with_ops: bool = False,
    check_numerics: bool = True,
) -> Tensor:
    """The loss, which makes a step of training when it is run (TF1: `tf.contrib.training.create_train_op`).

    The operations of UPDATE_OPS run before it. With `check_numerics` a loss that is no number is an error.
    """
    from . import check_numerics as checked

    if global_step is _USE_GLOBAL_STEP:
        global_step = get_or_create_global_step()
    updates = get_collection(GraphKeys.UPDATE_OPS) if update_ops is None else list(update_ops)
    if updates:
        with control_dependencies(list(dict.fromkeys(updates))):
            total_loss = array.identity(total_loss)
    pairs = optimizer.compute_gradients(
        total_loss,
        trainable_variables() if variables_to_train is None else variables_to_train,
        gate_gradients=gate_gradients,
        aggregation_method=aggregation_method,
        colocate_gradients_with_ops=colocate_gradients_with_ops,
    )
    if transform_grads_fn is not None:
        pairs = transform_grads_fn(pairs)
    if summarize_gradients:
        add_gradients_summaries(pairs)
    updated = optimizer.apply_gradients(pairs, global_step=global_step)
    if check_numerics:
        total_loss = checked(total_loss, "LossTensor is inf or nan")
    with control_dependencies([updated]):
        train_op = array.identity(total_loss)
    add_to_collection(GraphKeys.TRAIN_OP, train_op)
    return train_op


def train(
    train_op: Any,
    logdir: str | None,
    master: str = "",
    is_chief: bool = True,
    scaffold: Any = None,
    hooks: Any = None,
    chief_only_hooks: Any = None,
    save_checkpoint_secs: Any = 600,
    save_summaries_steps: Any = 100,
    config: Any = None,
    max_wait_secs: int = 7200,
) -> Any:
    """Run a training operation until a hook says to stop (TF1 symbol: `tf.contrib.training.train`)."""
    from . import train as tf_train

    if logdir is None and is_chief and (save_summaries_steps or save_checkpoint_secs):
        save_summaries_steps = save_checkpoint_secs = None
    loss = None
    with tf_train.MonitoredTrainingSession(
        master=master,
        is_chief=is_chief,
        checkpoint_dir=logdir,
        scaffold=scaffold,
        hooks=hooks,
        chief_only_hooks=chief_only_hooks,
        save_checkpoint_secs=save_checkpoint_secs,
        save_summaries_steps=save_summaries_steps,
        config=config,
    ) as session:
        while not session.should_stop():
            loss = session.run(train_op)
    return loss
