"""Cells with gates of other kinds than LSTM and GRU have (TF1 module: `tf.contrib.rnn`)."""

from __future__ import annotations

from typing import Any

from ostinato import steps

from ..family_cell import FamilyCell, FamilyLayerCell
from ..keras import initializers
from ..ops import math, nn
from ..shapes import as_shape

__all__ = ["CFNCell", "IntersectionRNNCell", "MinimalRNNCell", "NASCell", "SRUCell", "UGRNNCell"]


def depth_of_matrix(inputs_shape: Any) -> int:
    """The depth of inputs that have to be `[batch, depth]`."""
    depth = as_shape(inputs_shape).with_rank(2)[1].value
    if depth is None:
        raise ValueError("Could not infer input size from inputs.get_shape()[-1]")
    return int(depth)


class NASCell(FamilyLayerCell):
    """The cell that neural architecture search found (TF1 symbol: `tf.contrib.rnn.NASCell`; Zoph and Le
    2017).

    `num_proj` projects the output; `use_bias` adds a bias to the recurrent side. The state is an
    LSTMStateTuple. Variables: `recurrent_kernel` `[m, 8 n]`, `kernel` `[depth, 8 n]`, `bias`, and
    `projection_weights` `[n, m]`.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     tf.contrib.rnn.NASCell(4, num_proj=2).state_size
    LSTMStateTuple(c=4, h=2)
    """

    _attributes = {
        "recurrent_kernel": "recurrent_kernel",
        "kernel": "kernel",
        "bias": "bias",
        "projection_weights": "projection_weights",
    }

    def __init__(
        self,
        num_units: int,
        num_proj: int | None = None,
        use_bias: bool = False,
        reuse: Any = None,
        **kwargs: Any,
    ) -> None:
        name, dtype = kwargs.pop("name", None), kwargs.pop("dtype", None)
        super().__init__(reuse, name, dtype, None, **kwargs)
        self.input_spec = None
        self._num_units, self._num_proj, self._use_bias = num_units, num_proj, use_bias

    def _family(self) -> Any:
        return steps.NAS(self._num_units, self._num_proj, self._use_bias)

    def _depth(self, inputs_shape: Any) -> int:
        return depth_of_matrix(inputs_shape)


class UGRNNCell(FamilyCell):
    """One gate between the state and a candidate (TF1 symbol: `tf.contrib.rnn.UGRNNCell`; Collins et al.
    2017).

    `initializer` is the kernel's. Variables: `kernel` `[depth + n, 2 n]`, `bias`.
    """

    def __init__(
        self,
        num_units: int,
        initializer: Any = None,
        forget_bias: float = 1.0,
        activation: Any = math.tanh,
        reuse: Any = None,
    ) -> None:
        super().__init__(reuse, activation=activation)
        self._num_units, self._initializer, self._forget_bias = num_units, initializer, forget_bias

    def _family(self) -> Any:
        return steps.UGRNN(self._num_units, self._known_activation(), self._forget_bias)

    def _depth(self, inputs_shape: Any) -> int:
        return depth_of_matrix(inputs_shape)

    def _initializer_of(self, parameter: steps.Parameter) -> Any:
        return self._initializer if parameter.initial_value is None else super()._initializer_of(parameter)


class IntersectionRNNCell(FamilyCell):
    """A gate through time and one through depth (TF1 symbol: `tf.contrib.rnn.IntersectionRNNCell`; Collins
    et al. 2017).

    The inputs are as deep as there are units, unless `num_in_proj` asks for a projection to that. Variables:
    `in_projection/kernel` and `in_projection/bias` then, `kernel` `[2 n, 4 n]`, `bias`.

    Raises:
        ValueError: the inputs have another depth, and there is no `num_in_proj`.
    """

    def __init__(
        self,
        num_units: int,
        num_in_proj: int | None = None,
        initializer: Any = None,
        forget_bias: float = 1.0,
        y_activation: Any = nn.relu,
        reuse: Any = None,
    ) -> None:
        super().__init__(reuse, activation=y_activation)
        self._num_units, self._num_input_proj = num_units, num_in_proj
        self._initializer, self._forget_bias = initializer, forget_bias
        self._projects = False  # known when the inputs are

    def _family(self) -> Any:
        return steps.IntersectionRNN(
            self._num_units, self._known_activation(), self._forget_bias, self._projects
        )

    def _depth(self, inputs_shape: Any) -> int:
        depth = depth_of_matrix(inputs_shape)
        self._projects = depth != self._num_units
        if self._projects and not self._num_input_proj:
            raise ValueError(
                "Must have input size == output size for Intersection RNN. To fix, num_in_proj should be set "
                "to num_units at cell init."
            )
        return depth

    def _initializer_of(self, parameter: steps.Parameter) -> Any:
        return self._initializer if parameter.initial_value is None else super()._initializer_of(parameter)


class SRUCell(FamilyLayerCell):
    """The simple recurrent unit (TF1 symbol: `tf.contrib.rnn.SRUCell`; Lei et al. 2017).

    Nothing but elementwise operations depends on the state, which is c and not the output. Variables:
    `kernel` `[depth, 4 n]`, `bias` `[2 n]`.
    """

    _attributes = {"kernel": "_kernel", "bias": "_bias"}

    def __init__(
        self,
        num_units: int,
        activation: Any = None,
        reuse: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(reuse, name, kwargs.pop("dtype", None), activation, **kwargs)
        self._num_units = num_units

    def _family(self) -> Any:
        return steps.SRU(self._num_units, self._known_activation())


class _InitializedCell(FamilyLayerCell):
    """A cell whose initialisers may be names, and are glorot_uniform and ones unless given."""

    _attributes = {"kernel": "kernel", "recurrent_kernel": "recurrent_kernel", "bias": "bias"}

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "ones",
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(None, name, dtype, "linear" if activation is None else activation, **kwargs)
        self.units, self.activation = units, self._activation
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)

    def _initializer_of(self, parameter: steps.Parameter) -> Any:
        return self.kernel_initializer if parameter.initial_value is None else self.bias_initializer


class MinimalRNNCell(_InitializedCell):
    """The MinimalRNN (TF1 symbol: `tensorflow.contrib.rnn.python.ops.rnn_cell.MinimalRNNCell`; Chen et al.
    2018).

    Variables: `kernel` `[depth + 2 n, n]`, `bias`, which starts at 1.
    """

    def _family(self) -> Any:
        return steps.MinimalRNN(self.units, self._known_activation())


class CFNCell(_InitializedCell):
    """The chaos free network (TF1 symbol: `tensorflow.contrib.rnn.python.ops.rnn_cell.CFNCell`; Laurent and
    von Brecht 2017).

    Variables: `kernel` `[depth, 3 n]`, `recurrent_kernel` `[n, 2 n]`, `bias` `[2 n]`, which starts at 1.
    """

    def _family(self) -> Any:
        return steps.CFN(self.units, self._known_activation())
