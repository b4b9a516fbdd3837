"""Recurrent cells: the protocol, thin modules over each family of `ostinato.steps`, and the wrappers."""

from ostinato.cells.attention import AttentionCellWrapper
from ostinato.cells.attention_mechanisms import (
    AttentionMechanism,
    BahdanauAttention,
    BahdanauMonotonicAttention,
    LuongAttention,
    LuongMonotonicAttention,
)
from ostinato.cells.attention_wrapper import AttentionWrapper, AttentionWrapperState
from ostinato.cells.base import RNNCell, check_cell
from ostinato.cells.dropout import DropoutWrapper
from ostinato.cells.embedding import EmbeddingWrapper
from ostinato.cells.family import BoundCell
from ostinato.cells.family_cells import BasicLSTMCell, BasicRNNCell, GRUCell, LSTMCell
from ostinato.cells.gated_cells import (
    CFNCell,
    IntersectionRNNCell,
    MinimalRNNCell,
    NASCell,
    SRUCell,
    UGRNNCell,
)
from ostinato.cells.grid_cells import BidirectionalGridLSTMCell, GridLSTMCell, TimeFreqLSTMCell
from ostinato.cells.highway import HighwayWrapper
from ostinato.cells.independent_cells import IndRNNCell, IndyGRUCell, IndyLSTMCell
from ostinato.cells.lowering import (
    RunSequence,
    SequenceContext,
    has_known_values,
    is_transformed,
    lower,
)
from ostinato.cells.lstm_kin import ConvLSTMCell, GLSTMCell, PhasedLSTMCell
from ostinato.cells.lstm_variants import (
    CoupledInputForgetGateLSTMCell,
    LayerNormBasicLSTMCell,
    WeightNormLSTMCell,
)
from ostinato.cells.multi import MultiRNNCell
from ostinato.cells.neural_turing_machine import NTMCell, NTMControllerState
from ostinato.cells.projection import InputProjectionWrapper, OutputProjectionWrapper
from ostinato.cells.recurrent_dropout import RecurrentDropout
from ostinato.cells.residual import ResidualWrapper
from ostinato.cells.run import Run, StepPosition, current_position
from ostinato.cells.zoneout import ZoneoutWrapper

__all__ = [
    "AttentionCellWrapper",
    "AttentionMechanism",
    "AttentionWrapper",
    "AttentionWrapperState",
    "BahdanauAttention",
    "BahdanauMonotonicAttention",
    "BasicLSTMCell",
    "BasicRNNCell",
    "BidirectionalGridLSTMCell",
    "BoundCell",
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
    "LuongAttention",
    "LuongMonotonicAttention",
    "MinimalRNNCell",
    "MultiRNNCell",
    "NASCell",
    "NTMCell",
    "NTMControllerState",
    "OutputProjectionWrapper",
    "PhasedLSTMCell",
    "RNNCell",
    "RecurrentDropout",
    "ResidualWrapper",
    "Run",
    "RunSequence",
    "SRUCell",
    "SequenceContext",
    "StepPosition",
    "TimeFreqLSTMCell",
    "UGRNNCell",
    "WeightNormLSTMCell",
    "ZoneoutWrapper",
    "check_cell",
    "current_position",
    "has_known_values",
    "is_transformed",
    "lower",
]
