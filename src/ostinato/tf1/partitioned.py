"""Variables kept in parts: `w/part_0`, `w/part_1`, ..., which are one tensor `w` in a checkpoint."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from .dtypes import DType, as_dtype
from .graph import control_dependencies, name_scope
from .ops.array import identity
from .ops.control import group
from .ops.lists import concat
from .shapes import TensorShape, as_shape
from .slices import SaveSliceInfo
from .tensor import Operators, Tensor

Partitioner = Callable[..., Sequence[int]]


class PartitionInfo(NamedTuple):
    """What an initialiser is told of the part that it fills: the whole's shape, and where the part begins."""

    full_shape: list[int]
    var_offset: list[int]


class PartitionedVariable(Operators):
    """A variable in parts (TF1 symbol: `PartitionedVariable`): iterate over it for the parts, or use it as
    the tensor that they make up.
    """

    __array_priority__ = 100

    def __init__(
        self, name: str, shape: Any, dtype: Any, variable_list: Sequence[Any], partitions: Sequence[int]
    ) -> None:
        if not variable_list:
            raise ValueError("variable_list may not be empty")
        self._name, self._shape, self._dtype = name, as_shape(shape), as_dtype(dtype)
        self._variable_list = list(variable_list)
        self._partitions = list(partitions)
        self._tensor: Tensor | None = None

    @property
    def name(self) -> str:
        return self._name

    @property
    def dtype(self) -> DType:
        return self._dtype

    @property
    def shape(self) -> TensorShape:
        return self._shape

    def get_shape(self) -> TensorShape:
        return self._shape

    @property
    def graph(self) -> Any:
        return self._variable_list[0].graph

    @property
    def trainable(self) -> bool:
        return bool(self._variable_list[0].trainable)

    @property
    def initializer(self) -> Any:
        return group(*[variable.initializer for variable in self._variable_list])

    @property
    def _axis(self) -> int:
        return next((axis for axis, count in enumerate(self._partitions) if count > 1), 0)

    def _get_variable_list(self) -> list[Any]:
        return self._variable_list

    def __iter__(self) -> Iterator[Any]:
        return iter(self._variable_list)

    def __len__(self) -> int:
        return len(self._variable_list)

    def as_tensor(self) -> Tensor:
        """The parts, joined."""
        with self.graph.as_default(), control_dependencies(None):
            if len(self._variable_list) == 1:
                with name_scope(None):
                    return identity(self._variable_list[0], name=self._name)
            with name_scope(self._name + "/ConcatPartitions/"):
                joined = concat([variable.value() for variable in self._variable_list], self._axis)
            with name_scope(None):
                return identity(joined, name=self._name)

    def assign(self, value: Any, use_locking: bool = False, name: str | None = None) -> list[Any]:
        """Give each part its share of a value."""
        values = shares_of(value, [variable._save_slice_info for variable in self._variable_list])
        return [variable.assign(part) for variable, part in zip(self._variable_list, values, strict=True)]

    def _to_tensor(self, as_ref: bool = False) -> Tensor:
        # One node for all uses: the steps of a cell are one sequence only where they share their tensors.
        if self._tensor is None:
            self._tensor = self.as_tensor()
        return self._tensor

    def _as_graph_element(self) -> Tensor:
        return self._to_tensor()

    def __getitem__(self, key: Any) -> Tensor:
        return self._to_tensor()[key]

    def __repr__(self) -> str:
        return (
            f"<tf.PartitionedVariable '{self._name}' shape={self._shape} dtype={self._dtype.name} in "
            f"{len(self)} parts>"
        )


def shares_of(value: Any, parts: Sequence[SaveSliceInfo]) -> list[Any]:
    """The share that each part has of a whole: a tensor, or anything numpy takes."""
    if not isinstance(value, Tensor):
        value = np.asarray(value)
    places = [
        tuple(slice(a, a + n) for a, n in zip(part.var_offset, part.var_shape, strict=True)) for part in parts
    ]
    return [value[place] for place in places]


def _forward(method: str) -> None:
    def call(self: PartitionedVariable, *arguments: Any) -> Any:
        return getattr(self._to_tensor(), method)(*arguments)

    setattr(PartitionedVariable, method, call)


for _method in ["add", "sub", "mul", "truediv", "div", "floordiv", "mod", "pow", "matmul"]:
    _forward(f"__{_method}__")
    _forward(f"__r{_method}__")
for _method in ["lt", "le", "gt", "ge", "neg", "abs"]:
    _forward(f"__{_method}__")


# -- how many parts
def fixed_size_partitioner(num_shards: int, axis: int = 0) -> Partitioner:
    """As many parts as said, along an axis (TF1 symbol: `tf.fixed_size_partitioner`)."""

    def partitioner(shape: Any, **_: Any) -> list[int]:
        sizes = _known(shape)
        counts = [1] * len(sizes)
        counts[axis] = min(num_shards, sizes[axis])
        return counts

    return partitioner


def variable_axis_size_partitioner(
    max_shard_bytes: int, axis: int = 0, bytes_per_string_element: int = 16, max_shards: int | None = None
) -> Partitioner:
    """Parts of at most so many bytes (TF1 symbol: `tf.variable_axis_size_partitioner`)."""
    if max_shard_bytes < 1 or bytes_per_string_element < 1 or (max_shards is not None and max_shards < 1):
        raise ValueError(
            "max_shard_bytes, bytes_per_string_element and max_shards must be positive, not "
            f"{max_shard_bytes}, {bytes_per_string_element} and {max_shards}."
        )

    def partitioner(shape: Any, dtype: Any) -> list[int]:
        sizes, kind = _known(shape), as_dtype(dtype)
        counts = [1] * len(sizes)
        element = bytes_per_string_element if kind.name == "string" else kind.size
        row = element * math.prod(sizes) // max(1, sizes[axis])
        wanted = max(1, math.ceil(sizes[axis] / max(1, max_shard_bytes // max(1, row))))
        counts[axis] = min(wanted, sizes[axis] or 1, max_shards or wanted)
        return counts

    return partitioner


def min_max_variable_partitioner(
    max_partitions: int = 1,
    axis: int = 0,
    min_slice_size: int = 256 << 10,
    bytes_per_string_element: int = 16,
) -> Partitioner:
    """As many parts as keep each at a least size (TF1 symbol: `tf.min_max_variable_partitioner`)."""

    def partitioner(shape: Any, dtype: Any) -> list[int]:
        sizes, kind = _known(shape), as_dtype(dtype)
        if axis >= len(sizes):
            raise ValueError(f"Cannot partition variable along axis {axis} when shape is only {shape}")
        element = bytes_per_string_element if kind.name == "string" else kind.size
        wanted = max(1, -(-element * math.prod(sizes) // min_slice_size))
        counts = [1] * len(sizes)
        counts[axis] = max(1, min(sizes[axis], max_partitions, wanted))
        return counts

    return partitioner


def _known(shape: Any) -> list[int]:
    return [size for size in as_shape(shape).as_list() if size is not None]


def partition_counts(partitioner: Any, shape: TensorShape, dtype: Any) -> list[int]:
    """What a partitioner says of a shape, checked.

    Raises:
        ValueError: it is no function, the shape is not known, or what it says does not fit the shape.
    """
    if not callable(partitioner):
        raise ValueError(f"Partitioner must be callable, but received: {partitioner}")
    if not shape.is_fully_defined():
        raise ValueError(
            f"Shape of a new partitioned variable must be fully defined, but instead was {shape}."
        )
    counts = partitioner(shape=shape, dtype=dtype)
    if not isinstance(counts, (list, tuple)):
        raise ValueError(f"Partitioner must return a sequence, but saw: {counts}")
    if len(counts) != shape.ndims:
        raise ValueError(
            "Partitioner returned a partition list that does not match the Variable's rank: "
            f"{counts} vs. {shape}"
        )
    if any(count < 1 for count in counts):
        raise ValueError(f"Partitioner returned zero partitions for some axes: {counts}")
    if sum(count > 1 for count in counts) > 1:
        raise ValueError(
            f"Cannot slice a variable along more than one axis: partitions {counts} of shape {shape}."
        )
    return list(counts)


def parts_of(name: str, shape: Sequence[int], counts: Sequence[int]) -> list[SaveSliceInfo]:
    """The parts of a whole: as even as can be, the first ones the larger.

    >>> [part.spec for part in parts_of("w", [5, 3], [2, 1])]
    ['5 3 0,3:0,3', '5 3 3,2:0,3']
    """
    axis = next((axis for axis, count in enumerate(counts) if count > 1), 0)
    count = counts[axis] if counts else 1
    if count > 1 and count > shape[axis]:
        raise ValueError(
            f"Variable {name} of shape {list(shape)} cannot be in {count} parts along axis {axis}."
        )
    found, start = [], 0
    for index in range(count):
        sizes, offset = list(shape), [0] * len(shape)
        if sizes:
            sizes[axis] = shape[axis] // count + (index < shape[axis] % count)
            offset[axis] = start
            start += sizes[axis]
        found.append(SaveSliceInfo(name, shape, offset, sizes))
    return found


def part_initializer(initializer: Any, part: SaveSliceInfo) -> Any:
    """What makes the initial value of a part, of what makes that of the whole."""
    if initializer is None:
        return None
    if inspect.isclass(initializer):
        initializer = initializer()
    if not callable(initializer):
        return shares_of(initializer, [part])[0]
    accepted = inspect.signature(initializer).parameters
    if not accepted:
        return lambda: shares_of(initializer(), [part])[0]
    if "partition_info" not in accepted:
        return initializer
    info = PartitionInfo(part.full_shape, part.var_offset)
    passed = {"partition_info": info}

    def fill(shape: Any, dtype: Any = None) -> Any:
        return (
            initializer(shape, dtype=dtype, **passed) if "dtype" in accepted else initializer(shape, **passed)
        )

    return fill
