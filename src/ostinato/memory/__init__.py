"""Memory plans, and the walk over a sequence chunk by chunk that obeys them."""

from ostinato.memory.limit import MemoryLimitError
from ostinato.memory.plan import MemoryPlan
from ostinato.memory.store import SwapError

__all__ = ["MemoryLimitError", "MemoryPlan", "SwapError"]
