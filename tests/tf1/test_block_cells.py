"""Block, layer-normalised, coupled, weight-normalised and cuDNN's cells."""

from itertools import pairwise

import numpy as np
import pytest

import ostinato.tf1 as tf
from ostinato.cells import family as family_cells
from ostinato.tf1.contrib import lstm_cells
from tf1.values import DRIVERS, cases_of, replay

RNN, CUDNN = tf.contrib.rnn, tf.contrib.cudnn_rnn
X = np.random.RandomState(0).randn(2, 4, 3).astype(np.float32)


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize(("case", "dtype"), cases_of("block"))
def test_numbers_are_tensorflows(case, dtype, driver):
    replay("block", case, dtype, driver)


def dynamic(cell, x):
    return tf.nn.dynamic_rnn(cell, x, [4, 2], dtype=tf.float32)[0]


def static(cell, x):
    return tf.stack(tf.nn.static_rnn(cell, tf.unstack(x, axis=1), dtype=tf.float32)[0], 1)


IN_ONE = {
    "LSTMBlockCell": lambda: RNN.LSTMBlockCell(4),
    "LSTMBlockCell_peephole": lambda: RNN.LSTMBlockCell(4, use_peephole=True),
    "GRUBlockCell": lambda: RNN.GRUBlockCell(4),
    "GRUBlockCellV2": lambda: RNN.GRUBlockCellV2(4),
    "LayerNormBasicLSTMCell": lambda: RNN.LayerNormBasicLSTMCell(4),
    "LayerNormLSTMCell": lambda: lstm_cells.LayerNormLSTMCell(4, num_proj=2, layer_norm=True),
    "WeightNormLSTMCell": lambda: lstm_cells.WeightNormLSTMCell(4, num_proj=2),
    "CudnnCompatibleLSTMCell": lambda: CUDNN.CudnnCompatibleLSTMCell(4),
    "CudnnCompatibleGRUCell": lambda: CUDNN.CudnnCompatibleGRUCell(4),
}


@pytest.mark.parametrize("driver", [dynamic, static])
@pytest.mark.parametrize("name", IN_ONE)
def test_a_sequence_runs_as_one_operation(name, driver, monkeypatch):
    runs = []
    run_family = family_cells.run_family

    def counting(family, *arguments):
        runs.append(family)
        return run_family(family, *arguments)

    def stepping(*_):
        raise AssertionError(f"{name} is stepped.")

    outputs = driver(IN_ONE[name](), tf.constant(X))
    monkeypatch.setattr(family_cells, "run_family", counting)
    monkeypatch.setattr(family_cells.FamilyCell, "forward", stepping)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(outputs)
    assert len(runs) == 1


def test_a_block_lstm_reads_the_checkpoints_of_an_lstm(tmp_path):
    path = str(tmp_path / "model")

    def build(cell):
        return tf.nn.dynamic_rnn(cell, tf.constant(X), dtype=tf.float32)[0]

    outputs = build(tf.nn.rnn_cell.LSTMCell(4, use_peepholes=True))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        wanted = session.run(outputs)
        tf.train.Saver().save(session, path)
    with tf.Graph().as_default(), tf.Session() as session:
        outputs = build(RNN.LSTMBlockCell(4, use_peephole=True))
        tf.train.Saver().restore(session, path)
        np.testing.assert_allclose(session.run(outputs), wanted, rtol=1e-6, atol=1e-7)
    with tf.Graph().as_default(), tf.Session() as session:
        with tf.variable_scope("rnn"):
            fused = RNN.LSTMBlockFusedCell(4, use_peephole=True, name="lstm_cell")
            outputs, _ = fused(tf.constant(X.transpose(1, 0, 2)), dtype=tf.float32)
        tf.train.Saver().restore(session, path)
        np.testing.assert_allclose(session.run(outputs).transpose(1, 0, 2), wanted, rtol=1e-6, atol=1e-7)


def test_a_fused_cell_gives_a_list_for_a_list():
    cell = RNN.LSTMBlockFusedCell(5)
    whole, state = cell(tf.constant(X), dtype=tf.float32, sequence_length=[2, 0, 1, 1])
    steps, same = cell(tf.unstack(tf.constant(X)), dtype=tf.float32, sequence_length=[2, 0, 1, 1])
    assert len(steps) == 2
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        whole, steps, state, same = session.run([whole, steps, state, same])
    assert np.array_equal(whole, np.stack(steps))
    assert np.array_equal(state.c, same.c)
    assert not whole[:, 1].any()


def test_a_fused_cell_takes_sizes_that_are_not_known():
    x = tf.placeholder(tf.float32, [None, None, 3])
    outputs, state = RNN.LSTMBlockFusedCell(5)(x, dtype=tf.float32)
    assert outputs.shape.as_list() == [None, None, 5]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        outputs, state = session.run([outputs, state], {x: X})
    assert np.array_equal(outputs[-1], state.h)


class Sums(RNN.LSTMBlockWrapper):
    """c is the sum of the inputs so far, h twice that."""

    num_units = 3

    def _call_cell(self, inputs, initial_cell_state, initial_output, dtype, sequence_length):
        steps, cells = tf.unstack(inputs), [initial_cell_state]
        for step in steps:
            cells.append(cells[-1] + step)
        return tf.stack(cells[1:]), 2.0 * tf.stack(cells[1:])


@pytest.mark.parametrize("lengths", [None, [2, 0, 1, 2]], ids=["whole", "lengths"])
def test_a_cell_of_ones_own_runs_a_whole_sequence(lengths):
    start = (tf.ones([4, 3]), tf.ones([4, 3]))
    outputs, state = Sums()(tf.constant(X), initial_state=start, sequence_length=lengths)
    with tf.Session() as session:
        outputs, state = session.run([outputs, state])
    cells = 1 + np.cumsum(X, 0)
    if lengths is None:
        np.testing.assert_allclose(outputs, 2 * cells, atol=1e-6)
        np.testing.assert_allclose(state.c, cells[-1], atol=1e-6)
    else:
        np.testing.assert_allclose(outputs[1], 2 * cells[1] * [[1], [0], [0], [1]], atol=1e-6)
        wanted = np.stack([cells[1, 0], np.ones(3), cells[0, 2], cells[1, 3]])
        np.testing.assert_allclose(state.c, wanted, atol=1e-6)


@pytest.mark.parametrize("given_as", ["number", "tensor"])
def test_recurrent_dropout_drops_what_joins_c_and_nothing_else(given_as):
    keep = tf.placeholder(tf.float32, []) if given_as == "tensor" else 0.5
    feeds = {keep: 0.5} if given_as == "tensor" else {}
    cell = RNN.LayerNormBasicLSTMCell(50, layer_norm=False, dropout_keep_prob=keep, forget_bias=0.0)
    x = tf.zeros([20, 1])
    state, cells = cell.zero_state(20, tf.float32), [np.zeros([20, 50], np.float32)]
    for _ in range(2):
        _, state = cell(x, state)
        cells.append(state.c)
    with tf.Session() as session:
        kernel, bias = cell.variables
        kernel.load(np.zeros([51, 200], np.float32), session)
        bias.load(np.full([200], 0.3, np.float32), session)
        cells[1:] = session.run(cells[1:], feeds)
    gate = 1 / (1 + np.exp(-0.3))
    for before, after in pairwise(cells):
        joined = (after - gate * before) / (gate * np.tanh(0.3))
        kept = joined > 1
        np.testing.assert_allclose(joined, np.where(kept, 2.0, 0.0), atol=1e-5)
        assert 0.45 < kept.mean() < 0.55
    again = (cells[1] > 0) == (cells[2] - gate * cells[1] > 1e-3)
    assert 0.4 < again.mean() < 0.6


@pytest.mark.parametrize("driver", [dynamic, static])
def test_recurrent_dropout_is_seeded_and_has_gradients(driver):
    def outputs_and_gradient(seed):
        with tf.Graph().as_default():
            tf.set_random_seed(seed)
            cell = RNN.LayerNormBasicLSTMCell(4, dropout_keep_prob=0.5, dropout_prob_seed=3)
            outputs = driver(cell, tf.constant(X))
            gradient = tf.gradients(outputs, cell.variables[0])[0]
            with tf.Session() as session:
                session.run([tf.assign(v, 0.3 * tf.ones_like(v)) for v in cell.variables[1:]])
                cell.variables[0].load(np.linspace(-1, 1, 7 * 16, dtype=np.float32).reshape(7, 16), session)
                return session.run([outputs, gradient])

    # In TensorFlow's steps without a loop each draws what the first one does.
    once, again, other = outputs_and_gradient(1), outputs_and_gradient(1), outputs_and_gradient(2)
    assert all(map(np.array_equal, once, again))
    assert np.abs(once[1]).max() > 0
    assert not np.array_equal(once[0], other[0])


def test_gains_and_shifts_are_what_gammas_and_betas_start_at():
    cells = [
        RNN.LayerNormBasicLSTMCell(4, norm_gain=0.5, norm_shift=0.25),
        RNN.CoupledInputForgetGateLSTMCell(4, layer_norm=True, norm_gain=0.5, norm_shift=0.25),
    ]
    for index, cell in enumerate(cells):
        tf.nn.dynamic_rnn(cell, tf.constant(X), dtype=tf.float32, scope=f"scope_{index}")
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for variable in tf.global_variables():
            value = {"gamma": 0.5, "beta": 0.25}.get(variable.op.name.split("/")[-1])
            assert value is None or (session.run(variable) == value).all()


def test_the_initializer_of_a_coupled_cell_has_no_effect():
    cell = RNN.CoupledInputForgetGateLSTMCell(4, initializer=tf.constant_initializer(9.0))
    tf.nn.dynamic_rnn(cell, tf.constant(X), dtype=tf.float32)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert np.abs(session.run(cell.variables[0])).max() < 1


def test_the_matrix_of_a_coupled_cell_is_shared_out():
    cell = RNN.CoupledInputForgetGateLSTMCell(4, num_proj=3, num_unit_shards=4, num_proj_shards=3)
    tf.nn.dynamic_rnn(cell, tf.constant(X), dtype=tf.float32)
    shapes = {v.op.name.split("/")[-1]: v.shape.as_list() for v in tf.global_variables()}
    rows = {"W_0": 2, "W_1": 2, "W_2": 1, "W_3": 1, "W_P_0": 2, "W_P_1": 1, "W_P_2": 1}
    assert shapes.pop("B") == [12]
    assert shapes == {name: [count, 3 if "P" in name else 12] for name, count in rows.items()}


def test_the_bias_beside_no_norm_is_kept_in_parts_as_a_matrix_is():
    with tf.variable_scope("parts", partitioner=tf.fixed_size_partitioner(2)):
        tf.nn.dynamic_rnn(RNN.LayerNormBasicLSTMCell(4, layer_norm=False), tf.constant(X), dtype=tf.float32)
    names = [variable.op.name.removeprefix("parts/rnn/") for variable in tf.global_variables()]
    cell = "layer_norm_basic_lstm_cell"
    assert names == [f"{cell}/{name}/part_{part}" for name in ("kernel", "bias") for part in (0, 1)]


def in_types(cell, dtype):
    return tf.nn.dynamic_rnn(cell, tf.zeros([2, 4, 3], dtype), dtype=dtype)


def of_unknown_depth(cell):
    return cell(tf.placeholder(tf.float32, [2, None]), cell.zero_state(2, tf.float32))


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (
            lambda: RNN.GRUBlockCell(),
            ValueError,
            "Exactly one of num_units or cell_size must be provided.",
        ),
        (
            lambda: RNN.GRUBlockCell(num_units=4, cell_size=4),
            ValueError,
            "Exactly one of num_units or cell_size must be provided.",
        ),
        (
            lambda: in_types(RNN.LSTMBlockCell(4), tf.float64),
            TypeError,
            "Value passed to parameter 'x' has DataType float64 not in list of allowed values: "
            "float16, float32",
        ),
        (
            lambda: in_types(RNN.GRUBlockCell(4), tf.float64),
            TypeError,
            "Value passed to parameter 'x' has DataType float64 not in list of allowed values: float32",
        ),
        (
            lambda: RNN.LSTMBlockFusedCell(4)(tf.zeros([4, 2, 3], tf.float64), dtype=tf.float64),
            TypeError,
            "Value passed to parameter 'x' has DataType float64 not in list of allowed values: "
            "float16, float32",
        ),
        (
            lambda: RNN.LSTMBlockFusedCell(4)(tf.zeros([4, 2, 3])),
            ValueError,
            "Either initial_state or dtype needs to be specified",
        ),
        (
            lambda: RNN.LSTMBlockFusedCell(4)(tf.zeros([4, 2, 3]), initial_state=(tf.zeros([2, 4]),)),
            ValueError,
            "Expecting initial_state to be a tuple with length 2 or None",
        ),
        (
            lambda: RNN.LSTMBlockFusedCell(4)(tf.zeros([2, 3]), dtype=tf.float32),
            ValueError,
            "Input 0 of layer lstm_fused_cell is incompatible with the layer: expected ndim=3, found ndim=2.",
        ),
        (
            lambda: RNN.LSTMBlockWrapper(),
            TypeError,
            "Can't instantiate abstract class LSTMBlockWrapper with abstract methods _call_cell, num_units",
        ),
        (
            lambda: RNN.GRUBlockCell(4)(tf.zeros([2, 3]), tf.zeros([2, 5])),
            ValueError,
            "Shape of h_prev[1] incorrect: cell_size 4 vs 5",
        ),
        (
            lambda: of_unknown_depth(RNN.LSTMBlockCell(4)),
            ValueError,
            "Expecting inputs_shape[1] to be set: (2, ?)",
        ),
        (lambda: of_unknown_depth(RNN.GRUBlockCell(4)), ValueError, "Expecting input_size to be set."),
        (
            lambda: of_unknown_depth(RNN.CoupledInputForgetGateLSTMCell(4)),
            ValueError,
            "Could not infer input size from inputs.get_shape()[-1]",
        ),
        (
            lambda: in_types(RNN.CoupledInputForgetGateLSTMCell(4, num_unit_shards=8), tf.float32),
            ValueError,
            "Too many shards: shape=[7, 12], num_shards=8",
        ),
        (
            lambda: RNN.LayerNormBasicLSTMCell(4, dropout_keep_prob=1.5),
            ValueError,
            "dropout_keep_prob must be a scalar tensor or a float in the range (0, 1], got 1.5",
        ),
        (
            lambda: [in_types(lstm_cells.WeightNormLSTMCell(4), tf.float32) for _ in range(2)],
            ValueError,
            "Variable rnn/wn_lstm_cell/wn_lstm_cell/kernel already exists, disallowed.",
        ),
    ],
)
def test_what_does_not_fit_is_told(make, error, words):
    with pytest.raises(error) as caught:
        make()
    assert str(caught.value).startswith(words)


def test_the_older_name_of_num_units_will_do():
    assert RNN.GRUBlockCell(cell_size=4).output_size == 4
