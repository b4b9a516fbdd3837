"""`tf.estimator`: a model trained, evaluated, asked and exported, to TensorFlow 1.15's numbers."""

import numpy as np
import pytest

import ostinato.tf1 as tf

RANDOM = np.random.RandomState(0)
X = RANDOM.randn(200, 5).astype("float32")
Y = (X[:, 0] + X[:, 1] > 0).astype("int32")


def model_fn(features, labels, mode, params):
    hidden = tf.layers.dense(
        features["x"], params["units"], tf.nn.relu, kernel_initializer=tf.constant_initializer(0.1)
    )
    logits = tf.layers.dense(hidden, 2, kernel_initializer=tf.constant_initializer(0.05))
    classes = tf.argmax(logits, 1)
    if mode == tf.estimator.ModeKeys.PREDICT:
        return tf.estimator.EstimatorSpec(mode, {"class": classes, "p": tf.nn.softmax(logits)})
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(logits=logits, labels=labels))
    optimizer = tf.train.GradientDescentOptimizer(0.1)
    train = optimizer.minimize(loss, global_step=tf.train.get_global_step())
    metrics = {"accuracy": tf.metrics.accuracy(labels, classes)}
    return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=train, eval_metric_ops=metrics)


def batches(**options):
    return tf.estimator.inputs.numpy_input_fn({"x": X}, Y, shuffle=False, **options)


def dataset():
    return tf.data.Dataset.from_tensor_slices(({"x": X}, Y)).repeat().batch(20)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """An estimator after 20 steps."""
    config = tf.estimator.RunConfig(save_checkpoints_steps=10)
    folder = str(tmp_path_factory.mktemp("model"))
    estimator = tf.estimator.Estimator(model_fn, folder, params={"units": 4}, config=config)
    return estimator.train(batches(batch_size=20, num_epochs=None), steps=20)


def test_what_was_trained_is_what_tensorflow_trains(trained):
    found = trained.evaluate(batches(batch_size=50))
    assert found["global_step"] == 20
    assert found["accuracy"] == pytest.approx(0.635, abs=1e-6)
    assert found["loss"] == pytest.approx(0.6844761, abs=1e-6)


@pytest.mark.parametrize(
    ("input_fn", "first"),
    [
        (tf.estimator.inputs.numpy_input_fn({"x": X[:, :2]}, Y, shuffle=True), [0.08339846, 0.49882817]),
        (tf.estimator.inputs.numpy_input_fn({"x": X[:, :2]}, Y, shuffle=False), [0.08339846, 0.49882817]),
        (lambda: ({"x": tf.constant(X[:, :2])}, tf.constant(Y)), [0.60845745, 1.3532056]),
    ],
)
def test_a_seed_gives_tensorflows_initial_weights(tmp_path, input_fn, first):
    """They are seeded with the number of nodes: the step's that is read, and the input's, count."""
    seen = []

    def model(features, labels, mode):
        answer = tf.layers.dense(tf.reshape(features["x"], [-1, 2]), 1)
        loss = tf.losses.mean_squared_error(tf.reshape(labels, [-1, 1]), answer)
        return tf.estimator.EstimatorSpec(mode, answer, loss, tf.assign_add(tf.train.get_global_step(), 1).op)

    class Look(tf.train.SessionRunHook):
        def after_create_session(self, session, coord):
            seen.extend(session.run(tf.trainable_variables()))

    config = tf.estimator.RunConfig(tf_random_seed=3)
    tf.estimator.Estimator(model, str(tmp_path), config).train(input_fn, hooks=[Look()], steps=1)
    np.testing.assert_allclose(seen[0].ravel(), first, rtol=1e-6)


def test_a_pandas_frame_is_read_in_order():
    class Frame(dict):  # what is used of pandas.DataFrame
        index = np.arange(10, 15)
        columns = property(lambda self: list(self))
        copy = lambda self: Frame(self)  # noqa: E731
        __len__ = lambda self: 5  # noqa: E731

    class Series(np.ndarray):
        index = Frame.index

    frame = Frame(a=np.arange(5.0), b=np.array(["u", "v", "w", "x", "y"], object))
    fn = tf.estimator.inputs.pandas_input_fn(frame, np.arange(5).view(Series), 3, shuffle=False)
    with tf.Graph().as_default():
        features, target = fn()
        with tf.train.MonitoredSession() as session:
            (first, labels), (rest, _) = session.run((features, target)), session.run((features, target))
            with pytest.raises(tf.errors.OutOfRangeError):
                session.run(target)
    assert first["b"].tolist() == [b"u", b"v", b"w"]
    assert labels.tolist() == [0, 1, 2]
    assert rest["a"].tolist() == [3.0, 4.0]


def test_predictions_come_example_by_example(trained):
    asked = tf.estimator.inputs.numpy_input_fn({"x": X[:3]}, shuffle=False)
    rows = list(trained.predict(asked))
    assert [int(row["class"]) for row in rows] == [1, 0, 1]
    assert rows[0]["p"].shape == (2,)
    (whole,) = trained.predict(asked, predict_keys="class", yield_single_examples=False)
    assert list(whole) == ["class"]
    assert whole["class"].shape == (3,)


def test_variables_are_the_checkpoints(trained):
    assert trained.get_variable_names() == [
        "dense/bias",
        "dense/kernel",
        "dense_1/bias",
        "dense_1/kernel",
        "global_step",
    ]
    assert trained.get_variable_value("global_step") == 20


def test_training_goes_on_evaluates_and_stops_at_the_last_step(tmp_path):
    config = tf.estimator.RunConfig(save_checkpoints_steps=10)
    estimator = tf.estimator.Estimator(model_fn, str(tmp_path), params={"units": 4}, config=config)
    estimator.train(dataset, steps=30)
    spec = tf.estimator.TrainSpec(dataset, max_steps=45)
    found, _ = tf.estimator.train_and_evaluate(
        estimator, spec, tf.estimator.EvalSpec(dataset, steps=3, throttle_secs=0)
    )
    assert found["global_step"] == 45
    assert found["accuracy"] == pytest.approx(0.75, abs=1e-6)
    assert found["loss"] == pytest.approx(0.65008783, abs=2e-6)
    assert estimator.train(dataset, max_steps=45).get_variable_value("global_step") == 45
    assert list((tmp_path / "eval").iterdir())


def test_a_trained_model_begins_another(trained, tmp_path):
    later = tf.estimator.Estimator(
        model_fn, str(tmp_path), params={"units": 4}, warm_start_from=trained.model_dir
    )
    later.train(dataset, steps=1)
    begun = trained.get_variable_value("dense/kernel")
    np.testing.assert_allclose(later.get_variable_value("dense/kernel"), begun, atol=0.02)
    assert not np.allclose(begun, 0.1, atol=1e-3)


def test_an_export_is_loaded_and_asked(trained, tmp_path):
    with tf.Graph().as_default():
        features = {"x": tf.placeholder(tf.float32, [None, 5])}
        receive = tf.estimator.export.build_raw_serving_input_receiver_fn(features)
    folder = trained.export_savedmodel(str(tmp_path), receive).decode()
    with tf.Graph().as_default(), tf.Session() as session:
        meta = tf.saved_model.loader.load(session, ["serve"], folder)
        signature = meta.signature_def["serving_default"]
        fed, given = signature.inputs["x"].name, signature.outputs["class"].name
        assert session.run(given, {fed: X[:3]}).tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: tf.estimator.Estimator(None), ValueError, "model_fn must be provided"),
        (lambda: tf.estimator.Estimator(lambda x: 3), ValueError, "must include features argument"),
        (lambda: tf.estimator.Estimator(lambda features, other: 3), ValueError, "not expected args"),
        (lambda: tf.estimator.EstimatorSpec("train", loss=3.0), ValueError, "Missing train_op"),
        (lambda: tf.estimator.EstimatorSpec("eval"), ValueError, "Missing loss"),
        (lambda: tf.estimator.EstimatorSpec("infer"), ValueError, "Missing predictions"),
        (
            lambda: tf.estimator.RunConfig(save_checkpoints_steps=1, save_checkpoints_secs=1),
            ValueError,
            "both",
        ),
        (lambda: tf.estimator.TrainSpec(3), TypeError, "`input_fn` must be callable"),
        (lambda: tf.estimator.EvalSpec(batches(), steps=0), ValueError, "Must specify steps > 0"),
        (lambda: tf.estimator.inputs.numpy_input_fn({"x": X}, Y), ValueError, "shuffle must be provided"),
        (
            lambda: tf.estimator.inputs.numpy_input_fn({"x": X}, Y[:3], shuffle=False)(),
            ValueError,
            "mismatched",
        ),
        (lambda: tf.estimator.BoostedTreesClassifier, AttributeError, "model_fn"),
        (tf.enable_eager_execution, tf.errors.UnimplementedError, "tf.Session"),
        (lambda: tf.contrib.eager.Variable, AttributeError, "tf.Session"),
    ],
)
def test_what_is_wrong_is_told(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_a_number_of_steps_that_is_none_is_told(trained):
    with pytest.raises(ValueError, match="both steps and max_steps"):
        trained.train(dataset, steps=1, max_steps=1)
    with pytest.raises(ValueError, match="Must specify steps > 0"):
        trained.evaluate(dataset, steps=0)
    with pytest.raises(ValueError, match="Expected to run at least one output"):
        list(trained.predict(batches(), predict_keys="nothing"))
