"""What a session is told of memory, and what its recurrent nodes are told then."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch

from ostinato.memory import MemoryPlan
from ostinato.memory.limit import parse_bytes
from ostinato.memory.plan import check_plan


class SessionMemory(NamedTuple):
    """A memory plan, or a limit in bytes, or neither."""

    plan: MemoryPlan | None = None
    limit: int | None = None

    @staticmethod
    def checked(memory: Any, memory_limit: Any) -> SessionMemory:
        """What a session is given; where that is nothing, the default.

        Raises:
            TypeError: `memory` is no plan, or `memory_limit` no amount.
            ValueError: both are given, or the limit is no amount of memory.
        """
        if memory is not None and memory_limit is not None:
            raise ValueError(
                "memory and memory_limit were given, but each says by itself what is kept: pass one of them."
            )
        if memory is not None:
            check_plan(memory)
        if memory is None and memory_limit is None:
            return SessionMemory(None, _DEFAULT.limit)
        return SessionMemory(memory, None if memory_limit is None else parse_bytes(memory_limit))

    def options(self, swap_memory: bool = False) -> dict[str, Any]:
        """What the core's drivers are told, for a node whose script says `swap_memory`. The session goes
        first: a script need not be changed for it.
        """
        if not torch.is_grad_enabled():
            return {}  # nothing is kept for a gradient
        if self.plan is not None:
            return {"memory": self.plan}
        if self.limit is not None:
            return {"memory_limit": self.limit}
        return {"swap_memory": swap_memory}


class _Default:
    limit: int | None = None


_DEFAULT = _Default()


def set_default_limit(limit: int | None) -> None:
    """The limit, in bytes, of sessions that are told nothing; None: they have none."""
    _DEFAULT.limit = limit
