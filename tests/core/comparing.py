"""Running a driver and all that comes out of it, gradients included, so that two ways can be compared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import optree
import torch
from torch import Tensor

TOLERANCE = {torch.float64: 1e-11, torch.float32: 3e-6, torch.bfloat16: 3e-2}


def weighted_sum(nest: Any) -> Tensor:
    """A loss that no symmetry of outputs or states leaves unchanged."""
    total = torch.zeros((), dtype=torch.float64)
    for leaf in optree.tree_leaves(nest):
        weights = torch.cos(torch.arange(leaf.numel(), dtype=torch.float64)).reshape(leaf.shape)
        total = total + (leaf.to(torch.float64) * weights).sum()
    return total


def results_and_gradients(run: Callable[[], Any], leaves: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
    """The tensors that `run()` returns and the gradients of their weighted sum by `leaves`."""
    results = run()
    gradients = torch.autograd.grad(weighted_sum(results), leaves, allow_unused=True)
    return optree.tree_leaves(results), [
        torch.zeros_like(leaf) if gradient is None else gradient
        for gradient, leaf in zip(gradients, leaves, strict=True)
    ]


def assert_close(actual: list[Tensor], expected: list[Tensor], dtype: torch.dtype) -> None:
    assert len(actual) == len(expected)
    for a, e in zip(actual, expected, strict=True):
        assert a.shape == e.shape
        assert a.dtype == e.dtype
        scale = max(1.0, float(e.detach().abs().max())) if e.numel() else 1.0
        torch.testing.assert_close(a, e, rtol=0, atol=TOLERANCE[dtype] * scale)


def assert_near(actual: list[Tensor], expected: list[Tensor], tolerance: float, what: Any) -> None:
    """Raise where a tensor is further from what is expected than `tolerance` of its largest value."""
    assert len(actual) == len(expected)
    for place, (a, e) in enumerate(zip(actual, expected, strict=True)):
        assert (a.shape, a.dtype) == (e.shape, e.dtype)
        a, e = a.detach().double(), e.detach().double()
        assert bool(a.isfinite().all())
        scale = float(e.abs().max()) if e.numel() else 0.0
        distance = float((a - e).abs().max()) if e.numel() else 0.0
        assert distance <= tolerance * scale, f"{what}, tensor {place}: {distance} of {scale}"


def random_state(cell: Any, batch_size: int, dtype: torch.dtype) -> Any:
    return optree.tree_map(
        lambda leaf: torch.randn_like(leaf).requires_grad_(), cell.zero_state(batch_size, dtype)
    )


def grad_leaves(cell: Any, *nests: Any) -> list[Tensor]:
    return [leaf for nest in nests for leaf in optree.tree_leaves(nest)] + list(cell.parameters())
