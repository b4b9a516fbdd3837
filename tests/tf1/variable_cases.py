"""What variables, scopes and layers do, as functions of a module with TensorFlow 1's symbols.

Each case returns plain values: numbers, names, or what it raised. tools/make_tf1_variable_cases.py has them
of TensorFlow 1.15, and test_variable_cases.py compares.
"""

import numpy as np

CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def run(tf, name):
    """The result of a case in a graph of its own."""
    with tf.Graph().as_default():
        return plain(CASES[name](tf))


def plain(value):
    """A value as JSON has it: arrays become lists, and numbers keep twelve digits."""
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (np.ndarray, np.generic)):
        return plain(value.tolist())
    if isinstance(value, bytes):
        return value.decode()
    return float(f"{value:.12g}") if isinstance(value, float) else value


def raised(function, *arguments, **options):
    """What a call raises: its type and the words it begins with."""
    try:
        return ["nothing", str(type(function(*arguments, **options)).__name__ != "")]
    except Exception as problem:
        words = str(problem).replace("\n", " ").split("Originally defined")[0]
        return [type(problem).__name__, words[:50]]


def names(items):
    return [item.name for item in items]


def values(tf, fetches, before=None):
    with tf.Session() as session:
        session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        if before is not None:
            session.run(before)
        return session.run(fetches)


# -- get_variable and its scope
@case
def reuse_in_all_its_forms(tf):
    found = []
    with tf.variable_scope("a") as scope:
        found.append(scope.reuse)
        tf.get_variable("w", [2])
        found.append(raised(tf.get_variable, "w", [2]))
        with tf.variable_scope("b", reuse=tf.AUTO_REUSE) as inner:
            found += [str(inner.reuse), tf.get_variable("w", [2]) is tf.get_variable("w", [2])]
            with tf.variable_scope("c") as innermost:
                found.append(str(innermost.reuse))
        scope.reuse_variables()
        found += [scope.reuse, tf.get_variable("w").name, raised(tf.get_variable, "v", [2])]
        with tf.variable_scope("b", reuse=False) as inner:
            found.append(inner.reuse)
    with tf.variable_scope(scope) as again:
        found += [again.reuse, raised(tf.get_variable, "w", [3]), raised(tf.get_variable, "w", [2], tf.int32)]
    found.append(raised(tf.variable_scope, "x", reuse="yes"))
    found.append(raised(tf.variable_scope, None))
    found.append(raised(tf.variable_scope, "x", auxiliary_name_scope="no"))
    return found


@case
def custom_getters_nest_from_the_outside_in(tf):
    calls = []

    def getter_named(label):
        def custom(getter, name, *args, **kwargs):
            calls.append([label, name, sorted(kwargs)])
            return getter(name + "_" + label, *args, **kwargs)

        return custom

    with tf.variable_scope("s", custom_getter=getter_named("outer")) as scope:
        with tf.variable_scope("t", custom_getter=getter_named("inner")):
            first = tf.get_variable("w", [2])
        second = tf.get_variable("v", [2], custom_getter=getter_named("own"))
    with tf.variable_scope(scope, custom_getter=getter_named("again")):
        third = tf.get_variable("u", [])
    return calls, names([first, second, third])


@case
def a_custom_getter_without_constraint(tf):
    def custom(getter, name, shape=None, dtype=None, initializer=None, regularizer=None, reuse=None,
               trainable=True, collections=None, caching_device=None, partitioner=None, validate_shape=True,
               use_resource=None, synchronization=None, aggregation=None):  # fmt: skip
        return 2.0 * getter(name, shape, dtype, initializer, regularizer, reuse, trainable)

    with tf.variable_scope("s", custom_getter=custom):
        doubled = tf.get_variable("w", [2], initializer=tf.ones_initializer())
    return doubled.name, values(tf, doubled), raised(tf.get_variable, "v", [2], custom_getter=3)


@case
def defaults_of_a_scope(tf):
    def clipped(value):
        return tf.clip_by_value(value, 0.0, 1.0)

    options = {
        "initializer": tf.constant_initializer(3.0),
        "regularizer": lambda w: tf.reduce_sum(w, name="loss"),
        "dtype": tf.float64,
        "caching_device": "/cpu:0",
        "constraint": clipped,
    }
    with tf.variable_scope("s", **options) as scope:
        w = tf.get_variable("w", [2])
        with tf.variable_scope("t", regularizer=tf.no_regularizer) as inner:
            v = tf.get_variable("v", [2], dtype=tf.float32)
    losses = tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
    constraints = [scope.constraint is clipped, inner.constraint is None, w.constraint is clipped]
    devices = [w.value().device.lower()[-5:], str(inner.caching_device)]
    return constraints, w.dtype.name, v.dtype.name, names(losses), values(tf, [w, v, losses]), devices


@case
def setters_of_a_scope(tf):
    with tf.variable_scope("s") as scope:
        scope.set_initializer(tf.constant_initializer(7))
        scope.set_dtype(tf.int32)
        scope.set_regularizer(lambda w: None)
        scope.set_partitioner(tf.fixed_size_partitioner(2))
        scope.set_caching_device("/cpu:0")
        scope.set_use_resource(False)
        scope.set_custom_getter(lambda getter, *args, **kwargs: getter(*args, **kwargs))
        parts = list(tf.get_variable("w", [3]))
        scalar = tf.get_variable("v", [])
    return names([*parts, scalar]), [part.dtype.name for part in parts], values(tf, [*parts, scalar])


@case
def initial_values_of_get_variable(tf):
    given = tf.get_variable("a", initializer=[1, 2])
    array = tf.get_variable("b", initializer=np.ones([2], np.float64))
    tensor = tf.get_variable("c", initializer=tf.fill([2], 4.0))
    called = tf.get_variable("d", initializer=lambda: tf.constant([5.0]))
    made = tf.get_variable("e", [2], tf.int64)
    flag = tf.get_variable("f", [1], tf.bool)
    klass = tf.get_variable("g", [1], initializer=tf.ones_initializer)
    kinds = [item.dtype.name for item in (given, array, tensor, called, made, flag, klass)]
    errors = [
        raised(tf.get_variable, "x", [2], initializer=[1.0, 2.0]),
        raised(tf.get_variable, "y", dtype=tf.float64, initializer=np.ones([2], np.float32)),
        raised(tf.get_variable, "z", [None, 2]),
        raised(tf.get_variable, "z"),
        raised(tf.get_variable, "z", [2], tf.complex64),
    ]
    return kinds, values(tf, [given, array, tensor, called, made, flag, klass]), errors


@case
def collections_of_variables(tf):
    tf.get_variable("w", [2])
    tf.get_variable("fixed", [2], trainable=False)
    tf.get_variable("mine", [2], collections=["mine", tf.GraphKeys.MODEL_VARIABLES])
    tf.get_local_variable("local", [2])
    tf.Variable([1.0], collections=("mine",), trainable=False, name="given")
    tf.Variable([1.0], name="synchronized", synchronization=tf.VariableSynchronization.ON_READ)
    with tf.variable_scope("s") as scope:
        tf.get_variable("w", [2])
        tf.get_local_variable("l", [2])
    tf.add_to_collection("things", 5)
    tf.add_to_collections(["things", "others", "things"], 6)
    tf.add_to_collections("things", 7)
    graph = tf.get_default_graph()
    lists = [
        tf.global_variables(), tf.trainable_variables(), tf.local_variables(), tf.model_variables(),
        tf.moving_average_variables(), tf.get_collection("mine"), tf.global_variables("s/"),
        tf.trainable_variables(".*w"), scope.global_variables(), scope.trainable_variables(),
        scope.local_variables(), scope.get_collection("variables"),
    ]  # fmt: skip
    keys = sorted(key for key in graph.get_all_collection_keys())
    things = [tf.get_collection("things"), tf.get_collection("others"), tf.get_collection("things", "a")]
    return [names(items) for items in lists], keys, things, raised(tf.Variable, [1.0], collections="mine")


@case
def names_of_the_standard_collections(tf):
    keys = [key for key in vars(tf.GraphKeys) if key.isupper() and not key.startswith("_")]
    return sorted([key, getattr(tf.GraphKeys, key)] for key in keys if key != "VARIABLES")


@case
def options_of_copies(tf):
    found = [raised(tf.get_variable, "w", [2], synchronization=17)]
    found.append(raised(tf.get_variable, "w", [2], aggregation="x"))
    variable = tf.get_variable("w", [2], aggregation=tf.VariableAggregation.MEAN)
    return found, str(variable.aggregation), str(variable.synchronization), variable.trainable


@case
def variables_in_parts(tf):
    halves = tf.fixed_size_partitioner(2)
    with tf.variable_scope("s", partitioner=halves, regularizer=lambda w: tf.reduce_sum(w)):
        whole = tf.get_variable("w", [3, 2], initializer=tf.ones_initializer())
        bias = tf.get_variable("b", [], initializer=tf.zeros_initializer())
    with tf.variable_scope("s", reuse=True):
        shared = tf.get_variable("w") is whole
        errors = [
            raised(tf.get_variable, "w", [4, 2]),
            raised(tf.get_variable, "w", [3, 2], tf.int32),
            raised(tf.get_variable, "w", [3, 2], partitioner=tf.fixed_size_partitioner(3)),
            raised(tf.get_variable, "other", [3, 2], partitioner=halves),
        ]
    with tf.variable_scope("s"):
        errors.append(raised(tf.get_variable, "w", [3, 2], partitioner=halves))
        errors.append(raised(tf.get_variable, "w", [3, 2]))
        errors.append(raised(tf.get_variable, "b", [3], partitioner=halves))
        errors.append(raised(tf.get_variable, "x", partitioner=halves))
        errors.append(raised(tf.get_variable, "x", [2, 2], partitioner=lambda **_: [2, 2]))
    add, subtract = (
        whole.assign_add(np.full([3, 2], 2.0, np.float32)),
        whole.assign_sub(np.ones([3, 2], np.float32)),
    )
    losses = names(tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES))
    facts = [whole.name, len(whole), whole.shape.as_list(), bias.name, shared, losses]
    return facts, errors, names(whole), values(tf, whole.as_tensor(), add), values(tf, list(whole), subtract)


# -- tf.Variable
@case
def a_variable_is_used_as_a_tensor(tf):
    v = tf.Variable([[1.0, -2.0], [3.0, 4.0]], name="v")
    count = tf.Variable([7, 3])
    flag = tf.Variable([True, False])
    whole = [v + 1, 1 - v, v * 2, 2 / v, v @ v, v**2, -v, abs(v), v > 1, v <= 1.0, v[0], v[:, 1], v[..., 0]]
    return values(tf, [*whole, count // 2, count % 2, 7 // count, flag & True, flag | True, ~flag]), raised(
        iter, v
    )


@case
def assignments(tf):
    v = tf.Variable([1.0, 2.0], name="v")
    made = [v.assign([3.0, 4.0]), v.assign_add([1.0, 1.0]), v.assign_sub([1.0, 0.0], name="less")]
    plain_op = v.assign([0.0, 0.0], read_value=False)
    grown = tf.Variable([1.0], validate_shape=False)
    longer = tf.assign(grown, [1.0, 2.0, 3.0], validate_shape=False)
    errors = [raised(v.assign, [1.0]), raised(tf.Variable)]
    errors.append(raised(tf.Variable, tf.placeholder(tf.float32, None)))
    errors.append(raised(tf.Variable, 1.0, constraint=3))
    shapes = [str(grown.shape), str(longer.shape), plain_op.name, plain_op.type]
    results = [values(tf, item) for item in made]
    return names(made), shapes, results, values(tf, longer), values(tf, v, plain_op), errors


@case
def order_of_assignments_and_reads(tf):
    found = []
    for resource in (False, True):
        v = tf.get_variable(f"v{resource}", initializer=1.0, use_resource=resource)
        with tf.control_dependencies([v.assign(5.0)]):
            found.append(values(tf, [v + 1, v.read_value() * 2]))
    return found


@case
def a_value_that_depends_on_other_variables(tf):
    a = tf.Variable(2.0)
    b = tf.Variable(a.initialized_value() * 3.0)
    c = tf.Variable(b + 1.0)
    with tf.Session() as session:
        session.run(tf.variables_initializer([c, b, a]))
        return session.run([a, b, c])


@case
def loading_and_what_is_not_initialized(tf):
    v, w = tf.Variable([1.0, 2.0], name="v"), tf.Variable(3, name="w")
    missing = tf.report_uninitialized_variables()
    is_there = tf.is_variable_initialized(w)
    with tf.Session() as session:
        found = [sorted(session.run(missing).tolist()), session.run(is_there)]
        session.run(v.initializer)
        v.load([5.0, 6.0], session)
        found += [session.run(missing).tolist(), v.eval(session), v.eval(), session.run(is_there)]
    return found, tf.variables_initializer([v]).name, tf.initialize_all_variables().name


@case
def parts_are_assigned(tf):
    keys = [
        slice(1, 3),
        (1, slice(None, None, 2)),
        (slice(None), -1),
        (Ellipsis, 1),
        slice(None, None, -2),
        (tf.newaxis, 2),
        slice(tf.constant(1), tf.constant(2)),
    ]
    found = []
    for number, key in enumerate(keys):
        v = tf.get_variable(
            f"v{number}",
            initializer=np.arange(12.0, dtype=np.float32).reshape(3, 4),
            use_resource=number % 2 == 1,
        )
        part = v[key]
        change = part.assign(part * 10.0 + 1.0) if number % 3 else tf.assign(part, part * 10.0 + 1.0)
        found.append([part.name, change.op.name, change.shape.as_list(), values(tf, v, change)])
    words = tf.Variable([b"a", b"b", b"c"])
    found.append(values(tf, words, words[::2].assign([b"x", b"y"])))
    with tf.Session() as session:
        session.run(v.initializer)
        found.append(raised(session.run, v[1:].assign(5.0)))
        found.append(raised(session.run, tf.scatter_nd_update(v, [[[1], [7]]], [[[1.0] * 4] * 2])))
        found.append(raised(session.run, tf.scatter_update(v, [[1, 7]], [[[1.0] * 4] * 2])))
    found.append(raised(tf.identity(v)[1:].assign, 5.0))
    found.append(raised(tf.constant([1.0])[0].assign, 5.0))
    batches = tf.Variable(np.zeros([2, 3, 2], np.float32))
    change = tf.batch_scatter_update(batches, [[0, 2], [1, 0]], np.arange(8.0).reshape([2, 2, 2]))
    found.append([change.op.name, values(tf, batches, change)])
    rows = tf.IndexedSlices([2.0, 4.0], [3, 0])
    for resource in (False, True):
        for name in ("mul", "div", "min", "max"):
            v = tf.Variable([1.0, 2.0, 3.0, 4.0], use_resource=resource)
            found.append(values(tf, v, getattr(v, f"scatter_{name}")(rows)))
    v = tf.Variable([1.0, 2.0, 3.0, 4.0], use_resource=True)
    return found, values(tf, v.sparse_read([2, 0])), values(tf, v.gather_nd([[1], [3]]))


@case
def trainable_variables_of_integers(tf):
    count, w = tf.Variable(0, name="count"), tf.Variable(2.0)
    optimizer, loss = tf.train.GradientDescentOptimizer(0.25), w * w + tf.cast(count, tf.float32)
    pairs = optimizer.compute_gradients(loss)
    step = optimizer.minimize(loss, global_step=count)
    wrong = raised(optimizer.minimize, tf.cast(w, tf.int32, name="whole"))
    return [(grad is None, v.name) for grad, v in pairs], values(tf, [count, w], step), wrong


@case
def counting_up(tf):
    v = tf.Variable(0)
    with tf.Session() as session:
        session.run(v.initializer)
        count = v.count_up_to(2)
        return [session.run(count), session.run(count), raised(session.run, count)[0], session.run(v)]


@case
def scattered_updates(tf):
    found = {}
    indices, updates = [3, 0, 3], [[2.0, 4.0], [8.0, 5.0], [4.0, 2.0]]
    for name in ("add", "sub", "mul", "div", "min", "max"):
        v = tf.Variable(np.arange(1.0, 11.0, dtype=np.float32).reshape(5, 2))
        update = getattr(tf, "scatter_" + name)(v, indices, updates)
        found[name] = [update.shape.as_list(), values(tf, v, update)]
    v = tf.Variable(np.arange(8))
    slices = tf.IndexedSlices([10, 20], [1, 3])
    found["slices"] = values(tf, [v.scatter_add(slices)])
    found["update"] = values(tf, tf.scatter_update(v, [[0, 1]], [[7, 6]]))
    found["nd"] = values(tf, tf.scatter_nd_update(v, [[4], [3]], [9, 8]))
    found["scalar"] = values(tf, tf.scatter_add(v, [1, 2], 5))
    found["zeros"] = values(tf, tf.scatter_nd([[1], [1]], [[1, 2], [3, 4]], [3, 2]))
    with tf.Session() as session:
        session.run(v.initializer)
        found["range"] = raised(session.run, tf.scatter_update(v, [8], [1]))
    found["shape"] = raised(tf.scatter_update, v, [1], [[1, 2]])[0]
    found["kind"] = raised(v.scatter_sub, 3)
    return found


@case
def creators_of_variables(tf):
    calls = []

    def creator(next_creator, **kwargs):
        calls.append(kwargs["name"])
        kwargs["name"] = "made_" + kwargs["name"]
        return next_creator(**kwargs)

    with tf.variable_creator_scope(creator):
        first = tf.Variable(1.0, name="v")
        second = tf.get_variable("w", [2])
    return calls, names([first, second]), tf.Variable(1.0, name="u").name


@case
def nodes_of_variables(tf):
    tf.get_variable("a", [2])
    tf.get_variable("b", [2], tf.int32)
    tf.get_variable("c", initializer=[1.0, 2.0])
    tf.Variable(lambda: tf.zeros([2]), name="d")
    tf.Variable(tf.zeros([2], name="zeros"), name="e")
    tf.Variable(3)
    tf.get_variable("f", [4, 2], partitioner=tf.fixed_size_partitioner(2))
    tf.get_variable("g", initializer=tf.constant([1.0, 2.0, 3.0]), partitioner=tf.fixed_size_partitioner(2))
    tf.get_variable("h", [2], regularizer=lambda w: tf.reduce_sum(w * w))
    tf.get_variable("i", [2], initializer=tf.truncated_normal_initializer(stddev=0.1))
    tf.get_variable("j", [2], initializer=tf.random_normal_initializer())
    tf.get_variable("k", [2], initializer=tf.random_uniform_initializer(-1, 1))
    tf.get_variable("l", [2], initializer=tf.constant_initializer(3))
    return names(tf.get_default_graph().get_operations())


# -- layers
def dense_class(tf):
    class Dense(tf.layers.Layer):
        def build(self, input_shape):
            size = int(input_shape[-1])
            self.kernel = self.add_variable(
                "kernel",
                [size, 2],
                regularizer=lambda w: tf.reduce_sum(w * w),
                initializer=tf.ones_initializer(),
            )
            self.bias = self.add_weight("bias", [2], trainable=False, initializer=tf.zeros_initializer())
            self.built = True

        def call(self, inputs):
            self.add_update(tf.no_op(name="update"))
            return tf.matmul(inputs, self.kernel) + self.bias

    return Dense


@case
def a_layer_and_its_lists(tf):
    layer = dense_class(tf)(name="dense")
    found = [raised(lambda: layer.scope_name), raised(layer.count_params), layer.dtype]
    output = layer(tf.ones([1, 3]))
    lists = [layer.weights, layer.variables, layer.trainable_weights, layer.non_trainable_variables]
    found += [
        output.name,
        layer.scope_name,
        layer.dtype,
        layer.count_params(),
        [names(item) for item in lists],
    ]
    found += [len(layer.losses), len(layer.updates), len(layer.get_losses_for(None))]
    found += [len(tf.get_collection(key)) for key in ("regularization_losses", "update_ops", "variables")]
    layer.trainable = False
    found += [names(layer.trainable_weights), names(layer.non_trainable_weights)]
    found += [raised(tf.layers.Layer, units=3), raised(layer.add_weight, "x", [1], colour=3)]
    return found, values(tf, [output, tf.get_collection("regularization_losses")])


@case
def a_layer_keeps_its_first_variables(tf):
    layer = dense_class(tf)(name="dense")
    found = []
    for scope in ("a", "b", "a"):
        with tf.variable_scope(scope):
            found.append(layer(tf.ones([1, 3])).name)
    other = dense_class(tf)(_reuse=True, name="dense")
    with tf.variable_scope("a"):
        other(tf.ones([1, 3]))
    found += [names(tf.global_variables()), layer.name, layer.scope_name, other.kernel is layer.kernel]
    return [*found, raised(dense_class(tf)(_scope="missing", _reuse=True), tf.ones([1, 3]))]


@case
def demands_on_inputs(tf):
    spec = tf.layers.InputSpec
    specs = [spec(ndim=3), spec(min_ndim=3), spec(max_ndim=1), spec(axes={-1: 4}), spec(dtype="int32")]
    found = []
    for item in [*specs, spec(shape=(None, 4)), [spec(ndim=2), spec(ndim=2)]]:
        layer = tf.layers.Layer(name="l")
        layer.input_spec = item
        found.append(raised(layer.apply, tf.ones([2, 3])))
        found.append(raised(layer.apply, tf.placeholder(tf.float32, None))[0])
    return found


@case
def cells_that_meet_in_a_scope(tf):
    inputs = tf.ones([1, 2, 3])
    found = []
    for cell in [tf.nn.rnn_cell.GRUCell(2), tf.nn.rnn_cell.GRUCell(2)]:
        found.append(raised(tf.nn.dynamic_rnn, cell, inputs, dtype=tf.float32)[:2])
    cell = tf.nn.rnn_cell.GRUCell(2, reuse=True)
    found.append(raised(tf.nn.dynamic_rnn, cell, inputs, dtype=tf.float32)[0])
    with tf.variable_scope("", reuse=True):
        found.append(raised(tf.nn.dynamic_rnn, tf.nn.rnn_cell.GRUCell(2), inputs, dtype=tf.float32)[0])
    missing = tf.nn.rnn_cell.GRUCell(2, reuse=True, name="other")
    found.append(raised(tf.nn.dynamic_rnn, missing, inputs, dtype=tf.float32))
    return found, names(tf.trainable_variables()), names(cell.trainable_variables)


@case
def cells_in_parts(tf):
    found = []
    cells = [
        lambda: tf.nn.rnn_cell.LSTMCell(4, num_unit_shards=2, num_proj=4, num_proj_shards=2, name="sharded"),
        lambda: tf.nn.rnn_cell.BasicLSTMCell(4), lambda: tf.nn.rnn_cell.GRUCell(4),
        lambda: tf.nn.rnn_cell.BasicRNNCell(4), lambda: tf.nn.rnn_cell.LSTMCell(4, use_peepholes=True),
    ]  # fmt: skip
    for index, cell in enumerate(cells):
        divide = tf.fixed_size_partitioner(3) if index else None
        with tf.variable_scope(f"s{index}", partitioner=divide, initializer=tf.constant_initializer(0.1)):
            output, _ = tf.nn.dynamic_rnn(cell(), tf.ones([2, 3, 5]), dtype=tf.float32)
        found.append(values(tf, tf.reduce_sum(output)))
    return found, names(tf.trainable_variables())
