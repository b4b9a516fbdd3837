"""Cells whose inputs are no vector a row: a time beside features, images."""

from __future__ import annotations

import pytest
import torch

from core.comparing import assert_close, grad_leaves, random_state, results_and_gradients
from ostinato import (
    BasicLSTMCell,
    ConvLSTMCell,
    DropoutWrapper,
    MultiRNNCell,
    PhasedLSTMCell,
    ResidualWrapper,
    bidirectional_dynamic_rnn,
    dynamic_rnn,
    plan_memory,
    static_rnn,
)
from ostinato._state import leaves, map_nest
from ostinato.memory import MemoryPlan

BATCH, TIME = 3, 5


def phased(**options):
    cell = PhasedLSTMCell(4, 3, ratio_on=0.6, period_init_max=8.0, **options)
    return cell, (torch.rand(BATCH, TIME, 1).cumsum(1), torch.randn(BATCH, TIME, 3))


def images(shape, channels, kernel, **options):
    return ConvLSTMCell(shape, channels, kernel, **options), torch.randn(BATCH, TIME, *shape)


def stack_of_images():
    first, inputs = images([4, 4, 2], 2, [3, 3])
    second = ResidualWrapper(ConvLSTMCell([4, 4, 2], 2, [2, 1], use_bias=False))
    return MultiRNNCell([first, second]), inputs


def stack_on_times():
    first, inputs = phased()
    return MultiRNNCell([first, DropoutWrapper(BasicLSTMCell(2, 4), output_keep_prob=0.8, seed=3)]), inputs


CASES = {
    "phased": phased,
    "phased_peepholes": lambda: phased(use_peepholes=True),
    "rows": lambda: images([5, 2], 3, [3]),
    "images_even": lambda: images([4, 3, 1], 2, [2, 4], skip_connection=True),
    "volumes": lambda: images([2, 3, 2, 1], 1, [2, 3, 1]),
    "stack_of_images": stack_of_images,
    "stack_on_times": stack_on_times,
}


@pytest.fixture(params=CASES)
def made(request):
    torch.manual_seed(5)
    cell, inputs = CASES[request.param]()
    cell = cell.double()
    inputs = map_nest(lambda leaf: leaf.double().requires_grad_(), inputs)
    return cell, inputs, random_state(cell, BATCH, torch.float64)


def in_steps(inputs):
    return [map_nest(lambda leaf: leaf[:, time], inputs) for time in range(TIME)]  # noqa: B023


@pytest.mark.parametrize("lengths", [None, [5, 2, 0]], ids=str)
def test_drivers_agree(made, lengths):
    cell, inputs, state = made
    over = grad_leaves(cell, inputs, state)

    def static():
        outputs, final = static_rnn(cell, in_steps(inputs), state, sequence_length=lengths, seed=1)
        return torch.stack(outputs, 1), final

    def time_major():
        turned = map_nest(lambda leaf: leaf.transpose(0, 1), inputs)
        outputs, final = dynamic_rnn(cell, turned, lengths, state, time_major=True, seed=1)
        return outputs.transpose(0, 1), final

    expected = results_and_gradients(lambda: dynamic_rnn(cell, inputs, lengths, state, seed=1), over)
    for run in (static, time_major):
        found = results_and_gradients(run, over)
        assert_close(found[0], expected[0], torch.float64)
        assert_close(found[1], expected[1], torch.float64)


@pytest.mark.parametrize("kind", ["recompute", "swap"])
def test_memory_plans_change_nothing(made, kind, tmp_path):
    plan = MemoryPlan.recompute(2) if kind == "recompute" else MemoryPlan.swap("disk", 2, str(tmp_path))
    cell, inputs, state = made
    over, lengths = grad_leaves(cell, inputs, state), [5, 2, 0]
    expected = results_and_gradients(lambda: dynamic_rnn(cell, inputs, lengths, state, seed=1), over)
    found = results_and_gradients(
        lambda: dynamic_rnn(cell, inputs, lengths, state, seed=1, memory=plan), over
    )
    assert_close(found[0], expected[0], torch.float64)
    assert_close(found[1], expected[1], torch.float64)


def test_padding_is_never_read(made):
    cell, inputs, state = made
    lengths = torch.tensor([5, 2, 0])
    over = grad_leaves(cell, inputs, state)
    expected = results_and_gradients(lambda: dynamic_rnn(cell, inputs, lengths, state, seed=1), over)
    spoilt = map_nest(lambda leaf: leaf.detach().clone(), inputs)
    for leaf in leaves(spoilt):
        for row, length in enumerate(lengths):
            leaf[row, length:] = float("nan")
        leaf.requires_grad_()
    over = grad_leaves(cell, spoilt, state)
    found = results_and_gradients(lambda: dynamic_rnn(cell, spoilt, lengths, state, seed=1), over)
    assert_close(found[0], expected[0], torch.float64)
    assert_close(found[1], expected[1], torch.float64)


def test_both_directions(made):
    cell, inputs, _ = made
    lengths = [5, 2, 1]
    (_, backwards), _ = bidirectional_dynamic_rnn(cell, cell, inputs, lengths, seed=1)
    alone, _ = dynamic_rnn(
        cell, map_nest(lambda leaf: leaf[1:2, :2].flip(1), inputs), initial_state=cell.zero_state(1), seed=1
    )
    if not any(isinstance(module, DropoutWrapper) for module in cell.modules()):
        assert_close([backwards[1, :2].flip(0)], [alone[0]], torch.float64)


def test_memory_can_be_planned(made):
    cell, _, _ = made
    assert plan_memory(cell, batch=2, time=50, memory_limit="4MiB") is not None


def test_a_time_keeps_its_own_dtype():
    torch.manual_seed(5)
    cell, (time, x) = phased()
    # In float32 these times are multiples of 8: all steps at once.
    late = time.detach().double() + 1e8
    outputs, state = dynamic_rnn(cell, (late, x))
    assert (outputs.dtype, state.c.dtype) == (torch.float32, torch.float32)
    exact = cell.double()
    expected, _ = dynamic_rnn(exact, (late, x.double()))
    torch.testing.assert_close(outputs.double(), expected, rtol=0, atol=1e-5)
    static, _ = static_rnn(cell.float(), in_steps((late, x)))
    torch.testing.assert_close(torch.stack(static, 1), outputs)


def test_phases_start_within_their_periods():
    cell = PhasedLSTMCell(500, 1, period_init_min=2.0, period_init_max=200.0, trainable_ratio_on=False)
    period, phase = cell.period.detach(), cell.phase.detach()
    assert (period >= 2).all()
    assert (period <= 200.1).all()
    assert 0.4 < (period < 20).float().mean() < 0.6
    assert ((phase >= 0) & (phase <= period)).all()
    assert (phase > period.median()).any()
    assert not cell.ratio_on.requires_grad
    assert cell.ratio_on.detach().allclose(torch.tensor(0.1))


def test_no_gradient_reaches_a_period_through_the_remainder():
    torch.manual_seed(5)
    cell = PhasedLSTMCell(1, 3, ratio_on=0.9, period_init_min=3.0, period_init_max=3.0).double()
    time = torch.tensor([[10.0]], dtype=torch.float64, requires_grad=True)
    output, _ = cell((time, torch.randn(1, 3, dtype=torch.float64)), random_state(cell, 1, torch.float64))
    by_time, by_phase, by_period = torch.autograd.grad(output.sum(), [time, cell.phase, cell.period])
    position = torch.remainder(time.detach()[0] - cell.phase.detach(), 3.0) / 3.0
    torch.testing.assert_close(by_phase, -by_time[0])
    torch.testing.assert_close(by_period, -by_time[0] * position)
    assert by_time.abs() > 0


WRONG = {
    "one tensor for a time and features": (
        lambda: phased()[0],
        torch.ones(2, 3),
        TypeError,
        "PhasedLSTMCell needs a tuple of 2 tensors as inputs",
    ),
    "a time without its axis": (
        lambda: phased()[0],
        (torch.ones(2), torch.ones(2, 3)),
        ValueError,
        r"PhasedLSTMCell needs inputs of shape \[batch, 1\], but got \[2\]",
    ),
    "rows that differ": (
        lambda: phased()[0],
        (torch.ones(2, 1), torch.ones(3, 3)),
        ValueError,
        r"needs inputs of shape \[batch, 3\], but got \[3, 3\]",
    ),
    "a whole number for a time": (
        lambda: phased()[0],
        (torch.ones(2, 1, dtype=torch.int64), torch.ones(2, 3)),
        TypeError,
        "RNN cell only supports floating point inputs, but saw inputs",
    ),
    "another image": (
        lambda: CASES["rows"]()[0],
        torch.ones(2, 4, 2),
        ValueError,
        r"ConvLSTMCell needs inputs of shape \[batch, 5, 2\], but got \[2, 4, 2\]",
    ),
    "an image without channels": (
        lambda: CASES["rows"]()[0],
        torch.ones(2, 5),
        ValueError,
        r"ConvLSTMCell needs inputs of shape \[batch, 5, 2\], but got \[2, 5\]",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_inputs_that_do_not_fit(case):
    make, inputs, error, words = WRONG[case]
    cell = make()
    with pytest.raises(error, match=words):
        cell(inputs, cell.zero_state(2))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([5], 3, []), "input_shape must be one to three spatial sizes"),
        (([5, 4, 3, 2, 1], 3, [1] * 4), "input_shape must be one to three spatial sizes"),
        (([5, 2], 3, [3, 3]), "kernel_shape needs one size for each of the 1 spatial sizes"),
        (([5, 0], 3, [3]), "each size of input_shape must be a positive integer"),
        (([5, 2], 0, [3]), "output_channels must be a positive integer"),
    ],
)
def test_shapes_that_no_convolution_has(arguments, words):
    with pytest.raises(ValueError, match=words):
        ConvLSTMCell(*arguments)


def test_a_share_of_nothing_is_refused():
    with pytest.raises(ValueError, match="ratio_on must be greater than 0, but is 0"):
        PhasedLSTMCell(4, 3, ratio_on=0.0)
