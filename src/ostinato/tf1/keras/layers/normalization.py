"""Batch normalisation, with moving averages for when there is no batch to take them of."""

from __future__ import annotations

from typing import Any

from ... import nn as tf_nn
from ...dtypes import as_dtype, float32
from ...graph import control_dependencies, name_scope
from ...input_spec import InputSpec
from ...ops import array, state
from ...ops.core import constant, convert_to_tensor
from ...ops.math import cast, maximum, minimum, sqrt
from ...ops.nn import relu
from ...ops.reductions import reduce_mean
from ...shapes import TensorShape
from ...smart_cond import smart_cond, smart_constant_value
from ...tensor import Tensor
from ...variable_options import VariableAggregation, VariableSynchronization
from ..learning_phase import learning_phase
from .configured import Configured, settle


class BatchNormalization(Configured):
    """Values of mean 0 and variance 1 along some axes, scaled and shifted (TF1 symbol:
    `tf.keras.layers.BatchNormalization`).

    Source: Ioffe and Szegedy, "Batch normalization" (2015); Ioffe, "Batch renormalization" (2017).

    Args:
        axis: the axis, or axes, whose places are normalised each by itself.
        momentum: of the moving averages.
        epsilon: is added to the variance.
        center, scale: whether there are `beta` and `gamma`.
        renorm, renorm_clipping, renorm_momentum: corrects a batch's statistics by their moving averages.
        fused: None is one node for images, where it can be.
        virtual_batch_size: normalises that many rows at a time.
        adjustment: a function of the shape that gives a scale and a shift while training.

    Raises:
        ValueError: axes that the inputs do not have, or arguments that do not go together.
        TypeError: an axis that is neither an integer nor a list.
    """

    _not_configured = ("rank", "fused", "virtual_batch_size", "adjustment")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make a layer like this one; those of renormalisation where it is done."""
        config = super().get_config()
        return {key: value for key, value in config.items() if self.renorm or not key.startswith("renorm")}

    def __init__(
        self,
        axis: Any = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: Any = None,
        renorm_momentum: float = 0.99,
        fused: bool | None = None,
        trainable: bool = True,
        virtual_batch_size: int | None = None,
        adjustment: Any = None,
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, trainable=trainable, **kwargs)
        if not isinstance(axis, (int, list, tuple)):
            raise TypeError(f"axis must be int or list, type given: {type(axis)}")
        self.axis: Any = axis if isinstance(axis, int) else list(axis)
        self.momentum, self.epsilon, self.center, self.scale = momentum, epsilon, center, scale
        settle(self, locals())
        self.renorm, self.renorm_clipping = renorm, renorm_clipping or {}
        self.renorm_momentum = renorm_momentum
        if set(self.renorm_clipping) - {"rmax", "rmin", "dmax"}:
            raise ValueError(
                f"renorm_clipping {renorm_clipping} contains keys not in ['rmax', 'rmin', 'dmax']"
            )
        self.virtual_batch_size, self.adjustment = virtual_batch_size, adjustment
        self.fused = True if fused is None else fused
        self.supports_masking = True
        self.beta: Any = None
        self.gamma: Any = None

    def _can_be_fused(self) -> bool:
        return (
            not self.renorm
            and self.axis in ([1], [3])
            and self.virtual_batch_size is None
            and self.adjustment is None
        )

    @property
    def _kind(self) -> Any:
        kind = as_dtype(self.dtype or float32)
        return float32 if kind.name in ("float16", "bfloat16") else kind

    # -- variables
    def build(self, input_shape: Any) -> None:
        shape = TensorShape(input_shape)
        if not shape.ndims:
            raise ValueError("Input has undefined rank:", shape)
        sizes, rank = shape.as_list(), shape.ndims
        axes = [self.axis] if isinstance(self.axis, int) else self.axis
        self.axis = [axis + rank if axis < 0 else axis for axis in axes]
        for axis in self.axis:
            if not 0 <= axis < rank:
                raise ValueError(f"Invalid axis: {axis}")
        if len(self.axis) != len(set(self.axis)):
            raise ValueError(f"Duplicate axis: {self.axis}")
        self._check_virtual()
        self.fused = bool(self.fused and rank == 4 and self._can_be_fused())
        known = {axis: sizes[axis] for axis in self.axis}
        if None in known.values():
            raise ValueError("Input has undefined `axis` dimension. Input shape: ", shape)
        self.input_spec = InputSpec(ndim=rank, axes=known)
        if len(known) == 1 and self.virtual_batch_size is None:
            parameters: list[Any] = list(known.values())
        else:
            parameters = [known.get(axis, 1) for axis in range(rank)]
            if self.virtual_batch_size is not None:
                parameters.insert(1, 1)
                self.axis = [axis + 1 for axis in self.axis]
        self._parameters = parameters
        if self.scale:
            self.gamma = self._trained("gamma")
        if self.center:
            self.beta = self._trained("beta")
        scope = getattr(self, "_scope", None)
        partitioner = scope.partitioner if scope is not None else None
        if scope is not None:
            scope.set_partitioner(None)
        try:
            self._make_averages()
        finally:
            if partitioner is not None and scope is not None:
                scope.set_partitioner(partitioner)
        self.built = True

    def _check_virtual(self) -> None:
        if self.virtual_batch_size is None:
            return
        if self.virtual_batch_size <= 0:
            raise ValueError(
                "virtual_batch_size must be a positive integer that divides the true batch size of the input "
                "Tensor"
            )
        if 0 in self.axis:
            raise ValueError(
                "When using virtual_batch_size, the batch dimension must be 0 and thus axis cannot include 0"
            )
        if self.adjustment is not None:
            raise ValueError("When using virtual_batch_size, adjustment cannot be specified")

    def _trained(self, name: str) -> Any:
        return self.add_weight(
            name=name,
            shape=self._parameters,
            dtype=self._kind,
            initializer=getattr(self, f"{name}_initializer"),
            regularizer=getattr(self, f"{name}_regularizer"),
            constraint=getattr(self, f"{name}_constraint"),
            trainable=True,
        )

    def _average(self, name: str, initializer: Any, shape: Any = None) -> Any:
        return self.add_weight(
            name=name,
            shape=self._parameters if shape is None else shape,
            dtype=self._kind,
            initializer=initializer,
            synchronization=VariableSynchronization.ON_READ,
            trainable=False,
            aggregation=VariableAggregation.MEAN,
        )

    def _make_averages(self) -> None:
        self.moving_mean = self._average("moving_mean", self.moving_mean_initializer)
        self.moving_variance = self._average("moving_variance", self.moving_variance_initializer)
        if self.renorm:

            def stddev_initializer(*args: Any, **kwargs: Any) -> Tensor:
                return sqrt(self.moving_variance_initializer(*args, **kwargs))

            self.moving_stddev = self._average("moving_stddev", stddev_initializer)
            self.renorm_mean = self._average("renorm_mean", self.moving_mean_initializer)
            self.renorm_stddev = self._average("renorm_stddev", stddev_initializer)

    # -- updates
    def _moved(self, variable: Any, value: Any, momentum: Any) -> Any:
        """The operation that brings a moving average nearer to a value."""
        with name_scope("AssignMovingAvg") as scope:
            kind = variable.dtype.base_dtype
            decay = cast(convert_to_tensor(1.0 - momentum, name="decay"), kind)
            delta = (variable - cast(value, kind)) * decay
            return state.assign_sub(variable, delta, name=scope)

    def _moved_variance(self, variance: Any, momentum: Any) -> Any:
        if not self.renorm:
            return self._moved(self.moving_variance, variance, momentum)
        stddev = self._moved(self.moving_stddev, sqrt(variance + self.epsilon), momentum)
        with name_scope("AssignNewValue") as scope:
            # Rounding could make it negative.
            return state.assign(self.moving_variance, relu(stddev * stddev - self.epsilon), name=scope)

    def _fused(self, inputs: Any, training: Any) -> Tensor:
        letters = "NCHW" if self.axis == [1] else "NHWC"
        beta = self.beta if self.center else constant(0.0, self._kind, shape=self._parameters)
        gamma = self.gamma if self.scale else constant(1.0, self._kind, shape=self._parameters)

        def of_batch() -> Any:
            return tf_nn.fused_batch_norm(inputs, gamma, beta, epsilon=self.epsilon, data_format=letters)

        def of_averages() -> Any:
            return tf_nn.fused_batch_norm(
                inputs,
                gamma,
                beta,
                mean=self.moving_mean,
                variance=self.moving_variance,
                epsilon=self.epsilon,
                is_training=False,
                data_format=letters,
            )

        output, mean, variance = smart_cond(training, of_batch, of_averages)
        known = smart_constant_value(training)
        if known is not False:
            momentum: Any = self.momentum
            if known is None:
                momentum = smart_cond(training, lambda: constant(self.momentum), lambda: constant(1.0))
            self.add_update(lambda: self._moved(self.moving_mean, mean, momentum), inputs=inputs)
            self.add_update(lambda: self._moved_variance(variance, momentum), inputs=inputs)
        return output

    def _renormalized(self, mean: Any, variance: Any, training: Any) -> Any:
        """(r, d, mean, variance): the corrections of a batch's statistics by the moving ones."""
        stddev = sqrt(variance + self.epsilon)
        known_stddev = maximum(convert_to_tensor(self.renorm_stddev), self.epsilon**0.5)
        r = stddev / known_stddev
        d = (mean - self.renorm_mean) / known_stddev
        with control_dependencies([r, d]):  # the corrections are of the averages before this batch
            mean, stddev = array.identity(mean), array.identity(stddev)
        rmin, rmax, dmax = (self.renorm_clipping.get(key) for key in ("rmin", "rmax", "dmax"))
        r = r if rmin is None else maximum(r, rmin)
        r = r if rmax is None else minimum(r, rmax)
        d = d if dmax is None else minimum(maximum(d, -dmax), dmax)
        r = smart_cond(training, lambda: r, lambda: array.ones_like(r))
        d = smart_cond(training, lambda: d, lambda: array.zeros_like(d))

        def updated(variable: Any, value: Any) -> Any:
            value = array.identity(value)
            return smart_cond(
                training,
                lambda: convert_to_tensor(self._moved(variable, value, self.renorm_momentum)),
                lambda: array.identity(variable),
            )

        updates = [updated(self.renorm_mean, mean), updated(self.renorm_stddev, stddev)]
        with control_dependencies(updates):
            return r, d, array.identity(mean), array.identity(variance)

    # -- calling
    def call(self, inputs: Any, training: Any = None) -> Tensor:
        training = learning_phase() if training is None else training
        shape = inputs.shape
        if self.virtual_batch_size is not None:
            inner = shape.as_list()[1:]
            rows = array.reshape(inputs, [self.virtual_batch_size, -1, *inner])
            outputs = array.reshape(self._normalized(rows, training), [-1, *inner])
        elif self.fused:
            outputs = self._fused(inputs, training)
        else:
            outputs = self._normalized(inputs, training)
        outputs.set_shape(shape)
        return outputs

    def _normalized(self, inputs: Any, training: Any) -> Tensor:
        sizes, rank = inputs.shape.as_list(), inputs.shape.ndims
        over = [axis for axis in range(rank) if axis not in self.axis]
        if self.virtual_batch_size is not None:
            del over[1]
        wide = [1] * rank
        wide[self.axis[0]] = sizes[self.axis[0]]

        def spread(value: Any) -> Any:
            """Parameters in the shape in which they broadcast."""
            if value is not None and len(value.shape) != rank and over != list(range(rank - 1)):
                return array.reshape(value, wide)
            return value

        def composed(scale: Any, offset: Any, then_scale: Any, then_offset: Any) -> Any:
            if then_scale is not None:
                scale, offset = scale * then_scale, offset * then_scale
            return scale, offset if then_offset is None else offset + then_offset

        scale, offset = spread(self.gamma), spread(self.beta)
        if smart_constant_value(training) is False:
            mean, variance = self.moving_mean, self.moving_variance
        else:
            if self.adjustment is not None:
                more, shift = self.adjustment(array.shape(inputs))
                more = smart_cond(training, lambda: more, lambda: array.ones_like(more))
                shift = smart_cond(training, lambda: shift, lambda: array.zeros_like(shift))
                scale, offset = composed(more, shift, scale, offset)
            keep = self.virtual_batch_size is not None or len(self.axis) > 1
            batch_mean, batch_variance = tf_nn.moments(cast(inputs, self._kind), over, keep_dims=keep)
            mean = smart_cond(training, lambda: batch_mean, lambda: convert_to_tensor(self.moving_mean))
            variance = smart_cond(
                training, lambda: batch_variance, lambda: convert_to_tensor(self.moving_variance)
            )
            new_mean, new_variance = mean, variance
            if self.virtual_batch_size is not None:
                new_mean = reduce_mean(mean, axis=1, keepdims=True)
                new_variance = reduce_mean(variance, axis=1, keepdims=True)
            if self.renorm:
                r, d, new_mean, new_variance = self._renormalized(new_mean, new_variance, training)
                r = spread(array.stop_gradient(r, name="renorm_r"))
                d = spread(array.stop_gradient(d, name="renorm_d"))
                scale, offset = composed(r, d, scale, offset)
            self._update_averages(new_mean, new_variance, training, inputs)
        kind = inputs.dtype.base_dtype
        return tf_nn.batch_normalization(
            inputs,
            spread(cast(mean, kind)),
            spread(cast(variance, kind)),
            None if offset is None else cast(offset, kind),
            None if scale is None else cast(scale, kind),
            self.epsilon,
        )

    def _update_averages(self, mean: Any, variance: Any, training: Any, inputs: Any) -> None:
        def mean_update() -> Any:
            return smart_cond(
                training,
                lambda: convert_to_tensor(self._moved(self.moving_mean, mean, self.momentum)),
                lambda: convert_to_tensor(self.moving_mean),
            )

        def variance_update() -> Any:
            return smart_cond(
                training,
                lambda: convert_to_tensor(self._moved_variance(variance, self.momentum)),
                lambda: convert_to_tensor(self.moving_variance),
            )

        self.add_update(mean_update, inputs=inputs)
        self.add_update(variance_update, inputs=inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


class LayerNormalization(Configured):
    """Values of mean 0 and variance 1 within each row, scaled and shifted (TF1 symbol:
    `tf.keras.layers.LayerNormalization`).
    """

    def __init__(
        self,
        axis: Any = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        trainable: bool = True,
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, trainable=trainable, **kwargs)
        self.axis = list(axis) if isinstance(axis, (list, tuple)) else axis
        self.epsilon, self.center, self.scale = epsilon, center, scale
        settle(self, locals())
        self.supports_masking = True
        self.beta: Any = None
        self.gamma: Any = None

    def build(self, input_shape: Any) -> None:
        sizes = TensorShape(input_shape).as_list()
        axes = [self.axis] if isinstance(self.axis, int) else self.axis
        self.axis = [axis % len(sizes) for axis in axes]
        shape = [sizes[axis] for axis in self.axis]
        for name, is_there in (("gamma", self.scale), ("beta", self.center)):
            if is_there:
                weight = self.add_weight(
                    name=name,
                    shape=shape,
                    initializer=getattr(self, f"{name}_initializer"),
                    regularizer=getattr(self, f"{name}_regularizer"),
                    constraint=getattr(self, f"{name}_constraint"),
                )
                setattr(self, name, weight)
        self.built = True

    def call(self, inputs: Any) -> Tensor:
        sizes = inputs.shape.as_list()
        wide = [size if axis in self.axis else 1 for axis, size in enumerate(sizes)]
        mean, variance = tf_nn.moments(inputs, self.axis, keep_dims=True)
        scale = None if self.gamma is None else array.reshape(self.gamma, wide)
        offset = None if self.beta is None else array.reshape(self.beta, wide)
        outputs = tf_nn.batch_normalization(inputs, mean, variance, offset, scale, self.epsilon)
        outputs.set_shape(inputs.shape)
        return outputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape
