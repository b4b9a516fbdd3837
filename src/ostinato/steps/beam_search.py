"""A step of beam search, as pure functions of tensors.

Scores, log probabilities and lengths are `[batch, beam_width]`; logits `[batch, beam_width, symbols]`.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class BeamStep(NamedTuple):
    """What a step gives: the best hypotheses, in the order of their scores."""

    scores: Tensor
    predicted_ids: Tensor
    parent_ids: Tensor
    log_probs: Tensor
    finished: Tensor
    lengths: Tensor
    places: Tensor  # of the parents among the rows of all beams, `[batch * beam_width]`
    accumulated: Tensor | None


def top_k(values: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The k largest of the last axis and their places; of equal ones the first come first."""
    # torch.topk leaves the order of equal values open: it will do where there are none.
    count = values.shape[-1]
    if k < count:
        found, places = torch.topk(values, k + 1, -1)
        if not bool((found[..., 1:] == found[..., :-1]).any()):
            return found[..., :k], places[..., :k]
    if values.dtype is not torch.float32 or count >= 2**31 or k > count:
        found, places = torch.sort(values, dim=-1, descending=True, stable=True)
        return found[..., :k], places[..., :k]
    # Values are made different: below the bits of one, in the order of integers, stands its place, counted
    # from the end.
    with torch.no_grad():
        bits = (values.detach() + 0.0).contiguous().view(torch.int32)
        ordered = torch.where(bits < 0, bits ^ 0x7FFFFFFF, bits).to(torch.int64)
        places = torch.arange(count - 1, -1, -1, device=values.device)
        keys = torch.topk((ordered << 32) | places, k, -1)[0]
        chosen = count - 1 - (keys & 0xFFFFFFFF)
    return values.gather(-1, chosen), chosen


def length_penalty(lengths: Tensor, weight: float | Tensor) -> Tensor:
    """((5 + length) / 6) ** weight (Wu et al. 2016, "Google's Neural Machine Translation System")."""
    base = 5.0 + lengths.to(torch.float32)
    weight = torch.as_tensor(weight, dtype=torch.float32, device=lengths.device)
    return base**weight / torch.full_like(weight, 6.0) ** weight


def coverage_penalty(accumulated: Tensor) -> Tensor:
    """sum(log(min(attention, 1))) over the memory's entries, of attention summed over the steps; an entry
    that has had none, as the padding has, counts nothing.
    """
    seen = torch.where(accumulated == 0, 1.0, accumulated)
    return torch.log(seen.clamp(max=1.0)).sum(2)


def finished_log_probs(log_probs: Tensor, end_token: int | Tensor, finished: Tensor) -> Tensor:
    """Log probabilities in which a finished hypothesis goes on with the end token alone."""
    symbols = torch.arange(log_probs.shape[2], device=log_probs.device)
    lowest = torch.finfo(log_probs.dtype).min
    only_end = torch.where(symbols == end_token, 0.0, lowest).to(log_probs.dtype)
    return torch.where(finished.unsqueeze(2), only_end, log_probs)


def beam_search_step(
    logits: Tensor,
    log_probs: Tensor,
    finished: Tensor,
    lengths: Tensor,
    end_token: int | Tensor,
    *,
    length_penalty_weight: float | Tensor = 0.0,
    coverage_penalty_weight: float | Tensor = 0.0,
    attention: Tensor | None = None,
    accumulated: Tensor | None = None,
) -> BeamStep:
    """The best `beam_width` ways to go on from the hypotheses.

    Args:
        log_probs: of the hypotheses so far; -inf for beams that do not count, as all but the first do at the
            start.
        finished, lengths: of the hypotheses; an end token does not count in the length by which a hypothesis
            is judged, and does in the length that the step gives.
        length_penalty_weight, coverage_penalty_weight: of the penalties in the scores; 0 for none.
        attention, accumulated: with a coverage penalty, this step's attention `[batch, beam_width, time]`
            and the sum of those before.
    """
    batch, beam_width, symbols = logits.shape
    step = finished_log_probs(torch.log_softmax(logits, -1), end_token, finished)
    total = log_probs.unsqueeze(2) + step
    scores = total
    if isinstance(length_penalty_weight, Tensor) or length_penalty_weight != 0:
        goes_on = torch.arange(symbols, device=logits.device) != end_token
        longer = lengths.unsqueeze(2) + (goes_on & ~finished.unsqueeze(2)).to(lengths.dtype)
        scores = total / length_penalty(longer, length_penalty_weight).to(total.dtype)
    if attention is not None:
        if accumulated is None:
            raise ValueError("A coverage penalty needs the attention accumulated so far.")
        accumulated = accumulated + attention * (~finished).to(attention.dtype).unsqueeze(2)
        penalty = coverage_penalty(accumulated) * finished.to(torch.float32) * coverage_penalty_weight
        scores = scores + penalty.unsqueeze(2)
    best, places = top_k(scores.reshape(batch, -1), beam_width)
    parents = torch.div(places, symbols, rounding_mode="floor")
    ids = places - parents * symbols
    was_finished = finished.gather(1, parents)
    starts = torch.arange(0, batch * beam_width, beam_width, device=logits.device).unsqueeze(1)
    rows = (starts + parents).flatten()
    return BeamStep(
        best,
        ids.to(torch.int32),
        parents.to(torch.int32),
        total.reshape(batch, -1).gather(1, places),
        was_finished | (ids == end_token),
        lengths.gather(1, parents) + (~was_finished).to(lengths.dtype),
        rows,
        None if accumulated is None else accumulated.flatten(0, 1)[rows].view(accumulated.shape),
    )


def gather_tree(
    step_ids: Tensor, parent_ids: Tensor, max_sequence_lengths: Tensor, end_token: int | Tensor
) -> Tensor:
    """The whole hypotheses of `[time, batch, beam_width]` symbols, of which each step's beams go on from
    those of the step before that `parent_ids` names: each followed from its end to the front.

    Past a row's length, and past the first end token, there is the end token.

    Raises:
        ValueError: shapes that do not fit, or a parent that is no beam.
    """
    _check_tree(step_ids, parent_ids, max_sequence_lengths)
    time, batch, beam_width = step_ids.shape
    lengths = max_sequence_lengths.to(torch.int64).clamp(max=time).unsqueeze(1)
    same = torch.arange(beam_width, device=step_ids.device).expand(batch, beam_width)
    followed, levels = same, []
    for level in range(time - 1, -1, -1):
        levels.append(step_ids[level].gather(1, followed))
        parents = parent_ids[level].to(torch.int64).gather(1, followed)
        inside = lengths > level
        if level:
            bad = inside & ((parents < 0) | (parents >= beam_width))
            if bool(bad.any()):
                row, beam = (int(place) for place in bad.nonzero()[0])
                raise ValueError(
                    f"Saw invalid parent id {int(parents[row, beam])} at (batch, time, beam) == "
                    f"({row}, {level - 1}, {beam})"
                )
        followed = torch.where(inside, parents, same)
    end = torch.as_tensor(end_token, dtype=step_ids.dtype, device=step_ids.device)
    if not levels:
        return step_ids.clone()
    beams = torch.stack(levels[::-1])
    is_end = beams == end
    after_end = (is_end.to(torch.int32).cumsum(0) - is_end.to(torch.int32)) > 0
    steps = torch.arange(time, device=step_ids.device).reshape(-1, 1, 1)
    return torch.where(after_end | (steps >= lengths.unsqueeze(0)), end, beams)


def _check_tree(step_ids: Tensor, parent_ids: Tensor, lengths: Tensor) -> None:
    if step_ids.dim() != 3:
        raise ValueError(f"step_ids must be a 3-tensor, saw shape: {_bracketed(step_ids)}")
    if lengths.dim() != 1:
        raise ValueError(f"max_sequence_lengths must be a vector, saw shape: {_bracketed(lengths)}")
    if step_ids.shape != parent_ids.shape:
        raise ValueError(
            f"step_ids.shape must match parent_ids.shape.  but shapes are: {_bracketed(step_ids)} and "
            f"{_bracketed(parent_ids)}"
        )
    if step_ids.shape[1] != lengths.shape[0]:
        raise ValueError(
            "batch size dimensions step_ids.shape[1] and max_sequence_lengths.shape[0] must match.  but "
            f"shapes are: {_bracketed(step_ids)} and {_bracketed(lengths)}"
        )


def _bracketed(tensor: Tensor) -> str:
    return "[" + ",".join(str(size) for size in tensor.shape) + "]"


def reordered(values: Tensor, parent_ids: Tensor, sequence_length: Tensor) -> Tensor:
    """What was kept of each step, `[time, batch, beam_width, ...]` or `[time, batch * beam_width, ...]`, in
    the order of the final hypotheses: that of the beam which each of them went through.
    """
    time, batch, beam_width = parent_ids.shape
    beams = torch.arange(beam_width, dtype=torch.int32, device=parent_ids.device)
    ids = beams.expand(time, batch, beam_width)
    sorted_ids = gather_tree(ids, parent_ids, sequence_length.amax(1), beam_width + 1)
    steps = torch.arange(time, device=parent_ids.device).reshape(-1, 1, 1)
    sorted_ids = torch.where(steps < sequence_length.unsqueeze(0), sorted_ids, ids)
    flat = values.reshape(time, batch, beam_width, -1)
    rows = torch.arange(batch, device=parent_ids.device).reshape(1, -1, 1)
    return flat[steps, rows, sorted_ids.to(torch.int64)].reshape(values.shape)
