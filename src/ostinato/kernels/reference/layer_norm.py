"""What layer normalisation adds to a backward pass that recomputes its forward pass."""

from __future__ import annotations

import torch
from torch import Tensor

from ostinato.kernels.reference.backward import own_copy
from ostinato.steps.layer_norm import epsilon


class Normalized:
    """`x` `[time, batch, ..., units]` normalised over the units, and the way back.

    `gamma` and `beta` have the shape `[..., units]`: a pair for each place on the axes between. Moments are
    taken in float32 at least, as in the forward pass. The walk writes the gradients of `values` into
    `gradients`.
    """

    def __init__(self, x: Tensor, gamma: Tensor, beta: Tensor) -> None:
        wide = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
        centred = wide - wide.mean(-1, keepdim=True)
        self._scale = torch.rsqrt(centred.square().mean(-1, keepdim=True) + epsilon(x.dtype))
        self._standard = centred * self._scale
        self._gamma = gamma.to(wide.dtype)
        self.values = (self._standard * gamma + beta).to(x.dtype)
        self.gradients = torch.empty_like(self.values)

    def backward(self, step: int) -> Tensor:
        """The gradient of `x[step]`, from that of `values[step]`."""
        standard = self._standard[step]
        scaled = self.gradients[step] * self._gamma
        # The mean and the variance depend on every unit: what passes through them is taken off.
        through_mean = scaled.mean(-1, keepdim=True)
        through_variance = standard * (scaled * standard).mean(-1, keepdim=True)
        return ((scaled - through_mean - through_variance) * self._scale[step]).to(self.values.dtype)

    def parameter_gradients(self) -> list[Tensor]:
        """The gradients of gamma and beta, pair after pair, each `[units]`."""
        units = self.values.shape[-1]
        gamma = (self.gradients * self._standard).sum((0, 1)).to(self.values.dtype).reshape(-1, units)
        beta = self.gradients.sum((0, 1)).reshape(-1, units)
        return [own_copy(row) for pair in zip(gamma, beta, strict=True) for row in pair]
