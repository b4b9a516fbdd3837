"""Where a model begins: placeholders that remember that they are a model's inputs."""

from __future__ import annotations

from typing import Any

from ..dtypes import as_dtype
from ..keras_base import Layer
from ..ops.core import placeholder
from ..tensor import Tensor
from .settings import floatx


class InputLayer(Layer):
    """The layer that an input comes out of (TF1 symbol: `tf.keras.layers.InputLayer`).

    Raises:
        ValueError: both or neither of a shape and a tensor.
    """

    def __init__(
        self,
        input_shape: Any = None,
        batch_size: Any = None,
        dtype: Any = None,
        input_tensor: Any = None,
        sparse: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        shape = kwargs.pop("batch_input_shape", None)
        if kwargs.pop("ragged", False):
            raise ValueError("There are no ragged tensors here: pad the inputs, and mask what is padded.")
        if sparse:
            raise ValueError(
                "Keras' inputs are dense here: feed tf.sparse_tensor_to_dense of a tf.sparse_placeholder."
            )
        if shape is None and input_shape is not None:
            shape = (batch_size, *input_shape)
        super().__init__(name=name or None, dtype=dtype, **kwargs)
        if input_tensor is None:
            if shape is None:
                raise ValueError("Provide a shape, or a tensor, for an input.")
            kind = as_dtype(dtype or floatx())
            input_tensor = placeholder(kind, list(shape), name=self.name)
            self.is_placeholder = True
        else:
            shape = tuple(input_tensor.shape.as_list())
            self.is_placeholder = False
        self._dtype = input_tensor.dtype.base_dtype.name
        self._batch_input_shape = tuple(shape)
        self.built = True
        self.sparse = False
        if not hasattr(input_tensor, "_keras_history"):
            self._make_node([], (), {}, input_tensor)
        input_tensor._keras_mask = None

    def get_config(self) -> dict[str, Any]:
        return {
            "batch_input_shape": self._batch_input_shape,
            "dtype": self.dtype,
            "ragged": False,
            "sparse": False,
            "name": self.name,
        }


def Input(
    shape: Any = None,
    batch_size: Any = None,
    name: str | None = None,
    dtype: Any = None,
    sparse: bool = False,
    tensor: Any = None,
    **kwargs: Any,
) -> Tensor:
    """A tensor that a model's data is fed to (TF1 symbol: `tf.keras.Input`).

    Args:
        shape: without the batch's size.
        batch_size: where that is fixed.
        tensor: is taken in the place of a placeholder.

    Raises:
        ValueError: neither a shape nor a tensor, or a keyword that there is not.
    """
    if "batch_shape" in kwargs:
        given = kwargs.pop("batch_shape")
        batch_size, shape = given[0], tuple(given[1:])
    if kwargs:
        raise ValueError("Unrecognized keyword arguments:", list(kwargs))
    if shape is None and tensor is None:
        raise ValueError(
            "Please provide to Input either a `shape` or a `tensor` argument. Note that `shape` does not "
            "include the batch dimension."
        )
    if isinstance(shape, int):
        shape = (shape,)
    from ..keras_layer_names import unique_layer_name

    layer = InputLayer(
        input_shape=None if tensor is not None else tuple(shape),
        batch_size=batch_size,
        dtype=dtype,
        input_tensor=tensor,
        sparse=sparse,
        name=name or unique_layer_name("input"),
    )
    return layer._inbound_nodes[0].output_tensors if layer._inbound_nodes else tensor
