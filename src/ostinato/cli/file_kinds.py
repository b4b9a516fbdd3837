"""What a file is that is no checkpoint, and what to do about it: told by its content, then by its name.

Nothing here opens a file in a way that could run what is in it: a pickle is recognised, never loaded.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable

from ostinato.checkpoint.crc import crc32c, unmask
from ostinato.cli.protobuf_kinds import GraphFile, mapped, recognise_graph, writer_of
from ostinato.cli.variable_table import readable_bytes

_HEAD, _TAIL = 4096, 1 << 16

# How the files of other programs begin, and what those are.
_MARKS: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "compressed with gzip: decompress it first, 'gzip -d' or, for a .tar.gz, 'tar -xzf'"),
    (b"BZh", "compressed with bzip2: decompress it first, 'bzip2 -d' or, for a .tar.bz2, 'tar -xjf'"),
    (b"\xfd7zXZ\0", "compressed with xz: decompress it first, 'xz -d' or, for a .tar.xz, 'tar -xJf'"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd: decompress it first, 'zstd -d'"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it first, '7z x'"),
    (b"Rar!\x1a\x07", "a rar archive: unpack it first, 'unrar x'"),
    (b"\x93NUMPY", "an array that numpy saved: numpy.load reads it"),
    (
        b"version https://git-lfs",
        "a pointer of Git LFS in place of the file: 'git lfs pull' fetches the file",
    ),
    (b"%PDF", "a PDF document"),
)
_TORCH_PICKLE = (
    b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # the number that begins a file of an old torch.save
)
_TORCH = (
    "that torch.save wrote, not a checkpoint of TensorFlow: torch.load(..., weights_only=True) reads it, and "
    "'ostinato convert' makes a TensorFlow checkpoint of its recurrent layers"
)
_DATA = re.compile(r"(.*)\.data-(\d{5})-of-(\d{5})", re.DOTALL)


def describe(path: str) -> str | None:
    """What is to be said of the file `path`, after its name: "is empty", "is a PDF document".

    None where nothing is known of it.

    Raises:
        OSError: it cannot be read.
    """
    if not os.path.isfile(path):
        return "is a device or a pipe, where a file is expected"  # which to open could wait for ever
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        head = file.read(_HEAD)
        file.seek(max(size - _TAIL, 0))
        tail = file.read(_TAIL)
    if not head:
        return "is empty"
    for recognise in (_marked, _archive, _hdf5, _pickle, _records):
        if (found := recognise(head, tail, size)) is not None:
            return f"is {found}"
    with mapped(path) as data:
        graph = recognise_graph(data)
    if graph is not None:
        return f"is {_describe_graph(path, graph)}"
    if (found := _named(path)) is not None:
        return f"is {found}"
    found = _text(head)
    return None if found is None else f"is {found}"


def stands_in(path: str) -> str | None:
    """What stands in place of a file of a checkpoint, as downloads leave it behind; else None.

    A data file's own bytes can look like anything, so it is asked only for what no tensor begins with.
    """
    with open(path, "rb") as file:
        head = file.read(_HEAD)
    if head.startswith(b"version https://git-lfs"):
        return f"is {dict(_MARKS)[b'version https://git-lfs']}"
    return f"is {_WEB_PAGE}" if _is_web_page(head.decode(errors="replace").lstrip()) else None


def _marked(head: bytes, tail: bytes, size: int) -> str | None:
    for mark, what in _MARKS:
        if head.startswith(mark):
            return what
    if head[4:8] == b"TFL3":
        return "a model of TensorFlow Lite: its weights are in another form, for inference only"
    if head[257:262] == b"ustar":
        return "a tar archive: unpack it first, 'tar -xf'"
    return None


def _archive(head: bytes, tail: bytes, size: int) -> str | None:
    """A zip archive: what is in it by the name of its first file, and by the list of files at its end."""
    if head[:4] not in (b"PK\x03\x04", b"PK\x05\x06"):
        return None
    first = head[30 : 30 + int.from_bytes(head[26:28], "little")]
    if b"constants.pkl" in tail and b"/code/" in tail:
        return "a TorchScript archive, not a checkpoint of TensorFlow: torch.jit.load reads it"
    if first.endswith(b"/data.pkl") or b"/data.pkl" in tail:
        return f"a file {_TORCH}"
    if b"model.weights.h5" in tail:
        return "a model that Keras 3 saved (.keras), not a checkpoint: keras.models.load_model reads it"
    if first.endswith(b".npy"):
        return "a set of arrays that numpy saved (.npz): numpy.load reads it"
    return "a zip archive: unpack it first, 'unzip'"


def _hdf5(head: bytes, tail: bytes, size: int) -> str | None:
    if not head.startswith(b"\x89HDF\r\n\x1a\n"):
        return None
    if b"keras_version" in head or b"model_weights" in head or b"layer_names" in head:
        return (
            "a model that Keras saved as HDF5, not a checkpoint: Keras' load_model or load_weights reads it"
        )
    return "an HDF5 file, not a checkpoint; if Keras saved it, its load_model or load_weights reads it"


def _pickle(head: bytes, tail: bytes, size: int) -> str | None:
    if head.startswith(_TORCH_PICKLE):
        return f"a file {_TORCH}"
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05") and tail.endswith(b"."):
        return "a pickle of Python objects, which was not opened: loading a pickle runs the code in it"
    return None


def _records(head: bytes, tail: bytes, size: int) -> str | None:
    """TFRecord: a length, its checksum, and so many bytes."""
    length = int.from_bytes(head[:8], "little")
    if (
        len(head) < 16
        or length + 16 > size
        or crc32c(head[:8]) != unmask(int.from_bytes(head[8:12], "little"))
    ):
        return None
    if b"brain.Event:" in head[12 : 12 + length]:
        return "a log for TensorBoard (an events file), not a checkpoint: 'tensorboard --logdir' shows it"
    return "a file of data (TFRecord), not a checkpoint"


def _describe_graph(path: str, graph: GraphFile) -> str:
    by = f", of {writer_of(graph.version)}" if graph.version else ""
    folder = os.path.dirname(path)
    if graph.kind == "onnx":
        by = f", by {graph.version}" if graph.version else ""
        return f"a model in the ONNX format{by}, not a checkpoint: onnx.load reads it"
    if graph.kind == "saved model":
        what = f"the graph of a SavedModel{by}, without its values"
        if os.path.isfile(os.path.join(folder, "variables", "variables.index")):
            return f"{what}: inspect its folder, {folder or '.'}"
        return f"{what}, which should be in {os.path.join(folder, 'variables')}, but are not there"
    if graph.kind == "meta graph":
        what = f"the graph of a checkpoint (a MetaGraphDef{by}), without its values"
        prefix = path.removesuffix(".meta")
        if os.path.isfile(f"{prefix}.index") or (prefix != path and os.path.isfile(prefix)):
            return f"{what}: inspect {prefix}"
        name = os.path.basename(prefix)
        return f"{what}; the files with those, {name}.index and {name}.data-00000-of-00001, are not beside it"
    nodes = f"{graph.nodes:,} {'node' if graph.nodes == 1 else 'nodes'}"
    if graph.variables or not graph.constants:
        return (
            f"a graph (a GraphDef of {nodes}, {graph.variables:,} of them variables), without values: those "
            "are in the checkpoint that was saved with it"
        )
    return (
        f"a frozen graph (a GraphDef of {nodes}, with {readable_bytes(graph.constant_bytes)} of constants "
        "and no variables), not a checkpoint: look for the one that it was made from"
    )


def _named(path: str) -> str | None:
    data = _DATA.fullmatch(path)
    if data is not None:
        index = os.path.basename(data[1]) + ".index"
        return (
            f"a data file of a checkpoint whose index, {index}, is missing: names, shapes and places of its "
            "variables were in that file"
        )
    return None


_WEB_PAGE = "a web page, perhaps of a download that failed"


def _is_web_page(text: str) -> bool:
    return text.lower().startswith(("<!doctype html", "<html"))


_BEGINNINGS: tuple[tuple[Callable[[str], bool], str], ...] = (
    (_is_web_page, _WEB_PAGE),
    (
        lambda text: re.match(r"(node|library|versions)\s*\{", text) is not None,
        "a graph as text (a GraphDef, .pbtxt), without values: those are in the checkpoint saved with it",
    ),
    (
        lambda text: re.match(r"(meta_info_def|graph_def)\s*\{", text) is not None,
        "the graph of a checkpoint as text (a MetaGraphDef), without its values",
    ),
    (
        lambda text: text.startswith("saved_model_schema_version"),
        "the graph of a SavedModel as text: inspect the folder that it is in",
    ),
    (lambda text: text.startswith(("{", "[")), "a JSON document, not a checkpoint"),
)


def _text(head: bytes) -> str | None:
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # a character that the end of the head cuts is no fault
            return None
        text = head[: error.start].decode()
    if any(ord(character) < 32 and character not in "\t\n\r\f" for character in text):
        return None
    text = text.lstrip("\ufeff \t\r\n")
    return next((what for matches, what in _BEGINNINGS if matches(text)), "a text file, not a checkpoint")
