"""The module `tf.estimator`: one's own models and ready-made ones, on monitored sessions."""

from __future__ import annotations

from typing import Any

from ..checkpoint_hooks import CheckpointSaverHook, CheckpointSaverListener
from ..hooks import (
    FeedFnHook,
    FinalOpsHook,
    GlobalStepWaiterHook,
    LoggingTensorHook,
    NanLossDuringTrainingError,
    NanTensorHook,
    SecondOrStepTimer,
    StepCounterHook,
    StopAtStepHook,
)
from ..names import absent
from ..session_run_hook import SessionRunArgs, SessionRunContext, SessionRunHook, SessionRunValues
from ..summary_hooks import ProfilerHook, SummarySaverHook
from . import experimental, export, inputs
from .canned.baseline import BaselineClassifier, BaselineEstimator, BaselineRegressor
from .canned.clipped import add_metrics
from .canned.combined import (
    DNNLinearCombinedClassifier,
    DNNLinearCombinedEstimator,
    DNNLinearCombinedRegressor,
)
from .canned.dnn import DNNClassifier, DNNEstimator, DNNRegressor
from .canned.linear import LinearClassifier, LinearEstimator, LinearRegressor
from .canned.parsing import classifier_parse_example_spec, regressor_parse_example_spec
from .estimator import Estimator
from .exporters import Exporter, FinalExporter, LatestExporter
from .specs import EstimatorSpec, EvalSpec, ModeKeys, RunConfig, TrainSpec, WarmStartSettings
from .training import train_and_evaluate

_BOOSTED = ("BoostedTreesClassifier", "BoostedTreesEstimator", "BoostedTreesRegressor")

__all__ = [
    "BaselineClassifier",
    "BaselineEstimator",
    "BaselineRegressor",
    "CheckpointSaverHook",
    "CheckpointSaverListener",
    "DNNClassifier",
    "DNNEstimator",
    "DNNLinearCombinedClassifier",
    "DNNLinearCombinedEstimator",
    "DNNLinearCombinedRegressor",
    "DNNRegressor",
    "Estimator",
    "EstimatorSpec",
    "EvalSpec",
    "Exporter",
    "FeedFnHook",
    "FinalExporter",
    "FinalOpsHook",
    "GlobalStepWaiterHook",
    "LatestExporter",
    "LinearClassifier",
    "LinearEstimator",
    "LinearRegressor",
    "LoggingTensorHook",
    "ModeKeys",
    "ProfilerHook",
    "NanLossDuringTrainingError",
    "NanTensorHook",
    "RunConfig",
    "SecondOrStepTimer",
    "SessionRunArgs",
    "SessionRunContext",
    "SessionRunHook",
    "SessionRunValues",
    "StepCounterHook",
    "StopAtStepHook",
    "SummarySaverHook",
    "TrainSpec",
    "WarmStartSettings",
    "add_metrics",
    "classifier_parse_example_spec",
    "experimental",
    "export",
    "inputs",
    "regressor_parse_example_spec",
    "train_and_evaluate",
]
_absent = absent("tf.estimator", __all__)


def __getattr__(name: str) -> Any:
    if name in _BOOSTED:
        raise AttributeError(
            f"tf.estimator.{name}: trees are not grown here; take tf.estimator.DNNClassifier, a "
            "model_fn of your own, or a library of trees."
        )
    return _absent(name)
