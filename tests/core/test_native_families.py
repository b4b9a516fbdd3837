"""The native basic RNN and GRUs, on each of the ways they take through a sequence."""

from __future__ import annotations

import dataclasses
from typing import Any

import hypothesis
import pytest
import torch
from hypothesis import strategies
from torch import Tensor

from core import native_cases as cases
from ostinato.kernels.native import library, sequences
from ostinato.kernels.native.sequences import BackwardPass, ForwardPass, Gradients, SequenceRun
from ostinato.kernels.reversal import reverse_sequence

FAMILIES = ("basic_rnn", "basic_rnn_relu", "gru", "gru_reset_after")
# Units, batch, time, input_size: few rows, whose inputs go ahead; rows shared out; units shared out; more
# weights than stay in cache; a batch of several chunks.
SHAPES = [(7, 3, 5, 2), (33, 20, 70, 5), (130, 9, 7, 40), (260, 24, 3, 9), (16, 200, 9, 3)]


BUILD: Any = library.load()


def run_of(sequence: cases.Sequence, reverse: bool = False) -> SequenceRun:
    return SequenceRun(
        sequence.family, sequence.parameters, sequence.inputs, sequence.lengths, sequence.state, reverse
    )


def run_natively(run: SequenceRun, incoming: Tensor | None = None, keep_gates: bool = False) -> list[Tensor]:
    """Outputs, final state, and the gradients of inputs, state and parameters."""
    assert sequences.runs(run)
    forward = ForwardPass(run, keep=True, keep_gates=keep_gates)
    sequences.execute(BUILD, [forward])
    given = torch.cos(torch.arange(forward.outputs.numel(), dtype=run.inputs.dtype))
    gradients = Gradients(given.reshape(forward.outputs.shape) if incoming is None else incoming, [None], [])
    backward = BackwardPass(run, gradients, forward.outputs, forward.kept, True)
    sequences.execute(BUILD, [backward])
    return [
        *(forward.outputs, *forward.final),
        *(backward.grad_inputs, *backward.grad_state, *backward.grad_parameters),
    ]


def relative_error(actual: Tensor, exact: Tensor) -> float:
    return float((actual - exact).abs().max() / exact.abs().max().clamp_min(1e-30))


@pytest.mark.parametrize("lengths", [None, "ragged"], ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", FAMILIES)
def test_any_number_of_threads_gives_the_references_numbers(name, shape, lengths):
    if BUILD is None:
        return  # nothing native to test
    units, batch_size, time, input_size = shape
    exact = cases.make(cases.of_units(name, units), time, batch_size, input_size, lengths=lengths, scale=0.8)
    results = cases.forward(exact, reference=True)
    gradients = cases.incoming(exact, results)
    gradients.state = [None]
    expected = [
        *results.flat(),
        *cases.backward(exact, results, gradients, reference=True),
    ]
    for dtype, bound in ((torch.float64, 1e-11), (torch.float32, 2e-5)):
        run = run_of(exact.to(dtype))
        found = []
        for number in (1, 2, 3, 4):
            with cases.threads(number):
                found.append(run_natively(run, gradients.outputs.to(dtype)))
        for actual, value in zip(found[0], expected, strict=True):
            assert relative_error(actual, value) <= bound
        for other in found[1:]:
            cases.assert_equal(other, found[0])


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", ["gru", "gru_reset_after"])
def test_kept_gates_are_those_that_would_be_computed_again(name, shape):
    if BUILD is None:
        return  # nothing native to test
    units, batch_size, time, input_size = shape
    for dtype in (torch.float64, torch.float32):
        family = cases.of_units(name, units)
        run = run_of(cases.make(family, time, batch_size, input_size, dtype, "ragged"))
        for number in (1, 2):
            with cases.threads(number):
                cases.assert_equal(run_natively(run, keep_gates=True), run_natively(run))


@pytest.mark.parametrize("name", FAMILIES)
def test_gates_are_kept_only_where_there_are_some(name):
    if BUILD is None:
        return  # nothing native to test
    run = run_of(cases.make(cases.of_units(name, 24), 3, 2, 5, torch.float32))
    if type(run.family) not in sequences.GATES:
        return
    forward = ForwardPass(run, keep=True, keep_gates=True)
    (gates,) = forward.kept
    sequences.execute(BUILD, [forward])
    # The reset gate of the first step, in a call of the family's own step.
    names = [spec.name for spec in run.family.parameters(5)]
    parameters = dict(zip(names, run.parameters, strict=True))
    before = torch.cat([run.inputs[0], run.state[0]], dim=1)
    reset = torch.sigmoid(before @ parameters["gates/kernel"] + parameters["gates/bias"])
    # How rows follow each other is the library's business, and depends on the width of its vectors.
    torch.testing.assert_close(gates[0, 0, :2], reset[0, :2], rtol=0, atol=1e-6)


@pytest.mark.parametrize("lengths", [None, "ragged"], ids=str)
@pytest.mark.parametrize("name", FAMILIES)
def test_reversed_rows_are_rows_of_reversed_inputs(name, lengths):
    if BUILD is None:
        return  # nothing native to test
    for shape in SHAPES[:3]:
        units, batch_size, time, input_size = shape
        sequence = cases.make(
            cases.of_units(name, units), time, batch_size, input_size, torch.float32, lengths
        )

        def flip(tensor, lengths=sequence.lengths):
            return reverse_sequence(tensor, lengths, 0)

        incoming = torch.sin(torch.arange(time * batch_size * units).float()).reshape(time, batch_size, units)
        if sequence.lengths is not None:  # what stands past an end is not reversed, and is nobody's gradient
            incoming[torch.arange(time).unsqueeze(1) >= sequence.lengths] = 0.0
        flipped = dataclasses.replace(sequence, inputs=flip(sequence.inputs))
        expected = run_natively(run_of(flipped), flip(incoming))
        found = run_natively(run_of(sequence, reverse=True), incoming)
        cases.assert_equal([found[0], found[2]], [flip(expected[0]), flip(expected[2])])
        cases.assert_equal([found[1], *found[3:]], [expected[1], *expected[3:]])


@hypothesis.settings(max_examples=40, deadline=None)
@hypothesis.given(
    name=strategies.sampled_from(FAMILIES),
    units=strategies.integers(1, 40),
    batch_size=strategies.integers(1, 9),
    times=strategies.tuples(strategies.integers(1, 12), strategies.integers(1, 12)),
    seed=strategies.integers(0, 1000),
)
def test_a_sequence_is_its_halves_one_after_the_other(name, units, batch_size, times, seed):
    if BUILD is None:
        return  # nothing native to test
    first, second = times
    whole = cases.make(cases.of_units(name, units), first + second, batch_size, 4, torch.float32, seed=seed)
    expected = run_natively(run_of(whole))
    head = dataclasses.replace(whole, inputs=whole.inputs[:first])
    outputs, state, *_ = run_natively(run_of(head))
    tail = dataclasses.replace(whole, inputs=whole.inputs[first:], state=[state])
    rest, final, *_ = run_natively(run_of(tail))
    cases.assert_equal([torch.cat([outputs, rest]), final], expected[:2])


@pytest.mark.parametrize("name", FAMILIES)
def test_rounding_does_not_add_up_over_a_thousand_steps(name):
    if BUILD is None:
        return  # nothing native to test
    exact = cases.make(cases.of_units(name, 24), 1000, 16, 6, scale=0.8)
    results = cases.forward(exact, reference=True)
    gradients = cases.incoming(exact, results)
    gradients.state = [None]
    wanted = cases.backward(exact, results, gradients, reference=True)
    outputs, _, *found = run_natively(run_of(exact.to(torch.float32)), gradients.outputs.float())
    assert relative_error(outputs, results.outputs) <= 2e-6
    for actual, expected in zip(found, wanted, strict=True):
        assert relative_error(actual, expected) <= 3e-6


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", FAMILIES)
def test_products_in_bfloat16_round_and_no_more(name, shape):
    if BUILD is None:
        return  # nothing native to test
    units, batch_size, time, input_size = shape
    family = cases.of_units(name, units)
    wide = run_of(cases.make(family, time, batch_size, input_size, torch.float32, "ragged", scale=0.8))
    rounded = wide._replace(round_to_bfloat16=True)
    found = []
    for number in (1, 2, 3):
        with cases.threads(number):
            found.append(run_natively(rounded))
    for other in found[1:]:
        cases.assert_equal(other, found[0])
    if type(family) in sequences.GATES:
        cases.assert_equal(run_natively(rounded, keep_gates=True), found[0])
    # Where relu rounds a value to its other side, that has another gradient.
    count = 2 if family.activation == "relu" else None
    for actual, expected in zip(found[0][:count], run_natively(wide)[:count], strict=True):
        assert relative_error(actual, expected) <= 2e-2
