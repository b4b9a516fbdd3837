"""Nests of tensors, sizes and values: tuples, named tuples, lists and dicts are structure, anything else is a
leaf.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import optree


def is_sequence(value: Any) -> bool:
    return isinstance(value, (list, tuple, dict))


def flatten(structure: Any) -> list[Any]:
    """The leaves, in order; dicts by sorted keys.

    >>> flatten((1, [2, {"b": 4, "a": 3}]))
    [1, 2, 3, 4]
    """
    return optree.tree_leaves(structure, none_is_leaf=True)


def pack_sequence_as(structure: Any, leaves: Sequence[Any]) -> Any:
    """The leaves in the place of those of `structure`.

    Raises:
        ValueError: there are more or fewer leaves.
    """
    specification = optree.tree_structure(structure, none_is_leaf=True)
    if specification.num_leaves != len(leaves):
        raise ValueError(
            f"Structure had {specification.num_leaves} elements, but flat_sequence had {len(leaves)} "
            "elements. "
            f"Structure: {structure}, flat_sequence: {list(leaves)}."
        )
    return optree.tree_unflatten(specification, list(leaves))


def map_structure(function: Callable[..., Any], structure: Any, *others: Any) -> Any:
    for other in others:
        assert_same_structure(structure, other)
    results = [
        function(*values)
        for values in zip(flatten(structure), *[flatten(other) for other in others], strict=True)
    ]
    return pack_sequence_as(structure, results)


def assert_same_structure(first: Any, second: Any) -> None:
    """Raise where two nests differ in structure.

    Raises:
        ValueError: they have different numbers of leaves.
        TypeError: their sequences are of different types, a tuple and a list for one.
    """
    one, other = (optree.tree_structure(nest, none_is_leaf=True) for nest in (first, second))
    if one == other:
        return
    message = (
        "The two structures don't have the same nested structure.\n\n"
        f"First structure: {first}\n\nSecond structure: {second}"
    )
    raise (TypeError if one.num_leaves == other.num_leaves else ValueError)(message)
