"""Data sets of other data sets' elements as they are: several together, repeated, shuffled, in part."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

from ..tensor import Operation
from .runtime import Context, Element, Source
from .shuffling import Seeds, Shuffled
from .sources import Iterate, positive, refuse, source


# -- several
@source("ZipDataset")
def _zip(operation: Operation, *sources: Source) -> Iterate:
    def iterate(context: Context) -> Iterator[Element]:
        parts = [part.iterate(context.at(place)) for place, part in enumerate(sources)]
        return map(_in_one, zip(*parts, strict=False))

    return iterate


def _in_one(parts: tuple[Element, ...]) -> Element:
    return tuple(itertools.chain.from_iterable(parts))


class Chained(Iterator[Element]):
    """The elements of several sources one after the other; each begins when the one before has ended."""

    def __init__(self, iterators: Iterator[Iterator[Element]], until_empty: bool = False) -> None:
        self._iterators, self._until_empty = iterators, until_empty
        self._inner: Iterator[Element] | None = None
        self._found = True

    def __next__(self) -> Element:
        while True:
            if self._inner is None:
                if self._until_empty and not self._found:
                    raise StopIteration
                self._inner, self._found = next(self._iterators), False
            try:
                element = next(self._inner)
            except StopIteration:
                self._inner = None
            else:
                self._found = True
                return element


def _repeated(iterate: Iterate, context: Context, times: int) -> Chained:
    again = itertools.repeat(context) if times < 0 else itertools.repeat(context, times)
    return Chained(map(iterate, again), until_empty=times < 0)


@source("ConcatenateDataset")
def _concatenate(operation: Operation, *sources: Source) -> Iterate:
    return lambda context: Chained(part.iterate(context.at(place)) for place, part in enumerate(sources))


class _Directed(Iterator[Element]):
    def __init__(self, operation: Operation, choices: Iterator[Element], parts: list[Any]) -> None:
        self._operation, self._choices, self._parts = operation, choices, parts

    def __next__(self) -> Element:
        while any(self._parts):
            place = int(next(self._choices)[0])
            if not 0 <= place < len(self._parts):
                refuse(self._operation, f"Selector index out of range: {place} >= {len(self._parts)}")
            if self._parts[place] is None:
                continue
            element = next(self._parts[place], None)
            if element is not None:
                return element
            self._parts[place] = None
        raise StopIteration


@source("DirectedInterleaveDataset")
def _directed(operation: Operation, selector: Source, *sources: Source) -> Iterate:
    def iterate(context: Context) -> Iterator[Element]:
        parts = [part.iterate(context.at(place)) for place, part in enumerate(sources)]
        return _Directed(operation, selector.iterate(context.at("selector")), parts)

    return iterate


# -- again, and in another order
@source("RepeatDataset")
def _repeat(operation: Operation, inner: Source, count: Any) -> Iterate:
    times = int(count)
    # TensorFlow runs a shuffling that is repeated as one: so come its numbers.
    shuffled = getattr(inner, "shuffled", None)
    if shuffled is not None:
        return lambda context: shuffled(context, times)
    return lambda context: _repeated(inner.iterate, context, times)


class ShuffledSource(Source):
    """A shuffling, which may be repeated as a whole: `shuffled(context, times)`."""

    __slots__ = ("shuffled",)

    def __init__(self, iterate: Iterate, shuffled: Callable[[Context, int], Iterator[Element]]) -> None:
        super().__init__(iterate)
        self.shuffled = shuffled


@source("ShuffleDataset")
def _shuffle(operation: Operation, inner: Source, size: Any, seed: Any, seed2: Any) -> Source:
    buffer = positive(operation, size, "buffer_size")
    renewed = operation.attributes["reshuffle_each_iteration"]
    pair = Seeds(int(seed), int(seed2), False).next()

    def iterate(context: Context) -> Iterator[Element]:
        # The seeds go on from one iteration to the next at the same place of the pipeline, even where a
        # function has made the data set anew.
        seeds = context.kept(operation.name, lambda: Seeds(*pair, renewed))
        return Shuffled(lambda: inner.iterate(context), buffer, seeds.next())

    def shuffled(context: Context, times: int) -> Iterator[Element]:
        if renewed:
            return Shuffled(lambda: inner.iterate(context), buffer, pair, times)
        return _repeated(
            lambda context: Shuffled(lambda: inner.iterate(context), buffer, pair), context, times
        )

    return ShuffledSource(iterate, shuffled)


@source("ShuffleAndRepeatDataset")
def _shuffle_and_repeat(
    operation: Operation, inner: Source, size: Any, seed: Any, seed2: Any, count: Any
) -> Iterate:
    buffer, times = positive(operation, size, "buffer_size"), int(count)
    pair = Seeds(int(seed), int(seed2), False).next()
    return lambda context: Shuffled(lambda: inner.iterate(context), buffer, pair, times)


# -- in part
class _Part(Iterator[Element]):
    """Elements `start`, `start + step`, ... before `stop`; those that fail are not counted."""

    def __init__(self, elements: Iterator[Element], start: int, stop: int | None, step: int = 1) -> None:
        self._elements, self._wanted, self._stop, self._step = elements, start, stop, step
        self._place = 0

    def __next__(self) -> Element:
        if self._stop is not None and self._wanted >= self._stop:
            raise StopIteration
        while True:
            element = next(self._elements)
            self._place += 1
            if self._place > self._wanted:
                self._wanted += self._step
                return element


@source("TakeDataset")
def _take(operation: Operation, inner: Source, count: Any) -> Iterate:
    number = int(count)
    if number < 0:
        return inner.iterate
    return lambda context: _Part(inner.iterate(context), 0, number)


@source("SkipDataset")
def _skip(operation: Operation, inner: Source, count: Any) -> Iterate:
    number = int(count)
    if number < 0:
        return lambda context: iter(())
    return lambda context: _Part(inner.iterate(context), number, None)


@source("ShardDataset")
def _shard(operation: Operation, inner: Source, num_shards: Any, index: Any) -> Iterate:
    count, place = int(num_shards), int(index)
    if count <= 0:
        refuse(operation, f"Number of shards must be greater than zero (currently num_shards = {count}).")
    if not 0 <= place < count:
        refuse(operation, f"Index must be between 0 and {count - 1} (currently index = {place}).")
    return lambda context: _Part(inner.iterate(context), place, None, count)


# -- how elements are made, which changes none of them
@source("PrefetchDataset")
def _prefetch(operation: Operation, inner: Source, size: Any) -> Source:
    if int(size) < -1:
        refuse(operation, "buffer_size must be >= 0 or set buffer_size to be -1 for auto-tuning")
    return Source(inner.iterate)  # what comes next is not one operation with what was before


def _same(operation: Operation, inner: Source, *_: Any) -> Source:
    return inner


for _op_type in (
    "OptimizeDataset",
    "ModelDataset",
    "MaxIntraOpParallelismDataset",
    "PrivateThreadPoolDataset",
    "WrapDatasetVariant",
    "UnwrapDatasetVariant",
):
    source(_op_type)(_same)
