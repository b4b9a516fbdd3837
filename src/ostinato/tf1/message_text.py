"""Protocol messages as text: the form that `str` gives and that files such as graph.pbtxt have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .message_fields import Field, ParseError
from .messages import Message

_ESCAPES = {10: "\\n", 13: "\\r", 9: "\\t", 34: '\\"', 39: "\\'", 92: "\\\\"}
_BYTES = [_ESCAPES.get(byte) or (chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}") for byte in range(256)]


def text_of(message: Message, indent: int = 0) -> str:
    """A message in text form, a field a line."""
    lines: list[str] = []
    _write(message, lines, "  " * indent)
    return "".join(lines)


def _write(message: Message, lines: list[str], before: str) -> None:
    for field, value in message.set_fields():
        if field.key_kind:
            for key in sorted(value):
                lines.append(f"{before}{field.name} {{\n")
                lines.append(f"{before}  key: {_scalar(Field('', '', 1, field.key_kind), key)}\n")
                _entry(Field(field.owner, "value", 2, field.kind), value[key], lines, before + "  ")
                lines.append(f"{before}}}\n")
        elif field.repeated:
            for item in value:
                _entry(field, item, lines, before)
        else:
            _entry(field, value, lines, before)


def _entry(field: Field, value: Any, lines: list[str], before: str) -> None:
    if field.scalar:
        lines.append(f"{before}{field.name}: {_scalar(field, value)}\n")
        return
    lines.append(f"{before}{field.name} {{\n")
    _write(value, lines, before + "  ")
    lines.append(f"{before}}}\n")


def _scalar(field: Field, value: Any) -> str:
    kind = field.scalar
    if kind == "string":
        value = value.encode()
    if kind in ("string", "bytes"):
        return '"' + "".join([_BYTES[byte] for byte in value]) + '"'
    if kind == "bool":
        return "true" if value else "false"
    if kind == "enum":
        labels = {number: label for label, number in reversed((field.enumeration or {}).items())}
        return labels.get(value, str(value))
    return repr(value)


# -- reading
_TOKEN = re.compile(
    r"""\s*(?:\#[^\n]*\n?\s*)*
    (?:(?P<word>[A-Za-z_][\w.]*)|(?P<number>-?\s*(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?f?
       |inf(?:inity)?|nan))
    |(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<mark>[{}<>\[\]:,;])|(?P<end>$))""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2})|(.))", re.DOTALL)
_NAMED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}


class _Tokens:
    """The tokens of a text, one ahead."""

    def __init__(self, text: str) -> None:
        self._tokens = self._split(text)
        self.kind, self.value, self.line = next(self._tokens)

    @staticmethod
    def _split(text: str) -> Iterator[tuple[str, str, int]]:
        position, line = 0, 1
        while True:
            found = _TOKEN.match(text, position)
            line += text.count("\n", position, found.end() if found else position)
            if found is None:
                raise ParseError(f"{line}: cannot read {text[position : position + 20].strip()!r}.")
            position = found.end()
            yield str(found.lastgroup), str(found.group(str(found.lastgroup))), line
            if found.lastgroup == "end":
                return

    def take(self) -> str:
        value = self.value
        if self.kind != "end":
            self.kind, self.value, self.line = next(self._tokens)
        return value

    def accept(self, *marks: str) -> str:
        return self.take() if self.kind == "mark" and self.value in marks else ""

    def error(self, wanted: str) -> ParseError:
        return ParseError(f"{self.line}: expected {wanted}, found {self.value or 'the end'!r}.")


def merge_text(text: str | bytes, message: Any) -> Any:
    """Merge the text form of a message into it.

    Raises:
        ParseError: the text is no such message; it tells the line.
    """
    tokens = _Tokens(text.decode() if isinstance(text, bytes) else text)
    _read(tokens, message, "")
    if tokens.kind != "end":
        raise tokens.error("a field")
    return message


def parse_text(text: str | bytes, message: Any) -> Any:
    """Give a message the values that a text says."""
    message.Clear()
    return merge_text(text, message)


def _read(tokens: _Tokens, message: Any, until: str) -> None:
    message._touch()
    while tokens.kind != "end" and not (until and tokens.value == until and tokens.kind == "mark"):
        if tokens.kind != "word":
            raise tokens.error("the name of a field")
        line, name = tokens.line, tokens.take()
        field = type(message)._by_name.get(name)
        if field is None:
            raise ParseError(f'{line}: Message type "{message.full_name()}" has no field named "{name}".')
        colon = tokens.accept(":")
        if field.repeated and tokens.accept("["):
            while not tokens.accept("]"):
                _read_value(tokens, message, field)
                if not tokens.accept(",") and tokens.value != "]":
                    raise tokens.error("',' or ']'")
        elif not colon and field.scalar and not field.key_kind:
            raise tokens.error("':'")
        else:
            _read_value(tokens, message, field)
        tokens.accept(",", ";")


def _read_value(tokens: _Tokens, message: Any, field: Field) -> None:
    if field.key_kind:
        _read_pair(tokens, getattr(message, field.name), field)
    elif not field.scalar:
        held = getattr(message, field.name)
        _read_nested(tokens, held.add() if field.repeated else held)
    elif field.repeated:
        getattr(message, field.name).append(_read_scalar(tokens, field))
    else:
        setattr(message, field.name, _read_scalar(tokens, field))


def _read_nested(tokens: _Tokens, message: Any) -> None:
    mark = tokens.accept("{", "<")
    if not mark:
        raise tokens.error("'{'")
    until = "}" if mark == "{" else ">"
    _read(tokens, message, until)
    if not tokens.accept(until):
        raise tokens.error(f"'{until}'")


def _read_pair(tokens: _Tokens, held: Any, field: Field) -> None:
    mark = tokens.accept("{", "<")
    if not mark:
        raise tokens.error("'{'")
    key: Any = "" if field.key_kind == "string" else 0
    value: Any = field.default if field.scalar else field.message()
    while not tokens.accept("}", ">"):
        name = tokens.take()
        tokens.accept(":")
        if name == "key":
            key = _read_scalar(tokens, Field("", "", 1, field.key_kind))
        elif name == "value" and field.scalar:
            value = _read_scalar(tokens, field)
        elif name == "value":
            _read_nested(tokens, value)
        else:
            raise tokens.error("'key' or 'value'")
        tokens.accept(",", ";")
    dict.__setitem__(held, key, value)
    held._owner._touch()


def _read_scalar(tokens: _Tokens, field: Field) -> Any:
    kind = field.scalar
    if kind in ("string", "bytes"):
        if tokens.kind != "text":
            raise tokens.error("a string")
        parts = []
        while tokens.kind == "text":
            parts.append(_ESCAPE.sub(_unescaped, tokens.take()[1:-1].encode()))
        whole = b"".join(parts)
        return whole if kind == "bytes" else whole.decode()
    if tokens.kind not in ("word", "number"):
        raise tokens.error("a number" if kind != "enum" else "a label")
    text = tokens.take().replace(" ", "")
    try:
        if kind == "bool":
            return {"true": True, "True": True, "t": True, "1": True}.get(text, False)
        if kind == "enum":
            return (field.enumeration or {})[text] if text[0].isalpha() else int(text, 0)
        if kind in ("float", "double"):
            return float(text.removesuffix("f") if text[-3:] != "inf" else text)
        return int(text, 0)
    except (KeyError, ValueError):
        raise ParseError(
            f"{tokens.line}: {text!r} is no value of the field {field.label} ({field.kind})."
        ) from None


def _unescaped(found: Any) -> bytes:
    octal, hexadecimal, other = found.groups()
    if octal:
        return bytes([int(octal, 8) & 255])
    if hexadecimal:
        return bytes([int(hexadecimal, 16)])
    return _NAMED.get(other, other)
