"""The native cells against numbers that TensorFlow 1.15.0 computed.

The files are made by tools/select_tf1_reference_values.py and tools/make_tf1_values.py.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import numpy as np
import optree
import pytest
import torch

from ostinato import (
    BasicLSTMCell,
    BasicRNNCell,
    GRUCell,
    LSTMCell,
    MultiRNNCell,
    ResidualWrapper,
    dynamic_rnn,
    static_rnn,
)

CELLS = {
    "BasicRNN": lambda: BasicRNNCell(4, 3),
    "BasicLSTM": lambda: BasicLSTMCell(4, 3),
    "LSTM_peep_proj_clip": lambda: LSTMCell(
        4, 3, use_peepholes=True, num_proj=2, cell_clip=0.5, proj_clip=0.4
    ),
    "GRU": lambda: GRUCell(4, 3),
    "Multi2": lambda: MultiRNNCell([BasicLSTMCell(4, 3), GRUCell(5, 4)]),
    "Residual": lambda: ResidualWrapper(GRUCell(3, 3)),
}


MORE_CELLS = {
    "BasicRNN_relu": lambda: BasicRNNCell(7, 4, activation="relu"),
    "BasicRNN_sigmoid": lambda: BasicRNNCell(1, 4, activation="sigmoid"),
    "BasicLSTM_forget": lambda: BasicLSTMCell(7, 4, forget_bias=0.25),
    "BasicLSTM_relu": lambda: BasicLSTMCell(5, 4, activation="relu"),
    "LSTM_peepholes": lambda: LSTMCell(5, 4, use_peepholes=True),
    "LSTM_clips": lambda: LSTMCell(6, 4, cell_clip=0.4, num_proj=3, proj_clip=0.15, forget_bias=0.5),
    "LSTM_projection": lambda: LSTMCell(4, 4, num_proj=7, use_peepholes=True),
    "GRU_softsign": lambda: GRUCell(5, 4, activation=torch.nn.functional.softsign),
    "GRU_wide": lambda: GRUCell(65, 4),
    "GRU_reset_after": lambda: GRUCell(7, 4, reset_after=True),
    "LayerNormBasicLSTM": lambda: LSTMCell(6, 4, forget_bias=0.25, layer_norm=True),
    "LayerNormLSTM": lambda: LSTMCell(6, 4, layer_norm=True),
    "LayerNormLSTM_all": lambda: LSTMCell(
        5,
        4,
        use_peepholes=True,
        cell_clip=0.8,
        num_proj=3,
        proj_clip=0.3,
        activation="relu",
        layer_norm=True,
    ),
    "Stack": lambda: MultiRNNCell(
        [LSTMCell(5, 4, num_proj=3), ResidualWrapper(GRUCell(3, 3)), BasicRNNCell(2, 3)]
    ),
}


@cache
def values() -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    for name in ("tf1_reference_values.npz", "tf1_more_values.npz"):
        with np.load(Path(__file__).parents[1] / "data" / name) as file:
            found |= dict(file)
    return found


def native_name(case: str, variable: str) -> str:
    """`rnn/multi_rnn_cell/cell_0/basic_lstm_cell/kernel` as the native cell calls it: `cells.0.kernel`."""
    path = re.sub(
        r"^rnn/|(layer_norm_|cudnn_compatible_)?(multi_rnn|basic_rnn|basic_lstm|lstm|gru)_cell/", "", variable
    )
    path = path.replace("cell_", "cells.").replace("/", ".")
    if case == "Stack":
        path = path.replace("cells.1.", "cells.1.cell.")
    return f"cell.{path}" if case == "Residual" else path


def assert_matches(actual: torch.Tensor, key: str, tolerance: float) -> None:
    expected = values()[key]
    difference = np.abs(actual.detach().numpy() - expected).max()
    assert difference <= tolerance * np.abs(expected).max(), (
        f"{key}: {difference / np.abs(expected).max():.1e}"
    )


@pytest.mark.parametrize("way", ["dynamic", "static", "swapped"])
@pytest.mark.parametrize("lengths", [None, [3, 1]], ids=["whole", "lengths"])
@pytest.mark.parametrize("case", CELLS)
def test_numbers_are_tensorflows(case, lengths, way):
    name = case if lengths is None else f"{case}_seq"
    stored = values()
    cell = CELLS[case]()
    weights = {native_name(case, key.split("|")[2]): key for key in stored if key.startswith(f"{name}|w|")}
    cell.load_state_dict({native: torch.from_numpy(stored[key]) for native, key in weights.items()})
    inputs = torch.from_numpy(stored[f"{name}|x"])
    if way == "static":
        steps, state = static_rnn(cell, list(inputs.unbind(1)), sequence_length=lengths)
        outputs = torch.stack(steps, 1)
    else:
        outputs, state = dynamic_rnn(cell, inputs, lengths, swap_memory=way == "swapped")
    assert_matches(outputs, f"{name}|out", 1e-6)
    states = optree.tree_leaves(state)
    assert f"{name}|state|{len(states)}" not in stored
    for index, leaf in enumerate(states):
        assert_matches(leaf, f"{name}|state|{index}", 1e-6)
    loss = (outputs * torch.cos(torch.arange(outputs.numel())).reshape(outputs.shape)).sum()
    assert float(loss.detach()) == pytest.approx(float(stored[f"{name}|loss"]), rel=1e-5)
    loss.backward()
    for native, parameter in cell.named_parameters():
        assert_matches(parameter.grad, weights[native].replace("|w|", "|grad|"), 2e-6)


@pytest.mark.parametrize("way", ["dynamic", "static", "swapped"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", MORE_CELLS)
def test_lengths_initial_states_and_options(case, dtype, way):
    name, stored = f"{case}|{dtype}", values()
    cell = MORE_CELLS[case]().to(getattr(torch, dtype))
    weights = {native_name(case, key.split("|")[3]): key for key in stored if key.startswith(f"{name}|w|")}
    cell.load_state_dict({native: torch.from_numpy(stored[key]) for native, key in weights.items()})
    inputs = torch.from_numpy(stored[f"{name}|x"]).requires_grad_()
    template, structure = optree.tree_flatten(cell.zero_state(3))
    starts = [
        torch.from_numpy(stored[f"{name}|start|{index}"]).requires_grad_() for index in range(len(template))
    ]
    start = optree.tree_unflatten(structure, starts)
    if way == "static":
        steps, state = static_rnn(cell, list(inputs.unbind(1)), start, sequence_length=[6, 0, 2])
        outputs = torch.stack(steps, 1)
    else:
        outputs, state = dynamic_rnn(cell, inputs, [6, 0, 2], start, swap_memory=way == "swapped")
    exact, exact_gradient = (1e-6, 2e-6) if dtype == "float32" else (1e-14, 1e-13)
    assert_matches(outputs, f"{name}|out", exact)
    for index, leaf in enumerate(optree.tree_leaves(state)):
        assert_matches(leaf, f"{name}|state|{index}", exact)
    weighting = torch.cos(torch.arange(outputs.numel(), dtype=outputs.dtype)).reshape(outputs.shape)
    ((outputs * weighting).sum() + sum(leaf.sum() for leaf in optree.tree_leaves(state))).backward()
    for native, parameter in cell.named_parameters():
        assert_matches(parameter.grad, weights[native].replace("|w|", "|grad|"), exact_gradient)
    assert_matches(inputs.grad, f"{name}|grad_x", exact_gradient)
    for index, leaf in enumerate(starts):
        assert_matches(leaf.grad, f"{name}|grad_start|{index}", exact_gradient)
