"""`tf.contrib.predictor`: saved models and estimators as functions, with TensorFlow's words where they are
called wrongly.
"""

import numpy as np
import pytest

import ostinato.tf1 as tf


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = str(tmp_path_factory.mktemp("models") / "one")
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 3, 2], name="x")
        scale = tf.placeholder_with_default(2.0, [], name="scale")
        outputs, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.GRUCell(2), x * scale, dtype=tf.float32)
        session.run(tf.global_variables_initializer())
        tf.saved_model.simple_save(session, path, {"x": x, "scale": scale}, {"outputs": outputs})
    return path


def test_a_saved_model_is_a_function(folder):
    predict = tf.contrib.predictor.from_saved_model(folder)
    x = np.random.RandomState(0).randn(2, 3, 2)
    found = predict({"x": x})["outputs"]
    np.testing.assert_array_equal(predict({"x": 2 * x, "scale": 1.0})["outputs"], found)
    named = tf.contrib.predictor.from_saved_model(
        folder, input_names={"these": "x:0"}, output_names={"those": "rnn/transpose_1:0"}
    )
    np.testing.assert_array_equal(named({"these": x})["those"], found)
    assert sorted(predict.feed_tensors) == ["scale", "x"]
    assert predict.fetch_tensors["outputs"].graph is predict.graph
    assert repr(predict).startswith("SavedModelPredictor with feed tensors {'")


def test_what_is_wrong_is_said(folder):
    make = tf.contrib.predictor.from_saved_model
    with pytest.raises(ValueError, match=r"Got unexpected keys in input_dict: {'z'}"):
        make(folder)({"z": 1})
    with pytest.raises(ValueError, match=r'Got signature_def_key "other". Available signatures are'):
        make(folder, "other")
    with pytest.raises(ValueError, match="must both be specified or both be unspecified"):
        make(folder, input_names={"x": "x:0"})
    with pytest.raises(ValueError, match="at most one of signature_def_key"):
        make(folder, "serving_default", input_names={"x": "x:0"}, output_names={})


def test_an_estimator_is_a_function(tmp_path):
    def model(features, labels, mode):
        y = tf.layers.dense(features["x"], 1)
        if mode == tf.estimator.ModeKeys.PREDICT:
            outputs = {"serving_default": tf.estimator.export.PredictOutput({"y": y})}
            return tf.estimator.EstimatorSpec(mode, {"y": y}, export_outputs=outputs)
        loss = tf.losses.mean_squared_error(labels, y)
        train = tf.train.GradientDescentOptimizer(0.1).minimize(loss, tf.train.get_global_step())
        return tf.estimator.EstimatorSpec(mode, y, loss, train)

    ones = {"x": np.ones([2, 2], np.float32)}
    given = tf.estimator.inputs.numpy_input_fn(ones, np.ones([2, 1], np.float32), shuffle=False)
    estimator = tf.estimator.Estimator(model, str(tmp_path))
    estimator.train(given, steps=1)
    with tf.Graph().as_default():
        features = {"x": tf.placeholder(tf.float32, [None, 2], name="x")}
        receive = tf.estimator.export.build_raw_serving_input_receiver_fn(features)
    predict = tf.contrib.predictor.from_estimator(estimator, receive)
    expected = [row["y"] for row in estimator.predict(given)]
    np.testing.assert_allclose(predict(ones)["y"], expected, rtol=1e-6)
    with pytest.raises(KeyError, match="output_key must be one of"):
        tf.contrib.predictor.from_estimator(estimator, receive, "other")
