"""TensorFlow 1 checkpoints into cells, name by name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ostinato.checkpoint import Checkpoint, load_checkpoint
from ostinato.interop.arrays import to_tensor
from ostinato.interop.cell_names import checked_scope
from ostinato.interop.cell_nests import CellNest
from ostinato.interop.scopes import Assignment, Scopes

Source = str | os.PathLike[str] | Mapping[str, np.ndarray]


def load_into(
    cells: CellNest, checkpoint: Source, scope: str | None = None, *, convert_dtype: bool = False
) -> dict[str, str]:
    """Fill `cells` with what TensorFlow 1 saved under `scope`. Everything fits, or nothing changes.

    TensorFlow's names and layouts are the cells' own, so nothing is computed: the numbers are the file's.
    What a checkpoint does not hold stays the cells': forget_bias, activations, clips. Slots of optimizers are
    passed over, as is the bias that `LayerNormLSTMCell` saves and never reads. Names that older TensorFlows
    gave (`weights`, `Linear/Matrix`) and those of `GRUBlockCell` are known.

    Args:
        cells: a cell; a `MultiRNNCell`, for a scope with `cell_0`, `cell_1`, ... below; a pair `(cell_fw,
            cell_bw)`, for a scope with `fw` and `bw` below; a list of pairs, for what
            `stack_bidirectional_dynamic_rnn` made. Of a wrapper what it wraps is filled, and its own
            parameters, where it has some: they are in the scope around its cell's.
        checkpoint: a path as for `load_checkpoint`, an open `Checkpoint`, or variables by name.
        scope: the variables' common scope, such as "rnn/basic_lstm_cell", or one around it if only one cell
            is below. None: of the cells that the checkpoint is known to hold, the only one that fits.
        convert_dtype: convert numbers that the cells' dtype cannot hold exactly, such as float64 for float32.
            Without it those are an error; float32 for float64 is exact, and needs no leave.

    Returns:
        The variable that each parameter was filled from, by the parameter's name in `cells`.

    Raises:
        ValueError: a variable is missing, has another shape or dtype, belongs to another kind of cell, or
            more than one scope fits; the sentence names it, both shapes, and the scopes that fit.
        TypeError: `cells` is, or wraps, no cell of Ostinato's; or `scope` is no text.
        CheckpointError: there is no checkpoint, or it is damaged.

    >>> import numpy as np
    >>> from ostinato.interop import load_into
    >>> saved = {"rnn/basic_lstm_cell/kernel": np.ones((5, 8)), "rnn/basic_lstm_cell/bias": np.zeros(8)}
    >>> cell = BasicLSTMCell(2, input_size=3, dtype=torch.float64)
    >>> load_into(cell, saved, "rnn/basic_lstm_cell")
    {'kernel': 'rnn/basic_lstm_cell/kernel', 'bias': 'rnn/basic_lstm_cell/bias'}
    >>> load_into(cell, saved, "rnn/lstm_cell")
    Traceback (most recent call last):
    ValueError: There are no variables under 'rnn/lstm_cell', where BasicLSTMCell(2, input_size=3) was to be
        read from. It fits 'rnn/basic_lstm_cell'.
    """
    scope = None if scope is None else checked_scope(scope)
    if isinstance(checkpoint, Mapping):
        return _load(cells, checkpoint, scope, convert_dtype)
    with load_checkpoint(checkpoint) as opened:
        return _load(cells, opened, scope, convert_dtype)


def _load(
    cells: CellNest, variables: Mapping[str, np.ndarray], scope: str | None, convert_dtype: bool
) -> dict[str, str]:
    scopes = Scopes(shapes_of(variables))
    assignments = scopes.only_fit(cells) if scope is None else scopes.assign(cells, scope)
    for assignment in assignments:
        _read(assignment, variables, convert_dtype)  # all of them can be read, before anything changes
    with torch.no_grad():
        for assignment in assignments:  # again, one by one: in memory there is never more than one of them
            assignment.parameter.copy_(_read(assignment, variables, convert_dtype))
    return {assignment.name: assignment.variables[0] for assignment in assignments}


def shapes_of(variables: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """The shapes of `variables` by name; nothing of a checkpoint's data is read for them."""
    if isinstance(variables, Checkpoint):
        return {name: variables.info(name).shape for name in variables}
    return {name: tuple(value.shape) for name, value in variables.items()}


def _read(assignment: Assignment, variables: Mapping[str, np.ndarray], convert_dtype: bool) -> Tensor:
    """The tensor for the assignment's parameter, in its dtype."""
    parameter = assignment.parameter
    if not isinstance(parameter, nn.Parameter) or parameter.device.type == "meta":
        raise ValueError(
            f"The cell's {assignment.name} cannot be filled: it is "
            + (
                "on the meta device."
                if parameter.device.type == "meta"
                else "computed from other parameters."
            )
        )
    names = assignment.variables
    pieces = [np.asarray(variables[name]) for name in names]
    for name, piece in zip(names, pieces, strict=True):
        if piece.dtype.kind not in "fV" or piece.dtype.names or piece.dtype.hasobject:
            raise ValueError(
                f"Variable '{name}' has dtype {piece.dtype}, and the cell's {assignment.name} needs "
                "floating point numbers."
            )
    array = pieces[0] if len(pieces) == 1 else np.concatenate(pieces, axis=assignment.axis)
    tensor = to_tensor(array)
    if torch.promote_types(tensor.dtype, parameter.dtype) == parameter.dtype:
        return tensor.to(parameter.dtype)
    if not convert_dtype:
        raise ValueError(
            f"Variable '{names[0]}' has dtype {array.dtype}, whose numbers {parameter.dtype} does not hold "
            f"exactly: make the cell with dtype={tensor.dtype}, or pass convert_dtype=True."
        )
    converted = tensor.to(parameter.dtype)
    if not torch.equal(torch.isfinite(converted), torch.isfinite(tensor)):
        raise ValueError(f"Variable '{names[0]}' has numbers beyond the range of {parameter.dtype}.")
    return converted
