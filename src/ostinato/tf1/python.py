"""The module `tf.python`: TensorFlow 1's internal modules, as far as recurrent code imports from them.

One table says which of this face's modules each of them shows. A trailing underscore here (`abs_`, `bool_`)
stands for the name without it there.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from . import (
    checkpoint_management,
    checkpoint_reader,
    checkpoint_utils,
    dtypes,
    errors,
    gradients,
    graph,
    initializers,
    layers_base,
    nest,
    object_graph,
    optimizer,
    partitioned,
    rnn,
    rnn_bidirectional,
    rnn_cell_impl,
    rnn_cell_wrappers,
    rnn_static,
    saveable,
    saver,
    session,
    shapes,
    tensor,
    variable_scope,
    variable_store,
    variables,
)
from .names import absent
from .ops import array, control, core, lists, math, nn, picking, random, reductions, slicing, state

_ARRAYS = (array, lists, picking, slicing, core)
_CELLS = (rnn_cell_impl, rnn_cell_wrappers)
_DRIVERS = (rnn, rnn_bidirectional, rnn_static)
_TABLE: dict[str, tuple[ModuleType, ...]] = {
    "framework.constant_op": (core,),
    "framework.dtypes": (dtypes,),
    "framework.errors": (errors,),
    "framework.errors_impl": (errors,),
    "framework.ops": (graph, tensor, core, session),
    "framework.random_seed": (graph,),
    "framework.tensor_shape": (shapes,),
    "client.session": (session,),
    "layers.base": (layers_base,),
    "ops.array_ops": _ARRAYS,
    "ops.clip_ops": (nn,),
    "ops.control_flow_ops": (control,),
    "ops.gradients": (gradients,),
    "ops.gradients_impl": (gradients,),
    "ops.init_ops": (initializers,),
    "ops.math_ops": (math, reductions),
    "ops.nn_ops": (nn,),
    "ops.nn": (nn, math, *_DRIVERS),
    "ops.partitioned_variables": (partitioned, variable_scope),
    "ops.random_ops": (random,),
    "ops.rnn": _DRIVERS,
    "ops.rnn_cell": _CELLS,
    "ops.rnn_cell_impl": _CELLS,
    "ops.state_ops": (state,),
    "ops.variable_scope": (variable_scope, variable_store),
    "ops.variables": (variables, partitioned),
    "pywrap_tensorflow": (checkpoint_reader,),
    "tools.inspect_checkpoint": (checkpoint_reader,),
    "training.adam": (optimizer,),
    "training.checkpoint_management": (checkpoint_management,),
    "training.checkpoint_state_pb2": (checkpoint_management,),
    "training.checkpoint_utils": (checkpoint_utils,),
    "training.gradient_descent": (optimizer,),
    "training.momentum": (optimizer,),
    "training.optimizer": (optimizer,),
    "training.saver": (saver, checkpoint_management, object_graph),
    "training.saveable_object": (saveable,),
    "training.saving.saveable_object": (saveable,),
    "training.training_util": (optimizer,),
    "util.nest": (nest,),
    "util.tf_export": (),
}
_RENAMED: dict[str, dict[str, str]] = {
    "ops.init_ops": {
        "zeros_initializer": "Zeros",
        "ones_initializer": "Ones",
        "constant_initializer": "Constant",
        "random_normal_initializer": "RandomNormal",
        "random_uniform_initializer": "RandomUniform",
        "truncated_normal_initializer": "TruncatedNormal",
        "variance_scaling_initializer": "VarianceScaling",
        "glorot_uniform_initializer": "GlorotUniform",
        "glorot_normal_initializer": "GlorotNormal",
    },
}


def tf_export(*names: str, **_: Any) -> Callable[[Any], Any]:
    """The decorator that gives a symbol its public names in TensorFlow's source; here it leaves it as it
    is.
    """
    return lambda symbol: symbol


def _build() -> dict[str, ModuleType]:
    """The modules of the table and the packages around them, by their names below `tensorflow.python`."""
    modules: dict[str, ModuleType] = {}
    for name, sources in _TABLE.items():
        module = ModuleType(
            f"tensorflow.python.{name}", f"What tensorflow.python.{name} shows of ostinato.tf1."
        )
        for source in reversed(sources):
            for key, value in vars(source).items():
                if not key.startswith("_"):
                    setattr(module, key.rstrip("_"), value)
        for key, original in _RENAMED.get(name, {}).items():
            setattr(module, key, getattr(module, original))
        modules[name] = module
    # The names of a cell's variables, which cells in the style of TensorFlow's own source read.
    modules["ops.rnn_cell_impl"].__dict__.update(_WEIGHTS_VARIABLE_NAME="kernel", _BIAS_VARIABLE_NAME="bias")
    modules["util.tf_export"].__dict__.update(tf_export=tf_export, keras_export=tf_export)
    for name in list(modules):
        while "." in name:
            package, _, last = name.rpartition(".")
            if package not in modules:
                modules[package] = ModuleType(f"tensorflow.python.{package}")
                modules[package].__path__ = []
            setattr(modules[package], last, modules[name])
            name = package
    for name, module in modules.items():
        names = [key for key in vars(module) if not key.startswith("_")]
        vars(module)["__getattr__"] = absent(f"tensorflow.python.{name}", names)
    return modules


MODULES = _build()
framework, client, layers = MODULES["framework"], MODULES["client"], MODULES["layers"]
ops, training, util = MODULES["ops"], MODULES["training"], MODULES["util"]
pywrap_tensorflow, tools = MODULES["pywrap_tensorflow"], MODULES["tools"]
__all__ = ["client", "framework", "layers", "ops", "pywrap_tensorflow", "tools", "training", "util"]
__getattr__ = absent("tensorflow.python", __all__)
