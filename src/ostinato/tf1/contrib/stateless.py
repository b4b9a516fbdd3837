"""The module `tf.contrib.stateless`: random numbers that are a function of a seed of two numbers."""

from ..names import absent
from ..ops.stateless_random import (
    stateless_multinomial,
    stateless_random_normal,
    stateless_random_uniform,
    stateless_truncated_normal,
)

__all__ = [
    "stateless_multinomial",
    "stateless_random_normal",
    "stateless_random_uniform",
    "stateless_truncated_normal",
]

__getattr__ = absent("tf.contrib.stateless", __all__)
