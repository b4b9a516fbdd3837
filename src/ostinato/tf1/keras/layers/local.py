"""Locally connected layers: convolutions with a kernel of its own at each place."""

from __future__ import annotations

from typing import Any

from ...input_spec import InputSpec
from ...ops import array
from ...shapes import TensorShape
from ...tensor import Tensor
from .. import regularizers
from ..backend_images import local_convolution
from . import sizes
from .configured import Configured, settle


class _LocallyConnected(Configured):
    """What the two share; `rank` is how many axes of space there are."""

    _rank = 1

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: Any = None,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        implementation: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=regularizers.get(activity_regularizer), **kwargs)
        self.filters, self.use_bias, self.implementation = filters, use_bias, implementation
        self.kernel_size = sizes.normalize_tuple(kernel_size, self._rank, "kernel_size")
        self.strides = sizes.normalize_tuple(strides, self._rank, "strides")
        self.padding = sizes.normalize_padding(padding)
        if self.padding != "valid" or implementation != 1:
            raise ValueError(
                f'Invalid border mode for LocallyConnected{self._rank}D (only "valid" is supported, with '
                f"implementation 1): they are {padding!r} and {implementation}. Pad the inputs with "
                f"ZeroPadding{self._rank}D; the other implementations give the same numbers."
            )
        self.data_format = sizes.normalize_data_format(data_format)
        settle(self, locals())
        self.input_spec = InputSpec(ndim=self._rank + 2)
        self.bias: Any = None

    @property
    def _channels_first(self) -> bool:
        return self.data_format == "channels_first"

    def _places(self, given: list[Any]) -> list[int]:
        """How many outputs there are along each axis of space."""
        space = given[2:] if self._channels_first else given[1:-1]
        if None in space:
            raise ValueError(
                "The spatial dimensions of the inputs to a LocallyConnected layer should be fully-defined, "
                f"but layer received the inputs shape {given}"
            )
        lengths = zip(space, self.kernel_size, self.strides, strict=True)
        return [sizes.conv_output_length(size, window, "valid", stride) for size, window, stride in lengths]

    def build(self, input_shape: Any) -> None:
        given = TensorShape(input_shape).as_list()
        channels = given[1 if self._channels_first else -1]
        if channels is None:
            raise ValueError("Axis 2 of input should be fully-defined. Found shape:", input_shape)
        places, window, count = self._places(given), channels, 1
        for size in self.kernel_size:
            window *= size
        for size in places:
            count *= size
        self.kernel = self.add_weight(
            name="kernel",
            shape=(count, window, self.filters),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(*places, self.filters),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.built = True

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        given = TensorShape(input_shape).as_list()
        places = self._places(given)
        return TensorShape(
            [given[0], self.filters, *places] if self._channels_first else [given[0], *places, self.filters]
        )

    def call(self, inputs: Any) -> Tensor:
        places = self._places(inputs.shape.as_list())
        outputs = local_convolution(
            inputs, self.kernel, self.kernel_size, self.strides, places, self.data_format
        )
        if self.bias is not None:
            bias = self.bias
            if self._channels_first:
                bias = array.transpose(bias, [self._rank, *range(self._rank)])
            outputs = outputs + bias
        return outputs if self.activation is None else self.activation(outputs)


class LocallyConnected1D(_LocallyConnected):
    """A convolution over sequences with a kernel for each place (TF1: `tf.keras.layers.LocallyConnected1D`).

    Raises:
        ValueError: another padding than "valid", another implementation, or inputs of unknown size.
    """


class LocallyConnected2D(_LocallyConnected):
    """A convolution over images with a kernel for each place (TF1: `tf.keras.layers.LocallyConnected2D`).

    Raises:
        ValueError: another padding than "valid", another implementation, or inputs of unknown size.
    """

    _rank = 2

    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = (1, 1), *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(filters, kernel_size, strides, *args, **kwargs)
