"""The module `tensorflow.examples.tutorials.mnist`."""

from . import input_data, mnist

__all__ = ["input_data", "mnist"]
