"""The whole-sequence ops, in the torch dispatcher: schema, fake and autograd. The dispatcher is the
registry; a faster kernel is another `impl`.

    lstm(inputs, sequence_length, state, parameters, *options, keep) -> (outputs, final_state, kept)
    lstm_backward(grad_outputs, grad_state, grad_kept,
                  inputs, sequence_length, state, parameters, outputs, kept, *options, input_gradient)
        -> (grad_inputs, grad_states, grad_parameters)

`inputs` are time-major `[time, batch, input_size]` with any strides; `sequence_length` is `[batch]` and is
clamped to `[0, time]`; `parameters` stand in the family's order; the options are the family's fields, so
an op can make its family again; `keep` asks for what the backward pass reads beside the outputs (an LSTM's
c of every step; nothing for the others); `input_gradient` says whether anybody needs the gradient of the
inputs: where nobody does, `grad_inputs` are empty, `[0]`.

`outputs` and `grad_inputs` lie in memory as `inputs` do: where those are a transposed view of batch-major
memory, so are these (`ostinato.kernels.layout`). Everything else is contiguous, `kept` time-major.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ostinato._state import flatten, leaves
from ostinato.kernels import reference
from ostinato.kernels.layout import empty_outputs
from ostinato.kernels.native import library, sequences
from ostinato.kernels.native.sequences import SequenceRun
from ostinato.steps import GRU, LSTM, BasicRNN, Family, ResetAfterGRU, activations

_LIBRARY = torch.library.Library("ostinato", "FRAGMENT")
_SEQUENCE = "Tensor inputs, Tensor? sequence_length, Tensor[] state, Tensor[] parameters"


@dataclasses.dataclass(frozen=True)
class _SequenceOp:
    """A family's op, and its backward op.

    `options` are the family's fields as schema text; `kept` names the fields of the state that the
    backward pass reads of every step.
    """

    name: str
    family_type: Callable[..., Family]
    options: str
    reference_backward: Callable[..., reference.Gradients]
    kept: tuple[str, ...] = ()

    def _named(self, family: Family, parameters: Sequence[Tensor]) -> dict[str, Tensor]:
        return {spec.name: tensor for spec, tensor in zip(family.parameters(1), parameters, strict=True)}

    def _run(
        self,
        family: Family,
        inputs: Tensor,
        sequence_length: Tensor | None,
        state: Sequence[Tensor],
        parameters: Sequence[Tensor],
        keep: bool,
    ) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        nested = flatten(family.state_size)[1](state)
        outputs, states = reference.forward(
            family, self._named(family, parameters), inputs, sequence_length, nested
        )
        kept = []
        for field in self.kept if keep else ():
            first, *values = [getattr(state, field) for state in states]
            kept.append(torch.stack(values) if values else first.new_empty(0, *first.shape))
        return outputs, leaves(states[-1]), kept

    def forward(
        self,
        inputs: Tensor,
        sequence_length: Tensor | None,
        state: list[Tensor],
        parameters: list[Tensor],
        *options: Any,
    ) -> Any:
        *family_options, keep = options
        with torch.autocast(inputs.device.type, enabled=False):  # the schema promises the dtypes it was given
            outputs, final, kept = self._run(
                self.family_type(*family_options), inputs, sequence_length, state, parameters, keep
            )
        # An op's results must alias neither one another nor its arguments: an LSTM's h is its output, and
        # no step returns the initial state.
        return outputs, [reference.own_copy(leaf) for leaf in final], kept

    def fake_forward(
        self,
        inputs: Tensor,
        sequence_length: Tensor | None,
        state: list[Tensor],
        parameters: list[Tensor],
        *options: Any,
    ) -> Any:
        *family_options, keep = options
        family = self.family_type(*family_options)
        time, batch_size, _ = inputs.shape
        kept = (
            [inputs.new_empty(time, batch_size, getattr(family.state_size, field)) for field in self.kept]
            if keep
            else []
        )
        return (
            empty_outputs(inputs, family.output_size),
            [leaf.new_empty(leaf.shape) for leaf in state],
            kept,
        )

    def backward(
        self, grad_outputs: Any, grad_state: Any, grad_kept: Any, inputs: Tensor, *arguments: Any
    ) -> Any:
        sequence_length, state, parameters, outputs, kept, *options, input_gradient = arguments
        family = self.family_type(*options)
        saved = reference.Saved(
            inputs, sequence_length, state, self._named(family, parameters), outputs, kept
        )
        with torch.autocast(inputs.device.type, enabled=False):
            incoming = reference.Incoming(grad_outputs, grad_state, grad_kept)
            found = reference.in_chunks(
                partial(self.reference_backward, family), incoming, saved, input_gradient
            )
        return inputs.new_empty(0) if found.inputs is None else found.inputs, found.state, found.parameters

    def fake_backward(
        self, grad_outputs: Any, grad_state: Any, grad_kept: Any, inputs: Tensor, *arguments: Any
    ) -> Any:
        _, state, parameters, *_, input_gradient = arguments
        return (
            empty_outputs(inputs, inputs.shape[2]) if input_gradient else inputs.new_empty(0),
            [leaf.new_empty(leaf.shape) for leaf in state],
            [leaf.new_empty(leaf.shape) for leaf in parameters],
        )

    def cpu_forward(
        self,
        inputs: Tensor,
        sequence_length: Tensor | None,
        state: list[Tensor],
        parameters: list[Tensor],
        *options: Any,
    ) -> Any:
        *family_options, keep = options
        run = SequenceRun(self.family_type(*family_options), parameters, inputs, sequence_length, state)
        build = library.load()
        if build is None or not sequences.runs(run):
            return self.forward(inputs, sequence_length, state, parameters, *options)
        with library.torch_operations():
            forward = sequences.ForwardPass(run, keep)
            sequences.execute(build, [forward])
        return forward.outputs, forward.final, forward.kept

    def cpu_backward(
        self, grad_outputs: Any, grad_state: Any, grad_kept: Any, inputs: Tensor, *arguments: Any
    ) -> Any:
        sequence_length, state, parameters, outputs, kept, *options, input_gradient = arguments
        run = SequenceRun(self.family_type(*options), parameters, inputs, sequence_length, state)
        build = library.load()
        if build is None or not sequences.runs(run):
            return self.backward(grad_outputs, grad_state, grad_kept, inputs, *arguments)
        incoming = sequences.Gradients(grad_outputs, grad_state, grad_kept)
        with library.torch_operations():
            backward = sequences.BackwardPass(run, incoming, outputs, kept, input_gradient)
            sequences.execute(build, [backward])
        return backward.grad_inputs, backward.grad_state, backward.grad_parameters

    def setup_context(self, ctx: Any, inputs: Any, output: Any) -> None:
        sequence_inputs, sequence_length, state, parameters, *options = inputs
        outputs, _, kept = output
        ctx.options, ctx.counts = options[:-1], (len(state), len(parameters))
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(sequence_inputs, sequence_length, outputs, *state, *parameters, *kept)

    def autograd(self, ctx: Any, grad_outputs: Any, grad_state: Any, grad_kept: Any) -> Any:
        inputs, sequence_length, outputs, *rest = ctx.saved_tensors
        states, parameters = ctx.counts
        state, parameters, kept = (
            rest[:states],
            rest[states : states + parameters],
            rest[states + parameters :],
        )
        incoming = reference.Incoming(
            grad_outputs, grad_state or [None] * len(state), grad_kept or [None] * len(kept)
        )
        if torch.is_grad_enabled():  # create_graph=True: the gradients must themselves be differentiable
            gradients = self.differentiable_gradients(
                ctx.options, incoming, inputs, sequence_length, state, parameters
            )
        else:
            operation = getattr(torch.ops.ostinato, f"{self.name}_backward")
            input_gradient = ctx.needs_input_grad[0]
            found, *others = operation(
                *(*incoming, inputs, sequence_length, state, parameters, outputs, kept, *ctx.options),
                input_gradient,
            )
            gradients = (found if input_gradient else None, *others)
        grad_inputs, grad_states, grad_parameters = gradients
        return grad_inputs, None, grad_states, grad_parameters, *([None] * (len(ctx.options) + 1))

    def differentiable_gradients(
        self,
        options: Sequence[Any],
        incoming: reference.Incoming,
        inputs: Tensor,
        sequence_length: Tensor | None,
        state: list[Tensor],
        parameters: list[Tensor],
    ) -> tuple[Tensor | None, list[Tensor | None], list[Tensor | None]]:
        """The gradients by autograd through the family's steps, for a double backward pass."""
        # Views, so that a state computed from the inputs, say, does not count as a path from the inputs.
        given = [
            tensor.view_as(tensor) if tensor.requires_grad else tensor
            for tensor in (inputs, *state, *parameters)
        ]
        states = given[1 : 1 + len(state)]
        family = self.family_type(*options)
        outputs, final, kept = self._run(
            family, given[0], sequence_length, states, given[1 + len(state) :], True
        )
        returned = zip(
            (outputs, *final, *kept), (incoming.outputs, *incoming.state, *incoming.kept), strict=True
        )
        pairs = [
            (value, gradient) for value, gradient in returned if gradient is not None and value.requires_grad
        ]
        wanted = [tensor for tensor in given if tensor.requires_grad]
        values, gradients = [value for value, _ in pairs], [gradient for _, gradient in pairs]
        found = iter(torch.autograd.grad(values, wanted, gradients, create_graph=True, allow_unused=True))
        spread = [next(found) if tensor.requires_grad else None for tensor in given]
        return spread[0], spread[1 : 1 + len(state)], spread[1 + len(state) :]

    def register(self) -> None:
        _LIBRARY.define(
            f"{self.name}({_SEQUENCE}, {self.options}, bool keep) "
            "-> (Tensor outputs, Tensor[] final_state, Tensor[] kept)"
        )
        _LIBRARY.define(
            f"{self.name}_backward(Tensor? grad_outputs, Tensor?[] grad_state, Tensor?[] grad_kept, "
            f"{_SEQUENCE}, Tensor outputs, Tensor[] kept, {self.options}, bool input_gradient) "
            "-> (Tensor grad_inputs, Tensor[] grad_states, Tensor[] grad_parameters)"
        )
        _LIBRARY.impl(self.name, self.forward, "CompositeExplicitAutograd")
        _LIBRARY.impl(f"{self.name}_backward", self.backward, "CompositeExplicitAutograd")
        _LIBRARY.impl(self.name, self.cpu_forward, "CPU")
        _LIBRARY.impl(f"{self.name}_backward", self.cpu_backward, "CPU")
        torch.library.register_fake(f"ostinato::{self.name}", self.fake_forward, lib=_LIBRARY)
        torch.library.register_fake(f"ostinato::{self.name}_backward", self.fake_backward, lib=_LIBRARY)
        torch.library.register_autograd(
            f"ostinato::{self.name}", self.autograd, setup_context=self.setup_context, lib=_LIBRARY
        )


_RNN_OPTIONS = "int num_units, str activation"
_LSTM_OPTIONS = (
    "int num_units, float forget_bias, str activation, bool use_peepholes, float? cell_clip, int? num_proj, "
    "float? proj_clip, bool layer_norm"
)
_SEQUENCE_OPS: dict[type, _SequenceOp] = {
    BasicRNN: _SequenceOp("basic_rnn", BasicRNN, _RNN_OPTIONS, reference.basic_rnn_backward),
    GRU: _SequenceOp("gru", GRU, _RNN_OPTIONS, reference.gru_backward),
    ResetAfterGRU: _SequenceOp(
        "gru_reset_after", ResetAfterGRU, _RNN_OPTIONS, reference.gru_reset_after_backward
    ),
    LSTM: _SequenceOp("lstm", LSTM, _LSTM_OPTIONS, reference.lstm_backward, kept=("c",)),
}
for _op in _SEQUENCE_OPS.values():
    _op.register()


def has_sequence_op(family: Family) -> bool:
    """Whether `family` can run as one op: it is one of those above, with an activation whose derivative is
    known by name.
    """
    activation = getattr(family, "activation", None)
    return (
        type(family) in _SEQUENCE_OPS
        and isinstance(activation, str)
        and activation in activations.DERIVATIVES
    )


def requires_grad(run: SequenceRun) -> bool:
    """Whether a backward pass through it may come."""
    return torch.is_grad_enabled() and any(
        tensor.requires_grad for tensor in (run.inputs, *run.state, *run.parameters)
    )


def through_dispatcher(run: SequenceRun, keep: bool) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    """Outputs, final state and what is kept, by the op of the run's family (forwards)."""
    operation = getattr(torch.ops.ostinato, _SEQUENCE_OPS[type(run.family)].name)
    fields = dataclasses.fields(run.family)  # type: ignore[arg-type]
    options = [getattr(run.family, field.name) for field in fields]
    found: tuple[Tensor, list[Tensor], list[Tensor]] = operation(
        run.inputs, run.sequence_length, list(run.state), list(run.parameters), *options, keep
    )
    return found


def kept_count(family: Family) -> int:
    """How many tensors a family keeps for its backward pass, beside its outputs."""
    return len(_SEQUENCE_OPS[type(family)].kept)


def gradients_through_dispatcher(
    run: SequenceRun, incoming: Any, outputs: Tensor, kept: Sequence[Tensor], input_gradient: bool
) -> tuple[Tensor | None, list[Tensor], list[Tensor]]:
    """The gradients of inputs, state and parameters, by the backward op of the run's family (forwards)."""
    operation = getattr(torch.ops.ostinato, f"{_SEQUENCE_OPS[type(run.family)].name}_backward")
    fields = dataclasses.fields(run.family)  # type: ignore[arg-type]
    options = [getattr(run.family, field.name) for field in fields]
    of_inputs, of_state, of_parameters = operation(
        *(incoming.outputs, incoming.state, incoming.kept, run.inputs, run.sequence_length),
        *(list(run.state), list(run.parameters), outputs, list(kept), *options, input_gradient),
    )
    return of_inputs if input_gradient else None, of_state, of_parameters


def differentiable_gradients(
    run: SequenceRun, incoming: reference.Incoming
) -> tuple[Tensor | None, list[Tensor | None], list[Tensor | None]]:
    """The gradients of a run (forwards), themselves differentiable."""
    fields = dataclasses.fields(run.family)  # type: ignore[arg-type]
    options = [getattr(run.family, field.name) for field in fields]
    return _SEQUENCE_OPS[type(run.family)].differentiable_gradients(
        options, incoming, run.inputs, run.sequence_length, list(run.state), list(run.parameters)
    )
