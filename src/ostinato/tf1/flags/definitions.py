"""`DEFINE_...`: each defines a flag in the module that calls it."""

from __future__ import annotations

import enum
import logging
from collections.abc import Iterable
from typing import Any

from .exceptions import IllegalFlagValueError
from .flag import BooleanFlag, EnumClassFlag, EnumFlag, Flag, MultiEnumClassFlag, MultiFlag
from .parsers import (
    ArgumentParser,
    ArgumentSerializer,
    CsvListSerializer,
    EnumParser,
    FloatParser,
    IntegerParser,
    ListParser,
    ListSerializer,
    WhitespaceSeparatedListParser,
)
from .validators import mark_flag_as_required, register_validator
from .values import FLAGS, FlagValues, calling_module

_MISSING = object()
_OLD_NAMES = {"flag_name": "name", "default_value": "default", "docstring": "help"}


class FlagHolder:
    """What a definition returns: the flag's `value`, `default`, `name`, and whether it is `present`."""

    def __init__(self, flag_values: FlagValues, flag: Flag, ensure_non_none_value: bool = False) -> None:
        self._flagvalues, self._name, self._ensure = flag_values, flag.name, ensure_non_none_value

    @property
    def name(self) -> str:
        return self._name

    @property
    def value(self) -> Any:
        value = getattr(self._flagvalues, self._name)
        if self._ensure and value is None:
            raise IllegalFlagValueError(f"Unexpected None value for flag {self._name}")
        return value

    @property
    def default(self) -> Any:
        return self._flagvalues[self._name].default

    @property
    def present(self) -> bool:
        return bool(self._flagvalues[self._name].present)

    def serialize(self) -> str:
        return self._flagvalues[self._name].serialize()


def DEFINE_flag(
    flag: Flag, flag_values: FlagValues = FLAGS, module_name: str | None = None, required: bool = False
) -> FlagHolder:
    """Define a flag that was made by hand (TF1 symbol: `tf.flags.DEFINE_flag`)."""
    if required and flag.default is not None:
        raise ValueError(f"Required flag --{flag.name} cannot have a non-None default")
    flag_values[flag.name] = flag
    flag_values.register_flag_by_module(module_name or calling_module(), flag)
    if required:
        mark_flag_as_required(flag.name, flag_values)
    return FlagHolder(flag_values, flag, ensure_non_none_value=required)


def DEFINE(
    parser: ArgumentParser,
    name: str,
    default: Any,
    help: str | None,
    flag_values: FlagValues = FLAGS,
    serializer: ArgumentSerializer | None = None,
    module_name: str | None = None,
    required: bool = False,
    **args: Any,
) -> FlagHolder:
    """Define a flag of a parser's kind (TF1 symbol: `tf.flags.DEFINE`)."""
    flag = Flag(parser, serializer, name, default, help, **args)
    return DEFINE_flag(flag, flag_values, module_name, required)


def _arguments(
    kind: str, given: dict[str, Any], name: Any, default: Any, help: Any
) -> tuple[Any, Any, Any, dict[str, Any]]:
    """Name, default and help, by their names or by those of TensorFlow before 1.5, and what else is given."""
    old = {new: given.pop(before) for before, new in _OLD_NAMES.items() if before in given}
    if old:
        logging.warning(
            "Use of the keyword argument names (flag_name, default_value, docstring) is deprecated, please "
            "use (name, default, help) instead."
        )
    found = {"name": name, "default": default, "help": help}
    found.update(old)
    missing = [key for key, value in found.items() if value is _MISSING]
    if missing:
        raise TypeError(
            f"DEFINE_{kind}() missing {len(missing)} required positional "
            f"argument{'s' if len(missing) > 1 else ''}: {' and '.join(map(repr, missing))}"
        )
    return found["name"], found["default"], found["help"], given


def DEFINE_string(
    name: Any = _MISSING,
    default: Any = _MISSING,
    help: Any = _MISSING,
    flag_values: FlagValues = FLAGS,
    **args: Any,
) -> FlagHolder:
    """Define a flag whose value is text (TF1 symbol: `tf.flags.DEFINE_string`)."""
    name, default, help, args = _arguments("string", args, name, default, help)
    return DEFINE(ArgumentParser(), name, default, help, flag_values, ArgumentSerializer(), **args)


def DEFINE_boolean(
    name: Any = _MISSING,
    default: Any = _MISSING,
    help: Any = _MISSING,
    flag_values: FlagValues = FLAGS,
    module_name: str | None = None,
    required: bool = False,
    **args: Any,
) -> FlagHolder:
    """Define a flag that is on or off: `--name`, `--noname`, `--name=false` (TF1 symbol:
    `tf.flags.DEFINE_boolean`).
    """
    name, default, help, args = _arguments("boolean", args, name, default, help)
    return DEFINE_flag(BooleanFlag(name, default, help, **args), flag_values, module_name, required)


DEFINE_bool = DEFINE_boolean


def _define_number(
    kind: type[Any], parser: Any, given: tuple[Any, ...], flag_values: FlagValues
) -> FlagHolder:
    name, default, help, args = given
    holder = DEFINE(parser, name, default, help, flag_values, ArgumentSerializer(), **args)
    if parser.lower_bound is not None or parser.upper_bound is not None:

        def within(value: Any) -> bool:
            if value is not None and parser.is_outside_bounds(value):
                raise IllegalFlagValueError(f"{value} is not {parser.syntactic_help}")
            return True

        register_validator(name, within, flag_values=flag_values)
    return holder


def DEFINE_float(
    name: Any = _MISSING,
    default: Any = _MISSING,
    help: Any = _MISSING,
    lower_bound: float | None = None,
    upper_bound: float | None = None,
    flag_values: FlagValues = FLAGS,
    **args: Any,
) -> FlagHolder:
    """Define a flag whose value is a float (TF1 symbol: `tf.flags.DEFINE_float`)."""
    given = _arguments("float", args, name, default, help)
    return _define_number(float, FloatParser(lower_bound, upper_bound), given, flag_values)


def DEFINE_integer(
    name: Any = _MISSING,
    default: Any = _MISSING,
    help: Any = _MISSING,
    lower_bound: int | None = None,
    upper_bound: int | None = None,
    flag_values: FlagValues = FLAGS,
    **args: Any,
) -> FlagHolder:
    """Define a flag whose value is an integer (TF1 symbol: `tf.flags.DEFINE_integer`)."""
    given = _arguments("integer", args, name, default, help)
    return _define_number(int, IntegerParser(lower_bound, upper_bound), given, flag_values)


def DEFINE_enum(
    name: str,
    default: Any,
    enum_values: Iterable[str],
    help: str | None,
    flag_values: FlagValues = FLAGS,
    module_name: str | None = None,
    required: bool = False,
    **args: Any,
) -> FlagHolder:
    """Define a flag whose value is one of some words (TF1 symbol: `tf.flags.DEFINE_enum`)."""
    return DEFINE_flag(EnumFlag(name, default, help, enum_values, **args), flag_values, module_name, required)


def DEFINE_enum_class(
    name: str,
    default: Any,
    enum_class: type[enum.Enum],
    help: str | None,
    flag_values: FlagValues = FLAGS,
    module_name: str | None = None,
    case_sensitive: bool = False,
    required: bool = False,
    **args: Any,
) -> FlagHolder:
    """Define a flag whose value is a member of an enum (TF1 symbol: `tf.flags.DEFINE_enum_class`)."""
    flag = EnumClassFlag(name, default, help, enum_class, case_sensitive=case_sensitive, **args)
    return DEFINE_flag(flag, flag_values, module_name, required)


def DEFINE_list(
    name: str, default: Any, help: str | None, flag_values: FlagValues = FLAGS, **args: Any
) -> FlagHolder:
    """Define a flag whose value is a list of words between commas (TF1 symbol: `tf.flags.DEFINE_list`)."""
    return DEFINE(ListParser(), name, default, help, flag_values, CsvListSerializer(","), **args)


def DEFINE_spaceseplist(
    name: str,
    default: Any,
    help: str | None,
    comma_compat: bool = False,
    flag_values: FlagValues = FLAGS,
    **args: Any,
) -> FlagHolder:
    """Define a flag whose value is a list of words between spaces (TF1 symbol:
    `tf.flags.DEFINE_spaceseplist`).
    """
    parser = WhitespaceSeparatedListParser(comma_compat)
    return DEFINE(parser, name, default, help, flag_values, ListSerializer(" "), **args)


def DEFINE_multi(
    parser: ArgumentParser,
    serializer: ArgumentSerializer,
    name: str,
    default: Any,
    help: str | None,
    flag_values: FlagValues = FLAGS,
    module_name: str | None = None,
    required: bool = False,
    **args: Any,
) -> FlagHolder:
    """Define a flag that may be given several times (TF1 symbol: `tf.flags.DEFINE_multi`)."""
    flag = MultiFlag(parser, serializer, name, default, help, **args)
    return DEFINE_flag(flag, flag_values, module_name, required)


def DEFINE_multi_string(
    name: str, default: Any, help: str | None, flag_values: FlagValues = FLAGS, **args: Any
) -> FlagHolder:
    """Several texts (TF1 symbol: `tf.flags.DEFINE_multi_string`)."""
    return DEFINE_multi(ArgumentParser(), ArgumentSerializer(), name, default, help, flag_values, **args)


def DEFINE_multi_integer(
    name: str,
    default: Any,
    help: str | None,
    lower_bound: int | None = None,
    upper_bound: int | None = None,
    flag_values: FlagValues = FLAGS,
    **args: Any,
) -> FlagHolder:
    """Several integers (TF1 symbol: `tf.flags.DEFINE_multi_integer`)."""
    parser = IntegerParser(lower_bound, upper_bound)
    return DEFINE_multi(parser, ArgumentSerializer(), name, default, help, flag_values, **args)


def DEFINE_multi_float(
    name: str,
    default: Any,
    help: str | None,
    lower_bound: float | None = None,
    upper_bound: float | None = None,
    flag_values: FlagValues = FLAGS,
    **args: Any,
) -> FlagHolder:
    """Several floats (TF1 symbol: `tf.flags.DEFINE_multi_float`)."""
    parser = FloatParser(lower_bound, upper_bound)
    return DEFINE_multi(parser, ArgumentSerializer(), name, default, help, flag_values, **args)


def DEFINE_multi_enum(
    name: str,
    default: Any,
    enum_values: Iterable[str],
    help: str | None,
    flag_values: FlagValues = FLAGS,
    case_sensitive: bool = True,
    **args: Any,
) -> FlagHolder:
    """Several of some words (TF1 symbol: `tf.flags.DEFINE_multi_enum`)."""
    parser = EnumParser(enum_values, case_sensitive)
    said = f"<{'|'.join(parser.enum_values)}>: {help}"
    return DEFINE_multi(parser, ArgumentSerializer(), name, default, said, flag_values, **args)


def DEFINE_multi_enum_class(
    name: str,
    default: Any,
    enum_class: type[enum.Enum],
    help: str | None,
    flag_values: FlagValues = FLAGS,
    module_name: str | None = None,
    case_sensitive: bool = False,
    required: bool = False,
    **args: Any,
) -> FlagHolder:
    """Several members of an enum (TF1 symbol: `tf.flags.DEFINE_multi_enum_class`)."""
    flag = MultiEnumClassFlag(name, default, help, enum_class, case_sensitive=case_sensitive, **args)
    return DEFINE_flag(flag, flag_values, module_name, required)


def DEFINE_alias(
    name: str, original_name: str, flag_values: FlagValues = FLAGS, module_name: str | None = None
) -> FlagHolder:
    """Define another name of a flag (TF1 symbol: `tf.flags.DEFINE_alias`)."""
    original = flag_values[original_name]

    class Alias(Flag):
        @property
        def value(self) -> Any:
            return original.value

        @value.setter
        def value(self, value: Any) -> None:
            original.value = value

        def parse(self, argument: Any) -> None:
            original.parse(argument)
            original.using_default_value = False
            self.present += 1

        def set_default(self, value: Any) -> None:
            self.default = self.default_unparsed = original.default

    alias = Alias(
        original.parser,
        original.serializer,
        name,
        None,
        f"Alias for --{original_name}.",
        boolean=original.boolean,
    )
    return DEFINE_flag(alias, flag_values, module_name)


def declare_key_flag(flag_name: Any, flag_values: FlagValues = FLAGS) -> None:
    """Show another module's flag in the help of this one (TF1 symbol: `tf.flags.declare_key_flag`)."""
    name = flag_name.name if isinstance(flag_name, FlagHolder) else flag_name
    if name not in flag_values:
        raise KeyError(name)
    flag_values.register_key_flag_for_module(calling_module(), flag_values[name])


def adopt_module_key_flags(module: Any, flag_values: FlagValues = FLAGS) -> None:
    """Show another module's flags in the help of this one (TF1 symbol: `tf.flags.adopt_module_key_flags`)."""
    for flag in flag_values.get_key_flags_for_module(module):
        flag_values.register_key_flag_for_module(calling_module(), flag)


def disclaim_key_flags() -> None:
    """Nothing to do: the module that a definition is made in is taken (TF1 symbol:
    `tf.flags.disclaim_key_flags`).
    """


def set_default(flag_holder: FlagHolder, value: Any) -> None:
    """Give a flag another default (TF1 symbol: `tf.flags.set_default`)."""
    flag_holder._flagvalues.set_default(flag_holder.name, value)


def override_value(flag_holder: FlagHolder, value: Any) -> None:
    """Give a flag a value that goes before the command line's (TF1 symbol: `tf.flags.override_value`)."""
    flag = flag_holder._flagvalues[flag_holder.name]
    flag.value = flag.parsed(value)
    flag.using_default_value = False
    flag.present += 1
