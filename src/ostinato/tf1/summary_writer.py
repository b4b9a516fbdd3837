"""`tf.summary.FileWriter`: summaries, graphs and marks of a run, in a file that TensorBoard reads."""

from __future__ import annotations

import os
import struct
import threading
import time
import warnings
from typing import Any, ClassVar

from ostinato.checkpoint.wire import BYTES, FIXED64, VARINT, bytes_field, fields, varint

from . import logging
from .event_files import EventFileWriter
from .graph import Graph
from .graph_messages import GraphDef
from .summary_messages import Event, Summary


class FileWriter:
    """Writes summaries to a new file of events (TF1 symbol: `tf.summary.FileWriter`).

    Args:
        logdir: the directory, which is made if need be.
        graph: a graph to be shown.
        max_queue, flush_secs: taken; what is added is in the file at once.
        graph_def: the older form of `graph`.
        filename_suffix: what the file's name ends with.
        session: taken; the file is this writer's own.

    >>> import ostinato.tf1 as tf, tempfile
    >>> with tempfile.TemporaryDirectory() as folder, tf.Graph().as_default(), tf.Session() as session:
    ...     loss = tf.summary.scalar("loss", tf.constant(0.5))
    ...     with tf.summary.FileWriter(folder, session.graph) as writer:
    ...         writer.add_summary(session.run(loss), global_step=1)
    """

    def __init__(
        self,
        logdir: Any,
        graph: Any = None,
        max_queue: int = 10,
        flush_secs: float = 120,
        graph_def: Any = None,
        filename_suffix: str | None = None,
        session: Any = None,
    ) -> None:
        self.event_writer = EventFileWriter(logdir, max_queue, flush_secs, filename_suffix)
        self._closed = False
        self._tags_of_runs: set[str] = set()
        self._seen_tags: set[bytes] = set()
        if graph is not None or graph_def is not None:
            if isinstance(graph, Graph) and graph_def is None:
                self.add_encoded_graph(graph.as_graph_def(add_shapes=True).SerializeToString())
            else:
                from .meta_graph import create_meta_graph_def

                self.add_graph(graph, graph_def=graph_def)
                self.add_meta_graph(create_meta_graph_def(graph_def=graph_def or graph))

    def __enter__(self) -> FileWriter:
        return self

    def __exit__(self, *details: Any) -> None:
        self.close()

    def get_logdir(self) -> str:
        """The directory of the file."""
        return self.event_writer.get_logdir()

    def add_summary(self, summary: Any, global_step: Any = None) -> None:
        """Add a Summary, encoded as a session gives it or as a message."""
        if not isinstance(summary, bytes):
            summary = summary.SerializeToString()
        self._add(bytes_field(5, self._without_known_metadata(summary)), global_step)

    def _without_known_metadata(self, summary: bytes) -> bytes:
        """The summary; TensorBoard wants to be told once only what to do with a tag."""
        cut: list[tuple[int, int, bytes]] = []
        known = False
        for number, kind, start, end in fields(summary, 0, len(summary)):
            if number != 1 or kind != BYTES:
                continue
            tag, has_metadata, before, kept = b"", False, start, []
            for inner, inner_kind, first, stop in fields(summary, start, end):
                if inner == 1 and inner_kind == BYTES:
                    tag = summary[first:stop]
                if inner == 9:
                    has_metadata = True
                else:
                    kept.append(summary[before:stop])
                before = stop
            if has_metadata and tag in self._seen_tags:
                known = True
                cut.append((start, end, b"".join(kept)))
            else:
                cut.append((start, end, summary[start:end]))
            self._seen_tags.add(tag)
        if not known:
            return summary
        return b"".join([bytes_field(1, value) for _, _, value in cut])

    def add_session_log(self, session_log: Any, global_step: Any = None) -> None:
        """Add a SessionLog: that a session began, saved or ended."""
        self._add(bytes_field(7, session_log.SerializeToString()), global_step)

    def add_encoded_graph(self, graph_def: bytes, saver_def: Any = None) -> None:
        """Add the default graph, whose nodes are encoded already, and its meta graph."""
        from .meta_graph import encoded_meta_graph

        self._add(bytes_field(4, graph_def), None)
        self._add(bytes_field(9, encoded_meta_graph(graph_def, saver_def)), None)

    def add_graph(self, graph: Any, global_step: Any = None, graph_def: Any = None) -> None:
        """Add a graph, for TensorBoard to draw.

        Raises:
            ValueError: both `graph` and `graph_def`.
            TypeError: neither is a graph.
        """
        if graph is not None and graph_def is not None:
            raise ValueError("Please pass only graph, or graph_def (deprecated), but not both.")
        found = graph_def if graph is None else graph
        if isinstance(found, Graph):
            if graph is None:
                logging.warning(
                    "When passing a `Graph` object, please use the `graph` named argument instead of "
                    "`graph_def`."
                )
            described: Any = found.as_graph_def(add_shapes=True)
        elif isinstance(found, GraphDef):
            logging.warning(
                "Passing a `GraphDef` to the SummaryWriter is deprecated. Pass a `Graph` object instead, "
                "such as `sess.graph`."
            )
            described = found
        else:
            raise TypeError("The passed graph must be an instance of `Graph` or the deprecated `GraphDef`")
        self._add(bytes_field(4, described.SerializeToString()), global_step)

    def add_meta_graph(self, meta_graph_def: Any, global_step: Any = None) -> None:
        """Add a MetaGraphDef.

        Raises:
            TypeError: it is none.
        """
        from .meta_graph_messages import MetaGraphDef

        if not isinstance(meta_graph_def, MetaGraphDef):
            raise TypeError(f"meta_graph_def must be type MetaGraphDef, saw type: {type(meta_graph_def)}")
        self._add(bytes_field(9, meta_graph_def.SerializeToString()), global_step)

    def add_run_metadata(self, run_metadata: Any, tag: str, global_step: Any = None) -> None:
        """Add what a run told of itself.

        Raises:
            ValueError: the tag was used before.
        """
        if tag in self._tags_of_runs:
            raise ValueError("The provided tag was already used for this event type")
        self._tags_of_runs.add(tag)
        message = bytes_field(1, tag.encode()) + bytes_field(2, run_metadata.SerializeToString())
        self._add(bytes_field(8, message), global_step)

    def add_event(self, event: Any) -> None:
        """Add an Event."""
        self._warn_if_closed()
        if isinstance(event, Event):
            self.event_writer.add_event(event)
        else:
            raise TypeError(f"An event must be a tf.Event, not {type(event)}.")

    def _add(self, what: bytes, step: Any) -> None:
        self._warn_if_closed()
        number = 0 if step is None else int(step)
        counted = varint(2 << 3 | VARINT) + varint(number) if number else b""
        head = varint(1 << 3 | FIXED64) + struct.pack("<d", time.time())
        self.event_writer.add_encoded(head + counted + what)

    def _warn_if_closed(self) -> None:
        if self._closed:
            warnings.warn(
                "Attempting to use a closed FileWriter. The operation will be a noop unless the FileWriter "
                "is explicitly reopened.",
                stacklevel=4,
            )

    def flush(self) -> None:
        """Nothing to do but to warn of a closed writer: what was added is in the file."""
        self._warn_if_closed()
        self.event_writer.flush()

    def close(self) -> None:
        """Close the file."""
        self.event_writer.close()
        self._closed = True

    def reopen(self) -> None:
        """Go on, in a new file, where the writer was closed."""
        self.event_writer.reopen()
        self._closed = False


class FileWriterCache:
    """The writers that hooks share, one for each directory (TF1 symbol: `tf.summary.FileWriterCache`)."""

    _lock: ClassVar[threading.RLock] = threading.RLock()
    _cache: ClassVar[dict[str, FileWriter]] = {}

    @staticmethod
    def clear() -> None:
        """Close the writers, and forget them."""
        with FileWriterCache._lock:
            for writer in FileWriterCache._cache.values():
                writer.close()
            FileWriterCache._cache.clear()

    @staticmethod
    def get(logdir: Any) -> FileWriter:
        """The writer of a directory, made where there is none yet."""
        from .graph import get_default_graph

        key = os.fspath(logdir)
        with FileWriterCache._lock:
            if key not in FileWriterCache._cache:
                FileWriterCache._cache[key] = FileWriter(key, graph=get_default_graph())
            return FileWriterCache._cache[key]


def scalar_of(tag: str, value: float) -> Summary:
    """A Summary of one number."""
    return Summary(value=[Summary.Value(tag=tag, simple_value=value)])
