"""The cell protocol: `output, state = cell(inputs, state)`, with `state_size`, `output_size` and
`zero_state`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from ostinato._state import Nest, zeros

if TYPE_CHECKING:
    from ostinato.cells.lowering import RunSequence


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

    def lower(self) -> RunSequence | None:
        """The function that runs whole sequences for this cell in the state it is in, or None where it
        must be stepped.
        """
        return None

    def _runs(self, cls: type[RNNCell]) -> bool:
        """Whether a call amounts to `cls.forward` and nothing else: no override, and no hook that would be
        missed.
        """
        observed = (
            self._forward_hooks or self._forward_pre_hooks or self._backward_hooks or self._backward_pre_hooks
        )
        return type(self).forward is cls.forward and "forward" not in vars(self) and not observed


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
