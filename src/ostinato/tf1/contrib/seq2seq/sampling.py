"""Samples of distributions, as the helpers draw them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...dtypes import bool_, int32, int64
from ...graph import name_scope
from ...ops import array, lists, math
from ...ops.core import convert_to_tensor
from ...ops.random import random_uniform
from ...ops.reductions import reduce_prod
from ...ops.sampling import multinomial
from ...tensor import Tensor


def _call_sampler(sample: Callable[[Any], Any], sample_shape: Any, name: str | None = None) -> Tensor:
    """`sample(n)`, `[n, ...]`, as `sample_shape + ...`."""
    with name_scope(name, "call_sampler", [sample_shape]):
        sizes = convert_to_tensor(sample_shape, int32, name="sample_shape")
        sizes = array.reshape(sizes, [-1])
        samples = sample(reduce_prod(sizes))
        return array.reshape(samples, lists.concat([sizes, array.shape(samples)[1:]], 0))


def bernoulli_sample(
    probs: Any = None, logits: Any = None, dtype: Any = int32, sample_shape: Any = (), seed: int | None = None
) -> Tensor:
    """1 with the probability `probs`, or sigmoid(`logits`), and 0 else (TensorFlow's `bernoulli_sample`)."""
    if probs is None:
        probs = math.sigmoid(logits, name="probs")
    else:
        probs = convert_to_tensor(probs, name="probs")
    batch = array.shape(probs)

    def sample(count: Any) -> Tensor:
        sizes = lists.concat([array.expand_dims(count, 0), batch], 0)
        uniform = random_uniform(sizes, seed=seed, dtype=probs.dtype.base_dtype)
        chosen = math.less(uniform, probs)
        return chosen if dtype is bool_ else math.cast(chosen, dtype)

    return _call_sampler(sample, sample_shape)


def categorical_sample(
    logits: Any, dtype: Any = int32, sample_shape: Any = (), seed: int | None = None
) -> Tensor:
    """Class numbers with probabilities softmax(logits) (TensorFlow's `categorical_sample`)."""
    logits = convert_to_tensor(logits, name="logits")
    batch, classes = array.shape(logits)[:-1], array.shape(logits)[-1]

    def sample(count: Any) -> Tensor:
        rows = logits if logits.shape.ndims == 2 else array.reshape(logits, [-1, classes])
        drawn_type = int64 if logits.dtype.size > 4 else int32
        draws = multinomial(rows, count, seed=seed, output_dtype=drawn_type)
        sizes = lists.concat([array.expand_dims(count, 0), batch], 0)
        return math.cast(array.reshape(array.transpose(draws), sizes), dtype)

    return _call_sampler(sample, sample_shape)
