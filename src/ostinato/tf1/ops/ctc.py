"""Connectionist temporal classification: the loss of a labelling, over all the ways to align it.

Source: Graves et al., "Connectionist temporal classification" (2006).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from ostinato._external import external

from ..dtypes import int64
from ..errors import FailedPreconditionError, InvalidArgumentError
from ..registry import OutputTypes, ShapeMismatch, register
from ..shapes import TensorShape
from ..tensor import Operation, Tensor


def _labels_of(
    operation: Operation, indices: np.ndarray, values: np.ndarray, batch: int, classes: int
) -> list[list[int]]:
    """The labels of each row, without blanks at the end."""
    collapse = operation.attributes["preprocess_collapse_repeated"]
    counts = np.bincount(indices[:, 0], minlength=batch) if len(indices) else np.zeros(batch, np.int64)
    if len(counts) > batch:
        raise InvalidArgumentError(
            None, operation, f"The labels are for {len(counts)} rows, the inputs have a batch of {batch}."
        )
    found: list[list[int]] = []
    ends = np.cumsum(counts)
    for row in range(batch):
        own = values[ends[row] - counts[row] : ends[row]]
        if not len(own):
            raise InvalidArgumentError(None, operation, f"Labels length is zero in batch {row}")
        if collapse:
            own = own[np.concatenate([[True], own[1:] != own[:-1]])]
        blanks = own >= classes - 1
        first = int(blanks.argmax()) if blanks.any() else len(own)
        if not blanks[first:].all():
            raise InvalidArgumentError(
                None,
                operation,
                "Saw a non-null label (index >= num_classes - 1) following a null label, batch: "
                f"{row} num_classes: {classes} labels: {','.join(map(str, own[:first].tolist()))}",
            )
        own = own[:first]
        if len(own) and own.min() < 0:
            raise InvalidArgumentError(
                None,
                operation,
                f"All labels must be nonnegative integers, batch: {row} labels: "
                f"{','.join(map(str, own.tolist()))}",
            )
        found.append(own.tolist())
    return found


def _ctc(
    run: Any,
    operation: Operation,
    inputs: torch.Tensor,
    indices: torch.Tensor,
    values: torch.Tensor,
    lengths: torch.Tensor,
) -> torch.Tensor:
    if not inputs.requires_grad:
        return _losses_alone(operation, inputs, indices, values, lengths)
    found: torch.Tensor = _Losses.apply(operation, inputs, indices, values, lengths)
    return found


class _Losses(torch.autograd.Function):
    """The losses as one step of the gradient: their labels are looked at in Python, in every run."""

    @staticmethod
    def forward(
        ctx: Any,
        operation: Operation,
        inputs: torch.Tensor,
        indices: torch.Tensor,
        values: torch.Tensor,
        lengths: torch.Tensor,
    ) -> torch.Tensor:
        losses, gradient = _losses_and_gradient(operation, inputs, indices, values, lengths)
        ctx.operation = operation
        ctx.save_for_backward(inputs, indices, values, lengths, gradient)
        return losses

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[Any, ...]:
        inputs, indices, values, lengths, gradient = ctx.saved_tensors
        if torch.is_grad_enabled():  # it is differentiated again
            losses = _losses(ctx.operation, inputs, indices, values, lengths)
            (gradient,) = torch.autograd.grad(losses.sum(), inputs, create_graph=True)
        return None, gradient * grad.unsqueeze(0).unsqueeze(2), None, None, None


_NOTHING_EXCLUDED = torch._C._dispatch_tls_local_exclude_set()


@external
def _losses_alone(operation: Operation, *tensors: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return _losses(operation, *tensors)


@external
def _losses_and_gradient(
    operation: Operation, inputs: torch.Tensor, *labels: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    # A replayed run calls this below autograd, which is what it needs inside.
    included = torch._C._dispatch_tls_local_include_set()
    with torch._C._ForceDispatchKeyGuard(included, _NOTHING_EXCLUDED), torch.enable_grad():
        given = inputs.detach().requires_grad_()
        losses = _losses(operation, given, *labels)
        (gradient,) = torch.autograd.grad(losses.sum(), given)
    return losses.detach(), gradient


def _losses(
    operation: Operation,
    inputs: torch.Tensor,
    indices: torch.Tensor,
    values: torch.Tensor,
    lengths: torch.Tensor,
) -> torch.Tensor:
    attributes = operation.attributes
    steps, batch, classes = inputs.shape
    if not batch:
        raise InvalidArgumentError(None, operation, "batch_size must not be 0")
    sizes = lengths.tolist()
    for row, size in enumerate(sizes):
        if not 0 <= size <= steps:
            raise InvalidArgumentError(None, operation, f"sequence_length({row}) <= {steps}")
    if min(sizes) < steps:  # what stands behind a row's length may be anything, nan too
        inside = torch.arange(steps).unsqueeze(1) < lengths
        inputs = torch.where(inside.unsqueeze(2), inputs, torch.zeros_like(inputs))
    labels = _labels_of(operation, indices.cpu().numpy(), values.cpu().numpy(), batch, classes)
    ignore = attributes["ignore_longer_outputs_than_inputs"]
    skipped = []
    for size, own in zip(sizes, labels, strict=True):
        if not ignore and len(own) > size:
            raise InvalidArgumentError(
                None,
                operation,
                f"Not enough time for target transition sequence (required: {len(own)}, available: {size})0"
                "You can turn this error into a warning by using the flag ignore_longer_outputs_than_inputs",
            )
        skipped.append(size == 0 or (ignore and len(own) > size))
    if attributes["ctc_merge_repeated"]:
        losses = _merging(inputs, labels, sizes, skipped)
    else:
        losses = _forward(inputs, labels, lengths.long(), repeats=False)
    if any(skipped):
        losses = torch.where(torch.tensor(skipped), torch.zeros_like(losses), losses)
    return losses


def _merging(
    inputs: torch.Tensor, labels: list[list[int]], sizes: list[int], skipped: list[bool]
) -> torch.Tensor:
    logs = torch.log_softmax(inputs, -1)
    blank = inputs.shape[2] - 1
    impossible = [
        not skip and len(own) + sum(a == b for a, b in pairwise(own)) > size
        for own, size, skip in zip(labels, sizes, skipped, strict=True)
    ]
    flat = torch.tensor([label for own in labels for label in own], dtype=torch.long)
    losses = F.ctc_loss(
        logs,
        flat,
        torch.tensor([max(1, size) for size in sizes]),
        torch.tensor([len(own) for own in labels]),
        blank=blank,
        reduction="none",
        zero_infinity=True,
    )
    if any(impossible):
        # There is no way to align these: the loss is infinite, its gradient that of the softmax's sum.
        places = torch.arange(inputs.shape[0]).unsqueeze(1) < torch.tensor(sizes)
        total = (torch.logsumexp(inputs, -1) * places).sum(0)
        endless = torch.full_like(losses, torch.inf) + (total - total.detach())
        losses = torch.where(torch.tensor(impossible), endless, losses)
    return losses


def _extended(labels: Sequence[Sequence[int]], blank: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Labels with blanks before, between and after them: ([batch, 2 longest + 1], their lengths)."""
    longest = max((len(own) for own in labels), default=0)
    whole = np.full((len(labels), 2 * longest + 1), blank)
    for row, own in enumerate(labels):
        whole[row, 1 : 2 * len(own) : 2] = own
    return torch.from_numpy(whole), torch.tensor([2 * len(own) + 1 for own in labels])


def _forward(
    inputs: torch.Tensor, labels: Sequence[Sequence[int]], lengths: torch.Tensor, repeats: bool
) -> torch.Tensor:
    """The loss where a label repeated is that label twice: a label's place lasts for one step.

    A place of the extended labels is reached from the one before it, from the one before that (over a blank),
    and, where it is a blank, from itself. Not `repeats`: a label does not go on.
    """
    steps, batch, classes = inputs.shape
    blank = classes - 1
    whole, sizes = _extended(labels, blank)
    scores = torch.log_softmax(inputs, -1).gather(2, whole.unsqueeze(0).expand(steps, -1, -1))
    places = whole.shape[1]
    is_blank = torch.arange(places) % 2 == 0
    low = torch.finfo(inputs.dtype).min / 4
    stays = torch.where(is_blank, 0.0, 0.0 if repeats else low).to(inputs.dtype)
    different = torch.zeros(batch, places, dtype=torch.bool)
    different[:, 2:] = whole[:, 2:] != whole[:, :-2]
    skips = torch.where(~is_blank & (different | (not repeats)), 0.0, low).to(inputs.dtype)
    alpha = torch.full((batch, places), low, dtype=inputs.dtype)
    alpha = torch.where(torch.arange(places) < 2, scores[0], alpha)
    for step in range(1, steps):
        before = F.pad(alpha[:, :-1], (1, 0), value=low)
        earlier = F.pad(alpha[:, :-2], (2, 0), value=low) if places > 2 else torch.full_like(alpha, low)
        ways = torch.stack([alpha + stays, before, earlier + skips])
        moved = torch.logsumexp(ways, 0) + scores[step]
        alpha = torch.where((step < lengths).unsqueeze(1), moved.clamp_min(low), alpha)
    last = alpha.gather(1, (sizes - 1).unsqueeze(1)).squeeze(1)
    previous = alpha.gather(1, (sizes - 2).clamp_min(0).unsqueeze(1)).squeeze(1)
    previous = torch.where(sizes > 1, previous, torch.full_like(previous, low))
    total = torch.logaddexp(last, previous)
    return torch.where(total <= low / 2, torch.full_like(total, torch.inf), -total)


def _ctc_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    known = inputs[0].shape.known
    if inputs[0].shape.ndims not in (None, 3):
        raise ShapeMismatch(f"Shape must be rank 3 but is rank {inputs[0].shape.ndims}")
    batch, lengths = known[1] if known else None, inputs[3].shape.known
    if lengths is not None and batch is not None and lengths[0] not in (None, batch):
        raise ShapeMismatch(f"Dimensions must be equal, but are {batch} and {lengths[0]}")
    return [(inputs[0].dtype.base_dtype, TensorShape([lengths[0] if lengths and batch is None else batch]))]


register("CTCLoss", _ctc, _ctc_rule, stateful=True)


# -- decoders
def _sparse(rows: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Rows of labels as the parts of a sparse tensor."""
    longest = max((len(row) for row in rows), default=0)
    indices = [[place, index] for place, row in enumerate(rows) for index in range(len(row))]
    return (
        torch.tensor(indices, dtype=torch.int64).reshape(-1, 2),
        torch.tensor([label for row in rows for label in row], dtype=torch.int64),
        torch.tensor([len(rows), longest], dtype=torch.int64),
    )


def _checked_lengths(operation: Operation, lengths: torch.Tensor, steps: int, batch: int) -> np.ndarray:
    if tuple(lengths.shape) != (batch,):
        raise FailedPreconditionError(
            None,
            operation,
            "len(sequence_length) != batch_size.  len(sequence_length):  "
            f"{lengths.numel()} batch_size: {batch}",
        )
    found = lengths.cpu().numpy()
    for row, size in enumerate(found):
        if size > steps:
            raise FailedPreconditionError(None, operation, f"sequence_length({row}) <= {steps}")
    return found


def _greedy(run: Any, operation: Operation, inputs: torch.Tensor, lengths: torch.Tensor) -> Any:
    steps, batch, classes = inputs.shape
    sizes = _checked_lengths(operation, lengths, steps, batch)
    largest, best = inputs.detach().max(2)
    chosen, there = best.cpu().numpy(), np.arange(steps)[:, None] < sizes
    score = -torch.where(torch.from_numpy(there), largest, torch.zeros_like(largest)).sum(0)
    kept = there & (chosen != classes - 1)
    if operation.attributes["merge_repeated"]:
        kept[1:] &= chosen[1:] != chosen[:-1]
    # In the order of the rows: where each label is kept, and how many of its row were before it.
    rows = np.ascontiguousarray(kept.T)
    counts = rows.sum(1)
    ends = np.cumsum(counts)
    row = np.repeat(np.arange(batch), counts)
    place = np.arange(len(row)) - np.repeat(ends - counts, counts)
    shape = [batch, int(counts.max(initial=0))]
    return (
        torch.from_numpy(np.stack([row, place], 1)),
        torch.from_numpy(chosen.T[rows]),
        torch.tensor(shape, dtype=torch.int64),
        score.unsqueeze(1),
    )


def _paths_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    if inputs[0].shape.ndims not in (None, 3):
        raise ShapeMismatch(f"Shape must be rank 3 but is rank {inputs[0].shape.ndims}")
    batch, lengths = inputs[0].shape.known[1] if inputs[0].shape.known else None, inputs[1].shape.known
    if batch is not None and lengths and lengths[0] not in (None, batch):
        raise ShapeMismatch(f"Dimensions must be equal, but are {batch} and {lengths[0]}")
    paths = attributes.get("top_paths", 1)
    return [
        *[(int64, TensorShape([None, 2]))] * paths,
        *[(int64, TensorShape([None]))] * paths,
        *[(int64, TensorShape([2]))] * paths,
        (inputs[0].dtype.base_dtype, TensorShape([batch, paths])),
    ]


register("CTCGreedyDecoder", _greedy, _paths_rule, stateful=True, differentiable=False)
