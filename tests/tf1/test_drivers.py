"""What the drivers take and give besides numbers: structures, scopes, sizes, savers, and how they run."""

import numpy as np
import pytest

import ostinato.tf1 as tf
from ostinato.cells.family import FamilyCell
from ostinato.tf1.ops import rnn as node_of_cells
from tf1.driver_calls import (
    LENGTH_DRIVERS,
    PAIRS,
    Kept,
    X,
    bidirectional,
    dynamic,
    raw,
    run,
    static,
    unknown,
)

cells, contrib = tf.nn.rnn_cell, tf.contrib.rnn


@pytest.mark.parametrize(("default", "driver"), PAIRS)
def test_scopes_by_name_by_object_and_by_default(default, driver):
    x = unknown(None, 6, 2)
    driver(x)
    with tf.variable_scope("around"):
        driver(x, scope="named")
    with tf.variable_scope("given") as scope:
        pass
    driver(x, scope=scope)
    tops = {"/".join(v.op.name.split("/")[:2]) for v in tf.global_variables()}
    assert {top.split("/")[0] for top in tops} == {default, "around", "given"}
    assert "around/named" in tops


@pytest.mark.parametrize(("default", "driver"), PAIRS)
@pytest.mark.parametrize("by", ["scope", "object"])
def test_reuse_shares_and_a_second_time_without_it_collides(default, driver, by):
    x = unknown(None, 6, 2)
    with tf.variable_scope("m") as scope:
        first = driver(x)
    count = len(tf.global_variables())
    with tf.variable_scope("m" if by == "scope" else scope, reuse=True):
        second = driver(x)
    assert len(tf.global_variables()) == count
    flatten = tf.contrib.framework.nest.flatten
    values = run([flatten(first), flatten(second)], {x: X})
    for one, other in zip(*values, strict=True):
        assert (one == other).all()
    with pytest.raises(ValueError, match="already exists, disallowed"), tf.variable_scope("m"):
        driver(x)


@pytest.mark.parametrize(("default", "driver"), PAIRS)
def test_one_row_count_after_another_through_one_graph(default, driver):
    x = unknown(None, 6, 2)
    results = tf.contrib.framework.nest.flatten(driver(x))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        whole = session.run(results, {x: X})
        one_row = session.run(results, {x: X[1:2]})
    assert {value.shape for value in one_row} != {value.shape for value in whole}
    for value, few in zip(whole, one_row, strict=True):
        axis = value.shape.index(3)
        np.testing.assert_allclose(np.take(value, [1], axis), few, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("default", "driver"), LENGTH_DRIVERS)
def test_lengths_as_a_list_an_array_a_tensor_or_fed(default, driver):
    x, lengths = tf.constant(X), unknown(None, dtype=tf.int64)
    forms = [[6, 0, 3], np.array([6, 0, 3]), tf.constant([6, 0, 3], tf.int32), lengths]
    results = []
    for form in forms:
        with tf.variable_scope("m", reuse=tf.AUTO_REUSE):
            results.append(tf.contrib.framework.nest.flatten(driver(x, sequence_length=form)))
    first, *rest = run(results, {lengths: [6, 0, 3]})
    for other in rest:
        assert all((a == b).all() for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize("driver", [dynamic, static])
def test_steps_beyond_the_longest_row_change_nothing(driver):
    for longest, lengths in ((6, [9, 6, 7]), (3, [3, 1, 2])):
        with tf.variable_scope("m", reuse=tf.AUTO_REUSE):
            outputs, state = driver(tf.constant(X), sequence_length=lengths)
        values, final = run([outputs, state])
        values = values if driver is dynamic else np.stack(values, 1)
        last = np.minimum(lengths, 6) - 1
        assert (final == values[np.arange(3), last]).all()
        assert not values[:, longest:].any()


# -- structures
def test_a_state_is_fed_and_fetched_as_it_is_structured():
    x = unknown(None, None, 2)
    stack = cells.MultiRNNCell([cells.LSTMCell(3), cells.GRUCell(4)])
    start = stack.zero_state(tf.shape(x)[0], tf.float32)
    outputs, state = tf.nn.dynamic_rnn(stack, x, initial_state=start)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        whole, at_the_end = session.run([outputs, state], {x: X})
        first, between = session.run([outputs, state], {x: X[:, :2]})
        second, final = session.run([outputs, state], {x: X[:, 2:], start: between})
        third = session.run(outputs, {x: X[:, 2:], start[0]: between[0], start[1]: between[1]})
    assert isinstance(between, tuple)
    assert isinstance(between[0], cells.LSTMStateTuple)
    np.testing.assert_allclose(np.concatenate([first, second], 1), whole, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(final[0].c, at_the_end[0].c, rtol=1e-5, atol=1e-6)
    assert (third == second).all()


@pytest.mark.parametrize("driver", [dynamic, static])
def test_a_state_that_is_one_tensor(driver):
    flat = cells.LSTMCell(4, num_proj=2, state_is_tuple=False)
    start = tf.constant(np.arange(18, dtype=np.float32).reshape(3, 6) / 20)
    _, state = driver(tf.constant(X), "s", flat, initial_state=start, sequence_length=[6, 0, 3])
    pair = cells.LSTMStateTuple(start[:, :4], start[:, 4:])
    with tf.variable_scope("", reuse=True):
        tupled = cells.LSTMCell(4, num_proj=2)
        _, expected = driver(tf.constant(X), "s", tupled, initial_state=pair, sequence_length=[6, 0, 3])
    values, other, beginning = run([state, expected, start])
    np.testing.assert_allclose(values, np.concatenate(other, 1), rtol=1e-5, atol=1e-6)
    assert (values[1] == beginning[1]).all()


class Mixture(cells.RNNCell):
    """Nested everything; it makes its variable when it is called."""

    state_size = {"a": 2, "b": (tf.TensorShape([2, 2]), tf.TensorShape([]))}
    output_size = {"sum": 2, "table": tf.TensorShape([2, 2])}

    def zero_state(self, batch_size, dtype):
        table = tf.zeros([batch_size, 2, 2], dtype)
        return {"a": tf.zeros([batch_size, 2], dtype), "b": (table, tf.zeros([], tf.int32))}

    def call(self, inputs, state):
        left, (right,) = inputs
        table, count = state["b"]
        weights = tf.get_variable("weights", [2, 2])
        total = tf.matmul(left, weights) + state["a"]
        table = 0.5 * table + tf.expand_dims(right, 2) * tf.expand_dims(total, 1)
        return {"sum": total, "table": table}, {"a": total, "b": (table, count + 1)}


@pytest.mark.parametrize("lengths", [None, [6, 0, 3]])
def test_nested_inputs_outputs_and_states(lengths):
    x = tf.constant(X)
    outputs, state = dynamic((x, (2.0 * x,)), cell=Mixture(), sequence_length=lengths)
    assert outputs["table"].shape.as_list() == [3, 6, 2, 2]
    assert [v.op.name for v in tf.global_variables()] == ["rnn/mixture/weights"] or [
        v.op.name for v in tf.global_variables()
    ] == ["rnn/weights"]
    steps = [(step, (2.0 * step,)) for step in tf.unstack(x, axis=1)]
    with tf.variable_scope("", reuse=True):
        listed, last = tf.nn.static_rnn(Mixture(), steps, dtype=tf.float32, sequence_length=lengths)
    values, final, stepped, after = run([outputs, state, listed, last])
    for key in ("sum", "table"):
        together = np.stack([step[key] for step in stepped], 1)
        np.testing.assert_allclose(values[key], together, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(final["a"], after["a"], rtol=1e-5, atol=1e-6)
    assert final["b"][1] == 6  # a state without rows is not held back by lengths
    if lengths:
        assert not values["table"][1].any()


def test_inputs_of_any_rank_and_time_first():
    class Turns(cells.RNNCell):
        state_size = tf.TensorShape([2, 5])
        output_size = tf.TensorShape([5, 2])

        def call(self, inputs, state):
            state = inputs + 0.5 * state
            return tf.transpose(state, [0, 2, 1]), state

    images = tf.ones([4, 3, 2, 5])
    outputs, state = tf.nn.dynamic_rnn(Turns(), images, dtype=tf.float32)
    assert outputs.shape.as_list() == [4, 3, 5, 2]
    first, _ = tf.nn.dynamic_rnn(
        Turns(), tf.transpose(images, [1, 0, 2, 3]), dtype=tf.float32, time_major=True
    )
    values, other, final = run([outputs, first, state])
    assert (values == other.transpose(1, 0, 2, 3)).all()
    assert (final == 1.75).all()


def test_no_steps_and_no_rows():
    x = unknown(None, None, 2)
    outputs, state = dynamic(x)
    both, _ = bidirectional(x)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for sizes in ((3, 0, 2), (0, 6, 2)):
            feeds = {x: np.zeros(sizes, np.float32)}
            values, final, (_, backwards) = session.run([outputs, state, both], feeds)
            assert values.shape == backwards.shape == (*sizes[:2], 4)
            assert not final.any()


def test_a_state_of_unknown_size_that_is_fed():
    start = unknown(None, None)
    outputs, state = dynamic(unknown(None, 6, 2), initial_state=start)
    assert (outputs.shape.as_list(), state.shape.as_list()) == ([None, 6, 4], [None, 4])


# -- savers
@pytest.mark.parametrize("fetched", ["last output", "state"])
def test_a_saved_state_goes_on_from_run_to_run(fetched):
    stack = cells.MultiRNNCell([cells.LSTMCell(3), cells.GRUCell(4)])
    x = unknown(3, 2, 2)
    names = (("c", "h"), "gru")
    outputs, state = tf.nn.static_state_saving_rnn(
        stack, tf.unstack(x, axis=1), Kept(c=3, h=3, gru=4), names, [2, 2, 2]
    )
    assert isinstance(state[0], cells.LSTMStateTuple)
    whole = unknown(3, 6, 2)
    with tf.variable_scope("", reuse=True):
        again = cells.MultiRNNCell([cells.LSTMCell(3), cells.GRUCell(4)])
        expected, _ = tf.nn.dynamic_rnn(again, whole, dtype=tf.float32)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        wanted = outputs[-1] if fetched == "last output" else state[1]
        found = [session.run(wanted, {x: X[:, start : start + 2]}) for start in (0, 2, 4)]
        values = session.run(expected, {whole: X})
    np.testing.assert_allclose(np.stack(found, 1), values[:, 1::2], rtol=1e-5, atol=1e-6)


# -- how they run
@pytest.mark.parametrize(("default", "driver"), LENGTH_DRIVERS)
@pytest.mark.parametrize("lengths", [None, [6, 0, 3]])
def test_a_built_in_cell_runs_over_whole_sequences(default, driver, lengths, monkeypatch):
    x, single_steps = unknown(None, 6, 2), []

    def counting(step):
        def counted(*arguments):
            single_steps.append(arguments)
            return step(*arguments)

        return counted

    monkeypatch.setattr(FamilyCell, "forward", counting(FamilyCell.forward))
    monkeypatch.setattr(node_of_cells, "_leaf_step", counting(node_of_cells._leaf_step))
    results = tf.contrib.framework.nest.flatten(driver(x, sequence_length=lengths))
    loss = tf.add_n([tf.reduce_sum(result) for result in results])
    run([results, tf.gradients(loss, tf.trainable_variables())], {x: X})
    assert not single_steps
    tf.reset_default_graph()
    x = unknown(None, 6, 2)
    run(raw(x), {x: X})
    assert len(single_steps) in (6, 7)  # a loop of one's own takes single steps; one may be written down


FLAT = {
    "LSTM": lambda: cells.LSTMCell(4, use_peepholes=True, num_proj=3, state_is_tuple=False),
    "stack": lambda: cells.MultiRNNCell([cells.GRUCell(3), cells.BasicRNNCell(4)], state_is_tuple=False),
}


@pytest.mark.parametrize("swap_memory", [False, True])
@pytest.mark.parametrize("name", FLAT)
def test_a_cell_with_one_tensor_as_its_state_runs_over_whole_sequences_too(name, swap_memory, monkeypatch):
    forward = FamilyCell.forward
    x, results, slopes = unknown(None, 6, 2), [], []
    for driver, options in ((dynamic, {"swap_memory": swap_memory}), (static, {})):
        with tf.variable_scope("m", reuse=tf.AUTO_REUSE):
            outputs, state = driver(x, cell=FLAT[name](), sequence_length=[6, 0, 3], **options)
        outputs = outputs if driver is dynamic else tf.stack(outputs, 1)
        loss = tf.reduce_sum(outputs**2) + tf.reduce_sum(state * 3.0)
        results.append([outputs, state])
        slopes.append(tf.gradients(loss, [x, *tf.trainable_variables()]))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        stepped, expected = session.run([results[1], slopes[1]], {x: X})
        monkeypatch.setattr(FamilyCell, "forward", lambda *arguments: pytest.fail("a single step"))
        whole, found = session.run([results[0], slopes[0]], {x: X})
    monkeypatch.setattr(FamilyCell, "forward", forward)
    for one, other in zip([*whole, *found], [*stepped, *expected], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_raw_rnn_calls_its_function_twice_whatever_the_number_of_steps():
    cell, calls, most = cells.LSTMCell(4), [], unknown(dtype=tf.int32)

    def loop_fn(time, cell_output, cell_state, loop_state):
        calls.append(cell_output is None)
        state = cell.zero_state(2, tf.float32) if cell_output is None else cell_state
        return tf.fill([2], time >= most), tf.ones([2, 3]), state, cell_output, None

    emitted, state, loop_state = tf.nn.raw_rnn(cell, loop_fn)
    assert calls == [True, False]
    assert loop_state is None
    assert isinstance(state, cells.LSTMStateTuple)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for steps in (0, 1, 5):
            values, final = session.run([emitted.stack(), state], {most: steps})
            assert values.shape == (steps, 2, 4)
            assert final.h.any() == (steps > 0)


def test_rows_of_raw_rnn_that_have_finished_emit_zeros_and_keep_their_state():
    cell = cells.GRUCell(3)

    def loop_fn(time, cell_output, cell_state, loop_state):
        if cell_output is None:
            example = {"output": tf.zeros([3]), "time": tf.zeros([], tf.int32)}
            return time >= [0, 4, 2], tf.ones([3, 2]), tf.ones([3, 3]), example, tf.constant(0)
        emit = {"output": cell_output + 1.0, "time": tf.fill([3], time)}
        return time >= [0, 4, 2], tf.ones([3, 2]), cell_state, emit, loop_state + 1

    emitted, state, count = tf.nn.raw_rnn(cell, loop_fn)
    values, times, final, steps = run([emitted["output"].stack(), emitted["time"].stack(), state, count])
    assert steps == 4
    assert times.tolist() == [[0, 1, 1], [0, 2, 2], [0, 3, 0], [0, 4, 0]]
    assert (values != 0).all(2).astype(int).tolist() == [[0, 1, 1], [0, 1, 1], [0, 1, 0], [0, 1, 0]]
    assert final[0].tolist() == [1.0, 1.0, 1.0]
    np.testing.assert_allclose(final[2] + 1.0, values[1, 2])


def test_batch_and_time_change_places_and_tell_their_sizes():
    assert contrib.transpose_batch_time(unknown(None, 5, 3, None)).shape.as_list() == [5, None, 3, None]
    row = unknown(None)
    assert contrib.transpose_batch_time(row) is row
    with pytest.raises(ValueError, match="has no known rank"):
        contrib.transpose_batch_time(tf.placeholder(tf.float32))
    assert contrib.best_effort_input_batch_size([unknown(5, None), unknown(5, 7, 2)]) == 7
    x = unknown(5, None, 2)
    assert run(contrib.best_effort_input_batch_size([x]), {x: np.zeros([5, 4, 2])}) == 4


# -- what code of 2017 imports
def test_helpers_with_an_underscore():
    module = tf.python.MODULES["ops.rnn"]
    x = tf.constant(X)
    turned = module._transpose_batch_time(x)
    assert module._best_effort_input_batch_size([turned]) == 3
    assert module._infer_state_dtype(None, (x, x)) == tf.float32
    assert module._like_rnncell(cells.GRUCell(4))
    assert not module._like_rnncell(4)
    assert not module._should_cache()
    assert module._concat(3, tf.TensorShape([4])) == [3, 4]
    backwards = module._reverse_seq(tf.unstack(x, axis=1), [6, 0, 3])
    expected = tf.reverse_sequence(x, [6, 0, 3], seq_axis=1)
    output, state = module._rnn_step(
        tf.constant(3),
        [6, 0, 3],
        0,
        6,
        tf.zeros([3, 2]),
        (x[:, 0], tf.constant(7)),
        lambda: (x[:, 1], (x[:, 2], 8)),
    )
    found, wanted, sizes = run(
        [[tf.stack(backwards, 1), output, *state[:1]], [expected, x], module._concat(tf.size(x), 4)]
    )
    assert (found[0] == wanted[0]).all()
    assert found[1].tolist() == [X[0, 1].tolist(), [0.0, 0.0], [0.0, 0.0]]
    assert found[2].tolist() == [X[0, 2].tolist(), X[1, 0].tolist(), X[2, 0].tolist()]
    assert state[1] == 8
    assert sizes.tolist() == [36, 4]


def test_linear_maps_of_several_tensors():
    core = tf.contrib.rnn.python.ops.core_rnn_cell
    one, other = tf.constant(X[:, 0]), tf.constant(X[:, 1])
    with tf.variable_scope("a"):
        together = core._linear([one, other], 3, True)
    with tf.variable_scope("b"):
        linear = core._Linear(one, 3, False, kernel_initializer=tf.ones_initializer())
    alone = linear(one)
    assert [v.op.name for v in tf.global_variables()] == ["a/kernel", "a/bias", "b/kernel"]
    values, kernel, row = run([together, tf.global_variables()[0], alone])
    np.testing.assert_allclose(values, np.concatenate([X[:, 0], X[:, 1]], 1) @ kernel, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(row, X[:, 0].sum(1, keepdims=True).repeat(3, 1), rtol=1e-5, atol=1e-6)
    for args, words in [
        ([], "`args` must be specified"),
        (tf.ones([2, 3, 4]), "linear is expecting 2D arguments"),
        (unknown(2, None), "linear expects shape"),
    ]:
        with pytest.raises(ValueError, match=words):
            core._linear(args, 3, True)
