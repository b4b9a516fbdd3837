"""The grid LSTM over time and frequency (Kalchbrenner et al. 2016, "Grid Long Short-Term Memory"; with
peepholes Sainath and Li 2016), in TF1's layout. TF1: `tf.contrib.rnn.GridLSTMCell` and
`tf.contrib.rnn.BidirectionalGridLSTMCell`.

Two LSTMs at each frequency: one hands its c and m on to the next frequency, the other to the next step. Both
see the window of the inputs and the m of both directions. Frequencies come in blocks with weights of their
own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from ostinato.steps.family import Parameter, check_positive_integer
from ostinato.steps.time_freq_lstm import check_windows, clipped, frequency_slices

Parameters = Mapping[str, Tensor]


@dataclass(frozen=True)
class GridLSTM:
    """`depth` is that of the inputs. Block b has `num_frequency_blocks[b]` frequencies; their windows, of
    `feature_size` and shifted by `frequency_skip`, lie in the inputs from `start_freqindex_list[b]` to
    `end_freqindex_list[b]`, or anywhere in them for one block without these lists.

    The state is a flat tuple: c and m of each frequency of each block. With `state_is_tuple=False` it is one
    tensor, of which every block reads the beginning, as it does in TF1.
    """

    num_units: int
    depth: int
    feature_size: int
    frequency_skip: int
    num_frequency_blocks: tuple[int, ...]
    start_freqindex_list: tuple[int, ...] = ()
    end_freqindex_list: tuple[int, ...] = ()
    use_peepholes: bool = False
    share_time_frequency_weights: bool = False
    couple_input_forget_gates: bool = False
    cell_clip: float | None = None
    forget_bias: float = 1.0
    state_is_tuple: bool = True

    def __post_init__(self) -> None:
        check_positive_integer("num_units", self.num_units)
        check_windows(self.depth, self.feature_size, self.frequency_skip, self.cell_clip)
        blocks, starts, ends = self.num_frequency_blocks, self.start_freqindex_list, self.end_freqindex_list
        if not starts and len(blocks) != 1:
            raise ValueError(f"Length of num_frequency_blocks is not 1, but instead is {len(blocks)}")
        if starts and len(starts) != len(ends):
            raise ValueError(
                f"Length of start and end freqindex_list does not match {len(starts)} {len(ends)}"
            )
        if starts and len(blocks) != len(starts):
            raise ValueError(
                "Length of num_frequency_blocks is not equal to start_freqindex_list "
                f"{len(blocks)} {len(starts)}"
            )
        for block, (start, end) in enumerate(self._spans()):
            fitting = (end - start - self.feature_size) // self.frequency_skip + 1
            if fitting != blocks[block] or fitting < 1:
                raise ValueError(
                    f"Invalid num_frequency_blocks, requires {blocks[block]} but gets {fitting}, please "
                    "check the input size and filter config are correct."
                )
            seen = start + (fitting - 1) * self.frequency_skip + self.feature_size
            if start < 0 or seen > self.depth:
                raise ValueError(
                    f"Block {block} takes the inputs from {start} to {seen}, but their depth is {self.depth}."
                )

    def _spans(self) -> Sequence[tuple[int, int]]:
        if not self.start_freqindex_list:
            return [(0, self.depth)]
        return list(zip(self.start_freqindex_list, self.end_freqindex_list, strict=True))

    @property
    def directions(self) -> tuple[str, ...]:
        """What stands before the names of the parameters of each direction over the frequencies."""
        return ("",)

    @property
    def state_size(self) -> tuple[int, ...] | int:
        count = 2 * sum(self.num_frequency_blocks) * len(self.directions)
        return (self.num_units,) * count if self.state_is_tuple else self.num_units * count

    @property
    def output_size(self) -> int:
        return 2 * self.num_units * sum(self.num_frequency_blocks) * len(self.directions)

    @property
    def output_is_state(self) -> bool:
        return False

    def parameters(self, input_size: int) -> tuple[Parameter, ...]:
        return tuple(
            parameter
            for direction in self.directions
            for block in range(len(self.num_frequency_blocks))
            for parameter in self._block_parameters(direction, block)
        )

    def _block_parameters(self, direction: str, block: int) -> list[Parameter]:
        units = self.num_units
        gates = (3 if self.couple_input_forget_gates else 4) * units
        lstms = ("f",) if self.share_time_frequency_weights else ("f", "t")
        found = []
        for lstm in lstms:
            found.append(Parameter(f"{direction}W_{lstm}_{block}_0", (self.feature_size + 2 * units, gates)))
            found.append(Parameter(f"{direction}B_{lstm}_{block}", (gates,), 0.0))
        if self.use_peepholes:
            seen = ("I", "O") if self.couple_input_forget_gates else ("F", "I", "O")
            for lstm in ("freq", "time")[: len(lstms)]:
                for gate in seen:
                    for source in ("f", "t"):
                        name = f"{direction}W_{gate}_diag_{lstm}{source}_{block}"
                        found.append(Parameter(name, (units,)))
        return found

    def input_size(self, parameters: Parameters) -> int:
        return self.depth

    def _windows(self, inputs: Tensor, block: int, direction: str) -> Tensor:
        """The windows of a block `[..., batch, frequencies, feature_size]`, in the order of the walk."""
        start, end = self._spans()[block]
        return frequency_slices(inputs[..., start:end], self.feature_size, self.frequency_skip)

    def project(self, parameters: Parameters, inputs: Tensor) -> tuple[Tensor, ...]:
        projected = []
        for direction in self.directions:
            for block in range(len(self.num_frequency_blocks)):
                windows = self._windows(inputs, block, direction)
                for lstm in ("f",) if self.share_time_frequency_weights else ("f", "t"):
                    kernel = parameters[f"{direction}W_{lstm}_{block}_0"]
                    bias = parameters[f"{direction}B_{lstm}_{block}"]
                    projected.append(windows @ kernel[: self.feature_size] + bias)
        return tuple(projected)

    def recur(
        self, parameters: Parameters, projected: tuple[Tensor, ...], state: tuple[Tensor, ...] | Tensor
    ) -> tuple[Tensor, tuple[Tensor, ...] | Tensor]:
        leaves = state.split(self.num_units, 1) if isinstance(state, Tensor) else state
        given, first = iter(projected), 0
        outputs: list[Tensor] = []
        new_leaves: list[Tensor] = []
        for direction in self.directions:
            for block, frequencies in enumerate(self.num_frequency_blocks):
                by_frequency = next(given)
                by_time = by_frequency if self.share_time_frequency_weights else next(given)
                # One tensor is read from its beginning by every block: TF1's rule.
                begin = first if self.state_is_tuple else 0
                walked = self._walk(
                    parameters,
                    direction,
                    block,
                    by_frequency,
                    by_time,
                    leaves[begin : begin + 2 * frequencies],
                )
                outputs += walked[0]
                new_leaves += walked[1]
                first += 2 * frequencies
        new_state = tuple(new_leaves) if self.state_is_tuple else torch.cat(new_leaves, 1)
        return torch.cat(outputs, 1), new_state

    def _walk(
        self,
        parameters: Parameters,
        direction: str,
        block: int,
        by_frequency: Tensor,
        by_time: Tensor,
        state: Sequence[Tensor],
    ) -> tuple[list[Tensor], list[Tensor]]:
        """A block's frequencies, one after the other: the outputs (m of time, m of frequency) and the new
        state (c and m of time).
        """
        shared = self.share_time_frequency_weights
        time_lstm = "freq" if shared else "time"
        kernels = [
            parameters[f"{direction}W_{lstm}_{block}_0"] for lstm in (("f",) if shared else ("f", "t"))
        ]
        recurrent = [kernel[self.feature_size :] for kernel in kernels]
        c_freq = m_freq = torch.zeros_like(state[0])
        outputs, new_state = [], []

        def peephole(gate: Tensor, name: str, lstm: str, frequency: Tensor, time: Tensor) -> Tensor:
            if not self.use_peepholes:
                return gate
            names = [f"{direction}W_{name}_diag_{lstm}{source}_{block}" for source in ("f", "t")]
            return gate + parameters[names[0]] * frequency + parameters[names[1]] * time

        for index in range(by_frequency.shape[-2]):
            c_time, m_time = state[2 * index], state[2 * index + 1]
            before = torch.cat([m_time, m_freq], 1)
            freq_gates = torch.addmm(by_frequency[..., index, :], before, recurrent[0])
            time_gates = freq_gates if shared else torch.addmm(by_time[..., index, :], before, recurrent[1])
            new_c, new_o = [], []
            for gates, lstm, old in ((freq_gates, "freq", c_freq), (time_gates, time_lstm, c_time)):
                i, j, *f, o = gates.chunk(3 if self.couple_input_forget_gates else 4, dim=1)
                i = torch.sigmoid(peephole(i, "I", lstm, c_freq, c_time))
                kept = (
                    torch.sigmoid(peephole(f[0] + self.forget_bias, "F", lstm, c_freq, c_time))
                    if f
                    else 1.0 - i
                )
                new_c.append(clipped(kept * old + i * torch.tanh(j), self.cell_clip))
                new_o.append(o)
            c_freq, c_time = new_c
            m_freq = torch.sigmoid(peephole(new_o[0], "O", "freq", c_freq, c_time)) * torch.tanh(c_freq)
            m_time = torch.sigmoid(peephole(new_o[1], "O", time_lstm, c_freq, c_time)) * torch.tanh(c_time)
            outputs += [m_time, m_freq]
            new_state += [c_time, m_time]
        return outputs, new_state

    def step(
        self, parameters: Parameters, inputs: Tensor, state: tuple[Tensor, ...] | Tensor
    ) -> tuple[Tensor, tuple[Tensor, ...] | Tensor]:
        return self.recur(parameters, self.project(parameters, inputs), state)


@dataclass(frozen=True)
class BidirectionalGridLSTM(GridLSTM):
    """Two grid LSTMs with weights of their own, one up and one down the frequencies of each block.

    With `backward_slice_offset` the one that goes down sees the windows shifted by so many places up (with
    zeros past the end), or for a negative one down (with zeros before the beginning).
    """

    backward_slice_offset: int = 0

    @property
    def directions(self) -> tuple[str, ...]:
        return ("fwd/", "bwd/")

    def _windows(self, inputs: Tensor, block: int, direction: str) -> Tensor:
        if direction == "fwd/":
            return super()._windows(inputs, block, direction)
        offset, depth = self.backward_slice_offset, inputs.shape[-1]
        if offset > 0:
            inputs = functional.pad(inputs, (0, offset))[..., offset:]
        elif offset < 0:
            inputs = functional.pad(inputs, (-offset, 0))[..., :depth]
        return super()._windows(inputs, block, direction).flip(-2)
