"""The module `tf.contrib.eager`: what code for graphs asks it, and the refusal of the rest."""

from __future__ import annotations

from typing import Any

from ..eager import enable_eager_execution, executing_eagerly
from ..session_device import gpus


def in_graph_mode() -> bool:
    """True (TF1 symbol: `tf.contrib.eager.in_graph_mode`)."""
    return True


def in_eager_mode() -> bool:
    """False (TF1 symbol: `tf.contrib.eager.in_eager_mode`)."""
    return False


def num_gpus() -> int:
    """How many GPUs sessions compute on (TF1 symbol: `tf.contrib.eager.num_gpus`)."""
    return len(gpus())


__all__ = ["enable_eager_execution", "executing_eagerly", "in_eager_mode", "in_graph_mode", "num_gpus"]


def __getattr__(name: str) -> Any:
    raise AttributeError(
        f"tf.contrib.eager.{name} is not among the TensorFlow 1 symbols here: there is no eager execution; "
        "build a graph and evaluate it with tf.Session."
    )
