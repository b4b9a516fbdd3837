"""A table of variables for people: aligned, with totals, and readable on a narrow terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_GAP = "  "
_WIDEST = 120  # columns of names where there is no terminal to say


@dataclass(frozen=True)
class Variable:
    """A variable of a file, as the table and the JSON document tell of it.

    Attributes:
        name: its name.
        shape: its shape.
        dtype: the name of its type, as the file's own format has it.
        parameters: numbers that are trained; None for texts, counters, and what is there a second time.
        nbytes: bytes of its elements.
        partitions: saved pieces that are joined; 1 for one that was saved whole.
        optimizer: whether it belongs to an optimizer or a moving average, not to the model.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    parameters: int | None
    nbytes: int
    partitions: int = 1
    optimizer: bool = False


def readable_bytes(count: int) -> str:
    """A number of bytes with a unit.

    >>> readable_bytes(36), readable_bytes(77824), readable_bytes(5 << 30)
    ('36 B', '76.0 KiB', '5.0 GiB')
    """
    size, unit = float(count), 0
    while round(size, 1) >= 1024 and unit < len(_UNITS) - 1:
        size, unit = size / 1024, unit + 1
    return f"{count} B" if unit == 0 else f"{size:.1f} {_UNITS[unit]}"


def printable(text: str) -> str:
    r"""`text` with what would upset a terminal or a line written as escapes.

    >>> printable("a\x1b[2Jb")
    'a\\x1b[2Jb'
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def table(variables: Sequence[Variable], width: int | None) -> list[str]:
    """The lines of a table of `variables` with a line of totals; nothing is ever cut off.

    On a terminal of `width` columns, a name that does not fit has a line of its own, and its figures follow
    on the next. Without one (None) every variable has one line, so that `grep` finds it whole; a name that is
    longer than most pushes its own figures aside.
    """
    columns = ["shape", "dtype", "parameters", "bytes"]
    rows = [
        [
            f"[{', '.join(map(str, variable.shape))}]",
            printable(variable.dtype),
            "-" if variable.parameters is None else f"{variable.parameters:,}",
            readable_bytes(variable.nbytes),
        ]
        for variable in variables
    ]
    total = [
        "",
        "",
        f"{sum(variable.parameters or 0 for variable in variables):,}",
        readable_bytes(sum(variable.nbytes for variable in variables)),
    ]
    if any(variable.partitions > 1 for variable in variables):
        columns.append("partitions")
        for row, variable in zip(rows, variables, strict=True):
            row.append(str(variable.partitions) if variable.partitions > 1 else "")
        total.append("")
    names = [printable(variable.name) for variable in variables]
    noun = "variable" if len(variables) == 1 else "variables"
    last = f"{len(variables):,} {noun}"
    widths = [max(map(len, column)) for column in zip(columns, *rows, total, strict=True)]
    figures_width = sum(widths) + len(_GAP) * len(widths)
    name_width = max(map(len, ["variable", last, *names]))
    if width is None:
        name_width = max(len("variable"), len(last), min(name_width, _WIDEST))
    else:
        name_width = max(len("variable"), len(last), min(name_width, width - figures_width))

    def line(name: str, figures: Sequence[str]) -> list[str]:
        cells = [
            figure.ljust(size) if column in ("shape", "dtype") else figure.rjust(size)
            for column, figure, size in zip(columns, figures, widths, strict=True)
        ]
        if width is None or len(name) <= name_width:
            return [_GAP.join([name.ljust(name_width), *cells]).rstrip()]
        return [name, _GAP.join([" " * name_width, *cells]).rstrip()]

    rule = _GAP.join("-" * size for size in (name_width, *widths))
    lines = [*line("variable", columns), rule]
    for name, row in zip(names, rows, strict=True):
        lines += line(name, row)
    return [*lines, rule, *line(last, total)]
