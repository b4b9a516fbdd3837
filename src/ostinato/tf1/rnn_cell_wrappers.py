"""Cells around a cell: dropout, residual connections, devices (TF1 module: `tf.nn.rnn_cell`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import nest, node_counts
from .body import BodyFunction
from .cell_description import Dropout, Residual
from .graph import Graph, get_default_graph, name_scope
from .layers_base import StaticInput
from .ops import math, nn, random
from .ops.core import convert_to_tensor
from .random_source import graph_seed
from .registry import constant_value
from .rnn_cell_base import (
    Described,
    LSTMStateTuple,
    RNNCell,
    assert_like_rnncell,
    bare_step,
    describe,
    is_plain,
    known,
)
from .seeded_dropout import salted_seed
from .shapes import TensorShape, as_shape
from .tensor import Tensor
from .tensor_array import TensorArray


class _Wrapper(RNNCell):
    """A cell around another one, which adds no scope of its own."""

    def __init__(self, cell: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        assert_like_rnncell("cell", cell)
        self._cell = cell

    @property
    def cell(self) -> Any:
        return self._cell

    @property
    def wrapped_cell(self) -> Any:
        return self._cell

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, as plain values but for functions; of the wrapped cell its class and
        configuration.
        """
        config = super().get_config()
        cell = {"class_name": type(self._cell).__name__, "config": self._cell.get_config()}
        return config | {"cell": cell} | self._own_config()

    def _own_config(self) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A wrapper like the one whose `get_config` gave this, with a cell in the place of the wrapped one's
        configuration.

        Raises:
            ValueError: there is no cell under "cell".
        """
        rest = {name: value for name, value in config.items() if name != "cell"}
        try:
            assert_like_rnncell("cell", config.get("cell"))
        except TypeError:
            raise ValueError(
                "RNNCellWrapper cannot reconstruct the wrapped cell. Please overwrite the cell in the config "
                "with a RNNCell instance."
            ) from None
        return cls(config["cell"], **rest)

    @property
    def state_size(self) -> Any:
        return self._cell.state_size

    @property
    def output_size(self) -> Any:
        return self._cell.output_size

    @property
    def trainable_weights(self) -> list[Any]:
        return getattr(self._cell, "trainable_weights", [])

    @property
    def non_trainable_weights(self) -> list[Any]:
        return getattr(self._cell, "non_trainable_weights", [])

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        with name_scope(type(self).__name__ + "ZeroState", values=[batch_size]):
            return self._cell.zero_state(batch_size, dtype)

    def __call__(  # type: ignore[override]
        self, inputs: Any, state: Any, scope: Any = None, **kwargs: Any
    ) -> Any:
        if scope is None:
            described = describe(self, inputs)
            if described is not None:
                return bare_step(self, described, inputs, state)
        return self._call_cell(inputs, state, scope)

    def _call_cell(self, inputs: Any, state: Any, scope: Any) -> Any:
        arguments = {} if scope is None else {"scope": scope}
        return self._cell(inputs, state, **arguments)


class ResidualWrapper(_Wrapper):
    """Adds the inputs to the outputs, or combines them by `residual_fn(inputs, outputs)`.

    TF1 symbol: `tf.nn.rnn_cell.ResidualWrapper`.
    """

    def __init__(
        self, cell: Any, residual_fn: Callable[[Any, Any], Any] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(cell, **kwargs)
        self._residual_fn = residual_fn
        self._bodies: dict[Any, BodyFunction] = {}

    def _own_config(self) -> dict[str, Any]:
        return {} if self._residual_fn is None else {"residual_fn": self._residual_fn}

    def _is_known(self) -> bool:
        return is_plain(self, ResidualWrapper, "__call__") and known(self._cell)

    def _describe(self, inputs: Any) -> Described:
        inner = self._cell._describe(inputs)
        get_default_graph().skip(1)  # the sum
        output = as_shape(inputs.shape)[:1].concatenate(as_shape(self.output_size))
        if self._residual_fn is None:
            as_shape(inputs.shape).assert_is_compatible_with(output)
            return Described(Residual(inner.description), inner.tensors)
        body = self._body(inputs, output)
        return Described(Residual(inner.description, body), [*inner.tensors, *body.captured])

    def _body(self, inputs: Any, output: TensorShape) -> BodyFunction:
        graph = get_default_graph()
        depth = as_shape(inputs.shape)[1:]
        function: Any = self._residual_fn
        key = (graph, inputs.dtype, depth.known, output[1:].known)
        if key not in self._bodies:
            rows = TensorShape([None])
            shapes = [rows.concatenate(depth), rows.concatenate(output[1:])]
            values = [StaticInput(inputs.dtype, shape) for shape in shapes]
            scope = graph.unique_name("residual")
            self._bodies[key] = BodyFunction(
                lambda x, y: [function(x, y)], values, scope, ["inputs", "outputs"]
            )
        return self._bodies[key]

    def _call_cell(self, inputs: Any, state: Any, scope: Any) -> Any:
        outputs, new_state = super()._call_cell(inputs, state, scope)
        if self._residual_fn is not None:
            return self._residual_fn(inputs, outputs), new_state
        nest.assert_same_structure(inputs, outputs)
        nest.map_structure(lambda x, y: x.shape.assert_is_compatible_with(y.shape), inputs, outputs)
        return nest.map_structure(lambda x, y: x + y, inputs, outputs), new_state


class DeviceWrapper(_Wrapper):
    """Records a device on a cell's nodes (TF1 symbol: `tf.nn.rnn_cell.DeviceWrapper`)."""

    def __init__(self, cell: Any, device: str, **kwargs: Any) -> None:
        super().__init__(cell, **kwargs)
        self._device = device

    def _own_config(self) -> dict[str, Any]:
        return {"device": self._device}

    def __call__(  # type: ignore[override]
        self, inputs: Any, state: Any, scope: Any = None, **kwargs: Any
    ) -> Any:
        with get_default_graph().device(self._device):
            return super().__call__(inputs, state, scope, **kwargs)

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        scope = name_scope(type(self).__name__ + "ZeroState", values=[batch_size])
        with scope, get_default_graph().device(self._device):
            return self._cell.zero_state(batch_size, dtype)

    def _is_known(self) -> bool:
        return is_plain(self, DeviceWrapper, "__call__") and known(self._cell)

    def _describe(self, inputs: Any) -> Described:
        with get_default_graph().device(self._device):
            return self._cell._describe(inputs)


class DropoutWrapper(_Wrapper):
    """Dropout on a cell's inputs, state and outputs (TF1 symbol: `tf.nn.rnn_cell.DropoutWrapper`).

    Kept elements are divided by the keep probability. There is no training mode: feed 1.0 to a keep
    probability to have none. By default an LSTMStateTuple has its h dropped and never its c.

    Args:
        input_keep_prob, output_keep_prob, state_keep_prob: a number or a scalar tensor.
        variational_recurrent: one mask for all steps of a run and for all rows; needs `dtype`, and
            `input_size` where inputs are dropped.
        seed: mixed into the masks.
        dropout_state_filter_visitor: says, given a part of the state, whether it is dropped.

    Raises:
        ValueError: a probability outside [0, 1].

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     keep = tf.placeholder_with_default(1.0, [])
    ...     cell = tf.nn.rnn_cell.DropoutWrapper(tf.nn.rnn_cell.GRUCell(4), output_keep_prob=keep)
    ...     cell.output_size
    4
    """

    def __init__(
        self,
        cell: Any,
        input_keep_prob: Any = 1.0,
        output_keep_prob: Any = 1.0,
        state_keep_prob: Any = 1.0,
        variational_recurrent: bool = False,
        input_size: Any = None,
        dtype: Any = None,
        seed: int | None = None,
        dropout_state_filter_visitor: Callable[[Any], Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(cell, dtype=dtype, **kwargs)
        if dropout_state_filter_visitor is not None and not callable(dropout_state_filter_visitor):
            raise TypeError("dropout_state_filter_visitor must be callable")
        self._visitor = dropout_state_filter_visitor
        self._keep = {
            "input": _probability("input_keep_prob", input_keep_prob),
            "output": _probability("output_keep_prob", output_keep_prob),
            "state": _probability("state_keep_prob", state_keep_prob),
        }
        self._variational_recurrent, self._input_size, self._seed = variational_recurrent, input_size, seed
        self._noise: dict[tuple[Graph, str], Tensor] = {}
        self._input_keep_prob, self._output_keep_prob, self._state_keep_prob = self._keep.values()
        # TensorFlow makes a constant of a number.
        numbers = [value for value in self._keep.values() if not isinstance(value, Tensor)]
        get_default_graph().skip(len(numbers))
        if variational_recurrent and dtype is None:
            raise ValueError("When variational_recurrent=True, dtype must be provided")
        if variational_recurrent and input_size is None and _drops(self._keep["input"]):
            raise ValueError(
                "When variational_recurrent=True and input_keep_prob < 1.0 or is unknown, input_size must "
                "be provided"
            )

    def _own_config(self) -> dict[str, Any]:
        config = {f"{place}_keep_prob": self._keep[place] for place in ("input", "output", "state")}
        config |= {
            "variational_recurrent": self._variational_recurrent,
            "input_size": self._input_size,
            "seed": self._seed,
        }
        return config if self._visitor is None else config | {"dropout_state_filter_visitor": self._visitor}

    def _is_known(self) -> bool:
        return is_plain(self, DropoutWrapper, "__call__") and self._visitor is None and known(self._cell)

    def _describe(self, inputs: Any) -> Described:
        graph = get_default_graph()
        graph.skip(node_counts.of_dropout(self._keep["input"], graph.entered))
        inner = self._cell._describe(inputs)
        for place in ("state", "output"):
            graph.skip(node_counts.of_dropout(self._keep[place], graph.entered))
        values = [self._keep[name] for name in ("input", "output", "state")]
        for value in values:
            if not isinstance(value, Tensor) and value == 0:
                raise ValueError("rate must be a scalar tensor or a float in the range [0, 1), got 1")
        tensors = [value for value in values if isinstance(value, Tensor)]
        numbers = [None if isinstance(value, Tensor) else float(value) for value in values]
        keep = (numbers[0], numbers[1], numbers[2])
        seeds = None if self._seed is None else (graph_seed(), self._seed)
        description = Dropout(inner.description, keep, self._variational_recurrent, seeds)
        return Described(description, [*inner.tensors, *tensors])

    def _call_cell(self, inputs: Any, state: Any, scope: Any) -> Any:
        inputs = self._dropped("input", inputs)
        output, new_state = super()._call_cell(inputs, state, scope)
        if _drops(self._keep["state"]):
            chosen = _marked(self._visitor or _drop_all_but_memory, new_state)
            leaves = zip(nest.flatten(new_state), chosen, strict=True)
            dropped = [
                self._dropped("state", leaf, i) if wanted else leaf for i, (leaf, wanted) in enumerate(leaves)
            ]
            new_state = nest.pack_sequence_as(new_state, dropped)
        return self._dropped("output", output), new_state

    def _dropped(self, place: str, values: Any, index: int = 0) -> Any:
        keep = self._keep[place]
        if not _drops(keep):
            return values
        leaves = [
            self._drop_leaf(f"{place}_{index + i}", keep, leaf) for i, leaf in enumerate(nest.flatten(values))
        ]
        return nest.pack_sequence_as(values, leaves)

    def _drop_leaf(self, place: str, keep: Any, value: Tensor) -> Tensor:
        seed = None if self._seed is None else salted_seed(self._seed, place)
        if not self._variational_recurrent:
            return nn.dropout(value, keep_prob=keep, seed=seed)
        with get_default_graph().outermost.as_default():  # one mask a run, whatever loop the step is in
            key = (get_default_graph(), place)
            if key not in self._noise:
                sizes = [1, *as_shape(value.shape)[1:].as_list()]
                self._noise[key] = random.random_uniform(sizes, dtype=value.dtype.base_dtype, seed=seed)
        keep = convert_to_tensor(keep, value.dtype.base_dtype)
        return value / keep * math.floor(self._noise[key] + keep)


def _probability(name: str, value: Any) -> Any:
    if isinstance(value, Tensor) or hasattr(value, "_to_tensor"):
        tensor = convert_to_tensor(value)
        known = constant_value(tensor)
        if known is None:
            return tensor
        value = known
    elif isinstance(value, float) and not isinstance(value, np.floating):
        value = np.float32(value)  # as a tensor has it that TensorFlow makes of the number
    if not 0 <= value <= 1:
        raise ValueError(f"Parameter {name} must be between 0 and 1: {value}")
    return float(value)


def _drops(keep: Any) -> bool:
    return isinstance(keep, Tensor) or keep < 1


def _drop_all_but_memory(state: Any) -> Any:
    if isinstance(state, TensorArray):
        return False
    return LSTMStateTuple(c=False, h=True) if isinstance(state, LSTMStateTuple) else True


def _marked(visitor: Callable[[Any], Any], state: Any) -> list[bool]:
    """For each leaf of a state, whether the visitor says to drop it; it may answer for a part as a whole."""
    answer = visitor(state)
    leaves = nest.flatten(state)
    if not nest.is_sequence(answer) and nest.is_sequence(state) and answer is True:
        parts = state.values() if isinstance(state, dict) else state
        return [mark for part in parts for mark in _marked(visitor, part)]
    marks = nest.flatten(answer)
    return [bool(marks[0])] * len(leaves) if len(marks) == 1 else [bool(mark) for mark in marks]
