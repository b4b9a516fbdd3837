"""Attention, decoding loops and beam search of the core."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import ostinato
from ostinato.memory.invariant import loop_invariant
from ostinato.steps import attention, beam_search

SIZES = st.integers(1, 5)
few = settings(max_examples=25)


# -- pure functions
@few
@given(st.lists(st.integers(-3, 3), min_size=1, max_size=30), st.integers(1, 30), st.booleans())
def test_top_k_takes_the_first_of_equal_values(values, k, infinite):
    tensor = torch.tensor([values], dtype=torch.float32)
    if infinite:
        tensor = torch.where(tensor < 0, -math.inf, tensor)
    k = min(k, len(values))
    order = sorted(range(len(values)), key=lambda place: (-tensor[0, place].item(), place))[:k]
    found, places = beam_search.top_k(tensor, k)
    assert places[0].tolist() == order
    assert torch.equal(found, tensor[:, order])


@few
@given(SIZES, SIZES, SIZES, st.integers(0, 100))
def test_gather_tree_follows_each_hypothesis_from_its_end(time, batch, width, seed):
    torch.manual_seed(seed)
    ids, parents = torch.randint(0, 4, (time, batch, width)), torch.randint(0, width, (time, batch, width))
    lengths = torch.randint(0, time + 2, (batch,))
    found = ostinato.gather_tree(ids, parents, lengths, 0)
    for row in range(batch):
        for beam in range(width):
            path, place = [], beam
            for step in reversed(range(min(time, int(lengths[row])))):
                path.insert(0, int(ids[step, row, place]))
                place = int(parents[step, row, place])
            path = path[: path.index(0)] if 0 in path else path
            assert found[:, row, beam].tolist() == path + [0] * (time - len(path))


def test_gather_tree_refuses_a_parent_that_is_no_beam():
    ids = torch.zeros(2, 1, 2, dtype=torch.int32)
    with pytest.raises(ValueError, match=r"Saw invalid parent id 2 at \(batch, time, beam\) == \(0, 0, 1\)"):
        ostinato.gather_tree(ids, torch.tensor([[[0, 0]], [[0, 2]]]), torch.tensor([2]), 5)


@few
@given(SIZES, SIZES, st.integers(0, 50))
def test_ways_to_attend_monotonically_agree(batch, time, seed):
    torch.manual_seed(seed)
    chosen = torch.rand(batch, time, dtype=torch.float64) * 0.8 + 0.1
    before = torch.softmax(torch.randn(batch, time, dtype=torch.float64), 1)
    exact = attention.monotonic_attention(chosen, before, "recursive")
    torch.testing.assert_close(attention.monotonic_attention(chosen, before, "parallel"), exact)
    hard = (chosen > 0.5).double()
    start = attention.dirac(batch, time, hard)
    torch.testing.assert_close(
        attention.monotonic_attention(hard, start, "hard"),
        attention.monotonic_attention(hard, start, "recursive"),
    )


@few
@given(SIZES, SIZES, SIZES, st.integers(1, 4), st.integers(0, 50))
def test_a_loop_invariant_has_the_values_and_gradients_of_the_tensor(batch, units, time, steps, seed):
    torch.manual_seed(seed)
    like = {"dtype": torch.float64, "requires_grad": True}
    start, weight, bias = torch.randn(batch, units, **like), torch.randn(units, units, **like), None
    bias, keys = torch.randn(units, **like), torch.randn(batch, time, units, **like)

    def loop(weight, bias, keys):
        x = start
        for _ in range(steps):
            x = torch.tanh(torch.addmm(bias, x, weight) + x @ weight)
            alignments = torch.softmax(torch.bmm(keys, x.unsqueeze(2)).squeeze(2), 1)
            x = x + attention.attend(alignments, keys) + 0.1 * weight.sum() + keys.mean()
        return x.square().sum()

    wanted = torch.autograd.grad(loop(weight, bias, keys), [start, weight, bias, keys])
    total = loop(loop_invariant(weight, 0), bias, loop_invariant(keys, 0))
    for _ in range(2):  # the second pass counts nothing twice
        found = torch.autograd.grad(total, [start, weight, bias, keys], retain_graph=True)
        for one, other in zip(found, wanted, strict=True):
            torch.testing.assert_close(one, other)


def test_gradients_of_gradients_go_through_a_loop_invariant():
    weight = torch.randn(3, 3, dtype=torch.float64, requires_grad=True)
    x = torch.randn(2, 3, dtype=torch.float64, requires_grad=True)

    def penalty(fixed):
        y = torch.tanh(torch.tanh(x @ fixed) @ fixed)
        (grad,) = torch.autograd.grad(y.sum(), weight, create_graph=True)
        return torch.autograd.grad(grad.square().sum(), [x, weight])

    for one, other in zip(penalty(loop_invariant(weight, 0)), penalty(weight), strict=True):
        torch.testing.assert_close(one, other)


# -- mechanisms and the wrapper
def mechanisms():
    yield ostinato.LuongAttention(4, memory_size=3, scale=True)
    yield ostinato.BahdanauAttention(5, query_size=4, memory_size=3, normalize=True)
    yield ostinato.LuongMonotonicAttention(4, memory_size=3, mode="recursive", score_bias_init=0.5)
    yield ostinato.BahdanauMonotonicAttention(5, query_size=4, memory_size=3, sigmoid_noise=0.1)


@pytest.mark.parametrize("mechanism", list(mechanisms()), ids=lambda mechanism: type(mechanism).__name__)
def test_nothing_of_the_padding_is_attended_to(mechanism):
    values = torch.randn(2, 5, 3)
    values[1, 2:] = 1e6
    memory = mechanism.memory(values, torch.tensor([5, 2]))
    alignments = mechanism(torch.randn(2, 4), memory, mechanism.initial_alignments(memory))
    assert (alignments[1, 2:] == 0).all()
    assert (alignments[0] > 0).any()


@pytest.mark.parametrize("mechanism", list(mechanisms()), ids=lambda mechanism: type(mechanism).__name__)
def test_a_cell_with_attention_runs_under_a_driver_and_trains(mechanism):
    wrapper = ostinato.AttentionWrapper(ostinato.GRUCell(4, input_size=2 + 6), mechanism, 6)
    cell = wrapper.attend_to(mechanism.memory(torch.randn(3, 5, 3), torch.tensor([5, 1, 4])))
    assert cell.input_size == 2
    outputs, state = ostinato.dynamic_rnn(cell, torch.randn(3, 7, 2), sequence_length=[7, 2, 0])
    outputs.square().sum().backward()
    assert outputs.shape == (3, 7, 6)
    assert state.alignments.shape == (3, 5)
    for name, parameter in wrapper.named_parameters():
        assert parameter.grad is not None, name


def test_a_memory_that_does_not_fit_is_refused():
    mechanism = ostinato.LuongAttention(4, memory_size=3)
    with pytest.raises(ValueError, match=r"A memory is \[batch, time, 3\] here, but the values are"):
        mechanism.memory(torch.ones(2, 5, 4))
    with pytest.raises(ValueError, match="must be greater than zero"):
        mechanism.memory(torch.ones(2, 5, 3), torch.tensor([5, 0]))
    wrapper = ostinato.AttentionWrapper(ostinato.GRUCell(4, input_size=5), mechanism)
    with pytest.raises(TypeError, match="memory must be what the mechanism's memory"):
        wrapper.attend_to(torch.ones(2, 5, 3))
    with pytest.raises(ValueError, match=r"Non-matching batch sizes between the memory .* 2 and 6"):
        wrapper.attend_to(mechanism.memory(torch.ones(2, 5, 3))).zero_state(6)
    with pytest.raises(ValueError, match="mode must be"):
        ostinato.LuongMonotonicAttention(4, memory_size=3, mode="soft")


# -- decoding
def test_a_training_decoder_gives_what_dynamic_rnn_gives():
    cell, x, lengths = ostinato.BasicLSTMCell(4, input_size=3), torch.randn(3, 6, 3), torch.tensor([6, 2, 4])
    wanted, wanted_state = ostinato.dynamic_rnn(cell, x, sequence_length=lengths)
    decoder = ostinato.BasicDecoder(cell, ostinato.TrainingHelper(x, lengths), cell.zero_state(3))
    outputs, state, found = ostinato.dynamic_decode(decoder, impute_finished=True)
    torch.testing.assert_close(outputs.rnn_output, wanted)
    torch.testing.assert_close(state, wanted_state)
    assert found.tolist() == lengths.tolist()


@pytest.mark.parametrize("impute", [False, True])
def test_a_linear_layer_after_the_loop_gives_what_it_gives_in_it(impute):
    torch.manual_seed(0)
    cell, x, lengths = ostinato.GRUCell(4, input_size=3), torch.randn(3, 6, 3), torch.tensor([6, 2, 4])
    layer = torch.nn.Linear(4, 7)
    found = []
    for output_layer in (layer, lambda outputs: layer(outputs)):
        helper = ostinato.TrainingHelper(x, lengths)
        decoder = ostinato.BasicDecoder(cell, helper, cell.zero_state(3), output_layer)
        decoded = ostinato.dynamic_decode(decoder, impute_finished=impute, output_time_major=True)
        found.append(decoded)
    torch.testing.assert_close(found[0].outputs, found[1].outputs)
    assert found[0].outputs.rnn_output.shape == (6, 3, 7)
    assert bool((found[0].outputs.rnn_output[2:, 1] == 0).all()) == impute


def test_a_helper_that_samples_ends_rows_at_the_end_token():
    torch.manual_seed(1)
    cell, table = ostinato.GRUCell(6, input_size=3), torch.randn(6, 3)
    for helper in (
        ostinato.GreedyEmbeddingHelper(table, torch.tensor([1, 2, 3]), 4),
        ostinato.SampleEmbeddingHelper(
            torch.nn.Embedding(6, 3), torch.tensor([1, 2, 3]), 4, 0.5, torch.Generator().manual_seed(3)
        ),
    ):
        decoder = ostinato.BasicDecoder(cell, helper, torch.randn(3, 6))
        outputs, _, lengths = ostinato.dynamic_decode(decoder, maximum_iterations=9)
        assert outputs.sample_id.shape[1] == int(lengths.max()) <= 9
        for ids, length in zip(outputs.sample_id.tolist(), lengths.tolist(), strict=True):
            assert 4 not in ids[: length - 1]
            assert ids[length - 1] == 4 or length == 9


def test_scheduled_sampling_at_0_is_training():
    cell, x, lengths = ostinato.GRUCell(5, input_size=3), torch.randn(2, 4, 3), torch.tensor([4, 3])
    plain = ostinato.BasicDecoder(cell, ostinato.TrainingHelper(x, lengths), cell.zero_state(2))
    helper = ostinato.ScheduledEmbeddingTrainingHelper(x, lengths, torch.randn(5, 3), 0.0)
    scheduled = ostinato.BasicDecoder(cell, helper, cell.zero_state(2))
    wanted, found = (ostinato.dynamic_decode(decoder).outputs for decoder in (plain, scheduled))
    torch.testing.assert_close(found.rnn_output, wanted.rnn_output)
    assert (found.sample_id == -1).all()
    always = ostinato.ScheduledEmbeddingTrainingHelper(x, lengths, torch.randn(5, 3), 1.0)
    ids = ostinato.dynamic_decode(ostinato.BasicDecoder(cell, always, cell.zero_state(2))).outputs.sample_id
    assert (ids >= 0).all()


def test_what_is_kept_of_the_states_is_that_of_each_step():
    mechanism = ostinato.LuongAttention(4, memory_size=3)
    wrapper = ostinato.AttentionWrapper(ostinato.GRUCell(4, input_size=2 + 3), mechanism)
    cell = wrapper.attend_to(mechanism.memory(torch.randn(2, 5, 3)))
    helper = ostinato.TrainingHelper(torch.randn(2, 6, 2), torch.tensor([6, 6]))
    decoder = ostinato.BasicDecoder(cell, helper, cell.zero_state(2))
    (_, alignments), state, _ = ostinato.dynamic_decode(decoder, keep=lambda state: state.alignments)
    assert alignments.shape == (2, 6, 5)
    assert torch.equal(alignments[:, -1], state.alignments)


def _best_by_search(cell, table, start, state, end, steps):
    """The best hypothesis of all there are, one row."""
    best, waiting = (-math.inf, []), [(0.0, [], state, start)]
    while waiting:
        score, ids, state, token = waiting.pop()
        if len(ids) == steps or (ids and ids[-1] == end):
            best = max(best, (score, ids))
            continue
        logits, state_after = cell(table[token].unsqueeze(0), state)
        for symbol, log_prob in enumerate(torch.log_softmax(logits, -1)[0].tolist()):
            waiting.append((score + log_prob, [*ids, symbol], state_after, symbol))
    return best


def test_a_beam_as_wide_as_the_tree_finds_the_best_hypothesis():
    torch.manual_seed(2)
    cell, table = ostinato.GRUCell(3, input_size=2), 2 * torch.randn(3, 2)
    state, start, width = torch.randn(1, 3), torch.tensor([1]), 27
    decoder = ostinato.BeamSearchDecoder(cell, table, start, 0, ostinato.tile_batch(state, width), width)
    outputs, final, _ = ostinato.dynamic_decode(decoder, maximum_iterations=4)
    score, ids = _best_by_search(cell, table, 1, state, 0, 4)
    found = outputs.predicted_ids[0, :, 0].tolist()
    assert found[: len(ids)] == ids
    assert math.isclose(final.log_probs[0, 0].item(), score, rel_tol=1e-5)


def test_beam_search_says_what_does_not_fit():
    cell, table, start = ostinato.GRUCell(6, input_size=3), torch.ones(6, 3), torch.tensor([1, 2])
    with pytest.raises(ValueError, match=r"initial_state has 2 rows where batch \* beam_width is 8: tile it"):
        ostinato.BeamSearchDecoder(cell, table, start, 0, cell.zero_state(2), 4)
    with pytest.raises(ValueError, match=r"coverage_penalty_weight must be 0\.0 if no cell is attentional"):
        ostinato.BeamSearchDecoder(cell, table, start, 0, cell.zero_state(8), 4, coverage_penalty_weight=0.1)
    with pytest.raises(TypeError, match="Expected decoder to be type Decoder"):
        ostinato.dynamic_decode(cell)
