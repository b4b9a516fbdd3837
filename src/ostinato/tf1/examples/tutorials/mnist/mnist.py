"""The module `tensorflow.examples.tutorials.mnist.mnist`: the tutorial's network of two hidden layers."""

from __future__ import annotations

import math
from typing import Any

from .... import nn
from ....graph import name_scope
from ....names import absent
from ....ops.array import zeros
from ....ops.math import cast, matmul
from ....ops.random import truncated_normal
from ....ops.reductions import reduce_sum
from ....optimizers import GradientDescentOptimizer
from ....tensor import Operation, Tensor
from ....variables import Variable

NUM_CLASSES = 10
IMAGE_SIZE = 28
IMAGE_PIXELS = IMAGE_SIZE * IMAGE_SIZE


def inference(images: Any, hidden1_units: int, hidden2_units: int) -> Tensor:
    """The logits of images, [batch, 784]."""
    hidden1 = nn.relu(_layer("hidden1", images, IMAGE_PIXELS, hidden1_units))
    hidden2 = nn.relu(_layer("hidden2", hidden1, hidden1_units, hidden2_units))
    return _layer("softmax_linear", hidden2, hidden2_units, NUM_CLASSES)


def _layer(name: str, inputs: Any, input_size: int, num_units: int) -> Any:
    with name_scope(name):
        first = truncated_normal([input_size, num_units], stddev=1.0 / math.sqrt(float(input_size)))
        weights = Variable(first, name="weights")
        biases = Variable(zeros([num_units]), name="biases")
        return matmul(inputs, weights) + biases


def loss(logits: Any, labels: Any) -> Tensor:
    """The mean cross entropy of integer labels."""
    from .... import losses  # when called: MNIST's files alone need neither losses nor summaries

    return losses.sparse_softmax_cross_entropy(labels=cast(labels, "int64"), logits=logits)


def training(loss: Any, learning_rate: float) -> Operation:
    """A step of gradient descent; the loss becomes a summary."""
    from .... import summary

    summary.scalar("loss", loss)
    global_step = Variable(0, name="global_step", trainable=False)
    return GradientDescentOptimizer(learning_rate).minimize(loss, global_step=global_step)


def evaluation(logits: Any, labels: Any) -> Tensor:
    """How many of the batch are right."""
    return reduce_sum(cast(nn.in_top_k(logits, labels, 1), "int32"))


__all__ = ["IMAGE_PIXELS", "IMAGE_SIZE", "NUM_CLASSES", "evaluation", "inference", "loss", "training"]
__getattr__ = absent("tf.examples.tutorials.mnist.mnist", __all__)
