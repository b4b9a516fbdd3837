"""The native passes of cross entropies against the reference of torch's operations."""

import contextlib

import numpy as np
import pytest
import torch

import ostinato.tf1 as tf
from ostinato.kernels.native import cross_entropy as native
from ostinato.kernels.native import library
from ostinato.kernels.native import sigmoid_cross_entropy as of_sigmoids
from ostinato.tf1 import replays
from ostinato.tf1.ops.cross_entropy import dense_cross_entropy, sigmoid_cross_entropy, sparse_cross_entropy

pytestmark = pytest.mark.skipif(library.load() is None, reason="no native code here")

SIZES = [[1, 1], [3, 1], [1, 7], [15, 10], [5, 65], [7, 129], [0, 4], [2, 3, 20], [5], [9, 600]]


@pytest.fixture
def runs(monkeypatch):
    """Which kind of pass runs, put as a context."""

    @contextlib.contextmanager
    def run(is_native):
        with monkeypatch.context() as patched:
            if not is_native:
                patched.setattr(native, "runs", lambda *_: False)
                patched.setattr(of_sigmoids, "runs", lambda *_: False)
            yield

    return run


def drawn(*shape, seed=1, scale=1.0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)) * scale


def classes_for(logits, dtype=torch.int64, seed=2):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, logits.shape[-1], logits.shape[:-1], generator=generator).to(dtype)


def shares_for(logits):
    return torch.softmax(drawn(*logits.shape, seed=4, scale=2.0), -1)


def passes(loss_of, logits, labels, grads, is_native, runs, wanted=1):
    """Losses and gradients."""
    leaves = [logits.detach().requires_grad_(), labels]
    if wanted == 2:
        leaves[1] = labels.detach().requires_grad_()
    with runs(is_native):
        home = of_sigmoids if loss_of is sigmoid_cross_entropy else native
        assert home.runs(*leaves) == is_native
        losses = loss_of(*leaves)
        return [losses.detach(), *torch.autograd.grad(losses, leaves[:wanted], grads)]


def both(loss_of, logits, labels, runs, wanted=1, grads=None):
    of_losses = logits.shape if loss_of is sigmoid_cross_entropy else logits.shape[:-1]
    grads = drawn(*of_losses, seed=3) if grads is None else grads
    ours = passes(loss_of, logits, labels, grads, True, runs, wanted)
    exact_labels = labels.double() if labels.is_floating_point() else labels
    exact = passes(loss_of, logits.double(), exact_labels, grads.double(), False, runs, wanted)
    for found, right in zip(ours, exact, strict=True):
        assert found.dtype == torch.float32
        assert found.shape == right.shape
        largest = right.abs().max().item() if right.numel() else 0.0
        torch.testing.assert_close(found.double(), right, rtol=0, atol=1e-6 * largest)


def along_the_last(logits, labels):
    return dense_cross_entropy(logits, labels, -1)


@pytest.mark.parametrize("scale", [1.0, 30.0])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_class_numbers(sizes, scale, runs):
    logits = drawn(*sizes, scale=scale)
    both(sparse_cross_entropy, logits, classes_for(logits), runs)
    both(sparse_cross_entropy, logits + 1000, classes_for(logits, torch.int32), runs)


@pytest.mark.parametrize("scale", [1.0, 30.0])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_probabilities(sizes, scale, runs):
    logits = drawn(*sizes, scale=scale)
    both(along_the_last, logits, shares_for(logits), runs, wanted=2)
    both(along_the_last, logits, 3 * torch.eye(sizes[-1])[classes_for(logits)], runs)


@pytest.mark.parametrize("loss_of", [sparse_cross_entropy, along_the_last])
def test_where_numbers_lie_makes_no_difference(loss_of, runs):
    whole = drawn(12, 6, 40)
    for logits in (whole[:, 0, 3:33], whole.transpose(0, 1), whole[..., ::2], drawn(1, 30).expand(4, 30)):
        labels = classes_for(logits) if loss_of is sparse_cross_entropy else shares_for(logits)
        for given in (labels, labels.clone().t().contiguous().t() if labels.dim() == 2 else labels):
            both(loss_of, logits, given, runs, grads=torch.tensor(0.3).expand(logits.shape[:-1]))
            both(loss_of, logits, given, runs)
    both(along_the_last, drawn(5, 6), shares_for(drawn(6)).expand(5, 6), runs)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0])
@pytest.mark.parametrize("sizes", [*SIZES, []], ids=str)
def test_independent_probabilities(sizes, scale, runs):
    logits, labels = drawn(*sizes, scale=scale), torch.sigmoid(drawn(*sizes, seed=4))
    both(sigmoid_cross_entropy, logits, labels, runs, wanted=2)
    both(sigmoid_cross_entropy, logits, labels.round(), runs, grads=torch.tensor(0.3).expand(sizes))
    if len(sizes) == 2:
        both(sigmoid_cross_entropy, logits.t(), labels.t(), runs, wanted=2)
        both(sigmoid_cross_entropy, logits.t(), labels.t().contiguous(), runs)


def test_what_tensorflow_says_of_infinite_logits():
    logits = torch.tensor([0.0, np.inf, -np.inf, np.nan, -20.0, 90.0])
    losses = sigmoid_cross_entropy(logits, torch.zeros(6))
    expected = torch.tensor([np.log(2), np.nan, np.nan, np.nan, np.exp(-20), 90.0], dtype=torch.float32)
    torch.testing.assert_close(losses, expected, rtol=1e-6, atol=0, equal_nan=True)


@pytest.mark.parametrize(
    "row",
    [
        [np.inf, 1, 2],
        [-np.inf, -np.inf, -np.inf],
        [np.nan, 1, 2],
        [1, 2, np.nan],
        [3, -np.inf, 1],
        [200, 0, -200],
        [-3e38, 3e38, 0],
    ],
)
@pytest.mark.parametrize("grad", [1.0, 0.0])
def test_what_is_no_number_goes_where_it_goes_in_torch(row, grad, runs):
    logits = torch.tensor([row, [1.0, 2.0, 3.0]])
    for loss_of, labels in (
        (sparse_cross_entropy, torch.tensor([0, 1])),
        (along_the_last, torch.tensor([[0.5, 0, 0.5], [0, 1, 0]])),
    ):
        ours, theirs = (
            passes(loss_of, logits, labels, torch.tensor([grad, 1.0]), is_native, runs)
            for is_native in (True, False)
        )
        for found, right in zip(ours, theirs, strict=True):
            torch.testing.assert_close(found, right, rtol=1e-6, atol=1e-6, equal_nan=True)


def test_a_certain_row_has_no_loss():
    logits = torch.tensor([[500.0, 0.0, 1.0]], requires_grad=True)
    loss = sparse_cross_entropy(logits, torch.tensor([0]))
    assert loss.item() == 0.0
    assert not torch.autograd.grad(loss, logits)[0].any()


def test_threads_find_the_same_bits():
    logits, before = drawn(77, 700), torch.get_num_threads()
    found = []
    try:
        for count in (1, 2, 3):
            torch.set_num_threads(count)
            found.append(native.forward(logits, classes_for(logits), True, None))
            found[-1] += (native.backward(logits, classes_for(logits), found[-1][1], drawn(77)),)
            wrong = classes_for(logits)
            wrong[[30, 60]] = 700
            with pytest.raises(RuntimeError, match="700"):
                native.forward(logits, wrong, True, refuse)
    finally:
        torch.set_num_threads(before)
    for other in found[1:]:
        assert all(map(torch.equal, found[0], other))


def refuse(labels, classes):
    raise RuntimeError(f"{labels.max()} of {classes}")


def test_it_leaves_other_tensors_to_torch():
    logits, labels = drawn(3, 4), torch.zeros(3, dtype=torch.int64)
    assert native.runs(logits, labels)
    assert not native.runs(logits.double(), labels)
    assert not native.runs(logits.bfloat16(), labels)
    assert not native.runs(logits, labels.to(torch.int16))
    assert not native.runs(logits[:, :0], labels)
    negated = torch.complex(logits, logits).conj().imag
    assert negated.is_neg()
    assert not native.runs(negated, labels)
    vectorised = torch.func.vmap(along_the_last)(logits, shares_for(logits))
    torch.testing.assert_close(vectorised, along_the_last(logits, shares_for(logits)))


@pytest.mark.parametrize("kind", ["sparse", "dense", "both", "sigmoid"])
def test_runs_that_are_replayed_and_second_derivatives(kind, monkeypatch):
    values = {}
    for replay in (False, True):
        monkeypatch.setattr(replays, "RECORD", replay)
        with tf.Graph().as_default(), tf.Session() as session:
            logits = tf.placeholder(tf.float32, [3, 4])
            of_classes = kind == "sparse"
            labels = tf.placeholder(*((tf.int32, [3]) if of_classes else (tf.float32, [3, 4])))
            if kind == "sparse":
                losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
            elif kind == "sigmoid":
                losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)
            else:
                losses = tf.nn.softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits)
            loss = tf.reduce_mean(losses)
            first = tf.gradients(loss, [logits, labels] if kind in ("both", "sigmoid") else [logits])
            second = tf.gradients(tf.reduce_sum(first[0] ** 2), logits)
            for step in range(5):
                x = drawn(3, 4, seed=step)
                y = classes_for(x) if kind == "sparse" else shares_for(x)
                found = session.run([loss, *first], {logits: x.numpy(), labels: y.numpy()})
                found += session.run(second, {logits: x.numpy(), labels: y.numpy()})
                values.setdefault(step, []).append(found)
            if kind == "sparse":
                with pytest.raises(tf.errors.InvalidArgumentError, match=r"label value of 4 .* \[0, 4\)"):
                    session.run([loss, *first], {logits: x.numpy(), labels: [1, 4, -1]})
    for plain, replayed in values.values():
        for one, other in zip(plain, replayed, strict=True):
            np.testing.assert_array_equal(one, other)
        numbers = np.concatenate([np.ravel(value) for value in plain])
        assert np.isfinite(numbers).all()
        assert np.abs(numbers).max() > 1e-3


def test_a_loop_of_losses():
    with tf.Graph().as_default(), tf.Session() as session:
        logits = tf.constant(drawn(5, 3, 4).numpy())
        labels = tf.constant(classes_for(drawn(5, 3, 4)).numpy())

        def body(step, total):
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels[step], logits=logits[step])
            return step + 1, total + tf.reduce_sum(losses)

        _, total = tf.while_loop(lambda step, _: step < 5, body, [0, 0.0])
        whole = tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
        for _ in range(3):
            one, other = session.run([[x, tf.gradients(x, logits)[0]] for x in (total, whole)])
            np.testing.assert_allclose(one[0], other[0], 1e-6)
            np.testing.assert_allclose(one[1], other[1], 1e-6, 1e-7)
