"""The module `tf.contrib.slim.learning`: a training operation, and the loop that runs it."""

from __future__ import annotations

import time
from typing import Any

from .. import logging
from ..names import absent
from ..training_operations import add_gradients_summaries, clip_gradient_norms, multiply_gradients
from ..training_operations import create_train_op as _create_train_op


def create_train_op(
    total_loss: Any,
    optimizer: Any,
    global_step: Any = 0,
    update_ops: Any = None,
    variables_to_train: Any = None,
    clip_gradient_norm: float = 0,
    summarize_gradients: bool = False,
    gate_gradients: int = 1,
    aggregation_method: Any = None,
    colocate_gradients_with_ops: bool = False,
    gradient_multipliers: Any = None,
    check_numerics: bool = True,
) -> Any:
    """The loss, which makes a step of training when it is run (TF1 symbol:
    `tf.contrib.slim.learning.create_train_op`).
    """

    def transformed(pairs: Any) -> Any:
        if gradient_multipliers:
            pairs = multiply_gradients(pairs, gradient_multipliers)
        return clip_gradient_norms(pairs, clip_gradient_norm) if clip_gradient_norm > 0 else pairs

    return _create_train_op(
        total_loss,
        optimizer,
        global_step,
        update_ops,
        variables_to_train,
        transformed,
        summarize_gradients,
        gate_gradients,
        aggregation_method,
        colocate_gradients_with_ops,
        check_numerics,
    )


def train(
    train_op: Any,
    logdir: str | None,
    number_of_steps: int | None = None,
    log_every_n_steps: int = 1,
    init_fn: Any = None,
    save_summaries_secs: int = 600,
    save_interval_secs: int = 600,
    session_config: Any = None,
    saver: Any = None,
    init_op: Any = None,
    local_init_op: Any = None,
    summary_op: Any = 0,
    global_step: Any = None,
    **kwargs: Any,
) -> Any:
    """Run a training operation, with checkpoints and summaries (TF1: `tf.contrib.slim.learning.train`).

    Raises:
        NotImplementedError: an option that is none of these.
    """
    from .. import train as tf_train
    from ..global_step import get_or_create_global_step

    ignored = {"master", "is_chief", "graph", "ready_op", "trace_every_n_steps", "startup_delay_steps"}
    unknown = {key for key, value in kwargs.items() if value is not None} - ignored
    if unknown:
        raise NotImplementedError(f"slim.learning.train does not take {sorted(unknown)} here.")
    step = get_or_create_global_step() if global_step is None else global_step
    options: dict[str, Any] = {"logdir": logdir, "global_step": step, "save_model_secs": save_interval_secs}
    given = {"init_fn": init_fn, "saver": saver, "init_op": init_op, "local_init_op": local_init_op}
    options.update({key: value for key, value in given.items() if value is not None})
    if summary_op is None:
        options["summary_op"] = None
    supervisor = tf_train.Supervisor(save_summaries_secs=save_summaries_secs, **options)
    loss = None
    with supervisor.managed_session(config=session_config) as session:
        while not supervisor.should_stop():
            started = time.time()
            loss, done = session.run([train_op, step])
            if log_every_n_steps and int(done) % log_every_n_steps == 0:
                logging.info("global step %d: loss = %.4f (%.3f sec/step)", done, loss, time.time() - started)
            if number_of_steps is not None and int(session.run(step)) >= number_of_steps:
                break
        if logdir:
            supervisor.saver.save(session, supervisor.save_path, global_step=supervisor.global_step)
    return loss


__all__ = ["add_gradients_summaries", "clip_gradient_norms", "create_train_op", "multiply_gradients", "train"]
__getattr__ = absent("tf.contrib.slim.learning", __all__)
