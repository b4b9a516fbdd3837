"""The decoder that keeps the best hypotheses (TF1 symbol: `tf.contrib.seq2seq.BeamSearchDecoder`)."""

from __future__ import annotations

import math as python_math
from typing import Any, NamedTuple

from ... import logging, nest
from ...control_flow import cond
from ...dtypes import bool_, float32, int32, int64
from ...graph import name_scope
from ...keras_base import Layer
from ...ops import array, decoding, lists, picking
from ...ops.core import constant, convert_to_tensor, one
from ...ops.math import cast, logical_not
from ...ops.reductions import reduce_all, reduce_max, reduce_mean
from ...registry import constant_value
from ...rnn_cell_base import assert_like_rnncell
from ...shapes import TensorShape, as_shape
from ...tensor import Tensor
from ...tensor_array import TensorArray
from .attention_wrapper import AttentionWrapperState
from .basic_decoder import layer_output_size
from .decoder import Decoder
from .helpers import checked_tokens, embedding_function

__all__ = [
    "BeamSearchDecoder",
    "BeamSearchDecoderOutput",
    "BeamSearchDecoderState",
    "FinalBeamSearchDecoderOutput",
    "gather_tree",
    "tile_batch",
]


class BeamSearchDecoderState(NamedTuple):
    """The state of a `BeamSearchDecoder` (TF1 symbol: `tf.contrib.seq2seq.BeamSearchDecoderState`): all
    `[batch, beam_width, ...]`.
    """

    cell_state: Any
    log_probs: Any
    finished: Any
    lengths: Any
    accumulated_attention_probs: Any


class BeamSearchDecoderOutput(NamedTuple):
    """What a step gives (TF1 symbol: `tf.contrib.seq2seq.BeamSearchDecoderOutput`): `[batch, beam_width]`."""

    scores: Any
    predicted_ids: Any
    parent_ids: Any


class FinalBeamSearchDecoderOutput(NamedTuple):
    """What decoding gives (TF1 symbol: `tf.contrib.seq2seq.FinalBeamSearchDecoderOutput`): the hypotheses
    `[batch, time, beam_width]`, the best first, and the outputs of the steps.
    """

    predicted_ids: Any
    beam_search_decoder_output: BeamSearchDecoderOutput


def tile_batch(t: Any, multiplier: int, name: str | None = None) -> Any:
    """Each row of a tensor, or of a nest of them, `multiplier` times in a row (TF1 symbol:
    `tf.contrib.seq2seq.tile_batch`): what a memory and states are for a `BeamSearchDecoder`.

    Raises:
        ValueError: a tensor of rank 0, or of unknown rank.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     session.run(tf.contrib.seq2seq.tile_batch([[1, 2], [3, 4]], 2)[:, 0]).tolist()
    [1, 1, 3, 3]
    """
    # A list of numbers is a nest, as it is in TensorFlow, unless it holds none of its tensors.
    with name_scope(name, "tile_batch", [*nest.flatten(t), multiplier]):
        if isinstance(t, list) and not any(isinstance(leaf, Tensor) for leaf in nest.flatten(t)):
            return _tiled(t, multiplier)
        return nest.map_structure(lambda leaf: _tiled(leaf, multiplier), t)


def _tiled(value: Any, multiplier: Any) -> Tensor:
    tensor = convert_to_tensor(value, name="t")
    if tensor.shape.ndims is None or tensor.shape.ndims < 1:
        raise ValueError("t must have statically known rank")
    sizes, rows = array.shape(tensor), tensor.shape[0].value
    repeated = picking.tile(array.expand_dims(tensor, 1), [1, multiplier, *[1] * (tensor.shape.ndims - 1)])
    tiled = array.reshape(repeated, lists.concat([[sizes[0] * multiplier], sizes[1:]], 0))
    known = isinstance(multiplier, int) and rows is not None
    tiled.set_shape(TensorShape([rows * multiplier if known else None]).concatenate(tensor.shape[1:]))
    return tiled


def gather_tree(
    step_ids: Any, parent_ids: Any, max_sequence_lengths: Any, end_token: Any, name: str | None = None
) -> Tensor:
    """Whole hypotheses from the symbols and parents of each step (TF1 symbol:
    `tf.contrib.seq2seq.gather_tree`).

    Args:
        step_ids, parent_ids: `[time, batch, beam_width]` int32.
        max_sequence_lengths: `[batch]`.
        end_token: a scalar, which stands past the end.

    Raises:
        ValueError: ranks that do not fit.
        tf.errors.InvalidArgumentError: in a run, shapes that do not fit, or a parent that is no beam.
    """
    with name_scope(name, "GatherTree") as scope:
        step_ids = convert_to_tensor(step_ids, int32, name="step_ids")
        inputs = [
            step_ids,
            convert_to_tensor(parent_ids, int32, name="parent_ids"),
            convert_to_tensor(max_sequence_lengths, int32, name="max_sequence_lengths"),
            convert_to_tensor(end_token, int32, name="end_token"),
        ]
        return one("GatherTree", inputs, scope)


def gather_tree_from_array(t: Any, parent_ids: Any, sequence_length: Any) -> Tensor:
    """What was kept of each step, in the order of the final hypotheses (TensorFlow's
    `gather_tree_from_array`).
    """
    inputs = [
        convert_to_tensor(t),
        convert_to_tensor(parent_ids, int32),
        cast(convert_to_tensor(sequence_length), int64),
    ]
    return one("ReorderedBeams", inputs, "Reshape")


class BeamSearchDecoder(Decoder):
    """Decodes with the `beam_width` best hypotheses of each row (TF1 symbol:
    `tf.contrib.seq2seq.BeamSearchDecoder`).

    Args:
        cell: a cell.
        embedding: a table, or a function from ids to inputs.
        start_tokens: `[batch]` ids to begin with.
        end_token: the id that ends a hypothesis, a scalar.
        initial_state: the cell's state, with each row `beam_width` times (`tile_batch`).
        beam_width: how many hypotheses.
        output_layer: a layer for the cell's outputs, or None.
        length_penalty_weight: of the penalty ((5 + length) / 6) ** weight by which scores are divided.
        coverage_penalty_weight: of the penalty for parts of the memory that were not attended to.
        reorder_tensor_arrays: whether TensorArrays in the cell's state, as an alignment history is, are
            given as tensors in the order of the final hypotheses.

    Raises:
        TypeError: what is no cell or no layer.
        ValueError: tokens of another rank, a state that was not tiled, or a coverage penalty without
            attention.
    """

    def __init__(
        self,
        cell: Any,
        embedding: Any,
        start_tokens: Any,
        end_token: Any,
        initial_state: Any,
        beam_width: int,
        output_layer: Any = None,
        length_penalty_weight: Any = 0.0,
        coverage_penalty_weight: Any = 0.0,
        reorder_tensor_arrays: bool = True,
    ) -> None:
        assert_like_rnncell("cell", cell)
        if output_layer is not None and not isinstance(output_layer, Layer):
            raise TypeError(f"output_layer must be a Layer, received: {type(output_layer)}")
        self._cell, self._output_layer, self._beam_width = cell, output_layer, beam_width
        self._reorder_tensor_arrays = reorder_tensor_arrays
        self._length_penalty_weight = length_penalty_weight
        self._coverage_penalty_weight = coverage_penalty_weight
        self._embedding_fn = embedding_function(embedding)
        start, self._end_token = checked_tokens(start_tokens, end_token)
        self._batch_size = array.size(start)
        self._initial_cell_state = nest.map_structure(
            self._maybe_split_batch_beams, initial_state, cell.state_size
        )
        self._start_tokens = picking.tile(array.expand_dims(start, 1), [1, beam_width])
        self._start_inputs = self._embedding_fn(self._start_tokens)
        self._finished = logical_not(self._first_beams(bool_, True, False))

    def _first_beams(self, dtype: Any, first: Any, others: Any) -> Tensor:
        """`[batch, beam_width]`: one value for the first beam, another for the others."""
        rows = array.zeros([self._batch_size], dtype=int32)
        return picking.one_hot(rows, self._beam_width, on_value=first, off_value=others, dtype=dtype)

    @property
    def batch_size(self) -> Any:
        return self._batch_size

    @property
    def tracks_own_finished(self) -> bool:
        return True

    def _rnn_output_size(self) -> Any:
        return layer_output_size(self._cell.output_size, self._output_layer)

    @property
    def output_size(self) -> Any:
        width = TensorShape([self._beam_width])
        return BeamSearchDecoderOutput(width, width, width)

    @property
    def output_dtype(self) -> Any:
        dtype = nest.flatten(self._initial_cell_state)[0].dtype
        scores = nest.map_structure(lambda _: dtype, self._rnn_output_size())
        return BeamSearchDecoderOutput(scores, int32, int32)

    def initialize(self, name: str | None = None) -> Any:
        dtype = nest.flatten(self._initial_cell_state)[0].dtype.base_dtype
        accumulated = attention_probs(self._initial_cell_state, self._coverage_penalty_weight)
        state = BeamSearchDecoderState(
            cell_state=self._initial_cell_state,
            log_probs=self._first_beams(dtype, constant(0.0, dtype), constant(-python_math.inf, dtype)),
            finished=self._finished,
            lengths=array.zeros([self._batch_size, self._beam_width], dtype=int64),
            accumulated_attention_probs=() if accumulated is None else accumulated,
        )
        return self._finished, self._start_inputs, state

    def step(self, time: Any, inputs: Any, state: Any, name: str | None = None) -> Any:
        with name_scope(name, "BeamSearchDecoderStep", (time, inputs, state)):
            inputs = nest.map_structure(lambda leaf: self._merge_batch_beams(leaf, leaf.shape[2:]), inputs)
            cell_state = nest.map_structure(
                self._maybe_merge_batch_beams, state.cell_state, self._cell.state_size
            )
            outputs, next_cell_state = self._cell(inputs, cell_state)
            outputs = nest.map_structure(lambda leaf: self._split_batch_beams(leaf, leaf.shape[1:]), outputs)
            next_cell_state = nest.map_structure(
                self._maybe_split_batch_beams, next_cell_state, self._cell.state_size
            )
            if self._output_layer is not None:
                outputs = self._output_layer(outputs)
            output, next_state = beam_search_step(
                time,
                outputs,
                next_cell_state,
                state,
                self._batch_size,
                self._beam_width,
                self._end_token,
                self._length_penalty_weight,
                self._coverage_penalty_weight,
            )
            next_inputs = cond(
                reduce_all(next_state.finished),
                lambda: self._start_inputs,
                lambda: self._embedding_fn(output.predicted_ids),
            )
        return output, next_state, next_inputs, next_state.finished

    def finalize(self, outputs: Any, final_state: Any, sequence_lengths: Any) -> Any:
        """(the hypotheses and the outputs, the state with its TensorArrays put in order)."""
        longest = cast(reduce_max(final_state.lengths, axis=1), int32)
        predicted = gather_tree(outputs.predicted_ids, outputs.parent_ids, longest, end_token=self._end_token)
        if self._reorder_tensor_arrays:
            final_state = final_state._replace(
                cell_state=nest.map_structure(
                    lambda leaf: self._maybe_sort_array_beams(leaf, outputs.parent_ids, final_state.lengths),
                    final_state.cell_state,
                )
            )
        return FinalBeamSearchDecoderOutput(predicted, outputs), final_state

    def _static(self) -> int | None:
        known = constant_value(self._batch_size)
        return None if known is None else int(known)

    def _merge_batch_beams(self, t: Any, s: Any = None) -> Tensor:
        """`[batch, beam_width, ...]` as `[batch * beam_width, ...]`."""
        rows = self._static()
        merged = one("MergeBeams", [t], "Reshape")
        merged.set_shape(
            TensorShape([None if rows is None else rows * self._beam_width]).concatenate(_depth(s))
        )
        return merged

    def _split_batch_beams(self, t: Any, s: Any = None) -> Tensor:
        """`[batch * beam_width, ...]` as `[batch, beam_width, ...]`.

        Raises:
            ValueError: the rows are not that many.
        """
        expected = TensorShape([self._static(), self._beam_width]).concatenate(_depth(s))
        split = one("SplitBeams", [t, self._batch_size], "Reshape", beam_width=self._beam_width)
        if not split.shape.is_compatible_with(expected):
            raise ValueError(
                "Unexpected behavior when reshaping between beam width and batch size.  The reshaped tensor "
                f"has shape: {split.shape}.  We expected it to have shape (batch_size, beam_width, depth) == "
                f"{expected}.  Perhaps you forgot to create a zero_state with batch_size=encoder_batch_size "
                "* beam_width?"
            )
        split.set_shape(expected)
        return split

    def _maybe_split_batch_beams(self, t: Any, s: Any) -> Any:
        if isinstance(t, TensorArray):
            return t
        _check_rank(t)
        return self._split_batch_beams(t, s) if t.shape.ndims >= 1 else t

    def _maybe_merge_batch_beams(self, t: Any, s: Any) -> Any:
        if isinstance(t, TensorArray):
            return t
        _check_rank(t)
        return self._merge_batch_beams(t, s) if t.shape.ndims >= 2 else t

    def _maybe_sort_array_beams(self, t: Any, parent_ids: Any, sequence_length: Any) -> Any:
        """What a TensorArray holds, in the order of the hypotheses, where its elements have beams."""
        if not isinstance(t, TensorArray):
            return t
        shape = t.element_shape
        if shape.ndims is None or shape.ndims < 1:
            logging.warn(
                f"The TensorArray {t.handle.name} in the cell state is not amenable to sorting based on the "
                "beam search result. For a TensorArray to be sorted, its elements shape must be defined and "
                f"have at least a rank of 1, but saw shape: {shape}"
            )
            return t
        if not _can_have_beams(shape, self._static(), self._beam_width):
            return t
        return gather_tree_from_array(t.stack(), parent_ids, sequence_length)


def beam_search_step(
    time: Any,
    logits: Any,
    next_cell_state: Any,
    beam_state: BeamSearchDecoderState,
    batch_size: Any,
    beam_width: int,
    end_token: Any,
    length_penalty_weight: Any,
    coverage_penalty_weight: Any,
) -> tuple[BeamSearchDecoderOutput, BeamSearchDecoderState]:
    """The hypotheses after a step, and the state that goes with them (TensorFlow's `_beam_search_step`)."""
    coverage = convert_to_tensor(coverage_penalty_weight, float32, name="coverage_penalty_weight")
    if coverage.shape.ndims != 0:
        raise ValueError(f"coverage_penalty_weight should be a scalar, but saw shape: {coverage.shape}")
    weight = convert_to_tensor(length_penalty_weight, float32, name="penalty_factor")
    weight.set_shape(())
    known = constant_value(weight)
    attention = attention_probs(next_cell_state, coverage_penalty_weight)
    end_token = convert_to_tensor(end_token, int32)
    inputs = [
        convert_to_tensor(logits),
        convert_to_tensor(beam_state.log_probs),
        convert_to_tensor(beam_state.finished),
        convert_to_tensor(beam_state.lengths),
        end_token,
        weight,
        coverage,
    ]
    if attention is not None:
        inputs += [cast(attention, float32), beam_state.accumulated_attention_probs]
    found = decoding.beam_search_step(inputs, has_length_penalty=known is None or float(known) != 0.0)
    scores, ids, parents, log_probs, finished, lengths, places = found[:7]
    next_state = BeamSearchDecoderState(
        cell_state=nest.map_structure(lambda leaf: _gathered(leaf, places), next_cell_state),
        log_probs=log_probs,
        finished=finished,
        lengths=lengths,
        accumulated_attention_probs=found[7] if attention is not None else (),
    )
    return BeamSearchDecoderOutput(scores, ids, parents), next_state


def _gathered(leaf: Any, places: Tensor) -> Any:
    """A part of the cells' state, of the beams that hypotheses go on from."""
    if isinstance(leaf, TensorArray):
        return leaf
    _check_rank(leaf)
    return one("GatherBeams", [leaf, places], "tensor_gather_helper") if leaf.shape.ndims >= 2 else leaf


def _depth(size: Any) -> TensorShape:
    """What is known of a size."""
    if isinstance(size, Tensor):
        known = constant_value(size)
        return TensorShape([None]) if known is None else as_shape(known.tolist())
    return TensorShape(None) if size is None else as_shape(size)


def _check_rank(t: Any) -> None:
    if t.shape.ndims is None:
        raise ValueError(f"Expected tensor ({t}) to have known rank, but ndims == None.")


def _can_have_beams(shape: TensorShape, batch_size: int | None, beam_width: int) -> bool:
    first = shape[0].value
    second = shape[1].value if shape.ndims and shape.ndims >= 2 else None
    if batch_size is None or first is None:
        return True
    # As in TensorFlow, elements of known depth must be [batch, beam_width, ...].
    fits = first == batch_size * beam_width
    if fits and (second is None or (first == batch_size and second == beam_width)):
        return True
    logging.warn(
        "TensorArray reordering expects elements to be reshapable to "
        f"{TensorShape([batch_size, beam_width, None])} which is incompatible with the current shape "
        f"{shape}. Consider setting reorder_tensor_arrays to False to disable TensorArray reordering during "
        "the beam search."
    )
    return False


def attention_probs(cell_state: Any, coverage_penalty_weight: Any) -> Tensor | None:
    """The alignments of a state, their mean where there are several; None without a coverage penalty
    (TensorFlow's `get_attention_probs`).

    Raises:
        ValueError: a penalty, and no cell with attention.
    """
    if isinstance(coverage_penalty_weight, (int, float)) and coverage_penalty_weight == 0.0:
        return None
    states = [cell_state] if isinstance(cell_state, AttentionWrapperState) else cell_state
    states = states if isinstance(states, tuple | list) else [states]
    layers = [_mean(s.alignments) for s in states if isinstance(s, AttentionWrapperState)]
    if not layers:
        raise ValueError("coverage_penalty_weight must be 0.0 if no cell is attentional.")
    return _mean(tuple(layers))


def _mean(alignments: Any) -> Any:
    if not isinstance(alignments, tuple):
        return alignments
    if len(alignments) == 1:
        return alignments[0]
    beside = lists.concat([array.expand_dims(each, -1) for each in alignments], -1)
    return reduce_mean(beside, -1)
