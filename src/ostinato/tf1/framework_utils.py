"""Checks, conversions and sorting of `tf.contrib.framework`, and values to assign."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from . import check_ops, logging
from .checkpoint_reader import NewCheckpointReader
from .dtypes import int32
from .global_step import get_global_step
from .graph import Graph, GraphKeys, control_dependencies, get_collection, get_default_graph, name_scope
from .model_variables import get_variable_full_name
from .ops import array, asserting
from .ops.control import group
from .ops.core import convert_to_tensor, one, placeholder
from .ops.math import add_n, equal, logical_and, logical_or
from .ops.reductions import reduce_all, reduce_sum
from .registry import OutputTypes, register, same
from .shapes import TensorShape
from .tensor import Operation, Tensor
from .variables import Variable


def is_tensor(x: Any) -> bool:
    """Whether something is a tensor, a sparse tensor or a variable (TF1 symbol: `tf.is_tensor`)."""
    return isinstance(x, (Tensor, Variable)) or hasattr(x, "_to_tensor") or type(x).__name__ == "SparseTensor"


def assert_scalar_int(tensor: Any, name: str | None = None) -> Tensor:
    """The tensor, which has to be one integer (TF1 symbol: `tf.contrib.framework.assert_scalar_int`).

    Raises:
        ValueError: another type or shape.
    """
    with name_scope(name, "assert_scalar_int", [tensor]) as scope:
        tensor = convert_to_tensor(tensor)
        if not tensor.dtype.base_dtype.is_integer:
            raise ValueError(
                f"Expected integer type for {tensor.name}, received type: {tensor.dtype.base_dtype!r}."
            )
        return check_ops.assert_scalar(tensor, name=scope)


def reduce_sum_n(tensors: Any, name: str | None = None) -> Tensor:
    """The sum of all elements of several tensors (TF1 symbol: `tf.contrib.framework.reduce_sum_n`).

    Raises:
        ValueError: there are none.
    """
    if not tensors:
        raise ValueError("No tensors provided.")
    with name_scope(name, "reduce_sum_n", tensors) as scope:
        sums = [reduce_sum(tensor, name=f"{tensor.op.name}/sum") for tensor in tensors]
        return sums[0] if len(sums) == 1 else add_n(sums, name=scope)


def remove_squeezable_dimensions(predictions: Any, labels: Any, name: str | None = None) -> Any:
    """Predictions and labels, of which one has a last axis of size 1 too many (TF1 symbol:
    `tf.contrib.framework.remove_squeezable_dimensions`).
    """
    with name_scope(name, "remove_squeezable_dimensions", [predictions, labels]):
        predictions, labels = convert_to_tensor(predictions), convert_to_tensor(labels)
        ranks = predictions.shape.ndims, labels.shape.ndims
        if None not in ranks:
            if ranks[0] - ranks[1] == -1:
                labels = array.squeeze(labels, [-1])
            elif ranks[0] - ranks[1] == 1:
                predictions = array.squeeze(predictions, [-1])
        return predictions, labels


def with_same_shape(expected_tensor: Any, tensor: Any) -> Tensor:
    """A tensor that has another's shape (TF1 symbol: `tf.contrib.framework.with_same_shape`)."""
    shape = expected_tensor.shape
    return with_shape(shape.as_list() if shape.is_fully_defined() else array.shape(expected_tensor), tensor)


def with_shape(expected_shape: Any, tensor: Any) -> Tensor:
    """A tensor that has a shape, asserted when it is run where it is not known before (TF1 symbol:
    `tf.contrib.framework.with_shape`).

    Raises:
        ValueError: it has another, or what is expected is no shape.
    """
    if isinstance(expected_shape, Tensor):
        if expected_shape.dtype.base_dtype != int32:
            raise ValueError(
                f"Invalid dtype {expected_shape.dtype} for shape {expected_shape} expected of tensor "
                f"{tensor.name}."
            )
        return _asserted(expected_shape, tensor, None)
    sizes = TensorShape(expected_shape).as_list()
    if tensor.shape.is_fully_defined():
        if tensor.shape.is_compatible_with(sizes):
            return tensor
        if not sizes and tensor.shape.is_compatible_with([1]):
            return array.reshape(tensor, [])
        raise ValueError(
            f"Invalid shape for tensor {tensor.name}, expected {expected_shape}, got {tensor.shape}."
        )
    if not sizes:
        return array.reshape(tensor, [])
    wanted = convert_to_tensor([-1 if size is None else size for size in sizes], dtype=int32)
    return _asserted(wanted, tensor, sizes)


def _asserted(wanted: Tensor, tensor: Tensor, sizes: Any) -> Tensor:
    with name_scope(f"{tensor.op.name}/"):
        actual = array.shape(tensor, name="actual")
        fits = logical_and(
            equal(array.size(wanted), array.rank(tensor)),
            reduce_all(logical_or(equal(wanted, -1), equal(wanted, actual))),
        )
        said = [f"Wrong shape for {tensor.name} [expected] [actual].", wanted, actual]
        with control_dependencies([asserting.Assert(fits, said)]):
            result = array.identity(tensor)
        if sizes is not None:
            result.set_shape(sizes)
        return result


def get_placeholders(graph: Graph) -> list[Tensor]:
    """A graph's placeholders (TF1 symbol: `tf.contrib.framework.get_placeholders`).

    Raises:
        TypeError: no graph.
    """
    if not isinstance(graph, Graph):
        raise TypeError(f"Input graph needs to be a Graph: {graph}")
    return [item.outputs[0] for item in graph.get_operations() if item.type == "Placeholder"]


def get_name_scope() -> str:
    """The scope of names that is in force (TF1 symbol: `tf.contrib.framework.get_name_scope`)."""
    return get_default_graph().get_name_scope()


def get_graph_from_inputs(op_input_list: Any, graph: Any = None) -> Graph:
    """The graph of some nodes (TF1 symbol: `tf.contrib.framework.get_graph_from_inputs`)."""
    found = [item.graph for item in op_input_list if hasattr(item, "graph")]
    return graph or (found[0] if found else get_default_graph())


def assert_or_get_global_step(graph: Any = None, global_step_tensor: Any = None) -> Any:
    """The step that is given, or the graph's (TF1: `tf.contrib.framework.assert_or_get_global_step`)."""
    return get_global_step(graph) if global_step_tensor is None else global_step_tensor


def zero_initializer(ref: Any, use_locking: bool = True, name: str = "zero_initializer") -> Tensor:
    """A node that sets a variable to zeros (TF1 symbol: `tf.contrib.framework.zero_initializer`)."""
    return ref.assign(array.zeros(ref.shape, ref.dtype.base_dtype), name=name)


# -- sorting
register("Sorted", lambda x, axis, descending: torch.sort(x, dim=axis, descending=descending)[0], same)


def _order_rule(inputs: Any, attributes: dict[str, Any]) -> OutputTypes:
    return [(int32, inputs[0].shape)]


def _sort_order(x: torch.Tensor, axis: int, descending: bool, stable: bool) -> torch.Tensor:
    return torch.argsort(x, dim=axis, descending=descending, stable=True).to(torch.int32)


register("SortOrder", _sort_order, _order_rule, differentiable=False)


def _descending(direction: str) -> bool:
    if direction not in ("ASCENDING", "DESCENDING"):
        raise ValueError("Direction must be one of DESCENDING, ASCENDING, got:", direction)
    return direction == "DESCENDING"


def sort(values: Any, axis: int = -1, direction: str = "ASCENDING", name: str | None = None) -> Tensor:
    """Values in order along an axis (TF1 symbol: `tf.sort`).

    Raises:
        ValueError: an unknown direction.
    """
    with name_scope(name, "sort"):
        return one("Sorted", [convert_to_tensor(values)], axis=int(axis), descending=_descending(direction))


def argsort(
    values: Any, axis: int = -1, direction: str = "ASCENDING", stable: bool = False, name: str | None = None
) -> Tensor:
    """The places of values in order along an axis (TF1 symbol: `tf.argsort`).

    Raises:
        ValueError: an unknown direction.
    """
    with name_scope(name, "argsort"):
        options: dict[str, Any] = {"axis": int(axis), "descending": _descending(direction), "stable": stable}
        return one("SortOrder", [convert_to_tensor(values)], **options)


# -- values to assign
def assign_from_values(var_names_to_values: dict[str, Any]) -> tuple[Operation, dict[Any, Any]]:
    """(an operation, what to feed) that give variables values by name (TF1 symbol:
    `tf.contrib.framework.assign_from_values`).

    Raises:
        ValueError: there is no such variable, or several.
    """
    feeds, assigns = {}, []
    for name, value in var_names_to_values.items():
        found = get_collection(GraphKeys.GLOBAL_VARIABLES, name)
        if not found:
            raise ValueError(f"Variable {name} wasn't found")
        exact = [item for item in found if item.op.name == name] if len(found) > 1 else found
        if not exact:
            raise ValueError(f"Variable {name} doesn't uniquely identify a variable")
        variable = exact[0]
        given = _fed(variable)
        assigns.append(variable.assign(given))
        feeds[given] = np.asarray(value).reshape(variable.shape.as_list())
    return group(*assigns), feeds


def _fed(variable: Any) -> Tensor:
    return placeholder(variable.dtype.base_dtype, variable.shape, name=f"placeholder/{variable.op.name}")


def assign_from_values_fn(var_names_to_values: dict[str, Any]) -> Any:
    """A function of a session that gives variables values (TF1 symbol:
    `tf.contrib.framework.assign_from_values_fn`).
    """
    operation, feeds = assign_from_values(var_names_to_values)
    return lambda session: session.run(operation, feeds)


def assign_from_checkpoint(
    model_path: str, var_list: Any, ignore_missing_vars: bool = False
) -> tuple[Operation, dict[Any, Any]]:
    """(an operation, what to feed) that give variables a checkpoint's values (TF1 symbol:
    `tf.contrib.framework.assign_from_checkpoint`).

    Args:
        model_path: the checkpoint.
        var_list: variables, or lists of them by their names in the checkpoint.
        ignore_missing_vars: whether those that it lacks are left as they are.

    Raises:
        ValueError: the checkpoint lacks one, or has it in another shape.
    """
    grouped: dict[str, list[Any]] = {}
    if isinstance(var_list, dict):
        for name, value in var_list.items():
            grouped[name] = list(value) if isinstance(value, (list, tuple)) else [value]
    else:
        for variable in var_list:
            grouped.setdefault(get_variable_full_name(variable), []).append(variable)
    reader = NewCheckpointReader(model_path)
    feeds, assigns = {}, []
    for name, variables in grouped.items():
        if not reader.has_tensor(name):
            said = f"Checkpoint is missing variable [{name}]"
            if not ignore_missing_vars:
                raise ValueError(said)
            logging.warning(said)
            continue
        value = np.asarray(reader.get_tensor(name))
        for variable in variables:
            given = _fed(variable)
            assigns.append(variable.assign(given))
            part = getattr(variable, "_save_slice_info", None)
            if part:
                places = zip(part.var_offset, part.var_shape, strict=True)
                feeds[given] = value[tuple(slice(start, start + size) for start, size in places)]
                continue
            if tuple(variable.shape.as_list()) != value.shape:
                raise ValueError(
                    f"Total size of new array must be unchanged for {name} lh_shape: [{value.shape}], "
                    f"rh_shape: [{variable.shape}]"
                )
            feeds[given] = value
    return group(*assigns), feeds
