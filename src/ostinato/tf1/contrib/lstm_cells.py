"""The LSTMs of `tf.contrib.rnn` that differ in a gate, a normalisation or a dropout, and two that TensorFlow
shows in `tensorflow.contrib.rnn.python.ops.rnn_cell` only: shells over families of the core.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ostinato import steps

from .. import variable_scope as vs
from ..family_cell import FamilyCell
from ..initializers import Constant
from ..logging import warn
from ..ops import math
from ..ops.core import convert_to_tensor
from ..random_source import graph_seed
from ..rnn_cell_base import Described
from ..shapes import as_shape
from ..tensor import Tensor
from .recurrent_dropout import DroppingLeaf
from .sharded import sharded_variable

__all__ = [
    "CoupledInputForgetGateLSTMCell",
    "LayerNormBasicLSTMCell",
    "LayerNormLSTMCell",
    "WeightNormLSTMCell",
]

_GATES = [
    f"{gate}/{part}" for gate in ("input", "transform", "forget", "output") for part in ("gamma", "beta")
]


class _NormalizingCell(FamilyCell):
    """A cell whose gammas and betas start from two of its arguments."""

    _norm_gain: float
    _norm_shift: float

    def _initializer_of(self, parameter: steps.Parameter) -> Any:
        starts = {"gamma": self._norm_gain, "beta": self._norm_shift}
        last = parameter.name.split("/")[-1]
        return Constant(starts[last]) if last in starts else super()._initializer_of(parameter)


class LayerNormBasicLSTMCell(_NormalizingCell):
    """LSTM with layer normalisation and recurrent dropout (TF1 symbol:
    `tf.contrib.rnn.LayerNormBasicLSTMCell`; Ba et al. 2016, Semeniuta et al. 2016).

    Each gate is normalised over the units before the forget bias joins it, and c before it is output; only
    what joins c is dropped.

    Args:
        num_units: units n, the size of c, h and output.
        forget_bias: added to f at run time, never stored.
        input_size: not used.
        activation: of what joins c, and of c.
        layer_norm: False leaves out every norm, and adds a bias.
        norm_gain, norm_shift: what each gamma and each beta starts at.
        dropout_keep_prob: the probability of keeping, a number or a scalar tensor; the number 1.0 for no
            dropout.
        dropout_prob_seed: with one, the masks are those that TensorFlow draws.
        reuse: whether the variables are shared with those that the scope has.

    Variables: `kernel` `[depth + n, 4 n]`; `gamma` and `beta` `[n]` in each of `input`, `transform`,
    `forget`, `output` and `state`, or `bias` `[4 n]`.

    Raises:
        ValueError: a number for a probability that is outside (0, 1].
    """

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        input_size: int | None = None,
        activation: Any = math.tanh,
        layer_norm: bool = True,
        norm_gain: float = 1.0,
        norm_shift: float = 0.0,
        dropout_keep_prob: Any = 1.0,
        dropout_prob_seed: int | None = None,
        reuse: Any = None,
    ) -> None:
        super().__init__(reuse, activation=activation)
        if input_size is not None:
            warn("%s: The input_size parameter is deprecated.", self)
        self._num_units, self._forget_bias, self._layer_norm = num_units, forget_bias, layer_norm
        self._norm_gain, self._norm_shift = norm_gain, norm_shift
        self._keep_prob, self._seed = _checked_keep_prob(dropout_keep_prob), dropout_prob_seed

    def _family(self) -> Any:
        return steps.LSTM(
            self._num_units, self._forget_bias, self._known_activation(), layer_norm=self._layer_norm
        )

    def _add_parameter(self, parameter: steps.Parameter) -> Any:
        if parameter.name != "bias":
            return super()._add_parameter(parameter)
        # The one bias of these cells that starts, and is kept in parts, as matrices are.
        return vs.get_variable("bias", list(parameter.shape), dtype=self._dtype)

    def _described(self, inputs: Any) -> Described:
        described = super()._described(inputs)
        if self._keep_prob == 1.0 and not isinstance(self._keep_prob, Tensor):
            return described
        leaf: Any = described.description
        tensors, keep_prob = list(described.tensors), self._keep_prob
        if isinstance(keep_prob, Tensor):
            tensors.insert(len(leaf.names), keep_prob)
            keep_prob = None
        seeds = None if self._seed is None else (graph_seed(), self._seed)
        return Described(DroppingLeaf(leaf.family, leaf.names, leaf.activation, keep_prob, seeds), tensors)


def _checked_keep_prob(keep_prob: Any) -> Any:
    if isinstance(keep_prob, Tensor) or hasattr(keep_prob, "_to_tensor"):
        return convert_to_tensor(keep_prob)
    if not 0.0 < float(keep_prob) <= 1.0:
        raise ValueError(
            "dropout_keep_prob must be a scalar tensor or a float in the range (0, 1], got "
            f"{keep_prob}: it is the probability of keeping."
        )
    return float(keep_prob)


def _inferred_depth(inputs_shape: Any) -> int:
    depth = as_shape(inputs_shape)[1].value
    if depth is None:
        raise ValueError(
            "Could not infer input size from inputs.get_shape()[-1]: the inputs have shape "
            f"{as_shape(inputs_shape)}."
        )
    return int(depth)


class LayerNormLSTMCell(_NormalizingCell):
    """`tf.nn.rnn_cell.LSTMCell` with layer normalisation (TF1 symbol: `LayerNormLSTMCell` of
    `tensorflow.contrib.rnn.python.ops.rnn_cell`; Ba et al. 2016).

    `layer_norm` normalises each gate before its peephole, and the new c before its clip. `initializer` is for
    the matrices and the peepholes. The `bias` is made with `layer_norm` too, and then read by nothing.
    """

    def __init__(
        self,
        num_units: int,
        use_peepholes: bool = False,
        cell_clip: float | None = None,
        initializer: Any = None,
        num_proj: int | None = None,
        proj_clip: float | None = None,
        forget_bias: float = 1.0,
        activation: Any = None,
        layer_norm: bool = False,
        norm_gain: float = 1.0,
        norm_shift: float = 0.0,
        reuse: Any = None,
    ) -> None:
        super().__init__(reuse, activation=activation)
        self._num_units, self._use_peepholes, self._cell_clip = num_units, use_peepholes, cell_clip
        self._initializer, self._num_proj, self._proj_clip = initializer, num_proj, proj_clip
        self._forget_bias, self._layer_norm = forget_bias, layer_norm
        self._norm_gain, self._norm_shift = norm_gain, norm_shift

    def _family(self) -> Any:
        return steps.LSTM(
            self._num_units,
            self._forget_bias,
            self._known_activation(),
            self._use_peepholes,
            self._cell_clip,
            self._num_proj or None,
            self._proj_clip if self._num_proj else None,
            self._layer_norm,
        )

    def _depth(self, inputs_shape: Any) -> int:
        return _inferred_depth(inputs_shape)

    def _parameters(self, depth: int) -> Sequence[steps.Parameter]:
        found = {parameter.name: parameter for parameter in super()._parameters(depth)}
        found.setdefault("bias", steps.Parameter("bias", (4 * self._num_units,), 0.0))
        peepholes = ["w_f_diag", "w_i_diag", "w_o_diag"]
        order = ["kernel", "bias", *_GATES, *peepholes, "state/gamma", "state/beta", "projection/kernel"]
        return [found[name] for name in order if name in found]

    def _initializer_of(self, parameter: steps.Parameter) -> Any:
        return self._initializer if parameter.initial_value is None else super()._initializer_of(parameter)


class CoupledInputForgetGateLSTMCell(_NormalizingCell):
    """LSTM whose input gate is what its forget gate leaves (TF1 symbol:
    `tf.contrib.rnn.CoupledInputForgetGateLSTMCell`; Greff et al. 2015).

    f = sigmoid(f + forget_bias);  c' = f * c + (1 - f) * activation(j);  h' = sigmoid(o) * activation(c').

    Args:
        num_units: units n.
        use_peepholes: f also sees the previous c, o the new one.
        initializer: has no effect, as in TensorFlow: the scope's initialiser is asked.
        num_proj, proj_clip: the output is projected to this size, and held within the clip.
        num_unit_shards, num_proj_shards: in how many variables each matrix is kept.
        forget_bias: added to f at run time, never stored.
        state_is_tuple: False for a state of one tensor, c and h side by side.
        activation: of what joins c, and of c.
        layer_norm, norm_gain, norm_shift: j, f, o and the new c are normalised, from gammas and betas that
            start at the two numbers.
        reuse: whether the variables are shared with those that the scope has.

    Variables: `W_0` `[depth + m, 3 n]` (j, f, o), `B` `[3 n]`; `W_F_diag` and `W_O_diag` `[n]`, `W_P_0`
    `[n, num_proj]`; with `layer_norm` `gamma` and `beta` `[n]` in each of `transform`, `forget`, `output` and
    `state`, while nothing reads `B`. m is `num_proj` or n. Parts of a matrix are `W_0`, `W_1`, and so on.
    """

    def __init__(
        self,
        num_units: int,
        use_peepholes: bool = False,
        initializer: Any = None,
        num_proj: int | None = None,
        proj_clip: float | None = None,
        num_unit_shards: int = 1,
        num_proj_shards: int = 1,
        forget_bias: float = 1.0,
        state_is_tuple: bool = True,
        activation: Any = math.tanh,
        reuse: Any = None,
        layer_norm: bool = False,
        norm_gain: float = 1.0,
        norm_shift: float = 0.0,
    ) -> None:
        super().__init__(reuse, activation=activation, state_is_tuple=state_is_tuple)
        if not state_is_tuple:
            warn(
                "%s: Using a concatenated state is slower and will soon be deprecated.  Use "
                "state_is_tuple=True.",
                self,
            )
        self._num_units, self._use_peepholes, self._forget_bias = num_units, use_peepholes, forget_bias
        self._num_proj, self._proj_clip, self._layer_norm = num_proj, proj_clip, layer_norm
        self._norm_gain, self._norm_shift = norm_gain, norm_shift
        self._shards = {"W_0": num_unit_shards, "W_P_0": num_proj_shards}

    def _family(self) -> Any:
        return steps.CoupledLSTM(
            self._num_units,
            self._forget_bias,
            self._known_activation(),
            self._use_peepholes,
            self._num_proj or None,
            self._proj_clip if self._num_proj else None,
            self._layer_norm,
        )

    def _depth(self, inputs_shape: Any) -> int:
        return _inferred_depth(inputs_shape)

    def _parameters(self, depth: int) -> Sequence[steps.Parameter]:
        kernel, *others = super()._parameters(depth)
        if self._layer_norm:
            others.insert(0, steps.Parameter("B", (3 * self._num_units,), 0.0))
        return [kernel, *others]

    def _add_parameter(self, parameter: steps.Parameter) -> Any:
        count = self._shards.get(parameter.name, 1)
        if count == 1:
            return super()._add_parameter(parameter)
        return sharded_variable(parameter.name.removesuffix("_0"), parameter.shape, self._dtype, count)


class WeightNormLSTMCell(FamilyCell):
    """`tf.nn.rnn_cell.LSTMCell` with normalised weights (TF1 symbol: `WeightNormLSTMCell` of
    `tensorflow.contrib.rnn.python.ops.rnn_cell`; Salimans and Kingma 2016).

    Every column of `kernel`, its part for the inputs and its part for h apart, and of `projection/kernel` is
    divided by its length and multiplied by one that is a variable: `norm_0`, `norm_1`, `projection/norm_0`.
    `norm=False` leaves that out. `initializer` is for all of them but the bias. The variables are in a scope
    `wn_lstm_cell` in the scope `wn_lstm_cell` of the cell.
    """

    def __init__(
        self,
        num_units: int,
        norm: bool = True,
        use_peepholes: bool = False,
        cell_clip: float | None = None,
        initializer: Any = None,
        num_proj: int | None = None,
        proj_clip: float | None = None,
        forget_bias: float = 1,
        activation: Any = None,
        reuse: Any = None,
    ) -> None:
        super().__init__(reuse, activation=activation)
        self._num_units, self._norm, self._use_peepholes = num_units, norm, use_peepholes
        self._cell_clip, self._initializer, self._num_proj = cell_clip, initializer, num_proj
        self._proj_clip, self._forget_bias = proj_clip, forget_bias

    def _family(self) -> Any:
        family = steps.WeightNormLSTM if self._norm else steps.LSTM
        return family(
            self._num_units,
            float(self._forget_bias),
            self._known_activation(),
            self._use_peepholes,
            self._cell_clip,
            self._num_proj or None,
            self._proj_clip if self._num_proj else None,
        )

    def _depth(self, inputs_shape: Any) -> int:
        return _inferred_depth(inputs_shape)

    def _capture_scope(self, scope: Any) -> None:
        if self._scope is None:
            # No number behind the name: a second such cell in a scope meets the first one's variables.
            with vs.variable_scope(_WEIGHT_NORM_SCOPE if scope is None else scope) as captured:
                self._scope = captured

    def _initializer_of(self, parameter: steps.Parameter) -> Any:
        return self._initializer if parameter.initial_value is None else super()._initializer_of(parameter)

    def _add_parameter(self, parameter: steps.Parameter) -> Any:
        name = f"{_WEIGHT_NORM_SCOPE}/{parameter.name}"
        return super()._add_parameter(parameter._replace(name=name))


_WEIGHT_NORM_SCOPE = "wn_lstm_cell"
