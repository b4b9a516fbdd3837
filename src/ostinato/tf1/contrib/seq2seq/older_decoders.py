"""Decoders of TensorFlow 1.0 and 1.1: a function that says what a step is given, and the loop that calls it.

Versions from 1.2 on have `BasicDecoder` and `dynamic_decode` in their place.

>>> import ostinato.tf1 as tf
>>> with tf.Graph().as_default():
...     cell, state = tf.nn.rnn_cell.GRUCell(4), tf.zeros([2, 4])
...     inputs = tf.placeholder(tf.float32, [2, 7, 3])
...     outputs, final_state, _ = dynamic_rnn_decoder(cell, simple_decoder_fn_train(state), inputs, [7, 5])
...     outputs.shape.as_list(), final_state.shape.as_list()
([2, None, 4], [2, 4])
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ... import nest
from ... import variable_scope as vs
from ...control_flow import cond
from ...dtypes import bool_, float32, int32
from ...graph import name_scope
from ...ops import array, lists, math, nn, picking
from ...ops.core import convert_to_tensor
from ...ops.reductions import argmax, reduce_sum
from ...rnn_raw import raw_rnn
from ...tensor import Tensor
from ...tensor_array import TensorArray
from ..layers.fully_connected import linear

__all__ = [
    "attention_decoder_fn_inference",
    "attention_decoder_fn_train",
    "dynamic_rnn_decoder",
    "prepare_attention",
    "simple_decoder_fn_inference",
    "simple_decoder_fn_train",
]

DecoderFn = Callable[..., tuple[Any, Any, Any, Any, Any]]
Construct = Callable[[Any, Any, Any], Tensor]


def dynamic_rnn_decoder(
    cell: Any,
    decoder_fn: DecoderFn,
    inputs: Any = None,
    sequence_length: Any = None,
    parallel_iterations: int | None = None,
    swap_memory: bool = False,
    time_major: bool = False,
    scope: Any = None,
    name: str | None = None,
) -> tuple[Tensor, Any, Any]:
    """Step a cell as a decoder function directs (TF1 symbol of 1.0:
    `tf.contrib.seq2seq.dynamic_rnn_decoder`).

    Args:
        cell: a cell.
        decoder_fn: `decoder_fn(time, cell_state, cell_input, cell_output, context_state)` gives `(done,
            next state, next input, what is emitted, next context state)`; it is first called with None for
            state and output. A `done` of None is `time >= sequence_length`.
        inputs: `[batch, time, depth]`, of which the function is given one step after the other, or None.
        sequence_length: `[batch]`; None is all of the inputs' steps.
        parallel_iterations, swap_memory: as for `tf.nn.raw_rnn`.
        time_major: inputs and outputs are `[time, batch, depth]`.
        scope: the variables' scope; "rnn" for None.

    Returns:
        the outputs, the final state, and the final context state or None.

    Raises:
        ValueError: inputs without three axes or a known depth; `done` is None, and there are neither lengths
            nor inputs.
    """
    with name_scope(name, "dynamic_rnn_decoder", [inputs, sequence_length]):
        steps = None if inputs is None else _Steps(inputs, time_major)
        lengths = sequence_length
        if lengths is None and steps is not None:
            lengths = array.fill(lists.stack([steps.batch_size]), steps.max_time)

        def loop_fn(time: Any, output: Any, state: Any, loop_state: Any) -> tuple[Any, Any, Any, Any, Any]:
            context = loop_state[1] if isinstance(loop_state, tuple) else None
            step = None if steps is None else steps.at(time, first=state is None)
            done, state, step, emitted, context = decoder_fn(time, state, step, output, context)
            if done is None:
                if lengths is None:
                    raise ValueError(
                        "dynamic_rnn_decoder does not know when to end: the decoder function gave None for "
                        "done, and there are neither sequence_length nor inputs."
                    )
                done = time >= lengths
            return done, step, state, emitted, done if context is None else (done, context)

        emitted, state, loop_state = raw_rnn(cell, loop_fn, parallel_iterations, swap_memory, scope)
        outputs = emitted.stack()
        if not time_major:
            outputs = array.transpose(outputs, [1, 0, 2])
        return outputs, state, loop_state[1] if isinstance(loop_state, tuple) else None


class _Steps:
    """Inputs, of which each step is read by itself."""

    def __init__(self, inputs: Any, time_major: bool) -> None:
        values = convert_to_tensor(inputs)
        if values.shape.ndims not in (None, 3):
            raise ValueError(f"Inputs must have three dimensions; these have the shape {values.shape}.")
        if not time_major:
            values = array.transpose(values, [1, 0, 2])
        known = values.shape.known
        if known is None or known[2] is None:
            raise ValueError(f"The inputs' last dimension must be known; their shape is {values.shape}.")
        sizes = array.shape(values)
        self._depth, self._dtype = known[2], values.dtype
        self.max_time: Any = sizes[0] if known[0] is None else known[0]
        self.batch_size: Any = sizes[1] if known[1] is None else known[1]
        self._values = TensorArray(values.dtype, size=self.max_time).unstack(values)

    def at(self, time: Any, first: bool) -> Tensor:
        """The inputs of a step; zeros past the last one, which the function is asked for as well."""
        if first:
            return self._values.read(0)
        return cond(
            math.equal(time, self.max_time),
            lambda: array.zeros(lists.stack([self.batch_size, self._depth]), self._dtype),
            lambda: self._values.read(time),
        )


def simple_decoder_fn_train(encoder_state: Any, name: str | None = None) -> DecoderFn:
    """A decoder function that gives the inputs as they are (TF1 symbol of 1.0:
    `tf.contrib.seq2seq.simple_decoder_fn_train`).

    Args:
        encoder_state: the state to begin with.
    """

    def decoder_fn(time: Any, state: Any, step: Any, output: Any, context: Any) -> Any:
        return None, encoder_state if state is None else state, step, output, context

    return decoder_fn


def simple_decoder_fn_inference(
    output_fn: Callable[[Any], Any] | None,
    encoder_state: Any,
    embeddings: Any,
    start_of_sequence_id: Any,
    end_of_sequence_id: Any,
    maximum_length: Any,
    num_decoder_symbols: Any,
    dtype: Any = int32,
    name: str | None = None,
) -> DecoderFn:
    """A decoder function that gives the embedding of the likeliest symbol (TF1 symbol of 1.0:
    `tf.contrib.seq2seq.simple_decoder_fn_inference`).

    Args:
        output_fn: takes the cell's output to a logit for each symbol; None leaves it as it is.
        encoder_state: the state to begin with.
        embeddings: `[num_decoder_symbols, depth]`.
        start_of_sequence_id, end_of_sequence_id: the symbols before the first and after the last one.
        maximum_length: the largest time of a step that does not end all rows.
        num_decoder_symbols: how many symbols there are.
        dtype: the type of symbols.
    """
    with name_scope(name, "simple_decoder_fn_inference"):
        greedy = _Greedy(embeddings, start_of_sequence_id, end_of_sequence_id, maximum_length, dtype)
        batch_size = _batch_size(encoder_state)

    def decoder_fn(time: Any, state: Any, step: Any, output: Any, context: Any) -> Any:
        with name_scope(name, "simple_decoder_fn_inference"):
            _refuse_inputs(step)
            if output is None:
                state = encoder_state
                output = array.zeros([num_decoder_symbols], float32)
                done, step = greedy.first(batch_size)
            else:
                output = output if output_fn is None else output_fn(output)
                done, step = greedy.next(output)
            return greedy.ended(done, time), state, step, output, context

    return decoder_fn


def attention_decoder_fn_train(
    encoder_state: Any,
    attention_keys: Any,
    attention_values: Any,
    attention_score_fn: Any,
    attention_construct_fn: Construct,
    name: str | None = None,
) -> DecoderFn:
    """A decoder function that gives the inputs beside what the last step attended to, which is also what is
    emitted (TF1 symbol of 1.0: `tf.contrib.seq2seq.attention_decoder_fn_train`).

    Args:
        encoder_state: the state to begin with.
        attention_keys, attention_values, attention_score_fn, attention_construct_fn: what
            `prepare_attention` gives.
    """

    def decoder_fn(time: Any, state: Any, step: Any, output: Any, context: Any) -> Any:
        with name_scope(name, "attention_decoder_fn_train"):
            if state is None:
                state, attention = encoder_state, no_attention(encoder_state)
            else:
                output = attention = attention_construct_fn(output, attention_keys, attention_values)
            return None, state, lists.concat([step, attention], 1), output, context

    return decoder_fn


def attention_decoder_fn_inference(
    output_fn: Callable[[Any], Any] | None,
    encoder_state: Any,
    attention_keys: Any,
    attention_values: Any,
    attention_score_fn: Any,
    attention_construct_fn: Construct,
    embeddings: Any,
    start_of_sequence_id: Any,
    end_of_sequence_id: Any,
    maximum_length: Any,
    num_decoder_symbols: Any,
    dtype: Any = int32,
    name: str | None = None,
) -> DecoderFn:
    """A decoder function that gives the embedding of the likeliest symbol beside what was attended to (TF1
    symbol of 1.0: `tf.contrib.seq2seq.attention_decoder_fn_inference`).

    The arguments are those of `simple_decoder_fn_inference`, and what `prepare_attention` gives.
    """
    with name_scope(name, "attention_decoder_fn_inference"):
        greedy = _Greedy(embeddings, start_of_sequence_id, end_of_sequence_id, maximum_length, dtype)
        batch_size = _batch_size(encoder_state)

    def decoder_fn(time: Any, state: Any, step: Any, output: Any, context: Any) -> Any:
        with name_scope(name, "attention_decoder_fn_inference"):
            _refuse_inputs(step)
            if output is None:
                state = encoder_state
                output = array.zeros([num_decoder_symbols], float32)
                done, step = greedy.first(batch_size)
                attention = no_attention(encoder_state)
            else:
                attention = attention_construct_fn(output, attention_keys, attention_values)
                output = attention if output_fn is None else output_fn(attention)
                done, step = greedy.next(output)
            return greedy.ended(done, time), state, lists.concat([step, attention], 1), output, context

    return decoder_fn


class _Greedy:
    """Which symbol comes next, and whether it was the last."""

    def __init__(self, embeddings: Any, start: Any, end: Any, maximum_length: Any, dtype: Any) -> None:
        self._embeddings, self._dtype = embeddings, dtype
        self._start, self._end = convert_to_tensor(start, dtype), convert_to_tensor(end, dtype)
        self._maximum = convert_to_tensor(maximum_length, dtype)

    def first(self, batch_size: Any) -> tuple[Tensor, Tensor]:
        symbols = array.ones([batch_size], self._dtype) * self._start
        return array.zeros([batch_size], bool_), picking.gather(self._embeddings, symbols)

    def next(self, logits: Any) -> tuple[Tensor, Tensor]:
        symbols = math.cast(argmax(logits, 1), self._dtype)
        return math.equal(symbols, self._end), picking.gather(self._embeddings, symbols)

    def ended(self, done: Tensor, time: Any) -> Tensor:
        return math.logical_or(done, math.cast(time, self._dtype) > self._maximum)


def _batch_size(encoder_state: Any) -> Any:
    first = nest.flatten(encoder_state)[0]
    known = first.shape.known
    return array.shape(first)[0] if known is None or known[0] is None else known[0]


def _refuse_inputs(step: Any) -> None:
    if step is not None:
        raise ValueError(f"Expected cell_input to be None, but saw: {step}")


def no_attention(encoder_state: Any) -> Tensor:
    """Zeros, as the highest layer's output has them."""
    top = encoder_state[-1] if isinstance(encoder_state, tuple) else encoder_state
    return array.zeros_like(getattr(top, "h", top))


def prepare_attention(
    attention_states: Any, attention_option: str, num_units: int, reuse: bool | None = None
) -> tuple[Tensor, Any, Construct, Construct]:
    """What the decoder functions with attention take (TF1 symbol of 1.0:
    `tf.contrib.seq2seq.prepare_attention`).

    The variables are `attention_keys/weights`, `attention_score/attnW` and `attnV` (of "bahdanau") and
    `attention_construct/weights`.

    Args:
        attention_states: what is attended to, `[batch, length, depth]`; `depth` is `num_units` where its
            shape is known.
        attention_option: "bahdanau" adds query and keys, "luong" multiplies them.
        num_units: the size of the cell's output.
        reuse: whether the variables are those of an earlier call.

    Returns:
        the keys, the values, a function that gives the context of a query, and one that puts both together.

    Raises:
        ValueError: another option.
    """
    if attention_option not in ("bahdanau", "luong"):
        raise ValueError(f"Unknown attention option {attention_option}!")
    with vs.variable_scope("attention_keys", reuse=reuse) as scope:
        keys = linear(attention_states, num_units, biases_initializer=None, scope=scope)
    with vs.variable_scope("attention_score", reuse=reuse):
        if attention_option == "bahdanau":
            query_weights = vs.get_variable("attnW", [num_units, num_units], dtype=float32)
            score_weights = vs.get_variable("attnV", [num_units], dtype=float32)

    def score(query: Any, keys: Any, values: Any) -> Tensor:
        if attention_option == "bahdanau":
            turned = array.reshape(math.matmul(query, query_weights), [-1, 1, num_units])
            scores = reduce_sum(score_weights * math.tanh(keys + turned), [2])
        else:
            scores = reduce_sum(keys * array.reshape(query, [-1, 1, num_units]), [2])
        context = reduce_sum(array.expand_dims(nn.softmax(scores), 2) * values, [1])
        context.set_shape([None, num_units])
        return context

    with vs.variable_scope("attention_construct", reuse=reuse) as construct_scope:
        pass

    def construct(query: Any, keys: Any, values: Any) -> Tensor:
        joined = lists.concat([query, score(query, keys, values)], 1)
        # In 1.0 a scope that is entered again inherits the reuse of the one around: scripts train and infer
        # with one function.
        again = True if vs.get_variable_scope().reuse else None
        return linear(joined, num_units, biases_initializer=None, reuse=again, scope=construct_scope)

    return keys, attention_states, score, construct
