"""What the drivers make of their arguments: the rows, the lengths, the initial state and its type."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from . import nest
from .dtypes import int32
from .ops import array
from .ops.core import convert_to_tensor
from .ops.math import cast
from .registry import constant_shape
from .rnn_cell_base import StateInput
from .shapes import TensorShape, as_shape
from .tensor import Tensor
from .tensor_array import TensorArray


def transpose_batch_time(x: Any) -> Tensor:
    """The tensor with its first two axes swapped (TF1 symbol: `tf.contrib.rnn.transpose_batch_time`); one of
    rank 0 or 1 as it is.

    Raises:
        ValueError: its rank is not known.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     tf.contrib.rnn.transpose_batch_time(tf.placeholder(tf.float32, [None, 5, 3])).shape
    TensorShape([Dimension(5), Dimension(None), Dimension(3)])
    """
    x = convert_to_tensor(x)
    rank = x.shape.ndims
    if rank is None:
        raise ValueError(f"{x.name} has no known rank: give it one with set_shape, to swap its first axes.")
    if rank < 2:
        return x
    x.graph.skip(6)  # how TensorFlow computes the order of the axes
    return array.transpose(x, [1, 0, *range(2, rank)])


def best_effort_input_batch_size(flat_input: Iterable[Any]) -> Any:
    """The number of rows of time-major tensors `[time, batch, ...]`: a number where one of their shapes tells
    it, else a scalar tensor (TF1 symbol: `tf.contrib.rnn.best_effort_input_batch_size`).

    Raises:
        ValueError: a tensor is of rank 0 or 1.
    """
    leaves = [convert_to_tensor(leaf) for leaf in flat_input]
    for leaf in leaves:
        if leaf.shape.ndims is None:
            continue
        if leaf.shape.ndims < 2:
            raise ValueError(f"Expected input tensor {leaf} to have rank at least 2")
        if leaf.shape[1].value is not None:
            return leaf.shape[1].value
    return array.shape(leaves[0])[1]


def infer_state_dtype(explicit_dtype: Any, state: Any) -> Any:
    """The type of a driver's outputs: the one given, else the one that all of the state has.

    Raises:
        ValueError: the state is empty, or of several types.
    """
    if explicit_dtype is not None:
        return explicit_dtype
    kinds = {leaf.dtype.base_dtype for leaf in nest.flatten(state)}
    if not kinds:
        raise ValueError("Unable to infer dtype from empty state.")
    if len(kinds) > 1:
        raise ValueError(
            "State has tensors of different inferred_dtypes. Unable to infer a single representative dtype: "
            f"{', '.join(sorted(kind.name for kind in kinds))}. Pass dtype, the type of the outputs."
        )
    return kinds.pop()


def lengths_of_rows(sequence_length: Any, saw: str) -> Tensor | None:
    """`sequence_length` as a tensor of int32; `saw` ends the sentence about one that is no vector."""
    if sequence_length is None:
        return None
    lengths = cast(convert_to_tensor(sequence_length, name="sequence_length"), int32)
    if lengths.shape.ndims not in (None, 1):
        raise ValueError(
            "sequence_length must be a vector of length batch_size" + saw.format(shape=lengths.shape)
        )
    return array.identity(lengths, name="sequence_length")


def state_to_begin_with(cell: Any, initial_state: Any, rows: Any, dtype: Any, missing: str) -> Any:
    """The given state as tensors, else zeros.

    Raises:
        ValueError: neither a state nor a type; `missing` says so.
    """
    if initial_state is not None:
        return nest.map_structure(
            lambda leaf: leaf if isinstance(leaf, TensorArray) else convert_to_tensor(leaf), initial_state
        )
    if not dtype:
        raise ValueError(missing)
    if getattr(cell, "get_initial_state", None) is not None:
        return cell.get_initial_state(inputs=None, batch_size=rows, dtype=dtype)
    return cell.zero_state(rows, dtype)


def check_outputs(cell: Any, outputs: Iterable[Tensor], first_axes: int, rows: Any) -> None:
    """Raise where outputs, after their first axes, are of other sizes than the cell says."""
    for leaf, size in zip(outputs, nest.flatten(cell.output_size), strict=True):
        given, said = leaf.shape[first_axes:], as_shape(size)
        if not given.is_compatible_with(said):
            batch = TensorShape([None if isinstance(rows, Tensor) else rows])
            saw, expected = batch.concatenate(given), batch.concatenate(said)
            raise ValueError(
                f"Inconsistent shapes: saw {saw} but expected {expected}: {type(cell).__name__} says "
                f"that its output_size is {cell.output_size}."
            )


def stand_ins(state: Any, rows: int | None) -> Any:
    """Stand-ins for a state of which a loop may change the number of rows that is known. A TensorArray stands
    for itself.
    """

    def leaf(tensor: Any) -> Any:
        if isinstance(tensor, TensorArray):
            return tensor
        known = tensor.shape.known
        shape = TensorShape([rows]).concatenate(known[1:]) if known else tensor.shape
        return StateInput(tensor.dtype.base_dtype, shape, tensor.name)

    return nest.map_structure(leaf, state)


def maybe_tensor_shape_from_tensor(shape: Any) -> Any:
    """A tensor that states a shape as the static shape that it is known to state; else what is given."""
    return constant_shape(shape) if isinstance(shape, Tensor) else shape
