"""A work in JAX: the step of an LSTM under `lax.scan`, jitted whole."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.work import parameters_of

FORGET_BIAS = 1.0


def _logits(parameters, inputs):
    units = parameters["bias"].shape[0] // 4

    def step(state, x):
        c, h = state
        gates = jnp.concatenate([x, h], 1) @ parameters["kernel"] + parameters["bias"]
        i, j, f, o = jnp.split(gates, 4, 1)
        c = jax.nn.sigmoid(f + FORGET_BIAS) * c + jax.nn.sigmoid(i) * jnp.tanh(j)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (c, h), None

    zeros = jnp.zeros((inputs.shape[1], units), inputs.dtype)
    (_, h), _ = jax.lax.scan(step, (zeros, zeros), inputs)
    return h @ parameters["head/weights"] + parameters["head/biases"]


def _loss(parameters, inputs, labels):
    chosen = jax.nn.log_softmax(_logits(parameters, inputs))
    return -jnp.mean(jnp.take_along_axis(chosen, labels[:, None], 1))


class Program:
    """An LSTM with a loss on its last output."""

    def __init__(self, work, data):
        if work.family != "lstm" or work.loss != "last" or work.directions != 1:
            raise ValueError(f"JAX is compared on an LSTM with a loss on the last output, not on {work}.")
        values = {**parameters_of(data), **{name: data[name] for name in ("head/weights", "head/biases")}}
        self._parameters = {name: jnp.asarray(value) for name, value in values.items()}
        self._inputs = jnp.asarray(data["inputs"])
        self._labels = jnp.asarray(data["labels"].astype(np.int32))
        self._work = work
        self._logits = jax.jit(_logits)
        self._gradients = jax.jit(jax.grad(_loss))

    def run(self):
        if self._work.training:
            found = self._gradients(self._parameters, self._inputs, self._labels)
        else:
            found = self._logits(self._parameters, self._inputs)
        return jax.block_until_ready(found)

    def results(self):
        found = {"outputs": np.asarray(self._logits(self._parameters, self._inputs))}
        if self._work.training:
            gradients = self._gradients(self._parameters, self._inputs, self._labels)
            found.update({"gradients/" + name: np.asarray(value) for name, value in gradients.items()})
        return found
