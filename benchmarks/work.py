"""A work: one network of given sizes, trained or run forward; its data and its arithmetic.

The module runs under Python 3.7 too, as TensorFlow 1.15 reads works from it.
"""

from __future__ import annotations

import dataclasses

import numpy as np

CLASSES = 2
# Matrices [inputs or units, units] that a step multiplies with, and so that a family's kernel holds.
MATRICES = {
    "basic_rnn": 1,
    "gru": 3,
    "gru_reset_after": 3,
    "lstm": 4,
    "lstm_peepholes": 4,
    "lstm_layer_norm": 4,
}


@dataclasses.dataclass(frozen=True)
class Work:
    """A recurrent network over `inputs` `[steps, batch, inputs]` from a state of zeros.

    Attributes:
        family: a key of `MATRICES`.
        training: forward, loss and the gradients of all parameters (no optimizer, no gradient of the
            inputs); False: forward alone, where nothing is kept for gradients.
        loss: "last": a linear layer to two classes on the final output, and softmax cross-entropy; "all":
            the outputs of all steps meet a fixed gradient, which stands for the rest of a larger network.
        sequence_length: None, or "uniform": the lengths of the rows, drawn uniformly from 1..steps.
        directions: 1, or 2 for a bidirectional network.
        dtype: of inputs, parameters and outputs.
    """

    family: str
    batch: int
    steps: int
    inputs: int
    units: int
    training: bool
    loss: str = "all"
    sequence_length: str | None = None
    directions: int = 1
    dtype: str = "float32"

    @property
    def mode(self) -> str:
        return "training" if self.training else "forward"

    def lengths(self) -> np.ndarray:
        """The length of each row, int64 `[batch]`."""
        if self.sequence_length is None:
            return np.full(self.batch, self.steps, np.int64)
        return np.random.RandomState(7).randint(1, self.steps + 1, self.batch).astype(np.int64)

    def floating_point_operations(self) -> float:
        """What the matrix products of this work take: two operations a multiplication with its addition.

        A step of a row multiplies inputs and state with their kernels. Training multiplies with the kernel
        of the state three times (forward, gradient of the state, gradient of the kernel) and with that of
        the inputs twice, as no gradient of the inputs is asked for. What a backward pass computes anew is
        not counted, nor is anything but matrix products.
        """
        steps = float(self.lengths().sum()) * self.directions
        matrices = MATRICES[self.family]
        times_inputs, times_state = (2, 3) if self.training else (1, 1)
        return 2.0 * steps * matrices * self.units * (times_inputs * self.inputs + times_state * self.units)


def make_data(work: Work, shapes: dict[str, tuple]) -> dict[str, np.ndarray]:
    """Inputs, parameters (`parameters/NAME`, of the given shapes) and what the loss needs, all float32."""
    random = np.random.RandomState(0)

    def uniform(*shape: int) -> np.ndarray:
        bound = 1.0 / np.sqrt(work.units)
        return random.uniform(-bound, bound, shape).astype(np.float32)

    data = {
        "inputs": random.standard_normal((work.steps, work.batch, work.inputs)).astype(np.float32),
        "lengths": work.lengths(),
    }
    for name, shape in shapes.items():
        # A gain of layer normalisation lies around 1.
        data["parameters/" + name] = uniform(*shape) + np.float32(name.endswith("gamma"))
    if work.loss == "last":
        data["labels"] = random.randint(0, CLASSES, work.batch).astype(np.int64)
        data["head/weights"] = uniform(work.directions * work.units, CLASSES)
        data["head/biases"] = uniform(CLASSES)
    elif work.training:
        shape = (work.steps, work.batch, work.directions * work.units)
        data["gradient"] = random.standard_normal(shape).astype(np.float32)
    return data


def parameters_of(data: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The parameters in `data`, by their names."""
    prefix = "parameters/"
    return {name[len(prefix) :]: value for name, value in data.items() if name.startswith(prefix)}
