"""The module `tensorflow.examples.tutorials.mnist.input_data`: MNIST from local files."""

from ....contrib.learn.base import maybe_download
from ....contrib.learn.mnist import (
    DataSet,
    dense_to_one_hot,
    extract_images,
    extract_labels,
    read_data_sets,
)
from ....names import absent

__all__ = [
    "DataSet",
    "dense_to_one_hot",
    "extract_images",
    "extract_labels",
    "maybe_download",
    "read_data_sets",
]
__getattr__ = absent("tf.examples.tutorials.mnist.input_data", __all__)
