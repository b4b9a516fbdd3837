"""Some rows of a tensor: what an update of a few rows of a variable is given as."""

from __future__ import annotations

from typing import Any, NamedTuple

from .ops import array, scatter
from .tensor import Tensor


class IndexedSlicesValue(NamedTuple):
    """What a session gives for IndexedSlices (TF1 symbol: `tf.IndexedSlicesValue`)."""

    values: Any
    indices: Any
    dense_shape: Any = None


class IndexedSlices:
    """Rows `values[i]` at `indices[i]` of a tensor that is zero elsewhere (TF1 symbol: `tf.IndexedSlices`).

    As a tensor it is the whole, which needs `dense_shape`; rows of the same index are added up.
    """

    def __init__(self, values: Any, indices: Any, dense_shape: Any = None) -> None:
        self.values, self.indices, self.dense_shape = values, indices, dense_shape

    @property
    def name(self) -> str:
        return self.values.name

    @property
    def op(self) -> Any:
        return self.values.op

    @property
    def graph(self) -> Any:
        return self.values.graph

    @property
    def dtype(self) -> Any:
        return self.values.dtype

    @property
    def device(self) -> Any:
        return self.values.device

    def _as_graph_element(self) -> Any:  # for what waits for the slices
        return self.values

    def consumers(self) -> list[Any]:
        return self.values.consumers()

    def __neg__(self) -> IndexedSlices:
        return self._with_values(-self.values)

    def _with_values(self, values: Any) -> IndexedSlices:
        return IndexedSlices(values, self.indices, self.dense_shape)

    def _to_tensor(self, as_ref: bool = False) -> Tensor:
        if self.dense_shape is None:
            raise ValueError(
                "Tensor conversion requested for IndexedSlices without dense_shape: "
                f"{self}. Say how large the whole is."
            )
        return scatter.scatter_nd(array.expand_dims(self.indices, -1), self.values, self.dense_shape)

    def __repr__(self) -> str:
        return f"IndexedSlices(indices={self.indices}, values={self.values}, dense_shape={self.dense_shape})"
