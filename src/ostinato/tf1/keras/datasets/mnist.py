"""Handwritten digits (TF1 module: `tf.keras.datasets.mnist`)."""

from __future__ import annotations

import numpy as np

from ...names import absent
from ..data_files import get_file
from .files import ORIGIN, Split


def load_data(path: str = "mnist.npz") -> Split:
    """The images to train with and to test with, uint8 [image, 28, 28] (TF1 symbol:
    `tf.keras.datasets.mnist.load_data`).

    Raises:
        FileNotFoundError: the file is not in `~/.keras/datasets`; nothing is downloaded.
    """
    with np.load(get_file(path, origin=ORIGIN + "mnist.npz")) as held:
        return (held["x_train"], held["y_train"]), (held["x_test"], held["y_test"])


__all__ = ["load_data"]
__getattr__ = absent("tf.keras.datasets.mnist", __all__)
