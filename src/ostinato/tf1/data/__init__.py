"""The module `tf.data`."""

from ..names import absent
from . import experimental
from .dataset import Dataset
from .iterators import Iterator, make_initializable_iterator, make_one_shot_iterator
from .options import Options
from .readers import FixedLengthRecordDataset, TextLineDataset, TFRecordDataset
from .structure import DatasetSpec
from .transformations import get_output_classes, get_output_shapes, get_output_types

__all__ = [
    "Dataset",
    "DatasetSpec",
    "FixedLengthRecordDataset",
    "Iterator",
    "Options",
    "TFRecordDataset",
    "TextLineDataset",
    "experimental",
    "get_output_classes",
    "get_output_shapes",
    "get_output_types",
    "make_initializable_iterator",
    "make_one_shot_iterator",
]
__getattr__ = absent("tf.data", __all__)
