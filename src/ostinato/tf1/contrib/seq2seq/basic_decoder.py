"""The decoder of a cell and a helper (TF1 symbol: `tf.contrib.seq2seq.BasicDecoder`)."""

from __future__ import annotations

from typing import Any, NamedTuple

from ... import nest
from ...graph import name_scope
from ...keras_base import Layer
from ...rnn_cell_base import assert_like_rnncell
from ...shapes import TensorShape, as_shape
from .decoder import Decoder
from .helpers import Helper

__all__ = ["BasicDecoder", "BasicDecoderOutput"]


class BasicDecoderOutput(NamedTuple):
    """What a `BasicDecoder` gives: outputs and sampled ids (TF1 symbol:
    `tf.contrib.seq2seq.BasicDecoderOutput`).
    """

    rnn_output: Any
    sample_id: Any


class BasicDecoder(Decoder):
    """Steps a cell, samples, and takes what a helper makes of the samples as the next inputs (TF1 symbol:
    `tf.contrib.seq2seq.BasicDecoder`).

    Args:
        cell: a cell.
        helper: a `Helper`.
        initial_state: a state of the cell.
        output_layer: a layer for the cell's outputs, or None.

    Raises:
        TypeError: what is no cell, helper or layer.
    """

    def __init__(self, cell: Any, helper: Any, initial_state: Any, output_layer: Any = None) -> None:
        assert_like_rnncell("cell", cell)
        if not isinstance(helper, Helper):
            raise TypeError(f"helper must be a Helper, received: {type(helper)}")
        if output_layer is not None and not isinstance(output_layer, Layer):
            raise TypeError(f"output_layer must be a Layer, received: {type(output_layer)}")
        self._cell, self._helper = cell, helper
        self._initial_state, self._output_layer = initial_state, output_layer

    @property
    def batch_size(self) -> Any:
        return self._helper.batch_size

    def _rnn_output_size(self) -> Any:
        return layer_output_size(self._cell.output_size, self._output_layer)

    @property
    def output_size(self) -> Any:
        return BasicDecoderOutput(self._rnn_output_size(), self._helper.sample_ids_shape)

    @property
    def output_dtype(self) -> Any:
        dtype = nest.flatten(self._initial_state)[0].dtype
        return BasicDecoderOutput(
            nest.map_structure(lambda _: dtype, self._rnn_output_size()), self._helper.sample_ids_dtype
        )

    def initialize(self, name: str | None = None) -> Any:
        return (*self._helper.initialize(), self._initial_state)

    def step(self, time: Any, inputs: Any, state: Any, name: str | None = None) -> Any:
        with name_scope(name, "BasicDecoderStep", (time, inputs, state)):
            outputs, cell_state = self._cell(inputs, state)
            if self._output_layer is not None:
                outputs = self._output_layer(outputs)
            sample_ids = self._helper.sample(time=time, outputs=outputs, state=cell_state)
            finished, next_inputs, next_state = self._helper.next_inputs(
                time=time, outputs=outputs, state=cell_state, sample_ids=sample_ids
            )
        return BasicDecoderOutput(outputs, sample_ids), next_state, next_inputs, finished


def layer_output_size(size: Any, layer: Any) -> Any:
    """The size of a cell's outputs after a layer."""
    if layer is None:
        return size
    shapes = nest.map_structure(lambda leaf: TensorShape([None]).concatenate(as_shape(leaf)), size)
    return nest.map_structure(lambda leaf: as_shape(leaf)[1:], layer.compute_output_shape(shapes))
