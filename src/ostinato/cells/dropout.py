"""Dropout around a cell. TF1: `tf.nn.rnn_cell.DropoutWrapper`."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ostinato import kernels
from ostinato._state import LSTMStateTuple, Nest, flatten
from ostinato.cells.base import RNNCell, StepPosition, step_cell
from ostinato.cells.lowering import RunSequence, SequenceContext, lower
from ostinato.cells.wrapper import CellWrapper

KeepProbability = float | Tensor
# The places of this wrapper's masks among the parts of the cell; the wrapped cell is the first part.
_CELL, _INPUT, _STATE, _OUTPUT = range(4)


class DropoutWrapper(CellWrapper):
    """Inverted dropout on a cell's inputs, state and outputs: kept with the given probability, and then
    divided by it. TF1: `tf.nn.rnn_cell.DropoutWrapper`.

    As a module it drops in training mode only (`.train()`, `.eval()`). An `LSTMStateTuple` has its h
    dropped, never its c; the output is taken from the cell before its state is dropped. A mask is a
    function of a seed that a driver draws once a run (from torch's default generator), of the step and of
    the wrapper's place in the cell: static and dynamic unrolling drop the same, and recomputation replays.
    A cell called by hand draws a new seed at each call.

    Args:
        cell: the wrapped cell.
        input_keep_prob, output_keep_prob, state_keep_prob: a float in (0, 1] (1.0: no dropout) or a scalar
            tensor.
        variational_recurrent: one mask for all steps of a run and, as in TF1, for all rows (Gal and
            Ghahramani 2016).
        seed: mixed into the masks, to tell apart runs that share a driver's seed.

    Raises:
        ValueError: a probability outside (0, 1].

    >>> from ostinato import BasicRNNCell
    >>> cell = DropoutWrapper(BasicRNNCell(4, input_size=3), output_keep_prob=0.5)
    >>> out, _ = cell.eval()(torch.ones(2, 3), cell.zero_state(2))
    >>> bool((out != 0).all())
    True
    """

    def __init__(
        self,
        cell: RNNCell,
        input_keep_prob: KeepProbability = 1.0,
        output_keep_prob: KeepProbability = 1.0,
        state_keep_prob: KeepProbability = 1.0,
        *,
        variational_recurrent: bool = False,
        seed: int | None = None,
    ) -> None:
        super().__init__(cell)
        self.input_keep_prob = _checked("input_keep_prob", input_keep_prob)
        self.output_keep_prob = _checked("output_keep_prob", output_keep_prob)
        self.state_keep_prob = _checked("state_keep_prob", state_keep_prob)
        self.variational_recurrent = variational_recurrent
        self.seed = seed

    def forward(self, inputs: Nest, state: Nest, position: StepPosition | None = None) -> tuple[Nest, Nest]:
        position = StepPosition.draw() if position is None else position
        inputs = self._drop_step(inputs, self.input_keep_prob, position.child(_INPUT))
        outputs, new_state = step_cell(self.cell)(inputs, state, position.child(_CELL))
        new_state = self._drop_state(new_state, position.child(_STATE))
        return self._drop_step(outputs, self.output_keep_prob, position.child(_OUTPUT)), new_state

    @property
    def uses_seed(self) -> bool:
        return any(map(self._drops, (self.input_keep_prob, self.output_keep_prob, self.state_keep_prob)))

    def _drops(self, keep_prob: KeepProbability) -> bool:
        return self.training and (isinstance(keep_prob, Tensor) or keep_prob < 1.0)

    def _mask(
        self, shape: torch.Size, keep_prob: KeepProbability, like: Tensor, position: StepPosition, steps: int
    ) -> Tensor:
        """What `steps` steps of shape `[batch, ...]` are multiplied with: `[steps, batch, ...]`, or `[1,
        1, ...]` for a variational mask.
        """
        first_step = position.step
        if self.variational_recurrent:
            first_step, steps, shape = 0, 1, torch.Size((1, *shape[1:]))
        seed = position.seed if self.seed is None else position.seed + self.seed
        numbers = kernels.step_uniform(seed, position.place, first_step, steps, shape, like.device)
        return (numbers < keep_prob).to(like.dtype) / keep_prob

    def _drop_step(self, nest: Nest, keep_prob: KeepProbability, position: StepPosition) -> Nest:
        if not self._drops(keep_prob):
            return nest
        values, unflatten = flatten(nest)
        return unflatten(
            [
                value * self._mask(value.shape, keep_prob, value, position.child(index), 1)[0]
                for index, value in enumerate(values)
            ]
        )

    def _drop_state(self, state: Nest, position: StepPosition) -> Nest:
        if not self._drops(self.state_keep_prob):
            return state
        if isinstance(state, LSTMStateTuple):
            return state._replace(h=self._drop_step(state.h, self.state_keep_prob, position))
        if isinstance(state, list | tuple):
            dropped = [self._drop_state(part, position.child(index)) for index, part in enumerate(state)]
            return type(state)(*dropped) if hasattr(state, "_fields") else type(state)(dropped)
        return self._drop_step(state, self.state_keep_prob, position)

    def lower(self) -> RunSequence | None:
        run_cell = lower(self.cell)
        if run_cell is None or self._drops(self.state_keep_prob) or not self._is_plain(DropoutWrapper):
            return None

        def run(inputs: Tensor, state: Nest, context: SequenceContext) -> tuple[Tensor, Nest]:
            inputs = self._drop_sequence(inputs, self.input_keep_prob, context.child(_INPUT))
            outputs, final_state = run_cell(inputs, state, context.child(_CELL))
            return self._drop_sequence(outputs, self.output_keep_prob, context.child(_OUTPUT)), final_state

        return run

    def _drop_sequence(
        self, sequence: Tensor, keep_prob: KeepProbability, context: SequenceContext
    ) -> Tensor:
        if not self._drops(keep_prob):
            return sequence
        position = context.position.child(0)
        return sequence * self._mask(sequence.shape[1:], keep_prob, sequence, position, sequence.shape[0])

    def extra_repr(self) -> str:
        names = ("input_keep_prob", "output_keep_prob", "state_keep_prob", "variational_recurrent")
        return ", ".join(f"{name}={getattr(self, name)}" for name in names)


def _checked(name: str, value: Any) -> KeepProbability:
    if isinstance(value, Tensor):
        if value.dim() != 0:
            raise ValueError(
                f"{name} must be a number or a scalar tensor, but has shape {list(value.shape)}."
            )
        return value
    if not 0.0 < value <= 1.0:
        raise ValueError(f"{name} must be greater than 0 and at most 1, but is {value}.")
    return float(value)
