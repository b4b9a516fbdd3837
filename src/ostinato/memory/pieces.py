"""Sequences that grow, of a length that is known when they end."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ostinato.memory.blocks import Blocks


class Pieces:
    """Collects `[steps, ...]` parts of tensors `[time, ...]`, and hands over the whole.

    Larger pieces lie in memory of their own, so that each is the system's again when it has been copied: at
    the end there is room for the whole and for one piece, not for the whole twice.

    >>> pieces = Pieces()
    >>> pieces.add([torch.zeros(2, 3)])
    >>> pieces.add([torch.ones(1, 3)])
    >>> pieces.whole()[0].shape
    torch.Size([3, 3])
    """

    def __init__(self, piece: int = 8 << 20) -> None:
        self._piece = piece
        self._packed: list[list[Tensor]] = []
        self._parts: list[Sequence[Tensor]] = []
        self._bytes = 0

    def add(self, parts: Sequence[Tensor]) -> None:
        """One part of each tensor.

        Raises:
            TypeError: a part of another dtype than the first one.
        """
        first = self._packed[0] if self._packed else self._parts[0] if self._parts else parts
        for part, before in zip(parts, first, strict=True):
            if part.dtype != before.dtype:
                raise TypeError(
                    f"Outputs changed their dtype on the way from {before.dtype} to {part.dtype}."
                )
        self._parts.append(parts)
        self._bytes += sum(part.nbytes for part in parts)
        if self._bytes >= self._piece:
            self._pack()

    def _pack(self) -> None:
        self._packed.append([_joined(list(parts)) for parts in zip(*self._parts, strict=True)])
        self._parts, self._bytes = [], 0

    def whole(self) -> list[Tensor]:
        """All parts as one tensor each; the pieces are let go of."""
        if not self._packed:
            return [torch.cat(parts) for parts in zip(*self._parts, strict=True)]
        if self._parts:
            self._pack()
        first = self._packed[0]
        steps = sum(len(piece[0]) for piece in self._packed)
        whole = [leaf.new_empty(steps, *leaf.shape[1:]) for leaf in first]
        start, first = 0, []
        for _ in range(len(self._packed)):
            piece = self._packed.pop(0)
            stop = start + len(piece[0])
            for leaf, part in zip(whole, piece, strict=True):
                leaf[start:stop] = part
            start = stop
        return whole


def _joined(parts: list[Tensor]) -> Tensor:
    first, steps = parts[0], sum(len(part) for part in parts)
    size = sum(part.nbytes for part in parts)
    if first.device.type != "cpu" or not size:
        return torch.cat(parts)
    blocks = Blocks()
    blocks.close()  # nothing waits there to be used again
    joined = torch.from_numpy(blocks.lend(size)).view(first.dtype).view(steps, *first.shape[1:])
    start = 0
    for part in parts:
        joined[start : start + len(part)] = part
        start += len(part)
    return joined
