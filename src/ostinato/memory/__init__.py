"""Memory plans, and the walk over a sequence chunk by chunk that obeys them."""

from ostinato.memory.chunked import check_parameters, walk_chunks
from ostinato.memory.plan import MemoryPlan

__all__ = ["MemoryPlan", "check_parameters", "walk_chunks"]
