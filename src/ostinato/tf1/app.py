"""The module `tf.app`: how a script of TensorFlow 1 starts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from . import flags
from .names import absent


def run(main: Callable[[list[str]], Any] | None = None, argv: Sequence[str] | None = None) -> None:
    """Read the flags, call `main` with what is left of the command line, and exit with what it returns (TF1
    symbol: `tf.app.run`). Flags that nobody defined are left to `main`; `--help` prints them all and exits.
    """
    main = main or sys.modules["__main__"].main
    words = list(sys.argv if argv is None else argv)
    show_help(words)
    sys.exit(main(flags.FLAGS(words, known_only=True)))


def usage(shorthelp: bool = False) -> str:
    """What `--help` prints: the script's docstring and its flags."""
    doc = sys.modules["__main__"].__doc__ or f"\nUSAGE: {sys.argv[0]} [flags]\n"
    specifiers = doc.count("%") - 2 * doc.count("%%")
    try:
        doc %= (sys.argv[0],) * specifiers
    except (OverflowError, TypeError, ValueError):
        doc = str(doc)  # a docstring with percent signs of its own
    rows = flags.FLAGS.main_module_help() if shorthelp else flags.FLAGS.get_help()
    return f"{doc}\nflags:\n{rows}\n" if rows else f"{doc}\n"


def show_help(words: Sequence[str]) -> None:
    """Print the help and exit, where the command line asks for it and the script has no such flag."""
    asked = [word.lstrip("-") for word in words[1:] if word.startswith("-")]
    for name in ("help", "helpshort", "helpfull", "?"):
        if name in asked and name not in flags.FLAGS:
            print(usage(shorthelp=name != "helpfull"))
            if name != "helpfull":
                print("Try --helpfull to get a list of all flags.")
            sys.exit(1)


__all__ = ["flags", "run"]
__getattr__ = absent("tf.app", __all__)
