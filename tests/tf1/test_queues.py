"""Queues, the threads that fill them, and batches of what these give."""

import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ostinato.tf1 as tf


@pytest.fixture
def session():
    with tf.Graph().as_default(), tf.Session() as session:
        yield session


def in_thread(function):
    """Start a function in a thread; the result is a function that waits for what it gives or raises."""
    found = []

    def call():
        try:
            found.append(function())
        except Exception as problem:
            found.append(problem)

    thread = threading.Thread(target=call, daemon=True)
    thread.start()

    def result():
        thread.join(20)
        assert found, "the thread still waits"
        return found[0]

    return result


def test_elements_come_in_order_and_in_batches(session):
    queue = tf.FIFOQueue(10, [tf.float32, tf.int32], shapes=[[], [2]])
    session.run(queue.enqueue([1.0, [1, 2]]))
    session.run(queue.enqueue_many([[2.0, 3.0, 4.0], [[3, 4], [5, 6], [7, 8]]]))
    assert session.run(queue.size()) == 4
    first = session.run(queue.dequeue())
    assert (first[0], first[1].tolist()) == (1.0, [1, 2])
    values, pairs = session.run(queue.dequeue_many(2))
    assert (values.tolist(), pairs.tolist()) == ([2.0, 3.0], [[3, 4], [5, 6]])
    session.run(queue.close())
    assert session.run(queue.is_closed())
    assert session.run(queue.dequeue_up_to(5))[0].tolist() == [4.0]
    assert [part.shape for part in session.run(queue.dequeue_many(0))] == [(0,), (0, 2)]
    message = (
        r"FIFOQueue '_0_fifo_queue' is closed and has insufficient elements \(requested 1, current size 0\)"
    )
    with pytest.raises(tf.errors.OutOfRangeError, match=message):
        session.run(queue.dequeue())
    with pytest.raises(tf.errors.CancelledError, match="FIFOQueue '_0_fifo_queue' is closed"):
        session.run(queue.enqueue([1.0, [1, 2]]))
    with pytest.raises(tf.errors.CancelledError, match="is already closed"):
        session.run(queue.close())


def test_names_static_shapes_and_what_does_not_fit(session):
    queue = tf.FIFOQueue(3, [tf.float32, tf.int32], names=["a", "b"], shapes=[[], [2]])
    session.run(queue.enqueue({"a": 1.0, "b": [3, 4]}))
    found = queue.dequeue_many(2)
    assert (str(found["a"].shape), str(found["b"].shape)) == ("(2,)", "(2, 2)")
    assert str(queue.dequeue_up_to(2)["b"].shape) == "(?, 2)"
    assert session.run(queue.dequeue())["b"].tolist() == [3, 4]
    with pytest.raises(ValueError, match="You must enqueue a dictionary in a Queue with names"):
        queue.enqueue([1.0, [1, 2]])
    with pytest.raises(ValueError, match="Keys in dictionary to enqueue do not match"):
        queue.enqueue({"a": 1.0})
    with pytest.raises(ValueError, match=r"Shapes \(3,\) and \(2,\) are incompatible"):
        queue.enqueue({"a": 1.0, "b": [1, 2, 3]})
    with pytest.raises(ValueError, match="All shapes must be fully defined"):
        tf.FIFOQueue(2, [tf.float32], shapes=[[None]])
    with pytest.raises(ValueError, match="Input 'n' must be >= 0, but is -1"):
        queue.dequeue_many(-1)
    bare = tf.FIFOQueue(2, tf.float32)
    with pytest.raises(
        tf.errors.InvalidArgumentError, match="require the components to have specified shapes"
    ):
        session.run(bare.dequeue_many(1))


def test_smaller_elements_are_padded(session):
    queue = tf.PaddingFIFOQueue(5, [tf.float32, tf.string], [[None, 2], [None]])
    session.run(queue.enqueue([np.ones([2, 2]), ["a", "b"]]))
    session.run(queue.enqueue([np.ones([1, 2]), ["c"]]))
    numbers, texts = session.run(queue.dequeue_many(2))
    assert numbers.tolist() == [[[1, 1], [1, 1]], [[1, 1], [0, 0]]]
    assert texts.tolist() == [[b"a", b"b"], [b"c", b""]]
    wrong = tf.placeholder_with_default(np.ones([2, 3], np.float32), None)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"Expected \[\?,2\], got \[2,3\]"):
        session.run(queue.enqueue([wrong, ["d"]]))


def test_the_smallest_priority_comes_first(session):
    queue = tf.PriorityQueue(10, [tf.string], [[]])
    session.run(queue.enqueue_many([[3, 1, 2], ["c", "a", "b"]]))
    assert session.run(queue.dequeue()) == [1, b"a"]
    assert [part.tolist() for part in session.run(queue.dequeue_many(2))] == [[2, 3], [b"b", b"c"]]


def test_shuffled_elements_are_those_of_tensorflow(session):
    queue = tf.RandomShuffleQueue(20, 0, tf.int32, [[]], seed=3)
    session.run(queue.enqueue_many([list(range(10))]))
    assert session.run(queue.dequeue_many(10)).tolist() == [7, 1, 4, 5, 6, 8, 0, 9, 2, 3]


def test_some_elements_stay_to_choose_from(session):
    queue = tf.RandomShuffleQueue(20, 3, tf.int32, [[]])
    session.run(queue.enqueue_many([[1, 2, 3, 4]]))
    taken = session.run(queue.dequeue())
    three = queue.dequeue_many(3)
    rest = in_thread(lambda: session.run(three))
    time.sleep(0.1)
    session.run(queue.close())
    assert sorted([taken, *rest()]) == [1, 2, 3, 4]


def test_queues_of_one_name_are_one_and_one_can_be_chosen(session):
    first = tf.FIFOQueue(3, tf.int32, [[]], shared_name="shared")
    second = tf.FIFOQueue(3, tf.int32, [[]], shared_name="shared", name="other")
    session.run(first.enqueue(4))
    assert session.run(second.dequeue()) == 4
    other = tf.FIFOQueue(3, tf.float32, [[]], shared_name="shared")
    with pytest.raises(
        tf.errors.InvalidArgumentError, match="Shared queue 'shared' has component types int32"
    ):
        session.run(other.size())
    third = tf.FIFOQueue(3, tf.int32, [[]])
    session.run([first.enqueue(5), third.enqueue(6)])
    place = tf.placeholder(tf.int32, [])
    chosen = tf.FIFOQueue.from_list(place, [first, third]).dequeue()
    assert [session.run(chosen, {place: index}) for index in (1, 0)] == [6, 5]


def test_waiting_ends_when_it_can(session):
    queue = tf.FIFOQueue(1, tf.int32, [[]])
    three, five = queue.dequeue_many(3), queue.enqueue(5)
    taken = in_thread(lambda: session.run(three))
    session.run(queue.enqueue_many([[1, 2, 3]]))  # more than fit at once
    assert taken().tolist() == [1, 2, 3]
    session.run(queue.enqueue(4))
    added = in_thread(lambda: session.run(five))
    time.sleep(0.05)
    session.run(queue.close(cancel_pending_enqueues=True))
    assert isinstance(added(), tf.errors.CancelledError)
    other = tf.FIFOQueue(1, tf.int32, [[]], name="other")
    one = other.dequeue()
    waits = in_thread(lambda: session.run(one))
    time.sleep(0.05)
    session.close()
    assert isinstance(waits(), tf.errors.CancelledError)


def test_a_run_does_not_wait_for_longer_than_it_may(session):
    queue = tf.FIFOQueue(1, tf.int32, [[]])
    with pytest.raises(tf.errors.OpError) as problem:
        session.run(queue.dequeue(), options=tf.RunOptions(timeout_in_ms=50))
    # Where there is no other thread at all, that is said before the time is over.
    assert isinstance(problem.value, (tf.errors.DeadlineExceededError, tf.errors.FailedPreconditionError))


@given(st.lists(st.integers(1, 6), min_size=1, max_size=6), st.integers(1, 5), st.integers(1, 4))
def test_nothing_is_lost_whatever_the_sizes(sizes, batch, capacity):
    with tf.Graph().as_default(), tf.Session() as session:
        queue = tf.FIFOQueue(capacity, tf.int32, [[]])
        rows = tf.placeholder(tf.int32, [None])
        add, close, take = queue.enqueue_many([rows]), queue.close(), queue.dequeue_up_to(batch)

        def fill():
            begun = 0
            for size in sizes:
                session.run(add, {rows: np.arange(begun, begun + size)})
                begun += size
            session.run(close)

        filled, found = in_thread(fill), []
        while True:
            try:
                part = session.run(take).tolist()
            except tf.errors.OutOfRangeError:
                break
            assert len(part) == batch or len(found) + len(part) == sum(sizes)
            found += part
        assert filled() is None
        assert found == list(range(sum(sizes)))


def all_of(session, fetch):
    found = []
    try:
        while True:
            found.append(session.run(fetch))
    except tf.errors.OutOfRangeError:
        return found


def test_pipelines_of_threads(session):
    tf.set_random_seed(7)
    names = tf.train.string_input_producer(["a", "b", "c"], num_epochs=2, seed=3).dequeue()
    rows = tf.train.slice_input_producer(
        [tf.constant(np.arange(10.0)), tf.constant(np.arange(10))], shuffle=False, num_epochs=1
    )
    counted = tf.train.range_input_producer(7, num_epochs=1, shuffle=False).dequeue()
    other = tf.train.range_input_producer(9, num_epochs=1, shuffle=False).dequeue()
    even = tf.train.range_input_producer(12, num_epochs=1, shuffle=False).dequeue()
    shuffled = tf.train.shuffle_batch(rows, 5, capacity=20, min_after_dequeue=5, seed=11)
    named = tf.train.batch({"k": counted}, 3, allow_smaller_final_batch=True)
    padded = tf.train.batch([tf.range(other % 4)], 4, dynamic_pad=True)
    kept = tf.train.maybe_batch([even], tf.equal(even % 2, 0), 3)
    chosen = tf.train.maybe_batch([tf.range(6)], [True, False, True, True, False, True], 4, enqueue_many=True)
    joined = tf.train.batch_join([[tf.constant([1])], [tf.constant([2])]], 2, enqueue_many=True)
    assert [queue.name for queue in tf.get_collection(tf.GraphKeys.QUEUE_RUNNERS)][:2] == [
        "input_producer",
        "input_producer_1/input_producer",
    ]
    assert (str(padded.shape), str(named["k"].shape)) == ("(4, ?)", "(?,)")
    session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
    coord = tf.train.Coordinator()
    threads = tf.train.start_queue_runners(session, coord)
    assert len(threads) == 23  # eleven queues with two each, and one more for batch_join
    assert all_of(session, names) == [b"a", b"b", b"c", b"b", b"a", b"c"]  # TensorFlow's order
    found = np.concatenate([value for _, value in all_of(session, shuffled)])
    assert sorted(found) == list(range(10))
    assert [part["k"].tolist() for part in all_of(session, named)] == [[0, 1, 2], [3, 4, 5], [6]]
    assert all_of(session, padded)[0].tolist() == [[0, 0, 0], [0, 0, 0], [0, 1, 0], [0, 1, 2]]
    assert [part.tolist() for part in all_of(session, kept)] == [[0, 2, 4], [6, 8, 10]]
    assert session.run(chosen).tolist() == [0, 2, 3, 5]
    assert set(session.run(joined)) <= {1, 2}
    coord.request_stop()
    coord.join(threads)


def test_what_pipelines_refuse(session):
    with pytest.raises(ValueError, match="requires a non-null input tensor"):
        tf.train.string_input_producer([])
    with pytest.raises(ValueError, match="num_epochs must be > 0 not 0"):
        tf.train.range_input_producer(3, num_epochs=0)
    with pytest.raises(ValueError, match="capacity 3 must be bigger than min_after_dequeue 4"):
        tf.train.shuffle_batch([tf.constant(1)], 2, 3, 4)
    with pytest.raises(ValueError, match="Cannot infer Tensor's rank"):
        tf.train.batch([tf.placeholder(tf.float32)], 2)
    with pytest.raises(ValueError, match="`keep_input` cannot be a vector when `enqueue_many=False`"):
        tf.train.maybe_batch([tf.constant(1)], [True, False], 2)
    with pytest.raises(ValueError, match="Must provide queue"):
        tf.train.QueueRunner()
    with pytest.raises(TypeError, match="sess must be a"):
        tf.train.start_queue_runners(3)


def test_a_coordinator_tells_what_went_wrong(session):
    queue = tf.FIFOQueue(2, tf.float32, [[]])
    bad = tf.placeholder(tf.float32, [])
    tf.train.add_queue_runner(tf.train.QueueRunner(queue, [queue.enqueue(bad)]))
    coord = tf.train.Coordinator()
    threads = tf.train.start_queue_runners(session, coord)
    assert coord.wait_for_stop(10)
    with pytest.raises(tf.errors.InvalidArgumentError, match="You must feed a value for placeholder"):
        coord.join(threads)
    coord.clear_stop()
    with coord.stop_on_exception():
        raise tf.errors.OutOfRangeError(None, None, "the end")
    coord.join()
    assert coord.should_stop()
    seen = []
    coord.clear_stop()
    looper = tf.train.LooperThread.loop(coord, 0.01, lambda: seen.append(1))
    while len(seen) < 2:
        time.sleep(0.01)
    coord.request_stop()
    coord.join([looper])
    with pytest.raises(ValueError, match="'coord' argument must be a Coordinator"):
        tf.train.LooperThread(3, 1)
