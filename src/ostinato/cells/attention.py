"""Attention of a cell to its own last outputs. TF1: `tf.contrib.rnn.AttentionCellWrapper`."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from ostinato._init import Initializer
from ostinato._state import Nest, leaves, zeros
from ostinato.cells.base import RNNCell, check_cell
from ostinato.cells.wrapping import OwningWrapper, Parameters, WrapperParameters
from ostinato.steps import Parameter
from ostinato.steps.family import check_positive_integer


def _linear(parameters: Parameters, scope: str, *values: Tensor) -> Tensor:
    beside = torch.cat(values, 1) if len(values) > 1 else values[0]
    return functional.linear(beside, parameters[f"{scope}kernel"].t(), parameters[f"{scope}bias"])


def _kernel_and_bias(scope: str, rows: int, columns: int) -> tuple[Parameter, ...]:
    return (
        Parameter(f"{scope}kernel", (rows, columns)),
        Parameter(f"{scope}bias", (columns,), 0.0),
    )


@dataclass(frozen=True)
class Attention:
    """The state is that of the cell, what was attended to `[batch, attn_size]`, and the last `attn_length`
    outputs `[batch, attn_length * attn_size]`. `input_size` is the size of what the cell is given.
    """

    attn_length: int
    attn_size: int
    attn_vec_size: int
    input_size: int

    is_pointwise = False

    def __post_init__(self) -> None:
        if self.attn_length <= 0:
            raise ValueError(f"attn_length should be greater than zero, got {self.attn_length}")
        for name in ("attn_size", "attn_vec_size", "input_size"):
            check_positive_integer(name, getattr(self, name))

    def cell_input_size(self, input_size: int) -> int:
        return self.input_size

    def parameters(self, input_size: int, output_size: int, state_size: Nest) -> WrapperParameters:
        size, hidden = self.attn_size, self.attn_vec_size
        return WrapperParameters(
            before=_kernel_and_bias("", input_size + size, self.input_size),
            after=(
                Parameter("attention/attn_w", (1, 1, size, hidden)),
                Parameter("attention/attn_v", (hidden,)),
                *_kernel_and_bias("attention/", sum(leaves(state_size)), hidden),
                *_kernel_and_bias("attn_output_projection/", output_size + size, size),
            ),
        )

    def state_size(self, state_size: Nest) -> tuple[Nest, int, int]:
        return state_size, self.attn_size, self.attn_size * self.attn_length

    def output_size(self, output_size: int) -> int:
        return self.attn_size

    def cell_state(self, state: Nest) -> Nest:
        return state[0]

    def before(self, parameters: Parameters, inputs: Tensor, state: Nest) -> Tensor:
        return _linear(parameters, "", inputs, state[1])

    def after(
        self, parameters: Parameters, inputs: Tensor, state: Nest, outputs: Tensor, cell_state: Nest
    ) -> tuple[Tensor, Nest]:
        window = state[2].reshape(-1, self.attn_length, self.attn_size)
        hidden = window @ parameters["attention/attn_w"][0, 0]
        query = _linear(parameters, "attention/", *leaves(cell_state))
        scores = (parameters["attention/attn_v"] * torch.tanh(hidden + query.unsqueeze(1))).sum(2)
        attended = (torch.softmax(scores, 1).unsqueeze(2) * window).sum(1)
        output = _linear(parameters, "attn_output_projection/", outputs, attended)
        window = torch.cat([window[:, 1:], output.unsqueeze(1)], 1)
        return output, (cell_state, attended, window.flatten(1))


class AttentionCellWrapper(OwningWrapper):
    """Lets a cell attend to its own last outputs. TF1: `tf.contrib.rnn.AttentionCellWrapper`; Cheng et al.
    2016, "Long Short-Term Memory-Networks for Machine Reading".

    The cell is given [x, attended] @ kernel + bias. Then what is attended to among the last outputs y_k is

        s_k = sum(attn_v * tanh(y_k @ attn_w + state @ W + b));  attended = sum_k softmax(s)_k * y_k

    and the output is [cell's output, attended] @ V + d.

    Args:
        cell: the wrapped cell.
        attn_length: how many outputs it can attend to.
        input_size: the depth of the inputs.
        attn_size: the size of an output; None is that of the cell's.
        attn_vec_size: the size of the layer that scores; None is `attn_size`.
        cell_input_size: the size of what the cell is given; None is `input_size`.
        initializer: fills what is no bias in place (default: glorot_uniform); biases start at 0.
        device, dtype: of the parameters; None is as the cell's.

    Raises:
        ValueError: `attn_length` is below 1, or the cell takes inputs of another size.

    Parameters: `kernel`, `bias`, `attention.attn_w` `[1, 1, attn_size, attn_vec_size]`, `attention.attn_v`,
    `attention.kernel` (W), `attention.bias` (b), `attn_output_projection.kernel` (V) and `.bias` (d). State:
    (the cell's, `[batch, attn_size]`, `[batch, attn_length * attn_size]`).

    >>> from ostinato import GRUCell
    >>> cell = AttentionCellWrapper(GRUCell(4, input_size=3), attn_length=2, input_size=3)
    >>> cell.state_size
    (4, 4, 8)
    >>> cell(torch.ones(2, 3), cell.zero_state(2))[0].shape
    torch.Size([2, 4])
    """

    def __init__(
        self,
        cell: RNNCell,
        attn_length: int,
        input_size: int,
        *,
        attn_size: int | None = None,
        attn_vec_size: int | None = None,
        cell_input_size: int | None = None,
        initializer: Initializer | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        check_cell(cell)
        size = cell.output_size if attn_size is None else attn_size
        maths = Attention(
            attn_length,
            size,
            size if attn_vec_size is None else attn_vec_size,
            input_size if cell_input_size is None else cell_input_size,
        )
        super().__init__(maths, cell, input_size, initializer, device, dtype)

    def zero_state(
        self, batch_size: int, dtype: torch.dtype | None = None, device: torch.device | str | None = None
    ) -> Nest:
        state = self.cell.zero_state(batch_size, dtype, device)
        like, sizes = leaves(state)[0], self.state_size[1:]
        return (state, *zeros(sizes, batch_size, like.dtype, like.device))
