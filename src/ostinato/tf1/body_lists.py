"""How an iteration's lists of operations are made shorter: what two operations give alike is computed once,
what comes of the given values alone is computed once for all iterations, and what is made of random numbers,
element by element, is made of those of all iterations in one go.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

import torch

from .recorded_entries import Call, Entry, Place, Value, places_in

_ATEN = torch.ops.aten
_OF_ELEMENTS = frozenset(
    {
        _ATEN._to_copy.default,
        _ATEN.add.Tensor,
        _ATEN.div.Tensor,
        _ATEN.floor.default,
        _ATEN.ge.Scalar,
        _ATEN.ge.Tensor,
        _ATEN.lt.Scalar,
        _ATEN.lt.Tensor,
        _ATEN.mul.Scalar,
        _ATEN.mul.Tensor,
        _ATEN.mul_.Tensor,
        _ATEN.rsub.Scalar,
        _ATEN.sub.Tensor,
    }
)


def written(values: Sequence[Value], entries: Iterable[Entry]) -> set[int]:
    """The memory that some operations write to."""
    return {
        values[number].storage
        for entry in entries
        if isinstance(entry, Call) and entry.writes and _is_torch(entry)
        for number in entry.outputs
    }


def without_doubles(
    values: Sequence[Value], entries: Sequence[Call], in_memory: Collection[int]
) -> tuple[list[Call], dict[int, int]]:
    """The operations without those that give what another one gave, and whose values stand for theirs."""
    same: dict[int, int] = {}
    known: dict[Any, tuple[int, ...]] = {}
    kept = []
    for entry in entries:
        entry = moved(entry, same)
        storages = {values[place.number].storage for place in places_in([entry.arguments, entry.options])}
        storages.update(values[number].storage for number in entry.outputs)
        if entry.writes or not _is_torch(entry) or not storages.isdisjoint(in_memory):
            kept.append(entry)
            continue
        key = repr((entry.function, entry.arguments, sorted(entry.options.items())))
        before = known.setdefault(key, entry.outputs)
        if before is entry.outputs:
            kept.append(entry)
        else:
            same.update(zip(entry.outputs, before, strict=True))
    return kept, same


def moved(entry: Call, same: dict[int, int]) -> Call:
    """The operation, with other values in the place of some."""
    if same.keys().isdisjoint(place.number for place in places_in([entry.arguments, entry.options])):
        return entry
    options = {name: _moved(value, same) for name, value in entry.options.items()}
    return replace(entry, arguments=_moved(entry.arguments, same), options=options)


def _moved(nest: Any, same: dict[int, int]) -> Any:
    if isinstance(nest, Place):
        return Place(same.get(nest.number, nest.number))
    if type(nest) in (list, tuple):
        return type(nest)([_moved(item, same) for item in nest])
    return nest


def apart(
    values: Sequence[Value], entries: Sequence[Call], given: Iterable[int], in_memory: Collection[int]
) -> tuple[list[Call], list[Call], set[int]]:
    """The operations that come of the given values alone, the others, and what the first ones give."""
    known, first, rest = set(given), [], []
    for entry in entries:
        takes = [place.number for place in places_in([entry.arguments, entry.options])]
        fixed = all(number in known or values[number].fixed for number in takes)
        plain = not (entry.writes and _is_torch(entry))
        free = in_memory_free(values, [*takes, *entry.outputs], in_memory)
        if takes and fixed and plain and free and not all(values[number].fixed for number in takes):
            first.append(entry)
            known.update(entry.outputs)
        else:
            rest.append(entry)
    return first, rest, {number for entry in first for number in entry.outputs}


def of_draws(
    values: Sequence[Value], entries: Sequence[Call], draws: Iterable[int], given: Collection[int]
) -> tuple[list[Call], list[Call], set[int]]:
    """The operations that make something of random numbers, element by element, and of single given numbers;
    the others; and what the first ones give.
    """
    known, first, rest = set(draws), [], []
    seen: set[int] = set()  # by the others
    for entry in entries:
        takes = [place.number for place in places_in([entry.arguments, entry.options])]
        own = [number for number in takes if number in known]
        others = [number for number in takes if number not in known]
        single = all(
            (number in given or values[number].fixed) and values[number].tensor.dim() == 0
            for number in others
        )
        changes = entry.writes and not seen.isdisjoint(own)
        if len(own) == 1 and single and entry.function in _OF_ELEMENTS and not changes:
            first.append(entry)
            known.update(entry.outputs)
        else:
            rest.append(entry)
            seen.update(takes)
    return first, rest, {number for entry in first for number in entry.outputs}


def in_memory_free(values: Sequence[Value], numbers: Iterable[int], in_memory: Collection[int]) -> bool:
    """Whether none of these values lies where something is written."""
    return all(values[number].storage not in in_memory for number in numbers)


def _is_torch(entry: Call) -> bool:
    return isinstance(entry.function, torch._ops.OpOverload)
