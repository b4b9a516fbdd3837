"""The module `tf.compat`: `tf.compat.v1` is this face itself."""

from __future__ import annotations

import contextlib
import datetime
import importlib
import numbers
import os
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np

from .names import absent
from .shapes import Dimension

bytes_or_text_types = (bytes, str)
complex_types = (numbers.Complex, np.number)
integral_types = (numbers.Integral, np.integer)
real_types = (numbers.Real, np.integer, np.floating)
_HORIZON = [datetime.date(2019, 11, 12)]  # what TensorFlow 1.15 may take as understood by others


def as_bytes(bytes_or_text: Any, encoding: str = "utf-8") -> bytes:
    """Text as bytes; bytes as they are (TF1 symbol: `tf.compat.as_bytes`).

    Raises:
        TypeError: it is neither.
    """
    if isinstance(bytes_or_text, str):
        return bytes_or_text.encode(encoding)
    if isinstance(bytes_or_text, bytes):
        return bytes_or_text
    raise TypeError(f"Expected binary or unicode string, got {bytes_or_text!r}")


def as_text(bytes_or_text: Any, encoding: str = "utf-8") -> str:
    """Bytes as text; text as it is (TF1 symbols: `tf.compat.as_text`, `tf.compat.as_str`).

    Raises:
        TypeError: it is neither.
    """
    if isinstance(bytes_or_text, bytes):
        return bytes_or_text.decode(encoding)
    if isinstance(bytes_or_text, str):
        return bytes_or_text
    raise TypeError(f"Expected binary or unicode string, got {bytes_or_text!r}")


as_str = as_text


def as_str_any(value: Any) -> str:
    """Text of anything: bytes decoded, else `str` (TF1 symbol: `tf.compat.as_str_any`)."""
    return as_text(value) if isinstance(value, bytes) else str(value)


def path_to_str(path: Any) -> Any:
    """A path as text; anything else as it is (TF1 symbol: `tf.compat.path_to_str`)."""
    return as_str_any(os.fspath(path)) if hasattr(path, "__fspath__") else path


def dimension_value(dimension: Any) -> Any:
    """A dimension as a number or None (TF1 symbol: `tf.compat.dimension_value`)."""
    return dimension.value if isinstance(dimension, Dimension) else dimension


def dimension_at_index(shape: Any, index: int) -> Dimension:
    """A shape's dimension, unknown where the rank is (TF1 symbol: `tf.compat.dimension_at_index`)."""
    return Dimension(None) if shape.ndims is None else Dimension(dimension_value(shape[index]))


def forward_compatible(year: int, month: int, day: int) -> bool:
    """Whether what came after that day is understood (TF1 symbol: `tf.compat.forward_compatible`)."""
    return _HORIZON[-1] > datetime.date(year, month, day)


@contextlib.contextmanager
def forward_compatibility_horizon(year: int, month: int, day: int) -> Iterator[None]:
    """Within it that day is what `forward_compatible` compares with (TF1 symbol:
    `tf.compat.forward_compatibility_horizon`).
    """
    _HORIZON.append(datetime.date(year, month, day))
    try:
        yield
    finally:
        _HORIZON.pop()


__all__ = [
    "as_bytes",
    "as_str",
    "as_str_any",
    "as_text",
    "bytes_or_text_types",
    "complex_types",
    "dimension_at_index",
    "dimension_value",
    "forward_compatibility_horizon",
    "forward_compatible",
    "integral_types",
    "path_to_str",
    "real_types",
]
_absent = absent("tf.compat", [*__all__, "v1"])


def __getattr__(name: str) -> Any:
    if name == "v1":
        return _face()
    if name == "v2":
        return importlib.import_module(".compat_v2", __package__)
    return _absent(name)


def _face() -> ModuleType:
    return sys.modules[__package__ or "ostinato.tf1"]
