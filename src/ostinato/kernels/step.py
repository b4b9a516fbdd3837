"""A single step of an LSTM without a backward pass, for a few rows: what streaming calls thousands of times a
second. Most of such a step is the way to it, so this looks at no more than it must.
"""

from __future__ import annotations

import ctypes
from typing import Any

import torch
from torch import Tensor

from ostinato._state import LSTMStateTuple
from ostinato.kernels import eager
from ostinato.kernels.native import library
from ostinato.memory.environment import is_repeatable
from ostinato.steps import LSTM

# More rows are a matrix product that torch does better on weights that are not packed.
_MOST_ROWS = 4
_DTYPES = {torch.float32: 0, torch.float64: 1}
_byref = ctypes.byref


def runs(family: Any) -> bool:
    """Whether `lstm_step` knows the family."""
    return (
        type(family) is LSTM
        and family.activation in library.ACTIVATIONS
        and not (family.use_peepholes or family.layer_norm)
        and family.num_proj is None
    )


def lstm_step(
    family: Any, kernel: Tensor, bias: Tensor, inputs: Tensor, state: Any
) -> tuple[Tensor, LSTMStateTuple] | None:
    """The output and the new state, or None where something is not as this needs it: then the step of torch
    ops runs, or says what is wrong.
    """
    if type(state) is not LSTMStateTuple or not eager.is_eager() or is_repeatable():
        return None
    c, h = state
    if type(inputs) is not Tensor or type(c) is not Tensor or type(h) is not Tensor:
        return None
    if torch.is_grad_enabled() and (
        kernel.requires_grad
        or bias.requires_grad
        or inputs.requires_grad
        or c.requires_grad
        or h.requires_grad
    ):
        return None
    dtype = kernel.dtype
    units, rows, shape = family.num_units, kernel.shape[0], inputs.shape
    if (
        dtype not in _DTYPES
        or len(shape) != 2
        or not 0 < shape[0] <= _MOST_ROWS
        or shape[1] + units != rows
        or kernel.shape[1] != 4 * units
        or bias.shape != (4 * units,)
        or not c.shape == h.shape == (shape[0], units)
        or not dtype == inputs.dtype == c.dtype == h.dtype == bias.dtype
        or not (inputs.is_cpu and c.is_cpu and h.is_cpu and kernel.is_cpu)
        or not (inputs.is_contiguous() and c.is_contiguous() and h.is_contiguous())
        or not (kernel.is_contiguous() and bias.is_contiguous())
        or inputs.is_neg()
        or c.is_neg()
        or h.is_neg()
        or torch.is_autocast_enabled("cpu")
    ):
        return None
    build = library.load()
    if build is None:
        return None
    new_c, new_h = torch.empty_like(c), torch.empty_like(h)
    call = library.Call(_DTYPES[dtype], 1, shape[0], shape[1], units, units)
    call.activation = library.ACTIVATIONS.index(str(family.activation))
    call.forget_bias = family.forget_bias
    call.cell_clip = -1.0 if family.cell_clip is None else family.cell_clip
    call.inputs, call.inputs_batch = inputs.data_ptr(), shape[1]
    call.state[0], call.state[1] = c.data_ptr(), h.data_ptr()
    call.final_state[0], call.final_state[1] = new_c.data_ptr(), new_h.data_ptr()
    call.parameters[0], call.parameters[1] = kernel.data_ptr(), bias.data_ptr()
    call.threads, call.parallel_for = library.threads(), library.parallel_for()
    if build.ostinato_lstm_step(_byref(call)) != 0:
        return None
    return new_h, LSTMStateTuple(new_c, new_h)
