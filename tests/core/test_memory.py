"""swap_memory: the same results in less memory, or an error."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.utils.checkpoint
from torch import nn

from core.zoo import PlainCell
from ostinato import BasicLSTMCell, DropoutWrapper, RNNCell, bidirectional_dynamic_rnn, dynamic_rnn


def saved_bytes(run):
    """The bytes that autograd holds from a forward pass to its backward pass."""
    storages = {}

    def pack(tensor):
        storages[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        results = run()
    del results
    return sum(storages.values())


@pytest.mark.parametrize("cell", [BasicLSTMCell(16, 2), PlainCell(16, 2)], ids=["op", "loop"])
def test_less_is_kept(cell):
    inputs = torch.randn(4, 400, 2, requires_grad=True)
    whole = saved_bytes(lambda: dynamic_rnn(cell, inputs))
    swapped = saved_bytes(lambda: dynamic_rnn(cell, inputs, swap_memory=True))
    # inputs (12.8 kB), parameters, and 20 states
    assert swapped < 60_000
    assert swapped < whole / 3


def test_gradients_add_up_and_the_graph_can_be_kept():
    cell, inputs = BasicLSTMCell(4, 3), torch.randn(2, 10, 3)
    loss = dynamic_rnn(cell, inputs, swap_memory=True)[0].sum()
    loss.backward(retain_graph=True)
    once = cell.kernel.grad.clone()
    loss.backward()
    torch.testing.assert_close(cell.kernel.grad, 2 * once)


def test_bidirectional_swaps_too():
    cells, inputs = (BasicLSTMCell(4, 3), PlainCell(4, 3)), torch.randn(2, 10, 3, requires_grad=True)

    def gradient(swap_memory):
        (fw, bw), _ = bidirectional_dynamic_rnn(*cells, inputs, [10, 4], swap_memory=swap_memory)
        return torch.autograd.grad(fw.pow(2).sum() + bw[0].sum(), inputs)[0]

    torch.testing.assert_close(gradient(True), gradient(False))


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


def test_a_double_backward_pass_is_refused():
    inputs = torch.randn(2, 10, 3, requires_grad=True)
    loss = dynamic_rnn(BasicLSTMCell(4, 3), inputs, swap_memory=True)[0].sum()
    with pytest.raises(RuntimeError, match="cannot be differentiated twice: run it without one"):
        torch.autograd.grad(loss, inputs, create_graph=True)


def test_a_parameter_changed_in_between_is_an_error():
    cell = BasicLSTMCell(4, 3)
    loss = dynamic_rnn(cell, torch.randn(2, 10, 3), swap_memory=True)[0].sum()
    with torch.no_grad():
        cell.kernel.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


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


@pytest.mark.parametrize("cell", [BasicLSTMCell(4, 3), PlainCell(4, 3)], ids=["op", "loop"])
def test_hooks_on_parameters_run_once(cell):
    inputs, parameter = torch.randn(2, 10, 3), next(cell.parameters())
    found = []
    for swap_memory in (False, True):
        handle = parameter.register_hook(lambda gradient: 2 * gradient)
        cell.zero_grad()
        outputs, _ = dynamic_rnn(cell, inputs, swap_memory=swap_memory)
        torch.utils._pytree.tree_leaves(outputs)[0].sum().backward()
        found.append(parameter.grad.clone())
        handle.remove()
    torch.testing.assert_close(*found)


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


def test_checkpointing_around_a_walk():
    cell, inputs = BasicLSTMCell(4, 3), torch.randn(2, 10, 3, requires_grad=True)

    def run(inputs):
        return dynamic_rnn(cell, inputs, swap_memory=True)[0]

    def checkpointed():
        return torch.utils.checkpoint.checkpoint(run, inputs, use_reentrant=False)

    torch.testing.assert_close(gradients(checkpointed, [inputs]), gradients(lambda: run(inputs), [inputs]))


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
