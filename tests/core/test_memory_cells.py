"""Memory plans of what users write: cells, inputs and initial states of many kinds."""

from __future__ import annotations

import optree
import pytest
import torch
import torch.utils.checkpoint
from torch import nn

from core.comparing import assert_near, grad_leaves, results_and_gradients
from core.zoo import CELLS, PlainCell
from ostinato import (
    BasicLSTMCell,
    GRUCell,
    LSTMStateTuple,
    MemoryPlan,
    MultiRNNCell,
    RNNCell,
    bidirectional_dynamic_rnn,
    dynamic_rnn,
)
from ostinato.kernels import reverse_sequence

PLANS = [
    MemoryPlan.keep_state(),
    MemoryPlan.recompute(),
    MemoryPlan.recompute(every=3),
    MemoryPlan.recompute(every=(4, 2)),
    MemoryPlan.recompute(every=3, keep_last=4),
    MemoryPlan.swap(to="disk", every=2),
]
SHAPE = (3, 9, 3)


def leaf(*shape):
    return torch.randn(*shape, dtype=torch.float64, requires_grad=True)


def assert_same(run, leaves, tolerance=1e-12, plans=PLANS):
    """`run(plan)` gives what `run(None)` does."""
    expected = results_and_gradients(lambda: run(None), leaves)
    for plan in plans:
        actual = results_and_gradients(lambda plan=plan: run(plan), leaves)
        for a, e in zip(actual, expected, strict=True):
            assert_near(a, e, tolerance, plan)


class Step(RNNCell):
    """A cell that is a function of inputs and state, both of 3."""

    state_size = output_size = 3

    def __init__(self, function, **modules):
        super().__init__()
        self.function = function
        for name, module in modules.items():
            self.add_module(name, module)

    def forward(self, inputs, state):
        return self.function(self, inputs, state)


class Sine(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.sin()

    @staticmethod
    def backward(ctx, gradient):
        return gradient * ctx.saved_tensors[0].cos()


def twice(value):
    return value, value


def in_place(self, x, h):
    h = 1 * h
    h.add_(x).tanh_()
    return h, h


def without_gradient(self, x, h):
    with torch.no_grad():
        shift = self.mix(x).sum()
    return h + shift, torch.tanh(self.mix(h) + x)


def checkpointed(self, x, h):
    def step(x, h):
        return torch.tanh(self.mix(x + h))

    return twice(torch.utils.checkpoint.checkpoint(step, x, h, use_reentrant=False))


def nested(self, x, h):
    outputs, state = dynamic_rnn(
        self.inner, x.unsqueeze(2), None, LSTMStateTuple(h, h), memory=MemoryPlan.recompute()
    )
    return outputs[:, -1], state.c


STEPS = {
    "gives its inputs": lambda: Step(lambda self, x, h: (x, h + x)),
    "gives its state": lambda: Step(lambda self, x, h: (h, torch.tanh(h + x))),
    "gives a constant": lambda: Step(lambda self, x, h: (torch.ones(3, 2, dtype=x.dtype), h + x)),
    "detaches": lambda: Step(lambda self, x, h: (h.detach() * x, (0.5 * h + x).detach())),
    "changes in place": lambda: Step(in_place),
    "looks without a gradient": lambda: Step(without_gradient, mix=nn.Linear(3, 3)),
    "has a function of its own": lambda: Step(lambda self, x, h: twice(Sine.apply(h + x))),
    "checkpoints": lambda: Step(checkpointed, mix=nn.Linear(3, 3)),
    "runs a sequence": lambda: Step(nested, inner=BasicLSTMCell(3, 1)),
    "normalizes weights": lambda: Step(
        lambda self, x, h: twice(torch.tanh(self.mix(x + h))),
        mix=nn.utils.parametrizations.weight_norm(nn.Linear(3, 3)),
    ),
}


@pytest.mark.parametrize("lengths", [None, [9, 4, 0]], ids=str)
@pytest.mark.parametrize("name", STEPS)
def test_steps_of_many_kinds(name, lengths):
    torch.manual_seed(0)
    cell, inputs, state = STEPS[name]().double(), leaf(*SHAPE), leaf(3, 3)
    run = lambda plan: dynamic_rnn(cell, inputs, lengths, state, memory=plan)  # noqa: E731
    assert_same(run, grad_leaves(cell, inputs, state))


def test_a_state_changed_in_place_is_changed_once():
    cell = Step(lambda self, x, h: (2 * h.add_(x), h))
    inputs = torch.randn(SHAPE)
    expected = dynamic_rnn(cell, inputs, None, torch.zeros(3, 3))
    for plan in PLANS:
        actual = dynamic_rnn(cell, inputs, None, torch.zeros(3, 3), memory=plan)
        assert_near(list(actual), list(expected), 1e-6, plan)


class Convolving(RNNCell):
    """An image a step."""

    state_size = output_size = torch.Size([2, 5])

    def __init__(self):
        super().__init__()
        self.mix = nn.Conv1d(3, 2, 3, padding=1)

    def forward(self, inputs, state):
        return twice(torch.tanh(self.mix(torch.cat([inputs, state], dim=1))))


@pytest.mark.parametrize("lengths", [None, [9, 4, 0]], ids=str)
def test_inputs_of_a_higher_rank(lengths):
    cell, inputs = Convolving().double(), leaf(3, 9, 1, 5)
    leaves = grad_leaves(cell, inputs)
    assert_same(lambda plan: dynamic_rnn(cell, inputs, lengths, memory=plan), leaves)
    assert_same(lambda plan: bidirectional_dynamic_rnn(cell, cell, inputs, lengths, memory=plan), leaves)


@pytest.mark.parametrize("lengths", [None, [9, 4, 0]], ids=str)
def test_inputs_of_integers(lengths):
    cell = Step(lambda self, x, h: twice(torch.tanh(h + self.table(x))), table=nn.Embedding(7, 3)).double()
    inputs, leaves = torch.randint(7, (3, 9)), list(cell.parameters())

    def run(plan):
        return bidirectional_dynamic_rnn(cell, cell, inputs, lengths, dtype=torch.float64, memory=plan)

    assert_same(run, leaves)


def test_sparse_gradients_stay_sparse():
    table = nn.Embedding(7, 3, sparse=True)
    cell, inputs = Step(lambda self, x, h: twice(h + self.table(x)), table=table), torch.randint(7, (3, 9))
    found = []
    for plan in (None, *PLANS):
        cell.zero_grad()
        dynamic_rnn(cell, inputs, dtype=torch.float32, memory=plan)[0].sum().backward()
        found.append(table.weight.grad.to_dense())
        assert table.weight.grad.is_sparse
    assert_near(found[1:], [found[0]] * len(PLANS), 1e-6, "dense")


GIVEN = {
    "expanded": (lambda x: x.expand(SHAPE), (1, 1, 3)),
    "every other": (lambda x: x[:, ::2, ::2], (3, 18, 6)),
    "flipped": (lambda x: x.flip(1), SHAPE),
    "transposed": (lambda x: x.permute(2, 1, 0), (3, 9, 3)),
    "a part": (lambda x: x[1:4, 2:11, 1:4], (5, 12, 5)),
}


@pytest.mark.parametrize("way", GIVEN)
@pytest.mark.parametrize("name", ["basic_lstm", "gru", "stack", "plain"])
def test_inputs_of_many_layouts(name, way):
    torch.manual_seed(0)
    view, shape = GIVEN[way]
    cell, whole = CELLS[name](4, 3).double(), leaf(*shape)
    assert_same(lambda plan: dynamic_rnn(cell, view(whole), memory=plan), grad_leaves(cell, whole))


def test_an_initial_state_that_is_learned():
    cell, fast, slow, inputs = PlainCell(4, 3).double(), leaf(1, 4), leaf(1, 2, 4), leaf(*SHAPE)

    def run(plan):
        state = {"fast": fast.expand(3, 4), "slow": slow.expand(3, 2, 4)}
        return dynamic_rnn(cell, inputs, None, state, memory=plan)

    assert_same(run, grad_leaves(cell, inputs, fast, slow))


def test_a_cell_in_two_places():
    cell, inputs = GRUCell(3, 3).double(), leaf(*SHAPE)
    stack = MultiRNNCell([cell, cell])
    assert_same(lambda plan: dynamic_rnn(stack, inputs, memory=plan), grad_leaves(cell, inputs))

    def one_after_the_other(plan):
        return dynamic_rnn(cell, dynamic_rnn(cell, inputs, memory=plan)[0], memory=plan)

    assert_same(one_after_the_other, grad_leaves(cell, inputs))
    assert all(isinstance(parameter, nn.Parameter) for parameter in stack.parameters())


@pytest.mark.parametrize("lengths", [None, [9, 4, 0], [3, 3, 1]], ids=str)
def test_both_directions_are_truncated(lengths):
    torch.manual_seed(0)
    cells, inputs = (BasicLSTMCell(4, 3).double(), PlainCell(4, 3).double()), leaf(*SHAPE)
    leaves = [*grad_leaves(cells[0], inputs), *cells[1].parameters()]
    ends = None if lengths is None else torch.tensor(lengths)

    def run(plan):
        if plan is not None:
            return bidirectional_dynamic_rnn(*cells, inputs, lengths, truncate_every=4, memory=plan)
        backwards = reverse_sequence(inputs, ends, 1)
        found = [
            dynamic_rnn(cell, x, lengths, truncate_every=4)
            for cell, x in zip(cells, (inputs, backwards), strict=True)
        ]
        (forwards, state), (reversed_outputs, state_backwards) = found
        outputs = optree.tree_map(lambda x: reverse_sequence(x, ends, 1), reversed_outputs)
        return (forwards, outputs), (state, state_backwards)

    assert_same(run, leaves)


@pytest.mark.parametrize(
    "name", ["lstm_all", "lstm_peepholes", "lstm_layer_norm", "gru", "gru_reset_after", "stack"]
)
def test_long_sums_stay_exact(name):
    # 1e-6 of the largest value, in float32, over sums of 4,800 rows.
    torch.manual_seed(0)
    cell, inputs = CELLS[name](48, 12), torch.randn(8, 600, 12)
    plans = [
        MemoryPlan.recompute(every=37),
        MemoryPlan.recompute(every=(200, 16)),
        MemoryPlan.recompute(every=100, keep_last=333),
        MemoryPlan.keep_state(),
        MemoryPlan.swap(to="disk", every=50),
    ]
    leaves = list(cell.parameters())
    assert_same(lambda plan: dynamic_rnn(cell, inputs, memory=plan), leaves, 1e-6, plans)


@pytest.mark.parametrize("name", ["basic_lstm", "stack", "plain"])
def test_shapes_without_values(name):
    cell, inputs = CELLS[name](4, 3).to("meta"), torch.empty(SHAPE, device="meta")
    expected = optree.tree_leaves(dynamic_rnn(cell, inputs))
    for plan in PLANS:
        actual = optree.tree_leaves(dynamic_rnn(cell, inputs, memory=plan))
        assert [leaf.shape for leaf in actual] == [leaf.shape for leaf in expected]
        assert all(leaf.is_meta for leaf in actual)
