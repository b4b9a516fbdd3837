"""tf.contrib.legacy_seq2seq: decoders of lists, models, losses, buckets."""

CASES = {}
OTHER_NAMES = {}


def _scope(tf):
    return tf.variable_scope("model", initializer=tf.random_uniform_initializer(-0.5, 0.5, seed=3))


def _steps(x, count=3, depth=2, seed=1):
    return [x.floats([3, depth], seed=seed + step) for step in range(count)]


def _ids(x, symbols, count=3, seed=20):
    return [x.integers(0, symbols, [3], seed=seed + step) for step in range(count)]


def _cell(tf, units=4):
    return tf.nn.rnn_cell.BasicLSTMCell(units)


def _case(name):
    def keep(function):
        def case(tf, x):
            with _scope(tf):
                results = function(tf, x, tf.contrib.legacy_seq2seq)
            names = tf.constant([v.op.name for v in tf.global_variables()])
            return [results, names]

        CASES[name] = case
        OTHER_NAMES[name] = "linear maps, reads and projections are one node each"
        return function

    return keep


@_case("rnn_decoder")
def _rnn_decoder(tf, x, legacy):
    return legacy.rnn_decoder(_steps(x), _cell(tf).zero_state(3, tf.float32), _cell(tf))


@_case("rnn_decoder with a function")
def _rnn_decoder_loop(tf, x, legacy):
    cell = _cell(tf)
    return legacy.rnn_decoder(
        _steps(x), cell.zero_state(3, tf.float32), cell, loop_function=lambda previous, i: previous[:, :2] * i
    )


@_case("basic_rnn_seq2seq")
def _basic(tf, x, legacy):
    return legacy.basic_rnn_seq2seq(_steps(x), _steps(x, 2, seed=9), _cell(tf))


@_case("tied_rnn_seq2seq")
def _tied(tf, x, legacy):
    return legacy.tied_rnn_seq2seq(_steps(x), _steps(x, 2, seed=9), tf.nn.rnn_cell.GRUCell(4))


@_case("embedding_rnn_decoder")
def _embedding_decoder(tf, x, legacy):
    cell = tf.nn.rnn_cell.GRUCell(5)
    state = x.floats([3, 5], 30)
    return legacy.embedding_rnn_decoder(_ids(x, 5), state, cell, 5, 2, feed_previous=True)


@_case("embedding_rnn_decoder with a projection")
def _embedding_decoder_projection(tf, x, legacy):
    cell = tf.nn.rnn_cell.GRUCell(4)
    projection = (x.floats([4, 6], 31), x.floats([6], 32))
    return legacy.embedding_rnn_decoder(
        _ids(x, 6),
        x.floats([3, 4], 30),
        cell,
        6,
        2,
        output_projection=projection,
        feed_previous=True,
        update_embedding_for_previous=False,
    )


def _models(feed, suffix):
    def wanted(tf):
        return feed if isinstance(feed, bool) else tf.placeholder_with_default(feed == "fed", [])

    @_case("embedding_rnn_seq2seq" + suffix)
    def _embedding(tf, x, legacy):
        return legacy.embedding_rnn_seq2seq(
            _ids(x, 7), _ids(x, 6, 4, 40), _cell(tf), 7, 6, 3, feed_previous=wanted(tf)
        )

    @_case("embedding_tied_rnn_seq2seq" + suffix)
    def _embedding_tied(tf, x, legacy):
        return legacy.embedding_tied_rnn_seq2seq(
            _ids(x, 7), _ids(x, 5, 4, 40), _cell(tf), 7, 3, num_decoder_symbols=5, feed_previous=wanted(tf)
        )

    @_case("embedding_attention_seq2seq" + suffix)
    def _embedding_attention(tf, x, legacy):
        cell = tf.nn.rnn_cell.MultiRNNCell([_cell(tf), tf.nn.rnn_cell.BasicLSTMCell(4)])
        return legacy.embedding_attention_seq2seq(
            _ids(x, 7), _ids(x, 6, 4, 40), cell, 7, 6, 3, num_heads=2, feed_previous=wanted(tf)
        )

    @_case("one2many_rnn_seq2seq" + suffix)
    def _one_to_many(tf, x, legacy):
        cells = {"0": _cell(tf), "1": _cell(tf)}
        inputs = {"0": _ids(x, 6, 2, 40), "1": _ids(x, 5, 3, 50)}
        return legacy.one2many_rnn_seq2seq(
            _ids(x, 7), inputs, _cell(tf), cells, 7, {"0": 6, "1": 5}, 3, feed_previous=wanted(tf)
        )


_models(False, "")
_models(True, ", its own symbols")
_models("fed", ", as a tensor says")
_models("not fed", ", as a tensor says not to")


@_case("embedding_attention_seq2seq with a projection")
def _projected(tf, x, legacy):
    projection = (x.floats([4, 6], 31), x.floats([6], 32))
    return legacy.embedding_attention_seq2seq(
        _ids(x, 7),
        _ids(x, 6),
        tf.nn.rnn_cell.GRUCell(4),
        7,
        6,
        3,
        output_projection=projection,
        feed_previous=True,
        initial_state_attention=True,
        scope="named",
    )


@_case("attention_decoder")
def _attention(tf, x, legacy):
    return legacy.attention_decoder(
        _steps(x), x.floats([3, 4], 30), x.floats([3, 5, 6], 31), tf.nn.rnn_cell.GRUCell(4), output_size=3
    )


@_case("attention_decoder, two heads from the start")
def _attention_heads(tf, x, legacy):
    cell = _cell(tf)
    state = tf.nn.rnn_cell.LSTMStateTuple(x.floats([3, 4], 33), x.floats([3, 4], 34))
    return legacy.attention_decoder(
        _steps(x), state, x.floats([3, 5, 6], 31), cell, num_heads=2, initial_state_attention=True
    )


@_case("embedding_attention_decoder")
def _embedding_attention_decoder(tf, x, legacy):
    return legacy.embedding_attention_decoder(
        _ids(x, 5),
        x.floats([3, 4], 30),
        x.floats([3, 5, 6], 31),
        tf.nn.rnn_cell.GRUCell(4),
        5,
        2,
        output_size=5,
        feed_previous=True,
    )


def _loss_inputs(x):
    logits = [x.floats([3, 5], step) for step in range(2)]
    weights = [x.floats([3], 60 + step, low=0.0, high=2.0) for step in range(2)]
    return logits, _ids(x, 5, 2), weights


CASES["sequence_loss_by_example"] = lambda tf, x: [
    tf.contrib.legacy_seq2seq.sequence_loss_by_example(*_loss_inputs(x)),
    tf.contrib.legacy_seq2seq.sequence_loss_by_example(*_loss_inputs(x), average_across_timesteps=False),
    tf.contrib.legacy_seq2seq.sequence_loss_by_example(
        *_loss_inputs(x),
        softmax_loss_function=lambda labels, logits: tf.reduce_sum(logits, 1) * tf.to_float(labels),
    ),
]
CASES["sequence_loss of lists"] = lambda tf, x: [
    tf.contrib.legacy_seq2seq.sequence_loss(*_loss_inputs(x)),
    tf.contrib.legacy_seq2seq.sequence_loss(*_loss_inputs(x), average_across_batch=False),
]


@_case("model_with_buckets")
def _buckets(tf, x, legacy):
    def model(encoder_inputs, decoder_inputs):
        return legacy.embedding_rnn_seq2seq(encoder_inputs, decoder_inputs, _cell(tf), 7, 6, 3)

    weights = [x.constant([1.0, 1.0, 0.0]), x.constant([1.0, 0.0, 1.0]), x.constant([1.0, 0.0, 0.0])]
    arguments = [_ids(x, 7), _ids(x, 6, 3, 40), _ids(x, 6, 3, 50), weights, [(2, 2), (3, 3)]]
    first = legacy.model_with_buckets(*arguments, model)
    with tf.variable_scope(tf.get_variable_scope(), reuse=True):
        return [first, legacy.model_with_buckets(*arguments, model, per_example_loss=True)]
