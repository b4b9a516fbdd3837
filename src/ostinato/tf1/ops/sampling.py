"""Draws from distributions with parameters: categorical, gamma and Poisson, and crops at random places.

Each sample of the latter two has a stretch of the stream of its own, so that how often one is rejected moves
no other.
"""

from __future__ import annotations

import math as scalar_math
from typing import Any

import numpy as np
import torch

from .. import registry
from ..dtypes import as_dtype, float32, int32, int64
from ..graph import name_scope
from ..philox import Philox, place_range, standard_normals, uniform_doubles
from ..random_source import seed_attributes
from ..shapes import TensorShape
from ..tensor import Operation, Tensor
from . import array, asserting, math, reductions, slicing
from .control import with_dependencies
from .core import convert_to_tensor, one
from .random import random_uniform, sizes_of

_STRETCH = 256


# -- categorical
def categorical_samples(source: Philox, logits: torch.Tensor, samples: int, dtype: str) -> torch.Tensor:
    """[batch, classes] logits to [batch, samples] class numbers, by the inverse of the cumulated weights."""
    if logits.dim() != 2:
        raise ValueError(f"logits should be a matrix, got shape {list(logits.shape)}")
    batch, classes = logits.shape
    if classes == 0:
        raise ValueError(f"num_classes should be positive, got {classes}")
    if samples < 0:
        raise ValueError(f"num_samples should be nonnegative, got {samples}")
    wide = logits.detach().double()
    finite = torch.isfinite(wide)  # a class of any other logit is never drawn
    if not finite.any(1).all():
        raise ValueError("logits has a row without any finite number: there is nothing to draw there.")
    wide = wide.masked_fill(~finite, -torch.inf)
    weights = torch.exp(wide - wide.max(1, keepdim=True).values).cumsum(1)
    reserved = batch * -(-samples // 4) * 8
    drawn = source.uniform([batch, samples], torch.float64, reserved).to(weights.device) * weights[:, -1:]
    found = torch.searchsorted(weights, drawn, right=True).clamp_max(classes - 1)
    return found.to(as_dtype(dtype).torch_dtype)


def _multinomial(run: Any, operation: Operation, logits: torch.Tensor, samples: torch.Tensor) -> torch.Tensor:
    dtype = operation.attributes["output_dtype"]
    return categorical_samples(run.random(operation), logits, int(samples), dtype)


def categorical_rule(inputs: Any, attributes: dict[str, Any]) -> registry.OutputTypes:
    """The rule of what draws categories: [batch, classes] and a number to [batch, number]."""
    logits, samples = inputs[0].shape, registry.constant_value(inputs[1])
    if logits.ndims not in (None, 2):
        raise registry.ShapeMismatch(f"Shape must be rank 2 but is rank {logits.ndims}")
    if samples is not None and samples < 0:
        raise registry.ShapeMismatch(
            f"Dimension size, given by scalar input 1 must be non-negative but is {int(samples)}"
        )
    batch = logits.known[0] if logits.known else None
    return [
        (
            as_dtype(attributes["output_dtype"]),
            TensorShape([batch, None if samples is None else int(samples)]),
        )
    ]


registry.register("Multinomial", _multinomial, categorical_rule, stateful=True, differentiable=False)


def category_type(dtype: Any) -> str:
    """The name of the type of class numbers; int64 for None."""
    kind = as_dtype(int64 if dtype is None else dtype)
    if kind not in (int32, int64):
        raise TypeError(
            f"Value passed to parameter 'output_dtype' has DataType {kind.name} not in list of allowed "
            "values: int32, int64"
        )
    return kind.name


def _categorical(scope_name: str, logits: Any, num_samples: Any, dtype: Any, seed: Any, name: Any) -> Tensor:
    with name_scope(name, scope_name, [logits]):
        logits = convert_to_tensor(logits, name="logits")
        seeds = seed_attributes(seed)
        with name_scope("Multinomial") as scope:
            samples = convert_to_tensor(num_samples, int32, name="num_samples")
            return one("Multinomial", [logits, samples], scope, output_dtype=category_type(dtype), **seeds)


def multinomial(
    logits: Any, num_samples: Any, seed: int | None = None, name: str | None = None, output_dtype: Any = None
) -> Tensor:
    """Class numbers drawn with probabilities softmax(logits) (TF1 symbol: `tf.multinomial`).

    Args:
        logits: [batch, classes] floats.
        num_samples: how many to draw for each row.
        output_dtype: int32 or int64, which None is.

    Returns:
        [batch, num_samples].

    Raises:
        TypeError: another `output_dtype`.
        ValueError: logits that are no matrix, or a negative number of samples.
        tf.errors.InvalidArgumentError: in a run, a row without a finite number.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     session.run(tf.multinomial([[0.0, 0.0, 1.0]], 8, seed=1)).tolist()
    [[2, 1, 2, 2, 0, 1, 1, 2]]
    """
    return _categorical("multinomial", logits, num_samples, output_dtype, seed, name)


def categorical(
    logits: Any, num_samples: Any, dtype: Any = None, seed: int | None = None, name: str | None = None
) -> Tensor:
    """Class numbers drawn with probabilities softmax(logits) (TF1 symbol: `tf.random.categorical`).

    As `multinomial`.
    """
    return _categorical("categorical", logits, num_samples, dtype, seed, name)


# -- gamma and Poisson
class _Stretches:
    """The stretches of the stream of several samples, each read at its own pace: of what a block holds, the
    later number is taken first.
    """

    def __init__(self, source: Philox, count: int) -> None:
        self._source = source
        self._next = place_range(source.reserve(count * _STRETCH), count, _STRETCH)

    def blocks(self, which: np.ndarray) -> np.ndarray:
        words = self._source.words(self._next[which])
        self._next[which] += np.uint64(1)
        return words


class _Numbers:
    """Pairs of numbers made of blocks, given out one by one."""

    def __init__(self, stretches: _Stretches, count: int, made: Any) -> None:
        self._stretches, self._made = stretches, made
        self._pairs, self._left = np.empty((count, 2)), np.zeros(count, np.int64)

    def take(self, which: np.ndarray) -> np.ndarray:
        empty = which[self._left[which] == 0]
        self._pairs[empty] = self._made(self._stretches.blocks(empty))
        self._left[empty] = 2
        self._left[which] -= 1
        return self._pairs[which, self._left[which]]


def gamma_samples(source: Philox, alpha: np.ndarray) -> np.ndarray:
    """One sample for each alpha: [n] float64 to [n] float64.

    Source: Marsaglia and Tsang, "A simple method for generating gamma variables" (2000).
    """
    stretches = _Stretches(source, len(alpha))
    normals = _Numbers(stretches, len(alpha), lambda words: standard_normals(words, torch.float64))
    uniforms = _Numbers(stretches, len(alpha), uniform_doubles)
    samples = np.empty(len(alpha))
    exponential = np.flatnonzero(alpha == 1.0)
    samples[exponential] = -np.log(1.0 - uniforms.take(exponential))
    active = np.flatnonzero(alpha != 1.0)
    while len(active):
        shape = alpha[active]
        d = shape + np.where(shape < 1.0, 2.0 / 3, -1.0 / 3)
        x = normals.take(active)
        v = 1.0 + 1.0 / 3 / np.sqrt(d) * x
        positive = v > 0.0
        tried, shape, d, x, v = active[positive], shape[positive], d[positive], x[positive], v[positive] ** 3
        u = uniforms.take(tried)
        with np.errstate(divide="ignore"):
            good = (u < 1 - 0.0331 * (x * x) * (x * x)) | (np.log(u) < 0.5 * x * x + d * (1 - v + np.log(v)))
        done, shape = tried[good], shape[good]
        samples[done] = (d * v)[good]
        small = shape < 1.0
        with np.errstate(divide="ignore"):  # an alpha of 0 gives 0
            samples[done[small]] *= uniforms.take(done[small]) ** (1.0 / shape[small])
        active = np.setdiff1d(active, done, assume_unique=True)
    return samples


def poisson_samples(source: Philox, rate: np.ndarray) -> np.ndarray:
    """One sample for each rate: [n] float64 to [n] float64.

    Sources: Knuth, "Seminumerical algorithms"; from a rate of 10, Hörmann, "The transformed rejection method
    for generating Poisson random variables" (1993).
    """
    if not (np.isfinite(rate) & (rate >= 0)).all():
        raise ValueError("The rates of Poisson distributions must be finite and not negative.")
    stretches = _Stretches(source, len(rate))
    uniforms = _Numbers(stretches, len(rate), uniform_doubles)
    samples = np.zeros(len(rate))
    product = np.ones(len(rate))
    active = np.flatnonzero(rate < 10)
    while len(active):
        product[active] *= uniforms.take(active)
        active = active[product[active] > np.exp(-rate[active])]
        samples[active] += 1
    active = np.flatnonzero(rate >= 10)
    while len(active):
        mean = rate[active]
        b = 0.931 + 2.53 * np.sqrt(mean)
        a = -0.059 + 0.02483 * b
        u, v = uniforms.take(active) - 0.5, uniforms.take(active)
        edge = 0.5 - np.abs(u)
        k = np.floor((2 * a / edge + b) * u + mean + 0.43)
        inside = (edge >= 0.07) & (v <= 0.9277 - 3.6224 / (b - 2))
        outside = (k < 0) | ((edge < 0.013) & (v > edge))
        with np.errstate(divide="ignore", invalid="ignore"):
            s = np.log(v * (1.1239 + 1.1328 / (b - 3.4)) / (a / (edge * edge) + b))
            t = -mean + k * np.log(mean) - torch.lgamma(torch.from_numpy(k + 1)).numpy()
        good = inside | (~outside & (s <= t))
        samples[active[good]] = k[good]
        active = active[~good]
    return samples


def _of_parameters(draw: Any, run: Any, operation: Operation, shape: Any, parameters: Any) -> torch.Tensor:
    """[*shape] samples of each parameter: [*shape, *parameters.shape] float64."""
    sizes = sizes_of(shape)
    flat = parameters.detach().double().reshape(-1).numpy()
    count = scalar_math.prod(sizes)
    drawn = draw(run.random(operation), np.repeat(flat, count))
    return torch.from_numpy(drawn).reshape(len(flat), count).T.reshape([*sizes, *parameters.shape])


class _GammaGradient(torch.autograd.Function):
    """The samples as functions of alpha: what is drawn stays at its place in the distribution."""

    @staticmethod
    def forward(context: Any, alpha: torch.Tensor, samples: torch.Tensor) -> torch.Tensor:
        context.save_for_backward(alpha, samples)
        return samples.clone()

    @staticmethod
    def backward(context: Any, gradient: torch.Tensor) -> Any:
        alpha, samples = context.saved_tensors
        slope = torch.ops.aten._standard_gamma_grad(alpha.expand(samples.shape), samples)
        return (gradient * slope).sum(list(range(samples.dim() - alpha.dim()))), None


def _gamma(run: Any, operation: Operation, shape: torch.Tensor, alpha: torch.Tensor) -> torch.Tensor:
    if not alpha.numel():
        raise ValueError("Input alpha should have non-zero element count, got: 0")
    if not (alpha >= 0).all():
        raise ValueError("The alphas of gamma distributions must not be negative.")
    samples = _of_parameters(gamma_samples, run, operation, shape, alpha).to(alpha.dtype)
    return _GammaGradient.apply(alpha, samples) if alpha.requires_grad else samples


def _poisson(run: Any, operation: Operation, shape: torch.Tensor, rate: torch.Tensor) -> torch.Tensor:
    drawn = _of_parameters(poisson_samples, run, operation, shape, rate)
    return drawn.to(as_dtype(operation.attributes["dtype"]).torch_dtype)


def _parameter_rule(inputs: Any, attributes: dict[str, Any]) -> registry.OutputTypes:
    rank = inputs[0].shape.ndims
    if rank not in (None, 1):
        raise registry.ShapeMismatch(f"Shape must be rank 1 but is rank {rank}")
    shape = registry.constant_shape(inputs[0]).concatenate(inputs[1].shape)
    return [(as_dtype(attributes["dtype"]), shape)]


registry.register("RandomGamma", _gamma, _parameter_rule, stateful=True)
registry.register("RandomPoissonV2", _poisson, _parameter_rule, stateful=True, differentiable=False)


def random_gamma(
    shape: Any,
    alpha: Any,
    beta: Any = None,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Draws from gamma distributions (TF1 symbol: `tf.random_gamma`), differentiable by alpha and beta.

    Args:
        shape: of what is drawn from each distribution.
        alpha: shape parameters, not negative; beta: inverse scales, 1 for None; they broadcast.

    Returns:
        [*shape, *(alpha + beta).shape], of `dtype`.
    """
    with name_scope(name, "random_gamma", [shape, alpha, beta]):
        sizes = convert_to_tensor(shape, int32, name="shape")
        alpha = convert_to_tensor(alpha, dtype, name="alpha")
        beta = convert_to_tensor(1 if beta is None else beta, dtype, name="beta")
        alpha = alpha + array.zeros_like(beta)
        kind = alpha.dtype.base_dtype
        drawn = one("RandomGamma", [sizes, alpha], "RandomGamma", dtype=kind.name, **seed_attributes(seed))
        scaled = drawn / beta
        with name_scope("Maximum") as scope:
            least = convert_to_tensor(float(torch.finfo(kind.torch_dtype).tiny), kind, name="x")
            return one("Maximum", [least, scaled], scope)


def random_poisson_v2(
    shape: Any, lam: Any, dtype: Any = float32, seed: int | None = None, name: str | None = None
) -> Tensor:
    """As `random_poisson`, with the shape first."""
    with name_scope(name, "random_poisson", [lam, shape]):
        sizes = convert_to_tensor(shape, int32, name="shape")
        seeds = seed_attributes(seed)
        with name_scope("RandomPoissonV2") as scope:
            rate = convert_to_tensor(lam, name="rate", preferred_dtype=float32)
            return one("RandomPoissonV2", [sizes, rate], scope, dtype=as_dtype(dtype).name, **seeds)


def random_poisson(
    lam: Any, shape: Any, dtype: Any = float32, seed: int | None = None, name: str | None = None
) -> Tensor:
    """Draws from Poisson distributions (TF1 symbol: `tf.random_poisson`).

    Args:
        lam: rates, not negative.
        shape: of what is drawn from each distribution.
        dtype: of the numbers drawn: floats or integers.

    Returns:
        [*shape, *lam.shape].
    """
    return random_poisson_v2(shape, lam, dtype, seed, name)


# -- crops
def random_crop(value: Any, size: Any, seed: int | None = None, name: str | None = None) -> Tensor:
    """A part of a tensor at a random place (TF1 symbol: `tf.random_crop`).

    Args:
        value: a tensor of any shape.
        size: the shape of the part, a size for each axis.

    Raises:
        tf.errors.InvalidArgumentError: when run, a size that is larger than the tensor's.
    """
    with name_scope(name, "random_crop", [value, size]) as scope:
        value = convert_to_tensor(value, name="value")
        size = convert_to_tensor(size, int32, name="size")
        rank = value.shape.ndims
        if rank is not None and not size.shape.is_compatible_with([rank]):
            raise ValueError(
                f"Dimension 0 in both shapes must be equal, but are {rank} and {size.shape[0]}: the size has "
                "a number for each axis of the value."
            )
        shape = array.shape(value)
        fits = reductions.reduce_all(math.greater_equal(shape, size))
        check = asserting.Assert(fits, ["Need value.shape >= size, got ", shape, size], summarize=1000)
        limit = with_dependencies([check], shape) - size + 1
        place = random_uniform(array.shape(shape), dtype=int32, maxval=2**31 - 1, seed=seed) % limit
        return slicing.slice_(value, place, size, name=scope)
