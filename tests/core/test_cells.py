"""Cells as modules: parameters, numbers, copies, and what they say to wrong arguments."""

from __future__ import annotations

import copy
import math
import pickle
from functools import partial

import pytest
import torch
from torch import nn

from core.zoo import CELLS, PlainCell
from ostinato import (
    BasicLSTMCell,
    BasicRNNCell,
    DropoutWrapper,
    GRUCell,
    LSTMCell,
    LSTMStateTuple,
    MultiRNNCell,
    ResidualWrapper,
    dynamic_rnn,
    summary,
)
from ostinato.cells import BoundCell
from ostinato.steps import LSTM
from ostinato.steps.activations import canonical, function

SHAPES = {
    "basic_rnn": (BasicRNNCell(4, 3), {"kernel": (7, 4), "bias": (4,)}),
    "gru": (
        GRUCell(4, 3),
        {"gates.kernel": (7, 8), "gates.bias": (8,), "candidate.kernel": (7, 4), "candidate.bias": (4,)},
    ),
    "gru_reset_after": (
        GRUCell(4, 3, reset_after=True),
        {
            "gates.kernel": (7, 8),
            "gates.bias": (8,),
            "candidate.input_projection.kernel": (3, 4),
            "candidate.input_projection.bias": (4,),
            "candidate.hidden_projection.kernel": (4, 4),
            "candidate.hidden_projection.bias": (4,),
        },
    ),
    "basic_lstm": (BasicLSTMCell(4, 3), {"kernel": (7, 16), "bias": (16,)}),
    "lstm": (
        LSTMCell(4, 3, use_peepholes=True, num_proj=2),
        {
            "kernel": (5, 16),
            "bias": (16,),
            "w_f_diag": (4,),
            "w_i_diag": (4,),
            "w_o_diag": (4,),
            "projection.kernel": (4, 2),
        },
    ),
    "lstm_layer_norm": (
        LSTMCell(4, 3, use_peepholes=True, num_proj=2, layer_norm=True),
        {
            "kernel": (5, 16),
            "w_f_diag": (4,),
            "w_i_diag": (4,),
            "w_o_diag": (4,),
            "projection.kernel": (4, 2),
        }
        | {
            f"{name}.{part}": (4,)
            for name in ("input", "transform", "forget", "output", "state")
            for part in ("gamma", "beta")
        },
    ),
    "multi": (
        MultiRNNCell([BasicLSTMCell(4, 3), ResidualWrapper(BasicRNNCell(4, 4))]),
        {
            "cells.0.kernel": (7, 16),
            "cells.0.bias": (16,),
            "cells.1.cell.kernel": (8, 4),
            "cells.1.cell.bias": (4,),
        },
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_parameters_have_the_names_and_shapes_of_tf1(name):
    cell, shapes = SHAPES[name]
    assert {key: tuple(value.shape) for key, value in cell.state_dict().items()} == shapes


def test_one_step_by_hand():
    cell = BasicLSTMCell(1, input_size=1, forget_bias=1.0)
    with torch.no_grad():
        cell.kernel.copy_(torch.tensor([[0.1, 0.2, 0.3, 0.4], [0.5, 0.6, 0.7, 0.8]]))
        cell.bias.copy_(torch.tensor([0.01, 0.02, 0.03, 0.04]))
    output, state = cell(torch.tensor([[2.0]]), LSTMStateTuple(torch.tensor([[0.3]]), torch.tensor([[0.5]])))

    output, state = output.detach(), LSTMStateTuple(*(leaf.detach() for leaf in state))

    def sigmoid(x):
        return 1 / (1 + math.exp(-x))

    i, j, f, o = (
        2 * w + 0.5 * u + b
        for w, u, b in [(0.1, 0.5, 0.01), (0.2, 0.6, 0.02), (0.3, 0.7, 0.03), (0.4, 0.8, 0.04)]
    )
    c = sigmoid(f + 1) * 0.3 + sigmoid(i) * math.tanh(j)
    assert float(state.c) == pytest.approx(c, abs=1e-6)
    assert float(output) == pytest.approx(sigmoid(o) * math.tanh(c), abs=1e-6)


def test_the_gru_resets_before_the_matmul():
    cell = GRUCell(1, input_size=1)
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.fill_(0.5)
    output, _ = cell(torch.tensor([[1.0]]), torch.tensor([[2.0]]))
    gate = 1 / (1 + math.exp(-(0.5 + 1.0 + 0.5)))
    candidate = math.tanh(0.5 + gate * 2.0 * 0.5 + 0.5)
    assert float(output.detach()) == pytest.approx(gate * 2.0 + (1 - gate) * candidate, abs=1e-6)


def test_clips_bound_state_and_projection():
    cell = LSTMCell(6, 3, use_peepholes=True, cell_clip=0.05, num_proj=2, proj_clip=0.01)
    outputs, state = dynamic_rnn(cell, 5 * torch.randn(2, 9, 3))
    assert float(state.c.detach().abs().max()) == pytest.approx(0.05)
    assert float(outputs.detach().abs().max()) == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("make", "limits", "constants"),
    [
        (partial(BasicLSTMCell, 64, 12), {"kernel": math.sqrt(6 / (76 + 256))}, {"bias": 0.0}),
        (
            partial(GRUCell, 32, 8),
            {"gates.kernel": math.sqrt(6 / (40 + 64)), "candidate.kernel": math.sqrt(6 / (40 + 32))},
            {"gates.bias": 1.0, "candidate.bias": 0.0},
        ),
        (
            partial(LSTMCell, 50, 5, use_peepholes=True, num_proj=20),
            {
                "kernel": math.sqrt(6 / (25 + 200)),
                "w_f_diag": math.sqrt(3 / 50),
                "projection.kernel": math.sqrt(6 / 70),
            },
            {"bias": 0.0},
        ),
    ],
)
def test_default_initialisers(make, limits, constants):
    values = make().state_dict()
    for name, limit in limits.items():
        largest = float(values[name].abs().max())
        assert 0.85 * limit < largest <= limit
        assert abs(float(values[name].mean())) < limit / 3
    for name, constant in constants.items():
        assert (values[name] == constant).all()


def test_an_initialiser_fills_all_but_the_biases():
    cell = LSTMCell(4, 3, use_peepholes=True, num_proj=2, initializer=partial(nn.init.constant_, val=0.25))
    values = cell.state_dict()
    assert (values.pop("bias") == 0).all()
    assert all((value == 0.25).all() for value in values.values())


# Not stack_with_plain, which draws its own random numbers.
@pytest.mark.parametrize("name", sorted(CELLS.keys() - {"stack_with_plain"}))
def test_copies_and_pickles_compute_the_same(name):
    cell = CELLS[name](4, 3).eval()
    inputs = torch.randn(2, 4, 3)
    expected = dynamic_rnn(cell, inputs)[1]
    copies = [copy.deepcopy(cell)]
    if name != "residual_fn":  # holds a lambda
        copies.append(pickle.loads(pickle.dumps(cell)))
    other = CELLS[name](4, 3).eval()
    other.load_state_dict(cell.state_dict())
    for again in [*copies, other]:
        torch.testing.assert_close(dynamic_rnn(again, inputs)[1], expected, rtol=0, atol=0)
    with torch.no_grad():
        next(copies[0].parameters()).add_(1.0)
    torch.testing.assert_close(dynamic_rnn(cell, inputs)[1], expected, rtol=0, atol=0)


def test_functional_call_and_its_gradient():
    cell = MultiRNNCell([BasicLSTMCell(4, 3), GRUCell(5, 4)])

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = cell

        def forward(self, inputs):
            return dynamic_rnn(self.cell, inputs)[0]

    model, inputs = Model(), torch.randn(2, 6, 3)
    values = {name: value.detach() * 2 for name, value in model.named_parameters()}

    def loss(values):
        return torch.func.functional_call(model, values, (inputs,)).pow(2).sum()

    leaves = {name: value.requires_grad_() for name, value in values.items()}
    expected = dict(zip(leaves, torch.autograd.grad(loss(leaves), list(leaves.values())), strict=True))
    model.load_state_dict(values)
    model(inputs).pow(2).sum().backward()
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(parameter.grad, expected[name])


def test_parametrisations_and_hooks_are_seen():
    cell = BasicRNNCell(4, 3)
    torch.nn.utils.parametrizations.weight_norm(cell, "kernel")
    inputs = torch.randn(2, 5, 3)
    dynamic_rnn(cell, inputs)[0].sum().backward()
    assert cell.parametrizations.kernel.original0.grad.abs().sum() > 0
    seen = []
    hooked = BasicRNNCell(4, 3)
    hooked.register_forward_hook(lambda *_: seen.append(1))
    dynamic_rnn(MultiRNNCell([hooked]), inputs)
    assert len(seen) == 5


def test_moves_between_dtypes():
    cell = BasicLSTMCell(4, 3).to(torch.float64)
    output, state = cell(torch.ones(2, 3, dtype=torch.float64), cell.zero_state(2))
    assert output.dtype == state.c.dtype == torch.float64
    assert cell.zero_state(2, torch.float32).h.dtype == torch.float32
    assert BasicLSTMCell(4, 3, device="meta").zero_state(1).c.device.type == "meta"


def test_an_own_cell_in_ten_lines():
    cell = PlainCell(4, 3)
    outputs, state = dynamic_rnn(cell, torch.randn(2, 5, 3), [5, 2])
    assert outputs[0].shape == (2, 5, 4)
    assert outputs[1].shape == (2, 5, 2, 4)
    torch.testing.assert_close(outputs[1][1, 1], state["slow"][1])


def test_bound_cells_use_the_tensors_they_are_given():
    family = LSTM(4)
    parameters = {spec.name: torch.randn(spec.shape, requires_grad=True) for spec in family.parameters(3)}
    outputs, _ = dynamic_rnn(BoundCell(family, parameters), torch.randn(2, 5, 3))
    outputs.sum().backward()
    assert parameters["kernel"].grad.abs().sum() > 0


def test_summary_lists_variables(capsys):
    model = nn.ModuleDict({"cell": BasicLSTMCell(64, 12), "out": nn.Linear(64, 2)})
    summary(model)
    text = capsys.readouterr().out
    assert "cell.kernel" in text
    assert "(76, 256)" in text
    assert "19,456" in text
    assert text.rstrip().endswith("19,842")


ERRORS = [
    (lambda: BasicLSTMCell(0, 3), ValueError, "num_units must be a positive integer, but is 0"),
    (lambda: BasicLSTMCell(4, -1), ValueError, "input_size must be a positive integer"),
    (lambda: BasicLSTMCell(4.0, 3), ValueError, "num_units must be a positive integer"),
    (lambda: BasicRNNCell(4, 3, activation="tahn"), ValueError, "Unknown activation 'tahn': use one of"),
    (lambda: BasicRNNCell(4, 3, activation=3), TypeError, "activation must be a name or a function"),
    (lambda: LSTMCell(4, 3, cell_clip=-1.0), ValueError, "cell_clip must not be negative"),
    (lambda: LSTMCell(4, 3, num_proj=0), ValueError, "num_proj must be a positive integer"),
    (lambda: MultiRNNCell([]), ValueError, "Must specify at least one cell for MultiRNNCell"),
    (lambda: MultiRNNCell(GRUCell(4, 3)), TypeError, "cells must be a list or tuple, but saw: GRUCell"),
    (lambda: MultiRNNCell([GRUCell(4, 3), GRUCell(4, 3)]), ValueError, r"cells\[1\] takes inputs of size 3"),
    (lambda: MultiRNNCell([GRUCell(4, 3), None]), TypeError, "is not an RNNCell: 'output_size' is missing"),
    (lambda: DropoutWrapper(None), TypeError, "is not an RNNCell"),
    (lambda: DropoutWrapper(GRUCell), TypeError, "is the class GRUCell: pass an instance"),
    (
        lambda: DropoutWrapper(GRUCell(4, 3), 1.5),
        ValueError,
        "input_keep_prob must be greater than 0 and at most 1",
    ),
    (lambda: DropoutWrapper(GRUCell(4, 3), 1.0, 0.0), ValueError, "output_keep_prob must be greater than 0"),
    (
        lambda: DropoutWrapper(GRUCell(4, 3), torch.tensor(2.0)),
        ValueError,
        "input_keep_prob must be greater than 0",
    ),
    (lambda: DropoutWrapper(GRUCell(4, 3), "a"), TypeError, "input_keep_prob must be a number"),
    (
        lambda: BoundCell(LSTM(4), {"kernel": torch.zeros(7, 16)}),
        ValueError,
        "has the parameters kernel, bias, but got kernel",
    ),
    (
        lambda: BoundCell(LSTM(4), {"kernel": torch.zeros(7, 16), "bias": torch.zeros(4)}),
        ValueError,
        r"bias has the shape \[4\]",
    ),
    (
        lambda: GRUCell(4, 3, device="meta")(torch.ones(2, 3), torch.zeros(2, 4)),
        ValueError,
        "is on the device meta",
    ),
    (
        lambda: GRUCell(4, 3)(torch.ones(2, 3), torch.zeros(2, 4).double()),
        TypeError,
        r"a state\[0\] of dtype torch.float64",
    ),
    (lambda: BasicRNNCell(4, 3, initializer=torch.ones_like), TypeError, "initializer must fill the tensor"),
    (
        lambda: ResidualWrapper(GRUCell(4, 3))(torch.ones(2, 3), torch.zeros(2, 4)),
        ValueError,
        r"shapes \[2, 3\] and \[2, 4\] are incompatible",
    ),
    (
        lambda: GRUCell(4, 3)(torch.ones(2, 5, 3), torch.zeros(2, 4)),
        ValueError,
        r"GRUCell needs inputs of shape \[batch, 3\], but got \[2, 5, 3\]",
    ),
    (
        lambda: GRUCell(4, 3)(torch.ones(2, 3), torch.zeros(3, 4)),
        ValueError,
        r"state has a tensor of shape \[3, 4\] where the cell needs \[2, 4\]",
    ),
    (
        lambda: BasicLSTMCell(4, 3)(torch.ones(2, 3), (torch.zeros(2, 4), torch.zeros(2, 4))),
        TypeError,
        "don't have the same nested structure",
    ),
    (
        lambda: GRUCell(4, 3)(torch.ones(2, 3, dtype=torch.float64), torch.zeros(2, 4)),
        TypeError,
        "parameters of dtype torch.float32, but got inputs of dtype torch.float64: convert",
    ),
    (
        lambda: GRUCell(4, 3)(torch.ones(2, 3, dtype=torch.int64), torch.zeros(2, 4)),
        TypeError,
        "RNN cell only supports floating point inputs",
    ),
    (
        lambda: MultiRNNCell([GRUCell(4, 3)])(torch.ones(2, 3), torch.zeros(2, 4)),
        ValueError,
        r"Expected state to be a tuple of length 1, but received: a tensor of shape \[2, 4\]",
    ),
]


@pytest.mark.parametrize(("call", "error", "message"), ERRORS)
def test_wrong_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_replaced_forwards_are_called():
    cell, calls = BasicRNNCell(4, 3), []
    original = cell.forward
    cell.forward = lambda inputs, state: (calls.append(1), original(inputs, state))[1]
    dynamic_rnn(cell, torch.randn(2, 5, 3))
    assert len(calls) == 5


@pytest.mark.filterwarnings("ignore:.torch.jit.script:DeprecationWarning")  # torch.func's own import
@pytest.mark.parametrize("name", ["basic_lstm", "gru", "stack", "lstm_all"])
def test_torch_func_and_forward_mode(name):
    cell, inputs, tangent = (
        CELLS[name](4, 3).double(),
        torch.randn(2, 4, 3).double(),
        torch.randn(2, 4, 3).double(),
    )

    def loss(inputs):
        return dynamic_rnn(cell, inputs)[0].pow(2).sum()

    (gradient,) = torch.autograd.grad(loss(inputs.requires_grad_()), inputs)
    inputs = inputs.detach()
    torch.testing.assert_close(torch.func.grad(loss)(inputs), gradient)
    torch.testing.assert_close(torch.func.jvp(loss, (inputs,), (tangent,))[1], (gradient * tangent).sum())
    per_row = torch.func.vmap(torch.func.grad(lambda row: loss(row.unsqueeze(0))))(inputs)
    torch.testing.assert_close(per_row, gradient)


def test_autocast_computes_a_step_as_the_sequence_op_does():
    cell, inputs = BasicRNNCell(4, 3), torch.randn(2, 5, 3)
    hooked = copy.deepcopy(cell)
    hooked.register_forward_hook(lambda *_: None)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        lowered, stepped = dynamic_rnn(cell, inputs, [5, 2])[0], dynamic_rnn(hooked, inputs, [5, 2])[0]
        state = torch.zeros(2, 4, dtype=torch.bfloat16)
        assert dynamic_rnn(cell, inputs, initial_state=state)[0].dtype == torch.float32
    assert lowered.dtype == stepped.dtype == torch.float32
    # A sequence multiplies in bfloat16 where the processor can; a step in the dtype of the parameters.
    torch.testing.assert_close(stepped, lowered, rtol=0, atol=2e-2)


def test_bound_parameters_go_by_name():
    family = LSTM(4, use_peepholes=True)
    parameters = {spec.name: torch.randn(spec.shape) for spec in family.parameters(3)}
    shuffled = dict(sorted(parameters.items(), reverse=True))
    inputs = torch.randn(2, 5, 3)
    expected = dynamic_rnn(BoundCell(family, parameters), inputs)[0]
    torch.testing.assert_close(dynamic_rnn(BoundCell(family, shuffled), inputs)[0], expected)


def test_repr_tells_the_options():
    assert "forget_bias=0.0" in repr(BasicLSTMCell(4, 3, forget_bias=0.0))
    assert "cell_clip" not in repr(LSTMCell(4, 3))


def test_the_public_names_are_all_there():
    import ostinato

    for name in ostinato.__all__:
        assert getattr(ostinato, name) is not None
    assert set(ostinato._HOME_OF) <= set(ostinato.__all__)
    with pytest.raises(AttributeError, match="no attribute 'LTSMCell'"):
        _ = ostinato.LTSMCell


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("tanh", math.tanh),
        ("relu", lambda x: max(x, 0.0)),
        ("sigmoid", lambda x: 1 / (1 + math.exp(-x))),
        ("linear", lambda x: x),
        ("elu", lambda x: x if x > 0 else math.exp(x) - 1),
        ("selu", lambda x: 1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * (math.exp(x) - 1))),
        ("softplus", lambda x: math.log1p(math.exp(x))),
        ("softsign", lambda x: x / (1 + abs(x))),
        ("exponential", math.exp),
        ("hard_sigmoid", lambda x: min(1.0, max(0.0, 0.2 * x + 0.5))),
    ],
)
def test_activations_by_name(name, formula):
    values = [-3.0, -1.2, -0.1, 0.0, 0.4, 2.9]
    computed = function(canonical(name))(torch.tensor(values, dtype=torch.float64))
    assert computed.tolist() == pytest.approx([formula(value) for value in values], abs=1e-12)


@pytest.mark.parametrize("time", [1, 2])
def test_a_value_on_the_bound_of_a_clip_passes_its_gradient_on(time):
    cell = LSTMCell(1, 1, cell_clip=0.5, forget_bias=0.0, initializer=nn.init.zeros_)
    c = torch.ones(1, 1, requires_grad=True)  # halved by the forget gate in the first step: on the bound
    _, state = dynamic_rnn(cell, torch.zeros(1, time, 1), initial_state=LSTMStateTuple(c, torch.zeros(1, 1)))
    state.c.backward()
    assert float(c.grad) == 0.5**time
