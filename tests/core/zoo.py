"""The cells that the laws are tested on, as functions that make them for an input size."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ostinato import (
    AttentionCellWrapper,
    BasicLSTMCell,
    BasicRNNCell,
    BidirectionalGridLSTMCell,
    CFNCell,
    CoupledInputForgetGateLSTMCell,
    DropoutWrapper,
    GLSTMCell,
    GRUCell,
    HighwayWrapper,
    IndRNNCell,
    IndyGRUCell,
    IndyLSTMCell,
    InputProjectionWrapper,
    IntersectionRNNCell,
    LayerNormBasicLSTMCell,
    LSTMCell,
    LSTMStateTuple,
    MinimalRNNCell,
    MultiRNNCell,
    NASCell,
    OutputProjectionWrapper,
    ResidualWrapper,
    RNNCell,
    SRUCell,
    TimeFreqLSTMCell,
    UGRNNCell,
    WeightNormLSTMCell,
    ZoneoutWrapper,
)


class PlainCell(RNNCell):
    """A user's own cell, with a nest as its state and none of the house's machinery."""

    def __init__(self, num_units: int, input_size: int) -> None:
        super().__init__()
        self.mix = nn.Linear(input_size + num_units, num_units)
        self.state_size = {"fast": num_units, "slow": torch.Size([2, num_units])}
        self.output_size = (num_units, torch.Size([2, num_units]))

    def forward(
        self, inputs: Tensor, state: dict[str, Tensor]
    ) -> tuple[tuple[Tensor, Tensor], dict[str, Tensor]]:
        fast = torch.tanh(self.mix(torch.cat([inputs, state["fast"]], dim=1)))
        slow = 0.9 * state["slow"] + 0.1 * fast.unsqueeze(1)
        return (fast, slow), {"fast": fast, "slow": slow}


class NoisyCell(RNNCell):
    """A cell that draws its own random numbers."""

    def __init__(self, num_units: int, input_size: int) -> None:
        super().__init__()
        self.inner = BasicRNNCell(num_units, input_size)
        self.state_size = self.output_size = num_units

    def forward(self, inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        return self.inner(inputs + 0.1 * torch.randn_like(inputs), state)


class OverridingCell(BasicLSTMCell):
    """A built-in cell with a step of its own: it must not run as the built-in op."""

    def forward(self, inputs: Tensor, state: LSTMStateTuple) -> tuple[Tensor, LSTMStateTuple]:
        output, new_state = super().forward(inputs, state)
        return 2.0 * output, new_state


def peephole_lstm(num_units: int, input_size: int) -> RNNCell:
    return LSTMCell(
        num_units,
        input_size,
        use_peepholes=True,
        cell_clip=0.3,
        num_proj=max(1, num_units // 2),
        proj_clip=0.15,
    )


def stack(num_units: int, input_size: int) -> RNNCell:
    return MultiRNNCell(
        [
            BasicLSTMCell(num_units, input_size),
            ResidualWrapper(GRUCell(num_units, num_units)),
            BasicRNNCell(num_units + 1, num_units, activation="relu"),
        ]
    )


def dropout_stack(num_units: int, input_size: int) -> RNNCell:
    return MultiRNNCell(
        [
            DropoutWrapper(BasicLSTMCell(num_units, input_size), input_keep_prob=0.8, output_keep_prob=0.7),
            DropoutWrapper(GRUCell(num_units, num_units), output_keep_prob=0.6, variational_recurrent=True),
        ]
    )


def gated_stack(num_units: int, input_size: int) -> RNNCell:
    return MultiRNNCell(
        [
            NASCell(num_units, input_size, num_proj=2, use_bias=True),
            IntersectionRNNCell(num_units, 2, num_in_proj=num_units),
            UGRNNCell(num_units, num_units, forget_bias=0.5),
            CFNCell(num_units, num_units),
        ]
    )


def independent_stack(num_units: int, input_size: int) -> RNNCell:
    return MultiRNNCell(
        [
            IndyLSTMCell(num_units, input_size),
            IndyGRUCell(num_units, num_units, activation="softsign"),
            IndRNNCell(2, num_units, activation="relu"),
        ]
    )


def light_stack(num_units: int, input_size: int) -> RNNCell:
    return MultiRNNCell(
        [
            MinimalRNNCell(num_units, input_size),
            SRUCell(6, num_units),
            GLSTMCell(4, 6, number_of_groups=2, num_proj=2),
        ]
    )


def projected_highway(num_units: int, input_size: int) -> RNNCell:
    inner = InputProjectionWrapper(BasicLSTMCell(input_size, 2), 2, input_size, activation="tanh")
    return OutputProjectionWrapper(HighwayWrapper(inner, couple_carry_transform_gates=False), num_units)


def coupled_dropout_stack(num_units: int, input_size: int) -> RNNCell:
    return MultiRNNCell(
        [
            CoupledInputForgetGateLSTMCell(
                num_units, input_size, use_peepholes=True, num_proj=2, proj_clip=0.5, layer_norm=True
            ),
            LayerNormBasicLSTMCell(num_units, 2, dropout_keep_prob=0.7, norm_gain=0.5, seed=4),
        ]
    )


def frequency_stack(num_units: int, input_size: int) -> RNNCell:
    windows = TimeFreqLSTMCell(
        2, input_size, feature_size=max(input_size - 1, 1), use_peepholes=True, cell_clip=0.5
    )
    grid = BidirectionalGridLSTMCell(
        1,
        windows.output_size,
        feature_size=2,
        frequency_skip=2,
        num_frequency_blocks=[windows.output_size // 2],
        use_peepholes=True,
        backward_slice_offset=1,
    )
    return MultiRNNCell([windows, grid])


LOWERED: dict[str, Callable[[int, int], RNNCell]] = {
    "basic_rnn": BasicRNNCell,
    "basic_rnn_relu": lambda num_units, input_size: BasicRNNCell(
        num_units, input_size, activation=torch.relu
    ),
    "gru": GRUCell,
    "gru_sigmoid": lambda num_units, input_size: GRUCell(num_units, input_size, activation="sigmoid"),
    "gru_reset_after": lambda num_units, input_size: GRUCell(num_units, input_size, reset_after=True),
    "basic_lstm": BasicLSTMCell,
    "lstm_linear": lambda num_units, input_size: BasicLSTMCell(
        num_units, input_size, activation="linear", forget_bias=0.5
    ),
    "lstm_peepholes": lambda num_units, input_size: LSTMCell(num_units, input_size, use_peepholes=True),
    "lstm_projection": lambda num_units, input_size: LSTMCell(num_units, input_size, num_proj=3),
    "lstm_all": peephole_lstm,
    "lstm_layer_norm": lambda num_units, input_size: LSTMCell(num_units, input_size, layer_norm=True),
    "lstm_layer_norm_all": lambda num_units, input_size: LSTMCell(
        num_units, input_size, use_peepholes=True, cell_clip=0.9, num_proj=3, proj_clip=0.3, layer_norm=True
    ),
    "lstm_weight_norm": lambda num_units, input_size: WeightNormLSTMCell(
        num_units, input_size, use_peepholes=True, num_proj=3
    ),
    "stack": stack,
    "dropout_stack": dropout_stack,
    "projected_highway": projected_highway,
    "residual": lambda num_units, input_size: ResidualWrapper(BasicLSTMCell(input_size, input_size)),
}
"""Cells that run as sequence ops."""

STEPPED: dict[str, Callable[[int, int], RNNCell]] = {
    "plain": PlainCell,
    "gated_stack": gated_stack,
    "coupled_dropout_stack": coupled_dropout_stack,
    "independent_stack": independent_stack,
    "light_stack": light_stack,
    "overriding": OverridingCell,
    "softsign": lambda num_units, input_size: BasicRNNCell(num_units, input_size, activation="softsign"),
    "state_dropout": lambda num_units, input_size: DropoutWrapper(
        MultiRNNCell([BasicLSTMCell(num_units, input_size), GRUCell(num_units, num_units)]),
        state_keep_prob=0.7,
    ),
    "frequency_stack": frequency_stack,
    "attention": lambda num_units, input_size: AttentionCellWrapper(
        LSTMCell(num_units, 2), attn_length=2, input_size=input_size, attn_size=3, cell_input_size=2
    ),
    "zoneout": lambda num_units, input_size: MultiRNNCell(
        [
            ZoneoutWrapper(BasicLSTMCell(num_units, input_size), LSTMStateTuple(c=0.4, h=0.2)),
            ZoneoutWrapper(GRUCell(num_units, num_units), 0.3),
        ]
    ),
    "residual_fn": lambda num_units, input_size: ResidualWrapper(
        GRUCell(num_units, input_size), lambda inputs, outputs: outputs + inputs.sum(1, keepdim=True)
    ),
    "stack_with_plain": lambda num_units, input_size: MultiRNNCell(
        [BasicLSTMCell(num_units, input_size), NoisyCell(3, num_units)]
    ),
}
"""Cells that are stepped."""

CELLS = LOWERED | STEPPED
