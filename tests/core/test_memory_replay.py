"""What a memory plan runs again: as the first time, without a trace, and with an error where it differs."""

from __future__ import annotations

import random

import numpy as np
import optree
import pytest
import torch
from torch import nn

from core.zoo import CELLS, NoisyCell, PlainCell
from ostinato import BasicLSTMCell, DropoutWrapper, MemoryPlan, RNNCell, ZoneoutWrapper, dynamic_rnn

PLANS = [
    MemoryPlan.keep_state(),
    MemoryPlan.recompute(),
    MemoryPlan.recompute(every=2),
    MemoryPlan.recompute(every=(4, 2)),
    MemoryPlan.swap(to="disk", every=2),
]


class Mixing(RNNCell):
    """A cell whose step can be made impure."""

    state_size = output_size = 4
    input_size = 3

    def __init__(self):
        super().__init__()
        self.mix = nn.Linear(7, 4)

    def forward(self, inputs, state):
        state = self.changed(torch.tanh(self.mix(torch.cat([inputs, state], dim=1))))
        return state, state

    def changed(self, state):
        return state


class Counting(Mixing):
    steps = 0

    def changed(self, state):
        self.steps += 1
        return state * (1 + 0.1 * self.steps)


class Drawing(Mixing):
    """Random numbers that torch does not know of."""

    def changed(self, state):
        return state + random.random()


class DrawingByNumpy(Mixing):
    def __init__(self):
        super().__init__()
        self.generator = np.random.default_rng(0)

    def changed(self, state):
        return state + float(self.generator.random())


class Shuffling(Mixing):
    """The same values in another order: their sum is what it was."""

    def __init__(self):
        super().__init__()
        self.generator = np.random.default_rng(0)

    def changed(self, state):
        return state[:, torch.as_tensor(self.generator.permutation(4))]


class Flipping(Mixing):
    """Rows that change places."""

    turn = 0

    def changed(self, state):
        self.turn += 1
        return state.roll(self.turn, dims=0)


class Remembering(Mixing):
    """A state beside the state."""

    def __init__(self):
        super().__init__()
        self.register_buffer("last", torch.zeros(()))

    def changed(self, state):
        self.last = self.last + state.detach().mean()
        return state + self.last


IMPURE = [Counting, Drawing, DrawingByNumpy, Shuffling, Flipping, Remembering]


@pytest.mark.parametrize("plan", PLANS, ids=repr)
@pytest.mark.parametrize("cell_class", IMPURE)
def test_a_cell_that_is_not_pure_is_refused(cell_class, plan):
    torch.manual_seed(0)
    cell, inputs = cell_class(), torch.randn(5, 9, 3)
    loss = dynamic_rnn(cell, inputs, memory=plan)[0].square().sum()
    with pytest.raises(RuntimeError, match="gave other values when they were run again"):
        loss.backward()
    cell.zero_grad()
    dynamic_rnn(cell, inputs, memory=MemoryPlan.keep_all())[0].sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in cell.parameters())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("name", sorted(CELLS))
def test_a_cell_that_is_pure_is_not_refused(name, dtype):
    # Of few values, which may cancel: a step that is other arithmetic with a graph than without would show.
    for seed in range(12):
        torch.manual_seed(seed)
        cell, inputs = CELLS[name](1 + 3 * (seed % 2), 3).to(dtype), torch.randn(1, 9, 3, dtype=dtype)
        outputs, _ = dynamic_rnn(cell, inputs, memory=PLANS[1 + seed % 4])
        optree.tree_leaves(outputs)[0].sum().backward()


@pytest.mark.parametrize("plan", PLANS, ids=repr)
def test_a_probability_that_changed_is_refused(plan):
    keep_prob = torch.tensor(0.9)
    cell = DropoutWrapper(PlainCell(4, 3), state_keep_prob=keep_prob)
    loss = dynamic_rnn(cell, torch.randn(5, 9, 3), memory=plan)[0][0].sum()
    keep_prob.fill_(0.1)
    with pytest.raises(RuntimeError, match="gave other values when they were run again"):
        loss.backward()


def test_values_that_are_no_numbers_are_the_same_again():
    cell, inputs = PlainCell(4, 3), torch.randn(5, 9, 3)
    inputs[0, 4] = float("nan")
    inputs[1, 4] = float("inf")
    for plan in PLANS:
        dynamic_rnn(cell, inputs, memory=plan)[0][0].sum().backward()


RANDOM = {
    "noisy": lambda: NoisyCell(4, 3),
    "zoneout": lambda: ZoneoutWrapper(BasicLSTMCell(4, 3), 0.4),
    "dropout": lambda: DropoutWrapper(PlainCell(4, 3), state_keep_prob=0.5),
    "dropout_of_ops": lambda: DropoutWrapper(BasicLSTMCell(4, 3), output_keep_prob=0.5),
    "stack": lambda: CELLS["dropout_stack"](4, 3),
    "both": lambda: DropoutWrapper(NoisyCell(4, 3), input_keep_prob=0.5),
    "torch_dropout": lambda: TorchDropout(),
    "none": lambda: PlainCell(4, 3),
}


class TorchDropout(Mixing):
    def changed(self, state):
        return nn.functional.dropout(state, 0.5, self.training)


@pytest.mark.parametrize("plan", [*PLANS, MemoryPlan.keep_all(), "limit"], ids=repr)
@pytest.mark.parametrize("name", RANDOM)
def test_random_numbers_go_on_as_after_a_plain_run(name, plan):
    cell, inputs = RANDOM[name](), torch.randn(5, 9, 3)
    options = {"memory_limit": "16MiB"} if plan == "limit" else {"memory": plan}

    def two_runs(**options):
        torch.manual_seed(1)
        found = []
        for _ in range(2):
            outputs, _ = dynamic_rnn(cell, inputs, **options)
            found.append(optree.tree_leaves(outputs)[0])
            found[-1].sum().backward()
        return [*found, torch.rand(3)]

    expected, actual = two_runs(), two_runs(**options)
    for a, e in zip(actual, expected, strict=True):
        torch.testing.assert_close(a, e, rtol=1e-6, atol=1e-6)
    assert torch.equal(actual[0], actual[1]) == (name == "none")


class Normalizing(Mixing):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(4)

    def changed(self, state):
        return self.norm(state)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("plan", [*PLANS, "limit"], ids=repr)
def test_running_statistics_are_those_of_one_run(plan, training):
    found = []
    for options in ({}, {"memory_limit": "16MiB"} if plan == "limit" else {"memory": plan}):
        torch.manual_seed(0)
        cell, inputs = Normalizing().train(training), torch.randn(5, 9, 3)
        for _ in range(2):
            dynamic_rnn(cell, inputs, **options)[0].square().sum().backward()
        found.append([*cell.buffers(), *(parameter.grad for parameter in cell.parameters())])
    for actual, expected in zip(*found, strict=True):
        torch.testing.assert_close(actual, expected, rtol=1e-5, atol=1e-6)


def test_statistics_that_changed_in_between_are_refused():
    cell, inputs = Normalizing().eval(), torch.randn(5, 9, 3)
    loss = dynamic_rnn(cell, inputs, memory=MemoryPlan.recompute())[0].square().sum()
    cell.train()
    dynamic_rnn(cell, inputs)
    with pytest.raises(RuntimeError, match="gave other values when they were run again"):
        loss.backward()


class Failing(Mixing):
    """Fails at its n-th step."""

    fails_at = None
    steps = 0

    def changed(self, state):
        self.steps += 1
        if self.steps == self.fails_at:
            raise ArithmeticError("this step fails")
        return state


@pytest.mark.parametrize("fails_at", [3, 12, 15, 19])
@pytest.mark.parametrize("plan", PLANS, ids=repr)
def test_a_step_that_fails_can_be_run_again(plan, fails_at):
    torch.manual_seed(0)
    cell, inputs = Failing(), torch.randn(5, 9, 3)
    dynamic_rnn(cell, inputs)[0].sum().backward()
    expected = [parameter.grad for parameter in cell.parameters()]
    cell.zero_grad()
    cell.steps, cell.fails_at = 0, fails_at

    def train():
        for _ in range(2):
            dynamic_rnn(cell, inputs, memory=plan)[0].sum().backward()

    with pytest.raises(ArithmeticError, match="this step fails"):
        train()
    assert torch.is_grad_enabled()
    assert cell.training
    for another in (plan, MemoryPlan.recompute(every=3)):
        cell.zero_grad()
        cell.steps, cell.fails_at = 0, None
        dynamic_rnn(cell, inputs, memory=another)[0].sum().backward()
        for parameter, gradient in zip(cell.parameters(), expected, strict=True):
            torch.testing.assert_close(parameter.grad, gradient)


@pytest.mark.parametrize("plan", PLANS, ids=repr)
def test_a_failed_backward_pass_can_be_done_again(plan):
    cell, inputs = Failing(), torch.randn(5, 9, 3)
    loss = dynamic_rnn(cell, inputs, memory=plan)[0].sum()
    (expected,) = torch.autograd.grad(loss, cell.mix.weight, retain_graph=True)
    cell.steps, cell.fails_at = 0, 3
    with pytest.raises(ArithmeticError, match="this step fails"):
        torch.autograd.grad(loss, cell.mix.weight, retain_graph=True)
    (again,) = torch.autograd.grad(loss, cell.mix.weight)
    assert torch.equal(again, expected)


def test_a_recomputation_leaves_the_cell_as_it_finds_it():
    cell, inputs = DropoutWrapper(PlainCell(4, 3), state_keep_prob=0.5), torch.randn(5, 9, 3)
    parameters = dict(cell.named_parameters())
    loss = dynamic_rnn(cell, inputs, memory=MemoryPlan.recompute())[0][0].sum()
    cell.eval()
    loss.backward()
    assert not any(module.training for module in cell.modules())
    assert all(value is parameters[name] for name, value in cell.named_parameters())
    assert all(isinstance(value, nn.Parameter) for value in cell.parameters())
