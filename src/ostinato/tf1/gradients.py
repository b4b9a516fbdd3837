"""`tf.gradients`: one node, evaluated by torch.autograd over the same run that computes what is
differentiated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from . import registry, rewrite
from .graph import get_default_graph, name_scope
from .ops.array import stop_gradient
from .ops.core import convert_to_tensor, make
from .tensor import Operation, Tensor


def gradients(
    ys: Any,
    xs: Any,
    grad_ys: Any = None,
    name: str = "gradients",
    colocate_gradients_with_ops: bool = False,
    gate_gradients: bool = False,
    aggregation_method: Any = None,
    stop_gradients: Any = None,
    unconnected_gradients: Any = "none",
) -> list[Tensor | None]:
    """The derivatives of sum(ys) with respect to each of xs (TF1 symbol: `tf.gradients`).

    Args:
        ys, xs: tensors or variables, or lists of them.
        grad_ys: what each y's gradient starts from; None is ones.
        stop_gradients: tensors to be taken as constants.
        unconnected_gradients: "none" or "zero": the result for an x that no y depends on.

    Returns:
        A tensor, of x's shape, for each x; None where no y depends on it.

    >>> from .graph import Graph
    >>> from .ops.core import constant
    >>> from .session import Session
    >>> with Graph().as_default(), Session() as session:
    ...     x = constant(3.0)
    ...     session.run(gradients(x * x, [x]))[0].item()
    6.0
    """
    y_list = [_inside(y) for y in _as_list(ys)]
    x_list = [_inside(x) for x in _as_list(xs)]
    with name_scope(name, "gradients") as scope:
        grads = _starting_gradients(y_list, grad_ys)
        if stop_gradients is not None:
            y_list, x_list = _stopped(y_list, x_list, [_inside(s) for s in _as_list(stop_gradients)])
        connected = _connected(y_list, x_list)
        chosen = [x for x in dict.fromkeys(x_list) if x in connected]
        found: dict[Tensor, Tensor] = {}
        if chosen:
            starts = [index for index, grad in enumerate(grads) if grad is not None]
            inputs = [*y_list, *chosen, *[grad for grad in grads if grad is not None]]
            attributes = {"ys": len(y_list), "xs": len(chosen), "starts": starts}
            found = dict(zip(chosen, make("Gradients", inputs, scope, **attributes).outputs, strict=True))
        if getattr(unconnected_gradients, "value", unconnected_gradients) == "zero":
            from .ops.array import zeros_like

            return [found[x] if x in found else zeros_like(x) for x in x_list]
        return [found.get(x) for x in x_list]


def _inside(value: Any) -> Tensor:
    """A tensor, or in a loop's body or a branch what stands there for a tensor of the graph around."""
    tensor, graph = convert_to_tensor(value, as_ref=True), get_default_graph()
    return tensor if graph.outer is None else graph.own(tensor)


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _starting_gradients(ys: Sequence[Tensor], grad_ys: Any) -> list[Tensor | None]:
    given = [None] * len(ys) if grad_ys is None else _as_list(grad_ys)
    if len(given) != len(ys):
        raise ValueError(f"Passed {len(given)} grad_ys for {len(ys)} ys")
    grads: list[Tensor | None] = []
    for y, grad in zip(ys, given, strict=True):
        if grad is not None:
            grad = convert_to_tensor(grad, y.dtype.base_dtype, name="grad_ys")
            if not grad.shape.is_compatible_with(y.shape):
                raise ValueError(f"grad_ys of shape {grad.shape} does not fit {y.name} of shape {y.shape}.")
        grads.append(grad)
    return grads


def _stopped(ys: list[Tensor], xs: list[Tensor], stops: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
    # A stopped tensor is a constant only for this derivative: others may go through it. So its consumers are
    # copied.
    cuts: dict[Tensor, Tensor] = {}
    for stop in sorted(stops, key=lambda tensor: tensor.op.identifier):
        cuts[stop] = stop_gradient(stop)
    mapping = rewrite.replaced(ys, cuts)
    return [mapping.get(y, y) for y in ys], [mapping.get(x, x) for x in xs]


def _connected(ys: Sequence[Tensor], xs: Sequence[Tensor]) -> set[Tensor]:
    """The xs that some y depends on differentiably."""
    # Backwards from the ys first, so that only what they depend on is walked.
    wanted = set(xs)
    reaching: set[Tensor] = set()
    waiting = [y for y in ys if y.dtype.is_differentiable]
    while waiting:
        tensor = waiting.pop()
        if tensor in reaching:
            continue
        reaching.add(tensor)
        if registry.lookup(tensor.op.type).differentiable:
            waiting.extend(item for item in tensor.op.inputs if item.dtype.is_differentiable)
    return wanted & reaching


def _evaluate(
    run: Any, operation: Operation, values: Sequence[torch.Tensor], create_graph: bool, retain_graph: bool
) -> Any:
    count, over = operation.attributes["ys"], operation.attributes["xs"]
    ys, xs = values[:count], values[count : count + over]
    starts = dict(zip(operation.attributes["starts"], values[count + over :], strict=True))
    outputs, grads = [], []
    for index, y in enumerate(ys):
        if y.requires_grad:
            outputs.append(y)
            grads.append(starts[index] if index in starts else torch.ones_like(y))
    if not outputs:
        return [torch.zeros_like(x) for x in xs]
    # A variable that the run writes has a leaf for each value that was read: its gradient is their sum.
    leaves = [
        run.leaves(handle.op.name) or [x] if handle.op.type == "VariableV2" else [x]
        for handle, x in zip(operation.inputs[count : count + over], xs, strict=True)
    ]
    found = iter(
        torch.autograd.grad(
            outputs,
            [leaf for group in leaves for leaf in group],
            grads,
            allow_unused=True,
            create_graph=create_graph,
            retain_graph=retain_graph or create_graph,
        )
    )
    return [_sum([next(found) for _ in group], x) for group, x in zip(leaves, xs, strict=True)]


def _sum(parts: list[torch.Tensor | None], like: torch.Tensor) -> torch.Tensor:
    there = [part for part in parts if part is not None]
    return sum(there[1:], start=there[0]) if there else torch.zeros_like(like)


def _rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> registry.OutputTypes:
    xs = inputs[attributes["ys"] : attributes["ys"] + attributes["xs"]]
    return [(x.dtype.base_dtype, x.shape) for x in xs]


registry.register("Gradients", _evaluate, _rule)
