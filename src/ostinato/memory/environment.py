"""What a recomputation must find as it was: the random number generators and autocast."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ostinato._state import is_autocast_enabled

_LOCAL = threading.local()


def is_repeatable() -> bool:
    """Whether what runs now may be run again, with a graph where there is none now: it should then take no
    shortcut that rounds otherwise.
    """
    return getattr(_LOCAL, "repeatable", False)


class RandomState(NamedTuple):
    """The states of torch's default generators, of the CPU and of the device if it is a GPU."""

    cpu: Tensor
    cuda: Tensor | None


class Environment:
    """The environment of the forward pass on `device`."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._autocast = is_autocast_enabled(device)
        self._dtype = torch.get_autocast_dtype(device.type) if self._autocast else None

    def random_state(self) -> RandomState:
        cuda = torch.cuda.get_rng_state(self.device) if self.device.type == "cuda" else None
        return RandomState(torch.get_rng_state(), cuda)

    def if_drawn_from(self, state: RandomState) -> RandomState | None:
        """`state`, or None if nothing has been drawn since: then a replay need not touch the generators,
        which are shared with other threads.
        """
        now = self.random_state()
        unused = torch.equal(state.cpu, now.cpu)
        if state.cuda is not None and now.cuda is not None:
            unused = unused and torch.equal(state.cuda, now.cuda)
        return None if unused else state

    def replay(self, state: RandomState | None, function: Callable[[], Any]) -> Any:
        """Call `function` under the autocast of the forward pass and from the given random state (None: the
        present one).
        """
        if state is None:
            return self._call(function)
        devices = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices):
            torch.set_rng_state(state.cpu)
            if state.cuda is not None:
                torch.cuda.set_rng_state(state.cuda, self.device)
            return self._call(function)

    def _call(self, function: Callable[[], Any]) -> Any:
        before = is_repeatable()
        _LOCAL.repeatable = True
        try:
            return self._under_autocast(function)
        finally:
            _LOCAL.repeatable = before

    def _under_autocast(self, function: Callable[[], Any]) -> Any:
        if not self._autocast and not is_autocast_enabled(self.device):
            return function()
        with torch.autocast(self.device.type, dtype=self._dtype, enabled=self._autocast):
            return function()
