"""The module `tf.lookup`."""

from types import ModuleType

from .lookup_buckets import StaticVocabularyTable
from .lookup_initializers import KeyValueTensorInitializer, TextFileIndex, TextFileInitializer
from .lookup_mutable import MutableDenseHashTable
from .lookup_tables import StaticHashTable
from .names import absent

experimental = ModuleType("tensorflow.lookup.experimental", "The module `tf.lookup.experimental`.")
experimental.__dict__["DenseHashTable"] = MutableDenseHashTable
experimental.__dict__["__getattr__"] = absent("tf.lookup.experimental", ["DenseHashTable"])

__all__ = [
    "KeyValueTensorInitializer",
    "StaticHashTable",
    "StaticVocabularyTable",
    "TextFileIndex",
    "TextFileInitializer",
    "experimental",
]
__getattr__ = absent("tf.lookup", __all__)
