"""Helpers that train a decoder partly on its own samples (TF1 module: `tf.contrib.seq2seq`; Bengio et al.
2015, "Scheduled Sampling for Sequence Prediction with Recurrent Neural Networks").
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...control_flow import cond
from ...dtypes import bool_, int32
from ...graph import name_scope
from ...ops import array, lists, math, picking, scatter
from ...ops.core import convert_to_tensor
from ...ops.reductions import reduce_all, reduce_any
from ...rnn_arguments import transpose_batch_time
from ...tensor import Tensor
from .helpers import TrainingHelper, embedding_function, unstack_ta
from .sampling import bernoulli_sample, categorical_sample

__all__ = ["ScheduledEmbeddingTrainingHelper", "ScheduledOutputTrainingHelper"]


def _probability(sampling_probability: Any) -> Tensor:
    probability = convert_to_tensor(sampling_probability, name="sampling_probability")
    if probability.shape.ndims not in (0, 1):
        raise ValueError(
            f"sampling_probability must be either a scalar or a vector. saw shape: {probability.shape}"
        )
    return probability


def _rows_where(condition: Any) -> Tensor:
    """The numbers of the rows where a vector is True, as `[n, 1]`."""
    return math.cast(picking.where(condition), int32)


def _rows_of(values: Any, rows: Tensor) -> Tensor:
    return picking.gather(values, rows[:, 0])


def _together(first: Any, rows: Tensor, second: Any, other_rows: Tensor, like: Any) -> Tensor:
    """A tensor like `like` of the rows of two."""
    sizes = array.shape(like)
    together = scatter.scatter_nd(rows, first, sizes) + scatter.scatter_nd(other_rows, second, sizes)
    together.set_shape(like.shape)
    return together


class ScheduledEmbeddingTrainingHelper(TrainingHelper):
    """Gives, instead of the next input, now and then the embedding of an id drawn from the outputs (TF1
    symbol: `tf.contrib.seq2seq.ScheduledEmbeddingTrainingHelper`). The samples are -1 where none was drawn.

    Args:
        inputs, sequence_length, time_major, name: as `TrainingHelper`'s.
        embedding: a table, or a function from ids to inputs.
        sampling_probability: of drawing, a scalar.
        seed: of the ids.
        scheduling_seed: of whether to draw.

    Raises:
        ValueError: `sampling_probability` is neither a scalar nor a vector.
    """

    def __init__(
        self,
        inputs: Any,
        sequence_length: Any,
        embedding: Any,
        sampling_probability: Any,
        time_major: bool = False,
        seed: int | None = None,
        scheduling_seed: int | None = None,
        name: str | None = None,
    ) -> None:
        with name_scope(name, "ScheduledEmbeddingSamplingWrapper", [embedding, sampling_probability]):
            self._embedding_fn = embedding_function(embedding)
            self._sampling_probability = _probability(sampling_probability)
            self._seed, self._scheduling_seed = seed, scheduling_seed
            super().__init__(inputs=inputs, sequence_length=sequence_length, time_major=time_major, name=name)

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:  # type: ignore[override]
        with name_scope(name, "ScheduledEmbeddingTrainingHelperSample", [time, outputs, state]):
            drawn = bernoulli_sample(
                probs=self._sampling_probability,
                dtype=bool_,
                sample_shape=self.batch_size,
                seed=self._scheduling_seed,
            )
            ids = categorical_sample(logits=outputs, seed=self._seed)
            return picking.where(drawn, ids, array.fill([self.batch_size], -1))

    def next_inputs(  # type: ignore[override]
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> Any:
        scope = "ScheduledEmbeddingTrainingHelperNextInputs"
        with name_scope(name, scope, [time, outputs, state, sample_ids]):
            finished, given, state = super().next_inputs(time=time, outputs=outputs, state=state, name=name)

            def maybe_sample() -> Any:
                drawn, not_drawn = _rows_where(sample_ids > -1), _rows_where(sample_ids <= -1)
                embedded = self._embedding_fn(_rows_of(sample_ids, drawn))
                return _together(embedded, drawn, _rows_of(given, not_drawn), not_drawn, given)

            next_inputs = cond(reduce_all(finished), lambda: given, maybe_sample)
            return finished, next_inputs, state


class ScheduledOutputTrainingHelper(TrainingHelper):
    """Gives, instead of the next input, now and then the outputs themselves (TF1 symbol:
    `tf.contrib.seq2seq.ScheduledOutputTrainingHelper`). The samples are 1 where it does and 0 elsewhere.

    Args:
        inputs, sequence_length, time_major, name: as `TrainingHelper`'s.
        sampling_probability: of giving outputs, a scalar.
        seed: of whether to.
        next_inputs_fn: from outputs to the inputs to give; None: as they are.
        auxiliary_inputs: like `inputs` but for the depth: put beside either, at each step.

    Raises:
        ValueError: `sampling_probability` is neither a scalar nor a vector.
    """

    def __init__(
        self,
        inputs: Any,
        sequence_length: Any,
        sampling_probability: Any,
        time_major: bool = False,
        seed: int | None = None,
        next_inputs_fn: Callable[[Any], Any] | None = None,
        auxiliary_inputs: Any = None,
        name: str | None = None,
    ) -> None:
        values = [inputs, auxiliary_inputs, sampling_probability]
        with name_scope(name, "ScheduledOutputTrainingHelper", values):
            self._sampling_probability = _probability(sampling_probability)
            self._auxiliary_input_tas = None
            if auxiliary_inputs is not None:
                inputs = convert_to_tensor(inputs, name="inputs")
                auxiliary_inputs = convert_to_tensor(auxiliary_inputs, name="auxiliary_inputs")
                inputs = lists.concat([inputs, auxiliary_inputs], -1)
                if not time_major:
                    auxiliary_inputs = transpose_batch_time(auxiliary_inputs)
                self._auxiliary_input_tas = unstack_ta(auxiliary_inputs)
            self._seed, self._next_inputs_fn = seed, next_inputs_fn
            super().__init__(inputs=inputs, sequence_length=sequence_length, time_major=time_major, name=name)

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:  # type: ignore[override]
        with name_scope(name, "ScheduledOutputTrainingHelperSample", [time, outputs, state]):
            return bernoulli_sample(
                probs=self._sampling_probability, sample_shape=self.batch_size, seed=self._seed
            )

    def next_inputs(  # type: ignore[override]
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> Any:
        scope = "ScheduledOutputTrainingHelperNextInputs"
        with name_scope(name, scope, [time, outputs, state, sample_ids]):
            finished, given, state = super().next_inputs(time=time, outputs=outputs, state=state, name=name)
            chosen = math.cast(sample_ids, bool_)

            def maybe_sample() -> Any:
                if self._next_inputs_fn is None:
                    return picking.where(chosen, self._with_auxiliary(time, outputs), given)
                drawn, not_drawn = _rows_where(chosen), _rows_where(math.logical_not(chosen))
                made = self._with_auxiliary(time, self._next_inputs_fn(_rows_of(outputs, drawn)), drawn)
                return _together(made, drawn, _rows_of(given, not_drawn), not_drawn, given)

            nothing = math.logical_or(reduce_all(finished), math.logical_not(reduce_any(chosen)))
            return finished, cond(nothing, lambda: given, maybe_sample), state

    def _with_auxiliary(self, time: Any, outputs: Any, rows: Tensor | None = None) -> Any:
        if self._auxiliary_input_tas is None:
            return outputs
        auxiliary = self._auxiliary_input_tas.read(time + 1)
        return lists.concat([outputs, auxiliary if rows is None else _rows_of(auxiliary, rows)], -1)
