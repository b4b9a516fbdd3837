"""The cells of TensorFlow's block operations (`tf.contrib.rnn`): the LSTM and the GRU under other names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ostinato import steps

from ..cell_description import Leaf
from ..family_cell import FamilyLayerCell, initializer_of
from ..layers_base import InputSpec, Layer
from ..logging import warn
from ..ops import array, lists, math, picking
from ..ops import rnn as rnn_ops
from ..ops.core import convert_to_tensor
from ..rnn_arguments import lengths_of_rows
from ..rnn_cell_base import Described, LSTMStateTuple, is_plain
from ..shapes import as_shape
from .kernel_types import check_kernel_type

__all__ = ["GRUBlockCell", "GRUBlockCellV2", "LSTMBlockCell", "LSTMBlockFusedCell", "LSTMBlockWrapper"]

_LSTM_TYPES = ("float16", "float32")
_PEEPHOLES = ("w_i_diag", "w_f_diag", "w_o_diag")


def _block_lstm(num_units: int, forget_bias: float, cell_clip: float, use_peephole: bool) -> steps.LSTM:
    """The family of a block LSTM. Its operations clip only to a bound above 0."""
    clips = cell_clip > 0
    family = steps.BlockLSTM if clips else steps.LSTM
    return family(num_units, forget_bias, use_peepholes=use_peephole, cell_clip=cell_clip if clips else None)


def _in_block_order(parameters: Sequence[steps.Parameter]) -> list[steps.Parameter]:
    """The variables as block cells make them: the peephole of i ahead of that of f."""
    last = len(_PEEPHOLES)
    return sorted(
        parameters, key=lambda spec: _PEEPHOLES.index(spec.name) if spec.name in _PEEPHOLES else -last
    )


class LSTMBlockCell(FamilyLayerCell):
    """The LSTM as one operation (TF1 symbol: `tf.contrib.rnn.LSTMBlockCell`; Zaremba et al. 2014).

    The mathematics and the variables' names are those of `tf.nn.rnn_cell.LSTMCell`, and its checkpoints fit.
    The gradient passes a clip by: where `LSTMCell`'s is zero for a c that was clipped, this one's is not.

    Args:
        num_units: units n, the size of c, h and output.
        forget_bias: added to f at run time, never stored.
        cell_clip: c is held within [-cell_clip, cell_clip]; None, or a number not above 0, for no clip.
        use_peephole: f and i also see the previous c, o the new one.
        dtype, reuse, name: of the layer and of its variables.

    Variables: `kernel` `[depth + n, 4 n]`, `bias` `[4 n]`, with peepholes `w_i_diag`, `w_f_diag`, `w_o_diag`
    `[n]`.

    Raises:
        TypeError: inputs of another type than float16 and float32, which the operation has no kernels for.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     outputs, state = tf.nn.dynamic_rnn(
    ...         tf.contrib.rnn.LSTMBlockCell(4), tf.zeros([2, 5, 3]), dtype=tf.float32)
    ...     print([variable.op.name for variable in tf.global_variables()])
    ['rnn/lstm_cell/kernel', 'rnn/lstm_cell/bias']
    """

    _attributes = {
        "kernel": "_kernel",
        "bias": "_bias",
        "w_i_diag": "_w_i_diag",
        "w_f_diag": "_w_f_diag",
        "w_o_diag": "_w_o_diag",
    }

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        cell_clip: float | None = None,
        use_peephole: bool = False,
        dtype: Any = None,
        reuse: Any = None,
        name: str | None = "lstm_cell",
    ) -> None:
        super().__init__(reuse, name, dtype, None)
        self._num_units, self._forget_bias, self._use_peephole = num_units, forget_bias, use_peephole
        self._cell_clip = -1 if cell_clip is None else cell_clip

    def _family(self) -> Any:
        return _block_lstm(self._num_units, float(self._forget_bias), self._cell_clip, self._use_peephole)

    def _depth(self, inputs_shape: Any) -> int:
        depth = as_shape(inputs_shape)[1].value
        if not depth:
            raise ValueError(f"Expecting inputs_shape[1] to be set: {inputs_shape}")
        return int(depth)

    def _parameters(self, depth: int) -> Sequence[steps.Parameter]:
        return _in_block_order(super()._parameters(depth))

    def _described(self, inputs: Any) -> Described:
        check_kernel_type(inputs, _LSTM_TYPES)
        return super()._described(inputs)


class GRUBlockCell(FamilyLayerCell):
    """The GRU as one operation (TF1 symbol: `tf.contrib.rnn.GRUBlockCell`; Cho et al. 2014).

    The mathematics is that of `tf.nn.rnn_cell.GRUCell`; the variables are `w_ru` `[depth + n, 2 n]`, `b_ru`
    `[2 n]`, which starts at 1, `w_c` `[depth + n, n]` and `b_c` `[n]`. `cell_size` is an older name of
    `num_units`.

    Raises:
        ValueError: not exactly one of `num_units` and `cell_size`.
        TypeError: inputs of another type than float32, the only one that the operation has kernels for.
    """

    _attributes = {
        "gates/kernel": "_gate_kernel",
        "gates/bias": "_gate_bias",
        "candidate/kernel": "_candidate_kernel",
        "candidate/bias": "_candidate_bias",
    }
    _variable_names = {
        "gates/kernel": "w_ru",
        "gates/bias": "b_ru",
        "candidate/kernel": "w_c",
        "candidate/bias": "b_c",
    }

    def __init__(
        self,
        num_units: int | None = None,
        cell_size: int | None = None,
        reuse: Any = None,
        name: str | None = "gru_cell",
    ) -> None:
        super().__init__(reuse, name, None, None)
        if (cell_size is None) == (num_units is None):
            raise ValueError("Exactly one of num_units or cell_size must be provided.")
        if cell_size is not None:
            warn("GRUBlockCell: cell_size is deprecated, use num_units instead.")
        self._cell_size = cell_size if num_units is None else num_units

    def _family(self) -> Any:
        return steps.GRU(self._cell_size)  # type: ignore[arg-type]

    def _depth(self, inputs_shape: Any) -> int:
        depth = as_shape(inputs_shape)[1].value
        if depth is None:
            raise ValueError("Expecting input_size to be set.")
        return int(depth)

    def _add_parameter(self, parameter: steps.Parameter) -> Any:
        return super()._add_parameter(parameter._replace(name=self._variable_names[parameter.name]))

    def _described(self, inputs: Any) -> Described:
        check_kernel_type(inputs, ("float32",))
        return super()._described(inputs)

    def _is_known(self) -> bool:
        return is_plain(self, GRUBlockCell, "build", "call", "__call__")

    def call(self, inputs: Any, state: Any) -> Any:
        """One step, as one node: the output and the new state, which are one tensor."""
        width = as_shape(state.shape).with_rank(2)[1].value
        if width not in (None, self._cell_size):
            raise ValueError(f"Shape of h_prev[1] incorrect: cell_size {self._cell_size} vs {width}")
        return super().call(inputs, state)


class GRUBlockCellV2(GRUBlockCell):
    """`GRUBlockCell` with the variables of `tf.nn.rnn_cell.GRUCell`, whose checkpoints fit (TF1 symbol:
    `tf.contrib.rnn.GRUBlockCellV2`): `gates/kernel`, `gates/bias`, `candidate/kernel`, `candidate/bias`.
    """

    _variable_names = {name: name for name in GRUBlockCell._variable_names}


class LSTMBlockWrapper(Layer):
    """Base of the LSTMs that run a whole sequence at a call (TF1 symbol: `tf.contrib.rnn.LSTMBlockWrapper`).

    Derive from it with the property `num_units` and with `_call_cell(inputs, initial_cell_state,
    initial_output, dtype, sequence_length)`, which returns c and h of every step, `[time, batch, num_units]`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if type(self) is LSTMBlockWrapper:
            raise TypeError(
                "Can't instantiate abstract class LSTMBlockWrapper with abstract methods _call_cell, "
                "num_units: derive from it, or take LSTMBlockFusedCell."
            )
        super().__init__(*args, **kwargs)

    @property
    def num_units(self) -> int:
        """Units, the size of the output."""
        raise NotImplementedError(f"{type(self).__name__} does not say its num_units: define that property.")

    def _call_cell(
        self, inputs: Any, initial_cell_state: Any, initial_output: Any, dtype: Any, sequence_length: Any
    ) -> tuple[Any, Any]:
        raise NotImplementedError(
            f"{type(self).__name__} does not say how it runs: define _call_cell(inputs, initial_cell_state, "
            "initial_output, dtype, sequence_length)."
        )

    def __call__(self, inputs: Any, *args: Any, scope: Any = None, **kwargs: Any) -> Any:
        if not isinstance(inputs, list):
            return super().__call__(convert_to_tensor(inputs), *args, scope=scope, **kwargs)
        outputs, state = super().__call__(lists.stack(inputs), *args, scope=scope, **kwargs)
        return lists.unstack(outputs), state

    def call(
        self, inputs: Any, initial_state: Any = None, dtype: Any = None, sequence_length: Any = None
    ) -> tuple[Any, LSTMStateTuple]:
        """Run over `[time, batch, depth]`, or a list of `[batch, depth]`.

        Past a row's length its outputs are zeros and its state is copied through.

        Args:
            inputs: as above.
            initial_state: c and h, each `[batch, num_units]`; None is zeros of `dtype`.
            sequence_length: integers `[batch]`, or None.

        Returns:
            the outputs, as the inputs are given, and the final `LSTMStateTuple(c, h)`.

        Raises:
            ValueError: neither `initial_state` nor `dtype`, or a state that is not c and h.
        """
        state, dtype = self._start(inputs, initial_state, dtype)
        return self._run(inputs, state, dtype, lengths_of_rows(sequence_length, ""))

    def _start(self, inputs: Any, initial_state: Any, dtype: Any) -> tuple[LSTMStateTuple, Any]:
        """The state to start from, and its type."""
        if initial_state is None:
            if dtype is None:
                raise ValueError("Either initial_state or dtype needs to be specified")
            rows = as_shape(inputs.shape)[1].value
            zero = array.zeros([array.shape(inputs)[1] if rows is None else rows, self.num_units], dtype)
            return LSTMStateTuple(zero, zero), dtype
        if len(initial_state) != 2:
            raise ValueError("Expecting initial_state to be a tuple with length 2 or None")
        state = LSTMStateTuple(*[convert_to_tensor(leaf) for leaf in initial_state])
        return state, state.c.dtype if dtype is None else dtype

    def _run(
        self, inputs: Any, state: LSTMStateTuple, dtype: Any, lengths: Any
    ) -> tuple[Any, LSTMStateTuple]:
        cells, outputs = self._call_cell(inputs, state.c, state.h, dtype, lengths)
        if lengths is None:
            return outputs, LSTMStateTuple(cells[-1], outputs[-1])
        mask = picking.sequence_mask(lengths, array.shape(inputs)[0], dtype=dtype)
        outputs = outputs * array.expand_dims(array.transpose(mask, [1, 0]), -1)
        rows = array.shape(inputs)[1]
        places = lengths * rows + math.range_(rows)

        def last(start: Any, values: Any) -> Any:
            # With the start ahead, the state at a length of 0 is what the row began with.
            joined = lists.concat([array.expand_dims(start, 0), values], 0)
            return picking.gather(array.reshape(joined, [-1, self.num_units]), places)

        return outputs, LSTMStateTuple(last(state.c, cells), last(state.h, outputs))


class LSTMBlockFusedCell(LSTMBlockWrapper):
    """The LSTM over a whole sequence as one operation (TF1 symbol: `tf.contrib.rnn.LSTMBlockFusedCell`).

    Call it with time-major inputs, and without a driver. Arguments and variables are `LSTMBlockCell`'s; where
    it is not otherwise named the variables' scope is `lstm_fused_cell`.

    Raises:
        TypeError: inputs of another type than float16 and float32, which the operation has no kernels for.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     lstm = tf.contrib.rnn.LSTMBlockFusedCell(4)
    ...     outputs, state = lstm(tf.zeros([5, 2, 3]), dtype=tf.float32)
    ...     print(outputs.shape, state.h.shape)
    (5, 2, 4) (2, 4)
    """

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        cell_clip: float | None = None,
        use_peephole: bool = False,
        reuse: Any = None,
        dtype: Any = None,
        name: str | None = "lstm_fused_cell",
    ) -> None:
        super().__init__(_reuse=reuse, name=name, dtype=dtype)
        self._num_units, self._forget_bias, self._use_peephole = num_units, forget_bias, use_peephole
        self._cell_clip = -1 if cell_clip is None else cell_clip
        self.input_spec = InputSpec(ndim=3)

    @property
    def num_units(self) -> int:
        return self._num_units

    def _family(self) -> steps.LSTM:
        return _block_lstm(self._num_units, float(self._forget_bias), self._cell_clip, self._use_peephole)

    def build(self, input_shape: Any) -> None:
        depth = as_shape(input_shape)[2].value
        if depth is None:
            raise ValueError(f"Expecting inputs_shape[2] to be set: {input_shape}")
        for parameter in _in_block_order(self._family().parameters(depth)):
            variable = self.add_variable(
                parameter.name, parameter.shape, initializer=initializer_of(parameter, self._dtype)
            )
            setattr(self, f"_{parameter.name}", variable)
        self.built = True

    def _run(
        self, inputs: Any, state: LSTMStateTuple, dtype: Any, lengths: Any
    ) -> tuple[Any, LSTMStateTuple]:
        check_kernel_type(inputs, _LSTM_TYPES)
        if type(self)._call_cell is not LSTMBlockWrapper._call_cell:
            return super()._run(inputs, state, dtype, lengths)
        family = self._family()
        names = tuple(parameter.name for parameter in family.parameters(1))
        bound = [convert_to_tensor(getattr(self, f"_{name}")) for name in names]
        (outputs,), final = rnn_ops.loop(
            Leaf(family, names),
            [inputs],
            list(state),
            bound,
            None,
            lengths,
            time_major=True,
            swap_memory=False,
        )
        # As the last nodes of TensorFlow are named.
        last = "strided_slice" if lengths is None else "GatherNd"
        if lengths is not None:
            outputs = array.identity(outputs, name="mul")
        final = [array.identity(leaf, name=last) for leaf in final]
        return outputs, LSTMStateTuple(*final)
