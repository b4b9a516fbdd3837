"""`tf.keras.backend.rnn`: a step function over the steps of a sequence."""

from __future__ import annotations

from typing import Any

from .. import nest
from ..control_flow import while_loop
from ..ops import array
from ..ops.core import constant, convert_to_tensor
from ..ops.lists import stack
from ..ops.math import cast, less
from ..ops.picking import reverse, where
from ..tensor import Tensor
from ..tensor_array import TensorArray


def _swapped(tensor: Any) -> Tensor:
    rank = len(tensor.shape)
    return array.transpose(tensor, [1, 0, *range(2, rank)])


def _chosen(mask: Tensor, new: Any, old: Any) -> Tensor:
    """The new rows where the mask says so, and the old ones elsewhere."""
    spread = mask
    for _ in range(len(new.shape) - len(mask.shape)):
        spread = array.expand_dims(spread, -1)
    wide = cast(spread, "int32") + array.zeros_like(new, dtype="int32")
    return where(cast(wide, "bool"), new, old)


def rnn(
    step_function: Any,
    inputs: Any,
    initial_states: Any,
    go_backwards: bool = False,
    mask: Any = None,
    constants: Any = None,
    unroll: bool = False,
    input_length: Any = None,
    time_major: bool = False,
    zero_output_for_mask: bool = False,
) -> tuple[Any, Any, Any]:
    """(the last output, all outputs, the last states) of a step function over time (TF1 symbol:
    `tf.keras.backend.rnn`).

    Args:
        step_function: called with a step's inputs and the states; gives the output and new states.
        inputs: a tensor [batch, time, ...], or a nest of them.
        initial_states: a list.
        go_backwards: whether the last step is the first.
        mask: [batch, time]: a step that it leaves out keeps the states, and repeats the output before it (or
            gives zeros, for `zero_output_for_mask`).
        constants: more values for each step, behind its states.
        unroll: whether each step has nodes of its own.
        input_length: not needed.
        time_major: whether inputs and outputs are [time, batch, ...].

    Raises:
        ValueError: the number of steps is not known where it is to be unrolled.
    """
    more = list(constants or [])
    steps = nest.map_structure(lambda item: item if time_major else _swapped(item), inputs)
    flat = [convert_to_tensor(item) for item in nest.flatten(steps)]
    count = flat[0].shape.as_list()[0]
    masks = None
    if mask is not None:
        masks = cast(mask, "bool")
        if len(masks.shape) == 2:
            masks = array.expand_dims(masks, -1)
        masks = masks if time_major else _swapped(masks)
    if go_backwards:
        flat = [reverse(item, [0]) for item in flat]
        masks = None if masks is None else reverse(masks, [0])
    states = nest.flatten(initial_states)
    structure = initial_states

    def step(time: Any, states: list[Any], before: Any) -> tuple[Any, list[Any]]:
        now = nest.pack_sequence_as(inputs, [item[time] for item in flat])
        packed = nest.pack_sequence_as(structure, states) if states else []
        output, new = step_function(now, [*packed, *more])
        new_flat = nest.flatten(new)
        if masks is not None:
            kept = masks[time]
            outputs = nest.flatten(output)
            old = [array.zeros_like(item) for item in outputs] if zero_output_for_mask else before(outputs)
            output = nest.pack_sequence_as(
                output, [_chosen(kept, item, other) for item, other in zip(outputs, old, strict=True)]
            )
            new_flat = [_chosen(kept, item, other) for item, other in zip(new_flat, states, strict=True)]
        return output, new_flat

    if unroll:
        if not count:
            raise ValueError("Unrolling requires a fixed number of timesteps.")
        last: Any = None
        collected: list[list[Any]] = []
        for time in range(count):
            known: Any = last

            def before(outputs: list[Any], known: Any = known) -> list[Any]:
                return [array.zeros_like(item) for item in outputs] if known is None else nest.flatten(known)

            last, states = step(time, states, before)
            collected.append(nest.flatten(last))
        flat_outputs = [stack([row[place] for row in collected]) for place in range(len(collected[0]))]
        shape_of_output = last
    else:
        shape_of_output, flat_outputs, states = _looped(step, flat, states, masks is not None)
    last_output = nest.pack_sequence_as(shape_of_output, [item[-1] for item in flat_outputs])
    for whole in flat_outputs:
        sizes = whole.shape.as_list()
        whole.set_shape([count, *sizes[1:]])
    outputs = [item if time_major else _swapped(item) for item in flat_outputs]
    return (
        last_output,
        nest.pack_sequence_as(shape_of_output, outputs),
        nest.pack_sequence_as(structure, states) if states else [],
    )


def _looped(step: Any, flat: list[Any], states: list[Any], is_masked: bool) -> Any:
    """The steps by a loop: (an output's structure, outputs over time, last states)."""
    count = array.shape(flat[0])[0]
    # The first step is made once outside of the loop, for its types, shapes and structure.
    sample, _ = step(0, states, lambda outputs: [array.zeros_like(item) for item in outputs])
    samples = nest.flatten(sample)
    arrays = [TensorArray(item.dtype, size=count, element_shape=item.shape) for item in samples]
    zeros = [array.zeros_like(item) for item in samples] if is_masked else []

    def body(time: Any, arrays: Any, before: Any, states: Any) -> Any:
        output, new = step(time, list(states), lambda outputs: list(before))
        outputs = nest.flatten(output)
        for item, old in zip(new, states, strict=True):
            item.set_shape(old.shape)
        written = [array_.write(time, item) for array_, item in zip(arrays, outputs, strict=True)]
        return time + 1, tuple(written), tuple(outputs) if is_masked else (), tuple(new)

    _, arrays, _, ends = while_loop(
        lambda time, *_: less(time, count),
        body,
        (constant(0), tuple(arrays), tuple(zeros), tuple(states)),
        maximum_iterations=count,
    )
    return sample, [item.stack() for item in arrays], list(ends)
