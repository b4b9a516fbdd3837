"""The module `tf.logging`: Python's logger named "tensorflow"."""

from __future__ import annotations

import itertools
import logging as _logging
import sys
from typing import Any

from .names import absent

DEBUG, INFO, WARN, ERROR, FATAL = (
    _logging.DEBUG,
    _logging.INFO,
    _logging.WARNING,
    _logging.ERROR,
    _logging.CRITICAL,
)
_LOGGER = _logging.getLogger("tensorflow")
_counts: dict[Any, Any] = {}


def get_logger() -> _logging.Logger:
    """The logger, with a handler that prints to stderr unless logging is set up already (TF1 symbol:
    `tf.get_logger`).
    """
    if not _LOGGER.handlers and not _logging.getLogger().handlers:
        handler = _logging.StreamHandler(sys.stderr)
        handler.setFormatter(_logging.Formatter(_logging.BASIC_FORMAT))
        _LOGGER.addHandler(handler)
    return _LOGGER


def log(level: int, msg: Any, *args: Any, **kwargs: Any) -> None:
    """Log `msg % args` at a level (TF1 symbol: `tf.logging.log`)."""
    get_logger().log(level, msg, *args, **{"stacklevel": 2, **kwargs})


vlog = log


def debug(msg: Any, *args: Any, **kwargs: Any) -> None:
    """Log at DEBUG (TF1 symbol: `tf.logging.debug`)."""
    get_logger().debug(msg, *args, **{"stacklevel": 2, **kwargs})


def info(msg: Any, *args: Any, **kwargs: Any) -> None:
    """Log at INFO (TF1 symbol: `tf.logging.info`)."""
    get_logger().info(msg, *args, **{"stacklevel": 2, **kwargs})


def warning(msg: Any, *args: Any, **kwargs: Any) -> None:
    """Log at WARN (TF1 symbols: `tf.logging.warning`, `tf.logging.warn`)."""
    get_logger().warning(msg, *args, **{"stacklevel": 2, **kwargs})


warn = warning


def error(msg: Any, *args: Any, **kwargs: Any) -> None:
    """Log at ERROR (TF1 symbol: `tf.logging.error`)."""
    get_logger().error(msg, *args, **{"stacklevel": 2, **kwargs})


def fatal(msg: Any, *args: Any, **kwargs: Any) -> None:
    """Log at FATAL; the program goes on (TF1 symbol: `tf.logging.fatal`)."""
    get_logger().critical(msg, *args, **{"stacklevel": 2, **kwargs})


def TaskLevelStatusMessage(msg: Any) -> None:
    """Log at ERROR (TF1 symbol: `tf.logging.TaskLevelStatusMessage`)."""
    error(msg)


def log_if(level: int, msg: Any, condition: Any, *args: Any) -> None:
    """Log where the condition is true (TF1 symbol: `tf.logging.log_if`)."""
    if condition:
        log(level, msg, *args, stacklevel=3)


def log_every_n(level: int, msg: Any, n: int, *args: Any) -> None:
    """Log each n-th time that this line comes by, from the first (TF1 symbol: `tf.logging.log_every_n`)."""
    if _times() % n == 0:
        log(level, msg, *args, stacklevel=3)


def log_first_n(level: int, msg: Any, n: int, *args: Any) -> None:
    """Log the first n times that this line comes by (TF1 symbol: `tf.logging.log_first_n`)."""
    if _times() < n:
        log(level, msg, *args, stacklevel=3)


def _times() -> int:
    """How often the line that calls the caller came by before."""
    frame = sys._getframe(2)
    place = frame.f_code.co_filename, frame.f_lineno
    return next(_counts.setdefault(place, itertools.count()))


def flush() -> None:
    """Not there (TF1 symbol: `tf.logging.flush`).

    Raises:
        NotImplementedError: always, as in TensorFlow.
    """
    raise NotImplementedError("Nothing is kept back here that could be flushed.")


def set_verbosity(v: int) -> None:
    """Let through messages of this level and above (TF1 symbol: `tf.logging.set_verbosity`)."""
    get_logger().setLevel(v)


def get_verbosity() -> int:
    """The level that was set (TF1 symbol: `tf.logging.get_verbosity`)."""
    return get_logger().getEffectiveLevel()


__all__ = [
    "DEBUG",
    "ERROR",
    "FATAL",
    "INFO",
    "TaskLevelStatusMessage",
    "WARN",
    "debug",
    "error",
    "fatal",
    "flush",
    "get_verbosity",
    "info",
    "log",
    "log_every_n",
    "log_first_n",
    "log_if",
    "set_verbosity",
    "vlog",
    "warn",
    "warning",
]

__getattr__ = absent("tf.logging", __all__)
