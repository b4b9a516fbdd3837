"""The sequence ops against the autograd of the family's step, and against torch's own checks of an op."""

from __future__ import annotations

import dataclasses

import optree
import pytest
import torch

from core.comparing import TOLERANCE, assert_close, results_and_gradients
from ostinato import kernels
from ostinato._state import LSTMStateTuple
from ostinato.kernels import reference, step_uniform
from ostinato.steps import GRU, LSTM, BasicRNN, ResetAfterGRU

FAMILIES = {
    "basic_rnn": BasicRNN(7),
    "basic_rnn_relu": BasicRNN(1, "relu"),
    "gru": GRU(7),
    "gru_relu": GRU(65, "relu"),
    "gru_reset_after": ResetAfterGRU(7),
    "gru_reset_after_sigmoid": ResetAfterGRU(65, "sigmoid"),
    "lstm": LSTM(7),
    "lstm_sigmoid": LSTM(65, 0.0, "sigmoid"),
    "lstm_peepholes": LSTM(7, use_peepholes=True),
    "lstm_clipped": LSTM(7, cell_clip=0.25),
    "lstm_projection": LSTM(7, num_proj=3),
    "lstm_all": LSTM(5, 0.5, "tanh", True, 0.25, 3, 0.1),
    "lstm_layer_norm": LSTM(7, layer_norm=True),
    "lstm_layer_norm_sigmoid": LSTM(33, 0.0, "sigmoid", layer_norm=True),
    "lstm_layer_norm_all": LSTM(5, 0.5, "tanh", True, 0.7, 3, 0.1, True),
}
NAMES = {BasicRNN: "basic_rnn", GRU: "gru", ResetAfterGRU: "gru_reset_after", LSTM: "lstm"}


def arguments(family, dtype=torch.float64, time=4, batch_size=3, input_size=2, strided=False):
    torch.manual_seed(family.num_units)
    if strided:
        inputs = (
            torch.randn(batch_size, time, 2 * input_size, dtype=dtype)[:, :, ::2].transpose(0, 1).detach()
        )
    else:
        inputs = torch.randn(time, batch_size, input_size, dtype=dtype)
    state = optree.tree_map(
        lambda size: torch.randn(batch_size, size, dtype=dtype).requires_grad_(), family.state_size
    )
    parameters = [
        (0.5 * torch.randn(p.shape, dtype=dtype)).requires_grad_() for p in family.parameters(input_size)
    ]
    return inputs.requires_grad_(), state, parameters


def stepped(family, parameters, inputs, lengths, state):
    """The reference of the reference: the family's whole step under autograd, masked row by row."""
    named = {spec.name: tensor for spec, tensor in zip(family.parameters(1), parameters, strict=True)}
    rows = []
    for row in range(inputs.shape[1]):
        length = inputs.shape[0] if lengths is None else min(inputs.shape[0], int(lengths[row]))
        row_state = optree.tree_map(lambda leaf, row=row: leaf[row : row + 1], state)
        outputs = []
        for step in range(length):
            output, row_state = family.step(named, inputs[step, row : row + 1], row_state)
            outputs.append(output)
        outputs += [inputs.new_zeros(1, family.output_size)] * (inputs.shape[0] - length)
        rows.append((torch.stack(outputs), row_state))
    return optree.tree_map(lambda *values: torch.cat(values, values[0].dim() - 2), *rows)


def stepped_in_float64(family, parameters, inputs, lengths, state):
    """Results and gradients of the step on the same numbers in float64."""
    leaves = [inputs, *optree.tree_leaves(state), *parameters]
    exact = [leaf.detach().double().requires_grad_() for leaf in leaves]
    count = len(exact) - len(parameters)
    exact_state = optree.tree_unflatten(optree.tree_structure(state), exact[1:count])
    return results_and_gradients(
        lambda: stepped(family, exact[count:], exact[0], lengths, exact_state), exact
    )


@pytest.mark.parametrize("lengths", [None, [2, 0, 9]], ids=str)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize("name", FAMILIES)
def test_outputs_and_gradients_are_those_of_the_step(name, dtype, lengths):
    family = FAMILIES[name]
    inputs, state, parameters = arguments(family, dtype)
    lengths = None if lengths is None else torch.tensor(lengths)
    leaves = [inputs, *optree.tree_leaves(state), *parameters]
    expected = results_and_gradients(lambda: stepped(family, parameters, inputs, lengths, state), leaves)
    actual = results_and_gradients(
        lambda: kernels.sequence(family, parameters, inputs, lengths, state), leaves
    )
    if name == "gru_relu" and dtype == torch.float32:
        # Its values grow, and rounding with them: two roundings of one number lie further apart than either
        # may from the number itself.
        exact = stepped_in_float64(family, parameters, inputs, lengths, state)
        for actual_group, expected_group, exact_group in zip(actual, expected, exact, strict=True):
            for a, e, x in zip(actual_group, expected_group, exact_group, strict=True):
                allowed = TOLERANCE[dtype] * max(1.0, float(x.detach().abs().max()))
                assert float((a - x).detach().abs().max()) <= allowed + float((e - x).detach().abs().max())
        return
    for a, e in zip(actual, expected, strict=True):
        assert_close(a, e, dtype)


# Not those with a kink: a value that bfloat16 rounds to its other side has another gradient.
@pytest.mark.parametrize(
    "name", ["basic_rnn", "gru", "gru_reset_after", "lstm", "lstm_peepholes", "lstm_projection"]
)
def test_bfloat16_comes_close_to_float64(name):
    family = FAMILIES[name]
    inputs, state, parameters = arguments(family, torch.bfloat16)
    lengths = torch.tensor([2, 0, 9])
    leaves = [inputs, *optree.tree_leaves(state), *parameters]
    expected = stepped_in_float64(family, parameters, inputs, lengths, state)
    actual = results_and_gradients(
        lambda: kernels.sequence(family, parameters, inputs, lengths, state), leaves
    )
    for a, e in zip(actual, expected, strict=True):
        assert all(value.dtype == torch.bfloat16 for value in a)
        assert_close(a, [value.bfloat16() for value in e], torch.bfloat16)


@pytest.mark.parametrize(
    ("time", "batch_size", "input_size"), [(1, 1, 1), (0, 2, 3), (3, 0, 2), (6, 1, 65), (1, 5, 7)]
)
@pytest.mark.parametrize("name", FAMILIES)
def test_odd_sizes_and_strides(name, time, batch_size, input_size):
    family = FAMILIES[name]
    inputs, state, parameters = arguments(family, torch.float64, time, batch_size, input_size, strided=True)
    leaves = [inputs, *optree.tree_leaves(state), *parameters]
    lengths = torch.arange(batch_size)
    actual = results_and_gradients(
        lambda: kernels.sequence(family, parameters, inputs, lengths, state), leaves
    )
    if not batch_size or not time:
        outputs, final = kernels.sequence(family, parameters, inputs, lengths, state)
        assert outputs.shape == (time, batch_size, family.output_size)
        assert_close(optree.tree_leaves(final), optree.tree_leaves(state), torch.float64)
        assert all((gradient == 0).all() for gradient in actual[1][-len(parameters) :])
        return
    expected = results_and_gradients(lambda: stepped(family, parameters, inputs, lengths, state), leaves)
    for a, e in zip(actual, expected, strict=True):
        assert_close(a, e, torch.float64)


@pytest.mark.parametrize("name", ["basic_rnn", "gru", "gru_reset_after", "lstm_all", "lstm_layer_norm_all"])
def test_sequences_longer_than_a_chunk(name):
    family = dataclasses.replace(FAMILIES[name], num_units=3)
    inputs, state, parameters = arguments(family, time=70, batch_size=4)
    leaves = [inputs, *optree.tree_leaves(state), *parameters]
    lengths = torch.tensor([70, 32, 33, 5])
    expected = results_and_gradients(lambda: stepped(family, parameters, inputs, lengths, state), leaves)
    actual = results_and_gradients(
        lambda: kernels.sequence(family, parameters, inputs, lengths, state), leaves
    )
    for a, e in zip(actual, expected, strict=True):
        assert_close(a, e, torch.float64)


@pytest.mark.parametrize("name", ["basic_rnn", "gru", "gru_reset_after", "lstm", "lstm_layer_norm"])
def test_vanishing_gradients_never_become_subnormal(name):
    family = FAMILIES[name]
    inputs, state, parameters = arguments(family, torch.float32, time=500)
    with torch.no_grad():
        for parameter in parameters:
            parameter.mul_(0.3)
    outputs, _ = kernels.sequence(family, parameters, inputs, None, state)
    (gradient,) = torch.autograd.grad(outputs[-1].sum(), inputs)
    smallest = gradient.abs()[gradient != 0].min()
    assert (gradient[0] == 0).all()
    # What is handed on is the gates' gradient times a kernel: a few bits below the smallest normal number.
    assert float(smallest) > torch.finfo(torch.float32).tiny * 1e-3


def op_arguments(family, keep=True, **options):
    inputs, state, parameters = arguments(family, **options)
    values = [getattr(family, field.name) for field in dataclasses.fields(family)]
    return inputs, torch.tensor([2, 0, 4]), optree.tree_leaves(state), parameters, *values, keep


@pytest.mark.parametrize(
    "name", ["basic_rnn", "gru", "gru_reset_after", "lstm", "lstm_all", "lstm_layer_norm_all"]
)
def test_torch_accepts_the_ops(name):
    family = FAMILIES[name]
    forward = getattr(torch.ops.ostinato, NAMES[type(family)])
    given = op_arguments(family)
    torch.library.opcheck(forward.default, given)
    torch.library.opcheck(
        forward.default, op_arguments(family, keep=False), test_utils=["test_schema", "test_faketensor"]
    )

    outputs, final, kept = forward(*given)
    backward = getattr(torch.ops.ostinato, f"{NAMES[type(family)]}_backward")
    detached = [torch.randn_like(outputs), [torch.randn_like(leaf) for leaf in final], [None] * len(kept)]
    inputs, lengths, state, parameters, *options, _ = given
    constant = ([leaf.detach() for leaf in state], [leaf.detach() for leaf in parameters])
    saved = (inputs.detach(), lengths, *constant, outputs.detach(), [leaf.detach() for leaf in kept])
    for input_gradient in (True, False):
        torch.library.opcheck(backward.default, (*detached, *saved, *options, input_gradient))


@pytest.mark.parametrize(
    "name", ["basic_rnn", "gru", "gru_reset_after", "lstm", "lstm_peepholes", "lstm_projection"]
)
def test_gradcheck_to_the_second_order(name):
    family = dataclasses.replace(FAMILIES[name], num_units=2)
    inputs, state, parameters = arguments(family, time=3, batch_size=2)
    structure, count = optree.tree_structure(state), len(optree.tree_leaves(state))

    def run(inputs, *rest):
        nested = optree.tree_unflatten(structure, rest[:count])
        outputs, final = kernels.sequence(family, rest[count:], inputs, torch.tensor([3, 1]), nested)
        return outputs, *optree.tree_leaves(final)

    given = (inputs, *optree.tree_leaves(state), *parameters)
    assert torch.autograd.gradcheck(run, given)
    assert torch.autograd.gradgradcheck(run, given)


def test_the_gradient_of_every_cell_state():
    # An LSTM op hands out c of every step; a loss on them must reach everything.
    family = LSTM(3, use_peepholes=True)
    inputs, state, parameters = arguments(family)
    named = dict(zip([p.name for p in family.parameters(1)], parameters, strict=True))
    leaves = [inputs, *state, *parameters]
    given = op_arguments(family)
    lengths = given[1]

    def from_op():
        return torch.ops.ostinato.lstm(inputs, lengths, list(state), parameters, *given[4:])[2]

    def from_steps():
        _, states = reference.forward(family, named, inputs, lengths, state)
        return [torch.stack([after.c for after in states[1:]])]

    for a, e in zip(
        results_and_gradients(from_op, leaves), results_and_gradients(from_steps, leaves), strict=True
    ):
        assert_close(a, e, torch.float64)


def test_nothing_is_kept_without_a_gradient():
    family = LSTM(3)
    _, _, kept = torch.ops.ostinato.lstm(*op_arguments(family, keep=False))
    assert kept == []


def test_autocast_leaves_the_dtypes_of_the_op():
    family = LSTM(3)
    inputs, state, parameters = arguments(family, torch.float32)
    expected = kernels.sequence(family, parameters, inputs, None, state)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        actual = kernels.sequence(family, parameters, inputs, None, state)
    # Its products may round their operands; what it returns is float32.
    assert_close(optree.tree_leaves(actual), optree.tree_leaves(expected), torch.bfloat16)


def test_activations_without_an_op_are_refused():
    assert not kernels.has_sequence_op(BasicRNN(3, "softsign"))
    assert not kernels.has_sequence_op(LSTM(3, activation=lambda x: x))

    class Unhashable:
        __hash__ = None

        def __call__(self, x):
            return x

    assert not kernels.has_sequence_op(LSTM(3, activation=Unhashable()))
    assert kernels.has_sequence_op(LSTM(3, activation=torch.tanh))


def test_uniform_numbers_depend_on_seed_place_and_step_only():
    seed, cpu = torch.tensor(5), torch.device("cpu")
    whole = step_uniform(seed, [3], 0, 6, [4, 2], cpu)
    assert whole.shape == (6, 4, 2)
    assert torch.equal(step_uniform(seed, [3], 2, 3, [4, 2], cpu), whole[2:5])
    assert not torch.equal(step_uniform(seed, [4], 0, 6, [4, 2], cpu), whole)
    assert not torch.equal(step_uniform(seed + 1, [3], 0, 6, [4, 2], cpu), whole)
    many = step_uniform(seed, [3], 0, 50, [100, 20], cpu)
    assert 0 <= float(many.min()) < 1e-4 < 0.9999 < float(many.max()) < 1
    assert abs(float(many.mean()) - 0.5) < 0.005
    torch.library.opcheck(torch.ops.ostinato.step_uniform.default, (seed, [3, 1], 0, 2, [4, 2], cpu))


@pytest.mark.parametrize("name", ["basic_rnn", "gru", "gru_reset_after", "lstm_all", "lstm_layer_norm_all"])
def test_fakes_tell_the_strides_of_batch_major_inputs_and_odd_states(name):
    family = dataclasses.replace(FAMILIES[name], num_units=4)
    inputs, state, parameters = arguments(family, time=40, batch_size=4, strided=True)
    state = optree.tree_map(
        lambda leaf: torch.randn(leaf.shape[::-1], dtype=torch.float64).t().requires_grad_(), state
    )
    values = [getattr(family, field.name) for field in dataclasses.fields(family)]
    for time in (40, 0):
        given = (
            inputs.detach()[:time].requires_grad_(),
            torch.tensor([40, 0, 33, 7]),
            optree.tree_leaves(state),
            parameters,
            *values,
            True,
        )
        torch.library.opcheck(getattr(torch.ops.ostinato, NAMES[type(family)]).default, given)


def test_float16_gradients_are_numbers_below_its_normal_range():
    family = LSTM(4)
    inputs, state, parameters = arguments(family, torch.float16, time=40)
    outputs, _ = kernels.sequence(family, parameters, inputs, None, state)
    exact = [leaf.detach().float().requires_grad_() for leaf in parameters]
    state = LSTMStateTuple(*(leaf.detach().float() for leaf in state))
    expected, _ = kernels.sequence(family, exact, inputs.detach().float(), None, state)
    for loss, leaves in (((outputs * 2e-5).sum(), parameters), ((expected * 2e-5).sum(), exact)):
        loss.backward()
        assert float(leaves[0].grad.abs().max()) > 0
    torch.testing.assert_close(parameters[0].grad.float(), exact[0].grad, rtol=0.1, atol=2e-6)


def test_bfloat16_sums_grow_over_many_chunks():
    family = BasicRNN(1, "linear")
    parameters = [
        torch.zeros(2, 1, dtype=torch.bfloat16),
        torch.zeros(1, dtype=torch.bfloat16, requires_grad=True),
    ]
    inputs = torch.zeros(9600, 1, 1, dtype=torch.bfloat16)
    outputs, _ = kernels.sequence(family, parameters, inputs, None, torch.zeros(1, 1, dtype=torch.bfloat16))
    outputs.sum().backward()
    assert float(parameters[1].grad) == 9600


def test_a_state_tuple_survives_the_op():
    family = LSTM(3)
    inputs, state, parameters = arguments(family)
    assert isinstance(kernels.sequence(family, parameters, inputs, None, state)[1], LSTMStateTuple)


def test_second_derivatives_of_a_state_that_is_computed_from_the_inputs():
    family = GRU(3)
    inputs, _, parameters = arguments(family, time=3, batch_size=2, input_size=3)

    def run(inputs):
        return kernels.sequence(family, parameters, inputs, None, 2 * inputs[0])[0]

    assert torch.autograd.gradgradcheck(run, (inputs,))
    (once,) = torch.autograd.grad(run(inputs).pow(2).sum(), inputs)
    (differentiable,) = torch.autograd.grad(run(inputs).pow(2).sum(), inputs, create_graph=True)
    torch.testing.assert_close(differentiable, once)
