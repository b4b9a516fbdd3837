"""Protocol messages: classes that know their fields, hold values as protobuf's do, and are written and read.

A class lists its fields as `"name": "number kind"`, where a kind is a scalar's (`int64`, `string`, ...), the
name of another message, or of an enumeration; `repeated` and `map<key, value>` go before it, and `in group`
after it for one of a group of which one at most is set. The encoding is in message_wire.py, the text form in
message_text.py.

>>> class Point(Message):
...     _fields = {"name": "1 string", "at": "2 repeated float"}
>>> point = Point(name="a", at=[1, 2.5])
>>> Point.FromString(point.SerializeToString()) == point
True
>>> print(point, end="")
name: "a"
at: 1.0
at: 2.5
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from .message_fields import MESSAGES, Field, all_checked, checked, field_of


class Repeated(list[Any]):
    """The values of a repeated field; of messages too, which `add` makes."""

    def __init__(self, owner: Message, field: Field) -> None:
        super().__init__()
        self._owner, self._field = owner, field

    def _taken(self, value: Any) -> Any:
        field = self._field
        if field.scalar:
            return checked(field.scalar, value, field.enumeration)
        kind = field.message
        if not isinstance(value, kind):
            raise TypeError(
                "Parameter to MergeFrom() must be instance of same class: expected "
                f"{kind.full_name()} got {type(value).__name__}."
            )
        own = kind()
        own.MergeFrom(value)
        return own

    def add(self, **values: Any) -> Any:
        """A new message at the end."""
        if self._field.scalar:
            raise AttributeError("'RepeatedScalarContainer' object has no attribute 'add'")
        made = self._field.message(**values)
        list.append(self, made)
        self._owner._touch()
        return made

    def append(self, value: Any) -> None:
        list.append(self, self._taken(value))
        self._owner._touch()

    def keep(self, message: Any) -> None:
        """Append a message that nobody else holds: it is not copied."""
        list.append(self, message)
        self._owner._touch()

    def extend(self, values: Iterable[Any] | None) -> None:
        if values is None:
            return
        if self._field.scalar:
            list.extend(self, all_checked(self._field, values))
        else:
            list.extend(self, [self._taken(value) for value in values])
        self._owner._touch()

    def __iadd__(self, values: Iterable[Any]) -> Repeated:  # type: ignore[misc]
        self.extend(values)
        return self

    def insert(self, index: Any, value: Any) -> None:
        list.insert(self, index, self._taken(value))
        self._owner._touch()

    def __setitem__(self, index: Any, value: Any) -> None:
        if not self._field.scalar:
            raise TypeError("'RepeatedCompositeContainer' object does not support item assignment")
        taken = all_checked(self._field, value) if isinstance(index, slice) else self._taken(value)
        list.__setitem__(self, index, taken)
        self._owner._touch()

    def MergeFrom(self, other: Iterable[Any]) -> None:
        self.extend(other)

    def __reduce__(self) -> Any:
        return (list, (list(self),))


class Map(dict[Any, Any]):
    """The values of a map field; what is asked for and missing is made."""

    def __init__(self, owner: Message, field: Field) -> None:
        super().__init__()
        self._owner, self._field = owner, field

    def __missing__(self, key: Any) -> Any:
        field = self._field
        key = checked(field.key_kind, key)
        made = field.default if field.scalar else field.message()
        dict.__setitem__(self, key, made)
        self._owner._touch()
        return made

    def get_or_create(self, key: Any) -> Any:
        return self[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        field = self._field
        if not field.scalar:
            raise ValueError("May not set values directly, call my_map[key].foo = 5")
        key, value = checked(field.key_kind, key), checked(field.scalar, value, field.enumeration)
        dict.__setitem__(self, key, value)
        self._owner._touch()

    def update(self, other: Any = (), /, **more: Any) -> None:
        for key, value in {**dict(other), **more}.items():
            if self._field.scalar:
                self[key] = value
            else:
                kind = self._field.message
                self[key].CopyFrom(kind(**value) if isinstance(value, dict) else value)
        self._owner._touch()

    MergeFrom = update

    def __reduce__(self) -> Any:
        return (dict, (dict(self),))


class Message:
    """A protocol message; derive from it, with `_fields`."""

    __slots__ = ("_owner", "_present", "_unknown", "_values")
    _fields: ClassVar[dict[str, str]] = {}
    _by_name: ClassVar[dict[str, Field]] = {}
    _by_number: ClassVar[dict[int, Field]] = {}
    _groups: ClassVar[dict[str, list[str]]] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        owner = cls.__qualname__.rpartition("<locals>.")[2]
        found = [field_of(owner, name, text) for name, text in cls._fields.items()]
        found.sort(key=lambda field: field.number)  # as they are written and shown
        cls._by_name = {field.name: field for field in found}
        cls._by_number = {field.number: field for field in found}
        cls._groups = {}
        for field in found:
            if field.group:
                cls._groups.setdefault(field.group, []).append(field.name)
        MESSAGES[owner] = cls

    def __init__(self, **values: Any) -> None:
        set_ = object.__setattr__
        set_(self, "_values", {})
        set_(self, "_owner", None)
        set_(self, "_present", False)
        set_(self, "_unknown", b"")
        for name, value in values.items():
            field = self._by_name.get(name)
            if field is None:
                raise ValueError(f'Protocol message {type(self).__name__} has no "{name}" field.')
            if value is None:
                continue
            if field.key_kind:
                getattr(self, name).update(value)
            elif field.repeated:
                held = getattr(self, name)
                if not field.scalar:
                    kind = field.message
                    value = [kind(**item) if isinstance(item, dict) else item for item in value]
                held.extend(value)
            elif field.scalar:
                setattr(self, name, value)
            else:
                held = getattr(self, name)
                held.MergeFrom(field.message(**value) if isinstance(value, dict) else value)
                held._touch()

    @classmethod
    def full_name(cls) -> str:
        return f"tensorflow.{cls.__qualname__.rpartition('<locals>.')[2]}"

    # -- fields
    def __getattr__(self, name: str) -> Any:
        field = type(self)._by_name.get(name)
        if field is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        values = self._values
        if name in values:
            return values[name]
        if field.key_kind:
            made: Any = Map(self, field)
        elif field.repeated:
            made = Repeated(self, field)
        elif field.scalar:
            return field.default
        else:
            made = field.message()
            object.__setattr__(made, "_owner", (self, name))
        values[name] = made
        return made

    def __setattr__(self, name: str, value: Any) -> None:
        field = type(self)._by_name.get(name)
        if field is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        if field.repeated or field.key_kind:
            raise AttributeError(
                f'Assignment not allowed to repeated field "{name}" in protocol message object.'
            )
        if not field.scalar:
            raise AttributeError(f'Assignment not allowed to field "{name}" in protocol message object.')
        self._values[name] = checked(field.scalar, value, field.enumeration)
        self._chosen(field)
        self._touch()

    def _chosen(self, field: Field) -> None:
        """Of a group only the field set last stays."""
        for other in self._groups.get(field.group, ()):
            if other != field.name and other in self._values:
                gone = self._values.pop(other)
                if isinstance(gone, Message):
                    object.__setattr__(gone, "_owner", None)

    def _touch(self) -> None:
        """Something in this message was set: it is there, and so is what it is in."""
        if not self._present:
            object.__setattr__(self, "_present", True)
            if self._owner is not None:
                owner, name = self._owner
                owner._chosen(owner._by_name[name])
                owner._touch()
        elif self._owner is not None:
            owner, name = self._owner
            if owner._by_name[name].group:
                owner._chosen(owner._by_name[name])

    SetInParent = _touch

    def set_fields(self) -> Iterator[tuple[Field, Any]]:
        """The fields that are set, in the order of their numbers."""
        for name, field in self._by_name.items():
            if name not in self._values:
                continue
            value = self._values[name]
            if field.repeated or field.key_kind:
                is_set = bool(value)
            elif field.scalar:
                is_set = bool(field.group) or value != field.default or _is_minus_zero(value)
            else:
                is_set = value._present
            if is_set:
                yield field, value

    def ListFields(self) -> list[tuple[Field, Any]]:
        return list(self.set_fields())

    def HasField(self, name: str) -> bool:
        """Whether a message, or one of a group, is set."""
        if name in self._groups:
            return self.WhichOneof(name) is not None
        field = self._by_name.get(name)
        if field is None:
            raise ValueError(f"Protocol message {type(self).__name__} has no field {name}.")
        if field.repeated or field.key_kind:
            raise ValueError(f'Protocol message {type(self).__name__} has no singular "{name}" field.')
        if field.scalar and not field.group:
            raise ValueError(
                f'Can\'t test non-optional, non-submessage field "{field.label}" for presence in proto3.'
            )
        return any(found.name == name for found, _ in self.set_fields())

    def WhichOneof(self, group: str) -> str | None:
        """The field of a group that is set."""
        if group not in self._groups:
            raise ValueError(f'Protocol message has no oneof "{group}" field.')
        return next((field.name for field, _ in self.set_fields() if field.group == group), None)

    def ClearField(self, name: str) -> None:
        for found in self._groups.get(name, [name]):
            if found not in self._by_name:
                raise ValueError(f'Protocol message has no "{name}" field.')
            gone = self._values.pop(found, None)
            if isinstance(gone, Message):
                object.__setattr__(gone, "_owner", None)

    def Clear(self) -> None:
        for name in list(self._values):
            self.ClearField(name)
        object.__setattr__(self, "_unknown", b"")

    def IsInitialized(self) -> bool:
        return True

    # -- as a whole
    def MergeFrom(self, other: Any) -> None:
        """Take over what is set in another: repeated fields grow, messages are merged."""
        if type(other) is not type(self):
            raise TypeError(
                "Parameter to MergeFrom() must be instance of same class: expected "
                f"{self.full_name()} got {type(other).__name__}."
            )
        for field, value in other.set_fields():
            if field.repeated:
                getattr(self, field.name).extend(value)
            elif field.key_kind:
                getattr(self, field.name).update(value)
            elif field.scalar:
                setattr(self, field.name, value)
            else:
                held = getattr(self, field.name)
                held.MergeFrom(value)
                held._touch()
        object.__setattr__(self, "_unknown", self._unknown + other._unknown)
        if other._present:
            self._touch()

    def CopyFrom(self, other: Any) -> None:
        if other is not self:
            if type(other) is not type(self):
                raise TypeError(
                    "Parameter to CopyFrom() must be instance of same class: expected "
                    f"{self.full_name()} got {type(other).__name__}."
                )
            self.Clear()
            self.MergeFrom(other)

    def SerializeToString(self, deterministic: bool | None = None) -> bytes:
        from .message_wire import encoded

        return encoded(self)

    SerializePartialToString = SerializeToString

    def ByteSize(self) -> int:
        return len(self.SerializeToString())

    def MergeFromString(self, serialized: bytes) -> int:
        from .message_wire import decode_into

        decode_into(self, serialized)
        return len(serialized)

    def ParseFromString(self, serialized: bytes) -> int:
        """Take the values of an encoded message.

        Raises:
            DecodeError: the bytes are none.
        """
        self.Clear()
        return self.MergeFromString(serialized)

    @classmethod
    def FromString(cls, serialized: bytes) -> Any:
        made = cls()
        made.MergeFromString(serialized)
        return made

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.SerializeToString() == other.SerializeToString()

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        from .message_text import text_of

        return text_of(self)

    __repr__ = __str__

    def __reduce__(self) -> Any:
        return (type(self).FromString, (self.SerializeToString(),))

    def __copy__(self) -> Any:
        return self.__deepcopy__({})

    def __deepcopy__(self, memory: Any) -> Any:
        made = type(self)()
        made.MergeFrom(self)
        return made

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._by_name]


def _is_minus_zero(value: Any) -> bool:
    return isinstance(value, float) and value == 0 and str(value) == "-0.0"
