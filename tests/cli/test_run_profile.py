"""`ostinato run --profile`: a table at the end and a trace."""

import json

from .run_scripts import start

SCRIPT = """
    import numpy as np
    import tensorflow as tf

    x = tf.placeholder(tf.float32, [None, 5, 3])
    outputs, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.GRUCell(4), x, dtype=tf.float32)
    loss = tf.reduce_mean(tf.square(outputs))
    train = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(5):
            session.run(train, {x: np.ones([2, 5, 3])})
    print("done")
"""


def test_operations_and_their_gradients_are_told_and_traced(tmp_path):
    done = start(tmp_path, "--profile", "--profile-trace", "trace.json", "script.py", script_py=SCRIPT)
    assert (done.returncode, done.stdout) == (0, "done\n")
    rows = {line.split("  ")[0]: line.split() for line in done.stderr.splitlines() if "  " in line}
    assert rows["DynamicRNN"][1] == "5"
    assert "DynamicRNN (gradient)" in rows
    assert "6 runs took" in done.stderr
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    assert [event["cat"] for event in events].count("DynamicRNN") == 5
    assert all(event["ph"] == "X" and event["dur"] >= 0 for event in events)


def test_a_trace_that_cannot_be_written_is_told_first(tmp_path):
    done = start(tmp_path, "--profile", "--profile-trace", "no/trace.json", "script.py", script_py=SCRIPT)
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot write a trace to no/trace.json" in done.stderr
