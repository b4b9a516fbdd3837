"""Linear-chain conditional random fields: scores of tag sequences, their sum over all, and the best one.

Source: Lafferty et al., "Conditional random fields" (2001).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from ostinato._external import differs_between_runs

from ..dtypes import int32
from ..registry import OutputTypes, ShapeMismatch, register, same
from ..shapes import TensorShape
from ..tensor import Tensor

_FEW = 2**15
"""Terms of a step's sums, of all rows and tags."""


def _inside(steps: int, lengths: torch.Tensor) -> torch.Tensor:
    return torch.arange(steps, device=lengths.device) < lengths.unsqueeze(1)


def _unary(inputs: torch.Tensor, tags: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    inside = _inside(tags.shape[1], lengths)
    # What stands behind a row's length need not be a tag.
    places = torch.where(inside, tags, torch.zeros_like(tags)).long().unsqueeze(2)
    return (inputs.gather(2, places).squeeze(2) * inside).sum(1)


def _binary(transitions: torch.Tensor, tags: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    inside = _inside(tags.shape[1], lengths)
    places = torch.where(inside, tags, torch.zeros_like(tags)).long()
    return (transitions[places[:, :-1], places[:, 1:]] * inside[:, 1:]).sum(1)


def _step(scores: torch.Tensor, alphas: torch.Tensor, transitions: torch.Tensor) -> torch.Tensor:
    return torch.logsumexp(alphas.unsqueeze(2) + transitions, 1) + scores


def _narrow_step(inputs: torch.Tensor, transitions: torch.Tensor) -> Callable[..., torch.Tensor]:
    """The step as a product of matrices, which is faster for many tags, where no term of its sums can
    vanish. For few of them it is as it stands, so that no value decides what is computed.
    """
    if inputs.shape[0] * inputs.shape[2] ** 2 <= _FEW:
        return lambda scores, alphas: _step(scores, alphas, transitions)
    with torch.no_grad():
        low, high = torch.aminmax(transitions)
        least, most = torch.aminmax(inputs)
        widest = float(2 * (high - low) + (most - least))
    if not widest < 60.0:  # nor where something is infinite or not a number
        return lambda scores, alphas: _step(scores, alphas, transitions)
    top = high.detach()
    weights = torch.exp(transitions - top)

    def step(scores: torch.Tensor, alphas: torch.Tensor) -> torch.Tensor:
        largest = alphas.detach().amax(1, keepdim=True)
        return torch.log(torch.exp(alphas - largest) @ weights) + (scores + largest + top)

    return step


def _log_norm(inputs: torch.Tensor, transitions: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """The logarithm of the sum of exp(score) over all tag sequences; 0 for a row of no steps."""
    alphas = inputs[:, 0]
    step_of = _narrow_step(inputs, transitions)
    longest, shortest = inputs.shape[1], 0
    if lengths.numel() and not differs_between_runs(lengths):  # in a list of operations, all steps are done
        longest, shortest = min(longest, int(lengths.max())), int(lengths.min())
    for step, scores in enumerate(inputs.unbind(1)[1:longest], 1):
        moved = step_of(scores, alphas)
        alphas = moved if step < shortest else torch.where((step < lengths).unsqueeze(1), moved, alphas)
    total = torch.logsumexp(alphas, 1)
    return torch.where(lengths > 0, total, torch.zeros_like(total))


def _decode(
    potentials: torch.Tensor, transitions: torch.Tensor, lengths: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    batch, steps, _ = potentials.shape
    lengths = lengths.clamp_min(1)
    state = potentials[:, 0]
    pointers = []
    for step in range(1, steps):
        best = (state.unsqueeze(2) + transitions).max(1)
        active = (step < lengths).unsqueeze(1)
        state = torch.where(active, best.values + potentials[:, step], state)
        pointers.append(best.indices)
    score, last = state.max(1)
    tags = torch.zeros((batch, steps), dtype=torch.long, device=last.device)
    # Each row's last tag stands at its last step; the ones before follow the pointers.
    tag = last
    for step in range(steps - 1, -1, -1):
        tags[:, step] = torch.where(step < lengths, tag, 0)
        if step:
            before = pointers[step - 1].gather(1, tag.unsqueeze(1)).squeeze(1)
            tag = torch.where(step < lengths, before, tag)
    return tags.to(torch.int32), score


def _batch(*tensors: Tensor) -> int | None:
    for tensor in tensors:
        if tensor.shape.known and tensor.shape.known[0] is not None:
            return tensor.shape.known[0]
    return None


def _checked(inputs: Tensor, rank: int) -> None:
    if inputs.shape.ndims not in (None, rank):
        raise ShapeMismatch(f"Shape must be rank {rank} but is rank {inputs.shape.ndims}")


def _score_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    _checked(inputs[1], 2)
    return [(inputs[0].dtype.base_dtype, TensorShape([_batch(*inputs[1:])]))]


def _norm_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    _checked(inputs[0], 3)
    _checked(inputs[1], 2)
    return [(inputs[0].dtype.base_dtype, TensorShape([_batch(inputs[0], inputs[2])]))]


def _decode_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    batch = _norm_rule(inputs, attributes)[0][1][0]
    steps = inputs[0].shape.known[1] if inputs[0].shape.known else None
    return [(int32, TensorShape([batch, steps])), (inputs[0].dtype.base_dtype, TensorShape([batch]))]


register("CrfForwardStep", _step, same)
register("CrfUnaryScore", _unary, _score_rule)
register("CrfBinaryScore", _binary, _score_rule)
register("CrfLogNorm", _log_norm, _norm_rule)
register("CrfDecode", _decode, _decode_rule)
