"""What cells are as the layers and directions of one torch module, or the reason why they are none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from torch import Tensor

from ostinato.cells import (
    DropoutWrapper,
    MultiRNNCell,
    ResidualWrapper,
    RNNCell,
    ZoneoutWrapper,
    check_cell,
)
from ostinato.cells.family import FamilyCell
from ostinato.cells.wrapper import CellWrapper
from ostinato.interop.torch_layout import RESET_BEFORE, Kind
from ostinato.steps import GRU, LSTM, BasicRNN, ResetAfterGRU

CellNest = Any
"""A cell, a pair `(cell_fw, cell_bw)`, or a list of pairs."""


@dataclass(frozen=True)
class Layer:
    """One direction of one layer, in the words of torch.nn."""

    cell: FamilyCell
    kind: Kind
    input_size: int
    num_units: int
    num_proj: int | None
    forget_bias: float
    activation: str
    dropout: float
    training: bool

    @property
    def output_size(self) -> int:
        return self.num_proj or self.num_units

    @property
    def parameters(self) -> list[Tensor]:
        return list(self.cell.family_parameters().values())


def is_pair(value: Any) -> bool:
    """Whether `value` is a pair of cells, and not a list of pairs."""
    return (
        isinstance(value, list | tuple)
        and len(value) == 2
        and not any(isinstance(item, list | tuple) for item in value)
    )


def layers_of(cells: CellNest) -> list[tuple[Layer, ...]]:
    """The layers of `cells`, each of one or two directions, from the input on.

    Raises:
        ValueError: torch.nn has no module that computes what `cells` do.
        TypeError: `cells` is no cell, pair or list of pairs.
    """
    found: list[tuple[Layer, ...]]
    if is_pair(cells):
        found = [tuple(_one_layer(cell, name) for cell, name in zip(cells, _PAIR, strict=True))]
    elif isinstance(cells, list | tuple):
        if not cells:
            raise ValueError("to_torch got no cells: an empty list.")
        for index, pair in enumerate(cells):
            if not is_pair(pair):
                raise TypeError(
                    f"to_torch takes a cell, a pair (cell_fw, cell_bw) or a list of pairs, but [{index}] of "
                    f"the list is a {type(pair).__name__}."
                )
        found = [
            tuple(_one_layer(cell, f"{name} of [{index}]") for cell, name in zip(pair, _PAIR, strict=True))
            for index, pair in enumerate(cells)
        ]
    else:
        check_cell(cells, "cells")
        stack = list(cells.cells) if isinstance(cells, MultiRNNCell) else [cells]
        found = [
            (_layer(cell, f"cells[{k}]" if len(stack) > 1 else "cells"),) for k, cell in enumerate(stack)
        ]
    _check_equal(found)
    return found


_PAIR = ("cell_fw", "cell_bw")


def _one_layer(cell: Any, name: str) -> Layer:
    """A direction, which may be a stack of one."""
    check_cell(cell, name)
    if isinstance(cell, MultiRNNCell):
        if len(cell.cells) > 1:
            raise ValueError(
                f"{name} is a stack of {len(cell.cells)} cells: in a pair each direction stacks on its own, "
                "but torch's bidirectional layers each read both directions of the layer below. Convert "
                "cell_fw and cell_bw by themselves, and run the second over the reversed sequence."
            )
        cell = cell.cells[0]
    return _layer(cell, name)


def _layer(cell: Any, name: str) -> Layer:
    dropout, inner = 0.0, cell
    if isinstance(cell, DropoutWrapper):
        dropout, inner = _dropout(cell, name), cell.cell
    if isinstance(inner, ResidualWrapper):
        _refuse(name, inner, "torch.nn has no residual connection: add the module's inputs to its outputs")
    if isinstance(inner, ZoneoutWrapper):
        _refuse(name, inner, "torch.nn has no zoneout: ostinato.LSTM(zoneout=...) has")
    if isinstance(inner, CellWrapper | MultiRNNCell):
        _refuse(name, inner, "torch.nn has no module for it there: convert the cells inside it by themselves")
    if not isinstance(inner, FamilyCell) or type(inner).forward is not FamilyCell.forward:
        _refuse(name, inner, "only Ostinato's own cells have weights that torch.nn knows")
    family = inner.family
    activation = str(getattr(family, "activation", "tanh"))
    kind: Kind
    num_proj, forget_bias = None, 0.0
    if isinstance(family, LSTM):
        kind, num_proj, forget_bias = "LSTM", family.num_proj, family.forget_bias
        _check_lstm(name, inner, family)
    elif isinstance(family, ResetAfterGRU):
        kind = "GRU"
    elif isinstance(family, GRU):
        _refuse(name, inner, f"{RESET_BEFORE}. Train with GRUCell(reset_after=True), or keep the cell")
    elif isinstance(family, BasicRNN):
        kind = "RNN"
    else:
        _refuse(name, inner, "torch.nn has no such cell")
    if activation not in (("tanh", "relu") if kind == "RNN" else ("tanh",)):
        choice = "tanh or relu" if kind == "RNN" else "tanh"
        _refuse(name, inner, f"its activation is {activation!r}, and torch.nn.{kind} has {choice} only")
    return Layer(
        inner,
        kind,
        inner.input_size,
        family.num_units,
        num_proj,
        forget_bias,
        activation,
        dropout,
        cell.training,
    )


def _check_lstm(name: str, cell: RNNCell, family: LSTM) -> None:
    for option, what in (
        ("use_peepholes", "peephole connections"),
        ("cell_clip", "cell_clip"),
        ("proj_clip", "proj_clip"),
    ):
        if getattr(family, option) not in (None, False):
            _refuse(name, cell, f"torch.nn.LSTM has no {what}: keep the cell, and run it with dynamic_rnn")
    if family.layer_norm:
        _refuse(name, cell, "torch.nn.LSTM has no layer norm: ostinato.LSTM(layer_norm=True) has")
    if family.num_proj is not None and family.num_proj >= family.num_units:
        _refuse(
            name,
            cell,
            f"it projects {family.num_units} units to {family.num_proj}, and torch.nn.LSTM needs a proj_size "
            "that is smaller than its hidden_size",
        )


def _dropout(wrapper: DropoutWrapper, name: str) -> float:
    keep = wrapper.output_keep_prob
    if isinstance(keep, Tensor) or (wrapper.variational_recurrent and keep < 1.0):
        _refuse(name, wrapper, "torch's dropout is a fixed probability, drawn anew at each step")
    for option in ("input_keep_prob", "state_keep_prob"):
        if isinstance(getattr(wrapper, option), Tensor) or getattr(wrapper, option) < 1.0:
            _refuse(
                name,
                wrapper,
                f"it has {option}={getattr(wrapper, option)}, and torch's dropout is of what passes from "
                "layer to layer: convert the cell inside it, and apply torch.nn.Dropout to the inputs",
            )
    return 1.0 - keep


def _check_equal(found: Sequence[tuple[Layer, ...]]) -> None:
    """Raise a ValueError where the layers differ in what torch has one number for."""
    first, directions = found[0][0], len(found[0])
    last = found[-1]
    for index, layer in enumerate(layer for layers in found for layer in layers):
        place = f"layer {index // directions}" + ("", " backwards")[index % directions]
        for what, seen, expected in (
            ("kind", layer.kind, first.kind),
            ("num_units", layer.num_units, first.num_units),
            ("num_proj", layer.num_proj, first.num_proj),
            ("activation", layer.activation, first.activation),
            ("dtype", layer.parameters[0].dtype, first.parameters[0].dtype),
            ("device", layer.parameters[0].device, first.parameters[0].device),
        ):
            if seen != expected:
                raise ValueError(
                    f"The cells have no common torch.nn module: {what} is {expected} in layer 0 and {seen} "
                    f"in {place}, and torch has one for all layers. Convert the cells one by one."
                )
        takes = first.input_size if index < directions else first.output_size * directions
        if layer.input_size != takes:
            raise ValueError(
                f"The cells have no common torch.nn module: {place} takes inputs of size {layer.input_size}, "
                f"where torch's takes {takes}."
            )
        is_last = index // directions == len(found) - 1
        if not is_last and layer.dropout != first.dropout:
            raise ValueError(
                "The cells have no common torch.nn module: layer 0 drops out "
                f"{first.dropout:g} of its outputs and {place} {layer.dropout:g}, and torch has one "
                "dropout for what passes from layer to layer."
            )
    if any(layer.dropout for layer in last):
        raise ValueError(
            "The last layer's outputs are dropped out, and torch's dropout is of what passes from layer to "
            "layer only: convert the cell inside its DropoutWrapper, and apply torch.nn.Dropout to its "
            "outputs."
        )


def _refuse(name: str, cell: Any, reason: str) -> NoReturn:
    raise ValueError(f"{name} is a {type(cell).__name__} that torch.nn has no module for: {reason}.")
