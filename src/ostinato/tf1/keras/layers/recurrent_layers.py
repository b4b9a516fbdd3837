"""SimpleRNN, GRU and LSTM: layers of Keras' cells, each sequence one node where nothing hinders it."""

from __future__ import annotations

import inspect
from typing import Any

from ... import logging, node_counts
from ...arguments import handed_on
from ...graph import get_default_graph
from ...input_spec import InputSpec
from ...ops.keras_rnn import KNOWN_ACTIVATIONS, keras_rnn
from .. import activations, regularizers
from .recurrent import RNN
from .recurrent_cells import GRUCell, LSTMCell, SimpleRNNCell

_OF_THE_CELL = frozenset(
    name for kind in (SimpleRNNCell, GRUCell, LSTMCell) for name in inspect.signature(kind).parameters
)


def known_activation(activation: Any) -> str | None:
    """The name of an activation that a node of its own has."""
    name = activations.serialize(activation)
    if name in KNOWN_ACTIVATIONS and activations.deserialize(name) is activation:
        return str(name)
    return _SAME.get(activation)


def taken_out(kind_of_cell: Any, given: dict[str, Any]) -> dict[str, Any]:
    """What the cell is made with, of the arguments `given` to its layer; the others are left there."""
    given["activity_regularizer"] = regularizers.get(given["activity_regularizer"])
    names = [name for name in inspect.signature(kind_of_cell).parameters if name in given]
    return {**{name: given.pop(name) for name in names}, "dtype": given.get("dtype")}


class _OfACell(RNN):
    """A layer that makes its cell; the cell's settings are the layer's."""

    _kind = "simple"

    def __init__(self, kind_of_cell: Any, given: dict[str, Any]) -> None:
        cell = kind_of_cell(**taken_out(kind_of_cell, given), trainable=given.get("trainable", True))
        super().__init__(cell, **given)
        self.input_spec = InputSpec(ndim=3)

    def __getattr__(self, name: str) -> Any:
        if name in _OF_THE_CELL and "cell" in self.__dict__:
            return getattr(self.cell, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _sequence(self, inputs: Any, initial_state: Any, constants: Any, mask: Any, training: Any) -> Any:
        cell = self.cell
        activation = known_activation(cell.activation)
        gates = known_activation(cell.recurrent_activation) if cell.recurrent_activation else "linear"
        # A GRU of implementation 2 drops from the state that it mixes too.
        mixes = self._kind == "gru" and cell.recurrent_dropout and cell.implementation != 1
        if constants or self.unroll or mixes or activation is None or gates is None:
            return super()._sequence(inputs, initial_state, constants, mask, training)
        given = initial_state[0].op.type != "Fill"
        count = node_counts.of_keras_rnn(self, self._kind, mask is not None, given)
        get_default_graph().skip(count)
        outputs, last, states = keras_rnn(
            inputs,
            cell.kernel,
            cell.recurrent_kernel,
            cell.bias,
            mask,
            initial_state,
            *self._dropout_masks(inputs, initial_state[0], training),
            kind=self._kind,
            activation=activation,
            gates=gates,
            time_major=self.time_major,
            go_backwards=self.go_backwards,
            zero_output_for_mask=self.zero_output_for_mask,
            reset_after=getattr(cell, "reset_after", False),
        )
        return last, outputs, states

    def _dropout_masks(self, inputs: Any, h: Any, training: Any) -> tuple[Any, Any]:
        """What dropout leaves of each step's inputs and of the states, for each gate."""
        cell = self.cell
        if not cell.dropout and not cell.recurrent_dropout:
            return (), ()
        cell.reset_dropout_mask()
        cell.reset_recurrent_dropout_mask()
        return cell.dropout_masks(inputs[0] if self.time_major else inputs[:, 0], h, training)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["cell"]
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        return cls(**config)


def _same_functions() -> dict[Any, str]:
    from ...ops import math, nn

    return {math.tanh: "tanh", math.sigmoid: "sigmoid", nn.relu: "relu"}


_SAME = _same_functions()


class SimpleRNN(_OfACell):
    """A recurrent layer without gates (TF1 symbol: `tf.keras.layers.SimpleRNN`).

    The arguments are those of `SimpleRNNCell` and of `RNN`.
    """

    _kind = "simple"

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
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
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        **kwargs: Any,
    ) -> None:
        if "implementation" in kwargs:
            del kwargs["implementation"]
            logging.warning(
                "The `implementation` argument in `SimpleRNN` has been deprecated. Please remove it from "
                "your layer call."
            )
        super().__init__(SimpleRNNCell, handed_on(locals()))


class GRU(_OfACell):
    """A layer of gated recurrent units (TF1 symbol: `tf.keras.layers.GRU`).

    The arguments are those of `GRUCell` and of `RNN`.
    """

    _kind = "gru"

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "hard_sigmoid",
        use_bias: bool = True,
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
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        implementation: int = 1,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        reset_after: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(GRUCell, handed_on(locals()))


class LSTM(_OfACell):
    """A layer of long short-term memory (TF1 symbol: `tf.keras.layers.LSTM`).

    The arguments are those of `LSTMCell` and of `RNN`.
    """

    _kind = "lstm"

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "hard_sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        implementation: int = 1,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(LSTMCell, handed_on(locals()))
