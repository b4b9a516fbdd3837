"""Whole-sequence kernels behind the torch dispatcher: `torch.ops.ostinato.{lstm, gru, gru_reset_after,
basic_rnn}`.
"""

from ostinato.kernels.availability import Available, available
from ostinato.kernels.dropout import step_uniform
from ostinato.kernels.ops import has_sequence_op, sequence

__all__ = ["Available", "available", "has_sequence_op", "sequence", "step_uniform"]
