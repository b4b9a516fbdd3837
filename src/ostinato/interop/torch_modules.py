"""torch.nn's recurrent modules from cells, and cells from them. The same numbers, on the same device."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ostinato import layers
from ostinato._state import LSTMStateTuple
from ostinato.cells import (
    BasicLSTMCell,
    BasicRNNCell,
    DropoutWrapper,
    GRUCell,
    LSTMCell,
    MultiRNNCell,
    RNNCell,
    ZoneoutWrapper,
)
from ostinato.cells.family import FamilyCell
from ostinato.interop.cell_nests import CellNest, Layer, layers_of
from ostinato.interop.torch_layout import Kind, from_torch_layout, to_torch_layout

_LAYERS: dict[Kind, tuple[type[nn.Module], ...]] = {
    "LSTM": (nn.LSTM, layers.LSTM),
    "GRU": (nn.GRU, layers.GRU),
    "RNN": (nn.RNN, layers.RNN),
}
_CELLS: dict[Kind, type[nn.Module]] = {"LSTM": nn.LSTMCell, "GRU": nn.GRUCell, "RNN": nn.RNNCell}
_NORMALIZED_I_F_G_O_C = ("input", "forget", "transform", "output", "state")
"""TensorFlow's names of what `ostinato.LSTM`'s layer norms normalise, in their order there."""


def from_torch(module: nn.Module, *, forget_bias: float = 0.0) -> CellNest:
    """The cells that compute what `module` does: `torch.nn`'s `LSTM`, `GRU`, `RNN`, `LSTMCell`, `GRUCell` or
    `RNNCell`, or `ostinato`'s `LSTM`, `GRU` or `RNN`. TF1: none.

    The cells own copies of the weights, on the module's device and in its dtype, in the same training mode;
    what required no gradient requires none. torch's two biases are added together; without biases (`bias=
    False`) they are zeros that are not trained. Dropout between layers becomes a `DropoutWrapper` of each
    layer but the last. A driver takes `[batch, time, depth]` as `batch_first=True` does, or
    `time_major=True`; an LSTM's state is `LSTMStateTuple(c, h)`, where torch has `(h, c)`.

    Args:
        module: the module.
        forget_bias: of the LSTM cells, taken off their bias: they compute the same whatever it is. TF1's
            default is 1.0; with 0.0 no bias is rounded.

    Returns:
        One layer: a cell (`BasicLSTMCell`; `LSTMCell` with a projection or layer norm; `GRUCell(reset_after=
            True)`; `BasicRNNCell`).
        Several layers: a `MultiRNNCell`.
        Bidirectional: a pair `(cell_fw, cell_bw)` for `bidirectional_dynamic_rnn`; of several layers a list
            of such pairs, each to run over the outputs of the one before it, side by side
            (`torch.cat(outputs, -1)`), as TF1's `stack_bidirectional_dynamic_rnn` does.

    Raises:
        TypeError: another module.
        ValueError: a class of your own with a `forward` of its own, whose computation cannot be known;
            weights of several dtypes; or dropout of everything (`dropout=1.0`), which no `DropoutWrapper`
            does.

    >>> from ostinato.interop import from_torch
    >>> lstm = torch.nn.LSTM(12, 64, batch_first=True)
    >>> cell, inputs = from_torch(lstm), torch.randn(2, 5, 12)
    >>> bool(torch.allclose(dynamic_rnn(cell, inputs)[0], lstm(inputs)[0], atol=1e-6))
    True
    >>> fw, bw = from_torch(torch.nn.GRU(12, 64, bidirectional=True))
    >>> fw
    GRUCell(
      64, input_size=12, activation='tanh', reset_after=True
      (gates): Module()
      (candidate): Module(
        (input_projection): Module()
        (hidden_projection): Module()
      )
    )
    """
    for kind, cell_class in _CELLS.items():
        for known in (cell_class, *_LAYERS[kind]):
            if isinstance(module, known):
                if type(module).forward is not known.forward:
                    raise ValueError(
                        f"{type(module).__name__} has a forward of its own, and may compute something else "
                        f"than {known.__name__}: copy its state dict into a {known.__name__} if it does not."
                    )
                if known is cell_class:
                    return _cell(module, kind, "", forget_bias).train(module.training)
                return _from_layers(module, kind, forget_bias)
    raise TypeError(
        "from_torch takes a torch.nn LSTM, GRU, RNN, LSTMCell, GRUCell or RNNCell, or an ostinato LSTM, GRU "
        f"or RNN, but got {_described(module)}."
    )


def _from_layers(module: Any, kind: Kind, forget_bias: float) -> CellNest:
    if module.dropout >= 1.0 and module.num_layers > 1:
        raise ValueError(
            "The module has dropout=1.0, which passes nothing from layer to layer in training: a "
            "DropoutWrapper keeps something. Set module.dropout to less than 1 first."
        )
    stack: list[tuple[RNNCell, ...]] = []
    for layer in range(module.num_layers):
        directions = []
        for suffix in ("", "_reverse")[: 1 + module.bidirectional]:
            cell: RNNCell = _cell(module, kind, f"_l{layer}{suffix}", forget_bias)
            zoneout: tuple[float, ...] = getattr(module, "zoneout", ())
            if any(zoneout):
                # ostinato's layers name the probabilities in the order of torch's states, h first.
                cell = ZoneoutWrapper(
                    cell, LSTMStateTuple(c=zoneout[1], h=zoneout[0]) if kind == "LSTM" else zoneout[0]
                )
            if module.dropout and layer < module.num_layers - 1:
                cell = DropoutWrapper(cell, output_keep_prob=1.0 - module.dropout)
            directions.append(cell.train(module.training))
        stack.append(tuple(directions))
    if module.bidirectional:
        pairs = [(pair[0], pair[1]) for pair in stack]
        return pairs[0] if len(pairs) == 1 else pairs
    if len(stack) == 1:
        return stack[0][0]
    return MultiRNNCell([cells[0] for cells in stack]).train(module.training)


def _cell(module: Any, kind: Kind, suffix: str, forget_bias: float) -> FamilyCell:
    """The cell of the weights whose names end with `suffix`."""
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
    weights = {
        name: tensor
        for name in names
        if isinstance(tensor := getattr(module, name + suffix, None), Tensor)  # an absent bias may be None
    }
    norms = {
        part: getattr(module, f"layer_norm_{part}{suffix}", None)
        for part in ("weight", "bias")
        if getattr(module, "layer_norm", False)
    }
    weight_ih, weight_hh = weights["weight_ih"], weights["weight_hh"]
    if len({(weight.dtype, weight.device) for weight in weights.values()}) != 1:
        seen = ", ".join(f"{name} {weight.dtype} on {weight.device}" for name, weight in weights.items())
        raise ValueError(f"A cell has one dtype and is on one device, but the module has {seen}.")
    input_size, units = weight_ih.shape[1], module.hidden_size
    # Made without memory first: that draws no random numbers, which the user's program would miss.
    cell: FamilyCell
    if kind == "GRU":
        cell = GRUCell(units, input_size, reset_after=True, device="meta", dtype=weight_ih.dtype)
    elif kind == "RNN":
        activation = module.nonlinearity
        cell = BasicRNNCell(units, input_size, activation=activation, device="meta", dtype=weight_ih.dtype)
    elif "weight_hr" in weights or norms:
        cell = LSTMCell(
            units,
            input_size,
            num_proj=weight_hh.shape[1] if "weight_hr" in weights else None,
            layer_norm=bool(norms),
            forget_bias=forget_bias,
            device="meta",
            dtype=weight_ih.dtype,
        )
    else:
        cell = BasicLSTMCell(units, input_size, forget_bias=forget_bias, device="meta", dtype=weight_ih.dtype)
    cell.to_empty(device=weight_ih.device)
    with torch.no_grad():
        values = from_torch_layout(kind, weights, 0.0 if norms else forget_bias, torch)
        trained = dict.fromkeys(values, weight_ih.requires_grad or weight_hh.requires_grad)
        for name in values:
            if name.endswith("bias"):
                trained[name] = "bias_ih" in weights and weights["bias_ih"].requires_grad
            elif name.startswith("projection"):
                trained[name] = weights["weight_hr"].requires_grad
        for part, norm in norms.items():
            named = _norms(part, norm, weight_ih.new_zeros(5 * units), forget_bias)
            values |= named
            trained |= dict.fromkeys(named, norm is not None and norm.requires_grad)
        for name, parameter in cell.family_parameters().items():
            parameter.copy_(values[name])
            parameter.requires_grad_(trained[name])
    return cell


def _norms(part: str, norm: Tensor | None, zeros: Tensor, forget_bias: float) -> dict[str, Tensor]:
    """The gammas ("weight") or betas ("bias") of a layer norm `[5 * n]`; betas that are not there are 0."""
    chunks = list((zeros if norm is None else norm).detach().chunk(5))
    if part == "bias":
        chunks[1] = chunks[1] - forget_bias
    attribute = "gamma" if part == "weight" else "beta"
    return {f"{gate}/{attribute}": chunk for gate, chunk in zip(_NORMALIZED_I_F_G_O_C, chunks, strict=True)}


def to_torch(cells: CellNest, *, batch_first: bool = False) -> nn.Module:
    """The `torch.nn.LSTM`, `GRU` or `RNN` that computes what `cells` do under a driver. TF1: none.

    The module owns copies of the weights, on the cells' device and in their dtype; a layer that required no
    gradient requires none. torch has two biases: `bias_ih` is the cell's, `bias_hh` its forget bias, or
    zeros. torch's state is `(h, c)`, each `[layers, batch, n]`, where an `LSTMStateTuple` has c first.

    Args:
        cells: what `from_torch` returns: a `BasicLSTMCell`, `LSTMCell` (a projection is fine), `BasicRNNCell`
            (tanh or relu) or `GRUCell(reset_after=True)`; a `MultiRNNCell` of such, all of one size; a pair
            `(cell_fw, cell_bw)`; or a list of pairs. A `DropoutWrapper` of each layer's outputs but the
            last's becomes the module's dropout.
        batch_first: whether the module takes `[batch, time, depth]`.

    Raises:
        ValueError: a cell that torch.nn has no module for; the sentence says why, and what to use instead.
            Above all TF1's GRU: it resets before the candidate's product, torch's after it.
        TypeError: no cell.

    >>> from ostinato.interop import to_torch
    >>> stack = MultiRNNCell([BasicLSTMCell(64, input_size=12), BasicLSTMCell(64, input_size=64)])
    >>> module, inputs = to_torch(stack, batch_first=True), torch.randn(2, 5, 12)
    >>> module
    LSTM(12, 64, num_layers=2, batch_first=True)
    >>> bool(torch.allclose(module(inputs)[0], dynamic_rnn(stack, inputs)[0], atol=1e-6))
    True
    """
    found = layers_of(cells)
    first = found[0][0]
    options: dict[str, Any] = {
        "num_layers": len(found),
        "batch_first": batch_first,
        "bidirectional": len(found[0]) == 2,
        "dropout": first.dropout,
        "device": "meta",  # made without memory first: that draws no random numbers
        "dtype": first.parameters[0].dtype,
    }
    module: nn.Module
    if first.kind == "LSTM":
        module = nn.LSTM(first.input_size, first.num_units, proj_size=first.num_proj or 0, **options)
    elif first.kind == "GRU":
        module = nn.GRU(first.input_size, first.num_units, **options)
    else:
        nonlinearity = first.activation
        module = nn.RNN(first.input_size, first.num_units, nonlinearity=nonlinearity, **options)
    module.to_empty(device=first.parameters[0].device)
    with torch.no_grad():
        for index, directions in enumerate(found):
            for layer, suffix in zip(directions, ("", "_reverse"), strict=False):
                _fill(module, layer, f"_l{index}{suffix}")
    return module.train(first.training)


def _fill(module: nn.Module, layer: Layer, suffix: str) -> None:
    parameters: Mapping[str, Tensor] = layer.cell.family_parameters()
    weights = to_torch_layout(layer.kind, parameters, layer.forget_bias, torch)
    for name, value in weights.items():
        target = getattr(module, name + suffix)
        target.copy_(value)
        part = {"bias_ih": "bias", "bias_hh": "bias", "weight_hr": "projection/kernel"}.get(name, "kernel")
        sources = [tensor for key, tensor in parameters.items() if key == part or key.endswith(f"/{part}")]
        target.requires_grad_(any(tensor.requires_grad for tensor in sources))


def _described(value: Any) -> str:
    if isinstance(value, type):
        return f"the class {value.__name__}: pass an instance"
    return f"a {type(value).__name__}"
