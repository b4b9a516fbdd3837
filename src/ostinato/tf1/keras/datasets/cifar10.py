"""Small images of ten kinds (TF1 module: `tf.keras.datasets.cifar10`)."""

from __future__ import annotations

import os

import numpy as np

from ...names import absent
from .. import backend
from ..data_files import get_file
from .files import Split, pickled_images


def load_data() -> Split:
    """The images to train with and to test with, uint8 (TF1 symbol: `tf.keras.datasets.cifar10.load_data`).

    Raises:
        FileNotFoundError: the file is not in `~/.keras/datasets`; nothing is downloaded.
    """
    origin = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
    path = get_file("cifar-10-batches-py", origin=origin, untar=True)
    parts = [pickled_images(os.path.join(path, f"data_batch_{number}")) for number in range(1, 6)]
    train = np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
    return arranged(train), arranged(pickled_images(os.path.join(path, "test_batch")))


def arranged(pair: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Images in the order of axes that Keras is set to, and a column of labels."""
    images, labels = pair
    last = backend.image_data_format() == "channels_last"
    return images.transpose(0, 2, 3, 1) if last else images, labels.reshape(-1, 1)


__all__ = ["load_data"]
__getattr__ = absent("tf.keras.datasets.cifar10", __all__)
