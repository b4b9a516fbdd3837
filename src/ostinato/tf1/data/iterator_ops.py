"""The operations of iterators, and of sparse components on their way in and out of elements."""

from __future__ import annotations

import copy
import itertools
import threading
from typing import Any

import numpy as np

from ..dtypes import int64, resource, string, variant
from ..errors import FailedPreconditionError, InvalidArgumentError, OpError, OutOfRangeError
from ..ops.core import make, one
from ..registry import OutputTypes, register
from ..shapes import TensorShape
from ..sparse_tensor import SparseTensor, SparseTensorSpec, SparseTensorValue
from ..tensor import Operation, Tensor
from .runtime import Context, Source
from .structure import TensorSpec

_HANDLES = itertools.count()


class IteratorResource:
    """What an iterator is in a session: where its elements come from, and how far it has come."""

    def __init__(self, name: str, slots: Any) -> None:
        self.slots = slots
        self.handle = f"{name}_{next(_HANDLES)}".encode()  # of its own, as two sessions may be open
        self._lock = threading.Lock()
        self._elements: Any = None
        self._context: Context | None = None

    def start(self, run: Any, source: Source) -> None:
        with self._lock:
            self._context = context = Context(_own_run(run))
            self._elements = source.iterate(context)

    def next(self, run: Any, operation: Operation) -> Any:
        """The next element; None at the end."""
        with self._lock:
            if self._elements is None or self._context is None:
                raise FailedPreconditionError(
                    None,
                    operation,
                    "GetNext() failed because the iterator has not been initialized. Ensure that you have "
                    "run the initializer operation for this iterator before getting the next element."
                    f"{_place(operation)}",
                )
            shared = self._context.shared
            shared.run = _own_run(run, shared.run)
            element = next(self._elements, None)
            if element is None:
                self._elements = iter(())  # the end stays the end
            return element

    def close(self) -> None:
        self._elements = self._context = None


def _own_run(run: Any, before: Any = None) -> Any:
    """A run whose random streams are the iterator's own: they begin anew with each iterator."""
    own = copy.copy(run)
    own._sources = {} if before is None else before._sources
    return own


def _place(operation: Operation) -> str:
    return f"\n\t [[node {operation.name} ({operation.type})]]"


def evaluated(run: Any, tensor: Tensor) -> Any:
    """A tensor's value within a run, whatever the run was asked for."""
    (value,) = run.evaluate(tensor.graph, [tensor], [], [])
    return value


def _iterator(run: Any, operation: Operation) -> IteratorResource:
    name = operation.attributes["shared_name"] or operation.name
    made = run.resources.get(
        ("iterator", name), lambda: IteratorResource(name, operation.attributes["slots"])
    )
    run.resources.get(("handle", made.handle), lambda: made)
    return made


def _one_shot(run: Any, operation: Operation) -> IteratorResource:
    def begin() -> IteratorResource:
        made = IteratorResource(operation.name, operation.attributes["slots"])
        made.start(run, evaluated(run, operation.attributes["dataset"]))
        return made

    made = run.resources.get(("iterator", operation.name), begin)
    run.resources.get(("handle", made.handle), lambda: made)
    return made


def _make_iterator(run: Any, operation: Operation, source: Source, iterator: IteratorResource) -> Any:
    iterator.start(run, source)
    return ()


def _get_next(run: Any, operation: Operation, iterator: IteratorResource) -> Any:
    try:
        element = iterator.next(run, operation)
    except OpError as problem:
        if problem.op is not None:
            raise
        raise type(problem)(None, operation, f"{problem.message}{_place(operation)}") from problem
    if element is None:
        raise OutOfRangeError(None, operation, f"End of sequence{_place(operation)}")
    _check_shapes(operation, element)
    return element


def _check_shapes(operation: Operation, element: Any) -> None:
    for place, (value, tensor) in enumerate(zip(element, operation.outputs, strict=True)):
        known = tensor.shape.known
        if known is None or not hasattr(value, "shape") or known == tuple(value.shape):
            continue
        if not tensor.shape.is_compatible_with(tuple(value.shape)):
            raise InvalidArgumentError(
                None,
                operation,
                f"Incompatible shapes at component {place} of the element: expected "
                f"{tensor.shape.bracketed()} but got {TensorShape(value.shape).bracketed()}."
                f"{_place(operation)}",
            )


def _to_handle(run: Any, operation: Operation, iterator: IteratorResource) -> np.ndarray:
    found = np.empty((), dtype=object)
    found[()] = iterator.handle
    return found


def _from_handle(run: Any, operation: Operation, handle: np.ndarray) -> IteratorResource:
    key = handle.item()

    def missing() -> IteratorResource:
        raise InvalidArgumentError(
            None,
            operation,
            f"The string handle {key!r} is of no iterator of this session: feed what running the iterator's "
            f"string_handle() gave.{_place(operation)}",
        )

    found = run.resources.get(("handle", key), missing)
    wanted = operation.attributes["slots"]
    if len(wanted) != len(found.slots):
        message = (
            f"Number of components does not match: expected {len(wanted)} types but got {len(found.slots)}."
        )
        raise InvalidArgumentError(None, operation, f"{message}{_place(operation)}")
    for place, (ours, theirs) in enumerate(zip(wanted, found.slots, strict=True)):
        message = ""
        if not ours.dtype.is_compatible_with(theirs.dtype):
            message = f"Data type mismatch at component {place}: expected {ours.dtype.name} but got "
            message += f"{theirs.dtype.name}."
        elif not ours.is_compatible_with(theirs):
            message = f"Incompatible shapes at component {place}: expected {ours.shape.bracketed()} but got "
            message += f"{theirs.shape.bracketed()}."
        if message:
            raise InvalidArgumentError(None, operation, f"{message}{_place(operation)}")
    return found


def _handle_rule(inputs: Any, attributes: dict[str, Any]) -> OutputTypes:
    return [(resource, TensorShape([]))]


def variant_rule(inputs: Any, attributes: dict[str, Any]) -> OutputTypes:
    return [(variant, TensorShape([]))]


def element_rule(inputs: Any, attributes: dict[str, Any]) -> OutputTypes:
    return [(spec.dtype, spec.shape) for spec in attributes["slots"]]


_OPTIONS: dict[str, Any] = {"stateful": True, "differentiable": False}
register("IteratorV2", _iterator, _handle_rule, **_OPTIONS)
register("OneShotIterator", _one_shot, _handle_rule, **_OPTIONS)
register("IteratorFromStringHandleV2", _from_handle, _handle_rule, **_OPTIONS)
register("MakeIterator", _make_iterator, lambda inputs, attributes: [], **_OPTIONS)
register("IteratorGetNext", _get_next, element_rule, **_OPTIONS)
register(
    "IteratorToStringHandle", _to_handle, lambda inputs, attributes: [(string, TensorShape([]))], **_OPTIONS
)


# -- sparse components: one value inside an element, three tensors outside
def serialized(value: SparseTensor) -> Tensor:
    return one("SerializeSparse", [value.indices, value.values, value.dense_shape], out_type="variant")


def deserialized(tensor: Tensor, spec: SparseTensorSpec) -> SparseTensor:
    parts = make("DeserializeSparse", [tensor], dtype=spec.dtype.name, rank=spec.shape.ndims).outputs
    return SparseTensor(*parts)


def _deserialized_rule(inputs: Any, attributes: dict[str, Any]) -> OutputTypes:
    rank = attributes["rank"]
    kind = TensorSpec([None], attributes["dtype"]).dtype
    return [
        (int64, TensorShape([None, rank])),
        (kind, TensorShape([None])),
        (int64, TensorShape([rank])),
    ]


def _deserialize(value: SparseTensorValue, **_: Any) -> Any:
    return list(value)


register("DeserializeSparse", _deserialize, _deserialized_rule, differentiable=False)
