"""Products with a sparse matrix in one native call: of torch's operations a gather, a product and a scatter,
which write a row for each of the matrix's elements.
"""

from __future__ import annotations

import ctypes
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ostinato._external import RECORDING, external
from ostinato.kernels import eager
from ostinato.kernels.native import library


class Matrix(NamedTuple):
    """Elements at the rows of `places` `[count, 2]`, in any order; places that come again add up."""

    places: Tensor
    values: Tensor
    height: int
    width: int
    transposed: bool
    """Whether the places are (column, row); `height` and `width` are of the matrix that is multiplied."""


class _Matrix(ctypes.Structure):
    """As in sparse_product.h."""

    _fields_ = [
        ("count", ctypes.c_int64),
        ("places", ctypes.c_void_p),
        ("values", ctypes.c_void_p),
        ("row", ctypes.c_int64),
        ("height", ctypes.c_int64),
        ("width", ctypes.c_int64),
    ]


def runs(matrix: Matrix, dense: Tensor) -> bool:
    """Whether native code takes these: float32 or float64 on the processor, with nobody looking on."""
    recorder = RECORDING.recorder
    told = recorder is not None and not recorder.paused
    return (
        dense.dtype in (torch.float32, torch.float64)
        and dense.dtype == matrix.values.dtype
        and matrix.places.dtype == torch.int64
        and all(
            type(tensor) in (Tensor, torch.nn.Parameter) and tensor.is_cpu and not tensor.is_neg()
            for tensor in (matrix.places, matrix.values, dense)
        )
        and eager.is_eager(int(told))
        and hasattr(library.load(), "ostinato_sparse_product")
    )


@external
def product(
    places: Tensor, values: Tensor, sizes: tuple[int, int], transposed: bool, dense: Tensor
) -> Tensor:
    """The product with a dense matrix, added up element by element in their order.

    Raises:
        ValueError: a place is not in the matrix.
    """
    matrix = Matrix(places.contiguous(), values.contiguous(), *sizes, transposed)
    build: Any = library.load()
    refuse_outside(matrix, build.ostinato_sparse_outside(ctypes.byref(_given(matrix))))
    dense = dense.contiguous()
    result = dense.new_zeros((matrix.height, dense.shape[1]))
    _call(build.ostinato_sparse_product, matrix, dense, dense, result)
    return result


@external
def row_products(
    places: Tensor, values: Tensor, sizes: tuple[int, int], transposed: bool, left: Tensor, right: Tensor
) -> Tensor:
    """For each element the product of its row of `left` `[height, size]` and of `right` `[width, size]`."""
    matrix = Matrix(places.contiguous(), values, *sizes, transposed)
    result = left.new_empty(len(values))
    build: Any = library.load()
    _call(build.ostinato_sparse_row_products, matrix, left.contiguous(), right.contiguous(), result)
    return result


def _given(matrix: Matrix) -> _Matrix:
    return _Matrix(
        len(matrix.values),
        matrix.places.data_ptr(),
        matrix.values.data_ptr(),
        matrix.transposed,
        matrix.height,
        matrix.width,
    )


def _call(function: Any, matrix: Matrix, one: Tensor, other: Tensor, result: Tensor) -> None:
    function(
        ctypes.c_int64(one.dtype == torch.float64),
        ctypes.byref(_given(matrix)),
        ctypes.c_void_p(one.data_ptr()),
        ctypes.c_void_p(other.data_ptr()),
        ctypes.c_void_p(result.data_ptr()),
        ctypes.c_int64(one.shape[1]),
    )


def first_outside(matrix: Matrix) -> int:
    """The first element whose place is not in the matrix, or -1."""
    rows, columns = matrix.places.unbind(1)
    if matrix.transposed:
        rows, columns = columns, rows
    outside = (rows < 0) | (rows >= matrix.height) | (columns < 0) | (columns >= matrix.width)
    return int(outside.to(torch.int8).argmax()) if bool(outside.any()) else -1


def refuse_outside(matrix: Matrix, element: int) -> None:
    """Raise for an element whose place is not in the matrix; -1 is none."""
    if element >= 0:
        row, column = (1, 0) if matrix.transposed else (0, 1)
        m, k = int(matrix.places[element, row]), int(matrix.places[element, column])
        if not 0 <= k < matrix.width:
            raise ValueError(f"k ({k}) from index[{element},{column}] out of bounds (>={matrix.width})")
        raise ValueError(f"m ({m}) from index[{element},{row}] out of bounds (>={matrix.height})")
