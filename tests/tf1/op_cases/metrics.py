"""The metrics of tf.metrics: the update of a first batch, and the value after it."""

CASES = {}
OTHER_NAMES = {}
_FUSED = "TensorFlow's nodes before them are many, which numbers these otherwise"


def _case(name, other_names=None):
    def keep(function):
        CASES[name] = function
        if other_names:
            OTHER_NAMES[name] = other_names
        return function

    return keep


def _updates(metrics):
    """The updates alone: how a value and an update in one run see each other is told elsewhere."""
    return [update for _, update in metrics]


def _pair(x, shape=(6, 2)):
    return x.floats(shape, 1, low=0.0, high=1.0, gradient=False), x.floats(
        shape, 2, low=0.0, high=1.0, gradient=False
    )


@_case("means")
def _means(tf, x):
    values, weights = x.floats([4, 3], gradient=False), x.positive([4, 1], gradient=False)
    column = x.positive([4], 3, gradient=False)
    return _updates(
        [
            tf.metrics.mean(values),
            tf.metrics.mean(values, weights),
            tf.metrics.mean(values, column, name="named"),
            tf.metrics.mean_tensor(values),
            tf.metrics.mean_tensor(values, weights),
            tf.metrics.percentage_below(values, 0.3),
            tf.metrics.accuracy(x.integers(0, 3, [9]), x.integers(0, 3, [9], seed=1)),
            tf.metrics.accuracy(
                x.integers(0, 3, [9, 1]), x.integers(0, 3, [9], "int64", seed=1), x.positive([9], 4)
            ),
        ]
    )


@_case("what has ranks that are not known", _FUSED)
def _ranks(tf, x):
    values, column = x.floats([4, 1], gradient=False), x.positive([4], 3, gradient=False)
    unknown, weights = tf.placeholder_with_default(values, None), tf.placeholder_with_default(column, None)
    labels = tf.placeholder_with_default(x.integers(0, 3, [9, 1]), None)
    return _updates(
        [
            tf.metrics.mean(unknown, weights),
            tf.metrics.accuracy(labels, x.integers(0, 3, [9], seed=1)),
        ]
    )


@_case("errors")
def _errors(tf, x):
    labels, predictions = _pair(x)
    return _updates(
        [
            tf.metrics.mean_absolute_error(labels, predictions),
            tf.metrics.mean_squared_error(labels, predictions, weights=[[1.0], [0.0], [2.0]] * 2),
            tf.metrics.root_mean_squared_error(labels, predictions),
            tf.metrics.mean_relative_error(labels, predictions, labels),
            tf.metrics.mean_cosine_distance(labels, predictions, 1),
        ]
    )


@_case("counts", _FUSED)
def _counts(tf, x):
    labels, predictions = x.integers(0, 2, [20]), x.integers(0, 2, [20], seed=1)
    weights = x.positive([20], 2, gradient=False)
    found = []
    for name in [
        "true_positives",
        "true_negatives",
        "false_positives",
        "false_negatives",
        "precision",
        "recall",
    ]:
        metric = getattr(tf.metrics, name)
        found += [metric(labels, predictions), metric(labels, predictions, weights, name="of_" + name)]
    return _updates(found)


@_case("counts at thresholds", _FUSED)
def _thresholds(tf, x):
    labels = x.integers(0, 2, [20])
    predictions = x.floats([20], 1, low=0.0, high=1.0, gradient=False)
    weights = x.positive([20], 2, gradient=False)
    found = []
    for name in [
        "true_positives",
        "true_negatives",
        "false_positives",
        "false_negatives",
        "precision",
        "recall",
    ]:
        metric = getattr(tf.metrics, name + "_at_thresholds")
        found += [
            metric(labels, predictions, [0.2, 0.5, 0.9]),
            metric(labels, predictions, [0.4], weights),
        ]
    return _updates(found)


@_case("curves", _FUSED)
def _curves(tf, x):
    labels = x.integers(0, 2, [40])
    predictions = x.floats([40], 1, low=0.0, high=1.0, gradient=False)
    weights = x.positive([40], 2, gradient=False)
    found = [
        tf.metrics.auc(labels, predictions),
        tf.metrics.auc(labels, predictions, weights, num_thresholds=50, curve="PR"),
        tf.metrics.auc(labels, predictions, curve="PR", summation_method="careful_interpolation"),
        tf.metrics.auc(labels, predictions, summation_method="minoring", name="named"),
        tf.metrics.auc(labels, predictions, curve="PR", summation_method="majoring"),
        tf.metrics.auc(labels, predictions, thresholds=[0.7, 0.1, 0.4]),
        tf.metrics.sensitivity_at_specificity(labels, predictions, 0.6),
        tf.metrics.specificity_at_sensitivity(labels, predictions, 0.6, weights, 30),
    ]
    return _updates(found)


@_case("classes", _FUSED)
def _classes(tf, x):
    labels, predictions = x.integers(0, 4, [5, 6]), x.integers(0, 4, [5, 6], seed=1)
    weights = x.positive([5, 6], 2, gradient=False)
    return _updates(
        [
            tf.metrics.mean_iou(labels, predictions, 4),
            tf.metrics.mean_iou(labels, predictions, 5, weights),
            tf.metrics.mean_per_class_accuracy(labels, predictions, 4),
            tf.metrics.mean_per_class_accuracy(labels, predictions, 4, weights),
        ]
    )


@_case("the k best", _FUSED)
def _rankings(tf, x):
    scores = x.floats([6, 9], gradient=False)
    labels, single = x.integers(0, 9, [6, 2], "int64"), x.integers(0, 9, [6], "int64", seed=1)
    sparse = tf.SparseTensor(
        [[0, 0], [0, 1], [1, 0], [2, 0], [3, 0], [3, 1], [3, 2], [5, 0]],
        tf.constant([3, 5, 1, 8, 2, 2, 4, 11], tf.int64),
        [6, 3],
    )
    weights = x.positive([6], 3, gradient=False)
    chosen = x.integers(0, 9, [6, 4], "int64", seed=5)
    found = [
        tf.metrics.recall_at_k(labels, scores, 3),
        tf.metrics.recall_at_k(single, scores, 4, weights=weights),
        tf.metrics.recall_at_k(sparse, scores, 5),
        tf.metrics.recall_at_k(sparse, scores, 5, class_id=2),
        tf.metrics.precision_at_k(labels, scores, 3, name="named"),
        tf.metrics.precision_at_k(sparse, scores, 2),
        tf.metrics.precision_at_k(labels, scores, 4, class_id=3),
        tf.metrics.recall_at_top_k(labels, chosen),
        tf.metrics.precision_at_top_k(sparse, chosen, 4),
        tf.metrics.average_precision_at_k(labels, scores, 4),
        tf.metrics.average_precision_at_k(labels, scores, 3, weights),
        tf.metrics.sparse_average_precision_at_k(
            tf.SparseTensor(
                [[0, 0], [1, 1], [2, 0], [3, 0], [4, 0], [5, 1]],
                tf.constant([3, 5, 1, 8, 2, 2], tf.int64),
                [6, 2],
            ),
            scores,
            5,
        ),
    ]
    return _updates(found)


@_case("values after an update")
def _after(tf, x):
    labels, predictions = x.integers(0, 2, [20]), x.integers(0, 2, [20], seed=1)
    scores = x.floats([20], 1, low=0.0, high=1.0, gradient=False)
    found = []
    for make in (
        lambda: tf.metrics.accuracy(labels, predictions),
        lambda: tf.metrics.precision(labels, predictions),
        lambda: tf.metrics.recall(labels, predictions),
        lambda: tf.metrics.mean(scores),
    ):
        value, update = make()
        assert value.name.endswith("/value:0"), value.name
        found += [value, update]
    names = sorted(variable.name for variable in tf.local_variables())
    assert names[:2] == ["accuracy/count:0", "accuracy/total:0"], names
    assert tf.get_collection(tf.GraphKeys.METRIC_VARIABLES) == tf.local_variables()
    return found[1::2]
