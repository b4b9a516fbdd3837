"""Elementwise functions beyond arithmetic: trigonometry, error and gamma functions, complex parts, bits."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

from .. import registry
from ..dtypes import as_dtype, bool_, float32, float64
from ..graph import name_scope
from ..indexed_slices import IndexedSlices
from ..registry import broadcast, register
from ..tensor import Tensor
from .core import constant, convert_to_tensor, one, same_type
from .math import binary, cast, floordiv, multiply, named, negative, unary
from .special_functions import incomplete_beta, incomplete_gamma, incomplete_gamma_complement, zeta_of

acos, acosh = unary("Acos", torch.acos), unary("Acosh", torch.acosh)
asin, asinh = unary("Asin", torch.asin), unary("Asinh", torch.asinh)
atan, atanh = unary("Atan", torch.atan), unary("Atanh", torch.atanh)
tan, cosh, sinh = unary("Tan", torch.tan), unary("Cosh", torch.cosh), unary("Sinh", torch.sinh)
erf, erfc, expm1 = unary("Erf", torch.erf), unary("Erfc", torch.erfc), unary("Expm1", torch.expm1)
lgamma, digamma = unary("Lgamma", torch.lgamma), unary("Digamma", torch.digamma)
bessel_i0e, bessel_i1e = unary("BesselI0e", torch.special.i0e), unary("BesselI1e", torch.special.i1e)
rint = unary("Rint", torch.round, differentiable=False)
is_inf = unary("IsInf", torch.isinf, registry.same_shape(bool_), differentiable=False)
invert = unary("Invert", torch.bitwise_not, differentiable=False)
bitwise_and = binary("BitwiseAnd", torch.bitwise_and, differentiable=False)
bitwise_or = binary("BitwiseOr", torch.bitwise_or, differentiable=False)
bitwise_xor = binary("BitwiseXor", torch.bitwise_xor, differentiable=False)
left_shift = binary("LeftShift", torch.bitwise_left_shift, differentiable=False)
right_shift = binary("RightShift", torch.bitwise_right_shift, differentiable=False)
atan2 = named(binary("Atan2", torch.atan2), "y", "x")
nextafter = named(binary("NextAfter", lambda x, y: x + (torch.nextafter(x, y) - x).detach()), "x1", "x2")
zeta = named(binary("Zeta", zeta_of), "x", "q")
igamma = named(binary("Igamma", incomplete_gamma), "a", "x")
igammac = named(binary("Igammac", incomplete_gamma_complement), "a", "x")
truncatemod = binary("TruncateMod", torch.fmod, differentiable=False)
truncatediv = binary("TruncateDiv", lambda x, y: torch.div(x, y, rounding_mode="trunc"), differentiable=False)


def _polygamma(order: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    factor = (-1.0) ** (order + 1) * torch.exp(torch.lgamma(order + 1))
    return torch.where(order == 0, torch.digamma(x), zeta_of(order + 1, x) * factor)


polygamma = named(binary("Polygamma", _polygamma), "a", "x")


def _zero_where(zero: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    return torch.where(zero, torch.zeros_like(value), value)


def _quotient(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    none = y == 0
    return _zero_where(none, x / torch.where(none, torch.ones_like(y), y))


def _product(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return _zero_where((y == 0).broadcast_to(torch.broadcast_shapes(x.shape, y.shape)), x * y)


_div_no_nan = binary("DivNoNan", _quotient)
_mul_no_nan = binary("MulNoNan", _product)
xlogy = binary("Xlogy", lambda x, y: _zero_where((x == 0).broadcast_to((x + y).shape), x * y.log()))
xdivy = binary("Xdivy", lambda x, y: _zero_where((x == 0).broadcast_to((x + y).shape), x / y))


def _named(function: Any, scope_name: str, summary: str) -> Any:
    def named(x: Any, y: Any, name: str | None = None) -> Tensor:
        return function(x, y, name or scope_name)

    named.__doc__ = summary
    return named


floor_div = _named(floordiv, "FloorDiv", "x / y rounded down (TF1 symbol: `tf.floor_div`).")
div_no_nan = _named(_div_no_nan, "div_no_nan", "x / y, and 0 where y is 0 (TF1 symbol: `tf.div_no_nan`).")
multiply_no_nan = _named(
    _mul_no_nan, "multiply_no_nan", "x * y, and 0 where y is 0 (TF1 symbol: `tf.math.multiply_no_nan`)."
)


def reciprocal_no_nan(x: Any, name: str | None = None) -> Tensor:
    """1 / x, and 0 where x is 0 (TF1 symbol: `tf.math.reciprocal_no_nan`)."""
    with name_scope(name, "reciprocal_no_nan", [x]) as scope:
        x = convert_to_tensor(x, name="x")
        return _div_no_nan(constant(1, x.dtype.base_dtype, name="one"), x, scope)


def log_sigmoid(x: Any, name: str | None = None) -> Tensor:
    """log(1 / (1 + exp(-x))) (TF1 symbol: `tf.log_sigmoid`)."""
    from .nn import softplus

    with name_scope(name, "LogSigmoid", [x]) as scope:
        return negative(softplus(-convert_to_tensor(x, name="x")), name=scope)


def bessel_i0(x: Any, name: str | None = None) -> Tensor:
    """The modified Bessel function of order 0 (TF1 symbol: `tf.math.bessel_i0`)."""
    return _bessel(x, "bessel_i0", bessel_i0e, name)


def bessel_i1(x: Any, name: str | None = None) -> Tensor:
    """The modified Bessel function of order 1 (TF1 symbol: `tf.math.bessel_i1`)."""
    return _bessel(x, "bessel_i1", bessel_i1e, name)


def _bessel(x: Any, scope_name: str, scaled: Callable[[Any], Tensor], name: str | None) -> Tensor:
    from .math import abs_, exp

    with name_scope(name, scope_name, [x]):
        x = convert_to_tensor(x, name="x")
        return exp(abs_(x)) * scaled(x)


register("Betainc", incomplete_beta, broadcast())


def betainc(a: Any, b: Any, x: Any, name: str | None = None) -> Tensor:
    """The regularised incomplete beta function (TF1 symbol: `tf.betainc`)."""
    with name_scope(name, "Betainc", [a, b, x]) as scope:
        a = convert_to_tensor(a, name="a")
        kind = a.dtype.base_dtype
        return one("Betainc", [a, convert_to_tensor(b, kind, name="b"), convert_to_tensor(x, kind)], scope)


def lbeta(x: Any, name: str | None = None) -> Tensor:
    """log of the beta function over the last axis (TF1 symbol: `tf.lbeta`)."""
    from .reductions import reduce_sum

    with name_scope(name, "lbeta", [x]):
        x = convert_to_tensor(x, name="x")
        over_sum = lgamma(reduce_sum(x, [-1]))
        return reduce_sum(lgamma(x), [-1]) - over_sum


def polyval(coeffs: Any, x: Any, name: str | None = None) -> Tensor:
    """The polynomial of these coefficients, the highest first, at x (TF1 symbol: `tf.math.polyval`).

    Raises:
        ValueError: the coefficients are no list.
    """
    if not isinstance(coeffs, list):
        raise ValueError(f"Argument coeffs must be list type found {type(coeffs)}.")
    with name_scope(name, "polyval", [x]):
        x = convert_to_tensor(x, name="x")
        if not coeffs:
            from .array import zeros_like

            return zeros_like(x)
        tensors = [convert_to_tensor(item, name=f"{place}_coeff") for place, item in enumerate(coeffs)]
        total = tensors.pop(0)
        for item in tensors:
            total = item + total * x
        return total


def scalar_mul(scalar: Any, x: Any, name: str | None = None) -> Any:
    """A scalar times a tensor or IndexedSlices (TF1 symbol: `tf.scalar_mul`).

    Raises:
        ValueError: the first is no scalar.
    """
    factor = convert_to_tensor(scalar, x.dtype.base_dtype, name="scalar")
    if factor.shape.ndims not in (None, 0):
        raise ValueError(f"Only scalar multiply works, got shape {factor.shape}")
    if isinstance(x, IndexedSlices):
        return IndexedSlices(multiply(factor, x.values, name), x.indices, x.dense_shape)
    return multiply(factor, x, name)


# -- complex numbers
_PARTS = {"complex64": "float32", "complex128": "float64"}


def _part(op_type: str, compute: Callable[[Any], Any], summary: str, of_real: Callable[[Any], Any]) -> Any:
    register(
        op_type,
        compute,
        lambda inputs, attributes: [(as_dtype(_PARTS[inputs[0].dtype.base_dtype.name]), inputs[0].shape)],
    )

    def function(input: Any, name: str | None = None) -> Tensor:
        with name_scope(name, op_type, [input]) as scope:
            tensor = convert_to_tensor(input, name="input")
            return one(op_type, [tensor], scope) if tensor.dtype.is_complex else of_real(tensor)

    function.__doc__ = summary
    return function


def _zeros_like(x: Tensor) -> Tensor:
    from .array import zeros_like

    return zeros_like(x)


def _angle_of_real(x: Tensor) -> Tensor:
    from .array import zeros_like
    from .picking import where

    return where(x < 0, math.pi + zeros_like(x), zeros_like(x))


real = _part("Real", torch.real, "The real part (TF1 symbol: `tf.real`).", lambda x: x)
imag = _part("Imag", torch.imag, "The imaginary part (TF1 symbol: `tf.imag`).", _zeros_like)
angle = _part("Angle", torch.angle, "The angle in the plane (TF1 symbol: `tf.angle`).", _angle_of_real)
register(
    "Complex",
    torch.complex,
    lambda inputs, attributes: broadcast(
        as_dtype("complex64" if inputs[0].dtype.base_dtype is float32 else "complex128")
    )(inputs, attributes),
)
register(
    "ComplexAbs",
    torch.abs,
    lambda inputs, attributes: [(as_dtype(_PARTS[inputs[0].dtype.base_dtype.name]), inputs[0].shape)],
)


def complex_(real: Any, imag: Any, name: str | None = None) -> Tensor:
    """A complex tensor of its two parts (TF1 symbol: `tf.complex`).

    Raises:
        TypeError: parts that are not both float32 or both float64.
    """
    with name_scope(name, "Complex", [real, imag]) as scope:
        x, y = convert_to_tensor(real, name="real"), convert_to_tensor(imag, name="imag")
        if x.dtype.base_dtype not in (float32, float64) or y.dtype.base_dtype is not x.dtype.base_dtype:
            raise TypeError(
                f"Types of real and imag don't match: {x.dtype.base_dtype.name} {y.dtype.base_dtype.name}"
            )
        same_type("Complex", x, y, "imag", "real")
        return one("Complex", [x, y], scope)


# -- types
def saturate_cast(value: Any, dtype: Any, name: str | None = None) -> Tensor:
    """The tensor in another type, cut off at that type's limits (TF1 symbol: `tf.saturate_cast`)."""
    from .math import maximum, minimum

    with name_scope(name, "saturate_cast", [value]) as scope:
        value, wanted = convert_to_tensor(value, name="value"), as_dtype(dtype).base_dtype
        given = value.dtype.base_dtype
        if given.min < wanted.min:
            value = maximum(value, convert_to_tensor(wanted.min, given, name="min"))
        if given.max > wanted.max:
            value = minimum(value, convert_to_tensor(wanted.max, given, name="max"))
        return cast(value, wanted, name=scope)


def _to(name_of: str, dtype: str) -> Any:
    def function(x: Any, name: str = name_of) -> Tensor:
        return cast(x, dtype, name)

    function.__doc__ = f"The tensor as {dtype}."
    return function


to_double, to_bfloat16 = _to("ToDouble", "float64"), _to("ToBFloat16", "bfloat16")
to_complex64, to_complex128 = _to("ToComplex64", "complex64"), _to("ToComplex128", "complex128")
