"""Batches of elements that are alike, by queues that threads fill (TF1 symbols: `tf.contrib.training.bucket`,
`tf.contrib.training.bucket_by_sequence_length`).

Each bucket is a queue of elements; one more queue holds the batches of them all, in the order in which they
became full.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from .control_flow import cond
from .data_flow import FIFOQueue, PaddingFIFOQueue
from .errors import CancelledError, OutOfRangeError
from .graph import name_scope
from .input_batches import _as_given, _as_list, _checked_keep, _sizes, _types
from .ops.control import group, no_op
from .ops.core import constant, convert_to_tensor
from .ops.math import cast, equal, less, less_equal, logical_and
from .ops.picking import where_v2
from .ops.reductions import reduce_min
from .queue_runner import QueueRunner, add_queue_runner
from .registry import constant_value
from .shapes import TensorShape
from .smart_cond import smart_cond
from .summary import scalar
from .tensor import Tensor


def _batch_sizes(batch_size: Any, num_buckets: int) -> list[Any]:
    """The size of each bucket's batches: numbers where the graph tells them."""
    several = isinstance(batch_size, (list, tuple))
    if several and len(batch_size) != num_buckets:
        raise ValueError(
            f"If batch_size is a list it must have num_buckets elements: {len(batch_size)} sizes for "
            f"{num_buckets} buckets."
        )
    sizes = []
    for size in batch_size if several else [batch_size] * num_buckets:
        tensor = convert_to_tensor(size, dtype="int32", name="batch_size")
        known = constant_value(tensor)
        sizes.append(tensor if known is None else int(known))
    return sizes


def bucket(
    tensors: Any,
    which_bucket: Any,
    batch_size: Any,
    num_buckets: int,
    num_threads: int = 1,
    capacity: int = 32,
    bucket_capacities: Sequence[int] | None = None,
    shapes: Any = None,
    dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False,
    keep_input: Any = True,
    shared_name: str | None = None,
    name: str | None = None,
) -> tuple[Tensor, Any]:
    """Batches each of whose elements are of one bucket (TF1 symbol: `tf.contrib.training.bucket`).

    Args:
        tensors: the tensors of an element, a list or a dict.
        which_bucket: the element's bucket, from 0 on.
        batch_size: how many elements a batch has; a list: of each bucket.
        num_buckets: how many buckets there are.
        num_threads: how many threads compute elements; with more than one the order may be any.
        capacity: of each bucket, and of the queue of batches.
        bucket_capacities: of each bucket, where they differ.
        shapes: of an element, where the tensors' static shapes do not tell them.
        dynamic_pad: whether elements may differ in size; smaller ones are padded within their batch.
        allow_smaller_final_batch: whether each bucket's last batch may be smaller, rather than be left out.
        keep_input: whether the element is put into a bucket.
        shared_name: of the queues.
        name: of the nodes' scope.

    Returns:
        The bucket of the batch, and the batch, a list or a dict as `tensors`.

    Raises:
        ValueError: no tensors, one whose shape is not known, or lists of another length than `num_buckets`.
        tf.errors.OutOfRangeError: in a run, when the input is over.
    """
    capacities = [capacity] * num_buckets if bucket_capacities is None else list(bucket_capacities)
    if len(capacities) != num_buckets:
        raise ValueError(
            f"The list bucket_capacities ({capacities}) must have exactly num_buckets ({num_buckets}) "
            "elements."
        )
    items = _as_list(tensors)
    if not items:
        raise ValueError("Expected at least one tensor in bucket().")
    with name_scope(name, "bucket", items):
        element = [convert_to_tensor(item) for item in items]
        keep = _checked_keep(keep_input, enqueue_many=False)
        sizes = _batch_sizes(batch_size, num_buckets)
        types = _types([element])
        rows = _sizes([element], shapes, enqueue_many=False)
        chosen = convert_to_tensor(which_bucket, dtype="int32", name="which_bucket")
        kind: Any = PaddingFIFOQueue if dynamic_pad else FIFOQueue
        buckets = [
            kind(
                capacities[index],
                types,
                shapes=rows,
                shared_name=None if shared_name is None else f"{shared_name}_{index}",
                name=f"bucket_queue_{index}",
            )
            for index in range(num_buckets)
        ]
        is_one_size = not (allow_smaller_final_batch or isinstance(batch_size, (list, tuple)))
        static = sizes[-1] if is_one_size and isinstance(sizes[-1], int) else None
        # A queue that pads, for batches of any length: one that does not needs shapes that are known.
        top = PaddingFIFOQueue(
            capacity,
            ["int32", *types],
            shapes=[TensorShape([]), *[TensorShape([static]).concatenate(row) for row in buckets[0].shapes]],
            shared_name=shared_name,
            name="top_queue",
        )

        def put() -> Any:
            puts = [
                cond(equal(chosen, index), partial(queue.enqueue, element), no_op)
                for index, queue in enumerate(buckets)
            ]
            return group(*puts, name="group_enqueues")

        kept = smart_cond(keep, put, no_op)
        fill = kept.op if isinstance(kept, Tensor) else kept
        batches = []
        for index, (queue, size) in enumerate(zip(buckets, sizes, strict=True)):
            take = queue.dequeue_up_to if allow_smaller_final_batch else queue.dequeue_many
            number = constant(index)
            taken = take(size, name=f"read_bucket_{index}")
            parts = list(taken) if isinstance(taken, (list, tuple)) else [taken]
            batches.append(top.enqueue([number, *parts], name=f"enqueue_from_bucket_{index}"))
        over = (OutOfRangeError, CancelledError)
        add_queue_runner(
            QueueRunner(
                buckets[0],
                batches,
                close_op=top.close(),
                cancel_op=top.close(cancel_pending_enqueues=True),
                queue_closed_exception_types=over,
            )
        )
        add_queue_runner(
            QueueRunner(
                top,
                [fill] * num_threads,
                close_op=group(*[queue.close() for queue in buckets]),
                cancel_op=group(*[queue.close(cancel_pending_enqueues=True) for queue in buckets]),
                queue_closed_exception_types=over,
            )
        )
        for queue in buckets:
            scalar(f"bucket/{queue.name}/size", cast(top.size(), "float32"))
        scalar(
            f"bucket/{top.name}/fraction_of_{capacity}_full", cast(top.size(), "float32") * (1.0 / capacity)
        )
        found = list(top.dequeue(name="dequeue_top"))
        rest: Any = found[1] if len(found) == 2 else found[1:]
        return found[0], _as_given(tensors, rest)


def _checked_boundaries(boundaries: Any) -> list[int]:
    if not isinstance(boundaries, (list, tuple)):
        raise TypeError(f"bucket_boundaries must be a list or tuple, but received: {boundaries}")
    if not boundaries:
        raise ValueError("bucket_boundaries must not be empty")
    for low, high in itertools.pairwise(boundaries):
        if not isinstance(low, int) or not isinstance(high, int):
            raise TypeError(f"bucket boundaries must be integers, but saw: {low} and {high}")
        if low >= high:
            raise ValueError(
                f"Buckets must contain sequential increasing lengths, but saw: {low} before {high}"
            )
    return list(boundaries)


def bucket_by_sequence_length(
    input_length: Any,
    tensors: Any,
    batch_size: Any,
    bucket_boundaries: Sequence[int],
    num_threads: int = 1,
    capacity: int = 32,
    bucket_capacities: Sequence[int] | None = None,
    shapes: Any = None,
    dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False,
    keep_input: Any = True,
    shared_name: str | None = None,
    name: str | None = None,
) -> tuple[Tensor, Any]:
    """Batches of elements of about the same length (TF1 symbol:
    `tf.contrib.training.bucket_by_sequence_length`).

    Args:
        input_length: the element's length, a scalar.
        tensors: the tensors of an element, a list or a dict.
        bucket_boundaries: the lengths at which a next bucket begins; there is one bucket more than these.

    The other arguments are those of `bucket`.

    Returns:
        The lengths of the batch's elements, and the batch.

    Raises:
        TypeError: `bucket_boundaries` are no list of integers.
        ValueError: they do not increase, or there are none; and where `bucket` raises.
    """
    items = _as_list(tensors)
    boundaries = _checked_boundaries(bucket_boundaries)
    with name_scope(name, "bucket_by_sequence_length", [input_length, *items]):
        length = convert_to_tensor(input_length, dtype="int32", name="input_length")
        limits = np.iinfo(np.int32)
        inside = logical_and(
            less_equal(np.array([limits.min, *boundaries], "int32"), length),
            less(length, np.array([*boundaries, limits.max], "int32")),
        )
        chosen = cast(reduce_min(where_v2(inside)), "int32")
        _, dequeued = bucket(
            [length, *items],
            chosen,
            batch_size,
            len(boundaries) + 1,
            num_threads,
            capacity,
            bucket_capacities,
            None if shapes is None else [TensorShape([]), *shapes],
            dynamic_pad,
            allow_smaller_final_batch,
            keep_input,
            shared_name,
        )
        return dequeued[0], _as_given(tensors, list(dequeued[1:]))
