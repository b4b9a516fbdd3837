"""Data sets of what a function makes of elements."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

from ..errors import OpError
from ..tensor import Operation
from .batching import BatchedCalls
from .runtime import Context, Element, Filtered, Flattened, Interleaved, Mapped, Source
from .sources import Iterate, calls_of, positive, refuse, source


@source("MapDataset")
def _mapped(operation: Operation, inner: Source, *captured: Any) -> Source:
    calls = calls_of(operation, captured)
    if not calls:  # what TensorFlow maps here is a form of its own
        return inner
    call = calls[0]
    return Source(
        lambda context: Mapped(inner.iterate(context), call.bound(context)),
        mapped=lambda context: (inner.iterate(context), call.bound(context)),
    )


@source("ParallelMapDataset")
def _mapped_by_threads(operation: Operation, inner: Source, *rest: Any) -> Source:
    *captured, threads = rest
    if int(threads) != -1:
        positive(operation, threads, "num_parallel_calls")
    return _mapped(operation, inner, *captured)


@source("MapAndBatchDataset")
def _map_and_batch(operation: Operation, inner: Source, *rest: Any) -> Iterate:
    *captured, size, threads, whole = rest
    call = calls_of(operation, captured)[0]
    number = positive(operation, size, "batch_size")
    if int(threads) != -1:
        positive(operation, threads, "num_parallel_calls")
    return lambda context: BatchedCalls(inner.iterate(context), call.bound(context), number, bool(whole))


@source("FilterDataset")
def _filter(operation: Operation, inner: Source, *captured: Any) -> Iterate:
    call = calls_of(operation, captured)[0]
    return lambda context: Filtered(inner.iterate(context), call.bound(context))


@source("TakeWhileDataset")
def _take_while(operation: Operation, inner: Source, *captured: Any) -> Iterate:
    call = calls_of(operation, captured)[0]
    return lambda context: Filtered(inner.iterate(context), call.bound(context), stops=True)


@source("FlatMapDataset")
def _flat_map(operation: Operation, inner: Source, *captured: Any) -> Iterate:
    call = calls_of(operation, captured)[0]
    return lambda context: Flattened(inner.iterate(context), call.bound(context), context)


def _interleave(operation: Operation, inner: Source, *rest: Any) -> Iterate:
    call = calls_of(operation, rest)[0]
    cycle, block, *others = rest[len(call.captured) :]
    width = len(os.sched_getaffinity(0)) if int(cycle) == -1 else positive(operation, cycle, "cycle_length")
    length = positive(operation, block, "block_length")
    keeps, threads = operation.type == "ParallelInterleaveDataset", operation.type != "InterleaveDataset"
    if operation.type == "ParallelInterleaveDatasetV2" and int(others[0]) != -1:
        positive(operation, others[0], "num_parallel_calls")
    if keeps:
        positive(operation, others[1], "`buffer_output_elements`")
        if int(others[2]) < 0:
            refuse(operation, "`prefetch_input_elements` must be >= 0")
    return lambda context: Interleaved(
        inner.iterate(context), call.bound(context), context, width, length, keeps, threads
    )


for _op_type in ("InterleaveDataset", "ParallelInterleaveDatasetV2", "ParallelInterleaveDataset"):
    source(_op_type)(_interleave)


class _Scanned(Iterator[Element]):
    def __init__(self, elements: Iterator[Element], call: Callable[..., Any], state: Element) -> None:
        self._elements, self._call, self._state = elements, call, state

    def __next__(self) -> Element:
        results = self._call((*self._state, *next(self._elements)))
        count = len(self._state)
        self._state = tuple(results[:count])
        return tuple(results[count:])


@source("ScanDataset")
def _scan(operation: Operation, inner: Source, *rest: Any) -> Iterate:
    count = operation.attributes["states"]
    call = calls_of(operation, rest[count:])[0]
    return lambda context: _Scanned(inner.iterate(context), call.bound(context), rest[:count])


@source("UniqueDataset")
def _unique(operation: Operation, inner: Source) -> Iterate:
    def iterate(context: Context) -> Iterator[Element]:
        seen: set[Any] = set()

        def is_new(element: Element) -> list[bool]:
            key = element[0].item()
            new = key not in seen
            seen.add(key)
            return [new]

        return Filtered(inner.iterate(context), is_new)

    return iterate


class _Lenient(Iterator[Element]):
    def __init__(self, elements: Iterator[Element]) -> None:
        self._elements = elements

    def __next__(self) -> Element:
        while True:
            try:
                return next(self._elements)
            except (OpError, RuntimeError, ValueError, TypeError, IndexError):
                continue


@source("IgnoreErrorsDataset")
def _ignore_errors(operation: Operation, inner: Source) -> Iterate:
    return lambda context: _Lenient(inner.iterate(context))
