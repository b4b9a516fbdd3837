"""What the older columns of features share."""

from __future__ import annotations

from typing import Any, NamedTuple

from ... import dtypes
from ...graph import name_scope
from ...ops import array, lists, math, picking, reductions, sparse
from ...ops.gathering import gather_nd
from ...shapes import TensorShape
from ...sparse_tensor import SparseTensor


class Lookup(NamedTuple):
    """What a table is asked for."""

    input_tensor: Any
    weight_tensor: Any
    vocab_size: int
    initializer: Any
    combiner: str


class _Column:
    """What the older columns share."""

    _fields: Any
    _unnamed: tuple[str, ...] = ()  # fields that are not part of the key

    @property
    def name(self) -> str:
        raise NotImplementedError(f"{type(self).__name__} does not define name.")

    @property
    def key(self) -> str:
        shown = [f"{name}={getattr(self, name)}" for name in self._fields if name not in self._unnamed]
        return f"{type(self).__name__}({', '.join(shown)})" if self._unnamed else str(self)

    @property
    def config(self) -> dict[str, Any]:
        raise NotImplementedError(f"{type(self).__name__} does not define config.")

    @property
    def parse_example_spec(self) -> dict[str, Any]:
        return self.config

    @property
    def _is_layered(self) -> bool:
        return False

    def transform_feature(self, transformation_cache: Any, state_manager: Any) -> Any:
        """The column's tensor, of others of the cache."""
        raise NotImplementedError(
            f"{type(self).__name__} does not define transform_feature(transformation_cache, state_manager)."
        )

    def insert_transformed_feature(self, columns_to_tensors: dict[Any, Any]) -> None:
        """Put the column's tensor, and those that it is made of, into a dict."""
        columns_to_tensors[self] = self.transform_feature(ByColumn(columns_to_tensors), None)

    def dense(self, tensor: Any, collections: Any, trainable: bool, rank: int = 2) -> Any:
        """Numbers of the column's tensor, for a network."""
        raise NotImplementedError(
            f"{type(self).__name__} does not define dense(tensor, collections, trainable, rank)."
        )

    def lookup(self, tensor: Any) -> Lookup | None:
        """How the column's tensor chooses weights of a linear model; None: it is numbers."""
        return None


class ByColumn:
    """The tensors of a dict by names and columns; those that are not there yet are made."""

    def __init__(self, columns_to_tensors: dict[Any, Any]) -> None:
        self._tensors = columns_to_tensors

    def get(self, key: Any, state_manager: Any = None) -> Any:
        if key not in self._tensors:
            if isinstance(key, str):
                raise ValueError(f"features dictionary doesn't contain key ({key})")
            if not isinstance(key, _Column):
                raise TypeError(f'"key" must be either a "str" or "_FeatureColumn". Provided: {key}')
            key.insert_transformed_feature(self._tensors)
        return self._tensors[key]


def of_rank(tensor: Any, rank: int, name: str) -> Any:
    """A tensor of so many axes: inner ones are made one, one is added at the end.

    Raises:
        ValueError: it has too few.
    """
    own = tensor.get_shape().ndims
    if own is None:
        own = tensor.dense_shape.shape[0].value if isinstance(tensor, SparseTensor) else None
    if own is None:
        raise ValueError(f"Error while processing column {name}. Rank of input Tensor can not be None.")
    if rank > own + 1:
        raise ValueError(
            f"Error while processing column {name}. Rank of input Tensor ({own}) should be the same as "
            f"output_rank ({rank}). For example, sequence data should typically be 3 dimensional (rank 3) "
            "while non-sequence data is typically 2 dimensional (rank 2)."
        )
    if rank == own:
        return tensor
    if isinstance(tensor, SparseTensor):
        sizes = tensor.dense_shape
        if rank == own + 1:
            return sparse.sparse_reshape(tensor, lists.concat([sizes, [1]], 0))
        last = array.reshape(reductions.reduce_prod(sizes[rank - 1 :]), [1])
        return sparse.sparse_reshape(tensor, lists.concat([sizes[: rank - 1], last], 0))
    if rank == own + 1:
        return array.expand_dims(tensor, -1)
    known = tensor.shape[rank - 1 :].num_elements()
    inner = [-1 if known is None else known]
    flat = array.reshape(tensor, lists.concat([array.shape(tensor)[: rank - 1], inner], 0))
    flat.set_shape(TensorShape(tensor.shape[: rank - 1]).concatenate([known]))
    return flat


def inner_flat(tensor: SparseTensor, rank: int) -> SparseTensor:
    """A sparse tensor of so many axes, the inner ones made one, also where that alters nothing."""
    with name_scope(None, "InnerFlatten"):
        sizes = tensor.dense_shape
        inner = reductions.reduce_prod(sizes[rank - 1 :])
        return sparse.sparse_reshape(tensor, lists.concat((sizes[: rank - 1], [inner]), 0))


def as_sparse(tensor: Any, name: str) -> SparseTensor:
    if isinstance(tensor, SparseTensor):
        return tensor
    tensor = of_rank(tensor, 2, name)
    ignored: Any = "" if tensor.dtype == dtypes.string else -1
    indices = picking.where(math.not_equal(tensor, ignored))
    values = gather_nd(tensor, indices)
    return SparseTensor(indices, values, array.shape(tensor, out_type=dtypes.int64))
