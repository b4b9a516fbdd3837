"""The module `tf.compat`: `tf.compat.v1` is this face itself."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from .names import absent

_absent = absent("tf.compat", ["v1"])


def __getattr__(name: str) -> Any:
    if name == "v1":
        return _face()
    return _absent(name)


def _face() -> ModuleType:
    return sys.modules[__package__ or "ostinato.tf1"]
