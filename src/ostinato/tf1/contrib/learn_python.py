"""The modules `tensorflow.contrib.learn.python.learn...`, from which scripts take data sets and
vocabularies.
"""

from __future__ import annotations

from types import ModuleType

from ..names import absent
from . import learn
from .learn import (
    base,
    datasets,
    estimator,
    experiment,
    io,
    learn_runner,
    metric_spec,
    mnist,
    model_fn,
    models,
    monitors,
    preprocessing,
    run_config,
)

_PATHS: dict[str, ModuleType] = {
    "learn": learn,
    "learn.datasets": datasets,
    "learn.datasets.base": base,
    "learn.datasets.mnist": mnist,
    "learn.estimators.estimator": estimator,
    "learn.estimators.model_fn": model_fn,
    "learn.estimators.run_config": run_config,
    "learn.experiment": experiment,
    "learn.learn_io": io,
    "learn.learn_runner": learn_runner,
    "learn.metric_spec": metric_spec,
    "learn.models": models,
    "learn.monitors": monitors,
    "learn.preprocessing": preprocessing,
    "learn.preprocessing.categorical": preprocessing,
    "learn.preprocessing.categorical_vocabulary": preprocessing,
    "learn.preprocessing.text": preprocessing,
}


_OF_ESTIMATORS = ["Estimator", "ModeKeys", "ModelFnOps", "NotFittedError", "RunConfig", "SKCompat"]


def _build() -> dict[str, ModuleType]:
    prefix = "tensorflow.contrib.learn.python"
    package = ModuleType(prefix)
    package.__dict__["learn"] = learn
    learn.__dict__["python"] = package
    for alias in ("categorical", "categorical_vocabulary", "text"):
        preprocessing.__dict__[alias] = preprocessing
    public = {
        "datasets": datasets,
        "io": io,
        "learn_runner": learn_runner,
        "models": models,
        "monitors": monitors,
        "preprocessing": preprocessing,
    }
    estimators = ModuleType(f"{prefix}.learn.estimators")
    estimators.__dict__.update(estimator=estimator, model_fn=model_fn, run_config=run_config)
    estimators.__dict__.update({name: getattr(learn, name) for name in _OF_ESTIMATORS})
    modules = {
        prefix: package,
        estimators.__name__: estimators,
        **{f"{prefix}.{path}": module for path, module in _PATHS.items()},
        **{f"tensorflow.contrib.learn.{path}": module for path, module in public.items()},
    }
    for path, module in modules.items():
        if "__getattr__" not in vars(module):
            vars(module)["__getattr__"] = absent(path.replace("tensorflow", "tf", 1), vars(module))
    return modules


MODULES = _build()
"""Modules by the names that scripts import."""
