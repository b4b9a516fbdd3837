"""Several elements as one: stacked, filled up to one shape, or as sparse values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import torch

from ..errors import DataLossError, InvalidArgumentError
from ..sparse_tensor import SparseTensorValue
from .runtime import Element


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
    for value in values:
        if value.shape != shape:
            raise InvalidArgumentError(
                None,
                None,
                "Cannot add tensor to the batch: number of elements does not match. Shapes are: [tensor]: "
                f"{_shown(value.shape)}, [batch]: {_shown(shape)}",
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


class BatchedCalls(Iterator[Element]):
    """What a function makes of `size` elements at a time, as batches: all are called, also where one fails,
    and then the batch fails.
    """

    def __init__(
        self,
        elements: Iterator[Element],
        call: Callable[[Element], Sequence[Any]],
        size: int,
        whole: bool,
    ) -> None:
        self._elements, self._call, self._size, self._whole = elements, call, size, whole

    def __next__(self) -> Element:
        made: list[Element] = []
        problem: Exception | None = None
        count = 0
        while count < self._size:
            try:
                element = next(self._elements)
            except StopIteration:
                break
            count += 1
            try:
                made.append(tuple(self._call(element)))
            except Exception as found:
                problem = problem or found
        if problem is not None:
            raise problem
        if not count or (self._whole and count < self._size):
            raise StopIteration
        return joined(made)


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
