"""State dicts in files that torch.save writes, read without running what is in them."""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ostinato.checkpoint.files import replaced


def load_state_dict(path: str) -> tuple[dict[str, Tensor], list[str]]:
    """The state dict in a file of `torch.save`, on the CPU, and the names of what else is in the file.

    It may be a state dict itself, or a dict that has one among other things, as what training saves often
    is. Only tensors and plain values are read (`weights_only=True`): a file that holds anything else is
    refused.

    Raises:
        ValueError: it holds no state dict, or more than that, or is damaged.
        OSError: it cannot be read.
    """
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        named = re.search(r"GLOBAL ([\w.]+)", str(error))
        what = "is damaged, or holds more than tensors" if named is None else f"holds a {named[1]}"
        raise ValueError(
            f"{path} {what}: only tensors are read, as anything else could run what is in the file; save "
            "module.state_dict()"
        ) from None
    except OSError:
        raise
    except Exception as error:  # torch raises whatever its readers met: RuntimeError, EOFError, KeyError, ...
        raise ValueError(f"{path} is damaged: {_plain(str(error))}") from None
    if not isinstance(loaded, Mapping):
        raise ValueError(f"{path} holds a {type(loaded).__name__}, no state dict: save module.state_dict()")
    others = []
    if not _has_tensors(loaded):
        inner = [name for name, value in loaded.items() if _has_tensors(value)]
        if len(inner) != 1:
            found = (
                f"; {' and '.join(map(repr, inner))} in it are: save one of them by itself" if inner else ""
            )
            raise ValueError(f"{path} holds a dict that is no state dict, as it has no tensors{found}")
        others = [str(name) for name in loaded if name != inner[0]]
        loaded = loaded[inner[0]]
    others += [str(name) for name, value in loaded.items() if not isinstance(value, Tensor)]
    tensors: dict[str, Tensor] = {}
    for name, value in loaded.items():
        if isinstance(value, Tensor):
            if str(name) in tensors:
                raise ValueError(
                    f"{path} holds two tensors whose names are the same text, {str(name)!r}, though one "
                    "of the names is no text: rename one of them"
                )
            tensors[str(name)] = value
    return tensors, others


def _has_tensors(value: Any) -> bool:
    return isinstance(value, Mapping) and any(isinstance(inner, Tensor) for inner in value.values())


def save_state_dict(path: str, tensors: Mapping[str, Tensor]) -> None:
    """Write a state dict with `torch.save`, whole or not at all, flushed to the disk.

    Raises:
        OSError: it cannot be written.
    """
    with replaced(path) as file:
        try:
            torch.save(dict(tensors), file)
        except RuntimeError as error:  # torch's writer, which could not end a file that could not be written
            if isinstance(error.__context__, OSError):
                raise error.__context__ from None
            raise


def _plain(reason: str) -> str:
    """The first sentence of what torch says, which can be a page."""
    return reason.strip().partition("\n")[0].partition(". ")[0].rstrip(".")
