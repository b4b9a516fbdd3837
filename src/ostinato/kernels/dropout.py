"""Uniform random numbers as a function of (seed, place, step), not of the order in which they are drawn.

So a static and a dynamic unrolling, a whole sequence and its chunks, and a recomputation all see the same
dropout masks.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

import torch
from torch import Tensor

from ostinato.kernels import eager

_LIBRARY = torch.library.Library("ostinato", "FRAGMENT")
_LIBRARY.define(
    "step_uniform(Tensor seed, int[] place, SymInt first_step, SymInt steps, SymInt[] shape, Device device) "
    "-> Tensor"
)
_MASK = (1 << 64) - 1


def _mixed(*values: int) -> int:
    """Hash integers to 64 bits (SplitMix64; Steele, Lea and Flood 2014), so that neighbouring seeds give
    unrelated streams.
    """
    state = 0
    for value in values:
        state = (state + (value & _MASK) + 0x9E3779B97F4A7C15) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        state ^= state >> 31
    return state


def _step_uniform(
    seed: Tensor,
    place: Sequence[int],
    first_step: int,
    steps: int,
    shape: Sequence[int],
    device: torch.device,
) -> Tensor:
    numbers = torch.empty(steps, *shape, device=device)
    generator = _generator(device)
    seed_value = int(seed)
    for step in range(steps):
        generator.manual_seed(_mixed(seed_value, *place, first_step + step))
        (numbers if steps == 1 else numbers[step]).uniform_(generator=generator)
    return numbers


_LOCAL = threading.local()


def _generator(device: torch.device) -> torch.Generator:
    """This thread's generator for draws that begin with a seed of their own: making one takes as long as a
    small draw.
    """
    if device.type != "cpu":
        return torch.Generator(device)
    if not hasattr(_LOCAL, "generator"):
        _LOCAL.generator = torch.Generator(device)
    found: torch.Generator = _LOCAL.generator
    return found


def _step_uniform_fake(
    seed: Tensor,
    place: Sequence[int],
    first_step: int,
    steps: int,
    shape: Sequence[int],
    device: torch.device,
) -> Tensor:
    return torch.empty(steps, *shape, device=device)


_LIBRARY.impl("step_uniform", _step_uniform, "CompositeExplicitAutograd")
torch.library.register_fake("ostinato::step_uniform", _step_uniform_fake, lib=_LIBRARY)


def step_uniform(
    seed: Tensor,
    place: Sequence[int],
    first_step: int,
    steps: int,
    shape: Sequence[int],
    device: torch.device,
) -> Tensor:
    """Numbers in [0, 1), float32 `[steps, *shape]`: those of step t depend on `seed` (an int64 scalar on
    the CPU), `place` and t only.
    """
    if type(seed) is Tensor and eager.is_eager():
        return _step_uniform(seed, place, first_step, steps, shape, device)
    numbers: Tensor = torch.ops.ostinato.step_uniform(seed, place, first_step, steps, shape, device)
    return numbers
