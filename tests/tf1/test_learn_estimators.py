"""`tf.contrib.learn`: estimators on arrays, monitors, experiments."""

import numpy as np
import pytest

import ostinato.tf1 as tf

learn = tf.contrib.learn
INPUTS = np.linspace(-1, 1, 50, dtype=np.float32).reshape(25, 2)
LABELS = INPUTS @ np.array([2.0, -1.0], np.float32) + 0.5


def model(features, labels):
    predictions, loss = learn.models.linear_regression_zero_init(features, labels)
    counter = tf.train.get_global_step()
    return predictions, loss, tf.train.GradientDescentOptimizer(0.2).minimize(loss, counter)


def full_model(features, labels, mode, params):
    predictions, loss, train_op = model(features["x"], labels)
    metrics = {"error": tf.metrics.mean_absolute_error(labels, predictions)} if mode == "eval" else None
    return learn.ModelFnOps(
        mode, {"y": predictions * params["factor"], "x": features["x"]}, loss, train_op, metrics
    )


def made(folder, function=model, **options):
    return learn.Estimator(function, model_dir=str(folder), **options)


def test_arrays_train_evaluate_and_predict(tmp_path):
    estimator = made(tmp_path)
    assert estimator.fit(INPUTS, LABELS, steps=200, batch_size=25) is estimator
    found = estimator.evaluate(INPUTS, LABELS, batch_size=10)
    assert found["global_step"] == 200
    assert found["loss"] < 1e-4
    rows = list(estimator.predict(INPUTS, batch_size=7))
    np.testing.assert_allclose(rows, LABELS, atol=0.02)
    np.testing.assert_allclose(estimator.predict(INPUTS, as_iterable=False), rows, rtol=1e-5)
    np.testing.assert_allclose(learn.SKCompat(estimator).predict(INPUTS), rows, rtol=1e-5)
    estimator.partial_fit(INPUTS, LABELS)
    assert estimator.get_variable_value("global_step") == 201
    assert "linear_regression/weights" in estimator.get_variable_names()


def test_rows_come_in_the_order_of_tensorflow(tmp_path):
    seen = []

    class Seen(tf.train.SessionRunHook):
        def before_run(self, run_context):
            return tf.train.SessionRunArgs(tf.get_default_graph().get_tensor_by_name("input:0"))

        def after_run(self, run_context, run_values):
            seen.append(run_values.results[:, 0].tolist())

    rows = np.arange(5, dtype=np.float32)
    learn.SKCompat(made(tmp_path)).fit(rows, rows, batch_size=2, steps=6, monitors=[Seen()])
    # What TensorFlow 1.15 feeds: RandomState(42) shuffles once for each time through.
    assert seen == [[1, 4], [2, 0], [3], [3, 1], [2, 0], [4]]


def test_an_input_function_with_names_params_and_metrics(tmp_path):
    def input_fn():
        return {"x": tf.constant(INPUTS)}, tf.constant(LABELS)

    estimator = made(tmp_path, full_model, params={"factor": 10.0})
    estimator.fit(input_fn=input_fn, max_steps=20)
    estimator.fit(input_fn=input_fn, max_steps=20)
    spec = learn.MetricSpec(tf.metrics.mean_squared_error, prediction_key="y")
    found = estimator.evaluate(input_fn=input_fn, steps=2, metrics={"ten": spec})
    assert set(found) == {"ten", "error", "loss", "global_step"}
    assert found["global_step"] == 20
    rows = list(estimator.predict(input_fn=input_fn, outputs=["y"]))
    assert len(rows) == 25
    assert list(rows[0]) == ["y"]
    ten = np.mean((np.array([row["y"] for row in rows]) - LABELS) ** 2)
    np.testing.assert_allclose(found["ten"], ten, rtol=1e-5)


def test_validation_stops_early_where_it_gets_no_better(tmp_path):
    config = learn.RunConfig(save_checkpoints_steps=5)
    monitor = learn.monitors.ValidationMonitor(
        INPUTS, -LABELS, every_n_steps=5, early_stopping_rounds=10, check_interval_secs=None
    )
    capture = learn.monitors.CaptureVariable("global_step:0", every_n=4)
    estimator = made(tmp_path, config=config)
    estimator.fit(INPUTS, LABELS, steps=300, batch_size=25, monitors=[monitor, capture])
    assert monitor.early_stopped
    assert estimator.get_variable_value("global_step") < 40
    assert monitor.best_metrics["loss"] == monitor.best_value
    assert list(capture.values)[:3] == [1, 5, 9]


def test_an_experiment_runs(tmp_path):
    def input_fn():
        return tf.constant(INPUTS), tf.constant(LABELS)

    def experiment(run_config, hparams):
        return learn.Experiment(
            learn.Estimator(model, config=run_config), input_fn, input_fn, train_steps=12, eval_steps=1
        )

    config = learn.RunConfig(model_dir=str(tmp_path))
    found, exported = learn.learn_runner.run(experiment, run_config=config)
    assert (found["global_step"], exported) == (12, [])
    with pytest.raises(ValueError, match="Schedule references non-existent task"):
        learn.learn_runner.run(experiment, run_config=config, schedule="serve")


def test_what_makes_no_sense_is_said(tmp_path):
    estimator = made(tmp_path)
    with pytest.raises(learn.NotFittedError, match="Couldn't find trained model at"):
        estimator.evaluate(INPUTS, LABELS)
    with pytest.raises(ValueError, match="Either x or input_fn must be provided"):
        estimator.fit()
    with pytest.raises(ValueError, match="Can not provide both input_fn and x or y"):
        estimator.fit(INPUTS, LABELS, input_fn=lambda: None)
    with pytest.raises(ValueError, match="same number of rows"):
        estimator.fit(INPUTS, LABELS[:3], steps=1)
    with pytest.raises(ValueError, match="does not have a params argument"):
        made(tmp_path, params={})
    with pytest.raises(ValueError, match="Unrecognized value returned by model_fn"):
        made(tmp_path, lambda features, labels: features).fit(INPUTS, LABELS, steps=1)
    with pytest.raises(NotImplementedError, match="export_saved_model"):
        estimator.export("somewhere")
