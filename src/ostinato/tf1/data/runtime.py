"""What data sets are at run time: sources, of which each gives iterators over elements.

An element is a tuple of values, one for each component: torch tensors, arrays of bytes for strings, sparse
values, sources for nested data sets. Iterators are objects rather than generators where they call a function
of the user's: such a one may fail for an element, and the next one is to be had all the same.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from ..body import BodyFunction
from ..errors import DataLossError, InvalidArgumentError
from ..sparse_tensor import SparseTensorValue

Element = tuple[Any, ...]


class Context:
    """What the iterators of one pipeline share: the run of the session that asks for an element."""

    def __init__(self, run: Any) -> None:
        self.run = run


class Source:
    """A data set's elements, any number of times."""

    __slots__ = ("iterate",)

    def __init__(self, iterate: Callable[[Context], Iterator[Element]]) -> None:
        self.iterate = iterate


class Call(NamedTuple):
    """A traced function with the values that it captured."""

    body: BodyFunction
    captured: Sequence[Any]

    def bound(self, context: Context) -> Callable[[Sequence[Any]], list[Any]]:
        """The function of a tuple of values."""
        plan, body, captured = self.body.plan(), self.body, self.captured
        if not captured and len(body.feeds(body.arguments, ())) == len(body.arguments):
            return lambda values: context.run.execute(plan, values)
        return lambda values: context.run.execute(plan, body.feeds(values, captured))


def stacked(values: Sequence[Any]) -> Any:
    """Components of several elements as one with another first dimension.

    Raises:
        tf.errors.InvalidArgumentError: their shapes differ.
    """
    first = values[0]
    if isinstance(first, SparseTensorValue):
        return stacked_sparse(values)
    if not isinstance(first, (torch.Tensor, np.ndarray)):
        raise InvalidArgumentError(None, None, "Data sets and optional values cannot be batched.")
    shape = first.shape
    for place, value in enumerate(values):
        if value.shape != shape:
            raise InvalidArgumentError(
                None,
                None,
                "Cannot add tensor to the batch: number of elements does not match. Shapes are: [tensor]: "
                f"{_shown(value.shape)}, [batch]: {_shown(shape)} (element {place} of the batch)",
            )
    return np.stack(values) if isinstance(first, np.ndarray) else torch.stack(values)  # type: ignore[arg-type]


def _shown(shape: Iterable[int]) -> str:
    return "[" + ",".join(str(size) for size in shape) + "]"


def stacked_sparse(values: Sequence[Any]) -> SparseTensorValue:
    """Sparse values as one with another first dimension; it is as large as the largest of them."""
    ranks = {len(value.dense_shape) for value in values}
    if len(ranks) > 1:
        raise InvalidArgumentError(None, None, f"Cannot batch sparse tensors of different ranks {ranks}.")
    rows = [
        torch.cat([torch.full([len(value.indices), 1], row, dtype=torch.int64), value.indices], 1)
        for row, value in enumerate(values)
    ]
    sizes = torch.stack([value.dense_shape for value in values]).amax(0)
    parts = [value.values for value in values]
    joined = np.concatenate(parts) if isinstance(parts[0], np.ndarray) else torch.cat(parts)
    return SparseTensorValue(torch.cat(rows), joined, torch.cat([torch.tensor([len(values)]), sizes]))


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
        tf.errors.InvalidArgumentError: they have different numbers of rows.
    """
    counts = {count_of(component) for component in components}
    if len(counts) > 1:
        raise InvalidArgumentError(
            None, None, f"The components of a data set of slices have different numbers of rows: {counts}."
        )
    count = counts.pop()
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
                self._inner = source.iterate(self._context)
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
    ) -> None:
        """`keeps`: a data set that ends with none to follow it leaves what is left of its turn to the next,
        as the older operation has it.
        """
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
        self._current[self._place] = source.iterate(self._context)
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


class Batched(Iterator[Element]):
    """Each `size` elements put together by `join`; the last may be fewer unless `whole`."""

    def __init__(
        self,
        elements: Iterator[Element],
        size: int,
        whole: bool,
        join: Callable[[Sequence[Element]], Element],
    ) -> None:
        self._elements, self._size, self._whole, self._join = elements, size, whole, join

    def __next__(self) -> Element:
        taken = []
        for element in self._elements:
            taken.append(element)
            if len(taken) == self._size:
                return self._join(taken)
        if not taken or self._whole:
            raise StopIteration
        return self._join(taken)


def joined(elements: Sequence[Element]) -> Element:
    """Elements of one shape as a batch."""
    return tuple([stacked(column) for column in zip(*elements, strict=True)])


def padder(shapes: Sequence[Sequence[int]], values: Sequence[Any]) -> Callable[[Sequence[Element]], Element]:
    """What joins elements of various shapes: each component is filled up with its value to its shape, where
    -1 stands for the largest of the batch.
    """

    def join(elements: Sequence[Element]) -> Element:
        columns = zip(*elements, strict=True)
        return tuple(
            [
                _padded(column, shape, value, place)
                for place, (column, shape, value) in enumerate(zip(columns, shapes, values, strict=True))
            ]
        )

    return join


def _padded(column: Sequence[Any], shape: Sequence[int], value: Any, place: int) -> Any:
    sizes = list(shape)
    for item in column:
        if len(item.shape) != len(sizes):
            raise InvalidArgumentError(
                None,
                None,
                f"All elements in a batch must have the same rank as the padded shape for component{place}: "
                f"expected rank {len(sizes)} but got element with rank {len(item.shape)}",
            )
    for axis, size in enumerate(shape):
        largest = max([item.shape[axis] for item in column])
        if size < 0:
            sizes[axis] = largest
        elif largest > size:
            item = next(item for item in column if item.shape[axis] > size)
            raise DataLossError(
                None,
                None,
                "Attempted to pad to a smaller size than the input element. (An element of shape "
                f"{_shown(item.shape)}, component {place} to be padded to {_shown(shape)}.)",
            )
    first = column[0]
    if all(tuple(item.shape) == tuple(sizes) for item in column):
        return np.stack(column) if isinstance(first, np.ndarray) else torch.stack(list(column))
    if isinstance(first, np.ndarray):
        whole: Any = np.full([len(column), *sizes], value.item(), dtype=object)
    else:
        number = value.item()
        if len(sizes) == 1 and not first.dtype.is_complex:  # rows of numbers are by far the commonest
            rows = list(column)
            filled = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=number)
            if filled.shape[1] == sizes[0]:
                return filled
        whole = torch.full([len(column), *sizes], number, dtype=first.dtype)
    for row, item in enumerate(column):
        whole[(row, *[slice(0, size) for size in item.shape])] = item
    return whole
