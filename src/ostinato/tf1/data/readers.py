"""Data sets from files: lines, records, parts of one size, and tables (TF1 symbols:
`tf.data.TextLineDataset`, `tf.data.TFRecordDataset`, `tf.data.FixedLengthRecordDataset`,
`tf.data.experimental.CsvDataset`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from ..dtypes import as_dtype, bool_, float32, float64, int32, int64, string
from ..errors import OpError
from ..local_files import local_path
from ..ops.array import reshape
from ..ops.core import constant, convert_to_tensor, make, one
from ..ops.decoding_text import TableReader
from ..ops.files import bytes_tensor
from ..ops.readers import lines_of, parts_of
from ..records import TFRecordWriter as _Writer
from ..records import opened, read_records
from ..registry import register
from ..tensor import Operation, Tensor
from .dataset import AUTOTUNE, Dataset
from .functions import TracedFunction
from .runtime import Context, Element, Source
from .sources import Iterate, source
from .structure import TensorSpec
from .transformations import interleaved_by_threads

_STRING = TensorSpec([], string)


class _Files(Iterator[Element]):
    """What is read of files one after the other; after one that cannot be read comes the next."""

    def __init__(self, paths: list[str], read: Callable[[str], Iterator[Element]]) -> None:
        self._paths, self._read, self._place = paths, read, 0
        self._inner: Iterator[Element] | None = None

    def __next__(self) -> Element:
        while self._place < len(self._paths):
            if self._inner is None:
                self._inner = self._read(self._paths[self._place])
            try:
                return next(self._inner)
            except (StopIteration, OpError) as end:
                self._inner = None
                self._place += 1
                if isinstance(end, OpError):
                    raise
        raise StopIteration


def _files(names: np.ndarray, read: Callable[[str], Iterator[Element]]) -> Iterate:
    paths = [local_path(name) for name in names.reshape(-1).tolist()]
    return lambda context: _Files(paths, read)


def _texts(names: np.ndarray, read: Callable[[str], Iterator[bytes]]) -> Iterate:
    return _files(names, lambda path: ((bytes_tensor(record),) for record in read(path)))


@source("TextLineDataset")
def _text_lines(operation: Operation, names: Any, kind: Any, buffer_size: Any) -> Iterate:
    return _texts(names, lambda path: lines_of(path, kind.item().decode()))


@source("TFRecordDataset")
def _records(operation: Operation, names: Any, kind: Any, buffer_size: Any) -> Iterate:
    return _texts(names, lambda path: read_records(path, kind.item().decode()))


@source("FixedLengthRecordDatasetV2")
def _fixed(
    operation: Operation, names: Any, header: Any, size: Any, footer: Any, buffer_size: Any, kind: Any
) -> Iterate:
    sizes = int(size), int(header), int(footer)
    return _texts(names, lambda path: parts_of(path, *sizes, int(size), kind.item().decode()))


@source("CSVDataset")
def _csv(operation: Operation, names: Any, kind: Any, buffer_size: Any, header: Any, *rest: Any) -> Iterate:
    delimiter, quoted, empty, chosen, *defaults = rest
    reader = TableReader(
        operation,
        defaults,
        {
            "field_delim": delimiter.item().decode(),
            "use_quote_delim": bool(quoted),
            "na_value": empty.item().decode(),
            "select_cols": tuple(chosen.tolist()) or None,
        },
    )

    def rows(path: str) -> Iterator[Element]:
        for number, line in enumerate(_table_lines(path, kind.item().decode())):
            if number or not header:
                yield tuple([_first(column) for column in reader.columns([line], number)])

    return _files(names, rows)


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


def _names_of(filenames: Any) -> Dataset:
    """A data set of names, of what was given.

    Raises:
        TypeError: no strings, and no data set of strings.
    """
    if isinstance(filenames, Dataset):
        spec = filenames.element_spec
        if not (isinstance(spec, TensorSpec) and spec.dtype is string):
            raise TypeError("`filenames` must be a `tf.data.Dataset` of `tf.string` elements.")
        if not spec.shape.is_compatible_with([]):
            raise TypeError("`filenames` must be a `tf.data.Dataset` of scalar `tf.string` elements.")
        return filenames
    names = convert_to_tensor(filenames, string)
    return Dataset.from_tensor_slices(reshape(names, [-1], name="flat_filenames"))


class _FileDataset(Dataset):
    """A data set of the files whose names are given, as a tensor or as a data set."""

    def __init__(
        self, filenames: Any, made: Callable[[Tensor], Tensor], num_parallel_reads: Any = None
    ) -> None:
        names = _names_of(filenames)

        def read(name: Tensor) -> Dataset:
            return Dataset(made(convert_to_tensor(name, string, name="filename")), _STRING)

        if num_parallel_reads is None:
            whole = names.flat_map(read)
        elif num_parallel_reads == AUTOTUNE:
            whole = names.interleave(read, num_parallel_calls=num_parallel_reads)
        else:
            function = TracedFunction(read, "tf.data.experimental.parallel_interleave()", names.element_spec)
            whole = interleaved_by_threads(names, function, num_parallel_reads)
        super().__init__(whole._variant_tensor, _STRING)

    @property
    def _shown_as(self) -> str:  # type: ignore[override]
        return f"{type(self).__name__}V1"


class TextLineDataset(_FileDataset):
    """The lines of text files, without their ends (TF1 symbol: `tf.data.TextLineDataset`).

    Args:
        filenames: a name, several, or a data set of names.
        compression_type: '', 'ZLIB' or 'GZIP'.
        buffer_size: accepted.
        num_parallel_reads: from so many files comes a line each in turn.
    """

    def __init__(
        self,
        filenames: Any,
        compression_type: Any = None,
        buffer_size: Any = None,
        num_parallel_reads: Any = None,
    ) -> None:
        def made(name: Tensor) -> Tensor:
            inputs = [name, _compression(compression_type), _buffer(buffer_size, 262144)]
            return one("TextLineDataset", inputs)

        super().__init__(filenames, made, num_parallel_reads)


class TFRecordDataset(_FileDataset):
    """The records of files (TF1 symbol: `tf.data.TFRecordDataset`); the arguments are `TextLineDataset`'s."""

    def __init__(
        self,
        filenames: Any,
        compression_type: Any = None,
        buffer_size: Any = None,
        num_parallel_reads: Any = None,
    ) -> None:
        def made(name: Tensor) -> Tensor:
            inputs = [name, _compression(compression_type), _buffer(buffer_size, 262144)]
            return one("TFRecordDataset", inputs)

        super().__init__(filenames, made, num_parallel_reads)


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
        def made(name: Tensor) -> Tensor:
            inputs = [
                name,
                convert_to_tensor(header_bytes or 0, int64, name="header_bytes"),
                convert_to_tensor(record_bytes, int64, name="record_bytes"),
                convert_to_tensor(footer_bytes or 0, int64, name="footer_bytes"),
                _buffer(buffer_size, 262144),
                _compression(compression_type),
            ]
            return one("FixedLengthRecordDatasetV2", inputs)

        super().__init__(filenames, made, num_parallel_reads)


_COLUMN_TYPES = (float32, float64, int32, int64, string)


class CsvDataset(Dataset):
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
        names = convert_to_tensor(filenames, string, name="filenames")
        kind = _compression(compression_type)
        defaults = [_default(value) for value in record_defaults]
        for tensor in defaults:
            if tensor.dtype.base_dtype not in _COLUMN_TYPES:
                raise TypeError(f"A column of a table cannot be of type {tensor.dtype.name}.")
        inputs = [
            names,
            kind,
            _buffer(buffer_size, 4194304),
            convert_to_tensor(header, bool_, name="header"),
            convert_to_tensor(field_delim, string, name="field_delim"),
            convert_to_tensor(use_quote_delim, bool_, name="use_quote_delim"),
            convert_to_tensor(na_value, string, name="na_value"),
            convert_to_tensor([] if select_cols is None else select_cols, int64, name="select_cols"),
        ]
        structure = tuple(TensorSpec([], tensor.dtype.base_dtype) for tensor in defaults)
        super().__init__(one("CSVDataset", [*inputs, *defaults]), structure)

    _shown_as = "CsvDatasetV1"


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
