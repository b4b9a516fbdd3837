"""What the layers ask of their arguments, and what they say when it is not so.

Where torch.nn raises a ValueError, a TypeError or a RuntimeError, so does this, for code that catches it.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from ostinato._state import is_autocast_enabled
from ostinato.cells.zoneout import check_probability


def check_size(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an integer, but is {value!r}.")
    if value < 1:
        raise ValueError(f"{name} must be greater than zero, but is {value}.")


def check_flag(name: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, but is {value!r}.")


def check_dropout(dropout: Any, num_layers: int) -> float:
    probability = check_probability("dropout", dropout)
    if probability and num_layers == 1:
        warnings.warn(
            f"dropout={dropout} drops what passes from one layer to the next, but num_layers is 1: nothing "
            "is dropped. Put an nn.Dropout after the layer, or use more layers.",
            stacklevel=4,
        )
    return probability


def check_projection(proj_size: Any, hidden_size: int) -> None:
    if isinstance(proj_size, bool) or not isinstance(proj_size, int):
        raise TypeError(f"proj_size must be an integer, but is {proj_size!r}.")
    if not 0 <= proj_size < hidden_size:
        raise ValueError(
            "proj_size must be 0 (no projection) or a positive number smaller than hidden_size "
            f"{hidden_size}, but is {proj_size}."
        )


def check_input(name: str, given: Any, input_size: int, weight: Tensor) -> None:
    """Raise where `given` is no input for a layer whose first weight is `weight`."""
    tensor = given.data if isinstance(given, PackedSequence) else given
    if not isinstance(tensor, Tensor):
        raise TypeError(
            f"{name} needs a tensor or a PackedSequence as its input, but got a {type(given).__name__}."
        )
    if isinstance(given, PackedSequence):
        if tensor.dim() != 2:
            raise RuntimeError(
                f"{name} needs a PackedSequence whose steps are [input_size], but its data has the shape "
                f"{list(tensor.shape)}, where 2 dimensions belong."
            )
    elif tensor.dim() not in (2, 3):
        raise ValueError(
            f"{name} needs an input of 3 dimensions (or of 2: one sequence without a batch), but got one of "
            f"the shape {list(tensor.shape)}."
        )
    if tensor.shape[-1] != input_size:
        raise RuntimeError(
            f"{name} has input_size {input_size}, but got an input of the shape {list(tensor.shape)}: its "
            f"last dimension must be {input_size}."
        )
    _check_device(name, "input", tensor, weight)
    if not _fits(weight, tensor):
        other_way = f" or the layer with layer.to({tensor.dtype})" if tensor.is_floating_point() else ""
        raise ValueError(
            f"{name} has weights of dtype {weight.dtype}, but got an input of dtype {tensor.dtype}: convert "
            f"the input with input.to({weight.dtype}){other_way}."
        )


def check_states(
    name: str,
    states: Sequence[Any],
    names: Sequence[str],
    shapes: Sequence[tuple[int, ...]],
    weight: Tensor,
) -> None:
    """Raise where `states` are not tensors of `shapes` in the dtype and on the device of `weight`."""
    for state, what, shape in zip(states, names, shapes, strict=True):
        if not isinstance(state, Tensor):
            raise TypeError(f"{name} needs a tensor as {what}, but got a {type(state).__name__}.")
        if tuple(state.shape) != shape:
            raise RuntimeError(
                f"{name} needs {what} of the shape {list(shape)} for this input, but got {list(state.shape)}."
            )
        _check_device(name, what, state, weight)
        if not _fits(weight, state):
            raise RuntimeError(
                f"{name} has weights of dtype {weight.dtype}, but got {what} of dtype {state.dtype}: convert "
                f"it with {what}.to({weight.dtype})."
            )


def _fits(weight: Tensor, tensor: Tensor) -> bool:
    """Whether the dtype is that of the weights, or one that autocast would bring to it."""
    autocast = is_autocast_enabled(tensor.device) and tensor.is_floating_point()
    return tensor.dtype == weight.dtype or autocast


def _check_device(name: str, what: str, tensor: Tensor, weight: Tensor) -> None:
    if tensor.device != weight.device:
        raise RuntimeError(
            f"{name} has its weights on the device {weight.device}, but got {what} on {tensor.device}."
        )


def check_lengths_fit(name: str, given: Any, sequence_length: Any) -> None:
    if sequence_length is not None and isinstance(given, PackedSequence):
        raise ValueError(
            f"{name} got a PackedSequence, which holds its rows' lengths, and sequence_length besides: pass "
            "one of the two."
        )


def as_lengths_of_one(sequence_length: Any) -> Any:
    """The length of an input without a batch, a number, as the lengths of a batch of one row."""
    if sequence_length is None:
        return None
    if isinstance(sequence_length, Tensor):
        return sequence_length.reshape(1) if sequence_length.dim() == 0 else sequence_length
    return torch.tensor([sequence_length]) if isinstance(sequence_length, int) else sequence_length
