"""Recurrent cells: the protocol, thin modules over each family of `ostinato.steps`, and the wrappers."""

from ostinato.cells.attention import AttentionCellWrapper
from ostinato.cells.base import RNNCell, check_cell
from ostinato.cells.dropout import DropoutWrapper
from ostinato.cells.embedding import EmbeddingWrapper
from ostinato.cells.family import BoundCell
from ostinato.cells.family_cells import BasicLSTMCell, BasicRNNCell, GRUCell, LSTMCell
from ostinato.cells.grid_cells import BidirectionalGridLSTMCell, GridLSTMCell, TimeFreqLSTMCell
from ostinato.cells.highway import HighwayWrapper
from ostinato.cells.lowering import RunSequence, SequenceContext, is_transformed, lower
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
    "BasicLSTMCell",
    "BasicRNNCell",
    "BidirectionalGridLSTMCell",
    "BoundCell",
    "CoupledInputForgetGateLSTMCell",
    "DropoutWrapper",
    "EmbeddingWrapper",
    "GRUCell",
    "GridLSTMCell",
    "HighwayWrapper",
    "InputProjectionWrapper",
    "LSTMCell",
    "LayerNormBasicLSTMCell",
    "MultiRNNCell",
    "NTMCell",
    "NTMControllerState",
    "OutputProjectionWrapper",
    "RNNCell",
    "RecurrentDropout",
    "ResidualWrapper",
    "Run",
    "RunSequence",
    "SequenceContext",
    "StepPosition",
    "TimeFreqLSTMCell",
    "WeightNormLSTMCell",
    "ZoneoutWrapper",
    "check_cell",
    "current_position",
    "is_transformed",
    "lower",
]
