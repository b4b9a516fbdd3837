"""Rows named by sparse tensors, morphology, and what is in tf.contrib.losses and tf.contrib.nn."""

CASES = {}
OTHER_NAMES = {}
_NUMBERED = "TensorFlow's nodes before it are numbered otherwise"


def _case(name, other_names=None):
    def keep(function):
        CASES[name] = function
        if other_names:
            OTHER_NAMES[name] = other_names
        return function

    return keep


def _sparse(tf, x, dtype="int64", low=0):
    indices = [[0, 0], [0, 2], [1, 1], [3, 0], [3, 1], [3, 2]]
    ids = x.integers(low, 7, [6], dtype, seed=3)
    return tf.SparseTensor(indices, ids, [4, 3]), indices


@_case("embedding_lookup_sparse")
def _lookup(tf, x):
    table = x.floats([7, 3])
    ids, indices = _sparse(tf, x)
    weights = tf.SparseTensor(indices, x.positive([6], 2), [4, 3])
    found = []
    for combiner in ["sum", "mean", "sqrtn"]:
        found.append(tf.nn.embedding_lookup_sparse(table, ids, None, combiner=combiner))
        found.append(tf.nn.embedding_lookup_sparse(table, ids, weights, combiner=combiner, name="weighted"))
    found.append(tf.nn.embedding_lookup_sparse(table, ids, None, combiner="sum", max_norm=0.5))
    return found


@_case("safe_embedding_lookup_sparse", _NUMBERED)
def _safe(tf, x):
    table = x.floats([7, 3])
    ids, indices = _sparse(tf, x, low=-2)
    weights = tf.SparseTensor(indices, x.floats([6], 2), [4, 3])
    deep = tf.SparseTensor([[0, 0, 1], [0, 1, 0], [1, 1, 1]], x.integers(0, 7, [3], "int64"), [2, 2, 2])
    safe = tf.nn.safe_embedding_lookup_sparse
    return [
        safe(table, ids),
        safe(table, ids, weights),
        safe(table, ids, combiner="sum", default_id=2),
        safe(table, ids, weights, combiner="sqrtn", default_id=1),
        safe(table, deep),
    ]


@_case("morphology")
def _morphology(tf, x):
    images, kernel = x.floats([2, 5, 6, 3], 1), x.floats([2, 3, 3], 2)
    return [
        tf.nn.dilation2d(images, kernel, [1, 1, 1, 1], [1, 1, 1, 1], "SAME"),
        tf.nn.dilation2d(images, kernel, [1, 2, 1, 1], [1, 1, 2, 1], "VALID"),
        tf.nn.erosion2d(images, kernel, [1, 1, 1, 1], [1, 2, 1, 1], "SAME"),
    ]


@_case("losses over all replicas", _NUMBERED)
def _replicas(tf, x):
    losses = x.floats([5])
    return [
        tf.nn.compute_average_loss(losses),
        tf.nn.compute_average_loss(losses, x.positive([5], 1), global_batch_size=8),
        tf.nn.scale_regularization_loss(losses),
    ]


def _pair(x):
    return x.floats([3, 4], 1, low=0.05, high=0.95), x.floats([3, 4], 2, low=0.0, high=1.0)


@_case("tf.contrib.losses", _NUMBERED)
def _contrib_losses(tf, x):
    losses, (predictions, labels) = tf.contrib.losses, _pair(x)
    weights = x.constant([1.0, 0.0, 2.5], "float32", gradient=True)
    found = []
    for name in ["absolute_difference", "mean_squared_error", "log_loss", "mean_pairwise_squared_error"]:
        found.append(getattr(losses, name)(predictions, labels))
        found.append(getattr(losses, name)(predictions, labels, weights))
    every = x.constant([[1.0, 0.0, 2.0, 0.5]] * 3, "float32", gradient=True)
    classes = x.integers(0, 4, [3])
    return [
        *found,
        losses.mean_squared_error(predictions, labels, every),
        losses.mean_squared_error(predictions, labels, tf.reshape(weights, [3, 1])),
        losses.hinge_loss(predictions, labels),
        losses.cosine_distance(predictions, labels, 1, weights),
        losses.softmax_cross_entropy(predictions, labels, weights, label_smoothing=0.1),
        losses.sigmoid_cross_entropy(predictions, labels, 0.5, label_smoothing=0.1),
        losses.sparse_softmax_cross_entropy(predictions, classes, weights),
        losses.sparse_softmax_cross_entropy(predictions, tf.reshape(classes, [3, 1])),
        losses.compute_weighted_loss(labels, weights),
        losses.get_total_loss(),
    ]


@_case("tf.contrib.nn", _NUMBERED)
def _contrib_nn(tf, x):
    logits, labels = x.floats([3, 4], 1), x.floats([3, 4], 2, low=0.0, high=1.0)
    weights, biases = x.floats([30, 4], 1), x.floats([30], 2)
    classes, inputs = x.integers(0, 30, [3, 1], "int64"), x.floats([3, 4], 3)
    sampled = tf.nn.uniform_candidate_sampler(classes, 1, 12, True, 30, seed=4)
    flipped = "deprecated_flipped_{}_cross_entropy_with_logits"
    return [
        getattr(tf.contrib.nn, flipped.format("softmax"))(logits, labels),
        getattr(tf.contrib.nn, flipped.format("sigmoid"))(logits, labels),
        getattr(tf.contrib.nn, flipped.format("sparse_softmax"))(logits, [0, 3, 1]),
        tf.contrib.nn.alpha_dropout(logits, 0.7, seed=3),
        tf.contrib.nn.alpha_dropout(logits, 1.0),
        tf.contrib.nn.scaled_softplus(logits, 0.5),
        tf.contrib.nn.nth_element(logits, 1),
        tf.contrib.nn.nth_element(logits, 1, reverse=True),
        tf.contrib.nn.sampled_sparse_softmax_loss(weights, biases, classes, inputs, 12, 30, sampled),
        tf.contrib.nn.rank_sampled_softmax_loss(
            weights, biases, classes, inputs, 12, 5, 30, 1, sampled, 1.5, True, "mod"
        ),
    ]


@_case("scaled_softplus with a limit", _NUMBERED)
def _limited(tf, x):
    return tf.contrib.nn.scaled_softplus(x.floats([3, 4]), 0.5, clip=0.6)


@_case("sparsemax", "composed of fewer operations")
def _sparsemax(tf, x):
    logits = x.floats([4, 6])
    chosen = tf.contrib.sparsemax.sparsemax(logits * 2.0)
    rows = [[1.0, 0, 0, 0, 0, 0], [0, 0.5, 0.5, 0, 0, 0], [0, 0, 0, 1, 0, 0], [0, 0, 0, 0, 0, 1]]
    labels = tf.cast(x.constant(rows), tf.float32)
    loss = tf.contrib.sparsemax.sparsemax_loss(logits * 2.0, tf.stop_gradient(chosen), labels)
    return [chosen, loss]
