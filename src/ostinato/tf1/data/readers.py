"""Data sets from files: lines, records, parts of one size, and tables (TF1 symbols:
`tf.data.TextLineDataset`, `tf.data.TFRecordDataset`, `tf.data.FixedLengthRecordDataset`,
`tf.data.experimental.CsvDataset`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from ..dtypes import as_dtype, float32, float64, int32, int64, string
from ..file_io import local_path
from ..ops.array import reshape
from ..ops.core import constant, convert_to_tensor, make, one
from ..ops.decoding_text import TableReader
from ..ops.files import bytes_tensor
from ..ops.readers import lines_of, parts_of
from ..records import TFRecordWriter as _Writer
from ..records import opened, read_records
from ..registry import register
from ..tensor import Operation, Tensor
from .dataset import Dataset
from .runtime import Context, Element, Source
from .source_ops import Iterate, source
from .structure import TensorSpec

_STRING = TensorSpec([], string)


def _files(names: np.ndarray, read: Callable[[str], Iterator[bytes]]) -> Iterate:
    paths = [local_path(name) for name in names.reshape(-1).tolist()]

    def iterate(context: Context) -> Iterator[Element]:
        for path in paths:
            for record in read(path):
                yield (bytes_tensor(record),)

    return iterate


@source("TextLineDataset")
def _text_lines(operation: Operation, names: Any, kind: Any, buffer_size: Any) -> Iterate:
    return _files(names, lambda path: lines_of(path, kind.item().decode()))


@source("TFRecordDataset")
def _records(operation: Operation, names: Any, kind: Any, buffer_size: Any) -> Iterate:
    return _files(names, lambda path: read_records(path, kind.item().decode()))


@source("FixedLengthRecordDatasetV2")
def _fixed(
    operation: Operation, names: Any, header: Any, size: Any, footer: Any, buffer_size: Any, kind: Any
) -> Iterate:
    sizes = int(size), int(header), int(footer)
    return _files(names, lambda path: parts_of(path, *sizes, int(size), kind.item().decode()))


@source("CSVDataset")
def _csv(operation: Operation, names: Any, kind: Any, *defaults: Any) -> Iterate:
    reader = TableReader(operation, defaults, operation.attributes)
    paths = [local_path(name) for name in names.reshape(-1).tolist()]

    def iterate(context: Context) -> Iterator[Element]:
        for path in paths:
            for number, line in enumerate(_table_lines(path, kind.item().decode())):
                if number or not operation.attributes["header"]:
                    columns = reader.columns([line], number)
                    yield tuple([_first(column) for column in columns])

    return iterate


def _first(column: np.ndarray) -> Any:
    return bytes_tensor(column[0]) if column.dtype == object else torch.from_numpy(column)[0]


def _table_lines(path: str, kind: str) -> Iterator[bytes]:
    """The lines of a table; a line may end within quotes and go on."""
    with opened(path, kind) as file:
        whole = b""
        for line in file:
            whole += line
            if whole.count(b'"') % 2 == 0:
                yield whole
                whole = b""
        if whole:
            yield whole


def _compression(compression_type: Any) -> Tensor:
    given = "" if compression_type is None else compression_type
    return convert_to_tensor(given, string, name="compression_type")


def _buffer(buffer_size: Any, default: int) -> Tensor:
    return convert_to_tensor(default if buffer_size is None else buffer_size, int64, name="buffer_size")


def _names_of(filenames: Any) -> tuple[Any, Tensor]:
    """What was given, and a vector of names.

    Raises:
        TypeError: no strings, and no data set of strings.
    """
    if isinstance(filenames, Dataset):
        spec = filenames.element_spec
        if not (isinstance(spec, TensorSpec) and spec.dtype is string):
            raise TypeError("`filenames` must be a `tf.data.Dataset` of `tf.string` elements.")
        if not spec.shape.is_compatible_with([]):
            raise TypeError("`filenames` must be a `tf.data.Dataset` of scalar `tf.string` elements.")
        return filenames, constant(np.empty([0], object), string)
    names = convert_to_tensor(filenames, string, name="filenames")
    return None, reshape(names, [-1], name="flat_filenames")


class _FileDataset(Dataset):
    """A data set of the files whose names are given, as a tensor or as a data set."""

    def __init__(
        self, op_type: str, filenames: Any, inputs: Callable[[Tensor], list[Tensor]], spec: Any, **known: Any
    ) -> None:
        given, names = _names_of(filenames)
        if given is None:
            super().__init__(one(op_type, inputs(names), **known), spec)
            return
        whole = given.flat_map(lambda name: Dataset(one(op_type, inputs(reshape(name, [1])), **known), spec))
        super().__init__(whole._variant_tensor, spec)

    @property
    def _shown_as(self) -> str:  # type: ignore[override]
        return f"{type(self).__name__}V1"


class TextLineDataset(_FileDataset):
    """The lines of text files, without their ends (TF1 symbol: `tf.data.TextLineDataset`).

    Args:
        filenames: a name, several, or a data set of names.
        compression_type: '', 'ZLIB' or 'GZIP'.
        buffer_size, num_parallel_reads: accepted; files are read one after the other.
    """

    def __init__(
        self,
        filenames: Any,
        compression_type: Any = None,
        buffer_size: Any = None,
        num_parallel_reads: Any = None,
    ) -> None:
        rest = [_compression(compression_type), _buffer(buffer_size, 262144)]
        super().__init__("TextLineDataset", filenames, lambda names: [names, *rest], _STRING)


class TFRecordDataset(_FileDataset):
    """The records of files (TF1 symbol: `tf.data.TFRecordDataset`); the arguments are `TextLineDataset`'s."""

    def __init__(
        self,
        filenames: Any,
        compression_type: Any = None,
        buffer_size: Any = None,
        num_parallel_reads: Any = None,
    ) -> None:
        rest = [_compression(compression_type), _buffer(buffer_size, 262144)]
        super().__init__("TFRecordDataset", filenames, lambda names: [names, *rest], _STRING)


class FixedLengthRecordDataset(_FileDataset):
    """The parts of one size of files (TF1 symbol: `tf.data.FixedLengthRecordDataset`)."""

    def __init__(
        self,
        filenames: Any,
        record_bytes: Any,
        header_bytes: Any = None,
        footer_bytes: Any = None,
        buffer_size: Any = None,
        compression_type: Any = None,
        num_parallel_reads: Any = None,
    ) -> None:
        size = convert_to_tensor(record_bytes, int64, name="record_bytes")
        header = convert_to_tensor(header_bytes or 0, int64, name="header_bytes")
        footer = convert_to_tensor(footer_bytes or 0, int64, name="footer_bytes")
        rest = [_buffer(buffer_size, 262144), _compression(compression_type)]
        super().__init__(
            "FixedLengthRecordDatasetV2",
            filenames,
            lambda names: [names, header, size, footer, *rest],
            _STRING,
        )


_COLUMN_TYPES = (float32, float64, int32, int64, string)


class CsvDataset(_FileDataset):
    """The lines of tables, as a tuple of columns (TF1 symbol: `tf.data.experimental.CsvDataset`).

    Args:
        record_defaults: for each column its type, where it must not be empty, or a default.
        header: whether the first line of each file is left out.
        field_delim, use_quote_delim, na_value, select_cols: as `tf.decode_csv` has them.

    Raises:
        TypeError: a column of another type.
        ValueError: a default that is no scalar.
    """

    def __init__(
        self,
        filenames: Any,
        record_defaults: Any,
        compression_type: Any = None,
        buffer_size: Any = None,
        header: Any = False,
        field_delim: str = ",",
        use_quote_delim: bool = True,
        na_value: str = "",
        select_cols: Any = None,
    ) -> None:
        defaults = [_default(value) for value in record_defaults]
        for tensor in defaults:
            if tensor.dtype.base_dtype not in _COLUMN_TYPES:
                raise TypeError(f"A column of a table cannot be of type {tensor.dtype.name}.")
        chosen = None if select_cols is None else tuple(int(column) for column in select_cols)
        super().__init__(
            "CSVDataset",
            filenames,
            lambda names: [names, _compression(compression_type), *defaults],
            tuple(TensorSpec([], tensor.dtype.base_dtype) for tensor in defaults),
            field_delim=field_delim,
            use_quote_delim=use_quote_delim,
            na_value=na_value,
            select_cols=chosen,
            header=bool(header),
        )


def _default(value: Any) -> Tensor:
    try:
        dtype = as_dtype(value) if not isinstance(value, (str, bytes, int, float, bool)) else None
    except TypeError:
        dtype = None
    if dtype is not None and not isinstance(value, (Tensor, list, tuple, np.ndarray)):
        return constant(np.empty([0], dtype.as_numpy_dtype), dtype)
    tensor = convert_to_tensor(value)
    if tensor.shape.ndims not in (None, 0) and tensor.shape.num_elements() not in (None, 0, 1):
        raise ValueError(f"A default of a column is a scalar, or nothing; it is {value!r}.")
    return tensor


# -- files from data sets
class TFRecordWriter:
    """Writes a data set of strings to a file of records (TF1 symbol:
    `tf.data.experimental.TFRecordWriter`).
    """

    def __init__(self, filename: Any, compression_type: Any = None) -> None:
        self._filename = convert_to_tensor(filename, string, name="filename")
        self._compression_type = _compression(compression_type)

    def write(self, dataset: Dataset) -> Operation:
        """The operation that writes all elements.

        Raises:
            TypeError: no data set of scalar strings.
        """
        if not isinstance(dataset, Dataset):
            raise TypeError("`dataset` must be a `tf.data.Dataset` object.")
        spec = dataset.element_spec
        if not (isinstance(spec, TensorSpec) and spec.is_compatible_with(_STRING)):
            raise TypeError(
                f"`dataset` must produce scalar `DT_STRING` tensors whereas it produces shape "
                f"{dataset.output_shapes} and types {dataset.output_types}"
            )
        inputs = [dataset._variant_tensor, self._filename, self._compression_type]
        return make("DatasetToTFRecord", inputs)


def _write(run: Any, operation: Operation, inner: Source, filename: Any, kind: Any) -> Any:
    with _Writer(filename.item(), kind.item().decode()) as writer:
        for (record,) in inner.iterate(Context(run)):
            writer.write(record.item())
    return ()


register(
    "DatasetToTFRecord",
    _write,
    lambda inputs, attributes: [],
    stateful=True,
    writes=True,
    differentiable=False,
)
__all__ = ["CsvDataset", "FixedLengthRecordDataset", "TFRecordDataset", "TFRecordWriter", "TextLineDataset"]
