"""What pipelines of tf.data give: element by element, what fails, and what comes after that.

tools/make_tf1_data_cases.py has the results of TensorFlow 1.15, and test_data_cases.py compares.
"""

import re

import numpy as np

CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def run(tf, name):
    """The result of a case in a graph of its own, whose seed is 7."""
    with tf.Graph().as_default():
        tf.set_random_seed(7)
        try:
            return plain(CASES[name](tf))
        except Exception as problem:
            return ["raised", *words(problem)]


def plain(value):
    """A value as JSON has it; numbers keep nine digits."""
    if hasattr(value, "dense_shape"):
        return ["sparse", plain(value.indices), plain(value.values), plain(value.dense_shape)]
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in sorted(value.items())}
    if isinstance(value, (np.ndarray, np.generic)):
        return plain(value.tolist())
    if isinstance(value, bytes):
        return value.decode("latin1")
    return float("%.9g" % value) if isinstance(value, float) else value


def words(problem):
    """The type of an error and the words it begins with."""
    text = re.sub("{{function_node [^}]*}} *", "", str(problem).replace("\n", " "))
    return [type(problem).__name__, re.split(r" *\t *\[\[|Traceback", text)[0].strip()[:50]]


def tried(session, fetches, feed=None):
    try:
        return session.run(fetches, feed)
    except Exception as problem:
        return words(problem)


def drained(tf, dataset, times=1, limit=30):
    """The elements, and what is raised, until that has been so twice."""
    iterator = tf.data.make_initializable_iterator(dataset)
    element, found = iterator.get_next(), []
    with tf.Session() as session:
        for _ in range(times):
            session.run(iterator.initializer)
            errors = 0
            for _ in range(limit):
                try:
                    found.append(session.run(element))
                except Exception as problem:
                    found.append(words(problem))
                    errors += 1
                    if errors == 2:
                        break
    return found


def pipelines(tf):
    D = tf.data.Dataset
    x = tf.data.experimental

    def rep(n):
        return D.from_tensors(n).repeat(n)

    def fails(n):
        return tf.check_numerics(1.0 / tf.cast(n - 2, tf.float32), "bad")

    def yields(*values):
        return lambda: iter(values)

    def raises(problem):
        def generator():
            yield 1
            raise problem

        return generator

    def numbers(*values):
        return D.from_tensor_slices(np.array(values, np.int64))

    return {
        "take -1": lambda: D.range(4).take(-1),
        "take 0": lambda: D.range(4).take(0),
        "take more": lambda: D.range(4).take(9),
        "skip -1": lambda: D.range(4).skip(-1),
        "skip more": lambda: D.range(4).skip(9),
        "skip 0": lambda: D.range(4).skip(0),
        "repeat 0": lambda: D.range(4).repeat(0),
        "repeat 2": lambda: D.range(4).repeat(2),
        "repeat -1 empty": lambda: D.range(0).repeat(),
        "range down": lambda: D.range(5, 0, -2),
        "range step 0": lambda: D.range(5, 9, 0),
        "batch": lambda: D.range(5).batch(2),
        "batch drop": lambda: D.range(5).batch(2, True),
        "batch 0": lambda: D.range(5).batch(0),
        "batch -1": lambda: D.range(5).batch(-1),
        "batch shapes differ": lambda: D.range(1, 5).map(lambda n: tf.range(n)).batch(2),
        "padded": lambda: D.range(1, 6).map(lambda n: tf.fill([n], n)).padded_batch(2, [None]),
        "padded fixed": lambda: (
            D.range(1, 4).map(lambda n: tf.fill([n], n)).padded_batch(2, [4], tf.constant(-1, tf.int64))
        ),
        "padded too small": lambda: D.range(1, 6).map(lambda n: tf.fill([n], n)).padded_batch(2, [2]),
        "padded strings": lambda: (
            D.from_tensor_slices(["a b", "c", "d e f"])
            .map(lambda s: tf.string_split([s]).values)
            .padded_batch(2, [None], "<p>")
        ),
        "padded strings 0": lambda: (
            D.from_tensor_slices(["a b", "c", "d e f"])
            .map(lambda s: tf.string_split([s]).values)
            .padded_batch(3, [None])
        ),
        "padded dict": lambda: (
            D.range(1, 4)
            .map(lambda n: {"a": tf.fill([n], n), "b": n})
            .padded_batch(2, {"a": [None], "b": []})
        ),
        "padded 0": lambda: D.range(1, 4).map(lambda n: tf.fill([n], n)).padded_batch(0, [None]),
        "padded 2d": lambda: D.range(1, 4).map(lambda n: tf.fill([n, 2], n)).padded_batch(3, [None, 3]),
        "padded float": lambda: D.range(1, 4).map(lambda n: tf.fill([n], 0.5)).padded_batch(3, [None], -2.0),
        "shuffle 0": lambda: D.range(4).shuffle(0),
        "shuffle -1": lambda: D.range(4).shuffle(-1),
        "shuffle 1": lambda: D.range(4).shuffle(1, 2),
        "shuffle graph": lambda: D.range(10).shuffle(5),
        "shuffle two": lambda: D.range(6).shuffle(3).shuffle(4),
        "shuffle repeat": lambda: D.range(6).shuffle(6).repeat(2),
        "shuffle fixed": lambda: D.range(6).shuffle(6, reshuffle_each_iteration=False).repeat(2),
        "shuffle batch repeat": lambda: D.range(6).shuffle(6, seed=3).batch(2).repeat(2),
        "shuffle take repeat": lambda: D.range(6).shuffle(6, seed=3).take(3).repeat(3),
        "shuffle cache repeat": lambda: D.range(6).shuffle(6, seed=3).cache().repeat(2),
        "cache shuffle repeat": lambda: D.range(6).cache().shuffle(6, seed=3).repeat(2),
        "shuffle prefetch repeat": lambda: D.range(6).shuffle(6, seed=3).prefetch(1).repeat(2),
        "shuffle seed 0": lambda: D.range(6).shuffle(6, seed=0),
        "shuffle seed big": lambda: D.range(6).shuffle(6, seed=2**40 + 3),
        "shuffle seed negative": lambda: D.range(6).shuffle(6, seed=-3),
        "shuffle seed tensor": lambda: D.range(6).shuffle(6, seed=tf.constant(5, tf.int64)),
        "shuffle large": lambda: D.range(3000).shuffle(2500, seed=1).take(12),
        "shuffle repeat skip": lambda: D.range(5).shuffle(3, seed=1).repeat().skip(7).take(6),
        "shuffle filter repeat": lambda: D.range(9).shuffle(4, seed=1).filter(lambda n: n < 5).repeat(2),
        "shuffle flat": lambda: D.range(3).flat_map(lambda n: D.range(4).shuffle(4, seed=2)),
        "shuffle interleave": lambda: D.range(3).interleave(lambda n: D.range(4).shuffle(4, seed=2), 2),
        "shuffle zip": lambda: D.zip((D.range(5).shuffle(5, seed=2), D.range(5).shuffle(5, seed=2))),
        "shuffle concat": lambda: (
            D.range(3).shuffle(3, seed=2).concatenate(D.range(3).shuffle(3, seed=2)).repeat(2)
        ),
        "shuffle and repeat": lambda: D.range(5).apply(x.shuffle_and_repeat(3, 2, seed=4)),
        "shuffle and repeat 0": lambda: D.range(5).apply(x.shuffle_and_repeat(0, 2, seed=4)),
        "shuffle and repeat inf": lambda: D.range(5).apply(x.shuffle_and_repeat(7, seed=4)).take(12),
        "shuffle same twice": lambda: D.zip((D.range(5).shuffle(5, seed=2),) * 2),
        "map error": lambda: D.range(4).map(fails),
        "map error parallel": lambda: D.range(4).map(fails, 2),
        "map error batch": lambda: D.range(6).map(fails).batch(2),
        "map and batch error": lambda: D.range(6).apply(x.map_and_batch(fails, 2)),
        "map error ignore": lambda: D.range(6).map(fails).apply(x.ignore_errors()).batch(2),
        "map error prefetch": lambda: D.range(4).map(fails).prefetch(1),
        "map error shuffle": lambda: D.range(4).map(fails).shuffle(3, seed=1),
        "map error repeat": lambda: D.range(3).map(fails).repeat(2),
        "map error zip": lambda: D.zip((D.range(4).map(fails), D.range(5))),
        "map error flat": lambda: D.range(4).flat_map(lambda n: D.from_tensors(fails(n))),
        "map error cache": lambda: D.range(4).map(fails).cache(),
        "filter error": lambda: D.range(4).filter(fails > 0),
        "py_func": lambda: D.range(4).map(lambda n: tf.py_func(lambda k: k * 2, [n], tf.int64)),
        "py_func error": lambda: D.range(4).map(lambda n: tf.py_func(lambda k: 1 // (k - 1), [n], tf.int64)),
        "sparse batch": lambda: D.range(3).map(lambda n: tf.SparseTensor([[n]], [n], [3])).batch(2),
        "sparse slices": lambda: D.from_tensor_slices(tf.SparseTensor([[0, 1], [2, 0]], [5, 6], [3, 4])),
        "from sparse tensor slices": lambda: D.from_sparse_tensor_slices(
            tf.SparseTensor([[0, 1], [2, 0]], [5, 6], [3, 4])
        ),
        "dense to sparse": lambda: (
            D.range(1, 4).map(lambda n: tf.fill([n], n)).apply(x.dense_to_sparse_batch(2, [4]))
        ),
        "dense to sparse small": lambda: (
            D.range(1, 4).map(lambda n: tf.fill([n], n)).apply(x.dense_to_sparse_batch(2, [2]))
        ),
        "window": lambda: D.range(7).window(3).flat_map(lambda w: w.batch(3)),
        "window shift": lambda: D.range(9).window(2, 3, 2).flat_map(lambda w: w.batch(3)),
        "window drop": lambda: D.range(9).window(3, 1, 2, True).flat_map(lambda w: w.batch(3)),
        "window keep": lambda: D.range(5).window(3, 1, 2).flat_map(lambda w: w.batch(3)),
        "window pair": lambda: (
            D.zip((D.range(5), D.range(5, 10)))
            .window(2)
            .flat_map(lambda a, b: D.zip((a.batch(2), b.batch(2))))
        ),
        "window 0": lambda: D.range(5).window(0).flat_map(lambda w: w),
        "window shift 0": lambda: D.range(5).window(2, 0).flat_map(lambda w: w),
        "window stride 0": lambda: D.range(5).window(2, 1, 0).flat_map(lambda w: w),
        "shard": lambda: D.range(7).shard(3, 2),
        "shard bad": lambda: D.range(7).shard(3, 3),
        "shard zero": lambda: D.range(7).shard(0, 0),
        "shard negative": lambda: D.range(7).shard(3, -1),
        "interleave": lambda: D.range(1, 5).interleave(rep, 2, 2),
        "interleave 3 1": lambda: D.range(1, 6).interleave(rep, 3, 1),
        "interleave 3 3": lambda: D.range(1, 6).interleave(rep, 3, 3),
        "interleave par": lambda: D.range(1, 6).interleave(rep, 3, 2, 2),
        "interleave par 1": lambda: D.range(1, 6).interleave(rep, 2, 1, 1),
        "interleave par auto": lambda: D.range(1, 6).interleave(rep, 4, 3, x.AUTOTUNE),
        "interleave empties": lambda: D.from_tensor_slices(
            np.array([0, 2, 0, 0, 3, 1, 0], np.int64)
        ).interleave(rep, 2, 2),
        "interleave par empties": lambda: D.from_tensor_slices(
            np.array([0, 2, 0, 0, 3, 1, 0], np.int64)
        ).interleave(rep, 2, 2, 2),
        "interleave 0": lambda: D.range(1, 5).interleave(rep, 0, 2),
        "interleave block 0": lambda: D.range(1, 5).interleave(rep, 2, 0),
        "interleave many": lambda: D.range(1, 5).interleave(rep, 20, 1),
        "parallel_interleave": lambda: D.range(1, 6).apply(x.parallel_interleave(rep, 3, 2)),
        "parallel_interleave one": lambda: D.range(1, 6).apply(x.parallel_interleave(rep, 1, 2)),
        "parallel_interleave empties": lambda: D.from_tensor_slices(
            np.array([0, 2, 0, 0, 3, 1, 0], np.int64)
        ).apply(x.parallel_interleave(rep, 2, 2)),
        "parallel_interleave buffers": lambda: D.range(1, 6).apply(
            x.parallel_interleave(rep, 3, 2, False, 2, 3)
        ),
        "concatenate": lambda: D.range(2).concatenate(D.range(5, 7)),
        "concatenate shapes": lambda: D.range(2).batch(2).concatenate(D.range(5, 8).batch(3)),
        "zip": lambda: D.zip((D.range(2), D.range(5, 8))),
        "zip dict": lambda: D.zip({"a": D.range(2), "b": (D.range(5, 8), D.range(1))}),
        "scan": lambda: D.range(5).apply(x.scan(np.int64(1), lambda s, n: (s + n, s * n))),
        "scan grows": lambda: D.range(4).apply(
            x.scan(tf.zeros([1], tf.int64), lambda s, n: (tf.concat([s, [n]], 0), tf.reduce_sum(s)))
        ),
        "scan error": lambda: D.range(5).apply(x.scan(np.int64(1), lambda s, n: (s + n, fails(n)))),
        "take while": lambda: D.range(5).apply(x.take_while(lambda n: n < 3)),
        "unique strings": lambda: D.from_tensor_slices(["a", "b", "a"]).apply(x.unique()),
        "unbatch": lambda: D.range(5).batch(2).apply(x.unbatch()),
        "unbatch scalar": lambda: (
            D.range(5).map(lambda n: tf.placeholder_with_default(n, None)).apply(x.unbatch())
        ),
        "unbatch differ": lambda: D.range(2, 4).map(lambda n: (tf.range(n), tf.range(2))).apply(x.unbatch()),
        "group by window": lambda: D.range(10).apply(
            x.group_by_window(lambda n: n % 3, lambda k, w: w.batch(4), 2)
        ),
        "group by window rest": lambda: D.from_tensor_slices(
            np.array([5, 1, 4, 3, 2, 9, 8, 7, 5], np.int64)
        ).apply(x.group_by_window(lambda n: n % 4, lambda k, w: w.batch(4), 3)),
        "group by window neg": lambda: D.from_tensor_slices(np.array([-5, 1, -4, 3, 2], np.int64)).apply(
            x.group_by_window(lambda n: n, lambda k, w: w.batch(4), 3)
        ),
        "group by window 0": lambda: D.range(10).apply(
            x.group_by_window(lambda n: n % 3, lambda k, w: w.batch(4), 0)
        ),
        "group by window size func": lambda: D.range(10).apply(
            x.group_by_window(lambda n: n % 3, lambda k, w: w.batch(10), window_size_func=lambda k: k + 1)
        ),
        "group by reducer": lambda: D.from_tensor_slices(np.array([5, -1, 4, 3, 2, 9], np.int64)).apply(
            x.group_by_reducer(
                lambda n: n % 4, x.Reducer(lambda k: np.int64(0), lambda s, n: s + n, lambda s: s)
            )
        ),
        "bucket": lambda: (
            D.from_tensor_slices([3, 1, 7, 2, 9, 4, 1, 8])
            .map(lambda n: tf.range(n))
            .apply(x.bucket_by_sequence_length(lambda e: tf.size(e), [3, 6], [2, 2, 2]))
        ),
        "bucket boundary": lambda: (
            D.from_tensor_slices([3, 1, 5, 2, 4, 1])
            .map(lambda n: tf.range(n))
            .apply(
                x.bucket_by_sequence_length(
                    lambda e: tf.size(e), [3, 6], [2, 2, 2], pad_to_bucket_boundary=True
                )
            )
        ),
        "bucket dict drop": lambda: (
            D.from_tensor_slices([3, 1, 7, 2, 9, 4, 1, 8])
            .map(lambda n: {"x": tf.range(n), "n": n})
            .apply(x.bucket_by_sequence_length(lambda e: e["n"], [3, 6], [2, 2, 2], drop_remainder=True))
        ),
        "sample": lambda: x.sample_from_datasets(
            [D.range(0, 10), D.range(100, 110), D.range(200, 210)], [0.2, 0.5, 0.3], seed=5
        ),
        "sample none": lambda: x.sample_from_datasets([D.range(0, 4), D.range(100, 104)]),
        "sample dataset weights": lambda: x.sample_from_datasets(
            [D.range(0, 4), D.range(100, 104)], D.from_tensors([0.5, 0.5]).repeat(), seed=1
        ),
        "choose": lambda: x.choose_from_datasets(
            [D.range(3), D.range(10, 13)], D.from_tensor_slices(np.array([0, 1, 1, 1, 1, 0, 0, 0], np.int64))
        ),
        "choose bad": lambda: x.choose_from_datasets(
            [D.range(3), D.range(10, 13)], D.from_tensor_slices(np.array([0, 2], np.int64))
        ),
        "generator": lambda: D.from_generator(yields(1, 2, 3), tf.int32, []),
        "generator type": lambda: D.from_generator(lambda: iter([1, "a", 3]), tf.int32, []),
        "generator shape": lambda: D.from_generator(lambda: iter([[1], [1, 2], [3]]), tf.int32, [1]),
        "generator structure": lambda: D.from_generator(
            lambda: iter([(1, 2), 5, (3, 4, 6), (7, 8)]), (tf.int32, tf.int32)
        ),
        "generator strings": lambda: D.from_generator(lambda: iter(["a", b"b", "\u00e9"]), tf.string),
        "generator dict": lambda: D.from_generator(
            lambda: iter([{"a": 1, "b": [1, 2]}]), {"a": tf.int32, "b": tf.float32}
        ),
        "generator float to int": lambda: D.from_generator(lambda: iter([1.5, 2]), tf.int32),
        "generator arrays": lambda: D.from_generator(
            lambda: iter([np.ones([2], np.float64)]), tf.float32, [None]
        ),
        "generator list of pairs": lambda: D.from_generator(lambda: iter([[1, 2]]), (tf.int32, tf.int32)),
        "generator args": lambda: D.from_generator(lambda n: iter(range(n)), tf.int64, args=(3,)),
        "generator repeat": lambda: D.from_generator(lambda: iter([1, 2]), tf.int32).repeat(2),
        "generator shuffle repeat": lambda: (
            D.from_generator(lambda: iter(range(5)), tf.int64).shuffle(5, seed=2).repeat(2)
        ),
        "enumerate": lambda: D.range(3).enumerate(5),
        "enumerate_dataset": lambda: D.range(3).apply(x.enumerate_dataset(2)),
        "map and batch": lambda: D.range(5).apply(x.map_and_batch(lambda n: n * 2, 2, drop_remainder=True)),
        "map and batch shapes": lambda: D.range(1, 5).apply(x.map_and_batch(lambda n: tf.range(n), 2)),
        "map and batch 0": lambda: D.range(5).apply(x.map_and_batch(lambda n: n * 2, 0)),
        "map calls 0": lambda: D.range(5).map(lambda n: n * 2, num_parallel_calls=0),
        "random map": lambda: D.range(5).map(lambda n: tf.random_uniform([])),
        "random map seed repeat": lambda: D.range(2).map(lambda n: tf.random_uniform([], seed=4)).repeat(3),
        "random map normal": lambda: D.range(3).map(lambda n: tf.random_normal([2], seed=4)),
        "random shuffle map": lambda: D.range(3).map(lambda n: tf.random_shuffle(tf.range(5), seed=4)),
        "random flat": lambda: D.range(3).flat_map(
            lambda n: D.range(2).map(lambda k: tf.random_uniform([], seed=4))
        ),
        "random dataset": lambda: x.RandomDataset(seed=4).take(4),
        "random dataset repeat": lambda: x.RandomDataset(seed=4).take(2).repeat(2),
        "counter": lambda: x.Counter(3, -1).take(4),
        "prefetch -5": lambda: D.range(3).prefetch(-5),
        "prefetch 0": lambda: D.range(3).prefetch(0),
        "slices differ": lambda: D.from_tensor_slices(
            (tf.placeholder_with_default([1, 2], [None]), tf.placeholder_with_default([1, 2, 3], [None]))
        ),
        "slices nested": lambda: D.from_tensor_slices({"a": [1, 2], "b": ([3, 4], [[5], [6]])}),
        "cond in map": lambda: D.range(4).map(lambda n: tf.cond(n > 1, lambda: n * 10, lambda: -n)),
        "while in map": lambda: D.range(4).map(
            lambda n: tf.while_loop(
                lambda i, s: i < n, lambda i, s: (i + 1, s + i), [np.int64(0), np.int64(0)]
            )[1]
        ),
        "table strings": lambda: D.from_tensor_slices(["1,2", "3,4"]).map(
            lambda s: tf.decode_csv(s, [[0], [0]])
        ),
        "string to number bad": lambda: D.from_tensor_slices(["1", "x", "3"]).map(
            lambda s: tf.string_to_number(s, tf.int32)
        ),
        "generator raises": lambda: D.from_generator(raises(ValueError("oh no")), tf.int32),
        "generator raises another": lambda: D.from_generator(raises(KeyError("gone")), tf.int32),
        "shuffle interleave by threads": lambda: D.range(5).interleave(
            lambda n: D.range(4).shuffle(4, seed=2), 2, 1, 2
        ),
        "shuffle parallel_interleave": lambda: D.range(5).apply(
            x.parallel_interleave(lambda n: D.range(4).shuffle(4, seed=2), 2)
        ),
        "shuffle group by window": lambda: D.range(12).apply(
            x.group_by_window(lambda n: n % 2, lambda k, w: w.shuffle(3, seed=2).batch(3), 3)
        ),
        "shuffle zipped twice": lambda: D.zip(
            (D.range(4).shuffle(4, seed=2).repeat(2), D.range(4).shuffle(4, seed=2).take(3).repeat(3))
        ),
        "shuffle, prefetch nothing": lambda: D.range(5).shuffle(5, seed=2).prefetch(1).repeat(2),
        "take of errors": lambda: D.range(6).map(fails).take(4),
        "skip of errors": lambda: D.range(6).map(fails).skip(1),
        "skip over errors": lambda: D.range(6).map(fails).skip(4),
        "shard of errors": lambda: D.range(8).map(fails).shard(2, 1),
        "padded batch of errors": lambda: D.range(6).map(fails).padded_batch(2, []),
        "window of errors": lambda: D.range(6).map(fails).window(2).flat_map(lambda w: w.batch(2)),
        "unbatch of errors": lambda: D.range(6).batch(2).map(fails).apply(x.unbatch()),
        "concatenate of errors": lambda: D.range(4).map(fails).concatenate(D.range(2).map(fails)),
        "filter of errors": lambda: D.range(4).map(fails).filter(lambda n: n > 0),
        "enumerate of errors": lambda: D.range(4).map(fails).enumerate(),
        "group of errors": lambda: (
            D.range(6)
            .map(lambda n: tf.cast(fails(n), tf.int64))
            .apply(x.group_by_window(lambda n: n, lambda k, w: w.batch(2), 2))
        ),
        "repeat of cached errors": lambda: D.range(4).map(fails).cache().repeat(2),
    }


def _put(name):
    def drain(tf):
        data = pipelines(tf)[name]()
        shapes, types = tf.data.get_output_shapes(data), tf.data.get_output_types(data)
        times = 2 if "shuffle" in name or "random" in name else 1
        return {"shapes": str(shapes), "types": str(types), "found": drained(tf, data, times)}

    CASES[name] = drain


class _Later:
    """Stands for TensorFlow where only the pipelines' names are wanted."""

    def __getattr__(self, name):
        return self


for _name in pipelines(_Later()):
    _put(_name)
