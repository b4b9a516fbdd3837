"""Cells that take whole sequences, made of cells that take steps (TF1 module: `tf.contrib.rnn`)."""

from __future__ import annotations

import abc
from typing import Any

from ..ops import lists, picking
from ..rnn import dynamic_rnn
from ..rnn_static import static_rnn

__all__ = ["FusedRNNCell", "FusedRNNCellAdaptor", "TimeReversedFusedRNN"]


class FusedRNNCell(abc.ABC):
    """What takes a whole sequence, time first (TF1 symbol: `tf.contrib.rnn.FusedRNNCell`): derive from it,
    and define `__call__`.
    """

    @abc.abstractmethod
    def __call__(
        self,
        inputs: Any,
        initial_state: Any = None,
        dtype: Any = None,
        sequence_length: Any = None,
        scope: Any = None,
    ) -> tuple[Any, Any]:
        """Run over a sequence.

        Args:
            inputs: `[time, batch, depth]`, or a list of `[batch, depth]`.
            initial_state: None is zeros of `dtype`.
            sequence_length: integers `[batch]`, or None.
            scope: the scope of the variables.

        Returns:
            the outputs, a tensor or a list as `inputs` is, and the final state.
        """


class FusedRNNCellAdaptor(FusedRNNCell):
    """A cell as one that takes whole sequences (TF1 symbol: `tf.contrib.rnn.FusedRNNCellAdaptor`).

    Args:
        cell: a cell.
        use_dynamic_rnn: whether `dynamic_rnn` runs it, else `static_rnn`, for which the number of steps
            must be known.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     fused = tf.contrib.rnn.FusedRNNCellAdaptor(tf.nn.rnn_cell.GRUCell(4), use_dynamic_rnn=True)
    ...     outputs, state = fused(tf.zeros([5, 2, 3]), dtype=tf.float32)
    >>> outputs.shape.as_list(), state.shape.as_list()
    ([5, 2, 4], [2, 4])
    """

    def __init__(self, cell: Any, use_dynamic_rnn: bool = False) -> None:
        self._cell, self._use_dynamic_rnn = cell, use_dynamic_rnn

    def __call__(
        self,
        inputs: Any,
        initial_state: Any = None,
        dtype: Any = None,
        sequence_length: Any = None,
        scope: Any = None,
    ) -> tuple[Any, Any]:
        """As `FusedRNNCell.__call__` says."""
        is_list = isinstance(inputs, list)
        options: dict[str, Any] = {
            "initial_state": initial_state,
            "dtype": dtype,
            "sequence_length": sequence_length,
            "scope": scope,
        }
        outputs: Any
        if self._use_dynamic_rnn:
            sequence = lists.stack(inputs) if is_list else inputs
            outputs, state = dynamic_rnn(self._cell, sequence, time_major=True, **options)
            return (lists.unstack(outputs) if is_list else outputs), state
        steps = inputs if is_list else lists.unstack(inputs)
        outputs, state = static_rnn(self._cell, steps, **options)
        return (outputs if is_list else lists.stack(outputs)), state


class TimeReversedFusedRNN(FusedRNNCell):
    """Runs another one backwards in time (TF1 symbol: `tf.contrib.rnn.TimeReversedFusedRNN`): its inputs are
    reversed, and its outputs put back; of tensors each row as far as its length.

    Args:
        cell: a `FusedRNNCell`.
    """

    def __init__(self, cell: Any) -> None:
        self._cell = cell

    def __call__(
        self,
        inputs: Any,
        initial_state: Any = None,
        dtype: Any = None,
        sequence_length: Any = None,
        scope: Any = None,
    ) -> tuple[Any, Any]:
        """As `FusedRNNCell.__call__` says."""
        outputs, state = self._cell(
            _reversed(inputs, sequence_length),
            initial_state=initial_state,
            dtype=dtype,
            sequence_length=sequence_length,
            scope=scope,
        )
        return _reversed(outputs, sequence_length), state


def _reversed(sequence: Any, lengths: Any) -> Any:
    if isinstance(sequence, list):
        return sequence[::-1]
    if lengths is None:
        return picking.reverse(sequence, [0])
    return picking.reverse_sequence(sequence, lengths, seq_axis=0, batch_axis=1)
