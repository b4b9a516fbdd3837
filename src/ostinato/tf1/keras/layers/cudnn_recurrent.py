"""The layers that TensorFlow leaves to cuDNN; here they are nodes as any other, on any device."""

from __future__ import annotations

from typing import Any

from ...initializers import Ones
from ...input_spec import InputSpec
from ...ops import array
from ...ops.keras_rnn import keras_rnn
from ...ops.lists import concat
from ...shapes import TensorShape
from .. import regularizers
from .configured import Configured, settle
from .recurrent import RNN


class _Sizes:
    """What a layer that has no cell tells of one."""

    def __init__(self, units: int, state_size: Any) -> None:
        self.units, self.output_size, self.state_size = units, units, state_size

    def call(self, inputs: Any, states: Any) -> Any:
        raise NotImplementedError("cuDNN's layers run whole sequences, never a step.")


class _CuDNN(RNN):
    _gates = 3
    _kind = "gru"

    def __init__(
        self,
        units: int,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        time_major: bool = False,
        **kwargs: Any,
    ) -> None:
        self.units = int(units)
        super().__init__(
            _Sizes(self.units, self._state_size(self.units)),
            return_sequences,
            return_state,
            go_backwards,
            stateful,
            time_major=time_major,
            activity_regularizer=regularizers.get(activity_regularizer),
            **kwargs,
        )
        settle(self, locals())
        self.supports_masking = False
        self.input_spec = InputSpec(ndim=3)

    recurrent_initializer: Any
    recurrent_regularizer: Any
    recurrent_constraint: Any

    @staticmethod
    def _state_size(units: int) -> Any:
        return units

    def _bias_initializer(self) -> Any:
        return self.bias_initializer

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        first = input_shape[0] if isinstance(input_shape, list) else input_shape
        depth = TensorShape(first).as_list()[-1]
        units, gates = self.units, self._gates
        for name, shape, kind, initializer in (
            ("kernel", (depth, units * gates), "kernel", self.kernel_initializer),
            ("recurrent_kernel", (units, units * gates), "recurrent", self.recurrent_initializer),
            ("bias", (units * gates * 2,), "bias", self._bias_initializer()),
        ):
            weight = self.add_weight(
                name=name,
                shape=shape,
                initializer=initializer,
                regularizer=getattr(self, f"{kind}_regularizer"),
                constraint=getattr(self, f"{kind}_constraint"),
            )
            setattr(self, name, weight)

    def _sequence(self, inputs: Any, initial_state: Any, constants: Any, mask: Any, training: Any) -> Any:
        both = array.reshape(self.bias, [2, self._gates * self.units])  # type: ignore[attr-defined]
        is_gru = self._kind == "gru"
        outputs, last, states = keras_rnn(
            inputs,
            self.kernel,  # type: ignore[attr-defined]
            self.recurrent_kernel,  # type: ignore[attr-defined]
            both if is_gru else both[0] + both[1],
            None,
            initial_state,
            kind=self._kind,
            activation="tanh",
            gates="sigmoid",
            time_major=self.time_major,
            go_backwards=self.go_backwards,
            zero_output_for_mask=False,
            reset_after=is_gru,
        )
        return last, outputs, states

    def get_config(self) -> dict[str, Any]:
        config = Configured.get_config(self)
        for name in ("cell", "unroll"):
            config.pop(name, None)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        return cls(**config)


class CuDNNGRU(_CuDNN):
    """A layer of gated recurrent units as cuDNN has them (TF1 symbol: `tf.keras.layers.CuDNNGRU`)."""


class CuDNNLSTM(_CuDNN):
    """A layer of long short-term memory as cuDNN has it (TF1 symbol: `tf.keras.layers.CuDNNLSTM`)."""

    _gates = 4
    _kind = "lstm"

    def __init__(self, units: int, *args: Any, unit_forget_bias: bool = True, **kwargs: Any) -> None:
        self.unit_forget_bias = unit_forget_bias
        super().__init__(units, *args, **kwargs)

    @staticmethod
    def _state_size(units: int) -> Any:
        return [units, units]

    def _bias_initializer(self) -> Any:
        make, units = self.bias_initializer, self.units
        if not self.unit_forget_bias:
            return make

        def initializer(_: Any, *args: Any, **options: Any) -> Any:
            parts = [make([units * 5], *args, **options), Ones()([units], *args, **options)]
            return concat([*parts, make([units * 2], *args, **options)], 0)

        return initializer
