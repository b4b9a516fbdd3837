"""Recurrent cells: the protocol, thin modules over each family of `ostinato.steps`, and the wrappers."""

from ostinato.cells.base import RNNCell, StepPosition, check_cell, step_cell
from ostinato.cells.dropout import DropoutWrapper
from ostinato.cells.family_cells import BasicLSTMCell, BasicRNNCell, BoundCell, GRUCell, LSTMCell
from ostinato.cells.lowering import SequenceContext, lower
from ostinato.cells.multi import MultiRNNCell
from ostinato.cells.residual import ResidualWrapper

__all__ = [
    "BasicLSTMCell",
    "BasicRNNCell",
    "BoundCell",
    "DropoutWrapper",
    "GRUCell",
    "LSTMCell",
    "MultiRNNCell",
    "RNNCell",
    "ResidualWrapper",
    "SequenceContext",
    "StepPosition",
    "check_cell",
    "lower",
    "step_cell",
]
