"""raw_rnn under a memory plan: what it gives without one, in less memory, or an error."""

from __future__ import annotations

import gc
import itertools
import random
import re

import numpy as np
import pytest
import torch
import torch.utils.checkpoint
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils import _pytree

from core.zoo import PlainCell
from ostinato import BasicLSTMCell, BasicRNNCell, DropoutWrapper, GRUCell, MultiRNNCell, RNNCell, raw_rnn
from ostinato.memory import MemoryLimitError, MemoryPlan
from ostinato.memory.growing import Walk
from ostinato.memory.growth import Bounded, Costs, Planned
from ostinato.memory.pieces import Pieces
from ostinato.memory.sums import Sum

PLANS = {
    "swap_memory": {"swap_memory": True},
    "keep_all": {"memory": MemoryPlan.keep_all()},
    "keep_state": {"memory": MemoryPlan.keep_state()},
    "recompute": {"memory": MemoryPlan.recompute()},
    "every 5": {"memory": MemoryPlan.recompute(every=5, keep_last=3)},
    "nested": {"memory": MemoryPlan.recompute(every=(13, 6, 2))},
    "longer than it is": {"memory": MemoryPlan.recompute(every=1000)},
    "disk": {"memory": MemoryPlan.swap(to="disk", every=4)},
    "disk by itself": {"memory": MemoryPlan.swap(to="disk")},
    "much": {"memory_limit": "1GiB"},
    "little": {"memory_limit": "250KiB"},
}
RECOMPUTING = [name for name in PLANS if name != "keep_all"]


class Decoder(nn.Module):
    """An attention decoder that is fed its own output, and reads an encoder's outputs and its own layers."""

    def __init__(self, cell):
        super().__init__()
        self.cell = cell
        self.attend, self.embed = nn.Linear(8, 3), nn.Parameter(torch.randn(4, 3))

    def forward(self, inputs, lengths, noise=0.0, **plan):
        encoded = torch.tanh(inputs @ self.embed.T)
        time = inputs.shape[0]

        def loop_fn(step, output, state, loop_state):
            if output is None:
                first = encoded.mean(0), 0, inputs
                return lengths <= 0, inputs[0], self.cell.zero_state(2), {"y": torch.zeros(4)}, first
            weights = torch.softmax((encoded * output).sum(-1), 0)
            context = (weights.unsqueeze(-1) * encoded).sum(0) + loop_state[0] * 0.1
            following = self.attend(torch.cat([context, output], 1)) + loop_state[2][min(step, time - 1)]
            following = following + output @ self.embed + noise * torch.rand(2, 3).to(output.dtype)
            return step >= lengths, following, state, {"y": output * 2}, (context, step, loop_state[2])

        return raw_rnn(self.cell, loop_fn, seed=4, **plan)


def gradients(decoder, steps=31, dtype=torch.float32, **options):
    """Outputs, the last loop state's number, all gradients, and where the generator stands then."""
    generator = torch.Generator().manual_seed(3)
    inputs = torch.randn(steps, 2, 3, generator=generator).to(dtype).requires_grad_()
    torch.manual_seed(5)
    emitted, state, loop_state = decoder(inputs, torch.tensor([steps, steps - 7]), **options)
    loss = sum(leaf.pow(2).sum() for leaf in _pytree.tree_leaves((state, loop_state[0])))
    loss = loss + (0 if emitted is None else emitted["y"].pow(2).sum())
    found = torch.autograd.grad(loss, [inputs, *decoder.parameters()], allow_unused=True)
    return emitted, loop_state[1], found, torch.rand(3)


def check_same(ours, plain, exactly=True):
    (emitted, number, found, drawn), expected = ours, plain
    torch.testing.assert_close(emitted, expected[0], rtol=0, atol=0)
    assert number == expected[1]
    for ours_leaf, leaf in zip(found, expected[2], strict=True):
        bound = 0 if exactly or leaf is None else 1e-6 * float(leaf.abs().max())
        torch.testing.assert_close(ours_leaf, leaf, rtol=0, atol=bound)
    assert torch.equal(drawn, expected[3])


CELLS = {
    "python": lambda: PlainOne(4, 3),
    "lstm": lambda: BasicLSTMCell(4, 3),
    "gru": lambda: GRUCell(4, 3),
    "dropout": lambda: DropoutWrapper(BasicRNNCell(4, 3), state_keep_prob=0.5, output_keep_prob=0.7),
    "stack": lambda: MultiRNNCell([BasicLSTMCell(5, 3), GRUCell(4, 5)]),
}


class PlainOne(RNNCell):
    """A cell of torch's ops with one output."""

    def __init__(self, units, depth):
        super().__init__()
        self.state_size = self.output_size = units
        self.kernel = nn.Parameter(torch.randn(units + depth, units) * 0.8 / units**0.5)

    def forward(self, inputs, state):
        state = torch.tanh(torch.cat([inputs, state], 1) @ self.kernel)
        return state, state


@pytest.fixture(scope="module")
def decoders():
    """Decoders, and what they give without a plan."""
    torch.manual_seed(0)
    made = {name: Decoder(make()) for name, make in CELLS.items()}
    return {name: (decoder, gradients(decoder, noise=0.3)) for name, decoder in made.items()}


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("cell", CELLS)
def test_a_plan_changes_nothing(decoders, cell, plan):
    decoder, plain = decoders[cell]
    # The encoder's input is read in two ways, whose sum is rounded in another order.
    check_same(gradients(decoder, noise=0.3, **PLANS[plan]), plain, exactly=False)


@pytest.mark.parametrize("plan", PLANS)
def test_gradients_are_the_same_bit_for_bit(plan):
    torch.manual_seed(1)
    cell, head, inputs = PlainOne(4, 3), nn.Linear(4, 3), torch.randn(40, 2, 3)

    def run(**options):
        def loop_fn(time, output, state, _):
            if output is None:
                return torch.zeros(2, dtype=torch.bool), inputs[0], cell.zero_state(2), None, None
            return torch.full((2,), time >= 40), inputs[min(time, 39)] + head(output), state, output, None

        emitted, state, _ = raw_rnn(cell, loop_fn, **options)
        loss = emitted.pow(2).sum() + state.sum()
        return emitted, torch.autograd.grad(loss, [*cell.parameters(), *head.parameters()])

    torch.testing.assert_close(run(**PLANS[plan]), run(), rtol=0, atol=0)


@settings(max_examples=20, deadline=None)
@given(
    steps=st.integers(1, 40),
    every=st.lists(st.integers(1, 30), min_size=1, max_size=3, unique=True),
    truncate_every=st.none() | st.integers(1, 12),
    keep_outputs=st.booleans(),
)
def test_any_numbers(steps, every, truncate_every, keep_outputs):
    torch.manual_seed(2)
    decoder = Decoder(PlainOne(4, 3))
    options = {"truncate_every": truncate_every, "keep_outputs": keep_outputs}
    plan = MemoryPlan.recompute(every=tuple(sorted(every, reverse=True)))
    ours = gradients(decoder, steps + 7, memory=plan, **options)
    check_same(ours, gradients(decoder, steps + 7, **options), exactly=False)
    assert (ours[0] is None) is not keep_outputs


@pytest.mark.parametrize("plan", ["recompute", "little", "disk"])
def test_dropout_without_a_seed_and_numbers_drawn_around_it_replay(plan):
    cell, head = DropoutWrapper(PlainOne(4, 3), state_keep_prob=0.5), nn.Dropout(0.5)
    inputs = torch.randn(30, 2, 3)

    def run(**options):
        def loop_fn(time, output, state, _):
            state = cell.zero_state(2) if state is None else head(state)
            return torch.full((2,), time >= 30), inputs[min(time, 29)] + torch.rand(3), state, output, None

        torch.manual_seed(8)
        emitted, _, _ = raw_rnn(cell, loop_fn, **options)
        return emitted, torch.autograd.grad(emitted.sum(), list(cell.parameters())), torch.rand(2)

    torch.testing.assert_close(run(**PLANS[plan]), run(), rtol=0, atol=0)


def loop_over(inputs, cell, change=lambda output, time: output, loop_state=None):
    """A loop_fn through `inputs` `[time, batch, ...]` that emits what `change` makes of the output."""
    steps, rows = inputs.shape[:2]

    def loop_fn(time, output, state, given):
        finished = torch.full((rows,), time >= steps)
        following = inputs[min(time, steps - 1)]
        if output is None:
            return finished, following, cell.zero_state(rows), None, loop_state
        return finished, following, state, change(output, time), None

    return loop_fn


@pytest.mark.parametrize("plan", ["recompute", "every 5", "little", "disk"])
def test_steps_that_give_other_values_when_they_are_run_again_are_an_error(plan):
    cell, inputs, calls = PlainOne(4, 3), torch.randn(30, 2, 3), []
    generator = random.Random(3)

    def count(output, time):
        calls.append(time)
        return output * len(calls)

    impure = [
        count,
        lambda output, time: output * generator.random(),
        lambda output, time: output + torch.from_numpy(np.random.rand(4)).float(),
    ]
    for change in impure:
        emitted, _, _ = raw_rnn(cell, loop_over(inputs, cell, change), **PLANS[plan])
        with pytest.raises(RuntimeError, match=r"gave other values when they were run again.*no counters"):
            emitted.sum().backward()
    emitted, _, _ = raw_rnn(cell, loop_over(inputs, cell, count))
    emitted.sum().backward()


@pytest.mark.parametrize("plan", ["recompute", "little", "disk"])
def test_an_impure_cell_or_loop_state_is_an_error_too(plan):
    inputs, calls = torch.randn(30, 2, 3), []

    class Counting(PlainOne):
        def forward(self, inputs, state):
            calls.append(None)
            return super().forward(inputs * len(calls) / 100, state)

    cell = Counting(4, 3)
    _, state, _ = raw_rnn(cell, loop_over(inputs, cell), **PLANS[plan])
    with pytest.raises(RuntimeError, match="gave other values"):
        state.sum().backward()

    def loop_fn(time, output, state, _):
        calls.append(None)
        state = cell.zero_state(2) if state is None else state
        return torch.full((2,), time >= 30), inputs[min(time, 29)], state, None, (len(calls),)

    cell = PlainOne(4, 3)
    _, state, _ = raw_rnn(cell, loop_fn, **PLANS[plan])
    with pytest.raises(RuntimeError, match="gave other values"):
        state.sum().backward()


@pytest.mark.parametrize("plan", ["recompute", "little", "disk"])
def test_a_tensor_changed_in_place_is_an_error(plan):
    cell, inputs = PlainOne(4, 3), torch.randn(30, 2, 3)

    def loop_fn(time, output, state, seen):
        seen = torch.zeros(31, 2, 4) if seen is None else seen
        if output is not None:
            seen[time] = output
        state = cell.zero_state(2) if state is None else state
        return torch.full((2,), time >= 30), inputs[min(time, 29)], state, output, seen

    with pytest.raises(RuntimeError, match=r"shape \[31, 2, 4\] that the loop carries was changed in place"):
        raw_rnn(cell, loop_fn, **PLANS[plan])


def test_a_loop_state_that_hides_tensors_is_an_error():
    cell, inputs = PlainOne(4, 3), torch.randn(30, 2, 3)

    class Hiding:
        def __init__(self, value):
            self.value = value

    def run(make, **plan):
        def loop_fn(time, output, state, given):
            state = cell.zero_state(2) if state is None else state
            held = make(torch.zeros(2, 4) if output is None else output, given)
            return torch.full((2,), time >= 30), inputs[min(time, 29)], state, output, held

        return raw_rnn(cell, loop_fn, **plan)

    with pytest.raises(
        TypeError, match="loop_state holds a Hiding, in which a memory plan cannot see tensors"
    ):
        run(lambda output, _: Hiding(output), swap_memory=True)
    # The same object all the time is a constant; numbers, texts and arrays are values.
    constant = Hiding(torch.ones(2, 4))
    for make in (lambda *_: (constant, 1.5, "text"), lambda output, _: {"array": output.detach().numpy()}):
        emitted, _, last = run(make, swap_memory=True)
        emitted.sum().backward()
        assert str(_pytree.tree_leaves(last)[-1]) == str(_pytree.tree_leaves(run(make)[2])[-1])


def test_a_loop_state_may_grow():
    torch.manual_seed(3)
    cell = PlainOne(3, 3)

    def run(**plan):
        def loop_fn(time, output, state, seen):
            if output is None:
                return torch.zeros(2, dtype=torch.bool), torch.ones(2, 3), cell.zero_state(2), None, []
            seen = [*seen, output]
            return torch.full((2,), time >= 25), torch.stack(seen).mean(0), state, output, seen

        emitted, _, seen = raw_rnn(cell, loop_fn, **plan)
        loss = emitted.sum() + sum(leaf.pow(2).sum() for leaf in seen)
        return seen, torch.autograd.grad(loss, list(cell.parameters()))[0]

    plain = run()
    for plan in PLANS.values():
        torch.testing.assert_close(run(**plan), plain, rtol=1e-5, atol=1e-6)


def test_what_was_passed_on_is_what_it_was():
    cell, inputs, given = PlainOne(4, 3), torch.randn(9, 2, 3), torch.ones(2, requires_grad=True) * 2
    _, _, last = raw_rnn(cell, loop_over(inputs, cell, loop_state=(given, 7)), swap_memory=True)
    assert last[0] is given
    assert last[1] == 7


def test_several_backward_passes():
    cell, inputs = PlainOne(4, 3), torch.randn(30, 2, 3)
    for plan in PLANS.values():
        emitted, state, _ = raw_rnn(cell, loop_over(inputs, cell), **plan)
        first = torch.autograd.grad(emitted.sum(), cell.kernel, retain_graph=True)[0]
        second = torch.autograd.grad(state.sum(), cell.kernel, retain_graph=True)[0]
        both = torch.autograd.grad(emitted.sum() + state.sum(), cell.kernel)[0]
        torch.testing.assert_close(first + second, both, rtol=1e-5, atol=1e-5)


def test_hooks_run_once_on_the_whole_gradient():
    cell, head, inputs = PlainOne(4, 3), nn.Linear(4, 2), torch.randn(30, 2, 3)
    encoded, seen = nn.Parameter(torch.ones(4)) * 2, []
    encoded.register_hook(lambda gradient: seen.append(gradient) or 2 * gradient)
    encoded.retain_grad()
    for parameter in (cell.kernel, head.weight):
        parameter.register_hook(lambda gradient: seen.append(gradient) or 3 * gradient)
    found = []
    for plan in ({}, {"swap_memory": True}):
        for parameter in (cell.kernel, head.weight, encoded):
            parameter.grad = None
        loop_fn = loop_over(inputs, cell, lambda output, time: head(output * encoded))
        raw_rnn(cell, loop_fn, **plan)[0].sum().backward(retain_graph=True)
        found.append([cell.kernel.grad, head.weight.grad, encoded.grad])
    assert len(seen) == 6
    torch.testing.assert_close(*found, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("plan", ["recompute", "nested", "little", "disk"])
def test_under_hooks_on_what_is_saved(plan):
    cell, head, inputs = PlainOne(4, 3), nn.Linear(4, 2), torch.randn(30, 2, 3)

    def run(start, **options):
        loop_fn = loop_over(inputs * start, cell, lambda output, time: head(output))
        return raw_rnn(cell, loop_fn, **options)[0].pow(2).sum()

    leaves = [torch.ones(3, requires_grad=True), cell.kernel, head.weight]
    expected = torch.autograd.grad(run(leaves[0]), leaves)
    checkpointed = torch.utils.checkpoint.checkpoint(run, leaves[0], use_reentrant=False, **PLANS[plan])
    torch.testing.assert_close(torch.autograd.grad(checkpointed, leaves), expected)
    with torch.autograd.graph.save_on_cpu():
        moved = run(leaves[0], **PLANS[plan])
    torch.testing.assert_close(torch.autograd.grad(moved, leaves), expected)


class Doubling(torch.autograd.Function):
    """Reads its tensor where no function of torch is called on it."""

    @staticmethod
    def forward(ctx, tensor, weight):
        return tensor * 2 + weight

    @staticmethod
    def backward(ctx, gradient):
        return gradient * 2, gradient.sum(0)


def test_what_only_the_graph_shows_gets_its_gradient_or_is_an_error():
    cell, inputs = PlainOne(4, 3), torch.randn(30, 2, 3)
    weight = nn.Parameter(torch.zeros(4))

    def run(tensor, **plan):
        loop_fn = loop_over(inputs, cell, lambda output, time: Doubling.apply(output, tensor))
        emitted, _, _ = raw_rnn(cell, loop_fn, **plan)
        return torch.autograd.grad(emitted.pow(2).sum(), [weight, cell.kernel])

    torch.testing.assert_close(run(weight, swap_memory=True), run(weight))
    with pytest.raises(ValueError, match=r"its gradient would be lost\. Pass it through loop_state"):
        run(weight * 2, swap_memory=True)
    weight.register_hook(lambda gradient: gradient)
    with pytest.raises(ValueError, match=r"of shape \[4\] that has a hook"):
        run(weight, swap_memory=True)


@pytest.mark.parametrize("computed", [False, True])
def test_a_cell_may_read_from_outside_too(computed):
    class Attending(PlainOne):
        def forward(self, inputs, state):
            return super().forward(inputs * outside, state)

    leaf = torch.ones(3, requires_grad=True)
    outside, inputs, cell = leaf * 2 if computed else leaf, torch.randn(30, 2, 3), Attending(4, 3)

    def run(**plan):
        emitted, _, _ = raw_rnn(cell, loop_over(inputs, cell), **plan)
        return torch.autograd.grad(emitted.pow(2).sum(), [leaf, cell.kernel], retain_graph=True)

    for plan in RECOMPUTING:
        torch.testing.assert_close(run(**PLANS[plan]), run(), rtol=1e-5, atol=1e-5)


def test_what_is_read_late_gets_its_gradient():
    cell, inputs, encoder = PlainOne(4, 3), torch.randn(30, 2, 3), nn.Linear(4, 4)
    encoded = encoder(torch.randn(2, 4))

    def change(output, time):
        return output * (encoded if time > 20 else 1.0) + (encoder(output) if time % 7 == 5 else 0.0)

    def run(**plan):
        emitted, _, _ = raw_rnn(cell, loop_over(inputs, cell, change), **plan)
        parameters = [*cell.parameters(), *encoder.parameters()]
        return torch.autograd.grad(emitted.pow(2).sum(), parameters, retain_graph=True)

    for plan in RECOMPUTING:
        torch.testing.assert_close(run(**PLANS[plan]), run(), rtol=1e-5, atol=1e-5)


def test_a_leaf_that_is_returned_as_it_is_gets_its_gradient():
    cell, start = PlainOne(3, 3), nn.Parameter(torch.ones(2, 3))

    def run(**plan):
        def loop_fn(time, output, state, _):
            state = cell.zero_state(2) if state is None else state
            return torch.full((2,), time >= 20), start, state, start if time % 3 else output, (start,)

        emitted, _, (last,) = raw_rnn(cell, loop_fn, **plan)
        return torch.autograd.grad(emitted.pow(2).sum() + last.sum(), [start, cell.kernel])

    torch.testing.assert_close(run(swap_memory=True), run(), rtol=1e-5, atol=1e-5)


def test_a_double_backward_pass_is_refused():
    cell, inputs = PlainOne(4, 3), torch.randn(9, 2, 3)
    emitted, _, _ = raw_rnn(cell, loop_over(inputs, cell), swap_memory=True)
    with pytest.raises(RuntimeError, match="cannot be differentiated twice"):
        torch.autograd.grad(emitted.sum(), cell.kernel, create_graph=True)


def test_a_parameter_changed_in_between_is_an_error():
    cell, inputs = PlainOne(4, 3), torch.randn(9, 2, 3)
    emitted, _, _ = raw_rnn(cell, loop_over(inputs, cell), swap_memory=True)
    with torch.no_grad():
        cell.kernel.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        emitted.sum().backward()


@pytest.mark.parametrize("plan", ["recompute", "disk"])
def test_an_exception_leaves_nothing_behind(plan):
    cell, inputs = PlainOne(4, 3), torch.randn(30, 2, 3)

    def fail(output, time):
        if time == 17:
            raise KeyError("at 17")
        return output

    with pytest.raises(KeyError):
        raw_rnn(cell, loop_over(inputs, cell, fail), **PLANS[plan])
    emitted, _, _ = raw_rnn(cell, loop_over(inputs, cell), **PLANS[plan])
    emitted.sum().backward()
    assert cell.kernel.grad is not None


def test_without_gradients_nothing_is_walked(monkeypatch):
    cell, inputs = PlainOne(4, 3), torch.randn(9, 2, 3)
    plain = raw_rnn(cell, loop_over(inputs, cell))[0].detach()
    monkeypatch.setattr(Walk, "__new__", None)
    with torch.no_grad():
        torch.testing.assert_close(raw_rnn(cell, loop_over(inputs, cell), swap_memory=True)[0], plain)
        emitted, state, _ = raw_rnn(cell, loop_over(inputs, cell), keep_outputs=False)
        assert emitted is None
        torch.testing.assert_close(state, plain[-1])


def test_nothing_that_requires_a_gradient():
    cell, inputs = PlainOne(4, 3).requires_grad_(False), torch.randn(9, 2, 3)
    emitted, state, _ = raw_rnn(cell, loop_over(inputs, cell), swap_memory=True)
    assert not emitted.requires_grad
    assert not state.requires_grad


def test_no_step_at_all():
    cell = PlainOne(4, 3)

    def loop_fn(time, output, state, _):
        return torch.ones(2, dtype=torch.bool), torch.ones(2, 3), cell.zero_state(2), None, ("last",)

    for keep_outputs in (True, False):
        emitted, state, last = raw_rnn(cell, loop_fn, swap_memory=True, keep_outputs=keep_outputs)
        assert (emitted is None) is not keep_outputs
        assert state.shape == (2, 4)
        assert last == ("last",)


def test_nested_states_and_outputs_of_a_python_cell():
    torch.manual_seed(4)
    cell = PlainCell(4, 3)
    inputs = torch.randn(20, 2, 3, requires_grad=True)

    def run(**plan):
        emitted, state, _ = raw_rnn(cell, loop_over(inputs, cell), **plan)
        loss = sum(leaf.pow(2).sum() for leaf in _pytree.tree_leaves((emitted, state)))
        return emitted, state, torch.autograd.grad(loss, [inputs, *cell.parameters()])

    plain = run()
    for name in RECOMPUTING:
        torch.testing.assert_close(run(**PLANS[name]), plain, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_other_precisions(dtype):
    decoder = Decoder(PlainOne(4, 3)).to(dtype)
    plain = gradients(decoder, dtype=dtype)
    for name in ("recompute", "nested", "little", "disk"):
        ours = gradients(decoder, dtype=dtype, **PLANS[name])
        torch.testing.assert_close(ours[0], plain[0], rtol=0, atol=0)
        torch.testing.assert_close(ours[2], plain[2])


def test_under_autocast():
    decoder = Decoder(PlainOne(4, 3))

    def run(**plan):
        inputs = torch.randn(25, 2, 3, generator=torch.Generator().manual_seed(1)).requires_grad_()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            emitted, _, _ = decoder(inputs, torch.tensor([25, 20]), **plan)
        return emitted, torch.autograd.grad(emitted["y"].float().sum(), [inputs, *decoder.parameters()])

    plain = run()
    for name in ("recompute", "nested", "little"):
        emitted, found = run(**PLANS[name])
        torch.testing.assert_close(emitted, plain[0], rtol=0, atol=0)
        for ours, leaf in zip(found, plain[1], strict=True):  # without a plan sums are rounded to bfloat16
            torch.testing.assert_close(ours, leaf, rtol=0, atol=0.03 * float(leaf.abs().max()))


# -- truncation
@pytest.mark.parametrize("plan", [{}, {"swap_memory": True}, {"memory": MemoryPlan.recompute(every=6)}])
def test_truncation_is_a_detached_state(plan):
    cell, inputs = PlainOne(4, 3), torch.randn(20, 2, 3, requires_grad=True)
    emitted, _, _ = raw_rnn(cell, loop_over(inputs, cell), truncate_every=8, **plan)
    found = torch.autograd.grad(emitted.pow(2).sum(), [inputs, cell.kernel])
    state, total = cell.zero_state(2), 0
    for time in range(20):
        if time in (8, 16):
            state = state.detach()
        output, state = cell(inputs[time], state)
        total = total + output.pow(2).sum()
    expected = list(torch.autograd.grad(total, [inputs, cell.kernel]))
    # The input of a step is carried to it, so where a gradient ends its own does, too.
    expected[0][[8, 16]] = 0
    expected[1] = found[1]
    torch.testing.assert_close(found[0], expected[0])


def test_truncation_leaves_the_gradient_of_what_is_passed_on():
    cell, memory, inputs = PlainOne(4, 3), torch.ones(4, requires_grad=True), torch.randn(20, 2, 3)

    def run(**plan):
        def loop_fn(time, output, state, given):
            given = memory * 1.0 if given is None else given
            state = cell.zero_state(2) if state is None else state * given
            return torch.full((2,), time >= 20), inputs[min(time, 19)], state, given.expand(2, 4), given

        return torch.autograd.grad(raw_rnn(cell, loop_fn, truncate_every=5, **plan)[0].sum(), memory)[0]

    assert run().tolist() == [40.0] * 4
    for name in RECOMPUTING:
        torch.testing.assert_close(run(**PLANS[name]), run())


# -- a limit
def test_a_limit_that_no_plan_meets_names_the_smallest():
    cell, inputs = PlainOne(64, 3), torch.randn(60, 8, 3)
    with pytest.raises(MemoryLimitError, match=r"runs this loop within a memory_limit of 9\.8 KiB") as e:
        raw_rnn(cell, loop_over(inputs, cell), memory_limit=10_000)
    smallest = e.value.smallest
    assert str(smallest) in str(e.value)
    with pytest.raises(MemoryLimitError):
        raw_rnn(cell, loop_over(inputs, cell), memory_limit=smallest - 1)
    emitted, _, _ = raw_rnn(cell, loop_over(inputs, cell), memory_limit=smallest)
    ours = torch.autograd.grad(emitted.sum(), cell.kernel)[0]
    plain = torch.autograd.grad(raw_rnn(cell, loop_over(inputs, cell))[0].sum(), cell.kernel)[0]
    torch.testing.assert_close(ours, plain)


@settings(max_examples=60, deadline=None)
@given(steps=st.integers(1, 3000), moments=st.integers(5, 300), graphs=st.integers(1, 80))
def test_a_bounded_growth_stays_within_its_room(steps, moments, graphs):
    costs = Costs(moment=1000, step=2000, fixed=0)
    growth = Bounded((1000 * moments + 2000 * graphs) * 16 // 13 + 16, lambda: costs)
    kept, step, run_again = [0], 0, 0
    while step < steps:
        stretch = growth.steps_from(step)
        step = min(steps, step + stretch)
        kept.append(step)
        while growth.is_full(len(kept) - 1, 1000 * (len(kept) - 1)):
            kept = [*kept[:-1:2], step]
    most_kept, held, longest = len(kept) - 1, 0, 0

    def walk(start, stop, means, held_above):
        nonlocal held, longest, run_again
        pieces = growth.split(stop - start, means)
        if not pieces:
            held, longest = max(held, held_above), max(longest, stop - start)
            return
        assert sum(piece.steps for piece in pieces) == stop - start
        assert all(piece.steps > 0 for piece in pieces)
        run_again += sum(piece.steps for piece in pieces[:-1])
        ends = np.cumsum([start, *[piece.steps for piece in pieces]])
        for place in reversed(range(len(pieces))):
            walk(ends[place], ends[place + 1], pieces[place].means, held_above + place)

    for start, stop in itertools.pairwise(kept):
        walk(start, stop, growth.means, 0)
    assert 1000 * (most_kept + held) + 2000 * longest <= 1000 * moments + 2000 * graphs + 16
    assert run_again <= 12 * steps or moments < 10


def test_a_plan_is_cut_as_it_says():
    assert [Planned(MemoryPlan.keep_state()).steps_from(step) for step in (0, 5)] == [1, 1]
    assert [Planned(MemoryPlan.recompute()).steps_from(step) for step in (0, 99, 10_000)] == [8, 9, 100]
    nested = Planned(MemoryPlan.recompute(every=(10, 4)))
    assert [piece.steps for piece in nested.split(10, 0)] == [4, 4, 2]
    assert nested.split(4, 1) == []


def held_tensors():
    gc.collect()
    # A compiler's stand-ins, which other tests may have left behind, have no memory.
    found = [value for value in gc.get_objects() if type(value) in (torch.Tensor, torch.nn.Parameter)]
    storages = [leaf.untyped_storage() for leaf in found]
    return sum({storage.data_ptr(): storage.nbytes() for storage in storages}.values())


@pytest.mark.parametrize("steps", [150, 700])
def test_what_is_kept_keeps_to_the_limit_however_long_the_loop(steps):
    cell, inputs = PlainOne(64, 3), torch.randn(8, 3).expand(steps, 8, 3)
    with torch.no_grad():
        before = held_tensors()
    _, state, _ = raw_rnn(cell, loop_over(inputs, cell), memory_limit="300KiB", keep_outputs=False)
    assert held_tensors() - before <= 300 * 1024
    state.sum().backward()
    assert held_tensors() - before <= 60_000


def test_what_is_kept_is_let_go_of():
    cell, inputs = PlainOne(64, 3), torch.randn(300, 8, 3)
    before = held_tensors()
    _, state, _ = raw_rnn(cell, loop_over(inputs, cell), memory=MemoryPlan.keep_state(), keep_outputs=False)
    assert held_tensors() - before > 290 * 8 * 64 * 4
    state.sum().backward()
    assert held_tensors() - before < 100_000


def test_a_part_of_a_larger_tensor_does_not_keep_it():
    class Wide(RNNCell):
        state_size = output_size = 16

        def forward(self, inputs, state):
            gates = torch.cat([state] * 64, 1) + inputs * weight
            return gates[:, :16], gates[:, 16:32]

    weight, cell, inputs = nn.Parameter(torch.ones(1)), Wide(), torch.randn(100, 8, 1)
    before = held_tensors()
    _, state, _ = raw_rnn(cell, loop_over(inputs, cell), memory=MemoryPlan.keep_state(), keep_outputs=False)
    assert held_tensors() - before < 3 * 100 * 8 * 16 * 4
    del state


# -- arguments
def test_wrong_arguments():
    cell, inputs = PlainOne(4, 3), torch.randn(9, 2, 3)
    for options, error, message in [
        (
            {"swap_memory": True, "memory_limit": 1},
            ValueError,
            "swap_memory=True and memory_limit were given",
        ),
        ({"memory": "all"}, TypeError, "memory must be a MemoryPlan"),
        ({"memory_limit": "64 pounds"}, ValueError, "'64 pounds' is no amount of memory"),
        ({"truncate_every": 0}, ValueError, "truncate_every must be at least 1 step"),
        ({"memory": MemoryPlan.swap(to="host")}, ValueError, "moves memory from a GPU"),
    ]:
        with pytest.raises(error, match=re.escape(message)):
            raw_rnn(cell, loop_over(inputs, cell), **options)


def test_torch_func():
    cell, inputs = PlainOne(4, 3), torch.randn(9, 2, 3)
    parameters = dict(cell.named_parameters())

    def loss(values, plan):
        def call():
            return raw_rnn(cell, loop_over(inputs, cell), **plan)[0].sum()

        return torch.func.functional_call(Calling(cell), {f"cell.{k}": v for k, v in values.items()}, (call,))

    expected = torch.func.grad(loss)(parameters, {})
    torch.testing.assert_close(torch.func.grad(loss)(parameters, {"swap_memory": True}), expected)
    with pytest.raises(RuntimeError, match=r"does not go with torch\.func"):
        torch.func.grad(loss)(parameters, {"memory_limit": "1GiB"})


class Calling(nn.Module):
    def __init__(self, cell):
        super().__init__()
        self.cell = cell

    def forward(self, function):
        return function()


# -- pieces and sums
@given(
    lengths=st.lists(st.integers(1, 50), min_size=1, max_size=20), piece=st.sampled_from([1, 4000, 1 << 20])
)
def test_pieces_make_the_whole(lengths, piece):
    pieces, parts = Pieces(piece), []
    for length in lengths:
        part = [torch.randn(length, 3, 20), torch.randint(9, (length, 2))]
        parts.append(part)
        pieces.add(part)
    for whole, expected in zip(pieces.whole(), zip(*parts, strict=True), strict=True):
        assert torch.equal(whole, torch.cat(expected))


def test_large_pieces_make_the_whole():
    pieces, parts = Pieces(1 << 20), [torch.randn(300, 1000) for _ in range(5)]
    for part in parts:
        pieces.add([part])
    assert torch.equal(pieces.whole()[0], torch.cat(parts))


def test_pieces_of_another_dtype_are_an_error():
    pieces = Pieces()
    pieces.add([torch.ones(1, 2)])
    with pytest.raises(TypeError, match=r"from torch\.float32 to torch\.float64"):
        pieces.add([torch.ones(1, 2, dtype=torch.float64)])


def test_sums_tell_steps_apart():
    values = torch.randn(6, 2, 3)
    whole = Sum.of(values, 4)
    assert Sum.of(values[:1], 4).plus(Sum.of(values[1:], 5)).agrees(whole)
    assert not Sum.of(values.flip(0), 4).agrees(whole)
    assert not Sum.of(values + 1e-3, 4).agrees(whole)
    assert Sum.of(torch.tensor([float("nan")]), 0).agrees(Sum.of(torch.tensor([float("nan")]), 0))
    assert not Sum.of(torch.tensor([1, 2]), 0).agrees(Sum.of(torch.tensor([1, 3]), 0))
