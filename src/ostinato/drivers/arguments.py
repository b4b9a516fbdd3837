"""What the drivers ask of their arguments, and what they say when it is not so."""

from __future__ import annotations

import mmap
import warnings
from typing import Any

import numpy
import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from ostinato._external import external
from ostinato._state import Nest, check_state, is_autocast_enabled, leaves
from ostinato.cells import has_known_values


def check_no_packed_sequence(driver: str, inputs: Any) -> None:
    if isinstance(inputs, PackedSequence):
        raise TypeError(
            f"{driver} takes padded inputs and the rows' lengths, not a PackedSequence: pass "
            "x, lengths = torch.nn.utils.rnn.pad_packed_sequence(packed, batch_first=True), then "
            f"{driver}(cell, x, sequence_length=lengths)."
        )


def from_disk(leaf: Any) -> Any:
    """A `numpy.memmap` as a tensor over the same file; all else as it is."""
    if not isinstance(leaf, numpy.memmap):
        return leaf
    with warnings.catch_warnings():
        # A file that is open for reading cannot be written to: nothing here does.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        try:
            return torch.from_numpy(leaf)
        except (TypeError, ValueError) as problem:
            raise TypeError(
                f"inputs on disk have the dtype {leaf.dtype} and the strides {leaf.strides}, which a tensor "
                f"cannot have ({problem}): write them in this machine's byte order, "
                "in a dtype that torch knows."
            ) from problem


def files_of(inputs: Nest) -> list[mmap.mmap]:
    """The files that leaves of `inputs` are in, of which memory holds nothing that they do not."""
    return [
        leaf._mmap  # type: ignore[attr-defined]
        for leaf in leaves(inputs)
        if isinstance(leaf, numpy.memmap) and leaf.mode != "c" and _is_in_file(leaf)
    ]


def _is_in_file(leaf: Any) -> bool:
    # numpy calls a copy of a part of a file in memory a memmap too.
    return getattr(leaf, "_mmap", None) is not None


def check_input_leaf(leaf: Any) -> None:
    if not isinstance(leaf, Tensor):
        raise TypeError(
            f"inputs must be tensors, but hold a {type(leaf).__name__}. "
            "Convert arrays with torch.as_tensor first."
        )


def sequence_lengths(sequence_length: Any, batch_size: int, device: torch.device) -> Tensor | None:
    """The lengths as an int64 tensor `[batch]` on `device`.

    Rank, shape and dtype are always checked. Values are where that costs no wait for a device and does not
    break a compiler's graph.
    """
    if sequence_length is None:
        return None
    try:
        lengths = torch.as_tensor(sequence_length)
    except (TypeError, ValueError, RuntimeError) as problem:
        raise TypeError(f"sequence_length must be integers [batch], but is {sequence_length!r}.") from problem
    if not isinstance(sequence_length, Tensor) and not lengths.numel():
        lengths = lengths.to(torch.int64)  # an empty list has no dtype of its own
    if lengths.dim() != 1:
        raise ValueError(
            f"sequence_length must be a vector of length batch_size, but saw shape: {tuple(lengths.shape)}."
        )
    if lengths.dtype == torch.bool or lengths.is_floating_point() or lengths.is_complex():
        raise TypeError(f"sequence_length must hold integers, but has dtype {lengths.dtype}.")
    if lengths.shape[0] != batch_size:
        raise ValueError(
            f"sequence_length has {lengths.shape[0]} entries, but the inputs have {batch_size} rows."
        )
    lengths = lengths.to(torch.int64)
    if has_known_values(lengths) and batch_size:
        _check_not_negative(lengths)
    # A copy: what the caller does with the lengths later must not reach the backward pass.
    return lengths.to(device, copy=True)


@external
def _check_not_negative(lengths: Tensor) -> None:
    if int(lengths.min()) < 0:
        raise ValueError(f"sequence_length must not be negative, but holds {int(lengths.min())}.")


def steps_to_run(lengths: Tensor | None, time: int) -> int:
    """How many steps can change anything: where the lengths are known, those after the longest row are
    left out.
    """
    if lengths is None or not has_known_values(lengths) or not lengths.numel():
        return time
    return max(1, min(time, int(lengths.max())))


def initial_state(
    cell: Any, state: Nest, batch_size: int, dtype: torch.dtype | None, inputs: list[Tensor]
) -> Nest:
    """The given state, checked, or zeros in `dtype`, else the dtype that all leaves of the inputs have, else
    the cell's own.
    """
    like = inputs[0]
    if state is not None:
        check_state(state, cell.state_size, batch_size, "initial_state")
        return state
    alike = all(leaf.dtype == like.dtype for leaf in inputs)
    if dtype is None and alike and like.is_floating_point() and not is_autocast_enabled(like.device):
        dtype = like.dtype
    if dtype is not None and not dtype.is_floating_point and not dtype.is_complex:
        raise ValueError(f"RNN cell only supports floating point inputs, but saw dtype: {dtype}.")
    return cell.zero_state(batch_size, dtype, like.device)


def time_and_batch(inputs: Nest) -> tuple[int, int]:
    """The (time, batch) that all leaves of time-major `inputs` share."""
    sizes = [tuple(leaf.shape[:2]) for leaf in leaves(inputs)]
    # Compared, not hashed: a traced size can only be compared.
    if any(size != sizes[0] for size in sizes):
        raise ValueError(
            f"All inputs must have the same time and batch sizes, but they have (time, batch) = {sizes}."
        )
    return sizes[0]
