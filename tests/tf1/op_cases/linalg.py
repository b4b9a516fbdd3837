"""Matrices: diagonals, decompositions, solutions, norms and products over chosen axes."""


def _definite(tf, x, gradient=True):
    a = x.floats([2, 3, 3], dtype="float64", gradient=gradient)
    return tf.matmul(a, a, transpose_b=True) + tf.eye(3, dtype=tf.float64)


def _square(x, gradient=True):
    return x.floats([2, 3, 3], 1, dtype="float64", gradient=gradient)


CASES = {
    "diagonals": lambda tf, x: [
        tf.diag(x.floats([3])),
        tf.diag(x.floats([2, 3])),
        tf.diag_part(x.floats([2, 3, 2, 3])),
        tf.matrix_diag(x.floats([2, 3])),
        tf.matrix_diag_part(x.floats([2, 3, 4])),
        tf.matrix_set_diag(x.floats([2, 3, 3]), x.floats([2, 3])),
        tf.linalg.diag(x.floats([2])),
        tf.matrix_band_part(x.floats([4, 4]), 1, 0),
        tf.matrix_band_part(x.floats([4, 5]), -1, 2),
        tf.linalg.adjoint(x.floats([2, 3])),
    ],
    "trace and cross": lambda tf, x: [
        tf.trace(x.floats([3, 3])),
        tf.trace(x.floats([2, 3, 4])),
        tf.cross(x.floats([2, 3]), x.floats([2, 3], 1)),
    ],
    "cholesky": lambda tf, x: [
        tf.cholesky(_definite(tf, x)),
        tf.cholesky_solve(tf.cholesky(_definite(tf, x)), x.floats([2, 3, 2], dtype="float64")),
        tf.linalg.logdet(_definite(tf, x)),
    ],
    "determinants": lambda tf, x: [tf.matrix_determinant(_square(x)), tf.linalg.slogdet(_square(x))],
    "inverses": lambda tf, x: [
        tf.matrix_inverse(_square(x)),
        tf.matrix_inverse(_square(x, False), adjoint=True),
    ],
    "solutions": lambda tf, x: [
        tf.matrix_solve(_square(x), x.floats([2, 3, 2], dtype="float64")),
        tf.matrix_solve(_square(x), x.floats([2, 3, 2], dtype="float64"), adjoint=True),
        tf.matrix_triangular_solve(_definite(tf, x), x.floats([2, 3, 2], dtype="float64")),
        tf.matrix_triangular_solve(
            _definite(tf, x), x.floats([2, 3, 2], dtype="float64"), lower=False, adjoint=True
        ),
    ],
    "least squares": lambda tf, x: [
        tf.matrix_solve_ls(x.floats([4, 3], dtype="float64"), x.floats([4, 2], 1, dtype="float64")),
        tf.matrix_solve_ls(
            x.floats([2, 3], dtype="float64"), x.floats([2, 2], 1, dtype="float64"), l2_regularizer=0.5
        ),
        tf.matrix_solve_ls(
            x.floats([4, 3], dtype="float64", gradient=False),
            x.floats([4, 2], 1, dtype="float64", gradient=False),
            fast=False,
        ),
    ],
    "values and vectors": lambda tf, x: [
        tf.self_adjoint_eig(_definite(tf, x))[0],
        tf.abs(tf.self_adjoint_eig(_definite(tf, x))[1]),
        tf.self_adjoint_eigvals(_definite(tf, x)),
        tf.svd(_square(x), compute_uv=False),
        tf.svd(_square(x))[0],
        tf.abs(tf.svd(x.floats([3, 2], dtype="float64"))[1]),
    ],
    "functions of matrices": lambda tf, x: [
        tf.linalg.expm(_square(x)),
        tf.matrix_square_root(_definite(tf, x, gradient=False)),
        tf.linalg.logm(x.constant([[2 + 1j, 0.5], [0.25, 3.0]], "complex128")),
    ],
    "rank and pseudo-inverse": lambda tf, x: [
        tf.linalg.matrix_rank(tf.constant([[1.0, 2.0], [2.0, 4.0]])),
        tf.linalg.pinv(x.floats([4, 3], dtype="float64")),
    ],
    "norms": lambda tf, x: [
        tf.norm(x.floats([3, 4])),
        tf.norm(x.floats([3, 4]), axis=1),
        tf.norm(x.floats([3, 4]), 1, axis=0, keepdims=True),
        tf.norm(x.floats([3, 4]), ord=float("inf"), axis=-1),
        tf.norm(x.floats([3, 4]), ord=3, keep_dims=True),
        tf.norm(x.floats([2, 3, 4]), "fro", axis=[-2, -1]),
        tf.norm(x.floats([2, 3, 4]), 1, axis=(1, 2)),
        tf.linalg.normalize(x.floats([3, 4]), axis=1),
    ],
    "tensordot": lambda tf, x: [
        tf.tensordot(x.floats([2, 3, 4]), x.floats([4, 3]), 1),
        tf.tensordot(x.floats([2, 3, 4]), x.floats([4, 3]), [[1, 2], [1, 0]]),
        tf.tensordot(x.floats([2, 3]), x.floats([4]), axes=0),
        tf.tensordot(x.floats([2, 3]), x.floats([3, 4]), [[1], [0]]),
    ],
    "einsum": lambda tf, x: [
        tf.einsum("ij,jk->ik", x.floats([2, 3]), x.floats([3, 4])),
        tf.einsum("bij,bjk->bik", x.floats([2, 3, 4]), x.floats([2, 4, 2])),
        tf.einsum("ijk,k->ij", x.floats([2, 3, 4]), x.floats([4])),
        tf.einsum("ij->ji", x.floats([2, 3])),
        tf.einsum("ij,kj", x.floats([2, 3]), x.floats([4, 3])),
        tf.einsum("i,j->ij", x.floats([2]), x.floats([3])),
    ],
    "matvec": lambda tf, x: [
        tf.linalg.matvec(x.floats([2, 3]), x.floats([3])),
        tf.linalg.matvec(x.floats([2, 3]), x.floats([2]), transpose_a=True),
    ],
    "complex products": lambda tf, x: [
        tf.matmul(
            x.constant([[1 + 2j, 3], [0, 1j]], "complex64"),
            x.constant([[1, 1j], [2, 0]], "complex64"),
            adjoint_a=True,
        )
    ],
}
BOUNDS = {
    "values and vectors": 1e-7,
    "functions of matrices": 1e-8,
    "least squares": 1e-7,
    "rank and pseudo-inverse": 1e-7,
    "solutions": 1e-8,
    "inverses": 1e-8,
    "cholesky": 1e-8,
}
OTHER_NAMES = {
    "einsum": "one node",
    "norms": "one node",
    "functions of matrices": "one node",
    "rank and pseudo-inverse": "one node",
    "cholesky": "one node for the sum of logarithms",
}
