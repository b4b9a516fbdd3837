"""The module `tf.contrib.util`: constants and messages."""

from ..names import absent
from ..registry import constant_value
from ..tensor_protos import make_ndarray, make_tensor_proto

__all__ = ["constant_value", "make_ndarray", "make_tensor_proto"]

__getattr__ = absent("tf.contrib.util", __all__)
