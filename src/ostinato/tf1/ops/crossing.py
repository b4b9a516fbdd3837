"""Numbers put into buckets, and features crossed: what columns of features are made of."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ..dtypes import int32, int64, string
from ..registry import OutputTypes, register
from ..sparse_tensor import SparseTensor, convert_to_tensor_or_sparse_tensor
from ..tensor import Tensor
from .core import convert_to_tensor, make, one
from .fingerprints import fingerprint64
from .math import cast
from .sparse import parts_of, three

_MASK = (1 << 64) - 1
_FACTOR = 0xC6A4A7935BD1E995
DEFAULT_HASH_KEY = 0xDECAFCAFFE


def _bucketize(values: torch.Tensor, boundaries: Sequence[float]) -> torch.Tensor:
    # Boundaries are floats, whatever the values are.
    edges = torch.tensor(boundaries, dtype=torch.float32, device=values.device)
    return torch.bucketize(values.to(torch.float64), edges.double(), right=True).to(torch.int32)


register("Bucketize", _bucketize, lambda inputs, _: [(int32, inputs[0].shape)], differentiable=False)


def bucketize(input: Any, boundaries: Sequence[float], name: str | None = None) -> Tensor:
    """The number of boundaries that are not above each value.

    Raises:
        ValueError: the boundaries are not in order.
    """
    edges = [float(each) for each in boundaries]
    if sorted(edges) != edges:
        raise ValueError("Expected sorted boundaries")
    return one("Bucketize", [convert_to_tensor(input)], name or "Bucketize", boundaries=edges)


def _shift(value: int) -> int:
    return value ^ (value >> 47)


def _joined(first: int, second: int) -> int:
    """The fingerprint of a pair of fingerprints."""
    result = first ^ _FACTOR
    result ^= (_shift((second * _FACTOR) & _MASK) * _FACTOR) & _MASK
    result = (result * _FACTOR) & _MASK
    return _shift((_shift(result) * _FACTOR) & _MASK)


def _joined_before(first: int, second: int) -> int:
    """The same, as the crosses of `tf.contrib.layers` without a key do it."""
    signed = first - (1 << 64) if first >> 63 else first
    mixed = second + 0x9E3779B97F4A7800 + (first << 10) + (signed >> 4)
    return first ^ (mixed & _MASK)


def _rows(indices: torch.Tensor, values: Any, count: int) -> list[list[Any]]:
    rows: list[list[Any]] = [[] for _ in range(count)]
    for row, value in zip(indices[:, 0].tolist(), values.tolist(), strict=True):
        rows[row].append(value)
    return rows


def _cross(
    *inputs: Any, sparse: int, hashed_output: bool, num_buckets: int, hash_key: int, older: bool = False
) -> tuple[Any, Any, Any]:
    indices, values = inputs[:sparse], inputs[sparse : 2 * sparse]
    shapes, dense = inputs[2 * sparse : 3 * sparse], inputs[3 * sparse :]
    batch = int(shapes[0][0]) if sparse else int(dense[0].shape[0])
    columns = [_rows(index, value, batch) for index, value in zip(indices, values, strict=True)]
    columns += [array.tolist() for array in dense]
    if hashed_output:
        known: dict[bytes, int] = {}

        def number(value: Any) -> int:
            if isinstance(value, bytes):
                if value not in known:
                    known[value] = fingerprint64(value)
                return known[value]
            return int(value) & _MASK

        columns = [[[number(value) for value in row] for row in column] for column in columns]
    found: list[Any] = []
    places, longest = [], 0
    for row in range(batch):
        for place, combination in enumerate(itertools.product(*(column[row] for column in columns))):
            places.append((row, place))
            longest = max(longest, place + 1)
            if hashed_output:
                total, join = (DEFAULT_HASH_KEY, _joined_before) if older else (hash_key, _joined)
                for each in combination:
                    total = join(total, each)
                found.append(total % (num_buckets or 2**63 - 1))
            else:
                found.append(b"_X_".join(v if isinstance(v, bytes) else b"%d" % v for v in combination))
    where = torch.tensor(places, dtype=torch.int64).reshape(-1, 2)
    shape = torch.tensor([batch, longest], dtype=torch.int64)
    if hashed_output:
        return where, torch.tensor(found, dtype=torch.int64), shape
    texts = np.empty(len(found), object)
    texts[:] = found
    return where, texts, shape


def _cross_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    return three(2, int64 if attributes["hashed_output"] else string)


register("SparseCross", _cross, _cross_rule, differentiable=False)


def _crossed(inputs: Any, name: str | None, **attributes: Any) -> SparseTensor:
    if not isinstance(inputs, (list, tuple)):
        raise TypeError("Inputs must be a list")
    given = [convert_to_tensor_or_sparse_tensor(each) for each in inputs]
    sparse = [each for each in given if isinstance(each, SparseTensor)]
    dense = [each for each in given if not isinstance(each, SparseTensor)]
    parts = [parts_of(each) for each in sparse]
    values = [part[1] if part[1].dtype == string else cast(part[1], int64) for part in parts]
    dense = [each if each.dtype == string else cast(each, int64) for each in dense]
    tensors = [*(part[0] for part in parts), *values, *(part[2] for part in parts), *dense]
    made = make("SparseCross", tensors, name or "SparseCross", sparse=len(sparse), **attributes)
    return SparseTensor(*made.outputs)


def sparse_cross(inputs: Any, name: str | None = None) -> SparseTensor:
    """All combinations of the features of each row, as strings (TF1 symbol: `tf.sparse.cross`).

    Args:
        inputs: a list of sparse or dense matrices of strings or integers; the sparse ones come first.
    """
    return _crossed(inputs, name, hashed_output=False, num_buckets=0, hash_key=0)


def sparse_cross_hashed(
    inputs: Any, num_buckets: int = 0, hash_key: int | None = None, name: str | None = None
) -> SparseTensor:
    """All combinations of the features of each row, hashed (TF1 symbol: `tf.sparse.cross_hashed`).

    Args:
        inputs: a list of sparse or dense matrices of strings or integers; the sparse ones come first.
        num_buckets: the hashes are below it; 0: below 2**63 - 1.
        hash_key: which hash.
    """
    key = DEFAULT_HASH_KEY if hash_key is None else hash_key
    return _crossed(inputs, name, hashed_output=True, num_buckets=int(num_buckets), hash_key=int(key))


def sparse_feature_cross(
    inputs: Any,
    hashed_output: bool = False,
    num_buckets: int = 0,
    name: str | None = None,
    hash_key: int | None = None,
) -> SparseTensor:
    """The crosses of `tf.contrib.layers`, which have a hash of their own where no key is given."""
    return _crossed(
        inputs,
        name or "SparseFeatureCross",
        hashed_output=hashed_output,
        num_buckets=int(num_buckets),
        hash_key=int(hash_key or 0),
        older=not hash_key,
    )
