"""Parameters in TensorFlow 1's layout to those of torch.nn's modules, and their gradients back.

TensorFlow 1 stacks the kernels of inputs and state, `[input_size + units, gates * units]`, and adds a
forget bias at run time; torch.nn has one matrix for each, `[gates * units, ...]`, two biases, and the LSTM's
gates in the order i, f, g, o.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

FORGET_BIAS = 1.0
LSTM_ORDER = [0, 2, 1, 3]  # i, j, f, o to i, f, g, o, and back


def _lstm_order(array: np.ndarray) -> np.ndarray:
    return np.concatenate([np.split(array, 4, axis=-1)[gate] for gate in LSTM_ORDER], axis=-1)


def to_torch(family: str, parameters: Mapping[str, np.ndarray], units: int) -> dict[str, np.ndarray]:
    """`weight_ih`, `weight_hh`, `bias_ih` and `bias_hh` of the module that computes `family`."""
    if family == "gru_reset_after":
        kernel, bias = parameters["gates/kernel"], parameters["gates/bias"]
        weight_ih = np.concatenate([kernel[:-units], parameters["candidate/input_projection/kernel"]], 1)
        weight_hh = np.concatenate([kernel[-units:], parameters["candidate/hidden_projection/kernel"]], 1)
        bias_ih = np.concatenate([bias, parameters["candidate/input_projection/bias"]])
        bias_hh = np.concatenate([np.zeros_like(bias), parameters["candidate/hidden_projection/bias"]])
    else:
        kernel, bias = parameters["kernel"], parameters["bias"]
        if family == "lstm":
            kernel, bias = _lstm_order(kernel), _lstm_order(bias).copy()
            bias[units : 2 * units] += FORGET_BIAS
        elif family != "basic_rnn":
            raise ValueError(f"torch.nn has no module that computes {family}.")
        weight_ih, weight_hh = kernel[:-units], kernel[-units:]
        bias_ih, bias_hh = bias, np.zeros_like(bias)
    return {"weight_ih": weight_ih.T, "weight_hh": weight_hh.T, "bias_ih": bias_ih, "bias_hh": bias_hh}


def from_torch(family: str, gradients: Mapping[str, np.ndarray], units: int) -> dict[str, np.ndarray]:
    """Gradients of a torch.nn module's parameters, as those of the parameters that `to_torch` was given."""
    weight_ih, weight_hh = gradients["weight_ih"].T, gradients["weight_hh"].T
    bias_ih, bias_hh = gradients["bias_ih"], gradients["bias_hh"]
    if family == "gru_reset_after":
        gates = 2 * units
        return {
            "gates/kernel": np.concatenate([weight_ih[:, :gates], weight_hh[:, :gates]]),
            "gates/bias": bias_ih[:gates],
            "candidate/input_projection/kernel": weight_ih[:, gates:],
            "candidate/input_projection/bias": bias_ih[gates:],
            "candidate/hidden_projection/kernel": weight_hh[:, gates:],
            "candidate/hidden_projection/bias": bias_hh[gates:],
        }
    kernel = np.concatenate([weight_ih, weight_hh])
    if family == "lstm":
        return {"kernel": _lstm_order(kernel), "bias": _lstm_order(bias_ih)}
    return {"kernel": kernel, "bias": bias_ih}
