"""What a layer demands of its inputs."""

from __future__ import annotations

from typing import Any

from . import nest
from .dtypes import as_dtype
from .shapes import as_shape


class InputSpec:
    """What a layer demands of an input (TF1 symbol: `tf.layers.InputSpec`).

    Args:
        dtype: its type.
        shape: its sizes; None fits any.
        ndim, min_ndim, max_ndim: its rank, and the bounds of it.
        axes: sizes along some axes, by axis.
    """

    def __init__(
        self,
        dtype: Any = None,
        shape: Any = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: dict[int, Any] | None = None,
    ) -> None:
        self.dtype, self.shape = dtype, shape
        self.ndim = len(shape) if shape is not None else ndim
        self.max_ndim, self.min_ndim = max_ndim, min_ndim
        self.axes = axes or {}

    def __repr__(self) -> str:
        given = {name: value for name, value in vars(self).items() if value}
        return f"InputSpec({', '.join(f'{name}={value}' for name, value in given.items())})"


def check_inputs(input_spec: Any, inputs: Any, layer_name: str) -> None:
    """Raise a ValueError that says which input of a layer is not what it demands."""
    if not input_spec:
        return
    specs, leaves = nest.flatten(input_spec), nest.flatten(inputs)
    if len(leaves) != len(specs):
        raise ValueError(
            f"Layer {layer_name} expects {len(specs)} inputs, but it received {len(leaves)} input tensors. "
            f"Inputs received: {inputs}"
        )
    for index, (leaf, spec) in enumerate(zip(leaves, specs, strict=True)):
        problem = None if spec is None else _problem(spec, leaf)
        if problem:
            raise ValueError(f"Input {index} of layer {layer_name} is incompatible with the layer: {problem}")
        if spec is not None and spec.shape is not None:
            shape = as_shape(leaf.shape)
            if shape.ndims is not None and not as_shape(spec.shape).is_compatible_with(shape):
                raise ValueError(
                    f"Input {index} is incompatible with layer {layer_name}: expected shape={spec.shape}, "
                    f"found shape={shape.as_list()}"
                )


def _problem(spec: InputSpec, leaf: Any) -> str | None:
    """What is wrong with an input's rank, type or sizes; None where nothing is."""
    shape = as_shape(leaf.shape)
    rank = shape.ndims
    if rank is None and (spec.axes or (spec.ndim, spec.min_ndim, spec.max_ndim) != (None, None, None)):
        return "its rank is undefined, but the layer requires a defined rank."
    if rank is not None:
        received = f"found ndim={rank}. Full shape received: {shape.as_list()}"
        if spec.ndim is not None and rank != spec.ndim:
            return f"expected ndim={spec.ndim}, {received}"
        if spec.max_ndim is not None and rank > spec.max_ndim:
            return f"expected max_ndim={spec.max_ndim}, {received}"
        if spec.min_ndim is not None and rank < spec.min_ndim:
            return f"expected min_ndim={spec.min_ndim}, {received}"
    if spec.dtype is not None and as_dtype(leaf.dtype).base_dtype != as_dtype(spec.dtype):
        return f"expected dtype={spec.dtype}, found dtype={leaf.dtype}"
    for axis, size in spec.axes.items():
        wanted, sizes = getattr(size, "value", size), shape.as_list()
        if wanted is not None and sizes[int(axis)] not in (wanted, None):
            return (
                f"expected axis {axis} of input shape to have value {wanted} but received input with shape "
                f"{sizes}"
            )
    return None
