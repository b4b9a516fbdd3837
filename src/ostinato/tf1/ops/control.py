"""Nodes that only order others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import registry
from ..graph import get_default_graph, name_scope
from ..tensor import Operation, Tensor
from .array import identity
from .core import make

registry.register("NoOp", lambda: (), lambda inputs, attributes: [], differentiable=False)


def no_op(name: str | None = None) -> Operation:
    """A node that does nothing (TF1 symbol: `tf.no_op`)."""
    return make("NoOp", [], name or "NoOp")


def group(*inputs: Any, **options: Any) -> Operation:
    """An operation that runs all the given ones (TF1 symbol: `tf.group`)."""
    name = options.pop("name", None)
    if options:
        raise ValueError(f"Unknown keyword arguments: {', '.join(options)}")
    members = [member for item in inputs for member in (item if isinstance(item, (list, tuple)) else [item])]
    before = [member for member in members if member is not None]
    with name_scope(name, "group_deps") as scope, get_default_graph().control_dependencies(before):
        return no_op(scope)


def tuple_(tensors: Sequence[Any], name: str | None = None, control_inputs: Any = None) -> list[Any]:
    """The tensors, each to be had only when all are computed (TF1 symbol: `tf.tuple`)."""
    with name_scope(name, "tuple"):
        gate = group(*[t for t in tensors if t is not None], *(control_inputs or []))
        with get_default_graph().control_dependencies([gate]):
            return [identity(t) if isinstance(t, Tensor) else t for t in tensors]
