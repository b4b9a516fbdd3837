"""Names of before version 1 that TensorFlow 1.15 no longer has, for scripts of that time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from .graph import name_scope
from .ops import lists, math, picking
from .tensor import Tensor

pack, unpack, concat_v2 = lists.stack, lists.unstack, lists.concat
mul, sub, neg, inv = math.multiply, math.subtract, math.negative, math.reciprocal
complex_abs, select = math.abs_, picking.where
reverse_v2, split_v = picking.reverse, lists.split


def batch_matmul(x: Any, y: Any, adj_x: bool = False, adj_y: bool = False, name: str | None = None) -> Tensor:
    """Products of the matrices in the last two axes (`tf.batch_matmul` of before version 1): `tf.matmul`."""
    return math.matmul(x, y, adjoint_a=adj_x, adjoint_b=adj_y, name=name)


@contextmanager
def op_scope(values: Sequence[Any], name: str | None, default_name: str | None = None) -> Iterator[str]:
    """The older order of the arguments of `tf.name_scope` (TF1 symbol: `tf.op_scope`)."""
    with name_scope(name, default_name, list(values)) as scope:
        yield scope


__all__ = [
    "Iterator",
    "Sequence",
    "Tensor",
    "batch_matmul",
    "complex_abs",
    "concat_v2",
    "contextmanager",
    "inv",
    "lists",
    "math",
    "mul",
    "name_scope",
    "neg",
    "op_scope",
    "pack",
    "picking",
    "reverse_v2",
    "select",
    "split_v",
    "sub",
    "unpack",
]
