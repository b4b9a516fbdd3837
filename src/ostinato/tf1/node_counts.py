"""How many nodes TensorFlow makes where there are fewer here.

An operation without a seed of its own draws by the graph's seed and by how many nodes the graph has when it
is made: so the initial values of a script that sets nothing but `tf.set_random_seed` are TensorFlow's only
where its nodes are counted. A graph counts its own, and is told here of those that it does not have:
`Graph.skip`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .graph import Graph
    from .tensor import Operation

_LOOP = 50
"""What `dynamic_rnn` makes before it calls the cell: its time, its arrays, its loop; not the state."""
_ZEROS, _ZEROS_OF_TENSOR = 7, 6
"""What a zero state takes for each tensor, beside the zeros: for a number of rows, and for a tensor."""


def _sparse_loss(operation: Operation) -> int:
    return 1 if (operation.inputs[0].shape.ndims or 2) <= 2 else 33


def _softmax(operation: Operation) -> int:
    """Along another axis than the last, which TensorFlow brings to the end and back."""
    rank, axis = operation.inputs[0].shape.ndims, operation.attributes["axis"]
    return 30 if rank is not None and axis not in (-1, rank - 1) else 0


def _product(operation: Operation) -> int:
    """A dense layer's over the last of several axes, which TensorFlow makes of a flat product."""
    if not operation.name.rpartition("/")[-1].startswith("Tensordot"):
        return 0
    return _flat(operation)


def _flat(operation: Operation) -> int:
    return 10 if operation.inputs[0].shape.is_fully_defined() else 24


def _normalised(operation: Operation) -> int:
    """Two empty constants stand there for the mean and the variance that are not given."""
    return int(operation.inputs[3] is operation.inputs[4])


def _separable(operation: Operation) -> int:
    return 2 if operation.name.endswith("/depthwise") else 0


def _mask(operation: Operation) -> int:
    """The longest is not negative where it is found; a mask of numbers is cast."""
    return 6 + 2 * (operation.inputs[1].op.type == "Max") + (operation.attributes["dtype"] != "bool")


_ONE_STEP = {"CrfLogNorm": 23, "CrfDecode": 10}
_LONG = {"CrfLogNorm": 1, "CrfDecode": 2}  # for lengths of int64


def _of_crf(operation: Operation) -> int:
    """Of the sum over all sequences of tags, or of the best one: a loop over the steps, or none."""
    kind, (rows, steps, _) = operation.type, operation.inputs[0].shape.known or (None, None, None)
    if steps == 1:
        return _ONE_STEP[kind]
    more = _LONG[kind] * (operation.inputs[2].dtype.base_dtype.name == "int64")
    if kind == "CrfDecode":
        return 270 + 20 * (rows is None or steps is None) + 22 * (rows is steps is None) + more
    return 162 + 10 * (rows is None) + 32 * (steps is None) + (rows is steps is None) + more


def _sampled(operation: Operation) -> int:
    return 66 + 21 * operation.attributes["remove_accidental_hits"]


MORE: dict[str, Any] = {
    "RandomSeed": -1,
    "RNNCellStep": -1,  # a cell's own nodes are counted where it is described
    "SoftmaxCrossEntropyWithLogits": 30,
    "SparseSoftmaxCrossEntropyWithLogits": _sparse_loss,
    "SigmoidCrossEntropyWithLogits": 9,
    "GatherV2": 1,
    "Split": 2,
    "DepthwiseConv2dNative": _separable,
    "FusedBatchNormV3": _normalised,
    "Tensordot": _flat,
    "BatchMatMulV2": _product,
    "Einsum": 4,
    "Softmax": _softmax,
    "LogSoftmax": _softmax,
    "SequenceMask": _mask,
    "ReducedLoss": 28,
    "ZeroFraction": 25,
    "CrfUnaryScore": 53,
    "CrfBinaryScore": 40,
    "CrfLogNorm": _of_crf,
    "CrfDecode": _of_crf,
    "SampledLogits": _sampled,
    "MaskedMemory": 8,
    "MaskedScore": 4,
    "BahdanauScore": lambda operation: 6 if len(operation.inputs) == 3 else 13,
    "LuongScore": lambda operation: 1 + len(operation.inputs),
    "AttentionContext": 3,
    "MatchingBatch": 17,
    "ReadUnlessFinished": lambda operation: 10 + (operation.graph.outer is not None),
}
"""By types of operations, how many nodes more TensorFlow makes: a number, or a function of the node."""


def of_sequence_score(steps: int | None) -> int:
    """Of the score of a sequence of tags, beside those of its steps and of what follows what."""
    return {None: 37, 1: -76}.get(steps, 3)


def of_convolution(rank: int, dilated: bool, space: Any, padding: str) -> int:
    """Of a convolution in a layer: a constant, and where it is dilated the blocks put to the batch."""
    if not dilated or rank == 3:
        return 1
    known = 10 if None not in space else 73 if rank == 2 else 54
    return 1 + known + (padding == "SAME")


def of_transpose(rank: int, known: bool, padding: str) -> int:
    """Of a layer's transposed convolution, whose size TensorFlow computes even where it is known."""
    if rank == 3:
        return 0
    return 4 + known * (18 + 4 * (padding == "VALID"))


@contextlib.contextmanager
def as_many(graph: Graph, count: int) -> Iterator[None]:
    """What is made meanwhile takes so many nodes in TensorFlow."""
    before = graph.nodes_of_tensorflow()
    yield
    graph.skip(before + count - graph.nodes_of_tensorflow())


def of_assert(graph: Graph, data: Any, tensors: Any) -> None:
    """An assertion is made, which TensorFlow puts into a branch unless it shows but texts and integers."""
    if any(tensor.dtype.base_dtype.name not in ("string", "int32") for tensor in tensors):
        graph.skip(9 + sum(hasattr(item, "op") for item in data))


LOOKUP_WITH_NORM, _NORM = 20, 17
_COMBINED = {"sum": (10, 24), "mean": (10, 26), "sqrtn": (10, 29)}
_SAFE = {"sum": (56, 84), "mean": (56, 104), "sqrtn": (56, 107)}
_WITHOUT_ZEROS = 12  # that stand for rows of no ids


def of_lookup(combiner: str, weighted: bool, norm: bool) -> int:
    """Of the rows of a table that sparse ids name, made one."""
    return _COMBINED[combiner][weighted] + _NORM * norm


def of_safe_lookup(combiner: str, weighted: bool, norm: bool, default: bool) -> int:
    """The same, where rows may be empty."""
    return _SAFE.get(combiner, _SAFE["mean"])[weighted] + _NORM * norm - _WITHOUT_ZEROS * default


def more_than(operation: Operation) -> int:
    """How many nodes TensorFlow makes for what is this one node here, beyond one."""
    more = MORE.get(operation.type, 0)
    return int(more(operation)) if callable(more) else more


def of_zeros(graph: Graph, rows: Any) -> None:
    """A tensor of a zero state is about to be made, for so many rows."""
    graph.skip(_ZEROS if isinstance(rows, int) else _ZEROS_OF_TENSOR)


MASK_OF_SCORES = 23
"""Of what a mechanism makes for each step's scores to find which entries of its memory are not padding."""


def of_attentions_zeros(size: Any, rows: Any) -> int:
    """Of a tensor of zeros in the state of attention."""
    return 8 + (_ZEROS - _ZEROS_OF_TENSOR + 1) * (not isinstance(rows, int)) + 2 * hasattr(size, "op")


# -- cells
_CELLS = {
    "BasicRNNCell": (5, 2),
    "GRUCell": (19, 4),
    "BasicLSTMCell": (18, 2),
    "LSTMBlockCell": (2, 2),
    "LayerNormBasicLSTMCell": (87, 11),
}
_BEFORE = {"LayerNormBasicLSTMCell": 2}  # of these, how many come before the variables
_DROPOUT = 16


def before_variables(cell: Any) -> int:
    """How many of `of_step` a cell makes before its variables."""
    return _BEFORE.get(type(cell).__name__, 0)


def of_step(cell: Any, entered: set[Any] | None) -> int:
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
    return count + variables * (entered is not None)


def of_dropout(keep: Any, entered: set[Any] | None) -> int:
    """Of the dropout with a keep probability: a number, or a tensor, which enters a loop once."""
    if isinstance(keep, (int, float)):
        return _DROPOUT if keep < 1 else 0
    if entered is None or keep in entered:
        return _DROPOUT + 1
    entered.add(keep)
    return _DROPOUT + 2


def of_cell(cell: Any) -> int:
    """Of a step of a cell and of all that is in it, outside of a loop."""
    if hasattr(cell, "_cells"):
        return sum(map(of_cell, cell._cells))
    inner = of_cell(cell._cell) if hasattr(cell, "_cell") else 0
    if type(cell).__name__ == "DropoutWrapper":
        inner += sum(of_dropout(keep, None) for keep in cell._keep.values())
    elif type(cell).__name__ == "ResidualWrapper":
        inner += 1
    return inner + of_step(cell, None)


_KERAS = {("lstm", 1): 175, ("lstm", 2): 107, ("gru", 1): 194, ("gru", 2): 158}
_KERAS_BIAS = {("lstm", 1): 16, ("lstm", 2): 4, ("gru", 1): 36}
_KERAS_SIMPLE, _HARD, _RESET_AFTER = 78, 14, 28
_KERAS_DROPOUT = {"simple": (0, -1, 2), "gru": (0, 5, 14), "lstm": (0, 8, 20)}


def of_keras_rnn(layer: Any, kind: str, masked: bool, given: bool) -> int:
    """Of the loop of a Keras layer, which is one node here. given: its state is not its own."""
    cell, lstm = layer.cell, kind == "lstm"
    way = kind, cell.implementation if kind != "simple" else 1
    gates = {"simple": 0, "gru": 2, "lstm": 3}[kind]
    hard = getattr(cell.recurrent_activation, "__name__", "") == "hard_sigmoid"
    return (
        _KERAS.get(way, _KERAS_SIMPLE)
        + _HARD * gates * hard
        - _KERAS_BIAS.get(way, 4) * (not cell.use_bias)
        + _RESET_AFTER * bool(getattr(cell, "reset_after", False))
        + _KERAS_DROPOUT[kind][bool(cell.dropout) + bool(cell.recurrent_dropout)]
        + (33 if lstm else 30) * masked
        + 2 * layer.go_backwards
        + (5 if lstm else 4) * layer.stateful
        - (2 if lstm else 1) * (given and not layer.stateful)
    )


@contextlib.contextmanager
def loop(graph: Graph) -> Iterator[None]:
    """What is described meanwhile is stepped in a loop."""
    before, graph.entered = graph.entered, set()
    try:
        yield
    finally:
        graph.entered = before


def before_loop(graph: Graph, states: int, lengths: bool, time_major: bool, rows: int | None) -> None:
    """`dynamic_rnn` is about to call its cell."""
    graph.skip(_LOOP + 4 * states + 8 * (not time_major) + 17 * lengths + 6 * (rows is None))


def of_lengths(states: int) -> tuple[int, int, int]:
    """Of `static_rnn` with lengths: before its first step, of that step beyond the cell's, of each later."""
    step = 30 + 6 * states
    return 20 + states, step - 9 - states, step


def after_loop(graph: Graph, states: int, lengths: bool, time_major: bool, rows: int | None) -> None:
    """`dynamic_rnn` has made its outputs and its final state."""
    made = 17 + 2 * states + 8 * (not time_major) + (2 + states) * lengths - (rows is None)
    graph.skip(made - 2 - states)
