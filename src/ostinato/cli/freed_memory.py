"""Memory that a script's tensors leave, kept for the tensors to come.

A step of training allocates and frees what the step before did. As the C library comes, each large tensor's
memory goes back to the system at once, and the next one's is zeroed page by page: for a tensor of 50 MB that
takes five times as long as an addition into it. In a process that is a script's own it is kept.
"""

from __future__ import annotations

import ctypes
import os
import sys

KEPT = 2**30
"""Bytes that may stay with the process, and the size up to which a tensor's memory does."""
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of malloc.h


def keep() -> None:
    """Tell glibc to keep it, and torch to ask for large pages. What the environment says goes first."""
    if not sys.platform.startswith("linux"):
        return
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")  # torch reads it at its first large tensor
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is None:  # musl has none
        return
    for option, variable in (
        (_TRIM_THRESHOLD, "MALLOC_TRIM_THRESHOLD_"),
        (_MMAP_THRESHOLD, "MALLOC_MMAP_THRESHOLD_"),
    ):
        if variable not in os.environ:
            set_option(option, KEPT)
