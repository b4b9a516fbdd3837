"""`tf.contrib.training.bucket` and `bucket_by_sequence_length`; the batches are those of TensorFlow 1.15."""

import numpy as np
import pytest

import ostinato.tf1 as tf

LENGTHS = [3, 7, 1, 12, 5, 4, 9, 2, 8, 11, 3]
BATCHES = {(12, 9): (3, 6), (2, 3): (7, 10), (3, 1): (0, 2), (7, 5): (1, 4), (8, 11): (8, 9)}
"""Lengths to numbers of elements, as TensorFlow 1.15 gives them of batches of two."""


@pytest.fixture
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def elements():
    number = tf.train.range_input_producer(len(LENGTHS), num_epochs=1, shuffle=False).dequeue()
    length = tf.gather(tf.constant(LENGTHS), number)
    return length, number, tf.range(length) + 10 * number


def all_batches(fetched):
    found = {}
    with tf.Session() as session:
        session.run(tf.local_variables_initializer())
        coordinator = tf.train.Coordinator()
        threads = tf.train.start_queue_runners(session, coordinator)
        while not coordinator.should_stop():
            try:
                lengths, (rows, numbers) = session.run(fetched)
            except tf.errors.OutOfRangeError:
                break
            found[tuple(lengths.tolist())] = tuple(numbers.tolist())
            assert rows.shape == (len(lengths), max(lengths))
            for row, length, number in zip(rows, lengths, numbers, strict=True):
                expected = np.append(np.arange(length) + 10 * number, np.zeros(len(row) - length))
                np.testing.assert_array_equal(row, expected)
        coordinator.request_stop()
        coordinator.join(threads)
    return found


@pytest.mark.parametrize(
    ("options", "other"),
    [
        ({}, {}),
        ({"allow_smaller_final_batch": True}, {(4,): (5,)}),
        ({"batch_size": [2, 3, 2]}, {(7, 5): None, (7, 5, 4): (1, 4, 5)}),
    ],
)
def test_batches_are_of_one_bucket(graph, options, other):
    length, number, values = elements()
    arguments = {"batch_size": 2, "bucket_boundaries": [4, 8], "dynamic_pad": True, **options}
    lengths, batch = tf.contrib.training.bucket_by_sequence_length(length, [values, number], **arguments)
    static = [None] if options else [2]
    assert lengths.shape.as_list() == static
    assert [part.shape.as_list() for part in batch] == [[*static, None], static]
    assert lengths.name == "bucket_by_sequence_length/bucket/dequeue_top:1"
    expected = {key: value for key, value in {**BATCHES, **other}.items() if value}
    assert all_batches([lengths, batch]) == expected


def test_elements_that_are_not_kept_are_left_out_and_names_stay(graph):
    length, number, values = elements()
    lengths, batch = tf.contrib.training.bucket_by_sequence_length(
        length,
        {"values": values, "number": number},
        2,
        [4, 8],
        dynamic_pad=True,
        allow_smaller_final_batch=True,
        keep_input=tf.not_equal(number, 5),
    )
    assert all_batches([lengths, [batch["values"], batch["number"]]]) == BATCHES


def test_a_bucket_is_chosen_by_number(graph):
    number = tf.train.range_input_producer(6, num_epochs=1, shuffle=False).dequeue()
    chosen, values = tf.contrib.training.bucket([number * 10], tf.mod(number, 2), 3, 2)
    found = {}
    with tf.Session() as session:
        session.run(tf.local_variables_initializer())
        coordinator = tf.train.Coordinator()
        threads = tf.train.start_queue_runners(session, coordinator)
        for _ in range(2):
            index, row = session.run([chosen, values])
            found[int(index)] = row.tolist()
        coordinator.request_stop()
        coordinator.join(threads)
    assert found == {0: [0, 20, 40], 1: [10, 30, 50]}


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"bucket_boundaries": 4}, TypeError, "bucket_boundaries must be a list or tuple"),
        ({"bucket_boundaries": []}, ValueError, "bucket_boundaries must not be empty"),
        ({"bucket_boundaries": [4, 4]}, ValueError, "Buckets must contain sequential increasing lengths"),
        ({"bucket_boundaries": [4, 5.0]}, TypeError, "bucket boundaries must be integers"),
        ({"batch_size": [1, 2, 3]}, ValueError, "If batch_size is a list it must have num_buckets elements"),
        ({"bucket_capacities": [1]}, ValueError, "The list bucket_capacities"),
    ],
)
def test_what_makes_no_buckets_is_said(graph, arguments, error, words):
    given = {"batch_size": 2, "bucket_boundaries": [4], **arguments}
    with pytest.raises(error, match=words):
        tf.contrib.training.bucket_by_sequence_length(tf.constant(3), [tf.constant(1)], **given)
