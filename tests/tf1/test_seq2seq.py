"""tf.contrib.seq2seq beyond its values: the core's decoders beside it, cells of one's own, errors."""

import numpy as np
import pytest
import torch

import ostinato
import ostinato.tf1 as tf
from ostinato.tf1.contrib import seq2seq_python

s2s = tf.contrib.seq2seq
MEMORY = np.random.RandomState(1).randn(3, 5, 4).astype(np.float32)
INPUTS = np.random.RandomState(2).randn(3, 6, 2).astype(np.float32)
LENGTHS = [5, 2, 4]


def _core(session, scope):
    """The core's cell with attention and its output layer, with the variables of a session."""
    values = {v.op.name.removeprefix(scope): session.run(v) for v in tf.global_variables()}
    attention = ostinato.BahdanauAttention(6, query_size=5, memory_size=4)
    cell = ostinato.BasicLSTMCell(5, input_size=2 + 3)
    wrapper, layer = ostinato.AttentionWrapper(cell, attention, 3), torch.nn.Linear(3, 7, bias=False)
    inside = "decoder/attention_wrapper/"
    pairs = {
        "memory_layer/kernel": attention.memory_layer.kernel,
        inside + "basic_lstm_cell/kernel": cell.kernel,
        inside + "basic_lstm_cell/bias": cell.bias,
        inside + "bahdanau_attention/query_layer/kernel": attention.query_layer.kernel,
        inside + "bahdanau_attention/attention_v": attention.attention_v,
        inside + "attention_layer/kernel": wrapper.attention_layer.kernel,
    }
    with torch.no_grad():
        for name, parameter in pairs.items():
            parameter.copy_(torch.from_numpy(values[name]))
        layer.weight.copy_(torch.from_numpy(values["decoder/dense/kernel"]).t())
    return wrapper, layer


def _attending(memory, lengths, beam_width=1):
    if beam_width > 1:
        memory, lengths = s2s.tile_batch((memory, lengths), beam_width)
    attention = s2s.BahdanauAttention(6, memory, lengths)
    return s2s.AttentionWrapper(
        tf.nn.rnn_cell.BasicLSTMCell(5), attention, attention_layer_size=3, alignment_history=True
    )


def test_the_core_decodes_as_tf_does():
    memory, lengths = tf.constant(MEMORY), tf.constant(LENGTHS)
    cell = _attending(memory, lengths)
    helper = s2s.TrainingHelper(tf.constant(INPUTS), [6, 1, 3])
    layer = tf.layers.Dense(7, use_bias=False)
    decoder = s2s.BasicDecoder(cell, helper, cell.zero_state(3, tf.float32), layer)
    outputs, state, steps = s2s.dynamic_decode(decoder, impute_finished=True)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        history = state.alignment_history.stack()
        theirs = session.run([outputs, state.cell_state, history, steps])
        wrapper, linear = _core(session, "")
    attention = wrapper.attention_mechanism
    bound = wrapper.attend_to(attention.memory(torch.from_numpy(MEMORY), torch.tensor(LENGTHS)))
    ours = ostinato.dynamic_decode(
        ostinato.BasicDecoder(
            bound,
            ostinato.TrainingHelper(torch.from_numpy(INPUTS), torch.tensor([6, 1, 3])),
            bound.zero_state(3),
            linear,
        ),
        impute_finished=True,
        keep=lambda state: state.alignments,
    )
    (found, alignments), final, lengths = ours
    np.testing.assert_allclose(found.rnn_output.detach(), theirs[0].rnn_output, atol=1e-5)
    assert found.sample_id.tolist() == theirs[0].sample_id.tolist()
    np.testing.assert_allclose(final.cell_state.h.detach(), theirs[1].h, atol=1e-5)
    # What is kept of a row that has finished is its last: the history goes on.
    np.testing.assert_allclose(alignments[0].detach(), theirs[2][:, 0], atol=1e-5)
    assert lengths.tolist() == theirs[3].tolist()


def test_the_core_searches_as_tf_does():
    width, table = 3, np.random.RandomState(3).randn(7, 2).astype(np.float32)
    cell = _attending(tf.constant(MEMORY), tf.constant(LENGTHS), width)
    initializer = tf.random_uniform_initializer(-9.0, 9.0, seed=5)
    layer = tf.layers.Dense(7, use_bias=False, kernel_initializer=initializer)
    state = cell.zero_state(3 * width, tf.float32)
    options = {"length_penalty_weight": 0.7, "coverage_penalty_weight": 0.3}
    decoder = s2s.BeamSearchDecoder(cell, table, [1, 2, 3], 0, state, width, layer, **options)
    outputs, final, _ = s2s.dynamic_decode(decoder, maximum_iterations=7)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        theirs = session.run([outputs, final.lengths, final.log_probs])
        wrapper, linear = _core(session, "")
    memory = wrapper.attention_mechanism.memory(
        *ostinato.tile_batch((torch.from_numpy(MEMORY), torch.tensor(LENGTHS)), width)
    )
    bound = wrapper.attend_to(memory)
    start, symbols = torch.tensor([1, 2, 3]), torch.from_numpy(table)
    state = bound.zero_state(3 * width)
    decoder = ostinato.BeamSearchDecoder(bound, symbols, start, 0, state, width, linear, **options)
    with torch.no_grad():
        ours = ostinato.dynamic_decode(decoder, maximum_iterations=7)
    assert ours.outputs.predicted_ids.tolist() == theirs[0].predicted_ids.tolist()
    steps = theirs[0].beam_search_decoder_output
    np.testing.assert_allclose(ours.outputs.steps.scores, steps.scores, rtol=1e-4)
    assert ours.state.lengths.tolist() == theirs[1].tolist()
    np.testing.assert_allclose(ours.state.log_probs, theirs[2], rtol=1e-4)


def _run(fetches, feeds=None):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetches, feeds)


def test_a_large_decoder_has_the_gradients_of_a_small_one_s_way():
    """Gradients put aside, of large tensors, are those that each step adds."""
    from ostinato.memory import invariant

    found, least = [], invariant.LEAST_ELEMENTS
    for elements in (0, 1 << 40):
        invariant.loop_invariant.__defaults__ = (elements,)
        try:
            tf.reset_default_graph()
            tf.set_random_seed(3)
            memory = tf.constant(MEMORY)
            attention = s2s.LuongAttention(5, memory, LENGTHS)
            cell = s2s.AttentionWrapper(tf.nn.rnn_cell.GRUCell(5), attention, attention_layer_size=3)
            helper = s2s.TrainingHelper(tf.constant(INPUTS), [6, 4, 3])
            decoder = s2s.BasicDecoder(cell, helper, cell.zero_state(3, tf.float32), tf.layers.Dense(7))
            outputs, _, _ = s2s.dynamic_decode(decoder)
            loss = tf.reduce_sum(tf.square(outputs.rnn_output))
            found.append(_run(tf.gradients(loss, [*tf.trainable_variables(), memory])))
        finally:
            invariant.loop_invariant.__defaults__ = (least,)
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_a_mechanism_of_one_s_own_takes_tensorflow_s_parts():
    parts = seq2seq_python.MODULES["tensorflow.contrib.seq2seq.python.ops.attention_wrapper"]

    class Located(parts._BaseAttentionMechanism):
        def __init__(self, num_units, memory, lengths):
            super().__init__(
                query_layer=tf.layers.Dense(num_units, name="query_layer", use_bias=False),
                memory_layer=tf.layers.Dense(num_units, name="memory_layer", use_bias=False),
                memory=memory,
                probability_fn=lambda score, state: tf.nn.softmax(score + 0.5 * state),
                memory_sequence_length=lengths,
            )

        def __call__(self, query, state):
            with tf.variable_scope(None, "located", [query]):
                score = tf.reduce_sum(tf.expand_dims(self.query_layer(query), 1) * self.keys, [2])
            alignments = self._probability_fn(score, state)
            return alignments, alignments + state

    cell = s2s.AttentionWrapper(tf.nn.rnn_cell.GRUCell(4), Located(6, tf.constant(MEMORY), LENGTHS))
    outputs, state = tf.nn.dynamic_rnn(cell, tf.constant(INPUTS), dtype=tf.float32)
    assert [v.op.name for v in tf.trainable_variables()][-1] == (
        "rnn/attention_wrapper/located/query_layer/kernel"
    )
    values, summed = _run([outputs, state.attention_state])
    assert values.shape == (3, 6, 4)
    np.testing.assert_allclose(summed.sum(1), 6.0, rtol=1e-5)
    assert (summed[1, 2:] == 0).all()


def test_sizes_that_only_a_run_tells():
    memory = tf.placeholder(tf.float32, [None, None, 4])
    inputs, lengths = tf.placeholder(tf.float32, [None, None, 2]), tf.placeholder(tf.int32, [None])
    cell = _attending(memory, lengths)
    state = cell.zero_state(tf.shape(memory)[0], tf.float32)
    outputs, final, _ = s2s.dynamic_decode(s2s.BasicDecoder(cell, s2s.TrainingHelper(inputs, lengths), state))
    assert outputs.rnn_output.shape.as_list() == [None, None, 3]
    fetches = [outputs.rnn_output, final.alignment_history.stack()]
    values, history = _run(fetches, {memory: MEMORY, inputs: INPUTS, lengths: LENGTHS})
    assert values.shape == (3, 5, 3)
    assert history.shape == (5, 3, 5)
    other = cell.zero_state(tf.shape(memory)[0] + 1, tf.float32)
    with pytest.raises(tf.errors.InvalidArgumentError, match="Non-matching batch sizes"):
        _run(other.cell_state, {memory: MEMORY, lengths: LENGTHS})
    with pytest.raises(tf.errors.InvalidArgumentError, match="must be greater than zero"):
        _run(fetches, {memory: MEMORY, inputs: INPUTS, lengths: [5, 0, 1]})


def test_a_state_that_is_cloned_keeps_its_shapes():
    cell = _attending(tf.constant(MEMORY), LENGTHS)
    state = cell.zero_state(3, tf.float32)
    unknown = tf.placeholder_with_default(np.ones([3, 5], np.float32), [None, None])
    clone = state.clone(cell_state=tf.nn.rnn_cell.LSTMStateTuple(unknown, unknown))
    assert clone.cell_state.c.shape.as_list() == [3, 5]
    with pytest.raises(ValueError, match="are not compatible"):
        state.clone(attention=tf.ones([3, 4]))


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (
            lambda: s2s.BahdanauAttention(4, tf.placeholder(tf.float32, [3, 5, None])),
            ValueError,
            "Expected memory",
        ),
        (lambda: s2s.monotonic_attention([[0.5]], [[1.0]], "soft"), ValueError, "mode must be"),
        (lambda: s2s.tile_batch(tf.constant(1.0), 2), ValueError, "t must have statically known rank"),
        (lambda: s2s.dynamic_decode(3), TypeError, "Expected decoder to be type Decoder, but saw"),
        (lambda: s2s.TrainingHelper(tf.ones([2, 3, 4]), 3), ValueError, "Expected sequence_length to be a"),
        (
            lambda: s2s.GreedyEmbeddingHelper(tf.ones([4, 2]), 1, 2),
            ValueError,
            "start_tokens must be a vector",
        ),
        (
            lambda: s2s.GreedyEmbeddingHelper(tf.ones([4, 2]), [1], [2]),
            ValueError,
            "end_token must be a scalar",
        ),
        (
            lambda: s2s.sequence_loss(tf.ones([2, 3]), [[1]], [[1.0]]),
            ValueError,
            r"Logits must be a \[batch_size x sequence_length x logits\] tensor",
        ),
        (
            lambda: s2s.AttentionWrapper(tf.nn.rnn_cell.GRUCell(4), 3),
            TypeError,
            "attention_mechanism must be an AttentionMechanism or list of",
        ),
        (
            lambda: s2s.AttentionWrapper(
                tf.nn.rnn_cell.GRUCell(4), [s2s.LuongAttention(4, tf.constant(MEMORY))], [3, 3]
            ),
            ValueError,
            "If provided, attention_layer_size must contain exactly one integer per attention_mechanism",
        ),
        (
            lambda: s2s.LuongAttention(6, tf.constant(MEMORY))(tf.ones([3, 4]), None),
            ValueError,
            "Incompatible or unknown inner dimensions between query and keys",
        ),
        (
            lambda: s2s.BeamSearchDecoder(
                tf.nn.rnn_cell.GRUCell(4), tf.ones([5, 2]), [1, 2], 0, tf.ones([2, 4]), 3
            ),
            ValueError,
            "Unexpected behavior when reshaping between beam width and batch size",
        ),
        (
            lambda: tf.contrib.legacy_seq2seq.attention_decoder([], None, None, None),
            ValueError,
            "Must provide at least 1 input to attention decoder",
        ),
        (
            lambda: tf.contrib.legacy_seq2seq.sequence_loss_by_example([tf.ones([2, 3])], [], []),
            ValueError,
            "Lengths of logits, weights, and targets must be the same 1, 0, 0",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_tensorflow_s_words(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_a_parent_that_is_no_beam_stops_the_run():
    tree = s2s.gather_tree([[[1, 2]], [[3, 4]]], [[[0, 0]], [[0, -1]]], [2], 9)
    with pytest.raises(tf.errors.InvalidArgumentError, match="Saw invalid parent id -1 at"):
        _run(tree)


@pytest.mark.parametrize("order", ["labels, logits", "inputs, labels", "labels, inputs", "a, b"])
def test_a_loss_of_any_age_is_given_its_labels(order):
    """Functions took (inputs, labels) before 1.0, (labels, inputs) in 1.0, and names since."""
    names = {}
    label = "labels" if "labels" in order else "a"
    exec(f"def loss({order}):\n    return tf.cast({label}, tf.float32) * 2.0", {"tf": tf}, names)
    total = tf.contrib.legacy_seq2seq.sequence_loss(
        [tf.ones([2, 5])], [tf.constant([3, 4])], [tf.ones([2])], softmax_loss_function=names["loss"]
    )
    assert _run(total) == 7.0


@pytest.mark.parametrize("around", [lambda cell: cell, lambda cell: tf.nn.rnn_cell.MultiRNNCell([cell])])
def test_attention_over_a_memory_of_any_length_under_dynamic_rnn(around):
    memory = tf.placeholder(tf.float32, [None, None, 5])
    mechanism = tf.contrib.seq2seq.BahdanauAttention(4, memory)
    cell = around(tf.contrib.seq2seq.AttentionWrapper(tf.nn.rnn_cell.GRUCell(4), mechanism))
    outputs, state = tf.nn.dynamic_rnn(cell, tf.ones([3, 4, 2]), [4, 2, 0], dtype=tf.float32)
    alignments = (state[0] if isinstance(state, tuple) and len(state) == 1 else state).alignments
    assert alignments.shape.as_list() == [3, None]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for length in (6, 2):
            found = session.run([outputs, alignments], {memory: np.ones([3, length, 5])})
            assert [each.shape for each in found] == [(3, 4, 5), (3, length)]
            np.testing.assert_allclose(found[1].sum(1), [1, 1, 0], rtol=1e-6)


def test_alignments_past_a_rows_length_are_of_what_stands_there():
    """TensorFlow writes there what a step from the row's last state gives."""
    tf.set_random_seed(3)
    cell = s2s.AttentionWrapper(
        tf.nn.rnn_cell.GRUCell(5), s2s.BahdanauAttention(6, MEMORY), alignment_history=True
    )
    before = cell.zero_state(3, tf.float32)
    _, after = tf.nn.dynamic_rnn(cell, tf.constant(INPUTS), [1, 6, 0], initial_state=before, dtype=tf.float32)
    with tf.variable_scope("rnn", reuse=True):
        wanted = [cell(INPUTS[:, step], after)[1].alignments for step in range(6)]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        history, wanted = session.run([after.alignment_history.stack(), tf.stack(wanted)])
    np.testing.assert_allclose(history[1:, 0], wanted[1:, 0], rtol=1e-6)
    np.testing.assert_allclose(history[:, 2], wanted[:, 2], rtol=1e-6)
    assert np.abs(history[2, 0] - history[1, 0]).max() > 1e-4
