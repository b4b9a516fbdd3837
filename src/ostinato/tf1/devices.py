"""Devices as nodes record them: strings of parts, of which an inner one goes before an outer."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

_PART = re.compile(r"^(job):(\w[\w.-]*)$|^(replica|task):(\d+)$")
_DEVICE = re.compile(r"^(device:(?=\w+:))?([A-Za-z]\w*)(?::(\d+|\*))?$")
_KINDS = ("CPU", "GPU", "XLA_CPU", "XLA_GPU")
_ORDER = ("job", "replica", "task", "device")


def parsed(device: str) -> dict[str, str]:
    """The parts of a device's name.

    Raises:
        ValueError: a part that is none.

    >>> parsed("/job:ps/cpu:0")
    {'job': 'ps', 'device': 'CPU:0'}
    """
    found: dict[str, str] = {}
    for part in device.split("/"):
        named, placed = _PART.match(part), _DEVICE.match(part)
        if named:
            found[named[1] or named[3]] = named[2] or named[4]
        elif placed and (placed[1] or placed[2].upper() in _KINDS):
            found["device"] = f"{placed[2].upper()}:{placed[3] or '*'}"
        elif part:
            raise ValueError(f"Unknown attribute: {part.split(':')[0]!r} in {device!r}")
    return found


def combined(stack: Sequence[str | Callable[[Any], Any] | None], node: Any) -> str:
    """What a node made within these `tf.device` contexts, the outermost first, records.

    >>> combined(["/job:ps/gpu:1", "/cpu:0"], None)
    '/job:ps/device:CPU:0'
    """
    parts: dict[str, str] = {}
    for entry in stack:
        if entry is None:
            parts = {}
        else:
            parts.update(parsed(entry if isinstance(entry, str) else str(entry(node) or "")))
    return "".join(f"/{kind}:{parts[kind]}" for kind in _ORDER if kind in parts)
