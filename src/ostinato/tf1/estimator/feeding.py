"""Queues that arrays fill: what the input functions over numpy and pandas take their batches from."""

from __future__ import annotations

import collections
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .. import dtypes, errors, logging, summary
from ..data_flow import FIFOQueue, PaddingFIFOQueue, QueueBase, RandomShuffleQueue
from ..graph import name_scope
from ..ops import math
from ..ops.core import placeholder
from ..queue_runner import QueueRunner, add_queue_runner


class FeedingQueueRunner(QueueRunner):
    """A queue runner whose operations are fed, each by a function of its own that gives values by
    placeholders.
    """

    def __init__(
        self,
        queue: Any = None,
        enqueue_ops: Sequence[Any] | None = None,
        close_op: Any = None,
        cancel_op: Any = None,
        feed_fns: Sequence[Callable[[], Mapping[Any, Any]]] | None = None,
        queue_closed_exception_types: Any = None,
    ) -> None:
        types = queue_closed_exception_types or (errors.OutOfRangeError, errors.CancelledError)
        super().__init__(queue, enqueue_ops, close_op, cancel_op, types)
        if feed_fns is not None and len(feed_fns) != len(self.enqueue_ops):
            raise ValueError("If feed_fns is not None, it must have the same length as enqueue_ops.")
        self._feeds = dict(zip(self.enqueue_ops, feed_fns or (), strict=False))

    def _filler(self, sess: Any, enqueue_op: Any) -> Callable[[], Any]:
        feed = self._feeds.get(enqueue_op)
        return super()._filler(sess, enqueue_op) if feed is None else lambda: sess.run(enqueue_op, feed())

    def to_proto(self, export_scope: str | None = None) -> None:
        """None: a message cannot hold the functions, so a meta graph is written without this runner."""


class _Rows:
    """Rows of columns in turn, by their numbers: `size` at a time, from any of them, round and round."""

    def __init__(
        self, columns: Sequence[Any], index: Any, size: int, shuffle: bool, seed: Any, epochs: int | None
    ) -> None:
        self._columns, self._index, self._size, self._epochs = list(columns), index, size, epochs
        self._length = len(columns[0])
        random.seed(seed)
        self._next = random.randrange(self._length) if shuffle else 0
        self._left = float("inf") if epochs is None else epochs * self._length

    def __call__(self) -> list[Any]:
        if self._left <= 0:
            raise errors.OutOfRangeError(None, None, f"Already emitted {self._epochs} epochs.")
        count = int(min(self._size, self._left))
        rows = (self._next + np.arange(count)) % self._length
        self._next = (self._next + count) % self._length
        self._left -= count
        numbers = rows if self._index is None else np.asarray(self._index)[rows]
        return [numbers, *(column[rows] for column in self._columns)]


class _Generated:
    """What a generator gives, `size` values at a time."""

    def __init__(self, generator: Any, keys: Sequence[str], size: int, epochs: int | None, pad: Any) -> None:
        self._make, self._keys, self._size, self._epochs, self._pad = generator, keys, size, epochs, pad
        self._rows, self._epoch = generator(), 0

    def __call__(self) -> list[Any]:
        if self._epochs and self._epoch >= self._epochs:
            raise errors.OutOfRangeError(None, None, f"Already emitted {self._epochs} epochs.")
        columns: list[list[Any]] = [[] for _ in self._keys]
        # TensorFlow counts values, not rows.
        while len(columns[0]) * len(columns) < self._size:
            try:
                row = next(self._rows)
            except StopIteration:
                self._epoch += 1
                self._rows = self._make()
                row = next(self._rows)
            for key, column in zip(self._keys, columns, strict=True):
                if key not in row:
                    raise KeyError(
                        f"key mismatch between dicts emitted by GenFun Expected {list(self._keys)} keys; got "
                        f"{row.keys()}"
                    )
                column.append(row[key])
        if self._pad is not None:
            columns = [_padded(column, self._pad) for column in columns]
        return [np.asarray(column) for column in columns]


def _padded(column: list[Any], value: Any) -> list[Any]:
    arrays = [np.asarray(each) for each in column]
    if arrays[0].ndim == 0:
        return column
    longest = max(len(each) for each in arrays)
    widths = [[(0, longest - len(each)), *[(0, 0)] * (each.ndim - 1)] for each in arrays]
    return [
        np.pad(each, width, "constant", constant_values=value)
        for each, width in zip(arrays, widths, strict=True)
    ]


def enqueue_data(
    data: Any,
    capacity: int,
    shuffle: bool = False,
    min_after_dequeue: float | None = None,
    num_threads: int = 1,
    seed: int | None = None,
    name: str = "enqueue_input",
    enqueue_size: int = 1,
    num_epochs: int | None = None,
    pad_value: Any = None,
) -> QueueBase:
    """A queue that is filled with the rows of an array, of an ordered dict of them, or of a pandas frame, or
    with what a generator gives; the first of what it holds is the row's number, or the frame's index, but for
    a generator.

    Raises:
        TypeError: `data` is none of these.
        NotImplementedError: padding of anything but a generator's rows, or of shuffled ones.
    """
    index: Any = None
    generated = callable(data) and not isinstance(data, np.ndarray)
    if generated:
        first = next(data())
        keys = sorted(first)
        firsts = [np.asarray(first[key]) for key in keys]
        types = [dtypes.as_dtype(each.dtype) for each in firsts]
        shapes: list[Any] = [each.shape for each in firsts]
    else:
        if isinstance(data, np.ndarray):
            columns: list[Any] = [data]
        elif isinstance(data, collections.OrderedDict):
            columns = list(data.values())
        elif hasattr(data, "columns") and hasattr(data, "index"):
            columns, index = [np.asarray(data[each]) for each in data.columns], data.index
        else:
            raise TypeError(
                "data must be either a numpy array or pandas DataFrame if pandas is installed; got "
                f"{type(data).__name__}"
            )
        numbers = dtypes.int64 if index is None else dtypes.as_dtype(index.dtype)
        types = [numbers, *(dtypes.as_dtype(each.dtype) for each in columns)]
        shapes = [(), *(each.shape[1:] for each in columns)]
    if pad_value is not None and not generated:
        raise NotImplementedError("padding is only available with generator usage")
    if pad_value is not None and shuffle:
        raise NotImplementedError("padding and shuffling data at the same time is not implemented")
    _warn(num_threads, num_epochs, shuffle)

    with name_scope(name):
        least = 0
        if shuffle:
            least = int(capacity / 4 if min_after_dequeue is None else min_after_dequeue)
            queue: QueueBase = RandomShuffleQueue(capacity, least, dtypes=types, shapes=shapes, seed=seed)
        elif pad_value is not None:
            shapes = [(*shape[:-1], None) if shape else shape for shape in shapes]
            queue = PaddingFIFOQueue(capacity, dtypes=types, shapes=shapes)
        else:
            queue = FIFOQueue(capacity, dtypes=types, shapes=shapes)
        operations, feeds = [], []
        for thread in range(num_threads):
            placeholders = [placeholder(each) for each in types]
            operations.append(queue.enqueue_many(placeholders))
            own = None if seed is None else (thread + 1) * seed
            source: Any = (
                _Generated(data, keys, enqueue_size, num_epochs, pad_value)
                if generated
                else _Rows(columns, index, enqueue_size, shuffle, own, num_epochs)
            )
            feeds.append(_fed(placeholders, source))
        add_queue_runner(FeedingQueueRunner(queue, operations, feed_fns=feeds))
        full = math.cast(math.maximum(0, queue.size() - least), dtypes.float32) * (1.0 / (capacity - least))
        summary.scalar(f"queue/{queue.name}fraction_over_{least}_of_{capacity - least}_full", full)
    return queue


def _fed(placeholders: Sequence[Any], source: Callable[[], list[Any]]) -> Callable[[], dict[Any, Any]]:
    return lambda: dict(zip(placeholders, source(), strict=True))


def _warn(threads: int, epochs: int | None, shuffle: bool) -> None:
    if threads < 2:
        return
    if epochs is not None:
        logging.warning(
            "enqueue_data was called with num_epochs and num_threads > 1: each thread gives as many epochs."
        )
    if not shuffle:
        logging.warning(
            "enqueue_data was called with shuffle=False and num_threads > 1: the rows' order is not kept."
        )
