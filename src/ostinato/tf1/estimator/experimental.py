"""The module `tf.estimator.experimental`: hooks that end training early."""

from ..names import absent
from .canned.dnn import dnn_logit_fn_builder
from .canned.linear import linear_logit_fn_builder
from .early_stopping import (
    make_early_stopping_hook,
    stop_if_higher_hook,
    stop_if_lower_hook,
    stop_if_no_decrease_hook,
    stop_if_no_increase_hook,
)

__all__ = [
    "dnn_logit_fn_builder",
    "linear_logit_fn_builder",
    "make_early_stopping_hook",
    "stop_if_higher_hook",
    "stop_if_lower_hook",
    "stop_if_no_decrease_hook",
    "stop_if_no_increase_hook",
]
__getattr__ = absent("tf.estimator.experimental", __all__)
