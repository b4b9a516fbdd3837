"""Calls whose nodes TensorFlow 1.15 and this face are to make alike: names, types, static shapes.

Each case is an expression over the placeholders below, in a graph of its own, so that it runs in either
Python. What it gives is flattened; of a tensor the operation's type, the name, the type and the static shape
are compared, of an operation its type and name. What lies between the arguments and the result may differ.
"""

PLACEHOLDERS = (
    # name, type, shape
    ("x", "float32", [None, 3]),
    ("y", "float32", [2, 3]),
    ("u", "float32", None),
    ("n", "float32", [None, None]),
    ("t", "float32", [2, 5, 3]),
    ("q", "float32", [None, 5, 3]),
    ("m", "float32", [3, 4]),
    ("s", "float32", []),
    ("d", "float64", [2, 3]),
    ("i", "int32", [2]),
    ("j", "int32", [None]),
    ("k", "int32", []),
    ("l", "int64", [2, 3]),
    ("b", "bool", [2, 3]),
    ("w", "bool", [None]),
)

OPERATORS = """
x + 1
1 + x
x + y
x + x + x
x - 1
1 - x
x * 2
2 * x
x / 2
2 / x
x // 2
2 // x
x % 2
2 % x
x ** 2
2.0 ** x
-x
abs(x)
x < 1
x <= y
x > 1
x >= y
1 < x
y @ m
x @ m
b & b
b | b
~b
b ^ b
b ^ True
tf.logical_xor(b, b)
tf.boolean_mask(y, b)
tf.boolean_mask(x, w)
tf.boolean_mask(t, b[0], axis=2)
x[w]
y[b]
i + 1
i - i
i * 2
i // 2
i / 2
i % 2
l / 2
l + 1
d + 1
d / 3.0
s + x
s + u
u + x
x + u
n + x
x + [1.0, 2.0, 3.0]
[x + 1, x + 1, x * 1]
(x + 1) * (x + 2)
x == x
x[0]
x[0, 1]
x[:, 1]
x[1:]
x[:-1]
x[:, 1:3]
x[::2]
x[::-1]
x[..., 0]
x[..., tf.newaxis]
x[tf.newaxis]
x[:, None, :]
x[-1]
y[-1, -1]
y[0][1]
y[1:, :2]
y[:1, ::-1]
y[1:2, ..., None]
t[0, 1:3, ::2]
t[:, -1]
t[:, -1, :]
t[..., -1]
t[0, ..., 0]
q[:, -1]
q[:, 0, :]
q[0]
u[0]
u[1:]
u[..., 0]
u[:, None]
x[k]
x[k, 0]
x[k:]
x[:k]
t[k:k + 1]
i[0]
i[1:]
j[0]
b[0]
"""

ARRAYS = """
tf.constant(1.0)
tf.constant([1, 2], name="c")
tf.constant(1.0, shape=[2, 2])
tf.constant(True)
tf.constant([1.0], tf.float64)
tf.constant("a")
tf.zeros([2, 3])
tf.zeros([2, 3], tf.int32)
tf.zeros(tf.stack([tf.shape(x)[0], 3]))
tf.zeros(tf.shape(x))
tf.zeros(i)
tf.zeros([])
tf.ones([2, 3])
tf.ones(tf.stack([k, 3]), name="o")
tf.zeros_like(x)
tf.zeros_like(y)
tf.zeros_like(u)
tf.zeros_like(y, dtype=tf.int32)
tf.zeros_like(x, optimize=False)
tf.ones_like(x)
tf.ones_like(y)
tf.ones_like(x, dtype=tf.float64)
tf.fill([2, 3], 1.0)
tf.fill(tf.stack([k, 3]), 1.0)
tf.fill(i, 7)
tf.identity(x)
tf.identity(x, name="same")
tf.stop_gradient(x)
tf.shape(x)
tf.shape(y)
tf.shape(y, out_type=tf.int64)
tf.shape(u)
tf.size(x)
tf.size(y)
tf.rank(x)
tf.rank(u)
tf.reshape(x, [-1])
tf.reshape(x, [-1, 1])
tf.reshape(y, [3, -1])
tf.reshape(y, [6])
tf.reshape(t, [-1, 3])
tf.reshape(q, [-1, 3])
tf.reshape(q, [-1, 15])
tf.reshape(u, [2, -1])
tf.reshape(x, tf.shape(y))
tf.reshape(x, [tf.shape(x)[0], 3, 1])
tf.reshape(u, i)
tf.reshape(x, j)
tf.transpose(x)
tf.transpose(y)
tf.transpose(t, [1, 0, 2])
tf.transpose(q, [1, 0, 2])
tf.transpose(u)
tf.transpose(u, [1, 0])
tf.transpose(n, i)
tf.expand_dims(x, 0)
tf.expand_dims(x, -1)
tf.expand_dims(x, axis=1)
tf.expand_dims(u, 0)
tf.squeeze(tf.expand_dims(x, 0))
tf.squeeze(tf.expand_dims(y, 0))
tf.squeeze(tf.expand_dims(y, 0), [0])
tf.squeeze(x, [0])
tf.squeeze(u)
tf.concat([x, x], 0)
tf.concat([x, x], 1)
tf.concat([x, y], 0)
tf.concat([y, y], axis=-1)
tf.concat([u, x], 1)
tf.concat([y], 0)
tf.concat([x, n], 1)
tf.concat([i, [3]], 0)
tf.stack([x, x])
tf.stack([y, y], axis=1)
tf.stack([y, y], -1)
tf.stack([x, y])
tf.stack([s, s, s])
tf.stack([1, 2])
tf.stack([k, 2])
tf.unstack(y)
tf.unstack(y, axis=1)
tf.unstack(t, 5, 1)
tf.unstack(q, axis=1)
tf.unstack(x, 2)
tf.split(y, 3, 1)
tf.split(x, 3, axis=1)
tf.split(x, [1, 2], 1)
tf.split(y, 2)
tf.split(n, 2, 1)
tf.split(value=t, num_or_size_splits=5, axis=1)
tf.tile(x, [2, 1])
tf.tile(y, [2, 3])
tf.tile(n, [1, 2])
tf.tile(y, i)
tf.gather(y, [0, 1])
tf.gather(y, i)
tf.gather(x, j)
tf.gather(x, k)
tf.gather(y, i, axis=1)
tf.one_hot(i, 3)
tf.one_hot(j, 4, on_value=2.0, off_value=1.0)
tf.one_hot(i, k)
tf.one_hot(i, 3, axis=0)
tf.reverse(x, [0])
tf.reverse(t, [1, 2])
tf.reverse_sequence(t, i, seq_axis=1)
tf.reverse_sequence(q, j, seq_axis=1, batch_axis=0)
tf.sequence_mask(i)
tf.sequence_mask(i, 5)
tf.sequence_mask(j, 5, tf.float32)
tf.sequence_mask(i, k)
tf.where(b, y, y)
tf.where(b)
tf.where(w, x, x)
tf.slice(x, [0, 1], [-1, 2])
tf.slice(y, [0, 1], [1, 2])
tf.slice(y, i, [1, 2])
tf.slice(x, [0, 0], [2, -1])
tf.range(5)
tf.range(1, 9, 2)
tf.range(k)
tf.range(0.0, 1.0, 0.25)
tf.cast(x, tf.int32)
tf.cast(x, tf.float32)
tf.cast(i, tf.float32)
tf.to_float(i)
tf.to_int32(x)
tf.to_int64(x)
tf.convert_to_tensor(1.0)
tf.convert_to_tensor([1, 2])
tf.convert_to_tensor([s, s])
tf.convert_to_tensor(x)
tf.placeholder(tf.float32)
tf.placeholder(tf.float32, [None, 2], name="p")
tf.placeholder_with_default(y, [None, 3])
tf.placeholder_with_default(1.0, [], name="keep")
"""

MATHEMATICS = """
tf.add(x, y)
tf.add(x, 1.0, name="sum")
tf.subtract(x, y)
tf.multiply(x, y)
tf.divide(x, y)
tf.divide(x, 2)
tf.div(x, y)
tf.truediv(i, i)
tf.realdiv(x, y)
tf.floordiv(x, y)
tf.floordiv(i, 2)
tf.floormod(x, y)
tf.mod(i, 2)
tf.pow(x, 2)
tf.pow(x, 2.0)
tf.maximum(x, 0.0)
tf.minimum(x, y)
tf.squared_difference(x, y)
tf.negative(x)
tf.abs(x)
tf.sign(x)
tf.square(x)
tf.sqrt(x)
tf.rsqrt(x)
tf.reciprocal(x)
tf.exp(x)
tf.log(x)
tf.log1p(x)
tf.sin(x)
tf.cos(x)
tf.tanh(x)
tf.sigmoid(x)
tf.floor(x)
tf.ceil(x)
tf.round(x)
tf.is_nan(x)
tf.is_finite(x)
tf.equal(x, y)
tf.equal(i, 1)
tf.not_equal(x, 1.0)
tf.greater(x, y)
tf.greater_equal(x, 1.0)
tf.less(i, 3)
tf.less_equal(x, y)
tf.logical_and(b, b)
tf.logical_or(b, b)
tf.logical_not(b)
tf.add_n([x, x, x])
tf.add_n([y])
tf.add_n([x, y])
tf.matmul(y, m)
tf.matmul(x, m)
tf.matmul(x, y, transpose_b=True)
tf.matmul(y, y, transpose_a=True)
tf.matmul(n, m)
tf.matmul(u, m)
tf.matmul(t, t, transpose_b=True)
tf.matmul(q, q, transpose_a=True)
tf.reduce_sum(x)
tf.reduce_sum(x, 0)
tf.reduce_sum(x, 1)
tf.reduce_sum(x, axis=-1, keepdims=True)
tf.reduce_sum(x, [0, 1])
tf.reduce_sum(u)
tf.reduce_sum(u, 0)
tf.reduce_sum(u, [0, 1], keepdims=True)
tf.reduce_sum(t, [0, 2])
tf.reduce_sum(t, k)
tf.reduce_sum(x, keepdims=True)
tf.reduce_sum(s)
tf.reduce_mean(x)
tf.reduce_mean(x, 1, name="average")
tf.reduce_mean(t, axis=[1])
tf.reduce_max(x, 1)
tf.reduce_max(i)
tf.reduce_min(x)
tf.reduce_prod(i)
tf.reduce_any(b)
tf.reduce_all(b, 1)
tf.argmax(x, 1)
tf.argmax(x, axis=0)
tf.argmax(y, 1, output_type=tf.int32)
tf.argmax(x)
tf.argmin(x, 1)
tf.clip_by_value(x, 0.0, 1.0)
tf.clip_by_norm(x, 1.0)
tf.global_norm([x, y])
tf.clip_by_global_norm([x, y], 1.0)
"""

NETWORKS = """
tf.nn.relu(x)
tf.nn.relu(x, name="r")
tf.nn.tanh(x)
tf.nn.sigmoid(x)
tf.nn.elu(x)
tf.nn.softplus(x)
tf.nn.softsign(x)
tf.nn.relu6(x)
tf.nn.softmax(x)
tf.nn.softmax(y, name="probabilities")
tf.nn.softmax(t)
tf.nn.log_softmax(x)
tf.nn.bias_add(x, [1.0, 2.0, 3.0])
tf.nn.xw_plus_b(x, m, [1.0, 2.0, 3.0, 4.0])
tf.nn.dropout(x, 0.5)
tf.nn.dropout(x, keep_prob=1.0)
tf.nn.dropout(x, keep_prob=s)
tf.nn.dropout(x, rate=0.25)
tf.nn.embedding_lookup(y, i)
tf.nn.embedding_lookup(m, j)
tf.nn.embedding_lookup(m, l)
tf.nn.l2_loss(x)
tf.nn.l2_normalize(x, 1)
tf.nn.moments(x, [0])
tf.nn.softmax_cross_entropy_with_logits(labels=x, logits=x)
tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=y)
tf.nn.sparse_softmax_cross_entropy_with_logits(labels=i, logits=y)
tf.nn.sparse_softmax_cross_entropy_with_logits(labels=j, logits=x)
tf.nn.sparse_softmax_cross_entropy_with_logits(labels=l, logits=tf.zeros([2, 3, 7]))
tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=x)
tf.random_uniform([2, 3], seed=1)
tf.random_uniform([2], 0, 5, tf.int32)
tf.random_uniform([k, 3])
tf.random_normal([2, 3])
tf.random_normal([tf.shape(x)[0], 3], stddev=0.1)
tf.truncated_normal([2, 3])
tf.no_op()
tf.group(tf.no_op(), x)
tf.group(x, name="both")
tf.tuple([x, y])
tf.gradients(tf.reduce_sum(x * x), x)[0].get_shape().as_list()
tf.Variable(1.0)
tf.Variable([1.0, 2.0], name="a").initializer
tf.Variable([1.0, 2.0], name="a").read_value()
tf.Variable([1.0, 2.0], name="a").value()
tf.Variable([1.0, 2.0], name="a") + 1
tf.Variable([1.0, 2.0], name="a")[0]
tf.Variable([1.0, 2.0], name="a").assign([3.0, 4.0])
tf.Variable([1.0, 2.0], name="a").assign_add([3.0, 4.0])
tf.assign(tf.Variable([1.0, 2.0], name="a"), [3.0, 4.0])
tf.assign_sub(tf.Variable([1.0, 2.0], name="a"), [3.0, 4.0], name="less")
tf.get_variable("g", [2, 3])
tf.get_variable("g", [2, 3]).initializer
tf.get_variable("g", initializer=tf.constant(1.0))
tf.global_variables_initializer()
tf.variables_initializer([tf.Variable(1.0)])
tf.is_variable_initialized(tf.Variable(1.0))
"""

SCOPES = """
[scoped("a", lambda: x + 1), scoped("a", lambda: x + 1), x + 1]
scoped("a", lambda: scoped("b", lambda: tf.matmul(x, m)))
scoped("a", lambda: tf.reduce_sum(x, 1))
scoped("a", lambda: x[:, 0])
scoped("a/", lambda: x * 2)
scoped("a", lambda: tf.Variable(1.0))
scoped("a", lambda: tf.get_variable("g", [2]))
scoped("a", lambda: tf.nn.dropout(x, 0.5))
scoped("a", lambda: tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=y))
scoped("a", lambda: tf.stack([x, x]))
scoped("a", lambda: tf.transpose(t, [1, 0, 2]))
[tf.reduce_mean(x), tf.reduce_mean(x), tf.reduce_mean(y, 1)]
[tf.reshape(x, [-1]), tf.reshape(x, [-1])]
[tf.zeros([2]), tf.zeros([2]), tf.ones([2])]
[tf.matmul(x, m), tf.matmul(x, m, name="MatMul"), tf.matmul(x, m, name="matmul")]
[tf.constant(1), tf.constant(2), tf.constant(3, name="Const")]
[tf.unstack(y), tf.unstack(y)]
[tf.split(y, 3, 1), tf.split(y, 3, 1)]
[tf.reduce_sum(tf.Variable([1.0, 2.0])), tf.reduce_sum([1.0, 2.0]), tf.rank([1.0]), tf.reduce_sum(y)]
[tf.square(x), tf.sqrt(x), tf.tanh(x), tf.tanh(x)]
"""

CASES = [
    line for text in (OPERATORS, ARRAYS, MATHEMATICS, NETWORKS, SCOPES) for line in text.strip().splitlines()
]


def described(tf, case):
    """What a case's results are: [[kind, type, name, dtype, shape], ...], in plain values."""
    with tf.Graph().as_default():
        places = {name: tf.placeholder(dtype, shape, name=name) for name, dtype, shape in PLACEHOLDERS}

        def scoped(name, function):
            with tf.name_scope(name):
                return function()

        result = eval(case, {"tf": tf, "scoped": scoped, **places})
        return [_plain(tf, item) for item in _flat(result)]


def _flat(result):
    if isinstance(result, (list, tuple)):
        return [item for part in result for item in _flat(part)]
    return [result]


def _plain(tf, item):
    if isinstance(item, tf.Operation):
        return ["operation", item.type, item.name]
    if hasattr(item, "get_shape"):
        shape = item.get_shape()
        sizes = None if shape.ndims is None else shape.as_list()
        return ["tensor", item.op.type, item.name, item.dtype.name, sizes]
    return ["value", repr(item)]
