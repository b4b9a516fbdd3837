"""`FLAGS`: all flags of a program, and the reading of its command line."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .exceptions import (
    CantOpenFlagFileError,
    DuplicateFlagError,
    Error,
    FlagNameConflictsWithMethodError,
    IllegalFlagValueError,
    UnparsedFlagAccessError,
    UnrecognizedFlagError,
)
from .flag import Flag
from .help import flags_help
from .parsers import ArgumentParser, ArgumentSerializer

_WORDS_OF_TRUTH = ("true", "false")


def calling_module() -> str:
    """The name of the module whose code calls these modules: a script's path where it is the script."""
    frame: Any = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").startswith(__package__ or "?"):
        frame = frame.f_back
    name = frame.f_globals.get("__name__", "") if frame is not None else ""
    return sys.argv[0] if name == "__main__" else str(name)


class FlagValues:
    """Flags by name; each is an attribute, whose value it is (TF1 symbol: `tf.flags.FLAGS`).

    `FLAGS` itself reads the process's command line when the first flag is asked for, as TensorFlow's does.
    Its names `__flags`, `__parsed`, `_parse_flags` and the setting of a flag that nobody defined are those of
    TensorFlow before 1.5.
    """

    def __init__(self, reads_itself: bool = False) -> None:
        # In the instance's own dictionary by these very names: `FLAGS.__flags` outside of a class is no
        # private name, and scripts read it.
        self.__dict__.update(
            {
                "__flags": {},
                "__parsed": False,
                "__modules": {},
                "__key_modules": {},
                "__reads_itself": reads_itself,
                "__gnu_getopt": reads_itself,
            }
        )

    def _flags(self) -> dict[str, Flag]:
        flags: dict[str, Flag] = self.__dict__["__flags"]
        return flags

    # Defining.

    def __setitem__(self, name: str, flag: Flag) -> None:
        if not isinstance(flag, Flag):
            raise IllegalFlagValueError(f"Expect Flag instances, found type {type(flag)}.")
        if not isinstance(name, str):
            raise Error("Flag name must be a string")
        if not name or " " in name:
            raise Error(f"Flag name cannot {'contain a space' if name else 'be empty'}")
        names = [name] if flag.short_name is None else [flag.short_name, name]
        for each in names:
            if not flag.allow_using_method_names and callable(getattr(FlagValues, each, None)):
                raise FlagNameConflictsWithMethodError(
                    f'Cannot define a flag named "{each}". It conflicts with a method on class '
                    f'"FlagValues". To allow defining it, use allow_using_method_names and access the flag '
                    f"value with FLAGS['{each}'].value."
                )
            there = self._flags().get(each)
            if there is not None and not (flag.allow_override or there.allow_override):
                raise DuplicateFlagError(
                    f"The flag '{each}' is defined twice. First from "
                    f"{self.find_module_defining_flag(each, '<unknown>')}, Second from {calling_module()}.  "
                    f"Description from first occurrence: {there.help}"
                )
        for each in names:
            self._flags()[each] = flag

    def register_flag_by_module(self, module_name: str, flag: Flag) -> None:
        self.flags_by_module_dict().setdefault(module_name, []).append(flag)

    def register_key_flag_for_module(self, module_name: str, flag: Flag) -> None:
        flags = self.key_flags_by_module_dict().setdefault(module_name, [])
        if flag not in flags:
            flags.append(flag)

    def append_flag_values(self, flag_values: FlagValues) -> None:
        """Take over the flags of another `FlagValues`."""
        for name, flag in flag_values._flags().items():
            if name == flag.name:
                self[name] = flag

    def remove_flag_values(self, flag_values: Iterable[str]) -> None:
        for name in list(flag_values):
            delattr(self, name)

    def __delattr__(self, name: str) -> None:
        if name not in self._flags():
            raise AttributeError(name)
        flag = self._flags().pop(name)
        if flag not in self._flags().values():
            for modules in (self.flags_by_module_dict(), self.key_flags_by_module_dict()):
                for flags in modules.values():
                    flags[:] = [other for other in flags if other is not flag]

    # Which module defined what.

    def flags_by_module_dict(self) -> dict[str, list[Flag]]:
        modules: dict[str, list[Flag]] = self.__dict__["__modules"]
        return modules

    def key_flags_by_module_dict(self) -> dict[str, list[Flag]]:
        modules: dict[str, list[Flag]] = self.__dict__["__key_modules"]
        return modules

    def get_flags_for_module(self, module: Any) -> list[Flag]:
        return list(self.flags_by_module_dict().get(_name_of(module), []))

    def get_key_flags_for_module(self, module: Any) -> list[Flag]:
        flags = self.get_flags_for_module(module)
        key_flags = self.key_flags_by_module_dict().get(_name_of(module), [])
        return [*flags, *[flag for flag in key_flags if flag not in flags]]

    def find_module_defining_flag(self, flagname: str, default: Any = None) -> Any:
        flag = self._flags().get(flagname)
        for module, flags in self.flags_by_module_dict().items():
            if any(other is flag for other in flags):
                return module
        return default

    # Values.

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        if not self.is_parsed() and self.__dict__["__reads_itself"]:
            self(sys.argv)
        if name not in self._flags():
            raise AttributeError(name)
        flag = self._flags()[name]
        if self.is_parsed() or flag.present:
            return flag.value
        raise UnparsedFlagAccessError(f"Trying to access flag --{name} before flags were parsed.")

    def __setattr__(self, name: str, value: Any) -> None:
        flag = self._flags().get(name)
        if flag is None:  # before TensorFlow 1.5 this made a flag of it, and scripts carry results about so
            flag = Flag(ArgumentParser(), ArgumentSerializer(), name, None, "(set, not defined)")
            flag.value = value
            flag.using_default_value = False
            self[name] = flag
            return
        before, flag.value = flag.value, value
        try:
            self._validate(flag.validators)
        except IllegalFlagValueError:
            flag.value = before
            raise
        flag.using_default_value = False

    def __getitem__(self, name: str) -> Flag:
        return self._flags()[name]

    def __contains__(self, name: str) -> bool:
        return name in self._flags()

    def __iter__(self) -> Iterator[str]:
        return iter(self._flags())

    def __len__(self) -> int:
        return len(self._flags())

    def __dir__(self) -> list[str]:
        return sorted(self._flags())

    def __str__(self) -> str:
        return self.get_help()

    def set_default(self, name: str, value: Any) -> None:
        """Give a flag another default."""
        if name not in self._flags():
            raise UnrecognizedFlagError(name, str(value))
        self._flags()[name].set_default(value)
        self._validate(self._flags()[name].validators)

    def get_flag_value(self, name: str, default: Any) -> Any:
        """The flag's value, or `default` where that is None."""
        value = getattr(self, name)
        return default if value is None else value

    def flag_values_dict(self) -> dict[str, Any]:
        """The values by name."""
        return {name: flag.value for name, flag in self._flags().items()}

    def validate_all_flags(self) -> None:
        self._validate([validator for flag in self._flags().values() for validator in flag.validators])

    def _validate(self, validators: Iterable[Any]) -> None:
        refused = []
        for validator in dict.fromkeys(validators):
            message = validator.refusal(self)
            if message is not None:
                refused.append(message)
        if refused:
            raise IllegalFlagValueError("\n".join(refused))

    # The command line.

    def __call__(self, argv: Sequence[str], known_only: bool = False) -> list[str]:
        """Read `argv`, of which the first is the program; what is left of it is returned.

        Raises:
            UnrecognizedFlagError: a flag that nobody defined, unless `known_only`.
            IllegalFlagValueError: a value that a flag does not take.
        """
        if isinstance(argv, (str, bytes)):
            raise TypeError("argv should be a tuple/list of strings, not bytes or string.")
        if not argv:
            raise ValueError(
                "argv cannot be an empty list, and must contain the program name as the first element."
            )
        left = self._read(self.read_flags_from_files(list(argv[1:])), known_only)
        self.mark_as_parsed()
        self.validate_all_flags()
        return [argv[0], *left]

    def _parse_flags(self, args: Sequence[str] | None = None) -> list[str]:
        """Read the command line and return what is left of it: TensorFlow's before 1.5."""
        return self([sys.argv[0], *(sys.argv[1:] if args is None else args)], known_only=True)[1:]

    def _read(self, words: list[str], known_only: bool) -> list[str]:
        left: list[str] = []
        unknown: list[tuple[str, str]] = []
        undefined_is_fine: set[str] = set()
        words = list(words)
        while words:
            word = words.pop(0)
            name, equals, given = word.lstrip("-").partition("=") if word[:2] == "--" else _after_dash(word)
            if word == "--":
                left += [word] if known_only else []
                break
            if not word.startswith("-") or not name:
                left.append(word)
                if not self.is_gnu_getopt():
                    break
                continue
            flag = self._flags().get(name)
            off = self._flags().get(name[2:]) if flag is None and name.startswith("no") else None
            if name == "undefok" or (flag is not None and not flag.boolean and not equals):
                if not equals and not words:
                    raise Error(f"Missing value for flag {word}")
                given = given if equals else words.pop(0)
            if name == "undefok":
                undefined_is_fine.update(part.strip() for part in given.split(","))
            elif flag is not None:
                if flag.boolean and not equals:
                    # `--train False` meant so before TensorFlow 1.5, and nobody who writes it means True.
                    follows = bool(words) and words[0].lower() in _WORDS_OF_TRUTH
                    given = words.pop(0) if follows else "true"
                flag.parse(given)
                flag.using_default_value = False
            elif off is not None and off.boolean:
                if equals:
                    raise ValueError(f"{word} does not take an argument")
                off.parse("false")
                off.using_default_value = False
            elif known_only:
                left.append(word)
            else:
                unknown.append((name, word))
        for name, word in unknown:
            if name not in undefined_is_fine and name.removeprefix("no") not in undefined_is_fine:
                raise UnrecognizedFlagError(name, word, difflib.get_close_matches(name, list(self)))
        return left + words

    def read_flags_from_files(self, argv: Sequence[str], force_gnu: bool = True) -> list[str]:
        """The words of `argv`, with what the files of `--flagfile` hold in place of these."""
        words: list[str] = []
        left = list(argv)
        while left:
            word = left.pop(0)
            if word == "--":
                return [*words, word, *left]
            if word in ("--flagfile", "-flagfile"):
                if not left:
                    raise IllegalFlagValueError("--flagfile with no argument")
                words += _lines(left.pop(0), ())
            elif word.startswith(("--flagfile=", "-flagfile=")):
                words += _lines(word.split("=", 1)[1], ())
            else:
                words.append(word)
        return words

    def set_gnu_getopt(self, gnu_getopt: bool = True) -> None:
        """Whether flags may come after other words."""
        self.__dict__["__gnu_getopt"] = gnu_getopt

    def is_gnu_getopt(self) -> bool:
        return bool(self.__dict__["__gnu_getopt"])

    def is_parsed(self) -> bool:
        return bool(self.__dict__["__parsed"])

    def mark_as_parsed(self) -> None:
        self.__dict__["__parsed"] = True

    def unparse_flags(self) -> None:
        """Forget the command line."""
        for flag in self._flags().values():
            flag.unparse()
        self.__dict__["__parsed"] = False

    # As text.

    def flags_into_string(self) -> str:
        """The flags as lines of a `--flagfile`."""
        lines = []
        for _, flags in sorted(self.flags_by_module_dict().items()):
            lines += [flag.serialize() for flag in sorted(flags, key=lambda flag: flag.name)]
        return "".join(f"{line}\n" for line in lines if line)

    def append_flags_into_file(self, filename: str) -> None:
        with open(filename, "a") as file:
            file.write(self.flags_into_string())

    def get_help(self, prefix: str = "", include_special_flags: bool = True) -> str:
        """The help of all flags, the script's first."""
        modules = sorted(self.flags_by_module_dict(), key=lambda name: (name != sys.argv[0], name))
        return "\n".join(self._help_of(name, self.get_flags_for_module(name), prefix) for name in modules)

    def module_help(self, module: Any) -> str:
        return self._help_of(_name_of(module), self.get_key_flags_for_module(module))

    def main_module_help(self) -> str:
        return self.module_help(sys.argv[0])

    def _help_of(self, module: str, flags: list[Flag], prefix: str = "") -> str:
        there = [flag for flag in flags if self._flags().get(flag.name) is flag]
        return flags_help(module, there, prefix)


def _after_dash(word: str) -> tuple[str, str, str]:
    return word[1:].partition("=")


def _name_of(module: Any) -> str:
    name = module if isinstance(module, str) else module.__name__
    return sys.argv[0] if name == "__main__" else name


def _lines(filename: str, within: tuple[str, ...]) -> list[str]:
    """The flags that a file holds, and the files it names."""
    path = os.path.expanduser(filename.strip())
    if path in within:
        print(f"Warning: flag file {path} names itself; it is read once.", file=sys.stderr)
        return []
    try:
        with open(path) as file:
            lines = [line.strip() for line in file]
    except OSError as error:
        raise CantOpenFlagFileError(f"ERROR:: Unable to open flagfile: {error}") from None
    words: list[str] = []
    for line in lines:
        if line.startswith(("--flagfile=", "-flagfile=")):
            words += _lines(line.split("=", 1)[1], (*within, path))
        elif line and not line.startswith(("#", "//")):
            words.append(line)
    return words


FLAGS = FlagValues(reads_itself=True)
