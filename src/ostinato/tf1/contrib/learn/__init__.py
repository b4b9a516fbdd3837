"""The module `tf.contrib.learn`: estimators as they were before `tf.estimator`, with monitors and
experiments; data sets from local files; preprocessing of text.
"""

from ...hooks import NanLossDuringTrainingError
from ...names import absent
from . import datasets, io, learn_runner, models, monitors, preprocessing
from .estimator import Estimator, NotFittedError, SKCompat
from .experiment import Experiment
from .heads import PredictionKey
from .metric_spec import MetricSpec
from .model_fn import ModeKeys, ModelFnOps
from .pandas_io import extract_pandas_data, extract_pandas_labels, extract_pandas_matrix
from .ready_made import (
    DNNClassifier,
    DNNLinearCombinedClassifier,
    DNNLinearCombinedRegressor,
    DNNRegressor,
    LinearClassifier,
    LinearRegressor,
    infer_real_valued_columns_from_input,
    infer_real_valued_columns_from_input_fn,
)
from .run_config import RunConfig

__all__ = [
    "DNNClassifier",
    "DNNLinearCombinedClassifier",
    "DNNLinearCombinedRegressor",
    "DNNRegressor",
    "Estimator",
    "Experiment",
    "LinearClassifier",
    "LinearRegressor",
    "MetricSpec",
    "ModeKeys",
    "ModelFnOps",
    "NanLossDuringTrainingError",
    "NotFittedError",
    "PredictionKey",
    "RunConfig",
    "SKCompat",
    "datasets",
    "extract_pandas_data",
    "extract_pandas_labels",
    "extract_pandas_matrix",
    "infer_real_valued_columns_from_input",
    "infer_real_valued_columns_from_input_fn",
    "io",
    "learn_runner",
    "models",
    "monitors",
    "preprocessing",
]
__getattr__ = absent("tf.contrib.learn", __all__)
