"""cuDNN's networks: their numbers, their one vector of parameters, and their checkpoints."""

from pathlib import Path

import numpy as np
import pytest

import ostinato.tf1 as tf
from ostinato.tf1.contrib import cudnn_ops

CUDNN = tf.contrib.cudnn_rnn
LENGTHS, UNITS = [5, 1, 2], 3
BOUNDS = {"float32": 1e-5, "float64": 1e-10}
LAYERS = {
    "lstm": CUDNN.CudnnLSTM,
    "gru": CUDNN.CudnnGRU,
    "rnn_tanh": CUDNN.CudnnRNNTanh,
    "rnn_relu": CUDNN.CudnnRNNRelu,
}
CONVERTERS = {
    "lstm": CUDNN.CudnnParamsFormatConverterLSTM,
    "gru": CUDNN.CudnnParamsFormatConverterGRU,
    "rnn_tanh": CUDNN.CudnnParamsFormatConverterTanh,
    "rnn_relu": CUDNN.CudnnParamsFormatConverterRelu,
}
CELLS = {"lstm": CUDNN.CudnnCompatibleLSTMCell, "gru": CUDNN.CudnnCompatibleGRUCell}

with np.load(Path(__file__).parents[1] / "data" / "tf1_cudnn_values.npz") as file:
    VALUES = dict(file)
CASES = sorted({key.rsplit("|", 1)[0] for key in VALUES if key.endswith("|params")})


def stored(case):
    return {
        key.removeprefix(f"{case}|"): value for key, value in VALUES.items() if key.startswith(f"{case}|")
    }


def indexed(values, name):
    return [values[f"{name}|{index}"] for index in range(sum(key.startswith(f"{name}|") for key in values))]


def network(case, **options):
    mode, direction, layers, dtype = case.split("|")
    return LAYERS[mode](int(layers), UNITS, direction=direction, dtype=tf.as_dtype(dtype), **options)


def close(value, reference, dtype):
    assert value.shape == reference.shape
    return np.abs(value - reference).max() <= BOUNDS[dtype] * np.abs(reference).max()


@pytest.mark.parametrize("time_major", [True, False], ids=["time_major", "batch_major"])
@pytest.mark.parametrize("case", CASES)
def test_numbers_are_tensorflows(case, time_major):
    values, dtype = stored(case), case.split("|")[3]

    def swapped(value):
        return value if time_major else tf.transpose(value, [1, 0, 2])

    x, starts = tf.constant(values["x"]), tuple(tf.constant(start) for start in indexed(values, "start"))
    layer = network(case)
    out, state = layer(
        swapped(x), tuple(map(swapped, starts)), sequence_lengths=LENGTHS, time_major=time_major
    )
    out, state = swapped(out), [swapped(leaf) for leaf in state]
    weights = np.cos(np.arange(values["out"].size)).reshape(values["out"].shape)
    loss = tf.reduce_sum(out * weights.astype(dtype)) + tf.add_n([tf.reduce_sum(leaf) for leaf in state])
    gradients = tf.gradients(loss, [layer.kernel, x, *starts])
    with tf.Session() as session:
        session.run(tf.assign(layer.kernel, values["params"], validate_shape=False))
        found, finals, (of_params, of_x, *of_starts) = session.run([out, state, gradients])
    assert close(found, values["out"], dtype)
    assert close(of_params, values["grad_params"], dtype)
    assert close(of_x, values["grad_x"], dtype)
    for got, wanted in zip(
        [*finals, *of_starts], indexed(values, "state") + indexed(values, "grad_start"), strict=True
    ):
        assert close(got, wanted, dtype)


@pytest.mark.parametrize("case", [case for case in CASES if case.endswith("float32")])
def test_the_functions_and_networks_of_the_module_below_give_the_same(case):
    mode, direction, layers, _ = case.split("|")
    values = stored(case)
    classes = {"lstm": "CudnnLSTM", "gru": "CudnnGRU", "rnn_tanh": "CudnnRNNTanh", "rnn_relu": "CudnnRNNRelu"}
    function = getattr(cudnn_ops, mode if mode.startswith("cudnn") else f"cudnn_{mode}")
    network = getattr(cudnn_ops, classes[mode])(int(layers), UNITS, values["x"].shape[2], direction=direction)
    inputs = [tf.constant(value) for value in (values["x"], *indexed(values, "start"), values["params"])]
    weights, biases = network.params_to_canonical(inputs[-1])
    fetches = [
        function(*inputs, True, LENGTHS, direction=direction)[0],
        network(*inputs, sequence_lengths=LENGTHS)[0],
        network.params_size(),
        network.canonical_to_params(weights, biases),
    ]
    with tf.Session() as session:
        of_function, of_network, size, params = session.run(fetches)
    assert close(of_function, values["out"], "float32")
    assert close(of_network, values["out"], "float32")
    assert size == values["params"].size
    np.testing.assert_array_equal(params, values["params"])


@pytest.mark.parametrize("case", CASES)
def test_the_vector_is_taken_apart_as_by_tensorflow(case):
    mode, direction, layers, _ = case.split("|")
    values = stored(case)
    converter = CONVERTERS[mode](int(layers), UNITS, values["x"].shape[2], direction=direction)
    weights, biases = converter.opaque_to_tf_canonical(tf.constant(values["params"]))
    again = converter.opaque_to_tf_canonical(converter.tf_canonical_to_opaque(weights + biases))
    with tf.Session() as session:
        cells, back = session.run([weights + biases, again[0] + again[1]])
    for got, returned, wanted in zip(cells, back, indexed(values, "cell"), strict=True):
        assert np.abs(got - wanted).max() <= 1e-6 * np.abs(wanted).max()
        assert np.array_equal(got, returned)


def test_a_projection_is_kept_behind_the_matrices_of_its_cell():
    converter = CUDNN.CudnnParamsFormatConverterLSTM(2, 4, 3, num_proj=2)
    size = 4 * 4 * (3 + 2) + 2 * 4 + 4 * 4 * (2 + 2) + 2 * 4 + 2 * 8 * 4
    opaque = np.arange(float(size))
    weights, biases, projections = converter.opaque_to_tf_canonical(tf.constant(opaque))
    back = converter.tf_canonical_to_opaque(weights + biases, projections)
    with tf.Session() as session:
        first, params = session.run([projections[0], back])
    assert [weight.shape.as_list() for weight in weights] == [[5, 16], [4, 16]]
    assert np.array_equal(first, np.arange(80.0, 88.0).reshape(2, 4).T)
    assert np.array_equal(params[:-64], opaque[:-64])


@pytest.mark.parametrize("mode", CELLS)
def test_checkpoints_fit_the_compatible_cells_both_ways(mode, tmp_path):
    x = np.random.RandomState(0).randn(4, 2, 3).astype(np.float32)
    prefix = str(tmp_path / "model")
    layer = LAYERS[mode](
        2,
        UNITS,
        kernel_initializer=tf.random_uniform_initializer(seed=3),
        bias_initializer=tf.random_uniform_initializer(seed=4),
    )
    layer.build([None, None, 3])
    outputs, _ = layer(tf.constant(x))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        wanted = session.run(outputs)
        tf.train.Saver().save(session, prefix)
    with tf.Graph().as_default(), tf.Session() as session:
        cell = tf.nn.rnn_cell.MultiRNNCell([CELLS[mode](UNITS) for _ in range(2)])
        outputs, _ = tf.nn.dynamic_rnn(cell, tf.constant(x), dtype=tf.float32, time_major=True)
        tf.train.Saver().restore(session, prefix)
        assert close(session.run(outputs), wanted, "float32")
        tf.train.Saver().save(session, str(tmp_path / "cells"))
    with tf.Graph().as_default(), tf.Session() as session:
        layer = LAYERS[mode](2, UNITS)
        layer.build([None, None, 3])
        outputs, _ = layer(tf.constant(x))
        tf.train.Saver([layer.saveable]).restore(session, str(tmp_path / "cells"))
        assert close(session.run(outputs), wanted, "float32")


def test_names_are_tensorflows():
    with tf.variable_scope("outer"):
        layer = CUDNN.CudnnLSTM(2, 4, direction="bidirectional")
        outputs, (h, c) = layer(tf.placeholder(tf.float32, [5, 2, 3]))
    assert [tensor.name for tensor in (outputs, h, c)] == [
        f"outer/cudnn_lstm/CudnnRNN:{index}" for index in range(3)
    ]
    assert outputs.shape.as_list() == [5, 2, 8]
    assert h.shape.as_list() == [4, 2, 4]
    assert [variable.op.name for variable in tf.global_variables()] == ["outer/cudnn_lstm/opaque_kernel"]
    assert layer.kernel.shape.ndims is None
    assert layer.saveable.name == "outer/cudnn_lstm/opaque_kernel_saveable"
    cell = "outer/cudnn_lstm/stack_bidirectional_rnn/cell_1/bidirectional_rnn/bw/cudnn_compatible_lstm_cell"
    assert layer.saveable.specs[3].name == f"{cell}/kernel"
    assert layer.saveable.specs[7].name == f"{cell}/bias"
    assert tf.get_collection(tf.GraphKeys.SAVEABLE_OBJECTS) == [layer.saveable]
    assert layer.canonical_weight_shapes[8:12] == [(4, 3)] * 4
    assert layer.canonical_bias_shapes == [[4]] * 32


def test_dropout_is_between_layers_and_in_training_only():
    x = tf.constant(np.ones([2, 50, 3], np.float32))
    initial = {"kernel_initializer": tf.constant_initializer(0.5), "name": "same"}
    results = []
    for layers, training in ((1, True), (2, True), (2, False)):
        with tf.variable_scope(f"scope_{len(results)}"):
            layer = CUDNN.CudnnRNNTanh(layers, UNITS, dropout=0.5, seed=1, **initial)
            results.append(layer(x, training=training)[0])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        one, dropped, kept = session.run(results)
    assert np.ptp(one, axis=1).max() == 0 == np.ptp(kept, axis=1).max()
    assert np.ptp(dropped, axis=1).min() > 0.1


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: CUDNN.CudnnLSTM(1, 4, direction="x"), ValueError, "Invalid direction: x, expecting unidir"),
        (lambda: CUDNN.CudnnLSTM(1, 4, input_mode="x"), ValueError, "Invalid input_mode: x, expect one of"),
        (lambda: CUDNN.CudnnLSTM(1, 4, dtype=tf.int32), ValueError, "Only support float16, float32, float64"),
        (
            lambda: CUDNN.CudnnLSTM(1, 4)(tf.zeros([2, 3])),
            ValueError,
            "Expecting input_shape with 3 dims, got",
        ),
        (
            lambda: CUDNN.CudnnLSTM(1, 4)(tf.placeholder(tf.float32, [5, 2, None])),
            ValueError,
            "The last dimension of the inputs to `CudnnRNN` should be defined. Found `None`.",
        ),
        (
            lambda: CUDNN.CudnnLSTM(1, 4)(tf.zeros([5, 2, 3]), tf.zeros([1, 2, 4])),
            TypeError,
            "Invalid initial_state type: ",
        ),
        (
            lambda: CUDNN.CudnnLSTM(1, 4)(tf.zeros([5, 2, 3]), (tf.zeros([1, 2, 4]),)),
            ValueError,
            "The state of a CudnnLSTM is a tuple of 2, but got one of 1",
        ),
        (lambda: CUDNN.CudnnGRU(1, 4).input_size, ValueError, "'input_size' is unknown since layer has not"),
        (
            lambda: CUDNN.CudnnGRU(1, 4).canonical_weight_shapes,
            RuntimeError,
            "CudnnGRU.canonical_weight_shapes invoked before input shape is known",
        ),
        (
            lambda: CUDNN.CudnnGRU(1, 3, input_mode="auto_select")(tf.zeros([5, 2, 3])),
            ValueError,
            "input_mode 'auto_select' with input_size 3 and num_units 3",
        ),
        (
            lambda: CUDNN.CudnnGRU(1, 3)(tf.zeros([5, 2, 4]), training=tf.constant(True)),
            TypeError,
            "Expected bool for argument 'is_training' not ",
        ),
    ],
)
def test_what_does_not_fit_is_told(make, error, words):
    with pytest.raises(error) as caught:
        make()
    assert str(caught.value).startswith(words)


def test_a_vector_of_another_size_is_refused():
    layer = CUDNN.CudnnRNNTanh(1, 2)
    outputs, _ = layer(tf.zeros([3, 2, 2]))
    with tf.Session() as session:
        session.run(tf.assign(layer.kernel, np.zeros(5, np.float32), validate_shape=False))
        with pytest.raises(tf.errors.InvalidArgumentError, match="has 12 parameters, but got"):
            session.run(outputs)
