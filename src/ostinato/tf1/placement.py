"""Where a run computes, in a session of another device than the CPU: a plan's instructions as they are there.

Floating numbers live on the device, as variables, constants, feeds and results; integers, flags and scalars
stay on the host until they meet what is on the device, and strings always do, with the operations that have
no kernel elsewhere (`host_operations`). So the sizes and lengths that Python asks for cost no waiting. What
`tf.device` puts on the CPU stays there. A session of the CPU has nothing to do with this file.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from .host_operations import SCALARS_MIX, on_host, read_on_the_host
from .plan_units import as_leaf

if TYPE_CHECKING:
    from .graph import Graph
    from .plan import Plan
    from .plan_units import Instruction
    from .tensor import Operation

CPU = torch.device("cpu")
FUSED = ("DynamicRNN", "RNNCellStep")
"""Operations of which several may be one instruction: the steps of a sequence, its two directions."""
_NAME = "/job:localhost/replica:0/task:0/device:"
_WIDE = (torch.float64, torch.complex128)


def lives_there(value: Any, device: torch.device) -> bool:
    """Whether a value of this type lives on the device rather than on the host."""
    floating = value.is_floating_point() or value.is_complex()
    return bool(floating and (device.type != "mps" or value.dtype not in _WIDE))


def brought(values: Sequence[Any], device: torch.device | None) -> list[Any]:
    """What a run is fed, where it lives."""
    return list(values) if device is None else [_home(value, device) for value in values]


def together(values: list[torch.Tensor]) -> list[torch.Tensor]:
    """Tensors that are to be joined, on one device: that of those which are not the host's."""
    there = next((value.device for value in values if not value.is_cpu), None)
    return values if there is None else [value.to(there) for value in values]


def placed(plan: Plan, device: torch.device) -> Plan:
    """The plan for runs on this device; of the CPU: for what stays on the host in a session of another
    device.
    """
    known = plan.placements.get(device)
    if known is None:
        known = object.__new__(type(plan))
        vars(known).update(vars(plan), placements={device: known}, _runs=0, _code=None)
        known.template = [_constant(value, device) for value in plan.template]
        constants = {slot for slot, value in enumerate(plan.template) if value is not None}
        known.instructions = [_instruction(item, device, constants) for item in plan.instructions]
        plan.placements[device] = known
    return known


def _constant(value: Any, device: torch.device) -> Any:
    if device == CPU or not isinstance(value, torch.Tensor):
        return value
    moved = _home(value.detach(), device)
    return as_leaf(moved) if value.requires_grad else moved


def _home(value: Any, device: torch.device) -> Any:
    """A result where it lives. A scalar stays where it came to be: torch takes it anywhere."""
    if isinstance(value, torch.Tensor) and value.is_cpu and value.dim() and lives_there(value, device):
        return value.to(device)
    return value


def _instruction(item: Instruction, device: torch.device, constants: Collection[int]) -> Instruction:
    operation, evaluate = item.operation, item.evaluate
    if device != CPU and operation.type in FUSED and len(item.inputs) != len(operation.inputs):
        moved = _meeting(evaluate, (), True, device)  # their seeds are scalars
    else:
        same = [index for index, slot in enumerate(item.inputs) if slot in constants]
        moved = placed_evaluate(operation, evaluate, device, same)
    return replace(item, evaluate=moved, plain=None)


def placed_evaluate(
    operation: Operation,
    evaluate: Callable[..., Sequence[Any]],
    device: torch.device,
    same: Collection[int] = (),
) -> Callable[..., Sequence[Any]]:
    """What an operation evaluates, for runs on this device; some inputs are the same in all runs."""
    if operation.type == "Gradients":
        return _starting_together(evaluate, operation)
    if device == CPU or _is_pinned(operation):
        return _pinned(evaluate)
    if "variable" in operation.attributes or "variables" in operation.attributes:
        return _at_variable(evaluate, operation, device)
    if on_host(operation.type):
        return _on_host(evaluate, device)
    return _meeting(evaluate, read_on_the_host(operation), operation.type in SCALARS_MIX, device, same)


def _is_pinned(operation: Operation) -> bool:
    return "/device:CPU" in operation.device


def _on(value: Any, device: torch.device) -> Any:
    return value.to(device) if isinstance(value, torch.Tensor) else value


def _pinned(evaluate: Callable[..., Sequence[Any]]) -> Callable[..., Sequence[Any]]:
    def on_cpu(run: Any, *values: Any) -> Sequence[Any]:
        found = evaluate(_of_host(run), *[_on(value, CPU) for value in values])
        return [_on(value, CPU) for value in found]

    return on_cpu


def _on_host(evaluate: Callable[..., Sequence[Any]], device: torch.device) -> Callable[..., Sequence[Any]]:
    def at_host(run: Any, *values: Any) -> Sequence[Any]:
        found = evaluate(_of_host(run), *[_on(value, CPU) for value in values])
        return [_home(value, device) for value in found]

    return at_host


def _of_host(run: Any) -> Any:
    """The run, for what it evaluates on the host, as the functions of a data set."""
    if run.device == CPU:
        return run
    here = run.copy()
    here.device = CPU
    return here


def _meeting(
    evaluate: Callable[..., Sequence[Any]],
    stay: Collection[int],
    mixes: bool,
    device: torch.device,
    same: Collection[int] = (),
) -> Callable[..., Sequence[Any]]:
    """What meets on the device is brought there, but for some inputs, and for scalars where they mix; what
    meets strings stays with them on the host.
    """
    copies: dict[int, torch.Tensor] = {}  # of inputs that are the same in all runs

    def there(index: int, value: Any) -> Any:
        if not isinstance(value, torch.Tensor) or not value.is_cpu or index in stay:
            return value
        if mixes and not value.dim():
            return value
        if index not in same or value.requires_grad:
            return value.to(device)
        if index not in copies:
            copies[index] = value.to(device)
        return copies[index]

    def meeting(run: Any, *values: Any) -> Sequence[Any]:
        if any(isinstance(value, np.ndarray) for value in values):
            values = tuple(_on(value, CPU) for value in values)
        elif any(isinstance(value, torch.Tensor) and not value.is_cpu for value in values):
            values = tuple(there(index, value) for index, value in enumerate(values))
        return [_home(value, device) for value in evaluate(run, *values)]

    return meeting


def _at_variable(
    evaluate: Callable[..., Sequence[Any]], operation: Operation, device: torch.device
) -> Callable[..., Sequence[Any]]:
    """What a variable is given goes where it lives."""
    attributes = operation.attributes
    name = attributes["variable"] if "variable" in attributes else next(iter(attributes["variables"]), "")
    handle = operation.inputs[0] if operation.inputs else None
    stays = handle is None or _is_pinned(handle.op) or not _lives_there(handle, device)

    def at_variable(run: Any, *values: Any) -> Sequence[Any]:
        held = run.current(name) if run.is_initialized(name) else None
        where = held.device if isinstance(held, torch.Tensor) else CPU if stays else device
        return evaluate(run, *[_on(value, where) for value in values])

    return at_variable


def _lives_there(tensor: Any, device: torch.device) -> bool:
    dtype = tensor.dtype.base_dtype
    if not (dtype.is_floating or dtype.is_complex):
        return False
    return lives_there(torch.empty(0, dtype=dtype.torch_dtype), device)


def _starting_together(
    evaluate: Callable[..., Sequence[Any]], operation: Operation
) -> Callable[..., Sequence[Any]]:
    """What a gradient starts from is where its y is; the others stay the very tensors that are on record."""
    count, over = operation.attributes["ys"], operation.attributes["xs"]
    given = operation.attributes.get("starts", ())

    def starting(run: Any, *values: Any) -> Sequence[Any]:
        moved = list(values)
        for place, y in enumerate(given, count + over):
            moved[place] = moved[place].to(moved[y].device)
        return evaluate(run, *moved)

    return starting


class PlacementLog:
    """Tells on the standard error where the nodes of a graph are, each once: `log_device_placement`."""

    def __init__(self, device: torch.device | None) -> None:
        self._device = device
        self._told = 0
        if device is not None:
            print(f"Device mapping:\n{_NAME}GPU:0 -> device: {device}", file=sys.stderr)

    def tell(self, graph: Graph) -> None:
        """Tell of those nodes that are new."""
        operations = graph.get_operations()
        for operation in operations[self._told :]:
            kind = "CPU" if self._device is None or _stays(operation, self._device) else "GPU"
            print(f"{operation.name}: ({operation.type}): {_NAME}{kind}:0", file=sys.stderr)
        self._told = len(operations)


def _stays(operation: Operation, device: torch.device) -> bool:
    """Whether an operation is on the host: what `tf.device` puts there, what has no other place, and what
    gives integers that need not be elsewhere.
    """
    floating = [tensor for tensor in (*operation.inputs, *operation.outputs) if _lives_there(tensor, device)]
    return _is_pinned(operation) or on_host(operation.type) or not floating
