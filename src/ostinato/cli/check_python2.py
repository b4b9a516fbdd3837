"""Scripts of Python 2, made readable for Python 3 line by line, and what 2to3 would mend in them.

What is made of a line is only to be read: it keeps the names that the line uses, not what it does.
"""

from __future__ import annotations

import ast
import builtins
import re

from ostinato.cli.check_symbols import Found
from ostinato.cli.python2 import MODULES, NAMES, line_hint, syntax_hint

_METHODS = {
    "iteritems": "items",
    "itervalues": "values",
    "iterkeys": "keys",
    "viewitems": "items",
    "viewkeys": "keys",
    "viewvalues": "values",
    "has_key": "in",
}
_EDITS = [
    (re.compile(r"^(\s*)print\s*>>\s*([^,]+),?(.*)$", re.S), r"\1print(\2, [\3])"),
    (re.compile(r"^(\s*)print\b(?!\s*\()\s*(.*?),?\s*$", re.S), r"\1print(\2)"),
    (re.compile(r"^(.*[:;]\s*)print\b(?!\s*\()\s*(.*?),?\s*$", re.S), r"\1print(\2)"),
    (re.compile(r"^(\s*)print\b\s*(\(.*\)\s*[%,.+\[].*?),?\s*$", re.S), r"\1print(\2)"),
    (re.compile(r"^(\s*except\s+[^,:]+?)\s*,\s*(\w+)\s*:"), r"\1 as \2:"),
    (re.compile(r"^(\s*except\s*\([^)]*\))\s*,\s*(\w+)\s*:"), r"\1 as \2:"),
    (re.compile(r"^(\s*|.*[:;]\s*)(raise\s+[\w.]+)\s*,\s*(.*)$", re.S), r"\1\2(\3)"),
    (re.compile(r"^(\s*)exec\s+(?!\()(.*)$", re.S), r"\1exec(\2)"),
    (re.compile(r"<>"), "!="),
    (re.compile(r"\b(\d+)[lL]\b"), r"\1"),
    (re.compile(r"(?<![\w.])0(\d+)\b"), r"0o\1"),
    (re.compile(r"\b[uU][rR](?=['\"])"), "r"),
    (re.compile(r"`([^`]+)`"), r"repr(\1)"),
    (re.compile(r"\blambda\s*\(([\w\s,]+)\)\s*:"), r"lambda \1:"),
    (re.compile(r"^(\s*def\s+\w+\s*\([^()]*)\(([\w\s,]+)\)(.*)$", re.S), r"\1\2\3"),
]


def parsed(source: str, name: str) -> tuple[ast.Module, list[tuple[int, str]]]:
    """The syntax tree of a script, and the lines that only Python 2 reads, each with what 2to3 would put
    there.

    Raises:
        SyntaxError: it is neither Python 3 nor 2.
    """
    lines = source.replace("\r\n", "\n").replace("\r", "\n").expandtabs(8).split("\n")
    said: list[tuple[int, str]] = []
    try:
        return ast.parse(source, name), said
    except (SyntaxError, ValueError) as error:
        if isinstance(error, TabError):
            said.append(
                (error.lineno or 1, "tabs and spaces in one block; 'expand -t 8' makes spaces of tabs")
            )
    for _ in range(2 * len(lines)):
        try:
            return ast.parse("\n".join(lines), name), said
        except SyntaxError as error:
            first, last = _statement(lines, error)
            before = "\n".join(_uncommented(line) for line in lines[first : last + 1])
            after = _edited(before)
            if after == before:
                raise
            said.append((first + 1, line_hint(before) or syntax_hint(error) or "what Python 3 cannot read"))
            changed = after.split("\n")
            lines[first : last + 1] = changed + [""] * (last + 1 - first - len(changed))
    raise SyntaxError(f"{name} is neither Python 3 nor Python 2")


def _edited(text: str) -> str:
    for pattern, instead in _EDITS:
        changed = pattern.sub(instead, text)
        if changed != text:
            return changed
    return text


def _uncommented(line: str) -> str:
    """A line without the comment at its end, which would hide a bracket put after it.

    >>> _uncommented('print "a # b"  # c')
    'print "a # b"'
    """
    quote = ""
    for place, character in enumerate(line):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == "#":
            return line[:place].rstrip()
    return line


def _statement(lines: list[str], error: SyntaxError) -> tuple[int, int]:
    """The first and the last line of the statement around an error: those that brackets and backslashes
    join.
    """
    last = min(max((error.lineno or 1) - 1, 0), len(lines) - 1)
    first = last
    while first > 0 and lines[first - 1].rstrip().endswith("\\"):
        first -= 1
    while last + 1 < len(lines) and (lines[last].rstrip().endswith("\\") or _open(lines[first : last + 1])):
        last += 1
        if last - first > 40:
            return first, first
    return first, last


def _open(lines: list[str]) -> bool:
    text = re.sub(r"'[^'\n]*'|\"[^\"\n]*\"|#[^\n]*", "", "\n".join(lines))
    return sum(map(text.count, "([{")) > sum(map(text.count, ")]}"))


def leftovers(found: Found) -> list[tuple[int, str]]:
    """What parses in Python 3 and fails when it runs."""
    said = [(line, "'print >> file' of Python 2: print(..., file=file) in Python 3") for line in found.prints]
    for name, line in found.names:
        if name in NAMES and not hasattr(builtins, name):
            said.append((line, f"'{name}' of Python 2: {NAMES[name]} in Python 3"))
    for attribute, line in found.attributes:
        if attribute in _METHODS:
            instead = "'key in d'" if attribute == "has_key" else f"d.{_METHODS[attribute]}()"
            said.append((line, f"'d.{attribute}' of Python 2: {instead} in Python 3"))
    for module, line, guarded in found.modules:
        if module in MODULES and not guarded:
            said.append((line, f"the module {module} of Python 2: {MODULES[module]} in Python 3"))
    return sorted(set(said))
