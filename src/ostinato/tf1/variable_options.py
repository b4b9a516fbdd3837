"""How copies of a variable on several machines would be kept: accepted, checked, and without effect here.

There is one copy of each variable, so that no way of synchronising or aggregating copies can change a value.
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
