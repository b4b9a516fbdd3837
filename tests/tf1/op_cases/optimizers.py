"""Optimisers of `tf.train` and `tf.contrib.opt`, on a variable of which some rows are looked up."""


def _updated(make):
    def case(tf, x):
        variable = tf.Variable(x.floats([4, 3], seed=1, gradient=False))
        other = tf.Variable(x.floats([3, 2], seed=2, gradient=False))
        rows = tf.nn.embedding_lookup(variable, x.constant([1, 3, 1]))
        loss = tf.reduce_sum(tf.square(tf.matmul(rows, other) - 1.0))
        with tf.control_dependencies([make(tf).minimize(loss)]):
            return [tf.identity(item.read_value(), name="after") for item in (variable, other)]

    return case


CASES = {
    "momentum": _updated(lambda tf: tf.train.MomentumOptimizer(0.1, 0.9, use_nesterov=True)),
    "rmsprop": _updated(lambda tf: tf.train.RMSPropOptimizer(0.1, momentum=0.5)),
    "rmsprop centered": _updated(lambda tf: tf.train.RMSPropOptimizer(0.1, centered=True)),
    "adadelta": _updated(lambda tf: tf.train.AdadeltaOptimizer(0.5)),
    "adagrad": _updated(lambda tf: tf.train.AdagradOptimizer(0.1)),
    "adam": _updated(lambda tf: tf.train.AdamOptimizer(0.1)),
    "ftrl": _updated(lambda tf: tf.train.FtrlOptimizer(0.1, l1_regularization_strength=0.01)),
    "ftrl shrunk": _updated(
        lambda tf: tf.train.FtrlOptimizer(0.1, l2_shrinkage_regularization_strength=0.01)
    ),
    "proximal": _updated(
        lambda tf: tf.train.ProximalGradientDescentOptimizer(0.1, l1_regularization_strength=0.1)
    ),
    "proximal adagrad": _updated(
        lambda tf: tf.train.ProximalAdagradOptimizer(0.1, l2_regularization_strength=0.1)
    ),
    "lazy": _updated(lambda tf: tf.contrib.opt.LazyAdamOptimizer(0.1)),
    "nadam": _updated(lambda tf: tf.contrib.opt.NadamOptimizer(0.1)),
    "adamax": _updated(lambda tf: tf.contrib.opt.AdaMaxOptimizer(0.1)),
    "signs added": _updated(lambda tf: tf.contrib.opt.AddSignOptimizer(0.1)),
    "signs as powers": _updated(lambda tf: tf.contrib.opt.PowerSignOptimizer(0.1)),
    "restarts": lambda tf, x: tf.train.cosine_decay_restarts(0.1, x.constant(25), 10),
    "even restarts": lambda tf, x: tf.train.cosine_decay_restarts(0.1, x.constant(25), 10, 1.0, 0.5, 0.1),
    "line": lambda tf, x: tf.train.linear_cosine_decay(0.1, x.constant(25), 30),
}
OTHER_NAMES = dict.fromkeys(list(CASES)[:-3], "what reads a variable is named otherwise")
