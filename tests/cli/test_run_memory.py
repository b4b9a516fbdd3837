"""`ostinato run --memory-limit`, through real processes."""

import pytest

from .run_scripts import start

SCRIPT = """
    import sys
    import numpy as np
    import tensorflow as tf

    tf.set_random_seed(1)
    x = tf.placeholder(tf.float32, [None, None, 3])
    outputs, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.BasicLSTMCell(16), x, dtype=tf.float32, swap_memory=True)
    loss = tf.reduce_mean(tf.square(outputs - 0.1))
    train = tf.train.GradientDescentOptimizer(0.5).minimize(loss)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        feed = {x: np.random.RandomState(0).randn(2, 1000, 3)}
        for _ in range(3):
            print(round(float(session.run([loss, train], feed)[0]), 5))
    print(sys.argv[1:])
"""


def test_a_script_trains_the_same_within_a_limit(tmp_path):
    plain = start(tmp_path, "script.py", "--memory-limit", "3", script_py=SCRIPT)
    limited = start(tmp_path, "--memory-limit", "64MiB", "script.py", "--memory-limit", "3", script_py=SCRIPT)
    assert (limited.returncode, limited.stderr) == (0, "")
    assert limited.stdout == plain.stdout
    assert limited.stdout.splitlines()[-1] == "['--memory-limit', '3']"


def test_a_limit_that_no_plan_meets_is_the_scripts_error(tmp_path):
    done = start(tmp_path, "--memory-limit", "1000B", "script.py", script_py=SCRIPT)
    assert done.returncode == 1
    assert "MemoryLimitError" in done.stderr
    assert "[[node rnn/while/DynamicRNN (DynamicRNN)]]" in done.stderr


@pytest.mark.parametrize("size", ["64 pounds", "0", "-1", "", "2Gi"])
def test_a_size_that_is_none_is_told_in_one_line(tmp_path, size):
    done = start(tmp_path, "--memory-limit", size, "script.py", script_py=SCRIPT)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    told = f"ostinato run: argument --memory-limit: {size!r} is not a size such as 64MiB"
    assert done.stderr.startswith(told)


def test_sessions_are_told_and_may_say_otherwise(tmp_path):
    script = """
        import tensorflow as tf
        from ostinato.memory import MemoryPlan

        told = tf.Session()._memory, tf.Session(memory=MemoryPlan.keep_all())._memory
        print(told[0].limit, told[0].plan, told[1].limit, told[1].plan.kind)
    """
    limited = start(tmp_path, "--memory-limit", "2GiB", "script.py", script_py=script)
    assert limited.stdout == f"{2**31} None None keep_all\n"
