"""What sessions need where a process forks or ends.

A thread that is cut off within torch when the interpreter ends takes the process with it ("terminate called
without an active exception"), and a child that was forked after a run waits for ever for torch's threads,
which only its parent has.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import threading
import time
from typing import Any

import torch

_PATIENCE = 1.0  # seconds in which runs may come to their end
_MORE = 4.0  # seconds for those that had to be told to
_UNDER_WAY: dict[Any, int] = {}  # runs, and their threads
_state = {"leaving": False, "ran": False, "forked": False}


def begin(run: Any) -> None:
    """A run begins; a thread that is left over when the interpreter ends is ended instead."""
    if _state["leaving"] and threading.current_thread() is not threading.main_thread():
        raise SystemExit  # which ends a thread without a word
    _state["ran"] = True
    _UNDER_WAY[run] = threading.get_ident()


def end(run: Any) -> None:
    """A run is over."""
    _UNDER_WAY.pop(run, None)


def is_leaving() -> bool:
    """Whether the interpreter ends."""
    return _state["leaving"]


def keeps_threads() -> bool:
    """Whether the number of torch's threads is not to be altered: in a child forked after a run."""
    return _state["forked"]


@atexit.register
def _leave() -> None:
    _state["leaving"] = True
    if not _others():
        return
    for run in list(_UNDER_WAY):
        run.resources.close()  # who waits for a queue is told so
    if not _over_within(_PATIENCE):
        for thread in _others():
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(SystemExit))
        _over_within(_MORE)


def _others() -> set[int]:
    return set(_UNDER_WAY.copy().values()) - {threading.get_ident()}


def _over_within(seconds: float) -> bool:
    limit = time.monotonic() + seconds
    while _others() and time.monotonic() < limit:
        time.sleep(0.005)
    return not _others()


def _after_fork() -> None:
    for run, thread in list(_UNDER_WAY.items()):
        if thread != threading.get_ident():
            del _UNDER_WAY[run]
    if _state["ran"]:
        torch.set_num_threads(1)
        _state["forked"] = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
