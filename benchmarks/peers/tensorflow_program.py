"""A work as a TensorFlow graph, for TensorFlow 1.15 and for the version 1 API of TensorFlow 2.

The inputs are held in a variable, so that no call pays for feeding them.
"""

from __future__ import annotations

import numpy as np
import tensorflow

from benchmarks.work import parameters_of

tf = tensorflow.compat.v1
tf.disable_v2_behavior()
tf.logging.set_verbosity(tf.logging.ERROR)


def _unrolled(work, inputs):
    cell = tf.nn.rnn_cell.BasicLSTMCell(work.units)
    return tf.nn.static_rnn(cell, tf.unstack(inputs), dtype=tf.float32)[1].h


def _block(work, inputs):
    cell = tensorflow.contrib.rnn.LSTMBlockFusedCell(work.units)
    return cell(inputs, dtype=tf.float32)[1].h


def _dynamic(work, inputs):
    cell = tf.nn.rnn_cell.BasicLSTMCell(work.units)
    return tf.nn.dynamic_rnn(cell, inputs, dtype=tf.float32, time_major=True)[1].h


PEERS = {"static_rnn": _unrolled, "LSTMBlockFusedCell": _block, "dynamic_rnn": _dynamic}


class Program:
    """An LSTM with a loss on its last output."""

    def __init__(self, peer, work, data, threads):
        if work.family != "lstm" or work.loss != "last" or work.directions != 1:
            raise ValueError(
                f"TensorFlow is compared on an LSTM with a loss on the last output, not on {work}."
            )
        values = parameters_of(data)
        graph = tf.Graph()
        with graph.as_default():
            inputs = tf.get_variable("inputs", data["inputs"].shape, trainable=False)
            last = PEERS[peer](work, inputs)
            found = {variable.op.name.split("/")[-1]: variable for variable in tf.trainable_variables()}
            found["head/weights"] = tf.get_variable("weights", data["head/weights"].shape)
            found["head/biases"] = tf.get_variable("biases", data["head/biases"].shape)
            self._logits = tf.matmul(last, found["head/weights"]) + found["head/biases"]
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
                labels=tf.constant(data["labels"]), logits=self._logits
            )
            self._gradients = {}
            if work.training:
                gradients = tf.gradients(tf.reduce_mean(losses), list(found.values()))
                # Python 3.7's zip has no `strict`.
                self._gradients = {name: gradients[index] for index, name in enumerate(found)}
            # What is not fetched, TensorFlow does not compute: an operation that only groups the gradients
            # would leave their last products out.
            self._fetches = list(self._gradients.values()) or self._logits
            options = tf.ConfigProto(
                intra_op_parallelism_threads=threads, inter_op_parallelism_threads=threads
            )
            self._session = tf.Session(graph=graph, config=options)
            given = {"kernel": values["kernel"], "bias": values["bias"]}
            given.update({name: data[name] for name in ("head/weights", "head/biases")})
            inputs.load(data["inputs"], self._session)
            for name, variable in found.items():
                variable.load(given[name], self._session)

    def run(self):
        self._session.run(self._fetches)

    def results(self):
        outputs, gradients = self._session.run([self._logits, self._gradients])
        found = {"outputs": outputs}
        found.update({"gradients/" + name: np.asarray(value) for name, value in gradients.items()})
        return found
