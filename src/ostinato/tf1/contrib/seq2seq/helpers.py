"""Helpers: what is sampled of a decoder's outputs, and what it is given next (TF1 module:
`tf.contrib.seq2seq`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...control_flow import cond
from ...dtypes import int32
from ...graph import name_scope
from ...ops import array, decoding, embedding, math, picking
from ...ops.core import convert_to_tensor
from ...ops.reductions import argmax, reduce_all
from ...rnn_arguments import transpose_batch_time
from ...shapes import TensorShape
from ...tensor import Tensor
from ...tensor_array import TensorArray
from .sampling import categorical_sample

__all__ = [
    "CustomHelper",
    "GreedyEmbeddingHelper",
    "Helper",
    "InferenceHelper",
    "SampleEmbeddingHelper",
    "TrainingHelper",
]


def unstack_ta(inp: Any) -> TensorArray:
    """The parts of a tensor along its first axis, as a TensorArray."""
    return TensorArray(inp.dtype, size=array.shape(inp)[0], element_shape=inp.shape[1:]).unstack(inp)


class Helper:
    """Base of the helpers (TF1 symbol: `tf.contrib.seq2seq.Helper`).

    One of one's own has `batch_size`, `sample_ids_shape`, `sample_ids_dtype`, `initialize`, `sample` and
    `next_inputs`.
    """

    @property
    def batch_size(self) -> Any:
        """The number of rows, a scalar tensor."""
        raise NotImplementedError("batch_size has not been implemented")

    @property
    def sample_ids_shape(self) -> Any:
        """The shape of a row's sample."""
        raise NotImplementedError("sample_ids_shape has not been implemented")

    @property
    def sample_ids_dtype(self) -> Any:
        """The type of the samples."""
        raise NotImplementedError("sample_ids_dtype has not been implemented")

    def initialize(self, name: str | None = None) -> Any:
        """(which rows have finished, the first inputs)."""
        raise NotImplementedError("initialize has not been implemented")

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """The samples of a step's outputs."""
        raise NotImplementedError("sample has not been implemented")

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> Any:
        """(which rows have finished, the next inputs, the next state)."""
        raise NotImplementedError("next_inputs has not been implemented")


class CustomHelper(Helper):
    """A helper of three functions (TF1 symbol: `tf.contrib.seq2seq.CustomHelper`).

    Args:
        initialize_fn: `()` to (finished, the first inputs).
        sample_fn: `(time, outputs, state)` to samples.
        next_inputs_fn: `(time, outputs, state, sample_ids)` to (finished, next inputs, next state).
        sample_ids_shape: of a row's sample; None is a scalar.
        sample_ids_dtype: None is int32.
    """

    def __init__(
        self,
        initialize_fn: Callable[[], Any],
        sample_fn: Callable[..., Any],
        next_inputs_fn: Callable[..., Any],
        sample_ids_shape: Any = None,
        sample_ids_dtype: Any = None,
    ) -> None:
        self._initialize_fn, self._sample_fn = initialize_fn, sample_fn
        self._next_inputs_fn = next_inputs_fn
        self._batch_size: Any = None
        self._sample_ids_shape = TensorShape(sample_ids_shape or [])
        self._sample_ids_dtype = sample_ids_dtype or int32

    @property
    def batch_size(self) -> Any:
        if self._batch_size is None:
            raise ValueError("batch_size accessed before initialize was called")
        return self._batch_size

    @property
    def sample_ids_shape(self) -> Any:
        return self._sample_ids_shape

    @property
    def sample_ids_dtype(self) -> Any:
        return self._sample_ids_dtype

    def initialize(self, name: str | None = None) -> Any:
        with name_scope(name, f"{type(self).__name__}Initialize"):
            finished, next_inputs = self._initialize_fn()
            if self._batch_size is None:
                self._batch_size = array.size(finished)
        return finished, next_inputs

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        with name_scope(name, f"{type(self).__name__}Sample", (time, outputs, state)):
            return self._sample_fn(time=time, outputs=outputs, state=state)

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> Any:
        with name_scope(name, f"{type(self).__name__}NextInputs", (time, outputs, state)):
            return self._next_inputs_fn(time=time, outputs=outputs, state=state, sample_ids=sample_ids)


class TrainingHelper(Helper):
    """Gives a decoder the inputs that it is trained with (TF1 symbol: `tf.contrib.seq2seq.TrainingHelper`);
    the samples are the argmax of the outputs.

    Args:
        inputs: `[batch, time, ...]`, or `[time, batch, ...]` if `time_major`.
        sequence_length: the rows' lengths.
        time_major: as said.
        name: of the scope.

    Raises:
        ValueError: the lengths are no vector.
    """

    def __init__(
        self, inputs: Any, sequence_length: Any, time_major: bool = False, name: str | None = None
    ) -> None:
        with name_scope(name, "TrainingHelper", [inputs, sequence_length]):
            inputs = convert_to_tensor(inputs, name="inputs")
            self._inputs = inputs
            if not time_major:
                inputs = transpose_batch_time(inputs)
            self._input_tas = unstack_ta(inputs)
            self._sequence_length = convert_to_tensor(sequence_length, name="sequence_length")
            if self._sequence_length.shape.ndims != 1:
                raise ValueError(
                    "Expected sequence_length to be a vector, but received shape: "
                    f"{self._sequence_length.shape}"
                )
            self._zero_inputs = array.zeros_like(inputs[0, :])
            self._batch_size = array.size(self._sequence_length)

    @property
    def inputs(self) -> Any:
        return self._inputs

    @property
    def sequence_length(self) -> Any:
        return self._sequence_length

    @property
    def batch_size(self) -> Any:
        return self._batch_size

    @property
    def sample_ids_shape(self) -> Any:
        return TensorShape([])

    @property
    def sample_ids_dtype(self) -> Any:
        return int32

    def initialize(self, name: str | None = None) -> Any:
        with name_scope(name, "TrainingHelperInitialize"):
            finished = math.equal(0, self._sequence_length)
            return finished, decoding.read_unless_all(self._input_tas, 0, finished, self._zero_inputs)

    def sample(  # type: ignore[override]
        self, time: Any, outputs: Any, name: str | None = None, **unused_kwargs: Any
    ) -> Any:
        with name_scope(name, "TrainingHelperSample", [time, outputs]):
            return math.cast(argmax(outputs, axis=-1), int32)

    def next_inputs(  # type: ignore[override]
        self, time: Any, outputs: Any, state: Any, name: str | None = None, **unused_kwargs: Any
    ) -> Any:
        with name_scope(name, "TrainingHelperNextInputs", [time, outputs, state]):
            next_time = time + 1
            finished = math.greater_equal(next_time, self._sequence_length)
            next_inputs = decoding.read_unless_all(self._input_tas, next_time, finished, self._zero_inputs)
            return finished, next_inputs, state


def embedding_function(table: Any) -> Callable[[Any], Any]:
    """What looks ids up: a function as it is, or the rows of a table."""
    if callable(table):
        return table
    return lambda ids: embedding.embedding_lookup(table, ids)


def checked_tokens(start_tokens: Any, end_token: Any) -> tuple[Tensor, Tensor]:
    """The tokens as tensors.

    Raises:
        ValueError: the start tokens are no vector, or the end token is no scalar.
    """
    start = convert_to_tensor(start_tokens, int32, name="start_tokens")
    end = convert_to_tensor(end_token, int32, name="end_token")
    if start.shape.ndims != 1:
        raise ValueError("start_tokens must be a vector")
    if end.shape.ndims != 0:
        raise ValueError("end_token must be a scalar")
    return start, end


class GreedyEmbeddingHelper(Helper):
    """Samples the most probable id, and gives its embedding next (TF1 symbol:
    `tf.contrib.seq2seq.GreedyEmbeddingHelper`).

    Args:
        embedding: a table, or a function from ids to inputs.
        start_tokens: `[batch]` ids to begin with.
        end_token: the id that ends a row, a scalar.

    Raises:
        ValueError: the start tokens are no vector, or the end token is no scalar.
    """

    def __init__(self, embedding: Any, start_tokens: Any, end_token: Any) -> None:
        self._embedding_fn = embedding_function(embedding)
        self._start_tokens, self._end_token = checked_tokens(start_tokens, end_token)
        self._batch_size = array.size(self._start_tokens)
        self._start_inputs = self._embedding_fn(self._start_tokens)

    @property
    def batch_size(self) -> Any:
        return self._batch_size

    @property
    def sample_ids_shape(self) -> Any:
        return TensorShape([])

    @property
    def sample_ids_dtype(self) -> Any:
        return int32

    def initialize(self, name: str | None = None) -> Any:
        return picking.tile([False], [self._batch_size]), self._start_inputs

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        _check_single(outputs)
        return argmax(outputs, axis=-1, output_type=int32)

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> Any:
        finished = math.equal(sample_ids, self._end_token)
        next_inputs = cond(
            reduce_all(finished), lambda: self._start_inputs, lambda: self._embedding_fn(sample_ids)
        )
        return finished, next_inputs, state


def _check_single(outputs: Any) -> None:
    if not isinstance(outputs, Tensor):
        raise TypeError(f"Expected outputs to be a single Tensor, got: {type(outputs)}")


class SampleEmbeddingHelper(GreedyEmbeddingHelper):
    """Samples an id with the probabilities softmax(outputs), and gives its embedding next (TF1 symbol:
    `tf.contrib.seq2seq.SampleEmbeddingHelper`).

    Args:
        softmax_temperature: what the outputs are divided by first; None is 1.
        seed: of the samples.

    The others are `GreedyEmbeddingHelper`'s.
    """

    def __init__(
        self,
        embedding: Any,
        start_tokens: Any,
        end_token: Any,
        softmax_temperature: Any = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(embedding, start_tokens, end_token)
        self._softmax_temperature, self._seed = softmax_temperature, seed

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        _check_single(outputs)
        temperature = self._softmax_temperature
        logits = outputs if temperature is None else outputs / temperature
        return categorical_sample(logits=logits, seed=self._seed)


class InferenceHelper(Helper):
    """Samples by a function (TF1 symbol: `tf.contrib.seq2seq.InferenceHelper`).

    Args:
        sample_fn: from outputs to samples.
        sample_shape, sample_dtype: of a row's sample.
        start_inputs: the first inputs.
        end_fn: from samples to which rows have finished.
        next_inputs_fn: from samples to the next inputs; None: the samples are.
    """

    def __init__(
        self,
        sample_fn: Callable[[Any], Any],
        sample_shape: Any,
        sample_dtype: Any,
        start_inputs: Any,
        end_fn: Callable[[Any], Any],
        next_inputs_fn: Callable[[Any], Any] | None = None,
    ) -> None:
        self._sample_fn, self._end_fn, self._next_inputs_fn = sample_fn, end_fn, next_inputs_fn
        self._sample_shape, self._sample_dtype = TensorShape(sample_shape), sample_dtype
        self._batch_size = array.shape(start_inputs)[0]
        self._start_inputs = convert_to_tensor(start_inputs, name="start_inputs")

    @property
    def batch_size(self) -> Any:
        return self._batch_size

    @property
    def sample_ids_shape(self) -> Any:
        return self._sample_shape

    @property
    def sample_ids_dtype(self) -> Any:
        return self._sample_dtype

    def initialize(self, name: str | None = None) -> Any:
        return picking.tile([False], [self._batch_size]), self._start_inputs

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        return self._sample_fn(outputs)

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> Any:
        next_inputs = sample_ids if self._next_inputs_fn is None else self._next_inputs_fn(sample_ids)
        return self._end_fn(sample_ids), next_inputs, state
