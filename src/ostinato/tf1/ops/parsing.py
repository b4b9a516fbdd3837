"""The operations that take encoded examples apart."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from ostinato.checkpoint.errors import Malformed

from .. import example_wire
from ..dtypes import DType, as_dtype, int64
from ..errors import InvalidArgumentError
from ..example_wire import Found
from ..registry import OutputTypes, ShapeMismatch, register
from ..shapes import TensorShape
from ..tensor import Operation

_WIRE = {
    "string": example_wire.BYTES_LIST,
    "float32": example_wire.FLOAT_LIST,
    "int64": example_wire.INT64_LIST,
}
_SHOWN = {"string": "string", "float32": "float", "int64": "int64"}
_NUMBERS = {"float32": np.float32, "int64": np.int64, "string": object}


class Dense(NamedTuple):
    """A dense feature: `shape` begins with None where its first dimension is as long as it is."""

    key: str
    dtype: str
    shape: tuple[int | None, ...]


class Sparse(NamedTuple):
    key: str
    dtype: str


class _Batch:
    """One evaluation: what messages need to tell."""

    def __init__(self, operation: Operation, names: Sequence[bytes]) -> None:
        self.operation, self.names = operation, names

    def refuse(self, message: str, row: int | None = None) -> InvalidArgumentError:
        before = ""
        if row is not None:
            name = self.names[row].decode(errors="replace") if len(self.names) else "<unknown>"
            before = f"Name: {name}, "
        place = f"\n\t [[node {self.operation.name} ({self.operation.type})]]"
        return InvalidArgumentError(None, self.operation, f"{before}{message}{place}")

    def taken(self, take: Callable[[bytes], Any], data: bytes, row: int) -> Any:
        try:
            return take(data)
        except (Malformed, IndexError):
            raise self.refuse(f"Could not parse example input, value: '{_text(data)}'") from None

    def values(self, found: Found, feature: Any, row: int) -> Any:
        """A feature's values, of the type that was asked for."""
        if found.kind != _WIRE[feature.dtype]:
            raise self.refuse(
                f"Key: {feature.key}, Index: {row}.  Data types don't match. Data type: "
                f"{example_wire.KINDS[found.kind]} but expected type: {_SHOWN[feature.dtype]}",
                row,
            )
        try:
            return example_wire.values(found)
        except (Malformed, IndexError):
            raise self.refuse(
                f"Key: {feature.key}, Index: {row}.  Can't parse serialized Example.", row
            ) from None


def _text(data: bytes) -> str:
    return data.decode("latin-1")[:200]


_NONE = Found(0, b"", 0, 0)


def flat_array(columns: Sequence[Any], dtype: str) -> np.ndarray:
    """Lists of values one after the other as an array."""
    if dtype == "float32":
        return np.concatenate(columns, dtype=np.float32) if columns else np.zeros(0, np.float32)
    whole = [value for column in columns for value in column]
    found = np.empty(len(whole), _NUMBERS[dtype])
    found[:] = whole
    return found


def tensor(array: np.ndarray) -> Any:
    return array if array.dtype == object else torch.from_numpy(array)


def _default(value: Any) -> np.ndarray:
    return (value if isinstance(value, np.ndarray) else value.numpy()).reshape(-1)


def _dense(batch: _Batch, feature: Dense, rows: Sequence[Found], default: Any) -> Any:
    inner = [size for size in feature.shape if size is not None]
    stride = math.prod(inner)
    filling = _default(default)
    if len(feature.shape) > len(inner):
        return _ragged(batch, feature, rows, filling, inner, stride)
    columns = []
    for row, found in enumerate(rows):
        if not found.kind:
            if not filling.size and stride:
                raise batch.refuse(
                    f"Feature: {feature.key} (data type: {_SHOWN[feature.dtype]}) is required but could not "
                    "be found.",
                    row,
                )
            columns.append(filling)
            continue
        values = batch.values(found, feature, row)
        if len(values) != stride:
            raise batch.refuse(
                f"Key: {feature.key}, Index: {row}.  Number of {_SHOWN[feature.dtype]} values != expected.  "
                f"Values size: {len(values)} but output shape: {_sizes(feature.shape)}",
                row,
            )
        columns.append(values)
    return tensor(flat_array(columns, feature.dtype).reshape(len(rows), *inner))


def _sizes(shape: Sequence[int | None]) -> str:
    return "[" + ",".join("?" if size is None else str(size) for size in shape) + "]"


def _ragged(
    batch: _Batch, feature: Dense, rows: Sequence[Found], filling: np.ndarray, inner: list[int], stride: int
) -> Any:
    columns = []
    for row, found in enumerate(rows):
        values = batch.values(found, feature, row) if found.kind else []
        if len(values) % stride:
            raise batch.refuse(
                f"Key: {feature.key}, Index: {row}.  Number of {_SHOWN[feature.dtype]} values is not a "
                f"multiple of stride length. Saw {len(values)} values but output shape is: "
                f"{_sizes(feature.shape)}",
                row,
            )
        columns.append(values)
    longest = max([len(column) for column in columns], default=0)
    return tensor(
        _padded(columns, longest, filling, feature.dtype).reshape(
            len(rows), -1 if stride and longest else 0, *inner
        )
    )


def _padded(columns: Sequence[Any], longest: int, filling: np.ndarray, dtype: str) -> np.ndarray:
    empty: Any = b"" if dtype == "string" else 0
    whole = np.full([len(columns), longest], filling[0] if filling.size else empty, _NUMBERS[dtype])
    for row, column in enumerate(columns):
        whole[row, : len(column)] = column
    return whole


def _sparse(batch: _Batch, feature: Sparse, rows: Sequence[Found]) -> tuple[Any, Any, Any]:
    columns = [batch.values(found, feature, row) if found.kind else [] for row, found in enumerate(rows)]
    counts = [len(column) for column in columns]
    places = [np.arange(count) for count in counts]
    indices = np.stack(
        [
            np.repeat(np.arange(len(rows)), counts),
            np.concatenate(places) if places else np.zeros(0, np.int64),
        ],
        1,
    )
    shape = np.array([len(rows), max(counts, default=0)])
    present = [column for column in columns if len(column)]
    return torch.from_numpy(indices), tensor(flat_array(present, feature.dtype)), torch.from_numpy(shape)


def _parse_example(run: Any, operation: Operation, serialized: Any, names: Any, *rest: Any) -> Any:
    attributes = operation.attributes
    batch = _Batch(operation, names.reshape(-1).tolist())
    rows = [
        batch.taken(example_wire.example_features, data, row)
        for row, data in enumerate(serialized.reshape(-1).tolist())
    ]
    defaults = rest[len(attributes["sparse"]) + len(attributes["dense"]) :]
    return _outputs(batch, rows, attributes["sparse"], attributes["dense"], defaults)


def _outputs(
    batch: _Batch, rows: Sequence[dict[bytes, Found]], sparse: Any, dense: Any, defaults: Sequence[Any]
) -> list[Any]:
    parts = [_sparse(batch, feature, _column(rows, feature)) for feature in sparse]
    found = [part[index] for index in range(3) for part in parts]
    for feature, default in zip(dense, defaults, strict=True):
        found.append(_dense(batch, feature, _column(rows, feature), default))
    return found


def _column(rows: Sequence[dict[bytes, Found]], feature: Any) -> list[Found]:
    key = feature.key.encode()
    return [row.get(key, _NONE) for row in rows]


class _Single(_Batch):
    """One example: messages do not name it."""

    def refuse(self, message: str, row: int | None = None) -> InvalidArgumentError:
        return super().refuse(message.replace(", Index: 0", ""))


def _parse_single(run: Any, operation: Operation, serialized: Any, *defaults: Any) -> Any:
    attributes = operation.attributes
    batch = _Single(operation, [])
    rows = [batch.taken(example_wire.example_features, serialized.item(), 0)]
    found = _outputs(batch, rows, attributes["sparse"], attributes["dense"], defaults)
    return _without_batch(found, len(attributes["sparse"]))


def _without_batch(found: list[Any], sparse: int) -> list[Any]:
    """The outputs for the only row."""
    indices = [value[:, 1:] for value in found[:sparse]]
    shapes = [value[1:] for value in found[2 * sparse : 3 * sparse]]
    dense = [value[0, ...] for value in found[3 * sparse :]]
    return [*indices, *found[sparse : 2 * sparse], *shapes, *dense]


def _example_rule(batch: Any, inner: int) -> Callable[..., OutputTypes]:
    def rule(inputs: Any, attributes: dict[str, Any]) -> OutputTypes:
        before = batch(inputs)
        sparse, dense = attributes["sparse"], attributes["dense"]
        return [
            *[(int64, TensorShape([None, inner]))] * len(sparse),
            *[(as_dtype(feature.dtype), TensorShape([None])) for feature in sparse],
            *[(int64, TensorShape([inner]))] * len(sparse),
            *[(as_dtype(feature.dtype), before.concatenate(feature.shape)) for feature in dense],
        ]

    return rule


_OPTIONS: dict[str, Any] = {"stateful": True, "differentiable": False}


def _single_rule(inputs: Any, attributes: dict[str, Any]) -> OutputTypes:
    rank = inputs[0].shape.ndims
    if rank:
        raise ShapeMismatch(f"Shape must be rank 0 but is rank {rank}")
    return _example_rule(lambda inputs: TensorShape([]), 1)(inputs, attributes)


register("ParseExample", _parse_example, _example_rule(lambda inputs: inputs[0].shape, 2), **_OPTIONS)
register("ParseSingleExample", _parse_single, _single_rule, **_OPTIONS)


# -- sequences
def _steps(batch: _Batch, feature: Dense, found: Sequence[Found], name: str) -> np.ndarray:
    """The values of a feature of each step: [steps, *shape]."""
    inner = [size or 0 for size in feature.shape[1:]]
    stride = math.prod(inner)
    columns = []
    for step, part in enumerate(found):
        if part.kind != _WIRE[feature.dtype]:
            kind = example_wire.KINDS.get(part.kind, "none")
            raise batch.refuse(
                f"Name: {name}, Feature list: {feature.key}, Index: {step}.  Data types don't match. "
                f"Expected type: {_SHOWN[feature.dtype]}  Feature is: {kind}"
            )
        values = batch.values(part, feature, 0)
        if len(values) != stride:
            raise batch.refuse(
                f"Name: {name}, Key: {feature.key}, Index: {step}.  Number of {_SHOWN[feature.dtype]} values "
                f"!= expected.  values size: {len(values)} but output shape: {_sizes(feature.shape[1:])}"
            )
        columns.append(values)
    return flat_array(columns, feature.dtype).reshape(len(found), *inner)


def _sequence(run: Any, operation: Operation, serialized: Any, debug_name: Any, *defaults: Any) -> Any:
    """For one example or, where `serialized` is a vector, for a batch of them."""
    attributes = operation.attributes
    rows_of = serialized.reshape(-1).tolist()
    names = debug_name.reshape(-1).tolist() or [b""] * len(rows_of)
    batch = _Batch(operation, [])
    taken = [batch.taken(example_wire.sequence_features, data, row) for row, data in enumerate(rows_of)]
    contexts, lists = [context for context, _ in taken], [steps for _, steps in taken]
    shown = [name.decode(errors="replace") for name in names]
    for feature, default in zip(attributes["dense"], defaults, strict=True):
        for context, name in zip(contexts, shown, strict=False):
            missing = not context.get(feature.key.encode(), _NONE).kind
            if (
                missing
                and not _default(default).size
                and None not in feature.shape
                and 0 not in feature.shape
            ):
                raise batch.refuse(
                    f"Name: {name}, Context feature '{feature.key}' is required but could not be found."
                )
    found = _outputs(batch, contexts, attributes["sparse"], attributes["dense"], defaults)
    single = not serialized.ndim
    if single:
        found = _without_batch(found, len(attributes["sparse"]))
    sparse = [_sparse_steps(batch, feature, lists, single) for feature in attributes["step_sparse"]]
    found += [part[index] for index in range(3) for part in sparse]
    lengths = []
    for feature in attributes["step_dense"]:
        rows = []
        for steps, name in zip(lists, shown, strict=False):
            parts = steps.get(feature.key.encode())
            if parts is None and feature.key not in attributes["may_be_missing"]:
                raise batch.refuse(
                    f"Name: {name}, Feature list '{feature.key}' is required but could not be found.  Did "
                    "you mean to include it in feature_list_dense_missing_assumed_empty or "
                    "feature_list_dense_defaults?"
                )
            rows.append(_steps(batch, feature, parts or [], name))
        lengths.append(torch.tensor([len(row) for row in rows]))
        found.append(tensor(rows[0] if single else _stacked(rows, feature.dtype)))
    return found if single else [*found, *lengths]


def _stacked(rows: Sequence[np.ndarray], dtype: str) -> np.ndarray:
    longest = max([len(row) for row in rows], default=0)
    empty: Any = b"" if dtype == "string" else 0
    whole = np.full([len(rows), longest, *rows[0].shape[1:]], empty, _NUMBERS[dtype])
    for place, row in enumerate(rows):
        whole[place, : len(row)] = row
    return whole


def _sparse_steps(
    batch: _Batch, feature: Sparse, lists: Sequence[dict[bytes, list[Found]]], single: bool
) -> tuple[Any, Any, Any]:
    indices, columns, steps, longest = [], [], 0, 0
    for row, found in enumerate(lists):
        parts = found.get(feature.key.encode(), [])
        steps = max(steps, len(parts))
        for step, part in enumerate(parts):
            values = batch.values(part, feature, row) if part.kind else []
            longest = max(longest, len(values))
            indices += [(row, step, place) for place in range(len(values))]
            if len(values):
                columns.append(values)
    places = np.array(indices, np.int64).reshape(-1, 3)
    shape = np.array([len(lists), steps, longest])
    if single:
        places, shape = places[:, 1:], shape[1:]
    return (
        torch.from_numpy(np.ascontiguousarray(places)),
        tensor(flat_array(columns, feature.dtype)),
        torch.from_numpy(shape),
    )


def _sequence_rule(inputs: Any, attributes: dict[str, Any]) -> OutputTypes:
    before = inputs[0].shape
    rank = before.ndims or 0
    context = _example_rule(lambda inputs: before, rank + 1)(inputs, attributes)
    sparse, dense = attributes["step_sparse"], attributes["step_dense"]
    steps: list[tuple[DType, TensorShape]] = [
        *[(int64, TensorShape([None, rank + 2]))] * len(sparse),
        *[(as_dtype(feature.dtype), TensorShape([None])) for feature in sparse],
        *[(int64, TensorShape([rank + 2]))] * len(sparse),
        *[(as_dtype(feature.dtype), before.concatenate(feature.shape)) for feature in dense],
    ]
    lengths = [(int64, before)] * len(dense) if rank else []
    return [*context, *steps, *lengths]


def _single_sequence(run: Any, operation: Operation, serialized: Any, *rest: Any) -> Any:
    count = len(operation.attributes["dense"])
    return _sequence(run, operation, serialized, rest[-1], *rest[len(rest) - 1 - count : -1])


register("ParseSingleSequenceExample", _single_sequence, _sequence_rule, **_OPTIONS)
register("ParseSequenceExample", _sequence, _sequence_rule, **_OPTIONS)
