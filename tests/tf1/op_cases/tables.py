"""Lookup tables."""

CASES = {}


def case(name):
    def put(function):
        CASES[name] = function
        return function

    return put


@case("words to numbers")
def _words(tf, x):
    lookup = tf.contrib.lookup
    words = tf.constant([["a", "z"], ["b", ""]])
    table = lookup.index_table_from_tensor(["a", "b"], default_value=-5)
    sparse = tf.SparseTensor([[0, 0], [1, 1]], ["b", "q"], [2, 2])
    return [table.lookup(words), table.lookup(sparse).values, table.size(), tf.reduce_sum(table.export()[1])]


@case("numbers to words")
def _numbers(tf, x):
    table = tf.contrib.lookup.index_to_string_table_from_tensor(["a", "b"], default_value="?")
    return table.lookup(tf.constant([[1, 0], [5, -1]], tf.int64))


@case("words that are hashed")
def _hashed(tf, x):
    lookup = tf.contrib.lookup
    words = tf.constant(["a", "z", "hello", "world", "", "x"])
    table = lookup.index_table_from_tensor(["a", "b"], num_oov_buckets=7)
    strong = lookup.StrongHashSpec((1, 2))
    keyed = lookup.index_table_from_tensor(["a", "b"], num_oov_buckets=7, hasher_spec=strong)
    numbers = lookup.index_table_from_tensor([10, 20], num_oov_buckets=3, dtype=tf.int32)
    static = tf.lookup.StaticVocabularyTable(
        tf.lookup.KeyValueTensorInitializer(["a", "b"], tf.constant([0, 1], tf.int64)), 4
    )
    return [
        table.lookup(words),
        keyed.lookup(words),
        numbers.lookup(tf.constant([10, 20, 30, 40], tf.int32)),
        static.lookup(words),
        table.size(),
    ]


@case("other types")
def _types(tf, x):
    lookup = tf.contrib.lookup
    floats = lookup.HashTable(lookup.KeyValueTensorInitializer(["a", "b"], [0.5, 1.5]), -1.0)
    words = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer([1, 2], ["a", "b"]), "d")
    return [floats.lookup(tf.constant(["b", "c"])), words.lookup(tf.constant([[2, 3]]))]


@case("tables that are written")
def _mutable(tf, x):
    lookup = tf.contrib.lookup
    table = lookup.MutableHashTable(tf.string, tf.int64, -1)
    rows = lookup.MutableHashTable(tf.int64, tf.float32, [0.0, -1.0])
    dense = lookup.MutableDenseHashTable(tf.int64, tf.int64, -1, empty_key=0, deleted_key=-7)
    writes = [
        table.insert(tf.constant(["a", "b"]), tf.constant([1, 2], tf.int64)),
        rows.insert(tf.constant([1, 2], tf.int64), tf.constant([[1.0, 2], [3, 4]])),
        dense.insert(tf.constant([1, 2, 3], tf.int64), tf.constant([5, 6, 7], tf.int64)),
    ]
    with tf.control_dependencies(writes):
        again = table.insert(tf.constant(["a"]), tf.constant([9], tf.int64))
        removed = dense.remove(tf.constant([2], tf.int64))
    with tf.control_dependencies([again, removed]):
        return [
            table.lookup(tf.constant([["a", "q"]])),
            table.size(),
            tf.reduce_sum(table.export()[1]),
            rows.lookup(tf.constant([[2, 7]], tf.int64)),
            dense.lookup(tf.constant([1, 2, 4], tf.int64)),
            dense.size(),
        ]
