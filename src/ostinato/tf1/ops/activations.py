"""Activations made of others, and how sparse what they give is."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from ..dtypes import float32
from ..graph import name_scope
from ..registry import register, same
from ..shapes import TensorShape
from ..tensor import Tensor
from . import math, nn
from .core import convert_to_tensor, one
from .lists import concat

register("Swish", F.silu, same)


def swish(features: Any) -> Tensor:
    """x * sigmoid(x) (TF1 symbol: `tf.nn.swish`)."""
    x = convert_to_tensor(features, name="features")
    return one("Swish", [x], "IdentityN")  # with which TensorFlow's, that has a gradient of its own, ends


def crelu(features: Any, name: str | None = None, axis: int = -1) -> Tensor:
    """relu(x) and relu(-x) side by side (TF1 symbol: `tf.nn.crelu`).

    Source: Shang et al., "Understanding and improving convolutional neural networks via concatenated
    rectified linear units" (2016).
    """
    with name_scope(name, "CRelu", [features]) as scope:
        x = convert_to_tensor(features, name="features")
        return nn.relu(concat([x, math.negative(x)], axis, name=scope))


def relu_layer(x: Any, weights: Any, biases: Any, name: str | None = None) -> Tensor:
    """relu(x @ weights + biases) (TF1 symbol: `tf.nn.relu_layer`)."""
    with name_scope(name, "relu_layer", [x, weights, biases]) as scope:
        return nn.relu(nn.bias_add(math.matmul(x, weights), biases), name=scope)


def _zero_fraction(x: torch.Tensor) -> torch.Tensor:
    zeros = x.numel() - torch.count_nonzero(x)
    return zeros.to(torch.float32) / torch.tensor(x.numel(), dtype=torch.float32)


register("ZeroFraction", _zero_fraction, lambda i, a: [(float32, TensorShape([]))], differentiable=False)


def zero_fraction(value: Any, name: str | None = None) -> Tensor:
    """The share of a tensor's elements that are zero (TF1 symbol: `tf.nn.zero_fraction`); nan where there are
    none.
    """
    with name_scope(name, "zero_fraction", [value]):
        return one("ZeroFraction", [convert_to_tensor(value, name="value")], "fraction")
