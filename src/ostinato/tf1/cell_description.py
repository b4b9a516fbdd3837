"""What cell a node runs: a small tree of plain values, and the core's cell that it stands for at run time.

A description says how many tensors it needs (variables, keep probabilities, captured tensors); the node that
carries it has them among its inputs, in the order in which `bind` takes them. All the maths, the masking, the
dropout and the memory plans are the core's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from ostinato import cells
from ostinato._state import LSTMStateTuple, flatten, leaves, size_to_shape
from ostinato.cells.wrapping import BoundWrapper, WrapperMaths
from ostinato.drivers.loop import run_no_steps
from ostinato.steps import Family

from . import nest
from .body import BodyFunction
from .body_sequence import run_stages
from .seeded_dropout import SeededDropout
from .shapes import TensorShape

if TYPE_CHECKING:
    from .run import Run

Slots = Iterator[Callable[[], torch.Tensor]]
"""What a description binds: each gives its tensor, in the place of which a driver may have put another."""


@dataclass(frozen=True)
class Leaf:
    """A family's cell. `activation` is a traced function where it is none that the core knows by name."""

    family: Family
    names: tuple[str, ...]
    activation: BodyFunction | None = None

    uses_seed = False

    @property
    def state_size(self) -> Any:
        return self.family.state_size

    @property
    def output_size(self) -> Any:
        return self.family.output_size

    @property
    def output_leaf(self) -> int | None:
        """Which leaf of the state the output is, or None."""
        if not getattr(self.family, "output_is_state", True):
            return None
        return len(leaves(self.family.state_size)) - 1

    def bind(self, slots: Slots, run: Run) -> cells.RNNCell:
        parameters = {name: next(slots) for name in self.names}
        if self.activation is None:
            return self._cell(self.family, parameters, run)
        body = self.activation
        captured = [next(slots) for _ in body.captured]
        family: Any = self.family
        family = replace(family, activation=lambda x: body.evaluate(run, [x], _values(captured))[0])
        return self._cell(family, parameters, run)

    def _cell(
        self, family: Family, slots: Mapping[str, Callable[[], torch.Tensor]], run: Run
    ) -> cells.RNNCell:
        return LeafCell(family, slots)


class LeafCell(cells.BoundCell):
    def __init__(self, family: Family, slots: Mapping[str, Callable[[], torch.Tensor]]) -> None:
        super().__init__(family, {name: slot() for name, slot in slots.items()})
        self._slots = slots

    def family_parameters(self) -> Mapping[str, torch.Tensor]:
        return {name: slot() for name, slot in self._slots.items()}


def _values(slots: Sequence[Callable[[], torch.Tensor]]) -> list[torch.Tensor]:
    return [slot() for slot in slots]


@dataclass(frozen=True)
class Body:
    """Any other cell: its step, traced. The sizes are nests of ints and torch.Size."""

    function: BodyFunction
    state_size: Any
    output_size: Any

    output_leaf = None

    @property
    def uses_seed(self) -> bool:
        return self.function.draws

    def bind(self, slots: Slots, run: Run) -> cells.RNNCell:
        return _BodyCell(self, [next(slots) for _ in self.function.captured], run)


class _BodyCell(cells.RNNCell):
    def __init__(self, description: Body, captured: Sequence[Callable[[], torch.Tensor]], run: Run) -> None:
        super().__init__()
        self._description, self._captured, self._run = description, captured, run

    @property
    def state_size(self) -> Any:
        return self._description.state_size

    @property
    def output_size(self) -> Any:
        return self._description.output_size

    def forward(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        function, run = self._description.function, self._run
        if function.draws:
            position = cells.current_position(self)
            run = run.at(position.seed, position.step, *position.place)
        values = [*leaves(inputs), *leaves(state)]
        results = function.evaluate(run, values, _values(self._captured))
        outputs, as_output = flatten(self._description.output_size)
        as_state = flatten(self._description.state_size)[1]
        return as_output(results[: len(outputs)]), as_state(results[len(outputs) :])

    def lower(self) -> cells.RunSequence | None:
        size = self.output_size
        if leaves(size) != [size]:  # stages are of a function with one output
            return None
        stages = self._description.function.stages()
        if stages is None:
            return None

        def run(inputs: torch.Tensor, state: Any, context: cells.SequenceContext) -> tuple[torch.Tensor, Any]:
            if not len(inputs):
                outputs, state = run_no_steps(self, inputs, state)
                return outputs, state
            values, as_state = flatten(state)
            captured, lengths = _values(self._captured), context.sequence_length
            outputs, final = run_stages(self, stages, self._run, inputs, values, captured, lengths)
            return outputs, as_state(final)

        return run


@dataclass(frozen=True)
class Multi:
    """A stack of cells."""

    children: tuple[Description, ...]

    @property
    def uses_seed(self) -> bool:
        return any(child.uses_seed for child in self.children)

    @property
    def state_size(self) -> Any:
        return tuple(child.state_size for child in self.children)

    @property
    def output_size(self) -> Any:
        return self.children[-1].output_size

    @property
    def output_leaf(self) -> int | None:
        last = self.children[-1].output_leaf
        return (
            None
            if last is None
            else last + len(leaves(tuple(child.state_size for child in self.children[:-1])))
        )

    def bind(self, slots: Slots, run: Run) -> cells.RNNCell:
        return cells.MultiRNNCell([child.bind(slots, run) for child in self.children])


@dataclass(frozen=True)
class Dropout:
    """Dropout around a cell; a keep probability of None is a tensor among the inputs."""

    child: Description
    keep_probs: tuple[float | None, float | None, float | None]  # of inputs, outputs, state
    variational_recurrent: bool
    seeds: tuple[int, int] | None  # of the graph and of the wrapper; None: the masks need not be TensorFlow's

    uses_seed = True
    output_leaf = None

    @property
    def state_size(self) -> Any:
        return self.child.state_size

    @property
    def output_size(self) -> Any:
        return self.child.output_size

    @property
    def num_own_tensors(self) -> int:
        return self.keep_probs.count(None)

    def child_depth(self, depth: int | None) -> int | None:
        return depth

    def bind(self, slots: Slots, run: Run) -> cells.RNNCell:
        child = self.child.bind(slots, run)
        keep: list[Any] = [next(slots)() if value is None else value for value in self.keep_probs]
        if self.seeds is not None:
            return SeededDropout(child, keep, self.variational_recurrent, self.seeds, run)
        return cells.DropoutWrapper(child, *keep, variational_recurrent=self.variational_recurrent)


@dataclass(frozen=True)
class Residual:
    """A residual connection around a cell, combined by a traced function where there is one."""

    child: Description
    function: BodyFunction | None = None

    output_leaf = None

    @property
    def uses_seed(self) -> bool:
        return self.child.uses_seed

    @property
    def state_size(self) -> Any:
        return self.child.state_size

    @property
    def output_size(self) -> Any:
        return self.child.output_size

    @property
    def num_own_tensors(self) -> int:
        return 0 if self.function is None else len(self.function.captured)

    def child_depth(self, depth: int | None) -> int | None:
        return depth

    def bind(self, slots: Slots, run: Run) -> cells.RNNCell:
        child, body = self.child.bind(slots, run), self.function
        if body is None:
            return cells.ResidualWrapper(child)
        captured = [next(slots) for _ in body.captured]

        def combine(inputs: Any, outputs: Any) -> Any:
            results = body.evaluate(run, [*leaves(inputs), *leaves(outputs)], _values(captured))
            return flatten(outputs)[1](results)

        return cells.ResidualWrapper(child, combine)


@dataclass(frozen=True)
class Flat:
    """A cell whose state is one tensor: its child's states side by side (`state_is_tuple=False`)."""

    child: Description

    output_leaf = None
    num_own_tensors = 0

    def child_depth(self, depth: int | None) -> int | None:
        return depth

    @property
    def uses_seed(self) -> bool:
        return self.child.uses_seed

    @property
    def state_size(self) -> int:
        return sum(leaves(self.child.state_size))

    @property
    def output_size(self) -> Any:
        return self.child.output_size

    def bind(self, slots: Slots, run: Run) -> cells.RNNCell:
        return _FlatCell(self, self.child.bind(slots, run))


class _FlatCell(cells.RNNCell):
    def __init__(self, description: Flat, cell: cells.RNNCell) -> None:
        super().__init__()
        self._description, self.cell = description, cell

    @property
    def state_size(self) -> Any:
        return self._description.state_size

    @property
    def output_size(self) -> Any:
        return self._description.output_size

    def forward(self, inputs: Any, state: torch.Tensor) -> tuple[Any, torch.Tensor]:
        sizes, as_state = flatten(self._description.child.state_size)
        output, new_state = self.cell(inputs, as_state(state.split(sizes, 1)))
        return output, torch.cat(leaves(new_state), 1)

    def lower(self) -> cells.RunSequence | None:
        run_cell = cells.lower(self.cell)
        if run_cell is None:
            return None

        def run(inputs: torch.Tensor, state: Any, context: cells.SequenceContext) -> tuple[torch.Tensor, Any]:
            sizes, as_state = flatten(self._description.child.state_size)
            outputs, final = run_cell(inputs, as_state(state.split(sizes, 1)), context)
            return outputs, torch.cat(leaves(final), 1)

        return run


@dataclass(frozen=True)
class Wrapped:
    """A wrapper with variables of its own around a cell, by the wrapper's maths."""

    child: Description
    maths: WrapperMaths
    names: tuple[str, ...]

    output_leaf = None

    @property
    def uses_seed(self) -> bool:
        return self.child.uses_seed

    @property
    def state_size(self) -> Any:
        return self.maths.state_size(self.child.state_size)

    @property
    def output_size(self) -> Any:
        return self.maths.output_size(self.child.output_size)

    @property
    def num_own_tensors(self) -> int:
        return len(self.names)

    def child_depth(self, depth: int | None) -> int | None:
        return None if depth is None else self.maths.cell_input_size(depth)

    def bind(self, slots: Slots, run: Run) -> cells.RNNCell:
        child = self.child.bind(slots, run)
        return BoundWrapper(self.maths, child, {name: next(slots) for name in self.names})


Description = Leaf | Body | Multi | Dropout | Residual | Flat | Wrapped


UNKNOWN = -1
"""A size that only a run tells: attention over a memory of any length has a state of that length."""


def static_sizes(size: int | torch.Size) -> list[int | None]:
    """The sizes of a leaf, as a static shape has them."""
    return [None if each == UNKNOWN else each for each in size_to_shape(size)]


def sized(description: Description, state: Sequence[torch.Tensor]) -> Description:
    """The description for a run with this state: no size is unknown any more."""
    if not any(None in static_sizes(size) for size in leaves(description.state_size)):
        return description
    return _sized(description, iter(state))


def _sized(description: Description, state: Iterator[torch.Tensor]) -> Description:
    if isinstance(description, Body):
        sizes, unflatten = flatten(description.state_size)
        found = [
            torch.Size(leaf.shape[1:]) if None in static_sizes(size) else size
            for size, leaf in zip(sizes, state, strict=False)
        ]
        return replace(description, state_size=unflatten(found))
    if isinstance(description, Multi):
        return replace(description, children=tuple(_sized(child, state) for child in description.children))
    if isinstance(description, (Dropout, Residual)):
        return replace(description, child=_sized(description.child, state))
    for _ in leaves(description.state_size):
        next(state)
    return description


def core_sizes(size: Any) -> Any:
    """A `state_size` or `output_size` of this face as the core writes it."""

    def leaf(value: Any) -> Any:
        return (
            torch.Size([UNKNOWN if size is None else size for size in value.as_list()])
            if isinstance(value, TensorShape)
            else int(value)
        )

    if isinstance(size, LSTMStateTuple):
        return LSTMStateTuple(core_sizes(size.c), core_sizes(size.h))
    if isinstance(size, tuple) and hasattr(size, "_fields"):
        return type(size)(*[core_sizes(item) for item in size])
    if isinstance(size, (list, tuple)):
        return type(size)(core_sizes(item) for item in size)
    return nest.map_structure(leaf, size)


class _Tensors(torch.nn.Module):
    """The tensors of a bound cell, as a module's: a driver that recomputes finds and replaces them."""

    def __init__(self, values: Sequence[torch.Tensor]) -> None:
        super().__init__()
        for index, value in enumerate(values):
            self._parameters[f"tensor_{index}"] = value  # type: ignore[assignment]

    def slots(self) -> Slots:
        return iter([partial(getattr, self, name) for name in self._parameters])


def bind(description: Description, values: Sequence[torch.Tensor], run: Run) -> cells.RNNCell:
    """The core's cell over tensors. One that is given a handle may write an array, as attention writes its
    alignments: past a row's length it writes what TensorFlow does.
    """
    tensors = _Tensors(values)
    cell = description.bind(tensors.slots(), run)
    cell.add_module("tensors", tensors)
    cell.__dict__["reads_padding"] = not all(isinstance(value, torch.Tensor) for value in values)
    return cell
