"""Zoneout: units that keep the state they had (Krueger et al. 2016)."""

from __future__ import annotations

from typing import Any

import optree
from torch import Tensor

from ostinato import kernels
from ostinato._state import Nest, flatten, leaves, map_nest
from ostinato.cells.base import RNNCell
from ostinato.cells.lowering import RunSequence, lower
from ostinato.cells.run import current_position
from ostinato.cells.wrapper import CellWrapper

ZONEOUT_PART = 3
"""Tells zoneout's masks from those of dropout (inputs 0, outputs 1, state 2) at the same place of a run."""


def zone_out(new: Tensor, old: Tensor, probability: float, kept: Tensor | None) -> Tensor:
    """The state after a step: `old` where `kept`, `new` elsewhere; without `kept`, the expectation of that.

    >>> import torch
    >>> zone_out(torch.ones(2), torch.zeros(2), 0.25, None)
    tensor([0.7500, 0.7500])
    """
    if kept is None:
        return probability * old + (1.0 - probability) * new
    return old.where(kept, new)


def check_probability(name: str, value: Any) -> float:
    """`value` as a float; a ValueError where it is no probability."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value <= 1.0:
        raise ValueError(f"{name} must be a probability in the range [0, 1], but is {value!r}.")
    return float(value)


class ZoneoutWrapper(CellWrapper):
    """Each unit of the state keeps, with the probability `zoneout`, the value that it had before the step.
    Krueger et al. 2016, "Zoneout: Regularizing RNNs by Randomly Preserving Hidden Activations".

    In training mode (`.train()`) the units are drawn anew for each step and row; in evaluation the state is
    the expectation, `zoneout * old + (1 - zoneout) * new`. Where the cell's output is part of its state, as
    an LSTM's h, the output is that part after zoneout. Masks come from the driver's run as those of
    `DropoutWrapper` do: a function of its seed, of the step and of the wrapper's place. A part of the state
    that is not floating point, or has no batch, is left alone. The cell is stepped: it does not run as a
    sequence op.

    Args:
        cell: the wrapped cell.
        zoneout: a probability in [0, 1], or a nest of them in the structure of `cell.state_size`:
            `LSTMStateTuple(c=0.5, h=0.05)`.

    Raises:
        ValueError: a probability outside [0, 1].
        TypeError: a nest in another structure.

    >>> from ostinato import BasicLSTMCell, LSTMStateTuple
    >>> cell = ZoneoutWrapper(BasicLSTMCell(4, input_size=3), LSTMStateTuple(c=1.0, h=0.1))
    >>> output, state = cell(torch.randn(2, 3), cell.zero_state(2))
    >>> bool((state.c == 0).all()), output is state.h
    (True, True)
    """

    def __init__(self, cell: RNNCell, zoneout: Nest) -> None:
        super().__init__(cell)
        if isinstance(zoneout, int | float):
            zoneout = map_nest(lambda _: zoneout, cell.state_size)
        elif optree.tree_structure(zoneout) != optree.tree_structure(cell.state_size):
            raise TypeError(
                "zoneout must be a probability, or one for each part of the cell's state in the structure of "
                f"its state_size {cell.state_size}, but is {zoneout!r}."
            )
        self.zoneout = map_nest(lambda value: check_probability("zoneout", value), zoneout)

    def forward(self, inputs: Nest, state: Nest) -> tuple[Nest, Nest]:
        probabilities = leaves(self.zoneout)
        # Before the wrapped cell, whose parts then follow this one in the run.
        position = current_position(self) if self.training and any(probabilities) else None
        outputs, computed = self.cell(inputs, state)
        new_leaves, as_state = flatten(computed)
        zoned = []
        for index, (new, old, probability) in enumerate(
            zip(new_leaves, leaves(state), probabilities, strict=True)
        ):
            if not probability or not new.is_floating_point() or not new.dim():
                zoned.append(new)
                continue
            kept = None
            if position is not None:
                place = [*position.place, ZONEOUT_PART, index]
                numbers = kernels.step_uniform(position.seed, place, position.step, 1, new.shape, new.device)
                kept = numbers[0] < probability
            zoned.append(zone_out(new, old, probability, kept))
        return _replaced(outputs, new_leaves, zoned), as_state(zoned)

    def lower(self) -> RunSequence | None:
        return lower(self.cell) if not any(leaves(self.zoneout)) and self._runs(ZoneoutWrapper) else None

    def extra_repr(self) -> str:
        return f"zoneout={self.zoneout}"


def _replaced(outputs: Nest, computed: list[Tensor], zoned: list[Tensor]) -> Nest:
    """`outputs`, with the parts of the state among them (the very same tensors) replaced."""

    def replace(leaf: Tensor) -> Tensor:
        for before, after in zip(computed, zoned, strict=True):
            if leaf is before:
                return after
        return leaf

    return map_nest(replace, outputs)
