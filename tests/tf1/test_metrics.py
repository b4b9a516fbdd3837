"""Metrics over several batches: what the update and the value give, and where they are put."""

import numpy as np
import pytest

import ostinato.tf1 as tf

BATCHES = [([1, 0, 1, 1], [1, 1, 0, 1]), ([0, 0, 1, 0], [0, 1, 1, 0])]


def streamed(make, dtype=tf.int32):
    """(updates, value) over the batches."""
    with tf.Graph().as_default(), tf.Session() as session:
        labels, predictions = tf.placeholder(dtype, [None]), tf.placeholder(dtype, [None])
        value, update = make(labels, predictions)
        session.run(tf.local_variables_initializer())
        updates = [session.run(update, {labels: a, predictions: b}) for a, b in BATCHES]
        return updates, session.run(value)


@pytest.mark.parametrize(
    ("name", "updates"),
    [
        ("accuracy", [0.5, 0.625]),
        ("precision", [2 / 3, 0.6]),
        ("recall", [2 / 3, 0.75]),
        ("true_positives", [2, 3]),
        ("true_negatives", [0, 2]),
        ("false_positives", [1, 2]),
        ("false_negatives", [1, 1]),
    ],
)
def test_a_metric_goes_on_from_batch_to_batch(name, updates):
    found, value = streamed(getattr(tf.metrics, name))
    np.testing.assert_allclose(found, updates, rtol=1e-6)
    assert value == found[-1]


def test_a_value_does_not_change_what_it_gives():
    with tf.Graph().as_default(), tf.Session() as session:
        value, update = tf.metrics.mean([1.0, 3.0])
        session.run(tf.local_variables_initializer())
        assert session.run([value, value]) == [0.0, 0.0]
        session.run(update)
        assert session.run(value) == session.run(value) == 2.0
        session.run(tf.local_variables_initializer())
        assert session.run(value) == 0.0


def test_metrics_are_put_in_collections_and_have_scopes_of_their_own():
    with tf.Graph().as_default():
        labels = tf.constant([1, 0])
        first = tf.metrics.accuracy(labels, labels, metrics_collections=["m"], updates_collections="u")
        tf.metrics.accuracy(labels, labels)
        assert tf.get_collection("m") == [first[0]]
        assert tf.get_collection("u") == [first[1]]
        assert tf.global_variables() == tf.trainable_variables() == []
        assert [variable.name for variable in tf.local_variables()] == [
            "accuracy/total:0",
            "accuracy/count:0",
            "accuracy_1/total:0",
            "accuracy_1/count:0",
        ]


def test_nothing_seen_is_zero():
    for make in (tf.metrics.accuracy, tf.metrics.precision, tf.metrics.recall):
        with tf.Graph().as_default(), tf.Session() as session:
            value, _ = make(tf.constant([1]), tf.constant([1]))
            session.run(tf.local_variables_initializer())
            assert session.run(value) == 0.0


def test_weights_that_do_not_fit_are_refused():
    with (
        tf.Graph().as_default(),
        pytest.raises(ValueError, match=r"weights can not be broadcast to values\."),
    ):
        tf.metrics.mean(tf.ones([2, 3]), weights=tf.ones([3, 3]))
    with tf.Graph().as_default(), tf.Session() as session:
        weights = tf.placeholder_with_default(tf.ones([4]), None)
        loss = tf.losses.compute_weighted_loss(tf.ones([2, 3]), weights)
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"assertion failed: \[weights can not be"):
            session.run(loss)


def test_predictions_outside_of_0_and_1_are_refused():
    with tf.Graph().as_default(), tf.Session() as session:
        _, update = tf.metrics.auc([True, False], [0.2, 1.5])
        session.run(tf.local_variables_initializer())
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"predictions must be in \[0, 1\]"):
            session.run(update)


@pytest.mark.parametrize("labels", [[0, 5], [-1, 1]])
def test_classes_that_there_are_not_are_refused(labels):
    with tf.Graph().as_default(), tf.Session() as session:
        _, update = tf.metrics.mean_iou(tf.constant(labels), tf.constant([0, 1]), 3)
        session.run(tf.local_variables_initializer())
        with pytest.raises(tf.errors.InvalidArgumentError, match="assertion failed"):
            session.run(update)
