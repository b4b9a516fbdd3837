"""What variables each kind of TensorFlow cell makes: names below its scope, and shapes.

A shape is written in letters: D inputs, n units, m outputs (the projection's, or n where there is none), p
anything. `4n` is four times the units. A name with `*` stands for numbered pieces: shards of a matrix, joined
along its rows, or the groups of a GLSTM, joined along both axes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

Term = tuple[tuple[str, int], ...]  # letters with their factors; the letter of a plain number is ""


class Evidence(Enum):
    """What must be there, besides fitting shapes, to call variables a cell."""

    VARIABLES = "its variables are like no other's"
    SCOPE = "the scope has the cell's name, or is a driver's"
    NAME = "the scope has the cell's name"


@dataclass(frozen=True, eq=False)
class Layout:
    """A kind of cell as a checkpoint shows it.

    Attributes:
        family: the kind of cell.
        names: last parts of scopes that say it is this kind, lower case without underscores.
        shapes: parameter to shape; `optional` ones may be missing.
        spelling: parameter to name below the scope, where it is another name.
        projection: the optional parameter that makes m differ from n.
        leading: shapes have these many more axes at their front (a convolution's window).
        more: names below the scope that belong to the cell, too, whatever their shapes are.
    """

    family: str
    names: frozenset[str]
    shapes: Mapping[str, tuple[Term, ...]]
    optional: frozenset[str] = frozenset()
    evidence: Evidence = Evidence.VARIABLES
    spelling: Mapping[str, str] = field(default_factory=dict)
    projection: str | None = None
    leading: int = 0
    more: re.Pattern[str] | None = None

    def spelled(self, parameter: str) -> str:
        return self.spelling.get(parameter, parameter)


def _shape(text: str) -> tuple[Term, ...]:
    terms = []
    for axis in text.split():
        parts = [re.fullmatch(r"(\d*)([A-Za-z]?)", part) for part in axis.split("+")]
        terms.append(tuple((part[2], int(part[1] or 1)) for part in parts if part is not None))
    return tuple(terms)


def _layout(
    family: str,
    names: str,
    required: Mapping[str, str],
    optional: Mapping[str, str] | None = None,
    **options: object,
) -> Layout:
    optional = optional or {}
    shapes = {parameter: _shape(text) for parameter, text in {**required, **optional}.items()}
    known = frozenset(names.split())
    return Layout(family, known, shapes, frozenset(optional), **options)  # type: ignore[arg-type]


_PEEPHOLES = {"w_f_diag": "n", "w_i_diag": "n", "w_o_diag": "n"}
_LSTM_OPTIONAL = {**_PEEPHOLES, "projection/kernel": "n m"}
_LSTM = {"kernel": "D+m 4n", "bias": "4n"}


def _norms(*gates: str) -> dict[str, str]:
    return {f"{gate}/{part}": "n" for gate in gates for part in ("gamma", "beta")}


_GATE_NORMS = _norms("input", "transform", "forget", "output")
_STATE_NORM = _norms("state")

_GRID = re.compile(r"[WB]_[ft]_\d+(_\d+)?|W_[FIO]_diag_(freq|time)[ft]_\d+")

# Names by which the newest TensorFlow 1 saves each kind.
_CURRENT = [
    _layout(
        "LSTM",
        "basiclstmcell lstmcell lstmblockcell lstmfusedcell lstmblockfusedcell lstmblockwrapper",
        _LSTM,
        _LSTM_OPTIONAL,
        evidence=Evidence.SCOPE,
        projection="projection/kernel",
    ),
    _layout("CudnnCompatibleLSTM", "cudnncompatiblelstmcell", _LSTM, evidence=Evidence.NAME),
    _layout(
        "LayerNormBasicLSTM",
        "layernormbasiclstmcell",
        {"kernel": "D+n 4n", **_GATE_NORMS, **_STATE_NORM},
    ),
    # Without normalisation they keep their names, and are LSTMs.
    _layout(
        "LSTM",
        "layernormbasiclstmcell layernormlstmcell wnlstmcell",
        _LSTM,
        _LSTM_OPTIONAL,
        evidence=Evidence.NAME,
        projection="projection/kernel",
    ),
    _layout(
        "LayerNormLSTM",
        "layernormlstmcell",
        {**_LSTM, **_GATE_NORMS},
        {**_STATE_NORM, **_LSTM_OPTIONAL},
        projection="projection/kernel",
    ),
    _layout(
        "WeightNormLSTM",
        "wnlstmcell",
        {"kernel": "D+m 4n", "norm_0": "4n", "norm_1": "4n"},
        {"bias": "4n", **_LSTM_OPTIONAL, "projection/norm_0": "m"},
        projection="projection/kernel",
    ),
    _layout("BasicRNN", "basicrnncell", {"kernel": "D+n n", "bias": "n"}, evidence=Evidence.NAME),
    _layout(
        "GRU",
        "grucell grublockcellv2",
        {"gates/kernel": "D+n 2n", "gates/bias": "2n", "candidate/kernel": "D+n n", "candidate/bias": "n"},
    ),
    _layout("GRUBlock", "grucell grublockcell", {"w_ru": "D+n 2n", "b_ru": "2n", "w_c": "D+n n", "b_c": "n"}),
    _layout(
        "CudnnCompatibleGRU",
        "cudnncompatiblegrucell",
        {
            "gates/kernel": "D+n 2n",
            "gates/bias": "2n",
            "candidate/input_projection/kernel": "D n",
            "candidate/input_projection/bias": "n",
            "candidate/hidden_projection/kernel": "n n",
            "candidate/hidden_projection/bias": "n",
        },
    ),
    _layout(
        "CoupledInputForgetGateLSTM",
        "coupledinputforgetgatelstmcell",
        {"W_*": "D+m 3n", "B": "3n"},
        {
            "W_F_diag": "n",
            "W_O_diag": "n",
            "W_P_*": "n m",
            **_norms("transform", "forget", "output"),
            **_STATE_NORM,
        },
        evidence=Evidence.NAME,
        projection="W_P_*",
    ),
    _layout(
        "TimeFreqLSTM",
        "timefreqlstmcell",
        {"W_*": "D+2n 4n", "B": "4n"},
        {"W_F_diag": "n", "W_I_diag": "n", "W_O_diag": "n"},
        evidence=Evidence.NAME,
    ),
    *(
        _layout(
            "GridLSTM",
            "gridlstmcell fwd bwd",
            {"W_f_0_*": f"D+2n {gates}n", "B_f_0": f"{gates}n"},
            {"W_I_diag_freqf_0": "n"},
            more=_GRID,
        )
        for gates in (4, 3)  # 3: the input and the forget gate are coupled
    ),
    _layout(
        "NAS",
        "nascell nasrnn",
        {"kernel": "D 8n", "recurrent_kernel": "m 8n"},
        {"bias": "8n", "projection_weights": "n m"},
        projection="projection_weights",
    ),
    _layout("UGRNN", "ugrnncell", {"kernel": "D+n 2n", "bias": "2n"}, evidence=Evidence.NAME),
    _layout(
        "IntersectionRNN",
        "intersectionrnncell",
        {"in_projection/kernel": "D n", "in_projection/bias": "n", "kernel": "2n 4n", "bias": "4n"},
    ),
    _layout(
        "IntersectionRNN", "intersectionrnncell", {"kernel": "2n 4n", "bias": "4n"}, evidence=Evidence.NAME
    ),
    _layout(
        "GLSTM",
        "glstmcell",
        {"group*/kernel": "D+m 4n", "bias_i": "n", "bias_j": "n", "bias_f": "n", "bias_o": "n"},
        {"projection/kernel": "n m"},
        projection="projection/kernel",
    ),
    _layout("SRU", "srucell", {"kernel": "D 4n", "bias": "2n"}, evidence=Evidence.SCOPE),
    # These two differ in nothing but the name.
    _layout(
        "IndRNN", "indrnncell", {"kernel_w": "D n", "kernel_u": "1 n", "bias": "n"}, evidence=Evidence.NAME
    ),
    _layout(
        "IndyLSTM",
        "indylstmcell",
        {"kernel_w": "D 4n", "kernel_u": "1 4n", "bias": "4n"},
        evidence=Evidence.NAME,
    ),
    _layout(
        "IndyGRU",
        "indygrucell",
        {
            "gates/kernel_w": "D 2n",
            "gates/kernel_u": "1 2n",
            "gates/bias": "2n",
            "candidate/kernel": "D n",
            "candidate/kernel_u": "1 n",
            "candidate/bias": "n",
        },
    ),
    _layout("MinimalRNN", "minimalrnncell", {"kernel": "D+2n n", "bias": "n"}, evidence=Evidence.NAME),
    _layout("CFN", "cfncell", {"kernel": "D 3n", "recurrent_kernel": "n 2n", "bias": "2n"}),
    *(
        _layout(
            "PhasedLSTM",
            "phasedlstmcell",
            {
                "mask_gates/kernel": f"{rows} 2n",
                "mask_gates/bias": "2n",
                "new_input/kernel": "D+n n",
                "new_input/bias": "n",
                "output_gate/kernel": f"{rows} n",
                "output_gate/bias": "n",
                "period": "n",
                "phase": "n",
                "ratio_on": "n",
            },
        )
        for rows in ("D+n", "D+2n")  # with peepholes the gates see c as well
    ),
]

# Keras keeps the two halves of a kernel apart. Its LSTM has the gates in the order i, f, c, o.
_KERAS = [
    _layout("KerasLSTM", "lstm lstmcell", {"kernel": "D 4n", "recurrent_kernel": "n 4n"}, {"bias": "4n"}),
    _layout("KerasCuDNNLSTM", "cudnnlstm", {"kernel": "D 4n", "recurrent_kernel": "n 4n", "bias": "8n"}),
    _layout("KerasGRU", "gru grucell", {"kernel": "D 3n", "recurrent_kernel": "n 3n"}, {"bias": "3n"}),
    _layout(  # reset_after=True
        "KerasGRU", "gru grucell", {"kernel": "D 3n", "recurrent_kernel": "n 3n", "bias": "2 3n"}
    ),
    _layout("KerasCuDNNGRU", "cudnngru", {"kernel": "D 3n", "recurrent_kernel": "n 3n", "bias": "6n"}),
    _layout(
        "KerasSimpleRNN",
        "simplernn simplernncell",
        {"kernel": "D n", "recurrent_kernel": "n n"},
        {"bias": "n"},
    ),
    _layout(
        "KerasConvLSTM2D",
        "convlstm2d convlstm2dcell",
        {"kernel": "D 4n", "recurrent_kernel": "n 4n"},
        {"bias": "4n"},
        leading=2,
    ),
]

_CONVOLUTIONS = [
    _layout(
        f"Conv{axes}DLSTM",
        f"conv{axes}dlstmcell convlstmcell",
        {"kernel": "D+n 4n", **biases},
        evidence=Evidence.NAME,
        leading=axes,
    )
    for axes in (1, 2, 3)
    for biases in ({"biases": "4n"}, {})
]


def _respelled(layout: Layout, spelling: Mapping[str, str]) -> Layout:
    return replace(layout, spelling={name: spelling[name] for name in layout.shapes if name in spelling})


def _old_spellings() -> list[Layout]:
    """TensorFlow 1.2 renamed `weights` to `kernel` and `biases` to `bias`; TensorFlow 0 had other names."""
    renamed = []
    for layout in _CURRENT:
        spelling = {
            name: re.sub(r"kernel\b", "weights", re.sub(r"\bbias\b", "biases", name))
            for name in layout.shapes
        }
        if any(name != other for name, other in spelling.items()):
            renamed.append(_respelled(layout, {name: new for name, new in spelling.items() if name != new}))
    linear = {"kernel": "Linear/Matrix", "bias": "Linear/Bias"}
    gated = {
        f"{gate}/{name}": f"{gate.capitalize()}/{old}"
        for gate in ("gates", "candidate")
        for name, old in linear.items()
    }
    first = {
        "kernel": "W_*",
        "bias": "B",
        "w_f_diag": "W_F_diag",
        "w_i_diag": "W_I_diag",
        "w_o_diag": "W_O_diag",
        "projection/kernel": "W_P_*",
    }
    by_family = {layout.family: layout for layout in reversed(_CURRENT)}
    return [
        *renamed,
        _respelled(by_family["LSTM"], linear),
        replace(_respelled(by_family["LSTM"], first), evidence=Evidence.NAME),
        _respelled(by_family["BasicRNN"], linear),
        _respelled(by_family["GRU"], gated),
    ]


LAYOUTS: tuple[Layout, ...] = (*_CURRENT, *_KERAS, *_CONVOLUTIONS, *_old_spellings())
