"""Matrices: the identity, diagonals, transposes and the QR decomposition."""

from __future__ import annotations

import math
from typing import Any

import torch

from ..dtypes import float32
from ..graph import name_scope
from ..registry import OutputTypes, ShapeMismatch, register, same
from ..shapes import TensorShape
from ..tensor import Tensor
from . import array
from .core import convert_to_tensor, one


def _set_diagonal(matrix: torch.Tensor, diagonal: torch.Tensor) -> torch.Tensor:
    return torch.diagonal_scatter(matrix, diagonal, dim1=-2, dim2=-1)


def _diagonal(tensor: torch.Tensor) -> torch.Tensor:
    half, odd = divmod(tensor.dim(), 2)
    sizes = tensor.shape[:half]
    if odd or not half or sizes != tensor.shape[half:]:
        raise ValueError(
            "A tensor with a diagonal has its sizes twice over, as a square matrix has; this one's shape is "
            f"{list(tensor.shape)}"
        )
    count = math.prod(sizes)
    return tensor.reshape(count, count).diagonal().reshape(sizes)


def _diagonal_rule(inputs: Any, attributes: dict[str, Any]) -> OutputTypes:
    known = inputs[0].shape.known
    if known is not None and (len(known) % 2 or not known):
        raise ShapeMismatch(f"Input must have even and non-zero rank, input rank is {len(known)}")
    if known is not None and not inputs[0].shape[: len(known) // 2].is_compatible_with(
        known[len(known) // 2 :]
    ):
        raise ShapeMismatch(f"Invalid shape, {list(known)}: the first half of the sizes is not the second")
    shape = TensorShape(None) if known is None else TensorShape(known[: len(known) // 2])
    return [(inputs[0].dtype.base_dtype, shape)]


def _band(x: torch.Tensor, lower: torch.Tensor, upper: torch.Tensor) -> torch.Tensor:
    below, above = int(lower), int(upper)
    x = x if below < 0 else x.triu(-below)
    return x if above < 0 else x.tril(above)


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
register("DiagPart", _diagonal, _diagonal_rule)
register(
    "Diag",
    lambda x: torch.diag(x.reshape(-1)).reshape([*x.shape, *x.shape]),
    lambda inputs, attributes: [(inputs[0].dtype.base_dtype, inputs[0].shape.concatenate(inputs[0].shape))],
)
register("MatrixBandPart", _band, same)
register("MatrixDiagPart", lambda x: x.diagonal(dim1=-2, dim2=-1))


def _matrix_of_diagonal_rule(inputs: Any, attributes: dict[str, Any]) -> OutputTypes:
    # Of its own, as torch takes seconds to import what it needs for diag_embed without values.
    shape = inputs[0].shape
    if shape.ndims == 0:
        raise ShapeMismatch("Shape must be at least rank 1 but is rank 0")
    return [(inputs[0].dtype, shape.concatenate(shape[-1:]))]


register("MatrixDiag", torch.diag_embed, _matrix_of_diagonal_rule)
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
    """The diagonal of a square matrix, [N, N] to [N], or of a tensor with its sizes twice over.

    TF1 symbol: `tf.diag_part`.
    """
    return one("DiagPart", [convert_to_tensor(input, name="input")], name or "DiagPart")


def diag(diagonal: Any, name: str | None = None) -> Tensor:
    """A tensor with its sizes twice over and this diagonal: [N] to [N, N] (TF1 symbol: `tf.diag`)."""
    return one("Diag", [convert_to_tensor(diagonal, name="diagonal")], name or "Diag")


def _main_diagonal_only(symbol: str, k: Any, **others: Any) -> None:
    wanted = {"k": k, **others}
    usual = {"k": 0, "num_rows": -1, "num_cols": -1, "padding_value": 0}
    for argument, value in wanted.items():
        if isinstance(value, Tensor) or value != usual[argument]:
            raise ValueError(
                f"{symbol} has {argument} = {value!r}; only {usual[argument]}, the main diagonal of square "
                "matrices, is there: make others with tf.pad and tf.roll."
            )


def matrix_diag(
    diagonal: Any,
    name: str = "diag",
    k: Any = 0,
    num_rows: Any = -1,
    num_cols: Any = -1,
    padding_value: Any = 0,
) -> Tensor:
    """Matrices with these diagonals: [..., N] to [..., N, N] (TF1 symbol: `tf.matrix_diag`).

    Raises:
        ValueError: another than the main diagonal is asked for.
    """
    _main_diagonal_only(
        "tf.matrix_diag", k, num_rows=num_rows, num_cols=num_cols, padding_value=padding_value
    )
    return one("MatrixDiag", [convert_to_tensor(diagonal, name="diagonal")], name)


def matrix_diag_part(input: Any, name: str = "diag_part", k: Any = 0, padding_value: Any = 0) -> Tensor:
    """The diagonals of matrices: [..., N, N] to [..., N] (TF1 symbol: `tf.matrix_diag_part`).

    Raises:
        ValueError: another than the main diagonal is asked for.
    """
    _main_diagonal_only("tf.matrix_diag_part", k, padding_value=padding_value)
    return one("MatrixDiagPart", [convert_to_tensor(input, name="input")], name)


def matrix_set_diag(input: Any, diagonal: Any, name: str = "set_diag", k: Any = 0) -> Tensor:
    """Matrices with other diagonals (TF1 symbol: `tf.matrix_set_diag`).

    Raises:
        ValueError: another than the main diagonal is asked for.
    """
    _main_diagonal_only("tf.matrix_set_diag", k)
    x = convert_to_tensor(input, name="input")
    return one("MatrixSetDiag", [x, convert_to_tensor(diagonal, x.dtype.base_dtype, name="diagonal")], name)


def matrix_band_part(input: Any, num_lower: Any, num_upper: Any, name: str | None = None) -> Tensor:
    """Matrices with all but some diagonals zero (TF1 symbol: `tf.matrix_band_part`).

    Args:
        num_lower, num_upper: how many diagonals below and above the main one are kept, all where negative.
    """
    with name_scope(name, "MatrixBandPart", [input]) as scope:
        below = convert_to_tensor(num_lower, name="num_lower")
        above = convert_to_tensor(num_upper, below.dtype.base_dtype, name="num_upper")
        return one("MatrixBandPart", [convert_to_tensor(input, name="input"), below, above], scope)


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
