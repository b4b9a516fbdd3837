"""The fields of messages: what a class of messages lists, and what values of each kind are kept as.

>>> field_of("Point", "at", "2 repeated float").kind
'float'
>>> checked("int32", np.int64(3))
3
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .messages import Message


class DecodeError(Exception):
    """Bytes that are no message of the kind asked for."""


class ParseError(Exception):
    """Text that is no message of the kind asked for."""


INTEGERS = {
    "int32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint32": (0, 2**32 - 1),
    "uint64": (0, 2**64 - 1),
    "fixed32": (0, 2**32 - 1),
    "fixed64": (0, 2**64 - 1),
    "enum": (-(2**31), 2**31 - 1),
}
_SCALARS: dict[str, Any] = {
    **dict.fromkeys(INTEGERS, 0),
    "float": 0.0,
    "double": 0.0,
    "bool": False,
    "string": "",
    "bytes": b"",
}
MESSAGES: dict[str, type[Message]] = {}
ENUMERATIONS: dict[str, dict[str, int]] = {}
_SPECIFICATION = re.compile(r"(\d+) (?:(repeated) |map<(\w+), ([\w.]+)>|)(?:([\w.]+)(?: in (\w+))?)?$")


def enumeration(name: str, values: Mapping[str, int]) -> dict[str, int]:
    """Make an enumeration known, for fields of that kind; the result maps labels to numbers."""
    return ENUMERATIONS.setdefault(name, dict(values))


@dataclass(frozen=True)
class Field:
    """A field of a message."""

    owner: str
    name: str
    number: int
    kind: str  # of a map: of its values
    repeated: bool = False
    key_kind: str = ""  # of a map: of its keys
    group: str = ""

    @property
    def enumeration(self) -> dict[str, int] | None:
        """The labels of an enumeration's numbers; None for other kinds."""
        if self.kind in _SCALARS:
            return None
        return ENUMERATIONS.get(f"{self.owner}.{self.kind}") or ENUMERATIONS.get(self.kind)

    @property
    def scalar(self) -> str:
        """The kind of a scalar, `enum` for an enumeration; "" for a message."""
        if self.kind in _SCALARS:
            return self.kind
        return "" if self.enumeration is None else "enum"

    @property
    def message(self) -> type[Message]:
        owner = self.owner
        while owner:
            found = MESSAGES.get(f"{owner}.{self.kind}")
            if found is not None:
                return found
            owner = owner.rpartition(".")[0]
        return MESSAGES[self.kind]

    @property
    def default(self) -> Any:
        return _SCALARS[self.scalar]

    @property
    def label(self) -> str:
        return f"{self.owner.rpartition('.')[2]}.{self.name}"


def field_of(owner: str, name: str, specification: str) -> Field:
    """The field that `"number kind"` describes."""
    found = _SPECIFICATION.match(specification)
    if found is None:
        raise ValueError(f"{owner}.{name} is not described by {specification!r}.")
    number, repeated, key, value, kind, group = found.groups()
    return Field(owner, name, int(number), value or kind, bool(repeated), key or "", group or "")


def checked(kind: str, value: Any, labels: Mapping[str, int] | None = None) -> Any:
    """A value of a scalar field as it is kept.

    Raises:
        TypeError: it is of another type.
        ValueError: an integer out of the kind's range.
    """
    if kind in INTEGERS:
        if isinstance(value, str) and labels and value in labels:
            return labels[value]
        if isinstance(value, (int, np.integer, np.bool_)):
            value = int(value)
            low, high = INTEGERS[kind]
            if not low <= value <= high:
                raise ValueError(f"Value out of range: {value}")
            return value
        expected = "int"
    elif kind in ("float", "double"):
        if isinstance(value, (int, float, np.integer, np.floating, np.bool_)):
            if kind == "double":
                return float(value)
            with np.errstate(over="ignore"):
                return float(np.float32(value))
        expected = "int, float"
    elif kind == "bool":
        if isinstance(value, (int, np.integer, np.bool_)):
            return bool(value)
        expected = "bool, int"
    elif kind == "string":
        if isinstance(value, str):
            return str(value)
        if isinstance(value, bytes):
            try:
                return value.decode()
            except UnicodeDecodeError:
                raise ValueError(
                    f"{value!r} has type bytes, but isn't valid UTF-8 encoding. Non-UTF-8 strings must be "
                    "converted to unicode objects before being added."
                ) from None
        expected = "bytes, unicode"
    else:
        if isinstance(value, (bytes, bytearray)):
            return bytes(value)
        expected = "bytes"
    raise TypeError(f"{value!r} has type {type(value).__name__}, but expected one of: {expected}")


def all_checked(field: Field, values: Any) -> list[Any]:
    """Values of a repeated scalar field as they are kept."""
    kind = field.scalar
    if not hasattr(values, "__iter__"):
        raise TypeError("Value must be iterable")
    if isinstance(values, np.ndarray) and values.ndim == 1:
        if kind == "float" and values.dtype.kind in "fiub":
            return values.astype(np.float32).tolist()
        if kind == "double" and values.dtype.kind in "fiub":
            return values.astype(np.float64).tolist()
        if kind == "int64" and values.dtype.kind in "iub" and values.dtype != np.uint64:
            return values.tolist()
    return [checked(kind, value, field.enumeration) for value in values]
