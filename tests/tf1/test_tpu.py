"""tf.contrib.tpu without a TPU, beside figures of TensorFlow 1.15 with use_tpu=False."""

import numpy as np
import pytest

import ostinato.tf1 as tf

tpu = tf.contrib.tpu
SEEN = []


def model_fn(features, labels, mode, params):
    SEEN.append((mode, dict(params)))
    w = tf.get_variable("w", [3, 1], initializer=tf.ones_initializer())
    y = tf.matmul(features["x"], w)
    if mode == tf.estimator.ModeKeys.PREDICT:
        return tpu.TPUEstimatorSpec(mode=mode, predictions={"y": y})
    loss = tf.reduce_mean((y - labels) ** 2)
    if mode == tf.estimator.ModeKeys.TRAIN:
        optimizer = tpu.CrossShardOptimizer(tf.train.GradientDescentOptimizer(0.1))
        step = optimizer.minimize(loss, tf.train.get_global_step())
        return tpu.TPUEstimatorSpec(mode=mode, loss=loss, train_op=step, scaffold_fn=tf.train.Scaffold)

    def metric_fn(y, labels):
        return {"mae": tf.metrics.mean(tf.abs(y - labels))}

    return tpu.TPUEstimatorSpec(mode=mode, loss=loss, eval_metrics=(metric_fn, [y, labels]))


def input_fn(params):
    SEEN.append(dict(params))
    x = np.arange(24, dtype=np.float32).reshape(8, 3) / 10
    rows = tf.data.Dataset.from_tensor_slices(({"x": x}, x.sum(1, keepdims=True) * 2)).repeat(2)
    return rows.batch(params["batch_size"], drop_remainder=True)


def test_it_trains_evaluates_and_predicts(tmp_path):
    SEEN.clear()
    config = tpu.RunConfig(
        cluster=None,
        model_dir=str(tmp_path),
        save_checkpoints_steps=10,
        tpu_config=tpu.TPUConfig(5, 8, per_host_input_for_training=tpu.InputPipelineConfig.PER_HOST_V2),
    )
    estimator = tpu.TPUEstimator(
        model_fn,
        config=config,
        params={"a": 1},
        use_tpu=False,
        train_batch_size=4,
        eval_batch_size=2,
        predict_batch_size=8,
    )
    estimator.train(input_fn, max_steps=3)
    measured = estimator.evaluate(input_fn, steps=3)
    guesses = [row["y"][0] for row in estimator.predict(input_fn)]
    assert measured == pytest.approx({"global_step": 3, "loss": 2.318040609, "mae": 1.308667064}, rel=1e-5)
    assert guesses[:3] == pytest.approx([0.7696533203, 3.0252587795, 5.2808642387], rel=1e-5)
    assert SEEN == [
        {"a": 1, "batch_size": 4},
        ("train", {"a": 1, "batch_size": 4, "use_tpu": False}),
        {"a": 1, "batch_size": 2},
        ("eval", {"a": 1, "batch_size": 2, "use_tpu": False}),
        {"a": 1, "batch_size": 8},
        ("infer", {"a": 1, "batch_size": 8, "use_tpu": False}),
    ]
    assert estimator.params == {"a": 1}
    assert estimator.config.tpu_config.iterations_per_loop == 5


def test_the_configuration_keeps_what_it_is_given():
    assert tpu.TPUConfig() == (2, None, None, 2, None, None, None, 2, 1)
    assert tpu.TPUConfig(per_host_input_for_training=False).per_host_input_for_training == 1


def test_what_is_refused():
    with pytest.raises(ValueError, match=r"are reserved keys but existed in params \{'batch_size': 3\}"):
        tpu.TPUEstimator(model_fn, config=tpu.RunConfig(), use_tpu=False, params={"batch_size": 3})
    with pytest.raises(ValueError, match=r"`config` must be provided with type `tpu_config\.RunConfig`"):
        tpu.TPUEstimator(model_fn, config=tf.estimator.RunConfig(), use_tpu=False)
    with pytest.raises(ValueError, match="no TPUs here: pass use_tpu=False"):
        tpu.TPUEstimator(model_fn, config=tpu.RunConfig(), train_batch_size=4)
    with pytest.raises(ValueError, match="master='grpc://there'"):
        tpu.RunConfig(master="grpc://there")
    with pytest.raises(ValueError, match="Invalid TPUConfig `iterations_per_loop` value"):
        tpu.TPUConfig(0)
    for name in ("eval_metrics", "host_call"):
        with pytest.raises(TypeError, match=rf"{name}\[0\] should be callable."):
            tpu.TPUEstimatorSpec("train", **{name: (1, [2])})
    with pytest.raises(TypeError, match="CrossShardOptimizer only works with"):
        tpu.CrossShardOptimizer(3)
    with pytest.raises(AttributeError, match="pass cluster=None"):
        tf.contrib.cluster_resolver  # noqa: B018
