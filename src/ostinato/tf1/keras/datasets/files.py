"""What the data sets have in common."""

from __future__ import annotations

import json
import pickle
from typing import Any

import numpy as np

from ..data_files import get_file

ORIGIN = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
Split = tuple[tuple[Any, Any], tuple[Any, Any]]


def ragged(rows: list[Any]) -> np.ndarray:
    """Rows of various lengths as an array of lists."""
    whole = np.empty(len(rows), object)
    whole[:] = rows
    return whole


def shuffled(*columns: Any) -> list[Any]:
    """The columns in one other order, of numpy's generator as it stands."""
    order = np.arange(len(columns[0]))
    np.random.shuffle(order)
    return [column[order] for column in columns]


def word_numbers(
    rows: Any,
    labels: Any,
    num_words: int | None,
    skip_top: int,
    maxlen: int | None,
    start_char: int | None,
    oov_char: int | None,
    index_from: int,
) -> tuple[list[list[int]], Any]:
    """Sequences of words' numbers, with a beginning, without long ones and rare words.

    Raises:
        ValueError: nothing is left.
    """
    start = [] if start_char is None else [start_char]
    shift = index_from if index_from else 0
    found = [start + [word + shift for word in row] for row in rows]
    if maxlen:
        kept = [place for place, row in enumerate(found) if len(row) < maxlen]
        found, labels = [found[place] for place in kept], [labels[place] for place in kept]
        if not found:
            raise ValueError(
                f"After filtering for sequences shorter than maxlen={maxlen}, no sequence was kept. Increase "
                "maxlen."
            )
    limit = num_words or max(max(row) for row in found)
    if oov_char is not None:
        found = [[word if skip_top <= word < limit else oov_char for word in row] for row in found]
    else:
        found = [[word for word in row if skip_top <= word < limit] for row in found]
    return found, labels


def word_index(path: str) -> dict[str, int]:
    """The numbers of words, from a file."""
    with open(get_file(path, origin=ORIGIN + path)) as file:
        return json.load(file)


def pickled_images(path: str, label_key: str = "labels") -> tuple[np.ndarray, np.ndarray]:
    """The images, [image, 3, 32, 32], and labels of one of CIFAR's files."""
    with open(path, "rb") as file:
        held = {key.decode(): value for key, value in pickle.load(file, encoding="bytes").items()}
    images = held["data"]
    return images.reshape(images.shape[0], 3, 32, 32), np.array(held[label_key], np.uint8)


def old_arguments(num_words: int | None, others: dict[str, Any]) -> int | None:
    """`num_words` under its older name.

    Raises:
        TypeError: other arguments.
    """
    if "nb_words" in others:
        num_words = others.pop("nb_words")
    if others:
        raise TypeError(f"Unrecognized keyword arguments: {others}")
    return num_words
