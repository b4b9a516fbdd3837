"""Attention over a memory, as pure functions of tensors: scores, masks, and what makes alignments of scores.

A memory is `[batch, time, depth]`, its keys `[batch, time, num_units]`, a query `[batch, num_units]`; scores
and alignments are `[batch, time]`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

MODES = ("recursive", "parallel", "hard")


def luong_score(query: Tensor, keys: Tensor, scale: Tensor | None = None) -> Tensor:
    """The product of the query and each key, times `scale` (Luong et al. 2015, "Effective Approaches to
    Attention-based Neural Machine Translation").
    """
    score = torch.bmm(keys, query.unsqueeze(2)).squeeze(2)
    return score if scale is None else scale * score


def bahdanau_score(
    query: Tensor, keys: Tensor, v: Tensor, g: Tensor | None = None, b: Tensor | None = None
) -> Tensor:
    """sum(v * tanh(key + query)) (Bahdanau et al. 2014, "Neural Machine Translation by Jointly Learning to
    Align and Translate"); with `g` and `b` the normalised form sum(g v / |v| * tanh(key + query + b)).
    """
    if g is not None and b is not None:
        v = g * v * torch.rsqrt(torch.sum(v * v))
        query = query + b
    return torch.matmul(torch.tanh(keys + query.unsqueeze(1)), v)


def masked_score(score: Tensor, mask: Tensor, value: float | Tensor) -> Tensor:
    """The scores, and `value` where the mask `[batch, time]` is False."""
    return torch.where(mask, score, value)


def masked_memory(memory: Tensor, mask: Tensor) -> Tensor:
    """The memory, and zeros where the mask `[batch, time]` is False."""
    return memory * mask.reshape(*mask.shape, *[1] * (memory.dim() - 2)).to(memory.dtype)


def attend(alignments: Tensor, values: Tensor) -> Tensor:
    """The values' mean with the alignments as weights, `[batch, depth]`."""
    return torch.bmm(alignments.unsqueeze(1), values).squeeze(1)


def hardmax(scores: Tensor) -> Tensor:
    """1 at the largest of the last axis, at the first of them where several are, and 0 elsewhere."""
    places = torch.arange(scores.shape[-1], device=scores.device)
    return (places == scores.argmax(-1, keepdim=True)).to(scores.dtype)


def cumulative(
    values: Tensor, axis: int, exclusive: bool = False, reverse: bool = False, total: Any = None
) -> Tensor:
    """The running sum along an axis (`total`: torch.cumsum, or torch.cumprod for the product).

    exclusive: without the entry itself; reverse: from the end.
    """
    total = torch.cumsum if total is None else total
    if reverse:
        values = values.flip(axis)
    result: Tensor = total(values, axis)
    if exclusive:
        first = torch.full_like(result.narrow(axis, 0, 1), 0.0 if total is torch.cumsum else 1.0)
        result = torch.cat([first, result.narrow(axis, 0, result.shape[axis] - 1)], axis)
    return result.flip(axis) if reverse else result


def safe_cumprod(values: Tensor, axis: int = 0, exclusive: bool = False, reverse: bool = False) -> Tensor:
    """The running product of values in [0, 1], in the logarithm, so that its gradient has no division by
    zero.
    """
    tiny = torch.finfo(values.dtype).tiny
    return torch.exp(cumulative(torch.log(values.clamp(tiny, 1.0)), axis, exclusive, reverse))


def monotonic_attention(p_choose_i: Tensor, previous_attention: Tensor, mode: str) -> Tensor:
    """How probable it is that each entry is attended to, of entries looked at from left to right from where
    the attention was (Raffel et al. 2017, "Online and Linear-Time Attention by Enforcing Monotonic
    Alignments").

    Args:
        p_choose_i: the probability of stopping at entry i once it is looked at, `[batch, time]`.
        previous_attention: the alignments before; at first 1 at the first entry.
        mode: "recursive" (exact, a loop over time), "parallel" (cumulative sums; less exact where
            probabilities are near 0 or 1), or "hard" (probabilities that are all 0 or 1).

    Raises:
        ValueError: another mode.
    """
    if mode == "parallel":
        passed = safe_cumprod(1 - p_choose_i, 1, exclusive=True)
        return p_choose_i * passed * torch.cumsum(previous_attention / passed.clamp(1e-10, 1.0), 1)
    if mode == "hard":
        p_choose_i = p_choose_i * torch.cumsum(previous_attention, 1)
        return p_choose_i * cumulative(1 - p_choose_i, 1, exclusive=True, total=torch.cumprod)
    if mode != "recursive":
        raise ValueError("mode must be 'recursive', 'parallel', or 'hard'.")
    reached = torch.zeros_like(p_choose_i[:, 0])
    all_reached = []
    passes = torch.cat([torch.ones_like(p_choose_i[:, :1]), 1 - p_choose_i[:, :-1]], 1)
    for passing, before in zip(passes.unbind(1), previous_attention.unbind(1), strict=True):
        reached = passing * reached + before
        all_reached.append(reached)
    return p_choose_i * torch.stack(all_reached, 1)


def monotonic_probability(
    score: Tensor, previous_alignments: Tensor, mode: str, noise: Tensor | None = None
) -> Tensor:
    """Monotonic alignments of scores, to which `noise` is added first; in the mode "hard" a score above 0
    chooses its entry.
    """
    if noise is not None:
        score = score + noise
    p_choose_i = (score > 0).to(score.dtype) if mode == "hard" else torch.sigmoid(score)
    return monotonic_attention(p_choose_i, previous_alignments, mode)


def dirac(batch_size: int, time: int, like: Tensor) -> Tensor:
    """Alignments that are 1 at the first entry: what monotonic attention begins with."""
    first = like.new_zeros(batch_size, time)
    first[:, :1] = 1
    return first


def joined(parts: Sequence[Tensor]) -> Tensor:
    """What several mechanisms give, side by side."""
    return parts[0] if len(parts) == 1 else torch.cat(list(parts), 1)
