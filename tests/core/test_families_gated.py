"""Gated, independent and grouped families: their options, their parameters, their own terms."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ostinato import (
    BasicLSTMCell,
    CFNCell,
    ConvLSTMCell,
    GLSTMCell,
    IndRNNCell,
    IndyGRUCell,
    IndyLSTMCell,
    IntersectionRNNCell,
    LSTMCell,
    LSTMStateTuple,
    MinimalRNNCell,
    NASCell,
    PhasedLSTMCell,
    SRUCell,
    UGRNNCell,
    dynamic_rnn,
)
from ostinato._state import leaves, map_nest

CELLS = {
    "nas": lambda n, d: NASCell(n, d, num_proj=2, use_bias=True),
    "ugrnn": UGRNNCell,
    "intersection": lambda n, d: IntersectionRNNCell(n, d, num_in_proj=n),
    "sru": SRUCell,
    "ind_rnn": IndRNNCell,
    "indy_gru": IndyGRUCell,
    "indy_lstm": IndyLSTMCell,
    "minimal_rnn": MinimalRNNCell,
    "cfn": CFNCell,
    "glstm": GLSTMCell,
}


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("num_units", [1, 7])
def test_a_sequence_is_its_steps(name, num_units):
    torch.manual_seed(1)
    cell = CELLS[name](num_units, 3).double()
    inputs, state = torch.randn(2, 4, 3).double(), cell.zero_state(2)
    outputs, final = dynamic_rnn(cell, inputs)
    for step in range(4):
        output, state = cell(inputs[:, step], state)
        torch.testing.assert_close(output, outputs[:, step], rtol=0, atol=1e-12)
    for one, other in zip(leaves(state), leaves(final), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", CELLS)
def test_gradients_are_those_of_the_numbers(name):
    torch.manual_seed(2)
    cell = CELLS[name](2, 3).double()
    state = map_nest(lambda leaf: torch.randn_like(leaf).requires_grad_(), cell.zero_state(2))
    inputs = torch.randn(2, 3).double().requires_grad_()
    parameters = list(cell.parameters())
    with torch.no_grad():
        for parameter in parameters:
            parameter.uniform_(-0.7, 0.7)

    def step(inputs, *others):
        return tuple(leaves(cell(inputs, type(state)(*others) if isinstance(state, tuple) else others[0])))

    assert torch.autograd.gradcheck(step, (inputs, *leaves(state)))


def test_what_each_parameter_starts_from():
    def half(tensor):
        return torch.nn.init.constant_(tensor, 0.5)

    def starts(cell):
        values = [parameter.detach() for parameter in cell.family_parameters().values()]
        return [float(value.flatten()[0]) if value.unique().numel() == 1 else None for value in values]

    assert starts(NASCell(4, 3, num_proj=2, use_bias=True, initializer=half)) == [0.5, 0.5, 0.0, 0.5]
    assert starts(IndyGRUCell(4, 3, initializer=half)) == [0.5, None, 1.0, 0.5, None, 0.0]
    assert starts(IndyLSTMCell(4, 3, initializer=half)) == [0.5, None, 0.0]
    assert starts(CFNCell(4, 3, initializer=half)) == [0.5, 0.5, 1.0]
    assert starts(MinimalRNNCell(4, 3, initializer=half)) == [0.5, 1.0]
    grouped = GLSTMCell(4, 4, num_proj=2, number_of_groups=2, initializer=half)
    assert starts(grouped) == [0.5, 0.5, 0.0, 0.0, 0.0, 0.0, 0.5]
    assert starts(ConvLSTMCell([4, 2], 3, [3], initializer=half)) == [0.5, 0.0]
    kernel_u = IndRNNCell(400, 1).kernel_u
    assert -1 <= kernel_u.min() < -0.9
    assert 0.9 < kernel_u.max() <= 1


def test_one_group_is_an_lstm():
    torch.manual_seed(3)
    grouped = GLSTMCell(5, 3, num_proj=2, forget_bias=0.3).double()
    whole = LSTMCell(5, 3, num_proj=2, forget_bias=0.3).double()
    with torch.no_grad():
        biases = [grouped.get_parameter(f"bias_{gate}").uniform_(-1, 1) for gate in "ijfo"]
        whole.kernel.copy_(grouped.get_parameter("group0.kernel"))
        whole.bias.copy_(torch.cat(biases))
        whole.get_parameter("projection.kernel").copy_(grouped.get_parameter("projection.kernel"))
    inputs = torch.randn(2, 4, 3).double()
    torch.testing.assert_close(dynamic_rnn(grouped, inputs)[0], dynamic_rnn(whole, inputs)[0])


def test_groups_see_their_own_part_alone():
    torch.manual_seed(4)
    cell = GLSTMCell(6, 4, number_of_groups=2)
    state = cell.zero_state(1)
    one, _ = cell(torch.tensor([[1.0, 2.0, 3.0, 4.0]]), state)
    other, _ = cell(torch.tensor([[1.0, 2.0, 0.0, 9.0]]), state)
    torch.testing.assert_close(one[:, :3], other[:, :3])
    assert not one[:, 3:].allclose(other[:, 3:])


def test_a_kernel_of_one_pixel_is_an_lstm_a_pixel():
    torch.manual_seed(5)
    image = ConvLSTMCell([4, 2], 3, [1]).double()
    whole = BasicLSTMCell(3, 2).double()
    with torch.no_grad():
        whole.kernel.copy_(image.kernel[0])
        whole.bias.copy_(image.biases.uniform_(-1, 1))
    inputs = torch.randn(2, 5, 4, 2).double()
    outputs, _ = dynamic_rnn(image, inputs)
    pixels, _ = dynamic_rnn(whole, inputs.transpose(1, 2).flatten(0, 1))
    torch.testing.assert_close(outputs.transpose(1, 2).flatten(0, 1), pixels)


def test_sizes_of_numpy():
    cell = UGRNNCell(np.int64(4), int(np.int32(3)))
    assert type(cell.num_units) is int
    assert type(LSTMCell(np.int64(4), 3, num_proj=np.int16(2)).output_size) is int
    assert ConvLSTMCell(np.array([4, 2]), 3, np.array([3])).state_size == LSTMStateTuple(
        torch.Size([4, 3]), torch.Size([4, 3])
    )


WRONG = {
    "no units": (lambda: UGRNNCell(0, 3), ValueError, "num_units must be a positive integer, but is 0"),
    "half a unit": (lambda: IndyLSTMCell(2.5, 3), ValueError, "num_units must be a positive integer"),
    "no projection": (lambda: NASCell(4, 3, num_proj=0), ValueError, "num_proj must be a positive integer"),
    "an intersection of another depth": (lambda: IntersectionRNNCell(4, 3), ValueError, "pass num_in_proj=4"),
    "an intersection with another projection": (
        lambda: IntersectionRNNCell(4, 3, num_in_proj=3),
        ValueError,
        "pass num_in_proj=4",
    ),
    "units in groups": (
        lambda: GLSTMCell(5, 4, number_of_groups=2),
        ValueError,
        "num_units must be divisible by number_of_groups",
    ),
    "inputs in groups": (
        lambda: GLSTMCell(4, 3, number_of_groups=2),
        ValueError,
        r"input size \(3\) must be divisible",
    ),
    "a projection in groups": (
        lambda: GLSTMCell(4, 4, num_proj=3, number_of_groups=2),
        ValueError,
        "num_proj must be divisible",
    ),
    "an activation": (lambda: SRUCell(4, 3, activation="foo"), ValueError, "Unknown activation 'foo'"),
    "periods out of order": (
        lambda: PhasedLSTMCell(4, 3, period_init_min=5.0, period_init_max=2.0),
        ValueError,
        "period_init_min and period_init_max must be positive and in this order",
    ),
    "a leak that is no number": (
        lambda: PhasedLSTMCell(4, 3, leak=torch.tensor([0.1])),
        TypeError,
        "leak must be a number",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_options_that_do_not_fit(case):
    make, error, words = WRONG[case]
    with pytest.raises(error, match=words):
        make()
