"""How an operation becomes a data set: it gives a source of elements when it is run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..errors import InvalidArgumentError
from ..registry import register
from ..tensor import Operation
from .iterator_ops import variant_rule
from .runtime import Call, Context, Element, Source

Iterate = Callable[[Context], Iterator[Element]]


def source(op_type: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a function of (operation, values of its inputs) as a data set's type; it gives a function from
    a context to an iterator, or a source.
    """

    def put(function: Callable[..., Any]) -> Callable[..., Any]:
        def made(run: Any, operation: Operation, *values: Any) -> Source:
            found = function(operation, *values)
            return found if isinstance(found, Source) else Source(found)

        register(op_type, made, variant_rule, stateful=True, differentiable=False)
        return function

    return put


def refuse(operation: Operation, message: str) -> None:
    raise InvalidArgumentError(None, operation, f"{message}\n\t [[node {operation.name} ({operation.type})]]")


def positive(operation: Operation, value: Any, what: str) -> int:
    number = int(value)
    if number <= 0:
        refuse(operation, f"{what} must be greater than zero.")
    return number


def calls_of(operation: Operation, captured: Any) -> list[Call]:
    """The functions of an operation with what they captured, which stands in a row behind its inputs."""
    calls, place = [], 0
    for body in operation.attributes["functions"]:
        count = len(body.captured)
        calls.append(Call(body, captured[place : place + count]))
        place += count
    return calls
