"""The help of flags, as `--help` prints it."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable
from typing import Any


def get_help_width() -> int:
    """The columns of the terminal; 80 where there is none."""
    return shutil.get_terminal_size().columns


def text_wrap(
    text: str, length: int | None = None, indent: str = "", firstline_indent: str | None = None
) -> str:
    """`text` in lines of at most `length`, each after `indent`; empty lines stay."""
    length = get_help_width() if length is None else length
    first = indent if firstline_indent is None else firstline_indent
    if len(indent) >= length or len(first) >= length:
        raise ValueError(f"Length of indent exceeds length: {max(len(indent), len(first))} of {length}")
    lines: list[str] = []
    for line in text.strip("\n").splitlines():
        start = indent if lines else first
        lines += textwrap.wrap(line.strip(), length, initial_indent=start, subsequent_indent=indent) or [
            start.rstrip()
        ]
    return "\n".join(lines)


def doc_to_help(doc: str) -> str:
    """A docstring with its paragraphs as lines."""
    paragraphs = textwrap.dedent(doc).strip().split("\n\n")
    return "\n\n".join(" ".join(paragraph.split("\n")) for paragraph in paragraphs)


def flags_help(module: str, flags: Iterable[Any], prefix: str = "") -> str:
    """The help of the flags that a module defined; nothing where there are none."""
    rows = [_flag_help(flag, f"{prefix}  ") for flag in sorted(flags, key=lambda flag: flag.name)]
    return "\n".join([f"\n{prefix}{module}:", *rows]) if rows else ""


def _flag_help(flag: Any, prefix: str) -> str:
    short = f"-{flag.short_name}," if flag.short_name else ""
    name = f"--[no]{flag.name}" if flag.boolean else f"--{flag.name}"
    indent = f"{prefix}  "
    rows = [text_wrap(f"{short}{name}: {flag.help}", indent=indent, firstline_indent=prefix)]
    if flag.default_as_str:
        rows.append(text_wrap(f"(default: {flag.default_as_str})", indent=indent))
    if flag.parser.syntactic_help:
        rows.append(text_wrap(f"({flag.parser.syntactic_help})", indent=indent))
    return "\n".join(rows)


def flag_dict_to_args(flag_map: dict[str, Any], multi_flags: Iterable[str] | None = None) -> Iterable[str]:
    """Flags by name as the words of a command line."""
    for name, value in flag_map.items():
        if value is None:
            yield f"--{name}"
        elif isinstance(value, bool):
            yield f"--{name}" if value else f"--no{name}"
        elif isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
            if name in (multi_flags or ()):
                yield from (f"--{name}={item}" for item in value)
            else:
                yield f"--{name}={','.join(map(str, value))}"
        else:
            yield f"--{name}={value}"
