"""Transformations for `Dataset.apply`, and functions of data sets (TF1 module: `tf.data.experimental`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..dtypes import as_dtype, bool_, float32, int64
from ..ops.array import identity
from ..ops.core import convert_to_tensor, make, one
from ..ops.lists import stack
from ..ops.math import add, cast, log
from ..shapes import TensorShape, as_shape
from ..sparse_tensor import SparseTensorSpec
from ..tensor import Tensor
from . import structure as nests
from .dataset import Dataset, VariantDataset, _inner, _integer, seeds, stepping
from .functions import TracedFunction, from_slots, to_slots
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
        inputs = [_integer(cycle_length, "cycle_length"), _integer(block_length, "block_length")]
        return dataset._call("ParallelInterleaveDataset", [function], _inner(function), inputs)

    return transformed


def sloppy_interleave(
    map_func: Callable[..., Any], cycle_length: Any, block_length: Any = 1
) -> Transformation:
    """As `parallel_interleave` (TF1 symbol: `tf.contrib.data.sloppy_interleave`)."""
    return parallel_interleave(map_func, cycle_length, block_length, sloppy=True)


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
        from .dataset import _check_predicate

        function = TracedFunction(predicate, "tf.data.experimental.take_while()", dataset.element_spec)
        _check_predicate(function)
        return dataset._call("TakeWhileDataset", [function], dataset.element_spec)

    return transformed


def unique() -> Transformation:
    """Each element once (TF1 symbol: `tf.data.experimental.unique`)."""
    return lambda dataset: dataset._then("UniqueDataset", [])


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


def _directed(selector: Dataset, datasets: Sequence[Dataset]) -> Dataset:
    first = datasets[0]
    for other in datasets[1:]:
        if (other.output_types, other.output_classes) != (first.output_types, first.output_classes):
            raise TypeError("All datasets must have the same type and class.")
    structure = first.element_spec
    for other in datasets[1:]:
        structure = nests.map_structure(nests.relaxed, structure, other.element_spec)
    return selector._then(
        "DirectedInterleaveDataset", [dataset._variant_tensor for dataset in datasets], structure
    )


def choose_from_datasets(datasets: Sequence[Dataset], choice_dataset: Dataset) -> Dataset:
    """An element of the data set that each number of another names (TF1 symbol:
    `tf.data.experimental.choose_from_datasets`).

    Raises:
        TypeError: the choices are no int64 scalars, or the data sets differ in type.
    """
    if not (
        isinstance(choice_dataset.element_spec, TensorSpec)
        and choice_dataset.element_spec.is_compatible_with(TensorSpec([], int64))
    ):
        raise TypeError("`choice_dataset` must be a dataset of scalar `tf.int64` tensors.")
    return _directed(choice_dataset, datasets)


def sample_from_datasets(datasets: Sequence[Dataset], weights: Any = None, seed: Any = None) -> Dataset:
    """Elements of data sets drawn at random, by weights (TF1 symbol:
    `tf.data.experimental.sample_from_datasets`).

    Args:
        weights: a number for each data set, or a data set of such rows; None: all alike.

    Raises:
        TypeError: weights of another type, or data sets that differ in type.
        ValueError: not a weight for each data set.
    """
    from ..ops.stateless_random import stateless_multinomial

    count = len(datasets)
    pairs = RandomDataset(seed).batch(2)
    if isinstance(weights, Dataset):
        rows = Dataset.zip((weights.map(lambda row: log(cast(row, float32))), pairs))
    else:
        if weights is None:
            logits: Any = [[1.0] * count]
        else:
            row = convert_to_tensor(weights, name="weights")
            if row.dtype.name not in ("float32", "float64"):
                raise TypeError(
                    "`weights` must be convertible to a tensor of `tf.float32` or `tf.float64` elements."
                )
            if not row.shape.is_compatible_with([count]):
                raise ValueError("`weights` must be a vector of length `len(datasets)`.")
            logits = stack([log(row)], name="logits")
        if count == 1:
            return datasets[0]
        rows = pairs.map(lambda pair: (convert_to_tensor(logits), pair))
    selector = rows.map(lambda logits, pair: _scalar(stateless_multinomial(logits, 1, seed=pair)))
    return _directed(selector, list(datasets))


def _scalar(drawn: Tensor) -> Tensor:
    from ..ops.array import squeeze

    return squeeze(drawn, axis=[0, 1])


def RandomDataset(seed: Any = None) -> Dataset:
    """Random integers below 2^32 without end (TF1 symbol: `tf.data.experimental.RandomDataset`)."""
    return Dataset(one("RandomDataset", list(seeds(seed))), TensorSpec([], int64))


def Counter(start: Any = 0, step: Any = 1, dtype: Any = int64) -> Dataset:
    """The numbers from `start` on (TF1 symbol: `tf.data.experimental.Counter`)."""
    kind = as_dtype(dtype)
    first, by = convert_to_tensor(start, kind, name="start"), convert_to_tensor(step, kind, name="step")
    return (
        Dataset.from_tensors(0)
        .repeat(None)
        .apply(scan(first, lambda number, _: (add(number, by), identity(number))))
    )


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


def reduce_dataset(dataset: Dataset, reducer: Any) -> Any:
    """What a reducer makes of all elements (TF1 symbol: `tf.contrib.data.reduce_dataset`)."""
    state = reducer.init_func(convert_to_tensor(0, int64))
    return reducer.finalize_func(dataset.reduce(state, reducer.reduce_func))


def batch_and_drop_remainder(batch_size: Any) -> Transformation:
    """Batches without a smaller last one (TF1 symbol: `tf.contrib.data.batch_and_drop_remainder`)."""
    return lambda dataset: dataset.batch(batch_size, drop_remainder=True)


def padded_batch_and_drop_remainder(
    batch_size: Any, padded_shapes: Any, padding_values: Any = None
) -> Transformation:
    """Padded batches without a smaller last one (TF1 symbol:
    `tf.contrib.data.padded_batch_and_drop_remainder`).
    """
    return lambda dataset: dataset.padded_batch(batch_size, padded_shapes, padding_values, True)


def sliding_window_batch(
    window_size: Any, stride: Any = None, window_shift: Any = None, window_stride: Any = 1
) -> Transformation:
    """Batches of `window_size` elements, each beginning `window_shift` after the one before (TF1 symbol:
    `tf.contrib.data.sliding_window_batch`); `stride` is the older name of `window_shift`.

    Raises:
        ValueError: both `stride` and `window_shift`.
    """
    if stride is not None and window_shift is not None:
        raise ValueError("Cannot specify both `stride` and `window_shift`")
    shift = stride if window_shift is None else window_shift

    def transformed(dataset: Dataset) -> Dataset:
        windows = dataset.window(window_size, 1 if shift is None else shift, window_stride, True)

        def together(*parts: Any) -> Dataset:
            whole = parts[0] if len(parts) == 1 and not isinstance(parts[0], dict) else parts
            if len(parts) == 1 and isinstance(parts[0], dict):
                whole = parts[0]
            return Dataset.zip(nests.map_structure(lambda part: part.batch(window_size), whole))

        if isinstance(dataset.element_spec, TensorSpec):
            return windows.flat_map(lambda part: part.batch(window_size))
        return windows.flat_map(together)

    return transformed


def assert_element_shape(expected_shapes: Any) -> Transformation:
    """The same elements, whose static shapes are known to be these too; running raises
    tf.errors.InvalidArgumentError where one is not (TF1 symbol: `tf.contrib.data.assert_element_shape`).
    """

    def transformed(dataset: Dataset) -> Dataset:
        specs = nests.flatten(dataset.element_spec)
        wanted = nests._shapes_up_to(dataset.element_spec, expected_shapes)
        merged = [
            TensorSpec(spec.shape.merge_with(shape), spec.dtype)
            for spec, shape in zip(specs, wanted, strict=True)
        ]
        return Dataset(dataset._variant_tensor, nests.pack(dataset.element_spec, merged), dataset.options())

    return transformed


def _same(dataset: Dataset) -> Dataset:
    return dataset


def copy_to_device(target_device: Any, source_device: Any = "/cpu:0") -> Transformation:
    """The same elements: torch puts them where they are needed (TF1 symbol:
    `tf.data.experimental.copy_to_device`).
    """
    return _same


def prefetch_to_device(device: Any, buffer_size: Any = None) -> Transformation:
    """The same elements (TF1 symbol: `tf.data.experimental.prefetch_to_device`)."""
    return _same


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
