"""The two nodes that run cells: one step, and a loop over time. Both are shells over the core's drivers.

Inputs of both: the leaves of the inputs, the leaves of the state, the tensors that the cell's description
binds, then the run's seed (`has_seed`) and the rows' lengths (`has_lengths`). Outputs: the leaves of the
outputs, where they are not a leaf of the state too, then the leaves of the new state.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import is_
from typing import Any, NamedTuple

import torch

from ostinato import drivers, kernels
from ostinato._state import flatten, is_autocast_enabled, leaves, size_to_shape
from ostinato.cells import Run as CellRun
from ostinato.steps import masking

from .. import cell_description as description_of
from .. import registry
from ..cell_depths import check_depths
from ..cell_description import Body, Description, Leaf, static_sizes
from ..dtypes import DType
from ..registry import OutputTypes, ShapeMismatch
from ..shapes import TensorShape
from ..tensor import Operation, Tensor
from .core import make


class Parts(NamedTuple):
    """The inputs of a node by what they are."""

    inputs: Sequence[Any]
    state: Sequence[Any]
    bound: Sequence[Any]
    seed: Any
    lengths: Any


def split_inputs(values: Sequence[Any], attributes: dict[str, Any]) -> Parts:
    """A node's inputs, or their values, by what they are."""
    rest = list(values)
    lengths = rest.pop() if attributes["has_lengths"] else None
    seed = rest.pop() if attributes["has_seed"] else None
    inputs = attributes["input_leaves"]
    state = inputs + len(leaves(attributes["description"].state_size))
    return Parts(rest[:inputs], rest[inputs:state], rest[state:], seed, lengths)


def _as_inputs(parts: Sequence[Any]) -> Any:
    return parts[0] if len(parts) == 1 else tuple(parts)


def has_output(description: Description, has_lengths: bool) -> bool:
    """Whether a step has outputs of its own: an LSTM's output is its h, except past a row's length."""
    return has_lengths or description.output_leaf is None


def _step(run: Any, operation: Operation, *values: torch.Tensor) -> Any:
    attributes = operation.attributes
    description: Description = attributes["description"]
    inputs, state, bound, seed, lengths = split_inputs(values, attributes)
    # A leaf of another class does more than its family, as one with recurrent dropout does.
    if lengths is None and type(description) is Leaf and description.activation is None:
        found = _leaf_step(description, inputs, state, bound)
        if found is not None:
            return found
    description = description_of.sized(description, state)
    cell = _bound_cell(run, operation, description, bound)
    nest, as_state = _as_inputs(inputs), flatten(description.state_size)[1]
    if lengths is None:
        output, new_state = CellRun(seed).step(cell, nest, as_state(state), attributes["step"])
    else:
        # One step of the static driver, whose rule of what happens past a row's length this is.
        finished = masking.finished_rows(lengths.to(torch.int64), attributes["step"])
        if not cell.reads_padding:
            nest = masking.zero_where(finished, nest)
        output, new_state = CellRun(seed).step(cell, nest, as_state(state), attributes["step"])
        output = masking.zero_where(finished, output)
        new_state = masking.copy_through(finished, new_state, as_state(state))
    own = leaves(output) if has_output(description, lengths is not None) else []
    return [*own, *leaves(new_state)]


def _bound_cell(
    run: Any, operation: Operation, description: Description, bound: Sequence[torch.Tensor]
) -> Any:
    """The cell over these tensors. Making it costs as much as a step of it, and so a loop makes it once, for
    as long as its body gives it the same tensors.
    """
    inner = run.within(operation)
    if run.bound_cells is None or inner is run:
        return description_of.bind(description, bound, inner)
    known = run.bound_cells.get(operation)
    if known is not None and known[0] is description and all(map(is_, known[1], bound)):
        known[2].become(inner)  # the cell holds that one
        return known[3]
    cell = description_of.bind(description, bound, inner)
    run.bound_cells[operation] = description, bound, inner, cell
    return cell


def _leaf_step(
    description: Leaf, inputs: Sequence[Any], state: Sequence[Any], bound: Sequence[Any]
) -> Sequence[torch.Tensor] | None:
    """One step of a family's cell, straight: making a cell of it costs as much as the step. None where the
    cell has to say what does not fit.
    """
    rows = inputs[0].shape[:1]
    if (
        len(inputs) > 1
        or is_autocast_enabled(inputs[0].device)
        or any(leaf.shape[:1] != rows for leaf in state)
    ):
        return None
    parameters = dict(zip(description.names, bound, strict=True))
    nest = flatten(description.state_size)[1](state)
    found = kernels.trained_step(description.family, parameters, inputs[0], nest)
    output, new_state = description.family.step(parameters, inputs[0], nest) if found is None else found
    own = leaves(output) if has_output(description, False) else []
    return [*own, *leaves(new_state)]


def _loop(run: Any, operation: Operation, *values: torch.Tensor) -> Any:
    attributes = operation.attributes
    description: Description = attributes["description"]
    inputs, state, bound, seed, lengths = split_inputs(values, attributes)
    if lengths is not None:
        check_lengths(operation, lengths, inputs[0].shape[1 if attributes["time_major"] else 0])
    description = description_of.sized(description, state)
    outputs, final = drivers.dynamic_rnn(
        description_of.bind(description, bound, run.within(operation, lengths)),
        _as_inputs(inputs),
        sequence_length=lengths,
        initial_state=flatten(description.state_size)[1](state),
        time_major=attributes["time_major"],
        seed=seed,
        **_memory_options(run, attributes, inputs, state, bound),
    )
    return [*leaves(outputs), *leaves(final)]


NOT_WORTH_SWAPPING = 1 << 26
"""Bytes: what a sequence keeps below that, `swap_memory` leaves where it is on a processor."""
_KEPT_A_UNIT = 12
"""How many numbers a step of a family's cell keeps, at most, for each one of its state."""


def _memory_options(
    run: Any, attributes: dict[str, Any], inputs: Sequence[Any], state: Sequence[Any], bound: Sequence[Any]
) -> dict[str, Any]:
    """What the core is told of memory. What a step writes, to a TensorArray or a variable, cannot be written
    anew: no step of such a cell is computed twice, and `swap_memory` is left out.
    """
    if all(isinstance(tensor, torch.Tensor) for tensor in bound) and not _writes(attributes["description"]):
        return run.memory.options(swaps(attributes, inputs, state))
    options = run.memory.options(False)
    if any(options.values()):
        raise ValueError(
            "A cell that writes to a TensorArray or a variable keeps all that its gradients need: run it in "
            "a session without memory or memory_limit."
        )
    return options


def swaps(attributes: dict[str, Any], inputs: Sequence[Any], state: Sequence[Any]) -> bool:
    """Whether a loop does what `swap_memory` asks for. Scripts pass it as a hint, and on a processor it means
    to compute steps twice.
    """
    if not attributes["swap_memory"]:
        return False
    if inputs[0].is_cuda or functions_of(attributes["description"]):  # nobody knows what a traced step keeps
        return True
    steps = inputs[0].shape[0 if attributes["time_major"] else 1]
    kept = steps * _KEPT_A_UNIT * sum(leaf.numel() * leaf.element_size() for leaf in state)
    return bool(kept > NOT_WORTH_SWAPPING)


def functions_of(description: Any) -> list[Any]:
    """The traced functions of a cell and of the cells in it."""
    found = [getattr(description, name, None) for name in ("function", "activation")]
    below = [*getattr(description, "children", ()), getattr(description, "child", None)]
    inside = [function for part in below if part is not None for function in functions_of(part)]
    return [*[function for function in found if function is not None], *inside]


def _writes(description: Any) -> bool:
    """Whether a step assigns to a variable."""
    return any(function.writes for function in functions_of(description))


def check_lengths(operation: Operation, lengths: torch.Tensor, rows: int) -> None:
    if list(lengths.shape) != [rows]:
        # The words of the assertion that TensorFlow 1 puts into the graph.
        raise ValueError(
            f"assertion failed: [Expected shape for Tensor {operation.inputs[-1].name} is ] [{rows}] "
            f"[ but saw shape: ] {list(lengths.shape)}"
        )


# -- static shapes
def _merge_batch(shapes: Sequence[TensorShape], axes: Sequence[int]) -> int | None:
    batch: int | None = None
    for shape, axis in zip(shapes, axes, strict=True):
        size = None if shape.known is None or not shape.known else shape.known[axis]
        if batch is not None and size is not None and size != batch:
            raise ShapeMismatch(
                f"Dimension 0 in both shapes must be equal, but are {batch} and {size}. Shapes are "
                f"[{batch}] and [{size}]."
            )
        batch = size if batch is None else batch
    return batch


def _batch(parts: Parts, axis: int) -> int | None:
    """The number of rows that inputs and state tell; the lengths must agree with it, but tell nothing."""
    shapes = [tensor.shape for tensor in (*parts.inputs, *parts.state)]
    axes = [axis] * len(parts.inputs) + [0] * len(parts.state)
    if parts.lengths is not None:
        _merge_batch([parts.lengths.shape, *shapes], [0, *axes])
    return _merge_batch(shapes, axes)


def _check_widths(parts: Parts, description: Description) -> None:
    depth = _width(parts.inputs[0].shape)
    for tensor, size in zip(parts.state, leaves(description.state_size), strict=True):
        wanted = TensorShape([None, *static_sizes(size)])
        without_batch = tensor.shape.ndims == 0 and not size_to_shape(size)
        if not tensor.shape.is_compatible_with(wanted) and not without_batch:
            is_read = isinstance(description, Leaf) and tensor is parts.state[-1] and depth is not None
            beside = depth or 0 if is_read else 0  # the kernel's rows: those of the inputs, then the state's
            given, needed = (beside + (_width(shape) or 0) for shape in (tensor.shape, wanted))
            raise ShapeMismatch(
                f"Dimensions must be equal, but are {given} and {needed}: "
                f"the state has shape {tensor.shape} and the cell's is {wanted}"
            )
    if len(parts.inputs) == 1:
        check_depths(description, depth, iter(parts.bound))


def _width(shape: TensorShape) -> int | None:
    return shape.known[-1] if shape.known else None


def _check_types(parts: Parts, description: Description) -> None:
    if isinstance(description, Body):  # what was traced was checked then
        return
    for tensor in parts.state:
        if not tensor.dtype.is_floating and tensor.shape.ndims != 0:  # a counter is no part of the maths
            raise ValueError(f"RNN cell only supports floating point inputs, but saw dtype: {tensor.dtype}")
    # Of several inputs each may be of a type of its own: a time in float64 beside features in float32.
    inputs = parts.inputs if len(parts.inputs) == 1 else ()
    floating = [t.dtype.base_dtype.name for t in (*inputs, *parts.state) if t.dtype.is_floating]
    if len(set(floating)) > 1:
        raise TypeError(
            f"Tensors in list passed to 'values' of 'ConcatV2' Op have types [{', '.join(floating)}] that "
            "don't all "
            "match: the inputs and the state must be of one type."
        )


def _state_types(parts: Parts, description: Description, batch: int | None) -> OutputTypes:
    return [
        (
            tensor.dtype.base_dtype,
            TensorShape([batch, *static_sizes(size)]) if tensor.shape.ndims != 0 else tensor.shape,
        )
        for tensor, size in zip(parts.state, leaves(description.state_size), strict=True)
    ]


def _output_types(parts: Parts, description: Description) -> list[tuple[DType, TensorShape]]:
    """The type of each leaf of a step's outputs, and its shape but for the batch.

    A traced step says its types. Other outputs are of the state's type; of the inputs' where the state holds
    nothing but counters.
    """
    sizes = [TensorShape(static_sizes(size)) for size in leaves(description.output_size)]
    if isinstance(description, Body):
        return [
            (tensor.dtype.base_dtype, tensor.shape[1:] if tensor.shape.known else size)
            for tensor, size in zip(description.function.outputs, sizes, strict=False)
        ]
    floating = [tensor.dtype.base_dtype for tensor in parts.state if tensor.dtype.is_floating]
    return [(floating[0] if floating else parts.inputs[0].dtype.base_dtype, size) for size in sizes]


def _step_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    parts, description = split_inputs(inputs, attributes), attributes["description"]
    _check_types(parts, description)
    _check_widths(parts, description)
    batch = TensorShape([_batch(parts, 0)])
    types: list[Any] = []
    if has_output(description, parts.lengths is not None):
        types = [(dtype, batch.concatenate(size)) for dtype, size in _output_types(parts, description)]
    return [*types, *_state_types(parts, description, batch[0].value)]


def _loop_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    parts, description = split_inputs(inputs, attributes), attributes["description"]
    _check_types(parts, description)
    _check_widths(parts, description)
    time_axis, batch_axis = (0, 1) if attributes["time_major"] else (1, 0)
    batch = _batch(parts, batch_axis)
    time = parts.inputs[0].shape.known[time_axis] if parts.inputs[0].shape.known else None
    ends = TensorShape([time, batch] if attributes["time_major"] else [batch, time])
    outputs = [(dtype, ends.concatenate(size)) for dtype, size in _output_types(parts, description)]
    return [*outputs, *_state_types(parts, description, batch)]


registry.register("RNNCellStep", _step, _step_rule, stateful=True)
registry.register("DynamicRNN", _loop, _loop_rule, stateful=True)


# -- making them
def _node(op_type: str, name: str, description: Description, parts: Parts, **attributes: Any) -> Operation:
    options = [part for part in (parts.seed, parts.lengths) if part is not None]
    attributes.update(
        description=description,
        input_leaves=len(parts.inputs),
        has_seed=parts.seed is not None,
        has_lengths=parts.lengths is not None,
    )
    return make(op_type, [*parts.inputs, *parts.state, *parts.bound, *options], name, **attributes)


def step(
    description: Description,
    inputs: Sequence[Tensor],
    state: Sequence[Tensor],
    bound: Sequence[Tensor],
    seed: Tensor | None = None,
    lengths: Tensor | None = None,
    index: int = 0,
) -> tuple[list[Tensor], list[Tensor]]:
    """The node of one step: the leaves of its outputs and of its new state."""
    operation = _node(
        "RNNCellStep", "RNNCellStep", description, Parts(inputs, state, bound, seed, lengths), step=index
    )
    count = len(leaves(description.state_size))
    new_state = operation.outputs[len(operation.outputs) - count :]
    if has_output(description, lengths is not None):
        return operation.outputs[: len(operation.outputs) - count], new_state
    return [new_state[description.output_leaf or 0]], new_state


def loop(
    description: Description,
    inputs: Sequence[Tensor],
    state: Sequence[Tensor],
    bound: Sequence[Tensor],
    seed: Tensor | None,
    lengths: Tensor | None,
    time_major: bool,
    swap_memory: bool,
) -> tuple[list[Tensor], list[Tensor]]:
    """The node of a loop over time: the leaves of its outputs and of the final state."""
    parts = Parts(inputs, state, bound, seed, lengths)
    operation = _node(
        "DynamicRNN", "DynamicRNN", description, parts, time_major=time_major, swap_memory=swap_memory
    )
    count = len(leaves(description.output_size))
    return operation.outputs[:count], operation.outputs[count:]
