"""Where a random node's numbers come from: its pair of seeds, and the stream that belongs to it.

A node with a seed draws TensorFlow 1's numbers; one without draws those of torch's faster generator.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from .graph import get_default_graph
from .philox import Philox

_DEFAULT_GRAPH_SEED = 87654321
_MODULUS = 2**31 - 1
UNSEEDED = (0, 0)
"""The pair of a node that is seeded neither by itself nor by its graph."""


def get_seed(op_seed: int | None) -> tuple[int | None, int | None]:
    """The pair of seeds of a random operation that is about to be made (TF1 symbol: `tf.get_seed`).

    (None, None) where neither the graph nor the operation has a seed. With the graph's alone, the
    operation's is the number of nodes that the graph has.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default():
    ...     get_seed(None), get_seed(3), get_seed(2**31 + 1)
    ((None, None), (87654321, 3), (87654321, 2))
    """
    graph = get_default_graph()
    if graph.seed is None:
        return (None, None) if op_seed is None else (_DEFAULT_GRAPH_SEED, _remainder(op_seed))
    if op_seed is None:
        op_seed = graph.nodes_of_tensorflow()
    seeds = _remainder(graph.seed), _remainder(op_seed)
    # A kernel takes (0, 0) for no seed at all.
    return (0, _MODULUS) if seeds == UNSEEDED else seeds


def _remainder(seed: Any) -> int:
    if not isinstance(seed, (int, float, np.integer, np.floating)):
        raise TypeError(f"A seed is an integer, not {seed!r}.")
    return int(seed) % _MODULUS


def graph_seed() -> int:
    """The seed of the default graph, or what stands for one where an operation has a seed."""
    seed = get_default_graph().seed
    return _DEFAULT_GRAPH_SEED if seed is None else _remainder(seed)


def seed_attributes(op_seed: int | None) -> dict[str, Any]:
    """The seeds as attributes of a node, which are numbers in any case; and whether one is the node's own."""
    seed, seed2 = get_seed(op_seed)
    return {"seed": seed or 0, "seed2": seed2 or 0, "own_seed": op_seed is not None}


class StepSource(Philox):
    """A node's stream as one step of a loop sees it: a draw is a function of the step, so that a step that is
    computed anew draws the same. The stream itself goes on behind the furthest step, of those below `limit`.
    """

    def __init__(self, stream: Philox, first: int, step: int, limit: int | None) -> None:
        vars(self).update(vars(stream))
        self._stream, self._first, self._step, self._limit = stream, first, step, limit

    def reserve(self, blocks: int, draws: int = 1) -> int:
        place = self._first + self._step * blocks
        end = self._step + draws
        if self._limit is not None:
            end = min(end, self._limit)
        self._stream.advance_to(self._first + end * blocks)
        return place


def source_of(attributes: dict[str, Any], device: torch.device | None = None) -> Philox:
    """A new stream for a node with these attributes, whose numbers may be made on the device."""
    seeds = attributes["seed"], attributes["seed2"]
    return TorchSource(secrets.randbits(63), device) if seeds == UNSEEDED else Philox(*seeds)


GENERATORS = ("cpu", "cuda", "mps", "xpu")
"""The types of devices on which torch makes random numbers."""


class TorchSource(Philox):
    """Where the numbers need not be TensorFlow's: the common draws are torch's, on the device if it draws."""

    def __init__(self, seed: int, device: torch.device | None = None) -> None:
        super().__init__(seed, 0)
        self.device = torch.device("cpu") if device is None or device.type not in GENERATORS else device
        self.generator = torch.Generator(self.device).manual_seed(seed)

    def uniform(self, sizes: Sequence[int], dtype: torch.dtype, reserved: int | None = None) -> torch.Tensor:
        return torch.rand(tuple(sizes), generator=self.generator, dtype=dtype, device=self.device)

    def normal(self, sizes: Sequence[int], dtype: torch.dtype) -> torch.Tensor:
        return torch.randn(tuple(sizes), generator=self.generator, dtype=dtype, device=self.device)

    def truncated_normal(self, sizes: Sequence[int], dtype: torch.dtype) -> torch.Tensor:
        wide = dtype if dtype == torch.float64 else torch.float32
        drawn = torch.nn.init.trunc_normal_(
            torch.empty(tuple(sizes), dtype=wide, device=self.device),
            0.0,
            1.0,
            -2.0,
            2.0,
            generator=self.generator,
        )
        return drawn.to(dtype)

    def integers(self, low: int, high: int, sizes: Sequence[int], dtype: torch.dtype) -> torch.Tensor:
        if high - low >= 2**63:  # more than torch draws from
            return super().integers(low, high, sizes, dtype)
        found = torch.randint(
            low, high, tuple(sizes), generator=self.generator, dtype=dtype, device=self.device
        )
        return found if sizes else found.cpu()  # a scalar is a seed or a choice, which Python asks for
