"""Data sets as arrays, from local files (TF1 module:
`tensorflow.contrib.learn.python.learn.datasets.base`).
"""

from __future__ import annotations

import csv
import os
from collections import namedtuple
from typing import Any

import numpy as np

from ...file_io import GFile, file_exists
from ...names import absent

Dataset = namedtuple("Dataset", ["data", "target"])
Datasets = namedtuple("Datasets", ["train", "validation", "test"])


def load_csv_with_header(
    filename: Any, target_dtype: Any, features_dtype: Any, target_column: int = -1
) -> Dataset:
    """A table of numbers whose first line begins with the number of rows and that of features."""
    with GFile(filename) as file:
        rows = csv.reader(file)
        header = next(rows)
        data = np.zeros((int(header[0]), int(header[1])), dtype=features_dtype)
        target = np.zeros((int(header[0]),), dtype=target_dtype)
        for index, row in enumerate(rows):
            target[index] = np.asarray(row.pop(target_column), dtype=target_dtype)
            data[index] = np.asarray(row, dtype=features_dtype)
    return Dataset(data=data, target=target)


def load_csv_without_header(
    filename: Any, target_dtype: Any, features_dtype: Any, target_column: int = -1
) -> Dataset:
    """A table of numbers."""
    data, target = [], []
    with GFile(filename) as file:
        for row in csv.reader(file):
            target.append(row.pop(target_column))
            data.append(np.asarray(row, dtype=features_dtype))
    return Dataset(data=np.array(data), target=np.array(target, dtype=target_dtype))


def shrink_csv(filename: Any, ratio: int) -> None:
    """Write every `ratio`-th row of a file to one named alike, with `_small`."""
    with GFile(filename.replace(".", "_small."), "w") as small, GFile(filename) as file:
        writer = csv.writer(small)
        writer.writerows(row for index, row in enumerate(csv.reader(file)) if index % ratio == 0)


def load_iris(data_path: Any = None) -> Dataset:
    """The iris flowers from a file (TF1 symbol: `tf.contrib.learn.datasets.load_iris`).

    Raises:
        FileNotFoundError: no `data_path`: TensorFlow's package carried the file, this one does not.
    """
    return load_csv_with_header(_given(data_path, "load_iris", "iris.csv"), int, float)


def load_boston(data_path: Any = None) -> Dataset:
    """The prices of houses in Boston from a file (TF1 symbol: `tf.contrib.learn.datasets.load_boston`).

    Raises:
        FileNotFoundError: no `data_path`: TensorFlow's package carried the file, this one does not.
    """
    return load_csv_with_header(_given(data_path, "load_boston", "boston_house_prices.csv"), float, float)


def _given(path: Any, function: str, name: str) -> Any:
    if path is None:
        raise FileNotFoundError(
            f"{function}() without data_path would read TensorFlow's own {name}, which is not here. Copy "
            f"tensorflow/contrib/learn/python/learn/datasets/data/{name} of an installation, and give "
            "its path."
        )
    return path


def maybe_download(filename: str, work_directory: str, source_url: str) -> str:
    """The path of a file that is in a directory already.

    Raises:
        FileNotFoundError: it is not; nothing is downloaded here.
    """
    path = os.path.join(work_directory, filename)
    if not file_exists(path):
        raise FileNotFoundError(
            f"There is no file {path}, and nothing is downloaded here. Fetch {source_url} and put it into "
            f"{os.path.abspath(work_directory)}, then run again."
        )
    return path


__getattr__ = absent("tf.contrib.learn.datasets.base", globals())
