"""Sequences with which the tests of the native kernels hold them to the reference and to one another."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import optree
import torch
from torch import Tensor

from ostinato import kernels
from ostinato.kernels import ops
from ostinato.kernels.native import library
from ostinato.kernels.native.choice import INSTRUCTION_SETS, choose
from ostinato.steps import GRU, LSTM, BasicRNN, ResetAfterGRU

FAMILIES = {
    "basic_rnn": BasicRNN(7),
    "basic_rnn_relu": BasicRNN(7, "relu"),
    "gru": GRU(7),
    "gru_reset_after": ResetAfterGRU(7),
    "lstm": LSTM(7),
    "lstm_peepholes": LSTM(7, use_peepholes=True),
    "lstm_projection": LSTM(7, num_proj=5),
    "lstm_layer_norm": LSTM(7, layer_norm=True),
    "lstm_all": LSTM(7, 0.5, "tanh", True, 0.6, 5, 0.3, True),
}


def of_units(name: str, num_units: int) -> Any:
    """The family of that name with so many units, and a projection to most of them where it has one."""
    family: Any = FAMILIES[name]
    if getattr(family, "num_proj", None) is not None:
        family = dataclasses.replace(family, num_proj=max(1, num_units * 3 // 4))
    return dataclasses.replace(family, num_units=num_units)


@dataclasses.dataclass
class Sequence:
    """What a sequence op is given."""

    family: Any
    inputs: Tensor
    lengths: Tensor | None
    state: list[Tensor]
    parameters: list[Tensor]

    @property
    def options(self) -> list[Any]:
        return [getattr(self.family, field.name) for field in dataclasses.fields(self.family)]

    @property
    def is_native(self) -> bool:
        """Whether the op is more here than the reference."""
        build = library.load()
        return build is not None and hasattr(build, f"ostinato_{_name(self)}_forward")

    def to(self, dtype: torch.dtype) -> Sequence:
        state, parameters = ([leaf.to(dtype) for leaf in group] for group in (self.state, self.parameters))
        return Sequence(self.family, self.inputs.to(dtype), self.lengths, state, parameters)

    def row(self, row: int) -> Sequence:
        """One row of the batch, alone."""
        only = slice(row, row + 1)
        lengths = None if self.lengths is None else self.lengths[only]
        state = [leaf[only] for leaf in self.state]
        return Sequence(self.family, self.inputs[:, only], lengths, state, self.parameters)


def make(
    family: Any,
    time: int,
    batch_size: int,
    input_size: int,
    dtype: torch.dtype = torch.float64,
    lengths: Any = None,
    scale: float = 1.5,
    seed: int = 0,
) -> Sequence:
    """A random sequence: weights within `scale` / sqrt(units), or of the inputs if they are more."""
    random = torch.Generator().manual_seed(seed * 1000 + family.num_units)

    def uniform(shape: tuple[int, ...], bound: float) -> Tensor:
        return (torch.rand(shape, generator=random, dtype=torch.float64) * 2 - 1).mul(bound).to(dtype)

    inputs = torch.randn(time, batch_size, input_size, generator=random, dtype=torch.float64).to(dtype)
    state = [uniform((batch_size, size), 1.0) for size in optree.tree_leaves(family.state_size)]
    bound = scale / max(family.num_units, input_size) ** 0.5
    # The gains of layer norm stand around their initial value, as they do in a trained network.
    parameters = [
        uniform(spec.shape, bound) + (spec.initial_value or 0.0) for spec in family.parameters(input_size)
    ]
    if lengths == "ragged":
        lengths = torch.randint(0, time + 1, (batch_size,), generator=random)
    return Sequence(family, inputs, lengths, state, parameters)


@dataclasses.dataclass
class Results:
    outputs: Tensor
    state: list[Tensor]
    kept: list[Tensor]

    def flat(self) -> list[Tensor]:
        return [self.outputs, *self.state, *self.kept]


@dataclasses.dataclass
class Incoming:
    """The gradients of `Results`; None where nothing depends on one."""

    outputs: Tensor | None
    state: list[Tensor | None]
    kept: list[Tensor | None]


def _name(sequence: Sequence) -> str:
    return ops._SEQUENCE_OPS[type(sequence.family)].name


def forward(sequence: Sequence, keep: bool = True, reference: bool = False) -> Results:
    """The op, which is native where there is a build, or the reference behind it."""
    given = sequence.inputs, sequence.lengths, sequence.state, sequence.parameters, *sequence.options, keep
    if reference:
        return Results(*ops._SEQUENCE_OPS[type(sequence.family)].forward(*given))
    return Results(*getattr(torch.ops.ostinato, _name(sequence))(*given))


def incoming(sequence: Sequence, results: Results, seed: int = 0, kept: bool = True) -> Incoming:
    random = torch.Generator().manual_seed(seed)

    def like(leaf: Tensor) -> Tensor:
        return torch.randn(leaf.shape, generator=random, dtype=torch.float64).to(leaf.dtype)

    return Incoming(
        like(results.outputs),
        [like(leaf) for leaf in results.state],
        [like(leaf) if kept else None for leaf in results.kept],
    )


def backward(
    sequence: Sequence,
    results: Results,
    gradients: Incoming,
    input_gradient: bool = True,
    reference: bool = False,
) -> list[Tensor]:
    """The gradients of inputs, states and parameters, in that order."""
    given = (
        *(gradients.outputs, gradients.state, gradients.kept),
        *(sequence.inputs, sequence.lengths, sequence.state, sequence.parameters),
        *(results.outputs, results.kept, *sequence.options, input_gradient),
    )
    if reference:
        inputs, state, parameters = ops._SEQUENCE_OPS[type(sequence.family)].backward(*given)
    else:
        inputs, state, parameters = getattr(torch.ops.ostinato, f"{_name(sequence)}_backward")(*given)
    return [inputs, *state, *parameters]


def everything(sequence: Sequence, seed: int = 0) -> list[Tensor]:
    """Results and gradients of the op."""
    results = forward(sequence)
    return [*results.flat(), *backward(sequence, results, incoming(sequence, results, seed))]


def through_autograd(
    sequence: Sequence, gradients: Incoming, inputs_require_grad: bool = True
) -> list[Tensor]:
    """As `everything`, the way a cell runs a sequence; without what is kept, which nobody sees then."""
    inputs = sequence.inputs.detach().requires_grad_(inputs_require_grad)
    state, parameters = (
        [leaf.detach().requires_grad_() for leaf in group] for group in (sequence.state, sequence.parameters)
    )
    nested = optree.tree_unflatten(optree.tree_structure(sequence.family.state_size), state)
    outputs, final = kernels.sequence(sequence.family, parameters, inputs, sequence.lengths, nested)
    results = [outputs, *optree.tree_leaves(final)]
    pairs = [
        (result, gradient)
        for result, gradient in zip(results, (gradients.outputs, *gradients.state), strict=True)
        if gradient is not None
    ]
    leaves = [*([inputs] if inputs_require_grad else []), *state, *parameters]
    found = torch.autograd.grad([result for result, _ in pairs], leaves, [gradient for _, gradient in pairs])
    return [*(result.detach() for result in results), *found]


def assert_equal(actual: list[Tensor], expected: list[Tensor], message: object = "") -> None:
    """Bit for bit, but for the sign of zeros; a NaN is none of them."""
    for index, (a, e) in enumerate(zip(actual, expected, strict=True)):
        if not torch.equal(a, e):
            different = int((a != e).sum())
            raise AssertionError(f"{message}: tensor {index} {list(a.shape)} differs in {different} values")


@contextmanager
def threads(number: int) -> Iterator[None]:
    """torch's threads, for a while."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def instruction_set(name: str) -> Iterator[None]:
    """One build of the native kernels, whatever this process has chosen."""
    with mock.patch.object(library, "load", return_value=BUILDS[name]):
        yield


def _builds() -> dict[str, Any]:
    found = {}
    for name in INSTRUCTION_SETS:
        forced = {"OSTINATO_KERNELS": "cpu", "OSTINATO_INSTRUCTION_SET": name}
        with mock.patch.dict(os.environ, forced):
            try:
                found[name] = choose(library.open_build).build
            except RuntimeError:  # not built, or not for this processor
                continue
    return found or {"reference": None}


BUILDS = _builds()
"""The builds that this processor runs, by instruction set; the reference alone where there are none."""
