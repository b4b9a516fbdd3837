"""The modules `tensorflow.contrib.learn.python.learn...`, from which scripts take data sets and
vocabularies.
"""

from __future__ import annotations

from types import ModuleType

from . import learn
from .learn import base, datasets, mnist, preprocessing

_PATHS: dict[str, ModuleType] = {
    "learn": learn,
    "learn.datasets": datasets,
    "learn.datasets.base": base,
    "learn.datasets.mnist": mnist,
    "learn.preprocessing": preprocessing,
    "learn.preprocessing.categorical": preprocessing,
    "learn.preprocessing.categorical_vocabulary": preprocessing,
    "learn.preprocessing.text": preprocessing,
}


def _build() -> dict[str, ModuleType]:
    prefix = "tensorflow.contrib.learn.python"
    package = ModuleType(prefix)
    package.__dict__["learn"] = learn
    learn.__dict__["python"] = package
    for alias in ("categorical", "categorical_vocabulary", "text"):
        preprocessing.__dict__[alias] = preprocessing
    public = {"datasets": datasets, "preprocessing": preprocessing}
    return {
        prefix: package,
        **{f"{prefix}.{path}": module for path, module in _PATHS.items()},
        **{f"tensorflow.contrib.learn.{path}": module for path, module in public.items()},
    }


MODULES = _build()
"""Modules by the names that scripts import."""
