"""`tensorflow.python.util.nest`: nests down to where a shallower one has its leaves, and paths."""

import collections

import pytest

from ostinato.tf1 import shadow

NEST = shadow.modules()["tensorflow.python.util.nest"]
Pair = collections.namedtuple("Pair", ["b", "a"])


def test_the_parts_below_a_shallow_nest():
    assert NEST.flatten_up_to({"b": 0, "a": [0, 0]}, {"b": (1, 2), "a": [{"c": 3}, 4]}) == [
        {"c": 3},
        4,
        (1, 2),
    ]
    assert NEST.flatten_up_to(0, [1, 2]) == [[1, 2]]
    assert NEST.flatten_up_to([0], [1, 2], check_subtrees_length=False) == [1]
    assert NEST.flatten_with_tuple_paths_up_to(Pair(0, 0), Pair([1], 2)) == [(("b",), [1]), (("a",), 2)]


def test_a_function_of_the_parts():
    found = NEST.map_structure_up_to(
        Pair(0, 0), lambda x, y, plus: (x, y, plus), Pair([1], 2), (3, [4]), plus=5, check_types=False
    )
    assert found == Pair(([1], 3, 5), (2, [4], 5))
    assert NEST.map_structure_with_paths(lambda p, x: f"{p}={x}", {"a": [1, 2]}) == {"a": ["a/0=1", "a/1=2"]}
    assert NEST.map_structure_with_tuple_paths(lambda p, x: (p, x), [1]) == [((0,), 1)]
    assert NEST.flatten_with_joined_string_paths({"a": (7, 8)}, separator=".") == [("a.0", 7), ("a.1", 8)]


def test_how_deep_to_go_is_asked():
    structure = [1, [2, [3]], {"a": (4,)}]
    assert NEST.get_traverse_shallow_structure(lambda s: not isinstance(s, dict), structure) == [
        True,
        [True, [True]],
        False,
    ]
    assert NEST.get_traverse_shallow_structure(
        lambda s: [False, True, False] if s is structure else False, structure
    ) == [False, False, False]


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: NEST.assert_shallow_structure([0], 1), TypeError, "If shallow structure is a sequence"),
        (lambda: NEST.assert_shallow_structure([0], (1,)), TypeError, "same sequence type"),
        (lambda: NEST.assert_shallow_structure([0], [1, 2]), ValueError, "same sequence length"),
        (lambda: NEST.flatten_up_to([0, 0], [1], check_subtrees_length=False), ValueError, "fewer elements"),
        (lambda: NEST.assert_shallow_structure({"a": 0}, {"b": 1}), ValueError, "following keys"),
        (lambda: NEST.map_structure_up_to([0], print), ValueError, "Cannot map over no sequences"),
        (lambda: NEST.get_traverse_shallow_structure(lambda s: 1, [1]), TypeError, "non-bool scalar"),
        (lambda: NEST.get_traverse_shallow_structure(lambda s: [True], 1), TypeError, "for non-structure"),
        (lambda: NEST.flatten_dict_items([1]), TypeError, "input must be a dictionary"),
        (lambda: NEST.flatten_dict_items({("a", "b"): 1}), ValueError, "Key had 2 elements"),
        (lambda: NEST.flatten_dict_items({("a", "a"): (1, 2)}), ValueError, "key a is not unique"),
    ],
)
def test_what_does_not_match_is_refused(call, kind, words):
    with pytest.raises(kind, match=words):
        call()


def test_a_state_of_attention_as_before_its_last_field():
    state = shadow.modules()["tensorflow.contrib.seq2seq"].AttentionWrapperState(1, 2, 3, 4, ())
    assert state.attention_state == ()
