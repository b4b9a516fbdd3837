"""The module `tf.linalg`."""

from .names import absent
from .ops.contractions import cross, einsum, matvec, norm, normalize, tensordot, trace
from .ops.decompositions import (
    cholesky,
    cholesky_solve,
    expm,
    logdet,
    logm,
    matrix_rank,
    pinv,
    slogdet,
    svd,
)
from .ops.decompositions import matrix_determinant as det
from .ops.decompositions import matrix_inverse as inv
from .ops.decompositions import matrix_solve as solve
from .ops.decompositions import matrix_solve_ls as lstsq
from .ops.decompositions import matrix_square_root as sqrtm
from .ops.decompositions import matrix_triangular_solve as triangular_solve
from .ops.decompositions import self_adjoint_eig as eigh
from .ops.decompositions import self_adjoint_eigvals as eigvalsh
from .ops.linalg import adjoint, eye, matrix_transpose, qr
from .ops.linalg import diag as tensor_diag
from .ops.linalg import diag_part as tensor_diag_part
from .ops.linalg import matrix_band_part as band_part
from .ops.linalg import matrix_diag as diag
from .ops.linalg import matrix_diag_part as diag_part
from .ops.linalg import matrix_set_diag as set_diag
from .ops.math import matmul
from .ops.nn import global_norm
from .ops.normalization import l2_normalize

transpose = matrix_transpose

__all__ = [
    "adjoint",
    "band_part",
    "cholesky",
    "cholesky_solve",
    "cross",
    "det",
    "diag",
    "diag_part",
    "eigh",
    "eigvalsh",
    "einsum",
    "expm",
    "eye",
    "global_norm",
    "inv",
    "l2_normalize",
    "logdet",
    "logm",
    "lstsq",
    "matmul",
    "matrix_rank",
    "matrix_transpose",
    "matvec",
    "norm",
    "normalize",
    "pinv",
    "qr",
    "set_diag",
    "slogdet",
    "solve",
    "sqrtm",
    "svd",
    "tensor_diag",
    "tensor_diag_part",
    "tensordot",
    "trace",
    "transpose",
    "triangular_solve",
]
__getattr__ = absent("tf.linalg", __all__)
