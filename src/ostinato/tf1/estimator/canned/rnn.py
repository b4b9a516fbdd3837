"""Recurrent networks over columns of sequences, as estimators."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ... import layers, losses, rnn_cell, summary
from ...arguments import handed_on
from ...feature_column.inputs import input_layer
from ...feature_column.sequence import concatenate_context_input, sequence_input_layer
from ...graph import name_scope
from ...initializers import GlorotUniform
from ...ops import array, math, picking
from ...rnn import dynamic_rnn
from ...variable_scope import variable_scope
from ..estimator import Estimator
from .clipped import clip_gradients_by_norm
from .dnn import LARGE, check_features, partitioner_of
from .heads import Head, head_of
from .optimizers import Optimizer, optimizer_of

_LEARNING_RATE, _CLIP_NORM = 0.05, 5.0
_CELLS = {
    "basic_rnn": rnn_cell.BasicRNNCell,
    "lstm": rnn_cell.BasicLSTMCell,
    "gru": rnn_cell.GRUCell,
}
USE_DEFAULT: Any = object()


def _cell_fn(rnn_cell_fn: Any, num_units: Any, cell_type: Any) -> Callable[[str], Any]:
    if rnn_cell_fn:
        if num_units or cell_type is not USE_DEFAULT:
            raise ValueError("num_units and cell_type must not be specified when using rnn_cell_fn")
        return rnn_cell_fn
    kind = "basic_rnn" if cell_type is USE_DEFAULT else cell_type
    made = _CELLS.get(kind, kind) if isinstance(kind, str) else kind
    if not isinstance(made, type) or not issubclass(made, rnn_cell.RNNCell):
        raise ValueError(f"Supported cell types are {list(_CELLS)}; got {kind}")

    def make(mode: str) -> Any:
        cells = [made(num_units=size) for size in num_units]
        return cells[0] if len(cells) == 1 else rnn_cell.MultiRNNCell(cells)

    return make


def _last(outputs: Any, lengths: Any) -> Any:
    """Each row's output at the last step of its sequence."""
    with name_scope("select_last_activations"):
        sizes = array.shape(outputs)
        starts = math.cast(math.range_(sizes[0]) * sizes[1], "int64")
        flat = array.reshape(outputs, [sizes[0] * sizes[1], sizes[2]])
        found = picking.gather(flat, starts + lengths - 1)
        found.set_shape([outputs.shape[0].value, outputs.shape[2].value])
        return found


class RNNEstimator(Estimator):
    """A recurrent network under a head (TF1 symbol: `tf.contrib.estimator.RNNEstimator`).

    Args:
        head: as `tf.contrib.estimator.regression_head` and its like make one.
        sequence_feature_columns: columns of sequences.
        context_feature_columns: columns of numbers that every step gets.
        num_units, cell_type: the sizes of the cells, and their kind: "basic_rnn", "lstm", "gru" or a class.
        rnn_cell_fn: a function of the mode that makes the cell, in the place of these.
        return_sequences: False: predictions for each step need a head that there is not here.
        optimizer: a name, whose gradients are clipped, or an optimizer.

    Raises:
        ValueError: a cell given in two ways or in none, or `return_sequences`.
    """

    def __init__(
        self,
        head: Head,
        sequence_feature_columns: Sequence[Any],
        context_feature_columns: Any = None,
        num_units: Any = None,
        cell_type: Any = USE_DEFAULT,
        rnn_cell_fn: Any = None,
        return_sequences: bool = False,
        model_dir: str | None = None,
        optimizer: Any = "Adagrad",
        input_layer_partitioner: Any = None,
        config: Any = None,
    ) -> None:
        make_cell = _cell_fn(rnn_cell_fn, num_units, cell_type)
        if return_sequences:
            raise ValueError(
                "Provided head must be a `_SequentialHead` object when `return_sequences` is set to True, "
                "and there is none here: write a model_fn with tf.nn.dynamic_rnn."
            )
        columns, context = tuple(sequence_feature_columns or ()), tuple(context_feature_columns or ())

        def model_fn(features: Any, labels: Any, mode: str, config: Any) -> Any:
            check_features(features)
            made = optimizer
            if not isinstance(made, Optimizer):
                made = clip_gradients_by_norm(optimizer_of(made, _LEARNING_RATE), _CLIP_NORM)
            values = tuple(features.values())
            with variable_scope("rnn", values=values, partitioner=partitioner_of(config)):
                split = input_layer_partitioner or partitioner_of(config, min_slice_size=LARGE)
                with variable_scope("sequence_input_layer", values=values, partitioner=split):
                    inputs, lengths = sequence_input_layer(features, columns)
                    summary.histogram("sequence_length", lengths)
                    if context:
                        inputs = concatenate_context_input(input_layer(features, context), inputs)
                outputs, _ = dynamic_rnn(make_cell(mode), inputs, lengths, dtype="float32")
                last = _last(outputs, lengths)
                with variable_scope("logits", values=(last,)):
                    logits = layers.dense(last, head.logits_dimension, kernel_initializer=GlorotUniform())
                return head.create_estimator_spec(features, mode, logits, labels, made)

        super().__init__(model_fn, model_dir, config)


class RNNClassifier(RNNEstimator):
    """A recurrent network that chooses a class (TF1 symbol: `tf.contrib.estimator.RNNClassifier`)."""

    def __init__(
        self,
        sequence_feature_columns: Sequence[Any],
        context_feature_columns: Any = None,
        num_units: Any = None,
        cell_type: Any = USE_DEFAULT,
        rnn_cell_fn: Any = None,
        model_dir: str | None = None,
        n_classes: int = 2,
        weight_column: Any = None,
        label_vocabulary: Any = None,
        optimizer: Any = "Adagrad",
        loss_reduction: str = losses.Reduction.SUM_OVER_BATCH_SIZE,
        input_layer_partitioner: Any = None,
        config: Any = None,
    ) -> None:
        super().__init__(
            **handed_on(locals(), "n_classes", "weight_column", "label_vocabulary", "loss_reduction"),
            head=head_of(n_classes, weight_column, label_vocabulary, loss_reduction),
        )
