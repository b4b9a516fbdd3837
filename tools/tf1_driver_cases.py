"""Small networks for every recurrent driver, built with whichever TensorFlow 1 is passed in: TensorFlow 1.15
itself in `make_tf1_driver_values.py`, Ostinato's face in the tests that compare with what that gave.

Inputs and weights are random numbers that follow from the name of a case, so only results need to be kept.
Runs under Python 3.7 too.
"""

import json
import zlib

import numpy as np


def numbers(*names_and_shape):
    """Random numbers of a shape, always the same for the same names."""
    names, shape = names_and_shape[:-1], names_and_shape[-1]
    random = np.random.RandomState(zlib.crc32("|".join(names).encode()))
    return random.randn(*shape)


def flat(nest):
    if isinstance(nest, (list, tuple)):
        return [leaf for part in nest for leaf in flat(part)]
    return [nest]


class Given:
    """The inputs of a case, as constants by name."""

    def __init__(self, tf, case, dtype):
        self.tf, self.case, self.dtype, self.tensors = tf, case, dtype, {}

    def __call__(self, name, *shape):
        value = (0.7 * numbers(self.case, name, shape)).astype(self.dtype)
        self.tensors[name] = self.tf.constant(value)
        return self.tensors[name]


def evaluated(tf, case, dtype):
    """{name: array}: the results of a case, and gradients of a sum of them by every variable and input."""
    tf.reset_default_graph()
    given = Given(tf, case, dtype)
    with tf.variable_scope(tf.get_variable_scope(), dtype=tf.as_dtype(dtype)):
        results = flat(CASES[case](tf, given))
    terms = []
    for index, result in enumerate(results):
        if result.dtype.is_floating:
            weights = tf.cos(tf.cast(tf.range(tf.size(result)), dtype) + index)
            terms.append(tf.reduce_sum(tf.reshape(result, [-1]) * weights))
    variables = sorted(tf.trainable_variables(), key=lambda variable: variable.op.name)
    named = [("variable|" + variable.op.name, variable) for variable in variables]
    named += [("input|" + name, tensor) for name, tensor in sorted(given.tensors.items())]
    gradients = tf.gradients(tf.add_n(terms), [tensor for _, tensor in named])
    reached = [(name, gradient) for (name, _), gradient in zip(named, gradients) if gradient is not None]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for variable in variables:
            shape = tuple(variable.shape.as_list())
            # Of a size that keeps the recurrence from amplifying the last bit of a float32.
            weight = 1.2 / shape[0] ** 0.5 * numbers(case, variable.op.name, shape)
            variable.load(weight.astype(dtype), session)
        values, slopes = session.run([results, [gradient for _, gradient in reached]])
    found = {f"result|{index}": np.asarray(value) for index, value in enumerate(values)}
    found.update({"gradient|" + name: value for (name, _), value in zip(reached, slopes)})
    return found


def packed(arrays):
    """The arrays as two: all their numbers in a row, and as a text their names, types and shapes."""
    index = [[name, str(array.dtype), array.shape] for name, array in sorted(arrays.items())]
    row = [np.asarray(array, np.float64).ravel() for _, array in sorted(arrays.items())]
    return np.concatenate(row), np.array(json.dumps(index))


def unpacked(row, index):
    """What `packed` was given."""
    arrays, start = {}, 0
    for name, dtype, shape in json.loads(str(index)):
        size = int(np.prod(shape))
        arrays[name] = row[start : start + size].reshape(shape).astype(dtype)
        start += size
    return arrays


# -- cells of one's own
def pair_cell(tf):
    """Nested inputs, a nested state and a nested output, of different ranks."""

    class PairCell(tf.nn.rnn_cell.RNNCell):
        @property
        def state_size(self):
            return (tf.TensorShape([2, 3]), (4,))

        @property
        def output_size(self):
            return (4, tf.TensorShape([3, 2]))

        def call(self, inputs, state):
            matrix, vector = inputs
            table, (row,) = state
            weights = tf.get_variable("weights", [5, 4])
            mixed = tf.tanh(tf.matmul(vector, weights) + row)
            turned = tf.tanh(matrix + 0.5 * table)
            return (mixed, tf.transpose(turned, [0, 2, 1])), (turned, (mixed + 0.1 * row,))

    return PairCell()


def old_style_cell(tf, units):
    """A cell as they were written before layers: `__call__` with a scope, and a counter without rows."""

    class OldCell(tf.nn.rnn_cell.RNNCell):
        state_size = (units, tf.TensorShape([]))
        output_size = units

        def zero_state(self, batch_size, dtype):
            return (tf.zeros([batch_size, units], dtype), tf.zeros([], tf.int32))

        def __call__(self, inputs, state, scope=None):
            before, count = state
            with tf.variable_scope(scope or "old_cell"):
                width = inputs.shape[1].value
                kernel = tf.get_variable("kernel", [width, units], inputs.dtype)
                scale = tf.cast(count + 1, inputs.dtype)
                after = tf.tanh(tf.matmul(inputs, kernel) / scale + 0.5 * before)
                return after, (after, count + 1)

    return OldCell()


def array_cell(tf, units):
    """A cell that keeps all that it has seen, in a TensorArray."""

    class ArrayCell(tf.nn.rnn_cell.RNNCell):
        state_size = (tf.TensorShape([]), ())
        output_size = units

        def zero_state(self, batch_size, dtype):
            seen = tf.TensorArray(dtype, size=0, dynamic_size=True, clear_after_read=False)
            return (tf.zeros([], tf.int32), seen)

        def call(self, inputs, state):
            count, seen = state
            kernel = tf.get_variable("kernel", [inputs.shape[1].value, units], inputs.dtype)
            output = tf.tanh(tf.matmul(inputs, kernel))
            return output, (count + 1, seen.write(count, 2.0 * output))

    return ArrayCell()


class Saver:
    """A state saver that begins with inputs of the case and keeps what it is given."""

    def __init__(self, tf, given, sizes):
        self.tf, self.given, self.sizes, self.saved = tf, given, sizes, {}

    def state(self, name):
        return self.given("start_" + name, 3, self.sizes[name])

    def save_state(self, name, value):
        self.saved[name] = self.tf.identity(value)
        return self.saved[name]


# -- what the cases are made of
LENGTHS = [7, 0, 3]


def rows(given, depth=5):
    return given("x", 3, 7, depth)


def steps(tf, given, depth=5):
    return tf.unstack(rows(given, depth), axis=1)


def lstm_state(tf, given, name, c, h):
    return tf.nn.rnn_cell.LSTMStateTuple(given(name + "_c", 3, c), given(name + "_h", 3, h))


def dynamic_lstm(tf, given):
    cell = tf.nn.rnn_cell.LSTMCell(7, use_peepholes=True, num_proj=3, cell_clip=0.9)
    return tf.nn.dynamic_rnn(cell, rows(given), LENGTHS, lstm_state(tf, given, "start", 7, 3))


def dynamic_time_major(tf, given):
    lengths = tf.constant(LENGTHS, tf.int64)
    cell, x = tf.nn.rnn_cell.GRUCell(7), tf.transpose(rows(given), [1, 0, 2])
    return tf.nn.dynamic_rnn(cell, x, lengths, dtype=given.dtype, time_major=True)


def dynamic_long_lengths(tf, given):
    cell = tf.nn.rnn_cell.BasicRNNCell(6)
    return tf.nn.dynamic_rnn(cell, rows(given), [9, 5, 1], given("start", 3, 6), swap_memory=True)


def dynamic_flat_states(tf, given):
    cells = tf.nn.rnn_cell
    stack = cells.MultiRNNCell([cells.GRUCell(3), cells.BasicRNNCell(4)], state_is_tuple=False)
    first = tf.nn.dynamic_rnn(stack, rows(given), LENGTHS, given("start", 3, 7), scope="first")
    lstm = cells.LSTMCell(4, num_proj=2, state_is_tuple=False)
    second = tf.nn.dynamic_rnn(lstm, rows(given), LENGTHS, given("second", 3, 6), scope="second")
    return first, second


def dynamic_nested(tf, given):
    inputs = given("matrix", 3, 7, 2, 3), given("vector", 3, 7, 5)
    return tf.nn.dynamic_rnn(pair_cell(tf), inputs, LENGTHS, dtype=given.dtype)


def dynamic_nested_time_major(tf, given):
    inputs = given("matrix", 7, 3, 2, 3), given("vector", 7, 3, 5)
    start = (given("table", 3, 2, 3), (given("row", 3, 4),))
    return tf.nn.dynamic_rnn(pair_cell(tf), inputs, initial_state=start, time_major=True)


def dynamic_old_style(tf, given):
    return tf.nn.dynamic_rnn(old_style_cell(tf, 4), rows(given), LENGTHS, dtype=given.dtype)


def dynamic_array(tf, given):
    outputs, (count, seen) = tf.nn.dynamic_rnn(array_cell(tf, 4), rows(given), dtype=given.dtype)
    return outputs, count, seen.stack()


def dynamic_shared_cell(tf, given):
    cell = tf.nn.rnn_cell.GRUCell(5)
    outputs, state = tf.nn.dynamic_rnn(cell, rows(given), dtype=given.dtype, scope="first")
    return tf.nn.dynamic_rnn(cell, outputs, LENGTHS, state, scope="second")


def static_lengths(tf, given):
    cell = tf.nn.rnn_cell.LSTMCell(7, use_peepholes=True, num_proj=3)
    start = lstm_state(tf, given, "start", 7, 3)
    return tf.nn.static_rnn(cell, steps(tf, given), start, sequence_length=LENGTHS)


def static_stack(tf, given):
    cells = tf.nn.rnn_cell
    stack = cells.MultiRNNCell([cells.GRUCell(5), cells.ResidualWrapper(cells.BasicRNNCell(5))])
    return tf.nn.static_rnn(stack, steps(tf, given), dtype=given.dtype)


def static_nested(tf, given):
    pairs = zip(tf.unstack(given("matrix", 3, 4, 2, 3), axis=1), tf.unstack(given("vector", 3, 4, 5), axis=1))
    return tf.nn.static_rnn(pair_cell(tf), list(pairs), dtype=given.dtype, sequence_length=[4, 0, 2])


def static_old_style(tf, given):
    return tf.nn.static_rnn(old_style_cell(tf, 4), steps(tf, given), dtype=given.dtype)


def state_saving(tf, given):
    saver = Saver(tf, given, {"c": 4, "h": 4})
    cell = tf.nn.rnn_cell.BasicLSTMCell(4)
    results = tf.nn.static_state_saving_rnn(cell, steps(tf, given), saver, ("c", "h"), LENGTHS)
    return results, saver.saved["c"], saver.saved["h"]


def state_saving_stack(tf, given):
    saver, cells = Saver(tf, given, {"c": 4, "h": 3, "gru": 5}), tf.nn.rnn_cell
    stack = cells.MultiRNNCell([cells.LSTMCell(4, num_proj=3), cells.GRUCell(5)])
    return tf.nn.static_state_saving_rnn(stack, steps(tf, given), saver, (("c", "h"), "gru"))


def bidirectional(tf, given):
    cells = tf.nn.rnn_cell
    return tf.nn.bidirectional_dynamic_rnn(
        cells.LSTMCell(4),
        cells.GRUCell(3),
        rows(given),
        LENGTHS,
        lstm_state(tf, given, "fw", 4, 4),
        given("bw", 3, 3),
    )


def bidirectional_time_major(tf, given):
    cells, x = tf.nn.rnn_cell, tf.transpose(rows(given), [1, 0, 2])
    stack = cells.MultiRNNCell([cells.BasicRNNCell(5), cells.ResidualWrapper(cells.GRUCell(5))])
    return tf.nn.bidirectional_dynamic_rnn(
        stack, cells.BasicLSTMCell(4), x, LENGTHS, dtype=given.dtype, time_major=True
    )


def bidirectional_whole(tf, given):
    cells = tf.nn.rnn_cell
    return tf.nn.bidirectional_dynamic_rnn(
        cells.GRUCell(4), cells.GRUCell(4), rows(given), dtype=given.dtype, swap_memory=True
    )


def bidirectional_nested(tf, given):
    inputs = given("matrix", 3, 7, 2, 3), given("vector", 3, 7, 5)
    forwards, backwards = pair_cell(tf), old_style_cell(tf, 4)
    outputs, state = tf.nn.dynamic_rnn(forwards, inputs, LENGTHS, dtype=given.dtype)
    both = tf.nn.bidirectional_dynamic_rnn(
        backwards, tf.nn.rnn_cell.GRUCell(3), outputs[0], LENGTHS, dtype=given.dtype
    )
    return outputs, state, both


def static_bidirectional(tf, given):
    cells = tf.nn.rnn_cell
    return tf.nn.static_bidirectional_rnn(
        cells.LSTMCell(4),
        cells.GRUCell(3),
        steps(tf, given),
        lstm_state(tf, given, "fw", 4, 4),
        given("bw", 3, 3),
        sequence_length=LENGTHS,
    )


def static_bidirectional_whole(tf, given):
    cells = tf.nn.rnn_cell
    return tf.nn.static_bidirectional_rnn(
        cells.BasicRNNCell(4), cells.BasicLSTMCell(3), steps(tf, given), dtype=given.dtype
    )


def stacked(tf, given):
    cells = tf.nn.rnn_cell
    return tf.contrib.rnn.stack_bidirectional_rnn(
        [cells.GRUCell(3), cells.BasicRNNCell(4)],
        [cells.GRUCell(2), cells.BasicRNNCell(3)],
        steps(tf, given),
        initial_states_fw=[given("fw_0", 3, 3), given("fw_1", 3, 4)],
        initial_states_bw=[given("bw_0", 3, 2), given("bw_1", 3, 3)],
        sequence_length=LENGTHS,
    )


def stacked_dynamic(tf, given):
    cells = tf.nn.rnn_cell
    return tf.contrib.rnn.stack_bidirectional_dynamic_rnn(
        [cells.LSTMCell(3), cells.GRUCell(4)],
        [cells.LSTMCell(2), cells.GRUCell(3)],
        tf.transpose(rows(given), [1, 0, 2]),
        dtype=given.dtype,
        sequence_length=LENGTHS,
        time_major=True,
    )


def raw_as_dynamic(tf, given):
    cell, inputs = tf.nn.rnn_cell.LSTMCell(4), tf.TensorArray(given.dtype, size=7)
    inputs = inputs.unstack(tf.transpose(rows(given), [1, 0, 2]))

    def loop_fn(time, cell_output, cell_state, loop_state):
        state = lstm_state(tf, given, "start", 4, 4) if cell_output is None else cell_state
        finished = time >= LENGTHS
        next_input = tf.cond(
            tf.reduce_all(finished), lambda: tf.zeros([3, 5], given.dtype), lambda: inputs.read(time)
        )
        return finished, next_input, state, cell_output, None

    emitted, state, _ = tf.nn.raw_rnn(cell, loop_fn)
    return emitted.stack(), state


def raw_decoder(tf, given):
    """Feeds back what it gives, emits something else, and counts."""
    cell = tf.nn.rnn_cell.GRUCell(4)

    def loop_fn(time, cell_output, cell_state, loop_state):
        if cell_output is None:
            example = tf.zeros([2], given.dtype), tf.zeros([], tf.int32)
            return time >= [5, 2, 4], given("x", 3, 5), given("start", 3, 4), example, (0, given("sum", 3, 4))
        weights = tf.get_variable("back", [4, 5])
        emit = cell_output[:, :2] * 2.0, tf.fill([3], time)
        count, total = loop_state
        following = tf.tanh(tf.matmul(cell_output, weights))
        return time >= [5, 2, 4], following, cell_state, emit, (count + 1, total + cell_output)

    (emitted, times), state, loop_state = tf.nn.raw_rnn(cell, loop_fn)
    return emitted.stack(), times.stack(), state, loop_state


def raw_array(tf, given):
    """Keeps the states in a TensorArray of its own."""
    cell, x = tf.nn.rnn_cell.BasicRNNCell(4), given("x", 3, 5)

    def loop_fn(time, cell_output, cell_state, loop_state):
        if cell_output is None:
            kept = tf.TensorArray(given.dtype, size=0, dynamic_size=True)
            return time >= [3, 3, 1], x, given("start", 3, 4), None, kept
        return time >= [3, 3, 1], x, cell_state, cell_output, loop_state.write(time - 1, cell_state)

    emitted, state, kept = tf.nn.raw_rnn(cell, loop_fn, scope="raw")
    return emitted.stack(), state, kept.stack()


def reversals(tf, given):
    x = rows(given)
    by_row = tf.reverse_sequence(x, tf.constant(LENGTHS, tf.int64), seq_axis=1, batch_axis=0)
    by_step = tf.reverse_sequence(tf.transpose(x, [1, 0, 2]), [5, 7, 0], seq_dim=0, batch_dim=1)
    return by_row, by_step, tf.reverse_sequence(x, [1, 2, 3, 4, 5, 0, 3], seq_axis=2, batch_axis=1)


def decoder(tf, given):
    cell = tf.nn.rnn_cell.GRUCell(5)

    def back(output, index):
        return 0.5 * output + float(index)

    inputs = [given("x", 3, 5)] * 4
    return tf.contrib.legacy_seq2seq.rnn_decoder(inputs, given("start", 3, 5), cell, back)


CASES = {
    function.__name__: function
    for function in (
        dynamic_lstm,
        dynamic_time_major,
        dynamic_long_lengths,
        dynamic_flat_states,
        dynamic_nested,
        dynamic_nested_time_major,
        dynamic_old_style,
        dynamic_array,
        dynamic_shared_cell,
        static_lengths,
        static_stack,
        static_nested,
        static_old_style,
        state_saving,
        state_saving_stack,
        bidirectional,
        bidirectional_time_major,
        bidirectional_whole,
        bidirectional_nested,
        static_bidirectional,
        static_bidirectional_whole,
        stacked,
        stacked_dynamic,
        raw_as_dynamic,
        raw_decoder,
        raw_array,
        reversals,
        decoder,
    )
}
