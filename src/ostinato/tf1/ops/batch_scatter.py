"""Updates of some elements along an axis of a variable that is not the first."""

from __future__ import annotations

from typing import Any

from ..graph import name_scope
from ..tensor import Tensor
from .array import expand_dims, ones_like, reshape, shape
from .core import convert_to_tensor
from .lists import concat
from .math import cast, range_
from .scatter import scatter_nd_update


def batch_scatter_update(
    ref: Any, indices: Any, updates: Any, use_locking: bool = True, name: str | None = None
) -> Tensor:
    """Replace slices of a variable, others in each of its leading rows (TF1 symbol:
    `tf.batch_scatter_update`).

    Args:
        ref: the variable, `[..., size, ...]`.
        indices: `[..., k]`, integers whose leading axes are those of the variable.
        updates: what takes their places, `[..., k, ...]`.

    Raises:
        ValueError: nothing is known of the shape of `indices`.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     v = tf.Variable([[1, 2, 3], [4, 5, 6]])
    ...     session.run(v.initializer)
    ...     session.run(tf.batch_scatter_update(v, [[0], [2]], [[9], [8]])).tolist()
    [[9, 2, 3], [4, 5, 8]]
    """
    with name_scope(name):
        places = convert_to_tensor(indices, name="indices")
        rank = places.shape.ndims
        if rank is None:
            raise ValueError("batch_gather does not allow indices with unknown shape.")
        sizes, last = shape(places), expand_dims(places, -1)
        columns = []
        for axis in range(rank - 1):
            rows = reshape(range_(0, sizes[axis]), [-1 if i == axis else 1 for i in range(rank + 1)])
            columns.append(cast(rows, places.dtype) * ones_like(last))
        return scatter_nd_update(ref, concat([*columns, last], -1), updates)
