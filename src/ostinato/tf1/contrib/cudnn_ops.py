"""cuDNN's networks over a vector of parameters that the caller keeps (TF1 module:
`tensorflow.contrib.cudnn_rnn.python.ops.cudnn_rnn_ops`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..dtypes import float32
from ..ops.core import constant
from ..tensor import Tensor
from .cudnn_params import (
    CUDNN_GRU,
    CUDNN_INPUT_LINEAR_MODE,
    CUDNN_LSTM,
    CUDNN_RNN_RELU,
    CUDNN_RNN_TANH,
    CUDNN_RNN_UNIDIRECTION,
    CudnnModel,
    check_direction,
    check_input_mode,
    check_rnn_mode,
    join_params,
    split_params,
)
from .cudnn_run import run_network

__all__ = [
    "CudnnGRU",
    "CudnnLSTM",
    "CudnnRNNRelu",
    "CudnnRNNTanh",
    "cudnn_gru",
    "cudnn_lstm",
    "cudnn_rnn_canonical_to_opaque_params",
    "cudnn_rnn_opaque_params_size",
    "cudnn_rnn_opaque_params_to_canonical",
    "cudnn_rnn_relu",
    "cudnn_rnn_tanh",
]


def _model_of(
    inputs: Any,
    input_h: Any,
    rnn_mode: str,
    time_major: bool,
    input_mode: str,
    direction: str,
    num_units: Any,
) -> CudnnModel:
    """The network that tensors of these shapes are for."""
    check_rnn_mode(rnn_mode)
    check_direction(direction)
    check_input_mode(input_mode)
    depth, layers = inputs.shape[2].value, input_h.shape[0 if time_major else 1].value
    if None in (depth, layers, num_units):
        raise ValueError(
            "The depth of the inputs, and the layers and units of the state, must be known, but the inputs "
            f"have shape {inputs.shape} and the state {input_h.shape}."
        )
    directions = 1 if direction == CUDNN_RNN_UNIDIRECTION else 2
    width = input_h.shape[2].value
    projected = width if width != num_units else None
    return CudnnModel(rnn_mode, layers // directions, num_units, depth, projected, input_mode, direction)


def cudnn_lstm(
    inputs: Any,
    input_h: Any,
    input_c: Any,
    params: Any,
    is_training: bool,
    sequence_lengths: Any = None,
    time_major: bool = True,
    input_mode: str = CUDNN_INPUT_LINEAR_MODE,
    direction: str = CUDNN_RNN_UNIDIRECTION,
    dropout: float = 0.0,
    seed: int | None = 0,
    num_proj: int | None = None,
    name: str | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """An LSTM over `[time, batch, depth]`: the outputs, h and c (see `run_network`).

    Raises:
        ValueError: `num_proj` is not the width of h, or a shape is not known or does not fit.
    """
    model = _model_of(inputs, input_h, CUDNN_LSTM, time_major, input_mode, direction, input_c.shape[2].value)
    if (num_proj or None) != model.num_proj:
        raise ValueError(
            f"num_proj is {num_proj}, but h of shape {input_h.shape} and c of shape {input_c.shape} are of "
            f"num_proj {model.num_proj}."
        )
    outputs, h, c = run_network(
        model,
        inputs,
        input_h,
        input_c,
        params,
        is_training,
        sequence_lengths,
        time_major,
        dropout,
        seed,
        name,
    )
    return outputs, h, c


def _without_cells(
    rnn_mode: str,
    inputs: Any,
    input_h: Any,
    params: Any,
    is_training: bool,
    sequence_lengths: Any = None,
    time_major: bool = True,
    input_mode: str = CUDNN_INPUT_LINEAR_MODE,
    direction: str = CUDNN_RNN_UNIDIRECTION,
    dropout: float = 0.0,
    seed: int | None = 0,
    name: str | None = None,
) -> tuple[Tensor, Tensor]:
    units = input_h.shape[2].value
    model = _model_of(inputs, input_h, rnn_mode, time_major, input_mode, direction, units)
    outputs, h = run_network(
        model,
        inputs,
        input_h,
        None,
        params,
        is_training,
        sequence_lengths,
        time_major,
        dropout,
        seed,
        name,
    )
    return outputs, h


def cudnn_gru(inputs: Any, input_h: Any, params: Any, is_training: bool, *args: Any, **kwargs: Any) -> Any:
    """A GRU; takes what `cudnn_lstm` takes, less c, and returns the outputs and h."""
    return _without_cells(CUDNN_GRU, inputs, input_h, params, is_training, *args, **kwargs)


def cudnn_rnn_relu(
    inputs: Any, input_h: Any, params: Any, is_training: bool, *args: Any, **kwargs: Any
) -> Any:
    """A plain network with relu; takes what `cudnn_gru` takes."""
    return _without_cells(CUDNN_RNN_RELU, inputs, input_h, params, is_training, *args, **kwargs)


def cudnn_rnn_tanh(
    inputs: Any, input_h: Any, params: Any, is_training: bool, *args: Any, **kwargs: Any
) -> Any:
    """A plain network with tanh; takes what `cudnn_gru` takes."""
    return _without_cells(CUDNN_RNN_TANH, inputs, input_h, params, is_training, *args, **kwargs)


def cudnn_rnn_opaque_params_to_canonical(
    rnn_mode: str,
    num_layers: int,
    num_units: int,
    input_size: int,
    params: Any,
    input_mode: str = CUDNN_INPUT_LINEAR_MODE,
    direction: str = CUDNN_RNN_UNIDIRECTION,
    dropout: float = 0,
    seed: int | None = 0,
    num_proj: int | None = None,
    name: str | None = None,
) -> tuple[list[Tensor], list[Tensor]]:
    """cuDNN's matrices and biases in a vector of parameters. The dropout has no part in it."""
    model = CudnnModel(rnn_mode, num_layers, num_units, input_size, num_proj or None, input_mode, direction)
    return split_params(model, params, name)


def cudnn_rnn_canonical_to_opaque_params(
    rnn_mode: str,
    num_layers: int,
    num_units: int,
    input_size: int,
    weights: Sequence[Any],
    biases: Sequence[Any],
    input_mode: str = CUDNN_INPUT_LINEAR_MODE,
    direction: str = CUDNN_RNN_UNIDIRECTION,
    dropout: float = 0,
    seed: int | None = 0,
    num_proj: int | None = None,
    name: str | None = None,
) -> Tensor:
    """The vector of parameters of cuDNN's matrices and biases. The dropout has no part in it."""
    model = CudnnModel(rnn_mode, num_layers, num_units, input_size, num_proj or None, input_mode, direction)
    return join_params(model, weights, biases, name)


def cudnn_rnn_opaque_params_size(
    rnn_mode: str,
    num_layers: int,
    num_units: int,
    input_size: int,
    input_mode: str = CUDNN_INPUT_LINEAR_MODE,
    direction: str = CUDNN_RNN_UNIDIRECTION,
    dtype: Any = float32,
    dropout: float = 0,
    seed: int | None = 0,
    num_proj: int | None = None,
    name: str | None = None,
) -> Tensor:
    """How many numbers a vector of parameters has: an integer tensor of rank 0."""
    model = CudnnModel(rnn_mode, num_layers, num_units, input_size, num_proj or None, input_mode, direction)
    return constant(model.size(), name=name or "CudnnRNNParamsSize")


class _Network:
    """A network over a vector of parameters.

    Args:
        num_layers, num_units, input_size: of the network.
        input_mode, direction, dropout, seed: as of `tf.contrib.cudnn_rnn.CudnnLSTM`.
        dtype: of the parameters.
        num_proj: the size that an LSTM's output is projected to.
    """

    _rnn_mode = ""

    def __init__(
        self,
        num_layers: int,
        num_units: int,
        input_size: int,
        input_mode: str = CUDNN_INPUT_LINEAR_MODE,
        direction: str = CUDNN_RNN_UNIDIRECTION,
        dtype: Any = float32,
        dropout: float = 0.0,
        seed: int | None = 0,
        num_proj: int | None = None,
    ) -> None:
        self._model = CudnnModel(
            self._rnn_mode, num_layers, num_units, input_size, num_proj or None, input_mode, direction
        )
        self._dtype, self._dropout, self._seed = dtype, dropout, seed

    @property
    def rnn_mode(self) -> str:
        return self._rnn_mode

    @property
    def num_layers(self) -> int:
        return self._model.num_layers

    @property
    def num_units(self) -> int:
        return self._model.num_units

    @property
    def input_size(self) -> int:
        return self._model.input_size

    @property
    def input_mode(self) -> str:
        return self._model.input_mode

    @property
    def direction(self) -> str:
        return self._model.direction

    @property
    def num_proj(self) -> int | None:
        return self._model.num_proj

    def params_size(self) -> Tensor:
        """How many numbers the vector of parameters has."""
        return constant(self._model.size(), name="CudnnRNNParamsSize")

    def params_to_canonical(self, params: Any) -> tuple[list[Tensor], list[Tensor]]:
        """cuDNN's matrices and biases in a vector of parameters."""
        return split_params(self._model, params)

    def canonical_to_params(self, weights: Sequence[Any], biases: Sequence[Any]) -> Tensor:
        """The vector of parameters of cuDNN's matrices and biases."""
        return join_params(self._model, weights, biases)

    def _run(
        self, inputs: Any, h: Any, c: Any, params: Any, training: bool, lengths: Any, time_major: bool
    ) -> tuple[Tensor, ...]:
        results = run_network(
            self._model, inputs, h, c, params, training, lengths, time_major, self._dropout, self._seed
        )
        return tuple(results)


class CudnnLSTM(_Network):
    _rnn_mode = CUDNN_LSTM

    def __call__(
        self,
        input_data: Any,
        input_h: Any,
        input_c: Any,
        params: Any,
        sequence_lengths: Any = None,
        time_major: bool = True,
        is_training: bool = True,
    ) -> tuple[Tensor, ...]:
        """The outputs, h and c."""
        return self._run(input_data, input_h, input_c, params, is_training, sequence_lengths, time_major)


class _NetworkWithoutCells(_Network):
    def __init__(
        self,
        num_layers: int,
        num_units: int,
        input_size: int,
        input_mode: str = CUDNN_INPUT_LINEAR_MODE,
        direction: str = CUDNN_RNN_UNIDIRECTION,
        dtype: Any = float32,
        dropout: float = 0.0,
        seed: int | None = 0,
    ) -> None:
        super().__init__(
            num_layers, num_units, input_size, input_mode, direction, dtype, dropout, seed, num_proj=None
        )

    def __call__(
        self,
        input_data: Any,
        input_h: Any,
        params: Any,
        sequence_lengths: Any = None,
        time_major: bool = True,
        is_training: bool = True,
    ) -> tuple[Tensor, ...]:
        """The outputs and h."""
        return self._run(input_data, input_h, None, params, is_training, sequence_lengths, time_major)


class CudnnGRU(_NetworkWithoutCells):
    _rnn_mode = CUDNN_GRU


class CudnnRNNTanh(_NetworkWithoutCells):
    _rnn_mode = CUDNN_RNN_TANH


class CudnnRNNRelu(_NetworkWithoutCells):
    _rnn_mode = CUDNN_RNN_RELU
