"""Functions of elements, traced once into a graph of their own."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from ..body import BodyFunction
from ..dtypes import bool_
from ..graph import get_default_graph
from ..ops.core import convert_to_tensor
from ..sparse_tensor import SparseTensor, SparseTensorValue, as_sparse
from ..tensor import Tensor
from . import structure as nests
from .structure import DatasetSpec, OptionalSpec, SparseTensorSpec, TensorSpec


class TracedFunction:
    """A function of components, as nodes; `structure` is what it gives.

    Raises:
        TypeError: it gives something that is no tensor.
    """

    def __init__(self, function: Callable[..., Any], name: str, *structures: Any) -> None:
        slots = [slot for structure in structures for slot in nests.slots_of(structure)]
        self.structure: Any = None

        def traced(*tensors: Tensor) -> list[Tensor]:
            arguments, place = [], 0
            for structure in structures:
                count = len(nests.flatten(structure))
                arguments.append(from_slots(structure, tensors[place : place + count]))
                place += count
            if len(arguments) == 1 and type(arguments[0]) is tuple:
                arguments = list(arguments[0])
            result = function(*arguments)
            if isinstance(result, list):
                result = tuple(result)
            try:
                result = nests.map_structure(_component, result)
                self.structure = nests.spec_of(result)
            except (ValueError, TypeError) as problem:
                raise TypeError(
                    f"Unsupported return value from function passed to {name}: {result!r}. ({problem})"
                ) from None
            return to_slots(result)

        before = len(get_default_graph().get_collection("variables"))
        self.body = BodyFunction(traced, slots, "", ["args"] * len(slots))
        if len(get_default_graph().get_collection("variables")) > before:
            warnings.warn(
                f"Creating resources inside a function passed to {name} is not supported. Create each "
                "resource outside the function, and capture it inside the function to use it.",
                stacklevel=4,
            )

    @property
    def captured(self) -> list[Tensor]:
        return self.body.captured


def _component(value: Any) -> Any:
    if isinstance(value, SparseTensorValue):
        return as_sparse(value)
    if isinstance(value, SparseTensor) or hasattr(value, "element_spec") or hasattr(value, "value_structure"):
        return value
    return convert_to_tensor(value)


def to_slots(components: Any) -> list[Tensor]:
    """A tensor for each component."""
    from .iterator_ops import serialized  # whose operations come with the iterators'

    found = []
    for value in nests.flatten(components):
        if isinstance(value, SparseTensor):
            found.append(serialized(value))
        elif hasattr(value, "_variant_tensor"):
            found.append(value._variant_tensor)
        else:
            found.append(value)
    return found


def from_slots(structure: Any, tensors: Any) -> Any:
    """The components that tensors stand for."""
    from .iterator_ops import deserialized

    found: list[Any] = []
    for spec, tensor in zip(nests.flatten(structure), tensors, strict=True):
        if isinstance(spec, SparseTensorSpec):
            found.append(deserialized(tensor, spec))
        elif isinstance(spec, DatasetSpec):
            from .dataset import VariantDataset  # which is made of such functions

            found.append(VariantDataset(tensor, spec.element_spec))
        elif isinstance(spec, OptionalSpec):
            from .optional import Optional

            found.append(Optional(tensor, spec.value_structure))
        else:
            assert isinstance(spec, TensorSpec)
            found.append(tensor)
    return nests.pack(structure, found)


def is_predicate(function: TracedFunction) -> bool:
    """Whether it gives a scalar boolean."""
    spec = function.structure
    return isinstance(spec, TensorSpec) and spec.is_compatible_with(TensorSpec([], bool_))


def stepping(
    function: Callable[..., Any], name: str, state: Any, element: Any, gives_output: bool
) -> tuple[TracedFunction, Any, Any]:
    """A traced function of (state, element) to a state, with the state's and the output's structures. The
    state's shapes are weakened until the function keeps them.

    Raises:
        TypeError: it gives a state of other types.
    """
    while True:
        traced = TracedFunction(function, name, state, element)
        given, output = traced.structure, None
        if gives_output:
            if not (isinstance(given, tuple) and len(given) == 2):
                raise TypeError(
                    "The scan function must return a pair comprising the new state and the output value."
                )
            given, output = given
        for what, of in (("classes", nests.classes_of), ("types", nests.types_of)):
            if nests.flatten(of(given)) != nests.flatten(of(state)):
                raise TypeError(
                    f"The element {what} for the new state must match the initial state. Expected "
                    f"{of(state)}; got {of(given)}."
                )
        leaves = zip(nests.flatten(state), nests.flatten(given), strict=True)
        weaker = nests.pack(state, [nests.relaxed(before, after) for before, after in leaves])
        if nests.flatten(weaker) == nests.flatten(state):
            return traced, state, output
        state = weaker
