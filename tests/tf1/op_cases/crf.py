"""Linear-chain conditional random fields."""

import numpy as np

CASES = {}
OTHER_NAMES = {}
_FUSED = "TensorFlow's is made of many nodes, some in branches and loops"


def _case(name):
    def keep(function):
        CASES[name] = function
        OTHER_NAMES[name] = _FUSED
        return function

    return keep


def _given(x):
    return (
        x.floats([4, 6, 3]),
        x.integers(0, 3, [4, 6]),
        x.constant([6, 3, 1, 0], "int32"),
        x.floats([3, 3], 1),
    )


@_case("scores")
def _scores(tf, x):
    crf = tf.contrib.crf
    inputs, tags, lengths, transitions = _given(x)
    return [
        crf.crf_unary_score(tags, lengths, inputs),
        crf.crf_binary_score(tags, lengths, transitions),
        crf.crf_sequence_score(inputs, tags, lengths, transitions),
        crf.crf_log_norm(inputs, lengths, transitions),
        crf.crf_log_likelihood(inputs, tags, lengths, transitions)[0],
        crf.crf_log_norm(inputs, tf.constant([6, 6, 6, 6]), transitions),
        crf.crf_log_likelihood(inputs, tf.cast(tags, tf.int64), tf.cast(lengths, tf.int64), transitions),
    ]


@_case("transitions that are not allowed")
def _constrained(tf, x):
    inputs, tags, lengths, transitions = _given(x)
    transitions += tf.constant([[0.0, -1e4, 0.0], [0.0, 0.0, -1e4], [-1e4, 0.0, 0.0]])
    start = inputs + tf.constant([[[-1e4, 0.0, -1e4]]])
    return [
        tf.contrib.crf.crf_log_norm(start, lengths, transitions),
        tf.contrib.crf.crf_log_likelihood(inputs, tags, lengths, transitions)[0],
        tf.contrib.crf.crf_decode(inputs, transitions, lengths),
    ]


@_case("of one step")
def _one_step(tf, x):
    crf = tf.contrib.crf
    inputs, tags = x.floats([3, 1, 4]), x.integers(0, 4, [3, 1])
    lengths, transitions = x.constant([1, 1, 0], "int32"), x.floats([4, 4], 1, gradient=False)
    return [
        crf.crf_sequence_score(inputs, tags, lengths, transitions),
        crf.crf_log_norm(inputs, lengths, transitions),
        crf.crf_decode(inputs, transitions, lengths),
        crf.crf_multitag_sequence_score(inputs, inputs > 0.0, lengths, transitions),
    ]


@_case("several tags at a step")
def _multitag(tf, x):
    inputs, _, lengths, transitions = _given(x)
    random = np.random.RandomState(3).rand(4, 6, 3) < 0.5
    random[:, :, 1] = True
    return tf.contrib.crf.crf_multitag_sequence_score(inputs, tf.constant(random), lengths, transitions)


@_case("decoding")
def _decoding(tf, x):
    crf = tf.contrib.crf
    inputs, _, lengths, transitions = _given(x)
    batch = tf.placeholder_with_default(lengths, [None])
    sizes = tf.placeholder_with_default(inputs, [None, None, 3])
    return [crf.crf_decode(inputs, transitions, lengths), crf.crf_decode(sizes, transitions, batch)]


@_case("the variable of the transitions")
def _variable(tf, x):
    inputs, tags, lengths, _ = _given(x)
    with tf.variable_scope("crf", initializer=tf.constant_initializer(0.3)):
        likelihood, transitions = tf.contrib.crf.crf_log_likelihood(inputs, tags, lengths)
    assert transitions.name == "crf/transitions:0", transitions.name
    return likelihood


@_case("cells")
def _cells(tf, x):
    crf = tf.contrib.crf
    inputs, state, transitions = x.floats([2, 3]), x.floats([2, 3], 1), x.floats([3, 3], 2)
    pointers, tags = x.integers(0, 3, [2, 3]), x.integers(0, 3, [2, 1], seed=4)
    return [
        crf.CrfForwardRnnCell(transitions)(inputs, state),
        crf.CrfDecodeForwardRnnCell(transitions)(inputs, state),
        crf.CrfDecodeBackwardRnnCell(3)(pointers, tags),
    ]
