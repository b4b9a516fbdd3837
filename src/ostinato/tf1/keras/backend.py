"""The module `tf.keras.backend`: Keras' session, its settings, and functions of tensors by Keras' names."""

from __future__ import annotations

import importlib
from typing import Any

from ..names import absent
from .learning_phase import learning_phase, set_learning_phase, symbolic_learning_phase
from .session import (
    batch_get_value,
    batch_set_value,
    clear_session,
    get_session,
    get_value,
    set_session,
    set_value,
)
from .settings import (
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)

__all__ = [
    "batch_get_value",
    "batch_set_value",
    "clear_session",
    "epsilon",
    "floatx",
    "get_session",
    "get_value",
    "image_data_format",
    "learning_phase",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "set_learning_phase",
    "set_session",
    "set_value",
    "symbolic_learning_phase",
]
_absent = absent("tf.keras.backend", __all__)


def __getattr__(name: str) -> Any:
    # The functions stand on operations that themselves take initialisers from beside here.
    if not name.startswith("__"):
        functions = importlib.import_module(".backend_functions", __package__)
        if name in functions.PUBLIC:
            return getattr(functions, name)
    return _absent(name)
