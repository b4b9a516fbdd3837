"""Data sets that begin a pipeline: tensors, their slices, numbers, generators."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from ..sparse_tensor import SparseTensorValue
from ..tensor import Operation
from .runtime import Context, Element, count_of, rows_of, sparse_rows
from .shuffling import Seeds, Words
from .sources import Iterate, refuse, source


@source("TensorDataset")
def _tensors(operation: Operation, *components: Any) -> Iterate:
    return lambda context: iter([components])


@source("TensorSliceDataset")
def _slices(operation: Operation, *components: Any) -> Iterate:
    counts = [count_of(component) for component in components]
    if len(set(counts)) > 1:
        refuse(operation, f"All components must have the same size in the 0th dimension; they have {counts}.")
    return lambda context: rows_of(components)


@source("SparseTensorSliceDataset")
def _sparse_slices(operation: Operation, indices: Any, values: Any, shape: Any) -> Iterate:
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
