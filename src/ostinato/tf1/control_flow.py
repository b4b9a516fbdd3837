"""Loops and conditionals (TF1 symbols: `tf.while_loop`, `tf.cond`): their bodies and branches are traced once
into sub-graphs, and one node evaluates them.

Names, static shapes and errors are TensorFlow 1's: a loop's results are `while/Exit`, `while/Exit_1`, ..., a
conditional's `cond/Merge`, `cond/Merge_1`, ...
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from . import nest
from .body import BodyFunction
from .dtypes import bool_
from .graph import get_default_graph, name_scope
from .layers_base import StaticInput
from .ops import loops
from .ops.array import identity
from .ops.control import with_dependencies
from .ops.core import constant, convert_to_tensor
from .ops.math import logical_and
from .shapes import TensorShape, as_shape
from .tensor import Operation, Tensor
from .tensor_array import TensorArray, flow_of, with_flows


def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    shape_invariants: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
    maximum_iterations: Any = None,
    return_same_structure: bool = False,
) -> Any:
    """Repeat `body` while `cond` is true (TF1 symbol: `tf.while_loop`).

    Both are called once, to be traced, with tensors in the structure of `loop_vars`. The graph is the same
    for any number of iterations; gradients go through them, and a run that takes none keeps nothing of them.

    Args:
        cond: gives a boolean scalar.
        body: gives the loop variables' next values, in the same structure.
        loop_vars: a non-empty list or tuple of tensors, TensorArrays, and nests of them.
        shape_invariants: for each loop variable the static shape that it keeps; None: the one it begins with.
        parallel_iterations: at least 1; iterations run one after the other whatever it is.
        back_prop: False makes the results constants to gradients.
        swap_memory: nothing on a processor, whose memory is where TensorFlow would swap to.
        maximum_iterations: a scalar: the loop ends after so many iterations in any case.
        return_same_structure: give a list of one variable as a list.

    Returns:
        The loop variables after the last iteration.

    Raises:
        TypeError: `cond` or `body` is no function, the condition is no boolean, or the body gives a
            sequence of another type.
        ValueError: no loop variables, or a body that gives more, fewer, or others than it takes: of another
            structure, or of a shape that is not the invariant.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     x = tf.constant(2.0)
    ...     steps, y = tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * x), [0, 1.0])
    ...     [value.item() for value in session.run([steps, y, tf.gradients(y, x)[0]])]
    [3, 8.0, 12.0]
    """
    if not callable(cond):
        raise TypeError("cond must be callable.")
    if not callable(body):
        raise TypeError("body must be callable.")
    if parallel_iterations < 1:
        raise TypeError("parallel_iterations must be a positive integer.")
    with name_scope(name, "while"):
        if not loop_vars:
            raise ValueError("No loop variables provided")
        options = {"back_prop": bool(back_prop), "swap_memory": bool(swap_memory)}
        if maximum_iterations is None:
            return _while(cond, body, loop_vars, shape_invariants, return_same_structure, options)
        limit = convert_to_tensor(maximum_iterations, name="maximum_iterations")
        if limit.shape.ndims not in (None, 0):
            raise ValueError(f"maximum_iterations must be a scalar, saw shape: {limit.shape}")
        counter = constant(0, limit.dtype, name="iteration_counter")
        alone = len(loop_vars) == 1 and not return_same_structure
        inner = loop_vars[0] if alone else loop_vars

        def arguments(variables: Any) -> Any:
            return [variables] if alone else variables

        result = _while(
            lambda i, variables: logical_and(i < limit, cond(*arguments(variables))),
            lambda i, variables: (i + 1, body(*arguments(variables))),
            (counter, inner),
            None if shape_invariants is None else (TensorShape([]), shape_invariants),
            False,
            options,
        )
        return result[1]


def _while(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    shape_invariants: Any,
    return_same_structure: bool,
    options: dict[str, Any],
) -> Any:
    flat = nest.flatten(loop_vars)
    variables = [convert_to_tensor(flow_of(leaf)) for leaf in flat]
    shapes = [tensor.shape for tensor in variables]
    if shape_invariants is not None:
        shapes = _invariants(loop_vars, variables, shape_invariants)
    stand_ins = [
        StaticInput(tensor.dtype.base_dtype, shape) for tensor, shape in zip(variables, shapes, strict=True)
    ]
    scope = get_default_graph().get_name_scope()
    results: list[Any] = []

    def traced_condition(*values: Tensor) -> list[Tensor]:
        pred = convert_to_tensor(cond(*nest.pack_sequence_as(loop_vars, with_flows(flat, values))))
        _check_predicate(pred, "LoopCond", "input", scope)
        return [pred]

    def traced_body(*values: Tensor) -> list[Tensor]:
        packed = nest.pack_sequence_as(loop_vars, with_flows(flat, values))
        result = body(*packed)
        result = result if nest.is_sequence(result) else [result]
        # The outermost layer is not compared: the variables are often a list, what a body gives a tuple.
        nest.assert_same_structure(list(packed), list(result))
        results.append(result)
        return [
            _same_variable(convert_to_tensor(flow_of(leaf)), variable, shape)
            for leaf, variable, shape in zip(nest.flatten(result), variables, shapes, strict=True)
        ]

    graph, count = get_default_graph(), len(variables)
    graph.skip(count)  # what enters
    condition_function = BodyFunction(
        traced_condition, stand_ins, scope, ["Merge"] * len(variables), shares_names=True
    )
    graph.skip(1 + count)  # the condition, and a choice for each variable
    body_function = BodyFunction(
        traced_body, stand_ins, scope, ["Identity"] * len(variables), True, initial_values=variables
    )
    condition_function.read_live(body_function.written)
    body_function.read_live(condition_function.written)
    with get_default_graph().control_dependencies([*condition_function.before, *body_function.before]):
        after = loops.loop(condition_function, body_function, variables, **options)
    exits = [identity(tensor, name="Exit") for tensor in after]
    graph.skip(count - 1)  # what goes round; the loop is a node here alone
    structure = results[0]
    packed = nest.pack_sequence_as(structure, with_flows(nest.flatten(structure), exits))
    return packed if return_same_structure or len(exits) > 1 else packed[0]


def _invariants(loop_vars: Any, variables: Sequence[Tensor], shape_invariants: Any) -> list[TensorShape]:
    nest.assert_same_structure(loop_vars, shape_invariants)
    shapes = []
    for leaf, tensor, given in zip(
        nest.flatten(loop_vars), variables, nest.flatten(shape_invariants), strict=True
    ):
        if not isinstance(given, TensorShape):
            raise ValueError("`shapes` must be a (possibly nested) list of shapes.")
        shape = tensor.shape if isinstance(leaf, TensorArray) else given
        if not _is_as_specific(tensor.shape, shape):
            raise ValueError(
                f"The shape invariant specified for {tensor.name} is not compatible with the initial shape "
                f"of the loop variable. It enters the loop with shape {tensor.shape}, but the specified "
                f"shape invariant is {shape}."
            )
        shapes.append(shape)
    return shapes


def _is_as_specific(shape: TensorShape, than: TensorShape) -> bool:
    """Whether a value of the first static shape always has the second."""
    if than.known is None:
        return True
    if shape.known is None or len(shape.known) != len(than.known):
        return False
    return all(b is None or a == b for a, b in zip(shape.known, than.known, strict=True))


def _same_variable(tensor: Tensor, before: Tensor, invariant: TensorShape) -> Tensor:
    """A loop variable after an iteration, checked against what it was."""
    if tensor.dtype.base_dtype is not before.dtype.base_dtype:
        raise ValueError(
            f"The loop variable {before.name} is {before.dtype.base_dtype.name} before the loop, but "
            f"{tensor.dtype.base_dtype.name} after one iteration ({tensor.name}). A loop variable keeps its "
            "type: cast it in the body."
        )
    if not _is_as_specific(tensor.shape, invariant):
        raise ValueError(
            f"Input tensor '{before.name}' enters the loop with shape {before.shape}, but has shape "
            f"{tensor.shape} after one iteration. To allow the shape to vary across iterations, use the "
            "`shape_invariants` argument of tf.while_loop to specify a less-specific shape."
        )
    return tensor


def _check_predicate(pred: Tensor, op_type: str, argument: str, scope: str) -> None:
    if pred.dtype.base_dtype is not bool_:
        raise TypeError(
            f"Input '{argument}' of '{op_type}' Op has type {pred.dtype.base_dtype.name} that does not match "
            "expected type of bool."
        )
    if pred.shape.ndims not in (None, 0):
        node = f"{scope}/{op_type}" if scope else op_type
        raise ValueError(
            f"Shape must be rank 0 but is rank {pred.shape.ndims} for '{node}' (op: '{op_type}') with input "
            f"shapes: {pred.shape.bracketed()}."
        )


def cond(
    pred: Any,
    true_fn: Callable[[], Any] | None = None,
    false_fn: Callable[[], Any] | None = None,
    strict: bool = False,
    name: str | None = None,
    fn1: Callable[[], Any] | None = None,
    fn2: Callable[[], Any] | None = None,
) -> Any:
    """One of two functions, as a tensor says (TF1 symbol: `tf.cond`).

    What the branches make runs only in the one that is taken; what they use of outside is computed in any
    case.

    Args:
        pred: a boolean scalar tensor.
        true_fn, false_fn: functions of no arguments that give tensors of the same types in one structure.
        strict: give a list of one tensor as a list.
        fn1, fn2: the functions' old names.

    Returns:
        The results of the branch that is taken.

    Raises:
        TypeError: `pred` is a Python bool or no boolean, a function is missing or none, or the branches give
            sequences of different types.
        ValueError: the branches give different numbers or types of tensors, or nothing.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     x = tf.placeholder(tf.float32, [])
    ...     y = tf.cond(x < 0.0, lambda: -x, lambda: 2.0 * x)
    ...     [session.run(y, {x: value}).item() for value in (-3.0, 3.0)]
    [3.0, 6.0]
    """
    true_fn = _given("true_fn", true_fn, "fn1", fn1)
    false_fn = _given("false_fn", false_fn, "fn2", fn2)
    if not callable(true_fn):
        raise TypeError("true_fn must be callable.")
    if not callable(false_fn):
        raise TypeError("false_fn must be callable.")
    with name_scope(name, "cond", [pred]):
        if isinstance(pred, bool):
            raise TypeError("pred must not be a Python bool")
        scope = get_default_graph().get_name_scope()
        pred = convert_to_tensor(pred)
        _check_predicate(pred, "Switch", "pred", scope)
        get_default_graph().skip(3)  # the choice, and a node for each side
        pred = identity(pred, name="pred_id")
        branches = [
            _branch(true_fn, scope, "true_fn must have a return value.", True),
            _branch(false_fn, scope, "false_fn must have a return value.", False),
        ]
        return _merged(pred, branches, strict, "true_fn and false_fn")


def one_of(branch_index: Tensor, branch_fns: Sequence[Callable[[], Any]]) -> Any:
    """What the function with that number gives; the last one's where there is none."""
    scope = get_default_graph().get_name_scope()
    branches = [
        _branch(function, scope, f"branch_fns[{index}] must have a return value.")
        for index, function in enumerate(branch_fns)
    ]
    return _merged(identity(branch_index, name="branch_index"), branches, False, "branch_fns")


def _merged(chosen: Tensor, branches: Sequence[tuple[BodyFunction, Any]], strict: bool, who: str) -> Any:
    functions = [function for function, _ in branches]
    results = [result if strict else _unpacked(result) for _, result in branches]
    for result in results[1:]:
        nest.assert_same_structure(results[0], result)
    first = functions[0]
    if not first.outputs:
        raise ValueError(f"{who} must return at least one result.")
    shapes = [tensor.shape for tensor in first.outputs]
    for function in functions[1:]:
        for one, other in zip(first.outputs, function.outputs, strict=True):
            if one.dtype.base_dtype is not other.dtype.base_dtype:
                raise ValueError(
                    f"Outputs of {who} must have the same type: {one.dtype.name}, {other.dtype.name}"
                )
        shapes = [
            _either_shape(shape, other.shape) for shape, other in zip(shapes, function.outputs, strict=True)
        ]
    before = [operation for function in functions for operation in function.before]
    with get_default_graph().control_dependencies(before):
        tensors = loops.conditional(chosen, functions, shapes)
    get_default_graph().skip(-1)  # a node here alone
    merged = [identity(tensor, name="Merge") for tensor in tensors]
    packed = nest.pack_sequence_as(results[0], with_flows(nest.flatten(results[0]), merged))
    return packed if strict else _unpacked(packed)


def _given(name: str, value: Any, old_name: str, old: Any) -> Any:
    if old is not None:
        if value is not None:
            raise TypeError(f"cond(): {name} and {old_name} may not be set simultaneously.")
        return old
    if value is None:
        raise TypeError(f"cond(): {name} argument required")
    return value


def _branch(
    function: Callable[[], Any], scope: str, nothing: str, pred: bool = True
) -> tuple[BodyFunction, Any]:
    results: list[Any] = []

    def traced() -> list[Tensor]:
        result = function()
        if result is None:
            raise ValueError(nothing)
        results.append(result)
        return [_result(leaf, pred) for leaf in nest.flatten(result)]

    return BodyFunction(traced, [], scope, [], shares_names=True), results[0]


def _result(leaf: Any, pred: bool) -> Tensor:
    if isinstance(leaf, Operation):  # the predicate stands for it, to be had when it has run
        return with_dependencies([leaf], constant(pred))
    return convert_to_tensor(flow_of(leaf))


def _unpacked(result: Any) -> Any:
    return result[0] if isinstance(result, (list, tuple)) and len(result) == 1 else result


def _either_shape(one: TensorShape, other: TensorShape) -> TensorShape:
    """What is known of a value that has one of two static shapes."""
    if one.known is None or other.known is None or len(one.known) != len(other.known):
        return TensorShape(None)
    return as_shape([a if a == b else None for a, b in zip(one.known, other.known, strict=True)])
