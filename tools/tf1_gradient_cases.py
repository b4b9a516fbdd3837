"""Gradients that TensorFlow 1.15 and this face are to give alike: each case gives its tensors, by name.

The functions run in either Python. Their inputs are constants; whoever runs them gives the variables, in the
order they were made, values drawn by `drawn`.
"""

import numpy as np


def drawn(seed, shape, scale=0.5):
    """The same numbers in every Python: [-scale, scale), float32."""
    return ((np.random.RandomState(seed).random_sample(shape) * 2 - 1) * scale).astype(np.float32)


def _steps(tf, seed=1, count=4):
    return [tf.constant(drawn(seed + k, [3, 2])) for k in range(count)]


def start_and_stop(tf):
    """grad_ys and stop_gradients, one y of two used twice."""
    x, w = tf.constant(drawn(1, [2, 3])), tf.constant(drawn(2, [3, 2]))
    y = tf.tanh(tf.matmul(x, w))
    z = tf.matmul(y, w, transpose_b=True) * x
    starts = [tf.constant(drawn(3, [2, 2])), tf.constant(drawn(4, [2, 3]))]
    plain = tf.gradients([y, z], [x, w], grad_ys=starts)
    stopped = tf.gradients([y, z], [x, w], grad_ys=starts, stop_gradients=[y])
    both = tf.gradients(z, [y, x], stop_gradients=[x, y])
    return {
        "x": plain[0],
        "w": plain[1],
        "x stopped": stopped[0],
        "w stopped": stopped[1],
        "y": both[0],
        "x alone": both[1],
    }


def between_two_steps(tf):
    """With respect to the state between two steps of an LSTM, and to an input."""
    cell = tf.nn.rnn_cell.LSTMCell(4, use_peepholes=True)
    state = cell.zero_state(3, tf.float32)
    inputs, states = _steps(tf), []
    for step in inputs:
        output, state = cell(step, state)
        states.append(state)
    loss = tf.reduce_sum(output * output) + tf.reduce_sum(states[2].c)
    found = tf.gradients(loss, [states[1].c, states[1].h, states[2].c, inputs[0]])
    return dict(zip(["c", "h", "c after", "input"], found))


def static_twice(tf):
    """The gradient of a gradient's norm, through a static network."""
    outputs, _ = tf.nn.static_rnn(tf.nn.rnn_cell.GRUCell(3), _steps(tf), dtype=tf.float32)
    variables = tf.trainable_variables()
    first = tf.gradients(tf.reduce_sum(tf.square(tf.stack(outputs))), variables)
    norm = tf.add_n([tf.reduce_sum(tf.square(grad)) for grad in first])
    second = tf.gradients(norm, variables)
    found = {f"first {k}": grad for k, grad in enumerate(first)}
    found.update({f"second {k}": grad for k, grad in enumerate(second)})
    return found


def lstm_penalty(tf):
    """A gradient penalty: through the gradient with respect to the inputs of an LSTM's steps."""
    inputs = _steps(tf, count=3)
    _, state = tf.nn.static_rnn(tf.nn.rnn_cell.BasicLSTMCell(3), inputs, dtype=tf.float32)
    slopes = tf.gradients(tf.reduce_sum(state.h), inputs)
    penalty = tf.add_n([tf.reduce_sum(tf.square(slope)) for slope in slopes])
    found = tf.gradients(penalty, tf.trainable_variables())
    return {"kernel": found[0], "bias": found[1], "slope": slopes[0]}


def embedded(tf):
    """Through an embedding that is looked up twice, a dynamic network with lengths, and a shared variable."""
    table = tf.get_variable("table", [5, 2])
    words = tf.constant([[0, 1, 4], [3, 3, 0]])
    looked = tf.nn.embedding_lookup(table, words)
    outputs, state = tf.nn.dynamic_rnn(
        tf.nn.rnn_cell.GRUCell(2), looked, sequence_length=[3, 2], dtype=tf.float32
    )
    again = tf.matmul(state, table, transpose_b=True)
    loss = tf.reduce_mean(tf.square(outputs)) + tf.reduce_max(again)
    found = tf.gradients(loss, [table, looked, outputs, state, *tf.trainable_variables()[1:]])
    dense = tf.convert_to_tensor(found[0])
    return {"table": dense, "looked up": found[1], "outputs": found[2], "state": found[3], "gates": found[4]}


def second_derivatives(tf):
    """Hessians of a small network's loss."""
    x, w = tf.constant(drawn(1, [4])), tf.get_variable("w", [4])
    y = tf.reduce_sum(tf.tanh(x * w) * w)
    found = tf.hessians(y, [w, x])
    return {"w": found[0], "x": found[1]}


def of_its_own(tf):
    """A function with a gradient of its own, and one that is given to an operation by name."""

    @tf.custom_gradient
    def softplus(x):
        e = tf.exp(x)
        return tf.log(1 + e), lambda dy: dy * (1 - 1 / (1 + e))

    x = tf.constant(drawn(1, [5], 3.0))
    y = softplus(x) * x
    first = tf.gradients(y, x)[0]
    second = tf.gradients(first, x)[0]
    name = f"Reversed{np.random.randint(1 << 30)}"
    tf.RegisterGradient(name)(lambda op, dy: -0.5 * dy * op.inputs[0])
    with tf.get_default_graph().gradient_override_map({"Identity": name}):
        turned = tf.identity(x * x, name="turned")
    third = tf.gradients(turned * 3.0, x)[0]
    return {"value": y, "first": first, "second": second, "reversed": third, "turned": turned}


def integers(tf):
    """Paths through whole numbers carry no gradient."""
    x = tf.constant(drawn(1, [4], 3.0))
    whole = tf.cast(tf.cast(x, tf.int32), tf.float32)
    picked = tf.gather(x, tf.argmax(x))
    found = tf.gradients([whole * x, picked * x], x)
    return {"x": found[0]}


CASES = [
    start_and_stop,
    between_two_steps,
    static_twice,
    lstm_penalty,
    embedded,
    second_derivatives,
    of_its_own,
    integers,
]


def evaluated(tf, case):
    """{name: array} of a case, in a graph of its own."""
    with tf.Graph().as_default(), tf.Session() as session:
        fetches = case(tf)
        for index, variable in enumerate(tf.global_variables()):
            variable.load(drawn(100 + index, variable.get_shape().as_list()), session)
        return session.run(fetches)
