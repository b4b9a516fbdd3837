"""Decoders, and the loop that runs them (TF1 symbol: `tf.contrib.seq2seq.dynamic_decode`)."""

from __future__ import annotations

import contextlib
from typing import Any

from ... import nest
from ... import variable_scope as vs
from ...control_flow import while_loop
from ...dtypes import int32
from ...graph import name_scope
from ...ops import array, math, picking
from ...ops.core import constant, convert_to_tensor
from ...ops.reductions import reduce_all
from ...registry import constant_value
from ...rnn_arguments import transpose_batch_time
from ...shapes import TensorShape
from ...tensor_array import TensorArray
from .scores import zeros_of

__all__ = ["Decoder", "dynamic_decode"]


class Decoder:
    """Base of the decoders (TF1 symbol: `tf.contrib.seq2seq.Decoder`).

    One of one's own has `batch_size`, `output_size`, `output_dtype`, `initialize` and `step`; it may have
    `finalize` and `tracks_own_finished`.
    """

    @property
    def batch_size(self) -> Any:
        """The number of rows, a number or a scalar tensor."""
        raise NotImplementedError(f"{type(self).__name__} does not say its batch_size.")

    @property
    def output_size(self) -> Any:
        """The sizes of a step's outputs, without the rows: a nest of ints or TensorShapes."""
        raise NotImplementedError(f"{type(self).__name__} does not say its output_size.")

    @property
    def output_dtype(self) -> Any:
        """The types of a step's outputs, a nest like `output_size`."""
        raise NotImplementedError(f"{type(self).__name__} does not say its output_dtype.")

    def initialize(self, name: str | None = None) -> Any:
        """(which rows have finished, the first inputs, the first state)."""
        raise NotImplementedError(f"{type(self).__name__} does not define initialize.")

    def step(self, time: Any, inputs: Any, state: Any, name: str | None = None) -> Any:
        """(outputs, next state, next inputs, which rows have finished)."""
        raise NotImplementedError(f"{type(self).__name__} does not define step.")

    def finalize(self, outputs: Any, final_state: Any, sequence_lengths: Any) -> Any:
        """(outputs, final state) as `dynamic_decode` is to give them, of those of all steps."""
        raise NotImplementedError

    def _taken_apart(self) -> tuple[Any, Any]:
        """The decoder that the loop is to run, and what makes outputs of its outputs after the loop: None
        where they are the outputs.
        """
        return self, None

    @property
    def tracks_own_finished(self) -> bool:
        """Whether `step` tells of all rows that have finished so far, not only of those that do then."""
        return False


def dynamic_decode(
    decoder: Any,
    output_time_major: bool = False,
    impute_finished: bool = False,
    maximum_iterations: Any = None,
    parallel_iterations: int = 32,
    swap_memory: bool = False,
    scope: Any = None,
    **kwargs: Any,
) -> tuple[Any, Any, Any]:
    """Step a decoder until every row has finished (TF1 symbol: `tf.contrib.seq2seq.dynamic_decode`).

    Args:
        decoder: a `Decoder`.
        output_time_major: whether outputs are `[time, batch, ...]`.
        impute_finished: whether rows that have finished keep their state and emit zeros.
        maximum_iterations: the most steps, an int or a scalar tensor.
        parallel_iterations: at least 1; nothing depends on it.
        swap_memory: as for `tf.while_loop`.
        scope: of the variables; "decoder" for None.

    Returns:
        the outputs of all steps, the final state, and how many steps each row took.

    Raises:
        TypeError: no decoder.
        ValueError: `maximum_iterations` is no scalar.

    >>> import ostinato.tf1 as tf
    >>> s2s = tf.contrib.seq2seq
    >>> with tf.Graph().as_default():
    ...     cell, x = tf.nn.rnn_cell.GRUCell(4), tf.ones([2, 5, 3])
    ...     decoder = s2s.BasicDecoder(cell, s2s.TrainingHelper(x, [5, 3]), cell.zero_state(2, tf.float32))
    ...     outputs, state, lengths = s2s.dynamic_decode(decoder)
    >>> outputs.rnn_output.shape.as_list()
    [2, None, 4]
    """
    if not isinstance(decoder, Decoder):
        raise TypeError(f"Expected decoder to be type Decoder, but saw: {type(decoder)}")
    if kwargs:
        raise TypeError(
            f"dynamic_decode does not take {', '.join(sorted(kwargs))}: they belong to Keras decoders, which "
            "tf.contrib.seq2seq does not show."
        )
    decoder, after = decoder._taken_apart()
    with vs.variable_scope(scope, "decoder"):
        if maximum_iterations is not None:
            maximum_iterations = convert_to_tensor(maximum_iterations, int32, name="maximum_iterations")
            if maximum_iterations.shape.ndims != 0:
                raise ValueError("maximum_iterations must be a scalar")
        finished, inputs, state = decoder.initialize()
        zeros = zero_outputs(decoder.output_size, decoder.output_dtype, decoder.batch_size)
        if maximum_iterations is not None:
            finished = math.logical_or(finished, maximum_iterations <= 0)
        lengths = array.zeros_like(finished, dtype=int32)
        lengths.graph.skip(not finished.shape.is_fully_defined())  # zeros of another type than the tensor's
        arrays = nest.map_structure(
            lambda size, dtype: TensorArray(
                dtype, size=0, dynamic_size=True, element_shape=_element_shape(decoder.batch_size, size)
            ),
            decoder.output_size,
            decoder.output_dtype,
        )

        def body(time: Any, arrays: Any, state: Any, inputs: Any, finished: Any, lengths: Any) -> Any:
            outputs, decoder_state, next_inputs, decoder_finished = decoder.step(time, inputs, state)
            next_finished = decoder_finished
            if not decoder.tracks_own_finished:
                next_finished = math.logical_or(decoder_finished, finished)
            steps = array.fill(array.shape(lengths), time + 1)
            next_lengths = picking.where(math.logical_not(finished), steps, lengths)
            nest.assert_same_structure(state, decoder_state)
            nest.assert_same_structure(arrays, outputs)
            nest.assert_same_structure(inputs, next_inputs)
            next_state = decoder_state
            if impute_finished:
                outputs = nest.map_structure(
                    lambda value, zero: picking.where(finished, zero, value), outputs, zeros
                )
                next_state = nest.map_structure(
                    lambda new, old: _unless(finished, old, new), decoder_state, state
                )
            arrays = nest.map_structure(lambda into, value: into.write(time, value), arrays, outputs)
            return time + 1, arrays, next_state, next_inputs, next_finished, next_lengths

        results = while_loop(
            lambda time, arrays, state, inputs, finished, lengths: math.logical_not(reduce_all(finished)),
            body,
            loop_vars=(constant(0, int32), arrays, state, inputs, finished, lengths),
            parallel_iterations=parallel_iterations,
            maximum_iterations=maximum_iterations,
            swap_memory=swap_memory,
        )
        _, arrays, final_state, _, _, final_lengths = results
        # A layer that is still to come gives its outputs the names that these would have.
        with name_scope("cell_outputs") if after is not None else contextlib.nullcontext():
            outputs = nest.map_structure(lambda values: values.stack(), arrays)
        with contextlib.suppress(NotImplementedError):  # a decoder need not have it
            outputs, final_state = decoder.finalize(outputs, final_state, final_lengths)
        if after is not None:
            outputs = after(outputs, final_lengths if impute_finished else None, output_time_major)
        elif not output_time_major:
            outputs = nest.map_structure(transpose_batch_time, outputs)
    return outputs, final_state, final_lengths


def zero_outputs(size: Any, dtype: Any, batch_size: Any) -> Any:
    """Zeros in the place of a step's outputs (TensorFlow's `_create_zero_outputs`)."""
    return nest.map_structure(lambda leaf, kind: zeros_of(leaf, batch_size, kind), size, dtype)


def _unless(finished: Any, old: Any, new: Any) -> Any:
    """The state of the rows that had finished before, and the new one of the others; TensorArrays and
    scalars go on for all.
    """
    if isinstance(old, TensorArray):
        return new
    new.set_shape(old.shape)
    return new if new.shape.ndims == 0 else picking.where(finished, old, new)


def _element_shape(batch_size: Any, size: Any) -> TensorShape | None:
    if not isinstance(size, TensorShape) or size.ndims == 0:
        return None
    known = constant_value(convert_to_tensor(batch_size, name="batch_size"))
    return TensorShape([None if known is None else int(known)]).concatenate(size)
