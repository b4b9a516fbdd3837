"""The module `tf.contrib.learn.datasets`: data sets by name, from local files."""

from __future__ import annotations

from typing import Any

from ...names import absent
from . import base, mnist
from .base import load_boston, load_iris

DATASETS = {"iris": base.load_iris, "boston": base.load_boston, "mnist": mnist.load_mnist}


def load_dataset(name: str, size: str = "small", test_with_fake_data: bool = False) -> Any:
    """A data set: 'iris', 'boston' or 'mnist' (TF1 symbol: `tf.contrib.learn.datasets.load_dataset`).

    Raises:
        ValueError: no data set of that name.
        FileNotFoundError: its files are not here; nothing is downloaded.
    """
    if name not in DATASETS:
        raise ValueError(f"Name of dataset is not found: {name}; there are {', '.join(DATASETS)}.")
    return DATASETS[name]()


__all__ = ["DATASETS", "base", "load_boston", "load_dataset", "load_iris", "mnist"]
__getattr__ = absent("tf.contrib.learn.datasets", __all__)
