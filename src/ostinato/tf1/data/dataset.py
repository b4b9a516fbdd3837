"""Data sets: descriptions of where elements come from and what is done to them (TF1 symbol:
`tf.data.Dataset`). Each is a node of the graph; an iterator runs through its elements in a session.

>>> import ostinato.tf1 as tf
>>> with tf.Graph().as_default(), tf.Session() as session:
...     numbers = tf.data.Dataset.range(5).map(lambda x: x * x).batch(2)
...     element = numbers.make_one_shot_iterator().get_next()
...     [session.run(element).tolist() for _ in range(3)]
[[0, 1], [4, 9], [16]]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..dtypes import as_dtype, bool_, int32, int64, string
from ..graph import get_default_graph, name_scope
from ..ops.array import identity, shape
from ..ops.asserting import Assert
from ..ops.core import convert_to_tensor, make, one
from ..ops.math import add, greater, maximum
from ..ops.strings import reduce_join
from ..registry import constant_shape, constant_value
from ..sparse_tensor import SparseTensor, SparseTensorSpec
from ..tensor import Tensor
from . import operations as operations  # it puts the operations into the table
from . import structure as nests
from .functions import TracedFunction, from_slots, is_predicate, stepping, to_slots
from .generators import elements_of
from .iterators import Iterator, make_initializable_iterator, make_one_shot_iterator
from .options import Options
from .padding import padded_shape, padding_value, shapes_for
from .seeds import seeds
from .structure import DatasetSpec, TensorSpec

AUTOTUNE = -1


def _integer(value: Any, name: str) -> Tensor:
    tensor = convert_to_tensor(value, int64, name=name)
    if tensor.shape.ndims not in (None, 0):
        raise ValueError(
            f"Shape must be rank 0 but is rank {tensor.shape.ndims}: {name} is one number, not {value!r}."
        )
    return tensor


class Dataset:
    """A data set (TF1 symbol: `tf.data.Dataset`).

    Made by `from_tensors`, `from_tensor_slices`, `from_generator`, `range`, `zip`, `list_files` or one of the
    readers; its methods give other data sets.
    """

    def __init__(self, variant_tensor: Tensor, element_spec: Any, options: Options | None = None) -> None:
        self._variant_tensor = variant_tensor
        self._element_spec = element_spec
        self._options = options or Options()
        self._graph = get_default_graph()

    # -- what it is
    @property
    def element_spec(self) -> Any:
        """The types and shapes of the components, in the elements' structure."""
        return self._element_spec

    @property
    def output_types(self) -> Any:
        return nests.types_of(self._element_spec)

    @property
    def output_shapes(self) -> Any:
        return nests.shapes_of(self._element_spec)

    @property
    def output_classes(self) -> Any:
        return nests.classes_of(self._element_spec)

    def options(self) -> Options:
        return self._options

    def __iter__(self) -> Any:
        raise RuntimeError(
            "__iter__() is only supported inside of tf.function or when eager execution is enabled: take "
            "dataset.make_one_shot_iterator().get_next(), and run it once for each element."
        )

    def __repr__(self) -> str:
        shapes = str(nests.map_structure(str, self.output_shapes)).replace("'", "")
        types = str(nests.map_structure(repr, self.output_types)).replace("'", "")
        return f"<{self._shown_as} shapes: {shapes}, types: {types}>"

    _shown_as = "DatasetV1Adapter"

    # -- beginnings
    @staticmethod
    def from_tensors(tensors: Any) -> Dataset:
        """One element: the tensors as they are."""
        components = nests.as_components(tensors)
        return _made("TensorDataset", to_slots(components), nests.spec_of(components))

    @staticmethod
    def from_tensor_slices(tensors: Any) -> Dataset:
        """An element for each slice along the first dimension.

        Raises:
            ValueError: a scalar, or first dimensions that differ.
        """
        components = nests.as_components(tensors)
        whole = nests.spec_of(components)
        for part, spec in zip(nests.flatten(components), nests.flatten(whole), strict=True):
            if spec.shape.ndims == 0:
                raise ValueError(f"Value {part} has insufficient rank for batching.")
        structure = nests.map_structure(nests.unbatched, whole)
        first, *others = [spec.shape[0] for spec in nests.flatten(whole)]
        for other in others:
            first.assert_is_compatible_with(other)
        return _made("TensorSliceDataset", to_slots(components), structure)

    @staticmethod
    def from_sparse_tensor_slices(sparse_tensor: Any) -> Dataset:
        """An element (indices, values, shape) for each row of a sparse tensor.

        Raises:
            TypeError: no sparse tensor.
        """
        if not isinstance(sparse_tensor, SparseTensor):
            raise TypeError(f"`sparse_tensor` must be a `tf.SparseTensor` object. Was {sparse_tensor}.")
        rank = (sparse_tensor.indices.shape[1] - 1).value
        structure = (
            TensorSpec([None, rank], int64),
            TensorSpec([None], sparse_tensor.dtype),
            TensorSpec([rank], int64),
        )
        parts = [sparse_tensor.indices, sparse_tensor.values, sparse_tensor.dense_shape]
        return _made("SparseTensorSliceDataset", parts, structure)

    @staticmethod
    def from_generator(
        generator: Callable[..., Any], output_types: Any, output_shapes: Any = None, args: Any = None
    ) -> Dataset:
        """The elements that a Python generator yields; it is begun anew for each iterator.

        Args:
            generator: a function that gives something to iterate over.
            output_types, output_shapes: of the elements, in their structure.
            args: tensors whose values the function is called with.

        Raises:
            TypeError: `generator` is no function.
        """
        if not callable(generator):
            raise TypeError("`generator` must be callable.")
        structure = nests.from_types(nests.map_structure(as_dtype, output_types), output_shapes)
        given = [] if args is None else [convert_to_tensor(value, name="args") for value in args]
        elements = elements_of(generator, structure)
        return Dataset.from_tensors(0).flat_map(
            lambda _: _made("GeneratorDataset", given, structure, elements=elements)
        )

    @staticmethod
    def range(*args: Any) -> Dataset:
        """The numbers `range(*args)` gives, as int64.

        Raises:
            ValueError: no arguments, or more than three.
        """
        if not 1 <= len(args) <= 3:
            raise ValueError(f"Invalid arguments to RangeDataset: {args}")
        start, stop = (0, args[0]) if len(args) == 1 else args[:2]
        step = args[2] if len(args) == 3 else 1
        inputs = [_integer(start, "start"), _integer(stop, "stop"), _integer(step, "step")]
        return _made("RangeDataset", inputs, TensorSpec([], int64))

    @staticmethod
    def zip(datasets: Any) -> Dataset:
        """Elements made of one of each of a nest of data sets, as long as all have some.

        Raises:
            TypeError: something that is no data set; a list.
        """
        parts = nests.flatten(datasets)
        for part in parts:
            if not isinstance(part, Dataset):
                message = "The argument to `Dataset.zip()` must be a nested structure of `Dataset` objects."
                if isinstance(part, list):
                    message += " Nested structures do not support Python lists; please use a tuple instead."
                raise TypeError(message)
        structure = nests.pack(datasets, [part.element_spec for part in parts])
        return _made("ZipDataset", [part._variant_tensor for part in parts], structure)

    @staticmethod
    def list_files(file_pattern: Any, shuffle: bool | None = None, seed: Any = None) -> Dataset:
        """The names of the files that match a pattern or several, shuffled unless `shuffle` is False."""
        from ..ops.files import matching_files  # whose module knows of files, and this does not

        with name_scope("list_files"):
            pattern = convert_to_tensor(file_pattern, string, name="file_pattern")
            names = matching_files(pattern)
            found = greater(shape_of(names), 0, name="match_not_empty")
            patterns = reduce_join(pattern, separator=", ")
            message = add("No files matched pattern: ", patterns, name="message")
            check = Assert(found, [message], summarize=1, name="assert_not_empty")
            with get_default_graph().control_dependencies([check]):
                names = identity(names)
            files = Dataset.from_tensor_slices(names)
            if shuffle is None or shuffle:
                files = files.shuffle(maximum(shape(names, out_type=int64)[0], 1), seed=seed)
            return files

    # -- of one or two
    def concatenate(self, dataset: Dataset) -> Dataset:
        """These elements, then those of another data set of the same types.

        Raises:
            TypeError: other types.
        """
        for what in ("types", "classes"):
            ours, theirs = (getattr(part, f"output_{what}") for part in (self, dataset))
            if ours != theirs:
                raise TypeError(f"Two datasets to concatenate have different {what} {ours} and {theirs}")
        structure = nests.map_structure(nests.relaxed, self.element_spec, dataset.element_spec)
        return self._then("ConcatenateDataset", [dataset._variant_tensor], structure)

    def prefetch(self, buffer_size: Any) -> Dataset:
        """The same elements: each is made when it is asked for."""
        size = -1 if buffer_size is None else buffer_size
        return self._then("PrefetchDataset", [_integer(size, "buffer_size")])

    def repeat(self, count: Any = None) -> Dataset:
        """The elements `count` times over; None or -1: without end."""
        return self._then("RepeatDataset", [_integer(-1 if count is None else count, "count")])

    def enumerate(self, start: Any = 0) -> Dataset:
        """Pairs of a number and an element."""
        return Dataset.zip((Dataset.range(start, np.iinfo(np.int64).max), self))

    def shuffle(
        self, buffer_size: Any, seed: Any = None, reshuffle_each_iteration: bool | None = None
    ) -> Dataset:
        """The elements in another order: one of `buffer_size` that wait goes next.

        Args:
            seed: with it, or the graph's, the order is TensorFlow's.
            reshuffle_each_iteration: None or True: another order when the data set is repeated.
        """
        inputs = [_integer(buffer_size, "buffer_size"), *seeds(seed)]
        again = True if reshuffle_each_iteration is None else reshuffle_each_iteration
        return self._then("ShuffleDataset", inputs, reshuffle_each_iteration=again)

    def cache(self, filename: Any = "") -> Dataset:
        """The elements, kept in memory once all have been given out; there are no caches in files here, and
        `filename` changes nothing.
        """
        return self._then("CacheDataset", [convert_to_tensor(filename, string, name="filename")])

    def take(self, count: Any) -> Dataset:
        """The first `count` elements; -1: all."""
        return self._then("TakeDataset", [_integer(count, "count")])

    def skip(self, count: Any) -> Dataset:
        """All but the first `count` elements; -1: none."""
        return self._then("SkipDataset", [_integer(count, "count")])

    def shard(self, num_shards: Any, index: Any) -> Dataset:
        """Every `num_shards`-th element from the one at `index` on."""
        return self._then("ShardDataset", [_integer(num_shards, "num_shards"), _integer(index, "index")])

    def batch(self, batch_size: Any, drop_remainder: Any = False) -> Dataset:
        """Each `batch_size` elements of one shape stacked; the last batch may be smaller unless
        `drop_remainder`.
        """
        size = _integer(batch_size, "batch_size")
        whole = convert_to_tensor(drop_remainder, bool_, name="drop_remainder")
        return self._then("BatchDatasetV2", [size, whole], self._batched(size, whole, self.element_spec))

    def _batched(self, size: Tensor, whole: Tensor, structure: Any) -> Any:
        known = constant_value(size) if constant_value(whole) else None
        count = None if known is None else int(known)
        return nests.map_structure(lambda spec: nests.batched(spec, count), structure)

    def padded_batch(
        self, batch_size: Any, padded_shapes: Any, padding_values: Any = None, drop_remainder: Any = False
    ) -> Dataset:
        """Each `batch_size` elements stacked, filled up to a shape.

        Args:
            padded_shapes: of the components, in their structure: a None or -1 is the largest of the batch.
            padding_values: scalars, in the elements' structure; None: zeros and empty strings.
            drop_remainder: leave out a last batch that is smaller.

        Raises:
            TypeError: sparse components, or a padding value of another type.
            ValueError: a shape that does not fit a component's.
        """
        specs = nests.flatten(self.element_spec)
        if any(isinstance(spec, SparseTensorSpec) for spec in specs):
            raise TypeError("Batching of padded sparse tensors is not currently supported")
        if any(isinstance(spec, DatasetSpec) for spec in specs):
            raise TypeError("Unable to create padding for field of type 'variant'")
        size = _integer(batch_size, "batch_size")
        shapes = [
            padded_shape(given, spec.shape)
            for spec, given in zip(specs, shapes_for(self.element_spec, padded_shapes), strict=True)
        ]
        if padding_values is None:
            fillings: list[Any] = [
                "" if spec.dtype is string else np.zeros((), spec.dtype.as_numpy_dtype) for spec in specs
            ]
        else:
            fillings = nests.flatten_up_to(self.element_spec, padding_values)
        values = [padding_value(value, spec.dtype) for value, spec in zip(fillings, specs, strict=True)]
        whole = convert_to_tensor(drop_remainder, bool_, name="drop_remainder")
        inner = [
            TensorSpec(constant_shape(sizes), spec.dtype) for sizes, spec in zip(shapes, specs, strict=True)
        ]
        structure = self._batched(size, whole, nests.pack(self.element_spec, inner))
        return self._then("PaddedBatchDatasetV2", [size, *shapes, *values, whole], structure)

    def unbatch(self) -> Dataset:
        """The slices of each element along the first dimension."""
        structure = nests.map_structure(nests.unbatched, self.element_spec)
        # TensorFlow brings sparse components into one form with a map; they have it here.
        rows = self._then("MapDataset", [], functions=(), states=0)
        return rows._then("UnbatchDataset", [], structure)

    def window(self, size: Any, shift: Any = None, stride: Any = 1, drop_remainder: Any = False) -> Dataset:
        """Data sets of `size` elements each: every `stride`-th, and the next window `shift` further on."""
        structure = nests.map_structure(DatasetSpec, self.element_spec)
        inputs = [
            _integer(size, "size"),
            _integer(size if shift is None else shift, "shift"),
            _integer(stride, "stride"),
            convert_to_tensor(drop_remainder, bool_, name="drop_remainder"),
        ]
        return self._then("WindowDataset", inputs, structure)

    # -- with functions
    def map(self, map_func: Callable[..., Any], num_parallel_calls: Any = None) -> Dataset:
        """`map_func` of each element: it is called once, with tensors, and gives tensors.

        Raises:
            TypeError: it gives what is no tensor.
        """
        function = TracedFunction(map_func, "Dataset.map()", self.element_spec)
        if num_parallel_calls is None:
            return self._call("MapDataset", [function], function.structure)
        threads = convert_to_tensor(num_parallel_calls, int32, name="num_parallel_calls")
        return self._call("ParallelMapDataset", [function], function.structure, [threads])

    map_with_legacy_function = map

    def filter(self, predicate: Callable[..., Any]) -> Dataset:
        """The elements for which a function gives True.

        Raises:
            ValueError: it does not give a scalar boolean.
        """
        function = TracedFunction(predicate, "Dataset.filter()", self.element_spec)
        if not is_predicate(function):
            raise ValueError(
                "`predicate` return type must be convertible to a scalar boolean tensor. Was "
                f"{function.structure}."
            )
        return self._call("FilterDataset", [function], self.element_spec)

    filter_with_legacy_function = filter

    def flat_map(self, map_func: Callable[..., Any]) -> Dataset:
        """The elements of the data sets that a function gives, one after the other.

        Raises:
            TypeError: it gives no data set.
        """
        function = TracedFunction(map_func, "Dataset.flat_map()", self.element_spec)
        return self._call("FlatMapDataset", [function], _inner(function))

    def interleave(
        self,
        map_func: Callable[..., Any],
        cycle_length: Any = AUTOTUNE,
        block_length: Any = 1,
        num_parallel_calls: Any = None,
    ) -> Dataset:
        """The elements of the data sets that a function gives: `block_length` of each of `cycle_length` of
        them in turn (-1: as many as there are processors).

        Raises:
            TypeError: it gives no data set.
        """
        function = TracedFunction(map_func, "Dataset.interleave()", self.element_spec)
        inputs = [_integer(cycle_length, "cycle_length"), _integer(block_length, "block_length")]
        if num_parallel_calls is None:
            return self._call("InterleaveDataset", [function], _inner(function), inputs)
        inputs.append(_integer(num_parallel_calls, "num_parallel_calls"))
        return self._call("ParallelInterleaveDatasetV2", [function], _inner(function), inputs)

    def reduce(self, initial_state: Any, reduce_func: Callable[..., Any]) -> Any:
        """What a function of (state, element) makes of all elements, as tensors.

        Raises:
            TypeError: it gives a state of other types.
        """
        with name_scope("initial_state"):
            state = nests.as_components(initial_state)
        function, structure, _ = stepping(
            reduce_func, "reduce()", nests.spec_of(state), self.element_spec, gives_output=False
        )
        node = make(
            "ReduceDataset",
            [self._variant_tensor, *to_slots(state), *function.captured],
            functions=(function.body,),
            states=len(nests.flatten(structure)),
            slots=nests.slots_of(structure),
        )
        return from_slots(structure, node.outputs)

    def apply(self, transformation_func: Callable[[Dataset], Dataset]) -> Dataset:
        """What a function makes of this data set.

        Raises:
            TypeError: it gives no data set.
        """
        dataset = transformation_func(self)
        if not isinstance(dataset, Dataset):
            raise TypeError(f"`transformation_func` must return a Dataset. Got {dataset}.")
        return dataset

    def with_options(self, options: Options) -> Dataset:
        """The same elements; options say how fast they may come, not which they are.

        Raises:
            TypeError: no options.
        """
        return Dataset(self._variant_tensor, self.element_spec, self._options.merge(options))

    def _with_options_applied(self) -> Dataset:
        """The same elements through the nodes that TensorFlow puts before an iterator: by their number the
        seeds of later operations are chosen.
        """
        dataset, threads = self, self._options.experimental_threading
        if threads.max_intra_op_parallelism is not None:
            limit = _integer(threads.max_intra_op_parallelism, "max_intra_op_parallelism")
            dataset = dataset._then("MaxIntraOpParallelismDataset", [limit])
        if threads.private_threadpool_size is not None:
            size = _integer(threads.private_threadpool_size, "num_threads")
            dataset = dataset._then("PrivateThreadPoolDataset", [size])
        chosen = self._options.experimental_optimization
        if chosen.optimizes():
            names = convert_to_tensor(np.empty([0], object), string, name="optimizations")
            dataset = dataset._then("OptimizeDataset", [names])
        return dataset if chosen.autotune is False else dataset._then("ModelDataset", [])

    # -- ends
    def make_one_shot_iterator(self) -> Iterator:
        """An iterator that needs no initialisation.

        Raises:
            ValueError: the data set depends on a placeholder, a variable or a table.
        """
        return make_one_shot_iterator(self)

    def make_initializable_iterator(self, shared_name: str | None = None) -> Iterator:
        """An iterator whose `initializer` begins it, any number of times."""
        return make_initializable_iterator(self, shared_name)

    # -- making
    def _then(
        self, op_type: str, inputs: Sequence[Tensor], structure: Any = None, **attributes: Any
    ) -> Dataset:
        made = self.element_spec if structure is None else structure
        node = one(op_type, [self._variant_tensor, *inputs], **attributes)
        return Dataset(node, made, self._options)

    def _call(
        self,
        op_type: str,
        functions: Sequence[TracedFunction],
        structure: Any,
        inputs: Sequence[Tensor] = (),
        states: Sequence[Tensor] = (),
    ) -> Dataset:
        captured = [tensor for function in functions for tensor in function.captured]
        bodies = tuple(function.body for function in functions)
        return self._then(
            op_type, [*states, *captured, *inputs], structure, functions=bodies, states=len(states)
        )


class VariantDataset(Dataset):
    """A data set that is an element's component, or was given as a tensor."""

    _shown_as = "_VariantDataset"


def _made(op_type: str, inputs: Sequence[Tensor], structure: Any, **attributes: Any) -> Dataset:
    return Dataset(one(op_type, inputs, **attributes), structure)


def shape_of(names: Tensor) -> Tensor:
    return shape(names)[0]


def _inner(function: TracedFunction) -> Any:
    if not isinstance(function.structure, DatasetSpec):
        raise TypeError(f"`map_func` must return a `Dataset` object. Got {type(function.structure)}")
    return function.structure.element_spec
