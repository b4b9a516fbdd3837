"""A family as a kernel is told of it: the fields of a `Call` that say what runs, and which symbol runs it."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ostinato.kernels.native import library
from ostinato.steps import GRU, LSTM, BasicRNN, Family, ResetAfterGRU

KERNELS: dict[type, str] = {
    BasicRNN: "basic_rnn",
    GRU: "gru",
    ResetAfterGRU: "gru_reset_after",
    LSTM: "lstm",
}
DTYPES = {torch.float32: 0, torch.float64: 1}
_ROUNDED = 2  # float32 whose products round their operands to bfloat16


class Workspace(NamedTuple):
    """What a call takes beside what it is given.

    `bytes` are one block, which the thread keeps for its next call, of whatever kernel, unless they are more
    than 256 MiB. A backward pass sums over the gradients of `chunk_steps` steps at a time, from its last one
    on; 0 in a forward pass.
    """

    bytes: int
    chunk_steps: int


def symbol(family: Family, direction: str) -> str:
    """The name of the kernel."""
    return f"ostinato_{KERNELS[type(family)]}_{direction}"


def describe(
    family: Any, batch_size: int, input_size: int, dtype: torch.dtype, round_to_bfloat16: bool
) -> library.Call:
    """A call with all that needs no tensor, but for its number of steps."""
    call = library.Call()
    call.dtype = _ROUNDED if round_to_bfloat16 and dtype == torch.float32 else DTYPES[dtype]
    call.batch, call.input_size = batch_size, input_size
    call.units, call.output_size = family.num_units, family.output_size
    call.activation = library.ACTIVATIONS.index(family.activation)
    call.cell_clip = call.proj_clip = -1.0
    if isinstance(family, LSTM):
        call.peepholes, call.layer_norm = family.use_peepholes, family.layer_norm
        call.forget_bias = family.forget_bias
        if family.cell_clip is not None:
            call.cell_clip = family.cell_clip
        if family.proj_clip is not None:
            call.proj_clip = family.proj_clip
    call.threads, call.parallel_for = library.threads(), library.parallel_for()
    return call


def fill(places: Any, tensors: Sequence[Tensor | None]) -> None:
    """Point to the tensors, in their order."""
    for place, tensor in enumerate(tensors):
        places[place] = None if tensor is None else tensor.data_ptr()


def fill_parameters(family: Family, places: Any, tensors: Sequence[Tensor]) -> None:
    """Parameters in their places: in the family's order, an LSTM's with gaps for those that it has not."""
    if not isinstance(family, LSTM):
        fill(places, tensors)
        return
    rest = iter(tensors)
    places[0] = next(rest).data_ptr()
    if not family.layer_norm:
        places[1] = next(rest).data_ptr()
    if family.use_peepholes:
        for place in range(2, 5):
            places[place] = next(rest).data_ptr()
    if family.num_proj is not None:
        places[PROJECTION] = next(rest).data_ptr()
    for place, tensor in enumerate(rest, start=6):
        places[place] = tensor.data_ptr()


PROJECTION = 5
"""The place of an LSTM's projection, of which a kernel must know that there is one."""


def ask(family: Family, direction: str, call: library.Call) -> Workspace:
    """What the call takes; nothing runs.

    Raises:
        RuntimeError: there is no native code here.
    """
    build = library.load()
    if build is None:
        raise RuntimeError(
            "Native kernels were asked how much memory they take, but the reference runs here: "
            "ostinato.kernels.available() says why."
        )
    answer = (ctypes.c_int64 * 2)()
    before, call.query = call.query, ctypes.addressof(answer)
    try:
        getattr(build, symbol(family, direction))(ctypes.byref(call))
    finally:
        call.query = before
    return Workspace(*answer)
