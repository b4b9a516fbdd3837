"""Functions of tensors by the names that `tf.keras.backend` has for them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..control_flow import cond
from ..dtypes import as_dtype
from ..graph import name_scope
from ..ops import array, math, nn, reductions
from ..ops.core import constant as core_constant
from ..ops.core import convert_to_tensor
from ..ops.core import placeholder as core_placeholder
from ..ops.embedding import embedding_lookup
from ..ops.lists import concat, stack
from ..ops.picking import one_hot as core_one_hot
from ..ops.picking import reverse, tile, where
from ..ops.random import random_normal as core_random_normal
from ..ops.random import random_uniform as core_random_uniform
from ..ops.random import truncated_normal as core_truncated_normal
from ..smart_cond import smart_cond
from ..tensor import Tensor
from ..variables import Variable
from . import activations, session
from .learning_phase import learning_phase
from .settings import floatx


def variable(value: Any, dtype: Any = None, name: str | None = None, constraint: Any = None) -> Variable:
    """A variable with a value (TF1 symbol: `tf.keras.backend.variable`)."""
    kind = as_dtype(dtype or floatx())
    return Variable(
        convert_to_tensor(
            np.asarray(value, dtype=kind.as_numpy_dtype) if not isinstance(value, Tensor) else value
        ),
        dtype=kind,
        name=name,
        constraint=constraint,
        use_resource=True,
    )


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = None) -> Tensor:
    """A constant (TF1 symbol: `tf.keras.backend.constant`)."""
    return core_constant(value, dtype=dtype or floatx(), shape=shape, name=name or "Const")


def placeholder(
    shape: Any = None,
    ndim: int | None = None,
    dtype: Any = None,
    sparse: bool = False,
    name: str | None = None,
) -> Tensor:
    """What is to be fed (TF1 symbol: `tf.keras.backend.placeholder`)."""
    sizes = [None] * ndim if shape is None and ndim else shape
    return core_placeholder(dtype or floatx(), sizes, name=name)


def eval(x: Any) -> Any:
    """A tensor's value in Keras' session (TF1 symbol: `tf.keras.backend.eval`)."""
    return session.get_session().run(convert_to_tensor(x))


def function(inputs: Any, outputs: Any, updates: Any = None, name: str | None = None, **_: Any) -> Any:
    """A function of arrays that runs a graph (TF1 symbol: `tf.keras.backend.function`)."""
    fetched = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
    fed = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    also = [item for item in updates or [] if not isinstance(item, tuple)]
    also += [item[0].assign(item[1]) for item in updates or [] if isinstance(item, tuple)]

    def run(values: Any) -> Any:
        given = list(values) if isinstance(values, (list, tuple)) else [values]
        feeds = {
            tensor: value for tensor, value in zip(fed, given, strict=True) if isinstance(tensor, Tensor)
        }
        found = session.get_session().run([fetched, also], feeds)[0]
        return found if isinstance(outputs, (list, tuple)) else found[0]

    return run


def int_shape(x: Any) -> tuple[Any, ...] | None:
    """The static shape as a tuple (TF1 symbol: `tf.keras.backend.int_shape`)."""
    return None if x.shape.ndims is None else tuple(x.shape.as_list())


def ndim(x: Any) -> int | None:
    """The rank (TF1 symbol: `tf.keras.backend.ndim`)."""
    return x.shape.ndims


def dtype(x: Any) -> str:
    """The type's name (TF1 symbol: `tf.keras.backend.dtype`)."""
    return x.dtype.base_dtype.name


def is_keras_tensor(x: Any) -> bool:
    """Whether a layer made the tensor (TF1 symbol: `tf.keras.backend.is_keras_tensor`)."""
    return hasattr(x, "_keras_history")


def is_sparse(tensor: Any) -> bool:
    """Whether a tensor is sparse (TF1 symbol: `tf.keras.backend.is_sparse`)."""
    return type(tensor).__name__ == "SparseTensor"


def cast(x: Any, dtype: Any) -> Tensor:
    """Another type (TF1 symbol: `tf.keras.backend.cast`)."""
    return math.cast(x, dtype)


def cast_to_floatx(x: Any) -> Any:
    """Keras' type of floats (TF1 symbol: `tf.keras.backend.cast_to_floatx`)."""
    return math.cast(x, floatx()) if isinstance(x, (Tensor, Variable)) else np.asarray(x, dtype=floatx())


def zeros(shape: Any, dtype: Any = None, name: str | None = None) -> Variable:
    """A variable of zeros (TF1 symbol: `tf.keras.backend.zeros`)."""
    return variable(np.zeros(shape), dtype, name)


def ones(shape: Any, dtype: Any = None, name: str | None = None) -> Variable:
    """A variable of ones (TF1 symbol: `tf.keras.backend.ones`)."""
    return variable(np.ones(shape), dtype, name)


def eye(size: int, dtype: Any = None, name: str | None = None) -> Variable:
    """A variable of an identity matrix (TF1 symbol: `tf.keras.backend.eye`)."""
    return variable(np.eye(size), dtype, name)


def zeros_like(x: Any, dtype: Any = None, name: str | None = None) -> Tensor:
    """Zeros of a tensor's shape (TF1 symbol: `tf.keras.backend.zeros_like`)."""
    return array.zeros_like(x, dtype, name)


def ones_like(x: Any, dtype: Any = None, name: str | None = None) -> Tensor:
    """Ones of a tensor's shape (TF1 symbol: `tf.keras.backend.ones_like`)."""
    return array.ones_like(x, dtype, name)


def identity(x: Any, name: str | None = None) -> Tensor:
    """A node that passes a tensor on (TF1 symbol: `tf.keras.backend.identity`)."""
    return array.identity(x, name)


def random_uniform_variable(
    shape: Any, low: float, high: float, dtype: Any = None, name: str | None = None, seed: Any = None
) -> Variable:
    """A variable of uniform draws (TF1 symbol: `tf.keras.backend.random_uniform_variable`)."""
    return Variable(
        core_random_uniform(shape, low, high, dtype or floatx(), seed=seed), name=name, use_resource=True
    )


def random_normal_variable(
    shape: Any, mean: float, scale: float, dtype: Any = None, name: str | None = None, seed: Any = None
) -> Variable:
    """A variable of normal draws (TF1 symbol: `tf.keras.backend.random_normal_variable`)."""
    return Variable(
        core_random_normal(shape, mean, scale, dtype or floatx(), seed=seed), name=name, use_resource=True
    )


def random_normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None
) -> Tensor:
    """Normal draws (TF1 symbol: `tf.keras.backend.random_normal`)."""
    return core_random_normal(shape, mean, stddev, dtype or floatx(), seed=_seed(seed))


def random_uniform(
    shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: Any = None
) -> Tensor:
    """Uniform draws (TF1 symbol: `tf.keras.backend.random_uniform`)."""
    return core_random_uniform(shape, minval, maxval, dtype or floatx(), seed=_seed(seed))


def random_binomial(shape: Any, p: float = 0.0, dtype: Any = None, seed: Any = None) -> Tensor:
    """Ones with probability p (TF1 symbol: `tf.keras.backend.random_binomial`)."""
    draws = core_random_uniform(shape, dtype=dtype or floatx(), seed=_seed(seed))
    return math.cast(math.less_equal(draws, p), draws.dtype)


def truncated_normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None
) -> Tensor:
    """Normal draws cut at two deviations (TF1 symbol: `tf.keras.backend.truncated_normal`)."""
    return core_truncated_normal(shape, mean, stddev, dtype or floatx(), seed=_seed(seed))


def _seed(seed: Any) -> int:
    return int(np.random.randint(10_000_000)) if seed is None else seed


def count_params(x: Any) -> int:
    """How many elements a tensor has (TF1 symbol: `tf.keras.backend.count_params`)."""
    return int(np.prod(x.shape.as_list()))


def dot(x: Any, y: Any) -> Tensor:
    """The product of the last axis and the last but one (TF1 symbol: `tf.keras.backend.dot`)."""
    x, y = convert_to_tensor(x), convert_to_tensor(y)
    if (x.shape.ndims or 2) <= 2 and (y.shape.ndims or 2) <= 2:
        return math.matmul(x, y)
    from .. import tensordot

    return tensordot(x, y, [[x.shape.ndims - 1], [max(0, y.shape.ndims - 2)]])


def batch_dot(x: Any, y: Any, axes: Any = None) -> Tensor:
    """Each row's product (TF1 symbol: `tf.keras.backend.batch_dot`)."""
    from .layers.merge import batch_dot as merged

    return merged(x, y, axes)


def transpose(x: Any) -> Tensor:
    """The axes in the other order (TF1 symbol: `tf.keras.backend.transpose`)."""
    return array.transpose(x)


def permute_dimensions(x: Any, pattern: Any) -> Tensor:
    """The axes in an order (TF1 symbol: `tf.keras.backend.permute_dimensions`)."""
    return array.transpose(x, perm=list(pattern))


def gather(reference: Any, indices: Any) -> Tensor:
    """Rows by their places (TF1 symbol: `tf.keras.backend.gather`)."""
    return embedding_lookup(reference, indices)


def _reduction(reduce: Any, what: str, symbol: str) -> Any:
    def reduced(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
        value = convert_to_tensor(x)
        if value.dtype.base_dtype.is_bool and symbol in ("sum", "mean", "prod"):
            value = math.cast(value, floatx())
        return reduce(value, axis, keepdims=keepdims)

    reduced.__name__ = symbol
    reduced.__doc__ = f"{what} (TF1 symbol: `tf.keras.backend.{symbol}`)."
    return reduced


max = _reduction(reductions.reduce_max, "The largest along axes", "max")
min = _reduction(reductions.reduce_min, "The smallest along axes", "min")
sum = _reduction(reductions.reduce_sum, "The sum along axes", "sum")
prod = _reduction(reductions.reduce_prod, "The product along axes", "prod")
mean = _reduction(reductions.reduce_mean, "The mean along axes", "mean")


def var(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The variance along axes (TF1 symbol: `tf.keras.backend.var`)."""
    value = convert_to_tensor(x)
    return mean(math.square(value - mean(value, axis, True)), axis, keepdims)


def std(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The standard deviation along axes (TF1 symbol: `tf.keras.backend.std`)."""
    return math.sqrt(var(x, axis, keepdims))


def any(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Whether any is true (TF1 symbol: `tf.keras.backend.any`)."""
    return reductions.reduce_any(math.cast(x, "bool"), axis, keepdims=keepdims)


def all(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Whether all are true (TF1 symbol: `tf.keras.backend.all`)."""
    return reductions.reduce_all(math.cast(x, "bool"), axis, keepdims=keepdims)


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """log(sum(exp(x))) (TF1 symbol: `tf.keras.backend.logsumexp`)."""
    top = array.stop_gradient(max(x, axis, True))
    result = math.log(sum(math.exp(x - top), axis, True)) + top
    return result if keepdims else array.squeeze(result, None if axis is None else [axis])


def argmax(x: Any, axis: int = -1) -> Tensor:
    """The place of the largest (TF1 symbol: `tf.keras.backend.argmax`)."""
    return reductions.argmax(x, axis)


def argmin(x: Any, axis: int = -1) -> Tensor:
    """The place of the smallest (TF1 symbol: `tf.keras.backend.argmin`)."""
    return reductions.argmin(x, axis)


def sqrt(x: Any) -> Tensor:
    """The root of what is not negative (TF1 symbol: `tf.keras.backend.sqrt`)."""
    return math.sqrt(math.maximum(convert_to_tensor(x), 0.0))


def pow(x: Any, a: Any) -> Tensor:
    """A power (TF1 symbol: `tf.keras.backend.pow`)."""
    return math.pow_(x, a)


def clip(x: Any, min_value: Any, max_value: Any) -> Tensor:
    """Elements held between bounds (TF1 symbol: `tf.keras.backend.clip`)."""
    low = -np.inf if min_value is None else min_value
    high = np.inf if max_value is None else max_value if min_value is None or max_value >= low else low
    return nn.clip_by_value(x, low, high)


def update(x: Any, new_x: Any) -> Any:
    """The operation that sets a variable (TF1 symbol: `tf.keras.backend.update`)."""
    return x.assign(new_x)


def update_add(x: Any, increment: Any) -> Any:
    """The operation that adds to a variable (TF1 symbol: `tf.keras.backend.update_add`)."""
    return x.assign_add(increment)


def update_sub(x: Any, decrement: Any) -> Any:
    """The operation that subtracts from a variable (TF1 symbol: `tf.keras.backend.update_sub`)."""
    return x.assign_sub(decrement)


def concatenate(tensors: Any, axis: int = -1) -> Tensor:
    """Tensors one behind the other (TF1 symbol: `tf.keras.backend.concatenate`)."""
    return concat([convert_to_tensor(item) for item in tensors], axis)


def reshape(x: Any, shape: Any) -> Tensor:
    """Another shape (TF1 symbol: `tf.keras.backend.reshape`)."""
    return array.reshape(x, shape)


def flatten(x: Any) -> Tensor:
    """One axis (TF1 symbol: `tf.keras.backend.flatten`)."""
    return array.reshape(x, [-1])


def batch_flatten(x: Any) -> Tensor:
    """Two axes (TF1 symbol: `tf.keras.backend.batch_flatten`)."""
    sizes = x.shape.as_list()[1:]
    return array.reshape(
        x, [-1, int(np.prod(sizes)) if None not in sizes else reductions.reduce_prod(array.shape(x)[1:])]
    )


def expand_dims(x: Any, axis: int = -1) -> Tensor:
    """One more axis (TF1 symbol: `tf.keras.backend.expand_dims`)."""
    return array.expand_dims(x, axis)


def squeeze(x: Any, axis: int) -> Tensor:
    """One axis less (TF1 symbol: `tf.keras.backend.squeeze`)."""
    return array.squeeze(x, [axis])


def repeat(x: Any, n: int) -> Tensor:
    """Rows n times, as sequences (TF1 symbol: `tf.keras.backend.repeat`)."""
    return tile(array.expand_dims(x, 1), [1, n, 1])


def repeat_elements(x: Any, rep: int, axis: int) -> Tensor:
    """Each element so many times along an axis (TF1 symbol: `tf.keras.backend.repeat_elements`)."""
    from .layers.convolutional import _repeated

    return _repeated(x, rep, axis)


def arange(start: Any, stop: Any = None, step: int = 1, dtype: str = "int32") -> Tensor:
    """A range (TF1 symbol: `tf.keras.backend.arange`)."""
    found = math.range_(start, stop, step) if stop is not None else math.range_(start)
    return found if dtype == "int32" else math.cast(found, dtype)


def one_hot(indices: Any, num_classes: int) -> Tensor:
    """Rows with a one at their places (TF1 symbol: `tf.keras.backend.one_hot`)."""
    return core_one_hot(indices, num_classes)


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
    from ..keras_base import unique_layer_name

    return int(unique_layer_name(f"uid_of_{prefix}").rpartition("_")[2])


abs, square, exp, log, sign, round = math.abs_, math.square, math.exp, math.log, math.sign, math.round_
sin, cos, maximum, minimum = math.sin, math.cos, math.maximum, math.minimum
equal, not_equal, greater, greater_equal = math.equal, math.not_equal, math.greater, math.greater_equal
less, less_equal = math.less, math.less_equal
stop_gradient, shape = array.stop_gradient, array.shape
relu, softmax, sigmoid, tanh = activations.relu, nn.softmax, nn.sigmoid, nn.tanh
elu, softplus, softsign, hard_sigmoid = nn.elu, nn.softplus, nn.softsign, activations.hard_sigmoid
PUBLIC = [
    "abs",
    "all",
    "any",
    "arange",
    "argmax",
    "argmin",
    "batch_dot",
    "batch_flatten",
    "bias_add",
    "binary_crossentropy",
    "cast",
    "cast_to_floatx",
    "categorical_crossentropy",
    "clip",
    "concatenate",
    "constant",
    "cos",
    "count_params",
    "ctc_batch_cost",
    "ctc_decode",
    "ctc_label_dense_to_sparse",
    "dot",
    "dropout",
    "dtype",
    "elu",
    "equal",
    "eval",
    "exp",
    "expand_dims",
    "eye",
    "flatten",
    "function",
    "gather",
    "get_uid",
    "gradients",
    "greater",
    "greater_equal",
    "hard_sigmoid",
    "identity",
    "in_test_phase",
    "in_train_phase",
    "int_shape",
    "is_keras_tensor",
    "is_sparse",
    "l2_normalize",
    "less",
    "less_equal",
    "log",
    "logsumexp",
    "manual_variable_initialization",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "name_scope",
    "ndim",
    "not_equal",
    "one_hot",
    "ones",
    "ones_like",
    "permute_dimensions",
    "placeholder",
    "pow",
    "prod",
    "random_binomial",
    "random_normal",
    "random_normal_variable",
    "random_uniform",
    "random_uniform_variable",
    "relu",
    "repeat",
    "repeat_elements",
    "reshape",
    "reverse",
    "rnn",
    "round",
    "shape",
    "sigmoid",
    "sign",
    "sin",
    "softmax",
    "softplus",
    "softsign",
    "sparse_categorical_crossentropy",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "std",
    "stop_gradient",
    "sum",
    "switch",
    "tanh",
    "tile",
    "transpose",
    "truncated_normal",
    "update",
    "update_add",
    "update_sub",
    "var",
    "variable",
    "zeros",
    "zeros_like",
]


def rnn(*args: Any, **kwargs: Any) -> Any:
    """A step function over the steps of a sequence (TF1 symbol: `tf.keras.backend.rnn`)."""
    from .rnn import rnn as run

    return run(*args, **kwargs)


_SHOWN = (name_scope, reverse, stack, tile)
