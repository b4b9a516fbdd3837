"""What the layers share: torch.nn's constructor, names of parameters and forms of input, around one run of
families through the layers.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from ostinato import kernels
from ostinato._state import Nest, is_autocast_enabled, leaves
from ostinato.cells import Run
from ostinato.layers import checks
from ostinato.layers.axes import time_major
from ostinato.layers.directions import DirectionRun, LayerRun, both_ways, run_directions
from ostinato.layers.single_step import has_single_step, single_step
from ostinato.layers.zoneout import run_zoneout
from ostinato.steps import Family

_OUTPUT_PART = (0, 1, 0)
"""Where `DropoutWrapper` finds the mask of a cell's output, within the cell's place in a run."""


class Output(NamedTuple):
    """What a forward pass gives: the output in the form of the input, each part of the state
    `[num_layers * directions, batch, n]`, and the last layer's c of every step where it was asked for.
    """

    output: Any
    states: tuple[Tensor, ...]
    cells: Any


class RecurrentLayer(nn.Module):
    """Base class of `LSTM`, `GRU` and `RNN`.

    A layer's parameters are registered by torch.nn's names, in its order, and read by name when a forward
    pass begins.
    """

    family: Family
    gates: int
    state_names: tuple[str, ...]

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int,
        bias: bool,
        batch_first: bool,
        dropout: float,
        bidirectional: bool,
        proj_size: int = 0,
    ) -> None:
        super().__init__()
        for name, size in (
            ("input_size", input_size),
            ("hidden_size", hidden_size),
            ("num_layers", num_layers),
        ):
            checks.check_size(name, size)
        for name, flag in (("bias", bias), ("batch_first", batch_first), ("bidirectional", bidirectional)):
            checks.check_flag(name, flag)
        checks.check_projection(proj_size, hidden_size)
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = checks.check_dropout(dropout, num_layers)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self.zoneout: tuple[float, ...] = ()
        self._all_weights: list[list[str]] = []

    def make_parameters(self, device: torch.device | str | None, dtype: torch.dtype | None) -> None:
        """Register the parameters of all layers, with their initial values."""
        for layer in range(self.num_layers):
            for suffix in ("", "_reverse")[: self.num_directions]:
                layer_input = self.input_size if layer == 0 else self.output_size * self.num_directions
                names = []
                for name, shape in self.parameter_shapes(layer_input).items():
                    names.append(f"{name}_l{layer}{suffix}")
                    setattr(self, names[-1], nn.Parameter(torch.empty(shape, device=device, dtype=dtype)))
                self._all_weights.append(names)
        self.reset_parameters()

    @property
    def num_directions(self) -> int:
        return 2 if self.bidirectional else 1

    @property
    def output_size(self) -> int:
        """The depth of one direction's output."""
        return self.proj_size or self.hidden_size

    def parameter_shapes(self, input_size: int) -> dict[str, tuple[int, ...]]:
        """The parameters of one direction of one layer that takes `input_size`, in torch.nn's order."""
        rows = self.gates * self.hidden_size
        shapes: dict[str, tuple[int, ...]] = {
            "weight_ih": (rows, input_size),
            "weight_hh": (rows, self.output_size),
        }
        if self.bias:
            shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
        if self.proj_size:
            shapes["weight_hr"] = (self.proj_size, self.hidden_size)
        return shapes

    @abstractmethod
    def family_parameters(self, values: dict[str, Tensor]) -> list[Tensor]:
        """The family's parameters, in its order, from one direction's by the names of `parameter_shapes`."""

    @abstractmethod
    def family_state(self, parts: Sequence[Any]) -> Nest:
        """The family's state from its parts `[batch, n]` in torch.nn's order."""

    @abstractmethod
    def state_parts(self, state: Nest) -> Sequence[Tensor]:
        """The inverse of `family_state`."""

    def reset_parameters(self) -> None:
        """Draw every parameter from U(-k, k), k = 1 / sqrt(hidden_size), in torch.nn's order: the same seed
        gives the same numbers. A layer norm starts out as 1 and 0.
        """
        bound = 1.0 / math.sqrt(self.hidden_size)
        for name, parameter in self.named_parameters():
            if name.startswith("layer_norm_weight"):
                nn.init.ones_(parameter)
            elif name.startswith("layer_norm_bias"):
                nn.init.zeros_(parameter)
            else:
                nn.init.uniform_(parameter, -bound, bound)

    def flatten_parameters(self) -> None:
        """Nothing: here for code that calls torch.nn's. The parameters need no common memory."""

    @property
    def all_weights(self) -> list[list[Tensor]]:
        """The parameters of each layer and direction, as lists in torch.nn's order."""
        return [[self._value(name) for name in names] for names in self._all_weights]

    def _value(self, name: str) -> Tensor:
        return cast(Tensor, getattr(self, name))

    def _values(self, layer: int, direction: int) -> dict[str, Tensor]:
        names = self._all_weights[layer * self.num_directions + direction]
        end = len(f"_l{layer}") + len("_reverse") * direction
        return {name[:-end]: self._value(name) for name in names}

    def _run(
        self,
        given: Tensor | PackedSequence,
        states: Sequence[Tensor] | None,
        sequence_length: Any,
        seed: Tensor | int | None,
        with_cells: bool,
    ) -> Output:
        """Run all layers. `states` are in torch.nn's order and shapes; None: zeros."""
        name = type(self).__name__
        weight = self._value(self._all_weights[0][0])
        checks.check_lengths_fit(name, given, sequence_length)
        checks.check_input(name, given, self.input_size, weight)
        form = time_major(given, sequence_length, self.batch_first)
        inputs = form.inputs
        lead = (self.num_layers * self.num_directions, *([inputs.shape[1]] if form.is_batched else []))
        shapes = [(*lead, size) for size in (self.output_size, self.hidden_size)[: len(self.state_names)]]
        if states is None:
            states = [weight.new_zeros(shape) for shape in shapes]
        else:
            checks.check_states(name, states, self.state_names, shapes, weight)
        if not form.is_batched:
            states = [state.unsqueeze(1) for state in states]
        if is_autocast_enabled(inputs.device):  # computed in the parameters' dtype, as the cells are
            inputs, states = inputs.to(weight.dtype), [state.to(weight.dtype) for state in states]

        run = Run(seed)
        finals: list[Sequence[Tensor]] = []
        starts = [state.unbind(0) for state in states]
        for layer in range(self.num_layers):
            last = layer == self.num_layers - 1
            first = layer * self.num_directions
            layer_states = [
                self.family_state([part[first + direction] for part in starts])
                for direction in range(self.num_directions)
            ]
            done = self._run_layer(layer, inputs, form.lengths, layer_states, run, with_cells and last)
            finals += [self.state_parts(state) for state in done.states]
            inputs = done.outputs
            if not last and self.training and self.dropout:
                inputs = self._drop(inputs, layer, run)
        ends = [torch.stack(list(part)) for part in zip(*finals, strict=True)]
        if not form.is_batched:
            ends = [end.squeeze(1) for end in ends]
        cells = None if done.cells is None else form.restore(done.cells)
        return Output(form.restore(done.outputs), tuple(ends), cells)

    def _run_layer(
        self,
        layer: int,
        inputs: Tensor,
        lengths: Tensor | None,
        states: Sequence[Nest],
        run: Run,
        with_cells: bool,
    ) -> LayerRun:
        directions = range(self.num_directions)
        values = [self._values(layer, direction) for direction in directions]
        if lengths is None and inputs.shape[0] == 1 and has_single_step(values[0]) and not any(self.zoneout):

            def take_step(direction: int, inputs: Tensor) -> DirectionRun:
                state = self.state_parts(states[direction])
                new = single_step(self.mode, values[direction], inputs[0], state)
                cells = new[-1].unsqueeze(0) if with_cells else None
                return DirectionRun(new[0].unsqueeze(0), self.family_state(new), cells)

            return both_ways([partial(take_step, direction) for direction in directions], inputs, None)
        parameters = [self.family_parameters(of_direction) for of_direction in values]
        if not any(self.zoneout):
            families = [self.family for _ in directions]
            return run_directions(families, parameters, inputs, lengths, states, with_cells)
        seed = run.seed if self.training else None
        probabilities = leaves(self.family_state(self.zoneout))

        def step_through(direction: int, inputs: Tensor) -> DirectionRun:
            return run_zoneout(
                self.family,
                parameters[direction],
                inputs,
                lengths,
                states[direction],
                probabilities,
                seed,
                layer * self.num_directions + direction,
                with_cells,
            )

        return both_ways([partial(step_through, direction) for direction in directions], inputs, lengths)

    def _drop(self, outputs: Tensor, layer: int, run: Run) -> Tensor:
        """Dropout of what passes from one layer to the next, each step by a mask of its own."""
        if self.dropout == 1.0:
            return torch.zeros_like(outputs)
        keep = 1.0 - self.dropout
        numbers = kernels.step_uniform(
            run.seed, [layer, *_OUTPUT_PART], 0, outputs.shape[0], outputs.shape[1:], outputs.device
        )
        return outputs * ((numbers < keep).to(outputs.dtype) / keep)

    def extra_repr(self) -> str:
        defaults = {
            "proj_size": 0,
            "num_layers": 1,
            "bias": True,
            "batch_first": False,
            "dropout": 0,
            "bidirectional": False,
        }
        options = [
            f"{name}={getattr(self, name)}"
            for name, default in defaults.items()
            if getattr(self, name) != default
        ]
        if any(self.zoneout):
            options.append(f"zoneout={self.zoneout}")
        return ", ".join([str(self.input_size), str(self.hidden_size), *options])
