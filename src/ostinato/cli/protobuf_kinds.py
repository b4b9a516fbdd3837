"""TensorFlow's and ONNX's graphs, told apart by the shape of their protocol buffers.

Their files have no mark of their own: what tells them apart is which fields come first and what is in those.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from ostinato.checkpoint.errors import Malformed
from ostinato.checkpoint.wire import BYTES, VARINT, fields

_MOST_NODES = 50_000  # of a graph that are counted
_VARIABLES = frozenset({"Variable", "VariableV2", "VarHandleOp", "AutoReloadVariable", "TemporaryVariable"})
OURS = "ostinato "  # before the version, where this library wrote a graph
_NEWEST_ONNX = 1000  # far above any version of that format: it is at 13
_OP = re.compile(r"[A-Za-z_][A-Za-z0-9_>.]*")


@dataclass(frozen=True)
class GraphFile:
    """What kind of graph a file is.

    Attributes:
        kind: "meta graph", "graph", "saved model" or "onnx".
        version: of the TensorFlow or Ostinato that wrote it, for ONNX the program; "" where not told.
        nodes: of a graph, as far as they were counted.
        variables: nodes among them that are variables.
        constants: nodes among them that are constants.
        constant_bytes: bytes of those.
    """

    kind: str
    version: str = ""
    nodes: int = 0
    variables: int = 0
    constants: int = 0
    constant_bytes: int = 0


@contextlib.contextmanager
def mapped(path: str) -> Iterator[memoryview]:
    """The bytes of a file, read from it as they are looked at."""
    with open(path, "rb") as file:
        if not os.fstat(file.fileno()).st_size:
            yield memoryview(b"")
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as pages, memoryview(pages) as data:
            yield data


def recognise_graph(data: memoryview) -> GraphFile | None:
    """What graph `data` is; None if it is none of those known."""
    try:
        first = next(iter(fields(data, 0, len(data))), None)
        if first is None:
            return None
        number, wire_type, value, end = first
        if number == 1 and wire_type == VARINT:
            return _saved_model(data) or _onnx(data)
        if number == 1 and wire_type == BYTES:
            return _graph(data, value, end) or _meta_graph(data)
    except Malformed:
        return None
    return None


def tensorflow_version(path: str) -> str:
    """The version of the TensorFlow that wrote the graph in `path`, or `ostinato` and the version of this
    library; "" where that is not told.
    """
    try:
        with mapped(path) as data:
            found = recognise_graph(data)
    except OSError:
        return ""
    return "" if found is None or found.kind == "onnx" else found.version


def writer_of(version: str) -> str:
    """What wrote a graph, by the version that it tells.

    >>> writer_of("1.15.0"), writer_of("ostinato 1.0")
    ('TensorFlow 1.15.0', 'Ostinato 1.0')
    """
    return f"Ostinato {version.removeprefix(OURS)}" if version.startswith(OURS) else f"TensorFlow {version}"


def _saved_model(data: memoryview) -> GraphFile | None:
    for number, wire_type, value, end in islice(fields(data, 0, len(data)), 4):
        if number == 2 and wire_type == BYTES:
            with data[value:end] as inner:
                found = _meta_graph(inner)
            return None if found is None else GraphFile("saved model", found.version)
        if number != 1:
            return None
    return None


def _meta_graph(data: memoryview) -> GraphFile | None:
    """A MetaGraphDef: what it is about, then the graph."""
    numbers, version = [], ""
    try:
        for number, wire_type, value, end in islice(fields(data, 0, len(data)), 8):
            if wire_type != BYTES or number > 7:
                return None
            numbers.append(number)
            if number == 1:
                version = _version(data, value, end)
    except Malformed:
        # Cut short after what it is about: still told apart by that.
        return GraphFile("meta graph", version) if version else None
    if numbers[:2] == [1, 2] and (version or 3 in numbers):
        return GraphFile("meta graph", version)
    return None


def _version(data: memoryview, start: int, end: int) -> str:
    version = ""
    for number, wire_type, value, stop in fields(data, start, end):
        if number == 5 and wire_type == BYTES:
            version = _text(data, value, stop)
        elif number == 6 and wire_type == BYTES and _text(data, value, stop).startswith(OURS):
            return _text(data, value, stop)  # this library says so in the place of a revision
    return version


def _graph(data: memoryview, start: int, end: int) -> GraphFile | None:
    """A GraphDef: nodes, each with a name and the type of its operation."""
    if _operation(data, start, end) is None:
        return None
    nodes = variables = constants = size = 0
    with contextlib.suppress(Malformed):  # what is cut short is still a graph
        for number, wire_type, value, stop in islice(fields(data, 0, len(data)), _MOST_NODES):
            if number != 1 or wire_type != BYTES:
                continue
            operation = _operation(data, value, stop)
            nodes += 1
            variables += operation in _VARIABLES
            if operation == "Const":
                constants += 1
                size += stop - value
    return GraphFile("graph", "", nodes, variables, constants, size)


def _operation(data: memoryview, start: int, end: int) -> str | None:
    """The type of a node's operation; None if this is no node."""
    name = operation = ""
    for number, wire_type, value, stop in islice(fields(data, start, end), 2):
        if wire_type == BYTES and number == 1:
            name = _text(data, value, stop)
        elif wire_type == BYTES and number == 2:
            operation = _text(data, value, stop)
    return operation if name and _OP.fullmatch(operation) else None


def _onnx(data: memoryview) -> GraphFile | None:
    """A ModelProto: the version of the format, who wrote it, the graph, and the sets of its operators."""
    producer, seen = "", set()
    for number, wire_type, value, end in islice(fields(data, 0, len(data)), 16):
        seen.add(number)
        if number == 1 and value > _NEWEST_ONNX:
            return None
        if number == 2 and wire_type == BYTES:
            producer = _text(data, value, end)
        elif number in (7, 8) and wire_type != BYTES:
            return None
    return GraphFile("onnx", producer) if {1, 7, 8} <= seen else None


def _text(data: memoryview, start: int, end: int) -> str:
    if end - start > 1000:
        return ""
    try:
        text = str(data[start:end], "utf-8")
    except UnicodeDecodeError:
        return ""
    return text if text.isprintable() else ""
