"""The module `tf.compat.v2`: of version 2 there is what version 1 has not under another name."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any


def not_served(module: str) -> Callable[[str], Any]:
    """What looks a name up that a module of version 2 has not here: it says what to write instead."""

    def look(name: str) -> Any:
        raise AttributeError(
            f"{module}.{name} is not among the TensorFlow 1 symbols here: this is TensorFlow 1's interface. "
            "What a script takes of version 2 has an older name: tf.compat.v2.keras is tf.keras."
        )

    return look


_look = not_served("tf.compat.v2")


def __getattr__(name: str) -> Any:
    if name == "nn":
        return importlib.import_module(".compat_v2_nn", __package__)  # which is made of cells
    return _look(name)
