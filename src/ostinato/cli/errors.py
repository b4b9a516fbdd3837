"""What a command says when it cannot do what was asked."""

import argparse
import importlib.util
import sys
from typing import NoReturn


class CommandError(Exception):
    """Ends a command: `main` prints the message as one line and returns `exit_code`, without a traceback."""

    def __init__(self, message: str, exit_code: int = 2) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class CommandParser(argparse.ArgumentParser):
    """An argument parser whose error is one line; argparse's own prints the usage first, which buries it."""

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {message} (see '{self.prog} --help')", file=sys.stderr)
        sys.exit(2)


def require(*modules: str, purpose: str) -> None:
    """Raise a `CommandError` if one of `modules`, which only the extra `demo` installs, is missing.

    It looks without importing, so a command can ask before its work starts and not after minutes of it.
    """
    for module in modules:
        if importlib.util.find_spec(module) is None:
            raise CommandError(
                f"{purpose} needs {module}, which is not installed: pip install 'ostinato[demo]'"
            )
