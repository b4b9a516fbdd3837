"""Copies of what lies transposed: native code against torch, and in replayed runs."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import ostinato.tf1 as tf
from ostinato.kernels.native import library, transposed_copy

pytestmark = pytest.mark.skipif(
    not hasattr(library.load(), "ostinato_transposed_copy"), reason="native kernels were not built"
)


@pytest.mark.parametrize(
    "tensor",
    [
        torch.arange(64 * 40).reshape(64, 40).int().t(),
        torch.arange(9 * 300).reshape(9, 300).float().t(),
        torch.arange(31 * 19 * 17).reshape(31, 19, 17).float().permute(1, 2, 0),
        torch.arange(31 * 19 * 17).reshape(31, 19, 17).float().permute(2, 0, 1)[1:, :, 3:],
        torch.arange(31 * 19 * 17).reshape(31, 19, 17).float().permute(2, 1, 0),
        torch.arange(31 * 19 * 17).reshape(31, 19, 1, 17).float().permute(0, 3, 2, 1),
        torch.full([64, 64], -0.0).t(),
        torch.full([64, 64], float("nan")).t(),
    ],
    ids=lambda tensor: f"{tensor.dtype}{tuple(tensor.shape)}{tensor.stride()}",
)
def test_the_copy_is_torchs(tensor: torch.Tensor) -> None:
    copier = transposed_copy.copier_of(tensor)
    assert copier is not None
    found, expected = copier(tensor), tensor.contiguous()
    assert found.stride() == expected.stride()
    assert found.dtype == expected.dtype
    assert found.view(torch.int32).equal(expected.view(torch.int32))


@pytest.mark.parametrize(
    "tensor",
    [
        torch.zeros(64, 64),
        torch.zeros(10, 10).t(),
        torch.zeros(7, 500).t(),
        torch.zeros(64, 64).double().t(),
        torch.zeros(64, 20, 30).permute(1, 0, 2),
        torch.zeros(64, 128)[:, ::2].t(),
        torch.zeros(64).expand(64, 64),
        torch.zeros(9, 9, 9, 9).permute(3, 2, 1, 0),
        torch.zeros(2000, 2000).t(),
    ],
    ids=lambda tensor: f"{tuple(tensor.shape)}{tensor.stride()}",
)
def test_what_is_left_to_torch(tensor: torch.Tensor) -> None:
    assert transposed_copy.copier_of(tensor) is None


def test_a_replayed_run(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    copier_of = transposed_copy.copier_of

    def counting(tensor: torch.Tensor) -> object:
        made.append(copier_of(tensor))
        return made[-1]

    monkeypatch.setattr(transposed_copy, "copier_of", counting)
    values = np.random.RandomState(0).randn(20, 30, 40).astype(np.float32)
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [20, 30, 40])
        y = tf.reshape(tf.transpose(tf.tanh(x), [1, 2, 0]), [30, 800]) * 2.0
        fetches = [y, *tf.gradients(tf.square(y), [x])]
        first, *rest = [session.run(fetches, {x: values}) for _ in range(4)]
    assert any(copier is not None for copier in made)
    for found in rest:
        for one, other in zip(found, first, strict=True):
            np.testing.assert_array_equal(one, other)
