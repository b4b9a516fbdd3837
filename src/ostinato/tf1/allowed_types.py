"""Which types an operation takes, where TensorFlow names them: others would be computed on as torch sees fit.

The lists and their order are those that TensorFlow 1.15's messages give.
"""

from __future__ import annotations

from collections.abc import Sequence

from .tensor import Tensor

_REAL = "float32, float64, int32, uint8, int16, int8, int64, bfloat16, uint16, float16, uint32, uint64"
_NUMBERS = (
    "float32, float64, int32, uint8, int16, int8, complex64, int64, qint8, quint8, qint32, bfloat16, uint16, "
    "complex128, float16, uint32, uint64"
)
_ARITHMETIC = (
    "bfloat16, float16, float32, float64, uint8, int8, uint16, int16, int32, int64, complex64, complex128"
)
_SUMS = "bfloat16, float16, float32, float64, uint8, int8, int16, int32, int64, complex64, complex128"
_SIGNED = "bfloat16, float16, float32, float64, int32, int64, complex64, complex128"
_CONTINUOUS = "bfloat16, float16, float32, float64, complex64, complex128"
_GROUPS: tuple[tuple[str, str, str], ...] = (
    # parameter, operations, types
    ("input", "ArgMax ArgMin Max Mean Min Prod Sum", _NUMBERS),
    ("value", "BiasAdd", _NUMBERS),
    ("features", "Elu LeakyRelu Selu Softplus Softsign", "float16, bfloat16, float32, float64"),
    ("logits", "LogSoftmax Softmax", "float16, bfloat16, float32, float64"),
    (
        "features",
        "SoftmaxCrossEntropyWithLogits SparseSoftmaxCrossEntropyWithLogits",
        "float16, bfloat16, float32, float64",
    ),
    ("t", "L2Loss", "float16, bfloat16, float32, float64"),
    ("a", "MatMul", _SIGNED),
    ("x", "BatchMatMulV2 Neg Reciprocal Round Sign Square SquaredDifference", _SIGNED),
    ("x", "Cos Exp Log Log1p Rsqrt Sigmoid Sin Sqrt Tanh", _CONTINUOUS),
    ("x", "Greater GreaterEqual Less LessEqual", _REAL),
    ("features", "Relu6", _REAL),
    ("features", "Relu", f"{_REAL}, qint8"),
    ("x", "Ceil Floor IsFinite IsNan", "bfloat16, float16, float32, float64"),
    ("x", "FloorDiv Mul RealDiv Sub", _ARITHMETIC),
    ("x", "Maximum Minimum", "bfloat16, float16, float32, float64, int32, int64"),
    ("x", "Abs", "bfloat16, float16, float32, float64, int8, int16, int32, int64"),
    ("x", "Add", f"{_SUMS}, string"),
    ("x", "AddV2", _SUMS),
    ("x", "FloorMod", "int32, int64, bfloat16, float16, float32, float64"),
    ("x", "Pow", "bfloat16, float32, float16, float64, int32, int64, complex64, complex128"),
    ("indices", "OneHot", "uint8, int32, int64"),
    ("start", "Range", "bfloat16, float32, float64, int32, int64"),
)
_ALLOWED = {
    op_type: (parameter, types, frozenset(types.split(", ")))
    for parameter, op_types, types in _GROUPS
    for op_type in op_types.split()
}
_LOGICAL = ("LogicalAnd", "LogicalOr", "LogicalNot")


def check(op_type: str, inputs: Sequence[Tensor]) -> None:
    """Raise where the first input's type is none that the operation takes.

    Raises:
        TypeError: so it is.
    """
    if op_type in _LOGICAL:
        if not inputs[0].dtype.is_bool:
            raise TypeError(
                f"Input 'x' of '{op_type}' Op has type {inputs[0].dtype.base_dtype.name} that does not match "
                "expected type of bool."
            )
        return
    found = _ALLOWED.get(op_type)
    if found is not None and inputs[0].dtype.base_dtype.name not in found[2]:
        parameter, types, _ = found
        raise TypeError(
            f"Value passed to parameter '{parameter}' has DataType {inputs[0].dtype.base_dtype.name} not in "
            f"list of allowed values: {types}"
        )
