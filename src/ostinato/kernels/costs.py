"""What a step of a family costs in memory and time: for a plan, before the sequence is run."""

from __future__ import annotations

import functools
import mmap
import time as clock
from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from ostinato.kernels.chunks import SequenceWork
from ostinato.kernels.native import library, sequences
from ostinato.kernels.native.sequences import SequenceRun
from ostinato.memory.plan import MemoryPlan
from ostinato.memory.planner import Costs
from ostinato.memory.schedule import Keep, default_length
from ostinato.memory.work import Place, Ran, Task

# A measurement does about so many multiplications a step's run, which take some milliseconds.
_MULTIPLICATIONS = 300_000_000
_LONG = 0.05
# And it takes about so many bytes at most: who asks has little to spare.
_BYTES = 4 << 20


class Seconds(NamedTuple):
    """The seconds of a step forwards, keeping nothing and all; backwards, from all and from its state; and
    those of a call, whatever its length.
    """

    forward: float
    forward_all: float
    backward_all: float
    backward_state: float
    call: float


def sequence_costs(
    work: SequenceWork,
    run: SequenceRun,
    apart: bool,
    keep_outputs: bool,
    reorders: bool,
    input_gradient: bool,
    moves: bool,
) -> Costs:
    """What a step of `run` costs.

    Args:
        apart: whether outputs are not kept, or not written where they stay: then what is kept includes them.
        keep_outputs: whether there are any.
        reorders: whether chunks are copies, of another order than that of time.
        input_gradient: whether the inputs need one.
        moves: whether there is somewhere to move memory to.
    """
    time, batch_size, input_size = run.inputs.shape
    size = work.element_size
    described = run._replace(inputs=run.inputs[:1].to(work.dtype))
    state = sum(leaf.nbytes for leaf in work.state)
    outputs = batch_size * run.family.output_size * size
    cells, every = (
        sum(size * _count(shape) for shape in sequences.kept_shapes(described, gates))
        for gates in (False, sequences.has_gates(run) and work.is_native)
    )
    beside = outputs if apart else 0
    # Where another dtype is computed in, or a step's inputs do not lie together: copies of inputs and their
    # gradient, and of the outputs' gradient.
    inputs = batch_size * input_size * size
    differs = run.inputs.dtype != work.dtype or run.inputs.stride(2) > 1
    converted = (1 + input_gradient) * inputs + outputs if differs else 0
    length = default_length(MemoryPlan.keep_all(), time, 0, cells + inputs, work.unit(input_gradient))
    parameters = sum(leaf.nbytes for leaf in work.parameters)
    family: Any = run.family  # a frozen dataclass, so it hashes; the protocol does not say so
    seconds = _measured(
        family, batch_size, input_size, work.dtype, run.inputs.device, library.threads(), input_gradient
    )

    def workspace(steps: int) -> int:
        # One block of a thread's, for both.
        return max(
            work.workspace(direction, min(steps, time), input_gradient)
            for direction in ("forward", "backward")
        )

    def whole(steps: int) -> int:
        return workspace(steps) + converted * steps

    def in_pieces(steps: int) -> int:
        piece = min(steps, length)
        return workspace(piece) + (converted + 2 * inputs + 2 * outputs) * piece

    return Costs(
        time=time,
        state=state,
        chunk=every + outputs + converted + (inputs if apart else 0),
        keep_state=cells + beside,
        keep_all=every + beside,
        moved=cells + beside,
        outputs=outputs if keep_outputs else 0,
        cuts=0,
        fixed=2 * parameters + 4 * state,
        workspace=workspace,
        whole=in_pieces if reorders else whole,
        unit=work.unit(input_gradient),
        forward=seconds.forward,
        forward_all=seconds.forward_all,
        backward_all=seconds.backward_all,
        backward_state=seconds.backward_state,
        call=seconds.call,
        page=seconds_of_a_byte() if run.inputs.is_cpu else 0.0,
        rate=20e9 if moves else 0.0,
    )


def _count(shape: tuple[int, ...]) -> int:
    return functools.reduce(lambda total, size: total * size, shape, 1)


@functools.lru_cache(maxsize=64)
def _measured(
    family: Any,
    batch_size: int,
    input_size: int,
    dtype: torch.dtype,
    device: torch.device,
    threads: int,
    input_gradient: bool,
) -> Seconds:
    """Measured here, once: a few milliseconds of the family's own passes."""
    generator = torch.Generator().manual_seed(0)  # nobody else's random numbers

    def some(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator).to(device, dtype) * 0.1

    parameters = [some(*spec.shape) for spec in family.parameters(input_size)]
    weights = sum(leaf.numel() for leaf in parameters)
    a_step = batch_size * (2 * input_size + 16 * family.num_units) * dtype.itemsize
    steps = max(4, min(512, _MULTIPLICATIONS // (max(batch_size, 4) * weights), _BYTES // a_step))
    sizes = family.state_size if isinstance(family.state_size, tuple) else (family.state_size,)
    state = [some(batch_size, size) for size in sizes]

    def seconds_of(steps: int) -> list[float]:
        inputs = some(steps, batch_size, input_size)
        work = SequenceWork(SequenceRun(family, parameters, inputs, None, state))
        place = Place(0, [inputs], state, again=True)
        incoming = [torch.ones(steps, batch_size, family.output_size, dtype=dtype, device=device)]
        of_inputs = [torch.zeros_like(inputs) if input_gradient else None]
        rans: dict[Keep, Ran] = {}

        def forward(keep: Keep) -> Callable[[], None]:
            def call() -> None:
                rans[keep] = work.forward(place, parameters, keep, None)

            return call

        def backward(keep: Keep) -> Callable[[], None]:
            def call() -> None:
                totals: list[Any] = [None] * len(parameters)
                task = Task(0, [inputs], [input_gradient], state, rans[keep], incoming, [None] * len(state))
                work.backward(task, parameters, totals, of_inputs)

            return call

        calls = [forward(Keep.NOTHING), forward(Keep.ALL), backward(Keep.ALL)]
        calls += [forward(Keep.STATE), backward(Keep.STATE)]
        return [_shortest(call, device) for call in calls]

    with torch.no_grad():
        long, short = seconds_of(steps), seconds_of(max(1, steps // 4))
    saved = steps - max(1, steps // 4)
    each = [max(0.0, more - less) / saved or more / steps for more, less in zip(long, short, strict=True)]
    call = max(0.0, sum(short[:3]) - sum(each[:3]) * max(1, steps // 4)) / 3
    return Seconds(each[0], each[1], each[2], each[4], call)


def _shortest(call: Callable[[], None], device: torch.device, times: int = 3) -> float:
    wait = torch.cuda.synchronize if device.type == "cuda" else _nothing
    found: list[float] = []
    for _ in range(times + 1):
        wait()
        start = clock.perf_counter()
        call()
        wait()
        found.append(clock.perf_counter() - start)
        if found[-1] > _LONG:  # whoever waits for this does not want to wait for it again
            break
    return min(found[1:] or found)  # the first one finds nothing in place


def _nothing() -> None:
    """Wait for nobody."""


@functools.lru_cache(maxsize=1)
def seconds_of_a_byte() -> float:
    """How long the first touch of a byte of memory takes: the system hands it out page by page."""
    size = 4 << 20
    found = []
    for _ in range(3):
        # Mapped by itself: what an allocator has already touched tells nothing.
        with mmap.mmap(-1, size) as block:
            start = clock.perf_counter()
            block[:: mmap.PAGESIZE] = bytes(size // mmap.PAGESIZE)
            found.append(clock.perf_counter() - start)
    return min(found) / size
