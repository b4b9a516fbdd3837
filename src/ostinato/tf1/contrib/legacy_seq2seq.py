"""The module `tf.contrib.legacy_seq2seq`, as far as it is about stepping a cell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import variable_scope as vs
from ..names import absent


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


__all__ = ["rnn_decoder"]

__getattr__ = absent("tf.contrib.legacy_seq2seq", __all__)
