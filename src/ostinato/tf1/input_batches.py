"""Batches of elements that threads compute and put into queues (TF1 symbols: `tf.train.batch`,
`tf.train.shuffle_batch`, ...).

Tensors come as a list or, by names, as a dict; batches have the same form.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .arguments import handed_on
from .data_flow import FIFOQueue, PaddingFIFOQueue, QueueBase, RandomShuffleQueue
from .graph import name_scope
from .ops.control import no_op
from .ops.core import convert_to_tensor
from .ops.gathering import dynamic_partition
from .ops.math import cast, maximum
from .queue_runner import QueueRunner, add_queue_runner
from .shapes import TensorShape
from .smart_cond import smart_cond
from .summary import scalar
from .tensor import Tensor


def _as_list(tensors: Any) -> list[Any]:
    return [tensors[key] for key in sorted(tensors, key=str)] if isinstance(tensors, dict) else list(tensors)


def _as_lists(tensors_list: Any) -> list[list[Any]]:
    if not tensors_list:
        raise ValueError("Expected at least one set of tensors")
    first = tensors_list[0]
    if isinstance(first, dict) and any(set(other) != set(first) for other in tensors_list[1:]):
        raise ValueError("All dictionaries in tensors_list must have the same keys")
    return [_as_list(tensors) for tensors in tensors_list]


def _as_given(given: Any, dequeued: Any) -> Any:
    if not isinstance(given, dict):
        return dequeued
    found = [dequeued] if len(given) == 1 else dequeued
    return dict(zip(sorted(given, key=str), found, strict=True))


def _checked_keep(keep_input: Any, enqueue_many: bool) -> Tensor:
    keep = convert_to_tensor(keep_input)
    if keep.shape.ndims is None:
        raise ValueError("`keep_input` dimensions must be known at graph construction.")
    if not enqueue_many and keep.shape.ndims == 1:
        raise ValueError("`keep_input` cannot be a vector when `enqueue_many=False`.")
    if keep.shape.ndims > 1:
        raise ValueError("`keep_input` must be 0 or 1 dimensions.")
    return keep


def _types(lists: Sequence[Sequence[Tensor]]) -> list[Any]:
    first = [tensor.dtype.base_dtype for tensor in lists[0]]
    for other in lists[1:]:
        if len(other) != len(first):
            raise TypeError(f"Expected lists of the same length: {len(first)} and {len(other)} tensors.")
        types = [tensor.dtype.base_dtype for tensor in other]
        if types != first:
            raise TypeError(f"Expected types to be consistent: {first} vs. {types}.")
    return first


def _sizes(lists: Sequence[Sequence[Tensor]], shapes: Any, enqueue_many: bool) -> Any:
    if shapes is not None:
        return shapes
    for tensors in lists:
        for tensor in tensors:
            if tensor.shape.ndims is None:
                raise ValueError(f"Cannot infer Tensor's rank: {tensor}")
    found = []
    for tensors in zip(*lists, strict=True):
        rows = [t.shape.with_rank_at_least(1)[1:] if enqueue_many else t.shape for t in tensors]
        merged: TensorShape = rows[0]
        for row in rows[1:]:
            merged = merged.merge_with(row)
        found.append(merged)
    return found


def _filled(
    queue: QueueBase, lists: Sequence[Sequence[Tensor]], threads: int, enqueue_many: bool, keep: Tensor
) -> None:
    add = queue.enqueue_many if enqueue_many else queue.enqueue
    operations = []
    for tensors in lists:
        if keep.shape.ndims == 1:
            chosen = cast(keep, "int32")
            operations.append(add([dynamic_partition(tensor, chosen, 2)[1] for tensor in tensors]))
        else:
            operations.append(_where_kept(keep, add, tensors))
    add_queue_runner(QueueRunner(queue, operations * threads))


def _where_kept(keep: Tensor, add: Callable[[Any], Any], tensors: Sequence[Tensor]) -> Any:
    made = smart_cond(keep, lambda: add(list(tensors)), no_op)
    return made.op if isinstance(made, Tensor) else made


def _batched(
    default_name: str,
    given: Any,
    lists: list[list[Any]],
    batch_size: Any,
    keep_input: Any,
    enqueue_many: bool,
    allow_smaller_final_batch: bool,
    name: str | None,
    shapes: Any,
    make_queue: Callable[[Any, Any], QueueBase],
    fullness: Callable[[QueueBase], tuple[str, Any]],
    threads: int = 1,
) -> Any:
    with name_scope(name, default_name, [item for items in lists for item in items]) as scope:
        tensors = [[convert_to_tensor(item) for item in items] for items in lists]
        if not tensors or not tensors[0]:
            raise ValueError("Expected at least one tensor in batch().")
        keep = _checked_keep(keep_input, enqueue_many)
        queue = make_queue(_types(tensors), _sizes(tensors, shapes, enqueue_many))
        _filled(queue, tensors, threads, enqueue_many, keep)
        scalar(*fullness(queue))
        take = queue.dequeue_up_to if allow_smaller_final_batch else queue.dequeue_many
        return _as_given(given, take(batch_size, name=scope))


def _in_order(capacity: int, dynamic_pad: bool, shared_name: str | None) -> dict[str, Any]:
    kind: Any = PaddingFIFOQueue if dynamic_pad else FIFOQueue
    return {
        "make_queue": lambda types, shapes: kind(capacity, types, shapes=shapes, shared_name=shared_name),
        "fullness": lambda queue: (
            f"fraction_of_{capacity}_full",
            cast(queue.size(), "float32") * (1.0 / capacity),
        ),
    }


def _shuffled(capacity: int, least: int, seed: int | None, shared_name: str | None) -> dict[str, Any]:
    if capacity <= least:
        raise ValueError(f"capacity {capacity} must be bigger than min_after_dequeue {least}.")
    return {
        "make_queue": lambda types, shapes: RandomShuffleQueue(
            capacity, least, types, shapes=shapes, seed=seed, shared_name=shared_name
        ),
        "fullness": lambda queue: (
            f"fraction_over_{least}_of_{capacity - least}_full",
            cast(maximum(0, queue.size() - least), "float32") * (1.0 / (capacity - least)),
        ),
    }


def maybe_batch(
    tensors: Any,
    keep_input: Any,
    batch_size: Any,
    num_threads: int = 1,
    capacity: int = 32,
    enqueue_many: bool = False,
    shapes: Any = None,
    dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """As `batch`, of those elements alone of which `keep_input` is true (TF1 symbol: `tf.train.maybe_batch`).

    Raises:
        ValueError: `keep_input` is neither a scalar nor, with `enqueue_many`, a vector.
    """
    return _batched(
        "batch",
        tensors,
        [_as_list(tensors)],
        batch_size,
        keep_input,
        enqueue_many,
        allow_smaller_final_batch,
        name,
        shapes,
        threads=num_threads,
        **_in_order(capacity, dynamic_pad, shared_name),
    )


def batch(
    tensors: Any,
    batch_size: Any,
    num_threads: int = 1,
    capacity: int = 32,
    enqueue_many: bool = False,
    shapes: Any = None,
    dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """Batches of elements, which threads compute meanwhile (TF1 symbol: `tf.train.batch`).

    Args:
        tensors: the tensors of an element.
        batch_size: how many elements a batch has.
        num_threads: how many threads compute them; with more than one the order may be any.
        capacity: of the queue.
        enqueue_many: whether the tensors' rows are the elements.
        shapes: of an element, where the tensors' static shapes do not tell them.
        dynamic_pad: whether elements may differ in size; smaller ones are padded.
        allow_smaller_final_batch: whether the last batch may be smaller, rather than be left out.
        shared_name: of the queue.
        name: of the nodes' scope.

    Raises:
        ValueError: no tensors, or one whose shape is not known.
        tf.errors.OutOfRangeError: in a run, when the input is over.
    """
    return maybe_batch(**handed_on(locals()), keep_input=True)


def maybe_batch_join(
    tensors_list: Any,
    keep_input: Any,
    batch_size: Any,
    capacity: int = 32,
    enqueue_many: bool = False,
    shapes: Any = None,
    dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """As `batch_join`, of those elements alone of which `keep_input` is true (TF1 symbol:
    `tf.train.maybe_batch_join`).
    """
    return _batched(
        "batch_join",
        tensors_list[0] if tensors_list else None,
        _as_lists(tensors_list),
        batch_size,
        keep_input,
        enqueue_many,
        allow_smaller_final_batch,
        name,
        shapes,
        **_in_order(capacity, dynamic_pad, shared_name),
    )


def batch_join(
    tensors_list: Any,
    batch_size: Any,
    capacity: int = 32,
    enqueue_many: bool = False,
    shapes: Any = None,
    dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """Batches of elements of several sources, a thread for each (TF1 symbol: `tf.train.batch_join`)."""
    return maybe_batch_join(**handed_on(locals()), keep_input=True)


def maybe_shuffle_batch(
    tensors: Any,
    batch_size: Any,
    capacity: int,
    min_after_dequeue: int,
    keep_input: Any,
    num_threads: int = 1,
    seed: int | None = None,
    enqueue_many: bool = False,
    shapes: Any = None,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """As `shuffle_batch`, of those elements alone of which `keep_input` is true (TF1 symbol:
    `tf.train.maybe_shuffle_batch`).
    """
    return _batched(
        "shuffle_batch",
        tensors,
        [_as_list(tensors)],
        batch_size,
        keep_input,
        enqueue_many,
        allow_smaller_final_batch,
        name,
        shapes,
        threads=num_threads,
        **_shuffled(capacity, min_after_dequeue, seed, shared_name),
    )


def shuffle_batch(
    tensors: Any,
    batch_size: Any,
    capacity: int,
    min_after_dequeue: int,
    num_threads: int = 1,
    seed: int | None = None,
    enqueue_many: bool = False,
    shapes: Any = None,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """Batches of elements in random order (TF1 symbol: `tf.train.shuffle_batch`).

    Args:
        min_after_dequeue: of how many elements at least, beside those of the batch, it is chosen.
        seed: of the choice.

    The other arguments are those of `batch`.
    """
    return maybe_shuffle_batch(**handed_on(locals()), keep_input=True)


def maybe_shuffle_batch_join(
    tensors_list: Any,
    batch_size: Any,
    capacity: int,
    min_after_dequeue: int,
    keep_input: Any,
    seed: int | None = None,
    enqueue_many: bool = False,
    shapes: Any = None,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """As `shuffle_batch_join`, of those elements alone of which `keep_input` is true (TF1 symbol:
    `tf.train.maybe_shuffle_batch_join`).
    """
    return _batched(
        "shuffle_batch_join",
        tensors_list[0] if tensors_list else None,
        _as_lists(tensors_list),
        batch_size,
        keep_input,
        enqueue_many,
        allow_smaller_final_batch,
        name,
        shapes,
        **_shuffled(capacity, min_after_dequeue, seed, shared_name),
    )


def shuffle_batch_join(
    tensors_list: Any,
    batch_size: Any,
    capacity: int,
    min_after_dequeue: int,
    seed: int | None = None,
    enqueue_many: bool = False,
    shapes: Any = None,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """Batches in random order of elements of several sources, a thread for each (TF1 symbol:
    `tf.train.shuffle_batch_join`).
    """
    return maybe_shuffle_batch_join(**handed_on(locals()), keep_input=True)
