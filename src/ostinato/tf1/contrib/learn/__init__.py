"""The module `tf.contrib.learn`: estimators as they were before `tf.estimator`, with monitors and
experiments; data sets from local files; preprocessing of text. Ready-made models are not served.
"""

from ...hooks import NanLossDuringTrainingError
from ...names import absent
from . import datasets, io, learn_runner, models, monitors, preprocessing
from .estimator import Estimator, NotFittedError, SKCompat
from .experiment import Experiment
from .metric_spec import MetricSpec
from .model_fn import ModeKeys, ModelFnOps
from .pandas_io import extract_pandas_data, extract_pandas_labels, extract_pandas_matrix
from .run_config import RunConfig

__all__ = [
    "Estimator",
    "Experiment",
    "MetricSpec",
    "ModeKeys",
    "ModelFnOps",
    "NanLossDuringTrainingError",
    "NotFittedError",
    "RunConfig",
    "SKCompat",
    "datasets",
    "extract_pandas_data",
    "extract_pandas_labels",
    "extract_pandas_matrix",
    "io",
    "learn_runner",
    "models",
    "monitors",
    "preprocessing",
]
__getattr__ = absent("tf.contrib.learn", __all__)
