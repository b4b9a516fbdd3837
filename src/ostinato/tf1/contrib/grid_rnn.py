"""The module `tf.contrib.grid_rnn`: cells over a grid of several dimensions (Kalchbrenner et al. 2016), each
step of which steps one inner cell for each dimension.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .. import logging
from ..names import absent
from ..ops import array, nn
from ..ops.lists import concat, split
from ..ops.math import matmul
from ..ops.slicing import slice_
from ..rnn_cell import BasicLSTMCell, BasicRNNCell, GRUCell, LSTMCell
from ..rnn_cell_base import RNNCell
from ..tensor import Tensor
from ..variable_scope import get_variable, variable_scope
from .layers import fully_connected, xavier_initializer

__all__ = [
    "Grid1BasicLSTMCell",
    "Grid1BasicRNNCell",
    "Grid1LSTMCell",
    "Grid2BasicLSTMCell",
    "Grid2BasicRNNCell",
    "Grid2GRUCell",
    "Grid2LSTMCell",
    "Grid3LSTMCell",
    "GridRNNCell",
]

__getattr__ = absent("tf.contrib.grid_rnn", __all__)


class GridRNNCell(RNNCell):
    """A grid of cells (TF1 symbol: `tf.contrib.grid_rnn.GridRNNCell`). The cell of a dimension takes what the
    other dimensions last gave as its input, and what the last dimension gave as its previous output.

    Args:
        num_units: units of the cell of every dimension.
        num_dims: how many dimensions there are.
        input_dims, output_dims: which take the inputs, and which give the outputs: a number or a list.
        priority_dims: which are stepped after the others, whose new outputs they then see.
        non_recurrent_dims: which keep no state: a dense layer with `non_recurrent_fn` in place of a cell.
        tied: one set of weights for all the cells, and one for all the dense layers.
        cell_fn: a function of `num_units` that makes a cell; None makes an `LSTMCell`.
        non_recurrent_fn: an activation; None is relu.
        state_is_tuple, output_is_tuple: False joins the states, or the outputs, of the dimensions in one
            tensor.

    Variables: `project_m_0`, and of cells with a memory `project_c_0`, `[depth, num_units]` for each input
    dimension; those of the cells under `recurrent/cell_0`, those of the dense layers under
    `non_recurrent/cell_0`; where tied, under `recurrent` and `non_recurrent`.

    Raises:
        ValueError: a dimension that the grid does not have, or a state of another number of parts.
        TypeError: `cell_fn` makes no cell.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     cell = tf.contrib.grid_rnn.Grid2LSTMCell(4)
    ...     outputs, state = cell(tf.zeros([2, 3]), cell.zero_state(2, tf.float32))
    >>> outputs[0].shape.as_list(), len(state)
    ([2, 4], 2)
    """

    def __init__(
        self,
        num_units: int,
        num_dims: int = 1,
        input_dims: int | Iterable[int] | None = None,
        output_dims: int | Iterable[int] | None = None,
        priority_dims: int | Iterable[int] | None = None,
        non_recurrent_dims: int | Iterable[int] | None = None,
        tied: bool = False,
        cell_fn: Callable[[int], Any] | None = None,
        non_recurrent_fn: Callable[..., Any] | None = None,
        state_is_tuple: bool = True,
        output_is_tuple: bool = True,
    ) -> None:
        super().__init__()
        for what, is_tuple in (("state", state_is_tuple), ("output", output_is_tuple)):
            if not is_tuple:
                logging.warning(
                    f"%s: Using a concatenated {what} is slower and will soon be deprecated.  "
                    f"Use {what}_is_tuple=True.",
                    self,
                )
        if num_dims < 1:
            raise ValueError(f"dims must be >= 1: {num_dims}")
        self._num_units, self._num_dims, self._tied = num_units, num_dims, tied
        self._inputs = _dimensions(input_dims, num_dims)
        self._outputs = _dimensions(output_dims, num_dims)
        self._priority = _dimensions(priority_dims, num_dims)
        self._non_recurrent = _dimensions(non_recurrent_dims, num_dims)
        self._recurrent = [i for i in range(num_dims) if i not in self._non_recurrent]
        self._non_recurrent_fn = non_recurrent_fn or nn.relu
        self._state_is_tuple, self._output_is_tuple = state_is_tuple, output_is_tuple

        def made() -> Any:
            return cell_fn(num_units) if cell_fn else LSTMCell(num_units, state_is_tuple=state_is_tuple)

        self._cells = [made()] * num_dims if tied else [made() for _ in range(num_dims)]
        if not isinstance(self._cells[0], RNNCell):
            raise TypeError(f"cell_fn must return an RNNCell instance, saw: {type(self._cells[0])}")

    @property
    def output_size(self) -> Any:
        size = self._cells[0].output_size
        return (size,) * len(self._outputs) if self._output_is_tuple else size * len(self._outputs)

    @property
    def state_size(self) -> Any:
        if self._state_is_tuple:
            return (self._cells[0].state_size,) * len(self._recurrent)
        return self._cell_state_size() * len(self._recurrent)

    def _cell_state_size(self) -> int:
        size = self._cells[0].state_size
        return sum(size) if isinstance(size, tuple) else size

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:  # type: ignore[override]
        """The outputs of the output dimensions and the states of the recurrent ones."""
        memories, outputs = self._parts(state)
        with variable_scope(scope or type(self).__name__):
            self._project(inputs, memories, outputs)
            step = _Step(self, memories, outputs)
            step.walk([i for i in range(self._num_dims) if i not in self._priority])
            step.walk(self._priority)
            given = [step.outputs[i] for i in self._outputs]
            states = [step.states[i] for i in self._recurrent]
            return self._joined(given, inputs.dtype), self._joined_states(states, inputs.dtype)

    def _joined(self, given: list[Any], dtype: Any) -> Any:
        if self._output_is_tuple:
            return tuple(given)
        return concat(given, 1) if given else array.zeros([0, 0], dtype)

    def _joined_states(self, states: list[Any], dtype: Any) -> Any:
        if self._state_is_tuple:
            return tuple(states)
        parts = [part for state in states for part in (state if isinstance(state, tuple) else [state])]
        return concat(parts, 1) if parts else array.zeros([0, 0], dtype)

    def _parts(self, state: Any) -> tuple[list[Any], list[Any]]:
        """The memory, of cells that have one, and the last output of each dimension."""
        memories: list[Any] = [None] * self._num_dims
        outputs: list[Any] = [None] * self._num_dims
        size = self._cell_state_size()
        rest = size - self._num_units
        if self._state_is_tuple and len(state) != len(self._recurrent):
            raise ValueError(f"Expected state as a tuple of {len(self._recurrent)} element")
        for number, i in enumerate(self._recurrent):
            if not self._state_is_tuple:
                parts = [slice_(state, [0, number * size], [-1, self._num_units])]
                if rest > 0:
                    parts.append(slice_(state, [0, number * size + self._num_units], [-1, rest]))
            else:
                parts = list(state[number]) if rest > 0 else [state[number]]
            outputs[i] = parts.pop()
            memories[i] = parts.pop() if parts else None
        return memories, outputs

    def _project(self, inputs: Any, memories: list[Any], outputs: list[Any]) -> None:
        """Put the projected inputs where the input dimensions would have had their state."""
        depth = inputs.shape.with_rank(2)[1].value
        if depth is None:
            raise ValueError(
                f"The inputs of {type(self).__name__} have the shape {inputs.shape}: their last size must be "
                "known; give it with set_shape."
            )
        if not depth or not self._inputs:
            return
        has_memory = self._cell_state_size() > self._num_units
        for i, part in zip(self._inputs, split(inputs, len(self._inputs), axis=1), strict=True):
            for name, kept in (("m", outputs), ("c", memories)):
                if name == "m" or has_memory:
                    shape = [part.shape[1].value, self._num_units]
                    kernel = get_variable(f"project_{name}_{i}", shape, dtype=inputs.dtype)
                    kept[i] = matmul(part, kernel)


class _Step:
    """One step of a grid: what its dimensions had, and what they have given so far."""

    def __init__(self, grid: GridRNNCell, memories: list[Any], before: list[Any]) -> None:
        self._grid, self._memories, self._before = grid, memories, before
        self._called: set[str] = set()
        self.outputs: list[Any] = [None] * len(before)
        self.states: list[Any] = [None] * len(before)

    def _latest(self, i: int) -> Tensor:
        return self._before[i] if self.outputs[i] is None else self.outputs[i]

    def walk(self, dimensions: list[int]) -> None:
        """Step these dimensions: each sees what there is before the first of them is stepped."""
        if not dimensions:
            return
        last = self._latest(-1)
        others = [self._latest(i) for i in range(len(self._before) - 1)]
        if others:
            inputs = concat(others, 1)
        else:
            inputs = array.zeros([array.shape(last)[0], 0], last.dtype)
            inputs.set_shape([last.shape[0], 0])
        for i in dimensions:
            self._step(i, inputs, last, bool(others))

    def _step(self, i: int, inputs: Tensor, last: Tensor, has_others: bool) -> None:
        grid = self._grid
        kind = "non_recurrent" if i in grid._non_recurrent else "recurrent"
        with variable_scope(kind if grid._tied else f"{kind}/cell_{i}") as scope:
            if grid._tied and kind in self._called:
                scope.reuse_variables()
            self._called.add(kind)
            if kind == "recurrent":
                state = last if self._memories[i] is None else (self._memories[i], last)
                self.outputs[i], self.states[i] = grid._cells[i](inputs, state)
                return
            self.outputs[i] = fully_connected(
                concat([inputs, last], 1) if has_others else last,
                num_outputs=grid._num_units,
                activation_fn=grid._non_recurrent_fn,
                weights_initializer=scope.initializer or xavier_initializer(),
                weights_regularizer=scope.regularizer,
            )


def _dimensions(given: Any, count: int) -> list[int]:
    """The dimensions that a number, a list of them or None names, in order."""
    named = [] if given is None else list(given) if isinstance(given, (list, tuple)) else [given]
    named = sorted(set(named))
    if any(i < 0 or i >= count for i in named):
        raise ValueError(f"Invalid dims: {named}. Must be in [0, {count})")
    return named


def _first(count: int, tied: bool = False, non_recurrent_fn: Any = None) -> dict[str, Any]:
    """The arguments of a grid whose first dimension takes the inputs and gives the outputs."""
    return {
        "num_dims": count,
        "input_dims": 0,
        "output_dims": 0,
        "priority_dims": 0,
        "tied": tied,
        "non_recurrent_dims": None if non_recurrent_fn is None else 0,
        "non_recurrent_fn": non_recurrent_fn,
    }


class Grid1BasicRNNCell(GridRNNCell):
    """A `BasicRNNCell` on one dimension (TF1 symbol: `tf.contrib.grid_rnn.Grid1BasicRNNCell`)."""

    def __init__(self, num_units: int, state_is_tuple: bool = True, output_is_tuple: bool = True) -> None:
        super().__init__(
            num_units,
            cell_fn=BasicRNNCell,
            state_is_tuple=state_is_tuple,
            output_is_tuple=output_is_tuple,
            **_first(1),
        )


class Grid2BasicRNNCell(GridRNNCell):
    """`BasicRNNCell`s on two dimensions (TF1 symbol: `tf.contrib.grid_rnn.Grid2BasicRNNCell`); with
    `non_recurrent_fn` the first keeps no state.
    """

    def __init__(
        self,
        num_units: int,
        tied: bool = False,
        non_recurrent_fn: Any = None,
        state_is_tuple: bool = True,
        output_is_tuple: bool = True,
    ) -> None:
        super().__init__(
            num_units,
            cell_fn=BasicRNNCell,
            state_is_tuple=state_is_tuple,
            output_is_tuple=output_is_tuple,
            **_first(2, tied, non_recurrent_fn),
        )


class Grid1BasicLSTMCell(GridRNNCell):
    """A `BasicLSTMCell` on one dimension (TF1 symbol: `tf.contrib.grid_rnn.Grid1BasicLSTMCell`)."""

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1,
        state_is_tuple: bool = True,
        output_is_tuple: bool = True,
    ) -> None:
        super().__init__(
            num_units,
            cell_fn=lambda units: BasicLSTMCell(units, forget_bias=forget_bias),
            state_is_tuple=state_is_tuple,
            output_is_tuple=output_is_tuple,
            **_first(1),
        )


class Grid2BasicLSTMCell(GridRNNCell):
    """`BasicLSTMCell`s on two dimensions (TF1 symbol: `tf.contrib.grid_rnn.Grid2BasicLSTMCell`); with
    `non_recurrent_fn` the first keeps no state.
    """

    def __init__(
        self,
        num_units: int,
        tied: bool = False,
        non_recurrent_fn: Any = None,
        forget_bias: float = 1,
        state_is_tuple: bool = True,
        output_is_tuple: bool = True,
    ) -> None:
        super().__init__(
            num_units,
            cell_fn=lambda units: BasicLSTMCell(units, forget_bias=forget_bias),
            state_is_tuple=state_is_tuple,
            output_is_tuple=output_is_tuple,
            **_first(2, tied, non_recurrent_fn),
        )


class Grid1LSTMCell(GridRNNCell):
    """An `LSTMCell` on one dimension (TF1 symbol: `tf.contrib.grid_rnn.Grid1LSTMCell`)."""

    def __init__(
        self,
        num_units: int,
        use_peepholes: bool = False,
        forget_bias: float = 1.0,
        state_is_tuple: bool = True,
        output_is_tuple: bool = True,
    ) -> None:
        super().__init__(
            num_units,
            cell_fn=lambda units: LSTMCell(units, use_peepholes, forget_bias=forget_bias),
            state_is_tuple=state_is_tuple,
            output_is_tuple=output_is_tuple,
            **_first(1),
        )


class _GridOfLSTMs(GridRNNCell):
    _num_dimensions: int

    def __init__(
        self,
        num_units: int,
        tied: bool = False,
        non_recurrent_fn: Any = None,
        use_peepholes: bool = False,
        forget_bias: float = 1.0,
        state_is_tuple: bool = True,
        output_is_tuple: bool = True,
    ) -> None:
        super().__init__(
            num_units,
            cell_fn=lambda units: LSTMCell(units, use_peepholes, forget_bias=forget_bias),
            state_is_tuple=state_is_tuple,
            output_is_tuple=output_is_tuple,
            **_first(self._num_dimensions, tied, non_recurrent_fn),
        )


class Grid2LSTMCell(_GridOfLSTMs):
    """`LSTMCell`s on two dimensions (TF1 symbol: `tf.contrib.grid_rnn.Grid2LSTMCell`); with
    `non_recurrent_fn` the first keeps no state.
    """

    _num_dimensions = 2


class Grid3LSTMCell(_GridOfLSTMs):
    """`LSTMCell`s on three dimensions (TF1 symbol: `tf.contrib.grid_rnn.Grid3LSTMCell`); with
    `non_recurrent_fn` the first keeps no state.
    """

    _num_dimensions = 3


class Grid2GRUCell(GridRNNCell):
    """`GRUCell`s on two dimensions (TF1 symbol: `tf.contrib.grid_rnn.Grid2GRUCell`); with `non_recurrent_fn`
    the first keeps no state.
    """

    def __init__(
        self,
        num_units: int,
        tied: bool = False,
        non_recurrent_fn: Any = None,
        state_is_tuple: bool = True,
        output_is_tuple: bool = True,
    ) -> None:
        super().__init__(
            num_units,
            cell_fn=GRUCell,
            state_is_tuple=state_is_tuple,
            output_is_tuple=output_is_tuple,
            **_first(2, tied, non_recurrent_fn),
        )
