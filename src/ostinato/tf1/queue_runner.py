"""Threads that fill queues (TF1 module: `tf.train.queue_runner`)."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Sequence
from typing import Any

from . import errors, logging
from .graph import GraphKeys, add_to_collection, get_collection, get_default_graph
from .meta_graph_messages import QueueRunnerDef
from .names import absent
from .process_ends import is_leaving
from .session import BaseSession, get_default_session


class QueueRunner:
    """Runs the operations that fill a queue, each in a thread of its own (TF1 symbol:
    `tf.train.QueueRunner`).

    Args:
        queue: a queue.
        enqueue_ops: operations to run again and again, each in a thread.
        close_op: what to run when the input is over; None is `queue.close()`.
        cancel_op: what to run when the threads are asked to stop; None is to close the queue and cancel what
            waits to be added.
        queue_closed_exception_types: errors that mean that the input is over; None is
            `tf.errors.OutOfRangeError`.
        queue_runner_def, import_scope: in the place of these, a message that names them.

    Raises:
        ValueError: no queue or no operations, or both them and a message.
        TypeError: `queue_closed_exception_types` is no tuple of errors.
    """

    def __init__(
        self,
        queue: Any = None,
        enqueue_ops: Sequence[Any] | None = None,
        close_op: Any = None,
        cancel_op: Any = None,
        queue_closed_exception_types: tuple[type[Exception], ...] | None = None,
        queue_runner_def: Any = None,
        import_scope: str | None = None,
    ) -> None:
        self._queue: Any
        self._enqueue_ops: list[Any]
        self._close_op: Any
        self._cancel_op: Any
        self._closed_types: tuple[type[Exception], ...]
        if queue_runner_def:
            if queue or enqueue_ops:
                raise ValueError("queue_runner_def and queue are mutually exclusive.")
            self._from_message(queue_runner_def, import_scope)
        else:
            if not queue or not enqueue_ops:
                raise ValueError("Must provide queue and enqueue_ops.")
            types = queue_closed_exception_types
            if types is not None and (
                not isinstance(types, tuple)
                or not types
                or not all(issubclass(kind, errors.OpError) for kind in types)
            ):
                raise TypeError(
                    "queue_closed_exception_types, when provided, must be a tuple of tf.error types, "
                    f"but saw: {types}"
                )
            self._queue, self._enqueue_ops = queue, list(enqueue_ops)
            self._close_op = queue.close() if close_op is None else close_op
            self._cancel_op = queue.close(cancel_pending_enqueues=True) if cancel_op is None else cancel_op
            self._closed_types = types or (errors.OutOfRangeError,)
        self._lock = threading.Lock()
        self._running: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self._exceptions: list[Exception] = []

    def _from_message(self, message: Any, import_scope: str | None) -> None:
        graph = get_default_graph()

        def element(name: str) -> Any:
            return graph.as_graph_element(f"{import_scope}/{name}" if import_scope else name)

        self._queue = element(message.queue_name)
        self._enqueue_ops = [element(name) for name in message.enqueue_op_name]
        self._close_op, self._cancel_op = element(message.close_op_name), element(message.cancel_op_name)
        codes = list(message.queue_closed_exception_types)
        self._closed_types = tuple(errors.exception_type_from_error_code(code) for code in codes) or (
            errors.OutOfRangeError,
        )

    @property
    def queue(self) -> Any:
        return self._queue

    @property
    def enqueue_ops(self) -> list[Any]:
        return self._enqueue_ops

    @property
    def close_op(self) -> Any:
        return self._close_op

    @property
    def cancel_op(self) -> Any:
        return self._cancel_op

    @property
    def queue_closed_exception_types(self) -> tuple[type[Exception], ...]:
        return self._closed_types

    @property
    def exceptions_raised(self) -> list[Exception]:
        """What went wrong in threads that have no Coordinator to tell."""
        return self._exceptions

    @property
    def name(self) -> str:
        """The queue's name."""
        return self._queue.name

    def _run(self, sess: Any, enqueue_op: Any, coord: Any) -> None:
        counted = True
        try:
            fill = self._filler(sess, enqueue_op)
            while not (coord and coord.should_stop()):
                try:
                    fill()
                except self._closed_types:
                    with self._lock:
                        counted = False
                        self._running[sess] -= 1
                        last = self._running[sess] == 0
                    if last:  # of the threads that fill the queue
                        self._quietly(sess, self._close_op)
                    return
        except Exception as problem:
            if is_leaving():
                return
            if coord:
                coord.request_stop(problem)
                return
            logging.error("Exception in QueueRunner: %s", problem)
            with self._lock:
                self._exceptions.append(problem)
            raise
        finally:
            if counted:
                with self._lock:
                    self._running[sess] -= 1

    def _filler(self, sess: Any, enqueue_op: Any) -> Callable[[], Any]:
        """What a thread calls again and again."""
        filler: Callable[[], Any] = sess.make_callable(enqueue_op)
        return filler

    def _close_on_stop(self, sess: Any, cancel_op: Any, coord: Any) -> None:
        coord.wait_for_stop()
        self._quietly(sess, cancel_op)

    @staticmethod
    def _quietly(sess: Any, operation: Any) -> None:
        try:
            sess.run(operation)
        except Exception as problem:  # the queue or the session may be closed by now
            logging.debug("Ignored exception: %s", problem)

    def create_threads(
        self, sess: Any, coord: Any = None, daemon: bool = False, start: bool = False
    ) -> list[threading.Thread]:
        """The threads that fill the queue of a session, and with a Coordinator one that cancels them.

        Returns:
            None of them where the session's are running already.
        """
        with self._lock:
            if self._running.get(sess, 0) > 0:
                return []
            self._running[sess] = len(self._enqueue_ops)
            self._exceptions = []
        threads = [
            threading.Thread(
                target=self._run,
                args=(sess, operation, coord),
                name=f"QueueRunnerThread-{self.name}-{operation.name}",
            )
            for operation in self._enqueue_ops
        ]
        if coord:
            threads.append(
                threading.Thread(
                    target=self._close_on_stop,
                    args=(sess, self._cancel_op, coord),
                    name=f"QueueRunnerThread-{self.name}-close_on_stop",
                )
            )
        for thread in threads:
            if coord:
                coord.register_thread(thread)
            if daemon:
                thread.daemon = True
            if start:
                thread.start()
        return threads

    def to_proto(self, export_scope: str | None = None) -> Any:
        """The runner as a message; None where its queue is not in the scope."""
        prefix = f"{export_scope.rstrip('/')}/" if export_scope else ""
        if not self._queue.name.startswith(prefix):
            return None
        made = QueueRunnerDef(queue_name=self._queue.name.removeprefix(prefix))
        made.enqueue_op_name.extend([item.name.removeprefix(prefix) for item in self._enqueue_ops])
        made.close_op_name = self._close_op.name.removeprefix(prefix)
        made.cancel_op_name = self._cancel_op.name.removeprefix(prefix)
        codes = [errors.error_code_from_exception_type(kind) for kind in self._closed_types]
        made.queue_closed_exception_types.extend(codes)
        return made

    @staticmethod
    def from_proto(queue_runner_def: Any, import_scope: str | None = None) -> QueueRunner:
        """The runner that a message describes, of the default graph."""
        return QueueRunner(queue_runner_def=queue_runner_def, import_scope=import_scope)


def add_queue_runner(qr: QueueRunner, collection: str = GraphKeys.QUEUE_RUNNERS) -> None:
    """Have `start_queue_runners` start it (TF1 symbol: `tf.train.add_queue_runner`)."""
    add_to_collection(collection, qr)


def start_queue_runners(
    sess: Any = None,
    coord: Any = None,
    daemon: bool = True,
    start: bool = True,
    collection: str = GraphKeys.QUEUE_RUNNERS,
) -> list[threading.Thread]:
    """Start the threads that fill the graph's queues (TF1 symbol: `tf.train.start_queue_runners`).

    Args:
        sess: the session; None is the default one.
        coord: a Coordinator that stops them.
        daemon: whether the script may end while they run.
        start: whether to start them.
        collection: of the runners.

    Raises:
        ValueError: there is no session.
        TypeError: `sess` is none.
    """
    if sess is None:
        sess = get_default_session()
        if sess is None:
            raise ValueError(
                "Cannot start queue runners: No default session is registered. Use `with "
                "sess.as_default()` or pass an explicit session to tf.start_queue_runners(sess=sess)"
            )
    if not isinstance(sess, BaseSession):
        if type(sess).__name__ in ("MonitoredSession", "SingularMonitoredSession"):
            return []  # which starts them itself
        raise TypeError(f"sess must be a `tf.Session` object. Given class: {type(sess)}")
    with sess.graph.as_default():
        runners = get_collection(collection)
        if not runners:
            logging.warning(
                "`tf.train.start_queue_runners()` was called when no queue runners were defined. You can "
                "safely remove the call to this deprecated function."
            )
        return [
            thread
            for runner in runners
            for thread in runner.create_threads(sess, coord=coord, daemon=daemon, start=start)
        ]


__all__ = ["QueueRunner", "add_queue_runner", "start_queue_runners"]
__getattr__ = absent("tf.train.queue_runner", __all__)
