"""Memory plans: whatever is kept, recomputed or moved away, results and gradients are those of no plan."""

from __future__ import annotations

import zlib
from contextlib import nullcontext

import optree
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from core.comparing import assert_near, grad_leaves, random_state, results_and_gradients, weighted_sum
from core.zoo import CELLS, PlainCell
from ostinato import (
    BasicLSTMCell,
    BasicRNNCell,
    DropoutWrapper,
    GRUCell,
    LSTMCell,
    MultiRNNCell,
    RNNCell,
    bidirectional_dynamic_rnn,
    dynamic_rnn,
)
from ostinato.memory import MemoryPlan

TIME, BATCH = 9, 3
PLANS = [
    MemoryPlan.keep_all(),
    MemoryPlan.keep_state(),
    MemoryPlan.recompute(),
    MemoryPlan.recompute(every=1),
    MemoryPlan.recompute(every=4),
    MemoryPlan.recompute(every=100),
    MemoryPlan.recompute(every=(6, 3, 1)),
    MemoryPlan.recompute(every=2, keep_last=3),
    MemoryPlan.swap(to="disk"),
    MemoryPlan.swap(to="disk", every=2),
]
# How far from the whole sequence's, in parts of the largest value of a tensor.
PRECISIONS = {
    "float64": (torch.float64, False, 1e-13),
    "float32": (torch.float32, False, 1e-6),
    # A state that goes from chunk to chunk is rounded there: one unit in the last place is 8e-3.
    "bfloat16": (torch.bfloat16, False, 3e-2),
    "autocast": (torch.float32, True, 3e-2),
}


def make(name, dtype=torch.float64, time=TIME):
    torch.manual_seed(zlib.crc32(name.encode()))
    cell = CELLS[name](4, 3).to(dtype)
    return cell, torch.randn(BATCH, time, 3, dtype=dtype).requires_grad_(), random_state(cell, BATCH, dtype)


def seeded(run):
    def again(*arguments):
        torch.manual_seed(3)
        return run(*arguments)

    return again


def assert_same(run, leaves, tolerance, plans=PLANS):
    """`run(plan)` gives what `run(None)` does."""
    results, gradients = results_and_gradients(seeded(lambda: run(None)), leaves)
    for plan in plans:
        planned = results_and_gradients(seeded(lambda plan=plan: run(plan)), leaves)
        assert_near(planned[0], results, tolerance, plan)
        assert_near(planned[1], gradients, tolerance, plan)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("name", CELLS)
def test_every_plan_in_every_precision(name, precision):
    dtype, autocast, tolerance = PRECISIONS[precision]
    if precision == "float32" and "layer_norm" in name:
        tolerance *= 2  # where plain torch runs them: their gains' gradients are sums of cancelling terms
    cell, inputs, state = make(name, dtype)

    def run(plan):
        context = torch.autocast("cpu", dtype=torch.bfloat16) if autocast else nullcontext()
        with context:
            return dynamic_rnn(cell, inputs, [9, 4, 0], state, memory=plan)

    assert_same(run, grad_leaves(cell, inputs, state), tolerance)


# Cells whose step is the same arithmetic with a graph and without one: an LSTM runs natively where nothing is
# recorded.
SAME_ARITHMETIC = ["plain", "softsign", "residual_fn"]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("name", SAME_ARITHMETIC)
def test_a_stepped_cell_gives_the_same_bits(name, dtype):
    cell, inputs, state = make(name, dtype)
    leaves = grad_leaves(cell, inputs, state)
    assert_same(lambda plan: dynamic_rnn(cell, inputs, None, state, memory=plan), leaves, 0.0)
    for lengths in ([9, 4, 0], [12, 5, 5]):
        # A state that may be copied through has three gradients, which are summed in another order.
        run = seeded(lambda plan=None, n=lengths: dynamic_rnn(cell, inputs, n, state, memory=plan))
        expected = optree.tree_leaves(run())
        for plan in PLANS:
            assert_near(optree.tree_leaves(run(plan)), expected, 0.0, plan)


@pytest.mark.parametrize("variational", [False, True])
@pytest.mark.parametrize("dropped", ["input_keep_prob", "output_keep_prob", "state_keep_prob"])
@pytest.mark.parametrize("inner", [BasicLSTMCell, GRUCell, PlainCell])
def test_dropout_replays(inner, dropped, variational):
    torch.manual_seed(0)
    cell = DropoutWrapper(inner(4, 3), **{dropped: 0.5}, variational_recurrent=variational).double()
    inputs = torch.randn(BATCH, TIME, 3, dtype=torch.float64, requires_grad=True)
    leaves = grad_leaves(cell, inputs)
    for seed in (None, 5):
        run = lambda plan, seed=seed: dynamic_rnn(cell, inputs, [9, 4, 0], memory=plan, seed=seed)  # noqa: E731
        assert_same(run, leaves, 1e-13)
    assert not torch.equal(*(weighted_sum(dynamic_rnn(cell, inputs, seed=seed)) for seed in (5, 6)))


class Everything(RNNCell):
    """Nested inputs, also integers; a counter and flags as state; nested outputs; a parameter used twice."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(7, 4)
        self.inner = BasicLSTMCell(4, 4)
        self.again = nn.Linear(4, 7, bias=False)
        self.again.weight = self.embedding.weight
        self.state_size = {"lstm": self.inner.state_size, "count": torch.Size([]), "seen": torch.Size([7])}
        self.output_size = [torch.Size([7]), {"token": torch.Size([])}]

    def zero_state(self, batch_size, dtype=None, device=None):
        return {
            "lstm": self.inner.zero_state(batch_size, torch.float64),
            "count": torch.zeros((), dtype=torch.int64),
            "seen": torch.zeros(batch_size, 7, dtype=torch.bool),
        }

    def forward(self, inputs, state):
        token = inputs["token"]
        output, lstm = self.inner(self.embedding(token) * inputs["factor"], state["lstm"])
        seen = state["seen"] | torch.nn.functional.one_hot(token, 7).bool()
        logits = self.again(output).masked_fill(seen, 0.0) * (1 + state["count"])
        return [logits, {"token": token}], {"lstm": lstm, "count": state["count"] + 1, "seen": seen}


@pytest.mark.parametrize("time_major", [False, True])
def test_nests_of_any_dtype(time_major):
    torch.manual_seed(0)
    cell = Everything().double()
    factor = torch.randn(BATCH, TIME, 1, dtype=torch.float64, requires_grad=True)
    token = torch.randint(7, (BATCH, TIME))

    def run(plan):
        inputs = {"token": token, "factor": factor}
        if time_major:
            inputs = optree.tree_map(lambda leaf: leaf.transpose(0, 1), inputs)
        return dynamic_rnn(cell, inputs, [9, 4, 0], time_major=time_major, memory=plan)

    assert_same(run, grad_leaves(cell, factor), 1e-13)


@pytest.mark.parametrize("name", CELLS)
def test_a_run_without_a_gradient(name):
    cell, inputs, state = make(name)
    for context in (torch.no_grad, torch.inference_mode):
        with context():
            expected = seeded(lambda: dynamic_rnn(cell, inputs, [9, 4, 0], state))()
            for plan in PLANS:
                actual = seeded(lambda plan=plan: dynamic_rnn(cell, inputs, [9, 4, 0], state, memory=plan))()
                assert not any(leaf.requires_grad for leaf in optree.tree_leaves(actual))
                assert_near(optree.tree_leaves(actual), optree.tree_leaves(expected), 1e-13, plan)


@settings(max_examples=80, deadline=None)
@given(
    name=st.sampled_from(["basic_lstm", "lstm_all", "gru", "stack", "dropout_stack", "plain", "zoneout"]),
    plan=st.sampled_from(PLANS),
    needs=st.lists(st.booleans(), min_size=20, max_size=20),
    used=st.lists(st.booleans(), min_size=8, max_size=8),
    has_state=st.booleans(),
    lengths=st.sampled_from([None, [9, 4, 0]]),
)
def test_any_part_of_the_gradient(name, plan, needs, used, has_state, lengths):
    # Which inputs, states and parameters need a gradient, and which results a loss is made of.
    cell, inputs, state = make(name)
    state = state if has_state else None
    leaves = grad_leaves(cell, inputs, *([state] if has_state else []))
    for leaf, need in zip(leaves, needs, strict=False):
        leaf.requires_grad_(need)

    def run(memory):
        torch.manual_seed(3)
        results = optree.tree_leaves(dynamic_rnn(cell, inputs, lengths, state, memory=memory))
        chosen = [leaf for leaf, take in zip(results, used, strict=False) if take]
        wanted = [leaf for leaf in leaves if leaf.requires_grad]
        if not any(leaf.requires_grad for leaf in chosen) or not wanted:
            return results, [torch.zeros(())] * len(wanted)
        found = torch.autograd.grad(weighted_sum(chosen), wanted, allow_unused=True)
        return results, [torch.zeros(()) if leaf is None else leaf for leaf in found]

    expected, actual = run(None), run(plan)
    for a, e in zip(actual, expected, strict=True):
        for one, other in zip(a, e, strict=True):
            one, other = one.detach().expand(other.shape), other.detach().expand(one.shape)
            assert_near([one], [other], 1e-13, plan)


BOTH = {
    "ops": lambda: (LSTMCell(4, 3, use_peepholes=True), GRUCell(5, 3)),
    "stepped": lambda: (PlainCell(4, 3), PlainCell(4, 3)),
    "mixed": lambda: (
        BasicRNNCell(4, 3),
        MultiRNNCell([DropoutWrapper(BasicLSTMCell(4, 3), output_keep_prob=0.5), BasicRNNCell(4, 4)]),
    ),
}


@pytest.mark.parametrize("time_major", [False, True])
@pytest.mark.parametrize("lengths", [None, [9, 4, 0], [12, 1, 9]], ids=str)
@pytest.mark.parametrize("name", BOTH)
def test_both_directions(name, lengths, time_major):
    torch.manual_seed(0)
    cells = [cell.double() for cell in BOTH[name]()]
    inputs = torch.randn(BATCH, TIME, 3, dtype=torch.float64, requires_grad=True)
    states = [random_state(cell, BATCH, torch.float64) for cell in cells]
    leaves = [*grad_leaves(cells[0], inputs, *states), *cells[1].parameters()]

    def run(plan):
        given_inputs = inputs.transpose(0, 1) if time_major else inputs
        return bidirectional_dynamic_rnn(
            *cells, given_inputs, lengths, *states, time_major=time_major, memory=plan
        )

    assert_same(run, leaves, 1e-13)


def test_swap_memory_is_a_plan_too():
    for name in ("basic_lstm", "stack", "plain"):
        cell, inputs, state = make(name)
        leaves = grad_leaves(cell, inputs, state)

        def run(plan, cell=cell, inputs=inputs, state=state):
            return dynamic_rnn(cell, inputs, [9, 4, 0], state, swap_memory=plan is not None)

        assert_same(run, leaves, 1e-13, [MemoryPlan.recompute()])


class Accumulator(RNNCell):
    """No parameters at all."""

    state_size = output_size = input_size = 3

    def forward(self, inputs, state):
        return torch.tanh(inputs * state), inputs + state


class Function:
    """A cell that is no module."""

    state_size = output_size = 3

    def zero_state(self, batch_size, dtype=None, device=None):
        return torch.zeros(batch_size, 3, dtype=dtype, device=device)

    def __call__(self, inputs, state):
        return torch.tanh(inputs * state), inputs + state


@pytest.mark.parametrize("cell", [Accumulator(), Function()], ids=["module", "callable"])
@pytest.mark.parametrize("needs", ["inputs", "state", "both", "neither"])
def test_a_cell_without_parameters(cell, needs):
    inputs = torch.randn(BATCH, TIME, 3, requires_grad=needs in ("inputs", "both"))
    state = torch.randn(BATCH, 3, requires_grad=needs in ("state", "both"))
    leaves = [leaf for leaf in (inputs, state) if leaf.requires_grad]
    for plan in PLANS:
        outputs, final = dynamic_rnn(cell, inputs, None, state, memory=plan)
        expected, expected_final = dynamic_rnn(cell, inputs, None, state)
        assert torch.equal(outputs, expected)
        assert torch.equal(final, expected_final)
        assert outputs.requires_grad == bool(leaves)
        if leaves:
            ours, plain = (torch.autograd.grad(leaf.square().sum(), leaves) for leaf in (outputs, expected))
            assert all(torch.equal(a, e) for a, e in zip(ours, plain, strict=True))


@pytest.mark.parametrize(("time", "batch_size"), [(0, 2), (1, 1), (5, 0), (1, 3)])
@pytest.mark.parametrize("name", ["lstm_all", "gru", "stack", "plain"])
def test_the_ends_of_the_range(name, time, batch_size):
    cell = CELLS[name](4, 3).double()
    inputs = torch.randn(batch_size, time, 3, dtype=torch.float64, requires_grad=True)
    state = random_state(cell, batch_size, torch.float64)
    leaves = grad_leaves(cell, inputs, state)
    assert_same(lambda plan: dynamic_rnn(cell, inputs, None, state, memory=plan), leaves, 1e-13)
