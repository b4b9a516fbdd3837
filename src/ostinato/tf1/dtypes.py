"""Element types of the TensorFlow 1 face.

A DType is an interned value object: `as_dtype("float32") is float32`. A variable's handle has the `_ref` twin
of its type, as in TensorFlow 1; `base_dtype` leads back from it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

_ROWS: tuple[tuple[str, str, Any, torch.dtype | None], ...] = (
    # name, the name that run-time messages use, numpy type, torch type (None: nothing computes with it)
    ("float16", "half", np.float16, torch.float16),
    ("float32", "float", np.float32, torch.float32),
    ("float64", "double", np.float64, torch.float64),
    ("bfloat16", "bfloat16", None, torch.bfloat16),
    ("int8", "int8", np.int8, torch.int8),
    ("int16", "int16", np.int16, torch.int16),
    ("int32", "int32", np.int32, torch.int32),
    ("int64", "int64", np.int64, torch.int64),
    ("uint8", "uint8", np.uint8, torch.uint8),
    ("uint16", "uint16", np.uint16, torch.uint16),
    ("uint32", "uint32", np.uint32, torch.uint32),
    ("uint64", "uint64", np.uint64, torch.uint64),
    ("bool", "bool", np.bool_, torch.bool),
    ("complex64", "complex64", np.complex64, torch.complex64),
    ("complex128", "complex128", np.complex128, torch.complex128),
    ("string", "string", np.object_, None),
    ("resource", "resource", np.object_, None),  # a handle of something that a run holds: a TensorArray
    ("variant", "variant", np.object_, None),  # a data set, or a part of one's elements
    ("qint8", "qint8", np.dtype([("qint8", np.int8)]), None),
    ("quint8", "quint8", np.dtype([("quint8", np.uint8)]), None),
    ("qint16", "qint16", np.dtype([("qint16", np.int16)]), None),
    ("quint16", "quint16", np.dtype([("quint16", np.uint16)]), None),
    ("qint32", "qint32", np.dtype([("qint32", np.int32)]), None),
)


class DType:
    """The type of a tensor's elements (TF1 symbol: `tf.DType`).

    >>> float32.as_numpy_dtype is np.float32, float32.is_floating, float32_ref.base_dtype is float32
    (True, True, True)
    """

    __slots__ = ("_numpy", "_torch", "is_ref", "message_name", "name")

    def __init__(
        self, name: str, message_name: str, numpy_type: Any, torch_dtype: torch.dtype | None, is_ref: bool
    ):
        self.name = name
        self.message_name = message_name
        self.is_ref = is_ref
        self._numpy = numpy_type
        self._torch = torch_dtype

    @property
    def as_numpy_dtype(self) -> Any:
        if self._numpy is None:
            raise TypeError(f"numpy has no type for {self.name}; cast the tensor to float32 first.")
        return self._numpy

    @property
    def as_datatype_enum(self) -> int:
        """The number that the type has in messages."""
        from .tensor_protos import type_number

        return type_number(self)

    @property
    def torch_dtype(self) -> torch.dtype:
        if self._torch is None:
            raise TypeError(f"There are no operations on tensors of type {self.base_dtype.name} here.")
        return self._torch

    @property
    def base_dtype(self) -> DType:
        return _BY_NAME[self.name[:-4]] if self.is_ref else self

    @property
    def real_dtype(self) -> DType:
        return {"complex64": float32, "complex128": float64}.get(self.base_dtype.name, self.base_dtype)

    @property
    def is_floating(self) -> bool:
        return self._torch is not None and self._torch.is_floating_point

    @property
    def is_complex(self) -> bool:
        return self._torch is not None and self._torch.is_complex

    @property
    def is_bool(self) -> bool:
        return self._torch is torch.bool

    @property
    def is_integer(self) -> bool:
        return not (self._torch is None or self.is_floating or self.is_complex or self.is_bool)

    @property
    def is_quantized(self) -> bool:
        return self.base_dtype.name in ("qint8", "quint8", "qint16", "quint16", "qint32")

    @property
    def is_differentiable(self) -> bool:
        return self.is_floating or self.is_complex

    @property
    def size(self) -> int:
        return np.dtype(self._numpy).itemsize if self._torch is None else self._torch.itemsize

    @property
    def min(self) -> Any:
        return self._limit("min")

    @property
    def max(self) -> Any:
        return self._limit("max")

    def _limit(self, which: str) -> Any:
        if self.is_complex or self._torch is None:
            raise TypeError(f"Cannot find the {which}imum value of {self!r}.")
        if self.is_bool:
            return which == "max"
        info = torch.finfo(self._torch) if self.is_floating else torch.iinfo(self._torch)
        return getattr(info, which)

    def is_compatible_with(self, other: Any) -> bool:
        return as_dtype(other).base_dtype is self.base_dtype

    def __eq__(self, other: object) -> bool:
        if other is None:
            return False
        try:
            return as_dtype(other) is self
        except TypeError:
            return False

    def __hash__(self) -> int:
        return hash(self.name)

    def __reduce__(self) -> Any:
        return as_dtype, (self.name,)

    def __repr__(self) -> str:
        return f"tf.{self.name}"

    def __str__(self) -> str:
        return f"<dtype: '{self.name}'>"


_BY_NAME: dict[str, DType] = {}
_BY_TORCH: dict[torch.dtype, DType] = {}
for _name, _message_name, _numpy, _torch in _ROWS:
    _BY_NAME[_name] = DType(_name, _message_name, _numpy, _torch, False)
    _BY_NAME[_name + "_ref"] = DType(_name + "_ref", _message_name, _numpy, _torch, True)
    if _torch is not None:
        _BY_TORCH[_torch] = _BY_NAME[_name]
_BY_NAME["half"], _BY_NAME["float"], _BY_NAME["double"] = (
    _BY_NAME[n] for n in ("float16", "float32", "float64")
)

float16 = half = _BY_NAME["float16"]
float32 = _BY_NAME["float32"]
float64 = double = _BY_NAME["float64"]
bfloat16 = _BY_NAME["bfloat16"]
int8 = _BY_NAME["int8"]
int16 = _BY_NAME["int16"]
int32 = _BY_NAME["int32"]
int64 = _BY_NAME["int64"]
uint8 = _BY_NAME["uint8"]
uint16 = _BY_NAME["uint16"]
uint32 = _BY_NAME["uint32"]
uint64 = _BY_NAME["uint64"]
bool_ = _BY_NAME["bool"]  # tf.bool
string = _BY_NAME["string"]
resource = _BY_NAME["resource"]
variant = _BY_NAME["variant"]
qint8, quint8, qint16, quint16, qint32 = (
    _BY_NAME[n] for n in ("qint8", "quint8", "qint16", "quint16", "qint32")
)
complex64 = _BY_NAME["complex64"]
complex128 = _BY_NAME["complex128"]
float32_ref = _BY_NAME["float32_ref"]


def as_dtype(value: Any) -> DType:
    """The DType of a name, a numpy type, a Python type, a torch type or a DType (TF1 symbol: `tf.as_dtype`).

    Raises:
        TypeError: the value names no type that there is here.

    >>> as_dtype(np.int64), as_dtype("half"), as_dtype(torch.float64)
    (tf.int64, tf.float16, tf.float64)
    """
    if isinstance(value, DType):
        return value
    if isinstance(value, torch.dtype):
        found = _BY_TORCH.get(value)
    elif isinstance(value, str) and value in _BY_NAME:
        found = _BY_NAME[value]
    elif value is float:
        found = float32
    elif value is int:
        found = int32
    elif _is_text(value):
        found = string
    else:
        try:
            found = _BY_NAME.get(np.dtype(value).name) if value is not None else None
        except TypeError:
            found = None
    if found is None:
        names = ", ".join(row[0] for row in _ROWS)
        raise TypeError(f"Cannot convert value {value!r} to a TensorFlow DType. The types here are {names}.")
    return found


def _is_text(value: Any) -> bool:
    """Whether a type is one that holds strings: numpy would take any class for an array of objects."""
    if isinstance(value, np.dtype):
        return value.kind in "OSU"
    return isinstance(value, type) and value in (str, bytes, object, np.object_, np.str_, np.bytes_)


def as_ref(dtype: DType) -> DType:
    """The `_ref` twin of a type: what a variable's handle has."""
    return dtype if dtype.is_ref else _BY_NAME[dtype.name + "_ref"]
