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


_READ = "global_step_read_op_cache"


def global_step_read(graph: Any = None) -> Any:
    """A tensor of the number of steps, for hooks; None where nothing counts them."""
    graph = graph or get_default_graph()
    found = graph.get_collection(_READ)
    if found:
        return found[0]
    counter = get_global_step(graph)
    if counter is None:
        return None
    with graph.as_default(), name_scope(None), name_scope(counter.op.name + "/"):
        # The step of a session that has not initialized it yet is read too: a model is made under this.
        value = counter.initialized_value() if isinstance(counter, Variable) else counter
        made = value + 0
    graph.add_to_collection(_READ, made)
    return made


def assert_global_step(global_step_tensor: Any) -> None:
    """Raise unless a tensor can count steps (TF1 symbol: `tf.train.assert_global_step`).

    Raises:
        TypeError: it is no variable or tensor of an integer.
    """
    if not (isinstance(global_step_tensor, Variable) or hasattr(global_step_tensor, "op")):
        raise TypeError(f'Existing "global_step" must be a Variable or Tensor: {global_step_tensor}.')
    if not global_step_tensor.dtype.base_dtype.is_integer:
        raise TypeError(f'Existing "global_step" does not have integer type: {global_step_tensor.dtype}')
    if global_step_tensor.get_shape().ndims not in (0, None):
        raise TypeError(f'Existing "global_step" is not scalar: {global_step_tensor.get_shape()}')
