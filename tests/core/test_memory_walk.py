"""The walk itself: any function over a sequence, cut as a schedule says."""

from __future__ import annotations

import gc
import weakref

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ostinato.memory import MemoryPlan
from ostinato.memory.disk import DiskStore
from ostinato.memory.replay import ReplayedWork
from ostinato.memory.schedule import Keep, Schedule
from ostinato.memory.walk import Walk, walk_sequence


def sines(start, chunk, state, parameters):
    (x,), (s,), (w,) = chunk, state, parameters
    outputs = []
    for step in range(x.shape[0]):
        s = torch.sin(w * s + x[step] * (start + step))
        outputs.append(s)
    return [torch.stack(outputs)], [s]


def walked(plan, inputs, state, weight, truncate_every=None, keep_outputs=True, run_chunk=sines):
    work = ReplayedWork(run_chunk, [inputs], [weight])
    schedule = Schedule(plan, inputs.shape[0], truncate_every)
    open_store = (lambda: DiskStore(None)) if plan.kind == "swap" else None
    walk = Walk(work, schedule, inputs.shape[0], keep_outputs, open_store=open_store)
    outputs, (final,) = walk_sequence(walk, [inputs], [state], [weight])
    return None if outputs is None else outputs[0], final


PLANS = [
    MemoryPlan.keep_all(),
    MemoryPlan.recompute(),
    MemoryPlan.recompute(every=3),
    MemoryPlan.recompute(every=(4, 2)),
    MemoryPlan.recompute(every=3, keep_last=4),
]


def three_leaves(time=7):
    def leaf(*shape):
        return torch.randn(*shape, dtype=torch.float64).requires_grad_()

    return leaf(time, 2), leaf(2), torch.tensor(2.0, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize("plan", PLANS, ids=repr)
def test_gradients_are_those_of_finite_differences(plan):
    assert torch.autograd.gradcheck(lambda *leaves: walked(plan, *leaves), three_leaves())


@settings(max_examples=60, deadline=None)
@given(
    time=st.integers(1, 30),
    lengths=st.lists(st.integers(1, 33), min_size=1, max_size=4, unique=True),
    keep_last=st.integers(0, 33),
)
def test_the_bits_are_those_of_one_graph(time, lengths, keep_last):
    plan = MemoryPlan.recompute(sorted(lengths, reverse=True), keep_last)
    leaves = three_leaves(time)

    def results(run):
        outputs, final = run()
        return outputs, final, *torch.autograd.grad(outputs.sin().sum() + final.prod(), leaves)

    def at_once():
        (outputs,), (final,) = sines(0, [leaves[0]], [leaves[1]], [leaves[2]])
        return outputs, final

    for actual, expected in zip(results(lambda: walked(plan, *leaves)), results(at_once), strict=True):
        assert torch.equal(actual, expected)


@settings(max_examples=200, deadline=None)
@given(
    time=st.integers(1, 60),
    lengths=st.lists(st.integers(1, 70), min_size=1, max_size=4, unique=True),
    keep_last=st.integers(0, 70),
    truncate_every=st.none() | st.integers(1, 70),
)
def test_chunks_follow_one_another(time, lengths, keep_last, truncate_every):
    lengths.sort(reverse=True)
    schedule = Schedule(MemoryPlan.recompute(lengths, keep_last), time, truncate_every)
    chunks = list(schedule)
    assert [chunk.place for chunk in chunks] == list(range(len(schedule)))
    assert [chunk.start for chunk in chunks] == [0, *(chunk.stop for chunk in chunks[:-1])]
    assert chunks[-1].stop == time
    assert all(0 < chunk.stop - chunk.start <= lengths[-1] for chunk in chunks)
    kept = sum(chunk.stop - chunk.start for chunk in chunks if chunk.keep == Keep.ALL)
    assert min(keep_last, time) - lengths[-1] < kept <= min(keep_last, time)
    ends = [chunk.start for chunk in chunks if schedule.ends_gradient(chunk)]
    assert ends == ([] if truncate_every is None else list(range(truncate_every, time, truncate_every)))


def counting(calls):
    def run_chunk(start, chunk, state, parameters):
        calls.append((start, len(chunk[0])))
        return sines(start, chunk, state, parameters)

    return run_chunk


@pytest.mark.parametrize(
    ("plan", "steps_run"),
    [
        (MemoryPlan.keep_all(), 100),
        (MemoryPlan.recompute(every=10), 200),
        (MemoryPlan.recompute(every=100), 200),
        (MemoryPlan.recompute(every=10, keep_last=100), 100),
        (MemoryPlan.recompute(every=10, keep_last=30), 170),
        # Of each stretch of 50 the last ten steps need not be run again for the states between.
        (MemoryPlan.recompute(every=(50, 10)), 280),
    ],
    ids=str,
)
def test_steps_are_run_as_often_as_a_plan_says(plan, steps_run):
    calls = []
    outputs, _ = walked(plan, *three_leaves(100), run_chunk=counting(calls))
    assert sum(count for _, count in calls) == 100
    outputs.sum().backward()
    assert sum(count for _, count in calls) == steps_run


def test_without_a_gradient_steps_run_once_and_nothing_is_written():
    calls = []
    leaves = [leaf.detach() for leaf in three_leaves(100)]
    for plan in (*PLANS, MemoryPlan.swap(to="disk", every=10)):
        calls.clear()
        outputs, _ = walked(plan, *leaves, run_chunk=counting(calls))
        assert outputs.grad_fn is None
        assert sum(count for _, count in calls) == 100


@pytest.mark.parametrize("plan", [*PLANS, MemoryPlan.swap(to="disk", every=3)], ids=repr)
@pytest.mark.parametrize("keep_outputs", [True, False])
def test_a_walk_lets_go_of_its_tensors(plan, keep_outputs):
    inputs, state, weight = three_leaves()
    outputs, final = walked(plan, inputs, state, weight, keep_outputs=keep_outputs)
    (final if outputs is None else outputs).sum().backward()
    alive = [weakref.ref(leaf) for leaf in (inputs, state, final) + (() if outputs is None else (outputs,))]
    del inputs, state, outputs, final
    # No cycle holds them: they are gone before a collection.
    assert [ref() for ref in alive] == [None] * len(alive)


@pytest.mark.parametrize("plan", [*PLANS, MemoryPlan.swap(to="disk", every=3)], ids=repr)
def test_a_walk_without_a_backward_pass_lets_go_too(plan):
    inputs, state, weight = three_leaves()
    outputs, final = walked(plan, inputs, state, weight)
    alive = [weakref.ref(leaf) for leaf in (inputs, state, outputs, final)]
    del inputs, state, outputs, final
    gc.collect()
    assert [ref() for ref in alive] == [None] * 4


def test_results_share_no_memory_with_what_is_given():
    inputs, state, weight = three_leaves()

    def unchanged(start, chunk, state, parameters):
        return [chunk[0]], [state[0]]

    for plan in PLANS:
        outputs, final = walked(plan, inputs, state, weight, run_chunk=unchanged)
        places = [leaf.untyped_storage().data_ptr() for leaf in (inputs, state, outputs, final)]
        assert len(set(places)) == 4
        gradients = torch.autograd.grad(outputs.sum() + 3 * final.sum(), [inputs, state])
        assert torch.equal(gradients[0], torch.ones_like(inputs))
        assert torch.equal(gradients[1], torch.full_like(state, 3.0))


@pytest.mark.parametrize("truncate_every", [1, 2, 3, 7, 8, 100])
@pytest.mark.parametrize("plan", [*PLANS, MemoryPlan.swap(to="disk", every=3)], ids=repr)
def test_a_truncated_walk_detaches_the_state(plan, truncate_every):
    leaves = three_leaves(8)

    def by_hand():
        state, pieces = leaves[1], []
        for start in range(0, 8, truncate_every):
            x = leaves[0][start : start + truncate_every]
            (outputs,), (state,) = sines(start, [x], [state], [leaves[2]])
            pieces.append(outputs)
            last, state = state, state.detach()
        return torch.cat(pieces), last

    def results(run):
        outputs, final = run()
        return outputs, final, *torch.autograd.grad(outputs.cos().sum() + final.sum(), leaves)

    expected = results(by_hand)
    actual = results(lambda: walked(plan, *leaves, truncate_every=truncate_every))
    torch.testing.assert_close(actual, expected, rtol=0, atol=1e-12)
