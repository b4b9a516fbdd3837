"""The messages of meta graphs: a graph with its collections, its savers and what may be asked of it."""

from __future__ import annotations

from typing import ClassVar

from . import graph_messages, saver_def  # noqa: F401  # whose messages these hold
from .message_fields import enumeration
from .messages import Message

_CODES = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
]
enumeration("Code", {name: number for number, name in enumerate(_CODES)})
enumeration(
    "VariableSynchronization",
    {f"VARIABLE_SYNCHRONIZATION_{name}": i for i, name in enumerate(["AUTO", "NONE", "ON_WRITE", "ON_READ"])},
)
enumeration(
    "VariableAggregation",
    {
        f"VARIABLE_AGGREGATION_{name}": i
        for i, name in enumerate(["NONE", "SUM", "MEAN", "ONLY_FIRST_REPLICA"])
    },
)


class QueueRunnerDef(Message):
    """What fills a queue (TF1 symbol: `queue_runner_pb2.QueueRunnerDef`)."""

    _fields: ClassVar[dict[str, str]] = {
        "queue_name": "1 string",
        "enqueue_op_name": "2 repeated string",
        "close_op_name": "3 string",
        "cancel_op_name": "4 string",
        "queue_closed_exception_types": "5 repeated Code",
    }


class SaveSliceInfoDef(Message):
    """Which part of a whole a variable is (TF1 symbol: `variable_pb2.SaveSliceInfoDef`)."""

    _fields: ClassVar[dict[str, str]] = {
        "full_name": "1 string",
        "full_shape": "2 repeated int64",
        "var_offset": "3 repeated int64",
        "var_shape": "4 repeated int64",
    }


class VariableDef(Message):
    """A variable's nodes (TF1 symbol: `variable_pb2.VariableDef`)."""

    _fields: ClassVar[dict[str, str]] = {
        "variable_name": "1 string",
        "initializer_name": "2 string",
        "snapshot_name": "3 string",
        "save_slice_info_def": "4 SaveSliceInfoDef",
        "is_resource": "5 bool",
        "initial_value_name": "6 string",
        "trainable": "7 bool",
        "synchronization": "8 VariableSynchronization",
        "aggregation": "9 VariableAggregation",
    }


class TensorInfo(Message):
    """A tensor of a graph, by name (TF1 symbol: `meta_graph_pb2.TensorInfo`)."""

    class CooSparse(Message):
        """A sparse tensor's three tensors."""

        _fields: ClassVar[dict[str, str]] = {
            "values_tensor_name": "1 string",
            "indices_tensor_name": "2 string",
            "dense_shape_tensor_name": "3 string",
        }

    _fields: ClassVar[dict[str, str]] = {
        "name": "1 string in encoding",
        "dtype": "2 DataType",
        "tensor_shape": "3 TensorShapeProto",
        "coo_sparse": "4 CooSparse in encoding",
    }


class SignatureDef(Message):
    """What may be asked of a graph: tensors to feed and to fetch, by names (TF1 symbol:
    `meta_graph_pb2.SignatureDef`).
    """

    _fields: ClassVar[dict[str, str]] = {
        "inputs": "1 map<string, TensorInfo>",
        "outputs": "2 map<string, TensorInfo>",
        "method_name": "3 string",
    }


class AssetFileDef(Message):
    """A file that a graph needs (TF1 symbol: `meta_graph_pb2.AssetFileDef`)."""

    _fields: ClassVar[dict[str, str]] = {"tensor_info": "1 TensorInfo", "filename": "2 string"}


class CollectionDef(Message):
    """A collection of a graph (TF1 symbol: `meta_graph_pb2.CollectionDef`)."""

    class NodeList(Message):
        """Names of tensors and operations."""

        _fields: ClassVar[dict[str, str]] = {"value": "1 repeated string"}

    class BytesList(Message):
        """Encoded messages, or strings."""

        _fields: ClassVar[dict[str, str]] = {"value": "1 repeated bytes"}

    class Int64List(Message):
        """Integers."""

        _fields: ClassVar[dict[str, str]] = {"value": "1 repeated int64"}

    class FloatList(Message):
        """Numbers."""

        _fields: ClassVar[dict[str, str]] = {"value": "1 repeated float"}

    _fields: ClassVar[dict[str, str]] = {
        "node_list": "1 NodeList in kind",
        "bytes_list": "2 BytesList in kind",
        "int64_list": "3 Int64List in kind",
        "float_list": "4 FloatList in kind",
    }


class MetaGraphDef(Message):
    """A graph with all that belongs to it (TF1 symbol: `tf.MetaGraphDef`)."""

    class MetaInfoDef(Message):
        """Who wrote it, and for what."""

        _fields: ClassVar[dict[str, str]] = {
            "meta_graph_version": "1 string",
            "stripped_op_list": "2 OpList",
            "tags": "4 repeated string",
            "tensorflow_version": "5 string",
            "tensorflow_git_version": "6 string",
            "stripped_default_attrs": "7 bool",
        }

    _fields: ClassVar[dict[str, str]] = {
        "meta_info_def": "1 MetaInfoDef",
        "graph_def": "2 GraphDef",
        "saver_def": "3 SaverDef",
        "collection_def": "4 map<string, CollectionDef>",
        "signature_def": "5 map<string, SignatureDef>",
        "asset_file_def": "6 repeated AssetFileDef",
    }


class SavedModel(Message):
    """Meta graphs for the same variables (TF1 symbol: `saved_model_pb2.SavedModel`)."""

    _fields: ClassVar[dict[str, str]] = {
        "saved_model_schema_version": "1 int64",
        "meta_graphs": "2 repeated MetaGraphDef",
    }
