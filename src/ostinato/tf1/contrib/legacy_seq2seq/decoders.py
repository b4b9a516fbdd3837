"""Decoders that step a cell through a list (TF1 module: `tf.contrib.legacy_seq2seq`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ... import nest
from ... import variable_scope as vs
from ...control_flow import cond
from ...ops import array, embedding, nn
from ...ops.core import convert_to_tensor
from ...ops.reductions import argmax

__all__ = ["embedding_rnn_decoder", "rnn_decoder"]


def rnn_decoder(
    decoder_inputs: Any,
    initial_state: Any,
    cell: Any,
    loop_function: Callable[[Any, int], Any] | None = None,
    scope: Any = None,
) -> tuple[list[Any], Any]:
    """Step a cell through a list, each step fed with the list's entry or with what a function makes of the
    output before (TF1 symbol: `tf.contrib.legacy_seq2seq.rnn_decoder`).

    Args:
        decoder_inputs: a list of `[batch, depth]` tensors.
        initial_state: a state of the cell.
        loop_function: given an output and the number of the next step, the input of that step; None: the
            entries of the list. The first entry is used in either case.
        scope: the scope of the variables; "rnn_decoder" for None.

    Returns:
        the outputs, a list, and the final state.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     cell = tf.nn.rnn_cell.GRUCell(4)
    ...     steps, state = [tf.ones([2, 3])] * 5, cell.zero_state(2, tf.float32)
    ...     outputs, state = tf.contrib.legacy_seq2seq.rnn_decoder(steps, state, cell)
    ...     len(outputs), tf.trainable_variables()[0].name
    (5, 'rnn_decoder/gru_cell/gates/kernel:0')
    """
    outputs: list[Any] = []
    state = initial_state
    with vs.variable_scope(scope or "rnn_decoder") as entered:
        for index, inputs in enumerate(decoder_inputs):
            if index:
                if loop_function is not None:
                    with vs.variable_scope("loop_function", reuse=True):
                        inputs = loop_function(outputs[-1], index)
                entered.reuse_variables()
            output, state = cell(inputs, state)
            outputs.append(output)
    return outputs, state


def extract_argmax_and_embed(
    table: Any, output_projection: Any = None, update_embedding: bool = True
) -> Callable[[Any, Any], Any]:
    """The function from an output to the embedding of its largest entry, for a decoder's `loop_function`
    (TensorFlow's `_extract_argmax_and_embed`).

    Args:
        table: the embeddings.
        output_projection: None, or weights and biases that the output goes through first.
        update_embedding: whether gradients go to the embeddings.
    """

    def loop_function(previous: Any, _: Any) -> Any:
        if output_projection is not None:
            previous = nn.xw_plus_b(previous, output_projection[0], output_projection[1])
        embedded = embedding.embedding_lookup(table, argmax(previous, 1))
        return embedded if update_embedding else array.stop_gradient(embedded)

    return loop_function


def check_projection(output_projection: Any, num_symbols: int, dtype: Any) -> None:
    """Raise a ValueError where weights and biases do not lead to that many symbols."""
    if output_projection is not None:
        weights = convert_to_tensor(output_projection[0], dtype)
        weights.shape.assert_is_compatible_with([None, num_symbols])
        biases = convert_to_tensor(output_projection[1], dtype)
        biases.shape.assert_is_compatible_with([num_symbols])


def embedding_rnn_decoder(
    decoder_inputs: Any,
    initial_state: Any,
    cell: Any,
    num_symbols: int,
    embedding_size: int,
    output_projection: Any = None,
    feed_previous: bool = False,
    update_embedding_for_previous: bool = True,
    scope: Any = None,
) -> tuple[list[Any], Any]:
    """Step a cell through the embeddings of ids (TF1 symbol:
    `tf.contrib.legacy_seq2seq.embedding_rnn_decoder`).

    Args:
        decoder_inputs: a list of `[batch]` ids.
        initial_state: a state of the cell.
        num_symbols, embedding_size: of the variable `embedding`.
        output_projection: None, or the weights `[output_size, num_symbols]` and biases that make scores of
            an output, where `feed_previous`.
        feed_previous: whether each step but the first is given the symbol that the output before scores
            highest.
        update_embedding_for_previous: whether gradients go to the embeddings of such symbols.
        scope: of the variables; "embedding_rnn_decoder" for None.

    Returns:
        the outputs, a list, and the final state.

    Raises:
        ValueError: a projection to another number of symbols.
    """
    with vs.variable_scope(scope or "embedding_rnn_decoder") as entered:
        check_projection(output_projection, num_symbols, entered.dtype)
        table = vs.get_variable("embedding", [num_symbols, embedding_size])
        loop_function = (
            extract_argmax_and_embed(table, output_projection, update_embedding_for_previous)
            if feed_previous
            else None
        )
        embedded = (embedding.embedding_lookup(table, ids) for ids in decoder_inputs)
        return rnn_decoder(embedded, initial_state, cell, loop_function=loop_function)


def either_way(
    feed_previous: Any, decoder: Callable[[bool], tuple[list[Any], Any]], steps: int
) -> tuple[list[Any], Any]:
    """What `decoder(feed_previous)` gives, where a tensor says which it is: both are made, and share
    variables.
    """
    structures = []

    def branch(feeds: bool) -> list[Any]:
        with vs.variable_scope(vs.get_variable_scope(), reuse=None if feeds else True):
            outputs, state = decoder(feeds)
        structures.append(state)
        return [*outputs, *nest.flatten(state)]

    results = cond(feed_previous, lambda: branch(True), lambda: branch(False))
    return list(results[:steps]), nest.pack_sequence_as(structures[0], list(results[steps:]))
