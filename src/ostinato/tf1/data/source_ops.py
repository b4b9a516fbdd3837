"""The operations that make data sets: each gives a source of elements."""

from __future__ import annotations

import itertools
import os
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from ..errors import InvalidArgumentError, OpError
from ..registry import register
from ..tensor import Operation
from .iterator_ops import element_rule, variant_rule
from .runtime import (
    Batched,
    Call,
    Context,
    Element,
    Filtered,
    Flattened,
    Interleaved,
    Mapped,
    Source,
    count_of,
    joined,
    padder,
    rows_of,
)
from .shuffling import Seeds, Shuffled, Words

Iterate = Callable[[Context], Iterator[Element]]


def source(op_type: str) -> Callable[[Callable[..., Iterate]], Callable[..., Iterate]]:
    """Register a function of (operation, values of its inputs) to one of a context as a data set's type."""

    def put(function: Callable[..., Iterate]) -> Callable[..., Iterate]:
        register(
            op_type,
            lambda run, operation, *values: Source(function(operation, *values)),
            variant_rule,
            stateful=True,
            differentiable=False,
        )
        return function

    return put


def refuse(operation: Operation, message: str) -> None:
    raise InvalidArgumentError(None, operation, f"{message}\n\t [[node {operation.name} ({operation.type})]]")


def positive(operation: Operation, value: Any, what: str) -> int:
    number = int(value)
    if number <= 0:
        refuse(operation, f"{what} must be greater than zero.")
    return number


def calls_of(operation: Operation, captured: Any) -> list[Call]:
    """The functions of an operation with what they captured, which stands in a row behind its inputs."""
    calls, place = [], 0
    for body in operation.attributes["functions"]:
        count = len(body.captured)
        calls.append(Call(body, captured[place : place + count]))
        place += count
    return calls


# -- beginnings
@source("TensorDataset")
def _tensors(operation: Operation, *components: Any) -> Iterate:
    return lambda context: iter([components])


@source("TensorSliceDataset")
def _slices(operation: Operation, *components: Any) -> Iterate:
    counts = [count_of(component) for component in components]
    if len(set(counts)) > 1:
        refuse(operation, f"The components of a data set of slices have different numbers of rows: {counts}.")
    return lambda context: rows_of(components)


@source("SparseTensorSliceDataset")
def _sparse_slices(operation: Operation, indices: Any, values: Any, shape: Any) -> Iterate:
    from ..sparse_tensor import SparseTensorValue
    from .runtime import sparse_rows

    whole = SparseTensorValue(indices, values, shape)
    return lambda context: (tuple(row) for row in sparse_rows(whole))


@source("RangeDataset")
def _range(operation: Operation, start: Any, stop: Any, step: Any) -> Iterate:
    if int(step) == 0:
        refuse(operation, "step must be a non-zero integer.")
    numbers = range(int(start), int(stop), int(step))

    def iterate(context: Context) -> Iterator[Element]:
        for begin in itertools.count(0, 1024):
            chunk = numbers[begin : begin + 1024]
            if not chunk:
                return
            for number in torch.arange(chunk.start, chunk.stop, chunk.step).unbind(0):
                yield (number,)

    return iterate


@source("RandomDataset")
def _random(operation: Operation, seed: Any, seed2: Any) -> Iterate:
    pair = Seeds(int(seed), int(seed2), False).next()

    def iterate(context: Context) -> Iterator[Element]:
        words = Words(*pair)
        while True:
            yield (torch.tensor(words.next()),)

    return iterate


@source("GeneratorDataset")
def _generator(operation: Operation, *arguments: Any) -> Iterate:
    attributes = operation.attributes
    values = [_as_numpy(value) for value in arguments]
    return lambda context: attributes["elements"](values)


def _as_numpy(value: Any) -> Any:
    return (
        value
        if isinstance(value, np.ndarray) and value.ndim
        else value.item()
        if isinstance(value, np.ndarray)
        else value.numpy()[()]
    )


# -- several
@source("ZipDataset")
def _zip(operation: Operation, *sources: Source) -> Iterate:
    def iterate(context: Context) -> Iterator[Element]:
        together = zip(*[part.iterate(context) for part in sources], strict=False)
        return map(_in_one, together)

    return iterate


def _in_one(parts: tuple[Element, ...]) -> Element:
    return tuple(itertools.chain.from_iterable(parts))


class _Chained(Iterator[Element]):
    """The elements of several sources one after the other; each begins when the one before has ended."""

    def __init__(self, sources: Iterator[Source], context: Context, until_empty: bool = False) -> None:
        self._sources, self._context, self._until_empty = sources, context, until_empty
        self._inner: Iterator[Element] | None = None
        self._found = True

    def __next__(self) -> Element:
        while True:
            if self._inner is None:
                if self._until_empty and not self._found:
                    raise StopIteration
                self._inner, self._found = next(self._sources).iterate(self._context), False
            try:
                element = next(self._inner)
            except StopIteration:
                self._inner = None
            else:
                self._found = True
                return element


@source("ConcatenateDataset")
def _concatenate(operation: Operation, *sources: Source) -> Iterate:
    return lambda context: _Chained(iter(sources), context)


@source("DirectedInterleaveDataset")
def _directed(operation: Operation, selector: Source, *sources: Source) -> Iterate:
    def iterate(context: Context) -> Iterator[Element]:
        iterators: list[Any] = [part.iterate(context) for part in sources]
        for (choice,) in selector.iterate(context):
            place = int(choice)
            if not 0 <= place < len(iterators):
                refuse(operation, f"Selector index out of range: {place} >= {len(iterators)}")
            if iterators[place] is None:
                continue
            element = next(iterators[place], None)
            if element is None:
                iterators[place] = None
                if not any(iterators):
                    return
            else:
                yield element

    return iterate


# -- of one
@source("RepeatDataset")
def _repeat(operation: Operation, inner: Source, count: Any) -> Iterate:
    times = int(count)
    # TensorFlow runs a shuffling that is repeated as one: so come its numbers.
    shuffled = getattr(inner, "shuffled", None)
    if shuffled is not None:
        return lambda context: shuffled(context, times)
    if times < 0:
        return lambda context: _Chained(itertools.repeat(inner), context, until_empty=True)
    return lambda context: _Chained(itertools.repeat(inner, times), context)


class ShuffledSource(Source):
    """A shuffling, which may be repeated as a whole: `shuffled(context, times)`."""

    __slots__ = ("shuffled",)

    def __init__(self, iterate: Iterate, shuffled: Callable[[Context, int], Iterator[Element]]) -> None:
        super().__init__(iterate)
        self.shuffled = shuffled


def _shuffle(run: Any, operation: Operation, inner: Source, size: Any, seed: Any, seed2: Any) -> Source:
    buffer = positive(operation, size, "buffer_size")
    renewed = operation.attributes["reshuffle_each_iteration"]
    seeds = Seeds(int(seed), int(seed2), renewed)
    pair = Seeds(int(seed), int(seed2), False).next()

    def iterate(context: Context) -> Iterator[Element]:
        return Shuffled(lambda: inner.iterate(context), buffer, seeds.next())

    def shuffled(context: Context, times: int) -> Iterator[Element]:
        if renewed:
            return Shuffled(lambda: inner.iterate(context), buffer, pair, times)
        fixed = Source(lambda context: Shuffled(lambda: inner.iterate(context), buffer, pair))
        forever = itertools.repeat(fixed) if times < 0 else itertools.repeat(fixed, times)
        return _Chained(forever, context, until_empty=times < 0)

    return ShuffledSource(iterate, shuffled)


register("ShuffleDataset", _shuffle, variant_rule, stateful=True, differentiable=False)


@source("ShuffleAndRepeatDataset")
def _shuffle_and_repeat(
    operation: Operation, inner: Source, size: Any, seed: Any, seed2: Any, count: Any
) -> Iterate:
    buffer, times = positive(operation, size, "buffer_size"), int(count)
    pair = Seeds(int(seed), int(seed2), False).next()
    return lambda context: Shuffled(lambda: inner.iterate(context), buffer, pair, times)


@source("TakeDataset")
def _take(operation: Operation, inner: Source, count: Any) -> Iterate:
    number = int(count)
    if number < 0:
        return inner.iterate
    return lambda context: itertools.islice(inner.iterate(context), number)


@source("SkipDataset")
def _skip(operation: Operation, inner: Source, count: Any) -> Iterate:
    number = int(count)
    if number < 0:
        return lambda context: iter(())
    return lambda context: itertools.islice(inner.iterate(context), number, None)


@source("ShardDataset")
def _shard(operation: Operation, inner: Source, num_shards: Any, index: Any) -> Iterate:
    count, place = int(num_shards), int(index)
    if count <= 0:
        refuse(operation, f"Number of shards must be greater than zero (currently num_shards = {count}).")
    if not 0 <= place < count:
        refuse(
            operation,
            f"Index must be between 0 and {count - 1} (currently index = {place}, num_shards = {count}).",
        )
    return lambda context: itertools.islice(inner.iterate(context), place, None, count)


@source("PrefetchDataset")
def _prefetch(operation: Operation, inner: Source, size: Any) -> Iterate:
    return inner.iterate


@source("CacheDataset")
def _cache(operation: Operation, inner: Source, filename: Any) -> Iterate:
    kept: list[list[Element]] = []

    def iterate(context: Context) -> Iterator[Element]:
        if kept:
            return iter(kept[0])
        return filling(context)

    def filling(context: Context) -> Iterator[Element]:
        found = []
        for element in inner.iterate(context):
            found.append(element)
            yield element
        kept[:] = [found]  # whole, or not at all

    return iterate


@source("BatchDatasetV2")
def _batch(operation: Operation, inner: Source, size: Any, whole: Any) -> Iterate:
    number = positive(operation, size, "Batch size")
    return lambda context: Batched(inner.iterate(context), number, bool(whole), joined)


@source("PaddedBatchDatasetV2")
def _padded_batch(operation: Operation, inner: Source, size: Any, *rest: Any) -> Iterate:
    number = positive(operation, size, "Batch size")
    count = len(rest) // 2
    join = padder([shape.tolist() for shape in rest[:count]], rest[count : 2 * count])
    return lambda context: Batched(inner.iterate(context), number, bool(rest[-1]), join)


@source("DenseToSparseBatchDataset")
def _sparse_batch(operation: Operation, inner: Source, size: Any, row_shape: Any) -> Iterate:
    from ..sparse_tensor import SparseTensorValue

    number, sizes = positive(operation, size, "Batch size"), row_shape.tolist()

    def join(elements: Any) -> Element:
        rows = [element[0] for element in elements]
        largest = list(sizes)
        indices, values = [], []
        for place, row in enumerate(rows):
            if len(row.shape) != len(sizes) or any(
                0 <= limit < found for found, limit in zip(row.shape, sizes, strict=True)
            ):
                refuse(
                    operation,
                    f"Element of shape {list(row.shape)} is larger than (or of other rank than) the row "
                    f"shape {sizes}.",
                )
            largest = [
                max(known, found) if limit < 0 else known
                for known, found, limit in zip(largest, row.shape, sizes, strict=True)
            ]
            places = np.indices(row.shape).reshape(len(sizes), -1).T
            indices.append(np.concatenate([np.full([len(places), 1], place), places], 1))
            values.append(row.reshape(-1))
        flat = np.concatenate(values) if isinstance(values[0], np.ndarray) else torch.cat(values)
        whole = torch.tensor([len(rows), *largest])
        return (SparseTensorValue(torch.from_numpy(np.concatenate(indices).astype(np.int64)), flat, whole),)

    return lambda context: Batched(inner.iterate(context), number, False, join)


@source("UnbatchDataset")
def _unbatch(operation: Operation, inner: Source) -> Iterate:
    def iterate(context: Context) -> Iterator[Element]:
        for element in inner.iterate(context):
            yield from rows_of(element)

    return iterate


@source("WindowDataset")
def _window(operation: Operation, inner: Source, *sizes: Any) -> Iterate:
    size, shift, stride = (
        positive(operation, value, f"Window {what}")
        for value, what in zip(sizes, ("size", "shift", "stride"), strict=False)
    )
    whole = bool(sizes[3])
    span = (size - 1) * stride + 1

    def iterate(context: Context) -> Iterator[Element]:
        elements = inner.iterate(context)
        waiting: deque[Element] = deque()
        ended = False
        while True:
            while not ended and len(waiting) < span:
                element = next(elements, None)
                ended = element is None
                if element is not None:
                    waiting.append(element)
            if not waiting or (whole and len(waiting) < span):
                return
            chosen = list(itertools.islice(waiting, 0, span, stride))
            yield tuple(
                _listed([(component,) for component in column]) for column in zip(*chosen, strict=True)
            )
            for _ in range(shift):
                if waiting:
                    waiting.popleft()
                elif not ended:
                    ended = next(elements, None) is None

    return iterate


def _listed(elements: list[Element]) -> Source:
    return Source(lambda context: iter(elements))


# -- with functions
def _mapped(operation: Operation, inner: Source, *captured: Any) -> Iterate:
    call = calls_of(operation, captured)[0]
    return lambda context: Mapped(inner.iterate(context), call.bound(context))


source("MapDataset")(_mapped)
source("ParallelMapDataset")(_mapped)


@source("MapAndBatchDataset")
def _map_and_batch(operation: Operation, inner: Source, *rest: Any) -> Iterate:
    *captured, size, _, whole = rest
    call = calls_of(operation, captured)[0]
    number = positive(operation, size, "Batch size")

    def iterate(context: Context) -> Iterator[Element]:
        return Batched(Mapped(inner.iterate(context), call.bound(context)), number, bool(whole), joined)

    return iterate


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
    cycle, block = rest[len(call.captured) : len(call.captured) + 2]
    width = len(os.sched_getaffinity(0)) if int(cycle) == -1 else positive(operation, cycle, "`cycle_length`")
    length = positive(operation, block, "`block_length`")
    keeps = operation.type == "ParallelInterleaveDataset"
    return lambda context: Interleaved(
        inner.iterate(context), call.bound(context), context, width, length, keeps
    )


for _op_type in ("InterleaveDataset", "ParallelInterleaveDatasetV2", "ParallelInterleaveDataset"):
    source(_op_type)(_interleave)


@source("ScanDataset")
def _scan(operation: Operation, inner: Source, *rest: Any) -> Iterate:
    count = operation.attributes["states"]
    call = calls_of(operation, rest[count:])[0]

    def iterate(context: Context) -> Iterator[Element]:
        function, state = call.bound(context), rest[:count]
        for element in inner.iterate(context):
            results = function((*state, *element))
            state = tuple(results[:count])
            yield tuple(results[count:])

    return iterate


@source("UniqueDataset")
def _unique(operation: Operation, inner: Source) -> Iterate:
    def iterate(context: Context) -> Iterator[Element]:
        seen = set()
        for element in inner.iterate(context):
            key = element[0].item()
            if key not in seen:
                seen.add(key)
                yield element

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


@source("GroupByWindowDataset")
def _group_by_window(operation: Operation, inner: Source, *captured: Any) -> Iterate:
    key_call, reduce_call, size_call = calls_of(operation, captured)

    def iterate(context: Context) -> Iterator[Element]:
        key_of, reduced, size_of = (call.bound(context) for call in (key_call, reduce_call, size_call))
        groups: dict[int, list[Element]] = {}
        sizes: dict[int, int] = {}

        def window(key: int) -> Iterator[Element]:
            (found,) = reduced((torch.tensor(key), _listed(groups.pop(key))))
            return found.iterate(context)

        for element in inner.iterate(context):
            key = int(key_of(element)[0])
            if key not in sizes:
                sizes[key] = int(size_of((torch.tensor(key),))[0])
                if sizes[key] <= 0:
                    refuse(operation, f"Window size must be greater than zero, but got {sizes[key]}.")
            groups.setdefault(key, []).append(element)
            if len(groups[key]) == sizes[key]:
                yield from window(key)
        for key in sorted(groups):
            yield from window(key)

    return iterate


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


# -- the ends
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
