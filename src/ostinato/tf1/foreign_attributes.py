"""Attributes of nodes that TensorFlow wrote: those that are there, and what the others are."""

from __future__ import annotations

from typing import Any

from .attribute_values import list_of
from .shapes import TensorShape
from .tensor_protos import make_ndarray, shape_of, type_of

MASKS = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
_DEFAULTS: dict[str, Any] = {
    "adj_x": False,
    "adj_y": False,
    "adjoint_a": False,
    "adjoint_b": False,
    "align_corners": False,
    "alpha": 0.2,
    "batch_dim": 0,
    "cancel_pending_enqueues": False,
    "ctc_merge_repeated": True,
    "delimiter": "\t",
    "elem_type": "float32",
    "epsilon": 1e-4,
    "exclusive": False,
    "explicit_paddings": [],
    "full_matrices": False,
    "half_pixel_centers": False,
    "ignore_longer_outputs_than_inputs": False,
    "is_training": True,
    "keep_dims": False,
    "little_endian": True,
    "merge_repeated": False,
    "normalize": True,
    "out_idx": "int32",
    "out_type": "int32",
    "output_type": "int64",
    "preprocess_collapse_repeated": False,
    "reverse": False,
    "shape": TensorShape(None),
    "sorted": True,
    "squeeze_dims": [],
    "summarize": 3,
    "transpose_a": False,
    "transpose_b": False,
    "use_nesterov": False,
    "validate_indices": True,
    "validate_shape": True,
    "vocab_size": -1,
    **dict.fromkeys(MASKS, 0),
}
_DEFAULTS_OF_TYPES: dict[str, dict[str, Any]] = {
    "CTCBeamSearchDecoder": {"merge_repeated": True},
    "Conv3D": {"data_format": "NDHWC", "dilations": [1] * 5},
    "Conv3DBackpropFilterV2": {"data_format": "NDHWC", "dilations": [1] * 5},
    "Conv3DBackpropInputV2": {"data_format": "NDHWC", "dilations": [1] * 5},
    "AvgPool3D": {"data_format": "NDHWC"},
    "AvgPool3DGrad": {"data_format": "NDHWC"},
    "BlockLSTM": {"forget_bias": 1.0, "cell_clip": 3.0, "use_peephole": False},
    "LSTMBlockCell": {"forget_bias": 1.0, "cell_clip": 3.0, "use_peephole": False},
    "MaxPool3D": {"data_format": "NDHWC"},
    "MaxPool3DGrad": {"data_format": "NDHWC"},
    "LRN": {"depth_radius": 5, "bias": 1.0, "alpha": 1.0, "beta": 0.5},
    "LRNGrad": {"depth_radius": 5, "bias": 1.0, "alpha": 1.0, "beta": 0.5},
    "OneHot": {"axis": -1},
    "Pack": {"axis": 0},
    "StringToNumber": {"out_type": "float32"},
    "Unpack": {"axis": 0},
}
_COMMON = {"data_format": "NHWC", "dilations": [1, 1, 1, 1]}


def default_of(node: Any, name: str) -> Any:
    """What an attribute is that a file leaves out, as it may where it is what it is without being given."""
    own = _DEFAULTS_OF_TYPES.get(node.op, {})
    return own.get(name, _COMMON.get(name, _DEFAULTS.get(name)))


def attribute(node: Any, name: str) -> Any:
    """An attribute as this library has it."""
    if name not in node.attr:
        return default_of(node, name)
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
