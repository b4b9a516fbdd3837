"""What sessions are wrapped in: made anew when lost, stopped by a coordinator, watched by hooks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from . import errors, logging
from .coordinator import Coordinator
from .graph import GraphKeys, get_collection, get_default_graph
from .options import RunMetadata, RunOptions
from .queue_runner import start_queue_runners
from .scaffold import Scaffold
from .session_manager import SessionManager
from .session_run_hook import SessionRunArgs, SessionRunContext, SessionRunValues

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


class RecoverableSession(_WrappedSession):
    """A session that is made anew where the one that there was is lost."""

    def __init__(self, creator: CoordinatedSessionCreator) -> None:
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


class CoordinatedSessionCreator(SessionCreator):
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
