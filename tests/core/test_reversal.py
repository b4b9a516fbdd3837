"""Rows reversed: every layout, type and length, and the gradient."""

import pytest
import torch

from ostinato.kernels import reverse_sequence


def expected(sequence: torch.Tensor, lengths: list[int], time_axis: int) -> torch.Tensor:
    rows = sequence.unbind(1 - time_axis)
    turned = [
        torch.cat([row[: max(0, length)].flip(0), row[max(0, length) :]])
        for row, length in zip(rows, lengths, strict=True)
    ]
    return torch.stack(turned, 1 - time_axis)


@pytest.mark.parametrize("time_axis", [0, 1])
@pytest.mark.parametrize("rest", [(), (3,), (2, 2)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.int64, torch.bool])
def test_each_layout(time_axis: int, rest: tuple[int, ...], dtype: torch.dtype) -> None:
    lengths = [4, 0, 9, -1, 2] if time_axis else [3, 1, 5, 0]
    whole = torch.randint(0, 7, (5, 4, *rest)).to(dtype)
    wide = torch.cat([whole, whole], 0)[1:6]
    for sequence in (whole, whole.transpose(0, 1).contiguous().transpose(0, 1), wide, whole.flip(0)[::2]):
        given = lengths[: sequence.shape[1 - time_axis]]
        found = reverse_sequence(sequence, torch.tensor(given), time_axis)
        assert found.equal(expected(sequence, given, time_axis))


@pytest.mark.parametrize("transposed", [False, True])
def test_the_gradient_is_reversed(transposed: bool) -> None:
    sequence = torch.randn(4, 5, 3).double()
    sequence = (sequence.transpose(0, 1) if transposed else sequence).requires_grad_()
    lengths = torch.tensor([2, 5, 0, 4] if not transposed else [2, 3, 0, 4, 1])
    torch.autograd.gradcheck(lambda x: reverse_sequence(x, lengths, 1), [sequence])
    weights = torch.randn(sequence.shape).double()
    (found,) = torch.autograd.grad(reverse_sequence(sequence, lengths, 1), sequence, weights)
    assert found.equal(reverse_sequence(weights, lengths, 1))


@pytest.mark.parametrize("shape", [(0, 4, 2), (3, 0, 2), (3, 4, 0)])
def test_nothing_to_reverse(shape: tuple[int, ...]) -> None:
    found = reverse_sequence(torch.zeros(shape), torch.ones(shape[0], dtype=torch.int64), 1)
    assert found.shape == shape
