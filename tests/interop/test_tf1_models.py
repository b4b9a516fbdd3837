"""Networks that TensorFlow 1.15 trained and saved compute here, as cells and as torch's modules, what they
computed there. `tools/make_tf1_models.py` made them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ostinato import (
    BasicLSTMCell,
    BasicRNNCell,
    GRUCell,
    LSTMCell,
    MultiRNNCell,
    bidirectional_dynamic_rnn,
    dynamic_rnn,
)
from ostinato.checkpoint import load_checkpoint
from ostinato.cli.main import main
from ostinato.interop import from_torch, load_into, to_torch, to_torch_state_dict

MODELS = Path(__file__).parents[1] / "data" / "tf1_models"
UNITS = 4


def lstm(inputs: int = 3) -> LSTMCell:
    return LSTMCell(UNITS, inputs)


def stack(*units: int) -> MultiRNNCell:
    return MultiRNNCell([BasicLSTMCell(n, below) for below, n in zip((3, *units), units, strict=False)])


CELLS: dict[str, Callable[[], Any]] = {
    "lstm": lambda: BasicLSTMCell(UNITS, 3),
    "stack": lambda: stack(UNITS, UNITS, UNITS),
    "unequal_stack": lambda: stack(UNITS, 2),
    "projection": lambda: LSTMCell(6, 3, num_proj=2, forget_bias=0.25),
    "shards": lstm,
    "peepholes": lambda: LSTMCell(UNITS, 3, use_peepholes=True),
    "rnn": lambda: BasicRNNCell(UNITS, 3),
    "gru": lambda: GRUCell(UNITS, 3),
    "gru_block": lambda: GRUCell(UNITS, 3),
    "cudnn_gru": lambda: GRUCell(UNITS, 3, reset_after=True),
    "cudnn_lstm": lambda: BasicLSTMCell(UNITS, 3, forget_bias=0.0),
    "layer_norm": lambda: LSTMCell(UNITS, 3, layer_norm=True),
    "bidirectional": lambda: (lstm(), lstm()),
    "bidirectional_stacks": lambda: (
        MultiRNNCell([lstm(), lstm(UNITS)]),
        MultiRNNCell([lstm(), lstm(UNITS)]),
    ),
    "stacked_bidirectional": lambda: [(lstm(), lstm()), (lstm(2 * UNITS), lstm(2 * UNITS))],
}

TORCH: dict[str, tuple[Callable[..., nn.Module], dict[str, Any], str]] = {
    "lstm": (nn.LSTM, {"hidden_size": UNITS}, "rnn."),
    "stack": (nn.LSTM, {"hidden_size": UNITS, "num_layers": 3}, "rnn."),
    "projection": (nn.LSTM, {"hidden_size": 6, "proj_size": 2}, "rnn."),
    "shards": (nn.LSTM, {"hidden_size": UNITS}, "rnn."),
    "rnn": (nn.RNN, {"hidden_size": UNITS}, "rnn."),
    "cudnn_gru": (nn.GRU, {"hidden_size": UNITS}, "rnn."),
    "cudnn_lstm": (nn.LSTM, {"hidden_size": UNITS}, "rnn."),
    "bidirectional": (nn.LSTM, {"hidden_size": UNITS, "bidirectional": True}, "bidirectional_rnn."),
    "stacked_bidirectional": (
        nn.LSTM,
        {"hidden_size": UNITS, "bidirectional": True, "num_layers": 2},
        "stack_bidirectional_rnn.",
    ),
}
FORGET_BIAS = {"projection": 0.25}


def values_of(name: str) -> tuple[Tensor, np.ndarray]:
    with np.load(MODELS / "outputs.npz") as values:
        return torch.from_numpy(values[f"{name}|x"]), values[f"{name}|out"]


def outputs_of(cells: Any, inputs: Tensor) -> Tensor:
    if isinstance(cells, tuple):
        return torch.cat(bidirectional_dynamic_rnn(*cells, inputs)[0], -1)
    if isinstance(cells, list):
        for pair in cells:
            inputs = outputs_of(pair, inputs)
        return inputs
    return dynamic_rnn(cells, inputs)[0]


def assert_same(outputs: Tensor, expected: np.ndarray) -> None:
    found = outputs.detach().numpy()
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= 1e-6 * np.abs(expected).max()


def test_every_model_is_tested() -> None:
    assert {path.name.removesuffix("-3.index") for path in MODELS.glob("*.index")} == CELLS.keys()


@pytest.mark.parametrize("name", CELLS)
def test_cells_compute_what_tensorflow_computed(name: str) -> None:
    cells = CELLS[name]()
    load_into(cells, MODELS / f"{name}-3")
    inputs, expected = values_of(name)
    assert_same(outputs_of(cells, inputs), expected)


@pytest.mark.filterwarnings("ignore:LSTM with projections")
@pytest.mark.parametrize("name", TORCH)
def test_modules_compute_what_tensorflow_computed(name: str) -> None:
    make, options, _ = TORCH[name]
    inputs, expected = values_of(name)
    module = make(3, batch_first=True, **options)
    forget_bias = FORGET_BIAS.get(name, 1.0)
    module.load_state_dict(to_torch_state_dict(MODELS / f"{name}-3", forget_bias=forget_bias))
    assert_same(module(inputs)[0], expected)
    assert_same(outputs_of(from_torch(module), inputs), expected)
    cells = CELLS[name]()
    load_into(cells, MODELS / f"{name}-3")
    assert_same(to_torch(cells, batch_first=True)(inputs)[0], expected)


@pytest.mark.filterwarnings("ignore:LSTM with projections")
@pytest.mark.parametrize("name", TORCH)
def test_the_command_makes_modules_that_compute_it_and_the_way_back_is_exact(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make, options, prefix = TORCH[name]
    source, there, back = str(MODELS / f"{name}-3"), str(tmp_path / "model.pt"), str(tmp_path / "model.ckpt")
    forget_bias = ["--forget-bias", str(FORGET_BIAS.get(name, 1.0))]
    assert main(["convert", source, there, *forget_bias]) == 0
    state = torch.load(there, weights_only=True)
    module = make(3, batch_first=True, **options)
    module.load_state_dict(
        {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
    )
    inputs, expected = values_of(name)
    assert_same(module(inputs)[0], expected)

    back_bias = ["--forget-bias", "0"] if name == "cudnn_lstm" else forget_bias
    assert main(["convert", there, back, *back_bias]) == 0
    capsys.readouterr()
    with load_checkpoint(source) as before, load_checkpoint(back) as after:
        saved = {
            key: value for key, value in before.read().items() if "Adam" not in key and "_power" not in key
        }
        assert len(after) == len(saved)
        for key, value in saved.items():
            found = after[renamed(key, after)]
            assert found.dtype == value.dtype
            assert found.tobytes() == value.tobytes(), key


def renamed(key: str, after: Any) -> str:
    """The name of a variable after it has been torch's: the cell's class is told by its kind alone."""
    for mine, theirs in (("/lstm_cell/", "/basic_lstm_cell/"), ("cudnn_compatible_lstm", "basic_lstm")):
        if key not in after:
            key = key.replace(mine, theirs)
    return key


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("gru", "TensorFlow's GRU applies its reset gate before"),
        ("gru_block", "TensorFlow's GRU applies its reset gate before"),
        ("peepholes", "no peephole connections"),
        ("layer_norm", "no such cell"),
    ],
)
def test_what_torch_has_not_is_refused(name: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        to_torch_state_dict(MODELS / f"{name}-3")


def test_stacks_of_each_direction_are_modules_of_their_own() -> None:
    module = nn.LSTM(3, UNITS, num_layers=2, batch_first=True)
    module.load_state_dict(to_torch_state_dict(MODELS / "bidirectional_stacks-3", "bidirectional_rnn/fw"))
    inputs, expected = values_of("bidirectional_stacks")
    assert_same(module(inputs)[0], expected[..., :UNITS])
    module.load_state_dict(to_torch_state_dict(MODELS / "bidirectional_stacks-3", "bidirectional_rnn/bw"))
    assert_same(module(inputs.flip(1))[0].flip(1), expected[..., UNITS:])
