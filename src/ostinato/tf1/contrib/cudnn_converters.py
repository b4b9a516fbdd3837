"""Between cuDNN's parameters and those of the cells that compute the same (`tf.contrib.cudnn_rnn`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..tensor import Tensor
from .cudnn_params import (
    CUDNN_GRU,
    CUDNN_INPUT_LINEAR_MODE,
    CUDNN_LSTM,
    CUDNN_RNN_RELU,
    CUDNN_RNN_TANH,
    CUDNN_RNN_UNIDIRECTION,
    CudnnModel,
    from_cell,
    join_params,
    split_params,
    to_cell,
)

__all__ = [
    "CudnnParamsFormatConverter",
    "CudnnParamsFormatConverterGRU",
    "CudnnParamsFormatConverterLSTM",
    "CudnnParamsFormatConverterRelu",
    "CudnnParamsFormatConverterTanh",
]

_PROJECTION = "projection/kernel"


class CudnnParamsFormatConverter:
    """Takes cuDNN's vector of parameters apart into those of cells, and puts it together again (TF1 symbols:
    `tf.contrib.cudnn_rnn.CudnnParamsFormatConverterLSTM` and its kin).

    Args:
        num_layers, num_units, input_size: of the network; the layers above the first take what the one below
            gives.
        num_proj: the size that an LSTM's output is projected to; None or 0 for no projection.
        input_mode: "linear_input".
        direction: "unidirectional" or "bidirectional".

    >>> import numpy as np
    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     converter = tf.contrib.cudnn_rnn.CudnnParamsFormatConverterTanh(1, 2, 1)
    ...     weights, biases = converter.opaque_to_tf_canonical(tf.constant(np.arange(10.0)))
    ...     print(session.run(weights[0]).tolist(), session.run(biases[0]).tolist())
    [[0.0, 1.0], [2.0, 4.0], [3.0, 5.0]] [14.0, 16.0]
    """

    _rnn_mode = ""

    def __init__(
        self,
        num_layers: int,
        num_units: int,
        input_size: int,
        num_proj: int | None = None,
        input_mode: str = CUDNN_INPUT_LINEAR_MODE,
        direction: str = CUDNN_RNN_UNIDIRECTION,
    ) -> None:
        self._model = CudnnModel(
            self._rnn_mode, num_layers, num_units, input_size, num_proj or None, input_mode, direction
        )

    def opaque_to_tf_canonical(self, opaque_param: Any) -> tuple[list[Tensor], ...]:
        """The cells' matrices and biases, layer by layer and forwards before backwards; with a projection
        also those matrices.
        """
        return self._cu_canonical_to_tf_canonical(*self._opaque_to_cu_canonical(opaque_param))

    def tf_canonical_to_opaque(self, tf_canonicals: Sequence[Any], weights_proj: Any = None) -> Tensor:
        """The inverse: of the cells' matrices and then their biases, in one list.

        A sum of two of cuDNN's biases becomes two halves.
        """
        return self._cu_canonical_to_opaque(*self._tf_canonical_to_cu_canonical(tf_canonicals, weights_proj))

    def _opaque_to_cu_canonical(self, opaque_param: Any) -> tuple[list[Tensor], list[Tensor]]:
        return split_params(self._model, opaque_param)

    def _cu_canonical_to_opaque(self, cu_weights: Sequence[Any], cu_biases: Sequence[Any]) -> Tensor:
        return join_params(self._model, cu_weights, cu_biases)

    def _cu_canonical_to_tf_canonical(
        self, cu_weights: Sequence[Any], cu_biases: Sequence[Any]
    ) -> tuple[list[Tensor], ...]:
        weights: list[Tensor] = []
        biases: list[Tensor] = []
        projections: list[Tensor] = []
        for cell in cells_of(self._model, cu_weights, cu_biases):
            for name, tensor in cell.items():
                kind = projections if name == _PROJECTION else biases if name.endswith("bias") else weights
                kind.append(tensor)
        return (weights, biases, projections) if self._model.num_proj else (weights, biases)

    def _tf_canonical_to_cu_canonical(
        self, tf_canonicals: Sequence[Any], weights_proj: Any
    ) -> tuple[list[Tensor], list[Tensor]]:
        model = self._model
        names = [name for name in model.cell_shapes(0) if name != _PROJECTION]
        matrices, biases = ([name for name in names if name.endswith(end)] for end in ("kernel", "bias"))
        cells = model.num_layers * model.directions
        if len(tf_canonicals) != cells * len(names):
            raise ValueError(
                f"{model} has {cells} cells of {len(names)} parameters each, but got {len(tf_canonicals)} "
                "tensors."
            )
        rest = list(tf_canonicals)
        found: list[dict[str, Any]] = [{} for _ in range(cells)]
        for kind in (matrices, biases):
            for cell in found:
                cell.update((name, rest.pop(0)) for name in kind)
        for cell, projection in zip(found, weights_proj or (), strict=bool(weights_proj)):
            cell[_PROJECTION] = projection
        cu_weights: list[Tensor] = []
        cu_biases: list[Tensor] = []
        for index, cell in enumerate(found):
            some_weights, some_biases = from_cell(model, index // model.directions, cell)
            cu_weights += some_weights
            cu_biases += some_biases
        return cu_weights, cu_biases


def cells_of(
    model: CudnnModel, cu_weights: Sequence[Any], cu_biases: Sequence[Any]
) -> list[dict[str, Tensor]]:
    """The parameters of each cell by TensorFlow's names, layer by layer and forwards before backwards."""
    found = []
    weights, biases = list(cu_weights), list(cu_biases)
    for index in range(model.num_layers * model.directions):
        layer = index // model.directions
        count = len(model.weight_shapes(layer))
        found.append(to_cell(model, layer, weights[:count], biases[: 2 * model.gates]))
        del weights[:count], biases[: 2 * model.gates]
    return found


class CudnnParamsFormatConverterLSTM(CudnnParamsFormatConverter):
    """`CudnnParamsFormatConverter` of `CudnnLSTM`."""

    _rnn_mode = CUDNN_LSTM


class CudnnParamsFormatConverterGRU(CudnnParamsFormatConverter):
    """`CudnnParamsFormatConverter` of `CudnnGRU`."""

    _rnn_mode = CUDNN_GRU


class CudnnParamsFormatConverterTanh(CudnnParamsFormatConverter):
    """`CudnnParamsFormatConverter` of `CudnnRNNTanh`."""

    _rnn_mode = CUDNN_RNN_TANH


class CudnnParamsFormatConverterRelu(CudnnParamsFormatConverter):
    """`CudnnParamsFormatConverter` of `CudnnRNNRelu`."""

    _rnn_mode = CUDNN_RNN_RELU
