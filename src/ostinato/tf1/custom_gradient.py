"""Gradients that a script defines: `tf.custom_gradient`, `tf.RegisterGradient` and the map that uses it.

Both are one node, `CustomGradient`, that passes values on and has the script's function for its gradient. The
function is called once, when the node is made, with stand-ins for what comes back; its nodes are evaluated
in the backward pass, fed with the values that they use of this run. Where it takes gradients itself, what it
differentiates is computed anew from the arguments, as it has to be connected with them.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch

from . import nest, registry
from .graph import Graph, GraphKeys, get_default_graph
from .ops.core import convert_to_tensor, make
from .plan import plan_for
from .tensor import Operation, Tensor

_REGISTERED: dict[str, Callable[..., Any]] = {}


class GradientFunction:
    """A function of what comes back, as nodes: `arguments` and `results` of it, and `used`, tensors of the
    forward pass whose values it needs. `problem` is what it raised, to be raised by who asks for it.
    """

    def __init__(self, graph: Graph, name: str, outputs: Sequence[Tensor], count: int) -> None:
        self.graph, self.count = graph, count
        self.arguments: list[Tensor] = []
        self.results: list[Tensor | None] = []
        self.used: list[Tensor] = []
        self.problem: Exception | None = None
        self._name, self._outputs = name, outputs

    def trace(self, function: Callable[..., Any], inputs: Sequence[Tensor]) -> None:
        """Call the function with stand-ins.

        Raises:
            ValueError: it gives more or fewer gradients than there are inputs.
        """
        first = self.graph.next_identifier()
        with self.graph.name_scope(f"{self._name}_grad"), self.graph.control_dependencies(None):
            for output in self._outputs:
                attributes = {"dtype": output.dtype.base_dtype.name, "shape": output.shape}
                self.arguments.append(
                    self.graph.create_operation("Argument", (), attributes, "grad").outputs[0]
                )
            try:
                given = nest.flatten(function(*self.arguments))
            except Exception as problem:  # the script's own: raised again where a gradient is asked for
                self.problem = problem
                return
            if len(given) != self.count:
                raise ValueError(
                    f"Num gradients {len(given)} generated for op {self._name} do not match num inputs "
                    f"{self.count}"
                )
            self.results = [None if item is None else convert_to_tensor(item) for item in given]
        self._find_used(first, set(inputs))

    def _find_used(self, first: int, inputs: set[Tensor]) -> None:
        seen: set[Operation] = set()
        waiting = [result for result in self.results if result is not None]
        inside = self._walk(waiting, lambda tensor: tensor.op.identifier < first, seen)
        if any(operation.type == "Gradients" for operation in seen):
            seen = set()
            inside = self._walk(waiting, lambda tensor: tensor in inputs or _is_source(tensor), seen, True)
        self.used = [tensor for tensor in inside if tensor not in self.arguments]

    def _walk(
        self,
        waiting: Sequence[Tensor],
        ends: Callable[[Tensor], bool],
        seen: set[Operation],
        anew: bool = False,
    ) -> list[Tensor]:
        """The tensors where a walk backwards ends; `seen` gets the operations before."""
        found: dict[Tensor, None] = {}
        rest = list(waiting)
        while rest:
            tensor = rest.pop()
            if tensor.op.type in ("Const", "VariableV2"):
                continue
            if anew and tensor.op.type == "Identity" and tensor.op.inputs[0].op.type == "VariableV2":
                continue  # read anew, so that a gradient with respect to the variable finds it
            if ends(tensor):
                found[tensor] = None
            elif tensor.op not in seen:
                seen.add(tensor.op)
                rest.extend(tensor.op.inputs)
        return list(found)

    def evaluate(self, run: Any, grads: Sequence[torch.Tensor], used: Sequence[Any]) -> list[Any]:
        wanted = [result for result in self.results if result is not None]
        if not wanted:
            return [None] * len(self.results)
        values = iter(
            run.execute(plan_for(self.graph, wanted, [*self.arguments, *self.used]), [*grads, *used])
        )
        return [None if result is None else next(values) for result in self.results]


def _is_source(tensor: Tensor) -> bool:
    """What cannot be computed anew: what is fed, an argument of a body, what is drawn."""
    return registry.lookup(tensor.op.type).stateful


class _Custom(torch.autograd.Function):
    """The results, unchanged, with the function's gradients for the inputs."""

    @staticmethod
    def forward(ctx: Any, work: tuple[Any, GradientFunction, int], *values: Any) -> Any:
        _, function, count = work
        ctx.work, ctx.numbers = work, len(values)
        ctx.save_for_backward(*values[count + function.count :])
        results = tuple(value.view_as(value) for value in values[:count])
        ctx.mark_non_differentiable(*[value for value in results if not value.is_floating_point()])
        return results

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        run, function, count = ctx.work
        found = function.evaluate(run, grads, ctx.saved_tensors)
        before, after = [None] * (1 + count), [None] * (ctx.numbers - count - function.count)
        return (*before, *found, *after)


def _pass_on(run: Any, operation: Operation, *values: Any) -> Any:
    count, function = operation.attributes["results"], operation.attributes["gradient"]
    if not torch.is_grad_enabled():
        return values[:count]
    return _Custom.apply((run, function, count), *values)


def _rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> registry.OutputTypes:
    return [(item.dtype.base_dtype, item.shape) for item in inputs[: attributes["results"]]]


registry.register("CustomGradient", _pass_on, _rule, stateful=True)


def differentiable_inputs(operation: Operation) -> Sequence[Tensor]:
    """The inputs that a gradient goes to.

    Raises:
        Exception: what the script's function raised when it was called.
    """
    if operation.type != "CustomGradient":
        return operation.inputs
    function = operation.attributes["gradient"]
    if function.problem is not None:
        raise function.problem
    first = operation.attributes["results"]
    inputs = operation.inputs[first : first + function.count]
    return [item for item, grad in zip(inputs, function.results, strict=True) if grad is not None]


def _with_gradient(
    outputs: Sequence[Tensor], inputs: Sequence[Tensor], function: Callable[..., Any], name: str
) -> list[Tensor]:
    gradient = GradientFunction(get_default_graph(), name.rstrip("/"), outputs, len(inputs))
    gradient.trace(function, inputs)
    nodes = [*outputs, *inputs, *gradient.used]
    return make("CustomGradient", nodes, name, results=len(outputs), gradient=gradient).outputs


def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function of tensors with a gradient of its own (TF1 symbol: `tf.custom_gradient`).

    Args:
        f: takes tensors, gives its results and a function that takes the gradients of those and gives those
            of the arguments. Where that takes a keyword `variables`, it is called with the variables that f
            uses and gives a pair: the arguments' gradients and a list of theirs.

    Returns:
        A function of the same arguments that gives the results.

    Raises:
        TypeError: f makes variables, and the gradient function takes no `variables`.
        ValueError: keyword arguments, or a number of gradients that is not that of the arguments.

    >>> from .gradients import gradients
    >>> from .graph import Graph
    >>> from .ops.core import constant
    >>> from .session import Session
    >>> @custom_gradient
    ... def three_times(x):
    ...     return x * 1.0, lambda dy: dy * 3.0
    >>> with Graph().as_default(), Session() as session:
    ...     x = constant(5.0)
    ...     y = three_times(x)
    ...     [value.item() for value in session.run([y, gradients(y, x)[0]])]
    [5.0, 3.0]
    """

    @functools.wraps(f)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            raise ValueError(
                "The custom_gradient decorator currently supports keywords arguments only when eager "
                "execution is enabled: pass positional arguments."
            )
        graph = get_default_graph()
        tensors = [convert_to_tensor(item) for item in args]
        before = set(graph.get_collection(GraphKeys.GLOBAL_VARIABLES))
        result, grad_function = f(*tensors)
        flat = [convert_to_tensor(item) for item in nest.flatten(result)]
        signature = inspect.getfullargspec(grad_function)
        takes_variables = "variables" in [*signature.args, *signature.kwonlyargs] or signature.varkw
        made = [item for item in graph.get_collection(GraphKeys.GLOBAL_VARIABLES) if item not in before]
        if made and not takes_variables:
            raise TypeError(
                "If using @custom_gradient with a function that uses variables, then grad_fn must accept a "
                "keyword argument 'variables'."
            )
        variables = _variables_between(graph, tensors, flat) if takes_variables else []

        def gradient(*grads: Tensor) -> Any:
            if not variables:
                return grad_function(*grads)
            of_inputs, of_variables = grad_function(*grads, variables=variables)
            if len(of_variables) != len(variables):
                raise ValueError("Must return gradient for each variable from @custom_gradient grad_fn.")
            return [*nest.flatten(of_inputs), *of_variables]

        inputs = [*tensors, *[variable.value() for variable in variables]]
        return nest.pack_sequence_as(result, _with_gradient(flat, inputs, gradient, "IdentityN"))

    return decorated


def _variables_between(graph: Graph, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> list[Any]:
    ends, seen = set(inputs), set()
    waiting = [tensor for tensor in outputs if tensor not in ends]
    while waiting:
        operation = waiting.pop().op
        if operation not in seen:
            seen.add(operation)
            waiting.extend(tensor for tensor in operation.inputs if tensor not in ends)
    return [item for item in graph.get_collection(GraphKeys.GLOBAL_VARIABLES) if item.op in seen]


class RegisterGradient:
    """A decorator that gives a gradient function a name, for `Graph.gradient_override_map`.

    TF1 symbol: `tf.RegisterGradient`. The function takes the operation and the gradients of its outputs, and
    gives those of its inputs.

    Raises:
        TypeError: the name is no string.
        KeyError: it is taken.
    """

    def __init__(self, op_type: str) -> None:
        if not isinstance(op_type, str):
            raise TypeError("op_type must be a string")
        self._op_type = op_type

    def __call__(self, f: Callable[..., Any]) -> Callable[..., Any]:
        if self._op_type in _REGISTERED or registry.is_known(self._op_type):
            raise KeyError(
                f"Registering two gradient with name '{self._op_type}'! It is taken, by an operation or by a "
                "function registered before."
            )
        _REGISTERED[self._op_type] = f
        return f


@contextlib.contextmanager
def gradient_override_map(graph: Graph, op_type_map: dict[str, str]) -> Iterator[None]:
    """Give operations that are made inside the gradients registered under other names.

    Raises:
        TypeError: no dictionary of strings.
    """
    if not isinstance(op_type_map, dict):
        raise TypeError("op_type_map must be a dictionary mapping strings to strings")
    for op_type, name in op_type_map.items():
        if not isinstance(op_type, str) or not isinstance(name, str):
            raise TypeError("op_type_map must be a dictionary mapping strings to strings")
    before = graph.overrides
    graph.overrides = {**before, **op_type_map}
    try:
        yield
    finally:
        graph.overrides = before


def overridden(graph: Graph, operation: Operation, gradient_name: str, name: str) -> Operation:
    """A node in the place of `operation` whose gradient is the one that was registered."""

    def gradient(*grads: Tensor) -> Any:
        if gradient_name not in _REGISTERED:
            raise LookupError(
                f"No gradient defined for operation '{operation.name}' (op type: {operation.type}): "
                f"there is no tf.RegisterGradient({gradient_name!r})"
            )
        return _REGISTERED[gradient_name](operation, *grads)

    with graph.as_default():
        return _with_gradient(operation.outputs, operation.inputs, gradient, name)[0].op
