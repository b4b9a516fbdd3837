"""What a data set's elements are: nests of components, each with a type and a shape.

Here tuples, named tuples and dicts are structure, and a list is a tensor, as `tf.data` has it.

>>> flatten({"b": [1, 2], "a": (3, 4)})
[3, 4, [1, 2]]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..dtypes import as_dtype, float32, variant
from ..graph import name_scope
from ..ops.core import convert_to_tensor
from ..shapes import TensorShape, as_shape
from ..sparse_tensor import SparseTensor, SparseTensorSpec, SparseTensorValue, as_sparse
from ..tensor import Tensor
from ..tensor_array import TensorArray


# -- nests
def is_nested(value: Any) -> bool:
    return isinstance(value, (tuple, dict)) and not isinstance(value, SparseTensorValue)


def flatten(value: Any) -> list[Any]:
    """The components, dicts' by sorted keys."""
    if not is_nested(value):
        return [value]
    items = [value[key] for key in sorted(value)] if isinstance(value, dict) else value
    return [leaf for item in items for leaf in flatten(item)]


def pack(structure: Any, leaves: Sequence[Any]) -> Any:
    """The leaves in the structure's places."""
    waiting = iter(leaves)

    def build(part: Any) -> Any:
        if isinstance(part, dict):
            found = {key: build(part[key]) for key in sorted(part)}
            made = {key: found[key] for key in part}
            return made if type(part) is dict else type(part)(made)
        if is_nested(part):
            items = [build(item) for item in part]
            return type(part)(*items) if hasattr(part, "_fields") else tuple(items)
        return next(waiting)

    return build(structure)


def map_structure(function: Callable[..., Any], structure: Any, *others: Any) -> Any:
    columns = [flatten(structure), *[flatten_up_to(structure, other) for other in others]]
    return pack(structure, [function(*leaves) for leaves in zip(*columns, strict=True)])


def flatten_up_to(shallow: Any, value: Any) -> list[Any]:
    """What stands in `value` where `shallow` has its components.

    Raises:
        TypeError, ValueError: the structures do not match.
    """
    if not is_nested(shallow):
        return [value]
    if isinstance(shallow, dict):
        if not isinstance(value, dict) or set(value) != set(shallow):
            keys = list(value) if isinstance(value, dict) else value
            raise ValueError(
                "The two structures don't have the same keys. Input structure has keys "
                f"{list(shallow)}, while shallow structure has keys {keys}."
            )
        return [leaf for key in sorted(shallow) for leaf in flatten_up_to(shallow[key], value[key])]
    if not isinstance(value, (tuple, list)):
        raise TypeError(
            "If shallow structure is a sequence, input must also be a sequence. Input has type: "
            f"{type(value)}."
        )
    if len(value) != len(shallow):
        raise ValueError(
            "The two structures don't have the same sequence length. Input structure has length "
            f"{len(value)}, while shallow structure has length {len(shallow)}."
        )
    return [leaf for a, b in zip(shallow, value, strict=True) for leaf in flatten_up_to(a, b)]


# -- specifications
class TensorSpec:
    """The type and shape of a tensor (TF1 symbol: `tf.TensorSpec`)."""

    value_type: Any = Tensor

    def __init__(self, shape: Any, dtype: Any = float32, name: str | None = None) -> None:
        self.shape, self.dtype, self.name = as_shape(shape), as_dtype(dtype).base_dtype, name

    @classmethod
    def from_tensor(cls, tensor: Any, name: str | None = None) -> TensorSpec:
        return cls(tensor.shape, tensor.dtype, name or tensor.op.name)

    def is_compatible_with(self, spec_or_tensor: Any) -> bool:
        other = spec_or_tensor
        return self.dtype.is_compatible_with(other.dtype) and self.shape.is_compatible_with(other.shape)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TensorSpec):
            return NotImplemented
        return (self.dtype, self.shape.known, self.name) == (other.dtype, other.shape.known, other.name)

    def __hash__(self) -> int:
        return hash((self.dtype, self.shape.known))

    def __repr__(self) -> str:
        return f"TensorSpec(shape={self.shape}, dtype={self.dtype!r}, name={self.name!r})"


class DatasetSpec:
    """A component that is a data set (TF1 symbol: `tf.data.DatasetSpec`)."""

    def __init__(self, element_spec: Any, dataset_shape: Any = ()) -> None:
        self.element_spec, self.shape, self.dtype = element_spec, as_shape(dataset_shape), variant

    @property
    def value_type(self) -> Any:
        from .dataset import Dataset  # which is made of specifications

        return Dataset

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DatasetSpec) and self.element_spec == other.element_spec

    def __hash__(self) -> int:
        return hash(repr(self.element_spec))

    def __repr__(self) -> str:
        return f"DatasetSpec({self.element_spec!r}, {self.shape!r})"


class OptionalSpec:
    """A component that may be there or not (TF1 symbol: `tf.data.experimental.OptionalStructure`)."""

    def __init__(self, value_structure: Any) -> None:
        self.value_structure, self.shape, self.dtype = value_structure, TensorShape([]), variant

    @property
    def value_type(self) -> Any:
        from .optional import Optional

        return Optional

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OptionalSpec) and self.value_structure == other.value_structure

    def __hash__(self) -> int:
        return hash(repr(self.value_structure))

    def __repr__(self) -> str:
        return f"OptionalSpec({self.value_structure!r})"


def slot_of(spec: Any) -> TensorSpec:
    """The one tensor by which a component of this specification is passed on."""
    return spec if isinstance(spec, TensorSpec) else TensorSpec([], variant)


def slots_of(structure: Any) -> list[TensorSpec]:
    return [slot_of(spec) for spec in flatten(structure)]


def batched(spec: Any, size: int | None) -> Any:
    """The specification of several components stacked."""
    if isinstance(spec, (DatasetSpec, OptionalSpec)):
        kind = "datasets" if isinstance(spec, DatasetSpec) else "optional values"
        raise TypeError(f"A batch of {kind} is no tensor: batch what is in them, with flat_map.")
    return _kind(spec)(TensorShape([size]).concatenate(spec.shape), spec.dtype)


def unbatched(spec: Any) -> Any:
    """The specification of one of several that are stacked."""
    if spec.shape.ndims == 0:
        raise ValueError("Unbatching a tensor is only supported for rank >= 1")
    return _kind(spec)(spec.shape[1:], spec.dtype)


def _kind(spec: Any) -> Any:
    return SparseTensorSpec if isinstance(spec, SparseTensorSpec) else TensorSpec


def relaxed(first: Any, second: Any) -> Any:
    """What is true of both."""
    if isinstance(first, (DatasetSpec, OptionalSpec)):
        return first
    return _kind(first)(first.shape.most_specific_compatible_shape(second.shape), first.dtype)


# -- values
def as_components(value: Any) -> Any:
    """A nest of tensors, sparse tensors and data sets for a nest of what can be made one."""
    with name_scope("normalize_element"):
        parts = [_as_component(part, f"component_{place}") for place, part in enumerate(flatten(value))]
    return pack(value, parts)


def _as_component(value: Any, name: str) -> Any:
    if isinstance(value, (SparseTensor, SparseTensorValue)):
        return as_sparse(value)
    if hasattr(value, "element_spec") or hasattr(value, "value_structure"):
        return value
    return convert_to_tensor(value, name=name)


def spec_of(value: Any) -> Any:
    """The specifications of a nest of tensors, sparse tensors and data sets."""
    return map_structure(_spec_of_component, value)


def _spec_of_component(value: Any) -> Any:
    if isinstance(value, SparseTensor):
        return SparseTensorSpec(value.shape, value.dtype)
    if hasattr(value, "element_spec"):
        return DatasetSpec(value.element_spec)
    if hasattr(value, "value_structure"):
        return OptionalSpec(value.value_structure)
    if isinstance(value, TensorArray):
        raise TypeError("A tf.TensorArray cannot leave a function of tf.data: give its stack().")
    tensor = value if isinstance(value, Tensor) else convert_to_tensor(value)
    return TensorSpec(tensor.shape, tensor.dtype)


# -- the older form: types, shapes and classes apart
def types_of(structure: Any) -> Any:
    return map_structure(lambda spec: spec if _is_other(spec) else spec.dtype, structure)


def shapes_of(structure: Any) -> Any:
    return map_structure(lambda spec: spec if _is_other(spec) else spec.shape, structure)


def classes_of(structure: Any) -> Any:
    return map_structure(lambda spec: spec if _is_other(spec) else spec.value_type, structure)


def _is_other(spec: Any) -> bool:
    return isinstance(spec, (DatasetSpec, OptionalSpec))


def from_types(output_types: Any, output_shapes: Any = None, output_classes: Any = None) -> Any:
    """Specifications from types, shapes and classes; shapes that are not given are unknown.

    Raises:
        TypeError, ValueError: the structures do not match.
    """
    types = flatten(output_types)
    if output_shapes is None:
        shapes: list[Any] = [TensorShape(None)] * len(types)
    else:
        shapes = _shapes_up_to(output_types, output_shapes)
    classes = [Tensor] * len(types) if output_classes is None else flatten_up_to(output_types, output_classes)
    specs = []
    for dtype, shape, kind in zip(types, shapes, classes, strict=True):
        if _is_other(dtype):
            specs.append(dtype)
        else:
            sparse = isinstance(kind, type) and issubclass(kind, SparseTensor)
            specs.append((SparseTensorSpec if sparse else TensorSpec)(shape, as_dtype(dtype).base_dtype))
    return pack(output_types, specs)


def _shapes_up_to(types: Any, shapes: Any) -> list[Any]:
    """Shapes may be written as tuples, which are structure elsewhere."""
    if not is_nested(types):
        return [as_shape(shapes) if not _is_other(shapes) else shapes]
    if isinstance(types, dict):
        found = flatten_up_to(dict.fromkeys(types, 0), shapes)
        return [
            leaf
            for key, shape in zip(sorted(types), found, strict=True)
            for leaf in _shapes_up_to(types[key], shape)
        ]
    found = flatten_up_to(tuple([0] * len(types)), shapes)
    return [leaf for a, b in zip(types, found, strict=True) for leaf in _shapes_up_to(a, b)]
