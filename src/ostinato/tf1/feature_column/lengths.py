"""How long the sequences of a sparse tensor are."""

from __future__ import annotations

from typing import Any

from .. import dtypes
from ..graph import name_scope
from ..ops import array, lists, math, segments


def sequence_length(tensor: Any, num_elements: int = 1) -> Any:
    """Of each row the number of steps, each of `num_elements` values."""
    with name_scope(None, "sequence_length") as scope:
        rows, columns = tensor.indices[:, 0], tensor.indices[:, 1]
        columns += array.ones_like(columns)
        last = segments.segment_max(columns, segment_ids=rows)
        lengths = math.cast(math.ceil(last / num_elements), dtypes.int64)
        # Rows at the end that hold nothing are not among the segments.
        missing = array.shape(tensor)[:1] - array.shape(lengths)[:1]
        return lists.concat([lengths, array.zeros(missing, dtype=lengths.dtype)], 0, name=scope)
