"""The module `tf.keras.datasets`: data sets from the files in `~/.keras/datasets`; none is downloaded."""

from ...names import absent
from . import boston_housing, cifar10, cifar100, fashion_mnist, imdb, mnist, reuters

__all__ = ["boston_housing", "cifar10", "cifar100", "fashion_mnist", "imdb", "mnist", "reuters"]
__getattr__ = absent("tf.keras.datasets", __all__)
