"""Writers of summaries that are nodes of the graph, and when they record (TF1: `tf.contrib.summary`)."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

from .errors import InvalidArgumentError
from .global_step import get_or_create_global_step
from .graph import add_to_collection, control_dependencies, device, get_collection, name_scope
from .ops import array, control, math
from .ops import summary_writers as summary_writers  # its types of operations are to be in the table
from .ops.core import constant, convert_to_tensor, make, one, placeholder
from .session import get_default_session
from .tensor import Operation, Tensor

WRITERS, SUMMARIES = "_SUMMARY_WRITER_V2", "_SUMMARY_V2"


class _State(threading.local):
    def __init__(self) -> None:
        self.writer: SummaryWriter | None = None
        self.condition: Any = None


STATE = _State()


class SummaryWriter:
    """Where summaries go (TF1 symbol: `tf.contrib.summary.SummaryWriter`); `create_file_writer` makes one.

    Args:
        handle: the writer's node; None for one that writes nothing.
        initializer: makes the node that begins a file.
    """

    def __init__(
        self, handle: Tensor | None = None, initializer: Callable[[Tensor], Operation] | None = None
    ) -> None:
        self.handle, self._initializer = handle, initializer
        if handle is not None and initializer is not None:
            add_to_collection(WRITERS, initializer(handle))

    def set_as_default(self) -> None:
        """Let the summaries of this thread go to this writer."""
        if self.handle is not None:
            STATE.writer = self

    @contextlib.contextmanager
    def as_default(self) -> Iterator[SummaryWriter | None]:
        """Context in which summaries go to this writer."""
        if self.handle is None:
            yield None
            return
        before, STATE.writer = STATE.writer, self
        try:
            yield self
            self.flush()
        finally:
            STATE.writer = before

    def init(self) -> Operation | None:
        """A node that begins the file, where there is none yet."""
        if self.handle is None or self._initializer is None:
            return None
        return self._initializer(self.handle)

    def flush(self) -> Operation | None:
        """A node after which all is written; it is at any time."""
        return None if self.handle is None else flush(self)

    def close(self) -> Operation | None:
        """A node that ends the file."""
        if self.handle is None:
            return None
        with control_dependencies([flush(self)]), device("cpu:0"):
            return make("CloseSummaryWriter", [self.handle])


def create_file_writer(
    logdir: Any,
    max_queue: Any = None,
    flush_millis: Any = None,
    filename_suffix: Any = None,
    name: str | None = None,
) -> SummaryWriter:
    """A writer of files of events (TF1 symbol: `tf.contrib.summary.create_file_writer`).

    Args:
        logdir: the directory; None makes a writer that writes nothing.
        max_queue, flush_millis: taken; an event is in the file when it is written.
        filename_suffix: what the file's name ends with; ".v2".
        name: writers of one name share one file.
    """
    if logdir is None:
        return SummaryWriter()
    folder = str(logdir)
    with device("cpu:0"):
        queue = constant(10) if max_queue is None else max_queue
        millis = constant(2 * 60 * 1000) if flush_millis is None else flush_millis
        suffix = constant(".v2") if filename_suffix is None else filename_suffix

        def initializer(handle: Tensor) -> Operation:
            with name_scope(None, "CreateSummaryFileWriter") as scope:
                inputs = [
                    handle,
                    convert_to_tensor(folder, "string", name="logdir"),
                    convert_to_tensor(queue, "int32", name="max_queue"),
                    convert_to_tensor(millis, "int32", name="flush_millis"),
                    convert_to_tensor(suffix, "string", name="filename_suffix"),
                ]
                return make("CreateSummaryFileWriter", inputs, scope)

        handle = one("SummaryWriter", [], None, shared_name=name or f"logdir:{folder}", container="")
        return SummaryWriter(handle, initializer)


@contextlib.contextmanager
def _record_if(condition: Any) -> Iterator[None]:
    before, STATE.condition = STATE.condition, condition
    try:
        yield
    finally:
        STATE.condition = before


def always_record_summaries() -> Any:
    """Context in which summaries are written (TF1 symbol: `tf.contrib.summary.always_record_summaries`)."""
    return _record_if(True)


def never_record_summaries() -> Any:
    """Context in which none is (TF1 symbol: `tf.contrib.summary.never_record_summaries`)."""
    return _record_if(False)


def record_summaries_every_n_global_steps(n: int, global_step: Any = None) -> Any:
    """Context in which summaries are written where the step is a multiple of n (TF1 symbol:
    `tf.contrib.summary.record_summaries_every_n_global_steps`).
    """
    step = get_or_create_global_step() if global_step is None else global_step
    with device("cpu:0"):
        return _record_if(math.equal(step % n, 0))


def should_record_summaries() -> Tensor:
    """Whether summaries are written here; at first they are not (TF1 symbol:
    `tf.contrib.summary.should_record_summaries`).
    """
    return math.logical_and(True, False if STATE.condition is None else STATE.condition)


def all_v2_summary_ops() -> list[Any]:
    """The summaries of `tf.contrib.summary` in the graph (TF1 symbol: `tf.summary.all_v2_summary_ops`)."""
    return get_collection(SUMMARIES)


def summary_writer_initializer_op() -> list[Any]:
    """The nodes that begin the writers' files (TF1 symbol:
    `tf.contrib.summary.summary_writer_initializer_op`).
    """
    return get_collection(WRITERS)


def initialize(graph: Any = None, session: Any = None) -> None:
    """Begin the writers' files (TF1 symbol: `tf.summary.initialize`).

    Args:
        graph: a graph to be written, for TensorBoard to draw.
        session: runs it; the default session.

    Raises:
        RuntimeError: no writer is the default one.
        ValueError: there is no session.
    """
    if STATE.writer is None:
        raise RuntimeError("No default tf.contrib.summary.SummaryWriter found")
    session = get_default_session() if session is None else session
    if session is None:
        raise ValueError("session must be passed if no default session exists")
    session.run(summary_writer_initializer_op())
    if graph is not None:
        encoded = placeholder("string")
        session.run(write_graph(encoded, 0), {encoded: _encoded(graph)})


def _encoded(graph: Any) -> bytes:
    return (
        graph.as_graph_def(add_shapes=True) if hasattr(graph, "as_graph_def") else graph
    ).SerializeToString()


def chosen_step(step: Any) -> Tensor:
    """A step as a tensor; the global step where none is given."""
    return convert_to_tensor(get_or_create_global_step() if step is None else step, "int64")


def write_graph(param: Any, step: Any = None, name: str | None = None) -> Operation:
    """Write an encoded graph (TF1 symbol: `tf.contrib.summary.graph`).

    Raises:
        TypeError: no tensor.
    """
    if not isinstance(param, Tensor):
        raise TypeError(
            f"graph() needs a tf.Tensor (e.g. tf.placeholder) in graph mode, but was: {type(param)}"
        )
    if STATE.writer is None:
        return control.no_op()
    with device("cpu:0"):
        encoded = array.identity(param)
        return make("WriteGraphSummary", [STATE.writer.handle, chosen_step(step), encoded], name)


def import_event(tensor: Any, name: str | None = None) -> Operation:
    """Write an encoded Event (TF1 symbol: `tf.contrib.summary.import_event`).

    Raises:
        tf.errors.InvalidArgumentError: no writer is the default one.
    """
    if STATE.writer is None:
        raise InvalidArgumentError(
            None, None, "tf.contrib.summary.import_event needs a default writer: writer.set_as_default()."
        )
    with name_scope(name, "ImportEvent") as scope:
        return make(
            "ImportEvent", [STATE.writer.handle, convert_to_tensor(tensor, "string", name="event")], scope
        )


def flush(writer: Any = None, name: str | None = None) -> Operation:
    """A node after which all is written (TF1 symbol: `tf.contrib.summary.flush`)."""
    writer = STATE.writer if writer is None else writer
    if writer is None:
        return control.no_op()
    with device("cpu:0"):
        return make("FlushSummaryWriter", [getattr(writer, "handle", writer)], name)
