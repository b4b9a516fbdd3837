"""A cell over a sequence under a memory plan: what the drivers hand to the walk of `ostinato.memory`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ostinato._state import Nest, flatten, leaves, map_nest
from ostinato.cells import Run, RunSequence, SequenceContext
from ostinato.cells.family import FamilyCell
from ostinato.drivers.loop import step_through, unstack
from ostinato.kernels import SequenceWork
from ostinato.memory import MemoryPlan
from ostinato.memory.disk import DiskStore
from ostinato.memory.replay import ReplayedWork, RunChunk, check_parameters
from ostinato.memory.schedule import Schedule, default_length
from ostinato.memory.store import Store
from ostinato.memory.walk import Walk, walk_sequence
from ostinato.memory.work import Order


class Terms(NamedTuple):
    """On what terms a sequence runs: the plan that it is walked under, None where it is run as a whole;
    whether outputs are wanted; after how many steps gradients end; and of a run as a whole, whether its ops
    keep their gates (None: their own rule).
    """

    plan: MemoryPlan | None
    keep_outputs: bool = True
    truncate_every: int | None = None
    keep_gates: bool | None = None


class SequenceToRun(NamedTuple):
    """A checked sequence: time-major inputs, of which `steps` steps are run, and the rest of what a run
    needs.
    """

    cell: Any
    inputs: Nest
    state: Nest
    lengths: Tensor | None
    run: Run
    steps: int
    lowered: RunSequence | None
    order: Order = Order()


def run_planned(sequence: SequenceToRun, terms: Terms) -> tuple[Nest, Nest]:
    """Outputs `[time, batch, ...]` (None where they are not wanted) and the final state."""
    input_leaves, state_leaves = leaves(sequence.inputs), leaves(sequence.state)
    if isinstance(sequence.cell, FamilyCell) and sequence.lowered is not None:
        return _run_family(sequence.cell, sequence, terms)
    structure: list[Any] = []
    parameters, run_chunk = frozen_chunk(sequence, structure)
    if torch.is_grad_enabled():
        # With a run of its own: a seed that is drawn in a trial must not count as drawn.
        _, trial = frozen_chunk(sequence._replace(run=Run(0)), again=True)
        check_parameters(trial, input_leaves, state_leaves, parameters)
    work = ReplayedWork(run_chunk, input_leaves, parameters)
    walk = _walk(sequence, terms, work, sum(leaf.nbytes for leaf in state_leaves), stepped=True)
    outputs, final = walk_sequence(walk, input_leaves, state_leaves, parameters)
    return None if outputs is None else structure[0](outputs), structure[1](final)


def frozen_chunk(
    sequence: SequenceToRun, structure: list[Any] | None = None, again: bool = False
) -> tuple[list[Tensor], RunChunk]:
    """The cell's parameters, and what runs a chunk of the sequence with some in their place. It leaves the
    functions that restore outputs and state from their leaves in `structure`.

    What a chunk does beside its results (running statistics, a seed that is drawn) counts the first time
    only; `again`: not then either.
    """
    frozen, structure = Frozen(sequence.cell), [] if structure is None else structure
    walk = (_stepped if sequence.lowered is None else _lowered)(sequence)
    run, seen, seed_drawn_at = sequence.run, set[int](), list[int]()

    def run_chunk(
        start: int, chunk: Sequence[Tensor], state: Sequence[Tensor], parameters: Sequence[Tensor]
    ) -> tuple[Sequence[Tensor], Sequence[Tensor]]:
        repeated = again or start in seen
        seen.add(start)
        had_seed = run.has_seed
        if start in seed_drawn_at:
            run.forget_seed()  # it is drawn again: what the chunk draws after it is then the same too
        outputs, final = frozen.call(parameters, partial(walk, start, chunk, state), repeated)
        if not had_seed and run.has_seed:
            seed_drawn_at.append(start)
        structure[:] = [flatten(outputs)[1], flatten(final)[1]]
        return leaves(outputs), leaves(final)

    return frozen.parameters, run_chunk


def _run_family(cell: FamilyCell, sequence: SequenceToRun, terms: Terms) -> tuple[Nest, Nest]:
    described = cell.sequence_run(sequence.inputs, sequence.state, sequence.lengths)
    work = SequenceWork(described)
    bytes_a_step = described.inputs.shape[1] * cell.num_units * described.parameters[0].element_size()
    unit = work.unit(described.inputs.requires_grad)
    walk = _walk(sequence, terms, work, bytes_a_step, stepped=False, unit=unit)
    outputs, final = walk_sequence(walk, [described.inputs], work.state, work.parameters)
    state = [leaf.to(given.dtype) for leaf, given in zip(final, described.state, strict=True)]
    return None if outputs is None else outputs[0], flatten(sequence.state)[1](state)


def _walk(
    sequence: SequenceToRun, terms: Terms, work: Any, bytes_a_step: int, stepped: bool, unit: int = 1
) -> Walk:
    plan, time = terms.plan or MemoryPlan.keep_all(), leaves(sequence.inputs)[0].shape[0]
    if plan.kind == "keep_state" and stepped:
        # The state is all that can be kept of a step that Python makes.
        plan = MemoryPlan.recompute(every=1)
    # Outputs are of the order of the inputs or, of a family, of its state.
    read = bytes_a_step + sum(leaf[:1].nbytes for leaf in leaves(sequence.inputs))
    default = default_length(plan, sequence.steps, 0 if stepped else bytes_a_step, read, unit)
    schedule = Schedule(plan, sequence.steps, terms.truncate_every, default)
    store = open_store(plan, leaves(sequence.inputs)[0].device, sequence.steps * bytes_a_step)
    return Walk(work, schedule, time, terms.keep_outputs, sequence.order, store)


def open_store(plan: MemoryPlan, device: torch.device, expected_bytes: int = 0) -> Callable[[], Store] | None:
    if plan.kind != "swap":
        return None
    if plan.to == "disk":
        return partial(DiskStore, plan.directory, expected_bytes)
    if device.type != "cuda":
        raise ValueError(
            f'MemoryPlan.swap(to="host") moves memory from a GPU to its host, but the inputs are on the '
            f'device {device}: use swap(to="disk") or recompute() there.'
        )
    from ostinato.memory.host import HostStore  # only where there is a GPU

    return partial(HostStore, device)


WalkChunk = Callable[[int, Sequence[Tensor], Sequence[Tensor]], tuple[Nest, Nest]]


def _lowered(sequence: SequenceToRun) -> WalkChunk:
    run_sequence, lengths, as_state = sequence.lowered, sequence.lengths, flatten(sequence.state)[1]
    assert run_sequence is not None

    def walk(start: int, chunk: Sequence[Tensor], state: Sequence[Tensor]) -> tuple[Nest, Nest]:
        context = SequenceContext(None if lengths is None else lengths - start)
        with sequence.run.at(start):
            return run_sequence(chunk[0], as_state(state), context)

    return walk


def _stepped(sequence: SequenceToRun) -> WalkChunk:
    as_inputs, as_state = flatten(sequence.inputs)[1], flatten(sequence.state)[1]
    cell, lengths, run = sequence.cell, sequence.lengths, sequence.run

    def walk(start: int, chunk: Sequence[Tensor], state: Sequence[Tensor]) -> tuple[Nest, Nest]:
        rest = None if lengths is None else lengths - start
        steps = unstack(as_inputs(chunk), len(chunk[0]))
        outputs, final = step_through(cell, steps, as_state(state), rest, run, start)
        return map_nest(lambda *values: torch.stack(values), *outputs), final

    return walk


class Frozen:
    """A cell as it was when its run began, for a recomputation long after: in its training mode, over
    given parameters.
    """

    def __init__(self, cell: Any) -> None:
        self._holder = _Holder(cell) if isinstance(cell, nn.Module) else None
        self._modes = (
            [(module, module.training) for module in cell.modules()] if isinstance(cell, nn.Module) else []
        )
        self._names: dict[str, Tensor] = {}
        self._buffers: dict[str, Tensor] = {}
        # A module that is in the cell twice is named once, a tensor that two modules share twice: each
        # attribute is put in place, and back, one time.
        for path, module in self._holder.named_modules() if self._holder is not None else ():
            for named, found in ((module._parameters, self._names), (module._buffers, self._buffers)):
                found.update({f"{path}.{name}": leaf for name, leaf in named.items() if leaf is not None})
        self.parameters = list({id(leaf): leaf for leaf in self._names.values()}.values())

    def call(self, parameters: Sequence[Tensor], function: Callable[[], Any], repeated: bool) -> Any:
        """Call `function` while the cell's parameters are `parameters`, and where it is `repeated` its
        buffers copies that nobody keeps.
        """
        if self._holder is None:
            return function()
        instead = {id(leaf): value for leaf, value in zip(self.parameters, parameters, strict=True)}
        named = dict(self._names)
        if repeated:
            instead |= {id(leaf): leaf.clone() for leaf in self._buffers.values()}
            named |= self._buffers
        values = {name: instead[id(leaf)] for name, leaf in named.items()}
        with self._as_it_was():
            return torch.func.functional_call(self._holder, values, (function,), tie_weights=False)

    @contextmanager
    def _as_it_was(self) -> Iterator[None]:
        now = [(module, module.training) for module, _ in self._modes]
        try:
            for module, training in self._modes:
                module.training = training
            yield
        finally:
            for module, training in now:
                module.training = training


class _Holder(nn.Module):
    """A module whose call is whatever it is given to call, so that `functional_call` can surround a loop
    over a cell.
    """

    def __init__(self, cell: nn.Module) -> None:
        super().__init__()
        self.cell = cell

    def forward(self, function: Callable[[], Any]) -> Any:
        return function()
