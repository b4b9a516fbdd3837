"""The neural Turing machine around a controller. TF1: `NTMCell` of
`tensorflow.contrib.rnn.python.ops.rnn_cell`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from ostinato._init import Initializer, TruncatedNormal
from ostinato._state import Nest, zeros
from ostinato.cells.base import RNNCell
from ostinato.cells.wrapping import OwningWrapper, Parameters, WrapperParameters
from ostinato.steps import Parameter
from ostinato.steps.family import check_positive_integer


class NTMControllerState(NamedTuple):
    """The state of a neural Turing machine. TF1: `NTMControllerState`.

    `read_vector_list` has what each read head read `[batch, memory_vector_dim]`, `w_list` where each head
    was `[batch, memory_size]`, `M` is the memory `[batch, memory_size, memory_vector_dim]`, and `time` counts
    the steps: at 0 the first three are not looked at.
    """

    controller_state: Nest
    read_vector_list: list[Nest]
    w_list: list[Nest]
    M: Nest
    time: Nest


@dataclass(frozen=True)
class NeuralTuringMachine:
    """What happens around the controller. `output_dim` is the size of the outputs."""

    memory_size: int
    memory_vector_dim: int
    read_head_num: int
    write_head_num: int
    output_dim: int
    shift_range: int = 1
    clip_value: float = 20

    is_pointwise = False

    def __post_init__(self) -> None:
        for name in ("memory_size", "memory_vector_dim", "read_head_num", "write_head_num", "output_dim"):
            check_positive_integer(name, getattr(self, name))
        if not 0 < 2 * self.shift_range + 1 <= self.memory_size:
            raise ValueError(
                f"shift_range {self.shift_range} needs a memory_size of at least {2 * self.shift_range + 1}, "
                f"but it is {self.memory_size}."
            )

    @property
    def num_heads(self) -> int:
        return self.read_head_num + self.write_head_num

    @property
    def num_parameters_per_head(self) -> int:
        return self.memory_vector_dim + 2 * self.shift_range + 4

    @property
    def total_parameter_num(self) -> int:
        return (
            self.num_parameters_per_head * self.num_heads + self.memory_vector_dim * 2 * self.write_head_num
        )

    def cell_input_size(self, input_size: int) -> int:
        return input_size + self.read_head_num * self.memory_vector_dim

    def parameters(self, input_size: int, output_size: int, state_size: Nest) -> WrapperParameters:
        dim, total = self.memory_vector_dim, self.total_parameter_num
        rows = output_size + dim * self.read_head_num
        found = [
            Parameter(
                "parameters_kernel", (output_size, total), TruncatedNormal(1.0 / math.sqrt(output_size))
            ),
            Parameter("parameters_bias", (total,), 0.0),
            Parameter("output_kernel", (rows, self.output_dim), TruncatedNormal(1.0 / math.sqrt(rows))),
            Parameter("output_bias", (self.output_dim,), 0.0),
        ]
        found += [Parameter(f"initial_read_vector_{i}", (1, dim)) for i in range(self.read_head_num)]
        found += [
            Parameter(f"initial_address_weights_{i}", (1, self.memory_size)) for i in range(self.num_heads)
        ]
        found.append(Parameter("memory", (self.memory_size, dim), 1e-6))
        return WrapperParameters(before=tuple(found))

    def state_size(self, state_size: Nest) -> NTMControllerState:
        return NTMControllerState(
            state_size,
            [self.memory_vector_dim] * self.read_head_num,
            [self.memory_size] * self.num_heads,
            torch.Size([self.memory_size, self.memory_vector_dim]),
            torch.Size([]),
        )

    def output_size(self, output_size: int) -> int:
        return self.output_dim

    def cell_state(self, state: NTMControllerState) -> Nest:
        return state.controller_state

    def before(self, parameters: Parameters, inputs: Tensor, state: NTMControllerState) -> Tensor:
        reads = [
            torch.where(state.time == 0, torch.tanh(parameters[f"initial_read_vector_{i}"]), vector)
            for i, vector in enumerate(state.read_vector_list)
        ]
        return torch.cat([inputs, *reads], 1)

    def after(
        self,
        parameters: Parameters,
        inputs: Tensor,
        state: NTMControllerState,
        outputs: Tensor,
        cell_state: Nest,
    ) -> tuple[Tensor, NTMControllerState]:
        told = functional.linear(outputs, parameters["parameters_kernel"].t(), parameters["parameters_bias"])
        told = told.clamp(-self.clip_value, self.clip_value)
        heads, written = told.split(
            [self.num_parameters_per_head * self.num_heads, self.memory_vector_dim * 2 * self.write_head_num],
            1,
        )
        is_first = state.time == 0
        memory = torch.where(is_first, parameters["memory"], state.M)
        weights = [
            self._address(
                head,
                memory,
                torch.where(
                    is_first,
                    torch.softmax(parameters[f"initial_address_weights_{i}"], 1),
                    state.w_list[i],
                ),
            )
            for i, head in enumerate(heads.chunk(self.num_heads, 1))
        ]
        reads = [(w.unsqueeze(2) * memory).sum(1) for w in weights[: self.read_head_num]]
        new_memory = memory
        changes = written.chunk(2 * self.write_head_num, 1)
        for i, w in enumerate(weights[self.read_head_num :]):
            erased, added = torch.sigmoid(changes[2 * i]), torch.tanh(changes[2 * i + 1])
            w = w.unsqueeze(2)
            new_memory = new_memory * (1 - w * erased.unsqueeze(1)) + w * added.unsqueeze(1)
        output = functional.linear(
            torch.cat([outputs, *reads], 1), parameters["output_kernel"].t(), parameters["output_bias"]
        ).clamp(-self.clip_value, self.clip_value)
        return output, NTMControllerState(cell_state, reads, weights, new_memory, state.time + 1)

    def _address(self, head: Tensor, memory: Tensor, before: Tensor) -> Tensor:
        """Where a head is: `[batch, memory_size]`, that sums to 1 (Graves et al. 2014, section 3.3)."""
        shifts = 2 * self.shift_range + 1
        key, strength, gate, shift, sharpness = head.split([self.memory_vector_dim, 1, 1, shifts, 1], 1)
        key = torch.tanh(key)
        strength, gate = functional.softplus(strength), torch.sigmoid(gate)
        sharpness = functional.softplus(sharpness) + 1
        norms = torch.linalg.vector_norm(memory, dim=2) * torch.linalg.vector_norm(key, dim=1, keepdim=True)
        similarity = (memory @ key.unsqueeze(2)).squeeze(2) / (norms + 1e-8)
        content = torch.softmax(strength * similarity, 1)
        weight = gate * content + (1 - gate) * before
        # The weight that moves by k places lies k places on; -1 is the last of the shifts.
        moved = torch.zeros_like(weight)
        for place, amount in enumerate(torch.softmax(shift, 1).unbind(1)):
            by = place if place <= self.shift_range else place - shifts
            moved = moved + amount.unsqueeze(1) * weight.roll(by, 1)
        sharpened = moved**sharpness
        return sharpened / sharpened.sum(1, keepdim=True)


class NTMCell(OwningWrapper):
    """A neural Turing machine: a controller with a memory that it reads and writes by attention. TF1:
    `NTMCell` of `tensorflow.contrib.rnn.python.ops.rnn_cell`; Graves et al. 2014, Collier and Beel 2018.

    The controller is given x beside what the heads read last. Its output says for each head where it goes
    (by content, then by a shift), for each write head what it erases and adds, and with what is read the
    output. All of what it says, and the output, are clipped to [-clip_value, clip_value].

    Args:
        controller: a cell with inputs of the size `input_size + read_head_num * memory_vector_dim`.
        input_size: the depth of the inputs.
        memory_size, memory_vector_dim: how many places the memory has, and the size of each.
        read_head_num, write_head_num: the numbers of heads.
        shift_range: how many places a head can go to either side in a step.
        output_dim: the size of the output; None is `input_size`.
        clip_value: as above.
        initializer: fills the first read vectors and address weights in place (default: glorot_uniform).
        device, dtype: of the parameters; None is as the controller's.

    Raises:
        ValueError: a size below 1, a memory smaller than the shifts, or a controller with inputs of another
            size.

    Parameters: `parameters_kernel`, `parameters_bias`, `output_kernel`, `output_bias`,
    `initial_read_vector_i` `[1, memory_vector_dim]`, `initial_address_weights_i` `[1, memory_size]` and
    `memory` `[memory_size, memory_vector_dim]`. State: `NTMControllerState`.

    >>> from ostinato import BasicLSTMCell
    >>> controller = BasicLSTMCell(5, input_size=3 + 2 * 4)
    >>> cell = NTMCell(
    ...     controller, 3, memory_size=6, memory_vector_dim=4, read_head_num=2, write_head_num=1
    ... )
    >>> output, state = cell(torch.ones(2, 3), cell.zero_state(2))
    >>> output.shape, state.M.shape, int(state.time)
    (torch.Size([2, 3]), torch.Size([2, 6, 4]), 1)
    """

    def __init__(
        self,
        controller: RNNCell,
        input_size: int,
        memory_size: int,
        memory_vector_dim: int,
        read_head_num: int,
        write_head_num: int,
        shift_range: int = 1,
        output_dim: int | None = None,
        clip_value: float = 20,
        *,
        initializer: Initializer | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        maths = NeuralTuringMachine(
            memory_size,
            memory_vector_dim,
            read_head_num,
            write_head_num,
            input_size if output_dim is None else output_dim,
            shift_range,
            clip_value,
        )
        super().__init__(maths, controller, input_size, initializer, device, dtype)

    def zero_state(
        self, batch_size: int, dtype: torch.dtype | None = None, device: torch.device | str | None = None
    ) -> NTMControllerState:
        memory = self.wrapper_parameters()["memory"]
        device = device or memory.device
        reads, weights, places = zeros(self.state_size[1:4], batch_size, dtype or memory.dtype, device)
        time = torch.zeros((), dtype=torch.int32, device=device)
        return NTMControllerState(
            self.cell.zero_state(batch_size, dtype, device), reads, weights, places, time
        )
