"""Operations that decode texts and packed bytes: lines of tables, examples as JSON, tensors as messages.

TF1 symbols: `tf.decode_csv`, `tf.decode_json_example`, `tf.parse_tensor`, `tf.serialize_tensor`,
`tf.decode_compressed`.
"""

from __future__ import annotations

import base64
import itertools
import json
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ..dtypes import as_dtype, float32, float64, int32, int64, string
from ..errors import InvalidArgumentError
from ..example import Example
from ..graph import name_scope
from ..graph_messages import TensorProto
from ..message_fields import DecodeError
from ..registry import OutputTypes, register
from ..shapes import TensorShape
from ..tensor import Operation, Tensor
from ..tensor_protos import make_ndarray, make_tensor_proto
from .core import convert_to_tensor, make, one
from .files import bytes_tensor

_INTEGERS = {"int32": (-(2**31), 2**31), "int64": (-(2**63), 2**63)}


def decode_csv(
    records: Any,
    record_defaults: Any,
    field_delim: str = ",",
    use_quote_delim: bool = True,
    name: str | None = None,
    na_value: str = "",
    select_cols: Sequence[int] | None = None,
) -> list[Tensor]:
    """The columns of lines of a table (TF1 symbol: `tf.decode_csv`).

    Args:
        records: strings of any shape; each column has that shape.
        record_defaults: for each column a value of its type, for where it is empty, or nothing where it must
            not be.
        na_value: what else stands for an empty field.
        select_cols: the columns to take, in order; None: all.

    Running it raises tf.errors.InvalidArgumentError where a line has another number of fields, or a field is
    no number.

    Raises:
        ValueError: a default that is no scalar or empty; columns that are not in order, or not as many as
            defaults.
    """
    with name_scope(name, "DecodeCSV") as scope:
        lines = convert_to_tensor(records, string, name="records")
        defaults = []
        for place, default in enumerate(record_defaults):
            tensor = convert_to_tensor(default, name=f"record_defaults_{place}")
            if tensor.dtype.base_dtype not in (float32, float64, int32, int64, string):
                raise TypeError(
                    "Value passed to parameter 'record_defaults' has DataType "
                    f"{tensor.dtype.name} not in list of allowed values: float32, float64, int32, int64, "
                    "string"
                )
            if tensor.shape.ndims not in (None, 0, 1) or (
                tensor.shape.ndims == 1 and tensor.shape[0].value not in (None, 0, 1)
            ):
                raise ValueError("Shape of a default must be a length-0 or length-1 vector, or a scalar.")
            defaults.append(tensor)
        chosen = None if not select_cols else tuple(int(column) for column in select_cols)
        if chosen is not None:
            if len(chosen) != len(defaults):
                raise ValueError("Length of select_cols and record_defaults do not match.")
            if any(second <= first for first, second in itertools.pairwise(chosen)):
                raise ValueError("select_cols is not strictly increasing.")
            if chosen[0] < 0:
                raise ValueError("select_cols contains negative values.")
        if len(field_delim) != 1:
            raise ValueError("field_delim should be only 1 char")
        node = make(
            "DecodeCSV",
            [lines, *defaults],
            scope,
            field_delim=field_delim,
            use_quote_delim=use_quote_delim,
            na_value=na_value,
            select_cols=chosen,
        )
        return node.outputs


def fields_of(line: bytes, delimiter: bytes, quoted: bool) -> list[bytes]:
    """The fields of a line.

    Raises:
        ValueError: quotes where none may be, or that are not closed.
    """
    line = line.rstrip(b"\r\n")
    if not quoted or b'"' not in line:
        return line.split(delimiter)
    found, place = [], 0
    while True:
        if line[place : place + 1] != b'"':
            end = line.find(delimiter, place)
            field = line[place:] if end < 0 else line[place:end]
            if b'"' in field:
                raise ValueError("Unquoted fields cannot have quotes/CRLFs inside")
            found.append(field)
            if end < 0:
                return found
            place = end + 1
            continue
        place += 1
        parts = []
        while True:
            end = line.find(b'"', place)
            if end < 0:
                raise ValueError("Quoted field has to end with quote followed by delim or end")
            parts.append(line[place:end])
            place = end + 1
            if line[place : place + 1] != b'"':
                break
            parts.append(b'"')
            place += 1
        found.append(b"".join(parts))
        if place >= len(line):
            return found
        if line[place : place + 1] != delimiter:
            raise ValueError("Quoted field has to end with quote followed by delim or end")
        place += 1


def column_array(values: Sequence[Any], dtype: str, where: Any) -> np.ndarray:
    """Fields as an array; `where(row)` tells which field a message is about.

    Raises:
        tf.errors.InvalidArgumentError: a field is no number, or out of range.
    """
    found = np.empty(len(values), as_dtype(dtype).as_numpy_dtype)
    if dtype == "string":
        found[:] = values
        return found
    for row, value in enumerate(values):
        if not isinstance(value, bytes):
            found[row] = value
            continue
        try:
            if b"_" in value:
                raise ValueError
            number: Any = int(value) if dtype in _INTEGERS else float(value)
            if dtype in _INTEGERS and not _INTEGERS[dtype][0] <= number < _INTEGERS[dtype][1]:
                raise ValueError
            found[row] = number
        except ValueError:
            raise where(
                row, f"is not a valid {as_dtype(dtype).message_name}: {value.decode(errors='replace')}"
            ) from None
    return found


class TableReader:
    """Lines of a table to columns: what `decode_csv` and CSV data sets have in common."""

    def __init__(self, operation: Operation, defaults: Sequence[Any], attributes: dict[str, Any]) -> None:
        self._operation = operation
        self._delimiter = attributes["field_delim"].encode()
        self._quoted, self._empty = attributes["use_quote_delim"], attributes["na_value"].encode()
        self._chosen = attributes["select_cols"]
        self._types = [_name_of(default) for default in defaults]
        self._defaults = [_scalar(default) for default in defaults]

    def refuse(self, message: str) -> InvalidArgumentError:
        place = f"\n\t [[node {self._operation.name} ({self._operation.type})]]"
        return InvalidArgumentError(None, self._operation, message + place)

    def columns(self, lines: Sequence[bytes], first: int = 0) -> list[np.ndarray]:
        rows = []
        for number, line in enumerate(lines):
            try:
                fields = fields_of(line, self._delimiter, self._quoted)
            except ValueError as problem:
                raise self.refuse(str(problem)) from None
            if self._chosen is not None:
                if len(fields) <= self._chosen[-1]:
                    there = sum(column < len(fields) for column in self._chosen)
                    raise self.refuse(
                        f"Expect {len(self._chosen)} fields but have {there} in record {first + number}"
                    )
                fields = [fields[column] for column in self._chosen]
            if len(fields) != len(self._types):
                raise self.refuse(
                    f"Expect {len(self._types)} fields but have {len(fields)} in record {first + number}"
                )
            rows.append(fields)
        columns = list(zip(*rows, strict=True)) or [()] * len(self._types)
        return [self._column(place, column, first) for place, column in enumerate(columns)]

    def _column(self, place: int, column: Sequence[bytes], first: int) -> np.ndarray:
        default, values = self._defaults[place], list(column)
        for row, value in enumerate(values):
            if value == self._empty or not value:
                if default is None:
                    raise self.refuse(f"Field {place} is required but missing in record {first + row}!")
                values[row] = default
        return column_array(
            values,
            self._types[place],
            lambda row, problem: self.refuse(f"Field {place} in record {first + row} {problem}"),
        )


def _name_of(default: Any) -> str:
    return "string" if isinstance(default, np.ndarray) else as_dtype(default.dtype).name


def _scalar(default: Any) -> Any:
    flat = default.reshape(-1)
    return flat[0] if len(flat) and isinstance(flat, np.ndarray) else flat[0].item() if len(flat) else None


def _decode_csv(run: Any, operation: Operation, records: np.ndarray, *defaults: Any) -> Any:
    reader = TableReader(operation, defaults, operation.attributes)
    columns = reader.columns(records.reshape(-1).tolist())
    shaped = [column.reshape(records.shape) for column in columns]
    return [column if column.dtype == object else torch.from_numpy(column) for column in shaped]


def _csv_rule(inputs: Any, attributes: dict[str, Any]) -> OutputTypes:
    return [(default.dtype.base_dtype, inputs[0].shape) for default in inputs[1:]]


# -- examples as JSON
def decode_json_example(json_examples: Any, name: str | None = None) -> Tensor:
    """Examples written as JSON, encoded (TF1 symbol: `tf.decode_json_example`).

    Running it raises tf.errors.InvalidArgumentError where there is no example.
    """
    with name_scope(name, "DecodeJSONExample") as scope:
        return one(
            "DecodeJSONExample", [convert_to_tensor(json_examples, string, name="json_examples")], scope
        )


def _decode_json(run: Any, operation: Operation, texts: np.ndarray) -> np.ndarray:
    found = np.empty(texts.shape, object)
    for index, text in np.ndenumerate(texts):
        try:
            found[index] = _example_of(json.loads(text)).SerializeToString()
        except (ValueError, TypeError, AttributeError, KeyError) as problem:
            raise InvalidArgumentError(
                None,
                operation,
                f"Error while parsing JSON: {problem}\n\t [[node {operation.name} ({operation.type})]]",
            ) from None
    return found


_LISTS = {"bytes": "bytes_list", "float": "float_list", "int64": "int64_list"}


def _example_of(plain: Any) -> Example:
    example = Example()
    _check_keys(plain, "features")
    features = plain.get("features", {})
    _check_keys(features, "feature")
    for key, lists in features.get("feature", {}).items():
        feature = example.features.feature[key]
        for name, values in lists.items():
            kind = name.removesuffix("_list").removesuffix("List")
            if kind not in _LISTS:
                raise ValueError(f"no such field: '{name}'")
            _check_keys(values, "value")
            held = getattr(feature, _LISTS[kind]).value
            for value in values.get("value", []):
                if kind == "bytes":
                    held.append(base64.b64decode(value))
                else:
                    held.append(int(value) if kind == "int64" else float(value))
    return example


def _check_keys(plain: dict[str, Any], *known: str) -> None:
    for key in plain:
        if key not in known:
            raise ValueError(f"no such field: '{key}'")


# -- tensors as messages
def serialize_tensor(tensor: Any, name: str | None = None) -> Tensor:
    """A tensor as an encoded message (TF1 symbol: `tf.serialize_tensor`)."""
    return one("SerializeTensor", [convert_to_tensor(tensor, name="tensor")], name)


def parse_tensor(serialized: Any, out_type: Any, name: str | None = None) -> Tensor:
    """The tensor of an encoded message (TF1 symbol: `tf.parse_tensor`).

    Running it raises tf.errors.InvalidArgumentError where there is none, or one of another type.
    """
    given = convert_to_tensor(serialized, string, name="serialized")
    return one("ParseTensor", [given], name, out_type=as_dtype(out_type).name)


def _serialize_tensor(value: Any) -> np.ndarray:
    array = value if isinstance(value, np.ndarray) else value.detach().cpu().numpy()
    return bytes_tensor(make_tensor_proto(array).SerializeToString())


def _parse_tensor(run: Any, operation: Operation, serialized: np.ndarray) -> Any:
    wanted = as_dtype(operation.attributes["out_type"])
    place = f"\n\t [[node {operation.name} ({operation.type})]]"
    try:
        array = make_ndarray(TensorProto.FromString(serialized.item()))
    except (DecodeError, ValueError, TypeError):
        text = serialized.item()[:100].decode("latin-1")
        raise InvalidArgumentError(
            None, operation, f"Could not parse `serialized` as TensorProto: '{text}'{place}"
        ) from None
    found = as_dtype(array.dtype)
    if found is not wanted:
        raise InvalidArgumentError(
            None,
            operation,
            f"Type mismatch between parsed tensor ({found.message_name}) and dtype "
            f"({wanted.message_name}){place}",
        )
    return array if wanted is string else torch.from_numpy(np.array(array))


# -- packed bytes
def decode_compressed(bytes: Any, compression_type: str = "", name: str | None = None) -> Tensor:
    """Strings unpacked (TF1 symbol: `tf.io.decode_compressed`).

    Raises:
        ValueError: neither '', 'ZLIB' nor 'GZIP'.
    """
    if compression_type not in ("", "ZLIB", "GZIP"):
        raise ValueError(f"Only ZLIB, GZIP or NONE are supported compressions, not {compression_type!r}.")
    given = convert_to_tensor(bytes, string, name="bytes")
    return one("DecodeCompressed", [given], name, compression_type=compression_type)


def _decode_compressed(run: Any, operation: Operation, packed: np.ndarray) -> np.ndarray:
    kind = operation.attributes["compression_type"]
    found = np.empty(packed.shape, object)
    for index, value in np.ndenumerate(packed):
        try:
            found[index] = zlib.decompress(value, 31 if kind == "GZIP" else 15) if kind else value
        except zlib.error as problem:
            raise InvalidArgumentError(
                None,
                operation,
                f"The bytes are not packed as {kind}: {problem}"
                f"\n\t [[node {operation.name} ({operation.type})]]",
            ) from None
    return found


def _string_rule(inputs: Any, attributes: dict[str, Any]) -> OutputTypes:
    return [(string, inputs[0].shape)]


_OPTIONS: dict[str, Any] = {"stateful": True, "differentiable": False}
register("DecodeCSV", _decode_csv, _csv_rule, **_OPTIONS)
register("DecodeJSONExample", _decode_json, _string_rule, **_OPTIONS)
register(
    "SerializeTensor",
    _serialize_tensor,
    lambda inputs, attributes: [(string, TensorShape([]))],
    differentiable=False,
)
register(
    "ParseTensor",
    _parse_tensor,
    lambda inputs, attributes: [(as_dtype(attributes["out_type"]), TensorShape(None))],
    **_OPTIONS,
)
register("DecodeCompressed", _decode_compressed, _string_rule, **_OPTIONS)
