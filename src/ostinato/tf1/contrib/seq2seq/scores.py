"""What attention mechanisms are made of: scores, masks, and functions from scores to alignments."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import nest, node_counts
from ...check_ops import assert_positive
from ...dtypes import as_dtype, bool_, int32
from ...graph import control_dependencies, get_default_graph, name_scope
from ...ops import array, math, picking
from ...ops import attention as _nodes
from ...ops.core import constant, convert_to_tensor, one
from ...ops.random import random_normal
from ...registry import constant_value
from ...shapes import as_shape
from ...tensor import Tensor

__all__ = ["hardmax", "monotonic_attention", "safe_cumprod"]

_LENGTHS = "All values in memory_sequence_length must be greater than zero."
NODES = _nodes  # registers the operations that are made here


def sequence_mask_of(memory_sequence_length: Any, maxlen: Any) -> Tensor:
    """Which entries of a memory are not padding. Run, it stops where a length is not above 0."""
    lengths = convert_to_tensor(memory_sequence_length, name="memory_sequence_length")
    with control_dependencies([assert_positive(lengths, message=_LENGTHS)]):
        return picking.sequence_mask(lengths, maxlen=maxlen)


def prepare_memory(
    memory: Any,
    memory_sequence_length: Any = None,
    memory_mask: Any = None,
    check_inner_dims_defined: bool = True,
) -> Any:
    """The memory as tensors, with zeros past the lengths (TensorFlow's `_prepare_memory`).

    Raises:
        ValueError: a size past the first two is not known, or both lengths and a mask are given.
    """
    memory = nest.map_structure(lambda leaf: convert_to_tensor(leaf, name="memory"), memory)
    if memory_sequence_length is not None and memory_mask is not None:
        raise ValueError("memory_sequence_length and memory_mask can't be provided at same time.")
    for leaf in nest.flatten(memory) if check_inner_dims_defined else ():
        if not leaf.shape[2:].is_fully_defined():
            raise ValueError(
                f"Expected memory {leaf.name} to have fully defined inner dims, but saw shape: {leaf.shape}"
            )
    if memory_sequence_length is not None:
        first = nest.flatten(memory)[0]
        lengths = convert_to_tensor(memory_sequence_length, name="memory_sequence_length")
        memory_mask = picking.sequence_mask(lengths, maxlen=array.shape(first)[1])
    if memory_mask is None:
        return memory
    mask = math.cast(memory_mask, bool_)
    return nest.map_structure(lambda leaf: one("MaskedMemory", [leaf, mask], "mul"), memory)


def maybe_mask_score(
    score: Any, memory_sequence_length: Any = None, memory_mask: Any = None, score_mask_value: Any = None
) -> Tensor:
    """The scores, and the mask value in the padding (TensorFlow's `_maybe_mask_score`)."""
    if memory_sequence_length is None and memory_mask is None:
        return score
    if memory_sequence_length is not None and memory_mask is not None:
        raise ValueError("memory_sequence_length and memory_mask can't be provided at same time.")
    if memory_mask is None:
        memory_mask = sequence_mask_of(memory_sequence_length, array.shape(score)[1])
    return masked(score, memory_mask, score_mask_value)


def masked(score: Tensor, mask: Tensor, value: Any) -> Tensor:
    if not isinstance(value, Tensor):
        value = constant(np.asarray(value, score.dtype.as_numpy_dtype), name="score_mask_value")
    return one("MaskedScore", [score, mask, value], "Select")


def luong_score(query: Tensor, keys: Tensor, scale: Any) -> Tensor:
    """The product of query and keys (TensorFlow's `_luong_score`).

    Raises:
        ValueError: they differ in depth.
    """
    depth, key_units = query.shape[-1], keys.shape[-1]
    if depth.value is None or depth.value != key_units.value:
        raise ValueError(
            "Incompatible or unknown inner dimensions between query and keys.  "
            f"Query ({query}) has units: {depth}.  Keys ({keys}) have units: {key_units}.  "
            f"Perhaps you need to set num_units to the keys' dimension ({key_units})?"
        )
    if scale is None:
        return one("LuongScore", [query, keys], "Squeeze")
    return one("LuongScore", [query, keys, convert_to_tensor(scale)], "mul")


def bahdanau_score(
    processed_query: Tensor, keys: Tensor, attention_v: Any, attention_g: Any = None, attention_b: Any = None
) -> Tensor:
    """The sum of v * tanh(keys + query) (TensorFlow's `_bahdanau_score`)."""
    inputs = [processed_query, keys, convert_to_tensor(attention_v)]
    if attention_g is not None and attention_b is not None:
        inputs += [convert_to_tensor(attention_g), convert_to_tensor(attention_b)]
    return one("BahdanauScore", inputs, "Sum")


def hardmax(logits: Any, name: str | None = None) -> Tensor:
    """1 at the largest of the last axis and 0 elsewhere (TF1 symbol: `tf.contrib.seq2seq.hardmax`).

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     session.run(tf.contrib.seq2seq.hardmax([[1.0, 3.0, 3.0]])).tolist()
    [[0.0, 1.0, 0.0]]
    """
    with name_scope(name, "Hardmax", [logits]):
        return one("Hardmax", [convert_to_tensor(logits, name="logits")], "one_hot")


def safe_cumprod(
    x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
) -> Tensor:
    """The running product of numbers in [0, 1], by way of their logarithms (TF1 symbol:
    `tf.contrib.seq2seq.safe_cumprod`); arguments as `tf.cumprod`'s.
    """
    with name_scope(None, "SafeCumprod", [x]):
        tensor = convert_to_tensor(x, name="x")
        along = axis if isinstance(axis, int) else constant_value(convert_to_tensor(axis))
        if along is None:
            raise ValueError("safe_cumprod needs an axis that is known when the graph is made.")
        attributes = {"axis": int(along), "exclusive": bool(exclusive), "reverse": bool(reverse)}
        return one("SafeCumprod", [tensor], "Exp", **attributes)


_LAST_NODES = {"recursive": "mul", "parallel": "mul_1", "hard": "mul_1"}


def monotonic_attention(p_choose_i: Any, previous_attention: Any, mode: str) -> Tensor:
    """How probable it is that each entry is attended to, of entries looked at from left to right (TF1 symbol:
    `tf.contrib.seq2seq.monotonic_attention`; Raffel et al. 2017).

    Args:
        p_choose_i: the probability of stopping at an entry that is looked at, `[batch, time]`.
        previous_attention: of the step before; at first 1 at the first entry.
        mode: "recursive", exact; "parallel", by cumulative sums; "hard", for probabilities that are 0 or 1.

    Raises:
        ValueError: another mode.
    """
    chosen = convert_to_tensor(p_choose_i, name="p_choose_i")
    previous = convert_to_tensor(previous_attention, name="previous_attention")
    if mode not in _LAST_NODES:
        raise ValueError("mode must be 'recursive', 'parallel', or 'hard'.")
    return one("MonotonicAttention", [chosen, previous], _LAST_NODES[mode], mode=mode)


def monotonic_probability_fn(
    score: Tensor, previous_alignments: Any, sigmoid_noise: float, mode: str, seed: int | None = None
) -> Tensor:
    """Monotonic alignments of scores, with noise of that deviation added (TensorFlow's
    `_monotonic_probability_fn`).
    """
    if sigmoid_noise > 0:
        noise = random_normal(array.shape(score), dtype=score.dtype.base_dtype, seed=seed)
        score = score + sigmoid_noise * noise
    chosen = math.cast(score > 0, score.dtype) if mode == "hard" else math.sigmoid(score)
    return monotonic_attention(chosen, previous_alignments, mode)


def zeros_of(size: Any, batch_size: Any, dtype: Any) -> Tensor:
    """Zeros `[batch_size, *size]`; either may be a scalar tensor."""
    sizes = [batch_size, *([size] if isinstance(size, Tensor) else as_shape(size).as_list())]
    graph = get_default_graph()
    with node_counts.as_many(graph, node_counts.of_attentions_zeros(size, batch_size)):
        zeros = array.zeros(sizes, dtype)
    known = [constant_value(part) if isinstance(part, Tensor) else part for part in sizes]
    zeros.set_shape([None if part is None else int(part) for part in known])
    return zeros


def ones_at_first(size: Any, batch_size: Any, dtype: Any) -> Tensor:
    """`[batch_size, size]` with 1 in the first column and 0 elsewhere."""
    return picking.one_hot(array.zeros([batch_size], dtype=int32), size, dtype=as_dtype(dtype))
