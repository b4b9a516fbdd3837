"""Operations that write summaries themselves, to a writer that is a resource of the session (TF1 symbols:
those of `gen_summary_ops`).
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from ostinato.checkpoint.wire import FIXED64, VARINT, bytes_field, varint

from ..dtypes import resource
from ..errors import DataLossError, NotFoundError
from ..event_files import EventsFile
from ..graph_messages import GraphDef
from ..message_fields import DecodeError
from ..registry import OutputTypes, register
from ..shapes import TensorShape
from ..summary_messages import Event
from ..tensor import Operation
from .summary import COMPUTE


class Writer:
    """A file of events of a session, which is made when the writer is initialised."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._file: EventsFile | None = None

    def open(self, folder: str, suffix: str) -> None:
        """Begin a file; an open writer goes on with the one that it has."""
        if self._file is None:
            self._file = EventsFile(folder, suffix)

    def opened(self) -> EventsFile:
        """Its file.

        Raises:
            tf.errors.NotFoundError: it was not initialised, or is closed.
        """
        if self._file is None:
            raise NotFoundError(
                None,
                None,
                f"Resource localhost/{self.name}/N10tensorflow22SummaryWriterInterfaceE does not exist: run "
                "tf.contrib.summary.initialize(), or the writer's init(), first.",
            )
        return self._file

    def add(self, step: torch.Tensor, what: bytes) -> None:
        """Add an event of a step, of which `what` is the encoded content."""
        number = int(step)
        counted = varint(2 << 3 | VARINT) + varint(number & (1 << 64) - 1) if number else b""
        self.opened().write(varint(1 << 3 | FIXED64) + struct.pack("<d", time.time()) + counted + what)

    def close(self) -> None:
        """Close the file, as the end of the session does."""
        file, self._file = self._file, None
        if file is not None:
            file.close()


def _writer(run: Any, operation: Operation) -> Writer:
    name = operation.attributes["shared_name"] or operation.name
    return run.resources.get(("summary writer", name), lambda: Writer(name))


def _create(
    run: Any, operation: Operation, writer: Writer, folder: Any, queue: Any, flush: Any, suffix: Any
) -> Any:
    writer.open(folder.item().decode(), suffix.item().decode())
    return ()


def _flush(run: Any, operation: Operation, writer: Writer) -> Any:
    writer.opened()  # what was added is in the file already
    return ()


def _close(run: Any, operation: Operation, writer: Writer) -> Any:
    writer.opened()
    writer.close()
    return ()


def _summary(op_type: str, operation: Operation, *values: Any, **attributes: Any) -> bytes:
    """The summary that an operation of this type would give for these values, as an event has it."""
    stand_in = SimpleNamespace(attributes=attributes, inputs=(None, operation.inputs[2]))
    return bytes_field(5, COMPUTE[op_type](None, stand_in, *values).item())


def _scalar(run: Any, operation: Operation, writer: Writer, step: Any, tag: Any, value: Any) -> Any:
    writer.add(step, _summary("ScalarSummary", operation, tag, value))
    return ()


def _histogram(run: Any, operation: Operation, writer: Writer, step: Any, tag: Any, values: Any) -> Any:
    writer.add(step, _summary("HistogramSummary", operation, tag, values))
    return ()


def _tensor(
    run: Any, operation: Operation, writer: Writer, step: Any, tensor: Any, tag: Any, metadata: Any
) -> Any:
    writer.add(step, _summary("TensorSummaryV2", operation, tag, tensor, metadata))
    return ()


def _image(
    run: Any, operation: Operation, writer: Writer, step: Any, tag: Any, tensor: Any, color: torch.Tensor
) -> Any:
    shown = {"max_images": operation.attributes["max_images"], "bad_color": color.tolist()}
    writer.add(step, _summary("ImageSummary", operation, tag, tensor, **shown))
    return ()


def _audio(
    run: Any, operation: Operation, writer: Writer, step: Any, tag: Any, tensor: Any, rate: torch.Tensor
) -> Any:
    most = operation.attributes["max_outputs"]
    writer.add(step, _summary("AudioSummaryV2", operation, tag, tensor, rate, max_outputs=most))
    return ()


def _graph(run: Any, operation: Operation, writer: Writer, step: Any, encoded: np.ndarray) -> Any:
    try:
        GraphDef.FromString(encoded.item())
    except DecodeError:
        raise DataLossError(None, operation, "Bad tf.GraphDef binary proto tensor string") from None
    writer.add(step, bytes_field(4, encoded.item()))
    return ()


def _import(run: Any, operation: Operation, writer: Writer, event: np.ndarray) -> Any:
    try:
        Event.FromString(event.item())
    except DecodeError:
        raise DataLossError(None, operation, "Bad tf.Event binary proto tensor string") from None
    writer.opened().write(event.item())
    return ()


def _nothing(inputs: Any, attributes: dict[str, Any]) -> OutputTypes:
    return []


def _handle(inputs: Any, attributes: dict[str, Any]) -> OutputTypes:
    return [(resource, TensorShape([]))]


register("SummaryWriter", _writer, _handle, stateful=True, differentiable=False)
_WRITES: dict[str, Callable[..., Any]] = {
    "CreateSummaryFileWriter": _create,
    "FlushSummaryWriter": _flush,
    "CloseSummaryWriter": _close,
    "WriteScalarSummary": _scalar,
    "WriteHistogramSummary": _histogram,
    "WriteSummary": _tensor,
    "WriteImageSummary": _image,
    "WriteAudioSummary": _audio,
    "WriteGraphSummary": _graph,
    "ImportEvent": _import,
}
for _type, _compute in _WRITES.items():
    register(_type, _compute, _nothing, stateful=True, differentiable=False)
