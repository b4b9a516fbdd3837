"""Decoding with the best hypotheses of each row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ostinato._state import Nest, leaves, map_nest
from ostinato.cells import check_cell
from ostinato.drivers.decoding import Decoder
from ostinato.drivers.helpers import embedding_function
from ostinato.steps import beam_search


class BeamSearchState(NamedTuple):
    """The state of a `BeamSearchDecoder`; the cell's is of `batch * beam_width` rows."""

    cell_state: Nest
    log_probs: Tensor
    finished: Tensor
    lengths: Tensor
    accumulated: Tensor | None


class BeamSearchOutput(NamedTuple):
    """What a step gives: `[batch, beam_width]` each."""

    scores: Tensor
    predicted_ids: Tensor
    parent_ids: Tensor


class FinalBeamSearchOutput(NamedTuple):
    """What decoding gives: the hypotheses, the best first, and the outputs of the steps."""

    predicted_ids: Tensor
    steps: BeamSearchOutput


def tile_batch(nest: Nest, multiplier: int) -> Nest:
    """Each row of the tensors `multiplier` times in a row: what a memory and states are for beam search. TF1:
    `tf.contrib.seq2seq.tile_batch`.

    >>> tile_batch(torch.tensor([1, 2]), 2)
    tensor([1, 1, 2, 2])
    """
    return map_nest(lambda leaf: leaf.repeat_interleave(multiplier, 0), nest)


def gather_tree(step_ids: Tensor, parent_ids: Tensor, max_sequence_lengths: Tensor, end_token: int) -> Tensor:
    """Whole hypotheses from the symbols and parents of each step, `[time, batch, beam_width]`. TF1:
    `tf.contrib.seq2seq.gather_tree`.

    Raises:
        ValueError: shapes that do not fit, or a parent that is no beam.
    """
    return beam_search.gather_tree(step_ids, parent_ids, max_sequence_lengths, end_token)


class BeamSearchDecoder(Decoder):
    """Decodes with the `beam_width` best hypotheses of each row. TF1: `tf.contrib.seq2seq.BeamSearchDecoder`.

    Args:
        cell: a cell; one with attention attends to a memory of tiled values (`tile_batch`).
        embedding: a table, a module or a function of ids.
        start_tokens: `[batch]` ids to begin with.
        end_token: the id that ends a hypothesis.
        initial_state: the cell's state for `batch * beam_width` rows (`tile_batch`).
        beam_width: how many hypotheses.
        output_layer: a module or function from the cell's outputs to scores of the symbols, or None.
        length_penalty_weight: of the penalty ((5 + length) / 6) ** weight by which scores are divided (Wu et
            al. 2016).
        coverage_penalty_weight: of the penalty for parts of the memory that were not attended to; the cell's
            state then has `alignments`.

    `dynamic_decode` gives hypotheses `[batch, time, beam_width]`, the best first.

    Raises:
        ValueError: start tokens that are no vector, a state that was not tiled, or a coverage penalty without
            attention.

    >>> from ostinato import GRUCell
    >>> from ostinato.drivers import dynamic_decode
    >>> cell, table = GRUCell(6, input_size=3), torch.ones(6, 3)
    >>> start, state = torch.tensor([1, 2]), cell.zero_state(2 * 4)
    >>> found = dynamic_decode(BeamSearchDecoder(cell, table, start, 0, state, 4), maximum_iterations=5)
    >>> rows, steps, beams = found.outputs.predicted_ids.shape
    >>> rows, steps <= 5, beams
    (2, True, 4)
    """

    tracks_own_finished = True

    def __init__(
        self,
        cell: Any,
        embedding: Any,
        start_tokens: Tensor,
        end_token: int,
        initial_state: Nest,
        beam_width: int,
        output_layer: Callable[[Tensor], Tensor] | None = None,
        *,
        length_penalty_weight: float = 0.0,
        coverage_penalty_weight: float = 0.0,
    ) -> None:
        check_cell(cell)
        if start_tokens.dim() != 1:
            raise ValueError("start_tokens must be a vector")
        rows = start_tokens.shape[0] * beam_width
        for leaf in leaves(initial_state):
            if leaf.dim() and leaf.shape[0] != rows:
                raise ValueError(
                    f"initial_state has {leaf.shape[0]} rows where batch * beam_width is {rows}: tile it "
                    "with tile_batch(state, beam_width)."
                )
        if coverage_penalty_weight and not hasattr(initial_state, "alignments"):
            raise ValueError("coverage_penalty_weight must be 0.0 if no cell is attentional.")
        self._cell, self._embedding = cell, embedding_function(embedding)
        self._start_tokens, self._end_token = start_tokens, end_token
        self._initial_state, self._beam_width = initial_state, beam_width
        self._output_layer = output_layer
        self._length_weight, self._coverage_weight = length_penalty_weight, coverage_penalty_weight

    def initialize(self) -> tuple[Tensor, Nest, Nest]:
        batch, width = self._start_tokens.shape[0], self._beam_width
        like = leaves(self._initial_state)[0]
        finished = torch.ones(batch, width, dtype=torch.bool, device=like.device)
        finished[:, 0] = False
        log_probs = like.new_full((batch, width), -torch.inf)
        log_probs[:, 0] = 0.0
        accumulated = None
        if self._coverage_weight:
            alignments = self._initial_state.alignments
            accumulated = alignments.reshape(batch, width, -1)
        lengths = torch.zeros(batch, width, dtype=torch.int64, device=like.device)
        tokens = self._start_tokens.repeat_interleave(width)
        state = BeamSearchState(self._initial_state, log_probs, finished, lengths, accumulated)
        return finished, self._embedding(tokens), state

    def step(self, time: int, inputs: Nest, state: BeamSearchState) -> tuple[Nest, Nest, Nest, Tensor]:
        batch, width = state.log_probs.shape
        outputs, cell_state = self._cell(inputs, state.cell_state)
        if self._output_layer is not None:
            outputs = self._output_layer(outputs)
        alignments = None
        if self._coverage_weight:
            alignments = cell_state.alignments.reshape(batch, width, -1)
        best = beam_search.beam_search_step(
            outputs.reshape(batch, width, -1),
            state.log_probs,
            state.finished,
            state.lengths,
            self._end_token,
            length_penalty_weight=self._length_weight,
            coverage_penalty_weight=self._coverage_weight,
            attention=alignments,
            accumulated=state.accumulated,
        )
        chosen = map_nest(lambda leaf: leaf[best.places] if leaf.dim() else leaf, cell_state)
        next_state = BeamSearchState(chosen, best.log_probs, best.finished, best.lengths, best.accumulated)
        ids = best.predicted_ids.to(torch.int64)
        output = BeamSearchOutput(best.scores, ids, best.parent_ids.to(torch.int64))
        return output, next_state, self._embedding(ids.reshape(-1)), best.finished

    def finalize(self, outputs: Nest, state: Nest, sequence_lengths: Tensor) -> tuple[Nest, Nest]:
        longest = state.lengths.amax(1)
        whole = gather_tree(outputs.predicted_ids, outputs.parent_ids, longest, self._end_token)
        return FinalBeamSearchOutput(whole, outputs), state
