"""Whole sequences through the native library: tensors to addresses, and a long sequence in parts."""

from __future__ import annotations

import ctypes
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ostinato.kernels.layout import is_batch_major
from ostinato.kernels.native import buffers, calls, library
from ostinato.kernels.native.calls import Workspace
from ostinato.kernels.native.shapes import check_gates, check_results, check_sequence, count_weights
from ostinato.steps import GRU, LSTM, Family, ResetAfterGRU

GATES: dict[type, int] = {GRU: 3, ResetAfterGRU: 4, LSTM: 4}
"""How many values a unit has in the gates that a forward pass can keep; a basic RNN's are its outputs."""
# A native call cannot be interrupted. One of so many multiplications is over in a fraction of a second on one
# thread, and between two of them Python sees a Ctrl-C. Each call packs the weights anew, so a forward pass,
# which does a third of a backward pass's work, gets a multiple where vectors are wide. A backward pass is cut
# between the chunks of one whole call, so that its sums have the same bits; no call takes less than a chunk.
_MULTIPLICATIONS_PER_CALL = 4_000_000_000
_MULTIPLES = {"portable": 1, "avx2": 2}


class SequenceRun(NamedTuple):
    """A family over `inputs` `[time, batch, input_size]` from `state`, all in one dtype.

    `reverse` runs each row from its last step to its first; outputs stand where their inputs do.
    `round_to_bfloat16` lets products of float32 round their operands, where the processor has instructions
    for that; sums, states and all else stay float32. `keep_gates` says whether the gates are kept for a
    backward pass, where there are any; None: while they are not many.
    """

    family: Family
    parameters: Sequence[Tensor]
    inputs: Tensor
    sequence_length: Tensor | None
    state: Sequence[Tensor]
    reverse: bool = False
    round_to_bfloat16: bool = False
    keep_gates: bool | None = None


def has_gates(run: SequenceRun) -> bool:
    """Whether a forward pass can keep gates that a backward pass can read."""
    return _has_gates(run.family)


def _has_gates(family: Family) -> bool:
    if isinstance(family, LSTM) and (family.layer_norm or family.num_proj is not None):
        return False
    return type(family) in GATES


def shape_of_gates(run: SequenceRun) -> tuple[int, int, int]:
    """The shape of a run's gates, of whole vectors."""
    time, batch_size, _ = run.inputs.shape
    lanes = library.vector_bytes() // run.inputs.element_size()
    return time, batch_size, GATES.get(type(run.family), 0) * -(-run.family.num_units // lanes) * lanes


def kept_shapes(run: SequenceRun, gates: bool) -> list[tuple[int, int, int]]:
    """The shapes of what a forward pass keeps: an LSTM's c, then the gates where they are wanted."""
    time, batch_size, _ = run.inputs.shape
    cells = [(time, batch_size, run.family.num_units)] if isinstance(run.family, LSTM) else []
    return [*cells, shape_of_gates(run)] if gates else cells


def bytes_of_gates(run: SequenceRun) -> int:
    """How much memory the gates of all steps take."""
    time, batch_size, _ = run.inputs.shape
    gates = GATES.get(type(run.family), 0) * run.family.num_units
    return time * batch_size * gates * run.inputs.element_size()


def workspace(
    family: Family,
    direction: str,
    time: int,
    batch_size: int,
    input_size: int,
    dtype: torch.dtype = torch.float32,
    *,
    input_gradient: bool = True,
    reads_gates: bool = False,
    round_to_bfloat16: bool = False,
) -> Workspace:
    """What the largest call takes of a pass over `time` steps, which need not exist; nothing runs.

    Args:
        direction: "forward" or "backward".
        input_gradient: whether a backward pass finds the inputs' gradient.
        reads_gates: whether a backward pass is given the gates that a forward pass has kept.
        round_to_bfloat16: as in `SequenceRun`. A dtype of bfloat16 means float32 and this.

    Raises:
        RuntimeError: there is no native code here.
    """
    if dtype == torch.bfloat16:
        dtype, round_to_bfloat16 = torch.float32, True
    call = calls.describe(family, batch_size, input_size, dtype, round_to_bfloat16)
    call.time = _steps_per_call(family, (time, batch_size, input_size), dtype, direction)
    # Of addresses it matters only whether there are any.
    somewhere = ctypes.addressof(call)
    if isinstance(family, LSTM) and family.num_proj is not None:
        call.parameters[calls.PROJECTION] = somewhere
    if input_gradient:
        call.grad_inputs = somewhere
    if reads_gates and _has_gates(family):
        call.kept_gates = somewhere
    return calls.ask(family, direction, call)


def runs(run: SequenceRun) -> bool:
    """Whether the native library can do it."""
    dtype = run.inputs.dtype
    return (
        type(run.family) in calls.KERNELS
        and getattr(run.family, "activation", None) in library.ACTIVATIONS
        and dtype in calls.DTYPES
        and run.inputs.numel() > 0
        and all(tensor.dtype == dtype for tensor in run.state)
        and all(tensor.dtype == dtype for tensor in run.parameters)
        and not (run.reverse and _steps_of(run, "backward") < run.inputs.shape[0])
    )


def _steps_of(run: SequenceRun, direction: str) -> int:
    time, batch_size, input_size = run.inputs.shape
    return _steps_per_call(run.family, (time, batch_size, input_size), run.inputs.dtype, direction)


def _steps_per_call(family: Family, shape: tuple[int, int, int], dtype: torch.dtype, direction: str) -> int:
    time, batch_size, input_size = shape
    # A row's activations, and the step itself, take the time of some multiplications too: all of it where
    # there are few units. Few rows wait for the weights to come from memory.
    step = max(batch_size, 4) * count_weights(family, input_size)
    step += batch_size * (4_000 + 100 * family.num_units)
    step *= dtype.itemsize // 4
    limit = _MULTIPLICATIONS_PER_CALL
    if direction == "forward":
        limit *= _MULTIPLES.get(library.choice().instruction_set or "", 3)
    steps = max(1, limit // step)
    if direction == "forward" or steps >= time:
        return min(time, steps)
    call = calls.describe(family, batch_size, input_size, dtype, False)
    call.time = time
    chunk = calls.ask(family, direction, call).chunk_steps
    return min(time, max(1, steps // chunk) * chunk)


class _Pass(ABC):
    """Calls that run a sequence one way, part by part, and the tensors that they point to."""

    direction: str

    def __init__(self, run: SequenceRun) -> None:
        family: Any = run.family
        check_sequence(family, run.inputs, run.sequence_length, run.state, run.parameters)
        self.run = run
        self.inputs = _unit_stride(run.inputs)
        self.state = [leaf.contiguous() for leaf in run.state]
        self.parameters = [leaf.contiguous() for leaf in run.parameters]
        self.time, batch_size, input_size = run.inputs.shape
        self.steps_per_call = _steps_of(run, self.direction)
        call = self.call = calls.describe(
            family, batch_size, input_size, run.inputs.dtype, run.round_to_bfloat16
        )
        call.reverse = run.reverse
        calls.fill(call.state, self.state)
        calls.fill_parameters(family, call.parameters, self.parameters)
        if run.sequence_length is not None:
            self.lengths = run.sequence_length.to(torch.int64).contiguous()
            call.sequence_length = self.lengths.data_ptr()
        call.inputs_time, call.inputs_batch, _ = self.inputs.stride()

    @abstractmethod
    def parts(self) -> Iterator[library.Call]:
        """The call, set up for one part after the other."""

    def _select(self, start: int, stop: int, outputs: Tensor, kept: Sequence[Tensor]) -> None:
        """Point to the steps `[start, stop)`."""
        call = self.call
        call.time, call.first_step = stop - start, start
        call.inputs = _address(self.inputs, start)
        call.outputs = _address(outputs, start)
        call.outputs_time, call.outputs_batch, _ = outputs.stride()
        for leaf in self._cells(kept):
            call.kept = _address(leaf, start)
        for leaf in kept[len(self._cells(kept)) :]:
            call.kept_gates = _address(leaf, start)

    def _cells(self, kept: Sequence[Tensor]) -> Sequence[Tensor]:
        """What is kept of an LSTM besides its gates: c of every step."""
        return kept[:1] if isinstance(self.run.family, LSTM) else []


class ForwardPass(_Pass):
    """Outputs `[time, batch, output_size]`, into those given (of any strides but for the last axis); the
    final state; and with `keep` what the backward pass reads: an LSTM's c of every step, and the gates where
    `keep_gates`. Without `fill_kept`, c past a row's end is whatever stood there: the backward pass does not
    read it. `kept` is memory to use for that, of the shapes that `kept_shapes` tells.
    """

    direction = "forward"

    def __init__(
        self,
        run: SequenceRun,
        keep: bool,
        keep_gates: bool = False,
        outputs: Tensor | None = None,
        fill_kept: bool = True,
        kept: Sequence[Tensor] | None = None,
    ) -> None:
        super().__init__(run)
        self.outputs = empty_outputs(run.inputs, run.family.output_size) if outputs is None else outputs
        self.final = [torch.empty_like(leaf) for leaf in self.state]
        shapes = kept_shapes(run, keep_gates) if keep else []
        self.kept = [buffers.empty(shape, run.inputs) for shape in shapes] if kept is None else list(kept)
        self.call.fill_kept = fill_kept
        calls.fill(self.call.final_state, self.final)

    def parts(self) -> Iterator[library.Call]:
        for start in range(0, self.time, self.steps_per_call):
            self._select(start, min(start + self.steps_per_call, self.time), self.outputs, self.kept)
            if start > 0:
                # A part begins where the one before it ended, and must not overwrite what it reads.
                self.state = [leaf.clone() for leaf in self.final]
                calls.fill(self.call.state, self.state)
            yield self.call


class Gradients(NamedTuple):
    """The gradients of what reached a run; None where nothing depends on it."""

    outputs: Tensor | None
    state: Sequence[Tensor | None]
    kept: Sequence[Tensor | None]


class BackwardPass(_Pass):
    """The gradients of inputs (where `input_gradient`; else empty), state and parameters.

    Those of the inputs are written `into` zeros where such are given, of any strides but for the last axis.
    Those of the parameters are added to contiguous `totals`: the same bits as in one pass over all steps, if
    the passes end whole numbers of chunks before the last step (`workspace(...).chunk_steps`).
    """

    direction = "backward"

    def __init__(
        self,
        run: SequenceRun,
        incoming: Gradients,
        outputs: Tensor,
        kept: Sequence[Tensor],
        input_gradient: bool,
        into: Tensor | None = None,
        totals: Sequence[Tensor] | None = None,
    ) -> None:
        super().__init__(run)
        state = run.state, incoming.state
        cells = self._cells(kept)
        check_results(run.family, run.inputs, (outputs, incoming.outputs), (cells, incoming.kept), state)
        check_gates(run.inputs, kept[len(cells) :], shape_of_gates(run))
        self.outputs, self.kept = _unit_stride(outputs), [leaf.contiguous() for leaf in kept]
        # Autograd may hand over what it has not negated yet.
        self.grad_outputs = None if incoming.outputs is None else _unit_stride(incoming.outputs.resolve_neg())
        self.grad_kept = [leaf.resolve_neg().contiguous() for leaf in incoming.kept if leaf is not None]
        self.carried = [None if leaf is None else leaf.resolve_neg().contiguous() for leaf in incoming.state]
        self.grad_inputs = run.inputs.new_empty(0)
        if into is not None:
            self.grad_inputs = into
        elif input_gradient:
            self.grad_inputs = empty_outputs(run.inputs, run.inputs.shape[2]).zero_()
        self.grad_parameters = (
            [torch.zeros_like(leaf) for leaf in self.parameters] if totals is None else list(totals)
        )
        self.grad_state = [torch.empty_like(leaf) for leaf in self.state]
        calls.fill_parameters(run.family, self.call.grad_parameters, self.grad_parameters)
        calls.fill(self.call.grad_state, self.grad_state)

    def parts(self) -> Iterator[library.Call]:
        call = self.call
        initial = self.state
        for stop in range(self.time, 0, -self.steps_per_call):
            start = max(0, stop - self.steps_per_call)
            self._select(start, stop, self.outputs, self.kept)
            # The state before this part is among what the forward pass kept; rows that have ended do not
            # read it.
            if start > 0:
                self.state = [
                    leaf[start - 1].contiguous() for leaf in (*self._cells(self.kept), self.outputs)
                ]
            else:
                self.state = initial
            calls.fill(call.state, self.state)
            if self.grad_outputs is not None:
                call.grad_outputs = _address(self.grad_outputs, start)
                call.grad_outputs_time, call.grad_outputs_batch, _ = self.grad_outputs.stride()
            if self.grad_kept:
                call.grad_kept = _address(self.grad_kept[0], start)
            if self.grad_inputs.dim() == 3:
                call.grad_inputs = _address(self.grad_inputs, start)
                call.grad_inputs_time, call.grad_inputs_batch, _ = self.grad_inputs.stride()
            calls.fill(call.grad_final_state, self.carried)
            yield call
            self.carried = [leaf.clone() for leaf in self.grad_state] if start > 0 else []


def execute(build: ctypes.CDLL, passes: Sequence[_Pass]) -> None:
    """Run them, two at the same time where each is one call and the threads would be idle otherwise.

    Raises:
        MemoryError: there is no memory to work in.
    """
    threads = library.threads()
    if len(passes) > 1 and threads > 1 and all(_leaves_threads_idle(each, threads) for each in passes):
        at_once = [next(each.parts()) for each in passes]
        for call in at_once:
            call.threads = 1
        kernels = [getattr(build, calls.symbol(each.run.family, each.direction)) for each in passes]
        count = len(passes)
        _check(
            build.ostinato_run_together(
                (ctypes.c_void_p * count)(
                    *(ctypes.cast(kernel, ctypes.c_void_p).value for kernel in kernels)
                ),
                (ctypes.c_void_p * count)(*(ctypes.addressof(call) for call in at_once)),
                ctypes.c_int64(count),
                ctypes.c_int64(threads),
                ctypes.c_void_p(library.parallel_for()),
            )
        )
        return
    for each in passes:
        kernel = getattr(build, calls.symbol(each.run.family, each.direction))
        for call in each.parts():
            _check(kernel(ctypes.byref(call)))


def _leaves_threads_idle(each: _Pass, threads: int) -> bool:
    """Whether a pass is one call that has no more use for `threads` than another one beside it."""
    if each.steps_per_call < each.time:
        return False
    # As rows.h deals out rows and units: one of two passes has half of the threads.
    small = each.call.units < 128 and each.call.batch <= 8
    return threads <= 2 or small


def empty_outputs(inputs: Tensor, size: int) -> Tensor:
    """As `ostinato.kernels.layout.empty_outputs`, in memory that is used again."""
    time, batch_size, _ = inputs.shape
    if is_batch_major(inputs):
        return buffers.empty((batch_size, time, size), inputs).transpose(0, 1)
    return buffers.empty((time, batch_size, size), inputs)


def _address(sequence: Tensor, step: int) -> int:
    """Where a step of `[time, ...]` begins."""
    if step == 0:
        return sequence.data_ptr()
    return sequence.data_ptr() + step * sequence.stride(0) * sequence.element_size()


def _unit_stride(sequence: Tensor) -> Tensor:
    """`sequence` itself where its last axis is contiguous, whatever the order of the others."""
    if sequence.stride(2) == 1 or sequence.shape[2] == 1:
        return sequence
    return sequence.contiguous()


def _check(code: int) -> None:
    if code != 0:
        raise MemoryError(
            "There is not enough memory for the gates of a chunk of steps: use a smaller batch."
        )
