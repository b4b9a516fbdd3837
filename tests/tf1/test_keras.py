"""Models of tf.keras: training, states, masks, files and callbacks, with TensorFlow 1.15's numbers."""

import re

import numpy as np
import pytest

import ostinato.tf1 as tf

layers = tf.keras.layers


@pytest.fixture(autouse=True)
def _new_session():
    tf.keras.backend.clear_session()
    yield
    tf.keras.backend.clear_session()


def _with_weights(model):
    draws = np.random.RandomState(1)
    model.set_weights([draws.uniform(-0.4, 0.4, value.shape) for value in model.get_weights()])
    return model


def _classifier():
    return _with_weights(
        tf.keras.Sequential([layers.LSTM(4, input_shape=(5, 3)), layers.Dense(2, activation="softmax")])
    )


def _data():
    draws = np.random.RandomState(0)
    return draws.randn(20, 5, 3).astype("float32"), draws.randint(0, 2, 20)


def test_a_sequential_model_trains_as_tensorflows_does():
    model, (x, y) = _classifier(), _data()
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(
        x, y, epochs=2, batch_size=8, shuffle=False, verbose=0, validation_data=(x, y)
    ).history
    assert model.metrics_names == ["loss", "acc"]
    np.testing.assert_allclose(history["loss"], [0.67135, 0.67106], atol=1e-5)
    np.testing.assert_allclose(history["val_loss"], [0.67105, 0.67076], atol=1e-5)
    np.testing.assert_allclose(history["val_acc"], [0.65, 0.65], atol=1e-6)
    assert [variable.name for variable in model.weights] == [
        "lstm/kernel:0",
        "lstm/recurrent_kernel:0",
        "lstm/bias:0",
        "dense/kernel:0",
        "dense/bias:0",
    ]


@pytest.mark.parametrize(
    ("optimizer", "losses"),
    [
        ("rmsprop", [1.741708, 1.737514, 1.734975]),
        ("adam", [1.741653, 1.739511, 1.737684]),
        ("nadam", [1.741726, 1.740113, 1.738735]),
    ],
)
def test_a_functional_model_with_masks_trains_as_tensorflows_does(optimizer, losses):
    draws = np.random.RandomState(2)
    ids = layers.Input((5,), dtype="int32")
    hidden = layers.Embedding(10, 4, mask_zero=True)(ids)
    hidden = layers.Bidirectional(layers.GRU(3, return_sequences=True))(hidden)
    outputs = layers.TimeDistributed(layers.Dense(6, activation="softmax"))(hidden)
    model = _with_weights(tf.keras.Model(ids, outputs))
    model.compile(optimizer, "categorical_crossentropy", metrics=["acc"])
    x = draws.randint(0, 10, (12, 5))
    y = tf.keras.utils.to_categorical(draws.randint(0, 6, (12, 5)), 6)
    found = model.fit(x, y, epochs=3, batch_size=4, shuffle=False, verbose=0).history["loss"]
    np.testing.assert_allclose(found, losses, atol=1e-5)
    assert outputs._keras_mask is not None
    assert model.output_shape == (None, 5, 6)


def test_a_stateful_layer_begins_where_it_ended():
    model = tf.keras.Sequential([layers.GRU(3, stateful=True, batch_input_shape=(2, 4, 5))])
    x = np.random.RandomState(3).randn(2, 8, 5).astype("float32")
    whole = tf.keras.Sequential([layers.GRU(3, input_shape=(None, 5))])
    whole.set_weights(model.get_weights())
    model.predict(x[:, :4], batch_size=2)
    np.testing.assert_allclose(model.predict(x[:, 4:], batch_size=2), whole.predict(x), rtol=1e-5, atol=1e-6)
    model.reset_states()
    np.testing.assert_allclose(
        model.predict(x[:, :4], batch_size=2), whole.predict(x[:, :4]), rtol=1e-5, atol=1e-6
    )


def test_weights_are_written_as_a_checkpoint_and_read_again(tmp_path):
    model, (x, _) = _classifier(), _data()
    model.save_weights(str(tmp_path / "weights"))
    keys = [name for name, _ in tf.train.list_variables(str(tmp_path / "weights"))]
    assert "layer_with_weights-0/cell/kernel/.ATTRIBUTES/VARIABLE_VALUE" in keys
    other = tf.keras.Sequential([layers.LSTM(4, input_shape=(5, 3)), layers.Dense(2, activation="softmax")])
    other.load_weights(str(tmp_path / "weights"))
    np.testing.assert_array_equal(model.predict(x), other.predict(x))
    small = tf.keras.Sequential([layers.Embedding(3, 2, input_length=4)])
    with pytest.raises(ValueError, match="it is of another model"):
        small.load_weights(str(tmp_path / "weights"))


def test_a_model_is_made_again_from_its_configuration():
    model, (x, _) = _classifier(), _data()
    again = tf.keras.models.model_from_json(model.to_json())
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(model.predict(x), again.predict(x))
    inputs = tf.keras.Input((3,))
    joined = layers.Concatenate()([layers.Dense(2)(inputs), layers.Dense(3, activation="tanh")(inputs)])
    first = tf.keras.Model(inputs, joined)
    second = tf.keras.Model.from_config(first.get_config())
    second.set_weights(first.get_weights())
    np.testing.assert_array_equal(first.predict(x[:, 0]), second.predict(x[:, 0]))


def test_a_class_of_ones_own_trains_with_callbacks_and_stops_early():
    class Own(tf.keras.Model):
        def __init__(self):
            super().__init__()
            self.cells = [layers.LSTM(4, return_sequences=True), layers.LSTM(3)]
            self.out = layers.Dense(1)

        def call(self, inputs, training=None):
            for layer in self.cells:
                inputs = layer(inputs)
            return self.out(inputs)

    seen = []
    model, (x, y) = Own(), _data()
    model.compile(tf.train.AdamOptimizer(0.01), tf.keras.losses.MeanSquaredError(), metrics=["mae"])
    callbacks = [
        tf.keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(sorted(logs))),
        tf.keras.callbacks.EarlyStopping(monitor="loss", min_delta=1e6, patience=2),
    ]
    history = model.fit(x, y.astype("float32"), epochs=9, verbose=0, callbacks=callbacks)
    assert len(history.epoch) == 3
    assert seen[0] == ["loss", "mean_absolute_error"]
    assert len(model.trainable_weights) == 8


def test_a_generator_feeds_batches_and_the_rate_is_lowered():
    model, (x, y) = _classifier(), _data()
    model.compile(tf.keras.optimizers.SGD(lr=0.5), "sparse_categorical_crossentropy")

    def batches():
        while True:
            for start in range(0, 20, 5):
                yield x[start : start + 5], y[start : start + 5]

    lower = tf.keras.callbacks.LearningRateScheduler(lambda epoch: 0.5 / (epoch + 1))
    history = model.fit_generator(batches(), steps_per_epoch=4, epochs=2, verbose=0, callbacks=[lower])
    assert history.history["lr"] == [0.5, 0.25]
    assert model.evaluate(x, y, verbose=0) < history.history["loss"][0]


def test_dropout_is_only_while_training():
    inputs = tf.keras.Input((4,))
    outputs = layers.BatchNormalization()(layers.Dropout(0.5)(inputs))
    model = tf.keras.Model(inputs, outputs)
    model.compile("sgd", "mse")
    x = np.ones((8, 4), np.float32)
    before = model.get_weights()
    np.testing.assert_allclose(model.predict(x), x / np.sqrt(1.001), rtol=1e-5)
    model.train_on_batch(x, x)
    assert not np.allclose(before[2], model.get_weights()[2])


def test_misuse_is_told():
    model, (x, y) = _classifier(), _data()
    with pytest.raises(RuntimeError, match="You must compile your model"):
        model.fit(x, y)
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(ValueError, match="Error when checking input: expected lstm_input to have shape"):
        model.fit(x[:, :, :2], y, verbose=0)
    with pytest.raises(ValueError, match="same number of samples"):
        model.fit(x, y[:5], verbose=0)
    with pytest.raises(ValueError, match="Unknown optimizer: sdg; the nearest that there is is sgd"):
        model.compile("sdg", "mse")
    with pytest.raises(ValueError, match="Unknown loss function:mean"):
        model.compile("sgd", "mean")
    with pytest.raises(TypeError, match="The added layer must be an instance of class Layer"):
        model.add("dense")


def test_what_fit_prints(capsys):
    model, (x, y) = _classifier(), _data()
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["acc"])
    number = r"\d\.\d{4}"
    model.fit(x, y, verbose=2)
    line = rf"20/20 - \ds - loss: {number} - acc: {number}\n"
    assert re.fullmatch("Train on 20 samples\n" + line, capsys.readouterr().out)
    model.fit(x, y, epochs=2, batch_size=8, verbose=1)
    line = rf"20/20 \[={{30}}\] - \ds \d+[mu]?s/sample - loss: {number} - acc: {number}\n"
    expected = f"Train on 20 samples\nEpoch 1/2\n{line}Epoch 2/2\n{line}"
    assert re.fullmatch(expected, capsys.readouterr().out)
    model.evaluate(x, y, batch_size=8)
    assert re.fullmatch(line, capsys.readouterr().out)


def test_bidirectional_layers_are_made_again_from_their_configuration():
    there, back = layers.GRU(2), layers.LSTM(2, go_backwards=True)
    for layer in (layers.Bidirectional(there), layers.Bidirectional(layers.LSTM(2), backward_layer=back)):
        model = tf.keras.Sequential([layers.Dense(3, input_shape=(4, 2)), layer])
        again = tf.keras.models.model_from_json(model.to_json())
        again.set_weights(model.get_weights())
        x = np.ones((1, 4, 2), np.float32)
        np.testing.assert_array_equal(again.predict(x), model.predict(x))
        assert [kept.name for kept in again.layers[1]._layers] == [kept.name for kept in layer._layers]
    assert set(layers.Bidirectional(layers.GRU(2)).get_config()) == {
        *("name", "trainable", "dtype", "layer", "merge_mode")
    }


@pytest.mark.parametrize("name", ["ConvLSTM2D", "LocallyConnected2D"])
def test_channels_first_is_channels_last_turned(name):
    tf.keras.backend.clear_session()
    layers, images = tf.keras.layers, np.random.RandomState(0).randn(2, 3, 5, 4, 2).astype("float32")
    found, weights = [], []
    for form in ("channels_last", "channels_first"):
        given = images if form == "channels_last" else np.moveaxis(images, -1, 2)
        given = given if name == "ConvLSTM2D" else given[:, 0]
        layer = getattr(layers, name)(3, 2, data_format=form)
        model = tf.keras.Sequential([layers.InputLayer(given.shape[1:]), layer])
        if found:
            kernel = weights[0]
            if name == "LocallyConnected2D":  # a window's numbers lie channel by channel
                kernel = np.moveaxis(kernel.reshape(-1, 4, 2, 3), 1, 2).reshape(kernel.shape)
            model.set_weights([kernel, *weights[1:]])
        weights = model.get_weights()
        found.append(model.predict(given))
    np.testing.assert_allclose(np.moveaxis(found[1], 1, -1), found[0], rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match='only "valid" is supported'):
        layers.LocallyConnected2D(3, 2, padding="same")


def test_a_metric_of_the_script_s_counts_what_it_does_not_return():
    class Total(tf.keras.metrics.Metric):
        def __init__(self):
            super().__init__(name="total")
            self.sum = self.add_weight(name="sum", initializer="zeros")

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.sum.assign_add(tf.reduce_sum(y_true))

        def result(self):
            return self.sum

    tf.keras.backend.clear_session()
    model = tf.keras.Sequential([tf.keras.layers.Dense(1, input_shape=(2,))])
    model.compile("sgd", "mse", metrics=[Total()])
    history = model.fit(np.ones([6, 2]), np.ones([6, 1]), batch_size=4, epochs=2, verbose=0).history
    assert history["total"] == [6.0, 6.0]
    assert [type(history[name][0]) for name in ("total", "loss")] == [np.float32, np.float64]


def test_attention_by_functions_of_the_backend():
    backend = tf.keras.backend
    backend.clear_session()
    shapes = [(2, 3, 4), (4, 5), (5, 1)]
    x, kernel, vector = (np.random.RandomState(1).randn(*shape).astype("float32") for shape in shapes)
    scores = backend.squeeze(backend.dot(backend.tanh(backend.dot(backend.constant(x), kernel)), vector), -1)
    np.testing.assert_allclose(backend.eval(scores), (np.tanh(x @ kernel) @ vector)[..., 0], rtol=1e-5)


def test_what_is_held_out_of_a_fit_has_the_classes_weights_and_an_order_of_its_own():
    tf.keras.backend.clear_session()
    model = tf.keras.Sequential([tf.keras.layers.Dense(1, input_shape=(1,), kernel_initializer="ones")])
    model.compile(tf.keras.optimizers.SGD(0.0), "mse")
    x, y = np.ones([4, 1]), np.array([[0.0], [0.0], [0.0], [2.0]])
    weights = {0.0: 1.0, 2.0: 10.0}
    state = np.random.RandomState(5)
    np.random.seed(5)
    history = model.fit(x, y, epochs=2, validation_split=0.25, class_weight=weights, verbose=0).history
    assert history["val_loss"] == [10.0, 10.0]
    for _ in range(2):
        state.shuffle(np.arange(3))
        state.shuffle(np.arange(1))
    assert np.random.rand() == state.rand()


def test_callbacks_are_told_of_evaluations_too():
    seen = []

    class Telling(tf.keras.callbacks.Callback):
        def on_test_begin(self, logs=None):
            seen.append("begin")

        def on_test_batch_end(self, batch, logs=None):
            seen.append((batch, sorted(logs)))

        def on_predict_batch_end(self, batch, logs=None):
            seen.append(logs["outputs"][0].shape)

    tf.keras.backend.clear_session()
    model = tf.keras.Sequential([tf.keras.layers.Dense(1, input_shape=(1,))])
    model.compile("sgd", "mse")
    x = np.ones([4, 1])
    model.fit(x, x, verbose=0, validation_data=(x, x), callbacks=[Telling()])
    model.predict(x, callbacks=[Telling()])
    assert seen == ["begin", (0, ["batch", "loss", "size"]), (4, 1)]
    metrics = Telling()
    model.evaluate(x, x, verbose=0, callbacks=[metrics])
    assert metrics.params["metrics"] == ["loss"]


def test_names_of_what_an_optimizer_keeps():
    tf.keras.backend.clear_session()
    model = tf.keras.Sequential([tf.keras.layers.Dense(1, input_shape=(1,))])
    model.compile("adam", "mse")
    model.train_on_batch(np.ones([2, 1]), np.ones([2, 1]))
    assert [variable.name for variable in tf.global_variables()][2:] == [
        "training/Adam/iter:0",
        "training/Adam/beta_1:0",
        "training/Adam/beta_2:0",
        "training/Adam/decay:0",
        "training/Adam/learning_rate:0",
        "training/Adam/dense/kernel/m:0",
        "training/Adam/dense/bias/m:0",
        "training/Adam/dense/kernel/v:0",
        "training/Adam/dense/bias/v:0",
    ]


def test_estimators_as_scikit_learn_has_them():
    def made(units=3):
        layers = tf.keras.layers
        model = tf.keras.Sequential([layers.Dense(units, input_shape=(2,)), layers.Dense(2, "softmax")])
        model.compile(tf.keras.optimizers.Adam(0.1), "categorical_crossentropy", metrics=["accuracy"])
        return model

    tf.keras.backend.clear_session()
    wrappers = tf.keras.wrappers.scikit_learn
    x = np.array([[1.0, 0.0], [0.0, 1.0]] * 8)
    y = np.array([7, 5] * 8)
    classifier = wrappers.KerasClassifier(made, units=4, epochs=20, verbose=0)
    classifier.fit(x, y)
    assert classifier.model.layers[0].units == 4
    assert classifier.predict(x[:2]).tolist() == [7, 5]
    assert classifier.score(x, y) == 1.0
    assert sorted(classifier.get_params()) == ["build_fn", "epochs", "units", "verbose"]
    with pytest.raises(ValueError, match="foo is not a legal parameter"):
        wrappers.KerasRegressor(made, foo=1)


def test_intersection_over_union():
    backend = tf.keras.backend
    backend.clear_session()
    metric = tf.keras.metrics.MeanIoU(3)
    mean = metric(tf.constant([0, 1, 2, 2, 1]), tf.constant([0, 2, 2, 1, 1]))
    assert backend.eval(mean) == pytest.approx((1 + 1 / 3 + 1 / 3) / 3)


def test_a_cell_of_the_script_s_from_the_abstract_one():
    class Sum(tf.keras.layers.AbstractRNNCell):
        state_size = output_size = 2

        def call(self, inputs, states):
            return inputs + states[0], [inputs + states[0]]

    tf.keras.backend.clear_session()
    x = tf.keras.layers.Input((3, 2))
    model = tf.keras.Model(x, tf.keras.layers.RNN(Sum())(x))
    assert model.predict(np.ones([1, 3, 2])).tolist() == [[3.0, 3.0]]
    with pytest.raises(NotImplementedError):
        tf.keras.layers.AbstractRNNCell().call(x, [])
