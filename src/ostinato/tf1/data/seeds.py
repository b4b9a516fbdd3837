"""The two seeds of a data set's operation, as tensors."""

from __future__ import annotations

from typing import Any

from ..dtypes import int64
from ..graph import name_scope
from ..ops.core import constant
from ..ops.math import cast, equal, logical_and
from ..ops.picking import where
from ..random_source import get_seed, graph_seed
from ..tensor import Tensor

_MODULUS = 2**31 - 1


def seeds(seed: Any) -> tuple[Tensor, Tensor]:
    """The seeds of an operation and its graph; the pair (0, 0) stands for none.

    Where there is one, the nodes are TensorFlow's: by their number the seeds of later operations are chosen.
    """
    if isinstance(seed, Tensor):
        second: Any = cast(seed, int64) % constant(_MODULUS, int64)
        seed_tensor = constant(graph_seed(), int64, name="seed")
    else:
        first, second = get_seed(seed)
        seed_tensor = constant(first or 0, int64, name="seed")
    if second is None:
        return seed_tensor, constant(0, int64, name="seed2")
    with name_scope("seed2") as scope:
        given = second if isinstance(second, Tensor) else constant(second, int64)
        both_zero = logical_and(equal(seed_tensor, 0), equal(given, 0))
        return seed_tensor, where(both_zero, constant(_MODULUS, int64), given, name=scope)
