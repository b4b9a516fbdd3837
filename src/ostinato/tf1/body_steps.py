"""The iterations of a loop as one node of autograd, which runs the straight lists of `body_program.py`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch.autograd import forward_ad

from ostinato._external import RECORDING, external
from ostinato.steps import masking

from .body_program import Draw, Program, Step
from .errors import OpError
from .philox import Philox
from .random_source import StepSource
from .recorded_code import CannotReplay
from .recorded_run import RecordedRun
from .run import Run

if TYPE_CHECKING:
    from .plan import Plan

FEWEST_STEPS = 3
"""For fewer iterations it is not worth while to write one down."""
MOST_PROGRAMS = 64
"""How many shapes a plan has programs for."""
MOST_FAILURES = 2
"""After so many shapes that a plan cannot be written down for it is not tried again."""
ENABLED = True
"""Whether iterations are written down; tests compare the two ways."""


def suits(steps: int) -> bool:
    """Whether it is worth while to write down an iteration of so many."""
    return ENABLED and steps >= FEWEST_STEPS


class Programs:
    """What is known of a plan of one iteration, by the shapes of what it is given.

    The plan gives the new states, then what is exported; it is fed the states, what differs between
    iterations, and what is the same in all of them.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._known: dict[Any, Program | None] = {}
        self.problem: str | None = None  # why the last iteration that was to be written down was not

    def run(
        self,
        run: Run,
        states: Sequence[torch.Tensor],
        fed: Sequence[Sequence[torch.Tensor]],
        given: Sequence[torch.Tensor],
        steps: int,
        ended: Sequence[torch.Tensor] = (),
        first_ended: int = 0,
    ) -> tuple[list[torch.Tensor], list[list[torch.Tensor]]] | None:
        """The final states, and what is exported, of each iteration. None where the plan has to be evaluated
        step by step.

        ended: which rows have ended, from iteration `first_ended` on.
        """
        plain = run.device is None and forward_ad._current_level < 0
        if not suits(steps) or not plain or not all(map(_alike, fed)):
            return None
        states = [state.contiguous() for state in states]
        fed = [[value.contiguous() for value in values] for values in fed]
        split = first_ended if ended else steps
        job = _Job(run, self._plan, [None] * split + list(ended), len(states), len(fed))
        for begin, end in ((0, split), (split, steps)):
            if begin < end:
                first = [values[begin] for values in fed]
                program = self._program(run, states, first, given, fed, job.ended[begin])
                if program is None:
                    return None
                job.programs += [program] * (end - begin)
        if any(program.kind != job.programs[0].kind for program in job.programs):
            return None
        job.draw()
        flat = [*states, *[value for values in fed for value in values], *given]
        results = list(_Steps.apply(job, *flat))
        final, rest = results[: len(states)], results[len(states) :]
        return final, [rest[begin : begin + steps] for begin in range(0, len(rest), steps)]

    def step(
        self,
        run: Run,
        states: Sequence[torch.Tensor],
        fed: Sequence[torch.Tensor],
        given: Sequence[torch.Tensor],
    ) -> Callable[[Sequence[torch.Tensor]], list[torch.Tensor]]:
        """A function of the states and what differs between iterations that computes one iteration, whose
        values no gradient goes through.
        """
        program = None
        if run.device is None:
            program = self._program(run, states, fed, given, [], None)
        if program is None or program.draws:
            return lambda values: run.execute(self._plan, [*values, *given])
        forward, constant = program.forward, program.first(given)
        return lambda values: forward(None, [*values, *constant])

    def _program(
        self,
        run: Run,
        states: Sequence[torch.Tensor],
        first: Sequence[torch.Tensor],
        given: Sequence[torch.Tensor],
        fed: Sequence[Sequence[torch.Tensor]],
        ended: torch.Tensor | None,
    ) -> Program | None:
        tensors = [*states, *given, *[value for values in fed for value in values]]
        differentiates = torch.is_grad_enabled() and any(value.requires_grad for value in tensors)
        have = [False] * (len(states) + len(first) + len(given))
        if differentiates:
            have = [_can_have(state) for state in states]
            have += [any(value.requires_grad for value in values) for values in fed]
            have += [value.requires_grad for value in given]
        key = (
            tuple([(value.shape, value.stride(), value.dtype) for value in (*states, *first, *given)]),
            tuple(have),
            differentiates,
            ended is None,
        )
        if key not in self._known:
            failed = len(self._known) >= MOST_FAILURES and not any(self._known.values())
            if len(self._known) >= MOST_PROGRAMS or failed:
                return None
            step = Step(states, first, given, have, differentiates, ended)
            self._known[key] = self._made(run, step)
        return self._known[key]

    def _made(self, run: Run, step: Step) -> Program | None:
        try:
            return Program(self._plan, run, step)
        except (CannotReplay, RuntimeError, ValueError, IndexError, TypeError, OpError) as problem:
            self.problem = str(problem)  # what is wrong with the values, the iteration itself will say
            return None


def _can_have(value: torch.Tensor) -> bool:
    return value.is_floating_point() or value.is_complex()


def _alike(values: Sequence[torch.Tensor]) -> bool:
    shape, dtype = values[0].shape, values[0].dtype
    return all(value.shape == shape and value.dtype is dtype for value in values)


@dataclass
class _Job:
    """What the iterations of one run are run by."""

    run: Run
    plan: Plan
    ended: list[torch.Tensor | None]  # which rows keep their states, of each iteration
    states: int  # how many there are
    fed: int
    programs: list[Program] = field(default_factory=list)  # of each iteration
    drawn: list[torch.Tensor] = field(default_factory=list)  # of all iterations

    def draw(self) -> None:
        """Draw the random numbers of all iterations."""
        self.drawn = [_drawn(self.run, draw, len(self.programs)) for draw in self.programs[0].draws]


def _drawn(run: Run, draw: Draw, steps: int) -> torch.Tensor:
    """The random numbers that a draw gives in so many iterations, `[steps, ...]`."""

    def again(run: Run, *given: torch.Tensor) -> Sequence[torch.Tensor]:
        return [_draws(run, draw, steps)]

    recorder = RECORDING.recorder
    if recorder is None:
        return _draws(run, draw, steps)
    found: torch.Tensor = recorder.drawn(again, (), lambda: _draws(run, draw, steps), ())
    return found


def _draws(run: Run, draw: Draw, steps: int) -> torch.Tensor:
    source_of, name, arguments = draw.again.draw  # type: ignore[attr-defined]

    def source() -> Philox:
        here = object.__new__(Run)  # a run that is written down would give sources that tell of each draw
        vars(here).update(vars(run), replayed_loops={})
        found: Philox = source_of(here)
        return found

    first = source()
    if type(first) in (Philox, StepSource):
        if name == "uniforms" and arguments[0] == 1:
            return first.uniforms(steps, *arguments[1:]).unsqueeze(1)
        if name == "uniform" and len(arguments) == 2:
            return first.uniforms(steps, *arguments)
    return torch.stack([getattr(source(), name)(*arguments) for _ in range(steps)])


@dataclass(frozen=True)
class _Schedule:
    """Which program each iteration is run by, and how many states and fed values it has."""

    programs: tuple[Program, ...]
    states: int
    fed: int

    def fed_at(self, tensors: Sequence[torch.Tensor], index: int) -> list[torch.Tensor]:
        """What differs between iterations, of one of them."""
        steps = len(self.programs)
        return list(tensors[self.states + index : self.states + self.fed * steps : steps])

    def given(self, tensors: Sequence[torch.Tensor]) -> Sequence[torch.Tensor]:
        return tensors[self.states + self.fed * len(self.programs) :]

    def differentiable(self) -> list[bool]:
        """Which of the results have gradients."""
        has, steps = self.programs[0].differentiable, len(self.programs)
        return [*has[: self.states], *[there for there in has[self.states :] for _ in range(steps)]]


# A recording of the run around has each of the two as one call, which replays them as they are.
@external
def _forward(
    schedule: _Schedule,
    tensors: Sequence[torch.Tensor],
    ended: Sequence[torch.Tensor | None],
    drawn: Sequence[torch.Tensor],
    keeps: bool,
) -> tuple[torch.Tensor, ...]:
    """The final states, what is exported, and what `_backward` takes."""
    count, given = schedule.states, schedule.given(tensors)
    states, before = list(tensors[:count]), None
    exported, kept = [], []
    for index, program in enumerate(schedule.programs):
        if program is not before:
            before, constant = program, program.first(given)
            taken = [numbers.unbind(0) for numbers in program.of_draws(drawn, constant)]
            kept += constant[len(given) :] if keeps else []
        inputs = [*states, *schedule.fed_at(tensors, index)]
        mask = ended[index]
        if mask is not None:
            inputs.append(mask)
        numbers = [values[index] for values in taken]
        results = program.forward(None, [*inputs, *constant, *numbers])
        states = results[:count]
        exported.append(results[count : program.count])
        if keeps:
            inputs += numbers
            kept += results[program.count :]
            kept += [inputs[place] for place in program.kept_inputs]
    flat = [*states, *[value for values in zip(*exported, strict=True) for value in values], *kept]
    known = set(map(id, (*tensors, *ended)))  # a recording tells tensors apart: what is given is another one
    return tuple([value.detach() if id(value) in known else value for value in flat])


@external
def _backward(
    schedule: _Schedule,
    grads: Sequence[torch.Tensor | None],
    kept: Sequence[torch.Tensor],
    given: Sequence[torch.Tensor],
) -> tuple[torch.Tensor, ...]:
    """The gradients of the states that were begun with, of the fed values and of the given ones, without
    those that have none.
    """
    count, steps, programs = schedule.states, len(schedule.programs), schedule.programs
    zeros = programs[0].zeros
    places = _places(schedule, len(given))
    of_states = [zero if grad is None else grad for grad, zero in zip(grads[:count], zeros, strict=False)]
    of_fed: list[torch.Tensor] = []
    sums, before = _Sums(), None
    for index in reversed(range(steps)):
        program, (first, begin, end) = programs[index], places[index]
        if program is not before:
            more = kept[first : first + program.constants - len(given)]
            before, constant = program, program.for_backward([*given, *more])
        has = program.differentiable
        starts = [grad for grad, there in zip(of_states, has, strict=False) if there]
        for place in range(program.count - count):
            if has[count + place]:
                start = grads[count + place * steps + index]
                starts.append(zeros[count + place] if start is None else start)
        found = program.backward(None, [*starts, *kept[begin:end], *constant])
        own = program.gradients
        of_states = [
            zeros[state] if place is None else found[place] for state, place in enumerate(own[:count])
        ]
        of_fed += [found[place] for place in own[count:] if place is not None]
        sums.add(program, found)
    return (*of_states, *of_fed, *[total for total in sums.totals(given) if total is not None])


def _places(schedule: _Schedule, given: int) -> list[tuple[int, int, int]]:
    """Of each iteration, where among what is kept its program's constants begin, and what is its own."""
    found, end, before, first = [], 0, None, 0
    for program in schedule.programs:
        if program is not before:
            before, first = program, end
            end += program.constants - given
        found.append((first, end, end + program.kept))
        end += program.kept
    return found


class _Steps(torch.autograd.Function):
    """States, fed values and given ones to the final states and the exported values."""

    @staticmethod
    def forward(ctx: Any, job: _Job, *tensors: torch.Tensor) -> Any:
        ctx.set_materialize_grads(False)
        schedule = _Schedule(tuple(job.programs), job.states, job.fed)
        ctx.job, ctx.schedule = job, schedule
        ctx.save_for_backward(*tensors)
        plain = [tensor.detach() for tensor in tensors]  # some are among what is kept, as they are
        found = _forward(schedule, plain, job.ended, job.drawn, any(ctx.needs_input_grad))
        has = schedule.differentiable()
        ctx.kept = found[len(has) :]
        results = [value.detach() for value in found[: len(has)]]  # what is kept would else hold this node
        constant = [result for result, there in zip(results, has, strict=True) if not there]
        ctx.mark_non_differentiable(*constant)
        return tuple(results)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor | None) -> Any:
        tensors, schedule = ctx.saved_tensors, ctx.schedule
        wanted = ctx.needs_input_grad[1:]
        if torch.is_grad_enabled():
            return None, *_differentiable(ctx.job, tensors, grads, wanted)
        given = schedule.given(tensors)
        found = iter(_backward(schedule, grads, ctx.kept, given))
        count, steps, programs = schedule.states, len(schedule.programs), schedule.programs
        flat: list[torch.Tensor | None] = [next(found) for _ in range(count)]
        of_fed: list[list[torch.Tensor | None]] = [[None] * steps for _ in range(schedule.fed)]
        for index in reversed(range(steps)):
            for values, place in zip(of_fed, programs[index].gradients[count:], strict=True):
                values[index] = None if place is None else next(found)
        flat += [value for values in of_fed for value in values]
        for index in range(len(given)):
            flat.append(next(found) if any(program.parts[index] for program in programs) else None)
        return None, *[value if need else None for value, need in zip(flat, wanted, strict=True)]


class _Sums:
    """The gradients of what all iterations are given."""

    def __init__(self) -> None:
        self._totals: dict[int, torch.Tensor] = {}
        self._factors: dict[tuple[int, str], list[tuple[torch.Tensor | None, torch.Tensor]]] = {}
        self._joined: dict[Any, torch.Tensor] = {}

    def add(self, program: Program, found: Sequence[torch.Tensor]) -> None:
        """Count what the backward list of an iteration gave."""
        for index, parts in enumerate(program.parts):
            for part in parts:
                if part.kind == "each":
                    self._count(index, found[part.right])
                else:
                    left = None if part.left is None else found[part.left]
                    self._factors.setdefault((index, part.kind), []).append((left, found[part.right]))

    def _count(self, index: int, value: torch.Tensor) -> None:
        total = self._totals.get(index)
        self._totals[index] = value if total is None else total + value

    def totals(self, given: Sequence[torch.Tensor]) -> list[torch.Tensor | None]:
        for (index, kind), pairs in self._factors.items():
            right = self._join([right for _, right in pairs], int(kind in ("batch", "turned")))
            if kind == "sum":
                self._count(index, right.sum(0).reshape(given[index].shape))
                continue
            lefts = [left for left, _ in pairs if left is not None]
            if kind == "rows":
                self._count(index, torch.mm(self._join(lefts, 0).t(), right))
                continue
            product = torch.bmm(self._join(lefts, 2), right)
            self._count(index, product if kind == "batch" else product.transpose(1, 2))
        return [self._totals.get(index) for index in range(len(given))]

    def _join(self, parts: list[torch.Tensor], axis: int) -> torch.Tensor:
        key = (*map(id, parts), axis)
        if key not in self._joined:
            self._joined[key] = torch.cat(parts, axis)
        return self._joined[key]


class _Answers:
    """In a recorder's place: it answers draws with what was drawn."""

    paused, failed = 0, None

    def __init__(self, numbers: Sequence[torch.Tensor]) -> None:
        self._numbers = iter(numbers)

    def drawn(self, *arguments: Any) -> torch.Tensor:
        return next(self._numbers)

    def external(self, function: Callable[..., Any], arguments: Sequence[Any]) -> Any:
        return function(*arguments)

    def refuse(self, problem: str) -> None:
        """Nothing is written down."""

    def read(self, name: str, value: torch.Tensor) -> None:
        """Nothing is written down."""

    def is_fixed(self, tensor: Any) -> bool:
        return True


def _differentiable(
    job: _Job,
    tensors: Sequence[torch.Tensor],
    grads: Sequence[torch.Tensor | None],
    wanted: Sequence[bool],
) -> list[torch.Tensor | None]:
    """The gradients, that gradients can be taken of: the iterations are evaluated anew for that."""
    tensors = [tensor.view_as(tensor) for tensor in tensors]
    count, steps = job.states, len(job.programs)
    schedule = _Schedule(tuple(job.programs), count, job.fed)
    states, given = tensors[:count], schedule.given(tensors)
    exported: list[Sequence[torch.Tensor]] = []
    before = RECORDING.recorder
    for index in range(steps):
        here: RecordedRun = object.__new__(RecordedRun)
        RECORDING.recorder = answers = _Answers([numbers[index] for numbers in job.drawn])
        vars(here).update(vars(job.run.looping()), recorder=answers)
        try:
            results = here.execute(job.plan, [*states, *schedule.fed_at(tensors, index), *given])
        finally:
            RECORDING.recorder = before
        after, ended = results[:count], job.ended[index]
        states = after if ended is None else masking.copy_through(ended, after, states)
        exported.append(results[count:])
    outputs = [*states, *[value for values in zip(*exported, strict=True) for value in values]]
    pairs = [
        (output, grad)
        for output, grad in zip(outputs, grads, strict=True)
        if grad is not None and output.requires_grad
    ]
    inputs = [tensor for tensor, need in zip(tensors, wanted, strict=True) if need]
    found: Any = iter(())
    if pairs:
        found = iter(
            torch.autograd.grad(
                [output for output, _ in pairs],
                inputs,
                [grad for _, grad in pairs],
                create_graph=True,
                allow_unused=True,
            )
        )
    return [next(found, None) if need else None for need in wanted]
