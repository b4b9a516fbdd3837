"""Dropout: what is dropped, when, and that masks are unrelated unless they are meant to be the same."""

from __future__ import annotations

import torch

from ostinato import (
    BasicLSTMCell,
    BasicRNNCell,
    DropoutWrapper,
    GRUCell,
    LayerNormBasicLSTMCell,
    LSTMStateTuple,
    MultiRNNCell,
    ResidualWrapper,
    RNNCell,
    bidirectional_dynamic_rnn,
    dynamic_rnn,
)


def test_dropout_drops_in_training_only():
    cell = DropoutWrapper(BasicRNNCell(200, 3), output_keep_prob=0.5, state_keep_prob=0.9)
    inputs = torch.randn(4, 3, 3)
    torch.manual_seed(0)
    dropped, _ = dynamic_rnn(cell, inputs)
    assert 0.4 < float((dropped == 0).float().mean()) < 0.6
    assert not torch.equal(dynamic_rnn(cell, inputs)[0], dropped)
    torch.manual_seed(0)
    torch.testing.assert_close(dynamic_rnn(cell, inputs)[0], dropped, rtol=0, atol=0)
    assert not torch.equal(dropped[:, 0] == 0, dropped[:, 1] == 0)
    plain = dynamic_rnn(cell.cell, inputs)[0]
    torch.testing.assert_close(dynamic_rnn(cell.eval(), inputs)[0], plain, rtol=0, atol=0)


def test_dropout_keeps_the_expectation():
    cell = DropoutWrapper(BasicRNNCell(4, 3, activation="linear"), input_keep_prob=torch.tensor(0.25))
    inputs = torch.ones(20_000, 1, 3)
    mean = dynamic_rnn(cell, inputs, seed=1)[0].mean(0)
    torch.testing.assert_close(mean, dynamic_rnn(cell.cell, inputs)[0].mean(0), rtol=0, atol=0.05)


def test_state_dropout_spares_c():
    cell = DropoutWrapper(BasicLSTMCell(300, 3), state_keep_prob=0.5)
    output, state = cell(torch.randn(2, 3), cell.zero_state(2))
    assert (state.c != 0).all()
    assert (output != 0).all()
    assert 0.35 < float((state.h == 0).float().mean()) < 0.65


def test_variational_dropout_repeats_its_mask():
    cell = DropoutWrapper(BasicRNNCell(50, 3), output_keep_prob=0.5, variational_recurrent=True)
    outputs, _ = dynamic_rnn(cell, torch.randn(4, 6, 3))
    zeros = outputs == 0
    assert (zeros == zeros[:1, :1]).all()
    assert 5 < int(zeros[0, 0].sum()) < 45


def test_two_layers_drop_differently():
    masks = []

    class Spy(RNNCell):
        state_size = output_size = 100

        def forward(self, inputs, state):
            masks.append(inputs == 0)
            return inputs, state

    stack = MultiRNNCell([DropoutWrapper(Spy(), input_keep_prob=0.5) for _ in range(2)])
    dynamic_rnn(stack, torch.ones(1, 1, 100))
    first, second = masks
    assert float((second & ~first).float().mean()) > 0.1


def test_random_numbers_are_drawn_only_where_a_mask_needs_them():
    inputs = torch.randn(2, 3, 4)

    def draws(cell):
        before = torch.get_rng_state()
        dynamic_rnn(cell, inputs)
        return not torch.equal(torch.get_rng_state(), before)

    dropping = DropoutWrapper(GRUCell(4, 4), output_keep_prob=0.5)
    assert not draws(MultiRNNCell([ResidualWrapper(GRUCell(4, 4)), DropoutWrapper(GRUCell(4, 4))]))
    assert draws(MultiRNNCell([ResidualWrapper(dropping), GRUCell(4, 4)]))
    assert not draws(dropping.eval())


def test_dropout_inside_an_own_cell_keeps_its_seed_and_its_variational_mask():
    class Own(RNNCell):
        state_size = output_size = 50

        def __init__(self):
            super().__init__()
            self.first = DropoutWrapper(BasicRNNCell(50, 3), output_keep_prob=0.5, variational_recurrent=True)
            self.second = DropoutWrapper(BasicRNNCell(50, 50, activation="linear"), input_keep_prob=0.5)

        def forward(self, inputs, state):
            output, state = self.first(inputs, state)
            return output, state

    cell, inputs = Own(), torch.randn(2, 6, 3)
    outputs, _ = dynamic_rnn(cell, inputs, seed=1)
    torch.testing.assert_close(dynamic_rnn(cell, inputs, seed=1)[0], outputs, rtol=0, atol=0)
    assert not torch.equal(dynamic_rnn(cell, inputs, seed=2)[0], outputs)
    assert ((outputs == 0) == (outputs == 0)[:1, :1]).all()


def test_recurrent_dropout_is_a_function_of_both_seeds():
    cells = [LayerNormBasicLSTMCell(6, 3, dropout_keep_prob=0.5, seed=seed) for seed in (None, 1, 1, 2)]
    for cell in cells[1:]:
        cell.load_state_dict(cells[0].state_dict())
    inputs = torch.randn(2, 5, 3)
    none, one, again, two = (dynamic_rnn(cell, inputs, seed=4)[0] for cell in cells)
    torch.testing.assert_close(again, one, rtol=0, atol=0)
    other_run = dynamic_rnn(cells[1], inputs, seed=5)[0]
    kept = dynamic_rnn(cells[1].eval(), inputs, seed=4)[0]
    different = [none, one, two, other_run, kept]
    assert not any(torch.equal(x, y) for i, x in enumerate(different) for y in different[:i])


def masks_of(cell, **options):
    """What a stack of dropout wrappers around cells that do nothing lets through, step by step."""
    return dynamic_rnn(cell, torch.ones(1, 3, 400), **options)[0]


class Through(RNNCell):
    """A cell that does nothing."""

    state_size = output_size = 400

    def forward(self, inputs, state):
        return inputs, state


def test_masks_are_unrelated():
    one = DropoutWrapper(Through(), input_keep_prob=0.5)
    seen = [
        masks_of(DropoutWrapper(Through(), 0.5, seed=s), seed=run)[0, t]
        for s in (None, 1, 2)
        for run in (4, 5)
        for t in range(3)
    ]
    seen += list(masks_of(DropoutWrapper(Through(), 1.0, 0.5), seed=4)[0])
    fw, bw = bidirectional_dynamic_rnn(one, one, torch.ones(1, 1, 400), seed=5)[0]
    seen += [fw[0, 0] * 0 + bw[0, 0]]
    for a in range(len(seen)):
        for b in range(a):
            assert 0.35 < float(((seen[a] == 0) == (seen[b] == 0)).float().mean()) < 0.65
    deep = MultiRNNCell([DropoutWrapper(Through(), input_keep_prob=0.97, seed=None) for _ in range(70)])
    assert float((masks_of(deep, seed=1) != 0).float().mean()) < 0.3


def test_a_shared_wrapper_drops_anew_in_each_layer():
    shared = DropoutWrapper(Through(), input_keep_prob=0.5)
    outputs = masks_of(MultiRNNCell([shared, shared]), seed=1)
    assert 0.15 < float((outputs != 0).float().mean()) < 0.35


def test_state_dropout_reaches_into_dicts_and_spares_counters():
    class Nested(RNNCell):
        state_size = {"count": 1, "lstm": LSTMStateTuple(300, 300)}
        output_size = 3

        def forward(self, inputs, state):
            return inputs, {"count": state["count"] + 1, "lstm": state["lstm"]}

    cell = DropoutWrapper(Nested(), state_keep_prob=0.5)
    ones = torch.ones(2, 300)
    state = {"count": torch.zeros(2, 1, dtype=torch.int64), "lstm": LSTMStateTuple(ones, ones)}
    _, final = dynamic_rnn(cell, torch.ones(2, 4, 3), initial_state=state)
    assert final["count"].flatten().tolist() == [4, 4]
    assert (final["lstm"].c == 1).all()
    assert (final["lstm"].h == 0).float().mean() > 0.8
