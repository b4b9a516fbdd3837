"""Decoders, and the loop that runs them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ostinato._state import Nest, map_nest
from ostinato.cells import check_cell
from ostinato.drivers.helpers import Helper, TrainingHelper


class BasicDecoderOutput(NamedTuple):
    """What a `BasicDecoder` gives: outputs and sampled ids."""

    rnn_output: Tensor
    sample_id: Tensor


class Decoder:
    """Base of the decoders: derive from it, and define `initialize` and `step`.

    TF1: `tf.contrib.seq2seq.Decoder`.
    """

    tracks_own_finished = False
    """Whether `step` tells of all rows that have finished so far, not only of those that do then."""

    def initialize(self) -> tuple[Tensor, Nest, Nest]:
        """(which rows have finished `[batch]`, the first inputs, the first state)."""
        raise NotImplementedError(f"{type(self).__name__} does not define initialize().")

    def step(self, time: int, inputs: Nest, state: Nest) -> tuple[Nest, Nest, Nest, Tensor]:
        """(outputs, next state, next inputs, which rows have finished)."""
        raise NotImplementedError(f"{type(self).__name__} does not define step(time, inputs, state).")

    def finalize(self, outputs: Nest, state: Nest, sequence_lengths: Tensor) -> tuple[Nest, Nest]:
        """(outputs, state) as `dynamic_decode` is to give them; `outputs` are those of all steps, `[time,
        batch, ...]`.
        """
        return outputs, state


class BasicDecoder(Decoder):
    """Steps a cell, samples, and takes what a helper makes of the samples as the next inputs. TF1:
    `tf.contrib.seq2seq.BasicDecoder`.

    Args:
        cell: a cell.
        helper: a `Helper`.
        initial_state: a state of the cell.
        output_layer: a module or function for the cell's outputs, `nn.Linear` for one; or None.

    Raises:
        TypeError: what is no cell, helper or function.
    """

    def __init__(
        self,
        cell: Any,
        helper: Helper,
        initial_state: Nest,
        output_layer: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        check_cell(cell)
        if not isinstance(helper, Helper):
            raise TypeError(f"helper must be a Helper, received: {type(helper)}")
        if output_layer is not None and not callable(output_layer):
            raise TypeError(f"output_layer must be callable, received: {type(output_layer)}")
        self._cell, self._helper = cell, helper
        self._initial_state, self._output_layer = initial_state, output_layer
        # A linear layer is quicker for all steps at once, where no step's inputs depend on what it gives.
        self._layer_waits = type(helper) is TrainingHelper and type(output_layer) is torch.nn.Linear

    def initialize(self) -> tuple[Tensor, Nest, Nest]:
        return (*self._helper.initialize(), self._initial_state)

    def step(self, time: int, inputs: Nest, state: Nest) -> tuple[Nest, Nest, Nest, Tensor]:
        outputs, cell_state = self._cell(inputs, state)
        if self._layer_waits:
            finished, inputs, state = self._helper.next_inputs(time, outputs, cell_state, outputs)
            return outputs, state, inputs, finished
        if self._output_layer is not None:
            outputs = self._output_layer(outputs)
        ids = self._helper.sample(time, outputs, cell_state)
        finished, inputs, state = self._helper.next_inputs(time, outputs, cell_state, ids)
        return BasicDecoderOutput(outputs, ids), state, inputs, finished

    def finalize(self, outputs: Nest, state: Nest, sequence_lengths: Tensor) -> tuple[Nest, Nest]:
        if self._layer_waits and self._output_layer is not None:
            logits = self._output_layer(outputs)
            outputs = BasicDecoderOutput(logits, logits.argmax(-1))
        return outputs, state


class Decoded(NamedTuple):
    """What `dynamic_decode` gives."""

    outputs: Nest
    state: Nest
    sequence_lengths: Tensor


def dynamic_decode(
    decoder: Decoder,
    *,
    output_time_major: bool = False,
    impute_finished: bool = False,
    maximum_iterations: int | None = None,
    keep: Callable[[Nest], Nest] | None = None,
) -> Decoded:
    """Step a decoder until every row has finished. TF1: `tf.contrib.seq2seq.dynamic_decode`.

    Args:
        decoder: a `Decoder`.
        output_time_major: whether outputs are `[time, batch, ...]`.
        impute_finished: whether rows that have finished keep their state and emit zeros.
        maximum_iterations: the most steps.
        keep: a function of the state after a step, as `lambda state: state.alignments`: what it gives of all
            steps is given beside the outputs, as (outputs, kept).

    Returns:
        the outputs of all steps, the final state, and how many steps each row took.

    Raises:
        TypeError: no decoder.
        ValueError: no step is taken, so that nothing tells the outputs' shapes.

    >>> from ostinato import GRUCell
    >>> cell, x = GRUCell(4, input_size=3), torch.ones(2, 5, 3)
    >>> helper = TrainingHelper(x, torch.tensor([5, 3]))
    >>> outputs, state, lengths = dynamic_decode(BasicDecoder(cell, helper, cell.zero_state(2)))
    >>> outputs.rnn_output.shape, lengths
    (torch.Size([2, 5, 4]), tensor([5, 3]))
    """
    if not isinstance(decoder, Decoder):
        raise TypeError(f"Expected decoder to be type Decoder, but saw: {type(decoder)}")
    finished, inputs, state = decoder.initialize()
    lengths = torch.zeros_like(finished, dtype=torch.int64)
    emitted: list[Nest] = []
    kept: list[Nest] = []
    time = 0
    while not bool(finished.all()) and (maximum_iterations is None or time < maximum_iterations):
        outputs, next_state, inputs, ended = decoder.step(time, inputs, state)
        if impute_finished:
            outputs = map_nest(
                lambda leaf, over=finished: _unless(over, torch.zeros_like(leaf), leaf), outputs
            )
            next_state = map_nest(lambda old, new, over=finished: _unless(over, old, new), state, next_state)
        lengths = torch.where(finished, lengths, time + 1)
        finished = ended if decoder.tracks_own_finished else finished | ended
        state = next_state
        emitted.append(outputs)
        if keep is not None:
            kept.append(keep(state))
        time += 1
    if not emitted:
        raise ValueError(
            "No step was taken: every row had finished at the start, or maximum_iterations is 0."
        )
    outputs, state = decoder.finalize(_stacked(emitted), state, lengths)
    if impute_finished and not decoder.tracks_own_finished:
        # What finalize makes of zeros, a layer with a bias for one, need not be zeros.
        steps = torch.arange(time, device=lengths.device).unsqueeze(1)
        outputs = map_nest(partial(_zero_where, steps >= lengths), outputs)
    results = (outputs, _stacked(kept)) if keep is not None else outputs
    if not output_time_major:
        results = map_nest(lambda leaf: leaf.transpose(0, 1), results)
    return Decoded(results, state, lengths)


def _stacked(steps: list[Nest]) -> Nest:
    return map_nest(lambda *values: torch.stack(values), *steps)


def _zero_where(finished: Tensor, value: Tensor) -> Tensor:
    return _unless(finished, torch.zeros_like(value), value)


def _unless(finished: Tensor, old: Tensor, new: Tensor) -> Tensor:
    """`new`, and `old` in the rows that had finished; scalars go on for all."""
    if not new.dim():
        return new
    return torch.where(finished.reshape(finished.shape + (1,) * (new.dim() - finished.dim())), old, new)
