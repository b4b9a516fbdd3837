"""Layers, cells, templates and scopes, where TensorFlow 1.15 has no answer to compare with or a worse one."""

import copy
import pickle
import threading

import numpy as np
import pytest

import ostinato.tf1 as tf

BasicLSTMCell, MultiRNNCell = tf.nn.rnn_cell.BasicLSTMCell, tf.nn.rnn_cell.MultiRNNCell


def names(items):
    return [item.name for item in items]


def run(cell, scope):
    with tf.variable_scope(scope):
        return tf.nn.dynamic_rnn(cell, tf.ones([1, 2, 3]), dtype=tf.float32)[0]


# -- copies
def test_a_copy_of_a_cell_that_was_not_called_has_variables_of_its_own():
    cell = MultiRNNCell([BasicLSTMCell(2, name="first"), tf.nn.rnn_cell.GRUCell(2)])
    other = copy.deepcopy(cell)
    run(cell, "a")
    run(other, "b")
    assert names(other.variables) == [name.replace("a/", "b/", 1) for name in names(cell.variables)]
    assert len(tf.global_variables()) == 12


def test_a_copy_of_a_cell_that_was_called_shares_its_variables():
    cell = BasicLSTMCell(2, activation=lambda x: tf.tanh(x))
    before = run(cell, "a")
    other = copy.deepcopy(cell)
    after = run(other, "b")
    assert all(ours is theirs for ours, theirs in zip(other.variables, cell.variables, strict=True))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        first, second = session.run([before, after])
    np.testing.assert_array_equal(first, second)


def test_a_copy_of_a_cell_is_of_its_own_settings():
    cell = BasicLSTMCell(2)
    cell.settings = {"sizes": [1, 2]}
    other = copy.deepcopy(cell)
    other.settings["sizes"].append(3)
    assert cell.settings == {"sizes": [1, 2]}


def test_a_cell_that_was_not_called_can_be_pickled():
    cell = pickle.loads(pickle.dumps(MultiRNNCell([BasicLSTMCell(2), tf.nn.rnn_cell.GRUCell(2)])))
    run(cell, "a")
    assert names(cell.variables)[0] == "a/rnn/multi_rnn_cell/cell_0/basic_lstm_cell/kernel:0"


# -- what a layer keeps
def test_parts_are_among_the_variables_of_a_layer():
    cell = tf.nn.rnn_cell.LSTMCell(4, num_unit_shards=2)
    run(cell, "a")
    assert names(cell.trainable_variables) == [
        "a/rnn/lstm_cell/kernel/part_0:0",
        "a/rnn/lstm_cell/kernel/part_1:0",
        "a/rnn/lstm_cell/bias:0",
    ]


def test_a_custom_getter_can_keep_a_layer_from_being_trained():
    def fixed(getter, *args, **kwargs):
        return getter(*args, **{**kwargs, "trainable": False})

    cell = BasicLSTMCell(2)
    with tf.variable_scope("s", custom_getter=fixed):
        run(cell, "a")
    assert cell.trainable_variables == []
    assert len(cell.non_trainable_variables) == 2


def test_losses_and_updates_are_told_apart_by_what_they_depend_on():
    class Layer(tf.layers.Layer):
        def call(self, inputs):
            self.add_loss(tf.reduce_sum(inputs), inputs=inputs)
            self.add_loss(lambda: tf.constant(1.0))
            self.add_update(tf.reduce_max(inputs), inputs=inputs)
            return inputs

    layer = Layer(activity_regularizer=lambda x: tf.reduce_sum(x * x))
    first, second = tf.ones([2, 3]), tf.zeros([2, 3])
    layer(first)
    layer(second)
    assert len(layer.losses) == 6
    assert len(layer.get_losses_for(first)) == len(layer.get_losses_for(second)) == 2
    assert len(layer.get_losses_for(None)) == 2
    assert len(layer.get_updates_for(first)) == 1
    assert layer.get_updates_for(None) == []
    assert tf.get_collection(tf.GraphKeys.UPDATE_OPS) == layer.updates
    with tf.Session() as session:
        assert session.run(layer.get_losses_for(first)) == [6.0, 3.0]


def test_a_layer_without_a_call_of_its_own_gives_its_inputs_back():
    x = tf.ones([2])
    assert tf.layers.Layer()(x) is x


# -- scopes
def test_each_thread_has_a_scope_of_its_own():
    graph, found = tf.get_default_graph(), []

    def other():
        with graph.as_default():
            found.append(tf.get_variable_scope().name)
            with tf.variable_scope("b"):
                found.append(tf.get_variable("w", [1]).name)

    with tf.variable_scope("a"):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert tf.get_variable("w", [1]).name == "a/w:0"
    assert found == ["", "b/w:0"]


def test_scopes_are_left_in_the_order_they_were_entered():
    outer, inner = tf.variable_scope("a"), tf.variable_scope("b")
    outer.__enter__()
    inner.__enter__()
    with pytest.raises(RuntimeError, match="Improper nesting of variable_scope"):
        outer.__exit__(None, None, None)


def test_a_scope_can_be_entered_again_while_it_is_open():
    scope = tf.variable_scope("a", reuse=tf.AUTO_REUSE)
    with scope, scope:
        assert tf.get_variable("w", [1]).name == "a/a/w:0"
    with scope:
        assert tf.get_variable("w", [1]).name == "a/w:0"


def test_a_template_that_trains_a_new_variable_later_is_refused():
    count = iter(range(9))
    template = tf.make_template("t", lambda: tf.Variable([1.0], name=f"v{next(count)}"))
    template()
    with pytest.raises(ValueError, match="Trainable variable created when calling a template"):
        template()
    with pytest.raises(ValueError, match="name cannot be None"):
        tf.make_template(None, lambda: None)


# -- variables
def test_a_variable_whose_initial_value_is_from_inside_a_loop_is_refused():
    def body(i):
        with pytest.raises(ValueError, match="is from inside a control-flow construct"):
            tf.Variable(tf.ones([2]) * tf.cast(i, tf.float32))
        return i + 1

    tf.while_loop(lambda i: i < 2, body, [0])


def test_resource_variables_can_be_the_rule():
    tf.enable_resource_variables()
    try:
        assert tf.resource_variables_enabled()
        variable = tf.get_variable("w", initializer=1.0)
    finally:
        tf.disable_resource_variables()
    assert variable.dtype == tf.float32
    assert tf.get_variable("v", initializer=1.0).dtype.name == "float32_ref"
    with tf.control_dependencies([variable.assign_add(1.0)]):
        reads = [variable + 0.0, variable.value(), variable.value()]
    assert reads[1] is reads[2]
    with tf.Session() as session:
        session.run(variable.initializer)
        assert session.run(reads) == [2.0, 2.0, 2.0]
        assert session.run(variable.is_initialized())


def test_rows_of_a_gradient_are_taken_where_the_whole_does_the_same():
    variable = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
    rows = tf.IndexedSlices(tf.constant([[1.0, 1.0], [2.0, 2.0]]), tf.constant([1, 1]))
    train = tf.train.GradientDescentOptimizer(1.0).apply_gradients([(rows, variable)])
    with pytest.raises(ValueError, match="Tensor conversion requested for IndexedSlices without dense_shape"):
        tf.convert_to_tensor(rows)
    held = tf.Variable([[1.0, 2.0], [3.0, 4.0]], constraint=tf.tanh)
    with pytest.raises(RuntimeError, match="Cannot use a constraint function on a sparse variable"):
        tf.train.GradientDescentOptimizer(1.0).apply_gradients([(rows, held)])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(train)
        assert session.run(variable).tolist() == [[1.0, 2.0], [0.0, 1.0]]


def test_an_optimizer_with_slots_alters_the_rows_of_a_gradient_alone():
    variable = tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    ids = tf.placeholder(tf.int32, [None])
    optimizer = tf.train.MomentumOptimizer(1.0, 0.5)
    train = optimizer.minimize(tf.reduce_sum(tf.nn.embedding_lookup(variable, ids)))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(train, {ids: [1, 1]})
        session.run(train, {ids: [0]})
        assert session.run(variable).tolist() == [[0.0, 1.0], [1.0, 2.0], [5.0, 6.0]]
        assert session.run(optimizer.get_slot(variable, "momentum")).tolist() == [[1, 1], [2, 2], [0, 0]]


def test_an_optimizer_of_ones_own_has_what_tensorflows_have():
    class Signs(tf.train.Optimizer):
        def __init__(self):
            super().__init__(False, "Signs")

        def _create_slots(self, var_list):
            for variable in var_list:
                self._zeros_slot(variable, "seen", "Seen")

        def _apply_dense(self, grad, var):
            seen = self.get_slot(var, "seen").assign_add(grad)
            return var.assign_sub(tf.sign(seen)).op

    w = tf.Variable([3.0, -3.0], name="w")
    optimizer = Signs()
    train = optimizer.minimize(tf.reduce_sum(w * w))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(train)
        session.run(train)
        assert session.run(w).tolist() == [1.0, -1.0]
    assert names(optimizer.variables()) == ["w/Seen:0"]
    with pytest.raises(NotImplementedError, match="define _apply_dense"):
        tf.train.Optimizer(False, "none").minimize(tf.reduce_sum(w))


def test_a_gradient_of_another_shape_is_refused():
    w = tf.Variable([3.0, -3.0])
    with pytest.raises(ValueError, match=r"Shapes must be equal: a variable \[2\] and its gradient \[3\]"):
        tf.train.AdamOptimizer().apply_gradients([(tf.ones([3]), w)])


def test_variables_without_values_are_told():
    assert tf.assert_variables_initialized() is None
    tf.Variable([1.0], name="v"), tf.Variable(2.0)
    check = tf.assert_variables_initialized()
    with tf.Session() as session:
        with pytest.raises(tf.errors.FailedPreconditionError, match="uninitialized value v"):
            session.run(check)
        session.run(tf.global_variables_initializer())
        assert session.run(check).tolist() == [1, 0]


def test_what_a_scope_says_is_read_only_but_for_its_setters():
    with tf.variable_scope("a") as scope:
        tf.get_variable("w", [1])
        with pytest.raises(AttributeError):
            scope.reuse = True
        scope._reuse = True  # which scripts of the time did
        assert tf.get_variable("w").name == "a/w:0"
