"""TensorFlow's graph optimiser, which is not here: its configuration, which scripts import, and a refusal."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from .errors import UnimplementedError
from .message_fields import enumeration
from .messages import Message


class AutoParallelOptions(Message):
    """Copies of a graph for several GPUs (TF1 symbol: `rewriter_config_pb2.AutoParallelOptions`)."""

    _fields: ClassVar[dict[str, str]] = {"enable": "1 bool", "num_replicas": "2 int32"}


class RewriterConfig(Message):
    """Options of the graph optimiser, not used (TF1 symbol: `rewriter_config_pb2.RewriterConfig`)."""

    DEFAULT, ON, OFF, AGGRESSIVE = range(4)
    NO_MEM_OPT, MANUAL, SWAPPING_HEURISTICS, RECOMPUTATION_HEURISTICS, SCHEDULING_HEURISTICS = 1, 2, 4, 5, 6
    HEURISTICS = 3
    _fields: ClassVar[dict[str, str]] = {
        "layout_optimizer": "1 Toggle",
        "disable_model_pruning": "2 bool",
        "constant_folding": "3 Toggle",
        "memory_optimization": "4 int32",
        "auto_parallel": "5 AutoParallelOptions",
        "arithmetic_optimization": "7 Toggle",
        "dependency_optimization": "8 Toggle",
        "loop_optimization": "9 Toggle",
        "function_optimization": "10 Toggle",
        "debug_stripper": "11 Toggle",
        "meta_optimizer_iterations": "12 int32",
        "shape_optimization": "13 Toggle",
        "remapping": "14 Toggle",
        "optimizers": "100 repeated string",
    }


enumeration("RewriterConfig.Toggle", {"DEFAULT": 0, "ON": 1, "OFF": 2, "AGGRESSIVE": 3})


def OptimizeGraph(*arguments: Any, **options: Any) -> NoReturn:
    """Not there (TF1 symbol: `tensorflow.python.grappler.tf_optimizer.OptimizeGraph`).

    Raises:
        tf.errors.UnimplementedError: always.
    """
    raise UnimplementedError(
        None,
        None,
        "TensorFlow's graph optimiser is not here: use the graph as it is, on one device (num_gpus=1 or 0, "
        "where the script has that).",
    )
