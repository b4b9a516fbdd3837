"""What candidates are drawn from: the distributions over classes, and how distinct ones are drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ..philox import Philox, place_range, uniform_doubles


class Words:
    """The words of one draw, from its place in the stream on."""

    def __init__(self, source: Philox, place: int) -> None:
        self._source, self._place = source, place

    def take(self, count: int) -> np.ndarray:
        """The next words, as many as whole blocks hold: uint32."""
        blocks = -(-count // 4)
        found = self._source.words(place_range(self._place, blocks)).reshape(-1)
        self._place += blocks
        return found


# -- distributions: a draw of some samples, and the probability of a class
class LogUniform:
    """P(k) = log((k + 2) / (k + 1)) / log(range + 1): for classes in the order of their frequency."""

    def __init__(self, range_max: int) -> None:
        self._range, self._log_range = range_max, np.log(range_max + 1.0)

    def samples(self, words: Words, count: int) -> np.ndarray:
        drawn = uniform_doubles(words.take(2 * count))
        return (np.exp(drawn * self._log_range).astype(np.int64) - 1) % self._range

    def probability(self, classes: np.ndarray) -> np.ndarray:
        return np.log((classes + 2.0) / (classes + 1.0)) / self._log_range


def _unbiased(words: np.ndarray, count: int) -> np.ndarray:
    """Words as numbers below `count`; those that would favour the small ones are left out."""
    kind = words.dtype.type
    if count & (count - 1) == 0:
        return words & kind(count - 1)
    first = kind(np.iinfo(words.dtype).max % count + 1)
    return words[words >= first] % kind(count)


class Uniform:
    def __init__(self, range_max: int) -> None:
        self._range = range_max

    def samples(self, words: Words, count: int) -> np.ndarray:
        return _unbiased(words.take(2 * count).view(np.dtype("<u8")), self._range).astype(np.int64)

    def probability(self, classes: np.ndarray) -> np.ndarray:
        return np.full(classes.shape, 1.0 / self._range)


class LearnedUnigram:
    """P(k) is how often class k has been a true one, and once more."""

    def __init__(self, range_max: int) -> None:
        self._weights = np.ones(range_max, np.int64)

    def samples(self, words: Words, count: int) -> np.ndarray:
        upper = np.cumsum(self._weights)
        return np.searchsorted(upper, _unbiased(words.take(count), int(upper[-1])), side="right")

    def probability(self, classes: np.ndarray) -> np.ndarray:
        return self._weights[classes] / self._weights.sum()

    def update(self, classes: np.ndarray) -> None:
        np.add.at(self._weights, classes, 1)


class FixedUnigram:
    """P(k) in proportion to given weights, by the alias method (Walker 1977)."""

    def __init__(self, weights: np.ndarray) -> None:
        self._weights, self._total = weights, float(weights.sum(dtype=np.float32))
        count = len(weights)
        share = (weights.astype(np.float32) * np.float32(count)).astype(np.float64) / weights.sum(
            dtype=np.float64
        )
        self._keep, self._other = np.ones(count, np.float32), np.arange(count)
        low = [place for place in range(count) if share[place] < 1.0]
        high = [place for place in range(count) if share[place] >= 1.0]
        paired = []
        while high and low:
            small, large = low.pop(), high.pop()
            self._other[small] = large
            paired.append(small)
            share[large] -= 1.0 - share[small]
            (low if share[large] < 1.0 else high).append(large)
        self._keep[paired] = share[paired]

    def samples(self, words: Words, count: int) -> np.ndarray:
        pairs = words.take(2 * count)
        places = _unbiased(pairs[1::2], len(self._weights))
        if len(places) == len(pairs) // 2:
            return self._chosen(pairs[0::2], places)
        found, rest = [], iter(pairs.tolist())  # a word left out moves all that come after it
        for first in rest:
            place = next(
                (
                    p[0]
                    for p in (_unbiased(np.array([w], np.uint32), len(self._weights)) for w in rest)
                    if len(p)
                ),
                None,
            )
            if place is not None:
                found.append((first, place))
        return self._chosen(np.array([f for f, _ in found], np.uint32), np.array([p for _, p in found]))

    def _chosen(self, words: np.ndarray, places: np.ndarray) -> np.ndarray:
        drawn = (words >> np.uint32(0) & np.uint32(0x7FFFFF) | np.uint32(127 << 23)).view(
            np.float32
        ) - np.float32(1)
        return np.where(drawn < self._keep[places], places, self._other[places]).astype(np.int64)

    def probability(self, classes: np.ndarray) -> np.ndarray:
        inside = (classes >= 0) & (classes < len(self._weights))
        return np.where(inside, self._weights[np.where(inside, classes, 0)], 0.0) / self._total


class All:
    def __init__(self, range_max: int) -> None:
        self._range = range_max


def distinct(distribution: Any, words: Words, count: int) -> tuple[np.ndarray, int]:
    """The first `count` different samples, and how many draws it took to have them."""
    drawn, wanted = np.empty(0, np.int64), count
    while True:
        wanted = max(wanted, 64)
        drawn = np.concatenate([drawn, distribution.samples(words, wanted)])
        _, first = np.unique(drawn, return_index=True)
        if len(first) >= count:
            places = np.sort(first)[:count]
            return drawn[places], int(places[-1]) + 1 if count else 0
        wanted = 2 * wanted


def expected_counts(probability: np.ndarray, count: int, tries: int) -> torch.Tensor:
    p = probability.astype(np.float32).astype(np.float64)
    found = p * count if tries == count else -np.expm1(tries * np.log1p(-p))
    return torch.from_numpy(np.asarray(found, np.float32))
