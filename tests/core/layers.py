"""Layers, their inputs, and the cells that they amount to, for the tests of the layers."""

from __future__ import annotations

import torch

import ostinato
from ostinato.cells import BoundCell

KINDS = ["LSTM", "GRU", "RNN"]


def make(kind, *arguments, **options):
    torch.manual_seed(2)
    return getattr(ostinato, kind)(*arguments, dtype=torch.float64, **options)


def inputs_of(*shape):
    return torch.randn(*shape, dtype=torch.float64, requires_grad=True)


def as_cells(layer):
    """The layer's forward directions as a stack of cells over tensors made by hand."""
    cells = []
    for index in range(layer.num_layers):
        values = {name: getattr(layer, f"{name}_l{index}") for name in ("weight_ih", "weight_hh")}
        i, f, g, o = torch.cat(list(values.values()), dim=1).chunk(4)
        parameters = {"kernel": torch.cat([i, g, f, o]).t()}
        if layer.layer_norm:
            weights, biases = (
                getattr(layer, f"layer_norm_{name}_l{index}").chunk(5) for name in ("weight", "bias")
            )
            for name, place in {"input": 0, "transform": 2, "forget": 1, "output": 3, "state": 4}.items():
                parameters[f"{name}/gamma"], parameters[f"{name}/beta"] = weights[place], biases[place]
        else:
            bias = getattr(layer, f"bias_ih_l{index}") + getattr(layer, f"bias_hh_l{index}")
            i, f, g, o = bias.chunk(4)
            parameters["bias"] = torch.cat([i, g, f, o])
        if layer.proj_size:
            parameters["projection/kernel"] = getattr(layer, f"weight_hr_l{index}").t()
        cells.append(BoundCell(layer.family, parameters))
    return cells
