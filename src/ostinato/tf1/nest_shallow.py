"""Nests seen down to where a shallower one has its leaves, and the paths of leaves (TF1 module:
`tensorflow.python.util.nest`).

>>> flatten_up_to((0, [0, 0]), ([1, 2], [{"a": 3}, 4]))
[[1, 2], {'a': 3}, 4]
>>> map_structure_up_to([0, 0], lambda pair, n: sum(pair) * n, [(1, 2), (3, 4)], [10, 100])
[30, 700]
>>> list(yield_flat_paths({"b": 1, "a": [2, 3]}))
[('a', 0), ('a', 1), ('b',)]
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .nest import is_sequence, pack_sequence_as

__all__ = [
    "assert_shallow_structure",
    "flatten_dict_items",
    "flatten_up_to",
    "flatten_with_joined_string_paths",
    "flatten_with_tuple_paths",
    "flatten_with_tuple_paths_up_to",
    "get_traverse_shallow_structure",
    "map_structure_up_to",
    "map_structure_with_paths",
    "map_structure_with_tuple_paths",
    "map_structure_with_tuple_paths_up_to",
    "yield_flat_paths",
]


def _branches(nest: Any) -> list[tuple[Any, Any]]:
    """The parts of a sequence with their places: keys in order, names of fields, or numbers."""
    if isinstance(nest, Mapping):
        return [(key, nest[key]) for key in sorted(nest)]
    return list(zip(getattr(nest, "_fields", range(len(nest))), nest, strict=True))


def assert_shallow_structure(
    shallow_tree: Any,
    input_tree: Any,
    check_types: bool = True,
    expand_composites: bool = False,
    check_subtrees_length: bool = True,
) -> None:
    """Raise where `input_tree` is not `shallow_tree` with deeper nests in the place of leaves.

    Raises:
        TypeError: a leaf, or a sequence of another type, where `shallow_tree` has a sequence; types are not
            looked at where `check_types` is false.
        ValueError: a sequence of another length or with other keys; with `check_subtrees_length` false a
            longer one will do.
    """
    if not is_sequence(shallow_tree):
        return
    if not is_sequence(input_tree):
        raise TypeError(
            "If shallow structure is a sequence, input must also be a sequence. "
            f"Input has type: {type(input_tree)}."
        )
    if (
        check_types
        and not isinstance(input_tree, type(shallow_tree))
        and not _alike(shallow_tree, input_tree)
    ):
        raise TypeError(
            "The two structures don't have the same sequence type. "
            f"Input structure has type {type(input_tree)}, while shallow structure has type "
            f"{type(shallow_tree)}."
        )
    if check_subtrees_length and len(input_tree) != len(shallow_tree):
        raise ValueError(
            "The two structures don't have the same sequence length. "
            f"Input structure has length {len(input_tree)}, while shallow structure has length "
            f"{len(shallow_tree)}."
        )
    if len(input_tree) < len(shallow_tree):
        raise ValueError(
            "The input_tree has fewer elements than the shallow_tree. "
            f"Input structure has length {len(input_tree)}, while shallow structure has length "
            f"{len(shallow_tree)}."
        )
    if isinstance(shallow_tree, Mapping):
        absent = sorted(set(shallow_tree) - set(input_tree))
        if absent:
            raise ValueError(
                "The shallow_tree's keys are not a subset of the input_tree's keys. The shallow_tree has the "
                f"following keys that are not in the input_tree: {absent}."
            )
    for shallow, deep in _pairs(shallow_tree, input_tree):
        assert_shallow_structure(shallow, deep, check_types, expand_composites, check_subtrees_length)


def _alike(one: Any, other: Any) -> bool:
    """Whether two sequences of different types count as of one: two dicts, or two like named tuples."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return True
    fields = getattr(one, "_fields", None)
    return (
        fields is not None
        and fields == getattr(other, "_fields", None)
        and type(one).__name__ == type(other).__name__
    )


def _pairs(shallow_tree: Any, input_tree: Any) -> list[tuple[Any, Any]]:
    if isinstance(shallow_tree, Mapping):
        return [(branch, input_tree[key]) for key, branch in _branches(shallow_tree)]
    return list(zip(shallow_tree, [branch for _, branch in _branches(input_tree)], strict=False))


def flatten_up_to(
    shallow_tree: Any,
    input_tree: Any,
    check_types: bool = True,
    expand_composites: bool = False,
    check_subtrees_length: bool = True,
) -> list[Any]:
    """The parts of `input_tree` that stand where `shallow_tree` has leaves. Raises as
    `assert_shallow_structure` does.
    """
    assert_shallow_structure(shallow_tree, input_tree, check_types, expand_composites, check_subtrees_length)

    def found(shallow: Any, deep: Any) -> list[Any]:
        if not is_sequence(shallow):
            return [deep]
        return [part for pair in _pairs(shallow, deep) for part in found(*pair)]

    return found(shallow_tree, input_tree)


def map_structure_up_to(shallow_tree: Any, func: Callable[..., Any], *inputs: Any, **kwargs: Any) -> Any:
    """`func` of the parts of `inputs` that stand where `shallow_tree` has leaves, as a nest like it.

    Raises:
        ValueError: no inputs.
    """
    return map_structure_with_tuple_paths_up_to(
        shallow_tree, lambda _, *values, **rest: func(*values, **rest), *inputs, **kwargs
    )


def map_structure_with_tuple_paths_up_to(
    shallow_tree: Any, func: Callable[..., Any], *inputs: Any, **kwargs: Any
) -> Any:
    """As `map_structure_up_to`, with the path of each leaf of `shallow_tree` as the first argument.
    `check_types` and its like are for the comparison; other keywords go to `func`.
    """
    if not inputs:
        raise ValueError("Cannot map over no sequences")
    names = ("check_types", "expand_composites", "check_subtrees_length")
    options = {name: kwargs.pop(name) for name in names if name in kwargs}
    parts = [flatten_up_to(shallow_tree, tree, **options) for tree in inputs]
    paths = list(yield_flat_paths(shallow_tree))
    results = [func(*given, **kwargs) for given in zip(paths, *parts, strict=True)]
    return pack_sequence_as(shallow_tree, results)


def flatten_with_tuple_paths_up_to(
    shallow_tree: Any,
    input_tree: Any,
    check_types: bool = True,
    expand_composites: bool = False,
    check_subtrees_length: bool = True,
) -> list[tuple[Any, Any]]:
    """`flatten_up_to`, each part with its path."""
    parts = flatten_up_to(shallow_tree, input_tree, check_types, expand_composites, check_subtrees_length)
    return list(zip(yield_flat_paths(shallow_tree), parts, strict=True))


def get_traverse_shallow_structure(
    traverse_fn: Callable[[Any], Any], structure: Any, expand_composites: bool = False
) -> Any:
    """A nest of True and False: down to where `traverse_fn`, asked of each part, says not to go deeper. It
    answers with a bool, or with a nest of them for the parts of what it is asked of.

    Raises:
        TypeError: another answer.
    """
    answer = traverse_fn(structure)
    if not is_sequence(structure):
        if not isinstance(answer, bool):
            raise TypeError(f"traverse_fn returned structure: {answer} for non-structure: {structure}")
        return answer
    if isinstance(answer, bool):
        if not answer:
            return False
        parts = [get_traverse_shallow_structure(traverse_fn, part) for _, part in _branches(structure)]
        return _like(structure, parts)
    if not is_sequence(answer):
        raise TypeError(f"traverse_fn returned a non-bool scalar: {answer} for input: {structure}")
    assert_shallow_structure(answer, structure)
    parts = []
    for deeper, part in _pairs(answer, structure):
        if not isinstance(deeper, bool):
            raise TypeError(f"traverse_fn didn't return a depth=1 structure of bools.  saw: {answer}")
        parts.append(get_traverse_shallow_structure(traverse_fn, part) if deeper else False)
    return _like(answer, parts)


def _like(structure: Any, parts: list[Any]) -> Any:
    """A sequence of the type of `structure` with these parts."""
    if isinstance(structure, Mapping):
        made = dict(zip(sorted(structure), parts, strict=True))
        return type(structure)((key, made[key]) for key in structure)  # type: ignore[call-arg]
    return type(structure)(*parts) if hasattr(structure, "_fields") else type(structure)(parts)


def _walk(nest: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if not is_sequence(nest):
        yield path, nest
        return
    for place, part in _branches(nest):
        yield from _walk(part, (*path, place))


def yield_flat_paths(nest: Any, expand_composites: bool = False) -> Iterator[tuple[Any, ...]]:
    """The path of each leaf: keys, names of fields and numbers."""
    return (path for path, _ in _walk(nest))


def flatten_with_tuple_paths(structure: Any, expand_composites: bool = False) -> list[tuple[Any, Any]]:
    """The leaves with their paths."""
    return list(_walk(structure))


def flatten_with_joined_string_paths(
    structure: Any, separator: str = "/", expand_composites: bool = False
) -> list[tuple[str, Any]]:
    """The leaves with their paths, each joined in one text."""
    return [(separator.join(map(str, path)), leaf) for path, leaf in _walk(structure)]


def map_structure_with_tuple_paths(func: Callable[..., Any], *structure: Any, **kwargs: Any) -> Any:
    """`func` of each leaf's path and of the leaves there, as a nest like the first."""
    if not structure:
        raise ValueError("Cannot map over no sequences")
    return map_structure_with_tuple_paths_up_to(structure[0], func, *structure, **kwargs)


def map_structure_with_paths(func: Callable[..., Any], *structure: Any, **kwargs: Any) -> Any:
    """`func` of each leaf's path, joined by slashes, and of the leaves there, as a nest like the first."""
    return map_structure_with_tuple_paths(
        lambda path, *leaves, **rest: func("/".join(map(str, path)), *leaves, **rest), *structure, **kwargs
    )


def flatten_dict_items(dictionary: Mapping[Any, Any]) -> dict[Any, Any]:
    """A dict whose keys and values may be nests of the same structure, as a dict of their leaves.

    Raises:
        TypeError: no dict.
        ValueError: a key and its value differ in structure, or a key comes twice.

    >>> flatten_dict_items({("a", "b"): (1, 2), "c": 3})
    {'a': 1, 'b': 2, 'c': 3}
    """
    if not isinstance(dictionary, Mapping):
        raise TypeError("input must be a dictionary")
    found: dict[Any, Any] = {}
    for key, value in dictionary.items():
        keys = [leaf for _, leaf in _walk(key)] if is_sequence(key) else [key]
        values = [leaf for _, leaf in _walk(value)] if is_sequence(key) else [value]
        if len(keys) != len(values):
            raise ValueError(
                f"Could not flatten dictionary. Key had {len(keys)} elements, but value had {len(values)} "
                f"elements. Key: {keys}, value: {values}."
            )
        for one, of_it in zip(keys, values, strict=True):
            if one in found:
                raise ValueError(f"Could not flatten dictionary: key {one} is not unique.")
            found[one] = of_it
    return found
