"""Initialisers of convolutions that keep the norm of what they are applied to (TF1 module:
`tf.contrib.framework`).

Source: Xiao et al., "Dynamical isometry and a mean field theory of CNNs: how to train 10,000-layer vanilla
convolutional neural networks" (2018).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from .dtypes import float32
from .initializers import Initializer, float_type, sizes_of_variable
from .ops import array, linalg, lists, scatter
from .ops import math as math_ops
from .ops import random as draws
from .tensor import Tensor

Blocks = dict[tuple[int, ...], Tensor]
"""A kernel by its places: each has a square matrix."""


def _orthogonal(size: int, dtype: Any, seed: int | None) -> Tensor:
    q, r = linalg.qr(draws.random_normal([size, size], dtype=dtype, seed=seed))
    return q * math_ops.sign(linalg.diag_part(r))


class _Convolution(Initializer):
    _ranks: Sequence[int] = ()

    def __init__(self, gain: float = 1.0, seed: int | None = None, dtype: Any = float32) -> None:
        self.gain, self.seed, self.dtype = gain, seed, float_type(dtype)

    def _checked(self, shape: Any) -> list[int]:
        sizes = sizes_of_variable(shape)
        if len(sizes) not in self._ranks:
            words = {3: "three", 4: "four", 5: "five"}
            wanted = (
                f"{words[self._ranks[0]]}-dimensional"
                if len(self._ranks) == 1
                else "at least three-dimensional and at most five-dimensional"
            )
            raise ValueError(f"The tensor to initialize must be {wanted}, not of shape {sizes}.")
        if sizes[-2] > sizes[-1]:
            raise ValueError(
                f"In_filters cannot be greater than out_filters. They are {sizes[-2]} and {sizes[-1]}."
            )
        return sizes


class ConvolutionDeltaOrthogonal(_Convolution):
    """`gain` times an orthonormal matrix at the centre of the kernel, and zeros around it (TF1 symbol:
    `tf.contrib.framework.convolutional_delta_orthogonal`).

    The kernel's shape is [*sizes, inputs, outputs], with one to three sizes and no more inputs than outputs;
    anything else is a ValueError.
    """

    _ranks = (3, 4, 5)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        sizes, kind = self._checked(shape), dtype or self.dtype
        rows = _orthogonal(sizes[-1], kind, self.seed)[: sizes[-2], :]
        centre = [(size - 1) // 2 for size in sizes[:-2]]
        scaled = rows * math_ops.cast(self.gain, dtype=kind)
        return scatter.scatter_nd([centre], array.expand_dims(scaled, 0), sizes)


class _ConvolutionOrthogonal(_Convolution):
    """`gain` times an orthogonal kernel: exactly so where the inputs are padded as if they were a ring."""

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        *kernel, inputs, outputs = self._checked(shape)
        if len(set(kernel)) > 1:
            raise ValueError(f"Kernel sizes must be equal. They are {kernel}.")
        rows = self._next_orthogonal(outputs)[:inputs, :]
        rank, blocks = len(kernel), {(0,) * len(kernel): rows}
        if kernel[0] > 1:
            found = self._next_block(outputs, rank)
            for _ in range(2, kernel[0]):
                found = _convolved(found, self._next_block(outputs, rank))
            blocks = {place: math_ops.matmul(rows, matrix) for place, matrix in found.items()}
        return _stacked(blocks, (), rank, kernel[0]) * math_ops.cast(self.gain, dtype=dtype or self.dtype)

    def _next_seed(self) -> int | None:
        # As TensorFlow has it: each draw has a seed of its own, and a second kernel goes on from the first.
        seed = self.seed
        if seed:
            self.seed = seed + 1
        return seed

    def _next_orthogonal(self, size: int) -> Tensor:
        return _orthogonal(size, self.dtype, self._next_seed())

    def _next_projection(self, size: int) -> Tensor:
        """A projection onto some of the directions of a random orthogonal matrix."""
        columns = self._next_orthogonal(size)
        chosen = math_ops.cast(draws.random_normal([size], seed=self._next_seed()) > 0, self.dtype)
        kept = columns * chosen
        return math_ops.matmul(kept, linalg.matrix_transpose(kept))

    def _next_block(self, size: int, rank: int) -> Blocks:
        """A kernel of two places an axis: products of a projection, or of what it leaves, for each axis."""
        first = [self._next_projection(size) for _ in range(rank)]
        rest = [linalg.eye(size, dtype=self.dtype) - projection for projection in first]
        # TensorFlow's kernel of three axes begins with what the projections leave.
        choices = [rest, first] if rank == 3 else [first, rest]
        block: Blocks = {}
        for place in itertools.product(range(2), repeat=rank):
            product = choices[place[0]][0]
            for axis in range(1, rank):
                product = math_ops.matmul(product, choices[place[axis]][axis])
            block[place] = product
        return block


def _convolved(first: Blocks, second: Blocks) -> Blocks:
    """The kernel that does what the one and then the other does."""
    found: Blocks = {}
    for one, matrix in first.items():
        for other, factor in second.items():
            place = tuple(a + b for a, b in zip(one, other, strict=True))
            product = math_ops.matmul(matrix, factor)
            found[place] = found[place] + product if place in found else product
    return found


def _stacked(blocks: Blocks, place: tuple[int, ...], rank: int, size: int) -> Tensor:
    if len(place) == rank:
        return blocks[place]
    return lists.stack([_stacked(blocks, (*place, index), rank, size) for index in range(size)])


class ConvolutionOrthogonal1D(_ConvolutionOrthogonal):
    """A kernel [size, inputs, outputs] (TF1 symbol: `tf.contrib.framework.convolutional_orthogonal_1d`)."""

    _ranks = (3,)


class ConvolutionOrthogonal2D(_ConvolutionOrthogonal):
    """A kernel [size, size, inputs, outputs] (TF1 symbol:
    `tf.contrib.framework.convolutional_orthogonal_2d`).
    """

    _ranks = (4,)


class ConvolutionOrthogonal3D(_ConvolutionOrthogonal):
    """A kernel [size, size, size, inputs, outputs] (TF1 symbol:
    `tf.contrib.framework.convolutional_orthogonal_3d`).
    """

    _ranks = (5,)


convolutional_delta_orthogonal = ConvolutionDeltaOrthogonal
convolutional_orthogonal_1d = ConvolutionOrthogonal1D
convolutional_orthogonal_2d = ConvolutionOrthogonal2D
convolutional_orthogonal_3d = ConvolutionOrthogonal3D
