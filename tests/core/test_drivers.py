"""The drivers: shapes, states, directions, and what they say to wrong arguments."""

from __future__ import annotations

import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence

from core.zoo import NoisyCell, PlainCell
from ostinato import (
    BasicLSTMCell,
    BasicRNNCell,
    GRUCell,
    LSTMStateTuple,
    MultiRNNCell,
    RNNCell,
    bidirectional_dynamic_rnn,
    dynamic_rnn,
    raw_rnn,
    static_bidirectional_rnn,
    static_rnn,
)
from ostinato.drivers.bidirectional import reverse_sequence

CELL = BasicLSTMCell(4, input_size=3)
X = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0))


def test_lengths_zero_outputs_and_copy_the_state():
    outputs, state = dynamic_rnn(CELL, X, sequence_length=[3, 0])
    assert (outputs[0, 3:] == 0).all()
    assert (outputs[1] == 0).all()
    assert (outputs[0, :3] != 0).all()
    torch.testing.assert_close(state.h[0], outputs[0, 2], rtol=0, atol=0)
    assert (state.c[1] == 0).all()
    start = LSTMStateTuple(torch.full((2, 4), 7.0), torch.full((2, 4), 0.5))
    _, state = dynamic_rnn(CELL, X, [0, 0], start)
    torch.testing.assert_close(state, start, rtol=0, atol=0)


@pytest.mark.parametrize(
    "lengths", [[5, 9], torch.tensor([5, 9], dtype=torch.int32), torch.tensor([5, 9]).numpy()]
)
def test_lengths_come_as_lists_tensors_and_arrays_and_are_clamped(lengths):
    torch.testing.assert_close(dynamic_rnn(CELL, X, lengths)[0], dynamic_rnn(CELL, X)[0])


def test_no_steps_return_the_initial_state():
    for cell in (CELL, PlainCell(4, 3)):
        outputs, state = dynamic_rnn(cell, torch.randn(2, 0, 3))
        first = outputs if isinstance(outputs, torch.Tensor) else outputs[0]
        assert first.shape == (2, 0, 4)
        assert (torch.utils._pytree.tree_leaves(state)[0] == 0).all()


def test_no_rows():
    for lengths in (None, []):
        outputs, state = dynamic_rnn(CELL, torch.randn(0, 5, 3), lengths)
        assert outputs.shape == (0, 5, 4)
        assert state.c.shape == (0, 4)
    outputs, _ = dynamic_rnn(PlainCell(4, 3), torch.randn(0, 5, 3), [])
    assert outputs[0].shape == (0, 5, 4)


class PairCell(RNNCell):
    """Two inputs, and a state with a step counter."""

    state_size = (3, 1)
    output_size = 3

    def zero_state(self, batch_size, dtype=None, device=None):
        return torch.zeros(batch_size, 3, dtype=dtype), torch.zeros(batch_size, 1)

    def forward(self, inputs, state):
        total = state[0] + inputs["a"] + inputs["b"][0]
        return total, (total, state[1] + 1)


def test_nested_inputs_and_duck_typed_cells():
    class Duck:
        state_size, output_size = PairCell.state_size, PairCell.output_size
        zero_state, __call__ = PairCell.zero_state, PairCell.forward

    inputs = {"a": torch.ones(2, 4, 3), "b": [torch.full((2, 4, 3), 2.0)]}
    for cell in (PairCell(), Duck()):
        outputs, (total, count) = dynamic_rnn(cell, inputs, [4, 2])
        assert total.tolist() == [[12.0] * 3, [6.0] * 3]
        assert count.flatten().tolist() == [4.0, 2.0]
        steps = [{"a": inputs["a"][:, t], "b": [inputs["b"][0][:, t]]} for t in range(4)]
        listed, _ = static_rnn(cell, steps, sequence_length=[4, 2])
        torch.testing.assert_close(torch.stack(listed, 1), outputs)


def test_only_the_steps_that_matter_are_run():
    calls = []

    class Counting(BasicRNNCell):
        def forward(self, inputs, state):
            calls.append(1)
            return super().forward(inputs, state)

    outputs, _ = dynamic_rnn(Counting(4, 3), X, [2, 1])
    assert len(calls) == 2
    assert outputs.shape == (2, 5, 4)


def test_gradients_reach_the_initial_state():
    start = LSTMStateTuple(torch.zeros(2, 4, requires_grad=True), torch.zeros(2, 4, requires_grad=True))
    outputs, _ = dynamic_rnn(CELL, X, [5, 0], start)
    outputs.sum().backward()
    assert start.c.grad[0].abs().sum() > 0
    assert (start.c.grad[1] == 0).all()


def test_rnn_dtype_and_autocast():
    outputs, state = static_rnn(CELL, [X[:, 0]], dtype=torch.float32)
    assert outputs[0].dtype == state.c.dtype == torch.float32
    with torch.autocast("cpu", dtype=torch.bfloat16):
        features = torch.nn.functional.linear(X, torch.eye(3))
        assert features.dtype == torch.bfloat16
        outputs, _ = dynamic_rnn(CELL, features)
    torch.testing.assert_close(outputs, dynamic_rnn(CELL, X)[0], rtol=0, atol=0.02)


@pytest.mark.parametrize("lengths", [None, [5, 2, 0]], ids=str)
@pytest.mark.parametrize("time_major", [False, True])
def test_bidirectional(lengths, time_major):
    forwards, backwards = GRUCell(4, 3), BasicLSTMCell(6, 3)
    inputs = torch.randn(3, 5, 3)
    given = inputs.transpose(0, 1) if time_major else inputs
    (fw, bw), (state_fw, state_bw) = bidirectional_dynamic_rnn(
        forwards, backwards, given, lengths, time_major=time_major
    )
    if time_major:
        fw, bw = fw.transpose(0, 1), bw.transpose(0, 1)
    torch.testing.assert_close(fw, dynamic_rnn(forwards, inputs, lengths)[0])
    for row in range(3):
        length = 5 if lengths is None else lengths[row]
        expected, state = dynamic_rnn(backwards, inputs[row : row + 1, :length].flip(1))
        torch.testing.assert_close(bw[row, :length], expected[0].flip(0))
        torch.testing.assert_close(state_bw.c[row], state.c[0])
        assert (bw[row, length:] == 0).all()
    outputs, static_fw, static_bw = static_bidirectional_rnn(
        forwards, backwards, list(inputs.unbind(1)), sequence_length=lengths
    )
    torch.testing.assert_close(torch.stack(outputs, 1), torch.cat([fw, bw], 2))
    torch.testing.assert_close((static_fw, static_bw), (state_fw, state_bw))


def test_the_two_directions_drop_differently():
    class Spy(RNNCell):
        state_size = output_size = 50

        def forward(self, inputs, state):
            return inputs, state

    from ostinato import DropoutWrapper

    cell = DropoutWrapper(Spy(), input_keep_prob=0.5)
    (fw, bw), _ = bidirectional_dynamic_rnn(cell, cell, torch.ones(1, 1, 50))
    assert not torch.equal(fw, bw)


def test_reverse_sequence_keeps_what_lies_past_the_length():
    x = torch.arange(12.0).reshape(2, 3, 2)
    reversed_x = reverse_sequence(x, torch.tensor([2, 9]), time_axis=1)
    assert reversed_x[0].tolist() == [[2, 3], [0, 1], [4, 5]]
    assert reversed_x[1].tolist() == [[10, 11], [8, 9], [6, 7]]
    assert torch.equal(
        reverse_sequence(x.transpose(0, 1), torch.tensor([2, 9]), 0), reversed_x.transpose(0, 1)
    )


def test_raw_rnn_is_dynamic_rnn_when_asked_to():
    lengths = torch.tensor([5, 3])

    def loop_fn(time, output, state, loop_state):
        next_state = CELL.zero_state(2) if state is None else state
        return (
            time >= lengths,
            X[:, min(time, 4)],
            next_state,
            output,
            (0 if loop_state is None else loop_state) + 1,
        )

    emitted, state, loop_state = raw_rnn(CELL, loop_fn)
    outputs, expected = dynamic_rnn(CELL, X, lengths)
    torch.testing.assert_close(emitted.transpose(0, 1), outputs)
    torch.testing.assert_close(state, expected)
    assert loop_state == 6


def test_raw_rnn_feeds_outputs_back_and_emits_what_it_is_told():
    cell = BasicRNNCell(3, 3)

    def loop_fn(time, output, state, _):
        finished = torch.tensor([time >= 4, time >= 2])
        if output is None:
            return finished, torch.ones(2, 3), cell.zero_state(2), torch.zeros(1), None
        return finished, output, state, output.sum(1, keepdim=True), None

    emitted, _, loop_state = raw_rnn(cell, loop_fn)
    assert emitted.shape == (4, 2, 1)
    assert (emitted[2:, 1] == 0).all()
    assert loop_state is None


def test_raw_rnn_may_take_no_step_at_all():
    def loop_fn(time, output, state, _):
        return (
            torch.tensor([True, True]),
            X[:, 0],
            CELL.zero_state(2) if state is None else state,
            output,
            None,
        )

    emitted, state, _ = raw_rnn(CELL, loop_fn)
    assert emitted.shape == (0, 2, 4)
    assert (state.c == 0).all()


PACKED = pack_padded_sequence(X, [5, 3], batch_first=True)
ERRORS = [
    (
        lambda: dynamic_rnn(CELL, PACKED),
        TypeError,
        "not a PackedSequence: pass x, lengths = torch.nn.utils.rnn.pad_packed",
    ),
    (lambda: static_rnn(CELL, PACKED), TypeError, "not a PackedSequence"),
    (
        lambda: dynamic_rnn(lambda x, s: x, X),
        TypeError,
        "is not an RNNCell: 'output_size' is missing, 'state_size' is mis",
    ),
    (lambda: dynamic_rnn([CELL], X), TypeError, "is not an RNNCell.*not callable"),
    (lambda: dynamic_rnn(BasicLSTMCell, X), TypeError, "is the class BasicLSTMCell: pass an instance"),
    (lambda: dynamic_rnn(CELL, X.numpy()), TypeError, "inputs must be tensors, but hold a ndarray"),
    (
        lambda: dynamic_rnn(CELL, X[0]),
        ValueError,
        r"rank at least 3, \[batch, time, depth\], but got shape \[5, 3\]",
    ),
    (
        lambda: dynamic_rnn(CELL, X[..., :2]),
        ValueError,
        r"inputs of shape \[time, batch, 3\], but got \[5, 2, 2\]",
    ),
    (
        lambda: dynamic_rnn(CELL, X.long()),
        (TypeError, ValueError),
        "RNN cell only supports floating point inputs",
    ),
    (lambda: dynamic_rnn(CELL, X.double()), TypeError, "dtype torch.float64: convert one of the two"),
    (
        lambda: dynamic_rnn(CELL, X, 4),
        ValueError,
        r"must be a vector of length batch_size, but saw shape: \(\)",
    ),
    (
        lambda: dynamic_rnn(CELL, X, [3]),
        ValueError,
        "sequence_length has 1 entries, but the inputs have 2 rows",
    ),
    (lambda: dynamic_rnn(CELL, X, ["a", "b"]), TypeError, "sequence_length must be integers"),
    (lambda: dynamic_rnn(CELL, X, [3.0, 2.0]), TypeError, "must hold integers, but has dtype torch.float32"),
    (lambda: dynamic_rnn(CELL, X, [3, -1]), ValueError, "must not be negative, but holds -1"),
    (
        lambda: dynamic_rnn(CELL, X, None, torch.zeros(2, 4)),
        TypeError,
        "don't have the same nested structure",
    ),
    (
        lambda: dynamic_rnn(CELL, X, None, (torch.zeros(2, 4),) * 2),
        TypeError,
        "don't have the same nested structure",
    ),
    (
        lambda: dynamic_rnn(CELL, X, None, CELL.zero_state(3)),
        ValueError,
        r"shape \[3, 4\] where the cell needs \[2, 4\]",
    ),
    (lambda: dynamic_rnn(CELL, X, dtype=torch.int32), ValueError, "only supports floating point inputs"),
    (
        lambda: dynamic_rnn(PairCell(), (X, X[:, :4])),
        ValueError,
        r"same time and batch sizes.*\[\(5, 2\), \(4, 2\)\]",
    ),
    (lambda: dynamic_rnn(CELL, ()), ValueError, "at least one input tensor"),
    (lambda: static_rnn(CELL, X), TypeError, r"inputs must be a sequence.*list\(x.unbind\(1\)\)"),
    (lambda: static_rnn(CELL, []), ValueError, "inputs must not be empty"),
    (lambda: static_rnn(CELL, [X[:, 0], X[:1, 0]]), ValueError, r"inputs\[1\] has a batch of 1 rows"),
    (lambda: static_rnn(CELL, [X[:, 0], 3.0]), TypeError, "inputs must be tensors, but hold a float"),
    (lambda: static_rnn(CELL, [X]), ValueError, r"inputs of shape \[batch, 3\], but got \[2, 5, 3\]"),
    (lambda: static_rnn(CELL, [X[:, 0]], sequence_length=4), ValueError, "must be a vector"),
    (lambda: bidirectional_dynamic_rnn(CELL, None, X), TypeError, "The argument 'cell_bw'"),
    (lambda: raw_rnn(CELL, None), TypeError, "loop_fn must be a callable"),
    (
        lambda: raw_rnn(CELL, lambda *_: None),
        ValueError,
        r"loop_fn must return \(elements_finished, .*NoneType",
    ),
    (
        lambda: raw_rnn(CELL, lambda *_: (torch.tensor([False]), X[:, 0], CELL.zero_state(2), None, None)),
        ValueError,
        "elements_finished has 1 entries, but the state has 2 rows",
    ),
    (
        lambda: raw_rnn(CELL, lambda *_: (True, X[:, 0], None, None, None)),
        ValueError,
        "elements_finished as a bool tensor",
    ),
]


@pytest.mark.parametrize(("call", "error", "message"), ERRORS)
def test_wrong_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_cell_that_changes_its_state_structure_is_told_so():
    class Forgetful(NoisyCell):
        def forward(self, inputs, state):
            return state, (state, state)

    with pytest.raises(TypeError, match="don't have the same nested structure"):
        dynamic_rnn(Forgetful(4, 3), X)


def test_a_layer_list_is_stepped_layer_by_layer():
    cell = MultiRNNCell([CELL, PlainCell(5, 4)])
    outputs, state = dynamic_rnn(cell, X, [5, 2])
    inner, inner_state = dynamic_rnn(CELL, X, [5, 2])
    outer, outer_state = dynamic_rnn(cell.cells[1], inner, [5, 2])
    torch.testing.assert_close(outputs, outer)
    torch.testing.assert_close(state, (inner_state, outer_state))


def test_bidirectional_initial_states():
    starts = [CELL.zero_state(2), CELL.zero_state(2)]
    starts = [LSTMStateTuple(start.c + index + 1, start.h - index - 1) for index, start in enumerate(starts)]
    (fw, bw), _ = bidirectional_dynamic_rnn(CELL, CELL, X, None, *starts)
    torch.testing.assert_close(fw, dynamic_rnn(CELL, X, None, starts[0])[0])
    torch.testing.assert_close(bw.flip(1), dynamic_rnn(CELL, X.flip(1), None, starts[1])[0])
    steps, _, _ = static_bidirectional_rnn(CELL, CELL, list(X.unbind(1)), *starts)
    torch.testing.assert_close(torch.stack(steps, 1), torch.cat([fw, bw], 2))


def test_a_state_without_a_batch_counts_the_steps_that_were_run():
    class Counting(RNNCell):
        state_size = (torch.Size([]), 3)
        output_size = 3

        def zero_state(self, batch_size, dtype=None, device=None):
            return torch.zeros(()), torch.zeros(batch_size, 3)

        def forward(self, inputs, state):
            return inputs, (state[0] + 1, state[1] + inputs)

    for lengths, count in ((None, 5), ([3, 2], 3)):
        _, (dynamic, total) = dynamic_rnn(Counting(), X, lengths)
        outputs, (static, listed) = static_rnn(Counting(), list(X.unbind(1)), sequence_length=lengths)
        assert len(outputs) == 5
        assert float(dynamic) == float(static) == count
        torch.testing.assert_close(total, listed)


def test_raw_rnn_keeps_rows_finished_and_states_of_rows_that_are():
    cell = BasicRNNCell(3, 3)
    states = []

    def loop_fn(time, output, state, _):
        # The second row says it has finished once, and then takes it back.
        finished = torch.tensor([time >= 4, time == 2])
        if output is not None:
            states.append(state)
        return finished, torch.ones(2, 3), cell.zero_state(2) if state is None else state, output, None

    emitted, final, _ = raw_rnn(cell, loop_fn)
    assert emitted.shape[0] == 4
    assert (emitted[2:, 1] == 0).all()
    assert (emitted[2:, 0] != 0).any()
    torch.testing.assert_close(final[1], emitted[1, 1])


def test_on_the_meta_device():
    cell = BasicLSTMCell(4, 3, device="meta")
    outputs, state = dynamic_rnn(cell, torch.empty(2, 5, 3, device="meta"), swap_memory=True)
    assert outputs.shape == (2, 5, 4)
    assert state.c.device.type == "meta"


def wrong_cell(returned):
    class Wrong(RNNCell):
        state_size = output_size = 3

        def forward(self, inputs, state):
            return returned(inputs, state)

    return Wrong()


@pytest.mark.parametrize(
    ("returned", "error", "message"),
    [
        (lambda x, s: x + s, TypeError, r"must return \(output, new_state\), but Wrong returned a Tensor"),
        (lambda x, s: (x, s, s), TypeError, "returned a tuple of 3"),
        (lambda x, s: (x, (s,)), TypeError, "don't have the same nested structure"),
        (
            lambda x, s: (x, torch.cat([s, s], 1)),
            ValueError,
            r"was given a state of shape \[2, 3\] and returned one of",
        ),
        (lambda x, s: (x[:1], s), ValueError, r"returned an output of shape \[1, 3\] for 2 rows"),
    ],
)
def test_cells_that_return_something_else(returned, error, message):
    with pytest.raises(error, match=message):
        dynamic_rnn(wrong_cell(returned), X)


@pytest.mark.parametrize(
    ("seed", "error"),
    [(1.7, TypeError), (2**63, ValueError), (torch.tensor([1, 2]), ValueError), ("a", TypeError)],
)
def test_wrong_seeds(seed, error):
    with pytest.raises(error, match="seed must"):
        dynamic_rnn(CELL, X, seed=seed)


def test_the_dtype_of_the_zero_state():
    cell = wrong_cell(lambda inputs, state: (inputs, state + 1))
    assert dynamic_rnn(cell, X, dtype=torch.float64)[1].dtype == torch.float64
    assert static_rnn(cell, list(X.unbind(1)), dtype=torch.float64)[1].dtype == torch.float64
    assert dynamic_rnn(cell, X)[1].dtype == torch.float32


def test_raw_rnn_keeps_the_last_loop_state_that_was_given():
    cell = BasicRNNCell(3, 3)

    def loop_fn(time, output, state, loop_state):
        state = cell.zero_state(2) if state is None else state
        return torch.full((2,), time >= 3), X[:, 0], state, output, ("given",) if time == 1 else None

    assert raw_rnn(cell, loop_fn)[2] == ("given",)
