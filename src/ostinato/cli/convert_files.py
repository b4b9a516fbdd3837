"""What `ostinato convert` reads and writes: three kinds of files, told apart by content and by name."""

from __future__ import annotations

import contextlib
import os
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ostinato.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from ostinato.checkpoint.dtypes import by_dtype
from ostinato.cli.contents import open_contents
from ostinato.cli.errors import CommandError
from ostinato.cli.safetensors_header import looks_like_safetensors
from ostinato.cli.variable_table import printable
from ostinato.interop.conversion import Planned, Tensors
from ostinato.interop.safetensors_files import (
    Entry,
    is_text,
    load_safetensors,
    read_metadata,
    why_not_held,
    write_safetensors,
)
from ostinato.interop.tensors import ArrayTensors, CheckpointTensors
from ostinato.interop.torch_names import is_torch_weight

Kind = Literal["checkpoint", "safetensors", "torch"]
Layout = Literal["tf", "torch"]

_TORCH_PICKLE = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # how files of an old torch.save begin
_OTHERS = (
    ".npz",
    ".npy",
    ".bin",
    ".h5",
    ".hdf5",
    ".keras",
    ".onnx",
    ".pb",
    ".pbtxt",
    ".json",
    ".pkl",
    ".meta",
)
_OWN_FILE = re.compile(r"\.index|\.data-\d{5}-of-\d{5}")


@dataclass(frozen=True)
class Input:
    """What is read.

    Attributes:
        kind: of the file.
        layout: whose names and layout its tensors have.
        path: the file, or a checkpoint's prefix.
        tensors: them.
        others: entries of a state dict that are no tensors.
    """

    kind: Kind
    layout: Layout
    path: str
    tensors: Tensors
    others: Sequence[str] = ()


class _TorchTensors:
    """The tensors of a state dict, as arrays."""

    def __init__(self, path: str, tensors: Mapping[str, Any]) -> None:
        self._path, self._state_dict = path, tensors

    def names(self) -> list[str]:
        return list(self._state_dict)

    def shape(self, name: str) -> tuple[int, ...]:
        return tuple(self._state_dict[name].shape)

    def dtype(self, name: str) -> np.dtype:
        return self.array(name).dtype

    def array(self, name: str) -> np.ndarray:
        from ostinato.interop.arrays import to_array

        try:
            return to_array(self._state_dict[name])
        except TypeError as error:
            raise CommandError(
                f"'{printable(name)}' of {printable(self._path)} cannot be converted: {error} Leave it out "
                "with --exclude.",
                exit_code=1,
            ) from None


@contextlib.contextmanager
def opened(path: str) -> Iterator[Input]:
    """What is at `path`, by its content, for as long as the body runs.

    Raises:
        CommandError: it is nothing that can be converted; the message says what it is instead.
    """
    try:
        found = _file(path) or load_checkpoint(path)
    except CheckpointError as error:
        open_contents(path)  # raises with what the path holds instead
        raise CommandError(printable(str(error)), exit_code=1) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise CommandError(f"cannot read {printable(path)}: {reason}") from None
    if isinstance(found, Input):
        yield found
        return
    with found:
        yield Input("checkpoint", "tf", found.prefix, CheckpointTensors(found))


def _file(path: str) -> Input | None:
    """A safetensors file or a file of torch.save; None for anything else."""
    if not os.path.isfile(path):
        return None
    with open(path, "rb") as file:
        head = file.read(512)
    if looks_like_safetensors(head[:16], os.path.getsize(path)):
        return _safetensors(path)
    if head.startswith(_TORCH_PICKLE) or _is_torch_archive(path, head):
        return _state_dict(path)
    return None


def _is_torch_archive(path: str, head: bytes) -> bool:
    if not head.startswith(b"PK\3\4"):
        return False
    if b"/data.pkl" in head:
        return True  # its first entry, also where the list of entries at the end is cut off
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name == "data.pkl" or name.endswith("/data.pkl") for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False


def _safetensors(path: str) -> Input:
    try:
        arrays = load_safetensors(path)
    except ValueError as error:
        raise CommandError(printable(str(error).rstrip(".")), exit_code=1) from None
    layout = _layout(list(arrays))
    if read_metadata(path).get("format") == "tf":
        layout = "tf"
    return Input("safetensors", layout, path, ArrayTensors(dict(sorted(arrays.items()))))


def _state_dict(path: str) -> Input:
    from ostinato.interop.torch_files import load_state_dict

    try:
        tensors, others = load_state_dict(path)
    except ValueError as error:
        raise CommandError(printable(str(error)), exit_code=1) from None
    return Input("torch", _layout(list(tensors)), path, _TorchTensors(path, tensors), others)


def _layout(names: list[str]) -> Layout:
    if any(map(is_torch_weight, names)):
        return "torch"
    return "tf" if any("/" in name for name in names) else "torch"


def output_kind(path: str) -> Kind:
    """What is written at `path`, by its name.

    Raises:
        CommandError: the name is a folder's, or one of a kind that is not written.
    """
    shown, lower = printable(path), path.lower()
    if path.endswith(os.sep) or os.path.isdir(path):
        raise CommandError(
            f"{shown} is a folder: name what to write in it, such as {os.path.join(shown, 'model.ckpt')}"
        )
    if lower.endswith(".safetensors"):
        return "safetensors"
    if lower.endswith((".pt", ".pth")):
        return "torch"
    if lower.endswith(_OTHERS):
        raise CommandError(
            f"{shown} has the ending of a file that is not written here: end it in .safetensors, .pt or "
            ".pth, or name a checkpoint's prefix such as model.ckpt"
        )
    if os.path.basename(path) == "checkpoint":
        raise CommandError(
            f"{shown} is the name of the file that says which checkpoint of a folder is the latest: name "
            "another prefix, such as model.ckpt"
        )
    if _OWN_FILE.search(os.path.basename(path)):
        raise CommandError(f"{shown} is the name of one file of a checkpoint: name its prefix instead")
    return "checkpoint"


def check_place(source: Input, path: str, kind: Kind, force: bool) -> None:
    """Raise a CommandError where `path` is what is read, or something is there that `force` does not allow to
    replace.
    """
    place = f"{path}.index" if kind == "checkpoint" else path
    read = [source.path, f"{source.path}.index"] if source.kind == "checkpoint" else [source.path]
    if any(_same(path, other) or _same(place, other) for other in read):
        raise CommandError(f"{printable(path)} is what is read: name another place to write to")
    if os.path.lexists(place) and not force:
        raise CommandError(f"{printable(place)} is there already: --force replaces it")


def _same(first: str, second: str) -> bool:
    return os.path.realpath(first) == os.path.realpath(second)


def why_not_written(planned: Planned, kind: Kind) -> str | None:
    """The reason why a file of `kind` cannot hold a tensor; None: it can."""
    what = f"'{printable(planned.name)}' holds {dtype_name(planned.dtype)}"
    if kind == "safetensors":
        reason = why_not_held(planned.name, planned.dtype)
        return None if reason is None else printable(reason)
    if not is_text(planned.name):
        return f"{planned.origin} would have a name that is not UTF-8 text: {printable(planned.name)}"
    if kind == "checkpoint":
        if not planned.name:
            return f"{planned.origin} would have the empty name, which checkpoints keep for themselves"
        return None if by_dtype(planned.dtype) is not None else f"{what}, which TensorFlow has no type for"
    from ostinato.interop.arrays import to_tensor

    try:
        to_tensor(np.empty(0, planned.dtype))
    except TypeError:
        return f"{what}, which torch has no type for"
    return None


def dtype_name(dtype: np.dtype) -> str:
    """A type's name, TensorFlow's where numpy has none.

    >>> dtype_name(np.dtype(object)), dtype_name(np.dtype([("qint8", "i1")])), dtype_name(np.dtype("f4"))
    ('string', 'qint8', 'float32')
    """
    if dtype.names is not None:
        return dtype.names[0]
    return "string" if dtype.hasobject else dtype.name


class _Making(Mapping[str, np.ndarray]):
    """Planned tensors by name, made when they are asked for."""

    def __init__(self, planned: Sequence[Planned]) -> None:
        self._planned = {tensor.name: tensor for tensor in planned}

    def __getitem__(self, name: str) -> np.ndarray:
        return self._planned[name].make()

    def __iter__(self) -> Iterator[str]:
        return iter(self._planned)

    def __len__(self) -> int:
        return len(self._planned)


def write(path: str, kind: Kind, layout: Layout, planned: Sequence[Planned]) -> None:
    """Write the tensors, whole or not at all, and the folder where that is missing. A link to a file stays
    one, and leads to what is written.

    Raises:
        CommandError: they cannot be read or written.
    """
    try:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        if kind == "checkpoint":
            save_checkpoint(path, _Making(planned))
        elif kind == "safetensors":
            entries = [Entry(tensor.name, tensor.dtype, tensor.shape, tensor.make) for tensor in planned]
            metadata = {"format": "tf" if layout == "tf" else "pt"}
            write_safetensors(os.path.realpath(path), entries, metadata)
        else:
            from ostinato.interop.arrays import to_tensor
            from ostinato.interop.torch_files import save_state_dict

            save_state_dict(
                os.path.realpath(path), {tensor.name: to_tensor(tensor.make()) for tensor in planned}
            )
    except CheckpointError as error:
        raise CommandError(printable(str(error)), exit_code=1) from None
    except OSError as error:
        raise CommandError(
            f"cannot write {printable(path)}: {error.strerror or error}", exit_code=1
        ) from None


def described(kind: Kind, path: str) -> str:
    """A file of `kind` in words."""
    name = {"checkpoint": "TensorFlow checkpoint", "safetensors": "safetensors file", "torch": "torch file"}
    return f"{name[kind]} {printable(path)}"
