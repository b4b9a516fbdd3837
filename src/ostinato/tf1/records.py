"""Files of records (TF1 symbols: `tf.python_io.TFRecordWriter`, `tf.python_io.tf_record_iterator`): each
record with its length and checksums, packed or not.

>>> import tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     with TFRecordWriter(folder + "/a.tfrecord", TFRecordCompressionType.GZIP) as writer:
...         writer.write(b"one")
...     list(tf_record_iterator(folder + "/a.tfrecord", TFRecordCompressionType.GZIP))
[b'one']
"""

from __future__ import annotations

import gzip
import io
import struct
import zlib
from collections.abc import Iterator
from typing import IO, Any

from ostinato.checkpoint.crc import crc32c, mask

from . import compat
from .errors import DataLossError, FailedPreconditionError, InvalidArgumentError
from .event_files import framed
from .local_files import local_path, problem_with, told

_HEADER = struct.Struct("<QI")
_CHECKSUM = struct.Struct("<I")
_BUFFER = 1 << 20
_PIECE = 1 << 26


class TFRecordCompressionType:
    """How a file of records is packed (TF1 symbol: `tf.python_io.TFRecordCompressionType`)."""

    NONE, ZLIB, GZIP = 0, 1, 2


_NAMES = {0: "", 1: "ZLIB", 2: "GZIP"}


class TFRecordOptions:
    """How a file of records is packed (TF1 symbol: `tf.python_io.TFRecordOptions`).

    Args:
        compression_type: a `TFRecordCompressionType`, or '', 'ZLIB' or 'GZIP'.
        compression_level: 0 to 9. The others are zlib's settings; they change the size of the file alone.

    Raises:
        ValueError: another kind of compression.
    """

    compression_type_map = _NAMES

    def __init__(
        self,
        compression_type: Any = None,
        flush_mode: int | None = None,
        input_buffer_size: int | None = None,
        output_buffer_size: int | None = None,
        window_bits: int | None = None,
        compression_level: int | None = None,
        compression_method: int | None = None,
        mem_level: int | None = None,
        compression_strategy: int | None = None,
    ) -> None:
        self.get_compression_type_string(compression_type)
        self.compression_type = compression_type
        self.flush_mode, self.input_buffer_size = flush_mode, input_buffer_size
        self.output_buffer_size, self.window_bits = output_buffer_size, window_bits
        self.compression_level, self.compression_method = compression_level, compression_method
        self.mem_level, self.compression_strategy = mem_level, compression_strategy

    @classmethod
    def get_compression_type_string(cls, options: Any) -> str:
        """'', 'ZLIB' or 'GZIP' for options, a kind, its name, or None.

        Raises:
            ValueError: another kind.
        """
        if isinstance(options, TFRecordOptions):
            return cls.get_compression_type_string(options.compression_type)
        if not options:
            return ""
        name = _NAMES.get(options, options)
        if name not in _NAMES.values():
            raise ValueError(f'Not a valid compression_type: "{options}"')
        return name


class TFRecordWriter:
    """Writes records to a new file (TF1 symbol: `tf.python_io.TFRecordWriter`).

    Args:
        path: of the file, which is begun anew.
        options: a `TFRecordOptions`, a `TFRecordCompressionType` or its name.

    Raises:
        tf.errors.OpError: the file cannot be written.
        ValueError: a kind of compression that there is not.
    """

    def __init__(self, path: Any, options: Any = None) -> None:
        kind = TFRecordOptions.get_compression_type_string(options)
        level = getattr(options, "compression_level", None)
        level = -1 if level is None else level
        self._path = local_path(path)
        self._packer: Any = None
        try:
            self._file: IO[bytes] | None = open(self._path, "wb", buffering=_BUFFER)  # noqa: SIM115
        except OSError as problem:
            raise problem_with(self._path, problem) from None
        if kind:
            self._packer = zlib.compressobj(level, zlib.DEFLATED, 31 if kind == "GZIP" else 15)

    def write(self, record: Any) -> None:
        """Add a record, which is bytes.

        Raises:
            TypeError: neither bytes nor text.
            tf.errors.FailedPreconditionError: the writer is closed.
        """
        self._put(framed(compat.as_bytes(record)))

    def _put(self, data: bytes) -> None:
        if self._file is None:
            raise FailedPreconditionError(None, None, f"The writer of {self._path} is closed.")
        with told(self._path):
            self._file.write(self._packer.compress(data) if self._packer else data)

    def flush(self) -> None:
        if self._file is not None:
            with told(self._path):
                if self._packer:
                    self._file.write(self._packer.flush(zlib.Z_SYNC_FLUSH))
                self._file.flush()

    def close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with told(self._path), file:
                if self._packer:
                    file.write(self._packer.flush())

    def __enter__(self) -> TFRecordWriter:
        return self

    def __exit__(self, *details: Any) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_file", None) is not None:
            self.close()


class _Unpacked(io.RawIOBase):
    """What a file packed with zlib holds."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._unpacker, self._rest = file, zlib.decompressobj(), b""

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        while not self._rest and not self._unpacker.eof:
            packed = self._file.read(1 << 16)
            if not packed:
                break
            self._rest = self._unpacker.decompress(packed)
        count = min(len(target), len(self._rest))
        target[:count], self._rest = self._rest[:count], self._rest[count:]
        return count

    def close(self) -> None:
        self._file.close()
        super().close()


def opened(path: str, kind: str) -> IO[bytes]:
    """A file to read, unpacked.

    Raises:
        tf.errors.OpError: it cannot be opened.
        tf.errors.InvalidArgumentError: a kind of compression that there is not.
    """
    if kind not in _NAMES.values():
        raise InvalidArgumentError(
            None, None, f"Unsupported compression_type. It is {kind!r}; there are GZIP, ZLIB and none."
        )
    try:
        if kind == "GZIP":
            return gzip.open(path, "rb")  # type: ignore[return-value]
        file = open(path, "rb", buffering=_BUFFER)  # noqa: SIM115
    except OSError as problem:
        raise problem_with(path, problem) from None
    return io.BufferedReader(_Unpacked(file), _BUFFER) if kind == "ZLIB" else file


def read_records(path: str, kind: str = "") -> Iterator[bytes]:
    """The records of a file, one after the other.

    Raises:
        tf.errors.DataLossError: the file is cut off or damaged; it tells where.
        tf.errors.OpError: it cannot be read.
    """
    with opened(path, kind) as file:
        place = 0
        while True:
            try:
                header = file.read(12)
                if not header:
                    return
                if len(header) < 12:
                    raise DataLossError(None, None, f"truncated record at {place}")
                length, checksum = _HEADER.unpack(header)
                if mask(crc32c(header[:8])) != checksum:
                    raise DataLossError(None, None, f"corrupted record at {place}")
                body = _read(file, length + 4)
            except OSError as problem:
                text = problem.strerror or str(problem)
                raise DataLossError(None, None, f"{path}: corrupted record at {place}: {text}") from None
            except (EOFError, zlib.error) as problem:
                raise DataLossError(None, None, f"{path}: corrupted record at {place}: {problem}") from None
            if len(body) < length + 4:
                raise DataLossError(None, None, f"truncated record at {place}")
            record = body[:length]
            if mask(crc32c(record)) != _CHECKSUM.unpack(body[length:])[0]:
                raise DataLossError(None, None, f"corrupted record at {place}")
            yield record
            place += length + 16


def _read(file: IO[bytes], size: int) -> bytes:
    """So many bytes, or those that there are; a damaged file may promise more than memory holds."""
    if size <= _PIECE:
        return file.read(size)
    pieces = []
    while size > 0:
        piece = file.read(min(size, _PIECE))
        if not piece:
            break
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def tf_record_iterator(path: Any, options: Any = None) -> Iterator[bytes]:
    """The records of a file (TF1 symbol: `tf.python_io.tf_record_iterator`).

    Raises:
        tf.errors.DataLossError: the file is cut off or damaged.
        tf.errors.NotFoundError: there is no such file.
        ValueError: a kind of compression that there is not.
    """
    return read_records(local_path(path), TFRecordOptions.get_compression_type_string(options))
