"""Classes drawn for losses over a part of the classes: the samplers, with TensorFlow's numbers for its seeds.

A draw reads the words of its stream one after the other. How many it needs depends on how often a class comes
that is there already; each draw has a stretch of the stream for itself, in proportion to what it returns.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch

from ..dtypes import float32, int32, int64
from ..errors import InvalidArgumentError
from ..graph import name_scope
from ..random_source import seed_attributes
from ..registry import OutputTypes, ShapeMismatch, register
from ..shapes import TensorShape
from ..tensor import Operation, Tensor
from .candidate_distributions import (
    All,
    FixedUnigram,
    LearnedUnigram,
    LogUniform,
    Uniform,
    Words,
    distinct,
    expected_counts,
)
from .core import convert_to_tensor, make

_BLOCKS_A_SAMPLE = 512
_LOWEST = float(np.finfo(np.float32).min)


class Sampled(NamedTuple):
    """What a sampler gives: the classes, and how often each, and each true class, is expected among them."""

    sampled_candidates: Tensor
    true_expected_count: Tensor
    sampled_expected_count: Tensor


def _checked(operation: Operation, classes: torch.Tensor) -> np.ndarray:
    if classes.dim() != 2:
        raise InvalidArgumentError(None, operation, "true_classes must be a matrix")
    wanted = operation.attributes["num_true"]
    if classes.shape[1] != wanted:
        raise InvalidArgumentError(
            None,
            operation,
            f"true_classes must have num_true columns, expected: {classes.shape[1]} was: {wanted}",
        )
    return classes.cpu().numpy()


def _sampler(distribution_of: Callable[[Any, Operation], Any]) -> Any:
    def compute(run: Any, operation: Operation, classes: torch.Tensor) -> Any:
        true, attributes = _checked(operation, classes), operation.attributes
        count, is_unique = attributes["num_sampled"], attributes["unique"]
        if is_unique and count > attributes["range_max"]:
            raise InvalidArgumentError(None, operation, "Sampler's range is too small.")
        distribution = distribution_of(run, operation)
        if isinstance(distribution, All):
            ones = torch.ones(count, dtype=torch.float32)
            return torch.arange(count), torch.ones(true.shape, dtype=torch.float32), ones
        source = run.random(operation)
        words = Words(source, source.reserve(_BLOCKS_A_SAMPLE * count))
        if is_unique:
            sampled, tries = distinct(distribution, words, count)
        else:
            sampled, tries = np.empty(0, np.int64), count
            while len(sampled) < count:
                sampled = np.concatenate([sampled, distribution.samples(words, count - len(sampled) + 2)])
            sampled = sampled[:count]
        found = (
            torch.from_numpy(np.ascontiguousarray(sampled)),
            expected_counts(distribution.probability(true), count, tries),
            expected_counts(distribution.probability(sampled), count, tries),
        )
        if isinstance(distribution, LearnedUnigram):
            distribution.update(true.reshape(-1))
        return found

    return compute


def _rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    classes, count = inputs[0].shape, attributes["num_sampled"]
    if classes.ndims not in (None, 2):
        raise ShapeMismatch(f"Shape must be rank 2 but is rank {classes.ndims}")
    batch = classes.known[0] if classes.known else None
    return [
        (int64, TensorShape([count])),
        (float32, TensorShape([batch, attributes["num_true"]])),
        (float32, TensorShape([count])),
    ]


@lru_cache(maxsize=32)
def _fixed(
    unigrams: tuple[float, ...], vocab_file: str, distortion: float, reserved: int, shards: int, shard: int
) -> Any:
    if vocab_file:
        with open(vocab_file, newline="", encoding="utf-8", errors="surrogateescape") as file:
            try:
                unigrams = tuple(float(row[-1]) for row in csv.reader(file) if row)
            except ValueError as problem:
                raise ValueError(f"Wrong vocabulary format in {vocab_file}: {problem}") from None
    weights = np.array([0.0] * reserved + [weight**distortion for weight in unigrams], np.float32)
    return FixedUnigram(weights[shard::shards])


def _fixed_of(run: Any, operation: Operation) -> Any:
    a = operation.attributes
    found = _fixed(
        a["unigrams"], a["vocab_file"], a["distortion"], a["num_reserved_ids"], a["num_shards"], a["shard"]
    )
    if len(found._weights) != a["range_max"]:
        raise InvalidArgumentError(
            None,
            operation,
            f"There are {len(found._weights)} weights for a range of {a['range_max']} classes.",
        )
    return found


def _learned_of(run: Any, operation: Operation) -> Any:
    key = (operation.graph, operation.name)
    return run.resources.get(key, lambda: LearnedUnigram(operation.attributes["range_max"]))


_STATEFUL: dict[str, Any] = {"stateful": True, "differentiable": False}
register(
    "LogUniformCandidateSampler",
    _sampler(lambda run, operation: LogUniform(operation.attributes["range_max"])),
    _rule,
    **_STATEFUL,
)
register(
    "UniformCandidateSampler",
    _sampler(lambda run, operation: Uniform(operation.attributes["range_max"])),
    _rule,
    **_STATEFUL,
)
register("LearnedUnigramCandidateSampler", _sampler(_learned_of), _rule, **_STATEFUL)
register("FixedUnigramCandidateSampler", _sampler(_fixed_of), _rule, **_STATEFUL)
register(
    "AllCandidateSampler",
    _sampler(lambda run, operation: All(operation.attributes["range_max"])),
    _rule,
    **_STATEFUL,
)


def _node(
    op_type: str,
    true_classes: Any,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    seed: int | None,
    name: str | None,
    **more: Any,
) -> Sampled:
    with name_scope(name, op_type, [true_classes]) as scope:
        classes = convert_to_tensor(true_classes, name="true_classes", dtype_hint=int64)
        if classes.dtype.base_dtype is not int64:
            raise TypeError(
                f"Input 'true_classes' of '{op_type}' Op has type {classes.dtype.base_dtype.name} that does "
                "not match expected type of int64."
            )
        for label, value in (("num_true", num_true), ("num_sampled", num_sampled), ("range_max", range_max)):
            if int(value) < 1:
                raise ValueError(f"Attr '{label}' of '{op_type}' Op passed {value} less than minimum 1.")
        operation = make(
            op_type,
            [classes],
            scope,
            num_true=int(num_true),
            num_sampled=int(num_sampled),
            unique=bool(unique),
            range_max=int(range_max),
            **seed_attributes(seed),
            **more,
        )
        return Sampled(*operation.outputs)


def log_uniform_candidate_sampler(
    true_classes: Any,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    seed: int | None = None,
    name: str | None = None,
) -> Sampled:
    """Classes drawn with P(k) = log((k + 2) / (k + 1)) / log(range_max + 1) (TF1 symbol:
    `tf.nn.log_uniform_candidate_sampler`): for classes in the order of their frequency.

    Args:
        true_classes: [batch, num_true] int64.
        num_sampled: how many to draw for the whole batch.
        unique: whether they are all different.
        range_max: how many classes there are.
        seed: the operation's seed; with one, the classes are those that TensorFlow draws.

    Returns:
        (sampled_candidates [num_sampled], true_expected_count [batch, num_true], sampled_expected_count
        [num_sampled]).

    Raises:
        tf.errors.InvalidArgumentError: in a run, more different classes than there are.
    """
    return _node(
        "LogUniformCandidateSampler", true_classes, num_true, num_sampled, unique, range_max, seed, name
    )


def uniform_candidate_sampler(
    true_classes: Any,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    seed: int | None = None,
    name: str | None = None,
) -> Sampled:
    """Classes drawn with equal probabilities (TF1 symbol: `tf.nn.uniform_candidate_sampler`)."""
    return _node(
        "UniformCandidateSampler", true_classes, num_true, num_sampled, unique, range_max, seed, name
    )


def learned_unigram_candidate_sampler(
    true_classes: Any,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    seed: int | None = None,
    name: str | None = None,
) -> Sampled:
    """Classes drawn as often as they were true ones in the session so far (TF1 symbol:
    `tf.nn.learned_unigram_candidate_sampler`).
    """
    return _node(
        "LearnedUnigramCandidateSampler", true_classes, num_true, num_sampled, unique, range_max, seed, name
    )


def fixed_unigram_candidate_sampler(
    true_classes: Any,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    vocab_file: str = "",
    distortion: float = 1.0,
    num_reserved_ids: int = 0,
    num_shards: int = 1,
    shard: int = 0,
    unigrams: Sequence[float] = (),
    seed: int | None = None,
    name: str | None = None,
) -> Sampled:
    """Classes drawn with given weights (TF1 symbol: `tf.nn.fixed_unigram_candidate_sampler`).

    Args:
        vocab_file: a file with a line for each class, whose last field, after a comma, is the weight.
        distortion: the power that weights are raised to.
        num_reserved_ids: how many classes there are before them, which are never drawn.
        num_shards, shard: draw from each `num_shards`-th class, beginning with this one.
        unigrams: the weights, in place of a file.
    """
    if bool(vocab_file) == bool(len(unigrams)):
        raise ValueError("Give fixed_unigram_candidate_sampler one of vocab_file and unigrams.")
    return _node(
        "FixedUnigramCandidateSampler",
        true_classes,
        num_true,
        num_sampled,
        unique,
        range_max,
        seed,
        name,
        vocab_file=str(vocab_file),
        distortion=float(distortion),
        num_reserved_ids=int(num_reserved_ids),
        num_shards=int(num_shards),
        shard=int(shard),
        unigrams=tuple(float(weight) for weight in unigrams),
    )


def all_candidate_sampler(
    true_classes: Any,
    num_true: int,
    num_sampled: int,
    unique: bool,
    seed: int | None = None,
    name: str | None = None,
) -> Sampled:
    """All classes, for tests (TF1 symbol: `tf.nn.all_candidate_sampler`)."""
    return _node("AllCandidateSampler", true_classes, num_true, num_sampled, unique, num_sampled, seed, name)


# -- samples that are true classes
class AccidentalHits(NamedTuple):
    indices: Tensor
    ids: Tensor
    weights: Tensor


def hits(true: np.ndarray, sampled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(rows, places) such that the sample at the place is among the row's true classes."""
    order = np.argsort(sampled, kind="stable")
    ranked = sampled[order]
    found = np.searchsorted(ranked, true.reshape(-1), side="right") - 1  # the last of equal samples
    there = (found >= 0) & (ranked[np.maximum(found, 0)] == true.reshape(-1)) if len(ranked) else found >= 0
    which = np.flatnonzero(there)
    return which // max(1, true.shape[1]), order[found[which]]


def _accidental(classes: torch.Tensor, sampled: torch.Tensor, num_true: int) -> Any:
    if classes.dim() != 2 or classes.shape[1] != num_true:
        raise ValueError(
            f"true_candidates must have num_true = {num_true} columns, got shape {list(classes.shape)}"
        )
    rows, places = hits(classes.cpu().numpy(), sampled.cpu().numpy())
    weights = torch.full((len(rows),), _LOWEST, dtype=torch.float32)
    return torch.from_numpy(rows.astype(np.int32)), torch.from_numpy(places.astype(np.int64)), weights


register(
    "ComputeAccidentalHits",
    _accidental,
    lambda i, a: [(int32, TensorShape([None])), (int64, TensorShape([None])), (float32, TensorShape([None]))],
    differentiable=False,
)


def compute_accidental_hits(
    true_classes: Any,
    sampled_candidates: Any,
    num_true: int,
    seed: int | None = None,
    name: str | None = None,
) -> AccidentalHits:
    """Where a sampled class is a true one (TF1 symbol: `tf.nn.compute_accidental_hits`).

    Returns:
        (indices: the rows, ids: the places among the samples, weights: the lowest number).
    """
    with name_scope(name, "ComputeAccidentalHits", [true_classes, sampled_candidates]) as scope:
        classes = convert_to_tensor(true_classes, int64, name="true_classes")
        sampled = convert_to_tensor(sampled_candidates, int64, name="sampled_candidates")
        operation = make("ComputeAccidentalHits", [classes, sampled], scope, num_true=int(num_true))
        return AccidentalHits(*operation.outputs)
