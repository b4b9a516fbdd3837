"""The module `tf.contrib.sparsemax`: probabilities of which many are zero, and their loss (Martins and
Astudillo 2016).

>>> import ostinato.tf1 as tf
>>> with tf.Graph().as_default(), tf.Session() as session:
...     session.run(sparsemax([[1.0, 0.5, -1.0]])).tolist()
[[0.75, 0.25, 0.0]]
"""

from __future__ import annotations

from typing import Any

from ..dtypes import int32
from ..graph import name_scope
from ..names import absent
from ..ops import array, lists, math, picking
from ..ops.core import convert_to_tensor
from ..ops.gathering import gather_nd
from ..ops.math import range_
from ..ops.reductions import reduce_sum
from ..ops.sorting import cumsum
from ..ops.special import is_inf
from ..ops.top_k import top_k
from ..tensor import Tensor

__all__ = ["sparsemax", "sparsemax_loss"]


def sparsemax(logits: Any, name: str | None = None) -> Tensor:
    """The point of the simplex that is nearest to the logits (TF1 symbol:
    `tf.contrib.sparsemax.sparsemax`): NaN in rows where there is none.

    Args:
        logits: `[batch, classes]` of floats.
    """
    with name_scope(name, "sparsemax", [logits]):
        z = convert_to_tensor(logits, name="logits")
        rows, classes = array.shape(z)[0], array.shape(z)[1]
        ordered, _ = top_k(z, k=classes)
        sums = cumsum(ordered, axis=1)
        ranks = math.cast(range_(1, classes + 1), z.dtype)
        # The classes above the threshold are the first so many of those in order.
        count = reduce_sum(math.cast(1.0 + ranks * ordered > sums, int32), 1)
        last = lists.stack([range_(0, rows), math.maximum(count, 1) - 1], 1)
        threshold = (gather_nd(sums, last) - 1.0) / math.cast(count, z.dtype)
        found = math.maximum(math.cast(0, z.dtype), z - array.expand_dims(threshold, 1))
        wrong = math.logical_or(math.equal(count, 0), math.is_nan(sums[:, -1]))
        return picking.where(wrong, array.fill([rows, classes], math.cast(float("nan"), z.dtype)), found)


def sparsemax_loss(logits: Any, sparsemax: Any, labels: Any, name: str | None = None) -> Tensor:
    """The loss whose gradient is `sparsemax - labels` (TF1 symbol: `tf.contrib.sparsemax.sparsemax_loss`).

    Args:
        logits: `[batch, classes]`.
        sparsemax: what `sparsemax(logits)` gives.
        labels: `[batch, classes]`, probabilities.

    Returns:
        the loss of each row.
    """
    with name_scope(name, "sparsemax_loss", [logits, sparsemax, labels]):
        z = convert_to_tensor(logits, name="logits")
        chosen = convert_to_tensor(sparsemax, name="sparsemax")
        wanted = convert_to_tensor(labels, name="labels")
        counted = math.logical_or(chosen > 0.0, math.is_nan(chosen))
        support = picking.where(counted, chosen * (z - 0.5 * chosen), array.zeros_like(chosen))
        # Zero times an infinite logit counts for nothing.
        apart = math.logical_and(math.equal(wanted, 0.0), is_inf(z))
        labelled = picking.where(apart, array.zeros_like(z), wanted * (0.5 * wanted - z))
        return reduce_sum(support + labelled, 1)


__getattr__ = absent("tf.contrib.sparsemax", ["sparsemax", "sparsemax_loss"])
