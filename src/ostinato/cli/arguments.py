"""Types of command-line arguments, for argparse's `type=`: each returns a value or says what it accepts."""

import argparse
from pathlib import Path

from ostinato.memory.limit import parse_bytes


def positive_integer(text: str) -> int:
    """`text` as an integer of 1 or more.

    >>> positive_integer("64")
    64
    """
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive whole number")
    return int(text)


def whole_number(text: str) -> int:
    """`text` as an integer of 0 or more.

    >>> whole_number("0")
    0
    """
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 0 or more")
    return int(text)


def positive_integers(text: str) -> list[int]:
    """`text`, positive integers between commas, in rising order and each once.

    >>> positive_integers("100,10")
    [10, 100]
    """
    return sorted({positive_integer(part.strip()) for part in text.split(",")})


def memory_size(text: str) -> int:
    """`text`, such as "64MiB", as a number of bytes."""
    try:
        return parse_bytes(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 64MiB or 2GB") from None


def seed(text: str) -> int:
    """`text` as a seed: an integer from 0 to 2**63 - 1, what torch's generators take."""
    if not (text.isascii() and text.isdigit()) or int(text) >= 2**63:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to 2**63 - 1")
    return int(text)


def file(text: str) -> str:
    """`text` as the path of a file that exists or can be made; `-`, which stands for stdout, passes."""
    if Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is a folder, where a file is to be written")
    folder(str(Path(text).parent))
    return text


def folder(text: str) -> Path:
    """`text` as the path of a folder that exists or can be made."""
    path = Path(text)
    existing = next((parent for parent in (path, *path.parents) if parent.exists()), None)
    if existing is not None and not existing.is_dir():
        raise argparse.ArgumentTypeError(f"{str(existing)!r} is not a folder")
    return path
