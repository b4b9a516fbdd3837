"""Loops run as straight lists of operations (`ostinato.tf1.body_steps`), against the same loops evaluated
iteration by iteration.
"""

import numpy as np
import pytest

import ostinato.tf1 as tf
from ostinato.tf1 import body_program, body_steps, contrib


@pytest.fixture
def programs(monkeypatch):
    """The iterations that are written down with their gradients."""
    made = []
    begin = body_program.Program.__init__

    def counted(self, *arguments):
        begin(self, *arguments)
        if self.backward is not None:
            made.append(self)

    monkeypatch.setattr(body_program.Program, "__init__", counted)
    return made


def both_ways(build, feeds, monkeypatch, runs=3):
    """What a graph gives in some runs, straight and iteration by iteration."""
    found = []
    for enabled in (True, False):
        monkeypatch.setattr(body_steps, "ENABLED", enabled)
        with tf.Graph().as_default(), tf.Session() as session:
            tf.set_random_seed(1)
            places, fetches = build()
            session.run(tf.global_variables_initializer())
            found.append(
                [
                    np.asarray(value)
                    for number in range(runs)
                    for value in session.run(fetches, dict(zip(places, feeds(number), strict=True)))
                ]
            )
    for straight, slow in zip(*found, strict=True):
        np.testing.assert_allclose(straight, slow, rtol=1e-4, atol=1e-5)
    return found[0]


def decoder(attention, cell_type, fed_keep_prob, **options):
    """An attention decoder that is trained, its lengths fed, with dropout that has a seed."""
    s2s = contrib.seq2seq

    def build():
        x = tf.placeholder(tf.float32, [4, None, 3])
        lengths, memory = tf.placeholder(tf.int32, [4]), tf.placeholder(tf.float32, [4, None, 6])
        mechanism = attention(5, memory, memory_sequence_length=[6, 5, 6, 2])
        keep = tf.placeholder_with_default(0.7, []) if fed_keep_prob else 0.7
        cell = tf.nn.rnn_cell.DropoutWrapper(cell_type(5), output_keep_prob=keep, seed=3)
        cell = s2s.AttentionWrapper(cell, mechanism, attention_layer_size=5)
        helper = s2s.TrainingHelper(x, lengths)
        layer = tf.layers.Dense(7)
        start = cell.zero_state(4, tf.float32)
        outputs, state, taken = s2s.dynamic_decode(s2s.BasicDecoder(cell, helper, start, layer), **options)
        loss = tf.reduce_sum(outputs.rnn_output**2) + tf.reduce_sum(state.attention)
        gradients = tf.gradients(loss, [*tf.trainable_variables(), x, memory])
        return [x, lengths, memory], [loss, outputs.rnn_output, taken, *gradients]

    return build


def decoder_feeds(number):
    draw, time = np.random.RandomState(number), 5 + number % 2
    return draw.randn(4, time, 3), [time, 3, time - 1, 2], draw.randn(4, 6, 6)


@pytest.mark.parametrize("attention", ["LuongAttention", "BahdanauAttention"])
@pytest.mark.parametrize("cell", ["GRUCell", "LSTMCell"])
def test_a_decoder_that_is_trained_is_one_program_for_all_lengths(attention, cell, programs, monkeypatch):
    mechanism, fed_keep_prob = getattr(contrib.seq2seq, attention), cell == "GRUCell"
    build = decoder(mechanism, getattr(tf.nn.rnn_cell, cell), fed_keep_prob, impute_finished=True)
    both_ways(build, decoder_feeds, monkeypatch)
    assert len(programs) == 1


def test_seeded_draws_go_on_from_loop_to_loop(programs, monkeypatch):
    def build():
        x = tf.placeholder(tf.float32, [2, 3])
        w = tf.Variable([0.5, 1.0, 2.0])

        def body(i, y):
            noise = tf.random_uniform([2, 3], seed=4) + tf.random_normal([3], seed=5)
            return i + 1, y * w + noise

        _, y = tf.while_loop(lambda i, _: i < 4, body, [0, x])
        return [x], [y, tf.gradients(y, w)[0]]

    found = both_ways(build, lambda number: [np.ones([2, 3])], monkeypatch)
    assert len(programs) == 1
    assert np.abs(found[0] - found[2]).min() > 0  # the streams have gone on


def test_gradients_of_gradients_go_through(monkeypatch):
    def build():
        x = tf.placeholder(tf.float32, [2, 3])
        w = tf.Variable([[0.5, 0.1, 0.2], [1.0, 0.3, 0.1], [0.2, 0.2, 0.4]])
        _, y = tf.while_loop(lambda i, _: i < 4, lambda i, y: (i + 1, tf.tanh(tf.matmul(y, w))), [0, x])
        first = tf.gradients(y, w)[0]
        return [x], [first, *tf.gradients(tf.reduce_sum(first**2), [w, x])]

    both_ways(build, lambda number: [np.full([2, 3], 0.1 + number)], monkeypatch)


def test_other_loops_are_evaluated_iteration_by_iteration(programs, monkeypatch):
    def build():
        x = tf.placeholder(tf.float32, [3])
        v = tf.Variable(1.0)
        of_value = tf.while_loop(lambda y: tf.reduce_sum(y) < 90.0, lambda y: y * 1.5, [x])
        _, grown = tf.while_loop(
            lambda i, _: i < 4,
            lambda i, y: (i + 1, tf.concat([y, y[:1]], 0)),
            [0, x],
            [tf.TensorShape([]), tf.TensorShape([None])],
        )

        def writing(i, y):
            with tf.control_dependencies([tf.assign_add(v, 0.5)]):
                return i + 1, y * v

        _, written = tf.while_loop(lambda i, _: i < 4, writing, [0, x])
        return [x], [of_value, grown, written]

    both_ways(build, lambda number: [np.arange(1.0, 4.0)], monkeypatch)
    assert not programs


def test_an_array_that_was_read_stays_read(monkeypatch):
    monkeypatch.setattr(body_steps, "ENABLED", True)
    array = tf.TensorArray(tf.float32, 4).unstack(tf.ones([4, 2]))
    _, y = tf.while_loop(lambda i, _: i < 4, lambda i, y: (i + 1, y + array.read(i)), [0, tf.zeros([2])])
    with tf.control_dependencies([y]):
        again = array.read(0)
    with tf.Session() as session:
        assert session.run(y).tolist() == [4.0, 4.0]
        with pytest.raises(tf.errors.InvalidArgumentError, match="Could not read index 0 twice"):
            session.run(again)
