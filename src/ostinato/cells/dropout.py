"""Dropout around a cell. TF1: `tf.nn.rnn_cell.DropoutWrapper`."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ostinato import kernels
from ostinato._external import external
from ostinato._state import LSTMStateTuple, Nest, flatten
from ostinato.cells.base import RNNCell
from ostinato.cells.lowering import RunSequence, SequenceContext, has_known_values, lower
from ostinato.cells.run import StepPosition, current_position
from ostinato.cells.wrapper import CellWrapper
from ostinato.steps import masking

KeepProbability = float | Tensor
_INPUT, _OUTPUT, _STATE = range(3)


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
        self.input_keep_prob = checked_keep_prob("input_keep_prob", input_keep_prob)
        self.output_keep_prob = checked_keep_prob("output_keep_prob", output_keep_prob)
        self.state_keep_prob = checked_keep_prob("state_keep_prob", state_keep_prob)
        self.variational_recurrent = variational_recurrent
        self.seed = seed

    def _drops(self, keep_prob: KeepProbability) -> bool:
        return self.training and (isinstance(keep_prob, Tensor) or keep_prob < 1.0)

    def _position(self) -> StepPosition | None:
        """Where the masks of this call come from; None where nothing is dropped."""
        if not any(map(self._drops, (self.input_keep_prob, self.output_keep_prob, self.state_keep_prob))):
            return None
        return current_position(self)

    def forward(self, inputs: Nest, state: Nest) -> tuple[Nest, Nest]:
        # Before the wrapped cell, whose parts then follow this one in the run.
        position = self._position()
        if position is None:
            return self.cell(inputs, state)  # type: ignore[no-any-return]
        inputs = self._drop_nest(inputs, self.input_keep_prob, position, _INPUT)
        outputs, new_state = self.cell(inputs, state)
        if self._drops(self.state_keep_prob):
            new_state = self._drop_state(new_state, position, (_STATE,))
        return self._drop_nest(outputs, self.output_keep_prob, position, _OUTPUT), new_state

    def lower(self) -> RunSequence | None:
        run_cell = lower(self.cell)
        if run_cell is None or self._drops(self.state_keep_prob) or not self._runs(DropoutWrapper):
            return None

        def run(inputs: Tensor, state: Nest, context: SequenceContext) -> tuple[Tensor, Nest]:
            position = self._position()
            if position is None:
                return run_cell(inputs, state, context)
            if self._drops(self.input_keep_prob):
                # Padding must not meet a mask either: 0 * NaN would reach a keep probability that is learned.
                inputs = masking.zero_padding(context.sequence_length, inputs)
                inputs = self._drop_steps(inputs, self.input_keep_prob, position, (_INPUT, 0))
            outputs, final_state = run_cell(inputs, state, context)
            if self._drops(self.output_keep_prob):
                outputs = self._drop_steps(outputs, self.output_keep_prob, position, (_OUTPUT, 0))
            return outputs, final_state

        return run

    def _drop_nest(self, nest: Nest, keep_prob: KeepProbability, position: StepPosition, part: int) -> Nest:
        if not self._drops(keep_prob):
            return nest
        values, unflatten = flatten(nest)
        return unflatten([self._drop(leaf, keep_prob, position, (part, i)) for i, leaf in enumerate(values)])

    def _drop_state(self, state: Nest, position: StepPosition, part: tuple[int, ...]) -> Nest:
        if isinstance(state, LSTMStateTuple):
            return state._replace(h=self._drop_state(state.h, position, part))
        if isinstance(state, dict):
            # By key, as a dict's order is not part of its meaning.
            return {
                key: self._drop_state(state[key], position, (*part, i)) for i, key in enumerate(sorted(state))
            }
        if isinstance(state, list | tuple):
            dropped = [self._drop_state(leaf, position, (*part, i)) for i, leaf in enumerate(state)]
            return type(state)(*dropped) if hasattr(state, "_fields") else type(state)(dropped)
        return self._drop(state, self.state_keep_prob, position, part)

    def _drop(
        self, value: Tensor, keep_prob: KeepProbability, position: StepPosition, part: tuple[int, ...]
    ) -> Tensor:
        """Drop of one step's `[batch, ...]`; a tensor that is not floating point (ids, a counter) is left
        alone.
        """
        if not value.is_floating_point():
            return value
        return self._drop_steps(value.unsqueeze(0), keep_prob, position, part).squeeze(0)

    def _drop_steps(
        self, value: Tensor, keep_prob: KeepProbability, position: StepPosition, part: tuple[int, ...]
    ) -> Tensor:
        """Drop of several steps' `[steps, batch, ...]`, the first of which is the position's."""
        steps, shape, first_step = value.shape[0], value.shape[1:], position.step
        if self.variational_recurrent:
            steps, shape, first_step = 1, torch.Size((1, *shape[1:])), 0
        place = [*position.place, *part] if self.seed is None else [*position.place, *part, self.seed]
        numbers = kernels.step_uniform(position.seed, place, first_step, steps, shape, value.device)
        plain = not isinstance(keep_prob, Tensor) or (
            has_known_values(keep_prob) and not keep_prob.requires_grad
        )
        if plain and value.dtype is numbers.dtype:
            return value * numbers.lt_(keep_prob).div_(keep_prob)
        return value * ((numbers < keep_prob).to(value.dtype) / keep_prob)

    def extra_repr(self) -> str:
        names = ("input_keep_prob", "output_keep_prob", "state_keep_prob", "variational_recurrent")
        return ", ".join(f"{name}={getattr(self, name)}" for name in names)


def checked_keep_prob(name: str, value: Any) -> KeepProbability:
    """A probability of keeping, if it is one."""
    if isinstance(value, Tensor):
        if value.dim() != 0:
            raise ValueError(
                f"{name} must be a number or a scalar tensor, but has shape {list(value.shape)}."
            )
        if has_known_values(value):
            _check_keep_prob(value.detach(), name)
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} must be a number or a scalar tensor, but is {value!r}.")
    if not 0.0 < value <= 1.0:
        raise ValueError(f"{name} must be greater than 0 and at most 1, but is {value}.")
    return float(value)


@external
def _check_keep_prob(value: Tensor, name: str) -> None:
    if not 0.0 < float(value) <= 1.0:
        raise ValueError(f"{name} must be greater than 0 and at most 1, but is {float(value)}.")
