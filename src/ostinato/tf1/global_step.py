"""The variable that counts training steps."""

from __future__ import annotations

from typing import Any

from . import variable_scope as vs
from .dtypes import as_dtype, int64
from .graph import GraphKeys, get_default_graph, name_scope
from .initializers import Zeros
from .shapes import TensorShape
from .variables import Variable


def global_step(sess: Any, global_step_tensor: Any) -> int:
    """The number of steps that a session has made (TF1 symbol: `tf.train.global_step`)."""
    return int(sess.run(global_step_tensor))


def get_global_step(graph: Any = None) -> Variable | None:
    """The variable that counts training steps, or None (TF1 symbol: `tf.train.get_global_step`)."""
    found = (graph or get_default_graph()).get_collection(GraphKeys.GLOBAL_STEP)
    return found[0] if found else None


def create_global_step(graph: Any = None) -> Variable:
    """Make the global step (TF1 symbol: `tf.train.create_global_step`).

    Raises:
        ValueError: there is one already.
    """
    graph = graph or get_default_graph()
    if get_global_step(graph) is not None:
        raise ValueError('"global_step" already exists.')
    with graph.as_default(), name_scope(None):
        keys = [GraphKeys.GLOBAL_VARIABLES, GraphKeys.GLOBAL_STEP]
        return vs.get_variable(
            "global_step",
            TensorShape([]),
            as_dtype(int64),
            initializer=Zeros(),
            trainable=False,
            collections=keys,
        )


def get_or_create_global_step(graph: Any = None) -> Variable:
    found = get_global_step(graph)
    return create_global_step(graph) if found is None else found
