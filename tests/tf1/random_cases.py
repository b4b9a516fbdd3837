"""Random operations that `tests/data/tf1_random_values.npz` has TensorFlow 1.15's values of.

The file is made by this script itself, with TensorFlow 1.15 in place of this face:

    python3.7 -m venv tf1 && tf1/bin/pip install tensorflow-cpu==1.15.0 'protobuf<3.21'
    tf1/bin/python tests/tf1/random_cases.py tests/data/tf1_random_values.npz

Keys are `value|CASE`, the values of two runs of a session and of one of a second session, and `names|CASE`,
the names of the graph's nodes.
"""

import sys

import numpy as np

SEEDS = (0, 1, -5, 2**31 + 11, 2**40)
SIZES = (1, 3, 255, 256, 257, 1023, 5000)
FLOATS = ("float16", "bfloat16", "float32", "float64")


def cases(tf):
    """Name -> (graph seed or None, function that makes a tensor)."""
    found = {}

    def add(name, make, graph_seed=None):
        found[name] = (graph_seed, make)

    def floats(name, draw):
        for size in SIZES:
            for dtype in FLOATS:
                add(f"{name} {dtype} {size}", lambda s=size, d=dtype: plain(draw([s], d, 1)))
        for seed in SEEDS:
            add(f"{name} seed {seed}", lambda s=seed: draw([7], "float32", s))
            add(f"{name} both seeds {seed}", lambda s=seed: draw([2, 3], "float32", s), 1234)
            add(f"{name} graph seed {seed}", lambda: draw([5], "float32", 0), seed)

    def plain(tensor):
        return tf.cast(tensor, tf.float32) if tensor.dtype == tf.bfloat16 else tensor

    floats("uniform", lambda shape, dtype, seed: tf.random_uniform(shape, dtype=dtype, seed=seed))
    floats("normal", lambda shape, dtype, seed: tf.random_normal(shape, dtype=dtype, seed=seed))
    floats("truncated", lambda shape, dtype, seed: tf.truncated_normal(shape, dtype=dtype, seed=seed))
    for size in SIZES:
        add(f"int32 {size}", lambda s=size: tf.random_uniform([s], -7, 1000, tf.int32, seed=2))
        add(f"int64 {size}", lambda s=size: tf.random_uniform([s], -(2**40), 2**45, tf.int64, seed=2))
        add(f"shuffle {size}", lambda s=size: tf.random_shuffle(tf.range(s), seed=2))
    add("int32 all", lambda: tf.random_uniform([9], -(2**31), 2**31 - 1, tf.int32, seed=2))
    add("int64 all", lambda: tf.random_uniform([9], -(2**63), 2**63 - 1, tf.int64, seed=2))
    add("uniform between", lambda: tf.random_uniform([50], -0.3, 1.7, seed=3, name="between"))
    add("normal about", lambda: tf.random_normal([50], 3.0, 0.25, seed=3, name="about"))
    add("truncated about", lambda: tf.truncated_normal([50], 3.0, [0.25], seed=3))
    add("uniform empty", lambda: tf.random_uniform([0, 3], seed=3))
    add("uniform scalar", lambda: tf.random_uniform([], seed=3))
    add("shape of a tensor", lambda: tf.random_normal(tf.shape(tf.zeros([2, 3])), seed=3))
    add("shuffle rows", lambda: tf.random_shuffle(tf.reshape(tf.range(14), [7, 2]), seed=4))
    add("several", lambda: tf.stack([tf.random_uniform([3], seed=5), tf.random_uniform([3], seed=5)]))
    logits = [[0.0, 1.0, -1.0, 2.0], [3.0, 0.5, 0.0, -np.inf], [0.0, 0.0, 0.0, 0.0]]
    for samples in (1, 3, 4, 50):
        add(f"multinomial {samples}", lambda n=samples: tf.multinomial(tf.constant(logits), n, seed=6))
    add("categorical", lambda: tf.random.categorical(tf.constant(logits, tf.float64), 9, tf.int32, seed=6))
    add("gamma", lambda: tf.random_gamma([40], [0.3, 1.0, 4.5], seed=7))
    add("gamma beta", lambda: tf.random_gamma([4, 5], [[0.7], [12.0]], [2.0, 0.5], tf.float64, seed=7))
    add("gamma of nothing", lambda: tf.random_gamma([0, 2], [1.0, 0.5], seed=7))
    add("gamma zero", lambda: tf.random_gamma([3], [0.0, 0.5], seed=7))
    add("poisson of nothing", lambda: tf.random_poisson(tf.zeros([0]), [3], seed=8))
    add("poisson", lambda: tf.random_poisson([0.0, 0.4, 3.3, 9.9], [40], seed=8))
    add("poisson large", lambda: tf.random_poisson([10.0, 55.5, 1e4], [60], seed=8))
    add(
        "poisson integers",
        lambda: tf.random.poisson(tf.constant([2.5], tf.float64), [3, 5], tf.int64, seed=8),
    )
    add("crop", lambda: tf.random_crop(tf.reshape(tf.range(60), [3, 4, 5]), [2, 1, 5], seed=13))
    add("loop", lambda: in_a_loop(tf))
    for first, second in [(0, 0), (1, 2), (-3, 2**40)]:
        pair = np.array([first, second], np.int64)
        of = f" of {first} {second}"
        add("stateless uniform" + of, lambda p=pair: tf.random.stateless_uniform([9], p))
        add("stateless normal" + of, lambda p=pair: tf.random.stateless_normal([9], p, 1.0, 2.0, tf.float64))
        add("stateless truncated" + of, lambda p=pair: tf.random.stateless_truncated_normal([99], p))
        add("stateless int" + of, lambda p=pair: tf.random.stateless_uniform([9], p, -5, 77, tf.int32))
        add("stateless multinomial" + of, lambda p=pair: tf.random.stateless_multinomial(logits, 7, p))
    add("stateless categorical", lambda: tf.random.stateless_categorical(logits, 7, [5, 6], tf.int32))

    x = np.linspace(-1.0, 1.0, 28).astype(np.float32).reshape(7, 4)
    add("dropout", lambda: tf.nn.dropout(tf.constant(x), 0.7, seed=9))
    add("dropout rate", lambda: tf.nn.dropout(tf.constant(x), rate=0.2, seed=9, name="thinned"))
    add("dropout tensor", lambda: tf.nn.dropout(tf.constant(x), tf.constant(0.4), seed=9))
    add("dropout noise", lambda: tf.nn.dropout(tf.constant(x), 0.6, noise_shape=[None, 1], seed=9))
    add("dropout noise tensor", lambda: tf.nn.dropout(tf.constant(x), 0.6, tf.constant([1, 4]), seed=9))
    add("dropout wide", lambda: tf.nn.dropout(tf.constant(x.astype(np.float64)), 0.5, seed=9), 77)

    def variable(initializer, shape, dtype=None):
        return lambda: tf.get_variable("v", shape, dtype, initializer=initializer())

    keras, layers = tf.keras.initializers, tf.contrib.layers
    made = {
        "none": lambda: None,
        "zeros": tf.zeros_initializer,
        "ones": tf.ones_initializer,
        "constant": lambda: tf.constant_initializer([1.5, 2.5]),
        "uniform": lambda: tf.random_uniform_initializer(-0.1, 0.2, seed=10),
        "normal": lambda: tf.random_normal_initializer(0.5, 0.1, seed=10),
        "truncated": lambda: tf.truncated_normal_initializer(stddev=0.1, seed=10),
        "unit scaling": lambda: tf.uniform_unit_scaling_initializer(1.43, seed=10),
        "orthogonal": lambda: tf.orthogonal_initializer(0.5, seed=10),
        "identity": lambda: tf.initializers.identity(2.0),
        "glorot uniform": lambda: tf.glorot_uniform_initializer(seed=10),
        "glorot normal": lambda: tf.glorot_normal_initializer(seed=10),
        "he uniform": lambda: tf.initializers.he_uniform(seed=10),
        "he normal": lambda: tf.initializers.he_normal(seed=10),
        "lecun uniform": lambda: tf.initializers.lecun_uniform(seed=10),
        "lecun normal": lambda: tf.initializers.lecun_normal(seed=10),
        "xavier": lambda: layers.xavier_initializer(seed=10),
        "xavier normal": lambda: layers.xavier_initializer(uniform=False, seed=10),
        "xavier conv2d": lambda: layers.xavier_initializer_conv2d(seed=10),
        "contrib scaling": lambda: layers.variance_scaling_initializer(1.5, "FAN_OUT", seed=10),
        "keras uniform": lambda: keras.RandomUniform(seed=10),
        "keras normal": lambda: keras.RandomNormal(seed=10),
        "keras truncated": lambda: keras.TruncatedNormal(seed=10),
        "keras get": lambda: keras.get({"class_name": "glorot_normal", "config": {"seed": 10}}),
    }
    for mode in ("fan_in", "fan_out", "fan_avg"):
        for distribution in ("normal", "uniform", "truncated_normal", "untruncated_normal"):
            made[f"scaling {mode} {distribution}"] = lambda m=mode, d=distribution: (
                tf.variance_scaling_initializer(1.7, m, d, seed=10)
            )
    for name, initializer in made.items():
        seed = 11 if name == "none" else None
        for shape in ([3, 5], [5, 3]) if name != "identity" else ([3, 5], [4, 4]):
            add(f"initializer {name} {shape}", variable(initializer, shape), seed)
        if name not in ("identity",):
            add(f"initializer {name} wide", variable(initializer, [2, 3, 4], tf.float64), seed)
    framework = tf.contrib.framework
    for name, shapes in {
        "delta_orthogonal": ([3, 2, 4], [3, 4, 2, 3], [1, 2, 3, 2, 2]),
        "orthogonal_1d": ([1, 2, 3], [4, 2, 3]),
        "orthogonal_2d": ([2, 2, 2, 3], [3, 3, 3, 3]),
        "orthogonal_3d": ([2, 2, 2, 2, 3], [3, 3, 3, 2, 2]),
    }.items():
        for shape in shapes:
            made = lambda n=name: getattr(framework, "convolutional_" + n)(1.5, seed=10)  # noqa: E731
            add(f"convolution {name} {shape}", variable(made, shape))
    add("graph seed alone", lambda: two_layers(tf), 12)
    return found


def two_layers(tf):
    """Variables and draws under a graph's seed alone, which count the graph's nodes."""
    first = tf.get_variable("first", [4, 3])
    with tf.variable_scope("layer"):
        second = tf.get_variable("second", [3, 2], initializer=tf.truncated_normal_initializer(stddev=0.1))
        bias = tf.get_variable("bias", [2], initializer=tf.zeros_initializer())
    x = tf.placeholder_with_default(np.ones([2, 4], np.float32), [None, 4], name="x")
    hidden = tf.nn.dropout(tf.tanh(tf.matmul(x, first)), 0.5)
    return tf.nn.xw_plus_b(hidden, second, bias) + tf.random_normal([2])


def in_a_loop(tf):
    """Each turn draws on: uniform numbers, a mask and integers."""

    def turn(i, total):
        drawn = tf.random_uniform([3], seed=14) + tf.nn.dropout(tf.ones([3]), 0.5, seed=15)
        return i + 1, total * 2 + drawn + tf.to_float(tf.random_uniform([3], 0, 9, tf.int32, seed=16))

    # TensorFlow may let a later turn draw before an earlier one, where turns may overlap.
    return tf.while_loop(lambda i, total: i < 4, turn, [0, tf.zeros([3])], parallel_iterations=1)[1]


def kept(value):
    """What the file keeps of a value: its ends, where it is long."""
    flat = value.reshape(-1)
    return value if flat.size <= 64 else np.concatenate([flat[:24], flat[-24:]])


def evaluated(tf, names=None):
    found = {}
    known = cases(tf)
    for name in names or known:
        seed, make = known[name]
        with tf.Graph().as_default() as graph:
            if seed is not None:
                tf.set_random_seed(seed)
            tensor = make()
            found["names|" + name] = np.array(" ".join(node.name for node in graph.get_operations()))
            initialize = tf.global_variables_initializer()
            values = []
            for runs in (2, 1):
                with tf.Session() as session:
                    session.run(initialize)
                    values += [kept(session.run(tensor)) for _ in range(runs)]
            found["value|" + name] = np.stack(values)
    return found


if __name__ == "__main__":
    import tensorflow

    np.savez_compressed(sys.argv[1], **evaluated(tensorflow))
