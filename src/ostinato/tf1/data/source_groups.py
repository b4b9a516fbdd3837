"""Data sets that group elements by a key, and what makes one value of a whole data set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from ..registry import register
from ..tensor import Operation
from .iterator_ops import element_rule
from .runtime import Call, Context, Element, Source, listed
from .sources import Iterate, calls_of, refuse, source


class _Windows(Iterator[Element]):
    """What a function makes of windows of elements of one key."""

    def __init__(
        self, operation: Operation, elements: Iterator[Element], context: Context, calls: list[Call]
    ) -> None:
        self._operation, self._elements, self._context = operation, elements, context
        self._key_of, self._reduced, self._size_of = (call.bound(context) for call in calls)
        self._groups: dict[int, list[Element]] = {}
        self._sizes: dict[int, int] = {}
        self._inner: Iterator[Element] | None = None
        self._rest: list[int] | None = None  # the keys of unfinished windows, once there are no elements

    def _begin(self, key: int) -> None:
        (found,) = self._reduced((torch.tensor(key), listed(self._groups.pop(key))))
        self._inner = found.iterate(self._context)

    def _take(self) -> None:
        """One more element, or one more of the windows that are left."""
        if self._rest is None:
            try:
                element = next(self._elements)
            except StopIteration:
                self._rest = sorted(self._groups, reverse=True)
                return
            key = int(self._key_of(element)[0])
            if key not in self._sizes:
                size = int(self._size_of((torch.tensor(key),))[0])
                if size <= 0:
                    refuse(self._operation, f"Window size must be greater than zero, but got {size}.")
                self._sizes[key] = size
            self._groups.setdefault(key, []).append(element)
            if len(self._groups[key]) == self._sizes[key]:
                self._begin(key)
        elif self._rest:
            self._begin(self._rest.pop())
        else:
            raise StopIteration

    def __next__(self) -> Element:
        while True:
            if self._inner is not None:
                element = next(self._inner, None)
                if element is not None:
                    return element
                self._inner = None
            self._take()


@source("GroupByWindowDataset")
def _group_by_window(operation: Operation, inner: Source, *captured: Any) -> Iterate:
    calls = calls_of(operation, captured)
    return lambda context: _Windows(operation, inner.iterate(context), context, calls)


@source("GroupByReducerDataset")
def _group_by_reducer(operation: Operation, inner: Source, *captured: Any) -> Iterate:
    calls = calls_of(operation, captured)

    def iterate(context: Context) -> Iterator[Element]:
        key_of, first, reduced, finished = (call.bound(context) for call in calls)
        states: dict[int, Any] = {}
        for element in inner.iterate(context):
            key = int(key_of(element)[0])
            if key not in states:
                states[key] = first((torch.tensor(key),))
            states[key] = reduced((*states[key], *element))
        for key in sorted(states):
            yield tuple(finished(states[key]))

    return iterate


# -- one value of a whole data set
def _reduce(run: Any, operation: Operation, inner: Source, *rest: Any) -> Any:
    context = Context(run)
    count = operation.attributes["states"]
    call = calls_of(operation, rest[count:])[0]
    function, state = call.bound(context), rest[:count]
    for element in inner.iterate(context):
        state = tuple(function((*state, *element)))
    return state


def _single(run: Any, operation: Operation, inner: Source) -> Any:
    elements = inner.iterate(Context(run))
    element = next(elements, None)
    if element is None:
        refuse(operation, "Dataset was empty.")
    if next(elements, None) is not None:
        refuse(operation, "Dataset had more than one element.")
    return element


register("ReduceDataset", _reduce, element_rule, stateful=True, differentiable=False)
register("DatasetToSingleElement", _single, element_rule, stateful=True, differentiable=False)
