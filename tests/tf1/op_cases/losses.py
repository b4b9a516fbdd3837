"""The losses of tf.losses."""

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


def _pair(x):
    return x.floats([3, 4], 1, low=0.0, high=1.0), x.floats([3, 4], 2, low=0.05, high=0.95)


def _each():
    regression = "absolute_difference hinge_loss huber_loss log_loss mean_squared_error"
    for name in (regression + " mean_pairwise_squared_error").split():
        CASES[name] = lambda tf, x, name=name: getattr(tf.losses, name)(*_pair(x))
        CASES[name + " with weights"] = lambda tf, x, name=name: getattr(tf.losses, name)(
            *_pair(x), weights=x.constant([[1.0], [0.0], [2.5]], "float32", gradient=True), scope="named"
        )
        OTHER_NAMES[name] = OTHER_NAMES[name + " with weights"] = _NUMBERED
    del OTHER_NAMES["mean_squared_error"]


_each()


@_case("sigmoid_cross_entropy")
def _sigmoid(tf, x):
    labels, logits = x.integers(0, 2, [3, 4]), x.floats([3, 4])
    return [
        tf.losses.sigmoid_cross_entropy(labels, logits),
        tf.losses.sigmoid_cross_entropy(labels, logits, 2.0, label_smoothing=0.1),
        tf.losses.sigmoid_cross_entropy(tf.cast(labels, tf.float32), logits, scope="named"),
    ]


@_case("softmax_cross_entropy")
def _softmax(tf, x):
    labels, logits = tf.one_hot(x.integers(0, 4, [3]), 4), x.floats([3, 4])
    return [
        tf.losses.softmax_cross_entropy(labels, logits),
        tf.losses.softmax_cross_entropy(labels, logits, x.positive([3]), label_smoothing=0.1),
        tf.losses.softmax_cross_entropy(onehot_labels=labels, logits=logits, weights=0.0),
    ]


@_case("sparse_softmax_cross_entropy")
def _sparse(tf, x):
    labels, logits = x.integers(0, 4, [3]), x.floats([3, 4])
    column = tf.expand_dims(labels, 1)
    unknown = tf.placeholder_with_default(column, None)
    return [
        tf.losses.sparse_softmax_cross_entropy(labels, logits),
        tf.losses.sparse_softmax_cross_entropy(column, logits, weights=x.positive([3, 1])),
        tf.losses.sparse_softmax_cross_entropy(labels, logits, weights=[1.0, 0.0, 0.0]),
        tf.losses.sparse_softmax_cross_entropy(tf.reshape(unknown, [3, 1]), logits),
    ]


@_case("cosine_distance")
def _cosine(tf, x):
    labels, predictions = _pair(x)
    return [
        tf.losses.cosine_distance(labels, predictions, axis=1),
        tf.losses.cosine_distance(labels, predictions, dim=0, weights=x.positive([1, 4])),
    ]


@_case("reductions", _NUMBERED)
def _reductions(tf, x):
    labels, predictions = _pair(x)
    weights = x.constant([[1.0, 0.0, 0.5, 2.0]], "float32", gradient=True)
    kinds = ["NONE", "SUM", "SUM_OVER_BATCH_SIZE", "MEAN", "SUM_BY_NONZERO_WEIGHTS"]
    found = []
    for kind in kinds:
        reduction = getattr(tf.losses.Reduction, kind)
        found.append(tf.losses.mean_squared_error(labels, predictions, weights, reduction=reduction))
        found.append(tf.losses.absolute_difference(labels, predictions, 0.5, reduction=reduction))
        found.append(tf.losses.compute_weighted_loss(labels, weights, reduction=reduction))
    unknown = tf.placeholder_with_default(weights, None)
    found.append(tf.losses.compute_weighted_loss(labels, unknown))
    found.append(tf.losses.compute_weighted_loss(labels, tf.constant(0.0)))
    return found


@_case("the collection of losses")
def _collection(tf, x):
    labels, predictions = _pair(x)
    with tf.name_scope("first"):
        tf.losses.mean_squared_error(labels, predictions)
    tf.losses.huber_loss(labels, predictions, delta=0.2)
    tf.losses.absolute_difference(labels, predictions, loss_collection=None)
    tf.losses.add_loss(tf.reduce_sum(labels))
    tf.add_to_collection(tf.GraphKeys.REGULARIZATION_LOSSES, tf.reduce_mean(predictions))
    assert len(tf.losses.get_losses()) == 3
    assert len(tf.losses.get_losses("first")) == 1
    return [
        tf.losses.get_total_loss(),
        tf.losses.get_total_loss(False, name="without"),
        tf.losses.get_regularization_loss(),
        tf.losses.get_regularization_losses()[0],
    ]
