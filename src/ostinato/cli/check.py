"""`ostinato run --check`: which TensorFlow symbols scripts use, and which of them there are here."""

from __future__ import annotations

import inspect
import json
import types
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tabulate import tabulate

from ostinato.cli import check_python2, notebook
from ostinato.cli.check_symbols import Found, Use, collect, short
from ostinato.cli.errors import CommandError

SUPPORTED = "supported"
OLD = "supported (a name from before TensorFlow 1.15)"
MISSING = "not supported here"
NEVER = "not a symbol of TensorFlow 1"
ARGUMENT = "without the argument"
_SKIPPED = {".git", ".ipynb_checkpoints", "__pycache__", "node_modules", "site-packages"}
_BEFORE = {  # gone from TensorFlow before 1.15, and what they became
    "tf.pack": "tf.stack",
    "tf.unpack": "tf.unstack",
    "tf.mul": "tf.multiply",
    "tf.sub": "tf.subtract",
    "tf.neg": "tf.negative",
    "tf.select": "tf.where",
    "tf.batch_matmul": "tf.matmul",
    "tf.concat_v2": "tf.concat",
    "tf.inv": "tf.reciprocal",
    "tf.scalar_summary": "tf.summary.scalar",
    "tf.histogram_summary": "tf.summary.histogram",
    "tf.image_summary": "tf.summary.image",
    "tf.merge_summary": "tf.summary.merge",
    "tf.merge_all_summaries": "tf.summary.merge_all",
    "tf.train.SummaryWriter": "tf.summary.FileWriter",
    "tf.nn.rnn": "tf.nn.static_rnn",
    "tf.nn.bidirectional_rnn": "tf.nn.static_bidirectional_rnn",
    "tf.nn.state_saving_rnn": "tf.nn.static_state_saving_rnn",
    "tf.nn.seq2seq": "tf.contrib.legacy_seq2seq",
    "tf.complex_abs": "tf.abs",
    "tf.list_diff": "tf.setdiff1d",
}


@dataclass
class Symbol:
    """A symbol, its state, what to do where it is not there, and where it is used."""

    name: str
    status: str = SUPPORTED
    way_out: str = ""
    uses: dict[tuple[str, int], None] = field(default_factory=dict)  # in order, each once
    guarded: bool = True

    @property
    def fails(self) -> bool:
        """Whether a script that comes to it stops there."""
        return self.status not in (SUPPORTED, OLD) and not self.guarded


def main(paths: Sequence[str], as_json: bool) -> int:
    """Check the scripts and folders, print what was found, and return the exit code."""
    files = [file for path in paths for file in _files(path)]
    symbols: dict[str, Symbol] = {}
    leftovers: list[tuple[str, int, str]] = []
    unread: list[tuple[str, str]] = []
    uses: list[tuple[str, Use]] = []
    given: set[str] = set()
    for file in files:
        try:
            found, said = _read(file)
        except (SyntaxError, ValueError) as error:
            unread.append((file, f"{error}"))
            continue
        except (RecursionError, MemoryError):  # what Python's parser says of it
            unread.append((file, "expressions nested too deep to be read"))
            continue
        except OSError as error:
            if file in paths:
                raise CommandError(f"cannot read {file}: {error.strerror or error}") from None
            unread.append((file, error.strerror or f"{error}"))
            continue
        except CommandError as error:  # one broken notebook in a folder does not hide the others
            if file in paths:
                raise
            unread.append((file, f"{error}"))
            continue
        leftovers += [(file, line, text) for line, text in said]
        uses += [(file, use) for use in found.uses]
        given |= found.given
    answers = Answers(given)
    for file, use in uses:
        _enter(symbols, file, use, answers)
    rows = sorted(
        symbols.values(), key=lambda symbol: (not symbol.fails, symbol.status == SUPPORTED, symbol.name)
    )
    if as_json:
        print(json.dumps(_plain(files, rows, leftovers, unread), indent=1))
    else:
        _print(files, rows, leftovers, unread)
    return 1 if unread or any(symbol.fails for symbol in rows) else 0


def _files(path: str) -> list[str]:
    place = Path(path)
    if place.is_dir():
        found = [
            str(file)
            for suffix in ("*.py", "*.ipynb")
            for file in place.rglob(suffix)
            if not _SKIPPED.intersection(file.parts) and file.is_file()
        ]
        if not found:
            raise CommandError(f"there is no Python script or notebook in {path}")
        return sorted(found)
    if not place.is_file():
        raise CommandError(f"cannot read {path}: there is no such file")
    return [path]


def _read(file: str) -> tuple[Found, list[tuple[int, str]]]:
    """What a file uses, and what in it is Python 2's."""
    source = Path(file).read_bytes()
    if file.endswith(".ipynb"):
        cells = notebook.cells_of(source, file)
        text = "\n".join(notebook.plain(code) for _, code in cells)
    else:
        try:
            text = source.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = source.decode("latin-1")
    tree, said = check_python2.parsed(text, file)
    found = collect(tree)
    return found, [*said, *check_python2.leftovers(found)]


def _enter(symbols: dict[str, Symbol], file: str, use: Use, answers: Answers) -> None:
    name, status, way_out = answers.of(use.symbol)
    lacking = answers.lacking(use) if status in (SUPPORTED, OLD) else []
    if lacking:
        name = f"{name}({', '.join(f'{keyword}=' for keyword in lacking)})"
        status, way_out = ARGUMENT, f"it takes no {' and no '.join(lacking)} here"
    symbol = symbols.setdefault(name, Symbol(name, status, way_out))
    symbol.guarded &= use.guarded
    symbol.uses[file, use.line] = None


class Answers:
    """What there is of TensorFlow 1 here, and what there was there."""

    def __init__(self, given: Iterable[str] = ()) -> None:
        from ostinato.tf1 import shadow

        self._given = {short(path) for path in given}  # what the scripts put there themselves

        self._served = shadow.modules()
        self._there = _names_of_tensorflow()
        self._known: dict[str, tuple[str, str, str]] = {}

    def of(self, path: str) -> tuple[str, str, str]:
        """The symbol that a path names (what comes after it is an attribute of an object), its state and the
        way out.
        """
        if path not in self._known:
            self._known[path] = self._asked(path)
        return self._known[path]

    def _asked(self, path: str) -> tuple[str, str, str]:
        value, done, rest = self._resolve(path)
        name = short(done)
        if not rest:
            old = not isinstance(value, types.ModuleType) and self._is_older(name)
            return name, OLD if old else SUPPORTED, ""
        if not isinstance(value, types.ModuleType):
            # An attribute of a class or an object: that a class lacks a constant can be told, no more.
            own = f"{name}.{rest[0]}" in self._given
            if inspect.isclass(value) and rest[0].isupper() and not hasattr(value, rest[0]) and not own:
                return f"{name}.{rest[0]}", MISSING, ""
            return name, SUPPORTED, ""
        missing = short(f"{done}.{rest[0]}")
        if missing in self._given:
            return missing, SUPPORTED, ""
        status, way_out = self._why(value, missing, rest[0])
        for part in rest[1:]:  # where a whole module is missing, the symbol in it is what is looked for
            if missing not in self._there:
                break
            missing = f"{missing}.{part}"
        return missing, status, way_out

    def _resolve(self, path: str) -> tuple[Any, str, list[str]]:
        """What as much of a path as there is names; that part; and the rest."""
        parts = path.split(".")
        value: Any = self._served["tensorflow"]
        done = parts[0]
        for place, part in enumerate(parts[1:], 1):
            longer = f"{done}.{part}"
            if longer in self._served:
                value = self._served[longer]
            elif isinstance(value, types.ModuleType):
                try:
                    value = getattr(value, part)
                except (AttributeError, ImportError):
                    return value, done, parts[place:]
            else:
                return value, done, parts[place:]
            done = longer
        return value, done, []

    def _is_older(self, name: str) -> bool:
        module, _, last = name.rpartition(".")
        return module in self._there and last not in self._there[module] and last not in ("nn", "python")

    def _why(self, module: types.ModuleType, name: str, last: str) -> tuple[str, str]:
        """Why a module has no such symbol, and the way out, which is what it says itself when it is asked."""
        if name in _BEFORE:
            return MISSING, f"an old name of {_BEFORE[name]}"
        holder = name.rpartition(".")[0]
        if holder in self._there and last not in self._there[holder] and f"{name}" not in self._there:
            return NEVER, _said(module, last, holder)
        return MISSING, _said(module, last, holder)

    def lacking(self, use: Use) -> list[str]:
        """The keywords of a call that the symbol here does not take."""
        value, _, rest = self._resolve(use.symbol)
        if rest or not use.keywords or not callable(value):
            return []
        try:
            parameters = inspect.signature(value).parameters
        except (TypeError, ValueError):
            return []
        if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
            return []
        return [keyword for keyword in use.keywords if keyword not in parameters]


def _said(module: types.ModuleType, name: str, holder: str) -> str:
    """The way out as the module tells it, without the beginning that every such sentence has."""
    try:
        getattr(module, name)
    except (AttributeError, ImportError) as error:
        text = str(error)
        for opening in (" is not among the TensorFlow 1 symbols here", "has no attribute"):
            if opening in text:
                text = text.partition(opening)[2].strip("; .'") if opening.startswith(" is") else ""
        return text
    return ""


def _names_of_tensorflow() -> dict[str, frozenset[str]]:
    lines = (Path(__file__).parent / "tf1_names.txt").read_text().splitlines()
    return {module: frozenset(names.split()) for module, _, names in (line.partition(": ") for line in lines)}


def _where(symbol: Symbol, several: bool) -> str:
    places: dict[str, list[int]] = {}
    for file, line in symbol.uses:
        places.setdefault(file, []).append(line)
    shown = []
    for file, lines in list(places.items())[:3]:
        numbers = ", ".join(map(str, lines[:5])) + (", ..." if len(lines) > 5 else "")
        shown.append(f"{file}: {numbers}" if several else numbers)
    return "; ".join(shown) + (f"; and {len(places) - 3} files more" if len(places) > 3 else "")


def _print(
    files: list[str],
    rows: Iterable[Symbol],
    leftovers: list[tuple[str, int, str]],
    unread: list[tuple[str, str]],
) -> None:
    rows = list(rows)
    several = len(files) > 1
    if rows:
        table: list[Any] = [
            (
                symbol.name,
                symbol.status
                + (" (the script does without it)" if symbol.guarded and symbol.status == MISSING else ""),
                symbol.way_out,
                _where(symbol, several),
            )
            for symbol in rows
        ]
        heads: Any = ("symbol", "state", "way out", "files and lines" if several else "lines")
        if not any(symbol.way_out for symbol in rows):
            table, heads = [(row[0], row[1], row[3]) for row in table], (heads[0], heads[1], heads[3])
        print(tabulate(table, heads, tablefmt="simple"))
        print()
    if leftovers:
        print("Python 2's, which 2to3 mends:")
        for file, line, text in leftovers:
            print(f"  {file}:{line}: {text}")
        print()
    for file, text in unread:
        print(f"{file} cannot be read as Python: {text}")
    failing = sum(symbol.fails for symbol in rows)
    print(
        f"{len(files)} file{'s' * several}: {len(rows)} TensorFlow symbols, "
        f"{'all of them supported' if not failing else f'{failing} of them not supported here'}."
    )


def _plain(
    files: list[str],
    rows: Iterable[Symbol],
    leftovers: list[tuple[str, int, str]],
    unread: list[tuple[str, str]],
) -> dict[str, Any]:
    rows = list(rows)
    return {
        "files": files,
        "supported": not unread and not any(symbol.fails for symbol in rows),
        "symbols": [
            {
                "name": symbol.name,
                "status": symbol.status,
                "way_out": symbol.way_out,
                "guarded": symbol.guarded,
                "uses": [{"file": file, "line": line} for file, line in symbol.uses],
            }
            for symbol in rows
        ],
        "python2": [{"file": file, "line": line, "text": text} for file, line, text in leftovers],
        "unreadable": [{"file": file, "error": text} for file, text in unread],
    }
