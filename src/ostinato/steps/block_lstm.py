"""The LSTM of TF1's block operations (`tf.contrib.rnn.LSTMBlockCell`, `tf.contrib.rnn.LSTMBlockFusedCell`)
where it clips its cells: their gradients pass the clip by, where `LSTM`'s are zero for what was clipped.

Without `cell_clip` the two are the same, and `LSTM` has the faster kernels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ostinato.steps.lstm import LSTM


@dataclass(frozen=True)
class BlockLSTM(LSTM):
    def _clipped(self, c: Tensor, bound: float) -> Tensor:
        clipped: Tensor = _StraightThroughClip.apply(c, bound)  # type: ignore[no-untyped-call]
        return clipped


class _StraightThroughClip(torch.autograd.Function):
    """Clip forwards, the identity backwards."""

    generate_vmap_rule = True

    @staticmethod
    def forward(value: Tensor, bound: float) -> Tensor:
        return torch.clamp(value, -bound, bound)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """Nothing of the forward pass is needed backwards."""

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        return gradients[0], None

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        return tangents[0].clone()
