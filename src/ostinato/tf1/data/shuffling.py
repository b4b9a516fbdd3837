"""Shuffling through a buffer, in the very order of TensorFlow's: the same seeds give the same order."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from ..philox import Philox
from .runtime import Element

_AT_A_TIME = 256


class Words:
    """The words of a random stream, one by one."""

    def __init__(self, seed: int, seed2: int) -> None:
        self._stream = Philox(seed, seed2)
        self._ready: list[int] = []

    def next(self) -> int:
        if not self._ready:
            self._ready = self._stream.next_words(_AT_A_TIME)[::-1].tolist()
        return self._ready.pop()


class Seeds:
    """The pair of seeds of each iteration: a stream's words, or the same pair every time."""

    def __init__(self, seed: int, seed2: int, renewed: bool) -> None:
        if not (seed or seed2):
            seed, seed2 = secrets.randbits(63), secrets.randbits(63)
        self._pair, self._renewed = (seed, seed2), renewed
        self._words = Words(seed, seed2)

    def next(self) -> tuple[int, int]:
        return (self._words.next(), self._words.next()) if self._renewed else self._pair


class Shuffled(Iterator[Element]):
    """Elements in another order: one of `size` that wait goes next.

    The buffer holds elements of several epochs where `epochs` is more than 1 (-1: without end); those of an
    earlier one all go before those of a later one, as in `shuffle_and_repeat`.
    """

    def __init__(
        self, iterate: Callable[[], Iterator[Element]], size: int, pair: tuple[int, int], epochs: int = 1
    ) -> None:
        self._iterate, self._size, self._words = iterate, size, Words(*pair)
        self._elements: Iterator[Element] | None = iterate() if epochs else None
        self._epochs, self._epoch = epochs, 0
        self._buffer: list[Any] = [None] * min(size, 1024)
        self._filled = 0
        self._slices: deque[list[int]] = deque([[0, 0]])  # of each epoch: its first and its end

    def _fill(self) -> None:
        while self._elements is not None and self._filled < self._size:
            try:
                element = next(self._elements)
            except StopIteration:
                self._epoch += 1
                empty = self._slices[-1][1] == self._slices[-1][0] and not self._filled
                if self._epoch == self._epochs or (self._epochs < 0 and empty):
                    self._elements = None
                else:
                    self._elements = self._iterate()
                    self._slices.append([self._slices[-1][1]] * 2)
                continue
            place = self._slices[-1][1] % self._size
            if place >= len(self._buffer):  # only as large as is needed
                self._buffer += [None] * min(len(self._buffer), self._size - len(self._buffer))
            self._buffer[place] = element
            self._slices[-1][1] += 1
            self._filled += 1

    def __next__(self) -> Element:
        if self._elements is not None:
            self._fill()
        if not self._filled:
            raise StopIteration
        while self._slices[0][0] == self._slices[0][1]:
            self._slices.popleft()
        first = self._slices[0]
        start = first[0] % self._size
        chosen = (first[0] + self._words.next() % (first[1] - first[0])) % self._size
        element = self._buffer[chosen]
        self._buffer[chosen], self._buffer[start] = self._buffer[start], None
        first[0] += 1
        self._filled -= 1
        return element
