"""A cell with attention (TF1 symbol: `tf.contrib.seq2seq.AttentionWrapper`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from ... import check_ops, layers, nest
from ...dtypes import int32
from ...graph import control_dependencies, name_scope
from ...ops import array, lists
from ...ops.core import convert_to_tensor, one
from ...rnn_cell_base import RNNCell, assert_like_rnncell
from ...shapes import TensorShape
from ...tensor import Tensor
from ...tensor_array import TensorArray
from . import scores
from .attention import AttentionMechanism

__all__ = ["AttentionWrapper", "AttentionWrapperState"]

_TILE = (
    "Are you using the BeamSearchDecoder?  You may need to tile your {} via the "
    "tf.contrib.seq2seq.tile_batch function with argument multiple=beam_width."
)


class _State(NamedTuple):
    cell_state: Any
    attention: Any
    time: Any
    alignments: Any
    alignment_history: Any
    attention_state: Any = ()


class AttentionWrapperState(_State):
    """The state of an `AttentionWrapper` (TF1 symbol: `tf.contrib.seq2seq.AttentionWrapperState`).

    Fields: `cell_state`; `attention`, what was attended to; `time`, the number of the step; `alignments`;
    `alignment_history`, a TensorArray of the alignments of all steps, or (); `attention_state`. The last
    three are tuples where there are several mechanisms. Scripts for versions before 1.5, which had no
    `attention_state`, make one without.
    """

    __slots__ = ()

    def clone(self, **kwargs: Any) -> AttentionWrapperState:
        """This state with other fields, whose tensors have the shapes of those that they replace.

        Raises:
            ValueError: they do not.
        """

        def with_same_shape(old: Any, new: Any) -> Any:
            if isinstance(old, Tensor) and isinstance(new, Tensor):
                if not old.shape.is_compatible_with(new.shape):
                    raise ValueError(f"Shapes {new.shape} and {old.shape} are not compatible")
                if not new.shape.is_fully_defined():
                    new = array.identity(new)
                    new.set_shape(old.shape)
            return new

        return nest.map_structure(with_same_shape, self, super()._replace(**kwargs))


def compute_attention(
    attention_mechanism: Any, cell_output: Any, attention_state: Any, attention_layer: Any
) -> tuple[Any, Any, Any]:
    """What a mechanism attends to, the alignments, and its next state (TensorFlow's
    `_compute_attention`).
    """
    alignments, next_attention_state = attention_mechanism(cell_output, state=attention_state)
    context = one("AttentionContext", [alignments, attention_mechanism.values], "Squeeze")
    if attention_layer is None:
        return context, alignments, next_attention_state
    attention = attention_layer(lists.concat([cell_output, context], 1))
    return attention, alignments, next_attention_state


class AttentionWrapper(RNNCell):
    """A cell that attends to a memory (TF1 symbol: `tf.contrib.seq2seq.AttentionWrapper`).

    Each step gives the cell its inputs beside what was attended to in the step before, then queries the
    mechanism with the cell's output.

    Args:
        cell: a cell.
        attention_mechanism: a mechanism, or a list of them.
        attention_layer_size: the depth of a layer, without a bias, from the cell's output beside what was
            read to what counts as attended to; None: what was read counts. One for each mechanism of a list.
        alignment_history: whether the state holds the alignments of all steps.
        cell_input_fn: from inputs and attention to what the cell is given; None puts them side by side.
        output_attention: whether the output is what was attended to, not the cell's output.
        initial_cell_state: the cell's state in `zero_state`.
        name: of the cell.
        attention_layer: a layer, or one for each mechanism, in the place of `attention_layer_size`.
        attention_fn: `(mechanism, cell_output, attention_state, attention_layer)` to `(attention,
            alignments, next state)`, in the place of what is done here.
        dtype: of the cell.

    With a `BeamSearchDecoder` the memory and the states are tiled (`tile_batch`), and `zero_state` is asked
    for batch_size * beam_width rows.

    Raises:
        TypeError: a mechanism that is none, or a `cell_input_fn` that is no function.
        ValueError: a size and a layer at once, or not one for each mechanism.
        tf.errors.InvalidArgumentError: where it is run: a memory of another number of rows.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     attention = tf.contrib.seq2seq.LuongAttention(4, tf.ones([2, 5, 3]))
    ...     cell = tf.contrib.seq2seq.AttentionWrapper(tf.nn.rnn_cell.GRUCell(4), attention)
    ...     output, state = cell(tf.ones([2, 6]), cell.zero_state(2, tf.float32))
    >>> output.shape.as_list(), state.alignments.shape.as_list()
    ([2, 3], [2, 5])
    """

    def __init__(
        self,
        cell: Any,
        attention_mechanism: Any,
        attention_layer_size: Any = None,
        alignment_history: bool = False,
        cell_input_fn: Callable[[Any, Any], Any] | None = None,
        output_attention: bool = True,
        initial_cell_state: Any = None,
        name: str | None = None,
        attention_layer: Any = None,
        attention_fn: Callable[..., Any] | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        assert_like_rnncell("cell", cell)
        self._is_multi = isinstance(attention_mechanism, (list, tuple))
        mechanisms = tuple(attention_mechanism) if self._is_multi else (attention_mechanism,)
        for mechanism in mechanisms:
            if not isinstance(mechanism, AttentionMechanism):
                must = (
                    "attention_mechanism must contain only instances of AttentionMechanism"
                    if self._is_multi
                    else "attention_mechanism must be an AttentionMechanism or list of multiple "
                    "AttentionMechanism instances"
                )
                raise TypeError(f"{must}, saw type: {type(mechanism).__name__}")
        if cell_input_fn is None:
            cell_input_fn = side_by_side
        elif not callable(cell_input_fn):
            raise TypeError(f"cell_input_fn must be callable, saw type: {type(cell_input_fn).__name__}")
        self._cell, self._attention_mechanisms = cell, mechanisms
        self._make_layers(attention_layer_size, attention_layer)
        self._attention_fn = compute_attention if attention_fn is None else attention_fn
        self._cell_input_fn = cell_input_fn
        self._output_attention, self._alignment_history = output_attention, alignment_history
        self._initial_cell_state = None
        with name_scope(name, "AttentionWrapperInit"):
            if initial_cell_state is not None:
                message = (
                    f"When constructing AttentionWrapper {self._base_name}: Non-matching batch sizes between "
                    f"the memory (encoder output) and initial_cell_state.  {_TILE.format('initial state')}"
                )
                last = nest.flatten(initial_cell_state)[-1]
                self._initial_cell_state = self._matched(
                    initial_cell_state, _rows(last), message, "check_initial_cell_state"
                )

    def _make_layers(self, size: Any, layer: Any) -> None:
        mechanisms = self._attention_mechanisms
        self._attention_layers: tuple[Any, ...] | None = None
        if size is not None and layer is not None:
            raise ValueError("Only one of attention_layer_size and attention_layer should be set")
        if size is None and layer is None:
            self._attention_layer_size = sum(mechanism.values.shape[-1].value for mechanism in mechanisms)
            return
        given = size if layer is None else layer
        every = tuple(given) if isinstance(given, (list, tuple)) else (given,)
        if len(every) != len(mechanisms):
            what, part = (
                ("attention_layer_size", "integer") if layer is None else ("attention_layer", "layer")
            )
            raise ValueError(
                f"If provided, {what} must contain exactly one {part} per attention_mechanism, saw: "
                f"{len(every)} vs {len(mechanisms)}"
            )
        if layer is None:
            self._attention_layers = tuple(
                layers.Dense(units, name="attention_layer", use_bias=False, dtype=mechanism.dtype)
                for units, mechanism in zip(every, mechanisms, strict=True)
            )
            self._attention_layer_size = sum(every)
            return
        self._attention_layers = every
        self._attention_layer_size = sum(
            _last(
                one_of.compute_output_shape(
                    TensorShape([None, self._cell.output_size + mechanism.values.shape[-1].value])
                )
            )
            for one_of, mechanism in zip(every, mechanisms, strict=True)
        )

    def _batch_size_checks(self, batch_size: Any, error_message: str) -> list[Any]:
        """The operations that compare a number of rows with the memories'."""
        return [
            check_ops.assert_equal(batch_size, mechanism.batch_size, message=error_message)
            for mechanism in self._attention_mechanisms
        ]

    def _matched(self, nest_of: Any, batch_size: Any, message: str, name: str) -> Any:
        """The tensors, to be had only if there are as many rows as in the memories."""
        with control_dependencies(self._batch_size_checks(batch_size, message)):
            return nest.map_structure(lambda leaf: array.identity(leaf, name=name), nest_of)

    def _matched_output(self, output: Tensor, message: str) -> Tensor:
        """The cell's output after the same check, which every step makes: one node."""
        rows = output.shape[0].value
        for index, mechanism in enumerate(self._attention_mechanisms):
            output.graph.skip(-6 * (rows is None and index > 0))  # which it makes once for all
            wanted = mechanism.batch_size
            if rows is not None and not isinstance(wanted, Tensor):
                check_ops.assert_equal(rows, int(wanted), message=message)
                output.graph.skip(1)  # the checked output
            else:
                inputs = [output, convert_to_tensor(wanted)]
                output = one("MatchingBatch", inputs, "checked_cell_output", message=message)
        return output

    def _item_or_tuple(self, seq: Iterable[Any]) -> Any:
        every = tuple(seq)
        return every if self._is_multi else every[0]

    @property
    def output_size(self) -> Any:
        return self._attention_layer_size if self._output_attention else self._cell.output_size

    @property
    def state_size(self) -> Any:
        mechanisms = self._attention_mechanisms
        return AttentionWrapperState(
            cell_state=self._cell.state_size,
            time=TensorShape([]),
            attention=self._attention_layer_size,
            alignments=self._item_or_tuple(_size(mechanism.alignments_size) for mechanism in mechanisms),
            attention_state=self._item_or_tuple(
                nest.map_structure(_size, mechanism.state_size) for mechanism in mechanisms
            ),
            alignment_history=self._item_or_tuple(
                _size(mechanism.alignments_size) if self._alignment_history else ()
                for mechanism in mechanisms
            ),
        )

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """The state before the first step; its cell's is `initial_cell_state`, or zeros.

        Raises:
            tf.errors.InvalidArgumentError: the memory has another number of rows.
        """
        mechanisms = self._attention_mechanisms
        with name_scope(type(self).__name__ + "ZeroState", values=[batch_size]):
            cell_state = self._initial_cell_state
            if cell_state is None:
                make = getattr(self._cell, "get_initial_state", None)
                cell_state = (
                    self._cell.zero_state(batch_size, dtype)
                    if make is None
                    else make(batch_size=batch_size, dtype=dtype)
                )
            message = (
                f"When calling zero_state of AttentionWrapper {self._base_name}: Non-matching batch sizes "
                "between the memory (encoder output) and the requested batch size.  Are you using the "
                "BeamSearchDecoder?  If so, make sure your encoder output has been tiled to beam_width via "
                "tf.contrib.seq2seq.tile_batch, and the batch_size= argument passed to zero_state is "
                "batch_size * beam_width."
            )
            cell_state = self._matched(cell_state, batch_size, message, "checked_cell_state")
            alignments = [mechanism.initial_alignments(batch_size, dtype) for mechanism in mechanisms]
            return AttentionWrapperState(
                cell_state=cell_state,
                time=array.zeros([], int32),
                attention=scores.zeros_of(self._attention_layer_size, batch_size, dtype),
                alignments=self._item_or_tuple(alignments),
                attention_state=self._item_or_tuple(
                    mechanism.initial_state(batch_size, dtype) for mechanism in mechanisms
                ),
                alignment_history=self._item_or_tuple(
                    TensorArray(dtype, size=0, dynamic_size=True, element_shape=each.shape)
                    if self._alignment_history
                    else ()
                    for each in alignments
                ),
            )

    def call(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        if not isinstance(state, AttentionWrapperState):
            raise TypeError(
                "Expected state to be instance of AttentionWrapperState. "
                f"Received type {type(state)} instead."
            )
        cell_inputs = self._cell_input_fn(inputs, state.attention)
        cell_output, next_cell_state = self._cell(cell_inputs, state.cell_state)
        cell_output = self._matched_output(
            cell_output,
            f"When applying AttentionWrapper {self.name}: Non-matching batch sizes between the memory "
            f"(encoder output) and the query (decoder output).  {_TILE.format('memory input')}",
        )
        multi = self._is_multi
        states = state.attention_state if multi else [state.attention_state]
        histories = state.alignment_history if multi else [state.alignment_history]
        attentions, alignments, next_states, next_histories = [], [], [], []
        for index, mechanism in enumerate(self._attention_mechanisms):
            layer = self._attention_layers[index] if self._attention_layers else None
            attention, aligned, next_state = self._attention_fn(mechanism, cell_output, states[index], layer)
            attentions.append(attention)
            alignments.append(aligned)
            next_states.append(next_state)
            next_histories.append(
                histories[index].write(state.time, aligned) if self._alignment_history else ()
            )
        attention = attentions[0]
        if len(attentions) > 1:
            attention = lists.concat(attentions, 1)
        else:
            attention.graph.skip(2)  # TensorFlow's concat of one
        next_wrapper_state = AttentionWrapperState(
            time=state.time + 1,
            cell_state=next_cell_state,
            attention=attention,
            attention_state=self._item_or_tuple(next_states),
            alignments=self._item_or_tuple(alignments),
            alignment_history=self._item_or_tuple(next_histories),
        )
        return (attention if self._output_attention else cell_output), next_wrapper_state


def side_by_side(inputs: Any, attention: Any) -> Any:
    """What a cell is given by default."""
    return lists.concat([inputs, attention], -1)


def _size(size: Any) -> Any:
    """A size as drivers take it: one that only a run tells is an unknown one."""
    return TensorShape([None]) if isinstance(size, Tensor) else size


def _rows(tensor: Any) -> Any:
    return tensor.shape[0].value or array.shape(tensor)[0]


def _last(shape: Any) -> int:
    last = shape[-1]
    return int(getattr(last, "value", last))
