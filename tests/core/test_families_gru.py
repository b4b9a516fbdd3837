"""The GRU that resets after the matmul, against torch.nn's own."""

from __future__ import annotations

import pytest
import torch

from core.comparing import assert_close
from ostinato import GRUCell, dynamic_rnn


def with_weights_of(peer):
    """A GRUCell that computes what `peer`, a one-layer torch.nn.GRU, does."""
    cell = GRUCell(peer.hidden_size, peer.input_size, reset_after=True, dtype=peer.weight_ih_l0.dtype)
    units = peer.hidden_size
    from_input, from_hidden = peer.weight_ih_l0.t(), peer.weight_hh_l0.t()
    gates = slice(0, 2 * units)
    cell.load_state_dict(
        {
            "gates.kernel": torch.cat([from_input[:, gates], from_hidden[:, gates]]),
            "gates.bias": (peer.bias_ih_l0 + peer.bias_hh_l0)[gates],
            "candidate.input_projection.kernel": from_input[:, 2 * units :],
            "candidate.input_projection.bias": peer.bias_ih_l0[2 * units :],
            "candidate.hidden_projection.kernel": from_hidden[:, 2 * units :],
            "candidate.hidden_projection.bias": peer.bias_hh_l0[2 * units :],
        }
    )
    return cell


@pytest.mark.parametrize("time", [1, 6, 40])
def test_resetting_after_the_matmul_is_what_torch_does(time):
    peer = torch.nn.GRU(3, 5, batch_first=True, dtype=torch.float64)
    cell = with_weights_of(peer)
    inputs = torch.randn(4, time, 3, dtype=torch.float64, requires_grad=True)
    state = torch.randn(4, 5, dtype=torch.float64, requires_grad=True)
    weighting = torch.randn(4, time, 5, dtype=torch.float64)
    expected, final = peer(inputs, state.unsqueeze(0))
    expected_gradients = torch.autograd.grad(
        (expected * weighting).sum() + final.pow(2).sum(),
        [inputs, state, peer.weight_ih_l0, peer.weight_hh_l0, peer.bias_hh_l0],
    )
    outputs, final = dynamic_rnn(cell, inputs, initial_state=state)
    assert_close([outputs], [expected], torch.float64)
    gates, candidate = cell.gates, cell.candidate
    found = torch.autograd.grad(
        (outputs * weighting).sum() + final.pow(2).sum(),
        [
            inputs,
            state,
            gates.kernel,
            gates.bias,
            candidate.input_projection.kernel,
            candidate.hidden_projection.kernel,
            candidate.hidden_projection.bias,
        ],
    )
    assert_close(list(found[:2]), list(expected_gradients[:2]), torch.float64)
    from_input, from_hidden, bias = expected_gradients[2:]
    kernel = torch.cat([from_input[:10].t(), from_hidden[:10].t()])
    assert_close(
        [found[2], found[4], found[5]], [kernel, from_input[10:].t(), from_hidden[10:].t()], torch.float64
    )
    assert_close([torch.cat([found[3], found[6]])], [bias], torch.float64)


def test_one_step_is_torchs_cell():
    peer = torch.nn.GRUCell(2, 3)
    layer = torch.nn.GRU(2, 3)
    layer.load_state_dict({f"{name}_l0": value for name, value in peer.state_dict().items()})
    inputs, state = torch.randn(4, 2), torch.randn(4, 3)
    output, after = with_weights_of(layer)(inputs, state)
    assert output is after
    assert_close([output], [peer(inputs, state)], torch.float32)


def test_the_two_forms_differ_and_say_which_they_are():
    before, after = GRUCell(3, 2), GRUCell(3, 2, reset_after=True)
    assert before.extra_repr() == "3, input_size=2, activation='tanh'"
    assert after.extra_repr() == "3, input_size=2, activation='tanh', reset_after=True"
    with pytest.raises(RuntimeError, match=r"candidate\.hidden_projection\.kernel"):
        after.load_state_dict(before.state_dict())
    assert before.family != after.family
