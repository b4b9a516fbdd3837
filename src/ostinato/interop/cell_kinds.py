"""Which cells of a checkpoint each family reads, and where a variable has another name than the parameter."""

from __future__ import annotations

import re

from ostinato.steps import (
    CFN,
    GRU,
    NAS,
    SRU,
    UGRNN,
    BasicRNN,
    BidirectionalGridLSTM,
    ConvLSTM,
    CoupledLSTM,
    GridLSTM,
    GroupLSTM,
    IndRNN,
    IndyGRU,
    IndyLSTM,
    IntersectionRNN,
    MinimalRNN,
    PhasedLSTM,
    ResetAfterGRU,
    TimeFreqLSTM,
    WeightNormLSTM,
)

GRU_BLOCK = {
    "gates/kernel": "w_ru",
    "gates/bias": "b_ru",
    "candidate/kernel": "w_c",
    "candidate/bias": "b_c",
}
"""A GRU's parameters by the names that GRUBlockCell gives them."""
LSTM_OPTIONS = {
    "bias": "layer_norm=False",
    "w_f_diag": "use_peepholes=True",
    "w_i_diag": "use_peepholes=True",
    "w_o_diag": "use_peepholes=True",
    "projection/kernel": "num_proj=...",
    "input/gamma": "layer_norm=True",
    "state/gamma": "layer_norm=True",
}
"""Parameters of which an LSTM may have some, and the option of LSTMCell that makes them."""

KINDS: dict[type, tuple[str, ...]] = {
    BasicRNN: ("BasicRNN",),
    BidirectionalGridLSTM: ("GridLSTM",),
    CFN: ("CFN",),
    CoupledLSTM: ("CoupledInputForgetGateLSTM",),
    ConvLSTM: ("Conv1DLSTM", "Conv2DLSTM", "Conv3DLSTM"),
    GRU: ("GRU", "GRUBlock"),
    GridLSTM: ("GridLSTM",),
    GroupLSTM: ("GLSTM",),
    IndRNN: ("IndRNN",),
    IndyGRU: ("IndyGRU",),
    IndyLSTM: ("IndyLSTM",),
    IntersectionRNN: ("IntersectionRNN",),
    MinimalRNN: ("MinimalRNN",),
    NAS: ("NAS",),
    PhasedLSTM: ("PhasedLSTM",),
    ResetAfterGRU: ("CudnnCompatibleGRU",),
    SRU: ("SRU",),
    TimeFreqLSTM: ("TimeFreqLSTM",),
    UGRNN: ("UGRNN",),
    WeightNormLSTM: ("WeightNormLSTM",),
}
"""The kinds of recurrent cell in a checkpoint that a family reads; for an LSTM its options say which."""
OPTIONAL = ("bias", "biases", "projection/kernel", "projection_weights", "in_projection/kernel")
"""Parameters that cells have with one option and not with another."""

_SHARDED = re.compile(r"((fwd|bwd)/)?W_(P_|[ft]_\d+_)?0")
"""Parameters that cells of 2016 keep in `W_0`, `W_1`, ...: as many variables as they were told."""


def is_piece(own: str, parameter: str) -> bool:
    """Whether a variable is a part of a parameter: `kernel/part_1`, or `W_1` of what begins with `W_0`."""
    if _SHARDED.fullmatch(parameter):
        return re.fullmatch(rf"{parameter[:-1]}\d+", own) is not None
    return own.startswith(f"{parameter}/part_")
