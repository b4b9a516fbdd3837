"""Matrices: the identity, diagonals, transposes and the QR decomposition."""

from __future__ import annotations

from typing import Any

import torch

from ..dtypes import float32
from ..graph import name_scope
from ..registry import OutputTypes, ShapeMismatch, register
from ..shapes import TensorShape
from ..tensor import Tensor
from . import array
from .core import convert_to_tensor, one


def _set_diagonal(matrix: torch.Tensor, diagonal: torch.Tensor) -> torch.Tensor:
    return torch.diagonal_scatter(matrix, diagonal, dim1=-2, dim2=-1)


def _diagonal(matrix: torch.Tensor) -> torch.Tensor:
    if matrix.dim() != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"A square matrix has a diagonal here, not a tensor of shape {list(matrix.shape)}")
    return matrix.diagonal()


def _qr_rule(inputs: Any, attributes: dict[str, Any]) -> OutputTypes:
    known, dtype = inputs[0].shape.known, inputs[0].dtype.base_dtype
    if known is None:
        return [(dtype, TensorShape(None))] * 2
    if len(known) < 2:
        raise ShapeMismatch(f"Shape must be at least rank 2 but is rank {len(known)}")
    *batch, rows, columns = known
    inner = None if rows is None or columns is None else min(rows, columns)
    if attributes["full_matrices"]:
        return [(dtype, TensorShape([*batch, rows, rows])), (dtype, TensorShape([*batch, rows, columns]))]
    return [(dtype, TensorShape([*batch, rows, inner])), (dtype, TensorShape([*batch, inner, columns]))]


register(
    "Qr", lambda x, full_matrices: torch.linalg.qr(x, "complete" if full_matrices else "reduced"), _qr_rule
)
register("DiagPart", _diagonal)
register("MatrixDiag", torch.diag_embed)
register("MatrixSetDiag", _set_diagonal)


def qr(input: Any, full_matrices: bool = False, name: str | None = None) -> Any:
    """(q, r) with orthonormal columns in q, r upper triangular, q @ r the input (TF1 symbol: `tf.qr`).

    Args:
        input: a tensor of shape [..., M, N] of floats. With K the lesser of M and N, q is [..., M, K] and r
            [..., K, N].
        full_matrices: q of shape [..., M, M] and r of [..., M, N] instead.
    """
    operation = one(
        "Qr", [convert_to_tensor(input, name="input")], name or "Qr", full_matrices=full_matrices
    ).op
    return tuple(operation.outputs)


def diag_part(input: Any, name: str | None = None) -> Tensor:
    """The diagonal of a square matrix: [N, N] to [N] (TF1 symbol: `tf.diag_part`)."""
    return one("DiagPart", [convert_to_tensor(input, name="input")], name or "DiagPart")


def matrix_transpose(a: Any, name: str = "matrix_transpose", conjugate: bool = False) -> Tensor:
    """The tensor with its last two axes swapped (TF1 symbol: `tf.matrix_transpose`); its rank must be known.

    Raises:
        ValueError: a rank below 2, or one that is not known.
    """
    with name_scope(name, None, [a]):
        a = convert_to_tensor(a, name="a")
        rank = a.shape.ndims
        if rank is None or rank < 2:
            raise ValueError(f"Argument 'a' should be a (batch) matrix, with rank >= 2. Found: {a.shape}")
        return array.transpose(a, [*range(rank - 2), rank - 1, rank - 2], conjugate=conjugate)


def adjoint(matrix: Any, name: str | None = None) -> Tensor:
    """The conjugate of the matrix with its last two axes swapped (TF1 symbol: `tf.linalg.adjoint`)."""
    with name_scope(name, "adjoint", [matrix]):
        return matrix_transpose(convert_to_tensor(matrix, name="matrix"), conjugate=True)


def eye(
    num_rows: int,
    num_columns: int | None = None,
    batch_shape: Any = None,
    dtype: Any = float32,
    name: str | None = None,
) -> Tensor:
    """The identity matrix, or a batch of it: [*batch_shape, num_rows, num_columns] (TF1 symbol: `tf.eye`).

    Raises:
        TypeError: numbers of rows or columns that are no integers.
    """
    columns = num_rows if num_columns is None else num_columns
    if not isinstance(num_rows, int) or not isinstance(columns, int):
        raise TypeError("num_rows and num_columns must be positive integer values.")
    with name_scope(name, "eye"):
        batch = list(batch_shape or [])
        ones = array.ones([*batch, min(num_rows, columns)], dtype)
        if num_rows == columns:
            return one("MatrixDiag", [ones], "diag")
        zeros = array.zeros([*batch, num_rows, columns], dtype)
        return one("MatrixSetDiag", [zeros, ones], "set_diag")
