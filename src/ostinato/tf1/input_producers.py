"""Queues of files, of numbers and of slices, that threads fill epoch after epoch (TF1 symbols:
`tf.train.string_input_producer`, ...).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .data_flow import FIFOQueue
from .dtypes import int64
from .graph import GraphKeys, control_dependencies, name_scope
from .ops.array import identity, shape, size
from .ops.asserting import assert_
from .ops.core import constant, convert_to_tensor
from .ops.math import cast, greater, range_
from .ops.picking import gather
from .ops.random import random_shuffle
from .queue_runner import QueueRunner, add_queue_runner
from .summary import scalar
from .tensor import Tensor
from .variables import Variable


def match_filenames_once(pattern: Any, name: str | None = None) -> Variable:
    """A local variable that keeps the names of the files that match a pattern (TF1 symbol:
    `tf.train.match_filenames_once`).
    """
    from .io import matching_files

    with name_scope(name, "matching_filenames", [pattern]) as scope:
        return Variable(
            matching_files(pattern),
            name=scope,
            trainable=False,
            validate_shape=False,
            collections=[GraphKeys.LOCAL_VARIABLES],
        )


def limit_epochs(tensor: Any, num_epochs: int | None = None, name: str | None = None) -> Any:
    """The tensor, that can be evaluated so many times (TF1 symbol: `tf.train.limit_epochs`).

    It counts in a local variable, which `tf.local_variables_initializer()` initialises.

    Raises:
        ValueError: `num_epochs` is not positive.
        tf.errors.OutOfRangeError: in a run after that.
    """
    if num_epochs is None:
        return tensor
    if num_epochs <= 0:
        raise ValueError(f"num_epochs must be > 0 not {num_epochs}.")
    with name_scope(name, "limit_epochs", [tensor]) as scope:
        epochs = Variable(
            constant(0, int64), name="epochs", trainable=False, collections=[GraphKeys.LOCAL_VARIABLES]
        )
        with control_dependencies([epochs.count_up_to(num_epochs)]):
            return identity(tensor, name=scope)


def input_producer(
    input_tensor: Any,
    element_shape: Any = None,
    num_epochs: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    capacity: int = 32,
    shared_name: str | None = None,
    summary_name: str | None = None,
    name: str | None = None,
    cancel_op: Any = None,
) -> FIFOQueue:
    """A queue of the rows of a tensor, epoch after epoch (TF1 symbol: `tf.train.input_producer`).

    Args:
        input_tensor: its rows are the elements.
        element_shape: a row's shape, where the tensor's does not tell it.
        num_epochs: how many times the rows come; None is for ever.
        shuffle, seed: whether they are shuffled within each epoch.
        capacity, shared_name: of the queue.
        summary_name: of a summary of how full it is.
        cancel_op: what cancels the threads.

    Raises:
        ValueError: a row's shape is not known.
    """
    with name_scope(name, "input_producer", [input_tensor]):
        tensor = convert_to_tensor(input_tensor, name="input_tensor")
        row = tensor.shape[1:].merge_with(element_shape)
        if not row.is_fully_defined():
            raise ValueError(
                "Either `input_tensor` must have a fully defined shape or `element_shape` must be specified"
            )
        if shuffle:
            tensor = random_shuffle(tensor, seed=seed)
        tensor = limit_epochs(tensor, num_epochs)
        queue = FIFOQueue(
            capacity, [tensor.dtype.base_dtype], [row], shared_name=shared_name, name=name or "FIFOQueueV2"
        )
        add_queue_runner(QueueRunner(queue, [queue.enqueue_many([tensor])], cancel_op=cancel_op))
        if summary_name is not None:
            scalar(summary_name, cast(queue.size(), "float32") * (1.0 / capacity))
        return queue


def string_input_producer(
    string_tensor: Any,
    num_epochs: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    capacity: int = 32,
    shared_name: str | None = None,
    name: str | None = None,
    cancel_op: Any = None,
) -> FIFOQueue:
    """A queue of strings, of files' names as a rule (TF1 symbol: `tf.train.string_input_producer`).

    Raises:
        ValueError: there are none; where only a run tells that, it is a tf.errors.InvalidArgumentError.
    """
    refusal = "string_input_producer requires a non-null input tensor"
    if not isinstance(string_tensor, (Tensor, Variable)) and not np.size(string_tensor):
        raise ValueError(refusal)
    with name_scope(name, "input_producer", [string_tensor]) as scope:
        tensor = convert_to_tensor(string_tensor, "string")
        with control_dependencies([assert_(greater(size(tensor), 0), [refusal])]):
            tensor = identity(tensor)
        return input_producer(
            tensor,
            [],
            num_epochs,
            shuffle,
            seed,
            capacity,
            shared_name,
            f"fraction_of_{capacity}_full",
            scope,
            cancel_op,
        )


def range_input_producer(
    limit: Any,
    num_epochs: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    capacity: int = 32,
    shared_name: str | None = None,
    name: str | None = None,
) -> FIFOQueue:
    """A queue of the integers from 0 up to, not including, `limit` (TF1 symbol:
    `tf.train.range_input_producer`).
    """
    with name_scope(name, "input_producer", [limit]) as scope:
        summary = f"fraction_of_{capacity}_full"
        return input_producer(
            range_(limit), [], num_epochs, shuffle, seed, capacity, shared_name, summary, scope
        )


def slice_input_producer(
    tensor_list: Sequence[Any],
    num_epochs: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    capacity: int = 32,
    shared_name: str | None = None,
    name: str | None = None,
) -> list[Tensor]:
    """A row of each of several tensors, another one in each run (TF1 symbol:
    `tf.train.slice_input_producer`).

    Raises:
        ValueError: there are no tensors.
    """
    with name_scope(name, "input_producer", list(tensor_list)):
        tensors = [convert_to_tensor(tensor) for tensor in tensor_list]
        if not tensors:
            raise ValueError("Expected at least one tensor in slice_input_producer().")
        rows = shape(tensors[0])[0]
        queue = range_input_producer(rows, num_epochs, shuffle, seed, capacity, shared_name)
        index = queue.dequeue()
        return [gather(tensor, index) for tensor in tensors]
