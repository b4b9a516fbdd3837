"""Memory plans under autograd, as users of torch expect it: several passes, hooks, changes in between."""

from __future__ import annotations

import threading
from contextlib import contextmanager

import numpy as np
import optree
import pytest
import torch
import torch.utils.checkpoint
from torch import nn

from core.comparing import assert_near, grad_leaves, random_state, weighted_sum
from core.zoo import CELLS, PlainCell
from ostinato import DropoutWrapper, MemoryPlan, RNNCell, dynamic_rnn

PLANS = [
    MemoryPlan.keep_state(),
    MemoryPlan.recompute(),
    MemoryPlan.recompute(every=4),
    MemoryPlan.recompute(every=(6, 2)),
    MemoryPlan.recompute(every=3, keep_last=4),
    MemoryPlan.swap(to="disk", every=2),
]
NAMES = ["basic_lstm", "lstm_projection", "gru", "stack", "plain", "zoneout"]


def make(name):
    torch.manual_seed(0)
    cell = CELLS[name](4, 3).double()
    inputs = torch.randn(3, 9, 3, dtype=torch.float64, requires_grad=True)
    return cell, inputs, random_state(cell, 3, torch.float64)


def results_of(cell, inputs, state, plan=None, lengths=None):
    torch.manual_seed(3)
    return dynamic_rnn(cell, inputs, lengths, state, memory=plan)


@pytest.mark.parametrize("plan", [None, *PLANS], ids=repr)
@pytest.mark.parametrize("name", NAMES)
def test_several_passes_through_one_graph(name, plan):
    cell, inputs, state = make(name)
    leaves = grad_leaves(cell, inputs, state)
    outputs, final = results_of(cell, inputs, state, plan)
    of_outputs, of_final = weighted_sum(outputs), weighted_sum(final)
    both = torch.autograd.grad(of_outputs + 2 * of_final, leaves, retain_graph=True)
    again = torch.autograd.grad(of_outputs + 2 * of_final, leaves, retain_graph=True)
    assert_near(again, both, 0.0, "the same pass again")
    (of_outputs + 2 * of_final).backward(retain_graph=True)
    of_outputs.backward(retain_graph=True)
    part = torch.autograd.grad(of_final, leaves[1:3], retain_graph=True, allow_unused=True)
    of_final.backward()
    accumulated = [leaf.grad for leaf in leaves]
    expected = results_of(cell, inputs, state)
    once = torch.autograd.grad(weighted_sum(expected[0]), leaves, retain_graph=True, allow_unused=True)
    of_state = torch.autograd.grad(weighted_sum(expected[1]), leaves, allow_unused=True)
    total = [
        0
        if one is None and other is None
        else 2 * (0 if one is None else one) + 3 * (0 if other is None else other)
        for one, other in zip(once, of_state, strict=True)
    ]
    assert_near(accumulated, total, 1e-12, plan)
    assert_near(list(part), list(of_state[1:3]), 1e-12, plan)


def test_a_pass_that_asks_for_a_part_leaves_the_rest():
    cell, inputs, _ = make("basic_lstm")
    for plan in PLANS:
        outputs, _ = dynamic_rnn(cell, inputs, memory=plan)
        torch.autograd.grad(outputs.sum(), inputs)
        assert inputs.grad is None
        assert all(parameter.grad is None for parameter in cell.parameters())


@contextmanager
def suppress_errors_of_autograd():
    try:
        yield
    except RuntimeError as error:
        if "modified by an inplace operation" not in str(error):
            raise


CHANGES = {
    "inputs": lambda given, outputs, final, cell: given.add_(1),
    "state": lambda given, outputs, final, cell: None,
    "outputs": lambda given, outputs, final, cell: outputs.mul_(2),
    "a step of the outputs": lambda given, outputs, final, cell: outputs[:, 3].zero_(),
    "final state": lambda given, outputs, final, cell: [leaf.zero_() for leaf in final],
    "a parameter": lambda given, outputs, final, cell: next(cell.parameters()).mul_(2),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("plan", PLANS, ids=repr)
@pytest.mark.parametrize("name", NAMES)
def test_a_change_before_the_backward_pass_gives_no_wrong_gradient(name, plan, change):
    cell, inputs, state = make(name)
    leaves = grad_leaves(cell, inputs, state)
    given_inputs, given_state = inputs * 1, optree.tree_map(lambda leaf: leaf * 1, state)
    outputs, final = results_of(cell, given_inputs, given_state, plan, [9, 4, 0])
    copies = [leaf * 1 for leaf in optree.tree_leaves((outputs, final))]
    loss = weighted_sum(copies)
    expected = torch.autograd.grad(loss, leaves, retain_graph=True)
    with torch.no_grad():
        if change == "state":
            for leaf in optree.tree_leaves(given_state):
                leaf.mul_(2)
        CHANGES[change](given_inputs, optree.tree_leaves(outputs)[0], optree.tree_leaves(final), cell)
    with suppress_errors_of_autograd():
        assert_near(torch.autograd.grad(loss, leaves), expected, 0.0, change)


@pytest.mark.parametrize("change", ["inputs", "a parameter"])
@pytest.mark.parametrize("plan", PLANS, ids=repr)
@pytest.mark.parametrize("name", ["basic_lstm", "gru", "plain"])
def test_a_change_of_what_is_read_again_is_refused(name, plan, change):
    cell, inputs, state = make(name)
    given = inputs * 1
    loss = weighted_sum(results_of(cell, given, state, plan))
    with torch.no_grad():
        CHANGES[change](given, None, None, cell)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@pytest.mark.parametrize("name", ["basic_lstm", "gru", "stack", "plain"])
def test_a_double_backward_pass_is_refused_or_right(name):
    cell, inputs, _ = make(name)

    def second(plan):
        outputs = optree.tree_leaves(dynamic_rnn(cell, inputs, memory=plan)[0])[0]
        (first,) = torch.autograd.grad(outputs.square().sum(), inputs, create_graph=True)
        return torch.autograd.grad(first.square().sum(), [inputs, *cell.parameters()], allow_unused=True)

    expected = [leaf for leaf in second(None) if leaf is not None]
    assert_near([leaf for leaf in second(MemoryPlan.keep_all()) if leaf is not None], expected, 1e-12, "all")
    for plan in PLANS[1:]:
        with pytest.raises(RuntimeError, match="cannot be differentiated twice: run it without one"):
            second(plan)


def test_a_refused_double_pass_is_no_end():
    cell, inputs, _ = make("plain")
    loss = dynamic_rnn(cell, inputs, memory=MemoryPlan.recompute())[0][0].sum()
    with pytest.raises(RuntimeError, match="cannot be differentiated twice"):
        torch.autograd.grad(loss, inputs, create_graph=True)
    dynamic_rnn(cell, inputs, memory=MemoryPlan.recompute())[0][0].sum().backward()


@pytest.mark.filterwarnings("ignore:.torch.jit.script:DeprecationWarning")  # torch.func's own import
@pytest.mark.parametrize("name", ["basic_lstm", "stack", "plain"])
@pytest.mark.parametrize(
    "options",
    [
        {"memory": MemoryPlan.recompute(every=3)},
        {"memory_limit": "1GiB"},
        {"truncate_every": 3},
        {"keep_outputs": False},
    ],
    ids=repr,
)
def test_transforms_refuse_a_plan(name, options):
    cell, inputs, _ = make(name)

    def run(x, **options):
        return weighted_sum(dynamic_rnn(cell, x, **options)[1])

    x, tangent = inputs.detach(), torch.ones(3, 9, 3, dtype=torch.float64)
    for transform in (
        lambda function: torch.func.grad(function)(x),
        lambda function: torch.func.vmap(function)(x[None]),
        lambda function: torch.func.jvp(function, (x,), (tangent,)),
    ):
        with pytest.raises(RuntimeError, match=r"does not go with torch\.func or forward-mode"):
            transform(lambda x: run(x, **options))
        hinted, plain = (transform(lambda x, s=s: run(x, swap_memory=s)) for s in (True, False))
        assert_near(optree.tree_leaves(hinted), optree.tree_leaves(plain), 1e-12, "swap_memory is a hint")


@pytest.mark.parametrize("plan", PLANS, ids=repr)
@pytest.mark.parametrize("name", ["basic_lstm", "stack", "plain"])
def test_hooks_see_whole_gradients_once(name, plan):
    def seen(plan):
        cell, inputs, state = make(name)
        found = []
        leaves = grad_leaves(cell, inputs, state)
        for leaf in leaves:
            leaf.register_hook(lambda gradient: found.append(gradient.clone()) or 2 * gradient)
        for parameter in cell.parameters():
            parameter.register_post_accumulate_grad_hook(lambda leaf: found.append(leaf.grad.clone()))
        weighted_sum(results_of(cell, inputs, state, plan)).backward()
        return sorted(found, key=lambda leaf: (leaf.shape, float(leaf.sum()))), [leaf.grad for leaf in leaves]

    for actual, expected in zip(seen(plan), seen(None), strict=True):
        assert_near(actual, expected, 1e-12, plan)


@pytest.mark.parametrize("plan", PLANS, ids=repr)
def test_other_ways_of_saving_go_along(plan):
    for name in ("basic_lstm", "plain"):
        cell, inputs, state = make(name)
        leaves = grad_leaves(cell, inputs, state)
        expected = torch.autograd.grad(weighted_sum(results_of(cell, inputs, state)), leaves)

        def run(x, cell=cell, state=state):
            return weighted_sum(results_of(cell, x, state, plan))

        with torch.autograd.graph.saved_tensors_hooks(torch.clone, torch.clone):  # as onto another device
            saved = run(inputs)
        checkpointed = torch.utils.checkpoint.checkpoint(run, inputs, use_reentrant=False)
        for loss in (saved, checkpointed):
            assert_near(torch.autograd.grad(loss, leaves), expected, 1e-12, plan)


def test_threads_do_not_meet():
    def train(name, plan, found, made):
        cell, inputs, state = made
        for _ in range(5):
            cell.zero_grad()
            weighted_sum(dynamic_rnn(cell, inputs, [9, 4, 0], state, memory=plan, seed=1)).backward()
        found[name, plan] = [parameter.grad for parameter in cell.parameters()]

    alone, together = {}, {}
    work = [(name, plan) for name in ("basic_lstm", "stack", "plain") for plan in PLANS]
    for name, plan in work:
        train(name, plan, alone, make(name))
    # They are made before the threads start: torch's default generator is everybody's.
    threads = [threading.Thread(target=train, args=(*each, together, make(each[0]))) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for each in work:
        assert_near(together[each], alone[each], 0.0, each)


class Attending(RNNCell):
    """A cell that reads an encoder's output from outside."""

    state_size = output_size = 3

    def __init__(self, outside):
        super().__init__()
        self.outside = outside

    def forward(self, inputs, state):
        return state + inputs * self.outside, state + inputs * self.outside


@pytest.mark.parametrize(
    "outside", [torch.ones(3), torch.ones(3, requires_grad=True) * 2], ids=["leaf", "computed"]
)
def test_a_gradient_that_would_be_lost_is_an_error(outside):
    cell, inputs = Attending(outside.requires_grad_()), torch.ones(1, 9, 3)
    with pytest.raises(ValueError, match="of shape \\[3\\] that requires a gradient"):
        dynamic_rnn(cell, inputs, swap_memory=True)
    with torch.no_grad():
        swapped = dynamic_rnn(cell, inputs, swap_memory=True)
        torch.testing.assert_close(swapped, dynamic_rnn(cell, inputs))


def test_a_registered_tensor_is_no_surprise():
    class Registered(Attending):
        def __init__(self):
            super().__init__(None)
            self.outside = nn.Parameter(torch.ones(3))

    cell = Registered()
    dynamic_rnn(cell, torch.ones(1, 9, 3), swap_memory=True)[0].sum().backward()
    assert cell.outside.grad.tolist() == [45.0] * 3


def gradients(run, leaves):
    return torch.autograd.grad(
        sum(leaf.pow(2).sum() for leaf in torch.utils._pytree.tree_leaves(run())), leaves
    )


def test_functional_call_reaches_a_recomputed_cell():
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = PlainCell(4, 3)

        def forward(self, inputs, swap_memory):
            return dynamic_rnn(self.cell, inputs, swap_memory=swap_memory)

    model, inputs = Model(), torch.randn(2, 10, 3, requires_grad=True)
    values = {name: (2 * value.detach()).requires_grad_() for name, value in model.named_parameters()}

    def run(swap_memory):
        return lambda: torch.func.functional_call(model, values, (inputs, swap_memory))

    leaves = [inputs, *values.values()]
    torch.testing.assert_close(gradients(run(True), leaves), gradients(run(False), leaves))


def test_what_happens_after_the_forward_pass_changes_nothing():
    inputs = torch.randn(2, 10, 3)
    cell = DropoutWrapper(PlainCell(4, 3), state_keep_prob=0.5)
    lengths, seed = np.array([10, 7]), torch.tensor(3)

    def gradient(disturb):
        cell.train()
        cell.zero_grad()
        lengths[:], seed[...] = [10, 7], 3
        loss = dynamic_rnn(cell, inputs, lengths, swap_memory=True, seed=seed)[0][0].sum()
        if disturb:
            lengths[:], seed[...] = 1, 4
            cell.eval()
        loss.backward()
        assert cell.training is not disturb
        return [parameter.grad.clone() for parameter in cell.parameters()]

    torch.testing.assert_close(gradient(True), gradient(False))


def test_a_gradient_that_appears_later_is_not_lost():
    class Late(Attending):
        def forward(self, inputs, state):
            factor = self.outside if bool((state != 0).any()) else 1.0
            return state + inputs * factor, state + inputs * factor

    inputs = torch.ones(1, 9, 3, requires_grad=True)
    cell = Late(torch.ones(3, requires_grad=True))
    loss = dynamic_rnn(cell, inputs, swap_memory=True)[0].sum()
    with pytest.raises(ValueError, match="its gradient would be lost"):
        loss.backward()


def test_complex_states():
    class Rotating(RNNCell):
        state_size = output_size = 2

        def __init__(self):
            super().__init__()
            self.factor = nn.Parameter(torch.tensor(0.9 + 0.2j))

        def forward(self, inputs, state):
            state = self.factor * state + inputs
            return state, state

    cell, inputs = Rotating(), torch.randn(2, 12, 2, dtype=torch.complex64)
    found = []
    for swap_memory in (False, True):
        outputs, _ = dynamic_rnn(cell, inputs, dtype=torch.complex64, swap_memory=swap_memory)
        found.append(torch.autograd.grad(outputs.abs().sum(), cell.factor))
    torch.testing.assert_close(*found)


def test_a_recomputation_runs_under_the_autocast_of_its_forward_pass():
    seen = []

    class Watching(PlainCell):
        def forward(self, inputs, state):
            seen.append(torch.is_autocast_enabled("cpu"))
            return super().forward(inputs, state)

    cell, inputs = Watching(4, 3), torch.randn(2, 10, 3)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside, _ = dynamic_rnn(cell, inputs, swap_memory=True)
    inside[0].float().sum().backward()
    assert len(seen) > 20
    assert all(seen)
    seen.clear()
    outside, _ = dynamic_rnn(cell, inputs, swap_memory=True)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        outside[0].sum().backward()
    assert not any(seen)
