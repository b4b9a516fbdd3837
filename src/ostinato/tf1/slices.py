"""Which part of a whole a variable is, as a checkpoint says it: `5 3 0,3:0,3` is rows 0 to 2 of a 5 by 3
matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class SaveSliceInfo:
    """The whole that a variable is a part of (TF1 symbol: `tf.Variable.SaveSliceInfo`).

    Args:
        full_name: the name that the whole has in a checkpoint.
        full_shape: the whole's shape.
        var_offset: where the part begins, for each dimension.
        var_shape: the part's shape.

    >>> SaveSliceInfo("w", [5, 3], [3, 0], [2, 3]).spec
    '5 3 3,2:0,3'
    """

    def __init__(
        self,
        full_name: str | None = None,
        full_shape: Sequence[int] | None = None,
        var_offset: Sequence[int] | None = None,
        var_shape: Sequence[int] | None = None,
        save_slice_info_def: Any = None,
        import_scope: str | None = None,
    ) -> None:
        self.full_name = full_name
        self.full_shape = list(full_shape or ())
        self.var_offset = list(var_offset or ())
        self.var_shape = list(var_shape or ())

    @property
    def spec(self) -> str:
        whole = " ".join(str(size) for size in self.full_shape)
        part = ":".join(f"{a},{b}" for a, b in zip(self.var_offset, self.var_shape, strict=True))
        return f"{whole} {part}"

    def renamed(self, full_name: str) -> SaveSliceInfo:
        """The same part of a whole of another name."""
        return SaveSliceInfo(full_name, self.full_shape, self.var_offset, self.var_shape)


def parse_spec(spec: str) -> tuple[tuple[int, ...], tuple[slice, ...]]:
    """The whole's shape and the part's place of a text such as '5 3 3,2:0,3'; '-' is all of a dimension.

    Raises:
        ValueError: the text says no such thing, or the part is not within the whole.

    >>> parse_spec("5 3 3,2:-")
    ((5, 3), (slice(3, 5, None), slice(0, 3, None)))
    """
    *sizes, places = spec.split(" ")
    parts = places.split(":") if sizes else []
    try:
        shape = tuple(int(size) for size in sizes)
        if len(parts) != len(shape):
            raise ValueError
        ranges = []
        for part, size in zip(parts, shape, strict=True):
            start, count = (0, size) if part == "-" else (int(text) for text in part.split(","))
            if not 0 <= start <= start + count <= size:
                raise ValueError
            ranges.append(slice(start, start + count))
    except ValueError:
        raise ValueError(
            f"{spec!r} is no part of a tensor; a part is the sizes of the whole, and a start and a count for "
            "each of its dimensions, as in '5 3 0,2:0,3'."
        ) from None
    return shape, tuple(ranges)
