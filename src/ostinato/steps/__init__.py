"""The one truth: each family's maths as a pure function of tensors, and the parameters that it needs.

A family is a frozen dataclass of plain options, so it can be compared, pickled and written into a graph.
Everything else (cells, sequence ops, the TensorFlow 1 face) is a shell over it.
"""

from ostinato.steps.basic_rnn import BasicRNN
from ostinato.steps.family import Family, Parameter
from ostinato.steps.grid_lstm import BidirectionalGridLSTM, GridLSTM
from ostinato.steps.gru import GRU
from ostinato.steps.gru_reset_after import ResetAfterGRU
from ostinato.steps.lstm import LSTM
from ostinato.steps.time_freq_lstm import TimeFreqLSTM

__all__ = [
    "GRU",
    "LSTM",
    "BasicRNN",
    "BidirectionalGridLSTM",
    "Family",
    "GridLSTM",
    "Parameter",
    "ResetAfterGRU",
    "TimeFreqLSTM",
]
