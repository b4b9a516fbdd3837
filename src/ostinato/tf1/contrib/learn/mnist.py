"""The handwritten digits of MNIST from local files (TF1 modules:
`tensorflow.examples.tutorials.mnist.input_data`, `tensorflow.contrib.learn.python.learn.datasets.mnist`).

>>> digits = read_data_sets("", fake_data=True, one_hot=True)
>>> images, labels = digits.train.next_batch(2, fake_data=True)
>>> len(images), len(images[0]), labels[0]
(2, 784, [1, 0, 0, 0, 0, 0, 0, 0, 0, 0])
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ...dtypes import as_dtype, float32, uint8
from ...file_io import GFile, file_exists
from ...names import absent
from ...random_source import get_seed
from .base import Datasets, maybe_download

DEFAULT_SOURCE_URL = "https://storage.googleapis.com/cvdf-datasets/mnist/"


@contextmanager
def _unpacked(file: Any) -> Iterator[Any]:
    """A file's contents, unpacked if they are packed."""
    packed = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    if not packed:
        yield file
        return
    with gzip.GzipFile(fileobj=file) as unpacked:
        yield unpacked


def _numbers(stream: Any, count: int) -> list[int]:
    return np.frombuffer(stream.read(4 * count), dtype=">u4").tolist()


def extract_images(f: Any) -> np.ndarray:
    """The images of an open file: [image, row, column, 1], uint8.

    Raises:
        ValueError: the file is none of MNIST's images, or is cut off.
    """
    print("Extracting", f.name)
    with _unpacked(f) as stream:
        magic = _first(stream)
        if magic != 2051:
            raise ValueError(f"Invalid magic number {magic} in MNIST image file: {f.name}")
        count, rows, columns = _numbers(stream, 3)
        data = np.frombuffer(stream.read(count * rows * columns), dtype=np.uint8)
        if data.size != count * rows * columns:
            raise ValueError(f"The MNIST image file {f.name} is cut off: it should hold {count} images.")
        return data.reshape(count, rows, columns, 1)


def extract_labels(f: Any, one_hot: bool = False, num_classes: int = 10) -> np.ndarray:
    """The labels of an open file: [image], uint8, or as rows of zeros and a one.

    Raises:
        ValueError: the file is none of MNIST's labels, or is cut off.
    """
    print("Extracting", f.name)
    with _unpacked(f) as stream:
        magic = _first(stream)
        if magic != 2049:
            raise ValueError(f"Invalid magic number {magic} in MNIST label file: {f.name}")
        (count,) = _numbers(stream, 1)
        labels = np.frombuffer(stream.read(count), dtype=np.uint8)
        if labels.size != count:
            raise ValueError(f"The MNIST label file {f.name} is cut off: it should hold {count} labels.")
        return dense_to_one_hot(labels, num_classes) if one_hot else labels


def _first(stream: Any) -> int:
    return (_numbers(stream, 1) or [0])[0]


def dense_to_one_hot(labels_dense: np.ndarray, num_classes: int) -> np.ndarray:
    """Labels as rows of zeros and a one."""
    rows = np.zeros((len(labels_dense), num_classes))
    np.put_along_axis(rows, np.reshape(labels_dense, (-1, 1)), 1.0, axis=1)
    return rows


class DataSet:
    """Images and labels, given out in batches."""

    def __init__(
        self,
        images: Any,
        labels: Any,
        fake_data: bool = False,
        one_hot: bool = False,
        dtype: Any = float32,
        reshape: bool = True,
        seed: int | None = None,
    ) -> None:
        """`one_hot` counts with `fake_data` only. `dtype`: uint8 leaves the pixels as they are, float32
        scales them to [0, 1].

        Raises:
            TypeError: another `dtype`.
        """
        graph_seed, op_seed = get_seed(seed)
        np.random.seed(graph_seed if seed is None else op_seed)
        dtype = as_dtype(dtype).base_dtype
        if dtype not in (uint8, float32):
            raise TypeError(f"Invalid image dtype {dtype!r}, expected uint8 or float32")
        if fake_data:
            self._num_examples = 10000
            self.one_hot = one_hot
        else:
            assert images.shape[0] == labels.shape[0], (
                f"images.shape: {images.shape} labels.shape: {labels.shape}"
            )
            self._num_examples = images.shape[0]
            if reshape:
                assert images.shape[3] == 1, f"images have one channel here, not the shape {images.shape}"
                images = images.reshape(self._num_examples, -1)
            if dtype == float32:
                images = images.astype(np.float32) * np.float32(1 / 255)
        self._images, self._labels = images, labels
        self._epochs_completed = self._index_in_epoch = 0

    @property
    def images(self) -> Any:
        return self._images

    @property
    def labels(self) -> Any:
        return self._labels

    @property
    def num_examples(self) -> int:
        return self._num_examples

    @property
    def epochs_completed(self) -> int:
        return self._epochs_completed

    def next_batch(self, batch_size: int, fake_data: bool = False, shuffle: bool = True) -> Any:
        """The next images and labels; after the last the first come again, in another order."""
        if fake_data:
            label: Any = [1] + [0] * 9 if self.one_hot else 0
            return [[1] * 784 for _ in range(batch_size)], [label for _ in range(batch_size)]
        start = self._index_in_epoch
        if self._epochs_completed == 0 and start == 0 and shuffle:
            self._shuffle()
        if start + batch_size <= self._num_examples:
            self._index_in_epoch += batch_size
            return self._images[start : self._index_in_epoch], self._labels[start : self._index_in_epoch]
        self._epochs_completed += 1
        images, labels = self._images[start:], self._labels[start:]
        if shuffle:
            self._shuffle()
        self._index_in_epoch = end = batch_size - (self._num_examples - start)
        return np.concatenate([images, self._images[:end]]), np.concatenate([labels, self._labels[:end]])

    def _shuffle(self) -> None:
        order = np.arange(self._num_examples)
        np.random.shuffle(order)
        self._images, self._labels = self._images[order], self._labels[order]


def read_data_sets(
    train_dir: str,
    fake_data: bool = False,
    one_hot: bool = False,
    dtype: Any = float32,
    reshape: bool = True,
    validation_size: int = 5000,
    seed: int | None = None,
    source_url: str = DEFAULT_SOURCE_URL,
) -> Datasets:
    """MNIST from the four files in a directory, packed or not, as (train, validation, test).

    TF1 symbol: `tensorflow.examples.tutorials.mnist.input_data.read_data_sets`.

    Raises:
        FileNotFoundError: a file is not there; nothing is downloaded.
        ValueError: a file is none of MNIST's, or `validation_size` is more than there is.
    """
    if fake_data:
        return Datasets(*[DataSet([], [], True, one_hot, dtype, seed=seed) for _ in range(3)])
    url = source_url or DEFAULT_SOURCE_URL

    def opened(name: str) -> GFile:
        unpacked = os.path.join(train_dir, name.removesuffix(".gz"))
        path = unpacked if file_exists(unpacked) else maybe_download(name, train_dir, url + name)
        packed = os.path.join(train_dir, name)
        return GFile(packed if file_exists(packed) else path, "rb")

    with opened("train-images-idx3-ubyte.gz") as file:
        train_images = extract_images(file)
    with opened("train-labels-idx1-ubyte.gz") as file:
        train_labels = extract_labels(file, one_hot=one_hot)
    with opened("t10k-images-idx3-ubyte.gz") as file:
        test_images = extract_images(file)
    with opened("t10k-labels-idx1-ubyte.gz") as file:
        test_labels = extract_labels(file, one_hot=one_hot)
    if not 0 <= validation_size <= len(train_images):
        raise ValueError(
            f"Validation size should be between 0 and {len(train_images)}. Received: {validation_size}."
        )
    size = validation_size
    parts = [
        (train_images[size:], train_labels[size:]),
        (train_images[:size], train_labels[:size]),
        (test_images, test_labels),
    ]
    return Datasets(
        *[DataSet(images, labels, dtype=dtype, reshape=reshape, seed=seed) for images, labels in parts]
    )


def load_mnist(train_dir: str = "MNIST-data") -> Datasets:
    """As `read_data_sets`, from the directory `MNIST-data`."""
    return read_data_sets(train_dir)


__getattr__ = absent("tf.contrib.learn.datasets.mnist", globals())
