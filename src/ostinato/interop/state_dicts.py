"""torch state dicts from TensorFlow checkpoints and back, without a cell or a module between."""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np
from torch import Tensor

from ostinato.checkpoint import load_checkpoint
from ostinato.interop.arrays import to_array, to_tensor
from ostinato.interop.cell_names import checked_scope
from ostinato.interop.conversion import Tensors, to_tensorflow_names, to_torch_names, why_refused
from ostinato.interop.recognition import recurrent_cells
from ostinato.interop.tensors import ArrayTensors, SomeTensors, tensors_of
from ostinato.interop.torch_names import stack_or_pair, torch_modules

Source = str | os.PathLike[str] | Mapping[str, np.ndarray]


def to_torch_state_dict(
    checkpoint: Source, scope: str | None = None, *, forget_bias: float = 1.0
) -> dict[str, Tensor]:
    """The state dict of the `torch.nn.LSTM`, `GRU` or `RNN` that computes what the cells under `scope` do.

    A stack (`multi_rnn_cell/cell_0`, `cell_1`, ...) gives `weight_ih_l0`, `weight_ih_l1`, ...; a pair (`fw`,
    `bw`) gives the second direction's `..._reverse`. The gates' order is torch's, and `bias_hh` is the forget
    bias, which TensorFlow adds at run time and does not save.

    Args:
        checkpoint: a path as for `load_checkpoint`, an open `Checkpoint`, or variables by name.
        scope: of the cell, stack or pair, or one around it. None: there is only one that torch has.
        forget_bias: that the LSTM cells were made with; 1.0 is TensorFlow's default.

    Returns:
        Tensors of their own, for `module.load_state_dict`.

    Raises:
        ValueError: torch.nn has no module for a cell (TensorFlow's GRU above all) or for another cell of its
            stack or pair; there is no cell, or there are several modules' worth of them.
        TypeError: `scope` is no text.
        CheckpointError: there is no checkpoint, or it is damaged.

    >>> import numpy as np
    >>> from ostinato.interop import to_torch_state_dict
    >>> saved = {"rnn/basic_lstm_cell/kernel": np.ones((76, 256), np.float32),
    ...          "rnn/basic_lstm_cell/bias": np.zeros(256, np.float32)}
    >>> module = torch.nn.LSTM(12, 64)
    >>> module.load_state_dict(to_torch_state_dict(saved))
    <All keys matched successfully>
    """
    scope = None if scope is None else checked_scope(scope)
    if not isinstance(checkpoint, Mapping):
        with load_checkpoint(checkpoint) as opened:
            return _state_dict(tensors_of(opened), scope, forget_bias)
    return _state_dict(tensors_of(checkpoint), scope, forget_bias)


def _state_dict(tensors: Tensors, scope: str | None, forget_bias: float) -> dict[str, Tensor]:
    cells = recurrent_cells({name: tensors.shape(name) for name in tensors.names()})
    found, place = cells, "in the checkpoint"
    if scope is not None:
        found = [cell for cell in cells if f"{cell.scope}/".startswith(f"{scope}/")]
        place = f"under '{scope}'"
    if not found:
        others = ", ".join(f"'{cell.scope}'" for cell in cells[:8])
        raise ValueError(
            f"No recurrent cell is recognised {place}."
            + (f" The checkpoint's cells are {others}." if others else "")
        )
    refusals = {cell.scope: why_refused(tensors, cell) for cell in found}
    if scope is None:  # a cell that torch has not may stand beside the one that is wanted, but not within it
        wanted = [cell for cell in found if refusals[cell.scope] is None] or found
        wholes = {stack_or_pair(cell.scope) for cell in wanted} - {None}
        found = [cell for cell in found if cell in wanted or stack_or_pair(cell.scope) in wholes]
    refused = [reason for cell in found if (reason := refusals[cell.scope]) is not None]
    if refused:
        raise ValueError("torch.nn has no such module: " + "; ".join(refused) + ".")
    modules = torch_modules(found)
    if len(modules) > 1:
        named = ", ".join(f"'{module.cells[0].scope}'" for module in modules[:8])
        raise ValueError(
            f"There are {len(modules)} modules' worth of cells {place}, the first cells of which are "
            f"{named}: name one with scope=...."
        )
    names = [name for cell in found for name in cell.variables.values()]
    planned = to_torch_names(SomeTensors(tensors, names), forget_bias)
    return {tensor.name.rpartition(".")[2]: to_tensor(tensor.make()) for tensor in planned}


def from_torch_state_dict(
    state_dict: Mapping[str, Tensor | np.ndarray], scope: str | None = None, *, forget_bias: float = 1.0
) -> dict[str, np.ndarray]:
    """The variables that TensorFlow's cells need to compute what a state dict's recurrent modules do.

    A module's layers become `basic_lstm_cell` (`lstm_cell` with a projection), `cudnn_compatible_gru_cell` or
    `basic_rnn_cell`; several layers the cells of a `multi_rnn_cell`, two directions `fw` and `bw`. Every
    other tensor keeps its numbers, under its name with `/` for `.`.

    Args:
        state_dict: `module.state_dict()`, or arrays by such names.
        scope: of the only recurrent module's cells. None: the module's name; for a module by itself, what
            TensorFlow's drivers take: "rnn", "bidirectional_rnn" or "stack_bidirectional_rnn".
        forget_bias: that the LSTM cells will be made with, taken off their biases; 1.0 is TensorFlow's
            default.

    Returns:
        Arrays by variable name, for `save_checkpoint`.

    Raises:
        ValueError: a module's tensors are incomplete or do not go together, or there are several modules and
            a scope; or two tensors would have one name.
        TypeError: `scope` is no text.

    >>> from ostinato.interop import from_torch_state_dict
    >>> variables = from_torch_state_dict(torch.nn.LSTM(12, 64, num_layers=2).state_dict())
    >>> {name: array.shape for name, array in variables.items()}
    {'rnn/multi_rnn_cell/cell_0/basic_lstm_cell/kernel': (76, 256),
     'rnn/multi_rnn_cell/cell_0/basic_lstm_cell/bias': (256,),
     'rnn/multi_rnn_cell/cell_1/basic_lstm_cell/kernel': (128, 256),
     'rnn/multi_rnn_cell/cell_1/basic_lstm_cell/bias': (256,)}
    """
    arrays = {
        name: to_array(value) if isinstance(value, Tensor) else np.asarray(value)
        for name, value in state_dict.items()
    }
    variables: dict[str, np.ndarray] = {}
    for planned in to_tensorflow_names(ArrayTensors(arrays), forget_bias, scope):
        if planned.name in variables:
            raise ValueError(f"Two tensors would have the name '{planned.name}': give the module a scope.")
        variables[planned.name] = planned.make()
    return variables
