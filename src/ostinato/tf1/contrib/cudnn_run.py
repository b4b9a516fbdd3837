"""cuDNN's networks as nodes: for each layer a loop over time, or one each way."""

from __future__ import annotations

from typing import Any

from ostinato import steps

from ..cell_description import Leaf
from ..graph import name_scope
from ..ops import array, lists, nn, picking
from ..ops import rnn as rnn_ops
from ..ops.core import convert_to_tensor, make
from ..registry import register
from ..rnn_arguments import lengths_of_rows, transpose_batch_time
from ..tensor import Tensor
from .cudnn_converters import cells_of
from .cudnn_params import CUDNN_LSTM, CUDNN_RNN_RELU, CudnnModel, split_params

# TensorFlow's node for the whole network is here the place where its results get their names.
for _op_type in ("CudnnRNN", "CudnnRNNV3"):
    register(
        _op_type,
        lambda *results: list(results),
        lambda inputs, attributes: [(tensor.dtype.base_dtype, tensor.shape) for tensor in inputs],
    )


def run_network(
    model: CudnnModel,
    inputs: Any,
    input_h: Any,
    input_c: Any,
    params: Any,
    is_training: bool,
    sequence_lengths: Any = None,
    time_major: bool = True,
    dropout: float = 0.0,
    seed: int | None = None,
    name: str | None = None,
) -> list[Tensor]:
    """The outputs, h, and of an LSTM c.

    Args:
        inputs: `[time, batch, input_size]`, or `[batch, time, input_size]` without `time_major`.
        input_h, input_c: `[layers * directions, batch, units]`, or `[batch, layers * directions, units]`
            without `time_major`; `input_c` of an LSTM only.
        params: the vector of parameters.
        is_training: whether there is dropout between layers.
        sequence_lengths: integers `[batch]`, or None. Past a row's length its outputs are zeros; its state
            is that at its length, and the way back begins there.

    Raises:
        TypeError: `is_training` is no bool.
        ValueError: a shape does not fit, or a dropout outside [0, 1].
    """
    if not isinstance(is_training, bool):
        raise TypeError(f"Expected bool for argument 'is_training' not {is_training!r}.")
    if not 0.0 <= dropout <= 1.0:
        raise ValueError(f"dropout must be in the range [0, 1], but is {dropout}.")
    has_cells = model.rnn_mode == CUDNN_LSTM
    with name_scope(name, "cudnn_rnn", [inputs]):
        values = convert_to_tensor(inputs)
        lengths = lengths_of_rows(sequence_lengths, "")
        states = [convert_to_tensor(state) for state in ([input_c, input_h] if has_cells else [input_h])]
        if not time_major:
            values, states = transpose_batch_time(values), [transpose_batch_time(state) for state in states]
        count = model.num_layers * model.directions
        starts = list(zip(*[lists.unstack(state, count) for state in states], strict=True))
        cells = cells_of(model, *split_params(model, params))
        finals: list[list[Tensor]] = []
        for layer in range(model.num_layers):
            if layer and is_training and dropout:
                values = _dropped(values, dropout, None if seed is None else seed + layer)
            outputs = []
            for direction in range(model.directions):
                index = layer * model.directions + direction
                output, final = _loop(
                    model, values, starts[index], cells[index], lengths, backwards=direction == 1
                )
                outputs.append(output)
                finals.append(final)
            values = lists.concat(outputs, 2) if len(outputs) > 1 else outputs[0]
        ends = [lists.stack(list(leaves)) for leaves in zip(*finals, strict=True)]
        if not time_major:
            values, ends = transpose_batch_time(values), [transpose_batch_time(end) for end in ends]
    is_third = lengths is not None or not time_major or bool(model.num_proj)
    op_type = "CudnnRNNV3" if is_third else "CudnnRNN"
    return list(make(op_type, [values, *reversed(ends)], name or op_type).outputs)


def _dropped(values: Tensor, dropout: float, seed: int | None) -> Tensor:
    """What passes from a layer to the next one; a mask of its own for each, by the seed."""
    return array.zeros_like(values) if dropout == 1.0 else nn.dropout(values, rate=dropout, seed=seed)


def _loop(
    model: CudnnModel, values: Tensor, start: Any, cell: dict[str, Tensor], lengths: Any, backwards: bool
) -> tuple[Tensor, list[Tensor]]:
    """One direction of a layer."""

    def turned(tensor: Tensor) -> Tensor:
        if not backwards:
            return tensor
        if lengths is None:
            return picking.reverse(tensor, [0])
        return picking.reverse_sequence(tensor, lengths, 0, 1)

    family = _family(model)
    names = tuple(parameter.name for parameter in family.parameters(1))
    bound = [cell[name] for name in names]
    outputs, final = rnn_ops.loop(
        Leaf(family, names),
        [turned(values)],
        list(start),
        bound,
        None,
        lengths,
        time_major=True,
        swap_memory=False,
    )
    return turned(outputs[0]), list(final)


def _family(model: CudnnModel) -> Any:
    if model.rnn_mode == CUDNN_LSTM:
        return steps.LSTM(model.num_units, forget_bias=0.0, num_proj=model.num_proj)
    if model.kind == "GRU":
        return steps.ResetAfterGRU(model.num_units)
    return steps.BasicRNN(model.num_units, "relu" if model.rnn_mode == CUDNN_RNN_RELU else "tanh")


def state_of_zeros(shape: list[Any], dtype: Any, time_major: bool) -> Tensor:
    """The state to start from where none is given, of a shape as with `time_major`."""
    layers, batch, units = shape
    return array.zeros([layers, batch, units] if time_major else [batch, layers, units], dtype)
