"""Prices of houses in Boston (TF1 module: `tf.keras.datasets.boston_housing`)."""

from __future__ import annotations

import numpy as np

from ...names import absent
from ..data_files import get_file
from .files import ORIGIN, Split, shuffled


def load_data(path: str = "boston_housing.npz", test_split: float = 0.2, seed: int = 113) -> Split:
    """The houses to train with and to test with (TF1 symbol: `tf.keras.datasets.boston_housing.load_data`).

    Raises:
        FileNotFoundError: the file is not in `~/.keras/datasets`; nothing is downloaded.
    """
    assert 0 <= test_split < 1
    with np.load(get_file(path, origin=ORIGIN + "boston_housing.npz")) as held:
        x, y = held["x"], held["y"]
    np.random.seed(seed)
    x, y = shuffled(x, y)
    count = int(len(x) * (1 - test_split))
    return (np.array(x[:count]), np.array(y[:count])), (np.array(x[count:]), np.array(y[count:]))


__all__ = ["load_data"]
__getattr__ = absent("tf.keras.datasets.boston_housing", __all__)
