"""Sessions with hooks, that are restored and saved by themselves (TF1 symbols:
`tf.train.MonitoredTrainingSession`, `tf.train.MonitoredSession`, ...).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from . import errors, logging
from .checkpoint_hooks import CheckpointSaverHook
from .coordinator import Coordinator
from .graph import GraphKeys, get_collection, get_default_graph
from .hooks import StepCounterHook
from .options import RunMetadata, RunOptions
from .queue_runner import start_queue_runners
from .scaffold import Scaffold
from .session_manager import SessionManager
from .session_run_hook import SessionRunArgs, SessionRunContext, SessionRunValues
from .summary_hooks import SummarySaverHook

USE_DEFAULT = object()
_LOST = (errors.AbortedError, errors.UnavailableError)


class SessionCreator:
    """Makes sessions; derive from it (TF1 symbol: `tf.train.SessionCreator`)."""

    def create_session(self) -> Any:
        raise NotImplementedError(f"create_session is not implemented for {self}.")


class ChiefSessionCreator(SessionCreator):
    """Makes a session that is restored or initialised (TF1 symbol: `tf.train.ChiefSessionCreator`)."""

    def __init__(
        self,
        scaffold: Scaffold | None = None,
        master: str = "",
        config: Any = None,
        checkpoint_dir: str | None = None,
        checkpoint_filename_with_path: str | None = None,
    ) -> None:
        self._scaffold = scaffold or Scaffold()
        self._master, self._config = master, config
        self._checkpoint_dir = checkpoint_dir
        self._checkpoint = checkpoint_filename_with_path
        self._manager: SessionManager | None = None

    def create_session(self) -> Any:
        scaffold = self._scaffold.finalize()
        self._manager = self._manager or _manager_of(scaffold)
        return self._manager.prepare_session(
            self._master,
            saver=scaffold.saver,
            checkpoint_dir=self._checkpoint_dir,
            checkpoint_filename_with_path=self._checkpoint,
            config=self._config,
            init_op=scaffold.init_op,
            init_feed_dict=scaffold.init_feed_dict,
            init_fn=scaffold.init_fn,
        )


class WorkerSessionCreator(SessionCreator):
    """Makes a session that somebody else initialises (TF1 symbol: `tf.train.WorkerSessionCreator`)."""

    def __init__(
        self,
        scaffold: Scaffold | None = None,
        master: str = "",
        config: Any = None,
        max_wait_secs: float = 30 * 60,
    ) -> None:
        self._scaffold = scaffold or Scaffold()
        self._master, self._config, self._max_wait_secs = master, config, max_wait_secs
        self._manager: SessionManager | None = None

    def create_session(self) -> Any:
        self._manager = self._manager or _manager_of(self._scaffold.finalize())
        return self._manager.wait_for_session(
            self._master, config=self._config, max_wait_secs=self._max_wait_secs
        )


def _manager_of(scaffold: Scaffold) -> SessionManager:
    return SessionManager(
        local_init_op=scaffold.local_init_op,
        ready_op=scaffold.ready_op,
        ready_for_local_init_op=scaffold.ready_for_local_init_op,
        graph=get_default_graph(),
    )


class StepContext:
    """What a function for `run_step_fn` is given: the session, and how to run it with its hooks."""

    def __init__(self, session: Any, run_with_hooks: Callable[..., Any]) -> None:
        self._session, self._run_with_hooks = session, run_with_hooks

    @property
    def session(self) -> Any:
        return self._session

    def run_with_hooks(self, *args: Any, **kwargs: Any) -> Any:
        """As `MonitoredSession.run`."""
        return self._run_with_hooks(*args, **kwargs)

    def request_stop(self) -> NoReturn:
        """End the loop that the function is called in."""
        raise StopIteration("step_fn has requested the iterations to stop.")


class _WrappedSession:
    """A session in another one; `_sess` is the inner one, which code of that time reaches through."""

    def __init__(self, sess: Any) -> None:
        self._sess = sess

    @property
    def graph(self) -> Any:
        return self._sess.graph

    def should_stop(self) -> bool:
        if self._check_stop():
            return True
        if self._sess:
            return isinstance(self._sess, _WrappedSession) and self._sess.should_stop()
        return True

    def _check_stop(self) -> bool:
        return False

    def close(self) -> None:
        sess, self._sess = self._sess, None
        if sess:
            sess.close()

    def run(self, *args: Any, **kwargs: Any) -> Any:
        return self._sess.run(*args, **kwargs)


class _RecoverableSession(_WrappedSession):
    """A session that is made anew where the one that there was is lost."""

    def __init__(self, creator: _CoordinatedSessionCreator) -> None:
        self._creator = creator
        super().__init__(self._created())

    def _created(self) -> Any:
        while True:
            try:
                return self._creator.create_session()
            except _LOST as problem:
                logging.info(
                    "An error was raised while a session was being created; a new one will be. Error: %s",
                    problem,
                )

    def _check_stop(self) -> bool:
        try:
            return self._sess._check_stop() if self._sess else True
        except _LOST as problem:
            logging.info("The session was lost, and a new one will be made. Error: %s", problem)
            self.close()
            self._sess = self._created()
            return False
        except Exception:  # which closing the session raises
            return True

    def run(self, *args: Any, **kwargs: Any) -> Any:
        while True:
            try:
                if not self._sess:
                    self._sess = self._created()
                return self._sess.run(*args, **kwargs)
            except _LOST as problem:
                logging.info("The session was lost, and a new one will be made. Error: %s", problem)
                self.close()


class _CoordinatedSession(_WrappedSession):
    """A session whose threads stop with it, and whose runs tell what went wrong in them."""

    def __init__(self, sess: Any, coord: Coordinator, stop_grace_period_secs: float) -> None:
        super().__init__(sess)
        self._coord, self._stop_grace_period_secs = coord, stop_grace_period_secs

    def _check_stop(self) -> bool:
        self._coord.raise_requested_exception()
        return self._coord.should_stop()

    def close(self) -> None:
        self._coord.request_stop()
        try:
            self._coord.join(stop_grace_period_secs=self._stop_grace_period_secs, ignore_live_threads=True)
        finally:
            super().close()

    def run(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return self._sess.run(*args, **kwargs)
        except _LOST:
            raise
        except Exception as problem:
            try:
                self._coord.raise_requested_exception()
            except _LOST:
                raise
            except Exception as other:
                raise problem from other
            raise


class _HookedSession(_WrappedSession):
    """A session whose runs do what hooks ask for."""

    def __init__(self, sess: Any, hooks: Sequence[Any]) -> None:
        super().__init__(sess)
        self._hooks, self._should_stop = hooks, False

    def _check_stop(self) -> bool:
        return self._should_stop

    def run(self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None) -> Any:
        if self.should_stop():
            raise RuntimeError("Run called even after should_stop requested.")
        context = SessionRunContext(SessionRunArgs(fetches, feed_dict), self._sess)
        options = options or RunOptions()
        run_metadata = run_metadata or RunMetadata()
        wanted: dict[Any, Any] = {"caller": fetches}
        feeds = self._asked(context, wanted, feed_dict, options)
        outputs = self._sess.run(wanted, feed_dict=feeds, options=options, run_metadata=run_metadata)
        for hook in self._hooks:
            hook.after_run(context, SessionRunValues(outputs.get(hook), options, run_metadata))
        self._should_stop = self._should_stop or context.stop_requested
        return outputs["caller"]

    def _asked(self, context: Any, wanted: dict[Any, Any], feed_dict: Any, options: Any) -> Any:
        """Ask the hooks, which add fetches; the result is what to feed."""
        feeds: dict[Any, Any] = {}
        for hook in self._hooks:
            request = hook.before_run(context)
            if request is None:
                continue
            if request.fetches is not None:
                wanted[hook] = request.fetches
            if request.feed_dict:
                _refuse_both(feeds, request.feed_dict, "Same tensor is fed by two hooks.")
                feeds.update(request.feed_dict)
            if request.options:
                for field in ("trace_level", "timeout_in_ms", "inter_op_thread_pool"):
                    largest = max(getattr(options, field), getattr(request.options, field))
                    setattr(options, field, largest)
        if not feeds or not feed_dict:
            return feeds or feed_dict
        _refuse_both(feed_dict, feeds, "Same tensor is fed by a SessionRunHook and user.")
        return {**feeds, **feed_dict}


def _refuse_both(first: Any, second: Any, message: str) -> None:
    both = set(first) & set(second)
    if both:
        raise RuntimeError(f"{message} Conflict(s): {list(both)}")


class _CoordinatedSessionCreator(SessionCreator):
    """Makes a session with its threads and hooks."""

    def __init__(self, creator: SessionCreator, hooks: Sequence[Any], stop_grace_period_secs: float) -> None:
        self._session_creator, self._hooks = creator, hooks
        self._stop_grace_period_secs = stop_grace_period_secs
        self.coord: Coordinator | None = None
        self.tf_sess: Any = None

    def create_session(self) -> _CoordinatedSession:
        self.tf_sess = self._session_creator.create_session()
        self.coord = Coordinator(clean_stop_exception_types=[])
        if get_collection(GraphKeys.QUEUE_RUNNERS):
            start_queue_runners(sess=self.tf_sess, coord=self.coord)
        for hook in self._hooks:
            hook.after_create_session(self.tf_sess, self.coord)
        hooked = _HookedSession(self.tf_sess, self._hooks)
        return _CoordinatedSession(hooked, self.coord, self._stop_grace_period_secs)


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
        self._coordinated_creator = _CoordinatedSessionCreator(
            session_creator or ChiefSessionCreator(), self._hooks, stop_grace_period_secs
        )
        self._sess: Any
        if should_recover:
            self._sess = _RecoverableSession(self._coordinated_creator)
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
