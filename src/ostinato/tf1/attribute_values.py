"""Attributes of nodes as messages, exactly: what TensorFlow's messages cannot say is a text in JSON.

Such are descriptions of cells and loops' bodies. Only data is written: objects of this library that are made
of fields, and names of functions of this library and of torch. Nothing that is read is run.
"""

from __future__ import annotations

import base64
import dataclasses
import enum
import importlib
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from .body import BodyFunction
from .dtypes import DType, as_dtype
from .graph_messages import AttrValue, TensorProto
from .shapes import TensorShape
from .tensor_protos import make_ndarray, shape_of, shape_proto, tensor_proto, type_number, type_of

_MARK = b"ostinato:"
_TYPES = ("dtype", "out_type", "output_type", "DstT", "SrcT")
_ROOTS = ("ostinato", "torch")


class NotWritten:
    """What stands for a value that a graph could not be written with, as a Python function."""

    def __init__(self, what: str) -> None:
        self.what = what

    def __call__(self, *values: Any, **options: Any) -> Any:
        raise ValueError(
            f"The graph was read from a file, in which {self.what} cannot be. Make this part of the graph "
            "anew with the code that made it."
        )


class Names:
    """Names for what attributes share: the functions of a graph, and objects that are only themselves."""

    def __init__(self) -> None:
        self.functions: dict[str, Any] = {}
        self._keys: dict[int, Any] = {}

    def key(self, value: object) -> int:
        self._keys.setdefault(id(value), value)
        return list(self._keys).index(id(value))

    def object_of(self, number: int) -> object:
        return self._keys.setdefault(number, object())


# -- writing
def attribute(name: str, value: Any, names: Names, function: Callable[[BodyFunction], str]) -> AttrValue:
    """An attribute as a message; `function` gives a body's name."""
    made = AttrValue()
    if isinstance(value, bool):
        made.b = value
    elif isinstance(value, int) and -(2**63) <= value < 2**63:
        made.i = value
    elif isinstance(value, float) and float(np.float32(value)) == value:
        made.f = value
    elif name in _TYPES and isinstance(value, (str, DType)):
        made.type = type_number(value)
    elif isinstance(value, str):
        made.s = value.encode()
    elif isinstance(value, TensorShape):
        made.shape.CopyFrom(shape_proto(value))
    elif not isinstance(value, list) or not _as_list(name, value, made.list):
        text = json.dumps(_plain(value, names, function), separators=(",", ":"))
        made = AttrValue(s=_MARK + text.encode())
    return made


def _as_list(name: str, value: list[Any], held: Any) -> bool:
    """Whether a list is one of TensorFlow's, which is then written."""
    if value and all(type(item) is bool for item in value):
        held.b.extend(value)
    elif value and all(type(item) is int for item in value):
        held.i.extend(value)
    elif value and all(isinstance(item, str) for item in value):
        if name in ("component_types", "dtypes"):
            held.type.extend([type_number(item) for item in value])
        else:
            held.s.extend([item.encode() for item in value])
    elif value and all(isinstance(item, TensorShape) for item in value):
        held.shape.extend([shape_proto(item) for item in value])
    else:
        return False
    return True


def _plain(value: Any, names: Names, function: Callable[[BodyFunction], str]) -> Any:
    def inside(item: Any) -> Any:
        return _plain(item, names, function)

    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, BodyFunction):
        return {"function": function(value)}
    if isinstance(value, enum.Enum):
        return {"class": _path(type(value)), "member": value.name}
    if isinstance(value, torch.Size):
        return {"size": list(value)}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {"class": _path(type(value)), "items": [inside(item) for item in value]}
    if isinstance(value, tuple):
        return {"tuple": [inside(item) for item in value]}
    if isinstance(value, list):
        return [inside(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return {"set": sorted((inside(item) for item in value), key=repr)}
    if isinstance(value, dict):
        return {"pairs": [[inside(key), inside(item)] for key, item in value.items()]}
    if isinstance(value, TensorShape):
        return {"shape": None if value.known is None else list(value.known)}
    if isinstance(value, DType):
        return {"dtype": value.name}
    if isinstance(value, torch.dtype):
        return {"torch": str(value).removeprefix("torch.")}
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, (np.ndarray, np.generic)):
        array = np.asarray(value)
        message = tensor_proto(array, as_dtype(array.dtype).name)
        return {"array": base64.b64encode(message.SerializeToString()).decode()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type) and _is_ours(type(value)):
        fields = [field.name for field in dataclasses.fields(value) if field.init]
        return {
            "class": _path(type(value)),
            "fields": {name: inside(getattr(value, name)) for name in fields},
        }
    if type(value) is object:
        return {"key": names.key(value)}
    if callable(value) and _found(_path(value)) is value:
        return {"callable": _path(value)}
    return {"not written": f"{type(value).__name__} {getattr(value, '__name__', '')}".strip()}


def _path(value: Any) -> str:
    return (
        f"{getattr(value, '__module__', '')}:{getattr(value, '__qualname__', getattr(value, '__name__', ''))}"
    )


def _is_ours(kind: type) -> bool:
    return kind.__module__.split(".")[0] == "ostinato"


def _found(path: str) -> Any:
    """What a path names, of this library or torch; None where there is no such thing."""
    module, _, names = path.partition(":")
    if module.split(".")[0] not in (*_ROOTS, "_operator", "builtins") or module == "builtins":
        return None
    try:
        found: Any = importlib.import_module(module)
        for name in names.split("."):
            found = getattr(found, name)
    except (ImportError, AttributeError):
        return None
    return found


# -- reading
def value_of(name: str, message: Any, names: Names, function: Callable[[str], Any]) -> Any:
    """An attribute's value, of a node that this library wrote; `function` gives the body of a name.

    Raises:
        ValueError: it is not as this library writes it.
    """
    kind = message.WhichOneof("value")
    if kind == "s":
        if message.s.startswith(_MARK):
            try:
                return _value(json.loads(message.s[len(_MARK) :]), names, function)
            except (KeyError, TypeError, RecursionError) as problem:
                raise ValueError(f"The attribute {name!r} cannot be read: {problem!r}.") from None
        return message.s.decode()
    if kind == "type":
        return type_of(message.type).name
    if kind == "shape":
        return shape_of(message.shape)
    if kind == "tensor":
        return make_ndarray(message.tensor)
    if kind == "list":
        return list_of(message.list)
    if kind in ("i", "f", "b"):
        return getattr(message, kind)
    raise ValueError(f"The attribute {name!r} has no value.")


def list_of(held: Any) -> list[Any]:
    """The values of a list."""
    for field, values in held.set_fields():
        if field.name == "type":
            return [type_of(number).name for number in values]
        if field.name == "shape":
            return [shape_of(shape) for shape in values]
        if field.name == "s":
            return [text.decode() for text in values]
        return list(values)
    return []


def _value(plain: Any, names: Names, function: Callable[[str], Any]) -> Any:
    def inside(item: Any) -> Any:
        return _value(item, names, function)

    if isinstance(plain, list):
        return [inside(item) for item in plain]
    if not isinstance(plain, dict):
        return plain
    if "class" in plain:
        return _object(plain, inside)
    ((kind, held),) = plain.items()
    if kind == "function":
        return function(held)
    if kind == "size":
        return torch.Size(held)
    if kind == "tuple":
        return tuple(inside(item) for item in held)
    if kind == "set":
        return frozenset(inside(item) for item in held)
    if kind == "pairs":
        return {inside(key): inside(item) for key, item in held}
    if kind == "shape":
        return TensorShape(held)
    if kind == "dtype":
        return as_dtype(held)
    if kind == "torch":
        return as_dtype(getattr(torch, held)).torch_dtype
    if kind == "bytes":
        return base64.b64decode(held)
    if kind == "array":
        return make_ndarray(TensorProto.FromString(base64.b64decode(held)))
    if kind == "key":
        return names.object_of(held)
    if kind == "callable":
        found = _found(held)
        return NotWritten(held) if found is None or isinstance(found, type) else found
    return NotWritten(str(held))


def _object(plain: dict[str, Any], inside: Callable[[Any], Any]) -> Any:
    kind = _found(plain["class"])
    if not isinstance(kind, type) or not _is_ours(kind):
        raise ValueError(f"There is no class {plain['class']} here; another version wrote the graph.")
    if "member" in plain and issubclass(kind, enum.Enum):
        return kind[plain["member"]]
    if "items" in plain and issubclass(kind, tuple):
        return kind(*[inside(item) for item in plain["items"]])
    if "fields" in plain and dataclasses.is_dataclass(kind):
        return kind(**{name: inside(item) for name, item in plain["fields"].items()})
    raise ValueError(f"{plain['class']} is none of the classes that graphs hold.")
