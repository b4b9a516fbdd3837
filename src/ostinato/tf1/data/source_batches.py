"""Data sets of several elements put together, and of one taken apart: batches, windows, rows."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from ..errors import DataLossError, InvalidArgumentError
from ..sparse_tensor import SparseTensorValue
from ..tensor import Operation
from .batching import Batched, BatchedCalls, joined, padder
from .runtime import Element, Source, listed, rows_of
from .sources import Iterate, positive, source


@source("BatchDatasetV2")
def _batch(operation: Operation, inner: Source, size: Any, whole: Any) -> Iterate:
    number = positive(operation, size, "Batch size")
    parts = inner.mapped
    if (
        parts is not None
    ):  # a map and a batch are one in TensorFlow: an element that fails takes its batch along
        return lambda context: BatchedCalls(*parts(context), number, bool(whole))
    return lambda context: Batched(inner.iterate(context), number, bool(whole), joined)


@source("PaddedBatchDatasetV2")
def _padded_batch(operation: Operation, inner: Source, size: Any, *rest: Any) -> Iterate:
    number = positive(operation, size, "Batch size")
    count = len(rest) // 2
    join = padder([shape.tolist() for shape in rest[:count]], rest[count : 2 * count])
    return lambda context: Batched(inner.iterate(context), number, bool(rest[-1]), join)


@source("DenseToSparseBatchDataset")
def _sparse_batch(operation: Operation, inner: Source, size: Any, row_shape: Any) -> Iterate:
    number, sizes = positive(operation, size, "Batch size"), row_shape.tolist()

    def join(elements: Any) -> Element:
        rows = [element[0] for element in elements]
        largest = list(sizes)
        indices, values = [], []
        for place, row in enumerate(rows):
            found = list(row.shape)
            if len(found) != len(sizes):
                raise InvalidArgumentError(
                    None,
                    None,
                    f"Input element had shape ({found}) that is incompatible with the row shape ({sizes}).",
                )
            if any(0 <= limit < length for length, limit in zip(found, sizes, strict=True)):
                raise DataLossError(
                    None,
                    None,
                    f"Input element had shape ({found}) that is larger than the row shape ({sizes}).",
                )
            largest = [
                max(known, length) if limit < 0 else known
                for known, length, limit in zip(largest, found, sizes, strict=True)
            ]
            places = np.indices(row.shape).reshape(len(sizes), -1).T
            indices.append(np.concatenate([np.full([len(places), 1], place), places], 1))
            values.append(row.reshape(-1))
        flat = np.concatenate(values) if isinstance(values[0], np.ndarray) else torch.cat(values)
        whole = torch.tensor([len(rows), *largest])
        return (SparseTensorValue(torch.from_numpy(np.concatenate(indices).astype(np.int64)), flat, whole),)

    return lambda context: Batched(inner.iterate(context), number, False, join)


class _Rows(Iterator[Element]):
    def __init__(self, elements: Iterator[Element]) -> None:
        self._elements = elements
        self._rows: Iterator[Element] = iter(())

    def __next__(self) -> Element:
        while True:
            row = next(self._rows, None)
            if row is not None:
                return row
            self._rows = rows_of(next(self._elements))


@source("UnbatchDataset")
def _unbatch(operation: Operation, inner: Source) -> Iterate:
    return lambda context: _Rows(inner.iterate(context))


class _Windows(Iterator[Element]):
    def __init__(self, elements: Iterator[Element], size: int, shift: int, stride: int, whole: bool) -> None:
        self._elements, self._shift, self._stride, self._whole = elements, shift, stride, whole
        self._span = (size - 1) * stride + 1
        self._waiting: deque[Element | Exception] = deque()  # one that fails takes its place in a window
        self._passed = 0  # elements between two windows that are still to be left out
        self._ended = False

    def _fill(self) -> None:
        while not self._ended and len(self._waiting) < self._span:
            try:
                element: Element | Exception = next(self._elements)
            except StopIteration:
                self._ended = True
                return
            except Exception as problem:
                element = problem
            if self._passed:
                self._passed -= 1
            else:
                self._waiting.append(element)

    def __next__(self) -> Element:
        self._fill()
        waiting = self._waiting
        if not waiting or (self._whole and len(waiting) < self._span):
            raise StopIteration
        chosen = [waiting[place] for place in range(0, min(self._span, len(waiting)), self._stride)]
        for _ in range(self._shift):
            if waiting:
                waiting.popleft()
            else:
                self._passed += 1
        for item in chosen:
            if isinstance(item, Exception):
                raise item
        return tuple(listed([(component,) for component in column]) for column in zip(*chosen, strict=True))


@source("WindowDataset")
def _window(operation: Operation, inner: Source, *sizes: Any) -> Iterate:
    size, shift, stride = (
        positive(operation, value, f"Window {what}")
        for value, what in zip(sizes, ("size", "shift", "stride"), strict=False)
    )
    return lambda context: _Windows(inner.iterate(context), size, shift, stride, bool(sizes[3]))
