"""The module `tf.keras.preprocessing`: sequences and texts as arrays."""

from ...names import absent
from . import sequence, text

__all__ = ["sequence", "text"]
__getattr__ = absent("tf.keras.preprocessing", __all__)
