"""Sessions with hooks, that are restored and saved by themselves (TF1 symbols:
`tf.train.MonitoredTrainingSession`, `tf.train.MonitoredSession`, ...).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from . import errors
from .checkpoint_hooks import CheckpointSaverHook
from .graph import get_default_graph
from .hooks import StepCounterHook
from .scaffold import Scaffold
from .session_wrappers import (
    ChiefSessionCreator,
    CoordinatedSessionCreator,
    RecoverableSession,
    SessionCreator,
    StepContext,
    WorkerSessionCreator,
)
from .summary_hooks import SummarySaverHook

USE_DEFAULT = object()


class _MonitoredSession:
    """What MonitoredSession and SingularMonitoredSession share."""

    StepContext = StepContext

    def __init__(
        self,
        session_creator: SessionCreator | None,
        hooks: Sequence[Any] | None,
        should_recover: bool,
        stop_grace_period_secs: float = 120,
    ) -> None:
        self._graph_was_finalized = get_default_graph().finalized
        self._hooks = list(hooks or ())
        for hook in self._hooks:
            hook.begin()
        self._coordinated_creator = CoordinatedSessionCreator(
            session_creator or ChiefSessionCreator(), self._hooks, stop_grace_period_secs
        )
        self._sess: Any
        if should_recover:
            self._sess = RecoverableSession(self._coordinated_creator)
        else:
            self._sess = self._coordinated_creator.create_session()

    @property
    def graph(self) -> Any:
        sess = self._tf_sess()
        return None if sess is None else sess.graph

    def run(self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None) -> Any:
        """As `tf.Session.run`, with the hooks.

        Raises:
            RuntimeError: the session is to stop, or is closed.
        """
        if self._sess is None:
            raise RuntimeError("Session is already closed.")
        return self._sess.run(fetches, feed_dict=feed_dict, options=options, run_metadata=run_metadata)

    def run_step_fn(self, step_fn: Callable[..., Any]) -> Any:
        """Call a function that makes runs, with hooks and without, by its argument `step_context`.

        Raises:
            ValueError: the function takes other arguments.
        """
        names = tuple(inspect.signature(step_fn).parameters)
        if names not in (("step_context",), ("self", "step_context")):
            raise ValueError(
                "`step_fn` may either have one `step_context` argument, or `self` and `step_context` "
                f"arguments if it's an instance method. Got {names} instead."
            )
        return step_fn(StepContext(self._tf_sess(), self._sess.run))

    def should_stop(self) -> bool:
        """Whether a hook, or something that went wrong in a thread, asks to stop."""
        return self._sess is None or self._sess.should_stop()

    def close(self) -> None:
        """End the hooks, the threads and the session."""
        self._close()

    def __enter__(self) -> _MonitoredSession:
        return self

    def __exit__(self, exception_type: Any, exception_value: Any, traceback: Any) -> bool:
        if exception_type in (errors.OutOfRangeError, StopIteration):
            exception_type = None
        self._close(exception_type)
        return exception_type is None

    def _close(self, exception_type: Any = None) -> None:
        try:
            if not exception_type:
                for hook in self._hooks:
                    hook.end(self._coordinated_creator.tf_sess)
        finally:
            try:
                if self._sess is None:
                    raise RuntimeError("Session is already closed.")
                self._sess.close()
            finally:
                self._sess = None
                self._coordinated_creator.tf_sess = self._coordinated_creator.coord = None
                if not self._graph_was_finalized:
                    get_default_graph()._unsafe_unfinalize()

    def _is_closed(self) -> bool:
        return self._coordinated_creator.tf_sess is None

    def _tf_sess(self) -> Any:
        return self._coordinated_creator.tf_sess


class MonitoredSession(_MonitoredSession):
    """A session with hooks, that is made anew where it is lost (TF1 symbol: `tf.train.MonitoredSession`).

    As a context manager it ends quietly where the input does: at a `tf.errors.OutOfRangeError`.

    Args:
        session_creator: None is a `ChiefSessionCreator`.
        hooks: `SessionRunHook`s.
        stop_grace_period_secs: how long to wait for threads at the end.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     step = tf.train.get_or_create_global_step()
    ...     train = tf.assign_add(step, 1)
    ...     with tf.train.MonitoredSession(hooks=[tf.train.StopAtStepHook(last_step=3)]) as session:
    ...         while not session.should_stop():
    ...             print(session.run(train))
    1
    2
    3
    """

    def __init__(
        self,
        session_creator: SessionCreator | None = None,
        hooks: Sequence[Any] | None = None,
        stop_grace_period_secs: float = 120,
    ) -> None:
        super().__init__(session_creator, hooks, True, stop_grace_period_secs)


class SingularMonitoredSession(_MonitoredSession):
    """A session with hooks, for one process (TF1 symbol: `tf.train.SingularMonitoredSession`)."""

    def __init__(
        self,
        hooks: Sequence[Any] | None = None,
        scaffold: Scaffold | None = None,
        master: str = "",
        config: Any = None,
        checkpoint_dir: str | None = None,
        stop_grace_period_secs: float = 120,
        checkpoint_filename_with_path: str | None = None,
    ) -> None:
        creator = ChiefSessionCreator(scaffold, master, config, checkpoint_dir, checkpoint_filename_with_path)
        super().__init__(creator, hooks, False, stop_grace_period_secs)

    def raw_session(self) -> Any:
        """The session without hooks."""
        return self._tf_sess()


def MonitoredTrainingSession(
    master: str = "",
    is_chief: bool = True,
    checkpoint_dir: str | None = None,
    scaffold: Scaffold | None = None,
    hooks: Sequence[Any] | None = None,
    chief_only_hooks: Sequence[Any] | None = None,
    save_checkpoint_secs: Any = USE_DEFAULT,
    save_summaries_steps: Any = USE_DEFAULT,
    save_summaries_secs: Any = USE_DEFAULT,
    config: Any = None,
    stop_grace_period_secs: float = 120,
    log_step_count_steps: int | None = 100,
    max_wait_secs: float = 7200,
    save_checkpoint_steps: Any = USE_DEFAULT,
    summary_dir: str | None = None,
) -> MonitoredSession:
    """A session for training: it goes on from the latest checkpoint, saves, and writes summaries (TF1 symbol:
    `tf.train.MonitoredTrainingSession`).

    Args:
        master: '', or the target of a server of this process.
        is_chief: False waits for another session to initialise the variables.
        checkpoint_dir: where checkpoints are; None saves none.
        scaffold: the pieces around the model; None makes them.
        hooks, chief_only_hooks: `SessionRunHook`s.
        save_checkpoint_secs, save_checkpoint_steps: how often to save; by default every ten minutes.
        save_summaries_steps, save_summaries_secs: how often to write summaries; by default every 100 steps.
        config: of the session.
        stop_grace_period_secs: how long to wait for threads at the end.
        log_step_count_steps: how often to tell the steps per second.
        max_wait_secs: how long to wait for another session.
        summary_dir: where summaries go; None is `checkpoint_dir`.
    """
    save_summaries_steps, save_summaries_secs = _one_of(
        save_summaries_steps, save_summaries_secs, (100, None)
    )
    save_checkpoint_steps, save_checkpoint_secs = _one_of(
        save_checkpoint_steps, save_checkpoint_secs, (None, 600)
    )
    scaffold = scaffold or Scaffold()
    if not is_chief:
        worker = WorkerSessionCreator(scaffold, master, config, max_wait_secs)
        return MonitoredSession(worker, hooks or [], stop_grace_period_secs)
    all_hooks = list(chief_only_hooks or ())
    chief = ChiefSessionCreator(scaffold, master, config, checkpoint_dir)
    summary_dir = summary_dir or checkpoint_dir
    if summary_dir and log_step_count_steps and log_step_count_steps > 0:
        all_hooks.append(StepCounterHook(log_step_count_steps, output_dir=summary_dir))
    if summary_dir and _positive(save_summaries_steps, save_summaries_secs):
        all_hooks.append(
            SummarySaverHook(save_summaries_steps, save_summaries_secs, summary_dir, scaffold=scaffold)
        )
    if checkpoint_dir and _positive(save_checkpoint_steps, save_checkpoint_secs):
        all_hooks.append(
            CheckpointSaverHook(
                checkpoint_dir, save_checkpoint_secs, save_checkpoint_steps, scaffold=scaffold
            )
        )
    return MonitoredSession(chief, [*all_hooks, *(hooks or ())], stop_grace_period_secs)


def _one_of(steps: Any, secs: Any, default: tuple[Any, Any]) -> tuple[Any, Any]:
    """How often, in steps or seconds, where either is left to be chosen."""
    if steps is USE_DEFAULT and secs is USE_DEFAULT:
        return default
    return (None if steps is USE_DEFAULT else steps), (None if secs is USE_DEFAULT else secs)


def _positive(*numbers: Any) -> bool:
    return any(number and number > 0 for number in numbers)
