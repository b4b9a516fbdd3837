"""Nodes that TensorFlow wrote, as nodes of this library: which attributes an operation has here, and which of
its inputs are attributes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .attribute_values import list_of
from .registry import constant_value
from .shapes import TensorShape
from .tensor import Tensor
from .tensor_protos import make_ndarray, shape_of, type_of

LOOPS = frozenset(
    [
        "Enter",
        "Exit",
        "Switch",
        "Merge",
        "NextIteration",
        "LoopCond",
        "RefSwitch",
        "RefEnter",
        "TensorArrayV3",
    ]
)
_PLAIN = """
    Abs Acos Acosh Add AddN AddV2 Asin Asinh Atan Atan2 Atanh BitwiseAnd BitwiseOr BitwiseXor Ceil Complex
    ComplexAbs ConcatV2 Conj Cos Cosh DiagPart Digamma DivNoNan DynamicStitch Elu Equal Erf Erfc Exp
    ExpandDims Expm1 Fill Floor FloorDiv FloorMod GatherNd Greater GreaterEqual HistogramSummary Identity Imag
    Invert InvertPermutation IsFinite IsInf IsNan L2Loss LeftShift Less LessEqual Lgamma LinSpace Log Log1p
    LogicalAnd LogicalNot LogicalOr MatrixDiag MatrixSetDiag Maximum MergeSummary MergeV2Checkpoints Minimum
    Mul MulNoNan Neg NoOp NotEqual Pow Range Real RealDiv Reciprocal Relu Relu6 Reshape ReverseV2 RightShift
    Rint Round Rsqrt SaveV2 ScalarSummary ScatterNd SegmentMax SegmentMean SegmentMin SegmentProd SegmentSum
    Select Selu ShardedFilename Sigmoid Sign Sin Sinh Slice Softplus Softsign SparseReorder SparseReshape
    SparseSoftmaxCrossEntropyWithLogits Sqrt Square SquaredDifference StopGradient Sub Tan Tanh Tile
    Transpose TruncateDiv TruncateMod UnsortedSegmentMax UnsortedSegmentMin UnsortedSegmentProd
    UnsortedSegmentSum Where Xdivy Xlogy ZerosLike QueueCloseV2 QueueSizeV2 QueueIsClosedV2 QueueEnqueueV2
    QueueEnqueueManyV2 StringJoin
"""
_KEPT = {
    "All Any Max Mean Min Prod Sum EuclideanNorm": ["keep_dims"],
    "ArgMax ArgMin": ["output_type"],
    "Assert": ["summarize"],
    "AvgPool MaxPool AvgPool3D MaxPool3D": ["ksize", "strides", "padding", "data_format"],
    "BiasAdd": ["data_format"],
    "CTCBeamSearchDecoder": ["beam_width", "top_paths", "merge_repeated"],
    "CTCGreedyDecoder": ["merge_repeated"],
    "CTCLoss": [
        "preprocess_collapse_repeated",
        "ctc_merge_repeated",
        "ignore_longer_outputs_than_inputs",
    ],
    "Cast": ["DstT"],
    "Conv2D": ["strides", "padding", "explicit_paddings", "data_format", "dilations"],
    "Conv3D": ["strides", "padding", "data_format", "dilations"],
    "Cumprod Cumsum": ["exclusive", "reverse"],
    "DynamicPartition": ["num_partitions"],
    "EditDistance": ["normalize"],
    "FusedBatchNormV3": ["epsilon", "data_format", "is_training"],
    "LRN": ["depth_radius", "bias", "alpha", "beta"],
    "LeakyRelu": ["alpha"],
    "ListDiff Unique UniqueWithCounts": ["out_idx"],
    "MatMul": ["transpose_a", "transpose_b"],
    "OneHot Pack": ["axis"],
    "Placeholder PlaceholderWithDefault VariableV2": ["dtype", "shape"],
    "RestoreV2": ["dtypes"],
    "ReverseSequence": ["seq_dim", "batch_dim"],
    "Shape Size": ["out_type"],
    "SparseTensorDenseMatMul": ["adjoint_a", "adjoint_b"],
    "SparseToDense": ["validate_indices"],
    "Squeeze": ["squeeze_dims"],
    "StridedSlice": ["begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"],
    "TopKV2": ["sorted"],
    "Unpack": ["axis", "num"],
}
_REFERENCES = {
    "ApplyGradientDescent": 1,
    "ApplyMomentum": 2,
    "ApplyAdagrad": 2,
    "ApplyAdam": 3,
    "ApplyRMSProp": 3,
    "ApplyAdadelta": 3,
}
_RANDOM = ["RandomUniform", "RandomStandardNormal", "TruncatedNormal", "RandomUniformInt", "RandomShuffle"]
Translated = tuple[list[Tensor], dict[str, Any]]


def is_known(op_type: str) -> bool:
    """Whether there is a rule for a type."""
    return op_type in _RULES


def translated(node: Any, inputs: Sequence[Tensor]) -> Translated:
    """The inputs and attributes that a node has here.

    Raises:
        ValueError: what is an attribute here is no constant in the graph.
    """
    return _RULES[node.op](node, list(inputs))


def attribute(node: Any, name: str) -> Any:
    """An attribute as this library has it."""
    message = node.attr[name]
    kind = message.WhichOneof("value")
    if kind == "s":
        return message.s.decode()
    if kind == "type":
        return type_of(message.type).base_dtype.name
    if kind == "shape":
        return shape_of(message.shape)
    if kind == "tensor":
        return make_ndarray(message.tensor)
    if kind == "list":
        return list_of(message.list)
    return getattr(message, kind) if kind else None


def _keeping(names: Sequence[str]) -> Callable[[Any, list[Tensor]], Translated]:
    def rule(node: Any, inputs: list[Tensor]) -> Translated:
        found = {name: attribute(node, name) for name in names if name in node.attr}
        for name, default in (("explicit_paddings", []), ("shape", TensorShape(None))):
            if name in names and found.get(name) is None:
                found[name] = default
        return inputs, found

    return rule


def _constant(node: Any, tensor: Tensor) -> np.ndarray:
    value = constant_value(tensor)
    if value is None:
        raise ValueError(f"The node {node.name!r} needs a constant for {tensor.name!r} here.")
    return value


def _const(node: Any, inputs: list[Tensor]) -> Translated:
    return [], {"value": attribute(node, "value"), "dtype": attribute(node, "dtype")}


def _assign(node: Any, inputs: list[Tensor]) -> Translated:
    found: dict[str, Any] = {"variable": inputs[0].op.name}
    if node.op == "Assign":
        found["validate_shape"] = bool(attribute(node, "validate_shape"))
    return inputs, found


def _apply(node: Any, inputs: list[Tensor]) -> Translated:
    found: dict[str, Any] = {"variables": [item.op.name for item in inputs[: _REFERENCES[node.op]]]}
    if node.op == "ApplyMomentum":
        found["use_nesterov"] = bool(attribute(node, "use_nesterov"))
    return inputs, found


def _gather(node: Any, inputs: list[Tensor]) -> Translated:
    axis = int(_constant(node, inputs[2])) if len(inputs) > 2 else 0
    if attribute(node, "batch_dims"):
        raise ValueError(f"The node {node.name!r} gathers in batches, which is not read here.")
    return inputs[:2], {"axis": axis}


def _split(node: Any, inputs: list[Tensor]) -> Translated:
    count = attribute(node, "num_split")
    if node.op == "Split":
        return [inputs[1]], {"axis": int(_constant(node, inputs[0])), "num_split": count, "sizes": None}
    sizes = [int(size) for size in _constant(node, inputs[1])]
    return [inputs[0]], {"axis": int(_constant(node, inputs[2])), "num_split": count, "sizes": sizes}


def _random(node: Any, inputs: list[Tensor]) -> Translated:
    found: dict[str, Any] = {name: int(attribute(node, name) or 0) for name in ("seed", "seed2")}
    found["own_seed"] = bool(found["seed2"])
    if node.op != "RandomShuffle":
        found["dtype"] = attribute(node, "Tout" if node.op == "RandomUniformInt" else "dtype")
    return inputs, found


def _batched_matmul(node: Any, inputs: list[Tensor]) -> Translated:
    return inputs, {"transpose_a": attribute(node, "adj_x"), "transpose_b": attribute(node, "adj_y")}


def _queue(node: Any, inputs: list[Tensor]) -> Translated:
    names = ["component_types", "shapes", "capacity", "shared_name", "min_after_dequeue", "seed", "seed2"]
    return [], {name: attribute(node, name) for name in names if name in node.attr}


def _dequeue(node: Any, inputs: list[Tensor]) -> Translated:
    types = attribute(node, "component_types")
    shapes = inputs[0].op.attributes.get("shapes") or [TensorShape(None)] * len(types)
    found = {"component_types": types, "shapes": list(shapes)}
    if node.op == "QueueDequeueUpToV2":
        found["up_to"] = True
    return inputs, found


_RULES: dict[str, Callable[[Any, list[Tensor]], Translated]] = {
    **dict.fromkeys(_PLAIN.split(), lambda node, inputs: (inputs, {})),
    **{op_type: _keeping(names) for types, names in _KEPT.items() for op_type in types.split()},
    **dict.fromkeys(_RANDOM, _random),
    **dict.fromkeys(_REFERENCES, _apply),
    **dict.fromkeys(["Assign", "AssignAdd", "AssignSub"], _assign),
    **dict.fromkeys(["Split", "SplitV"], _split),
    **dict.fromkeys(["Softmax", "LogSoftmax"], lambda node, inputs: (inputs, {"axis": -1})),
    **dict.fromkeys(["FIFOQueueV2", "PaddingFIFOQueueV2", "PriorityQueueV2", "RandomShuffleQueueV2"], _queue),
    **dict.fromkeys(["QueueDequeueV2", "QueueDequeueManyV2", "QueueDequeueUpToV2"], _dequeue),
    "BatchMatMulV2": _batched_matmul,
    "Const": _const,
    "GatherV2": _gather,
    "Rank": lambda node, inputs: (inputs, {"out_type": "int32"}),
}
