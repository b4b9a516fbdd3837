"""Whole-sequence kernels behind the torch dispatcher: `torch.ops.ostinato.{lstm, gru, gru_reset_after,
basic_rnn}`.
"""

from ostinato.kernels.availability import Available, available
from ostinato.kernels.chunks import SequenceWork
from ostinato.kernels.dropout import step_uniform
from ostinato.kernels.eager import beside, run_sequences, run_side_by_side, sequence
from ostinato.kernels.native.sequences import SequenceRun
from ostinato.kernels.ops import has_sequence_op
from ostinato.kernels.reversal import ReverseOrder, reverse_sequence
from ostinato.kernels.step import lstm_step
from ostinato.kernels.step import runs as has_step_kernel
from ostinato.kernels.trained import trained_step

__all__ = [
    "Available",
    "ReverseOrder",
    "SequenceRun",
    "SequenceWork",
    "available",
    "beside",
    "has_sequence_op",
    "has_step_kernel",
    "lstm_step",
    "reverse_sequence",
    "run_sequences",
    "run_side_by_side",
    "sequence",
    "step_uniform",
    "trained_step",
]
