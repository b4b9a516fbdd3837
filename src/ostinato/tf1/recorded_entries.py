"""What a recording of a run consists of: values, and entries that make them of others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from . import registry

if TYPE_CHECKING:
    from .plan_units import Instruction


RECORDED = frozenset(
    {
        "DynamicRNN",
        "RNNCellStep",
        "Gradients",
        "CustomGradient",
        "CTCLoss",
        "StatelessWhile",
        "StatelessIf",
        "TensorArrayV3",
        "MatchingBatch",
        "RandomUniform",
        "RandomStandardNormal",
        "TruncatedNormal",
        "RandomUniformInt",
        "RandomSeed",
    }
)
"""Types of operations that are given the run, and yet are functions of their inputs and of variables."""


@dataclass
class Value:
    """A tensor of the recording: `fixed` where it is the same in every run."""

    tensor: Any
    fixed: bool
    storage: int


@dataclass
class Call:
    """An operation of torch, or a function that is external to the recording."""

    function: Any
    arguments: tuple[Any, ...]  # values as `Place`, in lists and tuples too
    options: dict[str, Any]
    outputs: tuple[int, ...]
    given: Any  # what it gives: a `Place`, or a nest of them
    instruction: Instruction | None
    writes: bool = False


@dataclass
class Whole:
    """An instruction that is evaluated as it stands."""

    instruction: Instruction
    inputs: tuple[Any, ...]
    outputs: tuple[int, ...]


@dataclass
class Together:
    """Updates of variables that nothing takes the result of, one after the other, as one."""

    function: Any
    inputs: tuple[Any, ...]
    instruction: Instruction

    outputs = ()


@dataclass
class Read:
    """A variable's value."""

    name: str
    outputs: tuple[int, ...]
    instruction: Instruction | None


@dataclass(frozen=True)
class Place:
    """Which value of the recording."""

    number: int


@dataclass(frozen=True)
class Expected:
    """A number that the recording stands on: it is right for runs with the same one alone."""

    place: Place
    value: int | bool
    instruction: Instruction | None

    outputs = ()


@dataclass(frozen=True)
class ExpectedShape:
    """The shape of what a whole instruction gives, where the graph does not tell it."""

    place: Place
    shape: tuple[int, ...]
    instruction: Instruction | None

    outputs = ()


Entry = Call | Whole | Together | Read | Expected | ExpectedShape


class _Inside:
    """In the place of what exists while a run is written down, and is resolved then: a TensorArray."""


INSIDE = _Inside()


@dataclass
class Recording:
    values: list[Value]
    entries: list[Entry]
    feeds: list[int]
    fetches: list[Any]  # a `Place`, or what is no tensor


def places_in(nest: Any) -> Iterator[Place]:
    if isinstance(nest, Place):
        yield nest
    elif isinstance(nest, (list, tuple)):
        for item in nest:
            yield from places_in(item)
    elif isinstance(nest, dict):
        yield from places_in(list(nest.values()))


def without_overlap(value: Any) -> Any:
    """What an instruction gives, with a place in memory for each element."""
    if isinstance(value, torch.Tensor) and 0 in value.stride():
        return value.contiguous()
    return value


def laid_out(value: torch.Tensor, shape: tuple[int, ...], strides: tuple[int, ...]) -> torch.Tensor:
    """What an instruction gives, lying as it did in the run that was written down: which views torch can make
    of it depends on that, and so do the last bits of sums.
    """
    if value.stride() == strides or value.shape != shape:
        return value
    return torch.empty_strided(shape, strides, dtype=value.dtype, device=value.device).copy_(value)


def is_stateful(instruction: Instruction) -> bool:
    """Whether an instruction may do otherwise in another run, with the same values."""
    if instruction.plain is not None or instruction.reads is not None:
        return False
    operation_type = instruction.operation.type
    return registry.lookup(operation_type).stateful and operation_type not in RECORDED
