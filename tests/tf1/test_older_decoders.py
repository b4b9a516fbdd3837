"""The decoders of TensorFlow 1.0, beside what they compute written out step by step."""

import numpy as np
import pytest

import ostinato.tf1 as tf

s2s = tf.contrib.seq2seq
BATCH, UNITS, DEPTH, SYMBOLS = 3, 5, 4, 9
LENGTHS = [6, 4, 2]


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default():
        yield


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def load(session):
    """Give every variable numbers of its own; the numbers by name."""
    values = {}
    for number, variable in enumerate(tf.global_variables()):
        random = np.random.RandomState(number)
        values[variable.op.name] = random.uniform(-1, 1, variable.shape.as_list()).astype(np.float32)
        variable.load(values[variable.op.name], session)
    return values


def gru(values, inputs, state):
    """A step of tf.nn.rnn_cell.GRUCell in numpy."""
    scope = "decoding/gru_cell"

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    gates = np.concatenate([inputs, state], 1) @ values[f"{scope}/gates/kernel"]
    r, u = np.split(sigmoid(gates + values[f"{scope}/gates/bias"]), 2, 1)
    candidate = np.concatenate([inputs, r * state], 1) @ values[f"{scope}/candidate/kernel"]
    return u * state + (1 - u) * np.tanh(candidate + values[f"{scope}/candidate/bias"])


def attend(values, option, query, memory):
    keys = memory @ values["decoding/attention_keys/weights"]
    if option == "bahdanau":
        turned = query @ values["decoding/attention_score/attnW"]
        scores = (values["decoding/attention_score/attnV"] * np.tanh(keys + turned[:, None])).sum(-1)
    else:
        scores = (keys * query[:, None]).sum(-1)
    context = (softmax(scores)[:, :, None] * memory).sum(1)
    return np.concatenate([query, context], 1) @ values["decoding/attention_construct/weights"]


def project(values, x):
    return x @ values["decoding/weights"] + values["decoding/biases"]


@pytest.mark.parametrize("option", [None, "luong", "bahdanau"])
@pytest.mark.parametrize("known", [False, True])
def test_training_and_inference(option, known):
    random = np.random.RandomState(1)
    x = random.randn(BATCH, 6, DEPTH).astype(np.float32)
    state = random.randn(BATCH, UNITS).astype(np.float32)
    memory = random.randn(BATCH, 7, UNITS).astype(np.float32)
    inputs = tf.placeholder_with_default(x, x.shape if known else [None, None, DEPTH])
    begin = tf.placeholder_with_default(state, state.shape if known else [None, UNITS])
    embeddings = tf.get_variable("embeddings", [SYMBOLS, DEPTH])
    cell = tf.nn.rnn_cell.GRUCell(UNITS)
    with tf.variable_scope("decoding") as scope:

        def output_fn(x):
            return tf.contrib.layers.fully_connected(x, SYMBOLS, None, scope=scope)

        if option:
            attention = s2s.prepare_attention(memory, attention_option=option, num_units=UNITS)
            train = s2s.attention_decoder_fn_train(begin, *attention, name="attn_dec_train")
            infer = s2s.attention_decoder_fn_inference(
                output_fn, begin, *attention, embeddings, 1, 2, 8, SYMBOLS, name="attn_dec_inf"
            )
        else:
            train = s2s.simple_decoder_fn_train(begin)
            infer = s2s.simple_decoder_fn_inference(output_fn, begin, embeddings, 1, 2, 8, SYMBOLS)
        outputs, final_state, context = s2s.dynamic_rnn_decoder(cell, train, inputs, LENGTHS, scope=scope)
        logits = output_fn(outputs)
        scope.reuse_variables()
        guesses, _, _ = s2s.dynamic_rnn_decoder(cell, infer, scope=scope)
    gradients = tf.gradients(tf.reduce_sum(logits**2), tf.trainable_variables()[1:])
    assert context is None
    assert all(gradient is not None for gradient in gradients)
    assert guesses.shape.as_list()[2] == SYMBOLS
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        values = load(session)
        found, last, guessed, _ = session.run([outputs, final_state, guesses, gradients])

    s, attention, expected = state, np.zeros_like(state), []
    for step in range(6):
        ended = np.array(LENGTHS)[:, None] <= step
        fed = np.concatenate([x[:, step], attention], 1) if option else x[:, step]
        output = gru(values, fed, s)
        s = np.where(ended, s, output)
        if option:
            output = attention = attend(values, option, output, memory)
        expected.append(np.where(ended, 0, output))
    np.testing.assert_allclose(found, np.stack(expected, 1), atol=1e-5)
    np.testing.assert_allclose(last, s, atol=1e-5)

    s, attention, symbols, ended = state, np.zeros_like(state), np.ones(BATCH, int), np.zeros(BATCH, bool)
    expected = []
    for step in range(9):  # the step at time 8 is the last that may begin
        if ended.all():
            break
        fed = values["embeddings"][symbols]
        s = np.where(
            ended[:, None], s, gru(values, np.concatenate([fed, attention], 1) if option else fed, s)
        )
        output = s
        if option:
            output = attention = attend(values, option, s, memory)
        scores = project(values, output)
        expected.append(np.where(ended[:, None], 0, scores))
        symbols = scores.argmax(1)
        ended = ended | (symbols == 2) | (step + 1 > 8)
    np.testing.assert_allclose(guessed, np.stack(expected, 1), atol=1e-5)


def test_the_inputs_steps_where_there_are_no_lengths():
    x, cell = tf.ones([2, 5, 3]), tf.nn.rnn_cell.LSTMCell(4)
    begin = cell.zero_state(2, tf.float32)
    with tf.variable_scope("rnn") as scope:
        plain, state = tf.nn.dynamic_rnn(cell, x, initial_state=begin, scope=scope)
        scope.reuse_variables()
        outputs, final, _ = s2s.dynamic_rnn_decoder(
            cell, s2s.simple_decoder_fn_train(begin), tf.transpose(x, [1, 0, 2]), time_major=True, scope=scope
        )
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        a, b, c, d = session.run([plain, outputs, state, final])
    np.testing.assert_allclose(a, np.transpose(b, [1, 0, 2]), atol=1e-6)
    np.testing.assert_allclose(c, d, atol=1e-6)


def test_a_context_is_carried():
    cell = tf.nn.rnn_cell.GRUCell(2)

    def decoder_fn(time, state, step, output, context):
        if state is None:
            return None, tf.zeros([3, 2]), step, output, tf.constant(7)
        return None, state, step, output, context + 1

    *_, context = s2s.dynamic_rnn_decoder(cell, decoder_fn, tf.ones([3, 4, 2]), [4, 4, 4])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(context) == 11


def test_what_is_refused():
    cell, state = tf.nn.rnn_cell.GRUCell(2), tf.zeros([3, 2])
    with pytest.raises(ValueError, match="Unknown attention option other!"):
        s2s.prepare_attention(tf.zeros([3, 4, 2]), "other", 2)
    with pytest.raises(ValueError, match=r"three dimensions; these have the shape \(3, 4\)"):
        s2s.dynamic_rnn_decoder(cell, s2s.simple_decoder_fn_train(state), tf.zeros([3, 4]), [1, 1, 1])
    infer = s2s.simple_decoder_fn_inference(None, state, tf.zeros([4, 2]), 0, 1, 3, 4)
    with pytest.raises(ValueError, match="Expected cell_input to be None, but saw"):
        s2s.dynamic_rnn_decoder(cell, infer, tf.zeros([3, 4, 2]), [1, 1, 1])
    with pytest.raises(ValueError, match="neither sequence_length nor inputs"):
        s2s.dynamic_rnn_decoder(cell, lambda *_: (None, state, tf.zeros([3, 2]), None, None))
