"""The module `tf.config.threading`."""

from __future__ import annotations

from ..names import absent
from .settings import SETTINGS

__all__ = [
    "get_inter_op_parallelism_threads",
    "get_intra_op_parallelism_threads",
    "set_inter_op_parallelism_threads",
    "set_intra_op_parallelism_threads",
]

__getattr__ = absent("tf.config.threading", __all__)


def get_inter_op_parallelism_threads() -> int:
    """What was set (TF1 symbol: `tf.config.threading.get_inter_op_parallelism_threads`); 0 before."""
    return int(SETTINGS.get("inter_op_parallelism_threads", 0))


def get_intra_op_parallelism_threads() -> int:
    """What was set (TF1 symbol: `tf.config.threading.get_intra_op_parallelism_threads`); 0 before."""
    return int(SETTINGS.get("intra_op_parallelism_threads", 0))


def set_inter_op_parallelism_threads(num_threads: int) -> None:
    """Taken (TF1 symbol: `tf.config.threading.set_inter_op_parallelism_threads`): operations run in turn."""
    SETTINGS["inter_op_parallelism_threads"] = num_threads


def set_intra_op_parallelism_threads(num_threads: int) -> None:
    """torch's threads in the runs of sessions made from now on that say no other number (TF1 symbol:
    `tf.config.threading.set_intra_op_parallelism_threads`).
    """
    SETTINGS["intra_op_parallelism_threads"] = num_threads
