"""The steps of static_rnn run as one sequence where nobody looks between them, and give the same in any
case.
"""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ostinato.tf1 as tf
from ostinato.tf1 import fuse, plan

STEPS = 5
X = np.random.default_rng(0).normal(size=[3, STEPS, 2]).astype(np.float32)
cells = tf.nn.rnn_cell
CELLS = {
    "BasicRNN": lambda: cells.BasicRNNCell(4),
    "LSTM": lambda: cells.LSTMCell(4, use_peepholes=True, num_proj=3),
    "GRU": lambda: cells.GRUCell(4),
    "flat LSTM": lambda: cells.BasicLSTMCell(4, state_is_tuple=False),
    "Multi": lambda: cells.MultiRNNCell([cells.BasicLSTMCell(4), cells.GRUCell(3)]),
    "Residual": lambda: cells.ResidualWrapper(cells.GRUCell(2)),
    "Dropout": lambda: cells.DropoutWrapper(cells.BasicLSTMCell(4), 0.8, 0.7, 0.9),
}


class Network:
    """static_rnn over slices of one placeholder; `loss` depends on every output."""

    def __init__(self, cell, lengths=None):
        self.x = tf.placeholder(tf.float32, [None, STEPS, 2], name="x")
        self.slices = tf.unstack(self.x, axis=1)
        self.outputs, self.state = tf.nn.static_rnn(
            cell, self.slices, dtype=tf.float32, sequence_length=lengths
        )
        self.loss = tf.add_n([tf.reduce_sum(tf.square(output)) for output in self.outputs])
        self.gradients = tf.gradients(self.loss, tf.trainable_variables())
        self.steps = [op for op in tf.get_default_graph().get_operations() if op.type == "RNNCellStep"]


def flat(nest):
    return [leaf for part in nest for leaf in flat(part)] if isinstance(nest, (list, tuple)) else [nest]


def run_both_ways(monkeypatch, fetches, feeds):
    """The values with fusion and without; and the longest chain that the fused plan has."""
    results, longest = [], 0
    for fused in (True, False):
        monkeypatch.setattr(plan, "FUSE", fused)
        graph = tf.get_default_graph()
        graph.plans.clear()
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            results.append(flat(session.run(fetches, feeds)))
        if fused:
            units = [unit for made in graph.plans.values() for unit in made.units]
            longest = max(len(unit.operations) for unit in units)
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    return longest


@pytest.mark.parametrize("lengths", [None, [5, 2, 0]], ids=["full", "lengths"])
@pytest.mark.parametrize("name", CELLS)
def test_fused_steps_give_what_single_steps_give(monkeypatch, name, lengths):
    network = Network(CELLS[name](), lengths)
    assert len(network.steps) == STEPS
    fetches = [network.outputs, network.state, network.gradients]
    assert run_both_ways(monkeypatch, fetches, {network.x: X}) == STEPS


def test_every_output_may_be_fetched_and_used_without_breaking_the_chain(monkeypatch):
    network = Network(cells.BasicLSTMCell(4))
    later = [tf.matmul(output, tf.ones([4, 2])) for output in network.outputs]
    assert run_both_ways(monkeypatch, [network.outputs, later], {network.x: X}) == STEPS


@pytest.mark.parametrize("where", range(STEPS))
def test_an_inner_memory_that_is_fetched_ends_the_chain(monkeypatch, where):
    network = Network(cells.BasicLSTMCell(4))
    memory = network.steps[where].outputs[0]
    longest = run_both_ways(monkeypatch, [memory, network.loss, network.gradients], {network.x: X})
    assert longest == (STEPS if where == STEPS - 1 else max(where + 1, STEPS - 1 - where))


@pytest.mark.parametrize("where", range(STEPS))
@pytest.mark.parametrize("leaf", [0, 1])
def test_an_inner_state_that_is_fed_is_what_the_next_step_takes(monkeypatch, leaf, where):
    network = Network(cells.BasicLSTMCell(4))
    inner = network.steps[where].outputs[leaf]
    feeds = {network.x: X, inner: np.full([3, 4], 0.5)}
    run_both_ways(monkeypatch, [network.outputs, network.state, network.gradients], feeds)


def test_a_fed_slice_takes_the_place_of_an_input(monkeypatch):
    network = Network(cells.GRUCell(4))
    feeds = {network.x: X, network.slices[2]: np.zeros([3, 2])}
    assert run_both_ways(monkeypatch, [network.outputs, network.gradients], feeds) == STEPS


@pytest.mark.parametrize("where", range(STEPS))
def test_gradients_with_respect_to_inner_tensors(monkeypatch, where):
    network = Network(cells.BasicLSTMCell(4))
    memory, output = network.steps[where].outputs
    found = tf.gradients(network.loss, [memory, output, network.slices[where], network.x])
    assert all(gradient is not None for gradient in found[1:])
    assert (found[0] is None) == (where == STEPS - 1)
    run_both_ways(monkeypatch, [leaf for leaf in found if leaf is not None], {network.x: X})


def test_inputs_from_a_list_of_placeholders(monkeypatch):
    placeholders = [tf.placeholder(tf.float32, [None, 2]) for _ in range(STEPS)]
    outputs, state = tf.nn.static_rnn(cells.GRUCell(4), placeholders, dtype=tf.float32)
    feeds = {placeholder: X[:, index] for index, placeholder in enumerate(placeholders)}
    assert run_both_ways(monkeypatch, [outputs, state], feeds) == STEPS


def test_a_decoder_that_feeds_its_output_back_is_taken_apart(monkeypatch):
    cell = cells.GRUCell(4)
    x = tf.placeholder(tf.float32, [None, 4])
    state, outputs, inputs = cell.zero_state(3, tf.float32), [], x
    for _ in range(STEPS):
        inputs, state = cell(inputs, state)
        outputs.append(inputs)
    assert run_both_ways(monkeypatch, [outputs, state], {x: np.ones([3, 4])}) == 1


def test_a_chain_beside_a_decoder_stays_one(monkeypatch):
    network = Network(cells.GRUCell(4))
    decoder = cells.GRUCell(4, name="decoder")
    state, inputs = network.state, network.outputs[-1]
    for _ in range(3):
        inputs, state = decoder(inputs, state)
    assert run_both_ways(monkeypatch, [inputs, tf.gradients(inputs, network.x)], {network.x: X}) == STEPS


def test_a_loop_by_hand_is_fused_too(monkeypatch):
    cell = cells.BasicLSTMCell(4)
    x = tf.placeholder(tf.float32, [3, STEPS, 2])
    state, outputs = cell.zero_state(3, tf.float32), []
    with tf.variable_scope("RNN"):
        for step in range(STEPS):
            if step > 0:
                tf.get_variable_scope().reuse_variables()
            output, state = cell(x[:, step, :], state)
            outputs.append(output)
    assert [v.op.name for v in tf.trainable_variables()] == [
        "RNN/basic_lstm_cell/kernel",
        "RNN/basic_lstm_cell/bias",
    ]
    assert run_both_ways(monkeypatch, [outputs, state], {x: X}) == STEPS


def test_a_partial_run_fuses_only_the_steps_it_needs(monkeypatch):
    network = Network(cells.BasicLSTMCell(4))
    assert run_both_ways(monkeypatch, network.outputs[2], {network.x: X}) == 3


def test_chains_are_found_among_the_steps_of_two_cells():
    first, second = Network(cells.GRUCell(4)), Network(cells.GRUCell(4, name="second"))
    chains = fuse.find_chains(tf.get_default_graph().get_operations(), set(), set())
    assert sorted(len(chain.operations) for chain in chains) == [STEPS, STEPS]
    assert {chain.source for chain in chains} == {first.x, second.x}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_fed_and_fetched_fusion_changes_nothing(monkeypatch, data):
    name = data.draw(st.sampled_from(["LSTM", "GRU", "Multi", "Dropout", "Residual"]))
    lengths = data.draw(st.sampled_from([None, [5, 2, 0]]))
    with tf.Graph().as_default():
        tf.set_random_seed(7)
        network = Network(CELLS[name](), lengths)
        inner = [tensor for step in network.steps for tensor in step.outputs]
        fed = data.draw(st.lists(st.sampled_from([*inner, *network.slices]), max_size=2, unique=True))
        fetched = data.draw(st.lists(st.sampled_from(inner), max_size=3, unique=True))
        xs = data.draw(st.lists(st.sampled_from([*inner, *network.slices]), max_size=2, unique=True))
        found = tf.gradients(network.loss, [*xs, network.x])
        found = [gradient for gradient in found if gradient is not None]
        feeds = {tensor: np.full([3, tensor.shape[-1].value], 0.3) for tensor in fed}
        run_both_ways(monkeypatch, [fetched, found, network.outputs], {network.x: X, **feeds})


@pytest.mark.parametrize("order", [range(STEPS), range(STEPS)[::-1], [0, 1, 3, 2, 4]], ids=str)
@pytest.mark.parametrize("key", [lambda t: np.s_[:, t, :], lambda t: np.s_[:, t], lambda t: np.s_[t]])
def test_a_loop_by_hand_over_slices_runs_as_one_sequence(key, order, monkeypatch):
    axis = 0 if isinstance(key(0), int) else 1
    shape = [STEPS, None, 2] if axis == 0 else [None, STEPS, 2]
    x = tf.placeholder(tf.float32, shape)
    cell = cells.MultiRNNCell([cells.BasicLSTMCell(4), cells.BasicLSTMCell(3)])
    state, outputs = cell.zero_state(3, tf.float32), []
    for step in order:
        output, state = cell(x[key(step)], state)
        outputs.append(output)
    loss = tf.reduce_sum(tf.square(tf.concat(outputs, 1)))
    fetches = [loss, state, *tf.gradients(loss, [x, *tf.trainable_variables()])]
    assert run_both_ways(monkeypatch, fetches, {x: np.moveaxis(X, 1, axis)}) == STEPS
    (chain,) = fuse.find_chains(tf.get_default_graph().get_operations(), (), ())
    assert (chain.source is x) == (list(order) == list(range(STEPS)))
