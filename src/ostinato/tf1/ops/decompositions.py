"""Matrices taken apart, inverted and solved with, in batches along the leading axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch

from ..dtypes import as_dtype, int32
from ..graph import name_scope
from ..registry import OutputTypes, ShapeMismatch, register
from ..shapes import TensorShape
from ..tensor import Tensor
from .core import convert_to_tensor, make, one
from .math import cast, log
from .reductions import reduce_max, reduce_sum


def _type(tensor: Tensor) -> Any:
    return tensor.dtype.base_dtype


def _square(inputs: Sequence[Tensor]) -> tuple[TensorShape, int | None]:
    """The batch's shape and the size of square matrices."""
    known = inputs[0].shape.known
    if known is None:
        return TensorShape(None), None
    if len(known) < 2:
        raise ShapeMismatch(f"Shape must be at least rank 2 but is rank {len(known)}")
    if None not in known[-2:] and known[-1] != known[-2]:
        raise ShapeMismatch(f"Dimensions must be equal, but are {known[-2]} and {known[-1]}")
    return TensorShape(known[:-2]), known[-1] if known[-2] is None else known[-2]


def _square_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    _square(inputs)
    return [(_type(inputs[0]), inputs[0].shape)]


def _failing(compute: Callable[..., Any], message: str) -> Callable[..., Any]:
    def checked(*inputs: torch.Tensor, **attributes: Any) -> Any:
        try:
            return compute(*inputs, **attributes)
        except torch.linalg.LinAlgError:  # type: ignore[attr-defined]
            raise ValueError(message) from None

    return checked


def _function(op_type: str, compute: Callable[..., Any], summary: str, rule: Any = _square_rule) -> Any:
    register(op_type, compute, rule)

    def function(input: Any, name: str | None = None) -> Tensor:
        return one(op_type, [convert_to_tensor(input, name="input")], name or op_type)

    function.__doc__ = summary
    return function


def _batch_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    return [(_type(inputs[0]), _square(inputs)[0])]


def _symmetric(x: torch.Tensor) -> torch.Tensor:
    """The matrix of which TensorFlow reads the lower half alone."""
    return x.tril() + x.tril(-1).mH


cholesky = _function(
    "Cholesky",
    _failing(
        lambda x: torch.linalg.cholesky(_symmetric(x)),
        "Cholesky decomposition was not successful. The input might not be valid.",
    ),
    "The lower triangular L with L @ L' the matrix (TF1 symbol: `tf.cholesky`).",
)
matrix_determinant = _function(
    "MatrixDeterminant", torch.linalg.det, "Determinants (TF1 symbol: `tf.matrix_determinant`).", _batch_rule
)


def _square_root(x: torch.Tensor) -> torch.Tensor:
    values, vectors = torch.linalg.eig(x)
    root = vectors @ torch.diag_embed(values.sqrt()) @ torch.linalg.inv(vectors)
    return root if x.is_complex() else root.real.to(x.dtype)


matrix_square_root = _function(
    "MatrixSquareRoot", _square_root, "The matrix B with B @ B the given one (TF1: `tf.matrix_square_root`)."
)


def _logarithm(x: torch.Tensor) -> torch.Tensor:
    values, vectors = torch.linalg.eig(x)
    return vectors @ torch.diag_embed(values.log()) @ torch.linalg.inv(vectors)


register("MatrixLogarithm", _logarithm, _square_rule)
register("MatrixExponential", torch.matrix_exp, _square_rule)


def logm(input: Any, name: str | None = None) -> Tensor:
    """The logarithm of complex matrices (TF1 symbol: `tf.linalg.logm`)."""
    x = convert_to_tensor(input, name="input")
    if not x.dtype.is_complex:
        raise TypeError(
            f"Value passed to parameter 'input' has DataType {_type(x).name} not in list of allowed values: "
            "complex64, complex128"
        )
    return one("MatrixLogarithm", [x], name or "MatrixLogarithm")


def expm(input: Any, name: str | None = None) -> Tensor:
    """The exponential of matrices (TF1 symbol: `tf.linalg.expm`)."""
    with name_scope(name, "matrix_exponential", [input]):
        return one("MatrixExponential", [convert_to_tensor(input, name="matrix")], "Reshape_1")


_SINGULAR = "Input matrix is not invertible."


def _inverse(x: torch.Tensor, adjoint: bool) -> torch.Tensor:
    return torch.linalg.inv(x.mH if adjoint else x)


register("MatrixInverse", _failing(_inverse, _SINGULAR), _square_rule)


def matrix_inverse(input: Any, adjoint: bool = False, name: str | None = None) -> Tensor:
    """Inverses of matrices, or of their adjoints (TF1 symbol: `tf.matrix_inverse`).

    Raises:
        tf.errors.InvalidArgumentError: where it is run: a matrix has none.
    """
    return one("MatrixInverse", [convert_to_tensor(input)], name or "MatrixInverse", adjoint=bool(adjoint))


# -- solved with
def _solution_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    batch, size = _square(inputs)
    right = inputs[1].shape.known
    if right is not None and len(right) < 2:
        raise ShapeMismatch(f"Shape must be at least rank 2 but is rank {len(right)}")
    if right is not None and None not in (right[-2], size) and right[-2] != size:
        raise ShapeMismatch(f"Dimensions must be equal, but are {size} and {right[-2]}")
    if right is None or batch.known is None:
        return [(_type(inputs[0]), TensorShape(None))]
    return [(_type(inputs[0]), batch.concatenate([size if size is not None else right[-2], right[-1]]))]


register(
    "MatrixSolve",
    _failing(lambda a, b, adjoint: torch.linalg.solve(a.mH if adjoint else a, b), _SINGULAR),
    _solution_rule,
)


def _triangular(a: torch.Tensor, b: torch.Tensor, lower: bool, adjoint: bool) -> torch.Tensor:
    if (a.detach().diagonal(dim1=-2, dim2=-1) == 0).any():
        raise ValueError(_SINGULAR)
    half = a.tril() if lower else a.triu()
    return torch.linalg.solve_triangular(half.mH if adjoint else half, b, upper=lower == adjoint)


register("MatrixTriangularSolve", _triangular, _solution_rule)


def matrix_solve(matrix: Any, rhs: Any, adjoint: bool = False, name: str | None = None) -> Tensor:
    """X with matrix @ X = rhs (TF1 symbol: `tf.matrix_solve`)."""
    a = convert_to_tensor(matrix, name="matrix")
    inputs = [a, convert_to_tensor(rhs, _type(a), name="rhs")]
    return one("MatrixSolve", inputs, name or "MatrixSolve", adjoint=bool(adjoint))


def matrix_triangular_solve(
    matrix: Any, rhs: Any, lower: bool = True, adjoint: bool = False, name: str | None = None
) -> Tensor:
    """X with matrix @ X = rhs, of a triangular matrix (TF1 symbol: `tf.matrix_triangular_solve`)."""
    a = convert_to_tensor(matrix, name="matrix")
    inputs = [a, convert_to_tensor(rhs, _type(a), name="rhs")]
    return one(
        "MatrixTriangularSolve",
        inputs,
        name or "MatrixTriangularSolve",
        lower=bool(lower),
        adjoint=bool(adjoint),
    )


def cholesky_solve(chol: Any, rhs: Any, name: str | None = None) -> Tensor:
    """X with A @ X = rhs, of A's Cholesky decomposition (TF1 symbol: `tf.cholesky_solve`)."""
    with name_scope(name, "cholesky_solve", [chol, rhs]):
        lower = convert_to_tensor(chol, name="chol")
        y = matrix_triangular_solve(lower, rhs, adjoint=False, lower=True)
        return matrix_triangular_solve(lower, y, adjoint=True, lower=True)


def _least_squares(a: torch.Tensor, b: torch.Tensor, regularizer: float, fast: bool) -> torch.Tensor:
    rows, columns = a.shape[-2:]
    if not fast:
        return (
            torch.linalg.lstsq(a, b, driver="gelsd").solution
            if not a.requires_grad
            else torch.linalg.pinv(a) @ b
        )
    if rows >= columns:
        gram = a.mH @ a + regularizer * torch.eye(columns, dtype=a.dtype, device=a.device)
        return torch.cholesky_solve(a.mH @ b, torch.linalg.cholesky(gram))
    gram = a @ a.mH + regularizer * torch.eye(rows, dtype=a.dtype, device=a.device)
    return a.mH @ torch.cholesky_solve(b, torch.linalg.cholesky(gram))


def _least_squares_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    a, b = inputs[0].shape.known, inputs[1].shape.known
    if a is None or b is None:
        return [(_type(inputs[0]), TensorShape(None))]
    return [(_type(inputs[0]), TensorShape([*a[:-2], a[-1], b[-1]]))]


register(
    "MatrixSolveLs",
    _failing(_least_squares, "Cholesky decomposition was not successful. The input might not be valid."),
    _least_squares_rule,
)


def matrix_solve_ls(
    matrix: Any, rhs: Any, l2_regularizer: float = 0.0, fast: bool = True, name: str | None = None
) -> Tensor:
    """The X of the least |matrix @ X - rhs|² + l2_regularizer |X|² (TF1 symbol: `tf.matrix_solve_ls`)."""
    with name_scope(name, "matrix_solve_ls" if fast else "MatrixSolveLs", [matrix, rhs]) as scope:
        a = convert_to_tensor(matrix, name="matrix")
        b = convert_to_tensor(rhs, _type(a), name="rhs")
        rows, columns = a.shape.as_list()[-2:] if a.shape.ndims else (None, None)
        wide = rows is not None and columns is not None and rows < columns
        last = "MatMul_1" if wide else "cholesky_solve/MatrixTriangularSolve_1"
        attributes = {"regularizer": float(l2_regularizer), "fast": bool(fast)}
        return one("MatrixSolveLs", [a, b], last if fast else scope, **attributes)


# -- values and vectors
def _svd(x: torch.Tensor, full_matrices: bool, compute_uv: bool) -> Any:
    if not compute_uv:
        return torch.linalg.svdvals(x)
    u, s, vh = torch.linalg.svd(x, full_matrices=full_matrices)
    return s, u, vh.mH


def _svd_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    known, dtype = inputs[0].shape.known, _type(inputs[0])
    part = as_dtype({"complex64": "float32", "complex128": "float64"}.get(dtype.name, dtype.name))
    count = 3 if attributes["compute_uv"] else 1
    if known is None:
        return [(part, TensorShape(None)), (dtype, TensorShape(None)), (dtype, TensorShape(None))][:count]
    *batch, rows, columns = known
    least = None if rows is None or columns is None else min(rows, columns)
    full = attributes["full_matrices"]
    return [
        (part, TensorShape([*batch, least])),
        (dtype, TensorShape([*batch, rows, rows if full else least])),
        (dtype, TensorShape([*batch, columns, columns if full else least])),
    ][:count]


register("Svd", _svd, _svd_rule)


def svd(tensor: Any, full_matrices: bool = False, compute_uv: bool = True, name: str | None = None) -> Any:
    """(s, u, v) with the matrix u @ diag(s) @ v', or s alone (TF1 symbol: `tf.svd`)."""
    found = make(
        "Svd",
        [convert_to_tensor(tensor)],
        name or "Svd",
        full_matrices=bool(full_matrices),
        compute_uv=bool(compute_uv),
    ).outputs
    return tuple(found) if compute_uv else found[0]


def _eigen(x: torch.Tensor, compute_v: bool) -> Any:
    if not compute_v:
        return torch.linalg.eigvalsh(x)
    values, vectors = torch.linalg.eigh(x)
    return values, vectors


def _eigen_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    batch, size = _square(inputs)
    dtype = _type(inputs[0])
    return [(dtype, batch.concatenate([size])), (dtype, inputs[0].shape)][: 1 + attributes["compute_v"]]


register("SelfAdjointEigV2", _eigen, _eigen_rule)


def self_adjoint_eig(tensor: Any, name: str | None = None) -> Any:
    """(eigenvalues, eigenvectors) of symmetric matrices (TF1 symbol: `tf.self_adjoint_eig`)."""
    inputs = [convert_to_tensor(tensor)]
    return tuple(make("SelfAdjointEigV2", inputs, name or "SelfAdjointEigV2", compute_v=True).outputs)


def self_adjoint_eigvals(tensor: Any, name: str | None = None) -> Tensor:
    """The eigenvalues of symmetric matrices (TF1 symbol: `tf.self_adjoint_eigvals`)."""
    inputs = [convert_to_tensor(tensor)]
    return one("SelfAdjointEigV2", inputs, name or "SelfAdjointEigV2", compute_v=False)


class LogMatrixDeterminant(NamedTuple):
    """What `tf.linalg.slogdet` gives."""

    sign: Any
    log_abs_determinant: Any


register(
    "LogMatrixDeterminant",
    lambda x: tuple(torch.linalg.slogdet(x)),
    lambda inputs, attributes: [*_batch_rule(inputs, attributes), *_batch_rule(inputs, attributes)],
)


def slogdet(input: Any, name: str | None = None) -> LogMatrixDeterminant:
    """The sign and the logarithm of determinants (TF1 symbol: `tf.linalg.slogdet`)."""
    inputs = [convert_to_tensor(input)]
    return LogMatrixDeterminant(*make("LogMatrixDeterminant", inputs, name or "LogMatrixDeterminant").outputs)


def logdet(matrix: Any, name: str | None = None) -> Tensor:
    """The logarithm of determinants of positive definite matrices (TF1 symbol: `tf.linalg.logdet`)."""
    with name_scope(name, "logdet", [matrix]):
        lower = cholesky(matrix)
        return 2.0 * reduce_sum(log(one("MatrixDiagPart", [lower], "diag_part")), [-1])


def matrix_rank(a: Any, tol: Any = None, validate_args: bool = False, name: str | None = None) -> Tensor:
    """How many singular values are above a limit (TF1 symbol: `tf.linalg.matrix_rank`)."""
    with name_scope(name, "matrix_rank", [a, tol]):
        x = convert_to_tensor(a, name="a")
        values = svd(x, compute_uv=False)
        if tol is None:
            sizes = [size or 0 for size in x.shape.as_list()[-2:]]
            precision = float(torch.finfo(_type(x).torch_dtype).eps)
            tol = precision * max(sizes) * reduce_max(values, -1, keepdims=True)
        return reduce_sum(cast(values > tol, int32), axis=-1)


def pinv(a: Any, rcond: Any = None, validate_args: bool = False, name: str | None = None) -> Tensor:
    """The pseudo-inverse of matrices (TF1 symbol: `tf.linalg.pinv`)."""
    with name_scope(name, "pinv", [a, rcond]):
        x = convert_to_tensor(a, name="a")
        return one("PseudoInverse", [x], "MatMul", limit=None if rcond is None else float(rcond))


def _pseudo(x: torch.Tensor, limit: float | None) -> torch.Tensor:
    if limit is None:
        limit = 10.0 * max(x.shape[-2:]) * torch.finfo(x.dtype).eps
    return torch.linalg.pinv(x, rtol=limit)


register(
    "PseudoInverse",
    _pseudo,
    lambda inputs, attributes: [
        (
            _type(inputs[0]),
            TensorShape(None)
            if inputs[0].shape.known is None
            else inputs[0].shape[:-2].concatenate([inputs[0].shape[-1], inputs[0].shape[-2]]),
        )
    ],
)
