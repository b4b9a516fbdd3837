"""Evaluations of checkpoints: how many batches they take, and what is kept of them (TF1 module:
`tf.contrib.training`).
"""

from __future__ import annotations

import time
from typing import Any

from . import logging
from .checkpoint_utils import checkpoints_iterator
from .dtypes import int64
from .global_step import get_or_create_global_step
from .graph import GraphKeys, control_dependencies, get_collection
from .hooks import FinalOpsHook
from .initializers import Zeros
from .monitored_session import MonitoredSession
from .ops.array import identity
from .ops.state import assign_add
from .scaffold import Scaffold
from .session_run_hook import SessionRunArgs, SessionRunContext, SessionRunHook, SessionRunValues
from .session_wrappers import ChiefSessionCreator
from .summary import merge_all
from .summary_writer import FileWriterCache
from .variable_scope import get_variable


def get_or_create_eval_step() -> Any:
    """The variable that counts an evaluation's batches (TF1 symbol:
    `tf.contrib.training.get_or_create_eval_step`).

    Raises:
        ValueError: there are several.
    """
    found = get_collection(GraphKeys.EVAL_STEP)
    if len(found) > 1:
        raise ValueError("Multiple tensors added to tf.GraphKeys.EVAL_STEP")
    if found:
        return found[0]
    return get_variable(
        "eval_step",
        shape=[],
        dtype=int64,
        initializer=Zeros(),
        trainable=False,
        collections=[GraphKeys.LOCAL_VARIABLES, GraphKeys.EVAL_STEP],
    )


class StopAfterNEvalsHook(SessionRunHook):
    """Ends an evaluation after so many batches (TF1 symbol: `tf.contrib.training.StopAfterNEvalsHook`).

    Args:
        num_evals: how many; None is all that there are.
        log_progress: log how far it is: each batch, or each tenth of 20 and more.
    """

    def __init__(self, num_evals: int | None, log_progress: bool = True) -> None:
        self._num_evals, self._log_progress = num_evals, log_progress
        self._every = 1 if num_evals is None or num_evals < 20 else num_evals // 10
        self._completed: Any = None

    def _set_evals_completed_tensor(self, updated_eval_step: Any) -> None:
        self._completed = updated_eval_step

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        return SessionRunArgs({"evals_completed": self._completed})

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        done = run_values.results["evals_completed"]
        if self._log_progress and self._num_evals is None:
            logging.info("Evaluation [%d]", done)
        elif self._log_progress and (done % self._every == 0 or done == self._num_evals):
            logging.info("Evaluation [%d/%d]", done, self._num_evals)
        if self._num_evals is not None and done >= self._num_evals:
            run_context.request_stop()


class SummaryAtEndHook(SessionRunHook):
    """Writes summaries when an evaluation ends (TF1 symbol: `tf.contrib.training.SummaryAtEndHook`).

    Args:
        log_dir: the folder of the events; not used with a writer.
        summary_writer: a `tf.summary.FileWriter`.
        summary_op: the summaries; all of the graph for None.
        feed_dict: what they are fed.

    Raises:
        ValueError: there is neither a folder nor a writer.
    """

    def __init__(
        self,
        log_dir: str | None = None,
        summary_writer: Any = None,
        summary_op: Any = None,
        feed_dict: Any = None,
    ) -> None:
        if log_dir is None and summary_writer is None:
            raise ValueError("One of log_dir or summary_writer should be used.")
        self._summary_op, self._all = summary_op, summary_op is None
        self._feed_dict, self._writer, self._log_dir = feed_dict, summary_writer, log_dir

    def begin(self) -> None:
        if self._all:
            self._summary_op = merge_all()
        self._global_step = get_or_create_global_step()

    def after_create_session(self, session: Any, coord: Any) -> None:
        if self._writer is None and self._log_dir:
            self._writer = FileWriterCache.get(self._log_dir)

    def end(self, session: Any) -> None:
        if self._writer is None:
            return
        if self._summary_op is not None:
            step = int(session.run(self._global_step))
            self._writer.add_summary(session.run(self._summary_op, self._feed_dict), step)
        self._writer.flush()


def _counted(eval_ops: Any, hooks: list[Any]) -> Any:
    """The operations of a batch with one that counts it, of which the hooks are told."""
    step = get_or_create_eval_step()
    if eval_ops is None:
        return None
    update = assign_add(step, 1)
    if isinstance(eval_ops, dict):
        every: Any = {**eval_ops, "update_eval_step": update}
        waited = list(every.values())
    else:
        every = waited = [*(eval_ops if isinstance(eval_ops, (tuple, list)) else [eval_ops]), update]
    with control_dependencies(waited):
        done = identity(step.read_value())
    for hook in hooks:
        if isinstance(hook, StopAfterNEvalsHook):
            hook._set_evals_completed_tensor(done)
    return every


def _starts() -> None:
    logging.info("Starting evaluation at %s", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.localtime()))


def _evaluate(
    creator: ChiefSessionCreator, every: Any, feed_dict: Any, hooks: list[Any], started: bool
) -> None:
    with MonitoredSession(session_creator=creator, hooks=hooks) as session:
        if not started:
            _starts()
        while every is not None and not session.should_stop():
            session.run(every, feed_dict)
    logging.info("Finished evaluation at %s", time.strftime("%Y-%m-%d-%H:%M:%S", time.localtime()))


def evaluate_once(
    checkpoint_path: str,
    master: str = "",
    scaffold: Scaffold | None = None,
    eval_ops: Any = None,
    feed_dict: Any = None,
    final_ops: Any = None,
    final_ops_feed_dict: Any = None,
    hooks: Any = None,
    config: Any = None,
) -> Any:
    """Evaluate a checkpoint (TF1 symbol: `tf.contrib.training.evaluate_once`).

    Args:
        checkpoint_path: the checkpoint.
        master: an address; empty.
        scaffold: a `tf.train.Scaffold`, which restores.
        eval_ops: what a batch runs: tensors, a list or a dict; until a hook stops it or the data ends.
        feed_dict: what that is fed.
        final_ops: what is evaluated at the end.
        final_ops_feed_dict: what that is fed.
        hooks: such as `StopAfterNEvalsHook` and `SummaryAtEndHook`.
        config: a `tf.ConfigProto`.

    Returns:
        the values of `final_ops`, or None.
    """
    every_hook = list(hooks or [])
    every = _counted(eval_ops, every_hook)
    final = FinalOpsHook(final_ops, final_ops_feed_dict)
    creator = ChiefSessionCreator(scaffold, master, config, checkpoint_filename_with_path=checkpoint_path)
    _starts()
    _evaluate(creator, every, feed_dict, [*every_hook, final], started=True)
    return final.final_ops_values


def evaluate_repeatedly(
    checkpoint_dir: str,
    master: str = "",
    scaffold: Scaffold | None = None,
    eval_ops: Any = None,
    feed_dict: Any = None,
    final_ops: Any = None,
    final_ops_feed_dict: Any = None,
    eval_interval_secs: float = 60,
    hooks: Any = None,
    config: Any = None,
    max_number_of_evaluations: int | None = None,
    timeout: float | None = None,
    timeout_fn: Any = None,
) -> Any:
    """Evaluate each new checkpoint of a folder (TF1 symbol: `tf.contrib.training.evaluate_repeatedly`).

    Args:
        checkpoint_dir: the folder.
        eval_interval_secs: the least seconds between two evaluations.
        max_number_of_evaluations: how many; None is no end.
        timeout: how many seconds to wait for a checkpoint; None is no end.
        timeout_fn: called after that; True ends it.
        master, scaffold, eval_ops, feed_dict, final_ops, final_ops_feed_dict, hooks, config: as those of
            `evaluate_once`.

    Returns:
        the last values of `final_ops`, or None.
    """
    every_hook = list(hooks or [])
    every = _counted(eval_ops, every_hook)
    final = FinalOpsHook(final_ops, final_ops_feed_dict)
    paths = checkpoints_iterator(checkpoint_dir, eval_interval_secs, timeout, timeout_fn)
    for evaluations, path in enumerate(paths, 1):
        creator = ChiefSessionCreator(scaffold, master, config, checkpoint_filename_with_path=path)
        _evaluate(creator, every, feed_dict, [*every_hook, final], started=False)
        if max_number_of_evaluations is not None and evaluations >= max_number_of_evaluations:
            break
    return final.final_ops_values
