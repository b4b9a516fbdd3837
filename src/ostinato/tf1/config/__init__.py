"""The module `tf.config`: what there is to compute with. Settings without a meaning here are taken and given
back: nothing is placed by hand, and memory is taken as it is needed.
"""

from __future__ import annotations

from ..names import absent
from . import experimental, optimizer, threading
from .settings import SETTINGS

__all__ = [
    "experimental",
    "get_soft_device_placement",
    "optimizer",
    "set_soft_device_placement",
    "threading",
]

MODULES = {"experimental": experimental, "optimizer": optimizer, "threading": threading}
__getattr__ = absent("tf.config", __all__)


def get_soft_device_placement() -> bool:
    """What was set (TF1 symbol: `tf.config.get_soft_device_placement`); False before."""
    return bool(SETTINGS.get("soft_device_placement", False))


def set_soft_device_placement(enabled: bool) -> None:
    """Taken (TF1 symbol: `tf.config.set_soft_device_placement`): operations run on the session's device."""
    SETTINGS["soft_device_placement"] = enabled
