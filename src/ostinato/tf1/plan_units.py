"""What a plan evaluates in one go, and how: the ways to call what an operation computes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from .tensor import Operation, Tensor

if TYPE_CHECKING:
    from .run import Run


@dataclass(frozen=True)
class Instruction:
    """What a plan evaluates at one point, with the slots of the values that go in and come out."""

    operation: Operation
    evaluate: Callable[..., Sequence[Any]]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    leaves: tuple[int, ...]  # outputs that a gradient is taken with respect to
    frees: tuple[int, ...] = ()
    plain: Callable[..., Any] | None = None  # what `evaluate` calls with the inputs alone, where that is all
    reads: str | None = None  # the variable whose value this is


@dataclass(eq=False)
class Unit:
    """What is evaluated in one go: one operation, or several fused ones."""

    operations: tuple[Operation, ...]
    inputs: tuple[Tensor | None, ...]  # None: a variable's handle that is not read
    outputs: tuple[Tensor, ...]
    evaluate: Callable[..., Sequence[Any]]  # evaluate(run, *values)
    writes: bool = False
    control: list[Operation] = field(default_factory=list)
    fed: tuple[Tensor, ...] = ()  # outputs that are fed: their values come after those of the inputs
    plain: Callable[..., Any] | None = None  # what `evaluate` calls with the values alone, where that is all

    @property
    def order(self) -> int:
        return self.operations[0].identifier


def as_leaf(value: torch.Tensor) -> torch.Tensor:
    """The value as a tensor that a gradient can be taken with respect to."""
    # A new tensor object, so that the gradient with respect to an alias of it is kept apart.
    if not (value.is_floating_point() or value.is_complex()):
        return value
    return value.view_as(value) if value.requires_grad else value.detach().requires_grad_()


def locked(operation: Operation, compute: Callable[..., Any]) -> Callable[..., Any]:
    """An operation that reads a variable and writes it: no other thread of the session does so meanwhile."""

    def evaluate(run: Run, *values: Any) -> Sequence[Any]:
        with run.lock:
            return as_outputs(compute(run, operation, *values))

    return evaluate


def tracked(operation: Operation, compute: Callable[..., Any], targets: set[Tensor]) -> Callable[..., Any]:
    """A step whose outputs are themselves what a gradient is taken with respect to: that of c goes through h,
    which the step makes of c. For that the step has to be on torch's record, whatever led to it.
    """
    wanted = [tensor in targets for tensor in operation.outputs]

    def evaluate(run: Run, *values: Any) -> Sequence[Any]:
        first = next((index for index, value in enumerate(values) if value.is_floating_point()), 0)
        values = (*values[:first], as_leaf(values[first]), *values[first + 1 :])
        results = as_outputs(compute(run, operation, *values))
        return [
            as_leaf(value) if target and not value.requires_grad else value
            for value, target in zip(results, wanted, strict=True)
        ]

    return evaluate


def as_outputs(result: Any) -> Sequence[Any]:
    return result if isinstance(result, (tuple, list)) else (result,)
