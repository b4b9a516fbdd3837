"""`HParams`: the settings of a model by name, each of one type, read from "rate=0.1,sizes=[1,2]"."""

from __future__ import annotations

import json
import numbers
import re
from typing import Any

_ASSIGNMENT = re.compile(
    r"(?P<name>[a-zA-Z][\w\.]*)(\[\s*(?P<index>\d+)\s*\])?\s*=\s*"
    r"((?P<val>[^,\[]*)|\[(?P<vals>[^\]]*)\])($|,\s*)"
)


def _cannot_parse(name: str, kind: type, value: Any, values: str) -> ValueError:
    return ValueError(
        f"Could not parse hparam '{name}' of type '{kind.__name__}' with value '{value}' in {values}"
    )


def _parsed(name: str, kind: type, value: str, values: str) -> Any:
    try:
        if kind is bool:
            return (
                {"true": True, "True": True, "false": False, "False": False}.get(value)
                if value
                in (
                    "true",
                    "True",
                    "false",
                    "False",
                )
                else bool(int(value))
            )
        return kind(value)
    except ValueError:
        raise _cannot_parse(name, kind, value, values) from None


def parse_values(values: str, type_map: dict[str, type], ignore_unknown: bool = False) -> dict[str, Any]:
    """Names and values of a text such as "a=1,b=[2,3],c[1]=4" (TF1: `tf.contrib.training.parse_values`).

    A value of one place of a list is a dict of places.

    Raises:
        ValueError: the text is malformed, names something twice or what there is not, or has a value of
            another type.

    >>> parse_values("rate=0.5,sizes=[1,2]", {"rate": float, "sizes": int})
    {'rate': 0.5, 'sizes': [1, 2]}
    """
    found: dict[str, Any] = {}
    place = 0
    while place < len(values):
        match = _ASSIGNMENT.match(values, place)
        if not match:
            raise ValueError(f"Malformed hyperparameter value: {values[place:]}")
        place = match.end()
        name = match["name"]
        if name not in type_map:
            if ignore_unknown:
                continue
            raise ValueError(f"Unknown hyperparameter type for {name}")
        kind = type_map[name]
        again = ValueError(f"Multiple assignments to variable '{name}' in {values}")
        if match["val"] is not None:
            value = _parsed(name, kind, match["val"], values)
            if match["index"] is None:
                if name in found:
                    raise again
                found[name] = value
            else:
                kept = found.setdefault(name, {})
                if not isinstance(kept, dict):
                    raise again
                if int(match["index"]) in kept:
                    raise ValueError(
                        f"Multiple assignments to variable '{name}[{match['index']}]' in {values}"
                    )
                kept[int(match["index"])] = value
        else:
            if match["index"] is not None:
                raise ValueError("Assignment of a list to a list index.")
            if name in found:
                raise again
            elements = [item for item in re.split("[ ,]", match["vals"]) if item]
            found[name] = [_parsed(name, kind, item, values) for item in elements]
    return found


def _cast(name: str, kind: type, value: Any) -> Any:
    """A value as a setting's type, where nothing is lost by that."""
    if type(value) is kind or issubclass(kind, type(None)):
        return value
    misfit = (
        (issubclass(kind, (str, bytes)) and not isinstance(value, (str, bytes)))
        or issubclass(kind, bool) != isinstance(value, bool)
        or (issubclass(kind, numbers.Integral) and not isinstance(value, numbers.Integral))
        or (issubclass(kind, numbers.Number) and not isinstance(value, numbers.Number))
    )
    if misfit:
        raise ValueError(f"Could not cast hparam '{name}' of type '{kind}' from value {value!r}")
    make: Any = kind
    return make(value)


class HParams:
    """Settings by name (TF1 symbol: `tf.contrib.training.HParams`).

    Raises:
        ValueError: a name that is taken, an empty list, or a value of another type than it had.

    >>> settings = HParams(rate=0.1, sizes=[1, 2])
    >>> settings.parse("rate=0.5,sizes=[3]")
    HParams([('rate', 0.5), ('sizes', [3])])
    """

    def __init__(self, hparam_def: Any = None, model_structure: Any = None, **kwargs: Any) -> None:
        self._hparam_types: dict[str, tuple[type, bool]] = {}
        self._model_structure = model_structure
        if hparam_def:
            raise ValueError(
                "HParams are not read from a HParamDef here: give the values, or use parse_json."
            )
        for name, value in kwargs.items():
            self.add_hparam(name, value)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"'HParams' object has no attribute '{name}'")

    def add_hparam(self, name: str, value: Any) -> None:
        """Add a setting, whose type is its value's."""
        if getattr(self, name, None) is not None:
            raise ValueError(f"Hyperparameter name is reserved: {name}")
        is_list = isinstance(value, (list, tuple))
        if is_list and not value:
            raise ValueError(f"Multi-valued hyperparameters cannot be empty: {name}")
        self._hparam_types[name] = (type(value[0]), True) if is_list else (type(value), False)
        setattr(self, name, value)

    def set_hparam(self, name: str, value: Any) -> None:
        """Give a setting a value of its type."""
        kind, is_list = self._hparam_types[name]
        if isinstance(value, list):
            if not is_list:
                raise ValueError(f"Must not pass a list for single-valued parameter: {name}")
            setattr(self, name, [_cast(name, kind, item) for item in value])
        else:
            if is_list:
                raise ValueError(f"Must pass a list for multi-valued parameter: {name}.")
            setattr(self, name, _cast(name, kind, value))

    def del_hparam(self, name: str) -> None:
        """Take a setting away."""
        if name in self._hparam_types:
            delattr(self, name)
            del self._hparam_types[name]

    def parse(self, values: str) -> HParams:
        """Set what a text says."""
        return self.override_from_dict(
            parse_values(values, {name: kind for name, (kind, _) in self._hparam_types.items()})
        )

    def override_from_dict(self, values_dict: dict[str, Any]) -> HParams:
        """Set what a dict says."""
        for name, value in values_dict.items():
            self.set_hparam(name, value)
        return self

    def set_from_map(self, values_map: dict[str, Any]) -> HParams:
        """The older name of `override_from_dict`."""
        return self.override_from_dict(values_map)

    def set_model_structure(self, model_structure: Any) -> None:
        self._model_structure = model_structure

    def get_model_structure(self) -> Any:
        return self._model_structure

    def to_json(self, indent: Any = None, separators: Any = None, sort_keys: bool = False) -> str:
        """The settings as JSON."""
        return json.dumps(self.values(), indent=indent, separators=separators, sort_keys=sort_keys)

    def parse_json(self, values_json: str) -> HParams:
        """Set what a text of JSON says."""
        return self.override_from_dict(json.loads(values_json))

    def values(self) -> dict[str, Any]:
        """The settings as a dict."""
        return {name: getattr(self, name) for name in self._hparam_types}

    def get(self, key: str, default: Any = None) -> Any:
        """A setting's value; the default where there is none of that name."""
        if key not in self._hparam_types:
            return default
        if default is not None:
            kind, is_list = self._hparam_types[key]
            shown = f"list<{kind}>" if is_list else str(kind)
            said = f"Hparam '{key}' of type '{shown}' is incompatible with default={default}"
            if is_list != isinstance(default, list):
                raise ValueError(said)
            try:
                for item in default if is_list else [default]:
                    _cast(key, kind, item)
            except ValueError as problem:
                raise ValueError(f"{said}. {problem}") from None
        return getattr(self, key)

    def __contains__(self, key: str) -> bool:
        return key in self._hparam_types

    def __str__(self) -> str:
        return ",".join(f"{name}={value}" for name, value in self.values().items())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({sorted(self.values().items())})"
