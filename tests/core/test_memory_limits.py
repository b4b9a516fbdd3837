"""What memory is asked for: limits and plans that make no sense, the least limit, and what is chosen."""

from __future__ import annotations

import pickle

import numpy as np
import optree
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.comparing import assert_near, grad_leaves, random_state, results_and_gradients
from core.zoo import CELLS, PlainCell
from ostinato import (
    BasicLSTMCell,
    GRUCell,
    MemoryLimitError,
    MemoryPlan,
    bidirectional_dynamic_rnn,
    dynamic_rnn,
    plan_memory,
)
from ostinato.memory.limit import format_bytes, parse_bytes


def run(**options):
    torch.manual_seed(0)
    return dynamic_rnn(BasicLSTMCell(4, 3), torch.randn(2, 9, 3), **options)


PLAN = MemoryPlan.recompute()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"swap_memory": True, "memory": PLAN}, ValueError, "swap_memory=True and memory were given"),
        ({"swap_memory": True, "memory_limit": 1 << 30}, ValueError, "swap_memory=True and memory_limit"),
        ({"memory": PLAN, "memory_limit": "1GiB"}, ValueError, "memory and memory_limit were given"),
        ({"swap_memory": True, "memory": PLAN, "memory_limit": 5}, ValueError, "=True and memory and"),
        ({"memory": "recompute"}, TypeError, "memory must be a MemoryPlan, .* but is 'recompute'"),
        ({"memory": 64 << 20}, TypeError, "An amount of memory is memory_limit"),
        ({"memory": MemoryPlan.recompute}, TypeError, "memory must be a MemoryPlan"),
        ({"memory": MemoryPlan}, TypeError, "memory must be a MemoryPlan"),
        ({"memory": False}, TypeError, "memory must be a MemoryPlan"),
        ({"memory_limit": 0}, ValueError, "memory_limit must be positive, but is 0"),
        ({"memory_limit": -1}, ValueError, "memory_limit must be positive, but is -1"),
        ({"memory_limit": True}, TypeError, "memory_limit must be a number of bytes .* but is True"),
        ({"memory_limit": False}, TypeError, "but is False"),
        ({"memory_limit": 1e9}, TypeError, "but is 1000000000.0"),
        ({"memory_limit": b"2GiB"}, TypeError, "memory_limit must be a number of bytes"),
        ({"memory_limit": "64 pounds"}, ValueError, "'64 pounds' is no amount of memory: write a number"),
        ({"memory_limit": ""}, ValueError, "is no amount of memory"),
        ({"memory_limit": "GiB"}, ValueError, "is no amount of memory"),
        ({"memory_limit": "-2GiB"}, ValueError, "is no amount of memory"),
        ({"memory_limit": "2 GiB of it"}, ValueError, "is no amount of memory"),
        ({"memory_limit": "nan"}, ValueError, "is no amount of memory"),
        ({"memory_limit": "0.0001KiB"}, ValueError, "memory_limit must be positive, but is '0.0001KiB'"),
        ({"truncate_every": 0}, ValueError, "truncate_every must be at least 1 step, but is 0"),
        ({"truncate_every": -4}, ValueError, "truncate_every must be at least 1 step, but is -4"),
        ({"truncate_every": 2.0}, TypeError, "truncate_every must be a whole number of steps, but is 2.0"),
        ({"truncate_every": True}, TypeError, "truncate_every must be a whole number of steps, but is True"),
        ({"memory": MemoryPlan.swap()}, ValueError, 'use swap\\(to="disk"\\) or recompute\\(\\) there'),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said(options, error, message):
    cells = PlainCell(4, 3), PlainCell(4, 3)
    inputs = torch.randn(2, 9, 3)
    with pytest.raises(error, match=message):
        run(**options)
    with pytest.raises(error, match=message):
        dynamic_rnn(cells[0], inputs, **options)
    with pytest.raises(error, match=message):
        bidirectional_dynamic_rnn(*cells, inputs, **options)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: MemoryPlan.recompute(every=0), ValueError, "every must be at least 1 step, but is 0"),
        (lambda: MemoryPlan.recompute(every=-3), ValueError, "every must be at least 1 step, but is -3"),
        (
            lambda: MemoryPlan.recompute(every=True),
            TypeError,
            "every must be a whole number of steps, but is True",
        ),
        (lambda: MemoryPlan.recompute(every=2.5), TypeError, "every must be .* but is 2.5"),
        (lambda: MemoryPlan.recompute(every="10"), TypeError, "every must be .* but is '10'"),
        (lambda: MemoryPlan.recompute(every=()), ValueError, "every must name at least one number of steps"),
        (lambda: MemoryPlan.recompute(every=(4, 4)), ValueError, "Nested numbers of steps must fall"),
        (lambda: MemoryPlan.recompute(every=(2, 8)), ValueError, "Nested numbers of steps must fall"),
        (lambda: MemoryPlan.recompute(every=(8, 0)), ValueError, "every must be at least 1 step, but is 0"),
        (lambda: MemoryPlan.recompute(every=(8, None)), TypeError, "every must be .* but is None"),
        (lambda: MemoryPlan.recompute(keep_last=-1), ValueError, "keep_last must not be negative, but is -1"),
        (lambda: MemoryPlan.recompute(keep_last=None), TypeError, "keep_last must be .* but is None"),
        (lambda: MemoryPlan.swap(to="tape"), ValueError, 'to must be "host" or "disk", but is \'tape\''),
        (lambda: MemoryPlan.swap(to="disk", every=0), ValueError, "every must be at least 1 step"),
        (lambda: MemoryPlan.swap(to="disk", every=(4, 2)), ValueError, "pieces of one length, but every is"),
        (lambda: MemoryPlan.swap(directory="/tmp"), ValueError, 'with to="host" there is none'),
    ],
)
def test_a_plan_that_is_none_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_integers_of_numpy_are_integers():
    assert MemoryPlan.recompute(every=np.int64(3), keep_last=np.int32(2)) == MemoryPlan.recompute(3, 2)
    assert MemoryPlan.swap(to="disk", every=np.int64(3)) == MemoryPlan.swap(to="disk", every=3)
    assert parse_bytes(np.int64(1 << 40)) == 1 << 40


def test_plans_are_values():
    plan = MemoryPlan.recompute(every=[8, 2], keep_last=3)
    assert plan == MemoryPlan.recompute((8, 2), 3)
    assert plan != MemoryPlan.recompute((8, 2))
    assert pickle.loads(pickle.dumps(plan)) == plan
    assert len({plan, MemoryPlan.recompute((8, 2), 3)}) == 1
    with pytest.raises(AttributeError):
        plan.kind = "swap"


@given(st.integers(1, 1 << 50))
def test_amounts_can_be_read_back(size):
    assert parse_bytes(size) == parse_bytes(str(size)) == parse_bytes(f" {size} b ") == size
    assert parse_bytes(format_bytes(size).replace(" bytes", "")) == pytest.approx(size, rel=0.06)


def test_units():
    written = {
        "1KiB": 1024,
        "1kib": 1024,
        "1 KB": 1000,
        "1.5 MiB": 3 << 19,
        "2GB": 2 * 10**9,
        "1TiB": 1 << 40,
    }
    assert {text: parse_bytes(text) for text in written} == written
    assert parse_bytes("9" * 400 + "GiB") == int("9" * 400) << 30


LEAST = ["basic_rnn", "gru", "basic_lstm", "lstm_all", "stack", "dropout_stack", "plain", "zoneout"]


@pytest.mark.parametrize("name", LEAST)
def test_the_least_limit_is_enough(name):
    torch.manual_seed(0)
    cell = CELLS[name](4, 3).double()
    inputs = torch.randn(3, 60, 3, dtype=torch.float64, requires_grad=True)
    state = random_state(cell, 3, torch.float64)
    leaves = grad_leaves(cell, inputs, state)

    def run(limit=None):
        torch.manual_seed(3)
        return dynamic_rnn(cell, inputs, [60, 4, 0], state, memory_limit=limit)

    with pytest.raises(MemoryLimitError, match="the smallest limit that would do is") as caught:
        run(1)
    smallest = caught.value.smallest
    assert f"({smallest} bytes)" in str(caught.value)
    expected = results_and_gradients(run, leaves)
    actual = results_and_gradients(lambda: run(smallest), leaves)
    for a, e in zip(actual, expected, strict=True):
        assert_near(a, e, 1e-12, name)


@pytest.mark.parametrize("name", LEAST)
def test_a_byte_less_than_the_least_limit_is_not_enough(name):
    torch.manual_seed(0)
    cell, inputs = CELLS[name](4, 3), torch.randn(3, 60, 3)
    with pytest.raises(MemoryLimitError) as caught:
        dynamic_rnn(cell, inputs, memory_limit=1)
    smallest = caught.value.smallest
    dynamic_rnn(cell, inputs, memory_limit=smallest)
    with pytest.raises(MemoryLimitError) as caught:
        dynamic_rnn(cell, inputs, memory_limit=smallest - 1)
    assert caught.value.smallest == smallest
    found = plan_memory(cell, 3, 60, smallest, input_size=3)
    assert found.peak_bytes <= smallest == found.smallest_limit
    with pytest.raises(MemoryLimitError):
        plan_memory(cell, 3, 60, smallest - 1, input_size=3)


def test_both_directions_name_a_limit_for_both():
    cells, inputs = (BasicLSTMCell(4, 3), GRUCell(4, 3)), torch.randn(3, 60, 3)
    with pytest.raises(MemoryLimitError, match="Each direction has half of memory_limit") as caught:
        bidirectional_dynamic_rnn(*cells, inputs, memory_limit="1KiB")
    smallest = caught.value.smallest
    bidirectional_dynamic_rnn(*cells, inputs, memory_limit=smallest)
    with pytest.raises(MemoryLimitError):
        bidirectional_dynamic_rnn(*cells, inputs, memory_limit=smallest - 2)


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from(["basic_lstm", "lstm_all", "gru", "stack", "plain"]),
    batch_size=st.sampled_from([1, 3, 32]),
    time=st.integers(1, 3000),
    share=st.floats(0.0, 2.0),
    keep_outputs=st.booleans(),
)
def test_what_is_chosen_keeps_to_the_limit(name, batch_size, time, share, keep_outputs):
    cell = known_cell(name)
    options = {"input_size": 3, "keep_outputs": keep_outputs}
    free = plan_memory(cell, batch_size, time, **options)
    limit = free.smallest_limit + int(share * max(0, free.peak_bytes - free.smallest_limit))
    found = plan_memory(cell, batch_size, time, limit, **options)
    assert found.peak_bytes <= limit
    assert found.kept_bytes <= found.peak_bytes
    assert found.extra_seconds >= 0
    assert (found.recomputed_steps > 0) == (found.plan.kind == "recompute")
    if share >= 1:
        assert found.extra_seconds <= 0.05 * found.seconds
    # The same plan by name costs the same.
    again = plan_memory(cell, batch_size, time, memory=found.plan, **options)
    assert (again.peak_bytes, again.kept_bytes) == (found.peak_bytes, found.kept_bytes)
    assert "smallest limit that would do" in str(found)


_cells = {}


def known_cell(name):
    """One a name: what a step of it costs is looked at once."""
    if name not in _cells:
        torch.manual_seed(0)
        _cells[name] = CELLS[name](4, 3)
    return _cells[name]


@pytest.mark.parametrize("name", ["basic_lstm", "stack", "plain"])
def test_planning_touches_nothing(name):
    cell = CELLS[name](4, 3)
    before = [leaf.clone() for leaf in cell.parameters()], torch.get_rng_state()
    plan_memory(cell, 3, 60, "16MiB", input_size=3)
    assert torch.equal(torch.get_rng_state(), before[1])
    assert all(torch.equal(a, b) for a, b in zip(cell.parameters(), before[0], strict=True))
    assert all(leaf.grad is None for leaf in cell.parameters())


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((0, 5), {}, "batch must be a positive number, but is 0"),
        ((3, -5), {}, "time must be a positive number, but is -5"),
        ((3, 5.0), {}, "time must be a positive number, but is 5.0"),
        ((3, 5, "much"), {}, "memory_limit 'much' is no amount of memory"),
        ((3, 5), {"input_size": None}, "PlainCell does not say what it takes: pass input_size="),
    ],
)
def test_what_cannot_be_planned_is_said(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        plan_memory(PlainCell(4, 3), *arguments, **{"input_size": 3, **options})


def test_a_run_without_a_gradient_needs_no_more_than_a_chunk():
    # No limit is too small for it: nothing is kept.
    cell, inputs = PlainCell(4, 3), torch.randn(3, 60, 3)
    with torch.no_grad():
        outputs = dynamic_rnn(cell, inputs, memory_limit=1)
        for a, e in zip(
            optree.tree_leaves(outputs), optree.tree_leaves(dynamic_rnn(cell, inputs)), strict=True
        ):
            assert torch.equal(a, e)
