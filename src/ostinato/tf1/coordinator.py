"""Threads that stop together (TF1 symbols: `tf.train.Coordinator`, `tf.train.LooperThread`)."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from . import logging
from .errors import OutOfRangeError


class Coordinator:
    """Lets threads stop when one of them asks for it, and tells why (TF1 symbol: `tf.train.Coordinator`).

    Args:
        clean_stop_exception_types: exceptions that end the work without being errors; None is the end of the
            input, `tf.errors.OutOfRangeError`.

    >>> import threading
    >>> coord = Coordinator()
    >>> thread = threading.Thread(target=coord.wait_for_stop)
    >>> thread.start()
    >>> coord.request_stop()
    >>> coord.join([thread])
    """

    def __init__(self, clean_stop_exception_types: Sequence[type[BaseException]] | None = None) -> None:
        types = (OutOfRangeError,) if clean_stop_exception_types is None else clean_stop_exception_types
        self._clean = tuple(types)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._error: tuple[Any, Any, Any] | None = None
        self._joined = False
        self._threads: set[threading.Thread] = set()

    def request_stop(self, ex: Any = None) -> None:
        """Ask all threads to stop.

        Args:
            ex: the exception, or what `sys.exc_info()` gives, that `join` is to raise; the first one counts.
        """
        with self._lock:
            error = ex[1] if isinstance(ex, tuple) else ex
            if isinstance(error, self._clean):
                ex = error = None
            if self._joined and error is not None:
                raise error.with_traceback(ex[2]) if isinstance(ex, tuple) else error
            if self._stop.is_set():
                return
            if ex and self._error is None:
                if isinstance(ex, tuple):
                    logging.info("Error reported to Coordinator: %s", error, exc_info=ex)
                    found: Any = ex
                else:
                    logging.info("Error reported to Coordinator: %s, %s", type(error), error)
                    found = (type(error), error, error.__traceback__)
                    if not isinstance(error, BaseException):
                        found = sys.exc_info()
                if len(found) != 3 or not found[0] or not found[1]:
                    problem = ValueError(
                        f"ex must be a tuple or sys.exc_info must return the current exception: {found}"
                    )
                    found = (ValueError, problem, None)
                self._error = found
            self._stop.set()

    def clear_stop(self) -> None:
        """Begin anew: nobody has asked to stop."""
        with self._lock:
            self._joined, self._error = False, None
            self._stop.clear()

    def should_stop(self) -> bool:
        """Whether somebody has asked to stop."""
        return self._stop.is_set()

    @contextlib.contextmanager
    def stop_on_exception(self) -> Iterator[None]:
        """Context in which an exception asks all threads to stop; `join` raises it."""
        try:
            yield
        except BaseException:
            self.request_stop(sys.exc_info())

    def wait_for_stop(self, timeout: float | None = None) -> bool:
        """Wait until somebody asks to stop; False where the time was over before that."""
        return self._stop.wait(timeout)

    def register_thread(self, thread: threading.Thread) -> None:
        """Have `join` wait for a thread."""
        with self._lock:
            self._threads.add(thread)

    def join(
        self,
        threads: Iterable[threading.Thread] | None = None,
        stop_grace_period_secs: float = 120,
        ignore_live_threads: bool = False,
    ) -> None:
        """Wait for threads to end; once somebody has asked to stop, no longer than the grace period.

        Raises:
            RuntimeError: threads are still running after that, and that is not to be ignored.
            the exception that was given to `request_stop`.
        """
        with self._lock:
            waited = list(self._threads.union(threads or ()))
        while any(thread.is_alive() for thread in waited) and not self.wait_for_stop(0.05):
            continue
        end = time.monotonic() + stop_grace_period_secs
        for thread in waited:
            if thread.is_alive():
                thread.join(max(0.0, end - time.monotonic()))
        alive = [thread.name for thread in waited if thread.is_alive()]
        with self._lock:
            self._joined = True
            self._threads = set()
            self._raise()
            if alive and not ignore_live_threads:
                raise RuntimeError(f"Coordinator stopped with threads still running: {' '.join(alive)}")
        if alive:
            logging.info("Coordinator stopped with threads still running: %s", " ".join(alive))

    @property
    def joined(self) -> bool:
        return self._joined

    def raise_requested_exception(self) -> None:
        """Raise the exception that was given to `request_stop`, if there is one."""
        with self._lock:
            self._raise()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error[1].with_traceback(self._error[2])


class LooperThread(threading.Thread):
    """A thread that does something again and again (TF1 symbol: `tf.train.LooperThread`).

    Args:
        coord: a Coordinator; the thread ends when it is asked to stop.
        timer_interval_secs: the time from one beginning to the next; None is without a pause.
        target, args, kwargs: what to do; else derive from the class and define `run_loop`.

    Raises:
        ValueError: `coord` is no Coordinator, or arguments without a target.
    """

    def __init__(
        self,
        coord: Coordinator,
        timer_interval_secs: float | None,
        target: Callable[..., Any] | None = None,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        if not isinstance(coord, Coordinator):
            raise ValueError(f"'coord' argument must be a Coordinator: {coord}")
        super().__init__(daemon=True)
        if not target and (args or kwargs):
            raise ValueError("'args' and 'kwargs' argument require that you also pass 'target'")
        self._coord, self._timer_interval_secs = coord, timer_interval_secs
        self._work, self._work_args, self._work_kwargs = target, args or (), kwargs or {}
        coord.register_thread(self)

    @staticmethod
    def loop(
        coord: Coordinator,
        timer_interval_secs: float | None,
        target: Callable[..., Any],
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
    ) -> LooperThread:
        """A started thread that calls `target` again and again."""
        looper = LooperThread(coord, timer_interval_secs, target, args, kwargs)
        looper.start()
        return looper

    def run(self) -> None:
        with self._coord.stop_on_exception():
            self.start_loop()
            if self._timer_interval_secs is None:
                while not self._coord.should_stop():
                    self.run_loop()
            else:
                due = time.time()
                while not self._coord.wait_for_stop(max(0.0, due - time.time())):
                    due += self._timer_interval_secs
                    self.run_loop()
            self.stop_loop()

    def start_loop(self) -> None:
        """What to do at first."""

    def stop_loop(self) -> None:
        """What to do at the end."""

    def run_loop(self) -> None:
        """What to do again and again."""
        if self._work:
            self._work(*self._work_args, **self._work_kwargs)
