"""Tensors passed on with a check, seen as another type, or printed; static values; numbers of elements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from .. import registry
from ..dtypes import as_dtype, float32, float64, int32
from ..errors import InvalidArgumentError
from ..graph import get_default_graph, name_scope
from ..registry import OutputTypes, ShapeMismatch, constant_value, register
from ..shapes import Dimension, TensorShape, as_shape
from ..tensor import Operation, Tensor
from .control import group, with_dependencies
from .core import convert_to_tensor, make, one


def _type(tensor: Tensor) -> Any:
    return tensor.dtype.base_dtype


# -- finite numbers
def _check_numerics(run: Any, operation: Operation, x: torch.Tensor) -> torch.Tensor:
    if not torch.isfinite(x.detach()).all():
        nan, infinite = bool(torch.isnan(x).any()), bool(torch.isinf(x).any())
        found = " and ".join([text for text, there in (("Inf", infinite), ("NaN", nan)) if there])
        message = operation.attributes["message"]
        raise InvalidArgumentError(
            None,
            operation,
            f"{message} : Tensor had {found} values\n\t [[node {operation.name} (CheckNumerics)]]",
        )
    return x


register("CheckNumerics", _check_numerics, registry.same, stateful=True)


def check_numerics(tensor: Any, message: str, name: str | None = None) -> Tensor:
    """The tensor, checked to be finite where it is run (TF1 symbol: `tf.check_numerics`).

    Raises:
        tf.errors.InvalidArgumentError: where it is run: NaN or Inf.
    """
    x = convert_to_tensor(tensor, name="tensor")
    if not x.dtype.is_floating:
        raise TypeError(
            f"Value passed to parameter 'tensor' has DataType {_type(x).name} not in list of allowed values: "
            "bfloat16, float16, float32, float64"
        )
    return one("CheckNumerics", [x], name or "CheckNumerics", message=str(message))


def verify_tensor_all_finite(
    t: Any = None, msg: Any = None, name: str | None = None, x: Any = None, message: Any = None
) -> Tensor:
    """The tensor, checked to be finite (TF1 symbol: `tf.verify_tensor_all_finite`)."""
    given, text = t if x is None else x, msg if message is None else message
    with name_scope(name, "VerifyFinite", [given]):
        tensor = convert_to_tensor(given, name="t")
        checked = check_numerics(tensor, text)
        return with_dependencies([checked], tensor)


def add_check_numerics_ops() -> Operation:
    """An operation that checks every float of the graph (TF1 symbol: `tf.add_check_numerics_ops`)."""
    checks = []
    for operation in list(get_default_graph().get_operations()):
        for output in operation.outputs:
            if output.dtype.is_floating and operation.type not in ("VariableV2", "CheckNumerics"):
                text = f"{operation.name}:{output.value_index}"
                checks.append(check_numerics(output, text).op)
    return group(*checks)


# -- shapes
def _ensure(x: Any, shape: TensorShape) -> Any:
    if not shape.is_compatible_with(list(x.shape)):
        raise ValueError(
            f"Shape of tensor {list(x.shape)} is not compatible with expected shape {shape.bracketed()}."
        )
    return x


def _ensure_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    return [(_type(inputs[0]), inputs[0].shape.merge_with(attributes["shape"]))]


register("EnsureShape", _ensure, _ensure_rule)


def ensure_shape(x: Any, shape: Any, name: str | None = None) -> Tensor:
    """The tensor, checked to have a shape where it is run (TF1 symbol: `tf.ensure_shape`)."""
    return one(
        "EnsureShape", [convert_to_tensor(x, name="input")], name or "EnsureShape", shape=as_shape(shape)
    )


def shape_n(input: Sequence[Any], out_type: Any = int32, name: str | None = None) -> list[Tensor]:
    """The shapes of several tensors (TF1 symbol: `tf.shape_n`)."""
    tensors = [convert_to_tensor(item) for item in input]
    return make("ShapeN", tensors, name or "ShapeN", out_type=as_dtype(out_type).name).outputs


register(
    "ShapeN",
    lambda *tensors, out_type: [
        torch.tensor(list(x.shape), dtype=as_dtype(out_type).torch_dtype) for x in tensors
    ],
    lambda inputs, attributes: [
        (as_dtype(attributes["out_type"]), TensorShape([x.shape.ndims])) for x in inputs
    ],
    differentiable=False,
)


def dimension_value(dimension: Any) -> Any:
    """The number of a static size; None where it is unknown (TF1 symbol: `tf.dimension_value`)."""
    return dimension.value if isinstance(dimension, Dimension) else dimension


def dimension_at_index(shape: TensorShape, index: int) -> Dimension:
    """A static size of a shape (TF1 symbol: `tf.dimension_at_index`)."""
    return Dimension(None) if shape.ndims is None else shape[index]


def get_static_value(tensor: Any, partial: bool = False) -> Any:
    """The value of a constant expression, else None (TF1 symbol: `tf.get_static_value`)."""
    return constant_value(tensor) if isinstance(tensor, Tensor) else np.asarray(tensor)


# -- seen as another type
def _bitcast_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    wanted, shape = as_dtype(attributes["type"]), inputs[0].shape
    given = _type(inputs[0])
    if wanted.size == given.size or shape.known is None:
        return [(wanted, shape)]
    if given.size > wanted.size:
        return [(wanted, shape.concatenate([given.size // wanted.size]))]
    if not shape.known or shape.known[-1] not in (None, wanted.size // given.size):
        raise ShapeMismatch(
            f"Cannot bitcast due to shape. {shape.known[-1:]} is not {wanted.size // given.size}"
        )
    return [(wanted, shape[:-1])]


def _bitcast(x: torch.Tensor, type: str) -> torch.Tensor:
    wanted = as_dtype(type).torch_dtype
    given = x.element_size()
    size = torch.empty(0, dtype=wanted).element_size()
    x = x.contiguous()
    if size < given:
        return x.unsqueeze(-1).view(wanted)
    return x.view(wanted).squeeze(-1) if size > given else x.view(wanted)


register("Bitcast", _bitcast, _bitcast_rule, differentiable=False)


def bitcast(input: Any, type: Any, name: str | None = None) -> Tensor:
    """The bytes of a tensor as another type (TF1 symbol: `tf.bitcast`)."""
    return one(
        "Bitcast", [convert_to_tensor(input, name="input")], name or "Bitcast", type=as_dtype(type).name
    )


# -- numbers in a row
def _lin_space(start: torch.Tensor, stop: torch.Tensor, num: torch.Tensor) -> torch.Tensor:
    if int(num) <= 0:
        raise ValueError(f"Requires num > 0: {int(num)}")
    return torch.linspace(float(start), float(stop), int(num), dtype=start.dtype)


def _lin_space_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    count = constant_value(inputs[2])
    return [(_type(inputs[0]), TensorShape([None if count is None else int(count)]))]


register("LinSpace", _lin_space, _lin_space_rule, differentiable=False)


def lin_space(start: Any, stop: Any, num: Any, name: str | None = None) -> Tensor:
    """`num` numbers at equal distances, both ends included (TF1 symbol: `tf.lin_space`)."""
    with name_scope(name, "LinSpace", [start, stop, num]) as scope:
        first = convert_to_tensor(start, name="start", preferred_dtype=float32)
        if _type(first) not in (float32, float64):
            raise TypeError(
                f"Value passed to parameter 'start' has DataType {_type(first).name} not in list of allowed "
                "values: bfloat16, float32, float64"
            )
        last = convert_to_tensor(stop, _type(first), name="stop")
        return one("LinSpace", [first, last, convert_to_tensor(num, int32, name="num")], scope)
