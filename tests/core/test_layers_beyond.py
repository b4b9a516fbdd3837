"""What the layers have beyond torch.nn's: lengths, all cell states and layer norm."""

from __future__ import annotations

import copy
from functools import partial

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

import ostinato
from core.comparing import assert_close, results_and_gradients
from core.layers import KINDS, as_cells, inputs_of, make
from ostinato import (
    LSTMStateTuple,
    MultiRNNCell,
    dynamic_rnn,
)

# --- lengths ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_each_row_is_as_if_it_were_alone(kind, bidirectional):
    layer = make(kind, 3, 4, 2, bidirectional=bidirectional, batch_first=True)
    lengths = [6, 0, 1, 4]
    inputs = inputs_of(4, 6, 3)
    parameters = [inputs, *layer.parameters()]

    def alone():
        outputs, finals = [], []
        for row, length in enumerate(lengths):
            output, final = layer(inputs[row : row + 1, :length])
            outputs.append(nn.functional.pad(output[0], (0, 0, 0, 6 - length)))
            finals.append(final if isinstance(final, tuple) else (final,))
        return torch.stack(outputs), [torch.cat(parts, 1) for parts in zip(*finals, strict=True)]

    expected = results_and_gradients(alone, parameters)
    actual = results_and_gradients(lambda: layer(inputs, sequence_length=lengths), parameters)
    for mine, reference in zip(actual, expected, strict=True):
        assert_close(mine, reference, torch.float64)


@pytest.mark.parametrize("kind", KINDS)
def test_lengths_are_packing_without_the_packing(kind):
    layer = make(kind, 3, 4, 2, bidirectional=True)
    inputs, lengths = inputs_of(6, 3, 3), torch.tensor([2, 6, 3])
    packed_output, packed_final = layer(pack_padded_sequence(inputs, lengths, enforce_sorted=False))
    output, final = layer(inputs, sequence_length=lengths)
    unpacked, _ = torch.nn.utils.rnn.pad_packed_sequence(packed_output)
    assert_close([unpacked], [output], torch.float64)
    assert_close(list(packed_final), list(final), torch.float64)


@pytest.mark.parametrize("kind", KINDS)
def test_padding_is_never_read(kind):
    layer = make(kind, 3, 4, 2, bidirectional=True, dropout=0.5)
    lengths = torch.tensor([5, 2])
    clean = inputs_of(5, 2, 3)
    padding = (torch.arange(5).unsqueeze(1) >= lengths).unsqueeze(2)

    def run(inputs):
        return results_and_gradients(
            lambda: layer(inputs, sequence_length=lengths, seed=7), [clean, *layer.parameters()]
        )

    expected = run(clean.masked_fill(padding, 0.0))
    for mine, reference in zip(run(clean.masked_fill(padding, float("nan"))), expected, strict=True):
        assert_close(mine, reference, torch.float64)


def test_a_row_of_no_steps_keeps_its_state():
    layer = make("LSTM", 3, 4, bidirectional=True)
    states = torch.randn(2, 2, 2, 4, dtype=torch.float64).unbind(0)
    output, (h_n, c_n) = layer(inputs_of(5, 2, 3), states, sequence_length=[0, 5])
    assert not output[:, 0].any()
    assert torch.equal(h_n[:, 0], states[0][:, 0])
    assert torch.equal(c_n[:, 0], states[1][:, 0])


def test_an_input_without_a_batch_has_one_length():
    layer = make("GRU", 3, 4, bidirectional=True)
    inputs = inputs_of(6, 3)
    expected, final = layer(inputs[:4])
    for length in (4, torch.tensor(4), [4], torch.tensor([4])):
        output, h_n = layer(inputs, sequence_length=length)
        assert output.shape == (6, 8)
        assert_close([output[:4], h_n], [expected, final], torch.float64)
        assert not output[4:].any()


@pytest.mark.parametrize("kind", KINDS)
def test_no_steps_and_no_rows(kind):
    layer = make(kind, 3, 4, 2, bidirectional=True, batch_first=True)
    output, final = layer(inputs_of(2, 0, 3))
    h_n = final[0] if kind == "LSTM" else final
    assert output.shape == (2, 0, 8)
    assert not h_n.any()
    assert layer(inputs_of(0, 5, 3))[0].shape == (0, 5, 8)
    if kind == "LSTM":
        assert layer(inputs_of(2, 0, 3), return_all_states=True).cell_states.shape == (2, 0, 8)


@pytest.mark.parametrize(
    ("lengths", "error", "message"),
    [
        ([5, 2, 3], ValueError, "3 entries, but the inputs have 2 rows"),
        ([5, -1], ValueError, "must not be negative, but holds -1"),
        ([[5, 2]], ValueError, "must be a vector"),
        ([5.0, 2.0], TypeError, "must hold integers"),
        ("ab", TypeError, "must be integers"),
    ],
)
def test_wrong_lengths(lengths, error, message):
    with pytest.raises(error, match=message):
        make("LSTM", 3, 4)(inputs_of(5, 2, 3), sequence_length=lengths)


def test_batch_major_outputs_are_contiguous():
    for bidirectional in (False, True):
        layer = make("LSTM", 3, 4, 2, batch_first=True, bidirectional=bidirectional)
        output, _ = layer(inputs_of(3, 5, 3), sequence_length=[5, 2, 1])
        assert output.is_contiguous()


# --- all cell states --------------------------------------------------------------------------------------


@pytest.mark.parametrize("proj_size", [0, 2])
def test_all_cell_states_are_those_of_steps_by_hand(proj_size):
    layer = make("LSTM", 3, 4, proj_size=proj_size)
    inputs = inputs_of(6, 2, 3)
    lengths = torch.tensor([6, 3])
    leaves = [inputs, *layer.parameters()]

    def by_hand():
        (cell,) = as_cells(layer)
        state = cell.zero_state(2)
        cells, outputs = [], []
        for step in range(6):
            active = (lengths > step).unsqueeze(1)
            output, new = cell(inputs[step], state)
            state = LSTMStateTuple(*(torch.where(active, n, o) for n, o in zip(new, state, strict=True)))
            outputs.append(output * active)
            cells.append(new.c * active)
        return torch.stack(outputs), state.h[None], state.c[None], torch.stack(cells)

    expected = results_and_gradients(by_hand, leaves)
    actual = results_and_gradients(
        lambda: layer(inputs, sequence_length=lengths, return_all_states=True), leaves
    )
    for mine, reference in zip(actual, expected, strict=True):
        assert_close(mine, reference, torch.float64)


def test_cell_states_of_both_directions_end_in_c_n():
    layer = make("LSTM", 3, 4, 2, bidirectional=True, batch_first=True)
    lengths = [5, 2, 0]
    result = layer(inputs_of(3, 5, 3), sequence_length=lengths, return_all_states=True)
    output, (h_n, c_n), cell_states = result
    assert isinstance(result, ostinato.LSTMOutputs)
    assert cell_states.shape == (3, 5, 8)
    for row, length in enumerate(lengths):
        assert not cell_states[row, length:].any()
        if length:
            assert torch.equal(cell_states[row, length - 1, :4], c_n[2, row])
            assert torch.equal(cell_states[row, 0, 4:], c_n[3, row])
            assert torch.equal(output[row, 0, 4:], h_n[3, row])


def test_the_cell_state_of_a_single_step():
    layer = make("LSTM", 3, 4, bidirectional=True)
    result = layer(inputs_of(1, 2, 3), return_all_states=True)
    assert torch.equal(result.cell_states[0], torch.cat(list(result.state[1]), 1))


def test_cell_states_come_in_the_form_of_the_input():
    layer = make("LSTM", 3, 4)
    padded = inputs_of(5, 2, 3)
    packed = pack_padded_sequence(padded, torch.tensor([3, 5]), enforce_sorted=False)
    expected = layer(padded, sequence_length=[3, 5], return_all_states=True).cell_states
    result = layer(packed, return_all_states=True).cell_states
    assert_close([torch.nn.utils.rnn.pad_packed_sequence(result)[0]], [expected], torch.float64)
    one = layer(padded[:, 1], return_all_states=True).cell_states
    assert_close([one], [expected[:, 1]], torch.float64)


def test_gradients_of_cell_states_numerically():
    layer = make("LSTM", 2, 3, bidirectional=True)

    def run(inputs, *parameters):
        values = dict(zip(dict(layer.named_parameters()), parameters, strict=True))
        found = torch.func.functional_call(
            layer, values, (inputs,), {"sequence_length": [4, 2], "return_all_states": True}
        )
        return found.cell_states, found.state[1]

    assert torch.autograd.gradcheck(run, (inputs_of(4, 2, 2), *layer.parameters()))


# --- layer norm -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("proj_size", [0, 2])
def test_layer_norm_is_that_of_the_cell(proj_size):
    layer = make("LSTM", 3, 4, 2, proj_size=proj_size, layer_norm=True, batch_first=True)
    assert [name for name in layer.state_dict() if name.endswith("l0")] == [
        "weight_ih_l0",
        "weight_hh_l0",
        *(["weight_hr_l0"] if proj_size else []),
        "layer_norm_weight_l0",
        "layer_norm_bias_l0",
    ]
    assert (layer.layer_norm_weight_l1 == 1).all()
    assert (layer.layer_norm_bias_l1 == 0).all()
    with torch.no_grad():
        for name, parameter in layer.named_parameters():
            if name.startswith("layer_norm"):
                parameter.add_(0.3 * torch.randn_like(parameter))
    inputs = inputs_of(3, 6, 3)
    leaves = [inputs, *layer.parameters()]

    def as_a_stack():
        outputs, states = dynamic_rnn(MultiRNNCell(as_cells(layer)), inputs, [6, 2, 0])
        return outputs, torch.stack([s.h for s in states]), torch.stack([s.c for s in states])

    expected = results_and_gradients(as_a_stack, leaves)
    actual = results_and_gradients(lambda: layer(inputs, sequence_length=[6, 2, 0]), leaves)
    for mine, reference in zip(actual, expected, strict=True):
        assert_close(mine, reference, torch.float64)


def test_layer_norm_without_biases():
    layer = make("LSTM", 3, 4, layer_norm=True, bias=False)
    with_biases = make("LSTM", 3, 4, layer_norm=True)
    assert list(layer.state_dict()) == ["weight_ih_l0", "weight_hh_l0", "layer_norm_weight_l0"]
    with_biases.load_state_dict(layer.state_dict(), strict=False)
    inputs = inputs_of(5, 2, 3)
    assert_close([layer(inputs)[0]], [with_biases(inputs)[0]], torch.float64)
    assert repr(layer) == "LSTM(3, 4, bias=False, layer_norm=True)"


# --- what surrounds a layer -------------------------------------------------------------------------------


def test_a_state_tuple_goes_by_name():
    layer = make("LSTM", 3, 4)
    inputs, h, c = inputs_of(5, 2, 3), *torch.randn(2, 1, 2, 4, dtype=torch.float64)
    assert torch.equal(layer(inputs, LSTMStateTuple(c=c, h=h))[0], layer(inputs, (h, c))[0])


@pytest.mark.parametrize(
    ("kind", "options", "lengths"),
    [
        ("LSTM", {}, None),
        ("LSTM", {"bidirectional": True, "batch_first": True}, torch.tensor([5, 2])),
        ("GRU", {"num_layers": 2, "bidirectional": True}, None),
        ("RNN", {"bias": False}, torch.tensor([5, 2])),
    ],
)
def test_compiles_as_one_graph(kind, options, lengths):
    torch.compiler.reset()
    layer = getattr(ostinato, kind)(3, 4, **options)
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    inputs = torch.randn(*((2, 5) if layer.batch_first else (5, 2)), 3)
    expected, actual = (
        results_and_gradients(partial(module, inputs, sequence_length=lengths), list(layer.parameters()))
        for module in (layer, compiled)
    )
    for mine, reference in zip(actual, expected, strict=True):
        assert_close(mine, reference, torch.float32)


def test_everything_compiles_as_one_graph():
    torch.compiler.reset()
    layer = ostinato.LSTM(3, 4, 2, layer_norm=True, zoneout=0.2, dropout=0.2, proj_size=2)
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    given = torch.randn(2, 2, 3), (torch.randn(2, 2, 2), torch.randn(2, 2, 4))
    options = {"sequence_length": torch.tensor([2, 1]), "return_all_states": True}
    torch.manual_seed(0)
    expected = layer(*given, **options)
    torch.manual_seed(0)
    actual = compiled(*given, **options)
    torch.testing.assert_close(actual.cell_states, expected.cell_states)
    torch.testing.assert_close(actual.output, expected.output)


@pytest.mark.parametrize("kind", KINDS)
def test_under_torch_func(kind):
    layer = make(kind, 3, 4, bidirectional=True)
    values = dict(layer.named_parameters())
    options = {"sequence_length": torch.tensor([5, 2])}
    if kind == "LSTM":
        options["return_all_states"] = True
    inputs = inputs_of(5, 2, 3)

    def loss(values, inputs):
        return torch.func.functional_call(layer, values, (inputs,), options)[0].pow(2).sum()

    expected = torch.autograd.grad(loss(values, inputs), list(values.values()))
    found = torch.func.grad(loss)(values, inputs)
    assert_close(list(found.values()), list(expected), torch.float64)
    many = torch.func.vmap(lambda x: loss(values, x))(torch.stack([inputs, 2 * inputs]))
    assert_close([many], [torch.stack([loss(values, inputs), loss(values, 2 * inputs)])], torch.float64)


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")  # what torch.func.jvp loads
@pytest.mark.parametrize("time", [1, 4])
@pytest.mark.parametrize("kind", KINDS)
def test_an_ensemble_and_forward_mode(kind, time):
    layers = [getattr(ostinato, kind)(3, 4, 2, dtype=torch.float64) for _ in range(3)]
    inputs = inputs_of(time, 2, 3).detach()
    values, _ = torch.func.stack_module_state(layers)
    base = copy.deepcopy(layers[0]).to("meta")
    found = torch.func.vmap(lambda v: torch.func.functional_call(base, v, (inputs,))[0])(values)
    assert_close(list(found), [layer(inputs)[0] for layer in layers], torch.float64)
    _, slope = torch.func.jvp(lambda x: layers[0](x)[0], (inputs,), (torch.ones_like(inputs),))
    ahead, behind = (layers[0](inputs + change)[0] for change in (1e-4, -1e-4))
    torch.testing.assert_close(slope, (ahead - behind) / 2e-4, rtol=0, atol=1e-6)


def test_second_derivatives():
    layer = make("LSTM", 2, 2, bidirectional=True)

    def run(inputs):
        found = layer(inputs, sequence_length=[3, 1], return_all_states=True)
        return found.output.sum() + found.cell_states.pow(2).sum()

    assert torch.autograd.gradgradcheck(run, (inputs_of(3, 2, 2),))


@pytest.mark.parametrize("kind", KINDS)
def test_autocast_keeps_the_dtype_of_the_parameters(kind):
    layer = getattr(ostinato, kind)(3, 4)
    inputs = torch.randn(5, 2, 3)
    for steps in (5, 1):
        expected = layer(inputs[:steps].bfloat16().float())[0]
        with torch.autocast("cpu", torch.bfloat16):
            found = layer(inputs[:steps].bfloat16())[0]
        assert found.dtype == torch.float32
        # A sequence multiplies in bfloat16 where the processor can.
        torch.testing.assert_close(found, expected, rtol=0, atol=2e-2)
    with (
        torch.autocast("cpu", torch.bfloat16),
        pytest.raises(ValueError, match=r"an input of dtype torch\.int64"),
    ):
        layer(inputs.long())


@pytest.mark.parametrize("kind", KINDS)
def test_bfloat16(kind):
    layer = getattr(ostinato, kind)(3, 4, 2, dtype=torch.bfloat16)
    inputs = torch.randn(5, 2, 3)
    output = layer(inputs.bfloat16())[0]
    assert output.dtype == torch.bfloat16
    torch.testing.assert_close(output.float(), layer.float()(inputs)[0], rtol=0, atol=3e-2)


def test_on_the_meta_device():
    layer = ostinato.LSTM(3, 4, 2, bidirectional=True, device="meta")
    output, (h_n, _) = layer(torch.empty(5, 2, 3, device="meta"))
    assert output.shape == (5, 2, 8)
    assert h_n.shape == (4, 2, 4)
    with pytest.raises(RuntimeError, match="weights on the device meta, but got input on cpu"):
        layer(torch.empty(5, 2, 3))


def test_forward_hooks_and_children():
    seen = []
    layer = ostinato.GRU(3, 4)
    layer.register_forward_hook(lambda module, given, result: seen.append(result[0].shape))
    nn.Sequential(nn.Linear(2, 3), layer)(torch.zeros(5, 2, 2))
    assert seen == [(5, 2, 4)]
