"""Any function as the work of a walk: run without a graph at first, and with one when its gradient is due."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.graph import GradientEdge, get_gradient_edge

from ostinato.memory.environment import Environment, RandomState
from ostinato.memory.schedule import Keep
from ostinato.memory.work import Found, Leaves, Place, Ran, Task

RunChunk = Callable[[int, Leaves, Leaves, Leaves], tuple[Leaves, Leaves]]
"""(first step, inputs `[steps, batch, ...]`, state, parameters) -> (outputs `[steps, batch, ...]`, state
after the chunk), as flat tensors. It must compute with the parameters that it is handed: in the backward pass
these are copies, so that hooks on the true ones run once, on the whole gradient.
"""


class ReplayedWork:
    """A work that keeps a chunk's graph or nothing.

    Raises, in the backward pass:
        ValueError: a chunk reads another tensor that requires a gradient, which would be lost.
        RuntimeError: a chunk that was run again gave other values.
    """

    reads_outputs = False
    writes_into = False

    def __init__(self, run_chunk: RunChunk, inputs: Leaves, parameters: Leaves) -> None:
        device = inputs[0].device
        self._run_chunk = run_chunk
        self._inputs_need = [leaf.requires_grad for leaf in inputs]
        self._environment = Environment(device)
        # The same copies in the graphs that the forward pass keeps and in those that the backward pass makes.
        self._copies = copies_of(parameters, [leaf.requires_grad for leaf in parameters])
        # Others without a graph: autocast remembers what it converted for whatever requires a gradient.
        self._constants = [leaf.detach() for leaf in parameters]
        self._random_states: dict[int, RandomState | None] = {}
        self._sums: dict[int, list[_Sum]] = {}

    def allocate(self, inputs: Leaves, time: int) -> None:
        return None

    def copies(self, parameters: Leaves, require_grad: Sequence[bool]) -> Leaves:
        return self._copies

    def forward(self, place: Place, parameters: Leaves, keep: Keep, into: Leaves | None) -> Ran:
        start, again = place.start, place.start in self._sums
        if keep == Keep.ALL:
            inputs = copies_of(place.inputs, self._inputs_need)
            state = copies_of(place.state, [is_differentiable(leaf) for leaf in place.state])
            place, parameters = Place(start, inputs, state), self._copies
        else:
            parameters = self._constants
        before = None if again else self._environment.random_state()
        random_state = self._random_states.get(start)
        with torch.set_grad_enabled(keep == Keep.ALL):
            outputs, final = self._environment.replay(
                random_state,
                # Copies of the state: a cell may write to it, and what stands there is needed again.
                lambda: self._run_chunk(
                    start, place.inputs, [leaf.clone() for leaf in place.state], parameters
                ),
            )
        if before is not None:
            random_state = self._environment.if_drawn_from(before)
            if random_state is not None:
                self._random_states[start] = random_state
        self._check(start, [*outputs, *final], again)
        ran = Ran([leaf.detach() for leaf in outputs], [leaf.detach() for leaf in final])
        if keep == Keep.ALL:
            check_leaves([*outputs, *final], [*place.inputs, *place.state, *parameters])
            ends = [_edge(leaf) for leaf in (*outputs, *final)]
            return ran._replace(graph=_Graph(place, ends, len(outputs), again))
        return ran

    def _check(self, start: int, values: Leaves, again: bool) -> None:
        with torch.autocast(values[0].device.type, enabled=False):
            sums = [_Sum.of(leaf) for leaf in values]
        if not again:
            self._sums[start] = sums
        elif not all(now.agrees(then) for now, then in zip(sums, self._sums[start], strict=True)):
            raise RuntimeError(
                f"The steps from {start} on gave other values when they were run again for their gradient, "
                "so that the gradient would be wrong. What a memory plan recomputes must be a function of "
                "its inputs, its state and torch's random numbers: no counters, no numpy random numbers, "
                "nothing that changes between the forward and the backward pass. Or run it with "
                "MemoryPlan.keep_all()."
            )

    def backward(
        self,
        task: Task,
        parameters: Leaves,
        totals: list[Tensor | None],
        into: Sequence[Tensor | None],
    ) -> Found:
        graph: _Graph = task.ran.graph
        inputs, state = graph.place.inputs, graph.place.state
        # Where outputs are not kept, nobody has a gradient of them.
        grad_outputs = task.grad_outputs or [None] * graph.outputs
        wanted = [*inputs, *state, *parameters]
        # What has been summed up of a parameter's gradient comes first, so that the sum is the one, bit for
        # bit, that a graph of the whole sequence would have made.
        found = gradients_of(
            [*parameters, *graph.ends],
            [*totals, *grad_outputs, *task.grad_state],
            wanted,
            not graph.used_once,
        )
        counts = len(inputs), len(inputs) + len(state)
        totals[:] = found[counts[1] :]
        return Found(found[: counts[0]], found[counts[0] : counts[1]])

    def finish(self) -> None:
        """Nothing is kept between chunks."""


class _Graph(NamedTuple):
    """A chunk's graph: from what it begins, and its ends."""

    place: Place
    ends: Sequence[GradientEdge | None]
    """Of the outputs, which are so many, and of the state; not the tensors, whose values nobody reads."""
    outputs: int
    used_once: bool


def _edge(leaf: Tensor) -> GradientEdge | None:
    return get_gradient_edge(leaf) if leaf.requires_grad else None


class _Sum(NamedTuple):
    """What shows that a tensor is the same again: a sum of its values, each with a weight of its own, and of
    their sizes.
    """

    value: float
    size: float
    dtype: torch.dtype

    @staticmethod
    def of(leaf: Tensor) -> _Sum:
        leaf = leaf.detach()
        if leaf.is_complex():
            leaf = torch.view_as_real(leaf)
        if not leaf.is_floating_point():
            leaf = leaf.to(torch.float64)
        size = float(torch.linalg.vector_norm(leaf, 1))
        while leaf.dim():
            # The fractional parts of multiples of the golden ratio: no two alike.
            weights = (torch.arange(1, leaf.shape[-1] + 1, dtype=torch.float64) * 0.6180339887498949) % 1
            leaf = leaf @ (0.5 + weights).to(leaf.device, leaf.dtype)
        return _Sum(float(leaf), size, leaf.dtype)

    def agrees(self, other: _Sum) -> bool:
        if self.value == other.value or (self.value != self.value and other.value != other.value):
            return True
        # With a graph, a library may choose another kernel for the same sums.
        precision = torch.finfo(self.dtype).eps if self.dtype.is_floating_point else 0.0
        return abs(self.value - other.value) <= 8 * precision * other.size


def check_parameters(run_chunk: RunChunk, inputs: Leaves, state: Leaves, parameters: Leaves) -> None:
    """Raise a ValueError where the first step reads a tensor that requires a gradient and is not among
    `parameters`.

    A walk would lose its gradient, and tell so in the backward pass only. The step is run for this once
    more, with the random numbers that it will see again.
    """
    environment = Environment(inputs[0].device)
    # Copies: a step may write to what it is given. With gradients where those of the walk have them.
    first = copies_of([leaf[:1].clone() for leaf in inputs], [leaf.requires_grad for leaf in inputs])
    start = copies_of(state, [is_differentiable(leaf) for leaf in state])
    copies = copies_of(parameters, [leaf.requires_grad for leaf in parameters])
    random_state = environment.random_state()
    with torch.enable_grad():
        results = environment.replay(
            random_state, lambda: run_chunk(0, first, [leaf.clone() for leaf in start], copies)
        )
    check_leaves([*results[0], *results[1]], [*first, *start, *copies])


def check_leaves(values: Leaves, known: Leaves) -> None:
    """Raise where `values` were computed from a leaf that requires a gradient and is not among `known`."""
    # Every node of a chunk's graph passes here: what is known counts as seen, and any other end is one too
    # many.
    seen: set[Any] = {get_gradient_edge(leaf).node for leaf in known if leaf.requires_grad}
    pending = [value.grad_fn for value in values if value.grad_fn is not None]
    while pending:
        node = pending.pop()
        for following, _ in node.next_functions:
            if following is None or following in seen:
                continue
            seen.add(following)
            if type(following) is _END:
                leaf: Any = following
                raise ValueError(
                    "A cell that is recomputed (swap_memory=True, or a memory plan) reads a tensor, or "
                    f"something computed from it, of shape {list(leaf.variable.shape)} that requires a "
                    "gradient and is neither its input, its state nor one of its parameters, so its gradient "
                    "would be lost. "
                    "Register it as a parameter of the cell, pass it in with the inputs or the state, or run "
                    "without a memory plan."
                )
            pending.append(following)


_END = type(get_gradient_edge(torch.zeros((), requires_grad=True)).node)


def is_differentiable(leaf: Tensor) -> bool:
    return leaf.is_floating_point() or leaf.is_complex()


def copies_of(tensors: Leaves, require_grad: Sequence[bool]) -> list[Tensor]:
    """The same values as leaves of a graph of their own."""
    return [leaf.detach().requires_grad_(need) for leaf, need in zip(tensors, require_grad, strict=True)]


def gradients_of(
    ends: Sequence[GradientEdge | Tensor | None],
    incoming: Sequence[Tensor | None],
    leaves: Leaves,
    retain_graph: bool,
) -> list[Tensor | None]:
    """The gradients of `leaves`, None for those that need none or are not reached."""
    edges = [_edge(end) if isinstance(end, Tensor) else end for end in ends]
    pairs = [(e, g) for e, g in zip(edges, incoming, strict=True) if e is not None and g is not None]
    wanted = [leaf for leaf in leaves if leaf.requires_grad]
    if not pairs or not wanted:
        return [None] * len(leaves)
    found = iter(
        torch.autograd.grad(
            [e for e, _ in pairs], wanted, [g for _, g in pairs], allow_unused=True, retain_graph=retain_graph
        )
    )
    return [next(found) if leaf.requires_grad else None for leaf in leaves]
