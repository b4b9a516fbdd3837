"""The readable reference: whole sequences in plain torch. Every faster kernel is compared with it, and it
serves where there is none.

`forward` runs the family's own step. The backward passes are written out by hand, because an op's kernel
runs below autograd; the tests hold them to the autograd of the step.
"""

from ostinato.kernels.reference.backward import Gradients, Incoming, Saved, in_chunks, own_copy
from ostinato.kernels.reference.basic_rnn import basic_rnn_backward
from ostinato.kernels.reference.forward import forward
from ostinato.kernels.reference.gru import gru_backward
from ostinato.kernels.reference.gru_reset_after import gru_reset_after_backward
from ostinato.kernels.reference.lstm import lstm_backward

__all__ = [
    "Gradients",
    "Incoming",
    "Saved",
    "basic_rnn_backward",
    "forward",
    "gru_backward",
    "gru_reset_after_backward",
    "in_chunks",
    "lstm_backward",
    "own_copy",
]
