"""Scripts that end while threads run sessions, and those that fork after a run."""

import os
import subprocess
import sys

import pytest

import ostinato.tf1 as tf

_THREADS = """
import threading
import ostinato.tf1 as tf
x = tf.get_variable("x", [100, 100])
slope = tf.gradients(tf.reduce_sum(tf.tanh(tf.matmul(x, x))), [x])[0]
session = tf.Session()
session.run(tf.global_variables_initializer())
ran = threading.Semaphore(0)
def work():
    while True:
        session.run(slope)
        ran.release()
endless = tf.while_loop(lambda i: i >= 0, lambda i: i * 1, [0])
for target in (work, work, lambda: session.run(endless)):
    threading.Thread(target=target, daemon=True).start()
for _ in range(4):
    ran.acquire()
print("the end")
"""

_FORK = """
import os, torch
torch.set_num_threads(2)
import ostinato.tf1 as tf
x = tf.ones([600, 600])
y = tf.tanh(tf.matmul(x, x))
session = tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=2))
session.run(y)
child = os.fork()
if not child:
    print(session.run(y)[0, 0], flush=True)
    os._exit(3)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def _run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)


def test_threads_that_run_a_session_let_the_script_end():
    done = _run(_THREADS)
    assert (done.returncode, done.stdout, done.stderr) == (0, "the end\n", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_child_forked_after_a_run_runs_too():
    done = _run(_FORK)
    assert (done.returncode, done.stdout) == (0, "1.0\n3\n"), done.stderr


def test_a_wait_with_a_limit_ends_with_the_error_of_the_limit():
    queue = tf.FIFOQueue(2, [tf.float32], [[]])
    with tf.Session() as session, pytest.raises(tf.errors.DeadlineExceededError):
        session.run(queue.dequeue(), options=tf.RunOptions(timeout_in_ms=20))


def test_a_damaged_meta_file_is_called_so(tmp_path):
    with tf.Graph().as_default():
        tf.get_variable("v", [2])
        tf.train.export_meta_graph(str(tmp_path / "m.meta"))
    data = (tmp_path / "m.meta").read_bytes()
    (tmp_path / "m.meta").write_bytes(data[: len(data) // 2] + b"\xff" * 20)
    with pytest.raises(OSError, match=r"Cannot parse file .*: it is cut off or damaged"):
        tf.train.import_meta_graph(str(tmp_path / "m.meta"))
