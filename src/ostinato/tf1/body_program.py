"""One iteration of a loop as two straight lists of torch's operations: forward, and the gradients of it.

What `recording.py` does to a run is done here to an iteration: it is computed once, on copies, and written
down below autograd. A loop then runs the lists for as many iterations as it has, whatever their number, with
no plan, no cell and no record of autograd in between (`body_steps.py`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch

from ostinato._external import RECORDING, external
from ostinato.steps import masking

from .body_lists import apart, moved, of_draws, without_doubles, written
from .plan_units import as_leaf
from .recorded_code import CannotReplay, RecordedCode
from .recorded_entries import Call, Entry, Place, Recording, Value, places_in
from .recording import Recorder, _Watch

if TYPE_CHECKING:
    from .plan import Plan
    from .run import Run

_ATEN = torch.ops.aten


@dataclass(frozen=True)
class Draw:
    """Random numbers that an iteration takes: `again(run)` draws them, as they were drawn in the iteration
    that was written down.
    """

    again: Callable[..., Sequence[torch.Tensor]]
    number: int


@dataclass(frozen=True)
class Part:
    """A part of the gradient of what all iterations are given.

    `each`: the sum of what each iteration gives. The others put the iterations' factors side by side and
    compute once: `rows` left^T @ right; `batch` left @ right, of batches of matrices, and `turned` its
    transpose; `sum` the sum of right's rows.
    """

    kind: str
    right: int  # places among what the backward list gives
    left: int | None = None


class Program:
    """The lists of an iteration, for inputs of certain shapes.

    forward: of states, fed values, given ones and draws to the new states, the exported values, and what
    the backward list needs of it.
    backward: of the gradients of the new states and exported values that have one, and what it needs, to the
    gradients of states, of fed values and of given ones that have one.
    """

    def __init__(self, plan: Plan, run: Run, step: Step) -> None:
        recorder = _IterationRecorder(plan, run.looping())
        outer = RECORDING.recorder
        if outer is not None:
            outer.paused += 1
        RECORDING.recorder = recorder
        try:
            with torch.set_grad_enabled(step.differentiates):
                self._record(plan, recorder, step)
        finally:
            RECORDING.recorder = outer
            if outer is not None:
                outer.paused -= 1
            recorder.release()

    def _record(self, plan: Plan, recorder: _IterationRecorder, step: Step) -> None:
        values = [*step.states, *step.fed, *step.given]
        leaves = [
            as_leaf(_copied(value)) if has else _copied(value)
            for value, has in zip(values, step.have_gradients, strict=True)
        ]
        old = leaves[: len(step.states)]
        results = list(plan.interpret(recorder.run, leaves, recorder))
        recorder.check()
        with recorder.noting():
            if step.ended is not None:
                ended = _copied(step.ended)
                recorder.fed(ended, ended)
                results[: len(old)] = masking.copy_through(ended, results[: len(old)], old)
            for index, state in enumerate(old):
                if results[index].shape != state.shape or results[index].dtype != state.dtype:
                    raise CannotReplay("a state changes its shape")
                results[index] = results[index].contiguous()
        outputs, middle = [recorder.number(value) for value in results], len(recorder.entries)
        inputs = recorder.feeds
        self.differentiable = [result.requires_grad for result in results]
        targets = [result for result in results if result.requires_grad]
        wanted = [leaf for leaf in leaves if leaf.requires_grad]
        starts: list[int] = []
        found: list[Any] = []
        if targets and wanted:
            ones = [torch.ones_like(target, memory_format=torch.contiguous_format) for target in targets]
            for start in ones:
                recorder.fed(start, start)
            starts = recorder.feeds[len(inputs) :]
            with recorder.noting():
                # As `torch.autograd.grad`, which looks at the shapes of what gradients start with, and
                # imports torch's symbolic shapes for that: seconds of work.
                engine = torch.autograd.Variable._execution_engine
                found = list(
                    engine.run_backward(tuple(targets), tuple(ones), False, False, tuple(wanted), True)
                )
        recorder.check()
        numbers = iter([None if value is None else recorder.number(value) for value in found])
        gradients = [next(numbers, None) if leaf.requires_grad else None for leaf in leaves]
        self._write(
            recorder,
            inputs,
            starts,
            outputs,
            gradients,
            middle,
            len(step.states) + len(step.fed),
            len(step.given),
        )

    def _write(
        self,
        recorder: _IterationRecorder,
        inputs: list[int],
        starts: list[int],
        outputs: list[int],
        gradients: list[int | None],
        middle: int,
        first_given: int,
        given_count: int,
    ) -> None:
        self.draws, self.count = recorder.draws, len(outputs)
        self.kind = self.differentiable, len(self.draws)
        values, draws = recorder.values, [draw.number for draw in self.draws]
        calls = [entry for entry in recorder.entries if isinstance(entry, Call)]
        in_memory = written(values, calls)
        forward, same = without_doubles(values, calls[:middle], in_memory)
        backward = [moved(entry, same) for entry in calls[middle:]]
        backward, others = without_doubles(values, backward, in_memory)
        same = {**same, **others}
        outputs = [same.get(number, number) for number in outputs]
        gradients = [None if number is None else same.get(number, number) for number in gradients]
        given = inputs[first_given : first_given + given_count]
        first, forward, known = apart(values, forward, given, in_memory)
        made_of_draws, forward, drawn = of_draws(values, forward, draws, {*given, *known})
        for_backward, backward, known_later = apart(values, backward, [*given, *known], in_memory)

        fetched: list[int] = []
        parts = _Parts(backward, fetched)
        self.gradients = [
            None if number is None else parts.place(number) for number in gradients[:first_given]
        ]
        self.parts = [[] if number is None else parts.of(number) for number in gradients[first_given:]]
        made = {number for entry in backward for number in entry.outputs}.union(starts)
        needed = [n for n in _needed(backward, fetched) if n not in made and not values[n].fixed]

        # What is the same in all iterations: the given values, and what is made of them before.
        once = [number for number in _needed(forward, outputs) if number in known]
        used = set(_needed(forward, [*outputs, *needed]))
        taken = [number for number in dict.fromkeys([*draws, *drawn]) if number in used]
        more = [number for number in _needed(made_of_draws, taken) if number in known]
        later = [*_needed(for_backward, [n for n in needed if n in known_later]), *needed]
        once = list(dict.fromkeys([*once, *more, *[n for n in later if n in known]]))
        self._first = _code(values, first, given, once)
        constant = [*given, *once]
        self._of_draws = _of_any_shape(values, made_of_draws, [*draws, *constant], taken)
        own = [number for number in inputs if number not in given]
        places = {number: place for place, number in enumerate([*own, *taken])}
        self.kept_inputs = [places[number] for number in needed if number in places]
        self.constants = len(constant)
        fixed = {*constant, *known_later}
        kept = [number for number in needed if number not in places and number not in fixed]
        self.kept = len(kept) + len(self.kept_inputs)
        self.zeros = [torch.zeros_like(values[number].tensor, requires_grad=False) for number in outputs]
        self.forward = _code(values, forward, [*own, *constant, *taken], [*outputs, *kept])
        self.backward: Any = None
        if starts:
            behind = [number for number in needed if number in known_later]
            self._for_backward = _code(values, for_backward, constant, behind)
            again = [number for number in needed if number in places]
            self.backward = _code(values, backward, [*starts, *kept, *again, *constant, *behind], fetched)

    def first(self, given: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """What all iterations are given: these values, and what is made of them."""
        return [*given, *self._first(None, given)]

    def of_draws(self, draws: Sequence[torch.Tensor], constant: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """What iterations take of random numbers, of those of all of them, `[steps, ...]`."""
        return self._of_draws(None, [*draws, *constant]) if draws else []

    def for_backward(self, constant: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """What the backward lists of all iterations are given."""
        return [*constant, *self._for_backward(None, constant)]


def _code(
    values: list[Value], entries: Sequence[Call], feeds: list[int], fetches: Sequence[int]
) -> Callable[[Any, Sequence[Any]], list[Any]]:
    # A function that is external to this list is so to a recording of the run around it too.
    calls = [
        call
        if isinstance(call.function, torch._ops.OpOverload)
        else replace(call, function=external(call.function))
        for call in entries
    ]
    recording = Recording(values, list(calls), feeds, [Place(number) for number in fetches])
    # A gradient that is fed may be contiguous in one iteration and a view in the next.
    return RecordedCode(recording, grouped=False).execute


def _of_any_shape(
    values: list[Value], entries: Sequence[Call], feeds: list[int], fetches: Sequence[int]
) -> Callable[[Any, Sequence[Any]], list[Any]]:
    """The same for values of other shapes than those that were written down, as a recording's code is not."""
    taken = {place.number for entry in entries for place in places_in([entry.arguments, entry.options])}
    fixed = {number: values[number].tensor for number in taken if values[number].fixed}

    def execute(run: Any, fed: Sequence[Any]) -> list[Any]:
        known = {**fixed, **dict(zip(feeds, fed, strict=True))}
        for entry in entries:
            arguments = [known[item.number] if isinstance(item, Place) else item for item in entry.arguments]
            known[entry.outputs[0]] = entry.function(*arguments, **entry.options)
        return [known[number] for number in fetches]

    return execute


@dataclass
class Step:
    """What an iteration is written down of: the values that it begins with, and which of them gradients are
    taken of.
    """

    states: Sequence[torch.Tensor]
    fed: Sequence[torch.Tensor]
    given: Sequence[torch.Tensor]
    have_gradients: Sequence[bool]
    differentiates: bool
    ended: torch.Tensor | None = None  # which rows have ended, and keep their states


class _IterationRecorder(Recorder):
    """Writes an iteration down that is computed for that alone: it draws nothing."""

    def __init__(self, plan: Plan, run: Run) -> None:
        super().__init__(plan, run)
        self.draws: list[Draw] = []

    @property
    def entries(self) -> list[Entry]:
        return list(self._entries)

    @property
    def values(self) -> list[Value]:
        return self._values

    @property
    def feeds(self) -> list[int]:
        return list(self._feeds)

    def number(self, tensor: torch.Tensor) -> int:
        place = self._place(tensor)
        assert isinstance(place, Place)
        return place.number

    @contextlib.contextmanager
    def noting(self) -> Iterator[None]:
        self._problem = None
        with self, _Watch(self):
            yield
        if self._problem is not None:
            raise CannotReplay(self._problem)

    def check(self) -> None:
        if self.failed is not None:
            raise CannotReplay(self.failed)
        for entry in self._entries:
            if not isinstance(entry, Call):
                raise CannotReplay(f"{type(entry).__name__} is not the same in every iteration")

    def drawn(
        self,
        again: Callable[..., Any],
        given: Sequence[torch.Tensor],
        method: Callable[..., torch.Tensor],
        arguments: Sequence[Any],
    ) -> torch.Tensor:
        if given or not hasattr(again, "draw"):
            self.failed = "a draw is of a position"
        self.paused += 1
        try:
            numbers = _numbers_like(method.__name__, arguments)
        finally:
            self.paused -= 1
        self.draws.append(Draw(again, self._add(numbers)))
        return numbers


def _numbers_like(name: str, arguments: Sequence[Any]) -> torch.Tensor:
    """What stands for a draw while the iteration is written down, which is of the same shape and type."""
    if name == "integers":
        low, _, sizes, dtype = arguments
        return torch.full(tuple(sizes), low, dtype=dtype)
    if name == "uniforms":
        draws, sizes, dtype = arguments
        return torch.zeros((draws, *sizes), dtype=dtype)
    sizes, dtype = arguments[:2]
    return torch.zeros(tuple(sizes), dtype=dtype)


def _copied(value: torch.Tensor) -> torch.Tensor:
    """The value in memory of its own, lying as it does."""
    if value.numel() == 0:
        raise CannotReplay("a value is empty")
    return value.detach().clone()


class _Parts:
    """The gradients of what all iterations are given, taken apart into what is put off until all iterations
    are over.
    """

    def __init__(self, entries: Sequence[Entry], fetched: list[int]) -> None:
        self._entries = {number: entry for entry in entries for number in entry.outputs}
        self._fetched = fetched
        self._uses: dict[int, int] = {}
        for entry in entries:
            assert isinstance(entry, Call)
            if entry.writes:
                for number in entry.outputs:
                    self._uses[number] = 2  # written in place: it is not what one operation gave
            for place in places_in([entry.arguments, entry.options]):
                self._uses[place.number] = self._uses.get(place.number, 0) + 1

    def place(self, number: int) -> int:
        """Where the backward list gives this value."""
        if number not in self._fetched:
            self._fetched.append(number)
        return self._fetched.index(number)

    def of(self, number: int) -> list[Part]:
        entry, arguments = self._made_by(number)
        function = None if entry is None else entry.function
        if function is _ATEN.add.Tensor and entry is not None and not entry.options:
            one, other = arguments
            if isinstance(one, Place) and isinstance(other, Place):
                return [*self.of(one.number), *self.of(other.number)]
        if function is _ATEN.mm.default:
            left = self._transposed(arguments[0])
            if left is not None:
                return [Part("rows", self.place(arguments[1].number), self.place(left))]
        if function is _ATEN.t.default:
            inner, factors = self._made_by(arguments[0].number)
            if inner is not None and inner.function is _ATEN.mm.default:
                right = self._transposed(factors[0])
                if right is not None:
                    return [Part("rows", self.place(right), self.place(factors[1].number))]
        if function is _ATEN.bmm.default:
            return [Part("batch", self.place(arguments[1].number), self.place(arguments[0].number))]
        if function is _ATEN.transpose.int and list(arguments[1:]) == [1, 2]:
            inner, factors = self._made_by(arguments[0].number)
            if inner is not None and inner.function is _ATEN.bmm.default:
                return [Part("turned", self.place(factors[1].number), self.place(factors[0].number))]
        if function in (_ATEN.view.default, _ATEN._unsafe_view.default, _ATEN.squeeze.dim):
            inner, summed = self._made_by(arguments[0].number)
            if inner is not None and inner.function is _ATEN.sum.dim_IntList:
                entry, arguments, function = inner, summed, inner.function
        rows = function is _ATEN.sum.dim_IntList and entry is not None and not entry.options
        if rows and list(arguments[1]) == [0]:
            return [Part("sum", self.place(arguments[0].number))]
        return [Part("each", self.place(number))]

    def _made_by(self, number: int) -> tuple[Call | None, Sequence[Any]]:
        """The operation that gave a value which nothing else needs."""
        entry = self._entries.get(number)
        while isinstance(entry, Call) and entry.function is _ATEN.detach.default:
            number = entry.arguments[0].number
            entry = self._entries.get(number)
        if not isinstance(entry, Call) or entry.writes or self._uses.get(number, 0) > 1:
            return None, ()
        return entry, entry.arguments

    def _transposed(self, place: Place) -> int | None:
        """What a matrix is the transpose of."""
        entry = self._entries.get(place.number)
        if isinstance(entry, Call) and entry.function is _ATEN.t.default:
            number = entry.arguments[0].number
            assert isinstance(number, int)
            return number
        return None


def _needed(entries: Sequence[Entry], fetched: Sequence[int]) -> list[int]:
    """The values that some operations, of which these are wanted, take or are themselves wanted."""
    needed = dict.fromkeys(fetched)
    for entry in reversed(entries):
        assert isinstance(entry, Call)
        if entry.writes or not needed.keys().isdisjoint(entry.outputs):
            needed.update((place.number, None) for place in places_in([entry.arguments, entry.options]))
    return list(needed)
