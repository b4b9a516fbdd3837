"""What a run tells of itself where it is asked to: the times of its nodes (TF1 symbol: `tf.RunMetadata`)."""

from __future__ import annotations

import copy
import dataclasses
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import torch

from . import graph_messages  # noqa: F401  # whose GraphDef a RunMetadata may hold
from .messages import Message

if TYPE_CHECKING:
    from .plan import Plan
    from .plan_units import Instruction
    from .run import Run


class NodeExecStats(Message):
    """When a node was evaluated, and for how long."""

    _fields: ClassVar[dict[str, str]] = {
        "node_name": "1 string",
        "all_start_micros": "2 int64",
        "op_start_rel_micros": "3 int64",
        "op_end_rel_micros": "4 int64",
        "all_end_rel_micros": "5 int64",
        "timeline_label": "8 string",
        "scheduled_micros": "9 int64",
        "thread_id": "10 uint32",
    }


class DeviceStepStats(Message):
    """The nodes that a device evaluated."""

    _fields: ClassVar[dict[str, str]] = {"device": "1 string", "node_stats": "2 repeated NodeExecStats"}


class StepStats(Message):
    """A run's nodes, device by device (TF1 symbol: `step_stats_pb2.StepStats`)."""

    _fields: ClassVar[dict[str, str]] = {"dev_stats": "1 repeated DeviceStepStats"}


class CostGraphDef(Message):
    """What nodes would cost (TF1 symbol: `cost_graph_pb2.CostGraphDef`); it stays empty."""

    class Node(Message):
        """A node's cost."""

        _fields: ClassVar[dict[str, str]] = {"name": "1 string", "device": "2 string", "id": "3 int32"}

    _fields: ClassVar[dict[str, str]] = {"node": "1 repeated Node"}


class RunMetadata(Message):
    """What a run tells of itself (TF1 symbol: `tf.RunMetadata`): with `trace_level=FULL_TRACE` in its options
    the time of each node that it evaluated.
    """

    _fields: ClassVar[dict[str, str]] = {
        "step_stats": "1 StepStats",
        "cost_graph": "2 CostGraphDef",
        "partition_graphs": "3 repeated GraphDef",
    }


def evaluated(plan: Plan, run: Run, values: Sequence[Any], metadata: Any) -> list[Any]:
    """The values of a plan's fetches; the times go to a RunMetadata."""
    device = run.device
    cuda = device is not None and device.type == "cuda"
    kind = "CPU" if device is None else "GPU"
    stats = metadata.step_stats.dev_stats.add(device=f"/job:localhost/replica:0/task:0/device:{kind}:0")

    def now() -> float:
        if cuda:
            torch.cuda.synchronize(device)
        return time.time()

    def timed(instruction: Instruction) -> Instruction:
        operation, evaluate = instruction.operation, instruction.evaluate

        def measured(run: Run, *inputs: Any) -> Any:
            begun = now()
            try:
                return evaluate(run, *inputs)
            finally:
                spent = int((now() - begun) * 1e6)
                names = ", ".join(tensor.op.name for tensor in operation.inputs)
                stats.node_stats.add(
                    node_name=operation.name,
                    all_start_micros=int(begun * 1e6),
                    op_end_rel_micros=spent,
                    all_end_rel_micros=spent,
                    timeline_label=f"{operation.name} = {operation.type}({names})",
                    scheduled_micros=int(begun * 1e6),
                    thread_id=threading.get_ident() & 0xFFFFFFFF,
                )

        change: Callable[..., Any] = dataclasses.replace
        return change(instruction, evaluate=measured, plain=None)

    traced = copy.copy(plan)
    traced.instructions = [timed(instruction) for instruction in plan.instructions]
    return traced.interpret(run, values)
