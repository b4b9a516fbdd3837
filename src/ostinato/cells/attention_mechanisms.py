"""Attention mechanisms: modules that say how a query is compared with a memory."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ostinato._external import external
from ostinato._init import Initializer
from ostinato.cells.parameters import fill, own
from ostinato.memory.invariant import loop_invariant
from ostinato.steps import Parameter, attention
from ostinato.steps.family import check_positive_integer


class Memory(NamedTuple):
    """What is attended to: `values` `[batch, time, memory_size]`, their `keys` `[batch, time, num_units]`,
    and the `mask` `[batch, time]` of what is no padding, or None.
    """

    values: Tensor
    keys: Tensor
    mask: Tensor | None


@external
def _check_positive(lengths: Tensor) -> None:
    if (lengths <= 0).any():
        raise ValueError("All values in memory_sequence_length must be greater than zero.")


class AttentionMechanism(nn.Module):
    """Base of the mechanisms: derive from it, with `score(query, keys)`.

    `mechanism.memory(values, sequence_length)` makes a `Memory` of an encoder's outputs; then
    `mechanism(query, memory, alignments)` gives alignments `[batch, time]` of a query `[batch, query_size]`
    (`alignments`: those of the step before, which monotonic attention goes on from).
    """

    memory_layer: nn.Module
    query_layer: nn.Module
    attention_v: Tensor
    attention_g: Tensor
    attention_b: Tensor
    attention_score_bias: Tensor

    def __init__(
        self,
        parameters: list[Parameter],
        memory_size: int,
        probability_fn: Callable[[Tensor], Tensor] | None = None,
        score_mask_value: float = -math.inf,
        initializer: Initializer | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        for spec in parameters:
            for size in spec.shape:
                check_positive_integer(spec.name, size)
        self.memory_size = memory_size
        self.score_mask_value = score_mask_value
        self.probability_fn = probability_fn
        fill(own(self, parameters, device, dtype), initializer)

    def memory(self, values: Tensor, sequence_length: Tensor | None = None) -> Memory:
        """What is attended to, with zeros and no attention past the rows' lengths.

        Raises:
            ValueError: values of another depth, lengths that are no vector of `batch`, or one below 1.
        """
        if values.dim() != 3 or values.shape[2] != self.memory_size:
            raise ValueError(
                f"A memory is [batch, time, {self.memory_size}] here, but the values are "
                f"{list(values.shape)}."
            )
        mask = None
        if sequence_length is not None:
            lengths = torch.as_tensor(sequence_length, device=values.device)
            if tuple(lengths.shape) != (values.shape[0],):
                raise ValueError(
                    f"sequence_length must have the shape [{values.shape[0]}], but has {list(lengths.shape)}."
                )
            if lengths.device.type == "cpu":
                _check_positive(lengths)
            mask = torch.arange(values.shape[1], device=values.device) < lengths.unsqueeze(1)
            values = attention.masked_memory(values, mask)
        return Memory(values, values @ kernel_of(self.memory_layer), mask)

    def initial_alignments(self, memory: Memory) -> Tensor:
        """The alignments before the first step: zeros."""
        return memory.values.new_zeros(memory.values.shape[:2])

    def score(self, query: Tensor, keys: Tensor) -> Tensor:
        """How well each key fits the query, `[batch, time]`."""
        raise NotImplementedError(f"{type(self).__name__} does not define score(query, keys).")

    def align(self, score: Tensor, alignments: Tensor) -> Tensor:
        """Alignments of masked scores."""
        return torch.softmax(score, 1) if self.probability_fn is None else self.probability_fn(score)

    def forward(self, query: Tensor, memory: Memory, alignments: Tensor) -> Tensor:
        score = self.score(query, memory.keys)
        if memory.mask is not None:
            score = attention.masked_score(score, memory.mask, self.score_mask_value)
        return self.align(score, alignments)


def kernel_of(layer: nn.Module) -> Tensor:
    """The kernel of a layer without a bias."""
    kernel: Tensor = layer.get_parameter("kernel")
    return kernel


def _layer(name: str, rows: int, columns: int) -> Parameter:
    return Parameter(f"{name}/kernel", (rows, columns))


def _luong(num_units: int, memory_size: int, scale: bool) -> list[Parameter]:
    found = [_layer("memory_layer", memory_size, num_units)]
    return [*found, Parameter("attention_g", (), 1.0)] if scale else found


def _bahdanau(num_units: int, query_size: int, memory_size: int, normalize: bool) -> list[Parameter]:
    found = [
        _layer("memory_layer", memory_size, num_units),
        _layer("query_layer", query_size, num_units),
        Parameter("attention_v", (num_units,)),
    ]
    if normalize:
        found.append(Parameter("attention_g", (), math.sqrt(1.0 / num_units)))
        found.append(Parameter("attention_b", (num_units,), 0.0))
    return found


class LuongAttention(AttentionMechanism):
    """Multiplicative attention: the score is query . key (Luong et al. 2015). TF1:
    `tf.contrib.seq2seq.LuongAttention`.

    Args:
        num_units: the depth of the keys, which is that of the queries.
        memory_size: the depth of the memory.
        scale: whether scores are multiplied by a parameter, `attention_g`.
        probability_fn: from scores to alignments; None is a softmax.
        score_mask_value: what the padding scores.
        initializer, device, dtype: of the parameters.

    Parameters: `memory_layer.kernel` `[memory_size, num_units]`, `attention_g`.

    >>> attention = LuongAttention(4, memory_size=3)
    >>> memory = attention.memory(torch.ones(2, 5, 3), torch.tensor([5, 1]))
    >>> attention(torch.ones(2, 4), memory, attention.initial_alignments(memory))[1]
    tensor([1., 0., 0., 0., 0.], grad_fn=<SelectBackward0>)
    """

    def __init__(
        self,
        num_units: int,
        memory_size: int,
        *,
        scale: bool = False,
        probability_fn: Callable[[Tensor], Tensor] | None = None,
        score_mask_value: float = -math.inf,
        initializer: Initializer | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        parameters = _luong(num_units, memory_size, scale)
        super().__init__(
            parameters, memory_size, probability_fn, score_mask_value, initializer, device, dtype
        )
        self.scale = scale

    def score(self, query: Tensor, keys: Tensor) -> Tensor:
        return attention.luong_score(query, keys, self.attention_g if self.scale else None)


class BahdanauAttention(AttentionMechanism):
    """Additive attention: the score is sum(v * tanh(key + query)) (Bahdanau et al. 2014). TF1:
    `tf.contrib.seq2seq.BahdanauAttention`.

    Args:
        num_units: the depth of keys and queries, both made by a layer.
        query_size: the depth of the queries, as a cell outputs them.
        memory_size: the depth of the memory.
        normalize: whether v is normalised (Salimans and Kingma 2016), with `attention_g`, `attention_b`.
        probability_fn, score_mask_value, initializer, device, dtype: as `LuongAttention`'s.

    Parameters: `memory_layer.kernel` `[memory_size, num_units]`, `query_layer.kernel` `[query_size,
    num_units]`, `attention_v` `[num_units]`, `attention_g`, `attention_b`.
    """

    def __init__(
        self,
        num_units: int,
        query_size: int,
        memory_size: int,
        *,
        normalize: bool = False,
        probability_fn: Callable[[Tensor], Tensor] | None = None,
        score_mask_value: float = -math.inf,
        initializer: Initializer | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        parameters = _bahdanau(num_units, query_size, memory_size, normalize)
        super().__init__(
            parameters, memory_size, probability_fn, score_mask_value, initializer, device, dtype
        )
        self.normalize = normalize

    def score(self, query: Tensor, keys: Tensor) -> Tensor:
        return _bahdanau_score(self, query, keys, self.normalize)


def _bahdanau_score(mechanism: AttentionMechanism, query: Tensor, keys: Tensor, normalize: bool) -> Tensor:
    g, b = (mechanism.attention_g, mechanism.attention_b) if normalize else (None, None)
    processed = query @ kernel_of(mechanism.query_layer)
    return attention.bahdanau_score(processed, keys, mechanism.attention_v, g, b)


class _Monotonic(AttentionMechanism):
    """Attention that only goes forward."""

    mode: str
    sigmoid_noise: float

    def initial_alignments(self, memory: Memory) -> Tensor:
        """The alignments before the first step: 1 at the first entry."""
        batch, time = memory.values.shape[:2]
        return attention.dirac(batch, time, memory.values)

    def align(self, score: Tensor, alignments: Tensor) -> Tensor:
        noise = torch.randn_like(score) * self.sigmoid_noise if self.sigmoid_noise > 0 else None
        return attention.monotonic_probability(score, alignments, self.mode, noise)

    def _settle(self, mode: str, sigmoid_noise: float) -> None:
        if mode not in attention.MODES:
            raise ValueError("mode must be 'recursive', 'parallel', or 'hard'.")
        self.mode, self.sigmoid_noise = mode, sigmoid_noise


class LuongMonotonicAttention(_Monotonic):
    """Multiplicative attention that only goes forward (Raffel et al. 2017). TF1:
    `tf.contrib.seq2seq.LuongMonotonicAttention`.

    Args:
        sigmoid_noise: the deviation of noise added to the scores, for training.
        score_bias_init: what `attention_score_bias`, added to the scores, begins with.
        mode: "recursive", "parallel" or "hard", as for `ostinato.steps.attention.monotonic_attention`.

    The others are `LuongAttention`'s.
    """

    def __init__(
        self,
        num_units: int,
        memory_size: int,
        *,
        scale: bool = False,
        score_mask_value: float = -math.inf,
        sigmoid_noise: float = 0.0,
        score_bias_init: float = 0.0,
        mode: str = "parallel",
        initializer: Initializer | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        bias = Parameter("attention_score_bias", (), score_bias_init)
        parameters = [*_luong(num_units, memory_size, scale), bias]
        super().__init__(parameters, memory_size, None, score_mask_value, initializer, device, dtype)
        self.scale = scale
        self._settle(mode, sigmoid_noise)

    def score(self, query: Tensor, keys: Tensor) -> Tensor:
        scale = self.attention_g if self.scale else None
        return attention.luong_score(query, keys, scale) + self.attention_score_bias


class BahdanauMonotonicAttention(_Monotonic):
    """Additive attention that only goes forward (Raffel et al. 2017). TF1:
    `tf.contrib.seq2seq.BahdanauMonotonicAttention`.

    The arguments are `BahdanauAttention`'s and `LuongMonotonicAttention`'s.
    """

    def __init__(
        self,
        num_units: int,
        query_size: int,
        memory_size: int,
        *,
        normalize: bool = False,
        score_mask_value: float = -math.inf,
        sigmoid_noise: float = 0.0,
        score_bias_init: float = 0.0,
        mode: str = "parallel",
        initializer: Initializer | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        bias = Parameter("attention_score_bias", (), score_bias_init)
        parameters = [*_bahdanau(num_units, query_size, memory_size, normalize), bias]
        super().__init__(parameters, memory_size, None, score_mask_value, initializer, device, dtype)
        self.normalize = normalize
        self._settle(mode, sigmoid_noise)

    def score(self, query: Tensor, keys: Tensor) -> Tensor:
        return _bahdanau_score(self, query, keys, self.normalize) + self.attention_score_bias


def for_a_loop(memory: Memory, keys_are_factors: bool) -> Memory:
    """The memory as the steps of a loop are to be given it: what they multiply by gets its gradient at
    once.
    """
    keys = loop_invariant(memory.keys) if keys_are_factors else memory.keys
    return Memory(loop_invariant(memory.values), keys, memory.mask)
