"""The loop of `raw_rnn`: what a step does, what it carries on, and how it is run again under a memory
plan.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any, NamedTuple

import numpy
import optree
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from ostinato._state import Nest, leaves, map_nest
from ostinato.cells import Run
from ostinato.cells.family import FamilyCell
from ostinato.drivers.planned import Frozen
from ostinato.memory.growing import lost
from ostinato.memory.growth import Costs
from ostinato.memory.moments import MOMENT_BYTES, Leaves, Moment, check_versions
from ostinato.memory.outside import Copies, Outside, next_node, read_in_graph
from ostinato.steps import masking

LoopFunction = Callable[[int, Nest, Nest, Any], tuple[Tensor, Nest, Nest, Nest, Any]]

_NODE_BYTES = 1536  # of a node of a graph with what it holds beside the numbers, about
_VALUES = (bool, int, float, complex, str, bytes, numpy.generic, torch.dtype, torch.device, torch.Size)


class Carried(NamedTuple):
    """What goes from step to step."""

    finished: Tensor
    inputs: Nest
    state: Nest
    loop_state: Any


def first_call(loop_fn: LoopFunction) -> tuple[Carried, Nest]:
    """What `loop_fn` begins with, and what it says of the outputs."""
    finished, inputs, state, template, loop_state = checked(loop_fn(0, None, None, None))
    return Carried(finished, inputs, state, loop_state), template


def take_step(
    time: int, carried: Carried, call_cell: Callable[..., tuple[Nest, Nest]], loop_fn: LoopFunction
) -> tuple[Nest, Carried]:
    """One step: what it emits, and what goes on."""
    finished, inputs, state, loop_state = carried
    output, cell_state = call_cell(inputs, state, time)
    next_finished, inputs, next_state, emit, next_loop_state = checked(
        loop_fn(time + 1, output, cell_state, loop_state)
    )
    if next_finished.shape != finished.shape:
        raise ValueError(f"elements_finished had {len(finished)} entries, and now has {len(next_finished)}.")
    emitted = masking.zero_where(finished, emit)
    state = masking.copy_through(finished, next_state, state)
    loop_state = loop_state if next_loop_state is None else next_loop_state
    return emitted, Carried(finished | next_finished, inputs, state, loop_state)


def truncated(carried: Carried, passed_on: set[int]) -> Carried:
    """The same without gradients of earlier steps; tensors `passed_on` have none of those."""

    def detached(leaf: Any) -> Any:
        return leaf.detach() if isinstance(leaf, Tensor) and id(leaf) not in passed_on else leaf

    return Carried(carried.finished, *(map_nest(detached, part) for part in carried[1:]))


def tensors_of(nest: Any) -> list[Tensor]:
    return [leaf for leaf in leaves(nest) if isinstance(leaf, Tensor)]


def checked(returned: Any) -> tuple[Tensor, Nest, Nest, Nest, Any]:
    """What `loop_fn` returned, if it is what the loop can go on with."""
    if not isinstance(returned, tuple | list) or len(returned) != 5:
        raise ValueError(
            "loop_fn must return (elements_finished, next_input, next_cell_state, emit_output, "
            f"next_loop_state), but returned {type(returned).__name__} {returned!r:.100}."
        )
    finished, inputs, state, emit, loop_state = returned
    if not isinstance(finished, Tensor) or finished.dtype != torch.bool or finished.dim() != 1:
        is_tensor = isinstance(finished, Tensor)
        seen = (
            f"{finished.dtype} of shape {list(finished.shape)}"
            if is_tensor
            else f"a {type(finished).__name__}"
        )
        raise ValueError(
            f"loop_fn must return elements_finished as a bool tensor [batch], but returned {seen}."
        )
    for leaf in leaves(state):
        # One entry for all rows would broadcast over them.
        if leaf.dim() and leaf.shape[0] != finished.shape[0]:
            raise ValueError(
                f"elements_finished has {finished.shape[0]} entries, but the state has {leaf.shape[0]} rows."
            )
    return finished, inputs, state, emit, loop_state


def _flatten(nest: Nest) -> tuple[list[Any], Any]:
    return optree.tree_flatten(nest)


class _Rest:
    """What is carried beside tensors: the structure, and other leaves. Equal where a recomputation may be."""

    def __init__(self, structure: Any, others: dict[int, Any], passed_on: list[int], is_seeded: bool) -> None:
        self.structure, self.others = structure, others
        self.passed_on, self.is_seeded = passed_on, is_seeded

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _Rest)
            and self.structure == other.structure
            and self.others.keys() == other.others.keys()
            and all(_is_equal(value, other.others[place]) for place, value in self.others.items())
        )

    __hash__ = None  # type: ignore[assignment]


def _is_equal(one: Any, other: Any) -> bool:
    if one is other:
        return True
    if isinstance(one, numpy.ndarray) and isinstance(other, numpy.ndarray):
        return one.dtype == other.dtype and numpy.array_equal(one, other, equal_nan=one.dtype.kind in "fc")
    return type(one) is type(other) and bool(one == other or (one != one and other != other))


class _Run(Run):
    @property
    def is_seeded(self) -> bool:
        return self._seed is not None


class RawLoop:
    """A loop as `ostinato.memory.growing` walks it.

    The first step is run with a graph, which tells what the step reads and what it costs; the others without.
    """

    def __init__(
        self, cell: Any, loop_fn: LoopFunction, carried: Carried, seed: Any, truncate_every: int | None
    ) -> None:
        self._cell, self._loop_fn, self._truncate_every = cell, loop_fn, truncate_every
        self._run = _Run(seed)
        self._frozen = Frozen(cell)
        parts = cell.modules() if isinstance(cell, torch.nn.Module) else []
        # A family's step may be another one without a graph, whose numbers would not be the same bit for bit.
        self._cell_grad = any(isinstance(part, FamilyCell) for part in parts)
        parameters = self._frozen.parameters
        self._copies = [leaf.detach().requires_grad_(leaf.requires_grad) for leaf in parameters]
        self._constants = [leaf.detach() for leaf in parameters]
        self._emit_structure: Any = None
        self._cell_sees_outside = False
        self.costs: Costs | None = None

        self.given = tensors_of(tuple(carried))
        constants = {id(leaf): leaf.detach() for leaf in self.given}
        self._originals = {id(constants[id(leaf)]): leaf for leaf in self.given}
        first = map_nest(lambda leaf: constants.get(id(leaf), leaf), tuple(carried))
        self._initial = {id(leaf) for leaf in tensors_of(first[3])}
        self.first = self._moment(0, Carried(*first), None)
        self._outside = Outside([*self._copies, *self._constants, *constants.values()])

    def measured_costs(self) -> Costs:
        """What a step costs, once the first one has been run."""
        assert self.costs is not None
        return self.costs

    @property
    def reads(self) -> Leaves:
        return [*self._frozen.parameters, *self._outside.tensors]

    def is_over(self, moment: Moment) -> bool:
        return bool(self.carried(moment).finished.all())

    def carried(self, moment: Moment) -> Carried:
        """What is carried, in its structure."""
        rest, tensors = moment.rest, iter(moment.leaves)
        count = rest.structure.num_leaves
        values = [rest.others[place] if place in rest.others else next(tensors) for place in range(count)]
        return Carried(*optree.tree_unflatten(rest.structure, values))

    def results(self, last: Moment) -> tuple[Nest, Any]:
        """The final state and loop state; what has only been passed on is what it was."""
        carried = self.carried(last)
        back = map_nest(lambda leaf: self._originals.get(id(leaf), leaf), carried.loop_state)
        return carried.state, back

    def emitted(self, outputs: Leaves) -> Nest:
        return optree.tree_unflatten(self._emit_structure, outputs)

    def forward(self, moment: Moment, steps: int) -> tuple[Sequence[Leaves], Moment]:
        carried, time = self.carried(moment), moment.step
        emitted: list[Leaves] = []
        if self.costs is None:
            emission, carried = self._measured(carried)
            emitted.append(emission)
            time = 1

        mode = self._outside.watch()
        call_cell = partial(self._call_cell, self._run, mode, False)
        loop_fn = self._seeing(mode, self._outside.note)

        def go_on() -> None:
            nonlocal carried, time
            while len(emitted) < steps and not bool(carried.finished.all()):
                emission, carried = take_step(time, carried, call_cell, loop_fn)
                emitted.append(self._emission(emission))
                time += 1

        if len(emitted) < steps:
            self._frozen.call(self._copies if self._cell_grad else self._constants, go_on, repeated=False)
        return emitted, self._moment(time, carried, moment.rest)

    def again(self, moment: Moment, steps: int, copies: Leaves) -> tuple[Sequence[Leaves], Moment]:
        count, with_graph = len(self._frozen.parameters), torch.is_grad_enabled()
        of_cell, of_outside = copies[:count], copies[count:]
        if not with_graph:
            of_outside = [copy.detach() for copy in of_outside]
            of_cell = of_cell if self._cell_grad else [copy.detach() for copy in of_cell]
        outside = Copies(self._outside.tensors, of_outside)
        # Where the seed was drawn in these steps, it is drawn again.
        run = self._run if moment.rest.is_seeded else _Run()
        carried = self.carried(moment)
        passed_on = {id(moment.leaves[place]) for place in moment.rest.passed_on}
        emitted: list[Leaves] = []
        call_cell = partial(self._call_cell, run, outside.read(), with_graph)
        loop_fn = self._seeing(outside.read(), outside.of)

        def walk() -> None:
            nonlocal carried
            for time in range(moment.step, moment.step + steps):
                if self._truncate_every is not None and time and time % self._truncate_every == 0:
                    carried = truncated(carried, passed_on)
                emission, carried = take_step(time, carried, call_cell, loop_fn)
                emitted.append(self._emission(emission))

        self._frozen.call(of_cell, walk, repeated=True)
        return emitted, self._moment(moment.step + steps, carried, moment.rest, run, passed_on)

    def _call_cell(
        self, run: Run, mode: TorchFunctionMode, with_graph: bool, inputs: Nest, state: Nest, time: int
    ) -> tuple[Nest, Nest]:
        # Looking at a cell's calls takes time, which most cells need not be charged.
        seen = mode if self._cell_sees_outside else nullcontext()
        with torch.set_grad_enabled(with_graph or self._cell_grad), seen:
            output, new_state = run.step(self._cell, inputs, state, time)
        if with_graph or not self._cell_grad:
            return output, new_state
        return map_nest(torch.detach, output), map_nest(torch.detach, new_state)

    def _seeing(self, mode: TorchFunctionMode, of: Callable[[Tensor], Tensor]) -> LoopFunction:
        """`loop_fn` with `of` a tensor in the place of each that it reads, or returns as it is."""

        def loop_fn(*given: Any) -> Any:
            with mode:
                returned = self._loop_fn(*given)
            found, structure = _flatten(returned)
            seen = [of(leaf) if isinstance(leaf, Tensor) else leaf for leaf in found]
            if all(map(operator.is_, seen, found)):
                return returned
            return optree.tree_unflatten(structure, seen)

        return loop_fn

    def _emission(self, emission: Nest) -> list[Tensor]:
        found, structure = _flatten(emission)
        if self._emit_structure is None:
            self._emit_structure = structure
        elif structure != self._emit_structure:
            raise ValueError(
                f"loop_fn must emit the same structure at every step, but emitted {structure} after "
                f"{self._emit_structure}."
            )
        return found

    def _moment(
        self,
        time: int,
        carried: Carried,
        before: _Rest | None,
        run: Any = None,
        passed_on: set[int] | None = None,
    ) -> Moment:
        found, structure = _flatten(tuple(carried))
        tensors = [leaf for leaf in found if isinstance(leaf, Tensor)]
        others = {}
        for place, leaf in enumerate(found):
            if isinstance(leaf, Tensor):
                continue
            known = before is not None and before.others.get(place) is leaf
            if not (known or isinstance(leaf, (*_VALUES, numpy.ndarray)) or callable(leaf) or before is None):
                raise TypeError(
                    f"loop_state holds a {type(leaf).__name__}, in which a memory plan cannot see tensors: "
                    "their gradients would be lost: use tuples, lists, dicts or named tuples of tensors and "
                    "plain values, register the class with optree, or run without a memory plan."
                )
            others[place] = leaf.copy() if isinstance(leaf, numpy.ndarray) else leaf
        same = self._initial if passed_on is None else passed_on
        places = [place for place, leaf in enumerate(tensors) if id(leaf) in same]
        seeded = (run or self._run).is_seeded
        return Moment(time, tensors, _Rest(structure, others, places, seeded))

    def _measured(self, carried: Carried) -> tuple[list[Tensor], Carried]:
        """The first step, with a graph: what it reads is noted, and its costs are measured."""
        first_node = next_node()
        given = tensors_of(tuple(carried))
        starts = [
            leaf.detach().requires_grad_(leaf.is_floating_point() or leaf.is_complex()) for leaf in given
        ]
        with torch.enable_grad():
            # Not themselves: what requires a gradient cannot be changed in place, which is told better here.
            copies = [leaf.clone() for leaf in starts]
        versions = [leaf._version for leaf in copies]
        copy_of = {id(leaf): copy for leaf, copy in zip(given, copies, strict=True)}
        copied = map_nest(lambda leaf: copy_of.get(id(leaf), leaf), tuple(carried))
        saved: dict[int, int] = {}

        def pack(tensor: Tensor) -> Tensor:
            storage = tensor.untyped_storage()
            saved[storage.data_ptr()] = storage.nbytes()
            return tensor

        def call() -> tuple[Nest, Carried]:
            loop_fn = self._seeing(outside.watch(), outside.note)
            return take_step(0, Carried(*copied), call_cell, loop_fn)

        def call_cell(*given: Any) -> tuple[Nest, Nest]:
            with outside.watch():
                result = self._run.step(self._cell, *given)
            self._cell_sees_outside = bool(outside.tensors)
            return result

        outside = self._outside
        outside.hand_in([*starts, *copies])
        with (
            torch.enable_grad(),
            torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor),
        ):
            emission, after = self._frozen.call(self._copies, call, repeated=False)
        check_versions(Moment(0, copies, None), versions)
        emitted = self._emission(emission)
        values = [leaf for leaf in [*emitted, *tensors_of(tuple(after))] if leaf.requires_grad]
        found, older, nodes = read_in_graph(values, first_node)
        with torch.enable_grad():
            for leaf in found:
                outside.note(leaf)
        noted = {leaf.grad_fn for leaf in outside.tensors}
        if any(node not in noted for node in older):
            raise ValueError(lost(None))
        known = [*starts, *copies, *outside.tensors, *self._constants]
        for leaf in known:
            saved.pop(leaf.untyped_storage().data_ptr(), None)
        parameters = [leaf.nbytes for leaf in self.reads]
        moment = sum(leaf.nbytes + MOMENT_BYTES for leaf in given) + MOMENT_BYTES
        self.costs = Costs(moment, sum(saved.values()) + nodes * _NODE_BYTES, 2 * max(parameters, default=0))
        # What was passed on is again what it was, without a graph.
        back = {id(copy): leaf for leaf, copy in zip(given, copies, strict=True)}

        def constant(leaf: Any) -> Any:
            if not isinstance(leaf, Tensor):
                return leaf
            return back.get(id(leaf), leaf.detach() if leaf.requires_grad else leaf)

        return [leaf.detach() for leaf in emitted], Carried(*map_nest(constant, tuple(after)))
