"""Tables and the result file."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tabulate import tabulate

from benchmarks.measure import Spread
from benchmarks.points import Row

# The unit of a comparison with torch.mm, whose time alone says nothing.
RATE = " of its rate"


def _seconds(spread: Spread | None) -> str:
    if spread is None:
        return ""
    value = spread.median
    return (
        f"{value:.2f} s"
        if value >= 1
        else f"{value * 1e3:.3g} ms"
        if value >= 1e-3
        else f"{value * 1e6:.3g} us"
    )


def _bar(row: Row) -> str:
    return "" if row.bar is None else f"{'<=' if row.at_most else '>='} {row.bar:g}"


def _ratio(row: Row) -> str:
    if row.ratio is None:
        return ""
    text = f"{row.ratio.median:.2f}{row.unit}"
    if row.ratio.upper > row.ratio.lower:
        text += f" ({row.ratio.lower:.2f}-{row.ratio.upper:.2f})"
    return text


def verdict(row: Row) -> str:
    """met or missed, or neither."""
    again = f", {len(row.measured)} times" if len(row.measured) > 1 else ""
    if row.met is None:
        return "not measured" if row.note and not row.summary else "" if row.bar is None else "not judged"
    return ("met" if row.met else "missed") + again


def share(row: Row, rates: Mapping[str, float]) -> float | None:
    """The part of the machine's matmul rate that ours reaches."""
    if row.ours is None or row.floating_point_operations is None or row.dtype not in rates:
        return None
    return row.floating_point_operations / row.ours.median / rates[row.dtype]


def table(rows: Sequence[Row], rates: Mapping[str, float]) -> str:
    """The rows as text; what a note says stands below them, as it would make the table too wide."""
    lines = []
    notes = list(dict.fromkeys(row.note for row in rows if row.note))
    for row in rows:
        part = share(row, rates)
        lines.append(
            [
                row.label,
                row.mode,
                row.against,
                _seconds(row.ours),
                "" if row.unit == RATE else _seconds(row.other),
                _ratio(row),
                _bar(row),
                verdict(row) + (f" ({notes.index(row.note) + 1})" if row.note else ""),
                "" if part is None else f"{part:.0%}",
            ]
        )
    headers = ["work", "", "against", "ours", "it", "ratio (quartiles)", "bar", "", "of matmul rate"]
    below = [f"({number}) {note}" for number, note in enumerate(notes, start=1)]
    return "\n".join([tabulate(lines, headers, disable_numparse=True), *below])


def as_json(row: Row, rates: Mapping[str, float]) -> dict[str, Any]:
    """A row as plain values."""
    found = dataclasses.asdict(row)
    for name in ("ratio", "ours", "other"):
        spread = getattr(row, name)
        found[name] = None if spread is None else spread._asdict()
    return {**found, "share_of_matmul_rate": share(row, rates), "verdict": verdict(row)}


def write(path: Path, about: Mapping[str, Any], rows: Sequence[Row], rates: Mapping[str, float]) -> None:
    """Write the result file, whole or not at all."""
    from ostinato.cli.files import write_atomically

    content = {**about, "matmul_rate": dict(rates), "rows": [as_json(row, rates) for row in rows]}
    text = json.dumps(content, indent=1) + "\n"
    write_atomically(path, lambda file: file.write(text.encode()))


def bars(rows: Sequence[Row], grids: Sequence[str]) -> list[Row]:
    """The rows that have a bar; of a grid, its summary."""
    return [row for row in rows if row.bar is not None and (row.summary or row.group not in grids)]


def tally(rows: Sequence[Row]) -> str:
    """How many bars were met."""
    met = sum(row.met is True for row in rows)
    missed = sum(row.met is False for row in rows)
    rest = len(rows) - met - missed
    return f"{met} bars met, {missed} missed, {rest} not judged"
