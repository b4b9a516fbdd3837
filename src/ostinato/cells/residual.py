"""A residual connection around a cell. TF1: `tf.nn.rnn_cell.ResidualWrapper`."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from ostinato._state import Nest, leaves, map_nest
from ostinato.cells.base import RNNCell
from ostinato.cells.lowering import RunSequence, SequenceContext, lower
from ostinato.cells.wrapper import CellWrapper
from ostinato.steps import masking


class ResidualWrapper(CellWrapper):
    """Adds the inputs to the cell's outputs, or combines the two by `residual_fn(inputs, outputs)`. TF1:
    `tf.nn.rnn_cell.ResidualWrapper`; Wu et al. 2016.

    Raises:
        ValueError: without `residual_fn`, the output's shape is not that of the inputs.

    >>> import torch
    >>> from ostinato import GRUCell
    >>> cell = ResidualWrapper(GRUCell(3, input_size=3))
    >>> cell(torch.ones(2, 3), cell.zero_state(2))[0].shape
    torch.Size([2, 3])
    """

    def __init__(self, cell: RNNCell, residual_fn: Callable[[Nest, Nest], Nest] | None = None) -> None:
        super().__init__(cell)
        self.residual_fn = residual_fn

    def forward(self, inputs: Nest, state: Nest) -> tuple[Nest, Nest]:
        outputs, new_state = self.cell(inputs, state)
        return (self.residual_fn or _add)(inputs, outputs), new_state

    def lower(self) -> RunSequence | None:
        run_cell = lower(self.cell)
        # A residual_fn may do anything with one step's [batch, ...]; over a whole sequence it would mean
        # something else.
        if run_cell is None or self.residual_fn is not None or not self._runs(ResidualWrapper):
            return None

        def run(inputs: Tensor, state: Nest, context: SequenceContext) -> tuple[Tensor, Nest]:
            outputs, final_state = run_cell(inputs, state, context)
            return masking.zero_padding(context.sequence_length, _add(inputs, outputs)), final_state

        return run


def _add(inputs: Nest, outputs: Nest) -> Nest:
    for given, computed in zip(leaves(inputs), leaves(outputs), strict=True):
        if given.shape != computed.shape:
            raise ValueError(
                f"ResidualWrapper adds inputs and outputs, but their shapes {list(given.shape)} and "
                f"{list(computed.shape)} are incompatible: choose num_units equal to the input size, or "
                "pass a residual_fn."
            )
    return map_nest(lambda given, computed: given + computed, inputs, outputs)
