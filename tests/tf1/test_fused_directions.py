"""Both directions of a bidirectional driver run at once where nothing between them is seen."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ostinato.tf1 as tf
from ostinato.tf1 import fuse_directions, plan

cells = tf.nn.rnn_cell
X = np.random.default_rng(3).standard_normal([3, 6, 2]).astype(np.float32)
MAKERS = {
    "LSTM": lambda: cells.LSTMCell(4, use_peepholes=True, num_proj=3),
    "GRU": lambda: cells.GRUCell(4),
    "BasicRNN": lambda: cells.BasicRNNCell(5),
}


def pairs_of(session, fetches, feeds):
    """How many pairs of directions a run makes, and what it gives."""
    found = []
    original = fuse_directions.find_pairs

    def counting(*arguments):
        found.append(original(*arguments))
        return found[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fuse_directions, "find_pairs", counting)
        values = session.run(fetches, feeds)
    return sum(map(len, found)), values


def built(fw, bw, lengths, time_major=False, **options):
    x = tf.placeholder(tf.float32, [None, None, 2])
    outputs, states = tf.nn.bidirectional_dynamic_rnn(
        fw, bw, x, lengths, dtype=tf.float32, time_major=time_major, **options
    )
    return x, outputs, states


@settings(max_examples=10, deadline=None)
@given(
    st.sampled_from(sorted(MAKERS)),
    st.sampled_from(sorted(MAKERS)),
    st.sampled_from([None, "list", "fed"]),
    st.booleans(),
    st.sampled_from(["outputs", "states", "both", "gradients"]),
)
def test_running_both_at_once_changes_nothing(first, second, how, time_major, wanted):
    tf.reset_default_graph()
    given_lengths = [6, 0, 3]
    lengths = {None: None, "list": given_lengths, "fed": tf.placeholder(tf.int64, [None])}[how]
    x, outputs, states = built(MAKERS[first](), MAKERS[second](), lengths, time_major)
    loss = tf.reduce_sum(tf.concat(outputs, 2) ** 2) + tf.reduce_sum(states[0][0] * 3.0)
    fetches = {
        "outputs": outputs,
        "states": states,
        "both": [outputs, states],
        "gradients": [outputs, tf.gradients(loss, [x, *tf.trainable_variables()])],
    }[wanted]
    feeds = {x: X.transpose(1, 0, 2) if time_major else X}
    if how == "fed":
        feeds[lengths] = given_lengths
    results = []
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for fused in (True, False):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(plan, "FUSE", fused)
                tf.get_default_graph().plans.clear()
                count, values = pairs_of(session, fetches, feeds)
                assert count == int(fused)
                results.append(values)
    flat = [tf.contrib.framework.nest.flatten(each) for each in results]
    for one, other in zip(*flat, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def count_for(fetches, feeds):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return pairs_of(session, fetches, feeds)[0]


def test_what_is_seen_between_keeps_the_directions_apart():
    x, outputs, states = built(cells.GRUCell(4), cells.GRUCell(4), None)
    graph = tf.get_default_graph()
    reverse = next(op for op in graph.get_operations() if op.type == "ReverseV2")
    backwards = graph.get_tensor_by_name("bidirectional_rnn/bw/bw/transpose_1:0")
    assert count_for(outputs, {x: X}) == 1
    assert count_for([*states], {x: X}) == 1
    assert count_for([*outputs, reverse.outputs[0]], {x: X}) == 0
    assert count_for([*outputs, backwards], {x: X}) == 0
    assert count_for(outputs, {x: X, reverse.outputs[0]: X}) == 0
    assert count_for(outputs[0], {x: X}) == 0
    assert count_for([*outputs, tf.gradients(outputs[1], reverse.outputs[0])], {x: X}) == 0


def test_other_lengths_are_not_the_same_lengths():
    x = tf.placeholder(tf.float32, [3, 6, 2])
    forwards, _ = tf.nn.dynamic_rnn(cells.GRUCell(4), x, [6, 2, 3], dtype=tf.float32, scope="fw")
    turned = tf.reverse_sequence(x, [6, 0, 3], 1, 0)
    backwards, _ = tf.nn.dynamic_rnn(cells.GRUCell(4), turned, [6, 0, 3], dtype=tf.float32, scope="bw")
    backwards = tf.reverse_sequence(backwards, [6, 0, 3], 1, 0)
    assert count_for([forwards, backwards], {x: X}) == 0


def test_a_direction_that_begins_where_the_other_ended_waits_for_it():
    x = tf.placeholder(tf.float32, [3, 6, 2])
    forwards, state = tf.nn.dynamic_rnn(cells.GRUCell(4), x, dtype=tf.float32, scope="fw")
    turned = tf.reverse(x, [1])
    backwards, _ = tf.nn.dynamic_rnn(cells.GRUCell(4), turned, initial_state=state, scope="bw")
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        values = session.run([forwards, tf.reverse(backwards, [1])], {x: X})
    assert all(np.isfinite(value).all() for value in values)


def test_every_layer_of_a_stack_runs_both_directions_at_once():
    x = tf.placeholder(tf.float32, [3, 6, 2])
    fw, bw = ([cells.GRUCell(4) for _ in range(3)] for _ in range(2))
    outputs, *states = tf.contrib.rnn.stack_bidirectional_dynamic_rnn(
        fw, bw, x, dtype=tf.float32, sequence_length=[6, 0, 3]
    )
    assert count_for([outputs, *states], {x: X}) == 3


@pytest.mark.parametrize("swap_memory", [False, True])
def test_a_plan_of_memory_is_each_directions_own(swap_memory):
    x, outputs, states = built(cells.GRUCell(4), cells.LSTMCell(4), [6, 0, 3], swap_memory=swap_memory)
    loss = tf.reduce_sum(tf.concat(outputs, 2) ** 2) + tf.reduce_sum(states[0])
    slopes = tf.gradients(loss, [x, *tf.trainable_variables()])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        count, values = pairs_of(session, [outputs, slopes], {x: X})
        assert count == 1
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(plan, "FUSE", False)
            tf.get_default_graph().plans.clear()
            again = session.run([outputs, slopes], {x: X})
    flatten = tf.contrib.framework.nest.flatten
    for one, other in zip(flatten(values), flatten(again), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
