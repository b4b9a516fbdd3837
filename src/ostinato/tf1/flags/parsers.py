"""From the words of a command line to values, and back."""

from __future__ import annotations

import csv
import enum
import io
from collections.abc import Iterable
from typing import Any


class ArgumentParser:
    """Takes a word as it is; its subclasses make numbers, truth values and lists of it."""

    syntactic_help = ""

    def parse(self, argument: Any) -> Any:
        if isinstance(argument, str):
            return argument
        raise TypeError(f'flag value must be a string, found "{type(argument)}"')

    def flag_type(self) -> str:
        return "string"


class _NumericParser(ArgumentParser):
    noun, single = "number", "a number"

    def __init__(self, lower_bound: Any = None, upper_bound: Any = None) -> None:
        self.lower_bound, self.upper_bound = lower_bound, upper_bound
        self.syntactic_help = self._described()

    def _described(self) -> str:
        low, high, integers = self.lower_bound, self.upper_bound, isinstance(self, IntegerParser)
        if low is not None and high is not None:
            return f"{self.single} in the range [{low}, {high}]"
        if integers and low == 1:
            return f"a positive {self.noun}"
        if integers and high == -1:
            return f"a negative {self.noun}"
        if low == 0:
            return f"a non-negative {self.noun}"
        if high == 0:
            return f"a non-positive {self.noun}"
        if high is not None:
            return f"{self.noun} <= {high}"
        return f"{self.noun} >= {low}" if low is not None else self.single

    def is_outside_bounds(self, value: Any) -> bool:
        low, high = self.lower_bound, self.upper_bound
        return (low is not None and value < low) or (high is not None and value > high)

    def convert(self, argument: Any) -> Any:
        raise NotImplementedError

    def parse(self, argument: Any) -> Any:
        value = self.convert(argument)
        if self.is_outside_bounds(value):
            raise ValueError(f"{value} is not {self.syntactic_help}")
        return value


class FloatParser(_NumericParser):
    """A float."""

    def convert(self, argument: Any) -> float:
        if isinstance(argument, (str, int, float)) and not isinstance(argument, bool):
            return float(argument)
        raise TypeError(f"Expect argument to be a string, int, or float, found {type(argument)}")

    def flag_type(self) -> str:
        return "float"


class IntegerParser(_NumericParser):
    """An integer: decimal, or after 0x and 0o."""

    noun, single = "integer", "an integer"

    def convert(self, argument: Any) -> int:
        if isinstance(argument, int) and not isinstance(argument, bool):
            return argument
        if not isinstance(argument, str):
            raise TypeError(f"Expect argument to be a string or int, found {type(argument)}")
        base = {"0x": 16, "0o": 8}.get(argument[:2], 10) if len(argument) > 2 else 10
        return int(argument, base)

    def flag_type(self) -> str:
        return "int"


class BooleanParser(ArgumentParser):
    """True of true, t, 1; False of false, f, 0."""

    _words = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}

    def parse(self, argument: Any) -> bool:
        if isinstance(argument, str):
            if argument.lower() in self._words:
                return self._words[argument.lower()]
        elif isinstance(argument, int):
            if argument in (0, 1):
                return bool(argument)
        else:
            raise TypeError("Non-boolean argument to boolean flag", argument)
        raise ValueError("Non-boolean argument to boolean flag", argument)

    def flag_type(self) -> str:
        return "bool"


class EnumParser(ArgumentParser):
    """One of some words."""

    def __init__(self, enum_values: Iterable[str], case_sensitive: bool = True) -> None:
        if not enum_values or isinstance(enum_values, str):
            raise ValueError(
                f'enum_values cannot be {"a str" if enum_values else "empty"}, found "{enum_values}"'
            )
        self.enum_values, self.case_sensitive = list(enum_values), case_sensitive

    def parse(self, argument: Any) -> Any:
        for value in self.enum_values:
            if argument == value or (not self.case_sensitive and str(argument).upper() == value.upper()):
                return value
        raise ValueError(f"value should be one of <{'|'.join(map(str, self.enum_values))}>")

    def flag_type(self) -> str:
        return "string enum"


class EnumClassParser(ArgumentParser):
    """A member of an `enum.Enum`, by its name."""

    def __init__(self, enum_class: type[enum.Enum], case_sensitive: bool = True) -> None:
        if not issubclass(enum_class, enum.Enum):
            raise TypeError(f"{enum_class} is not a subclass of Enum.")
        if not enum_class.__members__:
            raise ValueError(f'enum_class cannot be empty, but "{enum_class}" is empty.')
        self.enum_class = enum_class
        self._members = {
            name if case_sensitive else name.lower(): member
            for name, member in enum_class.__members__.items()
        }
        if len(self._members) < len(enum_class.__members__):
            raise ValueError(f"Duplicate enum values for {enum_class} using case_sensitive=False")
        self._words = EnumParser(list(self._members), case_sensitive)

    @property
    def member_names(self) -> tuple[str, ...]:
        return tuple(self._members)

    def parse(self, argument: Any) -> Any:
        if isinstance(argument, self.enum_class):
            return argument
        if not isinstance(argument, str):
            raise ValueError(f"{argument} is not an enum member or a name of a member in {self.enum_class}")
        return self._members[self._words.parse(argument)]

    def flag_type(self) -> str:
        return "enum class"


class BaseListParser(ArgumentParser):
    """A list of the words between tokens."""

    def __init__(self, token: str | None = None, name: str | None = None) -> None:
        self._token, self._name = token, name
        self.syntactic_help = f"a {name} separated list"

    def parse(self, argument: Any) -> list[Any]:
        if isinstance(argument, list):
            return argument
        return self._split(argument) if argument else []

    def _split(self, argument: str) -> list[str]:
        return [part.strip() for part in argument.split(self._token)]

    def flag_type(self) -> str:
        return f"{self._name} separated list of strings"


class ListParser(BaseListParser):
    """Words between commas, quoted as in CSV where they hold one."""

    def __init__(self) -> None:
        super().__init__(",", "comma")

    def _split(self, argument: str) -> list[str]:
        try:
            return [part.strip() for part in next(csv.reader([argument], strict=True))]
        except csv.Error as error:
            raise ValueError(
                f"Unable to parse the value {argument!r} as a {self.flag_type()}: {error}"
            ) from None


class WhitespaceSeparatedListParser(BaseListParser):
    """Words between spaces."""

    def __init__(self, comma_compat: bool = False) -> None:
        self._comma_compat = comma_compat
        super().__init__(None, "whitespace or comma" if comma_compat else "whitespace")

    def _split(self, argument: str) -> list[str]:
        return (argument.replace(",", " ") if self._comma_compat else argument).split()


class ArgumentSerializer:
    """A value as a word."""

    def serialize(self, value: Any) -> str:
        return str(value)


class ListSerializer(ArgumentSerializer):
    """A list as its members between separators."""

    def __init__(self, list_sep: str) -> None:
        self.list_sep = list_sep

    def serialize(self, value: Any) -> str:
        return self.list_sep.join(map(str, value))


class CsvListSerializer(ListSerializer):
    """A list as a line of CSV."""

    def serialize(self, value: Any) -> str:
        line = io.StringIO()
        csv.writer(line, delimiter=self.list_sep).writerow(map(str, value))
        return line.getvalue().strip()


class EnumClassSerializer(ArgumentSerializer):
    """A member of an enum, or each of several, as its name."""

    def __init__(self, lowercase: bool = False) -> None:
        self._lowercase = lowercase

    def serialize(self, value: Any) -> str:
        names = ",".join(member.name for member in (value if isinstance(value, list) else [value]))
        return names.lower() if self._lowercase else names
