"""A process that builds graphs and runs scalars, under this face or under TensorFlow 1.15, and times itself.

    python -m benchmarks.tf1_program ostinato|tensorflow

It answers one line of JSON for each that it reads. It runs under Python 3.7 too.
"""

import json
import statistics
import sys
import time


def network(tf, driver, steps):
    """The second seed's network, 12 inputs, 64 units, 2 classes, and a step of gradient descent."""
    x = tf.placeholder(tf.float32, [None, steps, 12])
    y = tf.placeholder(tf.float32, [None, 2])
    cell = tf.nn.rnn_cell.BasicLSTMCell(64)
    if driver == "static_rnn":
        _, state = tf.nn.static_rnn(cell, tf.unstack(x, steps, 1), dtype=tf.float32)
        last = state.h
    elif driver == "dynamic_rnn":
        _, state = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)
        last = state.h
    else:
        backwards = tf.nn.rnn_cell.BasicLSTMCell(64)
        _, states = tf.nn.bidirectional_dynamic_rnn(cell, backwards, x, dtype=tf.float32)
        last = states[0].h + states[1].h
    weights, biases = tf.Variable(tf.random_normal([64, 2])), tf.Variable(tf.random_normal([2]))
    logits = tf.matmul(last, weights) + biases
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=logits))
    tf.train.GradientDescentOptimizer(0.01).minimize(loss)
    tf.global_variables_initializer()


def build(tf, driver, steps):
    graph = tf.Graph()
    start = time.perf_counter()
    with graph.as_default():
        network(tf, driver, steps)
    return {"seconds": time.perf_counter() - start, "nodes": len(graph.get_operations())}


def fetcher(tf, kind):
    """A call that fetches one scalar by a plan that is there already."""
    graph = tf.Graph()
    with graph.as_default():
        x = tf.placeholder(tf.float32, [])
        doubled, constant = x * 2.0, tf.constant(3.0) * 2.0
        variable = tf.Variable(1.0)
        session = tf.Session()
        session.run(variable.initializer)
    fetches = {"constant": constant, "fed": doubled, "variable": variable}[kind]
    feeds = {x: 1.5} if kind == "fed" else None
    return lambda: session.run(fetches, feeds)


def fetch(tf, kind, calls, known):
    if kind not in known:
        known[kind] = fetcher(tf, kind)
    call = known[kind]
    times = []
    for _ in range(calls):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return {"seconds": statistics.median(times)}


def main():
    if sys.argv[1] == "tensorflow":
        import tensorflow as tf

        tf.compat.v1.logging.set_verbosity("ERROR")
    else:
        import ostinato.tf1 as tf
    known = {}
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "build":
            answer = build(tf, request["driver"], request["steps"])
        else:
            answer = fetch(tf, request["kind"], request["calls"], known)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
