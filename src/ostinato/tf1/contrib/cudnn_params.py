"""What cuDNN keeps in its one vector of parameters, and the nodes that take it apart and put it together.

All matrices come first, then all biases. Both go layer by layer, the forward direction before the backward
one; in each the gates of what acts on the inputs, then the gates of what acts on h, then the projection. The
gates are i, f, g, o of an LSTM and r, u, n of a GRU; a matrix is `[units, depth]`, a bias `[units]`. That is
torch's layout of one direction of one layer, whose way to TensorFlow's cells `interop.torch_layout` knows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ostinato.interop import torch_layout

from ..dtypes import as_dtype
from ..ops.core import convert_to_tensor, make
from ..registry import OutputTypes, ShapeMismatch, register
from ..shapes import TensorShape
from ..tensor import Tensor

CUDNN_RNN_UNIDIRECTION = "unidirectional"
CUDNN_RNN_BIDIRECTION = "bidirectional"
CUDNN_LSTM = "lstm"
CUDNN_GRU = "gru"
CUDNN_RNN_RELU = "rnn_relu"
CUDNN_RNN_TANH = "rnn_tanh"
CUDNN_INPUT_LINEAR_MODE = "linear_input"
CUDNN_INPUT_SKIP_MODE = "skip_input"
CUDNN_INPUT_AUTO_MODE = "auto_select"
CUDNN_LSTM_PARAMS_PER_LAYER = 8
CUDNN_GRU_PARAMS_PER_LAYER = 6
CUDNN_RNN_TANH_PARAMS_PER_LAYER = 2
CUDNN_RNN_RELU_PARAMS_PER_LAYER = 2

_KINDS: dict[str, torch_layout.Kind] = {
    CUDNN_LSTM: "LSTM",
    CUDNN_GRU: "GRU",
    CUDNN_RNN_RELU: "RNN",
    CUDNN_RNN_TANH: "RNN",
}
_MATRICES, _BIASES, _PROJECTION = ("weight_ih", "weight_hh"), ("bias_ih", "bias_hh"), "weight_hr"


def check_rnn_mode(rnn_mode: str) -> None:
    if rnn_mode not in _KINDS:
        raise ValueError(
            f"Invalid rnn_mode: {rnn_mode}, expect one of "
            f"({CUDNN_LSTM}, {CUDNN_GRU}, {CUDNN_RNN_TANH}, {CUDNN_RNN_RELU})"
        )


def check_direction(direction: str) -> None:
    """Raise a ValueError for what is no direction."""
    if direction not in (CUDNN_RNN_UNIDIRECTION, CUDNN_RNN_BIDIRECTION):
        raise ValueError(
            f"Invalid direction: {direction}, expecting {CUDNN_RNN_UNIDIRECTION} or {CUDNN_RNN_BIDIRECTION}"
        )


def check_input_mode(input_mode: str) -> None:
    """Raise a ValueError for what is no input mode."""
    modes = (CUDNN_INPUT_LINEAR_MODE, CUDNN_INPUT_SKIP_MODE, CUDNN_INPUT_AUTO_MODE)
    if input_mode not in modes:
        raise ValueError(f"Invalid input_mode: {input_mode}, expect one of ({', '.join(modes)})")


@dataclass(frozen=True)
class CudnnModel:
    """Which parameters there are.

    Raises:
        ValueError: a mode or a direction that does not exist, or first layers without input matrices, which
            are not here.
    """

    rnn_mode: str
    num_layers: int
    num_units: int
    input_size: int
    num_proj: int | None = None
    input_mode: str = CUDNN_INPUT_LINEAR_MODE
    direction: str = CUDNN_RNN_UNIDIRECTION

    def __post_init__(self) -> None:
        check_rnn_mode(self.rnn_mode)
        check_direction(self.direction)
        check_input_mode(self.input_mode)
        same = self.input_size == self.num_units
        if self.input_mode == CUDNN_INPUT_SKIP_MODE or (self.input_mode == CUDNN_INPUT_AUTO_MODE and same):
            raise ValueError(
                f"input_mode {self.input_mode!r} with input_size {self.input_size} and num_units "
                f"{self.num_units} is a first layer without input matrices, which is not here: use "
                f"{CUDNN_INPUT_LINEAR_MODE!r}."
            )
        if self.num_proj and self.rnn_mode != CUDNN_LSTM:
            raise ValueError(f"Only an LSTM has a projection, but num_proj is {self.num_proj}.")

    @property
    def kind(self) -> torch_layout.Kind:
        return _KINDS[self.rnn_mode]

    @property
    def directions(self) -> int:
        return 1 if self.direction == CUDNN_RNN_UNIDIRECTION else 2

    @property
    def output_size(self) -> int:
        """The width of h in one direction."""
        return self.num_proj or self.num_units

    @property
    def gates(self) -> int:
        return torch_layout.GATES[self.kind]

    def depth(self, layer: int) -> int:
        """The depth of what a layer takes."""
        return self.directions * self.output_size if layer else self.input_size

    def weight_shapes(self, layer: int) -> list[tuple[int, int]]:
        """The matrices of one direction of a layer."""
        found = [(self.num_units, self.depth(layer))] * self.gates
        found += [(self.num_units, self.output_size)] * self.gates
        return [*found, (self.num_proj, self.num_units)] if self.num_proj else found

    def all_weight_shapes(self) -> list[tuple[int, int]]:
        return [
            shape
            for layer in range(self.num_layers)
            for _ in range(self.directions)
            for shape in self.weight_shapes(layer)
        ]

    def all_bias_shapes(self) -> list[tuple[int]]:
        return [(self.num_units,)] * (2 * self.gates * self.directions * self.num_layers)

    def size(self) -> int:
        """How many numbers the vector has."""
        return sum(math.prod(shape) for shape in (*self.all_weight_shapes(), *self.all_bias_shapes()))

    def cell_shapes(self, layer: int) -> dict[str, tuple[int, ...]]:
        """The parameters of the cell that is one direction of a layer, by TensorFlow's names."""
        return torch_layout.tensorflow_shapes(self.kind, self.depth(layer), self.num_units, self.num_proj)


def split_params(
    model: CudnnModel, params: Any, name: str | None = None
) -> tuple[list[Tensor], list[Tensor]]:
    """The matrices and the biases of the vector."""
    count = len(model.all_weight_shapes())
    found = make("CudnnRNNParamsToCanonical", [convert_to_tensor(params)], name, model=model).outputs
    return found[:count], found[count:]


def join_params(
    model: CudnnModel, weights: Sequence[Any], biases: Sequence[Any], name: str | None = None
) -> Tensor:
    """The vector of matrices, of any shape, and biases."""
    given, wanted = len(weights), len(model.all_weight_shapes())
    if (given, len(biases)) != (wanted, len(model.all_bias_shapes())):
        raise ValueError(
            f"{model} has {wanted} weights and {len(model.all_bias_shapes())} biases, but got {given} and "
            f"{len(biases)}."
        )
    tensors = [convert_to_tensor(value) for value in (*weights, *biases)]
    return make("CudnnRNNCanonicalToParams", tensors, name, model=model).outputs[0]


def to_cell(
    model: CudnnModel, layer: int, weights: Sequence[Any], biases: Sequence[Any]
) -> dict[str, Tensor]:
    """The parameters of a cell, by TensorFlow's names, of the matrices and biases of one direction of a
    layer.
    """
    tensors = [convert_to_tensor(value) for value in (*weights, *biases)]
    outputs = make("CudnnCanonicalToCell", tensors, None, model=model, layer=layer).outputs
    return dict(zip(model.cell_shapes(layer), outputs, strict=True))


def from_cell(model: CudnnModel, layer: int, cell: dict[str, Any]) -> tuple[list[Tensor], list[Tensor]]:
    """The inverse of `to_cell`. What is one bias of the cell and two of cuDNN's becomes two halves."""
    tensors = [convert_to_tensor(cell[name]) for name in model.cell_shapes(layer)]
    found = make("CellToCudnnCanonical", tensors, None, model=model, layer=layer).outputs
    count = len(model.weight_shapes(layer))
    return found[:count], found[count:]


# -- what the nodes compute
def _split(params: torch.Tensor, model: CudnnModel) -> list[torch.Tensor]:
    shapes = [*model.all_weight_shapes(), *model.all_bias_shapes()]
    if tuple(params.shape) != (model.size(),):
        raise ValueError(f"{model} has {model.size()} parameters, but got a tensor of {list(params.shape)}.")
    parts = params.split([math.prod(shape) for shape in shapes])
    return [part.view(shape) for part, shape in zip(parts, shapes, strict=True)]


def _join(*tensors: torch.Tensor, model: CudnnModel) -> torch.Tensor:
    shapes = [*model.all_weight_shapes(), *model.all_bias_shapes()]
    for index, (tensor, shape) in enumerate(zip(tensors, shapes, strict=True)):
        if tensor.numel() != math.prod(shape):
            raise ValueError(
                f"Params size mismatch. Expected {list(shape)} for parameter {index} of {model}, got "
                f"{list(tensor.shape)}."
            )
    return torch.cat([tensor.reshape(-1) for tensor in tensors])


def _to_cell(*tensors: torch.Tensor, model: CudnnModel, layer: int) -> list[torch.Tensor]:
    gates = model.gates
    weights = {
        name: torch.cat(list(tensors[index * gates : (index + 1) * gates]))
        for index, name in enumerate(_MATRICES)
    }
    if model.num_proj:
        weights[_PROJECTION] = tensors[2 * gates]
    biases = tensors[-2 * gates :]
    weights |= {
        name: torch.cat(list(biases[index * gates : (index + 1) * gates]))
        for index, name in enumerate(_BIASES)
    }
    found = torch_layout.from_torch_layout(model.kind, weights, 0.0, torch)
    return [found[name] for name in model.cell_shapes(layer)]


def _from_cell(*tensors: torch.Tensor, model: CudnnModel, layer: int) -> list[torch.Tensor]:
    cell = dict(zip(model.cell_shapes(layer), tensors, strict=True))
    weights = torch_layout.to_torch_layout(model.kind, cell, 0.0, torch)
    # The candidate's two biases of a GRU are two here as well.
    shared = (2 if model.kind == "GRU" else model.gates) * model.num_units
    halves = weights["bias_ih"][:shared] / 2
    biases = [torch.cat([halves, weights[name][shared:]]) for name in _BIASES]
    matrices = [part for name in _MATRICES for part in weights[name].chunk(model.gates)]
    if model.num_proj:
        matrices.append(weights[_PROJECTION])
    return [*matrices, *[part for bias in biases for part in bias.chunk(model.gates)]]


def _check_sizes(inputs: Sequence[Tensor], shapes: Sequence[Sequence[int]]) -> None:
    for tensor, shape in zip(inputs, shapes, strict=True):
        known = tensor.shape.num_elements()
        if known is not None and known != math.prod(shape):
            raise ShapeMismatch(f"Params size mismatch. Expected {list(shape)}, got {tensor.shape}")


def _outputs(inputs: Sequence[Tensor], shapes: Sequence[Sequence[int]]) -> OutputTypes:
    dtype = as_dtype(inputs[0].dtype.base_dtype)
    return [(dtype, TensorShape(list(shape))) for shape in shapes]


def _split_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    model = attributes["model"]
    _check_sizes(inputs, [(model.size(),)])
    return _outputs(inputs, [*model.all_weight_shapes(), *model.all_bias_shapes()])


def _join_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    model = attributes["model"]
    _check_sizes(inputs, [*model.all_weight_shapes(), *model.all_bias_shapes()])
    return _outputs(inputs, [(model.size(),)])


def _to_cell_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    return _outputs(inputs, list(attributes["model"].cell_shapes(attributes["layer"]).values()))


def _from_cell_rule(inputs: Sequence[Tensor], attributes: dict[str, Any]) -> OutputTypes:
    model, layer = attributes["model"], attributes["layer"]
    _check_sizes(inputs, list(model.cell_shapes(layer).values()))
    biases = [(model.num_units,)] * (2 * model.gates)
    return _outputs(inputs, [*model.weight_shapes(layer), *biases])


register("CudnnRNNParamsToCanonical", _split, _split_rule)
register("CudnnRNNCanonicalToParams", _join, _join_rule)
register("CudnnCanonicalToCell", _to_cell, _to_cell_rule)
register("CellToCudnnCanonical", _from_cell, _from_cell_rule)
