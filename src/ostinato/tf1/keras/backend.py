"""The module `tf.keras.backend`: Keras' session, its settings, and functions of tensors by Keras' names."""

from __future__ import annotations

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
__getattr__ = absent("tf.keras.backend", __all__)
