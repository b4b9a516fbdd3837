"""Cases of `make_tf1_values.py`: the cells over time and frequency."""

import tensorflow as tf

RNN = tf.contrib.rnn
BLOCKS = {
    "feature_size": 2,
    "frequency_skip": 1,
    "num_frequency_blocks": [2, 1],
    "start_freqindex_list": [0, 2],
    "end_freqindex_list": [3, 4],
}
WINDOWS = {"feature_size": 2, "frequency_skip": 1, "num_frequency_blocks": [3]}
ALL = {"use_peepholes": True, "cell_clip": 0.3, "forget_bias": 0.5}
ONE_TYPE = ("float32",)


def steps(cell, inputs, lengths, start):
    """Whole rows by the static driver: TimeFreqLSTMCell says other sizes than it has."""
    outputs, state = tf.nn.static_rnn(cell, tf.unstack(inputs, axis=1), initial_state=start)
    return tf.stack(outputs, 1), state


def start_of(width):
    return lambda random, dtype: 0.5 * random.randn(3, width).astype(dtype)


def grid(dtypes=ONE_TYPE, **options):
    return {"cell": lambda: RNN.GridLSTMCell(2, **options), "dtypes": dtypes}


def bidirectional(dtypes=ONE_TYPE, **options):
    return {"cell": lambda: RNN.BidirectionalGridLSTMCell(2, **options), "dtypes": dtypes}


CASES = {
    "TimeFreq_one": lambda: RNN.TimeFreqLSTMCell(3, feature_size=4),
    "TimeFreq_all": {
        "cell": lambda: RNN.TimeFreqLSTMCell(2, feature_size=2, **ALL),
        "run": steps,
        "start": start_of(12),
    },
    "TimeFreq_shards": {
        "cell": lambda: RNN.TimeFreqLSTMCell(3, feature_size=1, frequency_skip=2, num_unit_shards=3),
        "run": steps,
        "start": start_of(12),
        "dtypes": ONE_TYPE,
    },
    "Grid": grid(**WINDOWS),
    "Grid_all": grid(("float32", "float64"), **WINDOWS, **ALL),
    "Grid_shared": grid(share_time_frequency_weights=True, **WINDOWS, **ALL),
    "Grid_coupled": grid(couple_input_forget_gates=True, **WINDOWS, **ALL),
    "Grid_coupled_shared": grid(couple_input_forget_gates=True, share_time_frequency_weights=True, **WINDOWS),
    "Grid_blocks": grid(**BLOCKS),
    "Grid_shards": grid(num_unit_shards=4, share_time_frequency_weights=True, **WINDOWS),
    "Grid_concatenated": grid(state_is_tuple=False, **WINDOWS),
    "Grid_concatenated_blocks": grid(state_is_tuple=False, share_time_frequency_weights=True, **BLOCKS),
    "Bidirectional": bidirectional(("float64",), share_time_frequency_weights=True, **WINDOWS, **ALL),
    "Bidirectional_up": bidirectional(backward_slice_offset=1, **WINDOWS),
    "Bidirectional_down": bidirectional(
        backward_slice_offset=-2, couple_input_forget_gates=True, share_time_frequency_weights=True, **BLOCKS
    ),
}
