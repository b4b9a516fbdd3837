"""Layer normalisation over the units (Ba, Kiros and Hinton 2016): `gamma * (x - mean) / sqrt(variance +
epsilon) + beta`. TF1: `tf.contrib.layers.layer_norm`, as the cells of `tf.contrib.rnn` call it.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

EPSILON = 1e-12
"""TF1's. It only keeps a row of equal numbers finite; `torch.nn.LayerNorm`'s 1e-5 would show in outputs."""

EPSILON_FLOAT16 = 1e-3
"""TF1's too: the inverse square root of the smaller one does not fit the range of float16."""


def epsilon(dtype: torch.dtype) -> float:
    return EPSILON_FLOAT16 if dtype == torch.float16 else EPSILON


def normalize(x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    """`x` `[..., units]` normalised over its last axis, then scaled by `gamma` and shifted by `beta`, both
    `[units]`.

    >>> normalize(torch.tensor([[1.0, 3.0]]), torch.ones(2), torch.tensor([0.5, 0.0]))
    tensor([[-0.5000,  1.0000]])
    """
    return functional.layer_norm(x, x.shape[-1:], gamma, beta, epsilon(x.dtype))
