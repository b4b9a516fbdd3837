"""The module `tf.logging`: Python's logger named "tensorflow"."""

from __future__ import annotations

import logging as _logging

from .names import absent

DEBUG, INFO, WARN, ERROR, FATAL = (
    _logging.DEBUG,
    _logging.INFO,
    _logging.WARNING,
    _logging.ERROR,
    _logging.CRITICAL,
)
_LOGGER = _logging.getLogger("tensorflow")

debug, info, warning, error, fatal = (
    _LOGGER.debug,
    _LOGGER.info,
    _LOGGER.warning,
    _LOGGER.error,
    _LOGGER.critical,
)
warn, log = warning, _LOGGER.log


def set_verbosity(level: int) -> None:
    """Let through messages of this level and above (TF1 symbol: `tf.logging.set_verbosity`)."""
    _LOGGER.setLevel(level)


def get_verbosity() -> int:
    """The level that was set (TF1 symbol: `tf.logging.get_verbosity`)."""
    return _LOGGER.getEffectiveLevel()


__all__ = [
    "DEBUG",
    "ERROR",
    "FATAL",
    "INFO",
    "WARN",
    "debug",
    "error",
    "fatal",
    "get_verbosity",
    "info",
    "log",
    "set_verbosity",
    "warn",
    "warning",
]

__getattr__ = absent("tf.logging", __all__)
