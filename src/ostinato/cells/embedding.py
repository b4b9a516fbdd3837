"""An embedding before a cell. TF1: `tf.contrib.rnn.EmbeddingWrapper`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from ostinato._init import Initializer, Uniform
from ostinato._state import Nest
from ostinato.cells.base import RNNCell
from ostinato.cells.lowering import has_known_values
from ostinato.cells.wrapping import OwningWrapper, Parameters, PointwiseMaths, WrapperParameters
from ostinato.steps import Parameter

INITIAL = Uniform(-math.sqrt(3.0), math.sqrt(3.0))
"""Where an embedding starts: with a variance of 1."""


@dataclass(frozen=True)
class Embedding(PointwiseMaths):
    """The row of `embedding` that an id names, `[..., batch, 1]` to `[..., batch, embedding_size]`."""

    embedding_classes: int
    embedding_size: int

    def __post_init__(self) -> None:
        if self.embedding_classes <= 0 or self.embedding_size <= 0:
            raise ValueError(
                "Both embedding_classes and embedding_size must be > 0: "
                f"{self.embedding_classes}, {self.embedding_size}."
            )

    def cell_input_size(self, input_size: int) -> int:
        return self.embedding_size

    def parameters(self, input_size: int, output_size: int, state_size: Nest) -> WrapperParameters:
        shape = (self.embedding_classes, self.embedding_size)
        return WrapperParameters(before=(Parameter("embedding", shape),))

    def before(self, parameters: Parameters, inputs: Tensor, state: Nest) -> Tensor:
        ids = inputs.squeeze(-1) if inputs.dim() > 1 else inputs
        if has_known_values(ids) and ids.numel():  # a GPU has a check of its own
            low, high = int(ids.min()), int(ids.max())
            if low < 0 or high >= self.embedding_classes:
                raise ValueError(
                    f"indices = {low if low < 0 else high} is not in [0, {self.embedding_classes})"
                )
        return functional.embedding(ids.to(torch.int64), parameters["embedding"])


class EmbeddingWrapper(OwningWrapper):
    """Gives the cell the embedding of an id. TF1: `tf.contrib.rnn.EmbeddingWrapper`.

    Args:
        cell: the wrapped cell, whose inputs have the size `embedding_size`.
        embedding_classes: the number of ids.
        embedding_size: the size of an embedding.
        initializer: fills the embedding in place (default: uniform, with a variance of 1).
        device, dtype: of the parameters; None is as the cell's.

    Raises:
        ValueError: a size below 1, a cell that takes inputs of another size, or an id outside
            [0, embedding_classes).

    Inputs are integers `[batch, 1]`. Parameters: `embedding` `[embedding_classes, embedding_size]`.

    >>> from ostinato import GRUCell
    >>> cell = EmbeddingWrapper(GRUCell(4, input_size=3), 10, 3)
    >>> cell(torch.tensor([[2], [9]]), cell.zero_state(2))[0].shape
    torch.Size([2, 4])
    """

    def __init__(
        self,
        cell: RNNCell,
        embedding_classes: int,
        embedding_size: int,
        *,
        initializer: Initializer | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(
            Embedding(embedding_classes, embedding_size), cell, 1, initializer or INITIAL, device, dtype
        )

    def _check_inputs(self, inputs: Tensor, dtype: torch.dtype) -> None:
        if not isinstance(inputs, Tensor) or inputs.is_floating_point() or inputs.dtype == torch.bool:
            seen = inputs.dtype if isinstance(inputs, Tensor) else type(inputs).__name__
            raise TypeError(f"EmbeddingWrapper needs a tensor of integers as inputs, but got {seen}.")
        if inputs.dim() > 2 or (inputs.dim() == 2 and inputs.shape[1] != 1):
            raise ValueError(
                f"EmbeddingWrapper needs inputs of shape [batch, 1], but got {list(inputs.shape)}."
            )
