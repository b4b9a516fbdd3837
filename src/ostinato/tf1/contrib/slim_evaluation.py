"""The module `tf.contrib.slim.evaluation`: checkpoints evaluated for so many batches."""

from __future__ import annotations

from typing import Any

from ..checkpoint_utils import checkpoints_iterator, wait_for_new_checkpoint
from ..evaluation import StopAfterNEvalsHook, SummaryAtEndHook
from ..evaluation import evaluate_once as _evaluate_once
from ..evaluation import evaluate_repeatedly as _evaluate_repeatedly
from ..names import absent
from ..saver import Saver
from ..scaffold import Scaffold
from ..summary import merge_all

__all__ = ["checkpoints_iterator", "evaluate_once", "evaluation_loop", "wait_for_new_checkpoint"]
_ALL = 0
"""Stands for all summaries of the graph; None is for none."""


def _hooks(num_evals: int, logdir: str, summary_op: Any, feed_dict: Any, hooks: Any) -> list[Any]:
    found: list[Any] = [StopAfterNEvalsHook(num_evals)]
    chosen = merge_all() if isinstance(summary_op, int) else summary_op
    if chosen is not None:
        found.append(SummaryAtEndHook(log_dir=logdir, summary_op=chosen, feed_dict=feed_dict))
    return [*found, *(hooks or [])]


def _scaffold(
    initial_op: Any, initial_op_feed_dict: Any, variables_to_restore: Any, init_fn: Any = None
) -> Scaffold:
    saver = None if variables_to_restore is None else Saver(variables_to_restore)
    return Scaffold(init_op=initial_op, init_feed_dict=initial_op_feed_dict, init_fn=init_fn, saver=saver)


def evaluate_once(
    master: str,
    checkpoint_path: str,
    logdir: str,
    num_evals: int = 1,
    initial_op: Any = None,
    initial_op_feed_dict: Any = None,
    eval_op: Any = None,
    eval_op_feed_dict: Any = None,
    final_op: Any = None,
    final_op_feed_dict: Any = None,
    summary_op: Any = _ALL,
    summary_op_feed_dict: Any = None,
    variables_to_restore: Any = None,
    session_config: Any = None,
    hooks: Any = None,
) -> Any:
    """Evaluate a checkpoint (TF1 symbol: `tf.contrib.slim.evaluation.evaluate_once`).

    Args:
        master: an address; empty.
        checkpoint_path: the checkpoint.
        logdir: the folder of the summaries.
        num_evals: how many times `eval_op` is run.
        initial_op: run at the beginning.
        eval_op: what a batch runs.
        final_op: what is evaluated at the end, and given back.
        summary_op: the summaries; all of the graph where it is left out, none for None.
        variables_to_restore: which variables are restored; all for None.
        session_config: a `tf.ConfigProto`.
        hooks: further hooks.
        initial_op_feed_dict, eval_op_feed_dict, final_op_feed_dict, summary_op_feed_dict: what these are fed.
    """
    return _evaluate_once(
        checkpoint_path,
        master,
        _scaffold(initial_op, initial_op_feed_dict, variables_to_restore),
        eval_op,
        eval_op_feed_dict,
        final_op,
        final_op_feed_dict,
        _hooks(num_evals, logdir, summary_op, summary_op_feed_dict, hooks),
        session_config,
    )


def evaluation_loop(
    master: str,
    checkpoint_dir: str,
    logdir: str,
    num_evals: int = 1,
    initial_op: Any = None,
    initial_op_feed_dict: Any = None,
    init_fn: Any = None,
    eval_op: Any = None,
    eval_op_feed_dict: Any = None,
    final_op: Any = None,
    final_op_feed_dict: Any = None,
    summary_op: Any = _ALL,
    summary_op_feed_dict: Any = None,
    variables_to_restore: Any = None,
    eval_interval_secs: float = 60,
    max_number_of_evaluations: int | None = None,
    session_config: Any = None,
    timeout: float | None = None,
    timeout_fn: Any = None,
    hooks: Any = None,
) -> Any:
    """Evaluate each new checkpoint of a folder (TF1 symbol: `tf.contrib.slim.evaluation.evaluation_loop`).

    Args:
        checkpoint_dir: the folder.
        init_fn: called with the scaffold and the session that is initialised.
        eval_interval_secs, max_number_of_evaluations, timeout, timeout_fn: as those of
            `tf.contrib.training.evaluate_repeatedly`.

    The other arguments are those of `evaluate_once`.
    """
    return _evaluate_repeatedly(
        checkpoint_dir,
        master,
        _scaffold(initial_op, initial_op_feed_dict, variables_to_restore, init_fn),
        eval_op,
        eval_op_feed_dict,
        final_op,
        final_op_feed_dict,
        eval_interval_secs,
        _hooks(num_evals, logdir, summary_op, summary_op_feed_dict, hooks),
        session_config,
        max_number_of_evaluations,
        timeout,
        timeout_fn,
    )


__getattr__ = absent("tf.contrib.slim.evaluation", __all__)
