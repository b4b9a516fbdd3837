"""safetensors files as mappings from names to arrays, memory-mapped, and written whole or not at all."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import ml_dtypes
import numpy as np
from safetensors import SafetensorError, safe_open

from ostinato.checkpoint.files import replaced

_DTYPES: dict[str, Any] = {
    "BOOL": np.bool_,
    "I8": np.int8,
    "U8": np.uint8,
    "I16": np.int16,
    "U16": np.uint16,
    "I32": np.int32,
    "U32": np.uint32,
    "I64": np.int64,
    "U64": np.uint64,
    "F16": np.float16,
    "BF16": ml_dtypes.bfloat16,
    "F32": np.float32,
    "F64": np.float64,
    "C64": np.complex64,
    "F8_E4M3": ml_dtypes.float8_e4m3fn,
    "F8_E4M3FNUZ": ml_dtypes.float8_e4m3fnuz,
    "F8_E5M2": ml_dtypes.float8_e5m2,
    "F8_E5M2FNUZ": ml_dtypes.float8_e5m2fnuz,
}
_NAME_OF = {np.dtype(dtype): name for name, dtype in _DTYPES.items()}
_METADATA = "__metadata__"


def load_safetensors(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """The tensors of a safetensors file as read-only arrays over the file's own bytes.

    Raises:
        ValueError: the file is no safetensors file, or is damaged; or it has a tensor of a dtype that numpy
            and ml_dtypes do not know.
        OSError: it cannot be read.

    >>> import numpy as np, tempfile
    >>> from ostinato.interop import load_safetensors, save_safetensors
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = save_safetensors(f"{folder.name}/model.safetensors", {"kernel": np.eye(2, dtype=np.float32)})
    >>> load_safetensors(path)["kernel"].tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    >>> folder.cleanup()
    """
    path = os.fspath(path)
    with open(path, "rb") as file:
        try:
            with safe_open(path, framework="np"):
                pass  # opening checks it all: no gap, no overlap, no length that is not the file's
        except SafetensorError as error:
            raise ValueError(f"{path} is no safetensors file, or is damaged: {error}.") from None
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
        data = np.memmap(path, np.uint8, "r", offset=8 + length) if _has_data(path, length) else b""
    header.pop(_METADATA, None)
    arrays = {}
    for name, entry in header.items():
        if entry["dtype"] not in _DTYPES:
            raise ValueError(f"Tensor '{name}' of {path} has dtype {entry['dtype']}, which numpy has not.")
        start, end = entry["data_offsets"]
        array = np.frombuffer(data[start:end], _DTYPES[entry["dtype"]]).reshape(entry["shape"])
        array.flags.writeable = False
        arrays[name] = array
    return arrays


def _has_data(path: str, header: int) -> bool:
    return os.path.getsize(path) > 8 + header  # nothing cannot be mapped


def save_safetensors(
    path: str | os.PathLike[str],
    tensors: Mapping[str, np.ndarray],
    metadata: Mapping[str, str] | None = None,
) -> str:
    """Write `tensors` into a safetensors file, under their names; the path is returned.

    The file is written beside its place, synced, and then takes its name: an older file of that name is whole
    until then. bfloat16 (`ml_dtypes.bfloat16`) stays bfloat16.

    Raises:
        ValueError: safetensors has no such dtype (strings, quantized numbers, complex128), or a name is no
            UTF-8 text or one that it keeps for itself.
        OSError: it cannot be written.
    """
    entries = []
    for name, value in tensors.items():
        array = np.asarray(value)
        entries.append(Entry(name, array.dtype, array.shape, partial(tensors.__getitem__, name)))
    return write_safetensors(path, entries, metadata)


@dataclass(frozen=True)
class Entry:
    """A tensor that is made when its turn comes to be written."""

    name: str
    dtype: np.dtype
    shape: tuple[int, ...]
    make: Callable[[], np.ndarray]


def write_safetensors(
    path: str | os.PathLike[str], entries: Iterable[Entry], metadata: Mapping[str, str] | None = None
) -> str:
    """`save_safetensors` of tensors that are made one by one.

    safetensors' own writer needs all of them in memory, and makes a file that only its owner can read.
    """
    path = os.fspath(path)
    header: dict[str, Any] = {} if metadata is None else {_METADATA: dict(metadata)}
    # The widest types first, as safetensors has them: so each tensor is aligned. Else in the order given,
    # as those of one cell are made together, and are to be written before the next cell's are made.
    ordered = sorted(entries, key=lambda entry: -entry.dtype.itemsize)
    end = 0
    for entry in ordered:
        reason = why_not_held(entry.name, entry.dtype)
        if reason is not None:
            raise ValueError(
                f"{reason[0].upper()}{reason[1:]}: leave it out, or save a TensorFlow checkpoint."
            )
        start, end = end, end + math.prod(entry.shape) * entry.dtype.itemsize
        header[entry.name] = {
            "dtype": _NAME_OF[entry.dtype.newbyteorder("=")],
            "shape": list(entry.shape),
            "data_offsets": [start, end],
        }
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with replaced(path) as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for entry in ordered:
            array = np.asarray(entry.make())
            if (array.dtype, array.shape) != (entry.dtype, entry.shape):
                raise ValueError(f"Tensor '{entry.name}' changed while it was saved.")
            stored = np.asarray(array, dtype=array.dtype.newbyteorder("<"), order="C")
            file.write(stored.reshape(-1).view(np.uint8).data)
    return path


def read_metadata(path: str) -> dict[str, str]:
    """The metadata of a safetensors file that `load_safetensors` reads: texts by name."""
    with safe_open(path, framework="np") as file:
        return file.metadata() or {}


def is_text(name: str) -> bool:
    """Whether a name can be encoded as UTF-8: one that Python read from other bytes cannot."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def why_not_held(name: str, dtype: np.dtype) -> str | None:
    """The reason why safetensors cannot hold a tensor of this name and dtype; None: it can.

    >>> why_not_held("vocabulary", np.dtype(object))
    "variable 'vocabulary' holds strings, which safetensors has no type for"
    """
    what = {"O": "strings", "S": "strings", "U": "strings"}.get(dtype.kind, str(dtype))
    if dtype.names is not None:
        what = f"quantized numbers ({dtype.names[0]})"
    if not is_text(name):
        return f"variable {name!a} has a name that is not UTF-8 text, which safetensors' names are"
    if name == _METADATA:
        return f"variable '{name}' has the name that safetensors keeps for itself"
    if dtype.newbyteorder("=") not in _NAME_OF:
        return f"variable '{name}' holds {what}, which safetensors has no type for"
    return None
