"""Operations of a recording that go element by element, made groups that native code computes in one pass.

Cells of one's own are full of them: a product, a sum, a mask, and the same again for gradients. One by one
they cost more to call than to compute where they are small, and read and write all memory again where they
are large. A group is kept only if it gives, of the values that were written down, their bits.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from ostinato.kernels.native import elementwise
from ostinato.kernels.native.elementwise import Group, Input

from .recorded_entries import Call, Entry, Place, Read, Recording, Value, Whole, laid_out

MOST_OPERATIONS, MOST_INPUTS, LONGEST_WAIT = 40, 30, 64
"""How much a group may hold, and for how many other operations it may wait to become larger."""

_FEW = 2048
"""Operations on so few elements go together whatever they are: it is their calls that take the time."""
_PROBE = (129, 32)
"""The shape of the random numbers that an operation is tried with."""

_aten = torch.ops.aten
_Emit = Callable[..., Any]


def _tanh_backward(emit: _Emit, grad: Any, result: Any) -> Any:
    return emit("multiply", grad, emit("subtract", 1.0, emit("multiply", result, result)))


def _tanh_backward_fused(emit: _Emit, grad: Any, result: Any) -> Any:
    return emit("multiply", grad, emit("subtract_product", 1.0, result, result))


def _sigmoid_backward(emit: _Emit, grad: Any, result: Any) -> Any:
    return emit("multiply", emit("multiply", grad, emit("subtract", 1.0, result)), result)


def _relu_backward(emit: _Emit, grad: Any, result: Any, threshold: float) -> Any:
    return emit("select", emit("less_equal", result, float(threshold)), 0.0, grad)


def _plain(name: str) -> _Emit:
    return lambda emit, *given: emit(name, *given)


_WAYS: dict[Any, _Emit | tuple[_Emit, ...]] = {
    _aten.add.Tensor: _plain("add"),
    _aten.sub.Tensor: _plain("subtract"),
    _aten.rsub.Scalar: lambda emit, one, other: emit("subtract", other, one),
    _aten.mul.Tensor: _plain("multiply"),
    _aten.mul.Scalar: _plain("multiply"),
    _aten.div.Tensor: _plain("divide"),
    _aten.div.Scalar: _plain("divide"),
    _aten.reciprocal.default: lambda emit, one: emit("divide", 1.0, one),
    _aten.neg.default: _plain("negate"),
    _aten.abs.default: _plain("absolute"),
    _aten.pow.Tensor_Scalar: lambda emit, one, _: emit("multiply", one, one),
    _aten.where.self: _plain("select"),
    _aten.masked_fill.Scalar: lambda emit, one, mask, value: emit("select", mask, value, one),
    _aten.tanh_backward.default: (_tanh_backward_fused, _tanh_backward),
    _aten.sigmoid_backward.default: _sigmoid_backward,
    _aten.threshold_backward.default: _relu_backward,
    _aten.logical_and.default: _plain("and"),
    _aten.logical_or.default: _plain("or"),
    _aten.logical_not.default: _plain("not"),
    _aten.bitwise_and.Tensor: _plain("and"),
    _aten.bitwise_or.Tensor: _plain("or"),
    _aten.bitwise_not.default: _plain("not"),
    _aten.clone.default: lambda emit, one, **_: emit("copy", one),
    _aten._to_copy.default: lambda emit, one, **_: emit("copy", one),
}
for _name, _operation in [
    ("lt", "less"),
    ("le", "less_equal"),
    ("gt", "greater"),
    ("ge", "greater_equal"),
    ("eq", "equal"),
    ("ne", "not_equal"),
]:
    for _overload in ("Tensor", "Scalar"):
        _WAYS[getattr(getattr(_aten, _name), _overload)] = _plain(_operation)


_SQUARES = (_aten.pow.Tensor_Scalar,)
"""Of a power, groups have the square alone."""


@functools.cache
def _lowered() -> dict[Any, _Emit]:
    """The operations that groups take, and how: those that have the bits of this torch's on this processor.
    Whether torch rounds a product before it adds is its compiler's choice, for each instruction set.
    """
    found: dict[Any, _Emit] = {}
    for function, ways in _WAYS.items():
        for way in ways if isinstance(ways, tuple) else (ways,):
            if _agrees(function, way):
                found[function] = way
                break
    return found


def _agrees(function: Any, way: _Emit) -> bool:
    random = torch.Generator().manual_seed(1)
    name = function._schema.name
    arguments: list[Any] = []
    places: list[torch.Tensor] = []
    for argument in function._schema.arguments:
        if argument.has_default_value():
            continue
        if str(argument.type) != "Tensor":
            arguments.append(2 if "pow" in name else 0.3)
            continue
        numbers = torch.randn(_PROBE, generator=random)
        mask = argument.name in ("condition", "mask") or "logical" in name or "bitwise" in name
        arguments.append(numbers > 0 if mask else numbers)
        places.append(arguments[-1])
    expected = function(*arguments, **({"dtype": torch.float32} if "_to_copy" in name else {}))
    values = [Value(tensor, False, 0) for tensor in [*places, expected]]
    numbered = iter(range(len(places)))
    taken = [Place(next(numbered)) if isinstance(item, torch.Tensor) else item for item in arguments]
    call = Call(function, tuple(taken), {}, (len(places),), Place(len(places)), None)
    program = _Lowering([call], {call.outputs[0]}, values, {}, {function: way})
    return _same_bits(program.compiled(_PROBE)(*places)[0], expected)


@dataclass
class _Open:
    """A group that waits for more operations of its shape."""

    since: int
    calls: list[Call] = field(default_factory=list)
    outputs: set[int] = field(default_factory=set)


def grouped(
    recording: Recording,
    entries: Sequence[Entry],
    renamed: Mapping[int, int],
    inputs_of: Callable[[Entry], Iterator[int]],
    fetched: Collection[int],
) -> list[Entry]:
    """The entries, with groups in the place of calls; an entry may come earlier than before, where it does
    not need what it has overtaken.

    inputs_of: the values that an entry needs, but for those that are the same in every run.
    """
    if not elementwise.runs():
        return list(entries)
    return _Grouping(recording, entries, renamed, inputs_of, fetched).result()


class _Grouping:
    def __init__(
        self,
        recording: Recording,
        entries: Sequence[Entry],
        renamed: Mapping[int, int],
        inputs_of: Callable[[Entry], Iterator[int]],
        fetched: Collection[int],
    ) -> None:
        self._recording, self._entries, self._renamed = recording, entries, renamed
        self._inputs_of, self._lowered = inputs_of, _lowered()
        self._uses: dict[int, int] = dict.fromkeys(fetched, 1)  # how many entries need a value
        for entry in entries:
            for number in set(inputs_of(entry)):
                self._uses[number] = self._uses.get(number, 0) + 1
        # What torch gives lies as it did; of other values that has to be seen to.
        self._given = {
            number
            for entry in entries
            if isinstance(entry, (Read, Whole)) or (isinstance(entry, Call) and entry.writes)
            for number in entry.outputs
        }.union(recording.feeds)
        self._made: list[Entry] = []
        self._open: dict[tuple[int, ...], _Open] = {}
        self._pending: dict[int, tuple[int, ...]] = {}  # the shape of the open group that gives a value

    def result(self) -> list[Entry]:
        for entry in self._entries:
            self._take(entry)
        self._close_all()
        return self._made

    def _take(self, entry: Entry) -> None:
        if not isinstance(entry, Call) or entry.writes:
            self._close_all()
            self._made.append(entry)
            return
        needed = {self._pending[number] for number in self._inputs_of(entry) if number in self._pending}
        shape = self._shape(entry)
        for other in needed - {shape}:
            self._close(other)
        if shape is None:
            self._made.append(entry)
        else:
            group = self._open.setdefault(shape, _Open(len(self._made)))
            group.calls.append(entry)
            group.outputs.update(entry.outputs)
            self._pending[entry.outputs[0]] = shape
            if len(group.calls) >= MOST_OPERATIONS:
                self._close(shape)
        for other in [
            key for key, group in self._open.items() if len(self._made) - group.since > LONGEST_WAIT
        ]:
            self._close(other)

    def _close_all(self) -> None:
        for shape in list(self._open):
            self._close(shape)

    def _close(self, shape: tuple[int, ...]) -> None:
        group = self._open.pop(shape)
        for number in group.outputs:
            del self._pending[number]
        apart = [group.calls] if math.prod(shape) <= _FEW else self._components(group.calls)
        for calls in apart:
            made = self._group(shape, calls) if len(calls) > 1 else None
            if made is None:
                self._made += calls
            else:
                self._made.append(made)

    def _components(self, calls: Sequence[Call]) -> list[list[Call]]:
        """The calls, those together that have a value in common: others only contend for the cache."""
        found: list[tuple[set[int], list[Call]]] = []
        for call in calls:
            numbers, members = {*self._inputs_of(call), *call.outputs}, [call]
            for other in [other for other in found if not numbers.isdisjoint(other[0])]:
                found.remove(other)
                numbers, members = numbers | other[0], other[1] + members
            found.append((numbers, members))
        return [members for _, members in found]

    def _tensor(self, number: int) -> Any:
        return self._recording.values[number].tensor

    def _shape(self, call: Call) -> tuple[int, ...] | None:
        """The shape of what a call computes element by element; None: it is none of those."""
        if call.function not in self._lowered or len(call.outputs) != 1:
            return None
        if call.options.get("alpha", 1) != 1 or (call.function in _SQUARES and call.arguments[1] != 2):
            return None
        result = self._tensor(call.outputs[0])
        if not _is_plain(result) or not result.numel() or not result.is_contiguous():
            return None
        masks = [result.dtype is torch.bool]
        for item in call.arguments:
            if isinstance(item, Place):
                tensor = self._tensor(item.number)
                if not _is_plain(tensor):
                    return None
                if call.function is _aten.tanh_backward.default and tensor.stride() != result.stride():
                    return None  # torch goes through such element by element, and rounds otherwise there
                masks.append(tensor.dtype is torch.bool)
            elif not isinstance(item, (int, float)):
                return None
        if any(
            isinstance(value, torch.dtype) and value is not result.dtype for value in call.options.values()
        ):
            return None
        if masks[0] and all(masks[1:]) and call.function in (_aten.add.Tensor, _aten.mul.Tensor):
            return None  # of booleans they are something else
        return tuple(result.shape)

    def _taken(self, calls: Sequence[Call]) -> set[int]:
        """What others than these calls need of what they give."""
        own: dict[int, int] = {}
        for call in calls:
            for number in set(self._inputs_of(call)):
                own[number] = own.get(number, 0) + 1
        made = [number for call in calls for number in call.outputs]
        return {number for number in made if self._uses.get(number, 0) > own.get(number, 0)}

    def _group(self, shape: tuple[int, ...], calls: Sequence[Call]) -> Call | None:
        """A call of the native group, if that is worth while and gives the same bits."""
        lowering = _Lowering(calls, self._taken(calls), self._recording.values, self._renamed, self._lowered)
        if not lowering.is_worth_while(math.prod(shape)):
            return None
        try:
            function = lowering.compiled(shape)
        except ValueError:  # too much for one group
            return None
        given = [self._tensor(number) for number in lowering.tensors]
        expected = [self._tensor(number) for number in lowering.outputs]
        if not all(map(_same_bits, function(*given), expected)):
            return None
        places = [Place(number) for number in lowering.outputs]
        checked = [
            (index, tuple(tensor.shape), tensor.stride())
            for index, (number, tensor) in enumerate(zip(lowering.tensors, given, strict=True))
            if number in self._given
        ]
        arguments = tuple(Place(number) for number in lowering.tensors)
        called = _Lying(function, checked) if checked else function
        return Call(called, arguments, {}, tuple(lowering.outputs), places, calls[0].instruction)


class _Lying:
    """A group some of whose inputs are first brought to lie as they did."""

    def __init__(self, function: Group, forms: Sequence[tuple[int, Any, Any]]) -> None:
        self._function, self._forms = function, forms

    def __call__(self, *tensors: torch.Tensor) -> Sequence[torch.Tensor]:
        given = list(tensors)
        for index, shape, strides in self._forms:
            if given[index].shape != shape:
                found = list(given[index].shape)
                raise ValueError(f"A value of shape {found} came where earlier runs had {list(shape)}.")
            given[index] = laid_out(given[index], shape, strides)
        return self._function(*given)


class _Lowering:
    """The program of a group: registers are numbered when all inputs and outputs are known."""

    def __init__(
        self,
        calls: Sequence[Call],
        taken: Collection[int],
        values: Sequence[Value],
        renamed: Mapping[int, int],
        lowered: Mapping[Any, _Emit],
    ) -> None:
        self.calls, self._values, self._renamed = calls, values, renamed
        self.tensors: list[int] = []  # the values that go in
        self._numbers: list[str] = []
        self._code: list[tuple[str, Any, list[Any]]] = []
        self._made: dict[int, Any] = {}  # by value: ("made", index of the instruction)
        for call in calls:
            arguments = [self._operand(item) for item in call.arguments]
            self._made[call.outputs[0]] = lowered[call.function](self._emit, *arguments)
        self.outputs = [number for number in self._made if number in taken]  # the values that come out

    def _tensor(self, number: int) -> Any:
        return self._values[number].tensor

    def _operand(self, item: Any) -> Any:
        if not isinstance(item, Place):
            return item
        number = self._renamed.get(item.number, item.number)
        if number in self._made:
            return self._made[number]
        if number not in self.tensors:
            self.tensors.append(number)
        return ("tensor", number)

    def _emit(self, name: str, *operands: Any) -> Any:
        self._code.append((name, ("made", len(self._code)), [self._register(item) for item in operands]))
        return ("made", len(self._code) - 1)

    def _register(self, item: Any) -> Any:
        if isinstance(item, tuple):
            return item
        key = float(item).hex()  # by which zeros of two signs are two
        if key not in self._numbers:
            self._numbers.append(key)
        return ("number", key)

    def is_worth_while(self, elements: int) -> bool:
        """Whether the group takes less time than its operations, in microseconds as they were measured: a
        call, an argument, a new tensor, and a thousand elements of a tensor that is read, written, computed.
        """
        if len(self.tensors) > MOST_INPUTS or not self.outputs:
            return False
        read = sum(isinstance(item, Place) for call in self.calls for item in call.arguments)
        apart = 1.6 * len(self.calls) + 6e-5 * elements * (read + len(self.calls))
        together = 3.0 + 0.15 * len(self.tensors) + 0.9 * len(self.outputs)
        touched = 8e-5 * (len(self.tensors) + len(self.outputs)) + 3e-5 * len(self._code)
        return together + elements * touched < apart

    def compiled(self, shape: tuple[int, ...]) -> Group:
        forms = [self._tensor(number) for number in self.tensors]
        inputs: list[Input | float] = [
            Input(tuple(tensor.shape), tensor.stride(), tensor.dtype is torch.bool) for tensor in forms
        ]
        registers: dict[Any, int] = {}
        for key in [
            *(("tensor", number) for number in self.tensors),
            *(("number", n) for n in self._numbers),
        ]:
            registers[key] = len(registers)
        masks = [self._tensor(number).dtype is torch.bool for number in self.outputs]
        for number in self.outputs:
            registers.setdefault(self._made[number], len(registers))
        if len({registers[self._made[number]] for number in self.outputs}) < len(self.outputs):
            raise ValueError("Two outputs are one value.")
        code, temporaries = self._allocated(registers)
        return Group(shape, [*inputs, *map(float.fromhex, self._numbers)], masks, temporaries, code)

    def _allocated(self, registers: dict[Any, int]) -> tuple[list[tuple[Any, ...]], int]:
        """The instructions with registers, and how many of these are temporaries, each used again when
        nothing needs what is in it.
        """
        begin = len(registers)
        last = {item: index for index, (_, _, operands) in enumerate(self._code) for item in operands}
        free: list[int] = []
        count = 0
        code: list[tuple[Any, ...]] = []
        for index, (name, result, operands) in enumerate(self._code):
            given = [registers[item] for item in operands]
            for item in set(operands):
                if last[item] == index and registers[item] >= begin:
                    free.append(registers[item])
            if result not in registers:
                if free:
                    registers[result] = free.pop()
                else:
                    registers[result] = begin + count
                    count += 1
            code.append((name, registers[result], *given))
        return code, count


def _is_plain(tensor: Any) -> bool:
    return (
        type(tensor) is torch.Tensor
        and tensor.dtype in (torch.float32, torch.bool)
        and tensor.is_cpu
        and not tensor.is_neg()
    )


def _same_bits(one: torch.Tensor, other: torch.Tensor) -> bool:
    if one.dtype is torch.bool:
        return torch.equal(one, other)
    return torch.equal(one.view(torch.int32), other.detach().contiguous().view(torch.int32))
