"""The module `tf.contrib.learn.io`: input functions of arrays and of tables."""

from ...estimator.inputs import numpy_input_fn, pandas_input_fn
from ...names import absent
from .pandas_io import extract_pandas_data, extract_pandas_labels, extract_pandas_matrix

__all__ = [
    "extract_pandas_data",
    "extract_pandas_labels",
    "extract_pandas_matrix",
    "numpy_input_fn",
    "pandas_input_fn",
]
__getattr__ = absent("tf.contrib.learn.io", __all__)
