"""What fills lookup tables: tensors of keys and values, or the lines of a text file."""

from __future__ import annotations

import os
from typing import Any

from .dtypes import DType, as_dtype, int32, int64, string
from .graph import GraphKeys, add_to_collection, name_scope
from .ops.core import convert_to_tensor, make
from .ops.tables import LINE_NUMBER, WHOLE_LINE
from .tensor import Operation, Tensor


class TextFileIndex:
    """What of a line is a key or a value, beside the number of a column (TF1 symbol:
    `tf.lookup.TextFileIndex`).
    """

    WHOLE_LINE, LINE_NUMBER = WHOLE_LINE, LINE_NUMBER


class TableInitializerBase:
    """What fills a table: derive from it, and give `initialize(table)`, an operation."""

    def __init__(self, key_dtype: Any, value_dtype: Any) -> None:
        self._key_dtype, self._value_dtype = as_dtype(key_dtype), as_dtype(value_dtype)

    @property
    def key_dtype(self) -> DType:
        return self._key_dtype

    @property
    def value_dtype(self) -> DType:
        return self._value_dtype

    _shared_name = ""

    def initialize(self, table: Any) -> Operation:
        raise NotImplementedError

    def _check(self, table: Any) -> None:
        if table.key_dtype.base_dtype is not self._key_dtype.base_dtype:
            raise TypeError(f"Invalid key dtype, expected {self._key_dtype} but got {table.key_dtype}.")
        if table.value_dtype.base_dtype is not self._value_dtype.base_dtype:
            raise TypeError(f"Invalid value dtype, expected {self._value_dtype} but got {table.value_dtype}.")


class KeyValueTensorInitializer(TableInitializerBase):
    """Keys and values as tensors (TF1 symbol: `tf.lookup.KeyValueTensorInitializer`)."""

    def __init__(
        self,
        keys: Any,
        values: Any,
        key_dtype: Any = None,
        value_dtype: Any = None,
        name: str | None = None,
    ) -> None:
        self._keys = convert_to_tensor(keys, key_dtype, name="keys")
        self._values = convert_to_tensor(values, value_dtype, name="values")
        self._name = name or "key_value_init"
        super().__init__(self._keys.dtype.base_dtype, self._values.dtype.base_dtype)

    def initialize(self, table: Any) -> Operation:
        self._check(table)
        with name_scope(self._name, values=[table.resource_handle, self._keys, self._values]):
            node = make("LookupTableImportV2", [table.resource_handle, self._keys, self._values])
        add_to_collection(GraphKeys.TABLE_INITIALIZERS, node)
        return node


class TextFileInitializer(TableInitializerBase):
    """Keys and values from the lines of a text file (TF1 symbol: `tf.lookup.TextFileInitializer`).

    Args:
        key_index, value_index: the number of a column, or `TextFileIndex.WHOLE_LINE` or `LINE_NUMBER`.
        vocab_size: how many lines to read; None: all.
        delimiter: what stands between columns.

    Raises:
        ValueError: no file name; a type that an index does not give; an index or size out of range.
    """

    def __init__(
        self,
        filename: Any,
        key_dtype: Any,
        key_index: Any,
        value_dtype: Any,
        value_index: Any,
        vocab_size: int | None = None,
        delimiter: str = "\t",
        name: str | None = None,
    ) -> None:
        if not isinstance(filename, Tensor) and not filename:
            raise ValueError("Filename required for " + (name or "text_file_init"))
        for what, dtype, index in (("Keys", key_dtype, key_index), ("Values", value_dtype, value_index)):
            kind = as_dtype(dtype)
            if index == LINE_NUMBER and kind is not int64:
                raise ValueError(f"Signature mismatch. {what} must be dtype {int64}, got {kind}.")
            allowed = (string,) if what == "Values" else (string, int32, int64)
            if (
                index == WHOLE_LINE
                and not (kind.is_integer if what == "Keys" else False)
                and kind not in allowed
            ):
                raise ValueError(f"Signature mismatch. {what} must be dtype {string}, got {kind}.")
            if index < WHOLE_LINE:
                raise ValueError(f"Invalid {what[:-1].lower()} index {index}.")
        if vocab_size is not None and vocab_size <= 0:
            raise ValueError(f"Invalid vocab_size {vocab_size}.")
        self._filename, self._key_index, self._value_index = filename, key_index, value_index
        self._vocab_size, self._delimiter = vocab_size, delimiter
        self._name = name or "text_file_init"
        super().__init__(key_dtype, value_dtype)

    @property
    def _shared_name(self) -> str:  # type: ignore[override]
        if isinstance(self._filename, Tensor):
            return ""
        parts = [os.fsdecode(self._filename)]
        if self._vocab_size:
            parts.append(str(self._vocab_size))
        return "_".join(["hash_table", *parts, str(self._key_index), str(self._value_index)])

    def initialize(self, table: Any) -> Operation:
        self._check(table)
        with name_scope(self._name, "text_file_init", [table.resource_handle]):
            node = make(
                "InitializeTableFromTextFileV2",
                [table.resource_handle, self._path],
                vocab_size=-1 if self._vocab_size is None else self._vocab_size,
                key_index=int(self._key_index),
                value_index=int(self._value_index),
                delimiter=self._delimiter,
            )
        add_to_collection(GraphKeys.TABLE_INITIALIZERS, node)
        if not isinstance(self._filename, Tensor):
            add_to_collection(GraphKeys.ASSET_FILEPATHS, self._path)
        return node

    @property
    def _path(self) -> Tensor:
        if isinstance(self._filename, Tensor):
            return self._filename
        if not hasattr(self, "_path_tensor"):
            self._path_tensor = convert_to_tensor(self._filename, string, name="asset_path")
        return self._path_tensor


class TextFileStringTableInitializer(TextFileInitializer):
    """Line numbers to strings (TF1 symbol: `tf.contrib.lookup.TextFileStringTableInitializer`)."""

    def __init__(
        self,
        filename: Any,
        key_column_index: Any = LINE_NUMBER,
        value_column_index: Any = WHOLE_LINE,
        vocab_size: int | None = None,
        delimiter: str = "\t",
        name: str = "text_file_string_table_init",
    ) -> None:
        super().__init__(
            filename, int64, key_column_index, string, value_column_index, vocab_size, delimiter, name
        )


class TextFileIdTableInitializer(TextFileInitializer):
    """Strings to line numbers (TF1 symbol: `tf.contrib.lookup.TextFileIdTableInitializer`)."""

    def __init__(
        self,
        filename: Any,
        key_column_index: Any = WHOLE_LINE,
        value_column_index: Any = LINE_NUMBER,
        vocab_size: int | None = None,
        delimiter: str = "\t",
        name: str = "text_file_id_table_init",
        key_dtype: Any = string,
    ) -> None:
        super().__init__(
            filename, key_dtype, key_column_index, int64, value_column_index, vocab_size, delimiter, name
        )
