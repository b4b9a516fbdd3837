"""Operations that make summaries. (An encoded image has other bytes; test_summaries.py compares pixels.)"""

import numpy as np


def scalars(tf, x):
    with tf.name_scope("scope"):
        found = [
            tf.summary.scalar("loss", x.floats([], seed=1, gradient=False)),
            tf.summary.scalar("a b(1)", tf.constant(3)),
            tf.summary.scalar("shown", 1.5, family="family"),
        ]
        return [*found, tf.summary.merge(found), tf.summary.merge_all()]


def histograms(tf, x):
    # Eighths, whose sums are exact in whatever order.
    eighths = np.round(np.random.RandomState(2).randn(40) * 8) / 8
    return [
        tf.summary.histogram("normal", x.constant(eighths.astype(np.float32))),
        tf.summary.histogram("edges", x.constant(np.array([[1.0, -2.0, 3.0, 0.0, 1e-13]], np.float32))),
        tf.summary.histogram("whole", np.arange(10)),
        tf.summary.histogram("large", x.constant(np.array([1e-3, 5e25, -1e300]))),
        tf.summary.histogram("none", tf.zeros([0])),
    ]


def sounds(tf, x):
    sound = x.constant(np.array([[[0.1, 2.0], [-0.2, -3.0]], [[0.5, -1.0], [0.0, 0.25]]], np.float32))
    return [
        tf.summary.audio("two", sound, 16000),
        tf.summary.audio("one", sound[:, :, 0], 8000.0, max_outputs=1),
    ]


def tensors(tf, x):
    return [
        tf.summary.text("text", tf.constant(["a", "b"])),
        tf.summary.tensor_summary("ints", tf.constant([1, 2]), display_name="D", summary_description="d"),
        tf.summary.tensor_summary("floats", x.floats([2, 2], seed=3, gradient=False)),
        tf.summary.tensor_summary("one", tf.constant(2.5), family="family"),
    ]


CASES = {"scalars": scalars, "histograms": histograms, "sounds": sounds, "tensors": tensors}
