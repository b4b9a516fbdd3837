"""The module `tf.layers.experimental`: layers of `tf.layers` that name their variables as Keras does."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from .names import absent

_REFUSAL = (
    "tf.layers.experimental changes the names of the variables of tf.layers to Keras' for a whole script: "
    "it is not done here. Make the layers of tf.keras.layers instead."
)


@contextlib.contextmanager
def keras_style_scope() -> Iterator[None]:
    """Not supported: make layers of `tf.keras.layers` (TF1 symbol: `tf.layers.experimental`)."""
    raise NotImplementedError(_REFUSAL)
    yield


def set_keras_style() -> None:
    """Not supported: make layers of `tf.keras.layers` (TF1 symbol: `tf.layers.experimental`)."""
    raise NotImplementedError(_REFUSAL)


__all__ = ["keras_style_scope", "set_keras_style"]
__getattr__ = absent("tf.layers.experimental", __all__)
