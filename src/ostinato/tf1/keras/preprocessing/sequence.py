"""The module `tf.keras.preprocessing.sequence`.

>>> pad_sequences([[1, 2, 3], [4]], maxlen=2).tolist()
[[2, 3], [0, 4]]
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...names import absent


def pad_sequences(
    sequences: Any,
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> np.ndarray:
    """Sequences of various lengths as the rows of an array (TF1 symbol:
    `tf.keras.preprocessing.sequence.pad_sequences`).

    Args:
        maxlen: the length of the rows; None: that of the longest.
        padding, truncating: 'pre' or 'post': where values are added or left out.
        value: what is added.

    Raises:
        ValueError: no sequences, steps of various shapes, or another place.
    """
    if not hasattr(sequences, "__len__"):
        raise ValueError("`sequences` must be iterable.")
    for row in sequences:
        if not hasattr(row, "__len__"):
            raise ValueError(f"`sequences` must be a list of iterables. Found non-iterable: {row}")
    if truncating not in ("pre", "post"):
        raise ValueError(f'Truncating type "{truncating}" not understood')
    if padding not in ("pre", "post"):
        raise ValueError(f'Padding type "{padding}" not understood')
    first = next((row for row in sequences if len(row)), ())
    inner = np.asarray(first).shape[1:]
    if maxlen is None:
        maxlen = max(len(row) for row in sequences)
    if isinstance(value, str) and dtype is not object and not np.issubdtype(np.dtype(dtype), np.str_):
        raise ValueError(
            f"`dtype` {dtype} is not compatible with `value`'s type: {type(value)}\n"
            "You should set `dtype=object` for variable length strings."
        )
    whole = np.full((len(sequences), maxlen, *inner), value, dtype=dtype)
    for place, row in enumerate(sequences):
        if not len(row):
            continue
        kept = np.asarray(row[-maxlen:] if truncating == "pre" else row[:maxlen], dtype=dtype)
        if kept.shape[1:] != inner:
            raise ValueError(
                f"Shape of sample {kept.shape[1:]} of sequence at position {place} is different from "
                f"expected shape {inner}"
            )
        if padding == "post":
            whole[place, : len(kept)] = kept
        elif len(kept):
            whole[place, -len(kept) :] = kept
    return whole


def make_sampling_table(size: int, sampling_factor: float = 1e-5) -> np.ndarray:
    """How likely the word of each rank is kept, where words are as frequent as Zipf's law has it (TF1 symbol:
    `tf.keras.preprocessing.sequence.make_sampling_table`).
    """
    rank = np.arange(size)
    rank[0] = 1
    inverse = rank * (np.log(rank) + 0.577) + 0.5 - 1.0 / (12.0 * rank)  # 0.577: Euler's constant
    factor = sampling_factor * inverse
    return np.minimum(1.0, factor / np.sqrt(factor))


def skipgrams(
    sequence: Sequence[int],
    vocabulary_size: int,
    window_size: int = 4,
    negative_samples: float = 1.0,
    shuffle: bool = True,
    categorical: bool = False,
    sampling_table: Any = None,
    seed: int | None = None,
) -> tuple[list[list[int]], list[Any]]:
    """Pairs of a word and another, near it (label 1) or any (label 0), of Python's `random` (TF1 symbol:
    `tf.keras.preprocessing.sequence.skipgrams`).
    """
    near: Any = [0, 1] if categorical else 1
    other: Any = [1, 0] if categorical else 0
    couples: list[list[int]] = []
    for place, word in enumerate(sequence):
        if not word or (sampling_table is not None and sampling_table[word] < random.random()):
            continue
        for around in range(max(0, place - window_size), min(len(sequence), place + window_size + 1)):
            if around != place and sequence[around]:
                couples.append([word, sequence[around]])
    labels: list[Any] = [near] * len(couples)
    if negative_samples > 0:
        count = int(len(labels) * negative_samples)
        words = [couple[0] for couple in couples]
        random.shuffle(words)
        couples += [[words[i % len(words)], random.randint(1, vocabulary_size - 1)] for i in range(count)]
        labels += [other] * count
    if shuffle:
        seed = random.randint(0, 10_000_000) if seed is None else seed
        for items in (couples, labels):
            random.seed(seed)
            random.shuffle(items)
    return couples, labels


class TimeseriesGenerator:
    """Batches of stretches of a series with what comes after each (TF1 symbol:
    `tf.keras.preprocessing.sequence.TimeseriesGenerator`).

    Raises:
        ValueError: data and targets of different lengths, or nothing is left to predict.
    """

    def __init__(
        self,
        data: Any,
        targets: Any,
        length: int,
        sampling_rate: int = 1,
        stride: int = 1,
        start_index: int = 0,
        end_index: int | None = None,
        shuffle: bool = False,
        reverse: bool = False,
        batch_size: int = 128,
    ) -> None:
        if len(data) != len(targets):
            raise ValueError(
                f"Data and targets have to be of same length. Data length is {len(data)} while target length "
                f"is {len(targets)}"
            )
        self.data, self.targets, self.length = data, targets, length
        self.sampling_rate, self.stride = sampling_rate, stride
        self.start_index = start_index + length
        self.end_index = len(data) - 1 if end_index is None else end_index
        self.shuffle, self.reverse, self.batch_size = shuffle, reverse, batch_size
        if self.start_index > self.end_index:
            raise ValueError(
                f"`start_index+length={self.start_index} > end_index={self.end_index}` is disallowed, as no "
                "part of the sequence would be left to be used as current step."
            )

    def __len__(self) -> int:
        step = self.batch_size * self.stride
        return (self.end_index - self.start_index + step) // step

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        if self.shuffle:
            rows = np.random.randint(self.start_index, self.end_index + 1, size=self.batch_size)
        else:
            first = self.start_index + self.batch_size * self.stride * index
            last = min(first + self.batch_size * self.stride, self.end_index + 1)
            rows = np.arange(first, last, self.stride)
        samples = np.array([self.data[row - self.length : row : self.sampling_rate] for row in rows])
        targets = np.array([self.targets[row] for row in rows])
        return (samples[:, ::-1, ...] if self.reverse else samples), targets

    def get_config(self) -> dict[str, Any]:
        def plain(values: Any) -> str:
            return json.dumps(values.tolist() if isinstance(values, (np.ndarray, np.generic)) else values)

        names = [
            "length",
            "sampling_rate",
            "stride",
            "start_index",
            "end_index",
            "shuffle",
            "reverse",
            "batch_size",
        ]
        rest = {name: getattr(self, name) for name in names}
        return {"data": plain(self.data), "targets": plain(self.targets), **rest}

    def to_json(self, **kwargs: Any) -> str:
        return json.dumps({"class_name": type(self).__name__, "config": self.get_config()}, **kwargs)


__all__ = ["TimeseriesGenerator", "make_sampling_table", "pad_sequences", "skipgrams"]
__getattr__ = absent("tf.keras.preprocessing.sequence", __all__)
