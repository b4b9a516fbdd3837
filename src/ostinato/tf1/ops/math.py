"""Arithmetic, comparisons, reductions and matrix products, with Python's operators on tensors."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from .. import registry
from ..dtypes import as_dtype, bool_
from ..errors import UnimplementedError
from ..graph import name_scope
from ..registry import OutputTypes, ShapeMismatch, broadcast, register, same
from ..shapes import TensorShape
from ..tensor import Tensor
from .core import convert_to_tensor, one, same_type

_OF_SPARSE = frozenset(["Abs", "Erf", "Neg", "Sign", "Sqrt", "Square", "Tanh"])
"""What is 0 at 0 (or is taken so) and goes over to the elements of a sparse tensor."""


def named(function: Callable[..., Any], *arguments: str) -> Callable[..., Any]:
    """The function with TensorFlow's names of its first arguments, for scripts that write them out."""
    parameters = list(inspect.signature(function).parameters.values())
    given = [parameter.replace(name=name) for parameter, name in zip(parameters, arguments, strict=False)]
    signature = inspect.Signature([*given, *parameters[len(given) :]])

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        if not kwargs:
            return function(*args)
        bound = signature.bind(*args, **kwargs)
        return function(*bound.args, **bound.kwargs)

    vars(called)["__signature__"] = signature
    return called


def unary(op_type: str, compute: Callable[[Any], Any], rule: registry.Rule = same, **options: Any) -> Any:
    register(op_type, compute, rule, **options)

    def function(x: Any, name: str | None = None) -> Tensor:
        if op_type in _OF_SPARSE and hasattr(x, "_map_values"):
            return x._map_values(lambda values: function(values, name))
        with name_scope(name, op_type, [x]) as scope:
            return one(op_type, [convert_to_tensor(x, name="x")], scope)

    function.__doc__ = f"Elementwise {op_type} of a tensor; the result has its shape."
    function.__qualname__ = op_type.lower()  # a cell with such an activation can be pickled
    return function


negative = unary("Neg", torch.neg)
register("Abs", torch.abs, same)


def abs_(x: Any, name: str | None = None) -> Tensor:
    """The magnitude of each element (TF1 symbol: `tf.abs`); of complex numbers it is a float."""
    if hasattr(x, "_map_values"):
        return x._map_values(lambda values: abs_(values, name))
    with name_scope(name, "Abs", [x]) as scope:
        x = convert_to_tensor(x, name="x")
        return one("ComplexAbs" if x.dtype.is_complex else "Abs", [x], scope)


sign = unary("Sign", torch.sign)
square = unary("Square", torch.square)
sqrt = unary("Sqrt", torch.sqrt)
rsqrt = unary("Rsqrt", torch.rsqrt)
reciprocal = unary("Reciprocal", torch.reciprocal)
exp = unary("Exp", torch.exp)
log = unary("Log", torch.log)
log1p = unary("Log1p", torch.log1p)
sin = unary("Sin", torch.sin)
cos = unary("Cos", torch.cos)
tanh = unary("Tanh", torch.tanh)
sigmoid = unary("Sigmoid", torch.sigmoid)
floor = unary("Floor", torch.floor, differentiable=False)
ceil = unary("Ceil", torch.ceil, differentiable=False)
round_ = unary("Round", torch.round, differentiable=False)
is_nan = unary("IsNan", torch.isnan, registry.same_shape(bool_), differentiable=False)
is_finite = unary("IsFinite", torch.isfinite, registry.same_shape(bool_), differentiable=False)
logical_not = unary("LogicalNot", torch.logical_not, differentiable=False)


def binary(op_type: str, compute: Callable[[Any, Any], Any], rule: Any = None, **options: Any) -> Any:
    register(op_type, compute, rule or broadcast(), **options)

    def function(x: Any, y: Any, name: str | None = None) -> Tensor:
        with name_scope(name, op_type, [x, y]) as scope:
            x = convert_to_tensor(x, name="x")
            y = convert_to_tensor(y, name="y", dtype_hint=x.dtype.base_dtype)
            same_type(op_type, x, y)
            return one(op_type, [x, y], scope)

    function.__doc__ = (
        f"Elementwise {op_type} of two tensors of one type, which broadcast as numpy's arrays do."
    )
    return function


def _comparison(op_type: str, compute: Callable[[Any, Any], Any]) -> Any:
    return binary(op_type, compute, broadcast(bool_), differentiable=False)


def _real_division(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    # The table's RealDiv keeps its type; integers come here cast to float64 by truediv, as TensorFlow does
    # it.
    return torch.true_divide(x, y)


def _strings_too(compute: Callable[[Any, Any], Any], of_strings: Callable[..., Any]) -> Any:
    """A comparison of tensors, or of arrays of strings."""

    def compare(x: Any, y: Any) -> torch.Tensor:
        if isinstance(x, np.ndarray):
            return torch.from_numpy(np.asarray(of_strings(x, y), dtype=bool))
        found: torch.Tensor = compute(x, y)
        return found

    return compare


def _add(x: Any, y: Any) -> Any:
    return np.asarray(x + y, object) if isinstance(x, np.ndarray) else torch.add(x, y)


add = binary("Add", _add)
_add_v2 = binary("AddV2", torch.add)
subtract = binary("Sub", torch.sub)
multiply = binary("Mul", torch.mul)
realdiv = binary("RealDiv", _real_division)
_floor_div = binary("FloorDiv", lambda x, y: torch.div(x, y, rounding_mode="floor"), differentiable=False)
floormod = mod = binary("FloorMod", torch.remainder)
pow_ = binary("Pow", torch.pow)
# Where the two are equal the gradient is the first one's, as in TensorFlow.
maximum = binary("Maximum", lambda x, y: torch.where(x < y, y, x))
minimum = binary("Minimum", lambda x, y: torch.where(y < x, y, x))
squared_difference = binary("SquaredDifference", lambda x, y: (x - y) ** 2)
equal = _comparison("Equal", _strings_too(torch.eq, np.equal))
not_equal = _comparison("NotEqual", _strings_too(torch.ne, np.not_equal))
greater = _comparison("Greater", torch.gt)
greater_equal = _comparison("GreaterEqual", torch.ge)
less = _comparison("Less", torch.lt)
less_equal = _comparison("LessEqual", torch.le)
logical_and = _comparison("LogicalAnd", torch.logical_and)
logical_or = _comparison("LogicalOr", torch.logical_or)


def logical_xor(x: Any, y: Any, name: str = "LogicalXor") -> Tensor:
    """Where one of two booleans is true and the other is not (TF1 symbol: `tf.logical_xor`)."""
    either_one, both = logical_or(x, y), logical_and(x, y)
    return logical_and(either_one, logical_not(both), name=name)


def truediv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x / y as Python 3 divides: integers are divided as floats (TF1 symbol: `tf.truediv`)."""
    with name_scope(name, "truediv", [x, y]) as scope:
        x = convert_to_tensor(x, name="x")
        y = convert_to_tensor(y, name="y", dtype_hint=x.dtype.base_dtype)
        same_type("RealDiv", x, y)
        if x.dtype.is_integer:
            x, y = cast(x, "float64"), cast(y, "float64")
        return one("RealDiv", [x, y], scope)


def floordiv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x / y rounded down (TF1 symbol: `tf.floordiv`)."""
    return _floor_div(x, y, name or "floordiv")


def divide(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x / y (TF1 symbol: `tf.divide`)."""
    return truediv(x, y, name)


def div(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x / y as Python 2 divides: integers give integers (TF1 symbol: `tf.div`)."""
    x = convert_to_tensor(x)
    return floordiv(x, y, name or "div") if x.dtype.is_integer else truediv(x, y, name or "div")


def _plus(x: Tensor, y: Any, name: str | None = None) -> Tensor:
    return (add if x.dtype.name == "string" else _add_v2)(x, y, name)


def _operator(method: str, scope_name: str, function: Callable[..., Tensor]) -> None:
    def forward(x: Tensor, y: Any) -> Any:
        if method == "mul" and hasattr(y, "_map_values"):
            return y * x  # a sparse tensor, whose elements alone are multiplied
        try:
            with name_scope(scope_name, None, [x, y]) as scope:
                return function(x, convert_to_tensor(y, name="y", dtype_hint=x.dtype.base_dtype), name=scope)
        except TypeError:
            if hasattr(type(y), f"__r{method}__") and not isinstance(
                y, (Tensor, np.ndarray, np.generic, int, float)
            ):
                return NotImplemented
            raise

    def reflected(y: Tensor, x: Any) -> Tensor:
        with name_scope(scope_name, None, [y]) as scope:
            return function(convert_to_tensor(x, y.dtype.base_dtype, name="x"), y, name=scope)

    setattr(Tensor, f"__{method}__", forward)
    setattr(Tensor, f"__r{method}__", reflected)


for _method, _scope, _function in [
    ("add", "add", _plus),
    ("sub", "sub", subtract),
    ("mul", "mul", multiply),
    ("truediv", "truediv", truediv),
    ("div", "div", div),
    ("floordiv", "floordiv", _floor_div),
    ("mod", "mod", floormod),
    ("pow", "pow", pow_),
    ("and", "and", logical_and),
    ("or", "or", logical_or),
    ("xor", "xor", logical_xor),
]:
    _operator(_method, _scope, _function)
for _method, _function in [("lt", less), ("le", less_equal), ("gt", greater), ("ge", greater_equal)]:
    setattr(Tensor, f"__{_method}__", _function)
Tensor.__matmul__ = lambda x, y: matmul(x, y, name="matmul")
Tensor.__rmatmul__ = lambda y, x: matmul(x, y, name="matmul")
Tensor.__neg__ = negative
Tensor.__abs__ = abs_
Tensor.__invert__ = logical_not


def either(name: str, value: Any, alias: str, alias_value: Any) -> Any:
    """The value of an argument that has an older name too."""
    if alias_value is None:
        return value
    if value is not None:
        raise ValueError(
            f"Cannot specify both '{alias}' and '{name}'; '{alias}' is the older name of '{name}'."
        )
    return alias_value


def cast(x: Any, dtype: Any, name: str | None = None) -> Tensor:
    """The tensor in another type (TF1 symbol: `tf.cast`), or itself where it has that type already.

    Floats are cut towards zero when they become integers; what is not zero becomes True. Strings are no
    numbers: `tf.string_to_number` and `tf.as_string` are for them.
    """
    wanted = as_dtype(dtype).base_dtype
    if isinstance(x, Tensor) and x.dtype.base_dtype is wanted:
        return x
    if hasattr(x, "_with_values"):  # a sparse tensor, or slices
        return x._with_values(cast(x.values, wanted, name))
    with name_scope(name, "Cast", [x]) as scope:
        x = convert_to_tensor(x, name="x")
        return x if x.dtype.base_dtype is wanted else one("Cast", [x], scope, DstT=wanted.name)


def to_float(x: Any, name: str = "ToFloat") -> Tensor:
    return cast(x, "float32", name)


def to_int32(x: Any, name: str = "ToInt32") -> Tensor:
    return cast(x, "int32", name)


def to_int64(x: Any, name: str = "ToInt64") -> Tensor:
    return cast(x, "int64", name)


def _cast(x: Any, DstT: str) -> torch.Tensor:
    if isinstance(x, np.ndarray) or DstT == "string":
        given = "string" if isinstance(x, np.ndarray) else str(x.dtype).removeprefix("torch.")
        raise UnimplementedError(
            None,
            None,
            f"Cast {given} to {DstT} is not supported: tf.string_to_number and tf.as_string are for strings.",
        )
    converted: torch.Tensor = x.to(as_dtype(DstT).torch_dtype)
    return converted


register(
    "Cast",
    _cast,
    lambda inputs, attributes: [(as_dtype(attributes["DstT"]), inputs[0].shape)],
)


# -- matrix products
conj = unary("Conj", torch.conj_physical)


def _matmul(a: torch.Tensor, b: torch.Tensor, transpose_a: bool, transpose_b: bool) -> torch.Tensor:
    return torch.matmul(a.mT if transpose_a else a, b.mT if transpose_b else b)


def _matmul_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    dtype = inputs[0].dtype.base_dtype
    a, b = (tensor.shape.known for tensor in inputs)
    if a is None or b is None:
        return [(dtype, TensorShape(None))]
    if len(a) < 2 or len(b) < 2:
        raise ShapeMismatch(f"Shape must be rank 2 but is rank {min(len(a), len(b))}")
    rows, inner = (a[-1], a[-2]) if attributes["transpose_a"] else (a[-2], a[-1])
    depth, columns = (b[-1], b[-2]) if attributes["transpose_b"] else (b[-2], b[-1])
    if inner is not None and depth is not None and inner != depth:
        raise ShapeMismatch(f"Dimensions must be equal, but are {inner} and {depth}")
    batch = registry.broadcast_shapes(TensorShape(a[:-2]), TensorShape(b[:-2]))
    return [(dtype, batch.concatenate([rows, columns]))]


register("MatMul", _matmul, _matmul_rule)
register("BatchMatMulV2", _matmul, _matmul_rule)


def matmul(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    name: str | None = None,
) -> Tensor:
    """The matrix product of the last two axes (TF1 symbol: `tf.matmul`).

    Raises:
        ValueError: inner sizes that differ, or a rank below 2.
    """
    with name_scope(name, "MatMul", [a, b]) as scope:
        a = convert_to_tensor(a, name="a")
        b = convert_to_tensor(b, name="b", dtype_hint=a.dtype.base_dtype)
        op_type = "MatMul" if a.shape.ndims is not None and a.shape.ndims <= 2 else "BatchMatMulV2"
        same_type(op_type, a, b, "b", "a")
        for transposed, adjoint, which in ((transpose_a, adjoint_a, "a"), (transpose_b, adjoint_b, "b")):
            if transposed and adjoint:
                raise ValueError(f"Only one of transpose_{which} and adjoint_{which} can be True.")
        if a.dtype.is_complex:
            a, b = conj(a) if adjoint_a else a, conj(b) if adjoint_b else b
        attributes = {"transpose_a": transpose_a or adjoint_a, "transpose_b": transpose_b or adjoint_b}
        return one(op_type, [a, b], scope, **attributes)


# -- sums over lists, ranges, clipping
register("AddN", lambda *tensors: sum(tensors[1:], start=tensors[0]), broadcast())


def add_n(inputs: Sequence[Any], name: str | None = None) -> Tensor:
    """The sum of tensors of one shape (TF1 symbol: `tf.add_n`)."""
    if not isinstance(inputs, (list, tuple)) or not inputs:
        raise ValueError(
            "inputs must be a list of at least one Tensor/IndexedSlices with the same dtype and shape"
        )
    tensors = [convert_to_tensor(item) for item in inputs]
    shape = tensors[0].shape
    for tensor in tensors[1:]:
        shape = shape.merge_with(tensor.shape)
    return tensors[0] if len(tensors) == 1 and name is None else one("AddN", tensors, name or "AddN")


def _range_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    values = [registry.constant_value(tensor) for tensor in inputs]
    known = [value for value in values if value is not None]
    start, limit, delta = [value.item() for value in known] if len(known) == 3 else (0, 0, 1)
    size = len(np.arange(start, limit, delta)) if len(known) == 3 else None
    return [(inputs[0].dtype.base_dtype, TensorShape([size]))]


register(
    "Range",
    lambda start, limit, delta: torch.arange(start.item(), limit.item(), delta.item(), dtype=start.dtype),
    _range_rule,
    differentiable=False,
)


def range_(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str = "range") -> Tensor:
    """Numbers from `start` up to, not including, `limit` (TF1 symbol: `tf.range`)."""
    if limit is None:
        start, limit = 0, start
    with name_scope(name, "range", [start, limit, delta]) as scope:
        parts = [
            convert_to_tensor(value, dtype, name=n)
            for value, n in [(start, "start"), (limit, "limit"), (delta, "delta")]
        ]
        if len({part.dtype.base_dtype for part in parts}) > 1:
            order = ["int32", "int64", "float32", "float64"]
            widest = max((part.dtype.base_dtype.name for part in parts), key=order.index)
            parts = [cast(part, widest) for part in parts]
        return one("Range", parts, scope)
