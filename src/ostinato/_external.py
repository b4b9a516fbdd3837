"""What operations do with values in Python, such as looking whether lengths are in range, set apart from
their tensor operations: where a run is written down to be replayed (`ostinato.tf1.recording`), it is called
anew in every run, with that run's values.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any, TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., Any])


class _Recording(threading.local):
    recorder: Any = None


RECORDING = _Recording()
"""The recorder of this thread, while it records."""


def differs_between_runs(tensor: Any) -> bool:
    """Whether a run is being written down, and the tensor may have other values in another one."""
    recorder = RECORDING.recorder
    return recorder is not None and not recorder.paused and not recorder.is_fixed(tensor)


def external(function: Function) -> Function:
    """Have a recording call this function as a whole.

    The function takes tensors and constants by position, and gives None, a tensor or a tuple of tensors,
    through which no gradient goes. It may read values (`item`, `tolist`) and raise.
    """

    @functools.wraps(function)
    def call(*arguments: Any) -> Any:
        recorder = RECORDING.recorder
        return function(*arguments) if recorder is None else recorder.external(function, arguments)

    return cast(Function, call)
