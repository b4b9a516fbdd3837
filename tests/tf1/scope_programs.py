"""Random programs of scopes, variables, layers, drivers and optimisers, which log the names they are given.

A program is a nest of commands drawn from a seed. `run` executes it with a module that has TensorFlow 1's
symbols, so that the same program can be run by TensorFlow 1.15 and here: tools/make_tf1_scope_names.py has
the logs of TensorFlow, and test_scope_names.py compares.
"""

import random

NAMES = ["a", "b", "A", "a_1", "cell", "a/b"]
VARIABLES = ["w", "v", "w_1", "part/w"]


def program(seed):
    """The commands of one program, as nests of plain values."""
    return _block(random.Random(seed), 0)


def _block(draw, depth):
    return [_command(draw, depth) for _ in range(draw.randint(2, 5 if depth else 7))]


def _command(draw, depth):
    kinds = [
        "constant",
        "get",
        "variable",
        "layer",
        "again",
        "cell",
        "where",
        "template",
        "reuse",
        "placeholder",
        "driver",
        "minimize",
    ]
    if depth < 4:
        kinds += ["name_scope", "variable_scope"] * 4
    kind = draw.choice(kinds)
    if kind == "name_scope":
        which = draw.choice(["name", "name", "again", "absolute", "root", "default"])
        return kind, which, draw.choice(NAMES), draw.randrange(8), _block(draw, depth + 1)
    if kind == "variable_scope":
        which = draw.choice(
            ["name", "name", "name", "default", "default", "object", "object", "root", "empty"]
        )
        reuse = draw.choice([None, None, None, "auto", True, False])
        auxiliary = draw.random() < 0.8
        return kind, which, draw.choice(NAMES), draw.randrange(8), reuse, auxiliary, _block(draw, depth + 1)
    if kind == "get":
        return kind, draw.choice(VARIABLES), draw.choice([[2], [3], [], [4, 2]]), draw.randrange(5) == 0
    if kind in ("constant", "placeholder", "variable"):
        return kind, draw.choice([*NAMES, *VARIABLES, None])
    if kind in ("layer", "cell"):
        return kind, draw.choice([None, None, "a", "L"]), draw.choice([None, None, None, True])
    if kind == "driver":
        return (
            kind,
            draw.choice(["dynamic", "static", "both"]),
            draw.choice([None, None, "r", "r/s"]),
            draw.randrange(3),
        )
    return kind, draw.randrange(8), draw.choice(NAMES)


def names_of(items):
    return [item.name for item in items]


class Runner:
    """One run of a program: what it has made so far, and the log."""

    def __init__(self, tf):
        self.tf, self.log = tf, []
        self.scopes, self.name_scopes, self.layers, self.templates = [], [], [], []

        class Dense(tf.layers.Layer):
            def build(self, input_shape):
                self.kernel = self.add_variable("kernel", [2, 2], initializer=tf.zeros_initializer())
                self.bias = self.add_variable("bias", [2], trainable=False)

            def call(self, inputs):
                return tf.identity(tf.constant(1.0, name="inside"), name="out")

        self.Dense = Dense

    def block(self, commands):
        for command in commands:
            try:
                getattr(self, command[0])(*command[1:])
            except (ValueError, TypeError, KeyError) as problem:
                words = str(problem).replace("\n", " ").split("Originally defined")[0]
                self.log.append([type(problem).__name__, words[:60]])

    def note(self, *what):
        self.log.append(list(what))

    def picked(self, items, index):
        return items[index % len(items)] if items else None

    # -- scopes
    def name_scope(self, which, name, index, inside):
        again = self.picked(self.name_scopes, index) or "a/"
        chosen = {"name": name, "again": again, "absolute": name + "/", "root": None, "default": None}[which]
        default = name if which == "default" else None
        with self.tf.name_scope(chosen, default) as scope:
            self.note("name_scope", scope)
            if scope:
                self.name_scopes.append(scope)
            self.block(inside)

    def variable_scope(self, which, name, index, reuse, auxiliary, inside):
        tf = self.tf
        known = self.picked(self.scopes, index)
        root = tf.get_variable_scope()
        chosen = {"name": name, "default": None, "object": known or name, "root": root, "empty": ""}[which]
        options = {"reuse": tf.AUTO_REUSE if reuse == "auto" else reuse, "auxiliary_name_scope": auxiliary}
        with tf.variable_scope(chosen, name if which == "default" else None, **options) as scope:
            kind = {True: "True", None: "None", False: "False"}.get(scope.reuse, "auto")
            inner = tf.get_default_graph().get_name_scope() or ""
            self.note("variable_scope", scope.name, scope.original_name_scope, kind, inner)
            self.scopes.append(scope)
            self.block(inside)

    def reuse(self, index, name):
        if index == 0:
            self.tf.get_variable_scope().reuse_variables()
            self.note("reuse")

    def where(self, index, name):
        scope = self.tf.get_variable_scope()
        names = [item.name for item in scope.global_variables()]
        self.note("where", self.tf.get_default_graph().get_name_scope() or "", scope.name, names)

    # -- nodes and variables
    def constant(self, name):
        made = self.tf.constant(1.0, name=name) if name else self.tf.constant(1.0)
        self.note("constant", made.name, self.tf.identity(made).name)

    def placeholder(self, name):
        self.note("placeholder", self.tf.placeholder(self.tf.float32, [], name=name).name)

    def variable(self, name):
        made = self.tf.Variable([1.0], name=name)
        self.note("variable", made.name, made.initializer.name, made.value().name, made.initial_value.name)

    def get(self, name, shape, divided):
        divide = self.tf.fixed_size_partitioner(2) if divided and shape else None
        made = self.tf.get_variable(name, shape, initializer=self.tf.zeros_initializer(), partitioner=divide)
        parts = list(made) if divide else [made]
        self.note("get", *[item.name for item in parts], *[item.initial_value.name for item in parts])

    # -- layers
    def layer(self, name, reuse):
        made = self.Dense(name=name, _reuse=reuse)
        self.layers.append(made)
        self.called(made)

    def again(self, index, name):
        layer = self.picked(self.layers, index)
        if layer is not None:
            self.called(layer, scope=name if index % 3 == 0 else None)

    def called(self, layer, **options):
        output = layer(self.tf.constant([[1.0, 2.0]], name="input"), **options)
        weights = [item.name for item in layer.trainable_weights + layer.non_trainable_weights]
        self.note("layer", layer.name, layer.scope_name, output.name, weights)

    def cell(self, name, reuse):
        cell = self.tf.nn.rnn_cell.BasicLSTMCell(2, name=name, reuse=reuse)
        inputs = self.tf.constant([[1.0, 2.0]], name="input")
        zeros = self.tf.constant([[0.0, 0.0]], name="zeros")
        cell(inputs, self.tf.nn.rnn_cell.LSTMStateTuple(zeros, zeros))
        self.note("cell", cell.name, cell.scope_name, [item.name for item in cell.variables])

    def driver(self, which, scope, index):
        cells = self.tf.nn.rnn_cell
        make = [lambda: cells.GRUCell(2), lambda: cells.BasicRNNCell(2, name="a"), self.several][index]
        inputs = self.tf.constant([[[1.0, 2.0]] * 2], name="sequence")
        options = {"dtype": self.tf.float32, "scope": scope}
        try:
            if which == "both":
                outputs, _ = self.tf.nn.bidirectional_dynamic_rnn(make(), make(), inputs, **options)
                self.note("driver", names_of(outputs))
            elif which == "dynamic":
                self.note("driver", self.tf.nn.dynamic_rnn(make(), inputs, **options)[0].name)
            else:
                self.tf.nn.static_rnn(make(), self.tf.unstack(inputs, axis=1), **options)
                self.note("driver", self.tf.constant(0.0).name)
        except ValueError:
            self.note("driver", "ValueError")  # TensorFlow puts its own words before those of some

    def several(self):
        cells = self.tf.nn.rnn_cell
        return cells.MultiRNNCell([cells.DropoutWrapper(cells.BasicLSTMCell(2), 0.5), cells.GRUCell(2)])

    def minimize(self, index, name):
        tf = self.tf
        chosen = tf.trainable_variables()[index : index + 2]
        if not chosen:
            return
        losses = [tf.reduce_sum(item.value(), name="loss") for item in chosen]
        optimizer = tf.train.AdamOptimizer(0.1, name=name if index % 2 else "Adam")
        train = optimizer.minimize(tf.add_n(losses), var_list=chosen)
        self.note("minimize", train.name, names_of(optimizer.variables()))

    def template(self, index, name):
        tf = self.tf

        def function():
            tf.get_variable("t", [2])
            return tf.constant(2.0, name="made")

        if index % 2 == 0 or not self.templates:
            self.templates.append(tf.make_template(name, function, create_scope_now_=index % 4 == 0))
        template = self.picked(self.templates, index)
        output = template()
        self.note("template", template.variable_scope.name, output.name)


def run(tf, seed):
    """The log of a program: for each command the names that it was given, or the error that it raised."""
    with tf.Graph().as_default() as graph:
        runner = Runner(tf)
        runner.block(program(seed))
        keys = ["variables", "trainable_variables"]
        runner.note("collections", *[[item.name for item in graph.get_collection(key)] for key in keys])
    return runner.log
