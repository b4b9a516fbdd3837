"""What data sets are at run time: sources, of which each gives iterators over elements.

An element is a tuple of values, one for each component: torch tensors, arrays of bytes for strings, sparse
values, sources for nested data sets. Iterators are objects rather than generators where they call a function
of the user's: such a one may fail for an element, and the next one is to be had all the same.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from ..body import BodyFunction
from ..errors import InvalidArgumentError
from ..sparse_tensor import SparseTensorValue

Element = tuple[Any, ...]


class _Shared:
    """What all places of a pipeline share: the run of the session that asks for an element, and what is kept
    from one iteration to the next.
    """

    __slots__ = ("kept", "run")

    def __init__(self, run: Any) -> None:
        self.run, self.kept = run, dict[Any, Any]()


class Context:
    """A place in a pipeline: where several data sets are beside each other, each has one of its own."""

    __slots__ = ("_count", "_path", "shared")

    def __init__(self, run: Any) -> None:
        self.shared, self._path, self._count = _Shared(run), tuple[Any, ...](), 0

    @property
    def run(self) -> Any:
        return self.shared.run

    def at(self, step: Any) -> Context:
        """The place of one of several data sets."""
        inner = Context.__new__(Context)
        inner.shared, inner._path, inner._count = self.shared, (*self._path, step), 0
        return inner

    def next(self) -> Context:
        """A place of its own each time."""
        self._count += 1
        return self.at(("next", self._count))

    def kept(self, name: str, make: Callable[[], Any]) -> Any:
        """What was made here before, as long as the pipeline runs."""
        key = (self._path, name)
        if key not in self.shared.kept:
            self.shared.kept[key] = make()
        return self.shared.kept[key]


Parts = tuple[Iterator[Element], Callable[[Element], Sequence[Any]]]


class Source:
    """A data set's elements, any number of times; `mapped` gives the elements and the function of a map."""

    __slots__ = ("iterate", "mapped")

    def __init__(
        self,
        iterate: Callable[[Context], Iterator[Element]],
        mapped: Callable[[Context], Parts] | None = None,
    ) -> None:
        self.iterate, self.mapped = iterate, mapped


def listed(elements: list[Element]) -> Source:
    return Source(lambda context: iter(elements))


class Call(NamedTuple):
    """A traced function with the values that it captured."""

    body: BodyFunction
    captured: Sequence[Any]

    def bound(self, context: Context) -> Callable[[Sequence[Any]], list[Any]]:
        """The function of a tuple of values."""
        plan, body, captured, shared = self.body.plan(), self.body, self.captured, context.shared
        if not captured and len(body.feeds(body.arguments, ())) == len(body.arguments):
            return lambda values: shared.run.execute(plan, values)
        return lambda values: shared.run.execute(plan, body.feeds(values, captured))


def sparse_rows(value: SparseTensorValue) -> Iterator[SparseTensorValue]:
    """The sparse values along the first dimension."""
    count = int(value.dense_shape[0])
    places = value.indices[:, 0].contiguous()
    order = torch.argsort(places, stable=True)
    bounds = torch.searchsorted(places[order], torch.arange(count + 1)).tolist()
    for begin, end in itertools.pairwise(bounds):
        chosen = order[begin:end]
        picked = (
            value.values[chosen.numpy()] if isinstance(value.values, np.ndarray) else value.values[chosen]
        )
        yield SparseTensorValue(value.indices[chosen, 1:], picked, value.dense_shape[1:])


_CHUNK = 1024  # rows at a time: a view of each row of a large tensor would take more room than the tensor


def rows_of(components: Sequence[Any]) -> Iterator[Element]:
    """The elements along the first dimension of tensors.

    Raises:
        tf.errors.InvalidArgumentError: they have different numbers of rows, or one is a scalar.
    """
    count = count_of(components[0])
    for place, component in enumerate(components):
        if count_of(component) != count:
            raise InvalidArgumentError(
                None,
                None,
                "Input element must have the same batch size in each component. Component 0 had size "
                f"{count} but component {place} had size {count_of(component)}.",
            )
    if any(isinstance(component, SparseTensorValue) for component in components):
        return zip(*[_rows(component, count) for component in components], strict=True)
    chunks = (
        zip(*[_chunk(component, begin, count) for component in components], strict=True)
        for begin in range(0, count, _CHUNK)
    )
    return itertools.chain.from_iterable(chunks)


def count_of(component: Any) -> int:
    if isinstance(component, SparseTensorValue):
        return int(component.dense_shape[0])
    if not component.shape:
        raise InvalidArgumentError(
            None, None, "Input element must have a non-scalar value in each component."
        )
    return component.shape[0]


def _rows(component: Any, count: int) -> Iterator[Any]:
    if isinstance(component, SparseTensorValue):
        return sparse_rows(component)
    chunks = (_chunk(component, begin, count) for begin in range(0, count, _CHUNK))
    return itertools.chain.from_iterable(chunks)


def _chunk(component: Any, begin: int, count: int) -> Sequence[Any]:
    """The rows from `begin` on, up to a chunk of them."""
    if isinstance(component, np.ndarray):
        return [component[row, ...] for row in range(begin, min(begin + _CHUNK, count))]
    return component[begin : begin + _CHUNK].unbind(0)


class Mapped(Iterator[Element]):
    """A function of each element."""

    def __init__(self, elements: Iterator[Element], call: Callable[[Element], list[Any]]) -> None:
        self._elements, self._call = elements, call

    def __next__(self) -> Element:
        return tuple(self._call(next(self._elements)))


class Filtered(Iterator[Element]):
    """The elements for which a function gives True; `stops`: those before the first for which it does not."""

    def __init__(
        self, elements: Iterator[Element], call: Callable[[Element], list[Any]], stops: bool = False
    ) -> None:
        self._elements, self._call, self._stops, self._ended = elements, call, stops, False

    def __next__(self) -> Element:
        while not self._ended:
            element = next(self._elements)
            if bool(self._call(element)[0]):
                return element
            self._ended = self._stops
        raise StopIteration


class Flattened(Iterator[Element]):
    """The elements of the data sets that a function gives, one after the other."""

    def __init__(
        self, elements: Iterator[Element], call: Callable[[Element], list[Any]], context: Context
    ) -> None:
        self._elements, self._call, self._context = elements, call, context
        self._inner: Iterator[Element] | None = None

    def __next__(self) -> Element:
        while True:
            if self._inner is None:
                (source,) = self._call(next(self._elements))
                self._inner = source.iterate(self._context.next())
            try:
                return next(self._inner)
            except StopIteration:
                self._inner = None


class Interleaved(Iterator[Element]):
    """The elements of the data sets that a function gives, `block` of each of `cycle` of them in turn."""

    def __init__(
        self,
        elements: Iterator[Element],
        call: Callable[[Element], list[Any]],
        context: Context,
        cycle: int,
        block: int,
        keeps: bool = False,
        apart: bool = False,
    ) -> None:
        """`keeps`: a data set that ends with none to follow it leaves what is left of its turn to the next,
        as the older operation has it. `apart`: one that follows another does not go on with its seeds.
        """
        self._apart = apart
        self._elements, self._call, self._context, self._block = elements, call, context, block
        self._keeps, self._begun = keeps, False
        self._current: list[Iterator[Element] | None] = [None] * cycle
        self._place = self._taken = self._open = 0
        self._ended = False

    def _advance(self) -> None:
        self._taken, self._place = 0, (self._place + 1) % len(self._current)

    def _replace(self) -> None:
        """Go on from a data set that has ended: with the older operation the next is there at once."""
        taken = self._taken
        if self._keeps and not self._ended:
            self._begin()
        self._advance()
        if self._keeps and self._ended:
            self._taken = taken

    def _begin(self) -> None:
        try:
            (source,) = self._call(next(self._elements))
        except StopIteration:
            self._ended = True
            return
        place = self._context.next() if self._apart else self._context.at(self._place)
        self._current[self._place] = source.iterate(place)
        self._open += 1

    def __next__(self) -> Element:
        if self._keeps and not self._begun:
            self._begun = True
            for place in range(len(self._current)):
                self._place = place
                self._begin()
            self._place = 0
        while not (self._ended and not self._open):
            inner = self._current[self._place]
            if inner is not None:
                try:
                    element = next(inner)
                except StopIteration:
                    self._current[self._place] = None
                    self._open -= 1
                    self._replace()
                    continue
                self._taken += 1
                if self._taken == self._block:
                    self._advance()
                return element
            if not self._ended:
                self._begin()
            elif self._keeps:
                self._place = (self._place + 1) % len(self._current)
            else:
                self._advance()
        raise StopIteration
