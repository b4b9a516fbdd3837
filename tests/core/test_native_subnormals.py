"""Subnormal numbers: none comes out of a native kernel, and nobody else's arithmetic changes."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor

import numpy
import pytest
import torch

from core import native_cases as cases
from core.native_cases import FAMILIES, Incoming, make, of_units

START = {torch.float32: 1e-34, torch.float64: 1e-304}
SUBNORMAL = {torch.float32: 1e-40, torch.float64: 1e-310}


def keeps_subnormals() -> bool:
    """Whether arithmetic of this thread, and of torch's pool, keeps subnormal numbers."""
    many = 1 << 17  # more than one thread of torch's gets to see
    of_torch = (
        (torch.full((many,), value, dtype=dtype) * 1.5).count_nonzero() == many
        for dtype, value in SUBNORMAL.items()
    )
    of_numpy = numpy.float32(1e-40) * numpy.float32(1.5) != 0 and numpy.float64(1e-310) * 1.5 != 0
    return all(of_torch) and bool(of_numpy) and 1e-310 * 1.5 != 0.0


def subnormals(tensors: list[torch.Tensor]) -> int:
    return sum(int(((leaf != 0) & (leaf.abs() < torch.finfo(leaf.dtype).tiny)).sum()) for leaf in tensors)


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("name", FAMILIES)
def test_what_a_kernel_flushes_nobody_else_loses(name, number):
    # By rows, by units, and one row alone.
    given = [
        make(of_units(name, *shape[:1]), *shape[1:])
        for shape in [(8, 9, 40, 3), (150, 5, 6, 3), (8, 9, 1, 3)]
    ]
    with cases.threads(number):
        assert keeps_subnormals()
        for sequence in (*given, *(sequence.to(torch.float32) for sequence in given)):
            cases.everything(sequence)
            assert keeps_subnormals()
        if given[0].is_native:  # refused before, and not in the middle of, any work: but whose word is that
            with pytest.raises(ValueError, match="must have"):
                cases.backward(
                    given[0], cases.forward(given[1]), cases.incoming(given[0], cases.forward(given[0]))
                )
            assert keeps_subnormals()

        def work(sequence):
            cases.everything(sequence)
            return keeps_subnormals()

        with ThreadPoolExecutor(2) as pool:
            assert all(pool.map(work, given))


def test_who_has_set_flushing_keeps_it():
    sequence = make(of_units("lstm", 8), 5, 4, 3)
    if not torch.set_flush_denormal(True):
        return  # not on this processor
    try:
        cases.everything(sequence)
        assert not keeps_subnormals()
    finally:
        torch.set_flush_denormal(False)
    assert keeps_subnormals()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("name", FAMILIES)
def test_no_gradient_that_vanishes_becomes_subnormal(name, dtype):
    # A gradient of the last step alone vanishes on its way to the first.
    time = 300
    for (num_units, batch_size), lengths in itertools.product([(6, 3), (20, 9)], [None, "ragged"]):
        family = of_units(name, num_units)
        sequence = make(family, time, batch_size, 2, dtype, lengths, scale=0.2)
        if not sequence.is_native:
            return
        results = cases.forward(sequence)
        outputs = torch.zeros_like(results.outputs)
        outputs[-1] = START[dtype]
        state = [torch.full_like(leaf, START[dtype]) for leaf in results.state]
        incoming = Incoming(outputs, state, [None] * len(results.kept))
        inputs, *others = cases.backward(sequence, results, incoming)
        assert subnormals([inputs, *others]) == 0
        # It did vanish, through numbers hardly larger than a subnormal one.
        smallest = inputs.abs()[inputs != 0].min()
        assert lengths is not None or (inputs[0] == 0).any()
        assert float(smallest) < torch.finfo(dtype).tiny * 1e3


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("name", [name for name in FAMILIES if name != "lstm_layer_norm"])
def test_no_state_that_vanishes_becomes_subnormal(name, dtype):
    time = 200 if dtype == torch.float32 else 1500
    sequence = make(of_units(name, 9), time, 5, 2, dtype, scale=0.1)
    sequence.family = sequence.family.__class__(**{**vars(sequence.family), **no_norm(sequence.family)})
    if not sequence.is_native:
        return
    # Nothing comes in, so the state decays by about a half a step.
    sequence.parameters = [torch.zeros(s.shape, dtype=dtype) for s in sequence.family.parameters(2)]
    sequence.parameters[0][2:, -9:] = torch.eye(sequence.parameters[0].shape[0] - 2, 9, dtype=dtype) / 2
    results = cases.forward(sequence)
    assert subnormals(results.flat()) == 0
    assert any((leaf == 0).all() for leaf in results.state)


def no_norm(family):
    return {"layer_norm": False, "forget_bias": 0.0} if hasattr(family, "layer_norm") else {}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("name", FAMILIES)
def test_subnormal_numbers_that_are_given_do_no_harm(name, dtype):
    sequence = make(of_units(name, 9), 6, 5, 3, dtype)
    clean = cases.everything(sequence)
    sequence.inputs[2, 1] = SUBNORMAL[dtype]
    sequence.inputs[3, 2] = -SUBNORMAL[dtype]
    plain = make(of_units(name, 9), 6, 5, 3, dtype)
    plain.inputs[2, 1] = plain.inputs[3, 2] = 0.0
    found, expected = cases.everything(sequence), cases.everything(plain)
    for a, e, other in zip(found, expected, clean, strict=True):
        torch.testing.assert_close(a, e, rtol=0, atol=1e-30)
        assert a.shape == other.shape
