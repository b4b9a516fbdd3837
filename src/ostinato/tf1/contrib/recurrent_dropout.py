"""What a node runs for an LSTM with recurrent dropout."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from ostinato import cells

from ..cell_description import Leaf, LeafCell
from ..seeded_dropout import drop_steps

if TYPE_CHECKING:
    from ..run import Run

_KEEP_PROB = "keep_prob"


@dataclass(frozen=True)
class DroppingLeaf(Leaf):
    """An LSTM that drops what joins its c. A keep probability of None is a tensor behind the parameters."""

    keep_prob: float | None = None
    seeds: tuple[int, int] | None = None  # of the graph and of the cell; None: any masks will do

    uses_seed = True

    def __post_init__(self) -> None:
        if self.keep_prob is None:
            object.__setattr__(self, "names", (*self.names, _KEEP_PROB))

    def _cell(self, family: Any, slots: Mapping[str, Callable[[], torch.Tensor]], run: Run) -> cells.RNNCell:
        remaining = dict(slots)
        keep_prob: Any = self.keep_prob
        if keep_prob is None:
            keep_prob = remaining.pop(_KEEP_PROB)()
        cell = _DroppingCell(family, remaining)
        cell.set_dropout(keep_prob, None)
        cell.draw_as(self.seeds, run)
        return cell


class _DroppingCell(cells.RecurrentDropout, LeafCell):
    """The core's cell, with the masks that TensorFlow draws where it has a seed."""

    def draw_as(self, seeds: tuple[int, int] | None, run: Run) -> None:
        self._seeds, self._run = seeds, run

    def _drop(self, position: cells.StepPosition, value: torch.Tensor) -> torch.Tensor:
        loop = self._run.loop
        if self._seeds is None or loop is None:
            return super()._drop(position, value)
        key = ("recurrent_dropout", *position.place)
        steps = drop_steps(value.unsqueeze(0), self.dropout_keep_prob, loop, key, self._seeds, position.step)
        return steps.squeeze(0)
