"""A single step of an LSTM in a loop that is trained: one node of autograd around torch's product and the
native gates (`ostinato.kernels.gates`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from ostinato._state import LSTMStateTuple, is_autocast_enabled
from ostinato.kernels import gates
from ostinato.kernels.native import library
from ostinato.memory.environment import is_repeatable
from ostinato.memory.invariant import LoopInvariant
from ostinato.steps import LSTM

_DTYPES = (torch.float32, torch.float64)
_PLAIN = (Tensor, torch.nn.Parameter)


def trained_step(
    family: Any, parameters: Mapping[str, Tensor], inputs: Tensor, state: Any
) -> tuple[Tensor, Any] | None:
    """The output and the new state of a step that a gradient may be taken through, or None where something
    is not as this needs it: then the step of torch ops runs, or says what is wrong.
    """
    if (
        type(family) is not LSTM
        or type(state) is not LSTMStateTuple
        or family.use_peepholes
        or family.layer_norm
        or family.num_proj is not None
        or family.cell_clip is not None
        or family.activation not in library.ACTIVATIONS
        or not torch.is_grad_enabled()
    ):
        return None
    c, h = state
    kernel, bias = parameters["kernel"], parameters["bias"]
    activation, factors = library.ACTIVATIONS.index(str(family.activation)), None
    if isinstance(kernel, LoopInvariant):
        factors, kernel = kernel.factors, kernel.plain
    if not _suits(family.num_units, kernel, bias, inputs, c, h):
        return None
    new_h, new_c = _LSTMStep.apply(  # type: ignore[no-untyped-call]
        family, activation, factors, kernel, bias, inputs, c, h
    )
    return new_h, LSTMStateTuple(new_c, new_h)


def _suits(units: int, kernel: Tensor, bias: Tensor, inputs: Tensor, c: Tensor, h: Tensor) -> bool:
    # Spelled out: this is on the way to every step.
    dtype = kernel.dtype
    shape = inputs.shape
    return (
        type(kernel) in _PLAIN
        and type(bias) in _PLAIN
        and type(inputs) in _PLAIN
        and type(c) in _PLAIN
        and type(h) in _PLAIN
        and (
            kernel.requires_grad
            or bias.requires_grad
            or inputs.requires_grad
            or c.requires_grad
            or h.requires_grad
        )
        and dtype in _DTYPES
        and dtype is bias.dtype is inputs.dtype is c.dtype is h.dtype
        and kernel.is_cpu
        and bias.is_cpu
        and inputs.is_cpu
        and c.is_cpu
        and h.is_cpu
        and len(shape) == 2
        and shape.numel() > 0
        and c.shape == h.shape == (shape[0], units)
        and kernel.shape == (shape[1] + units, 4 * units)
        and bias.shape == (4 * units,)
        and c.is_contiguous()
        and not c.is_neg()
        and not torch.compiler.is_compiling()
        and torch._C._functorch.peek_interpreter_stack() is None
        and forward_ad._current_level < 0
        and torch._C._get_tracing_state() is None
        and not is_repeatable()
        and not is_autocast_enabled(kernel.device)
        and gates.is_available()
    )


def _of_kernel(needed: bool, factors: Any, left: Tensor, right: Tensor) -> Tensor | None:
    if not needed:
        return None
    if factors is None:
        return left.t() @ right
    factors.add(left, right, 0)
    return None


def _again(ctx: Any, *grads: Tensor | None) -> tuple[Any, ...]:
    """The gradients by torch's own operations, which can be differentiated themselves."""
    tensors, needed = ctx.saved_tensors[:5], ctx.needs_input_grad[3:]
    kernel, bias, inputs, c, h = tensors
    output, state = ctx.family.step({"kernel": kernel, "bias": bias}, inputs, LSTMStateTuple(c, h))
    pairs = [(made, grad) for made, grad in zip((output, state.c), grads, strict=True) if grad is not None]
    ends, given = zip(*pairs, strict=True)
    wanted = [tensor for tensor, need in zip(tensors, needed, strict=True) if need]
    found = iter(torch.autograd.grad(ends, wanted, given, create_graph=True, allow_unused=True))
    return (None, None, None, *[next(found) if need else None for need in needed])


class _LSTMStep(torch.autograd.Function):
    """(kernel, bias, inputs, c, h) to the new h and c."""

    @staticmethod
    def forward(
        ctx: Any,
        family: LSTM,
        activation: int,
        factors: Any,
        kernel: Tensor,
        bias: Tensor,
        inputs: Tensor,
        c: Tensor,
        h: Tensor,
    ) -> tuple[Tensor, Tensor]:
        native, joined = gates.operators(), torch.cat((inputs, h), 1)
        sums = torch.addmm(bias, joined, kernel)
        made, new_c, new_h = native.lstm_gates(sums, c, family.forget_bias, activation)
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(kernel, bias, inputs, c, h, joined, made, new_c)
        ctx.family, ctx.activation, ctx.factors = family, activation, factors
        return new_h, new_c

    @staticmethod
    def backward(ctx: Any, grad_h: Tensor | None, grad_c: Tensor | None) -> Any:
        if grad_h is None and grad_c is None:
            return (None,) * 8
        if torch.is_grad_enabled():
            return _again(ctx, grad_h, grad_c)
        kernel, _, inputs, c, _, joined, made, new_c = ctx.saved_tensors
        of_h, of_c = (None if grad is None else grad.contiguous() for grad in (grad_h, grad_c))
        native = gates.operators()
        of_sums, of_state = native.lstm_gates_backward(made, c, new_c, of_c, of_h, ctx.activation)
        need = ctx.needs_input_grad[3:]
        of_inputs, of_last = _of_joined(of_sums, kernel, inputs.shape[1], need[2], need[4])
        return (
            *(None, None, None, _of_kernel(need[0], ctx.factors, joined, of_sums)),
            of_sums.sum(0) if need[1] else None,
            *(of_inputs, of_state, of_last),
        )


def _of_joined(
    grad: Tensor, kernel: Tensor, inputs: int, of_inputs: bool, of_state: bool
) -> tuple[Tensor | None, Tensor | None]:
    """The gradients of inputs and state, which one product has side by side."""
    if of_inputs and of_state:
        found = grad @ kernel.t()
        return found[:, :inputs], found[:, inputs:]
    if of_inputs:
        return grad @ kernel[:inputs].t(), None
    return None, grad @ kernel[inputs:].t() if of_state else None
