"""The nodes of decoding loops: inputs of the next step, and beam search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ostinato.steps import beam_search as maths

from .. import registry
from ..dtypes import int32, int64
from ..errors import InvalidArgumentError
from ..registry import OutputTypes
from ..shapes import TensorShape
from ..tensor import Operation, Tensor
from .core import convert_to_tensor, make, one
from .tensor_array import Elements


# -- the next inputs of a decoder that is trained
def _read(
    array: Elements, time: torch.Tensor, flow: torch.Tensor, finished: torch.Tensor, zeros: torch.Tensor
) -> torch.Tensor:
    return zeros if finished.all() else array.read(int(time))


registry.register(
    "ReadUnlessFinished", _read, lambda inputs, attributes: [(inputs[4].dtype.base_dtype, inputs[4].shape)]
)


def read_unless_all(array: Any, index: Any, finished: Tensor, zeros: Tensor) -> Tensor:
    """An element of a TensorArray, or zeros where every row has finished (and there may be none)."""
    place = convert_to_tensor(index, int32, name="index")
    return one("ReadUnlessFinished", [array.handle, place, array.flow, finished, zeros], "cond/Merge")


def _imputed(values: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    kept = mask.reshape(*mask.shape, *[1] * (values.dim() - 2))
    return torch.where(kept, values, torch.zeros((), dtype=values.dtype, device=values.device))


registry.register("ZeroPastLengths", _imputed, registry.same)


# -- beam search
def _beam_search(
    logits: torch.Tensor,
    log_probs: torch.Tensor,
    finished: torch.Tensor,
    lengths: torch.Tensor,
    end_token: torch.Tensor,
    length_penalty_weight: torch.Tensor,
    coverage_penalty_weight: torch.Tensor,
    *attention: torch.Tensor,
    has_length_penalty: bool,
) -> Sequence[torch.Tensor]:
    probabilities, accumulated = attention or (None, None)
    step = maths.beam_search_step(
        logits,
        log_probs,
        finished,
        lengths,
        end_token,
        length_penalty_weight=length_penalty_weight if has_length_penalty else 0.0,
        coverage_penalty_weight=coverage_penalty_weight,
        attention=probabilities,
        accumulated=accumulated,
    )
    found = list(step[:-1])
    return found if step.accumulated is None else [*found, step.accumulated]


def _merge(values: torch.Tensor) -> torch.Tensor:
    return values.flatten(0, 1)


def _split(values: torch.Tensor, batch: torch.Tensor, beam_width: int) -> torch.Tensor:
    return values.reshape(int(batch), beam_width, *values.shape[1:])


def _merge_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    shape = inputs[0].shape
    if shape.ndims is None:
        return [(inputs[0].dtype.base_dtype, TensorShape(None))]
    rows = [registry.product(shape.as_list()[:2])]
    return [(inputs[0].dtype.base_dtype, TensorShape(rows).concatenate(shape[2:]))]


def _split_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    values, width = inputs[0], attributes["beam_width"]
    if values.shape.ndims is None:
        return [(values.dtype.base_dtype, TensorShape(None))]
    rows, batch = values.shape[0].value, registry.constant_value(inputs[1])
    if rows is not None:  # whoever asks for it says what is wrong where that is not the batch
        batch = rows // width
    sizes = TensorShape([None if batch is None else int(batch), width])
    return [(values.dtype.base_dtype, sizes.concatenate(values.shape[1:]))]


def _beam_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    shape, dtype = inputs[1].shape, inputs[1].dtype.base_dtype
    types = [dtype, int32, int32, dtype, inputs[2].dtype.base_dtype, int64]
    places = TensorShape([None if shape.ndims is None else registry.product(shape.as_list())])
    found = [*[(each, shape) for each in types], (int64, places)]
    return [*found, (inputs[8].dtype.base_dtype, inputs[8].shape)] if len(inputs) > 7 else found


def _gather_beams(values: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    return values.flatten(0, 1).index_select(0, places).view(values.shape)


def _gather_tree(run: Any, operation: Operation, *inputs: torch.Tensor) -> torch.Tensor:
    try:
        return maths.gather_tree(*inputs)
    except ValueError as problem:
        raise InvalidArgumentError(
            None, operation, f"{problem}\n\t [[node {operation.name} ({operation.type})]]"
        ) from None


def _reordered(values: torch.Tensor, parents: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    batch, beams = parents.shape[1:]
    if values.shape[1] != batch * beams and tuple(values.shape[1:3]) != (batch, beams):
        raise ValueError(
            "TensorArray reordering expects elements to be reshapable to [batch_size, beam_size, -1] which "
            f"is incompatible with the dynamic shape of {list(values.shape)} elements. Consider setting "
            "reorder_tensor_arrays to False to disable TensorArray reordering during the beam search."
        )
    return maths.reordered(values, parents, lengths)


def _tree_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    step_ids, parent_ids, lengths, end_token = (tensor.shape for tensor in inputs)
    if step_ids.ndims not in (None, 3):
        raise registry.ShapeMismatch(f"Shape must be rank 3 but is rank {step_ids.ndims}")
    for shape, rank in ((lengths, 1), (end_token, 0)):
        if shape.ndims not in (None, rank):
            raise registry.ShapeMismatch(f"Shape must be rank {rank} but is rank {shape.ndims}")
    merged = step_ids.merge_with(parent_ids).merge_with(TensorShape([None, None, None]))
    return [(inputs[0].dtype.base_dtype, merged)]


registry.register("BeamSearchStep", _beam_search, _beam_rule)
registry.register("MergeBeams", _merge, _merge_rule)
registry.register("SplitBeams", _split, _split_rule)
registry.register("GatherBeams", _gather_beams, registry.same)
registry.register("GatherTree", _gather_tree, _tree_rule, stateful=True, differentiable=False)
registry.register("ReorderedBeams", _reordered, registry.same)


def beam_search_step(inputs: Sequence[Tensor], has_length_penalty: bool) -> Sequence[Tensor]:
    """The tensors of a `BeamStep`."""
    return make("BeamSearchStep", inputs, "BeamSearchStep", has_length_penalty=has_length_penalty).outputs
