"""Nodes that TensorFlow wrote, as nodes of this library: which attributes an operation has here, and which of
its inputs are attributes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .dtypes import as_dtype
from .foreign_attributes import MASKS, attribute, default_of
from .registry import constant_value
from .shapes import TensorShape
from .tensor import Tensor

_PLAIN = """
    Abs Acos Acosh Add AddN AddV2 Asin Asinh Atan Atan2 Atanh BatchToSpaceND Betainc BitwiseAnd
    BitwiseOr BitwiseXor BroadcastArgs BroadcastGradientArgs BroadcastTo Ceil Complex ComplexAbs
    ConcatOffset ConcatV2 Conj ControlTrigger Cos Cosh Diag DiagPart Digamma DivNoNan DynamicStitch
    Elu EluGrad Equal Erf Erfc Exit Exp ExpandDims Expm1 Fill Floor FloorDiv FloorMod GRUBlockCell
    GRUBlockCellGrad GatherNd GatherTree Greater GreaterEqual HSVToRGB HistogramSummary Identity
    Igamma Igammac Imag InTopKV2 InitializeTableV2 InvGrad Invert InvertPermutation IsFinite IsInf
    IsNan L2Loss LeftShift Less LessEqual Lgamma LinSpace Log Log1p LogicalAnd LogicalNot LogicalOr
    LookupTableFindV2 LookupTableImportV2 LookupTableInsertV2 LookupTableSizeV2 LoopCond
    MatrixBandPart MatrixDiag MatrixDiagPart MatrixSetDiag Maximum MergeSummary MergeV2Checkpoints
    Minimum Mul MulNoNan Neg NextIteration NoOp NotEqual Pad PadV2 Polygamma Pow PreventGradient
    QueueEnqueueManyV2 QueueEnqueueV2 QueueIsClosedV2 QueueSizeV2 RGBToHSV Range ReadFile Real
    RealDiv Reciprocal ReciprocalGrad Relu Relu6 Relu6Grad ReluGrad Reshape ReverseV2 RightShift
    Rint Round Rsqrt RsqrtGrad SaveV2 ScalarSummary ScatterNd SegmentMax SegmentMean SegmentMin
    SegmentProd SegmentSum Select Selu SeluGrad ShardedFilename Sigmoid SigmoidGrad Sign Sin Sinh
    Slice SoftmaxCrossEntropyWithLogits Softplus SoftplusGrad Softsign SoftsignGrad SpaceToBatchND
    SparseReorder SparseReshape SparseSegmentMean SparseSegmentMeanGrad SparseSegmentSqrtN
    SparseSegmentSqrtNGrad SparseSegmentSum SparseSoftmaxCrossEntropyWithLogits Sqrt SqrtGrad Square
    SquaredDifference StackCloseV2 StackPushV2 StopGradient StringJoin StringLength StringLower
    StringStrip StringUpper Sub Tan Tanh TanhGrad TensorArrayCloseV3 TensorArrayScatterV3
    TensorArraySizeV3 TensorArraySplitV3 TensorArrayWriteV3 TensorScatterAdd TensorScatterSub
    TensorScatterUpdate Tile Transpose TruncateDiv TruncateMod UnsortedSegmentMax UnsortedSegmentMin
    UnsortedSegmentProd UnsortedSegmentSum Where WriteFile Xdivy Xlogy ZerosLike Zeta
"""
_WINDOW = ["ksize", "strides", "padding", "data_format"]
_CONVOLUTION = ["strides", "padding", "explicit_paddings", "data_format", "dilations"]
_RESIZING = ["align_corners", "half_pixel_centers"]
_KEPT = {
    "All Any Max Mean Min Prod Sum EuclideanNorm": ["keep_dims"],
    "ArgMax ArgMin": ["output_type"],
    "Assert": ["summarize"],
    "AvgPool MaxPool AvgPool3D MaxPool3D AvgPoolGrad MaxPoolGrad AvgPool3DGrad MaxPool3DGrad": _WINDOW,
    "BiasAdd BiasAddGrad": ["data_format"],
    "CheckNumerics": ["message"],
    "BlockLSTM LSTMBlockCell": ["forget_bias", "cell_clip", "use_peephole"],
    "BlockLSTMGrad LSTMBlockCellGrad": ["use_peephole"],
    "CTCBeamSearchDecoder": ["beam_width", "top_paths", "merge_repeated"],
    "CTCGreedyDecoder": ["merge_repeated"],
    "CTCLoss": [
        "preprocess_collapse_repeated",
        "ctc_merge_repeated",
        "ignore_longer_outputs_than_inputs",
    ],
    "Cast": ["DstT"],
    "Conv2D Conv2DBackpropFilter Conv2DBackpropInput": _CONVOLUTION,
    "Conv3D Conv3DBackpropFilterV2 Conv3DBackpropInputV2 DepthwiseConv2dNative "
    "DepthwiseConv2dNativeBackpropFilter DepthwiseConv2dNativeBackpropInput": _CONVOLUTION,
    "DecodeRaw": ["out_type", "little_endian"],
    "DepthToSpace SpaceToDepth": ["block_size", "data_format"],
    "Cumprod Cumsum": ["exclusive", "reverse"],
    "DynamicPartition": ["num_partitions"],
    "EditDistance": ["normalize"],
    "FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3 FusedBatchNormGrad FusedBatchNormGradV2 "
    "FusedBatchNormGradV3": ["epsilon", "data_format", "is_training"],
    "InitializeTableFromTextFileV2": ["vocab_size", "key_index", "value_index", "delimiter"],
    "LRN LRNGrad": ["depth_radius", "bias", "alpha", "beta"],
    "LeakyRelu LeakyReluGrad": ["alpha"],
    "MirrorPad MirrorPadGrad": ["mode"],
    "ListDiff Unique UniqueWithCounts": ["out_idx"],
    "MatMul": ["transpose_a", "transpose_b"],
    "OneHot Pack": ["axis"],
    "Placeholder PlaceholderWithDefault": ["dtype", "shape"],
    "Qr": ["full_matrices"],
    "QueueCloseV2": ["cancel_pending_enqueues"],
    "ResizeArea ResizeBicubic ResizeBicubicGrad ResizeBilinear ResizeBilinearGrad ResizeNearestNeighbor "
    "ResizeNearestNeighborGrad": _RESIZING,
    "RestoreV2": ["dtypes"],
    "ReverseSequence": ["seq_dim", "batch_dim"],
    "Shape ShapeN Size": ["out_type"],
    "SparseTensorDenseMatMul": ["adjoint_a", "adjoint_b"],
    "SparseToDense": ["validate_indices"],
    "Squeeze": ["squeeze_dims"],
    "StackPopV2": ["elem_type"],
    "StridedSlice StridedSliceGrad": MASKS,
    "StringToNumber": ["out_type"],
    "TensorArrayConcatV3": ["dtype", "element_shape_except0"],
    "TensorArrayGatherV3": ["dtype", "element_shape"],
    "TensorArrayReadV3": ["dtype"],
    "TopKV2": ["sorted"],
    "Unpack": ["axis", "num"],
}
_REFERENCES = {  # how many variables an update writes
    "ApplyGradientDescent": 1,
    "ApplyProximalGradientDescent": 1,
    "ApplyAdagrad": 2,
    "ApplyMomentum": 2,
    "ApplyProximalAdagrad": 2,
    "ApplyAdadelta": 3,
    "ApplyAdam": 3,
    "ApplyFtrl": 3,
    "ApplyFtrlV2": 3,
    "ApplyRMSProp": 3,
    "ApplyCenteredRMSProp": 4,
}
_GRADIENT_AT_THREE = ("ApplyMomentum", "ApplyFtrl", "ApplyFtrlV2")
_RENAMED = {
    **{
        f"Ref{op_type}": op_type
        for op_type in ("Switch", "Merge", "Enter", "Exit", "NextIteration", "Identity")
    },
    **{f"Resource{op_type}": op_type for op_type in _REFERENCES},
    **{f"ResourceSparse{op_type}": f"Sparse{op_type}" for op_type in _REFERENCES},
    **{
        f"ResourceScatter{kind}": f"Scatter{kind}"
        for kind in ("Add", "Sub", "Mul", "Div", "Min", "Max", "Update")
    },
    **{f"ResourceScatterNd{kind}": f"ScatterNd{kind}" for kind in ("Add", "Sub", "Update")},
    "ResourceStridedSliceAssign": "StridedSliceAssign",
    "AssignAddVariableOp": "AssignAdd",
    "AssignSubVariableOp": "AssignSub",
    "AssignVariableOp": "Assign",
    "BatchMatMul": "BatchMatMulV2",
    "CTCLoss": "CTCLossAndGradient",
    "Concat": "ConcatV2",
    "FusedBatchNorm": "FusedBatchNormAndKept",
    "FusedBatchNormV2": "FusedBatchNormAndKept",
    "FusedBatchNormV3": "FusedBatchNormAndKept",
    "FusedBatchNormGrad": "FusedBatchNormGradV3",
    "FusedBatchNormGradV2": "FusedBatchNormGradV3",
    "Gather": "GatherV2",
    "InitializeTableV2": "LookupTableImportV2",
    "Inv": "Reciprocal",
    "Mod": "TruncateMod",
    "ReadVariableOp": "Identity",
    "ResourceGather": "GatherV2",
    "SoftmaxCrossEntropyWithLogits": "SoftmaxCrossEntropyAndGradient",
    "SparseSoftmaxCrossEntropyWithLogits": "SparseSoftmaxCrossEntropyAndGradient",
    "VarHandleOp": "VariableV2",
    "VarIsInitializedOp": "IsVariableInitialized",
    "Variable": "VariableV2",
}
"""Types that are others here: those of variables behind handles, older versions, and those whose result comes
with its gradient."""
_RANDOM = ["RandomUniform", "RandomStandardNormal", "TruncatedNormal", "RandomUniformInt", "RandomShuffle"]
Translated = tuple[list[Tensor], dict[str, Any]]


def type_of_node(node: Any) -> str:
    """The type that a node has here, whether there is one or not."""
    if node.op == "Div":  # of integers it goes towards zero
        return "RealDiv" if as_dtype(attribute(node, "T")).is_floating else "TruncateDiv"
    return _RENAMED.get(node.op, node.op)


def comes_round(node: Any, source: Any) -> bool:
    """Whether a node's input is what a loop's iteration hands to the next one."""
    return node.op in ("Merge", "RefMerge") and getattr(source, "op", "") in (
        "NextIteration",
        "RefNextIteration",
    )


def is_known(op_type: str) -> bool:
    """Whether there is a rule for a type."""
    return op_type in _RULES


def translated(node: Any, inputs: Sequence[Tensor]) -> Translated:
    """The inputs and attributes that a node has here.

    Raises:
        ValueError: what is an attribute here is no constant in the graph.
    """
    return _RULES[node.op](node, list(inputs))


def _keeping(names: Sequence[str]) -> Callable[[Any, list[Tensor]], Translated]:
    def rule(node: Any, inputs: list[Tensor]) -> Translated:
        found = {name: attribute(node, name) for name in names}
        return inputs, {
            name: default_of(node, name) if value is None else value for name, value in found.items()
        }

    return rule


def _as_it_is(node: Any, inputs: list[Tensor]) -> Translated:
    return inputs, {}


def _constant(node: Any, tensor: Tensor) -> np.ndarray:
    value = constant_value(tensor)
    if value is None:
        raise ValueError(f"The node {node.name!r} needs a constant for {tensor.name!r} here.")
    return value


def _const(node: Any, inputs: list[Tensor]) -> Translated:
    return [], {"value": attribute(node, "value"), "dtype": attribute(node, "dtype")}


def _variable(node: Any, inputs: list[Tensor]) -> Translated:
    return [], {"dtype": attribute(node, "dtype"), "shape": attribute(node, "shape") or TensorShape(None)}


def _written(tensor: Tensor) -> str:
    """The name of the variable that a reference leads to, through branches and loops as well."""
    operation = tensor.op
    while operation.type != "VariableV2":
        if "variable" in operation.attributes:
            return str(operation.attributes["variable"])
        if operation.type not in ("Switch", "Enter", "Identity", "Merge"):
            raise ValueError(f"{tensor.name!r} is no variable.")
        operation = operation.inputs[0].op
    return operation.name


def _assign(node: Any, inputs: list[Tensor]) -> Translated:
    found: dict[str, Any] = {"variable": _written(inputs[0])}
    if node.op in ("Assign", "AssignVariableOp"):
        found["validate_shape"] = bool(attribute(node, "validate_shape")) if node.op == "Assign" else True
    elif node.op.endswith("StridedSliceAssign"):
        found.update((name, int(attribute(node, name))) for name in MASKS)
    return inputs, found


def _apply(node: Any, inputs: list[Tensor]) -> Translated:
    op_type = node.op.removeprefix("Resource")
    sparse = op_type.startswith("Sparse")
    op_type = op_type.removeprefix("Sparse")
    if sparse and op_type in _GRADIENT_AT_THREE:  # the rows come after the gradient there, last here
        inputs = [*inputs[:4], *inputs[5:], inputs[4]]
    found: dict[str, Any] = {"variables": [_written(item) for item in inputs[: _REFERENCES[op_type]]]}
    if op_type == "ApplyMomentum":
        found["use_nesterov"] = bool(attribute(node, "use_nesterov"))
    elif op_type == "ApplyAdam" and attribute(node, "use_nesterov"):
        raise ValueError(f"The node {node.name!r} is Adam with Nesterov's momentum, which is not read here.")
    return inputs, found


def _enter(node: Any, inputs: list[Tensor]) -> Translated:
    return inputs, {
        "frame_name": attribute(node, "frame_name"),
        "is_constant": bool(attribute(node, "is_constant")),
    }


def _array(node: Any, inputs: list[Tensor]) -> Translated:
    names = ["dynamic_size", "clear_after_read", "identical_element_shapes"]
    found: dict[str, Any] = {name: bool(attribute(node, name)) for name in names}
    shape = attribute(node, "element_shape")
    return inputs, {
        **found,
        "dtype": attribute(node, "dtype"),
        "element_shape": None if shape is None else shape.known,
        "tensor_array_name": attribute(node, "tensor_array_name") or "",
    }


def _stack(node: Any, inputs: list[Tensor]) -> Translated:
    return inputs, {
        "elem_type": attribute(node, "elem_type"),
        "stack_name": attribute(node, "stack_name") or "",
    }


def _sampler(node: Any, inputs: list[Tensor]) -> Translated:
    found = {name: attribute(node, name) for name in ("num_true", "num_sampled", "unique", "range_max")}
    return inputs, {**found, **_random(node, inputs)[1]}


def _table(node: Any, inputs: list[Tensor]) -> Translated:
    names = ["shared_name", "key_dtype", "value_dtype"]
    return [], {**{name: attribute(node, name) or "" for name in names}, "value_shape": ()}


def _concat(node: Any, inputs: list[Tensor]) -> Translated:
    return [*inputs[1:], inputs[0]], {}


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
    if node.op in _RANDOM and node.op != "RandomShuffle":
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
    **dict.fromkeys(_PLAIN.split(), _as_it_is),
    **{op_type: _keeping(names) for types, names in _KEPT.items() for op_type in types.split()},
    **dict.fromkeys(_RANDOM, _random),
    **{
        f"{prefix}{op_type}": _apply
        for op_type in _REFERENCES
        for prefix in ("", "Resource", "Sparse", "ResourceSparse")
    },
    **{
        f"{prefix}{kind}": _assign
        for prefix in ("Scatter", "ResourceScatter", "ScatterNd", "ResourceScatterNd")
        for kind in ("Add", "Sub", "Mul", "Div", "Min", "Max", "Update")
    },
    **{f"Assign{kind}{suffix}": _assign for kind in ("", "Add", "Sub") for suffix in ("", "VariableOp")},
    **dict.fromkeys(["IsVariableInitialized", "VarIsInitializedOp"], _assign),
    **dict.fromkeys(["StridedSliceAssign", "ResourceStridedSliceAssign"], _assign),
    **dict.fromkeys(["Switch", "RefSwitch", "RefExit", "RefNextIteration", "RefIdentity"], _as_it_is),
    **dict.fromkeys(["Enter", "RefEnter"], _enter),
    **dict.fromkeys(["Merge", "RefMerge"], lambda node, inputs: (inputs, {"turns": False})),
    **dict.fromkeys(["VariableV2", "Variable", "VarHandleOp"], _variable),
    **dict.fromkeys(["ReadVariableOp", "Inv", "Mod", "Div"], _as_it_is),
    **dict.fromkeys(["GatherV2", "Gather", "ResourceGather"], _gather),
    **dict.fromkeys(["BatchMatMul", "BatchMatMulV2"], _batched_matmul),
    **dict.fromkeys(["LogUniformCandidateSampler", "UniformCandidateSampler"], _sampler),
    **dict.fromkeys(["Split", "SplitV"], _split),
    **dict.fromkeys(["Softmax", "LogSoftmax"], lambda node, inputs: (inputs, {"axis": -1})),
    **dict.fromkeys(["FIFOQueueV2", "PaddingFIFOQueueV2", "PriorityQueueV2", "RandomShuffleQueueV2"], _queue),
    **dict.fromkeys(["QueueDequeueV2", "QueueDequeueManyV2", "QueueDequeueUpToV2"], _dequeue),
    **dict.fromkeys(["HashTableV2", "MutableHashTableV2"], _table),
    "Concat": _concat,
    "Const": _const,
    "StackV2": _stack,
    "TensorArrayGradV3": lambda node, inputs: (inputs, {"source": attribute(node, "source")}),
    "TensorArrayV3": _array,
    "Rank": lambda node, inputs: (inputs, {"out_type": "int32"}),
}
