"""Making nodes from Python values: constants, conversion, placeholders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from .. import registry
from ..dtypes import DType, as_dtype, int32
from ..errors import InvalidArgumentError
from ..graph import get_default_graph, name_scope
from ..shapes import Dimension, TensorShape, as_shape
from ..tensor import Operation, Tensor


def make(op_type: str, inputs: Any, name: str | None = None, **attributes: Any) -> Operation:
    """Add a node to the default graph, or to its inputs' graph where that is another."""
    graph = get_default_graph()
    for tensor in inputs:
        if tensor.op.graph is not graph:
            if graph.outer is None and tensor.op.graph.outer is None:
                with tensor.op.graph.as_default():
                    return tensor.op.graph.create_operation(op_type, inputs, attributes, name)
            break
    return graph.create_operation(op_type, inputs, attributes, name)


def one(op_type: str, inputs: Any, name: str | None = None, **attributes: Any) -> Tensor:
    return make(op_type, inputs, name, **attributes).outputs[0]


def numpy_value(value: Any, dtype: DType | None = None) -> np.ndarray:
    """A constant's value as numpy: Python floats are float32, Python ints int32, numpy values keep their
    types.
    """
    if value is None:
        raise ValueError("None values not supported.")
    if isinstance(value, (Dimension, TensorShape)):
        value = _sizes(value)
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
    is_numpy = isinstance(value, (np.ndarray, np.generic))
    if not is_numpy and isinstance(value, (list, tuple)):
        value = [_sizes(item) if isinstance(item, (Dimension, TensorShape)) else item for item in value]
    strings = string_array(value)
    if strings is not None:
        if dtype is not None and dtype.base_dtype.name != "string":
            raise TypeError(
                f"Expected {dtype.base_dtype.name}, got {value!r} of type '{type(value).__name__}' instead."
            )
        return strings
    try:
        array = np.array(value)
    except ValueError as problem:
        raise ValueError(
            f"Argument must be a dense tensor: {value!r} is a nest of uneven lengths ({problem})."
        ) from None
    if array.dtype == object or array.dtype.kind in "US":
        raise TypeError(
            f"Failed to convert object of type {type(value)} to Tensor. Contents: {value!r}. "
            "Numbers, booleans, strings, and nests and arrays of them are what there is here."
        )
    if dtype is not None and dtype.base_dtype.name == "string":
        if not array.size and not is_numpy:  # an empty list is one of strings as well
            return np.empty(array.shape, dtype=object)
        raise TypeError(f"Expected string, got {value!r} of type '{type(value).__name__}' instead.")
    if dtype is None:
        if not is_numpy and array.dtype == np.float64:
            array = array.astype(np.float32)
        elif not is_numpy and array.dtype == np.int64 and _fits_int32(array):
            array = array.astype(np.int32)
        return array
    if dtype.base_dtype.torch_dtype is torch.bfloat16:
        return array.astype(np.float32)
    _check_kind(array, value, dtype, is_numpy)
    return array.astype(dtype.as_numpy_dtype)


def string_array(value: Any) -> np.ndarray | None:
    """Strings, and nests and arrays of nothing else, as an array of objects, which are bytes; None for the
    rest.
    """
    # numpy's own types of text would drop the zero bytes at the end of a string.
    first = value
    while isinstance(first, (list, tuple)) and first:
        first = first[0]
    if (
        not isinstance(first, (str, bytes, np.ndarray))
        or getattr(first, "dtype", np.dtype("S")).kind not in "OSU"
    ):
        return None
    try:
        array = np.array(value, dtype=object)
    except ValueError:
        return None
    found = np.empty(array.shape, dtype=object)
    for index, item in np.ndenumerate(array):
        if not isinstance(item, (str, bytes)):
            return None
        found[index] = item.encode() if isinstance(item, str) else bytes(item)
    return found


def _sizes(value: Any) -> Any:
    if isinstance(value, Dimension):
        if value.value is None:
            raise ValueError("Cannot convert an unknown Dimension to a Tensor: ?")
        return value.value
    if not value.is_fully_defined():
        raise ValueError(f"Cannot convert a partially known TensorShape to a Tensor: {value}")
    return value.as_list()


def _fits_int32(array: np.ndarray) -> bool:
    return array.size == 0 or (array.min() >= -(2**31) and array.max() < 2**31)


def _check_kind(array: np.ndarray, value: Any, dtype: DType, is_numpy: bool) -> None:
    kind = array.dtype.kind
    bad = (
        (dtype.is_integer and kind in "fcb" and not is_numpy and array.size > 0)
        or (dtype.is_bool and kind != "b" and not is_numpy and array.size > 0)
        or (dtype.is_floating and kind in "bc" and not is_numpy)
    )
    if bad:
        first = array.reshape(-1)[0].item() if array.size else value
        raise TypeError(
            f"Expected {dtype.base_dtype.name}, got {value!r} of type '{type(first).__name__}' instead."
        )


def constant(
    value: Any, dtype: Any = None, shape: Any = None, name: str = "Const", verify_shape: bool = False
) -> Tensor:
    """A node that always gives the same value (TF1 symbol: `tf.constant`).

    A scalar, or a value with fewer elements than `shape`, is repeated to fill it (its last element is).

    >>> print(constant([[1, 2]], name="a"))
    Tensor("a:0", shape=(1, 2), dtype=int32)
    """
    wanted = None if dtype is None else as_dtype(dtype).base_dtype
    array = numpy_value(value, wanted)
    if shape is not None:
        sizes = [int(size) for size in as_shape(shape).as_list() if size is not None]
        if verify_shape and tuple(sizes) != array.shape:
            raise TypeError(f"Expected Tensor's shape: {tuple(sizes)}, got {array.shape}.")
        count = int(np.prod(sizes, dtype=np.int64))
        if count == 0 and array.ndim == 0:
            array = np.empty(sizes, array.dtype)
        if array.size > count:
            raise ValueError(f"Too many elements provided. Needed at most {count}, but received {array.size}")
        if array.size == 0 and count > 0:
            raise ValueError(f"A constant of shape {tuple(sizes)} needs at least one value.")
        flat = array.reshape(-1)
        padding = np.full(count - flat.size, flat[-1], array.dtype) if count > flat.size else flat[:0]
        array = np.concatenate([flat, padding]).reshape(sizes)
    return one("Const", (), name, value=array, dtype=(wanted or as_dtype(array.dtype)).name)


def convert_to_tensor(
    value: Any,
    dtype: Any = None,
    name: str | None = None,
    preferred_dtype: Any = None,
    dtype_hint: Any = None,
    as_ref: bool = False,
) -> Tensor:
    """A Tensor for a tensor, a variable, a number, an array, or a list that may hold tensors.

    TF1 symbol: `tf.convert_to_tensor`.

    Raises:
        ValueError: a tensor of another type than `dtype`.
        TypeError: a value that cannot be a tensor of that type.
    """
    wanted = None if dtype is None else as_dtype(dtype).base_dtype
    to_tensor = getattr(value, "_to_tensor", None)
    if to_tensor is not None:
        value = to_tensor(as_ref)
    if _CONVERSIONS and not isinstance(value, (Tensor, Operation)):
        value = _converted(value, wanted, name, as_ref)
    if isinstance(value, Operation):
        raise TypeError(
            f"Can't convert Operation '{value.name}' to Tensor (target dtype={wanted}, name={name!r}, "
            f"as_ref={as_ref})"
        )
    if isinstance(value, Tensor):
        if wanted is not None and value.dtype.base_dtype is not wanted:
            raise ValueError(
                f"Tensor conversion requested dtype {wanted.name} for Tensor with dtype "
                f"{value.dtype.base_dtype.name}: {value!r}"
            )
        return value
    hint = preferred_dtype if preferred_dtype is not None else dtype_hint
    if isinstance(value, (list, tuple)) and holds_tensor(value):
        from .lists import stack

        first = wanted or _first_dtype(value)
        return stack([convert_to_tensor(item, first) for item in value], name=name or "packed")
    if wanted is None and hint is not None:
        try:
            return constant(value, hint, name=name or "Const")
        except (TypeError, ValueError):
            return constant(value, name=name or "Const")
    return constant(value, wanted, name=name or "Const")


_CONVERSIONS: list[tuple[int, Any, Callable[..., Any]]] = []
"""What `tf.register_tensor_conversion_function` was told: priority, types, function."""


def register_tensor_conversion_function(base_type: Any, conversion_func: Any, priority: int = 100) -> None:
    """Have values of a type of one's own taken as tensors.

    TF1 symbol: `tf.register_tensor_conversion_function`.

    Args:
        base_type: a type, or a tuple of them.
        conversion_func: `conversion_func(value, dtype, name, as_ref)` gives a tensor, or NotImplemented.
        priority: those of lower numbers are asked first.

    Raises:
        TypeError: no type, or nothing that can be called.
    """
    kinds = base_type if isinstance(base_type, tuple) else (base_type,)
    if not all(isinstance(kind, type) for kind in kinds):
        raise TypeError("base_type must be a type or a tuple of types.")
    if not callable(conversion_func):
        raise TypeError("conversion_func must be callable.")
    _CONVERSIONS.append((priority, kinds, conversion_func))
    _CONVERSIONS.sort(key=lambda row: row[0])


def _converted(value: Any, wanted: DType | None, name: str | None, as_ref: bool) -> Any:
    for _, kinds, convert in _CONVERSIONS:
        if isinstance(value, kinds):
            found = convert(value, dtype=wanted, name=name, as_ref=as_ref)
            if found is not NotImplemented:
                return found
    return value


def holds_tensor(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(holds_tensor(item) for item in value)
    return isinstance(value, Tensor) or hasattr(value, "_to_tensor")


def _first_dtype(value: Any) -> DType | None:
    for item in value:
        if isinstance(item, (list, tuple)):
            found = _first_dtype(item)
            if found is not None:
                return found
        elif holds_tensor(item):
            return item.dtype.base_dtype
    return None


def same_type(op_type: str, first: Tensor, second: Tensor, name: str = "y", of: str = "x") -> None:
    if first.dtype.base_dtype is not second.dtype.base_dtype:
        raise TypeError(
            f"Input '{name}' of '{op_type}' Op has type {second.dtype.base_dtype.name} that does not match "
            "type "
            f"{first.dtype.base_dtype.name} of argument '{of}'."
        )


def shape_tensor(shape: Any, name: str = "shape") -> Tensor:
    """A shape argument as an int tensor: it may be a tensor, or a list that holds some."""
    if isinstance(shape, TensorShape):
        shape = shape.as_list()
    if isinstance(shape, (list, tuple)) and not holds_tensor(shape):
        shape = [_sizes(size) if isinstance(size, Dimension) else size for size in shape]
        return constant(np.array(shape, np.int32), name=name)
    return convert_to_tensor(shape, name=name, preferred_dtype=int32)


def placeholder(dtype: Any, shape: Any = None, name: str | None = None) -> Tensor:
    """A value that must be fed (TF1 symbol: `tf.placeholder`); a None in `shape` fits any size.

    >>> print(placeholder("float32", [None, 2], name="x"))
    Tensor("x:0", shape=(?, 2), dtype=float32)
    """
    return one("Placeholder", (), name, dtype=as_dtype(dtype).name, shape=as_shape(shape))


def placeholder_with_default(input: Any, shape: Any, name: str | None = None) -> Tensor:
    """A value that may be fed (TF1 symbol: `tf.placeholder_with_default`)."""
    with name_scope(name, "PlaceholderWithDefault", [input]) as scope:
        default = convert_to_tensor(input, name="input")
        return one(
            "PlaceholderWithDefault", [default], scope, dtype=default.dtype.name, shape=as_shape(shape)
        )


def _unfed(run: Any, operation: Operation) -> Any:
    shape, dtype = operation.attributes["shape"], as_dtype(operation.attributes["dtype"])
    of_shape = f" and shape {shape.bracketed()}" if shape.ndims is not None else ""
    raise InvalidArgumentError(
        None,
        operation,
        f"You must feed a value for placeholder tensor '{operation.name}' with dtype "
        f"{dtype.message_name}{of_shape}\n"
        f"\t [[node {operation.name} ({operation.type})]]",
    )


def _unbound(run: Any, operation: Operation) -> Any:
    raise InvalidArgumentError(
        None, operation, f"The loop gave no value for its argument '{operation.name}'."
    )


def _constant_rule(inputs: Any, attributes: dict[str, Any]) -> registry.OutputTypes:
    return [(as_dtype(attributes["dtype"]), TensorShape(attributes["value"].shape))]


def constant_tensor(value: np.ndarray, dtype: str) -> Any:
    if dtype == "string":
        return value
    return torch.from_numpy(np.array(value)).to(as_dtype(dtype).torch_dtype)


registry.register("Const", constant_tensor, _constant_rule, differentiable=False)
registry.register("Placeholder", _unfed, registry.declared, stateful=True)
registry.register("Argument", _unbound, registry.declared, stateful=True)
registry.register("PlaceholderWithDefault", lambda x, **_: x, registry.declared)
