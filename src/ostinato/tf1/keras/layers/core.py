"""Dense, Dropout, Flatten and the layers that change shapes and masks."""

from __future__ import annotations

import math as python_math
from typing import Any

from ...dtypes import as_dtype, float32
from ...input_spec import InputSpec
from ...ops import array, nn
from ...ops.core import convert_to_tensor, one
from ...ops.lists import stack
from ...ops.math import cast, matmul, not_equal
from ...ops.picking import tile
from ...ops.reductions import reduce_any
from ...shapes import TensorShape
from ...smart_cond import smart_cond
from ...tensor import Tensor
from .. import regularizers
from ..learning_phase import learning_phase
from .configured import Configured, settle
from .sizes import normalize_data_format


class Dense(Configured):
    """activation(inputs @ kernel + bias) (TF1 symbol: `tf.keras.layers.Dense`).

    Args:
        units: the size of the outputs' last axis.
        activation: a name or a function.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, kernel_constraint,
            bias_constraint: of the two variables.
        activity_regularizer: makes a loss of the outputs.

    Raises:
        ValueError: the inputs' last size is unknown, or their rank below 2.
        TypeError: inputs of integers.
    """

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        if "input_shape" not in kwargs and "input_dim" in kwargs:
            kwargs["input_shape"] = (kwargs.pop("input_dim"),)
        super().__init__(activity_regularizer=regularizers.get(activity_regularizer), **kwargs)
        self.units = int(units)
        self.use_bias = use_bias
        settle(self, locals())
        self.supports_masking = True
        self.input_spec = InputSpec(min_ndim=2)
        self.kernel: Any = None
        self.bias: Any = None

    def build(self, input_shape: Any) -> None:
        kind = as_dtype(self.dtype or float32)
        if not (kind.is_floating or kind.is_complex):
            raise TypeError(f"Unable to build `Dense` layer with non-floating point dtype {kind!r}")
        depth = TensorShape(input_shape).as_list()[-1]
        if depth is None:
            raise ValueError("The last dimension of the inputs to `Dense` should be defined. Found `None`.")
        self.input_spec = InputSpec(min_ndim=2, axes={-1: depth})
        self.kernel = self.add_weight(
            "kernel",
            shape=[depth, self.units],
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            dtype=self.dtype,
            trainable=True,
        )
        if self.use_bias:
            self.bias = self.add_weight(
                "bias",
                shape=[self.units],
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                dtype=self.dtype,
                trainable=True,
            )
        self.built = True

    def call(self, inputs: Any) -> Tensor:
        inputs = _dense(inputs)
        if len(inputs.shape) > 2:
            # One product of all the rows; TensorFlow reshapes before and after, under this name.
            outputs = one(
                "BatchMatMulV2",
                [inputs, convert_to_tensor(self.kernel)],
                "Tensordot",
                transpose_a=False,
                transpose_b=False,
            )
        else:
            outputs = matmul(cast(inputs, self.kernel.dtype.base_dtype), self.kernel)
        if self.use_bias:
            outputs = nn.bias_add(outputs, self.bias)
        return outputs if self.activation is None else self.activation(outputs)

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        sizes = TensorShape(input_shape).as_list()
        return TensorShape([*sizes[:-1], self.units])


def _dense(inputs: Any) -> Any:
    if type(inputs).__name__ == "SparseTensor":
        from ... import sparse_tensor_to_dense

        return sparse_tensor_to_dense(inputs)
    return convert_to_tensor(inputs)


class Dropout(Configured):
    """Zeroes a share of its inputs while training (TF1 symbol: `tf.keras.layers.Dropout`).

    Args:
        rate: the share, of which the others are scaled up by 1 / (1 - rate).
        noise_shape: the mask's shape; a None is the inputs' own size.
        seed: the operation's seed.
    """

    def __init__(self, rate: Any, noise_shape: Any = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate, self.noise_shape, self.seed = rate, noise_shape, seed
        self.supports_masking = True

    def _get_noise_shape(self, inputs: Any) -> Any:
        if self.noise_shape is None or isinstance(self.noise_shape, Tensor):
            return self.noise_shape
        sizes = array.shape(inputs)
        return stack([sizes[i] if size is None else size for i, size in enumerate(self.noise_shape)])

    def call(self, inputs: Any, training: Any = None) -> Tensor:
        training = learning_phase() if training is None else training

        def dropped() -> Tensor:
            return nn.dropout(
                inputs, noise_shape=self._get_noise_shape(inputs), seed=self.seed, rate=self.rate
            )

        return smart_cond(training, dropped, lambda: array.identity(inputs))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


class SpatialDropout1D(Dropout):
    """Dropout of whole channels over time (TF1 symbol: `tf.keras.layers.SpatialDropout1D`)."""

    def __init__(self, rate: Any, **kwargs: Any) -> None:
        super().__init__(rate, **kwargs)
        self.input_spec = InputSpec(ndim=3)

    def _get_noise_shape(self, inputs: Any) -> Any:
        sizes = array.shape(inputs)
        return stack([sizes[0], 1, sizes[2]])


class _SpatialDropout(Dropout):
    _rank = 2

    def __init__(self, rate: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(rate, **kwargs)
        self.data_format = normalize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self._rank + 2)

    def _get_noise_shape(self, inputs: Any) -> Any:
        sizes, ones = array.shape(inputs), [1] * self._rank
        if self.data_format == "channels_first":
            return stack([sizes[0], sizes[1], *ones])
        return stack([sizes[0], *ones, sizes[self._rank + 1]])


class SpatialDropout2D(_SpatialDropout):
    """Dropout of whole channels of images (TF1 symbol: `tf.keras.layers.SpatialDropout2D`)."""


class SpatialDropout3D(_SpatialDropout):
    """Dropout of whole channels of volumes (TF1 symbol: `tf.keras.layers.SpatialDropout3D`)."""

    _rank = 3


class Flatten(Configured):
    """All axes but the first in one (TF1 symbol: `tf.keras.layers.Flatten`)."""

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = normalize_data_format(data_format)
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Any) -> Tensor:
        inputs = convert_to_tensor(inputs)
        rank = inputs.shape.ndims
        if self.data_format == "channels_first" and rank is not None and rank > 1:
            inputs = array.transpose(inputs, [0, *range(2, rank), 1])
        rows = inputs.shape.as_list()[0]
        outputs = array.reshape(inputs, [array.shape(inputs)[0] if rows is None else rows, -1])
        outputs.set_shape(self.compute_output_shape(inputs.shape))
        return outputs

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        sizes = TensorShape(input_shape).as_list()
        if not sizes:
            return TensorShape([1])
        return TensorShape([sizes[0], None if None in sizes[1:] else python_math.prod(sizes[1:])])


class Activation(Configured):
    """An activation (TF1 symbol: `tf.keras.layers.Activation`)."""

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        settle(self, locals())

    def call(self, inputs: Any) -> Tensor:
        return self.activation(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


class Reshape(Configured):
    """The rows of a batch in another shape (TF1 symbol: `tf.keras.layers.Reshape`).

    Raises:
        ValueError: the sizes do not make up as many elements.
    """

    def __init__(self, target_shape: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target_shape = tuple(target_shape)

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        sizes = TensorShape(input_shape).as_list()
        target = [None if size == -1 else size for size in self.target_shape]
        if None in sizes[1:]:
            return TensorShape([sizes[0], *target])
        count, known = (
            python_math.prod(size or 0 for size in sizes[1:]),
            python_math.prod(s for s in target if s is not None),
        )
        if target.count(None) > 1:
            raise ValueError("Can only specify one unknown dimension.")
        if (None in target and (known == 0 or count % known)) or (None not in target and count != known):
            raise ValueError("total size of new array must be unchanged")
        return TensorShape([sizes[0], *(count // known if size is None else size for size in target)])

    def call(self, inputs: Any) -> Tensor:
        outputs = array.reshape(inputs, [array.shape(inputs)[0], *self.target_shape])
        outputs.set_shape(self.compute_output_shape(inputs.shape))
        return outputs


class Permute(Configured):
    """The axes behind the first in another order (TF1 symbol: `tf.keras.layers.Permute`)."""

    def __init__(self, dims: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(
                f"Invalid permutation `dims` for Permute Layer: {self.dims}. "
                "The set of indices in `dims` must be consecutive and start from 1."
            )
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        sizes = TensorShape(input_shape).as_list()
        return TensorShape([sizes[0], *(sizes[axis] for axis in self.dims)])

    def call(self, inputs: Any) -> Tensor:
        return array.transpose(inputs, perm=[0, *self.dims])


class RepeatVector(Configured):
    """Each row `n` times, as a sequence (TF1 symbol: `tf.keras.layers.RepeatVector`)."""

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n = n
        self.input_spec = InputSpec(ndim=2)

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        sizes = TensorShape(input_shape).as_list()
        return TensorShape([sizes[0], self.n, sizes[1]])

    def call(self, inputs: Any) -> Tensor:
        return tile(array.expand_dims(inputs, 1), [1, self.n, 1])


class Masking(Configured):
    """Leaves out the steps whose values are all `mask_value` (TF1 symbol: `tf.keras.layers.Masking`)."""

    def __init__(self, mask_value: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.mask_value = mask_value
        self._compute_output_and_mask_jointly = True

    def compute_mask(self, inputs: Any, mask: Any = None) -> Tensor:
        return reduce_any(not_equal(inputs, self.mask_value), axis=-1)

    def call(self, inputs: Any) -> Tensor:
        kept = reduce_any(not_equal(inputs, self.mask_value), axis=-1, keepdims=True)
        outputs = inputs * cast(kept, inputs.dtype)
        outputs._keras_mask = array.squeeze(kept, axis=-1)
        return outputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


class ActivityRegularization(Configured):
    """Adds a penalty on its inputs to the loss (TF1 symbol: `tf.keras.layers.ActivityRegularization`)."""

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(activity_regularizer=regularizers.L1L2(l1=l1, l2=l2), **kwargs)
        self.supports_masking = True
        self.l1, self.l2 = l1, l2

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape
