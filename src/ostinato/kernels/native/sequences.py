"""Whole sequences through the native library: tensors to addresses, and a long sequence in parts."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ostinato.kernels.layout import empty_outputs
from ostinato.kernels.native import library
from ostinato.kernels.native.shapes import check_results, check_sequence
from ostinato.steps import LSTM, Family

_KERNELS: dict[type, str] = {LSTM: "lstm"}
_DTYPES = {torch.float32: 0, torch.float64: 1}
# A native call cannot be interrupted. One of so many multiplications is over in a fraction of a second, and
# between two of them Python sees a Ctrl-C.
_MULTIPLICATIONS_PER_CALL = 4_000_000_000


def runs(family: Family, inputs: Tensor, state: Sequence[Tensor], parameters: Sequence[Tensor]) -> bool:
    """Whether the native library can run `family` on these tensors."""
    return (
        type(family) in _KERNELS
        and getattr(family, "activation", None) in library.ACTIVATIONS
        and inputs.dtype in _DTYPES
        and inputs.numel() > 0
        and all(tensor.dtype == inputs.dtype for tensor in (*state, *parameters))
    )


def forward(
    build: ctypes.CDLL,
    family: Family,
    inputs: Tensor,
    sequence_length: Tensor | None,
    state: Sequence[Tensor],
    parameters: Sequence[Tensor],
    keep: bool,
) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    parts = _Parts(family, inputs, sequence_length, state, parameters)
    time, batch_size, _ = inputs.shape
    outputs = empty_outputs(inputs, family.output_size)
    final = [torch.empty_like(leaf, memory_format=torch.contiguous_format) for leaf in state]
    kept = [inputs.new_empty(time, batch_size, family.num_units)] if keep and isinstance(family, LSTM) else []
    call, kernel = parts.call, getattr(build, f"ostinato_{_KERNELS[type(family)]}_forward")
    _fill(call.final_state, final)
    steps = parts.steps_per_call
    for start in range(0, time, steps):
        parts.select(start, start + steps, outputs, kept)
        if start > 0:
            # A part begins where the one before it ended; the final state is read before it is written.
            _fill(call.state, [leaf.clone() for leaf in final] if steps < time else final)
        _check(kernel(ctypes.byref(call)))
    return outputs, final, kept


def backward(
    build: ctypes.CDLL,
    family: Family,
    grad_outputs: Tensor | None,
    grad_state: Sequence[Tensor | None],
    grad_kept: Sequence[Tensor | None],
    inputs: Tensor,
    sequence_length: Tensor | None,
    state: Sequence[Tensor],
    parameters: Sequence[Tensor],
    outputs: Tensor,
    kept: Sequence[Tensor],
    input_gradient: bool,
) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    time = inputs.shape[0]
    parts = _Parts(family, inputs, sequence_length, state, parameters)
    call, kernel = parts.call, getattr(build, f"ostinato_{_KERNELS[type(family)]}_backward")
    check_results(family, inputs, (outputs, grad_outputs), (kept, grad_kept), (state, grad_state))
    outputs, kept = _unit_stride(outputs), [leaf.contiguous() for leaf in kept]
    if grad_outputs is not None:
        grad_outputs = _unit_stride(grad_outputs)
    grad_kept = [None if leaf is None else leaf.contiguous() for leaf in grad_kept]
    grad_inputs = empty_outputs(inputs, inputs.shape[2]).zero_() if input_gradient else inputs.new_empty(0)
    grad_parameters = [torch.zeros_like(leaf, memory_format=torch.contiguous_format) for leaf in parameters]
    _fill_parameters(family, call.grad_parameters, grad_parameters)
    carried = [None if leaf is None else leaf.contiguous() for leaf in grad_state]
    steps = parts.steps_per_call
    first_state = [leaf.contiguous() for leaf in state]
    for start in reversed(range(0, time, steps)):
        end = min(start + steps, time)
        parts.select(start, end, outputs, kept)
        # The state before this part is among what the forward pass kept; rows that have ended do not read it.
        before = [leaf[start - 1].contiguous() for leaf in (*kept, outputs)] if start else first_state
        _fill(call.state, before)
        if grad_outputs is not None:
            call.grad_outputs = _address(grad_outputs, start)
            call.grad_outputs_time, call.grad_outputs_batch = grad_outputs.stride()[:2]
        if grad_kept and grad_kept[0] is not None:
            call.grad_kept = _address(grad_kept[0], start)
        if input_gradient:
            call.grad_inputs = _address(grad_inputs, start)
            call.grad_inputs_time, call.grad_inputs_batch = grad_inputs.stride()[:2]
        _fill(call.grad_final_state, carried)
        found = [torch.empty_like(leaf, memory_format=torch.contiguous_format) for leaf in state]
        _fill(call.grad_state, found)
        _check(kernel(ctypes.byref(call)))
        carried = list(found)
    return grad_inputs, found, grad_parameters


class _Parts:
    """A call that runs a part of a sequence, and the tensors that it points to."""

    def __init__(
        self,
        family: Any,
        inputs: Tensor,
        sequence_length: Tensor | None,
        state: Sequence[Tensor],
        parameters: Sequence[Tensor],
    ) -> None:
        check_sequence(family, inputs, sequence_length, state, parameters)
        self.inputs = _unit_stride(inputs)
        self.state = [leaf.contiguous() for leaf in state]
        self.parameters = [leaf.contiguous() for leaf in parameters]
        self.lengths = None if sequence_length is None else sequence_length.to(torch.int64).contiguous()
        self.time, batch_size, input_size = inputs.shape
        call = self.call = library.Call()
        call.dtype = _DTYPES[inputs.dtype]
        call.batch, call.input_size = batch_size, input_size
        call.units, call.output_size = family.num_units, family.output_size
        call.activation = library.ACTIVATIONS.index(family.activation)
        call.cell_clip = call.proj_clip = -1.0
        if isinstance(family, LSTM):
            call.peepholes, call.layer_norm = family.use_peepholes, family.layer_norm
            call.forget_bias = family.forget_bias
            call.cell_clip = -1.0 if family.cell_clip is None else family.cell_clip
            call.proj_clip = -1.0 if family.proj_clip is None else family.proj_clip
        _fill(call.state, self.state)
        _fill_parameters(family, call.parameters, self.parameters)
        call.sequence_length = None if self.lengths is None else self.lengths.data_ptr()
        call.inputs_time, call.inputs_batch = self.inputs.stride()[:2]
        call.threads, call.parallel_for = library.threads(), library.parallel_for()
        multiplications = batch_size * sum(leaf.numel() for leaf in parameters)
        self.steps_per_call = max(1, min(self.time, _MULTIPLICATIONS_PER_CALL // max(1, multiplications)))

    def select(self, start: int, end: int, outputs: Tensor, kept: Sequence[Tensor]) -> None:
        """Point to the steps [start, end)."""
        call = self.call
        call.time, call.first_step = min(end, self.time) - start, start
        call.inputs = _address(self.inputs, start)
        call.outputs = _address(outputs, start)
        call.outputs_time, call.outputs_batch = outputs.stride()[:2]
        call.kept = _address(kept[0], start) if kept else None


def _address(sequence: Tensor, step: int) -> int:
    """Where a step of `[time, ...]` begins."""
    return sequence.data_ptr() + step * sequence.stride(0) * sequence.element_size()


def _unit_stride(sequence: Tensor) -> Tensor:
    """`sequence` itself where its last axis is contiguous, whatever the order of the others."""
    if sequence.stride(2) == 1 or sequence.shape[2] == 1:
        return sequence
    return sequence.contiguous()


def _fill(places: Any, tensors: Sequence[Tensor | None]) -> None:
    for place, tensor in enumerate(tensors):
        places[place] = None if tensor is None else tensor.data_ptr()


def _fill_parameters(family: Family, places: Any, tensors: Sequence[Tensor]) -> None:
    """Parameters in their places: in the family's order, an LSTM's with gaps for those that it has not."""
    if not isinstance(family, LSTM):
        _fill(places, tensors)
        return
    rest = iter(tensors)
    places[0] = next(rest).data_ptr()
    places[1] = None if family.layer_norm else next(rest).data_ptr()
    for place in range(2, 5):
        places[place] = next(rest).data_ptr() if family.use_peepholes else None
    places[5] = next(rest).data_ptr() if family.num_proj is not None else None
    for place, tensor in enumerate(rest, start=6):
        places[place] = tensor.data_ptr()


def _check(code: int) -> None:
    if code != 0:
        raise MemoryError(
            "There is not enough memory for the gates of a chunk of steps: use a smaller batch."
        )
