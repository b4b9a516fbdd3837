"""The laws of the house: whatever way a cell is unrolled, the results and every gradient are the same."""

from __future__ import annotations

import zlib

import optree
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.comparing import assert_close, grad_leaves, random_state, results_and_gradients
from core.zoo import CELLS, LOWERED, STEPPED
from ostinato import dynamic_rnn, static_rnn
from ostinato.cells import RNNCell, Run, lower
from ostinato.drivers.loop import run_loop
from ostinato.memory import MemoryPlan

LENGTHS = [None, [5, 2, 0], [7, 5, 9], [0, 0, 0]]
NO_DROPOUT = [name for name in CELLS if "dropout" not in name and name not in ("stack_with_plain", "zoneout")]


def make(
    name: str, dtype: torch.dtype, time: int = 5, batch_size: int = 3, num_units: int = 4, input_size: int = 3
):
    torch.manual_seed(zlib.crc32(name.encode()))
    cell = CELLS[name](num_units, input_size).to(dtype)
    inputs = torch.randn(batch_size, time, input_size, dtype=dtype).requires_grad_()
    return cell, inputs, random_state(cell, batch_size, dtype)


def seeded(run):
    """`run`, from the same state of torch's default generator each time."""

    def again():
        torch.manual_seed(3)
        return run()

    return again


@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("name", CELLS)
def test_static_equals_dynamic(name, dtype, lengths):
    cell, inputs, state = make(name, dtype)
    leaves = grad_leaves(cell, inputs, state)

    def static():
        outputs, final = static_rnn(cell, list(inputs.unbind(1)), state, sequence_length=lengths)
        return optree.tree_map(lambda *steps: torch.stack(steps, 1), *outputs), final

    def dynamic():
        return dynamic_rnn(cell, inputs, lengths, state)

    def time_major():
        outputs, final = dynamic_rnn(cell, inputs.transpose(0, 1), lengths, state, time_major=True)
        return optree.tree_map(lambda leaf: leaf.transpose(0, 1), outputs), final

    expected = results_and_gradients(seeded(static), leaves)
    for way in (dynamic, time_major):
        actual = results_and_gradients(seeded(way), leaves)
        for a, e in zip(actual, expected, strict=True):
            assert_close(a, e, dtype)


@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
@pytest.mark.parametrize("name", LOWERED)
def test_sequence_ops_equal_the_loop_over_steps(name, lengths):
    cell, inputs, state = make(name, torch.float64)
    assert lower(cell) is not None
    leaves = grad_leaves(cell, inputs, state)

    def looped():
        given_lengths = None if lengths is None else torch.tensor(lengths)
        outputs, final = run_loop(
            cell,
            inputs.transpose(0, 1),
            state,
            given_lengths,
            Run(7),
            5,
        )
        return outputs.transpose(0, 1), final

    expected = results_and_gradients(looped, leaves)
    actual = results_and_gradients(lambda: dynamic_rnn(cell, inputs, lengths, state, seed=7), leaves)
    for a, e in zip(actual, expected, strict=True):
        assert_close(a, e, torch.float64)


@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
@pytest.mark.parametrize("name", CELLS)
def test_swapping_memory_changes_nothing(name, lengths):
    cell, inputs, state = make(name, torch.float64)
    leaves = grad_leaves(cell, inputs, state)
    expected = results_and_gradients(seeded(lambda: dynamic_rnn(cell, inputs, lengths, state)), leaves)
    actual = results_and_gradients(
        seeded(lambda: dynamic_rnn(cell, inputs, lengths, state, swap_memory=True)), leaves
    )
    for a, e in zip(actual, expected, strict=True):
        assert_close(a, e, torch.float64)


@pytest.mark.parametrize("name", NO_DROPOUT)
def test_a_batch_equals_its_rows_and_padding_adds_nothing(name):
    cell, inputs, state = make(name, torch.float64)
    lengths = [5, 2, 3]
    outputs, final = dynamic_rnn(cell, inputs, lengths, state)
    for row, length in enumerate(lengths):

        def pick(leaf, row=row):
            return leaf[row : row + 1]

        row_outputs, row_final = dynamic_rnn(
            cell, inputs[row : row + 1, :length], None, optree.tree_map(pick, state)
        )
        for whole, part in zip(optree.tree_leaves(outputs), optree.tree_leaves(row_outputs), strict=True):
            torch.testing.assert_close(whole[row : row + 1, :length], part, rtol=0, atol=1e-12)
            assert (whole[row, length:] == 0).all()
        assert_close(
            optree.tree_leaves(optree.tree_map(pick, final)), optree.tree_leaves(row_final), torch.float64
        )


@pytest.mark.parametrize("swap_memory", [False, True])
@pytest.mark.parametrize("name", CELLS)
def test_padding_is_never_read(name, swap_memory):
    cell, inputs, state = make(name, torch.float64)
    lengths = [4, 2, 0]
    leaves = grad_leaves(cell, inputs, state)
    poisoned = inputs.detach().clone()
    for row, length in enumerate(lengths):
        poisoned[row, length:] = float("nan")
    poisoned.requires_grad_()

    def run(given):
        return seeded(lambda: dynamic_rnn(cell, given, lengths, state, swap_memory=swap_memory))

    expected = results_and_gradients(run(inputs), leaves)
    actual = results_and_gradients(run(poisoned), grad_leaves(cell, poisoned, state))
    for a, e in zip(actual, expected, strict=True):
        assert_close(a, e, torch.float64)


@st.composite
def plans(draw):
    """Any plan that a processor can obey. A plan may name more steps than there are."""
    kind = draw(st.sampled_from(["keep_all", "keep_state", "recompute", "nested", "swap"]))
    every = draw(st.none() | st.integers(1, 10))
    if kind == "recompute":
        return MemoryPlan.recompute(every, keep_last=draw(st.integers(0, 12)))
    if kind == "nested":
        lengths = draw(st.lists(st.integers(1, 10), min_size=2, max_size=3, unique=True))
        return MemoryPlan.recompute(sorted(lengths, reverse=True), keep_last=draw(st.integers(0, 3)))
    if kind == "swap":
        return MemoryPlan.swap(to="disk", every=every)
    return getattr(MemoryPlan, kind)()


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(sorted(CELLS)),
    time=st.integers(1, 9),
    batch_size=st.integers(1, 4),
    num_units=st.sampled_from([1, 2, 7]),
    input_size=st.sampled_from([1, 3, 5]),
    plan=plans(),
    time_major=st.booleans(),
    data=st.data(),
)
def test_any_plan_equals_none(name, time, batch_size, num_units, input_size, plan, time_major, data):
    lengths = data.draw(
        st.none() | st.lists(st.integers(0, time + 2), min_size=batch_size, max_size=batch_size)
    )
    cell, inputs, state = make(name, torch.float64, time, batch_size, num_units, input_size)
    leaves = grad_leaves(cell, inputs, state)

    def run(memory):
        given_inputs = inputs.transpose(0, 1) if time_major else inputs
        return seeded(
            lambda: dynamic_rnn(cell, given_inputs, lengths, state, time_major=time_major, memory=memory)
        )

    expected = results_and_gradients(run(None), leaves)
    actual = results_and_gradients(run(plan), leaves)
    for a, e in zip(actual, expected, strict=True):
        assert_close(a, e, torch.float64)


@settings(max_examples=25, deadline=None)
@given(
    name=st.sampled_from(sorted(NO_DROPOUT)), time=st.integers(2, 8), cut=st.integers(1, 7), data=st.data()
)
def test_a_sequence_equals_its_two_halves(name, time, cut, data):
    cut = min(cut, time - 1)
    lengths = torch.tensor(data.draw(st.lists(st.integers(0, time), min_size=3, max_size=3)))
    cell, inputs, state = make(name, torch.float64, time)
    whole, final = dynamic_rnn(cell, inputs, lengths, state)
    first, middle = dynamic_rnn(cell, inputs[:, :cut], lengths, state)
    second, end = dynamic_rnn(cell, inputs[:, cut:], (lengths - cut).clamp(min=0), middle)
    joined = optree.tree_map(lambda a, b: torch.cat([a, b], 1), first, second)
    assert_close(optree.tree_leaves((joined, end)), optree.tree_leaves((whole, final)), torch.float64)


def test_the_zoo_is_sorted_by_how_its_cells_run():
    assert all(isinstance(make(name, torch.float32)[0], RNNCell) for name in CELLS)
    assert all(lower(CELLS[name](4, 3)) is not None for name in LOWERED)
    assert all(lower(CELLS[name](4, 3)) is None for name in STEPPED)
