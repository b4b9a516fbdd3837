"""Updates of many variables, which an optimiser has one after the other at the end of a run, made one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from .recorded_entries import Entry, Place, Read, Together, Whole
from .updates import update_together


def read_again(entries: Sequence[Entry]) -> dict[int, int]:
    """The values that are read of a variable once more, with those that were read of it before: what an
    optimiser's updates share, each of them reads for itself.
    """
    again: dict[int, int] = {}
    known: dict[str, int] = {}
    for entry in entries:
        if isinstance(entry, Read):
            (number,) = entry.outputs
            if known.setdefault(entry.name, number) != number:
                again[number] = known[entry.name]
        elif isinstance(entry, Whole) and _variables(entry):
            for name in _variables(entry):
                known.pop(name, None)
        elif isinstance(entry, Whole) and entry.instruction.plain is None:
            known.clear()
    return again


def joined(entries: Sequence[Entry], used: Collection[int], renamed: Mapping[int, int]) -> list[Entry]:
    """The entries, with those updates made one that follow each other, are of one kind, share all inputs but
    the gradient, and give nothing that is `used`.
    """
    made: list[Entry] = []
    alike: list[Whole] = []
    for entry in entries:
        if isinstance(entry, Whole) and _variables(entry) and not any(map(used.__contains__, entry.outputs)):
            if alike and _kind(alike[0], renamed) != _kind(entry, renamed):
                made += _as_one(alike, renamed)
                alike = []
            alike.append(entry)
            continue
        moves = isinstance(entry, Read) and not any(entry.name in _variables(before) for before in alike)
        if not moves:
            made += _as_one(alike, renamed)
            alike = []
        made.append(entry)
    return made + _as_one(alike, renamed)


def _as_one(alike: Sequence[Whole], renamed: Mapping[int, int]) -> list[Entry]:
    function = update_together([entry.instruction.operation for entry in alike]) if len(alike) > 1 else None
    if function is None:
        return list(alike)
    gradients = [entry.inputs[-1] for entry in alike]
    return [Together(function, (_kind(alike[0], renamed)[1], *gradients), alike[0].instruction)]


def _variables(entry: Whole) -> Sequence[str]:
    """The variables that an update writes; none for anything else."""
    names: Sequence[str] = entry.instruction.operation.attributes.get("variables", ())
    return names


def _kind(entry: Whole, renamed: Mapping[int, int]) -> tuple[str, list[Any]]:
    """What is done, and with what beside the variables, which are named and not given, and the gradient."""
    shared = [
        Place(renamed.get(item.number, item.number)) if isinstance(item, Place) else item
        for item in entry.inputs[len(_variables(entry)) : -1]
    ]
    return entry.instruction.operation.type, shared
