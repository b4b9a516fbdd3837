"""Losses over a sample of the classes (TF1 symbols: `tf.nn.sampled_softmax_loss`, `tf.nn.nce_loss`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ostinato._external import external

from .arguments import handed_on
from .dtypes import int64
from .graph import get_default_graph, name_scope
from .ops import array, math, nn
from .ops.candidate_sampling import hits, log_uniform_candidate_sampler
from .ops.core import constant, convert_to_tensor, one
from .ops.embedding import embedding_lookup
from .ops.lists import concat
from .partitioned import PartitionedVariable
from .registry import OutputTypes, register
from .shapes import TensorShape
from .tensor import Tensor


def _logits(
    inputs: torch.Tensor,
    weights: torch.Tensor,
    biases: torch.Tensor,
    labels: torch.Tensor,
    sampled: torch.Tensor,
    true_expected: torch.Tensor,
    sampled_expected: torch.Tensor,
    subtract_log_q: bool,
    remove_accidental_hits: bool,
) -> torch.Tensor:
    """`[batch, num_true + samples]`: weights and biases are rows of the true classes, then of the samples."""
    batch, count = labels.shape
    own_w, sampled_w = weights.split([batch * count, sampled.shape[0]])
    own_b, sampled_b = biases.split([batch * count, sampled.shape[0]])
    own = torch.linalg.vecdot(own_w.reshape(batch, count, -1), inputs.unsqueeze(1)) + own_b.reshape(
        batch, count
    )
    others = torch.addmm(sampled_b, inputs, sampled_w.mT)
    if remove_accidental_hits:
        others = others + _off_for_hits(labels, sampled, others.dtype)
    if subtract_log_q:
        own = own - true_expected.log().to(own.dtype)
        others = others - sampled_expected.log().to(own.dtype)
    return torch.cat([own, others], 1)


@external
def _off_for_hits(labels: torch.Tensor, sampled: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """What to add to the logits of the samples: so much less for those that are their row's labels."""
    rows, places = hits(labels.cpu().numpy(), sampled.cpu().numpy())
    off = torch.zeros(labels.shape[0], sampled.shape[0], dtype=dtype)
    off[torch.from_numpy(rows), torch.from_numpy(places)] = torch.finfo(torch.float32).min
    return off.to(sampled.device)


def _rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    known, labels = inputs[0].shape.known or (None, None), inputs[3].shape.known or (None, None)
    samples = inputs[4].shape.known or (None,)
    width = None if None in (labels[1], samples[0]) else (labels[1] or 0) + (samples[0] or 0)
    return [(inputs[0].dtype.base_dtype, TensorShape([known[0], width]))]


register("SampledLogits", _logits, _rule)


def compute_sampled_logits(
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Any,
    num_sampled: int,
    num_classes: int,
    num_true: int = 1,
    sampled_values: Any = None,
    subtract_log_q: bool = True,
    remove_accidental_hits: bool = False,
    partition_strategy: str = "mod",
    name: str | None = None,
    seed: int | None = None,
) -> tuple[Tensor, Tensor]:
    """(logits, labels), `[batch, num_true + num_sampled]`, of the true classes and of sampled ones."""
    if isinstance(weights, PartitionedVariable):
        weights = list(weights)
    shards = weights if isinstance(weights, list) else [weights]
    with name_scope(name, "compute_sampled_logits", [*shards, biases, inputs, labels]):
        inputs = convert_to_tensor(inputs, name="inputs")
        kind = inputs.dtype.base_dtype
        labels = math.cast(labels, int64)
        get_default_graph().skip(2)  # the labels in one row
        if sampled_values is None:
            sampled_values = log_uniform_candidate_sampler(
                labels, num_true, num_sampled, unique=True, range_max=num_classes, seed=seed
            )
        sampled, true_expected, sampled_expected = (array.stop_gradient(value) for value in sampled_values)
        sampled = math.cast(sampled, int64)
        every = concat([array.reshape(labels, [-1]), sampled], 0)
        rows = math.cast(embedding_lookup(shards, every, partition_strategy), kind)
        offsets = math.cast(embedding_lookup(biases, every, partition_strategy), kind)
        true = array.reshape(labels, [-1, num_true])
        logits = one(
            "SampledLogits",
            [inputs, rows, offsets, true, sampled, true_expected, sampled_expected],
            "concat",
            subtract_log_q=bool(subtract_log_q),
            remove_accidental_hits=bool(remove_accidental_hits),
        )
        share = constant([1.0 / num_true] * num_true, kind)
        wanted = one("SampledLabels", [logits, share], "concat")
        return logits, wanted


def _labels(logits: torch.Tensor, share: torch.Tensor) -> torch.Tensor:
    found = torch.zeros_like(logits)
    found[:, : share.shape[0]] = share
    return found


register(
    "SampledLabels",
    _labels,
    lambda inputs, attributes: [(inputs[0].dtype.base_dtype, inputs[0].shape)],
    differentiable=False,
)


def sampled_softmax_loss(
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Any,
    num_sampled: int,
    num_classes: int,
    num_true: int = 1,
    sampled_values: Any = None,
    remove_accidental_hits: bool = True,
    partition_strategy: str = "mod",
    name: str = "sampled_softmax_loss",
    seed: int | None = None,
) -> Tensor:
    """The softmax loss over the true classes and some drawn ones (TF1 symbol: `tf.nn.sampled_softmax_loss`).

    Source: Jean et al., "On using very large target vocabulary for neural machine translation" (2015).

    Args:
        weights: `[num_classes, dim]`, or a list of shards, or a variable in parts.
        biases: `[num_classes]`.
        labels: `[batch, num_true]` integers.
        inputs: `[batch, dim]`.
        num_sampled: how many classes to draw for the batch.
        sampled_values: what a sampler gave; None draws with `log_uniform_candidate_sampler`.
        remove_accidental_hits: whether drawn classes that are true ones count for nothing.
        partition_strategy: how shards hold the rows; see `tf.nn.embedding_lookup`.
        seed: the drawing operation's seed; with one, TensorFlow's classes are drawn.

    Returns:
        `[batch]` losses, for training: to evaluate, take the whole softmax.
    """
    logits, wanted = compute_sampled_logits(**handed_on(locals()), subtract_log_q=True)
    wanted = array.stop_gradient(wanted, name="labels_stop_gradient")
    return nn.softmax_cross_entropy_with_logits_v2(labels=wanted, logits=logits)


def nce_loss(
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Any,
    num_sampled: int,
    num_classes: int,
    num_true: int = 1,
    sampled_values: Any = None,
    remove_accidental_hits: bool = False,
    partition_strategy: str = "mod",
    name: str = "nce_loss",
) -> Tensor:
    """Noise-contrastive estimation: each true and each drawn class told apart by a logistic loss (TF1 symbol:
    `tf.nn.nce_loss`). The arguments are those of `sampled_softmax_loss`.

    Source: Gutmann and Hyvärinen, "Noise-contrastive estimation" (2010).
    """
    logits, wanted = compute_sampled_logits(**handed_on(locals()), subtract_log_q=True)
    losses = nn.sigmoid_cross_entropy_with_logits(labels=wanted, logits=logits, name="sampled_losses")
    return sum_rows(losses)


def sum_rows(x: Tensor) -> Tensor:
    """The sum of each row of a matrix, as the product with a column of ones."""
    ones = array.ones([array.shape(x)[1], 1], x.dtype)
    return array.reshape(math.matmul(x, ones), [-1])
