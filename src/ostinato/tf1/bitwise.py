"""The module `tf.bitwise`."""

from .names import absent
from .ops.special import bitwise_and, bitwise_or, bitwise_xor, invert, left_shift, right_shift

__all__ = ["bitwise_and", "bitwise_or", "bitwise_xor", "invert", "left_shift", "right_shift"]
__getattr__ = absent("tf.bitwise", __all__)
