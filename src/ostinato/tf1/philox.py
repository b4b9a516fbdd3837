"""TensorFlow 1's random numbers: the Philox 4x32-10 generator, and what its kernels make of the words.

Source of the generator: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011).
A number is a function of the seeds and of its place alone, so that all is computed for whole arrays of
places. A draw of n numbers reserves 256 n places, however few it uses: the next draw begins after them.
"""

from __future__ import annotations

import ctypes
import math
import threading
from collections.abc import Sequence

import numpy as np
import torch

from ostinato.kernels.native import library

_MULTIPLIERS = np.array([[0xD2511F53], [0xCD9E8D57]], np.uint64)
_KEY_STEPS = np.array([[0x9E3779B9], [0xBB67AE85]], np.uint64)
_FACTORS: list[int] = _MULTIPLIERS.reshape(-1).tolist()
_STEPS: list[int] = _KEY_STEPS.reshape(-1).tolist()
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_ROUNDS = 10
_CHUNK = 16384  # blocks at a time: what is worked on stays in the cache
_RESERVED = 256
_SMALLEST = 1e-7  # what goes into the logarithm instead of anything smaller


class Philox:
    """One stream of blocks of four 32-bit words, that goes on from draw to draw. Threads may share it.

    >>> Philox(87654321, 1).uniform([2], torch.float32)
    tensor([0.2390, 0.9204])
    """

    def __init__(self, key: int, high: int, low: int = 0) -> None:
        """The key and the upper half of the counter (in TensorFlow: seed and seed2), and its lower half."""
        first = np.array([[key & 0xFFFFFFFF], [key >> 32 & 0xFFFFFFFF]], np.uint64)
        self._keys = [(first + _KEY_STEPS * np.uint64(number)) & _LOW for number in range(_ROUNDS)]
        self._seeds = key & 0xFFFFFFFFFFFFFFFF, high & 0xFFFFFFFFFFFFFFFF
        self._high = [np.uint64(high & 0xFFFFFFFF), np.uint64(high >> 32 & 0xFFFFFFFF)]
        self._place = low
        self._lock = threading.Lock()

    def reserve(self, blocks: int, draws: int = 1) -> int:
        """The place of the first block of so many draws of so many blocks, which no other draw gets."""
        with self._lock:
            place = self._place
            self._place += blocks * draws
        return place

    def words(self, places: np.ndarray) -> np.ndarray:
        """The blocks at these places: [places] uint64 -> [places, 4] uint32."""
        build = library.load()
        if build is None:
            return self.reference_words(places)
        places, found = np.ascontiguousarray(places), np.empty((len(places), 4), np.uint32)
        key, high = map(ctypes.c_uint64, self._seeds)
        build.ostinato_philox(
            ctypes.c_void_p(places.ctypes.data),
            ctypes.c_int64(len(places)),
            key,
            high,
            ctypes.c_void_p(found.ctypes.data),
        )
        return found

    def reference_words(self, places: np.ndarray) -> np.ndarray:
        """What `words` gives, in numpy."""
        found = np.empty((len(places), 4), np.uint32)
        for begin in range(0, len(places), _CHUNK):
            chunk = places[begin : begin + _CHUNK]
            # The counter's four words, the even and the odd ones: each round treats two of a kind alike.
            even = np.empty((2, len(chunk)), np.uint64)
            odd = np.empty_like(even)
            even[0], even[1], odd[0], odd[1] = chunk & _LOW, self._high[0], chunk >> _HALF, self._high[1]
            for key in self._keys:
                products = even * _MULTIPLIERS
                even = (products >> _HALF)[::-1]
                even ^= odd
                even ^= key
                odd = (products & _LOW)[::-1]
            rows = found[begin : begin + _CHUNK]
            rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3] = even[0], odd[0], even[1], odd[1]
        return found

    def block(self, place: int) -> tuple[int, ...]:
        """The block at one place: arrays of a single block take longer than plain numbers."""
        key, high = self._seeds
        first_key, second_key = key & 0xFFFFFFFF, key >> 32
        place &= 0xFFFFFFFFFFFFFFFF
        a, b, c, d = place & 0xFFFFFFFF, place >> 32, high & 0xFFFFFFFF, high >> 32
        for _ in range(_ROUNDS):
            first, second = a * _FACTORS[0], c * _FACTORS[1]
            a, b = second >> 32 ^ b ^ first_key, second & 0xFFFFFFFF
            c, d = first >> 32 ^ d ^ second_key, first & 0xFFFFFFFF
            first_key = first_key + _STEPS[0] & 0xFFFFFFFF
            second_key = second_key + _STEPS[1] & 0xFFFFFFFF
        return a, b, c, d

    def next_words(self, count: int) -> np.ndarray:
        """The next `count` words [count] uint32; no more blocks are reserved than hold them."""
        blocks = -(-count // 4)
        return self.words(place_range(self.reserve(blocks), blocks)).reshape(-1)[:count]

    @property
    def place(self) -> int:
        """Where the next draw begins."""
        return self._place

    def advance_to(self, place: int) -> None:
        """Let the next draw begin at this place, unless it is to begin after it anyway."""
        with self._lock:
            self._place = max(self._place, place)

    def _drawn(self, sizes: Sequence[int], a_block: int, reserved: int | None = None) -> np.ndarray:
        """The words that the numbers of a shape are made of, where a block makes `a_block` of them."""
        count = math.prod(sizes)
        place = self.reserve((count if reserved is None else reserved) * _RESERVED)
        return self.words(place_range(place, -(-count // a_block)))

    def uniform(self, sizes: Sequence[int], dtype: torch.dtype, reserved: int | None = None) -> torch.Tensor:
        """Numbers of [0, 1). Places are reserved for `reserved` numbers, if not for as many as are drawn."""
        words = self._drawn(sizes, 2 if dtype == torch.float64 else 4, reserved)
        return _tensor(_uniform(words, dtype), sizes, dtype)

    def uniforms(self, draws: int, sizes: Sequence[int], dtype: torch.dtype) -> torch.Tensor:
        """Several draws of `uniform` at once: [draws, *sizes]."""
        count = math.prod(sizes)
        step = count * _RESERVED
        place = self.reserve(step, draws)
        blocks = -(-count // (2 if dtype == torch.float64 else 4))
        if draws == 1:
            return _tensor(_uniform(self.words(place_range(place, blocks)), dtype), (1, *sizes), dtype)
        offsets = place_range(0, blocks)
        words = self.words((place_range(place, draws, step)[:, None] + offsets).reshape(-1))
        numbers = _uniform(words, dtype).reshape(draws, -1)[:, :count]
        return torch.from_numpy(np.ascontiguousarray(numbers)).to(dtype).reshape((draws, *sizes))

    def normal(self, sizes: Sequence[int], dtype: torch.dtype) -> torch.Tensor:
        """Numbers of the standard normal distribution."""
        words = self._drawn(sizes, 2 if dtype == torch.float64 else 4)
        return _tensor(standard_normals(words, dtype), sizes, dtype)

    def truncated_normal(self, sizes: Sequence[int], dtype: torch.dtype) -> torch.Tensor:
        """Numbers of the standard normal distribution; what is 2 or more away from 0 is drawn anew."""
        count = math.prod(sizes)
        place = self.reserve(count * _RESERVED)
        a_group = 2 if dtype == torch.float64 else 4
        groups = -(-count // a_group)
        # Each group has blocks of its own, so that what one rejects moves no other.
        first = place_range(place, groups, a_group * _RESERVED // 4)
        results = np.empty((groups, a_group), np.float64 if dtype == torch.float64 else np.float32)
        filled = np.zeros(groups, np.int64)
        active = np.arange(groups)
        block = 0
        while len(active):
            drawn = standard_normals(self.words(first[active] + np.uint64(block)), dtype)
            kept = np.abs(drawn) < 2.0
            column = filled[active, None] + np.cumsum(kept, axis=1) - 1
            kept &= column < a_group
            row = np.broadcast_to(active[:, None], column.shape)
            results[row[kept], column[kept]] = drawn[kept]
            filled[active] += kept.sum(axis=1)
            active = active[filled[active] < a_group]
            block += 1
        return _tensor(results, sizes, dtype)

    def integers(self, low: int, high: int, sizes: Sequence[int], dtype: torch.dtype) -> torch.Tensor:
        """Integers of [low, high), int32 or int64: words modulo the width of the range."""
        wide = dtype == torch.int64
        if not sizes and wide and -(2**63) <= low < high <= 2**63 - 1:
            first, second, _, _ = self.block(self.reserve(_RESERVED))
            return torch.tensor(low + (first | second << 32) % (high - low))
        words = self._drawn(sizes, 2 if wide else 4)
        kind = np.uint64 if wide else np.uint32
        bits = words.view(np.dtype("<u8")) if wide else words
        offsets = bits.reshape(-1)[: math.prod(sizes)] % kind(high - low)
        # The sum wraps as unsigned numbers do, which is right as signed ones.
        sums = offsets + kind(low & (0xFFFFFFFFFFFFFFFF if wide else 0xFFFFFFFF))
        return torch.from_numpy(sums.view(np.int64 if wide else np.int32)).reshape(tuple(sizes))


def _tensor(numbers: np.ndarray, sizes: Sequence[int], dtype: torch.dtype) -> torch.Tensor:
    flat = torch.from_numpy(numbers.reshape(-1)[: math.prod(sizes)])
    return flat.to(dtype).reshape(tuple(sizes))


def place_range(place: int, count: int, step: int = 1) -> np.ndarray:
    """`count` places, `step` apart, as `words` takes them."""
    return np.uint64(place & 0xFFFFFFFFFFFFFFFF) + np.arange(count, dtype=np.uint64) * np.uint64(step)


def uniform_doubles(words: np.ndarray) -> np.ndarray:
    """[..., 2k] words to [..., k] float64 of [0, 1): 20 bits of the one word, then the 32 of the next."""
    high = (words[..., 0::2] & np.uint32(0xFFFFF)).astype(np.uint64) << _HALF
    return (high | words[..., 1::2] | np.uint64(1023 << 52)).view(np.float64) - 1.0


def _uniform(words: np.ndarray, dtype: torch.dtype) -> np.ndarray:
    if dtype == torch.float64:
        return uniform_doubles(words)
    # As many of the lowest bits as the type has for its fraction: all of them are exact as float32.
    bits = {torch.float32: 23, torch.float16: 10, torch.bfloat16: 7}[dtype]
    found = words << np.uint32(32 - bits)
    found >>= np.uint32(9)
    found |= np.uint32(127 << 23)
    numbers = found.view(np.float32)
    numbers -= np.float32(1)
    return numbers


def standard_normals(words: np.ndarray, dtype: torch.dtype) -> np.ndarray:
    """The Box-Muller transform of pairs of uniform numbers: [n, 4] words to as many float32, which 16-bit
    types are rounded from, or to [n, 2] float64.
    """
    if len(words) > _CHUNK:
        return np.concatenate(
            [standard_normals(words[begin : begin + _CHUNK], dtype) for begin in range(0, len(words), _CHUNK)]
        )
    wide = dtype == torch.float64
    uniform = _uniform(words, torch.float64 if wide else torch.float32)
    first, second = uniform[:, 0::2].astype(np.float64), uniform[:, 1::2].astype(np.float64)
    logarithm, angle = np.log(np.maximum(first, np.asarray(_SMALLEST, uniform.dtype))), 2 * math.pi * second
    drawn = np.empty_like(uniform)
    if wide:
        radius = np.sqrt(-2.0 * logarithm)
        drawn[:, 0::2], drawn[:, 1::2] = np.sin(angle) * radius, np.cos(angle) * radius
        return drawn
    # TensorFlow rounds each step to float32, and so is it here. But its logarithm, sine and cosine are those
    # of the C library, which rounds the other way now and then where a value lies about midway between two
    # numbers. If two factors do, their errors may add up to 3 units in the last place: what comes of two that
    # might is rounded once, and so lies between the two possible results.
    angle = angle.astype(np.float32).astype(np.float64)
    rounded = logarithm.astype(np.float32)
    doubtful = _midway(logarithm, rounded, 0.29)
    radius, precise = np.sqrt(np.float32(-2) * rounded), np.sqrt(-2.0 * logarithm)
    for place, function in enumerate((np.sin, np.cos)):
        value = function(angle)
        near = value.astype(np.float32)
        both = doubtful & _midway(value, near, 0.062)
        drawn[:, place::2] = np.where(both, value * precise, near * radius)
    return drawn


def _midway(values: np.ndarray, rounded: np.ndarray, margin: float) -> np.ndarray:
    """Where float64 values are within `margin` of a unit in the last place of float32 from a tie."""
    unit = ((rounded.view(np.int32) & 0x7F800000) - (23 << 23)).view(np.float32)
    return np.abs(rounded - values) > (0.5 - margin) * unit
