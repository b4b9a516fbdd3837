"""Matrices kept in several variables, as the cells of `tf.contrib.rnn` of 2016 keep theirs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..ops import lists
from ..tensor import Tensor
from ..variable_scope import get_variable


def sharded_variable(
    name: str, shape: Sequence[int], dtype: Any, num_shards: int, initializer: Any = None
) -> Any:
    """The variables `NAME_0`, `NAME_1`, ... as one matrix: rows that do not divide evenly go to the first
    ones. A single one is the variable itself.

    Raises:
        ValueError: there are more shards than rows.
    """
    rows = shape[0]
    if num_shards > rows:
        raise ValueError(f"Too many shards: shape={list(shape)}, num_shards={num_shards}")
    sizes = [rows // num_shards + (index < rows % num_shards) for index in range(num_shards)]
    shards = [
        get_variable(f"{name}_{index}", [size, *shape[1:]], dtype=dtype, initializer=initializer)
        for index, size in enumerate(sizes)
    ]
    if len(shards) == 1:
        return shards[0]
    whole: Tensor = lists.concat(shards, 0, name=f"{name}/concat")
    return whole
