"""tf.contrib.seq2seq: attention, helpers, decoders, beam search, losses."""

CASES = {}
# Where TensorFlow makes the last tensor of a loop's state, of an inner function, this face makes fewer nodes.
OTHER_NAMES = {}
_ROWS, _TIME, _DEPTH = 3, 5, 4
_LENGTHS = [5, 3, 4]


def _scope(tf):
    return tf.variable_scope("model", initializer=tf.random_uniform_initializer(-0.5, 0.5, seed=3))


def _memory(x, gradient=True):
    return x.floats([_ROWS, _TIME, _DEPTH], seed=1, gradient=gradient)


def _mechanisms(s2s):
    return {
        "Luong": lambda memory: s2s.LuongAttention(4, memory, _LENGTHS),
        "scaled Luong": lambda memory: s2s.LuongAttention(4, memory, _LENGTHS, scale=True),
        "Luong with hardmax": lambda memory: s2s.LuongAttention(4, memory, probability_fn=s2s.hardmax),
        "Bahdanau": lambda memory: s2s.BahdanauAttention(6, memory, _LENGTHS),
        "normalised Bahdanau": lambda memory: s2s.BahdanauAttention(6, memory, normalize=True),
        "masked Bahdanau": lambda memory: s2s.BahdanauAttention(6, memory, _LENGTHS, score_mask_value=-2.0),
        "monotonic Luong": lambda memory: s2s.LuongMonotonicAttention(
            4, memory, _LENGTHS, scale=True, score_bias_init=-0.5
        ),
        "monotonic Bahdanau": lambda memory: s2s.BahdanauMonotonicAttention(
            6, memory, _LENGTHS, normalize=True, mode="recursive", score_bias_init=0.25
        ),
        "hard monotonic Luong": lambda memory: s2s.LuongMonotonicAttention(4, memory, mode="hard"),
        "noisy monotonic Bahdanau": lambda memory: s2s.BahdanauMonotonicAttention(
            6, memory, _LENGTHS, sigmoid_noise=1.0, sigmoid_noise_seed=4
        ),
    }


_NAMES = [
    "Luong",
    "scaled Luong",
    "Luong with hardmax",
    "Bahdanau",
    "normalised Bahdanau",
    "masked Bahdanau",
    "monotonic Luong",
    "monotonic Bahdanau",
    "hard monotonic Luong",
    "noisy monotonic Bahdanau",
]


def _one_step(name):
    def case(tf, x):
        hard = name.startswith("hard")
        memory = _memory(x, gradient=not hard)
        with _scope(tf):
            mechanism = _mechanisms(tf.contrib.seq2seq)[name](memory)
            state = mechanism.initial_state(_ROWS, tf.float32)
            # Away from where monotonic attention begins, so that every part of it counts.
            state = 0.5 * state + 0.1
            alignments, _ = mechanism(x.floats([_ROWS, 4], gradient=not hard), state)
        return [alignments, mechanism.keys, mechanism.values, mechanism.initial_alignments(2, tf.float32)]

    return case


for _name in _NAMES:
    CASES[_name + ", one step"] = _one_step(_name)
    OTHER_NAMES[_name + ", one step"] = "a score and what it is masked by are one node each"


def _training(cell_of, **options):
    """The outputs, states and lengths of a decoder that is trained."""

    def case(tf, x):
        s2s = tf.contrib.seq2seq
        with _scope(tf):
            cell, state, layer, lengths = cell_of(tf, x)
            helper = s2s.TrainingHelper(x.floats([_ROWS, 4, 2], seed=2), lengths)
            decoder = s2s.BasicDecoder(cell, helper, state, layer)
            outputs, final, steps = s2s.dynamic_decode(decoder, **options)
        history = getattr(final, "alignment_history", ())
        if hasattr(history, "stack"):
            final = final._replace(alignment_history=history.stack())
        elif history:
            stacked = tuple(each.stack() if hasattr(each, "stack") else () for each in history)
            final = final._replace(alignment_history=stacked)
        return [outputs, final, steps]

    return case


def _plain(tf, x):
    cell = tf.nn.rnn_cell.GRUCell(4)
    return cell, cell.zero_state(_ROWS, tf.float32), None, [4, 0, 2]


def _with_layer(tf, x):
    cell = tf.nn.rnn_cell.BasicLSTMCell(4)
    return cell, cell.zero_state(_ROWS, tf.float32), tf.layers.Dense(6), [4, 1, 2]


def _attending(wrapper=None, mechanism="Bahdanau", layer=True, many=False):
    def cell_of(tf, x):
        s2s = tf.contrib.seq2seq
        memory = _memory(x)
        found = _mechanisms(s2s)[mechanism](memory)
        if many:
            found = [found, _mechanisms(s2s)["scaled Luong"](memory)]
        options = dict(wrapper or {})
        if options.pop("layers", False):
            options["attention_layer"] = tf.layers.Dense(3, name="attended", activation=tf.tanh)
        cell = tf.nn.rnn_cell.BasicLSTMCell(4)
        if options.pop("initial", False):
            initial = tf.nn.rnn_cell.LSTMStateTuple(x.floats([_ROWS, 4], 5), x.floats([_ROWS, 4], 6))
            options["initial_cell_state"] = initial
        cell = s2s.AttentionWrapper(cell, found, **options)
        state = cell.zero_state(_ROWS, tf.float32)
        return cell, state, tf.layers.Dense(6, use_bias=False) if layer else None, [4, 1, 2]

    return cell_of


CASES["a decoder of a GRU"] = _training(_plain)
CASES["a decoder of a GRU, imputed"] = _training(_plain, impute_finished=True)
CASES["a decoder of a GRU, time major"] = _training(_plain, output_time_major=True, swap_memory=True)
CASES["a decoder of a GRU, cut"] = _training(_plain, maximum_iterations=2)
CASES["a decoder of a GRU, not begun"] = _training(_plain, maximum_iterations=0)
CASES["a decoder with a layer"] = _training(_with_layer)
CASES["a decoder with a layer, imputed"] = _training(_with_layer, impute_finished=True)
CASES["a decoder with a layer, time major"] = _training(
    _with_layer, output_time_major=True, impute_finished=True, maximum_iterations=3
)
for _name in _NAMES:
    if not _name.startswith("hard"):
        CASES["a decoder with attention, " + _name] = _training(
            _attending({"attention_layer_size": 3, "alignment_history": True}, _name)
        )
CASES["attention, as it is"] = _training(_attending({}, "Luong", layer=False))
CASES["attention, output of the cell"] = _training(
    _attending({"output_attention": False, "initial": True}, "Bahdanau"), impute_finished=True
)
CASES["attention, a layer of one's own"] = _training(_attending({"layers": True}, "Luong"))
CASES["attention, inputs in another way"] = _training(
    _attending({"cell_input_fn": lambda inputs, attention: attention}, "Luong")
)
CASES["two mechanisms"] = _training(
    _attending({"attention_layer_size": [3, 2], "alignment_history": True}, many=True)
)
CASES["two mechanisms without layers"] = _training(_attending({}, many=True), output_time_major=True)


def _table(x):
    return x.floats([7, 3], seed=8)


def _generating(helper_of, **options):
    def case(tf, x):
        s2s = tf.contrib.seq2seq
        with _scope(tf):
            cell = tf.nn.rnn_cell.BasicLSTMCell(7)
            state = tf.nn.rnn_cell.LSTMStateTuple(x.floats([3, 7], 5), x.floats([3, 7], 6))
            decoder = s2s.BasicDecoder(cell, helper_of(tf, x), state)
            return list(s2s.dynamic_decode(decoder, maximum_iterations=6, **options))

    return case


def _greedy(tf, x):
    return tf.contrib.seq2seq.GreedyEmbeddingHelper(_table(x), [1, 2, 3], 4)


def _of_function(tf, x):
    table = _table(x)
    return tf.contrib.seq2seq.GreedyEmbeddingHelper(lambda ids: tf.gather(table, ids) * 2.0, [1, 2, 3], 4)


def _sampling(tf, x):
    return tf.contrib.seq2seq.SampleEmbeddingHelper(_table(x), [1, 2, 3], 4, softmax_temperature=0.5, seed=7)


def _inference(tf, x):
    table = _table(x)
    return tf.contrib.seq2seq.InferenceHelper(
        sample_fn=lambda outputs: tf.cast(tf.argmax(outputs, -1), tf.int32),
        sample_shape=[],
        sample_dtype=tf.int32,
        start_inputs=tf.gather(table, [1, 2, 3]),
        end_fn=lambda ids: tf.equal(ids, 4),
        next_inputs_fn=lambda ids: tf.gather(table, ids),
    )


def _custom(tf, x):
    table = _table(x)
    return tf.contrib.seq2seq.CustomHelper(
        initialize_fn=lambda: (tf.equal([1, 0, 1], 0), tf.gather(table, [1, 2, 3])),
        sample_fn=lambda time, outputs, state: tf.cast(tf.argmin(outputs, -1), tf.int32),
        next_inputs_fn=lambda time, outputs, state, sample_ids: (
            tf.equal(sample_ids, 4),
            tf.gather(table, sample_ids),
            state,
        ),
    )


def _scheduled(tf, x):
    inputs = x.floats([3, 5, 3], seed=9)
    return tf.contrib.seq2seq.ScheduledEmbeddingTrainingHelper(
        inputs, [5, 3, 4], _table(x), 0.6, seed=11, scheduling_seed=12
    )


def _scheduled_outputs(tf, x):
    inputs = x.floats([3, 5, 7], seed=9)
    return tf.contrib.seq2seq.ScheduledOutputTrainingHelper(inputs, [5, 3, 4], 0.5, seed=13)


def _scheduled_functions(tf, x):
    inputs = x.floats([5, 3, 4], seed=9)
    return tf.contrib.seq2seq.ScheduledOutputTrainingHelper(
        inputs,
        [5, 3, 4],
        0.5,
        time_major=True,
        seed=13,
        next_inputs_fn=lambda outputs: outputs[:, :4] * 2.0,
        auxiliary_inputs=x.floats([5, 3, 2], seed=10),
    )


CASES["GreedyEmbeddingHelper"] = _generating(_greedy)
CASES["GreedyEmbeddingHelper, imputed"] = _generating(_greedy, impute_finished=True)
CASES["GreedyEmbeddingHelper of a function"] = _generating(_of_function)
CASES["SampleEmbeddingHelper"] = _generating(_sampling)
CASES["InferenceHelper"] = _generating(_inference)
CASES["CustomHelper"] = _generating(_custom)
CASES["ScheduledEmbeddingTrainingHelper"] = _generating(_scheduled)
CASES["ScheduledOutputTrainingHelper"] = _generating(_scheduled_outputs)
CASES["ScheduledOutputTrainingHelper with functions"] = _generating(_scheduled_functions)


def _beams(attention=False, history=False, known=True, **options):
    def case(tf, x):
        s2s = tf.contrib.seq2seq
        width, rows = 3, 2
        table = x.floats([6, 3], seed=8, gradient=False)
        with _scope(tf):
            cell = tf.nn.rnn_cell.BasicLSTMCell(5)
            state = tf.nn.rnn_cell.LSTMStateTuple(
                3 * x.floats([rows, 5], 5, gradient=False), 2 * x.floats([rows, 5], 6, gradient=False)
            )
            state = s2s.tile_batch(state, width)
            if attention:
                memory = x.floats([rows, 4, 5], 7, gradient=False)
                memory = s2s.tile_batch(
                    memory if known else tf.placeholder_with_default(memory, [None, None, 5]), width
                )
                lengths = s2s.tile_batch(tf.constant([4, 2]), width)
                mechanism = s2s.LuongAttention(5, memory, lengths)
                cell = s2s.AttentionWrapper(
                    cell, mechanism, attention_layer_size=4, alignment_history=history
                )
                state = cell.zero_state(rows * width, tf.float32).clone(cell_state=state)
            layer = tf.layers.Dense(6, kernel_initializer=tf.random_uniform_initializer(-4.0, 4.0, seed=21))
            decoder = s2s.BeamSearchDecoder(cell, table, [1, 2], 0, state, width, layer, **options)
            outputs, final, steps = s2s.dynamic_decode(decoder, maximum_iterations=6)
        cell_state = final.cell_state
        if hasattr(getattr(cell_state, "alignment_history", None), "stack"):
            cell_state = cell_state._replace(alignment_history=cell_state.alignment_history.stack())
        return [outputs, final._replace(cell_state=cell_state), steps]

    return case


CASES["beam search"] = _beams()
CASES["beam search, a length penalty"] = _beams(length_penalty_weight=0.8)
CASES["beam search with attention"] = _beams(attention=True)
CASES["beam search with attention, a coverage penalty"] = _beams(
    attention=True, coverage_penalty_weight=0.4, length_penalty_weight=1.0
)
CASES["beam search with attention, its history"] = _beams(attention=True, history=True)
CASES["beam search with attention, its history in order"] = _beams(True, True, known=False)
CASES["beam search with attention, its history as it is"] = _beams(
    True, True, known=False, reorder_tensor_arrays=False
)
for _name in [
    "beam search",
    "beam search, a length penalty",
    "beam search with attention",
    "beam search with attention, a coverage penalty",
    "beam search with attention, its history",
    "beam search with attention, its history in order",
    "beam search with attention, its history as it is",
]:
    OTHER_NAMES[_name] = "what is put in order is one node"


def _tree(tf, x):
    ids = x.constant([[[1, 2, 3], [0, 1, 2]], [[4, 5, 6], [3, 4, 0]], [[7, 8, 9], [5, 6, 7]]])
    parents = x.constant([[[0, 0, 0], [0, 0, 0]], [[0, 1, 1], [2, 1, 0]], [[2, 1, 2], [0, 1, 1]]])
    return tf.contrib.seq2seq.gather_tree(ids, parents, [3, 2], 0)


def _tiles(tf, x):
    s2s = tf.contrib.seq2seq
    return [
        s2s.tile_batch(x.floats([2, 3]), 3),
        s2s.tile_batch((x.integers(0, 9, [2]), x.floats([2, 1, 2], 1)), 2),
        s2s.tile_batch(tf.constant([[1, 2], [3, 4]]), 2),
    ]


def _monotonic(mode):
    def case(tf, x):
        chosen = x.floats([3, 5], low=0.1, high=0.9, gradient=mode != "hard")
        if mode == "hard":
            chosen = tf.cast(chosen > 0.5, tf.float32)
        before = tf.nn.softmax(x.floats([3, 5], 1, gradient=mode != "hard"))
        return tf.contrib.seq2seq.monotonic_attention(chosen, before, mode)

    return case


for _mode in ["recursive", "parallel", "hard"]:
    CASES["monotonic_attention, " + _mode] = _monotonic(_mode)
CASES["gather_tree"] = _tree
CASES["tile_batch"] = _tiles
CASES["safe_cumprod"] = lambda tf, x: [
    tf.contrib.seq2seq.safe_cumprod(x.positive([3, 4]) / 2.0, axis=1),
    tf.contrib.seq2seq.safe_cumprod(x.positive([3, 4], 1) / 2.0, axis=-1, exclusive=True, reverse=True),
]
CASES["hardmax"] = lambda tf, x: tf.contrib.seq2seq.hardmax(tf.cast(x.integers(0, 3, [4, 5]), tf.float32))


def _losses(tf, x):
    s2s = tf.contrib.seq2seq
    logits, targets = x.floats([3, 4, 5]), x.integers(0, 5, [3, 4])
    weights = x.constant([[1.0, 1.0, 0.0, 0.0], [1.0, 0.5, 2.0, 1.0], [0.0, 0.0, 0.0, 0.0]])
    every = [
        {},
        {"average_across_timesteps": False},
        {"average_across_batch": False},
        {"average_across_timesteps": False, "average_across_batch": False},
        {"softmax_loss_function": lambda labels, logits: tf.reduce_sum(logits, 1) * tf.to_float(labels)},
    ]
    sums = [
        {"sum_over_timesteps": True, "sum_over_batch": True},
        {"sum_over_timesteps": True},
        {"sum_over_batch": True},
    ]
    none = {"average_across_timesteps": False, "average_across_batch": False}
    return [s2s.sequence_loss(logits, targets, weights, **options) for options in every] + [
        s2s.sequence_loss(logits, targets, weights, **dict(none, **options)) for options in sums
    ]


CASES["sequence_loss"] = _losses
OTHER_NAMES["sequence_loss"] = "division by no weight is kept away by a choice, not by div_no_nan"
