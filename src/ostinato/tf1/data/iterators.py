"""Iterators over data sets (TF1 symbol: `tf.data.Iterator`)."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from ..dtypes import as_dtype, string
from ..graph import add_to_collection, name_scope
from ..ops.core import convert_to_tensor, make, one
from ..random_source import get_seed
from ..tensor import Operation, Tensor
from . import structure as nests
from .functions import from_slots

if TYPE_CHECKING:
    from .dataset import Dataset

_COLLECTION = "iterators"
_MANY = 32
_STATEFUL = frozenset(
    [
        "VariableV2",
        "HashTableV2",
        "MutableHashTableV2",
        "MutableDenseHashTableV2",
        "IteratorV2",
        "OneShotIterator",
        "FIFOQueueV2",
        "RandomShuffleQueueV2",
        "PaddingFIFOQueueV2",
        "PriorityQueueV2",
    ]
)


class Iterator:
    """A place in a data set's elements: `get_next` gives the next one each time it is run.

    TF1 symbol: `tf.data.Iterator`. Made by a data set's `make_one_shot_iterator` or
    `make_initializable_iterator`, by `from_structure` or `from_string_handle`.

    >>> import ostinato.tf1 as tf
    >>> with tf.Graph().as_default(), tf.Session() as session:
    ...     iterator = tf.data.Iterator.from_structure(tf.int64, [])
    ...     element = iterator.get_next()
    ...     for count in (1, 2):
    ...         session.run(iterator.make_initializer(tf.data.Dataset.range(count, 9)))
    ...         print(session.run(element))
    1
    2
    """

    def __init__(
        self,
        iterator_resource: Tensor,
        initializer: Operation | None,
        output_types: Any,
        output_shapes: Any,
        output_classes: Any,
    ) -> None:
        self._iterator_resource = iterator_resource
        self._initializer = initializer
        self._element_spec = nests.from_types(output_types, output_shapes, output_classes)
        self._string_handle = one("IteratorToStringHandle", [iterator_resource])
        self._get_next_call_count = 0
        add_to_collection(_COLLECTION, iterator_resource)

    @staticmethod
    def from_structure(
        output_types: Any,
        output_shapes: Any = None,
        shared_name: str | None = None,
        output_classes: Any = None,
    ) -> Iterator:
        """An iterator for any data set of such elements: `make_initializer` begins it with one.

        Raises:
            TypeError, ValueError: types, shapes and classes of different structures.
        """
        types = nests.map_structure(as_dtype, output_types)
        structure = nests.from_types(types, output_shapes, output_classes)
        return _of(_resource(structure, shared_name), None, structure)

    @staticmethod
    def from_string_handle(
        string_handle: Any, output_types: Any, output_shapes: Any = None, output_classes: Any = None
    ) -> Iterator:
        """The iterator that a handle names: what running another one's `string_handle()` gave, fed.

        Raises:
            TypeError, ValueError: types, shapes and classes of different structures.
        """
        types = nests.map_structure(as_dtype, output_types)
        structure = nests.from_types(types, output_shapes, output_classes)
        handle = convert_to_tensor(string_handle, string)
        slots = nests.slots_of(structure)
        return _of(one("IteratorFromStringHandleV2", [handle], slots=slots), None, structure)

    @property
    def initializer(self) -> Operation:
        """The operation that begins the iterator.

        Raises:
            ValueError: it has none.
        """
        if self._initializer is None:
            raise ValueError("Iterator does not have an initializer.")
        return self._initializer

    def make_initializer(self, dataset: Dataset, name: str | None = None) -> Operation:
        """An operation that begins the iterator with a data set.

        Raises:
            TypeError: its elements are others than the iterator's.
        """
        with name_scope(name, "make_initializer") as scope:
            ours, theirs = nests.flatten(self._element_spec), nests.flatten(dataset.element_spec)
            if len(ours) != len(theirs):
                raise ValueError(
                    "The two structures don't have the same nested structure. First structure: "
                    f"{self.output_types}. Second structure: {dataset.output_types}."
                )
            for what in ("classes", "types"):
                mine, other = (getattr(part, f"output_{what}") for part in (self, dataset))
                if nests.flatten(mine) != nests.flatten(other):
                    kind = "class" if what == "classes" else what
                    raise TypeError(
                        f"Expected output {what} {mine!r} but got dataset with output {kind} {other!r}."
                    )
            if not all(a.shape.is_compatible_with(b.shape) for a, b in zip(ours, theirs, strict=True)):
                raise TypeError(
                    f"Expected output shapes compatible with {self.output_shapes!r} but got dataset with "
                    f"output shapes {dataset.output_shapes!r}."
                )
            return make("MakeIterator", [dataset._variant_tensor, self._iterator_resource], scope)

    def get_next(self, name: str | None = None) -> Any:
        """The next element, as tensors: make them once, and run them for each element.

        At the end running them raises tf.errors.OutOfRangeError.
        """
        self._get_next_call_count += 1
        if self._get_next_call_count > _MANY:
            warnings.warn(
                "An unusually high number of `Iterator.get_next()` calls was detected: call it once, outside "
                "the training loop, and run what it gives.",
                stacklevel=2,
            )
        slots = nests.slots_of(self._element_spec)
        node = make("IteratorGetNext", [self._iterator_resource], name, slots=slots)
        return from_slots(self._element_spec, node.outputs)

    def string_handle(self, name: str | None = None) -> Tensor:
        """What names this iterator in its session, for a placeholder that `from_string_handle` was given."""
        if name is None:
            return self._string_handle
        return one("IteratorToStringHandle", [self._iterator_resource], name)

    @property
    def element_spec(self) -> Any:
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


def _of(resource: Tensor, initializer: Operation | None, structure: Any) -> Iterator:
    return Iterator(
        resource,
        initializer,
        nests.types_of(structure),
        nests.shapes_of(structure),
        nests.classes_of(structure),
    )


def _resource(structure: Any, shared_name: str | None) -> Tensor:
    return one("IteratorV2", (), shared_name=shared_name or "", slots=nests.slots_of(structure))


def make_one_shot_iterator(dataset: Dataset) -> Iterator:
    """An iterator that needs no initialisation (TF1 symbol: `tf.data.make_one_shot_iterator`).

    Raises:
        ValueError: the data set depends on a placeholder, a variable or a table.
    """
    get_seed(None)
    _check_own(dataset._variant_tensor)
    node = one(
        "OneShotIterator",
        (),
        dataset=dataset._variant_tensor,
        slots=nests.slots_of(dataset.element_spec),
    )
    return _of(node, None, dataset.element_spec)


def _check_own(variant: Tensor) -> None:
    seen: set[Operation] = set()
    waiting = [variant.op]
    while waiting:
        operation = waiting.pop()
        if operation in seen:
            continue
        seen.add(operation)
        kind = operation.type
        if kind == "Placeholder":
            raise ValueError(
                f"Cannot capture a placeholder (name:{operation.name}, type:{kind}) by value. Make the "
                "iterator with Dataset.make_initializable_iterator(), and feed its initializer."
            )
        if kind in _STATEFUL or ("seed2" in operation.attributes and not kind.endswith("Dataset")):
            raise ValueError(
                "Failed to create a one-shot iterator for a dataset. `Dataset.make_one_shot_iterator()` does "
                "not support datasets that capture stateful objects, such as a `Variable` or `LookupTable`. "
                "In these cases, use `Dataset.make_initializable_iterator()`. (Original error: Cannot "
                f"capture a stateful node (name:{operation.name}, type:{kind}) by value.)"
            )
        waiting += [tensor.op for tensor in operation.inputs]


def make_initializable_iterator(dataset: Dataset, shared_name: str | None = None) -> Iterator:
    """An iterator whose `initializer` begins it, any number of times (TF1 symbol:
    `tf.data.make_initializable_iterator`).
    """
    dataset = dataset._with_options_applied()
    resource = _resource(dataset.element_spec, shared_name)
    initializer = make("MakeIterator", [dataset._variant_tensor, resource])
    return _of(resource, initializer, dataset.element_spec)
