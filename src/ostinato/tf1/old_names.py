"""Names of before version 1 that TensorFlow 1.15 no longer has, for scripts of that time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from .graph import name_scope
from .ops import decompositions, linalg, lists, math, picking
from .tensor import Tensor

pack, unpack, concat_v2 = lists.stack, lists.unstack, lists.concat
mul, sub, neg, inv = math.multiply, math.subtract, math.negative, math.reciprocal
complex_abs, select = math.abs_, picking.where
reverse_v2, split_v = picking.reverse, lists.split

batch_cholesky, batch_cholesky_solve = decompositions.cholesky, decompositions.cholesky_solve
batch_matrix_determinant = decompositions.matrix_determinant
batch_matrix_inverse, batch_matrix_solve = decompositions.matrix_inverse, decompositions.matrix_solve
batch_matrix_triangular_solve = decompositions.matrix_triangular_solve
batch_matrix_transpose, batch_matrix_band_part = linalg.matrix_transpose, linalg.matrix_band_part
batch_matrix_diag, batch_matrix_diag_part = linalg.matrix_diag, linalg.matrix_diag_part
batch_matrix_set_diag = linalg.matrix_set_diag
batch_self_adjoint_eig, batch_svd = decompositions.self_adjoint_eig, decompositions.svd


def batch_matmul(x: Any, y: Any, adj_x: bool = False, adj_y: bool = False, name: str | None = None) -> Tensor:
    """Products of the matrices in the last two axes (`tf.batch_matmul` of before version 1): `tf.matmul`."""
    return math.matmul(x, y, adjoint_a=adj_x, adjoint_b=adj_y, name=name)


@contextmanager
def op_scope(values: Sequence[Any], name: str | None, default_name: str | None = None) -> Iterator[str]:
    """The older order of the arguments of `tf.name_scope` (TF1 symbol: `tf.op_scope`)."""
    with name_scope(name, default_name, list(values)) as scope:
        yield scope


__all__ = [
    "batch_cholesky",
    "batch_cholesky_solve",
    "batch_matmul",
    "batch_matrix_band_part",
    "batch_matrix_determinant",
    "batch_matrix_diag",
    "batch_matrix_diag_part",
    "batch_matrix_inverse",
    "batch_matrix_set_diag",
    "batch_matrix_solve",
    "batch_matrix_transpose",
    "batch_matrix_triangular_solve",
    "batch_self_adjoint_eig",
    "batch_svd",
    "complex_abs",
    "concat_v2",
    "inv",
    "mul",
    "neg",
    "op_scope",
    "pack",
    "reverse_v2",
    "select",
    "split_v",
    "sub",
    "unpack",
]
