"""Float32 operations that go element by element, many of them in one native call and one pass over memory.

A `Group` is a little program. Its registers are its inputs, its outputs and temporaries, in that order; masks
are registers of zeros and ones. It gives the bits that torch's operations give one by one: `reference` is
these, for reading and comparing.
"""

from __future__ import annotations

import ctypes
import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ostinato.kernels.native import library

OPERATIONS: dict[str, Callable[..., Tensor]] = {
    "add": torch.add,
    "subtract": torch.sub,
    "multiply": torch.mul,
    "divide": torch.div,
    "negate": torch.neg,
    "absolute": torch.abs,
    "less": torch.lt,
    "less_equal": torch.le,
    "greater": torch.gt,
    "greater_equal": torch.ge,
    "equal": torch.eq,
    "not_equal": torch.ne,
    "select": lambda mask, one, other: torch.where(mask != 0, one, other),
    "and": lambda one, other: torch.logical_and(one != 0, other != 0),
    "or": lambda one, other: torch.logical_or(one != 0, other != 0),
    "not": lambda one: one == 0,
    "copy": torch.clone,
    # Rounded once: in double precision the product is exact.
    "subtract_product": lambda one, a, b: (one.double() - a.double() * b.double()).float(),
}
"""What there is, by torch's functions, in the order of elementwise.cpp."""
MOST_REGISTERS, MOST_DIMENSIONS = 96, 6
_THREADS_SHARE = 1 << 17
"""Results, of all operations together, that make a thread more worth while."""


@dataclass(frozen=True)
class Input:
    """What an input of a group is: a tensor of that shape and strides, floats or (`mask`) booleans."""

    shape: tuple[int, ...]
    strides: tuple[int, ...]
    mask: bool = False


class _Input(ctypes.Structure):
    _fields_ = [
        ("kind", ctypes.c_int64),
        ("dimensions", ctypes.c_int64),
        ("sizes", ctypes.c_int64 * MOST_DIMENSIONS),
        ("strides", ctypes.c_int64 * MOST_DIMENSIONS),
        ("number", ctypes.c_double),
    ]


class _Group(ctypes.Structure):
    _fields_ = [
        ("elements", ctypes.c_int64),
        ("inputs", ctypes.c_int64),
        ("outputs", ctypes.c_int64),
        ("temporaries", ctypes.c_int64),
        ("instructions", ctypes.c_int64),
        ("input", ctypes.c_void_p),
        ("output_is_bytes", ctypes.c_void_p),
        ("code", ctypes.c_void_p),
    ]


def runs() -> bool:
    """Whether there is native code for groups here."""
    return hasattr(library.load(), "ostinato_elementwise")


class Group:
    """Operations on elements of one shape.

    Args:
        shape: of every result; an input's is broadcast to it.
        inputs: tensors' forms, or numbers; tensors come first.
        masks: of each output, whether it is booleans.
        temporaries: how many registers there are beside inputs and outputs.
        code: an operation's name, the register of its result and those of its operands, for each.

    Raises:
        ValueError: more registers than there are, or a form of an input that native code does not take.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        inputs: Sequence[Input | float],
        masks: Sequence[bool],
        temporaries: int,
        code: Sequence[tuple[Any, ...]],
    ) -> None:
        if len(inputs) + len(masks) + temporaries > MOST_REGISTERS:
            raise ValueError(f"A group has at most {MOST_REGISTERS} registers.")
        self.shape, self.inputs, self.masks = shape, list(inputs), list(masks)
        self.temporaries, self.code = temporaries, list(code)
        elements, names = math.prod(shape), list(OPERATIONS)
        rows = [[names.index(name), *given, *[0] * (4 - len(given))] for name, *given in code]
        flat = [number for row in rows for number in row]
        self._kept = (  # what the group's description points to
            (_Input * len(inputs))(*[_described(given, shape) for given in inputs]),
            (ctypes.c_int64 * len(masks))(*masks),
            (ctypes.c_int64 * len(flat))(*flat),
        )
        self._group = _Group(
            elements,
            len(inputs),
            len(masks),
            temporaries,
            len(rows),
            *[ctypes.addressof(part) for part in self._kept],
        )
        self._share = elements * len(rows) // _THREADS_SHARE
        self._numbers = [0] * sum(not isinstance(given, Input) for given in inputs)
        self._addresses = ctypes.c_void_p * (len(inputs) + len(masks))
        self._dtypes = [torch.bool if mask else torch.float32 for mask in masks]

    def __call__(self, *tensors: Tensor) -> list[Tensor]:
        """The outputs, contiguous, of tensors of the inputs' very forms: nobody looks."""
        # Memory of its own for each: the bits of a matrix product depend on where its operands begin.
        made = [torch.empty(self.shape, dtype=dtype) for dtype in self._dtypes]
        threads = min(library.threads(), self._share) if self._share > 1 else 1
        _function()(
            ctypes.byref(self._group),
            self._addresses(
                *[tensor.data_ptr() for tensor in tensors],
                *self._numbers,
                *[tensor.data_ptr() for tensor in made],
            ),
            threads,
            library.parallel_for() if threads > 1 else None,
        )
        return made

    def reference(self, *tensors: Tensor) -> list[Tensor]:
        """The same by torch's operations, one by one."""
        numbers = [torch.tensor(given) for given in self.inputs if not isinstance(given, Input)]
        registers: dict[int, Tensor] = dict(enumerate([*tensors, *numbers]))
        for name, result, *operands in self.code:
            given = [registers[operand] for operand in operands]
            registers[result] = OPERATIONS[name](*given).expand(self.shape)
        begin = len(self.inputs)
        return [
            registers[begin + index].to(torch.bool if mask else torch.float32).contiguous()
            for index, mask in enumerate(self.masks)
        ]


@functools.cache
def _function() -> Any:
    build: Any = library.load()
    function = build.ostinato_elementwise
    function.restype = None
    function.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p]
    return function


def _described(given: Input | float, shape: tuple[int, ...]) -> _Input:
    if not isinstance(given, Input):
        return _Input(4, number=given)
    missing = len(shape) - len(given.shape)
    strides = [0] * missing + [
        0 if size == 1 else stride for size, stride in zip(given.shape, given.strides, strict=True)
    ]
    sizes: list[int] = []
    steps: list[int] = []
    for size, stride in zip(shape, strides, strict=True):
        if size == 1:
            continue
        if sizes and steps[-1] == stride * size:  # the two dimensions lie as one
            sizes[-1], steps[-1] = sizes[-1] * size, stride
        else:
            sizes.append(size)
            steps.append(stride)
    if len(sizes) > MOST_DIMENSIONS:
        raise ValueError(f"An input's elements lie in more than {MOST_DIMENSIONS} dimensions.")
    as_they_lie = len(sizes) == 0 or steps == [1]
    sizes, steps = sizes or [1], steps or [1]
    return _Input(
        2 * given.mask + (not as_they_lie),
        len(sizes),
        (ctypes.c_int64 * MOST_DIMENSIONS)(*sizes),
        (ctypes.c_int64 * MOST_DIMENSIONS)(*steps),
    )
