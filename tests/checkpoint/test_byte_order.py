"""A checkpoint of a big-endian machine: the same layout, every number's bytes the other way round."""

import ml_dtypes
import numpy as np
import pytest

from ostinato.checkpoint import CheckpointError, load_checkpoint
from ostinato.checkpoint.crc import crc32c, mask
from ostinato.checkpoint.dtypes import by_dtype
from ostinato.checkpoint.messages import entry
from ostinato.checkpoint.table_writer import build_table
from ostinato.checkpoint.wire import bytes_field, integer_field

TENSORS = {
    "bfloat16": np.array([1.5, -2.0], ml_dtypes.bfloat16),
    "bool": np.array([True, False]),
    "complex64": np.array([1 + 2j, -3.5j], np.complex64),
    "complex128": np.array(1e300 - 2j),
    "float32": np.arange(6, dtype=np.float32).reshape(2, 3) / 7,
    "int64": np.array([-1, 2**40]),
    "qint32": np.array([-1, 70_000], np.dtype([("qint32", "i4")])),
}


def swapped(array: np.ndarray) -> bytes:
    width = array.dtype.itemsize // (2 if array.dtype.kind == "c" else 1)
    return np.ascontiguousarray(array).reshape(-1).view(f"u{width}").byteswap().tobytes()


def test_a_big_endian_checkpoint_is_read(tmp_path):
    entries, data = (
        [(b"", integer_field(1, 1) + integer_field(2, 1) + bytes_field(3, integer_field(1, 1)))],
        b"",
    )
    for name, array in TENSORS.items():
        content = swapped(array)
        element = by_dtype(array.dtype)
        entries.append(
            (
                name.encode(),
                entry(element.number, array.shape, len(data), len(content), mask(crc32c(content))),
            )
        )
        data += content
    strings = [b"", b"ab"]
    lengths = np.array([0, 2], ">u4").tobytes()
    checksum = mask(crc32c(lengths)).to_bytes(4, "big")
    content = bytes([0, 2]) + checksum + b"ab"
    crc = crc32c(b"ab", crc32c(checksum, crc32c(lengths)))
    entries.append((b"string", entry(7, (2,), len(data), len(content), mask(crc))))
    data += content
    (tmp_path / "model.index").write_bytes(build_table(sorted(entries)))
    (tmp_path / "model.data-00000-of-00001").write_bytes(data)
    checkpoint = load_checkpoint(tmp_path / "model")
    for found in (checkpoint.read(), checkpoint):
        assert found["string"].tolist() == strings
        for name, array in TENSORS.items():
            assert found[name].dtype == array.dtype
            assert found[name].tobytes() == array.tobytes()
    (tmp_path / "model.data-00000-of-00001").write_bytes(b"\1" + data[1:])
    damaged = load_checkpoint(tmp_path / "model")
    with pytest.raises(CheckpointError, match="the checksum of 'bfloat16'"):
        damaged["bfloat16"]
