"""The module `tensorflow.examples`: its MNIST tutorial's helpers."""

from . import tutorials

__all__ = ["tutorials"]
