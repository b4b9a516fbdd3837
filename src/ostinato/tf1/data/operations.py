"""All operations that make data sets: to import this puts them into the table."""

from . import (
    source_batches,
    source_beginnings,
    source_caches,
    source_functions,
    source_groups,
    source_orders,
)

__all__ = [
    "source_batches",
    "source_beginnings",
    "source_caches",
    "source_functions",
    "source_groups",
    "source_orders",
]
