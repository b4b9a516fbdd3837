"""One cell's weights in TensorFlow 1's layout and in torch's: which block of the one is where in the other.

| | TensorFlow 1 | torch |
|---|---|---|
| a kernel | `[input_size + n, gates * n]`, inputs first | `weight_ih`, `weight_hh`, each transposed |
| an LSTM's gates | i, j, f, o | i, f, g, o (g is j) |
| a GRU's gates | r, u, and the candidate apart | r, z, n (z is u, n the candidate) |
| biases | one, and the LSTM's forget_bias beside it at run time | two, which are added |

Only slices, transposes, sums and what numpy and torch both call `concatenate` and `zeros_like`: the functions
take the arrays of either, and the module itself as `library`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

Array = Any
"""A numpy array or a tensor."""
Shape = tuple[int, ...]
Library = Any
"""The module numpy or the module torch."""
Kind = Literal["LSTM", "GRU", "RNN"]
"""torch.nn's names. GRU is cuDNN's form, with the reset gate after the candidate's product."""

GATES: dict[Kind, int] = {"LSTM": 4, "GRU": 3, "RNN": 1}
RESET_BEFORE = (
    "TensorFlow's GRU applies its reset gate before the candidate's product, torch's GRU after it: the "
    "weights of one give other numbers in the other"
)

_INPUT, _HIDDEN = "candidate/input_projection", "candidate/hidden_projection"

_CELL_OF_TORCH: dict[str, tuple[str, ...]] = {
    "weight_ih": ("kernel",),
    "weight_hh": ("kernel",),
    "bias_ih": ("bias",),
    "bias_hh": (),
    "weight_hr": ("projection/kernel",),
}
_GRU_OF_TORCH: dict[str, tuple[str, ...]] = {
    "weight_ih": ("gates/kernel", f"{_INPUT}/kernel"),
    "weight_hh": ("gates/kernel", f"{_HIDDEN}/kernel"),
    "bias_ih": ("gates/bias", f"{_INPUT}/bias"),
    "bias_hh": (f"{_HIDDEN}/bias",),
}
_TORCH_OF_CELL: dict[str, tuple[str, ...]] = {
    "kernel": ("weight_ih", "weight_hh"),
    "bias": ("bias_ih", "bias_hh"),
    "projection/kernel": ("weight_hr",),
}
_TORCH_OF_GRU: dict[str, tuple[str, ...]] = {
    "gates/kernel": ("weight_ih", "weight_hh"),
    "gates/bias": ("bias_ih", "bias_hh"),
    f"{_INPUT}/kernel": ("weight_ih",),
    f"{_INPUT}/bias": ("bias_ih",),
    f"{_HIDDEN}/kernel": ("weight_hh",),
    f"{_HIDDEN}/bias": ("bias_hh",),
}


def parameters_behind(kind: Kind) -> dict[str, tuple[str, ...]]:
    """For each of torch's tensors the parameters of TensorFlow's that it is made of."""
    return _GRU_OF_TORCH if kind == "GRU" else _CELL_OF_TORCH


def weights_behind(kind: Kind) -> dict[str, tuple[str, ...]]:
    """For each of TensorFlow's parameters the tensors of torch's that it is made of."""
    return _TORCH_OF_GRU if kind == "GRU" else _TORCH_OF_CELL


def torch_shapes(kind: Kind, input_size: int, num_units: int, num_proj: int | None) -> dict[str, Shape]:
    """The shapes of torch's tensors of one direction of one layer."""
    rows, width = GATES[kind] * num_units, num_proj or num_units
    shapes: dict[str, Shape] = {"weight_ih": (rows, input_size), "weight_hh": (rows, width)}
    shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
    return shapes if num_proj is None else shapes | {"weight_hr": (num_proj, num_units)}


def tensorflow_shapes(kind: Kind, input_size: int, num_units: int, num_proj: int | None) -> dict[str, Shape]:
    """The shapes of TensorFlow's parameters of one cell."""
    if kind == "GRU":
        return {
            "gates/kernel": (input_size + num_units, 2 * num_units),
            "gates/bias": (2 * num_units,),
            f"{_INPUT}/kernel": (input_size, num_units),
            f"{_INPUT}/bias": (num_units,),
            f"{_HIDDEN}/kernel": (num_units, num_units),
            f"{_HIDDEN}/bias": (num_units,),
        }
    columns, width = GATES[kind] * num_units, num_proj or num_units
    shapes: dict[str, Shape] = {"kernel": (input_size + width, columns), "bias": (columns,)}
    return shapes if num_proj is None else shapes | {"projection/kernel": (num_units, num_proj)}


def to_torch_layout(
    kind: Kind, parameters: Mapping[str, Array], forget_bias: float, library: Library
) -> dict[str, Array]:
    """torch's `weight_ih`, `weight_hh`, `bias_ih`, `bias_hh` (and `weight_hr` of a projection) of one
    direction of one layer, from `parameters` by TensorFlow 1's names (`kernel`, `gates/kernel`, ...).

    `bias_ih` is TensorFlow's bias, and `bias_hh` the forget bias, which torch adds to it at run time: no sum
    is rounded here, and the way back is exact.

    >>> import numpy as np
    >>> kernel = np.array([[1.0, 2.0, 3.0, 4.0], [10.0, 20.0, 30.0, 40.0]])
    >>> weights = to_torch_layout("LSTM", {"kernel": kernel, "bias": np.arange(4.0)}, 1.0, np)
    >>> {name: weight.ravel().tolist() for name, weight in weights.items()}
    {'weight_ih': [1.0, 3.0, 2.0, 4.0], 'weight_hh': [10.0, 30.0, 20.0, 40.0],
     'bias_ih': [0.0, 2.0, 1.0, 3.0], 'bias_hh': [0.0, 1.0, 0.0, 0.0]}
    """
    if kind == "GRU":
        units = parameters[f"{_HIDDEN}/kernel"].shape[0]
        gates, bias = parameters["gates/kernel"], parameters["gates/bias"]
        return {
            "weight_ih": library.concatenate([gates[:-units].T, parameters[f"{_INPUT}/kernel"].T]),
            "weight_hh": library.concatenate([gates[-units:].T, parameters[f"{_HIDDEN}/kernel"].T]),
            "bias_ih": library.concatenate([bias, parameters[f"{_INPUT}/bias"]]),
            "bias_hh": library.concatenate([library.zeros_like(bias), parameters[f"{_HIDDEN}/bias"]]),
        }
    kernel, bias = parameters["kernel"], parameters["bias"]
    projection = parameters.get("projection/kernel")
    units = bias.shape[0] // GATES[kind]
    width = units if projection is None else projection.shape[1]
    weights = {
        "weight_ih": kernel[:-width].T,
        "weight_hh": kernel[-width:].T,
        "bias_ih": bias,
        "bias_hh": library.zeros_like(bias),
    }
    if kind == "LSTM":
        weights = {name: swap_middle_gates(weight, library) for name, weight in weights.items()}
        weights["bias_hh"][units : 2 * units] = forget_bias
    if projection is not None:
        weights["weight_hr"] = projection.T
    return weights


def from_torch_layout(
    kind: Kind, weights: Mapping[str, Array], forget_bias: float, library: Library
) -> dict[str, Array]:
    """The inverse of `to_torch_layout`: parameters by TensorFlow 1's names. Without biases they are zeros.

    The forget bias is taken off `bias_hh` before that is added to `bias_ih`: what came from
    `to_torch_layout` comes back bit for bit, but for the sign of a zero.
    """
    weight_ih, weight_hh = weights["weight_ih"], weights["weight_hh"]
    if "bias_ih" in weights:
        bias_ih, bias_hh = weights["bias_ih"], weights["bias_hh"]
    else:
        bias_ih = bias_hh = library.zeros_like(weight_hh[:, 0])
    if kind == "GRU":
        gates = 2 * weight_hh.shape[1]
        return {
            "gates/kernel": library.concatenate([weight_ih[:gates].T, weight_hh[:gates].T]),
            "gates/bias": bias_ih[:gates] + bias_hh[:gates],
            f"{_INPUT}/kernel": weight_ih[gates:].T,
            f"{_INPUT}/bias": bias_ih[gates:],
            f"{_HIDDEN}/kernel": weight_hh[gates:].T,
            f"{_HIDDEN}/bias": bias_hh[gates:],
        }
    if kind == "LSTM":
        weight_ih, weight_hh, bias_ih, bias_hh = (
            swap_middle_gates(weight, library) for weight in (weight_ih, weight_hh, bias_ih, bias_hh)
        )
        if forget_bias:
            units = bias_hh.shape[0] // 4
            bias_hh[2 * units : 3 * units] -= forget_bias
    parameters = {"kernel": library.concatenate([weight_ih.T, weight_hh.T]), "bias": bias_ih + bias_hh}
    if "weight_hr" in weights:
        parameters["projection/kernel"] = weights["weight_hr"].T
    return parameters


def swap_middle_gates(weight: Array, library: Library) -> Array:
    """`weight` `[4 * n, ...]` with its second and third block exchanged: i, j, f, o <-> i, f, g, o. A copy.

    >>> import numpy as np
    >>> swap_middle_gates(np.arange(8), np).tolist()
    [0, 1, 4, 5, 2, 3, 6, 7]
    """
    units = weight.shape[0] // 4
    return library.concatenate([weight[start * units : (start + 1) * units] for start in (0, 2, 1, 3)])


def kind_of_weights(
    weight_ih: tuple[int, ...], weight_hh: tuple[int, ...], weight_hr: tuple[int, ...] | None
) -> Kind | None:
    """What torch module has weights of these shapes; None: none has.

    >>> kind_of_weights((256, 12), (256, 64), None), kind_of_weights((256, 12), (256, 5), (5, 64))
    ('LSTM', 'LSTM')
    >>> kind_of_weights((192, 12), (192, 64), None), kind_of_weights((64, 12), (64, 64), None)
    ('GRU', 'RNN')
    """
    if len(weight_ih) != 2 or len(weight_hh) != 2 or weight_ih[0] != weight_hh[0] or not weight_hh[1]:
        return None
    if weight_hr is not None:
        fits = len(weight_hr) == 2 and weight_hr[0] == weight_hh[1] and 4 * weight_hr[1] == weight_hh[0]
        return "LSTM" if fits else None
    for kind, gates in GATES.items():
        if weight_hh[0] == gates * weight_hh[1]:
            return kind
    return None
