"""From what a person names to the files of a checkpoint."""

from __future__ import annotations

import difflib
import os
import re
from dataclasses import dataclass

import numpy as np

from ostinato.checkpoint.errors import CheckpointError
from ostinato.checkpoint.files import DataFile
from ostinato.checkpoint.state import CheckpointState, is_state_file, read_checkpoint_state
from ostinato.checkpoint.table import FOOTER, MAGIC

_DATA = re.compile(r"(?P<prefix>.*)\.data-(?P<shard>\d{5,})-of-(?P<shards>\d{5,})", re.DOTALL | re.ASCII)
_SHARD = re.compile(r"-(\d{5})-of-(\d{5})", re.ASCII)
# How TensorFlow names a V1 checkpoint in several files: all of its shards at once.
_ANY_SHARD = re.compile(r"(?P<stem>.*)-\?{5}-of-(?P<shards>\d{5}|\?{5})", re.DOTALL | re.ASCII)
_STATE = "checkpoint"
_COMPARED = 200  # names of a folder that a wrong one is compared with, which takes long


@dataclass(frozen=True)
class Found:
    """A checkpoint on disk: its prefix, and for format V1 its files."""

    prefix: str
    paths: list[str]


def find(path: str) -> Found:
    """The checkpoint that `path` means: a prefix, one of its files, a state file or a folder.

    Raises:
        CheckpointError: there is none; it says what is there instead.
    """
    # A prefix goes before a folder of the same name, as what was saved as "run" must be what "run" opens.
    # "run/" is a prefix too, of files in that folder that have no name before the dot.
    prefix = os.path.isfile(f"{path}.index")
    return _in_folder(path) if os.path.isdir(path) and not prefix else _of_name(path, follow=True)


def _of_name(path: str, follow: bool) -> Found:
    """The checkpoint of a prefix or file; what a state file names may not be a state file again: of those,
    one might name the other.
    """
    if path.endswith(".index") and os.path.isfile(path):
        return Found(path[: -len(".index")], [])
    if os.path.isfile(f"{path}.index"):
        return Found(path, [])
    data = _DATA.fullmatch(path)
    if data and os.path.isfile(path):
        if not os.path.isfile(data["prefix"] + ".index"):
            index = os.path.basename(data["prefix"]) + ".index"
            reason = f"its index, {index}, is missing: names, shapes and places of the tensors were in it"
            raise CheckpointError(path, None, reason)
        return Found(data["prefix"], [])
    shards = _version1_shards(path)
    if shards:
        return Found(path, shards)
    if os.path.isfile(path):
        return _in_file(path, follow)
    raise CheckpointError(path, None, f"there is no checkpoint of this name{_near(path)}")


def prefixes(folder: str) -> list[str]:
    """The V2 checkpoints in a folder, by name."""
    names = [name[: -len(".index")] for name in listing(folder) if name.endswith(".index")]
    return [os.path.join(folder, name) for name in sorted(names)]


def listing(folder: str) -> list[str]:
    """The names in a folder.

    Raises:
        CheckpointError: it cannot be read.
    """
    try:
        return os.listdir(folder or ".")
    except OSError as error:
        raise CheckpointError(folder, None, f"the folder cannot be read: {error.strerror}") from error


def _in_folder(folder: str) -> Found:
    state = os.path.join(folder, _STATE)
    if os.path.isfile(state) and is_state_file(state):
        return _latest(folder, _STATE)
    saved_model = os.path.join(folder, "variables", "variables")
    if os.path.isfile(f"{saved_model}.index"):
        return Found(saved_model, [])
    there = prefixes(folder)
    if len(there) == 1:
        return Found(there[0], [])
    if there:
        listed = ", ".join(os.path.basename(prefix) for prefix in there[:5])
        more = ", ..." if len(there) > 5 else ""
        reason = (
            f"it has no '{_STATE}' file that says which of its {len(there)} checkpoints is the latest: "
            f"name one of {listed}{more}"
        )
        raise CheckpointError(folder, None, reason)
    raise CheckpointError(folder, None, "there is no checkpoint in this folder")


def _latest(folder: str, name: str) -> Found:
    state = read_checkpoint_state(folder, name)
    if state is None:
        raise CheckpointError(os.path.join(folder, name), None, "it was removed while it was read")
    latest = moved(folder, state)
    if latest is None:
        raise CheckpointError(
            os.path.join(folder, name),
            None,
            f"the checkpoint that it names is gone: {state.model_checkpoint_path}",
        )
    return _of_name(latest, follow=False)


def moved(folder: str, state: CheckpointState) -> str | None:
    """The prefix that a state names, also where its folder was moved since; None where it is gone."""
    named = state.model_checkpoint_path
    # An absolute path is of the machine that trained. A folder copied from it still has the files.
    for prefix in (named, os.path.join(folder, re.split(r"[/\\]", named)[-1])):
        if exists(prefix):
            return prefix
    return None


def exists(prefix: str) -> bool:
    """Whether there is a checkpoint of this prefix, of either format."""
    return os.path.isfile(f"{prefix}.index") or os.path.isfile(prefix) or bool(_version1_shards(prefix))


def _in_file(path: str, follow: bool) -> Found:
    if _has_mark(path):
        shard = _SHARD.search(path)
        if shard is None or shard.end() != len(path):
            return Found(path, [path])
        prefix = f"{path[: shard.start()]}-?????-of-{shard[2]}"
        return Found(prefix, _version1_shards(prefix))
    if follow and is_state_file(path):
        return _latest(os.path.dirname(path) or ".", os.path.basename(path))
    raise CheckpointError(path, None, "this file is no checkpoint")


def _has_mark(path: str) -> bool:
    file = DataFile(path)
    try:
        if file.size < FOOTER:
            return False
        last = np.empty(len(MAGIC), np.uint8)
        file.read_into(last, file.size - len(MAGIC))
    finally:
        file.close()
    return last.tobytes() == MAGIC


def _version1_shards(path: str) -> list[str]:
    """The files of a V1 checkpoint in several files, which is named by a pattern or by what is before it."""
    pattern = _ANY_SHARD.fullmatch(path)
    folder, base = os.path.split(pattern["stem"] if pattern else path)
    wanted = pattern["shards"] if pattern else "?????"
    if not os.path.isdir(folder or "."):
        return []
    counts: dict[str, dict[int, str]] = {}
    for name in listing(folder):
        shard = _SHARD.fullmatch(name, len(base)) if name.startswith(base) else None
        if shard and wanted in (shard[2], "?????"):
            counts.setdefault(shard[2], {})[int(shard[1])] = os.path.join(folder, name)
    if not counts:
        return []
    if len(counts) > 1:
        raise CheckpointError(
            path, None, f"there are files of {' and of '.join(sorted(counts))} shards beside each other"
        )
    (count, paths), *_ = counts.items()
    there = sum(number < int(count) for number in paths)
    if there != int(count):
        raise CheckpointError(path, None, f"only {there} of its {int(count)} files are there")
    if len(paths) > there:
        raise CheckpointError(path, None, f"one of its {there} files has the number {max(paths)}")
    return [paths[number] for number in sorted(paths)]


def _near(path: str) -> str:
    folder, base = os.path.split(path)
    if not os.path.isdir(folder or "."):
        return f": there is no folder {folder}"
    names = [os.path.basename(prefix) for prefix in prefixes(folder)[:_COMPARED]]
    close = difflib.get_close_matches(base, names, 3, 0.5)
    return f"; there is {' and '.join(close)}" if close else ""
