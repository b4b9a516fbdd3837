"""How many nodes TensorFlow makes where there are fewer here.

An operation without a seed of its own draws by the graph's seed and by how many nodes the graph has when it is
made: so the initial values of a script that sets nothing but `tf.set_random_seed` are TensorFlow's only where
its nodes are counted. A graph counts its own, and is told here of those that it does not have: `Graph.skip`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .graph import Graph
    from .tensor import Operation

_LOOP = 50
"""What `dynamic_rnn` makes before it calls the cell: its time, its arrays, its loop; without the state."""
_ZEROS, _ZEROS_OF_TENSOR = 7, 6
"""What a zero state takes for each of its tensors, beside the zeros: for a number of rows, and for a tensor."""


def _sparse_loss(operation: Operation) -> int:
    return 1 if (operation.inputs[0].shape.ndims or 2) <= 2 else 33


def _beside_matrix(operation: Operation) -> int:
    """Of a product with a matrix over the last of several axes, which TensorFlow makes of a flat product."""
    return 24


MORE: dict[str, Any] = {
    "RNNCellStep": -1,  # a cell's own nodes are counted where it is described
    "SoftmaxCrossEntropyWithLogits": 30,
    "SparseSoftmaxCrossEntropyWithLogits": _sparse_loss,
    "SigmoidCrossEntropyWithLogits": 9,
    "GatherV2": 1,
    "Split": 1,
    "Tensordot": _beside_matrix,
    "Einsum": 4,
}
"""By types of operations, how many nodes more TensorFlow makes: a number, or a function of the node."""


def more_than(operation: Operation) -> int:
    """How many nodes TensorFlow makes for what is this one node here, beyond one."""
    more = MORE.get(operation.type, 0)
    return int(more(operation)) if callable(more) else more


def of_zeros(graph: Graph, rows: Any) -> None:
    """A tensor of a zero state is about to be made, for so many rows."""
    graph.skip(_ZEROS if isinstance(rows, int) else _ZEROS_OF_TENSOR)


# -- cells
_CELLS = {"BasicRNNCell": (5, 2), "GRUCell": (19, 4), "BasicLSTMCell": (18, 2), "LSTMBlockCell": (2, 2)}
_DROPOUT = 16


def of_step(cell: Any, in_loop: bool) -> int:
    """How many nodes a step of a cell takes that is one node here; in a loop each variable takes one more."""
    name = type(cell).__name__
    if name in _CELLS:
        count, variables = _CELLS[name]
    elif name == "LSTMCell":
        projects, peeps = cell._num_proj is not None, bool(cell._use_peepholes)
        count = 18 + 6 * peeps + 4 * bool(cell._cell_clip) + projects * (1 + 4 * bool(cell._proj_clip))
        variables = 2 + 3 * peeps + projects
    else:
        return 0
    return count + variables * in_loop


def of_dropout(keep: Any, in_loop: bool) -> int:
    """Of the dropout with a keep probability, a number or a tensor."""
    if isinstance(keep, (int, float)):
        return _DROPOUT if keep < 1 else 0
    return _DROPOUT + 1 + in_loop


def of_cell(cell: Any) -> int:
    """Of a step of a cell and of all that is in it, outside of a loop."""
    if hasattr(cell, "_cells"):
        return sum(map(of_cell, cell._cells))
    inner = of_cell(cell._cell) if hasattr(cell, "_cell") else 0
    if type(cell).__name__ == "DropoutWrapper":
        inner += sum(of_dropout(keep, False) for keep in cell._keep.values())
    elif type(cell).__name__ == "ResidualWrapper":
        inner += 1
    return inner + of_step(cell, False)


@contextlib.contextmanager
def loop(graph: Graph) -> Iterator[None]:
    """What is described meanwhile is stepped in a loop."""
    before, graph.in_loop = graph.in_loop, True
    try:
        yield
    finally:
        graph.in_loop = before


def before_loop(graph: Graph, states: int, lengths: bool, time_major: bool, rows: int | None) -> None:
    """`dynamic_rnn` is about to call its cell."""
    graph.skip(_LOOP + 4 * states + 8 * (not time_major) + 17 * lengths + 6 * (rows is None))


def after_loop(graph: Graph, states: int, lengths: bool, time_major: bool, rows: int | None) -> None:
    """`dynamic_rnn` has made its outputs and its final state."""
    made = 17 + 2 * states + 8 * (not time_major) + (2 + states) * lengths - (rows is None)
    graph.skip(made - 2 - states)
