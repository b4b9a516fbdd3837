"""Activations, losses of logits, samplers, and connectionist temporal classification."""

CASES = {}
BOUNDS = {"ctc_loss in float64 with nulls after the labels": 1e-6}  # TensorFlow's has parts in float32
OTHER_NAMES = {}


def _case(name, other_names=None):
    def keep(function):
        CASES[name] = function
        if other_names:
            OTHER_NAMES[name] = other_names
        return function

    return keep


@_case("activations")
def _activations(tf, x):
    a = x.floats([3, 4])
    return [
        tf.nn.swish(a),
        tf.nn.crelu(a),
        tf.nn.crelu(a, axis=0, name="named"),
        tf.nn.relu_layer(a, x.floats([4, 2], 1), x.floats([2], 2)),
        tf.nn.zero_fraction(tf.nn.relu(a)),
        tf.nn.zero_fraction(x.integers(0, 2, [3, 4])),
    ]


@_case("losses of logits")
def _losses(tf, x):
    logits, labels = 3 * x.floats([3, 4]), x.floats([3, 4], 1, low=0.0, high=1.0)
    counts = tf.cast(x.integers(0, 5, [3, 4]), tf.float32)
    return [
        tf.nn.weighted_cross_entropy_with_logits(labels, logits, 2.5),
        tf.nn.weighted_cross_entropy_with_logits(targets=labels, logits=logits, pos_weight=x.positive([4])),
        tf.nn.log_poisson_loss(counts, logits),
        tf.nn.log_poisson_loss(counts, logits, True, name="named"),
    ]


@_case("softmax cross entropy of labels that do not sum to 1")
def _any_labels(tf, x):
    logits, labels = 3 * x.floats([3, 4]), x.floats([3, 4], 1)
    rows = tf.one_hot([1, -1, 2], 4)  # the second row is zeros
    return [
        tf.nn.softmax_cross_entropy_with_logits_v2(labels, logits),
        tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits),
        tf.nn.softmax_cross_entropy_with_logits_v2(labels, logits, axis=0),
        tf.nn.softmax_cross_entropy_with_logits(labels=rows, logits=logits),
    ]


@_case("second derivatives of cross entropies")
def _second(tf, x):
    logits, labels = x.floats([3, 4]), x.floats([3, 4], 1, low=0.0, high=1.0)
    losses = [
        tf.nn.softmax_cross_entropy_with_logits_v2(tf.stop_gradient(labels), logits),
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[0, 3, 1], logits=logits),
    ]
    return [tf.identity(tf.gradients(loss * loss, logits)[0], name="first") for loss in losses]


@_case("top_k")
def _top_k(tf, x):
    return [
        tf.nn.top_k(x.floats([3, 5]), 2),
        tf.nn.top_k(x.integers(0, 3, [4, 6]), 4),
        tf.nn.top_k(x.integers(0, 2, [7]), tf.constant(3)),
        tf.nn.top_k(x.floats([2, 2, 3]), name="named"),
    ]


@_case("candidate samplers")
def _samplers(tf, x):
    classes = x.integers(0, 40, [3, 2], "int64")
    weights = [0.5, 2.0, 0.1, 3.0, 1.0, 0.7, 0.2]
    few = x.integers(0, 7, [2, 1], "int64", seed=2)
    return [
        tf.nn.log_uniform_candidate_sampler(classes, 2, 8, True, 40, seed=3),
        tf.nn.log_uniform_candidate_sampler(classes, 2, 39, True, 40, seed=4),
        tf.nn.log_uniform_candidate_sampler(classes, 2, 8, False, 40, seed=5),
        tf.nn.uniform_candidate_sampler(classes, 2, 8, True, 40, seed=3),
        tf.nn.uniform_candidate_sampler(classes, 2, 9, False, 64),
        tf.nn.learned_unigram_candidate_sampler(classes, 2, 12, True, 40, seed=3),
        tf.nn.fixed_unigram_candidate_sampler(few, 1, 5, True, 7, unigrams=weights, seed=3),
        tf.nn.fixed_unigram_candidate_sampler(few, 1, 9, False, 7, distortion=0.5, unigrams=weights, seed=4),
        tf.nn.fixed_unigram_candidate_sampler(
            few, 1, 4, False, 9, num_reserved_ids=2, unigrams=weights, seed=4
        ),
        tf.nn.all_candidate_sampler(few, 1, 7, True),
        tf.nn.compute_accidental_hits(classes, tf.constant([3, 9, 12, 36, 0, 9], tf.int64), 2),
    ]


@_case("sampled losses")
def _sampled(tf, x):
    weights, biases = x.floats([30, 4], 1), x.floats([30], 2)
    labels, inputs = x.integers(0, 30, [3, 1], "int64"), x.floats([3, 4], 3)
    two = x.integers(0, 30, [3, 2], "int32")
    return [
        tf.nn.sampled_softmax_loss(weights, biases, labels, inputs, 12, 30, seed=1),
        tf.nn.sampled_softmax_loss(weights, biases, two, inputs, 20, 30, num_true=2, seed=2),
        tf.nn.sampled_softmax_loss(
            weights, biases, labels, inputs, 12, 30, remove_accidental_hits=False, seed=1
        ),
        tf.nn.sampled_softmax_loss(
            [weights, weights], [biases, biases], labels, inputs, 12, 60, partition_strategy="div", seed=2
        ),
        tf.nn.nce_loss(
            weights,
            biases,
            labels,
            inputs,
            7,
            30,
            sampled_values=tf.nn.log_uniform_candidate_sampler(labels, 1, 7, True, 30, seed=9),
        ),
        tf.nn.nce_loss(
            weights,
            biases,
            two,
            inputs,
            9,
            30,
            2,
            tf.nn.uniform_candidate_sampler(tf.cast(two, tf.int64), 2, 9, True, 30, seed=7),
            remove_accidental_hits=True,
        ),
    ]


def _labels(tf):
    indices = [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [2, 0]]
    return tf.SparseTensor(indices, [1, 1, 2, 0, 3, 2], [3, 3])


@_case("ctc_loss")
def _ctc(tf, x):
    logits, lengths = 2 * x.floats([7, 3, 5]), [6, 7, 4]
    return [
        tf.nn.ctc_loss(_labels(tf), logits, lengths),
        tf.nn.ctc_loss(_labels(tf), logits, lengths, preprocess_collapse_repeated=True),
        tf.nn.ctc_loss(_labels(tf), logits, lengths, ctc_merge_repeated=False),
        tf.nn.ctc_loss(_labels(tf), logits, lengths, True, False),
        tf.nn.ctc_loss(labels=_labels(tf), inputs=logits, sequence_length=[3, 7, 4]),
        tf.nn.ctc_loss(_labels(tf), logits, [2, 7, 0], ignore_longer_outputs_than_inputs=True),
        tf.nn.ctc_loss(
            _labels(tf), logits=tf.transpose(logits, [1, 0, 2]), sequence_length=lengths, time_major=False
        ),
    ]


@_case("ctc_loss in float64 with nulls after the labels")
def _ctc_nulls(tf, x):
    labels = tf.SparseTensor([[0, 0], [0, 1], [1, 0], [1, 1]], [1, 4, 2, 3], [2, 2])
    return tf.nn.ctc_loss(labels, x.floats([4, 2, 5], 1, "float64"), [4, 3])


@_case("ctc_loss of inputs that are no numbers behind their length")
def _ctc_padded(tf, x):
    logits = x.floats([5, 2, 4])
    inside = tf.constant([[True, True]] * 3 + [[True, False]] * 2)
    broken = tf.where(tf.stack([inside] * 4, -1), logits, tf.fill([5, 2, 4], float("nan")))
    labels = tf.SparseTensor([[0, 0], [0, 1], [1, 0]], [1, 2, 0], [2, 2])
    return tf.nn.ctc_loss(labels, broken, [5, 3])


@_case("ctc_loss_v2")
def _ctc_v2(tf, x):
    logits, lengths = x.floats([7, 3, 5]), [6, 7, 4]
    dense, sizes = [[1, 1, 2], [4, 3, 0], [2, 0, 0]], [3, 2, 1]
    return [
        tf.nn.ctc_loss_v2(tf.constant(dense), logits, sizes, lengths),
        tf.nn.ctc_loss_v2(tf.constant([[0, 3], [2, 2], [3, 1]]), logits, [2, 2, 1], lengths, blank_index=-1),
        tf.nn.ctc_loss_v2(
            tf.constant([[0, 3], [1, 1], [3, 1]]),
            tf.transpose(logits, [1, 0, 2]),
            [2, 2, 1],
            lengths,
            logits_time_major=False,
            blank_index=2,
        ),
        tf.nn.ctc_loss_v2(_labels(tf), logits, None, lengths, blank_index=-1),
    ]


@_case("ctc_loss_v2 of sparse labels with the first class blank")
def _ctc_v2_sparse(tf, x):
    labels = tf.SparseTensor([[0, 0], [0, 1], [1, 0]], [1, 4, 2], [2, 2])
    return tf.nn.ctc_loss_v2(labels, x.floats([5, 2, 5]), None, [5, 4], blank_index=0)


@_case("ctc decoders")
def _decoders(tf, x):
    logits, lengths = 2 * x.floats([9, 3, 5], gradient=False), [9, 7, 0]
    found = [
        tf.nn.ctc_greedy_decoder(logits, lengths),
        tf.nn.ctc_greedy_decoder(logits, lengths, merge_repeated=False),
        tf.nn.ctc_beam_search_decoder(logits, lengths),
        tf.nn.ctc_beam_search_decoder(logits, [9, 7, 5], beam_width=7, top_paths=4),
        tf.nn.ctc_beam_search_decoder(logits, [9, 7, 2], beam_width=12, top_paths=3, merge_repeated=False),
        tf.nn.ctc_beam_search_decoder_v2(logits, lengths, beam_width=1),
    ]
    flat = []
    for paths, scores in found:
        flat += [*paths, scores]
    return flat


@_case("ctc decoder of many classes")
def _many(tf, x):
    logits = 3 * x.floats([20, 2, 60], 4, gradient=False)
    paths, scores = tf.nn.ctc_beam_search_decoder(logits, [20, 15], beam_width=10, top_paths=5)
    return [*paths, scores]


@_case("labels for ctc", "TensorFlow's are many nodes, with a loop over the rows")
def _label_helpers(tf, x):
    labels = x.integers(0, 2, [3, 6])
    lengths = tf.placeholder_with_default([5, 6, 0], [None])
    return [
        tf.nn.collapse_repeated(labels, lengths),
        tf.nn.ctc_unique_labels([[3, 1, 3, 0], [2, 2, 2, 5]]),
    ]
