"""Float32 of the native kernels against exact numbers: a long sequence, and the activations in units in the
last place (ulp). docs/native.md has the figures in a table.
"""

from __future__ import annotations

import math

import numpy
import pytest
import torch

from core import native_cases as cases
from core.native_cases import FAMILIES, Incoming, Sequence, make, of_units
from ostinato.steps import LSTM

STEPS = 1000


def worst(actual, expected):
    """The largest of max|difference| / max|reference| over the tensors."""
    return max(
        float((a.double() - e).abs().max() / e.abs().max()) for a, e in zip(actual, expected, strict=True)
    )


def exact_sequence(name, num_units, initialiser):
    """A sequence whose numbers float32 has too, in float64."""
    sequence = make(of_units(name, num_units), STEPS, 2, 12, torch.float64, scale=1.0)
    random = torch.Generator().manual_seed(num_units)
    for spec, parameter in zip(sequence.family.parameters(12), sequence.parameters, strict=True):
        if initialiser == "glorot" and parameter.dim() == 2:
            bound = math.sqrt(6 / sum(parameter.shape))
            parameter.uniform_(-bound, bound, generator=random)
        if spec.name.endswith("gamma"):
            # With gains of one, hundreds of steps of layer norm are chaos: the last bit of a state decides
            # what it is 500 steps later, in float32 of any kind.
            parameter.mul_(0.3)
    return sequence.to(torch.float32).to(torch.float64)


# Without those with a kink: a rounded value on the other side of it has another gradient.
@pytest.mark.parametrize("initialiser", ["of one over the root of the units", "glorot"])
@pytest.mark.parametrize("num_units", [64, 300])
@pytest.mark.parametrize("name", [name for name in FAMILIES if name not in ("lstm_all", "basic_rnn_relu")])
def test_a_thousand_steps(name, num_units, initialiser):
    exact = exact_sequence(name, num_units, initialiser)
    # At 300 units the native float64, which is held to the reference elsewhere, is ten times as quick.
    results = cases.forward(exact, reference=num_units == 64)
    gradients = cases.incoming(exact, results)
    wanted = cases.backward(exact, results, gradients, reference=num_units == 64)

    rounded = exact.to(torch.float32)
    found = cases.forward(rounded)
    handed_back = Incoming(
        gradients.outputs.float(),
        [leaf.float() for leaf in gradients.state],
        [leaf.float() for leaf in gradients.kept],
    )
    assert worst(found.flat(), results.flat()) <= 2e-6
    assert worst(cases.backward(rounded, found, handed_back), wanted) <= 1e-5


FUNCTIONS = {"tanh": numpy.tanh, "sigmoid": lambda x: 1 / (1 + numpy.exp(-x))}
# In ulp: of the whole range for tanh; of sigmoid where it is more than 1e-7, and below. Without fused
# multiply-add, exp loses some digits of a large negative number: of a sigmoid of 1e-32, say.
LARGEST = {"tanh": (5, 5), "sigmoid": (5, 5)}
LARGEST_PORTABLE = {"tanh": (5, 5), "sigmoid": (20, 80)}


def grid() -> torch.Tensor:
    """4,096 numbers of each power of two from 2^-24 to 2^6, of both signs, and zero."""
    exponents = torch.arange(127 - 24, 127 + 7, dtype=torch.int32)
    bits = exponents.unsqueeze(1) << 23 | torch.arange(0, 1 << 23, 1 << 11, dtype=torch.int32)
    positive = bits.flatten().view(torch.float32)
    return torch.cat([-positive, torch.zeros(1), positive])


def activated(activation: str, x: torch.Tensor) -> torch.Tensor:
    """The kernels' own function: c of an LSTM whose input gate is open and whose forget gate is shut."""
    kernel = torch.tensor([[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
    bias = torch.tensor([100.0, 0.0, -100.0, 0.0])
    nothing = torch.zeros(len(x), 1)
    sequence = Sequence(LSTM(1, 0.0, activation), x.view(1, -1, 1), None, [nothing, nothing], [kernel, bias])
    return cases.forward(sequence).kept[0].flatten()


@pytest.mark.parametrize("activation", FUNCTIONS)
@pytest.mark.parametrize("build", cases.BUILDS)
def test_the_activations_in_units_in_the_last_place(build, activation):
    x = grid()
    with cases.instruction_set(build):
        found = activated(activation, x).double().numpy()
    expected = FUNCTIONS[activation](x.double().numpy())
    size = numpy.abs(expected)
    tiny = float(numpy.finfo(numpy.float32).tiny)
    ulp = numpy.spacing(numpy.maximum(size, tiny).astype(numpy.float32)).astype(numpy.float64)
    error = numpy.abs(found - expected) / ulp
    limits = (LARGEST_PORTABLE if build in ("portable", "reference") else LARGEST)[activation]
    # What would be subnormal may be flushed.
    assert error[size > 1e-7].max() <= limits[0]
    assert error[(size <= 1e-7) & (size >= 2 * tiny)].max(initial=0) <= limits[1]
    assert numpy.abs(found - expected)[size < 2 * tiny].max(initial=0) <= 2 * tiny
    assert numpy.abs(found - expected).max() <= 3e-7
    assert numpy.abs(found).max() <= 1


@pytest.mark.parametrize("activation", FUNCTIONS)
@pytest.mark.parametrize("build", cases.BUILDS)
def test_the_activations_at_their_ends(build, activation):
    x = torch.tensor([float("nan"), 3e38, -3e38, 0.0, -0.0, 1e-40])
    with cases.instruction_set(build):
        found = activated(activation, x)
    assert bool(found[0].isnan())
    middle = [0.0] * 3 if activation == "tanh" else [0.5] * 3
    expected = torch.tensor([1.0, -1.0 if activation == "tanh" else 0.0, *middle])
    torch.testing.assert_close(found[1:], expected, rtol=0, atol=2.5e-7)
