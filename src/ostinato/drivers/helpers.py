"""Helpers of a decoder: what is sampled of its outputs, and what it is given next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ostinato._state import Nest


class Helper:
    """Base of the helpers: derive from it, with these three methods. TF1: `tf.contrib.seq2seq.Helper`."""

    def initialize(self) -> tuple[Tensor, Tensor]:
        """(which rows have finished `[batch]`, the first inputs)."""
        raise NotImplementedError(f"{type(self).__name__} does not define initialize().")

    def sample(self, time: int, outputs: Tensor, state: Nest) -> Tensor:
        """What is drawn of a step's outputs, `[batch]`."""
        raise NotImplementedError(f"{type(self).__name__} does not define sample(time, outputs, state).")

    def next_inputs(
        self, time: int, outputs: Tensor, state: Nest, sample_ids: Tensor
    ) -> tuple[Tensor, Tensor, Nest]:
        """(which rows have finished, the next inputs, the next state)."""
        raise NotImplementedError(
            f"{type(self).__name__} does not define next_inputs(time, outputs, state, sample_ids)."
        )


class TrainingHelper(Helper):
    """Gives a decoder the inputs that it is trained with; the samples are the argmax of the outputs. TF1:
    `tf.contrib.seq2seq.TrainingHelper`.

    Args:
        inputs: `[batch, time, ...]`, or `[time, batch, ...]` if `time_major`.
        sequence_length: the rows' lengths, `[batch]`.
        time_major: as said.

    Raises:
        ValueError: lengths of another shape, or beyond the inputs.
    """

    def __init__(self, inputs: Tensor, sequence_length: Tensor, time_major: bool = False) -> None:
        self._steps = (inputs if time_major else inputs.transpose(0, 1)).unbind(0)
        batch = inputs.shape[1 if time_major else 0]
        self._lengths = torch.as_tensor(sequence_length, device=inputs.device)
        if tuple(self._lengths.shape) != (batch,):
            raise ValueError(
                f"sequence_length must have the shape [{batch}], but has {list(self._lengths.shape)}."
            )
        if batch and int(self._lengths.max()) > len(self._steps):
            raise ValueError(
                f"sequence_length has {int(self._lengths.max())}, but the inputs have {len(self._steps)} "
                "steps."
            )
        self._zeros = inputs.new_zeros((batch, *inputs.shape[2:]))

    def _at(self, time: int) -> Tensor:
        return self._steps[time] if time < len(self._steps) else self._zeros

    def initialize(self) -> tuple[Tensor, Tensor]:
        return self._lengths == 0, self._at(0)

    def sample(self, time: int, outputs: Tensor, state: Nest) -> Tensor:
        return outputs.argmax(-1)

    def next_inputs(
        self, time: int, outputs: Tensor, state: Nest, sample_ids: Tensor
    ) -> tuple[Tensor, Tensor, Nest]:
        return self._lengths <= time + 1, self._at(time + 1), state


def embedding_function(embedding: Any) -> Callable[[Tensor], Tensor]:
    """What looks ids up: a table, a module such as `nn.Embedding`, or a function."""
    if isinstance(embedding, Tensor):
        return lambda ids: functional.embedding(ids, embedding)
    if not callable(embedding):
        raise TypeError(
            f"embedding must be a table, a module or a function of ids, but is a {type(embedding).__name__}."
        )
    function: nn.Module | Callable[[Tensor], Tensor] = embedding
    return function


class GreedyEmbeddingHelper(Helper):
    """Samples the most probable id, and gives its embedding next. TF1:
    `tf.contrib.seq2seq.GreedyEmbeddingHelper`.

    Args:
        embedding: a table `[symbols, depth]`, a module or a function of ids.
        start_tokens: `[batch]` ids to begin with.
        end_token: the id that ends a row.

    Raises:
        ValueError: the start tokens are no vector.
    """

    def __init__(self, embedding: Any, start_tokens: Tensor, end_token: int) -> None:
        self._embedding = embedding_function(embedding)
        self._start_tokens, self._end_token = start_tokens, end_token
        if start_tokens.dim() != 1:
            raise ValueError("start_tokens must be a vector")

    def initialize(self) -> tuple[Tensor, Tensor]:
        finished = torch.zeros_like(self._start_tokens, dtype=torch.bool)
        return finished, self._embedding(self._start_tokens)

    def sample(self, time: int, outputs: Tensor, state: Nest) -> Tensor:
        return outputs.argmax(-1)

    def next_inputs(
        self, time: int, outputs: Tensor, state: Nest, sample_ids: Tensor
    ) -> tuple[Tensor, Tensor, Nest]:
        return sample_ids == self._end_token, self._embedding(sample_ids), state


class SampleEmbeddingHelper(GreedyEmbeddingHelper):
    """Samples an id with the probabilities softmax(outputs / temperature), and gives its embedding next. TF1:
    `tf.contrib.seq2seq.SampleEmbeddingHelper`.

    Args:
        softmax_temperature: what the outputs are divided by.
        generator: of the samples; None is torch's default one.

    The others are `GreedyEmbeddingHelper`'s.
    """

    def __init__(
        self,
        embedding: Any,
        start_tokens: Tensor,
        end_token: int,
        softmax_temperature: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(embedding, start_tokens, end_token)
        self._temperature, self._generator = softmax_temperature, generator

    def sample(self, time: int, outputs: Tensor, state: Nest) -> Tensor:
        probabilities = torch.softmax(outputs.detach() / self._temperature, -1)
        return torch.multinomial(probabilities, 1, generator=self._generator).squeeze(1)


class ScheduledEmbeddingTrainingHelper(TrainingHelper):
    """Gives, instead of the next input, now and then the embedding of an id drawn from the outputs (Bengio et
    al. 2015). TF1: `tf.contrib.seq2seq.ScheduledEmbeddingTrainingHelper`.

    Args:
        embedding: a table, a module or a function of ids.
        sampling_probability: of drawing, for each row at each step.
        generator: of the samples; None is torch's default one.

    The others are `TrainingHelper`'s. The samples are -1 where none was drawn.
    """

    def __init__(
        self,
        inputs: Tensor,
        sequence_length: Tensor,
        embedding: Any,
        sampling_probability: float,
        time_major: bool = False,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(inputs, sequence_length, time_major)
        self._embedding, self._probability = embedding_function(embedding), sampling_probability
        self._generator = generator

    def sample(self, time: int, outputs: Tensor, state: Nest) -> Tensor:
        rows, device = outputs.shape[0], outputs.device
        drawn = torch.rand(rows, generator=self._generator, device=device) < self._probability
        probabilities = torch.softmax(outputs.detach(), -1)
        ids = torch.multinomial(probabilities, 1, generator=self._generator).squeeze(1)
        return torch.where(drawn, ids, -1)

    def next_inputs(
        self, time: int, outputs: Tensor, state: Nest, sample_ids: Tensor
    ) -> tuple[Tensor, Tensor, Nest]:
        finished, given, state = super().next_inputs(time, outputs, state, sample_ids)
        drawn = (sample_ids >= 0).reshape(-1, *[1] * (given.dim() - 1))
        embedded = self._embedding(sample_ids.clamp(min=0))
        return finished, torch.where(drawn, embedded, given), state
