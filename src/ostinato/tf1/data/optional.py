"""Values that may be there or not (TF1 symbol: `tf.data.experimental.Optional`)."""

from __future__ import annotations

from typing import Any

import torch

from ..dtypes import bool_
from ..errors import InvalidArgumentError
from ..ops.core import make, one
from ..registry import OutputTypes, register
from ..shapes import TensorShape
from ..tensor import Operation, Tensor
from . import structure as nests
from .functions import from_slots, to_slots
from .iterator_ops import element_rule, variant_rule


class Optional:
    """A value that may be there or not: what `get_next_as_optional` gives at the end has none.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     iterator = tf.data.Dataset.range(1).make_one_shot_iterator()
    ...     found = tf.data.experimental.get_next_as_optional(iterator).has_value()
    ...     [bool(session.run(found)) for _ in range(2)]
    [True, False]
    """

    def __init__(self, variant_tensor: Tensor, value_structure: Any) -> None:
        self._variant_tensor, self._value_structure = variant_tensor, value_structure

    @property
    def value_structure(self) -> Any:
        return self._value_structure

    def has_value(self, name: str | None = None) -> Tensor:
        """Whether there is a value."""
        return one("OptionalHasValue", [self._variant_tensor], name)

    def get_value(self, name: str | None = None) -> Any:
        """The value; running it raises tf.errors.InvalidArgumentError where there is none."""
        slots = nests.slots_of(self._value_structure)
        node = make("OptionalGetValue", [self._variant_tensor], name, slots=slots)
        return from_slots(self._value_structure, node.outputs)

    @staticmethod
    def from_value(value: Any) -> Optional:
        components = nests.as_components(value)
        return Optional(one("OptionalFromValue", to_slots(components)), nests.spec_of(components))

    @staticmethod
    def none_from_structure(value_structure: Any) -> Optional:
        return Optional(one("OptionalNone", ()), value_structure)


class _Value:
    """At run time: the values of an Optional, or None."""

    def __init__(self, values: Any) -> None:
        self.values = values


def _next_as_optional(run: Any, operation: Operation, iterator: Any) -> Any:
    return _Value(iterator.next(run, operation))


def _get_value(run: Any, operation: Operation, optional: _Value) -> Any:
    if optional.values is None:
        raise InvalidArgumentError(
            None, operation, f"The given optional does not have a value.\n\t [[node {operation.name}]]"
        )
    return optional.values


def _has_rule(inputs: Any, attributes: dict[str, Any]) -> OutputTypes:
    return [(bool_, TensorShape([]))]


def _has_value(optional: _Value) -> Any:
    return torch.tensor(optional.values is not None)


register("IteratorGetNextAsOptional", _next_as_optional, variant_rule, stateful=True, differentiable=False)
register("OptionalFromValue", lambda *values: [_Value(values)], variant_rule, differentiable=False)
register("OptionalNone", lambda: [_Value(None)], variant_rule, differentiable=False)
register("OptionalHasValue", _has_value, _has_rule, differentiable=False)
register("OptionalGetValue", _get_value, element_rule, stateful=True, differentiable=False)


def get_next_as_optional(iterator: Any) -> Optional:
    """The next element, or none at the end (TF1 symbol: `tf.data.experimental.get_next_as_optional`)."""
    return Optional(one("IteratorGetNextAsOptional", [iterator._iterator_resource]), iterator.element_spec)
