"""What iterators of tf.data do in a session, what calls of tf.data refuse, and how many nodes they make.

tools/make_tf1_data_cases.py has the results of TensorFlow 1.15, and test_data_cases.py compares.
"""

import os
import shutil
import tempfile

import numpy as np

from . import data_pipelines
from .data_pipelines import drained, plain, tried, words


def case(function):
    data_pipelines.CASES[function.__name__] = function
    return function


def without(found, folder):
    """The results, whose words do not tell where the folder was."""
    if isinstance(found, str):
        return found.replace(folder, "F")
    return [without(item, folder) for item in found] if isinstance(found, list) else found


def raised(function, *arguments, **options):
    try:
        function(*arguments, **options)
    except Exception as problem:
        return words(problem)
    return "nothing"


@case
def feedable(tf):
    D = tf.data.Dataset
    train, valid = D.range(5).repeat(), D.range(100, 103)
    handle = tf.placeholder(tf.string, [])
    it = tf.data.Iterator.from_string_handle(
        handle, tf.data.get_output_types(train), tf.data.get_output_shapes(train)
    )
    n = it.get_next()
    a = tf.data.make_one_shot_iterator(train)
    b = tf.data.make_initializable_iterator(valid)
    found = []
    with tf.Session() as s:
        ah, bh = s.run([a.string_handle(), b.string_handle()])
        found.append(tried(s, n, {handle: bh}))
        s.run(b.initializer)
        for h in [ah, bh, ah, ah, bh, bh, bh, ah, bh]:
            found.append(tried(s, n, {handle: h}))
        s.run(b.initializer)
        found.append(tried(s, n, {handle: bh}))
        found.append(tried(s, n)[0])
        found.append(tried(s, n, {handle: "nonsense"})[0])
        found.append([type(ah).__name__])
    return found


@case
def feedable_wrong_types(tf):
    D = tf.data.Dataset
    handle = tf.placeholder(tf.string, [])
    found = []
    a = tf.data.make_one_shot_iterator(D.range(5))
    b = tf.data.make_one_shot_iterator(D.range(5).batch(2))
    with tf.Session() as s:
        ah, bh = s.run([a.string_handle(), b.string_handle()])
        for types, shapes in [
            (tf.int32, []),
            (tf.int64, [2]),
            ((tf.int64, tf.int64), ([], [])),
            (tf.int64, None),
        ]:
            n = tf.data.Iterator.from_string_handle(handle, types, shapes).get_next()
            found += [tried(s, n, {handle: ah}), tried(s, n, {handle: bh})]
    return found


@case
def reinitializable(tf):
    D = tf.data.Dataset
    it = tf.data.Iterator.from_structure(tf.int64, [])
    n = it.get_next()
    a, b = it.make_initializer(D.range(3)), it.make_initializer(D.range(10, 12), name="begin")
    found = [b.name, a.name, raised(lambda: it.initializer)]
    found.append(raised(it.make_initializer, D.range(3).batch(2)))
    found.append(raised(it.make_initializer, D.from_tensors(1.5)))
    found.append(raised(it.make_initializer, D.zip((D.range(3), D.range(2)))))
    with tf.Session() as s:
        found.append(tried(s, n))
        for i in (a, b, a):
            s.run(i)
            for _ in range(4):
                found.append(tried(s, n))
    return found


@case
def two_get_next(tf):
    n = tf.data.make_one_shot_iterator(tf.data.Dataset.range(6))
    a, b = n.get_next(), n.get_next()
    with tf.Session() as s:
        first = sorted(s.run([a, b]))
        return [first, s.run([a, a]), s.run(a), tried(s, b), tried(s, a), tried(s, [a, b])]


@case
def tuple_element(tf):
    D = tf.data.Dataset
    a, (b, c) = tf.data.make_one_shot_iterator(D.zip((D.range(3), (D.range(3, 6), D.range(6, 9))))).get_next()
    with tf.Session() as s:
        return [s.run(a), s.run(c), s.run([a, b, c]), tried(s, b)]


@case
def one_shot_placeholder(tf):
    p = tf.placeholder(tf.float32, [3])
    D = tf.data.Dataset
    v = tf.get_variable("v", [], tf.int64, initializer=tf.zeros_initializer())
    return [
        raised(tf.data.make_one_shot_iterator, D.from_tensor_slices(p))[0:1],
        raised(tf.data.make_one_shot_iterator, D.range(3).map(lambda x: x + v))[0:1],
        raised(tf.data.make_one_shot_iterator, D.from_tensor_slices(tf.random_uniform([3]))),
        raised(lambda: D.range(3).make_one_shot_iterator()),
    ]


@case
def fed_element(tf):
    n = tf.data.make_one_shot_iterator(tf.data.Dataset.range(3)).get_next()
    m = n * 2
    with tf.Session() as s:
        return [s.run(m, {n: 50}), s.run(m), s.run(m)]


@case
def construction(tf):
    D, x = tf.data.Dataset, tf.data.experimental
    r = D.range(3)
    calls = {
        "slices scalar": lambda: D.from_tensor_slices(3),
        "slices differ": lambda: D.from_tensor_slices(([1, 2], [1, 2, 3])),
        "range none": lambda: D.range(),
        "range four": lambda: D.range(1, 2, 3, 4),
        "range string": lambda: D.range("a"),
        "zip list": lambda: D.zip([r, r]),
        "zip other": lambda: D.zip((r, 3)),
        "concatenate types": lambda: r.concatenate(D.from_tensors(1.0)),
        "concatenate structure": lambda: r.concatenate(D.zip((r, r))),
        "batch float": lambda: r.batch(2.5),
        "batch string": lambda: r.batch("a"),
        "shuffle float": lambda: r.shuffle(2.5),
        "repeat float": lambda: r.repeat(2.5),
        "take string": lambda: r.take("a"),
        "padded shape": lambda: D.from_tensors([1, 2, 3]).padded_batch(2, [2]),
        "padded rank": lambda: D.from_tensors([1, 2, 3]).padded_batch(2, [None, None]),
        "padded value": lambda: r.padded_batch(2, [], "a"),
        "padded value int": lambda: D.from_tensors([1.0]).padded_batch(2, [None], 1),
        "padded int64 value": lambda: r.padded_batch(2, [], 1),
        "padded sparse": lambda: D.from_tensors(tf.SparseTensor([[0]], [1], [3])).padded_batch(2, [None]),
        "filter": lambda: r.filter(lambda n: n),
        "filter vector": lambda: r.batch(2).filter(lambda n: n > 1),
        "map none": lambda: r.map(lambda n: None),
        "map list": lambda: str(r.map(lambda n: [n, n]).output_shapes),
        "map nested list": lambda: str(r.map(lambda n: (n, [n, n])).output_shapes),
        "map dict": lambda: str(r.map(lambda n: {"a": n}).output_shapes),
        "generator": lambda: D.from_generator(3, tf.int32),
        "generator types": lambda: D.from_generator(lambda: iter([1]), "what"),
        "apply": lambda: r.apply(lambda d: 3),
        "sparse slices": lambda: D.from_sparse_tensor_slices([1]),
        "reduce types": lambda: r.reduce(0.0, lambda s, n: n),
        "scan": lambda: r.apply(x.scan(0, lambda s, n: s)),
        "scan types": lambda: r.apply(x.scan(0, lambda s, n: (n, n))),
        "unique": lambda: D.zip((r, r)).apply(x.unique()),
        "unique float": lambda: D.from_tensors(1.0).apply(x.unique()),
        "group key vector": lambda: r.apply(
            x.group_by_window(lambda n: tf.stack([n, n]), lambda k, w: w.batch(2), 2)
        ),
        "group reduce": lambda: r.apply(x.group_by_window(lambda n: n, lambda k, w: k, 2)),
        "group both": lambda: x.group_by_window(lambda n: n, lambda k, w: k, 2, lambda k: k),
        "group none": lambda: x.group_by_window(lambda n: n, lambda k, w: k),
        "bucket sizes": lambda: x.bucket_by_sequence_length(lambda n: n, [3], [2]),
        "map_and_batch": lambda: x.map_and_batch(lambda n: n, 2, 2, False, 2),
        "choose": lambda: x.choose_from_datasets([r, r], D.from_tensors(1.0)),
        "choose types": lambda: x.choose_from_datasets([r, D.from_tensors(1.0)], r),
        "sample": lambda: x.sample_from_datasets([r, r], [1.0]),
        "sample types": lambda: x.sample_from_datasets([r, r], [1, 2]),
        "single": lambda: x.get_single_element(3),
        "list_files": lambda: D.list_files(3),
        "iter": lambda: iter(r),
        "text": lambda: tf.data.TextLineDataset(3),
        "records": lambda: tf.data.TFRecordDataset(r),
        "records 2": lambda: tf.data.TFRecordDataset(D.from_tensors(["a"])),
        "writer": lambda: x.TFRecordWriter("x").write(r),
        "option": lambda: setattr(tf.data.Options(), "nothing", 1),
        "option type": lambda: setattr(tf.data.Options(), "experimental_deterministic", 1),
        "enumerate": lambda: str(r.enumerate(2).output_types),
        "shard": lambda: r.shard(3, 5),
        "window": lambda: str(r.window(2).output_shapes),
        "concat shapes": lambda: str(D.from_tensors([1, 2]).concatenate(D.from_tensors([1])).output_shapes),
        "batch shapes": lambda: str(
            [
                r.batch(2).output_shapes,
                r.batch(2, True).output_shapes,
                r.batch(tf.placeholder(tf.int64, []), True).output_shapes,
            ]
        ),
        "padded shapes": lambda: str(
            [
                D.from_tensors([1, 2]).padded_batch(2, [None]).output_shapes,
                D.from_tensors([1, 2]).padded_batch(2, [5], drop_remainder=True).output_shapes,
                D.from_tensors([1]).padded_batch(2, [-1]).output_shapes,
            ]
        ),
        "slices shapes": lambda: str(
            D.from_tensor_slices({"a": np.zeros([3, 2]), "b": ["x", "y", "z"]}).output_shapes
        ),
        "spec": lambda: str(D.from_tensor_slices({"a": np.zeros([3, 2]), "b": ["x", "y", "z"]}).element_spec),
        "generator shape": lambda: str(
            D.from_generator(lambda: iter([1]), (tf.int32, tf.float32)).output_shapes
        ),
    }
    found = {}
    for k in calls:
        try:
            v = calls[k]()
            found[k] = v if isinstance(v, str) else "nothing"
        except Exception as e:
            found[k] = words(e)
    return found


@case
def reduces(tf):
    D = tf.data.Dataset
    a = D.range(5).reduce(np.int64(0), lambda s, n: s + n)
    b = D.range(5).reduce((np.int64(0), tf.constant("")), lambda s, n: (s[0] + n, s[1] + tf.as_string(n)))
    c = D.range(0).reduce(np.int64(9), lambda s, n: s + n)
    e = D.range(3).reduce(tf.zeros([1], tf.int64), lambda s, n: tf.concat([s, [n]], 0))
    g = D.range(4).reduce(
        np.float32(0), lambda s, n: tf.check_numerics(1.0 / tf.cast(n - 2, tf.float32), "bad")
    )
    with tf.Session() as s:
        return [s.run(a), s.run(a), s.run(b), s.run(c), s.run(e), tried(s, g), str(e.shape), a.name]


@case
def single(tf):
    D, x = tf.data.Dataset, tf.data.experimental
    with tf.Session() as s:
        return [tried(s, x.get_single_element(D.range(n))) for n in (0, 1, 2)]


@case
def optionals(tf):
    x = tf.data.experimental
    o = x.get_next_as_optional(tf.data.make_one_shot_iterator(tf.data.Dataset.range(1)))
    h, v = o.has_value(), o.get_value()
    n = x.Optional.none_from_structure(tf.TensorSpec([], tf.int32))
    with tf.Session() as s:
        return [
            s.run([h, v]),
            s.run(h),
            tried(s, v),
            tried(s, n.get_value()),
            s.run(x.Optional.from_value((1, "a")).get_value()),
        ]


@case
def caches(tf):
    D = tf.data.Dataset
    folder = tempfile.mkdtemp()
    prefix = os.path.join(folder, "c")
    calls = []

    def seen(n):
        calls.append(int(n))
        return n

    def data(n=4, name=prefix):
        return (
            D.range(n)
            .map(lambda k: (tf.py_func(seen, [k], tf.int64), tf.as_string(k), tf.fill([k, 2], 0.5)))
            .cache(name)
        )

    def files():
        return sorted(name for name in os.listdir(folder) if "tempstate" not in name)

    found = []
    it = tf.data.make_initializable_iterator(data())
    n = it.get_next()
    with tf.Session() as s:
        s.run(it.initializer)
        found += [files()]
        found += [tried(s, n) for _ in range(5)]
        found += [files(), list(calls)]
        s.run(it.initializer)
        found += [tried(s, n) for _ in range(5)]
        found += [list(calls)]
    # another pipeline over the same file: what is cached is what is given
    found.append(drained(tf, data(2)))
    # partial
    second = os.path.join(folder, "p")
    it = tf.data.make_initializable_iterator(data(4, second))
    n = it.get_next()
    del calls[:]
    with tf.Session() as s:
        s.run(it.initializer)
        found += [s.run(n)[0], s.run(n)[0]]
        found += [files()]
        try:
            s.run(it.initializer)
            found.append("began")
        except Exception as e:
            found.append(words(e))
        found += [(tried(s, n)) for _ in range(6)]
        found += [files(), list(calls)]
    found.append(files())
    found.append(drained(tf, data(3, os.path.join(folder, "r")).repeat(2)))
    found.append(files())
    found.append(drained(tf, D.range(3).cache(os.path.join(folder, "nodir", "c"))))
    shutil.rmtree(folder)
    return without(plain(found), folder)


@case
def cache_concurrent(tf):
    D = tf.data.Dataset
    folder = tempfile.mkdtemp()
    prefix = os.path.join(folder, "c")
    a = tf.data.make_initializable_iterator(D.range(3).cache(prefix))
    b = tf.data.make_initializable_iterator(D.range(3).cache(prefix))
    n, m = a.get_next(), b.get_next()
    found = []
    with tf.Session() as s:
        s.run([a.initializer, b.initializer])
        found += [tried(s, n), tried(s, m), tried(s, n), tried(s, n), tried(s, n), tried(s, m)]
    return without(plain(found), folder)


@case
def memory_cache(tf):
    D = tf.data.Dataset
    calls = []

    def seen(n):
        calls.append(int(n))
        return n

    it = tf.data.make_initializable_iterator(
        D.range(3).map(lambda k: tf.py_func(seen, [k], tf.int64)).cache().repeat(2)
    )
    n = it.get_next()
    found = []
    with tf.Session() as s:
        for _ in range(2):
            s.run(it.initializer)
            found += [tried(s, n) for _ in range(7)] + [list(calls)]
    return found


@case
def list_files(tf):
    folder = tempfile.mkdtemp()
    for name in "dacbe":
        with open(os.path.join(folder, name + ".txt"), "w") as file:
            file.write(name + "1\n" + name + "2\n")
    D, every = tf.data.Dataset, os.path.join(folder, "*.txt")
    paths = [os.path.join(folder, name + ".txt") for name in "abcde"]
    found = [
        drained(tf, D.list_files(every, shuffle=False)),
        drained(tf, D.list_files(every, seed=3)),
        drained(tf, D.list_files(every, shuffle=True, seed=3).repeat(2)),
        drained(tf, D.list_files([paths[0], paths[1]], shuffle=False)),
        drained(tf, D.list_files(every, shuffle=False).interleave(tf.data.TextLineDataset, 2)),
        drained(tf, D.list_files(every, seed=3).flat_map(lambda n: tf.data.TextLineDataset(n).skip(1))),
        drained(tf, tf.data.TextLineDataset(paths, num_parallel_reads=2)),
        drained(tf, tf.data.TextLineDataset(paths, num_parallel_reads=3).batch(4)),
        drained(tf, tf.data.TextLineDataset([paths[0], "zz"]))[:3],
    ]
    shutil.rmtree(folder)
    return without(plain(found), folder)


@case
def options(tf):
    found = []
    for threads, optimizes, tunes in [
        (None, None, None),
        (2, None, None),
        (None, False, None),
        (3, None, False),
    ]:
        with tf.Graph().as_default() as graph:
            chosen = tf.data.Options()
            if threads is not None:
                chosen.experimental_threading.max_intra_op_parallelism = threads
                chosen.experimental_threading.private_threadpool_size = threads
            if optimizes is not None:
                chosen.experimental_optimization.apply_default_optimizations = optimizes
            if tunes is not None:
                chosen.experimental_optimization.autotune = tunes
            found.append(drained(tf, tf.data.Dataset.range(2).with_options(chosen)))
            found.append([operation.type for operation in graph.get_operations()])
    return found


@case
def devices(tf):
    return drained(tf, tf.data.Dataset.range(2).apply(tf.data.experimental.copy_to_device("/cpu:0")))[:2]


@case
def gen_lifetime(tf):
    log = []

    def gen():
        log.append("begin")
        try:
            yield from range(3)
        finally:
            log.append("end")

    it = tf.data.make_initializable_iterator(tf.data.Dataset.from_generator(gen, tf.int64))
    n = it.get_next()
    with tf.Session() as s:
        s.run(it.initializer)
        a = list(log)
        s.run(n)
        b = list(log)
        s.run(it.initializer)
        s.run(n)
        r = [tried(s, n) for _ in range(3)]
    return [a, b, r, log[-1]]


@case
def random_across(tf):
    D = tf.data.Dataset
    data = D.range(3).map(lambda n: tf.random_uniform([], seed=3) + tf.random_uniform([], seed=3))
    it = tf.data.make_initializable_iterator(data)
    n = it.get_next()
    out = []
    with tf.Session() as s:
        for _ in range(2):
            s.run(it.initializer)
            out += [s.run(n) for _ in range(3)]
    return out


@case
def counted_nodes(tf):
    D, x = tf.data.Dataset, tf.data.experimental
    found = {}
    steps = {
        "range": lambda d: D.range(4),
        "from_tensors": lambda d: D.from_tensors(1),
        "slices": lambda d: D.from_tensor_slices([1, 2]),
        "map": lambda d: d.map(lambda n: n + 1),
        "pmap": lambda d: d.map(lambda n: n + 1, 4),
        "batch": lambda d: d.batch(2),
        "shuffle": lambda d: d.shuffle(2),
        "shuffle seed": lambda d: d.shuffle(2, seed=1),
        "repeat": lambda d: d.repeat(2),
        "prefetch": lambda d: d.prefetch(2),
        "padded": lambda d: d.padded_batch(2, []),
        "padded n": lambda d: d.batch(2).padded_batch(2, [None]),
        "padded v": lambda d: d.batch(2).padded_batch(2, [None], tf.constant(1, tf.int64)),
        "filter": lambda d: d.filter(lambda n: n > 1),
        "flat_map": lambda d: d.flat_map(lambda n: D.from_tensors(n)),
        "cache": lambda d: d.cache(),
        "enumerate": lambda d: d.enumerate(),
        "window": lambda d: d.window(2),
        "list_files": lambda d: D.list_files("*"),
        "text": lambda d: tf.data.TextLineDataset("x"),
        "text2": lambda d: tf.data.TextLineDataset(["x", "y"]),
        "records": lambda d: tf.data.TFRecordDataset("x"),
        "records data": lambda d: tf.data.TFRecordDataset(D.from_tensors("a")),
        "gen": lambda d: D.from_generator(lambda: iter([1]), tf.int32),
        "gen2": lambda d: D.from_generator(lambda: iter([1]), (tf.int32, tf.int32), ([], [None])),
        "one shot": lambda d: d.make_one_shot_iterator(),
        "init": lambda d: d.make_initializable_iterator(),
        "next": lambda d: d.make_one_shot_iterator().get_next(),
        "structure": lambda d: tf.data.Iterator.from_structure(tf.int64, []),
        "make": lambda d: tf.data.Iterator.from_structure(tf.int64, []).make_initializer(d),
        "handle": lambda d: tf.data.Iterator.from_string_handle(tf.placeholder(tf.string), tf.int64, []),
        "map_and_batch": lambda d: d.apply(x.map_and_batch(lambda n: n, 2)),
        "snr": lambda d: d.apply(x.shuffle_and_repeat(2)),
        "bucket": lambda d: d.apply(x.bucket_by_sequence_length(lambda n: tf.cast(n, tf.int32), [2], [1, 1])),
        "group": lambda d: d.apply(x.group_by_window(lambda n: n, lambda k, w: w.batch(2), 2)),
        "pinter": lambda d: d.apply(x.parallel_interleave(lambda n: D.from_tensors(n), 2)),
        "scan": lambda d: d.apply(x.scan(np.int64(0), lambda s, n: (s, n))),
        "reduce": lambda d: d.reduce(np.int64(0), lambda s, n: s),
        "unbatch": lambda d: d.batch(2).apply(x.unbatch()),
        "sample": lambda d: x.sample_from_datasets([d, d]),
        "csv": lambda d: x.CsvDataset("x", [tf.int32, tf.float32]),
        "options": lambda d: d.with_options(tf.data.Options()),
        "fixed": lambda d: tf.data.FixedLengthRecordDataset("x", 3),
        "random": lambda d: x.RandomDataset(),
        "ptd": lambda d: d.apply(x.prefetch_to_device("/cpu:0")),
        "ignore": lambda d: d.apply(x.ignore_errors()),
        "counter": lambda d: x.Counter(),
        "par text": lambda d: tf.data.TextLineDataset(["x"], num_parallel_reads=2),
    }
    for k in steps:
        with tf.Graph().as_default() as g:
            d = D.range(4)
            before = len(g.get_operations())
            try:
                steps[k](d)
            except Exception as e:
                found[k] = words(e)
                continue
            found[k] = len(g.get_operations()) - before
    return found
