"""What a work is in PyTorch, whoever computes the recurrence: forward, loss, backward.

Both sides of a comparison run the same lines here; only `recur` differs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.work import Work

Recur = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Inputs `[steps, batch, inputs]` -> (outputs `[steps, batch, directions * units]`, the final ones `[batch,
directions * units]`).
"""


class Program:
    """One work: `run()` is one call.

    Args:
        work: what to compute.
        data: from `make_data`.
        recur: the recurrence.
        parameters: that it trains.
        gradients: names in TensorFlow 1's layout -> their gradients, after a backward pass.
    """

    def __init__(
        self,
        work: Work,
        data: Mapping[str, np.ndarray],
        recur: Recur,
        parameters: list[Tensor],
        gradients: Callable[[], Mapping[str, np.ndarray]],
    ) -> None:
        self._work, self._recur, self._gradients = work, recur, gradients
        dtype = getattr(torch, work.dtype)
        self._inputs = torch.from_numpy(data["inputs"]).to(dtype)
        self._parameters = list(parameters)
        if work.loss == "last":
            self._labels = torch.from_numpy(data["labels"])
            self._weights = torch.from_numpy(data["head/weights"]).to(dtype).t().contiguous().requires_grad_()
            self._biases = torch.from_numpy(data["head/biases"]).to(dtype).requires_grad_()
            self._parameters += [self._weights, self._biases]
        elif work.training:
            self._gradient = torch.from_numpy(data["gradient"]).to(dtype)
        self.run = self._train if work.training else self._infer

    def _forward(self) -> Tensor:
        outputs, last = self._recur(self._inputs)
        return functional.linear(last, self._weights, self._biases) if self._work.loss == "last" else outputs

    def _infer(self) -> Tensor:
        with torch.inference_mode():
            return self._forward()

    def _train(self) -> Tensor:
        for parameter in self._parameters:
            parameter.grad = None
        outputs = self._forward()
        if self._work.loss == "last":
            functional.cross_entropy(outputs, self._labels).backward()
        else:
            outputs.backward(self._gradient)
        return outputs

    def results(self) -> dict[str, np.ndarray]:
        """`outputs` (with a loss on the last output: the logits) and, in training, `gradients/NAME`."""
        found = {"outputs": array(self.run())}
        if self._work.training:
            found.update({f"gradients/{name}": value for name, value in self._gradients().items()})
            if self._work.loss == "last":
                found["gradients/head/weights"] = array(self._weights.grad).T
                found["gradients/head/biases"] = array(self._biases.grad)
        return found


def array(tensor: Tensor) -> np.ndarray:
    """A tensor as a float32 array."""
    return tensor.detach().float().numpy().copy()
