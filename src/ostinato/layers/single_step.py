"""A call with a single step, as a decoder makes one for each word: by torch's own cell functions, over the
weights as they are. To make a family's kernel costs more than one step with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ostinato._state import is_autocast_enabled
from ostinato.cells import is_transformed

_WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
_FUNCTIONS: dict[str, Any] = {
    "GRU": torch.gru_cell,
    "RNN_TANH": torch.rnn_tanh_cell,
    "RNN_RELU": torch.rnn_relu_cell,
}


def has_single_step(values: Mapping[str, Tensor]) -> bool:
    """Whether `single_step` can take a step with these parameters of a direction. It knows no projection and
    no layer norm, and torch.func has no rules for torch's cell functions.
    """
    return values.keys() <= set(_WEIGHTS) and not is_transformed()


def single_step(
    mode: str, values: Mapping[str, Tensor], inputs: Tensor, state: Sequence[Tensor]
) -> Sequence[Tensor]:
    """The state after one step of a direction of the layer `mode`, in torch.nn's order as `state` is, from
    `inputs` `[batch, input_size]`.

    >>> values = {"weight_ih": torch.ones(1, 1), "weight_hh": torch.ones(1, 1)}
    >>> single_step("RNN_RELU", values, torch.ones(1, 1), [torch.ones(1, 1)])
    (tensor([[2.]]),)
    """
    if is_autocast_enabled(inputs.device):  # as the operators: in the parameters' dtype
        with torch.autocast(inputs.device.type, enabled=False):
            return single_step(mode, values, inputs, state)
    weights: list[Any] = [values.get(name) for name in _WEIGHTS]
    if mode == "LSTM":
        return torch.lstm_cell(inputs, tuple(state), *weights)
    return (_FUNCTIONS[mode](inputs, state[0], *weights),)
