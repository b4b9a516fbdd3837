"""Dropout between the layers, and zoneout: of a layer and around a cell."""

from __future__ import annotations

import pytest
import torch

import ostinato
from core.comparing import assert_close, results_and_gradients
from core.layers import KINDS, as_cells, inputs_of, make
from core.zoo import PlainCell
from ostinato import (
    DropoutWrapper,
    GRUCell,
    LSTMStateTuple,
    MultiRNNCell,
    RNNCell,
    ZoneoutWrapper,
    dynamic_rnn,
)


def test_dropout_is_that_of_a_stack_of_cells():
    layer = make("LSTM", 3, 4, 3, dropout=0.4)
    inputs = inputs_of(6, 2, 3)
    *cells, last = as_cells(layer)
    stack = MultiRNNCell([*(DropoutWrapper(cell, output_keep_prob=0.6) for cell in cells), last])
    expected, _ = dynamic_rnn(stack, inputs, [6, 3], time_major=True, seed=5)
    assert_close([layer(inputs, sequence_length=[6, 3], seed=5)[0]], [expected], torch.float64)


@pytest.mark.parametrize("options", [{"dropout": 0.5}, {"zoneout": 0.3}, {"zoneout": 0.3, "dropout": 0.5}])
@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_decides_what_is_drawn(kind, options):
    layer = make(kind, 3, 8, 2, bidirectional=True, **options)
    inputs = inputs_of(6, 2, 3)
    one, again, other = (layer(inputs, seed=seed)[0] for seed in (1, 1, 2))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    torch.manual_seed(0)
    drawn = layer(inputs)[0]
    assert not torch.equal(layer(inputs)[0], drawn)
    torch.manual_seed(0)
    assert torch.equal(layer(inputs)[0], drawn)
    layer.eval()
    assert torch.equal(layer(inputs, seed=1)[0], layer(inputs, seed=2)[0])


def test_a_layer_without_randomness_draws_no_seed():
    layers = [ostinato.LSTM(3, 4, 2, dropout=0.5, zoneout=0.5).eval(), ostinato.GRU(3, 4)]
    expected = torch.get_rng_state()
    for layer in layers:
        layer(torch.zeros(5, 2, 3))
    assert torch.equal(torch.get_rng_state(), expected)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("zoneout", [0.3, (0.1, 0.6)])
def test_zoneout_is_that_of_wrapped_cells(zoneout, training):
    layer = make("LSTM", 3, 4, 2, zoneout=zoneout, batch_first=True).train(training)
    h, c = zoneout if isinstance(zoneout, tuple) else (zoneout, zoneout)
    stack = MultiRNNCell([ZoneoutWrapper(cell, LSTMStateTuple(c=c, h=h)) for cell in as_cells(layer)])
    stack.train(training)
    inputs = inputs_of(3, 6, 3)
    leaves = [inputs, *layer.parameters()]

    def as_a_stack():
        outputs, states = dynamic_rnn(stack, inputs, [6, 2, 0], seed=9)
        return outputs, torch.stack([s.h for s in states]), torch.stack([s.c for s in states])

    expected = results_and_gradients(as_a_stack, leaves)
    actual = results_and_gradients(lambda: layer(inputs, sequence_length=[6, 2, 0], seed=9), leaves)
    for mine, reference in zip(actual, expected, strict=True):
        assert_close(mine, reference, torch.float64)


def test_zoneout_keeps_single_units():
    layer = make("GRU", 3, 200, zoneout=0.25)
    output, _ = layer(inputs_of(6, 2, 3))
    kept = output[1:] == output[:-1]
    assert 0.2 < float(kept.double().mean()) < 0.3
    assert not torch.equal(kept[0], kept[1])
    assert not torch.equal(kept[:, 0], kept[:, 1])
    half = make("GRU", 3, 200, zoneout=0.5)(inputs_of(1, 2, 3), torch.ones(1, 2, 200).double())[0]
    assert 0.4 < float((half == 1).double().mean()) < 0.6


def test_zoneout_in_evaluation_is_the_expectation():
    layer = make("RNN", 3, 4, zoneout=0.25).eval()
    plain = make("RNN", 3, 4)
    inputs, start = inputs_of(1, 2, 3), torch.randn(1, 2, 4, dtype=torch.float64)
    expected = 0.25 * start + 0.75 * plain(inputs, start)[0]
    assert_close([layer(inputs, start)[0]], [expected], torch.float64)


def test_zoneout_with_everything_else():
    layer = make("LSTM", 3, 4, 2, bidirectional=True, proj_size=2, layer_norm=True, zoneout=0.2, dropout=0.1)
    output, (h_n, c_n), cells = layer(inputs_of(5, 2, 3), sequence_length=[5, 3], return_all_states=True)
    assert torch.equal(output[4, 0, :2], h_n[2, 0])
    assert torch.equal(cells[2, 1, :4], c_n[2, 1])
    assert torch.equal(cells[0, 1, 4:], c_n[3, 1])
    assert not cells[3:, 1].any()
    assert "layer_norm=True" in repr(layer)
    assert "zoneout=(0.2, 0.2)" in repr(layer)


def test_zoneout_is_a_probability():
    for wrong in (-0.1, 1.5, True, "half", (0.1, 2.0)):
        with pytest.raises(ValueError, match="zoneout must be a probability in the range"):
            ostinato.LSTM(3, 4, zoneout=wrong)
    with pytest.raises(ValueError, match="zoneout must be a probability"):
        ZoneoutWrapper(ostinato.GRUCell(4, 3), 2.0)
    with pytest.raises(TypeError, match="in the structure of its state_size"):
        ZoneoutWrapper(ostinato.GRUCell(4, 3), (0.1, 0.2))
    with pytest.raises(TypeError, match="layer_norm must be True or False"):
        ostinato.LSTM(3, 4, layer_norm=1)


class Counting(RNNCell):
    """A state with a part that is not floating point, and one that has no batch."""

    def __init__(self):
        super().__init__()
        self.state_size = (4, 1, torch.Size([]))
        self.output_size = 4

    def forward(self, inputs, state):
        total, count, step = state
        return total + inputs, (total + inputs, count + 1, step + 1)

    def zero_state(self, batch_size, dtype=None, device=None):
        return torch.zeros(batch_size, 4), torch.zeros(batch_size, 1, dtype=torch.int64), torch.zeros(())


def test_a_wrapped_cell_keeps_what_is_drawn():
    cell = ZoneoutWrapper(GRUCell(300, 3), 0.25)
    start = torch.ones(2, 300)
    output, state = cell(torch.randn(2, 3), start)
    assert output is state
    assert 0.15 < float((state == 1).float().mean()) < 0.35
    assert not torch.equal(cell(torch.randn(2, 3), start)[0] == 1, state == 1)
    inputs = torch.randn(2, 3)
    torch.testing.assert_close(
        cell.eval()(inputs, start)[0], 0.25 * start + 0.75 * cell.cell(inputs, start)[0]
    )


def test_parts_of_a_state_have_masks_of_their_own():
    cell = ZoneoutWrapper(ostinato.BasicLSTMCell(100, 3), LSTMStateTuple(c=0.5, h=0.5))
    start = LSTMStateTuple(torch.ones(2, 100), torch.ones(2, 100))
    _, state = cell(torch.randn(2, 3), start)
    assert not torch.equal(state.c == 1, state.h == 1)
    only_h = ZoneoutWrapper(cell.cell, LSTMStateTuple(c=0.0, h=1.0))
    inputs = torch.randn(2, 3)
    _, state = only_h(inputs, start)
    assert torch.equal(state.h, start.h)
    assert torch.equal(state.c, cell.cell(inputs, start)[1].c)


def test_what_has_no_units_is_left_alone():
    cell = ZoneoutWrapper(Counting(), 1.0)
    _, (total, count, step) = dynamic_rnn(cell, torch.ones(2, 5, 4))
    assert not total.any()
    assert count.tolist() == [[5], [5]]
    assert step == 5


def test_zoneout_of_a_nested_state():
    cell = ZoneoutWrapper(PlainCell(4, 3), {"fast": 1.0, "slow": 0.0})
    start = cell.zero_state(2)
    (fast, slow), state = cell(torch.randn(2, 3), start)
    assert not fast.any()
    assert slow.any()
    assert fast is state["fast"]
    assert slow is state["slow"]


def test_no_zoneout_runs_as_the_cell_does():
    cell = ZoneoutWrapper(GRUCell(4, 3), 0.0)
    assert cell.lower() is not None
    assert ZoneoutWrapper(GRUCell(4, 3), 0.1).lower() is None
    inputs = torch.randn(2, 5, 3)
    assert torch.equal(dynamic_rnn(cell, inputs)[0], dynamic_rnn(cell.cell, inputs)[0])
    assert "zoneout=0.1" in repr(ZoneoutWrapper(GRUCell(4, 3), 0.1))
