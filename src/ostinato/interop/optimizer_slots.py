"""Which variables of a checkpoint belong to an optimizer or a moving average, told by their names alone.

TensorFlow names a slot after its variable (`rnn/kernel/Adam_1`), perhaps inside a scope of the training code
(`train/rnn/kernel/Adam_1`); object-based checkpoints and Keras have forms of their own.
"""

from __future__ import annotations

import re
from collections.abc import Container

from ostinato.interop import object_names

# The last part of a slot's name is its optimizer's default name, numbered from the second slot on. BERT's
# and ALBERT's optimizers have names of their own for the two.
_OPTIMIZERS = (
    "Adadelta|Adafactor|Adagrad|AdagradDA|Adam|AdaMax|AdamW|AdamWeightDecayOptimizer|AddSign|Ftrl|GGT|LAMB|"
    "LARS|LazyAdam|Momentum|MomentumW|Nadam|PowerSign|ProximalAdagrad|RMSProp|SGD|Shampoo|YellowFin"
)
_SLOT = re.compile(rf"(?:{_OPTIMIZERS})(?:Optimizer)?(?:_\d+)?|(?:adam|lamb)_[mv]")
_SCALAR = re.compile(r"(?:.*/)?(?:beta[12]_power(?:_\d+)?|OptimizeLoss/learning_rate)")
_AVERAGES = re.compile(r"ExponentialMovingAverage(?:_\d+)?")
_ZERO_DEBIAS = frozenset({"biased", "local_step"})
# Keras writes its slots under the optimizer instead: training/Adam/lstm/kernel/m, Adam/m/lstm/kernel.
_KERAS = re.compile(
    r"(?:training(?:_\d+)?/)?(?:Adam|Adamax|Adagrad|Adadelta|Ftrl|Nadam|RMSprop|SGD)(?:_\d+)?/(.+)"
)
_KERAS_SCALARS = frozenset(
    {"iter", "iterations", "beta_1", "beta_2", "decay", "learning_rate", "momentum", "rho"}
)
_DEEPEST = 8  # scopes around a slot that are looked through


def is_optimizer_slot(name: str, names: Container[str]) -> bool:
    """Whether the variable `name` of a checkpoint with `names` is an optimizer's or a moving average.

    >>> names = ["W", "W/Adam", "W/Adam_1", "beta1_power", "W/ExponentialMovingAverage"]
    >>> [name for name in names if not is_optimizer_slot(name, names)]
    ['W']

    A moving average counts as one only beside its variable: where it stands alone, it is all there is of the
    model. The names are those that TensorFlow 1.15's and Keras' optimizers give.
    """
    if "/.OPTIMIZER_SLOT/" in name:
        return True
    if name.endswith(object_names.VARIABLE):
        # Keras 3's optimizers lead to the model's own variables, too, which may be saved under that name.
        return name.startswith("optimizer/") and "/_trainable_variables/" not in name
    if _SCALAR.fullmatch(name):
        return True
    base, slash, last = name.rpartition("/")
    if not slash:
        return False
    if _SLOT.fullmatch(last):
        return True
    if _AVERAGES.fullmatch(last) or last in _ZERO_DEBIAS:
        return _has(base, names)
    keras = _KERAS.fullmatch(name)
    return keras is not None and _of_keras(keras[1], names)


def _has(base: str, names: Container[str]) -> bool:
    """Whether `base` is a variable, perhaps inside scopes that the training code put around the slot."""
    for _ in range(_DEEPEST):
        if base in names:
            return True
        _, slash, base = base.partition("/")
        if not slash:
            return False
    return False


def _of_keras(below: str, names: Container[str]) -> bool:
    first, slash, rest = below.partition("/")
    if not slash:
        return first in _KERAS_SCALARS or first.startswith("Variable")
    return _has(rest, names) or _has(below.rpartition("/")[0], names)
