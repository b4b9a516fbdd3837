"""Gated, grouped, phased and convolutional cells filled with TensorFlow's weights give its numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ostinato import (
    CFNCell,
    ConvLSTMCell,
    GLSTMCell,
    GRUCell,
    IndRNNCell,
    IndyGRUCell,
    IndyLSTMCell,
    IntersectionRNNCell,
    LSTMStateTuple,
    MinimalRNNCell,
    NASCell,
    PhasedLSTMCell,
    SRUCell,
    UGRNNCell,
    dynamic_rnn,
)
from ostinato.interop import load_into, recurrent_cells

DATA = Path(__file__).parents[1] / "data"
CELLS = {
    "gated|NAS": lambda: NASCell(5, 4),
    "gated|NAS_all": lambda: NASCell(7, 4, num_proj=3, use_bias=True),
    "gated|UGRNN_options": lambda: UGRNNCell(7, 4, forget_bias=0.25, activation="relu"),
    "gated|Intersection": lambda: IntersectionRNNCell(4, 4),
    "gated|Intersection_projected": lambda: IntersectionRNNCell(7, 4, num_in_proj=7, forget_bias=0.5),
    "gated|SRU": lambda: SRUCell(5, 4),
    "gated|IndRNN": lambda: IndRNNCell(5, 4),
    "gated|IndyGRU": lambda: IndyGRUCell(5, 4),
    "gated|IndyLSTM_options": lambda: IndyLSTMCell(7, 4, forget_bias=0.25, activation="relu"),
    "gated|MinimalRNN": lambda: MinimalRNNCell(5, 4),
    "gated|CFN": lambda: CFNCell(5, 4),
    "conv|GLSTM_groups": lambda: GLSTMCell(6, 4, number_of_groups=2, forget_bias=0.25),
    "conv|GLSTM_all": lambda: GLSTMCell(8, 4, num_proj=4, number_of_groups=4, activation="relu"),
    "conv|Phased": lambda: PhasedLSTMCell(5, 4),
    "conv|Phased_peepholes": lambda: PhasedLSTMCell(5, 4, use_peepholes=True, leak=0.05),
    "conv|Phased_float64_time": lambda: PhasedLSTMCell(5, 4),
    "conv|Conv1D_even": lambda: ConvLSTMCell([4, 1], 2, [4], forget_bias=0.25),
    "conv|Conv2D": lambda: ConvLSTMCell([4, 3, 2], 2, [3, 2]),
    "conv|Conv2D_no_bias": lambda: ConvLSTMCell([3, 3, 1], 1, [1, 3], use_bias=False),
    "conv|Conv3D": lambda: ConvLSTMCell([2, 3, 2, 1], 2, [2, 3, 1]),
}


@pytest.fixture(scope="module")
def stored():
    found = {}
    for name in ("gated", "conv"):
        with np.load(DATA / f"tf1_{name}_values.npz") as file:
            found |= {f"{name}|{key}": value for key, value in file.items()}
    return found


def of(stored, case, what):
    """The arrays of a nest, in order."""
    start = f"{case}|float32|{what}"
    return [
        torch.from_numpy(value)
        for key, value in stored.items()
        if key == start or key.startswith(start + "|")
    ]


def weights(stored, case):
    start = f"{case}|float32|w|"
    return {key.removeprefix(start): value for key, value in stored.items() if key.startswith(start)}


@pytest.mark.parametrize("case", CELLS)
def test_numbers_are_tensorflows(stored, case):
    cell = CELLS[case]()
    load_into(cell, weights(stored, case))
    inputs, state = of(stored, case, "x"), of(stored, case, "start")
    outputs, _ = dynamic_rnn(
        cell,
        inputs[0] if len(inputs) == 1 else tuple(inputs),
        [6, 0, 2],
        state[0] if len(state) == 1 else LSTMStateTuple(*state),
    )
    torch.testing.assert_close(outputs.detach(), of(stored, case, "out")[0], rtol=0, atol=1e-5)


@pytest.mark.parametrize("case", CELLS)
def test_their_kinds_are_recognised(stored, case):
    (found,) = recurrent_cells({key: value.shape for key, value in weights(stored, case).items()})
    assert found.family.removesuffix("LSTM") in case.replace("Intersection", "IntersectionRNN")
    assert found.num_units == CELLS[case]().num_units


@pytest.mark.parametrize(
    ("case", "cell", "words"),
    [
        ("gated|NAS_all", NASCell(7, 4, num_proj=3), "nas_cell/bias', which NASCell.* has no place for"),
        ("gated|NAS_all", NASCell(7, 4, use_bias=True), "has no place for|has shape"),
        ("conv|Conv2D", ConvLSTMCell([4, 3, 2], 2, [3, 2], use_bias=False), "biases', which ConvLSTMCell"),
        ("gated|SRU", UGRNNCell(5, 4), "of another kind than UGRNNCell"),
        ("gated|IndRNN", IndyLSTMCell(5, 4), "of another kind than IndyLSTMCell"),
        ("gated|UGRNN", GRUCell(5, 4), "of another kind than GRUCell"),
        ("conv|GLSTM_groups", GLSTMCell(6, 4), "has no place for"),
    ],
)
def test_cells_with_other_options_are_refused(stored, case, cell, words):
    with pytest.raises(ValueError, match=words):
        load_into(cell, weights(stored, case), "rnn")


def test_an_option_is_seen_under_a_name_that_tells_nothing(stored):
    renamed = {
        key.replace("nas_cell", "own"): value for key, value in weights(stored, "gated|NAS_all").items()
    }
    with pytest.raises(ValueError, match="has no place for"):
        load_into(NASCell(7, 4, num_proj=3), renamed, "rnn/own")
    load_into(NASCell(7, 4, num_proj=3, use_bias=True), renamed, "rnn/own")
