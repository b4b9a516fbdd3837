"""What definitions and command lines of flags get wrong."""

from __future__ import annotations


class Error(Exception):
    """Something is wrong with flags."""


class CantOpenFlagFileError(Error):
    """A file of flags (`--flagfile`) cannot be read."""


class DuplicateFlagError(Error):
    """A flag is defined twice."""


class FlagNameConflictsWithMethodError(Error):
    """A flag is named as a method of `FLAGS` is."""


class IllegalFlagValueError(Error):
    """A value that a flag does not take."""


class UnparsedFlagAccessError(Error):
    """A flag is read before the command line was."""


class ValidationError(Error):
    """A validator refused."""


class UnrecognizedFlagError(Error):
    """A flag on the command line that nobody defined."""

    def __init__(self, flagname: str, flagvalue: str = "", suggestions: list[str] | None = None) -> None:
        self.flagname, self.flagvalue = flagname, flagvalue
        hint = f". Did you mean: {', '.join(suggestions)} ?" if suggestions else ""
        super().__init__(f"Unknown command line flag {flagname!r}{hint}")
