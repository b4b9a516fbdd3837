"""What the functions of tf.nn and tf.losses refuse, in the words of TensorFlow 1.15."""

import numpy as np
import pytest

import ostinato.tf1 as tf

IMAGES = [1, 4, 4, 4]
STEPS = [1, 1, 1, 1]


def sparse(indices, values, shape=(2, 2)):
    return tf.SparseTensor(indices, values, shape)


def conv(shape, padding="SAME", strides=STEPS, **more):
    return tf.nn.conv2d(tf.ones(IMAGES), tf.ones(shape), strides, padding, **more)


def ctc(labels, lengths, classes=4):
    return tf.nn.ctc_loss(labels, tf.ones([5, 2, classes]), lengths)


BUILT = [
    (
        lambda: conv([3, 3, 3, 2]),
        ValueError,
        r"Depth of input \(4\) is not a multiple of input depth of filter",
    ),
    (
        lambda: conv([5, 5, 4, 2], "VALID"),
        ValueError,
        "Negative dimension size caused by subtracting 5 from 4",
    ),
    (lambda: conv([3, 3, 4, 2], "same"), ValueError, "Attr 'padding' of 'Conv2D' Op passed string 'same'"),
    (
        lambda: conv([3, 3, 4, 2], strides=[1, 1, 1]),
        ValueError,
        "strides should be of length 1, 2 or 4 but was 3",
    ),
    (lambda: conv([3, 3, 4, 2], data_format="HWC"), ValueError, "Attr 'data_format' of 'Conv2D' Op"),
    (
        lambda: tf.nn.conv2d(tf.ones([3, 3, 3]), tf.ones([3, 3, 3, 1]), STEPS, "SAME"),
        ValueError,
        "must be rank 4",
    ),
    (
        lambda: tf.nn.max_pool(tf.ones(IMAGES), [1, 5, 5, 1], STEPS, "VALID"),
        ValueError,
        "subtracting 5 from 4",
    ),
    (
        lambda: tf.nn.max_pool(tf.ones(IMAGES), [1, 5, 5], STEPS, "VALID"),
        ValueError,
        "ksize should be of length",
    ),
    (
        lambda: tf.nn.pool(tf.ones(IMAGES), [2, 2], "MAX", "SAME", [2, 2]),
        ValueError,
        "pooling with SAME padding",
    ),
    (
        lambda: tf.nn.bias_add(tf.ones(IMAGES), tf.ones([3])),
        ValueError,
        "Dimensions must be equal, but are 4 and 3",
    ),
    (
        lambda: tf.nn.bias_add(tf.ones(IMAGES), tf.ones([4]), "FOO"),
        ValueError,
        "data_format must be of the form",
    ),
    (lambda: tf.nn.top_k([1.0, 2.0], 3), ValueError, "input must have last dimension >= k = 3 but is 2"),
    (lambda: tf.nn.ctc_loss([[1]], tf.ones([5, 2, 4]), [2, 5]), TypeError, "Expected labels"),
    (
        lambda: ctc(sparse([[0, 0], [1, 0]], [1, 0]), [1, 2, 3]),
        ValueError,
        "Dimensions must be equal, but are 2 and 3",
    ),
    (lambda: tf.losses.mean_squared_error(tf.ones([2, 3]), tf.ones([2, 4])), ValueError, "are incompatible"),
    (lambda: tf.losses.mean_squared_error(None, tf.ones([2])), ValueError, "labels must not be None"),
    (
        lambda: tf.losses.compute_weighted_loss(tf.ones([2]), reduction="x"),
        ValueError,
        "Invalid Reduction Key x",
    ),
    (lambda: tf.losses.cosine_distance(tf.ones([2]), tf.ones([2])), ValueError, "You must specify 'axis'"),
    (
        lambda: tf.image.resize_images(tf.ones([2, 2]), [3, 3]),
        ValueError,
        "must have either 3 or 4 dimensions",
    ),
    (
        lambda: tf.image.crop_to_bounding_box(tf.ones([5, 5, 1]), 3, 0, 3, 3),
        ValueError,
        r"height must be >= target \+ offset",
    ),
    (
        lambda: tf.nn.embedding_lookup_sparse(tf.ones([2, 2]), [[1]], None),
        TypeError,
        "sp_ids must be SparseTensor",
    ),
    (
        lambda: tf.nn.log_uniform_candidate_sampler(tf.constant([[1]], tf.int32), 1, 2, True, 9),
        TypeError,
        "does not match expected type of int64",
    ),
]
ROWS = [[0, 0], [1, 0]]
RUN = [
    (lambda: ctc(sparse([[1, 0]], [1]), [2, 5]), "Labels length is zero in batch 0"),
    (lambda: ctc(sparse(ROWS, [1, -1]), [2, 5]), "All labels must be nonnegative integers, batch: 1"),
    (lambda: ctc(sparse(ROWS, [1, 1]), [2, 6]), r"sequence_length\(1\) <= 5"),
    (lambda: ctc(sparse(ROWS, [1, 1]), [0, 5]), "Not enough time for target transition sequence"),
    (lambda: ctc(sparse([[0, 0], [0, 1], [1, 0]], [3, 1, 1]), [5, 5]), "Saw a non-null label"),
    (lambda: tf.nn.log_uniform_candidate_sampler([[1]], 1, 11, True, 10)[0], "Sampler's range is too small"),
    (
        lambda: tf.nn.uniform_candidate_sampler([[1]], 2, 3, True, 10)[0],
        "must have num_true columns, expected: 1",
    ),
    (lambda: conv([3, 3, 4, 2], strides=[2, 1, 1, 1]), "Current implementation does not yet support strides"),
    (
        lambda: tf.nn.conv2d_transpose(tf.ones(IMAGES), tf.ones([3, 3, 3, 4]), [1, 9, 9, 3], [1, 2, 2, 1]),
        "Size of out_backprop doesn't match computed: actual = 4, computed = 5",
    ),
    (
        lambda: tf.nn.ctc_beam_search_decoder(tf.ones([4, 1, 3]), [4], 5, 9)[1],
        "requested more paths than the beam",
    ),
    (
        lambda: tf.nn.ctc_beam_search_decoder(tf.ones([4, 1, 3]), [0], 5, 2)[1],
        "Less leaves in the beam search",
    ),
]


@pytest.mark.parametrize(("make", "kind", "words"), BUILT)
def test_what_is_refused_when_it_is_built(make, kind, words):
    with tf.Graph().as_default(), pytest.raises(kind, match=words):
        make()


@pytest.mark.parametrize(("make", "words"), RUN)
def test_what_is_refused_when_it_is_run(make, words):
    with tf.Graph().as_default(), tf.Session() as session:
        tensor = make()
        with pytest.raises(tf.errors.InvalidArgumentError, match=words):
            session.run(tensor)


def test_lengths_beyond_the_inputs_are_a_failed_precondition():
    with tf.Graph().as_default(), tf.Session() as session:
        decoded, _ = tf.nn.ctc_greedy_decoder(tf.ones([4, 1, 3]), [5])
        with pytest.raises(tf.errors.FailedPreconditionError, match=r"sequence_length\(0\) <= 4"):
            session.run(decoded)


def test_a_labelling_that_does_not_fit_is_infinite_and_its_gradient_the_softmax():
    with tf.Graph().as_default(), tf.Session() as session:
        logits = tf.constant([[[0.5, 0.0, 1.0]], [[0.0, 2.0, 1.0]]])
        loss = tf.nn.ctc_loss(sparse([[0, 0], [0, 1]], [1, 1], [1, 2]), logits, [2])
        gradient, softmax = session.run([tf.gradients(loss, logits)[0], tf.nn.softmax(logits)])
        assert session.run(loss) == [float("inf")]
        assert abs(gradient - softmax).max() < 1e-6


def test_samplers_without_seeds_draw_other_classes_each_time_and_each_class_once():
    with tf.Graph().as_default(), tf.Session() as session:
        sampled = tf.nn.log_uniform_candidate_sampler([[0]], 1, 30, True, 1000)[0]
        first, second = session.run(sampled), session.run(sampled)
        assert len(set(first)) == 30
        assert list(first) != list(second)


def test_a_sampler_learns_from_the_classes_that_it_is_shown():
    with tf.Graph().as_default(), tf.Session() as session:
        true = tf.constant([[3]] * 200, tf.int64)
        sampled = tf.nn.learned_unigram_candidate_sampler(true, 1, 50, False, 10, seed=1)[0]
        before, after = session.run(sampled), session.run(sampled)
        assert (before == 3).mean() < 0.4
        assert (after == 3).mean() > 0.8


@pytest.mark.parametrize(
    ("loss", "labels"),
    [
        ("softmax_cross_entropy_with_logits", [[0.0, 1.0], [1.0, 0.0]]),
        ("sigmoid_cross_entropy_with_logits", [[0.0, 1.0], [1.0, 0.0]]),
        ("sparse_softmax_cross_entropy_with_logits", [1, 0]),
    ],
)
def test_losses_by_position_are_in_the_order_of_0_12(loss, labels, caplog):
    logits = tf.constant([[3.0, -1.0], [0.5, 2.0]])
    function = getattr(tf.nn, loss)
    with tf.Session() as session:
        one, other = session.run([function(logits, labels), function(labels=labels, logits=logits)])
    np.testing.assert_array_equal(one, other)
    assert f"{loss}: the first argument is taken for the logits" in caplog.text
