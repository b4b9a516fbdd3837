"""Cells over a family of `ostinato.steps`: the module holds the parameters, the family does the maths."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ostinato import kernels
from ostinato._init import Initializer, as_initializer, glorot_uniform_
from ostinato._state import (
    Nest,
    check_state,
    describe,
    flatten,
    is_autocast_enabled,
    leaves,
    map_nest,
    size_to_shape,
    zeros,
)
from ostinato.cells.base import RNNCell
from ostinato.cells.lowering import RunSequence, SequenceContext, run_family
from ostinato.kernels import SequenceRun
from ostinato.steps import GRU, LSTM, BasicRNN, Family, ResetAfterGRU, WeightNormLSTM
from ostinato.steps.activations import Activation
from ostinato.steps.family import check_positive_integer, sizes_of_inputs


class FamilyCell(RNNCell):
    """A cell that is a shell over `family`."""

    family: Family

    @property
    def num_units(self) -> int:
        return self.family.num_units

    @property
    def input_size(self) -> Nest:
        return sizes_of_inputs(self.family, self.family.input_size(self.family_parameters()))

    @property
    def state_size(self) -> Nest:
        return self.family.state_size

    @property
    def output_size(self) -> int:
        return self.family.output_size

    def family_parameters(self) -> Mapping[str, Tensor]:
        """The parameters by the family's names, in the family's order."""
        raise TypeError(
            f"{type(self).__name__} does not say where its parameters are: define family_parameters()."
        )

    def zero_state(
        self, batch_size: int, dtype: torch.dtype | None = None, device: torch.device | str | None = None
    ) -> Nest:
        like = next(iter(self.family_parameters().values()))
        return zeros(self.family.state_size, batch_size, dtype or like.dtype, device or like.device)

    def forward(self, inputs: Tensor, state: Nest) -> tuple[Tensor, Nest]:
        """One step: `inputs` `[batch, input_size]` and a state of `state_size` to the output `[batch,
        output_size]` and the new state.

        Raises:
            TypeError: a dtype or the state's structure does not fit.
            ValueError: a shape does not fit.
        """
        found = self._native_step(inputs, state)
        if found is not None:
            return found
        parameters = self.family_parameters()
        inputs, state = self._checked(inputs, state, parameters, "batch")
        device = next(iter(parameters.values())).device
        if not is_autocast_enabled(device):
            return self.family.step(parameters, inputs, state)
        with torch.autocast(device.type, enabled=False):  # as the sequence ops: in the parameters' dtype
            return self.family.step(parameters, inputs, state)

    def _native_step(self, inputs: Tensor, state: Nest) -> tuple[Tensor, Nest] | None:
        """One step in native code, or None where there is none for it."""
        return None

    def _checked(
        self, inputs: Tensor, state: Nest, parameters: Mapping[str, Tensor], axes: str
    ) -> tuple[Tensor, Nest]:
        """Inputs and state, if they fit the parameters; under autocast converted to their dtype. `axes` names
        the axes ahead of an input's own.
        """
        name, kernel = type(self).__name__, next(iter(parameters.values()))
        sizes = sizes_of_inputs(self.family, self.family.input_size(parameters))
        batch_size = _check_inputs(name, inputs, sizes, axes)
        check_state(state, self.family.state_size, batch_size, "state")
        *beside, features = leaves(inputs)
        given = {"inputs": features} | {f"a state[{i}]": leaf for i, leaf in enumerate(leaves(state))}
        others = {f"inputs[{i}]": leaf for i, leaf in enumerate(beside)}  # of a dtype of their own
        for what, tensor in (given | others).items():
            if tensor.device != kernel.device:
                raise ValueError(
                    f"{name} is on the device {kernel.device}, but got {what} on {tensor.device}."
                )
            if not tensor.is_floating_point() and not tensor.is_complex():
                raise TypeError(
                    f"RNN cell only supports floating point inputs, but saw {what} of dtype: {tensor.dtype}."
                )
        if is_autocast_enabled(features.device):
            as_inputs = flatten(inputs)[1]
            state = map_nest(lambda leaf: leaf.to(kernel.dtype), state)
            return as_inputs([*beside, features.to(kernel.dtype)]), state
        for what, tensor in given.items():
            if tensor.dtype != kernel.dtype:
                raise TypeError(
                    f"{name} has parameters of dtype {kernel.dtype}, but got {what} of dtype {tensor.dtype}: "
                    f"convert one of the two, with .to({kernel.dtype}) or cell.to({tensor.dtype})."
                )
        return inputs, state

    def lower(self) -> RunSequence | None:
        runs = self._runs(FamilyCell) and kernels.has_sequence_op(sequence_family(self.family))
        return self._run_sequence if runs else None

    def sequence_run(
        self, inputs: Tensor, state: Nest, lengths: Tensor | None, reverse: bool = False
    ) -> SequenceRun:
        """This cell over `inputs` `[time, batch, input_size]`, to be run beside others."""
        parameters = self.family_parameters()
        inputs, state = self._checked(inputs, state, parameters, "time, batch")
        family, values = _in_sequence(self.family, parameters)
        return SequenceRun(family, values, inputs, lengths, leaves(state), reverse)

    def _run_sequence(self, inputs: Tensor, state: Nest, context: SequenceContext) -> tuple[Tensor, Nest]:
        parameters = self.family_parameters()
        inputs, state = self._checked(inputs, state, parameters, "time, batch")
        return run_family(*_in_sequence(self.family, parameters), inputs, state, context)


def sequence_family(family: Family) -> Family:
    """The family that runs a sequence for `family`: an LSTM, where that is one over computed weights."""
    return family.lstm if isinstance(family, WeightNormLSTM) else family


def _in_sequence(family: Family, parameters: Mapping[str, Tensor]) -> tuple[Family, list[Tensor]]:
    """The family that runs a sequence, and its parameters, which are computed once for all steps."""
    if isinstance(family, WeightNormLSTM):
        parameters = family.normalized(parameters)
    return sequence_family(family), list(parameters.values())


def _check_inputs(name: str, inputs: Nest, sizes: Nest, axes: str) -> int:
    """The number of rows of the inputs, or an error where they are not of these sizes."""
    if not isinstance(sizes, tuple) or isinstance(sizes, torch.Size):
        if not isinstance(inputs, Tensor):
            raise TypeError(f"{name} needs a tensor as inputs, but got a {type(inputs).__name__}.")
    elif (
        not isinstance(inputs, (tuple, list))
        or len(inputs) != len(sizes)
        or not all(isinstance(leaf, Tensor) for leaf in inputs)
    ):
        raise TypeError(
            f"{name} needs a tuple of {len(sizes)} tensors as inputs, but got {describe(inputs)}."
        )
    ahead = axes.count(",") + 1
    before = leaves(inputs)[0].shape[:ahead]
    for tensor, size in zip(leaves(inputs), leaves(sizes), strict=True):
        shape = size_to_shape(size)
        if len(before) < ahead or tensor.shape != (*before, *shape):
            wanted = ", ".join([axes, *map(str, shape)])
            raise ValueError(f"{name} needs inputs of shape [{wanted}], but got {list(tensor.shape)}.")
    return int(before[-1])


class BoundCell(FamilyCell):
    """A family's cell over tensors that someone else owns.

    >>> family = BasicRNN(4)
    >>> parameters = {p.name: torch.zeros(p.shape) for p in family.parameters(3)}
    >>> BoundCell(family, parameters)(torch.ones(2, 3), torch.zeros(2, 4))[0].shape
    torch.Size([2, 4])

    Raises:
        ValueError: the names or shapes are not those of `family.parameters(input_size)`.
    """

    def __init__(self, family: Family, parameters: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.family = family
        names = [spec.name for spec in family.parameters(1)]  # the same for any input size
        if set(names) != set(parameters):
            raise ValueError(
                f"{family} has the parameters {', '.join(names)}, but got {', '.join(parameters)}."
            )
        # In the family's order, and not registered: they are not this module's.
        self._bound = {name: parameters[name] for name in names}
        for name, shape, _ in family.parameters(family.input_size(self._bound)):
            if tuple(parameters[name].shape) != shape:
                raise ValueError(
                    f"{name} has the shape {list(parameters[name].shape)}, but {family} needs {list(shape)}."
                )

    def family_parameters(self) -> Mapping[str, Tensor]:
        return self._bound


class OwningCell(FamilyCell):
    """A family's cell that owns its parameters, named as in TF1 with `.` for `/` (`gates.kernel`)."""

    def __init__(
        self,
        family: Family,
        input_size: int,
        initializer: Initializer | None,
        device: torch.device | str | None,
        dtype: torch.dtype | None,
    ) -> None:
        check_positive_integer("input_size", input_size)
        super().__init__()
        self.family = family
        self._initializer = initializer
        self._has_step_kernel = kernels.has_step_kernel(family)
        for spec in family.parameters(input_size):
            module, name = self._module_of(spec.name, make=True)
            module.register_parameter(name, nn.Parameter(torch.empty(spec.shape, device=device, dtype=dtype)))
        # Looked up once: this is on the way to every step.
        self._places = [(spec.name, *self._module_of(spec.name)) for spec in family.parameters(1)]
        self.reset_parameters()

    def _module_of(self, name: str, make: bool = False) -> tuple[nn.Module, str]:
        """The module that holds the parameter `a/b/name`, and the last part of its name."""
        *path, last = name.split("/")
        module: nn.Module = self
        for part in path:
            if make and part not in module._modules:
                module.add_module(part, nn.Module())
            module = module.get_submodule(part)
        return module, last

    def reset_parameters(self) -> None:
        """Initialise anew: biases and betas to their constants (a GRU's gates 1, every other 0), gammas to
        1, the rest by `initializer` or glorot_uniform.
        """
        for spec in self.family.parameters(self.family.input_size(self.family_parameters())):
            module, name = self._module_of(spec.name)
            parameter = getattr(module, name)
            fill = glorot_uniform_ if self._initializer is None else self._initializer
            with torch.no_grad():
                result = (fill if spec.initial_value is None else as_initializer(spec.initial_value))(
                    parameter
                )
            if isinstance(result, Tensor) and result is not parameter:
                raise TypeError(
                    "initializer must fill the tensor that it is given, as torch.nn.init.orthogonal_ does, "
                    "but it returned a new one."
                )

    def family_parameters(self) -> Mapping[str, Tensor]:
        return {name: getattr(module, attribute) for name, module, attribute in self._places}

    def _native_step(self, inputs: Tensor, state: Nest) -> tuple[Tensor, Nest] | None:
        if not self._has_step_kernel:
            return None
        # Straight from the module's own: one that is computed (a parametrization) is not there.
        kernel, bias = self._parameters.get("kernel"), self._parameters.get("bias")
        if kernel is None or bias is None:
            return None
        return kernels.lstm_step(self.family, kernel, bias, inputs, state)

    def extra_repr(self) -> str:
        options = ", ".join(
            f"{name}={value!r}"
            for name, value in vars(self.family).items()
            if name != "num_units" and value is not None and value is not False
        )
        return f"{self.num_units}, input_size={self.input_size}, {options}"


_OwningCell = OwningCell


class BasicRNNCell(OwningCell):
    """h' = activation([x, h] @ kernel + bias); the output is h'. TF1: `tf.nn.rnn_cell.BasicRNNCell`.

    Args:
        num_units: units n, the size of output and state.
        input_size: the depth of the inputs.
        activation: a name ("tanh", "relu", "sigmoid", "linear", ...) or a function of a tensor; None is tanh.
        initializer: fills `kernel` in place (default: glorot_uniform over the whole matrix). `bias` starts
            at 0.
        device, dtype: of the parameters.

    Parameters: `kernel` `[input_size + n, n]`, `bias` `[n]`. State: `[batch, n]`.

    >>> cell = BasicRNNCell(5, input_size=3)
    >>> output, state = cell(torch.ones(4, 3), cell.zero_state(4))
    >>> output.shape, output is state
    (torch.Size([4, 5]), True)
    """

    def __init__(
        self,
        num_units: int,
        input_size: int,
        *,
        activation: Activation | None = None,
        initializer: Initializer | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(BasicRNN(num_units, activation or "tanh"), input_size, initializer, device, dtype)


class GRUCell(OwningCell):
    """The gated recurrent unit (Cho et al. 2014) in both its forms, with reset gate r and update gate u:

        r, u = sigmoid([x, h] @ gates.kernel + gates.bias);  h' = u * h + (1 - u) * n

    By default the reset gate acts before the candidate's matmul (TF1: `tf.nn.rnn_cell.GRUCell`):

        n = activation([x, r * h] @ candidate.kernel + candidate.bias)

    With `reset_after=True` it acts after the matmul, as in cuDNN and `torch.nn.GRU` (TF1:
    `tf.contrib.cudnn_rnn.CudnnCompatibleGRUCell`). The weights of one form do not fit the other:

        n = activation(x @ W + b + r * (h @ R + d))

    Args:
        num_units: units n, the size of output and state.
        input_size: the depth of the inputs.
        reset_after: the form, as above.
        activation: the candidate's, as for `BasicRNNCell`.
        initializer: fills the kernels in place (default: glorot_uniform). The gate bias starts at 1, every
            other at 0.
        device, dtype: of the parameters.

    Parameters: `gates.kernel` `[input_size + n, 2 * n]` (reset, update), `gates.bias` `[2 * n]`, and
    `candidate.kernel` `[input_size + n, n]`, `candidate.bias` `[n]`; or with `reset_after`
    `candidate.input_projection.kernel` (W) `[input_size, n]`, `candidate.input_projection.bias` (b) `[n]`,
    `candidate.hidden_projection.kernel` (R) `[n, n]`, `candidate.hidden_projection.bias` (d) `[n]`.
    State: `[batch, n]`; the output is the state.

    >>> GRUCell(4, input_size=3).gates.bias
    Parameter containing:
    tensor([1., 1., 1., 1., 1., 1., 1., 1.], requires_grad=True)
    >>> GRUCell(4, input_size=3, reset_after=True).candidate.hidden_projection.kernel.shape
    torch.Size([4, 4])
    """

    def __init__(
        self,
        num_units: int,
        input_size: int,
        *,
        reset_after: bool = False,
        activation: Activation | None = None,
        initializer: Initializer | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        form = ResetAfterGRU if reset_after else GRU
        super().__init__(form(num_units, activation or "tanh"), input_size, initializer, device, dtype)

    def _native_step(self, inputs: Tensor, state: Nest) -> tuple[Tensor, Nest] | None:
        if not self._has_step_kernel:
            return None
        # Straight from the module's own: one that is computed (a parametrization) is not there.
        kernel, bias = self._parameters.get("kernel"), self._parameters.get("bias")
        if kernel is None or bias is None:
            return None
        return kernels.lstm_step(self.family, kernel, bias, inputs, state)

    def extra_repr(self) -> str:
        reset_after = ", reset_after=True" if isinstance(self.family, ResetAfterGRU) else ""
        return super().extra_repr() + reset_after


class BasicLSTMCell(OwningCell):
    """The LSTM with TF1's fused kernel: gates i, j, f, o side by side. TF1:
    `tf.nn.rnn_cell.BasicLSTMCell`; Zaremba et al. 2014.

    c' = sigmoid(f + forget_bias) * c + sigmoid(i) * activation(j);  h' = sigmoid(o) * activation(c').

    Args:
        num_units: units n.
        input_size: the depth of the inputs.
        forget_bias: added to f at run time, never stored in `bias`.
        activation, initializer, device, dtype: as for `BasicRNNCell`.

    Parameters: `kernel` `[input_size + n, 4 * n]`, `bias` `[4 * n]`. State: `LSTMStateTuple(c, h)`, each
    `[batch, n]`; the output is h.

    >>> cell = BasicLSTMCell(64, input_size=12)
    >>> {name: tuple(p.shape) for name, p in cell.named_parameters()}
    {'kernel': (76, 256), 'bias': (256,)}
    """

    def __init__(
        self,
        num_units: int,
        input_size: int,
        *,
        forget_bias: float = 1.0,
        activation: Activation | None = None,
        initializer: Initializer | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(
            LSTM(num_units, forget_bias, activation or "tanh"), input_size, initializer, device, dtype
        )


class LSTMCell(OwningCell):
    """The LSTM with peephole connections, clipping, a projection and layer normalisation. TF1:
    `tf.nn.rnn_cell.LSTMCell`, and `LayerNormLSTMCell` of `tensorflow.contrib.rnn.python.ops.rnn_cell`; Sak
    et al. 2014, Ba et al. 2016.

    With `layer_norm` each of the gates i, j, f, o is normalised over the units before forget bias and
    peephole join it, and c before it is clipped and output. With no other option this is TF1's
    `tf.contrib.rnn.LayerNormBasicLSTMCell` without its dropout. `LayerNormLSTMCell` makes a bias that
    nothing reads: leave it out of weights that come from there.

    Args:
        num_units: units n.
        input_size: the depth of the inputs.
        use_peepholes: f and i also see the previous c, o the new one, through diagonal weights.
        cell_clip: c is clipped to [-cell_clip, cell_clip] before it is output.
        num_proj: the output is projected to this size, without bias.
        proj_clip: the projected output is clipped to [-proj_clip, proj_clip].
        layer_norm: gates and c are normalised as above; there is no `bias` then.
        forget_bias, activation, initializer, device, dtype: as for `BasicLSTMCell`.

    Parameters: `kernel` `[input_size + m, 4 * n]`, `bias` `[4 * n]`; with peepholes `w_f_diag`,
    `w_i_diag`, `w_o_diag` `[n]`; with `num_proj` `projection.kernel` `[n, num_proj]`; with `layer_norm`
    `gamma` (starts at 1) and `beta` (at 0) `[n]` of each of `input`, `transform`, `forget`, `output` and
    `state`. m is `num_proj` or n. State: `LSTMStateTuple(c [batch, n], h [batch, m])`; the output is h.

    >>> LSTMCell(8, input_size=3, use_peepholes=True, num_proj=2).state_size
    LSTMStateTuple(c=8, h=2)
    >>> LSTMCell(2, input_size=3, layer_norm=True).state.gamma.detach()
    tensor([1., 1.])
    """

    def __init__(
        self,
        num_units: int,
        input_size: int,
        *,
        use_peepholes: bool = False,
        cell_clip: float | None = None,
        num_proj: int | None = None,
        proj_clip: float | None = None,
        layer_norm: bool = False,
        forget_bias: float = 1.0,
        activation: Activation | None = None,
        initializer: Initializer | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        family = LSTM(
            num_units,
            forget_bias,
            activation or "tanh",
            use_peepholes,
            cell_clip,
            num_proj,
            proj_clip,
            layer_norm,
        )
        super().__init__(family, input_size, initializer, device, dtype)
