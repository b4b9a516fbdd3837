"""`tf.gradients`: one node, evaluated by torch.autograd over the same run that computes what is
differentiated.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Any

import torch

from . import registry, rewrite
from .connections import reached
from .graph import get_default_graph, name_scope
from .lookups import lookups, slices
from .ops.core import convert_to_tensor, make
from .stopped import stop, stopping
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
) -> list[Any]:
    """The derivatives of sum(ys) with respect to each of xs (TF1 symbol: `tf.gradients`).

    Args:
        ys, xs: tensors or variables, or lists of them.
        grad_ys: what each y's gradient starts from; None is ones.
        stop_gradients: tensors to be taken as constants.
        aggregation_method: one of `tf.AggregationMethod`'s; sums are taken in one way here.
        unconnected_gradients: "none" or "zero": the result for an x that no y depends on.
        colocate_gradients_with_ops, gate_gradients: not used, as nothing is placed by hand and no gradient
            is had before all are.

    Returns:
        A tensor, of x's shape, for each x; IndexedSlices where the ys see nothing of x but rows that are
        looked up; None where no y depends on it.

    Raises:
        ValueError: as many `grad_ys` as there are ys are not given, one's shape does not fit, or
            `unconnected_gradients` or `aggregation_method` is something else.
        TypeError: a y that is a string or complex and has no grad_y.

    >>> from .graph import Graph
    >>> from .ops.core import constant
    >>> from .session import Session
    >>> with Graph().as_default(), Session() as session:
    ...     x = constant(3.0)
    ...     session.run(gradients(x * x, [x]))[0].item()
    6.0
    """
    unconnected = getattr(unconnected_gradients, "value", unconnected_gradients)
    if unconnected not in ("none", "zero"):
        raise ValueError(f"Unknown value for unconnected_gradients: {unconnected_gradients!r}")
    if aggregation_method not in AggregationMethod.ALL:
        raise ValueError(f"Invalid aggregation_method specified {aggregation_method}.")
    x_given = [convert_to_tensor(x, as_ref=True) for x in _as_list(xs)]
    y_list, x_list = [_inside(y) for y in _as_list(ys)], [_inside(x) for x in x_given]
    with name_scope(name, "gradients") as scope:
        y_list = rewrite.computed_inside(y_list, x_given)
        grads = _starting_gradients(y_list, grad_ys)
        stops = [] if stop_gradients is None else [_inside(item) for item in _as_list(stop_gradients)]
        key = object() if stops else None
        if stops:
            y_list, x_list = _stopped(y_list, x_list, stops, key)
        connected = reached(y_list)
        rewrite.refuse_initial_values(
            y_list, [given for given, x in zip(x_given, x_list, strict=True) if x not in connected]
        )
        looked_up = {x: lookups(x, connected, y_list) for x in x_list if x in connected}
        chosen: dict[Tensor, None] = {}
        for x, rows in looked_up.items():
            chosen |= dict.fromkeys([x] if rows is None else [operation.outputs[0] for operation in rows])
        found: dict[Tensor, Any] = {}
        if chosen:
            starts = [index for index, grad in enumerate(grads) if grad is not None]
            inputs = [*y_list, *chosen, *[grad for grad in grads if grad is not None], *stops]
            attributes = {"ys": len(y_list), "xs": len(chosen), "starts": starts, "stops": key}
            found = dict(zip(chosen, make("Gradients", inputs, scope, **attributes).outputs, strict=True))
        found |= {x: slices(x, rows, found) for x, rows in looked_up.items() if rows is not None}
        if unconnected == "zero":
            from .ops.array import zeros_like

            return [found[x] if x in found else zeros_like(x) for x in x_list]
        return [found.get(x) for x in x_list]


class AggregationMethod:
    """How gradients of one tensor are summed (TF1 symbol: `tf.AggregationMethod`): all ways are one here."""

    ADD_N = DEFAULT = 0
    EXPERIMENTAL_TREE = 1
    EXPERIMENTAL_ACCUMULATE_N = 2
    ALL = (None, ADD_N, EXPERIMENTAL_TREE, EXPERIMENTAL_ACCUMULATE_N)


class UnconnectedGradients(enum.Enum):
    """What the gradient is where nothing depends on the tensor (TF1 symbol: `tf.UnconnectedGradients`)."""

    NONE = "none"
    ZERO = "zero"


def hessians(
    ys: Any,
    xs: Any,
    name: str = "hessians",
    colocate_gradients_with_ops: bool = False,
    gate_gradients: bool = False,
    aggregation_method: Any = None,
) -> list[Tensor]:
    """The second derivatives of sum(ys) with respect to each of xs alone (TF1 symbol: `tf.hessians`).

    Returns:
        For each x a tensor of shape x.shape + x.shape.

    Raises:
        ValueError: no y depends on an x.

    >>> from .graph import Graph
    >>> from .ops.core import constant
    >>> from .session import Session
    >>> with Graph().as_default(), Session() as session:
    ...     x = constant([1.0, 2.0])
    ...     session.run(hessians(x * x * x, x))[0].tolist()
    [[6.0, 0.0], [0.0, 12.0]]
    """
    y_list, x_list = [_inside(y) for y in _as_list(ys)], [_inside(x) for x in _as_list(xs)]
    with name_scope(name, "hessians") as scope:
        connected = _connected(y_list, x_list)
        for x in x_list:
            if x not in connected:
                raise ValueError(f"No y depends on {x.name}: there is no gradient to differentiate again.")
        attributes = {"ys": len(y_list), "xs": len(x_list), "starts": [], "second": True}
        return make("Gradients", [*y_list, *x_list], scope, **attributes).outputs


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
        elif y.dtype.is_complex:
            raise TypeError(f"Gradients of complex tensors must set grad_ys (y.dtype = {y.dtype!r})")
        elif y.dtype.name == "string":
            raise TypeError(
                f"Tensor {y} with type {y.dtype.name} must be numeric to obtain a default gradient"
            )
        grads.append(grad)
    return grads


def _stopped(
    ys: list[Tensor], xs: list[Tensor], stops: list[Tensor], key: object
) -> tuple[list[Tensor], list[Tensor]]:
    # A stopped tensor is a constant only for this derivative: others may go through it. So its consumers are
    # copied.
    cuts: dict[Tensor, Tensor] = {}
    for stopped in sorted(stops, key=lambda tensor: tensor.op.identifier):
        cuts[stopped] = stop(stopped, key)
    mapping = rewrite.replaced(ys, cuts)
    return [mapping.get(y, y) for y in ys], [mapping.get(x, x) for x in xs]


def _connected(ys: Sequence[Tensor], xs: Sequence[Tensor]) -> set[Tensor]:
    """The xs that some y depends on differentiably."""
    return set(xs) & reached(ys)


def _evaluate(
    run: Any, operation: Operation, values: Sequence[torch.Tensor], create_graph: bool, retain_graph: bool
) -> Any:
    count, over = operation.attributes["ys"], operation.attributes["xs"]
    ys, xs = values[:count], values[count : count + over]
    given = operation.attributes["starts"]
    starts = dict(zip(given, values[count + over : count + over + len(given)], strict=True))
    outputs: list[torch.Tensor] = []
    grads: list[torch.Tensor | None] = []
    for index, y in enumerate(ys):
        if y.requires_grad:
            # Ones are what torch starts a number with; given as a tensor, they would have it import its
            # symbolic shapes, a second of work.
            outputs.append(y if index in starts or y.numel() == 1 else y.sum())
            grads.append(starts.get(index))
    if not outputs:
        return [torch.zeros_like(x) for x in xs]
    if operation.attributes.get("second"):
        return [_second(outputs, grads, x) for x in xs]
    # A variable that the run writes has a leaf for each value that was read: its gradient is their sum.
    leaves = [
        run.leaves(handle.op.name) or [x] if handle.op.type == "VariableV2" else [x]
        for handle, x in zip(operation.inputs[count : count + over], xs, strict=True)
    ]
    with stopping(run, operation.attributes.get("stops")):
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


def _second(outputs: list[torch.Tensor], grads: list[torch.Tensor | None], x: torch.Tensor) -> torch.Tensor:
    """The derivatives, with respect to x, of each element of the first derivative."""
    (first,) = torch.autograd.grad(outputs, [x], grads, create_graph=True, allow_unused=True)
    rows = []
    for element in () if first is None else first.reshape(-1):
        found = None
        if element.requires_grad:
            (found,) = torch.autograd.grad(element, [x], retain_graph=True, allow_unused=True)
        rows.append(torch.zeros_like(x) if found is None else found)
    sizes = (*x.shape, *x.shape)
    return torch.stack(rows).reshape(sizes) if rows else x.new_zeros(sizes)


def _sum(parts: list[torch.Tensor | None], like: torch.Tensor) -> torch.Tensor:
    there = [part for part in parts if part is not None]
    return sum(there[1:], start=there[0]) if there else torch.zeros_like(like)


def _rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> registry.OutputTypes:
    xs = inputs[attributes["ys"] : attributes["ys"] + attributes["xs"]]
    if attributes.get("second"):
        return [(x.dtype.base_dtype, x.shape.concatenate(x.shape)) for x in xs]
    return [(x.dtype.base_dtype, x.shape) for x in xs]


registry.register("Gradients", _evaluate, _rule)
