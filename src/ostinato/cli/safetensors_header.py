"""What tensors a safetensors file holds, from the JSON document at its beginning."""

from __future__ import annotations

import json
import math
import os
from typing import Any

from ostinato.cli.variable_table import Variable

_MOST = 100_000_000  # bytes of a header, the format's own limit
# Bits of an element. The table of interop/safetensors_files has numpy's types for these names instead, of
# which ml_dtypes has some: here nothing but JSON is read, for `ostinato inspect` to answer at once, and types
# that numpy has not are listed, too.
_SIZES = {
    "BOOL": 8,
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
    **dict.fromkeys(("U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E5M2FNUZ", "F8_E4M3FNUZ"), 8),
    **dict.fromkeys(("I16", "U16", "F16", "BF16"), 16),
    **dict.fromkeys(("I32", "U32", "F32"), 32),
    **dict.fromkeys(("I64", "U64", "F64", "C64"), 64),
}


class DamagedHeader(Exception):
    """A safetensors file whose header cannot be true; the message says why."""


def looks_like_safetensors(head: bytes, size: int) -> bool:
    """Whether a file of `size` bytes that begins with `head` has a safetensors header."""
    return len(head) > 8 and head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= max(size - 8, 0)


def read_variables(path: str) -> list[Variable]:
    """The tensors of the safetensors file `path`, in the order of its header.

    Raises:
        DamagedHeader: the header is damaged, or its tensors do not lie in the file as it says.
    """
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        room = os.fstat(file.fileno()).st_size - 8 - length
        if length > _MOST or room < 0:
            raise DamagedHeader(f"it says that its header has {length} bytes")
        text = file.read(length)
    try:
        header = json.loads(text, object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise DamagedHeader(f"its header is no JSON document: {reason}") from None
    if not isinstance(header, dict):
        raise DamagedHeader("its header is no table of tensors")
    header.pop("__metadata__", None)
    return [_variable(name, entry, room) for name, entry in header.items()]


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("a name stands in it twice")
    return table


def _variable(name: str, entry: Any, room: int) -> Variable:
    try:
        dtype, shape, (begin, end) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]
    except (KeyError, TypeError, ValueError):
        raise DamagedHeader(f"its header lacks dtype, shape or data_offsets of '{name}'") from None
    numbers = (*shape, begin, end)
    if any(type(number) is not int or not 0 <= number < 1 << 63 for number in numbers) or len(shape) > 64:
        raise DamagedHeader(f"its header has no possible shape or place for '{name}'")
    if not isinstance(dtype, str) or dtype not in _SIZES:
        raise DamagedHeader(f"'{name}' is of the unknown element type {dtype!r:.40}")
    if not begin <= end <= room:
        raise DamagedHeader(f"'{name}' lies at bytes {begin} to {end}, of {room} that there are")
    if math.prod(shape) * _SIZES[dtype] != (end - begin) * 8:
        raise DamagedHeader(f"'{name}', {dtype} of shape {list(shape)}, does not fill {end - begin} bytes")
    counter = shape == () and dtype[0] in "IU"
    return Variable(name, shape, dtype, None if counter else math.prod(shape), end - begin)
