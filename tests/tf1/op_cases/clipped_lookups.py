"""Some steps of training on rows that are looked up, some twice in a batch, with clipped gradients; and what
gradients of such rows are by themselves.
"""

import numpy as np

IDS = [[1, 3, 1, 1], [0, 3, 3, 2]]
LATER = [[4, 4, 0, 1], [0, 2, 2, 2]]


def _table(tf, x, **options):
    return tf.Variable(x.floats([6, 3], seed=1, gradient=False), **options)


def _loss(tf, x, table, ids):
    """The weights that the rows are multiplied with, and the loss."""
    weights = tf.Variable(x.floats([3, 2], seed=2, gradient=False))
    rows = tf.tanh(tf.nn.embedding_lookup(table, ids))
    last = tf.nn.embedding_lookup(table, [3, 3])
    loss = tf.reduce_sum(tf.square(tf.tensordot(rows, weights, 1) - 1.0))
    return weights, loss + tf.reduce_sum(tf.tensordot(last, weights, 1))


def _after(tf, train, ids, variables):
    """The variables after four steps in a session of their own."""
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for step in range(4):
            session.run(train, {ids: IDS if step % 2 == 0 else LATER})
        return [tf.constant(value, name="after") for value in session.run(variables)]


def _global_norm(tf, optimizer, loss, variables):
    clipped, _ = tf.clip_by_global_norm(tf.gradients(loss, variables), 0.7)
    return optimizer.apply_gradients(list(zip(clipped, variables)))


def _each_norm(tf, optimizer, loss, variables):
    pairs = optimizer.compute_gradients(loss, variables)
    return optimizer.apply_gradients([(tf.clip_by_norm(grad, 0.5), var) for grad, var in pairs])


def _each_value(tf, optimizer, loss, variables):
    pairs = optimizer.compute_gradients(loss, variables)
    return optimizer.apply_gradients([(tf.clip_by_value(grad, -0.3, 0.3), var) for grad, var in pairs])


def _in_order(tf, optimizer, loss, variables):
    """Decay waits for the gradient, which TensorFlow leaves to chance."""
    clipped, _ = tf.clip_by_global_norm(tf.gradients(loss, variables), 0.7)
    with tf.control_dependencies(clipped):
        return optimizer.apply_gradients(list(zip(clipped, variables)))


def _trained(make, clip=_global_norm, **options):
    def case(tf, x):
        ids = tf.placeholder(tf.int32, [2, 4])
        table = _table(tf, x, **options)
        weights, loss = _loss(tf, x, table, ids)
        return _after(tf, clip(tf, make(tf), loss, [table, weights]), ids, [table, weights])

    return case


def _by_keras(name, **options):
    def case(tf, x):
        ids = tf.placeholder(tf.int32, [2, 4])
        table = _table(tf, x, use_resource=True)
        _, loss = _loss(tf, x, table, ids)
        optimizer = getattr(tf.keras.optimizers, name)(0.1, **options)
        train = tf.group(*optimizer.get_updates(loss, [table]))
        return _after(tf, train, ids, [table])

    return case


def _by_contrib(tf, x):
    ids = tf.placeholder(tf.int32, [2, 4])
    table = _table(tf, x)
    weights, loss = _loss(tf, x, table, ids)
    tf.train.create_global_step()
    train = tf.contrib.layers.optimize_loss(
        loss, tf.train.get_global_step(), 0.1, tf.train.AdagradOptimizer, clip_gradients=0.5
    )
    return _after(tf, train, ids, [table, weights])


def _in_shards(strategy):
    def case(tf, x):
        ids = tf.placeholder(tf.int32, [2, 4])
        shards = [tf.Variable(x.floats([3, 3], seed=seed, gradient=False)) for seed in (5, 6)]
        looked = tf.nn.embedding_lookup(shards, ids, partition_strategy=strategy)
        loss = tf.reduce_sum(tf.square(looked - 1.0))
        return _after(tf, _global_norm(tf, tf.train.MomentumOptimizer(0.1, 0.9), loss, shards), ids, shards)

    return case


def _sparse_ids(combiner):
    def case(tf, x):
        ids = tf.placeholder(tf.int32, [2, 4])
        table = _table(tf, x)
        places = np.array([[row, column] for row in range(2) for column in range(4)], np.int64)
        sparse = tf.SparseTensor(places, tf.reshape(tf.cast(ids, tf.int64), [-1]), [2, 4])
        looked = tf.nn.embedding_lookup_sparse(table, sparse, None, combiner=combiner)
        loss = tf.reduce_sum(tf.square(looked - 1.0))
        return _after(tf, _global_norm(tf, tf.train.AdagradOptimizer(0.1), loss, [table]), ids, [table])

    return case


def _of_one_use(use):
    """The norm of a gradient, whether it is slices, and the whole."""

    def case(tf, x):
        table = _table(tf, x)
        (grad,) = tf.gradients(use(tf, table), table)
        parts = [tf.constant(isinstance(grad, tf.IndexedSlices), name="slices")]
        if isinstance(grad, tf.IndexedSlices):
            parts += [tf.identity(part, name="part") for part in (grad.values, grad.indices)]
        return [
            *parts,
            tf.global_norm([grad]),
            tf.identity(tf.convert_to_tensor(grad), name="whole"),
            tf.add_n([grad, grad], name="sum"),
            tf.reduce_sum(tf.square(grad), name="squares"),
        ]

    return case


def _squares(tf, tensor):
    return tf.reduce_sum(tf.square(tensor))


CASES = {
    "descent": _trained(lambda tf: tf.train.GradientDescentOptimizer(0.5)),
    "descent of a resource": _trained(lambda tf: tf.train.GradientDescentOptimizer(0.5), use_resource=True),
    "descent, each by its norm": _trained(lambda tf: tf.train.GradientDescentOptimizer(0.5), _each_norm),
    "descent, by value": _trained(lambda tf: tf.train.GradientDescentOptimizer(0.5), _each_value),
    "momentum": _trained(lambda tf: tf.train.MomentumOptimizer(0.2, 0.9)),
    "nesterov": _trained(lambda tf: tf.train.MomentumOptimizer(0.2, 0.9, use_nesterov=True), _each_value),
    "adam": _trained(lambda tf: tf.train.AdamOptimizer(0.1)),
    "lazy": _trained(lambda tf: tf.contrib.opt.LazyAdamOptimizer(0.1)),
    "adagrad": _trained(lambda tf: tf.train.AdagradOptimizer(0.1)),
    "adadelta": _trained(lambda tf: tf.train.AdadeltaOptimizer(0.9)),
    "rmsprop": _trained(lambda tf: tf.train.RMSPropOptimizer(0.1, momentum=0.5)),
    "rmsprop centered": _trained(lambda tf: tf.train.RMSPropOptimizer(0.1, centered=True)),
    "ftrl": _trained(lambda tf: tf.train.FtrlOptimizer(0.1, l1_regularization_strength=0.01)),
    "proximal": _trained(
        lambda tf: tf.train.ProximalGradientDescentOptimizer(0.1, l1_regularization_strength=0.1)
    ),
    "proximal adagrad": _trained(
        lambda tf: tf.train.ProximalAdagradOptimizer(0.1, l2_regularization_strength=0.1)
    ),
    "nadam": _trained(lambda tf: tf.contrib.opt.NadamOptimizer(0.1)),
    "adamax": _trained(lambda tf: tf.contrib.opt.AdaMaxOptimizer(0.1)),
    "momentum with decay": _trained(lambda tf: tf.contrib.opt.MomentumWOptimizer(0.05, 0.2, 0.9), _in_order),
    "adam with decay": _trained(lambda tf: tf.contrib.opt.AdamWOptimizer(0.05, 0.1), _in_order),
    "of the mod shards": _in_shards("mod"),
    "of the div shards": _in_shards("div"),
    "of sparse ids, summed": _sparse_ids("sum"),
    "of sparse ids, averaged": _sparse_ids("mean"),
    "optimize_loss": _by_contrib,
    "keras descent": _by_keras("SGD", clipnorm=0.5),
    "keras momentum": _by_keras("SGD", momentum=0.9, clipnorm=0.5),
    "keras rmsprop": _by_keras("RMSprop", clipvalue=0.3),
    "keras rmsprop with momentum": _by_keras("RMSprop", momentum=0.5, clipvalue=0.3),
    "keras adagrad": _by_keras("Adagrad", clipnorm=0.5),
    "keras adadelta": _by_keras("Adadelta", clipnorm=0.5),
    "keras adam": _by_keras("Adam", clipnorm=0.5),
    "keras adamax": _by_keras("Adamax", clipnorm=0.5),
    "keras nadam": _by_keras("Nadam", clipnorm=0.5),
    "one lookup": _of_one_use(lambda tf, table: _squares(tf, tf.gather(table, IDS))),
    "a copy looked up": _of_one_use(lambda tf, table: _squares(tf, tf.gather(tf.identity(table), 1))),
    "rows by coordinates": _of_one_use(lambda tf, table: _squares(tf, tf.gather_nd(table, [[1], [1]]))),
    "columns": _of_one_use(lambda tf, table: _squares(tf, tf.gather(table, [1, 1], axis=1))),
    "rows and all": _of_one_use(
        lambda tf, table: _squares(tf, tf.gather(table, [1, 1])) + _squares(tf, table)
    ),
    "rows and a product": _of_one_use(
        lambda tf, table: _squares(tf, tf.matmul(tf.gather(table, [1, 1]), table, transpose_b=True))
    ),
    "held to a norm": _of_one_use(
        lambda tf, table: tf.reduce_sum(tf.nn.embedding_lookup(table, IDS, max_norm=0.5) ** 3)
    ),
}
OTHER_NAMES = dict.fromkeys(CASES, "a gradient is one node here")
