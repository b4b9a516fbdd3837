"""The peers that run in this process: torch.nn's modules, and cells as loops of torch operations."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from benchmarks.torch_layout import FORGET_BIAS, from_torch, to_torch
from benchmarks.torch_program import Program, array
from benchmarks.work import Work, parameters_of

MODULES = {"lstm": nn.LSTM, "gru": nn.GRU, "gru_reset_after": nn.GRU, "basic_rnn": nn.RNN}
DIRECTIONS = (("fw/", ""), ("bw/", "_reverse"))


def torch_module(
    work: Work, data: Mapping[str, np.ndarray], modules: Mapping[str, type[nn.Module]] = MODULES
) -> Program:
    """torch.nn.LSTM, GRU or RNN, or what drops in for them in `modules`.

    With lengths it runs over the padding too, blanks the outputs there, and takes the last ones from where
    each row ends: what users do to avoid a PackedSequence.

    TensorFlow's own GRU has no torch.nn module: nn.GRU, with weights of its own, is as near as one comes.
    """
    dtype = getattr(torch, work.dtype)
    module = modules[work.family](work.inputs, work.units, bidirectional=work.directions == 2, dtype=dtype)
    values = parameters_of(data)
    if work.family != "gru":
        load(module, work, values)
    lengths = torch.from_numpy(data["lengths"])

    def recur(inputs: Tensor) -> tuple[Tensor, Tensor]:
        outputs, state = module(inputs)
        if work.sequence_length is not None:
            if work.loss == "last":
                return outputs, outputs[lengths - 1, torch.arange(work.batch)]
            ended = torch.arange(work.steps).unsqueeze(1) >= lengths
            return outputs.masked_fill(ended.unsqueeze(2), 0.0), outputs[-1]
        final = state[0] if work.family == "lstm" else state
        return outputs, final[0] if work.directions == 1 else torch.cat(tuple(final), dim=1)

    def gradients() -> dict[str, np.ndarray]:
        if work.family == "gru":
            return {}
        found = {}
        for prefix, suffix in DIRECTIONS[: work.directions]:
            names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            given = {name: array(getattr(module, f"{name}_l0{suffix}").grad) for name in names}
            for name, value in from_torch(work.family, given, work.units).items():
                found[(prefix if work.directions == 2 else "") + name] = value
        return found

    return Program(work, data, recur, list(module.parameters()), gradients)


def torch_packed(work: Work, data: Mapping[str, np.ndarray]) -> Program:
    """torch.nn.LSTM on a PackedSequence, which is packed and padded again in each call."""
    module = nn.LSTM(work.inputs, work.units)
    load(module, work, parameters_of(data))
    lengths = torch.from_numpy(data["lengths"])

    def recur(inputs: Tensor) -> tuple[Tensor, Tensor]:
        packed, (h, _) = module(pack_padded_sequence(inputs, lengths, enforce_sorted=False))
        outputs, _ = pad_packed_sequence(packed, total_length=work.steps)
        return outputs, h[0]

    return Program(work, data, recur, list(module.parameters()), dict)


def load(module: nn.Module, work: Work, values: Mapping[str, np.ndarray]) -> None:
    """Give a module with torch.nn's names the parameters of `work`."""
    for prefix, suffix in DIRECTIONS[: work.directions]:
        own = values
        if work.directions == 2:
            own = {name[len(prefix) :]: value for name, value in values.items() if name.startswith(prefix)}
        for name, value in to_torch(work.family, own, work.units).items():
            with torch.no_grad():
                getattr(module, f"{name}_l0{suffix}").copy_(torch.from_numpy(np.ascontiguousarray(value)))


class LoopLSTM(nn.Module):
    """The LSTM with peepholes or layer normalisation as one writes it without an engine: a loop of steps."""

    def __init__(self, parameters: Mapping[str, Tensor], units: int, epsilon: float) -> None:
        super().__init__()
        self.names = list(parameters)
        self.values = nn.ParameterList(parameters.values())
        self.units, self.epsilon = units, epsilon

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        p = dict(zip(self.names, self.values, strict=True))
        normalised, peepholes = "input/gamma" in p, "w_f_diag" in p

        def norm(x: Tensor, name: str) -> Tensor:
            return functional.layer_norm(
                x, (self.units,), p[f"{name}/gamma"], p[f"{name}/beta"], self.epsilon
            )

        h = c = inputs.new_zeros(inputs.shape[1], self.units)
        outputs = []
        for x in inputs:
            gates = torch.cat([x, h], 1) @ p["kernel"]
            if "bias" in p:
                gates = gates + p["bias"]
            i, j, f, o = gates.chunk(4, 1)
            if normalised:
                i, j, f, o = norm(i, "input"), norm(j, "transform"), norm(f, "forget"), norm(o, "output")
            if peepholes:
                i, f = i + p["w_i_diag"] * c, f + p["w_f_diag"] * c
            c = torch.sigmoid(f + FORGET_BIAS) * c + torch.sigmoid(i) * torch.tanh(j)
            if normalised:
                c = norm(c, "state")
            if peepholes:
                o = o + p["w_o_diag"] * c
            h = torch.sigmoid(o) * torch.tanh(c)
            outputs.append(h)
        return torch.stack(outputs), h


class LoopGRU(nn.Module):
    """TensorFlow's GRU as a loop of steps."""

    def __init__(self, parameters: Mapping[str, Tensor], units: int) -> None:
        super().__init__()
        self.names = list(parameters)
        self.values = nn.ParameterList(parameters.values())
        self.units = units

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        p = dict(zip(self.names, self.values, strict=True))
        h = inputs.new_zeros(inputs.shape[1], self.units)
        outputs = []
        for x in inputs:
            gates = torch.sigmoid(torch.cat([x, h], 1) @ p["gates/kernel"] + p["gates/bias"])
            reset, update = gates.chunk(2, 1)
            candidate = torch.cat([x, reset * h], 1) @ p["candidate/kernel"] + p["candidate/bias"]
            h = update * h + (1 - update) * torch.tanh(candidate)
            outputs.append(h)
        return torch.stack(outputs), h


def torch_loop(work: Work, data: Mapping[str, np.ndarray], epsilon: float = 1e-12) -> Program:
    """The work's cell as a Python loop of torch operations, the code of a user who needs that cell.

    `epsilon` is layer normalisation's; TensorFlow 1 adds 1e-12 to the variance.
    """
    values = {name: torch.from_numpy(value) for name, value in parameters_of(data).items()}
    if work.family == "gru":
        module: nn.Module = LoopGRU(values, work.units)
    else:
        module = LoopLSTM(values, work.units, epsilon)

    def gradients() -> dict[str, np.ndarray]:
        return {name: array(value.grad) for name, value in zip(module.names, module.values, strict=True)}

    return Program(work, data, module, list(module.parameters()), gradients)


def torch_cell(work: Work, data: Mapping[str, np.ndarray]) -> Program:
    """torch.nn.LSTMCell called step by step, as where each input comes from the output before."""
    cell = nn.LSTMCell(work.inputs, work.units)
    for name, value in to_torch(work.family, parameters_of(data), work.units).items():
        with torch.no_grad():
            getattr(cell, name).copy_(torch.from_numpy(np.ascontiguousarray(value)))

    def recur(inputs: Tensor) -> tuple[Tensor, Tensor]:
        h = c = inputs.new_zeros(work.batch, work.units)
        for x in inputs.unbind():
            h, c = cell(x, (h, c))
        return h, h

    return Program(work, data, recur, list(cell.parameters()), dict)
