"""Wrappers with parameters of their own, and cells over frequencies, from TensorFlow's variables."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from ostinato import (
    AttentionCellWrapper,
    BasicLSTMCell,
    BidirectionalGridLSTMCell,
    EmbeddingWrapper,
    GridLSTMCell,
    GRUCell,
    HighwayWrapper,
    InputProjectionWrapper,
    LSTMCell,
    MultiRNNCell,
    NTMCell,
    OutputProjectionWrapper,
    ResidualWrapper,
    TimeFreqLSTMCell,
    dynamic_rnn,
)
from ostinato._state import flatten
from ostinato.interop import load_into

DATA = Path(__file__).parents[1] / "data"
CASES = {
    "wrapper": {
        "InputProjection": lambda: InputProjectionWrapper(GRUCell(3, 2), 2, 4),
        "OutputProjection": lambda: OutputProjectionWrapper(BasicLSTMCell(3, 4), 2),
        "Highway": lambda: HighwayWrapper(GRUCell(4, 4)),
        "Highway_uncoupled": lambda: HighwayWrapper(LSTMCell(3, 4, num_proj=4), False),
        "Embedding": lambda: EmbeddingWrapper(GRUCell(2, 3), 5, 3),
        "Attention_lstm": lambda: AttentionCellWrapper(
            LSTMCell(3, 2), 3, 4, attn_size=2, attn_vec_size=5, cell_input_size=2
        ),
        "Attention_stack": lambda: AttentionCellWrapper(MultiRNNCell([LSTMCell(2, 4), GRUCell(3, 2)]), 2, 4),
        "NTM": lambda: NTMCell(LSTMCell(3, 8), 4, 5, 2, 2, 1),
    },
    "grid": {
        "TimeFreq_shards": lambda: TimeFreqLSTMCell(3, 4, 1, 2),
        "Grid_shards": lambda: GridLSTMCell(2, 4, 2, 1, [3], share_time_frequency_weights=True),
        "Grid": lambda: GridLSTMCell(2, 4, 2, 1, [3]),
        "Bidirectional_up": lambda: BidirectionalGridLSTMCell(2, 4, 2, 1, [3], backward_slice_offset=1),
    },
}
NAMES = [(file, case) for file, cases in CASES.items() for case in cases]


def values_of(file, case):
    with np.load(DATA / f"tf1_{file}_values.npz") as stored:
        prefix = f"{case}|float32|"
        return {key.removeprefix(prefix): stored[key] for key in stored.files if key.startswith(prefix)}


@pytest.mark.parametrize(("file", "case"), NAMES)
def test_outputs_are_tensorflows(file, case):
    stored, cell = values_of(file, case), CASES[file][case]()
    weights = {key[2:]: value for key, value in stored.items() if key.startswith("w|")}
    filled = load_into(cell, weights, "rnn")
    # Of what is kept in shards the first is named.
    named = [name for name in weights if not re.search(r"/W_([ft]_\d+_)?[1-9]$", name)]
    assert sorted(filled.values()) == sorted(named)
    leaves, as_state = flatten(cell.zero_state(3))
    start = as_state([torch.from_numpy(stored[f"start|{i}"]) for i in range(len(leaves))])
    lengths = None if case.startswith("TimeFreq") else [6, 0, 2]
    outputs, _ = dynamic_rnn(cell, torch.from_numpy(stored["x"]), lengths, start)
    np.testing.assert_allclose(outputs.detach().numpy(), stored["out"], rtol=0, atol=1e-5)


def test_the_only_wrapper_that_fits_is_found():
    stored = values_of("wrapper", "Attention_lstm")
    weights = {f"model/{key[2:]}": value for key, value in stored.items() if key.startswith("w|")}
    filled = load_into(CASES["wrapper"]["Attention_lstm"](), weights)
    assert filled["attention.attn_v"] == "model/rnn/attention_cell_wrapper/attention/attn_v"
    assert filled["cell.kernel"] == "model/rnn/attention_cell_wrapper/lstm_cell/kernel"


def projected(scope, rows, columns):
    return {
        f"{scope}/kernel": np.full((rows, columns), 0.5, np.float32),
        f"{scope}/bias": np.ones(columns, np.float32),
    }


def gru(scope, inputs, units):
    rows = inputs + units
    return {
        f"{scope}/gates/kernel": np.zeros((rows, 2 * units), np.float32),
        f"{scope}/gates/bias": np.zeros(2 * units, np.float32),
        f"{scope}/candidate/kernel": np.zeros((rows, units), np.float32),
        f"{scope}/candidate/bias": np.zeros(units, np.float32),
    }


def test_wrappers_in_wrappers_are_told_apart_by_their_scopes():
    outer, inner = "rnn/output_projection_wrapper", "rnn/output_projection_wrapper/input_projection_wrapper"
    saved = projected(outer, 3, 2) | projected(inner, 5, 4) | gru(f"{inner}/gru_cell", 4, 3)
    cell = OutputProjectionWrapper(ResidualWrapper(InputProjectionWrapper(GRUCell(3, 4), 4, 5)), 2)
    filled = load_into(cell, saved, "rnn")
    assert filled["kernel"] == f"{outer}/kernel"
    assert filled["cell.cell.bias"] == f"{inner}/bias"
    assert load_into(cell, saved) == filled
    assert float(cell.kernel.detach()[0, 0]) == 0.5


def test_a_cell_below_a_plain_wrapper_is_not_taken_for_the_projection():
    scope = "rnn/output_projection_wrapper"
    saved = projected(scope, 4, 2) | {
        f"{scope}/basic_lstm_cell/kernel": np.zeros((8, 16), np.float32),
        f"{scope}/basic_lstm_cell/bias": np.zeros(16, np.float32),
    }
    filled = load_into(OutputProjectionWrapper(ResidualWrapper(BasicLSTMCell(4, 4)), 2), saved, scope)
    assert filled["cell.cell.kernel"] == f"{scope}/basic_lstm_cell/kernel"


def test_a_stack_of_wrappers():
    saved = {}
    for index in range(2):
        scope = f"rnn/multi_rnn_cell/cell_{index}"
        saved |= gru(f"{scope}/gru_cell", 3, 3)
        saved |= {f"{scope}/carry_w": np.ones((3, 3), np.float32), f"{scope}/carry_b": np.full(3, index, "f")}
    stack = MultiRNNCell([HighwayWrapper(GRUCell(3, 3)) for _ in range(2)])
    load_into(stack, saved)
    assert [float(cell.carry_b.detach()[0]) for cell in stack.cells] == [0.0, 1.0]


def test_what_is_missing_is_told_and_nothing_is_filled():
    cell = OutputProjectionWrapper(GRUCell(3, 4), 2)
    before = cell.kernel.detach().clone()
    with pytest.raises(ValueError, match="OutputProjectionWrapper"):
        load_into(cell, gru("rnn/gru_cell", 4, 3), "rnn")
    wrong = projected("rnn/output_projection_wrapper", 3, 9) | gru(
        "rnn/output_projection_wrapper/gru_cell", 4, 3
    )
    with pytest.raises(ValueError, match=r"has shape \[3, 9\], but the OutputProjectionWrapper of GRUCell"):
        load_into(cell, wrong, "rnn")
    assert torch.equal(cell.kernel, before)


@pytest.mark.parametrize("missing", ["fwd/W_t_0_0", "bwd/B_f_0"])
def test_half_a_pair_of_grids_is_told(missing):
    weights = {
        key[2:]: value for key, value in values_of("grid", "Bidirectional_up").items() if key[0] == "w"
    }
    cell = CASES["grid"]["Bidirectional_up"]()
    assert len(load_into(cell, weights)) == 8  # the only scope that fits
    del weights[f"rnn/bidirectional_grid_lstm_cell/{missing}"]
    with pytest.raises(
        ValueError, match=f"'rnn/bidirectional_grid_lstm_cell/{missing}' of shape .* is missing"
    ):
        load_into(cell, weights, "rnn")
