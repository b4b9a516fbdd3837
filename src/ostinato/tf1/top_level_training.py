"""Names at the top of `tf` that concern queues, summaries and graphs as messages."""

from __future__ import annotations

from . import graph_util_module as graph_util
from . import queue, saved_model, summary
from .data_flow import FIFOQueue, PaddingFIFOQueue, PriorityQueue, QueueBase, RandomShuffleQueue
from .graph_import import import_graph_def
from .graph_messages import AttrValue, GraphDef, NameAttrList, NodeDef
from .meta_graph_messages import MetaGraphDef, TensorInfo
from .summary import (
    audio_summary,
    histogram_summary,
    image_summary,
    merge_all_summaries,
    merge_summary,
    scalar_summary,
)
from .summary_messages import Event, HistogramProto, LogMessage, SessionLog, Summary, SummaryMetadata
from .tensor_protos import make_ndarray, make_tensor_proto

__all__ = [
    "AttrValue",
    "Event",
    "FIFOQueue",
    "GraphDef",
    "HistogramProto",
    "LogMessage",
    "MetaGraphDef",
    "NameAttrList",
    "NodeDef",
    "PaddingFIFOQueue",
    "PriorityQueue",
    "QueueBase",
    "RandomShuffleQueue",
    "SessionLog",
    "Summary",
    "SummaryMetadata",
    "TensorInfo",
    "audio_summary",
    "graph_util",
    "histogram_summary",
    "image_summary",
    "import_graph_def",
    "make_ndarray",
    "make_tensor_proto",
    "merge_all_summaries",
    "merge_summary",
    "queue",
    "saved_model",
    "scalar_summary",
    "summary",
]
