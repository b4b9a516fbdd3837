"""The module `tf.nn.rnn_cell`."""

from typing import Any

from .names import absent
from .rnn_cell_impl import (
    BasicLSTMCell,
    BasicRNNCell,
    GRUCell,
    LayerRNNCell,
    LSTMCell,
    LSTMStateTuple,
    RNNCell,
)
from .rnn_cell_stack import MultiRNNCell
from .rnn_cell_wrappers import DeviceWrapper, DropoutWrapper, ResidualWrapper

__all__ = [
    "BasicLSTMCell",
    "BasicRNNCell",
    "DeviceWrapper",
    "DropoutWrapper",
    "GRUCell",
    "LSTMCell",
    "LSTMStateTuple",
    "LayerRNNCell",
    "MultiRNNCell",
    "RNNCell",
    "ResidualWrapper",
]

_absent = absent("tf.nn.rnn_cell", __all__)


def __getattr__(name: str) -> Any:
    if name in ("_linear", "linear"):  # tf.nn.rnn_cell._linear was TensorFlow's before 1.1
        from .linear import linear

        return linear
    return _absent(name)
