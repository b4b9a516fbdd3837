"""Recurrent cells are recognised by the names and shapes of their variables, and nothing else is called one.

`tf1_cell_variables.json` has the variables that TensorFlow 1.15 makes, for 3 inputs and 4 units where the
case does not say otherwise.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ostinato.interop.cell_wrappers import cell_wrappers
from ostinato.interop.recognition import RecurrentCell, is_optimizer_slot, recurrent_cells

MADE = json.loads((Path(__file__).parents[1] / "data" / "tf1_cell_variables.json").read_text())


def shapes_of(variables):
    return {name: tuple(shape) for name, shape in variables.items()}


def told(variables):
    """(scope, family, inputs, units) of each cell, then what else there is to say of it."""
    return [
        (
            cell.scope,
            cell.family,
            cell.input_size,
            cell.num_units,
            *([f"proj {cell.num_proj}"] if cell.num_proj is not None else []),
            *(["peepholes"] if cell.use_peepholes else []),
        )
        for cell in recurrent_cells(variables)
    ]


# -- what TensorFlow 1.15 makes
def one(scope, family, *more, inputs=3, units=4):
    return [(scope, family, inputs, units, *more)]


STACKED = "stack_bidirectional_rnn/cell_{}/bidirectional_rnn/{}/gru_cell"
SEQ2SEQ = "embedding_attention_seq2seq"
TWO_LSTMS = [
    ("rnn/multi_rnn_cell/cell_0/basic_lstm_cell", "LSTM", 3, 4),
    ("rnn/multi_rnn_cell/cell_1/basic_lstm_cell", "LSTM", 4, 4),
]
EXPECTED = {
    "BasicRNNCell": one("rnn/basic_rnn_cell", "BasicRNN"),
    "GRUCell": one("rnn/gru_cell", "GRU"),
    "BasicLSTMCell": one("rnn/basic_lstm_cell", "LSTM"),
    "LSTMCell": one("rnn/lstm_cell", "LSTM"),
    "LSTMCell(peep,proj=2)": one("rnn/lstm_cell", "LSTM", "proj 2", "peepholes"),
    "LSTMCell(num_unit_shards=2,num_proj=2,num_proj_shards=2)": one("rnn/lstm_cell", "LSTM", "proj 2"),
    "LSTMCell(name=foo)": one("rnn/foo", "LSTM"),
    "Multi[LSTM,GRU]": [
        ("rnn/multi_rnn_cell/cell_0/lstm_cell", "LSTM", 3, 4),
        ("rnn/multi_rnn_cell/cell_1/gru_cell", "GRU", 4, 4),
    ],
    "Dropout(BasicLSTM)": one("rnn/basic_lstm_cell", "LSTM"),
    "Residual(GRU3)": one("rnn/gru_cell", "GRU", units=3),
    "Device(GRU)": one("rnn/gru_cell", "GRU"),
    "Dropout(Multi[Basic,Basic])": TWO_LSTMS,
    "Multi[Dropout(Basic),Dropout(Basic)]": TWO_LSTMS,
    "LSTMBlockCell": one("rnn/lstm_cell", "LSTM"),
    "LSTMBlockCell(peep)": one("rnn/lstm_cell", "LSTM", "peepholes"),
    "GRUBlockCell": one("rnn/gru_cell", "GRUBlock"),
    "GRUBlockCellV2": one("rnn/gru_cell", "GRU"),
    "LayerNormBasicLSTMCell": one("rnn/layer_norm_basic_lstm_cell", "LayerNormBasicLSTM"),
    "LayerNormBasicLSTMCell(layer_norm=False)": one("rnn/layer_norm_basic_lstm_cell", "LSTM"),
    "CoupledInputForgetGateLSTMCell(peep,proj2)": one(
        "rnn/coupled_input_forget_gate_lstm_cell", "CoupledInputForgetGateLSTM", "proj 2", "peepholes"
    ),
    "CoupledInputForgetGateLSTMCell(layer_norm)": one(
        "rnn/coupled_input_forget_gate_lstm_cell", "CoupledInputForgetGateLSTM"
    ),
    "NASCell(proj2,bias)": one("rnn/nas_cell", "NAS", "proj 2"),
    "UGRNNCell": one("rnn/ugrnn_cell", "UGRNN"),
    "IntersectionRNNCell(num_in_proj)": one("rnn/intersection_rnn_cell", "IntersectionRNN"),
    "HighwayWrapper(GRU3)": one("rnn/gru_cell", "GRU", units=3),
    "HighwayWrapper(GRU3,couple=False)": one("rnn/gru_cell", "GRU", units=3),
    "GLSTMCell(groups=1)": one("rnn/glstm_cell", "GLSTM"),
    "SRUCell": one("rnn/sru_cell", "SRU"),
    "IndRNNCell": one("rnn/ind_rnn_cell", "IndRNN"),
    "IndyGRUCell": one("rnn/indy_gru_cell", "IndyGRU"),
    "IndyLSTMCell": one("rnn/indy_lstm_cell", "IndyLSTM"),
    # A wrapper's own matrices are no cell.
    "AttentionCellWrapper(GRU4,attn_length=2)": one("rnn/attention_cell_wrapper/gru_cell", "GRU"),
    "InputProjectionWrapper(GRU,6)": one("rnn/input_projection_wrapper/gru_cell", "GRU", inputs=6),
    "OutputProjectionWrapper(GRU,6)": one("rnn/output_projection_wrapper/gru_cell", "GRU"),
    "CompiledWrapper(GRU)": one("rnn/gru_cell", "GRU"),
    "LayerNormLSTMCell(peep,proj2,ln)": one(
        "rnn/layer_norm_lstm_cell", "LayerNormLSTM", "proj 2", "peepholes"
    ),
    "WeightNormLSTMCell(peep,proj2)": one(
        "rnn/wn_lstm_cell/wn_lstm_cell", "WeightNormLSTM", "proj 2", "peepholes"
    ),
    "MinimalRNNCell": one("rnn/minimal_rnn_cell", "MinimalRNN"),
    "CFNCell": one("rnn/cfn_cell", "CFN"),
    "CudnnCompatibleLSTMCell": one("rnn/cudnn_compatible_lstm_cell", "CudnnCompatibleLSTM"),
    "CudnnCompatibleGRUCell": one("rnn/cudnn_compatible_gru_cell", "CudnnCompatibleGRU"),
    "PhasedLSTMCell": one("rnn/phased_lstm_cell", "PhasedLSTM"),
    "EmbeddingWrapper(GRU4,10,3) static": one("rnn/embedding_wrapper/gru_cell", "GRU"),
    # These two cut the inputs into slices of 1 and of 2.
    "TimeFreqLSTMCell static": one("time_freq_lstm_cell", "TimeFreqLSTM", "peepholes", inputs=1),
    "GridLSTMCell": one("grid_lstm_cell", "GridLSTM", "peepholes", inputs=2),
    "BidirectionalGridLSTMCell": [
        ("bidirectional_grid_lstm_cell/bwd", "GridLSTM", 2, 4),
        ("bidirectional_grid_lstm_cell/fwd", "GridLSTM", 2, 4),
    ],
    "Conv2DLSTMCell": one("rnn/conv_2d_lstm_cell", "Conv2DLSTM"),
    "static_rnn BasicLSTM": one("rnn/basic_lstm_cell", "LSTM"),
    "static_rnn scope=abc": one("abc/basic_lstm_cell", "LSTM"),
    "raw call no driver": one("basic_lstm_cell", "LSTM"),
    "raw call x2 cells": one("gru_cell", "GRU") + one("gru_cell_1", "GRU"),
    "bidirectional_dynamic_rnn": one("bidirectional_rnn/bw/lstm_cell", "LSTM")
    + one("bidirectional_rnn/fw/lstm_cell", "LSTM"),
    "static_bidirectional_rnn": one("bidirectional_rnn/bw/gru_cell", "GRU")
    + one("bidirectional_rnn/fw/lstm_cell", "LSTM"),
    "bidir Multi": one("bidirectional_rnn/bw/multi_rnn_cell/cell_0/gru_cell", "GRU")
    + one("bidirectional_rnn/fw/multi_rnn_cell/cell_0/gru_cell", "GRU"),
    "stack_bidirectional_rnn": one("stack_bidirectional_rnn/cell_0/bw/gru_cell", "GRU")
    + one("stack_bidirectional_rnn/cell_0/fw/gru_cell", "GRU"),
    "stack_bidirectional_dynamic_rnn x2": [
        (STACKED.format(0, "bw"), "GRU", 3, 4),
        (STACKED.format(0, "fw"), "GRU", 3, 4),
        (STACKED.format(1, "bw"), "GRU", 8, 4),
        (STACKED.format(1, "fw"), "GRU", 8, 4),
    ],
    "two dynamic_rnn same cell object": one("rnn/gru_cell", "GRU"),
    "same cell object two scopes": one("a/gru_cell", "GRU"),
    "reuse scope": one("m/rnn/gru_cell", "GRU"),
    "Multi [cell]*2 same obj (3->3)": one("rnn/multi_rnn_cell/cell_0/gru_cell", "GRU", units=3),
    "ptb style loop": [
        ("RNN/multi_rnn_cell/cell_0/basic_lstm_cell", "LSTM", 3, 4),
        ("RNN/multi_rnn_cell/cell_1/basic_lstm_cell", "LSTM", 4, 4),
    ],
    "bare loop no reuse": one("basic_lstm_cell", "LSTM"),
    "LSTMBlockFusedCell": one("lstm_fused_cell", "LSTM", "peepholes"),
    "FusedRNNCellAdaptor(BasicRNN)": one("rnn/basic_rnn_cell", "BasicRNN"),
    "legacy seq2seq rnn_decoder": one("rnnlm/basic_lstm_cell", "LSTM"),
    "raw_rnn": one("rnn/lstm_cell", "LSTM"),
    "scope=None in var scope outer": one("outer/rnn/gru_cell", "GRU"),
    "GLSTMCell(4,num_proj=2,number_of_groups=2), 6 inputs": one(
        "rnn/glstm_cell", "GLSTM", "proj 2", inputs=6
    ),
    "CoupledInputForgetGateLSTMCell(4,num_unit_shards=2,num_proj=4,num_proj_shards=2), 6 inputs": one(
        "rnn/coupled_input_forget_gate_lstm_cell", "CoupledInputForgetGateLSTM", "proj 4", inputs=6
    ),
    "GridLSTMCell(4,feature_size=2,num_frequency_blocks=[1,1],num_unit_shards=2)": one(
        "rnn/grid_lstm_cell", "GridLSTM", inputs=2
    ),
    "GridLSTMCell(5,feature_size=2,couple_input_forget_gates=True)": one(
        "rnn/grid_lstm_cell", "GridLSTM", inputs=2, units=5
    ),
    "GridLSTMCell(4,feature_size=2,couple_input_forget_gates=True,share_time_frequency_weights=True,"
    "use_peepholes=True)": one("rnn/grid_lstm_cell", "GridLSTM", "peepholes", inputs=2),
    "TimeFreqLSTMCell(4,feature_size=2,num_unit_shards=3)": one(
        "rnn/time_freq_lstm_cell", "TimeFreqLSTM", inputs=2
    ),
    "Conv1DLSTMCell(use_bias=False)": one("rnn/conv_1d_lstm_cell", "Conv1DLSTM"),
    "IntersectionRNNCell(4), 4 inputs": one("rnn/intersection_rnn_cell", "IntersectionRNN", inputs=4),
    "NASCell(4), 6 inputs": one("rnn/nas_cell", "NAS", inputs=6),
    "WeightNormLSTMCell(4), 6 inputs": one("rnn/wn_lstm_cell/wn_lstm_cell", "WeightNormLSTM", inputs=6),
    "WeightNormLSTMCell(4,norm=False), 6 inputs": one("rnn/wn_lstm_cell/wn_lstm_cell", "LSTM", inputs=6),
    "LayerNormLSTMCell(4,layer_norm=False), 6 inputs": one("rnn/layer_norm_lstm_cell", "LSTM", inputs=6),
    "Multi[GRU(name=one),LSTM(name=two)], 6 inputs": [
        ("rnn/multi_rnn_cell/cell_0/one", "GRU", 6, 4),
        ("rnn/multi_rnn_cell/cell_1/two", "LSTM", 4, 4),
    ],
    "SRUCell(4,name=foo), 6 inputs": one("rnn/foo", "SRU", inputs=6),
    "AttentionWrapper and embedding_attention_seq2seq": [
        ("decoder/attention_wrapper/multi_rnn_cell/cell_0/lstm_cell", "LSTM", 12, 8),
        ("decoder/attention_wrapper/multi_rnn_cell/cell_1/lstm_cell", "LSTM", 8, 8),
        (
            f"{SEQ2SEQ}/embedding_attention_decoder/attention_decoder/output_projection_wrapper/gru_cell",
            "GRU",
            8,
            8,
        ),
        (f"{SEQ2SEQ}/rnn/embedding_wrapper/gru_cell", "GRU", 8, 8),
    ],
}


def test_every_case_has_its_expectation():
    assert EXPECTED.keys() == MADE.keys()


@pytest.mark.parametrize("case", MADE)
def test_cells_as_tensorflow_makes_them(case):
    variables = shapes_of(MADE[case])
    assert told(variables) == EXPECTED[case]
    for cell in recurrent_cells(variables):
        prefix = f"{cell.scope}/"
        owned = {name for name in variables if name.startswith(prefix)}
        assert set(cell.variables.values()) == owned
        assert all(name == f"{prefix}{own}" for own, name in cell.variables.items())


WRAPPED = {
    "HighwayWrapper(GRU3)": [("rnn", "HighwayWrapper", 3, 3, 2)],
    "HighwayWrapper(GRU3,couple=False)": [("rnn", "HighwayWrapper", 3, 3, 4)],
    "AttentionCellWrapper(GRU4,attn_length=2)": [
        ("rnn/attention_cell_wrapper", "AttentionCellWrapper", 7, 3, 8),
    ],
    "InputProjectionWrapper(GRU,6)": [("rnn/input_projection_wrapper", "InputProjectionWrapper", 3, 6, 2)],
    "OutputProjectionWrapper(GRU,6)": [("rnn/output_projection_wrapper", "OutputProjectionWrapper", 4, 6, 2)],
    "EmbeddingWrapper(GRU4,10,3) static": [("rnn/embedding_wrapper", "EmbeddingWrapper", 10, 3, 1)],
    "AttentionWrapper and embedding_attention_seq2seq": [
        (
            f"{SEQ2SEQ}/embedding_attention_decoder/attention_decoder/output_projection_wrapper",
            "OutputProjectionWrapper", 8, 12, 2,
        ),
        (f"{SEQ2SEQ}/rnn/embedding_wrapper", "EmbeddingWrapper", 10, 8, 1),
    ],
}  # fmt: skip


@pytest.mark.parametrize("case", MADE)
def test_wrappers_as_tensorflow_makes_them(case):
    variables = shapes_of(MADE[case])
    wrappers = cell_wrappers(variables)
    assert [
        (wrapper.scope, wrapper.wrapper, wrapper.inputs, wrapper.outputs, len(wrapper.variables))
        for wrapper in wrappers
    ] == WRAPPED.get(case, [])
    owned = {name for wrapper in wrappers for name in wrapper.variables.values()}
    assert owned <= variables.keys()
    assert owned.isdisjoint({name for cell in recurrent_cells(variables) for name in cell.variables.values()})


def test_wrappers_by_old_names():
    for kernel, bias in (("weights", "biases"), ("Linear/Matrix", "Linear/Bias")):
        for scope in ("rnn/output_projection_wrapper", "RNN/OutputProjectionWrapper"):
            (wrapper,) = cell_wrappers({f"{scope}/{kernel}": (4, 6), f"{scope}/{bias}": (6,)})
            assert (wrapper.scope, wrapper.inputs, wrapper.outputs) == (scope, 4, 6)


@pytest.mark.parametrize(
    "variables",
    [
        {"output_projection_wrapper/kernel": (4, 6)},
        {"output_projection_wrapper/kernel": (4, 6), "output_projection_wrapper/bias": (4,)},
        {"output_projection_wrapper/kernel": (4,), "output_projection_wrapper/bias": (4,)},
        {"embedding_wrapper/embedding": ()},
        {"embedding": (10, 3)},
        {"rnn/carry_w": (), "rnn/carry_b": ()},
        {"rnn/carry_w": (3, 4), "rnn/carry_b": (4,)},
        {"rnn/carry_w": (3, 3)},
        {"Matrix": (3, 3), "Bias": (3,)},
    ],
)
def test_what_is_no_wrapper(variables):
    assert cell_wrappers(variables) == []


# -- what other versions and programs make
LSTM = {"kernel": (76, 256), "bias": (256,)}


def under(scope, variables):
    return {f"{scope}/{name}" if scope else name: shape for name, shape in variables.items()}


OLD = {
    "TensorFlow 1.0": under("rnn/basic_lstm_cell", {"weights": (76, 256), "biases": (256,)}),
    "TensorFlow 0": under("RNN/BasicLSTMCell/Linear", {"Matrix": (76, 256), "Bias": (256,)}),
    "TensorFlow 0, LSTMCell": under("RNN/LSTMCell", {"W_0": (76, 256), "B": (256,)}),
}


@pytest.mark.parametrize("version", OLD)
def test_old_names_of_an_lstm(version):
    (cell,) = recurrent_cells(OLD[version])
    kernel, bias = OLD[version]
    assert (cell.family, cell.input_size, cell.num_units) == ("LSTM", 12, 64)
    assert cell.variables == {"kernel": kernel, "bias": bias}


def test_old_names_of_other_cells():
    gates = {"Gates/Linear/Matrix": (7, 8), "Gates/Linear/Bias": (8,)}
    candidate = {"Candidate/Linear/Matrix": (7, 4), "Candidate/Linear/Bias": (4,)}
    (cell,) = recurrent_cells(under("RNN/MultiRNNCell/Cell0/GRUCell", {**gates, **candidate}))
    assert (cell.scope, cell.family, cell.input_size, cell.num_units) == (
        "RNN/MultiRNNCell/Cell0/GRUCell", "GRU", 3, 4,
    )  # fmt: skip
    assert cell.variables["gates/kernel"] == "RNN/MultiRNNCell/Cell0/GRUCell/Gates/Linear/Matrix"
    weights = {
        "gates/weights": (7, 8),
        "gates/biases": (8,),
        "candidate/weights": (7, 4),
        "candidate/biases": (4,),
    }
    assert told(under("rnn/gru_cell", weights)) == [("rnn/gru_cell", "GRU", 3, 4)]
    plain = {"Linear/Matrix": (7, 4), "Linear/Bias": (4,)}
    assert told(under("RNN/BasicRNNCell", plain)) == [("RNN/BasicRNNCell", "BasicRNN", 3, 4)]
    whole = {
        "W_0": (5, 16),
        "B": (16,),
        "W_F_diag": (4,),
        "W_I_diag": (4,),
        "W_O_diag": (4,),
        "W_P_0": (4, 2),
    }
    (cell,) = recurrent_cells(under("RNN/LSTMCell", whole))
    assert (cell.input_size, cell.num_units, cell.num_proj, cell.use_peepholes) == (3, 4, 2, True)
    assert cell.variables["projection/kernel"] == "RNN/LSTMCell/W_P_0"
    shards = {"W_0": (4, 16), "W_1": (3, 16), "B": (16,)}
    (cell,) = recurrent_cells(under("RNN/LSTMCell", shards))
    assert (cell.input_size, cell.variables["kernel/part_1"]) == (3, "RNN/LSTMCell/W_1")


OBJECT = "/.ATTRIBUTES/VARIABLE_VALUE"
KERAS = {
    "KerasLSTM": {"kernel": (3, 16), "recurrent_kernel": (4, 16), "bias": (16,)},
    "KerasCuDNNLSTM": {"kernel": (3, 16), "recurrent_kernel": (4, 16), "bias": (32,)},
    "KerasGRU": {"kernel": (3, 12), "recurrent_kernel": (4, 12), "bias": (2, 12)},
    "KerasCuDNNGRU": {"kernel": (3, 12), "recurrent_kernel": (4, 12), "bias": (24,)},
    "KerasSimpleRNN": {"kernel": (3, 4), "recurrent_kernel": (4, 4), "bias": (4,)},
    "KerasConvLSTM2D": {"kernel": (5, 5, 3, 16), "recurrent_kernel": (5, 5, 4, 16), "bias": (16,)},
}


@pytest.mark.parametrize("family", KERAS)
@pytest.mark.parametrize("scope", ["layer_with_weights-0/cell", "my_layer", "model/lstm/lstm_cell_3"])
def test_layers_of_keras(family, scope):
    if scope.endswith("lstm_cell_3") and "LSTM" not in family:
        scope = "model/layer"  # a GRU's variables under an LSTM's name would be neither
    if family != "KerasLSTM":
        scope = scope.replace("lstm_cell_3", "layer")
    for ending in ("", OBJECT):
        variables = {f"{scope}/{name}{ending}": shape for name, shape in KERAS[family].items()}
        (cell,) = recurrent_cells(variables)
        assert (cell.scope, cell.family, cell.input_size, cell.num_units) == (scope, family, 3, 4)
        assert cell.variables == {name: f"{scope}/{name}{ending}" for name in KERAS[family]}


def test_a_layer_without_bias_and_a_gru_of_old_keras():
    assert told({"a/kernel": (3, 16), "a/recurrent_kernel": (4, 16)}) == [("a", "KerasLSTM", 3, 4)]
    assert told({"a/kernel": (3, 12), "a/recurrent_kernel": (4, 12), "a/bias": (12,)}) == [
        ("a", "KerasGRU", 3, 4)
    ]


def test_cells_of_object_based_checkpoints():
    gru = {"gates.Skernel": (7, 8), "gates.Sbias": (8,), "candidate.Skernel": (7, 4), "candidate.Sbias": (4,)}
    variables = {f"decoder/cell/{name}{OBJECT}": shape for name, shape in gru.items()}
    (cell,) = recurrent_cells(variables)
    assert (cell.scope, cell.family, cell.input_size, cell.num_units) == ("decoder/cell", "GRU", 3, 4)
    assert cell.variables["gates/bias"] == f"decoder/cell/gates.Sbias{OBJECT}"
    stack = {f"cell/cell-{i}/{name}{OBJECT}": shape for i in (0, 1) for name, shape in LSTM.items()}
    assert told(stack) == [("cell/cell-0", "LSTM", 12, 64), ("cell/cell-1", "LSTM", 12, 64)]


def test_cudnn_layers_are_saved_as_the_cells_that_they_match():
    stacked = "cudnn_lstm/rnn/multi_rnn_cell/cell_0/cudnn_compatible_lstm_cell"
    assert told(under(stacked, LSTM)) == [(stacked, "CudnnCompatibleLSTM", 12, 64)]
    both = "cudnn_lstm/stack_bidirectional_rnn/cell_0/bidirectional_rnn/fw/cudnn_compatible_lstm_cell"
    assert told(under(both, LSTM)) == [(both, "CudnnCompatibleLSTM", 12, 64)]


# -- what is no cell
@pytest.mark.parametrize(
    "scope",
    ["dense", "", "model/decoder", "rnn/dense", "rnn/output_layer", "lstm_output", "output_projection",
     "rnn/attention_cell_wrapper", "fw/fully_connected", "rnn/gru_cell/gates", "encoder/layer_0"],
)  # fmt: skip
def test_a_dense_layer_is_never_an_lstm(scope):
    assert told(under(scope, LSTM)) == []


@pytest.mark.parametrize(
    "scope", ["basic_lstm_cell", "my/encoder_lstm", "LSTM2", "EncoderLSTM", "rnn/lstm_cell_1", "lstm_fw"]
)
def test_a_name_says_that_it_is_an_lstm(scope):
    assert told(under(scope, LSTM)) == [(scope, "LSTM", 12, 64)]


def test_a_name_says_that_it_is_a_plain_cell():
    variables = {"kernel": (76, 64), "bias": (64,)}
    assert told(under("my_basic_rnn", variables)) == [("my_basic_rnn", "BasicRNN", 12, 64)]
    assert told(under("rnn/rnn_cell", variables)) == []  # perhaps an LSTM of 60 inputs and 16 units


def test_under_a_driver_only_what_can_be_nothing_but_an_lstm_is_one():
    assert told(under("rnn/foo", LSTM)) == [("rnn/foo", "LSTM", 12, 64)]
    # 300 rows: an LSTM of 236 inputs and 64 units, or a plain cell of 44 inputs and 256?
    assert told(under("rnn/foo", {"kernel": (300, 256), "bias": (256,)})) == []


@pytest.mark.parametrize(
    "variables",
    [
        {"kernel": (64, 256), "bias": (256,)},  # no rows are left for inputs
        {"kernel": (10, 256), "bias": (256,)},
        {"kernel": (76, 255), "bias": (255,)},
        {"kernel": (76, 256), "bias": (255,)},
        {"kernel": (76, 256)},
        {"kernel": (1, 76, 256), "bias": (256,)},
        {"kernel": (), "bias": ()},
        {"kernel": (76, 0), "bias": (0,)},
        {"kernel": (76, 256), "bias": (256,), "w_f_diag": (63,)},
        {"kernel": (76, 256), "bias": (256,), "projection/kernel": (63, 32)},
        {"kernel": (76, 256), "bias": (256,), "projection/kernel": (64, 76)},
        {"kernel/part_0": (38, 256), "kernel/part_2": (38, 256), "bias": (256,)},
        {"kernel": (76, 256), "kernel/part_0": (76, 256), "bias": (256,)},
        {"gates/kernel": (76, 128), "gates/bias": (128,)},
    ],
)
def test_an_lstm_whose_arithmetic_fails_is_none(variables):
    assert told(under("rnn/basic_lstm_cell", variables)) == []


def test_two_readings_are_no_answer():
    # 48 columns are 4 gates of 12 units or, coupled, 3 gates of 16.
    grid = {"W_f_0_0": (40, 48), "B_f_0": (48,), "W_t_0_0": (40, 48), "B_t_0": (48,)}
    assert told(under("grid_lstm_cell", grid)) == []
    (cell,) = recurrent_cells(under("grid_lstm_cell", {**grid, "W_I_diag_freqf_0": (12,)}))
    assert (cell.input_size, cell.num_units) == (16, 12)


# -- the law: whatever stands beside it, a cell is recognised with its sizes
def plain(inputs, units):
    return {"kernel": (inputs + units, units), "bias": (units,)}


def lstm(inputs, units):
    return {"kernel": (inputs + units, 4 * units), "bias": (4 * units,)}


def gru(inputs, units):
    return {
        "gates/kernel": (inputs + units, 2 * units),
        "gates/bias": (2 * units,),
        "candidate/kernel": (inputs + units, units),
        "candidate/bias": (units,),
    }


def cudnn_gru(inputs, units):
    return {
        "gates/kernel": (inputs + units, 2 * units),
        "gates/bias": (2 * units,),
        "candidate/input_projection/kernel": (inputs, units),
        "candidate/input_projection/bias": (units,),
        "candidate/hidden_projection/kernel": (units, units),
        "candidate/hidden_projection/bias": (units,),
    }


def layer_norm(inputs, units):
    gates = ("input", "transform", "forget", "output", "state")
    norms = {f"{gate}/{part}": (units,) for gate in gates for part in ("gamma", "beta")}
    return {"kernel": (inputs + units, 4 * units), **norms}


def peepholes(inputs, units):
    return {**lstm(inputs, units), "w_f_diag": (units,), "w_i_diag": (units,), "w_o_diag": (units,)}


FAMILIES = {
    ("basic_rnn_cell", "BasicRNN"): plain,
    ("basic_lstm_cell", "LSTM"): lstm,
    ("lstm_cell", "LSTM"): peepholes,
    ("gru_cell", "GRU"): gru,
    ("cudnn_compatible_gru_cell", "CudnnCompatibleGRU"): cudnn_gru,
    ("cudnn_compatible_lstm_cell", "CudnnCompatibleLSTM"): lstm,
    ("layer_norm_basic_lstm_cell", "LayerNormBasicLSTM"): layer_norm,
    ("ugrnn_cell", "UGRNN"): lambda d, n: {"kernel": (d + n, 2 * n), "bias": (2 * n,)},
    ("nas_cell", "NAS"): lambda d, n: {"kernel": (d, 8 * n), "recurrent_kernel": (n, 8 * n)},
    ("sru_cell", "SRU"): lambda d, n: {"kernel": (d, 4 * n), "bias": (2 * n,)},
    ("ind_rnn_cell", "IndRNN"): lambda d, n: {"kernel_w": (d, n), "kernel_u": (1, n), "bias": (n,)},
    ("indy_lstm_cell", "IndyLSTM"): lambda d, n: {
        "kernel_w": (d, 4 * n), "kernel_u": (1, 4 * n), "bias": (4 * n,),
    },
    ("coupled_input_forget_gate_lstm_cell", "CoupledInputForgetGateLSTM"): lambda d, n: {
        "W_0": (d + n, 3 * n), "B": (3 * n,),
    },
    ("conv_1d_lstm_cell", "Conv1DLSTM"): lambda d, n: {"kernel": (5, d + n, 4 * n), "biases": (4 * n,)},
    ("conv_3d_lstm_cell", "Conv3DLSTM"): lambda d, n: {"kernel": (2, 2, 2, d + n, 4 * n), "biases": (4 * n,)},
    ("minimal_rnn_cell", "MinimalRNN"): lambda d, n: {"kernel": (d + 2 * n, n), "bias": (n,)},
    ("cfn_cell", "CFN"): lambda d, n: {
        "kernel": (d, 3 * n), "recurrent_kernel": (n, 2 * n), "bias": (2 * n,),
    },
    ("lstm", "KerasLSTM"): lambda d, n: {
        "kernel": (d, 4 * n), "recurrent_kernel": (n, 4 * n), "bias": (4 * n,),
    },
    ("gru", "KerasGRU"): lambda d, n: {
        "kernel": (d, 3 * n), "recurrent_kernel": (n, 3 * n), "bias": (3 * n,),
    },
}  # fmt: skip

sizes = st.integers(1, 600)
scopes = st.lists(
    st.sampled_from(["model", "rnn", "encoder", "bidirectional_rnn", "fw", "multi_rnn_cell", "cell_0", "a"]),
    max_size=4,
).map("/".join)
dense_names = st.sampled_from(["dense", "output", "fc1", "softmax/linear", "conv2d", "embedding"])


@st.composite
def beside(draw):
    """Dense layers, with the shapes of LSTMs or any, and what optimizers make of those."""
    inputs, units = draw(sizes), draw(sizes)
    layer = draw(st.sampled_from([lstm(inputs, units), {"kernel": (inputs, units), "bias": (units,)}]))
    layer = under("/".join(filter(None, [draw(scopes), draw(dense_names)])), layer)
    return {**layer, **{f"{name}/Adam": shape for name, shape in layer.items()}}


@given(st.sampled_from(sorted(FAMILIES)), sizes, sizes, scopes, st.lists(beside(), max_size=3))
@settings(max_examples=150, deadline=None)
def test_a_cell_is_recognised_whatever_stands_beside_it(family, inputs, units, outer, others):
    name, expected = family
    scope = "/".join(filter(None, [outer, name]))
    made = under(scope, FAMILIES[family](inputs, units))
    slots = {f"{variable}/{slot}": shape for variable, shape in made.items() for slot in ("Adam", "Adam_1")}
    averages = {f"{variable}/ExponentialMovingAverage": shape for variable, shape in made.items()}
    everything = {
        **made,
        **slots,
        **averages,
        "beta1_power": (),
        "global_step": (),
        f"{scope}/scale": (units,),
    }
    for other in others:
        everything.update(other)
    (cell,) = recurrent_cells(everything)
    assert cell == RecurrentCell(
        scope, expected, inputs, units, {variable.removeprefix(f"{scope}/"): variable for variable in made},
        use_peepholes=any("_diag" in variable for variable in made),
    )  # fmt: skip


PARTS = [
    "kernel", "bias", "gates", "candidate", "W_0", "B", "rnn", "lstm_cell", "part_0", "x", "group0", "Adam",
    "carry_w", "carry_b", "embedding_wrapper", "embedding", "recurrent_kernel", ".ATTRIBUTES", "W_f_0_0",
    "VARIABLE_VALUE", "B_f_0",
]  # fmt: skip


@given(
    st.dictionaries(
        st.lists(st.sampled_from(["", *PARTS]), min_size=1, max_size=4).map("/".join),
        st.lists(st.integers(0, 2**62), max_size=4).map(tuple),
        max_size=8,
    )
)
@example({"/carry_w": ()})
@example({"/carry_w": (), "carry_w": (), "/carry_b": ()})
@settings(max_examples=100, deadline=None)
def test_any_names_and_shapes_are_taken(variables):
    assert all(set(wrapper.variables.values()) <= variables.keys() for wrapper in cell_wrappers(variables))
    for cell in recurrent_cells(variables):
        assert cell.input_size >= 1
        assert cell.num_units >= 1
        assert set(cell.variables.values()) <= variables.keys()


@pytest.mark.parametrize("shape", [(), (4,), (1, 2, 3, 4, 5, 6)])
@pytest.mark.parametrize("scope", ["rnn/x", "cell", "lstm", "rnn/gru_cell", "rnn/my_basic_rnn"])
def test_shapes_of_another_rank_are_no_cell(scope, shape):
    assert told(under(scope, {"kernel": shape, "bias": shape})) == []


def test_names_made_to_take_long_do_not():
    """A checkpoint is untrusted: its names may be long, and be made for regular expressions."""
    digits = "1" * 50_000
    deep = "a/" * 100_000
    attention = [f"attention_cell_wrapper/{name}" for name in ("kernel", "bias", "attention/kernel")]
    names = [
        f"lstm{digits}x/kernel", f"lstm{digits}x/bias", f"lstm_{'_1' * 50_000}x/kernel", f"{deep}Momentum",
        f"rnn/lstm_cell/kernel/part_{digits}", f"rnn/lstm_cell/W_{digits}", f"cell_{digits}/kernel",
        f"{deep}ExponentialMovingAverage", f"Adam/{deep}kernel", f"rnn/{'_' * 50_000}/kernel",
        *(f"{scope}/{name}" for scope in range(2000) for name in ("W_f_0_0", "B_f_0", "W_t_0_0")),
        *(f"{scope}/{name}" for scope in range(2000) for name in attention),
    ]  # fmt: skip
    start = time.process_time()
    variables = {name: (16,) if name.endswith(("bias", "B_f_0")) else (10, 16) for name in names}
    assert len(recurrent_cells(variables)) == 2000
    assert len(cell_wrappers(variables)) == 2000
    assert time.process_time() - start < 5


# -- slots
SLOTS = [
    "W/Adam", "W/Adam_1", "train/W/Adam", "W/Momentum", "W/RMSProp", "W/RMSProp_2", "W/Adagrad",
    "W/Adadelta_1", "W/Ftrl_1", "W/AdaMax", "W/LARSOptimizer", "W/adam_m", "W/adam_v", "beta1_power",
    "train/beta2_power_1",
    "W/ExponentialMovingAverage", "training/Adam/W/m", "Adam/v/W", "training/SGD/iterations", "Adam/beta_1",
    "moving_mean/biased", "train/OptimizeLoss/learning_rate", f"optimizer/iter{OBJECT}",
    f"W/.OPTIMIZER_SLOT/optimizer/m{OBJECT}",
]  # fmt: skip
MODEL = [
    "W", "moving_mean", "global_step", "dense/kernel", "bn/momentum", "bn/moving_variance", "Adam/rnn/kernel",
    "shadow/ExponentialMovingAverage", f"model/W{OBJECT}", "sgd", "Adam",
    f"optimizer/_trainable_variables/0{OBJECT}",
]  # fmt: skip


def test_slots_are_told_from_the_model():
    names = SLOTS + MODEL
    assert [name for name in names if is_optimizer_slot(name, names)] == SLOTS


def test_recognising_needs_no_torch():
    program = (
        "import sys\nfrom ostinato.interop.recognition import recurrent_cells\n"
        "assert recurrent_cells({'lstm/kernel': (76, 256), 'lstm/bias': (256,)})\n"
        "sys.exit(', '.join({'torch', 'numpy'} & sys.modules.keys()) or 0)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
