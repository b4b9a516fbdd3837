"""Random operations, initialisers and dropout: TensorFlow 1.15's numbers; see random_cases.py."""

import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

import ostinato.tf1 as tf
from ostinato.tf1.philox import Philox, place_range
from ostinato.tf1.random_source import TorchSource
from tf1.random_cases import cases, evaluated

EXPECTED = np.load(Path(__file__).parents[1] / "data" / "tf1_random_values.npz")
NAMES = list(cases(tf))
EXACT = ("uniform ", "int", "shuffle", "multinomial", "categorical", "stateless uniform", "stateless int")
# Values that a decomposition or a power makes are not rounded as TensorFlow's are.
LOOSE = ("initializer orthogonal", "convolution", "gamma", "graph seed alone", "loop")


def spacing(name, expected):
    """How far a number may be off: 2 units in the last place, of the larger of what it is the sum of."""
    if name.startswith(EXACT) or expected.dtype.kind != "f":
        return 0.0
    if name.startswith(LOOSE):
        return 1e-5 if expected.dtype != np.float64 else 1e-12
    return 2 * np.spacing(np.abs(expected)) if "about" not in name else np.float32(1e-6)


@pytest.fixture(scope="module")
def found():
    """Every case, evaluated once."""
    return evaluated(tf)


@pytest.mark.parametrize("name", NAMES)
def test_a_random_operation_gives_what_tensorflow_gives(found, name):
    value, expected = found[f"value|{name}"], EXPECTED[f"value|{name}"]
    assert (value.dtype, value.shape) == (expected.dtype, expected.shape)
    off = np.abs(value.astype(np.float64) - expected.astype(np.float64))
    assert (off <= spacing(name, expected)).all(), off.max()
    # A loop is one node here, and a convolution's kernel is made of others than there.
    if not name.startswith(("loop", "convolution")):
        assert str(found[f"names|{name}"]) == str(EXPECTED[f"names|{name}"])


# -- the generator
def one_block(key, counter):
    """Philox 4x32-10 of one block, as the paper states it: Python's integers, one at a time."""
    words = [counter >> (32 * i) & 0xFFFFFFFF for i in range(4)]
    keys = [key & 0xFFFFFFFF, key >> 32]
    for _ in range(10):
        first, second = words[0] * 0xD2511F53, words[2] * 0xCD9E8D57
        words = [
            second >> 32 ^ words[1] ^ keys[0],
            second & 0xFFFFFFFF,
            first >> 32 ^ words[3] ^ keys[1],
            first & 0xFFFFFFFF,
        ]
        keys = [(keys[0] + 0x9E3779B9) & 0xFFFFFFFF, (keys[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return words


@settings(max_examples=30, deadline=None)
@given(some.integers(0, 2**64 - 1), some.integers(0, 2**64 - 1), some.integers(0, 2**64 - 9))
def test_words_are_those_of_philox(key, high, place):
    words = Philox(key, high).words(place_range(place, 5))
    assert words.tolist() == [one_block(key, high << 64 | place + i) for i in range(5)]


def test_the_known_answers_of_philox():
    # The published vectors of Philox 4x32-10: all zeros, all ones.
    assert [f"{word:08x}" for word in Philox(0, 0).words(place_range(0, 1))[0]] == (
        ["6627e8d5", "e169c58d", "bc57ac4c", "9b00dbd8"]
    )
    ones = 2**64 - 1
    assert [f"{word:08x}" for word in Philox(ones, ones).words(place_range(ones, 1))[0]] == (
        ["408f276d", "41c83b0e", "a20bc7c6", "6d5451fd"]
    )


@settings(max_examples=20, deadline=None)
@given(some.integers(0, 2**31), some.integers(1, 40), some.sampled_from([torch.float32, torch.float64]))
def test_a_draw_begins_as_a_longer_one_does(seed, size, dtype):
    for method in ("uniform", "normal", "truncated_normal"):
        short = getattr(Philox(seed, 1), method)([size], dtype)
        long = getattr(Philox(seed, 1), method)([size + 7], dtype)
        assert torch.equal(short, long[:size])


@pytest.mark.parametrize("source", [Philox(3, 4), TorchSource(5)])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_draws_are_distributed_as_they_say(source, dtype):
    uniform = source.uniform([20000], dtype).double()
    assert uniform.min() >= 0
    assert uniform.max() <= 1
    assert abs(uniform.mean() - 0.5) < 0.02
    normal = source.normal([100, 200], dtype).double()
    assert abs(normal.mean()) < 0.04
    assert abs(normal.std() - 1) < 0.04
    cut = source.truncated_normal([20000], dtype).double()
    assert cut.abs().max() <= 2
    assert abs(cut.std() - 0.8796) < 0.03
    integers = source.integers(-3, 4, [20000], torch.int32)
    assert integers.unique().tolist() == list(range(-3, 4))
    assert abs(integers.double().mean()) < 0.1
    assert source.integers(-(2**63), 2**63 - 1, [4], torch.int64).dtype == torch.int64


def test_threads_share_a_stream_without_a_place_twice():
    source, places = Philox(1, 2), []
    threads = [
        threading.Thread(target=lambda: places.extend(source.reserve(3) for _ in range(200)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(places) == list(range(0, 2400, 3))


# -- seeds
def seeds_of(graph_seed, op_seed):
    with tf.Graph().as_default():
        if graph_seed is not None:
            tf.set_random_seed(graph_seed)
        tf.no_op()
        return tf.get_seed(op_seed)


@pytest.mark.parametrize(
    ("graph_seed", "op_seed", "expected"),
    [
        (None, None, (None, None)),
        (None, 5, (87654321, 5)),
        (None, -1, (87654321, 2**31 - 2)),
        (7, None, (7, 1)),
        (7, 2**31, (7, 1)),
        (0, 0, (0, 2**31 - 1)),
        (2**31 - 1, 0, (0, 2**31 - 1)),
    ],
)
def test_a_pair_of_seeds_is_tensorflows(graph_seed, op_seed, expected):
    assert seeds_of(graph_seed, op_seed) == expected


def test_without_a_seed_sessions_differ():
    with tf.Graph().as_default() as graph:
        drawn = [
            tf.random_normal([4]),
            tf.random_shuffle(tf.range(50)),
            tf.nn.dropout(tf.ones([40]), 0.5),
            tf.random_gamma([3], 2.0),
        ]
        values = []
        for _ in range(2):
            with tf.Session(graph=graph) as session:
                values += [session.run(drawn), session.run(drawn)]
    for of_one in zip(*values, strict=True):
        assert len({value.tobytes() for value in of_one}) == 4


def test_two_nodes_of_one_seed_draw_the_same_and_two_sessions_too():
    first, second = tf.random_uniform([5], seed=1), tf.random_uniform([5], seed=1)
    with tf.Session() as one, tf.Session() as other:
        a, b = one.run([first, second])
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, other.run(first))
        assert not np.array_equal(a, one.run(first))


# -- gradients and errors
def test_gradients_go_through_draws_to_their_parameters():
    mean, scale = tf.constant([1.0, 2.0]), tf.constant([0.5, 3.0])
    drawn = tf.random_normal([4, 2], mean, scale, seed=3)
    by_mean, by_scale = tf.gradients(tf.reduce_sum(drawn), [mean, scale])
    with tf.Session() as session:
        values, mean_gradient, scale_gradient = session.run([drawn, by_mean, by_scale])
    np.testing.assert_allclose(mean_gradient, [4, 4])
    np.testing.assert_allclose(scale_gradient, ((values - [1, 2]) / [0.5, 3]).sum(0), rtol=1e-5)


def test_the_gradient_of_a_mask_is_the_mask():
    x = tf.constant(np.linspace(1, 2, 12).reshape(3, 4))
    kept = tf.nn.dropout(x, 0.5, seed=2)
    with tf.Session() as session:
        value, gradient = session.run([kept, tf.gradients(kept, x)[0]])
    np.testing.assert_array_equal(gradient != 0, value != 0)
    assert set(gradient.ravel()) == {0.0, 2.0}


@pytest.mark.parametrize("keep_prob", [1e-12, 0.999999])
def test_a_rate_that_its_type_rounds_away_gives_numbers(keep_prob):
    x = tf.constant([[1.0, -2.0, 30.0]])
    cell = tf.nn.rnn_cell.DropoutWrapper(tf.nn.rnn_cell.BasicRNNCell(3), output_keep_prob=keep_prob, seed=1)
    with tf.Session() as session:
        outputs = cell(x, tf.zeros([1, 3]))[0]
        session.run(tf.global_variables_initializer())
        kept, through_a_cell = session.run([tf.nn.dropout(x, keep_prob, seed=1), outputs])
    np.testing.assert_allclose(kept, np.array([[1, -2, 30]]) * (keep_prob > 0.5), rtol=1e-5)
    assert (through_a_cell == 0).all() == (keep_prob < 0.5)


def test_the_samples_of_a_gamma_distribution_move_with_alpha():
    alpha = tf.constant([0.6, 3.0], tf.float64)
    gradient = tf.gradients(
        tf.reduce_mean(tf.random_gamma([4000], alpha, dtype=tf.float64, seed=4), 0), alpha
    )
    with tf.Session() as session:  # the mean of a gamma distribution is alpha
        np.testing.assert_allclose(session.run(gradient[0]), [1, 1], atol=0.1)


x = np.ones([2, 3], np.float32)
BUILDING = {
    "maxval": (lambda: tf.random_uniform([2], dtype=tf.int32), ValueError, "Must specify maxval for integer"),
    "uint8": (lambda: tf.random_uniform([2], dtype=tf.uint8), ValueError, "Invalid dtype tf.uint8"),
    "scalar": (
        lambda: tf.random_uniform(5),
        ValueError,
        "Shape must be rank 1 but is rank 0 for 'random_uni",
    ),
    "shapes": (lambda: tf.random_normal([[2, 3]]), ValueError, "Shape must be rank 1 but is rank 2"),
    "floats": (
        lambda: tf.random_uniform([2.0]),
        TypeError,
        "Value passed to parameter 'shape' has DataType float32 not in list of allowed values: int32, int64",
    ),
    "partial": (
        lambda: tf.truncated_normal(tf.TensorShape([None, 3])),
        ValueError,
        r"Cannot convert a partially known TensorShape to a Tensor: \(\?, 3\)",
    ),
    "gamma": (lambda: tf.random_gamma(3, [1.0]), ValueError, "Shape must be rank 1 but is rank 0"),
    "crop": (
        lambda: tf.random_crop(x, [2]),
        ValueError,
        "Dimension 0 in both shapes must be equal, but are 2 and",
    ),
    "seed": (
        lambda: tf.random.stateless_uniform([2], [1.0, 2.0]),
        TypeError,
        "Value passed to parameter 'seed' has DataType float32 not in list of allowed values: int32, int64",
    ),
    "one seed": (
        lambda: tf.random.stateless_normal([2], 3),
        ValueError,
        "Shape must be rank 1 but is rank 0",
    ),
    "seed text": (lambda: tf.random_uniform([2], seed="1"), TypeError, "A seed is an integer, not '1'"),
    "base": (lambda: tf.keras.initializers.Initializer()([2]), NotImplementedError, "define __call__"),
    "ends": (
        lambda: tf.random_uniform([2], [1, 2], 3, tf.int32),
        ValueError,
        "Shape must be rank 0 but is rank",
    ),
    "int": (
        lambda: tf.random_normal([2], dtype=tf.int32),
        TypeError,
        "Expected int32, got 0.0 of type 'float'",
    ),
    "rates": (
        lambda: tf.nn.dropout(x, 0.3, rate=0.3),
        ValueError,
        "Cannot specify both 'keep_prob' and 'rate'",
    ),
    "no rate": (lambda: tf.nn.dropout(x), ValueError, "You must provide a rate to dropout"),
    "text": (
        lambda: tf.nn.dropout(x, "a"),
        ValueError,
        r"keep_prob must be a floating point number or Tensor",
    ),
    "keep none": (
        lambda: tf.nn.dropout(x, 0.0),
        ValueError,
        r"rate must be a scalar tensor or a float .* got 1",
    ),
    "rank": (lambda: tf.nn.dropout(x, tf.ones([2])), ValueError, r"Shape \(2,\) must have rank 0"),
    "integers": (lambda: tf.nn.dropout([1, 2], 0.5), ValueError, "x has to be a floating point tensor since"),
    "float": (lambda: tf.orthogonal_initializer(dtype=tf.int32), ValueError, "Expected floating point type"),
    "scale": (lambda: tf.variance_scaling_initializer(0.0), ValueError, "`scale` must be positive float"),
    "mode": (lambda: tf.variance_scaling_initializer(mode="fan"), ValueError, "Invalid `mode` argument"),
    "name": (
        lambda: tf.variance_scaling_initializer(distribution="cauchy"),
        ValueError,
        "Invalid `distribution` argument",
    ),
    "vector": (lambda: tf.orthogonal_initializer()([3]), ValueError, "The tensor to initialize must be"),
    "3-D": (
        lambda: tf.initializers.identity()([1, 2, 3]),
        ValueError,
        "Identity matrix initializer can only be",
    ),
    "conv 3": (
        lambda: tf.contrib.framework.convolutional_orthogonal_1d()([2, 2]),
        ValueError,
        "The tensor to initialize must be three-dimensional",
    ),
    "conv inputs": (
        lambda: tf.contrib.framework.convolutional_delta_orthogonal()([2, 3, 2]),
        ValueError,
        "In_filters cannot be greater than out_filters",
    ),
    "conv sizes": (
        lambda: tf.contrib.framework.convolutional_orthogonal_2d()([2, 3, 2, 2]),
        ValueError,
        "Kernel sizes must be equal",
    ),
    "verify": (
        lambda: tf.constant_initializer([1.0], verify_shape=True)([2]),
        TypeError,
        "Expected Tensor's shape",
    ),
    "value": (lambda: tf.constant_initializer(object()), TypeError, "Invalid type for initial value"),
    "unknown": (lambda: tf.keras.initializers.get("glorot"), ValueError, "Unknown initializer:glorot"),
    "odd": (lambda: tf.keras.initializers.get(3), ValueError, "Could not interpret initializer identifier"),
    "xavier": (
        lambda: tf.contrib.layers.xavier_initializer(dtype=tf.int32),
        TypeError,
        "Cannot create initial",
    ),
    "contrib": (
        lambda: tf.contrib.layers.variance_scaling_initializer(mode="X"),
        TypeError,
        "Unknown mode X",
    ),
    "logits": (lambda: tf.multinomial([1.0], 2), ValueError, "Shape must be rank 2 but is rank 1"),
    "samples": (
        lambda: tf.multinomial([[1.0]], -1),
        ValueError,
        "Dimension size, given by scalar input 1 must",
    ),
    "classes": (
        lambda: tf.multinomial([[1.0]], 2, output_dtype=tf.float32),
        TypeError,
        "Value passed to parameter 'output_dtype'",
    ),
}
RUNNING = {
    "bounds": (lambda: tf.random_uniform([2], 3, 3, tf.int32), "Need minval < maxval, got 3 >= 3"),
    "size": (lambda: tf.random_normal(tf.constant([-1])), "Dimension -1 must be >= 0"),
    "rate": (
        lambda: tf.nn.dropout(x, tf.constant(0.0)),
        r"rate must be a scalar tensor or a float in the range",
    ),
    "crop": (lambda: tf.random_crop(x, [2, 4]), "Need value.shape >= size, got"),
    "samples": (
        lambda: tf.multinomial([[1.0]], tf.placeholder_with_default(-1, [])),
        "num_samples should be nonnegative, got -1",
    ),
    "infinite": (lambda: tf.multinomial([[-np.inf]], 1), "a row without any finite number"),
    "poisson": (lambda: tf.random_poisson([-1.0], [1]), "must be finite and not negative"),
    "gamma": (lambda: tf.random_gamma([2], [-1.0]), "must not be negative"),
    "seed": (lambda: tf.random.stateless_normal([2], [1, 2, 3]), r"seed must have shape \[2\], not \[3\]"),
}


@pytest.mark.parametrize("name", BUILDING)
def test_bad_arguments_are_said_when_the_graph_is_built(name):
    make, error, words = BUILDING[name]
    with pytest.raises(error, match=words):
        make()


@pytest.mark.parametrize("name", RUNNING)
def test_bad_values_stop_the_run(name):
    make, words = RUNNING[name]
    tensor = make()
    with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError, match=words):
        session.run(tensor)


@pytest.mark.parametrize(
    "made",
    [
        tf.random_uniform_initializer(-1, 2, seed=3),
        tf.truncated_normal_initializer(0.5, 2.0, dtype=tf.float64),
        tf.variance_scaling_initializer(2.0, "fan_out", "uniform", seed=1),
        tf.glorot_normal_initializer(seed=4),
        tf.orthogonal_initializer(1.5),
        tf.constant_initializer([1, 2]),
        tf.initializers.identity(3.0),
        tf.uniform_unit_scaling_initializer(1.1),
        tf.keras.initializers.RandomNormal(seed=9),
    ],
    ids=lambda made: type(made).__name__,
)
def test_an_initialiser_is_made_again_from_its_configuration(made):
    config = made.get_config()
    assert type(made).from_config(config).get_config() == config
    assert tf.keras.initializers.serialize(made) == {"class_name": type(made).__name__, "config": config}
    known = tf.keras.initializers.deserialize(
        tf.keras.initializers.serialize(made), {type(made).__name__: type(made)}
    )
    assert known.get_config() == config


def test_draws_at_once_are_the_draws_one_by_one_and_the_stream_goes_on_behind_them():
    together, single = Philox(3, 4), Philox(3, 4)
    for _ in range(2):
        drawn = together.uniforms(3, [2, 5], torch.float32)
        assert torch.equal(drawn, torch.stack([single.uniform([2, 5], torch.float32) for _ in range(3)]))


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 1000])
def test_native_words_are_those_of_the_reference(count):
    places = np.random.default_rng(count).integers(0, 2**64, count, np.uint64)
    for key, high in [(0, 0), (2**64 - 1, 2**63), (87654321, 5)]:
        stream = Philox(key, high)
        np.testing.assert_array_equal(stream.words(places), stream.reference_words(places))
        np.testing.assert_array_equal(stream.words(places[::2]), stream.reference_words(places[::2]))
        for place in places[:3]:
            assert list(stream.block(int(place))) == stream.reference_words(place[None])[0].tolist()
