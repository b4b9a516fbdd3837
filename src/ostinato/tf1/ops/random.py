"""Random operations. Each node has its own stream of numbers in each session, seeded from the graph's and its
own seed.
"""

from __future__ import annotations

from typing import Any

import torch

from .. import registry
from ..dtypes import as_dtype, float32
from ..graph import get_seed, name_scope
from ..tensor import Operation, Tensor
from .core import convert_to_tensor, one, shape_tensor


def _rule(inputs: Any, attributes: dict[str, Any]) -> registry.OutputTypes:
    return [(as_dtype(attributes["dtype"]), registry.constant_shape(inputs[0]))]


def _normal(
    run: Any, operation: Operation, sizes: torch.Tensor, mean: torch.Tensor, stddev: torch.Tensor
) -> Any:
    noise = torch.randn(sizes.tolist(), generator=run.generator(operation), dtype=mean.dtype)
    return noise * stddev + mean


def _truncated(
    run: Any, operation: Operation, sizes: torch.Tensor, mean: torch.Tensor, stddev: torch.Tensor
) -> Any:
    noise = torch.empty(sizes.tolist(), dtype=mean.dtype)
    torch.nn.init.trunc_normal_(noise, 0.0, 1.0, -2.0, 2.0, generator=run.generator(operation))
    return noise * stddev + mean


def _uniform(
    run: Any, operation: Operation, sizes: torch.Tensor, low: torch.Tensor, high: torch.Tensor
) -> Any:
    generator = run.generator(operation)
    if low.is_floating_point():
        return torch.rand(sizes.tolist(), generator=generator, dtype=low.dtype) * (high - low) + low
    return torch.randint(int(low), int(high), sizes.tolist(), generator=generator, dtype=low.dtype)


def _run_seed(run: Any, operation: Operation) -> torch.Tensor:
    return torch.randint(0, 2**62, (), generator=run.generator(operation), dtype=torch.int64)


for _type, _compute in [
    ("RandomStandardNormal", _normal),
    ("TruncatedNormal", _truncated),
    ("RandomUniform", _uniform),
]:
    registry.register(_type, _compute, _rule, stateful=True)
registry.register(
    "RandomSeed",
    _run_seed,
    lambda i, a: [(as_dtype("int64"), registry.TensorShape([]))],
    stateful=True,
    differentiable=False,
)


def _random(
    op_type: str, scope_name: str, shape: Any, parts: list[tuple[Any, str]], dtype: Any, seed: Any, name: Any
) -> Tensor:
    kind = as_dtype(dtype).base_dtype
    with name_scope(name, scope_name) as scope:
        inputs = [shape_tensor(shape), *[convert_to_tensor(value, kind, name=part) for value, part in parts]]
        graph_seed, op_seed = get_seed(seed)
        return one(op_type, inputs, scope, dtype=kind.name, seed=graph_seed, seed2=op_seed)


def random_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Draws from a normal distribution (TF1 symbol: `tf.random_normal`); each run of the node draws anew."""
    return _random(
        "RandomStandardNormal",
        "random_normal",
        shape,
        [(mean, "mean"), (stddev, "stddev")],
        dtype,
        seed,
        name,
    )


def truncated_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Draws from a normal distribution cut at two standard deviations (TF1 symbol: `tf.truncated_normal`)."""
    return _random(
        "TruncatedNormal", "truncated_normal", shape, [(mean, "mean"), (stddev, "stddev")], dtype, seed, name
    )


def random_uniform(
    shape: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Draws from [minval, maxval) (TF1 symbol: `tf.random_uniform`)."""
    kind = as_dtype(dtype)
    if maxval is None:
        if kind.is_integer:
            raise ValueError(f"Must specify maxval for integer dtype {kind.name}")
        maxval = 1
    return _random(
        "RandomUniform", "random_uniform", shape, [(minval, "min"), (maxval, "max")], dtype, seed, name
    )


def run_seed(seed: int | None = None, name: str = "seed") -> Tensor:
    """A number drawn once a run: what all the dropout masks of a driver's call are functions of."""
    graph_seed, op_seed = get_seed(seed)
    return one("RandomSeed", [], name, seed=graph_seed, seed2=op_seed)
