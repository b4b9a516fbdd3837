"""What values flags may have together."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

from .exceptions import Error, ValidationError
from .values import FLAGS, FlagValues


class Validator:
    """A check of one flag's value, or of several as a dictionary."""

    def __init__(
        self, names: Sequence[str], checker: Callable[[Any], Any], message: str, single: bool
    ) -> None:
        self.names, self.checker, self.message, self.single = list(names), checker, message, single

    def refusal(self, flag_values: FlagValues) -> str | None:
        """What is wrong, or None."""
        values = {name: flag_values[name].value for name in self.names}
        shown = ", ".join(
            f"--{name}={value}" if self.single else f"{name}={value}" for name, value in values.items()
        )
        try:
            if self.checker(values[self.names[0]] if self.single else values):
                return None
            said = self.message
        except Error as error:
            if self.single and not isinstance(error, ValidationError):
                return f"flag {shown}: {error}"
            said = str(error)
        return f"flag{'' if self.single else 's'} {shown}: {said}"


def _name(flag: Any) -> str:
    return flag if isinstance(flag, str) else flag.name


def register_validator(
    flag_name: Any,
    checker: Callable[[Any], Any],
    message: str = "Flag validation failed",
    flag_values: FlagValues = FLAGS,
) -> None:
    """Refuse values of a flag for which `checker` is false (TF1 symbol: `tf.flags.register_validator`)."""
    name = _name(flag_name)
    flag_values[name].validators.append(Validator([name], checker, message, single=True))


def register_multi_flags_validator(
    flag_names: Sequence[Any],
    multi_flags_checker: Callable[[Any], Any],
    message: str = "Flags validation failed",
    flag_values: FlagValues = FLAGS,
) -> None:
    """Refuse the values of several flags (TF1 symbol: `tf.flags.register_multi_flags_validator`)."""
    names = [_name(flag) for flag in flag_names]
    made = Validator(names, multi_flags_checker, message, single=False)
    for name in names:
        flag_values[name].validators.append(made)


def validator(
    flag_name: Any, message: str = "Flag validation failed", flag_values: FlagValues = FLAGS
) -> Callable[[Any], Any]:
    """`register_validator` as a decorator (TF1 symbol: `tf.flags.validator`)."""

    def decorate(function: Any) -> Any:
        register_validator(flag_name, function, message, flag_values)
        return function

    return decorate


def multi_flags_validator(
    flag_names: Sequence[Any], message: str = "Flag validation failed", flag_values: FlagValues = FLAGS
) -> Callable[[Any], Any]:
    """`register_multi_flags_validator` as a decorator (TF1 symbol: `tf.flags.multi_flags_validator`)."""

    def decorate(function: Any) -> Any:
        register_multi_flags_validator(flag_names, function, message, flag_values)
        return function

    return decorate


def mark_flag_as_required(flag_name: Any, flag_values: FlagValues = FLAGS) -> None:
    """Refuse a command line that does not give the flag (TF1 symbol: `tf.flags.mark_flag_as_required`)."""
    name = _name(flag_name)
    if flag_values[name].default is not None:
        warnings.warn(
            f"Flag --{name} has a non-None default value; therefore, mark_flag_as_required will pass even if "
            "flag is not specified in the command line!",
            stacklevel=2,
        )
    message = f"Flag --{name} must have a value other than None."
    register_validator(name, lambda value: value is not None, message, flag_values)


def mark_flags_as_required(flag_names: Sequence[Any], flag_values: FlagValues = FLAGS) -> None:
    """`mark_flag_as_required` of each (TF1 symbol: `tf.flags.mark_flags_as_required`)."""
    for name in flag_names:
        mark_flag_as_required(name, flag_values)


def _exclusive(
    names: list[str], required: bool, flag_values: FlagValues, given: Callable[[Any], bool], what: str
) -> None:
    def check(values: dict[str, Any]) -> bool:
        count = sum(given(value) for value in values.values())
        if count == 1 or (count == 0 and not required):
            return True
        raise ValidationError(
            f"{'Exactly' if required else 'At most'} one of ({', '.join(names)}) must {what}."
        )

    register_multi_flags_validator(names, check, flag_values=flag_values)


def mark_flags_as_mutual_exclusive(
    flag_names: Sequence[Any], required: bool = False, flag_values: FlagValues = FLAGS
) -> None:
    """Take at most one of these flags (TF1 symbol: `tf.flags.mark_flags_as_mutual_exclusive`)."""
    names = [_name(flag) for flag in flag_names]
    for name in names:
        if flag_values[name].default is not None:
            warnings.warn(
                f"Flag --{name} has a non-None default value. That does not make sense with "
                "mark_flags_as_mutual_exclusive, which checks whether the listed flags have a value other "
                "than None.",
                stacklevel=2,
            )
    _exclusive(names, required, flag_values, lambda v: v is not None, "have a value other than None")


def mark_bool_flags_as_mutual_exclusive(
    flag_names: Sequence[Any], required: bool = False, flag_values: FlagValues = FLAGS
) -> None:
    """Take at most one of these that is on (TF1 symbol: `tf.flags.mark_bool_flags_as_mutual_exclusive`)."""
    names = [_name(flag) for flag in flag_names]
    for name in names:
        if not flag_values[name].boolean:
            raise ValidationError(
                f"Flag --{name} is not Boolean, which is required for flags used in "
                "mark_bool_flags_as_mutual_exclusive."
            )
    _exclusive(names, required, flag_values, bool, "be True")
