"""The module `tf.estimator`: models of one's own, on monitored sessions. Models that are ready-made, and
clusters, are not served.
"""

from __future__ import annotations

from typing import Any

from ..checkpoint_hooks import CheckpointSaverHook, CheckpointSaverListener
from ..hooks import (
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
from . import export, inputs
from .estimator import Estimator
from .specs import EstimatorSpec, EvalSpec, ModeKeys, RunConfig, TrainSpec, WarmStartSettings
from .training import train_and_evaluate

_READY_MADE = (
    "BaselineClassifier BaselineEstimator BaselineRegressor BoostedTreesClassifier BoostedTreesEstimator "
    "BoostedTreesRegressor DNNClassifier DNNEstimator DNNLinearCombinedClassifier DNNLinearCombinedEstimator "
    "DNNLinearCombinedRegressor DNNRegressor LinearClassifier LinearEstimator LinearRegressor"
)

__all__ = [
    "CheckpointSaverHook",
    "CheckpointSaverListener",
    "Estimator",
    "EstimatorSpec",
    "EvalSpec",
    "FinalOpsHook",
    "GlobalStepWaiterHook",
    "LoggingTensorHook",
    "ModeKeys",
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
    "TrainSpec",
    "WarmStartSettings",
    "export",
    "inputs",
    "train_and_evaluate",
]
_absent = absent("tf.estimator", __all__)


def __getattr__(name: str) -> Any:
    if name in _READY_MADE.split():
        raise AttributeError(
            f"tf.estimator.{name}: ready-made models are not served here. Write the network in a model_fn "
            "for tf.estimator.Estimator, with tf.layers.dense."
        )
    return _absent(name)
