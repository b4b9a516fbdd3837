"""Arrays of tensors that loops write and read (TF1 symbol: `tf.TensorArray`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .dtypes import DType, as_dtype, int32, int64
from .graph import control_dependencies, name_scope
from .ops import tensor_array as nodes
from .ops.array import identity, shape
from .ops.core import convert_to_tensor, make, one
from .ops.math import cast, range_
from .registry import constant_value
from .shapes import TensorShape, as_shape
from .tensor import Operation, Tensor


class TensorArray:
    """An array of tensors, each written once and, by default, read once (TF1 symbol: `tf.TensorArray`).

    What writes gives a new TensorArray, which is the one to go on with: a loop variable of `tf.while_loop`
    may be one. Gradients go through it.

    Args:
        dtype: of the elements.
        size: a scalar: how many elements.
        dynamic_size: whether writing past the end makes it larger.
        clear_after_read: let go of an element once it is read; it then cannot be read again.
        tensor_array_name: a name for messages.
        handle, flow: of a TensorArray that is there already, in place of a size.
        infer_shape: all elements have one shape; a static shape that does not fit is refused at once.
        element_shape: what is known of it.
        colocate_with_first_write_call: kept for scripts; there is one place.

    Raises:
        ValueError: neither `size` nor `handle`, or both, or options that belong to the other.
        TypeError: `handle` is no tensor.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     array = tf.TensorArray(tf.float32, size=3)
    ...     _, array = tf.while_loop(
    ...         lambda i, a: i < 3, lambda i, a: (i + 1, a.write(i, tf.to_float(i * i))), [0, array]
    ...     )
    ...     session.run(array.stack()).tolist()
    [0.0, 1.0, 4.0]
    """

    def __init__(
        self,
        dtype: Any,
        size: Any = None,
        dynamic_size: bool | None = None,
        clear_after_read: bool | None = None,
        tensor_array_name: str | None = None,
        handle: Tensor | None = None,
        flow: Tensor | None = None,
        infer_shape: bool = True,
        element_shape: Any = None,
        colocate_with_first_write_call: bool = True,
        name: str | None = None,
    ) -> None:
        if handle is not None:
            if tensor_array_name:
                raise ValueError("Cannot construct with both handle and tensor_array_name")
            if not isinstance(handle, Tensor):
                raise TypeError("Handle must be a Tensor")
            others = {
                "size": size,
                "element_shape": element_shape,
                "dynamic_size": dynamic_size,
                "clear_after_read": clear_after_read,
            }
            for option, value in others.items():
                if value is not None:
                    raise ValueError(f"Cannot provide both a handle and {option} at the same time")
            if flow is None:
                raise ValueError("flow must not be None if handle is not None.")
        elif size is None:
            raise ValueError("Size must be provided if handle is not provided")
        self._dtype = as_dtype(dtype).base_dtype
        self._infer_shape = infer_shape
        # What is known of the elements' shape is shared with the arrays that writes give.
        self._element_shape = [as_shape(element_shape)]
        with name_scope(name, "TensorArray") as scope:
            if handle is not None and flow is not None:
                self._handle, self._flow = handle, flow
                return
            self._handle, self._flow = nodes.create(
                convert_to_tensor(size, int32, name="size"),
                scope,
                dtype=self._dtype.name,
                element_shape=self.element_shape.known,
                identical_element_shapes=bool(infer_shape),
                dynamic_size=bool(dynamic_size),
                clear_after_read=clear_after_read is not False,
                tensor_array_name=tensor_array_name or "",
            )

    @property
    def dtype(self) -> DType:
        return self._dtype

    @property
    def handle(self) -> Tensor:
        return self._handle

    @property
    def flow(self) -> Tensor:
        return self._flow

    @property
    def element_shape(self) -> TensorShape:
        return self._element_shape[0]

    def with_flow(self, flow: Tensor) -> TensorArray:
        """The same array after what gives `flow`."""
        array = TensorArray(self._dtype, handle=self._handle, flow=flow, infer_shape=self._infer_shape)
        array._element_shape = self._element_shape
        return array

    def mark_used(self) -> None:
        """Nothing to do: TensorFlow warns of an array that a write gave and nobody uses, unless this is
        called.
        """

    def _check_element_shape(self, sizes: TensorShape) -> None:
        if not sizes.is_compatible_with(self.element_shape):
            raise ValueError(f"Inconsistent shapes: saw {sizes} but expected {self.element_shape} ")
        if self._infer_shape:
            self._element_shape[0] = self.element_shape.merge_with(sizes)

    def identity(self) -> TensorArray:
        return self.with_flow(identity(self._flow))

    def grad(self, source: str, flow: Tensor | None = None, name: str | None = None) -> TensorArray:
        """The array, of the same size, in which gradients of this one are added up: what is written twice to
        an index is summed. `tf.gradients` needs none.
        """
        before = self._flow if flow is None else flow
        with name_scope(name, "TensorArrayGrad"):
            handle, _ = make(
                "TensorArrayGradV3", [self._handle, before], name or "TensorArrayGradV3", source=source
            ).outputs
            with control_dependencies([handle]):
                gradient_flow = identity(before, name="gradient_flow")
            array = TensorArray(self._dtype, handle=handle, flow=gradient_flow, infer_shape=self._infer_shape)
            array._element_shape = self._element_shape
            return array

    def read(self, index: Any, name: str | None = None) -> Tensor:
        """The element at `index`."""
        with name_scope(name, "TensorArrayReadV3") as scope:
            inputs = [self._handle, convert_to_tensor(index, int32, name="index"), self._flow]
            value = one("TensorArrayReadV3", inputs, scope, dtype=self._dtype.name)
        value.set_shape(self.element_shape)
        return value

    def write(self, index: Any, value: Any, name: str | None = None) -> TensorArray:
        """The array with `value` at `index`.

        Raises:
            ValueError: its shape is not that of the other elements.
        """
        with name_scope(name, "TensorArrayWrite"):
            element = convert_to_tensor(value, preferred_dtype=self._dtype, name="value")
            self._check_element_shape(element.shape)
            with name_scope(name, "TensorArrayWriteV3") as scope:
                place = convert_to_tensor(index, int32, name="index")
                inputs = [self._handle, place, element, self._flow]
                return self.with_flow(one("TensorArrayWriteV3", inputs, scope))

    def stack(self, name: str | None = None) -> Tensor:
        """All elements along a new first axis."""
        with name_scope(name, "TensorArrayStack"):
            return self.gather(range_(0, self.size()), name=name)

    def gather(self, indices: Any, name: str | None = None) -> Tensor:
        """The elements at `indices` along a new first axis."""
        with name_scope(name, "TensorArrayGatherV3") as scope:
            value = one(
                "TensorArrayGatherV3",
                [self._handle, convert_to_tensor(indices, int32, name="indices"), self._flow],
                scope,
                dtype=self._dtype.name,
                element_shape=self.element_shape.known,
            )
        if self.element_shape.known is not None:
            value.set_shape([None, *self.element_shape.known])
        return value

    def concat(self, name: str | None = None) -> Tensor:
        """The elements one behind the other along their first axis, in which they may differ."""
        rest = self.element_shape[1:]
        value = make(
            "TensorArrayConcatV3",
            [self._handle, self._flow],
            name or "TensorArrayConcatV3",
            dtype=self._dtype.name,
            element_shape_except0=rest.known,
        ).outputs[0]
        if rest.known is not None:
            value.set_shape([None, *rest.known])
        return value

    def unstack(self, value: Any, name: str | None = None) -> TensorArray:
        """The array with the slices of `value` along its first axis as its elements."""
        with name_scope(name, "TensorArrayUnstack"):
            value = convert_to_tensor(value, preferred_dtype=self._dtype)
            return self.scatter(range_(0, shape(value)[0]), value, name=name)

    pack, unpack = stack, unstack  # what they were called before version 1

    def scatter(self, indices: Any, value: Any, name: str | None = None) -> TensorArray:
        """The array with the slices of `value` along its first axis at `indices`."""
        with name_scope(name, "TensorArrayScatter"):
            whole = convert_to_tensor(value, preferred_dtype=self._dtype, name="value")
            self._check_element_shape(whole.shape[1:])
            with name_scope(name, "TensorArrayScatterV3") as scope:
                places = convert_to_tensor(indices, int32, name="indices")
                inputs = [self._handle, places, whole, self._flow]
                return self.with_flow(one("TensorArrayScatterV3", inputs, scope))

    def split(self, value: Any, lengths: Any, name: str | None = None) -> TensorArray:
        """The array with parts of `value`, of the given lengths along its first axis, as its elements."""
        with name_scope(name, "TensorArraySplit"):
            whole = convert_to_tensor(value, self._dtype, name="value")
            sizes = cast(lengths, int64)
            known = constant_value(sizes)
            if whole.shape.known is not None and known is not None and np.unique(known).size == 1:
                same = TensorShape([int(known.reshape(-1)[0])])
                self._check_element_shape(same.concatenate(whole.shape[1:]))
            inputs = [self._handle, whole, sizes, self._flow]
            return self.with_flow(one("TensorArraySplitV3", inputs, name or "TensorArraySplitV3"))

    def size(self, name: str | None = None) -> Tensor:
        """How many elements there are."""
        return one("TensorArraySizeV3", [self._handle, self._flow], name or "TensorArraySizeV3")

    def close(self, name: str | None = None) -> Operation:
        """An operation that lets go of all elements."""
        return make("TensorArrayCloseV3", [self._handle], name or "TensorArrayCloseV3")


def flow_of(leaf: Any) -> Any:
    """What stands for a TensorArray among tensors, its flow; anything else as it is."""
    return leaf.flow if isinstance(leaf, TensorArray) else leaf


def with_flows(likes: Sequence[Any], tensors: Sequence[Any]) -> list[Any]:
    """The tensors, as TensorArrays where they are the flows of some."""
    return [
        like.with_flow(tensor) if isinstance(like, TensorArray) else tensor
        for like, tensor in zip(likes, tensors, strict=True)
    ]
