"""One data set of several, by the numbers of another or at random (TF1 symbols:
`tf.data.experimental.choose_from_datasets`, `sample_from_datasets`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..dtypes import int64
from ..ops.array import expand_dims, squeeze
from ..ops.core import convert_to_tensor, one
from ..ops.math import log
from ..tensor import Tensor
from . import structure as nests
from .dataset import Dataset
from .seeds import seeds
from .structure import TensorSpec


def RandomDataset(seed: Any = None) -> Dataset:
    """Random integers below 2^32 without end (TF1 symbol: `tf.data.experimental.RandomDataset`)."""
    return Dataset(one("RandomDataset", list(seeds(seed))), TensorSpec([], int64))


def _directed(selector: Dataset, datasets: Sequence[Dataset]) -> Dataset:
    first = datasets[0]
    for other in datasets[1:]:
        if (other.output_types, other.output_classes) != (first.output_types, first.output_classes):
            raise TypeError("All datasets must have the same type and class.")
    structure = first.element_spec
    for other in datasets[1:]:
        structure = nests.map_structure(nests.relaxed, structure, other.element_spec)
    return selector._then(
        "DirectedInterleaveDataset", [dataset._variant_tensor for dataset in datasets], structure
    )


def choose_from_datasets(datasets: Sequence[Dataset], choice_dataset: Dataset) -> Dataset:
    """An element of the data set that each number of another names (TF1 symbol:
    `tf.data.experimental.choose_from_datasets`).

    Raises:
        TypeError: the choices are no int64 scalars, or the data sets differ in type.
    """
    if not (
        isinstance(choice_dataset.element_spec, TensorSpec)
        and choice_dataset.element_spec.is_compatible_with(TensorSpec([], int64))
    ):
        raise TypeError("`choice_dataset` must be a dataset of scalar `tf.int64` tensors.")
    return _directed(choice_dataset, datasets)


def sample_from_datasets(datasets: Sequence[Dataset], weights: Any = None, seed: Any = None) -> Dataset:
    """Elements of data sets drawn at random, by weights (TF1 symbol:
    `tf.data.experimental.sample_from_datasets`).

    Args:
        weights: a number for each data set, or a data set of such rows; None: all alike.

    Raises:
        TypeError: weights of another type, or data sets that differ in type.
        ValueError: not a weight for each data set.
    """
    from ..ops.stateless_random import stateless_multinomial

    count = len(datasets)
    if isinstance(weights, Dataset):
        logits_of = weights.map(lambda *row: log(row, name="logits"))
        rows = Dataset.zip((logits_of, RandomDataset(seed).batch(2)))
        selector = rows.map(lambda logits, pair: _drawn(stateless_multinomial(logits, 1, seed=pair)))
        return _directed(selector, list(datasets))
    if weights is None:
        logits: Any = [[1.0] * count]
    else:
        row = convert_to_tensor(weights, name="weights")
        if row.dtype.name not in ("float32", "float64"):
            raise TypeError(
                "`weights` must be convertible to a tensor of `tf.float32` or `tf.float64` elements."
            )
        if not row.shape.is_compatible_with([count]):
            raise ValueError("`weights` must be a vector of length `len(datasets)`.")
        logits = expand_dims(log(row, name="logits"), 0)
    if count == 1:
        return datasets[0]
    pairs = RandomDataset(seed).batch(2)
    selector = pairs.map(lambda pair: _drawn(stateless_multinomial(logits, 1, seed=pair)))
    return _directed(selector, list(datasets))


def _drawn(found: Tensor) -> Tensor:
    return squeeze(found, axis=[0, 1])
