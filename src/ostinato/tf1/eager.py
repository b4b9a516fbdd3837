"""Eager execution, which there is none of: names at the top of `tf`, and the module `tf.contrib.eager`."""

from __future__ import annotations

from typing import Any, NoReturn

from .errors import UnimplementedError


def _refuse(symbol: str) -> NoReturn:
    raise UnimplementedError(
        None,
        None,
        f"{symbol}: there is no eager execution here; this is TensorFlow 1's graph and session. Take the "
        "call out and evaluate with tf.Session; or write eager code in PyTorch itself, with Ostinato.",
    )


def enable_eager_execution(config: Any = None, device_policy: Any = None, execution_mode: Any = None) -> None:
    """Not there (TF1 symbol: `tf.enable_eager_execution`).

    Raises:
        tf.errors.UnimplementedError: always, with the way out.
    """
    _refuse("tf.enable_eager_execution")


def enable_v2_behavior() -> None:
    """Not there (TF1 symbol: `tf.enable_v2_behavior`); raises as `enable_eager_execution` does."""
    _refuse("tf.enable_v2_behavior")


def executing_eagerly() -> bool:
    """False (TF1 symbol: `tf.executing_eagerly`)."""
    return False


__all__ = ["enable_eager_execution", "enable_v2_behavior", "executing_eagerly"]
