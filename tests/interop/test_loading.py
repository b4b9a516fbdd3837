"""Cells filled from what TensorFlow 1.15 saved compute what TensorFlow computed."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import optree
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from interop.variables import lstm
from ostinato import (
    BasicLSTMCell,
    BasicRNNCell,
    DropoutWrapper,
    GRUCell,
    LSTMCell,
    MultiRNNCell,
    ResidualWrapper,
    RNNCell,
    dynamic_rnn,
)
from ostinato.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from ostinato.interop import load_into

DATA = Path(__file__).parents[1] / "data"

# Cases of the reference values: a cell, and the scope to read it from.
CASES: dict[str, tuple[RNNCell, str]] = {
    "BasicRNN": (BasicRNNCell(4, 3), "rnn/basic_rnn_cell"),
    "BasicLSTM": (BasicLSTMCell(4, 3), "rnn/basic_lstm_cell"),
    "LSTM_peep_proj_clip": (
        LSTMCell(4, 3, use_peepholes=True, num_proj=2, cell_clip=0.5, proj_clip=0.4),
        "rnn/lstm_cell",
    ),
    "GRU": (GRUCell(4, 3), "rnn/gru_cell"),
    "Multi2": (MultiRNNCell([BasicLSTMCell(4, 3), GRUCell(5, 4)]), "rnn/multi_rnn_cell"),
    "Residual": (ResidualWrapper(GRUCell(3, 3)), "rnn/gru_cell"),
}
MORE_CASES: dict[str, tuple[RNNCell, str]] = {
    "BasicLSTM_forget": (BasicLSTMCell(7, 4, forget_bias=0.25), "rnn/basic_lstm_cell"),
    "LSTM_projection": (LSTMCell(4, 4, num_proj=7, use_peepholes=True), "rnn/lstm_cell"),
    "GRU_reset_after": (GRUCell(7, 4, reset_after=True), "rnn/cudnn_compatible_gru_cell"),
    "LayerNormBasicLSTM": (LSTMCell(6, 4, forget_bias=0.25, layer_norm=True), "rnn"),
    "LayerNormLSTM": (LSTMCell(6, 4, layer_norm=True), "rnn/layer_norm_lstm_cell"),
    "Stack": (
        MultiRNNCell([LSTMCell(5, 4, num_proj=3), ResidualWrapper(GRUCell(3, 3)), BasicRNNCell(2, 3)]),
        "rnn",
    ),
}


@cache
def values() -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    for name in ("tf1_reference_values.npz", "tf1_more_values.npz"):
        with np.load(DATA / name) as file:
            found |= dict(file)
    return found


def variables_of(case: str) -> dict[str, np.ndarray]:
    start = f"{case}|w|"
    return {key.removeprefix(start): array for key, array in values().items() if key.startswith(start)}


def assert_matches(actual: torch.Tensor, key: str) -> None:
    expected = values()[key]
    assert np.abs(actual.detach().numpy() - expected).max() <= 1e-6 * np.abs(expected).max()


@pytest.mark.parametrize("named", [True, False], ids=["scope", "only"])
@pytest.mark.parametrize("case", CASES)
def test_outputs_are_tensorflows(case: str, named: bool, tmp_path: Path) -> None:
    cell, scope = CASES[case]
    prefix = save_checkpoint(str(tmp_path / "model.ckpt"), variables_of(case))
    load_into(cell, prefix, scope if named else None)
    outputs, state = dynamic_rnn(cell, torch.from_numpy(values()[f"{case}|x"]))
    assert_matches(outputs, f"{case}|out")
    for index, leaf in enumerate(optree.tree_leaves(state)):
        assert_matches(leaf, f"{case}|state|{index}")


@pytest.mark.parametrize("case", MORE_CASES)
def test_outputs_of_more_cells_are_tensorflows(case: str) -> None:
    cell, scope = MORE_CASES[case]
    key = f"{case}|float32"
    load_into(cell, variables_of(key), scope)
    starts = [
        torch.from_numpy(values()[f"{key}|start|{index}"])
        for index in range(len(optree.tree_leaves(cell.zero_state(1))))
    ]
    start = optree.tree_unflatten(optree.tree_structure(cell.zero_state(1)), starts)
    outputs, _ = dynamic_rnn(cell, torch.from_numpy(values()[f"{key}|x"]), [6, 0, 2], start)
    assert_matches(outputs, f"{key}|out")


def with_adam(variables: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    slots = {f"{name}/{slot}": value for name, value in variables.items() for slot in ("Adam", "Adam_1")}
    return variables | slots | {"beta1_power": np.float32(0.9), "global_step": np.int64(7)}


def test_the_answer_names_the_variables_that_were_read() -> None:
    saved = with_adam(
        lstm("rnn/multi_rnn_cell/cell_0/basic_lstm_cell", 3, 4)
        | lstm("rnn/multi_rnn_cell/cell_1/basic_lstm_cell", 4, 4)
    )
    stack = MultiRNNCell([DropoutWrapper(BasicLSTMCell(4, 3)), BasicLSTMCell(4, 4)])
    read = load_into(stack, saved)
    assert read == {
        "cells.0.cell.kernel": "rnn/multi_rnn_cell/cell_0/basic_lstm_cell/kernel",
        "cells.0.cell.bias": "rnn/multi_rnn_cell/cell_0/basic_lstm_cell/bias",
        "cells.1.kernel": "rnn/multi_rnn_cell/cell_1/basic_lstm_cell/kernel",
        "cells.1.bias": "rnn/multi_rnn_cell/cell_1/basic_lstm_cell/bias",
    }
    parameters = dict(stack.named_parameters())
    assert set(parameters) == set(read)
    for name, variable in read.items():
        assert np.array_equal(parameters[name].detach().numpy(), saved[variable])


def test_a_pair_is_read_from_fw_and_bw() -> None:
    saved = lstm("encoder/bidirectional_rnn/fw/lstm_cell", 3, 4)
    saved |= lstm("encoder/bidirectional_rnn/bw/lstm_cell", 3, 5)
    for scope in (None, "encoder", "encoder/bidirectional_rnn/"):
        fw, bw = BasicLSTMCell(4, 3), BasicLSTMCell(5, 3)
        read = load_into((fw, bw), saved, scope)
        assert read["0.kernel"] == "encoder/bidirectional_rnn/fw/lstm_cell/kernel"
        assert np.array_equal(bw.bias.detach().numpy(), saved["encoder/bidirectional_rnn/bw/lstm_cell/bias"])
    with pytest.raises(ValueError, match="more than one cell: 'encoder/bidirectional_rnn/bw/lstm_cell', "):
        load_into(BasicLSTMCell(4, 3), saved, "encoder")


def test_a_list_of_pairs_is_read_from_stacked_bidirectional_layers() -> None:
    saved = {}
    for layer, inputs in ((0, 3), (1, 8)):
        for direction in ("fw", "bw"):
            scope = f"stack_bidirectional_rnn/cell_{layer}/bidirectional_rnn/{direction}/basic_lstm_cell"
            saved |= lstm(scope, inputs, 4)
    pairs = [tuple(BasicLSTMCell(4, inputs) for _ in "12") for inputs in (3, 8)]
    read = load_into(pairs, saved)
    assert read["1.1.bias"].startswith("stack_bidirectional_rnn/cell_1/bidirectional_rnn/bw/")
    assert len(read) == 8
    assert load_into(pairs, saved, "stack_bidirectional_rnn") == read


def test_stacks_in_both_directions() -> None:
    saved = {}
    for direction in ("fw", "bw"):
        saved |= lstm(f"bidirectional_rnn/{direction}/multi_rnn_cell/cell_0/lstm_cell", 3, 4)
        saved |= lstm(f"bidirectional_rnn/{direction}/multi_rnn_cell/cell_1/lstm_cell", 4, 4)
    pair = tuple(MultiRNNCell([BasicLSTMCell(4, 3), BasicLSTMCell(4, 4)]) for _ in "12")
    assert load_into(pair, saved)["1.cells.1.bias"].startswith("bidirectional_rnn/bw/multi_rnn_cell/cell_1/")


def test_one_cell_twice_in_a_stack_is_saved_once() -> None:
    cell = BasicLSTMCell(3, 3)
    load_into(MultiRNNCell([cell, cell]), lstm("rnn/multi_rnn_cell/cell_0/basic_lstm_cell", 3, 3))


def test_old_names_and_blocks_are_known() -> None:
    saved = lstm("rnn/basic_lstm_cell", 3, 4)
    old = {"RNN/BasicLSTMCell/Linear/Matrix": saved["rnn/basic_lstm_cell/kernel"]}
    old["RNN/BasicLSTMCell/Linear/Bias"] = saved["rnn/basic_lstm_cell/bias"]
    cell = BasicLSTMCell(4, 3)
    assert load_into(cell, old)["kernel"] == "RNN/BasicLSTMCell/Linear/Matrix"
    block = {
        f"rnn/gru_cell/{name}": np.random.default_rng(0).normal(size=shape).astype(np.float32)
        for name, shape in {"w_ru": (7, 8), "b_ru": (8,), "w_c": (7, 4), "b_c": (4,)}.items()
    }
    gru = GRUCell(4, 3)
    assert load_into(gru, block)["gates.kernel"] == "rnn/gru_cell/w_ru"
    assert np.array_equal(gru.candidate.bias.detach().numpy(), block["rnn/gru_cell/b_c"])


@pytest.mark.parametrize("names", [("BiRNN_FW", "BiRNN_BW"), ("BiRNN/FW", "BiRNN/BW")])
def test_stacks_and_pairs_before_tensorflow_1_are_known(names: tuple[str, str]) -> None:
    saved = {}
    for direction in names:
        for layer in range(2):
            scope = f"m/{direction}/MultiRNNCell/Cell{layer}/BasicLSTMCell"
            for name, value in lstm(scope, 4, 4).items():
                old = name.replace("/kernel", "/Linear/Matrix").replace("/bias", "/Linear/Bias")
                saved[old] = value
    pair = tuple(MultiRNNCell([BasicLSTMCell(4, 4), BasicLSTMCell(4, 4)]) for _ in "12")
    read = load_into(pair, saved)
    assert read["1.cells.1.bias"] == f"m/{names[1]}/MultiRNNCell/Cell1/BasicLSTMCell/Linear/Bias"
    assert load_into(pair, saved, "m") == read
    with pytest.raises(ValueError, match=r"variables under 'm/.*/MultiRNNCell/Cell1', but only 1 layers"):
        load_into(MultiRNNCell([BasicLSTMCell(4, 4)]), saved, f"m/{names[0]}")


@pytest.mark.parametrize("axis", [0, 1])
def test_pieces_that_were_saved_apart_are_joined(axis: int) -> None:
    saved = lstm("rnn/lstm_cell", 3, 4)
    kernel = saved.pop("rnn/lstm_cell/kernel")
    parts = np.split(kernel, [4], axis)
    apart = saved | {f"rnn/lstm_cell/kernel/part_{index}": part for index, part in enumerate(parts)}
    cell = BasicLSTMCell(4, 3)
    load_into(cell, apart)
    assert np.array_equal(cell.kernel.detach().numpy(), kernel)


def test_the_bias_that_a_layer_norm_cell_never_reads_is_dropped() -> None:
    names = [
        f"{gate}/{part}"
        for gate in ("input", "transform", "forget", "output", "state")
        for part in ("gamma", "beta")
    ]
    saved = {
        f"rnn/layer_norm_lstm_cell/{name}": np.full(4, index, np.float32) for index, name in enumerate(names)
    }
    saved |= lstm("rnn/layer_norm_lstm_cell", 3, 4)
    read = load_into(LSTMCell(4, 3, layer_norm=True), saved)
    assert "rnn/layer_norm_lstm_cell/bias" not in read.values()
    assert len(read) == 11


SAVED = with_adam(
    lstm("a/rnn/basic_lstm_cell", 3, 4)
    | lstm("b/rnn/basic_lstm_cell", 3, 4)
    | lstm("rnn/lstm_cell", 12, 64)
    | lstm("dense", 3, 4)
)
PEEPHOLES = lstm("rnn/lstm_cell", 3, 4) | {
    f"rnn/lstm_cell/w_{gate}_diag": np.ones(4, np.float32) for gate in "fio"
}


@pytest.mark.parametrize(
    ("cell", "saved", "scope", "said"),
    [
        (
            BasicLSTMCell(64, 12),
            SAVED,
            "rnn/basic_lstm_cell",
            r"There are no variables under 'rnn/basic_lstm_cell', .* It fits 'rnn/lstm_cell'\.",
        ),
        (
            BasicLSTMCell(64, 10),
            SAVED,
            "rnn/lstm_cell",
            r"Variable 'rnn/lstm_cell/kernel' has shape \[76, 256\], but BasicLSTMCell\(64, input_size=10\) "
            r"needs \[74, 256\] for its kernel\. The checkpoint's recurrent cells are "
            r"'a/rnn/basic_lstm_cell' \(LSTM, 3 inputs, 4 units\)",
        ),
        (
            BasicLSTMCell(4, 3),
            SAVED,
            None,
            r"More than one scope fits BasicLSTMCell\(4, input_size=3\): 'a/rnn/basic_lstm_cell', "
            "'b/rnn/basic_lstm_cell'. Name one",
        ),
        (BasicLSTMCell(4, 3), {"dense/kernel": np.ones((7, 16))}, None, "No recurrent cell is recognised"),
        (GRUCell(64, 12), SAVED, "rnn/lstm_cell", "'rnn/lstm_cell' .* is of another kind than GRUCell"),
        (GRUCell(64, 12), SAVED, "dense", "'dense/gates/kernel' is missing"),
        (BasicRNNCell(256, -180 + 256), SAVED, "rnn/lstm_cell", "is of another kind than BasicRNNCell"),
        (
            LSTMCell(64, 12, use_peepholes=True),
            SAVED,
            "rnn/lstm_cell",
            r"Variable 'rnn/lstm_cell/w_f_diag' of shape \[64\] is missing, .* The nearest names",
        ),
        (
            BasicLSTMCell(4, 3),
            PEEPHOLES,
            "rnn/lstm_cell",
            r"a variable 'rnn/lstm_cell/w_f_diag', which .* has no place for: .* with use_peepholes=True",
        ),
        (
            MultiRNNCell([BasicLSTMCell(4, 3)]),
            lstm("rnn/multi_rnn_cell/cell_0/lstm_cell", 3, 4)
            | lstm("rnn/multi_rnn_cell/cell_1/lstm_cell", 4, 4),
            "rnn/multi_rnn_cell",
            "variables under 'rnn/multi_rnn_cell/cell_1', but only 1 layers",
        ),
        (
            MultiRNNCell([BasicLSTMCell(4, 3), BasicLSTMCell(4, 4)]),
            lstm("rnn/multi_rnn_cell/cell_0/lstm_cell", 3, 4),
            None,
            "No cell of the checkpoint fits the MultiRNNCell of 2 cells",
        ),
        (
            BasicLSTMCell(4, 3),
            lstm("rnn/cudnn_compatible_lstm_cell", 3, 4),
            "rnn/cudnn_compatible_lstm_cell",
            r"make it with forget_bias=0\.0",
        ),
        (BasicLSTMCell(4, 3), lstm("rnn/lstm_cell", 3, 4, np.float64), None, "float64, whose numbers"),
        (BasicLSTMCell(4, 3), lstm("rnn/lstm_cell", 3, 4, np.int32), None, "needs floating point numbers"),
        (BasicLSTMCell(4, 3, device="meta"), lstm("rnn/lstm_cell", 3, 4), None, "on the meta device"),
        (
            MultiRNNCell([BasicLSTMCell(4, 3)]),
            lstm("rnn/lstm_cell", 3, 4),
            "rnn",
            "There are no variables under 'rnn/cell_0'",
        ),
    ],
)
def test_what_does_not_fit_is_told_and_nothing_changes(cell: Any, saved: Any, scope: Any, said: str) -> None:
    before = [parameter.detach().clone() for parameter in cell.parameters()]
    with pytest.raises(ValueError, match=said):
        load_into(cell, saved, scope)
    if next(cell.parameters()).device.type != "meta":
        assert all(torch.equal(old, new) for old, new in zip(before, cell.parameters(), strict=True))


@pytest.mark.parametrize(
    ("cell", "saved", "scopes"),
    [
        (BasicLSTMCell(4, 3), {"kernel": np.ones((7, 16)), "bias": np.ones(16)}, "the scope ''"),
        (
            DropoutWrapper(BasicLSTMCell(4, 3)),
            lstm("mine/a", 3, 4) | lstm("mine/b", 3, 4) | lstm("mine/c", 3, 5) | lstm("rnn/lstm_cell", 3, 6),
            "one of the scopes 'mine/a', 'mine/b'",
        ),
        (
            (BasicLSTMCell(4, 3), BasicLSTMCell(5, 3)),
            lstm("mine/fw", 3, 4) | lstm("mine/bw", 3, 5),
            "the scope 'mine'",
        ),
    ],
)
def test_scopes_that_only_the_shapes_fit_are_told(cell: Any, saved: Any, scopes: str) -> None:
    for scope in (None, "rnn"):
        with pytest.raises(ValueError, match=f"By shapes alone {scopes} would do"):
            load_into(cell, saved, scope)


@pytest.mark.parametrize("scope", [5, b"rnn", ["rnn"]])
def test_a_scope_that_is_no_text(scope: Any) -> None:
    with pytest.raises(TypeError, match=r"A scope is a text such as .*; got "):
        load_into(BasicLSTMCell(64, 12), SAVED, scope)


def test_scopes_that_fit_are_told_nearest_first() -> None:
    saved = {
        name: value for place in "abcdefghij" for name, value in lstm(f"{place}/rnn/lstm_cell", 3, 4).items()
    }
    with pytest.raises(ValueError, match=r"It fits 'i/rnn/lstm_cell', .* and 2 more"):
        load_into(BasicLSTMCell(4, 3), saved, "i/rnn/lstm_cel")


def test_a_late_failure_changes_nothing_either() -> None:
    saved = lstm("rnn/multi_rnn_cell/cell_0/lstm_cell", 3, 4)
    saved |= lstm("rnn/multi_rnn_cell/cell_1/lstm_cell", 4, 4, np.float64)
    stack = MultiRNNCell([BasicLSTMCell(4, 3), BasicLSTMCell(4, 4)])
    before = [parameter.detach().clone() for parameter in stack.parameters()]
    with pytest.raises(ValueError, match="convert_dtype=True"):
        load_into(stack, saved)
    assert all(torch.equal(old, new) for old, new in zip(before, stack.parameters(), strict=True))
    load_into(stack, saved, convert_dtype=True)
    kernel = saved["rnn/multi_rnn_cell/cell_1/lstm_cell/kernel"].astype(np.float32)
    assert np.array_equal(stack.cells[1].kernel.detach().numpy(), kernel)


def test_a_number_out_of_range_is_no_number() -> None:
    saved = lstm("rnn/lstm_cell", 3, 4, np.float64)
    saved["rnn/lstm_cell/kernel"][2, 3] = 1e300
    with pytest.raises(ValueError, match="beyond the range"):
        load_into(BasicLSTMCell(4, 3), saved, convert_dtype=True)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float32])
def test_exact_conversions_need_no_leave(dtype: Any) -> None:
    saved = lstm("rnn/lstm_cell", 3, 4, dtype)
    cell = BasicLSTMCell(4, 3, dtype=torch.float64)
    load_into(cell, saved)
    assert np.array_equal(cell.kernel.detach().numpy(), saved["rnn/lstm_cell/kernel"].astype(np.float64))


def test_bfloat16_stays_bfloat16() -> None:
    saved = lstm("rnn/lstm_cell", 3, 4, ml_dtypes.bfloat16)
    cell = BasicLSTMCell(4, 3, dtype=torch.bfloat16)
    load_into(cell, saved)
    bits = cell.bias.detach().view(torch.int16).numpy()
    assert np.array_equal(bits, saved["rnn/lstm_cell/bias"].view(np.int16))


def test_an_open_checkpoint_stays_open(tmp_path: Path) -> None:
    with load_checkpoint(save_checkpoint(str(tmp_path / "model.ckpt"), SAVED)) as checkpoint:
        load_into(BasicLSTMCell(64, 12), checkpoint)
        assert "global_step" in checkpoint
        assert int(checkpoint["global_step"]) == 7


def test_a_path_that_leads_nowhere(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="nothing"):
        load_into(BasicLSTMCell(4, 3), str(tmp_path / "nothing"))


def test_a_parametrized_cell_is_refused() -> None:
    cell = nn.utils.parametrizations.weight_norm(BasicLSTMCell(4, 3), "kernel")
    with pytest.raises(ValueError, match="computed from other parameters"):
        load_into(cell, lstm("rnn/lstm_cell", 3, 4))


class Own(RNNCell):
    input_size, state_size, output_size = 3, 4, 4


@pytest.mark.parametrize("cells", [Own(), ResidualWrapper(Own()), [BasicLSTMCell(4, 3)], BasicLSTMCell])
def test_what_is_no_cell_of_ours_is_refused(cells: Any) -> None:
    with pytest.raises(TypeError):
        load_into(cells, SAVED, "rnn/lstm_cell")


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 6),
    st.integers(1, 6),
    st.booleans(),
    st.one_of(st.none(), st.integers(1, 5)),
    st.lists(st.sampled_from(["model", "tower_0", "rnn", "x"]), max_size=3),
)
def test_what_a_cell_has_it_can_be_filled_from(
    inputs: int, units: int, peepholes: bool, proj: int | None, path: list[str]
) -> None:
    first, second = (LSTMCell(units, inputs, use_peepholes=peepholes, num_proj=proj) for _ in "12")
    scope = "/".join([*path, "lstm_cell"])
    saved = {f"{scope}/{key}": value.detach().numpy() for key, value in first.family_parameters().items()}
    load_into(second, saved)
    for mine, theirs in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(mine, theirs)
