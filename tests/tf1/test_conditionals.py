"""`tf.cond`, `tf.case`, `tf.switch_case`, checks, and what orders operations."""

import numpy as np
import pytest

import ostinato.tf1 as tf


def run(fetches, feed_dict=None):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetches, feed_dict)


def test_results_have_tensorflows_names_and_shapes():
    p = tf.placeholder(tf.bool, [])
    one = tf.cond(p, lambda: tf.zeros([2, 3]), lambda: tf.zeros([2, 4]))
    two = tf.cond(p, lambda: (tf.zeros([2, 3]), 1), lambda: (tf.zeros([2]), 2), name="hi")
    assert (one.name, str(one.shape)) == ("cond/Merge:0", "(2, ?)")
    assert [(tensor.name, str(tensor.shape)) for tensor in two] == [
        ("hi/Merge:0", "<unknown>"),
        ("hi/Merge_1:0", "()"),
    ]
    assert tf.cond(p, lambda: [1], lambda: [2]).name == "cond_1/Merge:0"
    assert [tensor.name for tensor in tf.cond(p, lambda: [1], lambda: [2], strict=True)] == ["cond_2/Merge:0"]
    assert tf.cond(p, fn1=lambda: 1, fn2=lambda: 2).dtype == tf.int32
    assert tf.cond(p, tf.no_op, tf.no_op).dtype == tf.bool


def p():
    return tf.constant(True)


ERRORS = [
    (TypeError, "pred must not be a Python bool", lambda: tf.cond(True, lambda: 1, lambda: 2)),
    (
        TypeError,
        "Input 'pred' of 'Switch' Op has type int32 that does not match expected type of bool.",
        lambda: tf.cond(tf.constant(1), lambda: 1, lambda: 2),
    ),
    (
        ValueError,
        "Shape must be rank 0 but is rank 1 for 'cond/Switch'",
        lambda: tf.cond(tf.constant([True]), lambda: 1, lambda: 2),
    ),
    (TypeError, "true_fn must be callable.", lambda: tf.cond(p(), 1, lambda: 2)),
    (TypeError, r"cond\(\): false_fn argument required", lambda: tf.cond(p(), lambda: 1)),
    (
        TypeError,
        r"cond\(\): true_fn and fn1 may not be set simultaneously.",
        lambda: tf.cond(p(), lambda: 1, lambda: 1, fn1=lambda: 1),
    ),
    (ValueError, "true_fn must have a return value.", lambda: tf.cond(p(), lambda: None, lambda: 2)),
    (ValueError, "false_fn must have a return value.", lambda: tf.cond(p(), lambda: 2, lambda: None)),
    (
        ValueError,
        "Outputs of true_fn and false_fn must have the same type: int32, float32",
        lambda: tf.cond(p(), lambda: 1, lambda: 2.0),
    ),
    (
        TypeError,
        "The two structures don't have the same nested structure.",
        lambda: tf.cond(p(), lambda: (1, 2), lambda: [1, 2]),
    ),
    (
        ValueError,
        "The two structures don't have the same nested structure.",
        lambda: tf.cond(p(), lambda: (1, 2), lambda: 1),
    ),
    (
        ValueError,
        "true_fn and false_fn must return at least one result.",
        lambda: tf.cond(p(), list, list),
    ),
    (TypeError, "fns must be a list, tuple, or dict", lambda: tf.case(3)),
    (TypeError, "Each entry in pred_fn_pairs must be a 2-tuple", lambda: tf.case([3])),
    (TypeError, "pred must be a Tensor, got: 1", lambda: tf.case([(1, lambda: 1)])),
    (TypeError, "pred must be Tensor of type bool: Const:0", lambda: tf.case([(tf.constant(1), lambda: 1)])),
    (TypeError, "fn for pred Const:0 must be callable.", lambda: tf.case([(p(), 3)])),
    (ValueError, "tf.case needs at least one pair", lambda: tf.case({}, default=lambda: 3)),
    (TypeError, "branch_index must a Tensor, got", lambda: tf.switch_case(0, [lambda: 1])),
    (TypeError, "branch_index must an integer Tensor", lambda: tf.switch_case(tf.constant(0.0), [lambda: 1])),
    (ValueError, "Must provide at least one item", lambda: tf.switch_case(tf.constant(0), [])),
    (
        ValueError,
        r"branch indices \(keys\) must form contiguous range of \[0 to 2\) but found \{0,2\}",
        lambda: tf.switch_case(tf.constant(0), {0: lambda: 1, 2: lambda: 2}),
    ),
    (TypeError, r"Expected tf.group\(\) expected Tensor arguments not '1'", lambda: tf.group(1)),
    (ValueError, "Unknown keyword arguments: a", lambda: tf.group(a=1)),
    (ValueError, r"Must have at least one Tensor: \[\]", lambda: tf.tuple([])),
    (
        TypeError,
        "Control input must be Operation or Tensor: 3",
        lambda: tf.tuple([tf.constant(1)], control_inputs=[3]),
    ),
    (
        ValueError,
        r".  Tensor zeros:0 must have rank 3.  Received rank 1, shape \(2,\)",
        lambda: tf.assert_rank(tf.zeros([2]), 3),
    ),
    (
        ValueError,
        "no.  Tensor zeros:0 must have rank at least 3",
        lambda: tf.assert_rank_at_least(tf.zeros([2]), 3, message="no"),
    ),
    (
        ValueError,
        r".  Tensor zeros:0 must have rank in \(0, 2\).",
        lambda: tf.assert_rank_in(tf.zeros([2]), [0, 2]),
    ),
    (ValueError, "Rank must be a scalar.", lambda: tf.assert_rank(tf.zeros([2]), [1])),
    (
        tf.errors.InvalidArgumentError,
        "boo\nCondition x == y did not hold",
        lambda: tf.assert_equal(1, 2, message="boo"),
    ),
    (tf.errors.InvalidArgumentError, "Condition x < y did not hold", lambda: tf.assert_less([1, 2], [2, 2])),
    (tf.errors.InvalidArgumentError, "\nCondition x > 0 did not hold", lambda: tf.assert_positive(-1)),
    (
        TypeError,
        "  assert_type/tensor:0 must be of type <dtype: 'float32'>",
        lambda: tf.assert_type(1, tf.float32),
    ),
    (TypeError, '  Expected "x" to be integer type.', lambda: tf.assert_integer(1.0)),
    (ValueError, "Expected scalar shape for", lambda: tf.assert_scalar([1.0])),
    (
        TypeError,
        'Expected argument "values" to be a "proper" iterable.',
        lambda: tf.assert_proper_iterable("ab"),
    ),
]


@pytest.mark.parametrize(("kind", "message", "call"), ERRORS)
def test_errors_are_tensorflows(kind, message, call):
    with pytest.raises(kind, match=f"^{message}"):
        call()


def test_only_the_branch_that_is_taken_assigns():
    v, w = tf.Variable(1.0), tf.Variable(1.0)
    take = tf.placeholder(tf.bool, [])
    result = tf.cond(
        take, lambda: [v.assign_add(1.0), w.assign(7.0)], lambda: [v.assign_sub(10.0), w.assign(8.0)]
    )
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(result, {take: True}) == [2.0, 7.0]
        assert session.run(result, {take: False}) == [-8.0, 8.0]
        assert session.run(result[0], {take: True}) == -7.0
        assert session.run([v, w]) == [-7.0, 8.0]  # one result alone makes one assignment


def test_an_operation_as_a_result_is_the_predicate_once_it_has_run():
    v = tf.Variable(1)
    take = tf.placeholder(tf.bool, [])
    result = tf.cond(take, lambda: tf.group(v.assign(3)), tf.no_op)
    with tf.Session() as session:
        session.run(v.initializer)
        assert session.run([result, v], {take: False}) == [False, 1]
        assert session.run(result, {take: True})
        assert session.run(v) == 3


def test_what_a_branch_uses_of_outside_runs_in_any_case():
    v = tf.Variable(0)
    outside = v.assign_add(1)
    result = tf.cond(tf.placeholder_with_default(False, []), lambda: outside + 0, lambda: tf.constant(-1))
    with tf.Session() as session:
        session.run(v.initializer)
        assert session.run(result) == -1
        assert session.run(v) == 1


def test_a_value_that_may_be_uninitialised_is_guarded():
    v = tf.Variable(3.0)
    value = tf.cond(tf.is_variable_initialized(v), v.read_value, lambda: tf.constant(-1.0))
    with tf.Session() as session:
        assert session.run(value) == -1.0
        session.run(v.initializer)
        assert session.run(value) == 3.0


def test_only_the_branch_that_is_taken_has_a_gradient():
    x = tf.placeholder(tf.float64, [])
    y = tf.cond(x > 0.0, lambda: tf.sqrt(x), lambda: -x)
    gradient = tf.gradients(y, x)[0]
    assert run([y, gradient], {x: 4.0}) == [2.0, 0.25]
    assert run([y, gradient], {x: -4.0}) == [4.0, -1.0]


@pytest.mark.parametrize("value", [-1, 0, 1, 2])
def test_cases(value):
    x = tf.constant(value)
    pairs = [(x < 0, lambda: -5), (tf.equal(x, 0), lambda: 0), (tf.equal(x, 1), lambda: 5)]
    expected = {-1: -5, 0: 0, 1: 5, 2: 99}[value]
    fetches = [
        tf.case(pairs, default=lambda: 99),
        tf.case(pairs, default=lambda: 99, exclusive=True),
        tf.case(dict(pairs), default=lambda: 99, exclusive=True),
        tf.switch_case(x, [lambda: 0, lambda: 5], default=lambda: 99 if value > 0 else -5),
        tf.switch_case(x, {1: lambda: 5, 0: lambda: 0}, default=lambda: expected),
    ]
    assert run(fetches) == [expected] * 5


def test_exclusive_cases_may_not_both_hold():
    x = tf.placeholder(tf.int32, [])
    result = tf.case([(x > 0, lambda: x), (x > 1, lambda: -x)], default=lambda: 0 * x, exclusive=True)
    assert run(result, {x: 1}) == 1
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"^assertion failed: .*more than 1 conditions"):
        run(result, {x: 2})


def test_a_case_without_a_default_has_to_hold():
    x = tf.placeholder(tf.int32, [])
    result = tf.case([(x < 0, lambda: x + 1), (x > 0, lambda: x - 1)])
    assert run(result, {x: 5}) == 4
    with pytest.raises(tf.errors.InvalidArgumentError, match="None of conditions evaluated as True"):
        run(result, {x: 0})


# -- checks
def test_an_assertion_shows_what_it_was_given():
    data = [tf.constant([1, 2, 3, 4]), "hello", 2.5, tf.constant([[1, 2], [3, 4]]), tf.constant(True)]
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        run(tf.Assert(tf.constant(False), data))
    assert caught.value.message.startswith(
        "assertion failed: [1 2 3...] [hello] [2.5] [[1 2][3]...] [1]\n\t [[node Assert/Assert"
    )
    run(tf.Assert(tf.constant(True), data))


CHECKS = {
    "equal": (lambda x: tf.assert_equal(x, 2.0), 2.0, 1.0),
    "none_equal": (lambda x: tf.assert_none_equal(x, 2.0), 1.0, 2.0),
    "less": (lambda x: tf.assert_less(x, 2.0), 1.0, 2.0),
    "less_equal": (lambda x: tf.assert_less_equal(x, 2.0), 2.0, 3.0),
    "greater": (lambda x: tf.assert_greater(x, 2.0), 3.0, 2.0),
    "greater_equal": (lambda x: tf.assert_greater_equal(x, 2.0), 2.0, 1.0),
    "negative": (tf.assert_negative, -1.0, 0.0),
    "positive": (tf.assert_positive, 1.0, 0.0),
    "non_negative": (tf.assert_non_negative, 0.0, -1.0),
    "non_positive": (tf.assert_non_positive, 0.0, 1.0),
    "near": (lambda x: tf.assert_near(x, 2.0, rtol=0.1), 2.1, 2.3),
    "rank": (lambda x: tf.assert_rank(x, 0), 1.0, [1.0]),
    "rank_at_least": (lambda x: tf.assert_rank_at_least(x, 1), [1.0], 1.0),
    "rank_in": (lambda x: tf.assert_rank_in(x, [0, 2]), 1.0, [1.0]),
}


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_stops_a_run_that_waits_for_it(name):
    check, good, bad = CHECKS[name]
    x = tf.placeholder(tf.float32)
    with tf.control_dependencies([check(x)]):
        y = tf.identity(x)
    np.testing.assert_array_equal(run(y, {x: good}), np.float32(good))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"^assertion failed"):
        run(y, {x: bad})
    assert run(x, {x: bad}) is not None


def test_order():
    assert run([tf.is_non_decreasing([1, 1, 2]), tf.is_strictly_increasing([1, 1, 2])]) == [True, False]


# -- what orders operations
def test_a_tuple_waits_for_all_its_members():
    v = tf.Variable(1.0)
    value, nothing, operation = tf.tuple([tf.constant(3.0), None, v.assign(2.0).op])
    assert (value.name, nothing, operation.type) == ("tuple/control_dependency:0", None, "NoOp")
    with tf.Session() as session:
        session.run(v.initializer)
        assert session.run(value) == 3.0
        assert session.run(v) == 2.0


def test_a_group_takes_nests():
    v, w = tf.Variable(1.0), tf.Variable(1.0)
    group = tf.group(v.assign(2.0), {"a": [w.assign(3.0)]})
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(group) is None
        assert session.run([v, w]) == [2.0, 3.0]


def test_several_tensors_are_passed_on_by_one_node():
    x = tf.constant(2.0)
    one, other = tf.identity_n([x, tf.constant([1, 2])])
    assert (one.name, other.name, other.shape.as_list()) == ("IdentityN:0", "IdentityN:1", [2])
    assert run([one, tf.gradients(one * one, x)[0]]) == [2.0, 4.0]
