"""Write docs/tf1-coverage.md: which of TensorFlow 1.15's recurrent symbols there are here.

    python tools/tf1_coverage.py            write it
    python tools/tf1_coverage.py --check    exit with 1 where it is out of date, and say what changed

`tf1_symbols.json` is what TensorFlow has (`list_tf1_symbols.py` made it); what there is here is found by
looking at `ostinato.tf1` itself.
"""

from __future__ import annotations

import difflib
import inspect
import json
import sys
from pathlib import Path
from typing import Any

import ostinato.tf1 as tf
from ostinato.tf1 import dtypes, shadow

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "tf1-coverage.md"
SYMBOLS = ROOT / "tools" / "tf1_symbols.json"
_LATER = ("tf.keras.layers",)
_HEAD = """# What there is of TensorFlow 1.15's recurrent interface

Written by `tools/tf1_coverage.py`, which compares names, arguments and defaults with TensorFlow 1.15's; where
there is no remark they are the same. What behaves otherwise than in TensorFlow is in
[differences.md](differences.md).

"""


_FUNCTIONS = {
    value: name for module in (tf.nn, tf) for name, value in vars(module).items() if callable(value)
}


def text(default: Any) -> str:
    if inspect.isfunction(default) and default in _FUNCTIONS:
        return _FUNCTIONS[default]
    if inspect.isfunction(default) or inspect.isclass(default) or inspect.isbuiltin(default):
        return str(default.__name__).rstrip("_")
    return f"tf.{default.name}" if isinstance(default, dtypes.DType) else repr(default)


def arguments(symbol: Any) -> list[str]:
    """The arguments as the list of TensorFlow's symbols states them."""
    if hasattr(symbol, "_fields"):
        return list(symbol._fields)
    if inspect.isclass(symbol):
        constructor: Any = vars(symbol).get("__init__") or symbol.__init__
        rows = arguments(constructor)[1:]
        return [] if constructor is object.__init__ else rows
    if not callable(symbol):
        return []
    marks: dict[Any, str] = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    rows = []
    for parameter in inspect.signature(symbol).parameters.values():
        default = "" if parameter.default is inspect.Parameter.empty else f"={text(parameter.default)}"
        rows.append(f"{marks.get(parameter.kind, '')}{parameter.name}{default}")
    return rows


def split(rows: list[str]) -> dict[str, str]:
    """Default by name, in order; '' where there is none."""
    return {row.partition("=")[0]: row.partition("=")[2] for row in rows}


def same_default(ours: str, theirs: str) -> bool:
    if ours == theirs:
        return True
    if theirs.startswith("<"):  # an enumeration, which is a plain value here: its first, or no choice at all
        return ours == "None" or ours in theirs
    try:
        return float(ours) == float(theirs)
    except ValueError:
        return False


def differences(ours: list[str], theirs: list[str]) -> list[str]:
    """What a call written for TensorFlow could run into."""
    mine, wanted = split(ours), split(theirs)
    takes_any = any(name.startswith("**") for name in mine)
    found = []
    missing = [name for name in wanted if name not in mine and not name.startswith("*")]
    if missing:
        found.append(
            ("by keyword only: " if takes_any else "without ") + ", ".join(f"`{m}`" for m in missing)
        )
    for name, default in wanted.items():
        if name in mine and not same_default(mine[name], default):
            there = f"`{default}`" if default else "required"
            found.append(f"`{name}` is {f'`{mine[name]}`' if mine[name] else 'required'}, not {there}")
    common = [name for name in wanted if name in mine and not name.startswith("*")]
    if common != [name for name in mine if name in common]:
        found.append("arguments in another order")
    for name in mine:
        if name not in wanted and not name.startswith("*"):
            found.append(f"also `{name}`")
    if any(name.startswith("**") for name in wanted) and not takes_any:
        found.append("no further keywords")
    return found


def module_here(path: str) -> Any:
    """The module that stands for TensorFlow's here; None where there is none."""
    name = "tensorflow" + path[2:] if path.split(".")[0] == "tf" else path
    return shadow.modules().get(name)


def state(module: Any, name: str, theirs: list[str]) -> tuple[bool, str]:
    """(whether it is there, the remark of its row)."""
    if module is None:
        return False, "no such module"
    there = list(getattr(module, "__all__", [key for key in vars(module) if key[0] != "_"]))
    if name not in there and name not in vars(module):
        near = difflib.get_close_matches(name, there, n=1, cutoff=0.6)
        return False, f"nearest: `{near[0]}`" if near else ""
    return True, "; ".join(differences(arguments(getattr(module, name)), theirs))


def groups() -> list[dict[str, Any]]:
    """TensorFlow's symbols."""
    found: list[dict[str, Any]] = json.loads(SYMBOLS.read_text())
    return found


def page() -> str:
    """The text of docs/tf1-coverage.md."""
    parts, summary = [], []
    for group in groups():
        module, rows, count = module_here(group["module"]), [], 0
        for name, _, theirs in group["symbols"]:
            there, remark = state(module, name, theirs)
            count += there
            rows.append(f"| `{name}` | {'yes' if there else '**no**'} | {remark} |")
        total = len(group["symbols"])
        summary.append(f"| {group['title']} | `{group['module']}` | {count} of {total} |")
        later = " The rest is still to come." if group["module"] in _LATER and count < total else ""
        head = [f"## {group['title']}", "", f"`{group['module']}`: {count} of {total}.{later}", ""]
        columns = ["| symbol | there | remark |", "|---|---|---|"]
        parts.append("\n".join([*head, *columns, *rows]) + "\n")
    table = "| group | module | there |\n|---|---|---|\n" + "\n".join(summary) + "\n\n"
    return _HEAD + table + "\n".join(parts)


def main() -> int:
    new = page()
    if "--check" not in sys.argv:
        PAGE.write_text(new)
        return 0
    old = PAGE.read_text() if PAGE.exists() else ""
    sys.stdout.writelines(
        difflib.unified_diff(old.splitlines(True), new.splitlines(True), "committed", "found")
    )
    return int(old != new)


if __name__ == "__main__":
    sys.exit(main())
