"""What `ostinato convert` did, for people: what went where, and what was left out."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ostinato.cli.convert_files import dtype_name
from ostinato.cli.variable_table import printable, readable_bytes
from ostinato.interop.conversion import Planned

_GAP = "  "


def table(planned: Sequence[Planned], width: int | None) -> list[str]:
    """The lines of a table of what is written, for a terminal of `width` columns (None: no terminal).

    Where the table is wider than that, names have lines of their own, and nothing is cut off.
    """
    renamed = any(tensor.name != tensor.origin for tensor in planned)
    header = ["from", "written as", "shape", "dtype"] if renamed else ["variable", "shape", "dtype"]
    rows = []
    for tensor in planned:
        names = [printable(tensor.origin), printable(tensor.name)][0 if renamed else 1 :]
        rows.append([*names, f"[{', '.join(map(str, tensor.shape))}]", dtype_name(tensor.dtype)])
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    if width is not None and sum(widths) + len(_GAP) * (len(widths) - 1) > width:
        lines: list[str] = []
        before = None
        for origin, *more in rows:
            lines += [] if origin == before else [origin]
            lines.append(("  -> " if renamed else "  ") + _GAP.join(more))
            before = origin
        return lines
    rule = ["-" * size for size in widths]
    return [
        _GAP.join(cell.ljust(size) for cell, size in zip(row, widths, strict=True)).rstrip()
        for row in [header, rule, *rows]
    ]


def total(planned: Sequence[Planned]) -> str:
    """How much is written: "5 tensors, 77.3 KiB"."""
    size = sum(
        math.prod(tensor.shape) * tensor.dtype.itemsize for tensor in planned if not tensor.dtype.hasobject
    )
    return f"{len(planned):,} {'tensor' if len(planned) == 1 else 'tensors'}, {readable_bytes(size)}"


def left_out(names: Sequence[str], what: str, hint: str) -> list[str]:
    """The line about what is not written; nothing where that is nothing."""
    if not names:
        return []
    shown = ", ".join(printable(name) for name in names[:3]) + (", ..." if len(names) > 3 else "")
    return [f"left out: {len(names):,} {what} ({shown}){hint}"]
