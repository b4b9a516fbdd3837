"""The module `tf.core`: the protocol messages that scripts name, which are plain classes here."""

from __future__ import annotations

from .core_messages import MODULES
from .names import absent

framework, protobuf, util = MODULES["framework"], MODULES["protobuf"], MODULES["util"]

__all__ = ["framework", "protobuf", "util"]
__getattr__ = absent("tensorflow.core", __all__)
