"""The variables of a graph: lists of them, and operations that give them their initial values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from .dtypes import int64
from .graph import GraphKeys, get_default_graph
from .ops import state
from .ops.control import group, no_op
from .ops.core import one
from .registry import register
from .shapes import TensorShape
from .tensor import Operation, Tensor


def global_variables(scope: str | None = None) -> list[Any]:
    """The graph's variables (TF1 symbol: `tf.global_variables`)."""
    return get_default_graph().get_collection(GraphKeys.GLOBAL_VARIABLES, scope)


def local_variables(scope: str | None = None) -> list[Any]:
    return get_default_graph().get_collection(GraphKeys.LOCAL_VARIABLES, scope)


def trainable_variables(scope: str | None = None) -> list[Any]:
    """The variables that optimisers alter by default (TF1 symbol: `tf.trainable_variables`)."""
    return get_default_graph().get_collection(GraphKeys.TRAINABLE_VARIABLES, scope)


def model_variables(scope: str | None = None) -> list[Any]:
    """The variables that a model's layers named as its own (TF1 symbol: `tf.model_variables`)."""
    return get_default_graph().get_collection(GraphKeys.MODEL_VARIABLES, scope)


def moving_average_variables(scope: str | None = None) -> list[Any]:
    """The variables whose moving averages are kept (TF1 symbol: `tf.moving_average_variables`)."""
    return get_default_graph().get_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, scope)


def variables_initializer(var_list: Sequence[Any], name: str = "init") -> Operation:
    """An operation that gives variables their initial values (TF1 symbol: `tf.variables_initializer`)."""
    operations = [variable.initializer for variable in var_list]
    return group(*operations, name=name) if operations else no_op(name)


def global_variables_initializer() -> Operation:
    """An operation that initialises all variables made so far (TF1: `tf.global_variables_initializer`)."""
    return variables_initializer(global_variables())


def local_variables_initializer() -> Operation:
    return variables_initializer(local_variables())


def report_uninitialized_variables(
    var_list: Sequence[Any] | None = None, name: str = "report_uninitialized_variables"
) -> Tensor:
    """The names of the variables that a session has no values of, as strings (TF1 symbol:
    `tf.report_uninitialized_variables`); of the global and local ones where none are given.
    """
    variables = global_variables() + local_variables() if var_list is None else list(var_list)
    return state.uninitialized([variable.op.name for variable in variables], name)


def initialize_variables(var_list: Sequence[Any], name: str = "init") -> Operation:
    """The older name of `variables_initializer` (TF1 symbol: `tf.initialize_variables`)."""
    return variables_initializer(var_list, name)


def initialize_all_variables() -> Operation:
    """The older name of `global_variables_initializer` (TF1 symbol: `tf.initialize_all_variables`)."""
    return global_variables_initializer()


def initialize_local_variables() -> Operation:
    """The older name of `local_variables_initializer` (TF1 symbol: `tf.initialize_local_variables`)."""
    return local_variables_initializer()


def all_variables() -> list[Any]:
    """The older name of `global_variables` (TF1 symbol: `tf.all_variables`)."""
    return global_variables()


def assert_variables_initialized(var_list: Sequence[Any] | None = None) -> Tensor | None:
    """The ranks of variables, which a session can only tell where all of them have values.

    TF1 symbol: `tf.assert_variables_initialized`. None where there are no variables.
    """
    variables = global_variables() + local_variables() if var_list is None else list(var_list)
    if not variables:
        return None
    return one("RanksOfVariables", [], "ranks", variables=[variable.op.name for variable in variables])


register(
    "RanksOfVariables",
    lambda run, operation: torch.tensor([run.read(name).dim() for name in operation.attributes["variables"]]),
    lambda inputs, attributes: [(int64, TensorShape([len(attributes["variables"])]))],
    stateful=True,
    differentiable=False,
)
