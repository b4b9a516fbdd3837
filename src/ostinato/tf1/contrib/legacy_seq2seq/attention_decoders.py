"""Decoders that attend to a memory at each step of a list (TF1 module: `tf.contrib.legacy_seq2seq`; Vinyals
et al. 2015, "Grammar as a Foreign Language").
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ... import nest
from ... import variable_scope as vs
from ...linear import Linear
from ...ops import array, embedding, lists, nn
from ...ops.core import convert_to_tensor, one
from ...ops.math import cast, matmul
from ...tensor import Tensor
from .decoders import extract_argmax_and_embed

__all__ = ["attention_decoder", "embedding_attention_decoder"]


class _Heads:
    """What reads from the memory: for each head a variable `AttnW_i` for the memory, and `AttnV_i`."""

    def __init__(self, memory: Tensor, num_heads: int, dtype: Any) -> None:
        self._memory, self._dtype = memory, dtype
        self._size: int = memory.shape[2].value
        rows = array.reshape(memory, [-1, self._size])
        self._features, self._v = [], []
        for head in range(num_heads):
            # A convolution of width 1, as the variable's shape says, is a product of matrices.
            kernel = vs.get_variable(f"AttnW_{head}", [1, 1, self._size, self._size], dtype=dtype)
            product = matmul(rows, array.reshape(kernel, [self._size, self._size]))
            features = array.reshape(product, array.shape(memory))
            features.set_shape(memory.shape)
            self._features.append(features)
            self._v.append(vs.get_variable(f"AttnV_{head}", [self._size], dtype=dtype))

    def initial(self, like: Any) -> list[Tensor]:
        """What has been read before the first step: zeros."""
        zeros = array.zeros([array.shape(like)[0], self._size], dtype=self._dtype)
        zeros.set_shape([None, self._size])
        return [zeros for _ in self._v]

    def read(self, query: Any) -> list[Tensor]:
        """What each head reads, given a state."""
        if nest.is_sequence(query):
            leaves = nest.flatten(query)
            for leaf in leaves:
                if leaf.shape.ndims not in (None, 2):
                    raise ValueError(f"A state that queries a memory has rank 2, but one has {leaf.shape}.")
            query = lists.concat(leaves, 1)
        found = []
        for head, (features, v) in enumerate(zip(self._features, self._v, strict=True)):
            with vs.variable_scope(f"Attention_{head}"):
                y = cast(Linear(query, self._size, True)(query), self._dtype)
                score = one("BahdanauScore", [y, features, convert_to_tensor(v)], "Sum")
                alignments = cast(nn.softmax(cast(score, "float32")), self._dtype)
                found.append(one("AttentionContext", [alignments, self._memory], "Reshape_1"))
        return found


def attention_decoder(
    decoder_inputs: Any,
    initial_state: Any,
    attention_states: Any,
    cell: Any,
    output_size: int | None = None,
    num_heads: int = 1,
    loop_function: Callable[[Any, int], Any] | None = None,
    dtype: Any = None,
    scope: Any = None,
    initial_state_attention: bool = False,
) -> tuple[list[Any], Any]:
    """Step a cell that attends to a memory through a list (TF1 symbol:
    `tf.contrib.legacy_seq2seq.attention_decoder`).

    Each step gives the cell a linear map of its input and of what was read, reads with the new state as the
    query, and outputs a linear map of the cell's output and of what was read.

    Args:
        decoder_inputs: a list of `[batch, depth]` tensors.
        initial_state: a state of the cell.
        attention_states: the memory, `[batch, length, depth]`.
        output_size: None is the cell's.
        num_heads: how many reads a step has.
        loop_function: as `rnn_decoder`'s.
        dtype: None is the scope's.
        scope: of the variables; "attention_decoder" for None.
        initial_state_attention: whether the first step is given what the initial state reads, not zeros.

    Returns:
        the outputs, a list, and the final state.

    Raises:
        ValueError: no inputs, no heads, or depths that are not known.
    """
    if not decoder_inputs:
        raise ValueError("Must provide at least 1 input to attention decoder.")
    if num_heads < 1:
        raise ValueError("With less than 1 heads, use a non-attention decoder.")
    if attention_states.shape[2].value is None:
        raise ValueError(f"Shape[2] of attention_states must be known: {attention_states.shape}")
    size = cell.output_size if output_size is None else output_size
    with vs.variable_scope(scope or "attention_decoder", dtype=dtype) as entered:
        dtype = entered.dtype
        heads = _Heads(attention_states, num_heads, dtype)
        read = heads.read(initial_state) if initial_state_attention else heads.initial(decoder_inputs[0])
        state, outputs = initial_state, list[Any]()
        for index, inputs in enumerate(decoder_inputs):
            if index:
                entered.reuse_variables()
                if loop_function is not None:
                    with vs.variable_scope("loop_function", reuse=True):
                        inputs = loop_function(outputs[-1], index)
            depth = inputs.shape.with_rank(2)[1].value
            if depth is None:
                raise ValueError(f"Could not infer input size from input: {inputs.name}")
            beside = [cast(value, dtype) for value in (inputs, *read)]
            cell_output, state = cell(Linear(beside, depth, True)(beside), state)
            if index == 0 and initial_state_attention:
                with vs.variable_scope(vs.get_variable_scope(), reuse=True):
                    read = heads.read(state)
            else:
                read = heads.read(state)
            with vs.variable_scope("AttnOutputProjection"):
                beside = [cast(cell_output, dtype), *read]
                outputs.append(Linear(beside, size, True)(beside))
    return outputs, state


def embedding_attention_decoder(
    decoder_inputs: Any,
    initial_state: Any,
    attention_states: Any,
    cell: Any,
    num_symbols: int,
    embedding_size: int,
    num_heads: int = 1,
    output_size: int | None = None,
    output_projection: Any = None,
    feed_previous: bool = False,
    update_embedding_for_previous: bool = True,
    dtype: Any = None,
    scope: Any = None,
    initial_state_attention: bool = False,
) -> tuple[list[Any], Any]:
    """`attention_decoder` of the embeddings of ids (TF1 symbol:
    `tf.contrib.legacy_seq2seq.embedding_attention_decoder`).

    Args:
        decoder_inputs: a list of `[batch]` ids.
        num_symbols, embedding_size, output_projection, feed_previous, update_embedding_for_previous: as
            `embedding_rnn_decoder`'s.
        scope: of the variables; "embedding_attention_decoder" for None.

    The others are `attention_decoder`'s.

    Raises:
        ValueError: a projection to another number of symbols.
    """
    if output_projection is not None:
        biases = convert_to_tensor(output_projection[1], dtype)
        biases.shape.assert_is_compatible_with([num_symbols])
    with vs.variable_scope(scope or "embedding_attention_decoder", dtype=dtype):
        table = vs.get_variable("embedding", [num_symbols, embedding_size])
        loop_function = (
            extract_argmax_and_embed(table, output_projection, update_embedding_for_previous)
            if feed_previous
            else None
        )
        return attention_decoder(
            [embedding.embedding_lookup(table, ids) for ids in decoder_inputs],
            initial_state,
            attention_states,
            cell,
            output_size=output_size,
            num_heads=num_heads,
            loop_function=loop_function,
            initial_state_attention=initial_state_attention,
        )
