"""The module `tf.keras.wrappers`."""

from ..names import absent
from . import scikit_learn

__all__ = ["scikit_learn"]
__getattr__ = absent("tf.keras.wrappers", __all__)
