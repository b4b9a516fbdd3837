"""The module `tf.contrib.opt`."""

from ..more_optimizers import (
    AdaMaxOptimizer,
    AdamGSOptimizer,
    AdamWOptimizer,
    AddSignOptimizer,
    DecoupledWeightDecayExtension,
    LazyAdamGSOptimizer,
    LazyAdamOptimizer,
    MomentumWOptimizer,
    MovingAverageOptimizer,
    MultitaskOptimizerWrapper,
    NadamOptimizer,
    PowerSignOptimizer,
    VariableClippingOptimizer,
    clip_gradients_by_global_norm,
    extend_with_decoupled_weight_decay,
)
from ..names import absent

__all__ = [
    "AdaMaxOptimizer",
    "AdamGSOptimizer",
    "AdamWOptimizer",
    "AddSignOptimizer",
    "DecoupledWeightDecayExtension",
    "LazyAdamGSOptimizer",
    "LazyAdamOptimizer",
    "MomentumWOptimizer",
    "MovingAverageOptimizer",
    "MultitaskOptimizerWrapper",
    "NadamOptimizer",
    "PowerSignOptimizer",
    "VariableClippingOptimizer",
    "clip_gradients_by_global_norm",
    "extend_with_decoupled_weight_decay",
]

__getattr__ = absent("tf.contrib.opt", __all__)
