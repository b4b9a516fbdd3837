"""Measure what a training step over a long sequence takes, in time and in memory: what a fresh process of
`ostinato compare` runs.
"""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from ostinato.cli.resident import Window, watched

# A step is timed until there are 5 of them or half a second is over, after the one whose memory is watched.
MOST_STEPS, ENOUGH_SECONDS = 5, 0.5


@dataclasses.dataclass(frozen=True)
class Training:
    """A cell, or the layer of torch.nn for it, trained over a long sequence one way.

    Attributes:
        way: a key of `memory_contenders.PLANS` or `PEERS`, or "memory_limit".
        memory_limit: of that last one, in bytes.
    """

    way: str
    timesteps: int
    cell: str
    units: int
    batch: int
    inputs: int
    threads: int = 1
    memory_limit: int | None = None


class Measured(NamedTuple):
    """What a process found out about a `Training`.

    Attributes:
        window: of the watched step; None off Linux.
        outputs: bytes of the outputs, which every way has to hold.
        seconds: median of the steps after it.
        gradient: of the cell's kernel, an array; None where there is none to compare.
    """

    window: Window | None
    outputs: int
    seconds: float
    gradient: Any


def measure(training: Training) -> Measured:
    """Measure `training` in this process, a fresh one."""
    import torch

    from ostinato.cli.memory_contenders import kernel_gradient

    torch.set_num_threads(training.threads)
    # A small one first, so that thread pools and buffers of the math libraries are in place.
    _, step = prepare(dataclasses.replace(training, timesteps=50))
    step()
    module, step = prepare(training)
    window = watched(step)
    gradient = kernel_gradient(module)
    times: list[float] = []
    while not times or (len(times) < MOST_STEPS and sum(times) < ENOUGH_SECONDS):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return Measured(
        window,
        training.timesteps * training.batch * training.units * 4,
        statistics.median(times),
        None if gradient is None else gradient.numpy(),
    )


def prepare(training: Training) -> tuple[Any, Callable[[], object]]:
    """What is trained, a module, and what runs one training step: forward, and backward from a fixed gradient
    of the outputs.
    """
    import torch

    import ostinato
    from ostinato.cli import memory_contenders as contenders

    torch.manual_seed(0)
    module = cell = getattr(ostinato, training.cell)(training.units, training.inputs)
    if training.way in contenders.PEERS:
        module = contenders.torch_layer(cell)
        run = contenders.PEERS[training.way](module)
    elif training.memory_limit is not None:
        run = contenders.under(cell, memory_limit=training.memory_limit)
    else:
        run = contenders.under(cell, memory=contenders.PLANS[training.way]())
    torch.manual_seed(1)
    inputs = torch.randn(training.timesteps, training.batch, training.inputs)
    gradient = torch.randn(training.timesteps, training.batch, training.units)

    def step() -> None:
        module.zero_grad()
        run(inputs).backward(gradient)

    return module, step
