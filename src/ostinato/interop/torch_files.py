"""State dicts in files that torch.save writes, read without running what is in them."""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ostinato.interop.whole_files import replaced


def load_state_dict(path: str) -> dict[str, Any]:
    """The state dict in a file of `torch.save`, on the CPU.

    Only tensors and plain values are read (`weights_only=True`): a file that holds anything else is refused.

    Raises:
        ValueError: it holds no state dict, or more than that, or is damaged.
        OSError: it cannot be read.
    """
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(
            f"{path} holds more than tensors, and is not read, as that could run what is in it: save "
            f"module.state_dict() instead ({_plain(reason)})"
        ) from None
    except OSError:
        raise
    except Exception as error:  # torch raises whatever its readers met: RuntimeError, EOFError, KeyError, ...
        raise ValueError(f"{path} is damaged: {_plain(str(error))}") from None
    if not isinstance(loaded, Mapping):
        raise ValueError(f"{path} holds a {type(loaded).__name__}, no state dict: save module.state_dict()")
    if not any(isinstance(value, Tensor) for value in loaded.values()):
        inner = [repr(key) for key, value in loaded.items() if isinstance(value, Mapping)]
        found = f"; its {' and '.join(inner)} may be one: save that by itself" if inner else ""
        raise ValueError(f"{path} holds a dict without tensors, no state dict{found}")
    return {str(name): value for name, value in loaded.items()}


def save_state_dict(path: str, tensors: Mapping[str, Tensor]) -> None:
    """Write a state dict with `torch.save`, whole or not at all, flushed to the disk.

    Raises:
        OSError: it cannot be written.
    """
    with replaced(path) as temporary:
        try:
            torch.save(dict(tensors), temporary)
        except RuntimeError as error:  # what torch's writer makes of the system's errors
            raise OSError(f"{os.fspath(path)} cannot be written: {_plain(str(error))}") from None


def _plain(reason: str) -> str:
    """The first sentence of what torch says, which can be a page."""
    return reason.strip().partition("\n")[0].partition(". ")[0].rstrip(".")
