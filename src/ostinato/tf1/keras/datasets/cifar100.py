"""Small images of a hundred kinds (TF1 module: `tf.keras.datasets.cifar100`)."""

from __future__ import annotations

import os

from ...names import absent
from ..data_files import get_file
from .cifar10 import arranged
from .files import Split, pickled_images


def load_data(label_mode: str = "fine") -> Split:
    """The images to train with and to test with, uint8 (TF1 symbol:
    `tf.keras.datasets.cifar100.load_data`).

    Raises:
        FileNotFoundError: the file is not in `~/.keras/datasets`; nothing is downloaded.
        ValueError: neither 'fine' nor 'coarse' labels.
    """
    if label_mode not in ("fine", "coarse"):
        raise ValueError('`label_mode` must be one of `"fine"`, `"coarse"`.')
    origin = "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz"
    path = get_file("cifar-100-python", origin=origin, untar=True)
    key = f"{label_mode}_labels"
    train = pickled_images(os.path.join(path, "train"), key)
    return arranged(train), arranged(pickled_images(os.path.join(path, "test"), key))


__all__ = ["load_data"]
__getattr__ = absent("tf.keras.datasets.cifar100", __all__)
