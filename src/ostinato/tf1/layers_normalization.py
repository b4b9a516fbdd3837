"""Batch normalisation, as a class and as a function."""

from __future__ import annotations

from typing import Any

from .arguments import handed_on
from .initializers import Ones, Zeros
from .keras.layers import normalization
from .layers_base import Layer
from .tensor import Tensor

_ZEROS = Zeros()
_ONES = Ones()


class BatchNormalization(normalization.BatchNormalization, Layer):
    """Values of mean 0 and variance 1 along some axes, scaled and shifted (TF1 symbol:
    `tf.layers.BatchNormalization`).

    While training, the moving averages are updated by operations in `tf.GraphKeys.UPDATE_OPS`.
    """

    def __init__(
        self,
        axis: Any = -1,
        momentum: Any = 0.99,
        epsilon: Any = 1e-3,
        center: Any = True,
        scale: Any = True,
        beta_initializer: Any = _ZEROS,
        gamma_initializer: Any = _ONES,
        moving_mean_initializer: Any = _ZEROS,
        moving_variance_initializer: Any = _ONES,
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: Any = False,
        renorm_clipping: Any = None,
        renorm_momentum: Any = 0.99,
        fused: Any = None,
        trainable: bool = True,
        virtual_batch_size: Any = None,
        adjustment: Any = None,
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**handed_on(locals()))

    def call(self, inputs: Any, training: Any = False) -> Tensor:
        return super().call(inputs, training)


def batch_normalization(
    inputs: Any,
    axis: Any = -1,
    momentum: Any = 0.99,
    epsilon: Any = 1e-3,
    center: Any = True,
    scale: Any = True,
    beta_initializer: Any = _ZEROS,
    gamma_initializer: Any = _ONES,
    moving_mean_initializer: Any = _ZEROS,
    moving_variance_initializer: Any = _ONES,
    beta_regularizer: Any = None,
    gamma_regularizer: Any = None,
    beta_constraint: Any = None,
    gamma_constraint: Any = None,
    training: Any = False,
    trainable: bool = True,
    name: Any = None,
    reuse: Any = None,
    renorm: Any = False,
    renorm_clipping: Any = None,
    renorm_momentum: Any = 0.99,
    fused: Any = None,
    virtual_batch_size: Any = None,
    adjustment: Any = None,
) -> Tensor:
    """Values of mean 0 and variance 1 along some axes, scaled and shifted (TF1 symbol:
    `tf.layers.batch_normalization`).
    """
    layer = BatchNormalization(
        **handed_on(locals(), "inputs", "training", "reuse"), _reuse=reuse, _scope=name
    )
    return layer.apply(inputs, training=training)


BatchNorm, batch_norm = BatchNormalization, batch_normalization
