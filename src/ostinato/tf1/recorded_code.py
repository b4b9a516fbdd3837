"""A recording as a Python function: torch's operations one after the other, without what led to them.

What no fetch and no instruction needs is left out, what is the same in every run is a constant, and other
names of a tensor (`detach`, a view of its own shape) are the tensor. The operations run below autograd: the
gradients are among them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

import torch

from ostinato.kernels.native import transposed_copy

from .recorded_entries import (
    Call,
    Entry,
    Expected,
    ExpectedShape,
    Place,
    Read,
    Recording,
    Together,
    Whole,
    laid_out,
    places_in,
)
from .recorded_groups import grouped
from .recorded_updates import joined, read_again

if TYPE_CHECKING:
    from .plan_units import Instruction
    from .run import Run

_RENAMING = frozenset(
    {torch.ops.aten.detach.default, torch.ops.aten.alias.default, torch.ops.aten.lift_fresh.default}
)
_VIEWS = frozenset(
    {
        torch.ops.aten.view.default,
        torch.ops.aten._unsafe_view.default,
        torch.ops.aten.expand.default,
        torch.ops.aten.slice.Tensor,
    }
)
LARGEST_CONSTANT = 2**16
"""How many bytes a value may have that is kept as it is the same in every run; larger ones are computed."""
_FEW = 3
"""For fewer operations than this it is not worth while to go below autograd."""
_ABOVE = (Whole, Together)
"""What does not run below autograd: an instruction may take gradients of its own inside."""
_METHODS = ("view", "expand", "new_empty", "new_zeros", "new_ones", "new_full")
_LITERALS = (int, bool, str, type(None))


class CannotReplay(Exception):
    """A recording uses a value that it does not make, or stands on a number that comes too late."""


class OtherNumbers(Exception):
    """The recording is of runs with other numbers than this one; nothing has been done yet."""


class RecordedCode:
    """A recording as a function of a run and the fed values.

    grouped: whether operations are made groups, which read memory as it lay in the recording: not where what
        is fed may lie otherwise.
    """

    def __init__(self, recording: Recording, grouped: bool = True) -> None:
        writer = _Writer(recording, grouped)
        lines = list(writer.lines())
        source = "def execute(run, fed):\n" + "\n".join(f"    {line}" for line in lines)
        exec(compile(source, "<recording>", "exec"), writer.names)
        self._function: Callable[[Run, Sequence[Any]], list[Any]] = writer.names["execute"]
        self._instructions = writer.instructions

    def execute(self, run: Run, feed_values: Sequence[Any]) -> list[Any]:
        return self._function(run, feed_values)

    def instruction_at(self, traceback: TracebackType | None) -> Instruction | None:
        """The instruction that an exception came out of."""
        while traceback is not None:
            if traceback.tb_frame.f_code is self._function.__code__:
                return self._instructions[traceback.tb_lineno - 2]
            traceback = traceback.tb_next
        return None


class _Writer:
    """Writes the lines of the function, one for each of `instructions`."""

    def __init__(self, recording: Recording, grouped: bool) -> None:
        self._grouped = grouped
        self.names: dict[str, Any] = {}
        self.instructions: list[Instruction | None] = []
        self._recording = recording
        self._renamed: dict[int, int] = {}
        self._constants: dict[int, str] = {}  # names of objects, by id
        self._made = set(recording.feeds)
        self._indent = ""
        made = {number for entry in recording.entries for number in entry.outputs}
        self._fixed = {
            number
            for number, value in enumerate(recording.values)
            if value.fixed and (number not in made or value.tensor.nbytes <= LARGEST_CONSTANT)
        }

    def lines(self) -> Iterator[str]:
        recording = self._recording
        again = read_again(recording.entries)
        self._renamed.update(again)
        entries = [entry for entry in recording.entries if not self._renames(entry)]
        entries = self._needed(self._expectations_first(entries))
        fetched = set(self._numbers(recording.fetches))
        used = {number for entry in entries for number in self._inputs(entry)}
        entries = joined(entries, used | fetched, self._renamed)
        if self._grouped:
            entries = grouped(recording, entries, self._renamed, self._inputs, fetched)
        effect = False
        for entry in entries:
            effect = effect or _has_effects(entry)
            if effect and isinstance(entry, ExpectedShape):
                raise CannotReplay("the size of what an operation gives is another in other runs")
        last: dict[int, int] = dict.fromkeys(recording.feeds, -1)  # the entry that a value is needed by last
        for index, entry in enumerate(entries):
            last.update(dict.fromkeys([*self._inputs(entry), *entry.outputs], index))
        last.update(dict.fromkeys(self._numbers(recording.fetches), len(entries)))
        if recording.feeds:
            yield self._line("(" + "".join(f"v{number}, " for number in recording.feeds) + ") = fed")
        below = False  # whether what is being written runs below autograd
        for index, entry in enumerate(entries):
            few = any(isinstance(later, _ABOVE) for later in entries[index + 1 : index + _FEW])
            if isinstance(entry, _ABOVE):
                below = False
            elif not below and not few:
                below = True
                yield self._line(f"with {self._constant(torch._C._AutoDispatchBelowAutograd)}():")
            self._indent = "    " * below
            used = {number for number in entry.outputs if last[number] > index}
            text = self._call(entry)
            if used:
                text = f"{self._targets(_given(entry), used)} = {text}"
            yield self._line(text, entry.instruction)
            for number in sorted(used) if isinstance(entry, Whole) or _is_external(entry) else ():
                tensor = recording.values[number].tensor
                if isinstance(tensor, torch.Tensor):
                    lie = f"{tuple(tensor.shape)}, {tensor.stride()}"
                    yield self._line(f"v{number} = {self._constant(laid_out)}(v{number}, {lie})")
            self._made.update(entry.outputs)
            done = sorted({number for number in self._inputs(entry) if last[number] == index})
            if done:
                yield self._line(" = ".join(f"v{number}" for number in done) + " = None")
        self._indent = ""
        yield self._line(f"return {self._text(recording.fetches)}")

    def _line(self, text: str, instruction: Instruction | None = None) -> str:
        self.instructions.append(instruction)
        return self._indent + text

    def _renames(self, entry: Entry) -> bool:
        """Whether an operation gives the tensor that it takes."""
        if not isinstance(entry, Call) or entry.function not in _RENAMING | _VIEWS:
            return False
        (given,), taken = entry.outputs, entry.arguments[0].number
        one, other = self._recording.values[given].tensor, self._recording.values[taken].tensor
        if entry.function in _VIEWS and (
            one.shape != other.shape or one.stride() != other.stride() or one.data_ptr() != other.data_ptr()
        ):
            return False
        self._renamed[given] = self._renamed.get(taken, taken)
        return True

    def _expectations_first(self, entries: Sequence[Entry]) -> list[Entry]:
        """The numbers that the recording stands on before all else, so that a run with others has done
        nothing when it turns to the plan.
        """
        made = {number: index for index, entry in enumerate(entries) for number in entry.outputs}
        effects = (index for index, entry in enumerate(entries) if _has_effects(entry))
        first_effect = next(effects, len(entries))
        values, written = self._recording.values, dict[int, int]()  # by storage, where it is written first
        for index, entry in enumerate(entries):
            if isinstance(entry, Call) and entry.writes:
                for number in entry.outputs:
                    written.setdefault(values[number].storage, index)
        written.pop(0, None)
        early: set[int] = set()
        waiting = [index for index, entry in enumerate(entries) if isinstance(entry, Expected)]
        while waiting:
            index = waiting.pop()
            if index in early:
                continue
            entry = entries[index]
            if _has_effects(entry) or (isinstance(entry, Read) and index > first_effect):
                raise CannotReplay("it stands on a number that comes of what differs between runs")
            inputs = list(self._inputs(entry))
            if any(written.get(values[number].storage, index) < index for number in inputs):
                raise CannotReplay("it stands on a number in memory that is written piece by piece")
            early.add(index)
            waiting += [made[number] for number in inputs if number in made]
        others = [entry for index, entry in enumerate(entries) if index not in early]
        return [entries[index] for index in sorted(early)] + others

    def _needed(self, entries: Sequence[Entry]) -> list[Entry]:
        needed = set(self._numbers(self._recording.fetches))
        kept = []
        for entry in reversed(entries):
            effects = _has_effects(entry) or isinstance(entry, (Whole, Expected, ExpectedShape))
            if effects or not needed.isdisjoint(entry.outputs):
                if not effects and self._fixed.issuperset(entry.outputs):
                    continue
                kept.append(entry)
                needed.update(self._inputs(entry))
        return kept[::-1]

    def _inputs(self, entry: Entry) -> Iterator[int]:
        if isinstance(entry, Call):
            yield from self._numbers([entry.arguments, entry.options])
        elif isinstance(entry, (Whole, Together)):
            yield from self._numbers(entry.inputs)
        elif isinstance(entry, (Expected, ExpectedShape)):
            yield from self._numbers(entry.place)

    def _numbers(self, nest: Any) -> Iterator[int]:
        """The values in a nest that are not the same in every run."""
        for place in places_in(nest):
            number = self._renamed.get(place.number, place.number)
            if number not in self._fixed:
                yield number

    def _call(self, entry: Entry) -> str:
        if isinstance(entry, Read):
            return f"run.current({entry.name!r})"
        if isinstance(entry, Expected):
            return f"{self._constant(_expect)}({self._text(entry.place)}, {entry.value!r})"
        if isinstance(entry, ExpectedShape):
            return f"{self._constant(_expect_shape)}({self._text(entry.place)}, {entry.shape!r})"
        if isinstance(entry, Whole):
            inputs = ", ".join(["run", *map(self._text, entry.inputs)])
            return f"{self._constant(entry.instruction.evaluate)}({inputs})"
        if isinstance(entry, Together):
            inputs = ", ".join(["run", *map(self._text, entry.inputs)])
            return f"{self._constant(entry.function)}({inputs})"
        function, options = entry.function, entry.options
        if function is torch.ops.aten.view.default and entry.arguments[1]:
            sizes = ", ".join(map(str, entry.arguments[1]))  # by themselves they are faster than as a list
            return f"{self._constant(torch.Tensor.view)}({self._text(entry.arguments[0])}, {sizes})"
        if function is torch.ops.aten._to_copy.default and options.keys() == {"dtype"}:
            tensor, dtype = self._text(entry.arguments[0]), self._text(options["dtype"])
            return f"{self._constant(torch.Tensor.to)}({tensor}, {dtype}, False, True)"
        if function is torch.ops.aten.clone.default and options == {"memory_format": torch.contiguous_format}:
            copier = transposed_copy.copier_of(self._recording.values[entry.arguments[0].number].tensor)
            if copier is not None:
                return f"{self._constant(copier)}({self._text(entry.arguments[0])})"
        named = [f"{name}={self._text(value)}" for name, value in options.items()]
        given = ", ".join([*map(self._text, entry.arguments), *named])
        return f"{self._constant(_plainest(entry.function))}({given})"

    def _targets(self, given: Any, used: Collection[int]) -> str:
        """What an entry gives, to assign it to."""
        if isinstance(given, (list, tuple)):
            return f"({''.join(self._targets(item, used) + ', ' for item in given)})"
        return f"v{given.number}" if isinstance(given, Place) and given.number in used else "_"

    def _text(self, item: Any) -> str:
        if isinstance(item, Place):
            number = self._renamed.get(item.number, item.number)
            if number in self._fixed:
                return self._constant(self._recording.values[number].tensor)
            if number not in self._made:
                raise CannotReplay(f"value {number} is used and not made")
            return f"v{number}"
        if type(item) is list:
            return f"[{', '.join(map(self._text, item))}]"
        if type(item) is tuple:
            return f"({''.join(self._text(member) + ', ' for member in item)})"
        return repr(item) if type(item) in _LITERALS else self._constant(item)

    def _constant(self, item: Any) -> str:
        name = self._constants.get(id(item))
        if name is None:
            name = self._constants[id(item)] = f"c{len(self._constants)}"
            self.names[name] = item
        return name


def _expect(tensor: torch.Tensor, value: int | bool) -> None:
    if tensor.item() != value:
        raise OtherNumbers


def _expect_shape(tensor: torch.Tensor, shape: tuple[int, ...]) -> None:
    if tensor.shape != shape:
        raise OtherNumbers


def _is_external(entry: Entry) -> bool:
    """Whether an entry calls a function that is not torch's."""
    return isinstance(entry, Call) and entry.writes and not isinstance(entry.function, torch._ops.OpOverload)


def _has_effects(entry: Entry) -> bool:
    """Whether an entry does more than give values."""
    if isinstance(entry, Whole):
        return entry.instruction.plain is None
    return isinstance(entry, Together) or (isinstance(entry, Call) and entry.writes)


def _given(entry: Entry) -> Any:
    if isinstance(entry, Call):
        return entry.given
    places = [Place(number) for number in entry.outputs]
    return places if isinstance(entry, Whole) else places[0]


def _plainest(function: Any) -> Any:
    """The shortest way to an operation: torch's own function takes half as long to call as the operator."""
    if not isinstance(function, torch._ops.OpOverload):
        return function
    namespace, name = function._schema.name.split("::")
    if namespace == "aten":
        if hasattr(torch._C._VariableFunctions, name):
            return getattr(torch._C._VariableFunctions, name)
        # Not all of a tensor's methods are the operator of their name: `index` is not.
        if name in _METHODS or (name.endswith("_") and not name.startswith("_")):
            return getattr(torch.Tensor, name, function._op)
    return function._op
