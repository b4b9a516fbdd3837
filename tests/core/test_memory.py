"""swap_memory: the same results in less memory, or an error."""

from __future__ import annotations

import weakref

import pytest
import torch
from torch import nn

from core.zoo import PlainCell
from ostinato import BasicLSTMCell, RNNCell, bidirectional_dynamic_rnn, dynamic_rnn
from ostinato.memory import MemoryPlan, walk_chunks


def test_a_plan_cuts_time_into_chunks():
    assert MemoryPlan.keep_all().chunk_length(100) == 100
    assert MemoryPlan.recompute().chunk_length(100) == 10
    assert MemoryPlan.recompute().chunk_length(0) == 1
    assert MemoryPlan.recompute(every=7).chunk_length(100) == 7
    with pytest.raises(ValueError, match="every must be at least 1 step, but is 0"):
        MemoryPlan.recompute(0)


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
    with pytest.raises(ValueError, match="reads a tensor of shape \\[3\\] that requires a gradient"):
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
    with pytest.raises(RuntimeError, match="cannot be differentiated twice: run it without swap_memory"):
        torch.autograd.grad(loss, inputs, create_graph=True)


def test_a_parameter_changed_in_between_is_an_error():
    cell = BasicLSTMCell(4, 3)
    loss = dynamic_rnn(cell, torch.randn(2, 10, 3), swap_memory=True)[0].sum()
    with torch.no_grad():
        cell.kernel.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_a_walk_lets_go_of_its_tensors():
    cell = BasicLSTMCell(4, 3)
    inputs = torch.randn(2, 10, 3)
    outputs, state = dynamic_rnn(cell, inputs, swap_memory=True)
    outputs.sum().backward()
    alive = weakref.ref(outputs)
    del outputs, state
    assert alive() is None


def test_walk_chunks_alone():
    weight = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    inputs = torch.randn(7, 2, dtype=torch.float64, requires_grad=True)
    state = torch.randn(2, dtype=torch.float64, requires_grad=True)

    def run_chunk(start, chunk, state):
        (x,), (s,) = chunk, state
        outputs = []
        for step in range(x.shape[0]):
            s = torch.sin(weight * s + x[step] * (start + step))
            outputs.append(s)
        return [torch.stack(outputs)], [s]

    def walk(inputs, state, weight_again):
        assert weight_again is weight
        (outputs,), (final,) = walk_chunks(run_chunk, [inputs], [state], [weight], 3)
        return outputs, final

    assert torch.autograd.gradcheck(walk, (inputs, state, weight))
