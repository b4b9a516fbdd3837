"""Coupled, normalised and weight-normalised LSTMs filled with TensorFlow's weights give its numbers."""

from pathlib import Path

import numpy as np
import pytest
import torch

from ostinato import (
    CoupledInputForgetGateLSTMCell,
    LayerNormBasicLSTMCell,
    LSTMStateTuple,
    WeightNormLSTMCell,
    dynamic_rnn,
)
from ostinato.interop import load_into, to_torch

CELLS = {
    "Coupled": lambda: CoupledInputForgetGateLSTMCell(5, 4, forget_bias=0.25),
    "Coupled_all": lambda: CoupledInputForgetGateLSTMCell(
        5, 4, use_peepholes=True, num_proj=3, proj_clip=0.2, layer_norm=True, activation="relu"
    ),
    "Coupled_shards": lambda: CoupledInputForgetGateLSTMCell(4, 4, use_peepholes=True, num_proj=3),
    "LayerNormBasic": lambda: LayerNormBasicLSTMCell(5, 4, forget_bias=0.25, activation="softsign"),
    "WeightNorm": lambda: WeightNormLSTMCell(5, 4),
    "WeightNorm_all": lambda: WeightNormLSTMCell(
        4, 4, use_peepholes=True, cell_clip=0.4, num_proj=3, proj_clip=0.2, forget_bias=0.5
    ),
}

with np.load(Path(__file__).parents[1] / "data" / "tf1_block_values.npz") as file:
    VALUES = dict(file)


def stored(case):
    key = f"{case}|float32|"
    return {name.removeprefix(key): value for name, value in VALUES.items() if name.startswith(key)}


def weights(case):
    found = {name[2:]: value for name, value in stored(case).items() if name.startswith("w|")}
    if case == "Coupled_all":  # which TensorFlow makes and never reads
        found["rnn/coupled_input_forget_gate_lstm_cell/B"] = np.zeros(15, np.float32)
    return found


@pytest.mark.parametrize("case", CELLS)
def test_numbers_are_tensorflows(case):
    cell, values = CELLS[case](), stored(case)
    load_into(cell, weights(case))
    state = LSTMStateTuple(*[torch.from_numpy(values[f"start|{index}"]) for index in range(2)])
    outputs, final = dynamic_rnn(cell, torch.from_numpy(values["x"]), [6, 0, 2], state)
    torch.testing.assert_close(outputs.detach(), torch.from_numpy(values["out"]), rtol=0, atol=1e-5)
    torch.testing.assert_close(final.c.detach(), torch.from_numpy(values["state|0"]), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("case", "cell", "words"),
    [
        ("Coupled", CoupledInputForgetGateLSTMCell(5, 4, layer_norm=True), "is missing"),
        ("Coupled_all", CoupledInputForgetGateLSTMCell(5, 4, num_proj=3), "has no place for"),
        ("WeightNorm", CoupledInputForgetGateLSTMCell(5, 4), "of another kind than CoupledInput"),
        ("WeightNorm_all", WeightNormLSTMCell(4, 4, num_proj=3), "has no place for"),
    ],
)
def test_cells_with_other_options_are_refused(case, cell, words):
    with pytest.raises(ValueError, match=words):
        load_into(cell, weights(case), "rnn")


@pytest.mark.parametrize("cell", [CoupledInputForgetGateLSTMCell(5, 4), WeightNormLSTMCell(5, 4)])
def test_torch_has_no_module_for_them(cell):
    with pytest.raises(ValueError, match=r"torch\.nn has no such cell"):
        to_torch(cell)
