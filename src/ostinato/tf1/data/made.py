"""Whole pipelines in one call: batches of parsed examples, and of tables with named columns (TF1 symbols:
`tf.data.experimental.make_batched_features_dataset`, `make_csv_dataset`).
"""

from __future__ import annotations

import csv
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arguments import handed_on
from ..dtypes import as_dtype, float32, int32, int64, string
from ..file_io import get_matching_files
from ..local_files import local_path
from ..parsing import parse_example
from .dataset import Dataset
from .readers import CsvDataset, TFRecordDataset
from .transformations import ignore_errors as without_errors

_FIRST_ROWS = 100


def _shuffled(dataset: Dataset, shuffle: bool, size: int, seed: Any, num_epochs: Any) -> Dataset:
    if shuffle:
        dataset = dataset.shuffle(size, seed)
    return dataset if num_epochs == 1 else dataset.repeat(num_epochs)


def _file_names(pattern: Any, shuffle: bool, seed: Any) -> list[str]:
    names = sorted(get_matching_files(pattern))
    if not names:
        raise ValueError(f"No files match {pattern}.")
    if shuffle:
        np.random.RandomState(seed).shuffle(names)
    return names


def parse_example_dataset(features: dict[str, Any], num_parallel_calls: Any = 1) -> Any:
    """Encoded examples, parsed (TF1 symbol: `tf.data.experimental.parse_example_dataset`).

    Raises:
        ValueError: no features.
    """
    if features is None:
        raise ValueError("Missing: features was None.")
    return lambda dataset: dataset.map(
        lambda serialized: parse_example(serialized, features), num_parallel_calls
    )


def make_batched_features_dataset(
    file_pattern: Any,
    batch_size: Any,
    features: dict[str, Any],
    reader: Any = TFRecordDataset,
    label_key: str | None = None,
    reader_args: Sequence[Any] | None = None,
    num_epochs: int | None = None,
    shuffle: bool = True,
    shuffle_buffer_size: int = 10000,
    shuffle_seed: Any = None,
    prefetch_buffer_size: Any = None,
    reader_num_threads: Any = None,
    parser_num_threads: Any = None,
    sloppy_ordering: bool = False,
    drop_final_batch: bool = False,
) -> Dataset:
    """Batches of the parsed examples of files (TF1 symbol:
    `tf.data.experimental.make_batched_features_dataset`), read one file after the other.

    Raises:
        ValueError: no file matches, or `label_key` is none of the features.
        TypeError: the reader gives other things than strings.
    """
    names = _file_names(file_pattern, shuffle, shuffle_seed)
    dataset = reader(names, *(reader_args or ()))
    if isinstance(dataset.output_types, tuple):
        dataset = dataset.map(lambda _, value: value)
    if dataset.output_types is not string:
        raise TypeError("`reader` must be a dataset of `tf.string` values, or `(key, value)` pairs.")
    dataset = _shuffled(dataset, shuffle, shuffle_buffer_size, shuffle_seed, num_epochs)
    dataset = dataset.batch(batch_size, drop_remainder=drop_final_batch or num_epochs is None)
    dataset = dataset.apply(parse_example_dataset(features, parser_num_threads or 2))
    if label_key:
        if label_key not in features:
            raise ValueError(
                f"The `label_key` provided ({label_key!r}) must be one of the `features` keys: "
                f"{list(features)}."
            )
        dataset = dataset.map(lambda found: (found, found.pop(label_key)))
    return dataset.prefetch(prefetch_buffer_size)


def read_batch_features(
    file_pattern: Any,
    batch_size: Any,
    features: dict[str, Any],
    reader: Any = TFRecordDataset,
    reader_args: Sequence[Any] | None = None,
    randomize_input: bool = True,
    num_epochs: int | None = None,
    capacity: int = 10000,
) -> dict[str, Any]:
    """The next batch of parsed examples, as tensors (TF1 symbol: `tf.contrib.data.read_batch_features`)."""
    dataset = make_batched_features_dataset(
        **handed_on(locals(), "randomize_input", "capacity"),
        shuffle=randomize_input,
        shuffle_buffer_size=capacity,
    )
    return dataset.make_one_shot_iterator().get_next()


def make_csv_dataset(
    file_pattern: Any,
    batch_size: Any,
    column_names: Sequence[str] | None = None,
    column_defaults: Sequence[Any] | None = None,
    label_name: str | None = None,
    select_columns: Sequence[Any] | None = None,
    field_delim: str = ",",
    use_quote_delim: bool = True,
    na_value: str = "",
    header: bool = True,
    num_epochs: int | None = None,
    shuffle: bool = True,
    shuffle_buffer_size: int = 10000,
    shuffle_seed: Any = None,
    prefetch_buffer_size: Any = None,
    num_parallel_reads: Any = None,
    sloppy: bool = False,
    num_rows_for_inference: int | None = _FIRST_ROWS,
    compression_type: Any = None,
    ignore_errors: bool = False,
) -> Dataset:
    """Batches of tables' columns by name (TF1 symbol: `tf.data.experimental.make_csv_dataset`).

    Types that are not given are found from the first rows: int32, int64, float32 or string.

    Raises:
        ValueError: no file matches, names occur twice or are missing, or `label_name` is none of them.
    """
    names = _file_names(file_pattern, False, shuffle_seed)
    rows = _first_rows(names[0], num_rows_for_inference, field_delim, use_quote_delim, compression_type)
    if column_names is None:
        if not header:
            raise ValueError("Cannot infer column names without a header line.")
        column_names = rows[0]
    if len(column_names) != len(set(column_names)):
        raise ValueError("Cannot have duplicate column names.")
    chosen = list(range(len(column_names)))
    if select_columns is not None:
        chosen = sorted(
            column_names.index(column) if isinstance(column, str) else int(column)
            for column in select_columns
        )
    if column_defaults is None:
        column_defaults = [
            _type_of([row[place] for row in rows[1 if header else 0 :] if place < len(row)], na_value)
            for place in chosen
        ]
    kept = [column_names[place] for place in chosen]
    if label_name is not None and label_name not in kept:
        raise ValueError("`label_name` provided must be one of the columns.")
    dataset: Dataset = CsvDataset(
        names,
        column_defaults,
        compression_type,
        None,
        header,
        field_delim,
        use_quote_delim,
        na_value,
        chosen if select_columns is not None else None,
    )
    if ignore_errors:
        dataset = dataset.apply(without_errors())
    dataset = _shuffled(dataset, shuffle, shuffle_buffer_size, shuffle_seed, num_epochs)
    dataset = dataset.batch(batch_size, drop_remainder=num_epochs is None)

    def named(*columns: Any) -> Any:
        found = OrderedDict(zip(kept, columns, strict=True))
        if label_name is None:
            return found
        label = found.pop(label_name)
        return found, label

    return dataset.map(named).prefetch(prefetch_buffer_size)


def _first_rows(path: str, count: int | None, delimiter: str, quoted: bool, kind: Any) -> list[list[str]]:
    from .readers import _table_lines

    lines = []
    for line in _table_lines(local_path(path), kind or ""):
        lines.append(line.decode().rstrip("\r\n"))
        if count is not None and len(lines) > count:
            break
    if quoted:
        return list(csv.reader(lines, delimiter=delimiter))
    return [line.split(delimiter) for line in lines]


def _type_of(values: Sequence[str], na_value: str) -> Any:
    """The narrowest type that holds all values; a column of numbers is 0 where it is empty."""
    present = [value for value in values if value not in ("", na_value)]
    for dtype in (int32, int64, float32):
        try:
            numbers = [int(value) if dtype.is_integer else float(value) for value in present]
        except ValueError:
            continue
        if not dtype.is_integer or all(dtype.min <= number <= dtype.max for number in numbers):
            return np.zeros([1], as_dtype(dtype).as_numpy_dtype)
    return [""]
