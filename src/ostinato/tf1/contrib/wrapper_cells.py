"""Cells around cells (TF1 module: `tf.contrib.rnn`): projections, embeddings, highways, attention."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ostinato.cells.attention import Attention
from ostinato.cells.embedding import Embedding
from ostinato.cells.highway import Highway
from ostinato.cells.projection import InputProjection, OutputProjection
from ostinato.cells.wrapping import WrapperParameters
from ostinato.steps import Parameter

from .. import logging, nest
from ..activations import core_activation
from ..initializers import RandomUniform
from ..ops import array
from ..ops.core import convert_to_tensor
from ..rnn_cell_base import Described, RNNCell, is_plain, known
from ..rnn_cell_wrappers import _Wrapper
from ..shapes import as_shape
from ..tensor import Tensor
from ..variable_scope import get_variable_scope
from .wrapping import MathsWrapper, depth_of

__all__ = [
    "AttentionCellWrapper",
    "CompiledWrapper",
    "EmbeddingWrapper",
    "HighwayWrapper",
    "InputProjectionWrapper",
    "OutputProjectionWrapper",
]


class _ProjectionWrapper(MathsWrapper):
    def __init__(self, cell: Any, activation: Callable[..., Any] | None, reuse: Any) -> None:
        super().__init__(cell, reuse)
        self._activation = activation

    def _is_known(self) -> bool:
        return super()._is_known() and (not self._activation or core_activation(self._activation) is not None)

    def _known_activation(self) -> str:
        return core_activation(self._activation) or "linear"

    def _activated(self, value: Tensor) -> Tensor:
        is_done = not self._activation or core_activation(self._activation) is not None
        return value if is_done else self._activation(value)  # type: ignore[misc]


class InputProjectionWrapper(_ProjectionWrapper):
    """Gives the cell activation(x @ kernel + bias) (TF1 symbol: `tf.contrib.rnn.InputProjectionWrapper`).

    Args:
        num_proj: the size that inputs are projected to.
        activation: a function of tensors, or None.
        input_size: deprecated and unused.
        reuse: whether the variables are shared with those that the scope has.

    Variables: `kernel` `[depth, num_proj]`, `bias` `[num_proj]`, and the cell's.

    Raises:
        TypeError: `cell` is no cell.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     cell = tf.contrib.rnn.InputProjectionWrapper(tf.nn.rnn_cell.GRUCell(4), 6)
    ...     outputs, state = tf.nn.dynamic_rnn(cell, tf.zeros([2, 5, 3]), dtype=tf.float32)
    ...     tf.global_variables()[0]
    <tf.Variable 'rnn/input_projection_wrapper/kernel:0' shape=(3, 6) dtype=float32_ref>
    """

    def __init__(
        self,
        cell: Any,
        num_proj: int,
        activation: Callable[..., Any] | None = None,
        input_size: Any = None,
        reuse: Any = None,
    ) -> None:
        super().__init__(cell, activation, reuse)
        if input_size is not None:
            logging.warn("%s: The input_size parameter is deprecated.", self)
        self._num_proj = num_proj

    def _maths(self, inputs: Any) -> InputProjection:
        return InputProjection(self._num_proj, self._known_activation())


class OutputProjectionWrapper(_ProjectionWrapper):
    """Projects the cell's output: activation(output @ kernel + bias) (TF1 symbol:
    `tf.contrib.rnn.OutputProjectionWrapper`).

    Args:
        output_size: the size that outputs are projected to.
        activation: a function of tensors, or None.
        reuse: whether the variables are shared with those that the scope has.

    Variables: the cell's, then `kernel` `[cell.output_size, output_size]`, `bias` `[output_size]`.

    Raises:
        TypeError: `cell` is no cell.
        ValueError: `output_size` is below 1.
    """

    def __init__(
        self,
        cell: Any,
        output_size: int,
        activation: Callable[..., Any] | None = None,
        reuse: Any = None,
    ) -> None:
        super().__init__(cell, activation, reuse)
        if output_size < 1:
            raise ValueError(f"Parameter output_size must be > 0: {output_size}.")
        self._output_size = output_size

    @property
    def output_size(self) -> int:
        return self._output_size

    def _maths(self, inputs: Any) -> OutputProjection:
        return OutputProjection(self._output_size, self._known_activation())


class EmbeddingWrapper(MathsWrapper):
    """Gives the cell the embedding of an id (TF1 symbol: `tf.contrib.rnn.EmbeddingWrapper`).

    Args:
        embedding_classes: the number of ids.
        embedding_size: the size of an embedding.
        initializer: of the embedding; None is the scope's, or uniform with a variance of 1.
        reuse: whether the variables are shared with those that the scope has.

    Inputs are integers `[batch]` or `[batch, 1]`. Variables: `embedding` `[embedding_classes,
    embedding_size]` of the type of the state, then the cell's.

    Raises:
        TypeError: `cell` is no cell.
        ValueError: a size is not positive; at run time, an id outside [0, embedding_classes).
    """

    def __init__(
        self,
        cell: Any,
        embedding_classes: int,
        embedding_size: int,
        initializer: Any = None,
        reuse: Any = None,
    ) -> None:
        super().__init__(cell, reuse)
        if embedding_classes <= 0 or embedding_size <= 0:
            raise ValueError(
                "Both embedding_classes and embedding_size must be > 0: "
                f"{embedding_classes}, {embedding_size}."
            )
        self._embedding_classes, self._embedding_size = embedding_classes, embedding_size
        self._initializer = initializer

    def _maths(self, inputs: Any) -> Embedding:
        return Embedding(self._embedding_classes, self._embedding_size)

    def _initializer_of(self, spec: Parameter, dtype: Any) -> Any:
        sqrt3 = math.sqrt(3)
        return self._initializer or get_variable_scope().initializer or RandomUniform(-sqrt3, sqrt3)

    def _specs(self, maths: Any, inputs: Any, output_size: Any, state_size: Any) -> WrapperParameters:
        return maths.parameters(1, output_size, state_size)

    def _is_known(self) -> bool:
        # The embedding has the type of the state, which only a call tells.
        return False

    def _dtype_of(self, spec: Parameter, inputs: Any, state: Any) -> Any:
        return (state[0] if isinstance(state, tuple) else state).dtype.base_dtype

    def call(self, inputs: Any, state: Any) -> Any:
        """One step: the embedding, and the cell over it."""
        inputs = convert_to_tensor(inputs)
        return self._by_parts(array.reshape(inputs, [-1]), state)


class HighwayWrapper(MathsWrapper):
    """Mixes the cell's inputs and outputs by gates of the inputs (TF1 symbol:
    `tf.contrib.rnn.HighwayWrapper`; Srivastava et al. 2015).

    Args:
        couple_carry_transform_gates: whether what is not carried is what is transformed.
        carry_bias_init: where the bias of the carry gate starts.

    Variables, in the scope around and after the cell's: `carry_w` `[n, n]`, `carry_b` `[n]`; uncoupled also
    `transform_w`, `transform_b`.

    Raises:
        ValueError: the sizes of inputs and outputs differ.
    """

    def __init__(
        self, cell: Any, couple_carry_transform_gates: bool = True, carry_bias_init: float = 1.0
    ) -> None:
        super().__init__(cell)
        self._couple_carry_transform_gates = couple_carry_transform_gates
        self._carry_bias_init = carry_bias_init

    def _maths(self, inputs: Any) -> Highway:
        return Highway(self._couple_carry_transform_gates, float(self._carry_bias_init))

    def _specs(self, maths: Any, inputs: Any, output_size: Any, state_size: Any) -> WrapperParameters:
        shape = as_shape(inputs.shape).with_rank(2)
        output = shape[:1].concatenate(as_shape(output_size))
        shape.assert_is_compatible_with(output)
        return super()._specs(maths, inputs, output_size, state_size)

    @property
    def trainable_weights(self) -> list[Any]:
        return getattr(self._cell, "trainable_weights", [])

    @property
    def non_trainable_weights(self) -> list[Any]:
        return getattr(self._cell, "non_trainable_weights", [])

    def _dtype_of(self, spec: Parameter, inputs: Any, state: Any) -> Any:
        return None

    def _variables(self, specs: Any, inputs: Any, state: Any = None) -> dict[str, Tensor]:
        self._own.clear()  # it asks the scope each time: in another one it has others
        return super()._variables(specs, inputs, state)

    def _is_known(self) -> bool:
        return is_plain(self, HighwayWrapper, "call", "__call__") and known(self._cell)

    def _describe(self, inputs: Any) -> Described:
        return self._described(inputs)

    def __call__(  # type: ignore[override]
        self, inputs: Any, state: Any, scope: Any = None
    ) -> Any:
        """One step; `scope` is the wrapped cell's."""
        inputs = nest.map_structure(convert_to_tensor, inputs)
        if scope is None and self._is_known() and isinstance(inputs, Tensor):
            return self.call(inputs, state)
        arguments = {} if scope is None else {"scope": scope}
        return self._by_parts(inputs, state, **arguments)


class AttentionCellWrapper(MathsWrapper):
    """Lets a cell attend to its own last outputs (TF1 symbol: `tf.contrib.rnn.AttentionCellWrapper`; Cheng et
    al. 2016). The maths are those of `ostinato.AttentionCellWrapper`.

    Args:
        attn_length: how many outputs it can attend to.
        attn_size: the size of an output; None is that of the cell's.
        attn_vec_size: the size of the layer that scores; None is `attn_size`.
        input_size: the size of what the cell is given; None is that of the inputs.
        state_is_tuple: the state is (the cell's, `[batch, attn_size]`, `[batch, attn_length * attn_size]`);
            False: one tensor of the three side by side.
        reuse: whether the variables are shared with those that the scope has.

    Variables: `kernel`, `bias`, the cell's, `attention/attn_w`, `attention/attn_v`, `attention/kernel`,
    `attention/bias`, `attn_output_projection/kernel`, `attn_output_projection/bias`.

    Raises:
        TypeError: `cell` is no cell.
        ValueError: `attn_length` is below 1, or the cell's state is a tuple and `state_is_tuple` is False.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     tf.contrib.rnn.AttentionCellWrapper(tf.nn.rnn_cell.LSTMCell(4), attn_length=3).state_size
    (LSTMStateTuple(c=4, h=4), 4, 12)
    """

    def __init__(
        self,
        cell: Any,
        attn_length: int,
        attn_size: int | None = None,
        attn_vec_size: int | None = None,
        input_size: int | None = None,
        state_is_tuple: bool = True,
        reuse: Any = None,
    ) -> None:
        super().__init__(cell, reuse)
        if nest.is_sequence(cell.state_size) and not state_is_tuple:
            raise ValueError(
                "Cell returns tuple of states, but the flag state_is_tuple is not set. State size is: "
                f"{cell.state_size}"
            )
        if attn_length <= 0:
            raise ValueError(f"attn_length should be greater than zero, got {attn_length}")
        if not state_is_tuple:
            logging.warn(
                "%s: Using a concatenated state is slower and will soon be deprecated.  Use "
                "state_is_tuple=True.",
                self,
            )
        self._attn_length, self._input_size = attn_length, input_size
        self._attn_size = cell.output_size if attn_size is None else attn_size
        self._attn_vec_size = self._attn_size if attn_vec_size is None else attn_vec_size
        self._state_is_tuple = state_is_tuple

    def _maths(self, inputs: Any) -> Attention:
        depth = depth_of(inputs) if self._input_size is None else self._input_size
        return Attention(self._attn_length, self._attn_size, self._attn_vec_size, depth)

    def _dtype_of(self, spec: Parameter, inputs: Any, state: Any) -> Any:
        return None if spec.name.startswith("attention/attn_") else inputs.dtype.base_dtype

    @property
    def state_size(self) -> Any:
        sizes = (self._cell.state_size, self._attn_size, self._attn_size * self._attn_length)
        return sizes if self._state_is_tuple else sum(sizes)

    @property
    def output_size(self) -> int:
        return self._attn_size

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        return RNNCell.zero_state(self, batch_size, dtype)


class CompiledWrapper(_Wrapper):
    """A cell that TensorFlow compiles (TF1 symbol: `tf.contrib.rnn.CompiledWrapper`); what it computes is the
    same, and here nothing is compiled: a known cell runs on the operators for whole sequences anyway.
    """

    def __init__(self, cell: Any, compile_stateful: bool = False) -> None:
        super().__init__(cell)
        self._compile_stateful = compile_stateful

    def _is_known(self) -> bool:
        return is_plain(self, CompiledWrapper, "__call__") and known(self._cell)

    def _describe(self, inputs: Any) -> Described:
        return self._cell._describe(inputs)
