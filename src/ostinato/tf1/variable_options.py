"""Which kind of variable is made, and how copies of it on several machines would be kept.

The latter is accepted, checked, and without effect here: there is one copy of each variable, so that no way
of synchronising or aggregating copies can change a value.
"""

from __future__ import annotations

import enum
from typing import Any


class VariableSynchronization(enum.Enum):
    """When copies of a variable are brought together (TF1 symbol: `tf.VariableSynchronization`)."""

    AUTO = 0
    NONE = 1
    ON_WRITE = 2
    ON_READ = 3


class VariableAggregation(enum.Enum):
    """How the copies of a variable become one value (TF1 symbol: `tf.VariableAggregation`)."""

    NONE = 0
    SUM = 1
    MEAN = 2
    ONLY_FIRST_REPLICA = 3


AUTO, NONE = VariableSynchronization.AUTO, VariableAggregation.NONE


def checked_options(
    synchronization: Any, aggregation: Any, trainable: bool | None, name: str | None
) -> tuple[VariableSynchronization, VariableAggregation, bool]:
    """The two options as members of their types, and whether the variable is trained.

    Raises:
        ValueError: one of them is no member of its type.

    >>> checked_options(VariableSynchronization.ON_READ, None, None, "v")[2]
    False
    """
    try:
        aggregation = VariableAggregation(NONE if aggregation is None else aggregation)
    except ValueError:
        raise ValueError(f"Invalid variable aggregation mode: {aggregation} for variable: {name}") from None
    try:
        synchronization = VariableSynchronization(AUTO if synchronization is None else synchronization)
    except ValueError:
        raise ValueError(
            f"Invalid variable synchronization mode: {synchronization} for variable: {name}"
        ) from None
    if trainable is None:
        trainable = synchronization is not VariableSynchronization.ON_READ
    return synchronization, aggregation, trainable


class _Default:
    use_resource = False


def enable_resource_variables() -> None:
    """Make ResourceVariables where nothing else is said (TF1 symbol: `tf.enable_resource_variables`)."""
    _Default.use_resource = True


def disable_resource_variables() -> None:
    """Make plain variables again where nothing else is said (TF1: `tf.disable_resource_variables`)."""
    _Default.use_resource = False


def resource_variables_enabled() -> bool:
    """Which kind is made where nothing else is said (TF1 symbol: `tf.resource_variables_enabled`)."""
    return _Default.use_resource
