"""What wrappers share: they look like the cell that they wrap."""

from __future__ import annotations

import torch

from ostinato._state import Nest
from ostinato.cells.base import RNNCell, check_cell


class CellWrapper(RNNCell):
    """A cell around another one, with the same inputs, outputs and state."""

    def __init__(self, cell: RNNCell) -> None:
        super().__init__()
        check_cell(cell)
        self.cell = cell

    @property
    def input_size(self) -> Nest:
        return getattr(self.cell, "input_size", None)

    @property
    def state_size(self) -> Nest:
        return self.cell.state_size

    @property
    def output_size(self) -> Nest:
        return self.cell.output_size

    def zero_state(
        self, batch_size: int, dtype: torch.dtype | None = None, device: torch.device | str | None = None
    ) -> Nest:
        return self.cell.zero_state(batch_size, dtype, device)
