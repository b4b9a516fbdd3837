"""Functions over the first axis of tensors (TF1 symbols: `tf.map_fn`, `tf.scan`, `tf.foldl`, `tf.foldr`):
loops over TensorArrays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from . import nest
from .control_flow import while_loop
from .graph import name_scope
from .ops.array import shape
from .ops.core import constant, convert_to_tensor
from .shapes import Dimension, TensorShape
from .tensor import Tensor
from .tensor_array import TensorArray


def map_fn(
    fn: Callable[[Any], Any],
    elems: Any,
    dtype: Any = None,
    parallel_iterations: int | None = None,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    name: str | None = None,
) -> Any:
    """`fn` of each slice along the first axis, stacked (TF1 symbol: `tf.map_fn`).

    Args:
        fn: a function of a slice: of a tensor, or of a nest of them in the structure of `elems`.
        elems: a tensor, or a nest of tensors, of one first size.
        dtype: the types of what `fn` gives, in its structure; None: those of `elems`.
        infer_shape: all results have one shape.

    Raises:
        TypeError: `fn` is no function, or gives a sequence of another type.
        ValueError: scalars, or `fn` gives more or fewer tensors than `dtype` says.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     session.run(tf.map_fn(lambda x: x * x, tf.constant([1, 2, 3]))).tolist()
    [1, 4, 9]
    """
    _check_callable(fn)
    flat = nest.flatten(elems)
    with name_scope(name, "map"):
        tensors = [convert_to_tensor(elem, name="elem") for elem in flat]
        types = nest.pack_sequence_as(elems, [tensor.dtype for tensor in tensors]) if dtype is None else dtype
        if tensors[0].shape.ndims == 0:
            if len(tensors) == 1:
                raise ValueError("elems must be a 1+ dimensional Tensor, not a scalar")
            raise ValueError("elements in elems must be 1+ dimensional Tensors, not scalars")
        count = _count(tensors)
        arrays = [TensorArray(tensor.dtype, count, infer_shape=True) for tensor in tensors]
        arrays = [array.unstack(tensor) for array, tensor in zip(arrays, tensors, strict=True)]
        i = constant(0)
        results = [TensorArray(kind, count, infer_shape=infer_shape) for kind in nest.flatten(types)]

        def compute(i: Tensor, results: Sequence[TensorArray]) -> Any:
            values = fn(nest.pack_sequence_as(elems, [array.read(i) for array in arrays]))
            nest.assert_same_structure(types, values)
            return i + 1, _written(results, i, nest.flatten(values))

        _, results = while_loop(
            lambda i, _: i < count,
            compute,
            (i, results),
            parallel_iterations=parallel_iterations or 10,
            back_prop=back_prop,
            swap_memory=swap_memory,
            maximum_iterations=count,
        )
        return nest.pack_sequence_as(types, _stacked(results, tensors))


def scan(
    fn: Callable[[Any, Any], Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    reverse: bool = False,
    name: str | None = None,
) -> Any:
    """What `fn` accumulates along the first axis, after each slice (TF1 symbol: `tf.scan`).

    Args:
        fn: a function of what is accumulated so far and a slice; it gives what is accumulated then.
        elems: a tensor, or a nest of tensors, of one first size.
        initializer: what is accumulated to begin with; None: the first slice.
        reverse: from the last slice to the first; results are where their slices are.

    Raises:
        TypeError: `fn` is no function, or gives a sequence of another type than it takes.
        ValueError: it gives more or fewer tensors than it takes.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     x = tf.constant([1, 2, 3])
    ...     session.run([tf.scan(lambda a, x: a + x, x), tf.scan(lambda a, x: a + x, x, reverse=True)])
    [array([1, 3, 6], dtype=int32), array([6, 5, 3], dtype=int32)]
    """
    _check_callable(fn)
    structure = elems if initializer is None else initializer
    with name_scope(name, "scan"):
        tensors = [convert_to_tensor(elem, name="elem") for elem in nest.flatten(elems)]
        count: Any = tensors[0].shape[0].value
        if count is None:
            count = shape(tensors[0])[0]
        arrays = [TensorArray(tensor.dtype, count, element_shape=tensor.shape[1:]) for tensor in tensors]
        arrays = [array.unstack(tensor) for array, tensor in zip(arrays, tensors, strict=True)]
        first = count - 1 if reverse else 0
        if initializer is None:
            start, done = [array.read(first) for array in arrays], 1
        else:
            start, done = [convert_to_tensor(leaf) for leaf in nest.flatten(initializer)], 0
        results = [
            TensorArray(
                leaf.dtype,
                count,
                element_shape=leaf.shape if infer_shape else None,
                infer_shape=infer_shape,
            )
            for leaf in start
        ]
        if initializer is None:
            results = _written(results, first, start)

        def compute(i: Tensor, state: Sequence[Tensor], results: Sequence[TensorArray]) -> Any:
            slices = nest.pack_sequence_as(elems, [array.read(i) for array in arrays])
            value = fn(nest.pack_sequence_as(structure, state), slices)
            nest.assert_same_structure(structure, value)
            leaves = nest.flatten(value)
            return i - 1 if reverse else i + 1, leaves, _written(results, i, leaves)

        _, _, results = while_loop(
            (lambda i, *_: i >= 0) if reverse else (lambda i, *_: i < count),
            compute,
            (count - 1 - done if reverse else done, start, results),
            parallel_iterations=parallel_iterations,
            back_prop=back_prop,
            swap_memory=swap_memory,
            maximum_iterations=count,
        )
        return nest.pack_sequence_as(structure, _stacked(results, tensors))


def foldl(
    fn: Callable[[Any, Any], Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """What `fn` accumulates from the first slice to the last (TF1 symbol: `tf.foldl`).

    Args:
        fn: a function of what is accumulated so far and a slice; it gives what is accumulated then.
        elems: a tensor, or a nest of tensors, of one first size.
        initializer: what is accumulated to begin with; None: the first slice.

    Raises:
        TypeError: `fn` is no function.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     session.run(tf.foldl(lambda a, x: 10 * a + x, tf.constant([1, 2, 3]))).item()
    123
    """
    options = (parallel_iterations, back_prop, swap_memory)
    return _fold(fn, elems, initializer, name, "foldl", options)


def foldr(
    fn: Callable[[Any, Any], Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """As `foldl`, but from the last slice to the first (TF1 symbol: `tf.foldr`).

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     session.run(tf.foldr(lambda a, x: 10 * a + x, tf.constant([1, 2, 3]))).item()
    321
    """
    options = (parallel_iterations, back_prop, swap_memory)
    return _fold(fn, elems, initializer, name, "foldr", options)


def _fold(fn: Any, elems: Any, initializer: Any, name: str | None, default_name: str, options: Any) -> Any:
    _check_callable(fn)
    backwards = default_name == "foldr"
    with name_scope(name, default_name):
        tensors = [convert_to_tensor(elem, name="elem") for elem in nest.flatten(elems)]
        count = _count(tensors)
        arrays = [TensorArray(tensor.dtype, count).unstack(tensor) for tensor in tensors]

        def slices(i: Any) -> Any:
            return nest.pack_sequence_as(elems, [array.read(i) for array in arrays])

        if initializer is None:
            first = count - 1 if backwards else 0
            start, i = slices(first), first if backwards else constant(1)
        else:
            start, i = initializer, count if backwards else constant(0)

        def forwards_step(i: Tensor, state: Any) -> Any:
            return [i + 1, fn(state, slices(i))]

        def backwards_step(i: Tensor, state: Any) -> Any:
            before = i - 1
            return [before, fn(state, slices(before))]

        parallel_iterations, back_prop, swap_memory = options
        _, result = while_loop(
            (lambda i, _: i > 0) if backwards else (lambda i, _: i < count),
            backwards_step if backwards else forwards_step,
            [i, start],
            parallel_iterations=parallel_iterations,
            back_prop=back_prop,
            swap_memory=swap_memory,
            maximum_iterations=count,
        )
        return result


def _check_callable(fn: Any) -> None:
    if not callable(fn):
        raise TypeError("fn must be callable.")


def _count(tensors: Sequence[Tensor]) -> Any:
    """How many slices there are, as a number where it is known."""
    return tensors[0].shape[0].value or shape(tensors[0])[0]


def _written(arrays: Sequence[TensorArray], i: Any, values: Sequence[Any]) -> list[TensorArray]:
    return [array.write(i, value) for array, value in zip(arrays, values, strict=True)]


def _stacked(arrays: Sequence[TensorArray], elems: Sequence[Tensor]) -> list[Tensor]:
    stacked = [array.stack() for array in arrays]
    count = Dimension(None)
    for elem in elems:
        count = count.merge_with(elem.shape.with_rank_at_least(1)[0])
    for tensor in stacked:
        tensor.set_shape(TensorShape([count]).concatenate(tensor.shape[1:]))
    return stacked
