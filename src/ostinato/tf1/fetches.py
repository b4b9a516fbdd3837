"""What a run is asked for and what it is given: nests of fetches, and feeds by tensor, by name or by nest.

The elements of a nest of fetches are collected once, each with its place; what comes back has the nest's own
types. A feed's key may be a nest too, as a cell's state is, of the values' structure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch

from . import nest
from .errors import InaccessibleTensorError
from .graph import Graph
from .indexed_slices import IndexedSlices, IndexedSlicesValue
from .ops.core import string_array
from .shapes import TensorShape
from .sparse_tensor import SparseTensor, SparseTensorValue
from .tensor import Operation, Tensor

Rebuild = Callable[[list[Any]], Any]

_CONVERSIONS: list[tuple[type, Callable[..., Any], Callable[..., Any] | None]] = []


def register_session_run_conversion_functions(
    tensor_type: type,
    fetch_function: Callable[..., Any],
    feed_function: Callable[..., Any] | None = None,
    feed_function_for_partial_run: Callable[..., Any] | None = None,
) -> None:
    """Have `Session.run` take a type of one's own as a fetch and as a feed's key.

    TF1 symbol: `tensorflow.python.client.session.register_session_run_conversion_functions`.

    Args:
        tensor_type: the type.
        fetch_function: takes such an object, gives its tensors and a function that makes the result of the
            list of their values.
        feed_function: takes such an object and what it is fed with, gives pairs of a tensor and its value.
        feed_function_for_partial_run: not used, as there are no partial runs.

    Raises:
        ValueError: the type, or one that it stands above, is registered.
    """
    if any(issubclass(known, tensor_type) for known, _, _ in _CONVERSIONS):
        raise ValueError(f"{tensor_type} has already been registered so ignore it.")
    _CONVERSIONS.insert(0, (tensor_type, fetch_function, feed_function))


def _parts(slices: IndexedSlices) -> list[Any]:
    parts = [slices.values, slices.indices]
    return parts if slices.dense_shape is None else [*parts, slices.dense_shape]


register_session_run_conversion_functions(
    IndexedSlices,
    lambda slices: (_parts(slices), lambda values: IndexedSlicesValue(*values)),
    lambda slices, value: list(zip(_parts(slices), value, strict=False)),
)
register_session_run_conversion_functions(
    SparseTensor,
    lambda sparse: (
        [sparse.indices, sparse.values, sparse.dense_shape],
        lambda values: SparseTensorValue(*values),
    ),
    lambda sparse, value: list(
        zip([sparse.indices, sparse.values, sparse.dense_shape], _sparse_parts(sparse, value), strict=True)
    ),
)


def _sparse_parts(sparse: SparseTensor, value: Any) -> tuple[Any, Any, Any]:
    """The three parts of what a sparse placeholder is fed with."""
    if isinstance(value, (list, tuple)) and len(value) == 3:
        indices, values, dense_shape = value
        rank = np.size(dense_shape)
        if np.size(indices) == 0:  # an empty list has no shape of its own
            indices = np.zeros([0, rank], np.int64)
        return indices, values, dense_shape
    raise TypeError(
        f"The sparse tensor of {sparse.values.name!r} is fed with a tf.SparseTensorValue or a tuple "
        f"(indices, values, dense_shape), not {value!r}."
    )


def collect(graph: Graph, fetch: Any, elements: dict[Tensor | Operation, int]) -> Rebuild:
    """Add a fetch's tensors and operations to `elements`; the result makes the fetch's value of theirs.

    Raises:
        TypeError: something that cannot be fetched.
        ValueError: a name that is not in the graph, a tensor of another graph, or one that is marked.
    """
    if isinstance(fetch, Tensor):
        return _element(graph, fetch, elements)
    if fetch is None:
        raise TypeError(f"Fetch argument {fetch!r} has invalid type {type(fetch)!r}")
    if isinstance(fetch, (list, tuple)):
        members = [collect(graph, item, elements) for item in fetch]
        kind: Any = type(fetch)
        if isinstance(fetch, list):
            return lambda values: [member(values) for member in members]
        if kind is tuple:
            return lambda values: tuple([member(values) for member in members])
        return lambda values: kind(*[member(values) for member in members])
    if isinstance(fetch, Mapping):
        parts = {key: collect(graph, item, elements) for key, item in fetch.items()}
        return lambda values: _mapping(type(fetch), {key: part(values) for key, part in parts.items()})
    attributes = getattr(type(fetch), "__attrs_attrs__", None)
    if attributes is not None:
        members = [collect(graph, getattr(fetch, attribute.name), elements) for attribute in attributes]
        return lambda values: type(fetch)(*[member(values) for member in members])
    for known, fetch_function, _ in _CONVERSIONS:
        if isinstance(fetch, known):
            tensors, contract = fetch_function(fetch)
            members = [_element(graph, tensor, elements) for tensor in tensors]
            return lambda values: contract([member(values) for member in members])
    return _element(graph, fetch, elements)


def _mapping(kind: Any, results: dict[Any, Any]) -> Any:
    made = kind()
    for key, value in results.items():
        made[key] = value
    return made


def _element(graph: Graph, fetch: Any, elements: dict[Tensor | Operation, int]) -> Rebuild:
    try:
        element = graph.as_graph_element(fetch)
    except TypeError as problem:
        raise TypeError(
            f"Fetch argument {fetch!r} has invalid type {type(fetch)!r}, must be a string or Tensor. "
            f"({problem})"
        ) from None
    except (ValueError, KeyError) as problem:
        text = problem.args[0] if problem.args else problem
        kind = InaccessibleTensorError if isinstance(problem, InaccessibleTensorError) else ValueError
        raise kind(f"Fetch argument {fetch!r} cannot be interpreted as a Tensor. ({text})") from None
    if not graph.is_fetchable(element):
        operation = element.op if isinstance(element, Tensor) else element
        raise InaccessibleTensorError(
            f"Operation {operation.name!r} has been marked as not fetchable. Typically this happens when it "
            "is defined in another function or code block. Use return values,explicit Python locals or "
            "TensorFlow collections to access it."
        )
    index = elements.setdefault(element, len(elements))
    return lambda values: values[index]


def feeds_of(graph: Graph, feed_dict: Any) -> dict[Tensor, Any]:
    """The tensors that a feed dictionary names, with torch's values (arrays of bytes for strings).

    Raises:
        TypeError: no dictionary, a key that is no tensor, or a value that cannot be one.
        ValueError: a value whose shape or structure is not the tensor's; a tensor that may not be fed.
    """
    if not isinstance(feed_dict, Mapping):
        raise TypeError(f"input must be a dictionary of tensors and values, not {type(feed_dict).__name__}.")
    feeds: dict[Tensor, Any] = {}
    for key, value in feed_dict.items():
        for handle, part in _pairs(key, value):
            try:
                tensor = graph.as_graph_element(handle, allow_operation=False)
            except (TypeError, ValueError, KeyError) as problem:
                text = problem.args[0] if problem.args else problem
                raise TypeError(f"Cannot interpret feed_dict key as Tensor: {text}") from None
            if tensor in feeds and isinstance(key, tuple):
                raise ValueError(f"Could not flatten dictionary: key {tensor} is not unique.")
            feeds[tensor] = fed_value(graph, tensor, part)
    return feeds


def _pairs(key: Any, value: Any) -> Iterator[tuple[Any, Any]]:
    """The tensors of a nest of them, each with the value in its place.

    TensorFlow flattens lists of numbers among the values as well, so that a state can be fed with arrays
    only; here a value ends where its tensor stands.
    """
    if not isinstance(key, tuple):
        for known, _, feed_function in _CONVERSIONS:
            if feed_function is not None and isinstance(key, known):
                yield from feed_function(key, value)
                return
        yield key, value
        return
    if len(key) == 1 and not isinstance(value, (list, tuple)):
        yield from _pairs(key[0], value)
        return
    if not isinstance(value, (list, tuple)) or len(value) != len(key):
        flat_key, flat_value = nest.flatten(key), nest.flatten(value)
        if len(flat_key) == len(flat_value) and isinstance(value, (list, tuple)):
            raise ValueError(
                "Could not flatten dictionary. Key and value have the same number of elements, but not the "
                f"same structure. Key: {key}, value: {value}."
            )
        raise ValueError(
            f"Could not flatten dictionary. Key had {len(flat_key)} elements, but value had "
            f"{len(flat_value)} elements. Key: {flat_key}, value: {flat_value}."
        )
    for inner_key, inner_value in zip(key, value, strict=True):
        yield from _pairs(inner_key, inner_value)


def fed_value(graph: Graph, tensor: Tensor, value: Any) -> Any:
    """A fed value as the tensor's type, a copy, checked against its static shape."""
    if isinstance(value, Tensor):
        raise TypeError(
            "The value of a feed cannot be a tf.Tensor object. Acceptable feed values include Python "
            f"scalars, strings, lists, numpy ndarrays. For reference, the tensor object was {value} which "
            f"was passed to the feed with key {tensor}."
        )
    dtype = tensor.dtype.base_dtype
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
    if dtype.name == "string":
        array = _fed_strings(tensor, value)
    else:
        kind = np.float32 if dtype.name == "bfloat16" else dtype.as_numpy_dtype
        if isinstance(value, int) and dtype.is_integer and not dtype.min <= value <= dtype.max:
            raise TypeError(
                f"Type of feed value {value} with type {type(value)} is not compatible with Tensor type "
                f"{dtype.as_numpy_dtype}. Try explicitly setting the type of the feed tensor to a larger "
                "type (e.g. int64)."
            )
        # A copy: what a run keeps must not change when the caller's array does, and torch wants it writable.
        array = np.array(value, dtype=kind, order="C")
    if not _fits(array.shape, tensor.shape.known):
        raise ValueError(
            f"Cannot feed value of shape {TensorShape(array.shape)} for Tensor {tensor.name!r}, "
            f"which has shape {str(tensor.shape)!r}"
        )
    if not graph.is_feedable(tensor):
        raise ValueError(f"Tensor {tensor} may not be fed.")
    if dtype.name == "string":
        return array
    return torch.from_numpy(array).to(dtype.torch_dtype)


def _fits(sizes: tuple[int, ...], known: tuple[int | None, ...] | None) -> bool:
    """As `TensorShape.is_compatible_with`, which every fed value would pay for."""
    if known is None or known == sizes:
        return True
    return len(known) == len(sizes) and all(
        size is None or size == given for size, given in zip(known, sizes, strict=True)
    )


def _fed_strings(tensor: Tensor, value: Any) -> np.ndarray:
    array = string_array(value)
    if isinstance(value, (int, float)):
        raise TypeError(
            f"Type of feed value {value} with type {type(value)} is not compatible with Tensor type "
            f"{tensor.dtype.name} of {tensor.name!r}: feed it a string."
        )
    if array is None and np.size(value):
        raise TypeError(f"Tensor {tensor.name!r} takes strings; it was fed {value!r}.")
    return np.empty(np.shape(value), dtype=object) if array is None else array


def fetched_value(value: Any) -> Any:
    """A run's value as numpy has it: an array or a scalar of its own; None for an operation."""
    if value is None:
        return None
    if isinstance(value, np.ndarray):  # strings
        return value.copy() if value.ndim else value.item()
    value = value.detach()
    array = (value.float() if value.dtype is torch.bfloat16 else value).cpu().numpy()
    # A copy, for the value may be a variable's, a view, or fed: the caller may do with it as he likes.
    return np.array(array, order="C") if array.ndim else array[()]
