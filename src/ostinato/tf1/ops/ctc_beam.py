"""The labellings of highest probability, found with a beam of prefixes.

Source: Graves and Jaitly, "Towards end-to-end speech recognition with recurrent neural networks" (2014).

All rows of a batch and all prefixes of their beams take a step at once. A prefix is known by a hash of its
labels, so that the probability of one goes on to a longer one that is in the beam too.
"""

from __future__ import annotations

from typing import Any

import torch

from ..errors import InvalidArgumentError
from ..registry import register
from ..tensor import Operation
from .ctc import _checked_lengths, _paths_rule, _sparse

_FACTOR = 6364136223846793005  # of a linear congruential generator: it spreads what is next to each other
_ROOT, _NO_PARENT, _NONE = 1442695040888963407, 1, -1


class _Beam:
    """The prefixes of each row, `[batch, width]`: their probabilities and how they end."""

    def __init__(self, batch: int, width: int, dtype: torch.dtype) -> None:
        shape = (batch, width)
        low = -torch.inf
        self.total = torch.full(shape, low, dtype=dtype)
        self.blank = torch.full(shape, low, dtype=dtype)  # ending with a blank
        self.label = torch.full(shape, low, dtype=dtype)  # ending with the last label
        self.last = torch.full(shape, _NONE, dtype=torch.long)
        self.hash = torch.zeros(shape, dtype=torch.long)
        self.parent = torch.full(shape, _NO_PARENT, dtype=torch.long)
        self.total[:, 0] = self.blank[:, 0] = 0.0
        self.hash[:, 0] = _ROOT

    def step(self, logits: torch.Tensor, active: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Take a step; (which prefix each came of, the label that was added or -1), `[batch, width]`."""
        batch, width = self.total.shape
        logits = torch.log_softmax(logits, -1)
        classes = logits.shape[1] - 1
        # A prefix goes on being what it is: a blank comes, or its last label again, or for the first time
        # after the shorter prefix, where that is in the beam.
        there = self.total > -torch.inf
        same = (self.parent.unsqueeze(2) == self.hash.unsqueeze(1)) & (
            there.unsqueeze(2) & there.unsqueeze(1)
        )
        has_parent, parent = same.any(2), same.to(torch.uint8).argmax(2)
        own = self.last.clamp_min(0)
        repeated = self.last.gather(1, parent) == self.last
        before = torch.where(repeated, self.blank.gather(1, parent), self.total.gather(1, parent))
        before = torch.where(has_parent, before, -torch.inf)
        label = torch.logaddexp(self.label, before) + logits.gather(1, own)
        blank = self.total + logits[:, -1:]
        total = torch.logaddexp(blank, label)
        # Or it grows by one of the likeliest labels; those by which it is in the beam already are taken.
        scores, labels = logits[:, :-1].topk(min(classes, 2 * width), dim=1)
        base = torch.where(
            labels.unsqueeze(1) == self.last.unsqueeze(2), self.blank.unsqueeze(2), self.total.unsqueeze(2)
        )
        grown = base + scores.unsqueeze(1)
        place = torch.full((batch, classes), -1, dtype=torch.long).scatter_(
            1, labels, torch.arange(labels.shape[1]).expand(batch, -1)
        )
        column = place.gather(1, own)
        taken = has_parent & (column >= 0)
        rows, which = taken.nonzero(as_tuple=True)
        grown[rows, parent[rows, which], column[rows, which]] = -torch.inf
        totals, chosen = torch.cat([total, grown.flatten(1)], 1).topk(width, dim=1)
        # What the chosen ones are.
        grows = chosen >= width
        flat = (chosen - width).clamp_min(0)
        source = torch.where(grows, flat // labels.shape[1], chosen)
        added = labels.gather(1, flat % labels.shape[1])
        stays = torch.where(grows, 0, chosen)
        hashes = self.hash.gather(1, source)
        found = {
            "total": totals,
            "blank": torch.where(grows, -torch.inf, blank.gather(1, stays)),
            "label": torch.where(grows, totals, label.gather(1, stays)),
            "last": torch.where(grows, added, self.last.gather(1, stays)),
            "hash": torch.where(grows, hashes * _FACTOR + added + 1, hashes),
            "parent": torch.where(grows, hashes, self.parent.gather(1, stays)),
        }
        for name, value in found.items():
            setattr(self, name, torch.where(active, value, getattr(self, name)))
        unmoved = torch.arange(width).expand(batch, -1)
        return torch.where(active, source, unmoved), torch.where(active & grows, added, _NONE)


def _decode(run: Any, operation: Operation, inputs: torch.Tensor, lengths: torch.Tensor) -> Any:
    attributes = operation.attributes
    width, paths = attributes["beam_width"], attributes["top_paths"]
    steps, batch, _ = inputs.shape
    sizes = torch.from_numpy(_checked_lengths(operation, lengths, steps, batch))
    if paths > width:
        raise InvalidArgumentError(None, operation, "requested more paths than the beam width.")
    beam = _Beam(batch, width, inputs.dtype)
    moves = []
    with torch.no_grad():
        for step in range(int(sizes.max()) if batch else 0):
            moves.append(beam.step(inputs[step], (step < sizes).unsqueeze(1)))
    best = beam.total.topk(paths, dim=1)
    if (best.values == -torch.inf).any():
        raise InvalidArgumentError(None, operation, "Less leaves in the beam search than requested.")
    place, ends = best.indices, []
    for source, added in reversed(moves):
        ends.append(added.gather(1, place))
        place = source.gather(1, place)
    found = (
        torch.stack(ends[::-1], 2).tolist() if ends else [[[] for _ in range(paths)] for _ in range(batch)]
    )
    parts = [
        _sparse([_labels(row[path], attributes["merge_repeated"]) for row in found]) for path in range(paths)
    ]
    return (
        *[part[0] for part in parts],
        *[part[1] for part in parts],
        *[part[2] for part in parts],
        best.values,
    )


def _labels(added: list[int], merge_repeated: bool) -> list[int]:
    labels = [label for label in added if label != _NONE]
    if not merge_repeated:
        return labels
    return [label for place, label in enumerate(labels) if place == 0 or label != labels[place - 1]]


register("CTCBeamSearchDecoder", _decode, _paths_rule, stateful=True, differentiable=False)
