"""What there is in place of a checkpoint that was named and not found."""

from __future__ import annotations

import contextlib
import difflib
import os
import re
from collections.abc import Sequence
from itertools import islice

from ostinato.cli.variable_table import printable

_TABLE_MAGIC = 0xDB4775248B80FB57.to_bytes(8, "little")
_OPENED = 200  # files of a folder that are opened
_MOST = 2000  # names of a folder that are looked at
_SHOWN = 5
_PARTS = re.compile(r"(?P<prefix>.+)\.(?:index|meta|data-\d{5}-of-\d{5})", re.DOTALL)


def checkpoints_in(folder: str) -> list[str]:
    """The prefixes of the V2 checkpoints in `folder`, by name; none where it cannot be read."""
    return sorted(name.removesuffix(".index") for name in _names(folder) if name.endswith(".index"))


def describe_folder(folder: str) -> str:
    """What is to be said of a folder in which there is no checkpoint."""
    inside = [
        name
        for name in sorted(_names(folder))
        if os.path.isdir(os.path.join(folder, name))
        and (
            checkpoints_in(os.path.join(folder, name))
            or os.path.isfile(os.path.join(folder, name, "checkpoint"))
            or os.path.isfile(os.path.join(folder, name, "variables", "variables.index"))
        )
    ]
    if inside:
        has = f"folder {printable(inside[0])} does" if len(inside) == 1 else f"folders {listed(inside)} do"
        return f"has no checkpoint, but its {has}"
    old = _version1(folder)
    if old:
        return f"has no 'checkpoint' file that names the latest; name one: {listed(old, 'or')}"
    names = [name for name in sorted(_names(folder)) if not name.startswith(".")]
    for name in names:
        if ".data-" in name:
            shown = printable(name)
            return f"has no checkpoint: {shown} lacks its index, {shown.partition('.data-')[0]}.index"
    return f"has no checkpoint; in it: {listed(names)}" if names else "is an empty folder"


def _version1(folder: str) -> list[str]:
    """The V1 checkpoints in `folder`: files with the mark of a table, by the name that TensorFlow takes."""
    found = set()
    for name in _names(folder)[:_OPENED]:
        path = os.path.join(folder, name)
        with contextlib.suppress(OSError):  # what cannot be read is none that could be named
            if os.path.isfile(path) and not name.endswith(".index") and has_table(path):
                found.add(re.sub(r"-\d{5}-of-\d{5}$", "", name))
    return sorted(found)


def has_table(path: str) -> bool:
    """Whether a file ends as a V1 checkpoint and the index of a V2 one do."""
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(max(size - len(_TABLE_MAGIC), 0))
        return file.read() == _TABLE_MAGIC


def describe_missing(path: str) -> str:
    """A sentence about a path at which there is neither a file nor a checkpoint."""
    there = f"there is nothing at {printable(path)}"
    folder, base = os.path.split(path)
    if not os.path.isdir(folder or "."):
        while folder and not os.path.isdir(folder):
            folder, base = os.path.split(folder)
        reason = f"there is no folder {base}" + (f" in {folder}" if folder else "")
        return f"{there}: {reason}{_similar(folder, base)}"
    if any(name.startswith(f"{base}.data-") for name in _names(folder)):
        return f"{printable(path)} lacks {base}.index, with names, shapes and places of its variables"
    return f"{there}{_similar(folder, base)}"


def _similar(folder: str, base: str) -> str:
    names = list(_names(folder))
    stems = {match["prefix"] for name in names if (match := _PARTS.fullmatch(name)) is not None}
    others = {name for name in names if _PARTS.fullmatch(name) is None}
    close = difflib.get_close_matches(base, sorted(stems | others), 3, 0.6)
    return f"; did you mean {listed([os.path.join(folder, name) for name in close], 'or')}?" if close else ""


def listed(names: Sequence[str], conjunction: str = "and") -> str:
    """Names in a sentence; of many, the first few.

    >>> listed(["a", "b", "c"]), listed([str(number) for number in range(9)])
    ('a, b and c', '0, 1, 2, 3, 4 and 4 more')
    """
    shown = [printable(name) for name in names[:_SHOWN]]
    if len(names) > _SHOWN:
        shown.append(f"{len(names) - _SHOWN:,} more")
    if len(shown) == 1:
        return shown[0]
    return f"{', '.join(shown[:-1])} {conjunction} {shown[-1]}"


def _names(folder: str) -> list[str]:
    try:
        with os.scandir(folder or ".") as entries:
            return [entry.name for entry in islice(entries, _MOST)]
    except OSError:
        return []
