"""Nodes that only order others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .. import nest, registry
from ..graph import get_default_graph, name_scope
from ..indexed_slices import IndexedSlices
from ..tensor import Operation, Tensor
from .array import identity
from .core import convert_to_tensor, make

registry.register("NoOp", lambda: (), lambda inputs, attributes: [], differentiable=False)


def no_op(name: str | None = None) -> Operation:
    """A node that does nothing (TF1 symbol: `tf.no_op`)."""
    return make("NoOp", [], name or "NoOp")


def group(*inputs: Any, **kwargs: Any) -> Operation:
    """An operation that runs all the given ones (TF1 symbol: `tf.group`).

    Raises:
        TypeError: something that is no tensor, variable or operation.
        ValueError: an argument that there is not.
    """
    name = kwargs.pop("name", None)
    if kwargs:
        raise ValueError(f"Unknown keyword arguments: {', '.join(kwargs)}")
    members = nest.flatten(inputs)
    for member in members:
        if not hasattr(member, "device"):
            raise TypeError(
                f"Expected tf.group() expected Tensor arguments not '{member}' with type '{type(member)}'"
            )
    with name_scope(name, "group_deps") as scope, get_default_graph().control_dependencies(members):
        return no_op(scope)


def with_dependencies(dependencies: Iterable[Any], output_tensor: Any, name: str | None = None) -> Any:
    """The tensor, to be had when the given operations have run; it stays where it is."""
    if isinstance(output_tensor, IndexedSlices):
        values = with_dependencies(dependencies, output_tensor.values, name)
        return IndexedSlices(values, output_tensor.indices, output_tensor.dense_shape)
    tensor = convert_to_tensor(output_tensor)
    graph = get_default_graph()
    with (
        name_scope(name, "control_dependency") as scope,
        graph.control_dependencies(list(dependencies)),
        graph.device(tensor.device or None),
    ):
        return identity(tensor, name=scope)


def tuple_(tensors: Sequence[Any], name: str | None = None, control_inputs: Any = None) -> list[Any]:
    """The tensors, each to be had only when all are computed (TF1 symbol: `tf.tuple`).

    Raises:
        TypeError: a control input that is no operation or tensor.
        ValueError: there is no tensor.
    """
    with name_scope(name, "tuple"):
        members = [
            item if item is None or isinstance(item, (Operation, IndexedSlices)) else convert_to_tensor(item)
            for item in tensors
        ]
        gating = [item for item in members if item is not None]
        for item in control_inputs or ():
            if not isinstance(item, (Operation, Tensor)):
                raise TypeError(f"Control input must be Operation or Tensor: {item}")
            gating.append(item)
        if not gating:
            raise ValueError(f"Must have at least one Tensor: {list(tensors)}")
        gate = group(*gating)
        return [_gated(item, gate) for item in members]


def _gated(item: Any, gate: Operation) -> Any:
    if isinstance(item, Operation):
        with get_default_graph().control_dependencies([gate]):
            return group(item)
    return None if item is None else with_dependencies([gate], item)
