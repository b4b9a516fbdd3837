"""Cells of the user's own, and what wrappers do, under every driver."""

import dataclasses

import numpy as np
import pytest

import ostinato.tf1 as tf
from ostinato.tf1 import body

cells = tf.nn.rnn_cell
STEPS = 6
X = np.random.default_rng(3).normal(size=[3, STEPS, 2]).astype(np.float32)


class WithGetVariable(cells.RNNCell):
    """Variables from tf.get_variable in `call`."""

    def __init__(self, units):
        super().__init__()
        self._units = units

    state_size = output_size = property(lambda self: self._units)

    def call(self, inputs, state):
        kernel = tf.get_variable("w", [2, self._units])
        output = tf.tanh(tf.matmul(inputs, kernel) + 0.5 * state)
        return output, output


class WithBuild(tf.contrib.rnn.LayerRNNCell):
    """As the second seed's source has it: variables from add_variable in `build`, and a nest as state."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self._units = units

    @property
    def state_size(self):
        return (self._units, tf.TensorShape([self._units + 1]))

    @property
    def output_size(self):
        return self._units

    def build(self, inputs_shape):
        depth = inputs_shape[1].value
        self._kernel = self.add_variable("kernel", shape=[depth + self._units, self._units])
        self._bias = self.add_variable(
            "bias", [self._units], initializer=tf.zeros_initializer(dtype=self.dtype)
        )
        self.built = True

    def call(self, inputs, state):
        short, long = state
        new = tf.nn.relu(tf.matmul(tf.concat([inputs, short], 1), self._kernel) + self._bias)
        sums = tf.concat([new, tf.reduce_sum(long, 1, keepdims=True)], 1)
        return new * 2, (new, sums)


class OldStyle(cells.RNNCell):
    """`__call__` itself, with a scope."""

    def __init__(self, units):
        self._units = units

    state_size = output_size = property(lambda self: self._units)

    def __call__(self, inputs, state, scope=None):
        with tf.variable_scope(scope or type(self).__name__):
            kernel = tf.get_variable("W", [2 + self._units, self._units])
            output = tf.sigmoid(tf.matmul(tf.concat([inputs, state], 1), kernel))
        return output, output


class Doubled(cells.BasicLSTMCell):
    """A built-in cell with a `call` of its own."""

    def call(self, inputs, state):
        output, state = super().call(inputs, state)
        return output * 2, state


CELLS = {
    "get_variable": (lambda: WithGetVariable(4), ["rnn/with_get_variable/w"]),
    "build": (lambda: WithBuild(4), ["rnn/with_build/kernel", "rnn/with_build/bias"]),
    "old style": (lambda: OldStyle(4), ["rnn/OldStyle/W"]),
    "derived": (lambda: Doubled(4), ["rnn/doubled/kernel", "rnn/doubled/bias"]),
    "in a stack": (
        lambda: cells.MultiRNNCell([WithGetVariable(3), cells.GRUCell(4)]),
        ["rnn/multi_rnn_cell/cell_0/with_get_variable/w"]
        + [
            f"rnn/multi_rnn_cell/cell_1/gru_cell/{name}"
            for name in ("gates/kernel", "gates/bias", "candidate/kernel", "candidate/bias")
        ],
    ),
    "traced activation": (
        lambda: cells.BasicLSTMCell(4, activation=lambda x: 0.5 * tf.sin(x)),
        ["rnn/basic_lstm_cell/kernel", "rnn/basic_lstm_cell/bias"],
    ),
    "residual_fn": (
        lambda: cells.ResidualWrapper(cells.BasicRNNCell(2), residual_fn=lambda x, y: x * y + 1.0),
        ["rnn/basic_rnn_cell/kernel", "rnn/basic_rnn_cell/bias"],
    ),
}


def dynamic(cell, x, lengths, **options):
    return tf.nn.dynamic_rnn(cell, x, sequence_length=lengths, dtype=tf.float32, **options)


def swapped(cell, x, lengths):
    return dynamic(cell, x, lengths, swap_memory=True)


def static(cell, x, lengths):
    outputs, state = tf.nn.static_rnn(
        cell, tf.unstack(x, STEPS, 1), sequence_length=lengths, dtype=tf.float32
    )
    return tf.stack(outputs, 1), state


def flat(nest):
    return [leaf for part in nest for leaf in flat(part)] if isinstance(nest, (list, tuple)) else [nest]


def evaluated(driver, make, lengths=None, run_seed=None):
    """(values and gradients, names of the variables, number of nodes) of a network of its own, seeded."""
    with tf.Graph().as_default() as graph, tf.Session() as session:
        tf.set_random_seed(5)
        x = tf.placeholder(tf.float32, [None, STEPS, 2])
        outputs, state = driver(make(), x, lengths)
        variables = tf.trainable_variables()
        for index, variable in enumerate(variables):
            generator = np.random.default_rng(index)
            variable.load(generator.normal(size=variable.shape.as_list()) * 0.5, session)
        gradients = tf.gradients(tf.reduce_sum(tf.square(outputs)), [x, *variables])
        seeds = [op.outputs[0] for op in graph.get_operations() if op.type == "RandomSeed"]
        feeds = {} if run_seed is None else dict.fromkeys(seeds, run_seed)
        values = session.run([outputs, state, gradients], {x: X, **feeds})
        return flat(values), [variable.op.name for variable in variables], len(graph.get_operations())


@pytest.mark.parametrize("lengths", [None, [6, 3, 0]], ids=["full", "lengths"])
@pytest.mark.parametrize("name", CELLS)
def test_drivers_agree_on_a_cell_of_the_users_own(name, lengths):
    make, variables = CELLS[name]
    expected, names, _ = evaluated(dynamic, make, lengths)
    assert names == variables
    for driver in (swapped, static):
        values, names, _ = evaluated(driver, make, lengths)
        assert names == variables
        for value, reference in zip(values, expected, strict=True):
            np.testing.assert_allclose(value, reference, rtol=1e-4, atol=1e-6)


def test_a_cell_is_traced_once_and_the_graph_does_not_grow_with_the_steps():
    calls = []

    class Counted(WithGetVariable):
        def call(self, inputs, state):
            calls.append(inputs)
            return super().call(inputs, state)

    sizes = []
    for steps in (3, 300):
        with tf.Graph().as_default() as graph:
            x = tf.placeholder(tf.float32, [None, steps, 2])
            tf.nn.dynamic_rnn(Counted(4), x, dtype=tf.float32)
            sizes.append(len(graph.get_operations()))
    assert len(calls) == 2
    assert sizes[0] == sizes[1]


def test_a_static_driver_makes_one_node_a_step():
    def nodes(steps):
        with tf.Graph().as_default() as graph:
            inputs = tf.unstack(tf.placeholder(tf.float32, [None, steps, 2]), axis=1)
            cell = cells.MultiRNNCell([cells.LSTMCell(4), cells.DropoutWrapper(cells.GRUCell(3), 0.5)])
            tf.nn.static_rnn(cell, inputs, dtype=tf.float32, sequence_length=[2, 3])
            return len(graph.get_operations())

    assert nodes(12) - nodes(5) == 7


def test_a_variable_made_inside_a_loop_belongs_to_the_graph_around_it():
    x = tf.placeholder(tf.float32, [None, STEPS, 2])
    outputs, _ = dynamic(WithGetVariable(4), x, None)
    (variable,) = tf.global_variables()
    assert variable.graph is tf.get_default_graph()
    assert [weight.name for weight in tf.trainable_variables()] == ["rnn/with_get_variable/w:0"]
    train = tf.train.AdamOptimizer(0.01).minimize(tf.reduce_mean(tf.square(outputs)))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        before = session.run(variable)
        session.run(train, {x: X})
        assert np.abs(session.run(variable) - before).min() > 1e-4


def dropping(**options):
    return lambda: cells.DropoutWrapper(cells.BasicLSTMCell(4), **options)


DROPOUTS = {
    "inputs": dropping(input_keep_prob=0.5),
    "outputs": dropping(output_keep_prob=0.5),
    "state": dropping(state_keep_prob=0.5),
    "tensor": lambda: dropping(output_keep_prob=tf.placeholder_with_default(0.5, []))(),
    "variational": dropping(
        input_keep_prob=0.5, state_keep_prob=0.5, variational_recurrent=True, input_size=2, dtype=tf.float32
    ),
    "stack": lambda: cells.MultiRNNCell([dropping(output_keep_prob=0.5)(), dropping(input_keep_prob=0.5)()]),
    "around a traced cell": lambda: cells.DropoutWrapper(WithGetVariable(4), output_keep_prob=0.5),
}


@pytest.mark.parametrize("name", DROPOUTS)
def test_all_drivers_drop_the_same_for_one_seed(name):
    expected, _, _ = evaluated(dynamic, DROPOUTS[name], run_seed=11)
    for driver in (swapped, static):
        values, _, _ = evaluated(driver, DROPOUTS[name], run_seed=11)
        for value, reference in zip(values, expected, strict=True):
            np.testing.assert_allclose(value, reference, rtol=1e-4, atol=1e-6)
    others, _, _ = evaluated(dynamic, DROPOUTS[name], run_seed=12)
    assert not np.allclose(others[0], expected[0])


@pytest.mark.parametrize("driver", [dynamic, static])
def test_masks_change_from_step_to_step_and_from_run_to_run(driver):
    x = tf.placeholder(tf.float32, [None, STEPS, 2])
    cell = cells.DropoutWrapper(cells.BasicRNNCell(64), output_keep_prob=0.5)
    outputs, _ = driver(cell, x, None)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        first, second = (session.run(outputs, {x: X}) == 0 for _ in range(2))
    assert 0.4 < first.mean() < 0.6
    assert 0.3 < (first[:, 0] != first[:, 1]).mean() < 0.7
    assert 0.3 < (first != second).mean() < 0.7


def test_a_variational_mask_is_one_for_all_rows_and_steps():
    x = tf.placeholder(tf.float32, [None, STEPS, 2])
    cell = cells.DropoutWrapper(
        cells.BasicRNNCell(64), output_keep_prob=0.5, variational_recurrent=True, dtype=tf.float32
    )
    outputs, _ = dynamic(cell, x, None)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        zeros = session.run(outputs, {x: X}) == 0
        others = session.run(outputs, {x: X}) == 0
    assert (zeros == zeros[:1, :1]).all()
    assert (zeros != others).any()


def test_an_lstm_has_its_h_dropped_and_never_its_c():
    x, cell = tf.ones([40, 2]), cells.LSTMCell(50)
    dropped = cells.DropoutWrapper(cell, state_keep_prob=0.5)
    output, state = dropped(x, cell.zero_state(40, tf.float32))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        out, c, h = session.run([output, state.c, state.h])
    assert not (out == 0).any()
    assert not (c == 0).any()
    assert 0.4 < (h == 0).mean() < 0.6
    np.testing.assert_allclose(h[h != 0], 2 * out[h != 0], rtol=1e-5)


def test_a_visitor_chooses_what_is_dropped():
    cell = cells.LSTMCell(50)
    dropped = cells.DropoutWrapper(
        cell,
        state_keep_prob=0.5,
        dropout_state_filter_visitor=lambda state: cells.LSTMStateTuple(c=True, h=False),
    )
    _, state = dropped(tf.ones([40, 2]), cell.zero_state(40, tf.float32))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        c, h = session.run([state.c, state.h])
    assert 0.4 < (c == 0).mean() < 0.6
    assert not (h == 0).any()


def test_a_keep_probability_can_be_fed():
    keep = tf.placeholder_with_default(1.0, [])
    x = tf.placeholder(tf.float32, [None, STEPS, 2])
    outputs, _ = dynamic(cells.DropoutWrapper(cells.GRUCell(32), output_keep_prob=keep), x, None)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert not (session.run(outputs, {x: X}) == 0).any()
        assert 0.6 < (session.run(outputs, {x: X, keep: 0.25}) == 0).mean() < 0.9


def test_nested_inputs():
    class Sum(cells.RNNCell):
        state_size = output_size = property(lambda self: 2)

        def call(self, inputs, state):
            output = inputs[0] + inputs[1]["b"] + state
            return output, output

    a, b = tf.ones([3, STEPS, 2]), tf.ones([3, STEPS, 2])
    outputs, state = tf.nn.dynamic_rnn(Sum(), (a, {"b": b}), dtype=tf.float32)
    assert outputs.name == "rnn/transpose_2:0"
    with tf.Session() as session:
        values, final = session.run([outputs, state])
    assert values[0, :, 0].tolist() == [2, 4, 6, 8, 10, 12]
    assert final.tolist() == [[12, 12]] * 3


def test_an_initial_state_and_a_final_state_carry_on():
    cell = cells.BasicLSTMCell(4)
    x = tf.placeholder(tf.float32, [3, None, 2])
    whole, state = dynamic(cell, x, None)
    given = cells.LSTMStateTuple(*(tf.placeholder(tf.float32, [3, 4]) for _ in range(2)))
    rest, _ = tf.nn.dynamic_rnn(cell, x, initial_state=given)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        expected = session.run(whole, {x: X})
        half = session.run(state, {x: X[:, :3]})
        assert isinstance(half, cells.LSTMStateTuple)
        np.testing.assert_allclose(session.run(rest, {x: X[:, 3:], given: half}), expected[:, 3:], rtol=1e-5)


def test_second_derivatives_pass_through_a_loop():
    x = tf.placeholder(tf.float32, [None, STEPS, 2])
    outputs, _ = dynamic(WithGetVariable(4), x, None)
    (first,) = tf.gradients(tf.reduce_sum(outputs), [x])
    (second,) = tf.gradients(tf.reduce_sum(tf.square(first)), tf.trainable_variables())
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        value = session.run(second, {x: X})
    assert np.isfinite(value).all()
    assert np.abs(value).max() > 0


@pytest.mark.parametrize(
    "cell_type", [cells.BasicRNNCell, cells.GRUCell, cells.BasicLSTMCell, cells.LSTMCell]
)
def test_a_cell_whose_variables_are_of_another_type_than_its_inputs_is_refused(cell_type):
    x = tf.zeros([2, 3])
    message = "Input 'b' of 'MatMul' Op has type float64 that does not match type float32 of argument 'a'"
    cell = cell_type(4, dtype=tf.float64)
    for call in (
        lambda: cell(x, cell.zero_state(2, tf.float32)),
        lambda: tf.nn.dynamic_rnn(cell, tf.stack([x, x]), dtype=tf.float32),
        lambda: tf.nn.static_rnn(cell, [x, x], dtype=tf.float32),
    ):
        with pytest.raises(TypeError, match=message):
            call()


@pytest.mark.parametrize(("shards", "parts"), [(None, [""]), (1, ["/part_0"]), (2, ["/part_0", "/part_1"])])
def test_a_number_of_shards_makes_parts_also_where_it_is_one(shards, parts):
    cell = cells.LSTMCell(4, num_proj=2, num_unit_shards=shards, num_proj_shards=shards)
    cell(tf.zeros([2, 3]), cell.zero_state(2, tf.float32))
    names = [variable.op.name for variable in tf.global_variables()]
    matrices = ("lstm_cell/kernel", "lstm_cell/projection/kernel")
    assert [name for name in names if "kernel" in name] == [a + b for a in matrices for b in parts]


def test_shards_of_a_variable_give_what_the_whole_gives():
    values = {}
    for shards in (None, 3):
        with tf.Graph().as_default(), tf.Session() as session:
            x = tf.placeholder(tf.float32, [3, STEPS, 2])
            outputs, _ = dynamic(cells.LSTMCell(4, num_unit_shards=shards), x, None)
            kernel = np.random.default_rng(1).normal(size=[6, 16])
            parts = [v for v in tf.trainable_variables() if "kernel" in v.name]
            for variable, part in zip(parts, np.array_split(kernel, len(parts)), strict=True):
                variable.load(part, session)
            session.run(tf.trainable_variables()[-1].initializer)
            gradients = tf.gradients(tf.reduce_sum(outputs), parts)
            fetched = session.run([outputs, *gradients], {x: X})
            values[shards] = [fetched[0], np.concatenate(fetched[1:])]
    for one, other in zip(values[None], values[3], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_nodes_are_made_of_plain_values():
    x = tf.placeholder(tf.float32, [None, STEPS, 2])
    stack = cells.MultiRNNCell(
        [
            cells.DropoutWrapper(WithGetVariable(3), 0.5),
            cells.ResidualWrapper(cells.GRUCell(3, activation=lambda z: z * 2.0), lambda a, b: a * b),
        ]
    )
    outputs, _ = dynamic(stack, x, [1, 2, 3])
    static(cells.DropoutWrapper(cells.LSTMCell(3), 0.5), x, None)
    tf.train.AdamOptimizer().minimize(tf.reduce_mean(outputs[:, -1]))
    graphs = [tf.get_default_graph()]
    for graph in graphs:
        for operation in graph.get_operations():
            _assert_plain(operation.attributes, graphs, operation)


def _assert_plain(value, graphs, operation):
    if isinstance(value, body.BodyFunction):
        if value.graph not in graphs:
            graphs.append(value.graph)
    elif dataclasses.is_dataclass(value):
        _assert_plain(vars(value), graphs, operation)
    elif isinstance(value, dict):
        _assert_plain(list(value.values()), graphs, operation)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _assert_plain(item, graphs, operation)
    else:
        plain = (type(None), bool, int, float, str, np.ndarray, tf.TensorShape)
        assert isinstance(value, plain), f"{operation}: {value!r}"


class Attentive(cells.RNNCell):
    """A cell that takes a gradient, and runs a loop of its own, in each step."""

    state_size = output_size = property(lambda self: 2)

    def call(self, inputs, state):
        (slope,) = tf.gradients(tf.reduce_sum(tf.sin(state) * inputs), [state])
        inner, _ = tf.nn.dynamic_rnn(
            cells.BasicRNNCell(2, name="inner"), tf.stack([inputs, slope], 1), dtype=tf.float32
        )
        return inner[:, -1], slope


@pytest.mark.parametrize("driver", [dynamic, static])
def test_gradients_and_loops_inside_a_loop(driver):
    values, names, _ = evaluated(driver, Attentive)
    assert [name.split("/")[-2:] for name in names] == [["inner", "kernel"], ["inner", "bias"]]
    outputs, state, of_x, of_kernel, _ = values
    expected = np.zeros([3, 2])
    for step in range(STEPS):
        expected = np.cos(expected) * X[:, step]
    np.testing.assert_allclose(state, expected, rtol=1e-4)
    reference, _, _ = evaluated(dynamic, Attentive)
    for value, other in zip(values, reference, strict=True):
        np.testing.assert_allclose(value, other, rtol=1e-4, atol=1e-6)
    assert np.abs(of_x).max() > 0
    assert np.abs(of_kernel).max() > 0
    assert outputs.shape == (3, STEPS, 2)


def test_no_steps_and_no_rows():
    x = tf.placeholder(tf.float32, [None, None, 2])
    outputs, state = dynamic(cells.GRUCell(4), x, None)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        values, final = session.run([outputs, state], {x: np.zeros([3, 0, 2])})
        assert values.shape == (3, 0, 4)
        assert final.tolist() == np.zeros([3, 4]).tolist()
        values, final = session.run([outputs, state], {x: np.zeros([0, 5, 2])})
        assert values.shape == (0, 5, 4)
        assert final.shape == (0, 4)


def test_lengths_that_do_not_fit_are_told_when_they_are_fed():
    x = tf.placeholder(tf.float32, [None, STEPS, 2])
    lengths = tf.placeholder(tf.int32, [None])
    outputs, _ = dynamic(cells.GRUCell(4), x, lengths)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for wrong in ([1, 2], [1, 2, -1]):
            with pytest.raises(tf.errors.InvalidArgumentError, match=r"sequence_length.*\n.*DynamicRNN"):
                session.run(outputs, {x: X, lengths: wrong})
