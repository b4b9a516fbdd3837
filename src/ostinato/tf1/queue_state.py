"""Queues as a session holds them: elements, and the threads that wait to add some or to take some.

Those that add wait their turn, and so do those that take: an operation that moves many elements moves them as
there is room, or as there are some, and is not overtaken.
"""

from __future__ import annotations

import bisect
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from . import errors
from .philox import Philox
from .shapes import TensorShape

Element = tuple[Any, ...]
_LOOK_AGAIN = 1.0  # seconds after which one that waits looks whether anybody is left to end that


class QueueState:
    """A queue that gives what was added first."""

    kind = "FIFOQueue"

    def __init__(
        self,
        name: str,
        capacity: int,
        dtypes: Sequence[str],
        shapes: Sequence[TensorShape],
        **_: Any,
    ) -> None:
        self.name, self.dtypes, self.shapes = name, list(dtypes), list(shapes)
        self._capacity = float("inf") if capacity < 0 else capacity
        self._changed = threading.Condition()
        # Who waits to add many is woken when there is room for a good part of them, not for each.
        self._room = threading.Condition(self._changed._lock)  # type: ignore[attr-defined]
        self._wanted_room: dict[object, float] = {}
        self._adding: deque[object] = deque()  # who waits to add; the first one's turn it is
        self._taking: deque[object] = deque()
        self._closed = self._ended = False
        self._cancelled: set[object] = set()
        self._start()

    # -- what kinds of queues differ in
    def _start(self) -> None:
        self._elements: Any = deque()

    def _put(self, element: Element) -> None:
        self._elements.append(element)

    def _get(self) -> Element:
        return self._elements.popleft()

    def _put_back(self, elements: Sequence[Element]) -> None:
        self._elements.extendleft(reversed(elements))

    def _ready(self) -> int:
        """How many elements may be taken now."""
        return len(self._elements)

    def _batched(self, parts: Sequence[Any], place: int) -> Any:
        if isinstance(parts[0], np.ndarray):
            return np.stack(parts)
        return torch.stack(list(parts))

    # -- what they share
    def size(self) -> int:
        with self._changed:
            return len(self._elements)

    @property
    def is_closed(self) -> bool:
        return self._closed

    def close_queue(self, cancel_pending_enqueues: bool = False) -> None:
        """Let nothing more be added; what is there may be taken."""
        with self._changed:
            if self._closed and not cancel_pending_enqueues:
                raise errors.CancelledError(None, None, f"Queue '{self.name}' is already closed.")
            self._closed = True
            if cancel_pending_enqueues:
                self._cancelled.update(self._adding)
            self._wake()

    def close(self) -> None:
        """The session is closed: whoever waits is told so."""
        with self._changed:
            self._closed = self._ended = True
            self._wake()

    def check(self, element: Element, many: bool) -> None:
        """Raise unless the values fit the queue.

        Raises:
            tf.errors.InvalidArgumentError: they do not.
        """
        if len(element) != len(self.dtypes):
            raise errors.InvalidArgumentError(
                None,
                None,
                f"Wrong number of components in tuple. Expected {len(self.dtypes)}, got {len(element)}",
            )
        for place, (value, shape) in enumerate(zip(element, self.shapes, strict=True)):
            sizes = tuple(value.shape)
            whole = TensorShape([None]).concatenate(shape) if many and shape.ndims is not None else shape
            if not whole.is_compatible_with(sizes):
                expected = shape
                if many and shape.ndims is not None:
                    rows = element[0].shape[0] if element[0].ndim else None
                    expected = TensorShape([rows]).concatenate(shape)
                raise errors.InvalidArgumentError(
                    None,
                    None,
                    f"Shape mismatch in tuple component {place}. Expected {expected.bracketed()}, got "
                    f"{TensorShape(sizes).bracketed()}",
                )
            if many and (not sizes or sizes[0] != element[0].shape[0]):
                raise errors.InvalidArgumentError(
                    None,
                    None,
                    f"All input tensors must have the same size in the 0th dimension. Component {place} has "
                    f"{sizes[0] if sizes else 'none'}, and should have {element[0].shape[0]}",
                )

    def add(self, elements: Sequence[Element], deadline: float | None = None) -> None:
        """Add elements, one after the other as there is room.

        Raises:
            tf.errors.CancelledError: the queue is closed, or is while this waits and it is to be cancelled.
        """
        ticket = object()
        with self._changed:
            if self._closed:
                raise errors.CancelledError(None, None, f"{self.kind} '{self.name}' is closed.")
            self._adding.append(ticket)
            try:
                begun = 0
                while begun < len(elements):
                    if self._adding[0] is not ticket or len(self._elements) >= self._capacity:
                        wanted = max(1, min(len(elements) - begun, self._capacity // 2))
                        self._wanted_room[ticket] = wanted
                        self._wait(
                            self._room,
                            lambda: self._adding[0] is ticket and self._has_room(ticket),
                            lambda: ticket in self._cancelled or self._ended,
                            "Enqueue",
                            deadline,
                        )
                    if ticket in self._cancelled or self._ended:
                        raise errors.CancelledError(None, None, "Enqueue operation was cancelled")
                    room = min(len(elements) - begun, self._capacity - len(self._elements))
                    for element in elements[begun : begun + int(room)]:
                        self._put(element)
                    begun += int(room)
                    self._changed.notify_all()
            finally:
                self._adding.remove(ticket)
                self._wanted_room.pop(ticket, None)
                self._cancelled.discard(ticket)
                self._wake()

    def take(self, count: int, up_to: bool = False, deadline: float | None = None) -> list[Element]:
        """Take so many elements, or where the queue is closed as many as are left if `up_to`.

        Raises:
            tf.errors.OutOfRangeError: the queue is closed and has not as many.
            tf.errors.CancelledError: the session was closed meanwhile.
        """
        ticket, found = object(), []  # type: tuple[object, list[Element]]
        with self._changed:
            self._taking.append(ticket)
            try:
                while len(found) < count:
                    if self._ready() <= 0:
                        self._room.notify_all()  # whatever room there is, is enough now
                    self._wait(
                        self._changed,
                        lambda: self._taking[0] is ticket and (self._ready() > 0 or self._is_over()),
                        lambda: self._ended,
                        "Dequeue",
                        deadline,
                    )
                    if self._ended:
                        raise errors.CancelledError(None, None, "Dequeue operation was cancelled")
                    if self._ready() <= 0 or (self._is_over() and self._ready() + len(found) < count):
                        if up_to and len(self._elements) + len(found):
                            found += [self._get() for _ in range(len(self._elements))]
                            break
                        size = len(self._elements) + len(found)
                        raise errors.OutOfRangeError(
                            None,
                            None,
                            f"{self.kind} '{self.name}' is closed and has insufficient elements (requested "
                            f"{count}, current size {size})",
                        )
                    found += [self._get() for _ in range(min(self._ready(), count - len(found)))]
            except BaseException:
                self._put_back(found)
                raise
            finally:
                self._taking.remove(ticket)
                if self._taking:
                    self._changed.notify_all()
                room = self._capacity - len(self._elements)
                if any(room >= wanted for wanted in self._wanted_room.values()):
                    self._room.notify_all()
        return found

    def _is_over(self) -> bool:
        return self._closed and not self._adding

    def _has_room(self, ticket: object) -> bool:
        """Whether there is as much room as who waits to add wants; any, where somebody waits to take."""
        room = self._capacity - len(self._elements)
        return room >= (1 if self._taking else self._wanted_room[ticket])

    def _wake(self) -> None:
        self._changed.notify_all()
        self._room.notify_all()

    def _wait(
        self,
        condition: threading.Condition,
        ready: Callable[[], bool],
        given_up: Callable[[], bool],
        what: str,
        deadline: float | None,
    ) -> None:
        while not ready() and not given_up():
            if deadline is None and threading.active_count() == 1:
                state = "empty" if what == "Dequeue" else "full"
                raise errors.FailedPreconditionError(
                    None,
                    None,
                    f"{what} would wait for ever: the {self.kind} '{self.name}' is {state}, and there is no "
                    "other thread that could change that. Call tf.train.start_queue_runners(sess=sess) "
                    "before the first run that needs the queue.",
                )
            left = _LOOK_AGAIN
            if deadline is not None:
                left = min(left, deadline - time.monotonic())
                if left <= 0:
                    raise errors.DeadlineExceededError(None, None, "Timed out waiting for notification")
            condition.wait(left)

    def batch(self, elements: Sequence[Element]) -> list[Any]:
        """Elements as one, of tensors with one more axis."""
        if elements:
            return [self._batched(parts, place) for place, parts in enumerate(zip(*elements, strict=True))]
        return [
            _empty(dtype, [0, *[size or 0 for size in shape.known or ()]])
            for dtype, shape in zip(self.dtypes, self.shapes, strict=True)
        ]


def _empty(dtype: str, sizes: Sequence[int]) -> Any:
    from .dtypes import as_dtype

    return (
        np.empty(sizes, dtype=object)
        if dtype == "string"
        else torch.empty(tuple(sizes), dtype=as_dtype(dtype).torch_dtype)
    )


class PaddingState(QueueState):
    """A queue whose elements may differ in size; in a batch the smaller ones are padded."""

    kind = "PaddingFIFOQueue"

    def _batched(self, parts: Sequence[Any], place: int) -> Any:
        first = parts[0]
        if all(part.shape == first.shape for part in parts):
            return super()._batched(parts, place)
        sizes = [max(lengths) for lengths in zip(*[part.shape for part in parts], strict=True)]
        if isinstance(first, np.ndarray):
            whole: Any = np.full((len(parts), *sizes), b"", dtype=object)
        else:
            whole = first.new_zeros((len(parts), *sizes))
        for row, part in zip(whole, parts, strict=True):
            row[tuple(slice(length) for length in part.shape)] = part
        return whole


class RandomShuffleState(QueueState):
    """A queue that gives any of its elements, and keeps so many that there is something to choose from."""

    kind = "RandomShuffleQueue"

    def __init__(self, *details: Any, min_after_dequeue: int, source: Philox, **options: Any) -> None:
        self._least, self._source = min_after_dequeue, source
        self._words: list[int] = []
        super().__init__(*details, **options)

    def _start(self) -> None:
        self._elements = []

    def _ready(self) -> int:
        return len(self._elements) - (0 if self._closed else self._least)

    def _get(self) -> Element:
        if not self._words:
            self._words = self._source.next_words(256)[::-1].tolist()
        index = self._words.pop() % len(self._elements)
        chosen = self._elements[index]
        self._elements[index] = self._elements[-1]
        self._elements.pop()
        return chosen

    def _put_back(self, elements: Sequence[Element]) -> None:
        self._elements.extend(elements)


class PriorityState(QueueState):
    """A queue that gives the element with the smallest first component."""

    kind = "PriorityQueue"

    def _start(self) -> None:
        self._elements = []
        self._order = itertools.count()

    def _put(self, element: Element) -> None:
        bisect.insort(
            self._elements, (int(element[0]), next(self._order), element), key=lambda item: item[:2]
        )

    def _get(self) -> Element:
        return self._elements.pop(0)[2]

    def _put_back(self, elements: Sequence[Element]) -> None:
        for element in elements:
            self._put(element)
