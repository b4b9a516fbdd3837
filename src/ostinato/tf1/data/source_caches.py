"""Data sets whose elements are kept once all have been given out: in memory, or in a file.

The file is a checkpoint of the elements' components, as TensorFlow has it, so that either reads the other's.
While it is made, `NAME_0.lockfile` keeps a second run from making it too.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from typing import IO, Any

import numpy as np

from ...checkpoint import Checkpoint, CheckpointError, strings
from ...checkpoint.paths import exists
from ..errors import AlreadyExistsError, DataLossError, InternalError, UnimplementedError
from ..local_files import local_path, problem_with
from ..logging import warn
from ..ops.checkpoint import open_checkpoint, to_array, to_value, write_checkpoint
from ..tensor import Operation
from .runtime import Context, Element, Source
from .sources import Iterate, source

_CUT = (
    "The calling iterator did not fully read the dataset being cached. In order to avoid unexpected "
    "truncation of the dataset, the partially cached contents of the dataset will be discarded. This can "
    "happen if you have an input pipeline similar to `dataset.cache().take(k).repeat()`. You should use "
    "`dataset.take(k).cache().repeat()` instead."
)


@source("CacheDataset")
def _cache(operation: Operation, inner: Source, filename: Any) -> Iterate:
    if not filename.item():
        kept: list[list[Element]] = []
        return lambda context: iter(kept[0]) if kept else _Filling(inner.iterate(context), kept)
    prefix = local_path(filename.item())

    def iterate(context: Context) -> Iterator[Element]:
        if exists(prefix):
            return _Read(operation, prefix)
        return _Written(inner.iterate(context), prefix)

    return iterate


class _Filling(Iterator[Element]):
    """The elements, which go into `kept` whole, or not at all."""

    def __init__(self, elements: Iterator[Element], kept: list[list[Element]]) -> None:
        self._elements, self._kept = elements, kept
        self._found: list[Element] = []

    def __next__(self) -> Element:
        try:
            element = next(self._elements)
        except StopIteration:
            self._kept[:] = [self._found]
            raise
        self._found.append(element)
        return element


def _key(element: int, component: int, components: int) -> str:
    return f"{element:10d}_{component:{len(str(components - 1)) if components > 1 else 1}d}"


class _Spool(Mapping[str, np.ndarray]):
    """Arrays in a temporary file without a name, which goes with the process whatever becomes of it."""

    def __init__(self, folder: str) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        self._places: dict[str, tuple[int, Any, Any, tuple[int, ...]]] = {}
        self._end = 0

    def put(self, name: str, array: np.ndarray) -> None:
        if array.dtype.kind == "O":
            parts, _ = strings.encode(array.reshape(-1).tolist())
            data = b"".join(parts)
        else:
            data = array.tobytes()
        self._places[name] = self._end, len(data), array.dtype, array.shape
        self._file.write(data)
        self._end += len(data)

    def __getitem__(self, name: str) -> np.ndarray:
        place, size, dtype, shape = self._places[name]
        self._file.seek(place)
        data = self._file.read(size)
        if dtype.kind != "O":
            return np.frombuffer(data, dtype).reshape(shape)
        found = np.empty(int(np.prod(shape)), object)
        found[:] = strings.decode(np.frombuffer(data, np.uint8), found.size, False)[0]
        return found.reshape(shape)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def close(self) -> None:
        self._file.close()


class _Written(Iterator[Element]):
    """The elements, which become a file when the last has been given out."""

    def __init__(self, elements: Iterator[Element], prefix: str) -> None:
        self._elements, self._prefix, self._count = elements, prefix, 0
        self._lock = f"{prefix}_0.lockfile"
        self._spool: _Spool | None = None
        self._done = False

    def _begin(self) -> _Spool:
        try:
            with open(self._lock, "x") as file:
                file.write(f"Created at: {int(time.time())}")
        except FileExistsError:
            with open(self._lock, errors="replace") as file:
                contents = file.read(100)
            raise AlreadyExistsError(
                None,
                None,
                "There appears to be a concurrent caching iterator running - cache lockfile already exists "
                f"('{self._lock}'). If you are sure no other running TF computations are using this cache "
                "prefix, delete the lockfile and re-initialize the iterator. Lockfile contents: "
                f"{contents}",
            ) from None
        except OSError as problem:
            raise problem_with(self._lock, problem) from None
        return _Spool(os.path.dirname(self._prefix) or ".")

    def __next__(self) -> Element:
        if self._done:
            raise StopIteration
        if self._spool is None:
            self._spool = self._begin()
        try:
            element = next(self._elements)
        except StopIteration:
            write_checkpoint(self._prefix, self._spool)
            self._done = True
            self._end()
            raise
        for place, component in enumerate(element):
            if not isinstance(component, np.ndarray) and not hasattr(component, "numpy"):
                raise UnimplementedError(
                    None, None, "Only tensors can be cached in a file: leave `filename` out for others."
                )
            self._spool.put(_key(self._count, place, len(element)), to_array(component))
        self._count += 1
        return element

    def _end(self) -> None:
        if self._spool is not None:
            self._spool.close()
            self._spool = None
            os.unlink(self._lock)

    def __del__(self) -> None:
        if self._spool is not None:
            if not self._done:
                warn(_CUT)
            self._end()


class _Read(Iterator[Element]):
    """The elements of a file."""

    def __init__(self, operation: Operation, prefix: str) -> None:
        self._operation, self._prefix = operation, prefix
        self._checkpoint: Checkpoint = open_checkpoint(prefix)
        names = iter(sorted(self._checkpoint))
        self._elements = iter(_grouped(prefix, names))

    def __next__(self) -> Element:
        names = next(self._elements)
        try:
            return tuple([to_value(self._checkpoint[name].copy()) for name in names])
        except CheckpointError as problem:
            raise DataLossError(None, None, str(problem)) from None


def _grouped(prefix: str, names: Iterator[str]) -> Iterator[list[str]]:
    """The names of each element's components."""
    waiting: list[str] = []
    number = 0
    for name in names:
        element, _, component = name.partition("_")
        if waiting and element.strip() != str(number):
            yield waiting
            waiting, number = [], number + 1
        if element.strip() != str(number) or component.strip() != str(len(waiting)):
            raise InternalError(
                None, None, f"{prefix} is no cache of a data set: it has a tensor named {name!r}."
            )
        waiting.append(name)
    if waiting:
        yield waiting
