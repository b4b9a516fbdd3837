"""The modules `tensorflow.contrib.cudnn_rnn.python...`."""

from __future__ import annotations

from types import ModuleType

from ..names import absent
from ..served import served_module
from . import cudnn_cells, cudnn_converters, cudnn_layers, cudnn_ops, cudnn_params, cudnn_saveable

_PREFIX = "tensorflow.contrib.cudnn_rnn.python"
_LAYERS: tuple[ModuleType, ...] = (cudnn_layers, cudnn_cells, cudnn_converters, cudnn_saveable)
_OPS: tuple[ModuleType, ...] = (cudnn_ops, cudnn_cells, cudnn_converters, cudnn_saveable, cudnn_params)


def _build() -> dict[str, ModuleType]:
    modules = {
        _PREFIX: ModuleType(_PREFIX),
        f"{_PREFIX}.layers": served_module(f"{_PREFIX}.layers", _LAYERS),
        f"{_PREFIX}.layers.cudnn_rnn": served_module(f"{_PREFIX}.layers.cudnn_rnn", _LAYERS),
        f"{_PREFIX}.ops": ModuleType(f"{_PREFIX}.ops"),
        f"{_PREFIX}.ops.cudnn_rnn_ops": served_module(f"{_PREFIX}.ops.cudnn_rnn_ops", _OPS),
    }
    for name, module in modules.items():
        package, _, last = name.rpartition(".")
        if package in modules:
            vars(modules[package])["__path__"] = []
            setattr(modules[package], last, module)
    for name, module in modules.items():
        names = [key for key in vars(module) if not key.startswith("_")]
        vars(module)["__getattr__"] = absent(name, names)
    return modules


MODULES = _build()
PACKAGE = MODULES[_PREFIX]
