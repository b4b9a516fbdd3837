"""Limits of memory: what a user writes, and what is said where none of the plans keeps to it."""

from __future__ import annotations

import operator
import re
from fractions import Fraction

_UNITS = {"": 1, "b": 1}
for _power, _letter in enumerate("kmgt", start=1):
    _UNITS[f"{_letter}ib"] = 1024**_power
    _UNITS[f"{_letter}b"] = 1000**_power


class MemoryLimitError(ValueError):
    """No plan runs the sequence within the limit; `smallest` is the least that would do, in bytes."""

    def __init__(self, message: str, smallest: int) -> None:
        super().__init__(message)
        self.smallest = smallest


def parse_bytes(limit: int | str) -> int:
    """A number of bytes, from an integer or a text such as "64MiB" (1024 based) or "2GB" (1000 based).

    Raises:
        TypeError: neither an integer nor a text.
        ValueError: not a number with a known unit, or not positive.

    >>> parse_bytes("64MiB"), parse_bytes("1.5 GB"), parse_bytes(4096)
    (67108864, 1500000000, 4096)
    """
    if isinstance(limit, str):
        found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]*)\s*", limit)
        unit = _UNITS.get(found[2].lower()) if found else None
        if found is None or unit is None:
            raise ValueError(
                f"memory_limit {limit!r} is no amount of memory: write a number and a unit, KiB, MiB, GiB, "
                'TiB (or KB, MB, GB, TB, of powers of 1000), such as "64MiB".'
            )
        size = int(Fraction(found[1]) * unit)
    else:
        try:
            if isinstance(limit, bool):
                raise TypeError
            size = operator.index(limit)
        except TypeError:
            raise TypeError(
                f'memory_limit must be a number of bytes or a text such as "2GiB", but is {limit!r}.'
            ) from None
    if size <= 0:
        raise ValueError(f"memory_limit must be positive, but is {limit!r}.")
    return size


def format_bytes(size: float) -> str:
    """`size` bytes in the largest unit that leaves a number of 1 or more.

    >>> format_bytes(67_108_864), format_bytes(1000), format_bytes(1.5 * 2**30)
    ('64.0 MiB', '1000 bytes', '1.5 GiB')
    """
    for power, unit in ((4, "TiB"), (3, "GiB"), (2, "MiB"), (1, "KiB")):
        if size >= 1024**power:
            return f"{size / 1024**power:.1f} {unit}"
    return f"{round(size)} bytes"
