"""Reviews of films as words' numbers, and whether they are favourable (TF1 module:
`tf.keras.datasets.imdb`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...names import absent
from ..data_files import get_file
from .files import ORIGIN, Split, old_arguments, ragged, shuffled, word_index, word_numbers


def load_data(
    path: str = "imdb.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
    **kwargs: Any,
) -> Split:
    """The reviews to train with and to test with (TF1 symbol: `tf.keras.datasets.imdb.load_data`).

    Args:
        num_words, skip_top: only words of these ranks; others become `oov_char`.
        maxlen: only reviews shorter than this.

    Raises:
        FileNotFoundError: the file is not in `~/.keras/datasets`; nothing is downloaded.
    """
    num_words = old_arguments(num_words, kwargs)
    with np.load(get_file(path, origin=ORIGIN + "imdb.npz"), allow_pickle=True) as held:
        train, test = (held["x_train"], held["y_train"]), (held["x_test"], held["y_test"])
    np.random.seed(seed)
    x_train, train_labels = shuffled(*train)
    x_test, test_labels = shuffled(*test)
    rows, labels = word_numbers(
        np.concatenate([x_train, x_test]),
        np.concatenate([train_labels, test_labels]),
        num_words,
        skip_top,
        maxlen,
        start_char,
        oov_char,
        index_from,
    )
    count = len(x_train)
    return (
        (ragged(rows[:count]), np.array(labels[:count])),
        (ragged(rows[count:]), np.array(labels[count:])),
    )


def get_word_index(path: str = "imdb_word_index.json") -> dict[str, int]:
    """The numbers of words (TF1 symbol: `tf.keras.datasets.imdb.get_word_index`)."""
    return word_index(path)


__all__ = ["get_word_index", "load_data"]
__getattr__ = absent("tf.keras.datasets.imdb", __all__)
