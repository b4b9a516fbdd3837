"""Checkpoints made field by field, so that any of it can be wrong, with correct checksums around it."""

import importlib.util
import sys

from checkpoint.committed import ROOT
from ostinato.checkpoint.crc import crc32c, mask


def load_tool(name):
    """A script's module: tools are in no package."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


raw = load_tool("hostile_bytes")
made = load_tool("hostile_checkpoints")
fuzz = load_tool("fuzz_checkpoint")

VARINT, FIXED64, BYTES, FIXED32 = raw.VARINT, raw.FIXED64, raw.BYTES, raw.FIXED32
FLOAT, INT32, UINT8, STRING, INT64, BOOL = 1, 3, 4, 7, 9, 10


def dims(shape):
    return [(2, BYTES, [(1, VARINT, length)]) for length in shape]


def extents(part):
    """A slice, of (start, length) for each axis; None for a whole axis."""
    return [
        (1, BYTES, [] if extent is None else [(1, VARINT, extent[0]), (2, VARINT, extent[1])])
        for extent in part
    ]


def entry(dtype=FLOAT, shape=(), offset=0, data=b"\0\0\0\0", size=None, slices=(), shard=0):
    """The fields of an entry of a V2 index for a tensor of these bytes."""
    size = len(data) if size is None else size
    fields = [(1, VARINT, dtype), (2, BYTES, dims(shape)), (3, VARINT, shard)]
    fields += [(4, VARINT, offset), (5, VARINT, size), (6, FIXED32, mask(crc32c(data)))]
    return fields + [(7, BYTES, extents(part)) for part in slices]


HEADER = [(1, VARINT, 1), (3, BYTES, [(1, VARINT, 1)])]


def index_of(entries, header=HEADER, compressed=False):
    items = [(b"", raw.message(header)), *((key, raw.message(fields)) for key, fields in entries.items())]
    return raw.table([items], compressed)


def write_bundle(folder, entries, data=b"\0\0\0\0", header=HEADER, compressed=False):
    """A V2 checkpoint of these entries by key; returns its prefix."""
    (folder / "model.ckpt.index").write_bytes(index_of(entries, header, compressed))
    (folder / "model.ckpt.data-00000-of-00001").write_bytes(data)
    return str(folder / "model.ckpt")


def meta(name, dtype=FLOAT, shape=(), slices=((),)):
    """The fields by which a V1 file lists a tensor."""
    fields = [(1, BYTES, name.encode()), (2, BYTES, dims(shape)), (3, VARINT, dtype)]
    return fields + [(4, BYTES, extents(part)) for part in slices]


def saved(values):
    """The fields of a saved slice with these fields of values."""
    return [(2, BYTES, [(3, BYTES, values)])]


def write_version1(folder, metas, values, compressed=False, blocks=None):
    """A V1 checkpoint of these lists of fields, and of saved slices by key; returns its path."""
    header = raw.message([(1, BYTES, [(1, BYTES, fields) for fields in metas])])
    items = [(b"", header), *((key, raw.message(fields)) for key, fields in sorted(values.items()))]
    (folder / "model.ckpt").write_bytes(raw.table(blocks or [items], compressed))
    return str(folder / "model.ckpt")
