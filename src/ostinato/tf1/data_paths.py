"""The internal paths under which scripts import data sets, examples and Keras's preprocessing."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from . import data, example, keras
from .contrib import data as contrib_data
from .names import absent
from .served import served_module

_TRANSFORMATIONS = (
    "batching counter dataset_ops enumerate_ops error_ops get_single_element grouping interleave_ops "
    "iterator_ops random_ops readers resampling scan_ops shuffle_ops sliding unique writers"
)


def _build() -> dict[str, ModuleType]:
    found: dict[str, ModuleType] = {}

    def put(name: str, module: ModuleType) -> None:
        """A module at its path; the packages around it that are nowhere else are made."""
        found[name] = module
        package, _, last = name.rpartition(".")
        if package.startswith(("tensorflow.contrib.data.python", "tensorflow.core.example")):
            if package not in found:
                made = ModuleType(package)
                made.__path__ = []
                put(package, made)
            setattr(found[package], last, module)

    transformations: Any = served_module(
        "tensorflow.contrib.data.python.ops.dataset_ops", (contrib_data, data)
    )
    for name in _TRANSFORMATIONS.split():
        put(f"tensorflow.contrib.data.python.ops.{name}", transformations)
    for name in ("example_pb2", "feature_pb2"):
        put(f"tensorflow.core.example.{name}", served_module(f"tensorflow.core.example.{name}", (example,)))
    for before in (
        "tensorflow.python.keras",
        "tensorflow.contrib.keras.python.keras",
        "tensorflow.contrib.keras.api.keras",
    ):
        for name in ("datasets", "preprocessing"):
            package = getattr(keras, name)
            put(f"{before}.{name}", package)
            for inner in package.__all__:
                put(f"{before}.{name}.{inner}", getattr(package, inner))
    for path in ("tensorflow.contrib.keras.python", "tensorflow.contrib.keras.api"):
        made = ModuleType(path)
        made.__path__ = []
        made.__dict__["keras"] = keras
        found[path], found[f"{path}.keras"] = made, keras
    for name, module in found.items():
        if "__getattr__" not in vars(module):
            vars(module)["__getattr__"] = absent(name, [key for key in vars(module) if key[0] != "_"])
    return found


MODULES = _build()
"""Modules by the names that scripts import."""
