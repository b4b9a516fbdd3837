"""Columns of features: what is wrong is said as TensorFlow says it; examples are parsed; variables are kept.

The numbers are compared with TensorFlow's in op_cases/feature_columns.py.
"""

import numpy as np
import pytest

import ostinato.tf1 as tf

fc = tf.feature_column


def _list(key="v"):
    return fc.categorical_column_with_vocabulary_list(key, ["a", "b"])


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: fc.numeric_column("a", [0]), ValueError, "shape dimensions must be greater than 0"),
        (lambda: fc.numeric_column("a", [1.5]), TypeError, "shape dimensions must be integer"),
        (lambda: fc.numeric_column("a", dtype=tf.string), ValueError, "dtype must be convertible to float"),
        (lambda: fc.numeric_column("a", [2], [1.0]), ValueError, "The shape of default_value must be equal"),
        (lambda: fc.numeric_column("a", default_value="x"), TypeError, "default_value must be compatible"),
        (lambda: fc.numeric_column("a", normalizer_fn=3), TypeError, "normalizer_fn must be a callable"),
        (lambda: fc.numeric_column(3), ValueError, "key must be a string"),
        (lambda: fc.bucketized_column(_list(), [1]), ValueError, "source_column must be a column generated"),
        (
            lambda: fc.bucketized_column(fc.numeric_column("a"), [2, 1]),
            ValueError,
            "boundaries must be a sorted list",
        ),
        (lambda: fc.categorical_column_with_hash_bucket("a", 0), ValueError, "must be at least 1"),
        (
            lambda: fc.categorical_column_with_hash_bucket("a", 2, tf.float32),
            ValueError,
            "must be string or integer",
        ),
        (lambda: fc.categorical_column_with_identity("a", 2, 2), ValueError, "default_value 2 not in range"),
        (lambda: fc.categorical_column_with_vocabulary_list("a", []), ValueError, "must be non-empty"),
        (lambda: fc.categorical_column_with_vocabulary_list("a", "aa"), ValueError, "Duplicate keys"),
        (
            lambda: fc.categorical_column_with_vocabulary_file("a", "/nowhere"),
            ValueError,
            "vocabulary_file in a does not exist",
        ),
        (lambda: fc.crossed_column(["a"], 3), ValueError, "keys must be a list with length > 1"),
        (
            lambda: fc.crossed_column(["a", fc.categorical_column_with_hash_bucket("b", 3)], 3),
            ValueError,
            "is not supported for crossing",
        ),
        (lambda: fc.embedding_column(_list(), 0), ValueError, "Invalid dimension 0"),
        (lambda: fc.embedding_column(_list(), 2, initializer=3), ValueError, "initializer must be callable"),
        (
            lambda: fc.shared_embedding_columns([_list(), fc.categorical_column_with_identity("i", 2)], 2),
            ValueError,
            "must have the same type",
        ),
        (lambda: fc.input_layer({}, [_list()]), ValueError, "You can wrap a categorical column"),
        (lambda: fc.input_layer({}, []), ValueError, "feature_columns must not be empty"),
        (lambda: fc.input_layer({}, {"a": 1}), ValueError, "to be iterable, found dict"),
        (lambda: fc.input_layer({}, [fc.numeric_column("a")]), ValueError, "is not in features dictionary"),
        (
            lambda: fc.input_layer({}, [fc.numeric_column("a"), fc.numeric_column("a")]),
            ValueError,
            "Duplicate feature column name",
        ),
        (
            lambda: fc.input_layer({"a": tf.constant(1.0)}, [fc.numeric_column("a")]),
            ValueError,
            "cannot have rank 0",
        ),
        (
            lambda: fc.input_layer(
                {"a": tf.zeros([2]), "b": tf.zeros([3])}, [fc.numeric_column("a"), fc.numeric_column("b")]
            ),
            ValueError,
            "Batch size .first dimension. of each feature must be same",
        ),
        (
            lambda: tf.keras.layers.DenseFeatures([fc.numeric_column("a")])(tf.zeros([2])),
            ValueError,
            "We expected a dictionary here",
        ),
    ],
)
def test_what_is_wrong_is_told(call, error, words):
    with tf.Graph().as_default(), pytest.raises(error, match=words):
        call()


def test_an_id_out_of_range_is_told_when_it_is_met():
    column = fc.indicator_column(fc.categorical_column_with_identity("a", 2))
    with tf.Graph().as_default(), tf.Session() as session:
        matrix = fc.input_layer({"a": tf.constant([[0], [2]])}, [column])
        with pytest.raises(tf.errors.InvalidArgumentError, match="exceeds number of buckets"):
            session.run(matrix)


def test_examples_are_parsed_as_the_columns_say(tmp_path):
    words = tmp_path / "words.txt"
    words.write_text("x\ny\n")
    columns = [
        fc.numeric_column("n", 2, default_value=1.0),
        fc.indicator_column(fc.categorical_column_with_vocabulary_file("w", str(words), num_oov_buckets=1)),
    ]
    spec = fc.make_parse_example_spec(columns)
    assert spec == {"n": tf.FixedLenFeature((2,), tf.float32, (1.0, 1.0)), "w": tf.VarLenFeature(tf.string)}
    text = tf.train.BytesList(value=[b"y", b"elsewhere"])
    example = tf.train.Example(
        features=tf.train.Features(feature={"w": tf.train.Feature(bytes_list=text)})
    ).SerializeToString()
    with tf.Graph().as_default(), tf.Session() as session:
        matrix = fc.input_layer(tf.parse_example([example], spec), columns)
        session.run(tf.tables_initializer())
        assert 1 <= session.run(matrix)[0, 3:].sum() <= 2
        np.testing.assert_array_equal(session.run(matrix)[0, :3], [1.0, 1.0, 0.0])
    with pytest.raises(ValueError, match="different parse_spec for key n"):
        fc.make_parse_example_spec([columns[0], fc.bucketized_column(fc.numeric_column("n"), [1])])


def test_a_layer_shares_its_variables_between_calls():
    column = fc.embedding_column(_list(), 3)
    with tf.Graph().as_default(), tf.Session() as session:
        layer = tf.keras.layers.DenseFeatures([column])
        first, second = layer({"v": tf.constant(["a"])}), layer({"v": tf.constant(["a", "b"])})
        assert [v.name for v in tf.global_variables()] == ["dense_features/v_embedding/embedding_weights:0"]
        session.run([tf.global_variables_initializer(), tf.tables_initializer()])
        one, two = session.run([first, second])
        np.testing.assert_array_equal(one[0], two[0])


def test_linear_model_gives_its_variables_by_column():
    number, found = fc.numeric_column("n"), {}
    with tf.Graph().as_default():
        fc.linear_model({"n": tf.zeros([2])}, [number], cols_to_vars=found)
        assert [variable.op.name for variable in found[number]] == ["linear_model/n/weights"]
        assert [variable.op.name for variable in found["bias"]] == ["linear_model/bias_weights"]


def test_sequences_of_a_keras_layer():
    ids = fc.sequence_categorical_column_with_identity("i", 3)
    features = {"i": tf.SparseTensorValue([[0, 0], [0, 1], [1, 0]], [2, 0, 1], [2, 2])}
    from ostinato.tf1.feature_column.layers import SequenceFeatures

    with tf.Graph().as_default(), tf.Session() as session:
        numbers, lengths = SequenceFeatures([fc.indicator_column(ids)])(
            {"i": tf.SparseTensor.from_value(features["i"])}
        )
        got, steps = session.run([numbers, lengths])
        np.testing.assert_array_equal(steps, [2, 1])
        np.testing.assert_array_equal(got[0], [[0, 0, 1], [1, 0, 0]])
        with pytest.raises(ValueError, match="must not be of type SequenceCategoricalColumn"):
            fc.input_layer({"i": tf.SparseTensor.from_value(features["i"])}, [fc.indicator_column(ids)])
