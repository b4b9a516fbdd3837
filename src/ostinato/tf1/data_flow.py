"""Queues of a graph (TF1 symbols: `tf.FIFOQueue`, `tf.RandomShuffleQueue`, ..., module `tf.queue`)."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from typing import Any

from .dtypes import as_dtype, int32
from .graph import name_scope
from .ops import queues as _queues  # noqa: F401  # which puts the operations in the table
from .ops.core import convert_to_tensor, make, one
from .random_source import get_seed
from .shapes import TensorShape, as_shape
from .tensor import Operation, Tensor


def _types(dtypes: Any) -> list[Any]:
    found = list(dtypes) if isinstance(dtypes, (list, tuple)) else [dtypes]
    return [as_dtype(dtype).base_dtype for dtype in found]


def _shapes(shapes: Any, partial: bool = False) -> list[TensorShape] | None:
    def is_one(value: Any) -> bool:
        return all(size is None or isinstance(size, int) for size in value)

    if partial and (not isinstance(shapes, (list, tuple)) or not shapes or _has_size(shapes)):
        raise ValueError("When providing partial shapes, a list of shapes must be provided.")
    if shapes is None:
        return None
    if isinstance(shapes, TensorShape):
        shapes = [shapes]
    if not isinstance(shapes, (list, tuple)):
        raise TypeError("shapes must be a TensorShape or a list or tuple of TensorShapes.")
    if is_one(shapes):
        shapes = [shapes]
    found = [as_shape(shape) for shape in shapes]
    if not partial and any(not shape.is_fully_defined() for shape in found):
        raise ValueError(f"All shapes must be fully defined: {found}")
    if any(shape.ndims is None for shape in found):
        raise ValueError(f"All shapes must have a defined rank: {found}")
    return found


def _has_size(shapes: Sequence[Any]) -> bool:
    return any(shape is None or isinstance(shape, int) for shape in shapes)


def _names(names: Any, dtypes: Sequence[Any]) -> list[str] | None:
    if names is None:
        return None
    found = list(names) if isinstance(names, (list, tuple)) else [names]
    if len(found) != len(dtypes):
        raise ValueError("List of names must have the same length as the list of dtypes")
    return found


def _common(first: TensorShape, second: TensorShape) -> TensorShape:
    """What is known of both shapes."""
    if first.known is None or second.known is None or len(first.known) != len(second.known):
        return TensorShape(None)
    return TensorShape([a if a == b else None for a, b in zip(first.known, second.known, strict=True)])


class QueueBase:
    """What all queues share (TF1 symbol: `tf.QueueBase`).

    An element is a tuple of tensors, with or without names. A session has a queue's elements; threads of it
    wait where the queue is full or empty.
    """

    def __init__(
        self,
        dtypes: Sequence[Any],
        shapes: Sequence[Any] | None,
        names: Sequence[str] | None,
        queue_ref: Tensor,
    ) -> None:
        self._dtypes = list(dtypes)
        if shapes is not None and len(shapes) != len(dtypes):
            raise ValueError("Queue shapes must have the same length as dtypes")
        if names is not None and len(names) != len(dtypes):
            raise ValueError("Queue names must have the same length as dtypes")
        self._shapes = [TensorShape(None)] * len(dtypes) if shapes is None else [as_shape(s) for s in shapes]
        self._names = None if names is None else list(names)
        self._queue_ref = queue_ref
        self._name = queue_ref.op.name.rpartition("/")[2]

    @staticmethod
    def from_list(index: Any, queues: list[QueueBase]) -> QueueBase:
        """The queue at a place, which a run tells, of queues of the same types.

        Raises:
            TypeError: `queues` is no list of queues, or they differ in types or names.
        """
        if (
            not queues
            or not isinstance(queues, list)
            or not all(isinstance(queue, QueueBase) for queue in queues)
        ):
            raise TypeError("A list of queues expected")
        if any(queue.dtypes != queues[0].dtypes for queue in queues):
            raise TypeError("Queues do not have matching component dtypes.")
        if any(queue.names != queues[0].names for queue in queues):
            raise TypeError("Queues do not have matching component names.")
        shapes = [functools.reduce(_common, found) for found in zip(*[q.shapes for q in queues], strict=True)]
        inputs = [convert_to_tensor(index, int32), *[queue.queue_ref for queue in queues]]
        return QueueBase(queues[0].dtypes, shapes, queues[0].names, one("QueueSelect", inputs))

    @property
    def queue_ref(self) -> Tensor:
        """The handle, for operations on the queue."""
        return self._queue_ref

    @property
    def name(self) -> str:
        return self._queue_ref.op.name

    @property
    def dtypes(self) -> list[Any]:
        return self._dtypes

    @property
    def shapes(self) -> list[TensorShape]:
        return self._shapes

    @property
    def names(self) -> list[str] | None:
        return self._names

    def _values(self, vals: Any) -> list[Tensor]:
        if isinstance(vals, dict):
            if not self._names:
                raise ValueError("Queue must have names to enqueue a dictionary")
            if sorted(self._names) != sorted(vals, key=str):
                raise ValueError(
                    "Keys in dictionary to enqueue do not match names of Queue.  Dictionary: "
                    f"({sorted(vals, key=str)}), Queue: ({sorted(self._names)})"
                )
            vals = [vals[name] for name in self._names]
        elif self._names:
            raise ValueError("You must enqueue a dictionary in a Queue with names")
        elif not isinstance(vals, (list, tuple)):
            vals = [vals]
        if len(vals) != len(self._dtypes):
            raise ValueError(
                f"An element of the queue {self.name} has {len(self._dtypes)} components, but {len(vals)} "
                "were given to enqueue."
            )
        return [
            convert_to_tensor(value, dtype, name=f"component_{place}")
            for place, (value, dtype) in enumerate(zip(vals, self._dtypes, strict=True))
        ]

    @staticmethod
    def _given(vals: Any) -> list[Any]:
        if isinstance(vals, dict):
            return list(vals.values())
        return list(vals) if isinstance(vals, (list, tuple)) else [vals]

    def enqueue(self, vals: Any, name: str | None = None) -> Operation:
        """An operation that adds an element: a tensor, a list of them, or by names a dict.

        Raises:
            ValueError: a shape that is not the queue's, or other components than it has.
            tf.errors.CancelledError: in a run, where the queue is closed.
        """
        with name_scope(name, f"{self._name}_enqueue", self._given(vals)) as scope:
            values = self._values(vals)
            for value, shape in zip(values, self._shapes, strict=True):
                value.shape.assert_is_compatible_with(shape)
            return make("QueueEnqueueV2", [self._queue_ref, *values], scope)

    def enqueue_many(self, vals: Any, name: str | None = None) -> Operation:
        """An operation that adds the rows of tensors as elements."""
        with name_scope(name, f"{self._name}_EnqueueMany", self._given(vals)) as scope:
            values = self._values(vals)
            rows = values[0].shape.with_rank_at_least(1)[0]
            for value, shape in zip(values, self._shapes, strict=True):
                sizes = value.shape.with_rank_at_least(1)
                rows = rows.merge_with(sizes[0])
                sizes[1:].assert_is_compatible_with(shape)
            return make("QueueEnqueueManyV2", [self._queue_ref, *values], scope)

    def _dequeued(self, op_type: str, inputs: Sequence[Tensor], name: str, **attributes: Any) -> Any:
        operation = make(
            op_type,
            [self._queue_ref, *inputs],
            name,
            component_types=[dtype.name for dtype in self._dtypes],
            shapes=list(self._shapes),
            **attributes,
        )
        if self._names:
            return dict(zip(self._names, operation.outputs, strict=True))
        return operation.outputs[0] if len(operation.outputs) == 1 else list(operation.outputs)

    def dequeue(self, name: str | None = None) -> Any:
        """An element: a tensor, a list of them, or by names a dict.

        Raises:
            tf.errors.OutOfRangeError: in a run, where the queue is closed and empty.
        """
        return self._dequeued("QueueDequeueV2", [], name or f"{self._name}_Dequeue")

    def dequeue_many(self, n: Any, name: str | None = None) -> Any:
        """The next `n` elements, with an axis more.

        Raises:
            tf.errors.OutOfRangeError: in a run, where the queue is closed and has fewer.
        """
        with name_scope(name or f"{self._name}_DequeueMany") as scope:
            count = convert_to_tensor(n, int32, name="n")
            return self._dequeued("QueueDequeueManyV2", [count], scope)

    def dequeue_up_to(self, n: Any, name: str | None = None) -> Any:
        """The next `n` elements, or what is left where the queue is closed."""
        with name_scope(name or f"{self._name}_DequeueUpTo") as scope:
            count = convert_to_tensor(n, int32, name="n")
            return self._dequeued("QueueDequeueUpToV2", [count], scope, up_to=True)

    def close(self, cancel_pending_enqueues: bool = False, name: str | None = None) -> Operation:
        """An operation that lets nothing more be added; what waits to be added goes in, unless cancelled."""
        return make(
            "QueueCloseV2",
            [self._queue_ref],
            name or f"{self._name}_Close",
            cancel_pending_enqueues=bool(cancel_pending_enqueues),
        )

    def is_closed(self, name: str | None = None) -> Tensor:
        return one("QueueIsClosedV2", [self._queue_ref], name or f"{self._name}_Is_Closed")

    def size(self, name: str | None = None) -> Tensor:
        """How many elements there are."""
        return one("QueueSizeV2", [self._queue_ref], name or f"{self._name}_Size")


def _make(
    op_type: str, dtypes: Any, shapes: Any, capacity: int, shared_name: Any, name: str, **more: Any
) -> Tensor:
    return one(
        op_type,
        [],
        name,
        component_types=[dtype.name for dtype in dtypes],
        shapes=list(shapes or ()),
        capacity=int(capacity),
        shared_name=shared_name or "",
        **more,
    )


class FIFOQueue(QueueBase):
    """A queue that gives what was added first (TF1 symbol: `tf.FIFOQueue`).

    Args:
        capacity: how many elements fit; -1 is any number.
        dtypes: the type of each component.
        shapes: their shapes, which `dequeue_many` needs; None fits any.
        names: their names; elements are then dicts.
        shared_name: queues of one name are one, in a session.
        name: the node's.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     queue = tf.FIFOQueue(10, tf.int32, shapes=[[]])
    ...     session.run(queue.enqueue_many([[1, 2, 3]]))
    ...     session.run(queue.dequeue_many(2)).tolist()
    [1, 2]
    """

    def __init__(
        self,
        capacity: int,
        dtypes: Any,
        shapes: Any = None,
        names: Any = None,
        shared_name: str | None = None,
        name: str = "fifo_queue",
    ) -> None:
        types, sizes = _types(dtypes), _shapes(shapes)
        reference = _make("FIFOQueueV2", types, sizes, capacity, shared_name, name)
        super().__init__(types, sizes, _names(names, types), reference)


class PaddingFIFOQueue(QueueBase):
    """A queue whose elements may differ in size: a batch of them is padded with zeros or empty strings (TF1
    symbol: `tf.PaddingFIFOQueue`).
    """

    def __init__(
        self,
        capacity: int,
        dtypes: Any,
        shapes: Any,
        names: Any = None,
        shared_name: str | None = None,
        name: str = "padding_fifo_queue",
    ) -> None:
        types, sizes = _types(dtypes), _shapes(shapes, partial=True) or []
        if len(types) != len(sizes):
            raise ValueError(
                f"Shapes must be provided for all components, but received {len(types)} dtypes and "
                f"{len(sizes)} shapes."
            )
        reference = _make("PaddingFIFOQueueV2", types, sizes, capacity, shared_name, name)
        super().__init__(types, sizes, _names(names, types), reference)


class RandomShuffleQueue(QueueBase):
    """A queue that gives any of its elements (TF1 symbol: `tf.RandomShuffleQueue`).

    Args:
        min_after_dequeue: how many stay, so that there is something to choose from, until it is closed.
        seed: of the choice.
    """

    def __init__(
        self,
        capacity: int,
        min_after_dequeue: int,
        dtypes: Any,
        shapes: Any = None,
        names: Any = None,
        seed: int | None = None,
        shared_name: str | None = None,
        name: str = "random_shuffle_queue",
    ) -> None:
        types, sizes = _types(dtypes), _shapes(shapes)
        seed1, seed2 = get_seed(seed)
        if seed is None and seed1 is not None and shared_name is not None:
            digest = hashlib.md5((str(seed1) + shared_name).encode()).hexdigest()
            seed2 = int(digest[:8], 16) & 0x7FFFFFFF
        reference = _make(
            "RandomShuffleQueueV2",
            types,
            sizes,
            capacity,
            shared_name,
            name,
            min_after_dequeue=int(min_after_dequeue),
            seed=seed1 or 0,
            seed2=seed2 or 0,
        )
        super().__init__(types, sizes, _names(names, types), reference)


class PriorityQueue(QueueBase):
    """A queue that gives the element of the smallest priority; an int64 before the components is that (TF1
    symbol: `tf.PriorityQueue`).
    """

    def __init__(
        self,
        capacity: int,
        types: Any,
        shapes: Any = None,
        names: Any = None,
        shared_name: str | None = None,
        name: str = "priority_queue",
    ) -> None:
        found, sizes = _types(types), _shapes(shapes)
        reference = _make("PriorityQueueV2", found, sizes, capacity, shared_name, name)
        whole = None if sizes is None else [TensorShape([]), *sizes]
        kinds = [as_dtype("int64"), *found]
        super().__init__(kinds, whole, _names(names, kinds), reference)


__all__ = ["FIFOQueue", "PaddingFIFOQueue", "PriorityQueue", "QueueBase", "RandomShuffleQueue"]
