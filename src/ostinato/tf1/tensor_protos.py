"""Values as tensor messages, and back (TF1 symbols: `tf.make_tensor_proto`, `tf.make_ndarray`)."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np

from .dtypes import DType, as_dtype
from .graph_messages import DataType, TensorProto, TensorShapeProto
from .ops.core import numpy_value
from .shapes import TensorShape

_LABELS = {"float16": "HALF", "float32": "FLOAT", "float64": "DOUBLE"}
_DTYPES = {"HALF": "float16", "FLOAT": "float32", "DOUBLE": "float64"}
_FIELDS = {
    "float16": "half_val",
    "bfloat16": "half_val",
    "float32": "float_val",
    "float64": "double_val",
    "int64": "int64_val",
    "bool": "bool_val",
    "string": "string_val",
    "complex64": "scomplex_val",
    "complex128": "dcomplex_val",
    "uint32": "uint32_val",
    "uint64": "uint64_val",
}


def type_number(dtype: Any) -> int:
    """The number that a type has in messages."""
    found = as_dtype(dtype)
    name = found.base_dtype.name
    return DataType[f"DT_{_LABELS.get(name, name.upper())}{'_REF' if found.is_ref else ''}"]


_BY_NUMBER = {number: label for label, number in DataType.items()}


def type_of(number: int) -> DType:
    """The type of a number in messages.

    Raises:
        TypeError: there is no such type here.
    """
    label = _BY_NUMBER.get(number, f"DT_{number}").removeprefix("DT_")
    name = label.removesuffix("_REF")
    suffix = "_ref" if label != name else ""
    return as_dtype(_DTYPES.get(name, name.lower()) + suffix)


def shape_proto(shape: Any) -> TensorShapeProto:
    """A static shape as a message."""
    known = TensorShape(shape).known
    if known is None:
        return TensorShapeProto(unknown_rank=True)
    made = TensorShapeProto()
    made.SetInParent()
    for size in known:
        made.dim.add(size=-1 if size is None else size)
    return made


def shape_of(message: Any) -> TensorShape:
    """The static shape that a message says."""
    if message.unknown_rank:
        return TensorShape(None)
    return TensorShape([None if dim.size < 0 else dim.size for dim in message.dim])


def make_tensor_proto(
    values: Any, dtype: Any = None, shape: Any = None, verify_shape: bool = False, **_: Any
) -> Any:
    """A value as a message (TF1 symbol: `tf.make_tensor_proto`).

    Raises:
        TypeError: the value cannot be of that type.
        ValueError: it has more elements than the shape.
    """
    if isinstance(values, TensorProto):
        return values
    wanted = None if dtype is None else as_dtype(dtype).base_dtype
    array = numpy_value(values, wanted)
    sizes = array.shape if shape is None else tuple(size or 0 for size in TensorShape(shape).as_list())
    if verify_shape and sizes != array.shape:
        raise TypeError(f"Expected Tensor's shape: {sizes}, got {array.shape}.")
    count = int(np.prod(sizes, dtype=np.int64))
    if array.size > count:
        raise ValueError(f"Too many elements provided. Needed at most {count}, but received {array.size}")
    return tensor_proto(array, (wanted or as_dtype(array.dtype)).name, sizes)


def tensor_proto(
    array: np.ndarray, dtype: str, sizes: tuple[int, ...] | None = None, as_bytes: bool = False
) -> TensorProto:
    """An array of a run as a message; `sizes` where the last of its elements is repeated up to them.

    `as_bytes`: of a single number, too, the bytes are written.
    """
    sizes = array.shape if sizes is None else sizes
    made = TensorProto(dtype=type_number(dtype), tensor_shape=shape_proto(sizes))
    if dtype == "string":
        made.string_val.extend([bytes(item) for item in array.reshape(-1)])
    elif array.size > (0 if as_bytes else 1) and sizes == array.shape:
        made.tensor_content = _as_stored(array, dtype).tobytes()
    elif array.size:
        flat = _as_stored(array, dtype).reshape(-1)
        if dtype in ("float16", "bfloat16"):
            flat = flat.view(np.uint16)
        elif dtype.startswith("complex"):
            flat = flat.view(np.float32 if dtype == "complex64" else np.float64)
        getattr(made, _FIELDS.get(dtype, "int_val")).extend(flat.tolist())
    return made


def _as_stored(array: np.ndarray, dtype: str) -> np.ndarray:
    return np.ascontiguousarray(array, _storage(dtype))


def _storage(dtype: str) -> Any:
    return ml_dtypes.bfloat16 if dtype == "bfloat16" else np.dtype(as_dtype(dtype).as_numpy_dtype)


def make_ndarray(tensor: Any) -> np.ndarray:
    """The value that a message holds (TF1 symbol: `tf.make_ndarray`).

    Raises:
        TypeError: a type that there is not here.
        ValueError: it has not as many elements as its shape says.
    """
    dtype = type_of(tensor.dtype).base_dtype.name
    shape = tuple(dim.size for dim in tensor.tensor_shape.dim)
    count = int(np.prod(shape, dtype=np.int64))
    if dtype == "string":
        found = np.empty(len(tensor.string_val), dtype=object)
        found[:] = list(tensor.string_val)
    elif tensor.tensor_content:
        found = np.frombuffer(tensor.tensor_content, _storage(dtype)).copy()
    else:
        numbers = list(getattr(tensor, _FIELDS.get(dtype, "int_val")))
        if dtype in ("float16", "bfloat16"):
            found = np.array(numbers, np.uint16).view(_storage(dtype))
        elif dtype.startswith("complex"):
            found = np.array(numbers, np.float32 if dtype == "complex64" else np.float64).view(dtype)
        else:
            found = np.array(numbers, _storage(dtype))
    if found.size < count:
        last: Any = found[-1] if found.size else (b"" if dtype == "string" else 0)
        found = np.concatenate([found, np.full(count - found.size, last, found.dtype)])
    if found.size != count:
        raise ValueError(f"A tensor of shape {list(shape)} was given {found.size} values.")
    return found.reshape(shape)
