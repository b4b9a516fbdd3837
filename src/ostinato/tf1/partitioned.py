"""Variables kept in parts: `w/part_0`, `w/part_1`, ..., which are one tensor `w` in a checkpoint."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .dtypes import DType, as_dtype
from .graph import control_dependencies, name_scope
from .ops.array import identity
from .ops.control import group
from .ops.core import convert_to_tensor
from .ops.lists import concat, split
from .shapes import TensorShape, as_shape
from .slices import SaveSliceInfo
from .tensor import Operators, Tensor

Partitioner = Callable[..., Sequence[int]]


class PartitionInfo:
    """What an initialiser is told of the part that it fills: the whole's shape, and where the part begins.

    Raises:
        TypeError: one of the two is no sequence.
        ValueError: they differ in length, or an offset is beyond its dimension.
    """

    def __init__(self, full_shape: Any, var_offset: Any) -> None:
        for name, value in (("full_shape", full_shape), ("var_offset", var_offset)):
            if not isinstance(value, Sequence) or isinstance(value, str):
                raise TypeError(f"`{name}` must be a sequence (like tuple or list) instead of {type(value)}")
        if len(var_offset) != len(full_shape):
            raise ValueError(
                "Expected equal length, but `var_offset` is of length "
                f"{len(var_offset)} while full_shape is of length {len(full_shape)}."
            )
        for size, offset in zip(full_shape, var_offset, strict=True):
            if offset < 0 or offset >= max(size, 1):
                raise ValueError(
                    f"Expected 0 <= offset < shape but found offset={offset}, shape={size} for "
                    f"var_offset={var_offset}, full_shape={full_shape}"
                )
        self.full_shape, self.var_offset = list(full_shape), list(var_offset)

    def single_offset(self, shape: Any) -> int:
        """Where the part begins along the one axis that is divided; 0 where none is."""
        axis = self.single_slice_dim(shape)
        return 0 if axis is None else self.var_offset[axis]

    def single_slice_dim(self, shape: Any) -> int | None:
        """The axis along which a part of such a shape is one of several; None where there is none.

        Raises:
            TypeError: the shape is no sequence.
            ValueError: it is no part of the whole, or there is more than one such axis.
        """
        if not isinstance(shape, Sequence) or isinstance(shape, str):
            raise TypeError(f"`shape` must be a sequence (like tuple or list) instead of {type(shape)}")
        if len(shape) != len(self.full_shape):
            raise ValueError(
                f"Expected equal length, but received shape={shape} of length {len(shape)} while "
                f"self.full_shape={self.full_shape} is of length {len(self.full_shape)}."
            )
        for axis, size in enumerate(shape):
            if self.var_offset[axis] + size > self.full_shape[axis]:
                raise ValueError(
                    f"With self.var_offset={self.var_offset}, a partition of shape={list(shape)} would "
                    f"exceed self.full_shape={self.full_shape} in dimension {axis}."
                )
        axes = [axis for axis, size in enumerate(shape) if size != self.full_shape[axis]]
        if len(axes) > 1:
            raise ValueError(
                f"Cannot use single_slice_dim() with shape={list(shape)} and self.full_shape="
                f"{self.full_shape} since slice dim could be either dimension {axes[1]} or {axes[0]}."
            )
        return axes[0] if axes else None


class PartitionedVariable(Operators):
    """A variable in parts (TF1 symbol: `PartitionedVariable`): iterate over it for the parts, or use it as
    the tensor that they make up.
    """

    __array_priority__ = 100

    def __init__(
        self, name: str, shape: Any, dtype: Any, variable_list: Sequence[Any], partitions: Sequence[int]
    ) -> None:
        if not isinstance(variable_list, (list, tuple)):
            raise TypeError(f"variable_list is not a list or tuple: {variable_list}")
        if not isinstance(partitions, (list, tuple)):
            raise TypeError(f"partitions is not a list or tuple: {partitions}")
        if not all(count >= 1 for count in partitions):
            raise ValueError(f"partition values must be positive: {partitions}")
        if not variable_list:
            raise ValueError("variable_list may not be empty")
        self._name, self._shape, self._dtype = name, as_shape(shape), as_dtype(dtype)
        if self._shape.ndims != len(partitions):
            raise ValueError(f"len(shape) != len(partitions): {shape} vs. {partitions}")
        for variable in variable_list:
            part = variable._get_save_slice_info()
            if part is None:
                names = [item.name for item in variable_list]
                raise ValueError(f"All variables must have a save_slice_info available: {names}")
            if part.full_shape != self._shape.as_list():
                raise ValueError(
                    f"All variables' full shapes must match shape: {shape}; but full shapes were: "
                    f"{[part.full_shape]}"
                )
        self._variable_list = sorted(variable_list, key=lambda item: item._get_save_slice_info().var_offset)
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
        axes = self._partition_axes()
        if len(axes) > 1:
            raise NotImplementedError(
                f"Cannot concatenate along more than one dimension: {axes}.  Multi-axis partition concat is "
                "not supported"
            )
        return axes[0]

    def _partition_axes(self) -> list[int]:
        return [axis for axis, count in enumerate(self._partitions) if count > 1] or [0]

    def _get_partitions(self) -> list[int]:
        return self._partitions

    def _get_variable_list(self) -> list[Any]:
        return self._variable_list

    def __iter__(self) -> Iterator[Any]:
        return iter(self._variable_list)

    def __len__(self) -> int:
        axes = self._partition_axes()
        if len(axes) > 1:
            raise ValueError(f"Cannot get a length for {len(axes)} > 1 partition axes")
        return len(self._variable_list)

    def _concat(self) -> Tensor:
        if len(self._variable_list) == 1:
            with name_scope(None):
                return identity(self._variable_list[0], name=self._name)
        with name_scope(self._name + "/ConcatPartitions/"):
            joined = concat([variable.value() for variable in self._variable_list], self._axis)
        with name_scope(None):
            return identity(joined, name=self._name)

    def as_tensor(self) -> Tensor:
        """The parts, joined."""
        with self.graph.as_default(), control_dependencies(None):
            return self._concat()

    def _each(self, method: str, value: Any, name: str | None, read_value: bool) -> list[Any]:
        if isinstance(value, (list, PartitionedVariable)):
            if len(value) != len(self._variable_list):
                raise ValueError(
                    f"{len(value)} values for the {len(self._variable_list)} parts of {self._name}: give one "
                    "a part, or one value of the whole's shape."
                )
            values = list(value)
        else:
            sizes = [variable.shape[self._axis].value for variable in self._variable_list]
            values = split(convert_to_tensor(value, self._dtype), sizes, axis=self._axis)
        return [
            getattr(variable, method)(share, name=name, read_value=read_value)
            for variable, share in zip(self._variable_list, values, strict=True)
        ]

    def assign(
        self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> list[Any]:
        """Give each part its share of a value; a list has a value for each part."""
        return self._each("assign", value, name, read_value)

    def assign_add(
        self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> list[Any]:
        return self._each("assign_add", value, name, read_value)

    def assign_sub(
        self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> list[Any]:
        return self._each("assign_sub", value, name, read_value)

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
    if not shape.ndims:
        raise ValueError(f"A partitioned Variable must have rank at least 1, shape: {shape}")
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
            f"Can only slice a variable along one dimension: shape: {shape}, partitioning: {counts}"
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
