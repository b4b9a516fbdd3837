"""What `make bench-memory` runs: works, the ways to do them, and how the way of each is built.

A process of its own builds one task from plain values, so that everything here can be written as JSON.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
import torch.utils.checkpoint
from torch import Tensor, nn

import ostinato
from ostinato.cli import memory_contenders as contenders
from ostinato.memory import MemoryPlan

MIB = 2**20


class MinimalGatedUnit(ostinato.RNNCell):
    """A cell of one's own: the minimal gated unit of Zhou, Wu, Zhang and Zhou (2016)."""

    def __init__(self, num_units: int, input_size: int) -> None:
        super().__init__()
        self.input_size, self.state_size, self.output_size = input_size, num_units, num_units
        self.gate = nn.Linear(input_size + num_units, num_units)
        self.candidate = nn.Linear(input_size + num_units, num_units)

    def forward(self, inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        forget = torch.sigmoid(self.gate(torch.cat([inputs, state], 1)))
        candidate = torch.tanh(self.candidate(torch.cat([inputs, forget * state], 1)))
        state = (1 - forget) * state + forget * candidate
        return state, state


CELLS: dict[str, Callable[[int, int], ostinato.RNNCell]] = {
    "BasicLSTMCell": ostinato.BasicLSTMCell,
    "LSTMCell with peepholes": lambda units, inputs: ostinato.LSTMCell(units, inputs, use_peepholes=True),
    "LSTMCell with projection": lambda units, inputs: ostinato.LSTMCell(units, inputs, num_proj=units // 2),
    "GRUCell": ostinato.GRUCell,
    "BasicRNNCell": ostinato.BasicRNNCell,
    "two BasicLSTMCells": lambda units, inputs: ostinato.MultiRNNCell(
        [ostinato.BasicLSTMCell(units, inputs), ostinato.BasicLSTMCell(units, units)]
    ),
    "minimal gated unit in Python": MinimalGatedUnit,
}


@dataclasses.dataclass(frozen=True)
class Task:
    """One way to do one work, for one process.

    Attributes:
        way: a key of `WAYS`.
        options: of `dynamic_rnn`, plain values: `memory` is a name of a plan and its arguments.
        mode: "memory": one step, watched; "forward": its forward pass alone, watched; "baseline": nothing in
            its place, watched; "time": steps by the clock; "predict": what `plan_memory` says of it.
        gradient: a file for the gradient of the first kernel; None: not wanted.
    """

    cell: str
    batch: int
    steps: int
    inputs: int
    units: int
    threads: int
    way: str
    mode: str
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    device: str = "cpu"
    gradient: str | None = None

    @property
    def watched(self) -> bool:
        """Whether the memory of the process is looked at."""
        return self.mode in ("baseline", "forward", "memory")


class Program(NamedTuple):
    """What a task came to. `run` computes outputs from inputs; both are time-major."""

    module: nn.Module
    run: contenders.Run
    inputs: Tensor
    output_gradient: Tensor


def _plain_loop(cell: ostinato.RNNCell) -> contenders.Run:
    def run(inputs: Tensor) -> Tensor:
        return torch.stack(_loop(cell, inputs, cell.zero_state(inputs.shape[1]))[0])

    return run


def _checkpointed_loop(cell: ostinato.RNNCell) -> contenders.Run:
    """The same in chunks, the square root of the steps long, under `torch.utils.checkpoint`."""

    def chunk(inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        outputs, state = _loop(cell, inputs, state)
        return torch.stack(outputs), state

    def run(inputs: Tensor) -> Tensor:
        outputs, state = [], cell.zero_state(inputs.shape[1])
        for part in inputs.split(contenders.square_root(len(inputs))):
            output, state = torch.utils.checkpoint.checkpoint(chunk, part, state, use_reentrant=False)
            outputs.append(output)
        return torch.cat(outputs)

    return run


def _loop(cell: ostinato.RNNCell, inputs: Tensor, state: Any) -> tuple[list[Tensor], Any]:
    outputs = []
    for step in inputs:
        output, state = cell(step, state)
        outputs.append(output)
    return outputs, state


def _saved_on_cpu(cell: ostinato.RNNCell) -> contenders.Run:
    run = contenders.under(cell)

    def saved(inputs: Tensor) -> Tensor:
        with torch.autograd.graph.save_on_cpu(pin_memory=True):
            return run(inputs)

    return saved


LOOPS: dict[str, Callable[[ostinato.RNNCell], contenders.Run]] = {
    "plain loop": _plain_loop,
    "checkpoint over chunks of the loop": _checkpointed_loop,
    "dynamic_rnn under save_on_cpu": _saved_on_cpu,
}
LAYERS: dict[str, Callable[[nn.Module], contenders.Run]] = {
    "torch.nn.LSTM": contenders.whole,
    "checkpoint over chunks of torch.nn.LSTM": contenders.checkpointed,
    "torch.nn.LSTM under save_on_cpu": contenders.saved_on_cpu,
}
WAYS = ("dynamic_rnn", *LOOPS, *LAYERS)


def build(task: Task) -> Program:
    """The module of `task` and its data, the same for every way."""
    torch.manual_seed(0)
    module: nn.Module = CELLS[task.cell](task.units, task.inputs)
    output_size = module.output_size
    if task.way in LAYERS:
        module = contenders.torch_layer(module)
        run = LAYERS[task.way](module)
    elif task.way in LOOPS:
        run = LOOPS[task.way](module)
    else:
        options = dict(task.options)
        if "memory" in options:
            kind, arguments = options["memory"]
            options["memory"] = getattr(MemoryPlan, kind)(**arguments)
        run = contenders.under(module, **options)
    module.to(task.device)
    torch.manual_seed(1)
    inputs = torch.randn(task.steps, task.batch, task.inputs, device=task.device)
    return Program(module, run, inputs, torch.randn(task.steps, task.batch, output_size, device=task.device))


def gradient(module: nn.Module) -> Tensor:
    """The gradient of a module's first kernel, in the layout of the cell."""
    if isinstance(module, MinimalGatedUnit):
        return module.gate.weight.grad
    return contenders.kernel_gradient(module)


@dataclasses.dataclass(frozen=True)
class Contender:
    """A way to do a work, as the tables call it."""

    name: str
    way: str = "dynamic_rnn"
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Bar:
    """What is asked of `contender`: `quantity` at most `most` bytes, or `most` times that of `against`.

    `quantity`: "bytes", the largest of the forward pass and of the whole step, or "seconds".
    """

    contender: str
    quantity: str
    most: float
    against: str | None = None


@dataclasses.dataclass(frozen=True)
class Work:
    """A work, the ways to do it, and what is asked of them.

    Attributes:
        limit_of: a contender whose measured bytes, divided by 50, are the memory limit of the last one.
    """

    name: str
    title: str
    cell: str
    batch: int
    steps: int
    inputs: int
    units: int
    contenders: tuple[Contender, ...]
    bars: tuple[Bar, ...]
    limit_of: str | None = None
    device: str = "cpu"


UNLIMITED = Contender("ostinato, unlimited")
LIMITED = Contender("ostinato, 64 MiB", options={"memory_limit": "64MiB"})
FIFTIETH = "ostinato, 1/50 of the plain loop"
SWAP = Contender("ostinato, swapped to disk", options={"memory": ("swap", {"to": "disk"})})
WITHIN_LIMIT = Bar(LIMITED.name, "bytes", 68 * MIB)
LSTM = Contender("torch.nn.LSTM", "torch.nn.LSTM")


def works(quick: bool = False) -> list[Work]:
    """All works but the predictions; `quick`: a hundredth of their steps and less."""
    part = 200 if quick else 1
    return [
        Work(
            "seed",
            "the seed network at batch 8, 100,000 steps",
            *("BasicLSTMCell", 8, 100_000 // part, 12, 64),
            contenders=(
                UNLIMITED,
                LIMITED,
                LSTM,
                Contender("checkpoint over chunks", "checkpoint over chunks of torch.nn.LSTM"),
                Contender("save_on_cpu", "torch.nn.LSTM under save_on_cpu"),
            ),
            bars=(
                WITHIN_LIMIT,
                Bar(LIMITED.name, "seconds", 1.35, UNLIMITED.name),
                Bar(LIMITED.name, "seconds", 1.0, LSTM.name),
            ),
        ),
        Work(
            "million",
            "the seed network at batch 1, 1,000,000 steps",
            *("BasicLSTMCell", 1, 1_000_000 // part, 12, 64),
            contenders=(UNLIMITED, LIMITED, LSTM),
            bars=(WITHIN_LIMIT, Bar(LIMITED.name, "seconds", 1.5, UNLIMITED.name)),
        ),
        Work(
            "custom",
            "a custom Python cell of 64 units, 12 inputs, batch 8, 100,000 steps",
            *("minimal gated unit in Python", 8, 100_000 // part, 12, 64),
            contenders=(
                Contender("plain loop", "plain loop"),
                Contender("checkpoint over chunks", "checkpoint over chunks of the loop"),
                UNLIMITED,
                Contender(FIFTIETH),
            ),
            bars=(
                Bar(FIFTIETH, "bytes", 1 / 50, "plain loop"),
                Bar(FIFTIETH, "seconds", 1.15, "plain loop"),
            ),
            limit_of="plain loop",
        ),
        Work(
            "disk",
            "an LSTM of 512 units, 512 inputs, batch 32, whose c of all steps takes 256 MiB",
            *("BasicLSTMCell", 32, 4096 // part, 512, 512),
            contenders=(UNLIMITED, SWAP),
            bars=(
                Bar(SWAP.name, "bytes", 64 * MIB),
                Bar(SWAP.name, "seconds", 2.0, UNLIMITED.name),
            ),
        ),
        *gpu_works(part),
    ]


def gpu_works(part: int) -> list[Work]:
    """The works of a GPU, where there is one."""
    if not torch.cuda.is_available():
        return []
    swap = Contender("ostinato, swap_memory=True", options={"swap_memory": True})
    saved = Contender("save_on_cpu", "dynamic_rnn under save_on_cpu")
    sizes = ("BasicLSTMCell", 64, 4096 // part, 1024, 1024)
    longer = (*sizes[:2], 8 * sizes[2], *sizes[3:])
    return [
        Work(
            "gpu",
            "GPU: an LSTM of 1024 units, 1024 inputs, batch 64, 4,096 steps",
            *sizes,
            contenders=(UNLIMITED, swap, saved),
            bars=(
                Bar(swap.name, "seconds", 1.05, UNLIMITED.name),
                Bar(swap.name, "seconds", 1 / 3, saved.name),
            ),
            device="cuda",
        ),
        Work(
            "gpu-longer",
            "GPU: the same over 8 times as many steps, against the bytes of the shorter one without a swap",
            *longer,
            contenders=(swap,),
            bars=(Bar(swap.name, "bytes", 1.0, f"gpu: {UNLIMITED.name}"),),
            device="cuda",
        ),
    ]
