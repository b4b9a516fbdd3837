"""Files of records that promise more than they hold."""

import struct

import pytest

import ostinato.tf1 as tf
from ostinato.checkpoint.crc import crc32c, mask


@pytest.mark.parametrize("length", [1 << 40, (1 << 63) + 5])
def test_a_length_that_no_memory_holds_is_a_truncated_record(tmp_path, length):
    header = struct.pack("<Q", length)
    path = tmp_path / "a.tfrecord"
    path.write_bytes(header + struct.pack("<I", mask(crc32c(header))) + b"abc")
    with pytest.raises(tf.errors.DataLossError, match="truncated record at 0"):
        list(tf.python_io.tf_record_iterator(str(path)))
