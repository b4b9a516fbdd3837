"""The module `tf.config.optimizer`: settings of TensorFlow's optimiser of graphs, taken and given back."""

from __future__ import annotations

from typing import Any

from ..names import absent
from .settings import SETTINGS

__all__ = ["get_experimental_options", "get_jit", "set_experimental_options", "set_jit"]

__getattr__ = absent("tf.config.optimizer", __all__)


def get_experimental_options() -> dict[str, Any]:
    """What was set (TF1 symbol: `tf.config.optimizer.get_experimental_options`)."""
    given = SETTINGS.get("optimizer", {})
    return {"disable_model_pruning": False, "disable_meta_optimizer": False, **given}


def set_experimental_options(options: dict[str, Any]) -> None:
    """Taken (TF1 symbol: `tf.config.optimizer.set_experimental_options`)."""
    SETTINGS["optimizer"] = {**SETTINGS.get("optimizer", {}), **options}


def get_jit() -> bool:
    """What was set (TF1 symbol: `tf.config.optimizer.get_jit`); False before."""
    return bool(SETTINGS.get("jit", False))


def set_jit(enabled: bool) -> None:
    """Taken (TF1 symbol: `tf.config.optimizer.set_jit`)."""
    SETTINGS["jit"] = enabled
