"""Cases of `make_tf1_values.py`: the wrappers and fused adaptors of `tf.contrib.rnn`, and NTMCell."""

import numpy as np
import tensorflow as tf
from tensorflow.contrib.rnn.python.ops.rnn_cell import NTMCell, NTMControllerState

CORE, RNN = tf.nn.rnn_cell, tf.contrib.rnn
ONE_TYPE = ("float32",)
WHOLE = [6, 6, 6]


class OwnCell(CORE.RNNCell):
    """A cell of a user's own, in operations of TensorFlow."""

    def __init__(self, num_units):
        super().__init__()
        self.num_units = num_units

    @property
    def state_size(self):
        return self.num_units

    @property
    def output_size(self):
        return self.num_units

    def call(self, inputs, state):
        kernel = tf.get_variable("kernel", [inputs.shape[1].value + self.num_units, self.num_units])
        new = tf.tanh(tf.matmul(tf.concat([inputs, state], 1), kernel))
        return new, new


def ids(random, dtype):
    return random.randint(0, 5, (3, 6, 1)).astype(np.int32)


def static_ids(cell, inputs, lengths, start):
    """Ids `[batch]` each, as EmbeddingWrapper also takes them."""
    steps = tf.unstack(tf.squeeze(inputs, [2]), axis=1)
    outputs, state = tf.nn.static_rnn(cell, steps, sequence_length=lengths, initial_state=start)
    return tf.stack(outputs, 1), state


def ntm_start(time, reads=2, heads=3):
    def start(random, dtype):
        def part(*shape):
            return 0.5 * random.randn(3, *shape).astype(dtype)

        places = [np.abs(part(5)) + 0.1 for _ in range(heads)]
        return NTMControllerState(
            controller_state=CORE.LSTMStateTuple(part(3), part(3)),
            read_vector_list=[part(2) for _ in range(reads)],
            w_list=[place / place.sum(1, keepdims=True) for place in places],
            M=part(5, 2),
            time=np.int32(time),
        )

    return start


def ntm_weights(random, name, shape):
    """The usual ones but for what the controller says, which is kept where no shift is sharpened to 0."""
    return 0.3 * random.randn(*shape) if "parameters" in name else None


def ntm_dynamic(cell, inputs, lengths, start):
    """The type must be told, as the state holds a counter too."""
    return tf.nn.dynamic_rnn(cell, inputs, lengths, initial_state=start, dtype=inputs.dtype)


def ntm_static(cell, inputs, lengths, start):
    steps = tf.unstack(inputs, axis=1)
    outputs, state = tf.nn.static_rnn(
        cell, steps, initial_state=start, sequence_length=lengths, dtype=inputs.dtype
    )
    return tf.stack(outputs, 1), state


def ntm(time, run, **options):
    return {
        "cell": lambda: NTMCell(CORE.LSTMCell(3), 5, 2, 2, 1, **options),
        "start": ntm_start(time),
        "weights": ntm_weights,
        "run": run,
        "dtypes": ONE_TYPE,
    }


def both_ways(cell, inputs, lengths, start):
    """Beside another cell that runs backwards."""
    back = RNN.AttentionCellWrapper(CORE.GRUCell(2), 2)
    (forwards, backwards), states = tf.nn.bidirectional_dynamic_rnn(
        cell, back, inputs, sequence_length=lengths, initial_state_fw=start, dtype=inputs.dtype
    )
    return [forwards, backwards], states


def fused(use_dynamic_rnn, is_reversed):
    def run(cell, inputs, lengths, start):
        whole = RNN.FusedRNNCellAdaptor(cell, use_dynamic_rnn=use_dynamic_rnn)
        if is_reversed:
            whole = RNN.TimeReversedFusedRNN(whole)
        sequence = tf.transpose(inputs, [1, 0, 2])
        outputs, state = whole(sequence, initial_state=start, sequence_length=lengths)
        return tf.transpose(outputs, [1, 0, 2]), state

    return run


def fused_list(cell, inputs, lengths, start):
    """A list, which is reversed whole whatever the lengths."""
    whole = RNN.TimeReversedFusedRNN(RNN.FusedRNNCellAdaptor(cell, use_dynamic_rnn=True))
    outputs, state = whole(tf.unstack(inputs, axis=1), initial_state=start)
    return tf.stack(outputs, 1), state


CASES = {
    "InputProjection": lambda: RNN.InputProjectionWrapper(CORE.GRUCell(3), 2),
    "InputProjection_relu": {
        "cell": lambda: RNN.InputProjectionWrapper(CORE.LSTMCell(2), 5, activation=tf.nn.relu),
        "dtypes": ONE_TYPE,
    },
    "InputProjection_own": {
        "cell": lambda: RNN.InputProjectionWrapper(OwnCell(2), 3, activation=lambda x: 2.0 * tf.tanh(x)),
        "dtypes": ONE_TYPE,
    },
    "OutputProjection": lambda: RNN.OutputProjectionWrapper(CORE.BasicLSTMCell(3), 2),
    "OutputProjection_tanh": {
        "cell": lambda: RNN.OutputProjectionWrapper(CORE.GRUCell(2), 5, activation=tf.tanh),
        "dtypes": ONE_TYPE,
    },
    "OutputProjection_own": {
        "cell": lambda: RNN.OutputProjectionWrapper(OwnCell(3), 2, activation=tf.square),
        "dtypes": ONE_TYPE,
    },
    "Highway": lambda: RNN.HighwayWrapper(CORE.GRUCell(4)),
    "Highway_uncoupled": {
        "cell": lambda: RNN.HighwayWrapper(CORE.LSTMCell(3, num_proj=4), couple_carry_transform_gates=False),
        "dtypes": ONE_TYPE,
    },
    "Highway_own": {"cell": lambda: RNN.HighwayWrapper(OwnCell(4)), "dtypes": ONE_TYPE},
    "Embedding": {"cell": lambda: RNN.EmbeddingWrapper(CORE.GRUCell(2), 5, 3), "inputs": ids},
    "Embedding_static": {
        "cell": lambda: RNN.EmbeddingWrapper(CORE.LSTMCell(2), 5, 3),
        "inputs": ids,
        "run": static_ids,
        "dtypes": ONE_TYPE,
    },
    "Attention": lambda: RNN.AttentionCellWrapper(CORE.GRUCell(3), 2),
    "Attention_lstm": {
        "cell": lambda: RNN.AttentionCellWrapper(
            CORE.LSTMCell(3), 3, attn_size=2, attn_vec_size=5, input_size=2
        ),
        "dtypes": ONE_TYPE,
    },
    "Attention_concatenated": {
        "cell": lambda: RNN.AttentionCellWrapper(CORE.GRUCell(2), 1, state_is_tuple=False),
        "dtypes": ONE_TYPE,
    },
    "Attention_own": {"cell": lambda: RNN.AttentionCellWrapper(OwnCell(2), 2), "dtypes": ONE_TYPE},
    "Attention_stack": {
        "cell": lambda: RNN.AttentionCellWrapper(CORE.MultiRNNCell([CORE.LSTMCell(2), CORE.GRUCell(3)]), 2),
        "dtypes": ONE_TYPE,
    },
    "Compiled": {"cell": lambda: RNN.CompiledWrapper(CORE.LSTMCell(2)), "dtypes": ONE_TYPE},
    "Stack": {
        "cell": lambda: CORE.MultiRNNCell(
            [
                RNN.HighwayWrapper(CORE.GRUCell(4)),
                RNN.OutputProjectionWrapper(CORE.ResidualWrapper(CORE.BasicLSTMCell(4)), 3),
                RNN.InputProjectionWrapper(OwnCell(2), 2),
            ]
        ),
        "dtypes": ONE_TYPE,
    },
    "Both_ways": {
        "cell": lambda: RNN.HighwayWrapper(CORE.LSTMCell(4)),
        "run": both_ways,
        "dtypes": ONE_TYPE,
    },
    "Fused_dynamic": {
        "cell": lambda: CORE.GRUCell(2),
        "run": fused(True, True),
        "dtypes": ONE_TYPE,
    },
    "Fused_static": {"cell": lambda: CORE.LSTMCell(2), "run": fused(False, True), "dtypes": ONE_TYPE},
    "Fused_forwards": {"cell": lambda: CORE.LSTMCell(2), "run": fused(False, False), "dtypes": ONE_TYPE},
    "Fused_list": {"cell": lambda: CORE.GRUCell(2), "run": fused_list, "dtypes": ONE_TYPE},
    "NTM": ntm(0, ntm_dynamic, output_dim=4),
    "NTM_later": ntm(3, ntm_static, shift_range=2, output_dim=3, clip_value=0.7),
}
