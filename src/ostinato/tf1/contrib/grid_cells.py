"""Cells that walk over frequencies as well as over time (TF1 module: `tf.contrib.rnn`)."""

from __future__ import annotations

import collections
from collections.abc import Sequence
from typing import Any

from ostinato import steps

from .. import logging
from ..arguments import handed_on
from ..family_cell import FamilyCell
from ..shapes import as_shape
from .sharded import sharded_variable

__all__ = ["BidirectionalGridLSTMCell", "GridLSTMCell", "TimeFreqLSTMCell"]


class _FrequencyCell(FamilyCell):
    """A cell whose family is known once the depth of its inputs is. Its kernels may be in several
    variables.
    """

    def __init__(self, num_unit_shards: int, reuse: Any) -> None:
        super().__init__(reuse)
        self._num_unit_shards = num_unit_shards
        self._input_depth: int | None = None

    def _depth(self, inputs_shape: Any) -> int:
        depth = as_shape(inputs_shape).with_rank(2)[-1].value
        if depth is None:
            raise ValueError("Cannot infer input_size from static shape inference.")
        self._input_depth = int(depth)
        return self._input_depth

    def _add_parameter(self, parameter: steps.Parameter) -> Any:
        if len(parameter.shape) != 2:
            return super()._add_parameter(parameter)
        name = parameter.name.removesuffix("_0")
        return sharded_variable(name, parameter.shape, self._dtype, self._num_unit_shards)


def _required(name: str, value: int | None) -> int:
    if value is None:
        raise ValueError(f"{name} must be given: how the windows lie in the inputs depends on it.")
    return value


class TimeFreqLSTMCell(_FrequencyCell):
    """An LSTM that walks over the frequencies of each step (TF1 symbol: `tf.contrib.rnn.TimeFreqLSTMCell`;
    Sainath and Li 2016). The maths are those of `ostinato.TimeFreqLSTMCell`.

    Args:
        num_units: units n of each frequency.
        use_peepholes, cell_clip, forget_bias: as for `LSTMCell`.
        initializer: not used, as in TensorFlow: the kernel starts as the scope says.
        num_unit_shards: how many variables the kernel is kept in.
        feature_size: the size of a window.
        frequency_skip: how far each window lies from the one before.

    Variables: `W_0` `[feature_size + 2 n, 4 n]`, `B` `[4 n]`, and with peepholes `W_F_diag`, `W_I_diag`,
    `W_O_diag` `[n]`. The state is one tensor, c and m of each frequency. `state_size` and `output_size` are
    those of one frequency, as in TensorFlow.

    Raises:
        ValueError: the depth of the inputs is not known, or smaller than `feature_size`.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     cell = tf.contrib.rnn.TimeFreqLSTMCell(4, feature_size=4, frequency_skip=2)
    ...     output, state = cell(tf.zeros([2, 8]), tf.zeros([2, 24]))
    >>> output.shape.as_list(), state.shape.as_list()
    ([2, 12], [2, 24])
    """

    def __init__(
        self,
        num_units: int,
        use_peepholes: bool = False,
        cell_clip: float | None = None,
        initializer: Any = None,
        num_unit_shards: int = 1,
        forget_bias: float = 1.0,
        feature_size: int | None = None,
        frequency_skip: int = 1,
        reuse: Any = None,
    ) -> None:
        super().__init__(num_unit_shards, reuse)
        self._num_units, self._use_peepholes, self._cell_clip = num_units, use_peepholes, cell_clip
        self._initializer, self._forget_bias = initializer, forget_bias
        self._feature_size, self._frequency_skip = feature_size, frequency_skip

    @property
    def state_size(self) -> int:
        return 2 * self._num_units

    @property
    def output_size(self) -> int:
        return self._num_units

    def _family(self) -> steps.TimeFreqLSTM:
        return steps.TimeFreqLSTM(
            self._num_units,
            self._input_depth or 0,
            _required("feature_size", self._feature_size),
            self._frequency_skip,
            self._use_peepholes,
            self._cell_clip,
            self._forget_bias,
        )


class GridLSTMCell(_FrequencyCell):
    """A grid of two LSTMs, over time and over frequency (TF1 symbol: `tf.contrib.rnn.GridLSTMCell`;
    Kalchbrenner et al. 2016). The maths are those of `ostinato.GridLSTMCell`.

    Args:
        num_units: units n of each LSTM.
        use_peepholes, cell_clip, forget_bias: as for `LSTMCell`.
        share_time_frequency_weights: one set of weights for both LSTMs.
        initializer: not used, as in TensorFlow: the kernels start as the scope says.
        num_unit_shards: how many variables each kernel is kept in.
        feature_size, frequency_skip: the size of a window, and how far it lies from the one before.
        num_frequency_blocks: a list, the number of windows of each block.
        start_freqindex_list, end_freqindex_list: where each block lies in the inputs.
        couple_input_forget_gates: f = 1 - i.
        state_is_tuple: the state is a GridLSTMStateTuple, with `state_f00_b00_c`, `state_f00_b00_m` and so on
            for each frequency of each block; False: one tensor, of which every block reads the beginning.

    Raises:
        ValueError: no `num_frequency_blocks`, or blocks that do not fit the inputs.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     cell = tf.contrib.rnn.GridLSTMCell(
    ...         2, feature_size=2, frequency_skip=2, num_frequency_blocks=[3]
    ...     )
    ...     output, state = cell(tf.zeros([4, 6]), cell.zero_state(4, tf.float32))
    >>> output.shape.as_list(), state.state_f02_b00_m.shape.as_list()
    ([4, 12], [4, 2])
    """

    def __init__(
        self,
        num_units: int,
        use_peepholes: bool = False,
        share_time_frequency_weights: bool = False,
        cell_clip: float | None = None,
        initializer: Any = None,
        num_unit_shards: int = 1,
        forget_bias: float = 1.0,
        feature_size: int | None = None,
        frequency_skip: int | None = None,
        num_frequency_blocks: Sequence[int] | None = None,
        start_freqindex_list: Sequence[int] | None = None,
        end_freqindex_list: Sequence[int] | None = None,
        couple_input_forget_gates: bool = False,
        state_is_tuple: bool = True,
        reuse: Any = None,
    ) -> None:
        super().__init__(num_unit_shards, reuse)
        if not state_is_tuple:
            logging.warn(
                "%s: Using a concatenated state is slower and will soon be deprecated.  Use "
                "state_is_tuple=True.",
                self,
            )
        if num_frequency_blocks is None:
            raise ValueError("Must specify num_frequency_blocks")
        self._num_units, self._use_peepholes, self._cell_clip = num_units, use_peepholes, cell_clip
        self._share_time_frequency_weights = share_time_frequency_weights
        self._couple_input_forget_gates = couple_input_forget_gates
        self._initializer, self._forget_bias = initializer, forget_bias
        self._feature_size, self._frequency_skip = feature_size, frequency_skip
        self._num_frequency_blocks = [int(count) for count in num_frequency_blocks]
        self._start_freqindex_list = start_freqindex_list
        self._end_freqindex_list = end_freqindex_list
        self._grid_state_is_tuple = state_is_tuple
        self._total_blocks = sum(self._num_frequency_blocks)
        self._state_tuple_type = self._tuple_type("GridLSTMStateTuple", [""]) if state_is_tuple else None

    def _tuple_type(self, name: str, directions: Sequence[str]) -> Any:
        fields = [
            f"{direction}state_f{frequency:02d}_b{block:02d}_{part}"
            for direction in directions
            for block, count in enumerate(self._num_frequency_blocks)
            for frequency in range(count)
            for part in ("c", "m")
        ]
        return collections.namedtuple(name, fields)

    @property
    def state_tuple_type(self) -> Any:
        return self._state_tuple_type

    @property
    def state_size(self) -> Any:
        if self._state_tuple_type is None:
            return self._num_units * self._total_blocks * 2
        return self._state_tuple_type(*[self._num_units] * len(self._state_tuple_type._fields))

    @property
    def output_size(self) -> int:
        return self._num_units * self._total_blocks * 2

    def _family(self) -> steps.GridLSTM:
        return steps.GridLSTM(**self._options())

    def _options(self) -> dict[str, Any]:
        return {
            "num_units": self._num_units,
            "depth": self._input_depth or 0,
            "feature_size": _required("feature_size", self._feature_size),
            "frequency_skip": _required("frequency_skip", self._frequency_skip),
            "num_frequency_blocks": tuple(self._num_frequency_blocks),
            "start_freqindex_list": tuple(self._start_freqindex_list or ()),
            "end_freqindex_list": tuple(self._end_freqindex_list or ()),
            "use_peepholes": self._use_peepholes,
            "share_time_frequency_weights": self._share_time_frequency_weights,
            "couple_input_forget_gates": self._couple_input_forget_gates,
            "cell_clip": self._cell_clip,
            "forget_bias": self._forget_bias,
            "state_is_tuple": self._grid_state_is_tuple,
        }


class BidirectionalGridLSTMCell(GridLSTMCell):
    """Two grids of LSTMs, one up and one down the frequencies (TF1 symbol:
    `tf.contrib.rnn.BidirectionalGridLSTMCell`). The maths are those of `ostinato.BidirectionalGridLSTMCell`.

    Args:
        backward_slice_offset: where the windows of the grid that goes down begin, from those of the other.
        the others: as for `GridLSTMCell`; the state is always a tuple, with `fwd_state_f00_b00_c` and so on.

    Variables: those of `GridLSTMCell` in `fwd/`, then in `bwd/`.
    """

    def __init__(
        self,
        num_units: int,
        use_peepholes: bool = False,
        share_time_frequency_weights: bool = False,
        cell_clip: float | None = None,
        initializer: Any = None,
        num_unit_shards: int = 1,
        forget_bias: float = 1.0,
        feature_size: int | None = None,
        frequency_skip: int | None = None,
        num_frequency_blocks: Sequence[int] | None = None,
        start_freqindex_list: Sequence[int] | None = None,
        end_freqindex_list: Sequence[int] | None = None,
        couple_input_forget_gates: bool = False,
        backward_slice_offset: int = 0,
        reuse: Any = None,
    ) -> None:
        super().__init__(**handed_on(locals(), "backward_slice_offset"), state_is_tuple=True)
        self._backward_slice_offset = int(backward_slice_offset)
        self._state_tuple_type = self._tuple_type("BidirectionalGridLSTMStateTuple", ["fwd_", "bwd_"])

    @property
    def output_size(self) -> int:
        return 2 * super().output_size

    def _family(self) -> steps.BidirectionalGridLSTM:
        return steps.BidirectionalGridLSTM(
            **self._options(), backward_slice_offset=self._backward_slice_offset
        )
