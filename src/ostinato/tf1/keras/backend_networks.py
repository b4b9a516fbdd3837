"""Functions of `tf.keras.backend` that networks are made of: phases, losses, loops, normalisation."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from ..control_flow import cond
from ..graph import control_dependencies, get_default_graph
from ..ops import array, math, nn
from ..ops.core import convert_to_tensor
from ..ops.lists import stack
from ..ops.picking import where
from ..smart_cond import smart_cond
from ..tensor import Tensor
from . import activations
from .backend_values import _seed
from .learning_phase import kept_learning_phase, learning_phase, restore_learning_phase, set_learning_phase


def switch(condition: Any, then_expression: Any, else_expression: Any) -> Any:
    """One of two, by a condition for each element or for all (TF1 symbol: `tf.keras.backend.switch`)."""
    value = math.cast(condition, "bool")
    if value.shape.ndims == 0:
        first_branch, second_branch = [
            item if callable(item) else (lambda item=item: convert_to_tensor(item))
            for item in (then_expression, else_expression)
        ]
        return cond(value, first_branch, second_branch)
    first, second = (item() if callable(item) else item for item in (then_expression, else_expression))
    return where(value, first, second)


def in_train_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """One while training and the other otherwise (TF1 symbol: `tf.keras.backend.in_train_phase`)."""
    training = learning_phase() if training is None else training
    first, second = (item if callable(item) else (lambda item=item: item) for item in (x, alt))
    return smart_cond(training, first, second)


def in_test_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """The other way round (TF1 symbol: `tf.keras.backend.in_test_phase`)."""
    return in_train_phase(alt, x, training)


def dropout(x: Any, level: float, noise_shape: Any = None, seed: Any = None) -> Tensor:
    """Dropout of a share (TF1 symbol: `tf.keras.backend.dropout`)."""
    return nn.dropout(x, rate=level, noise_shape=noise_shape, seed=_seed(seed))


def l2_normalize(x: Any, axis: Any = None) -> Tensor:
    """Length one along an axis (TF1 symbol: `tf.keras.backend.l2_normalize`)."""
    from ..ops.normalization import l2_normalize as normalized

    return normalized(x, axis=axis)


def bias_add(x: Any, bias: Any, data_format: Any = None) -> Tensor:
    """A vector along the channels (TF1 symbol: `tf.keras.backend.bias_add`)."""
    return nn.bias_add(x, bias, data_format="NCHW" if data_format == "channels_first" else "NHWC")


def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Tensor:
    """-sum(y * log(prediction)) (TF1 symbol: `tf.keras.backend.categorical_crossentropy`)."""
    from . import losses

    return losses.categorical_crossentropy(target, output, from_logits, axis=axis)


def sparse_categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Tensor:
    """-log(prediction of the label) (TF1: `tf.keras.backend.sparse_categorical_crossentropy`)."""
    from . import losses

    return losses.sparse_categorical_crossentropy(target, output, from_logits, axis)


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Tensor:
    """Two-way losses of each element (TF1 symbol: `tf.keras.backend.binary_crossentropy`)."""
    from .losses import _logits_of
    from .settings import epsilon

    output = convert_to_tensor(output)
    logits = output if from_logits else _logits_of(output, "Sigmoid")
    if logits is not None:
        return nn.sigmoid_cross_entropy_with_logits(labels=target, logits=logits)
    shares = nn.clip_by_value(output, epsilon(), 1.0 - epsilon())
    return -(target * math.log(shares + epsilon()) + (1.0 - target) * math.log(1.0 - shares + epsilon()))


def gradients(loss: Any, variables: Any) -> list[Any]:
    """A loss's gradients (TF1 symbol: `tf.keras.backend.gradients`)."""
    from ..gradients import gradients as found

    return found(loss, list(variables) if isinstance(variables, (list, tuple)) else variables)


def ctc_batch_cost(y_true: Any, y_pred: Any, input_length: Any, label_length: Any) -> Tensor:
    """The CTC loss of each row (TF1 symbol: `tf.keras.backend.ctc_batch_cost`)."""
    from .. import nn as tf_nn
    from .settings import epsilon

    lengths = math.cast(array.squeeze(label_length, [-1]), "int32")
    steps = math.cast(array.squeeze(input_length, [-1]), "int32")
    labels = ctc_label_dense_to_sparse(y_true, lengths)
    logits = math.log(array.transpose(y_pred, [1, 0, 2]) + epsilon())
    return array.expand_dims(tf_nn.ctc_loss(labels=labels, inputs=logits, sequence_length=steps), 1)


def ctc_label_dense_to_sparse(labels: Any, label_lengths: Any) -> Any:
    """Labels of so many places in each row, as a sparse tensor (TF1 symbol:
    `tf.keras.backend.ctc_label_dense_to_sparse`).
    """
    from .. import SparseTensor, gather_nd, sequence_mask

    labels = math.cast(labels, "int32")
    places = where(sequence_mask(label_lengths, array.shape(labels)[1]))
    return SparseTensor(places, gather_nd(labels, places), array.shape(labels, out_type="int64"))


def ctc_decode(
    y_pred: Any, input_length: Any, greedy: bool = True, beam_width: int = 100, top_paths: int = 1
) -> Any:
    """([dense labels], log probabilities) of CTC (TF1 symbol: `tf.keras.backend.ctc_decode`)."""
    from .. import nn as tf_nn
    from .. import sparse_to_dense
    from .settings import epsilon

    logits = math.log(array.transpose(y_pred, [1, 0, 2]) + epsilon())
    steps = math.cast(input_length, "int32")
    if greedy:
        decoded, scores = tf_nn.ctc_greedy_decoder(logits, steps)
    else:
        decoded, scores = tf_nn.ctc_beam_search_decoder(
            logits, steps, beam_width=beam_width, top_paths=top_paths, merge_repeated=False
        )
    dense = [
        sparse_to_dense(item.indices, item.dense_shape, item.values, default_value=-1) for item in decoded
    ]
    return dense, scores


def manual_variable_initialization(value: bool) -> None:
    """Accepted: variables that have no value get their initial one (TF1 symbol:
    `tf.keras.backend.manual_variable_initialization`).
    """


def get_uid(prefix: str = "") -> int:
    """A number for a name that counts up (TF1 symbol: `tf.keras.backend.get_uid`)."""
    from ..keras_layer_names import unique_layer_name

    return int(unique_layer_name(f"uid_of_{prefix}").rpartition("_")[2])


def rnn(*args: Any, **kwargs: Any) -> Any:
    """A step function over the steps of a sequence (TF1 symbol: `tf.keras.backend.rnn`)."""
    from .rnn import rnn as run

    return run(*args, **kwargs)


relu, softmax, sigmoid, tanh = activations.relu, nn.softmax, nn.sigmoid, nn.tanh
elu, softplus, softsign, hard_sigmoid = nn.elu, nn.softplus, nn.softsign, activations.hard_sigmoid


def in_top_k(predictions: Any, targets: Any, k: int) -> Tensor:
    """Whether targets are among the k highest (TF1 symbol: `tf.keras.backend.in_top_k`)."""
    return nn.in_top_k(predictions, targets, k)


def map_fn(fn: Any, elems: Any, name: str | None = None, dtype: Any = None) -> Any:
    """A function of each element (TF1 symbol: `tf.keras.backend.map_fn`)."""
    from ..functional import map_fn as found

    return found(fn, elems, name=name, dtype=dtype)


def foldl(fn: Any, elems: Any, initializer: Any = None, name: str | None = None) -> Any:
    """Elements put together from the first to the last (TF1 symbol: `tf.keras.backend.foldl`)."""
    from ..functional import foldl as found

    return found(fn, elems, initializer=initializer, name=name)


def foldr(fn: Any, elems: Any, initializer: Any = None, name: str | None = None) -> Any:
    """Elements put together from the last to the first (TF1 symbol: `tf.keras.backend.foldr`)."""
    from ..functional import foldr as found

    return found(fn, elems, initializer=initializer, name=name)


def print_tensor(x: Any, message: str = "") -> Tensor:
    """The tensor, printed to standard error when it is used (TF1 symbol: `tf.keras.backend.print_tensor`)."""
    import sys

    from .. import print as print_node

    with control_dependencies([print_node(message, x, output_stream=sys.stdout)]):
        return array.identity(x)


def moving_average_update(x: Any, value: Any, momentum: Any) -> Any:
    """The operation that moves an average towards a value (TF1: `tf.keras.backend.moving_average_update`)."""
    from ..moving_averages import assign_moving_average

    return assign_moving_average(x, value, momentum, zero_debias=True)


def batch_normalization(
    x: Any, mean: Any, var: Any, beta: Any, gamma: Any, axis: int = -1, epsilon: float = 1e-3
) -> Tensor:
    """Values of this mean and variance brought to `beta` and `gamma` (TF1:
    `tf.keras.backend.batch_normalization`).
    """
    from ..ops.normalization import batch_normalization as found

    return found(x, mean, var, beta, gamma, epsilon)


def normalize_batch_in_training(
    x: Any, gamma: Any, beta: Any, reduction_axes: Any, epsilon: float = 1e-3
) -> tuple[Tensor, Tensor, Tensor]:
    """(normalised values, their mean, their variance) of a batch (TF1:
    `tf.keras.backend.normalize_batch_in_training`).
    """
    from ..ops.normalization import moments

    value = convert_to_tensor(x)
    rank = len(value.shape.as_list())
    axes = sorted(axis % rank for axis in reduction_axes)
    mean, variance = moments(value, axes)
    if axes == list(range(rank - 1)):
        return batch_normalization(value, mean, variance, beta, gamma, epsilon=epsilon), mean, variance
    sizes = array.shape(value)
    shape = stack([1 if axis in axes else sizes[axis] for axis in range(rank)])

    def wide(item: Any) -> Any:
        return None if item is None else array.reshape(item, shape)

    normalized = batch_normalization(
        value, wide(mean), wide(variance), wide(beta), wide(gamma), epsilon=epsilon
    )
    return normalized, mean, variance


def backend() -> str:
    """The name of what computes, "tensorflow" (TF1 symbol: `tf.keras.backend.backend`)."""
    return "tensorflow"


@contextlib.contextmanager
def learning_phase_scope(value: int) -> Iterator[None]:
    """Context in which the learning phase is fixed (TF1: `tf.keras.backend.learning_phase_scope`).

    Raises:
        ValueError: neither 0 nor 1.
    """
    before = kept_learning_phase()
    set_learning_phase(value)
    try:
        yield
    finally:
        restore_learning_phase(before)


def reset_uids() -> None:
    """Count the names of layers from the start (TF1 symbol: `tf.keras.backend.reset_uids`)."""
    from ..keras_layer_names import forget_names

    forget_names(get_default_graph().outermost)
