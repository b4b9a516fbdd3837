"""Weights in and out: TensorFlow 1 checkpoints, torch.nn's modules and state dicts, safetensors files.

The names are resolved when first used, so that recognising the cells of a checkpoint loads no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ostinato.interop.loading import load_into
    from ostinato.interop.recognition import RecurrentCell, is_optimizer_slot, recurrent_cells
    from ostinato.interop.safetensors_files import load_safetensors, save_safetensors
    from ostinato.interop.state_dicts import from_torch_state_dict, to_torch_state_dict
    from ostinato.interop.torch_modules import from_torch, to_torch

_HOMES = {
    "loading": ["load_into"],
    "recognition": ["RecurrentCell", "is_optimizer_slot", "recurrent_cells"],
    "safetensors_files": ["load_safetensors", "save_safetensors"],
    "state_dicts": ["from_torch_state_dict", "to_torch_state_dict"],
    "torch_modules": ["from_torch", "to_torch"],
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "RecurrentCell",
    "from_torch",
    "from_torch_state_dict",
    "is_optimizer_slot",
    "load_into",
    "load_safetensors",
    "recurrent_cells",
    "save_safetensors",
    "to_torch",
    "to_torch_state_dict",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'ostinato.interop' has no attribute {name!r}")
    value = getattr(import_module(f"ostinato.interop.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
