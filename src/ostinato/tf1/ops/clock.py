"""The time (TF1 symbol: `tf.timestamp`)."""

from __future__ import annotations

import time
from typing import Any

import torch

from ..dtypes import float64
from ..registry import OutputTypes, register
from ..shapes import TensorShape
from ..tensor import Tensor
from .core import one


def timestamp(name: str | None = None) -> Tensor:
    """The seconds since 1970, float64, of when it is run (TF1 symbol: `tf.timestamp`)."""
    return one("Timestamp", (), name)


def _rule(inputs: Any, attributes: dict[str, Any]) -> OutputTypes:
    return [(float64, TensorShape([]))]


def _now(run: Any, operation: Any) -> torch.Tensor:
    return torch.tensor(time.time(), dtype=torch.float64)


register("Timestamp", _now, _rule, stateful=True, differentiable=False)
