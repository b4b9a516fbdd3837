"""The module `tf.compat`: `tf.compat.v1` is this face itself."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from .names import absent


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


_absent = absent("tf.compat", ["as_bytes", "as_str", "as_str_any", "as_text", "v1"])


def __getattr__(name: str) -> Any:
    if name == "v1":
        return _face()
    return _absent(name)


def _face() -> ModuleType:
    return sys.modules[__package__ or "ostinato.tf1"]
