"""The module `tf.contrib.learn.learn_runner`."""

from ...names import absent
from .experiment import run

__all__ = ["run"]
__getattr__ = absent("tf.contrib.learn.learn_runner", __all__)
