"""A run: one walk of a driver through a sequence, and where in it a cell stands.

Cells whose step is random ask for their position, and make of it what they need: a dropout mask is a
function of (seed, place, step). The run is ambient, so that a wrapper deep inside a user's own cell finds
it without anyone handing it on.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ostinato._state import Nest


class StepPosition(NamedTuple):
    """Where a part of a cell stands in a run.

    `seed` is an int64 scalar tensor on the CPU, one a run; `step` counts from 0; `place` tells the parts
    of the cell apart.
    """

    seed: Tensor
    step: int
    place: tuple[int, ...]


class Run:
    """One run of a driver. `seed` is drawn from torch's default generator when first asked for, if none is
    given.

    Raises:
        TypeError: the seed is no integer.
        ValueError: the seed is not a scalar, or does not fit into 64 bits.
    """

    def __init__(self, seed: Tensor | int | None = None) -> None:
        self._seed = None if seed is None else _checked(seed)
        self._step = 0
        self._places: dict[int, int] = {}
        self._calls: dict[int, int] = {}
        self._parts: list[Any] = []

    @property
    def seed(self) -> Tensor:
        if self._seed is None:
            self._seed = torch.randint(0x7FFFFFFFFFFFFFFF, ())
        return self._seed

    @property
    def has_seed(self) -> bool:
        return self._seed is not None

    def forget_seed(self) -> None:
        """Draw the seed anew when it is asked for: the random state has been set back to before the draw."""
        self._seed = None

    def position_of(self, part: Any) -> StepPosition:
        """The position of `part`.

        Parts are told apart by the order in which they first ask, and a part's calls within a step by theirs:
        an order that is the same whether a stack runs step by step or layer by layer.
        """
        key = id(part)
        if key not in self._places:
            self._places[key] = len(self._places)
            self._parts.append(part)  # kept, so that its id stays its own
        call = self._calls.get(key, 0)
        self._calls[key] = call + 1
        return StepPosition(self.seed, self._step, (self._places[key], call))

    @contextmanager
    def at(self, step: int) -> Iterator[None]:
        """Be the current run, at the start of step `step`."""
        before = getattr(_CURRENT, "run", None)
        self._step, self._calls = step, {}
        _CURRENT.run = self
        try:
            yield
        finally:
            _CURRENT.run = before

    def step(self, cell: Any, inputs: Nest, state: Nest, step: int) -> tuple[Nest, Nest]:
        """Call `cell` for step `step`.

        Raises:
            TypeError: the cell does not return an output and a state.
        """
        # As `at` does, without a generator: this is on the way to every step.
        before = getattr(_CURRENT, "run", None)
        self._step, self._calls = step, {}
        _CURRENT.run = self
        try:
            result = cell(inputs, state)
        finally:
            _CURRENT.run = before
        if not isinstance(result, tuple | list) or len(result) != 2:
            seen = f"a {type(result).__name__}" + (
                f" of {len(result)}" if isinstance(result, tuple | list) else ""
            )
            raise TypeError(
                f"A cell must return (output, new_state), but {type(cell).__name__} returned {seen}."
            )
        return result[0], result[1]


_CURRENT = threading.local()


def current_position(part: Any) -> StepPosition:
    """The position of `part` in the driver's run that is on; outside of any, that of the first step of a
    new run.
    """
    run: Run | None = getattr(_CURRENT, "run", None)
    return (Run() if run is None else run).position_of(part)


def _checked(seed: Any) -> Tensor:
    if isinstance(seed, Tensor):
        if seed.dim() or seed.is_floating_point() or seed.is_complex():
            raise ValueError(
                f"seed must be an integer, but is a {seed.dtype} tensor of shape {list(seed.shape)}."
            )
        # A copy: a seed that the caller counts up must not change the masks of a run that is still to be
        # recomputed.
        return seed.to("cpu", torch.int64, copy=True)
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise TypeError(f"seed must be an integer or an integer tensor, but is {seed!r}.")
    if not -(2**63) <= seed < 2**63:
        raise ValueError(f"seed must fit into 64 bits, but is {seed}.")
    return torch.tensor(seed, dtype=torch.int64)
