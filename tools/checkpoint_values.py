"""Arrays for tests of checkpoints, and the files that hold what arrays have to be, bit for bit.

It needs numpy alone, and runs under TensorFlow 1.15's Python 3.7 too. A file of values is an .npz without
pickles: `data` has the bytes of all elements, `entries` is JSON, a list with one object a tensor, in order of
name: its name, dtype (TensorFlow's name), shape, the number of saved slices (1 where it was saved whole), and
the bytes it takes of the data: one number, or for strings one number an element.
"""

# mypy: ignore-errors

import json

import numpy as np

#: Bit patterns by size of an element: among them zeros of both signs, infinities, quiet and signalling NaNs
#: with payloads, subnormal numbers, the largest and smallest integers.
BITS = {
    1: [0x00, 0x01, 0x2A, 0x7F, 0x80, 0x81, 0xFF],
    2: [
        0x0000,
        0x8000,
        0x3C00,
        0x7C00,
        0xFC00,
        0x7E01,
        0x7D55,
        0x0001,
        0x7F80,
        0xFF80,
        0xFFC1,
        0x7F81,
        0x7FFF,
        0xFFFF,
    ],
    4: [0, 0x80000000, 0x3F800000, 0x7F800000, 0xFF800000, 0x7FC12345, 0x7F812345, 1, 0x7FFFFFFF, 0xFFFFFFFF],
    8: [
        0,
        0x8000000000000000,
        0x3FF0000000000000,
        0x7FF0000000000000,
        0xFFF0000000000000,
        0x7FF8000012345678,
        0x7FF0000012345678,
        1,
        0x7FFFFFFFFFFFFFFF,
        0xFFFFFFFFFFFFFFFF,
    ],
}
#: The types of fewer than eight bits have an element a byte, those of a sign extended to it.
SMALL = {
    "bool": [0, 1, 1, 0],
    "int4": [0, 1, 7, 0xF8, 0xFF],
    "uint4": [0, 1, 8, 15],
    "int2": [0, 1, 0xFE, 0xFF],
    "uint2": [0, 1, 2, 3],
    "float4_e2m1fn": [0, 1, 7, 8, 15],
}
STRINGS = [
    b"",
    b"plain",
    "na\u00efve \u65e5\u672c\u8a9e".encode(),
    b"\x00\xff\x00",
    b"three hundred bytes".ljust(300, b"."),
    b"",
]
FLOATS = ["float16", "float32", "float64", "bfloat16"]
INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
QUANTIZED = ["qint8", "quint8", "qint16", "quint16", "qint32"]
TYPES = [*FLOATS, *INTEGERS, "bool", "complex64", "complex128", "string", *QUANTIZED]
#: What TensorFlow 2.21 saves beside them.
NEWER_FLOATS = ["float8_e5m2", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e4m3b11fnuz", "float8_e5m2fnuz"]
NEWER_TYPES = [*NEWER_FLOATS, "int4", "uint4", "int2", "uint2", "float4_e2m1fn"]
#: What TensorFlow can save in its first format, V1.
V1_TYPES = [name for name in TYPES if name not in ("bfloat16", "qint16", "quint16", "uint32", "uint64")]
NAMES = ["names/with space", "names/\u00e9t\u00e9 \u65e5\u672c", "names", "names0", "names/", "A", "z" * 200]


def special(name, dtype):
    """A vector of a type's particular values. `dtype` is numpy's, or None for strings."""
    if name == "string":
        vector = np.empty(len(STRINGS), object)
        vector[:] = STRINGS
        return vector
    dtype = np.dtype(dtype)
    if name in SMALL:
        return np.array(SMALL[name], np.uint8).view(dtype)
    parts = 2 if name.startswith("complex") else 1
    size = dtype.itemsize // parts
    bits = np.array(BITS[size], f"<u{size}")
    if parts == 2:
        bits = np.stack([bits, bits[::-1]], axis=1)
    return np.ascontiguousarray(bits).view(dtype).reshape(-1)


def every_type(numpy_dtype, names):
    """Tensors of every named type: name to (TensorFlow's name of the type, array), in no particular order.

    `numpy_dtype` gives numpy's dtype for TensorFlow's name of one.
    """
    tensors = {}
    for name in names:
        vector = special(name, None if name == "string" else numpy_dtype(name))
        tensors[name + "/vector"] = vector
        tensors[name + "/scalar"] = vector[3:4].reshape(())
        tensors[name + "/none"] = vector[:0]
    for name in ("float32", "string"):
        if name in names:
            vector = special(name, None if name == "string" else numpy_dtype(name))
            tensors[name + "/three_of_none"] = np.empty([3, 0], vector.dtype)
            tensors[name + "/rank_5"] = np.resize(vector, [2, 1, 3, 1, 2])
    if "int32" in names:
        for name in NAMES:
            tensors[name] = np.full([1], len(name), numpy_dtype("int32"))
    return {
        key: (key.split("/")[0] if key.split("/")[0] in names else "int32", tensors[key]) for key in tensors
    }


def element_bytes(array):
    """The bytes of all elements, and the bytes they take: a number, or one for every element of strings."""
    if array.dtype == object:
        elements = list(array.reshape(-1))
        return b"".join(elements), [len(element) for element in elements]
    data = np.ascontiguousarray(array).tobytes()
    return data, len(data)


def write_values(path, tensors, partitions=()):
    """Write tensors: name to (TensorFlow's name of the type, array). `partitions`: name to how many."""
    entries, data = [], []
    for name in sorted(tensors, key=lambda name: name.encode()):
        dtype, array = tensors[name]
        content, sizes = element_bytes(array)
        data.append(content)
        entries.append([name, dtype, list(array.shape), dict(partitions).get(name, 1), sizes])
    keys = ("name", "dtype", "shape", "partitions", "bytes")
    document = json.dumps([{key: entry[i] for i, key in enumerate(keys)} for entry in entries])
    np.savez_compressed(
        path,
        entries=np.frombuffer(document.encode(), np.uint8),
        data=np.frombuffer(b"".join(data), np.uint8),
    )


def read_values(path):
    """The entries of a file of values, each with its `content`: bytes, or for strings a list of them."""
    with np.load(path) as file:
        entries, data = json.loads(file["entries"].tobytes().decode()), file["data"].tobytes()
    offset = 0
    for entry in entries:
        sizes = entry["bytes"] if isinstance(entry["bytes"], list) else [entry["bytes"]]
        pieces = []
        for size in sizes:
            pieces.append(data[offset : offset + size])
            offset += size
        entry["content"] = pieces if isinstance(entry["bytes"], list) else pieces[0]
    if offset != len(data):
        raise ValueError(f"the entries of {path} take {offset} bytes of {len(data)}")
    return entries


def difference(entry, array):
    """What is wrong with an array that has to be an entry's, or an empty text."""
    if list(array.shape) != entry["shape"]:
        return "{}: shape {} instead of {}".format(entry["name"], list(array.shape), entry["shape"])
    content = list(array.reshape(-1)) if array.dtype == object else np.ascontiguousarray(array).tobytes()
    if content != entry["content"]:
        return "{}: {!r} instead of {!r}".format(entry["name"], content[:80], entry["content"][:80])
    return ""
