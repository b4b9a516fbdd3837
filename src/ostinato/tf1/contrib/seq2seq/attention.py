"""Attention mechanisms: what a query is compared with, and how (TF1 module: `tf.contrib.seq2seq`)."""

from __future__ import annotations

import functools
import math as python_math
from collections.abc import Callable
from typing import Any

from ... import layers, nest, node_counts
from ... import variable_scope as vs
from ...dtypes import float32
from ...graph import get_default_graph, name_scope
from ...initializers import Constant, Ones, Zeros
from ...keras_base import Layer
from ...ops import array, nn
from ...tensor import Tensor
from . import scores

__all__ = [
    "AttentionMechanism",
    "BahdanauAttention",
    "BahdanauMonotonicAttention",
    "LuongAttention",
    "LuongMonotonicAttention",
]


class AttentionMechanism:
    """Base of the mechanisms (TF1 symbol: `tf.contrib.seq2seq.AttentionMechanism`).

    One of one's own has `values`, `batch_size`, `alignments_size`, `state_size`, `initial_alignments`,
    `initial_state`, and `__call__(query, state)` that gives alignments and the next state.
    """

    @property
    def alignments_size(self) -> Any:
        raise NotImplementedError(f"{type(self).__name__} does not say its alignments_size.")

    @property
    def state_size(self) -> Any:
        raise NotImplementedError(f"{type(self).__name__} does not say its state_size.")


class BaseAttentionMechanism(AttentionMechanism):
    """A mechanism with a memory, and layers for it and for queries (TensorFlow's `_BaseAttentionMechanism`,
    from which scripts derive their own).

    Args:
        query_layer: a layer for queries, or None.
        memory: `[batch, time, ...]`, an encoder's outputs.
        probability_fn: a function of scores and of the state that gives alignments.
        memory_sequence_length: the rows' lengths: past them the memory counts as zeros, and its scores as
            `score_mask_value`.
        memory_layer: a layer for the memory, which gives the keys; None: the memory itself.
        check_inner_dims_defined: whether the memory's depth must be known.
        score_mask_value: None is minus infinity.
        custom_key_value_fn: a function of keys and values that gives others.
        name: of the scope in which the memory is prepared.

    Raises:
        TypeError: a layer that is none, or a `probability_fn` that is no function.
        ValueError: a memory of unknown depth.
    """

    def __init__(
        self,
        query_layer: Any,
        memory: Any,
        probability_fn: Callable[[Any, Any], Any],
        memory_sequence_length: Any = None,
        memory_layer: Any = None,
        check_inner_dims_defined: bool = True,
        score_mask_value: Any = None,
        custom_key_value_fn: Callable[[Any, Any], Any] | None = None,
        name: str | None = None,
    ) -> None:
        for argument, layer in (("query_layer", query_layer), ("memory_layer", memory_layer)):
            if layer is not None and not isinstance(layer, Layer):
                raise TypeError(f"{argument} is not a Layer: {type(layer).__name__}")
        self._query_layer, self._memory_layer = query_layer, memory_layer
        if not callable(probability_fn):
            raise TypeError(f"probability_fn must be callable, saw type: {type(probability_fn).__name__}")
        with name_scope(name, "BaseAttentionMechanismInit", nest.flatten(memory)):
            self._values = scores.prepare_memory(
                memory,
                memory_sequence_length=memory_sequence_length,
                check_inner_dims_defined=check_inner_dims_defined,
            )
            self._keys = self._values if memory_layer is None else memory_layer(self._values)
            if custom_key_value_fn is not None:
                self._keys, self._values = custom_key_value_fn(self._keys, self._values)
            rows, time = self._keys.shape[0].value, self._keys.shape[1].value
            self._batch_size = rows or array.shape(self._keys)[0]
            self._alignments_size = time or array.shape(self._keys)[1]
            mask = None
            if memory_sequence_length is not None:
                with node_counts.as_many(get_default_graph(), 0):  # TensorFlow's is made at each step
                    mask = scores.sequence_mask_of(memory_sequence_length, self._alignments_size)
        self.dtype = self._keys.dtype.name if memory_layer is None else memory_layer.dtype
        if score_mask_value is None:
            score_mask_value = -python_math.inf

        def probability(score: Any, previous: Any) -> Any:
            if mask is not None:
                get_default_graph().skip(node_counts.MASK_OF_SCORES)
                score = scores.masked(score, mask, score_mask_value)
            return probability_fn(score, previous)

        self._probability_fn = probability

    @property
    def memory_layer(self) -> Any:
        return self._memory_layer

    @property
    def query_layer(self) -> Any:
        return self._query_layer

    @property
    def values(self) -> Any:
        return self._values

    @property
    def keys(self) -> Any:
        return self._keys

    @property
    def batch_size(self) -> Any:
        return self._batch_size

    @property
    def alignments_size(self) -> Any:
        return self._alignments_size

    @property
    def state_size(self) -> Any:
        return self._alignments_size

    def initial_alignments(self, batch_size: Any, dtype: Any) -> Any:
        """The alignments before the first step: zeros."""
        return scores.zeros_of(self._alignments_size, batch_size, dtype)

    def initial_state(self, batch_size: Any, dtype: Any) -> Any:
        """The mechanism's state before the first step: the initial alignments."""
        return self.initial_alignments(batch_size, dtype)


def _dense(num_units: Any, name: str, dtype: Any) -> Any:
    return layers.Dense(num_units, name=name, use_bias=False, dtype=float32 if dtype is None else dtype)


def _of_scores(probability_fn: Callable[[Any], Any] | None) -> Callable[[Any, Any], Any]:
    chosen = nn.softmax if probability_fn is None else probability_fn
    return lambda score, _: chosen(score)


def _luong(mechanism: Any, query: Any) -> Tensor:
    scale = None
    if mechanism._scale:
        scale = vs.get_variable("attention_g", dtype=query.dtype, initializer=Ones(), shape=())
    return scores.luong_score(query, mechanism._keys, scale)


def _bahdanau(mechanism: Any, query: Any) -> Tensor:
    processed = mechanism.query_layer(query) if mechanism.query_layer else query
    units = mechanism._num_units
    v = vs.get_variable("attention_v", [units], dtype=query.dtype)
    if not mechanism._normalize:
        return scores.bahdanau_score(processed, mechanism._keys, v)
    g = vs.get_variable(
        "attention_g", dtype=query.dtype, initializer=Constant(python_math.sqrt(1.0 / units)), shape=()
    )
    b = vs.get_variable("attention_b", [units], dtype=query.dtype, initializer=Zeros())
    return scores.bahdanau_score(processed, mechanism._keys, v, g, b)


def _biased(mechanism: Any, score: Tensor) -> Tensor:
    bias = vs.get_variable("attention_score_bias", dtype=score.dtype, initializer=mechanism._score_bias_init)
    return score + bias


class LuongAttention(BaseAttentionMechanism):
    """Multiplicative attention (TF1 symbol: `tf.contrib.seq2seq.LuongAttention`; Luong et al. 2015): the
    score is the product of the query and the keys.

    Args:
        num_units: the depth of the keys, which is that of the queries.
        memory, memory_sequence_length, score_mask_value, custom_key_value_fn: as the base's.
        scale: whether scores are multiplied by a variable, `attention_g`.
        probability_fn: from scores to alignments; None is `tf.nn.softmax`.
        dtype: of the memory layer.
        name: of the scope in which the memory is prepared.

    Variables: `memory_layer/kernel` where it is made; `luong_attention/attention_g` where it is called.
    """

    def __init__(
        self,
        num_units: Any,
        memory: Any,
        memory_sequence_length: Any = None,
        scale: bool = False,
        probability_fn: Callable[[Any], Any] | None = None,
        score_mask_value: Any = None,
        dtype: Any = None,
        custom_key_value_fn: Any = None,
        name: str = "LuongAttention",
    ) -> None:
        super().__init__(
            query_layer=None,
            memory_layer=_dense(num_units, "memory_layer", dtype),
            memory=memory,
            probability_fn=_of_scores(probability_fn),
            memory_sequence_length=memory_sequence_length,
            score_mask_value=score_mask_value,
            custom_key_value_fn=custom_key_value_fn,
            name=name,
        )
        self._num_units, self._scale, self._name = num_units, scale, name

    def __call__(self, query: Any, state: Any) -> tuple[Any, Any]:
        with vs.variable_scope(None, "luong_attention", [query]):
            score = _luong(self, query)
        alignments = self._probability_fn(score, state)
        return alignments, alignments


class BahdanauAttention(BaseAttentionMechanism):
    """Additive attention (TF1 symbol: `tf.contrib.seq2seq.BahdanauAttention`; Bahdanau et al. 2014): the
    score is the sum of v * tanh(key + query).

    Args:
        num_units: the depth of keys and queries, both made by layers.
        memory, memory_sequence_length, score_mask_value, custom_key_value_fn: as the base's.
        normalize: whether v is normalised (Salimans and Kingma 2016), with the variables `attention_g` and
            `attention_b`.
        probability_fn: from scores to alignments; None is `tf.nn.softmax`.
        dtype: of the layers.
        name: of the scope in which the memory is prepared.

    Variables: `memory_layer/kernel` where it is made; `bahdanau_attention/query_layer/kernel` and
    `bahdanau_attention/attention_v` where it is called.
    """

    def __init__(
        self,
        num_units: Any,
        memory: Any,
        memory_sequence_length: Any = None,
        normalize: bool = False,
        probability_fn: Callable[[Any], Any] | None = None,
        score_mask_value: Any = None,
        dtype: Any = None,
        custom_key_value_fn: Any = None,
        name: str = "BahdanauAttention",
    ) -> None:
        super().__init__(
            query_layer=_dense(num_units, "query_layer", dtype),
            memory_layer=_dense(num_units, "memory_layer", dtype),
            memory=memory,
            probability_fn=_of_scores(probability_fn),
            custom_key_value_fn=custom_key_value_fn,
            memory_sequence_length=memory_sequence_length,
            score_mask_value=score_mask_value,
            name=name,
        )
        self._num_units, self._normalize, self._name = num_units, normalize, name

    def __call__(self, query: Any, state: Any) -> tuple[Any, Any]:
        with vs.variable_scope(None, "bahdanau_attention", [query]):
            score = _bahdanau(self, query)
        alignments = self._probability_fn(score, state)
        return alignments, alignments


class BaseMonotonicAttentionMechanism(BaseAttentionMechanism):
    """A mechanism whose alignments begin at the first entry."""

    def initial_alignments(self, batch_size: Any, dtype: Any) -> Any:
        """The alignments before the first step: 1 at the first entry."""
        return scores.ones_at_first(self._alignments_size, batch_size, dtype)


def _of_monotonic(sigmoid_noise: float, mode: str, seed: int | None) -> Callable[[Any, Any], Any]:
    return functools.partial(
        scores.monotonic_probability_fn, sigmoid_noise=sigmoid_noise, mode=mode, seed=seed
    )


class BahdanauMonotonicAttention(BaseMonotonicAttentionMechanism):
    """Additive attention that only goes forward (TF1 symbol:
    `tf.contrib.seq2seq.BahdanauMonotonicAttention`; Raffel et al. 2017).

    Args:
        sigmoid_noise: the deviation of noise added to the scores, with `sigmoid_noise_seed`.
        score_bias_init: what `attention_score_bias`, added to the scores, begins with.
        mode: as `tf.contrib.seq2seq.monotonic_attention`'s.

    The others are `BahdanauAttention`'s.
    """

    def __init__(
        self,
        num_units: Any,
        memory: Any,
        memory_sequence_length: Any = None,
        normalize: bool = False,
        score_mask_value: Any = None,
        sigmoid_noise: float = 0.0,
        sigmoid_noise_seed: int | None = None,
        score_bias_init: Any = 0.0,
        mode: str = "parallel",
        dtype: Any = None,
        name: str = "BahdanauMonotonicAttention",
    ) -> None:
        super().__init__(
            query_layer=_dense(num_units, "query_layer", dtype),
            memory_layer=_dense(num_units, "memory_layer", dtype),
            memory=memory,
            probability_fn=_of_monotonic(sigmoid_noise, mode, sigmoid_noise_seed),
            memory_sequence_length=memory_sequence_length,
            score_mask_value=score_mask_value,
            name=name,
        )
        self._num_units, self._normalize, self._name = num_units, normalize, name
        self._score_bias_init = score_bias_init

    def __call__(self, query: Any, state: Any) -> tuple[Any, Any]:
        with vs.variable_scope(None, "bahdanau_monotonic_attention", [query]):
            score = _biased(self, _bahdanau(self, query))
        alignments = self._probability_fn(score, state)
        return alignments, alignments


class LuongMonotonicAttention(BaseMonotonicAttentionMechanism):
    """Multiplicative attention that only goes forward (TF1 symbol:
    `tf.contrib.seq2seq.LuongMonotonicAttention`; Raffel et al. 2017).

    Args:
        sigmoid_noise: the deviation of noise added to the scores, with `sigmoid_noise_seed`.
        score_bias_init: what `attention_score_bias`, added to the scores, begins with.
        mode: as `tf.contrib.seq2seq.monotonic_attention`'s.

    The others are `LuongAttention`'s.
    """

    def __init__(
        self,
        num_units: Any,
        memory: Any,
        memory_sequence_length: Any = None,
        scale: bool = False,
        score_mask_value: Any = None,
        sigmoid_noise: float = 0.0,
        sigmoid_noise_seed: int | None = None,
        score_bias_init: Any = 0.0,
        mode: str = "parallel",
        dtype: Any = None,
        name: str = "LuongMonotonicAttention",
    ) -> None:
        super().__init__(
            query_layer=None,
            memory_layer=_dense(num_units, "memory_layer", dtype),
            memory=memory,
            probability_fn=_of_monotonic(sigmoid_noise, mode, sigmoid_noise_seed),
            memory_sequence_length=memory_sequence_length,
            score_mask_value=score_mask_value,
            name=name,
        )
        self._num_units, self._scale, self._name = num_units, scale, name
        self._score_bias_init = score_bias_init

    def __call__(self, query: Any, state: Any) -> tuple[Any, Any]:
        with vs.variable_scope(None, "luong_monotonic_attention", [query]):
            score = _biased(self, _luong(self, query))
        alignments = self._probability_fn(score, state)
        return alignments, alignments
