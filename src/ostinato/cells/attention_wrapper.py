"""A cell that attends to a memory."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from ostinato._init import Initializer
from ostinato._state import Nest
from ostinato.cells.attention_mechanisms import (
    AttentionMechanism,
    LuongAttention,
    LuongMonotonicAttention,
    Memory,
    for_a_loop,
    kernel_of,
)
from ostinato.cells.base import RNNCell, check_cell
from ostinato.cells.parameters import fill, own
from ostinato.steps import Parameter, attention


class AttentionWrapperState(NamedTuple):
    """The state of a cell with attention: the cell's, what was attended to `[batch, attention_size]`, and the
    alignments `[batch, time]`.
    """

    cell_state: Nest
    attention: Any
    alignments: Any


class AttentionWrapper(torch.nn.Module):
    """Lets a cell attend to a memory. TF1: `tf.contrib.seq2seq.AttentionWrapper`.

    Each step gives the cell its inputs beside what was attended to in the step before, then queries the
    mechanism with the cell's output. `wrapper.attend_to(memory)` is the cell for one memory: it runs under
    every driver and decoder.

    Args:
        cell: a cell, whose `input_size` is that of the inputs and of what is attended to together.
        attention_mechanism: a mechanism whose queries have the cell's `output_size`.
        attention_layer_size: the depth of a layer, without a bias, from the cell's output beside what was
            read to what counts as attended to; None: what was read counts.
        output_attention: whether the output is what was attended to, not the cell's output.
        initializer, device, dtype: of the layer.

    Parameters: the cell's, the mechanism's, and `attention_layer.kernel` `[output_size + memory_size,
    attention_layer_size]`.

    >>> from ostinato import GRUCell, LuongAttention, dynamic_rnn
    >>> attention = LuongAttention(4, memory_size=3)
    >>> wrapper = AttentionWrapper(GRUCell(4, input_size=2 + 3), attention)
    >>> cell = wrapper.attend_to(attention.memory(torch.ones(2, 5, 3)))
    >>> outputs, state = dynamic_rnn(cell, torch.ones(2, 7, 2))
    >>> outputs.shape, state.alignments.shape
    (torch.Size([2, 7, 3]), torch.Size([2, 5]))
    """

    attention_layer: torch.nn.Module

    def __init__(
        self,
        cell: Any,
        attention_mechanism: AttentionMechanism,
        attention_layer_size: int | None = None,
        *,
        output_attention: bool = True,
        initializer: Initializer | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        check_cell(cell)
        if not isinstance(attention_mechanism, AttentionMechanism):
            raise TypeError(
                "attention_mechanism must be an AttentionMechanism, saw type: "
                f"{type(attention_mechanism).__name__}"
            )
        self.cell, self.attention_mechanism = cell, attention_mechanism
        self.output_attention = output_attention
        self.has_layer = attention_layer_size is not None
        depth = attention_mechanism.memory_size
        self.attention_size = depth if attention_layer_size is None else attention_layer_size
        if attention_layer_size is not None:
            shape = (cell.output_size + depth, attention_layer_size)
            fill(own(self, [Parameter("attention_layer/kernel", shape)], device, dtype), initializer)

    def attend_to(self, memory: Memory) -> AttendingCell:
        """The cell that attends to this memory, as its mechanism's `memory` makes it."""
        if not isinstance(memory, Memory):
            raise TypeError(
                f"memory must be what the mechanism's memory(values, sequence_length) gives, but is a "
                f"{type(memory).__name__}."
            )
        return AttendingCell(self, memory)


class AttendingCell(RNNCell):
    """An `AttentionWrapper` with its memory: a cell like any other."""

    def __init__(self, wrapper: AttentionWrapper, memory: Memory) -> None:
        super().__init__()
        self.wrapper = wrapper
        factors = isinstance(wrapper.attention_mechanism, (LuongAttention, LuongMonotonicAttention))
        self._memory, self._given = for_a_loop(memory, factors), memory

    @property
    def input_size(self) -> Nest:
        size = getattr(self.wrapper.cell, "input_size", None)
        return None if size is None else size - self.wrapper.attention_size

    @property
    def state_size(self) -> AttentionWrapperState:
        wrapper = self.wrapper
        return AttentionWrapperState(
            wrapper.cell.state_size, wrapper.attention_size, self._given.values.shape[1]
        )

    @property
    def output_size(self) -> int:
        wrapper = self.wrapper
        return wrapper.attention_size if wrapper.output_attention else wrapper.cell.output_size

    def zero_state(
        self,
        batch_size: int,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
        cell_state: Nest = None,
    ) -> AttentionWrapperState:
        """The state before the first step; the cell's is zeros, or `cell_state`.

        Raises:
            ValueError: the memory has another number of rows.
        """
        values = self._given.values
        if batch_size != values.shape[0]:
            raise ValueError(
                "Non-matching batch sizes between the memory (encoder output) and the requested batch size: "
                f"{values.shape[0]} and {batch_size}. For beam search, tile the memory with tile_batch."
            )
        if cell_state is None:
            cell_state = self.wrapper.cell.zero_state(batch_size, dtype, device)
        attended = values.new_zeros(batch_size, self.wrapper.attention_size)
        alignments = self.wrapper.attention_mechanism.initial_alignments(self._given)
        return AttentionWrapperState(cell_state, attended, alignments)

    def forward(self, inputs: Tensor, state: AttentionWrapperState) -> tuple[Tensor, AttentionWrapperState]:
        wrapper, memory = self.wrapper, self._memory
        output, cell_state = wrapper.cell(torch.cat((inputs, state.attention), 1), state.cell_state)
        alignments = wrapper.attention_mechanism(output, memory, state.alignments)
        attended = attention.attend(alignments, memory.values)
        if wrapper.has_layer:
            attended = torch.cat((output, attended), 1) @ kernel_of(wrapper.attention_layer)
        next_state = AttentionWrapperState(cell_state, attended, alignments)
        return (attended if wrapper.output_attention else output), next_state
