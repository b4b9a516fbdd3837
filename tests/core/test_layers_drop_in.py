"""The layers beside torch.nn's: the same parameters, numbers, gradients, forms of input and errors."""

from __future__ import annotations

import copy
import itertools
import pickle
import warnings

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune
from torch.nn.utils.rnn import (
    PackedSequence,
    pack_padded_sequence,
    pack_sequence,
    pad_packed_sequence,
)

import ostinato
from core.comparing import results_and_gradients

TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-5}
KINDS = {
    "lstm": ("LSTM", {}),
    "lstm_proj": ("LSTM", {"proj_size": 3}),
    "gru": ("GRU", {}),
    "rnn": ("RNN", {}),
    "rnn_relu": ("RNN", {"nonlinearity": "relu"}),
}
FORMS = ["batch", "unbatched", "packed", "packed_unsorted"]


def pair(kind, input_size=4, hidden_size=5, **options):
    """torch.nn's layer and ours, from the same seed."""
    name, own = KINDS[kind]
    layers = []
    for module in (nn, ostinato):
        torch.manual_seed(3)
        layers.append(getattr(module, name)(input_size, hidden_size, **own, **options))
    return layers


def states_for(layer, batch_size, dtype=torch.float64):
    directions = layer.num_layers * (2 if layer.bidirectional else 1)
    sizes = [layer.proj_size or layer.hidden_size] + [layer.hidden_size] * isinstance(
        layer, nn.LSTM | ostinato.LSTM
    )
    shape = [directions] if batch_size is None else [directions, batch_size]
    states = [torch.randn(*shape, size, dtype=dtype).requires_grad_() for size in sizes]
    return tuple(states) if len(states) == 2 else states[0]


def given(form, batch_first, dtype=torch.float64):
    """A leaf, the function that makes an input in `form` of it, and its number of rows."""
    if form == "unbatched":
        return torch.randn(7, 4, dtype=dtype).requires_grad_(), lambda leaf: leaf, None
    leaf = torch.randn(*((3, 7) if batch_first else (7, 3)), 4, dtype=dtype).requires_grad_()
    if form == "batch":
        return leaf, lambda leaf: leaf, 3
    lengths = torch.tensor([7, 4, 1] if form == "packed" else [2, 7, 5])
    return (
        leaf,
        lambda leaf: pack_padded_sequence(leaf, lengths, batch_first, enforce_sorted=form == "packed"),
        3,
    )


def leaves_of(states):
    return [] if states is None else list(states) if isinstance(states, tuple) else [states]


def assert_same(theirs, ours, leaf, states=None, form=lambda leaf: leaf):
    """Outputs and every gradient agree."""
    expected, actual = (
        results_and_gradients(
            lambda layer=layer: layer(form(leaf), states), [leaf, *leaves_of(states), *layer.parameters()]
        )
        for layer in (theirs, ours)
    )
    for mine, reference in zip([*actual[0], *actual[1]], [*expected[0], *expected[1]], strict=True):
        assert mine.shape == reference.shape
        assert mine.dtype == reference.dtype
        scale = max(1.0, float(reference.detach().abs().max()))
        tolerance = TOLERANCE.get(reference.dtype, 0.0)
        torch.testing.assert_close(mine, reference, rtol=0, atol=tolerance * scale)


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_outputs_and_gradients_are_those_of_torch(kind, form):
    for num_layers, bidirectional, batch_first, bias, with_state in itertools.product(
        [1, 2], *[[False, True]] * 4
    ):
        if num_layers == 2 and (not bias or not with_state):
            continue
        theirs, ours = pair(
            kind,
            num_layers=num_layers,
            bidirectional=bidirectional,
            batch_first=batch_first,
            bias=bias,
            dtype=torch.float64,
        )
        assert list(theirs.state_dict()) == list(ours.state_dict())
        leaf, make_input, batch_size = given(form, batch_first)
        states = states_for(ours, batch_size) if with_state else None
        assert_same(theirs, ours, leaf, states, make_input)


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize("kind", KINDS)
def test_a_call_with_a_single_step(kind):
    for bidirectional, batch_first, bias in itertools.product(*[[False, True]] * 3):
        theirs, ours = pair(
            kind,
            num_layers=2,
            bidirectional=bidirectional,
            batch_first=batch_first,
            bias=bias,
            dtype=torch.float64,
        )
        leaf = torch.randn(*((3, 1) if batch_first else (1, 3)), 4, dtype=torch.float64, requires_grad=True)
        assert_same(theirs, ours, leaf, states_for(ours, 3))
        # By way of lengths the sequence operator runs it.
        torch.testing.assert_close(ours(leaf, sequence_length=[1, 1, 1]), ours(leaf))


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize("kind", KINDS)
def test_float32_agrees_over_many_steps(kind):
    theirs, ours = pair(kind, hidden_size=32, num_layers=2, bidirectional=True)
    leaf = torch.randn(60, 4, 4, requires_grad=True)
    expected, actual = theirs(leaf)[0], ours(leaf)[0]
    torch.testing.assert_close(actual, expected, rtol=0, atol=1e-5)
    for parameter, reference in zip(ours.parameters(), theirs.parameters(), strict=True):
        mine = torch.autograd.grad(actual.mean(), parameter, retain_graph=True)[0]
        wanted = torch.autograd.grad(expected.mean(), reference, retain_graph=True)[0]
        torch.testing.assert_close(mine, wanted, rtol=0, atol=1e-5 * max(1.0, float(wanted.abs().max())))


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_parameters(kind):
    theirs, ours = pair(kind, num_layers=2, bidirectional=True)
    for (name, mine), (reference_name, reference) in zip(
        ours.named_parameters(), theirs.named_parameters(), strict=True
    ):
        assert name == reference_name
        assert torch.equal(mine, reference)
    assert repr(ours) == repr(theirs)


@pytest.mark.parametrize("kind", KINDS)
def test_state_dicts_go_both_ways(kind):
    theirs, ours = pair(kind, num_layers=2, bidirectional=True)
    for layer in (theirs, ours):
        for parameter in layer.parameters():
            nn.init.normal_(parameter)
    before = copy.deepcopy(theirs.state_dict())
    theirs.load_state_dict(ours.state_dict())
    assert all(torch.equal(a, b) for a, b in zip(theirs.parameters(), ours.parameters(), strict=True))
    ours.load_state_dict(before)
    assert all(torch.equal(before[name], value) for name, value in ours.state_dict().items())


def test_all_weights_and_flatten_parameters():
    for kind in KINDS:
        theirs, ours = pair(kind, num_layers=2, bidirectional=True)
        assert [[w.shape for w in ws] for ws in ours.all_weights] == [
            [w.shape for w in ws] for ws in theirs.all_weights
        ]
        assert ours.all_weights[0][0] is ours.weight_ih_l0
        assert ours.flatten_parameters() is None
        assert ours.mode == theirs.mode


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_and_a_pickle_compute_the_same(kind):
    _, ours = pair(kind, num_layers=2)
    inputs = torch.randn(5, 2, 4)
    expected = ours(inputs)[0]
    for other in (copy.deepcopy(ours), pickle.loads(pickle.dumps(ours))):
        assert torch.equal(other(inputs)[0], expected)
        assert next(other.parameters()) is not next(ours.parameters())


def test_a_packed_output_has_the_order_of_the_packed_input():
    layer = ostinato.GRU(4, 5)
    packed = pack_sequence([torch.randn(n, 4) for n in (2, 6, 4)], enforce_sorted=False)
    output, h_n = layer(packed)
    assert isinstance(output, PackedSequence)
    assert torch.equal(output.batch_sizes, packed.batch_sizes)
    assert torch.equal(output.sorted_indices, packed.sorted_indices)
    padded, lengths = pad_packed_sequence(output)
    assert lengths.tolist() == [2, 6, 4]
    for row, length in enumerate(lengths):
        assert torch.equal(padded[length - 1, row], h_n[0, row])


def test_dropout_of_everything_is_that_of_torch():
    for kind in ("lstm", "gru", "rnn"):
        theirs, ours = pair(kind, num_layers=3, dropout=1.0)
        inputs = torch.randn(5, 2, 4)
        torch.testing.assert_close(ours(inputs)[0], theirs(inputs)[0])
        torch.testing.assert_close(ours.eval()(inputs)[0], theirs.eval()(inputs)[0])


def test_dropout_of_one_layer_warns():
    with pytest.warns(UserWarning, match="num_layers is 1") as ours:
        ostinato.LSTM(3, 4, dropout=0.5)
    assert ours[0].filename == __file__


INPUT = torch.zeros(5, 2, 3)
STATE = torch.zeros(1, 2, 4)
WRONG_CALLS = {
    "input of 1 dimension": (torch.zeros(3), None),
    "input of 4 dimensions": (torch.zeros(1, 5, 2, 3), None),
    "depth": (torch.zeros(5, 2, 7), None),
    "depth without a batch": (torch.zeros(5, 7), None),
    "dtype": (INPUT.double(), None),
    "integers": (INPUT.long(), None),
    "state without a batch": (INPUT, STATE[:, 0]),
    "state with a batch": (INPUT[:, 0], STATE),
    "state of too many layers": (INPUT, torch.zeros(2, 2, 4)),
    "state of other units": (INPUT, torch.zeros(1, 2, 3)),
    "state of another batch": (INPUT, torch.zeros(1, 3, 4)),
    "dtype of the state": (INPUT, STATE.double()),
}
WRONG_PACKED_CALLS = {
    "depth": (pack_sequence([torch.zeros(3, 7)]), None),
    "state": (pack_sequence([torch.zeros(3, 3)]), STATE),
    "dtype": (pack_sequence([torch.zeros(3, 3).double()]), None),
}


@pytest.mark.parametrize("what", WRONG_CALLS)
@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_a_wrong_call_raises_what_torch_raises(kind, what):
    inputs, state = WRONG_CALLS[what]
    if kind == "LSTM" and state is not None:
        state = (state, state)
    with pytest.raises((ValueError, RuntimeError)) as theirs:
        getattr(nn, kind)(3, 4)(inputs, state)
    with pytest.raises((ValueError, RuntimeError)) as ours:
        getattr(ostinato, kind)(3, 4)(inputs, state)
    assert type(ours.value) is type(theirs.value)
    assert str(ours.value).startswith(kind)
    assert str(ours.value).endswith(".")


@pytest.mark.parametrize("what", WRONG_PACKED_CALLS)
@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_a_wrong_packed_call_raises(kind, what):
    # torch.nn.LSTM checks none of these, and answers some of them with numbers.
    inputs, state = WRONG_PACKED_CALLS[what]
    if kind == "LSTM" and state is not None:
        state = (state, state)
    with pytest.raises((ValueError, RuntimeError), match=rf"^{kind} (has|needs) .*\.$"):
        getattr(ostinato, kind)(3, 4)(inputs, state)


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ((0, 4), {}),
        ((3, -1), {}),
        ((3.0, 4), {}),
        ((3, 4.0), {}),
        ((3, 4, 0), {}),
        ((3, 4, 1.5), {}),
        ((3, 4), {"bias": 1}),
        ((3, 4), {"batch_first": "yes"}),
        ((3, 4), {"dropout": 1.5}),
        ((3, 4), {"dropout": True}),
        ((3, 4), {"dropout": "half"}),
        ((3, 4), {"proj_size": 4}),
        ((3, 4), {"proj_size": -1}),
    ],
)
def test_a_wrong_constructor_raises_what_torch_raises(arguments, options):
    with pytest.raises((ValueError, TypeError)) as theirs:
        nn.LSTM(*arguments, **options)
    with pytest.raises((ValueError, TypeError)) as ours:
        ostinato.LSTM(*arguments, **options)
    assert type(ours.value) is type(theirs.value)


def test_wrong_kinds_of_arguments():
    lstm, gru = ostinato.LSTM(3, 4), ostinato.GRU(3, 4)
    with pytest.raises(TypeError, match=r"a pair \(h_0, c_0\), but got a Tensor"):
        lstm(INPUT, STATE)
    with pytest.raises(TypeError, match=r"pair .* a tuple of 1"):
        lstm(INPUT, (STATE,))
    with pytest.raises(TypeError, match="needs a tensor as h_0, but got a tuple"):
        gru(INPUT, (STATE, STATE))
    with pytest.raises(TypeError, match="a tensor or a PackedSequence as its input, but got a list"):
        gru([1.0, 2.0])
    with pytest.raises(ValueError, match="'tanh' or 'relu', but is 'sine'"):
        ostinato.RNN(3, 4, nonlinearity="sine")
    with pytest.raises(ValueError, match="pass one of the two"):
        gru(pack_sequence([torch.zeros(3, 3)]), sequence_length=[3])


def test_the_positional_order_of_the_constructors():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, arguments in {
            "LSTM": (3, 4, 2, False, True, 0.5, True, 2),
            "GRU": (3, 4, 2, False, True, 0.5, True),
            "RNN": (3, 4, 2, "relu", False, True, 0.5, True),
        }.items():
            theirs, ours = getattr(nn, name)(*arguments), getattr(ostinato, name)(*arguments)
            assert repr(ours) == repr(theirs)
            assert ours.mode == theirs.mode
            assert list(ours.state_dict()) == list(theirs.state_dict())


def _tied(layer):
    layer.weight_hh_l1 = layer.weight_hh_l0


def _weight_norm(layer):
    parametrizations.weight_norm(layer, "weight_hh_l0")


def _spectral_norm(layer):
    layer.eval()
    torch.manual_seed(1)
    parametrizations.spectral_norm(layer, "weight_ih_l1")


def _pruned(layer):
    prune.l1_unstructured(layer, "weight_hh_l0", amount=0.4)


def _plain_attribute(layer):
    """As weight dropping does (Merity et al. 2018): a tensor computed from a parameter in its place."""
    raw = layer.weight_hh_l0
    del layer._parameters["weight_hh_l0"]
    layer.register_parameter("raw", raw)
    layer.weight_hh_l0 = layer.raw * 0.5


@pytest.mark.parametrize("change", [_tied, _weight_norm, _spectral_norm, _pruned, _plain_attribute])
@pytest.mark.parametrize("kind", ["lstm", "gru", "rnn"])
def test_weights_are_read_when_a_pass_begins(kind, change):
    theirs, ours = pair(kind, num_layers=2, dtype=torch.float64)
    untouched = copy.deepcopy(ours)
    for layer in (theirs, ours):
        change(layer)
    leaf = torch.randn(6, 3, 4, dtype=torch.float64, requires_grad=True)
    assert_same(theirs, ours, leaf)
    assert change is _weight_norm or not torch.equal(ours(leaf)[0], untouched(leaf)[0])


def test_functional_call():
    theirs, ours = pair("lstm", dtype=torch.float64)
    values = {name: torch.randn_like(value) for name, value in theirs.named_parameters()}
    inputs = torch.randn(6, 3, 4, dtype=torch.float64)
    expected = torch.func.functional_call(theirs, values, (inputs,))[0]
    torch.testing.assert_close(torch.func.functional_call(ours, values, (inputs,))[0], expected)


def test_an_optimizer_step_and_half_frozen_parameters():
    theirs, ours = pair("lstm", num_layers=2)
    inputs = torch.randn(6, 3, 4)
    for layer in (theirs, ours):
        layer.weight_ih_l0.requires_grad_(False)
        optimizer = torch.optim.Adam([p for p in layer.parameters() if p.requires_grad], 0.01)
        for _ in range(3):
            optimizer.zero_grad()
            layer(inputs)[0].pow(2).mean().backward()
            optimizer.step()
    torch.testing.assert_close(ours.state_dict(), theirs.state_dict(), rtol=0, atol=1e-5)
