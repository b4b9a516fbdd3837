"""One flag: its name, its default, its value."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Any

from .exceptions import Error, IllegalFlagValueError
from .parsers import (
    ArgumentParser,
    ArgumentSerializer,
    BooleanParser,
    EnumClassParser,
    EnumClassSerializer,
    EnumParser,
)


def _same(value: Any) -> Any:
    return value


class Flag:
    """A flag. Printed it is its value: that is what `FLAGS.__flags` held before TensorFlow 1.5, and scripts
    of then print and pickle it.
    """

    def __init__(
        self,
        parser: ArgumentParser,
        serializer: ArgumentSerializer | None,
        name: str,
        default: Any,
        help_string: str | None,
        short_name: str | None = None,
        boolean: bool = False,
        allow_override: bool = False,
        allow_override_cpp: bool = False,
        allow_hide_cpp: bool = False,
        allow_overwrite: bool = True,
        allow_using_method_names: bool = False,
    ) -> None:
        if allow_hide_cpp and allow_override_cpp:
            raise Error(f"Flag {name} cannot both hide and override a flag of C++.")
        self.name, self.short_name, self.boolean = name, short_name, boolean
        self.help = help_string or "(no help available)"
        self.parser, self.serializer = parser, serializer
        self.allow_override, self.allow_overwrite = allow_override, allow_overwrite
        self.allow_using_method_names = allow_using_method_names
        self.present = 0
        self.using_default_value = True
        self.validators: list[Any] = []
        self.value: Any = None
        self.set_default(default)

    def __repr__(self) -> str:
        return repr(self.value)

    def __str__(self) -> str:
        return str(self.value)

    def __format__(self, specification: str) -> str:
        return format(self.value if specification else str(self.value), specification)

    def __bool__(self) -> bool:
        return bool(self.value)

    def __index__(self) -> int:
        return self.value.__index__()

    def __float__(self) -> float:
        return float(self.value)

    def __reduce__(self) -> Any:
        return _same, (self.value,)

    def parse(self, argument: Any) -> None:
        """Take a value from the command line."""
        if self.present and not self.allow_overwrite:
            raise IllegalFlagValueError(f"flag --{self.name}={argument}: already defined as {self.value}")
        self.value = self.parsed(argument)
        self.present += 1

    def parsed(self, argument: Any) -> Any:
        """What the parser makes of a word."""
        try:
            return self.parser.parse(argument)
        except (TypeError, ValueError) as error:
            raise IllegalFlagValueError(f"flag --{self.name}={argument}: {error}") from error

    def unparse(self) -> None:
        """Go back to the default."""
        self.value, self.using_default_value, self.present = self.default, True, 0

    def set_default(self, value: Any) -> None:
        """Take another default, which is also the value where none was given.

        A number in place of another kind of number, or of a word, stays what it is, as it did to TensorFlow
        1.4: scripts of then have such defaults.
        """
        self.default_unparsed = value
        try:
            self.default = None if value is None else self.parsed(value)
        except IllegalFlagValueError as error:
            if not isinstance(value, (int, float)) or not isinstance(error.__cause__, TypeError):
                raise
            self.default = value
        if self.using_default_value:
            self.value = self.default

    _set_default = set_default

    @property
    def default_as_str(self) -> str | None:
        """The default as the help shows it."""
        if self.default is None:
            return None
        if self.serializer:
            return repr(self.serializer.serialize(self.default))
        if self.boolean:
            return repr("true" if self.default else "false")
        return repr(str(self.default))

    def serialize(self) -> str:
        """The flag as a word of a command line; nothing where its value is None."""
        return self._serialized(self.value)

    def _serialized(self, value: Any) -> str:
        if value is None:
            return ""
        if self.boolean:
            return f"--{self.name}" if value else f"--no{self.name}"
        if self.serializer is None:
            raise Error(f"Serializer not present for flag {self.name}")
        return f"--{self.name}={self.serializer.serialize(value)}"

    def flag_type(self) -> str:
        return self.parser.flag_type()


class BooleanFlag(Flag):
    """A flag that is on as `--name` and off as `--noname`."""

    def __init__(
        self, name: str, default: Any, help: str | None, short_name: str | None = None, **args: Any
    ) -> None:
        super().__init__(BooleanParser(), None, name, default, help, short_name, True, **args)


class EnumFlag(Flag):
    """A flag whose value is one of some words."""

    def __init__(
        self,
        name: str,
        default: Any,
        help: str | None,
        enum_values: Iterable[str],
        short_name: str | None = None,
        case_sensitive: bool = True,
        **args: Any,
    ) -> None:
        parser = EnumParser(enum_values, case_sensitive)
        super().__init__(parser, ArgumentSerializer(), name, default, help, short_name, **args)
        self.help = f"<{'|'.join(parser.enum_values)}>: {self.help}"


class EnumClassFlag(Flag):
    """A flag whose value is a member of an enum."""

    def __init__(
        self,
        name: str,
        default: Any,
        help: str | None,
        enum_class: type[enum.Enum],
        short_name: str | None = None,
        case_sensitive: bool = False,
        **args: Any,
    ) -> None:
        parser = EnumClassParser(enum_class, case_sensitive)
        serializer = EnumClassSerializer(lowercase=not case_sensitive)
        super().__init__(parser, serializer, name, default, help, short_name, **args)
        self.help = f"<{'|'.join(parser.member_names)}>: {self.help}"


class MultiFlag(Flag):
    """A flag that may be given several times: its value is the list."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.help += ";\n    repeat this option to specify a list of values"

    def parse(self, arguments: Any) -> None:
        values = self.parsed(arguments)
        self.value = [*self.value, *values] if self.present else values
        self.present += len(values)

    def parsed(self, arguments: Any) -> list[Any]:
        several = isinstance(arguments, Iterable) and not isinstance(arguments, str)
        return [super(MultiFlag, self).parsed(item) for item in (arguments if several else [arguments])]

    @property
    def default_as_str(self) -> str | None:
        """The default as the help shows it."""
        if self.default is None:
            return None
        return repr(self.serializer.serialize(self.default) if self.serializer else str(self.default))

    def _serialized(self, value: Any) -> str:
        return "\n".join(super(MultiFlag, self)._serialized(item) for item in value or ())

    def flag_type(self) -> str:
        return f"multi {self.parser.flag_type()}"


class MultiEnumClassFlag(MultiFlag):
    """A flag that may be given several times, each a member of an enum."""

    def __init__(
        self,
        name: str,
        default: Any,
        help_string: str | None,
        enum_class: type[enum.Enum],
        case_sensitive: bool = False,
        **args: Any,
    ) -> None:
        parser = EnumClassParser(enum_class, case_sensitive)
        serializer = EnumClassSerializer(lowercase=not case_sensitive)
        super().__init__(parser, serializer, name, default, help_string, **args)
        self.help = f"<{'|'.join(parser.member_names)}>: {self.help}"
