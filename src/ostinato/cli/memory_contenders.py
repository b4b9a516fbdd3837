"""Ways to train over a long sequence: the memory plans of `dynamic_rnn`, and what torch has for it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.utils.checkpoint
from torch import Tensor, nn

from ostinato import RNNCell, dynamic_rnn
from ostinato.memory import MemoryPlan

FORGET_BIAS = 1.0  # what cells add when they run, and layers of torch.nn hold in their bias
Run = Callable[[Tensor], Tensor]
"""Time-major inputs `[time, batch, input_size]` to outputs `[time, batch, num_units]`."""


def under(cell: RNNCell, **options: Any) -> Run:
    """`dynamic_rnn` over `cell` with these of its options."""
    return lambda inputs: dynamic_rnn(cell, inputs, time_major=True, **options)[0]


PLANS: dict[str, Callable[[], MemoryPlan]] = {
    "keep_all": MemoryPlan.keep_all,
    "keep_state": MemoryPlan.keep_state,
    "recompute": MemoryPlan.recompute,
    "swap to disk": lambda: MemoryPlan.swap(to="disk"),
}


def whole(layer: nn.Module) -> Run:
    """A layer of torch.nn, as it is."""
    return lambda inputs: layer(inputs)[0]


def square_root(steps: int) -> int:
    """The length of chunks with which a sequence of `steps`, recomputed by chunks, takes the least memory."""
    return max(1, math.isqrt(steps))


def checkpointed(layer: nn.Module, every: int | None = None) -> Run:
    """A layer of torch.nn in chunks of `every` steps (None: the square root of their number, where memory is
    least), each under `torch.utils.checkpoint`.
    """

    def run(inputs: Tensor) -> Tensor:
        outputs, state = [], None
        for chunk in inputs.split(every or square_root(len(inputs))):
            output, state = torch.utils.checkpoint.checkpoint(layer, chunk, state, use_reentrant=False)
            outputs.append(output)
        return torch.cat(outputs)

    return run


def saved_on_cpu(layer: nn.Module) -> Run:
    """A layer of torch.nn under `torch.autograd.graph.save_on_cpu`."""

    def run(inputs: Tensor) -> Tensor:
        with torch.autograd.graph.save_on_cpu():
            outputs: Tensor = layer(inputs)[0]
        return outputs

    return run


PEERS: dict[str, Callable[[nn.Module], Run]] = {
    "torch.nn": whole,
    "torch.nn, checkpoint": checkpointed,
    "torch.nn, save_on_cpu": saved_on_cpu,
}


def torch_layer(cell: RNNCell) -> nn.RNNBase:
    """The layer of torch.nn for a `BasicRNNCell`, an LSTM cell or a `GRUCell`.

    It has the cell's parameters, but for a GRU, of which torch.nn computes another formula.
    """
    kind = type(cell).__name__
    layers = {"BasicRNNCell": nn.RNN, "GRUCell": nn.GRU}
    layer: nn.RNNBase = layers.get(kind, nn.LSTM)(cell.input_size, cell.output_size)
    if kind == "GRUCell":
        return layer
    parameters = {name: value.detach() for name, value in cell.named_parameters()}
    kernel, bias = _other_order(parameters["kernel"], layer), _other_order(parameters["bias"], layer).clone()
    if isinstance(layer, nn.LSTM):
        bias.view(4, -1)[1] += FORGET_BIAS
    inputs_kernel, state_kernel = kernel.split([layer.input_size, layer.hidden_size])
    values = (inputs_kernel.T, state_kernel.T, bias, torch.zeros_like(bias))
    layer.load_state_dict(dict(zip(dict(layer.named_parameters()), values, strict=True)))
    return layer


def kernel_gradient(module: nn.Module) -> Tensor | None:
    """The gradient of a cell's first kernel, or of a layer's that `torch_layer` made.

    None of torch's GRU, whose formula is another one.
    """
    gradients = [(name, value.grad) for name, value in module.named_parameters() if value.grad is not None]
    if isinstance(module, nn.GRU):
        return None
    if isinstance(module, nn.RNNBase):
        return _other_order(torch.cat([gradients[0][1], gradients[1][1]], 1).T, module)
    return next(gradient for name, gradient in gradients if name.endswith("kernel"))


def _other_order(gates: Tensor, layer: nn.RNNBase) -> Tensor:
    """An LSTM's gates i, j, f, o in torch's order i, f, g, o (its g is j), and the other way round."""
    if not isinstance(layer, nn.LSTM):
        return gates
    i, second, third, o = gates.chunk(4, -1)
    return torch.cat([i, third, second, o], -1)
