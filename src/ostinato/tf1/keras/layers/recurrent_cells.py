"""Keras' cells: SimpleRNNCell, GRUCell, LSTMCell."""

from __future__ import annotations

from typing import Any

from ...initializers import Ones
from ...ops import array, nn
from ...ops.lists import concat, split, unstack
from ...ops.math import matmul
from ...shapes import TensorShape
from ...smart_cond import smart_cond
from ...tensor import Tensor
from ..learning_phase import learning_phase
from .configured import Configured, settle
from .recurrent import zero_state


class Cell(Configured):
    """What the three share: variables, and masks of dropout that are the same at each step."""

    _gates = 1
    recurrent_activation: Any = None
    recurrent_initializer: Any
    recurrent_regularizer: Any
    recurrent_constraint: Any

    def _set_up(self, given: dict[str, Any]) -> None:
        self.units, self.use_bias = int(given["units"]), given["use_bias"]
        self._start_masks(given["dropout"], given["recurrent_dropout"])
        settle(self, given)
        self.output_size = self.units
        self.state_size: Any = self.units
        self.bias: Any = None

    def _start_masks(self, dropout: float, recurrent_dropout: float) -> None:
        self.dropout = min(1.0, max(0.0, dropout))
        self.recurrent_dropout = min(1.0, max(0.0, recurrent_dropout))
        self._masks: Any = None
        self._recurrent_masks: Any = None

    def build(self, input_shape: Any) -> None:
        depth = TensorShape(input_shape).as_list()[-1]
        self.kernel = self._weight("kernel", (depth, self.units * self._gates), "kernel")
        self.recurrent_kernel = self._weight(
            "recurrent_kernel", (self.units, self.units * self._gates), "recurrent"
        )
        if self.use_bias:
            self.bias = self._weight("bias", self._bias_shape(), "bias")
        self.built = True

    def _bias_shape(self) -> tuple[int, ...]:
        return (self.units * self._gates,)

    def _weight(self, name: str, shape: Any, kind: str) -> Any:
        return self.add_weight(
            name=name,
            shape=shape,
            initializer=getattr(self, f"{kind}_initializer"),
            regularizer=getattr(self, f"{kind}_regularizer"),
            constraint=getattr(self, f"{kind}_constraint"),
        )

    def get_initial_state(self, inputs: Any = None, batch_size: Any = None, dtype: Any = None) -> Any:
        if inputs is not None:
            batch_size, dtype = array.shape(inputs)[0], inputs.dtype
        return zero_state(self.state_size, batch_size, dtype)

    # -- dropout
    def reset_dropout_mask(self) -> None:
        """Draw another mask of the inputs at the next step."""
        self._masks = None

    def reset_recurrent_dropout_mask(self) -> None:
        """Draw another mask of the states at the next step."""
        self._recurrent_masks = None

    def get_dropout_mask_for_cell(self, inputs: Any, training: Any, count: int = 1) -> Any:
        """The masks of the inputs; None for no dropout."""
        if self.dropout == 0:
            return None
        if self._masks is None:
            self._masks = _drawn(inputs, self.dropout, training, count)
        return self._masks

    def get_recurrent_dropout_mask_for_cell(self, inputs: Any, training: Any, count: int = 1) -> Any:
        """The masks of the states; None for no dropout."""
        if self.recurrent_dropout == 0:
            return None
        if self._recurrent_masks is None:
            self._recurrent_masks = _drawn(inputs, self.recurrent_dropout, training, count)
        return self._recurrent_masks

    def dropout_masks(self, inputs: Any, h: Any, training: Any) -> tuple[list[Any], list[Any]]:
        """For each gate what is left of a step's inputs, and of the states; nothing where nothing drops."""
        count = self._gates
        masks = self.get_dropout_mask_for_cell(inputs, training, count)
        recurrent = self.get_recurrent_dropout_mask_for_cell(h, training, count)
        one_mask = getattr(self, "implementation", 1) != 1

        def of_gates(drawn: Any) -> list[Any]:
            return [] if drawn is None else [drawn[0 if one_mask else gate] for gate in range(count)]

        return of_gates(masks), of_gates(recurrent)

    def _shares(self, inputs: Any, h: Any, training: Any) -> tuple[list[Any], list[Any]]:
        """The inputs and the states as each gate sees them."""
        of_inputs, of_states = self.dropout_masks(inputs, h, training)
        seen = [inputs * mask for mask in of_inputs] or [inputs] * self._gates
        return seen, [h * mask for mask in of_states] or [h] * self._gates

    def _products(self, values: list[Any], kernel: Any) -> list[Tensor]:
        """Each gate's product; one product where all gates see the same."""
        count = len(values)
        if all(value is values[0] for value in values):
            return split(matmul(values[0], kernel), count, axis=1)
        return [matmul(value, part) for value, part in zip(values, split(kernel, count, axis=1), strict=True)]


def _drawn(like: Any, rate: float, training: Any, count: int) -> list[Any]:
    training = learning_phase() if training is None else training
    ones = array.ones_like(like)
    return [smart_cond(training, lambda: nn.dropout(ones, rate=rate), lambda: ones) for _ in range(count)]


class SimpleRNNCell(Cell):
    """activation(inputs @ kernel + h @ recurrent_kernel + bias) (TF1 symbol:
    `tf.keras.layers.SimpleRNNCell`).
    """

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._set_up(locals())

    def call(self, inputs: Any, states: Any, training: Any = None) -> Any:
        (seen,), (held,) = self._shares(inputs, states[0], training)
        total = matmul(seen, self.kernel)
        if self.bias is not None:
            total = nn.bias_add(total, self.bias)
        output = self.activation(total + matmul(held, self.recurrent_kernel))
        return output, [output]


class GRUCell(Cell):
    """A gated recurrent unit (TF1 symbol: `tf.keras.layers.GRUCell`).

    `reset_after` multiplies by the reset gate after the product, as cuDNN does.
    """

    _gates = 3

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "hard_sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        implementation: int = 1,
        reset_after: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.implementation, self.reset_after = implementation, reset_after
        self._set_up(locals())

    def _bias_shape(self) -> tuple[int, ...]:
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def call(self, inputs: Any, states: Any, training: Any = None) -> Any:
        h = states[0]
        seen, held = self._shares(inputs, h, training)
        x_z, x_r, x_h = self._products(seen, self.kernel)
        biases: list[Any] = [None] * 3
        inner: list[Any] = [None] * 3
        if self.bias is not None:
            rows = unstack(self.bias) if self.reset_after else [self.bias]
            biases = split(rows[0], 3, axis=0)
            inner = split(rows[1], 3, axis=0) if self.reset_after else inner
        x_z, x_r, x_h = (_shifted(x, bias) for x, bias in zip((x_z, x_r, x_h), biases, strict=True))
        if self.reset_after:
            h_z, h_r, h_h = self._products(held, self.recurrent_kernel)
            h_z, h_r, h_h = (_shifted(x, bias) for x, bias in zip((h_z, h_r, h_h), inner, strict=True))
            z, r = self.recurrent_activation(x_z + h_z), self.recurrent_activation(x_r + h_r)
            candidate = self.activation(x_h + r * h_h)
        else:
            k_z, k_r, k_h = split(self.recurrent_kernel, 3, axis=1)
            z = self.recurrent_activation(x_z + matmul(held[0], k_z))
            r = self.recurrent_activation(x_r + matmul(held[1], k_r))
            candidate = self.activation(x_h + matmul(r * held[2], k_h))
        before = held[0] if self.implementation != 1 else h
        new = z * before + (1 - z) * candidate
        return new, [new]


def _shifted(value: Tensor, bias: Any) -> Tensor:
    return value if bias is None else nn.bias_add(value, bias)


class LSTMCell(Cell):
    """A cell of long short-term memory (TF1 symbol: `tf.keras.layers.LSTMCell`).

    `unit_forget_bias` has the forget gate's bias start at one. The states are h and c.
    """

    _gates = 4

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "hard_sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        implementation: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.implementation, self.unit_forget_bias = implementation, unit_forget_bias
        self._set_up(locals())
        self.state_size = [self.units, self.units]

    def _weight(self, name: str, shape: Any, kind: str) -> Any:
        if kind != "bias" or not self.unit_forget_bias:
            return super()._weight(name, shape, kind)

        def initializer(_: Any, *args: Any, **options: Any) -> Tensor:
            make = self.bias_initializer
            parts = [
                make([self.units], *args, **options),
                Ones()([self.units], *args, **options),
                make([self.units * 2], *args, **options),
            ]
            return concat(parts, 0)

        return self.add_weight(
            name=name,
            shape=shape,
            initializer=initializer,
            regularizer=self.bias_regularizer,
            constraint=self.bias_constraint,
        )

    def call(self, inputs: Any, states: Any, training: Any = None) -> Any:
        h, c = states[0], states[1]
        seen, held = self._shares(inputs, h, training)
        biases = [None] * 4 if self.bias is None else split(self.bias, 4, axis=0)
        xs = zip(self._products(seen, self.kernel), biases, strict=True)
        totals = [
            _shifted(x, bias) + part
            for (x, bias), part in zip(xs, self._products(held, self.recurrent_kernel), strict=True)
        ]
        i, f, g, o = totals
        new_c = self.recurrent_activation(f) * c + self.recurrent_activation(i) * self.activation(g)
        new_h = self.recurrent_activation(o) * self.activation(new_c)
        return new_h, [new_h, new_c]
