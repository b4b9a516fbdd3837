"""`raw_rnn`: a loop whose inputs, states and end are a function's to decide. TF1: `tf.nn.raw_rnn`."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor

from ostinato._state import Nest, leaves, map_nest, size_to_shape
from ostinato.cells import RNNCell, Run, check_cell, is_transformed
from ostinato.drivers.planned import open_store
from ostinato.drivers.raw_loop import (
    Carried,
    LoopFunction,
    RawLoop,
    first_call,
    take_step,
    tensors_of,
    truncated,
)
from ostinato.drivers.wanted import Wanted, outside_of_a_graph
from ostinato.memory import MemoryPlan
from ostinato.memory.environment import Environment
from ostinato.memory.growing import Walk, walk_loop
from ostinato.memory.growth import Bounded, Growth, Planned


def raw_rnn(
    cell: RNNCell,
    loop_fn: LoopFunction,
    *,
    swap_memory: bool = False,
    memory: MemoryPlan | None = None,
    memory_limit: int | str | None = None,
    keep_outputs: bool = True,
    truncate_every: int | None = None,
    seed: Tensor | int | None = None,
) -> tuple[Nest, Nest, Any]:
    """Step `cell` as `loop_fn` directs, until every row has finished. TF1: `tf.nn.raw_rnn`.

    `loop_fn(time, cell_output, cell_state, loop_state)` returns `(elements_finished, next_input,
    next_cell_state, emit_output, next_loop_state)`.

    It is called first with `time` 0 and None for the rest. The cell state it then returns is the initial
    one; its `emit_output`, a nest of tensors without a batch, tells the shapes and dtypes of what will be
    emitted (None: those of the cell's output), which is needed only where no step is taken.

    Then, while `elements_finished` `[batch]` is not all True, the cell is stepped and
    `loop_fn(time + 1, ...)` is called. Rows that had finished before a step emit zeros and keep their
    state.

    Args:
        cell: an `RNNCell`, or any callable with `state_size`, `output_size` and `zero_state`.
        loop_fn: the function above. `loop_state` is its own to use; None at first, and None if it never
            returns another.
        swap_memory: train with less memory: from a GPU what the loop carries is moved to the host's memory;
            on a processor it is kept now and then, and the steps between are run anew in the backward pass.
        memory: a plan of what is kept for the backward pass, recomputed or moved away. The end of a loop is
            not known before, so its `keep_last` changes nothing.
        memory_limit: bytes, or a text such as "2GiB": the forward and the backward pass allocate about no
            more than that beside inputs, outputs, their gradients and parameters, however many steps it will
            be; the more steps, the more often they are run again. It is measured on the first step: a loop
            whose steps take more and more may pass it.
        keep_outputs: without, no outputs are kept, and None is returned for them.
        truncate_every: a number of steps after which gradients end (truncated backpropagation through time):
            the state, the next input and the loop state go on, their gradients do not. A tensor of the loop
            state that is the very one which the first call returned is no result of a step and keeps its
            gradient.
        seed: of this run's dropout masks.

    Under a plan that recomputes or swaps, `loop_fn` and the cell must be functions of what they are given and
    of torch's default random numbers, and change nothing in place: steps that give other values when they are
    run again are an error. What `loop_fn` reads from outside, a module's parameters or the outputs of an
    encoder, gets its gradient. `loop_state` may hold tensors in nested tuples, lists and dicts, and plain
    values; a double backward pass is refused.

    Returns:
        The emitted outputs stacked, `[time, batch, ...]`, the final state, and the last loop state.

    Raises:
        TypeError: not a cell, or `loop_fn` is not callable; under a plan, a `loop_state` that hides tensors.
        ValueError: `loop_fn` does not return five values, or its `elements_finished` is not a bool vector
            with an entry for each row of the state; two of `swap_memory`, `memory` and `memory_limit` at
            once.
        MemoryLimitError: no plan keeps to `memory_limit`; it names the least that would do.
        RuntimeError: under a plan, a tensor is changed in place; in the backward pass, other values when
            steps are run again.

    >>> from ostinato import BasicRNNCell
    >>> cell = BasicRNNCell(4, input_size=3)
    >>> x = torch.randn(5, 2, 3)
    >>> def loop_fn(time, output, state, loop_state):
    ...     finished = torch.full((2,), time >= 5)
    ...     return finished, x[min(time, 4)], cell.zero_state(2) if state is None else state, output, None
    >>> emitted, state, _ = raw_rnn(cell, loop_fn)
    >>> emitted.shape, bool((emitted[-1] == state).all())
    (torch.Size([5, 2, 4]), True)
    """
    check_cell(cell)
    if not callable(loop_fn):
        raise TypeError(f"loop_fn must be a callable, but is a {type(loop_fn).__name__}.")
    wanted = Wanted.checked(swap_memory, memory, memory_limit, keep_outputs, truncate_every)
    carried, template = first_call(loop_fn)
    if bool(carried.finished.all()):
        state = carried.state
        nothing = _nothing_emitted(cell, template, state, len(carried.finished)) if keep_outputs else None
        return nothing, state, carried.loop_state
    if _is_walked(wanted):
        if not torch.compiler.is_compiling():
            return _run_walked(cell, loop_fn, carried, wanted, seed)
        found: tuple[Nest, Nest, Any] = outside_of_a_graph(_run_walked, cell, loop_fn, carried, wanted, seed)
        return found
    return _run_whole(cell, loop_fn, carried, wanted, seed)


def _is_walked(wanted: Wanted) -> bool:
    """Whether a plan says what becomes of the steps."""
    has_plan = wanted.plan is not None and wanted.plan.kind != "keep_all"
    if not (has_plan or wanted.swap_memory or wanted.limit is not None) or not torch.is_grad_enabled():
        return False
    if is_transformed():
        if not has_plan and wanted.limit is None:
            return False  # a hint, and torch.func takes no walk apart
        raise RuntimeError(
            "A memory plan (memory, memory_limit) does not go with torch.func or forward-mode "
            "differentiation: run without it there."
        )
    return True


def _run_whole(
    cell: Any, loop_fn: LoopFunction, carried: Carried, wanted: Wanted, seed: Tensor | int | None
) -> tuple[Nest, Nest, Any]:
    run, every = Run(seed), wanted.truncate_every
    passed_on = {id(leaf): leaf for leaf in tensors_of(carried.loop_state)}
    emitted: list[Nest] = []
    time = 0
    while not bool(carried.finished.all()):
        if every is not None and time and time % every == 0:
            carried = truncated(carried, set(passed_on))
        emission, carried = take_step(time, carried, partial(run.step, cell), loop_fn)
        if wanted.keep_outputs:
            emitted.append(emission)
        time += 1
    outputs = map_nest(lambda *values: torch.stack(values), *emitted) if wanted.keep_outputs else None
    return outputs, carried.state, carried.loop_state


def _run_walked(
    cell: Any, loop_fn: LoopFunction, carried: Carried, wanted: Wanted, seed: Tensor | int | None
) -> tuple[Nest, Nest, Any]:
    device = carried.finished.device
    for leaf in tensors_of(carried.state)[:1]:
        device = leaf.device
    plan = wanted.plan
    if wanted.swap_memory:
        plan = MemoryPlan.swap(to="host") if device.type == "cuda" else MemoryPlan.recompute()
    loop = RawLoop(cell, loop_fn, carried, seed, wanted.truncate_every)
    growth: Growth
    if wanted.limit is not None:
        growth = Bounded(wanted.limit, loop.measured_costs)
    else:
        growth = Planned(plan or MemoryPlan.recompute())
    store = None if plan is None else open_store(plan, device, 0)
    piece = wanted.limit // 16 if wanted.limit is not None else 8 << 20
    walk = Walk(loop, growth, Environment(device), wanted.keep_outputs, store, piece)
    outputs, last = walk_loop(walk, loop.first, loop.given)
    emitted = None if outputs is None else loop.emitted(outputs)
    return emitted, *loop.results(last)


def _nothing_emitted(cell: Any, template: Nest, state: Nest, batch_size: int) -> Nest:
    like = leaves(state)[0]
    if template is not None:
        return map_nest(lambda leaf: leaf.new_zeros(0, batch_size, *leaf.shape), template)
    return map_nest(lambda size: like.new_zeros(0, batch_size, *size_to_shape(size)), cell.output_size)
