"""Stacked cells (TF1 module: `tf.nn.rnn_cell`)."""

from __future__ import annotations

from typing import Any

from . import logging, nest
from . import variable_scope as vs
from .cell_description import Flat, Multi
from .graph import name_scope
from .layers_base import StaticInput
from .ops import lists
from .rnn_cell_base import Described, RNNCell, assert_like_rnncell, bare_step, is_plain, known
from .shapes import as_shape


class MultiRNNCell(RNNCell):
    """A stack of cells, each fed with the output of the one before (TF1 symbol:
    `tf.nn.rnn_cell.MultiRNNCell`).

    Raises:
        TypeError: `cells` is no list or tuple.
        ValueError: it is empty, or cells have tuples as states and `state_is_tuple` is False.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.LSTMCell(4), tf.nn.rnn_cell.GRUCell(5)]).state_size
    (LSTMStateTuple(c=4, h=4), 5)
    """

    def __init__(self, cells: Any, state_is_tuple: bool = True) -> None:
        super().__init__()
        if not cells:
            raise ValueError("Must specify at least one cell for MultiRNNCell.")
        if not isinstance(cells, (list, tuple)):
            raise TypeError(f"cells must be a list or tuple, but saw: {cells}.")
        for index, cell in enumerate(cells):
            assert_like_rnncell(f"cells[{index}]", cell)
        if len({id(cell) for cell in cells}) < len(cells):
            logging.warn(
                "At least two cells provided to MultiRNNCell are the same object and will share weights."
            )
        self._cells = list(cells)
        self._state_is_tuple = state_is_tuple
        if not state_is_tuple and any(nest.is_sequence(cell.state_size) for cell in cells):
            sizes = [cell.state_size for cell in cells]
            raise ValueError(
                "Some cells return tuples of states, but the flag state_is_tuple is not set.  State sizes "
                f"are: {sizes}"
            )

    @property
    def state_size(self) -> Any:
        sizes = tuple(cell.state_size for cell in self._cells)
        return sizes if self._state_is_tuple else sum(sizes)

    @property
    def output_size(self) -> Any:
        return self._cells[-1].output_size

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        with name_scope(type(self).__name__ + "ZeroState", values=[batch_size]):
            if self._state_is_tuple:
                return tuple(cell.zero_state(batch_size, dtype) for cell in self._cells)
            return super().zero_state(batch_size, dtype)

    @property
    def trainable_weights(self) -> list[Any]:
        return self._weights_of("trainable_weights") if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Any]:
        frozen = self._weights_of("non_trainable_weights")
        return frozen if self.trainable else self._weights_of("trainable_weights") + frozen

    def _weights_of(self, kind: str) -> list[Any]:
        """Those of the cells one after the other; of a cell that is there twice, twice, as in TensorFlow."""
        cells = [cell for cell in self._cells if isinstance(cell, RNNCell)]
        return [weight for cell in cells for weight in getattr(cell, kind)]

    def _is_known(self) -> bool:
        return is_plain(self, MultiRNNCell, "build", "call", "__call__") and all(map(known, self._cells))

    def _describe(self, inputs: Any) -> Described:
        with self._in_scope(inputs):
            return self._described(inputs)

    def _described(self, inputs: Any) -> Described:
        parts, dtype = [], inputs.dtype
        for index, cell in enumerate(self._cells):
            with vs.variable_scope(f"cell_{index}"):
                parts.append(cell._describe(inputs))
            inputs = StaticInput(dtype, as_shape(inputs.shape)[:1].concatenate(as_shape(cell.output_size)))
        stack: Any = Multi(tuple(part.description for part in parts))
        tensors = [tensor for part in parts for tensor in part.tensors]
        return Described(stack if self._state_is_tuple else Flat(stack), tensors)

    def call(self, inputs: Any, state: Any) -> Any:
        """One step: as one node where every cell says what it amounts to, else by calling the cells."""
        if self._state_is_tuple and (not isinstance(state, (list, tuple)) or len(state) != len(self._cells)):
            raise ValueError(
                f"Expected state to be a tuple of length {len(self.state_size)}, but received: {state}"
            )
        if self._is_known() and not nest.is_sequence(inputs):
            return bare_step(self, self._described(inputs), inputs, state)
        parts = (
            state
            if self._state_is_tuple
            else lists.split(state, [cell.state_size for cell in self._cells], 1)
        )
        new_states = []
        for index, (cell, part) in enumerate(zip(self._cells, parts, strict=True)):
            with vs.variable_scope(f"cell_{index}"):
                inputs, new_state = cell(inputs, part)
            new_states.append(new_state)
        return inputs, tuple(new_states) if self._state_is_tuple else lists.concat(new_states, 1)
