"""The product of a sparse matrix and a dense one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ostinato._external import external
from ostinato.kernels.native import sparse_product
from ostinato.kernels.native.sparse_product import Matrix

from ..graph import name_scope
from ..registry import OutputTypes, constant_shape, register
from ..shapes import TensorShape
from ..sparse_tensor import as_sparse, is_sparse
from ..tensor import Tensor
from .core import convert_to_tensor, one
from .linalg import adjoint
from .sparse import parts_of


def _product(
    indices: torch.Tensor,
    values: torch.Tensor,
    shape: torch.Tensor,
    dense: torch.Tensor,
    adjoint_a: bool,
    adjoint_b: bool,
) -> torch.Tensor:
    if shape.shape != (2,):
        raise ValueError("Tensor 'a_shape' must have 2 elements")
    if dense.ndim != 2:
        raise ValueError("Tensor 'b' is not a matrix")
    if indices.shape[0] != values.shape[0]:
        raise ValueError("Number of rows of a_indices does not match number of entries in a_values")
    if indices.shape[1] != 2:
        raise ValueError("Number of columns of a_indices does not match number of entries in a_shape")
    height, width = shape[0].item(), shape[1].item()
    if height < 0 or width < 0:
        raise ValueError(f"The sparse matrix's shape is [{height}, {width}]: sizes are not negative")
    if adjoint_a:
        height, width = width, height  # complex values stay what they are, as in TensorFlow
    if adjoint_b:
        dense = dense.mH if dense.is_complex() else dense.mT
    if width != dense.shape[0]:
        raise ValueError(
            f"Cannot multiply A and B because inner dimension does not match: {width} vs. {dense.shape[0]}.  "
            "Did you forget a transpose?  Dimensions of A: "
            f"[{height}, {width}).  Dimensions of B: [{dense.shape[0]},{dense.shape[1]}]"
        )
    matrix = Matrix(indices.to(torch.int64), values, int(height), int(width), bool(adjoint_a))
    if dense.numel() == 0:  # where TensorFlow looks at no place
        matrix = matrix._replace(places=matrix.places[:0], values=values[:0])
    if sparse_product.runs(matrix, dense):
        found: torch.Tensor = _Product.apply(*matrix, dense)
        return found
    _check(*matrix)
    return _by_rows(matrix, dense)


def _by_rows(matrix: Matrix, dense: torch.Tensor) -> torch.Tensor:
    rows, columns = _rows_and_columns(matrix)
    terms = matrix.values.unsqueeze(1) * dense.index_select(0, columns)
    return terms.new_zeros([matrix.height, dense.shape[1]]).index_add(0, rows, terms)


def _rows_and_columns(matrix: Matrix) -> tuple[torch.Tensor, torch.Tensor]:
    first, second = matrix.places.unbind(1)
    return (second, first) if matrix.transposed else (first, second)


@external
def _check(places: torch.Tensor, values: torch.Tensor, height: int, width: int, transposed: bool) -> None:
    matrix = Matrix(places, values, height, width, transposed)
    sparse_product.refuse_outside(matrix, sparse_product.first_outside(matrix))


class _Product(torch.autograd.Function):
    """The product in native code, forward and backward."""

    @staticmethod
    def forward(
        ctx: Any,
        places: torch.Tensor,
        values: torch.Tensor,
        height: int,
        width: int,
        transposed: bool,
        dense: torch.Tensor,
    ) -> torch.Tensor:
        needs_values, needs_dense = ctx.needs_input_grad[1], ctx.needs_input_grad[5]
        ctx.sizes = height, width, transposed
        # The gradient of each of the two is made of the other one.
        ctx.save_for_backward(
            places, values if needs_dense or needs_values else None, dense if needs_values else None
        )
        return sparse_product.product(places, values, (height, width), transposed, dense)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[Any, ...]:
        places, values, dense = ctx.saved_tensors
        height, width, transposed = ctx.sizes
        of_values = of_dense = None
        if ctx.needs_input_grad[5]:
            of_dense = _Product.apply(places, values, width, height, not transposed, grad)
        if ctx.needs_input_grad[1]:
            if torch.is_grad_enabled():
                rows, columns = _rows_and_columns(Matrix(places, values, height, width, transposed))
                of_values = (grad.index_select(0, rows) * dense.index_select(0, columns)).sum(1)
            else:
                of_values = sparse_product.row_products(
                    places, values, (height, width), transposed, grad, dense
                )
        return None, of_values, None, None, None, of_dense


def _product_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    shape, dense = constant_shape(inputs[2]).known or (None, None), inputs[3].shape.known or (None, None)
    rows = shape[1] if attributes["adjoint_a"] else shape[0]
    dtype = inputs[3].dtype.base_dtype
    return [(dtype, TensorShape([rows, dense[0] if attributes["adjoint_b"] else dense[1]]))]


register("SparseTensorDenseMatMul", _product, _product_rule)


def sparse_tensor_dense_matmul(
    sp_a: Any, b: Any, adjoint_a: bool = False, adjoint_b: bool = False, name: str | None = None
) -> Tensor:
    """The product of a sparse matrix and a dense one, or of a dense and a sparse one.

    TF1 symbol: `tf.sparse_tensor_dense_matmul`. Elements may come in any order, and a place twice.

    Raises:
        tf.errors.InvalidArgumentError: where it is run: sizes do not fit, or an element's place is outside.
    """
    if is_sparse(b) and not is_sparse(sp_a):
        return adjoint(
            sparse_tensor_dense_matmul(b, sp_a, adjoint_a=not adjoint_b, adjoint_b=not adjoint_a, name=name)
        )
    sparse = as_sparse(sp_a)
    with name_scope(name, "SparseTensorDenseMatMul", [sparse.values, b]):
        dense = convert_to_tensor(b, name="b")
        return one(
            "SparseTensorDenseMatMul",
            [*parts_of(sparse), dense],
            "SparseTensorDenseMatMul",
            adjoint_a=bool(adjoint_a),
            adjoint_b=bool(adjoint_b),
        )
