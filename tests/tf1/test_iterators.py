"""Iterators of tf.data in a session: how they begin, end, are fed and named, and what errors say."""

import numpy as np
import pytest

import ostinato.tf1 as tf
from ostinato.tf1.data import structure

Dataset = tf.data.Dataset


def drained(session, element, limit=50):
    found = []
    for _ in range(limit):
        try:
            found.append(session.run(element).tolist())
        except tf.errors.OutOfRangeError:
            return found
    raise AssertionError(f"no end after {limit}")


def test_an_initializer_begins_with_what_is_fed():
    size = tf.placeholder(tf.int64, [])
    iterator = Dataset.range(size).map(lambda x: x * size).make_initializable_iterator()
    element = iterator.get_next()
    with tf.Session() as session:
        with pytest.raises(
            tf.errors.FailedPreconditionError, match=r"GetNext\(\) failed because the iterator"
        ):
            session.run(element)
        for count in (3, 2, 0):
            session.run(iterator.initializer, {size: count})
            assert drained(session, element) == [count * x for x in range(count)]
            with pytest.raises(tf.errors.OutOfRangeError, match=r"^End of sequence"):
                session.run(element)


def test_variables_and_tables_are_read_when_the_iterator_begins():
    factor = tf.Variable(2)
    table = tf.contrib.lookup.index_table_from_tensor(["a", "b"])
    words = Dataset.from_tensor_slices(["b", "a", "c"])
    numbers = words.map(lambda word: tf.cast(table.lookup(word), tf.int32) * factor, num_parallel_calls=2)
    iterator = numbers.make_initializable_iterator()
    element = iterator.get_next()
    with pytest.raises(ValueError, match="Failed to create a one-shot iterator for a dataset"):
        numbers.make_one_shot_iterator()
    with tf.Session() as session:
        session.run([tf.global_variables_initializer(), tf.tables_initializer()])
        session.run(iterator.initializer)
        assert drained(session, element) == [2, 0, -2]
        session.run(factor.assign(10))
        session.run(iterator.initializer)
        assert drained(session, element) == [10, 0, -10]


def test_a_placeholder_is_nothing_for_a_one_shot_iterator():
    numbers = Dataset.from_tensors(tf.placeholder(tf.float32, [2]))
    with pytest.raises(ValueError, match="Cannot capture a placeholder"):
        numbers.make_one_shot_iterator()


def test_one_iterator_goes_through_several_data_sets():
    train, test = Dataset.range(3), Dataset.range(10, 12)
    iterator = tf.data.Iterator.from_structure(train.output_types, train.output_shapes)
    element = iterator.get_next()
    begin_train, begin_test = iterator.make_initializer(train), iterator.make_initializer(test)
    with pytest.raises(ValueError, match="Iterator does not have an initializer"):
        _ = iterator.initializer
    with pytest.raises(TypeError, match="Expected output types"):
        iterator.make_initializer(Dataset.from_tensors("a"))
    with tf.Session() as session:
        for begin, expected in ((begin_train, [0, 1, 2]), (begin_test, [10, 11]), (begin_train, [0, 1, 2])):
            session.run(begin)
            assert drained(session, element) == expected


def test_a_handle_says_which_iterator_goes_on():
    handle = tf.placeholder(tf.string, [])
    train = Dataset.range(100, 104).make_one_shot_iterator()
    test = Dataset.range(3).make_initializable_iterator()
    element = tf.data.Iterator.from_string_handle(handle, tf.int64, []).get_next()
    with tf.Session() as session:
        train_handle, test_handle = session.run([train.string_handle(), test.string_handle()])
        session.run(test.initializer)
        order = [train_handle, test_handle, train_handle, test_handle]
        assert [int(session.run(element, {handle: which})) for which in order] == [100, 0, 101, 1]
        with pytest.raises(tf.errors.InvalidArgumentError, match="is of no iterator of this session"):
            session.run(element, {handle: "other"})


def test_each_session_has_its_own_place():
    element = Dataset.range(5).make_one_shot_iterator().get_next()
    with tf.Session() as first, tf.Session() as second:
        assert [int(first.run(element)) for _ in range(3)] == [0, 1, 2]
        assert int(second.run(element)) == 0
        assert int(first.run(element)) == 3


def test_an_element_that_fails_leaves_the_next_ones():
    element = Dataset.from_tensor_slices([1, 0, 2]).map(lambda x: 4 // x).make_one_shot_iterator().get_next()
    with tf.Session() as session:
        assert session.run(element) == 4
        with pytest.raises(tf.errors.InvalidArgumentError, match="Integer division by zero"):
            session.run(element)
        assert session.run(element) == 2


def test_without_a_seed_orders_differ_and_none_is_lost():
    with tf.Graph().as_default(), tf.Session() as session:
        element = Dataset.range(50).shuffle(50).repeat(2).batch(50).make_one_shot_iterator().get_next()
        first, second = session.run(element).tolist(), session.run(element).tolist()
    assert sorted(first) == sorted(second) == list(range(50))
    assert first != second


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (
            lambda: Dataset.from_tensor_slices(([1, 2], [1, 2, 3])),
            ValueError,
            "Dimensions 2 and 3 are not comp",
        ),
        (lambda: Dataset.from_tensor_slices(3), ValueError, "Value Tensor.* has insufficient rank for batch"),
        (
            lambda: Dataset.range(3).map(lambda x: None),
            TypeError,
            "Unsupported return value from function pass",
        ),
        (
            lambda: Dataset.range(3).filter(lambda x: x),
            ValueError,
            "`predicate` return type must be convertib",
        ),
        (
            lambda: Dataset.range(3).flat_map(lambda x: x),
            TypeError,
            "`map_func` must return a `Dataset` object",
        ),
        (lambda: Dataset.zip([Dataset.range(3)]), TypeError, "The argument to `Dataset.zip.*Python lists"),
        (lambda: Dataset.range(), ValueError, "Invalid arguments to RangeDataset"),
        (
            lambda: iter(Dataset.range(3)),
            RuntimeError,
            r"__iter__\(\) is only supported inside of tf.function",
        ),
        (lambda: Dataset.from_generator([1], tf.int32), TypeError, "`generator` must be callable."),
        (
            lambda: Dataset.range(2).concatenate(Dataset.from_tensors("a")),
            TypeError,
            "Two datasets to concatenate have different types",
        ),
        (
            lambda: Dataset.from_tensors([1, 2]).padded_batch(2, [1]),
            ValueError,
            "The padded shape .* is not compatible with the corresponding input component shape",
        ),
        (
            lambda: Dataset.range(3).padded_batch(2, [], padding_values=1.5),
            TypeError,
            "Padding value tensor .* does not match output type",
        ),
        (
            lambda: Dataset.range(3).reduce(0, lambda s, x: x),
            TypeError,
            "The element types for the new state must match the initial state",
        ),
    ],
)
def test_what_does_not_fit_is_said_when_it_is_made(make, error, words):
    with pytest.raises(error, match=words):
        make()


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (
            lambda: Dataset.range(3).batch(0),
            tf.errors.InvalidArgumentError,
            "Batch size must be greater than zer",
        ),
        (
            lambda: Dataset.range(3).shuffle(0),
            tf.errors.InvalidArgumentError,
            "buffer_size must be greater than zero",
        ),
        (
            lambda: Dataset.range(1, 4).map(lambda n: tf.range(n)).batch(3),
            tf.errors.InvalidArgumentError,
            "Cannot add tensor to the batch: number of elements does not match.",
        ),
        (
            lambda: Dataset.range(1, 4).map(lambda n: tf.range(n)).padded_batch(3, [2]),
            tf.errors.DataLossError,
            "Attempted to pad to a smaller size than the input element.",
        ),
        (
            lambda: Dataset.from_generator(lambda: iter([[1, 2]]), tf.int64, [3]),
            tf.errors.InvalidArgumentError,
            "`generator` yielded an element of shape",
        ),
        (
            lambda: Dataset.from_generator(lambda: iter([(1, 2)]), (tf.int32,)),
            tf.errors.InvalidArgumentError,
            "did not match the expected structure",
        ),
        (
            lambda: Dataset.from_generator(lambda: iter(["x"]), tf.int32),
            tf.errors.InvalidArgumentError,
            "could not be converted to the expected type",
        ),
        (
            lambda: Dataset.from_generator(lambda: iter({}["missing"]), tf.int32),
            tf.errors.UnknownError,
            "missing",
        ),
        (
            lambda: Dataset.list_files("no/such/*"),
            tf.errors.NotFoundError,
            "no/such; No such file or directory",
        ),
    ],
)
def test_what_fails_in_a_run_is_said_there(make, error, words):
    element = make().make_one_shot_iterator().get_next()
    with tf.Session() as session, pytest.raises(error, match=words):
        session.run(element)


def test_structures_are_tuples_and_dicts_and_lists_are_tensors():
    numbers = Dataset.from_tensor_slices({"b": [1, 2], "a": ([[3.0], [4.0]], ["x", "y"])})
    assert numbers.output_types == {"b": tf.int32, "a": (tf.float32, tf.string)}
    assert numbers.output_shapes["a"][0].as_list() == [1]
    assert repr(Dataset.range(3)) == "<DatasetV1Adapter shapes: (), types: tf.int64>"
    assert tf.data.get_output_classes(Dataset.range(3)) is tf.Tensor
    packed = structure.pack({"b": 0, "a": (0, 0)}, [1, 2, 3])
    assert packed == {"b": 3, "a": (1, 2)}
    with pytest.raises(TypeError, match="If shallow structure is a sequence"):
        structure.flatten_up_to((0, 0), 3)


def test_options_are_kept_and_merged():
    options = tf.data.Options()
    options.experimental_deterministic = False
    options.experimental_optimization.map_fusion = True
    numbers = Dataset.range(3).with_options(options).map(lambda x: x + 1)
    assert numbers.options().experimental_deterministic is False
    with pytest.raises(AttributeError, match="Cannot set the property wrong on Options"):
        options.wrong = 1


def test_long_runs_of_slices_keep_their_order():
    rows = np.arange(3000, dtype=np.float32).reshape(1500, 2)
    element = Dataset.from_tensor_slices(rows).batch(1500).make_one_shot_iterator().get_next()
    with tf.Session() as session:
        np.testing.assert_array_equal(session.run(element), rows)


def test_a_train_step_takes_its_input_from_the_iterator():
    x, y = (
        Dataset.range(8)
        .map(lambda n: (tf.cast(n, tf.float32), 2.0 * tf.cast(n, tf.float32)))
        .repeat()
        .batch(4)
        .make_one_shot_iterator()
        .get_next()
    )
    weight = tf.Variable(0.0)
    loss = tf.reduce_mean((weight * x - y) ** 2)
    step = tf.train.GradientDescentOptimizer(0.02).minimize(loss)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        losses = [session.run([loss, step])[0] for _ in range(60)]
        assert session.run(weight) == pytest.approx(2.0, abs=1e-3)
    assert losses[-1] < 1e-3 < losses[0]
