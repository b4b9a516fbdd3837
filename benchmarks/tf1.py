"""Time to build, and to train a first step of, the second seed's network: ours beside TensorFlow 1.15.

    python -m benchmarks.tf1 [--steps 820] [--batch 32]

Each figure comes from a fresh process. Where `make peers` has set up TensorFlow 1.15, or the environment
variable OSTINATO_TF1_PYTHON names a Python that has it, the same code is timed under it too.

Run it on a quiet machine: torch's threads wait for each other many times a step, so that other work on the
same cores costs far more than its share. OMP_NUM_THREADS=1 is as fast here, and bears company.
"""

import argparse
import json
import os
import subprocess
import sys

from benchmarks.environments import ROOT, tf1_python

# The network of the second seed: 12 inputs, 64 units, 2 classes. It runs in either Python, so it keeps to the
# syntax of Python 3.7.
NETWORK = """
import json, sys, time
driver, steps, batch = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
if sys.argv[4] == "tensorflow":
    import tensorflow as tf
    tf.compat.v1.logging.set_verbosity("ERROR")
else:
    import ostinato.tf1 as tf
import numpy as np

start = time.perf_counter()
x = tf.placeholder(tf.float32, [None, steps, 12])
y = tf.placeholder(tf.float32, [None, 2])
cell = tf.nn.rnn_cell.BasicLSTMCell(64)
if driver == "static_rnn":
    outputs, state = tf.nn.static_rnn(cell, tf.unstack(x, steps, 1), dtype=tf.float32)
else:
    swap = driver.endswith("(swap_memory)")
    outputs, state = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32, swap_memory=swap)
weights, biases = tf.Variable(tf.random_normal([64, 2])), tf.Variable(tf.random_normal([2]))
logits = tf.matmul(state.h, weights) + biases
loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=logits))
forward = time.perf_counter() - start
train = tf.train.GradientDescentOptimizer(0.01).minimize(loss)
init = tf.global_variables_initializer()
build = time.perf_counter() - start
generator = np.random.RandomState(0)
feeds = {x: generator.randn(batch, steps, 12), y: np.eye(2)[generator.randint(0, 2, batch)]}
times = []
with tf.Session() as session:
    session.run(init)
    for _ in range(4):
        start = time.perf_counter()
        session.run(train, feeds)
        times.append(time.perf_counter() - start)
nodes = len(tf.get_default_graph().get_operations())
print(json.dumps([nodes, forward, build, times[0], min(times[1:])]))
"""
DRIVERS = ("static_rnn", "dynamic_rnn", "dynamic_rnn (swap_memory)")


def measured(python: str, face: str, driver: str, steps: int, batch: int) -> list[float]:
    """(nodes, seconds to build the forward pass, to build all, for the first step, for a later step)."""
    environment = dict(os.environ)
    if face == "ostinato":
        path = [str(ROOT / "src"), environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(path).rstrip(os.pathsep)
    command = [python, "-c", NETWORK, driver, str(steps), str(batch), face]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        sys.exit(f"{face} {driver} failed:\n{done.stderr}")
    figures: list[float] = json.loads(done.stdout.strip().splitlines()[-1])
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Time the second seed's network, ours beside TensorFlow 1.15."
    )
    parser.add_argument("--steps", type=int, default=820)
    parser.add_argument("--batch", type=int, default=32)
    arguments = parser.parse_args()
    faces = [("ostinato", sys.executable)]
    if tf1_python().exists():
        faces.append(("tensorflow", str(tf1_python())))
    else:
        print(f"There is no TensorFlow 1.15 at {tf1_python()} (see make peers): only ostinato is timed.")
    from tabulate import tabulate

    rows = [
        [face, driver, *measured(python, face, driver, arguments.steps, arguments.batch)]
        for driver in DRIVERS
        for face, python in faces
    ]
    print(f"{arguments.steps} steps of 12 inputs, 64 units, {arguments.batch} rows; seconds")
    headers = [
        "",
        "driver",
        "graph nodes",
        "build forward",
        "build with gradients",
        "first step",
        "later step",
    ]
    print(tabulate(rows, headers, floatfmt=(None, None, ".0f", ".3f", ".3f", ".3f", ".3f")))


if __name__ == "__main__":
    main()
