"""Runs that are written down and replayed give the bits of those that are not."""

import dataclasses
import threading

import numpy as np
import pytest
import torch

import ostinato.tf1 as tf
from ostinato.tf1 import registry, replays

BATCH, TIME, SIZE = 4, 5, 3
STEPS = 9


@pytest.fixture(autouse=True)
def recording_soon(monkeypatch):
    monkeypatch.setattr(replays, "RUNS_BEFORE_RECORDING", 1)


def inputs():
    return tf.placeholder(tf.float32, [None, TIME, SIZE], name="x")


def last(outputs, count=2):
    return tf.layers.dense(outputs, count)


def lstm(x):
    return last(tf.nn.dynamic_rnn(tf.nn.rnn_cell.LSTMCell(7), x, dtype=tf.float32)[0][:, -1])


def with_lengths(x):
    lengths = tf.cast(tf.reduce_sum(tf.cast(x[:, :, 0] > 0, tf.int32), 1), tf.int64)
    cells = tf.nn.rnn_cell.GRUCell(5), tf.nn.rnn_cell.BasicLSTMCell(4)
    outputs, _ = tf.nn.bidirectional_dynamic_rnn(*cells, x, lengths, dtype=tf.float32)
    return last(tf.concat(outputs, 2)[:, 0])


def with_dropout(x):
    keep_prob = tf.placeholder_with_default(0.6, [])
    cells = [
        tf.nn.rnn_cell.DropoutWrapper(tf.nn.rnn_cell.BasicLSTMCell(6), keep_prob, keep_prob, seed=seed)
        for seed in (3, 4)
    ]
    outputs, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.MultiRNNCell(cells), x, dtype=tf.float32)
    return last(tf.nn.dropout(outputs[:, -1], keep_prob=0.5, seed=2))


def own_cell(x):
    class Cell(tf.nn.rnn_cell.RNNCell):
        state_size = output_size = 4

        def call(self, inputs, state):
            state = tf.tanh(tf.layers.dense(tf.concat([inputs, state], 1), 4))
            return tf.nn.dropout(state, keep_prob=0.7, seed=5), state

    return last(tf.nn.dynamic_rnn(Cell(), x, dtype=tf.float32)[0][:, -1])


def unrolled(x):
    outputs, _ = tf.nn.static_rnn(tf.nn.rnn_cell.GRUCell(5), tf.unstack(x, axis=1), dtype=tf.float32)
    return last(outputs[-1])


def loop(x):
    weights = tf.get_variable("weights", [SIZE, SIZE])
    results = tf.TensorArray(tf.float32, TIME)
    _, state, results = tf.while_loop(
        lambda step, *_: step < TIME,
        lambda step, state, results: (
            step + 1,
            tf.tanh(tf.matmul(state, weights) + x[:, step] * tf.random_uniform([], seed=1)),
            results.write(step, state),
        ),
        [0, x[:, 0], results],
    )
    return last(tf.concat([state, results.stack()[2]], 1))


def loop_until(x):
    """A loop whose number of steps is of the values."""
    count = 2 + tf.cast(tf.reduce_sum(tf.cast(x[0, :, 0] > 0, tf.float32)) / 2, tf.int32)
    _, state = tf.while_loop(lambda step, _: step < count, lambda step, s: (step + 1, s * 0.9), [0, x[:, 0]])
    return last(state)


def normalised(x):
    return last(tf.layers.batch_normalization(x[:, 0], training=True))


def through_python(x):
    (doubled,) = tf.py_func(lambda value: [2 * value], [tf.stop_gradient(x)], [tf.float32])
    doubled.set_shape(x.shape)
    return last(x[:, 0] + doubled[:, 1])


def through_strings(x):
    words = tf.as_string(tf.round(x[:, 0] * 8))
    return last(x[:, 1] + tf.string_to_number(words))


def decoder(x):
    lengths = tf.cast(tf.reduce_sum(tf.cast(x[:, :, 0] > -0.5, tf.int32), 1), tf.int32) + 1
    attention = tf.contrib.seq2seq.BahdanauAttention(4, x)
    cell = tf.contrib.seq2seq.AttentionWrapper(tf.nn.rnn_cell.GRUCell(4), attention)
    helper = tf.contrib.seq2seq.TrainingHelper(x, tf.minimum(lengths, TIME))
    basic = tf.contrib.seq2seq.BasicDecoder(cell, helper, cell.zero_state(tf.shape(x)[0], tf.float32))
    outputs, _, _ = tf.contrib.seq2seq.dynamic_decode(basic)
    return last(tf.reduce_sum(outputs.rnn_output, 1))


def picked(x):
    table = tf.get_variable("table", [4, 2])
    places = tf.cast(tf.abs(x[:, 0, 0]) * 1.2, tf.int32) % 4
    return tf.nn.embedding_lookup(table, places) + last(x[:, 0])


MODELS = [
    lstm,
    with_lengths,
    with_dropout,
    own_cell,
    unrolled,
    loop,
    loop_until,
    normalised,
    through_python,
    through_strings,
    decoder,
    picked,
]
OPTIMIZERS = {
    "descent": lambda step: tf.train.GradientDescentOptimizer(
        tf.train.exponential_decay(0.1, step, 2, 0.9, staircase=True)
    ),
    "adam": lambda step: tf.train.AdamOptimizer(0.01),
}


def trained(model, optimizer, batches, record, monkeypatch):
    """The losses and the last values of the variables; and what the plan knows of its runs."""
    monkeypatch.setattr(replays, "RECORD", record)
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(1)
        x, labels = inputs(), tf.placeholder(tf.int32, [None])
        logits = model(x)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
        loss, step = tf.reduce_mean(losses), tf.train.get_or_create_global_step()
        maker = OPTIMIZERS[optimizer](step)
        gradients, variables = zip(*maker.compute_gradients(loss), strict=True)
        clipped, norm = tf.clip_by_global_norm(gradients, 1.0)
        train = maker.apply_gradients(zip(clipped, variables, strict=True), step)
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            found = [session.run([loss, norm, train, step], {x: a, labels: b}) for a, b in batches]
            final = session.run(tf.global_variables())
        known = [plan.replays for plan in graph.plans.values() if plan.has_gradients and plan.replays]
    return found, final, known


def batches_of(sizes, seed=0):
    random = np.random.RandomState(seed)
    return [(random.randn(size, TIME, SIZE).astype(np.float32), random.randint(0, 2, size)) for size in sizes]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("model", MODELS)
def test_a_replay_has_the_bits_of_a_run(model, optimizer, monkeypatch):
    batches = batches_of([BATCH] * STEPS)
    expected, last_expected, _ = trained(model, optimizer, batches, False, monkeypatch)
    found, last_found, known = trained(model, optimizer, batches, True, monkeypatch)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours[0], theirs[0])
        np.testing.assert_array_equal(ours[1], theirs[1])
        assert ours[2] is None
        assert ours[3] == theirs[3]
    for ours, theirs in zip(last_found, last_expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert [replays.problem for replays in known] == [None] * len(known)
    assert sum(replays.replayed for replays in known) > 0


def losses_of(record, make, monkeypatch, steps=STEPS, **feeds):
    """The losses of a graph that `make` builds, and how many runs were replayed."""
    monkeypatch.setattr(replays, "RECORD", record)
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(1)
        loss = make()
        train = tf.train.AdamOptimizer(0.05).minimize(loss)
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            coordinator = tf.train.Coordinator()
            threads = tf.train.start_queue_runners(session, coordinator)
            found = [session.run([loss, train])[0] for _ in range(steps)]
            coordinator.request_stop()
            session.run(tf.get_collection("closing"))
            coordinator.join(threads)
        known = [plan.replays for plan in graph.plans.values() if plan.replays]
    return found, sum(replays.replayed for replays in known)


def from_data():
    """Batches of 3, 3 and 1 rows of other lengths, from tf.data."""
    rows = tf.data.Dataset.range(7).map(lambda row: tf.ones([2 + row % 2, SIZE]) * tf.to_float(row))
    batches = rows.repeat().padded_batch(3, [None, SIZE])
    x = batches.make_one_shot_iterator().get_next()
    return tf.reduce_mean(tf.square(with_lengths(x) - 1.0))


def from_queue():
    """What a queue holds has other numbers of rows."""
    queue = tf.FIFOQueue(100, [tf.float32])
    rows = [tf.ones([count, TIME, SIZE]) * count for count in (2, 4, 3)]
    runner = tf.train.QueueRunner(queue, [tf.group(*[queue.enqueue(row) for row in rows])])
    tf.train.add_queue_runner(runner)
    tf.add_to_collection("closing", queue.close(cancel_pending_enqueues=True))
    x = queue.dequeue()
    x.set_shape([None, TIME, SIZE])
    return tf.reduce_sum(tf.square(last(tf.layers.dense(x[:, 0], 3, tf.tanh)) - 1.0))


def of_random_sizes():
    """An operation gives another number of rows in every run."""
    x = tf.random_uniform([4, SIZE], seed=3)
    return tf.reduce_sum(tf.square(last(tf.boolean_mask(x, x[:, 0] > 0.5)) - 1.0))


@pytest.mark.parametrize("make", [from_data, from_queue, of_random_sizes])
def test_what_comes_in_another_size_is_not_replayed_as_it_was(make, monkeypatch):
    steps = 21
    expected, _ = losses_of(False, make, monkeypatch, steps)
    found, replayed = losses_of(True, make, monkeypatch, steps)
    if make is from_queue:  # its threads fill it in any order
        assert len({float(loss) for loss in found}) == steps
    else:
        np.testing.assert_array_equal(found, expected)
    assert (replayed > 0) == (make is not of_random_sizes)


def test_batches_of_other_shapes_have_recordings_of_their_own(monkeypatch):
    batches = batches_of([4, 2, 4, 2, 3, 4, 2, 4, 3, 3])
    expected, _, _ = trained(with_lengths, "adam", batches, False, monkeypatch)
    found, _, (known,) = trained(with_lengths, "adam", batches, True, monkeypatch)
    np.testing.assert_array_equal([step[0] for step in found], [step[0] for step in expected])
    assert known.replayed == len(batches) - 2 * 3


def test_an_error_of_a_replay_names_the_node():
    with tf.Graph().as_default(), tf.Session() as session:
        table = tf.get_variable("table", [4, 2])
        ids = tf.placeholder(tf.int32, [3])
        rows = tf.nn.embedding_lookup(table, ids, name="rows")
        session.run(tf.global_variables_initializer())
        for _ in range(4):
            session.run(rows, {ids: [0, 1, 3]})
        with pytest.raises(
            tf.errors.InvalidArgumentError, match=r"indices = 4 is not in \[0, 4\)(.|\n)*rows"
        ):
            session.run(rows, {ids: [0, 1, 4]})


def test_a_variable_that_is_not_there_is_named():
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [2])
        result = x * tf.get_variable("scale", [])
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            for _ in range(4):
                session.run(result, {x: [1, 2]})
        with tf.Session() as other, pytest.raises(tf.errors.FailedPreconditionError, match="value scale"):
            other.run(result, {x: [1, 2]})


def test_sessions_of_a_graph_have_variables_of_their_own():
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [])
        total = tf.Variable(0.0)
        add = tf.assign_add(total, x)
        sessions = [tf.Session() for _ in range(2)]
        for number, session in enumerate(sessions):
            session.run(tf.global_variables_initializer())
            for _ in range(5):
                session.run(add, {x: number + 1.0})
        assert [session.run(total).item() for session in sessions] == [5.0, 10.0]


def test_threads_replay_at_once():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, TIME, SIZE])
        result = lstm(x)
        session.run(tf.global_variables_initializer())
        batches = [batch for batch, _ in batches_of([2, 3] * 10)]
        expected = [session.run(result, {x: batch}) for batch in batches]
        found = {}

        def work(first):
            for index in range(first, len(batches), 4):
                found[index] = session.run(result, {x: batches[index]})

        threads = [threading.Thread(target=work, args=[first]) for first in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for index, value in enumerate(expected):
        np.testing.assert_array_equal(found[index], value)


def test_a_fetched_value_is_the_callers_own():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [2])
        fixed = tf.constant([1.0, 2.0]) * 3
        for _ in range(4):
            value, _ = session.run([fixed, x + fixed], {x: [0, 0]})
            np.testing.assert_array_equal(value, [3, 6])
            value[:] = 0


def test_recording_gives_up_where_numbers_are_others_in_every_run():
    with tf.Graph().as_default() as graph, tf.Session() as session:
        x = tf.placeholder(tf.int32, [])
        _, total = tf.while_loop(lambda i, _: i < x, lambda i, total: (i + 1, total * 2), [0, 1.0])
        for number in range(30):
            assert session.run(total, {x: number}) == 2.0**number
        (known,) = [plan.replays for plan in graph.plans.values()]
        assert known.replayed == 0
        assert not any(kind.codes for kind in known._kinds.values())


def gradient_inside_a_loop(x):
    """Newton's steps, as many as the values say: each takes a gradient of its own."""
    count = 1 + tf.cast(tf.reduce_sum(tf.cast(x[0, :, 0] > 0, tf.float32)), tf.int32)

    def step(i, y):
        (slope,) = tf.gradients(tf.reduce_sum(tf.square(y) * 0.5 - tf.stop_gradient(x[:, 0]) * y), [y])
        return i + 1, y - 0.3 * slope

    _, found = tf.while_loop(lambda i, _: i < count, step, [0, tf.zeros_like(x[:, 0])], back_prop=False)
    return last(found)


def looks_in_its_gradient(x):
    """An operation whose gradient looks at a value in Python."""

    @tf.custom_gradient
    def clipped(value):
        def grad(upstream):
            return tf.py_func(lambda g: g * np.float32(2 if g.sum() > 0 else 1), [upstream], tf.float32)

        return tf.identity(value), grad

    return last(clipped(tf.layers.dense(x[:, 0], 3)))


@pytest.mark.parametrize("model", [gradient_inside_a_loop, looks_in_its_gradient])
def test_gradients_that_are_not_recorded_are_not_zeros(model, monkeypatch):
    batches = batches_of([BATCH] * STEPS)
    expected, _, _ = trained(model, "adam", batches, False, monkeypatch)
    found, _, _ = trained(model, "adam", batches, True, monkeypatch)
    np.testing.assert_array_equal([step[0] for step in found], [step[0] for step in expected])
    np.testing.assert_array_equal([step[1] for step in found], [step[1] for step in expected])


def test_a_variable_may_change_its_shape():
    with tf.Graph().as_default(), tf.Session() as session:
        rows = tf.Variable(tf.ones([2, 3]), validate_shape=False)
        x = tf.placeholder(tf.float32, [3])
        total = tf.reduce_sum(tf.reshape(rows, [-1]) * tf.reshape(rows * x, [-1]))
        longer = tf.assign(rows, tf.ones([5, 3]), validate_shape=False)
        session.run(tf.global_variables_initializer())
        for _ in range(4):
            assert session.run(total, {x: [1, 2, 3]}) == 12
        session.run(longer)
        for _ in range(4):
            assert session.run(total, {x: [1, 2, 3]}) == 30


def test_python_may_run_the_session_inside():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [2])
        y = tf.placeholder(tf.int32, [])
        inner = tf.gather([1.0, 2.0, 3.0], y)

        def look(value):
            return np.float32(session.run(inner, {y: int(value[0]) % 3}))

        looked = tf.py_func(look, [x], tf.float32)
        looked.set_shape([])
        result = tf.gather(tf.concat([x, [looked]], 0), tf.cast(x[1], tf.int32))
        for number in range(9):
            assert session.run(result, {x: [number, 2]}) == 1 + number % 3
        with pytest.raises(tf.errors.InvalidArgumentError, match="is not in"):
            session.run(result, {x: [0, 9]})


def test_large_values_are_not_kept():
    with tf.Graph().as_default() as graph, tf.Session() as session:
        x = tf.placeholder(tf.float32, [])
        result = tf.reduce_sum(tf.zeros([1000, 100]) + 1.0 + x)
        for number in range(4):
            assert session.run(result, {x: number}) == 100_000 * (1 + number)
        (known,) = [plan.replays for plan in graph.plans.values()]
        assert known.replayed == 2
        (code,) = [code for kind in known._kinds.values() for code in kind.codes]
        held = [value for value in code._function.__globals__.values() if hasattr(value, "nbytes")]
        assert sum(value.nbytes for value in held) < 1000


def transposed_by_turns():
    """What assigns, queues and operations with a fed permutation leave lies otherwise from run to run."""
    x, order = tf.placeholder(tf.float32, [3, 3]), tf.placeholder(tf.int32, [2])
    turned = tf.transpose(x, order)
    kept, queue = tf.get_variable("kept", [3, 3]), tf.FIFOQueue(1, [tf.float32], [[3, 3]])
    with tf.control_dependencies([tf.assign(kept, turned), queue.enqueue(turned)]):
        put = tf.no_op()
    seen = [tf.reshape(value, [9]) * 2 for value in (turned, kept, queue.dequeue())]
    return x, order, put, seen


def test_what_lies_in_another_order_is_viewed_as_it_was():
    with tf.Graph().as_default(), tf.Session() as session:
        x, order, put, (turned, kept, queued) = transposed_by_turns()
        array = np.arange(9, dtype=np.float32).reshape(3, 3)
        for number in range(9):
            feed = {x: array + number, order: [1, 0] if number // 3 == 1 else [0, 1]}
            session.run(put, feed)
            expected = (np.transpose(array + number, feed[order]) * 2).reshape(9)
            np.testing.assert_array_equal(session.run(turned, feed), expected)
            np.testing.assert_array_equal(session.run(kept), expected)
            np.testing.assert_array_equal(session.run(queued), expected)


def test_a_number_of_memory_that_is_written_in_parts_is_no_expectation(monkeypatch):
    def times_first(x):
        buffer = torch.zeros_like(x)
        buffer[0] = x[0]
        return x * int(buffer[0])

    definition = dataclasses.replace(registry.lookup("Square"), compute=times_first)
    monkeypatch.setitem(registry._TABLE, "Square", definition)
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.int32, [2])
        result = tf.square(x) + 1
        for number in (0, 0, 0, 1, 2, 3):
            found = session.run(result, {x: [number, 5]})
            np.testing.assert_array_equal(found, [number * number + 1, 5 * number + 1])


def test_sums_go_through_memory_as_they_did(monkeypatch):
    found = []
    for record in (False, True):
        monkeypatch.setattr(replays, "RECORD", record)
        with tf.Graph().as_default(), tf.Session() as session:
            x, order = tf.placeholder(tf.float32, [50, 70]), tf.placeholder(tf.int32, [2])
            total = tf.nn.l2_loss(tf.transpose(x, order))
            random = np.random.RandomState(0)
            feeds = [{x: random.randn(50, 70), order: [1, 0]} for _ in range(6)]
            found.append([session.run(total, feed) for feed in feeds])
    np.testing.assert_array_equal(*found)
