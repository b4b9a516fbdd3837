"""The file `checkpoint`: which checkpoints there are in a folder, and which is the latest.

It is a `CheckpointState` message (TF1 symbol: `tf.train.CheckpointState`) in the text format of protocol
buffers: names, colons and quoted strings.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ostinato.checkpoint.errors import CheckpointError, Malformed, located
from ostinato.checkpoint.files import DataFile, alone_in, write_atomically

_LARGEST = 4 << 20  # bytes; a state file takes a hundred for each checkpoint that is kept


@dataclass(frozen=True)
class CheckpointState:
    """The checkpoints of a folder.

    Attributes:
        model_checkpoint_path: the prefix of the latest.
        all_model_checkpoint_paths: all that are kept, the oldest first.
        all_model_checkpoint_timestamps: when each was saved, in seconds since 1970; empty if not known.
        last_preserved_timestamp: when the last one was saved that is kept for good; None if not known.
    """

    model_checkpoint_path: str
    all_model_checkpoint_paths: tuple[str, ...] = ()
    all_model_checkpoint_timestamps: tuple[float, ...] = ()
    last_preserved_timestamp: float | None = None


def read_checkpoint_state(
    directory: str | os.PathLike[str], latest_filename: str = "checkpoint"
) -> CheckpointState | None:
    """The state of a folder of checkpoints, or None where it has no state file (TF1 symbol:
    `tf.train.get_checkpoint_state`).

    Paths are relative to the folder in the file; they come back with the folder before them.

    Raises:
        CheckpointError: the file is no state file, or names no latest checkpoint.
    """
    folder = os.fsdecode(directory)
    path = os.path.join(folder, latest_filename)
    if not os.path.lexists(path):
        return None
    data = _contents(path)
    with located(path):
        state = parse_state(data)
    return replace(
        state,
        model_checkpoint_path=os.path.join(folder, state.model_checkpoint_path),
        all_model_checkpoint_paths=tuple(
            os.path.join(folder, name) for name in state.all_model_checkpoint_paths
        ),
    )


def write_checkpoint_state(
    directory: str | os.PathLike[str], state: CheckpointState, latest_filename: str = "checkpoint"
) -> None:
    """Write a folder's state file, whole or not at all; the paths go into it as they are.

    Raises:
        ValueError: a path cannot be in a state file: it has a zero byte, or is no UTF-8 text.
        OSError: the file cannot be written; the one that was there stays.

    >>> import pathlib, tempfile
    >>> from ostinato.checkpoint import CheckpointState, write_checkpoint_state
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_checkpoint_state(folder, CheckpointState("model-2", ("model-1", "model-2")))
    ...     print(pathlib.Path(folder, "checkpoint").read_text(), end="")
    model_checkpoint_path: "model-2"
    all_model_checkpoint_paths: "model-1"
    all_model_checkpoint_paths: "model-2"
    """
    lines = [f"model_checkpoint_path: {_quoted(state.model_checkpoint_path)}"]
    lines += [f"all_model_checkpoint_paths: {_quoted(path)}" for path in state.all_model_checkpoint_paths]
    # As Python's floats: numpy's write themselves with their type around them.
    times = [float(time) for time in state.all_model_checkpoint_timestamps]
    lines += [f"all_model_checkpoint_timestamps: {time!r}" for time in times]
    if state.last_preserved_timestamp is not None:
        lines.append(f"last_preserved_timestamp: {float(state.last_preserved_timestamp)!r}")
    folder = os.fsdecode(directory)
    with alone_in(folder or "."):
        write_atomically(os.path.join(folder, latest_filename), ("\n".join(lines) + "\n").encode())


def is_state_file(path: str) -> bool:
    """Whether a file begins as a state file does."""
    return _FIRST.match(_beginning(path, 4096)) is not None


def _contents(path: str) -> bytes:
    data = _beginning(path, _LARGEST + 1)
    if len(data) > _LARGEST:
        raise CheckpointError(path, _LARGEST, "it is too long for a state file")
    return data


def _beginning(path: str, length: int) -> bytes:
    file = DataFile(path)  # which waits for no pipe and reads no device
    try:
        data = np.empty(min(length, file.size), np.uint8)
        file.read_into(data, 0)
    finally:
        file.close()
    return data.tobytes()


# -- the text format
_FIRST = re.compile(rb"(\s|#[^\n]*\n)*(all_)?model_checkpoint_(path|paths|timestamps)\s*:")
# Each of these is a run of one set of characters: of a group that is repeated, the machine of regular
# expressions keeps a hundred bytes for each round.
_SPACE = re.compile(rb"[\s,;]+|#[^\n]*")
_WORD = re.compile(rb"(?P<name>[A-Za-z_]\w*)\s*:|(?P<number>[-+]?[\w.]+(?:[-+]\d+)?)", re.ASCII)
_PLAIN = {b'"': re.compile(rb'[^"\\\n]+'), b"'": re.compile(rb"[^'\\\n]+")}
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|(.))")
_ESCAPES = {
    b"n": b"\n",
    b"r": b"\r",
    b"t": b"\t",
    b"a": b"\a",
    b"b": b"\b",
    b"f": b"\f",
    b"v": b"\v",
    b"\\": b"\\",
    b"'": b"'",
    b'"': b'"',
    b"?": b"?",
}


def parse_state(data: bytes) -> CheckpointState:
    """The message in the text of a state file; fields of other names are passed over."""
    found: dict[str, list[str | float]] = {}
    for name, value, position in _fields(data):
        wanted = _KINDS.get(name)
        if wanted is not None and not isinstance(value, wanted):
            raise Malformed(position, f"{name} is {value!r}")
        found.setdefault(name, []).append(value)
    latest = found.get("model_checkpoint_path", [])
    if not latest or not latest[-1]:
        raise Malformed(0, "it names no latest checkpoint (model_checkpoint_path)")
    preserved = found.get("last_preserved_timestamp", [None])
    return CheckpointState(
        str(latest[-1]),
        tuple(str(path) for path in found.get("all_model_checkpoint_paths", [])),
        tuple(float(time) for time in found.get("all_model_checkpoint_timestamps", [])),
        None if preserved[-1] is None else float(preserved[-1]),
    )


_KINDS: dict[str, type] = {
    "model_checkpoint_path": str,
    "all_model_checkpoint_paths": str,
    "all_model_checkpoint_timestamps": float,
    "last_preserved_timestamp": float,
}


def _fields(data: bytes) -> Iterator[tuple[str, str | float, int]]:
    position = _skip_space(data, 0)
    while position < len(data):
        at = position
        word = _WORD.match(data, position)
        if word is None or word["name"] is None:
            raise Malformed(position, f"this is no state file: {data[position : position + 20]!r}")
        name = word["name"].decode()
        position = _skip_space(data, word.end())
        value, position = _value(data, position, name)
        yield name, value, at


def _skip_space(data: bytes, position: int) -> int:
    while space := _SPACE.match(data, position):
        position = space.end()
    return position


def _value(data: bytes, position: int, name: str) -> tuple[str | float, int]:
    """The number or the strings at `position`, and where the next field begins."""
    word = _WORD.match(data, position)
    if word is not None and word["number"] is not None:
        return _number(word["number"], position), _skip_space(data, word.end())
    at, text, found = position, bytearray(), False
    while data[position : position + 1] in _PLAIN:  # strings side by side are one
        position, found = _skip_space(data, _unquoted(data, position, text)), True
    if not found:
        raise Malformed(at, f"{name} has no value")
    return _path(bytes(text), at), position


def _unquoted(data: bytes, start: int, text: bytearray) -> int:
    """Append to `text` what the string at `start` means; returns where the string ends."""
    quote = data[start : start + 1]
    position = start + 1
    while True:
        if plain := _PLAIN[quote].match(data, position):
            text += plain[0]
            position = plain.end()
        elif data[position : position + 1] == quote:
            return position + 1
        elif escape := _ESCAPE.match(data, position):
            text += _meaning(escape, position)
            position = escape.end()
        else:
            raise Malformed(start, "a string that is not closed")


def _number(text: bytes, position: int) -> float:
    try:
        return float(text)
    except ValueError:
        raise Malformed(position, f"{text.decode('ascii', 'replace')!r} is no number") from None


def _meaning(escape: re.Match[bytes], position: int) -> bytes:
    octal, hexadecimal, plain = escape.groups()
    if octal is not None:
        return bytes([int(octal, 8) & 0xFF])
    if hexadecimal is not None:
        return bytes([int(hexadecimal, 16)])
    if plain not in _ESCAPES:
        raise Malformed(position, f"the unknown escape \\{plain.decode('latin-1')}")
    return _ESCAPES[plain]


def _path(value: bytes, position: int) -> str:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        raise Malformed(position, "a path that is not UTF-8 text") from None
    if "\0" in text:
        raise Malformed(position, "a path with a zero byte in it")
    return text


def _quoted(path: str) -> str:
    if "\0" in path:
        raise ValueError(f"The path {path!r} has a zero byte in it, which no file's name can have.")
    try:
        encoded = path.encode()
    except UnicodeEncodeError:
        raise ValueError(f"The path {path!r} is no UTF-8 text, which a state file has to be.") from None
    plain = {b"\n": "\\n", b"\r": "\\r", b"\t": "\\t", b"\\": "\\\\", b'"': '\\"', b"'": "\\'"}
    characters = []
    for byte in encoded:
        character = bytes([byte])
        if character in plain:
            characters.append(plain[character])
        else:
            characters.append(chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}")
    return '"' + "".join(characters) + '"'
