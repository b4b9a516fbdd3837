"""The decoder of a cell and a helper (TF1 symbol: `tf.contrib.seq2seq.BasicDecoder`)."""

from __future__ import annotations

from typing import Any, NamedTuple

from ... import layers_core, nest
from ...activations import linear
from ...dtypes import int32
from ...graph import name_scope
from ...keras.layers.core import Dense
from ...keras_base import Layer
from ...ops import array
from ...ops.core import one
from ...ops.picking import sequence_mask
from ...rnn_cell_base import assert_like_rnncell
from ...shapes import TensorShape, as_shape
from .decoder import Decoder
from .helpers import Helper, TrainingHelper

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

    def _taken_apart(self) -> tuple[Any, Any]:
        if type(self) is BasicDecoder and type(self._helper) is TrainingHelper and self._has_plain_layer():
            return _CellAlone(self), self._after_cell
        return self, None

    def _has_plain_layer(self) -> bool:
        """Whether the output layer may be applied to the outputs of all steps at once."""
        layer = self._output_layer
        return (
            isinstance(layer, Dense)
            and type(layer).call is Dense.call
            and type(layer).__call__ in (Dense.__call__, layers_core.Dense.__call__)
            and layer.activation in (None, linear)
            and layer._activity_regularizer is None
            and not nest.is_sequence(self._cell.output_size)
        )

    def _after_cell(self, outputs: Any, lengths: Any, time_major: bool) -> BasicDecoderOutput:
        """What the layer makes of all the cell's outputs; zeros past the lengths, if they are given."""
        states = outputs.rnn_output
        if not time_major:
            states = array.transpose(states, [1, 0, 2], name="cell_outputs")
        layer: Any = self._output_layer
        logits = layer(states)
        results = [logits, self._helper.sample(time=None, outputs=logits, state=None)]
        if lengths is not None:
            mask = sequence_mask(lengths, maxlen=array.shape(states)[0 if time_major else 1])
            mask = array.transpose(mask, name="steps") if time_major else mask
            results = [one("ZeroPastLengths", [result, mask], "Select") for result in results]
        names = ["transpose", "transpose"]
        if time_major:
            names = [f"{scope}/TensorArrayGatherV3" for scope in ("TensorArrayStack", "TensorArrayStack_1")]
        named = [array.identity(result, name=name) for result, name in zip(results, names, strict=True)]
        return BasicDecoderOutput(*named)


class _CellAlone(Decoder):
    """A `BasicDecoder` without its output layer and its samples, on which the next inputs do not depend."""

    def __init__(self, decoder: BasicDecoder) -> None:
        self._decoder = decoder

    @property
    def batch_size(self) -> Any:
        return self._decoder.batch_size

    @property
    def output_size(self) -> Any:
        return BasicDecoderOutput(as_shape(self._decoder._cell.output_size), TensorShape([]))

    @property
    def output_dtype(self) -> Any:
        return BasicDecoderOutput(nest.flatten(self._decoder._initial_state)[0].dtype, int32)

    def initialize(self, name: str | None = None) -> Any:
        return self._decoder.initialize(name)

    def step(self, time: Any, inputs: Any, state: Any, name: str | None = None) -> Any:
        with name_scope(name, "BasicDecoderStep", (time, inputs, state)):
            outputs, cell_state = self._decoder._cell(inputs, state)
            finished, next_inputs, next_state = self._decoder._helper.next_inputs(
                time=time, outputs=outputs, state=cell_state, sample_ids=None
            )
        # Nothing looks at these samples, and so they are not computed.
        samples = array.zeros_like(finished, dtype=int32)
        return BasicDecoderOutput(outputs, samples), next_state, next_inputs, finished


def layer_output_size(size: Any, layer: Any) -> Any:
    """The size of a cell's outputs after a layer."""
    if layer is None:
        return size
    shapes = nest.map_structure(lambda leaf: TensorShape([None]).concatenate(as_shape(leaf)), size)
    return nest.map_structure(lambda leaf: as_shape(leaf)[1:], layer.compute_output_shape(shapes))
