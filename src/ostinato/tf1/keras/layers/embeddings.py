"""Ids as vectors."""

from __future__ import annotations

from typing import Any

from ...input_spec import InputSpec
from ...ops.embedding import embedding_lookup
from ...ops.math import cast, not_equal
from ...shapes import TensorShape
from ...tensor import Tensor
from .. import regularizers
from .configured import Configured, settle


class Embedding(Configured):
    """Rows of a variable by their ids (TF1 symbol: `tf.keras.layers.Embedding`).

    Args:
        input_dim, output_dim: the variable's shape.
        embeddings_initializer, embeddings_regularizer, embeddings_constraint: of the variable.
        mask_zero: whether the id 0 is a step to leave out.
        input_length: how many steps there are, where that is known.
    """

    embeddings_initializer: Any
    embeddings_regularizer: Any
    embeddings_constraint: Any

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        activity_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        input_length: Any = None,
        **kwargs: Any,
    ) -> None:
        if "input_shape" not in kwargs:
            kwargs["input_shape"] = (input_length,) if input_length else (None,)
        kwargs.setdefault("dtype", "float32")
        super().__init__(activity_regularizer=regularizers.get(activity_regularizer), **kwargs)
        self.input_dim, self.output_dim = int(input_dim), int(output_dim)
        settle(self, locals())
        self.mask_zero = self.supports_masking = mask_zero
        self.input_length = input_length
        self.input_spec: Any = InputSpec()

    def build(self, input_shape: Any) -> None:
        self.embeddings = self.add_weight(
            name="embeddings",
            shape=(self.input_dim, self.output_dim),
            initializer=self.embeddings_initializer,
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
        )
        self.built = True

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return not_equal(inputs, 0) if self.mask_zero else None

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        return TensorShape([*TensorShape(input_shape).as_list(), self.output_dim])

    def call(self, inputs: Any) -> Tensor:
        if inputs.dtype.base_dtype.name not in ("int32", "int64"):
            inputs = cast(inputs, "int32")
        return embedding_lookup(self.embeddings, inputs)
