"""The module `tf.version`: what a script that asks is to find."""

from .names import absent

VERSION = "1.15.0"
GIT_VERSION = "v1.15.0-rc3-22-g590d6ee"
COMPILER_VERSION = "7.3.1 20180303"
GRAPH_DEF_VERSION, GRAPH_DEF_VERSION_MIN_CONSUMER, GRAPH_DEF_VERSION_MIN_PRODUCER = 134, 0, 0

__all__ = [
    "COMPILER_VERSION",
    "GIT_VERSION",
    "GRAPH_DEF_VERSION",
    "GRAPH_DEF_VERSION_MIN_CONSUMER",
    "GRAPH_DEF_VERSION_MIN_PRODUCER",
    "VERSION",
]
__getattr__ = absent("tf.version", __all__)
