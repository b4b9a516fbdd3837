"""Parsing of examples, sequences of examples, tables and messages."""

CASES = {}
OTHER_NAMES = {"examples": "a sparse feature is put together by sparse_merge, with other nodes"}


def case(name):
    def put(function):
        CASES[name] = function
        return function

    return put


def feature(tf, values):
    if values and isinstance(values[0], bytes):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
    if values and isinstance(values[0], float):
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


def features(tf, lists):
    return tf.train.Features(feature={name: feature(tf, values) for name, values in lists.items()})


def example(tf, **lists):
    return tf.train.Example(features=features(tf, lists)).SerializeToString()


def sequence(tf, context, **lists):
    steps = {
        name: tf.train.FeatureList(feature=[feature(tf, values) for values in rows])
        for name, rows in lists.items()
    }
    message = tf.train.SequenceExample(
        context=features(tf, context), feature_lists=tf.train.FeatureLists(feature_list=steps)
    )
    return message.SerializeToString()


def two(tf):
    one = example(tf, a=[1, 2, 300], b=[1.5], s=[b"x", b"yy"], i=[0, 3], v=[1.0, 2.0])
    return [one, example(tf, a=[4, 5, -6], b=[2.5], i=[1], v=[7.0])]


@case("examples")
def _examples(tf, x):
    wanted = {
        "a": tf.FixedLenFeature([3], tf.int64),
        "b": tf.FixedLenFeature([], tf.float32),
        "s": tf.VarLenFeature(tf.string),
        "m": tf.FixedLenFeature([2], tf.int64, default_value=[7, 8]),
        "sp": tf.SparseFeature("i", "v", tf.float32, 10),
        "q": tf.FixedLenSequenceFeature([], tf.int64, allow_missing=True),
    }
    found = tf.parse_example(two(tf), wanted)
    single = tf.parse_single_example(two(tf)[0], wanted)
    return [[part for key, part in sorted(parts.items())] for parts in (found, single)]


@case("examples of various lengths")
def _various(tf, x):
    sequence_of = tf.FixedLenSequenceFeature
    wanted = {
        "a": sequence_of([], tf.int64, allow_missing=True),
        "s": sequence_of([], tf.string, allow_missing=True, default_value="P"),
        "v": sequence_of([1], tf.float32, allow_missing=True),
        "none": tf.VarLenFeature(tf.float32),
    }
    found = tf.parse_example(two(tf), wanted)
    return [part for key, part in sorted(found.items())]


@case("one sequence")
def _sequence(tf, x):
    serialized = sequence(
        tf, {"len": [2], "id": [b"k"]}, toks=[[1], [200]], f=[[1.0, 2.0], [3.0, 4.0]], r=[[1, 2], [3]]
    )
    context, steps = tf.parse_single_sequence_example(
        serialized,
        {
            "len": tf.FixedLenFeature([], tf.int64),
            "id": tf.FixedLenFeature([], tf.string, ""),
            "w": tf.VarLenFeature(tf.int64),
        },
        {
            "toks": tf.FixedLenSequenceFeature([], tf.int64),
            "f": tf.FixedLenSequenceFeature([2], tf.float32),
            "r": tf.VarLenFeature(tf.int64),
            "nope": tf.FixedLenSequenceFeature([], tf.int64, allow_missing=True),
        },
    )
    return [[part for key, part in sorted(parts.items())] for parts in (context, steps)]


@case("several sequences")
def _sequences(tf, x):
    both = [
        sequence(
            tf, {"len": [2], "id": [b"k"]}, toks=[[1], [2]], f=[[1.0, 2.0], [3.0, 4.0]], r=[[1, 2], [3]]
        ),
        sequence(tf, {"len": [1]}, toks=[[5]], f=[[9.0, 8.0]], r=[]),
    ]
    found = tf.io.parse_sequence_example(
        both,
        {"len": tf.FixedLenFeature([], tf.int64), "id": tf.FixedLenFeature([], tf.string, "")},
        {
            "toks": tf.FixedLenSequenceFeature([], tf.int64),
            "f": tf.FixedLenSequenceFeature([2], tf.float32),
            "r": tf.VarLenFeature(tf.int64),
        },
    )
    return [[part for key, part in sorted(parts.items())] for parts in found]


@case("tables")
def _tables(tf, x):
    return [
        tf.decode_csv(['1,2.5,"a,b"', "3,,x"], [[0], [7.0], ["d"]]),
        tf.decode_csv(["1 2 3"], [[0], [7]], field_delim=" ", select_cols=[0, 2]),
        tf.decode_csv(["1,NA"], [[0], [7]], na_value="NA"),
        tf.decode_csv(['1,"a""b"'], [[0], [""]]),
        tf.decode_csv(['1,"ab"'], [[0], [""]], use_quote_delim=False),
        tf.decode_csv([["1,2"], ["3,4"]], [[0], tf.constant([], tf.float64)]),
    ]


@case("messages")
def _messages(tf, x):
    written = tf.serialize_tensor(x.floats([2, 3]))
    words = tf.serialize_tensor(tf.constant(["a", "bb"]))
    json = '{"features": {"feature": {"b": {"float_list": {"value": [1, 2.5]}}}}}'
    decoded = tf.decode_json_example(json)
    import zlib

    packed = tf.constant([zlib.compress(b"abc")])
    return [
        tf.parse_tensor(written, tf.float32),
        tf.parse_tensor(words, tf.string),
        tf.parse_single_example(decoded, {"b": tf.FixedLenFeature([2], tf.float32)})["b"],
        tf.io.decode_compressed(packed, "ZLIB"),
    ]
