"""`RNN`: the layer that drops in for `torch.nn.RNN`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from ostinato.cells.zoneout import check_probability
from ostinato.layers.base import RecurrentLayer
from ostinato.layers.fused import fused_kernel
from ostinato.steps import BasicRNN


class SingleStateLayer(RecurrentLayer):
    """What the layers share whose state is h alone."""

    state_names = ("h_0",)

    def family_state(self, parts: Sequence[Any]) -> Any:
        return parts[0]

    def state_parts(self, state: Any) -> Sequence[Tensor]:
        return (state,)

    def forward(
        self,
        input: Tensor | PackedSequence,
        hx: Tensor | None = None,
        *,
        sequence_length: Tensor | Sequence[int] | None = None,
        seed: Tensor | int | None = None,
    ) -> tuple[Any, Tensor]:
        """Run the layer: `output, h_n = layer(input, h_0)`. For shapes see the class.

        Raises:
            TypeError: an argument is no tensor.
            ValueError: a rank, dtype or length that does not fit.
            RuntimeError: a shape, device, or dtype of the state that does not fit.
        """
        result = self._run(input, None if hx is None else [hx], sequence_length, seed, False)
        return result.output, result.states[0]


class RNN(SingleStateLayer):
    """The Elman RNN of `torch.nn.RNN` (Elman 1990), with lengths: h' = tanh(W_ih x + b_ih + W_hh h + b_hh).

    Args:
        input_size: the depth of the inputs.
        hidden_size: units n.
        num_layers: layers, each over the outputs of the one before it.
        nonlinearity: "tanh" or "relu".
        bias: whether there are biases.
        batch_first: inputs and outputs are `[batch, time, ...]`, not `[time, batch, ...]`.
        dropout: of what passes from layer to layer, in training: a probability in [0, 1].
        bidirectional: a second direction over each row from its end; outputs side by side.
        device, dtype: of the parameters.
        zoneout: the probability that a unit keeps its h at a step (Krueger et al. 2016), in training; in
            evaluation h is the expectation. A layer with zoneout runs step by step.

    Call: `output, h_n = layer(input, h_0=zeros, *, sequence_length=None, seed=None)`.
        input: `[time, batch, input_size]`; `[batch, time, input_size]` with `batch_first`; `[time,
            input_size]` of one row without a batch; or a `PackedSequence`.
        h_0: `[num_layers * D, batch, n]`, D = 2 if bidirectional else 1; without a batch `[num_layers * D,
            n]`.
        sequence_length: integers `[batch]` (a number without a batch): outputs past a row's length are zeros,
            h_n is that of its last step, and the reverse direction begins there. Padding is never read.
        seed: of the masks of dropout and zoneout; None: drawn from torch's default generator.
        output: `[..., D * n]` in the form of the input.
        h_n: as h_0.

    Parameters, by torch.nn's names, for each layer k: `weight_ih_l{k}` `[n, input_size or D * n]`,
    `weight_hh_l{k}` `[n, n]`, `bias_ih_l{k}`, `bias_hh_l{k}` `[n]`, and the same with `_reverse`.

    Raises:
        ValueError: a size, probability or nonlinearity that is none.
        TypeError: an argument of another type.

    >>> layer = RNN(12, 64, num_layers=2, nonlinearity="relu", batch_first=True)
    >>> output, h_n = layer(torch.randn(3, 20, 12), sequence_length=[20, 7, 1])
    >>> output.shape, h_n.shape, bool((output[1, 7:] == 0).all()), bool((h_n[1, 1] == output[1, 6]).all())
    (torch.Size([3, 20, 64]), torch.Size([2, 3, 64]), True, True)
    """

    gates = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        zoneout: float = 0.0,
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"nonlinearity must be 'tanh' or 'relu', but is {nonlinearity!r}.")
        super().__init__(
            f"RNN_{nonlinearity.upper()}",
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
        )
        self.nonlinearity = nonlinearity
        self.zoneout = (check_probability("zoneout", zoneout),)
        self.family = BasicRNN(hidden_size, nonlinearity)
        self.make_parameters(device, dtype)

    def family_parameters(self, values: dict[str, Tensor]) -> list[Tensor]:
        weight_ih = values["weight_ih"]
        bias = values["bias_ih"] + values["bias_hh"] if self.bias else weight_ih.new_zeros(self.hidden_size)
        return [fused_kernel(weight_ih, values["weight_hh"]), bias]
