"""The module `tf.data.experimental`."""

from ..names import absent
from .choosing import RandomDataset, choose_from_datasets, sample_from_datasets
from .dataset import AUTOTUNE
from .grouping import Reducer, bucket_by_sequence_length, group_by_reducer, group_by_window
from .made import make_batched_features_dataset, make_csv_dataset, parse_example_dataset
from .optional import Optional, get_next_as_optional
from .options import (
    DistributeOptions,
    MapVectorizationOptions,
    OptimizationOptions,
    StatsOptions,
    ThreadingOptions,
)
from .readers import CsvDataset, TFRecordWriter
from .structure import DatasetSpec as DatasetStructure
from .structure import OptionalSpec as OptionalStructure
from .transformations import (
    INFINITE_CARDINALITY,
    UNKNOWN_CARDINALITY,
    Counter,
    bytes_produced_stats,
    copy_to_device,
    dense_to_sparse_batch,
    enumerate_dataset,
    from_variant,
    get_single_element,
    get_structure,
    ignore_errors,
    latency_stats,
    map_and_batch,
    parallel_interleave,
    prefetch_to_device,
    scan,
    shuffle_and_repeat,
    take_while,
    to_variant,
    unbatch,
    unique,
)

map_and_batch_with_legacy_function = map_and_batch

__all__ = [
    "AUTOTUNE",
    "Counter",
    "CsvDataset",
    "DatasetStructure",
    "DistributeOptions",
    "INFINITE_CARDINALITY",
    "MapVectorizationOptions",
    "OptimizationOptions",
    "Optional",
    "OptionalStructure",
    "RandomDataset",
    "Reducer",
    "StatsOptions",
    "TFRecordWriter",
    "ThreadingOptions",
    "UNKNOWN_CARDINALITY",
    "bucket_by_sequence_length",
    "bytes_produced_stats",
    "choose_from_datasets",
    "copy_to_device",
    "dense_to_sparse_batch",
    "enumerate_dataset",
    "from_variant",
    "get_next_as_optional",
    "get_single_element",
    "get_structure",
    "group_by_reducer",
    "group_by_window",
    "ignore_errors",
    "latency_stats",
    "make_batched_features_dataset",
    "make_csv_dataset",
    "map_and_batch",
    "map_and_batch_with_legacy_function",
    "parallel_interleave",
    "parse_example_dataset",
    "prefetch_to_device",
    "sample_from_datasets",
    "scan",
    "shuffle_and_repeat",
    "take_while",
    "to_variant",
    "unbatch",
    "unique",
]
__getattr__ = absent("tf.data.experimental", __all__)
