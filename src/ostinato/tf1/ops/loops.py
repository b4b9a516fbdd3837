"""The nodes of control flow: a loop and a conditional, over sub-graphs that are evaluated within the run.

Inputs of both: the loop's variables (what chooses a branch), then what their sub-graphs capture. A
sub-graph's plan is looked up once, not once an iteration. Of a loop, the variables alone are computed that
something needs, and of a branch the outputs, as TensorFlow does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch

from .. import registry
from ..body import BodyFunction
from ..dtypes import as_dtype, float32
from ..registry import OutputTypes
from ..shapes import TensorShape
from ..tensor import Operation, Tensor
from .core import make


def _declared(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    return [(as_dtype(dtype), TensorShape(shape)) for dtype, shape in attributes["outputs"]]


def _detached(values: Sequence[Any]) -> list[Any]:
    return [value.detach() if isinstance(value, torch.Tensor) else value for value in values]


def _kept(attributes: dict[str, Any], wanted: Iterable[int]) -> list[int]:
    """The loop variables that have to be computed for some of them: they, those that the condition looks at,
    and what all these come of.
    """
    kept = {*wanted, *attributes["condition"].needs([0])[0]}
    while True:
        more = attributes["body"].needs(sorted(kept))[0] - kept
        if not more:
            return sorted(kept)
        kept |= more


def _while_needs(operation: Operation, wanted: frozenset[int]) -> set[int]:
    attributes = operation.attributes
    kept = _kept(attributes, wanted)
    count, split = len(attributes["outputs"]), len(attributes["condition"].captured)
    of_body = attributes["body"].needs(kept)[1]
    return {*kept, *range(count, count + split), *[count + split + index for index in of_body]}


def _while(run: Any, operation: Operation, *values: Any, wanted: frozenset[int]) -> list[Any]:
    attributes = operation.attributes
    count, body, condition = len(attributes["outputs"]), attributes["body"], attributes["condition"]
    state, rest = list(values[:count]), list(values[count:])
    if not attributes["back_prop"]:
        state, rest = _detached(state), _detached(rest)
    split = len(condition.captured)
    of_condition, of_body = rest[:split], rest[split:]
    kept = _kept(attributes, wanted)
    of_condition = condition.feeds(state, of_condition)[count:]
    condition_plan, parts = condition.plan(), body.split(kept)
    run, index = run.looping(), 0
    with torch.set_grad_enabled(torch.is_grad_enabled() and attributes["back_prop"]):
        # A body that takes gradients makes a history that nobody wants where none are taken around it.
        forgets = parts.step.has_gradients and not torch.is_grad_enabled()
        straight = parts.controlled(condition, kept)
        if straight is not None and straight.run(run, state, of_body, of_condition):
            return state
        while True:
            here = run.iteration(index)
            if not here.execute(condition_plan, [*state, *of_condition])[0]:
                return state
            if index == 0:
                of_body = parts.begin(here, of_body)
            results = here.execute(parts.step, [*state, *of_body])
            if forgets:
                results = _detached(results)
            if len(kept) == count:
                state = results
            else:
                for place, result in zip(kept, results, strict=True):
                    state[place] = result
            index += 1


def _branch_needs(operation: Operation, wanted: frozenset[int]) -> set[int]:
    needed, start = {0}, 1
    for branch in operation.attributes["branches"]:
        needed |= {start + index for index in branch.needs(wanted)[1]}
        start += len(branch.captured)
    return needed


def _branch(
    run: Any, operation: Operation, chosen: torch.Tensor, *captured: Any, wanted: frozenset[int]
) -> list[Any]:
    branches, count = operation.attributes["branches"], len(operation.outputs)
    if chosen.dtype is torch.bool:
        index = 0 if chosen else 1
    else:  # the last one stands for every number that none has
        index = int(chosen) if 0 <= chosen < len(branches) else len(branches) - 1
    start = sum(len(branch.captured) for branch in branches[:index])
    branch, places = branches[index], sorted(wanted)
    taken = captured[start : start + len(branch.captured)]
    found = run.iteration(index).execute(branch.plan(places), branch.feeds((), taken))
    results: list[Any] = [None] * count
    for place, result in zip(places, found, strict=True):
        results[place] = result
    return results if torch.is_grad_enabled() else _detached(results)


# As in TensorFlow, a type says whether what is inside changes a variable: the plan orders writes.
registry.register("While", _while, _declared, stateful=True, writes=True, needs=_while_needs)
registry.register("StatelessWhile", _while, _declared, stateful=True, needs=_while_needs)
registry.register("If", _branch, _declared, stateful=True, writes=True, needs=_branch_needs)
registry.register("StatelessIf", _branch, _declared, stateful=True, needs=_branch_needs)

# A variable that a sub-graph reads by itself, as an input of the node that evaluates the sub-graph.
registry.register(
    "VariableReference",
    lambda _: torch.zeros(()),
    lambda inputs, attributes: [(float32, TensorShape([]))],
    reference_inputs=(0,),
)


def _outputs(tensors: Sequence[Tensor], shapes: Sequence[TensorShape]) -> list[Any]:
    return [
        (tensor.dtype.base_dtype.name, shape.known) for tensor, shape in zip(tensors, shapes, strict=True)
    ]


def loop(
    condition: BodyFunction, body: BodyFunction, variables: Sequence[Tensor], **attributes: Any
) -> list[Tensor]:
    """The node of a loop: the loop variables' values after it."""
    shapes = [argument.shape for argument in body.arguments]
    writes = condition.writes or body.writes
    return make(
        "While" if writes else "StatelessWhile",
        [*variables, *condition.captured, *body.captured],
        "Loop",
        condition=condition,
        body=body,
        outputs=_outputs(variables, shapes),
        **attributes,
    ).outputs


def conditional(
    chosen: Tensor, branches: Sequence[BodyFunction], shapes: Sequence[TensorShape]
) -> list[Tensor]:
    """The node of a conditional: the outputs of the branch that a boolean or a number chooses (the first for
    True).
    """
    captured = [tensor for branch in branches for tensor in branch.captured]
    return make(
        "If" if any(branch.writes for branch in branches) else "StatelessIf",
        [chosen, *captured],
        "Branch",
        branches=tuple(branches),
        outputs=_outputs(branches[0].outputs, shapes),
    ).outputs
