"""The module `tf.contrib.layers`: layers as functions, whose variables are `weights` and `biases`."""

from ...names import absent
from .fully_connected import (
    bias_add,
    dropout,
    elu,
    flatten,
    fully_connected,
    legacy_fully_connected,
    legacy_linear,
    legacy_relu,
    linear,
    relu,
    relu6,
)
from .initializers import variance_scaling_initializer, xavier_initializer, xavier_initializer_conv2d
from .regularizers import (
    apply_regularization,
    l1_l2_regularizer,
    l1_regularizer,
    l2_regularizer,
    sum_regularizer,
)

__all__ = [
    "apply_regularization",
    "bias_add",
    "dropout",
    "elu",
    "flatten",
    "fully_connected",
    "l1_l2_regularizer",
    "l1_regularizer",
    "l2_regularizer",
    "legacy_fully_connected",
    "legacy_linear",
    "legacy_relu",
    "linear",
    "relu",
    "relu6",
    "sum_regularizer",
    "variance_scaling_initializer",
    "xavier_initializer",
    "xavier_initializer_conv2d",
]

__getattr__ = absent("tf.contrib.layers", __all__)
