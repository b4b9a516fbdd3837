"""An encoder and a decoder in one call (TF1 module: `tf.contrib.legacy_seq2seq`; Sutskever et al. 2014,
"Sequence to Sequence Learning with Neural Networks").
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from ... import variable_scope as vs
from ...dtypes import float32
from ...ops import array, embedding, lists
from ...rnn_cell_base import RNNCell
from ...rnn_static import static_rnn
from ..wrapper_cells import EmbeddingWrapper, OutputProjectionWrapper
from .attention_decoders import embedding_attention_decoder
from .decoders import (
    check_projection,
    either_way,
    embedding_rnn_decoder,
    extract_argmax_and_embed,
    rnn_decoder,
)

__all__ = [
    "basic_rnn_seq2seq",
    "embedding_attention_seq2seq",
    "embedding_rnn_seq2seq",
    "embedding_tied_rnn_seq2seq",
    "one2many_rnn_seq2seq",
    "tied_rnn_seq2seq",
]


def basic_rnn_seq2seq(
    encoder_inputs: Any, decoder_inputs: Any, cell: Any, dtype: Any = float32, scope: Any = None
) -> tuple[list[Any], Any]:
    """A decoder that begins with an encoder's last state; each has variables of its own (TF1 symbol:
    `tf.contrib.legacy_seq2seq.basic_rnn_seq2seq`).

    Args:
        encoder_inputs, decoder_inputs: lists of `[batch, depth]` tensors.
        cell: of the decoder; the encoder has a copy.
        dtype: of the encoder's initial state.
        scope: of the variables; "basic_rnn_seq2seq" for None.

    Returns:
        the decoder's outputs, a list, and its final state.
    """
    with vs.variable_scope(scope or "basic_rnn_seq2seq"):
        _, state = static_rnn(copy.deepcopy(cell), encoder_inputs, dtype=dtype)
        return rnn_decoder(decoder_inputs, state, cell)


def tied_rnn_seq2seq(
    encoder_inputs: Any,
    decoder_inputs: Any,
    cell: Any,
    loop_function: Callable[[Any, int], Any] | None = None,
    dtype: Any = float32,
    scope: Any = None,
) -> tuple[list[Any], Any]:
    """A decoder that begins with an encoder's last state and has its variables (TF1 symbol:
    `tf.contrib.legacy_seq2seq.tied_rnn_seq2seq`).

    Args:
        loop_function: as `rnn_decoder`'s.
        scope: of the variables, in the scope "combined_tied_rnn_seq2seq"; "tied_rnn_seq2seq" for None.

    The others are `basic_rnn_seq2seq`'s.
    """
    with vs.variable_scope("combined_tied_rnn_seq2seq") as entered:
        scope = scope or "tied_rnn_seq2seq"
        _, state = static_rnn(cell, encoder_inputs, dtype=dtype, scope=scope)
        entered.reuse_variables()
        return rnn_decoder(decoder_inputs, state, cell, loop_function=loop_function, scope=scope)


def embedding_rnn_seq2seq(
    encoder_inputs: Any,
    decoder_inputs: Any,
    cell: Any,
    num_encoder_symbols: int,
    num_decoder_symbols: int,
    embedding_size: int,
    output_projection: Any = None,
    feed_previous: Any = False,
    dtype: Any = None,
    scope: Any = None,
) -> tuple[list[Any], Any]:
    """`basic_rnn_seq2seq` of ids, which two variables embed (TF1 symbol:
    `tf.contrib.legacy_seq2seq.embedding_rnn_seq2seq`).

    Args:
        encoder_inputs, decoder_inputs: lists of `[batch]` ids.
        num_encoder_symbols, num_decoder_symbols, embedding_size: of the embeddings.
        output_projection: as `embedding_rnn_decoder`'s; None: the outputs are scores of the symbols, by a
            projection made here.
        feed_previous: as `embedding_rnn_decoder`'s; it may be a boolean scalar tensor.
        dtype: None is the scope's.
        scope: of the variables; "embedding_rnn_seq2seq" for None.

    Returns:
        the outputs, a list, and the final state.
    """
    with vs.variable_scope(scope or "embedding_rnn_seq2seq") as entered:
        if dtype is not None:
            entered.set_dtype(dtype)
        encoder = EmbeddingWrapper(copy.deepcopy(cell), num_encoder_symbols, embedding_size)
        _, state = static_rnn(encoder, encoder_inputs, dtype=dtype or entered.dtype)
        if output_projection is None:
            cell = OutputProjectionWrapper(cell, num_decoder_symbols)

        def decoder(feeds: bool, **options: Any) -> tuple[list[Any], Any]:
            return embedding_rnn_decoder(
                decoder_inputs,
                state,
                cell,
                num_decoder_symbols,
                embedding_size,
                output_projection=output_projection,
                feed_previous=feeds,
                **options,
            )

        if isinstance(feed_previous, bool):
            return decoder(feed_previous)
        return either_way(
            feed_previous,
            lambda feeds: decoder(feeds, update_embedding_for_previous=False),
            len(decoder_inputs),
        )


def embedding_tied_rnn_seq2seq(
    encoder_inputs: Any,
    decoder_inputs: Any,
    cell: Any,
    num_symbols: int,
    embedding_size: int,
    num_decoder_symbols: int | None = None,
    output_projection: Any = None,
    feed_previous: Any = False,
    dtype: Any = None,
    scope: Any = None,
) -> tuple[list[Any], Any]:
    """`tied_rnn_seq2seq` of ids, which one variable embeds (TF1 symbol:
    `tf.contrib.legacy_seq2seq.embedding_tied_rnn_seq2seq`).

    Args:
        num_symbols: of encoder and decoder.
        num_decoder_symbols: how many of them the outputs score; None is all.
        scope: of the variables; "embedding_tied_rnn_seq2seq" for None.

    The others are `embedding_rnn_seq2seq`'s.

    Raises:
        ValueError: a projection to another number of symbols.
    """
    with vs.variable_scope(scope or "embedding_tied_rnn_seq2seq", dtype=dtype) as entered:
        dtype = entered.dtype
        check_projection(output_projection, num_symbols, dtype)
        table = vs.get_variable("embedding", [num_symbols, embedding_size], dtype=dtype)
        encoded = [embedding.embedding_lookup(table, ids) for ids in encoder_inputs]
        decoded = [embedding.embedding_lookup(table, ids) for ids in decoder_inputs]
        if output_projection is None:
            cell = OutputProjectionWrapper(
                cell, num_symbols if num_decoder_symbols is None else num_decoder_symbols
            )

        def decoder(feeds: bool, update_embedding: bool = False) -> tuple[list[Any], Any]:
            loop = extract_argmax_and_embed(table, output_projection, update_embedding) if feeds else None
            return tied_rnn_seq2seq(encoded, decoded, cell, loop_function=loop, dtype=dtype)

        if isinstance(feed_previous, bool):
            return decoder(feed_previous, update_embedding=True)
        return either_way(feed_previous, decoder, len(decoder_inputs))


def embedding_attention_seq2seq(
    encoder_inputs: Any,
    decoder_inputs: Any,
    cell: Any,
    num_encoder_symbols: int,
    num_decoder_symbols: int,
    embedding_size: int,
    num_heads: int = 1,
    output_projection: Any = None,
    feed_previous: Any = False,
    dtype: Any = None,
    scope: Any = None,
    initial_state_attention: bool = False,
) -> tuple[list[Any], Any]:
    """`embedding_rnn_seq2seq` whose decoder attends to the encoder's outputs (TF1 symbol:
    `tf.contrib.legacy_seq2seq.embedding_attention_seq2seq`).

    Args:
        num_heads, initial_state_attention: as `attention_decoder`'s.
        scope: of the variables; "embedding_attention_seq2seq" for None.

    The others are `embedding_rnn_seq2seq`'s.
    """
    with vs.variable_scope(scope or "embedding_attention_seq2seq", dtype=dtype) as entered:
        encoder = EmbeddingWrapper(copy.deepcopy(cell), num_encoder_symbols, embedding_size)
        outputs, state = static_rnn(encoder, encoder_inputs, dtype=entered.dtype)
        memory = lists.concat([array.reshape(output, [-1, 1, cell.output_size]) for output in outputs], 1)
        output_size = None
        if output_projection is None:
            cell = OutputProjectionWrapper(cell, num_decoder_symbols)
            output_size = num_decoder_symbols

        def decoder(feeds: bool, **options: Any) -> tuple[list[Any], Any]:
            return embedding_attention_decoder(
                decoder_inputs,
                state,
                memory,
                cell,
                num_decoder_symbols,
                embedding_size,
                num_heads=num_heads,
                output_size=output_size,
                output_projection=output_projection,
                feed_previous=feeds,
                initial_state_attention=initial_state_attention,
                **options,
            )

        if isinstance(feed_previous, bool):
            return decoder(feed_previous)
        return either_way(
            feed_previous,
            lambda feeds: decoder(feeds, update_embedding_for_previous=False),
            len(decoder_inputs),
        )


def one2many_rnn_seq2seq(
    encoder_inputs: Any,
    decoder_inputs_dict: dict[Any, Any],
    enc_cell: Any,
    dec_cells_dict: dict[Any, Any],
    num_encoder_symbols: int,
    num_decoder_symbols_dict: dict[Any, int],
    embedding_size: int,
    feed_previous: Any = False,
    dtype: Any = None,
    scope: Any = None,
) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """One encoder and several decoders, by their names (TF1 symbol:
    `tf.contrib.legacy_seq2seq.one2many_rnn_seq2seq`; Luong et al. 2015, "Multi-task Sequence to Sequence
    Learning").

    Args:
        decoder_inputs_dict, dec_cells_dict, num_decoder_symbols_dict: of each decoder.
        scope: of the variables; "one2many_rnn_seq2seq" for None.

    The others are `embedding_rnn_seq2seq`'s.

    Returns:
        the outputs and the final states, by name.

    Raises:
        TypeError: what is no cell.
        ValueError: the dictionaries do not name the same decoders.
    """
    if not isinstance(enc_cell, RNNCell):
        raise TypeError(f"enc_cell is not an RNNCell: {type(enc_cell)}")
    if set(dec_cells_dict) != set(decoder_inputs_dict):
        raise ValueError("keys of dec_cells_dict != keys of decodre_inputs_dict")
    for cell in dec_cells_dict.values():
        if not isinstance(cell, RNNCell):
            raise TypeError(f"dec_cell is not an RNNCell: {type(cell)}")
    all_outputs, all_states = {}, {}
    with vs.variable_scope(scope or "one2many_rnn_seq2seq", dtype=dtype) as entered:
        encoder = EmbeddingWrapper(enc_cell, num_encoder_symbols, embedding_size)
        _, state = static_rnn(encoder, encoder_inputs, dtype=entered.dtype)
        for name, decoder_inputs in decoder_inputs_dict.items():
            symbols = num_decoder_symbols_dict[name]
            with vs.variable_scope(f"one2many_decoder_{name}"):
                wrapped = OutputProjectionWrapper(dec_cells_dict[name], symbols)

                def decoder(
                    feeds: bool, inputs: Any = decoder_inputs, cell: Any = wrapped, symbols: int = symbols
                ) -> tuple[list[Any], Any]:
                    return embedding_rnn_decoder(
                        inputs, state, cell, symbols, embedding_size, feed_previous=feeds
                    )

                if isinstance(feed_previous, bool):
                    outputs, final = decoder(feed_previous)
                else:
                    outputs, final = either_way(feed_previous, decoder, len(decoder_inputs))
            all_outputs[name], all_states[name] = outputs, final
    return all_outputs, all_states
