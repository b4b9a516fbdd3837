"""cuDNN's networks as layers (`tf.contrib.cudnn_rnn`). They run on the processor as well as on a GPU."""

from __future__ import annotations

from typing import Any

from .. import variable_scope as vs
from ..dtypes import as_dtype, float16, float32, float64
from ..graph import GraphKeys, get_default_graph, name_scope
from ..initializers import Constant, GlorotUniform
from ..layers_base import InputSpec, Layer
from ..logging import warn
from ..ops import array
from ..ops.core import convert_to_tensor
from ..shapes import as_shape
from ..tensor import Tensor
from .cudnn_params import (
    CUDNN_GRU,
    CUDNN_GRU_PARAMS_PER_LAYER,
    CUDNN_INPUT_AUTO_MODE,
    CUDNN_INPUT_LINEAR_MODE,
    CUDNN_INPUT_SKIP_MODE,
    CUDNN_LSTM,
    CUDNN_LSTM_PARAMS_PER_LAYER,
    CUDNN_RNN_BIDIRECTION,
    CUDNN_RNN_RELU,
    CUDNN_RNN_RELU_PARAMS_PER_LAYER,
    CUDNN_RNN_TANH,
    CUDNN_RNN_TANH_PARAMS_PER_LAYER,
    CUDNN_RNN_UNIDIRECTION,
    CudnnModel,
    check_direction,
    check_input_mode,
    join_params,
)
from .cudnn_run import run_network, state_of_zeros
from .cudnn_saveable import (
    CudnnGRUSaveable,
    CudnnLSTMSaveable,
    CudnnOpaqueParamsSaveable,
    CudnnRNNReluSaveable,
    CudnnRNNTanhSaveable,
)

__all__ = [
    "CUDNN_GRU",
    "CUDNN_GRU_PARAMS_PER_LAYER",
    "CUDNN_INPUT_AUTO_MODE",
    "CUDNN_INPUT_LINEAR_MODE",
    "CUDNN_INPUT_SKIP_MODE",
    "CUDNN_LSTM",
    "CUDNN_LSTM_PARAMS_PER_LAYER",
    "CUDNN_RNN_BIDIRECTION",
    "CUDNN_RNN_RELU",
    "CUDNN_RNN_RELU_PARAMS_PER_LAYER",
    "CUDNN_RNN_TANH",
    "CUDNN_RNN_TANH_PARAMS_PER_LAYER",
    "CUDNN_RNN_UNIDIRECTION",
    "CudnnGRU",
    "CudnnLSTM",
    "CudnnRNNRelu",
    "CudnnRNNTanh",
]


class _CudnnRNN(Layer):
    """A recurrent network of one or more layers, one way or both ways, with all its parameters in one
    variable, the vector `opaque_kernel`.

    A Saver saves and restores that, and beside it the parameters under the names of the cells that compute
    the same (`CudnnOpaqueParamsSaveable`), from which either can be restored.

    Args:
        num_layers: how many layers.
        num_units: units n of each, in each direction.
        input_mode: "linear_input"; "auto_select" is the same where the depth of the inputs is not n.
        direction: "unidirectional" or "bidirectional".
        dropout: the share of what passes from layer to layer that is dropped in training.
        seed: of the dropout and of the initial parameters.
        dtype: float16, float32 or float64.
        kernel_initializer, bias_initializer: of each of cuDNN's matrices and biases; glorot_uniform and
            zeros.
        name: of the layer.

    Call it with `(inputs, initial_state=None, sequence_lengths=None, time_major=True, training=True)`.

    Raises:
        ValueError: a direction, mode, type or shape that does not fit.
        TypeError: an initial state that is no tuple.
    """

    _rnn_mode = ""
    _num_params_per_layer = 0
    _saveable_cls: type[CudnnOpaqueParamsSaveable]

    def __init__(
        self,
        num_layers: int,
        num_units: int,
        input_mode: str = CUDNN_INPUT_LINEAR_MODE,
        direction: str = CUDNN_RNN_UNIDIRECTION,
        dropout: float = 0.0,
        seed: int | None = None,
        dtype: Any = float32,
        kernel_initializer: Any = None,
        bias_initializer: Any = None,
        name: str | None = None,
    ) -> None:
        super().__init__(dtype=dtype, name=name)
        check_direction(direction)
        check_input_mode(input_mode)
        self._plain_dtype = as_dtype(dtype)
        if self._plain_dtype not in (float16, float32, float64):
            raise ValueError(f"Only support float16, float32, float64, provided {dtype}")
        self._num_layers, self._num_units = num_layers, num_units
        self._input_mode, self._direction = input_mode, direction
        self._dropout, self._seed = dropout, seed
        self._kernel_initializer, self._bias_initializer = kernel_initializer, bias_initializer
        self._input_size: int | None = None
        self._saveable: CudnnOpaqueParamsSaveable | None = None

    @property
    def num_layers(self) -> int:
        return self._num_layers

    @property
    def num_units(self) -> int:
        return self._num_units

    @property
    def input_mode(self) -> str:
        return self._input_mode

    @property
    def input_size(self) -> int:
        """The depth of the inputs, known once the layer is built."""
        if not self._input_size:
            raise ValueError("'input_size' is unknown since layer has not been built.")
        return self._input_size

    @property
    def rnn_mode(self) -> str:
        return self._rnn_mode

    @property
    def direction(self) -> str:
        return self._direction

    @property
    def num_dirs(self) -> int:
        return 1 if self._direction == CUDNN_RNN_UNIDIRECTION else 2

    @property
    def saveable(self) -> CudnnOpaqueParamsSaveable | None:
        """What saves the parameters as those of cells."""
        return self._saveable

    @property
    def canonical_weight_shapes(self) -> list[tuple[int, int]]:
        """The shapes of cuDNN's matrices."""
        if not self._input_size:
            raise RuntimeError(
                f"{type(self).__name__}.canonical_weight_shapes invoked before input shape is known"
            )
        return self._model.all_weight_shapes()

    @property
    def canonical_bias_shapes(self) -> list[list[int]]:
        """The shapes of cuDNN's biases."""
        return [[self._num_units]] * (self._num_params_per_layer * self.num_dirs * self._num_layers)

    @property
    def _model(self) -> CudnnModel:
        return CudnnModel(
            self._rnn_mode,
            self._num_layers,
            self._num_units,
            self.input_size,
            input_mode=self._input_mode,
            direction=self._direction,
        )

    def state_shape(self, batch_size: Any) -> tuple[list[Any], ...]:
        """The shapes of the parts of the state: h, and of an LSTM c."""
        shape = [self.num_layers * self.num_dirs, batch_size, self.num_units]
        return (shape, list(shape)) if self._rnn_mode == CUDNN_LSTM else (shape,)

    def build(self, input_shape: Any) -> None:
        """Make the variable, for inputs of a shape of three sizes."""
        if self.built:
            return
        shape = as_shape(input_shape)
        if shape.ndims != 3:
            raise ValueError(f"Expecting input_shape with 3 dims, got {shape.ndims}")
        if shape[-1].value is None:
            raise ValueError(
                "The last dimension of the inputs to `CudnnRNN` should be defined. Found `None`."
            )
        self._input_size = shape[-1].value
        self.input_spec = InputSpec(ndim=3, axes={-1: self._input_size})
        outer = vs.get_variable_scope()
        self._capture_scope(None)
        with self._reentered() as scope, name_scope(scope.original_name_scope):
            if scope.partitioner is not None:
                warn("Partitioner is not supported for Cudnn RNN layer variables: they stay in one.")
                scope.set_partitioner(None)
            self.kernel = vs.get_variable(
                "opaque_kernel",
                dtype=self._plain_dtype,
                initializer=self._initial_params(),
                validate_shape=False,
            )
            self._track(self.kernel)
        if outer.reuse is not True:
            self._create_saveable(outer)
        self.built = True

    def _initial_params(self) -> Tensor:
        dtype = self._plain_dtype
        kernel = self._kernel_initializer or GlorotUniform(seed=self._seed, dtype=dtype)
        bias = self._bias_initializer or Constant(0.0, dtype=dtype)
        weights = [kernel(list(shape), dtype=dtype) for shape in self.canonical_weight_shapes]
        biases = [bias(shape, dtype=dtype) for shape in self.canonical_bias_shapes]
        with name_scope(self._base_name):
            return join_params(self._model, weights, biases)

    def _create_saveable(self, scope: Any = None) -> None:
        if self._saveable is not None:
            raise RuntimeError("Cudnn saveable already created.")
        self._saveable = self._saveable_cls(
            opaque_params=self.kernel,
            num_layers=self.num_layers,
            num_units=self.num_units,
            input_size=self.input_size,
            input_mode=self.input_mode,
            direction=self.direction,
            scope=vs.get_variable_scope() if scope is None else scope,
            name=f"{self.kernel.op.name}_saveable",
        )
        get_default_graph().add_to_collection(GraphKeys.SAVEABLE_OBJECTS, self._saveable)

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        return super().__call__(convert_to_tensor(inputs, dtype=self._plain_dtype), *args, **kwargs)

    def call(
        self,
        inputs: Any,
        initial_state: Any = None,
        sequence_lengths: Any = None,
        time_major: bool = True,
        training: bool = True,
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Run the network.

        Args:
            inputs: `[time, batch, depth]`, or `[batch, time, depth]` without `time_major`.
            initial_state: a tuple of h, and of an LSTM c, each `[num_layers * num_dirs, batch, n]`, or
                `[batch, num_layers * num_dirs, n]` without `time_major`; None is zeros.
            sequence_lengths: integers `[batch]`; past a row's length its outputs are zeros, and its state is
                that at its length.
            training: whether there is dropout.

        Returns:
            the outputs, with the axes of the inputs and a width of `num_dirs * n`, and the final state in the
            form of `initial_state`.
        """
        if initial_state is not None and not isinstance(initial_state, tuple):
            raise TypeError(f"Invalid initial_state type: {initial_state}, expecting tuple.")
        if initial_state is None:
            axis = 1 if time_major else 0
            rows = inputs.shape[axis].value
            shapes = self.state_shape(array.shape(inputs)[axis] if rows is None else rows)
            initial_state = tuple(state_of_zeros(shape, self._plain_dtype, time_major) for shape in shapes)
        wanted = len(self.state_shape(1))
        if len(initial_state) != wanted:
            raise ValueError(
                f"The state of a {type(self).__name__} is a tuple of {wanted}, but got one of "
                f"{len(initial_state)}: {initial_state}."
            )
        h, c = [convert_to_tensor(leaf, dtype=self._plain_dtype) for leaf in (*initial_state, 0.0)][:2]
        outputs, *final = run_network(
            self._model,
            inputs,
            h,
            c,
            self.kernel,
            training,
            sequence_lengths,
            time_major,
            self._dropout,
            self._seed,
        )
        return outputs, tuple(final)


class CudnnLSTM(_CudnnRNN):
    _rnn_mode = CUDNN_LSTM
    _num_params_per_layer = CUDNN_LSTM_PARAMS_PER_LAYER
    _saveable_cls = CudnnLSTMSaveable


class CudnnGRU(_CudnnRNN):
    _rnn_mode = CUDNN_GRU
    _num_params_per_layer = CUDNN_GRU_PARAMS_PER_LAYER
    _saveable_cls = CudnnGRUSaveable


class CudnnRNNTanh(_CudnnRNN):
    _rnn_mode = CUDNN_RNN_TANH
    _num_params_per_layer = CUDNN_RNN_TANH_PARAMS_PER_LAYER
    _saveable_cls = CudnnRNNTanhSaveable


class CudnnRNNRelu(_CudnnRNN):
    _rnn_mode = CUDNN_RNN_RELU
    _num_params_per_layer = CUDNN_RNN_RELU_PARAMS_PER_LAYER
    _saveable_cls = CudnnRNNReluSaveable
