"""Stacked cells. TF1: `tf.nn.rnn_cell.MultiRNNCell`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ostinato._state import Nest
from ostinato.cells.base import RNNCell, check_cell
from ostinato.cells.lowering import RunSequence, SequenceContext, lower


class MultiRNNCell(RNNCell):
    """A stack of cells: each cell's output is the next one's input. TF1: `tf.nn.rnn_cell.MultiRNNCell`.

    The state is a tuple of the cells' states. Under a driver the stack runs layer by layer on sequence ops
    where every cell can.

    Raises:
        TypeError: `cells` is not a list or tuple of cells.
        ValueError: `cells` is empty, or one cell's output size is not the next one's input size.

    >>> from ostinato import BasicLSTMCell, GRUCell
    >>> MultiRNNCell([BasicLSTMCell(4, input_size=3), GRUCell(5, input_size=4)]).state_size
    (LSTMStateTuple(c=4, h=4), 5)
    """

    def __init__(self, cells: Sequence[RNNCell]) -> None:
        super().__init__()
        if not isinstance(cells, list | tuple | nn.ModuleList):
            raise TypeError(f"cells must be a list or tuple, but saw: {cells!r}.")
        if not len(cells):
            raise ValueError("Must specify at least one cell for MultiRNNCell.")
        for index, cell in enumerate(cells):
            check_cell(cell, f"cells[{index}]")
            if not isinstance(cell, nn.Module):
                raise TypeError(
                    f"cells[{index}] is a {type(cell).__name__}, but a stack takes modules: derive it from "
                    "ostinato.RNNCell."
                )
            if index and getattr(cell, "input_size", None) not in (None, cells[index - 1].output_size):
                raise ValueError(
                    f"cells[{index}] takes inputs of size {cell.input_size}, but the output of "
                    f"cells[{index - 1}] has size {cells[index - 1].output_size}."
                )
        self.cells = nn.ModuleList(cells)

    @property
    def input_size(self) -> Nest:
        return getattr(self.cells[0], "input_size", None)

    @property
    def state_size(self) -> Nest:
        return tuple(cell.state_size for cell in self.cells)

    @property
    def output_size(self) -> Nest:
        return self.cells[-1].output_size

    def zero_state(
        self, batch_size: int, dtype: torch.dtype | None = None, device: torch.device | str | None = None
    ) -> Nest:
        return tuple(cell.zero_state(batch_size, dtype, device) for cell in self.cells)  # type: ignore[operator]

    def forward(self, inputs: Nest, state: Nest) -> tuple[Nest, Nest]:
        if not isinstance(state, list | tuple) or len(state) != len(self.cells):
            raise ValueError(
                f"Expected state to be a tuple of length {len(self.cells)}, "
                f"but received: {_described(state)}."
            )
        new_states = []
        for cell, cell_state in zip(self.cells, state, strict=True):
            inputs, new_state = cell(inputs, cell_state)
            new_states.append(new_state)
        return inputs, tuple(new_states)

    def lower(self) -> RunSequence | None:
        layers = [lower(cell) for cell in self.cells]
        if not self._runs(MultiRNNCell) or None in layers:
            return None

        def run(inputs: Tensor, state: Nest, context: SequenceContext) -> tuple[Tensor, Nest]:
            final = []
            for index, layer in enumerate(layers):
                assert layer is not None
                inputs, layer_state = layer(inputs, state[index], context)
                final.append(layer_state)
            return inputs, tuple(final)

        return run


def _described(state: Any) -> str:
    return (
        f"a tensor of shape {list(state.shape)}"
        if isinstance(state, Tensor)
        else f"{type(state).__name__} {state!r}"
    )
