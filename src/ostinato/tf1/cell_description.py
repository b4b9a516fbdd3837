"""What cell a node runs: a small tree of plain values, and the core's cell that it stands for at run time.

A description says how many tensors it needs (variables, keep probabilities, captured tensors); the node that
carries it has them among its inputs, in the order in which `bind` takes them. All the maths, the masking, the
dropout and the memory plans are the core's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch

from ostinato import cells
from ostinato._state import LSTMStateTuple, flatten, leaves
from ostinato.steps import Family

from . import nest
from .body import BodyFunction
from .shapes import TensorShape

if TYPE_CHECKING:
    from .plan import Run

Values = Iterator[torch.Tensor]


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
        return len(leaves(self.family.state_size)) - 1

    def bind(self, values: Values, run: Run) -> cells.RNNCell:
        parameters = {name: next(values) for name in self.names}
        if self.activation is None:
            return cells.BoundCell(self.family, parameters)
        body, captured = self.activation, [next(values) for _ in self.activation.captured]
        family: Any = self.family
        family = replace(family, activation=lambda x: body.evaluate(run, [x], captured)[0])
        return cells.BoundCell(family, parameters)


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

    def bind(self, values: Values, run: Run) -> cells.RNNCell:
        return _BodyCell(self, [next(values) for _ in self.function.captured], run)


class _BodyCell(cells.RNNCell):
    takes_position = True

    def __init__(self, description: Body, captured: Sequence[torch.Tensor], run: Run) -> None:
        super().__init__()
        self._description, self._captured, self._run = description, captured, run

    @property
    def state_size(self) -> Any:
        return self._description.state_size

    @property
    def output_size(self) -> Any:
        return self._description.output_size

    def forward(self, inputs: Any, state: Any, position: cells.StepPosition) -> tuple[Any, Any]:
        function, run = self._description.function, self._run
        if function.draws:
            run = run.at(int(position.seed), position.step, position.place)
        results = function.evaluate(run, [*leaves(inputs), *leaves(state)], self._captured)
        outputs, as_output = flatten(self._description.output_size)
        as_state = flatten(self._description.state_size)[1]
        return as_output(results[: len(outputs)]), as_state(results[len(outputs) :])


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

    def bind(self, values: Values, run: Run) -> cells.RNNCell:
        return cells.MultiRNNCell([child.bind(values, run) for child in self.children])


@dataclass(frozen=True)
class Dropout:
    """Dropout around a cell; a keep probability of None is a tensor among the inputs."""

    child: Description
    keep_probs: tuple[float | None, float | None, float | None]  # of inputs, outputs, state
    variational_recurrent: bool
    seed: int | None

    uses_seed = True
    output_leaf = None

    @property
    def state_size(self) -> Any:
        return self.child.state_size

    @property
    def output_size(self) -> Any:
        return self.child.output_size

    def bind(self, values: Values, run: Run) -> cells.RNNCell:
        child = self.child.bind(values, run)
        keep: list[Any] = [next(values) if value is None else value for value in self.keep_probs]
        return cells.DropoutWrapper(
            child, *keep, variational_recurrent=self.variational_recurrent, seed=self.seed
        )


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

    def bind(self, values: Values, run: Run) -> cells.RNNCell:
        child, body = self.child.bind(values, run), self.function
        if body is None:
            return cells.ResidualWrapper(child)
        captured = [next(values) for _ in body.captured]

        def combine(inputs: Any, outputs: Any) -> Any:
            results = body.evaluate(run, [*leaves(inputs), *leaves(outputs)], captured)
            return flatten(outputs)[1](results)

        return cells.ResidualWrapper(child, combine)


@dataclass(frozen=True)
class Flat:
    """A cell whose state is one tensor: its child's states side by side (`state_is_tuple=False`)."""

    child: Description

    output_leaf = None

    @property
    def uses_seed(self) -> bool:
        return self.child.uses_seed

    @property
    def state_size(self) -> int:
        return sum(leaves(self.child.state_size))

    @property
    def output_size(self) -> Any:
        return self.child.output_size

    def bind(self, values: Values, run: Run) -> cells.RNNCell:
        return _FlatCell(self, self.child.bind(values, run))


class _FlatCell(cells.RNNCell):
    takes_position = True

    def __init__(self, description: Flat, cell: cells.RNNCell) -> None:
        super().__init__()
        self._description, self.cell = description, cell

    @property
    def state_size(self) -> Any:
        return self._description.state_size

    @property
    def output_size(self) -> Any:
        return self._description.output_size

    def forward(self, inputs: Any, state: torch.Tensor, position: Any = None) -> tuple[Any, torch.Tensor]:
        sizes, as_state = flatten(self._description.child.state_size)
        output, new_state = self.cell.step(inputs, as_state(state.split(sizes, 1)), position)
        return output, torch.cat(leaves(new_state), 1)


Description = Leaf | Body | Multi | Dropout | Residual | Flat


def core_sizes(size: Any) -> Any:
    """A `state_size` or `output_size` of this face as the core writes it."""

    def leaf(value: Any) -> Any:
        return (
            torch.Size([size or 0 for size in value.as_list()])
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


def bind(description: Description, values: Sequence[torch.Tensor], run: Run) -> cells.RNNCell:
    """The core's cell over tensors."""
    cell = description.bind(iter(values), run)
    # A driver that computes steps anew in the backward pass asks its cell which tensors it reads.
    tensors = [value for value in values if value.is_floating_point()]
    object.__setattr__(cell, "parameters", lambda recurse=True: iter(tensors))
    return cell
