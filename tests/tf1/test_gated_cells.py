"""Gated, independent, grouped, phased and convolutional cells."""

import numpy as np
import pytest

import ostinato.tf1 as tf
from ostinato import MemoryPlan
from ostinato.tf1 import nest, shadow
from tf1.values import DRIVERS, cases_of, replay

CASES = [(name, *case) for name in ("gated", "conv") for case in cases_of(name)]
RNN = tf.contrib.rnn
BY_MODULE_PATH = shadow.modules()["tensorflow.contrib.rnn.python.ops.rnn_cell"]


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize(("name", "case", "dtype"), CASES)
def test_numbers_are_tensorflows(name, case, dtype, driver):
    replay(name, case, dtype, driver)


def conv(**options):
    return RNN.Conv2DLSTMCell(
        **{"input_shape": [4, 4, 3], "output_channels": 2, "kernel_shape": [3, 3], **options}
    )


CELLS = {
    "nas": lambda: RNN.NASCell(4, num_proj=2, use_bias=True),
    "ugrnn": lambda: RNN.UGRNNCell(4),
    "intersection": lambda: RNN.IntersectionRNNCell(4, num_in_proj=4),
    "glstm": lambda: RNN.GLSTMCell(6, num_proj=3, number_of_groups=3),
    "sru": lambda: RNN.SRUCell(4),
    "ind_rnn": lambda: RNN.IndRNNCell(4),
    "indy_gru": lambda: RNN.IndyGRUCell(4),
    "indy_lstm": lambda: RNN.IndyLSTMCell(4),
    "minimal_rnn": lambda: BY_MODULE_PATH.MinimalRNNCell(4),
    "cfn": lambda: BY_MODULE_PATH.CFNCell(4),
    "phased": lambda: RNN.PhasedLSTMCell(4),
    "conv": conv,
}
LAYERS = {"nas", "sru", "ind_rnn", "indy_gru", "indy_lstm", "minimal_rnn", "cfn"}
"""Those that are layers: a second one in a scope has a name of its own."""


def step_inputs(name):
    features = tf.zeros([2, 4, 4, 3] if name == "conv" else [2, 3])
    return (tf.zeros([2, 1]), features) if name == "phased" else features


def call(cell, name, **options):
    return cell(step_inputs(name), cell.zero_state(2, tf.float32), **options)


def names():
    return [variable.op.name for variable in tf.global_variables()]


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_keeps_the_variables_of_its_first_call(name):
    cell = CELLS[name]()
    assert cell.variables == []
    with tf.variable_scope("a"):
        _, state = call(cell, name)
    first = names()
    with tf.variable_scope("b"):
        cell(step_inputs(name), state)
    assert names() == first
    assert all(variable.startswith("a/") for variable in first)
    assert [variable.op.name for variable in cell.trainable_variables] == first


@pytest.mark.parametrize("name", CELLS)
def test_a_second_cell_in_a_scope(name):
    call(CELLS[name](), name)
    first = names()
    if name in LAYERS:
        call(CELLS[name](), name)
        segment = first[0].split("/")[0]
        assert names() == first + [one.replace(segment, segment + "_1", 1) for one in first]
    else:
        with pytest.raises(ValueError, match=f"Variable {first[0]} already exists, disallowed"):
            call(CELLS[name](), name)
        with tf.variable_scope(tf.get_variable_scope(), reuse=True):
            call(CELLS[name](), name)
        assert names() == first


@pytest.mark.parametrize("name", CELLS)
def test_a_scope_by_name(name):
    cell = CELLS[name]()
    call(cell, name, scope="abc")
    assert all(variable.startswith("abc/") for variable in names())
    assert len(cell.variables) == len(names())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ugrnn", "kernel/part_0 kernel/part_1 bias"),
        ("sru", "kernel/part_0 kernel/part_1 bias/part_0 bias/part_1"),
        (
            "intersection",
            "in_projection/kernel/part_0 in_projection/kernel/part_1 in_projection/bias kernel/part_0 "
            "kernel/part_1 bias",
        ),
        ("conv", "kernel/part_0 kernel/part_1 biases/part_0 biases/part_1"),
    ],
)
def test_a_partitioner_leaves_the_biases_of_older_cells_whole(name, expected):
    with tf.variable_scope("p", partitioner=tf.fixed_size_partitioner(2)):
        output, _ = call(CELLS[name](), name)
    assert [variable.split("/", 2)[2] for variable in names()] == expected.split()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert np.isfinite(session.run(output)).all()


INITIAL = {
    "nas": "0.25 0.25 0.0 0.25",
    "ugrnn": "0.25 0.0",
    "intersection": "0.25 0.0 0.25 0.0",
    "glstm": "0.25 0.25 0.25 0.0 0.0 0.0 0.0 0.25",
    "sru": "0.25 0.0",
    "ind_rnn": "0.25 random 0.0",
    "indy_gru": "0.25 random 1.0 0.25 random 0.0",
    "indy_lstm": "0.25 random 0.0",
    "minimal_rnn": "random 1.0",
    "cfn": "random random 1.0",
    "phased": "0.25 0.0 0.25 0.0 0.25 0.0 random random 0.1",
    "conv": "0.25 0.0",
}


def initial_values():
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        values = session.run(tf.global_variables())
    return " ".join("random" if np.ptp(value) else f"{value.flat[0]:.3g}" for value in values)


def written(values):
    return " ".join(value if value == "random" else f"{float(value):.3g}" for value in values.split())


@pytest.mark.parametrize("name", CELLS)
def test_what_the_scopes_initializer_is_for(name):
    with tf.variable_scope("p", initializer=tf.constant_initializer(0.25)):
        call(CELLS[name](), name)
    assert initial_values() == written(INITIAL[name])


def test_what_a_cells_initializer_is_for():
    half, other = tf.constant_initializer(0.5), tf.constant_initializer(0.75)
    for cell in (
        RNN.UGRNNCell(4, initializer=half),
        RNN.IntersectionRNNCell(4, num_in_proj=4, initializer=half),
        RNN.GLSTMCell(4, num_proj=2, initializer=half),
        RNN.IndyLSTMCell(4, kernel_initializer=half, bias_initializer=other),
        BY_MODULE_PATH.CFNCell(4, kernel_initializer="zeros", bias_initializer=other),
    ):
        call(cell, "")
    expected = "0.5 0 0.5 0 0.5 0 0.5 0 0 0 0 random 0.5 random 0.75 0 0 0.75"
    assert initial_values() == written(expected)


def test_the_periods_and_phases_of_a_phased_lstm():
    cell = RNN.PhasedLSTMCell(400, period_init_min=2.0, period_init_max=200.0, trainable_ratio_on=False)
    call(cell, "phased")
    period, phase = tf.global_variables()[6:8]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        periods, phases = session.run([period, phase])
    assert periods.min() >= 2
    assert periods.max() <= 200.1
    assert 0.4 < np.mean(periods < 20) < 0.6
    assert (phases >= 0).all()
    assert (phases <= periods).all()
    assert phases.max() > 20
    assert [variable.op.name.split("/")[-1] for variable in cell.non_trainable_variables] == ["ratio_on"]


@pytest.mark.parametrize("name", CELLS)
def test_unknown_sizes_and_wrappers(name):
    inputs = nest.map_structure(
        lambda leaf: tf.placeholder(tf.float32, [None, None, *leaf.shape.as_list()[1:]]), step_inputs(name)
    )
    cell = RNN.DropoutWrapper(CELLS[name](), input_keep_prob=0.9, output_keep_prob=0.5, state_keep_prob=0.8)
    lengths = tf.placeholder(tf.int32, [None])
    outputs, state = tf.nn.dynamic_rnn(cell, inputs, lengths, dtype=tf.float32)
    assert outputs.shape.as_list() == [None, None, *tf.TensorShape(cell.output_size).as_list()]
    gradients = tf.gradients(tf.reduce_sum(outputs), cell.trainable_variables)
    feeds = {
        leaf: np.ones([2, 5, *leaf.shape.as_list()[2:]], np.float32) for leaf in nest.flatten(inputs)
    } | {lengths: [5, 2]}
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        found = session.run([outputs, gradients, state], feeds)
    assert found[0].shape[:2] == (2, 5)
    assert not found[0][1, 2:].any()
    assert all(np.isfinite(leaf).all() for leaf in nest.flatten(found))


@pytest.mark.parametrize("name", ["phased", "conv", "glstm", "sru"])
def test_a_memory_plan_changes_nothing(name):
    inputs = nest.map_structure(
        lambda leaf: tf.constant(np.random.RandomState(0).rand(2, 5, *leaf.shape.as_list()[1:]), tf.float32),
        step_inputs(name),
    )
    cell = CELLS[name]()
    outputs, _ = tf.nn.dynamic_rnn(cell, inputs, [5, 2], dtype=tf.float32)
    fetches = [
        outputs,
        tf.gradients(tf.reduce_sum(outputs**2), [*cell.trainable_variables, *nest.flatten(inputs)]),
    ]
    weights = None
    found = []
    for plan in (None, MemoryPlan.recompute(2)):
        with tf.Session(memory=plan) as session:
            session.run(tf.global_variables_initializer())
            weights = weights or session.run(cell.variables)
            for variable, value in zip(cell.variables, weights, strict=True):
                variable.load(value, session)
            found.append(nest.flatten(session.run(fetches)))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_a_stack_with_one_tensor_as_its_state():
    cell = RNN.MultiRNNCell([RNN.UGRNNCell(2), RNN.SRUCell(3)], state_is_tuple=False)
    outputs, state = tf.nn.dynamic_rnn(cell, tf.ones([2, 5, 3]), dtype=tf.float32)
    assert (outputs.shape.as_list(), state.shape.as_list()) == ([2, 5, 3], [2, 5])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert np.isfinite(session.run(state)).all()


def test_a_skip_connection_stays_out_of_the_state():
    cell = conv(skip_connection=True)
    outputs, state = tf.nn.dynamic_rnn(cell, tf.ones([2, 5, 4, 4, 3]), [5, 2], dtype=tf.float32)
    assert (outputs.shape.as_list(), state.h.shape.as_list()) == ([2, 5, 4, 4, 5], [2, 4, 4, 2])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        outputs, last = session.run([outputs, state.h])
    assert (outputs[0, :, :, :, 2:] == 1).all()
    assert not outputs[1, 2:].any()
    np.testing.assert_array_equal(outputs[0, -1, :, :, :2], last[0])


def called(make, *shape):
    def run():
        cell = make()
        return cell(tf.placeholder(tf.float32, shape), cell.zero_state(2, tf.float32))

    return run


ERRORS = {
    "num_units in groups": (lambda: RNN.GLSTMCell(5, number_of_groups=2), "num_units must be divisible by"),
    "num_proj in groups": (
        lambda: RNN.GLSTMCell(4, num_proj=3, number_of_groups=2),
        "num_proj must be divisible by",
    ),
    "depth in groups": (
        called(lambda: RNN.GLSTMCell(4, number_of_groups=2), 2, 3),
        r"input size \(3\) must be divisible by number_of_groups \(2\)",
    ),
    "unknown depth in groups": (
        called(lambda: RNN.GLSTMCell(4), 2, None),
        "input size must be statically known",
    ),
    "depth of an intersection": (
        called(lambda: RNN.IntersectionRNNCell(4), 2, 3),
        "Must have input size == output size for Intersection RNN. To fix, num_in_proj should be set to",
    ),
    "unknown depth": (
        called(lambda: RNN.UGRNNCell(4), 2, None),
        "Could not infer input size from inputs.get_shape",
    ),
    "rank": (called(lambda: RNN.NASCell(4), 2, 3, 3), r"Shape \(2, 3, 3\) must have rank 2"),
    "rank of a layer": (
        called(lambda: RNN.SRUCell(4), 2, 3, 3),
        "is incompatible with the layer: expected ndim=2, found ndim=3",
    ),
    "sizes of an image": (
        lambda: RNN.ConvLSTMCell(1, [4, 4, 3], 2, [3]),
        r"Invalid input_shape \[4, 4, 3\] for conv_ndims=1",
    ),
    "rank of an image": (called(conv, 2, 3), "Conv Linear expects 3D, 4D or 5D arguments"),
    "rank of another image": (called(conv, 2, 3, 3), "Conv Linear expects all args to be of same Dimension"),
    "another image": (called(conv, 2, 5, 4, 3), "Dimensions of the inputs and of the state must be equal"),
    "an initialiser": (lambda: BY_MODULE_PATH.CFNCell(4, kernel_initializer="foo"), "Unknown initializer"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors_are_tensorflows(case):
    run, words = ERRORS[case]
    with pytest.raises(ValueError, match=words):
        run()


def test_a_phased_lstm_needs_times():
    with pytest.raises(TypeError, match=r"PhasedLSTMCell takes the inputs \(time, x\)"):
        call(RNN.PhasedLSTMCell(4), "nas")
