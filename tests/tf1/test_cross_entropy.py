"""The cross entropy of class numbers: its gradients, first and second, and rows of any weight."""

import numpy as np
import pytest
import torch

import ostinato.tf1 as tf
from ostinato.tf1.ops.cross_entropy import sigmoid_cross_entropy, sparse_cross_entropy

LABELS = torch.tensor([[0, 2, 2], [4, 1, 3]])


def logits_of(*shape, dtype=torch.float64):
    return torch.randn(*shape, dtype=dtype, generator=torch.Generator().manual_seed(1)).requires_grad_()


def test_first_and_second_derivatives_are_those_of_differences():
    logits = logits_of(2, 3, 5)
    assert torch.autograd.gradcheck(lambda x: sparse_cross_entropy(x, LABELS), [logits])
    assert torch.autograd.gradgradcheck(lambda x: sparse_cross_entropy(x, LABELS), [logits])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_losses_and_gradients_are_those_of_torch(dtype):
    one, other = (logits_of(6, 5, dtype=dtype) for _ in range(2))
    labels, weights = LABELS.flatten().to(torch.int32), torch.arange(6.0, dtype=dtype)
    found = sparse_cross_entropy(one, labels)
    expected = torch.nn.functional.cross_entropy(other, labels.long(), reduction="none")
    bound = {"rtol": 2e-2, "atol": 2e-2} if dtype is torch.bfloat16 else {"rtol": 1e-5, "atol": 1e-6}
    torch.testing.assert_close(found, expected, **bound)
    (found,), (expected,) = (
        torch.autograd.grad((loss * weights).sum(), [x]) for loss, x in ((found, one), (expected, other))
    )
    torch.testing.assert_close(found, expected, **bound)


def test_a_class_that_is_ruled_out_takes_no_part():
    logits = tf.constant([[0.5, -np.inf, 1.0]])
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[2], logits=logits)
    (gradient,) = tf.gradients(loss, logits)
    with tf.Session() as session:
        share = 1 / (1 + np.exp(0.5))
        np.testing.assert_allclose(session.run(gradient), [[share, 0, -share]], rtol=1e-6)
        np.testing.assert_allclose(session.run(loss), [-np.log(1 - share)], rtol=1e-6)


def test_rows_are_compared_along_any_axes():
    """Labels with an axis more, as `labels=[one_hot]` has, are TensorFlow's rows all the same."""
    logits = np.random.RandomState(0).randn(4, 3).astype(np.float32)
    hot = np.eye(3, dtype=np.float32)[[0, 2, 1, 1]]
    with tf.Graph().as_default(), tf.Session() as session:
        x, y = tf.placeholder(tf.float32, [None, 3]), tf.placeholder(tf.float32, [None, 3])
        plain = tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=x)
        nested = tf.nn.softmax_cross_entropy_with_logits_v2(labels=[y], logits=x)
        found = session.run(
            [plain, nested, tf.gradients(plain, x)[0], tf.gradients(nested, x)[0]], {x: logits, y: hot}
        )
        assert nested.shape.as_list() == [None]
        np.testing.assert_array_equal(found[0], found[1])
        np.testing.assert_array_equal(found[2], found[3])
        with pytest.raises(ValueError, match="Dimensions must be equal, but are 4 and 8"):
            tf.nn.softmax_cross_entropy_with_logits_v2(labels=tf.zeros([2, 4, 3]), logits=tf.zeros([4, 3]))


def test_independent_probabilities_without_native_code():
    """As TensorFlow says them, of -20 and infinities too; two derivatives are those of differences."""
    one = torch.tensor([0.0, -20.0, 20.0, 1.0, np.inf], dtype=torch.float64)
    losses = sigmoid_cross_entropy(one, torch.zeros(5, dtype=torch.float64))
    expected = [np.log(2), np.log1p(np.exp(-20)), 20 + np.log1p(np.exp(-20)), np.log1p(np.exp(1)), np.nan]
    np.testing.assert_allclose(losses.numpy(), expected, 1e-12)
    logits, labels = logits_of(3, 4), torch.rand(3, 4, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(sigmoid_cross_entropy, [logits, labels])
    assert torch.autograd.gradgradcheck(sigmoid_cross_entropy, [logits, labels])


def test_independent_probabilities_broadcast_where_shapes_are_known_late():
    with tf.Graph().as_default(), tf.Session() as session:
        x, z = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
        losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=z, logits=x)
        values = {x: np.zeros([2, 3]), z: [1, 0, 0.5]}
        np.testing.assert_allclose(session.run(losses, values), np.full([2, 3], np.log(2)), 1e-6)
        found = session.run(tf.gradients(losses, [x, z]), {x: np.ones([2, 3]), z: [1, 0, 0.5]})
        share = 1 / (1 + np.exp(-1))
        np.testing.assert_allclose(found[0], [[share - 1, share, share - 0.5]] * 2, 1e-6)
        np.testing.assert_allclose(found[1], [-2, -2, -2], 1e-6)
        with pytest.raises(
            tf.errors.InvalidArgumentError, match=r"Incompatible shapes: \[2,.?3\] vs"
        ):
            session.run(losses, {x: np.ones([2, 3]), z: np.ones(4)})
