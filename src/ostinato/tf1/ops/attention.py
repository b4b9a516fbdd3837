"""The nodes of attention: shells over the core's mathematics, each one call a step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ostinato.steps import attention as maths

from .. import registry
from ..dtypes import DType
from ..errors import InvalidArgumentError
from ..registry import OutputTypes
from ..shapes import TensorShape
from ..tensor import Operation, Tensor


def _rows_and_time(rows: Tensor, time: Tensor) -> list[tuple[DType, TensorShape]]:
    batch = rows.shape[:1].merge_with(time.shape[:1]) if rows.shape.ndims and time.shape.ndims else [None]
    known = time.shape.known
    return [(rows.dtype.base_dtype, TensorShape([*batch, None if known is None else known[1]]))]


def _score_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    return _rows_and_time(inputs[0], inputs[1])


def _masked_score(score: torch.Tensor, mask: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    if mask.shape[1] != score.shape[1]:  # scores of another width than the memory they are masked as
        mask = torch.arange(score.shape[1], device=score.device) < mask.sum(1, keepdim=True)
    return maths.masked_score(score, mask, value)


def _context_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    known = inputs[1].shape.known
    batch = inputs[0].shape.known[0] if inputs[0].shape.known else None
    if known is None or len(known) != 3:
        return [(inputs[0].dtype.base_dtype, TensorShape(None))]
    return [(inputs[0].dtype.base_dtype, TensorShape([known[0] if batch is None else batch, known[2]]))]


def _monotonic(p_choose_i: torch.Tensor, previous: torch.Tensor, mode: str) -> torch.Tensor:
    return maths.monotonic_attention(p_choose_i, previous, mode)


def _matching(run: Any, operation: Operation, value: torch.Tensor, batch: torch.Tensor) -> torch.Tensor:
    """The value, if it has as many rows as it must."""
    if value.shape[0] != int(batch):
        raise InvalidArgumentError(
            None,
            operation,
            f"assertion failed: [{operation.attributes['message']}] [Condition x == y did not hold "
            f"element-wise:] [x ({operation.name}/x:0) = ] [{value.shape[0]}] [y ({operation.name}/y:0) = ] "
            f"[{int(batch)}]",
        )
    return value


registry.register("LuongScore", maths.luong_score, _score_rule)
registry.register("BahdanauScore", maths.bahdanau_score, _score_rule)
registry.register("MaskedScore", _masked_score, registry.same)
registry.register("MaskedMemory", maths.masked_memory, registry.same)
registry.register("AttentionContext", maths.attend, _context_rule)
registry.register("MonotonicAttention", _monotonic, registry.same)
registry.register("Hardmax", maths.hardmax, registry.same, differentiable=False)
registry.register("SafeCumprod", maths.safe_cumprod, registry.same)
registry.register("MatchingBatch", _matching, registry.same, stateful=True)
