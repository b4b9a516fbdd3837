"""States and nests of tensors.

A nest is what optree calls a tree: tuples, named tuples, lists and dicts are structure. A `torch.Size` is
a leaf, so that a `state_size` can say "one tensor of shape [3, 4]" (`torch.Size([3, 4])`) apart from "two
tensors, of 3 and 4 units" (`(3, 4)`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import optree
import torch
from torch import Tensor

Nest = Any
"""A tensor (or another leaf), or a tuple, named tuple, list or dict of nests."""


class LSTMStateTuple(NamedTuple):
    """The state of an LSTM: `c` (the cell state) and `h` (the output). TF1: `tf.nn.rnn_cell.LSTMStateTuple`.

    >>> LSTMStateTuple(c=1, h=2).h
    2
    """

    c: Any
    h: Any


def size_to_shape(size: int | torch.Size) -> tuple[int, ...]:
    """The shape, without the batch, that a leaf of a `state_size` or an `output_size` stands for."""
    return tuple(size) if isinstance(size, torch.Size) else (int(size),)


def leaves(nest: Nest) -> list[Any]:
    return optree.tree_leaves(nest)


def flatten(nest: Nest) -> tuple[list[Any], Callable[[Sequence[Any]], Nest]]:
    """The leaves of `nest`, and the function that puts a list of as many leaves back into its structure."""
    values, structure = optree.tree_flatten(nest)
    return values, lambda new: optree.tree_unflatten(structure, new)


def map_nest(function: Callable[..., Any], nest: Nest, *others: Nest) -> Nest:
    return optree.tree_map(function, nest, *others)


def detach_state(state: Nest) -> Nest:
    """The same state, with no gradient behind it: for truncated backpropagation through time, where a
    sequence goes on from one training step to the next.

    >>> weight = torch.ones(2, requires_grad=True)
    >>> detach_state(LSTMStateTuple(c=2 * weight, h=weight)).c.requires_grad
    False
    """
    return map_nest(lambda leaf: leaf.detach() if isinstance(leaf, Tensor) else leaf, state)


def zeros(size: Nest, batch_size: int, dtype: torch.dtype | None, device: torch.device | str | None) -> Nest:
    """A nest of zero tensors `[batch_size, ...]` for a `state_size` or an `output_size`."""
    if type(size) is int:
        return torch.zeros(batch_size, size, dtype=dtype, device=device)
    if type(size) is LSTMStateTuple and type(size.c) is type(size.h) is int:
        c, h = (torch.zeros(batch_size, leaf, dtype=dtype, device=device) for leaf in size)
        return LSTMStateTuple(c, h)
    return optree.tree_map(
        lambda leaf: torch.zeros(batch_size, *size_to_shape(leaf), dtype=dtype, device=device),
        size,
        is_leaf=_is_shape,
    )


def _is_shape(node: Any) -> bool:
    # optree knows by itself that a torch.Size is a leaf; what torch.compile puts in its place does not.
    return isinstance(node, torch.Size)


def describe(nest: Nest) -> str:
    """The structure of `nest` for an error message: tensors and sizes as their shapes."""
    return str(map_nest(lambda leaf: _Shape(leaf), nest))


class _Shape:
    def __init__(self, leaf: Any) -> None:
        self.leaf = leaf

    def __repr__(self) -> str:
        if isinstance(self.leaf, Tensor):
            return str(list(self.leaf.shape))
        return str(list(self.leaf)) if isinstance(self.leaf, torch.Size) else repr(self.leaf)


def check_state(state: Nest, state_size: Nest, batch_size: int, name: str) -> None:
    """Raise where `state` is not a nest of tensors `[batch_size, ...]` in the structure and the sizes of
    `state_size`.

    Raises:
        TypeError: the structure differs, or a leaf is no tensor.
        ValueError: a shape differs.
    """
    if type(state) is Tensor and type(state_size) is int and state.shape == (batch_size, state_size):
        return  # as below: what follows would find the same
    if type(state) is type(state_size) is LSTMStateTuple and all(
        type(leaf) is Tensor and type(size) is int and leaf.shape == (batch_size, size)
        for leaf, size in zip(state, state_size, strict=True)
    ):
        return  # what follows would find the same, and this is on the way to every sequence
    sizes, structure = optree.tree_flatten(state_size, is_leaf=_is_shape)
    if optree.tree_structure(state) != structure:
        raise TypeError(
            f"{name} and the cell's state_size don't have the same nested structure: got {describe(state)} "
            f"for the state_size {describe(state_size)}. Pass a state such as cell.zero_state(batch_size) "
            "returns."
        )
    for leaf, size in zip(leaves(state), sizes, strict=True):
        if not isinstance(leaf, Tensor):
            raise TypeError(f"{name} must hold tensors, but holds a {type(leaf).__name__}: {leaf!r}.")
        shape = (batch_size, *size_to_shape(size))
        # A state without a batch, a step counter for one, has rank 0 and goes from step to step as it is.
        without_batch = not leaf.dim() and not size_to_shape(size)
        if tuple(leaf.shape) != shape and not without_batch:
            raise ValueError(
                f"{name} has a tensor of shape {list(leaf.shape)} where the cell needs {list(shape)}."
            )


def is_autocast_enabled(device: torch.device) -> bool:
    """Whether autocast is on for `device`; on a device that knows no autocast (meta) it is not."""
    return torch.amp.is_autocast_available(device.type) and torch.is_autocast_enabled(device.type)
