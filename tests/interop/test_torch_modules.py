"""Cells from torch.nn's modules and back: the same outputs, states and gradients."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import ostinato
from ostinato import (
    BasicLSTMCell,
    BasicRNNCell,
    DropoutWrapper,
    GRUCell,
    LSTMCell,
    MultiRNNCell,
    ResidualWrapper,
    ZoneoutWrapper,
    bidirectional_dynamic_rnn,
    dynamic_rnn,
)
from ostinato.interop import from_torch, to_torch

TOLERANCE = {torch.float32: 1e-6, torch.float64: 1e-12}


def assert_close(actual: Tensor, expected: Tensor) -> None:
    actual, expected = actual.detach(), expected.detach()
    # A gate is rounded as a number near 0.5 is, however small what it lets through.
    scale = max(float(expected.abs().max()), 0.1)
    assert actual.shape == expected.shape
    assert actual.dtype == expected.dtype
    assert float((actual - expected).abs().max()) <= TOLERANCE[expected.dtype] * scale


def run_cells(cells: Any, inputs: Tensor) -> tuple[Tensor, list[Tensor]]:
    """Outputs `[batch, time, depth]` and final states in torch's order: h (and c) `[layers, batch, n]`."""
    if isinstance(cells, list):
        states = []
        for pair in cells:
            outputs, pair_states = bidirectional_dynamic_rnn(*pair, inputs)
            inputs = torch.cat(outputs, -1)
            states += list(pair_states)
        return inputs, in_torch_order(states)
    if isinstance(cells, tuple):
        return run_cells([cells], inputs)
    outputs, state = dynamic_rnn(cells, inputs)
    return outputs, in_torch_order(list(state) if isinstance(cells, MultiRNNCell) else [state])


def in_torch_order(states: list[Any]) -> list[Tensor]:
    if isinstance(states[0], ostinato.LSTMStateTuple):
        return [torch.stack([state.h for state in states]), torch.stack([state.c for state in states])]
    return [torch.stack(states)]


def run_module(module: nn.Module, inputs: Tensor) -> tuple[Tensor, list[Tensor]]:
    outputs, state = module(inputs)
    return outputs, list(state) if isinstance(state, tuple) else [state]


def assert_same(cells: Any, module: nn.Module, inputs: Tensor) -> None:
    outputs, states = run_cells(cells, inputs)
    expected, expected_states = run_module(module, inputs)
    assert_close(outputs, expected)
    assert len(states) == len(expected_states)
    for found, wanted in zip(states, expected_states, strict=True):
        assert_close(found, wanted)


@st.composite
def modules(draw: st.DrawFn) -> nn.Module:
    hidden = draw(st.integers(2, 9))
    options: dict[str, Any] = {
        "num_layers": draw(st.integers(1, 3)),
        "bias": draw(st.booleans()),
        "bidirectional": draw(st.booleans()),
        "batch_first": True,
        "dtype": draw(st.sampled_from([torch.float32, torch.float64])),
    }
    home = draw(st.sampled_from([nn, ostinato]))
    kind = draw(st.sampled_from(["LSTM", "GRU", "RNN"]))
    torch.manual_seed(draw(st.integers(0, 1000)))
    if kind == "LSTM":
        options["proj_size"] = draw(st.integers(0, hidden - 1))
        if home is ostinato:
            options["layer_norm"] = draw(st.booleans())
    elif kind == "RNN":
        options["nonlinearity"] = draw(st.sampled_from(["tanh", "relu"]))
    return getattr(home, kind)(draw(st.integers(1, 8)), hidden, **options)


# torch warns that a projection has no fast path.
@pytest.mark.filterwarnings("ignore:LSTM with projections")
@settings(max_examples=60, deadline=None)
@given(modules(), st.integers(1, 4), st.integers(1, 6), st.sampled_from([0.0, 1.0, 0.25]))
def test_cells_compute_what_the_module_does_and_so_does_the_module_of_the_cells(
    module: nn.Module, batch: int, time: int, forget_bias: float
) -> None:
    inputs = torch.randn(batch, time, module.input_size, dtype=module.weight_ih_l0.dtype)
    cells = from_torch(module, forget_bias=forget_bias)
    assert_same(cells, module, inputs)
    if getattr(module, "layer_norm", False):
        with pytest.raises(ValueError, match=r"ostinato\.LSTM\(layer_norm=True\) has"):
            to_torch(cells)
        return
    back = to_torch(cells, batch_first=True)
    assert type(back).__name__ == type(module).__name__
    assert_same(cells, back, inputs)


@pytest.mark.parametrize("kind", ["LSTMCell", "GRUCell", "RNNCell"])
@pytest.mark.parametrize("bias", [True, False])
def test_single_step_modules(kind: str, bias: bool) -> None:
    module = getattr(nn, kind)(3, 5, bias=bias)
    cell = from_torch(module)
    inputs = torch.randn(4, 3)
    state = cell.zero_state(4)
    for _ in range(3):
        output, state = cell(inputs, state)
    expected = None
    for _ in range(3):
        expected = module(inputs, expected)
    found = [state.h, state.c] if kind == "LSTMCell" else [state]
    for mine, theirs in zip(found, expected if kind == "LSTMCell" else [expected], strict=True):
        assert_close(mine, theirs)
    assert_close(output, found[0])


def test_relu_of_a_single_step_module() -> None:
    assert from_torch(nn.RNNCell(3, 5, nonlinearity="relu")).family.activation == "relu"


@pytest.mark.parametrize(
    "cell",
    [
        BasicLSTMCell(5, 3, forget_bias=0.7),
        LSTMCell(5, 3, num_proj=2),
        BasicRNNCell(5, 3, activation="relu"),
        GRUCell(5, 3, reset_after=True),
    ],
    ids=lambda cell: type(cell).__name__,
)
def test_weights_survive_the_round_trip_bit_for_bit(cell: ostinato.RNNCell) -> None:
    for parameter in cell.parameters():
        nn.init.normal_(parameter)
    forget_bias = getattr(cell.family, "forget_bias", 0.0)
    back = from_torch(to_torch(cell), forget_bias=forget_bias)
    assert back.family == cell.family
    for (name, mine), (other, theirs) in zip(cell.named_parameters(), back.named_parameters(), strict=True):
        assert name == other
        assert torch.equal(mine, theirs)


def test_gradients_are_the_modules() -> None:
    module = nn.LSTM(3, 4, batch_first=True, dtype=torch.float64)
    cell = from_torch(module)
    inputs = torch.randn(2, 6, 3, dtype=torch.float64)
    dynamic_rnn(cell, inputs)[0].square().sum().backward()
    module(inputs)[0].square().sum().backward()
    i, j, f, o = cell.kernel.grad[:3].chunk(4, 1)
    assert_close(torch.cat([i, f, j, o], 1).t(), module.weight_ih_l0.grad)
    i, j, f, o = cell.bias.grad.chunk(4)
    assert_close(torch.cat([i, f, j, o]), module.bias_ih_l0.grad)


def test_frozen_weights_stay_frozen_both_ways() -> None:
    module = nn.GRU(3, 4, num_layers=2)
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    cells = from_torch(module)
    assert not any(parameter.requires_grad for parameter in cells.parameters())
    assert not any(parameter.requires_grad for parameter in to_torch(cells).parameters())
    assert all(parameter.requires_grad for parameter in from_torch(nn.GRU(3, 4)).parameters())
    assert all(
        parameter.requires_grad for parameter in to_torch(GRUCell(4, 3, reset_after=True)).parameters()
    )


def test_biases_that_are_not_there_are_zeros_that_are_not_trained() -> None:
    cell = from_torch(nn.LSTM(3, 4, bias=False))
    assert not cell.bias.requires_grad
    assert not cell.bias.any()
    assert cell.kernel.requires_grad
    dynamic_rnn(cell, torch.randn(2, 5, 3))[0].sum().backward()
    assert cell.bias.grad is None


def test_the_forget_bias_is_taken_off_and_added_back() -> None:
    module = nn.LSTM(3, 4)
    nn.init.zeros_(module.bias_ih_l0)
    nn.init.zeros_(module.bias_hh_l0)
    cell = from_torch(module, forget_bias=1.0)
    assert cell.family.forget_bias == 1.0
    assert cell.bias.tolist() == [0.0] * 8 + [-1.0] * 4 + [0.0] * 4
    plain = BasicLSTMCell(4, 3)
    back = to_torch(plain)
    assert back.bias_ih_l0.tolist() == [0.0] * 16
    assert back.bias_hh_l0.tolist() == [0.0] * 4 + [1.0] * 4 + [0.0] * 8


def test_dropout_between_layers_becomes_wrappers_and_back() -> None:
    module = nn.LSTM(3, 4, num_layers=3, dropout=0.25).eval()
    stack = from_torch(module)
    assert [type(cell).__name__ for cell in stack.cells] == ["DropoutWrapper"] * 2 + ["BasicLSTMCell"]
    assert stack.cells[0].output_keep_prob == 0.75
    assert not stack.training
    inputs = torch.randn(2, 5, 3)
    assert_same(stack, module_with_batch_first(module), inputs)
    back = to_torch(stack)
    assert (back.dropout, back.num_layers, back.training) == (0.25, 3, False)


def test_dropout_in_both_directions() -> None:
    module = nn.GRU(3, 4, num_layers=2, dropout=0.5, bidirectional=True, batch_first=True).eval()
    pairs = from_torch(module)
    assert [[type(cell).__name__ for cell in pair] for pair in pairs] == [
        ["DropoutWrapper", "DropoutWrapper"],
        ["GRUCell", "GRUCell"],
    ]
    back = to_torch(pairs, batch_first=True)
    assert (back.dropout, back.bidirectional, back.num_layers) == (0.5, True, 2)
    assert_same(pairs, back, torch.randn(2, 5, 3))


def module_with_batch_first(module: nn.LSTM) -> nn.LSTM:
    module.batch_first = True
    return module


def test_zoneout_of_our_own_layer_becomes_a_wrapper() -> None:
    layer = ostinato.LSTM(3, 4, batch_first=True, zoneout=(0.1, 0.5)).eval()
    cell = from_torch(layer)
    assert isinstance(cell, ZoneoutWrapper)
    assert_same(cell, layer, torch.randn(2, 5, 3))
    rnn = ostinato.RNN(3, 4, batch_first=True, zoneout=0.3).eval()
    assert_same(from_torch(rnn), rnn, torch.randn(2, 5, 3))


def test_no_random_numbers_are_drawn() -> None:
    module = nn.LSTM(3, 4, num_layers=2)
    state = torch.get_rng_state()
    to_torch(from_torch(module))
    assert torch.equal(torch.get_rng_state(), state)


def test_the_copies_are_their_own() -> None:
    module = nn.RNN(3, 4)
    cell = from_torch(module)
    before = cell.kernel.detach().clone()
    nn.init.zeros_(module.weight_ih_l0)
    assert torch.equal(cell.kernel, before)


def test_a_parametrized_module_gives_the_weights_it_computes_with() -> None:
    module = nn.utils.parametrizations.weight_norm(nn.LSTM(3, 4, batch_first=True), "weight_hh_l0")
    nn.init.uniform_(module.parametrizations.weight_hh_l0.original0, 1.0, 2.0)
    assert_same(from_torch(module), module, torch.randn(2, 5, 3))


LSTM_4 = BasicLSTMCell(4, 3)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (GRUCell(4, 3), "TensorFlow's GRU applies its reset gate before"),
        (LSTMCell(4, 3, use_peepholes=True), "no peephole connections"),
        (LSTMCell(4, 3, cell_clip=0.5), "no cell_clip"),
        (LSTMCell(4, 3, num_proj=2, proj_clip=0.5), "no proj_clip"),
        (LSTMCell(4, 3, num_proj=4), "proj_size that is smaller"),
        (LSTMCell(4, 3, layer_norm=True), r"ostinato\.LSTM\(layer_norm=True\)"),
        (BasicLSTMCell(4, 3, activation="relu"), "its activation is 'relu', and torch.nn.LSTM has tanh only"),
        (BasicRNNCell(4, 3, activation="sigmoid"), "tanh or relu only"),
        (ResidualWrapper(BasicRNNCell(3, 3)), "no residual connection"),
        (ZoneoutWrapper(LSTM_4, 0.1), "no zoneout"),
        (DropoutWrapper(LSTM_4, output_keep_prob=0.5), "The last layer's outputs are dropped out"),
        (DropoutWrapper(LSTM_4, input_keep_prob=0.5), "it has input_keep_prob=0.5"),
        (DropoutWrapper(LSTM_4, state_keep_prob=0.5), "it has state_keep_prob=0.5"),
        (DropoutWrapper(LSTM_4, output_keep_prob=torch.tensor(0.5)), "a fixed probability"),
        (DropoutWrapper(LSTM_4, output_keep_prob=0.5, variational_recurrent=True), "drawn anew at each step"),
        (DropoutWrapper(MultiRNNCell([LSTM_4])), "convert the cells inside it"),
        (MultiRNNCell([LSTM_4, BasicLSTMCell(5, 4)]), "num_units is 4 in layer 0 and 5 in layer 1"),
        (MultiRNNCell([LSTM_4, BasicRNNCell(4, 4)]), "kind is LSTM in layer 0 and RNN in layer 1"),
        (
            MultiRNNCell([LSTM_4, BasicLSTMCell(4, 4, dtype=torch.float64)]),
            "dtype is torch.float32 in layer 0",
        ),
        (
            MultiRNNCell(
                [
                    DropoutWrapper(LSTM_4, output_keep_prob=0.5),
                    DropoutWrapper(BasicLSTMCell(4, 4), output_keep_prob=0.75),
                    BasicLSTMCell(4, 4),
                ]
            ),
            "layer 0 drops out 0.5 of its outputs and layer 1 0.25",
        ),
        ((LSTM_4, BasicLSTMCell(4, 5)), "layer 0 backwards takes inputs of size 5, where torch's takes 3"),
        (
            [(LSTM_4, LSTM_4), (BasicLSTMCell(4, 4), BasicLSTMCell(4, 8))],
            "layer 1 takes inputs of size 4, where torch's takes 8",
        ),
        (
            (MultiRNNCell([LSTM_4, BasicLSTMCell(4, 4)]), MultiRNNCell([LSTM_4, BasicLSTMCell(4, 4)])),
            "each direction stacks on its own",
        ),
        ([], "an empty list"),
    ],
)
def test_what_torch_has_no_module_for_is_refused_with_the_reason(cells: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as raised:
        to_torch(cells)
    assert str(raised.value).endswith(".")


def test_a_pair_of_stacks_of_one_is_a_pair() -> None:
    fw, bw = BasicLSTMCell(4, 3), BasicLSTMCell(4, 3)
    module = to_torch((MultiRNNCell([fw]), MultiRNNCell([bw])), batch_first=True)
    assert_same((fw, bw), module, torch.randn(2, 5, 3))


def test_a_cell_of_the_users_own_is_refused() -> None:
    class Doubled(BasicLSTMCell):
        def forward(self, inputs: Tensor, state: Any) -> Any:
            output, state = super().forward(inputs, state)
            return 2 * output, state

    with pytest.raises(ValueError, match="only Ostinato's own cells"):
        to_torch(Doubled(4, 3))


@pytest.mark.parametrize("module", [nn.Linear(3, 4), nn.LSTM, None])
def test_another_module_is_refused(module: Any) -> None:
    with pytest.raises(TypeError, match=r"from_torch takes a torch\.nn LSTM"):
        from_torch(module)


@pytest.mark.parametrize("cells", [nn.LSTM(3, 4), BasicLSTMCell, [LSTM_4], (LSTM_4, "bw")])
def test_what_is_no_cell_is_refused(cells: Any) -> None:
    with pytest.raises(TypeError):
        to_torch(cells)


def test_a_module_with_a_forward_of_its_own_is_refused() -> None:
    class Doubled(nn.LSTM):
        def forward(self, inputs: Tensor, state: Any = None) -> Any:
            outputs, state = super().forward(inputs, state)
            return 2 * outputs, state

    with pytest.raises(ValueError, match="Doubled has a forward of its own"):
        from_torch(Doubled(3, 4))


def test_a_module_of_several_dtypes_is_refused() -> None:
    module = nn.LSTM(3, 4)
    module.bias_ih_l0 = nn.Parameter(torch.zeros(16, dtype=torch.float64))
    with pytest.raises(ValueError, match=r"bias_ih torch\.float64"):
        from_torch(module)


def test_dropout_of_everything_is_refused() -> None:
    with pytest.raises(ValueError, match=r"dropout=1\.0"):
        from_torch(nn.LSTM(3, 4, num_layers=2, dropout=1.0))
