"""Which tensors a gradient reaches: through the graph, and inside loops and branches from each result only to
what that result comes of. Where it reaches nothing `tf.gradients` says None, and optimisers leave a
variable, and their slots for it, alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from . import registry
from .body import BodyFunction
from .custom_gradient import differentiable_inputs
from .tensor import Operation, Tensor

_LOOPS = ("While", "StatelessWhile")
_BRANCHES = ("If", "StatelessIf")
_NOTHING: Sequence[Tensor] = ()


def reached(ys: Iterable[Tensor]) -> set[Tensor]:
    """The tensors that gradients of the ys go to, the ys among them."""
    found: set[Tensor] = set()
    waiting = [y for y in ys if y.dtype.is_differentiable]
    # Of a node with sub-graphs, results that are found later may reach inputs that earlier ones did not.
    looked_into: dict[Operation, set[int]] = {}
    while waiting:
        tensor = waiting.pop()
        if tensor in found:
            continue
        found.add(tensor)
        operation, inputs = tensor.op, _NOTHING
        if operation.type in (*_LOOPS, *_BRANCHES):
            places = looked_into.setdefault(operation, set())
            places.add(operation.outputs.index(tensor))
            inputs = _through(operation, places)
        elif registry.lookup(operation.type).differentiable:
            inputs = differentiable_inputs(operation)
        waiting.extend(item for item in inputs if item.dtype.is_differentiable)
    return found


def _through(operation: Operation, places: Collection[int]) -> Sequence[Tensor]:
    inputs, attributes = operation.inputs, operation.attributes
    if operation.type in _BRANCHES:
        start, found = 1, []
        for branch in attributes["branches"]:
            found += [inputs[start + index] for index in _inside(branch, places)[1]]
            start += len(branch.captured)
        return found
    if not attributes["back_prop"]:
        return []
    body, kept = attributes["body"], set(places)
    before = len(body.arguments) + len(attributes["condition"].captured)
    while True:
        variables, captured = _inside(body, kept)
        if variables <= kept:
            return [inputs[index] for index in [*kept, *[before + index for index in captured]]]
        kept |= variables


def _inside(function: BodyFunction, places: Collection[int]) -> tuple[set[int], set[int]]:
    """The places of the arguments and of the captured tensors that gradients of some outputs go to."""
    key = frozenset(places)
    if key not in function.reached:  # loops in loops ask the inner ones again and again
        found = reached([function.outputs[index] for index in sorted(key)])
        variables = {index for index, argument in enumerate(function.arguments) if argument in found}
        captured = {index for index, inside in enumerate(function.stand_ins()) if inside in found}
        function.reached[key] = variables, captured
    return function.reached[key]
