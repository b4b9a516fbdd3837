"""The older way to train with checkpoints and summaries (TF1 symbol: `tf.train.Supervisor`)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from . import logging
from .coordinator import Coordinator, LooperThread
from .global_step import global_step as step_of
from .graph import GraphKeys, add_to_collection, get_collection, get_default_graph
from .graph_files import write_graph
from .meta_graph import create_meta_graph_def
from .ops.control import group
from .saver import Saver
from .session_manager import SessionManager
from .summary import merge_all
from .summary_messages import SessionLog
from .summary_writer import FileWriter
from .supervisor_threads import SVStepCounterThread, SVSummaryThread, SVTimerCheckpointThread
from .variable_lists import (
    global_variables,
    global_variables_initializer,
    local_variables_initializer,
    report_uninitialized_variables,
)


class Supervisor:
    """Makes a session ready, and saves it and its summaries in threads (TF1 symbol: `tf.train.Supervisor`).

    Where an argument is left out, the graph's collections or newly made operations take its place; None does
    without.

    Args:
        graph: None is the default graph; nothing can be added to it after this.
        ready_op, ready_for_local_init_op: tensors of the names of variables that have no values yet.
        is_chief: whether this session initialises and saves.
        init_op, init_feed_dict, init_fn: what initialises.
        local_init_op, local_init_run_options: what is run in each new session.
        logdir: where checkpoints and summaries go; None saves nothing.
        summary_op: all summaries as one; None leaves them to `summary_computed`.
        saver: what saves.
        global_step: the tensor that counts steps.
        save_summaries_secs, save_model_secs: how often to save; 0 never does.
        recovery_wait_secs, stop_grace_secs: how long to wait for other sessions, and for threads at the end.
        checkpoint_basename: the beginning of checkpoints' names.
        session_manager: None is a SessionManager with these operations.
        summary_writer: None writes no summaries.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     step = tf.Variable(0, name="global_step", trainable=False)
    ...     train = tf.assign_add(step, 1)
    ...     supervisor = tf.train.Supervisor()
    ...     with supervisor.managed_session() as session:
    ...         while not supervisor.should_stop():
    ...             if session.run(train) == 3:
    ...                 supervisor.request_stop()
    """

    USE_DEFAULT = 0

    def __init__(
        self,
        graph: Any = None,
        ready_op: Any = USE_DEFAULT,
        ready_for_local_init_op: Any = USE_DEFAULT,
        is_chief: bool = True,
        init_op: Any = USE_DEFAULT,
        init_feed_dict: Any = None,
        local_init_op: Any = USE_DEFAULT,
        logdir: str | None = None,
        summary_op: Any = USE_DEFAULT,
        saver: Any = USE_DEFAULT,
        global_step: Any = USE_DEFAULT,
        save_summaries_secs: float = 120,
        save_model_secs: float = 600,
        recovery_wait_secs: float = 30,
        stop_grace_secs: float = 120,
        checkpoint_basename: str = "model.ckpt",
        session_manager: Any = None,
        summary_writer: Any = USE_DEFAULT,
        init_fn: Callable[[Any], Any] | None = None,
        local_init_run_options: Any = None,
    ) -> None:
        self._graph = get_default_graph() if graph is None else graph
        with self._graph.as_default():
            self._ready_op = _or_made(ready_op, GraphKeys.READY_OP, report_uninitialized_variables)
            self._ready_for_local_init_op = _or_made(
                ready_for_local_init_op, GraphKeys.READY_FOR_LOCAL_INIT_OP, lambda: None
            )
            self._init_op = _or_made(init_op, GraphKeys.INIT_OP, global_variables_initializer)
            self._local_init_op = _or_made(
                local_init_op,
                GraphKeys.LOCAL_INIT_OP,
                lambda: group(local_variables_initializer(), *get_collection(GraphKeys.TABLE_INITIALIZERS)),
            )
            self._saver = _or_made(saver, GraphKeys.SAVERS, lambda: Saver() if global_variables() else None)
            self._summary_op = _or_made(summary_op, GraphKeys.SUMMARY_OP, merge_all)
            self._global_step = _or_made(global_step, GraphKeys.GLOBAL_STEP, self._counter)
        self._init_feed_dict, self._init_fn = init_feed_dict, init_fn
        self._is_chief = is_chief
        self._coord = Coordinator()
        self._stop_grace_secs = stop_grace_secs
        self._logdir = self._save_path = self._summary_writer = None
        self._save_summaries_secs: float | None = None
        self._save_model_secs: float | None = None
        if is_chief:
            self._logdir = logdir
            self._save_summaries_secs, self._save_model_secs = save_summaries_secs, save_model_secs
            if logdir:
                self._save_path = os.path.join(logdir, checkpoint_basename)
            if summary_writer is not Supervisor.USE_DEFAULT:
                self._summary_writer = summary_writer
            elif logdir:
                self._summary_writer = FileWriter(logdir)
            self._graph_added = False
        else:
            self._check_devices()
        self._session_manager = session_manager or SessionManager(
            local_init_op=self._local_init_op,
            ready_op=self._ready_op,
            ready_for_local_init_op=self._ready_for_local_init_op,
            graph=self._graph,
            recovery_wait_secs=recovery_wait_secs,
            local_init_run_options=local_init_run_options,
        )
        self._graph.finalize()

    def _counter(self) -> Any:
        """The variable `global_step`, where the graph has one of that name."""
        try:
            found = self._graph.get_tensor_by_name("global_step:0")
        except KeyError:
            return None
        if found.dtype.base_dtype.name in ("int32", "int64"):
            return found
        logging.warning("Found 'global_step' is not an int type: %s", found.dtype)
        return None

    def _check_devices(self) -> None:
        for operation in self._graph.get_operations():
            if operation.type == "VariableV2" and not operation.device:
                raise ValueError(
                    f"When using replicas, all Variables must have their device set: {operation}"
                )

    @property
    def is_chief(self) -> bool:
        return self._is_chief

    @property
    def session_manager(self) -> Any:
        return self._session_manager

    @property
    def coord(self) -> Coordinator:
        return self._coord

    @property
    def init_op(self) -> Any:
        return self._init_op

    @property
    def init_feed_dict(self) -> Any:
        return self._init_feed_dict

    @property
    def ready_op(self) -> Any:
        return self._ready_op

    @property
    def ready_for_local_init_op(self) -> Any:
        return self._ready_for_local_init_op

    @property
    def summary_writer(self) -> Any:
        return self._summary_writer

    @property
    def summary_op(self) -> Any:
        return self._summary_op

    @property
    def save_summaries_secs(self) -> float | None:
        return self._save_summaries_secs

    @property
    def global_step(self) -> Any:
        return self._global_step

    @property
    def saver(self) -> Any:
        return self._saver

    @property
    def save_model_secs(self) -> float | None:
        return self._save_model_secs

    @property
    def save_path(self) -> str | None:
        return self._save_path

    def _write_graph(self) -> None:
        described = self._graph.as_graph_def(add_shapes=True) if self._logdir else None
        if self._logdir:
            write_graph(described, self._logdir, "graph.pbtxt")
        if self._summary_writer and not self._graph_added:
            self._summary_writer.add_graph(self._graph)
            saver_def = self._saver.saver_def if self._saver else None
            described = described or self._graph.as_graph_def(add_shapes=True)
            self._summary_writer.add_meta_graph(
                create_meta_graph_def(graph_def=described, saver_def=saver_def)
            )
            self._graph_added = True

    def start_standard_services(self, sess: Any) -> Any:
        """Start the threads that save summaries, the steps per second, and checkpoints.

        Raises:
            RuntimeError: this is not the chief.
        """
        if not self._is_chief:
            raise RuntimeError(
                "Only chief supervisor can start standard services. Because only chief supervisors can write "
                "events."
            )
        if not self._logdir:
            logging.warning("Standard services need a 'logdir' passed to the SessionManager")
            return None
        if self._global_step is not None and self._summary_writer:
            step = step_of(sess, self._global_step)
            self._summary_writer.add_session_log(SessionLog(status=SessionLog.START), step)
        threads: list[LooperThread] = []
        if self._save_summaries_secs and self._summary_writer:
            if self._summary_op is not None:
                threads.append(SVSummaryThread(self, sess))
            if self._global_step is not None:
                threads.append(SVStepCounterThread(self, sess))
        if self._saver and self._save_model_secs:
            threads.append(SVTimerCheckpointThread(self, sess))
        for thread in threads:
            thread.start()
        return threads

    def prepare_or_wait_for_session(
        self,
        master: str = "",
        config: Any = None,
        wait_for_checkpoint: bool = False,
        max_wait_secs: float = 7200,
        start_standard_services: bool = True,
    ) -> Any:
        """A session that is ready; the chief makes it so, others wait for it."""
        self._coord.clear_stop()
        if self._summary_writer:
            self._summary_writer.reopen()
        if self._is_chief:
            sess = self._session_manager.prepare_session(
                master,
                init_op=self._init_op,
                saver=self._saver,
                checkpoint_dir=self._logdir,
                wait_for_checkpoint=wait_for_checkpoint,
                max_wait_secs=max_wait_secs,
                config=config,
                init_feed_dict=self._init_feed_dict,
                init_fn=self._init_fn,
            )
            self._write_graph()
            if start_standard_services:
                logging.info("Starting standard services.")
                self.start_standard_services(sess)
        else:
            sess = self._session_manager.wait_for_session(master, config=config, max_wait_secs=max_wait_secs)
        if start_standard_services:
            logging.info("Starting queue runners.")
            self.start_queue_runners(sess)
        return sess

    def start_queue_runners(self, sess: Any, queue_runners: Sequence[Any] | None = None) -> list[Any]:
        """Start the threads that fill queues; None: all of the graph's."""
        if queue_runners is None:
            queue_runners = self._graph.get_collection(GraphKeys.QUEUE_RUNNERS)
        return [
            thread
            for runner in queue_runners
            for thread in runner.create_threads(sess, coord=self._coord, daemon=True, start=True)
        ]

    def loop(
        self,
        timer_interval_secs: float | None,
        target: Callable[..., Any],
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
    ) -> LooperThread:
        """Start a thread that calls a function again and again."""
        return LooperThread.loop(self._coord, timer_interval_secs, target, args, kwargs)

    def stop(
        self,
        threads: Any = None,
        close_summary_writer: bool = True,
        ignore_live_threads: bool = False,
    ) -> None:
        """Stop the threads, and close the file of summaries."""
        self._coord.request_stop()
        try:
            self._coord.join(
                threads,
                stop_grace_period_secs=self._stop_grace_secs,
                ignore_live_threads=ignore_live_threads,
            )
        finally:
            if close_summary_writer and self._summary_writer:
                self._summary_writer.add_session_log(SessionLog(status=SessionLog.STOP))
                self._summary_writer.close()
                self._graph_added = False

    def request_stop(self, ex: Any = None) -> None:
        """Ask the threads, and the script, to stop."""
        self._coord.request_stop(ex=ex)

    def should_stop(self) -> bool:
        return self._coord.should_stop()

    def stop_on_exception(self) -> Any:
        """Context in which an exception asks to stop."""
        return self._coord.stop_on_exception()

    def wait_for_stop(self) -> None:
        self._coord.wait_for_stop()

    def summary_computed(self, sess: Any, summary: Any, global_step: Any = None) -> None:
        """Write a summary that the script has evaluated.

        Raises:
            RuntimeError: there is no writer.
        """
        if not self._summary_writer:
            raise RuntimeError("Writing a summary requires a summary writer.")
        if global_step is None and self._global_step is not None:
            global_step = step_of(sess, self._global_step)
        self._summary_writer.add_summary(summary, global_step)

    @contextlib.contextmanager
    def managed_session(
        self,
        master: str = "",
        config: Any = None,
        start_standard_services: bool = True,
        close_summary_writer: bool = True,
    ) -> Iterator[Any]:
        """Context with a session that is ready; at its end the threads stop, and the session is closed.

        It ends quietly where the input does; other exceptions are raised when the threads have stopped.
        """
        sess = None
        try:
            sess = self.prepare_or_wait_for_session(
                master=master, config=config, start_standard_services=start_standard_services
            )
            yield sess
        except Exception as problem:
            self.request_stop(problem)
        finally:
            try:
                self.stop(close_summary_writer=close_summary_writer)
            finally:
                if sess is not None:
                    sess.close()

    PrepareSession = prepare_or_wait_for_session
    StartQueueRunners = start_queue_runners
    StartStandardServices = start_standard_services
    Stop, RequestStop, Loop, ShouldStop = stop, request_stop, loop, should_stop
    StopOnException, WaitForStop, SummaryComputed = stop_on_exception, wait_for_stop, summary_computed


def _or_made(given: Any, key: str, make: Callable[[], Any]) -> Any:
    """What was given, or the first of a collection, or what the function makes, which goes there."""
    if given is not Supervisor.USE_DEFAULT:
        return given
    found = get_collection(key)
    if len(found) > 1:
        logging.info("Found %d %s operations. Returning the first one.", len(found), key)
    if found:
        return found[0]
    made = make()
    if made is not None:
        add_to_collection(key, made)
    return made


def basic_train_loop(
    supervisor: Supervisor,
    train_step_fn: Callable[..., Any],
    args: Sequence[Any] | None = None,
    kwargs: Mapping[str, Any] | None = None,
    master: str = "",
) -> None:
    """Call a function of the session until it is to stop, and begin anew where the session is lost (TF1
    symbol: `tf.train.basic_train_loop`).
    """
    from .errors import AbortedError, UnavailableError

    while not supervisor.should_stop():
        try:
            with supervisor.managed_session(master) as sess:
                while not supervisor.should_stop():
                    train_step_fn(sess, *(args or ()), **(kwargs or {}))
        except (AbortedError, UnavailableError) as problem:
            logging.info("The session was lost, and a new one will be made: %s", problem)
        else:
            return
