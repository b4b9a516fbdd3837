"""The module `tf.contrib.data`."""

from ..data.choosing import RandomDataset, choose_from_datasets, sample_from_datasets
from ..data.dataset import AUTOTUNE, Dataset
from ..data.grouping import Reducer, bucket_by_sequence_length, group_by_reducer, group_by_window
from ..data.iterators import Iterator
from ..data.made import (
    make_batched_features_dataset,
    make_csv_dataset,
    parse_example_dataset,
    read_batch_features,
)
from ..data.older_transformations import (
    assert_element_shape,
    batch_and_drop_remainder,
    padded_batch_and_drop_remainder,
    reduce_dataset,
    sliding_window_batch,
    sloppy_interleave,
)
from ..data.optional import Optional, get_next_as_optional
from ..data.readers import (
    CsvDataset,
    FixedLengthRecordDataset,
    TextLineDataset,
    TFRecordDataset,
    TFRecordWriter,
)
from ..data.transformations import (
    Counter,
    copy_to_device,
    dense_to_sparse_batch,
    enumerate_dataset,
    get_single_element,
    ignore_errors,
    map_and_batch,
    parallel_interleave,
    prefetch_to_device,
    scan,
    shuffle_and_repeat,
    unbatch,
    unique,
)
from ..names import absent

__all__ = [
    "AUTOTUNE",
    "Counter",
    "CsvDataset",
    "Dataset",
    "FixedLengthRecordDataset",
    "Iterator",
    "Optional",
    "RandomDataset",
    "Reducer",
    "TFRecordDataset",
    "TFRecordWriter",
    "TextLineDataset",
    "assert_element_shape",
    "batch_and_drop_remainder",
    "bucket_by_sequence_length",
    "choose_from_datasets",
    "copy_to_device",
    "dense_to_sparse_batch",
    "enumerate_dataset",
    "get_next_as_optional",
    "get_single_element",
    "group_by_reducer",
    "group_by_window",
    "ignore_errors",
    "make_batched_features_dataset",
    "make_csv_dataset",
    "map_and_batch",
    "padded_batch_and_drop_remainder",
    "parallel_interleave",
    "parse_example_dataset",
    "prefetch_to_device",
    "read_batch_features",
    "reduce_dataset",
    "sample_from_datasets",
    "scan",
    "shuffle_and_repeat",
    "sliding_window_batch",
    "sloppy_interleave",
    "unbatch",
    "unique",
]
__getattr__ = absent("tf.contrib.data", __all__)
