"""tf.data: the elements of data sets, in order, as one batch or as the iterator's first element."""

CASES = {}


def case(name):
    def put(function):
        CASES[name] = function
        return function

    return put


def first(tf, dataset):
    return tf.data.make_one_shot_iterator(dataset).get_next()


def together(tf, dataset):
    return first(tf, dataset.batch(100))


def _orders():
    """What depends on seeds and buffers; the graph's seed is 1."""
    pipelines = {
        "shuffle": lambda d: d.shuffle(4, seed=1),
        "shuffle by the graph's seed": lambda d: d.shuffle(4),
        "shuffle all": lambda d: d.shuffle(100, seed=1),
        "shuffle and repeat in two steps": lambda d: d.shuffle(4, seed=1).repeat(3),
        "shuffle all and repeat": lambda d: d.shuffle(10, seed=1).repeat(3),
        "shuffle, map, repeat": lambda d: d.shuffle(4, seed=1).map(lambda x: x * 2).repeat(2),
        "repeat the same order": lambda d: d.shuffle(4, seed=1, reshuffle_each_iteration=False).repeat(2),
        "repeat and shuffle": lambda d: d.repeat(2).shuffle(5, seed=3),
        "shard": lambda d: d.shard(3, 1),
        "skip and take": lambda d: d.skip(3).take(4),
        "cache": lambda d: d.map(lambda x: x * x).cache().repeat(2),
        "enumerate": lambda d: d.enumerate(5).map(lambda i, x: 10 * i + x),
        "filter": lambda d: d.filter(lambda x: x % 3 < 1),
        "prefetch": lambda d: d.prefetch(2),
        "window": lambda d: d.window(3, shift=2, stride=2, drop_remainder=True).flat_map(
            lambda w: w.batch(3)
        ),
    }
    for name, pipeline in pipelines.items():
        CASES[name] = lambda tf, x, pipeline=pipeline: together(tf, pipeline(tf.data.Dataset.range(10)))


_orders()


@case("unbatch")
def _unbatch(tf, x):
    return together(tf, tf.data.Dataset.range(10).batch(4).apply(tf.data.experimental.unbatch()))


@case("interleave")
def _interleave(tf, x):
    data = tf.data.Dataset

    def repeated(n):
        return data.from_tensors(n).repeat(n)

    old = tf.data.experimental.parallel_interleave(repeated, cycle_length=3, block_length=2)
    return [
        together(tf, data.range(6).interleave(repeated, cycle_length=3, block_length=2)),
        together(tf, data.range(6).interleave(repeated, cycle_length=2, num_parallel_calls=2)),
        together(tf, data.range(6).apply(old)),
        together(tf, data.range(4).flat_map(repeated)),
    ]


@case("random in a map begins anew")
def _random_map(tf, x):
    data = tf.data.Dataset
    return [
        together(tf, data.range(4).map(lambda n: tf.random_uniform([], seed=3))),
        together(tf, data.range(4).map(lambda n: tf.random_uniform([]))),
        together(tf, tf.data.experimental.RandomDataset(seed=4).take(5)),
    ]


@case("several")
def _several(tf, x):
    experimental, data = tf.data.experimental, tf.data.Dataset
    parts = [data.range(5), data.range(100, 105)]
    chosen = data.from_tensor_slices(tf.constant([0, 1, 1, 0, 0, 1, 1], tf.int64))
    return [
        together(tf, experimental.sample_from_datasets(parts, [0.5, 0.5], seed=4)),
        together(tf, experimental.choose_from_datasets(parts, chosen)),
        together(tf, data.zip((parts[0], (parts[1], parts[0])))),
        together(tf, parts[0].concatenate(parts[1])),
        together(tf, data.zip({"b": parts[0], "a": parts[1]})),
    ]


@case("transformations")
def _transformations(tf, x):
    experimental, data = tf.data.experimental, tf.data.Dataset
    zero = tf.constant(0, tf.int64)
    sums = experimental.Reducer(lambda key: zero + key, lambda s, n: s + n, lambda s: (s, s * 2))
    return [
        together(tf, data.range(5).apply(experimental.scan(zero, lambda s, n: (s + n, s * n)))),
        together(tf, data.range(5).apply(experimental.take_while(lambda n: n < 3))),
        together(tf, data.from_tensor_slices([3, 1, 3, 2, 1]).apply(experimental.unique())),
        together(tf, experimental.Counter(3, 2).take(3)),
        first(tf, data.range(5).apply(experimental.map_and_batch(lambda n: n * 2, 2))),
        together(tf, data.range(9).apply(experimental.shuffle_and_repeat(3, 2, seed=5))),
        together(tf, data.range(10).apply(experimental.group_by_reducer(lambda n: n % 3, sums))),
        together(tf, data.range(6).apply(tf.contrib.data.sliding_window_batch(3, window_shift=2))),
        together(
            tf, data.from_tensor_slices([1, 0, 4]).map(lambda n: 8 // n).apply(experimental.ignore_errors())
        ),
        data.range(5).reduce(zero, lambda s, n: s + n),
        experimental.get_single_element(data.range(7, 8)),
    ]


@case("windows by key")
def _windows(tf, x):
    data = tf.data.Dataset
    by_key = tf.data.experimental.group_by_window(lambda n: n % 2, lambda k, d: d.batch(3), window_size=3)
    lengths = tf.constant([3, 1, 7, 2, 9, 4, 1, 8])
    texts = data.from_tensor_slices(lengths).map(lambda n: (tf.range(n), n))
    buckets = tf.data.experimental.bucket_by_sequence_length(
        lambda x, n: n, [3, 6], [2, 2, 2], padding_values=(-1, 0)
    )
    shown = texts.apply(buckets).map(lambda x, n: tf.concat([tf.shape(x), n[:1], [tf.reduce_sum(x)]], 0))
    return [
        together(tf, data.range(10).apply(by_key).map(lambda n: tf.reduce_sum(n))),
        together(tf, shown),
        first(tf, texts.apply(buckets)),
    ]


@case("batches")
def _batches(tf, x):
    data = tf.data.Dataset
    ragged = data.range(1, 5).map(lambda n: (tf.fill([tf.cast(n, tf.int32)], n), tf.constant("a")))
    planes = data.range(1, 5).map(lambda n: tf.fill([tf.cast(n, tf.int32), 2], tf.cast(n, tf.float32)))
    nest = {"a": x.constant([[1, 2], [3, 4]]), "b": (tf.constant(["p", "q"]), x.floats([2, 3]))}
    return [
        first(tf, ragged.padded_batch(3, ([None], []))),
        first(tf, planes.padded_batch(3, [5, -1], padding_values=-1.0, drop_remainder=True)),
        first(tf, data.from_tensor_slices(nest).batch(2, drop_remainder=True)),
        first(tf, data.from_tensors(nest)),
        first(tf, data.from_generator(lambda: iter([(1, [2, 3])]), (tf.int32, tf.float32), ([], [None]))),
        first(tf, data.from_generator(lambda: iter([{"a": 1, "b": "x"}]), {"a": tf.int64, "b": tf.string})),
        together(tf, data.from_generator(lambda a, b: iter(range(a, b)), tf.int64, args=(2, 5))),
    ]


@case("sparse elements")
def _sparse(tf, x):
    sparse = tf.SparseTensor([[0, 1], [1, 0], [1, 2]], [1, 2, 3], [2, 3])
    data = tf.data.Dataset
    rows = data.from_tensor_slices(sparse)
    as_sparse = tf.data.experimental.dense_to_sparse_batch(2, [6])
    return [
        together(tf, rows.map(lambda s: tf.sparse_tensor_to_dense(s))),
        first(tf, rows.batch(2).map(lambda s: tf.sparse_tensor_to_dense(s))),
        first(tf, data.range(4).map(lambda n: tf.range(n)).apply(as_sparse).map(tf.sparse_tensor_to_dense)),
        first(tf, data.from_sparse_tensor_slices(sparse)),
    ]


@case("optional elements")
def _optional(tf, x):
    iterator = tf.data.Dataset.range(3).make_one_shot_iterator()
    found = tf.data.experimental.get_next_as_optional(iterator)
    made = tf.data.experimental.Optional.from_value((tf.constant(2), tf.constant("a")))
    none = tf.data.experimental.Optional.none_from_structure(tf.TensorSpec([], tf.int32))
    return [found.has_value(), found.get_value(), made.get_value(), none.has_value()]
