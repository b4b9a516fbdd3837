"""Ostinato: recurrent networks on PyTorch, and TensorFlow 1's recurrent system brought to life again.

The public names are resolved when first used, so that `import ostinato` loads no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ostinato import checkpoint, datasets, interop, kernels, tf1
    from ostinato._state import LSTMStateTuple, detach_state
    from ostinato._summary import summary
    from ostinato.cells import (
        AttentionCellWrapper,
        BasicLSTMCell,
        BasicRNNCell,
        BidirectionalGridLSTMCell,
        CFNCell,
        ConvLSTMCell,
        CoupledInputForgetGateLSTMCell,
        DropoutWrapper,
        EmbeddingWrapper,
        GLSTMCell,
        GridLSTMCell,
        GRUCell,
        HighwayWrapper,
        IndRNNCell,
        IndyGRUCell,
        IndyLSTMCell,
        InputProjectionWrapper,
        IntersectionRNNCell,
        LayerNormBasicLSTMCell,
        LSTMCell,
        MinimalRNNCell,
        MultiRNNCell,
        NASCell,
        NTMCell,
        NTMControllerState,
        OutputProjectionWrapper,
        PhasedLSTMCell,
        ResidualWrapper,
        RNNCell,
        SRUCell,
        TimeFreqLSTMCell,
        UGRNNCell,
        WeightNormLSTMCell,
        ZoneoutWrapper,
    )
    from ostinato.drivers import (
        bidirectional_dynamic_rnn,
        dynamic_rnn,
        plan_memory,
        raw_rnn,
        static_bidirectional_rnn,
        static_rnn,
    )
    from ostinato.layers import GRU, LSTM, RNN, LSTMOutputs
    from ostinato.memory import MemoryLimitError, MemoryPlan

__version__ = "0.1.0"

_HOMES = {
    "ostinato._state": ["LSTMStateTuple", "detach_state"],
    "ostinato._summary": ["summary"],
    "ostinato.cells": [
        "AttentionCellWrapper",
        "BasicLSTMCell",
        "BasicRNNCell",
        "BidirectionalGridLSTMCell",
        "CFNCell",
        "ConvLSTMCell",
        "CoupledInputForgetGateLSTMCell",
        "DropoutWrapper",
        "EmbeddingWrapper",
        "GLSTMCell",
        "GRUCell",
        "GridLSTMCell",
        "HighwayWrapper",
        "IndRNNCell",
        "IndyGRUCell",
        "IndyLSTMCell",
        "InputProjectionWrapper",
        "IntersectionRNNCell",
        "LSTMCell",
        "LayerNormBasicLSTMCell",
        "MinimalRNNCell",
        "MultiRNNCell",
        "NASCell",
        "NTMCell",
        "NTMControllerState",
        "OutputProjectionWrapper",
        "PhasedLSTMCell",
        "RNNCell",
        "ResidualWrapper",
        "SRUCell",
        "TimeFreqLSTMCell",
        "UGRNNCell",
        "WeightNormLSTMCell",
        "ZoneoutWrapper",
    ],
    "ostinato.drivers": [
        "bidirectional_dynamic_rnn",
        "dynamic_rnn",
        "plan_memory",
        "raw_rnn",
        "static_bidirectional_rnn",
        "static_rnn",
    ],
    "ostinato.memory": ["MemoryLimitError", "MemoryPlan"],
    "ostinato.layers": ["GRU", "LSTM", "LSTMOutputs", "RNN"],
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}
_MODULES = ["checkpoint", "datasets", "interop", "kernels", "tf1"]

__all__ = [
    "AttentionCellWrapper",
    "BasicLSTMCell",
    "BasicRNNCell",
    "BidirectionalGridLSTMCell",
    "CFNCell",
    "ConvLSTMCell",
    "CoupledInputForgetGateLSTMCell",
    "DropoutWrapper",
    "EmbeddingWrapper",
    "GLSTMCell",
    "GRU",
    "GRUCell",
    "GridLSTMCell",
    "HighwayWrapper",
    "IndRNNCell",
    "IndyGRUCell",
    "IndyLSTMCell",
    "InputProjectionWrapper",
    "IntersectionRNNCell",
    "LSTM",
    "LSTMCell",
    "LSTMOutputs",
    "LSTMStateTuple",
    "LayerNormBasicLSTMCell",
    "MemoryLimitError",
    "MemoryPlan",
    "MinimalRNNCell",
    "MultiRNNCell",
    "NASCell",
    "NTMCell",
    "NTMControllerState",
    "OutputProjectionWrapper",
    "PhasedLSTMCell",
    "RNN",
    "RNNCell",
    "ResidualWrapper",
    "SRUCell",
    "TimeFreqLSTMCell",
    "UGRNNCell",
    "WeightNormLSTMCell",
    "ZoneoutWrapper",
    "__version__",
    "bidirectional_dynamic_rnn",
    "checkpoint",
    "datasets",
    "detach_state",
    "dynamic_rnn",
    "interop",
    "kernels",
    "plan_memory",
    "raw_rnn",
    "static_bidirectional_rnn",
    "static_rnn",
    "summary",
    "tf1",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"ostinato.{name}")
    if name not in _HOME_OF:
        raise AttributeError(f"module 'ostinato' has no attribute {name!r}")
    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
