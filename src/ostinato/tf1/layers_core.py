"""Dense, Dropout and Flatten, as classes and as functions."""

from __future__ import annotations

from typing import Any

from .arguments import handed_on
from .initializers import Zeros
from .keras.layers import core
from .layers_base import Layer
from .tensor import Tensor

_ZEROS = Zeros()


class Dense(core.Dense, Layer):
    """activation(inputs @ kernel + bias) (TF1 symbol: `tf.layers.Dense`).

    The kernel's initialiser is the scope's for None.
    """

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = None,
        bias_initializer: Any = _ZEROS,
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        trainable: bool = True,
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**handed_on(locals()))


def dense(
    inputs: Any,
    units: int,
    activation: Any = None,
    use_bias: bool = True,
    kernel_initializer: Any = None,
    bias_initializer: Any = _ZEROS,
    kernel_regularizer: Any = None,
    bias_regularizer: Any = None,
    activity_regularizer: Any = None,
    kernel_constraint: Any = None,
    bias_constraint: Any = None,
    trainable: bool = True,
    name: Any = None,
    reuse: Any = None,
) -> Tensor:
    """activation(inputs @ kernel + bias), with variables of its own (TF1 symbol: `tf.layers.dense`).

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     print(tf.layers.dense(tf.zeros([2, 3]), 4, tf.nn.relu))
    ...     [variable.name for variable in tf.trainable_variables()]
    Tensor("dense/Relu:0", shape=(2, 4), dtype=float32)
    ['dense/kernel:0', 'dense/bias:0']
    """
    layer = Dense(**handed_on(locals(), "inputs", "reuse"), _scope=name, _reuse=reuse)
    return layer.apply(inputs)


class Dropout(core.Dropout, Layer):
    """Zeroes a share of its inputs while training (TF1 symbol: `tf.layers.Dropout`)."""

    def __init__(
        self,
        rate: Any = 0.5,
        noise_shape: Any = None,
        seed: int | None = None,
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(rate, noise_shape, seed, name=name, **kwargs)

    def call(self, inputs: Any, training: Any = False) -> Tensor:
        return super().call(inputs, training)


def dropout(
    inputs: Any,
    rate: Any = 0.5,
    noise_shape: Any = None,
    seed: int | None = None,
    training: Any = False,
    name: Any = None,
) -> Tensor:
    """The inputs, of which a share is zero while training (TF1 symbol: `tf.layers.dropout`).

    `training` is a boolean, or a tensor that is one when it is run.
    """
    return Dropout(rate, noise_shape, seed, name).apply(inputs, training=training)


class Flatten(core.Flatten, Layer):
    """All axes but the first in one (TF1 symbol: `tf.layers.Flatten`)."""


def flatten(inputs: Any, name: Any = None, data_format: str = "channels_last") -> Tensor:
    """All axes but the first in one (TF1 symbol: `tf.layers.flatten`)."""
    return Flatten(name=name, data_format=data_format).apply(inputs)
