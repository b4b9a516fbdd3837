"""Averages of variables over training, each kept in a variable of its own."""

from __future__ import annotations

from typing import Any

from . import variable_scope as vs
from .dtypes import float32
from .graph import GraphKeys, add_to_collection, control_dependencies, get_default_graph, name_scope
from .initializers import Zeros
from .ops import state
from .ops.control import group
from .ops.core import convert_to_tensor
from .ops.math import cast, div, divide, minimum, pow_
from .slot_creator import create_slot, create_zeros_slot
from .tensor import Operation, Tensor
from .variable_lists import global_variables, moving_average_variables, trainable_variables
from .variables import Variable


def assign_moving_average(
    variable: Any, value: Any, decay: Any, zero_debias: bool = True, name: str | None = None
) -> Tensor:
    """variable -= (1 - decay) * (variable - value) (TF1 symbol: `moving_averages.assign_moving_average`).

    `zero_debias` divides by 1 - decay^updates, which is right for an average that started from zero; two
    more variables, `biased` and `local_step`, are kept for that.
    """
    with name_scope(name, "AssignMovingAvg", [variable, value, decay]) as scope:
        share = cast(convert_to_tensor(1.0 - decay, name="decay"), variable.dtype.base_dtype)
        if zero_debias:
            return _without_bias(variable, value, share)
        return state.assign_sub(variable, (variable - value) * share, name=scope)


def weighted_moving_average(
    value: Tensor,
    decay: Any,
    weight: Tensor,
    truediv: bool = True,
    collections: Any = None,
    name: str | None = None,
) -> Tensor:
    """The average of value * weight over that of weight (TF1: `moving_averages.weighted_moving_average`)."""
    with vs.variable_scope(name, "WeightedMovingAvg", [value, weight, decay]) as scope:
        product, total = (
            vs.get_variable(
                own_name,
                item.shape,
                item.dtype,
                initializer=Zeros(),
                trainable=False,
                collections=collections,
            )
            for own_name, item in (("value_x_weight", value), ("weight", weight))
        )
        numerator = assign_moving_average(product, value * weight, decay, zero_debias=False)
        denominator = assign_moving_average(total, weight, decay, zero_debias=False)
        return (divide if truediv else div)(numerator, denominator, name=scope.name)


def _without_bias(variable: Any, value: Any, share: Tensor) -> Tensor:
    kind = variable.dtype.base_dtype
    with vs.variable_scope(variable.op.name):
        scope = vs.get_variable_scope()
        biased, steps = (
            vs.get_variable(_unused(scope, name), shape, kind, initializer=Zeros(), trainable=False)
            for name, shape in (("biased", variable.shape), ("local_step", []))
        )
        updated = state.assign_sub(biased, (biased - value) * share)
        factor = 1 - pow_(1.0 - share, steps.assign_add(1))
        current = get_default_graph().get_name_scope()
        return state.assign(variable, updated / factor, name=current + "/")


def _unused(scope: Any, name: str) -> str:
    """A name that no variable of the scope has; the name itself where the scope shares variables."""
    used = {variable.op.name for variable in scope.global_variables()}
    if scope.reuse or f"{scope.name}/{name}" not in used:
        return name
    index = 1
    while f"{scope.name}/{name}_{index}" in used:
        index += 1
    return f"{name}_{index}"


class ExponentialMovingAverage:
    """Moving averages of variables (TF1 symbol: `tf.train.ExponentialMovingAverage`).

    Args:
        decay: the share of the old average that is kept, near 1.
        num_updates: a count of updates; the decay is then at most (1 + num_updates) / (10 + num_updates).
        zero_debias: whether averages of tensors, which start from zero, are freed of that.
        name: the name of the operations, and the last part of the averages' names.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     variable = tf.Variable(1.0, name="w")
    ...     average = tf.train.ExponentialMovingAverage(0.75)
    ...     maintain = average.apply([variable])
    ...     session.run(tf.global_variables_initializer())
    ...     session.run(variable.assign(5.0).op)
    ...     session.run(maintain)
    ...     average.average_name(variable), session.run(average.average(variable)).item()
    ('w/ExponentialMovingAverage', 2.0)
    """

    def __init__(
        self,
        decay: Any,
        num_updates: Any = None,
        zero_debias: bool = False,
        name: str = "ExponentialMovingAverage",
    ) -> None:
        self._decay, self._num_updates, self._zero_debias = decay, num_updates, zero_debias
        self.name = name
        self._averages: dict[Any, Variable] = {}

    def apply(self, var_list: Any = None) -> Operation:
        """An operation that brings the averages up to date; the averages are made where there are none.

        Raises:
            TypeError: a variable or a tensor is not of floating point.
        """
        chosen = trainable_variables() if var_list is None else list(var_list)
        without_bias = set()
        for item in chosen:
            if not item.dtype.base_dtype.is_floating:
                raise TypeError(f"The variables must be half, float, or double: {item.name}")
            if item in self._averages:
                continue
            with control_dependencies(None):
                if isinstance(item, Variable):
                    average = create_slot(item, item.initialized_value(), self.name)
                    add_to_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, item)
                else:
                    average = create_zeros_slot(item, self.name)
                    if self._zero_debias:
                        without_bias.add(item)
            self._averages[item] = average
        with name_scope(self.name) as scope:
            decay: Any = convert_to_tensor(self._decay, name="decay")
            if self._num_updates is not None:
                count = cast(self._num_updates, float32, name="num_updates")
                decay = minimum(decay, (1.0 + count) / (10.0 + count))
            updates = [
                assign_moving_average(self._averages[item], item, decay, item in without_bias)
                for item in chosen
            ]
            return group(*updates, name=scope)

    def average(self, var: Any) -> Variable | None:
        """The variable that holds the average of a variable; None where none is kept."""
        return self._averages.get(var)

    def average_name(self, var: Any) -> str:
        """The name that the average of a variable has, or would get."""
        if var in self._averages:
            return self._averages[var].op.name
        return get_default_graph().unique_name(f"{var.op.name}/{self.name}", mark_as_used=False)

    def variables_to_restore(self, moving_avg_variables: Any = None) -> dict[str, Any]:
        """Variables by the names to restore them from: of the average where there is one, else their own.

        `tf.train.Saver(average.variables_to_restore())` gives a model its averaged values.
        """
        if moving_avg_variables is None:
            moving_avg_variables = trainable_variables() + moving_average_variables()
        averaged = dict.fromkeys(moving_avg_variables)
        found = {self.average_name(variable): variable for variable in averaged}
        names = {variable.name for variable in averaged}
        for variable in global_variables():
            if variable.name not in names:
                found.setdefault(variable.op.name, variable)
        return found
