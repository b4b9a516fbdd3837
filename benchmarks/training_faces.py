"""The seed network trained with gradient descent, through either face: what `Session.run` costs on top.

Both feed numpy arrays `[batch, steps, inputs]` in every step, as training on batches does.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import nn
from torch.nn import functional

import ostinato
from benchmarks.measure import Local
from benchmarks.work import CLASSES, Work, parameters_of

LEARNING_RATE = 1e-3  # small, so that a thousand steps do not change what a step costs


def _feeds(work: Work, data: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    return np.ascontiguousarray(data["inputs"].transpose(1, 0, 2)), data["labels"]


def native(work: Work, data: Mapping[str, np.ndarray]) -> Local:
    """`dynamic_rnn` with a linear layer and `torch.optim.SGD`."""
    inputs, labels = _feeds(work, data)
    cell = ostinato.BasicLSTMCell(work.units, work.inputs)
    head = nn.Linear(work.units, CLASSES)
    parameters = {**dict(cell.named_parameters()), "head/weights": head.weight, "head/biases": head.bias}
    with torch.no_grad():
        for name, value in parameters_of(data).items():
            parameters[name].copy_(torch.from_numpy(value))
        head.weight.copy_(torch.from_numpy(data["head/weights"].T.copy()))
        head.bias.copy_(torch.from_numpy(data["head/biases"]))
    optimizer = torch.optim.SGD(parameters.values(), LEARNING_RATE)

    def run() -> float:
        optimizer.zero_grad()
        _, state = ostinato.dynamic_rnn(cell, torch.from_numpy(inputs))
        loss = functional.cross_entropy(head(state.h), torch.from_numpy(labels))
        loss.backward()
        optimizer.step()
        return loss.item()

    def results() -> dict[str, np.ndarray]:
        before = {name: value.detach().numpy().copy() for name, value in parameters.items()}
        loss = run()
        after = {name: value.detach().numpy() for name, value in parameters.items()}
        found = {f"gradients/{name}": (before[name] - after[name]) / LEARNING_RATE for name in before}
        found["gradients/head/weights"] = found["gradients/head/weights"].T
        return {"outputs": np.array(loss), **found}

    return Local("ostinato", run, results)


def session(work: Work, data: Mapping[str, np.ndarray]) -> Local:
    """`ostinato.tf1`: `dynamic_rnn`, `GradientDescentOptimizer` and `Session.run`."""
    import ostinato.tf1 as tf

    inputs, labels = _feeds(work, data)
    graph = tf.Graph()
    with graph.as_default():
        x = tf.placeholder(tf.float32, [None, work.steps, work.inputs])
        y = tf.placeholder(tf.int32, [None])
        _, state = tf.nn.dynamic_rnn(tf.nn.rnn_cell.BasicLSTMCell(work.units), x, dtype=tf.float32)
        kernel, bias = tf.trainable_variables()
        weights = tf.Variable(tf.zeros([work.units, CLASSES]))
        biases = tf.Variable(tf.zeros([CLASSES]))
        logits = tf.matmul(state.h, weights) + biases
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
        train = tf.train.GradientDescentOptimizer(LEARNING_RATE).minimize(loss)
    variables = {"kernel": kernel, "bias": bias, "head/weights": weights, "head/biases": biases}
    running = tf.Session(graph=graph)
    values = parameters_of(data) | {name: data[name] for name in ("head/weights", "head/biases")}
    for name, variable in variables.items():
        variable.load(values[name], running)
    feeds = {x: inputs, y: labels.astype(np.int32)}

    def run() -> float:
        return running.run([loss, train], feeds)[0]

    def results() -> dict[str, np.ndarray]:
        before = running.run(variables)
        value = run()
        after = running.run(variables)
        found = {f"gradients/{name}": (before[name] - after[name]) / LEARNING_RATE for name in variables}
        return {"outputs": np.array(value), **found}

    return Local("ostinato.tf1 Session.run", run, results)
