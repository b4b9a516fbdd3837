"""What libraries removed since 2017, supplied to the script that runs: the word about it, said once."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

_PLACES = tuple(sysconfig.get_paths()[key] for key in ("stdlib", "platstdlib", "purelib", "platlib"))
_OURS = f"{Path(__file__).parents[1]}/"
_said: set[str] = set()


def say_once(what: str) -> None:
    """Tell the user, on stderr and once a process, of something that the script should not use any more."""
    if what not in _said:
        _said.add(what)
        print(f"ostinato: {what}", file=sys.stderr)


def asked_by_a_library(depth: int) -> bool:
    """Whether the code that asks, so many calls up, is an installed library and not a script: a library looks
    for what there is, and is to find what there is.
    """
    return sys._getframe(depth + 1).f_code.co_filename.startswith(_PLACES)


def is_of_a_library(path: str) -> bool:
    """Whether a file is one of an installed library, or of this one, and not the user's."""
    return path.startswith((*_PLACES, _OURS))
