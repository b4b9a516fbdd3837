"""The cells that compute what cuDNN's layers compute, one step at a time (`tf.contrib.cudnn_rnn`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ostinato import steps

from ..rnn_cell_impl import GRUCell
from .block_cells import LSTMBlockCell

__all__ = ["CudnnCompatibleGRUCell", "CudnnCompatibleLSTMCell"]


class CudnnCompatibleLSTMCell(LSTMBlockCell):
    """`tf.contrib.rnn.LSTMBlockCell` without forget bias, in which the checkpoints of
    `tf.contrib.cudnn_rnn.CudnnLSTM` fit (TF1 symbol: `tf.contrib.cudnn_rnn.CudnnCompatibleLSTMCell`).
    """

    def __init__(self, num_units: int, reuse: Any = None) -> None:
        super().__init__(num_units, forget_bias=0.0, reuse=reuse, name="cudnn_compatible_lstm_cell")


class CudnnCompatibleGRUCell(GRUCell):
    """The GRU whose reset gate acts after the matmul, in which the checkpoints of
    `tf.contrib.cudnn_rnn.CudnnGRU` fit (TF1 symbol: `tf.contrib.cudnn_rnn.CudnnCompatibleGRUCell`).

    r, u = sigmoid([x, h] @ gates/kernel + gates/bias);  h' = u * h + (1 - u) * n, where n = tanh(x @ W + b +
    r * (h @ R + d)) with W, b in `candidate/input_projection` and R, d in `candidate/hidden_projection`.
    """

    _attributes = {
        "gates/kernel": "_gate_kernel",
        "gates/bias": "_gate_bias",
        "candidate/input_projection/kernel": "_candidate_input_kernel",
        "candidate/hidden_projection/kernel": "_candidate_hidden_kernel",
        "candidate/input_projection/bias": "_candidate_input_bias",
        "candidate/hidden_projection/bias": "_candidate_hidden_bias",
    }

    def __init__(self, num_units: int, reuse: Any = None, kernel_initializer: Any = None) -> None:
        super().__init__(num_units, reuse=reuse, kernel_initializer=kernel_initializer)

    def _family(self) -> Any:
        return steps.ResetAfterGRU(self._num_units, self._known_activation())

    def _parameters(self, depth: int) -> Sequence[steps.Parameter]:
        order = list(self._attributes)
        return sorted(super()._parameters(depth), key=lambda spec: order.index(spec.name))
