"""Hooks that end an estimator's training: the steps at which TensorFlow 1.15 stops, with the same model."""

import pytest

import ostinato.tf1 as tf

EACH = {"run_every_secs": None, "run_every_steps": 1}
hooks = tf.estimator.experimental


def model_fn(features, labels, mode):
    w = tf.get_variable("w", [], initializer=tf.constant_initializer(0.0))
    loss = tf.reduce_mean(tf.square(w - features["x"]))
    train = tf.train.GradientDescentOptimizer(0.1).minimize(loss, global_step=tf.train.get_global_step())
    return tf.estimator.EstimatorSpec(
        mode, loss=loss, train_op=train, eval_metric_ops={"w": tf.metrics.mean(w)}
    )


def inputs():
    return tf.data.Dataset.from_tensors({"x": tf.constant([3.0])}).repeat()


@pytest.mark.parametrize(
    ("make", "steps"),
    [
        (lambda e: hooks.stop_if_lower_hook(e, "loss", 1.0, **EACH), [3, 6, 7]),
        (
            lambda e: hooks.stop_if_no_increase_hook(e, "loss", 4, run_every_secs=None, run_every_steps=2),
            [3, 6, 9, 11],
        ),
        (
            lambda e: hooks.make_early_stopping_hook(e, lambda: True, run_every_secs=None, run_every_steps=5),
            [1, 4, 6],
        ),
    ],
    ids=["lower", "no increase", "function"],
)
def test_training_stops(make, steps, tmp_path):
    estimator = tf.estimator.Estimator(model_fn, str(tmp_path / "m"))
    hook = make(estimator)
    reached = []
    for _ in steps:
        estimator.train(inputs, hooks=[hook], steps=3)
        reached.append(int(estimator.evaluate(inputs, steps=1)["global_step"]))
    assert reached == steps
    assert estimator.get_variable_names() == ["global_step", "signal_early_stopping/STOP", "w"]
    assert bool(estimator.get_variable_value("signal_early_stopping/STOP"))
    read = tf.contrib.estimator.read_eval_metrics(estimator.eval_dir())
    assert list(read) == steps
    assert all(sorted(numbers) == ["loss", "w"] for numbers in read.values())


def test_a_metric_that_was_reached_before_stops_at_once(tmp_path):
    estimator = tf.estimator.Estimator(model_fn, str(tmp_path / "m"))
    estimator.train(inputs, steps=3)
    estimator.evaluate(inputs, steps=1)  # w is 1.46
    for hook, stops in (
        (hooks.stop_if_higher_hook(estimator, "w", 1.4, **EACH), True),
        (hooks.stop_if_higher_hook(estimator, "w", 1.5, **EACH), False),
        (hooks.stop_if_higher_hook(estimator, "w", 1.4, min_steps=4, **EACH), False),
        (hooks.stop_if_no_decrease_hook(estimator, "w", 0, **EACH), True),
        (hooks.stop_if_no_decrease_hook(estimator, "w", 1, **EACH), False),
    ):
        assert hook._should_stop_fn() is stops


def test_what_is_refused(tmp_path):
    estimator = tf.estimator.Estimator(model_fn, str(tmp_path / "m"))
    assert estimator.eval_dir("a") == str(tmp_path / "m" / "eval_a")
    with pytest.raises(TypeError, match="`estimator` must have type"):
        hooks.make_early_stopping_hook(3, lambda: True)
    with pytest.raises(ValueError, match="Only one of `run_every_secs` and `run_every_steps` must be set"):
        hooks.make_early_stopping_hook(estimator, lambda: True, run_every_steps=3)
    with pytest.raises(TypeError, match="`should_stop_fn` must be callable"):
        hooks.make_early_stopping_hook(estimator, 3)
