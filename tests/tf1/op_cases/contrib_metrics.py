"""The metrics of tf.contrib.metrics: the update of a first batch."""

CASES = {}
OTHER_NAMES = {}
_FUSED = "TensorFlow's nodes before them are many, which numbers these otherwise"


def _case(name):
    def keep(function):
        CASES[name] = function
        OTHER_NAMES[name] = _FUSED
        return function

    return keep


def _updates(metrics):
    return [update for _, update in metrics]


@_case("of classes")
def _classes(tf, x):
    metrics = tf.contrib.metrics
    predictions, labels = x.integers(0, 2, [20]), x.integers(0, 2, [20], seed=1)
    weights = x.positive([20], 2, gradient=False)
    found = []
    for name in ["accuracy", "precision", "recall", "true_positives", "false_negatives"]:
        found.append(getattr(metrics, "streaming_" + name)(predictions, labels, weights))
    for name in ["false_positive_rate", "false_negative_rate"]:
        found.append(getattr(metrics, "streaming_" + name)(predictions, labels))
        found.append(getattr(metrics, "streaming_" + name)(predictions, labels, weights))
    found.append(metrics.streaming_mean_iou(predictions, labels, 2))
    found.append(metrics.cohen_kappa(labels, predictions, 2))
    found.append(metrics.cohen_kappa(labels, predictions, 3, weights))
    found.append(metrics.count(labels))
    found.append(metrics.count(labels, weights))
    return [
        *_updates(found),
        metrics.accuracy(predictions, labels),
        metrics.accuracy(predictions, labels, weights),
        metrics.confusion_matrix(labels, predictions),
    ]


@_case("of numbers")
def _numbers(tf, x):
    metrics = tf.contrib.metrics
    predictions = x.floats([20], 1, low=0.0, high=1.0, gradient=False)
    labels = x.floats([20], 2, low=0.0, high=1.0, gradient=False)
    weights, held = x.positive([20], 3, gradient=False), x.integers(0, 2, [20])
    return _updates(
        [
            metrics.streaming_mean(predictions, weights),
            metrics.streaming_mean_squared_error(predictions, labels),
            metrics.streaming_mean_relative_error(predictions, labels, labels, weights),
            metrics.streaming_mean_cosine_distance(predictions, labels, 0),
            metrics.streaming_percentage_less(predictions, 0.4),
            metrics.streaming_covariance(predictions, labels),
            metrics.streaming_covariance(predictions, labels, weights),
            metrics.streaming_pearson_correlation(predictions, labels),
            metrics.streaming_auc(predictions, held, curve="PR"),
            metrics.streaming_precision_at_thresholds(predictions, held, [0.3, 0.6]),
            metrics.streaming_sensitivity_at_specificity(predictions, held, 0.5),
            metrics.streaming_specificity_at_sensitivity(predictions, held, 0.5),
            metrics.f1_score(held, predictions, num_thresholds=50),
        ]
    )


@_case("of the k best")
def _best(tf, x):
    metrics = tf.contrib.metrics
    scores, labels = x.floats([6, 9], gradient=False), x.integers(0, 9, [6, 2], "int64")
    single, chosen = x.integers(0, 9, [6], "int64", seed=1), x.integers(0, 9, [6, 4], "int64", seed=5)
    return _updates(
        [
            metrics.streaming_recall_at_k(scores, single, 3),
            metrics.streaming_sparse_recall_at_k(scores, labels, 4),
            metrics.streaming_sparse_precision_at_k(scores, labels, 4, class_id=2),
            metrics.streaming_sparse_precision_at_top_k(chosen, labels),
            metrics.sparse_recall_at_top_k(labels, chosen),
            metrics.streaming_sparse_average_precision_at_k(scores, labels, 4),
            metrics.streaming_sparse_average_precision_at_top_k(chosen, labels),
        ]
    )
