"""The neural Turing machine (TF1 module: `tensorflow.contrib.rnn.python.ops.rnn_cell`, by path only)."""

from __future__ import annotations

import math
from typing import Any

from ostinato.cells.neural_turing_machine import NeuralTuringMachine, NTMControllerState
from ostinato.steps import Parameter

from ..initializers import Constant, GlorotUniform, TruncatedNormal
from ..ops import array
from ..ops.core import constant
from ..rnn_cell_base import LayerRNNCell, assert_like_rnncell, is_plain, known
from ..shapes import TensorShape, as_shape
from .wrapping import MathsWrapper

__all__ = ["NTMCell", "NTMControllerState"]


class NTMCell(MathsWrapper, LayerRNNCell):
    """A neural Turing machine around a controller (TF1 symbol: `NTMCell` of
    `tensorflow.contrib.rnn.python.ops.rnn_cell`; Graves et al. 2014). The maths are those of
    `ostinato.NTMCell`.

    Args:
        controller: a cell.
        memory_size, memory_vector_dim: how many places the memory has, and the size of each.
        read_head_num, write_head_num: the numbers of heads.
        shift_range: how many places a head can go to either side in a step.
        output_dim: the size of the output; None is the depth of the inputs.
        clip_value: what the controller says, and the output, are clipped to [-clip_value, clip_value].
        dtype, name: of the layer and of its variables.

    Variables: `parameters_kernel`, `parameters_bias`, `output_kernel`, `output_bias`,
    `initial_read_vector_0`, ..., `initial_address_weights_0`, ..., `memory`, then the controller's. The state
    is an NTMControllerState; `zero_state` makes it.

    Raises:
        TypeError: the controller is no cell.
        ValueError: sizes that do not fit.
    """

    def __init__(
        self,
        controller: Any,
        memory_size: int,
        memory_vector_dim: int,
        read_head_num: int,
        write_head_num: int,
        shift_range: int = 1,
        output_dim: int | None = None,
        clip_value: float = 20,
        dtype: Any = "float32",
        name: str | None = None,
    ) -> None:
        assert_like_rnncell("NTM RNN controller cell", controller)
        super().__init__(controller, dtype=dtype, name=name)
        self.controller = controller
        self.memory_size, self.memory_vector_dim = memory_size, memory_vector_dim
        self.read_head_num, self.write_head_num = read_head_num, write_head_num
        self.num_heads = read_head_num + write_head_num
        self.shift_range, self.output_dim, self.clip_value = shift_range, output_dim, clip_value

    def _maths(self, inputs: Any) -> NeuralTuringMachine:
        return NeuralTuringMachine(
            self.memory_size,
            self.memory_vector_dim,
            self.read_head_num,
            self.write_head_num,
            int(self.output_dim or as_shape(inputs.shape)[-1].value or 0),
            self.shift_range,
            self.clip_value,
        )

    @property
    def state_size(self) -> NTMControllerState:
        return NTMControllerState(
            controller_state=self.controller.state_size,
            read_vector_list=[self.memory_vector_dim] * self.read_head_num,
            w_list=[self.memory_size] * self.num_heads,
            M=TensorShape([self.memory_size * self.memory_vector_dim]),
            time=TensorShape([]),
        )

    @property
    def output_size(self) -> Any:
        return self.output_dim

    def _is_known(self) -> bool:
        return is_plain(self, NTMCell, "build", "call", "__call__") and known(self._cell)

    def build(self, inputs_shape: Any) -> None:
        depth = as_shape(inputs_shape)[1].value
        if self.output_dim is None:
            if depth is None:
                raise ValueError(f"Expected inputs.shape[-1] to be known, saw shape: {inputs_shape}")
            self.output_dim = int(depth)
        controller = self.controller
        maths = NeuralTuringMachine(
            self.memory_size,
            self.memory_vector_dim,
            self.read_head_num,
            self.write_head_num,
            self.output_dim,
            self.shift_range,
            self.clip_value,
        )
        for spec in maths.parameters(0, controller.output_size, controller.state_size).before:
            self._own[spec.name] = self.add_variable(
                spec.name, shape=spec.shape, initializer=self._initializer_of(spec, self._dtype)
            )
        self.built = True

    def _initializer_of(self, spec: Parameter, dtype: Any) -> Any:
        if spec.name.endswith("_kernel"):
            return TruncatedNormal(stddev=1.0 / math.sqrt(spec.shape[0]), dtype=dtype)
        if spec.initial_value is None:
            return GlorotUniform(dtype=dtype)
        return Constant(spec.initial_value)

    def zero_state(self, batch_size: Any, dtype: Any) -> NTMControllerState:
        """A state at time 0: what the heads read and where they were are not looked at then."""
        dim, places = self.memory_vector_dim, self.memory_size
        return NTMControllerState(
            read_vector_list=[array.zeros([batch_size, dim], dtype) for _ in range(self.read_head_num)],
            w_list=[array.zeros([batch_size, places], dtype) for _ in range(self.num_heads)],
            controller_state=self.controller.zero_state(batch_size, dtype),
            M=array.zeros([batch_size, places, dim], dtype),
            time=constant(0),
        )
