"""The one truth: each family's maths as a pure function of tensors, and the parameters that it needs.

A family is a frozen dataclass of plain options, so it can be compared, pickled and written into a graph.
Everything else (cells, sequence ops, the TensorFlow 1 face) is a shell over it.
"""

from ostinato.steps.basic_rnn import BasicRNN
from ostinato.steps.block_lstm import BlockLSTM
from ostinato.steps.conv_lstm import ConvLSTM
from ostinato.steps.coupled_lstm import CoupledLSTM
from ostinato.steps.family import Family, Parameter
from ostinato.steps.grid_lstm import BidirectionalGridLSTM, GridLSTM
from ostinato.steps.group_lstm import GroupLSTM
from ostinato.steps.gru import GRU
from ostinato.steps.gru_reset_after import ResetAfterGRU
from ostinato.steps.independent import IndRNN, IndyGRU, IndyLSTM
from ostinato.steps.lstm import LSTM
from ostinato.steps.minimal import CFN, MinimalRNN
from ostinato.steps.nas import NAS
from ostinato.steps.phased_lstm import PhasedLSTM
from ostinato.steps.sru import SRU
from ostinato.steps.time_freq_lstm import TimeFreqLSTM
from ostinato.steps.update_gate import UGRNN, IntersectionRNN
from ostinato.steps.weight_norm_lstm import WeightNormLSTM

__all__ = [
    "BasicRNN",
    "BidirectionalGridLSTM",
    "BlockLSTM",
    "CFN",
    "ConvLSTM",
    "CoupledLSTM",
    "Family",
    "GRU",
    "GridLSTM",
    "GroupLSTM",
    "IndRNN",
    "IndyGRU",
    "IndyLSTM",
    "IntersectionRNN",
    "LSTM",
    "MinimalRNN",
    "NAS",
    "Parameter",
    "PhasedLSTM",
    "ResetAfterGRU",
    "SRU",
    "TimeFreqLSTM",
    "UGRNN",
    "WeightNormLSTM",
]
