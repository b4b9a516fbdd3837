"""Ready-made models, trained to TensorFlow 1.15's numbers: linear ones begin with zeros, so all agrees."""

import numpy as np
import pytest

import ostinato.tf1 as tf

fc, layers, learn = tf.feature_column, tf.contrib.layers, tf.contrib.learn
RANDOM = np.random.RandomState(0)
SIZE = 64
FEATURES = {
    "a": RANDOM.randn(SIZE).astype(np.float32),
    "b": RANDOM.randn(SIZE, 3).astype(np.float32),
    "w": RANDOM.choice(["x", "y", "z", "q"], SIZE),
    "k": RANDOM.randint(0, 5, SIZE),
    "wt": RANDOM.rand(SIZE).astype(np.float32),
}
TWO = (FEATURES["a"] + FEATURES["b"][:, 0] + (FEATURES["w"] == "x") > 0.3).astype(np.int32)
THREE = RANDOM.randint(0, 3, SIZE)
NUMBERS = (FEATURES["a"] * 2 + FEATURES["b"].sum(1)).astype(np.float32)
NUMERIC = [fc.numeric_column("a"), fc.numeric_column("b", 3)]
WORDS = fc.categorical_column_with_vocabulary_list("w", ["x", "y", "z"])
IDS = fc.categorical_column_with_identity("k", 5)
WIDE = [WORDS, IDS, fc.crossed_column(["w", "k"], 20), fc.bucketized_column(NUMERIC[0], [-1.0, 0.0, 1.0])]


def batches(labels=None, epochs=None):
    return tf.estimator.inputs.numpy_input_fn(
        FEATURES, labels, batch_size=16, num_epochs=epochs, shuffle=False
    )


@pytest.mark.parametrize(
    ("make", "labels", "expected"),
    [
        (
            lambda path: tf.estimator.LinearRegressor(
                NUMERIC + WIDE,
                path,
                optimizer=tf.train.FtrlOptimizer(0.1, l1_regularization_strength=0.01),
            ),
            NUMBERS,
            {"average_loss": 1.5554, "label/mean": 0.15825},
        ),
        (
            lambda path: tf.estimator.BaselineRegressor(path),
            NUMBERS,
            {"average_loss": 7.31229, "prediction/mean": 0.08298},
        ),
    ],
    ids=["linear", "baseline"],
)
def test_what_was_trained_is_what_tensorflow_trains(tmp_path, make, labels, expected):
    estimator = make(str(tmp_path)).train(batches(labels), steps=20)
    found = estimator.evaluate(batches(labels, 1))
    assert {key: float(found[key]) for key in expected} == pytest.approx(expected, abs=2e-5, rel=1e-5)


def test_a_network_learns_is_exported_and_asked(tmp_path):
    wide, deep = [fc.crossed_column([WORDS, IDS], 20)], [NUMERIC[1], fc.embedding_column(WORDS, 2)]
    estimator = tf.estimator.DNNLinearCombinedClassifier(
        str(tmp_path / "model"),
        wide,
        "Ftrl",
        deep,
        "Adam",
        [4],
        dnn_dropout=0.1,
        batch_norm=True,
        label_vocabulary=["no", "yes"],
        weight_column="wt",
        config=tf.estimator.RunConfig(tf_random_seed=1),
    )
    labels = np.array(["no", "yes"])[TWO]
    estimator.train(batches(labels), steps=2)
    names = estimator.get_variable_names()
    assert "dnn/input_from_feature_columns/input_layer/w_embedding/embedding_weights" in names
    assert "linear/linear_model/k_X_w/weights" in names
    assert estimator.get_variable_value("dnn/hiddenlayer_0/kernel").shape == (5, 4)
    row = next(estimator.predict(batches(None, 1)))
    assert sorted(row) == [
        "all_class_ids",
        "all_classes",
        "class_ids",
        "classes",
        "logistic",
        "logits",
        "probabilities",
    ]
    assert row["all_classes"].tolist() == [b"no", b"yes"]
    spec = fc.make_parse_example_spec(wide + deep)
    receive = tf.estimator.export.build_parsing_serving_input_receiver_fn(spec)
    folder = estimator.export_saved_model(str(tmp_path / "export"), receive)
    with tf.Graph().as_default(), tf.Session() as session:
        meta = tf.saved_model.loader.load(session, ["serve"], folder.decode())
        assert set(meta.signature_def) >= {"serving_default", "predict"}


def test_a_shared_table_is_one_variable(tmp_path):
    columns = fc.shared_embedding_columns([IDS, fc.categorical_column_with_identity("j", 5)], 2)
    estimator = tf.estimator.DNNRegressor([3], columns, str(tmp_path))

    def input_fn():
        return {key: tf.constant([1, 2]) for key in "kj"}, tf.constant([1.0, 2.0])

    estimator.train(input_fn, steps=2)
    (name,) = [name for name in estimator.get_variable_names() if name.endswith("embedding_weights")]
    assert estimator.get_variable_value(name).shape == (5, 2)


def test_models_are_exported_as_they_are_evaluated(tmp_path):
    def receive():
        fed = tf.placeholder(tf.float32, [None])
        return tf.estimator.export.ServingInputReceiver({"a": fed}, {"a": fed})

    exporters = [tf.estimator.FinalExporter("last", receive), tf.estimator.LatestExporter("all", receive)]
    config = tf.estimator.RunConfig(save_checkpoints_steps=2)
    estimator = tf.estimator.BaselineRegressor(str(tmp_path), config=config)
    _, made = tf.estimator.train_and_evaluate(
        estimator,
        tf.estimator.TrainSpec(batches(NUMBERS), max_steps=4),
        tf.estimator.EvalSpec(batches(NUMBERS, 1), exporters=exporters, throttle_secs=0),
    )
    assert [len(list((tmp_path / "export" / name).iterdir())) for name in ("last", "all")] == [1, 2]
    assert all(str(tmp_path) in path.decode() for path in made)


class Initial(tf.train.SessionRunHook):
    """The values that training begins with."""

    def after_create_session(self, session, coord):
        self.values = {v.op.name: session.run(v) for v in tf.trainable_variables()}


def test_a_seed_gives_tensorflows_network(tmp_path):
    columns = [*NUMERIC, fc.embedding_column(WORDS, 4), fc.indicator_column(IDS)]
    config, initial = tf.estimator.RunConfig(tf_random_seed=3), Initial()
    estimator = tf.estimator.DNNClassifier([8, 4], columns, str(tmp_path), config=config)
    estimator.train(batches(TWO), hooks=[initial], steps=20)
    first = initial.values["dnn/hiddenlayer_0/kernel/part_0"].ravel()[:3]
    np.testing.assert_allclose(first, [-0.31703, -0.01691, -0.3368], atol=1e-5)
    first = initial.values["dnn/logits/kernel/part_0"].ravel()[:3]
    np.testing.assert_allclose(first, [0.01639, -0.24983, -0.09409], atol=1e-5)
    found = estimator.evaluate(batches(TWO, 1))
    expected = {"average_loss": 0.49262, "accuracy": 0.84375, "auc": 0.95089, "recall": 0.64286}
    assert {key: float(found[key]) for key in expected} == pytest.approx(expected, abs=2e-5)


def test_what_is_wrong_is_told():
    with pytest.raises(ValueError, match="Unsupported optimizer name: Best"):
        tf.estimator.DNNClassifier([2], NUMERIC, optimizer="Best").train(batches(TWO), steps=1)
    with pytest.raises(ValueError, match="must be defined"):
        tf.estimator.DNNLinearCombinedRegressor()
    with pytest.raises(ValueError, match="Mismatched label shape"):
        tf.estimator.LinearClassifier(NUMERIC).train(batches(np.eye(3)[THREE]), steps=1)
    with pytest.raises(ValueError, match="n_classes must be > 2"):
        tf.estimator.DNNClassifier([2], NUMERIC, n_classes=1)
    with pytest.raises(ValueError, match="Labels dtype should be integer"):
        tf.estimator.LinearClassifier(NUMERIC, n_classes=3).train(batches(NUMBERS), steps=1)


# -- tf.contrib.learn
ROWS = np.random.RandomState(0).randn(SIZE, 3).astype(np.float32)
SUMS = (ROWS.sum(1) * 2).astype(np.float32)
SIGNS = (ROWS[:, 0] + ROWS[:, 1] > 0.3).astype(np.int32)


def test_older_models_of_arrays_are_tensorflows(tmp_path):
    columns = learn.infer_real_valued_columns_from_input(ROWS)
    assert columns[0].dimension == 3
    regressor = learn.LinearRegressor(columns, str(tmp_path)).fit(ROWS, SUMS, steps=10)
    assert regressor.evaluate(ROWS, SUMS)["loss"] == pytest.approx(4.200123, abs=2e-5)
    np.testing.assert_allclose(list(regressor.predict(ROWS))[:2], [2.9858625, 2.952327], rtol=1e-5)


def test_older_classifiers(tmp_path):
    columns = [layers.real_valued_column("", 3)]
    classifier = learn.DNNClassifier([4], columns, str(tmp_path), config=learn.RunConfig(tf_random_seed=2))
    classifier.fit(ROWS, SIGNS, steps=30, batch_size=16)
    assert classifier.evaluate(ROWS, SIGNS)["accuracy"] > 0.6
    assert set(classifier.predict(ROWS)) <= {0, 1}
    assert np.array(list(classifier.predict_proba(ROWS))).shape == (SIZE, 2)
    both = learn.DNNLinearCombinedClassifier(
        linear_feature_columns=columns, dnn_feature_columns=columns, dnn_hidden_units=[3]
    )
    # Each of the two optimizers counts a step.
    assert both.fit(ROWS, SIGNS, steps=3).get_variable_value("global_step") == 4
    with pytest.raises(ValueError, match="enable_centered_bias"):
        learn.LinearClassifier(columns, enable_centered_bias=True)


# -- tf.contrib.estimator
def sequences(labels):
    def input_fn():
        places = [[0, 0], [0, 1], [0, 2], [1, 0], [2, 0], [2, 1], [3, 0]]
        words = tf.SparseTensor(places, ["a", "b", "c", "b", "c", "c", "a"], [4, 3])
        numbers = tf.SparseTensor(places, [1.0, 2.0, 3.0, -1.0, 0.5, 0.2, 0.1], [4, 3])
        return {"w": words, "n": numbers, "c": tf.constant([1.0, 2.0, 3.0, 4.0])}, tf.constant(labels)

    return input_fn


def test_recurrent_classifiers_begin_as_tensorflows(tmp_path):
    columns = tf.contrib.feature_column
    words = columns.sequence_categorical_column_with_vocabulary_list("w", ["a", "b", "c"])
    given = [fc.embedding_column(words, 3), columns.sequence_numeric_column("n")]
    initial, config = Initial(), tf.estimator.RunConfig(tf_random_seed=3)
    classifier = tf.contrib.estimator.RNNClassifier(
        given, [fc.numeric_column("c")], [4], "gru", model_dir=str(tmp_path), config=config
    )
    classifier.train(sequences([0, 1, 1, 0]), hooks=[initial], steps=3)
    table = initial.values[
        "rnn/sequence_input_layer/sequence_input_layer/w_embedding/embedding_weights/part_0"
    ]
    np.testing.assert_allclose(table.ravel()[:3], [0.22868, 0.39106, 0.53346], atol=1e-5)
    gates = initial.values["rnn/rnn/gru_cell/gates/kernel/part_0"]
    np.testing.assert_allclose(gates.ravel()[:3], [-0.0261, 0.45814, -0.588], atol=1e-5)
    assert {"accuracy", "auc", "loss"} <= set(classifier.evaluate(sequences([0, 1, 1, 0]), steps=1))
    with pytest.raises(ValueError, match="must not be specified when using rnn_cell_fn"):
        tf.contrib.estimator.RNNClassifier(given, num_units=[3], rnn_cell_fn=lambda mode: None)


def test_heads_of_ones_own_models_and_more_metrics(tmp_path):
    heads, number = tf.contrib.estimator, fc.numeric_column("a")
    counts = tf.estimator.LinearEstimator(heads.poisson_regression_head(), [number], str(tmp_path))
    labels = np.arange(SIZE, dtype=np.float32) % 5
    counts.train(batches(labels), steps=2)
    row = next(counts.predict(batches(None, 1)))
    np.testing.assert_allclose(row["predictions"], np.exp(row["logits"]), rtol=1e-6)

    def also(labels, predictions):
        return {"error": tf.metrics.mean_absolute_error(labels, predictions["predictions"][:, 0])}

    assert heads.add_metrics(counts, also).evaluate(batches(labels, 1))["error"] > 0
    with pytest.raises(ValueError, match="Invalid loss_reduction"):
        heads.multi_class_head(3, loss_reduction=tf.losses.Reduction.NONE)
    with pytest.raises(ValueError, match="loss_fn must contain argument: labels"):
        heads.regression_head(loss_fn=lambda logits: logits)


def test_gradients_are_clipped_before_they_are_applied():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.Variable([3.0, 4.0])
        inner = tf.train.GradientDescentOptimizer(1.0)
        step = tf.contrib.estimator.clip_gradients_by_norm(inner, 1.0).minimize(tf.nn.l2_loss(x))
        session.run(tf.global_variables_initializer())
        session.run(step)
        np.testing.assert_allclose(session.run(x), [2.4, 3.2], rtol=1e-6)
