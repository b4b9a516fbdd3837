"""The modules `tensorflow.contrib.rnn.python.ops...`: some cells are only to be had there, and code of 2017
takes its helpers from them.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from .. import (
    linear,
    rnn_arguments,
    rnn_bidirectional,
    rnn_cell_base,
    rnn_cell_impl,
    rnn_cell_stack,
    rnn_cell_wrappers,
    rnn_raw,
    rnn_stack,
    rnn_static,
)
from .. import rnn as rnn_dynamic
from ..names import absent
from ..served import served_module
from . import (
    block_cells,
    conv_cells,
    fused_rnn_cell,
    gated_cells,
    grid_cells,
    grouped_cells,
    independent_cells,
    lstm_cells,
    ntm_cell,
    phased_cells,
    wrapper_cells,
)

_PREFIX = "tensorflow.contrib.rnn.python"
_CORE_CELLS: tuple[ModuleType, ...] = (rnn_cell_impl, rnn_cell_wrappers, rnn_cell_stack, rnn_cell_base)
_CONTRIB_CELLS: tuple[ModuleType, ...] = (
    ntm_cell,
    wrapper_cells,
    conv_cells,
    gated_cells,
    grid_cells,
    grouped_cells,
    independent_cells,
    lstm_cells,
    phased_cells,
)
_DRIVERS: tuple[ModuleType, ...] = (
    rnn_stack,
    rnn_dynamic,
    rnn_bidirectional,
    rnn_static,
    rnn_raw,
    rnn_arguments,
)
_TABLE: dict[str, tuple[ModuleType, ...]] = {
    "core_rnn": _DRIVERS,
    "core_rnn_cell": (*_CORE_CELLS, wrapper_cells),
    "core_rnn_cell_impl": _CORE_CELLS,
    "fused_rnn_cell": (fused_rnn_cell,),
    "gru_ops": (block_cells,),
    "lstm_ops": (block_cells,),
    "rnn": _DRIVERS,
    "rnn_cell": (*_CORE_CELLS, *_CONTRIB_CELLS),
}
"""Of each module below `python.ops`, the modules here whose public names it shows."""

_UNDERSCORED: dict[str, Any] = {
    "_Linear": linear.Linear,
    "_linear": linear.linear,
    "_WEIGHTS_VARIABLE_NAME": "kernel",
    "_BIAS_VARIABLE_NAME": "bias",
}


def _build() -> dict[str, ModuleType]:
    modules = {}
    ops = modules[f"{_PREFIX}.ops"] = ModuleType(f"{_PREFIX}.ops")
    package = modules[_PREFIX] = ModuleType(_PREFIX)
    package.__dict__.update(ops=ops, __path__=[])
    vars(ops)["__path__"] = []
    for name, sources in _TABLE.items():
        full = f"{_PREFIX}.ops.{name}"
        underscored = _UNDERSCORED if name in ("core_rnn_cell", "core_rnn_cell_impl", "rnn_cell") else None
        modules[full] = served_module(full, sources, underscored)
        setattr(ops, name, modules[full])
    for name, module in modules.items():
        names = [key for key in vars(module) if not key.startswith("__")]
        vars(module)["__getattr__"] = absent(name, names)
    return modules


MODULES = _build()
PACKAGE = MODULES[_PREFIX]
