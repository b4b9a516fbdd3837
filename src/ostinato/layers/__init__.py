"""Layers that drop in for `torch.nn.LSTM`, `GRU` and `RNN`: the same constructor, parameters and call.

Nothing is stepped here and no mathematics is written here: a layer turns its parameters into those of a
family of `ostinato.steps` and runs whole sequences. Parameters are read when a forward pass begins, so
whatever computes a weight (tying, parametrizations, pruning, `functional_call`) needs no support.
"""

from ostinato.layers.gru import GRU
from ostinato.layers.lstm import LSTM, LSTMOutputs
from ostinato.layers.rnn import RNN

__all__ = ["GRU", "LSTM", "RNN", "LSTMOutputs"]
