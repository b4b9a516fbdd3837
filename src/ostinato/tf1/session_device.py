"""Which device sessions compute on: the CPU, or the one that `ostinato run --device` names."""

from __future__ import annotations

import os
from typing import Any

import torch

from .errors import InvalidArgumentError, NotFoundError

VARIABLE = "OSTINATO_DEVICE"
"""Where `ostinato run` writes the device for the processes that a script starts."""


class _Chosen:
    device: torch.device | None = None


_CHOSEN = _Chosen()


def set_default_device(device: torch.device | None) -> None:
    """The device of sessions whose configuration says nothing else; None or the CPU: the CPU."""
    _CHOSEN.device = None if device is None or device.type == "cpu" else device


def checked_device(name: str) -> torch.device:
    """The device of this name, as torch has it: `cpu`, `cuda`, `cuda:1`, `mps` or another of torch's.

    Raises:
        ValueError: torch knows no such device, or has none here.

    >>> checked_device("cpu")
    device(type='cpu')
    """
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ValueError(
            f"there is no device {name!r}: a device is cpu, cuda, cuda:1, mps or another that torch knows"
        ) from None
    if device.type == "cpu":
        return torch.device("cpu")
    count = device_count(device.type)
    if not count:
        raise ValueError(
            f"torch {torch.__version__} finds no {device.type} device here; the CPU is always there"
        )
    if (device.index or 0) >= count:
        raise ValueError(f"there is no {name}: the last {device.type} device is {device.type}:{count - 1}")
    return torch.device(device.type, device.index or 0)


def device_count(kind: str) -> int:
    """How many devices of a type torch has here."""
    if kind == "mps":
        return int(torch.backends.mps.is_available())
    try:
        module = torch.get_device_module(kind)
    except RuntimeError:
        return 0
    return module.device_count() if module.is_available() else 0


def session_device(config: Any) -> torch.device | None:
    """The device of a session with this configuration; None: the CPU.

    Raises:
        tf.errors.InvalidArgumentError: `visible_device_list` names a device that is not there.
        tf.errors.NotFoundError: `device_count` leaves no CPU.
    """
    if config is not None and config.device_count.get("CPU", 1) == 0:
        raise NotFoundError(None, None, "No CPU devices are available in this process")
    device = _CHOSEN.device
    if device is None:
        return None
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return None
    if config is None:
        return device
    if config.device_count.get("GPU", 1) == 0:
        return None
    listed = config.gpu_options.visible_device_list
    if listed:
        device = _visible(listed, device)
    fraction = config.gpu_options.per_process_gpu_memory_fraction
    if device.type == "cuda" and 0.0 < fraction <= 1.0:
        torch.cuda.set_per_process_memory_fraction(fraction, device)
    return device


def _visible(listed: str, device: torch.device) -> torch.device:
    first = listed.split(",")[0].strip()
    count = device_count(device.type)
    if not first.isdigit() or int(first) >= count:
        raise InvalidArgumentError(
            None,
            None,
            f"'visible_device_list' listed an invalid GPU id '{first}' but visible device count is {count}",
        )
    return torch.device(device.type, int(first))


def gpus() -> list[torch.device]:
    """The devices that are GPUs to a script: the one that sessions compute on, if it is not the CPU."""
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
    return [] if _CHOSEN.device is None or hidden else [_CHOSEN.device]


def gpu_memory(device: torch.device) -> int:
    """The bytes of memory of a device; 0 where torch does not tell."""
    return int(torch.cuda.get_device_properties(device).total_memory) if device.type == "cuda" else 0


def capability(device: torch.device) -> tuple[int, int]:
    """A GPU's CUDA compute capability; (0, 0) of a device that has none."""
    return torch.cuda.get_device_capability(device) if device.type == "cuda" else (0, 0)
