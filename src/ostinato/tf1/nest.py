"""Nests of tensors, sizes and values: tuples, named tuples, lists and dicts are structure, anything else is a
leaf.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import optree


def is_sequence(o: Any) -> bool:
    return isinstance(o, (list, tuple, dict))


def flatten(structure: Any) -> list[Any]:
    """The leaves, in order; dicts by sorted keys.

    >>> flatten((1, [2, {"b": 4, "a": 3}]))
    [1, 2, 3, 4]
    """
    return optree.tree_leaves(structure, none_is_leaf=True)


def pack_sequence_as(structure: Any, flat_sequence: Sequence[Any]) -> Any:
    """The leaves in the place of those of `structure`.

    Raises:
        ValueError: there are more or fewer leaves.
    """
    specification = optree.tree_structure(structure, none_is_leaf=True)
    if specification.num_leaves != len(flat_sequence):
        raise ValueError(
            f"Structure had {specification.num_leaves} elements, but flat_sequence had {len(flat_sequence)} "
            "elements. "
            f"Structure: {structure}, flat_sequence: {list(flat_sequence)}."
        )
    return optree.tree_unflatten(specification, list(flat_sequence))


def map_structure(func: Callable[..., Any], structure: Any, *others: Any, check_types: bool = True) -> Any:
    for other in others:
        assert_same_structure(structure, other, check_types)
    results = [
        func(*values)
        for values in zip(flatten(structure), *[flatten(other) for other in others], strict=True)
    ]
    return pack_sequence_as(structure, results)


def assert_same_structure(nest1: Any, nest2: Any, check_types: bool = True) -> None:
    """Raise where two nests differ in structure.

    Raises:
        ValueError: one has a leaf where the other has a sequence, or a sequence has more of them.
        TypeError: their sequences are of different types, a tuple and a list for one; not looked at where
            `check_types` is false.
    """
    one, other = (optree.tree_structure(nest, none_is_leaf=True) for nest in (nest1, nest2))
    if one == other:
        return
    problem = _difference(nest1, nest2, check_types)
    if problem is not None:
        raise type(problem)(
            "The two structures don't have the same nested structure.\n\n"
            f"First structure: {_shown(nest1)}\n\nSecond structure: {_shown(nest2)}\n\n"
            f"More specifically: {problem}"
        )


def _difference(first: Any, second: Any, check_types: bool) -> Exception | None:
    """What differs first between two nests; keys of dicts may come in another order."""
    if is_sequence(first) != is_sequence(second):
        inner, leaf = (first, second) if is_sequence(first) else (second, first)
        return ValueError(
            f'Substructure "{_shown(inner)}" is a sequence, while substructure "{_shown(leaf)}" is not'
        )
    if not is_sequence(first):
        return None
    dicts = isinstance(first, dict) and isinstance(second, dict)
    if check_types and type(first) is not type(second) and not dicts:
        return TypeError(
            f"The two structures don't have the same sequence type. First structure {_shown(first)} has type "
            f"{type(first).__name__}, while second structure {_shown(second)} has type "
            f"{type(second).__name__}"
        )
    if dicts and set(first) != set(second):
        return ValueError(
            "The two dictionaries don't have the same set of keys. First structure has keys "
            f"{list(first)}, while second structure has keys {list(second)}"
        )
    if len(first) != len(second):
        return ValueError(
            f"The two structures don't have the same number of elements. First structure: {_shown(first)}. "
            f"Second structure: {_shown(second)}"
        )
    pairs = zip(_parts(first), _parts(second), strict=True)
    return next(filter(None, (_difference(*pair, check_types) for pair in pairs)), None)


def _parts(nest: Any) -> list[Any]:
    return [nest[key] for key in sorted(nest)] if isinstance(nest, dict) else list(nest)


def _shown(nest: Any) -> str:
    return f"type={type(nest).__name__} str={nest}"
