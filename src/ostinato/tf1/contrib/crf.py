"""The module `tf.contrib.crf`: linear-chain conditional random fields.

>>> import ostinato.tf1 as tf
>>> with tf.Graph().as_default(), tf.Session() as session:
...     potentials = tf.constant([[[1.0, 0.0], [0.0, 0.5], [2.0, 0.0]]])
...     tags, score = tf.contrib.crf.crf_decode(potentials, tf.zeros([2, 2]), tf.constant([3]))
...     session.run([tags, score])
[array([[0, 1, 0]], dtype=int32), array([3.5], dtype=float32)]
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import node_counts
from ..names import absent
from ..ops import (
    array,
    crf,  # noqa: F401  for its entries in the table
    math,
    picking,
    reductions,
)
from ..ops.core import convert_to_tensor, make, one
from ..ops.gathering import gather_nd
from ..ops.lists import stack
from ..rnn_cell_base import RNNCell
from ..tensor import Tensor
from ..variable_scope import get_variable

__all__ = [
    "CrfDecodeBackwardRnnCell",
    "CrfDecodeForwardRnnCell",
    "CrfForwardRnnCell",
    "crf_binary_score",
    "crf_decode",
    "crf_log_likelihood",
    "crf_log_norm",
    "crf_multitag_sequence_score",
    "crf_sequence_score",
    "crf_unary_score",
    "viterbi_decode",
]


def crf_unary_score(tag_indices: Any, sequence_lengths: Any, inputs: Any) -> Tensor:
    """The sums of the tags' own scores, `[batch]` (TF1 symbol: `tf.contrib.crf.crf_unary_score`).

    Args:
        tag_indices: `[batch, steps]` integers.
        sequence_lengths: `[batch]` integers.
        inputs: `[batch, steps, tags]` scores.
    """
    scores = convert_to_tensor(inputs, name="inputs")
    tags = convert_to_tensor(tag_indices, name="tag_indices")
    lengths = convert_to_tensor(sequence_lengths, name="sequence_lengths")
    return one("CrfUnaryScore", [scores, tags, lengths], "Sum")


def crf_binary_score(tag_indices: Any, sequence_lengths: Any, transition_params: Any) -> Tensor:
    """The sums of the scores of one tag following the other, `[batch]` (TF1 symbol:
    `tf.contrib.crf.crf_binary_score`).

    `transition_params[i, j]` is the score of tag j after tag i.
    """
    transitions = convert_to_tensor(transition_params, name="transition_params")
    tags = convert_to_tensor(tag_indices, name="tag_indices")
    lengths = convert_to_tensor(sequence_lengths, name="sequence_lengths")
    return one("CrfBinaryScore", [transitions, tags, lengths], "Sum")


def crf_sequence_score(
    inputs: Any, tag_indices: Any, sequence_lengths: Any, transition_params: Any
) -> Tensor:
    """The scores, not normalised, of tag sequences, `[batch]` (TF1 symbol:
    `tf.contrib.crf.crf_sequence_score`).

    Args:
        inputs: `[batch, steps, tags]` scores of each tag at each step.
        tag_indices: `[batch, steps]` integers.
        sequence_lengths: `[batch]` integers.
        transition_params: `[tags, tags]`.
    """
    unary = crf_unary_score(tag_indices, sequence_lengths, inputs)
    scores = convert_to_tensor(inputs, name="inputs")
    transitions = _of_several_steps(scores, transition_params)
    steps = scores.shape[1].value if scores.shape.ndims else None
    scores.graph.skip(node_counts.of_sequence_score(steps))
    return unary + crf_binary_score(tag_indices, sequence_lengths, transitions)


def _of_several_steps(scores: Tensor, transition_params: Any) -> Tensor:
    """The transitions' scores; where there is one step, as the shape tells, no gradient goes to them: an
    optimizer leaves them alone, as in TensorFlow.
    """
    kind = scores.dtype.base_dtype
    transitions = convert_to_tensor(transition_params, kind, name="transition_params")
    one_step = scores.shape.ndims is not None and scores.shape[1].value == 1
    return array.stop_gradient(transitions) if one_step else transitions


def crf_log_norm(inputs: Any, sequence_lengths: Any, transition_params: Any) -> Tensor:
    """The logarithms of the sums of exp(score) over all tag sequences, `[batch]` (TF1 symbol:
    `tf.contrib.crf.crf_log_norm`).
    """
    scores = convert_to_tensor(inputs, name="inputs")
    transitions = _of_several_steps(scores, transition_params)
    lengths = convert_to_tensor(sequence_lengths, name="sequence_lengths")
    return one("CrfLogNorm", [scores, transitions, lengths], "ReduceLogSumExp")


def crf_multitag_sequence_score(
    inputs: Any, tag_bitmap: Any, sequence_lengths: Any, transition_params: Any
) -> Tensor:
    """The logarithms of the sums of exp(score) over the sequences that a bitmap allows, `[batch]` (TF1
    symbol: `tf.contrib.crf.crf_multitag_sequence_score`).

    `tag_bitmap` `[batch, steps, tags]` is true for the tags that may stand at a step.
    """
    scores = convert_to_tensor(inputs, name="inputs")
    scores.graph.skip(3)  # TensorFlow's choice by the number of steps
    nothing = array.fill(array.shape(scores), float("-inf"))
    allowed = picking.where(tag_bitmap, scores, nothing)
    if scores.shape.ndims is not None and scores.shape[1].value == 1:
        sequence_lengths = array.ones_like(sequence_lengths)  # where there is one step, it always counts
    return crf_log_norm(allowed, sequence_lengths, transition_params)


def crf_log_likelihood(
    inputs: Any, tag_indices: Any, sequence_lengths: Any, transition_params: Any = None
) -> tuple[Tensor, Any]:
    """The logarithms of the probabilities of tag sequences (TF1 symbol: `tf.contrib.crf.crf_log_likelihood`).

    Args:
        inputs: `[batch, steps, tags]` scores of each tag at each step.
        tag_indices: `[batch, steps]` integers.
        sequence_lengths: `[batch]` integers.
        transition_params: `[tags, tags]`; None makes the variable `transitions`.

    Returns:
        (`[batch]` logarithms, the transition scores).
    """
    scores = convert_to_tensor(inputs, name="inputs")
    if transition_params is None:
        count = scores.shape[2].value
        transition_params = get_variable("transitions", [count, count])
    score = crf_sequence_score(scores, tag_indices, sequence_lengths, transition_params)
    return score - crf_log_norm(scores, sequence_lengths, transition_params), transition_params


def crf_decode(potentials: Any, transition_params: Any, sequence_length: Any) -> tuple[Tensor, Tensor]:
    """The tag sequences of the highest scores (TF1 symbol: `tf.contrib.crf.crf_decode`).

    Args:
        potentials: `[batch, steps, tags]` scores.
        transition_params: `[tags, tags]`.
        sequence_length: `[batch]` integers.

    Returns:
        (`[batch, steps]` int32 tags, zeros behind a row's length; `[batch]` scores).
    """
    scores = convert_to_tensor(potentials, name="potentials")
    transitions = convert_to_tensor(transition_params, scores.dtype.base_dtype, name="transition_params")
    lengths = convert_to_tensor(sequence_length, name="sequence_length")
    tags, best = make("CrfDecode", [scores, transitions, lengths], "ReverseSequence").outputs
    return tags, best


def viterbi_decode(score: Any, transition_params: Any) -> tuple[list[Any], Any]:
    """(the tags, the score) of the best sequence, in numpy (TF1 symbol: `tf.contrib.crf.viterbi_decode`).

    Args:
        score: `[steps, tags]` array.
        transition_params: `[tags, tags]` array.

    >>> viterbi_decode(np.array([[1.0, 0.0], [0.0, 0.5]]), np.zeros([2, 2]))[0]
    [0, 1]
    """
    best = score[0]
    pointers = []
    for row in score[1:]:
        ways = np.expand_dims(best, 1) + transition_params
        pointers.append(ways.argmax(0).astype(np.int32))
        best = (row + ways.max(0)).astype(score.dtype)
    tags = [np.argmax(best)]
    for pointer in reversed(pointers):
        tags.append(pointer[tags[-1]])
    # Plain integers, so that a tag is a key and is printed as one.
    return [int(tag) for tag in reversed(tags)], np.max(best)


class _CrfCell(RNNCell):
    def __init__(self, transition_params: Any) -> None:
        super().__init__()
        self._transitions = convert_to_tensor(transition_params, name="transition_params")
        self._num_tags = self._transitions.shape[0].value

    @property
    def state_size(self) -> Any:
        return self._num_tags

    @property
    def output_size(self) -> Any:
        return self._num_tags


class CrfForwardRnnCell(_CrfCell):
    """The logarithms of sums over all sequences so far, by their last tag (TF1 symbol:
    `tf.contrib.crf.CrfForwardRnnCell`).
    """

    def __call__(  # type: ignore[override]
        self, inputs: Any, state: Any, scope: Any = None, **kwargs: Any
    ) -> Any:
        alphas = one("CrfForwardStep", [inputs, state, self._transitions], "add")
        return alphas, alphas


class CrfDecodeForwardRnnCell(_CrfCell):
    """The best scores so far by their last tag, and which tag came before (TF1 symbol:
    `tf.contrib.crf.CrfDecodeForwardRnnCell`).
    """

    def __call__(  # type: ignore[override]
        self, inputs: Any, state: Any, scope: Any = None, **kwargs: Any
    ) -> Any:
        scores = array.expand_dims(state, 2) + array.expand_dims(self._transitions, 0)
        best = inputs + reductions.reduce_max(scores, [1])
        return math.cast(reductions.argmax(scores, 1), "int32"), best


class CrfDecodeBackwardRnnCell(RNNCell):
    """The tags, followed backwards (TF1 symbol: `tf.contrib.crf.CrfDecodeBackwardRnnCell`)."""

    def __init__(self, num_tags: int) -> None:
        super().__init__()
        self._num_tags = num_tags

    @property
    def state_size(self) -> Any:
        return 1

    @property
    def output_size(self) -> Any:
        return 1

    def __call__(  # type: ignore[override]
        self, inputs: Any, state: Any, scope: Any = None, **kwargs: Any
    ) -> Any:
        rows = math.range_(array.shape(inputs)[0])
        places = stack([rows, array.squeeze(state, [1])], axis=1)
        tags = array.expand_dims(gather_nd(inputs, places), -1)
        return tags, tags


__getattr__ = absent("tf.contrib.crf", __all__)
