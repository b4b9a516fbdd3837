"""News as words' numbers, and their subjects (TF1 module: `tf.keras.datasets.reuters`)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...names import absent
from ..data_files import get_file
from .files import ORIGIN, Split, old_arguments, ragged, shuffled, word_index, word_numbers


def load_data(
    path: str = "reuters.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    test_split: float = 0.2,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
    **kwargs: Any,
) -> Split:
    """The news to train with and to test with (TF1 symbol: `tf.keras.datasets.reuters.load_data`).

    Raises:
        FileNotFoundError: the file is not in `~/.keras/datasets`; nothing is downloaded.
    """
    num_words = old_arguments(num_words, kwargs)
    with np.load(get_file(path, origin=ORIGIN + "reuters.npz"), allow_pickle=True) as held:
        x, y = held["x"], held["y"]
    np.random.seed(seed)
    x, y = shuffled(x, y)
    rows, labels = word_numbers(x, y, num_words, skip_top, maxlen, start_char, oov_char, index_from)
    count = int(len(rows) * (1 - test_split))
    return (
        (ragged(rows[:count]), np.array(labels[:count])),
        (ragged(rows[count:]), np.array(labels[count:])),
    )


def get_word_index(path: str = "reuters_word_index.json") -> dict[str, int]:
    """The numbers of words (TF1 symbol: `tf.keras.datasets.reuters.get_word_index`)."""
    return word_index(path)


__all__ = ["get_word_index", "load_data"]
__getattr__ = absent("tf.keras.datasets.reuters", __all__)
