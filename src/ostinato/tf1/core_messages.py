"""The modules of `tensorflow.core` that hold messages: which of this face's classes each of them shows."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from . import (
    graph_messages,
    graph_optimizer,
    meta_graph_messages,
    options,
    saver_def,
    step_stats,
    summary_messages,
)
from .message_fields import ENUMERATIONS
from .names import absent

_TABLE: dict[str, tuple[Any, str]] = {
    "framework.attr_value_pb2": (graph_messages, "AttrValue NameAttrList"),
    "framework.cost_graph_pb2": (step_stats, "CostGraphDef"),
    "framework.function_pb2": (graph_messages, "FunctionDef FunctionDefLibrary"),
    "framework.graph_pb2": (graph_messages, "GraphDef"),
    "framework.node_def_pb2": (graph_messages, "NodeDef"),
    "framework.op_def_pb2": (graph_messages, "OpDef OpList"),
    "framework.step_stats_pb2": (step_stats, "StepStats DeviceStepStats NodeExecStats"),
    "framework.summary_pb2": (
        summary_messages,
        "HistogramProto Summary SummaryDescription SummaryMetadata",
    ),
    "framework.tensor_pb2": (graph_messages, "TensorProto"),
    "framework.tensor_shape_pb2": (graph_messages, "TensorShapeProto"),
    "framework.types_pb2": (graph_messages, ""),
    "framework.variable_pb2": (meta_graph_messages, "SaveSliceInfoDef VariableDef"),
    "framework.versions_pb2": (graph_messages, "VersionDef"),
    "protobuf.config_pb2": (
        options,
        "ConfigProto GPUOptions GraphOptions OptimizerOptions RPCOptions RunMetadata RunOptions "
        "ThreadPoolOptionProto",
    ),
    "protobuf.meta_graph_pb2": (
        meta_graph_messages,
        "AssetFileDef CollectionDef MetaGraphDef SignatureDef TensorInfo",
    ),
    "protobuf.queue_runner_pb2": (meta_graph_messages, "QueueRunnerDef"),
    "protobuf.rewriter_config_pb2": (graph_optimizer, "AutoParallelOptions RewriterConfig"),
    "protobuf.saved_model_pb2": (meta_graph_messages, "SavedModel"),
    "protobuf.saver_pb2": (saver_def, "SaverDef"),
    "util.event_pb2": (summary_messages, "Event LogMessage SessionLog TaggedRunMetadata"),
}


def _build() -> dict[str, ModuleType]:
    modules: dict[str, ModuleType] = {}
    for name, (source, names) in _TABLE.items():
        module = modules[name] = ModuleType(f"tensorflow.core.{name}")
        vars(module).update({key: getattr(source, key) for key in names.split()})
        if name == "framework.types_pb2":
            vars(module).update(ENUMERATIONS["DataType"])
        package, _, last = name.partition(".")
        if package not in modules:
            modules[package] = ModuleType(f"tensorflow.core.{package}")
            modules[package].__path__ = []
        setattr(modules[package], last, module)
    for name, module in modules.items():
        names_there = [key for key in vars(module) if not key.startswith("_")]
        vars(module)["__getattr__"] = absent(f"tensorflow.core.{name}", names_there)
    return modules


MODULES = _build()
