"""The module `tf.config.experimental`: the devices that there are; settings are taken and given back.

>>> list_physical_devices("CPU")
[PhysicalDevice(name='/physical_device:CPU:0', device_type='CPU')]
>>> list_logical_devices("CPU")
[LogicalDevice(name='/job:localhost/replica:0/task:0/device:CPU:0', device_type='CPU')]
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ..names import absent
from ..session_device import gpus
from .settings import SETTINGS

__all__ = [
    "VirtualDeviceConfiguration",
    "get_device_policy",
    "get_memory_growth",
    "get_synchronous_execution",
    "get_virtual_device_configuration",
    "get_visible_devices",
    "list_logical_devices",
    "list_physical_devices",
    "set_device_policy",
    "set_memory_growth",
    "set_synchronous_execution",
    "set_virtual_device_configuration",
    "set_visible_devices",
]

__getattr__ = absent("tf.config.experimental", __all__)
_POLICIES = (None, "silent", "silent_for_int32", "explicit", "warn")


class PhysicalDevice(NamedTuple):
    """A device of this machine."""

    name: str
    device_type: str


class LogicalDevice(NamedTuple):
    """A device as nodes name it."""

    name: str
    device_type: str


class VirtualDeviceConfiguration(NamedTuple):
    """A part of a device (TF1 symbol: `tf.config.experimental.VirtualDeviceConfiguration`)."""

    memory_limit: Any = None


def list_physical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The processor, and the GPUs that torch sees (TF1 symbol:
    `tf.config.experimental.list_physical_devices`).
    """
    found = [PhysicalDevice("/physical_device:CPU:0", "CPU")]
    found += [PhysicalDevice(f"/physical_device:GPU:{number}", "GPU") for number in range(len(gpus()))]
    return [device for device in found if device_type in (None, device.device_type)]


def list_logical_devices(device_type: str | None = None) -> list[LogicalDevice]:
    """The same as nodes name them (TF1 symbol: `tf.config.experimental.list_logical_devices`)."""
    return [
        LogicalDevice(name.replace("/physical_device:", "/job:localhost/replica:0/task:0/device:"), kind)
        for name, kind in list_physical_devices(device_type)
    ]


def get_visible_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """What was set, or all (TF1 symbol: `tf.config.experimental.get_visible_devices`)."""
    there = list_physical_devices(device_type)
    visible = SETTINGS.get("visible_devices", {})
    return [device for device in there if device in visible.get(device.device_type, [device])]


def set_visible_devices(devices: Any, device_type: str | None = None) -> None:
    """Taken (TF1 symbol: `tf.config.experimental.set_visible_devices`): which device computes is said by
    `ostinato run --device`, or by CUDA_VISIBLE_DEVICES.

    Raises:
        ValueError: a device that there is not.
    """
    devices = list(devices) if isinstance(devices, (list, set)) else [devices]
    for device in devices:
        _check(device)
    kinds = [device_type] if device_type else ["CPU", "GPU"]
    chosen = {kind: [device for device in devices if device.device_type == kind] for kind in kinds}
    SETTINGS["visible_devices"] = {**SETTINGS.get("visible_devices", {}), **chosen}


def _check(device: Any) -> None:
    if device not in list_physical_devices():
        raise ValueError(f"Unrecognized device: {device!r}")


def get_memory_growth(device: Any) -> bool:
    """What was set for a GPU (TF1 symbol: `tf.config.experimental.get_memory_growth`).

    Raises:
        ValueError: a device that there is not.
    """
    _check(device)
    return bool(SETTINGS.get(("memory_growth", device), False))


def set_memory_growth(device: Any, enable: bool) -> None:
    """Taken (TF1 symbol: `tf.config.experimental.set_memory_growth`): memory grows as it is needed.

    Raises:
        ValueError: a device that there is not, or no GPU.
    """
    _check(device)
    if device.device_type != "GPU":
        raise ValueError("Cannot set memory growth on non-GPU devices")
    SETTINGS["memory_growth", device] = enable


def get_virtual_device_configuration(device: Any) -> Any:
    """What was set (TF1 symbol: `tf.config.experimental.get_virtual_device_configuration`), or None."""
    _check(device)
    return SETTINGS.get(("virtual_devices", device))


def set_virtual_device_configuration(device: Any, virtual_devices: Any) -> None:
    """Taken (TF1 symbol: `tf.config.experimental.set_virtual_device_configuration`): devices are not parted.

    Raises:
        ValueError: a device that there is not, or a part of the processor with a limit.
    """
    _check(device)
    if device.device_type == "CPU" and any(part.memory_limit is not None for part in virtual_devices):
        raise ValueError("Setting memory limit on CPU virtual devices is currently not supported")
    SETTINGS["virtual_devices", device] = list(virtual_devices)


def get_device_policy() -> str:
    """What was set (TF1 symbol: `tf.config.experimental.get_device_policy`); "silent" before."""
    return SETTINGS.get("device_policy") or "silent"


def set_device_policy(device_policy: str | None) -> None:
    """Taken (TF1 symbol: `tf.config.experimental.set_device_policy`).

    Raises:
        ValueError: no policy.
    """
    if device_policy not in _POLICIES:
        raise ValueError(f"Not a valid device policy: {device_policy!r}")
    SETTINGS["device_policy"] = device_policy


def get_synchronous_execution() -> bool:
    """What was set (TF1 symbol: `tf.config.experimental.get_synchronous_execution`); True before."""
    return bool(SETTINGS.get("synchronous_execution", True))


def set_synchronous_execution(enable: bool) -> None:
    """Taken (TF1 symbol: `tf.config.experimental.set_synchronous_execution`)."""
    SETTINGS["synchronous_execution"] = enable
