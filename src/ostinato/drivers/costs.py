"""What a step of any cell under a driver costs, in memory and time."""

from __future__ import annotations

import ctypes
import time as clock
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ostinato._state import flatten, leaves
from ostinato.cells import Run
from ostinato.cells.family import FamilyCell
from ostinato.drivers.planned import SequenceToRun, frozen_chunk
from ostinato.kernels import SequenceWork
from ostinato.kernels.costs import seconds_of_a_byte, sequence_costs
from ostinato.memory.planner import Costs

# Steps of a cell that Python steps are alike: few tell what one takes.
_STEPS, _MORE_STEPS = 4, 16
_BYTES = 4 << 20
_ENOUGH_SECONDS = 0.01
# What an allocator and a graph hold for a tensor beside its values.
_BYTES_OF_A_NODE = 600


def costs_of(sequence: SequenceToRun, keep_outputs: bool) -> Costs:
    """What a step of `sequence` costs."""
    inputs = leaves(sequence.inputs)
    apart = not keep_outputs or not sequence.order.is_time
    moves = inputs[0].is_cuda
    input_gradient = any(leaf.requires_grad for leaf in inputs)
    if isinstance(sequence.cell, FamilyCell) and sequence.lowered is not None:
        described = sequence.cell.sequence_run(sequence.inputs, sequence.state, sequence.lengths)
        work = SequenceWork(described)
        apart = apart or work.dtype != described.inputs.dtype
        return sequence_costs(
            work, described, apart, keep_outputs, not sequence.order.is_time, input_gradient, moves
        )
    found = _probed(sequence)
    state = sum(leaf.nbytes for leaf in leaves(sequence.state))
    parameters = sum(leaf.nbytes for leaf in getattr(sequence.cell, "parameters", list)())
    outputs = found.outputs
    # Allocators leave holes between graphs, as large as a quarter of what steps of many small tensors keep.
    kept = max(0, round((1.06 if sequence.lowered is not None else 1.25) * found.graph) - outputs)
    # Gradients on their way back, and a chunk's outputs before they are put with the others.
    chunk = (
        round(1.15 * found.graph)
        + 2 * outputs
        + sum(leaf.nbytes for leaf in inputs) // max(1, len(inputs[0]))
    )
    return Costs(
        time=sequence.steps,
        state=state,
        chunk=chunk,
        keep_state=kept if sequence.lowered is not None else None,
        keep_all=kept,
        moved=0,
        outputs=outputs if keep_outputs else 0,
        cuts=0,
        fixed=4 * parameters + 4 * state + (1 << 20),
        workspace=lambda steps: 24 * steps,
        whole=lambda steps: 2 * outputs * steps if sequence.lowered is None else outputs * steps,
        unit=1,
        forward=found.forward,
        forward_all=found.forward_all,
        backward_all=found.backward_all,
        backward_state=found.backward_all,
        call=found.call,
        page=seconds_of_a_byte() if inputs[0].is_cpu else 0.0,
        rate=20e9 if moves else 0.0,
    )


class _Found(NamedTuple):
    """Bytes that a step's graph and its outputs take, and seconds as in `Costs`."""

    graph: int
    outputs: int
    forward: float
    forward_all: float
    backward_all: float
    call: float


_known: weakref.WeakKeyDictionary[Any, dict[Any, _Found]] = weakref.WeakKeyDictionary()


def _probed(sequence: SequenceToRun) -> _Found:
    """A few steps of the cell, run here; once for a cell in the state it is in."""
    inputs = leaves(sequence.inputs)
    signature = (
        *[(leaf.shape[1:], leaf.dtype, leaf.device, leaf.requires_grad) for leaf in inputs],
        getattr(sequence.cell, "training", None),
        *[leaf.requires_grad for leaf in getattr(sequence.cell, "parameters", list)()],
        sequence.lengths is None,
        sequence.lowered is None,
        torch.get_num_threads(),
        torch.is_autocast_enabled("cpu"),
    )
    try:
        known = _known.setdefault(sequence.cell, {})
    except TypeError:  # a cell that cannot be referred to weakly
        known = {}
    if signature not in known:
        with _untouched(sequence.cell, inputs[0].device):
            known[signature] = _probe(sequence)
    return known[signature]


@contextmanager
def _untouched(cell: Any, device: torch.device) -> Iterator[None]:
    """Leave the cell's buffers (running statistics, say) and torch's random numbers as they are."""
    buffers = [(leaf, leaf.clone()) for leaf in cell.buffers()] if isinstance(cell, nn.Module) else []
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        try:
            yield
        finally:
            with torch.no_grad():
                for leaf, value in buffers:
                    leaf.copy_(value)


def _probe(sequence: SequenceToRun) -> _Found:
    sequence = sequence._replace(run=Run(0), state=flatten(sequence.state)[1](_some(leaves(sequence.state))))
    parameters, run_chunk = frozen_chunk(sequence)
    copies = [leaf.detach().requires_grad_(leaf.requires_grad) for leaf in parameters]
    start = leaves(sequence.state)

    def run(steps: int, graph: bool) -> tuple[float, list[Tensor]]:
        chunk = [
            _some([leaf[:1]])[0]
            .expand(steps, *leaf.shape[1:])
            .contiguous()
            .requires_grad_(leaf.requires_grad)
            for leaf in leaves(sequence.inputs)
        ]
        state = [leaf.detach().requires_grad_(graph and leaf.is_floating_point()) for leaf in start]
        began = clock.perf_counter()
        with torch.set_grad_enabled(graph):
            outputs, final = run_chunk(0, chunk, state, copies)
        return clock.perf_counter() - began, [*outputs, *final]

    def backward(values: list[Tensor]) -> float:
        ends = [value for value in values if value.requires_grad]
        wanted = [leaf for leaf in copies if leaf.requires_grad]
        if not ends or not wanted:
            return 0.0
        began = clock.perf_counter()
        torch.autograd.grad(ends, wanted, [torch.ones_like(end) for end in ends], allow_unused=True)
        return clock.perf_counter() - began

    few, more = _STEPS, _MORE_STEPS
    if sequence.lowered is not None:
        # Ops take so many steps in one call that few would tell what a call costs, and not a step.
        few, more = 16, 64
        run(few, graph=False)
        taken, _ = run(few, graph=False)
        more = max(more, min(512, int(few * _ENOUGH_SECONDS / max(taken, 1e-6))))
        few = more // 4
    # Few enough that what is measured for a limit keeps to one itself.
    most = max(2, _BYTES // max(1, _saved_bytes(run, 2) - _saved_bytes(run, 1)))
    few, more = min(few, max(1, most // 4)), min(more, most)
    forward = [min(run(steps, graph=False)[0] for _ in range(3)) for steps in (few, more)]
    seconds, backwards, allocated = [], [], []
    for steps in (few, more):
        tries = []
        for _ in range(3):
            before = _allocated()
            taken, values = run(steps, graph=True)
            allocated.append(_allocated() - before)
            tries.append((taken, backward(values)))
            del values
        seconds.append(min(taken for taken, _ in tries))
        backwards.append(min(taken for _, taken in tries))
    counted = _saved_bytes(run, more) - _saved_bytes(run, few)
    graph = max(max(allocated[3:]) - min(allocated[:3]), counted) // (more - few)
    outputs = sum(value.nbytes for value in run(few, graph=False)[1]) - sum(leaf.nbytes for leaf in start)

    def each(pair: list[float]) -> float:
        return max(pair[1] - pair[0], 0.3 * pair[1]) / (more - few)

    call = max(
        0.0, forward[0] + seconds[0] + backwards[0] - few * sum(map(each, (forward, seconds, backwards)))
    )
    # What an allocator rounds and a measurement misses should not decide from run to run.
    graph = -(-graph // 512) * 512
    return _Found(graph, outputs // few, each(forward), each(seconds), each(backwards), call / 3)


def _some(values: list[Tensor]) -> list[Tensor]:
    """Values as a sequence may have them: zeros and ends of ranges are quick to compute with."""
    generator = torch.Generator().manual_seed(0)
    return [
        (0.1 * torch.randn(leaf.shape, generator=generator)).to(leaf.device, leaf.dtype)
        if leaf.is_floating_point()
        else torch.zeros_like(leaf)
        for leaf in values
    ]


def _saved_bytes(run: Callable[[int, bool], tuple[float, list[Tensor]]], steps: int) -> int:
    """The bytes that the graph of so many steps holds, and parameters, by what autograd saves and by how many
    nodes it has.
    """
    storages: dict[int, int] = {}
    saved = 0

    def pack(tensor: Tensor) -> Tensor:
        nonlocal saved
        saved += 1
        storages[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        run(steps, True)
    return sum(storages.values()) + _BYTES_OF_A_NODE * saved


class _Mallinfo(ctypes.Structure):
    _names = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
    _fields_ = [(name, ctypes.c_size_t) for name in _names.split()]


def _allocated() -> int:
    """The bytes that the C library has handed out and not got back; 0 where it does not tell."""
    global _mallinfo
    if _mallinfo is None:
        try:
            _mallinfo = ctypes.CDLL(None).mallinfo2
            _mallinfo.restype = _Mallinfo
        except (OSError, AttributeError, TypeError):
            _mallinfo = _Mallinfo
    info = _mallinfo()
    return int(info.uordblks + info.hblkhd)


_mallinfo: Any = None
