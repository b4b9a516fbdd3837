"""Some steps by each optimiser of `tf.keras`: of a whole variable, and of one whose rows are looked up."""


def _after(tf, optimizer, loss, variables, steps=3):
    """The variables after some steps in a session of their own, and the optimiser's own variables."""
    train = tf.group(*optimizer.get_updates(loss, variables))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(steps):
            session.run(train)
        found = session.run(list(variables) + list(optimizer.weights))
    names = [tf.constant(variable.name, name="name") for variable in optimizer.weights]
    return [tf.constant(value, name="after") for value in found], names


def _optimizer(tf, name, options):
    given = dict(options)
    if "schedule" in given:
        kind, arguments = given.pop("schedule")
        given["learning_rate"] = getattr(tf.keras.optimizers.schedules, kind)(*arguments)
    return getattr(tf.keras.optimizers, name)(**given)


def _steps(name, **options):
    def case(tf, x):
        kernel = tf.Variable(x.floats([3, 4], seed=1, gradient=False), use_resource=True, name="kernel")
        table = tf.Variable(x.floats([5, 3], seed=2, gradient=False), use_resource=True, name="table")
        rows = tf.nn.embedding_lookup(table, x.constant([[1, 3, 1], [0, 3, 3]]))
        loss = tf.reduce_sum(tf.square(tf.tensordot(rows, kernel, 1) - 0.5))
        return _after(tf, _optimizer(tf, name, options), loss, [kernel, table])

    return case


CASES = {
    "sgd": _steps("SGD", lr=0.01, decay=0.5),
    "momentum": _steps("SGD", lr=0.01, momentum=0.9),
    "nesterov": _steps("SGD", lr=0.01, momentum=0.9, nesterov=True, clipvalue=0.5),
    "rmsprop": _steps("RMSprop", lr=0.01, rho=0.8),
    "rmsprop, moving": _steps("RMSprop", lr=0.01, momentum=0.5),
    "rmsprop, centred": _steps("RMSprop", lr=0.01, centered=True),
    "rmsprop, both": _steps("RMSprop", lr=0.01, momentum=0.5, centered=True),
    "adagrad": _steps("Adagrad", lr=0.1),
    "adadelta": _steps("Adadelta", lr=1.0, rho=0.8),
    "adam": _steps("Adam", lr=0.1, beta_1=0.8, decay=0.1),
    "amsgrad": _steps("Adam", lr=0.1, amsgrad=True, clipnorm=0.25),
    "adamax": _steps("Adamax", lr=0.1),
    "nadam": _steps("Nadam", lr=0.1),
    "ftrl": _steps("Ftrl", lr=0.1, l1_regularization_strength=0.01),
    "ftrl, shrunk": _steps("Ftrl", lr=0.1, l2_shrinkage_regularization_strength=0.1),
    "exponential": _steps("SGD", schedule=("ExponentialDecay", (0.02, 2, 0.5))),
    "staircase": _steps("SGD", schedule=("InverseTimeDecay", (0.02, 2, 0.5, True))),
    "pieces": _steps("SGD", schedule=("PiecewiseConstantDecay", ([1, 2], [0.02, 0.01, 0.005]))),
    "polynomial": _steps("SGD", schedule=("PolynomialDecay", (0.02, 2, 0.001, 2.0))),
}
