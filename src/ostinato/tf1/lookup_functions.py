"""Lookup tables from lists and files: words to numbers and back.

>>> import ostinato.tf1 as tf
>>> with tf.Graph().as_default(), tf.Session() as session:
...     table = tf.contrib.lookup.index_table_from_tensor(["one", "two"], default_value=-1)
...     numbers = table.lookup(tf.constant(["two", "three"]))
...     session.run(tf.tables_initializer())
...     session.run(numbers).tolist()
[1, -1]
"""

from __future__ import annotations

from typing import Any

from .dtypes import as_dtype, int64, string
from .graph import GraphKeys, get_collection, name_scope
from .lookup_buckets import FastHashSpec, IdTableWithHashBuckets
from .lookup_initializers import (
    KeyValueTensorInitializer,
    TextFileIdTableInitializer,
    TextFileStringTableInitializer,
)
from .lookup_tables import StaticHashTable
from .ops.array import size
from .ops.control import group, no_op
from .ops.core import convert_to_tensor
from .ops.math import cast
from .ops.math import range_ as number_range
from .ops.tables import LINE_NUMBER, WHOLE_LINE
from .tensor import Operation, Tensor


def index_table_from_tensor(
    mapping: Any,
    num_oov_buckets: int = 0,
    default_value: int = -1,
    hasher_spec: Any = FastHashSpec,
    dtype: Any = string,
    name: str | None = None,
) -> Any:
    """A table from the elements of a list to their places (TF1 symbol:
    `tf.contrib.lookup.index_table_from_tensor`).

    Raises:
        ValueError: no `mapping`, or a negative number of buckets.
    """
    if mapping is None:
        raise ValueError("mapping must be specified.")
    _check_buckets(num_oov_buckets)
    kind = as_dtype(dtype)
    if not kind.is_integer and kind is not string:
        raise TypeError(f"Only integer and string keys are supported. Invalid key dtype {kind}.")
    with name_scope(name, "string_to_index"):
        keys = convert_to_tensor(mapping)
        if keys.dtype.is_integer != kind.is_integer:
            wanted = "integer" if kind.is_integer else "non-integer"
            raise ValueError(f"Expected {wanted} values, got {keys.dtype}.")
        values = cast(number_range(size(keys)), int64)
        with name_scope(None, "hash_table"):
            table_keys = cast(keys, int64) if keys.dtype.is_integer else keys
            initializer = KeyValueTensorInitializer(
                table_keys, values, table_keys.dtype.base_dtype, int64, name="table_init"
            )
            table = StaticHashTable(initializer, default_value)
    if num_oov_buckets or kind is not initializer.key_dtype:
        return IdTableWithHashBuckets(table, num_oov_buckets, hasher_spec, key_dtype=kind)
    return table


def _check_buckets(count: int) -> None:
    if count < 0:
        raise ValueError(f"num_oov_buckets must be greater or equal than 0, got {count}.")


def index_table_from_file(
    vocabulary_file: Any = None,
    num_oov_buckets: int = 0,
    vocab_size: int | None = None,
    default_value: int = -1,
    hasher_spec: Any = FastHashSpec,
    key_dtype: Any = string,
    name: str | None = None,
    key_column_index: Any = WHOLE_LINE,
    value_column_index: Any = LINE_NUMBER,
    delimiter: str = "\t",
) -> Any:
    """A table from a file's lines to their numbers (TF1 symbol: `tf.contrib.lookup.index_table_from_file`).

    Raises:
        ValueError: no file, a negative number of buckets, or a size below 1.
        TypeError: keys that are neither integers nor strings.
    """
    if vocabulary_file is None or (isinstance(vocabulary_file, str) and not vocabulary_file):
        raise ValueError("vocabulary_file must be specified and must not be empty.")
    _check_buckets(num_oov_buckets)
    if vocab_size is not None and vocab_size < 1:
        file = vocabulary_file.op if isinstance(vocabulary_file, Tensor) else vocabulary_file
        raise ValueError(f"vocab_file_values: {file}, vocab_size must be greater than 0, got {vocab_size}.")
    kind = as_dtype(key_dtype)
    if not kind.is_integer and kind is not string:
        raise TypeError("Only integer and string keys are supported.")
    with name_scope(name, "string_to_index"), name_scope(None, "hash_table"):
        initializer = TextFileIdTableInitializer(
            vocabulary_file,
            key_column_index,
            value_column_index,
            vocab_size,
            delimiter,
            "table_init",
            int64 if kind.is_integer else kind,
        )
        _ = initializer._path  # TensorFlow makes the file's name first
        table = StaticHashTable(initializer, default_value)
    if num_oov_buckets or kind is not initializer.key_dtype:
        return IdTableWithHashBuckets(table, num_oov_buckets, hasher_spec, key_dtype=kind)
    return table


def index_to_string_table_from_file(
    vocabulary_file: Any,
    vocab_size: int | None = None,
    default_value: str = "UNK",
    name: str | None = None,
    key_column_index: Any = LINE_NUMBER,
    value_column_index: Any = WHOLE_LINE,
    delimiter: str = "\t",
) -> StaticHashTable:
    """A table from the numbers of a file's lines to the lines (TF1 symbol:
    `tf.contrib.lookup.index_to_string_table_from_file`).

    Raises:
        ValueError: no file, or a size below 1.
    """
    if vocabulary_file is None or (isinstance(vocabulary_file, str) and not vocabulary_file):
        raise ValueError("vocabulary_file must be specified and must not be empty.")
    if vocab_size is not None and vocab_size < 1:
        raise ValueError("vocab_size must be greater than 0.")
    with name_scope(name, "index_to_string"):
        initializer = TextFileStringTableInitializer(
            vocabulary_file, key_column_index, value_column_index, vocab_size, delimiter, "table_init"
        )
        _ = initializer._path
        return StaticHashTable(initializer, default_value)


def index_to_string_table_from_tensor(
    mapping: Any, default_value: str = "UNK", name: str | None = None
) -> StaticHashTable:
    """A table from places in a list to its elements (TF1 symbol:
    `tf.contrib.lookup.index_to_string_table_from_tensor`).

    Raises:
        ValueError: no `mapping`.
    """
    if mapping is None:
        raise ValueError("mapping must be specified.")
    with name_scope(name, "index_to_string"):
        values = convert_to_tensor(mapping, string)
        keys = cast(number_range(size(values)), int64)
        initializer = KeyValueTensorInitializer(keys, values, int64, string, name="table_init")
        return StaticHashTable(initializer, default_value)


def string_to_index(tensor: Any, mapping: Any, default_value: int = -1, name: str | None = None) -> Any:
    """The places of strings in a list (TF1 symbol: `tf.contrib.lookup.string_to_index`)."""
    return index_table_from_tensor(mapping, default_value=default_value, name=name).lookup(tensor)


def index_to_string(tensor: Any, mapping: Any, default_value: str = "UNK", name: str | None = None) -> Any:
    """The strings at places of a list (TF1 symbol: `tf.contrib.lookup.index_to_string`)."""
    return index_to_string_table_from_tensor(mapping, default_value, name).lookup(tensor)


def tables_initializer(name: str = "init_all_tables") -> Operation:
    """The operation that fills all tables of the graph (TF1 symbol: `tf.tables_initializer`)."""
    initializers = get_collection(GraphKeys.TABLE_INITIALIZERS)
    return group(*initializers, name=name) if initializers else no_op(name=name)


initialize_all_tables = tables_initializer
