"""Jupyter notebooks, run cell by cell without Jupyter."""

from __future__ import annotations

import ast
import json
import re
import shlex
import sys
from typing import Any

from ostinato.cli.errors import CommandError
from ostinato.cli.removed import say_once
from ostinato.cli.removed_generators import as_of_then

_MAGIC = re.compile(r"^(\s*)(?:[\w.,\s]+=\s*)?([%!])(.*)$")
_HELP = re.compile(r"^\s*\??\??[\w.]+\?\??\s*$|^\s*\?\??[\w.]+\s*$")
_SKIPPED_CELLS = ("html", "javascript", "js", "latex", "svg", "markdown", "bash", "sh", "script", "writefile")


def cells_of(source: bytes, name: str) -> list[tuple[int, str]]:
    """The cells of code of a notebook, with their places among all cells, from 1.

    Raises:
        CommandError: it is no notebook.
    """
    try:
        notebook = json.loads(source)
        sheets = notebook.get("worksheets", [notebook])  # of notebooks before version 4
        cells = [cell for sheet in sheets for cell in sheet["cells"]]
        found = []
        for place, cell in enumerate(cells, 1):
            if cell.get("cell_type") == "code":
                text = cell.get("source", cell.get("input", ""))
                found.append((place, text if isinstance(text, str) else "".join(text)))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CommandError(f"{name} is not a notebook: {type(error).__name__}: {error}") from None
    return found


def plain(text: str) -> str:
    r"""A cell's code without what only Jupyter understands; lines keep their places.

    >>> plain("%matplotlib inline\nx = 1\n!ls\nx?")
    'pass\nx = 1\npass\npass'
    """
    first = text.lstrip().split("\n", 1)[0]
    if first.startswith("%%"):
        kind, rest = first[2:].split(" ", 1)[0].strip(), text.lstrip().partition("\n")[2]
        if kind in _SKIPPED_CELLS:
            say_once(f"a cell of %%{kind} is left out: there is no Jupyter here.")
            return "pass"
        return "pass\n" + plain(rest)
    lines: list[str] = []
    continued = False
    for line in text.split("\n"):
        found = _MAGIC.match(line)
        if continued or (found and not _inside(lines)):
            indent = found[1] if found else ""
            lines.append(f"{indent}{_replaced(found[2], found[3]) if found else 'pass'}")
            continued = line.endswith("\\")
        elif _HELP.match(line) and not _inside(lines):
            lines.append("pass")
        else:
            lines.append(line)
    return "\n".join(lines)


def _inside(lines: list[str]) -> bool:
    """Whether what comes next is within a string or brackets that the lines before opened."""
    try:
        ast.parse("\n".join(lines))
    except SyntaxError as error:
        return "never closed" in str(error) or "unterminated" in str(error)
    return False


def _replaced(kind: str, rest: str) -> str:
    """What stands for a magic line: the code that %time and %timeit measure, the change of folder of %cd."""
    if kind == "!":
        say_once(f"'!{rest.strip()}' in a notebook is left out: there is no shell here.")
        return "pass"
    name, _, code = rest.partition(" ")
    if name in ("time", "prun"):
        return code or "pass"
    if name == "cd":
        words = shlex.split(code) or ["~"]
        return f"__import__('os').chdir(__import__('os').path.expanduser({words[0]!r}))"
    if name in ("run", "load", "timeit"):
        say_once(f"'%{rest.strip()}' in a notebook is left out.")
    return "pass"


def run(cells: list[tuple[int, str]], name: str, variables: dict[str, Any]) -> None:
    """Run the cells one after the other; the value of a last line is printed, as Jupyter shows it."""
    variables.update(get_ipython=lambda: _Shell(), display=_display)
    for place, text in cells:
        file = f"{name}[cell {place}]"
        _remember(file, text)
        try:
            tree = as_of_then(ast.parse(plain(text), file))
            last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, file, "exec"), variables)
            if isinstance(last, ast.Expr):
                value = eval(compile(ast.Expression(last.value), file, "eval"), variables)
                if value is not None and not text.rstrip().endswith(";"):
                    print(value if isinstance(value, str) and "\n" in value else repr(value))
        except Exception as error:
            error.add_note(f"(in cell {place} of {name})") if hasattr(error, "add_note") else print(
                f"ostinato: cell {place} of {name} failed.", file=sys.stderr
            )
            raise


class _Shell:
    """What `get_ipython()` gives a notebook that asks: magics that do nothing."""

    def magic(self, line: str) -> None:
        """Do nothing."""

    def run_line_magic(self, name: str, line: str, *_: Any) -> None:
        """Do nothing."""

    def system(self, command: str) -> None:
        say_once(f"'!{command}' in a notebook is left out: there is no shell here.")


def _display(*values: Any, **_: Any) -> None:
    for value in values:
        print(value)


def _remember(file: str, text: str) -> None:
    """Let tracebacks show a cell's lines."""
    import linecache

    linecache.cache[file] = (len(text), None, [f"{line}\n" for line in text.split("\n")], file)
