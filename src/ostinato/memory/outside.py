"""The tensors that a function reads without being handed them: a module's parameters, an encoder's outputs.

Whoever runs a function without a graph first, and with one later, has to know them: they are inputs of what
stands in the graph for the function. They are found in the calls of torch's functions and, where a call is
none of those, in the graph of a step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode


class Outside:
    """Notes what is read from outside while it is watched, and puts copies in its place later.

    `known` are tensors that are handed in: those are not from outside.
    """

    def __init__(self, known: Iterable[Tensor]) -> None:
        self.tensors: list[Tensor] = []
        # Kept, so that their ids stay their own.
        self._known = {id(tensor): tensor for tensor in known}
        self._constants: dict[int, Tensor] = {}
        self._first_node = next_node()

    def hand_in(self, tensors: Iterable[Tensor]) -> None:
        """Take further tensors for known."""
        self._known.update((id(tensor), tensor) for tensor in tensors)

    def watch(self) -> TorchFunctionMode:
        """Within, what is read is noted."""
        return _Replaced(self.note)

    def note(self, tensor: Tensor) -> Tensor:
        """Note `tensor` if it is from outside. The result is what to compute with: without a graph a
        constant, since autocast remembers, without a gradient, what it converted of a tensor that requires
        one.
        """
        if not tensor.requires_grad:
            return tensor
        key = id(tensor)
        if key not in self._known:
            if tensor.grad_fn is not None and number(tensor.grad_fn) >= self._first_node:
                return tensor  # computed by the function itself, which switched gradients on
            self._known[key] = tensor
            self.tensors.append(tensor)
        if torch.is_grad_enabled():
            return tensor
        if key not in self._constants:
            self._constants[key] = tensor.detach()
        return self._constants[key]


class Copies:
    """Copies in the place of tensors."""

    def __init__(self, tensors: Sequence[Tensor], copies: Sequence[Tensor]) -> None:
        self._copy_of = {id(tensor): copy for tensor, copy in zip(tensors, copies, strict=True)}

    def read(self) -> TorchFunctionMode:
        """Within, the copies are read."""
        return _Replaced(self.of)

    def of(self, tensor: Tensor) -> Tensor:
        return self._copy_of.get(id(tensor), tensor)


class _Replaced(TorchFunctionMode):
    """Calls torch's functions on what `of` makes of their tensors."""

    def __init__(self, of: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self._of = of

    def __torch_function__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if kwargs:
            return func(
                *map(self._value, args), **{name: self._value(value) for name, value in kwargs.items()}
            )
        return func(*map(self._value, args))

    def _value(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            return self._of(value)
        if type(value) is list or type(value) is tuple:
            return type(value)(map(self._value, value))
        return value


def next_node() -> int:
    """The number of the node that autograd makes next: they are counted through."""
    result: int = torch._C._autograd._get_sequence_nr()
    return result


def number(node: Any) -> int:
    """The number of a node."""
    result: int = node._sequence_nr()
    return result


def read_in_graph(values: Iterable[Tensor], first_node: int) -> tuple[list[Tensor], list[Any], int]:
    """What `values` were computed from in the graph that was made from `first_node` on: the leaves, the older
    nodes, and how many nodes there are.
    """
    found: list[Tensor] = []
    older: list[Any] = []
    seen: set[Any] = set()
    pending: list[Any] = []
    for value in values:
        if value.grad_fn is not None:
            pending.append(value.grad_fn)
        elif value.requires_grad:
            found.append(value)
    while pending:
        node = pending.pop()
        if node in seen:
            continue
        seen.add(node)
        variable = getattr(node, "variable", None)
        if variable is not None:
            found.append(variable)
        elif number(node) < first_node:
            older.append(node)
        else:
            pending += [following for following, _ in node.next_functions if following is not None]
    return found, older, len(seen)
