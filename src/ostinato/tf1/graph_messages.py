"""The messages that a graph is written down in: types, shapes, tensors, attributes, nodes."""

from __future__ import annotations

from typing import ClassVar

from .message_fields import enumeration
from .messages import Message

DT_NAMES = [
    "invalid",
    "float",
    "double",
    "int32",
    "uint8",
    "int16",
    "int8",
    "string",
    "complex64",
    "int64",
    "bool",
    "qint8",
    "quint8",
    "qint32",
    "bfloat16",
    "qint16",
    "quint16",
    "uint16",
    "complex128",
    "half",
    "resource",
    "variant",
    "uint32",
    "uint64",
]
DataType = enumeration(
    "DataType",
    {
        **{f"DT_{name.upper()}": number for number, name in enumerate(DT_NAMES)},
        **{f"DT_{name.upper()}_REF": 100 + number for number, name in enumerate(DT_NAMES) if number},
    },
)


class TensorShapeProto(Message):
    """A static shape (TF1 symbol: `tensor_shape_pb2.TensorShapeProto`); a size of -1 is unknown."""

    class Dim(Message):
        """One size."""

        _fields: ClassVar[dict[str, str]] = {"size": "1 int64", "name": "2 string"}

    _fields: ClassVar[dict[str, str]] = {"dim": "2 repeated Dim", "unknown_rank": "3 bool"}


class TensorProto(Message):
    """A tensor's value (TF1 symbol: `tensor_pb2.TensorProto`)."""

    _fields: ClassVar[dict[str, str]] = {
        "dtype": "1 DataType",
        "tensor_shape": "2 TensorShapeProto",
        "version_number": "3 int32",
        "tensor_content": "4 bytes",
        "float_val": "5 repeated float",
        "double_val": "6 repeated double",
        "int_val": "7 repeated int32",
        "string_val": "8 repeated bytes",
        "scomplex_val": "9 repeated float",
        "int64_val": "10 repeated int64",
        "bool_val": "11 repeated bool",
        "dcomplex_val": "12 repeated double",
        "half_val": "13 repeated int32",
        "uint32_val": "16 repeated uint32",
        "uint64_val": "17 repeated uint64",
    }


class VersionDef(Message):
    """The versions of a graph's format (TF1 symbol: `versions_pb2.VersionDef`)."""

    _fields: ClassVar[dict[str, str]] = {
        "producer": "1 int32",
        "min_consumer": "2 int32",
        "bad_consumers": "3 repeated int32",
    }


class NameAttrList(Message):
    """A function's name and attributes (TF1 symbol: `tf.NameAttrList`)."""

    _fields: ClassVar[dict[str, str]] = {"name": "1 string", "attr": "2 map<string, AttrValue>"}


class AttrValue(Message):
    """An attribute of a node (TF1 symbol: `tf.AttrValue`)."""

    class ListValue(Message):
        """A list of values."""

        _fields: ClassVar[dict[str, str]] = {
            "s": "2 repeated bytes",
            "i": "3 repeated int64",
            "f": "4 repeated float",
            "b": "5 repeated bool",
            "type": "6 repeated DataType",
            "shape": "7 repeated TensorShapeProto",
            "tensor": "8 repeated TensorProto",
            "func": "9 repeated NameAttrList",
        }

    _fields: ClassVar[dict[str, str]] = {
        "list": "1 ListValue in value",
        "s": "2 bytes in value",
        "i": "3 int64 in value",
        "f": "4 float in value",
        "b": "5 bool in value",
        "type": "6 DataType in value",
        "shape": "7 TensorShapeProto in value",
        "tensor": "8 TensorProto in value",
        "placeholder": "9 string in value",
        "func": "10 NameAttrList in value",
    }


class NodeDef(Message):
    """A node (TF1 symbol: `tf.NodeDef`): its name, type, inputs (`^` before one that only goes first), device
    and attributes.
    """

    class ExperimentalDebugInfo(Message):
        """Names that a node had before."""

        _fields: ClassVar[dict[str, str]] = {
            "original_node_names": "1 repeated string",
            "original_func_names": "2 repeated string",
        }

    _fields: ClassVar[dict[str, str]] = {
        "name": "1 string",
        "op": "2 string",
        "input": "3 repeated string",
        "device": "4 string",
        "attr": "5 map<string, AttrValue>",
        "experimental_debug_info": "6 ExperimentalDebugInfo",
    }


class OpDef(Message):
    """What a type of operation, or a function, takes and gives (TF1 symbol: `op_def_pb2.OpDef`)."""

    class ArgDef(Message):
        """An input or an output."""

        _fields: ClassVar[dict[str, str]] = {
            "name": "1 string",
            "description": "2 string",
            "type": "3 DataType",
            "type_attr": "4 string",
            "number_attr": "5 string",
            "type_list_attr": "6 string",
            "is_ref": "16 bool",
        }

    class AttrDef(Message):
        """An attribute."""

        _fields: ClassVar[dict[str, str]] = {
            "name": "1 string",
            "type": "2 string",
            "default_value": "3 AttrValue",
            "description": "4 string",
            "has_minimum": "5 bool",
            "minimum": "6 int64",
            "allowed_values": "7 AttrValue",
        }

    _fields: ClassVar[dict[str, str]] = {
        "name": "1 string",
        "input_arg": "2 repeated ArgDef",
        "output_arg": "3 repeated ArgDef",
        "attr": "4 repeated AttrDef",
        "summary": "5 string",
        "description": "6 string",
        "is_stateful": "17 bool",
    }


class OpList(Message):
    """Types of operations (TF1 symbol: `op_def_pb2.OpList`)."""

    _fields: ClassVar[dict[str, str]] = {"op": "1 repeated OpDef"}


class FunctionDef(Message):
    """A function of a graph: a loop's body, a branch (TF1 symbol: `function_pb2.FunctionDef`)."""

    _fields: ClassVar[dict[str, str]] = {
        "signature": "1 OpDef",
        "node_def": "3 repeated NodeDef",
        "ret": "4 map<string, string>",
        "attr": "5 map<string, AttrValue>",
        "control_ret": "6 map<string, string>",
    }


class FunctionDefLibrary(Message):
    """The functions of a graph (TF1 symbol: `function_pb2.FunctionDefLibrary`)."""

    _fields: ClassVar[dict[str, str]] = {"function": "1 repeated FunctionDef"}


class GraphDef(Message):
    """A graph as plain values (TF1 symbol: `tf.GraphDef`)."""

    _fields: ClassVar[dict[str, str]] = {
        "node": "1 repeated NodeDef",
        "library": "2 FunctionDefLibrary",
        "version": "3 int32",
        "versions": "4 VersionDef",
    }
