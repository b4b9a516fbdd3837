"""What a node runs for an LSTM with recurrent dropout."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from ostinato import cells

from ..cell_description import Leaf, LeafCell

_KEEP_PROB = "keep_prob"


@dataclass(frozen=True)
class DroppingLeaf(Leaf):
    """An LSTM that drops what joins its c. A keep probability of None is a tensor behind the parameters."""

    keep_prob: float | None = None
    seed: int | None = None

    uses_seed = True

    def __post_init__(self) -> None:
        if self.keep_prob is None:
            object.__setattr__(self, "names", (*self.names, _KEEP_PROB))

    def _cell(self, family: Any, slots: Mapping[str, Callable[[], torch.Tensor]]) -> cells.RNNCell:
        remaining = dict(slots)
        keep_prob: Any = self.keep_prob
        if keep_prob is None:
            keep_prob = remaining.pop(_KEEP_PROB)()
        return _DroppingCell(family, remaining, keep_prob, self.seed)


class _DroppingCell(cells.RecurrentDropout, LeafCell):
    def __init__(
        self,
        family: Any,
        slots: Mapping[str, Callable[[], torch.Tensor]],
        keep_prob: float | torch.Tensor,
        seed: int | None,
    ) -> None:
        super().__init__(family, slots)
        self.set_dropout(keep_prob, seed)
