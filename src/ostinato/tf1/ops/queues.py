"""Operations on queues, which a session holds (TF1 symbols: the queues' in `gen_data_flow_ops`)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from .. import errors
from ..dtypes import as_dtype, bool_, int32, resource
from ..philox import Philox
from ..queue_state import PaddingState, PriorityState, QueueState, RandomShuffleState
from ..random_source import source_of
from ..registry import OutputTypes, ShapeMismatch, constant_value, register
from ..shapes import TensorShape
from ..tensor import Operation, Tensor

_KINDS: dict[str, type[QueueState]] = {
    "FIFOQueueV2": QueueState,
    "PaddingFIFOQueueV2": PaddingState,
    "PriorityQueueV2": PriorityState,
    "RandomShuffleQueueV2": RandomShuffleState,
}


def _place(operation: Operation) -> str:
    return f"\n\t [[node {operation.name} ({operation.type})]]"


def _at(operation: Operation, problem: Any) -> Exception:
    """The problem of a queue as one of the operation on it."""
    return type(problem)(None, operation, f"{problem.message}{_place(operation)}")


def _handle(run: Any, operation: Operation) -> QueueState:
    attributes = operation.attributes
    shared = attributes["shared_name"]
    kind = _KINDS[operation.type]

    def make() -> QueueState:
        number = run.resources.get("number of queues", lambda: [0])
        name = shared or f"_{number[0]}_{operation.name}"
        number[0] += 0 if shared else 1
        options: dict[str, Any] = {}
        if kind is RandomShuffleState:
            source: Philox = source_of(attributes)
            options = {"min_after_dequeue": attributes["min_after_dequeue"], "source": source}
        dtypes, shapes = attributes["component_types"], attributes["shapes"]
        if kind is PriorityState:
            dtypes, shapes = ["int64", *dtypes], [TensorShape([]), *shapes]
        if not shapes:
            shapes = [TensorShape(None)] * len(dtypes)
        return kind(name, attributes["capacity"], dtypes, shapes, **options)

    held: QueueState = run.resources.get(("queue", shared or operation), make)
    _check_shared(held, kind, operation)
    return held


def _check_shared(held: QueueState, kind: type[QueueState], operation: Operation) -> None:
    attributes, name = operation.attributes, held.name
    dtypes = attributes["component_types"]
    if kind is PriorityState:
        dtypes = ["int64", *dtypes]
    if type(held) is not kind:
        raise errors.InvalidArgumentError(
            None,
            operation,
            f"Shared queue '{name}' is of type {held.kind}; this one is {kind.kind}.{_place(operation)}",
        )
    if list(dtypes) != held.dtypes:
        found, wanted = (
            ", ".join(as_dtype(item).message_name for item in items) for items in (held.dtypes, dtypes)
        )
        raise errors.InvalidArgumentError(
            None,
            operation,
            f"Shared queue '{name}' has component types {found} but requested component types were {wanted}"
            f"{_place(operation)}",
        )


def _deadline(run: Any) -> float | None:
    limit = getattr(run, "timeout_in_ms", 0)
    return time.monotonic() + limit / 1000 if limit else None


def _own(operation: Operation, values: Sequence[Any]) -> tuple[Any, ...]:
    """Values that nothing alters while they are in the queue."""
    kept = []
    for tensor, value in zip(operation.inputs[1:], values, strict=True):
        if isinstance(value, torch.Tensor):
            value = value.detach()
            if tensor.op.type in ("VariableV2", "Identity"):
                value = value.clone()  # an optimiser may alter a variable in place
        kept.append(value)
    return tuple(kept)


def _enqueue(run: Any, operation: Operation, queue: QueueState, *values: Any) -> tuple[()]:
    try:
        element = _own(operation, values)
        queue.check(element, False)
        queue.add([element], _deadline(run))
    except errors.OpError as problem:
        raise _at(operation, problem) from None
    return ()


def _enqueue_many(run: Any, operation: Operation, queue: QueueState, *values: Any) -> tuple[()]:
    try:
        whole = _own(operation, values)
        queue.check(whole, True)
        rows = [_rows(value) for value in whole]
        queue.add(list(zip(*rows, strict=True)), _deadline(run))
    except errors.OpError as problem:
        raise _at(operation, problem) from None
    return ()


def _rows(value: Any) -> Sequence[Any]:
    if isinstance(value, torch.Tensor):
        return value.unbind(0)
    return list(value) if value.ndim > 1 else [_text(row) for row in value]


def _text(value: bytes) -> np.ndarray:
    array = np.empty((), dtype=object)
    array[()] = value
    return array


def _dequeue(run: Any, operation: Operation, queue: QueueState) -> Sequence[Any]:
    try:
        return queue.take(1, False, _deadline(run))[0]
    except errors.OpError as problem:
        raise _at(operation, problem) from None


def _many(
    run: Any, operation: Operation, queue: QueueState, count: torch.Tensor, up_to: bool
) -> Sequence[Any]:
    wanted = int(count)
    try:
        if wanted < 0:
            raise errors.InvalidArgumentError(None, None, f"DequeueManyOp requested {wanted} < 0 elements")
        padded = isinstance(queue, PaddingState)
        if not padded and any(not shape.is_fully_defined() for shape in queue.shapes):
            raise errors.InvalidArgumentError(
                None,
                None,
                f"{queue.kind}'s DequeueMany and DequeueUpTo require the components to have specified "
                "shapes.",
            )
        return queue.batch(queue.take(wanted, up_to, _deadline(run)))
    except errors.OpError as problem:
        raise _at(operation, problem) from None


def _dequeue_many(run: Any, operation: Operation, queue: QueueState, count: torch.Tensor) -> Sequence[Any]:
    return _many(run, operation, queue, count, False)


def _dequeue_up_to(run: Any, operation: Operation, queue: QueueState, count: torch.Tensor) -> Sequence[Any]:
    return _many(run, operation, queue, count, True)


def _close(run: Any, operation: Operation, queue: QueueState) -> tuple[()]:
    try:
        queue.close_queue(operation.attributes["cancel_pending_enqueues"])
    except errors.OpError as problem:
        raise _at(operation, problem) from None
    return ()


def _select(run: Any, operation: Operation, index: torch.Tensor, *queues: QueueState) -> QueueState:
    place = int(index)
    if not 0 <= place < len(queues):
        raise ValueError(f"indices = {place} is not in [0, {len(queues)})")
    return queues[place]


def _a_handle(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    return [(resource, TensorShape([]))]


def _components(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    return [
        (as_dtype(dtype), shape)
        for dtype, shape in zip(attributes["component_types"], attributes["shapes"], strict=True)
    ]


def _batches(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    count = constant_value(inputs[1])
    if count is not None and int(count) < 0:
        raise ShapeMismatch(f"Input 'n' must be >= 0, but is {int(count)}")
    rows = None if count is None or attributes.get("up_to") else int(count)
    return [
        (as_dtype(dtype), TensorShape([rows]).concatenate(shape))
        for dtype, shape in zip(attributes["component_types"], attributes["shapes"], strict=True)
    ]


_STATEFUL: dict[str, Any] = {"stateful": True, "differentiable": False}
for _type in _KINDS:
    register(_type, _handle, _a_handle, **_STATEFUL)
register("QueueEnqueueV2", _enqueue, lambda inputs, attributes: [], **_STATEFUL)
register("QueueEnqueueManyV2", _enqueue_many, lambda inputs, attributes: [], **_STATEFUL)
register("QueueDequeueV2", _dequeue, _components, **_STATEFUL)
register("QueueDequeueManyV2", _dequeue_many, _batches, **_STATEFUL)
register("QueueDequeueUpToV2", _dequeue_up_to, _batches, **_STATEFUL)
register("QueueCloseV2", _close, lambda inputs, attributes: [], **_STATEFUL)
register(
    "QueueSizeV2",
    lambda run, operation, queue: torch.tensor(queue.size(), dtype=torch.int32),
    lambda inputs, attributes: [(int32, TensorShape([]))],
    **_STATEFUL,
)
register(
    "QueueIsClosedV2",
    lambda run, operation, queue: torch.tensor(queue.is_closed),
    lambda inputs, attributes: [(bool_, TensorShape([]))],
    **_STATEFUL,
)
register("QueueSelect", _select, _a_handle, **_STATEFUL)
