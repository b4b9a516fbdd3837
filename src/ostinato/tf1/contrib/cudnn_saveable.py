"""How cuDNN's vector of parameters is saved: as the variables of the cells that compute the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import variable_scope as vs
from ..ops import array, state
from ..saveable import SaveableObject, SaveSpec
from ..tensor import Tensor
from .cudnn_converters import (
    CudnnParamsFormatConverter,
    CudnnParamsFormatConverterGRU,
    CudnnParamsFormatConverterLSTM,
    CudnnParamsFormatConverterRelu,
    CudnnParamsFormatConverterTanh,
)
from .cudnn_params import CUDNN_INPUT_LINEAR_MODE, CUDNN_RNN_UNIDIRECTION

__all__ = [
    "CudnnGRUSaveable",
    "CudnnLSTMSaveable",
    "CudnnOpaqueParamsSaveable",
    "CudnnRNNReluSaveable",
    "CudnnRNNTanhSaveable",
]


class CudnnOpaqueParamsSaveable(SaveableObject):
    """cuDNN's parameters under the names and in the layout of `CudnnCompatibleLSTMCell` and its kin (TF1
    symbols: `tf.contrib.cudnn_rnn.CudnnLSTMSaveable` and its kin).

    One layer after another, one way, is a `MultiRNNCell` under `tf.nn.dynamic_rnn`
    (`rnn/multi_rnn_cell/cell_0/...`); both ways is `tf.contrib.rnn.stack_bidirectional_dynamic_rnn`
    (`stack_bidirectional_rnn/cell_0/bidirectional_rnn/fw/...`). A Saver takes it in its list of variables;
    one that is told nothing finds those in the collection `saveable_objects`.

    Args:
        opaque_params: the variable.
        num_layers, num_units, input_size, input_mode, direction: as of the converters.
        scope: the scope that the names are in: a string, a VariableScope or None.
        name: of this object.
    """

    _format_converter_cls: type[CudnnParamsFormatConverter]
    _rnn_cell_name: str
    _weights: tuple[str, ...] = ("kernel",)
    _biases: tuple[str, ...] = ("bias",)

    def __init__(
        self,
        opaque_params: Any,
        num_layers: int,
        num_units: int,
        input_size: int,
        input_mode: str = CUDNN_INPUT_LINEAR_MODE,
        direction: str = CUDNN_RNN_UNIDIRECTION,
        scope: Any = None,
        name: str = "cudnn_rnn_saveable",
    ) -> None:
        self._num_layers, self._direction = num_layers, direction
        self._variables = opaque_params
        self._scope = scope.name if isinstance(scope, vs.VariableScope) else scope
        self.format_converter = self._format_converter_cls(
            num_layers, num_units, input_size, input_mode=input_mode, direction=direction
        )
        weights, biases = self.format_converter.opaque_to_tf_canonical(opaque_params)
        self._weight_names, self._bias_names = self._tf_canonical_names()
        self._param_names = self._weight_names + self._bias_names
        prefix = f"{self._scope}/" if self._scope else ""
        specs = [
            SaveSpec(tensor, "", prefix + param_name)
            for tensor, param_name in zip([*weights, *biases], self._param_names, strict=True)
        ]
        super().__init__(array.identity(opaque_params), specs, name)

    def restore(self, restored_tensors: Sequence[Tensor], restored_shapes: Any) -> Any:
        """The operation that puts the restored parameters into the variable."""
        params = self.format_converter.tf_canonical_to_opaque(restored_tensors)
        return state.assign(self._variables, params, validate_shape=False)

    def _tf_canonical_names(self) -> tuple[list[str], list[str]]:
        prefixes = []
        for layer in range(self._num_layers):
            if self._direction == CUDNN_RNN_UNIDIRECTION:
                prefixes.append(f"rnn/multi_rnn_cell/cell_{layer}")
            else:
                cell = f"stack_bidirectional_rnn/cell_{layer}/bidirectional_rnn"
                prefixes += [f"{cell}/fw", f"{cell}/bw"]

        def names(kind: tuple[str, ...]) -> list[str]:
            return [f"{prefix}/{self._rnn_cell_name}/{name}" for prefix in prefixes for name in kind]

        return names(self._weights), names(self._biases)


class CudnnLSTMSaveable(CudnnOpaqueParamsSaveable):
    """`CudnnOpaqueParamsSaveable` of `CudnnLSTM`."""

    _format_converter_cls: type[CudnnParamsFormatConverter] = CudnnParamsFormatConverterLSTM
    _rnn_cell_name = "cudnn_compatible_lstm_cell"


class CudnnGRUSaveable(CudnnOpaqueParamsSaveable):
    """`CudnnOpaqueParamsSaveable` of `CudnnGRU`."""

    _format_converter_cls = CudnnParamsFormatConverterGRU
    _rnn_cell_name = "cudnn_compatible_gru_cell"
    _weights = ("gates/kernel", "candidate/input_projection/kernel", "candidate/hidden_projection/kernel")
    _biases = ("gates/bias", "candidate/input_projection/bias", "candidate/hidden_projection/bias")


class CudnnRNNTanhSaveable(CudnnLSTMSaveable):
    """`CudnnOpaqueParamsSaveable` of `CudnnRNNTanh`."""

    _format_converter_cls = CudnnParamsFormatConverterTanh
    _rnn_cell_name = "basic_rnn_cell"


class CudnnRNNReluSaveable(CudnnLSTMSaveable):
    """`CudnnOpaqueParamsSaveable` of `CudnnRNNRelu`."""

    _format_converter_cls = CudnnParamsFormatConverterRelu
    _rnn_cell_name = "basic_rnn_cell"
