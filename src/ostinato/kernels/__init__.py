"""Whole-sequence kernels behind the torch dispatcher: `torch.ops.ostinato.{lstm, gru, gru_reset_after,
basic_rnn}`.
"""

from ostinato.kernels.dropout import step_uniform
from ostinato.kernels.ops import has_sequence_op, sequence

__all__ = ["has_sequence_op", "sequence", "step_uniform"]
