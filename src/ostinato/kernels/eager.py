"""Sequences in eager mode on the processor: native code behind one autograd node, without the dispatcher.

The dispatcher's ops (`ostinato.kernels.ops`) serve everything: a compiler, another device, a tensor of a
class of its own. What they cost a call is small change for a long sequence and most of a short one's time, so
where nobody could be looking, plain tensors in eager mode, the same passes run straight away. Both
directions of a bidirectional layer then run at the same time, and a backward walk need not reverse tensors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd import forward_ad

from ostinato._external import RECORDING, external
from ostinato._state import Nest, flatten
from ostinato.kernels import ops, reference, reversal
from ostinato.kernels.layout import is_batch_major
from ostinato.kernels.native import library, sequences
from ostinato.kernels.native.sequences import BackwardPass, ForwardPass, Gradients, SequenceRun
from ostinato.steps import LSTM, Family

_PLAIN = (Tensor, torch.nn.Parameter)
# Keeping the gates saves a quarter of a training step's arithmetic (docs/native.md has the measurements):
# they are kept while they are no more than this.
MOST_GATES = 1 << 28


class Result(NamedTuple):
    """Outputs `[time, batch, output_size]`, the leaves of the final state, and an LSTM's c of every step
    where it was asked for (past a row's end its last one).
    """

    outputs: Tensor
    state: list[Tensor]
    cells: Tensor | None


def run_sequences(runs: Sequence[SequenceRun], with_cells: bool = False) -> list[Result]:
    """Run families over sequences, at the same time where that is quicker."""
    build = library.load() if all(_goes_straight(run) for run in runs) else None
    wide = [in_float32(run) for run in runs] if build is not None else []
    if build is not None and all(sequences.runs(run) for run in wide):
        with library.torch_operations():
            results = _run_native(wide, with_cells)
        return [_in_dtype_of(run.inputs, result) for run, result in zip(runs, results, strict=True)]
    return [_run_by_dispatcher(run, with_cells) for run in runs]


def run_side_by_side(
    runs: Sequence[SequenceRun], with_cells: bool = False
) -> tuple[Tensor, list[list[Tensor]], list[Tensor]]:
    """Run the directions of a layer: their outputs side by side on the last axis, the final state of each,
    and the cells of each `with_cells`. Native code writes them side by side in the first place.
    """
    build = library.load() if len(runs) > 1 and all(_goes_straight(run) for run in runs) else None
    wide = [in_float32(run) for run in runs] if build is not None else []
    if build is not None and all(sequences.runs(run) for run in wide):
        with library.torch_operations():
            results = _run_native(wide, with_cells, joined=True)
        results = [_in_dtype_of(runs[0].inputs, result) for result in results]
        outputs = results[0].outputs
    else:
        results = run_sequences(runs, with_cells)
        outputs = beside([result.outputs for result in results])
    cells = [result.cells for result in results if result.cells is not None]
    return outputs, [result.state for result in results], cells


def beside(parts: Sequence[Tensor]) -> Tensor:
    """`[time, batch, size]` of each direction, side by side on the last axis."""
    if len(parts) == 1:
        return parts[0]
    if is_batch_major(parts[0]):  # and so it stays
        return torch.cat([each.transpose(0, 1) for each in parts], dim=2).transpose(0, 1)
    return torch.cat(list(parts), dim=2)


def in_float32(run: SequenceRun) -> SequenceRun:
    """`run` as the native library takes it. bfloat16 is a matter of products: sums and states are float32."""
    if run.inputs.dtype == torch.float32:
        if torch.is_autocast_enabled("cpu") and torch.get_autocast_dtype("cpu") == torch.bfloat16:
            return run._replace(round_to_bfloat16=True)
        return run
    tensors = (run.inputs, *run.state, *run.parameters)
    if any(tensor.dtype != torch.bfloat16 for tensor in tensors):
        return run
    return run._replace(
        inputs=run.inputs.float(),
        state=[leaf.float() for leaf in run.state],
        parameters=[leaf.float() for leaf in run.parameters],
        round_to_bfloat16=True,
    )


def _in_dtype_of(inputs: Tensor, result: Result) -> Result:
    dtype = inputs.dtype
    if result.outputs.dtype == dtype:
        return result
    cells = None if result.cells is None else result.cells.to(dtype)
    return Result(result.outputs.to(dtype), [leaf.to(dtype) for leaf in result.state], cells)


def sequence(
    family: Family,
    parameters: Sequence[Tensor],
    inputs: Tensor,
    sequence_length: Tensor | None,
    state: Nest,
    keep_gates: bool | None = None,
) -> tuple[Tensor, Nest]:
    """Run a whole sequence: outputs `[time, batch, output_size]` and the final state."""
    state_leaves, unflatten = flatten(state)
    run = SequenceRun(family, parameters, inputs, sequence_length, state_leaves, keep_gates=keep_gates)
    (result,) = run_sequences([run])
    return result.outputs, unflatten(result.state)


def is_plain(run: SequenceRun) -> bool:
    """Whether nothing but autograd can see what is done with these tensors."""
    return is_eager() and _all_have_values(run)


def _goes_straight(run: SequenceRun) -> bool:
    """Whether nothing but autograd, and a recorder that is told of it, can see it."""
    recorder = RECORDING.recorder
    told = recorder is not None and not recorder.paused
    return is_eager(int(told)) and _all_have_values(run)


def _all_have_values(run: SequenceRun) -> bool:
    tensors = (run.inputs, *run.state, *run.parameters)
    return run.inputs.is_cpu and all(_has_values(tensor) for tensor in tensors)


def _has_values(tensor: Tensor) -> bool:
    # A lazy negation has a bit that says so, and the wrong sign in memory: the dispatcher resolves it.
    return type(tensor) in _PLAIN and not tensor.is_neg()


def is_eager(modes: int = 0) -> bool:
    """Whether ops run one by one as they are called, with nobody between them and their results but so many
    modes.
    """
    return (
        not torch.compiler.is_compiling()
        and torch._C._len_torch_dispatch_stack() == modes
        and torch._C._functorch.peek_interpreter_stack() is None
        and forward_ad._current_level < 0
        and torch._C._get_tracing_state() is None
    )


def _run_by_dispatcher(run: SequenceRun, with_cells: bool) -> Result:
    inputs = run.inputs
    if run.reverse:
        inputs = reversal.reverse_sequence(inputs, run.sequence_length, 0)
    forwards = run._replace(inputs=inputs, reverse=False)
    outputs, state, kept = ops.through_dispatcher(forwards, with_cells or ops.requires_grad(run))
    cells = kept[0] if with_cells else None
    if run.reverse:
        outputs = reversal.reverse_sequence(outputs, run.sequence_length, 0)
        cells = None if cells is None else reversal.reverse_sequence(cells, run.sequence_length, 0)
    return Result(outputs, list(state), cells)


def _run_native(runs: Sequence[SequenceRun], with_cells: bool, joined: bool = False) -> list[Result]:
    """The results of the runs; `joined`, each with the outputs of all, side by side in one tensor."""
    if not any(ops.requires_grad(run) for run in runs):
        made = iter(_forward(_Forward([_emptied(run) for run in runs], with_cells, joined), _tensors(runs)))
        outputs = [next(made)] * len(runs) if joined else [next(made) for _ in runs]
        results = []
        for run, of_run in zip(runs, outputs, strict=True):
            state = [next(made) for _ in run.state]
            results.append(Result(of_run, state, next(made) if with_cells else None))
        return results
    tensors = [tensor for run in runs for tensor in (run.inputs, *run.state, *run.parameters)]
    found: tuple[Tensor, ...] = _Sequences.apply(  # type: ignore[no-untyped-call]
        runs, with_cells, joined, *tensors
    )
    outputs, rest = list(found[: 1 if joined else len(runs)]), iter(found[1 if joined else len(runs) :])
    results = []
    for index, run in enumerate(runs):
        state = [next(rest) for _ in run.state]
        of_run = outputs[0] if joined else outputs[index]
        results.append(Result(of_run, state, next(rest) if with_cells else None))
    return results


def _parts_of_one(runs: Sequence[SequenceRun], joined: bool) -> tuple[Tensor | None, Sequence[Tensor | None]]:
    """Where outputs are `joined`, memory for those of all runs, side by side, and each run's part of it."""
    if not joined:
        return None, [None] * len(runs)
    sizes = [run.family.output_size for run in runs]
    whole = sequences.empty_outputs(runs[0].inputs, sum(sizes))
    return whole, whole.split(sizes, dim=2)


def _keeps_gates(run: SequenceRun) -> bool:
    if run.keep_gates is not None:
        return run.keep_gates and sequences.has_gates(run)
    return sequences.has_gates(run) and sequences.bytes_of_gates(run) <= MOST_GATES


class _Forward(NamedTuple):
    """What a forward pass is told beside its tensors; `keep_gates` of each run, or None: no gradient."""

    runs: Sequence[Any]
    with_cells: bool
    joined: bool
    keep_gates: Sequence[bool] | None = None


def _tensors(runs: Sequence[SequenceRun]) -> list[Tensor | None]:
    """Inputs, state and parameters of all runs, then their lengths."""
    found = [tensor for run in runs for tensor in (run.inputs, *run.state, *run.parameters)]
    return [*found, *[run.sequence_length for run in runs]]


def _with(runs: Sequence[Any], tensors: Any) -> list[SequenceRun]:
    """Emptied runs with the tensors that `_tensors` gave."""
    filled = [_take(run, tensors) for run in runs]
    return [run._replace(sequence_length=next(tensors)) for run in filled]


def _execute(passes: Sequence[Any]) -> None:
    build: Any = library.load()
    sequences.execute(build, passes)


@external
def _forward(told: _Forward, tensors: Sequence[Tensor | None]) -> tuple[Tensor, ...]:
    """The outputs of all runs, or of each, then of each its final state and what it keeps."""
    runs = _with(told.runs, iter(tensors))
    whole, parts = _parts_of_one(runs, told.joined)
    gates = [None] * len(runs) if told.keep_gates is None else told.keep_gates
    passes = [
        ForwardPass(run, told.with_cells or keeps is not None, bool(keeps), part, fill_kept=told.with_cells)
        for run, part, keeps in zip(runs, parts, gates, strict=True)
    ]
    _execute(passes)
    made = [each.outputs for each in passes] if whole is None else [whole]
    for each in passes:
        made += [*each.final, *each.kept]
    return tuple(made)


@external
def _backward(
    runs: Sequence[Any],
    needs: Sequence[bool],
    tensors: Sequence[Tensor | None],
    outputs: Sequence[Tensor],
    kept: Sequence[Sequence[Tensor]],
    incoming: Sequence[Sequence[Any]],
) -> tuple[Tensor, ...]:
    """The gradients of each run's inputs, state and parameters."""
    filled = _with(runs, iter(tensors))
    passes = [
        BackwardPass(run, Gradients(*given), of_run, kept_of_run, need)
        for run, given, of_run, kept_of_run, need in zip(filled, incoming, outputs, kept, needs, strict=True)
    ]
    _execute(passes)
    gradients: list[Tensor] = []
    for each in passes:
        gradients += [each.grad_inputs, *each.grad_state, *each.grad_parameters]
    return tuple(gradients)


class _Sequences(torch.autograd.Function):
    """Several runs as one node of the graph. The tensors of all runs come one after the other: inputs,
    state, parameters.
    """

    @staticmethod
    def forward(
        ctx: Any,
        runs: Sequence[SequenceRun],
        with_cells: bool,
        joined: bool,
        *tensors: Tensor,
    ) -> tuple[Tensor, ...]:
        # The tensors themselves are saved as autograd saves them; here, what they are part of.
        emptied, gates = [_emptied(run) for run in runs], [_keeps_gates(run) for run in runs]
        made = iter(_forward(_Forward(emptied, with_cells, joined, gates), _tensors(runs)))
        outputs = [next(made) for _ in range(1 if joined else len(runs))]
        ctx.with_cells, ctx.joined, ctx.runs, ctx.kept_counts = with_cells, joined, emptied, []
        results, kept = list(outputs), []
        for run, keeps in zip(runs, gates, strict=True):
            results += [next(made) for _ in run.state]
            of_run = [next(made) for _ in sequences.kept_shapes(run, keeps)]
            if with_cells:
                results.append(of_run[0])
            ctx.kept_counts.append(len(of_run))
            kept += of_run
        ctx.set_materialize_grads(False)
        lengths = [run.sequence_length for run in runs]
        ctx.save_for_backward(*tensors, *lengths, *outputs, *kept)
        return tuple(results)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Any, ...]:
        saved, incoming_grads = iter(ctx.saved_tensors), iter(grads)
        runs = [_take(run, saved) for run in ctx.runs]
        runs = [run._replace(sequence_length=next(saved)) for run in runs]
        outputs: list[Tensor] = [next(saved) for _ in range(1 if ctx.joined else len(runs))]
        of_outputs: list[Tensor | None] = [next(incoming_grads) for _ in outputs]
        if ctx.joined:
            sizes = [run.family.output_size for run in runs]
            outputs = list(outputs[0].split(sizes, dim=2))
            of_all = of_outputs[0]
            of_outputs = [None] * len(runs) if of_all is None else list(of_all.split(sizes, dim=2))
        kept = [[next(saved) for _ in range(count)] for count in ctx.kept_counts]
        incoming = []
        for run, of_run in zip(runs, of_outputs, strict=True):
            of_state = [next(incoming_grads) for _ in run.state]
            of_kept = (
                [next(incoming_grads) if ctx.with_cells else None] if isinstance(run.family, LSTM) else []
            )
            incoming.append(Gradients(of_run, of_state, of_kept))
        needs = iter(ctx.needs_input_grad[3:])
        input_needs = []
        for run in runs:
            input_needs.append(next(needs))
            for _ in (*run.state, *run.parameters):
                next(needs)
        if torch.is_grad_enabled():  # create_graph=True: the gradients must themselves be differentiable
            found = [
                gradient
                for run, given in zip(runs, incoming, strict=True)
                for gradient in _differentiable(run, given)
            ]
            return None, None, None, *found
        with library.torch_operations():
            given = [tuple(each) for each in incoming]
            made = iter(_backward(ctx.runs, input_needs, _tensors(runs), outputs, kept, given))
        gradients: list[Tensor | None] = []
        for run, need in zip(runs, input_needs, strict=True):
            of_inputs = next(made)
            gradients.append(of_inputs if need else None)
            gradients += [next(made) for _ in (*run.state, *run.parameters)]
        return None, None, None, *gradients


def _emptied(run: SequenceRun) -> Any:
    nothing: Any = None
    return run._replace(
        inputs=nothing,
        sequence_length=None,
        state=[nothing] * len(run.state),
        parameters=[nothing] * len(run.parameters),
    )


def _take(run: SequenceRun, tensors: Any) -> SequenceRun:
    """`run` with the next tensors in its places."""
    return run._replace(
        inputs=next(tensors),
        state=[next(tensors) for _ in run.state],
        parameters=[next(tensors) for _ in run.parameters],
    )


def _differentiable(run: SequenceRun, incoming: Gradients) -> list[Tensor | None]:
    def flip(tensor: Tensor | None) -> Tensor | None:
        if tensor is None or not run.reverse:
            return tensor
        return reversal.reverse_sequence(tensor, run.sequence_length, 0)

    inputs = flip(run.inputs)
    assert inputs is not None
    forwards = run._replace(inputs=inputs, reverse=False)
    kept = [flip(leaf) for leaf in incoming.kept]
    given = reference.Incoming(flip(incoming.outputs), incoming.state, kept)
    of_inputs, of_state, of_parameters = ops.differentiable_gradients(forwards, given)
    return [flip(of_inputs), *of_state, *of_parameters]
