"""Operations that only move elements, on strings: they move the elements' places, and those are looked up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch


def moves(compute: Callable[..., Any], which: int = 0) -> Callable[..., Any]:
    """`compute`, which moves elements of tensors, for strings too; input `which` tells them apart."""

    def of_either(*inputs: Any, **attributes: Any) -> Any:
        if type(inputs[which]) is not np.ndarray:
            return compute(*inputs, **attributes)
        return _moved(compute, inputs, attributes)

    return of_either


def _moved(compute: Callable[..., Any], inputs: Any, attributes: dict[str, Any]) -> Any:
    strings: list[np.ndarray] = []
    given, count = [], 0
    for item in inputs:
        if isinstance(item, np.ndarray):
            strings.append(item.reshape(-1))
            given.append(torch.arange(count, count + item.size).reshape(item.shape))
            count += item.size
        else:
            given.append(item)
    every = np.concatenate(strings)
    found = compute(*given, **attributes)
    if isinstance(found, (tuple, list)):
        return [_looked_up(every, places) for places in found]
    return _looked_up(every, found)


def _looked_up(every: np.ndarray, places: torch.Tensor) -> np.ndarray:
    result = np.empty(tuple(places.shape), dtype=object)
    result[...] = every[places.numpy()]
    return result
