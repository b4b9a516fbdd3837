"""State dicts from checkpoints and back, and which module a cell's scope makes it a part of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import ostinato
from interop.variables import gru, lstm
from ostinato import BasicLSTMCell, MultiRNNCell, dynamic_rnn
from ostinato.checkpoint import save_checkpoint
from ostinato.interop import (
    from_torch,
    from_torch_state_dict,
    load_into,
    to_torch,
    to_torch_state_dict,
)
from ostinato.interop.recognition import recurrent_cells
from ostinato.interop.torch_layout import (
    parameters_behind,
    tensorflow_shapes,
    to_torch_layout,
    torch_shapes,
    weights_behind,
)
from ostinato.interop.torch_names import torch_modules, weights_of


@st.composite
def modules(draw: st.DrawFn) -> nn.Module:
    kind = draw(st.sampled_from(["LSTM", "GRU", "RNN"]))
    hidden = draw(st.integers(2, 6))
    options: dict[str, Any] = {
        "num_layers": draw(st.integers(1, 3)),
        "bidirectional": draw(st.booleans()),
        "bias": draw(st.booleans()),
        "batch_first": True,
        "dtype": torch.float64,
    }
    if kind == "LSTM":
        options["proj_size"] = draw(st.integers(0, hidden - 1))
    torch.manual_seed(draw(st.integers(0, 1000)))
    home = draw(st.sampled_from([nn, ostinato]))
    return getattr(home, kind)(draw(st.integers(1, 6)), hidden, **options)


@pytest.mark.filterwarnings("ignore:LSTM with projections")
@settings(max_examples=50, deadline=None)
@given(modules(), st.sampled_from([0.0, 1.0, -0.5]), st.sampled_from(["", "encoder.", "a.b."]))
def test_there_and_back_the_module_computes_the_same(
    module: nn.Module, forget_bias: float, prefix: str
) -> None:
    state = {f"{prefix}{name}": value for name, value in module.state_dict().items()}
    variables = from_torch_state_dict(state, forget_bias=forget_bias)
    found = to_torch_state_dict(variables, forget_bias=forget_bias)
    again = type(module)(
        module.input_size,
        module.hidden_size,
        num_layers=module.num_layers,
        bidirectional=module.bidirectional,
        batch_first=True,
        dtype=torch.float64,
        **({"proj_size": module.proj_size} if module.proj_size else {}),
    )
    again.load_state_dict(found)
    inputs = torch.randn(2, 4, module.input_size, dtype=torch.float64)
    with torch.no_grad():
        assert torch.allclose(again(inputs)[0], module(inputs)[0], rtol=1e-12, atol=1e-12)
    same = from_torch_state_dict({f"{prefix}{name}": value for name, value in found.items()},
                                 forget_bias=forget_bias)  # fmt: skip
    assert same.keys() == variables.keys()
    for name, value in variables.items():
        assert np.array_equal(same[name], value), name


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 5), st.integers(1, 5), st.integers(2, 3))
def test_cells_modules_and_state_dicts_agree(inputs: int, units: int, layers: int) -> None:
    stack = MultiRNNCell([BasicLSTMCell(units, units if layer else inputs) for layer in range(layers)])
    for parameter in stack.parameters():
        nn.init.normal_(parameter)
    saved = {
        f"rnn/multi_rnn_cell/cell_{index}/basic_lstm_cell/{name}": value.detach().numpy()
        for index, cell in enumerate(stack.cells)
        for name, value in cell.family_parameters().items()
    }
    direct = to_torch(stack).state_dict()
    converted = to_torch_state_dict(saved)
    assert direct.keys() == converted.keys()
    assert all(torch.equal(direct[name], converted[name]) for name in direct)
    again = MultiRNNCell([BasicLSTMCell(units, units if layer else inputs) for layer in range(layers)])
    load_into(again, from_torch_state_dict(direct))
    assert all(map(torch.equal, again.parameters(), stack.parameters()))
    x = torch.randn(2, 3, inputs)
    assert torch.equal(dynamic_rnn(again, x)[0], dynamic_rnn(stack, x)[0])


def test_a_path_and_a_scope(tmp_path: Path) -> None:
    saved = lstm("a/rnn/lstm_cell") | lstm("b/rnn/lstm_cell", 5, 6)
    prefix = save_checkpoint(tmp_path / "model.ckpt", saved)
    for scope in ("b", "b/rnn", "b/rnn/lstm_cell/"):
        state = to_torch_state_dict(prefix, scope)
        assert list(state) == ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"]
        nn.LSTM(5, 6).load_state_dict(state)
    assert state["bias_hh_l0"].tolist() == [0.0] * 6 + [1.0] * 6 + [0.0] * 12


def test_what_torch_has_not_does_not_stand_in_the_way_of_the_only_one_it_has() -> None:
    assert "weight_ih_l0" in to_torch_state_dict(gru("a/gru_cell") | lstm("b/lstm_cell"))
    assert "weight_ih_l1" in to_torch_state_dict(
        lstm("a/multi_rnn_cell/cell_0/lstm_cell", 3, 4)
        | lstm("a/multi_rnn_cell/cell_1/lstm_cell", 4, 4)
        | gru("b/multi_rnn_cell/cell_0/gru_cell")
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("bidirectional_rnn/fw/lstm_cell", "bidirectional_rnn/bw/gru_cell"),
        ("rnn/multi_rnn_cell/cell_0/lstm_cell", "rnn/multi_rnn_cell/cell_1/gru_cell"),
        ("b/fw/multi_rnn_cell/cell_0/lstm_cell", "b/bw/multi_rnn_cell/cell_0/gru_cell"),
        ("s/cell_0/bidirectional_rnn/fw/lstm_cell", "s/cell_1/bidirectional_rnn/bw/gru_cell"),
        ("BiRNN_FW/lstm_cell", "BiRNN_BW/gru_cell"),
    ],
)
def test_half_of_a_stack_or_pair_is_refused_unless_it_is_named(one: str, other: str) -> None:
    saved = lstm(one, 3, 4) | gru(other)
    with pytest.raises(ValueError, match=f"torch.nn has no such module: '{other}' .* resets? "):
        to_torch_state_dict(saved)
    assert "weight_ih_l0" in to_torch_state_dict(saved, one)


@pytest.mark.parametrize("scope", [5, b"rnn"])
def test_a_scope_that_is_no_text(scope: Any) -> None:
    with pytest.raises(TypeError, match=r"A scope is a text such as .*; got "):
        to_torch_state_dict(lstm("rnn/lstm_cell"), scope)
    with pytest.raises(TypeError, match=r"A scope is a text such as .*; got "):
        from_torch_state_dict(nn.LSTM(3, 4).state_dict(), scope)


@pytest.mark.parametrize(
    ("saved", "scope", "said"),
    [
        (gru("rnn/gru_cell"), None, r"'rnn/gru_cell' \(GRU\): TensorFlow's GRU applies its reset gate"),
        (gru("a/gru_cell") | lstm("b/lstm_cell"), "a", "TensorFlow's GRU"),
        (lstm("a/lstm_cell") | lstm("b/lstm_cell"), None, "There are 2 modules' worth of cells in"),
        (lstm("a/lstm_cell"), "b", "recognised under 'b'. The checkpoint's cells are 'a/"),
        ({"W": np.ones(2)}, None, "No recurrent cell is recognised in the checkpoint"),
        (
            lstm("a/lstm_cell") | {"a/lstm_cell/bias": np.zeros(16, np.float64)},
            None,
            "have the dtypes float32, float64",
        ),
        ({name: value.astype("i1") for name, value in lstm("a/lstm_cell").items()}, None, "the dtypes int8"),
        (
            lstm("a/lstm_cell", 3, 4) | {"a/lstm_cell/projection/kernel": np.ones((4, 4), np.float32)},
            None,
            "a projection to fewer than its units",
        ),
    ],
)  # fmt: skip
def test_what_is_no_module_is_refused(saved: dict[str, np.ndarray], scope: str | None, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        to_torch_state_dict(saved, scope)


def test_a_keras_layer_is_refused_as_its_activation_is_not_saved() -> None:
    saved = {
        "lstm/kernel": np.ones((3, 16)),
        "lstm/recurrent_kernel": np.ones((4, 16)),
        "lstm/bias": np.ones(16),
    }
    with pytest.raises(ValueError, match="hard_sigmoid"):
        to_torch_state_dict(saved)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"weight_ih_l0": (16, 3)}, "The state dict has no 'weight_hh_l0'"),
        ({"a.weight_ih_l0": (16, 3), "a.weight_hh_l0": (16, 4), "a.bias_ih_l0": (16,)}, "no 'a.bias_hh_l0'"),
        (
            {"weight_ih_l1": (16, 4), "weight_hh_l1": (16, 4)},
            "The state dict has no 'weight_ih_l0'",
        ),
        (
            {"weight_ih_l0_reverse": (16, 4), "weight_hh_l0_reverse": (16, 4)},
            "The state dict has no 'weight_ih_l0'",
        ),
        ({"weight_ih_l0": (16, 3), "weight_hh_l0": (12, 4)}, "has tensors of these shapes"),
        ({"weight_ih_l0": (16, 3), "weight_hh_l0": (16, 0)}, "has tensors of these shapes"),
        ({"weight_ih_l0": (16,), "weight_hh_l0": (16, 4)}, "has tensors of these shapes"),
        (
            {"weight_ih_l0": (16, 3), "weight_hh_l0": (16, 4), "bias_ih_l0": (16,), "bias_hh_l0": (12,)},
            "has tensors of these shapes",
        ),
        (
            {"weight_ih_l0": (16, 3), "weight_hh_l0": (16, 2), "weight_hr_l0": (2, 5)},
            "has tensors of these shapes",
        ),
        (
            {
                "weight_ih_l0": (16, 3),
                "weight_hh_l0": (16, 4),
                "weight_ih_l1": (12, 4),
                "weight_hh_l1": (12, 4),
            },
            "'weight_ih_l1' has shape .12, 4., which does not go",
        ),
    ],
)
def test_incomplete_state_dicts_are_refused(state: dict[str, tuple[int, ...]], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        from_torch_state_dict({name: torch.zeros(shape) for name, shape in state.items()})


def test_layers_that_do_not_follow_each_other_are_refused() -> None:
    shapes = {
        "weight_ih_l0": (16, 3),
        "weight_hh_l0": (16, 4),
        "weight_ih_l1": (16, 5),
        "weight_hh_l1": (16, 4),
    }
    with pytest.raises(ValueError, match=r"'weight_ih_l1' has shape \[16, 5\], which does not go"):
        from_torch_state_dict({name: torch.zeros(shape) for name, shape in shapes.items()})


@pytest.mark.parametrize("dtype", [torch.int8, torch.complex64])
def test_weights_that_are_no_floating_point_numbers_are_refused(dtype: torch.dtype) -> None:
    state = {name: value.to(dtype) for name, value in nn.LSTM(3, 4).state_dict().items()}
    with pytest.raises(ValueError, match="'weight_ih_l0' and what goes with it have the dtypes"):
        from_torch_state_dict(state)
    mixed = nn.LSTM(3, 4).state_dict() | {"bias_hh_l0": torch.zeros(16, dtype=torch.float64)}
    with pytest.raises(ValueError, match="dtypes float32, float64"):
        from_torch_state_dict(mixed)


def test_scopes_and_modules() -> None:
    state = nn.ModuleDict({"a": nn.LSTM(3, 4), "b": nn.GRU(3, 4)}).state_dict()
    with pytest.raises(ValueError, match="A scope is for one recurrent module, but there are 2: 'a', 'b'"):
        from_torch_state_dict(state, "rnn")
    with pytest.raises(ValueError, match="There is no recurrent module"):
        from_torch_state_dict(nn.Linear(3, 4).state_dict(), "rnn")
    assert list(from_torch_state_dict(nn.Linear(3, 4).state_dict())) == ["weight", "bias"]
    assert list(from_torch_state_dict(nn.RNN(3, 4).state_dict(), "x")) == [
        "x/basic_rnn_cell/kernel",
        "x/basic_rnn_cell/bias",
    ]


def test_two_tensors_of_one_name_are_refused() -> None:
    state = {"a.b": torch.ones(1), "a/b": torch.ones(1)}
    with pytest.raises(ValueError, match="Two tensors would have the name 'a/b'"):
        from_torch_state_dict(state)


@pytest.mark.parametrize(
    ("scopes", "names"),
    [
        (["rnn/basic_lstm_cell"], ["rnn"]),
        (["basic_lstm_cell"], [""]),
        (["a/rnn/lstm_cell", "b/rnn/lstm_cell"], ["a.rnn", "b.rnn"]),
        (["rnn/lstm_cell", "rnn/lstm_cell_1"], ["rnn.lstm_cell", "rnn.lstm_cell_1"]),
        ([f"RNN/multi_rnn_cell/cell_{layer}/basic_lstm_cell" for layer in range(11)], ["RNN"]),
        (["m/bidirectional_rnn/fw/lstm_cell", "m/bidirectional_rnn/bw/lstm_cell"], ["m.bidirectional_rnn"]),
        ([f"s/cell_0/{direction}/lstm_cell" for direction in ("fw", "bw")], ["s"]),
        (["bidirectional_rnn/bw/lstm_cell"], ["bidirectional_rnn.bw"]),
        (["rnn/my_lstm"], ["rnn.my_lstm"]),
        ([f"RNN/MultiRNNCell/Cell{layer}/BasicLSTMCell" for layer in range(3)], ["RNN"]),
        (["m/BiRNN_FW/BasicLSTMCell", "m/BiRNN_BW/BasicLSTMCell"], ["m.BiRNN"]),
        (["BiRNN/FW/LSTMCell", "BiRNN/BW/LSTMCell"], ["BiRNN"]),
        ([f"rnn/multi_rnn_cell/cell_{layer}/my_lstm" for layer in range(2)], ["rnn"]),
        (
            ["rnn/multi_rnn_cell/cell_0/lstm_cell", "rnn/multi_rnn_cell/cell_2/lstm_cell"],
            ["rnn.multi_rnn_cell.cell_0", "rnn.multi_rnn_cell.cell_2"],
        ),
    ],
)
def test_names_of_modules(scopes: list[str], names: list[str]) -> None:
    saved: dict[str, np.ndarray] = {}
    for scope in scopes:
        saved |= lstm(scope, 4, 4)
    cells = recurrent_cells({name: value.shape for name, value in saved.items()})
    assert [module.name for module in torch_modules(cells)] == names


def test_the_same_weights_in_all_tables() -> None:
    for kind in ("LSTM", "GRU", "RNN"):
        for proj in (None, 2) if kind == "LSTM" else (None,):
            there = {name: np.ones(shape) for name, shape in tensorflow_shapes(kind, 3, 4, proj).items()}
            here = to_torch_layout(kind, there, 1.0, np)
            shapes = torch_shapes(kind, 3, 4, proj)
            assert {name: value.shape for name, value in here.items()} == shapes
            behind = parameters_behind(kind)
            assert shapes.keys() <= behind.keys()
            assert {part for name in shapes for part in behind[name]} == there.keys()
            assert {part for name in there for part in weights_behind(kind)[name]} == shapes.keys()


def test_weights_of_a_single_step_module() -> None:
    shapes = {name: tuple(value.shape) for name, value in nn.GRUCell(3, 4).state_dict().items()}
    (weights,) = weights_of(shapes)
    assert (weights.kind, weights.scope) == ("GRU", "rnn/cudnn_compatible_gru_cell")
    cell = from_torch(nn.GRUCell(3, 4))
    assert cell.num_units == 4
