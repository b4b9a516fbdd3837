"""`RNN`, the layer that runs a cell over the steps of a sequence, and cells in a stack."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import logging, nest
from ...input_spec import InputSpec
from ...keras_base import Layer
from ...keras_history import arguments_of
from ...ops import array, state
from ...ops.lists import concat
from ...rnn_cell_base import RNNCell
from ...shapes import TensorShape
from .. import session as keras_session
from ..rnn import rnn
from .configured import Configured


def is_multiple_state(state_size: Any) -> bool:
    return hasattr(state_size, "__len__") and not isinstance(state_size, TensorShape)


def sizes_of(state_size: Any) -> list[Any]:
    """One state's sizes behind the batch's."""
    return TensorShape(state_size).as_list() if not isinstance(state_size, int) else [state_size]


def zero_state(state_size: Any, batch_size: Any, dtype: Any) -> Any:
    """Zeros for each state of a cell."""

    def zeros(size: Any) -> Any:
        shape = concat([array.reshape(batch_size, [1]), sizes_of(size)], 0)
        result = array.zeros(shape, dtype)
        result.set_shape([None, *sizes_of(size)])
        return result

    if is_multiple_state(state_size):
        return nest.map_structure(zeros, list(state_size))
    return zeros(state_size)


class AbstractRNNCell(Layer):
    """Base of cells of a script's own (TF1 symbol: `tf.keras.layers.AbstractRNNCell`).

    Define `call(inputs, states)`, which gives an output and new states, `state_size` and `output_size`.
    """

    def call(self, inputs: Any, states: Any) -> Any:
        raise NotImplementedError("Abstract method")

    @property
    def state_size(self) -> Any:
        raise NotImplementedError("Abstract method")

    @property
    def output_size(self) -> Any:
        raise NotImplementedError("Abstract method")

    def get_initial_state(self, inputs: Any = None, batch_size: Any = None, dtype: Any = None) -> Any:
        """Zeros for each state."""
        if inputs is not None:
            batch_size, dtype = array.shape(inputs)[0], inputs.dtype
        return zero_state(self.state_size, batch_size, dtype)


class StackedRNNCells(Configured):
    """Cells one behind the other as one cell (TF1 symbol: `tf.keras.layers.StackedRNNCells`).

    Raises:
        ValueError: something among them is no cell.
    """

    def __init__(self, cells: Any, **kwargs: Any) -> None:
        for cell in cells:
            if not hasattr(cell, "call"):
                raise ValueError("All cells must have a `call` method. received cells:", cells)
            if not hasattr(cell, "state_size"):
                raise ValueError("All cells must have a `state_size` attribute. received cells:", cells)
        self.cells = list(cells)
        self.reverse_state_order = kwargs.pop("reverse_state_order", False)
        if self.reverse_state_order:
            logging.warning("reverse_state_order=True in StackedRNNCells will soon be deprecated.")
        super().__init__(**kwargs)

    @property
    def _ordered(self) -> list[Any]:
        return self.cells[::-1] if self.reverse_state_order else self.cells

    @property
    def state_size(self) -> tuple[Any, ...]:
        return tuple(cell.state_size for cell in self._ordered)

    @property
    def output_size(self) -> Any:
        return output_size_of(self.cells[-1])

    def get_initial_state(self, inputs: Any = None, batch_size: Any = None, dtype: Any = None) -> Any:
        return tuple(initial_state_of(cell, inputs, batch_size, dtype) for cell in self._ordered)

    def call(self, inputs: Any, states: Any, constants: Any = None, **kwargs: Any) -> Any:
        sizes = self.state_size[::-1] if self.reverse_state_order else self.state_size
        nested = nest.pack_sequence_as(sizes, nest.flatten(states))
        after = []
        for cell, own in zip(self.cells, nested, strict=True):
            listed = list(own) if isinstance(own, (list, tuple)) else [own]
            given = dict(kwargs)
            names = arguments_of(cell.call)
            if constants is not None and "constants" in names:
                given["constants"] = constants
            if "training" not in names:
                given.pop("training", None)
            before = own if is_tensorflow_cell(cell) else listed
            inputs, new = cell.call(inputs, before, **given)
            after.append(new)
        return inputs, nest.pack_sequence_as(
            self.state_size, nest.flatten(after[:: -1 if self.reverse_state_order else 1])
        )

    def build(self, input_shape: Any) -> None:
        shape = TensorShape(input_shape).as_list()
        for cell in self.cells:
            if isinstance(cell, Layer) and not cell.built:
                cell._dtype = cell._dtype or self._dtype
                cell.build(TensorShape(shape))
                cell.built = True
            shape = [shape[0], *sizes_of(output_size_of(cell))]
        self.built = True

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config["cells"] = [{"class_name": type(c).__name__, "config": c.get_config()} for c in self.cells]
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        from .serialization import deserialize

        given = dict(config)
        cells = [deserialize(cell, custom_objects) for cell in given.pop("cells")]
        return cls(cells, **given)


def is_tensorflow_cell(cell: Any) -> bool:
    """Whether a cell is one of `tf.nn.rnn_cell`, whose only state is no list."""
    return isinstance(cell, RNNCell)


def output_size_of(cell: Any) -> Any:
    size = getattr(cell, "output_size", None)
    if size is not None:
        return size
    return cell.state_size[0] if is_multiple_state(cell.state_size) else cell.state_size


def initial_state_of(cell: Any, inputs: Any, batch_size: Any, dtype: Any) -> Any:
    if inputs is not None:
        batch_size, dtype = array.shape(inputs)[0], inputs.dtype
    make = getattr(cell, "get_initial_state", None)
    if make is not None:
        return make(inputs=None, batch_size=batch_size, dtype=dtype)
    return zero_state(cell.state_size, batch_size, dtype)


class RNN(Configured):
    """Runs a cell over the steps of a sequence (TF1 symbol: `tf.keras.layers.RNN`).

    Args:
        cell: one cell, or a list of them that are stacked.
        return_sequences: whether all outputs come out, and not the last one alone.
        return_state: whether the last states come out too.
        go_backwards: whether the last step is the first.
        stateful: whether the next batch begins with the states of this one.
        unroll: whether each step has nodes of its own.
        time_major: whether inputs and outputs are [time, batch, ...].

    Raises:
        ValueError: no cell, or states that do not fit it.
    """

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        time_major: bool = False,
        **kwargs: Any,
    ) -> None:
        if isinstance(cell, (list, tuple)):
            cell = StackedRNNCells(cell)
        if not hasattr(cell, "call"):
            raise ValueError("`cell` should have a `call` method. The RNN was passed:", cell)
        if not hasattr(cell, "state_size"):
            raise ValueError(
                "The RNN cell should have an attribute `state_size` (tuple of integers, one integer per RNN "
                "state)."
            )
        self.zero_output_for_mask = kwargs.pop("zero_output_for_mask", False)
        if "input_shape" not in kwargs and ("input_dim" in kwargs or "input_length" in kwargs):
            kwargs["input_shape"] = (kwargs.pop("input_length", None), kwargs.pop("input_dim", None))
        super().__init__(**kwargs)
        self.cell = cell
        self.return_sequences, self.return_state = return_sequences, return_state
        self.go_backwards, self.stateful = go_backwards, stateful
        self.unroll, self.time_major = unroll, time_major
        self.supports_masking = True
        self._states: Any = None
        self._num_constants = 0

    @property
    def states(self) -> Any:
        if self._states is None:
            return [None] * (len(self.cell.state_size) if is_multiple_state(self.cell.state_size) else 1)
        return self._states

    @states.setter
    def states(self, states: Any) -> None:
        self._states = states

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        own = nest.flatten(mask)[0] if mask is not None else None
        after = own if self.return_sequences else None
        return [after, *[None] * len(nest.flatten(self.states))] if self.return_state else after

    def compute_output_shape(self, input_shape: Any) -> Any:
        first = input_shape[0] if isinstance(input_shape, list) else input_shape
        sizes = TensorShape(first).as_list()
        rows = sizes[1 if self.time_major else 0]
        size = sizes_of(output_size_of(self.cell))
        whole = TensorShape([*sizes[:2], *size] if self.return_sequences else [rows, *size])
        if not self.return_state:
            return whole
        each = self.cell.state_size if is_multiple_state(self.cell.state_size) else [self.cell.state_size]
        return [whole, *(TensorShape([rows, *sizes_of(item)]) for item in nest.flatten(each))]

    def build(self, input_shape: Any) -> None:
        first = input_shape[0] if isinstance(input_shape, list) else input_shape

        def step_shape(shape: Any) -> TensorShape:
            sizes = TensorShape(shape).as_list()
            return TensorShape(sizes[1:] if self.time_major else [sizes[0], *sizes[2:]])

        single = isinstance(first, TensorShape)
        shape = step_shape(first) if single else nest.map_structure(step_shape, first)
        if single:
            self.input_spec = (
                InputSpec(ndim=len(first.as_list())) if not isinstance(input_shape, list) else None
            )
        if isinstance(self.cell, Layer) and not self.cell.built:
            self.cell._dtype = self.cell._dtype or self._dtype
            self.cell.build(shape)
            self.cell.built = True
        if self.stateful and self._states is None:
            self._make_states(TensorShape(nest.flatten(first)[0] if not single else first))
        self.built = True

    # -- states
    def _make_states(self, shape: TensorShape) -> None:
        from ...variables import Variable

        rows = shape.as_list()[1 if self.time_major else 0]
        if not rows:
            raise ValueError(
                "If a RNN is stateful, it needs to know its batch size. Specify the batch size of your input "
                "tensors: by passing a `batch_input_shape` argument to your first layer of a "
                "Sequential model, "
                "or a `batch_shape` argument to your Input layer."
            )
        each = self.cell.state_size if is_multiple_state(self.cell.state_size) else [self.cell.state_size]

        def variable(size: Any) -> Variable:
            zeros = np.zeros([rows, *sizes_of(size)], dtype=self.dtype or "float32")
            return Variable(zeros, trainable=False, name="state", use_resource=True)

        self._states = [nest.map_structure(variable, item) for item in each]

    def reset_states(self, states: Any = None) -> None:
        """Have the next batch begin with zeros, or with these arrays.

        Raises:
            AttributeError: the layer is not stateful.
            ValueError: another number of states, or other shapes.
        """
        if not self.stateful:
            raise AttributeError("Layer must be stateful.")
        if self._states is None:
            raise ValueError(
                f"The states of {self.name} are made when it is built: call it on inputs before "
                "it resets them."
            )
        own = nest.flatten(self._states)
        if states is None:
            keras_session.batch_set_value([(item, np.zeros(item.shape.as_list())) for item in own])
            return
        given = nest.flatten(states)
        if len(given) != len(own):
            raise ValueError(
                f"Layer {self.name} expects {len(own)} states, but it received {len(given)} "
                "state values. Input "
                f"received: {states}"
            )
        for index, (variable, value) in enumerate(zip(own, given, strict=True)):
            if tuple(variable.shape.as_list()) != np.shape(value):
                raise ValueError(
                    f"State {index} is incompatible with layer {self.name}: expected shape={variable.shape}, "
                    f"found shape={np.shape(value)}"
                )
        keras_session.batch_set_value(list(zip(own, given, strict=True)))

    def get_initial_state(self, inputs: Any) -> list[Any]:
        first = nest.flatten(inputs)[0]
        rows = array.shape(first)[1 if self.time_major else 0]
        made = initial_state_of(self.cell, None, rows, first.dtype)
        return list(made) if isinstance(made, (list, tuple)) else [made]

    def _own_weights(self) -> list[Any]:
        states = nest.flatten(self._states) if self._states is not None else []
        return [item for item in super()._own_weights() if all(item is not other for other in states)]

    # -- calling
    def __call__(self, inputs: Any, initial_state: Any = None, constants: Any = None, **kwargs: Any) -> Any:
        if isinstance(inputs, list):
            if constants is None and self._num_constants:
                constants = inputs[-self._num_constants :]
                inputs = inputs[: -self._num_constants]
            if len(inputs) > 1:
                initial_state = inputs[1:]
            inputs = inputs[0]
        state = initial_state
        listed = None if state is None else list(state) if isinstance(state, (list, tuple)) else [state]
        more = None if constants is None else constants if isinstance(constants, list) else [constants]
        if more is not None:
            self._num_constants = len(more)
        extra = [*(nest.flatten(listed) if listed else []), *(more or [])]
        if extra and all(hasattr(item, "_keras_history") for item in extra):
            spec, self.input_spec = self.input_spec, None  # it is of the sequence alone
            try:
                return super().__call__([inputs, *(listed or []), *(more or [])], **kwargs)
            finally:
                self.input_spec = spec
        if listed is not None:
            kwargs["initial_state"] = listed
        if more is not None:
            kwargs["constants"] = more
        return super().__call__(inputs, **kwargs)

    def _process_inputs(self, inputs: Any, initial_state: Any, constants: Any) -> Any:
        if isinstance(inputs, list):
            if self._num_constants:
                constants = inputs[-self._num_constants :]
                inputs = inputs[: -self._num_constants]
            initial_state = inputs[1:] or None
            inputs = inputs[0]
        if initial_state is None:
            initial_state = self.states if self.stateful else self.get_initial_state(inputs)
        initial_state = list(initial_state)
        if len(initial_state) != len(self.states):
            raise ValueError(
                f"Layer has {len(self.states)} states but was passed {len(initial_state)} initial states."
            )
        return inputs, initial_state, constants

    def call(
        self,
        inputs: Any,
        mask: Any = None,
        training: Any = None,
        initial_state: Any = None,
        constants: Any = None,
    ) -> Any:
        inputs, initial_state, constants = self._process_inputs(inputs, initial_state, constants)
        mask = None if mask is None else nest.flatten(mask)[0]
        last, outputs, states = self._sequence(inputs, initial_state, constants, mask, training)
        flat = nest.flatten(states)
        if self.stateful:
            pairs = zip(nest.flatten(self.states), flat, strict=True)
            self.add_update([state.assign(variable, value) for variable, value in pairs], inputs=inputs)
        output = outputs if self.return_sequences else last
        return [output, *states] if self.return_state else output

    def _sequence(self, inputs: Any, initial_state: Any, constants: Any, mask: Any, training: Any) -> Any:
        """(the last output, all outputs, the last states)"""
        names = arguments_of(self.cell.call)
        given = (
            {"training": training} if "training" in names or isinstance(self.cell, StackedRNNCells) else {}
        )
        if constants and "constants" not in names:
            raise ValueError("RNN cell does not support constants")
        of_tensorflow = is_tensorflow_cell(self.cell)
        count = len(constants or [])
        for cell in [self.cell, *getattr(self.cell, "cells", ())]:
            if hasattr(cell, "reset_dropout_mask"):  # a mask is the same at each step of one call
                cell.reset_dropout_mask()
                cell.reset_recurrent_dropout_mask()

        def step(now: Any, states: Any) -> Any:
            own, more = (states[:-count], states[-count:]) if count else (states, None)
            before = own[0] if len(own) == 1 and of_tensorflow else own
            options = {**given, "constants": more} if count else given
            output, new = self.cell.call(now, before, **options)
            return output, list(new) if isinstance(new, (list, tuple)) else [new]

        return rnn(
            step,
            inputs,
            initial_state,
            constants=constants,
            go_backwards=self.go_backwards,
            mask=mask,
            unroll=self.unroll,
            time_major=self.time_major,
            zero_output_for_mask=self.zero_output_for_mask,
        )

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config["cell"] = {"class_name": type(self.cell).__name__, "config": self.cell.get_config()}
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        from .serialization import deserialize

        given = dict(config)
        cell = given.pop("cell")
        return cls(deserialize(cell, custom_objects) if isinstance(cell, dict) else cell, **given)
