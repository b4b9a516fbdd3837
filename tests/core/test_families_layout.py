"""What lies where in memory, and what is not computed because nobody needs it."""

from __future__ import annotations

import dataclasses

import optree
import pytest
import torch

from core.comparing import assert_close
from ostinato import BasicLSTMCell, GRUCell, LSTMCell, MultiRNNCell, dynamic_rnn, kernels
from ostinato.kernels.layout import empty_outputs
from ostinato.steps import GRU, LSTM, BasicRNN, ResetAfterGRU

FAMILIES = {
    "basic_rnn": BasicRNN(4),
    "gru": GRU(4),
    "gru_reset_after": ResetAfterGRU(4),
    "lstm": LSTM(4),
    "lstm_all": LSTM(4, 0.5, "tanh", True, 0.7, 2, 0.3, True),
}
NAMES = {BasicRNN: "basic_rnn", GRU: "gru", ResetAfterGRU: "gru_reset_after", LSTM: "lstm"}


def arguments(family, time=5, batch_size=3, input_size=2):
    torch.manual_seed(time)
    parameters = [(0.5 * torch.randn(spec.shape)).requires_grad_() for spec in family.parameters(input_size)]
    state = optree.tree_map(lambda size: torch.randn(batch_size, size), family.state_size)
    return parameters, torch.randn(batch_size, time, input_size), state


@pytest.mark.parametrize("time", [1, 5, 40])
@pytest.mark.parametrize("batch_size", [1, 3])
@pytest.mark.parametrize("name", FAMILIES)
def test_outputs_and_gradients_lie_as_the_inputs_do(name, batch_size, time):
    family = FAMILIES[name]
    parameters, batch_major, state = arguments(family, time, batch_size)
    lengths = torch.arange(batch_size) + time - 1
    results = []
    for inputs in (batch_major.transpose(0, 1), batch_major.transpose(0, 1).contiguous()):
        inputs = inputs.detach().requires_grad_()
        outputs, final = kernels.sequence(family, parameters, inputs, lengths, state)
        assert outputs.stride() == empty_outputs(inputs, family.output_size).stride()
        assert all(leaf.is_contiguous() for leaf in optree.tree_leaves(final))
        given = [inputs, *parameters]
        gradients = torch.autograd.grad(outputs.square().sum(), given)
        results.append([outputs, *gradients])
    assert_close(*results, torch.float32)
    outputs = dynamic_rnn(LSTMCell(4, 2), batch_major)[0]
    assert outputs.is_contiguous()


def backward_arguments(family, inputs, parameters, state):
    options = [getattr(family, field.name) for field in dataclasses.fields(family)]
    name = NAMES[type(family)]
    with torch.no_grad():
        leaves = optree.tree_leaves(state)
        operation = getattr(torch.ops.ostinato, name)
        outputs, final, kept = operation(inputs, None, leaves, parameters, *options, True)
        given = (torch.ones_like(outputs), [None] * len(final), [None] * len(kept))
        given = (*given, inputs, None, leaves, parameters, outputs, kept, *options)
    return getattr(torch.ops.ostinato, f"{name}_backward"), given


@pytest.mark.parametrize("time", [5, 40])
@pytest.mark.parametrize("name", FAMILIES)
def test_gradients_of_inputs_are_made_only_where_needed(name, time):
    family = FAMILIES[name]
    parameters, inputs, state = arguments(family, time)
    inputs = inputs.transpose(0, 1)
    parameters = [parameter.detach() for parameter in parameters]
    backward, given = backward_arguments(family, inputs, parameters, state)
    with_inputs, without = backward(*given, True), backward(*given, False)
    assert with_inputs[0].stride() == inputs.stride()
    assert with_inputs[0].shape == inputs.shape
    assert without[0].shape == (0,)
    for a, b in zip(optree.tree_leaves(with_inputs[1:]), optree.tree_leaves(without[1:]), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("needed", [True, False])
def test_autograd_asks_for_the_gradient_of_inputs_only_where_they_have_one(needed):
    asked = []

    class Watch(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            if func is torch.ops.ostinato.gru_backward.default:
                asked.append(args[-1])
            return func(*args, **(kwargs or {}))

    parameters, inputs, state = arguments(FAMILIES["gru"])
    inputs = inputs.transpose(0, 1).requires_grad_(needed)
    with Watch():  # which sends the run through the dispatcher
        outputs, _ = kernels.sequence(FAMILIES["gru"], parameters, inputs, None, state)
        outputs.sum().backward()
    assert asked == [needed]
    assert (inputs.grad is not None) == needed
    assert all(parameter.grad is not None for parameter in parameters)


def test_a_stack_stays_batch_major_without_a_copy():
    cell = MultiRNNCell([BasicLSTMCell(4, 2), GRUCell(5, 4, reset_after=True)])
    outputs, _ = dynamic_rnn(cell, torch.randn(3, 6, 2))
    assert outputs.is_contiguous()
    outputs, _ = dynamic_rnn(cell, torch.randn(6, 3, 2), time_major=True)
    assert outputs.is_contiguous()
    outputs, _ = dynamic_rnn(cell, torch.randn(3, 6, 2), swap_memory=True)
    assert outputs.is_contiguous()


@pytest.mark.parametrize("time_major", [False, True])
def test_a_compiler_need_not_know_the_sizes(time_major):
    torch._dynamo.reset()
    cell, inputs = BasicLSTMCell(4, 2), torch.randn(3, 5, 2)
    for axis in (0, 1):
        torch._dynamo.decorators.mark_unbacked(inputs, axis)

    def run(inputs):
        return dynamic_rnn(cell, inputs, time_major=time_major)[0]

    compiled = torch.compile(run, fullgraph=True, backend="aot_eager")(inputs)
    assert_close([compiled], [run(inputs)], torch.float32)
    assert compiled.is_contiguous()
