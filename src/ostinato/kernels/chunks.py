"""A family over a sequence as the work of a walk (`ostinato.memory`): its ops, chunk by chunk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ostinato.kernels import ops
from ostinato.kernels.eager import in_float32, is_plain
from ostinato.kernels.layout import empty_outputs
from ostinato.kernels.native import buffers, library, sequences
from ostinato.kernels.native.calls import Workspace
from ostinato.kernels.native.sequences import BackwardPass, ForwardPass, Gradients, SequenceRun
from ostinato.memory.schedule import Keep
from ostinato.memory.work import Found, Leaves, Place, Ran, Task

# More than a kernel's own chunk has, however few the rows are.
_MANY_STEPS = 1 << 20


class _Scratch(NamedTuple):
    """Memory for one chunk that is run again: outputs, and what is kept."""

    keep: Keep
    outputs: Tensor
    kept: list[Tensor]


class SequenceWork:
    """The native passes where they run, else the ops of the dispatcher, below autograd.

    Args:
        run: the whole sequence.
    """

    reads_outputs = True

    def __init__(self, run: SequenceRun) -> None:
        self._dtype, self._lengths = run.inputs.dtype, run.sequence_length
        build = library.load() if is_plain(run) and run.inputs.numel() else None
        # Without the inputs of all steps: they are converted a chunk at a time, and a walk that a graph holds
        # on to after its backward pass must not hold them too.
        run = run._replace(inputs=run.inputs[:1].detach().clone())
        wide = in_float32(run) if build is not None else run
        self._build = build if build is not None and sequences.runs(wide) else None
        run = wide if self._build is not None else run
        self.state, self.parameters = list(run.state), list(run.parameters)
        """What to walk with: in the dtype that is computed in."""
        self._described = run._replace(inputs=run.inputs.detach(), state=[], parameters=[])
        self._run_dtype = run.inputs.dtype
        # Outputs of another dtype are written by whoever asks for them.
        self.writes_into = self._build is not None and self._run_dtype == self._dtype
        self._free: list[_Scratch] = []

    @property
    def is_native(self) -> bool:
        return self._build is not None

    @property
    def dtype(self) -> torch.dtype:
        """What is computed in."""
        return self._run_dtype

    @property
    def element_size(self) -> int:
        return self._run_dtype.itemsize

    def workspace(self, direction: str, steps: int, input_gradient: bool) -> int:
        """How many bytes a pass over so many steps works in, beside what it is given and what it gives."""
        family, inputs = self._described.family, self._described.inputs
        _, batch_size, input_size = inputs.shape
        if self._build is not None:
            return self._query(direction, steps, input_gradient).bytes
        # The reference: some copies of the gates of a chunk of 32 steps, and of the weights.
        width = 4 * family.num_units * self._run_dtype.itemsize
        return 6 * 32 * batch_size * width + 3 * (input_size + family.output_size) * width

    def unit(self, input_gradient: bool) -> int:
        """A chunk is best a multiple of so many steps: then gradients have the bits of one pass over all."""
        steps = self._described.inputs.shape[0] if self._build is None else _MANY_STEPS
        return 32 if self._build is None else self._query("backward", steps, input_gradient).chunk_steps

    def _query(self, direction: str, steps: int, input_gradient: bool) -> Workspace:
        _, batch_size, input_size = self._described.inputs.shape
        return sequences.workspace(
            self._described.family,
            direction,
            steps,
            batch_size,
            input_size,
            self._run_dtype,
            input_gradient=input_gradient,
            reads_gates=True,
            round_to_bfloat16=self._described.round_to_bfloat16,
        )

    def allocate(self, inputs: Leaves, time: int) -> Leaves:
        family, (_, batch_size, _) = self._described.family, inputs[0].shape
        like = inputs[0].as_strided((time, batch_size, 1), (*inputs[0].stride()[:2], 1))
        make = sequences.empty_outputs if self._build is not None else empty_outputs
        return [make(like, family.output_size)]

    def _run(self, place: Place, parameters: Leaves) -> SequenceRun:
        inputs = place.inputs[0]
        if inputs.dtype != self._run_dtype:
            inputs = inputs.to(self._run_dtype)
        lengths = None if self._lengths is None else self._lengths - place.start
        return self._described._replace(
            inputs=inputs, sequence_length=lengths, state=list(place.state), parameters=list(parameters)
        )

    def forward(self, place: Place, parameters: Leaves, keep: Keep, into: Leaves | None) -> Ran:
        run = self._run(place, parameters)
        if self._build is None:
            outputs, final, kept = ops.through_dispatcher(run, keep > Keep.NOTHING)
            return Ran([outputs], final, None if keep == Keep.NOTHING else kept)
        forward, scratch = self._forward_pass(run, keep, into, place.again)
        with library.torch_operations():
            sequences.execute(self._build, [forward])
        return self._ran(forward, keep, scratch)

    def _forward_pass(
        self, run: SequenceRun, keep: Keep, into: Leaves | None, again: bool
    ) -> tuple[ForwardPass, _Scratch | None]:
        keeps_gates = keep == Keep.ALL and sequences.has_gates(run)
        if again:
            scratch = self._take(run, keep, keeps_gates)
            time = run.inputs.shape[0]
            kept = [leaf[:time] for leaf in scratch.kept]
            return ForwardPass(
                run, keep > Keep.NOTHING, keeps_gates, scratch.outputs[:time], fill_kept=False, kept=kept
            ), scratch
        place = None if into is None else into[0]
        return ForwardPass(run, keep > Keep.NOTHING, keeps_gates, place, fill_kept=False), None

    def _take(self, run: SequenceRun, keep: Keep, gates: bool) -> _Scratch:
        """Memory for a chunk that is run again: what an earlier one has given back, where it is enough."""
        time, batch_size, _ = run.inputs.shape
        for index, scratch in enumerate(self._free):
            if scratch.keep == keep and scratch.outputs.shape[0] >= time:
                return self._free.pop(index)
        outputs = buffers.empty((time, batch_size, run.family.output_size), run.inputs)
        shapes = sequences.kept_shapes(run, gates) if keep > Keep.NOTHING else []
        return _Scratch(keep, outputs, [buffers.empty(shape, run.inputs) for shape in shapes])

    def _ran(self, forward: ForwardPass, keep: Keep, scratch: _Scratch | None) -> Ran:
        if keep == Keep.NOTHING:
            if scratch is not None:
                self._free.append(scratch)
            return Ran([forward.outputs], forward.final)
        return Ran([forward.outputs], forward.final, forward.kept, scratch)

    def copies(self, parameters: Leaves, require_grad: Sequence[bool]) -> Leaves:
        return parameters

    def backward(
        self,
        task: Task,
        parameters: Leaves,
        totals: list[Tensor | None],
        into: Sequence[Tensor | None],
    ) -> Found:
        run = self._run(Place(task.start, task.inputs, task.state), parameters)
        kept = list(task.ran.kept or [])
        of_kept: list[Tensor | None] = [None] * ops.kept_count(run.family)
        outgoing = task.grad_outputs[0] if task.grad_outputs else None
        if outgoing is not None and outgoing.dtype != self._run_dtype:
            outgoing = outgoing.to(self._run_dtype)
        incoming = Gradients(outgoing, task.grad_state, of_kept)
        if self._build is None:
            found, of_state, of_parameters = ops.gradients_through_dispatcher(
                run, incoming, task.ran.outputs[0], kept, task.inputs_need[0]
            )
            for place, gradient in enumerate(of_parameters):
                total = totals[place]
                totals[place] = gradient if total is None else total.add_(gradient)
            return Found([found], of_state)
        if totals and totals[0] is None:
            totals[:] = [torch.zeros_like(leaf, memory_format=torch.contiguous_format) for leaf in parameters]
        of_inputs = into[0]
        fits = of_inputs is not None and of_inputs.dtype == self._run_dtype and of_inputs.stride(2) == 1
        sums: list[Any] = list(totals)
        backward = BackwardPass(
            run,
            incoming,
            task.ran.outputs[0],
            kept,
            task.inputs_need[0],
            into=of_inputs if fits else None,
            totals=sums,
        )
        with library.torch_operations():
            sequences.execute(self._build, [backward])
        if not fits:
            of_inputs = backward.grad_inputs if task.inputs_need[0] else None
        if task.ran.graph is not None:
            self._free.append(task.ran.graph)
        return Found([of_inputs], backward.grad_state)

    def finish(self) -> None:
        self._free.clear()
