"""The cell protocol: `output, state = cell(inputs, state)`, with `state_size`, `output_size` and
`zero_state`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn

from ostinato._state import Nest, zeros

if TYPE_CHECKING:
    from ostinato.cells.lowering import RunSequence


class StepPosition(NamedTuple):
    """Where a driver stands, for cells whose step depends on it: dropout masks are a function of it.

    `seed` is an int64 scalar tensor on the CPU, drawn once a run; `step` counts from 0; `place` tells the
    parts of a cell apart.
    """

    seed: Tensor
    step: int = 0
    place: int = 0

    def child(self, index: int) -> StepPosition:
        """The position of the `index`-th part of the cell at this position."""
        # 64 parts a level: a wrapper has 4, a stack of more than 60 layers repeats masks of its
        # grandchildren at worst.
        return self._replace(place=(self.place * 64 + index + 1) & 0x7FFFFFFFFFFFFFFF)

    @staticmethod
    def draw() -> StepPosition:
        """A position whose seed comes from torch's default generator: `torch.manual_seed` governs it."""
        return StepPosition(torch.randint(0x7FFFFFFFFFFFFFFF, ()))


class RNNCell(nn.Module):
    """Base class of recurrent cells: derive from it, set `state_size` and `output_size`, and define
    `forward`.

    `forward(inputs, state)` takes `inputs` `[batch, input_size]` and a state such as `zero_state` returns,
    and returns the output `[batch, output_size]` and the new state. `state_size` and `output_size` are an
    int (units), a `torch.Size` (a shape without the batch) or a nest of them. Any cell runs under every
    driver. TF1: `tf.nn.rnn_cell.RNNCell`.

    >>> class Sum(RNNCell):
    ...     state_size = output_size = input_size = 2
    ...
    ...     def forward(self, inputs, state):
    ...         return inputs + state, inputs + state
    >>> from ostinato import dynamic_rnn
    >>> outputs, state = dynamic_rnn(Sum(), torch.ones(1, 3, 2))
    >>> state
    tensor([[3., 3.]])
    """

    input_size: Nest
    state_size: Nest
    output_size: Nest

    takes_position = False
    """Whether `forward` takes the `StepPosition` as a third argument; wrappers do, to hand it on."""

    @property
    def uses_seed(self) -> bool:
        """Whether the cell itself, its parts apart, reads `StepPosition.seed` as it is now.

        A driver draws from torch's generator only where some part does, so that a run without dropout leaves
        the stream of random numbers alone.
        """
        return self.takes_position

    def zero_state(
        self, batch_size: int, dtype: torch.dtype | None = None, device: torch.device | str | None = None
    ) -> Nest:
        """A state of zeros for `batch_size` rows, by default in the dtype and on the device of the cell's
        first parameter.
        """
        like = next(iter(self.parameters()), None)
        if like is not None:
            dtype, device = dtype or like.dtype, device or like.device
        return zeros(self.state_size, batch_size, dtype, device)

    def step(self, inputs: Nest, state: Nest, position: StepPosition | None) -> tuple[Nest, Nest]:
        """One step as a driver makes it."""
        arguments = (inputs, state, position) if self.takes_position else (inputs, state)
        result: tuple[Nest, Nest] = self(*arguments)
        return result

    def lower(self) -> RunSequence | None:
        """The function that runs whole sequences for this cell in the state it is in, or None where it
        must be stepped.
        """
        return None

    def _is_observed(self) -> bool:
        """Whether hooks would be missed if the module were not called step by step."""
        return bool(
            self._forward_hooks or self._forward_pre_hooks or self._backward_hooks or self._backward_pre_hooks
        )


def check_cell(cell: Any, name: str = "cell") -> None:
    """Raise a TypeError that says what is missing where `cell` does not follow the protocol."""
    if isinstance(cell, type):
        raise TypeError(f"{name} is the class {cell.__name__}: pass an instance, {cell.__name__}(...).")
    missing = [
        f"'{attribute}' is missing"
        for attribute in ("output_size", "state_size", "zero_state")
        if not hasattr(cell, attribute)
    ]
    if not callable(cell):
        missing.append("it is not callable")
    if missing:
        raise TypeError(f"The argument '{name}' ({_short(cell)}) is not an RNNCell: {', '.join(missing)}.")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 100 else text[:97] + "..."


def step_cell(cell: Any) -> Callable[[Nest, Nest, StepPosition | None], tuple[Nest, Nest]]:
    """The step of an RNNCell, or of any object that follows the protocol."""
    if isinstance(cell, RNNCell):
        return cell.step
    return lambda inputs, state, position: cell(inputs, state)
