"""Which implementation of the sequence ops runs here, and why not the others.

The environment decides where it says so, and is read once:

- `OSTINATO_KERNELS`: `reference` for plain torch, `cpu` for the native kernels or an error;
- `OSTINATO_INSTRUCTION_SET`: the build of the native kernels, one of `INSTRUCTION_SETS`, or an error.

Else it is the last of the builds in `INSTRUCTION_SETS` that is there and that this processor runs, and the
reference where there is none.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from typing import NamedTuple

INSTRUCTION_SETS = ("portable", "avx2", "avx512", "avx512_bf16", "amx")
"""The builds, slowest first, in the order of the bits that `ostinato_instruction_sets` returns."""
IMPLEMENTATIONS = ("cpu", "reference")

_REPAIR = (
    "Install a C++ compiler and then the package again (in a checkout: run make), or set "
    "OSTINATO_KERNELS=reference to have that without this message."
)


class UnusableError(Exception):
    """A build that does not run here; the message says why."""


class BrokenError(UnusableError):
    """A build that should run here, and must not be called."""


class Choice(NamedTuple):
    """What runs: a build, or the reference where that is None.

    `reasons` has a sentence for every implementation and build that does not; `warnings` what a user should
    hear once.
    """

    build: ctypes.CDLL | None
    instruction_set: str | None
    reasons: dict[str, str]
    warnings: tuple[str, ...] = ()


def choose(open_build: Callable[[str], ctypes.CDLL]) -> Choice:
    """Choose, for this processor and this environment.

    Args:
        open_build: loads the build of an instruction set; raises `UnusableError` where it is not there or not
            to be trusted.

    Raises:
        ValueError: a variable of the environment has a value that is none.
        RuntimeError: what the environment forces does not run here.
    """
    implementation = _variable("OSTINATO_KERNELS", IMPLEMENTATIONS)
    instruction_set = _variable("OSTINATO_INSTRUCTION_SET", INSTRUCTION_SETS)
    if implementation == "reference":
        return Choice(None, None, {"cpu": "OSTINATO_KERNELS=reference is set"})
    try:
        portable = open_build("portable")
    except UnusableError as error:
        for name, value in (("KERNELS", implementation), ("INSTRUCTION_SET", instruction_set)):
            if value is not None:
                raise RuntimeError(f"OSTINATO_{name}={value} is set, but {error}. {_REPAIR}") from None
        sentence = "ostinato runs its reference in plain torch, which is slower than its native kernels"
        return Choice(None, None, {"cpu": str(error)}, (f"{sentence}: {error}. {_REPAIR}",))
    return _choose_build(portable, instruction_set, open_build)


def _choose_build(
    portable: ctypes.CDLL, forced: str | None, open_build: Callable[[str], ctypes.CDLL]
) -> Choice:
    found = portable.ostinato_instruction_sets()
    reasons = {"reference": "the native kernels are there"}
    warnings = []
    build, chosen = portable, "portable"
    for bit, name in reversed(list(enumerate(INSTRUCTION_SETS))):
        if forced not in (None, name):
            reasons[name] = f"OSTINATO_INSTRUCTION_SET={forced} is set"
        elif chosen != "portable":
            reasons[name] = f"{chosen} is there"
        else:
            try:
                build, chosen = _open_if_it_runs(name, bool(found & 1 << bit), portable, open_build), name
            except UnusableError as error:
                if forced:
                    raise RuntimeError(f"OSTINATO_INSTRUCTION_SET={forced} is set, but {error}.") from None
                reasons[name] = str(error)
                if isinstance(error, BrokenError):
                    warnings.append(f"ostinato leaves out its {name} kernels: {error}.")
    return Choice(build, chosen, reasons, tuple(warnings))


def _open_if_it_runs(
    name: str, runs: bool, portable: ctypes.CDLL, open_build: Callable[[str], ctypes.CDLL]
) -> ctypes.CDLL:
    if not runs:
        raise UnusableError(f"this processor or this system does not run {name} instructions")
    if name == "portable":
        return portable
    if name == "amx" and (error := portable.ostinato_request_amx()):
        raise UnusableError(f"the system keeps the registers of AMX from this process ({os.strerror(error)})")
    return open_build(name)


def _variable(name: str, values: tuple[str, ...]) -> str | None:
    value = os.environ.get(name)
    if value is None or value == "":
        return None
    if value not in values:
        raise ValueError(f"{name} is {value!r}, but must be one of {', '.join(values)}, or not set.")
    return value
