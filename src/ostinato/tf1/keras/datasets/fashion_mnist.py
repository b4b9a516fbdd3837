"""Images of clothes (TF1 module: `tf.keras.datasets.fashion_mnist`)."""

from __future__ import annotations

import gzip
import os

import numpy as np

from ...names import absent
from ..data_files import get_file
from .files import ORIGIN, Split


def load_data() -> Split:
    """The images to train with and to test with, uint8 [image, 28, 28] (TF1 symbol:
    `tf.keras.datasets.fashion_mnist.load_data`).

    Raises:
        FileNotFoundError: a file is not in `~/.keras/datasets/fashion-mnist`; nothing is downloaded.
    """
    folder = os.path.join("datasets", "fashion-mnist")

    def read(name: str, header: int) -> np.ndarray:
        path = get_file(name, origin=ORIGIN + name, cache_subdir=folder)
        with gzip.open(path, "rb") as file:
            return np.frombuffer(file.read(), np.uint8, offset=header)

    found = []
    for part in ("train", "t10k"):
        labels = read(f"{part}-labels-idx1-ubyte.gz", 8)
        images = read(f"{part}-images-idx3-ubyte.gz", 16).reshape(len(labels), 28, 28)
        found.append((images, labels))
    return found[0], found[1]


__all__ = ["load_data"]
__getattr__ = absent("tf.keras.datasets.fashion_mnist", __all__)
