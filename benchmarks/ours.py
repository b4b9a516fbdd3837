"""Ostinato's side: the public API, as a user calls it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor

import ostinato
from benchmarks.torch_peers import torch_module
from benchmarks.torch_program import Program, array
from benchmarks.work import Work, make_data, parameters_of

CELLS: dict[str, Callable[[int, int], ostinato.RNNCell]] = {
    "basic_rnn": lambda units, inputs: ostinato.BasicRNNCell(units, inputs),
    "gru": lambda units, inputs: ostinato.GRUCell(units, inputs),
    "gru_reset_after": lambda units, inputs: ostinato.GRUCell(units, inputs, reset_after=True),
    "lstm": lambda units, inputs: ostinato.BasicLSTMCell(units, inputs),
    "lstm_peepholes": lambda units, inputs: ostinato.LSTMCell(units, inputs, use_peepholes=True),
    "lstm_layer_norm": lambda units, inputs: ostinato.LSTMCell(units, inputs, layer_norm=True),
}


def new_data(work: Work) -> dict[str, np.ndarray]:
    """Data with parameters named and shaped as those of the work's cell."""
    shapes = {
        name: tuple(value.shape)
        for name, value in CELLS[work.family](work.units, work.inputs).family_parameters().items()
    }
    if work.directions == 2:
        shapes = {f"{prefix}/{name}": shape for prefix in ("fw", "bw") for name, shape in shapes.items()}
    return make_data(work, shapes)


def _cell(work: Work, values: Mapping[str, np.ndarray]) -> ostinato.RNNCell:
    cell = CELLS[work.family](work.units, work.inputs)
    with torch.no_grad():
        for name, parameter in cell.family_parameters().items():
            parameter.copy_(torch.from_numpy(values[name]))
    return cell.to(getattr(torch, work.dtype))


def _gradients(cell: ostinato.RNNCell, prefix: str = "") -> dict[str, np.ndarray]:
    return {prefix + name: array(value.grad) for name, value in cell.family_parameters().items()}


def _output(state: Tensor | ostinato.LSTMStateTuple) -> Tensor:
    return state.h if isinstance(state, ostinato.LSTMStateTuple) else state


def dynamic_rnn(work: Work, data: Mapping[str, np.ndarray]) -> Program:
    """The work's cell under `ostinato.dynamic_rnn`, or `bidirectional_dynamic_rnn`; time-major."""
    lengths = None if work.sequence_length is None else torch.from_numpy(data["lengths"])
    values = parameters_of(data)
    if work.directions == 1:
        cell = _cell(work, values)

        def recur(inputs: Tensor) -> tuple[Tensor, Tensor]:
            outputs, state = ostinato.dynamic_rnn(cell, inputs, lengths, time_major=True)
            return outputs, _output(state)

        return Program(work, data, recur, list(cell.parameters()), lambda: _gradients(cell))
    fw, bw = (
        _cell(work, {name[3:]: value for name, value in values.items() if name.startswith(prefix)})
        for prefix in ("fw/", "bw/")
    )

    def recur_both(inputs: Tensor) -> tuple[Tensor, Tensor]:
        outputs, states = ostinato.bidirectional_dynamic_rnn(fw, bw, inputs, lengths, time_major=True)
        last = torch.cat([_output(state) for state in states], 1)
        return (last if work.loss == "last" else torch.cat(outputs, 2)), last

    parameters = [*fw.parameters(), *bw.parameters()]
    return Program(work, data, recur_both, parameters, lambda: _gradients(fw, "fw/") | _gradients(bw, "bw/"))


def stepped(work: Work, data: Mapping[str, np.ndarray]) -> Program:
    """The cell called step by step."""
    cell = _cell(work, parameters_of(data))

    def recur(inputs: Tensor) -> tuple[Tensor, Tensor]:
        state = cell.zero_state(work.batch)
        output = inputs
        for x in inputs.unbind():
            output, state = cell(x, state)
        return output, output

    return Program(work, data, recur, list(cell.parameters()), dict)


def layer(work: Work, data: Mapping[str, np.ndarray]) -> Program:
    """`ostinato.LSTM`, `GRU` or `RNN`, which drop in for torch.nn's, with torch.nn's parameters."""
    modules = {"lstm": ostinato.LSTM, "gru_reset_after": ostinato.GRU, "basic_rnn": ostinato.RNN}
    return torch_module(work, data, modules)
