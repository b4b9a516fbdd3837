"""What a TensorArray is while a run goes on, and the nodes that write and read it.

A handle's value is an `Elements`, made anew by each run (and by each pass through a loop's body that makes
one). It is written in place; what is read comes after what was written because each node takes the flow, a
float scalar, that the write before it gives. Elements keep their history, so that torch differentiates
through them as through any tensor.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch

from .. import registry
from ..dtypes import DType, as_dtype, float32, int32, int64, resource
from ..errors import UnimplementedError
from ..placement import together
from ..registry import OutputTypes
from ..shapes import TensorShape
from ..tensor import Operation, Tensor
from .core import make

_COUNTER = itertools.count()  # no two arrays have one name
_EMPTY, _WRITTEN, _READ, _CLEARED = range(4)


class Elements:
    """The elements of one TensorArray."""

    def __init__(self, name: str, dtype: DType, size: int, attributes: dict[str, Any]) -> None:
        if size < 0:
            raise ValueError("Size should be >= 0.")
        self.name, self.dtype = name, dtype
        self.dynamic: bool = attributes["dynamic_size"]
        self.clear_after_read: bool = attributes["clear_after_read"]
        self.identical_shapes: bool = attributes["identical_element_shapes"]
        self.shape = TensorShape(attributes["element_shape"])
        self.values: list[Any] = [None] * size
        self.states = [_EMPTY] * size
        self.closed = False
        self.sums = False  # an array of gradients: what is written twice is added up
        self.gradients: dict[str, Elements] = {}

    def __len__(self) -> int:
        self._check_open()
        return len(self.values)

    def _check_open(self) -> None:
        if self.closed:
            raise ValueError(f"TensorArray {self.name} has already been closed.")

    def close(self) -> None:
        self.closed, self.values, self.states = True, [], []

    def grow(self, size: int) -> None:
        missing = size - len(self.values)
        if missing > 0:
            self.values += [None] * missing
            self.states += [_EMPTY] * missing

    def write(self, index: int, value: Any) -> None:
        self._check_open()
        if index < 0 or (index >= len(self.values) and not self.dynamic):
            raise ValueError(
                f"TensorArray {self.name}: Tried to write to index {index} but array is not resizeable and "
                f"size is: {len(self.values)}"
            )
        self.grow(index + 1)
        where = f"TensorArray {self.name}: Could not write to TensorArray index {index}"
        kind = _dtype_of(value)
        if kind is not self.dtype:
            raise ValueError(
                f"TensorArray dtype is {self.dtype.message_name} but Op is trying to write dtype "
                f"{kind.message_name}."
            )
        self._fit(tuple(value.shape), where)
        state = self.states[index]
        if state in (_READ, _CLEARED):
            raise ValueError(f"{where} because it has already been read.")
        if state == _WRITTEN:
            if not self.sums:
                raise ValueError(f"{where} because it has already been written to.")
            value = self._sum(index, value)
        self.values[index], self.states[index] = value, _WRITTEN

    def _fit(self, sizes: tuple[int, ...], where: str) -> None:
        if self.shape.known == sizes:
            return
        if not self.shape.is_compatible_with(sizes):
            raise ValueError(
                f"{where} because the value shape is {TensorShape(sizes).bracketed()} which is incompatible "
                f"with the TensorArray's inferred element shape: {self.shape.bracketed()} (consider setting "
                "infer_shape=False)."
            )
        if self.identical_shapes and not self.shape.is_fully_defined():
            self.shape = TensorShape(sizes)

    def _sum(self, index: int, value: Any) -> Any:
        old = self.values[index]
        if old is None:
            return value
        if old.shape != value.shape:
            raise ValueError(
                f"TensorArray {self.name}: Could not aggregate to TensorArray index {index} because the "
                f"existing shape is {_bracketed(old)} but the new input shape is {_bracketed(value)}."
            )
        return old + value

    def read(self, index: int) -> Any:
        self._check_open()
        if not 0 <= index < len(self.values):
            raise ValueError(f"Tried to read from index {index} but array size is: {len(self.values)}")
        state = self.states[index]
        if state == _CLEARED:
            raise ValueError(
                f"TensorArray {self.name}: Could not read index {index} twice because it was cleared after a "
                "previous read (perhaps try setting clear_after_read = false?)."
            )
        value = self.values[index]
        if value is None:
            value = self._zeros(index)
        self.values[index] = None if self.clear_after_read else value
        self.states[index] = _CLEARED if self.clear_after_read else _READ
        return value

    def peek(self, index: int) -> Any:
        """What `read` would give, if something was written there that can be read."""
        if self.closed or not 0 <= index < len(self.values) or self.states[index] == _CLEARED:
            return None
        return self.values[index]

    def _zeros(self, index: int) -> Any:
        if not self.shape.is_fully_defined():
            raise ValueError(
                f"TensorArray {self.name}: Could not read from TensorArray index {index}.  Furthermore, the "
                f"element shape is not fully defined: {self.shape.bracketed()}.  It is possible you are "
                "working with a resizeable TensorArray and stop_gradients is not allowing the gradients to "
                "be written.  If you set the full element_shape property on the forward TensorArray, the "
                "proper all-zeros tensor will be returned instead of incurring this error."
            )
        return _zeros(self.shape.known or (), self.dtype)

    def gradient(self, source: str) -> Elements:
        """The array that gradients of this one are added up in; one for each source."""
        self._check_open()
        if source not in self.gradients:
            attributes = {
                "dynamic_size": False,
                "clear_after_read": False,
                "identical_element_shapes": self.identical_shapes,
                "element_shape": self.shape.known,
            }
            self.dynamic = False  # its gradients have the size that it has now
            array = Elements(f"{self.name}@{source}", self.dtype, len(self.values), attributes)
            array.sums = True
            self.gradients[source] = array
        return self.gradients[source]


def _dtype_of(value: Any) -> DType:
    return as_dtype("string") if isinstance(value, np.ndarray) else as_dtype(value.dtype)


def _bracketed(value: Any) -> str:
    return TensorShape(tuple(value.shape)).bracketed()


def _zeros(sizes: Sequence[int | None], dtype: DType) -> Any:
    known = [size or 0 for size in sizes]
    if dtype.name == "string":
        return np.full(known, b"", dtype=object)
    return torch.zeros(known, dtype=dtype.torch_dtype)


def _scalar(index: Any) -> int:
    if index.dim():
        raise ValueError(f"TensorArray index must be scalar, but had shape: {_bracketed(index)}")
    return int(index)


def _make(run: Any, operation: Operation, size: torch.Tensor) -> Any:
    if size.dim():
        raise ValueError(f"TensorArray size must be scalar, but had shape: {_bracketed(size)}")
    attributes = operation.attributes
    name = attributes["tensor_array_name"] or operation.name
    return Elements(
        f"{name}_{next(_COUNTER)}", as_dtype(attributes["dtype"]), int(size), attributes
    ), torch.zeros(())


def _make_gradient(array: Elements, flow: torch.Tensor, *, source: str) -> Any:
    return array.gradient(source), flow


def _write(array: Elements, index: torch.Tensor, value: Any, flow: torch.Tensor) -> Any:
    array.write(_scalar(index), value)
    return flow


def _check_dtype(array: Elements, dtype: str) -> None:
    if array.dtype is not as_dtype(dtype):
        raise ValueError(
            f"TensorArray dtype is {array.dtype.message_name} but Op requested dtype "
            f"{as_dtype(dtype).message_name}."
        )


def _read(array: Elements, index: torch.Tensor, flow: torch.Tensor, *, dtype: str) -> Any:
    _check_dtype(array, dtype)
    return array.read(_scalar(index))


def _gather(
    array: Elements, indices: torch.Tensor, flow: torch.Tensor, *, dtype: str, element_shape: Any
) -> Any:
    _check_dtype(array, dtype)
    if indices.dim() != 1:
        raise ValueError(f"Expected indices to be a vector, but received shape: {_bracketed(indices)}")
    _merge(array, element_shape)
    picked = [array.read(index) for index in indices.tolist()]
    if not picked:
        return _nothing(array, array.shape, "element shape", "packing")
    for index, value in enumerate(picked):
        if value.shape != picked[0].shape:
            raise ValueError(
                f"TensorArray has inconsistent shapes.  Index 0 has shape: {_bracketed(picked[0])} but index "
                f"{index} has shape: {_bracketed(value)}"
            )
    return torch.stack(together(picked)) if isinstance(picked[0], torch.Tensor) else np.stack(picked)


def _merge(array: Elements, element_shape: Any) -> None:
    try:
        array.shape = array.shape.merge_with(element_shape)
    except ValueError:
        raise ValueError(
            f"TensorArray was passed element_shape {TensorShape(element_shape).bracketed()} which does not "
            f"match the elements' shape: {array.shape.bracketed()}"
        ) from None


def _nothing(array: Elements, shape: TensorShape, what: str, doing: str) -> Any:
    if not shape.is_fully_defined():
        raise UnimplementedError(
            None,
            None,
            f"TensorArray has size zero, but {what} {shape.bracketed()} is not fully defined. Currently only "
            f"static shapes are supported when {doing} zero-size TensorArrays.",
        )
    return _zeros([0, *(shape.known or ())], array.dtype)


def _concat(array: Elements, flow: torch.Tensor, *, dtype: str, element_shape_except0: Any) -> Any:
    _check_dtype(array, dtype)
    parts = [array.read(index) for index in range(len(array))]
    rest = TensorShape(element_shape_except0)
    for index, value in enumerate(parts):
        if not value.shape:
            raise ValueError(
                f"Concat saw a scalar shape at index {index} but requires at least vectors.  Did you mean to "
                "call pack?"
            )
        if not rest.is_compatible_with(tuple(value.shape[1:])):
            raise ValueError(
                f"TensorArray was passed element_shape_except0 {rest.bracketed()} but index {index} has "
                f"(excepting dimension 0) shape: {TensorShape(tuple(value.shape[1:])).bracketed()} which "
                "does not match."
            )
        if value.shape[1:] != parts[0].shape[1:]:
            raise ValueError(
                "TensorArray has inconsistent shapes.  Index 0 has (excepting dimension 0) shape: "
                f"{TensorShape(tuple(parts[0].shape[1:])).bracketed()} but index {index} has (excepting "
                f"dimension 0) shape: {TensorShape(tuple(value.shape[1:])).bracketed()}"
            )
    lengths = torch.tensor([value.shape[0] for value in parts], dtype=torch.int64)
    if not parts:
        return _nothing(array, rest, "element_shape_except0", "concatenating"), lengths
    joined = torch.cat(together(parts)) if isinstance(parts[0], torch.Tensor) else np.concatenate(parts)
    return joined, lengths


def _scatter(array: Elements, indices: torch.Tensor, value: Any, flow: torch.Tensor) -> Any:
    if not value.shape:
        raise ValueError("Input value for unpack must be at least a vector but received shape: []")
    if indices.dim() != 1:
        raise ValueError(f"Expected indices to be a vector, but received shape: {_bracketed(indices)}")
    places = indices.tolist()
    if len(places) != value.shape[0]:
        raise ValueError(
            f"Expected len(indices) == values.shape[0], but saw: {len(places)} vs. {value.shape[0]}"
        )
    last = max(places, default=-1)
    if last >= len(array) and not array.dynamic:
        raise ValueError(f"Max scatter index must be < array size ({last} vs. {len(array)})")
    return _write_all(array, places, _unbound(value), flow)


def _unbound(value: Any) -> Iterable[Any]:
    return value.unbind(0) if isinstance(value, torch.Tensor) else [np.asarray(part) for part in value]


def _write_all(array: Elements, places: Iterable[int], values: Iterable[Any], flow: torch.Tensor) -> Any:
    for index, part in zip(places, values, strict=True):
        array.write(index, part)
    return flow


def _split(array: Elements, value: Any, lengths: torch.Tensor, flow: torch.Tensor) -> Any:
    if lengths.dim() != 1:
        raise ValueError(f"Expected lengths to be a vector, received shape: {_bracketed(lengths)}")
    if not value.shape:
        raise ValueError("Expected value to be at least a vector, but received shape: []")
    sizes = lengths.tolist()
    if sum(sizes) != value.shape[0] or min(sizes, default=0) < 0:
        raise ValueError(
            f"Expected sum of lengths to be equal to values.shape[0], but sum of lengths is {sum(sizes)} and "
            f"value's shape is: {_bracketed(value)}"
        )
    if len(sizes) != len(array):
        if not array.dynamic or len(sizes) < len(array):
            raise ValueError(
                f"TensorArray's size is not equal to the size of lengths ({len(array)} vs. {len(sizes)}), "
                "and the TensorArray is not marked as dynamically resizeable"
            )
        array.grow(len(sizes))
    parts = (
        value.split(sizes)
        if isinstance(value, torch.Tensor)
        else np.split(value, np.cumsum(sizes)[:-1].tolist())
    )
    return _write_all(array, range(len(sizes)), parts, flow)


def _close(array: Elements) -> tuple[()]:
    array.close()
    return ()


def _array_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    return [(resource, TensorShape([2])), (float32, TensorShape([]))]


def _flow_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    return [(float32, TensorShape([]))]


def _element_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    return [(as_dtype(attributes["dtype"]), TensorShape(None))]


def _concat_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    return [(as_dtype(attributes["dtype"]), TensorShape(None)), (int64, TensorShape([None]))]


def _size_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    return [(int32, TensorShape([]))]


def _size(array: Elements, flow: torch.Tensor) -> torch.Tensor:
    return torch.tensor(len(array), dtype=torch.int32)


def create(size: Tensor, name: str, **attributes: Any) -> tuple[Tensor, Tensor]:
    """The node that makes an array: its handle and its flow."""
    handle, flow = make("TensorArrayV3", [size], name, **attributes).outputs
    return handle, flow


registry.register("TensorArrayV3", _make, _array_rule, stateful=True)
registry.register("TensorArrayGradV3", _make_gradient, _array_rule)
registry.register("TensorArrayWriteV3", _write, _flow_rule)
registry.register("TensorArrayReadV3", _read, _element_rule)
registry.register("TensorArrayGatherV3", _gather, _element_rule)
registry.register("TensorArrayConcatV3", _concat, _concat_rule)
registry.register("TensorArrayScatterV3", _scatter, _flow_rule)
registry.register("TensorArraySplitV3", _split, _flow_rule)
registry.register("TensorArraySizeV3", _size, _size_rule, differentiable=False)
registry.register("TensorArrayCloseV3", _close, lambda inputs, attributes: [], differentiable=False)
