"""The operations of readers: what takes names of files off a queue and gives their records, one by one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from ..dtypes import int64, resource, string
from ..errors import InvalidArgumentError, OpError
from ..local_files import local_path, problem_with
from ..queue_state import QueueState
from ..records import opened, read_records
from ..registry import OutputTypes, register
from ..shapes import TensorShape
from ..tensor import Operation
from .files import bytes_tensor

Records = Iterator[tuple[bytes, bytes]]


def lines_of(path: str, kind: str = "") -> Iterator[bytes]:
    """The lines of a file, without their ends."""
    with opened(path, kind) as file:
        for line in file:
            yield line.removesuffix(b"\n").replace(b"\r", b"") if b"\r" in line else line.removesuffix(b"\n")


def parts_of(path: str, size: int, header: int, footer: int, hop: int, kind: str = "") -> Iterator[bytes]:
    """The parts of one size of a file, `hop` bytes apart, but for its header and its footer.

    Raises:
        tf.errors.InvalidArgumentError: there is no whole number of parts.
    """
    with opened(path, kind) as file:
        data = file.read()
    body = data[header : len(data) - footer]
    if len(data) < header + footer or (hop == size and len(body) % size):
        raise InvalidArgumentError(
            None,
            None,
            f"Excluding the header ({header} bytes) and footer ({footer} bytes), input file "
            f'"{path}" has body length {max(len(data) - header - footer, 0)} bytes, which is not an '
            f"exact multiple of the record length ({size} bytes).",
        )
    for place in range(0, len(body) - size + 1, hop):
        yield body[place : place + size]


def _text_lines(path: str, name: bytes, attributes: dict[str, Any]) -> Records:
    skipped = attributes["skip_header_lines"]
    for number, line in enumerate(lines_of(path), 1):
        if number > skipped:
            yield b"%b:%d" % (name, number), line


def _records(path: str, name: bytes, attributes: dict[str, Any]) -> Records:
    place = 0
    for record in read_records(path, attributes["compression_type"]):
        yield b"%b:%d" % (name, place), record
        place += len(record) + 16


def _fixed(path: str, name: bytes, attributes: dict[str, Any]) -> Records:
    size = attributes["record_bytes"]
    parts = parts_of(
        path,
        size,
        attributes["header_bytes"],
        attributes["footer_bytes"],
        attributes["hop_bytes"] or size,
        attributes["encoding"],
    )
    for number, part in enumerate(parts):
        yield b"%b:%d" % (name, number), part


def _whole(path: str, name: bytes, attributes: dict[str, Any]) -> Records:
    try:
        with open(path, "rb") as file:
            yield name, file.read()
    except OSError as problem:
        raise problem_with(path, problem) from None


def _identity(path: str, name: bytes, attributes: dict[str, Any]) -> Records:
    yield name, name


class ReaderState:
    """A reader in a session: the file it is in, and what it has read so far."""

    def __init__(
        self, read: Callable[[str, bytes, dict[str, Any]], Records], attributes: dict[str, Any]
    ) -> None:
        self._read, self._attributes = read, attributes
        self._lock = threading.RLock()
        self.reset()

    def reset(self) -> None:
        with self._lock:
            self._current: Records | None = None
            self.produced = self.completed = 0

    def _begin(self, queue: QueueState) -> None:
        (name,) = queue.take(1)[0]
        text = name.item()
        path = text.decode() if self._read is _identity else local_path(text)
        self._current = self._read(path, text, self._attributes)

    def next(self, queue: QueueState) -> tuple[bytes, bytes]:
        """The next record, of the next file where this one has ended."""
        with self._lock:
            while True:
                if self._current is None:
                    self._begin(queue)
                found = self._advance()
                if found is not None:
                    return found

    def up_to(self, queue: QueueState, count: int) -> list[tuple[bytes, bytes]]:
        """Up to `count` records of one file, one at least."""
        with self._lock:
            found = [self.next(queue)]
            while len(found) < count and self._current is not None:
                record = self._advance()
                if record is not None:
                    found.append(record)
            return found

    def _advance(self) -> tuple[bytes, bytes] | None:
        assert self._current is not None
        try:
            record = next(self._current, None)
        except OpError:
            self._current = None
            raise
        if record is None:
            self._current = None
            self.completed += 1
        else:
            self.produced += 1
        return record


def _reader(read: Callable[[str, bytes, dict[str, Any]], Records]) -> Callable[..., ReaderState]:
    def get(run: Any, operation: Operation) -> ReaderState:
        name = operation.attributes["shared_name"] or operation.name
        return run.resources.get(("reader", name), lambda: ReaderState(read, operation.attributes))

    return get


def _at(operation: Operation, problem: OpError) -> OpError:
    if "[[node" in problem.message:
        return problem
    message = f"{problem.message}\n\t [[node {operation.name} ({operation.type})]]"
    return type(problem)(None, operation, message)


def _next(run: Any, operation: Operation, reader: ReaderState, queue: QueueState) -> Any:
    try:
        return [bytes_tensor(part) for part in reader.next(queue)]
    except OpError as problem:
        raise _at(operation, problem) from None


def _up_to(run: Any, operation: Operation, reader: ReaderState, queue: QueueState, count: Any) -> Any:
    try:
        found = reader.up_to(queue, int(count))
    except OpError as problem:
        raise _at(operation, problem) from None
    columns = np.empty([2, len(found)], object)
    for place, pair in enumerate(found):
        columns[0, place], columns[1, place] = pair
    return list(columns)


def _reset(run: Any, operation: Operation, reader: ReaderState) -> Any:
    reader.reset()
    return ()


def _handle_rule(inputs: Any, attributes: dict[str, Any]) -> OutputTypes:
    return [(resource, TensorShape([]))]


def _count_rule(inputs: Any, attributes: dict[str, Any]) -> OutputTypes:
    return [(int64, TensorShape([]))]


_OPTIONS: dict[str, Any] = {"stateful": True, "differentiable": False}
register("TextLineReaderV2", _reader(_text_lines), _handle_rule, **_OPTIONS)
register("TFRecordReaderV2", _reader(_records), _handle_rule, **_OPTIONS)
register("FixedLengthRecordReaderV2", _reader(_fixed), _handle_rule, **_OPTIONS)
register("WholeFileReaderV2", _reader(_whole), _handle_rule, **_OPTIONS)
register("IdentityReaderV2", _reader(_identity), _handle_rule, **_OPTIONS)
register("ReaderReadV2", _next, lambda inputs, attributes: [(string, TensorShape([]))] * 2, **_OPTIONS)
register(
    "ReaderReadUpToV2", _up_to, lambda inputs, attributes: [(string, TensorShape([None]))] * 2, **_OPTIONS
)
register(
    "ReaderNumRecordsProducedV2",
    lambda run, operation, reader: torch.tensor(reader.produced),
    _count_rule,
    **_OPTIONS,
)
register(
    "ReaderNumWorkUnitsCompletedV2",
    lambda run, operation, reader: torch.tensor(reader.completed),
    _count_rule,
    **_OPTIONS,
)
register("ReaderResetV2", _reset, lambda inputs, attributes: [], writes=True, **_OPTIONS)
