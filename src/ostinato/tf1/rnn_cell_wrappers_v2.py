"""Cells around a cell that also stand in `tf.keras.layers.RNN`, around one of Keras (TF1 symbols:
`tf.compat.v2.nn.RNNCellDropoutWrapper` and its like).

>>> import ostinato.tf1 as tf
>>> with tf.Graph().as_default():
...     cell = tf.compat.v2.nn.RNNCellResidualWrapper(tf.keras.layers.GRUCell(4))
...     print(tf.keras.layers.RNN(cell)(tf.zeros([2, 3, 4])).shape)
(2, 4)
"""

from __future__ import annotations

from typing import Any

from .graph import get_default_graph
from .rnn_cell_base import RNNCell
from .rnn_cell_wrappers import DeviceWrapper, DropoutWrapper, ResidualWrapper, _Wrapper


class _Built(_Wrapper):
    """A wrapper that can be built and then called as a layer of Keras calls it, without a scope."""

    _options: dict[str, Any] | None = None  # of a call that goes straight to the wrapped cell's `call`

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        if hasattr(self._cell, "zero_state"):
            return super().zero_state(batch_size, dtype)
        return self._cell.get_initial_state(None, batch_size, dtype)

    def build(self, inputs_shape: Any) -> None:
        """Make the wrapped cell's variables."""
        self._cell.build(inputs_shape)
        self.built = True

    def call(self, inputs: Any, state: Any, **kwargs: Any) -> Any:
        """The wrapped cell's step, which has been built, with what the wrapper adds."""
        before, self._options = self._options, kwargs
        try:
            return self._call_cell(inputs, state, None)
        finally:
            self._options = before

    def _call_cell(self, inputs: Any, state: Any, scope: Any) -> Any:
        if self._options is None:
            return super()._call_cell(inputs, state, scope)
        if not isinstance(self._cell, RNNCell) and not isinstance(state, (list, tuple)):
            state = [state]  # as Keras' cells have it
        return self._cell.call(inputs, state, **self._options)


class RNNCellDropoutWrapper(DropoutWrapper, _Built):
    """Dropout of a cell's inputs, states and outputs, by `tf.nn.rnn_cell.DropoutWrapper`'s arguments.

    TF1 symbol: `tf.compat.v2.nn.RNNCellDropoutWrapper`.
    """


class RNNCellResidualWrapper(ResidualWrapper, _Built):
    """A cell's inputs added to its outputs (TF1 symbol: `tf.compat.v2.nn.RNNCellResidualWrapper`)."""


class RNNCellDeviceWrapper(DeviceWrapper, _Built):
    """A cell's nodes on a device (TF1 symbol: `tf.compat.v2.nn.RNNCellDeviceWrapper`)."""

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        with get_default_graph().device(self._device):
            return _Built.zero_state(self, batch_size, dtype)

    def call(self, inputs: Any, state: Any, **kwargs: Any) -> Any:
        with get_default_graph().device(self._device):
            return super().call(inputs, state, **kwargs)
