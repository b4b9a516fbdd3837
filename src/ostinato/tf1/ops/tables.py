"""The operations of lookup tables, and what a table is in a session: keys with their values.

Strings are looked up in a dict. Integers are looked up in a sorted array, all of a tensor at once.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch

from ..dtypes import DType, as_dtype, int64, resource
from ..errors import FailedPreconditionError, InvalidArgumentError, OpError
from ..local_files import local_path, problem_with
from ..registry import OutputTypes, register
from ..shapes import TensorShape
from ..tensor import Operation

WHOLE_LINE, LINE_NUMBER = -2, -1


def as_array(value: Any) -> np.ndarray:
    """A value of a run as numpy has it."""
    return value if isinstance(value, np.ndarray) else value.detach().cpu().numpy()


def as_value(array: np.ndarray, dtype: DType) -> Any:
    """An array as a value of a run."""
    return array if dtype.name == "string" else torch.from_numpy(np.array(array))


class Table:
    """A table of a session: `mutable` ones may be written at any time, others once."""

    def __init__(
        self, key_dtype: DType, value_dtype: DType, value_shape: tuple[int, ...], mutable: bool
    ) -> None:
        self.key_dtype, self.value_dtype, self.value_shape = key_dtype, value_dtype, value_shape
        self.mutable, self.filled = mutable, mutable
        self._lock = threading.RLock()
        self._places: dict[Any, int] = {}
        self._values = self._empty(0)
        self._sorted: tuple[np.ndarray, np.ndarray] | None = None
        self._reserved: frozenset[Any] = frozenset()

    def _empty(self, count: int) -> np.ndarray:
        return np.empty((count, *self.value_shape), self.value_dtype.as_numpy_dtype)

    def reserve(self, keys: Iterable[Any]) -> None:
        """Refuse these keys, which a dense table keeps for itself."""
        self._reserved = frozenset(keys)

    def initialize(self, keys: np.ndarray, values: np.ndarray) -> None:
        """Fill a table that is written once.

        Raises:
            tf.errors.FailedPreconditionError: a key has two values, or the table has other contents already.
        """
        with self._lock:
            found: dict[Any, int] = {}
            flat = keys.reshape(-1).tolist()
            rows = values.reshape((len(flat), *self.value_shape))
            for place, key in enumerate(flat):
                before = found.setdefault(key, place)
                if before != place and not np.array_equal(rows[before], rows[place]):
                    raise FailedPreconditionError(
                        None,
                        None,
                        f"HashTable has different value for same key. Key {_shown(key)} has "
                        f"{_shown(rows[before])} and trying to add value {_shown(rows[place])}",
                    )
            if self.filled and set(found) != set(self._places):
                raise FailedPreconditionError(
                    None, None, "Table was already initialized with different data."
                )
            if not self.filled:
                self._places, self._values, self.filled, self._sorted = found, rows, True, None

    def insert(self, keys: np.ndarray, values: np.ndarray, anew: bool = False) -> None:
        """Put values under keys; of one key the last stays. `anew`: forget what was there."""
        with self._lock:
            flat = keys.reshape(-1).tolist()
            if not self._reserved.isdisjoint(flat):
                raise InvalidArgumentError(
                    None, None, "Using the empty_key or the deleted_key as a table key is not allowed"
                )
            if values.shape != (*keys.shape, *self.value_shape):
                raise InvalidArgumentError(
                    None,
                    None,
                    f"Expected shape {[*keys.shape, *self.value_shape]} for value, got {list(values.shape)}",
                )
            places = {} if anew else dict(self._places)
            rows = values.reshape((len(flat), *self.value_shape))
            all_rows = np.concatenate([self._values[:0] if anew else self._values, rows])
            first = len(all_rows) - len(rows)
            for index, key in enumerate(flat):
                places[key] = first + index
            self._keep(places, all_rows)

    def remove(self, keys: np.ndarray) -> None:
        with self._lock:
            places = dict(self._places)
            for key in keys.reshape(-1).tolist():
                places.pop(key, None)
            self._keep(places, self._values)

    def _keep(self, places: dict[Any, int], rows: np.ndarray) -> None:
        """Take over new contents at once, so that a lookup in another thread sees the old or the new."""
        chosen = np.fromiter(places.values(), np.int64, len(places))
        self._values = rows[chosen]
        self._places = dict(zip(places, itertools.count()))
        self._sorted = None

    def find(self, keys: np.ndarray, default: np.ndarray) -> np.ndarray:
        """The values of keys, the default's for those that are not there."""
        with self._lock:
            if not self.filled:
                raise FailedPreconditionError(None, None, "Table not initialized.")
            places, values = self._places, self._values
            if keys.dtype != object and keys.dtype != np.bool_ and self._sorted is None and places:
                known = np.array(list(places), keys.dtype)
                order = np.argsort(known)
                self._sorted = known[order], np.fromiter(places.values(), np.int64)[order]
            ordered = self._sorted
        rows = np.concatenate([values, np.asarray(default, values.dtype).reshape((1, *self.value_shape))])
        missing = len(values)
        if ordered is None or keys.dtype == object:
            found = np.fromiter(
                map(places.get, keys.reshape(-1).tolist(), itertools.repeat(missing)), np.int64, keys.size
            )
        else:
            known, where = ordered
            index = np.minimum(np.searchsorted(known, keys.reshape(-1)), len(known) - 1)
            found = np.where(known[index] == keys.reshape(-1), where[index], missing)
        return rows[found].reshape((*keys.shape, *self.value_shape))

    def size(self) -> int:
        if not self.filled:
            raise FailedPreconditionError(None, None, "Table not initialized.")
        return len(self._places)

    def export(self) -> tuple[np.ndarray, np.ndarray]:
        with self._lock:
            keys = np.empty([len(self._places)], self.key_dtype.as_numpy_dtype)
            keys[:] = list(self._places)
            return keys, self._values[np.fromiter(self._places.values(), np.int64, len(self._places))]


def _shown(value: Any) -> Any:
    value = value.item() if isinstance(value, np.ndarray) and not value.ndim else value
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _columns(path: str, vocab_size: int, delimiter: bytes, key: int, value: int) -> tuple[list, list]:
    """The keys and the values of a text file's lines: column numbers, whole lines or numbers of lines."""
    try:
        with open(path, "rb") as file:
            lines = file.read().replace(b"\r", b"").split(b"\n")
    except OSError as problem:
        raise problem_with(path, problem) from None
    if lines and not lines[-1]:
        lines.pop()
    if vocab_size >= 0:
        if len(lines) < vocab_size:
            raise InvalidArgumentError(
                None, None, f"Invalid vocab_size in {path}: expected {vocab_size} but got {len(lines)}"
            )
        del lines[vocab_size:]
    split = [line.split(delimiter) for line in lines] if key >= 0 or value >= 0 else []

    def column(index: int) -> list[Any]:
        if index == WHOLE_LINE:
            return lines
        if index == LINE_NUMBER:
            return list(range(len(lines)))
        for number, parts in enumerate(split):
            if index >= len(parts):
                line = lines[number].decode(errors="replace")
                raise InvalidArgumentError(
                    None,
                    None,
                    f"Invalid number of columns in {path} line {number} ({line}) : expected "
                    f"{max(key, value)} got {len(parts)}",
                )
        return [parts[index] for parts in split]

    return column(key), column(value)


def _as_type(values: list[Any], dtype: DType) -> np.ndarray:
    found = np.empty([len(values)], dtype.as_numpy_dtype)
    for line, value in enumerate(values):
        try:
            if dtype.name == "string":
                found[line] = value if isinstance(value, bytes) else str(value).encode()
            else:
                found[line] = int(value) if dtype.is_integer else float(value)
        except (ValueError, OverflowError):
            raise InvalidArgumentError(
                None, None, f"Field {_shown(value)} in line {line} is not a valid {dtype.name}."
            ) from None
    return found


# -- operations
def _table(mutable: bool) -> Callable[..., Table]:
    def get(run: Any, operation: Operation, *reserved: Any) -> Table:
        attributes = operation.attributes
        name = attributes["shared_name"] or operation.name

        def begin() -> Table:
            table = Table(
                as_dtype(attributes["key_dtype"]),
                as_dtype(attributes["value_dtype"]),
                tuple(attributes["value_shape"]),
                mutable,
            )
            table.reserve([as_array(value).item() for value in reserved if not as_array(value).ndim])
            return table

        return run.resources.get(("table", name), begin)

    return get


def _at(operation: Operation, action: Callable[..., Any], *values: Any) -> Any:
    """An action on a table, whose error tells the operation."""
    try:
        return action(*values)
    except OpError as problem:
        message = f"{problem.message}\n\t [[node {operation.name} ({operation.type})]]"
        raise type(problem)(None, operation, message) from None


def _import(run: Any, operation: Operation, table: Table, keys: Any, values: Any) -> Any:
    if table.mutable:
        _at(operation, table.insert, as_array(keys), as_array(values), True)
    else:
        _at(operation, table.initialize, as_array(keys), as_array(values))
    return ()


def _from_file(run: Any, operation: Operation, table: Table, filename: Any) -> Any:
    attributes = operation.attributes

    def fill() -> None:
        keys, values = _columns(
            local_path(filename.item()),
            attributes["vocab_size"],
            attributes["delimiter"].encode(),
            attributes["key_index"],
            attributes["value_index"],
        )
        table.initialize(_as_type(keys, table.key_dtype), _as_type(values, table.value_dtype))

    _at(operation, fill)
    return ()


def _find(run: Any, operation: Operation, table: Table, keys: Any, default: Any) -> Any:
    found = _at(operation, table.find, as_array(keys), as_array(default))
    return as_value(found, table.value_dtype)


def _insert(run: Any, operation: Operation, table: Table, keys: Any, values: Any) -> Any:
    _at(operation, table.insert, as_array(keys), as_array(values))
    return ()


def _remove(run: Any, operation: Operation, table: Table, keys: Any) -> Any:
    table.remove(as_array(keys))
    return ()


def _size(run: Any, operation: Operation, table: Table) -> Any:
    return torch.tensor(_at(operation, table.size))


def _export(run: Any, operation: Operation, table: Table) -> Any:
    keys, values = table.export()
    return [as_value(keys, table.key_dtype), as_value(values, table.value_dtype)]


def _handle_rule(inputs: Any, attributes: dict[str, Any]) -> OutputTypes:
    return [(resource, TensorShape([]))]


def _find_rule(inputs: Any, attributes: dict[str, Any]) -> OutputTypes:
    of_table = inputs[0].op.attributes
    shape = inputs[1].shape.concatenate(of_table.get("value_shape", inputs[2].shape))
    return [(inputs[2].dtype.base_dtype, shape)]


def _export_rule(inputs: Any, attributes: dict[str, Any]) -> OutputTypes:
    shape = TensorShape([None]).concatenate(attributes["value_shape"])
    return [
        (as_dtype(attributes["key_dtype"]), TensorShape([None])),
        (as_dtype(attributes["value_dtype"]), shape),
    ]


def _nothing(inputs: Any, attributes: dict[str, Any]) -> OutputTypes:
    return []


_OPTIONS: dict[str, Any] = {"stateful": True, "differentiable": False}
register("HashTableV2", _table(False), _handle_rule, **_OPTIONS)
register("MutableHashTableV2", _table(True), _handle_rule, **_OPTIONS)
register("MutableHashTableOfTensorsV2", _table(True), _handle_rule, **_OPTIONS)
register("MutableDenseHashTableV2", _table(True), _handle_rule, **_OPTIONS)
register("LookupTableImportV2", _import, _nothing, writes=True, **_OPTIONS)
register("InitializeTableFromTextFileV2", _from_file, _nothing, writes=True, **_OPTIONS)
register("LookupTableFindV2", _find, _find_rule, **_OPTIONS)
register("LookupTableInsertV2", _insert, _nothing, writes=True, **_OPTIONS)
register("LookupTableRemoveV2", _remove, _nothing, writes=True, **_OPTIONS)
register("LookupTableSizeV2", _size, lambda inputs, attributes: [(int64, TensorShape([]))], **_OPTIONS)
register("LookupTableExportV2", _export, _export_rule, **_OPTIONS)
