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
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"Incompatible shapes: \[2,.?3\] vs"):
            session.run(losses, {x: np.ones([2, 3]), z: np.ones(4)})


@pytest.mark.parametrize(
    ("labels", "logits", "error", "words"),
    [
        (np.int32(0), np.float32(1), ValueError, r"Logits cannot be scalars - received shape \(\)"),
        (
            np.zeros(3, np.int32),
            np.ones([2, 3]),
            ValueError,
            r"Shape mismatch: .*received \(3,\)\) .*\(2, 3\)",
        ),
        (np.zeros([1, 3], np.int32), np.ones([2, 3]), ValueError, "Rank mismatch: Rank of labels"),
        (
            np.zeros(2),
            np.ones([2, 3]),
            TypeError,
            "'labels' has DataType float64 not in list .*: int32, int64",
        ),
    ],
)
def test_what_is_refused_of_class_numbers_in_the_graph(labels, logits, error, words):
    with tf.Graph().as_default(), pytest.raises(error, match=words):
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.constant(labels), logits=tf.constant(logits))


@pytest.mark.parametrize(
    ("labels", "logits", "words"),
    [
        (0, [[1.0]], r"labels must be 1-D, but got shape \[\]"),
        ([0], [[1.0], [2.0]], "logits and labels must have the same first dimension"),
        ([0, 0], np.zeros([2, 0]), r"Must have at least one class, but got logits shape \[2,0\]"),
        (0, 1.0, "must have the same first dimension"),
    ],
)
def test_what_is_refused_of_class_numbers_in_a_run(labels, logits, words):
    with tf.Graph().as_default(), tf.Session() as session:
        x, y = tf.placeholder(tf.float32), tf.placeholder(tf.int32)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=x)
        with pytest.raises(tf.errors.InvalidArgumentError, match=words):
            session.run(losses, {x: logits, y: labels})


@pytest.mark.parametrize("known", [True, False])
def test_one_row_or_one_class_of_probabilities_serves_all(known):
    """The losses are TensorFlow 1.15's."""
    logits = np.array([[1, 2, 3, 4], [2, 2, 2, 3]], np.float32)
    with tf.Graph().as_default(), tf.Session() as session:

        def losses(labels, logits):
            x = tf.placeholder(tf.float32, np.shape(logits) if known else None)
            y = tf.placeholder(tf.float32, np.shape(labels) if known else None)
            found = tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=x)
            return session.run(found, {x: logits, y: labels})

        np.testing.assert_allclose(losses([[1, 0, 0, 0]], logits), [3.4401896, 1.7436684], 1e-6)
        np.testing.assert_allclose(losses([[1], [0]], logits), [7.760759, 0], 1e-6)
        refused = ValueError if known else tf.errors.InvalidArgumentError
        with pytest.raises(refused, match=r"tensor with 2 (elements|values)"):
            losses(np.eye(4)[:2], logits[:1])
        for shape in ([3, 4], [2, 3]):
            with pytest.raises(
                refused, match=r"Dimensions must be equal, but are|must be broadcastable: logits_size"
            ):
                losses(np.zeros(shape), logits)
