"""The wrappers, fused adaptors and cells over frequencies of `tf.contrib.rnn`: what is not their numbers."""

import logging

import numpy as np
import pytest
import torch

import ostinato.tf1 as tf
from ostinato.cells import lower
from ostinato.tf1.cell_description import bind

RNN, CORE = tf.contrib.rnn, tf.nn.rnn_cell
PATHS = RNN.python.ops
NTMCell = PATHS.rnn_cell.NTMCell


class OldCell(CORE.RNNCell):
    """A cell as they were written in 2016: `__call__` with a scope of its own."""

    state_size = output_size = 3

    def __call__(self, inputs, state, scope=None):
        with tf.variable_scope(scope or "old"):
            kernel = tf.get_variable("w", [inputs.shape[1].value + 3, 3])
            new = tf.sigmoid(tf.matmul(tf.concat([inputs, state], 1), kernel))
        return new, new


def grid(x, **options):
    cell = RNN.GridLSTMCell(2, **options)
    return cell(x, cell.zero_state(2, tf.float32))


def stepped(make, x):
    cell = make()
    return cell(x, cell.zero_state(2, tf.float32))


def zeros(*sizes):
    return tf.zeros(sizes)


WINDOWS = {"feature_size": 2, "frequency_skip": 1}
ERRORS = [
    (lambda: RNN.InputProjectionWrapper(None, 3), TypeError, "The argument 'cell' (None) is not an RNNCell"),
    (lambda: RNN.AttentionCellWrapper(None, 3), TypeError, "The argument 'cell' (None) is not an RNNCell"),
    (lambda: NTMCell(None, 4, 2, 1, 1), TypeError, "The argument 'NTM RNN controller cell' (None) is not an"),
    (
        lambda: RNN.OutputProjectionWrapper(CORE.GRUCell(3), 0),
        ValueError,
        "Parameter output_size must be > 0",
    ),
    (
        lambda: RNN.EmbeddingWrapper(CORE.GRUCell(3), 0, 3),
        ValueError,
        "Both embedding_classes and embedding_size must be > 0: 0, 3.",
    ),
    (
        lambda: RNN.AttentionCellWrapper(CORE.GRUCell(3), 0),
        ValueError,
        "attn_length should be greater than zero, got 0",
    ),
    (
        lambda: RNN.AttentionCellWrapper(CORE.GRUCell(3), -1),
        ValueError,
        "attn_length should be greater than zero, got -1",
    ),
    (
        lambda: RNN.AttentionCellWrapper(CORE.LSTMCell(4), 1, state_is_tuple=False),
        ValueError,
        "Cell returns tuple of states, but the flag state_is_tuple is not set. State size is: LSTM",
    ),
    (
        lambda: stepped(lambda: RNN.HighwayWrapper(CORE.GRUCell(4)), zeros(2, 3)),
        ValueError,
        "Shapes (2, 3) and (2, 4) are incompatible",
    ),
    (
        lambda: stepped(lambda: RNN.HighwayWrapper(OldCell()), zeros(2, 4)),
        ValueError,
        "Shapes (2, 4) and (2, 3) are incompatible",
    ),
    (
        lambda: stepped(lambda: RNN.InputProjectionWrapper(CORE.GRUCell(3), 2), zeros(2, 3, 1)),
        ValueError,
        "linear is expecting 2D arguments: [TensorShape(",
    ),
    (
        lambda: stepped(
            lambda: RNN.AttentionCellWrapper(CORE.GRUCell(3), 2), tf.placeholder(tf.float32, [2, None])
        ),
        ValueError,
        "linear expects shape[1] to be provided for shape (2, ?), but saw ?",
    ),
    (lambda: RNN.GridLSTMCell(2), ValueError, "Must specify num_frequency_blocks"),
    (
        lambda: grid(zeros(2, 3), num_frequency_blocks=[2]),
        ValueError,
        "feature_size must be given",
    ),
    (
        lambda: grid(zeros(2, 3), num_frequency_blocks=[1], **WINDOWS),
        ValueError,
        "Invalid num_frequency_blocks, requires 1 but gets 2, please check",
    ),
    (
        lambda: grid(zeros(2, 3), num_frequency_blocks=[1, 1], **WINDOWS),
        ValueError,
        "Length of num_frequency_blocks is not 1, but instead is 2",
    ),
    (
        lambda: grid(
            zeros(2, 3),
            num_frequency_blocks=[1, 1],
            start_freqindex_list=[0, 1],
            end_freqindex_list=[1],
            **WINDOWS,
        ),
        ValueError,
        "Length of start and end freqindex_list does not match",
    ),
    (
        lambda: grid(zeros(2, 3), num_frequency_blocks=[2], num_unit_shards=9, **WINDOWS),
        ValueError,
        "Too many shards: shape=[6, 8], num_shards=9",
    ),
    (
        lambda: grid(tf.placeholder(tf.float32, [2, None]), num_frequency_blocks=[2], **WINDOWS),
        ValueError,
        "Cannot infer input_size from static shape inference.",
    ),
    (
        lambda: RNN.TimeFreqLSTMCell(2, feature_size=2)(zeros(2, 3, 4), zeros(2, 4)),
        ValueError,
        "Shape (2, 3, 4) must have rank 2",
    ),
    (lambda: RNN.FusedRNNCell(), TypeError, "Can't instantiate abstract class FusedRNNCell"),
    (
        lambda: RNN.FusedRNNCellAdaptor(CORE.GRUCell(2))(
            tf.placeholder(tf.float32, [None, 2, 3]), dtype=tf.float32
        ),
        ValueError,
        "Cannot infer num from shape (?, 2, 3)",
    ),
]


@pytest.mark.parametrize(("run", "error", "words"), ERRORS, ids=[words for _, _, words in ERRORS])
def test_errors_are_tensorflows(run, error, words):
    with pytest.raises(error) as found:
        run()
    assert str(found.value).startswith(words)


def test_an_id_outside_the_table_is_told():
    ids = tf.placeholder(tf.int32, [2])
    output, _ = RNN.EmbeddingWrapper(CORE.GRUCell(3), 4, 3)(ids, zeros(2, 3))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(output, {ids: [0, 3]})
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"indices = 4 is not in \[0, 4\)"):
            session.run(output, {ids: [0, 4]})


def _nodes(kind):
    return [op for op in tf.get_default_graph().get_operations() if op.type == kind]


@pytest.mark.parametrize(
    "make",
    [
        lambda: RNN.InputProjectionWrapper(CORE.GRUCell(3), 4, activation=tf.nn.relu),
        lambda: RNN.OutputProjectionWrapper(CORE.LSTMCell(3), 4),
        lambda: RNN.HighwayWrapper(CORE.BasicLSTMCell(3)),
        lambda: RNN.AttentionCellWrapper(CORE.GRUCell(3), 2),
        lambda: RNN.CompiledWrapper(CORE.GRUCell(3)),
        lambda: NTMCell(CORE.LSTMCell(3), 5, 2, 1, 1, output_dim=2),
        lambda: RNN.BidirectionalGridLSTMCell(2, num_frequency_blocks=[2], **WINDOWS),
        lambda: CORE.MultiRNNCell(
            [RNN.HighwayWrapper(CORE.GRUCell(3)), CORE.ResidualWrapper(RNN.CompiledWrapper(CORE.GRUCell(3)))]
        ),
    ],
)
def test_a_wrapped_built_in_cell_is_one_node_over_cells_of_the_core(make):
    tf.nn.dynamic_rnn(make(), zeros(2, 5, 3), dtype=tf.float32, scope="dynamic")
    steps, _ = tf.nn.static_rnn(make(), tf.unstack(zeros(2, 4, 3), axis=1), dtype=tf.float32, scope="static")
    assert len(steps) == 4
    assert [type(op.attributes["description"]).__name__ for op in _nodes("DynamicRNN")] != ["Body"]
    assert len(_nodes("RNNCellStep")) == 4
    assert not _nodes("CellWrapperPart")


def test_what_wraps_a_cell_with_an_operator_for_sequences_runs_on_it():
    inner = RNN.HighwayWrapper(RNN.CompiledWrapper(CORE.BasicLSTMCell(3)))
    tf.nn.dynamic_rnn(RNN.OutputProjectionWrapper(inner, 2), zeros(2, 5, 3), dtype=tf.float32)
    node = _nodes("DynamicRNN")[0]
    sizes = [variable.shape.as_list() for variable in tf.global_variables()]
    assert [tensor.shape.as_list() for tensor in node.inputs[3:]] == sizes
    values = [torch.zeros(size) for size in sizes]
    assert lower(bind(node.attributes["description"], values, None)) is not None


@pytest.mark.parametrize(
    "make",
    [
        lambda: CORE.DropoutWrapper(OldCell(), input_keep_prob=1.0, output_keep_prob=0.5, seed=3),
        lambda: CORE.MultiRNNCell([OldCell(), RNN.HighwayWrapper(CORE.GRUCell(3)), OldCell()]),
        lambda: RNN.AttentionCellWrapper(OldCell(), 2),
        lambda: NTMCell(OldCell(), 5, 2, 1, 1, output_dim=2),
        lambda: CORE.ResidualWrapper(OldCell()),
        lambda: RNN.OutputProjectionWrapper(RNN.HighwayWrapper(OldCell()), 2),
    ],
)
def test_cells_of_ones_own_are_wrapped_too(make):
    x = np.random.RandomState(0).randn(2, 5, 3).astype(np.float32)
    outputs, _ = tf.nn.dynamic_rnn(make(), tf.constant(x), [5, 2], dtype=tf.float32)
    gradients = tf.gradients(tf.reduce_sum(outputs), tf.trainable_variables())
    assert None not in gradients
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        found, _ = session.run([outputs, gradients])
    assert found[0].any()
    assert not found[1, 2:].any()


def test_old_arguments_are_taken_with_a_word(caplog):
    with caplog.at_level(logging.WARNING, "tensorflow"):
        RNN.InputProjectionWrapper(CORE.GRUCell(3), 2, input_size=5)
        RNN.GridLSTMCell(2, num_frequency_blocks=[2], state_is_tuple=False)
        RNN.AttentionCellWrapper(CORE.GRUCell(3), 2, state_is_tuple=False)
    words = [record.getMessage() for record in caplog.records]
    assert "The input_size parameter is deprecated." in words[0]
    assert all("Using a concatenated state is slower" in message for message in words[1:])


def test_states_have_tensorflows_names():
    cell = RNN.GridLSTMCell(2, num_frequency_blocks=[2, 1])
    fields = ["state_f00_b00_c", "state_f00_b00_m", "state_f01_b00_c", "state_f01_b00_m"]
    assert [*cell.state_size._fields] == [*fields, "state_f00_b01_c", "state_f00_b01_m"]
    both = RNN.BidirectionalGridLSTMCell(2, num_frequency_blocks=[1])
    assert type(both.state_size).__name__ == "BidirectionalGridLSTMStateTuple"
    assert both.state_size._asdict() == {
        "fwd_state_f00_b00_c": 2,
        "fwd_state_f00_b00_m": 2,
        "bwd_state_f00_b00_c": 2,
        "bwd_state_f00_b00_m": 2,
    }
    assert (both.output_size, cell.output_size) == (8, 12)
    state = NTMCell(CORE.LSTMCell(3), 4, 2, 1, 1).zero_state(2, tf.float32)
    assert isinstance(state, PATHS.rnn_cell.NTMControllerState)
    assert [leaf.name for leaf in state.controller_state] == [
        "LSTMCellZeroState/zeros:0",
        "LSTMCellZeroState/zeros_1:0",
    ]


def test_a_highway_makes_its_variables_in_the_scope_that_it_is_called_in():
    cell = RNN.HighwayWrapper(CORE.GRUCell(3))
    cell(zeros(2, 3), zeros(2, 3))
    with pytest.raises(ValueError, match="Variable carry_w already exists, disallowed"):
        cell(zeros(2, 3), zeros(2, 3))
    with tf.variable_scope("other"):
        cell(zeros(2, 3), zeros(2, 3))
    names = [variable.op.name for variable in tf.global_variables()]
    assert names[-4:] == ["carry_w", "carry_b", "other/carry_w", "other/carry_b"]


def test_wrappers_know_the_weights_that_tensorflows_know():
    attention = RNN.AttentionCellWrapper(CORE.GRUCell(3), 2)
    attention(zeros(2, 3), attention.zero_state(2, tf.float32))
    assert [weight.name for weight in attention.weights] == [v.name for v in tf.global_variables()]
    machine = NTMCell(CORE.GRUCell(3), 4, 2, 1, 1)
    machine(zeros(2, 3), machine.zero_state(2, tf.float32))
    assert [weight.op.name.split("/")[1] for weight in machine.weights] == [
        "parameters_kernel",
        "parameters_bias",
        "output_kernel",
        "output_bias",
        "initial_read_vector_0",
        "initial_address_weights_0",
        "initial_address_weights_1",
        "memory",
    ]


def test_where_variables_start():
    with tf.variable_scope("given", initializer=tf.constant_initializer(0.25)):
        RNN.EmbeddingWrapper(CORE.GRUCell(3), 4, 3)(tf.constant([1, 2]), zeros(2, 3))
        RNN.HighwayWrapper(CORE.GRUCell(3), False, 2.0)(zeros(2, 3), zeros(2, 3))
        NTMCell(CORE.GRUCell(3), 4, 2, 1, 1)(
            zeros(2, 3), NTMCell(CORE.GRUCell(3), 4, 2, 1, 1).zero_state(2, tf.float32)
        )
    RNN.EmbeddingWrapper(CORE.GRUCell(3), 400, 3)(tf.constant([1, 2]), zeros(2, 3))
    variables = {variable.op.name: variable for variable in tf.global_variables()}
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        values = session.run(variables)
    assert (values["given/embedding_wrapper/embedding"] == 0.25).all()
    assert (values["given/carry_w"] == 0.25).all()
    assert (values["given/carry_b"] == 2.0).all()
    assert (values["given/transform_b"] == -2.0).all()
    assert np.allclose(values["given/ntm_cell/memory"], 1e-6)
    kernel = values["given/ntm_cell/parameters_kernel"]
    assert 0 < np.abs(kernel).max() <= 2 / 3**0.5
    assert 0 < np.abs(values["given/ntm_cell/initial_read_vector_0"]).max() <= (6 / 3) ** 0.5
    assert 1.6 < np.abs(values["embedding_wrapper/embedding"]).max() <= 3**0.5


def test_modules_by_path_show_the_same_classes():
    assert PATHS.core_rnn_cell.EmbeddingWrapper is RNN.EmbeddingWrapper
    assert PATHS.fused_rnn_cell.TimeReversedFusedRNN is RNN.TimeReversedFusedRNN
    assert PATHS.rnn_cell.BidirectionalGridLSTMCell is RNN.BidirectionalGridLSTMCell


def test_a_list_is_reversed_whole_and_a_tensor_by_its_lengths():
    x = np.arange(6, dtype=np.float32).reshape(3, 2, 1)

    backwards = RNN.TimeReversedFusedRNN(lambda inputs, **_: (seen.append(inputs) or inputs, None))
    seen = []
    backwards(tf.constant(x), sequence_length=[2, 3])
    backwards([tf.constant(step) for step in x], sequence_length=[2, 3])
    with tf.Session() as session:
        tensor, steps = session.run([seen[0], tf.stack(seen[1])])
    assert tensor[..., 0].tolist() == [[2, 5], [0, 3], [4, 1]]
    assert steps[..., 0].tolist() == [[4, 5], [2, 3], [0, 1]]


def test_cells_tell_their_arguments():
    cell = CORE.LSTMCell(
        3, use_peepholes=True, initializer=tf.zeros_initializer(), activation="relu", name="a"
    )
    config = cell.get_config()
    assert config["initializer"] == {"class_name": "Zeros", "config": {"dtype": "float32"}}
    assert (config["name"], config["activation"], config["num_unit_shards"]) == ("a", "relu", None)
    again = CORE.LSTMCell.from_config(config)
    assert again.get_config() == config
    again(zeros(2, 3), again.zero_state(2, tf.float32))
    assert [weight.op.name for weight in again.weights][2:] == ["a/w_f_diag", "a/w_i_diag", "a/w_o_diag"]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert not session.run(again.weights[0]).any()


def test_wrappers_tell_their_arguments():
    def visitor(state):
        return True

    inner = CORE.GRUCell(3, bias_initializer="ones", name="b")
    wrapper = CORE.DropoutWrapper(
        CORE.DeviceWrapper(inner, "/cpu:0"),
        output_keep_prob=0.5,
        seed=3,
        dropout_state_filter_visitor=visitor,
    )
    config = wrapper.get_config()
    assert config["cell"]["class_name"] == "DeviceWrapper"
    assert config["cell"]["config"]["cell"]["config"] == inner.get_config()
    assert (config["input_keep_prob"], config["output_keep_prob"], config["seed"]) == (1.0, 0.5, 3)
    again = CORE.DropoutWrapper.from_config(config | {"cell": inner})
    assert again.wrapped_cell is again.cell is inner
    assert again.get_config() == config | {"cell": {"class_name": "GRUCell", "config": inner.get_config()}}
    with pytest.raises(ValueError, match="RNNCellWrapper cannot reconstruct the wrapped cell"):
        CORE.ResidualWrapper.from_config(CORE.ResidualWrapper(inner, lambda x, y: y).get_config())


def test_a_stack_of_one_cell_shares_its_weights_with_a_word(caplog):
    with caplog.at_level(logging.WARNING, "tensorflow"):
        stack = CORE.MultiRNNCell([CORE.GRUCell(3)] * 2)
    assert "the same object and will share weights" in caplog.text
    stack(zeros(2, 3), stack.zero_state(2, tf.float32))
    assert len(stack.trainable_weights) == 2 * len(tf.global_variables()) == 8


@pytest.mark.parametrize("cell", [CORE.GRUCell, lambda units: OldCell()])
def test_a_device_is_that_of_a_cells_nodes(cell):
    wrapper = CORE.DeviceWrapper(cell(3), "/cpu:7")
    state = wrapper.zero_state(2, tf.float32)
    output, _ = wrapper(zeros(2, 3), state)
    assert output.device == state.device == tf.get_default_graph().get_operations()[-1].device != ""
    assert "7" in output.device


@pytest.mark.parametrize(
    "make",
    [
        lambda: RNN.AttentionCellWrapper(CORE.GRUCell(3), 2),
        lambda: RNN.OutputProjectionWrapper(RNN.HighwayWrapper(CORE.LSTMCell(3)), 2),
        lambda: NTMCell(CORE.LSTMCell(3), 5, 2, 1, 1, output_dim=2),
        lambda: RNN.GridLSTMCell(2, num_frequency_blocks=[2], **WINDOWS),
    ],
)
def test_less_memory_changes_no_gradient(make):
    x = tf.constant(np.random.RandomState(0).randn(2, 9, 3).astype(np.float32))
    cell, found = make(), []
    for swap_memory in (False, True):
        outputs, _ = tf.nn.dynamic_rnn(cell, x, [9, 4], dtype=tf.float32, swap_memory=swap_memory, scope="a")
        found.append(tf.gradients(tf.reduce_sum(tf.square(outputs)), [x, *tf.trainable_variables()]))
        tf.get_variable_scope().reuse_variables()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        kept, swapped = session.run(found)
    for one, other in zip(kept, swapped, strict=True):
        # Sums of the same terms in another order: what is lost is lost of the largest.
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=2e-6 * max(1, np.abs(other).max()))


@pytest.mark.parametrize(
    "wrap",
    [
        lambda: RNN.InputProjectionWrapper(CORE.GRUCell(3), 2),
        lambda: RNN.AttentionCellWrapper(CORE.GRUCell(3), 2, input_size=2),
        lambda: CORE.ResidualWrapper(RNN.InputProjectionWrapper(CORE.GRUCell(4), 2)),
        lambda: CORE.MultiRNNCell([RNN.InputProjectionWrapper(CORE.GRUCell(3), 2)]),
        lambda: RNN.HighwayWrapper(RNN.InputProjectionWrapper(CORE.GRUCell(4), 2)),
    ],
)
def test_a_wrapper_that_gives_its_cell_inputs_of_another_size_stands_anywhere_in_a_stack(wrap):
    x = tf.constant(np.random.default_rng(3).normal(size=(2, 3, 5)).astype("float32"))
    with tf.variable_scope("whole") as scope:
        stack = CORE.MultiRNNCell([CORE.GRUCell(4), wrap()])
        whole, _ = tf.nn.dynamic_rnn(stack, x, dtype=tf.float32)
        scope.reuse_variables()
        unrolled, _ = tf.nn.static_rnn(stack, tf.unstack(x, axis=1), dtype=tf.float32)
        state, steps = stack.zero_state(2, tf.float32), []
        for step in tf.unstack(x, axis=1):
            output, state = stack(step, state)
            steps.append(output)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        found = session.run([whole, tf.stack(unrolled, 1), tf.stack(steps, 1)])
    assert np.abs(found[0]).max() > 0
    for other in found[1:]:
        np.testing.assert_allclose(other, found[0], rtol=1e-5, atol=1e-6)
