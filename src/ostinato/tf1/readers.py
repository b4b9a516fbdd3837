"""Readers: records of the files whose names come off a queue (TF1 symbols: `tf.TextLineReader`,
`tf.TFRecordReader`, `tf.FixedLengthRecordReader`, `tf.WholeFileReader`, `tf.IdentityReader`).
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any

from .errors import UnimplementedError
from .graph import name_scope
from .ops import readers as _readers  # noqa: F401  # which puts the operations in the table
from .ops.core import convert_to_tensor, make, one
from .records import TFRecordOptions
from .tensor import Operation, Tensor

ReaderReadV2 = namedtuple("ReaderReadV2", ["key", "value"])
ReaderReadUpToV2 = namedtuple("ReaderReadUpToV2", ["keys", "values"])


class ReaderBase:
    """What readers have in common (TF1 symbol: `tf.ReaderBase`)."""

    def __init__(self, reader_ref: Tensor, supports_serialize: bool = False) -> None:
        self._reader_ref, self._supports_serialize = reader_ref, supports_serialize

    @property
    def reader_ref(self) -> Tensor:
        return self._reader_ref

    @property
    def supports_serialize(self) -> bool:
        return self._supports_serialize

    def read(self, queue: Any, name: str | None = None) -> Any:
        """The next record, as a pair (key, value) of strings; the next file's where one has ended.

        Running it raises tf.errors.OutOfRangeError where the queue is closed and empty.
        """
        reference = queue if isinstance(queue, Tensor) else queue.queue_ref
        return ReaderReadV2(*make("ReaderReadV2", [self._reader_ref, reference], name).outputs)

    def read_up_to(self, queue: Any, num_records: Any, name: str | None = None) -> Any:
        """Up to `num_records` records of one file, one at least, as a pair of vectors (keys, values)."""
        reference = queue if isinstance(queue, Tensor) else queue.queue_ref
        with name_scope(name, "ReaderReadUpToV2") as scope:
            count = convert_to_tensor(num_records, "int64", name="num_records")
            return ReaderReadUpToV2(
                *make("ReaderReadUpToV2", [self._reader_ref, reference, count], scope).outputs
            )

    def num_records_produced(self, name: str | None = None) -> Tensor:
        """How many records were read."""
        return one("ReaderNumRecordsProducedV2", [self._reader_ref], name)

    def num_work_units_completed(self, name: str | None = None) -> Tensor:
        """How many files were read to their end."""
        return one("ReaderNumWorkUnitsCompletedV2", [self._reader_ref], name)

    def reset(self, name: str | None = None) -> Operation:
        """Forget the file that is being read."""
        return make("ReaderResetV2", [self._reader_ref], name)

    def serialize_state(self, name: str | None = None) -> Any:
        """Not there.

        Raises:
            tf.errors.UnimplementedError: always; TensorFlow has it for `tf.IdentityReader` alone.
        """
        raise UnimplementedError(
            None,
            None,
            "A reader's state is not written down here: keep the names of the files that are read.",
        )

    def restore_state(self, state: Any, name: str | None = None) -> Any:
        """Not there; raises as `serialize_state` does."""
        return self.serialize_state(name)


def _made(op_type: str, name: str | None, **attributes: Any) -> Tensor:
    return one(op_type, (), name, shared_name="", **attributes)


class TextLineReader(ReaderBase):
    """The lines of text files, without their ends (TF1 symbol: `tf.TextLineReader`)."""

    def __init__(self, skip_header_lines: int | None = None, name: str | None = None) -> None:
        super().__init__(_made("TextLineReaderV2", name, skip_header_lines=skip_header_lines or 0))


class TFRecordReader(ReaderBase):
    """The records of files of records (TF1 symbol: `tf.TFRecordReader`)."""

    def __init__(self, name: str | None = None, options: Any = None) -> None:
        kind = TFRecordOptions.get_compression_type_string(options)
        super().__init__(_made("TFRecordReaderV2", name, compression_type=kind))


class FixedLengthRecordReader(ReaderBase):
    """The parts of one size of files (TF1 symbol: `tf.FixedLengthRecordReader`)."""

    def __init__(
        self,
        record_bytes: int,
        header_bytes: int | None = None,
        footer_bytes: int | None = None,
        hop_bytes: int | None = None,
        name: str | None = None,
        encoding: str | None = None,
    ) -> None:
        handle = _made(
            "FixedLengthRecordReaderV2",
            name,
            record_bytes=record_bytes,
            header_bytes=header_bytes or 0,
            footer_bytes=footer_bytes or 0,
            hop_bytes=hop_bytes or 0,
            encoding=encoding or "",
        )
        super().__init__(handle)


class WholeFileReader(ReaderBase):
    """Files as a whole, under their names (TF1 symbol: `tf.WholeFileReader`)."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(_made("WholeFileReaderV2", name), supports_serialize=True)


class IdentityReader(ReaderBase):
    """The strings of the queue themselves (TF1 symbol: `tf.IdentityReader`)."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(_made("IdentityReaderV2", name), supports_serialize=True)
