"""What a native kernel is handed must have the sizes it is told: it sees addresses, and what lies beyond a
tensor's end it would read, or write, all the same.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from math import prod
from typing import Any

import torch
from torch import Tensor

from ostinato._state import leaves
from ostinato.steps import LSTM, Family


def check_sequence(
    family: Family,
    inputs: Tensor,
    sequence_length: Tensor | None,
    state: Sequence[Tensor],
    parameters: Sequence[Tensor],
) -> None:
    """Check what a sequence op is given, inputs `[time, batch, input_size]` and the rest after them.

    Raises:
        ValueError: a number of tensors or a shape that does not fit.
        TypeError: lengths that are no integers.
    """
    if inputs.dim() != 3:
        raise ValueError(
            f"inputs must be [time, batch, input_size], but have the shape {list(inputs.shape)}."
        )
    _, batch_size, input_size = inputs.shape
    if sequence_length is not None:
        _check("sequence_length", sequence_length, (batch_size,))
        if sequence_length.is_floating_point() or sequence_length.is_complex():
            raise TypeError(f"sequence_length must hold integers, but has dtype {sequence_length.dtype}.")
    described: Any = family  # a frozen dataclass, so it hashes; the protocol does not say so
    sizes, shapes = _sizes(described, input_size)
    if len(state) != len(sizes) or len(parameters) != len(shapes):
        raise ValueError(
            f"{family} has {len(sizes)} state tensors and {len(shapes)} parameters, "
            f"but got {len(state)} and {len(parameters)}."
        )
    for index, (leaf, size) in enumerate(zip(state, sizes, strict=True)):
        _check(f"state[{index}]", leaf, (batch_size, size))
    for parameter, (name, shape) in zip(parameters, shapes, strict=True):
        _check(name, parameter, shape)


def check_results(
    family: Family,
    inputs: Tensor,
    outputs: tuple[Tensor, Tensor | None],
    kept: tuple[Sequence[Tensor], Sequence[Tensor | None]],
    state: tuple[Sequence[Tensor], Sequence[Tensor | None]],
) -> None:
    """Check what a backward op is given beside: results of the forward pass, each with its gradient or None.

    Autograd hands on what fits, but the op can be called by itself.

    Raises:
        ValueError: a number of tensors, a shape or a dtype that does not fit.
    """
    time, batch_size, _ = inputs.shape
    count = int(isinstance(family, LSTM))
    if len(kept[0]) != count or len(kept[1]) != count or len(state[1]) != len(state[0]):
        raise ValueError(
            f"{family} keeps {count} tensors and has {len(state[0])} state tensors, but got {len(kept[0])} "
            f"kept, {len(kept[1])} gradients of those, and {len(state[1])} of the state."
        )
    for name, pair, size in (
        ("outputs", outputs, family.output_size),
        ("kept", (*kept[0], *kept[1]), family.num_units),
    ):
        for leaf in pair:
            _check(f"{name} and their gradient", leaf, (time, batch_size, size), inputs.dtype)
    for leaf, gradient in zip(*state, strict=True):
        _check("the gradient of a state", gradient, leaf.shape, inputs.dtype)


def check_gates(inputs: Tensor, gates: Sequence[Tensor], shape: tuple[int, ...]) -> None:
    """Check the gates that a forward pass kept, where it did.

    Raises:
        ValueError: more than one tensor, or a shape or a dtype that does not fit.
    """
    if len(gates) > 1:
        raise ValueError(f"A sequence keeps its gates in one tensor, but got {len(gates)}.")
    for leaf in gates:
        _check("the kept gates", leaf, shape, inputs.dtype)


def _check(
    name: str, tensor: Tensor | None, shape: tuple[int, ...], dtype: torch.dtype | None = None
) -> None:
    if tensor is None:
        return
    if tensor.shape != shape:
        raise ValueError(f"{name} must have the shape {list(shape)} here, but has {list(tensor.shape)}.")
    if dtype is not None and tensor.dtype != dtype:
        raise ValueError(f"{name} must have the dtype {dtype} here, but has {tensor.dtype}.")


def count_weights(family: Family, input_size: int) -> int:
    """How many values the parameters have."""
    described: Any = family
    return sum(prod(shape) for _, shape in _sizes(described, input_size)[1])


@functools.lru_cache(maxsize=256)
def _sizes(family: Any, input_size: int) -> tuple[tuple[int, ...], tuple[tuple[str, tuple[int, ...]], ...]]:
    parameters = family.parameters(input_size)
    return tuple(leaves(family.state_size)), tuple((spec.name, spec.shape) for spec in parameters)
