"""TensorFlow's element types: their numbers in files, their names, and numpy's types for them."""

from __future__ import annotations

from dataclasses import dataclass

import ml_dtypes
import numpy as np


@dataclass(frozen=True)
class ElementType:
    """An element type.

    Attributes:
        number: its number in TensorFlow's files.
        name: TensorFlow's name, such as "float32", "string", "qint8".
        dtype: numpy's type; None where an element is no number and no string ("resource", "variant"), or the
            type is newer than this reader ("unknown type 99").
    """

    number: int
    name: str
    dtype: np.dtype | None


def _quantized(name: str, base: str) -> np.dtype:
    # As TensorFlow's own arrays have it. A plain int8 would forget that it is quantized.
    return np.dtype([(name, base)])


STRING = ElementType(7, "string", np.dtype(object))

_TYPES = [
    ElementType(1, "float32", np.dtype(np.float32)),
    ElementType(2, "float64", np.dtype(np.float64)),
    ElementType(3, "int32", np.dtype(np.int32)),
    ElementType(4, "uint8", np.dtype(np.uint8)),
    ElementType(5, "int16", np.dtype(np.int16)),
    ElementType(6, "int8", np.dtype(np.int8)),
    STRING,
    ElementType(8, "complex64", np.dtype(np.complex64)),
    ElementType(9, "int64", np.dtype(np.int64)),
    ElementType(10, "bool", np.dtype(np.bool_)),
    ElementType(11, "qint8", _quantized("qint8", "i1")),
    ElementType(12, "quint8", _quantized("quint8", "u1")),
    ElementType(13, "qint32", _quantized("qint32", "i4")),
    ElementType(14, "bfloat16", np.dtype(ml_dtypes.bfloat16)),
    ElementType(15, "qint16", _quantized("qint16", "i2")),
    ElementType(16, "quint16", _quantized("quint16", "u2")),
    ElementType(17, "uint16", np.dtype(np.uint16)),
    ElementType(18, "complex128", np.dtype(np.complex128)),
    ElementType(19, "float16", np.dtype(np.float16)),
    ElementType(20, "resource", None),
    ElementType(21, "variant", None),
    ElementType(22, "uint32", np.dtype(np.uint32)),
    ElementType(23, "uint64", np.dtype(np.uint64)),
    ElementType(24, "float8_e5m2", np.dtype(ml_dtypes.float8_e5m2)),
    ElementType(25, "float8_e4m3fn", np.dtype(ml_dtypes.float8_e4m3fn)),
    ElementType(26, "float8_e4m3fnuz", np.dtype(ml_dtypes.float8_e4m3fnuz)),
    ElementType(27, "float8_e4m3b11fnuz", np.dtype(ml_dtypes.float8_e4m3b11fnuz)),
    ElementType(28, "float8_e5m2fnuz", np.dtype(ml_dtypes.float8_e5m2fnuz)),
    ElementType(29, "int4", np.dtype(ml_dtypes.int4)),
    ElementType(30, "uint4", np.dtype(ml_dtypes.uint4)),
    ElementType(31, "int2", np.dtype(ml_dtypes.int2)),
    ElementType(32, "uint2", np.dtype(ml_dtypes.uint2)),
    ElementType(33, "float4_e2m1fn", np.dtype(ml_dtypes.float4_e2m1fn)),
]

_REFERENCE = 100  # TensorFlow numbers the type of a reference to a variable that much higher
BY_NUMBER = {element.number: element for element in _TYPES}
_BY_DTYPE = {element.dtype: element for element in _TYPES if element.dtype is not None}


def by_number(number: int) -> ElementType:
    """The element type of a number in a file."""
    plain = number - _REFERENCE if number > _REFERENCE else number
    # A tensor of a type that a later TensorFlow has must not keep people from the others.
    return BY_NUMBER.get(plain) or ElementType(number, f"unknown type {number}", None)


def by_dtype(dtype: np.dtype) -> ElementType | None:
    """The element type of a numpy type in native byte order, or None where TensorFlow has none."""
    return _BY_DTYPE.get(dtype)
