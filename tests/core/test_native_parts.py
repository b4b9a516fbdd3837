"""Sequences in several native calls: the same bits as in one, and what a call says it takes."""

from __future__ import annotations

import ctypes
import dataclasses
import itertools
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import Tensor

from core import native_cases as cases
from core.native_cases import FAMILIES, make, of_units
from ostinato.kernels.native import calls, library, sequences
from ostinato.kernels.native.sequences import BackwardPass, ForwardPass, Gradients, SequenceRun

BUILD = library.load()
# So many rows that chunks are a few steps; units for more than one vector, and a rest.
TIME, BATCH, UNITS = 40, 600, 21
LENGTHS = {
    "all": None,
    "ragged": torch.arange(BATCH) * 37 % (TIME + 1),
    # Some end within the last part, some at its beginning, some nowhere: out of order, and past the end.
    "late": TIME + 4 - torch.arange(BATCH) * 37 % 31,
}


def as_run(sequence, batch_major=False, round_to_bfloat16=False):
    inputs = sequence.inputs
    if batch_major:
        inputs = inputs.transpose(0, 1).contiguous().transpose(0, 1)
    return SequenceRun(
        sequence.family,
        sequence.parameters,
        inputs,
        sequence.lengths,
        sequence.state,
        round_to_bfloat16=round_to_bfloat16,
    )


def chunk_of(run):
    return sequences.workspace(run.family, "backward", *run.inputs.shape, run.inputs.dtype).chunk_steps


def gradients_of(run, outputs_only=False):
    random = torch.Generator().manual_seed(7)

    def like(*shape: int) -> Tensor:
        return torch.randn(shape, generator=random, dtype=torch.float64).to(run.inputs.dtype)

    time, batch_size, _ = run.inputs.shape
    of_outputs = like(time, batch_size, run.family.output_size)
    of_outputs[:, 1 % batch_size] = 0  # a row without a gradient but for its state's
    of_kept = [None] * (len(run.state) - 1)  # an LSTM's c
    if outputs_only:
        return Gradients(of_outputs, [None] * len(run.state), of_kept)
    return Gradients(of_outputs, [like(*leaf.shape) for leaf in run.state], of_kept)


def in_pieces(run, incoming, stops, keep_gates):
    """Results and gradients by passes over the steps up to each of `stops`, as a walk makes them."""
    starts = [0, *stops[:-1]]
    keep_gates = keep_gates and sequences.has_gates(run)
    state, forwards = list(run.state), []
    outputs = sequences.empty_outputs(run.inputs, run.family.output_size)
    for start, stop in zip(starts, stops, strict=True):
        lengths = None if run.sequence_length is None else run.sequence_length - start
        piece = run._replace(inputs=run.inputs[start:stop], sequence_length=lengths, state=state)
        forward = ForwardPass(piece, True, keep_gates, outputs[start:stop], fill_kept=False)
        sequences.execute(BUILD, [forward])
        forwards.append(forward)
        state = forward.final
    totals = [torch.zeros_like(leaf) for leaf in run.parameters]
    of_inputs, of_state = torch.zeros_like(run.inputs), list(incoming.state)
    for start, stop, forward in reversed(list(zip(starts, stops, forwards, strict=True))):
        backward = BackwardPass(
            forward.run,
            Gradients(incoming.outputs[start:stop], of_state, incoming.kept),
            outputs[start:stop],
            forward.kept,
            True,
            into=of_inputs[start:stop],
            totals=totals,
        )
        sequences.execute(BUILD, [backward])
        of_state = backward.grad_state
    return [outputs, *state, of_inputs, *of_state, *totals]


def cut(run, step):
    """Where pieces of `step` steps end, the first of which is the short one."""
    time = len(run.inputs)
    return [*range(time % step or step, time, step), time]


def assert_any_cut_has_the_same_bits(run, outputs_only=False):
    chunk, time = chunk_of(run), len(run.inputs)
    assert time > chunk
    incoming = gradients_of(run, outputs_only)
    whole = in_pieces(run, incoming, [time], True)
    for multiple, keep_gates in ((1, False), (1, True), (2, False)):
        found = in_pieces(run, incoming, cut(run, multiple * chunk), keep_gates)
        cases.assert_equal(found, whole, (multiple, keep_gates))


@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("name", FAMILIES)
def test_a_backward_pass_in_parts_has_the_same_bits(name, lengths):
    if BUILD is None:
        return
    for dtype, batch_major in ((torch.float32, True), (torch.float32, False), (torch.float64, False)):
        sequence = make(of_units(name, UNITS), TIME, BATCH, 5, dtype, LENGTHS[lengths], scale=0.7)
        assert_any_cut_has_the_same_bits(as_run(sequence, batch_major))


@pytest.mark.parametrize("batch_size", [1, 3])
@pytest.mark.parametrize("name", FAMILIES)
def test_few_rows_in_parts(name, batch_size):
    if BUILD is None:
        return
    lengths = None if batch_size == 1 else torch.tensor([530, 601, 40])
    sequence = make(of_units(name, UNITS), 600, batch_size, 5, torch.float32, lengths, scale=0.7)
    assert_any_cut_has_the_same_bits(as_run(sequence))


@pytest.mark.parametrize("build", cases.BUILDS)
@pytest.mark.parametrize("name", FAMILIES)
def test_every_instruction_set_in_parts(name, build, monkeypatch):
    if BUILD is None:
        return
    monkeypatch.setattr(sys.modules[__name__], "BUILD", cases.BUILDS[build])
    sequence = make(of_units(name, UNITS), TIME, BATCH, 5, torch.float32, LENGTHS["late"], scale=0.7)
    with cases.instruction_set(build):
        for rounds in (False, True):
            assert_any_cut_has_the_same_bits(as_run(sequence, round_to_bfloat16=rounds), outputs_only=True)


@pytest.mark.parametrize("threads", [2, 3])
@pytest.mark.parametrize("name", FAMILIES)
def test_threads_in_parts(name, threads):
    if BUILD is None:
        return
    for num_units in (UNITS, 130):  # rows are shared out, and units
        sequence = make(of_units(name, num_units), TIME, BATCH, 5, torch.float32, LENGTHS["late"], scale=0.7)
        run = as_run(sequence)
        incoming = gradients_of(run)
        with cases.threads(threads):
            found = in_pieces(run, incoming, cut(run, chunk_of(run)), False)
        with cases.threads(1):
            cases.assert_equal(found, in_pieces(run, incoming, [TIME], True))


@pytest.mark.parametrize("chunks", [1, 2])
@pytest.mark.parametrize("name", FAMILIES)
def test_the_length_of_a_call_changes_no_bit(name, chunks, monkeypatch):
    if BUILD is None:
        return
    time = 3 * TIME
    for lengths in (None, 3 * LENGTHS["ragged"]):
        sequence = make(of_units(name, UNITS), time, BATCH, 5, torch.float32, lengths, scale=0.7)
        results = cases.forward(sequence)
        gradients = cases.incoming(sequence, results)
        wanted = cases.backward(sequence, results, gradients)
        run, multiplications = as_run(sequence), 1
        chunk = chunk_of(run)
        with monkeypatch.context() as patch:
            patch.setattr(sequences, "_MULTIPLICATIONS_PER_CALL", multiplications)
            while sequences._steps_of(run, "backward") < chunks * chunk:
                multiplications *= 2
                patch.setattr(sequences, "_MULTIPLICATIONS_PER_CALL", multiplications)
            steps = sequences._steps_of(run, "backward")
            assert steps < time
            assert steps % chunk == 0
            assert not sequences.runs(run._replace(reverse=True))
            assert sequences.runs(run._replace(inputs=run.inputs[:chunk], reverse=True))
            cases.assert_equal(cases.backward(sequence, results, gradients), wanted)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("name", FAMILIES)
def test_sizes_alone_say_what_a_call_takes(name, threads):
    if BUILD is None:
        return
    with cases.threads(threads):
        for units, batch_size, dtype in (
            (1, 1, torch.float32),
            (40, 9, torch.float64),
            (130, 7, torch.float32),
        ):
            run = as_run(make(of_units(name, units), 30, batch_size, 11, dtype, "ragged"))
            for rounds, gates, input_gradient in itertools.product((False, True), repeat=3):
                run = run._replace(round_to_bfloat16=rounds)
                forward = ForwardPass(run, True, gates and sequences.has_gates(run))
                sequences.execute(BUILD, [forward])
                incoming = gradients_of(run)
                backward = BackwardPass(run, incoming, forward.outputs, forward.kept, input_gradient)
                for each in (forward, backward):
                    (call,) = each.parts()
                    assert calls.ask(run.family, each.direction, call) == sequences.workspace(
                        run.family,
                        each.direction,
                        *run.inputs.shape,
                        dtype,
                        input_gradient=input_gradient,
                        reads_gates=gates,
                        round_to_bfloat16=rounds,
                    )


def test_a_long_pass_takes_what_its_longest_call_takes():
    if BUILD is None:
        return
    run = as_run(make(of_units("lstm", 700), 64, 300, 400, torch.float32))
    backward = BackwardPass(run, gradients_of(run), *through(run), True)
    assert backward.steps_per_call < 64
    taken = [calls.ask(run.family, "backward", call).bytes for call in backward.parts()]
    assert len(taken) > 1
    assert sequences.workspace(run.family, "backward", 64, 300, 400).bytes == max(taken)


def through(run):
    """Outputs and what is kept, uninitialised."""
    forward = ForwardPass(run, True)
    return forward.outputs, forward.kept


def test_bfloat16_is_computed_in_float32():
    if BUILD is None:
        return
    family, shape = FAMILIES["lstm"], (30, 9, 11)
    wide = sequences.workspace(family, "backward", *shape, torch.float32, round_to_bfloat16=True)
    assert sequences.workspace(family, "backward", *shape, torch.bfloat16) == wide


def test_a_question_runs_nothing():
    if BUILD is None:
        return
    run = as_run(make(of_units("lstm", 16), 30, 9, 11, torch.float32))
    forward = ForwardPass(run, True)
    forward.outputs.fill_(3.0)
    (call,) = forward.parts()
    calls.ask(run.family, "forward", call)
    assert bool((forward.outputs == 3.0).all())
    assert call.query is None
    sequences.execute(BUILD, [forward])
    assert not bool((forward.outputs == 3.0).any())


def test_a_question_without_native_code_is_an_error(monkeypatch):
    monkeypatch.setattr(library, "load", lambda: None)
    with pytest.raises(RuntimeError, match="the reference runs here"):
        sequences.workspace(FAMILIES["lstm"], "forward", 3, 2, 5)


class _Account(ctypes.Structure):
    """What the C library says of memory."""

    _fields_ = [
        *((name, ctypes.c_size_t) for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks")),
        *((name, ctypes.c_size_t) for name in ("fsmblks", "uordblks", "fordblks", "keepcost")),
    ]


def taken_by(kernels):
    """The bytes that each of some calls takes, one after the other."""
    account = ctypes.CDLL(None).mallinfo2
    account.restype = _Account
    found = []

    def in_use():
        now = account()
        return now.uordblks + now.hblkhd

    for kernel, call in kernels:
        before = in_use()
        kernel(ctypes.byref(call))
        found.append(in_use() - before)
    return found


@pytest.mark.parametrize("name", FAMILIES)
def test_what_is_said_is_what_is_allocated(name):
    if BUILD is None or not hasattr(ctypes.CDLL(None), "mallinfo2"):
        return
    with cases.threads(1):
        run = as_run(make(of_units(name, 260), 5, 20, 60, torch.float32))
        forward = ForwardPass(run, True)
        sequences.execute(BUILD, [forward])
        backward = BackwardPass(run, gradients_of(run), forward.outputs, forward.kept, True)
        said, kernels = [], []
        for each in (forward, backward):
            (call,) = each.parts()
            kernels.append((getattr(BUILD, calls.symbol(run.family, each.direction)), call))
            said.append(sequences.workspace(run.family, each.direction, *run.inputs.shape).bytes)
        assert 300_000 < said[0] < said[1]

        def assert_takes(taken, expected):
            # Less than the least of what is taken; other threads may take or give back something meanwhile.
            assert abs(taken - expected) < 50_000

        # Threads that have run no kernel before, and end together: each gives its block back then.
        with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as another:
            first, more = one.submit(taken_by, kernels).result()
            whole, nothing = another.submit(taken_by, kernels[::-1]).result()
        assert_takes(first, said[0])
        assert_takes(first + more, said[1])  # one block for both
        assert_takes(whole, said[1])
        assert_takes(nothing, 0)


@pytest.mark.parametrize("name", ["lstm_peepholes", "lstm_layer_norm", "lstm_all"])
def test_sums_do_not_round_more_the_longer_they_are(name):
    # Without what has a kink: a rounded value on its other side has another gradient.
    family = dataclasses.replace(of_units(name, 32), cell_clip=None, proj_clip=None)
    exact = make(family, 4000, 2, 12, torch.float64, scale=1.0)
    for spec, parameter in zip(family.parameters(12), exact.parameters, strict=True):
        if spec.name.endswith("gamma"):
            parameter.mul_(0.3)  # with gains of one, hundreds of steps of layer norm are chaos
    exact = exact.to(torch.float32).to(torch.float64)
    results = cases.forward(exact)
    gradients = cases.incoming(exact, results, kept=False)
    wanted = cases.backward(exact, results, gradients)
    rounded = exact.to(torch.float32)
    incoming = cases.Incoming(
        gradients.outputs.float(), [leaf.float() for leaf in gradients.state], [None] * len(gradients.kept)
    )
    found = cases.backward(rounded, cases.forward(rounded), incoming)
    for a, e in list(zip(found, wanted, strict=True))[3:]:  # of the parameters
        assert float((a.double() - e).abs().max() / e.abs().max()) < 1e-6
