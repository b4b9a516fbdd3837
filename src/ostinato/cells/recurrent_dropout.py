"""Recurrent dropout (Semeniuta et al. 2016): what joins an LSTM's c at a step is dropped, never c itself."""

from __future__ import annotations

from functools import partial
from typing import cast

import torch
from torch import Tensor

from ostinato import kernels
from ostinato._state import Nest
from ostinato.cells.dropout import KeepProbability, checked_keep_prob
from ostinato.cells.family import FamilyCell
from ostinato.cells.lowering import RunSequence
from ostinato.cells.run import StepPosition, current_position
from ostinato.steps import LSTM


class RecurrentDropout(FamilyCell):
    """A cell over `steps.LSTM` that drops in training mode. A mask is a function of the run's seed, of the
    step and of the cell's place in the run, as `DropoutWrapper`'s are.
    """

    dropout_keep_prob: KeepProbability = 1.0
    seed: int | None = None

    def set_dropout(self, keep_prob: KeepProbability, seed: int | None) -> None:
        self.dropout_keep_prob, self.seed = checked_keep_prob("dropout_keep_prob", keep_prob), seed

    def _drops(self) -> bool:
        return self.training and (isinstance(self.dropout_keep_prob, Tensor) or self.dropout_keep_prob < 1.0)

    def forward(self, inputs: Tensor, state: Nest) -> tuple[Tensor, Nest]:
        if not self._drops():
            return super().forward(inputs, state)
        parameters = self.family_parameters()
        inputs, state = self._checked(inputs, state, parameters, "batch")
        drop = partial(self._drop, current_position(self))
        family = cast(LSTM, self.family)
        # As a step without dropout: in the parameters' dtype.
        with torch.autocast(inputs.device.type, enabled=False):
            return family.recur(parameters, family.project(parameters, inputs), state, drop)

    def _drop(self, position: StepPosition, value: Tensor) -> Tensor:
        place = [*position.place] if self.seed is None else [*position.place, self.seed]
        numbers = kernels.step_uniform(position.seed, place, position.step, 1, value.shape, value.device)
        keep_prob = self.dropout_keep_prob
        return value * ((numbers.squeeze(0) < keep_prob).to(value.dtype) / keep_prob)

    def lower(self) -> RunSequence | None:
        runs = not self._drops() and self._runs(RecurrentDropout) and kernels.has_sequence_op(self.family)
        return self._run_sequence if runs else None
