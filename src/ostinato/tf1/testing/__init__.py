"""The module `tf.test`.

>>> import ostinato.tf1 as tf
>>> with tf.Graph().as_default(), tf.Session():
...     x = tf.constant([1.0, 2.0])
...     bool(tf.test.compute_gradient_error(x, [2], tf.square(x), [2]) < 1e-2)
True
"""

from __future__ import annotations

import os
import sys
import tempfile
import unittest
from collections.abc import Sequence
from typing import Any
from unittest import mock

import torch

from ..errors import UnimplementedError
from ..names import absent
from ..session_device import capability, gpus
from .gradient_checker import compute_gradient, compute_gradient_error
from .test_case import TestCase, assert_equal_graph_def


class Benchmark:
    """Measurements of TensorFlow's own (TF1 symbol: `tf.test.Benchmark`): there are none here.

    Raises:
        tf.errors.UnimplementedError: it is made.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise UnimplementedError(
            None,
            None,
            "tf.test.Benchmark is not served: time Session.run yourself, or use ostinato run --profile.",
        )


class StubOutForTesting:
    """Attributes replaced for a test and put back (TF1 symbol: `tf.test.StubOutForTesting`)."""

    def __init__(self) -> None:
        self._kept: list[tuple[Any, str, Any]] = []

    def Set(self, parent: Any, child_name: str, new_child: Any) -> None:
        self._kept.append((parent, child_name, getattr(parent, child_name)))
        setattr(parent, child_name, new_child)

    SmartSet = Set

    def UnsetAll(self) -> None:
        while self._kept:
            setattr(*self._kept.pop())

    SmartUnsetAll = CleanUp = UnsetAll


def main(argv: Sequence[str] | None = None) -> None:
    """Run the tests of the script (TF1 symbol: `tf.test.main`)."""
    from .. import flags

    unittest.main(argv=flags.FLAGS(list(argv or sys.argv), known_only=True))


def get_temp_dir() -> str:
    """A folder for what tests write (TF1 symbol: `tf.test.get_temp_dir`)."""
    return tempfile.gettempdir()


def test_src_dir_path(relative_path: str) -> str:
    """A path below the environment's TEST_SRCDIR (TF1 symbol: `tf.test.test_src_dir_path`)."""
    return os.path.join(os.environ["TEST_SRCDIR"], "org_tensorflow/tensorflow", relative_path)


test_src_dir_path.__test__ = False  # type: ignore[attr-defined]  # it is no test, whatever its name


def is_gpu_available(cuda_only: bool = False, min_cuda_compute_capability: Any = None) -> bool:
    """Whether sessions compute on a GPU (TF1 symbol: `tf.test.is_gpu_available`)."""
    least = tuple(min_cuda_compute_capability or (0, 0))
    return any(capability(gpu) >= least for gpu in gpus() if gpu.type == "cuda" or not cuda_only)


def gpu_device_name() -> str:
    """The name of the GPU, or nothing (TF1 symbol: `tf.test.gpu_device_name`)."""
    return "/device:GPU:0" if gpus() else ""


def is_built_with_cuda() -> bool:
    """Whether torch was built with CUDA (TF1 symbol: `tf.test.is_built_with_cuda`)."""
    return torch.version.cuda is not None


def is_built_with_rocm() -> bool:
    """Whether torch was built with ROCm (TF1 symbol: `tf.test.is_built_with_rocm`)."""
    return torch.version.hip is not None


def is_built_with_gpu_support() -> bool:
    """Whether torch was built for GPUs (TF1 symbol: `tf.test.is_built_with_gpu_support`)."""
    return is_built_with_cuda() or is_built_with_rocm()


def create_local_cluster(*args: Any, **kwargs: Any) -> Any:
    """Not there (TF1 symbol: `tf.test.create_local_cluster`).

    Raises:
        tf.errors.UnimplementedError: always.
    """
    raise UnimplementedError(None, None, "There are no clusters here: run the graph in one tf.Session.")


__all__ = [
    "Benchmark",
    "StubOutForTesting",
    "TestCase",
    "assert_equal_graph_def",
    "compute_gradient",
    "compute_gradient_error",
    "create_local_cluster",
    "get_temp_dir",
    "gpu_device_name",
    "is_built_with_cuda",
    "is_built_with_gpu_support",
    "is_built_with_rocm",
    "is_gpu_available",
    "main",
    "mock",
    "test_src_dir_path",
]
__getattr__ = absent("tf.test", __all__)
