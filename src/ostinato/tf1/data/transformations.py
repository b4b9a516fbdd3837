"""Transformations for `Dataset.apply`, and functions of data sets (TF1 module: `tf.data.experimental`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..dtypes import as_dtype, bool_, int32, int64, string
from ..graph import name_scope
from ..ops.array import identity
from ..ops.core import constant, convert_to_tensor, make
from ..ops.math import add
from ..shapes import TensorShape, as_shape
from ..sparse_tensor import SparseTensorSpec
from ..tensor import Tensor
from . import structure as nests
from .dataset import Dataset, VariantDataset, _inner, _integer
from .functions import TracedFunction, from_slots, is_predicate, stepping, to_slots
from .seeds import seeds
from .structure import TensorSpec

Transformation = Callable[[Dataset], Dataset]
INFINITE_CARDINALITY, UNKNOWN_CARDINALITY = -1, -2


def shuffle_and_repeat(buffer_size: Any, count: Any = None, seed: Any = None) -> Transformation:
    """Shuffle and repeat at once (TF1 symbol: `tf.data.experimental.shuffle_and_repeat`)."""

    def transformed(dataset: Dataset) -> Dataset:
        size = _integer(buffer_size, "buffer_size")
        times = _integer(-1 if count is None else count, "count")
        first, second = seeds(seed)
        return dataset._then("ShuffleAndRepeatDataset", [size, first, second, times])

    return transformed


def map_and_batch(
    map_func: Callable[..., Any],
    batch_size: Any,
    num_parallel_batches: Any = None,
    drop_remainder: Any = False,
    num_parallel_calls: Any = None,
) -> Transformation:
    """Map and batch at once (TF1 symbol: `tf.data.experimental.map_and_batch`).

    Raises:
        ValueError: both `num_parallel_batches` and `num_parallel_calls`.
    """
    if num_parallel_batches is not None and num_parallel_calls is not None:
        raise ValueError(
            "The `num_parallel_batches` and `num_parallel_calls` arguments are mutually exclusive."
        )

    def transformed(dataset: Dataset) -> Dataset:
        function = TracedFunction(map_func, "tf.data.experimental.map_and_batch()", dataset.element_spec)
        size = _integer(batch_size, "batch_size")
        calls = _integer(1 if num_parallel_calls is None else num_parallel_calls, "num_parallel_calls")
        whole = convert_to_tensor(drop_remainder, bool_, name="drop_remainder")
        structure = dataset._batched(size, whole, function.structure)
        return dataset._call("MapAndBatchDataset", [function], structure, [size, calls, whole])

    return transformed


def parallel_interleave(
    map_func: Callable[..., Any],
    cycle_length: Any,
    block_length: Any = 1,
    sloppy: Any = False,
    buffer_output_elements: Any = None,
    prefetch_input_elements: Any = None,
) -> Transformation:
    """Interleave the data sets that a function gives (TF1 symbol:
    `tf.data.experimental.parallel_interleave`); the order is that of `sloppy=False`.
    """

    def transformed(dataset: Dataset) -> Dataset:
        name = "tf.data.experimental.parallel_interleave()"
        function = TracedFunction(map_func, name, dataset.element_spec)
        return interleaved_by_threads(
            dataset,
            function,
            cycle_length,
            block_length,
            sloppy,
            buffer_output_elements,
            prefetch_input_elements,
        )

    return transformed


def interleaved_by_threads(
    dataset: Dataset,
    function: TracedFunction,
    cycle_length: Any,
    block_length: Any = 1,
    sloppy: Any = False,
    buffer_output_elements: Any = None,
    prefetch_input_elements: Any = None,
) -> Dataset:
    """`parallel_interleave` of a function that is traced."""
    output = 2 * block_length if buffer_output_elements is None else buffer_output_elements
    waiting = 2 * cycle_length if prefetch_input_elements is None else prefetch_input_elements
    inputs = [
        _integer(cycle_length, "cycle_length"),
        _integer(block_length, "block_length"),
        convert_to_tensor(sloppy, bool_, name="sloppy"),
        _integer(output, "buffer_output_elements"),
        _integer(waiting, "prefetch_input_elements"),
    ]
    return dataset._call("ParallelInterleaveDataset", [function], _inner(function), inputs)


def scan(initial_state: Any, scan_func: Callable[..., Any]) -> Transformation:
    """What a function of (state, element) gives beside the next state (TF1 symbol:
    `tf.data.experimental.scan`).

    Raises:
        TypeError: it gives no pair, or a state of other types.
    """

    def transformed(dataset: Dataset) -> Dataset:
        state = nests.as_components(initial_state)
        function, _, output = stepping(
            scan_func, "tf.data.experimental.scan()", nests.spec_of(state), dataset.element_spec, True
        )
        return dataset._call("ScanDataset", [function], output, states=to_slots(state))

    return transformed


def take_while(predicate: Callable[..., Any]) -> Transformation:
    """The elements before the first for which a function gives False (TF1 symbol:
    `tf.data.experimental.take_while`).

    Raises:
        ValueError: it does not give a scalar boolean.
    """

    def transformed(dataset: Dataset) -> Dataset:
        function = TracedFunction(predicate, "tf.data.experimental.take_while()", dataset.element_spec)
        if not is_predicate(function):
            raise ValueError("`predicate` must return a scalar boolean tensor.")
        return dataset._call("TakeWhileDataset", [function], dataset.element_spec)

    return transformed


def unique() -> Transformation:
    """Each element once (TF1 symbol: `tf.data.experimental.unique`).

    Raises:
        TypeError: elements that are no single int32, int64 or string.
    """

    def transformed(dataset: Dataset) -> Dataset:
        spec = dataset.element_spec
        if not (isinstance(spec, TensorSpec) and spec.dtype in (int32, int64, string)):
            raise TypeError(
                "`tf.data.experimental.unique()` only supports inputs with a single `tf.int32`, `tf.int64`, "
                f"or `tf.string` component; here they are {dataset.output_types!r}."
            )
        return dataset._then("UniqueDataset", [])

    return transformed


def ignore_errors() -> Transformation:
    """The elements that can be had; those that fail are left out (TF1 symbol:
    `tf.data.experimental.ignore_errors`).
    """
    return lambda dataset: dataset._then("IgnoreErrorsDataset", [])


def unbatch() -> Transformation:
    """The slices of each element along the first dimension (TF1 symbol: `tf.data.experimental.unbatch`)."""
    return lambda dataset: dataset.unbatch()


def enumerate_dataset(start: Any = 0) -> Transformation:
    """Pairs of a number and an element (TF1 symbol: `tf.data.experimental.enumerate_dataset`)."""
    return lambda dataset: dataset.enumerate(start)


def dense_to_sparse_batch(batch_size: Any, row_shape: Any) -> Transformation:
    """Tensors of various shapes, batched as sparse ones (TF1 symbol:
    `tf.data.experimental.dense_to_sparse_batch`).

    Raises:
        TypeError: elements of several components.
    """

    def transformed(dataset: Dataset) -> Dataset:
        spec = dataset.element_spec
        if not isinstance(spec, TensorSpec):
            raise TypeError(
                "DenseToSparseDataset requires an input whose elements have a single component, whereas the "
                f"input has {dataset.output_types!r}."
            )
        shape = as_shape(row_shape)
        sizes = convert_to_tensor([-1 if size is None else size for size in shape.as_list()], int64)
        structure = SparseTensorSpec(TensorShape([None]).concatenate(shape), spec.dtype)
        size = _integer(batch_size, "batch_size")
        return dataset._then("DenseToSparseBatchDataset", [size, sizes], structure)

    return transformed


def Counter(start: Any = 0, step: Any = 1, dtype: Any = int64) -> Dataset:
    """The numbers from `start` on (TF1 symbol: `tf.data.experimental.Counter`)."""
    kind = as_dtype(dtype)
    with name_scope("counter"):
        first, by = convert_to_tensor(start, kind, name="start"), convert_to_tensor(step, kind, name="step")
        zeros = Dataset.from_tensors(0).repeat(None)
        return zeros.apply(scan(first, lambda number, _: (add(number, by), identity(number))))


def get_single_element(dataset: Dataset) -> Any:
    """The only element of a data set, as tensors (TF1 symbol: `tf.data.experimental.get_single_element`).

    Running it raises tf.errors.InvalidArgumentError where there are none or several.

    Raises:
        TypeError: no data set.
    """
    if not isinstance(dataset, Dataset):
        raise TypeError("`dataset` must be a `tf.data.Dataset` object.")
    slots = nests.slots_of(dataset.element_spec)
    node = make("DatasetToSingleElement", [dataset._variant_tensor], slots=slots)
    return from_slots(dataset.element_spec, node.outputs)


def _same(dataset: Dataset) -> Dataset:
    return dataset


def copy_to_device(target_device: Any, source_device: Any = "/cpu:0") -> Transformation:
    """The same elements: torch puts them where they are needed (TF1 symbol:
    `tf.data.experimental.copy_to_device`).
    """
    return _same


def prefetch_to_device(device: Any, buffer_size: Any = None) -> Transformation:
    """The same elements (TF1 symbol: `tf.data.experimental.prefetch_to_device`)."""

    def transformed(dataset: Dataset) -> Dataset:
        # So many nodes as in TensorFlow: by their number the seeds of later operations are chosen.
        constant("/cpu:0")
        wrapped = dataset._then("WrapDatasetVariant", [])
        return wrapped._then("UnwrapDatasetVariant", []).prefetch(buffer_size)

    return transformed


def latency_stats(tag: Any) -> Transformation:
    """The same elements; nothing is counted (TF1 symbol: `tf.data.experimental.latency_stats`)."""
    return _same


bytes_produced_stats = latency_stats


def from_variant(variant: Tensor, structure: Any) -> Dataset:
    """A data set for its tensor (TF1 symbol: `tf.data.experimental.from_variant`)."""
    return VariantDataset(variant, structure)


def to_variant(dataset: Dataset) -> Tensor:
    """The tensor of a data set (TF1 symbol: `tf.data.experimental.to_variant`)."""
    return dataset._variant_tensor


def get_structure(dataset_or_iterator: Any) -> Any:
    """The specifications of elements (TF1 symbol: `tf.data.experimental.get_structure`).

    Raises:
        TypeError: neither a data set nor an iterator.
    """
    if not hasattr(dataset_or_iterator, "element_spec"):
        raise TypeError(
            "`dataset_or_iterator` must be a Dataset or Iterator object, but got "
            f"{type(dataset_or_iterator)}."
        )
    return dataset_or_iterator.element_spec


def get_output_types(dataset_or_iterator: Any) -> Any:
    """The types of elements (TF1 symbol: `tf.data.get_output_types`)."""
    return nests.types_of(get_structure(dataset_or_iterator))


def get_output_shapes(dataset_or_iterator: Any) -> Any:
    """The shapes of elements (TF1 symbol: `tf.data.get_output_shapes`)."""
    return nests.shapes_of(get_structure(dataset_or_iterator))


def get_output_classes(dataset_or_iterator: Any) -> Any:
    """The classes of elements (TF1 symbol: `tf.data.get_output_classes`)."""
    return nests.classes_of(get_structure(dataset_or_iterator))
