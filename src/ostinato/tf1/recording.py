"""A run written down: what torch computed in it, forward and backward, as one straight list.

Small networks spend their time between torch's operations, not in them: in the plan, in the drivers' Python
and in autograd's record. A run through a `Recorder` computes what any run computes, and notes each operation
below autograd; `recorded_code.py` makes a function of the list, which gives the same bits from other values
of the same shapes.

Only what every run would do alike may be written down. An instruction that looks at values in Python, draws
random numbers, or reads or writes what the session holds is not entered, but stays a call of its own
(`Whole`); where a gradient has to go through such a one, there is no recording of the run.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from ostinato._external import RECORDING

from .ops.tensor_array import Elements
from .recorded_entries import (
    INSIDE,
    Call,
    Entry,
    Expected,
    ExpectedShape,
    Place,
    Read,
    Recording,
    Value,
    Whole,
    is_stateful,
    places_in,
    without_overlap,
)
from .recorded_run import RecordedRun
from .run import Run

if TYPE_CHECKING:
    from .plan import Plan
    from .plan_units import Instruction

MOST_BYTES = 2**30
"""How much a run may compute to be recorded, for all of it is held meanwhile."""
MOST_NUMBERS = 8
"""How many numbers in one tensor a recording stands on: as many as a tensor has axes."""
_READS = frozenset(
    getattr(torch.Tensor, name)
    for name in ("numpy", "tolist", "data_ptr", "__array__", "__dlpack__", "untyped_storage", "storage")
)
_LITERALS = (bool, int, float, str, bytes, type(None), torch.dtype, torch.device)
_CHANGING = (torch.Tag.nondeterministic_seeded, torch.Tag.dynamic_output_shape)


class _Watch(TorchFunctionMode):
    """Sees what reads a tensor's values other than by an operation."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self._recorder = recorder

    def __torch_function__(self, function: Any, types: Any, arguments: Any = (), options: Any = None) -> Any:
        recorder = self._recorder
        if function in _READS and not recorder.paused and not recorder.is_fixed(arguments[0]):
            if function is torch.Tensor.tolist and recorder.stands_on(arguments[0]):
                return _numbers(arguments[0])
            recorder.refuse(f"values are read by {getattr(function, '__name__', function)}")
        return function(*arguments, **(options or {}))


class Recorder(TorchDispatchMode):
    """Writes a run of a plan down."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # torch would import its compiler, a second of work, to have that skip this class

    def __init__(self, plan: Plan, run: Run) -> None:
        super().__init__()
        self.run: RecordedRun = object.__new__(RecordedRun)
        vars(self.run).update(vars(run), recorder=self)
        self.failed: str | None = None  # why the run cannot be written down
        self.paused = 0
        self._graph = (*plan.fetches, *plan.feeds)[0].graph.outermost
        self._values: list[Value] = []
        self._entries: list[Entry] = []
        self._feeds: list[int] = []
        self._problem: str | None = None  # why an instruction stays whole
        self._differentiates = False  # whether it cannot, for a gradient goes through it
        self._numbers: dict[int, int] = {}  # by the tensor's id
        self._aliases: dict[Any, int] = {}  # by where the tensor lies, and how
        self._storages: dict[int, bool] = {}  # whether what lies there is the same in every run
        self._leaves: list[torch.Tensor] = []  # held, so that no other tensor gets their ids
        self._bytes = 0
        self._instruction: Instruction | None = None

    def recording(self, fetched: Sequence[Any]) -> Recording | None:
        """What has been written down of a run that gives this."""
        if self.failed is not None:
            return None
        fetches = list(map(self._place, fetched))
        if any(item is INSIDE for item in fetches):
            self.failed = "a TensorArray's handle is fetched"
            return None
        return Recording(self._values, self._entries, self._feeds, fetches)

    def release(self) -> None:
        """Let go of the run: what draws random numbers again holds this recorder."""
        for held in (self._values, self._entries, self._numbers, self._aliases, self._storages, self._leaves):
            held.clear()
        vars(self.run).clear()
        self._instruction = None

    # What the plan tells.

    def fed(self, value: Any, leaf: Any) -> None:
        self._feeds.append(self._add(value))
        self._same(leaf, value)

    def evaluate(self, instruction: Instruction, arguments: Sequence[Any]) -> Sequence[Any]:
        """What an instruction gives, as its operations or, where those are not alike in every run, as a
        whole.
        """
        if self.failed is not None:
            return instruction.evaluate(self.run, *arguments)
        operation, self._instruction = instruction.operation, instruction
        begin, self._problem = len(self._entries), None
        self._differentiates = any(map(_has_history, arguments))
        inputs = tuple(map(self._place, arguments))
        if is_stateful(instruction) or self._takes_others(inputs):
            self._problem = "it is stateful or takes other things than tensors"
            self.paused += 1
            try:
                results = instruction.evaluate(self.run, *arguments)
            finally:
                self.paused -= 1
        else:
            with self, _Watch(self):
                results = instruction.evaluate(self.run, *arguments)
            if not all(isinstance(result, (torch.Tensor, Elements, type(None))) for result in results):
                self.refuse("something other than tensors is given")
        if self._problem is None and self.failed is None:
            for result in results:
                self._place(result)
        elif operation.type == "Gradients" or any(map(_has_history, results)):
            self.failed = self.failed or f"a gradient goes through {operation.type}, and {self._problem}"
            return results
        else:
            del self._entries[begin:]
            if any(item is INSIDE for item in inputs) or any(
                isinstance(result, Elements) for result in results
            ):
                self.failed = f"{operation.type} takes a TensorArray, and {self._problem}"
            results = list(map(without_overlap, results))
            outputs = tuple([self._add(result) for result in results])
            self._entries.append(Whole(instruction, inputs, outputs))
            for tensor, result, number in zip(operation.outputs, results, outputs, strict=False):
                if isinstance(result, torch.Tensor) and not tensor.shape.is_fully_defined():
                    shape = tuple(result.shape)
                    self._entries.append(ExpectedShape(Place(number), shape, instruction))
        return results

    def _takes_others(self, inputs: Sequence[Any]) -> bool:
        """Whether something goes in that is no tensor, and differs between runs: strings, handles."""
        return any(
            isinstance(place, Place) and not isinstance(self._values[place.number].tensor, torch.Tensor)
            for place in inputs
        )

    def chosen(self, condition: torch.Tensor) -> bool:
        """What is true of a condition that the run goes on by."""
        with self:
            return bool(condition)

    def leaf(self, leaf: Any, value: Any) -> None:
        """A leaf that stands for a value that an instruction gave."""
        if self.failed is None:
            self._same(leaf, value)

    # What the run and operations tell.

    def read(self, name: str, value: torch.Tensor) -> None:
        if not self.paused and self.failed is None:
            number = self._add(value)
            self._entries.append(Read(name, (number,), self._instruction))
            if not self._graph.get_operation_by_name(name).outputs[0].shape.is_fully_defined():
                shape = tuple(value.shape)
                self._entries.append(ExpectedShape(Place(number), shape, self._instruction))

    def refuse(self, problem: str) -> None:
        """Something that another run would do otherwise."""
        if not self.paused and self._problem is None:
            self._problem = problem

    def stands_on(self, tensor: torch.Tensor) -> bool:
        """Whether a recording may stand on these numbers: sizes and places, which are the same in many runs,
        of an instruction that cannot stay whole.
        """
        few = tensor.numel() <= MOST_NUMBERS and not tensor.is_floating_point() and not tensor.is_complex()
        return self._differentiates and few

    def is_fixed(self, tensor: Any) -> bool:
        number = self._number(tensor)
        return number is None or self._values[number].fixed

    def external(self, function: Callable[..., Any], arguments: Sequence[Any]) -> Any:
        """A function that is called anew in every run."""
        if self.paused or self.failed is not None:
            return function(*arguments)
        places = tuple(map(self._place, arguments))
        self.paused += 1
        try:
            given = function(*arguments)
        finally:
            self.paused -= 1
        results = [] if given is None else list(given) if isinstance(given, tuple) else [given]
        if any(result.requires_grad for result in results):
            self.refuse(f"a gradient goes through {function}")
        outputs = tuple([self._add(result) for result in results])
        self._entries.append(Call(function, places, {}, outputs, self._place(given), self._instruction, True))
        return given

    def drawn(
        self,
        again: Callable[..., Any],
        given: Sequence[torch.Tensor],
        method: Callable[..., torch.Tensor],
        arguments: Sequence[Any],
    ) -> torch.Tensor:
        """Random numbers, drawn by `method` here, and by `again` in other runs."""
        if self.paused or self.failed is not None:
            return method(*arguments)
        self.paused += 1
        try:
            numbers = method(*arguments)
        finally:
            self.paused -= 1
        if self._instruction is not None:
            draw = replace(self._instruction, evaluate=again, plain=None)
            inputs = tuple(map(self._place, given))
            self._entries.append(Whole(draw, inputs, (self._add(numbers),)))
        return numbers

    # What torch tells.

    def __torch_dispatch__(self, function: Any, types: Any, arguments: Any = (), options: Any = None) -> Any:
        options = options or {}
        if self.paused or self.failed is not None:
            return function(*arguments, **options)
        self.paused += 1
        try:
            results = function(*arguments, **options)
        finally:
            self.paused -= 1
        self._note(function, arguments, options, results)
        return results

    def _note(self, function: Any, arguments: Any, options: Any, results: Any) -> None:
        if function is torch.ops.aten._local_scalar_dense.default:
            if not self.is_fixed(arguments[0]):
                if isinstance(results, int):  # as a length is, or whether all rows have ended
                    place = self._place(arguments[0])
                    self._entries.append(Expected(place, results, self._instruction))
                else:
                    self.refuse("a value is read by item")
            return
        tensors = list(_members(results))
        changing = any(tag in function.tags for tag in _CHANGING)
        if function is torch.ops.aten.index.Tensor:  # by places; by a mask, the size is of the values
            changing = any(index.dtype in (torch.bool, torch.uint8) for index in _members(arguments[1]))
        if changing or not all(isinstance(tensor, torch.Tensor) for tensor in tensors):
            self.refuse(f"{function} gives something else in every run")
            return
        places = tuple(map(self._place, arguments))
        named = {key: self._place(value) for key, value in options.items()}
        writes = function._schema.is_mutable
        if writes:
            written = set(self._written(function, arguments, options)) - {0}
            for value in self._values if written else ():
                value.fixed = value.fixed and value.storage not in written
            self._storages.update(dict.fromkeys(written, False))
        fixed = not writes and all(self._values[place.number].fixed for place in places_in((places, named)))
        fixed = fixed or function.overloadpacket in _OF_SHAPES
        outputs = []
        for tensor in tensors:
            known = self._numbers.get(id(tensor)) if writes else None
            outputs.append(self._add(tensor, fixed) if known is None else known)
        given = self._place(results)
        self._entries.append(Call(function, places, named, tuple(outputs), given, self._instruction, writes))

    def _written(self, function: Any, arguments: Any, options: Any) -> Iterator[int]:
        for index, argument in enumerate(function._schema.arguments):
            if argument.alias_info is not None and argument.alias_info.is_write:
                given = arguments[index] if index < len(arguments) else options.get(argument.name)
                for tensor in given if isinstance(given, (tuple, list)) else [given]:
                    if isinstance(tensor, torch.Tensor):
                        yield self._storage(tensor)

    # Which tensor is which.

    def _add(self, tensor: Any, fixed: bool = False) -> int:
        """A number for a tensor, or for what else an instruction gives."""
        number = len(self._values)
        if not isinstance(tensor, torch.Tensor):
            self._values.append(Value(tensor, False, 0))
            if tensor is not None:
                self._numbers[id(tensor)] = number
            return number
        storage = self._storage(tensor)
        self._values.append(Value(tensor, fixed, storage))
        self._numbers[id(tensor)] = number
        if storage:
            self._aliases.setdefault(self._lie(tensor), number)
            if storage not in self._storages:
                self._bytes += tensor.nbytes
            self._storages[storage] = fixed and self._storages.get(storage, True)
        if self._bytes > MOST_BYTES:
            self.failed = "the run computes so much that its time is torch's"
        return number

    def _same(self, leaf: Any, value: Any) -> None:
        if leaf is not value:
            self._numbers[id(leaf)] = self._numbers[id(value)]
            self._leaves.append(leaf)

    def _place(self, argument: Any) -> Any:
        """An argument with a `Place` for each tensor."""
        if isinstance(argument, torch.Tensor):
            number = self._number(argument)
            # What no operation gave was made in Python, and of nothing that differs between runs.
            return Place(self._add(argument, True) if number is None else number)
        if isinstance(argument, Elements):
            return INSIDE
        number = None if isinstance(argument, _LITERALS) else self._numbers.get(id(argument))
        if number is not None:
            return Place(number)
        if type(argument) in (list, tuple):
            return type(argument)([self._place(item) for item in argument])
        return argument

    def _number(self, tensor: torch.Tensor) -> int | None:
        number = self._numbers.get(id(tensor))
        storage = self._storage(tensor) if number is None else 0
        if storage:
            number = self._aliases.get(self._lie(tensor))
            if number is None and not self._storages.get(storage, True):
                self.failed = "a view was made that no operation gave"
        return number

    def _storage(self, tensor: torch.Tensor) -> int:
        """The address of a tensor's memory; 0 where there is none."""
        self.paused += 1
        try:
            return tensor.untyped_storage().data_ptr() if tensor.numel() else 0
        finally:
            self.paused -= 1

    def _lie(self, tensor: torch.Tensor) -> Any:
        self.paused += 1
        try:
            return tensor.data_ptr(), tensor.dtype, tuple(tensor.shape), tensor.stride()
        finally:
            self.paused -= 1


_OF_SHAPES = {
    getattr(torch.ops.aten, name)
    for name in ("ones_like", "zeros_like", "full_like", "new_zeros", "new_ones", "new_full")
}
"""Operations that take no more of a tensor than its shape and type."""


def _numbers(tensor: torch.Tensor) -> Any:
    """What `tolist` gives, number by number, so that each is seen."""
    return [_numbers(part) for part in tensor.unbind()] if tensor.dim() else tensor.item()


def _has_history(result: Any) -> bool:
    return isinstance(result, torch.Tensor) and result.requires_grad


def _members(nest: Any) -> Iterator[Any]:
    """What is in a nest of lists and tuples, but for None."""
    if isinstance(nest, (list, tuple)):
        for item in nest:
            yield from _members(item)
    elif nest is not None:
        yield nest


@contextlib.contextmanager
def recorder_of(plan: Plan, run: Run) -> Iterator[Recorder]:
    """The recorder of a run of a plan, which operations tell what they do outside torch."""
    before, RECORDING.recorder = RECORDING.recorder, Recorder(plan, run)
    try:
        yield RECORDING.recorder
    finally:
        RECORDING.recorder = before
