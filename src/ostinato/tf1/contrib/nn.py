"""The module `tf.contrib.nn`."""

from __future__ import annotations

from numbers import Real
from typing import Any

from ..arguments import handed_on
from ..dtypes import int64
from ..graph import name_scope
from ..names import absent
from ..ops import array, math, nn, picking, random
from ..ops.candidate_sampling import learned_unigram_candidate_sampler
from ..ops.convolution_transpose import conv1d_transpose
from ..ops.core import convert_to_tensor
from ..ops.embedding import embedding_lookup
from ..ops.more_reductions import reduce_logsumexp
from ..ops.top_k import nth_element, top_k
from ..registry import constant_value
from ..sampled_losses import compute_sampled_logits, sampled_softmax_loss
from ..tensor import Tensor

__all__ = [
    "alpha_dropout",
    "conv1d_transpose",
    "deprecated_flipped_sigmoid_cross_entropy_with_logits",
    "deprecated_flipped_softmax_cross_entropy_with_logits",
    "deprecated_flipped_sparse_softmax_cross_entropy_with_logits",
    "nth_element",
    "rank_sampled_softmax_loss",
    "sampled_sparse_softmax_loss",
    "scaled_softplus",
]

_SATURATED = -1.7580993408473766
"""What selu goes to far below 0."""


def alpha_dropout(
    x: Any, keep_prob: Any, noise_shape: Any = None, seed: int | None = None, name: str | None = None
) -> Tensor:
    """Dropout that keeps the mean and the variance behind selu (TF1 symbol: `tf.contrib.nn.alpha_dropout`).

    Source: Klambauer et al., "Self-normalizing neural networks" (2017).
    """
    with name_scope(name, "alpha_dropout", [x]):
        x = convert_to_tensor(x, name="x")
        if isinstance(keep_prob, Real) and not 0 < float(keep_prob) <= 1:
            raise ValueError(
                f"keep_prob must be a scalar tensor or a float in the range (0, 1], got {float(keep_prob):g}"
            )
        kind = x.dtype.base_dtype
        keep = convert_to_tensor(keep_prob, kind, name="keep_prob")
        keep.shape.assert_has_rank(0)
        if constant_value(keep) == 1:
            return x
        sizes = array.shape(x) if noise_shape is None else noise_shape
        drawn = random.random_uniform(sizes, seed=seed, dtype=kind)
        kept = math.cast(math.greater_equal(drawn, 1 - keep), kind)
        x = x * kept + _SATURATED * (1 - kept)
        a = (keep + keep * (1 - keep) * _SATURATED**2) ** -0.5
        b = -a * _SATURATED * (1 - keep)
        return a * x + b


def deprecated_flipped_softmax_cross_entropy_with_logits(
    logits: Any, labels: Any, dim: int = -1, name: str | None = None
) -> Tensor:
    """As `tf.nn.softmax_cross_entropy_with_logits`, logits first as in 0.x."""
    return nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits, dim=dim, name=name)


def deprecated_flipped_sparse_softmax_cross_entropy_with_logits(
    logits: Any, labels: Any, name: str | None = None
) -> Tensor:
    """As `tf.nn.sparse_softmax_cross_entropy_with_logits`, logits first as in 0.x."""
    return nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits, name=name)


def deprecated_flipped_sigmoid_cross_entropy_with_logits(
    logits: Any, targets: Any, name: str | None = None
) -> Tensor:
    """As `tf.nn.sigmoid_cross_entropy_with_logits`, logits first as in 0.x."""
    return nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=logits, name=name)


def scaled_softplus(x: Any, alpha: Any, clip: Any = None, name: str | None = None) -> Tensor:
    """alpha * softplus(x / alpha), at most `clip` (TF1 symbol: `tf.contrib.nn.scaled_softplus`)."""
    with name_scope(name, "scaled_softplus", [x, alpha]):
        x = convert_to_tensor(x, name="x")
        kind = x.dtype.base_dtype
        alpha = convert_to_tensor(alpha, kind, name="alpha")
        y = alpha * nn.softplus(x / alpha)
        return y if clip is None else math.minimum(y, convert_to_tensor(clip, kind, name="clip"))


def sampled_sparse_softmax_loss(
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Any,
    num_sampled: int,
    num_classes: int,
    sampled_values: Any = None,
    remove_accidental_hits: bool = True,
    partition_strategy: str = "mod",
    name: str = "sampled_sparse_softmax_loss",
) -> Tensor:
    """As `tf.nn.sampled_softmax_loss` for one true class a row (TF1 symbol:
    `tf.contrib.nn.sampled_sparse_softmax_loss`).
    """
    logits, _ = compute_sampled_logits(**handed_on(locals()), num_true=1, subtract_log_q=True)
    first = array.zeros([array.shape(logits)[0]], int64)
    return nn.sparse_softmax_cross_entropy_with_logits(labels=first, logits=logits)


def rank_sampled_softmax_loss(
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Any,
    num_sampled: int,
    num_resampled: int,
    num_classes: int,
    num_true: int,
    sampled_values: Any,
    resampling_temperature: Any,
    remove_accidental_hits: bool,
    partition_strategy: str,
    name: str | None = None,
) -> Tensor:
    """The sampled softmax loss over the samples that the batch scores highest (TF1 symbol:
    `tf.contrib.nn.rank_sampled_softmax_loss`).
    """
    if num_sampled > num_classes:
        raise ValueError(f"num_sampled ({num_sampled}) cannot be greater than num_classes ({num_classes})")
    if num_sampled <= num_resampled:
        raise ValueError(f"num_resampled ({num_resampled}) must be less than num_sampled ({num_sampled})")
    if partition_strategy not in ("div", "mod"):
        raise ValueError(f"unsupported partition_strategy ({partition_strategy})")
    with name_scope(name, "rank_sampled_softmax_loss", [inputs]) as scope:
        if not sampled_values:
            sampled_values = learned_unigram_candidate_sampler(
                labels, num_true, num_sampled, unique=True, range_max=num_classes
            )
        sampled, true_expected, sampled_expected = (array.stop_gradient(value) for value in sampled_values)
        sampled = math.cast(sampled, int64)
        rows = embedding_lookup(weights, sampled, partition_strategy)
        scores = reduce_logsumexp(
            math.matmul(rows, inputs / resampling_temperature, transpose_b=True), axis=1
        )
        offsets = array.reshape(embedding_lookup(biases, sampled, partition_strategy), [-1])
        best = top_k(scores + offsets / resampling_temperature, num_resampled).indices
        return sampled_softmax_loss(
            weights,
            biases,
            labels,
            inputs,
            num_resampled,
            num_classes,
            num_true,
            (picking.gather(sampled, best), true_expected, picking.gather(sampled_expected, best)),
            remove_accidental_hits,
            partition_strategy,
            scope,
        )


__getattr__ = absent("tf.contrib.nn", __all__)
