"""Dropout around a cell with a seed: the masks that TensorFlow 1 draws for it."""

from __future__ import annotations

import functools
import hashlib
import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import torch

from ostinato import cells
from ostinato._external import differs_between_runs
from ostinato._state import LSTMStateTuple

from .ops.nn import not_zero

if TYPE_CHECKING:
    from .run import CellLoop, Run

_PARTS = ("input", "output", "state")


@functools.lru_cache(1024)
def salted_seed(seed: int, place: str) -> int:
    """The seed of the draw at one place of a wrapper with this seed: `input_0`, `state_1`, ...

    >>> salted_seed(3, "input_0")
    371649270
    """
    digest = hashlib.md5(f"{seed}{place}".encode(), usedforsecurity=False).hexdigest()
    return int(digest[:8], 16) & 0x7FFFFFFF


def drop_steps(
    value: torch.Tensor,
    keep_prob: Any,
    loop: CellLoop,
    key: tuple[Any, ...],
    seeds: tuple[int, int],
    step: int,
) -> torch.Tensor:
    """`tf.nn.dropout` with seeds, of several steps' `[steps, batch, ...]`, the first of which is `step`."""
    steps = value.shape[0] if loop.goes_on else 1
    drawn = loop.source(key, seeds, step).uniforms(steps, value.shape[1:], value.dtype).to(value.device)
    numbers = _numbers(keep_prob, value.dtype)
    if numbers is not None:
        return value * (drawn >= numbers[0]).to(value.dtype).mul_(numbers[1])
    rate = torch.as_tensor(1.0 - keep_prob, dtype=value.dtype, device=value.device)
    return value * (1 / not_zero(1 - rate)) * (drawn >= rate).to(value.dtype)


def _numbers(keep_prob: Any, dtype: torch.dtype) -> tuple[float, float] | None:
    """What a draw is compared with and what is kept is multiplied by; None: they are no plain numbers."""
    if not isinstance(keep_prob, torch.Tensor):
        return _rate_and_scale(keep_prob, None, dtype)
    known = cells.has_known_values(keep_prob) and not differs_between_runs(keep_prob)
    if keep_prob.requires_grad or not known:
        return None
    return _rate_and_scale(keep_prob.item(), keep_prob.dtype, dtype)


@functools.lru_cache(256)
def _rate_and_scale(keep_prob: float, given: torch.dtype | None, dtype: torch.dtype) -> tuple[float, float]:
    rate = torch.as_tensor(
        1.0 - (keep_prob if given is None else torch.tensor(keep_prob, dtype=given)), dtype=dtype
    )
    return rate.item(), (1 / not_zero(1 - rate)).item()


class SeededDropout(cells.DropoutWrapper):
    """The core's wrapper with other numbers: each place has a stream, as `tf.nn.dropout` has."""

    def __init__(
        self,
        cell: cells.RNNCell,
        keep_probs: Sequence[Any],
        variational_recurrent: bool,
        seeds: tuple[int, int],
        run: Run,
    ) -> None:
        super().__init__(cell, *keep_probs, variational_recurrent=variational_recurrent, seed=seeds[1])
        self._graph_seed, self._run = seeds[0], run

    def _drop_state(self, state: Any, position: Any, part: tuple[int, ...]) -> Any:
        # TensorFlow numbers all the leaves, also those that are not dropped.
        return self._drop_leaves(state, position, part[0], itertools.count())

    def _drop_leaves(self, state: Any, position: Any, part: int, numbers: Iterator[int]) -> Any:
        if isinstance(state, LSTMStateTuple):
            next(numbers)
            return state._replace(h=self._drop_leaves(state.h, position, part, numbers))
        if isinstance(state, dict):
            return {key: self._drop_leaves(state[key], position, part, numbers) for key in sorted(state)}
        if isinstance(state, (list, tuple)):
            dropped = [self._drop_leaves(leaf, position, part, numbers) for leaf in state]
            return type(state)(*dropped) if hasattr(state, "_fields") else type(state)(dropped)
        return self._drop(state, self.state_keep_prob, position, (part, next(numbers)))

    def _drop_steps(
        self, value: torch.Tensor, keep_prob: Any, position: Any, part: tuple[int, ...]
    ) -> torch.Tensor:
        seed: Any = self.seed
        place = f"{_PARTS[part[0]]}_{part[1]}"
        seeds = self._graph_seed, salted_seed(seed, place)
        loop = self._run.loop
        if loop is None:
            return super()._drop_steps(value, keep_prob, position, part)
        key = (place, *position.place)
        if self.variational_recurrent:  # one draw for all steps and all rows
            source = loop.source(key, seeds, 0)
            noise = source.uniform([1, *value.shape[2:]], value.dtype).to(value.device)
            keep = torch.as_tensor(keep_prob, dtype=value.dtype, device=value.device)
            return value / keep * torch.floor(keep + noise)
        return drop_steps(value, keep_prob, loop, key, seeds, position.step)
